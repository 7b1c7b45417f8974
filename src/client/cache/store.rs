//! The file of a cache: messages as they came, in blocks, and pictures of the rest between them.
//!
//! What counts is what stands before the last picture. So the messages and the picture are of one moment, whenever the
//! program ends. Of each chat the file holds one contiguous part up to its end: a block goes behind what is there or
//! before it, and where that is not so, a line says that the chat begins anew. A message that its author has changed or
//! taken back has a line of its own, which counts instead of what stands in its block, until the file is written anew.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::picture::Picture;
use crate::client::chain::{Batch, Chain, Content, Line, Pair};
use crate::client::model::Message;
use crate::proto::attachment::{Attachment, Edition};
use crate::proto::chat::{Change, ChatKey};
use crate::proto::ids::{Millis, Seq, UserId};

/// Raised with every change of what is in the file; a cache of another version is none.
const VERSION: u32 = 3;

/// The kinds of lines.
const KEY: u8 = b'k';
const MESSAGES: u8 = b'm';
const ANEW: u8 = b'a';
const CHANGED: u8 = b'c';
pub(super) const PICTURE: u8 = b'p';

/// The most messages of a block, and the bytes of texts at which it ends: what is given up for room is whole blocks.
const BLOCK_MAX_MESSAGES: usize = 256;
const BLOCK_BYTES: usize = 64 * 1024;

/// The bytes that are collected for one write.
const WRITE_BYTES: usize = 1024 * 1024;

/// The bytes of old pictures, and of chats that began anew, that are not worth writing a file anew.
const SLACK_BYTES: u64 = 4 * 1024 * 1024;

/// Of a full cache three quarters are kept, so that it is not full again at once.
const KEPT_OF_FOUR: u64 = 3;

/// The messages of each chat, in their order.
pub(super) type Messages = BTreeMap<ChatKey, VecDeque<Message>>;

/// The first line: what the file opens by.
#[derive(Serialize, Deserialize)]
struct Key {
    version: u32,
    password_hash: String,
}

/// A message in a block, as an array: a hundred thousand of them are read while somebody waits.
#[derive(Serialize, Deserialize)]
struct Entry<'a>(
    Seq,
    Millis,
    UserId,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(default)] Option<Cow<'a, Change>>,
    #[serde(default)] bool,
    #[serde(default)] Option<Beside<'a>>,
);

/// What most messages have nothing of.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Beside<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachment: Option<Cow<'a, Attachment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited: Option<Edition>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

impl<'a> From<&'a Message> for Entry<'a> {
    fn from(message: &'a Message) -> Self {
        let change = message.change.as_deref().map(Cow::Borrowed);
        let Message { seq, at, from, ref text, mentions_me, reply_to, edited, deleted, .. } = *message;
        let attachment = message.attachment.as_deref().map(Cow::Borrowed);
        let beside = Some(Beside { reply_to, attachment, edited, deleted }).filter(|it| *it != Beside::default());
        Self(seq, at, from, Cow::Borrowed(text), change, mentions_me, beside)
    }
}

impl From<Entry<'_>> for Message {
    fn from(Entry(seq, at, from, text, change, mentions_me, beside): Entry<'_>) -> Self {
        let change = change.map(|change| Arc::new(change.into_owned()));
        let Beside { reply_to, attachment, edited, deleted } = beside.unwrap_or_default();
        let attachment = attachment.map(|attachment| Arc::new(attachment.into_owned()));
        let text = text.as_ref().into();
        Self { seq, at, from, text, change, mentions_me, reply_to, attachment, edited, deleted }
    }
}

#[derive(Deserialize)]
struct Stored<'a>(ChatKey, #[serde(borrow)] Vec<Entry<'a>>);

/// A message that counts instead of the one in the block.
#[derive(Deserialize)]
struct StoredChange<'a>(ChatKey, #[serde(borrow)] Entry<'a>);

