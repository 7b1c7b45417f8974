//! The state: a fold over the log, and nothing else.
//!
//! [`State::apply`] is the only way it changes. No clock, no randomness, no I/O: replaying the log gives the same state.
//! Texts stay in the log; the state knows where they are. `chat` is one conversation, `groups` who may change a group,
//! `devices` which sends are stored.

mod chat;
mod devices;
mod groups;
mod revisions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::chat::{Chat, Marks, Member};
use self::devices::Devices;
pub use self::devices::{Body, Known, LastSend};
pub use self::groups::Group;
use self::revisions::Carried;
pub use self::revisions::Revision;
use crate::proto::attachment::{Attachment, FileId, FileName};
use crate::proto::chat::{Change, ChatId, ChatKey, GroupId};
use crate::proto::ids::{ClientId, Millis, Seq, UserId};
use crate::proto::record::{self, Message, Record, To, ToMany, preview};

/// Everything that the log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The place of the last record.
    seq: Seq,
    accounts: BTreeMap<UserId, Account>,
    chats: BTreeMap<ChatId, Chat>,
    groups: BTreeMap<GroupId, Group>,
    /// The groups and direct chats of an account; everybody is in the room of everyone.
    chats_of: BTreeMap<UserId, BTreeSet<ChatId>>,
    /// What has reached a device of an account.
    delivered: BTreeMap<UserId, Marks>,
    /// When an account was last seen.
    seen: BTreeMap<UserId, Millis>,
    /// Who neither tells what they have read nor is told.
    silent: BTreeSet<UserId>,
    devices: Devices,
    /// The files that messages carry.
    files: BTreeMap<FileId, Carried>,
}

/// What the log knows of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name, or its last one.
    pub username: String,
    /// Where it was first known.
    pub joined: Seq,
    /// It is no more.
    pub removed: bool,
}

/// What a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It stands, and those whom it concerns may see it.
    Done,
    /// It lost a race and changed nothing: the same send is already in the log.
    Duplicate,
    /// It lost a race and changed nothing: what it needed was no longer so.
    Lost,
}

/// A chat as one of its members sees it in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary<'a> {
    /// Which.
    pub chat: ChatId,
    /// The last entry's place.
    pub seq: Seq,
    /// The last entry's time.
    pub at: Millis,
    /// Who wrote or did it.
    pub from: UserId,
    /// The last message's beginning.
    pub preview: &'a str,
    /// The last entry, if it is a change of the group.
    pub change: Option<&'a Change>,
    /// What the file is called that the last message carries.
    pub file: Option<&'a FileName>,
    /// The last message was taken back.
    pub deleted: bool,
    /// How many messages of others this member has not seen.
    pub unread: u32,
    /// How many of those call them by name.
    pub mentions: u32,
    /// What this member has seen, up to here.
    pub read: Seq,
    /// They want to be left alone by it.
    pub muted: bool,
}

impl State {
    /// The place of the last record applied.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The time of the last entry of a chat, if it has one.
    pub fn time_of(&self, chat: ChatId) -> Option<Millis> {
        self.chats.get(&chat).filter(|chat| chat.last().is_some()).map(|chat| chat.at)
    }

