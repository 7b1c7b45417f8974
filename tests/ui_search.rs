//! Finding words: in the open chat, in all chats, and the way to a message that was asked for.

mod common;

use std::collections::BTreeSet;

use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use parlor::client::command::Command;
use parlor::client::model::{Link, Message, Model};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::{Millis, Seq, UserId};

const FIND: Modifiers = Modifiers::COMMAND;

fn find_everywhere(harness: &mut Harness<'_, State>) {
    key(harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
}

fn asked(commands: &[Command]) -> usize {
    commands.iter().filter(|command| matches!(command, Command::LoadOlder { .. })).count()
}

/// A long chat in which every tenth message has the word.
fn model_with_needles() -> Model {
    let mut model = long_chat(1000, 400);
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    for message in chat.messages.iter_mut().filter(|message| message.seq.0 % 10 == 5) {
        message.text = format!("{} and a Needlé", message.text).into();
    }
    model
}

fn searching(model: Model, typed: &str) -> Harness<'static, State> {
    let mut harness = with_bob(model);
    key(&mut harness, FIND, Key::F);
    type_text(&mut harness, typed);
    harness
}

/// Puts older messages in front of what is loaded.
fn page(state: &mut State, with: UserId, texts: &[&str]) {
    let chat = state.chat(with);
    let first = chat.messages.front().map_or(Seq(1000), |message| message.seq).0;
    for (n, text) in (1..).zip(texts.iter().rev()) {
        chat.messages.push_front(Message {
            seq: Seq(first - n),
            at: NOW.plus(-24 * HOUR - n as i64 * MINUTE),
            from: with,
            text: (*text).into(),
            ..Default::default()
        });
    }
    chat.loading = false;
}

fn in_view(harness: &Harness<'_, State>, needle: &str) -> bool {
    let bottom = harness.get_by_label("Message Bob").rect().top();
    bubble(harness, needle).is_some_and(|rect| rect.top() > 110.0 && rect.bottom() < bottom)
}

#[test]
fn words_are_found_from_the_newest_message_backwards() {
    let mut harness = searching(model_with_needles(), "NEEDLE");
    assert!(harness.query_by_label("1 of 40").is_some(), "capitals and marks make no difference");
    assert!(in_view(&harness, "message 1395."));
    for (pressed, modifiers, count, message) in [
        (Key::Enter, Modifiers::NONE, "2 of 40", "message 1385."),
        (Key::ArrowUp, Modifiers::NONE, "3 of 40", "message 1375."),
        (Key::Enter, Modifiers::SHIFT, "2 of 40", "message 1385."),
        (Key::ArrowDown, Modifiers::NONE, "1 of 40", "message 1395."),
        (Key::ArrowDown, Modifiers::NONE, "1 of 40", "message 1395."),
    ] {
        key(&mut harness, modifiers, pressed);
        assert!(harness.query_by_label(count).is_some(), "{count}");
        assert!(in_view(&harness, message), "{message}");
    }
    harness.get_by_label("Older match (Enter)").click();
    harness.run();
    assert!(harness.query_by_label("2 of 40").is_some());
    assert_eq!(composer_text(&harness, BOB), "", "nothing of it went to the composer");
    let sent = harness.state_mut().take();
    assert!(!sent.iter().any(|command| matches!(command, Command::Send { .. })), "{sent:?}");
}

#[test]
fn what_is_in_view_is_marked_without_moving() {
    let mut harness = with_bob(model_with_needles());
    key(&mut harness, FIND, Key::F);
    let before = top_of(&harness, "message 1395.").unwrap();
    type_text(&mut harness, "needle");
    assert_eq!(top_of(&harness, "message 1395."), Some(before));
    let delay = harness.output().viewport_output.values().map(|output| output.repaint_delay).min().unwrap();
    assert!(delay.as_secs() > 60, "found, and at rest: {delay:?}");
}

