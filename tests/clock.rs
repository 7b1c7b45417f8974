//! A clock that is set, by a day and in both directions: the order stays, everything arrives, and a window waits for
//! nothing longer than it would have. The engine is driven by hand, with the time that a test wants.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use common::*;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use parlor::client::model::{Link, Model};
use parlor::core::directory::Directory;
use parlor::core::engine::{Effect, Engine, Input};
use parlor::core::session::{Origin, SessionId};
use parlor::core::state::State as Fold;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Event, People, Person, Status, Throttled, Typing};
use parlor::proto::ids::{Millis, Seq, UserId, UserName};
use parlor::proto::record::json_of_frame;
use parlor::proto::request::Request;
use serde_json::{Value, json};

const DAY: i64 = 24 * HOUR;

/// An engine whose clock a test sets, and what each session was told.
struct Server {
    engine: Engine,
    now: Millis,
    log: Vec<Bytes>,
    told: BTreeMap<SessionId, Vec<Value>>,
}

impl Server {
    fn new() -> Self {
        let names = ["Alice", "Bob", "Charlie"].map(|name| UserName::new(name).unwrap());
        let directory = Directory::new((1..).map(UserId).zip(names));
        let engine = Engine::new(Fold::default(), directory, "log", "test");
        let mut server = Self { engine, now: NOW, log: Vec::new(), told: BTreeMap::new() };
        server.handle(Input::Started);
        for number in 1..=3 {
            server.handle(Input::Opened(SessionId(number), Origin::here()));
            server.ask(number, json!({"purpose": "login", "username": "x", "password": "x"}));
        }
        server.told.clear();
        server
    }

    /// Takes an input in; the disk takes at once what comes of it.
    fn handle(&mut self, input: Input) {
        self.engine.handle(input, self.now);
        for effect in self.engine.take_effects() {
            match effect {
                Effect::Send(session, frame) | Effect::Push(session, frame, _) => {
                    let event = serde_json::from_slice(json_of_frame(&frame)).unwrap();
                    self.told.entry(session).or_default().push(event);
                }
                Effect::Verify(session, ticket, ..) => {
                    let user = UserId(u32::try_from(session.0).unwrap());
                    self.handle(Input::Verified(session, ticket, Some(user)));
                }
                Effect::WatchDrained(session) => self.handle(Input::Drained(session)),
                Effect::Fetch(..) | Effect::Admit(..) | Effect::Account(..) | Effect::Close(_) => {}
                // Nobody stays signed in here.
                _ => {}
            }
        }
        if let Some((_, records)) = self.engine.take_batch() {
            self.log.extend(records);
            self.handle(Input::Durable(Seq(self.log.len() as u64)));
        }
    }

    fn ask(&mut self, session: u64, request: Value) {
        let request = Request::parse(request.to_string().as_bytes()).unwrap();
        self.handle(Input::Request(SessionId(session), request));
    }

    /// Says something at a time; gives the place and the time that it got.
    fn say(&mut self, from: u64, now: Millis, mut chat: Value) -> (u64, i64) {
        self.now = now;
        chat["purpose"] = json!("send_message");
        chat["message"] = json!("hi");
        self.ask(from, chat);
        let told = self.told.get(&SessionId(from)).unwrap();
        let reply = told.iter().rfind(|event| event["purpose"] == "send_message").unwrap();
        (reply["seq"].as_u64().unwrap(), reply["at"].as_i64().unwrap() - NOW.0)
    }

    /// The places of the messages that a session was shown, in the order in which it was.
    fn shown(&self, session: u64) -> Vec<u64> {
        let told = self.told.get(&SessionId(session)).into_iter().flatten();
        told.filter(|event| event["purpose"] == "receive_message").map(|event| event["seq"].as_u64().unwrap()).collect()
    }
}

#[test]
fn neither_order_nor_delivery_depends_on_the_clock() {
    for step in [DAY, -DAY] {
        let mut server = Server::new();
        let mut places = Vec::new();
        let mut last = i64::MIN;
        for (n, now) in [0, 1_000, step, step + 1_000, 2_000, 3_000].into_iter().enumerate() {
            let from = if n % 2 == 0 { 1 } else { 2 };
            let (place, at) = server.say(from, NOW.plus(now), json!({"everyone": true}));
            assert!(at >= last, "it went back within the chat, from {last} to {at}");
            last = at;
            places.push(place);
        }
        assert!(places.is_sorted());
        assert_eq!(server.shown(3), places, "everything arrives, in the order in which it was said");
    }
}

