//! All that a window knows but for the messages: people, groups, and how far each chat has come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::model::{Chat, Group, Link, Me, Model, Person, Phase};
use crate::client::outbox::Outbox;
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::ids::{Seq, UserId};

/// A model without its messages.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Picture {
    user: UserId,
    username: String,
    log: String,
    cursor: Seq,
    arrived: Seq,
    message_max_bytes: usize,
    read_receipts: bool,
    people: BTreeMap<UserId, Person>,
    former: BTreeMap<UserId, String>,
    groups: BTreeMap<GroupId, Group>,
    /// With the place of the first message that was loaded: what is before it may be known to be nothing.
    chats: Vec<(ChatKey, Option<Seq>, Chat)>,
    delivered: BTreeMap<UserId, Seq>,
}

impl Picture {
    /// Of a model that is signed in.
    pub(super) fn of(model: &Model) -> Option<Self> {
        let (me, (log, cursor)) = (model.me.as_ref()?, model.cursor()?);
        let bare = |chat: &Chat| Chat {
            messages: Default::default(),
            loading: false,
            problem: None,
            last: chat.last.clone(),
            read_by: chat.read_by.clone(),
            typing: BTreeMap::new(),
            notices: Default::default(),
            quotes: BTreeMap::new(),
            shared: None,
            meanwhile: Default::default(),
            ..*chat
        };
        let first = |chat: &Chat| chat.messages.front().map(|message| message.seq);
        Some(Self {
            user: me.id,
            username: me.username.clone(),
            log: log.into(),
            cursor,
            arrived: model.arrived,
            message_max_bytes: model.message_max_bytes,
            read_receipts: model.read_receipts,
            people: model.people.clone(),
            former: model.former.clone(),
            groups: model.groups.clone(),
            chats: model.chats.iter().map(|(key, chat)| (*key, first(chat), bare(chat))).collect(),
            delivered: model.delivered.clone(),
        })
    }

    /// The model as it was, not connected, with what is not sent yet and with its messages: for each chat what is kept
    /// of its end.
    pub(super) fn into_model(self, outbox: Outbox, mut messages: super::store::Messages) -> Model {
        let mut model = Model::new(outbox.device().clone());
        model.outbox = outbox;
        model.phase = Phase::SignedIn;
        model.link = Link::Connecting;
        model.me = Some(Me { id: self.user, username: self.username });
        (model.log, model.cursor, model.arrived) = (Some(self.log), self.cursor, self.arrived);
        (model.message_max_bytes, model.read_receipts) = (self.message_max_bytes, self.read_receipts);
        (model.people, model.former, model.groups) = (self.people, self.former, self.groups);
        model.delivered = self.delivered;
        for (key, first, mut chat) in self.chats {
            chat.messages = messages.remove(&key).unwrap_or_default();
            // What came first may have been given up for room.
            chat.complete &= chat.messages.front().map(|message| message.seq) == first;
            model.chats.insert(key, chat);
        }
        model
    }
}
