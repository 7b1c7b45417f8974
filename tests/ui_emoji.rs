//! Emoji: drawn in colour wherever they stand, chosen from the card, typed by name.

mod common;

use common::rooms::*;
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions};

/// What a real keyboard reports for Ctrl.
const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

fn look(harness: &mut Harness<'_, State>, name: &str) {
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

fn with_emoji() -> egui_kittest::Harness<'static, State> {
    let mut harness = with_bob(long_chat(1000, 3));
    key(&mut harness, CTRL, Key::E);
    harness
}

fn is_open(harness: &Harness<'_, State>) -> bool {
    harness.query_by_label("Search emoji").is_some()
}

/// What is marked in the card.
fn marked(harness: &Harness<'_, State>) -> Option<String> {
    let mut cells = harness.query_all_by_role(egui::accesskit::Role::ListBoxOption);
    cells.find(|cell| cell.accesskit_node().is_selected() == Some(true))?.accesskit_node().label()
}

fn press(harness: &mut Harness<'_, State>, keys: &[Key]) {
    for pressed in keys {
        key(harness, Modifiers::NONE, *pressed);
    }
}

#[test]
fn the_card_is_opened_and_closed_and_the_caret_comes_back() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "ab");
    press(&mut harness, &[Key::ArrowLeft]);
    key(&mut harness, CTRL, Key::E);
    assert!(is_open(&harness) && harness.get_by_label("Search emoji").is_focused());
    press(&mut harness, &[Key::Escape]);
    assert!(!is_open(&harness));
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "Escape closed nothing else");
    type_text(&mut harness, "x");
    assert_eq!(composer_text(&harness, BOB), "axb");

    harness.get_by_label("Emoji (Ctrl+E)").click();
    harness.run();
    assert!(is_open(&harness));
    harness.get_by_label("Emoji (Ctrl+E)").click();
    harness.run();
    assert!(!is_open(&harness));
    key(&mut harness, CTRL, Key::E);
    harness.hover_at(egui::pos2(700.0, 100.0));
    harness.drag_at(egui::pos2(700.0, 100.0));
    harness.drop_at(egui::pos2(700.0, 100.0));
    harness.run();
    assert!(!is_open(&harness), "a click elsewhere closes it");
}

#[test]
fn what_is_typed_is_searched_for_and_enter_takes_it() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "so ");
    key(&mut harness, CTRL, Key::E);
    type_text(&mut harness, "par");
    type_text(&mut harness, "ty");
    assert_eq!(marked(&harness).as_deref(), Some("party popper"));
    press(&mut harness, &[Key::Enter]);
    assert!(!is_open(&harness));
    assert_eq!(composer_text(&harness, BOB), "so 🎉");
    assert_eq!(sends(&mut harness), [], "Enter sent nothing");
    type_text(&mut harness, "!");
    assert_eq!(composer_text(&harness, BOB), "so 🎉!");
    key(&mut harness, CTRL, Key::E);
    type_text(&mut harness, "xyzzy");
    press(&mut harness, &[Key::Enter]);
    assert!(is_open(&harness) && harness.query_by_label("Nothing found").is_some());
    assert_eq!(composer_text(&harness, BOB), "so 🎉!");
}

#[test]
fn arrows_and_pages_go_through_the_card() {
    let mut harness = with_emoji();
    assert_eq!(marked(&harness).as_deref(), Some("grinning face"));
    press(&mut harness, &[Key::ArrowRight, Key::ArrowRight, Key::ArrowLeft]);
    assert_eq!(marked(&harness).as_deref(), Some("grinning face with big eyes"));
    press(&mut harness, &[Key::ArrowDown, Key::ArrowUp]);
    assert_eq!(marked(&harness).as_deref(), Some("grinning face with big eyes"));
    let visible = |harness: &Harness<'_, State>| {
        let card = harness.get_by_label("Search emoji").rect();
        let cell = harness
            .get_by(|node| node.is_selected() == Some(true) && node.role() == egui::accesskit::Role::ListBoxOption);
        cell.rect().top() >= card.bottom() && cell.rect().bottom() <= 640.0
    };
    for _ in 0..12 {
        press(&mut harness, &[Key::PageDown]);
        assert!(visible(&harness));
    }
    for _ in 0..40 {
        press(&mut harness, &[Key::ArrowUp]);
        assert!(visible(&harness));
    }
}

