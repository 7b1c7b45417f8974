//! Who has received and who has read what was said in a room, against the real program: who is told, what can be asked
//! for, and what is kept from whom who does not take part.

mod support;

use serde_json::{Value, json};
use support::Peer;
use support::house::{House, each, of};

/// Markers of others among events, as (purpose, by, upto).
fn markers(events: &[Value]) -> Vec<(String, u64, u64)> {
    let is_marker = |event: &&Value| event["purpose"] == "read_message" || event["purpose"] == "delivered_message";
    let number = |value: &Value| value.as_u64().unwrap();
    let tuple = |it: &Value| (it["purpose"].as_str().unwrap().to_owned(), number(&it["by"]), number(&it["upto"]));
    events.iter().filter(is_marker).map(tuple).collect()
}

fn with(chat: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut chat = chat.clone();
    chat[field] = value.into();
    chat
}

/// Everybody's connections; one of them makes a group with the first four. Gives both rooms.
fn rooms(house: &House) -> ([Peer; 5], [Value; 2]) {
    let mut peers = ["Alice", "Bob", "Charlie", "Dave", "Eve"].map(|name| house.login(name));
    let group = peers[0].make("Hike", &[2, 3, 4]);
    for peer in &mut peers {
        peer.settle();
    }
    (peers, [json!({"group": group}), json!({"everyone": true})])
}

#[test]
fn markers_in_a_room_reach_those_who_wrote_what_they_pass_and_nobody_else() {
    let house = House::new();
    let ([mut alice, mut bob, mut charlie, mut dave, mut eve], rooms) = rooms(&house);
    let mut charlie_too = house.login("Charlie");
    for room in &rooms {
        let first = alice.say(room.clone(), "from Alice");
        let second = bob.say(room.clone(), "from Bob");
        charlie.done("mark_delivered", json!({"seq": second}));
        charlie.done("mark_read", with(room, "seq", first));
        let delivered = ("delivered_message".to_owned(), 3, second);
        let read = |upto| ("read_message".to_owned(), 3, upto);
        assert_eq!(markers(&alice.settle()), [delivered.clone(), read(first)]);
        assert_eq!(markers(&bob.settle()), [delivered]);
        charlie.done("mark_read", with(room, "seq", second));
        assert_eq!(markers(&alice.settle()), [], "she wrote nothing between");
        let told = bob.settle();
        assert_eq!(markers(&told), [read(second)]);
        let record = &of(&told, "read_message")[0];
        let key = if room.get("group").is_some() { "group" } else { "everyone" };
        assert_eq!((&record[key], record.get("with")), (&room[key], None));
        assert_eq!(markers(&charlie_too.settle()), [read(first), read(second)], "one's own windows follow");
        assert_eq!(markers(&dave.settle()), []);
        assert_eq!(markers(&eve.settle()), []);
    }
}

