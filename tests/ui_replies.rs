//! Messages that answer others: what they show, where they lead, and how one writes one.

mod common;

use common::rooms::{add, in_room};
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::{Draft, Message, Model, Quote};
use parlor::client::outbox::{Destination, What};
use parlor::proto::attachment::{Attachment, FileId, FileName};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::Seq;

/// Has the newest message of the chat with Bob answer that one.
fn answers(model: &mut Model, chat: ChatKey, seq: u64) {
    model.chats.get_mut(&chat).unwrap().messages.back_mut().unwrap().reply_to = Some(Seq(seq));
}

/// A hundred messages, and one of Bob's that answers an early one of his.
fn with_an_answer_to(seq: u64) -> Model {
    let mut model = long_chat(1000, 100);
    say(&mut model, BOB, BOB, 1100, NOW, "that one", true);
    answers(&mut model, chat_with(BOB), seq);
    model
}

fn asked_for(commands: &[Command]) -> Vec<Seq> {
    let quotes = commands.iter().filter_map(|command| match command {
        Command::FetchQuote { seq, .. } => Some(*seq),
        _ => None,
    });
    quotes.collect()
}

fn sent(commands: &[Command]) -> Vec<(String, Option<Seq>)> {
    let sends = commands.iter().filter_map(|command| match command {
        Command::Send { text, reply_to, .. } => Some((text.clone(), *reply_to)),
        _ => None,
    });
    sends.collect()
}

fn last_draft(commands: &[Command]) -> Option<(String, Option<Seq>)> {
    commands.iter().rev().find_map(|command| match command {
        Command::SetDraft { draft, .. } => Some((draft.text.clone(), draft.reply_to)),
        _ => None,
    })
}

fn menu_of(harness: &mut Harness<'_, State>, message: &str, entry: &str) {
    let node = harness.query_all_by_label_contains(message).find(|node| node.rect().left() > 280.0);
    node.expect("the message is in view").click_secondary();
    harness.run();
    harness.get_by_label(entry).click();
    harness.run();
}

#[test]
fn an_answer_shows_what_it_answers_and_leads_there_by_mouse_and_by_keyboard() {
    for by_keyboard in [false, true] {
        let mut harness = with_bob(with_an_answer_to(1009));
        assert!(top_of(&harness, "message 1009.").is_some_and(|top| top > 500.0), "only as what is answered");
        let quote = harness.get_by_label("In reply to Bob: message 1009. and some more words to fill the line and some more words to fill the line and some more words to fill the line");
        if by_keyboard {
            quote.focus();
            harness.run();
            key(&mut harness, Modifiers::NONE, Key::Enter);
        } else {
            quote.click();
            harness.run();
        }
        let target = harness.query_by_label_contains("Bob, 13:29: message 1009.").expect("it is in view").rect();
        assert!(target.top() > 60.0 && target.bottom() < 400.0, "{target:?}");
    }
}

#[test]
fn what_is_answered_stays_where_it_is_where_it_is_in_view() {
    let mut harness = with_bob(with_an_answer_to(1097));
    let place = |harness: &Harness<'_, State>| {
        harness.query_by_label_contains("Bob, 14:57: message 1097.").expect("it is in view").rect()
    };
    let before = place(&harness);
    harness.get_by_label_contains("In reply to Bob: message 1097.").click();
    harness.run();
    assert_eq!(place(&harness), before);
}

#[test]
fn what_is_answered_far_back_is_loaded_page_by_page_and_not_for_ever() {
    let mut model = with_an_answer_to(400);
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    chat.complete = false;
    let message =
        Message { seq: Seq(400), from: BOB, at: NOW.plus(-9 * HOUR), text: "far back".into(), ..Default::default() };
    chat.quotes.insert(Seq(400), Quote::Known(Box::new(message.clone())));
    let mut harness = with_bob(model);
    harness.state_mut().take();
    harness.get_by_label("In reply to Bob: far back").click();
    harness.run();
    let pages = |commands: Vec<Command>| commands.iter().filter(|it| matches!(it, Command::LoadOlder { .. })).count();
    assert_eq!(pages(harness.state_mut().take()), 1);
    let chat = harness.state_mut().chat(BOB);
    chat.messages.push_front(Message {
        seq: Seq(900),
        from: BOB,
        at: NOW.plus(-8 * HOUR),
        text: "page".into(),
        ..Default::default()
    });
    harness.run();
    assert_eq!(pages(harness.state_mut().take()), 1, "one more page");
    let chat = harness.state_mut().chat(BOB);
    chat.messages.push_front(message);
    chat.complete = true;
    harness.run();
    assert!(harness.query_by_label_contains("06:00: far back").is_some(), "it is in view");
}

