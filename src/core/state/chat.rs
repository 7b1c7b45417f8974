//! One conversation: where its entries are, who is in it, and how far it has come with each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::revisions::Revisions;
use crate::proto::attachment::{FileId, FileName};
use crate::proto::chat::Change;
use crate::proto::ids::{Millis, Seq, UserId};

/// A conversation. Texts stay in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// Where its entries are in the log, in order.
    entries: Vec<Entry>,
    /// Who is in it, as far as anything is known of them.
    pub members: BTreeMap<UserId, Member>,
    /// The beginning of the last message; empty if the last entry is a change of the group.
    pub preview: String,
    /// The last entry, if it is a change of the group.
    pub change: Option<Change>,
    /// What the file is called that the last message carries.
    pub file: Option<FileName>,
    /// The time of the last entry.
    pub at: Millis,
    /// The messages that are not as they were written.
    pub(super) revisions: Revisions,
    /// The messages that carry files, but for those that were taken back.
    pub(super) files: BTreeMap<Seq, FileId>,
}

/// A message, or a change of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    seq: Seq,
    from: UserId,
    /// How many messages there are up to here, this one included. Changes of the group do not count.
    messages: u32,
}

/// How far a conversation has come with somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Where they came in; what stands before was not for them.
    pub joined: Seq,
    /// What stands before this place they cannot read.
    pub since: Seq,
    /// What they have seen, up to here.
    pub read: Seq,
    /// The same, as far as they let others know, and when.
    pub shown: Marks,
    /// How many messages of their own stand after `read`.
    own_after_read: u32,
    /// Messages after `read` that call them by name.
    mentions: Vec<Seq>,
    /// They want to be left alone by it.
    pub muted: bool,
}

/// How a marker moved forward: places and times, rising. It takes less room than the records that moved it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<(Seq, Millis)>);

impl Marks {
    /// Moves it, if that is forward.
    pub fn push(&mut self, upto: Seq, at: Millis) {
        if upto > self.upto() {
            self.0.push((upto, at));
        }
    }

    /// Where it is.
    pub fn upto(&self) -> Seq {
        self.0.last().map(|mark| mark.0).unwrap_or_default()
    }

    /// When it came to a place, if it did.
    pub fn reached(&self, seq: Seq) -> Option<Millis> {
        self.0.get(self.0.partition_point(|mark| mark.0 < seq)).map(|mark| mark.1)
    }
}

impl Member {
    /// Somebody who comes in at a place, and counts everything before it as read.
    pub fn joining(joined: Seq, since: Seq) -> Self {
        Self { joined, since, read: joined, ..Self::default() }
    }
}

impl Chat {
    /// The last entry: its place, and who wrote or did it.
    pub fn last(&self) -> Option<(Seq, UserId)> {
        self.entries.last().map(|entry| (entry.seq, entry.from))
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.messages as usize)
    }

    /// Adds a message and counts it for those who are in the chat.
    pub fn add_message(&mut self, seq: Seq, from: UserId, mentions: &[UserId]) {
        self.entries.push(Entry { seq, from, messages: self.messages() as u32 + 1 });
        self.members.entry(from).or_default().own_after_read += 1;
        for user in mentions.iter().filter(|user| **user != from) {
            if let Some(member) = self.members.get_mut(user) {
                member.mentions.push(seq);
            }
        }
    }

    /// Adds a change of the group.
    pub fn add_change(&mut self, seq: Seq, by: UserId) {
        self.entries.push(Entry { seq, from: by, messages: self.messages() as u32 });
    }

    /// How many entries stand up to a place, the place included.
    fn upto(&self, seq: Seq) -> usize {
        self.entries.partition_point(|entry| entry.seq <= seq)
    }

    /// Moves a marker forward; one that would move it back changes nothing. Costs what was newly read. `shown` says
    /// when others may know of it.
    pub fn mark_read(&mut self, user: UserId, upto: Seq, shown: Option<Millis>) {
        let (old, new) = (self.members.get(&user).map_or(Seq(0), |member| member.read), upto);
        if new <= old {
            return;
        }
        let newly = self.messages_in(old, new).filter(|(_, from)| *from == user).count();
        let member = self.members.entry(user).or_default();
        member.own_after_read = member.own_after_read.saturating_sub(u32::try_from(newly).unwrap_or(u32::MAX));
        member.mentions.retain(|seq| *seq > new);
        member.read = new;
        if let Some(at) = shown {
            member.shown.push(new, at);
        }
    }

    /// How many messages of others a member has not seen, and how many of those call them by name.
    pub fn unread(&self, member: &Member) -> (u32, u32) {
        let seen = self.upto(member.read).checked_sub(1).map_or(0, |at| self.entries[at].messages);
        let after = (self.messages() as u32).saturating_sub(seen);
        (after.saturating_sub(member.own_after_read), u32::try_from(member.mentions.len()).unwrap_or(u32::MAX))
    }

    /// The messages after one place and up to another, with their authors.
    fn messages_in(&self, after: Seq, upto: Seq) -> impl Iterator<Item = (Seq, UserId)> {
        let first = self.upto(after);
        let mut before = first.checked_sub(1).map_or(0, |at| self.entries[at].messages);
        self.entries[first..].iter().take_while(move |entry| entry.seq <= upto).filter_map(move |entry| {
            let is_message = entry.messages > before;
            before = entry.messages;
            is_message.then_some((entry.seq, entry.from))
        })
    }

    /// Who wrote the messages after one place and up to another.
    pub fn authors(&self, after: Seq, upto: Seq) -> BTreeSet<UserId> {
        self.messages_in(after, upto).map(|(_, from)| from).collect()
    }

    /// Who wrote the message at a place, if one is there.
    pub fn author(&self, seq: Seq) -> Option<UserId> {
        self.messages_in(Seq(seq.0.saturating_sub(1)), seq).next().map(|(_, from)| from)
    }

    /// The last `limit` entries before a place, and at or after `since`, in order; and whether none stand before them.
    pub fn page(&self, since: Seq, before: Option<Seq>, limit: usize) -> (Vec<Seq>, bool) {
        let lowest = self.entries.partition_point(|entry| entry.seq < since);
        let end = before.map_or(self.entries.len(), |before| self.entries.partition_point(|e| e.seq < before));
        let end = end.max(lowest);
        let start = end.saturating_sub(limit).max(lowest);
        (self.entries[start..end].iter().map(|entry| entry.seq).collect(), start == lowest)
    }

    /// The entries after a place, and at or after `since`.
    pub fn after(&self, since: Seq, after: Seq) -> impl ExactSizeIterator<Item = Seq> {
        let first = self.upto(after).max(self.entries.partition_point(|entry| entry.seq < since));
        self.entries[first..].iter().map(|entry| entry.seq)
    }
}
