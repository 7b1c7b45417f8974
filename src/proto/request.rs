//! Requests: what a client asks for. Each is documented with an example in docs/PROTOCOL.md.

use serde::Deserialize;

use super::account::AccountCall;
use super::chat::{GroupId, Past};
pub use super::device::{Login, Proof};
use super::event::{Code, Problem, Status};
use super::ids::{ClientId, RequestId, Seq, UserId};
use super::purpose;

/// A request with its number.
#[derive(Debug)]
pub struct Request {
    /// Repeated in the reply.
    pub id: Option<RequestId>,
    /// What is asked.
    pub call: Call,
}

/// What is asked.
#[derive(Debug)]
pub enum Call {
    /// Be known as an account.
    Login(Login),
    /// Send a message.
    SendMessage(SendMessage),
    /// Read a page of a chat's history, the newest first page or what came before a place.
    FetchHistory(FetchHistory),
    /// Say what has been seen.
    MarkRead(MarkRead),
    /// Say what has reached this device.
    MarkDelivered(Seq),
    /// Say that a message is being written.
    Typing(ChatRef),
    /// Say whether this window is in use.
    SetStatus(Status),
    /// Make a group, or change one. With the sender's number for it, a second request with the same one does nothing.
    Group(GroupCall, Option<ClientId>),
    /// Ask who has received and who has read a message.
    FetchReceipts(ChatRef, Seq),
    /// Say whether others may know what this account has read.
    SetReadReceipts(bool),
    /// Say whether a chat is to leave this account alone.
    MuteChat(ChatRef, bool),
    /// Ask for something about accounts.
    Account(AccountCall),
    /// Ask who there is, and who is online.
    ListUsers,
    /// Leave.
    Exit,
}

impl Call {
    /// The field `purpose` of the request and of its reply.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::SendMessage(_) => "send_message",
            Self::FetchHistory(_) => "fetch_history",
            Self::MarkRead(_) => "mark_read",
            Self::MarkDelivered(_) => "mark_delivered",
            Self::Typing(_) => "typing",
            Self::SetStatus(_) => "set_status",
            Self::Group(call, _) => call.purpose(),
            Self::FetchReceipts(..) => "fetch_receipts",
            Self::SetReadReceipts(_) => "set_read_receipts",
            Self::MuteChat(..) => "mute_chat",
            Self::Account(call) => call.purpose(),
            Self::ListUsers => "list_users",
            Self::Exit => "exit",
        }
    }
}

/// A person in a request: by name, or by number where the name may change under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// As people write it, in any case.
    Name(String),
    /// As the server counts it.
    Id(UserId),
}

/// A chat in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatRef {
    /// The room that all are in.
    Everyone,
    /// A group; groups have no unique names.
    Group(GroupId),
    /// The chat with that account.
    Person(Peer),
}

/// Where a message is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receivers {
    /// To a chat.
    One(ChatRef),
    /// To each of these people, in the chat with them.
    Many(Vec<Peer>),
}

/// `send_message`.
pub struct SendMessage {
    /// For whom.
    pub to: Receivers,
    /// The text.
    pub message: String,
    /// The sender's number for it; a second request with the same one is stored once.
    pub client_id: Option<ClientId>,
}

/// `fetch_history`.
#[derive(Debug)]
pub struct FetchHistory {
    /// Which chat.
    pub chat: ChatRef,
    /// Only what stands before this place.
    pub before: Option<Seq>,
    /// How many entries at most.
    pub limit: Option<usize>,
}

/// `mark_read`.
#[derive(Debug)]
pub struct MarkRead {
    /// Which chat.
    pub chat: ChatRef,
    /// The last message that was seen.
    pub seq: Seq,
}

/// What can be done with a group.
#[derive(Debug)]
pub enum GroupCall {
    /// `create_group`.
    Create {
        /// Its name, to be checked.
        name: String,
        /// Who is in it beside the one who asks.
        members: Vec<Peer>,
        /// What later members can read.
        history: Past,
    },
    /// Change that one.
    Change(GroupId, GroupEdit),
}

