//! `parlor tail`, `who` and `history`: what is said and who is there, as lines or as JSON.

use super::receipts::Receipts;
use super::{Door, print};
use crate::client::command::Command;
use crate::client::model::{Link, Phase};
use crate::clock;
use crate::lines::live::failure;
use crate::lines::news::News;
use crate::lines::{Failure, Kind, entry, find, safe};
use crate::proto::event::Person;
use crate::ui::presence;
use crate::ui::when::{Clock, local_zone};

/// How many pages of a chat are asked for after a lost connection, when more was missed than comes by itself: 100,000
/// entries. Who missed more begins there.
const PAGES_MAX: u32 = 2_000;

/// Prints what comes, and if it is asked for, how far others have received and read.
pub(super) fn tail(door: &Door, chat: Option<&str>, json: bool, receipts: bool) -> Result<(), Failure> {
    let mut live = door.open()?;
    let zone = local_zone();
    let only = chat.map(|chat| find::chat(live.model(), chat)).transpose().map_err(Failure::refused)?;
    let mut news = News::begin(live.model(), |chat| chat.last.as_ref().map(|last| last.seq), PAGES_MAX);
    let mut receipts = receipts.then(|| Receipts::begin(live.model(), only));
    let mut online = true;
    loop {
        let mut new = Vec::new();
        let mut wanted = Vec::new();
        let mut steps = Vec::new();
        live.until(None, |model| {
            let is_online = model.link == Link::Online;
            if is_online && !online {
                news.look_for_gaps(model);
            }
            online = is_online;
            // While it catches up, places are still being filled.
            if is_online {
                wanted = news.wanted(model);
                // What was printed and is something else now is printed again, as it is.
                new = news.changed(model);
                new.extend(news.take(model));
                steps = receipts.as_mut().map(|receipts| receipts.take(model, only)).unwrap_or_default();
            }
            !new.is_empty() || !wanted.is_empty() || !steps.is_empty() || matches!(model.phase, Phase::SignedOut { .. })
        });
        for chat in wanted {
            live.client.perform(Command::LoadOlder { chat });
        }
        let model = live.model();
        for (key, message) in new.iter().filter(|(key, _)| only.is_none_or(|only| only == *key)) {
            let line = match json {
                true => entry::json(model, *key, message),
                false => entry::text(model, &zone, *key, message),
            };
            if !print(&line)? {
                return Ok(());
            }
        }
        for line in steps {
            if !print(&line)? {
                return Ok(());
            }
        }
        if let Phase::SignedOut { problem } = &model.phase {
            return Err(problem.as_ref().map_or_else(|| Failure::refused("signed out"), failure));
        }
    }
}

/// Prints who there is.
pub(super) fn who(door: &Door, json: bool) -> Result<(), Failure> {
    let live = door.open()?;
    let model = live.model();
    let clock = Clock { now: clock::now(), zone: local_zone() };
    let mut people: Vec<_> = model.people.iter().collect();
    people.sort_by_cached_key(|(id, person)| (person.username.to_lowercase(), **id));
    for (&id, person) in people {
        let line = match json {
            true => {
                let (username, joined) = (person.username.clone(), person.joined);
                let person = Person { id, username, status: person.status, last_seen: person.last_seen, joined };
                serde_json::to_string(&person).unwrap_or_default()
            }
            false => {
                let you = if model.is_me(id) { " (you)" } else { "" };
                format!("{}{you}: {}", safe::word(&person.username), presence::of(model, id, &clock))
            }
        };
        if !print(&line)? {
            break;
        }
    }
    Ok(())
}

/// Prints the newest entries of a chat, oldest first.
pub(super) fn history(door: &Door, chat: &str, limit: usize, json: bool) -> Result<(), Failure> {
    let mut live = door.open()?;
    let key = find::chat(live.model(), chat).map_err(Failure::refused)?;
    loop {
        let known = live.model().chat(key);
        if known.is_some_and(|chat| chat.complete || chat.messages.len() >= limit) {
            break;
        }
        let had = known.map_or(0, |chat| chat.messages.len());
        live.client.perform(Command::LoadOlder { chat: key });
        let mut refused = None;
        let came = live.until(Some(door.patience()), |model| {
            let Some(chat) = model.chat(key) else { return false };
            refused.clone_from(&chat.problem);
            let lost = model.link != Link::Online;
            refused.is_some() || (!lost && !chat.loading && (chat.complete || chat.messages.len() > had))
        });
        if let Some(problem) = refused {
            return Err(Failure::refused(problem));
        }
        if !came {
            let text = format!("no page came within {} s", door.patience().as_secs());
            return Err(Failure::new(Kind::NoConnection, text));
        }
    }
    let (model, zone) = (live.model(), local_zone());
    let messages = model.chat(key).map(|chat| chat.messages.as_slices()).unwrap_or_default();
    let all = messages.0.iter().chain(messages.1);
    let count = messages.0.len() + messages.1.len();
    for message in all.skip(count.saturating_sub(limit)) {
        let line = match json {
            true => entry::json(model, key, message),
            false => entry::text(model, &zone, key, message),
        };
        if !print(&line)? {
            break;
        }
    }
    Ok(())
}
