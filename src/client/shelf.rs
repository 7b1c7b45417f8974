//! What must outlive a window: messages that are not known to be on the server's disk. A file of JSON lines, appended to
//! as things happen, and begun anew when nothing in it matters any more.
//!
//! Knows no file system: a [`Shelf`] hands out the files. What is appended is with the system, so that it survives the
//! end of this program, however sudden; it is not synced, since its writer is waiting for the next frame.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chain::Pair;
use super::outbox::{Change, Destination, Outbox, Outgoing, Progress, What};
use crate::log::storage::Storage;
use crate::proto::chat::ChatKey;
use crate::proto::ids::{DeviceId, Millis, UserId};

/// Hands out the files in which windows on this computer keep what they have not sent.
pub trait Shelf: std::fmt::Debug + Send {
    /// Files for that account of that server which no other window has, and which none gets as long as the storage is
    /// alive: preferably with something in it that waits, otherwise the first. With `waiting` only the former.
    ///
    /// # Errors
    /// Those of the file system.
    fn files(&mut self, server: &str, username: &str, waiting: bool) -> io::Result<Option<Kept>>;
}

/// The files of a window.
pub struct Kept {
    /// What is not sent.
    pub unsent: Arc<dyn Storage>,
    /// What is known: see [`super::cache`].
    pub cache: Pair,
    /// What is being written: see [`super::drafts`].
    pub drafts: Pair,
    /// Where what is known is, for people.
    pub cache_path: String,
}

/// The most bytes of a file before it is begun anew, once nothing in it waits.
const JOURNAL_MAX_BYTES: u64 = 64 * 1024;

