//! The protocol on raw bytes, against the real program: what docs/PROTOCOL.md promises to the author of a client.

mod support;

use serde_json::json;
use support::{Peer, SEEDED, Server, records};

#[test]
fn a_message_reaches_all_windows_of_both_sides_and_is_on_disk_when_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let mut alice_too = Peer::login(server.address, "alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    let mut bob_too = Peer::login(server.address, "Bob", "456");
    let mut charlie = Peer::login(server.address, "Charlie", "789");

    let reply = alice.ask(&json!({"purpose": "send_message", "id": 7, "to_user": "bob", "message": "hello\nBob 👋"}));
    let on_disk = records(dir.path());
    assert_eq!((&reply["id"], &reply["result"], &reply["seq"]), (&json!(7), &json!(true), &json!(SEEDED + 1)));
    assert_eq!(on_disk.len(), 1);
    for peer in [&mut alice_too, &mut bob, &mut bob_too] {
        let event = peer.until("receive_message");
        assert_eq!(event, on_disk[0], "the line and the event are the same JSON");
        assert_eq!(
            (&event["from_user"], &event["to_user"], &event["message"]),
            (&json!("Alice"), &json!("Bob"), &json!("hello\nBob 👋"))
        );
    }
    // Whatever Charlie was sent stands before the answer to his own request.
    charlie.send(&json!({"purpose": "list_users"}));
    loop {
        let event = charlie.receive();
        assert_ne!(event["purpose"], "receive_message");
        if event["purpose"] == "list_users" {
            break;
        }
    }
}

#[test]
fn unknown_names_and_wrong_passwords_get_the_same_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut answers = Vec::new();
    for (username, password) in [("Alice", "124"), ("Nobody", "123"), ("Alice", ""), ("", ""), ("Bob", "123")] {
        let mut peer = Peer::connect(server.address);
        answers.push(peer.ask(&json!({"purpose": "login", "username": username, "password": password})));
        // The connection stays usable: people mistype.
        let reply = peer.ask(&json!({"purpose": "login", "username": "Alice", "password": "123"}));
        assert_eq!(reply["result"], true);
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert_eq!(answers[0]["error"]["code"], "wrong_credentials");
}

#[test]
fn nothing_is_done_for_a_stranger() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::connect(server.address);
    for purpose in ["send_message", "fetch_history", "mark_read", "list_users"] {
        let reply = peer.ask(&json!({"purpose": purpose, "to": 2, "with": 2, "seq": 1, "message": "x"}));
        assert_eq!(reply["error"]["code"], "not_logged_in", "{purpose}");
    }
    assert!(records(dir.path()).is_empty());
}

#[test]
fn bad_requests_are_explained_and_the_connection_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    for (request, code) in [
        (json!({"purpose": "send_message", "to_user": "Dave", "message": "hi"}), "unknown_user"),
        (json!({"purpose": "send_message", "to": 99, "message": "hi"}), "unknown_user"),
        (json!({"purpose": "send_message", "to_user": "Bob", "message": ""}), "message_empty"),
        (json!({"purpose": "send_message", "to_user": "Bob", "message": " \n "}), "message_empty"),
        (
            json!({"purpose": "send_message", "to_user": "Bob", "message": "x".repeat(16 * 1024 + 1)}),
            "message_too_long",
        ),
        (json!({"purpose": "send_message", "to_user": "Bob"}), "bad_request"),
        (json!({"purpose": "send_message", "message": "hi"}), "bad_request"),
        (
            json!({"purpose": "send_message", "to_user": "Bob", "message": "hi", "client_id": "no number"}),
            "bad_request",
        ),
        (json!({"purpose": "login", "username": "Alice", "password": "123"}), "already_logged_in"),
        (json!({"purpose": "mark_read", "with_user": "Bob"}), "bad_request"),
        (json!({"purpose": "sing"}), "unknown_purpose"),
    ] {
        let mut request = request;
        request["id"] = json!(5);
        let reply = alice.ask(&request);
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(5), &json!(code)), "{request}");
        assert!(reply["error"]["message"].as_str().unwrap().len() > 10);
    }
    let longest =
        alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": "\u{1}".repeat(16 * 1024)}));
    assert_eq!(longest["result"], true, "the longest message fits however much its JSON is escaped");
}

