//! Messages to several people at once, against the real program: each gets it in their own chat with its author, nobody
//! learns of the others, and it is stored for all of them or for none.

mod support;

use serde_json::{Value, json};
use support::Peer;
use support::house::{Entered, House, MOVED_IN, each, of, texts};

fn outcome(sent: &Value, at: usize) -> &Value {
    &sent["outcomes"][at]
}

#[test]
fn each_gets_it_in_their_own_chat_and_nobody_learns_of_the_others() {
    let house = House::new();
    let (mut alice, mut alice_too, mut bob, mut charlie, mut eve) =
        (house.login("Alice"), house.login("Alice"), house.login("Bob"), house.login("Charlie"), house.login("Eve"));
    let sent = alice.done(
        "send_message",
        json!({"to_users": ["bob", "Dave"], "to_many": [3], "message": "happy new year", "client_id": "pc:1"}),
    );
    let seq = MOVED_IN + 1;
    assert_eq!((&sent["seq"], house.stored("message_to_many").len()), (&json!(seq), 1), "one record for all");
    for (peer, number, name) in [(&mut bob, 2, "Bob"), (&mut charlie, 3, "Charlie")] {
        let told = of(&peer.settle(), "receive_message");
        let crc = told[0]["crc"].clone();
        let exactly = json!({"purpose": "receive_message", "seq": seq, "at": sent["at"], "from": 1, "to": number,
            "from_user": "Alice", "to_user": name, "client_id": "pc:1", "message": "happy new year", "crc": crc});
        assert_eq!(told, [exactly], "a message like any other");
    }
    assert!(of(&eve.settle(), "receive_message").is_empty());
    assert!(of(&alice.settle(), "receive_message").is_empty(), "the reply says it all");
    let parts = of(&alice_too.settle(), "receive_message");
    assert_eq!((each(&parts, "to"), each(&parts, "seq")), (vec![json!(3), json!(2), json!(4)], vec![json!(seq); 3]));

    // Later, from the log: the same parts.
    let dave = house.enter_after("Dave", MOVED_IN);
    let part = of(&dave.events, "receive_message");
    assert_eq!((part.len(), &part[0]["to"], &part[0]["seq"]), (1, &json!(4), &json!(seq)));
    assert!(dave.events.iter().all(|event| event.get("to_many").is_none()));
    let entry = dave.chat("with", 1).unwrap();
    assert_eq!(
        (&entry["unread"], &entry["preview"], dave.list("chats").len()),
        (&json!(1), &json!("happy new year"), 1)
    );
    assert_eq!(of(&house.enter_after("Alice", MOVED_IN).events, "receive_message"), parts);
    for (peer, with) in [(&mut bob, 1), (&mut charlie, 1), (&mut alice, 4)] {
        let page = peer.page(json!({"with": with}));
        assert_eq!((page.len(), &page[0]["seq"]), (1, &json!(seq)));
        assert!(page[0].get("to_many").is_none() && page[0]["purpose"] == "receive_message");
    }
    assert_eq!(alice.page(json!({"with": 4})), [parts[2].clone()]);
    let wrong = alice.page(json!({"with": 5}));
    assert!(wrong.is_empty());

    // Each answers and reads for themselves.
    bob.say(json!({"to": 1}), "and to you");
    bob.done("mark_read", json!({"with": 1, "seq": seq}));
    assert_eq!(alice.until("read_message")["by"], 2);
    let receipts = alice.done("fetch_receipts", json!({"with": 2, "seq": seq}));
    assert_eq!((&receipts["receivers"], &receipts["read_count"]), (&json!(1), &json!(1)));
    let receipts = alice.done("fetch_receipts", json!({"with": 3, "seq": seq}));
    assert_eq!((&receipts["receivers"], &receipts["read_count"]), (&json!(1), &json!(0)));
}

#[test]
fn what_became_of_it_is_told_for_each() {
    let house = House::new();
    let (mut alice, mut charlie, dave) = (house.login("Alice"), house.login("Charlie"), house.login("Dave"));
    let _bob = house.login("Bob");
    charlie.done("set_status", json!({"status": "away"}));
    drop(dave);
    while alice.until("people")["people"][0]["status"] != "offline" {}
    let people = json!(["Bob", "charlie", "Dave", "Zoe", "EVE", "bob", "Alice"]);
    let sent = alice.done("send_message", json!({"to_users": people, "message": "hello"}));
    let outcomes = sent["outcomes"].as_array().unwrap();
    assert_eq!(each(outcomes, "to"), [json!(2), json!(3), json!(4), Value::Null, json!(5), json!(1)]);
    assert_eq!(outcome(&sent, 0), &json!({"to": 2, "result": true, "status": "online"}));
    assert_eq!(outcome(&sent, 1), &json!({"to": 3, "result": true, "status": "away"}));
    let dave = outcome(&sent, 2);
    assert_eq!((&dave["result"], &dave["status"], dave["last_seen"].is_i64()), (&json!(true), &json!("offline"), true));
    let zoe = outcome(&sent, 3);
    assert_eq!((&zoe["result"], &zoe["error"]["code"]), (&json!(false), &json!("unknown_user")));
    assert!(zoe["error"]["message"].as_str().unwrap().contains("Zoe") && zoe.get("status").is_none());
    assert_eq!(outcome(&sent, 4), &json!({"to": 5, "result": true, "status": "offline"}), "never seen");
    assert_eq!(outcome(&sent, 5), &json!({"to": 1, "result": true, "status": "online"}), "to oneself");
    assert_eq!(house.stored("message_to_many")[0]["to_many"], json!([2, 3, 4, 5, 1]));
    assert_eq!(texts(&alice.page(json!({"with": 1}))), ["hello"]);
}

