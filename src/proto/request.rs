//! Requests: what a client asks for. Each is documented with an example in docs/PROTOCOL.md.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::event::{Code, Problem, Status};
use super::ids::{ClientId, DeviceId, RequestId, Seq, UserId};
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
    Typing(Peer),
    /// Say whether this window is in use.
    SetStatus(Status),
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
            Self::ListUsers => "list_users",
            Self::Exit => "exit",
        }
    }
}

/// `login`: who is there, and where the client's knowledge ends.
#[derive(Debug, Deserialize)]
pub struct Login {
    /// The name, in any case.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// The log that `after` counts in, as the last login named it.
    #[serde(default)]
    pub log: Option<String>,
    /// The client has everything up to here and asks for the rest.
    #[serde(default)]
    pub after: Option<Seq>,
}

/// A person in a request: by name, or by number where the name may change under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// As people write it, in any case.
    Name(String),
    /// As the server counts it.
    Id(UserId),
}

fn peer(name: Option<String>, id: Option<UserId>, fields: &'static str) -> Result<Peer, Problem> {
    match (name, id) {
        (_, Some(id)) => Ok(Peer::Id(id)),
        (Some(name), None) => Ok(Peer::Name(name)),
        (None, None) => Err(Problem::new(Code::BadRequest, format!("the request names nobody: give {fields}"))),
    }
}

/// `send_message`.
#[derive(Debug)]
pub struct SendMessage {
    /// For whom.
    pub to: Peer,
    /// The text.
    pub message: String,
    /// The sender's number for it; a second request with the same one is stored once.
    pub client_id: Option<ClientId>,
}

/// `fetch_history`.
#[derive(Debug)]
pub struct FetchHistory {
    /// The other side of the chat.
    pub with: Peer,
    /// Only what stands before this place.
    pub before: Option<Seq>,
    /// How many messages at most.
    pub limit: Option<usize>,
}

/// `mark_read`.
#[derive(Debug)]
pub struct MarkRead {
    /// The other side of the chat.
    pub with: Peer,
    /// The last message that was seen.
    pub seq: Seq,
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
    message: String,
    #[serde(default)]
    client_id: Option<ClientId>,
}

#[derive(Deserialize)]
struct StatusWire {
    status: Status,
}

#[derive(Deserialize)]
struct ChatWire {
    #[serde(default)]
    with_user: Option<String>,
    #[serde(default)]
    with: Option<UserId>,
    #[serde(default)]
    before: Option<Seq>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    seq: Option<Seq>,
}

/// A request that could not be read: what to answer, and to which number if that much was readable.
#[derive(Debug)]
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
            let to = peer(wire.to_user, wire.to, "to_user or to")?;
            let call = Call::SendMessage(SendMessage { to, message: wire.message, client_id: wire.client_id });
            return Ok(Self { id: wire.id, call });
        }
        let id = serde_json::from_slice::<Head>(json).map_err(bad)?.id;
        let chat = || serde_json::from_slice::<ChatWire>(json).map_err(bad);
        let call = match purpose {
            "login" => Call::Login(serde_json::from_slice(json).map_err(bad)?),
            "fetch_history" => {
                let wire = chat()?;
                let with = peer(wire.with_user, wire.with, "with_user or with")?;
                Call::FetchHistory(FetchHistory { with, before: wire.before, limit: wire.limit })
            }
            "mark_read" => {
                let wire = chat()?;
                let with = peer(wire.with_user, wire.with, "with_user or with")?;
                let missing = || Problem::new(Code::BadRequest, "mark_read: give seq, the last message that was seen");
                Call::MarkRead(MarkRead { with, seq: wire.seq.ok_or_else(missing)? })
            }
            "mark_delivered" => {
                let missing =
                    || Problem::new(Code::BadRequest, "mark_delivered: give seq, the last place that arrived");
                Call::MarkDelivered(chat()?.seq.ok_or_else(missing)?)
            }
            "typing" => {
                let wire = chat()?;
                Call::Typing(peer(wire.with_user, wire.with, "with_user or with")?)
            }
            "set_status" => Call::SetStatus(serde_json::from_slice::<StatusWire>(json).map_err(bad)?.status),
            "list_users" => Call::ListUsers,
            "exit" => Call::Exit,
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(Problem::new(
                    Code::UnknownPurpose,
                    format!("there is no request {other:?}: docs/PROTOCOL.md lists them"),
                ));
            }
        };
        Ok(Self { id, call })
    }
}

