//! Records: what lasts. One record is one JSON object, one line of `history.json`, and one frame to each reader, all
//! of the same bytes. Its last field is a checksum over what stands before it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::chat::{Change, ChatId, ChatKey, GroupId};
use super::frame::{self, HEADER_BYTES};
use super::ids::{ClientId, Millis, Seq, UserId};
use super::limits::PREVIEW_MAX_BYTES;
pub use super::message::{Deleted, Edited, Message, To, ToMany};
use super::purpose;

/// `,"crc":"` + eight hexadecimal digits + `"}`.
const CRC_FIELD_BYTES: usize = 18;
const CRC_FIELD: &[u8] = b",\"crc\":\"";

/// An account has seen a chat up to a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "read_message")]
pub struct Read {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Who has read.
    pub by: UserId,
    /// The chat, as that account knows it.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// Everything up to here has been seen.
    pub upto: Seq,
}

/// Everything for an account up to a place has reached one of its devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "delivered_message")]
pub struct Delivered {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Whose device it reached.
    pub by: UserId,
    /// Everything up to here.
    pub upto: Seq,
}

/// An account's last window was closed, or lost; `at` is when it was last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "last_seen")]
pub struct LastSeen {
    /// Place in the log.
    pub seq: Seq,
    /// When it was last seen.
    pub at: Millis,
    /// Who left.
    pub user: UserId,
}

/// Something happened to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "group_changed")]
pub struct GroupChange<'a> {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Which group; of a new one the place of this record.
    pub group: GroupId,
    /// Who did it.
    pub by: UserId,
    /// Their name then.
    #[serde(borrow)]
    pub by_user: Cow<'a, str>,
    /// Their program's number for it, if it numbers what it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// An account is there, or has another name than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "account")]
pub struct Account<'a> {
    /// Place in the log.
    pub seq: Seq,
    /// When the server noticed it in `users.json`.
    pub at: Millis,
    /// Which.
    pub user: UserId,
    /// Its name.
    #[serde(borrow)]
    pub username: Cow<'a, str>,
}

/// An account is gone. What it said stays; its groups go on without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "account_removed")]
pub struct AccountRemoved {
    /// Place in the log.
    pub seq: Seq,
    /// When the server noticed it.
    pub at: Millis,
    /// Which.
    pub user: UserId,
}

/// An account lets others know what it has read, or does not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "read_receipts")]
pub struct ReadReceipts {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Whose setting.
    pub by: UserId,
    /// Whether they are sent, and shown to it.
    pub on: bool,
}

/// An account wants to be left alone by a chat, or does not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "chat_muted")]
pub struct Muted {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Whose setting.
    pub by: UserId,
    /// The chat, as that account knows it.
    #[serde(flatten)]
    pub chat: ChatKey,
    /// Whether it is muted.
    pub muted: bool,
}

