//! Events: what the server says, in answer or unasked. The same types write them in the server and read them in the
//! client. Each is documented with an example in docs/PROTOCOL.md.

mod account;
mod lists;
mod problem;
mod reply;

use std::borrow::Cow;

use serde::Deserialize;

pub use self::account::{
    AccountDone, AccountInfo, AccountReply, Accounts, AdministrationChanged, ConnectionInfo, DeviceInfo, Devices,
    Ended, InviteInfo, Invites, NewInvite, RoleChanged, ServerChanged,
};
pub use self::lists::{
    ChatEntry, Chats, Closing, Cursor, Cursors, Former, GroupInfo, GroupMember, Groups, People, Person, Ready, Status,
    Throttled, Typing,
};
pub use self::problem::{Code, Problem};
use self::reply::HistoryWire;
pub use self::reply::{GroupReply, History, Outcome, Receipt, Receipts, Refusal, Reply, Sent, SentReply, Welcome};
use super::attachment::{Fetched, Uploaded};
use super::ids::{Millis, RequestId, Seq};
use super::purpose;
use super::record::{Deleted, Delivered, Edited, GroupChange, Message, Muted, Read, ReadReceipts, Record, RecordError};

/// What came in, to be read by the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Login succeeded or not.
    Login(Result<Welcome, Problem>),
    /// A send, or a change of a message, is on disk or refused; the number is the request's.
    Sent(Option<RequestId>, Result<Sent, Problem>),
    /// A page of history, or why there is none; the number is the request's.
    History(Option<RequestId>, Result<History<'a>, Problem>),
    /// A message, live or caught up.
    Message(Message<'a>),
    /// A message has another text, live or caught up.
    Edited(Edited<'a>),
    /// A message was taken back, live or caught up.
    Deleted(Deleted),
    /// Bytes of a file are on the server's disk, or not; the number is the request's.
    Uploaded(Option<RequestId>, Result<Uploaded, Problem>),
    /// Bytes of a file, or why there are none; the number is the request's.
    Fetched(Option<RequestId>, Result<Fetched, Problem>),
    /// Something happened to a group, live or caught up.
    Group(GroupChange<'a>),
    /// A read marker: one's own, from another window, or another's.
    Read(Read),
    /// A delivery marker of somebody who was written to.
    Delivered(Delivered),
    /// A setting of this account, changed here or in another window.
    ReadReceipts(ReadReceipts),
    /// A setting of this account for a chat.
    Muted(Muted),
    /// See [`Typing`].
    Typing(Typing),
    /// A group was made or changed as this client asked, or not; the number is the request's.
    GroupReply(Option<RequestId>, Result<GroupReply, Problem>),
    /// Something about accounts was done as this client asked, or not; the number is the request's.
    Account(Option<RequestId>, Result<AccountDone, Problem>),
    /// See [`ServerChanged`].
    ServerChanged(ServerChanged),
    /// See [`RoleChanged`].
    RoleChanged(RoleChanged),
    /// See [`AdministrationChanged`].
    AdministrationChanged,
    /// See [`Receipts`].
    Receipts(Result<Receipts, Problem>),
    /// A `mark_read` or `mark_delivered` was taken or refused: the next one may go out.
    Marked(Option<RequestId>),
    /// See [`People`].
    People(People),
    /// See [`Chats`].
    Chats(Chats),
    /// See [`Groups`].
    Groups(Groups),
    /// See [`Cursors`].
    Cursors(Cursors),
    /// See [`Ready`].
    Ready(Ready),
    /// See [`Throttled`].
    Throttled(Throttled),
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

/// A record; none if it is intact and says what only a newer program knows.
fn known(json: &[u8]) -> Result<Option<Record<'_>>, RecordError> {
    match Record::parse(json) {
        Ok(record) => Ok(Some(record)),
        Err(RecordError::Unknown(_) | RecordError::Json(_)) => Ok(None),
        Err(damaged) => Err(damaged),
    }
}

/// The body of a reply, or why there is none.
fn answer<'a, T: Deserialize<'a>>(json: &'a [u8], head: Head) -> Result<Result<T, Problem>, serde_json::Error> {
    match head.verdict() {
        Ok(()) => Ok(Ok(serde_json::from_slice(json)?)),
        Err(problem) => Ok(Err(problem)),
    }
}

/// The body of a reply about accounts, or why there is none.
fn account_done(purpose: &str, json: &[u8], head: Head) -> Result<Result<AccountDone, Problem>, serde_json::Error> {
    Ok(match purpose {
        "change_name" | "add_account" => answer(json, head)?.map(AccountDone::Account),
        "list_accounts" => answer(json, head)?.map(AccountDone::Accounts),
        "list_invites" => answer(json, head)?.map(AccountDone::Invites),
        "create_invite" => answer(json, head)?.map(AccountDone::Invite),
        "list_devices" => answer(json, head)?.map(AccountDone::Devices),
        "change_password" | "end_other_devices" => answer(json, head)?.map(AccountDone::Ended),
        _ => head.verdict().map(|()| AccountDone::Done),
    })
}

impl<'a> Event<'a> {
    /// Reads an event from the JSON of a frame.
    ///
    /// # Errors
    /// [`EventError`]; the connection is not to be trusted any further.
    pub fn parse(json: &'a [u8]) -> Result<Self, EventError> {
        let purpose: Cow<'a, str> = purpose::of(json)?;
        Ok(match purpose.as_ref() {
            "receive_message" | "message_edited" | "message_deleted" | "group_changed" | "read_message"
            | "delivered_message" | "read_receipts" | "chat_muted" => match known(json)? {
                Some(Record::Message(message)) => Self::Message(message),
                Some(Record::Edited(edited)) => Self::Edited(edited),
                Some(Record::Deleted(deleted)) => Self::Deleted(deleted),
                Some(Record::Group(change)) => Self::Group(change),
                Some(Record::Read(read)) => Self::Read(read),
                Some(Record::Delivered(delivered)) => Self::Delivered(delivered),
                Some(Record::ReadReceipts(setting)) => Self::ReadReceipts(setting),
                Some(Record::Muted(setting)) => Self::Muted(setting),
                Some(Record::ToMany(_) | Record::LastSeen(_) | Record::Account(_) | Record::AccountRemoved(_))
                | None => Self::Other,
            },
            "user_typing" => Self::Typing(serde_json::from_slice(json)?),
            "mark_read" | "mark_delivered" => Self::Marked(serde_json::from_slice::<Head>(json)?.id),
            "upload_file" | "upload_chunk" | "cancel_upload" => {
                let head: Head = serde_json::from_slice(json)?;
                Self::Uploaded(head.id, answer(json, head)?)
            }
            "fetch_file" => {
                let head: Head = serde_json::from_slice(json)?;
                Self::Fetched(head.id, answer(json, head)?)
            }
            "send_message" | "edit_message" | "delete_message" => {
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
                    outcomes: Vec<Outcome>,
                    #[serde(default)]
                    error: Option<Problem>,
                }
                let Wire { id, result, seq, at, duplicate, outcomes, error } = serde_json::from_slice(json)?;
                let verdict = Head { id, result: Some(result), error }.verdict();
                Self::Sent(id, verdict.map(|()| Sent { seq, at, duplicate, outcomes }))
            }
            "create_group" | "rename_group" | "add_members" | "remove_member" | "hand_over_group" | "leave_group"
            | "delete_group" => {
                let head: Head = serde_json::from_slice(json)?;
                Self::GroupReply(head.id, answer(json, head)?)
            }
            "login" | "join" => Self::Login(answer(json, serde_json::from_slice(json)?)?),
            "change_password" | "change_name" | "list_accounts" | "add_account" | "reset_password"
            | "block_account" | "set_role" | "remove_account" | "rename_server" | "set_registration"
            | "create_invite" | "list_invites" | "revoke_invite" | "list_devices" | "end_device"
            | "end_other_devices" => {
                let head: Head = serde_json::from_slice(json)?;
                Self::Account(head.id, account_done(&purpose, json, head)?)
            }
            "server_changed" => Self::ServerChanged(serde_json::from_slice(json)?),
            "role_changed" => Self::RoleChanged(serde_json::from_slice(json)?),
            "administration_changed" => Self::AdministrationChanged,
            "fetch_receipts" => Self::Receipts(answer(json, serde_json::from_slice(json)?)?),
            "fetch_history" => {
                let head: Head = serde_json::from_slice(json)?;
                let id = head.id;
                let page = match answer::<HistoryWire<'_>>(json, head)? {
                    Ok(HistoryWire { chat, complete, messages }) => {
                        let records = messages.into_iter().map(|record| known(record.get().as_bytes()).transpose());
                        Ok(History { chat, complete, records: records.flatten().collect::<Result<_, _>>()? })
                    }
                    Err(problem) => Err(problem),
                };
                Self::History(id, page)
            }
            "people" => Self::People(serde_json::from_slice(json)?),
            "chats" => Self::Chats(serde_json::from_slice(json)?),
            "groups" => Self::Groups(serde_json::from_slice(json)?),
            "cursors" => Self::Cursors(serde_json::from_slice(json)?),
            "ready" => Self::Ready(serde_json::from_slice(json)?),
            "throttled" => Self::Throttled(serde_json::from_slice(json)?),
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

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    fn read_back<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn replies_read_back_as_written() {
        let sent = Sent { seq: Some(Seq(9)), at: Some(Millis(3)), ..Sent::default() };
        let (seq, at) = (sent.seq, sent.at);
        let reply =
            SentReply { purpose: "send_message", id: Some(4), result: true, seq, at, duplicate: false, outcomes: &[] };
        let json = read_back(&reply);
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
    fn a_record_that_a_newer_server_makes_is_passed_over_and_hides_nothing() {
        let mut new =
            br#"{"purpose":"group_changed","seq":9,"at":1,"group":3,"by":1,"by_user":"A","change":"painted"}"#.to_vec();
        crate::proto::record::seal(&mut new, 0);
        assert_eq!(Event::parse(&new).unwrap(), Event::Other);
        let page = [
            br#"{"purpose":"fetch_history","result":true,"group":3,"complete":true,"messages":["#.as_slice(),
            &new,
            b"]}",
        ];
        let page = page.concat();
        let Event::History(None, Ok(history)) = Event::parse(&page).unwrap() else { panic!() };
        assert!(history.records.is_empty() && history.complete);
    }

    #[test]
    fn a_damaged_record_is_not_shown() {
        let json = br#"{"purpose":"receive_message","seq":1,"at":1,"from":1,"to":2,"from_user":"A","to_user":"B","message":"hi","crc":"00000000"}"#;
        assert!(matches!(Event::parse(json), Err(EventError::Record(_))));
    }
}
