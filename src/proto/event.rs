//! Events: what the server says, in answer or unasked. The same types write them in the server and read them in the
//! client. Each is documented with an example in docs/PROTOCOL.md.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::ids::{Millis, RequestId, Seq, UserId};
use super::purpose;
use super::record::{Delivered, Message, Read, Record, RecordError};

/// What went wrong, for programs. Stable: clients may decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is not as documented.
    BadRequest,
    /// The `purpose` is not known.
    UnknownPurpose,
    /// The bytes are not a frame; the connection ends.
    BadFrame,
    /// Something was asked before a login.
    NotLoggedIn,
    /// A second login on one connection.
    AlreadyLoggedIn,
    /// Wrong name or wrong password; the answer does not tell which.
    WrongCredentials,
    /// The account was removed while it was logged in; the connection ends.
    AccountRemoved,
    /// No account has that name or number.
    UnknownUser,
    /// The text has nothing in it.
    MessageEmpty,
    /// The text is over the limit.
    MessageTooLong,
    /// A `client_id` that this device has used before, for another message.
    ClientIdReused,
    /// Too much is waiting; ask again later.
    Busy,
    /// The server's disk is full; ask again later.
    StorageFull,
    /// The server's disk failed; nothing is taken until the server is restarted.
    StorageFailed,
    /// No login came in time; the connection ends.
    LoginTimeout,
    /// Anything that a newer server may say.
    #[serde(other)]
    Other,
}

/// An error as it crosses the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people: what is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// An error with its text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

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
}

/// A chat in the list of chats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatEntry {
    /// The other side.
    pub with: UserId,
    /// The last message's place.
    pub seq: Seq,
    /// The last message's time.
    pub at: Millis,
    /// The last message's author.
    pub from: UserId,
    /// The last message's beginning.
    pub preview: String,
    /// How many messages of others have not been seen.
    pub unread: u32,
    /// What has been seen, up to here.
    pub read: Seq,
    /// What has reached a device of the other side, up to here.
    pub their_delivered: Seq,
    /// What the other side has seen, up to here.
    pub their_read: Seq,
}

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
}

/// The reply to a `send_message` that is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message's place; absent when an old resend was recognised.
    pub seq: Option<Seq>,
    /// The message's time; absent with `seq`.
    pub at: Option<Millis>,
    /// The message was stored before, and not again now.
    pub duplicate: bool,
}

/// The reply to `fetch_history`. On the wire the messages stand in it as they stand in the log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct History<'a> {
    /// The other side of the chat.
    pub with: UserId,
    /// Nothing stands before the first of these messages.
    pub complete: bool,
    /// The page, in order.
    #[serde(borrow)]
    pub messages: Vec<Message<'a>>,
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
    /// The first of a whole list: whoever is not in the list up to `ready` is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
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

/// `closing`: the server ends this connection, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "closing")]
pub struct Closing {
    /// For people.
    pub reason: String,
}

/// `user_typing`: somebody is writing to this account. Holds for some seconds; never on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "user_typing")]
pub struct Typing {
    /// Who.
    pub from: UserId,
}

