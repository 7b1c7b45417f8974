//! An export as one JSON object, a message on each line. Nothing of a text is lost in it.

use std::io::{self, Write};

use serde::Serialize;

use super::{Entry, Head};

/// What an export says it is.
pub const FORMAT: &str = "parlor-export";
/// The version of the form. One that changes what a field means has another.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Above<'a> {
    format: &'a str,
    version: u32,
    chat: &'a str,
    exported_by: &'a str,
    exported_at: Option<String>,
    complete: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    at: Option<String>,
    from: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

/// The head, and the beginning of the messages.
pub fn begin(out: &mut impl Write, head: &Head) -> io::Result<()> {
    let above = serde_json::to_string(&Above {
        format: FORMAT,
        version: VERSION,
        chat: &head.chat,
        exported_by: &head.by,
        exported_at: head.at.map(|at| at.to_string()),
        complete: head.complete,
    })?;
    // Still open: the messages are its last field.
    write!(out, "{},\n\"messages\":[", above.trim_end_matches('}'))
}

/// A message.
pub fn entry(out: &mut impl Write, entry: &Entry, first: bool) -> io::Result<()> {
    out.write_all(if first { b"\n" } else { b",\n" })?;
    let line = Line {
        seq: entry.seq,
        at: entry.at.map(|at| at.to_string()),
        from: &entry.from,
        text: &entry.text,
        change: entry.change.as_deref(),
        reply_to: entry.answers.as_ref().map(|answers| answers.seq),
        file: entry.file.as_deref(),
        edited: entry.edited,
        deleted: entry.deleted,
    };
    serde_json::to_writer(out, &line).map_err(io::Error::from)
}

/// The end of both.
pub fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\n]}\n")
}