/// Some messages of a chat that stand together.
struct Block {
    chat: ChatKey,
    first: Seq,
    last: Seq,
    line: Line,
}

/// The last line of each message that was changed after its block was written.
type Changes = BTreeMap<(ChatKey, Seq), Line>;

/// What is in the file of a chat.
struct Range {
    first: Seq,
    last: Seq,
    /// Something before it was given up: nothing older fits to it any more.
    cut: bool,
}

/// What is new since the last step.
pub(super) struct Step {
    /// Nothing of what is in the file holds any more.
    pub whole: bool,
    /// Chats that begin anew.
    pub anew: Vec<ChatKey>,
    /// Chats of which nothing is to be kept up to that place.
    pub given_up: Vec<(ChatKey, Seq)>,
    /// New messages of chats. Those of one piece stand together, behind what is there or before it.
    pub pieces: Vec<(ChatKey, Vec<Message>)>,
    /// Messages that are there and are not any more what they were.
    pub changed: Vec<(ChatKey, Message)>,
    /// All the rest.
    pub picture: Picture,
}

/// The file, and what is where in it.
pub(super) struct Store {
    chain: Chain,
    hash: String,
    blocks: Vec<Block>,
    changes: Changes,
    ranges: BTreeMap<ChatKey, Range>,
    /// The last picture.
    picture: Option<Line>,
}

/// What a file says, before anybody may know it.
pub(super) struct Sealed {
    chain: Chain,
    content: Content,
    pub(super) hash: String,
}

impl Sealed {
    /// Reads a file. Nothing if there is none that counts or it is of another version.
    pub(super) fn open(files: &Pair, bytes_max: u64) -> io::Result<Option<Self>> {
        let (chain, content) = Chain::open(files, PICTURE, bytes_max)?;
        Ok(content.and_then(|content| {
            let key: Key = serde_json::from_slice(content.json(content.lines.first()?)).ok()?;
            (key.version == VERSION).then_some(Self { chain, content, hash: key.password_hash })
        }))
    }

    /// What it says, and the file to go on with. Nothing if it does not fit together.
    pub(super) fn read(self) -> Option<(Picture, Messages, Store)> {
        let (mut messages, mut blocks, mut ranges) = (Messages::new(), Vec::new(), BTreeMap::new());
        let (mut picture, mut changes) = (None, Changes::new());
        for line in &self.content.lines {
            let json = self.content.json(line);
            match line.kind {
                MESSAGES => {
                    let Stored(chat, entries) = serde_json::from_slice(json).ok()?;
                    let known = messages.entry(chat).or_default();
                    let (first, last) = put(known, entries.into_iter().map(Message::from).collect())?;
                    blocks.push(Block { chat, first, last, line: *line });
                }
                CHANGED => {
                    let StoredChange(chat, entry) = serde_json::from_slice(json).ok()?;
                    let message = Message::from(entry);
                    let known = messages.get_mut(&chat)?;
                    let at = known.binary_search_by_key(&message.seq, |known| known.seq).ok()?;
                    changes.insert((chat, message.seq), *line);
                    known[at] = message;
                }
                ANEW => {
                    let chat = serde_json::from_slice(json).ok()?;
                    messages.remove(&chat);
                    blocks.retain(|block| block.chat != chat);
                    changes.retain(|(of, _), _| *of != chat);
                }
                PICTURE => picture = Some(*line),
                _ => {}
            }
        }
        for (chat, messages) in &messages {
            let (first, last) = (messages.front()?.seq, messages.back()?.seq);
            ranges.insert(*chat, Range { first, last, cut: false });
        }
        let shown = serde_json::from_slice(self.content.json(picture.as_ref()?)).ok()?;
        let Self { chain, hash, .. } = self;
        Some((shown, messages, Store { chain, hash, blocks, changes, ranges, picture }))
    }
}

