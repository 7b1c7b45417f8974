//! Writing in any script: random keys over text of both directions, emoji and marks, against a plain model of what keys
//! do to a text.
//!
//! `SEED=n cargo test --test ui_editing` replays a run; `ROUNDS=n` makes as many runs as one has patience for.

mod common;
#[path = "sim/random.rs"]
#[allow(dead_code, reason = "this test uses its part")]
mod random;

use common::*;
use egui::widgets::text_edit::TextEditState;
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use parlor::client::command::Command;
use random::Random;
use unicode_segmentation::GraphemeCursor;

/// What a real keyboard reports for Ctrl.
const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };

/// What is typed and pasted. No letter of Latin follows a colon, so that nothing is offered.
const PIECES: [&str; 34] = [
    "a",
    "word",
    "Hello there",
    " ",
    "  ",
    ".",
    "12:30",
    "7",
    "שלום",
    "עולם ",
    "ש",
    "שָׁ",
    "(אב)",
    "مرحبا",
    "لا",
    "ب ",
    "١٢",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "👍🏽",
    "1️⃣",
    "❤️",
    "\u{301}",
    "e\u{301}\u{302}",
    "\u{200d}",
    "\u{fe0f}",
    "\u{1f1e9}",
    "\u{200f}",
    "\u{202e}",
    "你好",
    "क्षि",
    "กำลัง",
    "-",
];
const PASTED: [&str; 6] = ["one\ntwo", "שלום\nעולם\n", "\n\n", "\tx\u{7}\u{0}y", "🎉\n🎉", "مرحبا\nhello"];

fn id() -> egui::Id {
    egui::Id::unique(("composer", chat_with(BOB)))
}

fn byte(text: &str, at: usize) -> usize {
    text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte)
}

fn is_boundary(text: &str, at: usize) -> bool {
    at <= text.chars().count() && GraphemeCursor::new(byte(text, at), text.len(), true).is_boundary(text, 0).unwrap()
}

/// The next place between signs, from a place that may be within one.
fn settled(text: &str, at: usize) -> usize {
    (at..=text.chars().count()).find(|at| is_boundary(text, *at)).unwrap()
}

fn before(text: &str, at: usize) -> usize {
    (0..at).rev().find(|at| is_boundary(text, *at)).unwrap_or(0)
}

fn behind(text: &str, at: usize) -> usize {
    (at + 1..=text.chars().count()).find(|at| is_boundary(text, *at)).unwrap_or(at)
}

fn replaced(text: &str, from: usize, to: usize, with: &str) -> String {
    format!("{}{with}{}", &text[..byte(text, from)], &text[byte(text, to)..])
}

/// One thing that a person does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Type(&'static str),
    Paste(&'static str),
    Press(Modifiers, Key),
    Cut,
}

fn deed(random: &mut Random) -> Deed {
    let moves = [Key::ArrowLeft, Key::ArrowRight, Key::ArrowUp, Key::ArrowDown, Key::Home, Key::End];
    let chords = [Modifiers::NONE, Modifiers::SHIFT, CTRL, CTRL_SHIFT];
    let rare = [(CTRL, Key::Z), (CTRL, Key::Y), (CTRL, Key::A), (CTRL, Key::W)];
    match random.below(20) {
        0..7 => Deed::Type(PIECES[random.below(PIECES.len())]),
        7 => Deed::Paste(PASTED[random.below(PASTED.len())]),
        8..14 => Deed::Press(chords[random.below(4)], moves[random.below(6)]),
        14..18 => {
            Deed::Press([Modifiers::NONE, CTRL][random.below(4) / 3], [Key::Backspace, Key::Delete][random.below(2)])
        }
        18 if random.below(3) == 0 => Deed::Cut,
        18 => Deed::Press(Modifiers::SHIFT, Key::Enter),
        _ => {
            let (modifiers, key) = rare[random.below(rare.len())];
            Deed::Press(modifiers, key)
        }
    }
}

/// The text, where the caret is, and the other end of what is selected.
#[derive(Clone, Debug, PartialEq)]
struct Page {
    text: String,
    caret: usize,
    other: usize,
}

