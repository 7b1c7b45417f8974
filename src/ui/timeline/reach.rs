//! How far one's own messages have come with everybody in a room. Draws nothing.
//!
//! The model goes through all members for each message that it is asked about. A room may have ten thousand, so what it
//! said is kept until somebody has received or read something, comes or goes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use crate::client::model::{Model, Reach};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// What [`Model::reach`] has said of messages that were in view.
#[derive(Debug, Default)]
pub struct Reached {
    made_of: Option<u64>,
    known: RefCell<BTreeMap<Seq, Reach>>,
}

impl Reached {
    /// Forgets what does not hold any more.
    pub fn keep_up(&mut self, model: &Model, key: ChatKey) {
        let made_of = fingerprint(model, key);
        if self.made_of != Some(made_of) {
            *self = Self { made_of: Some(made_of), known: RefCell::default() };
        }
    }

    /// How far a message has come.
    pub fn at(&self, model: &Model, key: ChatKey, seq: Seq) -> Reach {
        let mut known = self.known.borrow_mut();
        *known.entry(seq).or_insert_with(|| model.reach(key, seq))
    }
}

/// Changes whenever a message could have come further, or have more or fewer to come to.
fn fingerprint(model: &Model, key: ChatKey) -> u64 {
    struct Marks<'a>(&'a Model, ChatKey);
    impl Hash for Marks<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            let Self(model, key) = *self;
            (key, model.my_id(), &model.delivered).hash(state);
            model.chat(key).map(|chat| &chat.read_by).hash(state);
            match key {
                ChatKey::Everyone => model.people.iter().for_each(|(id, person)| (id, person.joined).hash(state)),
                ChatKey::Group(id) => model.groups.get(&id).map(|group| &group.joined).hash(state),
                ChatKey::Person(_) => {}
            }
        }
    }
    // In every frame, and over all people: with the quick hash of the toolkit.
    egui::util::hash(Marks(model, key))
}
