//! How fast one account may ask, over the wire: what is over it waits and is neither refused, nor lost, nor in anybody's
//! way. A pace of one message in 1,000 s makes sure that what waits does so for as long as a test takes.

mod support;

use std::time::Instant;

use parlor::config::FILE_BURST_BYTES;
use parlor::proto::limits::FILE_CHUNK_MAX_BYTES;
use serde_json::{Value, json};
use support::{Peer, Server, records, wait_for};

/// One message in so many seconds that a test never sees it.
const NEVER: &str = "0.001";

fn message(id: u64, to: &str) -> Value {
    json!({"purpose": "send_message", "id": id, "to_user": to, "message": format!("m{id}")})
}

/// Sends them with one write.
fn send_all(peer: &mut Peer, requests: impl IntoIterator<Item = Value>) {
    let frames = requests.into_iter().map(|request| {
        let json = request.to_string();
        format!("${}{json}$", json.len())
    });
    peer.send_raw(frames.collect::<String>().as_bytes());
}

#[test]
fn a_burst_goes_at_once_and_what_is_over_it_waits_and_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), NEVER, "20");
    let mut alice = Peer::login(server.address, "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    let mut charlie = Peer::login(server.address, "Charlie", "789");
    send_all(&mut alice, (0..30).map(|n| message(n, "Bob")));
    for n in 0..20 {
        assert_eq!(bob.until("receive_message")["message"], format!("m{n}"));
    }
    let told = alice.until("throttled");
    assert_eq!(told.as_object().unwrap().len(), 2, "{told}");
    assert!(told["wait_ms"].as_u64().is_some_and(|wait| wait > 0), "{told}");
    let reply = charlie.ask(&message(0, "Bob"));
    assert_eq!(reply["result"], true);
    assert_eq!(bob.until("receive_message")["from_user"], "Charlie", "the next is not Alice's");
    assert_eq!(records(dir.path()).len(), 21);
    // She is still told what others say.
    charlie.ask(&json!({"purpose": "send_message", "to_user": "Alice", "message": "slowly"}));
    assert_eq!(alice.until("receive_message")["message"], "slowly");
}

#[test]
fn the_connections_of_an_account_share_what_it_may_send_and_a_new_one_gets_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), NEVER, "20");
    let alice = || Peer::login(server.address, "Alice", "123");
    let (mut one, mut two) = (alice(), alice());
    send_all(&mut one, (0..12).map(|n| message(n, "Bob")).chain([json!({"purpose": "list_users"})]));
    one.until("list_users");
    send_all(&mut two, (0..12).map(|n| message(n, "Bob")));
    two.until("throttled");
    let of_alice = || records(dir.path()).iter().filter(|record| record["from_user"] == "Alice").count();
    wait_for("what both may send together", || of_alice() == 20);
    drop((one, two));
    let mut three = alice();
    three.send(&message(0, "Bob"));
    three.until("throttled");
    let mut bob = Peer::login(server.address, "Bob", "456");
    assert_eq!(bob.ask(&message(0, "Alice"))["result"], true, "others may");
    three.until("receive_message");
    assert_eq!(of_alice(), 20);
}

#[test]
fn nothing_of_a_flood_is_lost_or_reordered() {
    const COUNT: u64 = 400;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), "1000", "5");
    let mut alice = Peer::login(server.address, "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    let start = Instant::now();
    send_all(&mut alice, (0..COUNT).map(|n| message(n, "Bob")).chain([json!({"purpose": "exit"})]));
    for n in 0..COUNT {
        assert_eq!(bob.until("receive_message")["message"], format!("m{n}"));
    }
    let (mut acknowledged, mut told, mut left) = (Vec::new(), 0, false);
    while let Some(event) = alice.try_receive() {
        match event["purpose"].as_str().unwrap() {
            "send_message" => acknowledged.push(event["id"].as_u64().unwrap()),
            "throttled" => told += 1,
            "exit" => left = true,
            _ => {}
        }
    }
    assert_eq!(acknowledged, (0..COUNT).collect::<Vec<_>>());
    assert!(left, "who leaves while held up is answered in turn");
    assert!(told >= 1 && told <= start.elapsed().as_secs() + 1, "told {told} times");
}