/// What came in, to be read by the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Login succeeded or not.
    Login(Result<Welcome, Problem>),
    /// A send is on disk or refused; the number is the request's.
    Sent(Option<RequestId>, Result<Sent, Problem>),
    /// A page of history, or why there is none.
    History(Result<History<'a>, Problem>),
    /// A message, live or caught up.
    Message(Message<'a>),
    /// A read marker: one's own, from another window, or another's.
    Read(Read),
    /// A delivery marker of somebody who was written to.
    Delivered(Delivered),
    /// See [`Typing`].
    Typing(Typing),
    /// A `mark_read` or `mark_delivered` was taken or refused: the next one may go out.
    Marked(Option<RequestId>),
    /// See [`People`].
    People(People),
    /// See [`Chats`].
    Chats(Chats),
    /// See [`Ready`].
    Ready(Ready),
    /// See [`Closing`].
    Closing(Closing),
    /// A request failed that is none of the above, or the connection did.
    Problem(Problem),
    /// Something that needs no answer, or that a newer server says.
    Other,
}

/// Why bytes from a server are not an event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not the JSON of that event.
    #[error("the server sent something that is not as documented: {0}")]
    Json(#[from] serde_json::Error),
    /// A damaged record.
    #[error("the server sent a damaged record: {0}")]
    Record(#[from] RecordError),
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    result: Option<bool>,
    #[serde(default)]
    error: Option<Problem>,
}

impl Head {
    fn verdict(self) -> Result<(), Problem> {
        match self.result {
            Some(true) => Ok(()),
            _ => {
                Err(self.error.unwrap_or_else(|| Problem::new(Code::Other, "the server refused, and did not say why")))
            }
        }
    }
}

impl<'a> Event<'a> {
    /// Reads an event from the JSON of a frame.
    ///
    /// # Errors
    /// [`EventError`]; the connection is not to be trusted any further.
    pub fn parse(json: &'a [u8]) -> Result<Self, EventError> {
        let purpose: Cow<'a, str> = purpose::of(json)?;
        Ok(match purpose.as_ref() {
            "receive_message" | "read_message" | "delivered_message" => match Record::parse(json)? {
                Record::Message(message) => Self::Message(message),
                Record::Read(read) => Self::Read(read),
                Record::Delivered(delivered) => Self::Delivered(delivered),
                Record::LastSeen(_) => Self::Other,
            },
            "user_typing" => Self::Typing(serde_json::from_slice(json)?),
            "mark_read" | "mark_delivered" => Self::Marked(serde_json::from_slice::<Head>(json)?.id),
            "send_message" => {
                #[derive(Deserialize)]
                struct Wire {
                    #[serde(default)]
                    id: Option<RequestId>,
                    result: bool,
                    #[serde(default)]
                    seq: Option<Seq>,
                    #[serde(default)]
                    at: Option<Millis>,
                    #[serde(default)]
                    duplicate: bool,
                    #[serde(default)]
                    error: Option<Problem>,
                }
                let Wire { id, result, seq, at, duplicate, error } = serde_json::from_slice(json)?;
                let verdict = Head { id, result: Some(result), error }.verdict();
                Self::Sent(id, verdict.map(|()| Sent { seq, at, duplicate }))
            }
            "login" => Self::Login(match serde_json::from_slice::<Head>(json)?.verdict() {
                Ok(()) => Ok(serde_json::from_slice(json)?),
                Err(problem) => Err(problem),
            }),
            "fetch_history" => Self::History(match serde_json::from_slice::<Head>(json)?.verdict() {
                Ok(()) => Ok(serde_json::from_slice(json)?),
                Err(problem) => Err(problem),
            }),
            "people" => Self::People(serde_json::from_slice(json)?),
            "chats" => Self::Chats(serde_json::from_slice(json)?),
            "ready" => Self::Ready(serde_json::from_slice(json)?),
            "closing" => Self::Closing(serde_json::from_slice(json)?),
            _ => {
                let head: Head = serde_json::from_slice(json)?;
                match head.result {
                    Some(false) => Self::Problem(head.verdict().expect_err("the result is false")),
                    _ => Self::Other,
                }
            }
        })
    }
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
/// detour of [`Reply`].
#[derive(Debug, Serialize)]
#[serde(tag = "purpose", rename = "send_message")]
pub struct SentReply {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn replies_read_back_as_written() {
        let sent = Sent { seq: Some(Seq(9)), at: Some(Millis(3)), duplicate: false };
        let json = read_back(&SentReply { id: Some(4), result: true, seq: sent.seq, at: sent.at, duplicate: false });
        assert_eq!(json, r#"{"purpose":"send_message","id":4,"result":true,"seq":9,"at":3}"#);
        assert_eq!(Event::parse(json.as_bytes()).unwrap(), Event::Sent(Some(4), Ok(sent)));

        let problem = Problem::new(Code::StorageFull, "the server's disk is full");
        let json = read_back(&Refusal { purpose: "send_message", id: None, result: false, error: &problem });
        assert_eq!(Event::parse(json.as_bytes()).unwrap(), Event::Sent(None, Err(problem.clone())));
        let json = read_back(&Refusal { purpose: "error", id: None, result: false, error: &problem });
        assert_eq!(Event::parse(json.as_bytes()).unwrap(), Event::Problem(problem));
    }

    #[test]
    fn what_a_newer_server_says_is_passed_over() {
        assert_eq!(Event::parse(br#"{"purpose":"sing","volume":11}"#).unwrap(), Event::Other);
        let json = br#"{"purpose":"login","result":false,"error":{"code":"too_early","message":"come back"}}"#;
        let Event::Login(Err(problem)) = Event::parse(json).unwrap() else { panic!() };
        assert_eq!(problem.code, Code::Other);
    }

    #[test]
    fn a_damaged_record_is_not_shown() {
        let json = br#"{"purpose":"receive_message","seq":1,"at":1,"from":1,"to":2,"from_user":"A","to_user":"B","message":"hi","crc":"00000000"}"#;
        assert!(matches!(Event::parse(json), Err(EventError::Record(_))));
    }
}
