//! Races that are lost, one by one and for certain: the engine is driven by hand, so that what is under way to the disk
//! or from it meets what is decided in between.

use std::collections::BTreeMap;

use bytes::Bytes;
use parlor::core::directory::Directory;
use parlor::core::engine::{Effect, Engine, Input, Purpose};
use parlor::core::session::{Origin, SessionId};
use parlor::core::state::State;
use parlor::proto::ids::{Millis, Seq, UserId, UserName};
use parlor::proto::record::json_of_frame;
use parlor::proto::request::Request;
use serde_json::{Value, json};

/// An engine, a log that is as slow as a test wants, and what each session was told.
struct Desk {
    engine: Engine,
    log: Vec<Bytes>,
    told: BTreeMap<SessionId, Vec<Value>>,
    fetches: Vec<(SessionId, Purpose, Vec<Seq>)>,
    verified: u32,
}

impl Desk {
    /// With the accounts Alice, Bob and Charlie, and a session for each: 1, 2 and 3.
    fn new() -> Self {
        let names = ["Alice", "Bob", "Charlie"].map(|name| UserName::new(name).unwrap());
        let directory = Directory::new((1..).map(UserId).zip(names));
        let engine = Engine::new(State::default(), directory, "log", "test");
        let (log, told, fetches) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut desk = Self { engine, log, told, fetches, verified: 0 };
        desk.handle(Input::Started);
        desk.settle();
        for number in 1..=3 {
            desk.handle(Input::Opened(SessionId(number), Origin::here()));
            desk.ask(number, json!({"purpose": "login", "username": "x", "password": "x"}));
            assert_eq!(desk.hear(number).last().unwrap()["purpose"], "ready");
        }
        desk
    }

    fn handle(&mut self, input: Input) {
        self.engine.handle(input, Millis(1));
        for effect in self.engine.take_effects() {
            match effect {
                Effect::Send(session, frame) | Effect::Push(session, frame, _) => {
                    let event = serde_json::from_slice(json_of_frame(&frame)).unwrap();
                    self.told.entry(session).or_default().push(event);
                }
                Effect::Verify(session, ticket, ..) => {
                    self.verified += 1;
                    self.handle(Input::Verified(session, ticket, Some(UserId(self.verified))));
                }
                Effect::Fetch(session, purpose, seqs) => self.fetches.push((session, purpose, seqs)),
                Effect::WatchDrained(session) => self.handle(Input::Drained(session)),
                Effect::Admit(..) | Effect::Account(..) | Effect::Close(_) => {}
                // Nobody stays signed in here.
                _ => {}
            }
        }
    }

    /// Somebody asks for something; the disk does not move.
    fn ask(&mut self, session: u64, request: Value) {
        let request = Request::parse(request.to_string().as_bytes()).unwrap();
        self.handle(Input::Request(SessionId(session), request));
    }

    /// Everything that is under way to the disk arrives there.
    fn settle(&mut self) {
        while let Some((first, records)) = self.engine.take_batch() {
            assert_eq!(first.0, self.log.len() as u64 + 1);
            self.log.extend(records);
            self.handle(Input::Durable(Seq(self.log.len() as u64)));
        }
        assert!(self.engine.is_settled());
    }

    /// The pages that were asked for come from the disk.
    fn read(&mut self) {
        for (session, purpose, seqs) in std::mem::take(&mut self.fetches) {
            let records = seqs.iter().map(|seq| self.log[seq.0 as usize - 1].clone()).collect();
            self.handle(Input::Fetched(session, purpose, Some(records)));
        }
    }

    /// What a session was told since it was last asked, apart from who comes and goes.
    fn hear(&mut self, session: u64) -> Vec<Value> {
        let told = self.told.remove(&SessionId(session)).unwrap_or_default();
        told.into_iter().filter(|event| event["purpose"] != "people").collect()
    }

    /// A group of Alice's with all three, and a message of Bob's in it.
    fn group(&mut self, history: &str) -> (u64, u64) {
        self.ask(1, json!({"purpose": "create_group", "name": "g", "members": [2, 3], "history": history}));
        self.settle();
        let group = self.log.len() as u64;
        self.ask(2, json!({"purpose": "send_message", "group": group, "message": "hi"}));
        self.settle();
        for session in 1..=3 {
            self.hear(session);
        }
        (group, self.log.len() as u64)
    }
}

fn codes(events: &[Value]) -> Vec<(Value, Value)> {
    events.iter().map(|event| (event["purpose"].clone(), event["error"]["code"].clone())).collect()
}