#[test]
fn what_is_not_a_frame_is_explained_and_ends_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for bytes in [&b"get / http/1.1\r\n\r\n"[..], b"$5000", b"$x", b"$2         []$", b"$2{}x", b"\x17\x03\x03"] {
        let mut peer = Peer::connect(server.address);
        peer.send_raw(bytes);
        let error = peer.receive();
        assert_eq!((&error["purpose"], &error["error"]["code"]), (&json!("error"), &json!("bad_frame")));
        assert!(peer.is_closed());
    }
    let mut peer = Peer::login(server.address, "Alice", "123");
    peer.send_raw(b"$262145    {");
    assert_eq!(peer.until("error")["error"]["code"], "bad_frame");
    assert!(peer.is_closed());
}

#[test]
fn both_forms_of_the_length_and_any_cut_of_the_bytes_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::connect(server.address);
    let login = br#"{"purpose":"login","username":"Alice","password":"123"}"#;
    let bytes = [format!("${}", login.len()).as_bytes(), login, b"$"].concat();
    for byte in bytes {
        peer.send_raw(&[byte]);
    }
    assert_eq!(peer.receive()["result"], true);
}

#[test]
fn a_resend_is_acknowledged_and_stored_once_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let send = |n: u64, text: &str| json!({"purpose": "send_message", "id": n, "to_user": "Bob", "message": text, "client_id": format!("pc:{n}")});
    {
        let server = Server::start(dir.path());
        let mut one = Peer::login(server.address, "Alice", "123");
        let mut other = Peer::login(server.address, "Alice", "123");
        // The same send over two sockets at once.
        one.send(&send(1, "a"));
        other.send(&send(1, "a"));
        assert_eq!(one.until("send_message")["result"], true);
        assert_eq!(other.until("send_message")["result"], true);
        assert_eq!(one.ask(&send(2, "b"))["result"], true);
        assert_eq!(one.ask(&send(2, "b"))["duplicate"], true);
        assert_eq!(one.ask(&send(2, "another"))["error"]["code"], "client_id_reused");
    }
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    for (n, text) in [(1, "a"), (2, "b")] {
        let reply = alice.ask(&send(n, text));
        assert_eq!((&reply["result"], &reply["duplicate"]), (&json!(true), &json!(true)));
    }
    let texts: Vec<_> = records(dir.path()).iter().map(|record| record["message"].clone()).collect();
    assert_eq!(texts, ["a", "b"]);
}

#[test]
fn what_was_missed_comes_in_order_and_once_and_another_logs_cursor_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    for n in 1..=450 {
        alice.send(&json!({"purpose": "send_message", "to_user": "Bob", "message": format!("m{n}")}));
    }
    for _ in 1..=450 {
        assert_eq!(alice.until("send_message")["result"], true);
    }
    let mut bob = Peer::connect(server.address);
    let login = |log: &str, after: u64| json!({"purpose": "login", "username": "Bob", "password": "456", "log": log, "after": after});
    let first = bob.ask(&login("another", 100));
    assert_eq!(first["resumed"], false);
    let log = first["log"].as_str().unwrap();
    let last = SEEDED + 450;
    for (after, resumed) in [(100, true), (last - 1, true), (last, true), (last + 1, false)] {
        let mut bob = Peer::connect(server.address);
        assert_eq!(bob.ask(&login(log, after))["resumed"], resumed);
        let mut seqs = Vec::new();
        let ready = loop {
            let event = bob.receive();
            match event["purpose"].as_str().unwrap() {
                "receive_message" => seqs.push(event["seq"].as_u64().unwrap()),
                "ready" => break event,
                _ => {}
            }
        };
        assert_eq!(ready["seq"], last);
        let expected: Vec<_> = if resumed { (after + 1..=last).collect() } else { Vec::new() };
        assert_eq!(seqs, expected);
    }
}

#[test]
fn history_comes_by_pages_back_to_the_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    for n in 1..=120 {
        alice.send(&json!({"purpose": "send_message", "to_user": if n % 3 == 0 { "Charlie" } else { "Bob" }, "message": "x".repeat(n * 40)}));
    }
    for _ in 1..=120 {
        alice.until("send_message");
    }
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let mut request = json!({"purpose": "fetch_history", "with_user": "Bob", "limit": 30});
        if let Some(before) = before {
            request["before"] = json!(before);
        }
        let page = alice.ask(&request);
        let seqs: Vec<_> =
            page["messages"].as_array().unwrap().iter().map(|message| message["seq"].as_u64().unwrap()).collect();
        assert!(seqs.is_sorted() && seqs.len() <= 30);
        seen.splice(0..0, seqs);
        before = seen.first().copied();
        if page["complete"] == true {
            break;
        }
    }
    assert_eq!(seen, (1..=120).filter(|n| n % 3 != 0).map(|n| SEEDED + n).collect::<Vec<u64>>());
}

