//! Who stands where in the list: the view data of the sidebar. Draws nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::text;
use super::when::Clock;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;

/// The order of the list, kept until somebody or some chat changes.
#[derive(Debug, Default)]
pub struct Order {
    chats: Vec<ChatKey>,
    made_of: Option<u64>,
}

/// What the preview in a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// Nothing was ever said.
    None,
    /// The beginning of the last message, on one line.
    Message(String),
    /// What is being written there.
    Draft(String),
}

/// All that a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which chat it opens.
    pub chat: ChatKey,
    /// Its name.
    pub name: String,
    /// Whether the other side is there.
    pub status: Status,
    /// When the last message came.
    pub time: String,
    /// What it was.
    pub preview: Preview,
    /// How many have not been seen.
    pub unread: u32,
}

impl Order {
    /// Every chat in the order of the list: those with messages by the last one, newest first, then everybody else by
    /// name. This person is not in it.
    pub fn of(&mut self, model: &Model) -> &[ChatKey] {
        let made_of = fingerprint(model);
        if self.made_of != Some(made_of) {
            self.chats = sorted(model);
            self.made_of = Some(made_of);
        }
        &self.chats
    }
}

/// Changes whenever the order could. Cheaper than sorting: the list is looked at in every frame.
fn fingerprint(model: &Model) -> u64 {
    let mut hasher = DefaultHasher::new();
    model.me.as_ref().map(|me| me.id).hash(&mut hasher);
    for (id, person) in &model.people {
        (id, &person.username).hash(&mut hasher);
    }
    for (key, chat) in &model.chats {
        (key, chat.last.as_ref().map(|last| last.seq)).hash(&mut hasher);
    }
    hasher.finish()
}

fn sorted(model: &Model) -> Vec<ChatKey> {
    let me = model.me.as_ref().map(|me| ChatKey::Person(me.id));
    let last = |key: &ChatKey| model.chat(*key).and_then(|chat| chat.last.as_ref()).map(|last| last.seq);
    let mut keys: std::collections::BTreeSet<ChatKey> = model.people.keys().copied().map(ChatKey::Person).collect();
    // A chat with somebody whose account is gone stays readable.
    keys.extend(model.chats.keys().filter(|key| last(key).is_some()));
    let mut chats: Vec<_> = keys
        .into_iter()
        .filter(|key| Some(*key) != me)
        .map(|key| (std::cmp::Reverse(last(&key)), model.title(key).to_lowercase(), key))
        .collect();
    chats.sort();
    chats.into_iter().map(|(_, _, key)| key).collect()
}

/// What the row of a chat shows. A draft is shown where the chat is not the one that is open.
pub fn row(model: &Model, key: ChatKey, draft: Option<&str>, clock: &Clock) -> Row {
    let chat = model.chat(key);
    let last = chat.and_then(|chat| chat.last.as_ref());
    let preview = match (draft.map(text::one_line).filter(|draft| !draft.is_empty()), last) {
        (Some(draft), _) => Preview::Draft(draft),
        (None, Some(last)) => {
            let own = model.is_me(last.from);
            Preview::Message(if own { "You: ".to_owned() } else { String::new() } + &text::one_line(&last.preview))
        }
        (None, None) => Preview::None,
    };
    Row {
        chat: key,
        name: model.title(key).to_owned(),
        status: match key {
            ChatKey::Person(id) => model.people.get(&id).map(|person| person.status).unwrap_or_default(),
            ChatKey::Everyone | ChatKey::Group(_) => Status::Offline,
        },
        time: last.map(|last| clock.in_list(last.at)).unwrap_or_default(),
        preview,
        unread: chat.map_or(0, |chat| chat.unread),
    }
}

impl Row {
    /// The row as one sentence.
    pub fn spoken(&self) -> String {
        let mut said = vec![self.name.clone(), status_word(self.status).to_owned()];
        if self.unread > 0 {
            said.push(format!("{} unread", self.unread));
        }
        match &self.preview {
            Preview::None => {}
            Preview::Message(text) => said.extend([self.time.clone(), text.clone()]),
            Preview::Draft(text) => said.push(format!("Draft: {text}")),
        }
        said.join(", ")
    }
}

/// Whether the other side of a chat is writing. Asks for a frame at the time when that would end by itself.
pub fn is_typing(ui: &egui::Ui, model: &Model, key: ChatKey, clock: &Clock) -> bool {
    let until = model.chat(key).and_then(|chat| chat.typing.values().max()).map_or(0, |until| until.0);
    let left = until.saturating_sub(clock.now.0);
    if left > 0 {
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(u64::try_from(left).unwrap_or_default()));
    }
    left > 0
}

/// A presence in a word.
pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Online => "online",
        Status::Away => "away",
        Status::Offline => "offline",
    }
}
