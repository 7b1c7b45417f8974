//! What is kept of a chat as a file, and how much of it there is. Draws nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::happened;
use super::when::Clock;
use crate::client::model::{self, Chat, Message, Model};
use crate::export::{Answered, Entry, Export, Head};
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Millis, Seq, UserId};

/// What stands above the messages.
pub fn head_of(model: &Model, key: ChatKey, clock: &Clock) -> Head {
    let by = model.me.as_ref().map(|me| me.username.clone()).unwrap_or_default();
    let complete = model.chat(key).is_some_and(|chat| chat.complete);
    Head { chat: model.title(key).to_owned(), by, at: timestamp(clock.now), complete }
}

/// What is loaded of a chat. The texts are shared with the model, not copied.
pub fn of(model: &Model, key: ChatKey, clock: &Clock) -> Export {
    let mut names: BTreeMap<UserId, Arc<str>> = BTreeMap::new();
    let mut bare = |message: &Message| Entry {
        seq: message.seq.0,
        at: timestamp(message.at),
        from: Arc::clone(names.entry(message.from).or_insert_with(|| model.name(message.from).into())),
        text: Arc::clone(&message.text),
        // Whoever reads the file is not this person.
        change: message.change.as_ref().map(|change| happened::change_in_names(model, message.from, change).into()),
        answers: None,
        file: message.attachment.as_ref().map(|file| file.name.as_str().into()),
        edited: message.edited.is_some(),
        deleted: message.deleted,
    };
    let chat = model.chat(key).into_iter();
    let entries = chat.flat_map(|chat| chat.messages.iter().map(move |message| (chat, message)));
    let entries = entries.map(|(chat, message)| {
        let answers = message.reply_to.map(|seq| {
            let said = match chat.answered_message(seq) {
                model::Answered::Known(message) => Some(bare(message).said()),
                _ => None,
            };
            Answered { seq: seq.0, said }
        });
        Entry { answers, ..bare(message) }
    });
    let entries = entries.collect();
    Export { head: head_of(model, key, clock), entries }
}

fn timestamp(at: Millis) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.0).ok()
}

/// About how many messages a chat has, told from how densely the loaded ones lie on the server. Nothing while too little
/// is known.
pub fn about_how_many(model: &Model, key: ChatKey) -> Option<usize> {
    let chat: &Chat = model.chat(key)?;
    let loaded = chat.messages.len();
    if chat.complete {
        return Some(loaded);
    }
    let (oldest, newest) = (chat.messages.front()?.seq.0, chat.messages.back()?.seq.0);
    let first = match key {
        ChatKey::Group(id) => {
            let joined = model.my_id().and_then(|me| model.groups.get(&id)?.joined.get(&me));
            joined.copied().unwrap_or(Seq(id.0)).0
        }
        ChatKey::Everyone | ChatKey::Person(_) => 1,
    };
    let span = newest.checked_sub(oldest).filter(|span| *span > 0)?;
    let all = u128::try_from(loaded).ok()? * u128::from(newest.saturating_sub(first)) / u128::from(span);
    Some(rounded(usize::try_from(all).ok()?).max(loaded))
}

/// Up to two figures that count: more would be a promise.
fn rounded(n: usize) -> usize {
    let unit = 10_usize.pow(n.checked_ilog10().unwrap_or(0).saturating_sub(1));
    n.saturating_add(unit / 2) / unit * unit
}

/// `1,200`.
pub fn figures(n: usize) -> String {
    let figures = n.to_string();
    let mut grouped = String::new();
    for (at, figure) in figures.chars().enumerate() {
        if at > 0 && (figures.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(figure);
    }
    grouped
}

/// `1 message`, `1,200 messages`.
pub fn messages(n: usize) -> String {
    if n == 1 { "1 message".into() } else { format!("{} messages", figures(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_read_at_a_glance() {
        for (n, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")] {
            assert_eq!(figures(n), shown);
        }
        assert_eq!((messages(1), messages(2)), ("1 message".into(), "2 messages".into()));
        for (n, about) in [(0, 0), (7, 7), (42, 42), (123, 120), (4_960, 5_000), (5_004, 5_000)] {
            assert_eq!(rounded(n), about);
        }
        assert!(rounded(usize::MAX) >= usize::MAX / 2);
    }
}
