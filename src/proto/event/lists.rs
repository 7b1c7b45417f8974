//! What the server says unasked, apart from records: who there is, which chats, how far they have come.

use serde::{Deserialize, Serialize};

use crate::proto::attachment::FileName;
use crate::proto::chat::{Change, ChatKey, GroupId, Past};
use crate::proto::ids::{Millis, Seq, UserId};

/// Whether an account is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At least one window is logged in and in use.
    Online,
    /// Windows are logged in, and none has been used for a while.
    Away,
    /// None is.
    #[default]
    Offline,
}

/// An account, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its number.
    pub id: UserId,
    /// Its name.
    pub username: String,
    /// Whether it is there.
    pub status: Status,
    /// When it was last there, if it is not and ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Millis>,
    /// The place at which it was first known: what was said to everyone before was not for it.
    #[serde(default, skip_serializing_if = "is_start")]
    pub joined: Seq,
}

/// An account that is no more, and what it was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Its number, which no other account will have.
    pub id: UserId,
    /// Its last name.
    pub username: String,
}

/// A chat in the list of chats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatEntry {
    /// Which.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// The place of the last message, or of the last thing that happened to the group.
    pub seq: Seq,
    /// Its time.
    pub at: Millis,
    /// Who wrote or did it.
    pub from: UserId,
    /// The beginning of the last message; nothing if something happened after it.
    pub preview: String,
    /// What happened to the group, if that is the last entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What the file is called that the last message carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileName>,
    /// The last message was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// How many messages of others have not been seen.
    pub unread: u32,
    /// How many of those call this account by name.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mentions: u32,
    /// What has been seen, up to here.
    pub read: Seq,
    /// Whether the chat is to leave this account alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// In a chat with one person: what has reached a device of theirs, up to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub their_delivered: Option<Seq>,
    /// In a chat with one person: what they have seen, up to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub their_read: Option<Seq>,
}

fn is_start(place: &Seq) -> bool {
    *place == Seq(0)
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A group that this account is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Which.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// What new members can read.
    pub history: Past,
    /// What stands before this place is not for this account.
    #[serde(default, skip_serializing_if = "is_start")]
    pub since: Seq,
    /// Everybody in it, by the time of joining.
    pub members: Vec<GroupMember>,
}

/// Somebody in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// Who.
    pub user: UserId,
    /// The place at which they came in: what stands before was not for them.
    pub joined: Seq,
}

/// How far a chat has come with one of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Who.
    pub user: UserId,
    /// What has reached a device of theirs, up to here.
    pub delivered: Seq,
    /// What they have seen, up to here.
    pub read: Seq,
}

/// `people`: accounts that are new or changed, and the numbers of removed ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "people")]
pub struct People {
    /// New or changed.
    pub people: Vec<Person>,
    /// Gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<UserId>,
    /// What those who are gone were called: all of them in a whole list, otherwise the new ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
    /// The first of a whole list: whoever is not in the list up to `ready` is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// `groups`: groups that this account is in. After a login the whole list, which ends with `ready`; later a group that
/// it was added to, or that changed by the removal of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "groups")]
pub struct Groups {
    /// The groups.
    pub groups: Vec<GroupInfo>,
}

/// `cursors`: how far a room has come with its members. Who has received and read nothing is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "cursors")]
pub struct Cursors {
    /// Which room.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// The members, this account not among them.
    pub cursors: Vec<Cursor>,
}

/// `chats`: a part of the list of chats, valid for the place that the `ready` after it names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "chats")]
pub struct Chats {
    /// The entries, in no particular order.
    pub chats: Vec<ChatEntry>,
}

/// `ready`: the client now has everything up to `seq`, and what comes from here on is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "ready")]
pub struct Ready {
    /// The client's new cursor.
    pub seq: Seq,
}

/// `throttled`: what this session asked for is taken no faster than its account may ask. Nothing is lost by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "throttled")]
pub struct Throttled {
    /// How long until the next request may be taken, in milliseconds.
    pub wait_ms: u64,
}

/// `closing`: the server ends this connection, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "closing")]
pub struct Closing {
    /// For people.
    pub reason: String,
}

/// `user_typing`: somebody is writing to this account, or in a room. Holds for some seconds; never on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "user_typing")]
pub struct Typing {
    /// Who.
    pub from: UserId,
    /// In that group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// In the room of everyone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everyone: bool,
}

impl Typing {
    /// Which chat.
    pub fn chat(&self) -> ChatKey {
        match (self.group, self.everyone) {
            (Some(group), _) => ChatKey::Group(group),
            (None, true) => ChatKey::Everyone,
            (None, false) => ChatKey::Person(self.from),
        }
    }
}
