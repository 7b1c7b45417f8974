//! What a message of one's own shows while a change of it is on its way.

use super::{ChatKey, Message, Model, Outgoing, Seq};
use crate::client::outbox::{Progress, What};

/// A message as it is to be shown: with what its author has done to it, whether the server knows or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The text; empty if it is taken back.
    pub text: &'a str,
    /// It is taken back.
    pub deleted: bool,
    /// Its text is not the first one.
    pub edited: bool,
    /// The newest change that the server has not confirmed: on its way, or refused.
    pub pending: Option<&'a Outgoing>,
}

impl Model {
    /// The newest change of a message that the server has not confirmed: on its way, or refused. Cheap where there is none.
    pub fn pending_change(&self, chat: ChatKey, seq: Seq) -> Option<&Outgoing> {
        self.outbox.revision(chat, seq)
    }

    /// The messages of a chat that are loaded and there, the newest first: what can be answered, and if it is one's own
    /// changed.
    pub fn standing(&self, chat: ChatKey) -> impl Iterator<Item = &Message> {
        let loaded = self.chat(chat).into_iter().flat_map(|chat| chat.messages.iter().rev());
        loaded.filter(move |message| message.change.is_none() && !self.shown(chat, message).deleted)
    }

    /// A message of a chat as it is to be shown now.
    pub fn shown<'a>(&'a self, chat: ChatKey, message: &'a Message) -> Shown<'a> {
        // What was taken back on another device has no text any more that could be changed.
        let pending = self.pending_change(chat, message.seq);
        let (text, deleted) = match pending.map(|entry| &entry.what) {
            _ if message.deleted => ("", true),
            // One that could not be taken back is still there for the others.
            Some(What::Delete(_)) if pending.is_some_and(|entry| entry.progress == Progress::Pending) => ("", true),
            Some(What::Edit(_)) => (pending.map_or("", |entry| &entry.text), false),
            _ => (&*message.text, false),
        };
        let changed = pending.is_some_and(|entry| matches!(entry.what, What::Edit(_)));
        Shown { text, deleted, edited: !deleted && (message.edited.is_some() || changed), pending }
    }
}
