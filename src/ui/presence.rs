//! Who is there and who is writing, in words: for the list, the header and the details. Draws nothing.

use std::time::Duration;

use super::happened;
use super::when::Clock;
use crate::client::model::{Link, Model};
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::proto::ids::UserId;
use crate::visible::isolated;

/// Whether somebody is there; those who have no account any more are not. Nothing while the server is away: then nobody
/// knows.
pub fn status(model: &Model, id: UserId) -> Option<Status> {
    is_known(model).then(|| model.people.get(&id).map(|person| person.status).unwrap_or_default())
}

/// Whether it is known who is there.
fn is_known(model: &Model) -> bool {
    model.link == Link::Online
}

/// A presence in a word.
pub fn status_word(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Online) => "online",
        Some(Status::Away) => "away",
        Some(Status::Offline) => "offline",
        None => "not connected",
    }
}

/// The presence of somebody: `online`, `away`, `last seen at 09:12`; `not connected` while nobody knows.
pub fn of(model: &Model, id: UserId, clock: &Clock) -> String {
    let Some(person) = model.people.get(&id) else { return "this account no longer exists".into() };
    match (status(model, id), person.last_seen) {
        (Some(Status::Offline), Some(seen)) => clock.last_seen(seen),
        (status, _) => status_word(status).into(),
    }
}

/// How many are in a room; this person is one of them.
pub fn count(model: &Model, key: ChatKey) -> usize {
    match key {
        ChatKey::Everyone => model.people.len(),
        ChatKey::Group(id) => model.groups.get(&id).map_or(0, |group| group.members.len()),
        ChatKey::Person(_) => 1,
    }
}

/// How many of those in a room are there.
fn online(model: &Model, key: ChatKey) -> usize {
    let is_online = |id: &&UserId| status(model, **id) == Some(Status::Online);
    match key {
        // They are many, and this is asked in every frame: nobody is looked up.
        ChatKey::Everyone => model.people.values().filter(|person| person.status == Status::Online).count(),
        ChatKey::Group(id) => model.groups.get(&id).map_or(0, |group| group.members.iter().filter(is_online).count()),
        ChatKey::Person(id) => usize::from(is_online(&&id)),
    }
}

/// How many are in a room: `12 members`, `1 person`. Nobody means that the server has not told yet.
pub fn size(key: ChatKey, count: usize) -> String {
    match (key, count) {
        (_, 0) => "Loading…".into(),
        (ChatKey::Group(_), 1) => "1 member".into(),
        (ChatKey::Group(_), count) => format!("{count} members"),
        (_, 1) => "1 person".into(),
        (_, count) => format!("{count} people"),
    }
}

/// What stands below the name of a chat: the presence of a person, `12 members, 3 online` of a room.
pub fn line(model: &Model, key: ChatKey, clock: &Clock) -> String {
    match key {
        ChatKey::Person(id) => of(model, id, clock),
        room => {
            let all = size(room, count(model, room));
            match is_known(model) {
                true => format!("{all}, {} online", online(model, room)),
                false => all,
            }
        }
    }
}

/// Who is writing in a chat, in words; nothing when nobody is. Says also how long that holds if nothing more is heard.
pub fn typing(model: &Model, key: ChatKey, clock: &Clock) -> Option<(String, Duration)> {
    let all = &model.chat(key)?.typing;
    let left = |until: i64| u64::try_from(until.saturating_sub(clock.now.0)).ok().filter(|left| *left > 0);
    let writing = || all.iter().filter_map(|(id, until)| Some((*id, left(until.0)?)));
    let soonest = writing().map(|(_, left)| left).min()?;
    let names: Vec<_> = writing().take(2).map(|(id, _)| isolated(model.name(id))).collect();
    let words = match (key, writing().count()) {
        (ChatKey::Person(_), _) => "typing…".to_owned(),
        (_, 1) => format!("{} is typing…", happened::enumerated(&names, 1)),
        (_, 2) => format!("{} are typing…", happened::enumerated(&names, 2)),
        (_, count) => format!("{count} people are typing…"),
    };
    Some((words, Duration::from_millis(soonest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::Person;
    use crate::proto::ids::{DeviceId, Millis};

    #[test]
    fn those_who_write_are_named_as_long_as_they_do() {
        let mut model = Model::new(DeviceId::from_random(1));
        for (id, name) in [(2, "Bob"), (3, "Charlie"), (4, "Dora")] {
            let person =
                Person { username: name.into(), status: Status::Online, last_seen: None, joined: Default::default() };
            model.people.insert(UserId(id), person);
        }
        let typing = &mut model.chats.entry(ChatKey::Everyone).or_default().typing;
        typing.extend([(UserId(2), Millis(100)), (UserId(3), Millis(200)), (UserId(4), Millis(300))]);
        let at = |now: i64| {
            let clock = Clock { now: Millis(now), zone: jiff::tz::TimeZone::UTC };
            super::typing(&model, ChatKey::Everyone, &clock)
        };
        let words = |text: &str, ms| Some((text.to_owned(), Duration::from_millis(ms)));
        assert_eq!(at(0), words("3 people are typing…", 100));
        assert_eq!(at(100), words("Charlie and Dora are typing…", 100));
        assert_eq!(at(250), words("Dora is typing…", 50));
        assert_eq!(at(300), None);
    }
}
