//! Two people with files of their own, and a server behind something that hears what is asked and cuts connections.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parlor::client::command::Command;
use parlor::client::model::{DownloadProgress, Draft, Model};
use parlor::client::outbox::{Enclosure, Progress, What};
use parlor::proto::attachment::{Attachment, FileId, FileName};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::UserId;

use super::Server;
use super::front::{Face, Front};
use super::user::User;

pub const ALICE: ChatKey = ChatKey::Person(UserId(1));
pub const BOB: ChatKey = ChatKey::Person(UserId(2));

/// A server, what stands in front of it, and the folders of two people.
pub struct Place {
    dir: tempfile::TempDir,
    pub front: Front,
    _server: Server,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["data", "alice", "bob", "desk"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let server = Server::start(&dir.path().join("data"));
        let front = Front::start(server.address, Face::Plain);
        Self { dir, front, _server: server }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A window that keeps in that folder what it does not send.
    pub fn enter(&self, name: &str, password: &str) -> User {
        let folder = self.path(&name.to_lowercase());
        let mut user = User::with_shelf(None, Some(&folder.join("unsent"))).with_files(&folder);
        user.ask_in(&self.front.address.to_string(), name, password);
        user.online()
    }

    pub fn alice(&self) -> User {
        self.enter("Alice", "123")
    }

    pub fn bob(&self) -> User {
        self.enter("Bob", "456")
    }

    /// A file with so many bytes, of which no piece is like another.
    pub fn file(&self, name: &str, bytes: usize) -> PathBuf {
        let path = self.path("desk").join(name);
        fs::write(&path, content(bytes)).unwrap();
        path
    }

    /// How often something was asked of the server since the last look.
    pub fn asked(&self, purpose: &str) -> usize {
        count(&self.front.heard(), purpose)
    }

    /// What the server keeps of files.
    pub fn stored(&self) -> Vec<PathBuf> {
        all_in(&self.path("data").join("attachments"))
    }
}

pub fn count(heard: &[u8], purpose: &str) -> usize {
    let wanted = format!("\"purpose\":\"{purpose}\"");
    heard.windows(wanted.len()).filter(|window| *window == wanted.as_bytes()).count()
}

pub fn all_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { all_in(&path) } else { vec![path] }).collect()
}

pub fn content(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// A picture of that size.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![7; (width * height) as usize]).unwrap();
    writer.finish().unwrap();
    bytes
}

pub fn attached(model: &Model, chat: ChatKey) -> Vec<Enclosure> {
    model.drafts.get(&chat).map(|draft| draft.attachments.clone()).unwrap_or_default()
}

/// Puts files with what is written, as somebody does who drops them.
pub fn attach(user: &mut User, chat: ChatKey, paths: &[&Path]) {
    let count = attached(user.client.model(), chat).len() + paths.len();
    let paths = paths.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    user.client.perform(Command::Attach { chat, paths });
    user.until("the files", |model| attached(model, chat).len() == count);
}

/// Sends what is written.
pub fn send(user: &mut User, chat: ChatKey, text: &str) {
    let attachments = attached(user.client.model(), chat);
    let draft = Draft { text: text.into(), attachments: attachments.clone(), ..Draft::default() };
    user.client.perform(Command::SetDraft { chat, draft });
    user.client.perform(Command::Send { chat, text: text.into(), reply_to: None, attachments });
}

pub fn settled(user: &mut User) {
    user.until("an empty outbox", |model| model.outbox.entries().next().is_none());
}

/// What a chat shows: the texts, and what the files are called.
pub fn shown(model: &Model, chat: ChatKey) -> Vec<(String, Option<String>)> {
    let messages = model.chat(chat).map(|chat| &chat.messages);
    let name = |attachment: &Arc<Attachment>| attachment.name.as_str().to_owned();
    let entries = messages.into_iter().flatten().map(|it| (it.text.to_string(), it.attachment.as_ref().map(name)));
    entries.collect()
}

pub fn last_file(user: &mut User, chat: ChatKey) -> Attachment {
    let last = |model: &Model| model.chat(chat)?.messages.back()?.attachment.as_deref().cloned();
    user.until("a file", |model| last(model).is_some());
    last(user.client.model()).unwrap()
}

pub fn how(model: &Model, file: FileId) -> Option<DownloadProgress> {
    model.downloads.get(&file).map(|download| download.progress.clone())
}

/// Fetches a file, and says where it is.
pub fn fetch(user: &mut User, attachment: &Attachment, to: Option<&Path>) -> PathBuf {
    let (attachment, file) = (attachment.clone(), attachment.file);
    user.client.perform(Command::Download { attachment, to: to.map(|to| to.to_str().unwrap().into()) });
    user.until("the file", |model| how(model, file).is_some_and(|how| how != DownloadProgress::Running));
    match how(user.client.model(), file).unwrap() {
        DownloadProgress::Done(place) => place.into(),
        other => panic!("{other:?}"),
    }
}

/// How much of the first file in the outbox is there.
pub fn sent(model: &Model) -> u64 {
    let entry = model.outbox.entries().next();
    let enclosure = entry.and_then(|entry| match &entry.what {
        What::Say { enclosure, .. } => enclosure.as_ref(),
        _ => None,
    });
    enclosure.map_or(0, |enclosure| enclosure.sent)
}

/// Why the first entry of the outbox was not sent.
pub fn failure(model: &Model) -> Option<String> {
    match &model.outbox.entries().next()?.progress {
        Progress::Failed(problem) => Some(problem.message.clone()),
        Progress::Pending => None,
    }
}

/// A file of so many bytes that is nowhere.
pub fn attachment(n: u128, size: u64) -> Attachment {
    Attachment { file: FileId(n), name: FileName::new("a.png").unwrap(), size, image: None }
}
