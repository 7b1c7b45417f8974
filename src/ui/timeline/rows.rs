//! What stands in a conversation, row by row: the view data of the timeline. Draws nothing.

use crate::client::model::{Chat, Message, Model};
use crate::client::outbox::{Outgoing, Progress};
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Millis, Seq, UserId};
use crate::ui::when::Clock;

/// Messages of one author within this time share a header, in milliseconds.
pub const GROUP_MS: u64 = 5 * 60 * 1000;

/// How far a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// Somebody else wrote it.
    Foreign,
    /// On its way to the server.
    Pending,
    /// On the server's disk.
    Stored,
    /// On a device of the receiver.
    Delivered,
    /// Seen by the receiver.
    Read,
    /// Refused: under which number it was sent, and why.
    Failed {
        /// The number in the outbox.
        n: u64,
        /// For people.
        reason: &'a str,
    },
}

/// Which row it is, over all frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowId {
    /// Above the first message.
    Head,
    /// A message on the server's disk.
    Message(Seq),
    /// A message in the outbox.
    Outgoing(u64),
}

/// All that a message's row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Which one it is.
    pub id: RowId,
    /// Who wrote it.
    pub author: &'a str,
    /// Whether this person wrote it.
    pub own: bool,
    /// What it says.
    pub text: &'a str,
    /// When.
    pub at: Millis,
    /// How far it is.
    pub sent: Sent<'a>,
    /// The first of a day: that day's name.
    pub day: Option<String>,
    /// The "New" divider stands above it.
    pub divider: bool,
    /// The first of a group, which bears its author's name.
    pub header: bool,
}

impl Row<'_> {
    /// The row as a screen reader says it.
    pub fn spoken(&self, clock: &Clock) -> String {
        let state = match self.sent {
            Sent::Foreign => "",
            Sent::Pending => ", sending",
            Sent::Stored => ", sent",
            Sent::Delivered => ", delivered",
            Sent::Read => ", read",
            Sent::Failed { .. } => ", not sent",
        };
        let author = if self.own { "You" } else { self.author };
        format!("{author}, {}{state}: {}", clock.time(self.at), self.text)
    }
}

/// The rows of a chat, by number: one head, the loaded messages, the outbox.
pub struct Rows<'a> {
    model: &'a Model,
    key: ChatKey,
    clock: &'a Clock,
    chat: Option<&'a Chat>,
    outgoing: Vec<&'a Outgoing>,
    divider: Option<Seq>,
}

impl<'a> Rows<'a> {
    /// Looks at a chat.
    pub fn new(model: &'a Model, key: ChatKey, clock: &'a Clock, divider: Option<Seq>) -> Self {
        Self { model, key, clock, chat: model.chat(key), outgoing: model.outgoing(key).collect(), divider }
    }

    /// How many rows there are, the head included.
    pub fn len(&self) -> usize {
        1 + self.messages() + self.outgoing.len()
    }

    /// How many messages are loaded.
    pub fn messages(&self) -> usize {
        self.chat.map_or(0, |chat| chat.messages.len())
    }

    /// A loaded message by the number of its row.
    pub fn message(&self, row: usize) -> Option<&'a Message> {
        self.chat?.messages.get(row.checked_sub(1)?)
    }

    fn outgoing(&self, row: usize) -> Option<&'a Outgoing> {
        self.outgoing.get(row.checked_sub(1 + self.messages())?).copied()
    }

    /// Which row has that number.
    pub fn id(&self, row: usize) -> RowId {
        match (self.message(row), self.outgoing(row)) {
            (Some(message), _) => RowId::Message(message.seq),
            (None, Some(outgoing)) => RowId::Outgoing(outgoing.n),
            (None, None) => RowId::Head,
        }
    }

    /// The number of a row, while it is there.
    pub fn find(&self, id: RowId) -> Option<usize> {
        match id {
            RowId::Head => Some(0),
            RowId::Message(seq) => {
                let messages = &self.chat?.messages;
                messages.binary_search_by_key(&seq, |message| message.seq).ok().map(|at| at + 1)
            }
            RowId::Outgoing(n) => {
                let at = self.outgoing.iter().position(|entry| entry.n == n)?;
                Some(1 + self.messages() + at)
            }
        }
    }

    /// How far a stored message of this window's account has come.
    fn receipt(&self, seq: Seq) -> Sent<'a> {
        let reach = self.model.reach(self.key, seq);
        match reach.receivers {
            0 => Sent::Stored,
            all if reach.read == all => Sent::Read,
            all if reach.delivered == all => Sent::Delivered,
            _ => Sent::Stored,
        }
    }

    fn author(&self, row: usize) -> Option<(UserId, Millis)> {
        if let Some(message) = self.message(row) {
            return Some((message.from, message.at));
        }
        let outgoing = self.outgoing(row)?;
        Some((self.model.me.as_ref()?.id, outgoing.written_at))
    }

    /// What a row shows; nothing for the head and for numbers that are none.
    pub fn get(&self, row: usize) -> Option<Row<'a>> {
        let (author, at) = self.author(row)?;
        let own = self.model.is_me(author);
        let (text, sent) = match (self.message(row), self.outgoing(row)) {
            (Some(message), _) => (&message.text, if own { self.receipt(message.seq) } else { Sent::Foreign }),
            (None, Some(entry)) => match &entry.progress {
                Progress::Pending => (&entry.text, Sent::Pending),
                Progress::Failed(problem) => (&entry.text, Sent::Failed { n: entry.n, reason: &problem.message }),
            },
            (None, None) => return None,
        };
        let before = row.checked_sub(1).and_then(|before| self.author(before));
        let new_day = before.is_none_or(|(_, before)| self.clock.day(before) != self.clock.day(at));
        let divider = self.divider.is_some() && self.message(row).map(|message| message.seq) == self.divider;
        let grouped = before.is_some_and(|(other, before)| other == author && at.0.abs_diff(before.0) <= GROUP_MS);
        Some(Row {
            id: self.id(row),
            author: self.model.name(author),
            own,
            text,
            at,
            sent,
            day: new_day.then(|| self.clock.day_title(at)),
            divider,
            header: !grouped || new_day || divider,
        })
    }
}
