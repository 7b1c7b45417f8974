//! Who stands where in the list: the view data of the sidebar. Draws nothing.
//!
//! The list is the room of everyone, then the groups, then the people, each part under its heading. Where a row begins
//! follows from how many rows there are, so that a long list costs no more than what is seen of it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::time::Duration;

use super::happened;
use super::presence;
use super::text;
use super::theme;
use super::when::Clock;
use crate::client::model::{Last, Model};
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::proto::ids::Seq;

/// The order of the list, kept until somebody or some chat changes.
#[derive(Debug, Default)]
pub struct Order {
    groups: Vec<ChatKey>,
    people: Vec<ChatKey>,
    made_of: Option<u64>,
}

/// A part of the list that has a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The groups.
    Groups,
    /// Everybody else.
    People,
}

/// What stands at a place of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The row of a chat.
    Chat(ChatKey),
    /// The heading of a part.
    Heading(Section),
    /// The line that says that a part has no rows.
    Nothing(Section),
}

/// What the preview in a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// Nothing was ever said: who is there instead.
    None(String),
    /// The beginning of the last message, on one line, or what happened last.
    Message(String),
    /// What is being written there.
    Draft(String),
    /// Who is writing.
    Typing(String),
}

/// All that a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which chat it opens.
    pub chat: ChatKey,
    /// Its name.
    pub name: String,
    /// Whether the other side is there, where there is one.
    pub status: Option<Status>,
    /// When the last message came.
    pub time: String,
    /// What it was.
    pub preview: Preview,
    /// How many have not been seen.
    pub unread: u32,
    /// How many of those call this person by name.
    pub mentions: u32,
    /// It is to leave this person alone.
    pub muted: bool,
    /// How long the row holds if nothing changes.
    pub holds: Option<Duration>,
}

impl Order {
    /// Looks whether the order still holds, and finds it anew where not. The groups and the people with messages stand
    /// by the last one, newest first, then everybody else by name. This person is not in it.
    pub fn of(&mut self, model: &Model) -> &Self {
        let made_of = fingerprint(model);
        if self.made_of != Some(made_of) {
            *self = Self { groups: groups(model), people: people(model), made_of: Some(made_of) };
        }
        self
    }

    /// The chat in that place, headings not counted.
    pub fn chat(&self, at: usize) -> Option<ChatKey> {
        match at.checked_sub(1) {
            None => Some(ChatKey::Everyone),
            Some(at) => self.groups.get(at).or_else(|| self.people.get(at - self.groups.len())).copied(),
        }
    }

    /// How many chats there are.
    pub fn chats(&self) -> usize {
        1 + self.groups.len() + self.people.len()
    }

    /// The place of a chat, headings not counted.
    pub fn position(&self, key: ChatKey) -> Option<usize> {
        (0..self.chats()).find(|at| self.chat(*at) == Some(key))
    }

    /// How many items there are, headings and all.
    pub fn len(&self) -> usize {
        3 + self.groups.len().max(1) + self.people.len().max(1)
    }

    /// What is there; nothing behind the end.
    pub fn item(&self, at: usize) -> Option<Item> {
        let heading = self.people_heading();
        let row = |of: &[ChatKey], at: usize, section| match of.get(at) {
            Some(key) => Some(Item::Chat(*key)),
            None => (at == 0).then_some(Item::Nothing(section)),
        };
        match at {
            0 => Some(Item::Chat(ChatKey::Everyone)),
            1 => Some(Item::Heading(Section::Groups)),
            at if at < heading => row(&self.groups, at - 2, Section::Groups),
            at if at == heading => Some(Item::Heading(Section::People)),
            at => row(&self.people, at - heading - 1, Section::People),
        }
    }

    fn people_heading(&self) -> usize {
        2 + self.groups.len().max(1)
    }

    /// Where an item begins, in points below the beginning of the list; behind the last one, where the list ends.
    pub fn top(&self, at: usize) -> f32 {
        let heading = self.people_heading();
        let rows = |of: &[ChatKey], count: usize| match of {
            [] => count.min(1) as f32 * theme::NOTHING_ROW,
            of => count.min(of.len()) as f32 * theme::PERSON_ROW,
        };
        let above = if at > 0 { theme::PERSON_ROW } else { 0.0 };
        let groups = if at > 1 { theme::HEADING_ROW + rows(&self.groups, at - 2) } else { 0.0 };
        let people = if at > heading { theme::HEADING_ROW + rows(&self.people, at - heading - 1) } else { 0.0 };
        above + groups + people
    }

