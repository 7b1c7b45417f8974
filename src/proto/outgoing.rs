//! The requests as our own client writes them. What each is for stands in [`super::request`].

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::attachment::{Attachment, FileCall};
use super::chat::{ChatKey, GroupId, Past};
use super::event::Status;
use super::ids::{DeviceId, RequestId, Seq, UserId};

/// A request.
#[derive(Serialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Outgoing<'a> {
    /// See [`super::request::Login`].
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
    /// See [`super::request::SendMessage`].
    SendMessage {
        /// Comes back in the reply.
        id: RequestId,
        /// For whom.
        #[serde(flatten)]
        to: SendTo<'a>,
        /// The device and number of the send.
        client_id: &'a ClientIdText<'a>,
        /// The message that it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// The file that it carries.
        #[serde(skip_serializing_if = "Option::is_none")]
        attachment: Option<&'a Attachment>,
        /// The text.
        message: &'a str,
    },
    /// See [`super::request::Revise`].
    EditMessage {
        /// Comes back in the reply.
        id: RequestId,
        /// Which chat.
        #[serde(flatten)]
        chat: ChatKey,
        /// Which message.
        seq: Seq,
        /// The device and number of the change.
        client_id: &'a ClientIdText<'a>,
        /// The new text.
        message: &'a str,
    },
    /// See [`super::request::Revise`].
    DeleteMessage {
        /// Comes back in the reply.
        id: RequestId,
        /// Which chat.
        #[serde(flatten)]
        chat: ChatKey,
        /// Which message.
        seq: Seq,
        /// The device and number of the change.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::FetchHistory`].
    FetchHistory {
        /// Comes back in the reply.
        id: RequestId,
        /// Which chat.
        #[serde(flatten)]
        chat: ChatKey,
        /// Only what stands before this place.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// How many entries at most.
        limit: usize,
        /// Only messages that carry a file.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        attachments: bool,
    },
    /// See [`super::request::MarkRead`].
    MarkRead {
        /// Comes back in the reply.
        id: RequestId,
        /// Which chat.
        #[serde(flatten)]
        chat: ChatKey,
        /// The last message that was seen.
        seq: Seq,
    },
    /// See [`super::request::Call::MarkDelivered`].
    MarkDelivered {
        /// Everything up to here has arrived.
        seq: Seq,
    },
    /// See [`super::request::Call::Typing`].
    Typing {
        /// Where.
        #[serde(flatten)]
        chat: ChatKey,
    },
    /// See [`super::request::Call::SetStatus`].
    SetStatus {
        /// Whether this window is in use.
        status: Status,
    },
    /// See [`super::request::Call::FetchReceipts`].
    FetchReceipts {
        /// Which chat.
        #[serde(flatten)]
        chat: ChatKey,
        /// Which message.
        seq: Seq,
    },
    /// See [`super::request::Call::SetReadReceipts`].
    SetReadReceipts {
        /// Whether others may know what was read.
        on: bool,
    },
    /// See [`super::request::Call::MuteChat`].
    MuteChat {
        /// Which chat.
        #[serde(flatten)]
        chat: ChatKey,
        /// Whether it is to leave its reader alone.
        muted: bool,
    },
    /// See [`super::request::GroupCall::Create`].
    CreateGroup {
        /// Comes back in the reply.
        id: RequestId,
        /// Its name.
        name: &'a str,
        /// Who is in it beside its maker.
        members: &'a [UserId],
        /// What later members can read.
        history: Past,
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::GroupCall::Rename`].
    RenameGroup {
        /// Comes back in the reply.
        id: RequestId,
        /// Which.
        group: GroupId,
        /// Its new name.
        name: &'a str,
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::GroupCall::Add`].
    AddMembers {
        /// Comes back in the reply.
        id: RequestId,
        /// Where.
        group: GroupId,
        /// Who.
        members: &'a [UserId],
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::GroupCall::Remove`].
    RemoveMember {
        /// Comes back in the reply.
        id: RequestId,
        /// Where.
        group: GroupId,
        /// Who.
        member: UserId,
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::GroupCall::HandOver`].
    HandOverGroup {
        /// Comes back in the reply.
        id: RequestId,
        /// Which.
        group: GroupId,
        /// The new owner.
        member: UserId,
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::GroupCall::Leave`].
    LeaveGroup {
        /// Comes back in the reply.
        id: RequestId,
        /// Which.
        group: GroupId,
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::GroupCall::Delete`].
    DeleteGroup {
        /// Comes back in the reply.
        id: RequestId,
        /// Which.
        group: GroupId,
        /// The device and number of the request.
        client_id: &'a ClientIdText<'a>,
    },
    /// See [`super::request::Call::Exit`].
    Exit,
}

