//! Telling the server what has arrived here, and what has been seen.

use std::collections::BTreeMap;

use super::Client;
use super::model::Link;
use crate::proto::chat::ChatKey;
use crate::proto::frame;
use crate::proto::ids::Seq;
use crate::proto::outgoing::Outgoing;

/// The markers on the connection that is up now.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The read marker that is under way for a chat: the number of its request, and the place.
    read: BTreeMap<ChatKey, (u64, Seq)>,
    /// How many read markers were sent.
    sent: u64,
    /// A delivery marker is under way.
    pub(super) delivering: bool,
    /// The last delivery marker that was sent.
    delivered: Seq,
}

impl Client {
    /// Tells the server what has been seen of a chat. While one marker is under way the next one waits for its answer:
    /// so there are as many as the server takes, and no more, however fast one scrolls.
    pub(super) fn mark_read(&mut self, chat: ChatKey) {
        let Some(seq) = self.model.chat(chat).map(|chat| chat.read) else { return };
        if self.linked && !self.marks.read.contains_key(&chat) {
            self.marks.sent += 1;
            let id = self.marks.sent;
            self.marks.read.insert(chat, (id, seq));
            self.send(frame::frame_of(&Outgoing::MarkRead { id, chat, seq }));
        }
    }

    /// Tells the server what has arrived, in the same manner.
    pub(super) fn mark_arrived(&mut self) {
        let seq = self.model.arrived;
        if self.linked && !self.marks.delivering && self.model.link == Link::Online && seq > self.marks.delivered {
            self.marks.delivering = true;
            self.marks.delivered = seq;
            self.send(frame::frame_of(&Outgoing::MarkDelivered { seq }));
        }
    }

    /// The server has taken a read marker: what was seen since is told now.
    pub(super) fn marked_read(&mut self, id: u64) {
        let answered = self.marks.read.iter().find(|(_, (sent_as, _))| *sent_as == id);
        let Some((&chat, &(_, sent))) = answered else { return };
        self.marks.read.remove(&chat);
        if self.model.chat(chat).is_some_and(|chat| sent < chat.read) {
            self.mark_read(chat);
        }
    }
}
