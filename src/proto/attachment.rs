//! Files that messages carry: what a message says of one, and the requests that move its bytes.
//!
//! A file comes to the server before the message that carries it, in pieces of at most
//! [`FILE_CHUNK_MAX_BYTES`](super::limits::FILE_CHUNK_MAX_BYTES), and is fetched in such pieces by those who may see the
//! message.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::Seq;
use super::limits::{FILE_CHUNK_MAX_BYTES, FILE_NAME_MAX_BYTES, IMAGE_MAX_SIDE};

/// A file on the server: 128 random bits, so that nobody finds one by guessing. In JSON 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u128);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no number of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file is named by 32 hexadecimal digits in lower case, as upload_file gave them out")]
pub struct NoFileId;

impl FromStr for FileId {
    type Err = NoFileId;
    fn from_str(text: &str) -> Result<Self, NoFileId> {
        let fits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let id = fits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        id.map(Self).ok_or(NoFileId)
    }
}

impl Serialize for FileId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a file is called: 1 to 255 bytes, no part of a path, nothing that breaks a line. It is shown and offered when
/// the file is saved; the server stores under the [`FileId`] alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

/// A text that no file can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file's name has 1 to {FILE_NAME_MAX_BYTES} bytes, is no path, and has no control characters")]
pub struct BadFileName;

impl FileName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`BadFileName`].
    pub fn new(name: &str) -> Result<Self, BadFileName> {
        let fits = (1..=FILE_NAME_MAX_BYTES).contains(&name.len()) && !matches!(name, "." | "..");
        let bad = |c: char| c.is_control() || matches!(c, '/' | '\\' | '\u{2028}' | '\u{2029}');
        if fits && name.trim() == name && !name.chars().any(bad) { Ok(Self(name.into())) } else { Err(BadFileName) }
    }

    /// The nearest name to what a file is called on somebody's disk: what cannot be in one is left out, and it is cut.
    pub fn nearest(name: &str) -> Self {
        let good = |c: &char| !c.is_control() && !matches!(c, '/' | '\\' | '\u{2028}' | '\u{2029}');
        let name: String = name.chars().filter(good).collect();
        let name = name[..name.floor_char_boundary(FILE_NAME_MAX_BYTES)].trim();
        Self::new(name).unwrap_or_else(|_| Self("file".into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FileName {
    type Error = BadFileName;
    fn try_from(name: String) -> Result<Self, BadFileName> {
        Self::new(&name)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

/// How large a picture is, in its own pixels: its place is kept free before it is there. What its sender says; whoever
/// decodes it looks for oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ImageSizeWire")]
pub struct ImageSize {
    /// At least 1, at most [`IMAGE_MAX_SIDE`].
    pub width: u32,
    /// At least 1, at most [`IMAGE_MAX_SIDE`].
    pub height: u32,
}

#[derive(Deserialize)]
struct ImageSizeWire {
    width: u32,
    height: u32,
}

impl ImageSize {
    /// Takes the size of a picture; nothing if it is none that is shown.
    pub fn new(width: u32, height: u32) -> Option<Self> {
        let fits = |side: u32| (1..=IMAGE_MAX_SIDE).contains(&side);
        (fits(width) && fits(height)).then_some(Self { width, height })
    }
}

impl TryFrom<ImageSizeWire> for ImageSize {
    type Error = String;
    fn try_from(wire: ImageSizeWire) -> Result<Self, String> {
        let error = || format!("a picture has sides of 1 to {IMAGE_MAX_SIDE} pixels");
        Self::new(wire.width, wire.height).ok_or_else(error)
    }
}

/// What a message says of the file that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where it is on the server.
    pub file: FileId,
    /// What it is called.
    pub name: FileName,
    /// How long it is, in bytes.
    pub size: u64,
    /// How large it is, if it is a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSize>,
}

/// Some bytes of a file. In JSON Base64 with its padding (RFC 4648, section 4).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Chunk(pub Vec<u8>);

/// Bytes of a file are nobody's business.
impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl Serialize for Chunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Chunk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        if bytes.len() > FILE_CHUNK_MAX_BYTES {
            let text = format!("a piece of a file has at most {FILE_CHUNK_MAX_BYTES} bytes");
            return Err(serde::de::Error::custom(text));
        }
        Ok(Self(bytes))
    }
}

/// What is asked about the bytes of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum FileCall {
    /// Begin to send a file, or go on with one that this account has begun.
    UploadFile {
        /// How long it is, in bytes.
        size: u64,
        /// The one that was begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileId>,
    },
    /// The next piece. It begins where the last one ended.
    UploadChunk {
        /// Of which file.
        file: FileId,
        /// Where it stands in it, in bytes from its beginning.
        offset: u64,
        /// The piece.
        data: Chunk,
    },
    /// A file that was begun is not to be.
    CancelUpload {
        /// Which.
        file: FileId,
    },
    /// Ask for a piece of a file that a message carries.
    FetchFile {
        /// Which.
        file: FileId,
        /// Where the piece begins, in bytes.
        offset: u64,
    },
}

impl FileCall {
    /// The field `purpose` of the request and of its reply.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::UploadFile { .. } => "upload_file",
            Self::UploadChunk { .. } => "upload_chunk",
            Self::CancelUpload { .. } => "cancel_upload",
            Self::FetchFile { .. } => "fetch_file",
        }
    }

    /// Reads the fields of a request with that purpose; nothing if the purpose is none of these.
    ///
    /// # Errors
    /// That of the JSON.
    pub(super) fn read(purpose: &str, json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        match purpose {
            "upload_file" | "upload_chunk" | "cancel_upload" | "fetch_file" => serde_json::from_slice(json).map(Some),
            _ => Ok(None),
        }
    }
}