/// A request about the bytes of a file, with its number.
#[derive(Debug, Serialize)]
pub struct FileRequest<'a> {
    /// Comes back in the reply.
    pub id: RequestId,
    /// What is asked.
    #[serde(flatten)]
    pub call: &'a FileCall,
}

/// Where a message goes, as one field of the request.
#[derive(Clone, Copy, Debug)]
pub enum SendTo<'a> {
    /// To a chat.
    Chat(ChatKey),
    /// To each of these people.
    Many(&'a [UserId]),
}

impl Serialize for SendTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("SendTo", 1)?;
        match self {
            Self::Chat(ChatKey::Everyone) => fields.serialize_field("everyone", &true)?,
            Self::Chat(ChatKey::Group(group)) => fields.serialize_field("group", group)?,
            Self::Chat(ChatKey::Person(to)) => fields.serialize_field("to", to)?,
            Self::Many(people) => fields.serialize_field("to_many", people)?,
        }
        fields.end()
    }
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
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.device.as_str(), self.n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::request::{Call, ChatRef, Peer, Receivers, Request};

    #[test]
    fn what_our_client_writes_is_what_the_server_reads() {
        let device = DeviceId::new("d1").unwrap();
        let client_id = &ClientIdText { device: &device, n: 4 };
        let people = [UserId(2), UserId(3)];
        for (to, read) in [
            (SendTo::Chat(ChatKey::Person(UserId(2))), Receivers::One(ChatRef::Person(Peer::Id(UserId(2))))),
            (SendTo::Chat(ChatKey::Group(GroupId(7))), Receivers::One(ChatRef::Group(GroupId(7)))),
            (SendTo::Chat(ChatKey::Everyone), Receivers::One(ChatRef::Everyone)),
            (SendTo::Many(&people), Receivers::Many(people.map(Peer::Id).to_vec())),
        ] {
            let json = serde_json::to_vec(&Outgoing::SendMessage {
                id: 4,
                to,
                client_id,
                reply_to: None,
                attachment: None,
                message: "hi",
            })
            .unwrap();
            let request = Request::parse(&json).unwrap();
            assert_eq!(request.id, Some(4));
            let Call::SendMessage(send) = request.call else { panic!() };
            assert_eq!((send.to, send.client_id.unwrap().to_string()), (read, "d1:4".into()));
        }
        let (id, group, member, chat) = (1, GroupId(7), UserId(2), ChatKey::Group(GroupId(7)));
        for other in [
            Outgoing::Exit,
            Outgoing::MarkRead { id, chat: ChatKey::Person(member), seq: Seq(3) },
            Outgoing::MarkRead { id, chat: ChatKey::Everyone, seq: Seq(3) },
            Outgoing::MarkDelivered { seq: Seq(3) },
            Outgoing::Typing { chat },
            Outgoing::SetStatus { status: Status::Away },
            Outgoing::FetchHistory { id, chat, before: None, limit: 5, attachments: true },
            Outgoing::EditMessage { id, chat, seq: Seq(3), client_id, message: "so" },
            Outgoing::DeleteMessage { id, chat, seq: Seq(3), client_id },
            Outgoing::FetchReceipts { chat, seq: Seq(3) },
            Outgoing::SetReadReceipts { on: false },
            Outgoing::MuteChat { chat, muted: true },
            Outgoing::CreateGroup { id, name: "x", members: &people, history: Past::All, client_id },
            Outgoing::RenameGroup { id, group, name: "y", client_id },
            Outgoing::AddMembers { id, group, members: &people, client_id },
            Outgoing::RemoveMember { id, group, member, client_id },
            Outgoing::HandOverGroup { id, group, member, client_id },
            Outgoing::LeaveGroup { id, group, client_id },
            Outgoing::DeleteGroup { id, group, client_id },
        ] {
            Request::parse(&serde_json::to_vec(&other).unwrap()).unwrap();
        }
    }
}
