//! What is being written and not sent, kept over the end of a window, however sudden.
//!
//! In files of their own: neither a damaged cache nor a damaged journal takes a draft along. A thread writes what has
//! changed about once a second, and at once when a draft is gone or another chat's begins; a key stroke costs no write.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::chain::{Chain, Pair};
use super::model::{ATTACHED_MAX, Draft, Editing};
use super::outbox::{Enclosure, What};
use crate::log::storage::Storage;
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Millis, Seq};
use crate::proto::limits::MESSAGE_MAX_BYTES;

/// The longest draft that is kept, in bytes. What is too long to be sent can still be cut by its writer.
pub const DRAFT_MAX_BYTES: usize = 4 * MESSAGE_MAX_BYTES;

/// The most chats with a draft; the one that was not touched for longest goes.
pub const DRAFTS_MAX: usize = 200;

/// How long a change may wait for others before it is written.
const WRITE_AFTER: Duration = Duration::from_secs(1);

/// The bytes of earlier states of drafts that are not worth writing a file anew.
const SLACK_BYTES: u64 = 256 * 1024;

/// The longest path of a file that is kept with a draft, in bytes: what Linux opens.
const PATH_MAX_BYTES: usize = 4096;

/// The most bytes of a file that is taken for one of ours: every draft, with what is being changed beside it and with its
/// files, in the longest form of JSON, twice.
const FILE_MAX_BYTES: u64 =
    2 * 6 * ((2 * DRAFT_MAX_BYTES + ATTACHED_MAX * PATH_MAX_BYTES) * DRAFTS_MAX) as u64 + SLACK_BYTES;

/// The kind of a line.
const DRAFT: u8 = b'd';

/// Drafts by chat.
pub type Drafts = BTreeMap<ChatKey, Draft>;

/// Takes a draft in, or takes it out when there is nothing in it. Both limits hold afterwards.
pub fn put(drafts: &mut Drafts, chat: ChatKey, mut draft: Draft) {
    if draft.is_empty() {
        drafts.remove(&chat);
        return;
    }
    cut(&mut draft.text);
    if let Some(editing) = &mut draft.editing {
        cut(&mut editing.text);
    }
    draft.attachments.retain(|file| file.path.len() <= PATH_MAX_BYTES);
    draft.attachments.truncate(ATTACHED_MAX);
    drafts.insert(chat, draft);
    if drafts.len() > DRAFTS_MAX {
        let oldest = drafts.iter().min_by_key(|(_, draft)| draft.at).map(|(chat, _)| *chat);
        oldest.map(|chat| drafts.remove(&chat));
    }
}

fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(DRAFT_MAX_BYTES));
}

/// What is left of a draft when that is on its way; nothing if it stays as it is.
pub fn without(draft: &Draft, what: &What, text: &str) -> Option<Draft> {
    let mut left = draft.clone();
    match what {
        // The files after the first went with it.
        What::Say { reply_to, enclosure } => {
            let path = |file: &Enclosure| Arc::clone(&file.path);
            let same = draft.text.trim() == text.trim()
                && draft.reply_to == *reply_to
                && draft.attachments.first().map(path) == enclosure.as_ref().map(path);
            // What is being changed meanwhile is something else.
            left = same.then_some(Draft { editing: left.editing, ..Draft::default() })?;
        }
        What::Edit(seq) => {
            left.editing.take_if(|editing| editing.seq == *seq && editing.text.trim() == text.trim())?;
        }
        What::Delete(seq) => _ = left.editing.take_if(|editing| editing.seq == *seq)?,
    }
    Some(left)
}

