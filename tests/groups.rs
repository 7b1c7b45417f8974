//! Groups against the real program, as peers see them: how they are made, change hands and end, and who is told.

mod support;

use serde_json::{Value, json};
use support::Peer;
use support::house::{House, each, of, texts};

/// The changes of groups among events.
fn changes(events: &[Value]) -> Vec<Value> {
    of(events, "group_changed")
}

/// The numbers of the members of a group, from the list of groups.
fn members(info: &Value) -> Vec<Value> {
    each(info["members"].as_array().unwrap(), "user")
}

#[test]
fn a_group_is_made_with_names_and_with_numbers_and_its_members_alone_are_told() {
    let house = House::new();
    let (mut alice, mut alice_too, mut bob, mut charlie, mut dave) =
        (house.login("Alice"), house.login("Alice"), house.login("Bob"), house.login("Charlie"), house.login("Dave"));
    alice.send(&json!({"purpose": "create_group", "id": 3, "name": "  Weekend hike ", "members": [3],
        "member_users": ["BOB"], "client_id": "pc:1"}));
    let event = alice.until("group_changed");
    let reply = alice.until("create_group");
    let group = reply["group"].as_u64().unwrap();
    assert_eq!(reply, json!({"purpose": "create_group", "id": 3, "result": true, "group": group}));
    let stored = house.stored("group_changed");
    assert_eq!(event, stored[0]);
    assert_eq!((&event["seq"], &event["group"], &event["by"]), (&json!(group), &json!(group), &json!(1)));
    assert_eq!((&event["by_user"], &event["change"]), (&json!("Alice"), &json!("created")));
    assert_eq!((&event["name"], &event["history"]), (&json!("Weekend hike"), &json!("joined")));
    assert_eq!(event["members"], json!([1, 3, 2]), "its maker first, then those named by number, then by name");
    for peer in [&mut alice_too, &mut bob, &mut charlie] {
        assert_eq!(peer.until("group_changed"), event);
    }
    let seq = bob.say(json!({"group": group}), "who drives?");
    for peer in [&mut alice, &mut alice_too, &mut charlie] {
        let message = peer.until("receive_message");
        assert_eq!((&message["seq"], &message["group"], &message["from"]), (&json!(seq), &json!(group), &json!(2)));
        assert!(message.get("to").is_none() && message.get("everyone").is_none());
    }
    alice.done("typing", json!({"group": group}));
    assert_eq!(bob.until("user_typing"), json!({"purpose": "user_typing", "from": 1, "group": group}));
    let overheard = dave.settle();
    assert_eq!(of(&overheard, "people"), overheard);
    assert_eq!(charlie.page(json!({"group": group}))[0], event, "the change is an entry of the conversation");

    let came = house.enter("Charlie");
    let info = came.group(group).unwrap();
    assert_eq!(
        (&info["name"], &info["owner"], members(&info)),
        (&json!("Weekend hike"), &json!(1), vec![json!(1), json!(3), json!(2)])
    );
    let entry = came.chat("group", group).unwrap();
    assert_eq!((&entry["unread"], &entry["preview"], entry.get("change")), (&json!(1), &json!("who drives?"), None));
    assert!(house.enter("Dave").group(group).is_none());
}

