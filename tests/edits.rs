//! Messages that are changed, taken back and answered: against the real program, as peers see it.

mod support;

use serde_json::{Value, json};
use support::Peer;
use support::house::{House, MOVED_IN, each, of, texts};

fn edit(peer: &mut Peer, mut chat: Value, seq: u64, text: &str) -> Value {
    (chat["seq"], chat["message"]) = (json!(seq), json!(text));
    peer.done("edit_message", chat)
}

fn delete(peer: &mut Peer, mut chat: Value, seq: u64) -> Value {
    chat["seq"] = json!(seq);
    peer.done("delete_message", chat)
}

#[test]
fn a_changed_message_is_told_live_and_shown_as_it_is_now_ever_after() {
    let mut house = House::new();
    let (mut alice, mut alice_too, mut bob) = (house.login("Alice"), house.login("Alice"), house.login("Bob"));
    let first = alice.say(json!({"to": 2}), "frist");
    let last = alice.say(json!({"to": 2}), "lats");
    for (seq, text) in [(first, "first"), (last, "lsat"), (last, "last")] {
        let reply = edit(&mut alice, json!({"with": 2}), seq, text);
        for peer in [&mut alice_too, &mut bob] {
            let event = peer.until("message_edited");
            assert_eq!((&event["seq"], &event["at"]), (&reply["seq"], &reply["at"]));
            assert_eq!((&event["message_seq"], &event["message"]), (&json!(seq), &json!(text)));
            assert_eq!((&event["by"], &event["with"]), (&json!(1), &json!(2)));
        }
    }
    assert!(of(&alice.settle(), "message_edited").is_empty(), "the reply says it all");
    for round in 0..2 {
        let mut entered = house.enter("Bob");
        let page = entered.peer.page(json!({"with": 1}));
        assert_eq!(texts(&page), ["first", "last"]);
        assert_eq!(each(&page, "seq"), [json!(first), json!(last)], "changes are no entries");
        assert_eq!((&page[1]["edited"]["seq"], page[1]["edited"]["at"].is_i64()), (&json!(last + 3), true));
        let entry = entered.chat("with", 1).unwrap();
        assert_eq!((&entry["preview"], &entry["seq"], &entry["unread"]), (&json!("last"), &json!(last), &json!(2)));
        if round == 0 {
            house.restart();
        }
    }
}

#[test]
fn a_message_that_is_taken_back_leaves_its_place_and_nothing_of_its_words() {
    let mut house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let group = alice.make("Hike", &[2]);
    let chat = json!({"group": group});
    let kept = alice.say(chat.clone(), "kept");
    let seq = alice.say(chat.clone(), "@Bob SECRET");
    edit(&mut alice, chat.clone(), seq, "@Bob SECRET too");
    delete(&mut alice, chat.clone(), seq);
    let event = bob.until("message_deleted");
    assert_eq!((&event["message_seq"], &event["group"], &event["by"]), (&json!(seq), &json!(group), &json!(1)));
    for _ in 0..2 {
        for after in [kept, MOVED_IN] {
            let missed = house.enter_after("Bob", after);
            assert!(!format!("{:?}", missed.events).contains("SECRET"), "{:?}", missed.events);
            let gone = missed.told("receive_message").pop().unwrap();
            assert_eq!((&gone["seq"], &gone["deleted"], &gone["message"]), (&json!(seq), &json!(true), &json!("")));
            assert!(gone.get("mentions").is_none() && gone.get("edited").is_none());
        }
        let mut entered = house.enter("Bob");
        let page = entered.peer.page(chat.clone());
        assert!(!format!("{page:?}").contains("SECRET"));
        assert_eq!(page.last().unwrap()["deleted"], true);
        let entry = entered.chat("group", group).unwrap();
        assert_eq!((&entry["preview"], &entry["deleted"]), (&json!(""), &json!(true)));
        assert_eq!((&entry["unread"], &entry["mentions"]), (&json!(2), &json!(1)), "it is still to be looked at");
        house.restart();
    }
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    bob.done("mark_read", json!({"group": group, "seq": seq}));
    for purpose in ["edit_message", "delete_message"] {
        let fields = json!({"group": group, "seq": seq, "message": "again"});
        house.refuses(&mut alice, purpose, fields, "unknown_message");
    }
    house.refuses(
        &mut bob,
        "send_message",
        json!({"group": group, "message": "?", "reply_to": seq}),
        "unknown_message",
    );
}

