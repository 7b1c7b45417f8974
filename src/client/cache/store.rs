//! The file of a cache: messages as they came, in blocks, and pictures of the rest between them.
//!
//! What counts is what stands before the last picture. So the messages and the picture are of one moment, whenever the
//! program ends. Of each chat the file holds one contiguous part up to its end: a block goes behind what is there or
//! before it, and where that is not so, a line says that the chat begins anew.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::picture::Picture;
use crate::client::chain::{Batch, Chain, Content, Line, Pair};
use crate::client::model::Message;
use crate::proto::chat::{Change, ChatKey};
use crate::proto::ids::{Millis, Seq, UserId};

/// Raised with every change of what is in the file; a cache of another version is none.
const VERSION: u32 = 2;

/// The kinds of lines.
const KEY: u8 = b'k';
const MESSAGES: u8 = b'm';
const ANEW: u8 = b'a';
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
);

impl<'a> From<&'a Message> for Entry<'a> {
    fn from(message: &'a Message) -> Self {
        let change = message.change.as_deref().map(Cow::Borrowed);
        Self(message.seq, message.at, message.from, Cow::Borrowed(&message.text), change, message.mentions_me)
    }
}

impl From<Entry<'_>> for Message {
    fn from(Entry(seq, at, from, text, change, mentions_me): Entry<'_>) -> Self {
        let change = change.map(|change| Arc::new(change.into_owned()));
        Self { seq, at, from, text: text.as_ref().into(), change, mentions_me, ..Default::default() }
    }
}

#[derive(Deserialize)]
struct Stored<'a>(ChatKey, #[serde(borrow)] Vec<Entry<'a>>);

/// Some messages of a chat that stand together.
struct Block {
    chat: ChatKey,
    first: Seq,
    line: Line,
}

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
    /// All the rest.
    pub picture: Picture,
}

/// The file, and what is where in it.
pub(super) struct Store {
    chain: Chain,
    hash: String,
    blocks: Vec<Block>,
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
        let mut picture = None;
        for line in &self.content.lines {
            let json = self.content.json(line);
            match line.kind {
                MESSAGES => {
                    let Stored(chat, entries) = serde_json::from_slice(json).ok()?;
                    let known = messages.entry(chat).or_default();
                    let first = put(known, entries.into_iter().map(Message::from).collect())?;
                    blocks.push(Block { chat, first, line: *line });
                }
                ANEW => {
                    let chat = serde_json::from_slice(json).ok()?;
                    messages.remove(&chat);
                    blocks.retain(|block| block.chat != chat);
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
        Some((shown, messages, Store { chain: self.chain, hash: self.hash, blocks, ranges, picture }))
    }
}

/// Puts a block behind what is there or before it; the place of its first message. Nothing if it does not fit.
fn put(known: &mut VecDeque<Message>, block: Vec<Message>) -> Option<Seq> {
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
    Some(first)
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
        let (blocks, ranges) = (Vec::new(), BTreeMap::new());
        Ok(Self { chain, hash: hash.into(), blocks, ranges, picture: None })
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
                self.blocks.push(Block { chat: *chat, first: first.seq, line });
                let fresh = Range { first: first.seq, last: last.seq, cut: false };
                let range = self.ranges.entry(*chat).or_insert(fresh);
                (range.first, range.last) = (range.first.min(first.seq), range.last.max(last.seq));
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
        for Block { chat, first, line } in blocks.into_iter().rev() {
            let line = batch.put_json(MESSAGES, &self.chain.read(&line)?);
            next.blocks.push(Block { chat, first, line });
            batch = next.written(batch, WRITE_BYTES)?;
        }
        next.picture = Some(batch.put_json(PICTURE, &self.chain.read(&picture)?));
        next.written(batch, 0)?;
        self.chain.succeed(next.chain)?;
        (self.blocks, self.picture) = (next.blocks, next.picture);
        Ok(())
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
