//! Who a text calls by name: `@Name`, by the rule that the server counts mentions by. Draws nothing.
//!
//! Names are looked up in a map that is made anew only when somebody comes, goes or changes their name, and every look
//! costs as much as a name is long: whoever writes a page of `@` holds nobody's window up.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::people::names_mark;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::UserId;
use crate::proto::limits::{MENTIONS_MAX, NAME_MAX_CHARS};

/// A name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Where it stands, in bytes, its `@` included.
    pub range: Range<usize>,
    /// Who it is.
    pub user: UserId,
}

/// Everybody who can be called by name, and who of them is in the chat that is looked at.
#[derive(Debug, Default)]
pub struct Names {
    made_of: Option<u64>,
    /// By the name in lower case: `alice` and `Alice` are the same person.
    by_name: BTreeMap<String, UserId>,
    /// Who is in the chat, this person included.
    members: Members,
    me: Option<UserId>,
}

#[derive(Debug, Default)]
enum Members {
    /// In a chat with one person nobody is called.
    #[default]
    None,
    All,
    Some(BTreeSet<UserId>),
}

impl Names {
    /// The names for a chat. They are only made anew when something about them has changed.
    pub fn of(&mut self, model: &Model, key: ChatKey) -> &Self {
        let made_of = fingerprint(model, key);
        if self.made_of != Some(made_of) {
            let members = match key {
                ChatKey::Everyone => Members::All,
                ChatKey::Group(id) => {
                    let members = model.groups.get(&id).map(|group| group.members.iter().copied().collect());
                    Members::Some(members.unwrap_or_default())
                }
                ChatKey::Person(_) => Members::None,
            };
            let by_name = model.people.iter().map(|(id, person)| (person.username.to_lowercase(), *id)).collect();
            *self = Self { made_of: Some(made_of), by_name, members, me: model.my_id() };
        }
        self
    }

    /// Whether somebody is in the chat.
    pub fn is_in(&self, user: UserId) -> bool {
        match &self.members {
            Members::None => false,
            Members::All => true,
            Members::Some(members) => members.contains(&user),
        }
    }

    /// Whether that is the person at this window.
    pub fn is_me(&self, user: UserId) -> bool {
        self.me == Some(user)
    }

    /// Everybody else who has an account, by name in lower case.
    pub fn others(&self) -> impl Iterator<Item = (&str, UserId)> {
        let all = self.by_name.iter().map(|(name, id)| (name.as_str(), *id));
        all.filter(|(_, id)| !self.is_me(*id))
    }

    /// The longest name that a text begins with and that ends where `ends` says it may, by what comes after it; with
    /// its length in bytes.
    pub fn longest(&self, text: &str, ends: impl Fn(Option<char>) -> bool) -> Option<(usize, UserId)> {
        let ends_at: Vec<usize> = text
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .take(NAME_MAX_CHARS)
            .filter(|end| ends(text.get(*end..).and_then(|rest| rest.chars().next())))
            .collect();
        ends_at.into_iter().rev().find_map(|end| {
            let name = text.get(..end)?.to_lowercase();
            Some((end, *self.by_name.get(&name)?))
        })
    }

    /// The members of the chat that a text calls, in the order of the text.
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        let mut found: Vec<Mention> = Vec::new();
        if matches!(self.members, Members::None) {
            return found;
        }
        // A text of nothing but `@` is not worth more looks than this.
        for (at, _) in text.match_indices('@').filter(|(at, _)| begins(text, *at)).take(4 * MENTIONS_MAX) {
            let Some((length, user)) = text.get(at + 1..).and_then(|name| self.longest(name, is_whole)) else {
                continue;
            };
            if self.is_in(user) {
                found.push(Mention { range: at..at + 1 + length, user });
            }
            if found.len() == MENTIONS_MAX {
                break;
            }
        }
        found
    }

    /// The member whom a text is addressed to: `@Name` and then something else to say. With the place of that.
    pub fn addressed(&self, text: &str) -> Option<(UserId, usize)> {
        let (length, user) = self.longest(text.strip_prefix('@')?, is_end_of_word)?;
        let said = text.get(1 + length..)?;
        let begin = 1 + length + (said.len() - said.trim_start().len());
        let reachable = self.is_in(user) && !self.is_me(user);
        (reachable && begin < text.len()).then_some((user, begin))
    }
}

/// Whether an `@` at that place may begin a mention: nothing that could be part of a word is in front of it.
pub fn begins(text: &str, at: usize) -> bool {
    !text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
}

/// What may come after a name that is called.
fn is_whole(next: Option<char>) -> bool {
    !next.is_some_and(char::is_alphanumeric)
}

