//! Writing: what is sent and when, what is kept, and that nobody's text can crash or empty anything.

mod common;

use common::*;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use parlor::client::command::Command;

const HEBREW: &str = "hello שלום";
/// What a real keyboard reports for Ctrl.
const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

fn sent(harness: &mut Harness<'_, State>) -> Vec<String> {
    let text = |command| match command {
        Command::Send { text, .. } => Some(text),
        _ => None,
    };
    harness.state_mut().take().into_iter().filter_map(text).collect()
}

fn preedit(text: &str) -> egui::Event {
    egui::Event::Ime(egui::ImeEvent::Preedit { text: text.to_owned(), active_range_chars: None })
}

fn commit(text: &str) -> egui::Event {
    egui::Event::Ime(egui::ImeEvent::Commit(text.to_owned()))
}

#[test]
fn enter_sends_and_shift_enter_breaks_the_line() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "one");
    key(&mut harness, Modifiers::SHIFT, Key::Enter);
    type_text(&mut harness, "two");
    assert_eq!(composer_text(&harness, BOB), "one\ntwo");
    assert_eq!(sent(&mut harness), [""; 0]);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&mut harness), ["one\ntwo"]);
    assert_eq!(composer_text(&harness, BOB), "");
    type_text(&mut harness, "three");
    assert_eq!(composer_text(&harness, BOB), "three", "the caret is still there");
}

#[test]
fn the_button_sends() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "by button");
    harness.get_by_label("Send").click();
    harness.run();
    assert_eq!(sent(&mut harness), ["by button"]);
}

#[test]
fn enter_during_a_composition_never_sends() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "a");
    harness.event(preedit("に"));
    harness.run();
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&mut harness), [""; 0]);
    // Some systems report the Enter that accepts together with what it accepted.
    let enter = egui::Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    harness.input_mut().events.extend([commit("日本"), enter]);
    harness.run();
    harness.key_up(Key::Enter);
    harness.run();
    assert_eq!(sent(&mut harness), [""; 0]);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&mut harness), ["a日本"]);
}

#[test]
fn keys_that_come_within_one_frame_do_what_they_would_do_one_by_one() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.input_mut().events.extend(strokes("one\ntwo\n\nthree"));
    harness.run();
    assert_eq!(sent(&mut harness), ["one", "two"]);
    assert_eq!(composer_text(&harness, BOB), "three");

    // To Charlie goes what was typed after turning to him, and nothing else.
    let down = egui::Event::Key {
        key: Key::ArrowDown,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::ALT,
    };
    harness.input_mut().events.extend([strokes(" four"), vec![down], strokes("five\nsix")].concat());
    harness.run();
    let commands = harness.state_mut().take();
    let to = |command: &Command| matches!(command, Command::Send { chat, text, .. } if *chat == chat_with(CHARLIE) && text == "five");
    assert_eq!(commands.iter().filter(|command| to(command)).count(), 1, "{commands:?}");
    assert_eq!(composer_text(&harness, BOB), "three four");
    assert_eq!(composer_text(&harness, CHARLIE), "six");
}

#[test]
fn blank_text_is_not_sent() {
    let mut harness = with_bob(long_chat(1000, 3));
    for text in ["", "   ", "\u{2003}\t"] {
        type_text(&mut harness, text);
        key(&mut harness, Modifiers::SHIFT, Key::Enter);
        key(&mut harness, Modifiers::NONE, Key::Enter);
        harness.get_by_label("Send").click();
        harness.run();
    }
    assert_eq!(sent(&mut harness), [""; 0]);
}

#[test]
fn typing_anywhere_reaches_the_composer_with_its_first_character() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.get_by_label("Account of Alice").focus();
    harness.run();
    assert!(harness.get_by_label("Account of Alice").is_focused());
    type_text(&mut harness, "x");
    type_text(&mut harness, "yz");
    assert_eq!(composer_text(&harness, BOB), "xyz");

    harness.hover_at(egui::pos2(600.0, 200.0));
    harness.drag_at(egui::pos2(600.0, 200.0));
    harness.drop_at(egui::pos2(600.0, 200.0));
    harness.run();
    harness.event(egui::Event::Paste(" pasted".into()));
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "xyz pasted");
}

