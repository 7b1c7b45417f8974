//! The record of a message, in the two forms that it has in the log: to one chat, and to several people at once.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attachment::{Attachment, Edition};
use super::chat::{ChatId, ChatKey, GroupId};
use super::ids::{ClientId, Millis, Seq, UserId};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// To an account. The name is that of the time of writing, for people who read the file; the number decides.
    Person(UserId, Cow<'a, str>),
    /// To a group.
    Group(GroupId),
    /// To the room that all are in.
    Everyone,
}

/// A message in a chat.
#[derive(Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it, never earlier than the record before.
    pub at: Millis,
    /// The author.
    pub from: UserId,
    /// The author's name then.
    pub from_user: Cow<'a, str>,
    /// Where it goes.
    pub to: To<'a>,
    /// The author's number for it, if the author's program numbers its sends.
    pub client_id: Option<ClientId>,
    /// Members of the room whom the text calls by name.
    pub mentions: Cow<'a, [UserId]>,
    /// The message of the same chat that it answers.
    pub reply_to: Option<Seq>,
    /// The file that it carries.
    pub attachment: Option<Attachment>,
    /// It is shown as its author changed it. Never on disk, where the change stands by itself.
    pub edited: Option<Edition>,
    /// Its author took it back: text and file are not shown. Never on disk, either.
    pub deleted: bool,
    /// The text; may be empty where there is a file.
    pub message: Cow<'a, str>,
}

impl Message<'_> {
    /// The chat that it stands in.
    pub fn chat(&self) -> ChatId {
        match self.to {
            To::Person(to, _) => ChatId::direct(self.from, to),
            To::Group(group) => ChatId::Group(group),
            To::Everyone => ChatId::Everyone,
        }
    }
}

/// The JSON of a message. Flat, so that the most frequent record of all costs no detour.
#[derive(Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "receive_message")]
struct Wire<'a> {
    seq: Seq,
    at: Millis,
    from: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<GroupId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    everyone: bool,
    #[serde(borrow)]
    from_user: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    to_user: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    mentions: Cow<'a, [UserId]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachment: Option<Cow<'a, Attachment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited: Option<Edition>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (to, to_user, group, everyone) = match &self.to {
            To::Person(to, name) => (Some(*to), Some(Cow::Borrowed(name.as_ref())), None, false),
            To::Group(group) => (None, None, Some(*group), false),
            To::Everyone => (None, None, None, true),
        };
        let wire = Wire {
            seq: self.seq,
            at: self.at,
            from: self.from,
            to,
            group,
            everyone,
            from_user: Cow::Borrowed(&self.from_user),
            to_user,
            client_id: self.client_id.clone(),
            mentions: Cow::Borrowed(&self.mentions),
            reply_to: self.reply_to,
            attachment: self.attachment.as_ref().map(Cow::Borrowed),
            edited: self.edited,
            deleted: self.deleted,
            message: Cow::Borrowed(&self.message),
        };
        wire.serialize(serializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let to = match (wire.to, wire.group, wire.everyone) {
            (Some(to), None, false) => To::Person(to, wire.to_user.unwrap_or_default()),
            (None, Some(group), false) => To::Group(group),
            (None, None, true) => To::Everyone,
            _ => {
                let why = "a message goes to one of \"to\", \"group\" and \"everyone\": true";
                return Err(serde::de::Error::custom(why));
            }
        };
        Ok(Self {
            seq: wire.seq,
            at: wire.at,
            from: wire.from,
            from_user: wire.from_user,
            to,
            client_id: wire.client_id,
            mentions: wire.mentions,
            reply_to: wire.reply_to,
            attachment: wire.attachment.map(Cow::into_owned),
            edited: wire.edited,
            deleted: wire.deleted,
            message: wire.message,
        })
    }
}

/// A message to several people, each in the chat with its author: one record, so that it is stored for all of them or
/// for none. It is never shown as it stands: everybody is shown [`ToMany::part`]s, and nobody learns who else got it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "message_to_many")]
pub struct ToMany<'a> {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// The author.
    pub from: UserId,
    /// The receivers, each once.
    pub to_many: Vec<UserId>,
    /// The author's name then.
    #[serde(borrow)]
    pub from_user: Cow<'a, str>,
    /// The author's number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The file that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    /// The text.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
}

impl ToMany<'_> {
    /// The message as it stands in the author's chat with one of the receivers, whose name now is `name`.
    pub fn part(&self, to: UserId, name: String) -> Message<'_> {
        Message {
            seq: self.seq,
            at: self.at,
            from: self.from,
            from_user: Cow::Borrowed(&self.from_user),
            to: To::Person(to, Cow::Owned(name)),
            client_id: self.client_id.clone(),
            mentions: Cow::Borrowed(&[]),
            reply_to: None,
            attachment: self.attachment.clone(),
            edited: None,
            deleted: false,
            message: Cow::Borrowed(&self.message),
        }
    }
}

/// The author of a message has changed its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "message_edited")]
pub struct Edited<'a> {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// The author.
    pub by: UserId,
    /// The chat, as the author knows it.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// The message.
    pub message_seq: Seq,
    /// The author's number for the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Members of the room whom the new text calls by name. Nobody's attention is called anew.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub mentions: Cow<'a, [UserId]>,
    /// The new text.
    pub message: Cow<'a, str>,
}

/// The author of a message has taken it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "message_deleted")]
pub struct Deleted {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// The author.
    pub by: UserId,
    /// The chat, as the author knows it.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// The message.
    pub message_seq: Seq,
    /// The author's number for the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}
