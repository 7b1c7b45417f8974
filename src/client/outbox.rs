//! What was written and is not yet known to be on the server's disk, in the order of writing.
//!
//! Every entry has a number that rises and is never used twice; after a reconnect all of them are sent again under
//! their old numbers, and the server stores each once.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::proto::chat::ChatKey;
use crate::proto::event::Problem;
use crate::proto::ids::{DeviceId, Millis, UserId};

/// Where a message stands on its way to the server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Written; it goes out, or has gone out, and no answer has come.
    Pending,
    /// The server refused it. It stays until its writer sends it again or discards it.
    Failed(Problem),
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a chat.
    Chat(ChatKey),
    /// To each of these people, in the chat with them.
    People(Arc<[UserId]>),
}

/// A message that is not known to be on the server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The number under which it is sent.
    pub n: u64,
    /// Where to.
    pub to: Destination,
    /// The text.
    pub text: Arc<str>,
    /// When it was written, by this computer's clock.
    pub written_at: Millis,
    /// How far it is.
    pub progress: Progress,
}

impl Outgoing {
    /// Whether it will stand in that chat.
    pub fn is_in(&self, key: ChatKey) -> bool {
        match (&self.to, key) {
            (Destination::Chat(chat), key) => *chat == key,
            (Destination::People(people), ChatKey::Person(id)) => people.contains(&id),
            (Destination::People(_), _) => false,
        }
    }
}

/// The entries and the numbering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    device: DeviceId,
    last_n: u64,
    entries: VecDeque<Outgoing>,
}

impl Outbox {
    /// An empty outbox of a device that has not sent anything yet.
    pub fn new(device: DeviceId) -> Self {
        Self { device, last_n: 0, entries: VecDeque::new() }
    }

    /// Who numbers.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Puts a message in and numbers it.
    pub fn push(&mut self, to: Destination, text: Arc<str>, written_at: Millis) -> &Outgoing {
        let n = self.next_n();
        self.entries.push_back(Outgoing { n, to, text, written_at, progress: Progress::Pending });
        self.entries.back().expect("just put in")
    }

    /// A number that was never used, for something that is sent once and is not a message.
    pub fn next_n(&mut self) -> u64 {
        self.last_n += 1;
        self.last_n
    }

    /// Takes the message with that number out: it is on the server's disk, or nobody wants it any more.
    pub fn remove(&mut self, n: u64) -> Option<Outgoing> {
        let at = self.entries.iter().position(|entry| entry.n == n)?;
        self.entries.remove(at)
    }

    /// The server refused the message with that number.
    pub fn fail(&mut self, n: u64, problem: Problem) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.n == n) {
            entry.progress = Progress::Failed(problem);
        }
    }

    /// A refused message is to be sent again, under its old number: the server knows whether it has that one.
    pub fn retry(&mut self, n: u64) -> Option<&Outgoing> {
        let entry = self.entries.iter_mut().find(|entry| entry.n == n)?;
        entry.progress = Progress::Pending;
        Some(entry)
    }

    /// What is in it, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Outgoing> {
        self.entries.iter()
    }

    /// What must be sent after a login, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Outgoing> {
        self.entries.iter().filter(|entry| entry.progress == Progress::Pending)
    }
}