    /// Takes the next record of the log in.
    pub fn apply(&mut self, record: &Record<'_>) -> Applied {
        self.seq = record.seq();
        // A number that was new when it was checked, and was forgotten since, was not stored in between.
        if let Some((user, id)) = record.send()
            && matches!(self.known(user, id), Known::Newest(_) | Known::Older)
        {
            return Applied::Duplicate;
        }
        let applied = match record {
            Record::Message(message) => self.apply_message(message),
            Record::ToMany(many) => self.apply_many(many),
            Record::Edited(edited) => self.apply_edited(edited),
            Record::Deleted(deleted) => self.apply_deleted(deleted),
            Record::Group(change) => self.apply_group(change),
            Record::Read(read) => {
                let shown = (!self.silent.contains(&read.by)).then_some(read.at);
                let id = read.chat.id_for(read.by);
                if self.is_in(read.by, id) {
                    if let Some(chat) = self.chats.get_mut(&id) {
                        chat.mark_read(read.by, read.upto, shown);
                    }
                    Applied::Done
                } else {
                    Applied::Lost
                }
            }
            Record::Delivered(delivered) => {
                self.delivered.entry(delivered.by).or_default().push(delivered.upto, delivered.at);
                Applied::Done
            }
            Record::LastSeen(seen) => {
                self.seen.insert(seen.user, seen.at);
                Applied::Done
            }
            Record::Account(account) => {
                self.apply_account(account);
                Applied::Done
            }
            Record::AccountRemoved(removed) => self.apply_removed(removed.user),
            Record::ReadReceipts(setting) => {
                if setting.on {
                    self.silent.remove(&setting.by);
                } else {
                    self.silent.insert(setting.by);
                }
                Applied::Done
            }
            Record::Muted(setting) => {
                let id = setting.chat.id_for(setting.by);
                if self.is_in(setting.by, id) {
                    self.chats.entry(id).or_default().members.entry(setting.by).or_default().muted = setting.muted;
                    Applied::Done
                } else {
                    Applied::Lost
                }
            }
        };
        if applied == Applied::Done {
            self.remember_send(record);
        }
        // Who does something is there: when the server is killed, that is the last that is known of them.
        let active = match record {
            Record::Message(message) => Some(message.from),
            Record::ToMany(many) => Some(many.from),
            Record::Edited(edited) => Some(edited.by),
            Record::Deleted(deleted) => Some(deleted.by),
            Record::Group(change) => Some(change.by),
            Record::Read(read) => Some(read.by),
            Record::Delivered(delivered) => Some(delivered.by),
            _ => None,
        };
        if let Some(user) = active {
            self.seen.insert(user, record.at());
        }
        applied
    }

    fn remember_send(&mut self, record: &Record<'_>) {
        let Some((user, id)) = record.send() else { return };
        let body = match record {
            Record::Message(message) => {
                Body::Message(&message.to, &message.message, message.reply_to, message.attachment.as_ref())
            }
            Record::ToMany(many) => Body::Many(&many.message, many.attachment.as_ref()),
            Record::Edited(edited) => Body::Revised(edited.chat, edited.message_seq, Some(&edited.message)),
            Record::Deleted(deleted) => Body::Revised(deleted.chat, deleted.message_seq, None),
            Record::Group(record) => Body::Group(&record.change),
            _ => return,
        };
        let send = LastSend { n: id.n, seq: record.seq(), at: record.at(), body: body.checksum() };
        self.devices.store(user, &id.device, send);
    }

    fn apply_message(&mut self, message: &Message<'_>) -> Applied {
        let id = message.chat();
        match message.to {
            To::Group(_) if !self.is_in(message.from, id) => return Applied::Lost,
            To::Person(to, _) => self.open_direct(message.from, to),
            To::Group(_) => {}
            To::Everyone => {
                for &user in message.mentions.iter().filter(|user| self.is_in(**user, id)).collect::<Vec<_>>() {
                    self.chats.entry(id).or_default().members.entry(user).or_default();
                }
            }
        }
        let chat = self.chats.entry(id).or_default();
        chat.add_message(message.seq, message.from, &message.mentions);
        chat.said(message.at, &message.message, message.attachment.as_ref());
        if let Some(attachment) = &message.attachment {
            self.carry(id, message.seq, attachment);
        }
        Applied::Done
    }

    fn apply_many(&mut self, many: &ToMany<'_>) -> Applied {
        for &to in &many.to_many {
            self.open_direct(many.from, to);
            let id = ChatId::direct(many.from, to);
            let chat = self.chats.entry(id).or_default();
            chat.add_message(many.seq, many.from, &[]);
            chat.said(many.at, &many.message, many.attachment.as_ref());
            if let Some(attachment) = &many.attachment {
                self.carry(id, many.seq, attachment);
            }
        }
        Applied::Done
    }

    /// Both sides of a direct chat are in it from its first message on.
    fn open_direct(&mut self, one: UserId, other: UserId) {
        let id = ChatId::direct(one, other);
        let chat = self.chats.entry(id).or_default();
        if chat.last().is_none() {
            for user in [one, other] {
                chat.members.entry(user).or_default();
                self.chats_of.entry(user).or_default().insert(id);
            }
        }
    }

    fn apply_account(&mut self, record: &record::Account<'_>) {
        let (user, seq, username) = (record.user, record.seq, record.username.as_ref().to_owned());
        match self.accounts.get_mut(&user) {
            Some(account) if !account.removed => account.username = username,
            // What was said to everyone before there was this account is no news to it.
            _ => {
                self.accounts.insert(user, Account { username, joined: seq, removed: false });
                let chat = self.chats.entry(ChatId::Everyone).or_default();
                chat.members.insert(user, Member::joining(seq, Seq(0)));
            }
        }
    }

