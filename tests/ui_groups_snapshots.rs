//! How groups look: the list in its parts, the dialogs, the details of a chat.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test ui_groups_snapshots` draws the pictures anew, after a change that was meant.

mod common;

use common::groups::*;
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::model::{Job, Spread};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Problem, Status};

/// Another version of the renderer may draw edges a little differently.
fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

#[test]
fn the_list_in_the_light() {
    look(&mut themed(crowd(), [1000.0, 700.0], Theme::Light), "groups_list_light");
}

#[test]
fn the_list_in_the_dark() {
    look(&mut themed(crowd(), [1000.0, 700.0], Theme::Dark), "groups_list_dark");
}

#[test]
fn the_menu_of_the_account() {
    let mut harness = themed(crowd(), [1000.0, 700.0], Theme::Light);
    click(&mut harness, "Account of Alice");
    look(&mut harness, "groups_account_menu");
}

#[test]
fn the_menu_of_what_can_be_begun() {
    let mut harness = themed(crowd(), [1000.0, 700.0], Theme::Dark);
    click(&mut harness, "New…");
    look(&mut harness, "groups_new_menu");
}

#[test]
fn the_dialog_of_a_new_group() {
    let mut harness = themed(crowd(), [1000.0, 700.0], Theme::Light);
    click(&mut harness, "New group");
    type_text(&mut harness, "Everybody who ever went to the hut with us, and their dogs");
    for name in ["Charlie, last seen at 13:00", "Dora Weiss, away", "Emil Novák, last seen yesterday at 21:40"] {
        pick(&mut harness, name);
    }
    look(&mut harness, "groups_new_light");
}

#[test]
fn the_dialog_of_a_new_group_that_was_refused_in_a_small_window() {
    let mut harness = themed(crowd(), [376.0, 496.0], Theme::Dark);
    click(&mut harness, "New group");
    type_text(&mut harness, "Hike");
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    let problem = Problem::new(Code::StorageFull, "The server's disk is full; try again later.");
    harness.state_mut().model.job = Some(Job { n: 1, outcome: Some(Err(problem)) });
    look(&mut harness, "groups_new_small_dark");
}

#[test]
fn the_details_of_a_group_in_the_light() {
    let mut harness = themed(crowd(), [1400.0, 900.0], Theme::Light);
    open_chat(&mut harness, ChatKey::Group(HIKE));
    click(&mut harness, "Details");
    look(&mut harness, "groups_details_light");
}

#[test]
fn the_details_of_a_group_in_the_dark_with_a_question() {
    let mut harness = themed(crowd(), [1400.0, 900.0], Theme::Dark);
    open_chat(&mut harness, ChatKey::Group(HIKE));
    click(&mut harness, "Details");
    click(&mut harness, "Actions for Charlie");
    click(&mut harness, "Remove from the group…");
    look(&mut harness, "groups_details_dark");
}

#[test]
fn the_details_of_a_person() {
    let mut harness = themed(crowd(), [1400.0, 900.0], Theme::Light);
    open_chat(&mut harness, chat_with(BOB));
    click(&mut harness, "Details");
    look(&mut harness, "groups_details_person");
}

#[test]
fn the_details_over_the_conversation_in_a_small_window() {
    let mut model = crowd();
    model.groups.get_mut(&HIKE).unwrap().name = "Everybody who ever went to the hut with us, and all their dogs".into();
    let mut harness = themed(model, [376.0, 640.0], Theme::Light);
    open_chat(&mut harness, ChatKey::Group(HIKE));
    click(&mut harness, "Details");
    click(&mut harness, "Leave group");
    look(&mut harness, "groups_details_small");
}

#[test]
fn what_became_of_a_message_to_several() {
    let mut harness = themed(crowd(), [1000.0, 700.0], Theme::Light);
    click(&mut harness, "New…");
    click(&mut harness, "Message several people…");
    for name in ["Bob, online", "Charlie, last seen at 13:00", "Dora Weiss, away", "Mateo Silva, offline"] {
        pick(&mut harness, name);
    }
    harness.get_by_label("Message to each of them").focus();
    harness.run();
    type_text(&mut harness, "The hut is booked for us.\nBring what you need!");
    look(&mut harness, "groups_several_light");
    click(&mut harness, "Send");
    let outcomes = vec![
        sent_to(2, Status::Online, None, None),
        sent_to(3, Status::Offline, Some("2026-11-20T13:00:00Z"), None),
        sent_to(4, Status::Away, None, None),
        sent_to(7, Status::Offline, None, Some("This account was removed a moment ago.")),
    ];
    harness.state_mut().model.spread = Some(Spread { n: 1, outcomes: Some(Ok(outcomes)) });
    look(&mut harness, "groups_outcome_light");
}