#[test]
fn escape_closes_the_search_before_anything_else() {
    let mut harness = searching(model_with_needles(), "needle");
    for _ in 0..20 {
        key(&mut harness, Modifiers::NONE, Key::Enter);
    }
    assert!(top_of(&harness, "message 1399.").is_none());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Search this chat").is_none());
    assert!(harness.get_by_label("Message Bob").is_focused());
    assert!(top_of(&harness, "message 1399.").is_none(), "one stays where one is");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(top_of(&harness, "message 1399.").is_some(), "then to the end");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().window.open().is_none(), "then out of the chat");
}

#[test]
fn escape_closes_what_is_offered_in_the_composer_before_the_search() {
    let mut harness = searching(model_with_needles(), "needle");
    harness.get_by_label("Message Bob").click();
    harness.run();
    type_text(&mut harness, "/");
    assert!(harness.query_by_label_contains("/help").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label_contains("/help").is_none());
    assert!(harness.query_by_label("Search this chat").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Search this chat").is_none());
    assert!(harness.state().window.open().is_some(), "and the chat is still there");
    assert_eq!(composer_text(&harness, BOB), "/", "text is never lost by it");
}

#[test]
fn older_pages_are_searched_until_something_is_found() {
    let mut model = long_chat(1000, 60);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    let mut harness = searching(model, "treasure");
    harness.run();
    assert!(harness.query_by_label("Searching older messages…").is_some());
    for _ in 0..3 {
        assert_eq!(asked(&harness.state_mut().take()), 1, "a page at a time");
        page(harness.state_mut(), BOB, &["nothing here", "nor here"]);
        harness.run();
    }
    page(harness.state_mut(), BOB, &["the first Treasure", "the treasure", "later"]);
    harness.run();
    assert!(harness.query_by_label("1 of 2+").is_some(), "there may be more");
    assert!(in_view(&harness, "the treasure"));
    assert!(harness.query_by_label("Searching older messages…").is_none());
    harness.state_mut().take();
    harness.run_steps(3);

    key(&mut harness, Modifiers::NONE, Key::Enter);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Searching older messages…").is_some(), "and further, when asked");
    let chat = harness.state_mut().chat(BOB);
    chat.complete = true;
    harness.run();
    assert!(harness.query_by_label("2 of 2").is_some());
    assert!(harness.query_by_label("Searching older messages…").is_none());
}

#[test]
fn a_word_that_is_nowhere_does_not_load_a_whole_history() {
    let mut model = long_chat(1_000_000, 60);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    let mut harness = searching(model, "nowhere");
    let mut pages = 0;
    for _ in 0..100 {
        pages += asked(&harness.state_mut().take());
        page(harness.state_mut(), BOB, &["a page"]);
        harness.run();
    }
    assert!((30..=50).contains(&pages), "{pages}");
    assert!(harness.query_by_label("Not found so far. Enter searches further back").is_some());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Searching older messages…").is_some());
}

#[test]
fn what_cannot_be_searched_is_said() {
    let mut model = long_chat(1000, 60);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    model.link = Link::Connecting;
    let mut harness = searching(model, "treasure");
    assert!(harness.query_by_label("Older messages are searched when the connection is back").is_some());
    harness.state_mut().chat(BOB).complete = true;
    harness.run();
    assert!(harness.query_by_label("Not found").is_some());
}

#[test]
fn what_was_found_in_a_folded_message_is_shown() {
    let poem: String = (1..=90).map(|n| format!("line {n} of the poem\n")).collect();
    let mut model = long_chat(1000, 30);
    say(&mut model, BOB, BOB, 1030, NOW, &poem, true);
    for seq in 1031..1060 {
        say(&mut model, BOB, BOB, seq, NOW, &words(seq), true);
    }
    let harness = searching(model, "line 77");
    let whole = bubble(&harness, "line 1 of").unwrap();
    let line = whole.top() + (whole.height() - 40.0) * 77.0 / 91.0;
    assert!((110.0..620.0).contains(&line), "line 77 is in view: {line} in {whole:?}");
}

#[test]
fn what_is_new_is_found_too() {
    let mut harness = searching(long_chat(1000, 40), "latest");
    assert!(harness.query_by_label("Not found").is_some());
    say(&mut harness.state_mut().model, BOB, BOB, 1040, NOW, "the latest", false);
    harness.run();
    assert!(harness.query_by_label("1 of 1").is_some());
}

#[test]
fn a_hundred_thousand_messages_are_searched_over_many_frames() {
    let mut model = long_chat(1000, 40);
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    let text: std::sync::Arc<str> = "some words ".repeat(12).into();
    for n in 0..100_000u64 {
        let at = NOW.plus(-24 * HOUR);
        chat.messages.push_front(Message {
            seq: Seq(999_999_999),
            at,
            from: BOB,
            text: if n == 99_999 { "at the very beginning".into() } else { std::sync::Arc::clone(&text) },
            ..Message::default()
        });
    }
    for (seq, message) in (1..).zip(chat.messages.iter_mut()) {
        message.seq = Seq(seq);
    }
    chat.read = Seq(200_000);
    let mut harness = with_bob(model);
    key(&mut harness, FIND, Key::F);
    harness.event(egui::Event::Text("very beginning".into()));
    let before = harness.state().frames;
    let mut steps = 0;
    while harness.query_by_label("1 of 1").is_none() {
        harness.step();
        steps += 1;
        assert!(steps < 400, "it is found in the end");
    }
    assert!(harness.state().frames - before > 20, "a portion in each frame");
    harness.run();
    assert!(in_view(&harness, "at the very beginning"));
}

fn chats() -> Model {
    let mut model = model_with_needles();
    say(&mut model, CHARLIE, CHARLIE, 2000, NOW, "the needle of Charlie", true);
    say(&mut model, CHARLIE, ALICE, 2001, NOW, "no hay in it", true);
    say(&mut model, CHARLIE, ALICE, 2002, NOW, "my own needle, after quite a lot of other words in this message", true);
    model
}

#[test]
fn all_chats_are_searched_and_a_message_is_opened_in_its_chat() {
    let mut harness = window(chats());
    find_everywhere(&mut harness);
    type_text(&mut harness, "needle");
    let results: Vec<_> = harness
        .query_all_by_role(egui::accesskit::Role::ListBoxOption)
        .map(|node| egui_kittest::kittest::NodeT::accesskit_node(&node).label().unwrap_or_default())
        .collect();
    assert_eq!(results[0], "Charlie, 15:00: You: my own needle, after quite a lot of other words in this message");
    assert_eq!(results[1], "Charlie, 15:00: the needle of Charlie");
    assert!(results[2].starts_with("Bob, ") && results[2].contains("message 1395.") || results[2].contains('…'));

    key(&mut harness, Modifiers::NONE, Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)));
    assert!(harness.query_by_label("Search all chats").is_none());
    assert!(bubble(&harness, "the needle of Charlie").is_some());

    find_everywhere(&mut harness);
    type_text(&mut harness, "needle");
    harness.get_all_by_label_contains("Bob, ").find(|node| node.rect().left() > 280.0).expect("a result").click();
    harness.run();
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
    assert!(in_view(&harness, "message 1395."));
}