#[test]
fn an_author_can_ask_who_has_received_and_read_a_message_and_when() {
    let mut house = House::new();
    let ([mut alice, mut bob, mut charlie, mut dave, eve], rooms) = rooms(&house);
    let said: Vec<_> = rooms.iter().map(|room| alice.say(room.clone(), "who has read this?")).collect();
    for (room, seq) in rooms.iter().zip(&said) {
        let none = alice.done("fetch_receipts", with(room, "seq", *seq));
        let everybody = if room.get("group").is_some() { 3 } else { 4 };
        assert_eq!((&none["seq"], &none["receivers"]), (&json!(seq), &json!(everybody)));
        assert_eq!((&none["delivered_count"], &none["read_count"]), (&json!(0), &json!(0)));
        assert_eq!((&none["delivered"], &none["read"]), (&json!([]), &json!([])));
    }
    // The first to do so is not the first by number.
    dave.done("mark_delivered", json!({"seq": said[1]}));
    bob.done("mark_delivered", json!({"seq": said[1]}));
    for (room, seq) in rooms.iter().zip(&said) {
        dave.done("mark_read", with(room, "seq", *seq));
        // Who has read it has received it, also without saying so.
        charlie.done("mark_read", with(room, "seq", *seq));
    }
    let times = |record: &Value| record["at"].clone();
    let (delivered, read) = (house.stored("delivered_message"), house.stored("read_message"));
    for restarted in [false, true] {
        if restarted {
            drop((alice, bob, charlie, dave));
            house.restart();
            alice = house.login("Alice");
            (bob, charlie, dave) = (house.login("Bob"), house.login("Charlie"), house.login("Dave"));
        }
        for (at, (room, seq)) in rooms.iter().zip(&said).enumerate() {
            let receipts = alice.done("fetch_receipts", with(room, "seq", *seq));
            let list = |name: &str| receipts[name].as_array().unwrap().clone();
            let readers =
                [json!({"user": 4, "at": times(&read[2 * at])}), json!({"user": 3, "at": times(&read[2 * at + 1])})];
            let mut by_time = readers.to_vec();
            by_time.sort_by_key(|it| (it["at"].as_u64(), it["user"].as_u64()));
            assert_eq!(list("read"), by_time);
            let mut received = vec![
                json!({"user": 4, "at": times(&delivered[0])}),
                json!({"user": 2, "at": times(&delivered[1])}),
                readers[1].clone(),
            ];
            received.sort_by_key(|it| (it["at"].as_u64(), it["user"].as_u64()));
            assert_eq!(list("delivered"), received);
            assert_eq!((&receipts["delivered_count"], &receipts["read_count"]), (&json!(3), &json!(2)));
        }
    }
    drop(eve);
    // Lists for the start have the same.
    let came = house.enter("Alice");
    let group = rooms[0]["group"].clone();
    assert_eq!(came.cursor("group", group.clone(), 4), Some((said[1], said[0])));
    assert_eq!(came.cursor("group", group.clone(), 2), Some((said[1], 0)));
    assert_eq!(came.cursor("everyone", true, 3), Some((0, said[1])));
    assert_eq!((came.cursor("everyone", true, 5), came.cursor("everyone", true, 1)), (None, None));
    assert!(house.enter("Eve").cursor("group", group, 4).is_none(), "it is not her group");
}

#[test]
fn receipts_are_for_who_wrote_the_message() {
    let house = House::new();
    let ([mut alice, mut bob, ..], rooms) = rooms(&house);
    let hers = alice.say(json!({"to": 2}), "direct");
    for room in rooms.iter().chain([&json!({"with": 2})]) {
        for seq in [0, 1, hers + 1_000, u64::MAX] {
            assert_eq!(alice.refused("fetch_receipts", with(room, "seq", seq)), "unknown_message");
        }
    }
    assert_eq!(bob.refused("fetch_receipts", json!({"with": 1, "seq": hers})), "unknown_message");
    for room in &rooms {
        let seq = alice.say(room.clone(), "hers");
        assert_eq!(bob.refused("fetch_receipts", with(room, "seq", seq)), "unknown_message");
        assert_eq!(
            alice.refused("fetch_receipts", json!({"with": 2, "seq": seq})),
            "unknown_message",
            "another chat's"
        );
    }
    // What was done to the group is not a message.
    let group = rooms[0]["group"].as_u64().unwrap();
    assert_eq!(alice.refused("fetch_receipts", json!({"group": group, "seq": group})), "unknown_message");
    let direct = alice.done("fetch_receipts", json!({"with": 2, "seq": hers}));
    assert_eq!((&direct["receivers"], &direct["with"]), (&json!(1), &json!(2)));
    let note = alice.say(json!({"to": 1}), "to myself");
    assert_eq!(alice.done("fetch_receipts", json!({"with": 1, "seq": note}))["receivers"], 0);
}

