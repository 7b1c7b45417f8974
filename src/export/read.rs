//! Reads an exported JSON. What comes in was perhaps not written by this program: everything is checked, and what is wrong
//! is said in words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::json::{FORMAT, VERSION};
use super::{Answered, Entry, Export, Head};

/// The longest file that is opened, in bytes: half a million messages of usual length. It is in memory as a whole.
pub const IMPORT_MAX_BYTES: u64 = 128 << 20;

/// The longest text of a message that is opened, in bytes; servers take less. It is laid out as a whole.
const TEXT_MAX_BYTES: usize = 256 << 10;

#[derive(Deserialize)]
struct Above {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
struct File {
    chat: String,
    exported_by: String,
    exported_at: Option<Timestamped>,
    #[serde(default)]
    complete: bool,
    messages: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    at: Option<Timestamped>,
    from: Arc<str>,
    #[serde(default)]
    text: Arc<str>,
    #[serde(default)]
    change: Option<Arc<str>>,
    #[serde(default)]
    reply_to: Option<u64>,
    #[serde(default)]
    file: Option<Arc<str>>,
    #[serde(default)]
    edited: bool,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Timestamped(Timestamp);

impl TryFrom<String> for Timestamped {
    type Error = jiff::Error;
    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse().map(Self)
    }
}

/// The export in the bytes of a file.
///
/// # Errors
/// What is wrong with it and what to do, in a sentence or two.
pub fn read(bytes: &[u8]) -> Result<Export, String> {
    // Editors on Windows put this mark in front.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    const OTHER: &str = "This file is not a chat that was exported as JSON. Choose another one.";
    // First, whether it is JSON from its beginning to its end, then what it says it is.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        let begun = bytes.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes());
        return Err(match (begun, error.is_eof()) {
            (true, true) => "The end of this export is missing. Copy the file again from where it came.".into(),
            (true, false) => {
                format!("This export is damaged in line {}. Copy it again from where it came.", error.line())
            }
            (false, _) => OTHER.into(),
        });
    }
    let above: Above = serde_json::from_slice(bytes).map_err(|_| OTHER.to_owned())?;
    if above.format != FORMAT {
        return Err(OTHER.into());
    }
    if above.version > VERSION {
        return Err("This export was made by a newer version of Parlor. Open it with that one.".into());
    }
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| format!("This export was changed and cannot be read: line {} is wrong.", error.line()))?;
    let long = |line: &Line| {
        let length = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        line.text.len().max(line.from.len()).max(length(&line.change)).max(length(&line.file)) > TEXT_MAX_BYTES
    };
    if let Some(at) = file.messages.iter().position(long) {
        return Err(format!("This export was changed and cannot be read: message {} in it is too long.", at + 1));
    }
    let entries = file.messages.into_iter().map(|line| Entry {
        seq: line.seq,
        at: line.at.map(|at| at.0),
        from: line.from,
        text: line.text,
        change: line.change,
        answers: line.reply_to.map(|seq| Answered { seq, said: None }),
        file: line.file,
        edited: line.edited,
        deleted: line.deleted,
    });
    let mut entries: Vec<Entry> = entries.collect();
    resolve(&mut entries);
    let at = file.exported_at.map(|at| at.0);
    let head = Head { chat: file.chat, by: file.exported_by, at, complete: file.complete };
    Ok(Export { head, entries })
}

/// Finds what is answered among what stands in the file.
fn resolve(entries: &mut [Entry]) {
    let wanted: BTreeSet<u64> = entries.iter().filter_map(|entry| Some(entry.answers.as_ref()?.seq)).collect();
    let found = entries.iter().filter(|entry| wanted.contains(&entry.seq)).map(|entry| (entry.seq, entry.said()));
    let found: BTreeMap<u64, _> = found.collect();
    for answers in entries.iter_mut().filter_map(|entry| entry.answers.as_mut()) {
        answers.said = found.get(&answers.seq).cloned();
    }
}