#[test]
fn a_flood_of_other_requests_waits_too_and_a_message_passes_it() {
    const COUNT: usize = 5_000;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), "10", "20");
    for request in [
        json!({"purpose": "fetch_history", "with_user": "Bob"}),
        json!({"purpose": "typing", "everyone": true}),
        json!({"purpose": "list_users"}),
    ] {
        let mut charlie = Peer::login(server.address, "Charlie", "789");
        let mut alice = Peer::login(server.address, "Alice", "123");
        let mut bob = Peer::login(server.address, "Bob", "456");
        let mut writer = Peer::connect(server.address);
        writer.stream = charlie.stream.try_clone().unwrap();
        std::thread::scope(|scope| {
            // It ends when the connection does.
            scope.spawn(|| {
                let json = request.to_string();
                let frame = format!("${}{json}$", json.len());
                let _ = std::io::Write::write_all(&mut writer.stream, frame.repeat(COUNT).as_bytes());
            });
            let mut answers = 0;
            loop {
                let event = charlie.receive();
                answers += usize::from(event["purpose"] == request["purpose"]);
                if event["purpose"] == "throttled" {
                    break;
                }
            }
            assert!(answers < COUNT, "{request}");
            assert_eq!(alice.ask(&message(1, "Bob"))["result"], true);
            assert_eq!(bob.until("receive_message")["message"], "m1");
            let _ = charlie.stream.shutdown(std::net::Shutdown::Both);
        });
    }
}

#[test]
fn who_goes_away_while_held_up_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), NEVER, "1");
    let mut bob = Peer::login(server.address, "Bob", "456");
    let mut alice = Peer::login(server.address, "Alice", "123");
    send_all(&mut alice, (0..9).map(|n| message(n, "Bob")));
    alice.until("throttled");
    drop(alice);
    loop {
        let event = bob.until("people");
        let offline = |person: &Value| person["username"] == "Alice" && person["status"] == "offline";
        if event["people"].as_array().unwrap().iter().any(offline) {
            break;
        }
    }
}

#[cfg(unix)]
#[test]
fn a_server_that_ends_does_not_wait_for_who_is_held_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_throttled(dir.path(), NEVER, "3");
    let mut alice = Peer::login(server.address, "Alice", "123");
    send_all(&mut alice, (0..9).map(|n| message(n, "Bob")));
    alice.until("throttled");
    server.signal("-TERM");
    alice.until("closing");
    assert!(alice.is_closed());
    assert!(server.child.wait().unwrap().success());
    assert_eq!(records(dir.path()).iter().filter(|record| record["purpose"] == "receive_message").count(), 3);
}

#[test]
fn without_a_limit_nobody_is_held_up() {
    const COUNT: u64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), "0", "1");
    let mut alice = Peer::login(server.address, "Alice", "123");
    for n in 0..COUNT {
        alice.send(&message(n, "Bob"));
        alice.send(&json!({"purpose": "typing", "with_user": "Bob"}));
        loop {
            let event = alice.receive();
            assert_ne!(event["purpose"], "throttled");
            if event["purpose"] == "send_message" {
                break;
            }
        }
    }
}

#[test]
fn bytes_of_files_wait_without_a_word_and_a_message_behind_them_is_another_matter() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_throttled(dir.path(), NEVER, "20");
    let mut alice = Peer::login(server.address, "Alice", "123");
    // Each pays for the longest piece, whatever it is answered: three times what goes at once.
    let pieces = 3 * FILE_BURST_BYTES as usize / FILE_CHUNK_MAX_BYTES;
    let fetch = |n| json!({"purpose": "fetch_file", "id": n, "file": "0".repeat(32), "offset": 0});
    send_all(&mut alice, (0..pieces).map(fetch).chain([message(1, "Bob")]));
    let mut next = || {
        let event = std::iter::repeat_with(|| alice.receive()).find(|event| event["purpose"] != "people").unwrap();
        assert_ne!(event["purpose"], "throttled");
        event
    };
    for n in 0..pieces {
        let answer = next();
        assert_eq!((&answer["purpose"], &answer["id"]), (&json!("fetch_file"), &json!(n)), "{answer}");
        assert_eq!(answer["error"]["code"], "unknown_file");
    }
    assert_eq!(next()["purpose"], "send_message");
}