#[test]
fn who_joins_later_is_no_receiver_of_what_was_said_before() {
    let house = House::new();
    let (mut alice, mut bob, mut eve) = (house.login("Alice"), house.login("Bob"), house.login("Eve"));
    let group = alice.done("create_group", json!({"name": "Open", "members": [2], "history": "all"}))["group"].clone();
    let room = json!({"group": group});
    let early = bob.say(room.clone(), "before Eve");
    alice.done("add_members", json!({"group": group, "members": [5]}));
    let late = alice.say(room.clone(), "after Eve");
    bob.settle();
    eve.done("mark_delivered", json!({"seq": late}));
    eve.done("mark_read", with(&room, "seq", late));
    let receivers = |peer: &mut Peer, seq: u64| {
        let receipts = peer.done("fetch_receipts", with(&room, "seq", seq));
        let who = each(receipts["read"].as_array().unwrap(), "user");
        (receipts["receivers"].as_u64().unwrap(), who)
    };
    assert_eq!(markers(&bob.settle()), [], "she has not received what he wrote before");
    assert_eq!(markers(&alice.settle()).len(), 2);
    assert_eq!(receivers(&mut bob, early), (1, vec![]));
    assert_eq!(receivers(&mut alice, late), (2, vec![json!(5)]));
}

#[test]
fn lists_of_receipts_end_at_two_hundred_names_and_counts_do_not() {
    let house = House::of((1..=206).map(|n| format!("u{n}")));
    let mut author = house.login("u1");
    let seq = author.say(json!({"everyone": true}), "hello, all");
    for n in 2..=204 {
        let mut reader = house.login(&format!("u{n}"));
        reader.done("mark_read", json!({"everyone": true, "seq": seq}));
    }
    let receipts = author.done("fetch_receipts", json!({"everyone": true, "seq": seq}));
    assert_eq!(receipts["receivers"], 205);
    assert_eq!((&receipts["delivered_count"], &receipts["read_count"]), (&json!(203), &json!(203)));
    for list in ["delivered", "read"] {
        let users = each(receipts[list].as_array().unwrap(), "user");
        assert_eq!(users, (2..=201).collect::<Vec<u64>>(), "the first to do so");
    }
}