#[test]
fn every_change_is_told_to_all_members_and_stands_in_the_conversation() {
    let mut house = House::new();
    let (mut alice, mut bob, mut charlie, mut dave, mut eve) =
        (house.login("Alice"), house.login("Bob"), house.login("Charlie"), house.login("Dave"), house.login("Eve"));
    let group = alice.make("Hike", &[2, 3]);
    let steps = [
        ("rename_group", json!({"name": "Long hike"}), json!({"change": "renamed", "name": "Long hike"})),
        ("add_members", json!({"member_users": ["Dave"]}), json!({"change": "added", "members": [4]})),
        ("remove_member", json!({"member": 2}), json!({"change": "removed", "member": 2})),
        ("hand_over_group", json!({"member_user": "Charlie"}), json!({"change": "handed_over", "owner": 3})),
        ("leave_group", json!({}), json!({"change": "left"})),
    ];
    for (purpose, mut fields, expected) in steps.clone() {
        fields["group"] = json!(group);
        alice.done(purpose, fields);
        let record = house.stored("group_changed").pop().unwrap();
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&record[field], value, "{record}");
        }
        assert_eq!((&record["group"], &record["by"], &record["by_user"]), (&json!(group), &json!(1), &json!("Alice")));
    }
    let stored = house.stored("group_changed");
    let told = |peer: &mut Peer| changes(&peer.settle());
    assert_eq!(told(&mut charlie), stored);
    assert_eq!(told(&mut bob), stored[..4], "up to the one that removed him, which he is told");
    assert_eq!(told(&mut eve), [] as [Value; 0]);
    let dave_saw = dave.settle();
    assert_eq!(changes(&dave_saw), stored[2..], "from the one that added him");
    let info = &of(&dave_saw, "groups")[0]["groups"][0];
    assert_eq!((&info["group"], &info["name"], &info["owner"]), (&json!(group), &json!("Long hike"), &json!(1)));
    assert_eq!((members(info), &info["since"]), (vec![json!(1), json!(2), json!(3), json!(4)], &stored[2]["seq"]));
    assert_eq!(info["members"][3]["joined"], stored[2]["seq"]);
    let place = |events: &[Value], purpose| events.iter().position(|event| event["purpose"] == purpose);
    assert!(place(&dave_saw, "groups") < place(&dave_saw, "group_changed"), "first what it is, then what happened");
    assert_eq!(charlie.page(json!({"group": group})), stored);
    let entry = house.enter("Charlie").chat("group", group).unwrap();
    assert_eq!((&entry["unread"], &entry["preview"]), (&json!(0), &json!("")), "a change is not a message");
    assert_eq!((&entry["change"], &entry["from"]), (&json!({"change": "left"}), &json!(1)));

    // The owner leaves: the one who has been in it longest inherits, and the record says so.
    charlie.done("leave_group", json!({"group": group}));
    let left = dave.until("group_changed");
    assert_eq!((&left["change"], &left["by"], &left["owner"]), (&json!("left"), &json!(3), &json!(4)));
    house.restart();
    let (mut dave, mut charlie) = (house.enter("Dave"), house.login("Charlie"));
    assert_eq!(dave.group(group).unwrap()["owner"], 4);
    assert_eq!(members(&dave.group(group).unwrap()), [json!(4)]);
    dave.peer.done("rename_group", json!({"group": group, "name": "Mine alone"}));
    assert_eq!(charlie.refused("fetch_history", json!({"group": group})), "not_a_member");
    // The last one leaves, and there is no group any more.
    dave.peer.done("leave_group", json!({"group": group}));
    let left = dave.peer.settle();
    assert!(changes(&left).is_empty(), "the events stood before the replies: {left:?}");
    assert_eq!(dave.peer.refused("fetch_history", json!({"group": group})), "unknown_group");
    assert!(house.enter("Dave").group(group).is_none());
}

#[test]
fn the_longest_member_inherits_not_the_first_number() {
    let house = House::new();
    let (mut eve, mut charlie) = (house.login("Eve"), house.login("Charlie"));
    let group = eve.make("Hike", &[3]);
    eve.done("add_members", json!({"group": group, "members": [1, 2]}));
    eve.done("leave_group", json!({"group": group}));
    let left = loop {
        let event = charlie.until("group_changed");
        if event["change"] == "left" {
            break event;
        }
    };
    assert_eq!(left["owner"], 3, "he was in it from the beginning");
    let eve_saw = eve.settle();
    assert!(changes(&eve_saw).is_empty());
    charlie.done("rename_group", json!({"group": group, "name": "Mine now"}));
    assert_eq!(house.enter("Alice").group(group).unwrap()["owner"], 3);
}

