//! Names that are written from the right, in every sentence of the window: nothing around them moves. And texts that
//! hide something, or would paint over their neighbours.

mod common;

use common::groups::*;
use common::*;
use egui::epaint::Shape;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use parlor::client::model::{Last, Message, Notice};
use parlor::proto::chat::{Change, ChatKey, GroupName, Past};
use parlor::proto::ids::{Seq, UserId};

const DORA: UserId = UserId(4);
const EMIL: UserId = UserId(5);
const GONE: UserId = UserId(9);

/// A name in plain letters, one that is written from the right, and how that is seen.
const NAMES: [[&str; 3]; 6] = [
    ["Qqq", "יעל", "יעל"],
    ["Www Zzz", "דוד כהן", "כהן דוד"],
    ["Xxx 2", "محمد 2", "2 محمد"],
    ["Yyy (3)", "נועה (3)", "(3) נועה"],
    ["Ppp", "زينب", "زينب"],
    ["Jjj Kkk", "טיול שבת", "שבת טיול"],
];

/// A window with those names everywhere: written in the form of that number.
struct Named(usize);

impl Named {
    fn name(&self, at: usize) -> &'static str {
        NAMES[at][self.0]
    }

    fn model(&self) -> parlor::client::model::Model {
        let mut model = crowd();
        for (id, at) in [(BOB, 0), (CHARLIE, 1), (DORA, 2), (EMIL, 3)] {
            model.people.get_mut(&id).unwrap().username = self.name(at).into();
        }
        model.former.insert(GONE, format!("{} (former member)", parlor::visible::isolated(self.name(4))));
        model.groups.get_mut(&HIKE).unwrap().name = self.name(5).into();
        let group = || GroupName::new(self.name(5)).unwrap();
        let changes = [
            (
                BOB,
                Change::Created { name: group(), members: vec![BOB, CHARLIE, DORA, EMIL, ALICE], history: Past::All },
            ),
            (BOB, Change::Created { name: group(), members: vec![BOB], history: Past::All }),
            (DORA, Change::Renamed { name: group() }),
            (ALICE, Change::Renamed { name: group() }),
            (CHARLIE, Change::Added { members: vec![EMIL, DORA] }),
            (CHARLIE, Change::Added { members: vec![ALICE] }),
            (ALICE, Change::Added { members: vec![CHARLIE] }),
            (EMIL, Change::Removed { member: GONE }),
            (GONE, Change::Left { owner: None }),
            (GONE, Change::Left { owner: Some(DORA) }),
            (CHARLIE, Change::Left { owner: Some(ALICE) }),
            (DORA, Change::HandedOver { owner: CHARLIE }),
            (ALICE, Change::HandedOver { owner: BOB }),
        ];
        let chat = model.chats.get_mut(&ChatKey::Group(HIKE)).unwrap();
        chat.messages.clear();
        for (seq, (from, change)) in (60..).zip(changes) {
            let change = Some(change.into());
            chat.messages.push_back(Message {
                seq: Seq(seq),
                at: NOW,
                from,
                text: "".into(),
                change,
                ..Message::default()
            });
        }
        let text = format!("ask @{} 5 times", self.name(1));
        let message = Message { seq: Seq(90), at: NOW, from: BOB, text: text.into(), ..Default::default() };
        chat.messages.push_back(message);
        chat.last =
            Some(Last { seq: Seq(90), at: NOW, from: DORA, preview: "10:30 (sharp)!".into(), ..Default::default() });
        chat.read = Seq(90);
        chat.complete = true;
        chat.typing.extend([(DORA, NOW.plus(3_000)), (CHARLIE, NOW.plus(3_000))]);
        let kitchen = model.chats.get_mut(&ChatKey::Group(KITCHEN)).unwrap();
        let change = Some(Change::Removed { member: CHARLIE }.into());
        kitchen.last = Some(Last { seq: Seq(47), at: NOW, from: DORA, preview: "".into(), change, ..Last::default() });
        say(&mut model, CHARLIE, ALICE, 95, NOW, "5 o'clock?", true);
        model.chats.get_mut(&chat_with(CHARLIE)).unwrap().typing.clear();
        model.chats.get_mut(&chat_with(CHARLIE)).unwrap().complete = true;
        model.chats.entry(chat_with(DORA)).or_default().complete = true;
        let everyone = model.chats.get_mut(&ChatKey::Everyone).unwrap();
        everyone.complete = true;
        for (user, online, minutes) in [(BOB, true, 9), (CHARLIE, false, 8), (DORA, false, 8), (EMIL, true, 1)] {
            let at = NOW.plus(-minutes * MINUTE);
            everyone.notices.push_back(Notice { user, online, at, shown_from: at });
        }
        model
    }

    /// Everything that is painted, scene by scene.
    fn scenes(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut scenes = Vec::new();
        let mut harness = sized(self.model(), [1400.0, 1000.0]);
        let mut scene = |what, harness: &Harness<'_, State>| {
            let mut texts = painted(harness);
            // What is being written is shown as it is written.
            let draft = harness.state().window.draft(ChatKey::Group(HIKE)).trim();
            texts.retain(|text| draft.is_empty() || text != draft);
            scenes.push((what, texts));
        };
        open_chat(&mut harness, ChatKey::Everyone);
        scene("who comes and goes", &harness);
        open_chat(&mut harness, ChatKey::Group(HIKE));
        click(&mut harness, "Details");
        scene("a group", &harness);
        // The names within labels are in isolates.
        let actions = |at: usize| format!("Actions for {}", parlor::visible::isolated(self.name(at)));
        for what in ["Remove from the group…", "Make owner…"] {
            for at in [0, 1, 2] {
                click(&mut harness, &actions(at));
                click(&mut harness, what);
                scene("a question about a member", &harness);
                key(&mut harness, Modifiers::NONE, Key::Escape);
            }
        }
        for what in ["Leave group", "Delete group"] {
            click(&mut harness, what);
            scene("a question about the group", &harness);
            key(&mut harness, Modifiers::NONE, Key::Escape);
        }
        for typed in [format!("@{} come at 5", self.name(1)), format!("/msg {}", self.name(2)), "/msg 7:30".into()] {
            type_text(&mut harness, &typed);
            scene("what is to be sent", &harness);
            if typed.starts_with('@') {
                key(&mut harness, Modifiers::COMMAND, Key::Enter);
                scene("what was sent", &harness);
            }
            key(&mut harness, Modifiers::COMMAND, Key::A);
            key(&mut harness, Modifiers::NONE, Key::Backspace);
        }
        click(&mut harness, "Add people…");
        for label in [format!("{}, last seen yesterday at 21:40", self.name(3)), "Mateo Silva, offline".into()] {
            pick(&mut harness, &label);
        }
        scene("people to add", &harness);
        key(&mut harness, Modifiers::NONE, Key::Escape);
        for chat in [chat_with(CHARLIE), chat_with(DORA), chat_with(BOB)] {
            open_chat(&mut harness, chat);
            scene("a person", &harness);
        }
        open_chat(&mut harness, ChatKey::Group(HIKE));
        harness.state_mut().model.groups.remove(&HIKE);
        harness.run();
        scene("a group that is lost", &harness);
        scenes
    }
}