#[test]
fn what_is_not_loaded_is_asked_for_once_and_shown_as_it_is() {
    let mut harness = with_bob(with_an_answer_to(7));
    assert_eq!(asked_for(&harness.state_mut().take()), [Seq(7)]);
    assert!(harness.query_by_label("In reply to Loading…").is_some());
    let height = |harness: &Harness<'_, State>| bubble(harness, "that one").unwrap().height();
    let before = height(&harness);
    harness.run_steps(3);
    harness.state_mut().chat(BOB).quotes.insert(Seq(7), Quote::Asked(1));
    harness.run();
    assert_eq!(asked_for(&harness.state_mut().take()), [], "once");

    let mut message = Message { seq: Seq(7), from: BOB, at: NOW, text: "found\nit".into(), ..Default::default() };
    let put = |harness: &mut Harness<'_, State>, message: &Message| {
        harness.state_mut().chat(BOB).quotes.insert(Seq(7), Quote::Known(Box::new(message.clone())));
        harness.run();
        assert_eq!(height(harness), before, "whatever comes of it, nothing moves");
    };
    put(&mut harness, &message);
    assert!(harness.query_by_label("In reply to Bob: found it").is_some());
    message.text = "changed".into();
    put(&mut harness, &message);
    assert!(harness.query_by_label("In reply to Bob: changed").is_some());
    let name = FileName::new("plan.pdf").unwrap();
    message.attachment = Some(Attachment { file: FileId(1), name, size: 9, image: None }.into());
    message.text = "".into();
    put(&mut harness, &message);
    assert!(harness.query_by_label("In reply to Bob: plan.pdf").is_some());
    (message.attachment, message.deleted) = (None, true);
    put(&mut harness, &message);
    assert!(harness.query_by_label("In reply to Bob: Message deleted").is_some());
    harness.state_mut().chat(BOB).quotes.insert(Seq(7), Quote::Missing);
    harness.run();
    let missing = harness.get_by_label("In reply to Message not available");
    assert!(missing.accesskit_node().role() != egui::accesskit::Role::Button, "it leads nowhere");
    assert_eq!(height(&harness), before, "nor then");
}

#[test]
fn what_is_answered_arrives_above_the_viewport_and_moves_nothing() {
    let mut model = long_chat(1000, 100);
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    for message in chat.messages.iter_mut().filter(|message| message.seq.0 % 4 == 0) {
        message.reply_to = Some(Seq(message.seq.0 - 900));
    }
    let mut harness = with_bob(model);
    scroll(&mut harness, 1500.0);
    let (n, before) = first_visible(&harness, 1000..1100);
    let text = "what was said a long time ago, at some length and in many words that fill a line";
    for seq in 100..200 {
        let message = Message { seq: Seq(seq), from: BOB, at: NOW, text: text.into(), ..Default::default() };
        harness.state_mut().chat(BOB).quotes.insert(Seq(seq), Quote::Known(Box::new(message)));
    }
    harness.run();
    let after = bottom_of(&harness, &format!("message {n}.")).expect("still in view");
    assert!((after - before).abs() <= 1.0, "message {n} moved from {before} to {after}");
}

