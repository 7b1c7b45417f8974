//! How a conversation changes: entries in their places, markers forward, groups as their members decide.

use std::sync::Arc;

use super::revise::Put;
use crate::client::model::{Chat, Group, Last, Message, Model};
use crate::proto::chat::{Change, ChatKey, GroupId, Past};
use crate::proto::ids::{RequestId, Seq, UserId};
use crate::proto::record::{self, GroupChange};

impl Model {
    /// Something happened to a group, in the order of the log. A change that is known already changes nothing more.
    pub(super) fn group_changed(&mut self, record: &GroupChange<'_>) {
        let Some(me) = self.my_id() else { return };
        self.cursor = self.cursor.max(record.seq);
        let mut gone = false;
        match (&record.change, self.groups.get_mut(&record.group)) {
            (Change::Created { name, members, history }, None) => {
                let (name, members, history) = (name.as_str().to_owned(), members.clone(), *history);
                let joined = members.iter().map(|member| (*member, record.seq)).collect();
                self.groups.insert(record.group, Group { name, owner: record.by, members, history, joined });
            }
            (Change::Created { .. }, Some(_)) | (_, None) => {}
            (Change::Renamed { name }, Some(group)) => name.as_str().clone_into(&mut group.name),
            (Change::Added { members }, Some(group)) => {
                let new = members.iter().filter(|id| !group.members.contains(id)).copied().collect::<Vec<_>>();
                group.joined.extend(new.iter().map(|id| (*id, record.seq)));
                group.members.extend(new);
            }
            (Change::Removed { member }, Some(group)) => {
                group.members.retain(|id| id != member);
                group.joined.remove(member);
                gone = *member == me;
            }
            (Change::Left { owner }, Some(group)) => {
                group.members.retain(|id| *id != record.by);
                group.joined.remove(&record.by);
                group.owner = owner.unwrap_or(group.owner);
                gone = record.by == me;
            }
            (Change::HandedOver { owner }, Some(group)) => group.owner = *owner,
            (Change::Deleted, Some(_)) => gone = true,
        }
        if gone {
            return self.out_of(record.group);
        }
        let key = ChatKey::Group(record.group);
        let made = matches!(record.change, Change::Created { .. });
        let joined = matches!(&record.change, Change::Added { members } if members.contains(&me));
        let past = self.groups.get(&record.group).map(|group| group.history);
        let chat = self.chats.entry(key).or_default();
        if joined {
            // What is loaded is from an earlier time in it, and nothing tells what was said since.
            chat.messages.retain(|message| message.seq > record.seq);
            (chat.complete, chat.loading) = (false, false);
            chat.forget_beside();
            self.altered.note(key, None);
        }
        if made || joined {
            // What stands before it counts as read, if it can be seen at all.
            chat.read = chat.read.max(record.seq);
            chat.complete |= made || past == Some(Past::Joined);
        }
        chat.add(from_change(record));
    }

    /// This person is not in a group any more: what was said there is not theirs to see.
    pub(super) fn out_of(&mut self, group: GroupId) {
        self.groups.remove(&group);
        if self.chats.remove(&ChatKey::Group(group)).is_some() {
            self.altered.note(ChatKey::Group(group), None);
        }
        self.info = self.info.take().filter(|info| info.chat != ChatKey::Group(group));
    }
}

impl Chat {
    /// Whether the page that was asked for under that number is the one that is on its way.
    pub(super) fn awaits_page(&self, id: Option<RequestId>) -> bool {
        self.loading && id == Some(self.page)
    }

    /// Puts a message in its place. One that is there is that message as it was when it came; it may be newer now.
    pub(super) fn insert(&mut self, message: Message) -> Put {
        let at = match self.messages.back() {
            Some(last) if last.seq >= message.seq => self.messages.partition_point(|other| other.seq < message.seq),
            _ => self.messages.len(),
        };
        match self.messages.get_mut(at).filter(|other| other.seq == message.seq) {
            Some(known) => known.renew(message),
            None => {
                self.messages.insert(at, message);
                Put::New
            }
        }
    }

    /// Puts an entry in its place and makes it the last one, if it is.
    pub(super) fn add(&mut self, message: Message) -> Put {
        let last = last_of(&message);
        if let Some(shared) = &mut self.shared {
            shared.put(message.clone());
        }
        let put = self.insert(message);
        if put != Put::Known {
            self.update_last(last);
        }
        put
    }

    /// Makes that the last entry, unless a later one is known.
    pub(super) fn update_last(&mut self, last: Last) {
        if self.last.as_ref().is_none_or(|known| known.seq <= last.seq) {
            self.last = Some(last);
        }
    }

    pub(super) fn mark_read(&mut self, me: UserId, upto: Seq) -> bool {
        if upto <= self.read {
            return false;
        }
        let first = self.messages.partition_point(|message| message.seq <= self.read);
        let newly = self.messages.range(first..).take_while(|message| message.seq <= upto);
        let newly = newly.filter(|message| message.counts(me));
        let (count, mentions) = newly.fold((0_u32, 0_u32), |(count, mentions), message| {
            (count.saturating_add(1), mentions.saturating_add(u32::from(message.mentions_me)))
        });
        if self.last.as_ref().is_none_or(|last| upto >= last.seq) {
            (self.unread, self.mentions) = (0, 0);
        } else {
            self.unread = self.unread.saturating_sub(count);
            self.mentions = self.mentions.saturating_sub(mentions);
        }
        self.read = upto;
        true
    }
}

/// An entry as the list shows it.
pub(super) fn last_of(message: &Message) -> Last {
    let Message { seq, at, from, deleted, .. } = *message;
    let file = message.attachment.as_ref().map(|attachment| attachment.name.as_str().into());
    Last {
        seq,
        at,
        from,
        preview: record::preview(&message.text).into(),
        change: message.change.clone(),
        file,
        deleted,
    }
}

pub(super) fn from_record(message: &record::Message<'_>, me: Option<UserId>) -> Message {
    let mut entry = Message {
        seq: message.seq,
        at: message.at,
        from: message.from,
        text: message.message.as_ref().into(),
        change: None,
        mentions_me: me.is_some_and(|me| message.mentions.contains(&me)),
        reply_to: message.reply_to,
        attachment: message.attachment.clone().map(Arc::new),
        edited: message.edited,
        deleted: message.deleted,
    };
    if entry.deleted {
        entry.take_back();
    }
    entry
}

pub(super) fn from_change(record: &GroupChange<'_>) -> Message {
    let change = Some(Arc::new(record.change.clone()));
    Message { seq: record.seq, at: record.at, from: record.by, text: "".into(), change, ..Message::default() }
}
