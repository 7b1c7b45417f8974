//! What cannot be done with a group, and by whom: each refusal has its code and words for people, tells nobody
//! anything, and leaves the history as it was.

mod support;

use serde_json::json;
use support::house::{House, each};

#[test]
fn an_outsider_can_do_nothing_with_a_group() {
    let house = House::new();
    let (mut alice, mut bob, mut eve) = (house.login("Alice"), house.login("Bob"), house.login("Eve"));
    let group = alice.make("Hike", &[2]);
    let seq = alice.say(json!({"group": group}), "secret");
    bob.settle();
    let deleted = alice.make("Old", &[5]);
    alice.done("delete_group", json!({"group": deleted}));
    for (number, code) in [(group, "not_a_member"), (deleted, "unknown_group"), (999_999, "unknown_group")] {
        for (purpose, mut fields) in [
            ("send_message", json!({"message": "let me in"})),
            ("fetch_history", json!({})),
            ("fetch_history", json!({"before": seq + 1, "limit": 1})),
            ("mark_read", json!({"seq": seq})),
            ("typing", json!({})),
            ("mute_chat", json!({"muted": true})),
            ("fetch_receipts", json!({"seq": seq})),
            ("rename_group", json!({"name": "Mine"})),
            ("add_members", json!({"members": [5]})),
            ("remove_member", json!({"member": 2})),
            ("remove_member", json!({"member": 5})),
            ("hand_over_group", json!({"member": 5})),
            ("leave_group", json!({})),
            ("delete_group", json!({})),
        ] {
            fields["group"] = json!(number);
            house.refuses(&mut eve, purpose, fields, code);
        }
    }
    let heard = each(&bob.settle(), "purpose");
    assert!(heard.is_empty(), "{heard:?}");
}

#[test]
fn a_member_who_is_not_the_owner_can_only_talk_and_leave() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let group = alice.make("Hike", &[2, 3]);
    for (purpose, mut fields) in [
        ("rename_group", json!({"name": "Mine"})),
        ("add_members", json!({"members": [4]})),
        ("remove_member", json!({"member": 3})),
        ("remove_member", json!({"member": 2})),
        ("remove_member", json!({"member": 1})),
        ("hand_over_group", json!({"member": 2})),
        ("delete_group", json!({})),
    ] {
        fields["group"] = json!(group);
        house.refuses(&mut bob, purpose, fields, "not_the_owner");
    }
    bob.done("leave_group", json!({"group": group}));
    house.refuses(&mut bob, "leave_group", json!({"group": group}), "not_a_member");
}

#[test]
fn an_owner_stays_and_nobody_is_added_twice() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let group = alice.make("Hike", &[2]);
    for (purpose, mut fields, code) in [
        ("remove_member", json!({"member": 1}), "owner_stays"),
        ("remove_member", json!({"member_user": "alice"}), "owner_stays"),
        ("hand_over_group", json!({"member": 1}), "owner_stays"),
        ("remove_member", json!({"member": 3}), "not_a_member"),
        ("hand_over_group", json!({"member": 3}), "not_a_member"),
        ("remove_member", json!({"member": 99}), "unknown_user"),
        ("hand_over_group", json!({"member_user": "Zoe"}), "unknown_user"),
        ("add_members", json!({"members": [2]}), "already_a_member"),
        ("add_members", json!({"members": [3, 1]}), "already_a_member"),
        ("add_members", json!({"members": [3, 3]}), "already_a_member"),
        ("add_members", json!({"members": [3], "member_users": ["CHARLIE"]}), "already_a_member"),
        ("add_members", json!({"members": [3, 99]}), "unknown_user"),
    ] {
        fields["group"] = json!(group);
        house.refuses(&mut alice, purpose, fields, code);
    }
    let twice = json!({"name": "Hike", "members": [2], "member_users": ["bob"]});
    house.refuses(&mut alice, "create_group", twice, "already_a_member");
    let info = house.enter("Alice").group(group).unwrap();
    assert_eq!(each(info["members"].as_array().unwrap(), "user"), [1, 2], "not even those who could have been added");
}

#[test]
fn a_group_with_somebody_unknown_is_not_made_and_all_who_are_unknown_are_named() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let before = house.bytes();
    let reply = alice
        .call("create_group", json!({"name": "Hike", "members": [2, 77], "member_users": ["Zoe", "Charlie", "Yan"]}));
    let words = reply["error"]["message"].as_str().unwrap();
    assert_eq!(reply["error"]["code"], "unknown_user");
    for unknown in ["77", "Zoe", "Yan"] {
        assert!(words.contains(unknown), "{words}");
    }
    assert!(!words.contains("Charlie") && !words.contains("Bob"), "{words}");
    assert_eq!(house.bytes(), before);
    // However many there are, the words stay readable.
    let names: Vec<_> = (0..900).map(|n| format!("nobody-{n}-{}", "x".repeat(200))).collect();
    let reply = alice.call("create_group", json!({"name": "Hike", "member_users": names}));
    let words = reply["error"]["message"].as_str().unwrap();
    assert!(words.len() < 1_000 && words.contains("895 more"), "{words}");
}