    /// How high the list is.
    pub fn height(&self) -> f32 {
        self.top(self.len())
    }

    /// Which items are to be seen between two heights.
    pub fn between(&self, top: f32, bottom: f32) -> Range<usize> {
        let first = first_where(self.len(), |at| self.top(at + 1) > top);
        let behind = first_where(self.len(), |at| self.top(at) >= bottom);
        first..behind.max(first)
    }

    /// From where to where the row of a chat reaches.
    pub fn rows_of(&self, key: ChatKey) -> Option<(f32, f32)> {
        let place = self.position(key)?;
        let at = match place {
            0 => 0,
            group if group <= self.groups.len() => group + 1,
            person => self.people_heading() + person - self.groups.len(),
        };
        Some((self.top(at), self.top(at + 1)))
    }
}

/// The first number below `len` that holds, where all behind one that holds do, too.
fn first_where(len: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Changes whenever the order could. Cheaper than sorting: the list is looked at in every frame.
fn fingerprint(model: &Model) -> u64 {
    let mut hasher = DefaultHasher::new();
    model.my_id().hash(&mut hasher);
    for (id, person) in &model.people {
        (id, &person.username).hash(&mut hasher);
    }
    for (id, name) in &model.former {
        (id, name).hash(&mut hasher);
    }
    for (id, group) in &model.groups {
        (id, &group.name).hash(&mut hasher);
    }
    for (key, chat) in &model.chats {
        (key, chat.last.as_ref().map(|last| last.seq)).hash(&mut hasher);
    }
    hasher.finish()
}

fn last_of(model: &Model, key: ChatKey) -> Option<&Last> {
    model.chat(key).and_then(|chat| chat.last.as_ref())
}

fn sorted(model: &Model, keys: impl Iterator<Item = (Option<Seq>, ChatKey)>) -> Vec<ChatKey> {
    let mut keys: Vec<_> = keys.map(|(last, key)| (Reverse(last), model.title(key).to_lowercase(), key)).collect();
    keys.sort();
    keys.into_iter().map(|(_, _, key)| key).collect()
}

fn groups(model: &Model) -> Vec<ChatKey> {
    // That a group was made is something that happened in it, whether its history is loaded or not.
    let keys = model.groups.keys().map(|id| {
        let key = ChatKey::Group(*id);
        (Some(last_of(model, key).map_or(Seq(id.0), |last| last.seq)), key)
    });
    sorted(model, keys)
}

fn people(model: &Model) -> Vec<ChatKey> {
    let mut keys: BTreeSet<ChatKey> = model.people.keys().copied().map(ChatKey::Person).collect();
    // A chat with somebody whose account is gone stays readable.
    let talked = |key: &&ChatKey| matches!(key, ChatKey::Person(_)) && last_of(model, **key).is_some();
    keys.extend(model.chats.keys().filter(talked));
    let me = model.my_id().map(ChatKey::Person);
    let others = keys.into_iter().filter(|key| Some(*key) != me);
    sorted(model, others.map(|key| (last_of(model, key).map(|last| last.seq), key)))
}

/// What the row of a chat shows. A draft is shown where the chat is not the one that is open.
pub fn row(model: &Model, key: ChatKey, draft: Option<&str>, clock: &Clock) -> Row {
    let chat = model.chat(key);
    let last = last_of(model, key);
    let typing = presence::typing(model, key, clock);
    let holds = typing.as_ref().map(|(_, left)| *left);
    let status = match key {
        ChatKey::Person(id) => Some(presence::status(model, id)),
        ChatKey::Everyone | ChatKey::Group(_) => None,
    };
    let preview = match (typing, draft.map(text::one_line).filter(|draft| !draft.is_empty()), last) {
        (Some((words, _)), _, _) => Preview::Typing(words),
        (None, Some(draft), _) => Preview::Draft(draft),
        (None, None, Some(last)) => Preview::Message(said(model, key, last)),
        (None, None, None) => Preview::None(match status {
            Some(status) => presence::status_word(status).to_owned(),
            None => presence::size(key, presence::count(model, key).0),
        }),
    };
    Row {
        chat: key,
        name: model.title(key).to_owned(),
        status,
        time: last.map(|last| clock.in_list(last.at)).unwrap_or_default(),
        preview,
        unread: chat.map_or(0, |chat| chat.unread),
        mentions: chat.map_or(0, |chat| chat.mentions),
        muted: chat.is_some_and(|chat| chat.muted),
        holds,
    }
}

/// The last entry of a chat on one line, with its author where that is not plain.
fn said(model: &Model, key: ChatKey, last: &Last) -> String {
    if let Some(change) = &last.change {
        return text::one_line(&happened::change_sentence(model, last.from, change));
    }
    let words = text::one_line(&last.preview);
    match key {
        _ if model.is_me(last.from) => format!("You: {words}"),
        ChatKey::Person(_) => words,
        ChatKey::Everyone | ChatKey::Group(_) => format!("{}: {words}", text::one_line(model.name(last.from))),
    }
}

impl Row {
    /// The row as one sentence.
    pub fn spoken(&self) -> String {
        let mut said = vec![self.name.clone()];
        match (self.chat, self.status) {
            (ChatKey::Group(_), _) => said.push("group".into()),
            (_, Some(status)) => said.push(presence::status_word(status).into()),
            (_, None) => {}
        }
        if self.unread > 0 {
            said.push(format!("{} unread", self.unread));
        }
        match self.mentions {
            0 => {}
            1 => said.push("1 mention".into()),
            more => said.push(format!("{more} mentions")),
        }
        if self.muted {
            said.push("muted".into());
        }
        match &self.preview {
            Preview::None(_) if self.status.is_some() => {}
            Preview::None(text) | Preview::Typing(text) => said.push(text.clone()),
            Preview::Message(text) => said.extend([self.time.clone(), text.clone()]),
            Preview::Draft(text) => said.push(format!("Draft: {text}")),
        }
        said.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Person};
    use crate::proto::chat::{GroupId, Past};
    use crate::proto::ids::{DeviceId, UserId};

    fn order(groups: u64, people: u32) -> Order {
        let mut model = Model::new(DeviceId::from_random(1));
        for id in 1..=groups {
            let members = Vec::new();
            let group = Group {
                name: format!("g{id}"),
                owner: UserId(1),
                members,
                history: Past::Joined,
                joined: Default::default(),
            };
            model.groups.insert(GroupId(id), group);
        }
        for id in 1..=people {
            let person = Person {
                username: format!("p{id:05}"),
                status: Status::Online,
                last_seen: None,
                joined: Default::default(),
            };
            model.people.insert(UserId(id), person);
        }
        let mut order = Order::default();
        order.of(&model);
        order
    }

    #[test]
    fn every_place_follows_the_one_before_it_whatever_is_in_the_list() {
        for (groups, people) in [(0, 0), (0, 3), (3, 0), (1, 1), (4, 5)] {
            let order = order(groups, people);
            let mut top = 0.0;
            for at in 0..order.len() {
                assert_eq!(order.top(at), top, "{at} of {groups} and {people}");
                top += match order.item(at).unwrap() {
                    Item::Chat(_) => theme::PERSON_ROW,
                    Item::Heading(_) => theme::HEADING_ROW,
                    Item::Nothing(_) => theme::NOTHING_ROW,
                };
            }
            assert_eq!(order.height(), top);
            assert_eq!(order.item(order.len()), None);
            let rows: Vec<_> = (0..order.len())
                .filter_map(|at| match order.item(at)? {
                    Item::Chat(key) => Some(key),
                    Item::Heading(_) | Item::Nothing(_) => None,
                })
                .collect();
            let keys: Vec<_> = (0..order.chats()).filter_map(|at| order.chat(at)).collect();
            assert_eq!(rows, keys, "what is seen is what the keys go through");
            for key in keys {
                let (top, bottom) = order.rows_of(key).unwrap();
                let seen = order.between(top, bottom);
                assert_eq!(seen.clone().filter_map(|at| order.item(at)).collect::<Vec<_>>(), [Item::Chat(key)]);
            }
        }
    }

    #[test]
    fn of_a_long_list_only_what_is_seen_is_asked_for() {
        let order = order(3, 10_000);
        let seen = order.between(300_000.0, 300_600.0);
        assert!((10..=11).contains(&seen.len()), "{seen:?}");
        assert!(order.top(seen.start) <= 300_000.0 && order.top(seen.end) >= 300_600.0);
        assert_eq!(order.between(-50.0, 10.0), 0..1);
        assert_eq!(order.between(1e9, 2e9).len(), 0);
    }
}