/// What can be changed about a group.
#[derive(Debug)]
pub enum GroupEdit {
    /// `rename_group`.
    Rename(String),
    /// `add_members`.
    Add(Vec<Peer>),
    /// `remove_member`.
    Remove(Peer),
    /// `hand_over_group`.
    HandOver(Peer),
    /// `leave_group`.
    Leave,
    /// `delete_group`.
    Delete,
}

impl GroupCall {
    /// The field `purpose` of the request and of its reply.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create_group",
            Self::Change(_, GroupEdit::Rename(_)) => "rename_group",
            Self::Change(_, GroupEdit::Add(_)) => "add_members",
            Self::Change(_, GroupEdit::Remove(_)) => "remove_member",
            Self::Change(_, GroupEdit::HandOver(_)) => "hand_over_group",
            Self::Change(_, GroupEdit::Leave) => "leave_group",
            Self::Change(_, GroupEdit::Delete) => "delete_group",
        }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: Option<RequestId>,
}

#[derive(Deserialize)]
struct SendMessageWire {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    to_user: Option<String>,
    #[serde(default)]
    to: Option<UserId>,
    #[serde(default)]
    group: Option<GroupId>,
    #[serde(default)]
    everyone: bool,
    #[serde(default)]
    to_users: Vec<String>,
    #[serde(default)]
    to_many: Vec<UserId>,
    message: String,
    #[serde(default)]
    client_id: Option<ClientId>,
}

#[derive(Deserialize)]
struct StatusWire {
    status: Status,
}

#[derive(Deserialize)]
struct OnWire {
    on: bool,
}

#[derive(Deserialize)]
struct ChatWire {
    #[serde(default)]
    with_user: Option<String>,
    #[serde(default)]
    with: Option<UserId>,
    #[serde(default)]
    group: Option<GroupId>,
    #[serde(default)]
    everyone: bool,
    #[serde(default)]
    before: Option<Seq>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    seq: Option<Seq>,
    #[serde(default)]
    muted: Option<bool>,
}

#[derive(Deserialize)]
struct GroupWire {
    #[serde(default)]
    group: Option<GroupId>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    members: Vec<UserId>,
    #[serde(default)]
    member_users: Vec<String>,
    #[serde(default)]
    member: Option<UserId>,
    #[serde(default)]
    member_user: Option<String>,
    #[serde(default)]
    history: Past,
    #[serde(default)]
    client_id: Option<ClientId>,
}

fn missing(purpose: &str, what: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("{purpose}: give {what}"))
}

fn peers(ids: Vec<UserId>, names: Vec<String>) -> Vec<Peer> {
    ids.into_iter().map(Peer::Id).chain(names.into_iter().map(Peer::Name)).collect()
}

/// The person that one of two fields names; the number counts if both do.
fn peer(id: Option<UserId>, name: Option<String>) -> Option<Peer> {
    id.map(Peer::Id).or(name.map(Peer::Name))
}

/// The chat that a request's fields name, exactly one.
fn chat_ref(peer: Option<Peer>, group: Option<GroupId>, everyone: bool) -> Option<ChatRef> {
    match (peer, group, everyone) {
        (Some(peer), None, false) => Some(ChatRef::Person(peer)),
        (None, Some(group), false) => Some(ChatRef::Group(group)),
        (None, None, true) => Some(ChatRef::Everyone),
        _ => None,
    }
}

impl SendMessageWire {
    fn call(self) -> Result<Call, Problem> {
        let many = peers(self.to_many, self.to_users);
        let one = chat_ref(peer(self.to, self.to_user), self.group, self.everyone);
        let to = match (one, many.is_empty()) {
            (Some(chat), true) => Receivers::One(chat),
            (None, false) if self.group.is_none() && !self.everyone => Receivers::Many(many),
            _ => {
                let fields = "one of to_user, to, group, everyone: true, to_users and to_many, to say who gets it";
                return Err(missing("send_message", fields));
            }
        };
        Ok(Call::SendMessage(SendMessage { to, message: self.message, client_id: self.client_id }))
    }
}

