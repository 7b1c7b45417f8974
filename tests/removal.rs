//! Who has been removed from a group is told nothing of it any more and can say nothing there, however the removal
//! falls among messages that are under way.

mod support;

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use support::Peer;
use support::house::{House, each, of, texts};

/// The records of a group among events, whatever they are.
fn about(events: &[Value], group: u64) -> Vec<Value> {
    let is_about = |event: &&Value| event["group"] == group || event["groups"][0]["group"] == group;
    events.iter().filter(is_about).cloned().collect()
}

#[test]
fn who_was_removed_hears_and_reads_nothing_more_of_the_group() {
    let mut house = House::new();
    let (mut alice, mut bob, mut bob_too) = (house.login("Alice"), house.login("Bob"), house.login("Bob"));
    let group = alice.make("Hike", &[2, 3]);
    let early = alice.say(json!({"group": group}), "with Bob");
    bob.done("mark_read", json!({"group": group, "seq": early}));
    let own = bob.say(json!({"group": group}), "my own words");
    alice.done("remove_member", json!({"group": group, "member": 2}));
    let removal = house.stored("group_changed").pop().unwrap();
    for peer in [&mut bob, &mut bob_too] {
        assert_eq!(about(&peer.settle(), group).last(), Some(&removal), "they are told that they are out");
    }
    let mut charlie = house.login("Charlie");
    let late = alice.say(json!({"group": group}), "without Bob, but with @Bob");
    assert!(house.stored("receive_message").pop().unwrap().get("mentions").is_none());
    charlie.done("typing", json!({"group": group}));
    charlie.done("mark_delivered", json!({"seq": late}));
    charlie.done("mark_read", json!({"group": group, "seq": late}));
    charlie.done("leave_group", json!({"group": group}));
    alice.done("rename_group", json!({"group": group, "name": "Without Bob"}));
    alice.done("add_members", json!({"group": group, "members": [4]}));
    for peer in [&mut bob, &mut bob_too] {
        let told = peer.settle();
        assert!(of(&told, "people").len() == told.len(), "{told:?}");
    }
    for restarted in [false, true] {
        if restarted {
            drop((alice, bob, bob_too, charlie));
            house.restart();
            (alice, bob, bob_too, charlie) =
                (house.login("Alice"), house.login("Bob"), house.login("Bob"), house.login("Charlie"));
        }
        for peer in [&mut bob, &mut bob_too] {
            for (purpose, fields) in [
                ("fetch_history", json!({})),
                ("fetch_history", json!({"before": early + 1})),
                ("send_message", json!({"message": "still here?"})),
                ("mark_read", json!({"seq": early})),
                ("fetch_receipts", json!({"seq": own})),
                ("typing", json!({})),
            ] {
                let mut fields = fields;
                fields["group"] = json!(group);
                assert_eq!(peer.refused(purpose, fields), "not_a_member");
            }
        }
        for after in [group - 1, early, removal["seq"].as_u64().unwrap()] {
            let came = house.enter_after("Bob", after);
            assert!(about(&came.events, group).is_empty(), "{:?}", came.events);
            assert!(came.chat("group", group).is_none() && came.group(group).is_none());
        }
    }
}

#[test]
fn who_is_added_again_sees_what_the_group_was_made_to_show() {
    let mut house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let groups = ["joined", "all"].map(|history| {
        let fields = json!({"name": format!("Sees {history}"), "members": [2], "history": history});
        let group = alice.done("create_group", fields)["group"].as_u64().unwrap();
        alice.say(json!({"group": group}), "one");
        bob.say(json!({"group": group}), "Bob's own");
        bob.done("mute_chat", json!({"group": group, "muted": true}));
        alice.done("remove_member", json!({"group": group, "member": 2}));
        alice.say(json!({"group": group}), "two");
        group
    });
    let away = house.history().len() as u64 - 1;
    bob.settle();
    let added = groups.map(|group| {
        alice.done("add_members", json!({"group": group, "members": [2]}));
        alice.say(json!({"group": group}), "three");
        house.stored("group_changed").pop().unwrap()
    });
    let live = bob.settle();
    for (group, added) in groups.iter().zip(&added) {
        let told = about(&live, *group);
        assert_eq!(each(&told, "purpose"), ["groups", "group_changed", "receive_message"]);
        assert_eq!(&told[1], added);
    }
    let all = ["one", "Bob's own", "two", "three"];
    for restarted in [false, true] {
        if restarted {
            drop((alice, bob));
            house.restart();
            (alice, bob) = (house.login("Alice"), house.login("Bob"));
        }
        assert_eq!(texts(&bob.page(json!({"group": groups[0]}))), ["three"]);
        assert_eq!(texts(&bob.page(json!({"group": groups[1]}))), all);
        assert_eq!(texts(&alice.page(json!({"group": groups[0]}))), all);
        for after in [groups[0] - 1, away] {
            let came = house.enter_after("Bob", after);
            assert_eq!(texts(&about(&came.events, groups[0])), ["three"]);
            let info = came.group(groups[0]).unwrap();
            assert_eq!(info["since"], added[0]["seq"]);
            let entry = came.chat("group", groups[1]).unwrap();
            assert_eq!((&entry["unread"], entry.get("muted")), (&json!(1), None), "they begin anew");
        }
        assert_eq!(texts(&about(&house.enter_after("Bob", groups[1] - 1).events, groups[1])), all);
        // His own words of before are not his to ask about: he cannot see them.
        let own = house.stored("receive_message").iter().find(|it| it["from"] == 2).unwrap()["seq"].clone();
        let asked = json!({"group": groups[0], "seq": own});
        assert_eq!(bob.refused("fetch_receipts", asked), "unknown_message");
    }
}

