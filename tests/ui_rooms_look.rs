//! How rooms look: a lively group, everyone with comings and goings, what the composer offers, the card of a message.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test ui_rooms_look` draws the pictures anew, after a change that was meant.

mod common;

use common::rooms::*;
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::model::{Info, Model};
use parlor::proto::chat::{Change, ChatKey};
use parlor::proto::event::{Code, Problem, Receipt, Receipts};
use parlor::proto::ids::{Millis, Seq, UserId};

/// Another version of the renderer may draw edges a little differently.
fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

fn today(time: &str) -> Millis {
    at(&format!("2026-11-20T{time}:00Z"))
}

fn lively() -> Model {
    let mut model = rooms();
    let members = vec![ALICE, BOB, CHARLIE, DORA];
    let made = Change::Created {
        name: parlor::proto::chat::GroupName::new("Hike").unwrap(),
        members,
        history: parlor::proto::chat::Past::All,
    };
    happen(&mut model, HIKE, BOB, 9, today("09:00"), made);
    happen(&mut model, HIKE, ALICE, 10, today("09:02"), renamed("Weekend hike"));
    add(
        &mut model,
        HIKE,
        BOB,
        11,
        today("09:12"),
        "Are we on for Saturday? The forecast says sun until the afternoon.",
    );
    add(&mut model, HIKE, DORA, 12, today("09:13"), "In! @Bob can you bring the big tent? ⛺");
    add(&mut model, HIKE, DORA, 13, today("09:13"), "And @emil the stove");
    add(
        &mut model,
        HIKE,
        ALICE,
        14,
        today("09:20"),
        "Great. @Dora Maar I'll take the 7:32, meet you all at the station!",
    );
    happen(&mut model, HIKE, ALICE, 15, today("09:30"), Change::Added { members: vec![EMIL] });
    add(&mut model, HIKE, ALICE, 16, today("11:02"), "Welcome, Emil 👋");
    add(&mut model, HIKE, CHARLIE, 17, today("13:41"), "Who drives?");
    call(
        &mut model,
        HIKE,
        BOB,
        18,
        today("14:02"),
        "@Alice has the car this time, right? Otherwise I'll ask @Charlie.",
    );
    add(&mut model, HIKE, ALICE, 19, today("14:05"), "Yes, four seats");
    model.delivered = [(BOB, Seq(19)), (CHARLIE, Seq(16)), (DORA, Seq(19)), (EMIL, Seq(16))].into();
    let chat = model.chats.get_mut(&HIKE).unwrap();
    chat.read_by = [(BOB, Seq(19)), (CHARLIE, Seq(14)), (DORA, Seq(16)), (EMIL, Seq(14))].into();
    model
}

fn everyone() -> Model {
    let mut model = rooms();
    let room = ChatKey::Everyone;
    add(&mut model, room, BOB, 20, at("2026-11-19T16:40:00Z"), "The hut is open until the 30th, by the way.");
    notice(&mut model, CHARLIE, true, today("08:58"));
    notice(&mut model, ANN, true, Millis(today("08:58").0 + 20_000));
    add(&mut model, room, ANN, 21, today("09:02"), "Good morning, everybody");
    add(&mut model, room, ANN, 22, today("09:03"), "There is coffee ☕");
    add(&mut model, room, ALICE, 23, today("09:04"), "On my way!");
    notice(&mut model, EMIL, false, today("12:59"));
    notice(&mut model, CHARLIE, false, today("13:00"));
    notice(&mut model, DORA, true, Millis(today("13:00").0 + 30_000));
    add(&mut model, room, DORA, 24, today("14:30"), "@Bob and @Ann Bobrova: is the meeting at three?");
    model.delivered = [(BOB, Seq(24)), (CHARLIE, Seq(24)), (DORA, Seq(24)), (ANN, Seq(24)), (EMIL, Seq(24))].into();
    let chat = model.chats.get_mut(&room).unwrap();
    chat.read_by = [(BOB, Seq(24)), (DORA, Seq(24)), (ANN, Seq(23))].into();
    model
}

fn room(model: Model, size: [f32; 2], theme: Theme, key: ChatKey) -> Harness<'static, State> {
    let mut harness = themed(model, size, theme);
    open_room(&mut harness, key);
    harness
}

