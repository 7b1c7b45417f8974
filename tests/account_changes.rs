//! Accounts that go, come and are renamed while people talk: what the others are told, and what becomes of groups.

mod support;

use serde_json::{Value, json};
use support::house::{House, account, each, of, texts};
use support::{Peer, wait_for};

fn remove(house: &House, name: &str) {
    house.edit_users(|users| users.retain(|user| user["username"] != name));
}

/// The next group that a member is told anew of.
fn told_of_group(peer: &mut Peer) -> Value {
    peer.until("groups")["groups"][0].clone()
}

fn members(info: &Value) -> Vec<Value> {
    each(info["members"].as_array().unwrap(), "user")
}

/// The whole list of people, as a live connection asks for it.
fn people(peer: &mut Peer) -> Value {
    peer.send(&json!({"purpose": "list_users"}));
    loop {
        let event = peer.until("people");
        if event["whole"] == true {
            peer.until("list_users");
            return event;
        }
    }
}

#[test]
fn the_groups_of_a_removed_account_go_on_with_the_heir() {
    let mut house = House::new();
    for online in [true, false] {
        let name = if online { "Dave" } else { "Eve" };
        let number = if online { 4 } else { 5 };
        let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
        let mut owner = house.login(name);
        let owned = owner.make("Owned", &[2]);
        owner.done("add_members", json!({"group": owned, "members": [1]}));
        let alone = owner.make("Alone", &[]);
        let guest = alice.make("Guest", &[2, number]);
        owner.say(json!({"group": owned}), "my last words");
        owner.say(json!({"everyone": true}), "to all");
        if !online {
            drop(owner);
            while alice.until("people")["people"][0]["status"] != "offline" {}
        } else {
            alice.settle();
        }
        bob.settle();
        let before = house.stored("group_changed").len();
        remove(&house, name);
        let gone = loop {
            let event = alice.until("people");
            if event.get("removed").is_some() {
                break event;
            }
        };
        assert_eq!((&gone["removed"], &gone["former"]), (&json!([number]), &json!([{"id": number, "username": name}])));
        let mut infos: Vec<_> = [told_of_group(&mut alice), told_of_group(&mut alice)].into();
        infos.sort_by_key(|info| info["group"].as_u64());
        assert_eq!(each(&infos, "group"), [owned, guest]);
        assert_eq!((&infos[0]["owner"], members(&infos[0])), (&json!(2), vec![json!(2), json!(1)]));
        assert_eq!((&infos[1]["owner"], members(&infos[1])), (&json!(1), vec![json!(1), json!(2)]));
        assert_eq!(house.stored("group_changed").len(), before, "the removal of an account is its own record");

        for restarted in [false, true] {
            if restarted {
                drop((alice, bob));
                house.restart();
                (alice, bob) = (house.login("Alice"), house.login("Bob"));
            }
            bob.done("rename_group", json!({"group": owned, "name": "Bob's now"}));
            assert_eq!(alice.refused("rename_group", json!({"group": owned, "name": "x"})), "not_the_owner");
            assert_eq!(alice.refused("fetch_history", json!({"group": alone})), "unknown_group");
            assert_eq!(texts(&alice.page(json!({"group": owned})))[0], "my last words");
            let hello = if restarted { "hello again" } else { "hello" };
            assert!(alice.say(json!({"group": guest}), &format!("{hello}, @{name}")) > 0);
            let said = house.stored("receive_message").pop().unwrap();
            assert_eq!((&said["message"], said.get("mentions")), (&json!(format!("{hello}, @{name}")), None));
            assert_eq!(alice.refused("add_members", json!({"group": guest, "members": [number]})), "unknown_user");
            assert_eq!(alice.refused("send_message", json!({"to": number, "message": "x"})), "unknown_user");
            let list = people(&mut alice);
            assert!(!each(list["people"].as_array().unwrap(), "id").contains(&json!(number)));
            assert!(list["former"].as_array().unwrap().contains(&json!({"id": number, "username": name})));
            assert!(list.get("removed").is_none());
            let came = house.enter("Alice");
            let former: Vec<_> = came.told("people").iter().filter_map(|event| event.get("former").cloned()).collect();
            assert!(former[0].as_array().unwrap().contains(&json!({"id": number, "username": name})));
            assert_eq!(came.group(owned).unwrap()["owner"], 2);
        }
    }
}