/// What comes after a name that stands for itself.
pub fn is_end_of_word(next: Option<char>) -> bool {
    next.is_none_or(char::is_whitespace)
}

/// Changes whenever the names could. Cheaper than making them: they are looked at in every frame.
fn fingerprint(model: &Model, key: ChatKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, model.my_id(), names_mark(model)).hash(&mut hasher);
    if let ChatKey::Group(id) = key {
        model.groups.get(&id).map(|group| &group.members).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Me, Person};
    use crate::proto::chat::{GroupId, Past};
    use crate::proto::event::Status;
    use crate::proto::ids::DeviceId;

    fn model(names: &[&str]) -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        for (name, id) in names.iter().zip(1..) {
            let person = Person {
                username: (*name).into(),
                status: Status::Offline,
                last_seen: None,
                joined: Default::default(),
            };
            model.people.insert(UserId(id), person);
        }
        model.me = Some(Me { id: UserId(1), username: names[0].into() });
        model
    }

    fn called(names: &Names, text: &str) -> Vec<(u32, String)> {
        names.mentions(text).into_iter().map(|found| (found.user.0, text[found.range].to_owned())).collect()
    }

    #[test]
    fn a_mention_is_a_whole_name_after_an_at() {
        let model = model(&["Ann", "Ann Lee", "Bob", "Ünsal", "王小明", "דוד כהן"]);
        let mut names = Names::default();
        let names = names.of(&model, ChatKey::Everyone);
        for (text, expected) in [
            ("@Ann", vec![(1, "@Ann")]),
            ("@ann lee, and @BOB!", vec![(2, "@ann lee"), (3, "@BOB")]),
            ("@Anna and a@bob.org and @ Bob", vec![]),
            ("(@bob) @Bob", vec![(3, "@bob"), (3, "@Bob")]),
            ("@ünsal @王小明。", vec![(4, "@ünsal"), (5, "@王小明")]),
            ("@@Bob", vec![(3, "@Bob")]),
            ("@Ann Leeway", vec![(1, "@Ann")]),
            ("שלום @דוד כהן!", vec![(6, "@דוד כהן")]),
            ("👋@Bob\u{301} @", vec![(3, "@Bob")]),
            ("", vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(id, name)| (id, name.to_owned())).collect();
            assert_eq!(called(names, text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_members_are_called_and_in_a_chat_with_one_person_nobody_is() {
        let mut model = model(&["Ann", "Bob", "Cem"]);
        let members = vec![UserId(1), UserId(2)];
        let group = Group {
            name: "Hike".into(),
            owner: UserId(1),
            joined: members.iter().map(|id: &UserId| (*id, Default::default())).collect(),
            members,
            history: Past::All,
        };
        model.groups.insert(GroupId(9), group);
        let mut names = Names::default();
        let text = "@Bob @Cem";
        assert_eq!(called(names.of(&model, ChatKey::Group(GroupId(9))), text).len(), 1);
        assert_eq!(called(names.of(&model, ChatKey::Everyone), text).len(), 2);
        assert_eq!(called(names.of(&model, ChatKey::Person(UserId(2))), text).len(), 0);
        model.groups.get_mut(&GroupId(9)).unwrap().members.push(UserId(3));
        assert_eq!(called(names.of(&model, ChatKey::Group(GroupId(9))), text).len(), 2, "a new member is noticed");
        model.people.get_mut(&UserId(3)).unwrap().username = "Cemile".into();
        assert_eq!(called(names.of(&model, ChatKey::Group(GroupId(9))), text).len(), 1, "so is a new name");
    }

    #[test]
    fn a_page_of_names_is_looked_at_up_to_a_limit() {
        let model = model(&["Ann", "Bob"]);
        let mut names = Names::default();
        let names = names.of(&model, ChatKey::Everyone);
        assert_eq!(names.mentions(&"@bob ".repeat(3_000)).len(), MENTIONS_MAX);
        assert_eq!(names.mentions(&("@".repeat(10_000) + "bob")).len(), 0);
    }

    #[test]
    fn a_text_is_addressed_to_another_member_when_more_is_said() {
        let model = model(&["Ann", "Bob", "Bob Low"]);
        let mut names = Names::default();
        let names = names.of(&model, ChatKey::Everyone);
        for (text, expected) in [
            ("@Bob hi", Some((2, "hi"))),
            ("@bob low  hi @Ann", Some((3, "hi @Ann"))),
            ("@Bob\nhi", Some((2, "hi"))),
            ("@Bob", None),
            ("@Bob  ", None),
            ("@Bob, hi", None),
            ("@Ann to oneself", None),
            (" @Bob hi", None),
            ("@Carl hi", None),
        ] {
            let found = names.addressed(text).map(|(user, at)| (user.0, &text[at..]));
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
