//! What a window knew when it was last open, so that the next one is readable at once, and also with the server away.
//!
//! Messages are kept as they come, and beside them a picture of the rest of the model: see [`store`]. Whatever is wrong
//! with a cache, what is wrong is thrown away, and the server tells it anew. It opens only to the password or the token
//! that the server took last, of which it keeps a hash. It has a limit, which bounds the time to open it and what it takes of the
//! memory, too: all of it is loaded.

mod opener;
mod picture;
mod store;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

pub use self::opener::Opener;
use self::picture::Picture;
use self::store::{Messages, Sealed, Step, Store};
use self::writer::{Gauge, Note, SAVE_EVERY_MILLIS, Writer};
use super::chain::Pair;
use super::model::{Chat, Link, Message, Model};
use super::outbox::Outbox;
use crate::log::storage::Storage;
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Millis, Seq, UserId};

/// How long a cache may become unless told otherwise, in bytes: some 500,000 messages of a line each, which are read in
/// a fifth of a second and take about as much memory.
pub const CACHE_DEFAULT_BYTES: u64 = 64 * 1024 * 1024;

/// The least that a limit can be, in bytes: people, groups and the last days fit.
pub const CACHE_MIN_BYTES: u64 = 1024 * 1024;

/// The most bytes of a file that is taken for a cache; no limit is above.
pub const CACHE_MAX_BYTES: u64 = 512 * 1024 * 1024;

/// How long nothing is written after a disk took nothing: it would have to be all that is known.
const FAILED_PAUSE_MILLIS: i64 = 60_000;

/// What is in the files of a window.
pub struct Cache(Sealed);

impl Cache {
    /// Reads the files. Nothing if they are empty, damaged from the beginning, or of another version.
    pub fn read(files: &Pair) -> Option<Self> {
        match Sealed::open(files, CACHE_MAX_BYTES + CACHE_MAX_BYTES / 2) {
            Ok(sealed) => sealed.map(Self),
            Err(error) => {
                tracing::warn!("what this window knew cannot be read: {error}");
                None
            }
        }
    }

    /// Whether that is what the server took last. Takes tens of milliseconds for a password, and no time for a token.
    pub fn opens_to(&self, opener: &Opener) -> bool {
        opener.fits(&self.0.hash)
    }

    /// The model as it was, not connected, with what is not sent yet; and the file, to go on with.
    ///
    /// # Errors
    /// The outbox again, when it does not fit together.
    pub fn open(self, outbox: Outbox) -> Result<(Model, Kept), Outbox> {
        let Some((picture, messages, store)) = self.0.read() else { return Err(outbox) };
        let known = Known::of_messages(&messages);
        let model = picture.into_model(outbox, messages);
        Ok((model, Kept { store, known }))
    }
}

/// A cache that was opened.
pub struct Kept {
    store: Store,
    known: BTreeMap<ChatKey, Known>,
}

/// What of a chat is in the file, or was refused by it for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    first: Seq,
    last: Seq,
    count: usize,
}

impl Known {
    fn of(chat: &Chat) -> Option<Self> {
        let (first, last) = (chat.messages.front()?.seq, chat.messages.back()?.seq);
        Some(Self { first, last, count: chat.messages.len() })
    }

    fn of_messages(messages: &Messages) -> BTreeMap<ChatKey, Self> {
        let known = messages.iter().filter_map(|(key, messages)| {
            let (first, last) = (messages.front()?.seq, messages.back()?.seq);
            Some((*key, Self { first, last, count: messages.len() }))
        });
        known.collect()
    }

    /// What a chat has before and behind what is known; nothing if that is not a part of it any more.
    fn beyond(self, chat: &Chat) -> Option<(Vec<Message>, Vec<Message>)> {
        let now = Self::of(chat).filter(|now| now.first <= self.first && now.last >= self.last)?;
        if now == self {
            return Some(Default::default());
        }
        let begin = chat.messages.partition_point(|message| message.seq < self.first);
        let end = chat.messages.partition_point(|message| message.seq <= self.last);
        let part = |range: std::ops::Range<usize>| chat.messages.range(range).cloned().collect();
        (end - begin == self.count).then(|| (part(0..begin), part(end..chat.messages.len())))
    }
}

/// Keeps what a window knows. It compares the model with what is in the file, now and then; the rest is done on a thread
/// of its own: hashing and writing are nothing for between two frames.
pub struct Keeper {
    files: Pair,
    gauge: Arc<Gauge>,
    send: Option<SyncSender<Note>>,
    thread: Option<JoinHandle<()>>,
    /// What is in the file, once everything under way is written.
    known: BTreeMap<ChatKey, Known>,
    /// How many changes of messages in place are in the file.
    altered: u64,
    /// The log and the account that it is from; nothing while the file is not theirs.
    home: Option<(String, UserId)>,
    /// The model has changed since the last step.
    stale: bool,
    /// The thread knows that, and wakes the window when the next step is due.
    announced: bool,
    /// What is kept is to go.
    clear: bool,
    /// Its person wants to see what comes of the next step.
    tell: bool,
    saved_at: Millis,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("saved_at", &self.saved_at).finish_non_exhaustive()
    }
}

/// What a keeper needs to begin.
pub struct Place {
    /// The files.
    pub files: Pair,
    /// What keeps other windows away from them.
    pub held: Arc<dyn Storage>,
    /// How long they may become, in bytes.
    pub limit: u64,
}