impl Page {
    fn of(harness: &Harness<'_, State>) -> Self {
        let range = TextEditState::load(&harness.ctx, id()).and_then(|state| state.cursor.char_range());
        let range = range.unwrap_or_default();
        Self { text: composer_text(harness, BOB), caret: range.primary.index.0, other: range.secondary.index.0 }
    }

    /// A text with the caret at a place, or behind the sign that the place is within.
    fn at(text: String, caret: usize) -> Self {
        let caret = settled(&text, caret);
        Self { text, caret, other: caret }
    }

    fn with(&self, from: usize, to: usize, new: &str) -> Self {
        let new: String = new.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        Self::at(replaced(&self.text, from, to, &new), from + new.chars().count())
    }

    /// Whether the paragraph of the caret begins at the right.
    fn is_from_right(&self) -> bool {
        let at = byte(&self.text, self.caret);
        let begin = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let paragraph = self.text[begin..].split('\n').next().unwrap();
        let letters = paragraph.chars().any(|c| ('\u{590}'..'\u{900}').contains(&c));
        letters && unicode_bidi::BidiInfo::new(paragraph, None).paragraphs[0].level.is_rtl()
    }

    /// What comes of a deed, where that is clear.
    fn after(&self, deed: Deed) -> Option<Self> {
        let (from, to) = (self.caret.min(self.other), self.caret.max(self.other));
        let end = self.text.chars().count();
        match deed {
            Deed::Type(new) | Deed::Paste(new) => Some(self.with(from, to, new)),
            Deed::Cut => Some(self.with(from, to, "")),
            Deed::Press(Modifiers::SHIFT, Key::Enter) => Some(self.with(from, to, "\n")),
            Deed::Press(_, Key::Backspace | Key::Delete) if from < to => Some(self.with(from, to, "")),
            Deed::Press(Modifiers::NONE, Key::Backspace) => Some(self.with(before(&self.text, to), to, "")),
            Deed::Press(Modifiers::NONE, Key::Delete) => Some(self.with(from, behind(&self.text, from), "")),
            Deed::Press(CTRL, Key::A) => Some(Self { caret: end, other: 0, ..self.clone() }),
            Deed::Press(modifiers, Key::Home | Key::End | Key::ArrowLeft | Key::ArrowRight) => {
                let Deed::Press(_, key) = deed else { return None };
                let back = (key == Key::ArrowLeft) != self.is_from_right();
                let caret = match (key, modifiers.ctrl) {
                    (Key::Home, true) => 0,
                    (Key::End, true) => end,
                    (Key::Home | Key::End, false) | (_, true) => return None,
                    _ if !modifiers.shift && from < to => {
                        if back {
                            from
                        } else {
                            to
                        }
                    }
                    _ if back => before(&self.text, self.caret),
                    _ => behind(&self.text, self.caret),
                };
                Some(Self { caret, other: if modifiers.shift { self.other } else { caret }, ..self.clone() })
            }
            Deed::Press(..) => None,
        }
    }
}

fn perform(harness: &mut Harness<'_, State>, deed: Deed) {
    match deed {
        Deed::Type(text) => harness.event(Event::Text(text.into())),
        Deed::Paste(text) => harness.event(Event::Paste(text.into())),
        Deed::Cut => harness.event(Event::Cut),
        Deed::Press(modifiers, key) => harness.key_press_modifiers(modifiers, key),
    }
    harness.run();
}

/// Whether one text is another with one part of it left out.
fn is_cut_from(short: &str, long: &str) -> bool {
    let front = short.chars().zip(long.chars()).take_while(|(a, b)| a == b).count();
    let back = short.chars().rev().zip(long.chars().rev()).take_while(|(a, b)| a == b).count();
    front + back >= short.chars().count() && short.len() <= long.len()
}