#[test]
fn what_is_under_way_behind_a_removal_is_refused_and_shown_to_nobody() {
    let mut desk = Desk::new();
    let (group, seq) = desk.group("all");
    desk.ask(3, json!({"purpose": "send_message", "group": group, "message": "Charlie's"}));
    desk.settle();
    desk.hear(1);
    desk.hear(2);
    desk.hear(3);
    let before = desk.engine.state().clone();
    desk.ask(1, json!({"purpose": "remove_member", "group": group, "member": 2}));
    // Bob is still a member when these are looked at, and none when they are on disk.
    desk.ask(2, json!({"purpose": "send_message", "group": group, "message": "too late", "client_id": "pc:1"}));
    desk.ask(2, json!({"purpose": "mark_read", "group": group, "seq": seq + 1}));
    desk.ask(2, json!({"purpose": "mute_chat", "group": group, "muted": true}));
    desk.ask(2, json!({"purpose": "leave_group", "group": group}));
    assert!(desk.hear(2).is_empty(), "nothing is decided yet");
    desk.settle();
    let bob = desk.hear(2);
    assert_eq!((&bob[0]["purpose"], &bob[0]["change"]), (&json!("group_changed"), &json!("removed")));
    let refused = ["send_message", "mark_read", "mute_chat", "leave_group"];
    assert_eq!(codes(&bob[1..]), refused.map(|purpose| (json!(purpose), json!("not_a_member"))));
    for session in [1, 3] {
        let told: Vec<_> = desk.hear(session).iter().map(|event| event["purpose"].clone()).collect();
        assert!(told.iter().all(|purpose| purpose == "group_changed" || purpose == "remove_member"), "{told:?}");
    }
    assert_eq!(desk.engine.state().counts(), before.counts());

    // The number of what was refused is free.
    desk.ask(1, json!({"purpose": "add_members", "group": group, "members": [2]}));
    desk.settle();
    desk.ask(2, json!({"purpose": "send_message", "group": group, "message": "too late", "client_id": "pc:1"}));
    desk.settle();
    let sent = desk.hear(2).pop().unwrap();
    assert_eq!((&sent["result"], sent.get("duplicate")), (&json!(true), None));
}

#[test]
fn changes_are_decided_one_after_the_other() {
    let mut desk = Desk::new();
    let (group, _) = desk.group("joined");
    let appended = desk.log.len();
    desk.ask(1, json!({"purpose": "hand_over_group", "group": group, "member": 2}));
    desk.ask(1, json!({"purpose": "rename_group", "group": group, "name": "mine"}));
    desk.ask(2, json!({"purpose": "rename_group", "group": group, "name": "Bob's"}));
    desk.ask(2, json!({"purpose": "leave_group", "group": group}));
    desk.ask(3, json!({"purpose": "delete_group", "group": group}));
    desk.settle();
    assert_eq!(desk.log.len(), appended + 3, "what is refused is not in the log");
    assert_eq!(codes(&desk.hear(1)).last().unwrap().0, "group_changed");
    let owner = desk.engine.state().group(parlor::proto::chat::GroupId(group)).unwrap().owner;
    assert_eq!(owner, UserId(1), "Bob left it to the one who was in it longest");
    assert_eq!(codes(&desk.hear(3)).last().unwrap(), &(json!("delete_group"), json!("not_the_owner")));
}

#[test]
fn a_message_behind_the_end_of_its_group_is_refused() {
    let mut desk = Desk::new();
    let (group, _) = desk.group("joined");
    desk.ask(1, json!({"purpose": "delete_group", "group": group}));
    desk.ask(2, json!({"purpose": "send_message", "group": group, "message": "too late"}));
    desk.settle();
    let bob = desk.hear(2);
    assert_eq!(bob[0]["change"], "deleted");
    assert_eq!(codes(&bob[1..]), [(json!("send_message"), json!("not_a_member"))]);
    assert_eq!(desk.hear(3).len(), 1);
}

#[test]
fn a_page_that_is_being_read_is_shown_only_to_who_may_still_see_it() {
    for (history, again, shown) in [("all", false, false), ("joined", true, false), ("all", true, true)] {
        let mut desk = Desk::new();
        let (group, _) = desk.group(history);
        desk.ask(2, json!({"purpose": "fetch_history", "group": group}));
        desk.ask(1, json!({"purpose": "remove_member", "group": group, "member": 2}));
        desk.settle();
        if again {
            desk.ask(1, json!({"purpose": "add_members", "group": group, "members": [2]}));
            desk.settle();
        }
        desk.hear(2);
        desk.read();
        let page = desk.hear(2).pop().unwrap();
        assert_eq!(page["result"], shown, "{history}, added again: {again}");
        assert_eq!(page["error"]["code"] == "not_a_member", !shown);
    }
}