#[test]
fn it_is_refused_as_a_whole_when_nobody_would_get_it() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let before = house.bytes();
    let crowd: Vec<_> = (1..=1_001).collect();
    for (fields, code) in [
        (json!({"to_users": ["Zoe", "Yan"], "message": "x"}), "unknown_user"),
        (json!({"to_many": [77], "message": "x"}), "unknown_user"),
        (json!({"to_many": crowd, "message": "x"}), "too_many_people"),
        (json!({"to_users": vec!["Bob"; 10_000], "message": "x"}), "too_many_people"),
        (json!({"to_users": [], "message": "x"}), "bad_request"),
        (json!({"to_users": "Bob", "message": "x"}), "bad_request"),
        (json!({"to_many": [2], "to": 3, "message": "x"}), "bad_request"),
        (json!({"to_many": [2], "to_user": "Bob", "message": "x"}), "bad_request"),
        (json!({"to_many": [2], "everyone": true, "message": "x"}), "bad_request"),
        (json!({"to_many": [2, 3], "message": " "}), "message_empty"),
        (json!({"to_many": [2, 3], "message": "x".repeat(16 * 1024 + 1)}), "message_too_long"),
        (json!({"to_many": [2, 3]}), "bad_request"),
    ] {
        assert_eq!(alice.refused("send_message", fields), code);
    }
    assert_eq!(house.bytes(), before);
    let one = alice.done("send_message", json!({"to_many": [2], "message": "one is a number, too"}));
    assert_eq!(one["outcomes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_resend_is_stored_once_and_says_again_what_became_of_it() {
    let mut house = House::new();
    let (mut one, mut other) = (house.login("Alice"), house.login("Alice"));
    let send = |n: u64, text: &str| json!({"purpose": "send_message", "to_many": [2, 3, 99], "message": text, "client_id": format!("pc:{n}")});
    one.send(&send(1, "a"));
    other.send(&send(1, "a"));
    let replies = [one.until("send_message"), other.until("send_message")];
    for reply in &replies {
        assert_eq!((&reply["result"], &reply["seq"]), (&json!(true), &json!(MOVED_IN + 1)));
        assert_eq!(each(reply["outcomes"].as_array().unwrap(), "result"), [true, true, false]);
    }
    assert_eq!(replies.iter().filter(|reply| reply["duplicate"] == true).count(), 1);
    assert_eq!(one.ask(&send(1, "another"))["error"]["code"], "client_id_reused");
    one.ask(&send(2, "b"));
    for restarted in [false, true] {
        if restarted {
            drop((one, other));
            house.restart();
            (one, other) = (house.login("Alice"), house.login("Alice"));
        }
        assert_eq!(one.ask(&send(2, "b"))["duplicate"], true);
        let old = one.ask(&send(1, "a"));
        assert_eq!((&old["duplicate"], old.get("seq")), (&json!(true), None));
        assert_eq!(house.stored("message_to_many").len(), 2);
        assert_eq!(texts(&house.login("Bob").page(json!({"with": 1}))), ["a", "b"]);
    }
}

/// The parts of one's own messages to several people that came while catching up.
fn parts(came: &Entered) -> Vec<(Value, Value)> {
    let messages = came.told("receive_message");
    messages.iter().map(|message| (message["seq"].clone(), message["to"].clone())).collect()
}

#[test]
fn one_whose_connection_ends_between_two_parts_is_sent_all_of_them_again() {
    let house = House::new();
    let mut alice = house.login("Alice");
    alice.say(json!({"to": 2}), "before");
    let sent = alice.done("send_message", json!({"to_many": [2, 3, 4], "message": "to three"}));
    let seq = sent["seq"].as_u64().unwrap();
    let after = alice.say(json!({"to": 2}), "after");
    let all = [2, 3, 4].map(|to| (json!(seq), json!(to)));
    // Their cursor stands at the first part that came. What comes twice is known by place and chat.
    assert_eq!(parts(&house.enter_after("Alice", seq)), [&all[..], &[(json!(after), json!(2))]].concat());
    assert_eq!(parts(&house.enter_after("Alice", after)), []);
    assert_eq!(house.enter_after("Bob", seq).told("receive_message").len(), 1, "others have one part, and it has come");
}

#[test]
fn a_thousand_at_once_are_one_record_that_fits_a_frame() {
    let house = House::of((1..=1_001).map(|n| format!("user number {n:>19}")));
    let mut first = house.login("user number                   1");
    let text = "\u{1}".repeat(16 * 1024);
    let everybody: Vec<_> = (2..=1_001).collect();
    let sent = first.done("send_message", json!({"to_many": everybody, "message": text}));
    assert_eq!(sent["outcomes"].as_array().unwrap().len(), 1_000);
    let last = "user number                1001";
    let mut last: Peer = house.enter(last).peer;
    assert_eq!(last.page(json!({"with": 1}))[0]["message"], text);
    // The author's other window gets them all, live or later.
    let came = house.enter_after("user number                   1", 1_001);
    assert_eq!(came.told("receive_message").len(), 1_000);
}
