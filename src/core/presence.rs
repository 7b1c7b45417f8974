//! The part of the engine that knows who is there: logins, catching up, and the list of people.

use super::directory::Directory;
use super::engine::{Effect, Engine, Purpose, Ticket};
use super::session::{SessionId, Stage};
use super::state::Summary;
use crate::proto::event::{ChatEntry, Chats, Code, People, Person, Problem, Ready, Status, Welcome};
use crate::proto::ids::{Millis, UserId};
use crate::proto::limits::{LIST_CHUNK_MAX, MESSAGE_MAX_BYTES, PAGE_MAX_MESSAGES, RESUME_MAX_RECORDS};
use crate::proto::record::{LastSeen, Record};

impl Engine {
    pub(super) fn verified(&mut self, session: SessionId, ticket: &Ticket, user: Option<UserId>) {
        if self.sessions.stage(session) != Some(Stage::Authenticating) {
            return;
        }
        let known = user.and_then(|user| Some((user, self.directory.name(user)?.to_string())));
        let Some((user, username)) = known else {
            self.sessions.set(session, Stage::Anonymous);
            let problem =
                Problem::new(Code::WrongCredentials, "Wrong name or password. Check both, and the caps-lock key.");
            return self.refuse(session, "login", ticket.id, &problem);
        };
        let head = self.state.seq();
        let cursor = ticket.after.filter(|&after| {
            ticket.log.as_deref() == Some(&self.log)
                && after <= head
                && self.state.count_after(user, after, RESUME_MAX_RECORDS + 1) <= RESUME_MAX_RECORDS
        });
        let welcome = Welcome {
            user,
            username,
            server: self.server.clone(),
            log: self.log.clone(),
            seq: head,
            resumed: cursor.is_some(),
            message_max_bytes: MESSAGE_MAX_BYTES,
            read_receipts: true,
        };
        self.effects.push(Effect::Admit(session));
        self.reply(session, "login", ticket.id, welcome);
        let before = self.sessions.status(user);
        self.sessions.set(session, Stage::CatchingUp { user, cursor: cursor.unwrap_or(head), reading: false });
        self.status_changed(user, before);
        self.catch_up(session);
    }

    /// Sends what a session missed, a page at a time; at the end the lists and `ready`, and then it is live.
    pub(super) fn catch_up(&mut self, session: SessionId) {
        let Some(Stage::CatchingUp { user, cursor, reading: false }) = self.sessions.stage(session) else { return };
        let missed = self.state.after(user, cursor, PAGE_MAX_MESSAGES);
        if !missed.is_empty() {
            self.sessions.set(session, Stage::CatchingUp { user, cursor, reading: true });
            self.effects.push(Effect::Fetch(session, Purpose::CatchUp, missed));
            return;
        }
        self.send_people(session);
        let entries: Vec<_> = self.state.summaries(user).map(|summary| entry(user, summary)).collect();
        for chunk in entries.chunks(LIST_CHUNK_MAX) {
            self.effects.push(Effect::Send(session, super::engine::frame_of(&Chats { chats: chunk.to_vec() })));
        }
        self.effects.push(Effect::Send(session, super::engine::frame_of(&Ready { seq: self.state.seq() })));
        self.sessions.set(session, Stage::Live { user });
    }

    /// Others are told of an account if its status is another than it was.
    pub(super) fn status_changed(&mut self, user: UserId, before: Status) {
        if self.sessions.status(user) != before {
            self.stale.insert(user);
        }
    }

    /// A session is over; with its account's last one, when that was lasts.
    pub(super) fn closed(&mut self, session: SessionId, now: Millis) {
        let Some(user) = self.sessions.stage(session).and_then(Stage::user) else {
            self.sessions.close(session);
            return;
        };
        let before = self.sessions.status(user);
        self.sessions.close(session);
        if self.sessions.status(user) != Status::Offline {
            return self.status_changed(user, before);
        }
        let seen = self.append(session, None, now, |seq, at| Record::LastSeen(LastSeen { seq, at, user }));
        // Told once it is on disk; where nothing can be stored, at once.
        if seen.is_err() {
            self.stale.insert(user);
        }
    }

    pub(super) fn send_people(&mut self, session: SessionId) {
        let people: Vec<_> = self.directory.iter().map(|(id, _)| id).collect();
        let people: Vec<_> = people.into_iter().filter_map(|id| self.person(id)).collect();
        for (at, chunk) in people.chunks(LIST_CHUNK_MAX).enumerate() {
            let event = People { people: chunk.to_vec(), removed: Vec::new(), whole: at == 0, former: Vec::new() };
            self.effects.push(Effect::Send(session, super::engine::frame_of(&event)));
        }
    }

    pub(super) fn person(&self, id: UserId) -> Option<Person> {
        let username = self.directory.name(id)?.to_string();
        let status = self.sessions.status(id);
        let last_seen = self.state.last_seen(id).filter(|_| status == Status::Offline);
        Some(Person { id, username, status, last_seen })
    }

    /// Tells every live session whose entry in the list of people has changed.
    pub(super) fn announce(&mut self) {
        let stale: Vec<_> = std::mem::take(&mut self.stale).into_iter().collect();
        for chunk in stale.chunks(LIST_CHUNK_MAX) {
            let people: Vec<_> = chunk.iter().filter_map(|&id| self.person(id)).collect();
            let removed = chunk.iter().copied().filter(|&id| self.directory.name(id).is_none()).collect();
            let frame = super::engine::frame_of(&People { people, removed, whole: false, former: Vec::new() });
            for session in self.sessions.logged_in().filter(|&session| self.sessions.is_live(session)) {
                self.effects.push(Effect::Push(session, frame.clone(), self.state.seq()));
            }
        }
    }

    pub(super) fn directory_changed(&mut self, directory: Directory) {
        let old = std::mem::replace(&mut self.directory, directory);
        let gone: Vec<_> = old.iter().map(|(id, _)| id).filter(|&id| self.directory.name(id).is_none()).collect();
        let changed = self.directory.iter().filter(|&(id, name)| old.name(id) != Some(name)).map(|(id, _)| id);
        self.stale.extend(changed.chain(gone.iter().copied()));
        let problem = Problem::new(Code::AccountRemoved, "This account has been removed from the server.");
        for user in gone {
            for session in self.sessions.of(user).collect::<Vec<_>>() {
                self.refuse(session, "error", None, &problem);
                self.effects.push(Effect::Close(session));
                self.sessions.close(session);
            }
        }
    }
}

fn entry(user: UserId, summary: Summary<'_>) -> ChatEntry {
    ChatEntry {
        chat: summary.chat.key_for(user),
        change: None,
        mentions: 0,
        muted: false,
        seq: summary.seq,
        at: summary.at,
        from: summary.from,
        preview: summary.preview.into(),
        unread: summary.unread,
        read: summary.read,
        their_delivered: Some(summary.their_delivered),
        their_read: Some(summary.their_read),
    }
}
