//! Which chats the list shows, in which order, and where each of them begins. Draws nothing.
//!
//! The whole list is the room of everyone, what is pinned, then the groups and the people, each part under its heading.
//! What is searched for, and what is new, is shown without headings. Sorting is done when something has changed, and
//! where a row begins is known beforehand: a long list costs no more than what is seen of it.

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use super::fuzzy::{Fit, Folded, Query};
use super::people::names_mark;
use super::theme;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// The most chats that can be pinned: with more, pinning would say nothing any more.
pub const PINNED_MAX: usize = 50;

/// A part of the list that has a heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// What this person wants at the top.
    #[default]
    Pinned,
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

/// Which part of the list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All of it.
    #[default]
    All,
    /// What asks for attention, and the chat that is open: it does not go while one reads it.
    New(Option<ChatKey>),
    /// What has that name.
    Named(Query),
}

/// A chat with its name.
#[derive(Debug)]
struct Named {
    key: ChatKey,
    folded: Folded,
}

/// All chats but the room of everyone, by name.
#[derive(Debug, Default)]
struct Names {
    by_name: Vec<Named>,
    /// Places in `by_name`, by key.
    by_key: Vec<usize>,
}

/// The list, kept until somebody or some chat changes.
#[derive(Clone, Debug, Default)]
pub struct Order {
    names: Arc<Names>,
    /// When each of `by_name` was last active.
    last: Vec<Option<Seq>>,
    /// The places in `by_name`, what was last active first.
    by_last: Vec<usize>,
    /// Everything in the order of the whole list.
    all: Vec<ChatKey>,
    /// Where each part of it stands.
    parts: [(Section, Range<usize>); 3],
    /// How many of them ask for attention.
    new: usize,
    pinned: Vec<ChatKey>,
    filter: Filter,
    items: Vec<Item>,
    /// Where each item begins, in points, and where the last one ends.
    tops: Vec<f32>,
    chats: Vec<ChatKey>,
    made_of: Option<(u64, u64)>,
    /// What the list is searched for, and how well each of `by_name` fits it: messages come while somebody searches, and
    /// change no name.
    fits: Option<(Query, Vec<Option<Fit>>)>,
}

impl Order {
    /// Looks whether the order still holds, and finds it anew where not. The groups and the people with messages stand
    /// by the last one, newest first, then everybody else by name; what is pinned as it was pinned. This person is not
    /// in it.
    pub fn of(&mut self, model: &Model, pinned: &[ChatKey], filter: &Filter) -> &Self {
        let (names, chats) = fingerprints(model);
        let before = self.made_of;
        if before.is_none_or(|before| before.0 != names) {
            self.names = Arc::new(Names::of(model));
            self.fits = None;
        }
        let sorted = before == Some((names, chats)) && self.pinned == pinned;
        if !sorted {
            self.pinned = pinned.to_vec();
            self.sort(model);
            self.made_of = Some((names, chats));
        }
        if !sorted || self.filter != *filter {
            self.filter = filter.clone();
            self.list(model);
        }
        self
    }

    /// How many chats ask for attention, whatever is shown.
    pub fn new_chats(&self) -> usize {
        self.new
    }

    /// Every chat there is, in the order of the whole list.
    pub fn all(&self) -> &[ChatKey] {
        &self.all
    }

    /// The chats that are shown, from the top.
    pub fn chats(&self) -> &[ChatKey] {
        &self.chats
    }

    /// The place of a chat among those that are shown.
    pub fn position(&self, key: ChatKey) -> Option<usize> {
        self.chats.iter().position(|other| *other == key)
    }

    /// How many items there are, headings and all.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// What is there; nothing behind the end.
    pub fn item(&self, at: usize) -> Option<Item> {
        self.items.get(at).copied()
    }

    /// Where an item begins, in points below the beginning of the list; behind the last one, where the list ends.
    pub fn top(&self, at: usize) -> f32 {
        self.tops.get(at).or(self.tops.last()).copied().unwrap_or(0.0)
    }

    /// How high the list is.
    pub fn height(&self) -> f32 {
        self.top(self.len())
    }

    /// Which items are to be seen between two heights.
    pub fn between(&self, top: f32, bottom: f32) -> Range<usize> {
        let ends = self.tops.get(1..).unwrap_or_default();
        let first = ends.partition_point(|end| *end <= top);
        let behind = self.tops.partition_point(|begin| *begin < bottom).min(self.len());
        first..behind.max(first)
    }

