//! What was written and is not yet known to be on the server's disk, in the order of writing.
//!
//! Every entry has a number that rises and is never used twice; after a reconnect all of them are sent again under
//! their old numbers, and the server stores each once.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::proto::attachment::{Attachment, FileId, FileName, ImageSize};
use crate::proto::chat::ChatKey;
use crate::proto::event::{Code, Problem};
use crate::proto::frame;
use crate::proto::ids::{DeviceId, Millis, Seq, UserId};
use crate::proto::outgoing::{ClientIdText, Outgoing as Request, SendTo};

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

/// A file of this computer that a message is to carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Where it is on this computer.
    pub path: Arc<str>,
    /// What it is to be called.
    pub name: FileName,
    /// How long it is, in bytes.
    pub size: u64,
    /// When it was last changed, in nanoseconds since 1970-01-01 00:00 UTC: all of it that is sent is of that time. Nothing
    /// until its first piece is read where that is not known, as in files of older versions, or is not to count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_nanos: Option<i64>,
    /// How large it is, if it is a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSize>,
    /// Its number on the server, once it was begun there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileId>,
    /// How many bytes are on the server's disk.
    #[serde(default)]
    pub sent: u64,
}

impl Enclosure {
    /// What the message says of it, once it was begun on the server.
    pub fn attachment(&self) -> Option<Attachment> {
        let Self { name, size, image, file, .. } = self.clone();
        Some(Attachment { file: file?, name, size, image })
    }

    /// Whether all of it is on the server's disk, so that a message can carry it.
    pub fn is_there(&self) -> bool {
        self.file.is_some() && self.sent >= self.size
    }
}

/// What is to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A message.
    Say {
        /// The message of the same chat that it answers.
        reply_to: Option<Seq>,
        /// The file that it carries. Until it is on the server, the message waits and others overtake it.
        enclosure: Option<Enclosure>,
    },
    /// Another text for the own message at that place.
    Edit(Seq),
    /// The own message at that place is taken back. There is no text.
    Delete(Seq),
}

impl Default for What {
    /// A message that is nothing but its text.
    fn default() -> Self {
        Self::Say { reply_to: None, enclosure: None }
    }
}

/// A message, or the change of one, that is not known to be on the server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The number under which it is sent.
    pub n: u64,
    /// Where to.
    pub to: Destination,
    /// What is done there.
    pub what: What,
    /// The text.
    pub text: Arc<str>,
    /// When it was written, by this computer's clock.
    pub written_at: Millis,
    /// How far it is.
    pub progress: Progress,
}

impl Outgoing {
    /// Appends the request that has it stored. Its number is that of the entry.
    pub fn encode(&self, device: &DeviceId, frames: &mut Vec<u8>) {
        let client_id = &ClientIdText { device, n: self.n };
        let (id, message) = (self.n, self.text.as_ref());
        let request = match (&self.what, &self.to) {
            (What::Say { reply_to, enclosure }, to) => {
                let to = match to {
                    Destination::Chat(chat) => SendTo::Chat(*chat),
                    Destination::People(people) => SendTo::Many(people),
                };
                let attachment = enclosure.as_ref().and_then(Enclosure::attachment);
                let attachment = attachment.as_ref();
                let request = Request::SendMessage { id, to, client_id, reply_to: *reply_to, attachment, message };
                return frame::encode_value(frames, &request);
            }
            (What::Edit(seq), Destination::Chat(chat)) => {
                Request::EditMessage { id, chat: *chat, seq: *seq, client_id, message }
            }
            (What::Delete(seq), Destination::Chat(chat)) => {
                Request::DeleteMessage { id, chat: *chat, seq: *seq, client_id }
            }
            // A message is changed in one chat.
            (_, Destination::People(_)) => return,
        };
        frame::encode_value(frames, &request);
    }

    /// Whether it is a message of its own, and not the change of one.
    pub fn is_message(&self) -> bool {
        matches!(self.what, What::Say { .. })
    }

    /// Whether it can go out: the file that it carries, if it carries one, is on the server.
    pub fn is_ready(&self) -> bool {
        match &self.what {
            What::Say { enclosure: Some(enclosure), .. } => enclosure.is_there(),
            _ => true,
        }
    }

    /// Whether it changes the message at that place of that chat.
    pub fn revises(&self, chat: ChatKey, seq: Seq) -> bool {
        matches!(self.what, What::Edit(at) | What::Delete(at) if at == seq) && self.is_in(chat)
    }

