//! Reads the history of the first system, a chat written in Python, so that nothing said there is lost: text in, a list
//! of messages out. No file, no clock, no accounts: who the names are is for the caller to decide.
//!
//! That system kept one object in its `history.json`, and no order across conversations:
//!
//! ```json
//! {"conversations": [{"users": ["Alice", "Bob"],
//!                     "messages": [{"user": "Alice", "text": "hi", "timestamp": 1700000000.25}]}]}
//! ```
//!
//! Its descendants use other names for the same things; those in the tables below are understood. Anything else is an
//! error that names the place: nothing is left out silently.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::proto::ids::Millis;
use crate::proto::limits::MESSAGE_MAX_BYTES;

const PEOPLE: &[&str] = &["users", "participants", "members", "between"];
const MESSAGES: &[&str] = &["messages", "history"];
const FROM: &[&str] = &["user", "from_user", "from", "sender", "author"];
const TO: &[&str] = &["to_user", "to", "receiver"];
const TEXT: &[&str] = &["message", "text", "content", "body"];
const TIME: &[&str] = &["timestamp", "time", "at", "date"];
/// Says nothing that could be lost: numbers of its own, and which kind of frame it once was.
const IDLE: &[&str] = &["id", "purpose"];

/// Numbers from here on are milliseconds, below they are seconds: in seconds it is the year 5138, in milliseconds 1973.
const FIRST_MILLIS: f64 = 1e11;
/// The end of the year 9999, in milliseconds: no time is later.
const LAST_MILLIS: f64 = 253_402_300_799_999.0;
/// How much of a file [`looks_old`] looks at, in bytes.
pub const GLANCE_BYTES: usize = 4096;

/// One message of the old history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The author's name, as it was written.
    pub from_user: String,
    /// The receiver's name, as it was written.
    pub to_user: String,
    /// The text; it may be empty, and is at most [`MESSAGE_MAX_BYTES`] long: a longer one comes in parts.
    pub message: String,
    /// When it was sent, if the history says so.
    pub at: Option<Millis>,
}

/// Why an old history cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is not JSON.
    #[error("the old history is not JSON: {0}; repair it there, or put the last good copy in its place")]
    Json(#[from] serde_json::Error),
    /// Something in it is not understood.
    #[error("the old history cannot be taken: {place}: {why}")]
    NotUnderstood {
        /// Where.
        place: Place,
        /// What, and what was expected.
        why: String,
    },
}

/// A place in an old history. Both numbers are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which conversation, if it is within one.
    pub conversation: Option<usize>,
    /// Which message of it, if it is within one.
    pub message: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.conversation, self.message) {
            (Some(conversation), Some(message)) => write!(f, "conversation {conversation}, message {message}"),
            (Some(conversation), None) => write!(f, "conversation {conversation}"),
            (None, _) => f.write_str("the file as a whole"),
        }
    }
}

/// Whether a `history.json` is one of the first system's: an object where ours is a list. The first [`GLANCE_BYTES`]
/// of the file are enough.
pub fn looks_old(bytes: &[u8]) -> bool {
    let glance = &bytes[..bytes.len().min(GLANCE_BYTES)];
    let glance = without_mark(glance).trim_ascii_start();
    let key = b"\"conversations\"";
    glance.starts_with(b"{") && glance.windows(key.len()).any(|window| window == key)
}

