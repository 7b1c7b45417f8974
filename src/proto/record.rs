//! Records: what lasts. One record is one JSON object, one line of `history.json`, and one frame to each reader, all
//! of the same bytes. Its last field is a checksum over what stands before it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::frame::{self, HEADER_BYTES};
use super::ids::{ChatId, ClientId, Millis, Seq, UserId};
use super::limits::PREVIEW_MAX_BYTES;
use super::purpose;

/// `,"crc":"` + eight hexadecimal digits + `"}`.
const CRC_FIELD_BYTES: usize = 18;
const CRC_FIELD: &[u8] = b",\"crc\":\"";

/// A message from one account to another. Names are those of the time of writing, for people who read the file; the
/// numbers decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "receive_message")]
pub struct Message<'a> {
    /// Place in the log.
    pub seq: Seq,
    /// When the server took it, never earlier than the record before.
    pub at: Millis,
    /// The author.
    pub from: UserId,
    /// The receiver.
    pub to: UserId,
    /// The author's name then.
    #[serde(borrow)]
    pub from_user: Cow<'a, str>,
    /// The receiver's name then.
    #[serde(borrow)]
    pub to_user: Cow<'a, str>,
    /// The author's number for it, if the author's program numbers its sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The text.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
}

impl Message<'_> {
    /// The chat that it stands in.
    pub fn chat(&self) -> ChatId {
        ChatId::direct(self.from, self.to)
    }
}

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
    /// The other side of the chat.
    pub with: UserId,
    /// Everything up to here has been seen.
    pub upto: Seq,
}

impl Read {
    /// The chat that was read.
    pub fn chat(&self) -> ChatId {
        ChatId::direct(self.by, self.with)
    }
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

/// Everything that can stand in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A message.
    Message(Message<'a>),
    /// A read marker.
    Read(Read),
    /// A delivery marker.
    Delivered(Delivered),
    /// Somebody left.
    LastSeen(LastSeen),
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
            "read_message" => Ok(Self::Read(serde_json::from_slice(json)?)),
            "delivered_message" => Ok(Self::Delivered(serde_json::from_slice(json)?)),
            "last_seen" => Ok(Self::LastSeen(serde_json::from_slice(json)?)),
            other => Err(RecordError::Unknown(other.chars().take(40).collect())),
        }
    }

    /// Place in the log.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Message(message) => message.seq,
            Self::Read(read) => read.seq,
            Self::Delivered(delivered) => delivered.seq,
            Self::LastSeen(seen) => seen.seq,
        }
    }

    /// When the server took it.
    pub fn at(&self) -> Millis {
        match self {
            Self::Message(message) => message.at,
            Self::Read(read) => read.at,
            Self::Delivered(delivered) => delivered.at,
            Self::LastSeen(seen) => seen.at,
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

    fn message() -> Record<'static> {
        Record::Message(Message {
            seq: Seq(7),
            at: Millis(1_763_712_000_123),
            from: UserId(1),
            to: UserId(2),
            from_user: "Alice".into(),
            to_user: "Bob".into(),
            client_id: Some("d:3".parse().unwrap()),
            message: "one \"line\"\nand שלום 👋".into(),
        })
    }

    #[test]
    fn a_record_is_one_line_of_json_that_reads_back() {
        let read = Record::Read(Read { seq: Seq(8), at: Millis(5), by: UserId(2), with: UserId(1), upto: Seq(7) });
        let delivered = Record::Delivered(Delivered { seq: Seq(9), at: Millis(6), by: UserId(2), upto: Seq(7) });
        let seen = Record::LastSeen(LastSeen { seq: Seq(10), at: Millis(7), user: UserId(2) });
        for record in [message(), read, delivered, seen] {
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