#[test]
fn who_does_not_tell_what_they_read_is_not_told_either() {
    let mut house = House::new();
    let ([mut alice, mut bob, mut charlie, dave, eve], rooms) = rooms(&house);
    let mut bob_too = house.login("Bob");
    assert_eq!(house.enter("Bob").welcome["read_receipts"], true);
    let direct = json!({"with": 2});
    let shown = alice.say(json!({"to": 2}), "one");
    bob.done("mark_read", json!({"with": 1, "seq": shown}));
    assert_eq!(markers(&alice.settle()).len(), 1);

    bob.done("set_read_receipts", json!({"on": false}));
    assert_eq!(bob_too.until("read_receipts")["on"], false);
    let of_alice: Vec<_> = rooms.iter().map(|room| alice.say(room.clone(), "from Alice")).collect();
    let kept = alice.say(json!({"to": 2}), "two");
    for (room, seq) in rooms.iter().zip(&of_alice) {
        bob.done("mark_read", with(room, "seq", *seq));
    }
    bob.done("mark_read", json!({"with": 1, "seq": kept}));
    bob.done("mark_delivered", json!({"seq": kept}));
    let hers = markers(&alice.settle());
    let of_bob: Vec<_> = rooms.iter().map(|room| bob.say(room.clone(), "from Bob")).collect();
    for (room, seq) in rooms.iter().zip(&of_bob) {
        charlie.done("mark_read", with(room, "seq", *seq));
    }
    let mut his = markers(&bob.settle());
    let answer = bob.say(json!({"to": 1}), "three");
    alice.done("mark_read", json!({"with": 2, "seq": answer}));
    his.extend(markers(&bob.settle()));

    let delivered = ("delivered_message".to_owned(), 2, kept);
    assert!(hers.contains(&delivered), "what has arrived is told all the same");
    assert!(hers.iter().all(|(purpose, by, _)| (purpose.as_str(), *by) != ("read_message", 2)), "{hers:?}");
    assert!(his.iter().all(|(purpose, by, _)| purpose != "read_message" || *by == 2), "{his:?}");
    let followed = markers(&bob_too.settle());
    assert_eq!(followed.iter().filter(|(purpose, by, _)| purpose == "read_message" && *by == 2).count(), 3);
    assert!(followed.iter().all(|(purpose, by, _)| purpose != "read_message" || *by == 2));

    for restarted in [false, true] {
        if restarted {
            drop((alice, bob, bob_too, charlie));
            house.restart();
            (alice, bob, charlie) = (house.login("Alice"), house.login("Bob"), house.login("Charlie"));
            bob_too = house.login("Bob");
        }
        let (came, of_alice_came) = (house.enter("Bob"), house.enter("Alice"));
        assert_eq!(came.welcome["read_receipts"], false);
        let entry = came.chat("with", 1).unwrap();
        assert_eq!((&entry["their_read"], &entry["unread"], &entry["read"]), (&json!(0), &json!(0), &json!(kept)));
        let theirs = of_alice_came.chat("with", 2).unwrap();
        assert_eq!((&theirs["their_read"], &theirs["their_delivered"]), (&json!(shown), &json!(kept)));
        for (at, room) in rooms.iter().enumerate() {
            let (key, number) = room.as_object().unwrap().iter().next().unwrap();
            let read = |cursor: Option<(u64, u64)>| cursor.map_or(0, |(_, read)| read);
            assert_eq!(read(came.cursor(key, number.clone(), 3)), 0, "what Charlie has read is not for Bob");
            assert_eq!(read(of_alice_came.cursor(key, number.clone(), 2)), 0, "what Bob has read is not for Alice");
            assert_eq!(read(of_alice_came.cursor(key, number.clone(), 3)), of_bob[at]);
            let receipts = alice.done("fetch_receipts", with(room, "seq", of_alice[at]));
            let readers = each(receipts["read"].as_array().unwrap(), "user");
            assert_eq!((readers, &receipts["read_count"]), (vec![json!(3)], &json!(1)));
            let receipts = bob.done("fetch_receipts", with(room, "seq", of_bob[at]));
            assert_eq!((&receipts["read"], &receipts["read_count"]), (&json!([]), &json!(0)));
        }
        let receipts = alice.done("fetch_receipts", with(&direct, "seq", kept));
        assert_eq!((&receipts["delivered_count"], &receipts["read_count"]), (&json!(1), &json!(0)));
    }

    // On again: he is told at once what the others have read; they learn with his next step.
    bob_too.settle();
    alice.settle();
    bob.done("set_read_receipts", json!({"on": true}));
    let told = bob_too.settle();
    assert_eq!(of(&told, "read_receipts")[0]["on"], true);
    let chats: Vec<_> = of(&told, "chats").iter().flat_map(|it| it["chats"].as_array().unwrap().clone()).collect();
    assert_eq!(chats.iter().find(|entry| entry["with"] == 1).unwrap()["their_read"], answer);
    let cursors = of(&told, "cursors");
    assert!(cursors.iter().any(|it| it["everyone"] == true && it["cursors"][0]["read"].as_u64() > Some(0)), "{told:?}");
    assert_eq!(markers(&alice.settle()), []);
    let next = alice.say(rooms[0].clone(), "next");
    bob.done("mark_read", with(&rooms[0], "seq", next));
    assert_eq!(markers(&alice.settle()), [("read_message".to_owned(), 2, next)]);
    let receipts = alice.done("fetch_receipts", with(&rooms[0], "seq", of_alice[0]));
    assert!(each(receipts["read"].as_array().unwrap(), "user").contains(&json!(2)));
    let before = house.bytes();
    bob.done("set_read_receipts", json!({"on": true}));
    assert_eq!(house.bytes(), before, "what is so already costs no record");
    drop((dave, eve));
}
