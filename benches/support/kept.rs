//! What a window has kept: 100,000 messages in 50 chats.

use std::path::Path;
use std::sync::Arc;

use parlor::client::cache::{CACHE_DEFAULT_BYTES, Keeper, Opener, Place};
use parlor::client::model::{Chat, Last, Message, Model, Person};
use parlor::client::shelf::{Kept, Shelf as _};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Event, Ready, Status, Welcome};
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::shelf::Files;

pub const MESSAGES: u64 = 100_000;
pub const CHATS: u64 = 50;
/// Nobody answers there.
pub const SERVER: &str = "127.0.0.1:9";

pub fn message(n: u64) -> Message {
    let (from, text) = (UserId((n % CHATS) as u32 + 2), "some words of a message, ".repeat(1 + n as usize % 6));
    Message { seq: Seq(n + 1), at: Millis(n as i64), from, text: text.into(), ..Default::default() }
}

pub fn model() -> Model {
    let mut model = Model::new(DeviceId::from_random(1));
    let welcome = Welcome {
        user: UserId(1),
        username: "Alice".into(),
        server: String::new(),
        log: "log".into(),
        seq: Seq(MESSAGES),
        resumed: false,
        message_max_bytes: 16_384,
        read_receipts: true,
        plaintext: false,
        fingerprint: None,
        role: Default::default(),
        server_name: String::new(),
        registration: None,
        session: None,
        token: None,
    };
    model.apply(Event::Login(Ok(welcome)), Millis(0));
    model.apply(Event::Ready(Ready { seq: Seq(MESSAGES) }), Millis(0));
    for n in 0..MESSAGES {
        let message = message(n);
        let name = format!("Person {}", message.from.0);
        let person = Person { username: name, status: Status::Online, last_seen: None, joined: Seq(0) };
        model.people.entry(message.from).or_insert(person);
        let chat: &mut Chat = model.chats.entry(ChatKey::Person(message.from)).or_default();
        let (seq, at, from, preview) = (message.seq, message.at, message.from, Arc::clone(&message.text));
        chat.last = Some(Last { seq, at, from, preview, ..Default::default() });
        chat.messages.push_back(message);
    }
    model
}

/// The files of Alice.
pub fn files(dir: &Path) -> Kept {
    Files::new(dir.into()).files(SERVER, "alice", false).expect("a writable folder").expect("a free place")
}

/// Writes them into a folder.
pub fn write(dir: &Path, opener: Opener) {
    let (files, model) = (files(dir), model());
    let place = Place { files: files.cache, held: files.unsent, limit: CACHE_DEFAULT_BYTES };
    let mut keeper = Keeper::start(place, opener, None, &model, || {}).expect("a thread");
    keeper.look(&model, true, Millis(1));
    keeper.finish(&model);
}