#[test]
fn what_a_new_member_can_read_is_as_was_chosen_when_the_group_was_made() {
    let mut house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let groups = ["joined", "all"].map(|history| {
        let group =
            alice.done("create_group", json!({"name": format!("Sees {history}"), "members": [2], "history": history}));
        let group = group["group"].as_u64().unwrap();
        bob.say(json!({"group": group}), "early");
        group
    });
    // Somebody who comes back with a cursor from before, and somebody who is there.
    let before = house.history().len() as u64 - 1;
    let mut dave = house.login("Dave");
    let added = groups.map(|group| {
        alice.done("add_members", json!({"group": group, "members": [4, 5]}));
        let added = house.stored("group_changed").pop().unwrap();
        bob.say(json!({"group": group}), "late");
        added
    });
    let live = dave.settle();
    assert_eq!((changes(&live), texts(&live)), (added.to_vec(), vec!["late".to_owned(); 2]));
    for restarted in [false, true] {
        if restarted {
            drop((alice, bob, dave));
            house.restart();
            (alice, bob, dave) = (house.login("Alice"), house.login("Bob"), house.login("Dave"));
        }
        let mut eve = house.enter_after("Eve", before);
        assert_eq!(changes(&eve.events), added, "nobody was told of the making who was not there");
        assert_eq!(texts(&eve.events), ["late", "late"]);
        for peer in [&mut dave, &mut eve.peer] {
            let joined = peer.page(json!({"group": groups[0]}));
            assert_eq!((&joined[0], texts(&joined)), (&added[0], vec!["late".to_owned()]));
            let all = peer.page(json!({"group": groups[1]}));
            assert_eq!((&all[0]["change"], texts(&all)), (&json!("created"), vec!["early".into(), "late".into()]));
            // Nor is there another way to what stands before.
            let asked = json!({"group": groups[0], "before": added[0]["seq"]});
            let page = peer.done("fetch_history", asked);
            assert_eq!((&page["messages"], &page["complete"]), (&json!([]), &json!(true)));
        }
        let unread = |group: u64| house.enter("Eve").chat("group", group).unwrap()["unread"].clone();
        assert_eq!(groups.map(unread), [json!(1), json!(1)], "what was said before is not news");
        let since = |group: u64| house.enter("Eve").group(group).unwrap().get("since").cloned();
        assert_eq!(groups.map(since), [Some(added[0]["seq"].clone()), None]);
        assert_eq!(bob.page(json!({"group": groups[0]}))[0]["change"], "created", "who was there reads it all");
    }
}

#[test]
fn a_deleted_group_is_gone_for_all_and_for_good() {
    let mut house = House::new();
    let (mut alice, mut bob, mut charlie) = (house.login("Alice"), house.login("Bob"), house.login("Charlie"));
    let group = alice.make("Hike", &[2]);
    bob.say(json!({"group": group}), "hi");
    alice.done("delete_group", json!({"group": group}));
    for peer in [&mut alice, &mut bob] {
        let told = changes(&peer.settle());
        assert!(told.last().is_none_or(|last| last["change"] == "deleted"), "{told:?}");
    }
    assert_eq!(house.stored("group_changed").last().unwrap()["change"], "deleted");
    assert!(changes(&charlie.settle()).is_empty());
    for restarted in [false, true] {
        if restarted {
            drop((alice, bob, charlie));
            house.restart();
            (alice, bob, charlie) = (house.login("Alice"), house.login("Bob"), house.login("Charlie"));
        }
        for peer in [&mut alice, &mut bob, &mut charlie] {
            assert_eq!(peer.refused("send_message", json!({"group": group, "message": "x"})), "unknown_group");
            assert_eq!(peer.refused("fetch_history", json!({"group": group})), "unknown_group");
        }
        let came = house.enter_after("Bob", group - 1);
        assert!(came.group(group).is_none() && came.chat("group", group).is_none());
        assert!(texts(&came.events).is_empty() && changes(&came.events).is_empty());
    }
}