impl Keeper {
    /// Goes on with a cache that was opened and whose model is that one, or begins a new one.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        place: Place,
        opener: impl Into<Opener>,
        kept: Option<Kept>,
        model: &Model,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (send, notes) = sync_channel(2);
        let home = kept.as_ref().and_then(|_| home_of(model));
        let (store, known) = kept.map(|kept| (kept.store, kept.known)).unzip();
        let gauge = Arc::new(Gauge::new(place.limit, store.as_ref().map_or(0, Store::bytes)));
        let writer = Writer {
            files: place.files.clone(),
            gauge: Arc::clone(&gauge),
            opener: opener.into(),
            hash: None,
            store,
            _held: place.held,
        };
        let thread = std::thread::Builder::new().name("cache".into()).spawn(move || writer.run(&notes, wake))?;
        Ok(Self {
            files: place.files,
            gauge,
            send: Some(send),
            thread: Some(thread),
            known: known.unwrap_or_default(),
            // A model that comes from a file begins to count.
            altered: 0,
            home,
            stale: false,
            announced: false,
            clear: false,
            tell: false,
            saved_at: Millis(0),
        })
    }

    /// How long the file is, in bytes.
    pub fn bytes(&self) -> u64 {
        self.gauge.bytes.load(Ordering::Relaxed)
    }

    /// How long it may become, in bytes. What is too much goes with the next step.
    pub fn set_limit(&mut self, limit: u64) {
        self.gauge.limit.store(limit, Ordering::Relaxed);
        (self.stale, self.tell, self.saved_at) = (true, true, Millis(0));
    }

    /// The server takes something else from now on: what is kept is written anew, and opens to that.
    pub fn set_opener(&mut self, opener: Opener) {
        *self.gauge.opener.lock().unwrap_or_else(PoisonError::into_inner) = Some(opener);
        (self.home, self.stale, self.saved_at) = (None, true, Millis(0));
    }

    /// What is kept goes, and is not written again; what is new is kept as before.
    pub fn clear(&mut self) {
        (self.clear, self.stale, self.tell, self.saved_at) = (true, true, true, Millis(0));
    }

    /// Looks at the model, which may have `changed`, and has written what is new if it is time. While the lists come in
    /// it is a state that nobody would want.
    pub fn look(&mut self, model: &Model, changed: bool, now: Millis) {
        self.stale |= changed;
        let Some(send) = self.send.as_ref().filter(|_| self.stale && model.link != Link::Connecting) else { return };
        let failed = self.gauge.failed.load(Ordering::Relaxed);
        let every = if failed { FAILED_PAUSE_MILLIS } else { SAVE_EVERY_MILLIS.into() };
        if (self.saved_at..self.saved_at.plus(every)).contains(&now) {
            self.announced = self.announced || send.try_send(Note::Stale).is_ok();
        } else if let Some((step, known)) = self.step(model)
            && send.try_send(Note::Step(Box::new(step), self.tell)).is_ok()
        {
            (self.stale, self.announced, self.clear, self.tell, self.saved_at) = (false, false, false, false, now);
            (self.known, self.altered, self.home) = (known, model.altered.count(), home_of(model));
        }
    }

    /// What is new, and what will be known once it is written.
    fn step(&self, model: &Model) -> Option<(Step, BTreeMap<ChatKey, Known>)> {
        let picture = Picture::of(model)?;
        let failed = self.gauge.failed.load(Ordering::Relaxed);
        let altered = model.altered.since(self.altered);
        let whole = self.clear || failed || self.home.is_none() || self.home != home_of(model) || altered.is_none();
        let altered: BTreeSet<(ChatKey, Option<Seq>)> = altered.into_iter().flatten().collect();
        let (mut anew, mut given_up, mut pieces) = (Vec::new(), Vec::new(), Vec::new());
        let (mut changed, mut known) = (Vec::new(), BTreeMap::new());
        for (key, chat) in &model.chats {
            let old = self.known.get(key).filter(|_| !whole);
            let Some(now) = Known::of(chat) else { continue };
            known.insert(*key, now);
            if self.clear {
                given_up.push((*key, now.last));
                continue;
            }
            let dropped = altered.contains(&(*key, None));
            match old.map(|old| if dropped { None } else { old.beyond(chat) }) {
                Some(Some((before, behind))) => {
                    pieces.extend([(*key, before), (*key, behind)]);
                    // Those in the pieces are as they are now.
                    let there = old.map(|old| (*key, Some(old.first))..=(*key, Some(old.last)));
                    let seqs = there.into_iter().flat_map(|there| altered.range(there)).filter_map(|(_, seq)| *seq);
                    changed.extend(seqs.filter_map(|seq| Some((*key, chat.message(seq)?.clone()))));
                }
                Some(None) => {
                    anew.push(*key);
                    pieces.push((*key, chat.messages.iter().cloned().collect()));
                }
                None => pieces.push((*key, chat.messages.iter().cloned().collect())),
            }
        }
        if !whole {
            anew.extend(self.known.keys().filter(|key| !known.contains_key(key)));
        }
        pieces.retain(|(_, messages)| !messages.is_empty());
        Some((Step { whole, anew, given_up, pieces, changed, picture }, known))
    }

    /// There is to be no cache any more.
    pub fn forget(mut self) {
        self.end();
        // Where this does not work, what is left still opens to its password or token only.
        if let Err(error) = self.files.iter().try_for_each(|file| file.set_len(0)) {
            tracing::warn!("what this window knew is still on the disk: {error}");
        }
    }

    /// The last step, waited for.
    pub fn finish(mut self, model: &Model) {
        if let (true, Some(send)) = (self.stale, &self.send)
            && let Some((step, _)) = self.step(model)
        {
            let _ = send.send(Note::Step(Box::new(step), false));
        }
        self.end();
    }

    fn end(&mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The files are free for the next window of that account once this returns.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whose log and which account a model is about.
fn home_of(model: &Model) -> Option<(String, UserId)> {
    Some((model.cursor()?.0.to_owned(), model.my_id()?))
}
