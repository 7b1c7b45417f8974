//! The part of the engine that tells clients what there is: people, groups, chats, and how far they have come.

use bytes::Bytes;

use super::commit::SYSTEM;
use super::engine::{Effect, Engine, frame_of};
use super::session::SessionId;
use super::state::{Summary, peer};
use crate::proto::chat::{Change, ChatId, GroupId};
use crate::proto::event::{ChatEntry, Chats, Cursor, Cursors, Former, Groups, People, Person, Status};
use crate::proto::ids::{Seq, UserId};
use crate::proto::limits::{CURSORS_CHUNK_MAX, LIST_CHUNK_MAX};
use crate::proto::record::{GroupChange, Read};

impl Engine {
    pub(super) fn send_people(&mut self, session: SessionId) {
        let people: Vec<_> = self.directory.iter().filter_map(|(id, _)| self.person(id)).collect();
        let former: Vec<_> = self.state.accounts().filter_map(|(id, _)| self.former(id)).collect();
        let mut former = former.chunks(LIST_CHUNK_MAX);
        for (at, chunk) in people.chunks(LIST_CHUNK_MAX).enumerate() {
            let former = former.next().unwrap_or_default().to_vec();
            let event = People { people: chunk.to_vec(), removed: Vec::new(), former, whole: at == 0 };
            self.effects.push(Effect::Send(session, frame_of(&event)));
        }
        for chunk in former {
            let event = People { former: chunk.to_vec(), ..People::default() };
            self.effects.push(Effect::Send(session, frame_of(&event)));
        }
    }

    pub(super) fn person(&self, id: UserId) -> Option<Person> {
        let username = self.directory.name(id)?.to_string();
        let status = self.sessions.status(id);
        let last_seen = self.state.last_seen(id).filter(|_| status == Status::Offline);
        let joined = self.state.account(id).map(|account| account.joined).unwrap_or_default();
        Some(Person { id, username, status, last_seen, joined })
    }

    /// What somebody was called who has no account any more.
    fn former(&self, id: UserId) -> Option<Former> {
        let account = self.state.account(id).filter(|_| self.directory.name(id).is_none())?;
        Some(Former { id, username: account.username.clone() })
    }

    /// Tells every live session whose entry in the list of people has changed.
    pub(super) fn announce(&mut self) {
        let stale: Vec<_> = std::mem::take(&mut self.stale).into_iter().collect();
        for chunk in stale.chunks(LIST_CHUNK_MAX) {
            let people: Vec<_> = chunk.iter().filter_map(|&id| self.person(id)).collect();
            let removed = chunk.iter().copied().filter(|&id| self.directory.name(id).is_none()).collect();
            let former = chunk.iter().filter_map(|&id| self.former(id)).collect();
            let frame = frame_of(&People { people, removed, former, whole: false });
            for session in self.sessions.logged_in().filter(|&session| self.sessions.is_live(session)) {
                self.effects.push(Effect::Push(session, frame.clone(), self.state.seq()));
            }
        }
    }

    /// The chats of an account and how far they have come, valid for now.
    pub(super) fn send_chats(&mut self, session: SessionId, user: UserId) {
        let entries: Vec<_> = self.state.summaries(user).map(|summary| self.entry(user, &summary)).collect();
        for chunk in entries.chunks(LIST_CHUNK_MAX) {
            self.effects.push(Effect::Send(session, frame_of(&Chats { chats: chunk.to_vec() })));
        }
        let groups: Vec<_> = self.state.groups_of(user).map(|(id, _)| ChatId::Group(id)).collect();
        for id in std::iter::once(ChatId::Everyone).chain(groups) {
            let cursors: Vec<_> =
                self.audience(id).into_iter().filter_map(|other| self.cursor(user, id, other)).collect();
            for chunk in cursors.chunks(CURSORS_CHUNK_MAX) {
                let event = Cursors { chat: id.key_for(user), cursors: chunk.to_vec() };
                self.effects.push(Effect::Send(session, frame_of(&event)));
            }
        }
    }

    /// The groups of an account.
    pub(super) fn send_groups(&mut self, session: SessionId, user: UserId) {
        let groups: Vec<_> = self.state.groups_of(user).map(|(id, group)| self.group_info(user, id, group)).collect();
        // One to an event: a group may have as many members as fit a frame.
        for info in groups {
            self.effects.push(Effect::Send(session, frame_of(&Groups { groups: vec![info] })));
        }
    }

    fn entry(&self, user: UserId, summary: &Summary<'_>) -> ChatEntry {
        let other = peer(user, summary.chat);
        let their_read = other.map(|other| self.state.shown_to(user, summary.chat, other));
        ChatEntry {
            chat: summary.chat.key_for(user),
            seq: summary.seq,
            at: summary.at,
            from: summary.from,
            preview: summary.preview.into(),
            change: summary.change.cloned(),
            file: summary.file.cloned(),
            deleted: summary.deleted,
            unread: summary.unread,
            mentions: summary.mentions,
            read: summary.read,
            muted: summary.muted,
            their_delivered: other.map(|other| self.state.delivered(other)),
            their_read,
        }
    }

    fn cursor(&self, viewer: UserId, id: ChatId, user: UserId) -> Option<Cursor> {
        let cursor =
            Cursor { user, delivered: self.state.delivered(user), read: self.state.shown_to(viewer, id, user) };
        (user != viewer && cursor.delivered.max(cursor.read) > Seq(0)).then_some(cursor)
    }

    /// An account has read a chat, and not to its end: how much is left a client can count only if it has loaded all
    /// that was read.
    pub(super) fn show_unread(&mut self, read: &Read) {
        let summary = self.state.summary(read.by, read.chat.id_for(read.by));
        let Some(summary) = summary.filter(|summary| summary.seq > read.upto) else { return };
        let frame = frame_of(&Chats { chats: vec![self.entry(read.by, &summary)] });
        self.push_record([read.by], SYSTEM, read.seq, &frame);
    }

    /// An account wants to be told again what others have read.
    pub(super) fn show_read(&mut self, user: UserId) {
        for session in self.sessions.of(user).filter(|&session| self.sessions.is_live(session)).collect::<Vec<_>>() {
            self.send_chats(session, user);
        }
    }

    /// Shows a change of a group to those who were in it or are now. New members are told first what they are in.
    pub(super) fn show_group(&mut self, record: &GroupChange<'_>, before: &[UserId], frame: &Bytes) {
        if let Change::Added { members } = &record.change {
            self.show_info(record.group, members);
        }
        let now = self.audience(ChatId::Group(record.group));
        let gone = before.iter().copied().filter(|user| !self.state.is_in(*user, ChatId::Group(record.group)));
        let gone: Vec<_> = gone.collect();
        self.push_record(now.into_iter().chain(gone), SYSTEM, record.seq, frame);
    }

    /// Tells members of a group what it is like now.
    pub(super) fn show_info(&mut self, id: GroupId, members: &[UserId]) {
        for &user in members {
            let Some(group) = self.state.group(id) else { return };
            let mut live = self.sessions.of(user).filter(|&session| self.sessions.is_live(session)).peekable();
            // The list of thousands is not made for one who is not there.
            if live.peek().is_none() {
                continue;
            }
            let frame = frame_of(&Groups { groups: vec![self.group_info(user, id, group)] });
            self.effects.extend(live.map(|session| Effect::Send(session, frame.clone())));
        }
    }
}