/// Every text that is painted, each on one line.
fn painted(harness: &Harness<'_, State>) -> Vec<String> {
    fn collect(shape: &Shape, found: &mut Vec<String>) {
        match shape {
            Shape::Text(text) => found.push(text.galley.text().split_whitespace().collect::<Vec<_>>().join(" ")),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    harness.output().shapes.iter().for_each(|clipped| collect(&clipped.shape, &mut found));
    // Initials are letters of the name, and icons are letters of a font.
    found.retain(|text| text.chars().count() > 2);
    found.sort();
    found
}

#[test]
fn a_name_from_the_right_moves_nothing_in_any_sentence() {
    let (plain, from_right) = (Named(0).scenes(), Named(1).scenes());
    assert_eq!(plain.len(), from_right.len());
    let mut sentences = 0;
    for ((what, plain), (_, found)) in plain.into_iter().zip(from_right) {
        let seen = |text: String| {
            NAMES.iter().fold(text, |text, [name, _, seen]| {
                // The sign is written in front of the name, which is at its right.
                text.replace(&format!("@{name}"), &format!("{seen}@")).replace(name, seen)
            })
        };
        let mut expected: Vec<String> = plain.into_iter().map(seen).collect();
        expected.sort();
        sentences += found.iter().filter(|text| text.chars().any(parlor::visible::is_from_the_right)).count();
        let mut missing: Vec<_> = expected.iter().filter(|text| !found.contains(text)).collect();
        let mut strange: Vec<_> = found.iter().filter(|text| !expected.contains(text)).collect();
        // Letters that the fonts of the tests do not have are wide, and what does not fit is cut short.
        strange.retain(|text| {
            let beginning = text.strip_suffix('…').filter(|text| text.chars().count() > 5);
            let of = |whole: &str| beginning.is_some_and(|text| whole.starts_with(text));
            missing.retain(|whole| !of(whole));
            !expected.iter().any(|whole| of(whole))
        });
        assert!(missing.is_empty() && strange.is_empty(), "{what}:\n{missing:#?}\ninstead of which\n{strange:#?}");
        for text in &found {
            assert_eq!(parlor::visible::cleaned(text), *text, "{what}: nothing is painted that cannot be seen");
        }
    }
    assert!(sentences > 100, "{sentences}");
}

/// The texts that are painted in a conversation with Bob who has written these, with where their ink is.
fn inked(texts: &[&str]) -> Vec<(String, egui::Rect)> {
    let mut model = model();
    for (seq, text) in (1..).zip(texts) {
        say(&mut model, BOB, BOB, seq, NOW, text, true);
    }
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    let harness = with_bob(model);
    let texts = harness.output().shapes.iter().filter_map(|clipped| match &clipped.shape {
        Shape::Text(text) if text.pos.x > 304.0 => Some((text.galley.text().to_owned(), text.visual_bounding_rect())),
        _ => None,
    });
    texts.collect()
}

#[test]
fn a_tower_of_marks_does_not_paint_over_its_neighbours() {
    let marks = ['\u{30d}', '\u{316}', '\u{489}', '\u{e49}', '\u{5b8}', '\u{64b}'];
    for mark in marks {
        let tower = format!("H{}H", String::from(mark).repeat(1000));
        let one = inked(&["before", "HH", "after"]);
        let found = inked(&["before", &tower, "after"]);
        let ink =
            |found: &[(String, egui::Rect)], of: &str| found.iter().find(|(text, _)| text.starts_with(of)).unwrap().1;
        let (plain, high) = (ink(&one, "HH"), ink(&found, "H"));
        let bounds = [plain.top() - high.top(), high.bottom() - plain.bottom()];
        let letters = found.iter().filter(|(text, _)| text.starts_with('H')).map(|(text, _)| text.chars().count());
        assert_eq!(
            letters.max(),
            Some(2 + parlor::visible::MARKS_MAX),
            "fonts that build towers get no more than this"
        );
        assert!(bounds.iter().all(|over| *over < 14.0), "{mark:?} reaches {bounds:?} out of its line");
        assert!(!high.intersects(ink(&found, "before")) && !high.intersects(ink(&found, "after")), "{mark:?}");
    }
}

#[test]
fn what_hides_in_a_message_is_not_painted() {
    for (written, painted) in [
        ("bell\u{7}, escape\u{1b}[31m, next\u{85}line", "bell, escape[31m, next\nline"),
        ("photo\u{202e}gpj.exe", "photogpj.exe"),
        ("\u{2067}one \u{2066}two\u{2069} three", "one two three"),
        ("\u{2068}one\u{2069} two", "one two"),
        ("pass\u{200b}word al\u{200d}ice\u{200c}", "password alice"),
        ("hi\u{e0068}\u{e0069}\u{e007f} x\u{fe0f}y\u{e0100}", "hi xy"),
        ("a\u{fff9}b\u{fffa}c\u{fffb}", "abc"),
        ("one\u{2028}two\u{2029}three", "one\ntwo\nthree"),
        ("x\u{115f}\u{1160}\u{3164}\u{ffa0}y", "xy"),
    ] {
        let texts = inked(&[written]);
        assert!(texts.iter().any(|(text, _)| text == painted), "{written:?}: {texts:?}");
    }
}