    /// From where to where the row of a chat reaches.
    pub fn rows_of(&self, key: ChatKey) -> Option<(f32, f32)> {
        let at = self.items.iter().position(|item| *item == Item::Chat(key))?;
        Some((self.top(at), self.top(at + 1)))
    }

    /// What has that name: what fits best first, then what was last active, then by name. When `most` fit as well as any
    /// can, nothing further is looked for: they are the first.
    pub fn named(&self, model: &Model, query: &Query, most: usize) -> Vec<(Fit, ChatKey)> {
        let known = self.fits.as_ref().filter(|(searched, _)| searched == query).map(|(_, fits)| fits);
        let fits = |at: &usize| {
            let named = self.names.by_name.get(*at)?;
            let fit = known.map_or_else(|| query.fit(&named.folded), |fits| fits.get(*at).copied().flatten());
            Some((fit?, named.key))
        };
        let last = model.chat(ChatKey::Everyone).and_then(|chat| chat.last.as_ref()).map(|last| last.seq);
        let newer = |at: &usize| self.last.get(*at).is_some_and(|other| *other > last);
        let (newer, rest) = self.by_last.split_at(self.by_last.partition_point(newer));
        let everyone = query.fit(&Folded::of(model.title(ChatKey::Everyone))).map(|fit| (fit, ChatKey::Everyone));
        let (mut found, mut best) = (Vec::new(), 0);
        for fitting in newer.iter().filter_map(fits).chain(everyone).chain(rest.iter().filter_map(fits)) {
            found.push(fitting);
            best += usize::from(fitting.0.is_best());
            if best == most {
                break;
            }
        }
        // The sort keeps the order of what fits as well, and is quick where few things differ.
        found.sort_by_key(|(fit, _)| *fit);
        found
    }

    fn sort(&mut self, model: &Model) {
        let names = Arc::clone(&self.names);
        // Both are in the order of the keys: they are gone through side by side.
        let mut chats = model.chats.iter().peekable();
        self.last.clear();
        self.last.resize(names.by_name.len(), None);
        self.new = usize::from(asks(model, ChatKey::Everyone));
        for at in &names.by_key {
            let Some(key) = names.by_name.get(*at).map(|named| named.key) else { continue };
            while chats.next_if(|(other, _)| **other < key).is_some() {}
            let chat = chats.next_if(|(other, _)| **other == key).map(|(_, chat)| chat);
            self.new += usize::from(chat.is_some_and(|chat| chat.attention() > 0));
            let said = chat.and_then(|chat| chat.last.as_ref());
            let last = match key {
                // That a group was made is something that happened in it, whether its history is loaded or not.
                ChatKey::Group(id) => Some(said.map_or(Seq(id.0), |last| last.seq)),
                ChatKey::Person(_) | ChatKey::Everyone => said.map(|last| last.seq),
            };
            self.last[*at] = last;
        }
        if self.by_last.len() != names.by_name.len() {
            self.by_last = (0..names.by_name.len()).collect();
        }
        // What was in order before is nearly so still, and then the sort is quick.
        let last = &self.last;
        self.by_last.sort_by_key(|at| (Reverse(last.get(*at).copied().flatten()), *at));
        let keys = || self.by_last.iter().filter_map(|at| names.by_name.get(*at)).map(|named| named.key);
        self.all.clear();
        self.all.push(ChatKey::Everyone);
        let pinned = self.pinned.iter().take(PINNED_MAX).copied();
        self.all.extend(pinned.filter(|key| names.at(*key).is_some()));
        let mut pinned = self.all.clone();
        pinned.sort_unstable();
        let rest = |key: &ChatKey| pinned.binary_search(key).is_err();
        let pinned_end = self.all.len();
        self.all.extend(keys().filter(|key| matches!(key, ChatKey::Group(_))).filter(rest));
        let groups_end = self.all.len();
        self.all.extend(keys().filter(|key| matches!(key, ChatKey::Person(_))).filter(rest));
        self.parts = [
            (Section::Pinned, 1..pinned_end),
            (Section::Groups, pinned_end..groups_end),
            (Section::People, groups_end..self.all.len()),
        ];
    }

