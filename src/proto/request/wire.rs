//! The requests as they come in, field by field.

use serde::Deserialize;

use super::{
    Call, ChatRef, FetchHistory, GroupCall, GroupEdit, MarkRead, Peer, Receivers, Request, Revise, SendMessage,
};
use crate::proto::account::AccountCall;
use crate::proto::attachment::{Attachment, FileCall};
use crate::proto::chat::{GroupId, Past};
use crate::proto::device::Login;
use crate::proto::event::{Code, Problem, Status};
use crate::proto::ids::{ClientId, RequestId, Seq, UserId};

#[derive(Deserialize)]
pub(super) struct Head {
    #[serde(default)]
    pub id: Option<RequestId>,
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
    /// May be left out where there is a file.
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    client_id: Option<ClientId>,
    #[serde(default)]
    reply_to: Option<Seq>,
    #[serde(default)]
    attachment: Option<Attachment>,
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
    #[serde(default)]
    attachments: bool,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    client_id: Option<ClientId>,
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
        let message = match (self.message, &self.attachment) {
            (Some(message), _) => message,
            (None, Some(_)) => String::new(),
            (None, None) => return Err(missing("send_message", "message, the text")),
        };
        let Self { client_id, reply_to, attachment, .. } = self;
        Ok(Call::SendMessage(SendMessage { to, message, client_id, reply_to, attachment }))
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

impl Request {
    /// Reads the fields of a request with that purpose.
    pub(super) fn parse_as(purpose: &str, json: &[u8]) -> Result<Self, Problem> {
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
                let ChatWire { before, limit, attachments, .. } = wire;
                Call::FetchHistory(FetchHistory { chat, before, limit, attachments })
            }
            "mark_read" => {
                let mut wire = wire()?;
                let chat = wire.chat(purpose)?;
                Call::MarkRead(MarkRead { chat, seq: wire.seq(purpose, "the last message that was seen")? })
            }
            "edit_message" | "delete_message" => {
                let mut wire = wire()?;
                let chat = wire.chat(purpose)?;
                let seq = wire.seq(purpose, "the place of the message")?;
                let text = match (purpose, wire.message.take()) {
                    ("delete_message", _) => None,
                    (_, Some(text)) => Some(text),
                    (_, None) => return Err(missing(purpose, "message, the new text")),
                };
                Call::Revise(Revise { chat, seq, text, client_id: wire.client_id })
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
            other => match (FileCall::read(other, json).map_err(bad)?, AccountCall::parse(other, json)) {
                (Some(call), _) => Call::File(call),
                (None, Some(call)) => Call::Account(call?),
                (None, None) => {
                    let other: String = other.chars().take(40).collect();
                    let text = format!("there is no request {other:?}: docs/PROTOCOL.md lists them");
                    return Err(Problem::new(Code::UnknownPurpose, text));
                }
            },
        };
        Ok(Self { id, call })
    }
}
