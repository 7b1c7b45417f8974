//! What of the settings that the server keeps was asked for and does not hold yet.

use std::collections::BTreeMap;

use super::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::frame;
use crate::proto::outgoing::Outgoing;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Which chats are to be muted, or no longer. The window names chats that are there, which bounds them.
    pub muted: BTreeMap<ChatKey, bool>,
    /// Whether others are to be told what this person has read.
    pub receipts: Option<bool>,
}

impl Settings {
    /// The rest is not asked for again.
    pub fn forget_what_holds(&mut self, model: &Model) {
        self.muted.retain(|chat, muted| model.chat(*chat).is_some_and(|chat| chat.muted != *muted));
        self.receipts = self.receipts.filter(|on| *on != model.read_receipts);
    }

    /// The rest, as it is asked for.
    pub fn requests(&self) -> Vec<u8> {
        let mut frames = Vec::new();
        for (&chat, &muted) in &self.muted {
            frame::encode_value(&mut frames, &Outgoing::MuteChat { chat, muted });
        }
        if let Some(on) = self.receipts {
            frame::encode_value(&mut frames, &Outgoing::SetReadReceipts { on });
        }
        frames
    }
}
