//! Exporting a chat and reading an export: the dialogs, what they ask of what surrounds the window, and how they look.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test ui_export` draws the pictures anew, after a change that was meant.

mod common;

use std::path::PathBuf;

use common::groups::*;
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::{Link, Model};
use parlor::export::{Export, Format, Order};
use parlor::proto::chat::{Change, ChatKey};
use parlor::proto::ids::Millis;

type Window = Harness<'static, State>;

fn look(harness: &mut Window, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

/// The chat with Bob: so many messages are loaded, and older ones are on the server.
fn partly(count: u64) -> Model {
    let mut model = long_chat(4_001, count);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    model
}

fn dialog(model: Model, size: [f32; 2], theme: Theme) -> Window {
    let mut harness = themed(model, size, theme);
    open(&mut harness, BOB);
    palette(&mut harness, "export this");
    harness.state_mut().take();
    harness
}

/// Does what the palette finds first.
fn palette(harness: &mut Window, words: &str) {
    key(harness, Modifiers::COMMAND, Key::K);
    type_text(harness, words);
    key(harness, Modifiers::NONE, Key::Enter);
}

fn order(harness: &mut Window) -> Option<Order> {
    harness.state_mut().window.take_export_order()
}

/// Presses the button, and answers for the system with that place.
fn placed(harness: &mut Window, place: Option<&str>) -> (String, Format) {
    click(harness, "Export…");
    let Some(Order::AskPlace { name, format, tell }) = order(harness) else { panic!("no place is asked for") };
    tell.send(place.map(PathBuf::from)).unwrap();
    harness.run();
    (name, format)
}

/// Whether an older page was asked for since the last look.
fn asks_for_page(harness: &mut Window) -> bool {
    harness.state_mut().take().iter().any(|command| matches!(command, Command::LoadOlder { .. }))
}

fn says(harness: &Window, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

#[test]
fn a_chat_is_exported_from_its_details() {
    let mut harness = with_bob(long_chat(1, 30));
    click(&mut harness, "Details");
    click(&mut harness, "Export this chat…");
    assert!(says(&harness, "All of the chat: 30 messages"));
    click(&mut harness, "Text, as plain lines");
    assert_eq!(placed(&mut harness, Some("/tmp/Bob.txt")), ("Bob 2026-11-20.txt".into(), Format::Text));
    let Some(Order::Write { path, format, export, progress, tell, .. }) = order(&mut harness) else {
        panic!("nothing is written")
    };
    assert_eq!((path.to_str().unwrap(), format), ("/tmp/Bob.txt", Format::Text));
    assert_eq!((export.entries.len(), export.head.complete), (30, true));
    assert_eq!((export.head.chat.as_str(), export.head.by.as_str()), ("Bob", "Alice"));
    assert_eq!(&*export.entries[2].from, "Alice");
    assert!(progress.note(12), "it is wanted");
    harness.run();
    assert!(says(&harness, "12 of 30 messages"));
    tell.send(Ok(())).unwrap();
    harness.run();
    assert!(says(&harness, "30 messages exported") && says(&harness, "/tmp/Bob.txt"));
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert!(!says(&harness, "exported"), "it is closed");
}

#[test]
fn all_of_a_chat_is_loaded_before_it_is_written() {
    let mut harness = dialog(partly(1_000), [1000.0, 700.0], Theme::Light);
    harness.state_mut().model.chats.get_mut(&chat_with(BOB)).unwrap().loading = true;
    placed(&mut harness, Some("/tmp/Bob.html"));
    assert!(order(&mut harness).is_none(), "not yet");
    assert!(!asks_for_page(&mut harness), "one is on its way");
    assert!(says(&harness, "1,000 of about 5,000 messages"));
    harness.state_mut().chat(BOB).loading = false;
    harness.step();
    assert!(asks_for_page(&mut harness), "and then the next one");
    harness.state_mut().chat(BOB).loading = true;
    harness.run();
    let frames = harness.state().frames;
    harness.run();
    assert!(harness.state().frames <= frames + 2, "nothing is drawn while one waits");
    harness.state_mut().model.link = Link::Waiting { until: Millis(0), reason: "gone".into() };
    harness.state_mut().chat(BOB).loading = false;
    harness.run();
    assert!(says(&harness, "Waiting for the connection") && !asks_for_page(&mut harness));
    harness.state_mut().model = long_chat(1, 5_000);
    harness.run();
    let Some(Order::Write { export, .. }) = order(&mut harness) else { panic!("nothing is written") };
    assert_eq!((export.entries.len(), export.head.complete), (5_000, true));
}

#[test]
fn what_is_loaded_is_enough_for_who_says_so() {
    let mut harness = dialog(partly(200), [1000.0, 700.0], Theme::Light);
    click(&mut harness, "Only the 200 that are loaded");
    click(&mut harness, "JSON, to open again in Parlor");
    placed(&mut harness, Some("/tmp/Bob.json"));
    let Some(Order::Write { export, format, .. }) = order(&mut harness) else { panic!("nothing is written") };
    assert_eq!((export.entries.len(), export.head.complete, format), (200, false, Format::Json));
    assert!(!asks_for_page(&mut harness));
}

#[test]
fn a_page_that_does_not_come_is_said_and_asked_for_again() {
    let mut harness = dialog(partly(200), [1000.0, 700.0], Theme::Light);
    harness.state_mut().chat(BOB).problem = Some("an old one".into());
    click(&mut harness, "Export…");
    let Some(Order::AskPlace { tell, .. }) = order(&mut harness) else { panic!("no place is asked for") };
    tell.send(Some("/tmp/Bob.html".into())).unwrap();
    harness.step();
    assert!(asks_for_page(&mut harness), "whatever went wrong before");
    harness.state_mut().chat(BOB).problem = Some("The server is busy.".into());
    harness.run();
    assert!(says(&harness, "The server is busy.") && !asks_for_page(&mut harness));
    click(&mut harness, "Try again");
    assert!(asks_for_page(&mut harness));
}

#[test]
fn who_cancels_is_left_with_nothing() {
    for leave in ["Cancel", "Close"] {
        let mut harness = dialog(long_chat(1, 30), [1000.0, 700.0], Theme::Light);
        placed(&mut harness, Some("/tmp/Bob.html"));
        let Some(Order::Write { progress, .. }) = order(&mut harness) else { panic!("nothing is written") };
        assert!(progress.note(3));
        click(&mut harness, leave);
        assert!(!progress.note(4), "nobody wants it any more: {leave}");
    }
    let mut harness = dialog(long_chat(1, 30), [1000.0, 700.0], Theme::Light);
    placed(&mut harness, Some("/tmp/Bob.html"));
    let Some(Order::Write { progress, .. }) = order(&mut harness) else { panic!("nothing is written") };
    harness.state_mut().model = parlor::client::model::Model::new(parlor::proto::ids::DeviceId::from_random(2));
    harness.run();
    assert!(!progress.note(4), "somebody else may sign in");
}

#[test]
fn who_cancels_the_choice_of_a_place_can_choose_again_and_trouble_is_said() {
    let mut harness = dialog(long_chat(1, 30), [1000.0, 700.0], Theme::Light);
    placed(&mut harness, None);
    assert!(order(&mut harness).is_none());
    placed(&mut harness, Some("/root/Bob.html"));
    let Some(Order::Write { tell, .. }) = order(&mut harness) else { panic!("nothing is written") };
    tell.send(Err("You have no right to write in that folder. Choose another one.".into())).unwrap();
    harness.run();
    assert!(says(&harness, "You have no right to write in that folder."));
    // Nobody answers.
    click(&mut harness, "Export…");
    drop(order(&mut harness));
    harness.run();
    assert!(says(&harness, "too busy to do that now"));
    placed(&mut harness, Some("/tmp/Bob.html"));
    assert!(order(&mut harness).is_some(), "and it goes on from there");
}

#[test]
fn the_keyboard_is_enough() {
    let mut harness = dialog(long_chat(1, 30), [1000.0, 700.0], Theme::Light);
    assert!(harness.get_by_label("Web page, to read in any browser").is_focused());
    key(&mut harness, Modifiers::NONE, Key::Tab);
    key(&mut harness, Modifiers::NONE, Key::Space);
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    let Some(Order::AskPlace { format, .. }) = order(&mut harness) else { panic!("no place is asked for") };
    assert_eq!(format, Format::Text);
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Text, as plain lines").is_none(), "Esc closes it");
}

#[test]
fn what_happened_is_told_in_names() {
    let mut model = crowd();
    let chat = model.chats.get_mut(&ChatKey::Group(HIKE)).unwrap();
    let last = chat.messages.back_mut().unwrap();
    (last.from, last.text) = (ALICE, "".into());
    last.change = Some(std::sync::Arc::new(Change::Added { members: vec![BOB, ALICE] }));
    chat.complete = true;
    let mut harness = window(model);
    open_chat(&mut harness, ChatKey::Group(HIKE));
    palette(&mut harness, "export this");
    placed(&mut harness, Some("/tmp/Hike.html"));
    let Some(Order::Write { export, .. }) = order(&mut harness) else { panic!("nothing is written") };
    assert_eq!(export.entries.last().unwrap().change.as_deref(), Some("Alice added Bob and Alice"));
}

/// Opens an export, as if it had been chosen.
fn reading(harness: &mut Window, answer: Option<Result<Export, String>>) {
    palette(harness, "open an export");
    let Some(Order::Open { tell }) = order(harness) else { panic!("no file is asked for") };
    tell.send(answer).unwrap();
    harness.run();
}

fn kept(count: u64) -> Export {
    let mut harness = dialog(long_chat(1, count), [1000.0, 700.0], Theme::Light);
    placed(&mut harness, Some("/tmp/Bob.json"));
    match order(&mut harness) {
        Some(Order::Write { export, .. }) => export,
        _ => panic!("nothing is written"),
    }
}

#[test]
fn an_export_is_read_page_by_page_and_nothing_goes_to_the_server() {
    let export = kept(250);
    let mut harness = window(model());
    reading(&mut harness, Some(Ok(export)));
    harness.state_mut().take();
    assert!(says(&harness, "250 messages, exported by Alice, 20 Nov 2026, 15:00"));
    assert!(says(&harness, "message 1.") && says(&harness, "Page 1 of 3"));
    assert!(harness.query_by_label("Earlier").is_none());
    click(&mut harness, "Later");
    click(&mut harness, "Later");
    assert!(says(&harness, "message 201.") && says(&harness, "Page 3 of 3"));
    assert!(harness.query_by_label("Later").is_none());
    key(&mut harness, Modifiers::NONE, Key::End);
    assert!(says(&harness, "message 250."));
    assert!(harness.state_mut().take().is_empty());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!says(&harness, "exported by"));
}

#[test]
fn a_file_that_is_no_export_is_refused_and_another_can_be_chosen() {
    let mut harness = window(model());
    reading(&mut harness, Some(Err("The end of this export is missing.".into())));
    assert!(says(&harness, "The end of this export is missing."));
    click(&mut harness, "Choose again");
    let Some(Order::Open { tell }) = order(&mut harness) else { panic!("no file is asked for") };
    tell.send(None).unwrap();
    harness.run();
    assert!(!says(&harness, "Choose a file"), "nothing was chosen");
}

#[test]
fn the_dialog_in_the_light() {
    look(&mut dialog(partly(1_200), [1000.0, 700.0], Theme::Light), "export_light");
}

#[test]
fn the_dialog_with_what_went_wrong_in_a_small_window() {
    let mut harness = dialog(partly(1_200), [376.0, 496.0], Theme::Dark);
    click(&mut harness, "Export…");
    drop(order(&mut harness));
    look(&mut harness, "export_problem_small_dark");
}

fn loading(theme: Theme) -> Window {
    let mut harness = dialog(partly(1_200), [1000.0, 700.0], theme);
    harness.state_mut().chat(BOB).loading = true;
    placed(&mut harness, Some("/tmp/Bob.html"));
    harness
}

#[test]
fn how_far_it_is_in_the_light() {
    look(&mut loading(Theme::Light), "export_loading_light");
}

#[test]
fn how_far_it_is_in_the_dark() {
    look(&mut loading(Theme::Dark), "export_loading_dark");
}

#[test]
fn where_the_file_is() {
    let mut harness = dialog(long_chat(1, 30), [1000.0, 700.0], Theme::Light);
    placed(&mut harness, Some("/home/alice/Documents/Chats/Bob 2026-11-20.html"));
    let Some(Order::Write { tell, .. }) = order(&mut harness) else { panic!("nothing is written") };
    tell.send(Ok(())).unwrap();
    look(&mut harness, "export_done_light");
}

fn read_by(size: [f32; 2], theme: Theme) -> Window {
    let mut export = kept(250);
    export.entries[2].change = Some("Alice added Bob and Charlie".into());
    let mut harness = themed(model(), size, theme);
    reading(&mut harness, Some(Ok(export)));
    harness
}

#[test]
fn an_export_that_is_read_in_the_light() {
    look(&mut read_by([1000.0, 700.0], Theme::Light), "reading_light");
}

#[test]
fn an_export_that_is_read_in_a_small_window() {
    look(&mut read_by([376.0, 640.0], Theme::Dark), "reading_small_dark");
}
