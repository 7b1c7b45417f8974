//! What happened to a group, in a sentence: for the list and for the lines between messages. Draws nothing.

use std::borrow::Cow;

use crate::client::model::Model;
use crate::proto::chat::{Change, GroupName};
use crate::proto::ids::UserId;
use crate::visible::isolated;

/// Up to this many people are all named; of more, one less is, and the others are counted.
const NAMED_MAX: usize = 3;

/// What somebody did to a group: `Alice added Bob and Charlie`, `You renamed the group to “Hike”`. No full stop.
pub fn change_sentence(model: &Model, by: UserId, change: &Change) -> String {
    Names { model, me: model.my_id() }.sentence(by, change)
}

/// The same for readers who are not this person: nobody is “you”.
pub fn change_in_names(model: &Model, by: UserId, change: &Change) -> String {
    Names { model, me: None }.sentence(by, change)
}

/// Somebody at the beginning of a sentence.
pub fn subject(model: &Model, id: UserId) -> Cow<'_, str> {
    Names { model, me: model.my_id() }.subject(id)
}

/// What people are called in a sentence.
#[derive(Clone, Copy)]
struct Names<'a> {
    model: &'a Model,
    /// Who is “you”.
    me: Option<UserId>,
}

impl<'a> Names<'a> {
    fn sentence(self, by: UserId, change: &Change) -> String {
        let who = self.subject(by);
        let called = |name: &GroupName| isolated(name.as_str()).into_owned();
        match change {
            Change::Created { name, members, .. } => {
                let others: Vec<UserId> = members.iter().copied().filter(|member| *member != by).collect();
                match others.as_slice() {
                    [] => format!("{who} made the group “{}”", called(name)),
                    others => format!("{who} made the group “{}” with {}", called(name), self.objects(others)),
                }
            }
            Change::Renamed { name } => format!("{who} renamed the group to “{}”", called(name)),
            Change::Added { members } => format!("{who} added {}", self.objects(members)),
            Change::Removed { member } => format!("{who} removed {}", self.object(*member)),
            Change::Left { owner: None } => format!("{who} left"),
            Change::Left { owner: Some(owner) } => {
                let are = if self.me == Some(*owner) { "are" } else { "is" };
                format!("{who} left. {} {are} the owner now", self.subject(*owner))
            }
            Change::HandedOver { owner } => format!("{who} made {} the owner", self.object(*owner)),
            Change::Deleted => format!("{who} deleted the group"),
        }
    }

    fn subject(self, id: UserId) -> Cow<'a, str> {
        if self.me == Some(id) { "You".into() } else { isolated(self.model.name(id)) }
    }

    /// Somebody within a sentence.
    fn object(self, id: UserId) -> Cow<'a, str> {
        if self.me == Some(id) { "you".into() } else { isolated(self.model.name(id)) }
    }

    /// Several people within a sentence, this person first: a long list may not hide that one is in it.
    fn objects(self, ids: &[UserId]) -> String {
        let (mine, others): (Vec<UserId>, Vec<UserId>) = ids.iter().partition(|id| self.me == Some(**id));
        let ordered = mine.into_iter().chain(others);
        // A group can have thousands of members, and this is asked for in every frame.
        let named: Vec<_> = ordered.take(NAMED_MAX + 1).map(|id| self.object(id)).collect();
        enumerated(&named, ids.len())
    }
}

/// `Bob`, `Bob and Charlie`, `Bob, Charlie and 3 more`: the first names of `count` people, as parts of a sentence.
pub fn enumerated(names: &[Cow<'_, str>], count: usize) -> String {
    let shown = if count > NAMED_MAX { NAMED_MAX - 1 } else { count };
    let named = names.get(..shown.min(names.len())).unwrap_or_default();
    match (named, count - named.len()) {
        ([], 0) => String::new(),
        ([], more) => format!("{more} people"),
        ([one], 0) => one.clone().into_owned(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (some, more) => format!("{} and {more} more", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Me, Person};
    use crate::proto::chat::Past;
    use crate::proto::event::Status;
    use crate::proto::ids::DeviceId;

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);
    const CHARLIE: UserId = UserId(3);

    fn model() -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: ALICE, username: "Alice".into() });
        for (id, name) in [(1, "Alice"), (2, "Bob"), (3, "Charlie"), (4, "Dora"), (5, "Emil")] {
            let person =
                Person { username: name.into(), status: Status::Offline, last_seen: None, joined: Default::default() };
            model.people.insert(UserId(id), person);
        }
        model.former.insert(UserId(9), "Zoë (former member)".into());
        model
    }

    fn created(members: &[u64]) -> Change {
        let members = members.iter().copied().map(|id| UserId(id.try_into().unwrap())).collect();
        Change::Created { name: GroupName::new("Hike").unwrap(), members, history: Past::Joined }
    }

    #[test]
    fn every_change_has_a_sentence_for_those_who_did_it_and_those_who_saw_it() {
        let name = GroupName::new("Big Hike").unwrap();
        for (by, change, sentence) in [
            (BOB, created(&[2]), "Bob made the group “Hike”"),
            (ALICE, created(&[1, 2, 3]), "You made the group “Hike” with Bob and Charlie"),
            (BOB, created(&[2, 3, 4, 5, 1]), "Bob made the group “Hike” with you, Charlie and 2 more"),
            (BOB, created(&[2, 3, 1, 4]), "Bob made the group “Hike” with you, Charlie and Dora"),
            (BOB, Change::Renamed { name: name.clone() }, "Bob renamed the group to “Big Hike”"),
            (ALICE, Change::Renamed { name }, "You renamed the group to “Big Hike”"),
            (BOB, Change::Added { members: vec![CHARLIE] }, "Bob added Charlie"),
            (BOB, Change::Added { members: vec![ALICE] }, "Bob added you"),
            (BOB, Change::Removed { member: ALICE }, "Bob removed you"),
            (ALICE, Change::Removed { member: UserId(9) }, "You removed Zoë (former member)"),
            (BOB, Change::Left { owner: None }, "Bob left"),
            (BOB, Change::Left { owner: Some(CHARLIE) }, "Bob left. Charlie is the owner now"),
            (BOB, Change::Left { owner: Some(ALICE) }, "Bob left. You are the owner now"),
            (BOB, Change::HandedOver { owner: ALICE }, "Bob made you the owner"),
            (ALICE, Change::HandedOver { owner: BOB }, "You made Bob the owner"),
            (BOB, Change::Deleted, "Bob deleted the group"),
        ] {
            assert_eq!(change_sentence(&model(), by, &change), sentence);
        }
    }

    #[test]
    fn many_names_are_counted() {
        let enumerated = |names: &[&str], count| {
            let names: Vec<_> = names.iter().map(|name| Cow::Borrowed(*name)).collect();
            super::enumerated(&names, count)
        };
        assert_eq!(enumerated(&[], 0), "");
        assert_eq!(enumerated(&["A"], 1), "A");
        assert_eq!(enumerated(&["A", "B"], 2), "A and B");
        assert_eq!(enumerated(&["A", "B", "C"], 3), "A, B and C");
        assert_eq!(enumerated(&["A", "B", "C"], 4), "A, B and 2 more");
        assert_eq!(enumerated(&["A", "B", "C"], 400), "A, B and 398 more");
    }
}