/// The reply to `upload_file`, `upload_chunk` and `cancel_upload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Which file.
    pub file: FileId,
    /// Where the next piece begins: everything before it is on the disk. At the end it is the file's length, and a message
    /// can carry the file.
    pub offset: u64,
}

/// The reply to `fetch_file`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// Which file.
    pub file: FileId,
    /// Where the piece begins.
    pub offset: u64,
    /// How long the file is, in bytes.
    pub size: u64,
    /// The piece; empty at the end alone.
    pub data: Chunk,
}

/// A message as it is now, where that is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// The place of the change in the log: a later one counts.
    pub seq: Seq,
    /// When the server took it.
    pub at: super::ids::Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_says_of_a_file_reads_back_and_nothing_else_does() {
        let file = FileId(0xabc);
        let image = ImageSize::new(640, 480);
        let attachment = Attachment { file, name: FileName::new("Plan B.png").unwrap(), size: 9, image };
        let json = serde_json::to_string(&attachment).unwrap();
        assert_eq!(
            json,
            r#"{"file":"00000000000000000000000000000abc","name":"Plan B.png","size":9,"image":{"width":640,"height":480}}"#
        );
        assert_eq!(serde_json::from_str::<Attachment>(&json).unwrap(), attachment);
        for (from, to) in [
            ("Plan B.png", "../users.json"),
            ("Plan B.png", ""),
            ("Plan B.png", "a\\nb"),
            ("640", "0"),
            ("640", "70000"),
            ("0abc", "0ABC"),
            ("0abc", "abc"),
        ] {
            assert!(serde_json::from_str::<Attachment>(&json.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn any_name_of_a_file_has_one_near_to_it() {
        for (name, near) in [("a/b\n.txt", "ab.txt"), ("..", "file"), (" x ", "x"), ("\u{7}", "file")] {
            assert_eq!(FileName::nearest(name).as_str(), near);
        }
        assert_eq!(FileName::nearest(&"é".repeat(200)).as_str().len(), 254);
    }

    #[test]
    fn a_piece_is_base64_and_not_too_long() {
        let chunk = Chunk(vec![0, 255, 7]);
        assert_eq!(serde_json::to_string(&chunk).unwrap(), r#""AP8H""#);
        assert_eq!(serde_json::from_str::<Chunk>(r#""AP8H""#).unwrap(), chunk);
        assert!(serde_json::from_str::<Chunk>(r#""A""#).is_err());
        let long = serde_json::to_string(&Chunk(vec![0; FILE_CHUNK_MAX_BYTES + 1])).unwrap();
        assert!(serde_json::from_str::<Chunk>(&long).is_err());
    }
}
