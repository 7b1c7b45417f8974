//! The room of everyone, settings of a chat, several windows of one account, and both families of addresses: against
//! the real program, as peers see it.

mod support;

use std::net::SocketAddr;

use serde_json::{Value, json};
use support::Peer;
use support::house::{House, MOVED_IN, account, each, of, texts};

fn everyone() -> Value {
    json!({"everyone": true})
}

#[test]
fn a_message_to_everyone_reaches_all_who_are_there_and_waits_for_the_others() {
    let house = House::new();
    let (mut alice, mut alice_too) = (house.login("Alice"), house.login("Alice"));
    let (mut bob, mut bob_too) = (house.login("Bob"), house.login("Bob"));
    let sent = alice.done("send_message", json!({"everyone": true, "message": "hello, all"}));
    assert_eq!(sent["seq"], MOVED_IN + 1);
    let stored = house.stored("receive_message");
    assert_eq!(stored[0]["at"], sent["at"]);
    for peer in [&mut alice_too, &mut bob, &mut bob_too] {
        let event = peer.until("receive_message");
        assert_eq!(event, stored[0], "the line and the event are the same JSON");
        assert_eq!(
            (&event["everyone"], &event["from"], &event["from_user"]),
            (&json!(true), &json!(1), &json!("Alice"))
        );
        assert!(event.get("to").is_none() && event.get("group").is_none() && event.get("to_user").is_none());
    }
    assert!(texts(&alice.settle()).is_empty(), "the reply says it all");

    let mut charlie = house.enter("Charlie");
    let entry = charlie.chat("everyone", true).unwrap();
    assert_eq!((&entry["seq"], &entry["unread"], &entry["from"]), (&sent["seq"], &json!(1), &json!(1)));
    assert_eq!(entry["preview"], "hello, all");
    assert_eq!(charlie.peer.page(everyone()), stored);
    let dave = house.enter_after("Dave", MOVED_IN);
    assert_eq!(dave.told("receive_message"), stored);
    assert_eq!(house.enter("Alice").chat("everyone", true).unwrap()["unread"], 0, "one's own is not news");
}

#[test]
fn what_is_unread_in_the_room_is_counted_for_each_and_falls_when_it_is_read() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let seqs: Vec<_> = (0..3).map(|n| alice.say(everyone(), &format!("m{n}"))).collect();
    bob.say(everyone(), "mine");
    let unread = |name: &str| house.enter(name).chat("everyone", true).unwrap()["unread"].clone();
    assert_eq!(["Alice", "Bob", "Eve"].map(unread), [json!(1), json!(3), json!(4)]);
    bob.done("mark_read", json!({"everyone": true, "seq": seqs[1]}));
    assert_eq!(["Alice", "Bob", "Eve"].map(unread), [json!(1), json!(1), json!(4)]);
    bob.done("mark_read", json!({"everyone": true, "seq": seqs[0]}));
    assert_eq!(house.stored("read_message").len(), 1, "a marker never goes back");
    bob.done("mark_read", json!({"everyone": true, "seq": 1_000_000}));
    let entry = house.enter("Bob").chat("everyone", true).unwrap();
    assert_eq!((&entry["unread"], &entry["read"]), (&json!(0), &json!(seqs[2] + 1)));
}

#[test]
fn writing_in_the_room_is_told_to_all_others_and_never_stored() {
    let house = House::new();
    let (mut alice, mut alice_too, mut bob, mut eve) =
        (house.login("Alice"), house.login("Alice"), house.login("Bob"), house.login("Eve"));
    let before = house.bytes();
    alice.done("typing", everyone());
    for peer in [&mut bob, &mut eve] {
        assert_eq!(peer.until("user_typing"), json!({"purpose": "user_typing", "from": 1, "everyone": true}));
    }
    for peer in [&mut alice, &mut alice_too] {
        assert!(of(&peer.settle(), "user_typing").is_empty(), "one knows what one does");
    }
    assert_eq!(house.bytes(), before);
}

#[test]
fn who_is_called_by_name_is_told_so_until_they_have_read_it() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let seq = alice.say(everyone(), "@bob and @CHARLIE: not @Bobby, not a@eve.org, nobody named @Zoe");
    let event = bob.until("receive_message");
    assert_eq!(event["mentions"], json!([2, 3]));
    alice.say(everyone(), "and @Bob again, and me, @Alice");
    let plain = alice.say(everyone(), "nobody in this one");
    assert!(house.stored("receive_message")[2].get("mentions").is_none());
    let mentions = |name: &str| {
        let entry = house.enter(name).chat("everyone", true).unwrap();
        (entry["unread"].as_u64().unwrap(), entry.get("mentions").map_or(0, |count| count.as_u64().unwrap()))
    };
    assert_eq!(["Alice", "Bob", "Charlie", "Dave"].map(mentions), [(0, 0), (3, 2), (3, 1), (3, 0)]);
    bob.done("mark_read", json!({"everyone": true, "seq": seq}));
    assert_eq!(["Bob", "Charlie"].map(mentions), [(2, 1), (3, 1)]);
    bob.done("mark_read", json!({"everyone": true, "seq": plain}));
    assert_eq!(["Bob", "Charlie"].map(mentions), [(0, 0), (3, 1)]);
}