#[test]
fn what_is_answered_is_shown_as_its_author_has_just_changed_it() {
    let mut model = with_an_answer_to(1098);
    model.outbox.put(Destination::Chat(chat_with(BOB)), What::Edit(Seq(1098)), "put right".into(), NOW);
    let mut harness = with_bob(model);
    assert!(harness.query_by_label("In reply to You: put right").is_some());
    let to = Destination::Chat(chat_with(BOB));
    harness.state_mut().model.outbox.put(to, What::Delete(Seq(1098)), "".into(), NOW);
    harness.run();
    assert!(harness.query_by_label("In reply to You: Message deleted").is_some());
}

#[test]
fn whatever_is_answered_stays_inside_its_bubble_on_one_line() {
    let texts = [
        "x".repeat(5_000),
        "\n\n\nlines\n".repeat(2_000),
        "שלום עולם, מה שלומך היום? ".repeat(40),
        "hello שלום (world) \u{202e}".repeat(40),
        "👩‍🚀".repeat(600),
        "\u{0}\u{7}".repeat(50),
    ];
    for (width, height) in [(1000.0, 700.0), (360.0, 640.0)] {
        let mut model = model();
        for (n, text) in (1..).zip(&texts) {
            say(&mut model, BOB, BOB, n, NOW.plus(-HOUR), text, true);
        }
        model.people.get_mut(&BOB).unwrap().username = "דוד המלך with a name that goes on and on and on".into();
        for n in 1..=texts.len() as u64 {
            say(&mut model, BOB, if n % 2 == 0 { ALICE } else { BOB }, 10 + n, NOW, &format!("answer {n}."), true);
            answers(&mut model, chat_with(BOB), n);
        }
        let mut harness = sized(model, [width, height]);
        open(&mut harness, BOB);
        for n in 1..=texts.len() {
            let said = format!(": answer {n}.");
            let bubble = harness.query_all_by_label_contains(&said).last();
            let Some(bubble) = bubble.map(|node| node.rect()) else { continue };
            let quotes = harness.query_all_by_role(egui::accesskit::Role::Button);
            let mut inside =
                quotes.filter(|node| bubble.contains(node.rect().center()) && node.rect().height() == 44.0);
            let quote = inside.next().expect("it is shown").rect();
            assert!(bubble.contains_rect(quote), "{n}: {quote:?} in {bubble:?}");
            assert!(bubble.left() >= width - 730.0 && bubble.right() <= width, "{n}: {bubble:?}");
        }
        key(&mut harness, Modifiers::COMMAND, Key::R);
        assert!(harness.query_by_label("Stop replying (Esc)").is_some());
    }
}

#[test]
fn an_answer_begins_a_group_of_its_own() {
    let talk = |reply_to: Option<u64>| {
        let mut model = model();
        add(&mut model, ChatKey::Everyone, BOB, 1, NOW.plus(-3 * MINUTE), "first");
        add(&mut model, ChatKey::Everyone, BOB, 2, NOW.plus(-2 * MINUTE), "second");
        if let Some(seq) = reply_to {
            answers(&mut model, ChatKey::Everyone, seq);
        }
        add(&mut model, ChatKey::Everyone, BOB, 3, NOW.plus(-MINUTE), "third");
        let harness = in_room(model, ChatKey::Everyone);
        let at = |text: &str| bubble(&harness, &format!("Bob, {text}")).or(bubble(&harness, text)).unwrap();
        let (first, third) = (at("first"), at("third"));
        let second = harness.query_all_by_label_contains(": second").map(|node| node.rect()).next().unwrap();
        [second.top() - first.bottom(), third.top() - second.bottom()]
    };
    let [above, below] = talk(None);
    assert!(above < 5.0 && below < 5.0);
    let [above, below] = talk(Some(1));
    assert!(above > 8.0 && below < 5.0, "{above} {below}");
}

