//! The thread that writes a cache.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Opener;
use super::store::{Step, Store};
use crate::client::chain::Pair;
use crate::log::storage::Storage;

/// How often a window that is told new things has them written.
pub(super) const SAVE_EVERY_MILLIS: u32 = 5_000;

/// What both sides see at any time.
pub(super) struct Gauge {
    /// How long the file may become, in bytes.
    pub limit: AtomicU64,
    /// How long it is.
    pub bytes: AtomicU64,
    /// Something could not be written: all of it must be written anew.
    pub failed: AtomicBool,
    /// Something else, to which the file is to open when it is next written anew.
    pub opener: Mutex<Option<Opener>>,
}

impl Gauge {
    pub fn new(limit: u64, bytes: u64) -> Self {
        let (limit, bytes) = (AtomicU64::new(limit), AtomicU64::new(bytes));
        Self { limit, bytes, failed: AtomicBool::new(false), opener: Mutex::new(None) }
    }
}

/// What the thread is told.
pub(super) enum Note {
    /// Write this. Its person may be waiting to see how long the file is then.
    Step(Box<Step>, bool),
    /// There is something new: ask for a step in a while.
    Stale,
}

pub(super) struct Writer {
    pub files: Pair,
    pub gauge: Arc<Gauge>,
    pub opener: Opener,
    /// Its hash, once it was needed.
    pub hash: Option<String>,
    /// Nothing until a step begins a file, and when it is not known what the file holds.
    pub store: Option<Store>,
    /// Keeps other windows away from the files for as long as this writes.
    pub _held: Arc<dyn Storage>,
}

impl Writer {
    pub fn run(mut self, notes: &Receiver<Note>, wake: impl Fn()) {
        let mut next = notes.recv().ok();
        while let Some(note) = next.take() {
            match note {
                Note::Step(step, tell) => {
                    if let Err(error) = self.take(*step) {
                        self.store = None;
                        self.gauge.failed.store(true, Ordering::Relaxed);
                        tracing::warn!("what this window knows is not kept: {error}");
                    }
                    if tell {
                        wake();
                    }
                }
                // What comes within the pause comes first; a window that says nothing more is woken once.
                Note::Stale => match notes.recv_timeout(Duration::from_millis(SAVE_EVERY_MILLIS.into())) {
                    Ok(note) => {
                        next = Some(note);
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => wake(),
                    Err(RecvTimeoutError::Disconnected) => return,
                },
            }
            next = notes.recv().ok();
        }
    }

    fn take(&mut self, step: Step) -> io::Result<()> {
        if step.whole {
            let hash = self.hash()?;
            self.store = Some(Store::begin(&self.files, &hash, step)?);
            self.gauge.failed.store(false, Ordering::Relaxed);
        } else if let Some(store) = &mut self.store {
            store.take(step)?;
        }
        if let Some(store) = &mut self.store {
            store.tidy(self.gauge.limit.load(Ordering::Relaxed))?;
            self.gauge.bytes.store(store.bytes(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// The hash that the cache opens by: the one that it has opened by, if it has.
    fn hash(&mut self) -> io::Result<String> {
        let renewed = self.gauge.opener.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(opener) = renewed {
            (self.opener, self.hash) = (opener, None);
        } else if let Some(store) = &self.store {
            self.hash = Some(store.hash().to_owned());
        }
        if let Some(hash) = &self.hash {
            return Ok(hash.clone());
        }
        let hash = self.opener.hash()?;
        Ok(self.hash.insert(hash).clone())
    }
}
