//! What a window knew is there when the next one opens, with the server or without; and only for who may read it.

mod support;

use std::path::PathBuf;

use parlor::client::command::Command;
use parlor::client::model::{Link, Model, Phase};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::UserId;
use support::Server;
use support::user::{User, texts};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);

struct Place {
    dir: tempfile::TempDir,
    address: String,
}

impl Place {
    fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { dir: tempfile::tempdir().unwrap(), address: free.to_string() }
    }

    fn server(&self) -> Server {
        let data = self.dir.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        Server::start_on(&data, &self.address)
    }

    fn shelf(&self) -> PathBuf {
        self.dir.path().join("unsent")
    }

    fn user(&self, name: &str, password: &str) -> User {
        let mut user = User::with_shelf(None, Some(&self.shelf()));
        user.ask_in(&self.address, name, password);
        user
    }

    fn alice(&self) -> User {
        self.user("Alice", "123").online()
    }

    fn caches(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.shelf()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|file| file.extension().is_some_and(|end| end == "cache")).collect()
    }

    /// Alice and Bob have talked, Alice's window was closed, and the server is gone.
    fn talked(&self) {
        let _server = self.server();
        let mut alice = self.alice();
        let mut bob = User::sign_in(&self.address, "Bob", "456").online();
        alice.say(BOB, "hello");
        bob.until("the message", |model| texts(model, ALICE) == ["hello"]);
        bob.say(ALICE, "hi Alice");
        alice.until("the answer", |model| texts(model, BOB) == ["hello", "hi Alice"]);
    }
}

fn is_in(model: &Model) -> bool {
    model.phase == Phase::SignedIn
}

#[test]
fn it_opens_at_once_with_the_server_away_and_goes_on_when_it_is_back() {
    let place = Place::new();
    place.talked();
    let mut alice = place.user("alice", "123");
    // Not even a look at the network was needed.
    let model = alice.client.model();
    assert!(is_in(model));
    assert_eq!(texts(model, BOB), ["hello", "hi Alice"]);
    assert_eq!((model.name(BOB), model.chats[&ChatKey::Person(BOB)].unread), ("Bob", 1));
    alice.until("the attempt to fail", |model| matches!(model.link, Link::Waiting { .. }));
    assert!(is_in(alice.client.model()), "an absent server does not send anybody to the login page");
    alice.say(BOB, "written with the server away");
    let _server = place.server();
    let mut bob = User::sign_in(&place.address, "Bob", "456").online();
    bob.say(ALICE, "meanwhile");
    bob.until("it is stored", |model| model.outbox.entries().next().is_none());
    alice.client.perform(Command::RetryNow);
    alice.until("all of it", |model| texts(model, BOB).len() == 4 && model.link == Link::Online);
    assert_eq!(texts(alice.client.model(), BOB), ["hello", "hi Alice", "meanwhile", "written with the server away"]);
    assert_eq!(alice.client.model().chats[&ChatKey::Person(BOB)].unread, 2);
}

#[test]
fn what_came_just_before_a_kill_is_there_some_seconds_later() {
    let place = Place::new();
    place.talked();
    let _server = place.server();
    let mut alice = place.alice();
    let mut bob = User::sign_in(&place.address, "Bob", "456").online();
    let written = || std::fs::metadata(&place.caches()[0]).and_then(|file| file.modified()).unwrap();
    bob.say(ALICE, "the last word");
    alice.until("it", |model| texts(model, BOB).contains(&"the last word".into()));
    let before = written();
    // Nothing more happens in the window; it is woken for the picture, and no more than that.
    support::wait_for("the picture", || {
        alice.poll_if_woken();
        written() > before
    });
    std::mem::forget(alice);
}

