//! An entry of a conversation as a script gives it: a line for people, or the JSON that docs/PROTOCOL.md describes.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::safe;
use crate::client::model::{Answered, Message, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Millis, Seq, UserId};
use crate::proto::message::To;
use crate::proto::record;
use crate::ui::{files, happened};

/// What stands before each line of a text but the first: so that nobody can write a line that looks like another's.
pub const INDENT: &str = "    ";

/// `2026-11-21 18:02`; nothing for what is no time on the calendar.
pub fn stamp(zone: &TimeZone, at: Millis) -> String {
    let at = Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(zone.clone()));
    at.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// `2026-11-21 18:02 Everyone Alice: hello`, with further lines indented.
pub fn text(model: &Model, zone: &TimeZone, chat: ChatKey, entry: &Message) -> String {
    let begin = format!("{} {}", stamp(zone, entry.at), safe::word(model.title(chat)));
    let name = safe::word(model.name(entry.from));
    match &entry.change {
        Some(change) => format!("{begin} * {}", happened::change_in_names(model, entry.from, change)),
        None if entry.deleted => format!("{begin} * {name} {DELETED}"),
        None => format!("{begin} {name}: {}", said(model, chat, entry)),
    }
}

/// What its author did to a message that is there no more.
pub const DELETED: &str = "deleted a message";

/// How many characters of a message stand before its answer.
const QUOTE_CHARS: usize = 60;

/// What a message says: what it answers, its text, its file, and that it is not what it was. Further lines are indented.
pub fn said(model: &Model, chat: ChatKey, entry: &Message) -> String {
    let mut lines: Vec<String> = entry.reply_to.iter().map(|seq| quote(model, chat, *seq)).collect();
    if !entry.text.is_empty() || entry.attachment.is_none() {
        lines.extend(safe::lines(&entry.text));
    }
    if let Some(file) = &entry.attachment {
        lines.push(format!("[file {}, {}]", safe::word(file.name.as_str()), files::size(file.size)));
    }
    let edited = if entry.edited.is_some() { " (edited)" } else { "" };
    format!("{}{edited}", lines.join(&format!("\n{INDENT}")))
}

/// What is answered, as the line above the answer.
fn quote(model: &Model, chat: ChatKey, seq: Seq) -> String {
    match model.chat(chat).map(|chat| chat.answered_message(seq)) {
        Some(Answered::Known(message)) if message.deleted => "> a message that was deleted".into(),
        Some(Answered::Known(message)) => {
            format!("> {}: {}", safe::word(model.name(message.from)), beginning(message, QUOTE_CHARS))
        }
        _ => "> an earlier message".into(),
    }
}

/// The beginning of a message, in a line; what its file is called where it has no text.
pub fn beginning(message: &Message, most_chars: usize) -> String {
    match &message.attachment {
        Some(file) if message.text.is_empty() => safe::beginning(file.name.as_str(), most_chars),
        _ => safe::beginning(&message.text, most_chars),
    }
}

/// The entry as the event that it came as, without what a client does not keep: numbers of other programs, mentions of
/// others than this account, the checksum.
pub fn json(model: &Model, chat: ChatKey, entry: &Message) -> String {
    let me = model.my_id().unwrap_or(UserId(0));
    let name = Cow::Borrowed(model.name(entry.from));
    let written = match (&entry.change, chat) {
        (Some(change), ChatKey::Group(group)) => serde_json::to_string(&record::GroupChange {
            seq: entry.seq,
            at: entry.at,
            group,
            by: entry.from,
            by_user: name,
            client_id: None,
            change: change.as_ref().clone(),
        }),
        _ => {
            let to = match chat {
                ChatKey::Everyone => To::Everyone,
                ChatKey::Group(group) => To::Group(group),
                ChatKey::Person(with) => {
                    let to = if entry.from == me { with } else { me };
                    To::Person(to, Cow::Borrowed(model.name(to)))
                }
            };
            serde_json::to_string(&record::Message {
                seq: entry.seq,
                at: entry.at,
                from: entry.from,
                from_user: name,
                to,
                client_id: None,
                mentions: if entry.mentions_me { vec![me].into() } else { Cow::Borrowed(&[]) },
                reply_to: entry.reply_to,
                attachment: entry.attachment.as_deref().cloned(),
                edited: entry.edited,
                deleted: entry.deleted,
                message: Cow::Borrowed(&entry.text),
            })
        }
    };
    written.unwrap_or_default()
}
