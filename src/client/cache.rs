//! What a window knew when it was last open, so that the next one is readable at once, and also with the server away.
//!
//! A cache is a picture of the model, never more: whatever is wrong with it, it is thrown away, and the server tells
//! everything anew. It holds the newest messages of each chat; older ones are loaded as they are looked at. It opens
//! only to the password that the server took last, of which it keeps a hash.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::model::{Chat, Group, Link, Me, Model, Person, Phase};
use super::outbox::Outbox;
use crate::log::storage::Storage;
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::ids::{Millis, Seq, UserId};

/// How many messages of a chat are kept.
const MESSAGES_PER_CHAT: usize = 200;

/// The most bytes of a file that is taken for a cache.
const CACHE_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Raised with every change of what is in the file; a cache of another version is none.
const VERSION: u32 = 1;

/// A line break and eight hexadecimal digits, at the end.
const CHECKSUM_BYTES: usize = 9;

/// The picture.
#[derive(Clone, Serialize, Deserialize)]
pub struct Cache {
    version: u32,
    /// The hash of the password that the server took last.
    password_hash: String,
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
    chats: Vec<(ChatKey, Chat)>,
    delivered: BTreeMap<UserId, Seq>,
}

impl Cache {
    /// Reads a file. Nothing if it is empty, damaged, or of another version.
    pub fn read(storage: &dyn Storage) -> Option<Self> {
        let length = storage.len().ok().filter(|length| *length <= CACHE_MAX_BYTES)?;
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        storage.read_at(0, &mut bytes).ok()?;
        let (json, end) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
        let digits = std::str::from_utf8(end.strip_prefix(b"\n")?).ok()?;
        let intact = u32::from_str_radix(digits, 16).ok()? == crc32fast::hash(json);
        serde_json::from_slice(json).ok().filter(|cache: &Self| intact && cache.version == VERSION)
    }

    /// Writes a file over. Cut short it is damaged, and then it is none.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn write(&self, storage: &dyn Storage) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(self)?;
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(format!("\n{checksum:08x}").as_bytes());
        storage.write_at(0, &bytes)?;
        storage.set_len(bytes.len() as u64)
    }

    /// Whether that is the password that the server took last. Takes tens of milliseconds.
    pub fn opens_to(&self, password: &SecretString) -> bool {
        let hash = PasswordHash::new(&self.password_hash);
        hash.is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
    }

    /// The hash that it opens by.
    pub fn password_hash(&self) -> &str {
        &self.password_hash
    }

    /// The picture of a model that is signed in.
    fn of(model: &Model, password_hash: String) -> Option<Self> {
        let (me, (log, cursor)) = (model.me.as_ref()?, model.cursor()?);
        let newest = |chat: &Chat| {
            let skip = chat.messages.len().saturating_sub(MESSAGES_PER_CHAT);
            let messages = chat.messages.iter().skip(skip).cloned().collect();
            Chat {
                messages,
                complete: chat.complete && skip == 0,
                loading: false,
                problem: None,
                last: chat.last.clone(),
                read_by: chat.read_by.clone(),
                typing: BTreeMap::new(),
                notices: Default::default(),
                ..*chat
            }
        };
        Some(Self {
            version: VERSION,
            password_hash,
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
            chats: model.chats.iter().map(|(key, chat)| (*key, newest(chat))).collect(),
            delivered: model.delivered.clone(),
        })
    }

    /// The model as it was, not connected, with what is not sent yet.
    pub fn into_model(self, outbox: Outbox) -> Model {
        let mut model = Model::new(outbox.device().clone());
        model.outbox = outbox;
        model.phase = Phase::SignedIn;
        model.link = Link::Connecting;
        model.me = Some(Me { id: self.user, username: self.username });
        (model.log, model.cursor, model.arrived) = (Some(self.log), self.cursor, self.arrived);
        (model.message_max_bytes, model.read_receipts) = (self.message_max_bytes, self.read_receipts);
        (model.people, model.former, model.groups) = (self.people, self.former, self.groups);
        (model.chats, model.delivered) = (self.chats.into_iter().collect(), self.delivered);
        model
    }
}

/// How often a window that is told new things takes a picture.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Takes pictures, on a thread of its own: hashing, and writing some megabytes, is nothing for between two frames.
pub struct Keeper {
    storage: Arc<dyn Storage>,
    send: Option<SyncSender<Note>>,
    thread: Option<JoinHandle<()>>,
    /// The model has changed since the last picture.
    stale: bool,
    /// The thread knows that, and wakes the window when the next picture is due.
    announced: bool,
    saved_at: Millis,
}

/// What the thread is told.
enum Note {
    /// Write this.
    Picture(Box<Cache>),
    /// There is something new: ask for a picture in a while.
    Stale,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("saved_at", &self.saved_at).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Keeps pictures in that file. `hash` is that of the password, if the last cache opened to it.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        storage: Arc<dyn Storage>,
        password: SecretString,
        hash: Option<String>,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (send, notes) = sync_channel(2);
        let file = Arc::clone(&storage);
        let thread = std::thread::Builder::new()
            .name("cache".into())
            .spawn(move || run(file.as_ref(), &notes, &password, hash, wake))?;
        let (stale, announced, saved_at) = (false, false, Millis(0));
        Ok(Self { storage, send: Some(send), thread: Some(thread), stale, announced, saved_at })
    }

    /// Looks at the model, which may have `changed`, and takes a picture if one is due. While the lists come in it is
    /// none that anybody would want.
    pub fn look(&mut self, model: &Model, changed: bool, now: Millis) {
        self.stale |= changed;
        let Some(send) = self.send.as_ref().filter(|_| self.stale && model.link != Link::Connecting) else { return };
        let every = i64::try_from(SAVE_EVERY.as_millis()).unwrap_or(i64::MAX);
        if (self.saved_at..self.saved_at.plus(every)).contains(&now) {
            self.announced = self.announced || send.try_send(Note::Stale).is_ok();
        } else if let Some(picture) = Cache::of(model, String::new())
            && send.try_send(Note::Picture(Box::new(picture))).is_ok()
        {
            (self.stale, self.announced, self.saved_at) = (false, false, now);
        }
    }

    /// There is to be no picture any more.
    pub fn forget(mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // Where this does not work, what is left still opens to its password only.
        if let Err(error) = self.storage.set_len(0) {
            tracing::warn!("what this window knew is still on the disk: {error}");
        }
    }

    /// The last picture, waited for.
    pub fn finish(mut self, model: &Model) {
        if let (true, Some(send), Some(picture)) = (self.stale, self.send.take(), Cache::of(model, String::new())) {
            let _ = send.send(Note::Picture(Box::new(picture)));
        }
        self.send = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(storage: &dyn Storage, notes: &Receiver<Note>, password: &SecretString, hash: Option<String>, wake: impl Fn()) {
    let hashed = || Argon2::default().hash_password(password.expose_secret().as_bytes());
    let Some(hash) = hash.or_else(|| hashed().ok().map(|hash| hash.to_string())) else { return };
    let mut next = notes.recv().ok();
    while let Some(note) = next.take() {
        match note {
            Note::Picture(mut picture) => {
                picture.password_hash.clone_from(&hash);
                if let Err(error) = picture.write(storage) {
                    tracing::warn!("what this window knows is not kept: {error}");
                }
            }
            // What comes within the pause comes first; a window that says nothing more is woken once.
            Note::Stale => match notes.recv_timeout(SAVE_EVERY) {
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