    /// What the account said stays, and so do its direct chats; its groups go on without it.
    fn apply_removed(&mut self, user: UserId) -> Applied {
        let account = Account { username: String::new(), joined: self.seq, removed: true };
        self.accounts.entry(user).or_insert(account).removed = true;
        let groups: Vec<_> = self.groups_of(user).map(|(id, _)| id).collect();
        for group in groups {
            self.part(group, user);
        }
        if let Some(chat) = self.chats.get_mut(&ChatId::Everyone) {
            chat.members.remove(&user);
        }
        Applied::Done
    }

    /// What is stored under a `client_id` of that account.
    pub fn known(&self, user: UserId, id: &ClientId) -> Known {
        self.devices.known(user, id)
    }

    /// What the log knows of an account.
    pub fn account(&self, user: UserId) -> Option<&Account> {
        self.accounts.get(&user)
    }

    /// All accounts that the log has ever known, by number.
    pub fn accounts(&self) -> impl Iterator<Item = (UserId, &Account)> {
        self.accounts.iter().map(|(&id, account)| (id, account))
    }

    /// Whether an account tells what it has read, and is told.
    pub fn read_receipts(&self, user: UserId) -> bool {
        !self.silent.contains(&user)
    }

    /// Whether an account wants to be left alone by a chat.
    pub fn is_muted(&self, user: UserId, id: ChatId) -> bool {
        self.chats.get(&id).and_then(|chat| chat.members.get(&user)).is_some_and(|member| member.muted)
    }

    /// What has reached a device of an account, up to here.
    pub fn delivered(&self, user: UserId) -> Seq {
        self.delivered.get(&user).map(Marks::upto).unwrap_or_default()
    }

    /// When a message reached a device of an account.
    pub fn delivered_at(&self, user: UserId, seq: Seq) -> Option<Millis> {
        self.delivered.get(&user)?.reached(seq)
    }

    /// When an account was last seen, if it ever left.
    pub fn last_seen(&self, user: UserId) -> Option<Millis> {
        self.seen.get(&user).copied()
    }

    /// A chat that something is known of.
    pub fn chat(&self, id: ChatId) -> Option<&Chat> {
        self.chats.get(&id)
    }

    /// Whether an account takes part in a chat. The one place that decides who may read, write and be told.
    pub fn is_in(&self, user: UserId, id: ChatId) -> bool {
        match id {
            ChatId::Everyone => self.accounts.get(&user).is_none_or(|account| !account.removed),
            ChatId::Group(_) => self.chats.get(&id).is_some_and(|chat| chat.members.contains_key(&user)),
            ChatId::Direct(low, high) => user == low || user == high,
        }
    }

    /// Whether an account may see the entry at a place of a chat.
    pub fn may_see(&self, user: UserId, id: ChatId, seq: Seq) -> bool {
        self.is_in(user, id) && seq >= self.since(user, id)
    }

    fn since(&self, user: UserId, id: ChatId) -> Seq {
        self.chats.get(&id).and_then(|chat| chat.members.get(&user)).map_or(Seq(0), |member| member.since)
    }

    /// The chats of an account that may have entries, by identity.
    fn chats_of(&self, user: UserId) -> impl Iterator<Item = (ChatId, &Chat)> {
        let everyone = self.is_in(user, ChatId::Everyone).then_some(ChatId::Everyone);
        let own = self.chats_of.get(&user).into_iter().flatten().copied();
        everyone.into_iter().chain(own).filter_map(|id| Some((id, self.chats.get(&id)?)))
    }