#[test]
fn drafts_stay_with_their_chat_and_show_in_the_list() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "to Bob, later");
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    assert!(harness.query_by_label_contains("Draft:").is_none(), "it is open");
    harness.get_by_label_contains("Charlie").click();
    harness.run();
    assert!(harness.query_by_label_contains("Draft: to Bob, later").is_some());
    type_text(&mut harness, "to Charlie");
    harness.get_by_label_contains("Draft: to Bob").click();
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "to Bob, later");
    assert_eq!(composer_text(&harness, CHARLIE), "to Charlie");
    type_text(&mut harness, "!");
    assert_eq!(composer_text(&harness, BOB), "to Bob, lat!er", "the caret is where it was");
}

#[test]
fn it_grows_to_eight_lines_and_then_scrolls() {
    let mut harness = with_bob(long_chat(1000, 30));
    let height = |harness: &Harness<'_, State>| 700.0 - 8.0 - bottom_of(harness, "message 1029.").unwrap();
    let one = height(&harness);
    let mut heights = Vec::new();
    for _ in 0..12 {
        type_text(&mut harness, "line");
        key(&mut harness, Modifiers::SHIFT, Key::Enter);
        harness.run();
        heights.push(height(&harness));
    }
    assert!(heights[0] > one && heights[1] > heights[0]);
    assert_eq!(heights[6] - one, 7.0 * parlor::ui::theme::LINE);
    assert_eq!(heights[6], heights[11]);
    assert!(harness.query_by_label("Send").is_some());
}

#[test]
fn the_limit_is_announced_and_kept() {
    let mut model = long_chat(1000, 3);
    model.message_max_bytes = 100;
    let mut harness = with_bob(model);
    type_text(&mut harness, &"x".repeat(50));
    assert!(harness.query_by_label_contains("bytes").is_none());
    type_text(&mut harness, &"é".repeat(22));
    assert!(harness.query_by_label("6 bytes left").is_some());
    type_text(&mut harness, &"é".repeat(4));
    assert!(harness.query_by_label_contains("2 bytes too long").is_some());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    harness.get_by_label("Send").click();
    harness.run();
    assert_eq!(sent(&mut harness), [""; 0]);
    assert_eq!(composer_text(&harness, BOB).chars().count(), 76, "the text is kept");
    key(&mut harness, Modifiers::NONE, Key::Backspace);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&mut harness).len(), 1);
}

#[test]
fn pasted_text_has_one_kind_of_line_break_and_nothing_that_cannot_be_seen() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.event(egui::Event::Paste("a\r\nb\tc\u{7}\0\rd\u{2029}\n".into()));
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "a\nb\tc\nd\n\n");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&mut harness), ["a\nb\tc\nd"]);
}

#[test]
fn a_book_is_not_pasted_and_a_long_text_is_kept_to_be_sent_in_parts() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "before");
    harness.event(egui::Event::Paste("a word ".repeat(150_000)));
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "before", "nothing of it, and nothing is lost");
    assert!(harness.query_by_label_contains("Nothing was pasted: it is 1.0 MB of text").is_some());
    type_text(&mut harness, "!");
    assert!(harness.query_by_label_contains("Nothing was pasted").is_none(), "said until one goes on");
    harness.event(egui::Event::Paste("a word ".repeat(12_000)));
    harness.run();
    assert_eq!(composer_text(&harness, BOB).len(), 7 + 7 * 12_000);
    assert!(harness.query_by_label_contains("too long to send: send it in parts").is_some());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&mut harness), [""; 0]);
    assert_eq!(composer_text(&harness, BOB).len(), 7 + 7 * 12_000, "it is all still there");
}

#[test]
fn removing_a_word_at_the_end_of_hebrew_removes_that_word_and_nothing_else() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, HEBREW);
    key(&mut harness, CTRL, Key::End);
    key(&mut harness, CTRL, Key::Delete);
    assert_eq!(composer_text(&harness, BOB), HEBREW);
    key(&mut harness, CTRL, Key::End);
    key(&mut harness, CTRL, Key::Backspace);
    assert_eq!(composer_text(&harness, BOB), "hello ");
}

