//! Groups: what they are called, whose they are, and who may change what.

use super::chat::{Chat, Member};
use super::{Applied, State};
use crate::proto::chat::{Change, ChatId, GroupId, GroupName, Past};
use crate::proto::ids::{Seq, UserId};
use crate::proto::record::GroupChange;

/// What is known of a group beside its conversation, which knows its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// Whose it is.
    pub owner: UserId,
    /// What new members can read.
    pub history: Past,
    /// Its members, by the time of joining.
    pub members: Vec<UserId>,
}

impl Group {
    /// Who inherits it from its owner: whoever has been in it longest.
    pub fn heir(&self) -> Option<UserId> {
        self.members.iter().copied().find(|&member| member != self.owner)
    }
}

impl State {
    /// A group that has not been deleted.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// The groups of an account.
    pub fn groups_of(&self, user: UserId) -> impl Iterator<Item = (GroupId, &Group)> {
        self.chats_of.get(&user).into_iter().flatten().filter_map(|&chat| match chat {
            ChatId::Group(id) => self.groups.get(&id).map(|group| (id, group)),
            ChatId::Everyone | ChatId::Direct(..) => None,
        })
    }

    /// Decides about a change once more, and makes it. One that lost a race changes nothing.
    pub(super) fn apply_group(&mut self, record: &GroupChange<'_>) -> Applied {
        let (id, by, seq) = (record.group, record.by, record.seq);
        if let Change::Created { name, members, history } = &record.change {
            let group = Group { name: name.clone(), owner: by, history: *history, members: Vec::new() };
            self.groups.insert(id, group);
            self.chats.insert(ChatId::Group(id), Chat::default());
            self.join(id, members, seq, Seq(0));
            self.happened(record);
            return Applied::Done;
        }
        let Some(group) = self.groups.get_mut(&id) else { return Applied::Lost };
        let is_member = |user: UserId| group.members.contains(&user);
        let allowed = match &record.change {
            Change::Created { .. } => false,
            Change::Renamed { .. } | Change::Deleted => group.owner == by,
            Change::Added { members } => group.owner == by && !members.iter().any(|member| is_member(*member)),
            Change::Removed { member } => group.owner == by && *member != by && is_member(*member),
            Change::Left { .. } => is_member(by),
            Change::HandedOver { owner } => group.owner == by && *owner != by && is_member(*owner),
        };
        if !allowed {
            return Applied::Lost;
        }
        match &record.change {
            Change::Created { .. } => {}
            Change::Renamed { name } => group.name = name.clone(),
            Change::Added { members } => {
                let since = if group.history == Past::All { Seq(0) } else { seq };
                self.join(id, members, seq, since);
            }
            Change::Removed { member } => self.part(id, *member),
            Change::Left { .. } => self.part(id, by),
            Change::HandedOver { owner } => group.owner = *owner,
            Change::Deleted => {
                for member in group.members.clone() {
                    self.part(id, member);
                }
            }
        }
        self.happened(record);
        Applied::Done
    }

    /// The change becomes the last entry of the conversation, if there still is one.
    fn happened(&mut self, record: &GroupChange<'_>) {
        if let Some(chat) = self.chats.get_mut(&ChatId::Group(record.group)) {
            chat.add_change(record.seq, record.by);
            chat.at = record.at;
            chat.preview.clear();
            chat.file = None;
            chat.change = Some(record.change.clone());
        }
    }

    /// People come into a group. What stands before counts as read.
    fn join(&mut self, id: GroupId, members: &[UserId], seq: Seq, since: Seq) {
        let chat = ChatId::Group(id);
        let (Some(group), Some(entry)) = (self.groups.get_mut(&id), self.chats.get_mut(&chat)) else { return };
        for &user in members {
            group.members.push(user);
            entry.members.insert(user, Member::joining(seq, since));
            self.chats_of.entry(user).or_default().insert(chat);
        }
    }

    /// Somebody is in a group no more. It goes to its heir, or ends with its last member.
    pub(super) fn part(&mut self, id: GroupId, user: UserId) {
        let chat = ChatId::Group(id);
        if let Some(chats) = self.chats_of.get_mut(&user) {
            chats.remove(&chat);
        }
        if let Some(entry) = self.chats.get_mut(&chat) {
            entry.members.remove(&user);
        }
        let Some(group) = self.groups.get_mut(&id) else { return };
        let heir = group.heir();
        group.members.retain(|member| *member != user);
        if group.owner == user {
            match heir {
                Some(heir) => group.owner = heir,
                None => {
                    self.groups.remove(&id);
                    self.chats.remove(&chat);
                }
            }
        }
    }
}
