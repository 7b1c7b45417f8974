//! How messages change after they came: another text, or none any more; and what is loaded beside a conversation: the
//! messages that loaded ones answer, and those that carry files.

use std::sync::Arc;

use super::chat::{from_record, last_of};
use crate::client::model::{
    Altered, Chat, Last, MEANWHILE_MAX, Message, Model, QUOTES_MAX, Quote, Revision, SharedFiles,
};
use crate::client::outbox::{Progress, What};
use crate::proto::attachment::Edition;
use crate::proto::chat::ChatKey;
use crate::proto::event::{Code, History, Problem, Sent};
use crate::proto::ids::{ClientId, RequestId, Seq, UserId};
use crate::proto::record::{Deleted, Edited, Record};

/// Whether a message was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It was not there.
    New,
    /// It was there, and is now what its author made of it since.
    Newer,
    /// It was there.
    Known,
}

impl Message {
    /// Takes a change of it; false if something newer is known.
    fn revise(&mut self, revision: &Revision) -> bool {
        match revision {
            _ if self.deleted || self.change.is_some() => return false,
            Revision::Edited { edition, .. } if self.edited.is_some_and(|known| known.seq >= edition.seq) => {
                return false;
            }
            Revision::Edited { edition, text, mentions_me } => {
                (self.text, self.edited, self.mentions_me) = (Arc::clone(text), Some(*edition), *mentions_me);
            }
            Revision::Deleted => self.take_back(),
        }
        true
    }

    /// Nothing of it is left but that it was there.
    pub(super) fn take_back(&mut self) {
        let Self { seq, at, from, .. } = *self;
        *self = Self { seq, at, from, deleted: true, ..Self::default() };
    }

    /// Becomes what came again, if its author has changed it since.
    pub(super) fn renew(&mut self, again: Self) -> Put {
        let place = |message: &Self| (message.deleted, message.edited.map(|edition| edition.seq));
        if place(self) >= place(&again) {
            return Put::Known;
        }
        *self = again;
        Put::Newer
    }
}

impl Chat {
    /// Takes a change of the message at that place, wherever it is known; whether a loaded one is another one now.
    fn revise(&mut self, seq: Seq, revision: &Revision) -> bool {
        let at = self.messages.partition_point(|message| message.seq < seq);
        let loaded = self.messages.get_mut(at).filter(|message| message.seq == seq);
        let known = loaded.is_some();
        let changed = loaded.is_some_and(|message| message.revise(revision));
        if known && !changed {
            return false;
        }
        if let Some(Quote::Known(quote)) = self.quotes.get_mut(&seq) {
            quote.revise(revision);
        }
        if let Some(shared) = &mut self.shared {
            shared.messages.iter_mut().filter(|message| message.seq == seq).for_each(|it| _ = it.revise(revision));
            shared.messages.retain(|message| !message.deleted);
        }
        if let Some(last) = self.last.as_mut().filter(|last| last.seq == seq && !last.deleted) {
            let mut message = Message { seq, at: last.at, from: last.from, ..Message::default() };
            message.revise(revision);
            let file = last.file.take().filter(|_| !message.deleted);
            *last = Last { file, ..last_of(&message) };
        }
        // A page that was read before may come after.
        if !known && self.asks() {
            self.meanwhile.push_back((seq, revision.clone()));
            if self.meanwhile.len() > MEANWHILE_MAX {
                self.meanwhile.pop_front();
            }
        }
        changed
    }

    /// Whether messages of it are on their way.
    fn asks(&self) -> bool {
        self.loading
            || self.shared.as_ref().is_some_and(|shared| shared.asked.is_some())
            || self.quotes.values().any(|quote| matches!(quote, Quote::Asked(_)))
    }

    /// A message from a page, with what was heard of it since the page was asked for.
    pub(super) fn up_to_date(&self, mut message: Message) -> Message {
        let place = message.seq;
        for (_, revision) in self.meanwhile.iter().filter(|(seq, _)| *seq == place) {
            message.revise(revision);
        }
        message
    }

    /// Some answer has come: what was heard meanwhile is forgotten once there is none to come.
    pub(super) fn answered(&mut self) {
        if !self.asks() {
            self.meanwhile.clear();
        }
    }

