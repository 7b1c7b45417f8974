//! What others learn of one: receipts, presence, writing. On the wire and in the models of real clients.

mod support;

use serde_json::{Value, json};
use support::{Peer, SEEDED, Server, records};

fn entry(server: &Server, username: &str, password: &str) -> Value {
    let mut peer = Peer::connect(server.address);
    peer.ask(&json!({"purpose": "login", "username": username, "password": password}));
    peer.until("chats")["chats"][0].clone()
}

fn person(peer: &mut Peer, name: &str) -> Value {
    loop {
        let event = peer.until("people");
        if let Some(person) = event["people"].as_array().unwrap().iter().find(|person| person["username"] == name) {
            return person.clone();
        }
    }
}

#[test]
fn receipts_reach_the_sender_live_and_at_the_next_login_and_last() {
    let dir = tempfile::tempdir().unwrap();
    {
        let server = Server::start(dir.path());
        let mut alice = Peer::login(server.address, "Alice", "123");
        for text in ["one", "two"] {
            alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": text}));
        }
        let before = entry(&server, "Alice", "123");
        assert_eq!((&before["their_delivered"], &before["their_read"]), (&json!(0), &json!(0)));
        let mut bob = Peer::login(server.address, "Bob", "456");
        let mut charlie = Peer::login(server.address, "Charlie", "789");
        assert_eq!(bob.ask(&json!({"purpose": "mark_delivered", "seq": SEEDED + 2}))["result"], true);
        let delivered = alice.until("delivered_message");
        assert_eq!((&delivered["by"], &delivered["upto"]), (&json!(2), &json!(SEEDED + 2)));
        assert_eq!(bob.ask(&json!({"purpose": "mark_read", "with_user": "Alice", "seq": SEEDED + 1}))["result"], true);
        let read = alice.until("read_message");
        assert_eq!((&read["by"], &read["with"], &read["upto"]), (&json!(2), &json!(1), &json!(SEEDED + 1)));
        // A marker that is there already costs no record, and one from the future claims no more than there is.
        let stored = records(dir.path()).len();
        bob.ask(&json!({"purpose": "mark_delivered", "seq": 1}));
        bob.ask(&json!({"purpose": "mark_read", "with_user": "Alice", "seq": SEEDED + 1}));
        assert_eq!(records(dir.path()).len(), stored);
        bob.ask(&json!({"purpose": "mark_read", "with_user": "Alice", "seq": 1_000_000}));
        assert_eq!(alice.until("read_message")["upto"], SEEDED + 2);
        charlie.send(&json!({"purpose": "list_users"}));
        loop {
            let event = charlie.receive();
            assert!(event["purpose"] != "read_message" && event["purpose"] != "delivered_message", "it is not his");
            if event["purpose"] == "list_users" {
                break;
            }
        }
    }
    let server = Server::start(dir.path());
    let after = entry(&server, "Alice", "123");
    assert_eq!((&after["their_delivered"], &after["their_read"]), (&json!(SEEDED + 2), &json!(SEEDED + 2)));
}

#[test]
fn last_seen_is_told_and_kept_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let seen = {
        let server = Server::start(dir.path());
        let mut alice = Peer::login(server.address, "Alice", "123");
        let bob = Peer::login(server.address, "Bob", "456");
        assert_eq!(person(&mut alice, "Bob")["status"], "online");
        drop(bob);
        let gone = person(&mut alice, "Bob");
        assert_eq!(gone["status"], "offline");
        assert!(gone["last_seen"].as_i64().unwrap() > 1_700_000_000_000);
        gone["last_seen"].clone()
    };
    let server = Server::start(dir.path());
    let mut alice = Peer::connect(server.address);
    alice.ask(&json!({"purpose": "login", "username": "Alice", "password": "123"}));
    let bob = person(&mut alice, "Bob");
    assert_eq!((&bob["status"], &bob["last_seen"]), (&json!("offline"), &seen));
}

#[test]
fn away_is_when_no_window_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    assert_eq!(person(&mut alice, "Bob")["status"], "online");
    bob.ask(&json!({"purpose": "set_status", "status": "away"}));
    assert_eq!(person(&mut alice, "Bob")["status"], "away");
    let bob_too = Peer::login(server.address, "Bob", "456");
    assert_eq!(person(&mut alice, "Bob")["status"], "online", "another window is in use");
    drop(bob_too);
    assert_eq!(person(&mut alice, "Bob")["status"], "away");
    bob.ask(&json!({"purpose": "set_status", "status": "online"}));
    assert_eq!(person(&mut alice, "Bob")["status"], "online");
    let wrong = bob.ask(&json!({"purpose": "set_status", "status": "dancing"}));
    assert_eq!(wrong["error"]["code"], "bad_request");
}

#[test]
fn writing_is_told_to_the_one_who_is_written_to_and_never_stored() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    assert_eq!(alice.ask(&json!({"purpose": "typing", "with_user": "Bob"}))["result"], true);
    assert_eq!(bob.until("user_typing")["from"], 1);
    assert!(records(dir.path()).is_empty());
    assert_eq!(alice.ask(&json!({"purpose": "typing", "with_user": "Dave"}))["error"]["code"], "unknown_user");
}

#[cfg(unix)]
#[test]
fn who_is_there_when_the_server_ends_was_last_seen_then() {
    let dir = tempfile::tempdir().unwrap();
    {
        let mut server = Server::start(dir.path());
        let _alice = Peer::login(server.address, "Alice", "123");
        let _bob = Peer::login(server.address, "Bob", "456");
        server.signal("-TERM");
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
    }
    let seen: Vec<_> = records(dir.path()).iter().map(|record| record["user"].clone()).collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    let server = Server::start(dir.path());
    let mut alice = Peer::connect(server.address);
    alice.ask(&json!({"purpose": "login", "username": "Alice", "password": "123"}));
    assert!(person(&mut alice, "Bob")["last_seen"].is_i64());
}