fn write_at_random(seed: u64, deeds: usize) {
    let mut random = Random::new(seed);
    let mut harness = sized(model(), [420.0, 480.0]);
    if seed % 2 == 1 {
        with_system_fonts(&harness.ctx);
    }
    open(&mut harness, BOB);
    let mut seen = std::collections::BTreeSet::from([String::new()]);
    let mut trail = Vec::new();
    for n in 0..deeds {
        let was = Page::of(&harness);
        let deed = deed(&mut random);
        trail.push(deed);
        let tell = || {
            format!("SEED={seed}, deed {n}: {deed:?} on {was:?}\nafter {:?}", &trail[trail.len().saturating_sub(6)..])
        };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| perform(&mut harness, deed)));
        assert!(done.is_ok(), "{}", tell());
        let is = Page::of(&harness);
        assert!(is_boundary(&is.text, is.caret) && is_boundary(&is.text, is.other), "{is:?}: {}", tell());
        if let Some(expected) = was.after(deed) {
            assert_eq!(is, expected, "{}", tell());
        }
        match deed {
            Deed::Press(_, Key::Z | Key::Y) => assert!(seen.contains(&is.text), "{is:?}: {}", tell()),
            Deed::Press(_, Key::Backspace | Key::Delete | Key::W) => {
                assert!(is_cut_from(&is.text, &was.text), "{is:?}: {}", tell());
            }
            Deed::Press(_, Key::Enter) | Deed::Type(_) | Deed::Paste(_) | Deed::Cut => {}
            Deed::Press(..) => assert_eq!(is.text, was.text, "{}", tell()),
        }
        seen.insert(is.text);
    }
    let sent = harness.state_mut().take().into_iter().any(|command| matches!(command, Command::Send { .. }));
    assert!(!sent, "SEED={seed}: nobody sent anything");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_keys_do_to_a_text_what_they_say() {
    if let Some(seed) = number("SEED") {
        return write_at_random(seed, 400);
    }
    for seed in 0..number("ROUNDS").unwrap_or(12) {
        write_at_random(seed, 120);
    }
}

#[test]
fn random_keys_and_clicks_on_a_received_text_do_no_harm() {
    let keys = [Key::ArrowLeft, Key::ArrowRight, Key::ArrowUp, Key::ArrowDown, Key::Home, Key::End, Key::A];
    for seed in number("SEED").map_or(0..number("ROUNDS").unwrap_or(8), |seed| seed..seed + 1) {
        let mut random = Random::new(seed);
        let text: String = (0..random.below(14) + 1)
            .map(|_| if random.below(5) == 0 { PASTED[random.below(6)] } else { PIECES[random.below(PIECES.len())] })
            .collect();
        let mut model = model();
        say(&mut model, BOB, BOB, 1, NOW, &text, true);
        let mut harness = sized(model, [1000.0, 480.0]);
        if seed % 2 == 1 {
            with_system_fonts(&harness.ctx);
        }
        open(&mut harness, BOB);
        let Some(rect) = bubble(&harness, "15:00") else { panic!("SEED={seed}: {text:?} is not shown") };
        for _ in 0..25 {
            let step = |harness: &mut Harness<'_, State>, random: &mut Random| {
                if random.below(3) == 0 {
                    let at = |random: &mut Random| {
                        rect.min + rect.size() * egui::vec2(random.below(100) as f32, random.below(100) as f32) / 100.0
                    };
                    for _ in 0..random.below(3) + 1 {
                        harness.drag_at(at(random));
                        harness.hover_at(at(random));
                        harness.drop_at(at(random));
                        harness.step();
                    }
                } else {
                    let chord = [Modifiers::NONE, Modifiers::SHIFT, CTRL, CTRL_SHIFT, CTRL_SHIFT][random.below(5)];
                    harness.key_press_modifiers(chord, keys[random.below(keys.len())]);
                    harness.event(Event::Copy);
                    harness.step();
                }
            };
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| step(&mut harness, &mut random)));
            assert!(done.is_ok(), "SEED={seed}: {text:?}");
        }
    }
}

