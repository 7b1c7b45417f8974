//! How far one's own messages have come with everybody in a room, for all that are seen at once. Draws nothing.

use crate::client::model::{Model, Reach};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// What [`Model::reach`] says of a room, for any number of its messages: everybody is gone through once, and not once
/// for each message.
#[derive(Debug, Default)]
pub struct Reached {
    /// Up to where each of the others has it on a device, in order.
    delivered: Vec<Seq>,
    /// Up to where each of the others has read, in order.
    read: Vec<Seq>,
}

impl Reached {
    /// Looks at everybody in a room.
    pub fn new(model: &Model, key: ChatKey) -> Self {
        let read_by = model.chat(key).map(|chat| &chat.read_by);
        let mut reached = Self::default();
        for id in model.others(key) {
            let read = read_by.and_then(|by| by.get(&id)).copied().unwrap_or_default();
            let delivered = model.delivered.get(&id).copied().unwrap_or_default();
            reached.read.push(read);
            // Whoever has read it has it.
            reached.delivered.push(delivered.max(read));
        }
        reached.read.sort_unstable();
        reached.delivered.sort_unstable();
        reached
    }

    /// How far a message has come.
    pub fn at(&self, seq: Seq) -> Reach {
        let from = |all: &[Seq]| all.len() - all.partition_point(|upto| *upto < seq);
        Reach { receivers: self.read.len(), delivered: from(&self.delivered), read: from(&self.read) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::client::model::{Group, Me, Person};
    use crate::proto::chat::{GroupId, Past};
    use crate::proto::event::Status;
    use crate::proto::ids::{DeviceId, UserId};

    proptest! {
        #[test]
        fn it_is_what_the_model_says_message_by_message(
            delivered in prop::collection::btree_map(1..9_u32, 1..9_u64, 0..9),
            read in prop::collection::btree_map(1..9_u32, 1..9_u64, 0..9),
            members in prop::collection::btree_set(1..9_u32, 0..9),
        ) {
            let mut model = Model::new(DeviceId::from_random(1));
            model.me = Some(Me { id: UserId(1), username: "1".into() });
            for id in 1..8 {
                let person = Person { username: id.to_string(), status: Status::Online, last_seen: None };
                model.people.insert(UserId(id), person);
            }
            let members = members.into_iter().map(UserId).collect();
            let group = Group { name: "group".into(), owner: UserId(1), members, history: Past::All };
            model.groups.insert(GroupId(1), group);
            model.delivered = delivered.into_iter().map(|(id, upto)| (UserId(id), Seq(upto))).collect();
            for key in [ChatKey::Everyone, ChatKey::Group(GroupId(1))] {
                let read_by = read.iter().map(|(id, upto)| (UserId(*id), Seq(*upto))).collect();
                model.chats.entry(key).or_default().read_by = read_by;
                let reached = Reached::new(&model, key);
                for seq in (1..10).map(Seq) {
                    prop_assert_eq!(reached.at(seq), model.reach(key, seq));
                }
            }
        }
    }
}