#[test]
fn a_name_that_is_none_is_refused() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let group = alice.make("Hike", &[]);
    for name in ["", "  ", "a\nb", "a\u{2028}b", "a\tb", "\u{0}", &"x".repeat(65), &"é".repeat(65)] {
        house.refuses(&mut alice, "create_group", json!({"name": name}), "bad_name");
        house.refuses(&mut alice, "rename_group", json!({"group": group, "name": name}), "bad_name");
    }
}

#[test]
fn ten_thousand_people_are_too_many_for_one_request() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let group = alice.make("Hike", &[]);
    let numbers: Vec<_> = (1..=10_000).collect();
    let names: Vec<_> = (1..=10_000).map(|n| format!("u{n}")).collect();
    for people in [json!({"members": numbers}), json!({"member_users": names}), json!({"members": numbers[..1_001]})] {
        for (purpose, key, value) in [("create_group", "name", json!("Crowd")), ("add_members", "group", json!(group))]
        {
            let mut fields = people.clone();
            fields[key] = value;
            house.refuses(&mut alice, purpose, fields, "too_many_people");
        }
    }
    house.refuses(&mut alice, "create_group", json!({"name": "Crowd", "members": numbers[..1_000]}), "unknown_user");
}

#[test]
fn a_group_has_an_end_and_a_thousand_can_come_at_a_time() {
    let house = House::of((1..=5_002).map(|n| format!("u{n}")));
    let mut owner = house.login("u1");
    let group = owner.make("Crowd", &(2..=1_001).collect::<Vec<_>>());
    for first in [1_002, 2_002, 3_002] {
        owner.done("add_members", json!({"group": group, "members": (first..first + 1_000).collect::<Vec<u64>>()}));
    }
    owner.done("add_members", json!({"group": group, "members": (4_002..=5_000).collect::<Vec<u64>>()}));
    let more = json!({"group": group, "members": [5_001]});
    house.refuses(&mut owner, "add_members", more, "too_many_people");
    owner.say(json!({"group": group}), "can you all hear me?");
    // The list of all fits a frame, and reaches the last of them.
    let last = house.enter("u5000");
    let info = last.group(group).unwrap();
    assert_eq!(info["members"].as_array().unwrap().len(), 5_000);
    assert_eq!(last.chat("group", group).unwrap()["unread"], 1);
    owner.done("remove_member", json!({"group": group, "member": 5_000}));
    owner.done("add_members", json!({"group": group, "members": [5_001]}));
}

#[test]
fn what_is_not_as_documented_is_explained() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let group = alice.make("Hike", &[2]);
    for (purpose, fields) in [
        ("create_group", json!({"members": [2]})),
        ("create_group", json!({"name": 7})),
        ("create_group", json!({"name": "x", "members": 2})),
        ("create_group", json!({"name": "x", "members": ["Bob"]})),
        ("create_group", json!({"name": "x", "member_users": [2]})),
        ("create_group", json!({"name": "x", "history": "some"})),
        ("create_group", json!({"name": "x", "client_id": "no number"})),
        ("rename_group", json!({"name": "x"})),
        ("rename_group", json!({"group": group})),
        ("rename_group", json!({"group": "Hike", "name": "x"})),
        ("rename_group", json!({"group": -1, "name": "x"})),
        ("add_members", json!({"group": group})),
        ("add_members", json!({"group": group, "members": []})),
        ("remove_member", json!({"group": group})),
        ("hand_over_group", json!({"group": group})),
        ("leave_group", json!({})),
        ("delete_group", json!({})),
        ("send_message", json!({"group": group, "to": 2, "message": "x"})),
        ("send_message", json!({"group": group, "everyone": true, "message": "x"})),
        ("send_message", json!({"group": group, "to_many": [2], "message": "x"})),
        ("send_message", json!({"everyone": false, "message": "x"})),
        ("fetch_history", json!({"group": group, "with": 2})),
        ("mark_read", json!({"group": group})),
        ("mute_chat", json!({"group": group})),
        ("mute_chat", json!({"muted": true})),
        ("fetch_receipts", json!({"group": group})),
        ("set_read_receipts", json!({})),
        ("set_read_receipts", json!({"on": "yes"})),
        ("typing", json!({"group": group, "everyone": true})),
    ] {
        house.refuses(&mut alice, purpose, fields, "bad_request");
    }
    for text in ["", " \n "] {
        house.refuses(&mut alice, "send_message", json!({"group": group, "message": text}), "message_empty");
        house.refuses(&mut alice, "send_message", json!({"everyone": true, "message": text}), "message_empty");
    }
    let long = "x".repeat(16 * 1024 + 1);
    house.refuses(&mut alice, "send_message", json!({"group": group, "message": long}), "message_too_long");
}
