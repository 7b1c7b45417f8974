//! Who has an account: numbers and names, as of the last reading of `users.json`.

use std::collections::BTreeMap;

use crate::proto::ids::{UserId, UserName};
use crate::proto::request::Peer;

/// The accounts by number and by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    names: BTreeMap<UserId, UserName>,
    /// Keyed by [`UserName::folded`].
    by_name: BTreeMap<String, UserId>,
}

impl Directory {
    /// The directory of these accounts, whose numbers and folded names are distinct.
    pub fn new(accounts: impl IntoIterator<Item = (UserId, UserName)>) -> Self {
        let names: BTreeMap<_, _> = accounts.into_iter().collect();
        let by_name = names.iter().map(|(&id, name)| (name.folded(), id)).collect();
        Self { names, by_name }
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

    /// All accounts, by number.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, &UserName)> {
        self.names.iter().map(|(&id, name)| (id, name))
    }
}
