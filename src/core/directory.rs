//! Who has an account: numbers, names and roles, as of the last reading of `users.json`.

use std::collections::{BTreeMap, BTreeSet};

use crate::names;
use crate::proto::account::Role;
use crate::proto::ids::{UserId, UserName};
use crate::proto::limits::{MENTIONS_MAX, NAME_MAX_CHARS};
use crate::proto::request::Peer;

/// The accounts by number and by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    names: BTreeMap<UserId, UserName>,
    /// Keyed by [`UserName::folded`].
    by_name: BTreeMap<String, UserId>,
    /// Keyed by each of [`names::looks`]. Worked out once: whoever makes groups must not make all names be looked at.
    by_look: BTreeMap<String, UserId>,
    admins: BTreeSet<UserId>,
    blocked: BTreeSet<UserId>,
}

impl Directory {
    /// The directory of these accounts, whose numbers and folded names are distinct.
    pub fn new(accounts: impl IntoIterator<Item = (UserId, UserName)>) -> Self {
        let names: BTreeMap<_, _> = accounts.into_iter().collect();
        let by_name = names.iter().map(|(&id, name)| (name.folded(), id)).collect();
        let looks = names.iter().flat_map(|(&id, name)| names::looks(name.as_str()).map(|look| (look, id)));
        let by_look = looks.collect();
        Self { names, by_name, by_look, ..Self::default() }
    }

    /// The same, with those who look after the others and those who are kept out.
    #[must_use]
    pub fn with_roles(self, admins: BTreeSet<UserId>, blocked: BTreeSet<UserId>) -> Self {
        Self { admins, blocked, ..self }
    }

    /// Whether an account may look after others.
    pub fn is_admin(&self, id: UserId) -> bool {
        self.admins.contains(&id)
    }

    /// What an account may do.
    pub fn role(&self, id: UserId) -> Role {
        if self.is_admin(id) { Role::Admin } else { Role::Member }
    }

    /// Whether an account is kept out.
    pub fn is_blocked(&self, id: UserId) -> bool {
        self.blocked.contains(&id)
    }

    /// Those who look after others, by number.
    pub fn admins(&self) -> impl Iterator<Item = UserId> {
        self.admins.iter().copied()
    }

    /// Those who are kept out, by number.
    pub fn blocked(&self) -> impl Iterator<Item = UserId> {
        self.blocked.iter().copied()
    }

    /// The name of an account.
    pub fn name(&self, id: UserId) -> Option<&UserName> {
        self.names.get(&id)
    }

    /// The account that a request names.
    pub fn find(&self, peer: &Peer) -> Option<UserId> {
        match peer {
            Peer::Id(id) => self.names.contains_key(id).then_some(*id),
            Peer::Name(name) => self.by_name.get(&name.to_lowercase()).copied(),
        }
    }

    /// The account whose name that looks like.
    pub fn looks_like(&self, name: &str) -> Option<&UserName> {
        names::looks(name).iter().find_map(|look| self.names.get(self.by_look.get(look)?))
    }

    /// The accounts that a text calls by name: `@Name`, with nothing but the end or something that is no letter and no
    /// digit around it. The longest name wins; each account comes once, and at most [`MENTIONS_MAX`] do.
    pub fn mentioned(&self, text: &str) -> Vec<UserId> {
        let mut found = Vec::new();
        let mut before = None;
        let begins = text.char_indices().filter_map(|(at, c)| {
            let begins = c == '@' && before.is_none_or(|before: char| !before.is_alphanumeric());
            before = Some(c);
            begins.then_some(at + 1)
        });
        // A text of nothing but `@` is not worth more.
        for at in begins.take(4 * MENTIONS_MAX) {
            match self.longest_name(&text[at..]) {
                Some(user) if !found.contains(&user) => found.push(user),
                _ => {}
            }
        }
        found.truncate(MENTIONS_MAX);
        found
    }

    /// The account whose name a text begins with.
    fn longest_name(&self, text: &str) -> Option<UserId> {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(NAME_MAX_CHARS);
        let ends: Vec<_> = ends.collect();
        ends.into_iter().rev().find_map(|end| {
            let (name, rest) = text.split_at(end);
            let is_whole = rest.chars().next().is_none_or(|next| !next.is_alphanumeric());
            self.by_name.get(&name.to_lowercase()).copied().filter(|_| is_whole)
        })
    }

    /// All accounts, by number.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, &UserName)> {
        self.names.iter().map(|(&id, name)| (id, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_whole_name_after_an_at() {
        let names = ["Ann", "Ann Lee", "Bob", "Ünsal", "王小明"];
        let accounts = names.iter().zip(1..).map(|(name, id)| (UserId(id), UserName::new(name).unwrap()));
        let directory = Directory::new(accounts);
        for (text, expected) in [
            ("@Ann", vec![1]),
            ("@ann lee, and @BOB!", vec![2, 3]),
            ("@Anna and a@bob.org and @ Bob", vec![]),
            ("(@bob) @Bob @bob", vec![3]),
            ("@ünsal @王小明。", vec![4, 5]),
            ("@@Bob", vec![3]),
            ("@Ann Leeway", vec![1]),
            ("", vec![]),
        ] {
            assert_eq!(directory.mentioned(text), expected.into_iter().map(UserId).collect::<Vec<_>>(), "{text:?}");
        }
        let crowd = Directory::new((1..200).map(|n| (UserId(n), UserName::new(&format!("u{n}")).unwrap())));
        let all: String = (1..200).map(|n| format!("@u{n} ")).collect();
        assert_eq!(crowd.mentioned(&all).len(), MENTIONS_MAX);
    }
}