#[test]
fn the_results_of_all_chats_have_an_end_and_a_way_on() {
    let mut harness = window(long_chat(1000, 400));
    find_everywhere(&mut harness);
    type_text(&mut harness, "message");
    let seen = |harness: &mut Harness<'_, State>| {
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            for node in harness.query_all_by_role(egui::accesskit::Role::ListBoxOption) {
                seen.insert(egui_kittest::kittest::NodeT::accesskit_node(&node).label().unwrap_or_default());
            }
            scroll_list(harness);
            if harness.query_by_label("Show more").is_some_and(|node| node.rect().bottom() < 620.0) {
                break;
            }
        }
        seen.len()
    };
    assert_eq!(seen(&mut harness), 50);
    harness.get_by_label("Show more").click();
    harness.run();
    assert!(seen(&mut harness) > 40, "as many more");
    assert!(harness.query_by_label("Show more").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Search all chats").is_none());
    assert!(harness.state().window.open().is_none());
}

fn scroll_list(harness: &mut Harness<'_, State>) {
    harness.hover_at(egui::pos2(500.0, 400.0));
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        source: egui::MouseWheelSource::Unknown,
        delta: egui::vec2(0.0, -200.0),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(6);
}

#[test]
fn a_chat_is_opened_at_a_message_which_stands_out_for_a_moment() {
    let mut harness = window(long_chat(1000, 400));
    let state = harness.state_mut();
    state.window.open_message(chat_with(BOB), Seq(1100), &state.model);
    harness.step();
    harness.step();
    harness.step();
    assert!(in_view(&harness, "message 1100."));
    let there = top_of(&harness, "message 1100.");
    // Nothing moves meanwhile, and no frame is drawn before it is over.
    harness.run();
    let delay = harness.output().viewport_output.values().map(|output| output.repaint_delay).min().unwrap();
    assert!((1.0..=2.0).contains(&delay.as_secs_f32()), "{delay:?}");
    harness.input_mut().time = Some(harness.ctx.input(|input| input.time) + 2.5);
    harness.run();
    let delay = harness.output().viewport_output.values().map(|output| output.repaint_delay).min().unwrap();
    assert!(delay.as_secs() > 60, "it is over: {delay:?}");
    assert_eq!(top_of(&harness, "message 1100."), there);
}