#[test]
fn an_account_that_is_removed_while_the_server_is_down_is_gone_when_it_comes_back() {
    let mut house = House::new();
    let (mut alice, mut dave) = (house.login("Alice"), house.login("Dave"));
    let group = dave.make("Hike", &[1, 2]);
    dave.say(json!({"to": 1}), "between us");
    alice.settle();
    drop((alice, dave));
    house.restart_with(|house| remove(house, "Dave"));
    let mut alice = house.login("Alice");
    // The log learns of it right after the start.
    wait_for("the heir", || house.enter("Alice").group(group).unwrap()["owner"] == 1);
    let info = house.enter("Alice").group(group).unwrap();
    assert_eq!((&info["owner"], members(&info)), (&json!(1), vec![json!(1), json!(2)]));
    assert_eq!(people(&mut alice)["former"], json!([{"id": 4, "username": "Dave"}]));
    assert_eq!(texts(&alice.page(json!({"with": 4}))), ["between us"]);
    let entry = house.enter("Alice").chat("with", 4).unwrap();
    alice.done("mark_read", json!({"with": 4, "seq": entry["seq"]}));
    alice.done("mute_chat", json!({"with": 4, "muted": true}));
    let entry = house.enter("Alice").chat("with", 4).unwrap();
    assert_eq!((&entry["unread"], &entry["muted"]), (&json!(0), &json!(true)));
}

#[test]
fn a_new_account_of_an_old_name_is_somebody_else() {
    let mut house = House::new();
    let (mut alice, mut dave) = (house.login("Alice"), house.login("Dave"));
    let group = alice.make("Hike", &[4]);
    dave.say(json!({"group": group}), "I was here");
    dave.say(json!({"to": 1}), "between us");
    dave.done("set_read_receipts", json!({"on": false}));
    remove(&house, "Dave");
    assert_eq!(dave.until("error")["error"]["code"], "account_removed");
    assert!(dave.is_closed());
    told_of_group(&mut alice);
    // At once, in one edit with somebody else's name: a number is never given out again.
    house.edit_users(|users| users.push(json!({"username": "Dave", "password": "123"})));
    while alice.until("people")["people"][0]["username"] != "Dave" {}
    for restarted in [false, true] {
        if restarted {
            drop(alice);
            house.restart();
            alice = house.login("Alice");
        }
        let mut dave = house.enter("Dave");
        assert_eq!((&dave.welcome["user"], &dave.welcome["read_receipts"]), (&json!(6), &json!(true)));
        assert!(dave.list("groups").is_empty() && dave.chat("with", 1).is_none());
        assert_eq!(dave.peer.refused("fetch_history", json!({"group": group})), "not_a_member");
        assert!(dave.peer.page(json!({"with": 1})).is_empty());
        let list = people(&mut alice);
        assert_eq!(each(list["people"].as_array().unwrap(), "id"), [1, 2, 3, 5, 6]);
        assert_eq!(list["former"], json!([{"id": 4, "username": "Dave"}]));
        assert_eq!(texts(&alice.page(json!({"with_user": "Dave"}))), [] as [&str; 0], "the name is the new one's");
        assert_eq!(texts(&alice.page(json!({"with": 4}))), ["between us"]);
    }
    let seq = alice.say(json!({"everyone": true}), "welcome, @Dave");
    assert_eq!(house.stored("receive_message").pop().unwrap()["mentions"], json!([6]));
    assert!(seq > group);
}

