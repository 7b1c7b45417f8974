//! What it takes to open a window on what it knew: 100,000 messages in 50 chats. Run with `cargo bench --bench open`.

use divan::Bencher;
use parlor::client::Client;
use parlor::client::cache::{CACHE_DEFAULT_BYTES, Cache, Keeper, Opener, Place};
use parlor::client::command::Command;
use parlor::client::model::Phase;
use parlor::client::outbox::Outbox;
use parlor::client::shelf::Kept;
use parlor::client::tokens::Tokens;
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::{DeviceId, Millis};
use parlor::shelf::Files;
use parlor::tokens::FileTokens;

#[path = "support/kept.rs"]
mod support;

use support::{CHATS, MESSAGES, SERVER, message, model};

fn main() {
    divan::main();
}

fn kept(dir: &tempfile::TempDir) -> Kept {
    support::files(dir.path())
}

/// A folder with a cache.
fn folder() -> tempfile::TempDir {
    folder_for(Opener::Password("123".into()))
}

fn folder_for(opener: Opener) -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("target").expect("the build's folder is writable");
    support::write(dir.path(), opener);
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