#[test]
fn no_key_does_harm_in_right_to_left_text() {
    let keys = [
        Key::ArrowLeft,
        Key::ArrowRight,
        Key::ArrowUp,
        Key::ArrowDown,
        Key::Home,
        Key::End,
        Key::Delete,
        Key::Backspace,
        Key::A,
        Key::X,
        Key::Z,
        Key::Y,
        Key::K,
        Key::U,
        Key::W,
        Key::H,
    ];
    let texts = [HEBREW, "שָׁלוֹם עולם", "مرحبا\nبالعالم", "שלום", "لا إله", "👨‍👩‍👧‍👦 שלום"];
    let chords = [Modifiers::NONE, Modifiers::SHIFT, CTRL, CTRL | Modifiers::SHIFT];
    for text in texts {
        for first in [Key::Home, Key::End] {
            for (key, modifiers) in keys.iter().flat_map(|key| chords.map(|modifiers| (*key, modifiers))) {
                let mut harness = with_bob(model());
                type_text(&mut harness, text);
                harness.key_press_modifiers(CTRL, first);
                harness.key_press_modifiers(modifiers, key);
                harness.key_press_modifiers(modifiers, key);
                harness.event(egui::Event::Cut);
                harness.event(egui::Event::Text("é".into()));
                harness.key_press_modifiers(modifiers, key);
                harness.run();
            }
        }
    }
}

#[test]
fn no_click_does_harm_in_right_to_left_text() {
    let mut harness = with_bob(model());
    type_text(&mut harness, "hello שלום עולם");
    for x in (330..930).step_by(40) {
        for clicks in 1..=3 {
            for _ in 0..clicks {
                harness.hover_at(egui::pos2(x as f32, 655.0));
                harness.drag_at(egui::pos2(x as f32, 655.0));
                harness.drop_at(egui::pos2(x as f32, 655.0));
            }
            harness.run();
            harness.event(egui::Event::Copy);
            key(&mut harness, CTRL | Modifiers::SHIFT, Key::ArrowLeft);
            key(&mut harness, CTRL | Modifiers::SHIFT, Key::ArrowRight);
        }
    }
    assert_eq!(composer_text(&harness, BOB), "hello שלום עולם");
}

#[test]
fn a_received_text_cannot_crash_the_window_when_it_is_selected() {
    for text in [HEBREW, "שלום עולם", "مرحبا بالعالم\nثم سطر آخر", "שָׁלוֹם", "a\u{301} שלום 👨‍👩‍👧‍👦"]
    {
        let mut model = model();
        say(&mut model, BOB, BOB, 1, NOW, text, true);
        let mut harness = with_bob(model);
        let rect = bubble(&harness, "15:00").unwrap();
        for (dx, clicks) in [0.0, 14.0, 40.0, 80.0, 300.0].iter().flat_map(|dx| [1, 2, 3].map(|clicks| (dx, clicks))) {
            for _ in 0..clicks {
                let pos = egui::pos2((rect.left() + dx).min(rect.right() - 1.0), rect.bottom() - 15.0);
                harness.hover_at(pos);
                harness.drag_at(pos);
                harness.drop_at(pos);
                harness.step();
            }
            let both = CTRL | Modifiers::SHIFT;
            for (modifiers, key) in [
                (both, Key::ArrowLeft),
                (both, Key::ArrowRight),
                (both, Key::End),
                (both, Key::ArrowLeft),
                (Modifiers::SHIFT, Key::ArrowRight),
                (Modifiers::SHIFT, Key::End),
                (Modifiers::SHIFT, Key::ArrowUp),
                (Modifiers::SHIFT, Key::ArrowDown),
            ] {
                harness.key_press_modifiers(modifiers, key);
                harness.event(egui::Event::Copy);
                harness.step();
            }
        }
    }
}

#[test]
fn names_and_drafts_in_any_script_do_no_harm_in_the_list() {
    let mut model = model();
    for (id, name) in [(7, "שלום כהן"), (8, "محمد"), (9, "王小明"), (10, "👩‍🚀")] {
        let person = parlor::client::model::Person {
            username: name.into(),
            status: Default::default(),
            last_seen: None,
            joined: parlor::proto::ids::Seq(0),
        };
        model.people.insert(parlor::proto::ids::UserId(id), person);
        say(&mut model, parlor::proto::ids::UserId(id), ALICE, id.into(), NOW, &format!("{name} ").repeat(50), true);
    }
    let mut harness = window(model);
    harness.get_by_label_contains("محمد").click();
    harness.run();
    type_text(&mut harness, HEBREW);
    harness.get_by_label_contains("王小明").click();
    harness.run();
    assert!(harness.query_by_label_contains("Draft: hello").is_some());
}