#[test]
fn who_is_renamed_goes_on_and_all_learn_the_new_name() {
    let mut house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let group = alice.make("Hike", &[2]);
    bob.say(json!({"group": group}), "as Bob");
    alice.settle();
    let rename = |users: &mut Vec<Value>| users[1]["username"] = json!("Robert");
    house.edit_users(rename);
    for peer in [&mut alice, &mut bob] {
        let event = peer.until("people");
        let person = &event["people"][0];
        assert_eq!((&person["id"], &person["username"]), (&json!(2), &json!("Robert")));
        assert_eq!((&person["status"], event.get("removed"), event.get("former")), (&json!("online"), None, None));
    }
    for restarted in [false, true] {
        if restarted {
            drop((alice, bob));
            house.restart();
            (alice, bob) = (house.login("Alice"), house.login("Robert"));
        }
        bob.say(json!({"group": group}), "as Robert, to @Alice");
        let event = alice.until("receive_message");
        assert_eq!((&event["from"], &event["from_user"]), (&json!(2), &json!("Robert")));
        alice.done("send_message", json!({"to_users": ["robert"], "message": "hi, Robert"}));
        assert_eq!(bob.until("receive_message")["to_user"], "Robert");
        alice.say(json!({"group": group}), "@Robert, once called @Bob");
        assert_eq!(bob.until("receive_message")["mentions"], json!([2]));
        assert_eq!(alice.refused("send_message", json!({"to_user": "Bob", "message": "x"})), "unknown_user");
        let page = bob.page(json!({"group": group}));
        assert_eq!(each(&of(&page, "receive_message"), "from_user")[0], "Bob", "what was written stays as it was");
        let list = people(&mut alice);
        assert!(each(list["people"].as_array().unwrap(), "username").contains(&json!("Robert")));
        assert!(list.get("former").is_none());
    }
    let old = Peer::connect(house.server().address).call("login", json!({"username": "Bob", "password": "123"}));
    assert_eq!(old["error"]["code"], "wrong_credentials");
    house.edit_users(|users| users.push(account(6, "Bob")));
    while alice.until("people")["people"][0]["username"] != "Bob" {}
    assert_eq!(house.enter("Bob").welcome["user"], 6);
    bob.say(json!({"group": group}), "still Robert");
    assert_eq!(alice.until("receive_message")["from_user"], "Robert");
}

#[test]
fn a_returning_client_learns_of_all_that_happened_meanwhile() {
    let house = House::new();
    let (mut alice, mut charlie) = (house.login("Alice"), house.login("Charlie"));
    let kept = charlie.make("Kept", &[2, 1]);
    let lost = charlie.make("Lost", &[1, 2]);
    let (seq, _) = (alice.say(json!({"group": kept}), "before"), alice.settle());
    drop(alice);
    charlie.done("remove_member", json!({"group": lost, "member": 1}));
    charlie.say(json!({"group": lost}), "not for Alice");
    charlie.say(json!({"group": kept}), "for Alice");
    remove(&house, "Charlie");
    let mut bob = house.login("Bob");
    wait_for("the heir", || house.enter("Bob").group(kept).unwrap()["owner"] == 2);
    bob.done("rename_group", json!({"group": kept, "name": "Bob's"}));
    bob.done("mark_delivered", json!({"seq": seq}));
    let came = house.enter_after("Alice", seq);
    let missed: Vec<_> = came.events.iter().filter(|event| event["group"].is_u64()).collect();
    assert_eq!(missed.len(), 3, "{missed:?}");
    assert_eq!((&missed[0]["message"], &missed[1]["change"]), (&json!("for Alice"), &json!("renamed")));
    assert_eq!(missed[2]["purpose"], "cursors");
    assert_eq!(each(&came.list("groups"), "group"), [kept]);
    assert_eq!((&came.group(kept).unwrap()["owner"], &came.group(kept).unwrap()["name"]), (&json!(2), &json!("Bob's")));
    let order: Vec<_> = came.events.iter().map(|event| event["purpose"].as_str().unwrap().to_owned()).collect();
    let place = |purpose: &str| order.iter().position(|it| it == purpose).unwrap();
    let lists = ["receive_message", "people", "groups", "chats", "cursors", "ready"].map(place);
    assert!(lists.is_sorted(), "{order:?}");
}
