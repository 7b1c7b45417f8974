//! The part of the engine that knows who is there: logins, catching up, leaving, and accounts that come and go.

use super::commit::SYSTEM;
use super::directory::Directory;
use super::engine::{Effect, Engine, Purpose, Ticket, Waiting, frame_of};
use super::session::{SessionId, Stage};
use crate::proto::event::{Code, Problem, Ready, Status, Welcome};
use crate::proto::ids::{Millis, Seq, UserId};
use crate::proto::limits::{MESSAGE_MAX_BYTES, PAGE_MAX_MESSAGES, RESUME_MAX_RECORDS};
use crate::proto::record::{Account, AccountRemoved, LastSeen, Record};

impl Engine {
    pub(super) fn verified(&mut self, session: SessionId, mut ticket: Ticket, user: Option<UserId>, now: Millis) {
        if self.sessions.stage(session) != Some(Stage::Authenticating) {
            return;
        }
        // It may have been blocked while its password was checked.
        let user = user.filter(|user| !self.directory.is_blocked(*user));
        let known = user.and_then(|user| Some((user, self.directory.name(user)?.to_string())));
        let Some((user, username)) = known else {
            self.sessions.set(session, Stage::Anonymous);
            if let Some(user) = user {
                self.forget_made(&ticket, user);
            }
            if ticket.by_token {
                return self.refuse_token(session, &ticket);
            }
            let problem =
                Problem::new(Code::WrongCredentials, "Wrong name or password. Check both, and the caps-lock key.");
            return self.refuse(session, ticket.purpose(), ticket.id, &problem);
        };
        if ticket.demo && self.sessions.origin(session).is_none_or(|origin| !origin.here) {
            self.sessions.set(session, Stage::Anonymous);
            let text = "This password comes with the program, so that everybody knows it: it opens the account on the \
                        server's own computer alone. Log in there, or give the account another password.";
            let problem = Problem::new(Code::DemoAccount, text);
            return self.refuse(session, ticket.purpose(), ticket.id, &problem);
        }
        if self.accounts_changed {
            self.reconcile(now);
        }
        // What an account may see depends on what the log knows of it.
        if self.accounts_waiting > 0 {
            self.waiting.push_back(Waiting::Login { seq: self.last, by: session, ticket, user });
            return;
        }
        if self.state.account(user).is_some_and(|account| account.removed) {
            self.sessions.set(session, Stage::Anonymous);
            let problem = Problem::new(Code::Busy, "This account is not ready yet. Try again in a few seconds.");
            return self.refuse(
                session,
                ticket.purpose(),
                ticket.id,
                self.refusing.clone().as_ref().unwrap_or(&problem),
            );
        }
        if ticket.keeps() {
            return self.effects.push(Effect::Keep(session, ticket, user));
        }
        if let Some(made) = &ticket.made {
            self.sessions.set_kept(session, made.session);
            self.effects.push(Effect::DeviceCame(made.session));
        }
        let head = self.state.seq();
        let cursor = ticket.after.filter(|&after| {
            ticket.log.as_deref() == Some(&self.log)
                && after <= head
                && self.state.count_after(user, after, RESUME_MAX_RECORDS + 1) <= RESUME_MAX_RECORDS
        });
        let cursor = cursor.map(|after| self.state.resume_at(user, after));
        let welcome = Welcome {
            user,
            username,
            server: self.server.clone(),
            log: self.log.clone(),
            seq: head,
            resumed: cursor.is_some(),
            message_max_bytes: MESSAGE_MAX_BYTES,
            read_receipts: self.state.read_receipts(user),
            plaintext: self.plaintext,
            fingerprint: self.fingerprint,
            role: self.directory.role(user),
            server_name: self.facts.name.clone(),
            registration: self.registration_for(self.directory.role(user)),
            session: ticket.made.as_ref().map(|made| made.session),
            token: ticket.made.take().and_then(|made| made.token),
        };
        self.effects.push(Effect::Admit(session, user));
        self.reply(session, ticket.purpose(), ticket.id, welcome);
        let before = self.sessions.status(user);
        self.sessions.set(session, Stage::CatchingUp { user, cursor: cursor.unwrap_or(head), reading: false });
        self.status_changed(user, before);
        self.catch_up(session);
    }

    /// Too many wrong passwords have come: this one was not looked at. The answer is the same whether or not there is such
    /// an account.
    pub(super) fn too_fast(&mut self, session: SessionId, ticket: &Ticket, wait_ms: u64) {
        if self.sessions.stage(session) != Some(Stage::Authenticating) {
            return;
        }
        self.sessions.set(session, Stage::Anonymous);
        let text = format!("Too many wrong passwords. Wait {} s, then try again.", wait_ms.div_ceil(1_000));
        let problem = Problem { retry_after_ms: Some(wait_ms), ..Problem::new(Code::SlowDown, text) };
        self.refuse(session, "login", ticket.id, &problem);
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
        self.send_groups(session, user);
        self.send_chats(session, user);
        self.effects.push(Effect::Send(session, frame_of(&Ready { seq: self.state.seq() })));
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
        if let Some(kept) = self.sessions.kept(session) {
            self.effects.push(Effect::DeviceLeft(kept));
        }
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

    pub(super) fn directory_changed(&mut self, directory: Directory, now: Millis) {
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
        self.roles_changed(&old, now);
        self.reconcile(now);
    }

    /// Makes the log know the accounts: who is new, who has another name, who is gone. Groups and names of former
    /// members follow from that, also when it is replayed.
    pub(super) fn reconcile(&mut self, now: Millis) {
        self.accounts_changed = self.accounts_waiting > 0;
        if self.accounts_changed {
            return;
        }
        let known = |id: UserId| self.state.account(id).filter(|account| !account.removed);
        let new = self.directory.iter().filter(|(id, name)| known(*id).is_none_or(|it| it.username != name.as_str()));
        let new: Vec<_> = new.map(|(id, name)| (id, name.to_string())).collect();
        let accounts = self.state.accounts().filter(|(_, account)| !account.removed).map(|(id, _)| id);
        let gone: Vec<_> = accounts.filter(|id| self.directory.name(*id).is_none()).collect();
        for (user, username) in new {
            let username = username.into();
            self.append_own(now, |seq, at| Record::Account(Account { seq, at, user, username }));
        }
        for user in gone {
            self.append_own(now, |seq, at| Record::AccountRemoved(AccountRemoved { seq, at, user }));
        }
    }

    fn append_own(&mut self, now: Millis, record: impl FnOnce(Seq, Millis) -> Record<'static>) {
        match self.append(SYSTEM, None, now, record) {
            Ok(()) => self.accounts_waiting += 1,
            // Compared again with the next login.
            Err(_) => self.accounts_changed = true,
        }
    }
}