#[test]
fn only_who_is_in_the_room_can_be_called_there() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let group = alice.make("Hike", &[2]);
    alice.say(json!({"group": group}), "@Bob, shall we ask @Eve?");
    assert_eq!(bob.until("receive_message")["mentions"], json!([2]));
    alice.say(json!({"to": 2}), "@Bob, between us");
    assert!(bob.until("receive_message").get("mentions").is_none());
    house.edit_users(|users| users.retain(|user| user["username"] != "Dave"));
    while alice.until("people")["removed"] != json!([4]) {}
    alice.say(everyone(), "@Dave has left us, @Eve");
    assert_eq!(bob.until("receive_message")["mentions"], json!([5]));
}

#[test]
fn who_comes_later_can_read_the_room_and_has_missed_nothing() {
    let house = House::new();
    let mut alice = house.login("Alice");
    alice.say(everyone(), "before");
    house.edit_users(|users| users.push(account(6, "Frank")));
    while alice.until("people")["people"][0]["username"] != "Frank" {}
    let mut frank = house.enter("Frank");
    let entry = frank.chat("everyone", true).unwrap();
    assert_eq!(entry["unread"], 0);
    assert_eq!(texts(&frank.peer.page(everyone())), ["before"]);
    let seq = alice.say(everyone(), "welcome, @Frank");
    assert_eq!(frank.peer.until("receive_message")["mentions"], json!([6]));
    let entry = house.enter("Frank").chat("everyone", true).unwrap();
    assert_eq!((&entry["unread"], &entry["mentions"]), (&json!(1), &json!(1)));
    // What has reached him is what was said since he is here.
    frank.peer.done("mark_delivered", json!({"seq": seq}));
    assert_eq!(alice.until("delivered_message")["by"], 6);
}

#[test]
fn a_chat_can_leave_one_alone_and_all_windows_and_the_next_start_know() {
    let mut house = House::new();
    let (mut alice, mut alice_too, mut bob) = (house.login("Alice"), house.login("Alice"), house.login("Bob"));
    let group = bob.make("Noise", &[1]);
    bob.say(json!({"to": 1}), "hi");
    bob.say(everyone(), "hi");
    let mute = |key: &str, number: Value, muted: bool| json!({key: number, "muted": muted});
    let rooms = [("group", json!(group)), ("with", json!(2)), ("everyone", json!(true))];
    for (key, number) in &rooms {
        alice.done("mute_chat", mute(key, number.clone(), true));
        let told = alice_too.until("chat_muted");
        assert_eq!((&told["by"], &told[key], &told["muted"]), (&json!(1), number, &json!(true)));
    }
    assert!(of(&bob.settle(), "chat_muted").is_empty(), "it is nobody else's business");
    let before = house.bytes();
    alice.done("mute_chat", mute("group", json!(group), true));
    assert_eq!(house.bytes(), before, "what is so already costs no record");
    let muted = |house: &House, name: &str, key: &str, number: &Value| {
        let entry = house.enter(name).chat(key, number.clone()).unwrap();
        entry.get("muted").is_some_and(|muted| muted == true)
    };
    for (key, number) in &rooms {
        assert!(muted(&house, "Alice", key, number), "{key}");
    }
    assert!(!muted(&house, "Bob", "group", &json!(group)));
    bob.say(json!({"group": group}), "psst");
    assert_eq!(texts(&alice.settle()).last().unwrap(), "psst", "it is only quiet, not deaf");
    alice.done("mute_chat", mute("group", json!(group), false));
    while alice_too.until("chat_muted")["muted"] != false {}
    drop((alice, alice_too, bob));
    house.restart();
    let now: Vec<_> = rooms.iter().map(|(key, number)| muted(&house, "Alice", key, number)).collect();
    assert_eq!(now, [false, true, true]);
}

#[test]
fn muting_what_nobody_has_said_anything_in_is_remembered_and_costs_one_record() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    for chat in [everyone(), json!({"with": 2})] {
        let mut request = chat;
        request["muted"] = json!(true);
        alice.done("mute_chat", request.clone());
        let before = house.bytes();
        alice.done("mute_chat", request);
        assert_eq!(house.bytes(), before);
    }
    bob.say(everyone(), "hi");
    bob.say(json!({"to": 1}), "hi");
    let entries = house.enter("Alice").list("chats");
    assert_eq!(each(&entries, "muted"), [true, true]);
}