/// Puts a block behind what is there or before it; the places of its first message and its last. Nothing if it does not
/// fit.
fn put(known: &mut VecDeque<Message>, block: Vec<Message>) -> Option<(Seq, Seq)> {
    let (first, last) = (block.first()?.seq, block.last()?.seq);
    if !block.is_sorted_by(|one, next| one.seq < next.seq) {
        return None;
    }
    if known.back().is_none_or(|end| end.seq < first) {
        known.extend(block);
    } else if known.front().is_some_and(|begin| last < begin.seq) {
        block.into_iter().rev().for_each(|message| known.push_front(message));
    } else {
        return None;
    }
    Some((first, last))
}

impl Store {
    /// A new file in place of what there is.
    pub(super) fn begin(files: &Pair, hash: &str, step: Step) -> io::Result<Self> {
        let (mut chain, _) = Chain::open(files, PICTURE, 0)?;
        let mut store = Self::empty(chain.successor()?, hash)?;
        store.take(step)?;
        chain.succeed(store.chain.clone())?;
        Ok(store)
    }

    fn empty(mut chain: Chain, hash: &str) -> io::Result<Self> {
        let mut batch = chain.batch();
        batch.put(KEY, &Key { version: VERSION, password_hash: hash.into() });
        chain.append(batch)?;
        let (blocks, changes, ranges) = (Vec::new(), Changes::new(), BTreeMap::new());
        Ok(Self { chain, hash: hash.into(), blocks, changes, ranges, picture: None })
    }