#[test]
fn with_shift_the_card_stays() {
    let mut harness = with_emoji();
    key(&mut harness, Modifiers::SHIFT, Key::Enter);
    assert!(is_open(&harness));
    press(&mut harness, &[Key::ArrowRight]);
    harness.get_all_by_label("winking face").next().unwrap().click_modifiers(Modifiers::SHIFT);
    harness.run();
    assert!(is_open(&harness));
    assert_eq!(composer_text(&harness, BOB), "😀😉");
    harness.get_all_by_label("winking face").next().unwrap().click();
    harness.run();
    assert!(!is_open(&harness));
    assert_eq!(composer_text(&harness, BOB), "😀😉😉");
    assert_eq!(harness.state().window.recent_emoji(), ["😉", "😀"]);
}

#[test]
fn recent_emoji_come_first_and_stay_with_the_person() {
    let mut harness = with_emoji();
    type_text(&mut harness, "rocket");
    press(&mut harness, &[Key::Enter]);
    open(&mut harness, CHARLIE);
    key(&mut harness, CTRL, Key::E);
    assert!(harness.query_by_label("RECENTLY USED").is_some());
    assert_eq!(marked(&harness).as_deref(), Some("rocket"));
    press(&mut harness, &[Key::Enter]);
    assert_eq!(composer_text(&harness, CHARLIE), "🚀");
    let kept = harness.state().window.recent_emoji().to_vec();
    let mut window = parlor::ui::Window::default();
    window.set_recent_emoji(kept.into_iter().chain(["no emoji".to_owned()]));
    assert_eq!(window.recent_emoji(), ["🚀"]);
}

#[test]
fn a_tone_of_skin_is_chosen_once() {
    let mut harness = with_emoji();
    harness.get_by_label("Skin tone").click();
    harness.run();
    harness.get_by_label("Medium-dark").click();
    harness.run();
    assert_eq!(harness.state().window.skin_tone(), 4);
    type_text(&mut harness, "thumbs up");
    press(&mut harness, &[Key::Enter]);
    assert_eq!(composer_text(&harness, BOB), "👍🏾");
    type_text(&mut harness, " :wave:");
    assert_eq!(composer_text(&harness, BOB), "👍🏾 👋🏾");
}

#[test]
fn only_what_is_in_view_is_drawn() {
    let mut harness = with_emoji();
    let drawn = |harness: &Harness<'_, State>| harness.query_all_by_role(egui::accesskit::Role::ListBoxOption).count();
    assert!((30..100).contains(&drawn(&harness)), "{}", drawn(&harness));
    harness.get_by_label("Flags").click();
    harness.run();
    assert!((30..100).contains(&drawn(&harness)));
    assert!(harness.query_by_label("FLAGS").is_some());
    let frames = harness.state().frames;
    harness.run();
    assert!(harness.state().frames <= frames + 2, "an open card rests");
}

#[test]
fn the_groups_are_reached_by_keyboard() {
    let mut harness = with_emoji();
    press(&mut harness, &[Key::Tab]);
    assert!(harness.get_by_label("Smileys").is_focused());
    press(&mut harness, &[Key::Tab, Key::Tab, Key::Space]);
    assert_eq!(marked(&harness).as_deref(), Some("monkey face"));
    assert!(harness.get_by_label("Search emoji").is_focused(), "and one goes on from there");
}

#[test]
fn a_name_behind_a_colon_is_completed() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.input_mut().events.extend(strokes("well :tad"));
    harness.run();
    assert!(harness.query_by_label("party popper, :tada:").is_some());
    press(&mut harness, &[Key::Enter]);
    assert_eq!(composer_text(&harness, BOB), "well 🎉");
    assert_eq!(sends(&mut harness), []);
    harness.input_mut().events.extend(strokes(" :smi"));
    harness.run();
    press(&mut harness, &[Key::ArrowDown, Key::Tab]);
    assert_eq!(composer_text(&harness, BOB), "well 🎉 😄");
    harness.input_mut().events.extend(strokes(" :smi"));
    harness.run();
    press(&mut harness, &[Key::Tab]);
    assert_eq!(composer_text(&harness, BOB), "well 🎉 😄 😄", "what was taken before comes first");
    harness.input_mut().events.extend(strokes(" :roc"));
    harness.run();
    press(&mut harness, &[Key::Escape]);
    assert!(harness.query_by_label_contains("rocket").is_none());
    press(&mut harness, &[Key::Enter]);
    assert_eq!(sends(&mut harness).len(), 1, "declined, it is sent as it is");
}

