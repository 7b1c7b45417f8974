//! What a person writes, changes and takes back becomes entries of the outbox; and what they look up of what was written.

use std::sync::Arc;

use super::Client;
use super::command::Command;
use super::drafts;
use super::outbox::{Destination, Enclosure, Outgoing, Progress, What};
use crate::clock;
use crate::proto::chat::ChatKey;
use crate::proto::frame;
use crate::proto::ids::Seq;
use crate::proto::limits::PAGE_DEFAULT_MESSAGES;
use crate::proto::outgoing::Outgoing as Request;

impl Client {
    /// Puts what is to be stored into the outbox, and sends what can go out.
    pub(super) fn put_down(&mut self, command: Command) {
        match command {
            Command::Send { chat, text, reply_to, attachments } => self.say(chat, text.into(), reply_to, attachments),
            Command::SendToMany { people, text } if !people.is_empty() => {
                self.put(Destination::People(people.into()), What::default(), text.into());
            }
            Command::Edit { chat, seq, text } => self.edit(chat, seq, text.into()),
            Command::Delete { chat, seq } => self.delete(chat, seq),
            _ => {}
        }
    }

    /// Each file becomes a message of its own; the text, and what is answered, stand with the first.
    fn say(&mut self, chat: ChatKey, text: Arc<str>, reply_to: Option<Seq>, attachments: Vec<Enclosure>) {
        let mut files = attachments.into_iter();
        let first = What::Say { reply_to, enclosure: files.next() };
        let mut frames = self.entry(Destination::Chat(chat), first.clone(), Arc::clone(&text));
        for file in files {
            let what = What::Say { reply_to: None, enclosure: Some(file) };
            frames.extend(self.entry(Destination::Chat(chat), what, "".into()));
        }
        self.send(frames);
        // After it is kept as a message.
        self.written(chat, &first, &text);
    }

    fn edit(&mut self, chat: ChatKey, seq: Seq, text: Arc<str>) {
        let what = What::Edit(seq);
        let message = self.model.chat(chat).and_then(|chat| chat.message(seq));
        let same = message.map(|message| self.model.shown(chat, message)).is_some_and(|shown| {
            *shown.text == *text && shown.pending.is_none_or(|entry| entry.progress == Progress::Pending)
        });
        if !same {
            // What was refused is written anew.
            let refused = |entry: &Outgoing| entry.progress != Progress::Pending;
            self.model.outbox.withdraw(|entry| refused(entry) && entry.revises(chat, seq));
            self.put(Destination::Chat(chat), what.clone(), Arc::clone(&text));
        }
        self.written(chat, &what, &text);
    }

    fn delete(&mut self, chat: ChatKey, seq: Seq) {
        let what = What::Delete(seq);
        let gone = self.model.chat(chat).and_then(|chat| chat.message(seq)).is_some_and(|message| message.deleted);
        // Nobody needs another text for it any more.
        self.model.outbox.withdraw(|entry| entry.revises(chat, seq));
        if !gone {
            self.put(Destination::Chat(chat), what.clone(), "".into());
        }
        self.written(chat, &what, "");
    }

    fn put(&mut self, to: Destination, what: What, text: Arc<str>) {
        let frames = self.entry(to, what, text);
        self.send(frames);
    }

    /// A new entry of the outbox, and its frame if it can go out.
    fn entry(&mut self, to: Destination, what: What, text: Arc<str>) -> Vec<u8> {
        let (mut frames, device) = (Vec::new(), self.model.outbox.device().clone());
        let entry = self.model.put(to, what, text, clock::now());
        if entry.is_ready() {
            entry.encode(&device, &mut frames);
        }
        frames
    }

    /// A refused entry is sent again.
    pub(super) fn retry(&mut self, n: u64) {
        let (mut frames, device) = (Vec::new(), self.model.outbox.device().clone());
        if let Some(entry) = self.model.outbox.retry(n).filter(|entry| entry.is_ready()) {
            entry.encode(&device, &mut frames);
        }
        self.send(frames);
    }

    /// Asks for what is not loaded of a chat.
    pub(super) fn look_up(&mut self, command: &Command) {
        let limit = PAGE_DEFAULT_MESSAGES;
        let request = match *command {
            Command::LoadOlder { chat } => {
                let page = self.model.start_loading(chat);
                page.map(|(id, before)| Request::FetchHistory { id, chat, before, limit, attachments: false })
            }
            Command::LoadFiles { chat } => {
                let page = self.model.start_files(chat);
                page.map(|(id, before)| Request::FetchHistory { id, chat, before, limit, attachments: true })
            }
            Command::FetchQuote { chat, seq } => {
                let (before, limit) = (Some(seq.next()), 1);
                let asked = self.model.start_quote(chat, seq);
                asked.map(|id| Request::FetchHistory { id, chat, before, limit, attachments: false })
            }
            _ => None,
        };
        if let Some(request) = request {
            self.send(frame::frame_of(&request));
        }
    }

    /// That is on its way: it is no draft there any more.
    pub(super) fn written(&mut self, chat: ChatKey, what: &What, text: &str) {
        if let Some(draft) = self.model.drafts.get(&chat).and_then(|draft| drafts::without(draft, what, text)) {
            self.draft(chat, draft);
        }
    }
}