#[test]
fn it_opens_to_the_right_password_alone() {
    let place = Place::new();
    place.talked();
    for (name, password) in [("Alice", "124"), ("Alice", ""), ("Bob", "123")] {
        let mut stranger = place.user(name, password);
        assert!(!is_in(stranger.client.model()), "{name} {password:?}");
        stranger.until("the refusal", |model| matches!(model.phase, Phase::SignedOut { problem: Some(_) }));
        assert!(stranger.client.model().chats.is_empty());
    }
    assert!(is_in(place.user("Alice", "123").client.model()), "a wrong try does no harm while the server is away");
}

#[test]
fn a_password_that_the_server_does_not_take_any_more_opens_nothing() {
    let place = Place::new();
    place.talked();
    let users = place.dir.path().join("data/users.json");
    let mut file: serde_json::Value = serde_json::from_slice(&std::fs::read(&users).unwrap()).unwrap();
    file["users"][0] = serde_json::json!({"id": 1, "username": "Alice", "password": "changed"});
    std::fs::write(&users, file.to_string()).unwrap();
    let server = place.server();
    let mut alice = place.user("Alice", "123");
    alice.until("the refusal", |model| matches!(model.phase, Phase::SignedOut { problem: Some(_) }));
    assert!(alice.client.model().chats.is_empty());
    drop((alice, server));
    assert!(!is_in(place.user("Alice", "123").client.model()), "nor afterwards");
}

#[test]
fn a_damaged_cache_is_thrown_away_and_what_is_unsent_is_kept() {
    let place = Place::new();
    place.talked();
    let mut alice = place.user("Alice", "123");
    alice.say(BOB, "unsent");
    drop(alice);
    let cache = place.caches().remove(0);
    let mut bytes = std::fs::read(&cache).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&cache, bytes).unwrap();
    assert!(!is_in(place.user("Alice", "123").client.model()));
    let _server = place.server();
    let mut alice = place.alice();
    alice.until("what was unsent", |model| model.outbox.entries().next().is_none());
    let key = ChatKey::Person(BOB);
    alice.client.perform(Command::LoadOlder { chat: key });
    alice.until("the chat", |model| model.chats[&key].complete);
    assert_eq!(texts(alice.client.model(), BOB), ["hello", "hi Alice", "unsent"]);
}

#[test]
fn signing_out_leaves_nothing_to_read() {
    let place = Place::new();
    place.talked();
    let server = place.server();
    let mut alice = place.alice();
    alice.client.perform(Command::SignOut);
    drop((alice, server));
    for cache in place.caches() {
        assert_eq!(std::fs::read(&cache).unwrap(), b"", "{}", cache.display());
    }
    assert!(!is_in(place.user("Alice", "123").client.model()));
}

#[test]
fn the_cache_of_another_server_at_that_address_is_not_mixed_with_it() {
    let place = Place::new();
    place.talked();
    std::fs::remove_dir_all(place.dir.path().join("data")).unwrap();
    let _server = place.server();
    let mut alice = place.user("Alice", "123");
    assert_eq!(texts(alice.client.model(), BOB).len(), 2);
    alice.until("the new server", |model| model.link == Link::Online);
    assert!(texts(alice.client.model(), BOB).is_empty());
}

#[test]
fn a_long_chat_is_kept_by_its_end_and_loads_back_to_its_beginning() {
    let place = Place::new();
    let all: Vec<_> = (0..450).map(|n| format!("m{n}")).collect();
    {
        let _server = place.server();
        let mut alice = place.alice();
        for text in &all {
            alice.say(BOB, text);
        }
        alice.until("all sent", |model| model.outbox.entries().next().is_none());
    }
    let mut alice = place.user("Alice", "123");
    assert_eq!(texts(alice.client.model(), BOB), all[250..]);
    let _server = place.server();
    alice.client.perform(Command::RetryNow);
    alice.until("the connection", |model| model.link == Link::Online);
    let key = ChatKey::Person(BOB);
    while !alice.client.model().chats[&key].complete {
        alice.client.perform(Command::LoadOlder { chat: key });
        alice.until("a page", |model| !model.chats[&key].loading);
    }
    assert_eq!(texts(alice.client.model(), BOB), all);
}
