//! The client library against real servers: signing in, talking, losing the server and going on.

mod support;

use std::net::SocketAddr;
use std::path::Path;

use parlor::client::command::Command;
use parlor::client::model::{Field, Link, Model, Phase};
use parlor::client::outbox::Progress;
use parlor::host::LocalHost;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::UserId;
use parlor::server::Options;
use support::user::{User, texts};
use support::{Server, records};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);

/// How many messages a history holds; what else stands there depends on who saw what when.
fn messages(dir: &Path) -> usize {
    records(dir).iter().filter(|record| record["purpose"] == "receive_message").count()
}

fn problem(model: &Model) -> Option<(Field, String)> {
    match &model.phase {
        Phase::SignedOut { problem: Some(problem) } => Some((problem.field, problem.message.clone())),
        _ => None,
    }
}

#[test]
fn two_people_talk_and_every_window_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut alice = User::sign_in(&address, "Alice", "123").online();
    let mut alice_too = User::sign_in(&address, "Alice", "123").online();
    let mut bob = User::sign_in(&address, "Bob", "456").online();
    alice.until("Bob's presence", |model| model.people[&BOB].status == Status::Online);
    alice.say(BOB, "hello");
    assert_eq!(alice.client.model().outgoing(ChatKey::Person(BOB)).count(), 1, "it is on screen at once");
    bob.until("the message", |model| texts(model, ALICE) == ["hello"]);
    assert_eq!(bob.client.model().unread(), 1);
    bob.say(ALICE, "hi");
    for user in [&mut alice, &mut alice_too] {
        user.until("both messages", |model| texts(model, BOB) == ["hello", "hi"]);
    }
    // Bob's window tells of what arrives without being asked.
    let key = ChatKey::Person(BOB);
    alice.until_beside(&mut bob, "the receipt of the first", |model| {
        model.delivered.get(&BOB) >= Some(&model.chats[&key].messages[0].seq)
    });
    alice.until("an empty outbox", |model| model.outbox.entries().next().is_none());
    let seq = bob.client.model().chats[&ChatKey::Person(ALICE)].messages[0].seq;
    bob.client.perform(Command::MarkRead { chat: ChatKey::Person(ALICE), upto: seq });
    assert_eq!(bob.client.model().unread(), 0, "the badge clears before the server answers");
    alice.until_beside(&mut bob, "the read receipt", |model| {
        model.chats[&ChatKey::Person(BOB)].read_by.get(&BOB) == Some(&seq)
    });
    bob.client.perform(Command::Typing { chat: ChatKey::Person(ALICE) });
    alice.until("the sign of writing", |model| !model.chats[&ChatKey::Person(BOB)].typing.is_empty());
    alice.say(BOB, "and this?");
    alice.until("its acknowledgement", |model| texts(model, BOB).len() == 3);
    bob.until("its arrival", |model| texts(model, ALICE).len() == 3);
    alice.until_beside(&mut bob, "the delivery receipt", |model| {
        let chat = &model.chats[&ChatKey::Person(BOB)];
        model.delivered[&BOB] == chat.messages[2].seq && chat.read_by[&BOB] == seq
    });
    let last = bob.client.model().chats[&ChatKey::Person(ALICE)].messages[2].seq;
    bob.client.perform(Command::MarkRead { chat: ChatKey::Person(ALICE), upto: last });
    drop(bob);
    alice.until("Bob's leaving", |model| model.people[&BOB].status == Status::Offline);
    assert!(alice.client.model().people[&BOB].last_seen.is_some());
    let bob = User::sign_in(&address, "bob", "456").online();
    assert_eq!(bob.client.model().unread(), 0, "what was read stays read");
}

