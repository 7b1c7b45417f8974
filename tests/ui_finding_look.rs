//! How finding one's way looks: the palette, the list that is searched, pinned chats, what is unread, the keys.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test ui_finding_look` draws the pictures anew, after a change that was meant.

mod common;

use common::groups::*;
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::model::Model;
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::UserId;

const WIDE: [f32; 2] = [1000.0, 700.0];
const SMALL: [f32; 2] = [360.0, 640.0];
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };

/// Another version of the renderer may draw edges a little differently.
fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

/// With what was said lately read, and somebody open.
fn visited(size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let mut harness = themed(crowd(), size, theme);
    for key in [chat_with(UserId(6)), ChatKey::Group(KITCHEN), chat_with(BOB)] {
        open_chat(&mut harness, key);
    }
    harness
}

fn pressed(mut harness: Harness<'static, State>, keys: &[(Modifiers, Key)]) -> Harness<'static, State> {
    for (modifiers, pressed) in keys {
        key(&mut harness, *modifiers, *pressed);
    }
    harness
}

#[test]
fn the_palette_in_the_light() {
    look(&mut pressed(visited(WIDE, Theme::Light), &[(CTRL, Key::K)]), "palette_light");
}

#[test]
fn the_palette_in_the_dark() {
    let keys = [(CTRL, Key::K), (Modifiers::NONE, Key::ArrowDown)];
    look(&mut pressed(visited(WIDE, Theme::Dark), &keys), "palette_dark");
}

#[test]
fn the_palette_with_what_was_found() {
    let mut harness = pressed(visited(WIDE, Theme::Dark), &[(CTRL, Key::K)]);
    type_text(&mut harness, "me");
    look(&mut harness, "palette_found_dark");
}

#[test]
fn the_palette_in_a_small_window() {
    let mut harness = pressed(visited(SMALL, Theme::Light), &[(CTRL, Key::K)]);
    type_text(&mut harness, "me");
    look(&mut harness, "palette_found_small");
}

#[test]
fn the_palette_with_nothing_found() {
    let mut harness = pressed(visited(SMALL, Theme::Dark), &[(CTRL, Key::K)]);
    type_text(&mut harness, "zzyzx");
    look(&mut harness, "palette_nothing_small_dark");
}

#[test]
fn the_list_with_what_was_found() {
    let mut harness = pressed(visited(WIDE, Theme::Light), &[(CTRL_SHIFT, Key::K)]);
    type_text(&mut harness, "mi");
    look(&mut harness, "list_search_light");
    type_text(&mut harness, "zz");
    look(&mut harness, "list_search_nothing_light");
}

#[test]
fn pinned_chats_and_the_menu_of_one() {
    let mut harness = visited(WIDE, Theme::Dark);
    let pinned = vec![chat_with(BOB), ChatKey::Group(KITCHEN)];
    harness.state_mut().window.set_pinned(pinned);
    harness.run();
    look(&mut harness, "pinned_dark");
    let mut harness =
        pressed(harness, &[(CTRL_SHIFT, Key::K), (Modifiers::NONE, Key::Tab), (Modifiers::NONE, Key::Tab)]);
    for pressed in [Key::Tab, Key::F10] {
        let held = if pressed == Key::F10 { Modifiers::SHIFT } else { Modifiers::NONE };
        key(&mut harness, held, pressed);
    }
    look(&mut harness, "row_menu_dark");
}

fn seen(mut model: Model) -> Model {
    model.chats.values_mut().for_each(|chat| (chat.unread, chat.mentions) = (0, 0));
    model
}

#[test]
fn what_is_unread_and_nothing_left() {
    let mut harness = themed(crowd(), WIDE, Theme::Light);
    key(&mut harness, CTRL, Key::U);
    look(&mut harness, "unread_light");
    harness.state_mut().model = seen(crowd());
    harness.run();
    look(&mut harness, "caught_up_light");
}

#[test]
fn nothing_left_in_a_small_window() {
    look(&mut pressed(themed(seen(crowd()), SMALL, Theme::Dark), &[(CTRL, Key::J)]), "caught_up_small_dark");
}

#[test]
fn the_keys_in_the_light() {
    look(&mut pressed(visited(WIDE, Theme::Light), &[(CTRL, Key::Slash)]), "shortcuts_light");
}

#[test]
fn the_keys_in_the_dark() {
    look(&mut pressed(visited(WIDE, Theme::Dark), &[(CTRL, Key::Slash)]), "shortcuts_dark");
}

#[test]
fn the_keys_in_a_small_window_to_their_end() {
    let mut harness = pressed(visited(SMALL, Theme::Light), &[(Modifiers::NONE, Key::F1), (Modifiers::NONE, Key::End)]);
    harness.run_steps(20);
    look(&mut harness, "shortcuts_small");
}