/// The requests as our own client writes them.
#[derive(Debug, Serialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Outgoing<'a> {
    /// See [`Login`].
    Login {
        /// The name.
        username: &'a str,
        /// The password, exposed for this one frame.
        password: &'a str,
        /// The log that `after` counts in.
        #[serde(skip_serializing_if = "Option::is_none")]
        log: Option<&'a str>,
        /// The client's cursor.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
    },
    /// See [`SendMessage`].
    SendMessage {
        /// Comes back in the reply.
        id: RequestId,
        /// For whom.
        to: UserId,
        /// The device and number of the send.
        client_id: &'a ClientIdText<'a>,
        /// The text.
        message: &'a str,
    },
    /// See [`FetchHistory`].
    FetchHistory {
        /// The other side of the chat.
        with: UserId,
        /// Only what stands before this place.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// How many messages at most.
        limit: usize,
    },
    /// See [`MarkRead`].
    MarkRead {
        /// Comes back in the reply.
        id: RequestId,
        /// The other side of the chat.
        with: UserId,
        /// The last message that was seen.
        seq: Seq,
    },
    /// See [`Call::MarkDelivered`].
    MarkDelivered {
        /// Everything up to here has arrived.
        seq: Seq,
    },
    /// See [`Call::Typing`].
    Typing {
        /// To whom.
        with: UserId,
    },
    /// See [`Call::SetStatus`].
    SetStatus {
        /// Whether this window is in use.
        status: Status,
    },
    /// See [`Call::Exit`].
    Exit,
}

/// A `client_id` written without building a string first.
#[derive(Debug)]
pub struct ClientIdText<'a> {
    /// Who numbers.
    pub device: &'a DeviceId,
    /// The number.
    pub n: u64,
}

impl Serialize for ClientIdText<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.device.as_str(), self.n))
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
        assert!(matches!(login.call, Call::Login(Login { username, after: None, .. }) if username == "Alice"));
        let send = Request::parse(br#"{"purpose":"send_message","to_user":"Bob","message":"hi"}"#).unwrap();
        assert!(
            matches!(send.call, Call::SendMessage(SendMessage { to: Peer::Name(to), client_id: None, .. }) if to == "Bob")
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
    fn a_password_does_not_show_in_debug_output() {
        let login = Request::parse(br#"{"purpose":"login","username":"Alice","password":"canary"}"#).unwrap();
        assert!(!format!("{login:?}").contains("canary"));
    }

    #[test]
    fn what_our_client_writes_is_what_the_server_reads() {
        let device = DeviceId::new("d1").unwrap();
        let send = Outgoing::SendMessage {
            id: 4,
            to: UserId(2),
            client_id: &ClientIdText { device: &device, n: 4 },
            message: "hi",
        };
        let json = serde_json::to_vec(&send).unwrap();
        let request = Request::parse(&json).unwrap();
        assert_eq!(request.id, Some(4));
        let Call::SendMessage(send) = request.call else { panic!() };
        assert_eq!((send.to, send.client_id.unwrap().to_string()), (Peer::Id(UserId(2)), "d1:4".into()));
        for other in [
            Outgoing::Exit,
            Outgoing::MarkRead { id: 1, with: UserId(1), seq: Seq(3) },
            Outgoing::MarkDelivered { seq: Seq(3) },
            Outgoing::Typing { with: UserId(1) },
            Outgoing::SetStatus { status: Status::Away },
            Outgoing::FetchHistory { with: UserId(1), before: None, limit: 5 },
        ] {
            Request::parse(&serde_json::to_vec(&other).unwrap()).unwrap();
        }
    }
}
