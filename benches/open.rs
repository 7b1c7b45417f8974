//! What it takes to open a window on what it knew: 100,000 messages in 50 chats. Run with `cargo bench --bench open`.

use std::sync::Arc;

use divan::Bencher;
use parlor::client::Client;
use parlor::client::cache::{CACHE_DEFAULT_BYTES, Cache, Keeper, Opener, Place};
use parlor::client::command::Command;
use parlor::client::model::{Chat, Last, Message, Model, Person, Phase};
use parlor::client::outbox::Outbox;
use parlor::client::shelf::{Kept, Shelf as _};
use parlor::client::tokens::Tokens;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Event, Ready, Status, Welcome};
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::shelf::Files;
use parlor::tokens::FileTokens;

const MESSAGES: u64 = 100_000;
const CHATS: u64 = 50;
/// Nobody answers there.
const SERVER: &str = "127.0.0.1:9";

fn main() {
    divan::main();
}

fn message(n: u64) -> Message {
    let (from, text) = (UserId((n % CHATS) as u32 + 2), "some words of a message, ".repeat(1 + n as usize % 6));
    Message { seq: Seq(n + 1), at: Millis(n as i64), from, text: text.into(), change: None, mentions_me: false }
}

fn model() -> Model {
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
        chat.last = Some(Last { seq, at, from, preview, change: None });
        chat.messages.push_back(message);
    }
    model
}

fn kept(dir: &tempfile::TempDir) -> Kept {
    Files::new(dir.path().into()).files(SERVER, "alice", false).expect("a writable folder").expect("a free place")
}

/// A folder with a cache.
fn folder() -> tempfile::TempDir {
    folder_for(Opener::Password("123".into()))
}

fn folder_for(opener: Opener) -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("target").expect("the build's folder is writable");
    let (files, model) = (kept(&dir), model());
    let place = Place { files: files.cache, held: files.unsent, limit: CACHE_DEFAULT_BYTES };
    let mut keeper = Keeper::start(place, opener, None, &model, || {}).expect("a thread");
    keeper.look(&model, true, Millis(1));
    keeper.finish(&model);
    dir
}

/// From the files to a model.
#[divan::bench(sample_count = 20)]
fn read(bencher: Bencher) {
    let dir = folder();
    let files = kept(&dir).cache;
    bencher.bench_local(|| {
        let outbox = Outbox::new(DeviceId::from_random(1));
        let (model, _) = Cache::read(&files).and_then(|cache| cache.open(outbox).ok()).expect("what was just written");
        assert_eq!(model.chats.values().map(|chat| chat.messages.len() as u64).sum::<u64>(), MESSAGES);
        model
    });
}

/// From the password to a model that can be read, with the server off.
#[divan::bench(sample_count = 20)]
fn sign_in(bencher: Bencher) {
    let dir = folder();
    let client = || Client::start(None, Some(Box::new(Files::new(dir.path().into()))), || {}).expect("a thread");
    bencher.with_inputs(client).bench_local_refs(|client| {
        let (address, username) = (SERVER.to_owned(), "alice".to_owned());
        client.perform(Command::SignIn { address, username, password: "123".into() });
        assert_eq!(client.model().phase, Phase::SignedIn);
    });
}

/// From the token of who stayed signed in to the same.
#[divan::bench(sample_count = 20)]
fn resume(bencher: Bencher) {
    let dir = folder_for(Opener::Token("token".into()));
    let tokens = || FileTokens::new(dir.path().join("tokens.json"));
    tokens().put(&format!("alice@{SERVER}"), &"token".into()).expect("a writable folder");
    let client = || {
        let client = Client::start(None, Some(Box::new(Files::new(dir.path().into()))), || {}).expect("a thread");
        client.with_tokens(Box::new(tokens()), String::new())
    };
    bencher.with_inputs(client).bench_local_refs(|client| {
        let (address, username) = (SERVER.to_owned(), "alice".to_owned());
        client.perform(Command::Resume { address, hosting: None, username });
        assert_eq!(client.model().phase, Phase::SignedIn);
    });
}

/// What the window's own thread does for one new message, every five seconds: compares, and hands the rest on.
#[divan::bench(sample_count = 20)]
fn one_more(bencher: Bencher) {
    let (dir, mut model) = (folder(), model());
    let files = kept(&dir);
    let outbox = Outbox::new(DeviceId::from_random(1));
    let (_, opened) = Cache::read(&files.cache).and_then(|cache| cache.open(outbox).ok()).expect("what was written");
    let place = Place { files: files.cache, held: files.unsent, limit: CACHE_DEFAULT_BYTES };
    let mut keeper = Keeper::start(place, "123", Some(opened), &model, || {}).expect("a thread");
    let mut n = MESSAGES;
    bencher.bench_local(|| {
        n += CHATS;
        let message = message(n);
        model.chats.entry(ChatKey::Person(message.from)).or_default().messages.push_back(message);
        keeper.look(&model, true, Millis(n as i64 * 10_000));
    });
}