    fn list(&mut self, model: &Model) {
        if let Filter::Named(query) = &self.filter
            && self.fits.as_ref().is_none_or(|(searched, _)| searched != query)
        {
            let fits = self.names.by_name.iter().map(|named| query.fit(&named.folded)).collect();
            self.fits = Some((query.clone(), fits));
        }
        self.items.clear();
        match &self.filter {
            Filter::All => {
                self.items.push(Item::Chat(ChatKey::Everyone));
                for (section, part) in &self.parts {
                    let keys = self.all.get(part.clone()).unwrap_or_default();
                    let pinned =
                        self.parts.first().and_then(|(_, part)| self.all.get(part.clone())).unwrap_or_default();
                    let none = match section {
                        Section::Pinned => false,
                        Section::Groups => keys.is_empty() && !pinned.iter().any(|key| key.is_room()),
                        Section::People => keys.is_empty() && pinned.iter().all(|key| key.is_room()),
                    };
                    // Groups are made beside their heading. Of people who are all pinned nothing is left to say.
                    if none || !keys.is_empty() || *section == Section::Groups {
                        self.items.push(Item::Heading(*section));
                    }
                    self.items.extend(keys.iter().copied().map(Item::Chat));
                    if none {
                        self.items.push(Item::Nothing(*section));
                    }
                }
            }
            Filter::New(open) => {
                let shown = |key: &&ChatKey| asks(model, **key) || (self.new > 0 && Some(**key) == *open);
                self.items.extend(self.all.iter().filter(shown).copied().map(Item::Chat));
            }
            Filter::Named(query) => {
                let found = self.named(model, query, usize::MAX);
                self.items.extend(found.into_iter().map(|(_, key)| Item::Chat(key)));
            }
        }
        let mut top = 0.0;
        self.tops.clear();
        self.tops.push(top);
        self.chats.clear();
        for item in &self.items {
            top += match item {
                Item::Chat(key) => {
                    self.chats.push(*key);
                    theme::PERSON_ROW
                }
                Item::Heading(_) => theme::HEADING_ROW,
                Item::Nothing(_) => theme::NOTHING_ROW,
            };
            self.tops.push(top);
        }
    }
}

impl Names {
    fn of(model: &Model) -> Self {
        let me = model.my_id();
        let groups = model.groups.keys().map(|id| ChatKey::Group(*id));
        let people = model.people.keys().filter(|id| Some(**id) != me).map(|id| ChatKey::Person(*id));
        // A chat with somebody whose account is gone stays readable.
        let keys = groups.chain(people).chain(former(model));
        let mut by_name: Vec<_> = keys.map(|key| (model.title(key).to_lowercase(), key)).collect();
        by_name.sort_unstable();
        let by_name: Vec<_> =
            by_name.into_iter().map(|(_, key)| Named { key, folded: Folded::of(model.title(key)) }).collect();
        let mut by_key: Vec<usize> = (0..by_name.len()).collect();
        by_key.sort_unstable_by_key(|at| by_name.get(*at).map(|named| named.key));
        Self { by_name, by_key }
    }

    fn at(&self, key: ChatKey) -> Option<usize> {
        let key_of = |at: &usize| self.by_name.get(*at).map(|named| named.key);
        let found = self.by_key.binary_search_by_key(&Some(key), key_of).ok()?;
        self.by_key.get(found).copied()
    }
}

/// Whether there is something new in a chat that is not to be overlooked.
pub fn asks(model: &Model, key: ChatKey) -> bool {
    model.chat(key).is_some_and(|chat| chat.attention() > 0)
}

/// Chats with those whose account is gone.
fn former(model: &Model) -> impl Iterator<Item = ChatKey> {
    model.chats.iter().filter_map(|(key, chat)| match key {
        ChatKey::Person(id) if chat.last.is_some() && !model.people.contains_key(id) => Some(*key),
        _ => None,
    })
}