fn receipts() -> Receipts {
    let receipt = |user: UserId, time: &str| Receipt { user, at: today(time) };
    Receipts {
        chat: HIKE,
        seq: Seq(16),
        receivers: 4,
        delivered_count: 3,
        read_count: 2,
        delivered: vec![receipt(BOB, "11:02"), receipt(DORA, "11:02"), receipt(EMIL, "11:40")],
        read: vec![receipt(BOB, "11:03"), receipt(DORA, "11:30")],
    }
}

fn with_info(mut model: Model, seq: u64, receipts: Result<Receipts, Problem>) -> Model {
    model.info = Some(Info { chat: HIKE, seq: Seq(seq), receipts: Some(receipts) });
    model
}

#[test]
fn a_lively_group_in_the_light() {
    look(&mut room(lively(), [1000.0, 760.0], Theme::Light, HIKE), "room_light");
}

#[test]
fn a_lively_group_in_the_dark() {
    look(&mut room(lively(), [1000.0, 760.0], Theme::Dark, HIKE), "room_dark");
}

#[test]
fn a_lively_group_in_a_small_window() {
    look(&mut room(lively(), [376.0, 700.0], Theme::Light, HIKE), "room_small");
}

/// Everyone, with comings and goings, while somebody is about to call somebody.
fn calling(theme: Theme) -> Harness<'static, State> {
    let mut harness = room(everyone(), [1000.0, 700.0], theme, ChatKey::Everyone);
    type_text(&mut harness, "Ask @");
    key(&mut harness, Modifiers::NONE, Key::ArrowDown);
    harness
}

#[test]
fn everyone_in_the_light() {
    look(&mut calling(Theme::Light), "everyone_light");
}

#[test]
fn everyone_in_the_dark() {
    look(&mut calling(Theme::Dark), "everyone_dark");
}

#[test]
fn a_draft_that_calls_somebody_first() {
    let mut harness = room(everyone(), [1000.0, 600.0], Theme::Light, ChatKey::Everyone);
    type_text(&mut harness, "@Bob only between us: no");
    look(&mut harness, "composer_alone_light");
}

#[test]
fn the_commands() {
    let mut harness = room(everyone(), [1000.0, 600.0], Theme::Dark, ChatKey::Everyone);
    type_text(&mut harness, "/help");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    look(&mut harness, "composer_help_dark");
}

#[test]
fn who_is_there_and_a_command_that_cannot_be_done() {
    let mut harness = room(everyone(), [376.0, 600.0], Theme::Light, ChatKey::Everyone);
    type_text(&mut harness, "/who");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    type_text(&mut harness, "/msg Bobby hello");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    look(&mut harness, "composer_who_wrong_small");
}

#[test]
fn commands_that_are_offered() {
    let mut harness = room(everyone(), [1000.0, 600.0], Theme::Light, ChatKey::Everyone);
    type_text(&mut harness, "/");
    look(&mut harness, "composer_commands_light");
}

#[test]
fn the_card_of_a_message_in_the_light() {
    look(&mut room(with_info(lively(), 16, Ok(receipts())), [1000.0, 700.0], Theme::Light, HIKE), "info_light");
}

#[test]
fn the_card_of_a_message_in_the_dark() {
    look(&mut room(with_info(lively(), 16, Ok(receipts())), [1000.0, 700.0], Theme::Dark, HIKE), "info_dark");
}

#[test]
fn the_card_of_a_message_without_read_receipts_in_a_small_window() {
    let mut model = with_info(lively(), 14, Ok(receipts()));
    model.read_receipts = false;
    look(&mut room(model, [360.0, 500.0], Theme::Light, HIKE), "info_off_small");
}

#[test]
fn the_card_of_a_message_that_could_not_be_found_out() {
    let problem = Problem::new(Code::Busy, "the server has too much to do at the moment; try again in a while");
    look(&mut room(with_info(lively(), 16, Err(problem)), [700.0, 480.0], Theme::Dark, HIKE), "info_problem_dark");
}

#[test]
fn a_message_that_waits_for_its_receiver() {
    let mut model = rooms();
    add(&mut model, chat_with(CHARLIE), CHARLIE, 30, today("12:10"), "Call me when you are back");
    add(&mut model, chat_with(CHARLIE), ALICE, 31, today("14:50"), "Back!");
    add(&mut model, chat_with(CHARLIE), ALICE, 32, today("14:51"), "But now you are gone");
    model.chats.get_mut(&chat_with(CHARLIE)).unwrap().complete = true;
    look(&mut room(model, [700.0, 480.0], Theme::Light, chat_with(CHARLIE)), "waits_for_receiver");
}