impl ChatWire {
    fn chat(&mut self, purpose: &str) -> Result<ChatRef, Problem> {
        chat_ref(peer(self.with, self.with_user.take()), self.group, self.everyone)
            .ok_or_else(|| missing(purpose, "one of with_user, with, group and everyone: true, to say which chat"))
    }

    fn seq(&self, purpose: &str, which: &str) -> Result<Seq, Problem> {
        self.seq.ok_or_else(|| missing(purpose, &format!("seq, {which}")))
    }
}

impl GroupWire {
    fn call(self, purpose: &str) -> Result<GroupCall, Problem> {
        let name = || self.name.clone().ok_or_else(|| missing(purpose, "name, the group's name"));
        let members = peers(self.members.clone(), self.member_users.clone());
        if purpose == "create_group" {
            let name = name()?;
            return Ok(GroupCall::Create { name, members, history: self.history });
        }
        let group = self.group.ok_or_else(|| missing(purpose, "group, the group's number"))?;
        let member = || peer(self.member, self.member_user.clone());
        let member = || member().ok_or_else(|| missing(purpose, "member or member_user, to say who"));
        let edit = match purpose {
            "rename_group" => GroupEdit::Rename(name()?),
            "add_members" if members.is_empty() => {
                return Err(missing(purpose, "members or member_users, to say who"));
            }
            "add_members" => GroupEdit::Add(members),
            "remove_member" => GroupEdit::Remove(member()?),
            "hand_over_group" => GroupEdit::HandOver(member()?),
            "leave_group" => GroupEdit::Leave,
            _ => GroupEdit::Delete,
        };
        Ok(GroupCall::Change(group, edit))
    }
}