#[test]
fn people_come_and_go_and_unread_counts_last() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let bob = Peer::login(server.address, "Bob", "456");
    let mut status_of_bob = || loop {
        let person = alice.until("people")["people"][0].clone();
        if person["username"] == "Bob" {
            return person["status"].clone();
        }
    };
    assert_eq!(status_of_bob(), "online");
    drop(bob);
    assert_eq!(status_of_bob(), "offline", "an unexpected disconnect is told like any leave");
    let send = |n| json!({"purpose": "send_message", "to_user": "Bob", "message": format!("m{n}")});
    let seqs = [0, 1, 2].map(|n| alice.ask(&send(n))["seq"].clone());
    let unread = || {
        let mut bob = Peer::connect(server.address);
        bob.ask(&json!({"purpose": "login", "username": "Bob", "password": "456"}));
        let entry = bob.until("chats")["chats"][0].clone();
        bob.until("ready");
        (bob, entry["unread"].clone(), entry["preview"].clone())
    };
    let (mut bob, count, preview) = unread();
    assert_eq!((count, preview), (json!(3), json!("m2")));
    let (mut bob_too, ..) = unread();
    assert_eq!(bob.ask(&json!({"purpose": "mark_read", "with_user": "Alice", "seq": seqs[1]}))["result"], true);
    assert_eq!(bob_too.until("read_message")["upto"], seqs[1], "read on one device is read on all");
    assert_eq!(unread().1, json!(1));
}

#[test]
fn who_has_said_everything_still_hears_the_answers() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for farewell in [true, false] {
        let mut alice = Peer::login(server.address, "Alice", "123");
        for n in 0..50 {
            alice.send(&json!({"purpose": "send_message", "id": n, "to_user": "Bob", "message": "x"}));
        }
        if farewell {
            alice.send(&json!({"purpose": "exit"}));
        } else {
            alice.stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        for n in 0..50 {
            assert_eq!(alice.until("send_message")["id"], n);
        }
        alice.until("exit");
        assert!(alice.is_closed());
    }
}

#[test]
fn large_answers_do_not_pile_up_for_one_who_does_not_take_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let text = "x".repeat(10_000);
    for _ in 0..30 {
        alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": text}));
    }
    for n in 0..2_000 {
        alice.send(&json!({"purpose": "fetch_history", "id": n, "with_user": "Bob", "limit": 30}));
    }
    let (mut pages, mut busy) = (0, 0);
    for _ in 0..2_000 {
        let reply = alice.until("fetch_history");
        pages += i32::from(reply["result"] == true);
        busy += i32::from(reply["error"]["code"] == "busy");
    }
    assert!(pages >= 8 && busy > 0 && pages + busy == 2_000, "{pages} pages, {busy} told to wait");
    let reply = alice.ask(&json!({"purpose": "fetch_history", "with_user": "Bob"}));
    assert_eq!(reply["result"], true, "afterwards it is served again");
}

#[test]
fn exit_is_answered_and_ends_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    assert_eq!(alice.ask(&json!({"purpose": "exit"}))["result"], true);
    assert!(alice.is_closed());
}

#[test]
fn both_families_of_addresses_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_on(dir.path(), "[::1]:0");
    assert!(server.address.is_ipv6());
    Peer::login(server.address, "Alice", "123");
}

#[test]
fn a_reader_that_stops_reading_catches_up_without_a_loss() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut bob = Peer::login(server.address, "Bob", "456");
    let mut alice = Peer::login(server.address, "Alice", "123");
    // Far more than the sockets' buffers and the server's queue for him hold.
    let text = "x".repeat(16 * 1024);
    for _ in 0..1_500 {
        assert_eq!(alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": text}))["result"], true);
    }
    for n in 1..=1_500 {
        assert_eq!(bob.until("receive_message")["seq"], SEEDED + n);
    }
    bob.until("ready");
    alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": "live again"}));
    assert_eq!(bob.until("receive_message")["message"], "live again");
}