    /// The chats of an account, by identity.
    pub fn summaries(&self, user: UserId) -> impl Iterator<Item = Summary<'_>> {
        self.chats_of(user).filter_map(move |(id, chat)| summarise(user, id, chat))
    }

    /// One chat of an account.
    pub fn summary(&self, user: UserId, id: ChatId) -> Option<Summary<'_>> {
        self.chats.get(&id).filter(|_| self.is_in(user, id)).and_then(|chat| summarise(user, id, chat))
    }

    /// What others of a chat have seen, up to here, as far as they let `viewer` know.
    pub fn shown_to(&self, viewer: UserId, id: ChatId, other: UserId) -> Seq {
        let member = self.chats.get(&id).and_then(|chat| chat.members.get(&other));
        member.filter(|_| self.read_receipts(viewer)).map(|member| member.shown.upto()).unwrap_or_default()
    }

    /// Whom it concerns that an account's delivery marker moved: those who wrote to it what lies between, and are still
    /// where they wrote it.
    pub fn writers(&self, user: UserId, after: Seq, upto: Seq) -> BTreeSet<UserId> {
        let news = self.chats_of(user).filter(|(_, chat)| chat.last().is_some_and(|(seq, _)| seq > after));
        news.flat_map(|(id, chat)| {
            let joined = chat.members.get(&user).map_or(Seq(0), |member| member.joined);
            let authors = chat.authors(after.max(joined), upto).into_iter();
            authors.filter(move |author| *author != user && self.is_in(*author, id))
        })
        .collect()
    }

    /// Where a client that has everything up to a place goes on. A message of its own to several people comes in parts
    /// of one place, and the connection may have ended between them: then they come once more.
    pub fn resume_at(&self, user: UserId, after: Seq) -> Seq {
        let parts = self.chats_of(user).filter(|(_, chat)| chat.author(after) == Some(user)).count();
        if parts > 1 { Seq(after.0 - 1) } else { after }
    }

    /// The last `limit` entries of a chat before a place that an account may see, in order, and whether none stand
    /// before them.
    pub fn page(&self, user: UserId, id: ChatId, before: Option<Seq>, limit: usize) -> (Vec<Seq>, bool) {
        match self.chats.get(&id).filter(|_| self.is_in(user, id)) {
            Some(chat) => chat.page(self.since(user, id), before, limit),
            None => (Vec::new(), true),
        }
    }

    /// How many entries that an account may see stand after a place, and changes of those before it; counts no further than `most`.
    pub fn count_after(&self, user: UserId, after: Seq, most: usize) -> usize {
        let mut count = 0;
        for (id, chat) in self.chats_of(user) {
            count += chat.after(self.since(user, id), after).len();
            if count >= most {
                return most;
            }
        }
        (count + self.revisions_after(user, after).take(most).count()).min(most)
    }

    /// The first `limit` entries after a place that an account may see, and changes of those before it, in order, each
    /// once. Behind an entry stands where the text is that it has now, if that is another one; for a message to several
    /// people in each of their chats.
    pub fn after(&self, user: UserId, after: Seq, limit: usize) -> Vec<Seq> {
        let mut found = Vec::new();
        for (id, chat) in self.chats_of(user) {
            let entries = chat.after(self.since(user, id), after).take(limit);
            found.extend(entries.map(|seq| (seq, chat.newest_text(seq))));
        }
        found.extend(self.revisions_after(user, after).take(limit).map(|seq| (seq, None)));
        found.sort_unstable();
        let (mut places, mut last, mut room) = (Vec::new(), None, limit);
        for (seq, change) in found {
            if last.replace(seq) != Some(seq) {
                if room == 0 {
                    break;
                }
                room -= 1;
                places.push(seq);
            }
            places.extend(change);
        }
        places
    }

    /// Counts for people: chats that have a message, and messages.
    pub fn counts(&self) -> (usize, usize) {
        let messages = self.chats.values().map(Chat::messages).filter(|messages| *messages > 0);
        messages.fold((0, 0), |(chats, sum), messages| (chats + 1, sum + messages))
    }
}

fn summarise(user: UserId, id: ChatId, chat: &Chat) -> Option<Summary<'_>> {
    let (seq, from) = chat.last()?;
    let nobody = Member::default();
    let member = chat.members.get(&user).unwrap_or(&nobody);
    let (unread, mentions) = chat.unread(member);
    Some(Summary {
        chat: id,
        seq,
        at: chat.at,
        from,
        preview: &chat.preview,
        change: chat.change.as_ref(),
        file: chat.file.as_ref(),
        deleted: chat.last_is_deleted(),
        unread,
        mentions,
        read: member.read,
        muted: member.muted,
    })
}

impl Chat {
    fn said(&mut self, at: Millis, text: &str, attachment: Option<&Attachment>) {
        self.at = at;
        self.change = None;
        self.file = attachment.map(|attachment| attachment.name.clone());
        self.preview.clear();
        self.preview.push_str(preview(text));
    }
}

/// The other side of a direct chat, as `user` sees it.
pub fn peer(user: UserId, id: ChatId) -> Option<UserId> {
    match id.key_for(user) {
        ChatKey::Person(peer) => Some(peer),
        ChatKey::Everyone | ChatKey::Group(_) => None,
    }
}