#[test]
fn settings_that_change_faster_than_the_disk_end_as_they_were_last_asked() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let group = alice.make("Hike", &[]);
    for _ in 0..20 {
        for on in [false, true] {
            alice.send(&json!({"purpose": "set_read_receipts", "on": on}));
            alice.send(&json!({"purpose": "mute_chat", "group": group, "muted": !on}));
        }
    }
    for _ in 0..40 {
        assert_eq!(alice.until("mute_chat")["result"], true);
    }
    let alice = house.enter("Alice");
    assert_eq!(alice.welcome["read_receipts"], true);
    assert!(alice.chat("group", group).unwrap().get("muted").is_none());
}

#[test]
fn two_windows_of_one_account_see_what_the_other_does() {
    let house = House::new();
    let (mut one, mut other, mut bob) = (house.login("Alice"), house.login("Alice"), house.login("Bob"));
    let group = one.make("Hike", &[2]);
    let made = other.until("group_changed");
    assert_eq!((&made["group"], &made["change"], &made["by"]), (&json!(group), &json!("created"), &json!(1)));
    one.done("rename_group", json!({"group": group, "name": "Long hike"}));
    assert_eq!(other.until("group_changed")["name"], "Long hike");
    let seq = bob.say(json!({"group": group}), "when?");
    for peer in [&mut one, &mut other] {
        assert_eq!(peer.until("receive_message")["seq"], seq);
    }
    other.done("mark_read", json!({"group": group, "seq": seq}));
    let read = one.until("read_message");
    assert_eq!((&read["by"], &read["group"], &read["upto"]), (&json!(1), &json!(group), &json!(seq)));
    other.done("mute_chat", json!({"group": group, "muted": true}));
    assert_eq!(one.until("chat_muted")["group"], group);
    one.say(json!({"group": group}), "at noon");
    assert_eq!(other.until("receive_message")["message"], "at noon");
    other.done("set_read_receipts", json!({"on": false}));
    assert_eq!(one.until("read_receipts")["on"], false);
    one.done("leave_group", json!({"group": group}));
    assert_eq!(other.until("group_changed")["change"], "left");
    assert_eq!(other.refused("send_message", json!({"group": group, "message": "x"})), "not_a_member");
}

#[test]
fn the_list_of_users_says_who_is_there() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let (mut bob, charlie) = (house.login("Bob"), house.login("Charlie"));
    bob.done("set_status", json!({"status": "away"}));
    drop(charlie);
    let gone = |people: &Value| people["people"][0]["id"] == 3 && people["people"][0]["status"] == "offline";
    while !gone(&alice.until("people")) {}
    alice.send(&json!({"purpose": "list_users", "id": 9}));
    let list = loop {
        let event = alice.until("people");
        if event["whole"] == true {
            break event;
        }
    };
    assert_eq!(alice.until("list_users"), json!({"purpose": "list_users", "id": 9, "result": true}));
    let people = list["people"].as_array().unwrap();
    assert_eq!(each(people, "username"), ["Alice", "Bob", "Charlie", "Dave", "Eve"]);
    assert_eq!(each(people, "status"), ["online", "away", "offline", "offline", "offline"]);
    let seen: Vec<_> = people.iter().map(|person| person["last_seen"].is_i64()).collect();
    assert_eq!(seen, [false, false, true, false, false], "only of one who was here and is not");
    assert_eq!(each(people, "joined"), [1, 2, 3, 4, 5]);
}

#[test]
fn a_group_talks_over_both_families_of_addresses_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (server, addresses) = support::Server::start_on_all(dir.path(), &["127.0.0.1:0", "[::1]:0"]);
    let [four, six]: [SocketAddr; 2] = addresses.try_into().unwrap();
    assert!(four.is_ipv4() && six.is_ipv6() && server.address == four);
    let mut alice = Peer::login(four, "Alice", "123");
    let mut bob = Peer::login(six, "Bob", "456");
    let group = alice.make("Both worlds", &[2]);
    assert_eq!(bob.until("group_changed")["group"], group);
    for n in 0..20 {
        let (writer, reader) = if n % 2 == 0 { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        let seq = writer.say(json!({"group": group}), &format!("line {n}"));
        let event = reader.until("receive_message");
        assert_eq!((&event["seq"], &event["message"]), (&json!(seq), &json!(format!("line {n}"))));
    }
    assert_eq!(alice.page(json!({"group": group})), bob.page(json!({"group": group})));
}
