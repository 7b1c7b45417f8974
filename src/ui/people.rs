//! What the row of a chat shows: the view data of the sidebar. Which rows there are is in [`super::order`]. Draws nothing.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::composer;
use super::files;
use super::happened;
use super::presence;
use super::text;
use super::timeline::DELETED;
use super::timeline::quote::Quote;
use super::when::Clock;
use crate::client::model::{Draft, Last, Model};
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::visible::isolated;

/// What the preview in a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// Nothing was ever said: who is there instead.
    None(String),
    /// What happened last.
    Happened(String),
    /// The beginning of the last message, on one line.
    Message {
        /// Who wrote it, where that is not plain. Kept apart: a name that is written from the right does not turn the
        /// words around.
        who: Option<String>,
        /// What the file is called that it carries.
        file: Option<String>,
        /// What they wrote; where that is nothing, what the file is.
        words: String,
    },
    /// What is being written there.
    Draft(String),
    /// Who is writing.
    Typing(String),
}

/// All that a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which chat it opens.
    pub chat: ChatKey,
    /// Its name.
    pub name: String,
    /// Whether the other side is there, where there is one.
    pub status: Option<Status>,
    /// When the last message came.
    pub time: String,
    /// What it was.
    pub preview: Preview,
    /// How many have not been seen.
    pub unread: u32,
    /// How many of those call this person by name.
    pub mentions: u32,
    /// It is to leave this person alone.
    pub muted: bool,
    /// How long the row holds if nothing changes.
    pub holds: Option<Duration>,
}

fn last_of(model: &Model, key: ChatKey) -> Option<&Last> {
    model.chat(key).and_then(|chat| chat.last.as_ref())
}

/// Changes whenever somebody comes, goes or gets another name. What is made of all names is made anew only then. It is asked
/// for several times a frame, and so comes from the quick hash of the toolkit.
pub fn names_mark(model: &Model) -> u64 {
    struct Names<'a>(&'a Model);
    impl Hash for Names<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.people.iter().for_each(|(id, person)| (id, &person.username).hash(state));
        }
    }
    egui::util::hash(Names(model))
}

/// What the row of a chat shows. A draft is shown where the chat is not the one that is open.
pub fn row(model: &Model, key: ChatKey, draft: Option<&Draft>, clock: &Clock) -> Row {
    let chat = model.chat(key);
    let last = last_of(model, key);
    let typing = presence::typing(model, key, clock);
    let holds = typing.as_ref().map(|(_, left)| *left);
    let status = match key {
        ChatKey::Person(id) => presence::status(model, id),
        ChatKey::Everyone | ChatKey::Group(_) => None,
    };
    let preview = match (typing, draft.and_then(|draft| written(model, key, draft)), last) {
        (Some((words, _)), _, _) => Preview::Typing(words),
        (None, Some(draft), _) => Preview::Draft(draft),
        (None, None, Some(last)) => said(model, key, last),
        (None, None, None) => Preview::None(match key {
            ChatKey::Person(_) => presence::status_word(status).to_owned(),
            ChatKey::Everyone | ChatKey::Group(_) => presence::size(key, presence::count(model, key)),
        }),
    };
    Row {
        chat: key,
        name: model.title(key).to_owned(),
        status,
        time: last.map(|last| clock.in_list(last.at)).unwrap_or_default(),
        preview,
        unread: chat.map_or(0, |chat| chat.unread),
        mentions: chat.map_or(0, |chat| chat.mentions),
        muted: chat.is_some_and(|chat| chat.muted),
        holds,
    }
}

/// A draft on one line: the text, and where there is none what it is besides. Nothing if it is nothing.
fn written(model: &Model, key: ChatKey, draft: &Draft) -> Option<String> {
    let words = text::one_line(composer::preview(draft));
    if !words.is_empty() {
        return Some(words);
    }
    if draft.editing.is_some() {
        return Some("Editing a message".into());
    }
    match (&draft.attachments[..], draft.reply_to) {
        ([file], _) => Some(text::one_line(file.name.as_str())),
        ([], Some(seq)) => Some(match Quote::of(model, key, seq) {
            Quote { own: true, .. } => "Reply to yourself".into(),
            Quote { author: Some(author), .. } => format!("Reply to {}", isolated(&text::one_line(author))),
            Quote { author: None, .. } => "Reply".into(),
        }),
        ([], None) => None,
        (files, _) => Some(format!("{} files", files.len())),
    }
}

/// The last entry of a chat on one line, with its author where that is not plain.
fn said(model: &Model, key: ChatKey, last: &Last) -> Preview {
    if let Some(change) = &last.change {
        return Preview::Happened(text::one_line(&happened::change_sentence(model, last.from, change)));
    }
    let who = match key {
        _ if model.is_me(last.from) => Some("You".into()),
        ChatKey::Person(_) => None,
        ChatKey::Everyone | ChatKey::Group(_) => Some(isolated(&text::one_line(model.name(last.from))).into_owned()),
    };
    let file = last.file.as_deref().filter(|_| !last.deleted).map(text::one_line);
    let words = match text::one_line(&last.preview) {
        _ if last.deleted => DELETED.to_owned(),
        words => files::words_of(&words, file.as_deref()).to_owned(),
    };
    Preview::Message { who, file, words }
}

impl Row {
    /// The row as one sentence.
    pub fn spoken(&self) -> String {
        let mut said = vec![self.name.clone()];
        match (self.chat, self.status) {
            (ChatKey::Group(_), _) => said.push("group".into()),
            (_, Some(_)) => said.push(presence::status_word(self.status).into()),
            (_, None) => {}
        }
        if self.unread > 0 {
            said.push(format!("{} unread", self.unread));
        }
        match self.mentions {
            0 => {}
            1 => said.push("1 mention".into()),
            more => said.push(format!("{more} mentions")),
        }
        if self.muted {
            said.push("muted".into());
        }
        match &self.preview {
            Preview::None(_) if self.status.is_some() => {}
            Preview::None(text) | Preview::Typing(text) => said.push(text.clone()),
            Preview::Happened(text) | Preview::Message { who: None, words: text, .. } => {
                said.extend([self.time.clone(), text.clone()]);
            }
            Preview::Message { who: Some(who), words, .. } => {
                said.extend([self.time.clone(), format!("{who}: {words}")]);
            }
            Preview::Draft(text) => said.push(format!("Draft: {text}")),
        }
        said.join(", ")
    }
}