    /// What is loaded beside the conversation is forgotten.
    pub(super) fn forget_beside(&mut self) {
        self.quotes.clear();
        self.shared = None;
        self.answered();
    }

    /// Answers that were to come do not.
    pub(super) fn unlinked(&mut self) {
        self.loading = false;
        // What was missing may be there the next time.
        self.quotes.retain(|_, quote| matches!(quote, Quote::Known(_)));
        if let Some(shared) = &mut self.shared {
            shared.asked = None;
        }
        self.meanwhile.clear();
    }
}

impl SharedFiles {
    /// Puts a message that carries a file in its place.
    pub(super) fn put(&mut self, message: Message) {
        if message.deleted {
            self.messages.retain(|other| other.seq != message.seq);
        }
        if message.attachment.is_none() {
            return;
        }
        let at = self.messages.partition_point(|other| other.seq > message.seq);
        match self.messages.get_mut(at).filter(|other| other.seq == message.seq) {
            Some(known) => _ = known.renew(message),
            None => self.messages.insert(at, message),
        }
    }
}

impl Model {
    /// A message has another text.
    pub(super) fn edited(&mut self, edited: &Edited<'_>) {
        let Some(me) = self.my_id() else { return };
        self.heard(me, edited.by, edited.client_id.as_ref());
        let edition = Edition { seq: edited.seq, at: edited.at };
        let (text, mentions_me) = (edited.message.as_ref().into(), edited.mentions.contains(&me));
        let revision = Revision::Edited { edition, text, mentions_me };
        self.revise(key_of(me, edited.by, edited.chat), edited.message_seq, &revision);
        self.cursor = self.cursor.max(edited.seq);
    }

    /// A message was taken back.
    pub(super) fn deleted(&mut self, deleted: &Deleted) {
        let Some(me) = self.my_id() else { return };
        self.heard(me, deleted.by, deleted.client_id.as_ref());
        let key = key_of(me, deleted.by, deleted.chat);
        self.revise(key, deleted.message_seq, &Revision::Deleted);
        // What was wanted is so, whoever did it.
        self.outbox.withdraw(|entry| entry.revises(key, deleted.message_seq) && matches!(entry.what, What::Delete(_)));
        self.cursor = self.cursor.max(deleted.seq);
    }

    /// A record of this device is the answer to what it sent.
    fn heard(&mut self, me: UserId, by: UserId, id: Option<&ClientId>) {
        if let Some(id) = id.filter(|id| by == me && id.device == *self.outbox.device()) {
            self.outbox.remove(id.n);
        }
    }

    fn revise(&mut self, key: ChatKey, seq: Seq, revision: &Revision) {
        if self.chats.get_mut(&key).is_some_and(|chat| chat.revise(seq, revision)) {
            self.altered.note(key, Some(seq));
        }
    }

    /// A change of this person's is on the server's disk.
    pub(super) fn revised(&mut self, n: u64, key: ChatKey, what: &What, text: &Arc<str>, sent: &Sent) {
        let (What::Edit(seq) | What::Delete(seq)) = *what else { return };
        // What was refused before it counts no more.
        let over = |progress: &Progress| matches!(progress, Progress::Failed(_));
        self.outbox.withdraw(|entry| entry.n < n && entry.revises(key, seq) && over(&entry.progress));
        // Without a place it was stored long ago, and what was missed says so.
        let Some(edition) = sent.seq.zip(sent.at).map(|(seq, at)| Edition { seq, at }) else { return };
        let text = Arc::clone(text);
        let revision = match what {
            What::Delete(_) => Revision::Deleted,
            _ => Revision::Edited { edition, text, mentions_me: false },
        };
        self.revise(key, seq, &revision);
    }

    /// A change is refused. One that has nothing left to do is done.
    pub(super) fn is_done_with(&self, n: u64, problem: &Problem) -> bool {
        let Some(entry) = self.outbox.entries().find(|entry| entry.n == n) else { return false };
        let What::Delete(seq) = entry.what else { return false };
        let gone = |chat: &Chat| chat.message(seq).is_some_and(|message| message.deleted);
        problem.code == Code::UnknownMessage && self.chats.iter().any(|(key, chat)| entry.is_in(*key) && gone(chat))
    }

