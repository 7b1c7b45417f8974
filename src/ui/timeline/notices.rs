//! Comings and goings in the room of everyone: which are told, and where among the messages. Draws nothing.
//!
//! A line takes its place by the time from which it is shown, so that no line ever appears between others that have
//! been seen. Those of the same minute share a line.

use std::ops::Range;
use std::time::Duration;

use super::rows::RowId;
use crate::client::model::{Chat, Model, Notice};
use crate::proto::ids::{Millis, UserId};
use crate::ui::happened;
use crate::ui::when::Clock;
use crate::visible::isolated;

/// The most times that a tooltip names one by one.
const TIMES_MAX: usize = 8;
const MINUTE_MS: i64 = 60_000;

/// A line of comings or goings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The number of its row.
    pub row: usize,
    /// How many messages stand above it.
    pub before: usize,
    /// From when on it is shown.
    pub from: Millis,
    /// Which one it is.
    pub id: RowId,
    /// Which of those that are due it tells.
    pub due: Range<usize>,
}

/// What is to be told by now, in the order in which it came to be. What was before the first loaded message has no
/// place until what stands around it is loaded.
pub fn due<'a>(chat: &'a Chat, clock: &Clock) -> Vec<&'a Notice> {
    let first = chat.messages.front().map(|message| message.at);
    let placed = |notice: &&Notice| chat.complete || first.is_some_and(|first| first <= notice.shown_from);
    let mut due: Vec<_> = chat.notices.iter().filter(|notice| notice.shown_from <= clock.now).filter(placed).collect();
    due.sort_by_key(|notice| notice.shown_from);
    due
}

/// How long until the next one is due.
pub fn next(chat: &Chat, clock: &Clock) -> Option<Duration> {
    let next = chat.notices.iter().map(|notice| notice.shown_from).filter(|from| *from > clock.now).min()?;
    u64::try_from(next.0.saturating_sub(clock.now.0)).ok().map(Duration::from_millis)
}

/// The lines that tell what is due, between the messages of a chat.
pub fn spans(chat: &Chat, due: &[&Notice]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, notice) in due.iter().enumerate() {
        let before = chat.messages.partition_point(|message| message.at <= notice.shown_from);
        let joins = |span: &&mut Span| {
            let same = |first: &&Notice| first.online == notice.online && minute(first) == minute(notice);
            span.before == before && due.get(span.due.start).is_some_and(same)
        };
        if let Some(span) = spans.last_mut().filter(joins) {
            span.due.end = at + 1;
            continue;
        }
        let row = 1 + before + spans.len();
        let id = RowId::Notice(notice.shown_from, notice.user);
        spans.push(Span { row, before, from: notice.shown_from, id, due: at..at + 1 });
    }
    spans
}

fn minute(notice: &Notice) -> i64 {
    notice.at.0.div_euclid(MINUTE_MS)
}

/// What a line says: `Bob is online`, `Bob, Charlie and 3 more left`.
pub fn sentence(model: &Model, notices: &[&Notice]) -> String {
    let mut people: Vec<UserId> = Vec::new();
    for notice in notices {
        if !people.contains(&notice.user) {
            people.push(notice.user);
        }
    }
    let names: Vec<_> = people.iter().map(|id| happened::subject(model, *id)).collect();
    let who = happened::enumerated(&names, names.len());
    match (notices.first().is_some_and(|notice| notice.online), people.as_slice()) {
        (true, [_]) => format!("{who} is online"),
        (true, _) => format!("{who} are online"),
        (false, _) => format!("{who} left"),
    }
}

/// Exactly when, for each of a line.
pub fn times(model: &Model, notices: &[&Notice], clock: &Clock) -> String {
    if let [only] = notices {
        return clock.exact(only.at);
    }
    let shown = if notices.len() > TIMES_MAX { TIMES_MAX - 1 } else { notices.len() };
    let named = notices.iter().take(shown);
    let mut lines: Vec<_> =
        named.map(|notice| format!("{}: {}", isolated(model.name(notice.user)), clock.exact(notice.at))).collect();
    if notices.len() > shown {
        lines.push(format!("and {} more", notices.len() - shown));
    }
    lines.join("\n")
}
