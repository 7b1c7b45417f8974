//! What became of messages after they were written: another text, or none; and the files that they carry.

use std::collections::BTreeMap;

use super::chat::Chat;
use super::{Applied, State};
use crate::proto::attachment::{Attachment, FileId};
use crate::proto::chat::ChatId;
use crate::proto::ids::{Seq, UserId};
use crate::proto::record::{Deleted, Edited, preview};

/// The newest change of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its place in the log.
    pub seq: Seq,
    /// The message was taken back.
    pub deleted: bool,
}

/// The messages of a chat that are not as they were written. Texts stay in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Revisions {
    /// The newest change of a message.
    newest: BTreeMap<Seq, Revision>,
    /// Which message a change is about, if it is the newest of that one.
    of: BTreeMap<Seq, Seq>,
}

impl Revisions {
    fn put(&mut self, message: Seq, revision: Revision) {
        if let Some(old) = self.newest.insert(message, revision) {
            self.of.remove(&old.seq);
        }
        self.of.insert(revision.seq, message);
    }
}

/// A file that messages carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    size: u64,
    /// The messages: one, or that to several people in each of its chats.
    places: Vec<(ChatId, Seq)>,
}

impl State {
    /// Where the text of a message stands, if that is not the one that it was written with.
    pub fn newest_text(&self, id: ChatId, message: Seq) -> Option<Seq> {
        self.chats.get(&id)?.newest_text(message)
    }

    /// The newest change of a message, if there is one.
    pub fn revision(&self, id: ChatId, message: Seq) -> Option<Revision> {
        self.chats.get(&id)?.revisions.newest.get(&message).copied()
    }

    /// Whether a message stands at a place of a chat that an account may see, and was not taken back.
    pub fn is_message(&self, user: UserId, id: ChatId, seq: Seq) -> bool {
        let is_there = self.chats.get(&id).is_some_and(|chat| chat.author(seq).is_some());
        is_there && self.may_see(user, id, seq) && !self.revision(id, seq).is_some_and(|revision| revision.deleted)
    }

    /// Whether an account may change the message at a place: it is its own, and not taken back.
    pub fn may_revise(&self, user: UserId, id: ChatId, seq: Seq) -> bool {
        self.is_message(user, id, seq) && self.chats.get(&id).is_some_and(|chat| chat.author(seq) == Some(user))
    }

    /// The file of a message, if it carries one.
    pub fn file_of(&self, id: ChatId, seq: Seq) -> Option<FileId> {
        self.chats.get(&id)?.files.get(&seq).copied()
    }

    /// The length of a file that an account may fetch, in bytes: that of a message that it may see.
    pub fn may_fetch(&self, user: UserId, file: FileId) -> Option<u64> {
        let carried = self.files.get(&file)?;
        carried.places.iter().any(|&(id, seq)| self.may_see(user, id, seq)).then_some(carried.size)
    }

    /// Whether a message carries that file.
    pub fn is_carried(&self, file: FileId) -> bool {
        self.files.contains_key(&file)
    }

    /// The files that messages carry, with their lengths in bytes.
    pub fn files(&self) -> impl Iterator<Item = (FileId, u64)> {
        self.files.iter().map(|(file, carried)| (*file, carried.size))
    }

    /// The newest changes after a place of messages up to it that an account may see: what comes after it is shown as it
    /// is.
    pub(super) fn revisions_after(&self, user: UserId, after: Seq) -> impl Iterator<Item = Seq> {
        self.chats_of(user).flat_map(move |(id, chat)| {
            let since = self.since(user, id);
            let news = chat.revisions.of.range(after.next()..);
            news.filter(move |(_, message)| (since..=after).contains(message)).map(|(seq, _)| *seq)
        })
    }

    /// As [`State::page`], of the messages that carry files.
    pub fn files_page(&self, user: UserId, id: ChatId, before: Option<Seq>, limit: usize) -> (Vec<Seq>, bool) {
        match self.chats.get(&id).filter(|_| self.is_in(user, id)) {
            Some(chat) => chat.files_page(self.since(user, id), before, limit),
            None => (Vec::new(), true),
        }
    }

    pub(super) fn apply_edited(&mut self, edited: &Edited<'_>) -> Applied {
        let (id, message) = (edited.chat.id_for(edited.by), edited.message_seq);
        if !self.may_revise(edited.by, id, message) {
            return Applied::Lost;
        }
        let Some(chat) = self.chats.get_mut(&id) else { return Applied::Lost };
        chat.revisions.put(message, Revision { seq: edited.seq, deleted: false });
        if chat.last().is_some_and(|(last, _)| last == message) {
            preview(&edited.message).clone_into(&mut chat.preview);
        }
        Applied::Done
    }

    pub(super) fn apply_deleted(&mut self, deleted: &Deleted) -> Applied {
        let (id, message) = (deleted.chat.id_for(deleted.by), deleted.message_seq);
        if !self.may_revise(deleted.by, id, message) {
            return Applied::Lost;
        }
        let Some(chat) = self.chats.get_mut(&id) else { return Applied::Lost };
        chat.revisions.put(message, Revision { seq: deleted.seq, deleted: true });
        if chat.last().is_some_and(|(last, _)| last == message) {
            chat.preview.clear();
            chat.file = None;
        }
        if let Some(file) = chat.files.remove(&message)
            && let Some(carried) = self.files.get_mut(&file)
        {
            carried.places.retain(|place| *place != (id, message));
            if carried.places.is_empty() {
                self.files.remove(&file);
            }
        }
        Applied::Done
    }

    /// A message in a chat carries a file.
    pub(super) fn carry(&mut self, id: ChatId, seq: Seq, attachment: &Attachment) {
        let new = || Carried { size: attachment.size, places: Vec::new() };
        self.files.entry(attachment.file).or_insert_with(new).places.push((id, seq));
        self.chats.entry(id).or_default().files.insert(seq, attachment.file);
    }
}

impl Chat {
    /// Where the text of an entry stands, if that is not the one that it was written with.
    pub(super) fn newest_text(&self, seq: Seq) -> Option<Seq> {
        self.revisions.newest.get(&seq).filter(|revision| !revision.deleted).map(|revision| revision.seq)
    }

    /// Whether the last entry is a message that was taken back.
    pub(super) fn last_is_deleted(&self) -> bool {
        let newest = |seq| self.revisions.newest.get(&seq);
        self.last().and_then(|(seq, _)| newest(seq)).is_some_and(|revision| revision.deleted)
    }

    /// The last `limit` messages with files before a place, and at or after `since`, in order; and whether none stand
    /// before them.
    pub(super) fn files_page(&self, since: Seq, before: Option<Seq>, limit: usize) -> (Vec<Seq>, bool) {
        let end = before.unwrap_or(Seq(u64::MAX)).max(since);
        let mut newest_first = self.files.range(since..end).rev().map(|(seq, _)| *seq);
        let mut page: Vec<_> = newest_first.by_ref().take(limit).collect();
        page.reverse();
        (page, newest_first.next().is_none())
    }
}