#[test]
fn each_way_of_not_getting_in_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let unused = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let not_parlor = other.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        use std::io::Write as _;
        let _ = other.accept().unwrap().0.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
    });
    for (address, password, field, says) in [
        (address.as_str(), "wrong", Field::Credentials, "Wrong name or password"),
        (unused.as_str(), "123", Field::Server, "parlor --server"),
        ("no.such.computer.invalid", "123", Field::Server, "no computer named"),
        ("what is this", "123", Field::Server, "not an address"),
        (not_parlor.as_str(), "123", Field::Server, "does not speak Parlor's protocol"),
    ] {
        let mut user = User::sign_in(address, "Alice", password);
        user.until("a problem", |model| problem(model).is_some());
        let (found, message) = problem(user.client.model()).unwrap();
        assert!(found == field && message.contains(says), "{address}: {found:?} {message}");
    }
    answering.join().unwrap();
}

#[test]
fn what_is_written_while_the_server_is_gone_arrives_once_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut alice = User::sign_in(&address, "Alice", "123").online();
    let mut bob = User::sign_in(&address, "Bob", "456").online();
    alice.say(BOB, "before");
    bob.until("the first", |model| texts(model, ALICE) == ["before"]);
    alice.until("the acknowledgement", |model| texts(model, BOB) == ["before"]);
    drop(server);
    alice.until("the loss", |model| matches!(model.link, Link::Waiting { .. }));
    alice.say(BOB, "during");
    alice.say(BOB, "during too");
    assert_eq!(alice.texts(BOB), ["before"], "what was known stays readable");
    let server = Server::start_on(dir.path(), &address);
    for user in [&mut alice, &mut bob] {
        user.client.perform(Command::RetryNow);
    }
    alice.until("the acknowledgements", |model| model.outbox.entries().next().is_none());
    bob.until("the rest", |model| texts(model, ALICE) == ["before", "during", "during too"]);
    assert_eq!(alice.texts(BOB), ["before", "during", "during too"]);
    drop(server);
    assert_eq!(messages(dir.path()), 3);
}

#[test]
fn a_setting_that_was_asked_for_while_the_server_was_away_holds_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut alice = User::sign_in(&address, "Alice", "123").online();
    drop(server);
    alice.until("the loss", |model| model.link != Link::Online);
    alice.client.perform(Command::Mute { chat: ChatKey::Everyone, muted: true });
    alice.client.perform(Command::SetReadReceipts(false));
    let _server = Server::start_on(dir.path(), &address);
    alice.client.perform(Command::RetryNow);
    let muted = |model: &Model| model.chat(ChatKey::Everyone).is_some_and(|chat| chat.muted);
    alice.until("both settings", |model| muted(model) && !model.read_receipts);

    // What holds is forgotten: another window decides otherwise, and that stays.
    let mut other = User::sign_in(&address, "Alice", "123").online();
    other.client.perform(Command::Mute { chat: ChatKey::Everyone, muted: false });
    alice.until("the other window's word", |model| !muted(model));
    alice.client.perform(Command::SignOut);
    alice.ask_in(&address, "Alice", "123");
    alice.until("a new login", |model| model.phase == Phase::SignedIn && model.link == Link::Online);
    other.until("all of it", |model| !muted(model));
    assert!(!muted(alice.client.model()));
}

#[test]
fn a_refused_message_stays_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = User::sign_in(&server.address.to_string(), "Alice", "123").online();
    alice.say(BOB, &"x".repeat(20_000));
    alice.until("the refusal", |model| {
        model
            .outgoing(ChatKey::Person(BOB))
            .any(|entry| matches!(&entry.progress, Progress::Failed(problem) if problem.message.contains("16384")))
    });
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::Retry { n });
    alice.until("the second refusal", |model| model.outbox.entries().all(|entry| entry.progress != Progress::Pending));
    alice.client.perform(Command::Discard { n });
    assert_eq!(alice.client.model().outbox.entries().count(), 0);
    alice.say(BOB, "short");
    alice.until("the short one", |model| texts(model, BOB) == ["short"]);
}