#[test]
fn a_group_of_one_is_a_place_for_notes() {
    let house = House::new();
    let (mut alice, mut alice_too) = (house.login("Alice"), house.login("Alice"));
    let group = alice.make("Notes", &[]);
    // To name oneself changes nothing: who makes a group is in it.
    let other = alice.make("Notes", &[1]);
    assert_ne!(group, other, "two groups may have one name");
    alice.say(json!({"group": group}), "milk");
    alice.say(json!({"group": other}), "bread");
    assert_eq!(texts(&alice_too.settle()), ["milk", "bread"]);
    assert_eq!(texts(&alice.page(json!({"group": group}))), ["milk"]);
    let came = house.enter("Alice");
    assert_eq!(each(&came.list("groups"), "name"), ["Notes", "Notes"]);
    assert_eq!(each(&came.list("groups"), "group"), [group, other]);
    assert_eq!(members(&came.group(other).unwrap()), [json!(1)]);
    alice.done("add_members", json!({"group": other, "members": [2]}));
    assert_eq!(members(&house.enter("Bob").group(other).unwrap()), [json!(1), json!(2)]);
}

#[test]
fn names_are_one_line_of_up_to_64_characters() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let longest = "é👋".repeat(32);
    for name in ["x", &longest, "王小明 & co.", "\"quoted\" \\ $"] {
        let group = alice.make(name, &[]);
        assert_eq!(house.enter("Alice").group(group).unwrap()["name"], *name);
        alice.done("rename_group", json!({"group": group, "name": format!(" {name}\t")}));
        assert_eq!(house.enter("Alice").group(group).unwrap()["name"], *name, "white space around it is left out");
    }
}

#[test]
fn a_change_that_is_sent_again_happens_once() {
    let mut house = House::new();
    let (mut one, mut other) = (house.login("Alice"), house.login("Alice"));
    let create = json!({"purpose": "create_group", "name": "Hike", "members": [2], "client_id": "pc:1"});
    // Over two sockets at once.
    one.send(&create);
    other.send(&create);
    let replies = [one.until("create_group"), other.until("create_group")];
    let group = replies[0]["group"].clone();
    assert!(group.is_u64() && replies.iter().all(|reply| reply["result"] == true && reply["group"] == group));
    assert_eq!(replies.iter().filter(|reply| reply["duplicate"] == true).count(), 1);
    let mut steps = vec![
        ("create_group", json!({"name": "Hike", "members": [2]})),
        ("rename_group", json!({"group": group, "name": "Long hike"})),
        ("add_members", json!({"group": group, "members": [3, 4]})),
        ("remove_member", json!({"group": group, "member": 4})),
        ("hand_over_group", json!({"group": group, "member": 3})),
        ("leave_group", json!({"group": group})),
    ];
    for (step, n) in steps.iter_mut().zip(1..) {
        step.1["client_id"] = json!(format!("pc:{n}"));
        one.done(step.0, step.1.clone());
        // The newest is compared and known; whatever it asks for could not be done once more.
        assert_eq!(one.done(step.0, step.1.clone())["duplicate"], true, "{}", step.0);
    }
    let stored = house.stored("group_changed").len();
    assert_eq!(stored, steps.len());
    drop((one, other));
    house.restart();
    let mut alice = house.login("Alice");
    for (purpose, fields) in &steps {
        assert_eq!(alice.done(purpose, fields.clone())["duplicate"], true, "{purpose}");
    }
    let another = json!({"name": "Another", "members": [2], "client_id": "pc:6"});
    assert_eq!(alice.refused("create_group", another), "client_id_reused");
    // One number for two things that are under way at once.
    alice.send(&json!({"purpose": "send_message", "everyone": true, "message": "x", "client_id": "pc:7"}));
    assert_eq!(alice.refused("create_group", json!({"name": "X", "client_id": "pc:7"})), "client_id_reused");
    assert_eq!(house.stored("group_changed").len(), stored);
}
