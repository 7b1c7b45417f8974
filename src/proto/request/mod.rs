//! Requests: what a client asks for. Each is documented with an example in docs/PROTOCOL.md.

mod wire;

use self::wire::Head;
use super::account::AccountCall;
use super::attachment::{Attachment, FileCall};
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
    /// Change the text of an own message, or take it back.
    Revise(Revise),
    /// Move the bytes of a file.
    File(FileCall),
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
            Self::Revise(Revise { text: Some(_), .. }) => "edit_message",
            Self::Revise(Revise { text: None, .. }) => "delete_message",
            Self::File(call) => call.purpose(),
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
    /// The message of the same chat that it answers.
    pub reply_to: Option<Seq>,
    /// The file that it carries, which is on the server already. With one the text may be empty.
    pub attachment: Option<Attachment>,
}

/// `edit_message` and `delete_message`.
pub struct Revise {
    /// Which chat.
    pub chat: ChatRef,
    /// The message.
    pub seq: Seq,
    /// Its new text; nothing where it is taken back.
    pub text: Option<String>,
    /// The sender's number for it; a second request with the same one does nothing.
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
    /// Only messages that carry a file.
    pub attachments: bool,
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
