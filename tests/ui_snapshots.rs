//! How the window looks, drawn without a graphics card (lavapipe) and with nothing but the bundled fonts.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test ui_snapshots` draws the pictures anew, after a change that was meant.

mod common;

use common::*;
use egui::Theme;
use egui_kittest::kittest::Queryable as _;
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::model::{Field, Link, Model, Phase, SignInProblem};
use parlor::client::outbox::Destination;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::DeviceId;
use parlor::settings::values::Settings;

/// Another version of the renderer may draw edges a little differently.
fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

fn conversation() -> Model {
    let mut model = model();
    for (seq, from, when, text) in [
        (1, BOB, "2026-11-19T08:02:00Z", "Are we on for Saturday? The forecast says sun until the afternoon."),
        (2, BOB, "2026-11-19T08:03:00Z", "I could bring the big tent."),
        (3, ALICE, "2026-11-19T08:20:00Z", "Yes! 8 at the station?"),
        (4, BOB, "2026-11-20T09:12:00Z", "Perfect"),
        (5, ALICE, "2026-11-20T09:14:00Z", "I'll take the 7:32 then.\n\nAlso:\n- gas\n- rope\n- the good coffee"),
    ] {
        say(&mut model, BOB, from, seq, at(when), text, true);
    }
    say(&mut model, CHARLIE, CHARLIE, 6, at("2026-11-20T10:00:00Z"), "See you on Monday, then", false);
    say(&mut model, BOB, BOB, 7, at("2026-11-20T14:40:00Z"), "The hut is open until the 30th.", false);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    model
}

#[test]
fn the_login_page() {
    look(&mut themed(Model::new(DeviceId::from_random(1)), [900.0, 600.0], Theme::Light), "login_light");
}

#[test]
fn the_login_page_with_a_problem_in_a_small_window() {
    let mut model = Model::new(DeviceId::from_random(1));
    let message = "No server answers at this address. Check it, or leave it empty to host on this computer.".into();
    model.phase = Phase::SignedOut { problem: Some(SignInProblem { field: Field::Server, message }) };
    look(&mut themed(model, [376.0, 496.0], Theme::Dark), "login_problem_dark_small");
}

#[test]
fn on_the_way_in() {
    let settings = Settings::default();
    let mut harness = chosen(Model::new(DeviceId::from_random(1)), [900.0, 600.0], Theme::Light, settings);
    harness.get_by_label_contains("Join a server").click();
    harness.run();
    harness.event(egui::Event::Text("chat.example.org".into()));
    harness.run();
    harness.state_mut().model.phase = Phase::SigningIn;
    look(&mut harness, "login_connecting_light");
}

#[test]
fn a_list_with_nobody_in_it() {
    let mut model = model();
    model.people.retain(|id, _| *id == ALICE);
    look(&mut themed(model, [900.0, 600.0], Theme::Light), "list_nobody_light");
}

#[test]
fn a_list_that_is_not_there_yet() {
    let mut model = model();
    model.people.clear();
    model.link = Link::Connecting;
    look(&mut themed(model, [376.0, 496.0], Theme::Dark), "list_loading_small_dark");
}

#[test]
fn a_conversation_in_the_light() {
    let mut harness = themed(conversation(), [1000.0, 700.0], Theme::Light);
    open(&mut harness, BOB);
    look(&mut harness, "chat_light");
}

#[test]
fn a_conversation_in_the_dark() {
    let mut harness = themed(conversation(), [1000.0, 700.0], Theme::Dark);
    open(&mut harness, BOB);
    look(&mut harness, "chat_dark");
}

#[test]
fn a_conversation_in_trouble_in_a_small_window() {
    let mut model = conversation();
    model.link = Link::Waiting { until: NOW.plus(4_000), reason: "connection refused".into() };
    model.outbox.push(Destination::Chat(chat_with(BOB)), "on its way".into(), NOW);
    let n = model.outbox.push(Destination::Chat(chat_with(BOB)), "this one was refused".into(), NOW).n;
    model.outbox.fail(n, Problem::new(Code::StorageFull, "The server's disk is full; try again later."));
    let mut harness = themed(model, [376.0, 496.0], Theme::Light);
    open(&mut harness, BOB);
    scroll(&mut harness, -1_000.0);
    harness.remove_cursor();
    harness.step();
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.snapshot_options("chat_trouble_small", &options);
}

#[test]
fn emoji_are_in_colour_wherever_they_stand_and_words_are_as_they_were_written() {
    let mut model = conversation();
    model.people.get_mut(&CHARLIE).unwrap().username = "Charlie 🚣".into();
    for (seq, from, text) in [
        (11, BOB, "2x3 -> 6, 10:30, (c) <=> S-8"),
        (12, BOB, "🎉"),
        (13, ALICE, "Flags 🇩🇪🇯🇵, families 👨‍👩‍👧‍👦, tones 👍🏻👍🏽👍🏿, hearts ❤️❤, keys 1️⃣, done ✅ 🤨☀️"),
        (14, ALICE, "© ® ™ → 100 % ✔\u{fe0e}"),
    ] {
        say(&mut model, BOB, from, seq, NOW, text, true);
    }
    let mut harness = boxless(model, [900.0, 500.0], Theme::Dark);
    open(&mut harness, BOB);
    type_text(&mut harness, "And here 🏳️‍🌈, too 🫩");
    look(&mut harness, "emoji_dark");
}

#[test]
fn an_empty_chat() {
    let mut model = conversation();
    model.hosting = hosted(None);
    model.chats.entry(chat_with(CHARLIE)).or_default().messages.clear();
    model.chats.get_mut(&chat_with(CHARLIE)).unwrap().complete = true;
    let mut harness = themed(model, [900.0, 600.0], Theme::Light);
    open(&mut harness, CHARLIE);
    look(&mut harness, "chat_empty");
}

#[test]
fn the_list_alone() {
    let mut model = conversation();
    model.hosting = hosted(Some("192.168.1.5:27275"));
    look(&mut themed(model, [900.0, 600.0], Theme::Light), "list_light");
}
