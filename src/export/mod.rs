//! A chat as a file to keep: as text, as a web page, as JSON that can be opened again to read.
//!
//! The forms are pure: a head and messages in, bytes out. Only [`file`] touches the disk. An export is for reading; nothing
//! of it ever goes back to a server.

pub mod file;
mod html;
mod json;
mod order;
mod plain;
mod read;

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::order::{Order, Progress, Running};
pub use self::read::{IMPORT_MAX_BYTES, read};

/// What an export looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A page for a browser, all in one file.
    #[default]
    Html,
    /// Lines of text.
    Text,
    /// One object, for programs and to be opened again.
    Json,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Html, Self::Text, Self::Json];

    /// How names of such files end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "txt",
            Self::Json => "json",
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "Web page",
            Self::Text => "Text",
            Self::Json => "JSON",
        }
    }
}

/// What stands above the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The name of the chat.
    pub chat: String,
    /// Who exported it.
    pub by: String,
    /// When; nothing when the clock stands where no calendar is.
    pub at: Option<Timestamp>,
    /// It goes back to where the chat begins for who exported it.
    pub complete: bool,
}

/// A message, or something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its place on the server: identity and order.
    pub seq: u64,
    /// When the server took it; nothing where that is no time on the calendar.
    pub at: Option<Timestamp>,
    /// The name of who wrote or did it.
    pub from: Arc<str>,
    /// Its text; empty where something happened or was taken back, and it may be where there is a file.
    pub text: Arc<str>,
    /// What happened, in a sentence.
    pub change: Option<Arc<str>>,
    /// What it answers.
    pub answers: Option<Answered>,
    /// What the file is called that came with it. The file itself is not in an export.
    pub file: Option<Arc<str>>,
    /// Its author has changed it.
    pub edited: bool,
    /// Its author has taken it back.
    pub deleted: bool,
}

impl Entry {
    /// Who said what, as an answer to it quotes it.
    pub fn said(&self) -> (Arc<str>, Arc<str>) {
        let text = match &self.file {
            _ if self.deleted => DELETED.into(),
            Some(file) if self.text.is_empty() => Arc::clone(file),
            _ => Arc::clone(&self.text),
        };
        (Arc::clone(&self.from), text)
    }

    /// What it answers, on one line.
    pub fn quote(&self) -> Option<String> {
        self.answers.as_ref().map(|answers| quoted(answers).unwrap_or_else(|| "An earlier message".into()))
    }
}

/// A message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its place.
    pub seq: u64,
    /// The name of who wrote it, and its text or the name of its file, where that is known.
    pub said: Option<(Arc<str>, Arc<str>)>,
}

/// What stands in the place of a message that was taken back.
pub const DELETED: &str = "Message deleted";

/// How many characters of a message are quoted above its answer.
const QUOTE_MAX_CHARS: usize = 80;

/// What is answered, on one line: who said what. Nothing where that is not known.
fn quoted(answers: &Answered) -> Option<String> {
    let (from, text) = answers.said.as_ref()?;
    let line = shown(text);
    let cut = line.char_indices().nth(QUOTE_MAX_CHARS).map(|(at, _)| format!("{}…", line[..at].trim_end()));
    Some(format!("{}: {}", shown(from), cut.unwrap_or(line)))
}

/// A chat, or the end of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// What stands above.
    pub head: Head,
    /// The messages, oldest first.
    pub entries: Vec<Entry>,
}

/// Writes an export. `go_on` is told before each message how many are written, and ends it by saying no.
///
/// # Errors
/// What `out` refuses, or [`io::ErrorKind::Interrupted`] when it was ended.
pub fn write<'a>(
    out: &mut impl Write,
    format: Format,
    head: &Head,
    entries: impl Iterator<Item = &'a Entry>,
    zone: &TimeZone,
    mut go_on: impl FnMut(usize) -> bool,
) -> io::Result<()> {
    let mut day = None;
    match format {
        Format::Html => html::begin(out, head, zone)?,
        Format::Text => plain::begin(out, head, zone)?,
        Format::Json => json::begin(out, head)?,
    }
    for (n, entry) in entries.enumerate() {
        if !go_on(n) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let at = entry.at.map(|at| at.to_zoned(zone.clone()));
        let date = at.as_ref().map(|at| at.date());
        let new_day = at.as_ref().filter(|_| date != day);
        day = date.or(day);
        match format {
            Format::Html => html::entry(out, entry, at.as_ref(), new_day)?,
            Format::Text => plain::entry(out, entry, at.as_ref())?,
            Format::Json => json::entry(out, entry, n == 0)?,
        }
    }
    match format {
        Format::Html => html::end(out),
        Format::Text => Ok(()),
        Format::Json => json::end(out),
    }
}

/// The most characters that the name of a chat gives to the name of a file: with the rest it stays below the 255 bytes
/// that file systems allow, whatever the script.
const NAME_MAX_CHARS: usize = 40;

/// A name for the file that every system takes: `Hike 2026-11-20.html`.
pub fn file_name(head: &Head, format: Format, zone: &TimeZone) -> String {
    let fits = |c: char| !c.is_control() && !is_hidden(c) && !r#"/\:*?"<>|"#.contains(c);
    let name: String = head.chat.chars().map(|c| if fits(c) { c } else { ' ' }).take(NAME_MAX_CHARS).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    // A name that begins with a dot is hidden, and one that is only dots is a folder.
    let name = match name.trim_matches(['.', ' ']) {
        "" => "Chat",
        name => name,
    };
    let day = head.at.map(|at| format!(" {}", at.to_zoned(zone.clone()).date())).unwrap_or_default();
    format!("{name}{day}.{}", format.extension())
}

/// The line below the title: who exported the chat, when, and how far back it goes.
fn about(head: &Head, zone: &TimeZone) -> String {
    let at = head.at.map(|at| at.to_zoned(zone.clone()).strftime(" on %-d %B %Y at %H:%M").to_string());
    let part = if head.complete { "" } else { ". Older messages are not in this file" };
    format!("Exported by {}{}{part}.", shown(&head.by), at.unwrap_or_default())
}

/// Characters that turn the direction of what follows them. A message may have them for itself, a name may not.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character ends a line somewhere: in an editor, a terminal or a browser.
fn breaks_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A control character as its picture: a terminal that shows the file obeys none of them.
fn pictured(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// The lines of a text, each safe to be shown.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<String> = text.split(breaks_line).map(|line| line.chars().map(pictured).collect()).collect();
    lines.into_iter()
}

/// A name on one line, safe to be shown.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !is_hidden(*c)).map(|c| if breaks_line(c) { ' ' } else { pictured(c) }).collect()
}