/// Everything that can stand in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A message in a chat.
    Message(Message<'a>),
    /// A message to several people.
    ToMany(ToMany<'a>),
    /// A message has another text.
    Edited(Edited<'a>),
    /// A message was taken back.
    Deleted(Deleted),
    /// Something happened to a group.
    Group(GroupChange<'a>),
    /// A read marker.
    Read(Read),
    /// A delivery marker.
    Delivered(Delivered),
    /// Somebody left.
    LastSeen(LastSeen),
    /// An account is there.
    Account(Account<'a>),
    /// An account is gone.
    AccountRemoved(AccountRemoved),
    /// A setting of an account.
    ReadReceipts(ReadReceipts),
    /// A setting of an account for a chat.
    Muted(Muted),
}

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The checksum is missing or in the wrong form.
    #[error("it does not end with its checksum field \"crc\"")]
    NoChecksum,
    /// The bytes are not those that were written.
    #[error("its checksum says {stored}, its bytes give {computed:08x}: it was changed or damaged")]
    Checksum {
        /// The digits in the line.
        stored: String,
        /// The checksum of the line's bytes.
        computed: u32,
    },
    /// Intact, but not a record that this version knows.
    #[error("it is not a record that this version of Parlor knows ({0})")]
    Unknown(String),
    /// Intact, but not JSON of that record.
    #[error("it is not the JSON of a record: {0}")]
    Json(#[from] serde_json::Error),
}

impl<'a> Record<'a> {
    /// Reads a record from the JSON of a line or a frame, its checksum included.
    ///
    /// # Errors
    /// [`RecordError`], which completes the sentence "the record cannot be used:".
    pub fn parse(json: &'a [u8]) -> Result<Self, RecordError> {
        verify(json)?;
        match purpose::of(json)?.as_ref() {
            "receive_message" => Ok(Self::Message(serde_json::from_slice(json)?)),
            "message_to_many" => Ok(Self::ToMany(serde_json::from_slice(json)?)),
            "message_edited" => Ok(Self::Edited(serde_json::from_slice(json)?)),
            "message_deleted" => Ok(Self::Deleted(serde_json::from_slice(json)?)),
            "group_changed" => Ok(Self::Group(serde_json::from_slice(json)?)),
            "read_message" => Ok(Self::Read(serde_json::from_slice(json)?)),
            "delivered_message" => Ok(Self::Delivered(serde_json::from_slice(json)?)),
            "last_seen" => Ok(Self::LastSeen(serde_json::from_slice(json)?)),
            "account" => Ok(Self::Account(serde_json::from_slice(json)?)),
            "account_removed" => Ok(Self::AccountRemoved(serde_json::from_slice(json)?)),
            "read_receipts" => Ok(Self::ReadReceipts(serde_json::from_slice(json)?)),
            "chat_muted" => Ok(Self::Muted(serde_json::from_slice(json)?)),
            other => Err(RecordError::Unknown(other.chars().take(40).collect())),
        }
    }

    /// Place and time.
    fn stamp(&self) -> (Seq, Millis) {
        match self {
            Self::Message(it) => (it.seq, it.at),
            Self::ToMany(it) => (it.seq, it.at),
            Self::Edited(it) => (it.seq, it.at),
            Self::Deleted(it) => (it.seq, it.at),
            Self::Group(it) => (it.seq, it.at),
            Self::Read(it) => (it.seq, it.at),
            Self::Delivered(it) => (it.seq, it.at),
            Self::LastSeen(it) => (it.seq, it.at),
            Self::Account(it) => (it.seq, it.at),
            Self::AccountRemoved(it) => (it.seq, it.at),
            Self::ReadReceipts(it) => (it.seq, it.at),
            Self::Muted(it) => (it.seq, it.at),
        }
    }

    /// Place in the log.
    pub fn seq(&self) -> Seq {
        self.stamp().0
    }

    /// When the server took it.
    pub fn at(&self) -> Millis {
        self.stamp().1
    }

    /// The account and number of the send that it stores, if it was numbered.
    pub fn send(&self) -> Option<(UserId, &ClientId)> {
        let (by, id) = match self {
            Self::Message(it) => (it.from, &it.client_id),
            Self::ToMany(it) => (it.from, &it.client_id),
            Self::Edited(it) => (it.by, &it.client_id),
            Self::Deleted(it) => (it.by, &it.client_id),
            Self::Group(it) => (it.by, &it.client_id),
            _ => return None,
        };
        id.as_ref().map(|id| (by, id))
    }

    /// The message that it changes or takes back, if it does.
    pub fn revises(&self) -> Option<(ChatId, Seq)> {
        match self {
            Self::Edited(it) => Some((it.chat.id_for(it.by), it.message_seq)),
            Self::Deleted(it) => Some((it.chat.id_for(it.by), it.message_seq)),
            _ => None,
        }
    }

    /// Appends the record to `buffer` as a frame; [`json_of_frame`] of it is the line on disk.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        frame::encode(buffer, |json| {
            let start = json.len();
            match self {
                Self::Message(message) => serde_json::to_writer(&mut *json, message),
                Self::Read(read) => serde_json::to_writer(&mut *json, read),
                Self::Delivered(delivered) => serde_json::to_writer(&mut *json, delivered),
                Self::LastSeen(seen) => serde_json::to_writer(&mut *json, seen),
                Self::ToMany(many) => serde_json::to_writer(&mut *json, many),
                Self::Edited(edited) => serde_json::to_writer(&mut *json, edited),
                Self::Deleted(deleted) => serde_json::to_writer(&mut *json, deleted),
                Self::Group(change) => serde_json::to_writer(&mut *json, change),
                Self::Account(account) => serde_json::to_writer(&mut *json, account),
                Self::AccountRemoved(removed) => serde_json::to_writer(&mut *json, removed),
                Self::ReadReceipts(setting) => serde_json::to_writer(&mut *json, setting),
                Self::Muted(setting) => serde_json::to_writer(&mut *json, setting),
            }
            .expect("records have string keys and a Vec takes every byte");
            seal(json, start);
        });
    }
}

/// Puts the checksum field into the JSON object that begins at `start` and ends the buffer.
pub fn seal(buffer: &mut Vec<u8>, start: usize) {
    buffer.pop();
    let crc = crc32fast::hash(&buffer[start..]);
    buffer.extend_from_slice(CRC_FIELD);
    buffer.extend((0..8).rev().map(|nibble| b"0123456789abcdef"[(crc >> (4 * nibble)) as usize & 15]));
    buffer.extend_from_slice(b"\"}");
}

/// Where the JSON of a record ends in a line that has something else behind it. No text can hold what is looked for: a
/// quotation mark within a text has a backslash before it.
pub fn end_of_json(line: &[u8]) -> Option<usize> {
    let at = line.windows(CRC_FIELD.len()).position(|window| window == CRC_FIELD)?;
    Some(at + CRC_FIELD_BYTES).filter(|end| *end <= line.len())
}

/// Checks the checksum of a sealed JSON object.
///
/// # Errors
/// [`RecordError::NoChecksum`] or [`RecordError::Checksum`].
pub fn verify(json: &[u8]) -> Result<(), RecordError> {
    let (body, field) =
        json.len().checked_sub(CRC_FIELD_BYTES).map(|at| json.split_at(at)).ok_or(RecordError::NoChecksum)?;
    let digits = field
        .strip_prefix(CRC_FIELD)
        .and_then(|rest| rest.strip_suffix(b"\"}"))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .ok_or(RecordError::NoChecksum)?;
    let computed = crc32fast::hash(body);
    if u32::from_str_radix(digits, 16) != Ok(computed) {
        return Err(RecordError::Checksum { stored: digits.into(), computed });
    }
    Ok(())
}

/// The beginning of a message's text, as lists of chats show it, cut between characters.
pub fn preview(text: &str) -> &str {
    &text[..text.floor_char_boundary(PREVIEW_MAX_BYTES)]
}

/// The JSON within a whole frame that we wrote.
pub fn json_of_frame(frame: &[u8]) -> &[u8] {
    &frame[HEADER_BYTES..frame.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::attachment::{Attachment, Edition, FileId, FileName, ImageSize};
    use crate::proto::chat::{GroupName, Past};

    fn message() -> Record<'static> {
        Record::Message(Message {
            seq: Seq(7),
            at: Millis(1_763_712_000_123),
            from: UserId(1),
            from_user: "Alice".into(),
            to: To::Person(UserId(2), "Bob".into()),
            mentions: Default::default(),
            client_id: Some("d:3".parse().unwrap()),
            reply_to: None,
            attachment: None,
            edited: None,
            deleted: false,
            message: "one \"line\"\nand שלום 👋".into(),
        })
    }

    #[test]
    fn a_record_is_one_line_of_json_that_reads_back() {
        let (seq, at, by, group) = (Seq(8), Millis(5), UserId(2), GroupId(6));
        let read = |chat| Record::Read(Read { seq, at, by, chat, upto: Seq(7) });
        let change = |change| {
            let client_id = "d:9".parse().ok();
            Record::Group(GroupChange { seq, at, group, by, by_user: "Bob".into(), client_id, change })
        };
        let to = |to, mentions| {
            let Record::Message(message) = message() else { unreachable!() };
            Record::Message(Message { to, mentions, ..message })
        };
        let name = GroupName::new("Weekend hike").unwrap();
        let with = |reply_to, attachment, edited, deleted| {
            let Record::Message(message) = message() else { unreachable!() };
            Record::Message(Message { reply_to, attachment, edited, deleted, ..message })
        };
        let attachment = || {
            let image = ImageSize::new(640, 480);
            Attachment { file: FileId(7), name: FileName::new("plan.png").unwrap(), size: 9, image }
        };
        for record in [
            message(),
            to(To::Group(group), vec![by].into()),
            to(To::Everyone, Default::default()),
            Record::ToMany(ToMany {
                seq,
                at,
                from: by,
                to_many: vec![UserId(1), UserId(3)],
                from_user: "Bob".into(),
                client_id: None,
                attachment: Some(attachment()),
                message: "to both".into(),
            }),
            with(Some(Seq(3)), Some(attachment()), None, false),
            with(None, None, Some(Edition { seq: Seq(9), at: Millis(6) }), false),
            with(None, None, None, true),
            Record::Edited(Edited {
                seq,
                at,
                by,
                chat: ChatKey::Group(group),
                message_seq: Seq(5),
                client_id: "d:4".parse().ok(),
                mentions: vec![UserId(1)].into(),
                message: "better \"so\"".into(),
            }),
            Record::Deleted(Deleted {
                seq,
                at,
                by,
                chat: ChatKey::Person(UserId(1)),
                message_seq: Seq(5),
                client_id: None,
            }),
            change(Change::Created { name: name.clone(), members: vec![by], history: Past::All }),
            change(Change::Renamed { name }),
            change(Change::Added { members: vec![UserId(1)] }),
            change(Change::Removed { member: UserId(1) }),
            change(Change::Left { owner: None }),
            change(Change::HandedOver { owner: UserId(1) }),
            change(Change::Deleted),
            read(ChatKey::Person(UserId(1))),
            read(ChatKey::Group(group)),
            read(ChatKey::Everyone),
            Record::Delivered(Delivered { seq, at, by, upto: Seq(7) }),
            Record::LastSeen(LastSeen { seq, at, user: by }),
            Record::Account(Account { seq, at, user: by, username: "Bob".into() }),
            Record::AccountRemoved(AccountRemoved { seq, at, user: by }),
            Record::ReadReceipts(ReadReceipts { seq, at, by, on: false }),
            Record::Muted(Muted { seq, at, by, chat: ChatKey::Group(group), muted: true }),
        ] {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            let json = json_of_frame(&bytes);
            assert!(!json.contains(&b'\n'));
            assert!(serde_json::from_slice::<serde_json::Value>(json).unwrap()["crc"].is_string());
            assert_eq!(Record::parse(json).unwrap(), record);
        }
    }

    #[test]
    fn the_line_of_a_message_is_as_documented() {
        let mut bytes = Vec::new();
        message().encode(&mut bytes);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "$187       {\"purpose\":\"receive_message\",\"seq\":7,\"at\":1763712000123,\"from\":1,\"to\":2,\
             \"from_user\":\"Alice\",\"to_user\":\"Bob\",\"client_id\":\"d:3\",\
             \"message\":\"one \\\"line\\\"\\nand שלום 👋\",\"crc\":\"b1c0377f\"}$"
        );
    }

    #[test]
    fn a_preview_is_cut_between_characters() {
        let text = "é".repeat(PREVIEW_MAX_BYTES);
        assert_eq!(preview(&text).len(), PREVIEW_MAX_BYTES);
        assert_eq!(preview(&text[..PREVIEW_MAX_BYTES]).len(), PREVIEW_MAX_BYTES);
        assert_eq!(preview(&format!("a{text}")).len(), PREVIEW_MAX_BYTES - 1);
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let mut bytes = Vec::new();
        message().encode(&mut bytes);
        let json = json_of_frame(&bytes).to_vec();
        for bit in 0..json.len() * 8 {
            let mut damaged = json.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // The hexadecimal digits of the checksum may change case and still say the same.
            if !damaged.eq_ignore_ascii_case(&json) || damaged[..json.len() - 18] != json[..json.len() - 18] {
                assert!(Record::parse(&damaged).is_err(), "bit {bit}");
            }
        }
    }
}