#[test]
fn what_is_read_for_one_who_comes_back_is_shown_only_if_they_are_still_in_it() {
    let mut desk = Desk::new();
    let (group, seq) = desk.group("all");
    desk.ask(1, json!({"purpose": "send_message", "to": 2, "message": "between us"}));
    desk.settle();
    desk.handle(Input::Opened(SessionId(4), Origin::here()));
    desk.verified = 1;
    desk.ask(4, json!({"purpose": "login", "username": "x", "password": "x", "log": "log", "after": group - 1}));
    desk.ask(1, json!({"purpose": "remove_member", "group": group, "member": 2}));
    desk.settle();
    desk.read();
    let told = desk.hear(4);
    let messages: Vec<_> = told.iter().filter(|event| event["purpose"] == "receive_message").collect();
    assert_eq!(messages.len(), 1, "{told:?}");
    assert_eq!(messages[0]["message"], "between us");
    assert!(messages[0]["seq"].as_u64().unwrap() > seq);
    assert!(told.iter().all(|event| event["group"] != group));
}

#[test]
fn a_page_that_is_being_read_while_a_message_changes_shows_what_it_says_now() {
    let mut desk = Desk::new();
    let (group, seq) = desk.group("all");
    let edit = |text: &str| json!({"purpose": "edit_message", "group": group, "seq": seq, "message": text});
    desk.ask(2, edit("one"));
    desk.settle();
    for after in [edit("two"), edit("three"), json!({"purpose": "delete_message", "group": group, "seq": seq})] {
        desk.ask(1, json!({"purpose": "fetch_history", "id": 5, "group": group}));
        desk.ask(2, after.clone());
        desk.settle();
        desk.hear(1);
        desk.read();
        // What has changed under way is read once more.
        desk.read();
        let page = desk.hear(1).pop().unwrap();
        assert_eq!((&page["purpose"], &page["id"]), (&json!("fetch_history"), &json!(5)));
        let message = page["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(message["message"], after.get("message").cloned().unwrap_or(json!("")));
        assert_eq!(message["deleted"] == true, after["purpose"] == "delete_message");
    }
}

#[test]
fn a_change_behind_a_deletion_or_a_removal_is_refused_and_shown_to_nobody() {
    let mut desk = Desk::new();
    let (group, seq) = desk.group("all");
    let on = |purpose: &str| json!({"purpose": purpose, "group": group, "seq": seq, "message": "too late"});
    desk.ask(2, on("delete_message"));
    desk.ask(2, on("edit_message"));
    desk.ask(2, on("delete_message"));
    desk.settle();
    let late = ["edit_message", "delete_message"].map(|purpose| (json!(purpose), json!("unknown_message")));
    assert_eq!(codes(&desk.hear(2))[1..], late);
    assert_eq!(codes(&desk.hear(1)), [(json!("message_deleted"), Value::Null)]);

    desk.ask(2, json!({"purpose": "send_message", "group": group, "message": "mine"}));
    desk.settle();
    desk.hear(1);
    desk.hear(2);
    desk.ask(1, json!({"purpose": "remove_member", "group": group, "member": 2}));
    desk.ask(2, json!({"purpose": "edit_message", "group": group, "seq": desk.log.len(), "message": "too late"}));
    desk.settle();
    assert_eq!(codes(&desk.hear(2))[1..], [(json!("edit_message"), json!("unknown_message"))]);
    assert!(desk.hear(1).iter().all(|event| event["purpose"] != "message_edited"));
}

#[test]
fn pages_that_could_not_be_read_are_not_in_the_way_of_later_ones() {
    let mut desk = Desk::new();
    let (group, _) = desk.group("all");
    for _ in 0..20 {
        desk.ask(2, json!({"purpose": "fetch_history", "group": group}));
        for (session, purpose, _) in std::mem::take(&mut desk.fetches) {
            desk.handle(Input::Fetched(session, purpose, None));
        }
        assert_eq!(codes(&desk.hear(2)), [(json!("fetch_history"), json!("storage_failed"))]);
    }
    desk.ask(2, json!({"purpose": "fetch_history", "group": group}));
    desk.read();
    assert_eq!(desk.hear(2).pop().unwrap()["result"], true);
}