#[test]
fn who_returns_is_told_what_has_changed_meanwhile_once_and_in_order() {
    let house = House::new();
    let (mut alice, bob) = (house.login("Alice"), house.login("Bob"));
    let known = alice.say(json!({"to": 2}), "known");
    let gone = alice.say(json!({"to": 2}), "known, and gone");
    drop(bob);
    let missed = alice.say(json!({"to": 2}), "missed");
    edit(&mut alice, json!({"with": 2}), known, "known 1");
    edit(&mut alice, json!({"with": 2}), missed, "missed 1");
    edit(&mut alice, json!({"with": 2}), known, "known 2");
    delete(&mut alice, json!({"with": 2}), gone);
    let last = alice.say(json!({"to": 2}), "last");
    let bob = house.enter_after("Bob", gone);
    assert_eq!(bob.told("receive_message").len(), 2, "what is known is not said again");
    assert_eq!(texts(&bob.events), ["missed 1", "last"]);
    assert_eq!(each(&bob.told("message_edited"), "message"), ["known 2"], "of several changes the newest");
    assert_eq!(each(&bob.told("message_deleted"), "message_seq"), [gone]);
    assert!(house.enter_after("Bob", last).told("message_edited").is_empty());
}

#[test]
fn a_message_is_changed_by_its_author_alone_where_it_stands_and_while_they_are_there() {
    let house = House::new();
    let (mut alice, mut bob, mut eve) = (house.login("Alice"), house.login("Bob"), house.login("Eve"));
    let group = alice.make("Hike", &[2, 3]);
    let chat = json!({"group": group});
    let (own, other) = (bob.say(chat.clone(), "mine"), alice.say(chat.clone(), "hers"));
    let direct = alice.say(json!({"to": 2}), "between us");
    alice.settle();
    for purpose in ["edit_message", "delete_message"] {
        for (who, chat, seq, code) in [
            ("Bob", chat.clone(), other, "unknown_message"),
            ("Bob", chat.clone(), group, "unknown_message"),
            ("Bob", chat.clone(), 999_999, "unknown_message"),
            ("Bob", chat.clone(), 0, "unknown_message"),
            ("Bob", json!({"everyone": true}), own, "unknown_message"),
            ("Bob", json!({"with": 1}), own, "unknown_message"),
            ("Bob", json!({"with": 1}), direct, "unknown_message"),
            ("Eve", chat.clone(), own, "not_a_member"),
            ("Eve", json!({"with": 2}), direct, "unknown_message"),
            ("Eve", json!({"with_user": "Nobody"}), direct, "unknown_user"),
        ] {
            let mut fields = chat;
            (fields["seq"], fields["message"]) = (json!(seq), json!("bent"));
            let peer = if who == "Bob" { &mut bob } else { &mut eve };
            house.refuses(peer, purpose, fields, code);
        }
    }
    for (text, code) in [("", "message_empty"), (" \n", "message_empty"), (&*"x".repeat(16_385), "message_too_long")] {
        let fields = json!({"group": group, "seq": own, "message": text});
        house.refuses(&mut bob, "edit_message", fields, code);
    }
    house.refuses(&mut bob, "edit_message", json!({"group": group, "seq": own}), "bad_request");
    alice.done("remove_member", json!({"group": group, "member": 2}));
    house.refuses(&mut bob, "delete_message", json!({"group": group, "seq": own}), "not_a_member");
    assert!(each(&eve.settle(), "purpose").is_empty());
}

#[test]
fn who_cannot_read_a_message_is_not_told_how_it_was_changed() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let group = alice.done("create_group", json!({"name": "Hike", "members": [2], "history": "joined"}));
    let group = group["group"].as_u64().unwrap();
    let seq = alice.say(json!({"group": group}), "before");
    let mut charlie = house.login("Charlie");
    alice.done("add_members", json!({"group": group, "members": [3]}));
    charlie.until("group_changed");
    let head = alice.say(json!({"group": group}), "now");
    edit(&mut alice, json!({"group": group}), seq, "SECRET");
    delete(&mut alice, json!({"group": group}), seq);
    assert!(!format!("{:?}", charlie.settle()).contains("SECRET"));
    let missed = house.enter_after("Charlie", head);
    assert!(missed.told("message_edited").is_empty() && missed.told("message_deleted").is_empty());
    house.refuses(
        &mut charlie,
        "send_message",
        json!({"group": group, "message": "?", "reply_to": seq}),
        "unknown_message",
    );
}