    fn enclosure_mut(&mut self) -> Option<&mut Enclosure> {
        match &mut self.what {
            What::Say { enclosure, .. } => enclosure.as_mut(),
            What::Edit(_) | What::Delete(_) => None,
        }
    }

    /// Its file is to be sent as it is now; false if that was so.
    fn unpin_file(&mut self) -> bool {
        self.enclosure_mut().is_some_and(|enclosure| enclosure.modified_nanos.take().is_some())
    }

    /// Its file has to be sent from the beginning; false if nothing of it was.
    fn lose_file(&mut self) -> bool {
        let enclosure = self.enclosure_mut().filter(|enclosure| enclosure.file.is_some());
        enclosure.map(|enclosure| (enclosure.file, enclosure.sent) = (None, 0)).is_some()
    }

    /// Whether it will stand in that chat.
    pub fn is_in(&self, key: ChatKey) -> bool {
        match (&self.to, key) {
            (Destination::Chat(chat), key) => *chat == key,
            (Destination::People(people), ChatKey::Person(id)) => people.contains(&id),
            (Destination::People(_), _) => false,
        }
    }
}

/// What has happened to an outbox, for the file that keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The message with that number was written, or its file is further on its way.
    Written(u64),
    /// The number was used for something else.
    Numbered(u64),
    /// The message with that number is gone.
    Gone(u64),
}

/// The entries and the numbering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    device: DeviceId,
    last_n: u64,
    entries: VecDeque<Outgoing>,
    /// What has happened since it was last taken down; at most [`CHANGES_MAX`].
    changes: Vec<Change>,
    /// How many of the entries change a message: none in nearly every frame that asks.
    revisions: usize,
}

/// The most changes that are remembered where nobody takes them down.
const CHANGES_MAX: usize = 10_000;

impl Outbox {
    /// An empty outbox of a device that has not sent anything yet.
    pub fn new(device: DeviceId) -> Self {
        Self::restore(device, 0, Vec::new())
    }

    /// What a device has not sent yet, and how far it has numbered.
    pub fn restore(device: DeviceId, last_n: u64, entries: Vec<Outgoing>) -> Self {
        let revisions = entries.iter().filter(|entry| !entry.is_message()).count();
        Self { device, last_n, entries: entries.into(), changes: Vec::new(), revisions }
    }

    /// Messages whose numbers are not to be trusted, under new ones of a new device. One that was stored and not
    /// acknowledged is stored again: twice is better than never.
    pub fn renumbered(device: DeviceId, entries: Vec<Outgoing>) -> Self {
        let entries: Vec<_> = entries.into_iter().zip(1..).map(|(entry, n)| Outgoing { n, ..entry }).collect();
        Self::restore(device, entries.len() as u64, entries)
    }

    /// The highest number that was used.
    pub fn last_n(&self) -> u64 {
        self.last_n
    }

    /// What has happened since [`Outbox::forget_changes`].
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What has happened is taken down.
    pub fn forget_changes(&mut self) {
        self.changes.clear();
    }

    fn changed(&mut self, change: Change) {
        if self.changes.len() < CHANGES_MAX {
            self.changes.push(change);
        }
    }

    /// Who numbers.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Puts a message in and numbers it.
    pub fn push(&mut self, to: Destination, text: Arc<str>, written_at: Millis) -> &Outgoing {
        self.put(to, What::default(), text, written_at)
    }

    /// Puts in what is to be stored and numbers it.
    pub fn put(&mut self, to: Destination, what: What, text: Arc<str>, written_at: Millis) -> &Outgoing {
        self.last_n += 1;
        let n = self.last_n;
        self.changed(Change::Written(n));
        let entry = Outgoing { n, to, what, text, written_at, progress: Progress::Pending };
        self.revisions += usize::from(!entry.is_message());
        self.entries.push_back(entry);
        self.entries.back().expect("just put in")
    }

    /// A number that was never used, for something that is sent once and is not a message.
    pub fn next_n(&mut self) -> u64 {
        self.last_n += 1;
        self.changed(Change::Numbered(self.last_n));
        self.last_n
    }

    /// Takes the message with that number out: it is on the server's disk, or nobody wants it any more.
    pub fn remove(&mut self, n: u64) -> Option<Outgoing> {
        let at = self.entries.iter().position(|entry| entry.n == n)?;
        self.changed(Change::Gone(n));
        let entry = self.entries.remove(at)?;
        self.revisions -= usize::from(!entry.is_message());
        Some(entry)
    }

