//! What `parlor tail --receipts` tells: how far others have received and read, each step once.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Seq, UserId};

/// The event of docs/PROTOCOL.md without what a client does not keep: its own place and time, and the checksum.
#[derive(Serialize)]
#[serde(tag = "purpose", rename = "read_message")]
struct Read {
    by: UserId,
    #[serde(flatten)]
    chat: ChatKey,
    upto: Seq,
}

/// The same for what has reached a device.
#[derive(Serialize)]
#[serde(tag = "purpose", rename = "delivered_message")]
struct Delivered {
    by: UserId,
    upto: Seq,
}

/// What was told of others.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    read: BTreeMap<(ChatKey, UserId), Seq>,
    delivered: BTreeMap<UserId, Seq>,
}

impl Receipts {
    /// From now on: what others have received and read before is not told. Of one chat alone, if one is meant.
    pub(super) fn begin(model: &Model, only: Option<ChatKey>) -> Self {
        let mut receipts = Self::default();
        receipts.take(model, only);
        receipts
    }

    /// What is new, one JSON object a line. What was received comes before what was read, as it happens.
    pub(super) fn take(&mut self, model: &Model, only: Option<ChatKey>) -> Vec<String> {
        let mut lines = Vec::new();
        for (&by, &upto) in &model.delivered {
            let concerns = !model.is_me(by) && only.is_none_or(|chat| is_in(model, chat, by));
            if concerns && moves(&mut self.delivered, by, upto) {
                lines.extend(serde_json::to_string(&Delivered { by, upto }));
            }
        }
        for (&key, chat) in model.chats.iter().filter(|(key, _)| only.is_none_or(|only| only == **key)) {
            // A chat of two is called by the other's number, and who has read calls it by ours.
            let called = match (key, model.my_id()) {
                (ChatKey::Person(_), Some(me)) => ChatKey::Person(me),
                _ => key,
            };
            for (&by, &upto) in &chat.read_by {
                if !model.is_me(by) && moves(&mut self.read, (key, by), upto) {
                    lines.extend(serde_json::to_string(&Read { by, chat: called, upto }));
                }
            }
        }
        lines
    }
}

/// Whether a marker has moved on; it never goes back.
fn moves<K: Ord>(told: &mut BTreeMap<K, Seq>, key: K, upto: Seq) -> bool {
    let before = told.entry(key).or_insert(Seq(0));
    let moves = upto > *before;
    *before = upto.max(*before);
    moves
}

fn is_in(model: &Model, chat: ChatKey, who: UserId) -> bool {
    match chat {
        ChatKey::Everyone => true,
        ChatKey::Group(id) => model.groups.get(&id).is_some_and(|group| group.members.contains(&who)),
        ChatKey::Person(with) => with == who,
    }
}