/// How many messages of a connection are under way at once.
const BURST: usize = 5;

/// Sends bursts to a group, a number of them or until one message is refused; gives the places of those that were
/// taken, and the codes of the others.
fn bursts(peer: &mut Peer, group: u64, most: usize) -> (Vec<u64>, Vec<String>) {
    let (mut taken, mut codes) = (Vec::new(), Vec::new());
    for n in 0..most {
        for _ in 0..BURST {
            peer.send(&json!({"purpose": "send_message", "group": group, "message": format!("burst {n}")}));
        }
        for _ in 0..BURST {
            let reply = peer.until("send_message");
            match reply["seq"].as_u64() {
                Some(seq) => taken.push(seq),
                None => codes.push(reply["error"]["code"].as_str().unwrap().to_owned()),
            }
        }
        if !codes.is_empty() {
            break;
        }
    }
    (taken, codes)
}

#[test]
fn a_removal_among_messages_that_are_under_way_divides_them_cleanly() {
    let house = House::new();
    // Each account with one connection that acts and one that listens.
    let mut remover = house.login("Alice");
    let [mut alice, mut bob, mut bob_too, mut charlie] =
        ["Alice", "Bob", "Bob", "Charlie"].map(|name| house.login(name));
    let [mut hears_bob, mut hears_charlie] = ["Bob", "Charlie"].map(|name| house.login(name));
    for round in 0..40 {
        let group = remover.make(&format!("round {round}"), &[2, 3]);
        let start = Barrier::new(5);
        let (from_bob, from_bob_too) = thread::scope(|scope| {
            let [alice, charlie] = [&mut alice, &mut charlie].map(|peer| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    bursts(peer, group, 4)
                })
            });
            let [one, other] = [&mut bob, &mut bob_too].map(|peer| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    bursts(peer, group, usize::MAX)
                })
            });
            start.wait();
            // Not at once, so that the removal falls among the messages: after some of them have come.
            for _ in 0..round {
                remover.until("receive_message");
            }
            remover.done("remove_member", json!({"group": group, "member": 2}));
            for others in [alice, charlie] {
                assert_eq!(others.join().unwrap().0.len(), 4 * BURST, "everybody else goes on");
            }
            (one.join().unwrap(), other.join().unwrap())
        });
        let removal = house.stored("group_changed").pop().unwrap();
        assert_eq!(removal["change"], "removed");
        let removed_at = removal["seq"].as_u64().unwrap();
        for (taken, codes) in [&from_bob, &from_bob_too] {
            assert!(taken.iter().all(|seq| *seq < removed_at), "{taken:?}, removed at {removed_at}");
            assert!(!codes.is_empty() && codes.iter().all(|code| code == "not_a_member"), "{codes:?}");
        }
        // What he is shown of it ends with the removal, on every connection.
        for peer in [&mut hears_bob, &mut bob, &mut bob_too] {
            let told = about(&peer.settle(), group);
            let places: Vec<_> = told.iter().filter_map(|event| event["seq"].as_u64()).collect();
            assert!(places.iter().all(|seq| *seq <= removed_at), "{places:?}, removed at {removed_at}");
        }
        assert_eq!(bob.refused("fetch_history", json!({"group": group})), "not_a_member");
        // What the others are shown of his stands before it.
        let his = |events: &[Value]| -> Vec<u64> {
            let messages = of(&about(events, group), "receive_message");
            messages.iter().filter(|it| it["from"] == 2).map(|it| it["seq"].as_u64().unwrap()).collect()
        };
        let heard = his(&hears_charlie.settle());
        let mut taken = [from_bob.0, from_bob_too.0].concat();
        taken.sort_unstable();
        assert_eq!(heard, taken);
        let page = charlie.page(json!({"group": group}));
        assert_eq!(his(&page), taken);
        assert_eq!(page.len(), 2 + 8 * BURST + taken.len());
        for peer in [&mut alice, &mut remover] {
            peer.settle();
        }
    }
    let came = house.enter_after("Bob", 0);
    assert!(of(&came.events, "receive_message").is_empty() && came.list("groups").is_empty());
}