#[test]
fn a_change_is_done_once_under_its_number() {
    let mut house = House::new();
    let mut alice = house.login("Alice");
    let seq = alice.say(json!({"everyone": true}), "frist");
    let fields = json!({"everyone": true, "seq": seq, "message": "first", "client_id": "d:1"});
    let reply = alice.done("edit_message", fields.clone());
    house.restart();
    let mut alice = house.login("Alice");
    let again = alice.done("edit_message", fields.clone());
    assert_eq!((&again["duplicate"], &again["seq"], &again["at"]), (&json!(true), &reply["seq"], &reply["at"]));
    for (purpose, change) in [
        ("edit_message", json!({"message": "other"})),
        ("edit_message", json!({"seq": seq + 1})),
        ("delete_message", json!({})),
    ] {
        let mut other = fields.clone();
        other.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        house.refuses(&mut alice, purpose, other, "client_id_reused");
    }
    assert_eq!(house.stored("message_edited").len(), 1);
}

#[test]
fn a_message_to_several_people_is_changed_in_one_chat_at_a_time() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let seq = alice.done("send_message", json!({"to_many": [2, 3], "message": "to both"}))["seq"].as_u64().unwrap();
    let before = house.login("Alice").done("list_users", json!({}));
    assert_eq!(before["result"], true);
    edit(&mut alice, json!({"with": 2}), seq, "to Bob");
    for (name, text) in [("Bob", "to Bob"), ("Charlie", "to both")] {
        assert_eq!(texts(&house.enter(name).peer.page(json!({"with": 1}))), [text]);
        assert_eq!(texts(&house.enter_after(name, MOVED_IN).events), [text]);
    }
    let mut own = texts(&house.enter_after("Alice", MOVED_IN).events);
    own.sort();
    assert_eq!(own, ["to Bob", "to both"]);
    delete(&mut alice, json!({"with": 3}), seq);
    assert_eq!(texts(&house.enter("Bob").peer.page(json!({"with": 1}))), ["to Bob"]);
    assert_eq!(house.enter("Charlie").peer.page(json!({"with": 1}))[0]["deleted"], true);
}

#[test]
fn an_answer_names_a_message_of_its_chat() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let asked = alice.say(json!({"to": 2}), "when?");
    let elsewhere = alice.say(json!({"everyone": true}), "hello");
    let reply = bob.done("send_message", json!({"to": 1, "message": "at 8", "reply_to": asked}));
    let event = alice.until("receive_message");
    assert_eq!((&event["seq"], &event["reply_to"]), (&reply["seq"], &json!(asked)));
    assert_eq!(house.enter("Alice").peer.page(json!({"with": 2}))[1]["reply_to"], asked);
    for seq in [elsewhere, 0, 999_999] {
        let fields = json!({"to": 1, "message": "?", "reply_to": seq});
        house.refuses(&mut bob, "send_message", fields, "unknown_message");
    }
    let many = json!({"to_many": [1, 3], "message": "?", "reply_to": asked});
    house.refuses(&mut bob, "send_message", many, "bad_request");
    let quote = alice.done("fetch_history", json!({"with": 2, "before": asked + 1, "limit": 1}));
    assert_eq!(texts(quote["messages"].as_array().unwrap()), ["when?"]);
}

#[test]
fn the_longest_messages_come_page_by_page_with_the_texts_that_they_have_now() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let text = |n: u8| format!("{n}{}", "\u{1}".repeat(16_000));
    let seqs: Vec<_> = (0..4).map(|n| alice.say(json!({"to": 2}), &text(n))).collect();
    for (n, seq) in (10..).zip(&seqs) {
        edit(&mut alice, json!({"with": 2}), *seq, &text(n));
    }
    let expected: Vec<_> = (10..14).map(text).collect();
    assert_eq!(texts(&house.enter("Bob").peer.page(json!({"with": 1}))), expected);
    let missed = house.enter_after("Bob", MOVED_IN);
    let mut shown = std::collections::BTreeMap::new();
    for event in &missed.events {
        match event["purpose"].as_str().unwrap() {
            "receive_message" => _ = shown.insert(event["seq"].as_u64().unwrap(), event["message"].clone()),
            "message_edited" => _ = shown.insert(event["message_seq"].as_u64().unwrap(), event["message"].clone()),
            _ => {}
        }
    }
    assert_eq!(shown.into_values().collect::<Vec<_>>(), expected);
}