/// Change whenever the names, or what stands by them, could. Cheaper than sorting: the list is looked at in every frame.
fn fingerprints(model: &Model) -> (u64, u64) {
    let mut names = DefaultHasher::new();
    (model.my_id(), names_mark(model)).hash(&mut names);
    for (id, group) in &model.groups {
        (id, &group.name).hash(&mut names);
    }
    let mut chats = DefaultHasher::new();
    for (key, chat) in &model.chats {
        (key, chat.last.as_ref().map(|last| last.seq), chat.attention() > 0).hash(&mut chats);
        if let ChatKey::Person(id) = key
            && !model.people.contains_key(id)
        {
            (key, chat.last.is_some(), model.former.get(id)).hash(&mut names);
        }
    }
    (names.finish(), chats.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Person};
    use crate::proto::chat::{GroupId, Past};
    use crate::proto::event::Status;
    use crate::proto::ids::{DeviceId, UserId};

    fn model(groups: u64, people: u32) -> Model {
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
        model
    }

    fn order(groups: u64, people: u32, pinned: &[ChatKey]) -> Order {
        let mut order = Order::default();
        order.of(&model(groups, people), pinned, &Filter::All);
        order
    }

    fn items(order: &Order) -> Vec<Item> {
        (0..order.len()).filter_map(|at| order.item(at)).collect()
    }

    #[test]
    fn every_place_follows_the_one_before_it_whatever_is_in_the_list() {
        let pinned = [ChatKey::Person(UserId(2)), ChatKey::Group(GroupId(1)), ChatKey::Group(GroupId(99))];
        for (groups, people) in [(0, 0), (0, 3), (3, 0), (1, 1), (4, 5)] {
            for pinned in [&[][..], &pinned] {
                let order = order(groups, people, pinned);
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
                assert_eq!(order.chats(), order.all(), "what is seen is what the keys go through");
                assert_eq!(order.chats().len(), 1 + groups as usize + people as usize);
                for key in order.chats() {
                    let (top, bottom) = order.rows_of(*key).unwrap();
                    let seen = order.between(top, bottom);
                    assert_eq!(seen.clone().filter_map(|at| order.item(at)).collect::<Vec<_>>(), [Item::Chat(*key)]);
                }
            }
        }
    }

    #[test]
    fn what_is_pinned_has_a_part_of_its_own_and_stays_as_it_was_pinned() {
        let (group, person) = (ChatKey::Group(GroupId(1)), ChatKey::Person(UserId(3)));
        let order = order(1, 3, &[person, group]);
        let rows: Vec<_> = items(&order);
        assert_eq!(
            rows[..6],
            [
                Item::Chat(ChatKey::Everyone),
                Item::Heading(Section::Pinned),
                Item::Chat(person),
                Item::Chat(group),
                // Another group is made there; it is not said that there is none.
                Item::Heading(Section::Groups),
                Item::Heading(Section::People),
            ]
        );
        let all_pinned = self::order(0, 1, &[ChatKey::Person(UserId(1))]);
        assert!(!items(&all_pinned).contains(&Item::Heading(Section::People)));
        assert!(!items(&all_pinned).contains(&Item::Nothing(Section::People)));
    }

    #[test]
    fn of_a_long_list_only_what_is_seen_is_asked_for() {
        let order = order(3, 10_000, &[]);
        let seen = order.between(300_000.0, 300_600.0);
        assert!((10..=11).contains(&seen.len()), "{seen:?}");
        assert!(order.top(seen.start) <= 300_000.0 && order.top(seen.end) >= 300_600.0);
        assert_eq!(order.between(-50.0, 10.0), 0..1);
        assert_eq!(order.between(1e9, 2e9).len(), 0);
    }

    #[test]
    fn what_was_active_last_stands_first_among_those_that_fit_as_well() {
        let mut model = model(2, 30);
        let chat = model.chats.entry(ChatKey::Person(UserId(21))).or_default();
        let at = crate::proto::ids::Millis(0);
        chat.last = Some(crate::client::model::Last {
            seq: Seq(900),
            at,
            from: UserId(21),
            preview: "".into(),
            ..Default::default()
        });
        let mut order = Order::default();
        let query = Filter::Named(Query::new("p0002").unwrap());
        let found = order.of(&model, &[], &query).chats().to_vec();
        assert_eq!(found[..2], [ChatKey::Person(UserId(21)), ChatKey::Person(UserId(20))]);
        assert_eq!(order.all().len(), 33, "the whole list is known all the same");
        let order = order.of(&model, &[], &Filter::New(None));
        assert_eq!((order.len(), order.height()), (0, 0.0));
    }

    #[test]
    fn a_few_that_are_looked_for_are_the_first_of_all() {
        let model = model(20, 200);
        let mut order = Order::default();
        order.of(&model, &[], &Filter::All);
        for typed in ["p", "g", "1", "p0", "0 1", "e", "p001"] {
            let query = Query::new(typed).unwrap();
            let all = order.named(&model, &query, usize::MAX);
            for most in [1, 5, 50] {
                let few = order.named(&model, &query, most);
                let first = |found: &[(Fit, ChatKey)]| found.iter().take(most).copied().collect::<Vec<_>>();
                assert_eq!(first(&few), first(&all), "{typed}, {most}");
            }
        }
    }
}