/// The messages of an old history, in the order of time; those of one conversation stay in their order whatever their
/// times say, and those before the first time in a conversation come first. Times without an offset are taken to be of
/// `zone`.
///
/// # Errors
/// [`ImportError`] for the first thing that is not understood.
pub fn import(bytes: &[u8], zone: &TimeZone) -> Result<Vec<Imported>, ImportError> {
    let whole = Place { conversation: None, message: None };
    let mut file = Fields::of(serde_json::from_slice(without_mark(bytes))?, whole)?;
    let conversations = file.list(&["conversations"])?;
    file.end()?;

    let mut timed = Vec::new();
    for (at, conversation) in conversations.into_iter().enumerate() {
        let place = Place { conversation: Some(at + 1), message: None };
        let mut fields = Fields::of(conversation, place)?;
        let people = people(&mut fields)?;
        let messages = fields.list(MESSAGES)?;
        fields.end()?;
        let mut latest = None;
        for (at, message) in messages.into_iter().enumerate() {
            let place = Place { message: Some(at + 1), ..place };
            let message = one(message, place, people.as_ref(), zone)?;
            // A clock that was set back must not turn a conversation round.
            latest = latest.max(message.at);
            timed.extend(in_parts(message).map(|part| (latest, part)));
        }
    }
    timed.sort_by_key(|&(latest, _)| latest);
    Ok(timed.into_iter().map(|(_, message)| message).collect())
}