#[test]
fn a_long_history_loads_back_to_its_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut alice = User::sign_in(&address, "Alice", "123").online();
    for n in 0..230 {
        alice.say(BOB, &format!("m{n}"));
    }
    alice.until("all sent", |model| model.outbox.entries().next().is_none());
    let mut bob = User::sign_in(&address, "Bob", "456").online();
    let key = ChatKey::Person(ALICE);
    assert_eq!(bob.client.model().chats[&key].unread, 230);
    assert_eq!(bob.texts(ALICE).len(), 0, "nothing is loaded that nobody looks at");
    while !bob.client.model().chats[&key].complete {
        let had = bob.texts(ALICE).len();
        bob.client.perform(Command::LoadOlder { chat: key });
        bob.client.perform(Command::LoadOlder { chat: key });
        bob.until("a page", |model| texts(model, ALICE).len() > had && !model.chats[&key].loading);
    }
    assert_eq!(bob.texts(ALICE), (0..230).map(|n| format!("m{n}")).collect::<Vec<_>>());
}

/// A port that was free a moment ago, for servers that follow one another on it.
fn free_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn host(dir: &Path, address: SocketAddr) -> Option<LocalHost> {
    Some(LocalHost::new(Options::new(vec![address], dir.into())))
}

#[test]
fn when_the_hosting_window_closes_another_takes_over_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let address = free_port();
    let mut alice = User::new(host(dir.path(), address));
    alice.ask_in("", "Alice", "123");
    let mut alice = alice.online();
    assert!(alice.client.model().hosting.as_ref().unwrap().words().contains("hosts the chat"));
    let mut bob = User::new(host(dir.path(), address));
    bob.ask_in("", "Bob", "456");
    let mut bob = bob.online();
    assert_eq!(bob.client.model().hosting, None, "the second finds the first one's server");
    let mut charlie = User::new(host(dir.path(), address));
    charlie.ask_in("", "Charlie", "789");
    let mut charlie = charlie.online();
    alice.say(BOB, "I am off");
    bob.until("the message", |model| texts(model, ALICE) == ["I am off"]);
    drop(alice);
    bob.say(UserId(3), "are you there?");
    bob.until("the acknowledgement", |model| model.outbox.entries().next().is_none());
    charlie.until("Bob's message through the new host", |model| texts(model, BOB) == ["are you there?"]);
    let hosting = [&bob, &charlie].map(|user| user.client.model().hosting.is_some());
    assert_eq!(hosting.iter().filter(|hosts| **hosts).count(), 1, "one of the two hosts now");
    charlie.say(BOB, "yes");
    bob.until("the answer", |model| texts(model, UserId(3)) == ["are you there?", "yes"]);
    drop((bob, charlie));
    assert_eq!(messages(dir.path()), 3);
}

#[test]
fn signing_out_forgets_and_another_account_starts_clean() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut user = User::sign_in(&address, "Alice", "123").online();
    user.say(BOB, "mine");
    user.until("the message", |model| texts(model, BOB) == ["mine"]);
    user.client.perform(Command::SignOut);
    assert!(user.client.model().chats.is_empty() && user.client.model().me.is_none());
    user.ask_in(&address, "Charlie", "789");
    let user = user.online();
    assert_eq!(user.client.model().me.as_ref().unwrap().username, "Charlie");
    let said = user.client.model().chats.values().filter(|chat| chat.last.is_some() || !chat.messages.is_empty());
    assert_eq!(said.count(), 0);
}

#[test]
fn a_window_does_not_take_the_place_of_a_server_whose_folder_it_does_not_have() {
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(theirs.path());
    let address = server.address;
    let mut alice = User::new(host(ours.path(), address));
    alice.ask_in("", "Alice", "123");
    let mut alice = alice.online();
    drop(server);
    let told = |model: &Model| matches!(&model.link, Link::Waiting { reason, .. } if reason.contains("Start it again"));
    alice.until("the loss", told);
    alice.say(BOB, "kept");
    alice.client.perform(Command::RetryNow);
    alice.until("the next attempt", |model| model.link == Link::Connecting);
    alice.until("its failure", told);
    assert_eq!(alice.client.model().hosting, None);
    let server = Server::start_on(theirs.path(), &address.to_string());
    alice.client.perform(Command::RetryNow);
    alice.until("the acknowledgement", |model| texts(model, BOB) == ["kept"]);
    drop(server);
    assert_eq!(messages(theirs.path()), 1);
    assert!(!ours.path().join("history.json").exists());
}