#[test]
fn a_clock_that_was_ahead_holds_up_those_chats_alone_that_were_written_in() {
    let mut server = Server::new();
    let (to_bob, to_charlie) = (json!({"to": 2}), json!({"to": 3}));
    assert_eq!(server.say(1, NOW, to_bob.clone()).1, 0);
    assert_eq!(server.say(1, NOW, to_charlie.clone()).1, 0);
    assert_eq!(server.say(1, NOW.plus(DAY), to_bob.clone()).1, DAY, "as given");
    // It is set right again.
    assert_eq!(server.say(1, NOW.plus(1_000), to_charlie.clone()).1, 1_000);
    assert_eq!(server.say(2, NOW.plus(2_000), json!({"to": 1})).1, DAY, "not before what it answers");
    assert_eq!(server.say(1, NOW.plus(3_000), json!({"to_many": [2, 3]})).1, DAY);
    assert_eq!(server.say(3, NOW.plus(4_000), json!({"everyone": true})).1, 4_000);
    assert_eq!(server.say(1, NOW.plus(DAY + 1), to_bob).1, DAY + 1);
}

#[test]
fn what_is_under_way_to_the_disk_keeps_its_order() {
    let mut server = Server::new();
    let message = |text: &str| json!({"purpose": "send_message", "to": 2, "message": text});
    let ask = |server: &mut Server, now: Millis, text: &str| {
        let request = Request::parse(message(text).to_string().as_bytes()).unwrap();
        server.engine.handle(Input::Request(SessionId(1), request), now);
    };
    // Neither is stored yet when the second comes.
    ask(&mut server, NOW.plus(DAY), "first");
    ask(&mut server, NOW, "second");
    let (first, records) = server.engine.take_batch().unwrap();
    let times: Vec<Value> =
        records.iter().map(|json| serde_json::from_slice::<Value>(json).unwrap()["at"].clone()).collect();
    assert_eq!(times, [json!(NOW.0 + DAY), json!(NOW.0 + DAY)], "from {first:?} on");
}

/// Everybody's news come at the time that the clock shows.
fn hears(harness: &mut Harness<'_, State>, event: Event<'_>) {
    let now = harness.state().clock.now;
    harness.state_mut().model.apply(event, now);
    harness.run();
}

/// The clock is set, and so long passes.
fn set(harness: &mut Harness<'_, State>, step: i64, passed: i64) {
    let state = harness.state_mut();
    state.model.clock_was_set(step);
    state.clock.now = state.clock.now.plus(step + passed);
    harness.run();
}

fn window_of_bob() -> Harness<'static, State> {
    with_bob(long_chat(1, 3))
}

#[test]
fn who_was_writing_is_not_for_a_day() {
    for step in [DAY, -DAY] {
        let mut harness = window_of_bob();
        hears(&mut harness, Event::Typing(Typing { from: BOB, group: None, everyone: false }));
        set(&mut harness, step, 1_000);
        assert!(said(&harness, "typing…"), "he still is");
        set(&mut harness, 0, 6_000);
        assert!(!said(&harness, "typing…"));
    }
}

fn said(harness: &Harness<'_, State>, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

#[test]
fn the_next_attempt_is_as_far_away_as_it_was() {
    for step in [DAY, -DAY] {
        let mut model = model();
        model.link = Link::Waiting { until: NOW.plus(8_000), reason: String::new() };
        let mut harness = window(model);
        set(&mut harness, step, 3_000);
        assert!(said(&harness, "Reconnecting in 5 s"));
        let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        assert_eq!(delay, Duration::from_secs(1));
    }
}

#[test]
fn what_the_server_takes_its_time_with_is_not_said_for_a_day() {
    for step in [DAY, -DAY] {
        let mut model = long_chat(1, 3);
        let to = parlor::client::outbox::Destination::Chat(chat_with(BOB));
        model.outbox.push(to, "hi".into(), NOW);
        let mut harness = with_bob(model);
        hears(&mut harness, Event::Throttled(Throttled { wait_ms: 100 }));
        set(&mut harness, step, 1_000);
        assert!(said(&harness, "1 message is on its way"));
        set(&mut harness, 0, 5_000);
        assert!(!said(&harness, "1 message is on its way"));
    }
}

#[test]
fn who_left_is_told_of_when_they_have_been_gone_for_ten_seconds() {
    let status = |model: &mut Model, status, now| {
        let bob = Person { id: BOB, username: "Bob".into(), status, last_seen: None, joined: Seq(0) };
        model.apply(Event::People(People { people: vec![bob], ..People::default() }), now);
    };
    for step in [DAY, -DAY] {
        let mut model = model();
        model.chats.entry(ChatKey::Everyone).or_default().complete = true;
        status(&mut model, Status::Offline, NOW);
        let mut harness = window(model);
        harness.state_mut().window.open_chat(ChatKey::Everyone, &self::model());
        harness.run();
        set(&mut harness, step, 9_000);
        assert!(!said(&harness, "Bob left"), "not yet");
        set(&mut harness, 0, 1_000);
        assert!(said(&harness, "Bob left"));
    }
}