#[test]
fn keys_go_over_whole_signs() {
    for sign in ["👨‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👍🏽", "1️⃣", "❤️", "e\u{301}\u{302}", "क्षि"]
    {
        let mut harness = with_bob(model());
        type_text(&mut harness, &format!("a{sign}b"));
        for (modifiers, key, caret) in [
            (Modifiers::NONE, Key::ArrowLeft, 1 + sign.chars().count()),
            (Modifiers::NONE, Key::ArrowLeft, 1),
            (Modifiers::NONE, Key::ArrowRight, 1 + sign.chars().count()),
            (Modifiers::SHIFT, Key::ArrowLeft, 1),
        ] {
            harness.key_press_modifiers(modifiers, key);
            harness.run();
            assert_eq!(Page::of(&harness).caret, caret, "{sign}: {modifiers:?} {key:?}");
        }
        type_text(&mut harness, "x");
        assert_eq!(composer_text(&harness, BOB), "axb", "what was selected was the whole {sign}");
        type_text(&mut harness, sign);
        key(&mut harness, Modifiers::NONE, Key::Backspace);
        assert_eq!(composer_text(&harness, BOB), "axb", "{sign}");
    }
}

#[test]
fn keys_that_come_within_one_frame_go_over_whole_signs_too() {
    let mut harness = with_bob(model());
    type_text(&mut harness, "ab🇩🇪👨‍👩‍👧‍👦");
    let press = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    harness.input_mut().events.extend([
        press(Key::ArrowLeft),
        press(Key::ArrowLeft),
        press(Key::Backspace),
        Event::Text("c".into()),
        press(Key::ArrowRight),
        press(Key::Delete),
    ]);
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "ac🇩🇪");
}

#[test]
fn an_input_method_may_go_on_with_a_sign_that_is_there() {
    let mut harness = with_bob(model());
    type_text(&mut harness, "क");
    harness.event(Event::Ime(egui::ImeEvent::Preedit { text: "ि".into(), active_range_chars: None }));
    harness.run();
    harness.hover_at(egui::pos2(500.0, 300.0));
    harness.run();
    harness.event(Event::Ime(egui::ImeEvent::Preedit { text: "िं".into(), active_range_chars: None }));
    harness.run();
    harness.event(Event::Ime(egui::ImeEvent::Commit("िं".into())));
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "किं");
}

#[test]
fn a_paragraph_begins_at_the_side_where_its_first_letter_does() {
    let mut harness = with_bob(model());
    let field = harness.get_by_label("Message Bob").rect();
    let caret = |harness: &Harness<'_, State>| harness.output().platform_output.ime.unwrap().cursor_rect.center().x;
    type_text(&mut harness, "hello");
    assert!(caret(&harness) < field.center().x);
    key(&mut harness, CTRL, Key::A);
    type_text(&mut harness, "שלום");
    let one_word = caret(&harness);
    assert!(one_word > field.center().x && one_word < field.right() - 20.0);
    type_text(&mut harness, " עולם");
    assert!(caret(&harness) < one_word - 20.0, "it grows to the left");
    key(&mut harness, CTRL, Key::Home);
    assert!((caret(&harness) - field.right()).abs() < 20.0);
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    type_text(&mut harness, "x");
    assert_eq!(composer_text(&harness, BOB), "שלxום עולם", "an arrow to the left goes to the left");
}

#[test]
fn a_click_in_hebrew_puts_the_caret_where_it_points() {
    let mut harness = with_bob(model());
    let field = harness.get_by_label("Message Bob").rect();
    type_text(&mut harness, "שלום עולם");
    let click = |harness: &mut Harness<'_, State>, x: f32| {
        let at = egui::pos2(x, field.center().y);
        harness.drag_at(at);
        harness.drop_at(at);
        harness.run();
        Page::of(harness).caret
    };
    assert_eq!(click(&mut harness, field.right() - 2.0), 0);
    assert_eq!(click(&mut harness, field.left() + 5.0), 9);
    let mut last = 0;
    for x in (0..12).map(|n| field.right() - 8.0 * n as f32) {
        let caret = click(&mut harness, x);
        assert!(caret >= last && caret <= last + 2, "{caret} after {last} at {x}");
        last = caret;
        harness.run_steps(30);
    }
    assert!(last > 4);
}