    /// What it opens by.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// How long the file is, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.chain.end()
    }

    /// Writes what is new.
    ///
    /// # Errors
    /// Those of the storage, and when a piece does not fit. Then this is not to be used any more; the file holds what it
    /// held before.
    pub(super) fn take(&mut self, step: Step) -> io::Result<()> {
        let mut batch = self.chain.batch();
        if !step.anew.is_empty() {
            let anew: BTreeSet<_> = step.anew.iter().copied().collect();
            self.blocks.retain(|block| !anew.contains(&block.chat));
            self.changes.retain(|(chat, _), _| !anew.contains(chat));
            for chat in anew {
                self.ranges.remove(&chat);
                batch.put(ANEW, &chat);
            }
        }
        for (chat, last) in step.given_up {
            self.ranges.insert(chat, Range { first: last, last, cut: true });
        }
        for (chat, messages) in &step.pieces {
            for block in blocks_of(messages, self.is_behind(*chat, messages)) {
                if !self.fits(*chat, block)? {
                    continue;
                }
                let (Some(first), Some(last)) = (block.first(), block.last()) else { continue };
                let entries: Vec<_> = block.iter().map(Entry::from).collect();
                let line = batch.put(MESSAGES, &(chat, entries));
                self.blocks.push(Block { chat: *chat, first: first.seq, last: last.seq, line });
                let fresh = Range { first: first.seq, last: last.seq, cut: false };
                let range = self.ranges.entry(*chat).or_insert(fresh);
                (range.first, range.last) = (range.first.min(first.seq), range.last.max(last.seq));
                batch = self.written(batch, WRITE_BYTES)?;
            }
        }
        for (chat, message) in &step.changed {
            // It may stand in what was given up.
            let in_block = |block: &Block| block.chat == *chat && (block.first..=block.last).contains(&message.seq);
            if self.blocks.iter().any(in_block) {
                let line = batch.put(CHANGED, &(chat, Entry::from(message)));
                self.changes.insert((*chat, message.seq), line);
                batch = self.written(batch, WRITE_BYTES)?;
            }
        }
        self.picture = Some(batch.put(PICTURE, &step.picture));
        self.written(batch, 0)?;
        Ok(())
    }

    /// Writes a batch if it is that long, and begins the next one.
    fn written(&mut self, batch: Batch, at_least: usize) -> io::Result<Batch> {
        if batch.len() < at_least {
            return Ok(batch);
        }
        self.chain.append(batch)?;
        Ok(self.chain.batch())
    }

    fn is_behind(&self, chat: ChatKey, messages: &[Message]) -> bool {
        let range = self.ranges.get(&chat);
        range.is_none_or(|range| messages.first().is_some_and(|first| first.seq > range.last))
    }

    /// Whether a block is to be kept: it stands behind what is there, or right before it.
    fn fits(&self, chat: ChatKey, block: &[Message]) -> io::Result<bool> {
        let (Some(range), Some(first), Some(last)) = (self.ranges.get(&chat), block.first(), block.last()) else {
            return Ok(true);
        };
        if first.seq > range.last {
            Ok(true)
        } else if last.seq < range.first || range.cut {
            Ok(!range.cut)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "messages overlap with what is there"))
        }
    }

    /// Makes room where the file is longer than it may be, or most of it says nothing any more: the newest messages over
    /// all chats are kept, so that each has its end without a gap.
    ///
    /// # Errors
    /// Those of the storage. Then this is not to be used any more; the file holds what it held before.
    pub(super) fn tidy(&mut self, limit: u64) -> io::Result<()> {
        let Some(picture) = self.picture else { return Ok(()) };
        let live = self.blocks.iter().map(|block| block.line.size()).sum::<u64>() + picture.size();
        let dead = self.bytes().saturating_sub(live);
        if self.bytes() <= limit && dead <= live.max(SLACK_BYTES) {
            return Ok(());
        }
        let mut room = (limit / 4 * KEPT_OF_FOUR).saturating_sub(picture.size());
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.sort_by_key(|block| std::cmp::Reverse(block.first));
        let kept = blocks.iter().take_while(|block| {
            let size = block.line.size();
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let kept = kept.count();
        for block in blocks.drain(kept..) {
            if let Some(range) = self.ranges.get_mut(&block.chat) {
                range.cut = true;
            }
        }
        let mut next = Self::empty(self.chain.successor()?, &self.hash)?;
        let mut batch = next.chain.batch();
        for block in blocks.into_iter().rev() {
            let json = self.as_it_is_now(&block)?;
            let line = batch.put_json(MESSAGES, &json);
            next.blocks.push(Block { line, ..block });
            batch = next.written(batch, WRITE_BYTES)?;
        }
        next.picture = Some(batch.put_json(PICTURE, &self.chain.read(&picture)?));
        next.written(batch, 0)?;
        self.chain.succeed(next.chain)?;
        (self.blocks, self.changes, self.picture) = (next.blocks, next.changes, next.picture);
        Ok(())
    }

    /// The JSON of a block, with what its messages are now.
    fn as_it_is_now(&self, block: &Block) -> io::Result<Vec<u8>> {
        let json = self.chain.read(&block.line)?;
        let mut changes = self.changes.range((block.chat, block.first)..=(block.chat, block.last)).peekable();
        if changes.peek().is_none() {
            return Ok(json);
        }
        let Stored(chat, mut entries) = serde_json::from_slice(&json)?;
        let changed = changes.map(|(_, line)| self.chain.read(line)).collect::<io::Result<Vec<_>>>()?;
        for json in &changed {
            let StoredChange(_, entry) = serde_json::from_slice(json)?;
            if let Ok(at) = entries.binary_search_by_key(&entry.0, |known| known.0) {
                entries[at] = entry;
            }
        }
        Ok(serde_json::to_vec(&(chat, entries))?)
    }
}

/// Cuts a piece into blocks, from where they touch what is there: those behind it in their order, those before it from
/// their end.
fn blocks_of(messages: &[Message], behind: bool) -> Vec<&[Message]> {
    let (mut blocks, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, message) in messages.iter().enumerate() {
        if at - start == BLOCK_MAX_MESSAGES || (at > start && bytes + message.text.len() > BLOCK_BYTES) {
            blocks.push(&messages[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += message.text.len();
    }
    blocks.push(&messages[start..]);
    if !behind {
        blocks.reverse();
    }
    blocks
}