#[test]
fn a_message_that_is_not_loaded_yet_is_waited_for() {
    let mut model = long_chat(1000, 60);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    let mut harness = window(model);
    let state = harness.state_mut();
    state.window.open_message(chat_with(BOB), Seq(995), &state.model);
    harness.run();
    assert_eq!(asked(&harness.state_mut().take()), 1);
    let texts: Vec<String> = (0..20).map(|n| format!("old {}.", 980 + n)).collect();
    page(harness.state_mut(), BOB, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    harness.run();
    assert!(in_view(&harness, "old 995."));

    let state = harness.state_mut();
    state.window.open_message(ChatKey::Everyone, Seq(5), &state.model);
    harness.run();
    assert_eq!(harness.state().window.open(), Some(ChatKey::Everyone), "nothing is known of it, and no harm is done");
}

fn look(harness: &mut Harness<'_, State>, name: &str) {
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &egui_kittest::SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

fn conversation() -> Model {
    let mut model = model();
    for (seq, from, text) in [
        (1, BOB, "Did you see the weather for Saturday?"),
        (2, ALICE, "Sun until the afternoon. Saturday it is!"),
        (3, BOB, "https://example.com/saturday has the trains, the first one on saturday is at 6:40."),
        (4, ALICE, "Then let us take the one at 7:32"),
    ] {
        say(&mut model, BOB, from, seq, Millis(NOW.0 - HOUR), text, true);
    }
    say(
        &mut model,
        CHARLIE,
        CHARLIE,
        5,
        NOW,
        "I would come along, if there is room left on Saturday for one more",
        true,
    );
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    model
}

#[test]
fn a_search_in_the_light() {
    let mut harness = searching(conversation(), "saturday");
    look(&mut harness, "search_light");
}

#[test]
fn a_search_in_the_dark_in_a_small_window() {
    let mut harness = themed(conversation(), [376.0, 560.0], Theme::Dark);
    open(&mut harness, BOB);
    key(&mut harness, FIND, Key::F);
    type_text(&mut harness, "saturday");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    look(&mut harness, "search_small_dark");
}

#[test]
fn a_search_in_all_chats() {
    let mut harness = window(conversation());
    find_everywhere(&mut harness);
    type_text(&mut harness, "saturday");
    look(&mut harness, "search_all_light");
}
