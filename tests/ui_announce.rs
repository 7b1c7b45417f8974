//! What a screen reader says by itself when messages come: the real window, and the tree that it hands to the system.

mod common;

use common::rooms::{HIKE, in_room, rooms};
use common::*;
use egui::accesskit::{Live, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable};
use parlor::client::model::Link;
use parlor::proto::chat::ChatKey;

/// What is said, politely.
fn said(harness: &Harness<'_, State>) -> Option<String> {
    let node = harness.query_by_role(Role::Status)?;
    assert_eq!(node.accesskit_node().live(), Live::Polite);
    Some(node.accesskit_node().label().unwrap().trim_end_matches('\u{a0}').to_owned())
}

/// Somebody writes, and the window draws.
fn comes(harness: &mut Harness<'_, State>, key: ChatKey, from: parlor::proto::ids::UserId, text: &str) {
    let model = &mut harness.state_mut().model;
    let seq = model.arrived.0.max(5_000) + 1;
    let chat = model.chats.entry(key).or_default();
    let (read, unread) = (chat.read, chat.unread + u32::from(from != ALICE));
    rooms::add(model, key, from, seq, NOW, text);
    let chat = model.chats.get_mut(&key).unwrap();
    (chat.read, chat.unread) = (read, unread);
    if from != ALICE {
        model.arrived = parlor::proto::ids::Seq(seq);
    }
    harness.run();
}

#[test]
fn a_message_in_the_open_chat_is_said_with_its_text() {
    let mut harness = with_bob(long_chat(1000, 3));
    assert_eq!(said(&harness), None, "what was there is read, not announced");
    comes(&mut harness, chat_with(BOB), BOB, "Are we on\nfor \u{202e}Saturday?");
    assert_eq!(said(&harness).unwrap(), "Bob: Are we on for Saturday?");
    let id = harness.get_by_role(Role::Status).accesskit_node().id();
    comes(&mut harness, chat_with(BOB), ALICE, "Yes");
    assert_eq!(said(&harness).unwrap(), "Bob: Are we on for Saturday?", "one's own are not said");
    comes(&mut harness, chat_with(BOB), BOB, "Good");
    assert_eq!(said(&harness).unwrap(), "Bob: Good");
    let label = |harness: &Harness<'_, State>| harness.get_by_role(Role::Status).accesskit_node().label().unwrap();
    let before = label(&harness);
    comes(&mut harness, chat_with(BOB), BOB, "Good");
    assert_eq!(said(&harness).unwrap(), "Bob: Good");
    assert_ne!(label(&harness), before, "only what changes is said");
    assert_eq!(harness.get_by_role(Role::Status).accesskit_node().id(), id, "it is the same line that changes");
}

#[test]
fn a_message_elsewhere_is_said_with_who_wrote_and_how_much_there_is() {
    let mut harness = in_room(rooms(), chat_with(BOB));
    comes(&mut harness, HIKE, CHARLIE, "one");
    assert_eq!(said(&harness).unwrap(), "Charlie, in Weekend hike: 1 new message");
    comes(&mut harness, HIKE, BOB, "two");
    comes(&mut harness, HIKE, BOB, "three");
    assert_eq!(said(&harness).unwrap(), "Bob, in Weekend hike: 3 new messages");
    comes(&mut harness, chat_with(CHARLIE), CHARLIE, "hi");
    assert_eq!(said(&harness).unwrap(), "Charlie: 1 new message");
}

#[test]
fn what_is_muted_is_said_only_when_it_is_open() {
    for (open, words) in [(chat_with(BOB), None), (HIKE, Some("Charlie: hi".to_owned()))] {
        let mut model = rooms();
        model.chats.get_mut(&HIKE).unwrap().muted = true;
        let mut harness = in_room(model, open);
        comes(&mut harness, HIKE, CHARLIE, "hi");
        assert_eq!(said(&harness), words);
    }
}

#[test]
fn with_do_not_disturb_only_what_is_open_is_said() {
    let mut harness = in_room(rooms(), chat_with(BOB));
    harness.state_mut().window.set_do_not_disturb(true);
    comes(&mut harness, HIKE, CHARLIE, "hi");
    assert_eq!(said(&harness), None);
    comes(&mut harness, chat_with(BOB), BOB, "hello");
    assert_eq!(said(&harness).unwrap(), "Bob: hello");
}

#[test]
fn without_the_focus_nothing_is_said_and_nothing_is_made_up_for() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.input_mut().focused = false;
    comes(&mut harness, chat_with(BOB), BOB, "told by the desktop");
    harness.input_mut().focused = true;
    harness.run();
    assert_eq!(said(&harness), None);
}

#[test]
fn what_was_missed_is_said_when_all_of_it_is_there() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.state_mut().model.link = Link::Connecting;
    comes(&mut harness, chat_with(BOB), BOB, "one");
    comes(&mut harness, chat_with(BOB), BOB, "two");
    assert_eq!(said(&harness), None);
    harness.state_mut().model.link = Link::Online;
    harness.run();
    assert_eq!(said(&harness).unwrap(), "Bob: two");
}

#[test]
fn who_signs_out_leaves_no_words_behind() {
    let mut harness = with_bob(long_chat(1000, 3));
    comes(&mut harness, chat_with(BOB), BOB, "secret");
    assert!(said(&harness).is_some());
    harness.state_mut().model = parlor::client::model::Model::new(parlor::proto::ids::DeviceId::from_random(1));
    harness.run();
    assert_eq!(said(&harness), None);
    harness.state_mut().model = long_chat(1000, 3);
    harness.run();
    assert_eq!(said(&harness), None);
}