#[test]
fn a_name_between_colons_becomes_an_emoji_as_it_is_typed() {
    for (typed, text) in [
        (":tada:", "🎉"),
        ("ok :tada: and :+1::heart:", "ok 🎉 and 👍❤️"),
        ("12:30: http://host:80/:tada", "12:30: http://host:80/:tada"),
        ("std::tada: a:tada: ::", "std::tada: a:tada: ::"),
        (":nothing: :)", ":nothing: :)"),
    ] {
        let mut harness = with_bob(long_chat(1000, 3));
        harness.input_mut().events.extend(strokes(typed));
        harness.run_steps(80);
        harness.run();
        assert_eq!(composer_text(&harness, BOB), text);
    }
    let mut harness = with_bob(long_chat(1000, 3));
    harness.input_mut().events.extend(strokes(":tada:"));
    harness.run();
    key(&mut harness, CTRL, Key::Z);
    assert_eq!(composer_text(&harness, BOB), ":tada:", "it can be undone");
    harness.event(egui::Event::Paste(" :tada:".into()));
    harness.run();
    assert_eq!(composer_text(&harness, BOB), ":tada: :tada:", "what is pasted is left as it is");
}

fn card(theme: Theme, size: [f32; 2], name: &str) {
    let mut harness = themed(long_chat(1000, 12), size, theme);
    open(&mut harness, BOB);
    let recent = ["🎉", "👍🏽", "❤️", "😂", "🚀"].map(str::to_owned);
    harness.state_mut().window.set_recent_emoji(recent);
    harness.state_mut().window.set_skin_tone(3);
    key(&mut harness, CTRL, Key::E);
    look(&mut harness, name);
}

#[test]
fn the_card_in_the_light() {
    card(Theme::Light, [1000.0, 700.0], "emoji_card_light");
}

#[test]
fn the_card_in_the_dark() {
    card(Theme::Dark, [1000.0, 700.0], "emoji_card_dark");
}

#[test]
fn the_card_in_a_small_window() {
    card(Theme::Light, [360.0, 480.0], "emoji_card_small");
}

#[test]
fn the_card_while_one_searches_and_chooses_a_tone() {
    let mut harness = themed(long_chat(1000, 12), [800.0, 640.0], Theme::Dark);
    open(&mut harness, BOB);
    key(&mut harness, CTRL, Key::E);
    type_text(&mut harness, "hand");
    harness.get_by_label("Skin tone").click();
    harness.run();
    look(&mut harness, "emoji_search_dark");
}

#[test]
fn names_behind_a_colon_with_their_pictures() {
    let mut harness = themed(long_chat(1000, 12), [800.0, 640.0], Theme::Light);
    open(&mut harness, BOB);
    harness.input_mut().events.extend(strokes("Let's :par"));
    harness.run();
    look(&mut harness, "emoji_names_light");
}

#[test]
fn emoji_of_every_kind_stand_as_one_sign_everywhere() {
    let kinds = "👨‍👩‍👧‍👦 👩🏾‍🚀 🏳️‍🌈 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇩🇪🇯🇵 👍🏻👍🏿 🤝🏽 1️⃣#️⃣ ❤️‍🔥 ☺️ ✔️ ⏮ 🫩";
    let unknown =
        "🇽🇽 🦊\u{200d}🐙 🐶🏽 🏴\u{e0075}\u{e0073}\u{e0074}\u{e0078}\u{e007f} \u{1faff} 🎉\u{200d} \u{fe0f}\u{200d}";
    let mut model = model();
    model.people.get_mut(&BOB).unwrap().username = "👩🏾‍🚀 Bob 🏴󠁧󠁢󠁳󠁣󠁴󠁿".into();
    model.people.get_mut(&CHARLIE).unwrap().username = "🦊".into();
    say(&mut model, CHARLIE, CHARLIE, 1, NOW, kinds, true);
    for (seq, from, text) in
        [(2, BOB, kinds), (3, ALICE, unknown), (4, BOB, "❤️"), (5, ALICE, "👨‍👩‍👧‍👦🎉👍🏽"), (6, BOB, "🎉🎉🎉🎉")]
    {
        say(&mut model, BOB, from, seq, NOW, text, true);
    }
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    let mut harness = boxless(model, [1000.0, 620.0], Theme::Light);
    open(&mut harness, BOB);
    type_text(&mut harness, &format!("{kinds} {unknown}"));
    look(&mut harness, "emoji_kinds_light");
}