    /// An answered message is asked for: under which number. Nothing where it is known, or was asked for.
    pub fn start_quote(&mut self, key: ChatKey, seq: Seq) -> Option<RequestId> {
        let chat = self.chats.get_mut(&key)?;
        if chat.message(seq).is_some() || chat.quotes.contains_key(&seq) {
            return None;
        }
        if chat.quotes.len() >= QUOTES_MAX {
            // The one that is farthest away is the last that its reader comes back to.
            let distance = |at: Option<&Seq>| at.map_or(0, |at| at.0.abs_diff(seq.0));
            let before = distance(chat.quotes.keys().next()) > distance(chat.quotes.keys().next_back());
            _ = if before { chat.quotes.pop_first() } else { chat.quotes.pop_last() };
        }
        self.pages += 1;
        chat.quotes.insert(seq, Quote::Asked(self.pages));
        Some(self.pages)
    }

    /// The newest messages with files, or those before what is loaded of them, are asked for: under which number, and
    /// the place that they end before. Nothing while a page is on its way, or when none is left.
    pub fn start_files(&mut self, key: ChatKey) -> Option<(RequestId, Option<Seq>)> {
        let shared = self.chats.entry(key).or_default().shared.get_or_insert_default();
        if shared.asked.is_some() || shared.complete {
            return None;
        }
        self.pages += 1;
        shared.asked = Some(self.pages);
        shared.problem = None;
        // What came in while somebody looked stands behind a page that never came.
        let before = shared.paged.then(|| shared.messages.last().map(|message| message.seq)).flatten();
        Some((self.pages, before))
    }

    /// The answer to what was asked beside the conversation; gives back what is none.
    pub(super) fn beside<'a>(&mut self, id: Option<RequestId>, history: History<'a>) -> Option<History<'a>> {
        let me = self.my_id();
        let Some((chat, id)) = self.chats.get_mut(&history.chat).zip(id) else { return Some(history) };
        let messages = |chat: &Chat| -> Vec<Message> {
            let records = history.records.iter().filter_map(|record| match record {
                Record::Message(message) => Some(chat.up_to_date(from_record(message, me))),
                _ => None,
            });
            records.collect()
        };
        if let Some((seq, _)) = chat.quotes.iter().find(|(_, quote)| **quote == Quote::Asked(id)) {
            let seq = *seq;
            let found = messages(chat).into_iter().find(|message| message.seq == seq);
            chat.quotes.insert(seq, found.map_or(Quote::Missing, |message| Quote::Known(Box::new(message))));
            chat.answered();
        } else if chat.shared.as_ref().is_some_and(|shared| shared.asked == Some(id)) {
            let messages = messages(chat);
            let shared = chat.shared.get_or_insert_default();
            (shared.asked, shared.paged) = (None, true);
            shared.complete |= history.complete;
            messages.into_iter().for_each(|message| shared.put(message));
            chat.answered();
        } else {
            return Some(history);
        }
        None
    }

    /// Why a page, or what was asked beside a conversation, does not come.
    pub(super) fn no_page(&mut self, id: Option<RequestId>, problem: Problem) {
        for chat in self.chats.values_mut() {
            if chat.awaits_page(id) {
                chat.loading = false;
                chat.problem = Some(problem.message);
                return chat.answered();
            }
            let Some(id) = id else { continue };
            if let Some(shared) = chat.shared.as_mut().filter(|shared| shared.asked == Some(id)) {
                shared.asked = None;
                shared.problem = Some(problem.message);
                return chat.answered();
            }
            if let Some(quote) = chat.quotes.values_mut().find(|quote| **quote == Quote::Asked(id)) {
                *quote = Quote::Missing;
                return chat.answered();
            }
        }
    }
}

impl Altered {
    /// A message was put into a chat.
    pub(super) fn put(&mut self, key: ChatKey, seq: Seq, put: Put) {
        if put == Put::Newer {
            self.note(key, Some(seq));
        }
    }
}

/// The chat that a record names as its author knows it.
pub(super) fn key_of(me: UserId, by: UserId, chat: ChatKey) -> ChatKey {
    match chat {
        ChatKey::Person(_) if by != me => ChatKey::Person(by),
        key => key,
    }
}