#[test]
fn one_answers_from_the_menu_and_what_is_sent_says_so() {
    let mut harness = with_bob(long_chat(1000, 9));
    menu_of(&mut harness, "message 1007.", "Reply");
    assert!(harness.query_by_label_contains("Replying to Bob: message 1007.").is_some());
    assert_eq!(last_draft(&harness.state_mut().take()), Some(("".into(), Some(Seq(1007)))), "it is kept");
    type_text(&mut harness, "to the point");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = harness.state_mut().take();
    assert_eq!(sent(&commands), [("to the point".to_owned(), Some(Seq(1007)))]);
    assert_eq!(last_draft(&commands), Some(("".into(), None)));
    assert!(harness.query_by_label_contains("Replying to").is_none());

    // On its way it shows what it answers, too.
    let what = What::Say { reply_to: Some(Seq(1007)), enclosure: None };
    let chat = Destination::Chat(chat_with(BOB));
    harness.state_mut().model.outbox.put(chat, what, "to the point".into(), NOW);
    harness.run();
    assert!(harness.query_by_label_contains("In reply to Bob: message 1007.").is_some());
}

#[test]
fn escape_ends_an_answer_before_the_search_and_costs_no_text() {
    let mut harness = with_bob(long_chat(1000, 100));
    type_text(&mut harness, "half a thought");
    key(&mut harness, Modifiers::COMMAND, Key::F);
    menu_of(&mut harness, "message 1097.", "Reply");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label_contains("Replying to").is_none());
    assert!(harness.query_by_label("Close the search").is_some(), "one layer");
    assert_eq!(composer_text(&harness, BOB), "half a thought");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Close the search").is_none());
    assert_eq!(composer_text(&harness, BOB), "half a thought");

    menu_of(&mut harness, "message 1097.", "Reply");
    harness.get_by_label("Stop replying (Esc)").click();
    harness.run();
    assert!(harness.query_by_label_contains("Replying to").is_none());
    type_text(&mut harness, "!");
    assert_eq!(composer_text(&harness, BOB), "half a thought!", "one goes on writing");
}

#[test]
fn a_key_answers_the_message_that_has_the_focus_or_the_newest_of_somebody_else() {
    let mut harness = with_bob(long_chat(1000, 9));
    // Of these the last is one's own.
    key(&mut harness, Modifiers::COMMAND, Key::R);
    assert!(harness.query_by_label_contains("Replying to Bob: message 1007.").is_some());
    key(&mut harness, Modifiers::COMMAND, Key::R);
    assert!(harness.query_by_label_contains("Replying to Bob: message 1006.").is_some(), "and the one before");
    harness.query_all_by_label_contains("message 1008.").last().unwrap().focus();
    harness.run();
    key(&mut harness, Modifiers::COMMAND, Key::R);
    assert!(harness.query_by_label_contains("Replying to yourself: message 1008.").is_some());
    harness.get_by_label_contains("Replying to yourself").click();
    harness.run();
    assert!(top_of(&harness, "message 1008.").is_some(), "the strip leads to the message");
}

#[test]
fn an_answer_that_is_being_written_stays_with_its_chat_and_over_the_end_of_the_window() {
    let mut model = long_chat(1000, 9);
    say(&mut model, CHARLIE, CHARLIE, 2000, NOW, "hi", true);
    let draft = Draft { reply_to: Some(Seq(2000)), text: "later".into(), caret: 5, ..Default::default() };
    model.drafts.insert(chat_with(CHARLIE), draft);
    let mut harness = with_bob(model);
    menu_of(&mut harness, "message 1007.", "Reply");
    type_text(&mut harness, "half");
    open(&mut harness, CHARLIE);
    assert!(harness.query_by_label("Replying to Charlie: hi").is_some(), "as it was left");
    assert!(harness.query_by_label_contains("Draft: half").is_some());
    open(&mut harness, BOB);
    assert!(harness.query_by_label_contains("Replying to Bob: message 1007.").is_some());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&harness.state_mut().take()), [("half".to_owned(), Some(Seq(1007)))]);
}

#[test]
fn what_is_answered_may_be_taken_back_and_nothing_typed_is_lost() {
    let mut harness = with_bob(long_chat(1000, 9));
    menu_of(&mut harness, "message 1007.", "Reply");
    type_text(&mut harness, "I agree");
    let message = &mut harness.state_mut().chat(BOB).messages[7];
    (message.deleted, message.text) = (true, "".into());
    harness.run();
    assert!(harness.query_by_label_contains("The message that you were replying to was deleted.").is_some());
    assert_eq!(last_draft(&harness.state_mut().take()), Some(("I agree".into(), None)));
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(sent(&harness.state_mut().take()), [("I agree".to_owned(), None)]);
}

