//! What the server says in answer to a request.

use serde::{Deserialize, Serialize};

use super::{Problem, Status};
use crate::proto::account::Role;
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::device::Token;
use crate::proto::fingerprint::Fingerprint;
use crate::proto::ids::{Millis, RequestId, Seq, UserId};
use crate::proto::record::Record;

/// The reply to a login that succeeded. `people`, `chats` and `ready` follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The account's number.
    pub user: UserId,
    /// The account's name, in its own spelling.
    pub username: String,
    /// The server's program and version.
    pub server: String,
    /// The log's identity: a cursor counts in this log alone.
    pub log: String,
    /// The last place in the log.
    pub seq: Seq,
    /// Whether what the client missed comes message by message; otherwise its knowledge of chats is out of date and
    /// it starts anew from `chats`.
    pub resumed: bool,
    /// The longest text of a message, in bytes.
    pub message_max_bytes: usize,
    /// Whether others are told what this account has read, and it what they have.
    #[serde(default = "yes")]
    pub read_receipts: bool,
    /// Other computers may speak to the server in plain text: what is said here may cross a network in the open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plaintext: bool,
    /// What the server's certificate is told by. A client believes what it saw itself; this is for those on the server's own
    /// computer, who see none, to pass on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What the account may do.
    #[serde(default)]
    pub role: Role,
    /// The name that the server's administrators gave it; empty if none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server_name: String,
    /// Whether everybody can make an account; told to administrators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<bool>,
    /// The number of this device, if it stays signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// What it logs in with from now on; told once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

fn yes() -> bool {
    true
}

/// The reply to a `send_message` that is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The message's place; absent when an old resend was recognised.
    pub seq: Option<Seq>,
    /// The message's time; absent with `seq`.
    pub at: Option<Millis>,
    /// The message was stored before, and not again now.
    pub duplicate: bool,
    /// What became of it for each of several receivers, in the order of the request.
    pub outcomes: Vec<Outcome>,
}

/// What became of a message for one of several receivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The receiver, if there is one of that name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// Whether the message is stored for them.
    pub result: bool,
    /// Whether they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When they were last there, if they are not and ever were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Millis>,
    /// Why it is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// The reply to `fetch_history`. On the wire the records stand in it as they stand in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<'a> {
    /// Which chat.
    pub chat: ChatKey,
    /// Nothing stands before the first of these records.
    pub complete: bool,
    /// The page, in order: messages, and what happened to the group.
    pub records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
pub(super) struct HistoryWire<'a> {
    #[serde(flatten)]
    pub chat: ChatKey,
    pub complete: bool,
    #[serde(borrow)]
    pub messages: Vec<&'a serde_json::value::RawValue>,
}

/// The reply to `fetch_receipts`. The lists end at [`crate::proto::limits::RECEIPTS_MAX`] names, the counts do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    /// Which chat.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// Which message.
    pub seq: Seq,
    /// How many there are that can receive it.
    pub receivers: u32,
    /// How many have received it.
    pub delivered_count: u32,
    /// How many have read it, as far as they let others know.
    pub read_count: u32,
    /// Who has received it and when, the first to do so first.
    pub delivered: Vec<Receipt>,
    /// Who has read it and when, the first to do so first.
    pub read: Vec<Receipt>,
}

/// Somebody received or read a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Millis,
}

/// The reply to a request that makes or changes a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReply {
    /// The group that was made, unless an old request was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// It was made before, and not again now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// A reply that succeeded, as the server writes it.
#[derive(Debug, Serialize)]
pub struct Reply<'a, T: Serialize> {
    /// The request's.
    pub purpose: &'a str,
    /// The request's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// Always true.
    pub result: bool,
    /// What the reply says.
    #[serde(flatten)]
    pub body: T,
}

/// The reply to a `send_message`, as the server writes it: by far the most frequent one, and so written without the
/// detour of [`Reply`]. The replies to `edit_message` and `delete_message` are like it.
#[derive(Debug, Serialize)]
pub struct SentReply<'a> {
    /// The request's.
    pub purpose: &'static str,
    /// The request's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// Always true.
    pub result: bool,
    /// See [`Sent::seq`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// See [`Sent::at`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// See [`Sent::duplicate`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// See [`Sent::outcomes`].
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub outcomes: &'a [Outcome],
}

/// A reply that refuses, as the server writes it.
#[derive(Debug, Serialize)]
pub struct Refusal<'a> {
    /// The request's, or `error` where it could not be read.
    pub purpose: &'a str,
    /// The request's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// Always false.
    pub result: bool,
    /// Why.
    pub error: &'a Problem,
}