/// A draft as it is kept. The last field is what an older version did not know.
#[derive(Serialize, Deserialize)]
struct Line(ChatKey, String, usize, Millis, #[serde(default)] Option<Beside>);

/// What a draft has beside its text.
#[derive(Serialize, Deserialize)]
struct Beside {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Enclosure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    editing: Option<Editing>,
}

/// What has changed and is not written yet.
#[derive(Default)]
struct Waiting {
    changed: Drafts,
    /// It is not to wait for more.
    urgent: bool,
}

/// Keeps the drafts of a window. Dropping it writes the rest.
pub struct Keeper {
    waiting: Arc<Mutex<Waiting>>,
    send: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    last: Option<ChatKey>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("last", &self.last).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Reads what an earlier window left, and goes on with its files. `held` keeps other windows away from them.
    ///
    /// # Errors
    /// Those of the storage, and when the system refuses a thread.
    pub fn open(files: &Pair, held: Arc<dyn Storage>) -> io::Result<(Self, Drafts)> {
        let mut drafts = Drafts::new();
        let (chain, content) = Chain::open(files, DRAFT, FILE_MAX_BYTES)?;
        for line in content.iter().flat_map(|content| &content.lines) {
            let json = content.as_ref().map_or(&[][..], |content| content.json(line));
            if let Ok(Line(chat, text, caret, at, beside)) = serde_json::from_slice(json) {
                let beside = beside.map_or((None, Vec::new(), None), |it| (it.reply_to, it.attachments, it.editing));
                let (reply_to, attachments, editing) = beside;
                put(&mut drafts, chat, Draft { text, caret, at, reply_to, attachments, editing });
            }
        }
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        // One word is enough: what it is about is in `waiting`.
        let (send, woken) = sync_channel(1);
        let file = File { chain, good: content.is_some(), drafts: drafts.clone(), _held: held };
        let shared = Arc::clone(&waiting);
        let thread = std::thread::Builder::new().name("drafts".into()).spawn(move || run(file, &shared, &woken))?;
        Ok((Self { waiting, send: Some(send), thread: Some(thread), last: None }, drafts))
    }

    /// A draft has changed; an empty one is gone.
    pub fn keep(&mut self, chat: ChatKey, draft: Draft) {
        let other = self.last.replace(chat).is_some_and(|last| last != chat);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.urgent |= other || draft.is_empty();
        waiting.changed.insert(chat, draft);
        drop(waiting);
        if let Some(send) = &self.send {
            let _ = send.try_send(());
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut file: File, waiting: &Mutex<Waiting>, woken: &Receiver<()>) {
    let mut more = true;
    while more {
        more = woken.recv().is_ok();
        let due = Instant::now() + WRITE_AFTER;
        while more && !waiting.lock().unwrap_or_else(PoisonError::into_inner).urgent {
            match woken.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => more = false,
            }
        }
        let changed = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner)).changed;
        if let Err(error) = file.write(changed) {
            file.good = false;
            tracing::warn!("what is being written in this window is not kept when it closes: {error}");
        }
    }
}

struct File {
    chain: Chain,
    /// The file says what `drafts` has.
    good: bool,
    drafts: Drafts,
    _held: Arc<dyn Storage>,
}

impl File {
    fn write(&mut self, changed: Drafts) -> io::Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = changed.iter().map(|(chat, draft)| line(*chat, draft)).collect();
        changed.into_iter().for_each(|(chat, draft)| put(&mut self.drafts, chat, draft));
        let live: usize = self.drafts.values().map(weight).sum();
        if self.good && self.chain.end() <= 2 * live as u64 + SLACK_BYTES {
            let mut batch = self.chain.batch();
            lines.iter().for_each(|line| _ = batch.put(DRAFT, line));
            return self.chain.append(batch);
        }
        let mut next = self.chain.successor()?;
        let mut batch = next.batch();
        // The last one counts for all before it; a file of drafts that are all gone has at least one that says so.
        let all: Vec<_> = self.drafts.iter().map(|(chat, draft)| line(*chat, draft)).collect();
        for line in if all.is_empty() { &lines } else { &all } {
            batch.put(DRAFT, line);
        }
        next.append(batch)?;
        self.chain.succeed(next)?;
        self.good = true;
        Ok(())
    }
}

fn line(chat: ChatKey, draft: &Draft) -> Line {
    let Draft { text, caret, at, reply_to, attachments, editing } = draft.clone();
    let any = reply_to.is_some() || !attachments.is_empty() || editing.is_some();
    Line(chat, text, caret, at, any.then_some(Beside { reply_to, attachments, editing }))
}

/// About how many bytes a draft takes.
fn weight(draft: &Draft) -> usize {
    let files: usize = draft.attachments.iter().map(|file| file.path.len() + file.name.as_str().len()).sum();
    draft.text.len() + draft.editing.as_ref().map_or(0, |editing| editing.text.len()) + files
}