/// A request that could not be read: what to answer, and to which number if that much was readable.
pub struct BadRequest {
    /// The request's number, if it could be read.
    pub id: Option<RequestId>,
    /// The request's purpose, if it could be read.
    pub purpose: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl Request {
    /// Reads a request from the JSON of a frame.
    ///
    /// # Errors
    /// [`BadRequest`] with a message for the author of the client that sent it.
    pub fn parse(json: &[u8]) -> Result<Self, BadRequest> {
        let purpose = match purpose::of(json) {
            Ok(purpose) => purpose,
            Err(error) => {
                let problem = Problem::new(
                    Code::BadRequest,
                    format!("a request is a JSON object with a field \"purpose\": {error}"),
                );
                return Err(BadRequest { id: None, purpose: None, problem });
            }
        };
        Self::parse_as(&purpose, json).map_err(|problem| BadRequest {
            id: serde_json::from_slice::<Head>(json).ok().and_then(|head| head.id),
            purpose: Some(purpose.chars().take(40).collect()),
            problem,
        })
    }

    fn parse_as(purpose: &str, json: &[u8]) -> Result<Self, Problem> {
        let bad = |error: serde_json::Error| Problem::new(Code::BadRequest, format!("{purpose}: {error}"));
        if purpose == "send_message" {
            let wire: SendMessageWire = serde_json::from_slice(json).map_err(bad)?;
            return Ok(Self { id: wire.id, call: wire.call()? });
        }
        let id = serde_json::from_slice::<Head>(json).map_err(bad)?.id;
        let wire = || serde_json::from_slice::<ChatWire>(json).map_err(bad);
        let call = match purpose {
            "login" => Call::Login(Login::parse(json)?),
            "fetch_history" => {
                let mut wire = wire()?;
                let chat = wire.chat(purpose)?;
                Call::FetchHistory(FetchHistory { chat, before: wire.before, limit: wire.limit })
            }
            "mark_read" => {
                let mut wire = wire()?;
                let chat = wire.chat(purpose)?;
                Call::MarkRead(MarkRead { chat, seq: wire.seq(purpose, "the last message that was seen")? })
            }
            "mark_delivered" => Call::MarkDelivered(wire()?.seq(purpose, "the last place that arrived")?),
            "typing" => Call::Typing(wire()?.chat(purpose)?),
            "fetch_receipts" => {
                let mut wire = wire()?;
                Call::FetchReceipts(wire.chat(purpose)?, wire.seq(purpose, "the message")?)
            }
            "mute_chat" => {
                let mut wire = wire()?;
                let chat = wire.chat(purpose)?;
                Call::MuteChat(chat, wire.muted.ok_or_else(|| missing(purpose, "muted: true or false"))?)
            }
            "set_status" => Call::SetStatus(serde_json::from_slice::<StatusWire>(json).map_err(bad)?.status),
            "set_read_receipts" => Call::SetReadReceipts(serde_json::from_slice::<OnWire>(json).map_err(bad)?.on),
            "create_group" | "rename_group" | "add_members" | "remove_member" | "hand_over_group" | "leave_group"
            | "delete_group" => {
                let mut wire: GroupWire = serde_json::from_slice(json).map_err(bad)?;
                let client_id = wire.client_id.take();
                Call::Group(wire.call(purpose)?, client_id)
            }
            "list_users" => Call::ListUsers,
            "exit" => Call::Exit,
            other => match AccountCall::parse(other, json) {
                Some(call) => Call::Account(call?),
                None => {
                    let other: String = other.chars().take(40).collect();
                    let text = format!("there is no request {other:?}: docs/PROTOCOL.md lists them");
                    return Err(Problem::new(Code::UnknownPurpose, text));
                }
            },
        };
        Ok(Self { id, call })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> BadRequest {
        Request::parse(json.as_bytes()).expect_err(json)
    }

    #[test]
    fn the_names_of_the_first_system_are_taken() {
        let login = Request::parse(br#"{"purpose":"login","username":"Alice","password":"123"}"#).unwrap();
        let Call::Login(Login { proof: Proof::Password { username, keep: None, .. }, after: None, .. }) = login.call
        else {
            panic!()
        };
        assert_eq!(username, "Alice");
        let send = Request::parse(br#"{"purpose":"send_message","to_user":"Bob","message":"hi"}"#).unwrap();
        assert!(
            matches!(send.call, Call::SendMessage(SendMessage { to: Receivers::One(ChatRef::Person(Peer::Name(to))), client_id: None, .. }) if to == "Bob")
        );
        assert!(matches!(Request::parse(br#"{"purpose":"exit"}"#).unwrap().call, Call::Exit));
    }

    #[test]
    fn a_bad_request_is_answered_to_its_number() {
        let bad = refused(r#"{"purpose":"send_message","id":9,"message":"hi"}"#);
        assert_eq!((bad.id, bad.problem.code), (Some(9), Code::BadRequest));
        assert!(bad.problem.message.contains("to_user"));
        let unknown = refused(r#"{"purpose":"sing","id":1}"#);
        assert_eq!((unknown.id, unknown.problem.code), (Some(1), Code::UnknownPurpose));
        assert_eq!(refused("[1]").id, None);
        assert!(
            refused(r#"{"purpose":"send_message","to":2,"message":"hi","client_id":"x"}"#)
                .problem
                .message
                .contains("client_id")
        );
    }

    #[test]
    fn a_request_names_one_chat_and_says_how_if_it_does_not() {
        for json in [
            r#"{"purpose":"send_message","to":2,"group":7,"message":"hi"}"#,
            r#"{"purpose":"send_message","everyone":true,"to_many":[2],"message":"hi"}"#,
            r#"{"purpose":"typing"}"#,
            r#"{"purpose":"mark_read","with":1,"everyone":true,"seq":1}"#,
            r#"{"purpose":"mark_read","group":7}"#,
            r#"{"purpose":"mute_chat","group":7}"#,
            r#"{"purpose":"fetch_receipts","group":7}"#,
            r#"{"purpose":"create_group","members":[2]}"#,
            r#"{"purpose":"rename_group","name":"x"}"#,
            r#"{"purpose":"add_members","group":7}"#,
            r#"{"purpose":"remove_member","group":7}"#,
        ] {
            let bad = refused(json);
            assert_eq!(bad.problem.code, Code::BadRequest, "{json}");
            assert!(bad.problem.message.contains("give "), "{}", bad.problem.message);
        }
    }

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        let login = Request::parse(br#"{"purpose":"login","username":"Alice","password":"canary"}"#).unwrap();
        assert!(!format!("{login:?}").contains("canary"));
    }
}
