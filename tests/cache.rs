//! What a window knew is there when the next one opens, with the server or without; and only for who may read it.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parlor::client::cache::CACHE_MIN_BYTES;
use parlor::client::command::{Command, GroupWish};
use parlor::client::model::{Link, Model, Phase};
use parlor::proto::chat::{ChatKey, Past};
use parlor::proto::ids::UserId;
use support::place::Place;
use support::user::{User, texts};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);

impl Place {
    fn caches(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.shelf()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|file| file.extension().is_some_and(|end| end == "cache")).collect()
    }

    /// The one of the pair that counts, when only one window was ever open.
    fn cache(&self) -> PathBuf {
        let mut caches = self.caches();
        caches.retain(|file| std::fs::metadata(file).unwrap().len() > 0);
        assert_eq!(caches.len(), 1, "one counts, and the other one is empty");
        caches.remove(0)
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
    let written = || std::fs::metadata(place.cache()).and_then(|file| file.modified()).unwrap();
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
    let cache = place.cache();
    let mut bytes = std::fs::read(&cache).unwrap();
    bytes[30] ^= 1;
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

/// Stands between a window and its server, and counts what the server says.
struct Counted {
    address: String,
    bytes: Arc<AtomicUsize>,
}

impl Counted {
    fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, server) = (listener.local_addr().unwrap().to_string(), server.to_owned());
        let bytes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&bytes);
        std::thread::spawn(move || {
            for window in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let (mut asks, mut to) = (window.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || _ = std::io::copy(&mut asks, &mut to).and(to.shutdown(Shutdown::Both)));
                let (mut from, mut window, count) = (server, window, Arc::clone(&count));
                std::thread::spawn(move || {
                    let mut piece = [0; 4096];
                    while let Ok(n @ 1..) = from.read(&mut piece) {
                        count.fetch_add(n, Ordering::SeqCst);
                        if window.write_all(&piece[..n]).is_err() {
                            break;
                        }
                    }
                    let _ = window.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, bytes }
    }

    /// How many bytes the server has said since the last question.
    fn take(&self) -> usize {
        self.bytes.swap(0, Ordering::SeqCst)
    }
}

#[test]
fn all_of_a_long_chat_is_kept_and_only_what_is_missing_is_fetched() {
    let place = Place::new();
    let all: Vec<_> = (0..450).map(|n| format!("{n} {}", "some words ".repeat(10))).collect();
    let told = Counted::before(&place.address);
    let alice_in = || {
        let mut alice = User::with_shelf(None, Some(&place.shelf()));
        alice.ask_in(&told.address, "Alice", "123");
        alice
    };
    let server = place.server();
    let mut alice = alice_in().online();
    for text in &all {
        alice.say(BOB, text);
    }
    alice.until("all sent", |model| model.outbox.entries().next().is_none());
    // Whether there is anything before it, nobody has said yet.
    alice.client.perform(Command::LoadOlder { chat: ChatKey::Person(BOB) });
    alice.until("the answer", |model| model.chats[&ChatKey::Person(BOB)].complete);
    drop((alice, server));

    let alice = alice_in();
    assert_eq!(texts(alice.client.model(), BOB), all);
    assert!(alice.client.model().chats[&ChatKey::Person(BOB)].complete, "there is nothing before it to be asked for");
    drop(alice);

    let _server = place.server();
    let mut bob = User::sign_in(&place.address, "Bob", "456").online();
    bob.say(ALICE, "meanwhile");
    bob.until("it is stored", |model| model.outbox.entries().next().is_none());
    told.take();
    let mut alice = alice_in().online();
    assert_eq!(texts(alice.client.model(), BOB)[449..], [&all[449], "meanwhile"]);
    let said = told.take();
    assert!(said < 4_000, "{said} bytes for one message and the lists");
    // The connection is lost, and comes back.
    let texts_before = texts(alice.client.model(), BOB);
    alice.client.perform(Command::say(ChatKey::Person(BOB), "and again"));
    alice.until("it is stored", |model| model.outbox.entries().next().is_none());
    drop(alice);
    told.take();
    let alice = alice_in().online();
    let said = told.take();
    assert!(said < 4_000, "{said} bytes for nothing new but the lists");
    assert_eq!(texts(alice.client.model(), BOB).len(), texts_before.len() + 1);
}

#[test]
fn older_pages_that_were_looked_at_are_kept_too() {
    let place = Place::new();
    let server = place.server();
    let mut bob = User::sign_in(&place.address, "Bob", "456").online();
    for n in 0..300 {
        bob.say(ALICE, &format!("m{n}"));
    }
    bob.until("all sent", |model| model.outbox.entries().next().is_none());
    let key = ChatKey::Person(BOB);
    // A window that has missed nothing, since it was never there: it looks at two pages, and later at one more.
    for (loads, expected) in [(2, 100), (1, 150)] {
        let mut alice = place.alice();
        for _ in 0..loads {
            alice.client.perform(Command::LoadOlder { chat: key });
            alice.until("a page", |model| !model.chats[&key].loading);
        }
        assert_eq!(alice.texts(BOB).len(), expected);
    }
    bob.say(ALICE, "the newest");
    bob.until("it is stored", |model| model.outbox.entries().next().is_none());
    drop(place.alice());
    drop(server);
    let alice = place.user("Alice", "123");
    let texts = texts(alice.client.model(), BOB);
    assert_eq!((texts.len(), &*texts[0], &*texts[149], &*texts[150]), (151, "m150", "m299", "the newest"));
    assert!(!alice.client.model().chats[&key].complete);
}

#[test]
fn a_window_that_was_away_for_too_long_keeps_no_gap() {
    let place = Place::new();
    let key = ChatKey::Person(BOB);
    {
        let _server = place.server();
        let mut bob = User::sign_in(&place.address, "Bob", "456").online();
        bob.say(ALICE, "early");
        let mut alice = place.alice();
        alice.client.perform(Command::LoadOlder { chat: key });
        alice.until("it", |model| texts(model, BOB) == ["early"]);
        drop(alice);
        // More than are sent one by one.
        for n in 0..2_100 {
            bob.say(ALICE, &format!("m{n}"));
        }
        bob.until("all sent", |model| model.outbox.entries().next().is_none());
        let mut alice = place.alice();
        assert_eq!(alice.texts(BOB), [""; 0], "what was known has a gap now");
        alice.client.perform(Command::LoadOlder { chat: key });
        alice.until("a page", |model| texts(model, BOB).len() == 50);
    }
    let alice = place.user("Alice", "123");
    let texts = texts(alice.client.model(), BOB);
    assert_eq!((texts.len(), &*texts[0], &*texts[49]), (50, "m2050", "m2099"));
    assert!(!alice.client.model().chats[&key].complete);
}

#[test]
fn who_was_removed_and_added_again_finds_no_gap_either() {
    let place = Place::new();
    let server = place.server();
    let mut bob = User::sign_in(&place.address, "Bob", "456").online();
    let made = |name: &str| GroupWish::Create { name: name.into(), members: vec![ALICE], history: Past::All };
    bob.client.perform(Command::Group(made("Hikers")));
    bob.until("the group", |model| model.groups.len() == 1);
    let group = *bob.client.model().groups.keys().next().unwrap();
    let key = ChatKey::Group(group);
    let said = |user: &User| -> Vec<String> {
        let messages = user.client.model().chats.get(&key).map(|chat| &chat.messages);
        let messages = messages.into_iter().flatten().filter(|message| message.change.is_none());
        messages.map(|message| message.text.to_string()).collect()
    };
    let say = |bob: &mut User, text: &str| {
        bob.client.perform(Command::say(key, text));
        bob.until("it is stored", |model| model.outbox.entries().next().is_none());
    };
    let member = |bob: &mut User, wish: GroupWish, count: usize| {
        bob.client.perform(Command::Group(wish));
        bob.until("the change", |model| model.groups[&group].members.len() == count);
    };
    let mut alice = place.alice();
    say(&mut bob, "before");
    alice.until("it", |model| model.chats[&key].messages.back().is_some_and(|last| &*last.text == "before"));
    drop(alice);
    member(&mut bob, GroupWish::Remove(group, ALICE), 1);
    say(&mut bob, "unheard");
    member(&mut bob, GroupWish::Add(group, vec![ALICE]), 2);
    say(&mut bob, "after");
    drop(place.alice());
    drop(server);
    let alice = place.user("Alice", "123");
    assert_eq!(said(&alice), ["after"], "what was said in between can be loaded, and is not passed over");
    assert!(!alice.client.model().chats[&key].complete);
}

#[test]
fn a_cache_that_is_too_long_keeps_the_newest_of_all_chats_and_can_be_emptied() {
    let place = Place::new();
    let text = |n: usize| format!("{n} {}", "x".repeat(15_000));
    let server = place.server();
    let mut alice = place.alice();
    alice.client.perform(Command::SetCacheLimit(0));
    assert_eq!(alice.client.model().cache.as_ref().unwrap().limit, CACHE_MIN_BYTES);
    for n in 0..200 {
        alice.say(if n % 2 == 0 { BOB } else { UserId(3) }, &text(n));
    }
    alice.until("all sent", |model| model.outbox.entries().next().is_none());
    drop((alice, server));
    let bytes = std::fs::metadata(place.cache()).unwrap().len();
    assert!((CACHE_MIN_BYTES / 2..=CACHE_MIN_BYTES).contains(&bytes), "{bytes}");
    let mut alice = place.user("Alice", "123");
    let info = alice.client.model().cache.clone().unwrap();
    assert_eq!(info.bytes, bytes);
    assert!(place.caches().contains(&PathBuf::from(&info.path)));
    let mut kept = Vec::new();
    for with in [BOB, UserId(3)] {
        let texts = texts(alice.client.model(), with);
        let of_chat: Vec<usize> = texts.iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
        assert!(of_chat.windows(2).all(|pair| pair[1] == pair[0] + 2), "without a gap: {of_chat:?}");
        assert!(!alice.client.model().chats[&ChatKey::Person(with)].complete);
        kept.push(of_chat);
    }
    // What is given up are some messages at a time.
    let both_from = kept.iter().map(|of_chat| of_chat[0]).max().unwrap();
    let only_one = kept.iter().flatten().filter(|n| **n < both_from).count();
    assert!(both_from < 170 && only_one <= 4, "the newest of both: {kept:?}");
    let kept = kept.concat();

    // Emptied, with the server away: what is loaded stays, and is not kept again.
    alice.until("the attempt to fail", |model| matches!(model.link, Link::Waiting { .. }));
    alice.client.perform(Command::ClearCache);
    alice.until("room", |model| model.cache.as_ref().unwrap().bytes < 10_000);
    assert_eq!(texts(alice.client.model(), BOB).len() + texts(alice.client.model(), UserId(3)).len(), kept.len());
    let _server = place.server();
    alice.client.perform(Command::RetryNow);
    alice = alice.online();
    alice.say(BOB, "new");
    alice.until("it is stored", |model| model.outbox.entries().next().is_none());
    let key = ChatKey::Person(BOB);
    alice.client.perform(Command::LoadOlder { chat: key });
    alice.until("a page", |model| !model.chats[&key].loading);
    drop(alice);
    let alice = place.user("Alice", "123");
    assert_eq!(texts(alice.client.model(), BOB), ["new"], "older pages would leave a hole behind them");
}