/// The most bytes of a file that is taken for one of ours.
const JOURNAL_READ_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Whose server and account the entries are for: places and numbers of another log mean nothing there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The identity of the server's log.
    pub log: String,
    /// The account.
    pub user: UserId,
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Line {
    /// Who numbers, and how far it has numbered.
    Device { device: String, n: u64 },
    /// Whose server and account it is.
    Home(Home),
    /// A message was written, or its file is further on its way.
    Written {
        n: u64,
        #[serde(flatten)]
        to: To,
        #[serde(default)]
        what: What,
        at: Millis,
        text: Arc<str>,
    },
    /// A number was used for something else.
    Numbered { n: u64 },
    /// A message is on the server's disk, or nobody wants it any more.
    Gone { n: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum To {
    Chat(ChatKey),
    People(Vec<UserId>),
}

/// The file of what a window has not sent.
pub struct Journal {
    storage: Arc<dyn Storage>,
    home: Option<Home>,
    /// How long the file is.
    end: u64,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("home", &self.home).field("end", &self.end).finish_non_exhaustive()
    }
}

impl Journal {
    /// Reads a file and goes on where it ends. `new_device` numbers if the file names no device. Lines that cannot be
    /// read are left out, and the whole is kept aside: the rest is not lost for one of them.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn open(storage: Arc<dyn Storage>, new_device: DeviceId) -> io::Result<(Self, Outbox)> {
        let length = storage.len()?;
        if length > JOURNAL_READ_MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long to be what a window has not sent"));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        storage.read_at(0, &mut bytes)?;
        let (mut device, mut last, mut home, mut entries, mut bad) = (None, 0, None, Vec::new(), 0);
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Line::Device { device: name, n }) => (device, last) = (DeviceId::new(&name).ok(), n.max(last)),
                Ok(Line::Home(it)) => home = Some(it),
                Ok(Line::Written { n, to, what, at, text }) => {
                    last = n.max(last);
                    let to = match to {
                        To::Chat(chat) => Destination::Chat(chat),
                        To::People(people) => Destination::People(people.into()),
                    };
                    let entry = Outgoing { n, to, what, text, written_at: at, progress: Progress::Pending };
                    // Said again, it is the same one further on.
                    match entries.iter_mut().rev().find(|known: &&mut Outgoing| known.n == n) {
                        Some(known) => *known = entry,
                        None => entries.push(entry),
                    }
                }
                Ok(Line::Numbered { n }) => last = n.max(last),
                Ok(Line::Gone { n }) => entries.retain(|entry: &Outgoing| entry.n != n),
                Err(_) => bad += 1,
            }
        }
        // The end may be a line that was cut short; anything else is damage, and numbers may be among what is lost.
        let known = device.filter(|_| bad == 0 || (bad == 1 && bytes.last() != Some(&b'\n')));
        let outbox = match known {
            Some(device) => Outbox::restore(device, last, entries),
            None => Outbox::renumbered(new_device, entries),
        };
        let mut journal = Self { storage, home, end: length };
        if bad > 0 {
            journal.storage.keep_aside(".damaged", &bytes)?;
        }
        if bad > 0 || length == 0 || journal.end > JOURNAL_MAX_BYTES {
            journal.begin_anew(&outbox)?;
        }
        Ok((journal, outbox))
    }

    /// Writes what is known as a new file. The old one goes only when the new one is there.
    fn begin_anew(&mut self, outbox: &Outbox) -> io::Result<()> {
        let mut bytes = Vec::new();
        put(&mut bytes, &Line::Device { device: outbox.device().as_str().into(), n: outbox.last_n() });
        if let Some(home) = &self.home {
            put(&mut bytes, &Line::Home(home.clone()));
        }
        outbox.entries().for_each(|entry| put(&mut bytes, &written(entry)));
        // Shorter than what it replaces, or all that there is: cut off behind, not emptied before.
        self.storage.write_at(0, &bytes)?;
        self.end = bytes.len() as u64;
        self.storage.set_len(self.end)
    }

    /// Nobody goes on with it here: what was sent is not to be read in it any more; what waits stays.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn leave(self, new_device: DeviceId) -> io::Result<()> {
        let (mut journal, outbox) = Self::open(self.storage, new_device)?;
        journal.begin_anew(&outbox)
    }

    /// Whose server and account it is, once known.
    pub fn home(&self) -> Option<&Home> {
        self.home.as_ref()
    }

    /// From now on it is that server's and account's.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn set_home(&mut self, home: Home) -> io::Result<()> {
        if self.home.as_ref() == Some(&home) {
            return Ok(());
        }
        self.home = Some(home.clone());
        let mut bytes = Vec::new();
        put(&mut bytes, &Line::Home(home));
        self.append(&bytes)
    }

    /// Takes down what has happened to the outbox.
    ///
    /// # Errors
    /// Those of the storage; what could not be taken down is taken down with the next.
    pub fn follow(&mut self, outbox: &mut Outbox) -> io::Result<()> {
        if outbox.changes().is_empty() {
            return Ok(());
        }
        if outbox.entries().next().is_none() && self.end > JOURNAL_MAX_BYTES {
            self.begin_anew(outbox)?;
        } else {
            let mut bytes = Vec::new();
            for change in outbox.changes() {
                match change {
                    Change::Written(n) => {
                        // What is gone again in the same moment was never there.
                        if let Some(entry) = outbox.entries().find(|entry| entry.n == *n) {
                            put(&mut bytes, &written(entry));
                        }
                    }
                    Change::Numbered(n) => put(&mut bytes, &Line::Numbered { n: *n }),
                    Change::Gone(n) => put(&mut bytes, &Line::Gone { n: *n }),
                }
            }
            self.append(&bytes)?;
        }
        outbox.forget_changes();
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.storage.write_at(self.end, bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

fn written(entry: &Outgoing) -> Line {
    let to = match &entry.to {
        Destination::Chat(chat) => To::Chat(*chat),
        Destination::People(people) => To::People(people.to_vec()),
    };
    Line::Written { n: entry.n, to, what: entry.what.clone(), at: entry.written_at, text: Arc::clone(&entry.text) }
}

fn put(bytes: &mut Vec<u8>, line: &Line) {
    serde_json::to_writer(&mut *bytes, line).expect("a line has string keys and a Vec takes every byte");
    bytes.push(b'\n');
}

/// Whether a file says of something that it waits: what a [`Shelf`] looks for.
pub fn waits(storage: &Arc<dyn Storage>) -> bool {
    Journal::look(storage).unwrap_or(false)
}

impl Journal {
    fn look(storage: &Arc<dyn Storage>) -> io::Result<bool> {
        let length = storage.len()?.min(JOURNAL_READ_MAX_BYTES);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        storage.read_at(0, &mut bytes)?;
        let mut waiting = std::collections::BTreeSet::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Line::Written { n, .. }) => _ = waiting.insert(n),
                Ok(Line::Gone { n }) => _ = waiting.remove(&n),
                _ => {}
            }
        }
        Ok(!waiting.is_empty())
    }
}