    /// Takes out all that need not be sent any more.
    pub fn withdraw(&mut self, unwanted: impl Fn(&Outgoing) -> bool) {
        let numbers: Vec<u64> = self.entries.iter().filter(|entry| unwanted(entry)).map(|entry| entry.n).collect();
        numbers.into_iter().for_each(|n| _ = self.remove(n));
    }

    /// So many bytes of the file that the message with that number is to carry are on the server's disk, under that
    /// number of a file. Taken down when the file is begun and when it is there, not for each piece.
    pub fn enclosed(&mut self, n: u64, file: FileId, sent: u64) {
        let Some(enclosure) = self.entry(n).and_then(Outgoing::enclosure_mut) else { return };
        let was = (enclosure.file, enclosure.is_there());
        (enclosure.file, enclosure.sent) = (Some(file), sent);
        if was != (enclosure.file, enclosure.is_there()) {
            self.changed(Change::Written(n));
        }
    }

    /// The file that the message with that number is to carry is sent as it was at that time, in nanoseconds: see
    /// [`Enclosure::modified_nanos`].
    pub fn pin(&mut self, n: u64, modified_nanos: i64) {
        if let Some(enclosure) = self.entry(n).and_then(Outgoing::enclosure_mut) {
            enclosure.modified_nanos = Some(modified_nanos);
            self.changed(Change::Written(n));
        }
    }

    /// Gives the message with that number a new one, at the end: its file is there only now, and what was written after it
    /// may have overtaken it. Nothing if there is no such message.
    pub fn renumber(&mut self, n: u64) -> Option<u64> {
        let at = self.entries.iter().position(|entry| entry.n == n)?;
        let mut entry = self.entries.remove(at)?;
        self.last_n += 1;
        entry.n = self.last_n;
        // In this order: where only the first of them reaches the disk, it is there twice and not gone.
        self.changed(Change::Written(entry.n));
        self.changed(Change::Gone(n));
        self.entries.push_back(entry);
        Some(self.last_n)
    }

    /// The newest change of the message at that place of that chat that is not known to be stored, refused or not.
    pub fn revision(&self, chat: ChatKey, seq: Seq) -> Option<&Outgoing> {
        if self.revisions == 0 {
            return None;
        }
        self.entries.iter().rev().find(|entry| entry.revises(chat, seq))
    }

    fn entry(&mut self, n: u64) -> Option<&mut Outgoing> {
        self.entries.iter_mut().find(|entry| entry.n == n)
    }

    /// The server refused the message with that number.
    pub fn fail(&mut self, n: u64, problem: Problem) {
        if let Some(entry) = self.entry(n) {
            entry.progress = Progress::Failed(problem);
        }
    }

    /// None of them is sent unasked, and nothing of their files is there.
    pub fn fail_all(&mut self, problem: &Problem) {
        let mut lost = Vec::new();
        for entry in &mut self.entries {
            entry.progress = Progress::Failed(problem.clone());
            if entry.lose_file() {
                lost.push(entry.n);
            }
        }
        lost.into_iter().for_each(|n| self.changed(Change::Written(n)));
    }

    /// A refused message is to be sent again, under its old number: the server knows whether it has that one.
    /// What it was refused for is left out: a file that the server does not have any more, or that has changed, is sent
    /// anew and as it is now, and a message that is there no more is not answered.
    pub fn retry(&mut self, n: u64) -> Option<&Outgoing> {
        let entry = self.entry(n)?;
        let changed = match (std::mem::replace(&mut entry.progress, Progress::Pending), &mut entry.what) {
            (Progress::Failed(problem), _) if problem.code == Code::UnknownFile => {
                // Both are done.
                entry.lose_file() | entry.unpin_file()
            }
            (Progress::Failed(problem), What::Say { reply_to, .. }) if problem.code == Code::UnknownMessage => {
                reply_to.take().is_some()
            }
            _ => false,
        };
        if changed {
            self.changed(Change::Written(n));
        }
        self.entry(n).map(|entry| &*entry)
    }

    /// What is in it, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Outgoing> {
        self.entries.iter()
    }

    /// What must be sent after a login, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Outgoing> {
        self.entries.iter().filter(|entry| entry.progress == Progress::Pending && entry.is_ready())
    }
}