#[test]
fn a_call_in_an_answer_is_not_offered_to_be_sent_to_one_alone() {
    let mut model = model();
    add(&mut model, ChatKey::Everyone, BOB, 1, NOW, "who comes?");
    let mut harness = in_room(model, ChatKey::Everyone);
    type_text(&mut harness, "@Bob me");
    assert!(harness.query_by_label_contains("sends this to").is_some());
    key(&mut harness, Modifiers::COMMAND, Key::R);
    assert!(harness.query_by_label_contains("sends this to").is_none());
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(sent(&harness.state_mut().take()), []);
}

/// Answers of both sides: to a text, a long one, a file, something taken back, and something that is not there yet.
fn talk() -> Model {
    let mut model = model();
    for (seq, from, when, text) in [
        (1, BOB, "2026-11-20T09:02:00Z", "Are we on for Saturday? The forecast says sun until the afternoon."),
        (2, ALICE, "2026-11-20T09:20:00Z", "Yes! 8 at the station?"),
        (3, BOB, "2026-11-20T09:21:00Z", "Perfect"),
        (4, BOB, "2026-11-20T09:22:00Z", "I look for the map"),
        (
            5,
            ALICE,
            "2026-11-20T09:30:00Z",
            "Rain from noon, says the other one. I'd still go: the hut has a roof, and the tent is dry again.",
        ),
        (6, BOB, "2026-11-20T09:31:00Z", "I have the map on paper"),
        (7, ALICE, "2026-11-20T09:40:00Z", "Thanks"),
        (8, BOB, "2026-11-20T09:41:00Z", "ok"),
    ] {
        say(&mut model, BOB, from, seq, at(when), text, true);
    }
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    chat.complete = true;
    for (at, reply_to) in [(2, 2), (4, 1), (5, 5), (6, 800), (7, 900)] {
        chat.messages[at].reply_to = Some(Seq(reply_to));
    }
    let name = FileName::new("Topographic map 1:25000, sheet 12.pdf").unwrap();
    let attachment = Some(Attachment { file: FileId(1), name, size: 1_200_000, image: None }.into());
    let map = Message { seq: Seq(800), from: BOB, at: NOW, attachment, ..Default::default() };
    chat.quotes.insert(Seq(800), Quote::Known(Box::new(map)));
    model
}

fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

fn answers_look(theme: Theme, name: &str) {
    let mut harness = themed(talk(), [900.0, 860.0], theme);
    open(&mut harness, BOB);
    menu_of(&mut harness, "the map on paper", "Reply");
    type_text(&mut harness, "Good");
    look(&mut harness, name);
}

#[test]
fn answers_in_the_light() {
    answers_look(Theme::Light, "replies_light");
}

#[test]
fn answers_in_the_dark() {
    answers_look(Theme::Dark, "replies_dark");
}

#[test]
fn answers_in_a_room_and_a_narrow_window() {
    let mut model = model();
    let room = ChatKey::Everyone;
    for (seq, from, minutes, text) in [
        (1, BOB, 0, "Who takes the tent, and who the stove? I can carry one of them, not both."),
        (2, CHARLIE, 1, "The stove"),
        (3, ALICE, 2, "Then I take the tent"),
    ] {
        add(&mut model, room, from, seq, NOW.plus(-HOUR + minutes * MINUTE), text);
        if seq > 1 {
            answers(&mut model, room, 1);
        }
    }
    add(&mut model, room, CHARLIE, 4, NOW.plus(-MINUTE), "and gas");
    answers(&mut model, room, 2);
    let mut harness = themed(model, [360.0, 640.0], Theme::Light);
    let state = harness.state_mut();
    state.window.open_chat(room, &state.model);
    harness.run();
    key(&mut harness, Modifiers::COMMAND, Key::R);
    look(&mut harness, "replies_narrow");
}