/// Everybody who wrote or was written to.
pub fn names(messages: &[Imported]) -> BTreeSet<&str> {
    messages.iter().flat_map(|message| [message.from_user.as_str(), message.to_user.as_str()]).collect()
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// The two whose conversation it is; one person who writes to himself is both.
fn people(fields: &mut Fields) -> Result<Option<[String; 2]>, ImportError> {
    let place = fields.place;
    let (one, other) = (fields.text(&["user1"])?, fields.text(&["user2"])?);
    let listed = fields.take(PEOPLE)?;
    match (listed, one, other) {
        (None, None, None) => Ok(None),
        (None, Some(one), Some(other)) => Ok(Some([one, other])),
        (Some((key, Value::Array(list))), None, None) => {
            let names: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
            match names.as_deref() {
                Some([""] | ["", _] | [_, ""]) => wrong(place, "somebody in it has an empty name"),
                Some([one]) => Ok(Some([(*one).into(), (*one).into()])),
                Some([one, other]) => Ok(Some([(*one).into(), (*other).into()])),
                Some(names) => wrong(place, &format!("\"{key}\" names {} people, and not two", names.len())),
                None => wrong(place, &format!("\"{key}\" is not a list of names")),
            }
        }
        _ => wrong(place, "who takes part is not told by one list of two names, nor by \"user1\" and \"user2\""),
    }
}

fn one(message: Value, place: Place, people: Option<&[String; 2]>, zone: &TimeZone) -> Result<Imported, ImportError> {
    let mut fields = Fields::of(message, place)?;
    let Some(from) = fields.text(FROM)? else { return wrong(place, &none_of("author", FROM)) };
    let to = fields.text(TO)?;
    let Some(message) = fields.text(TEXT)? else { return wrong(place, &none_of("text", TEXT)) };
    let at = match fields.take(TIME)? {
        Some((key, value)) => Some(time(&value, zone).ok_or_else(|| ImportError::NotUnderstood {
            place,
            why: format!("\"{key}\" is {value}, and not seconds or milliseconds since 1970 or a date and time"),
        })?),
        None => None,
    };
    fields.end()?;

    let to_user = match (people, to) {
        (Some([one, other]), None) if *one == from => other.clone(),
        (Some([one, other]), None) if *other == from => one.clone(),
        (Some([one, other]), Some(to)) if [&from, &to] == [one, other] || [&from, &to] == [other, one] => to,
        (Some([one, other]), to) => {
            let to = to.map(|to| format!(" to \"{to}\"")).unwrap_or_default();
            return wrong(place, &format!("it is from \"{from}\"{to}, in a conversation of \"{one}\" and \"{other}\""));
        }
        (None, Some(to)) => to,
        (None, None) => return wrong(place, "neither it nor the conversation says who it is to"),
    };
    if from.is_empty() || to_user.is_empty() {
        return wrong(place, "somebody in it has an empty name");
    }
    Ok(Imported { from_user: from, to_user, message, at })
}

/// The message as it is or, when it is too long for us, several that follow each other.
fn in_parts(message: Imported) -> impl Iterator<Item = Imported> {
    let mut rest = Some(message);
    std::iter::from_fn(move || {
        let mut part = rest.take()?;
        if part.message.len() > MESSAGE_MAX_BYTES {
            let end = part.message.floor_char_boundary(MESSAGE_MAX_BYTES);
            let after = part.message.split_off(end);
            rest = Some(Imported { message: after, ..part.clone() });
        }
        Some(part)
    })
}

fn time(value: &Value, zone: &TimeZone) -> Option<Millis> {
    let number = |number: f64| {
        let millis = if number < FIRST_MILLIS { number * 1000.0 } else { number };
        #[expect(clippy::cast_possible_truncation, reason = "within the range just checked, and rounded")]
        (0.0..=LAST_MILLIS).contains(&millis).then(|| Millis(millis.round() as i64))
    };
    match value {
        Value::Number(value) => number(value.as_f64()?),
        Value::String(text) => {
            let text = text.trim();
            let written = text.parse::<f64>().ok().and_then(number);
            let exact = || text.parse::<jiff::Timestamp>().ok();
            let local = || Some(text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp());
            written.or_else(|| exact().or_else(local).map(|time| Millis(time.as_millisecond())))
        }
        _ => None,
    }
}

fn wrong<T>(place: Place, why: &str) -> Result<T, ImportError> {
    Err(ImportError::NotUnderstood { place, why: why.into() })
}

fn none_of(what: &str, keys: &[&str]) -> String {
    format!("it has no {what}: none of \"{}\" is there", keys.join("\", \""))
}

/// An object whose fields are taken out one by one, so that what is left over is seen.
struct Fields {
    left: Map<String, Value>,
    place: Place,
}

impl Fields {
    fn of(value: Value, place: Place) -> Result<Self, ImportError> {
        match value {
            Value::Object(left) => Ok(Self { left, place }),
            _ => wrong(place, "it is not a JSON object"),
        }
    }

    /// The field that has one of these names; `null` is as good as none.
    fn take(&mut self, keys: &[&'static str]) -> Result<Option<(&'static str, Value)>, ImportError> {
        let mut found: Option<(&'static str, Value)> = None;
        for key in keys {
            match (self.left.remove(*key), &found) {
                (None | Some(Value::Null), _) => {}
                (Some(value), None) => found = Some((key, value)),
                (Some(_), Some((other, _))) => {
                    return wrong(self.place, &format!("\"{other}\" and \"{key}\" say the same thing twice"));
                }
            }
        }
        Ok(found)
    }

    fn text(&mut self, keys: &[&'static str]) -> Result<Option<String>, ImportError> {
        match self.take(keys)? {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some((key, _)) => wrong(self.place, &format!("\"{key}\" is not a text in quotes")),
        }
    }

    fn list(&mut self, keys: &[&'static str]) -> Result<Vec<Value>, ImportError> {
        match self.take(keys)? {
            Some((_, Value::Array(list))) => Ok(list),
            _ => wrong(self.place, &format!("it has no list \"{}\"", keys.join("\" or \""))),
        }
    }

    fn end(self) -> Result<(), ImportError> {
        match self.left.keys().find(|key| !IDLE.contains(&key.as_str())) {
            Some(key) => wrong(self.place, &format!("\"{key}\" is not known, and would be lost")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(json: &str) -> Vec<Imported> {
        import(json.as_bytes(), &TimeZone::UTC).unwrap()
    }

    fn refused(json: &str) -> String {
        import(json.as_bytes(), &TimeZone::UTC).unwrap_err().to_string()
    }

    fn line(message: &Imported) -> String {
        let at = message.at.map_or("-".into(), |at| at.0.to_string());
        format!("{at} {}>{}: {}", message.from_user, message.to_user, message.message)
    }

    #[test]
    fn the_first_systems_own_history_comes_over_whole_and_in_the_order_of_time() {
        let messages = taken(
            r#"{"conversations": [
                {"users": ["Alice", "Bob"], "messages": [
                    {"user": "Alice", "text": "hi \u4f60\u597d", "timestamp": 1700000000.25},
                    {"user": "Bob", "text": "", "timestamp": 1700000010}]},
                {"users": ["Charlie", "Alice"], "messages": [
                    {"user": "Alice", "text": "lunch?", "timestamp": 1700000005.5}]},
                {"users": ["Bob"], "messages": [{"user": "Bob", "text": "a note", "timestamp": 1700000001}]},
                {"users": ["Charlie", "Bob"], "messages": []}]}"#,
        );
        assert_eq!(
            messages.iter().map(line).collect::<Vec<_>>(),
            [
                "1700000000250 Alice>Bob: hi 你好",
                "1700000001000 Bob>Bob: a note",
                "1700000005500 Alice>Charlie: lunch?",
                "1700000010000 Bob>Alice: ",
            ]
        );
        assert_eq!(names(&messages).into_iter().collect::<Vec<_>>(), ["Alice", "Bob", "Charlie"]);
    }

    #[test]
    fn other_names_for_the_same_things_are_understood() {
        for json in [
            r#"{"conversations":[{"participants":["a","b"],"messages":[{"from":"a","content":"x"}]}]}"#,
            r#"{"conversations":[{"user1":"b","user2":"a","history":[{"sender":"a","receiver":"b","body":"x"}]}]}"#,
            r#"{"conversations":[{"messages":[{"purpose":"receive_message","from_user":"a","to_user":"b","message":"x"}]}]}"#,
            r#"{"conversations":[{"id":1,"members":["a","b"],"messages":[{"id":"m","author":"a","to":null,"text":"x","time":null}]}]}"#,
            "\u{feff}{\"conversations\":[{\"between\":[\"a\",\"b\"],\"messages\":[{\"user\":\"a\",\"text\":\"x\"}]}]}",
        ] {
            assert!(looks_old(json.as_bytes()), "{json}");
            assert_eq!(taken(json).iter().map(line).collect::<Vec<_>>(), ["- a>b: x"], "{json}");
        }
    }

    #[test]
    fn times_are_understood_in_each_of_their_forms() {
        let at = |time: &str| {
            let json = format!(
                r#"{{"conversations":[{{"users":["a","b"],"messages":[{{"user":"a","text":"x","timestamp":{time}}}]}}]}}"#
            );
            import(json.as_bytes(), &TimeZone::fixed(jiff::tz::offset(2))).map(|messages| messages[0].at.unwrap().0)
        };
        let noon = 1_700_000_000_000;
        for (time, expected) in [
            ("1700000000", noon),
            ("1700000000.123456", noon + 123),
            ("1700000000123", noon + 123),
            (r#""1700000000""#, noon),
            (r#""2023-11-14T22:13:20Z""#, noon),
            (r#""2023-11-14T23:13:20.5+01:00""#, noon + 500),
            // Without an offset it is the time of the place, here two hours ahead.
            (r#""2023-11-15T00:13:20""#, noon),
            (r#""2023-11-15 00:13:20.250000""#, noon + 250),
            (r#""2023-11-15""#, noon - 800_000),
        ] {
            assert_eq!(at(time).unwrap(), expected, "{time}");
        }
        for bad in ["-1", "1e30", "true", "[]", r#""yesterday""#, r#""""#, r#""NaN""#, r#""10:30""#] {
            let error = at(bad).unwrap_err().to_string();
            assert!(error.contains("conversation 1, message 1") && error.contains("timestamp"), "{error}");
        }
    }

    #[test]
    fn a_conversation_keeps_its_order_when_its_clock_went_back() {
        let messages = taken(
            r#"{"conversations": [
                {"users": ["a", "b"], "messages": [
                    {"user": "a", "text": "0"},
                    {"user": "a", "text": "1", "timestamp": 100},
                    {"user": "b", "text": "2", "timestamp": 50},
                    {"user": "b", "text": "3"}]},
                {"users": ["a", "c"], "messages": [{"user": "c", "text": "between", "timestamp": 75}]}]}"#,
        );
        assert_eq!(
            messages.iter().map(line).collect::<Vec<_>>(),
            ["- a>b: 0", "75000 c>a: between", "100000 a>b: 1", "50000 b>a: 2", "- b>a: 3"]
        );
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_place() {
        let conversation = |messages: &str| {
            format!(
                r#"{{"conversations":[{{"users":["a","b"],"messages":[]}},{{"users":["a","b"],"messages":[{messages}]}}]}}"#
            )
        };
        let good = r#"{"user":"a","text":"x"}"#;
        for (json, place, why) in [
            ("{\n \"conversations\": [}", "line 2 column 20", "not JSON"),
            ("", "line 1", "not JSON"),
            ("[]", "the file as a whole", "not a JSON object"),
            (r#"{"conversations":{}}"#, "the file as a whole", "no list"),
            (r#"{"conversations":[],"groups":[1]}"#, "the file as a whole", "\"groups\""),
            (r#"{"conversations":["a"]}"#, "conversation 1:", "not a JSON object"),
            (r#"{"conversations":[{"users":["a","b","c"],"messages":[]}]}"#, "conversation 1:", "names 3 people"),
            (r#"{"conversations":[{"users":["a",""],"messages":[]}]}"#, "conversation 1:", "empty name"),
            (r#"{"conversations":[{"users":["a","b"]}]}"#, "conversation 1:", "no list \"messages\""),
            (
                r#"{"conversations":[{"messages":[{"user":"a","text":"x"}]}]}"#,
                "conversation 1, message 1:",
                "who it is to",
            ),
            (
                &conversation(&format!(r#"{good},{{"user":"c","text":"x"}}"#)),
                "conversation 2, message 2:",
                "from \"c\"",
            ),
            (&conversation(r#"{"user":"a","to":"c","text":"x"}"#), "conversation 2, message 1:", "to \"c\""),
            (&conversation(r#"{"text":"x"}"#), "conversation 2, message 1:", "no author"),
            (&conversation(r#"{"user":"a"}"#), "conversation 2, message 1:", "no text"),
            (&conversation(r#"{"user":"a","text":7}"#), "conversation 2, message 1:", "\"text\" is not a text"),
            (&conversation(r#"{"user":"a","text":"x","body":"y"}"#), "conversation 2, message 1:", "twice"),
            (&conversation(r#"{"user":"a","text":"x","picture":"y"}"#), "conversation 2, message 1:", "\"picture\""),
            (&conversation(r#""a: x""#), "conversation 2, message 1:", "not a JSON object"),
        ] {
            let error = refused(json);
            assert!(error.contains(place) && error.contains(why), "{json}\n{error}");
        }
    }

    #[test]
    fn a_text_too_long_for_one_message_comes_in_parts() {
        let text = "é".repeat(MESSAGE_MAX_BYTES) + "end";
        let json = serde_json::json!({"conversations": [{"users": ["a", "b"], "messages": [
            {"user": "a", "text": text, "timestamp": 5}, {"user": "b", "text": "ok", "timestamp": 5}]}]});
        let messages = taken(&json.to_string());
        assert_eq!(messages.len(), 4);
        assert!(messages.iter().all(|message| message.message.len() <= MESSAGE_MAX_BYTES));
        assert!(messages.iter().all(|message| message.at == Some(Millis(5000))));
        assert_eq!(messages[..3].iter().map(|message| message.message.as_str()).collect::<String>(), text);
        assert_eq!(messages[3].message, "ok");
    }

    #[test]
    fn our_own_history_is_not_taken_for_an_old_one() {
        for ours in
            ["", "[]", "[\n]\n", "[\n{\"purpose\":\"receive_message\",\"message\":\"\\\"conversations\\\"\"}\n]", "{}"]
        {
            assert!(!looks_old(ours.as_bytes()), "{ours}");
        }
        assert!(looks_old(b"\n {\"conversations\": []}"));
    }
}
