//! Messages that are changed and taken back: what is seen of it, how one does it, and that nothing typed is lost.

mod common;

use common::rooms::{HIKE, add, in_room, rooms};
use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::{Draft, Editing, Model};
use parlor::client::outbox::{Destination, What};
use parlor::proto::attachment::Edition;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::{Millis, Seq};

const NONE: Modifiers = Modifiers::NONE;

/// What the commands do to messages: an edit with its text, or a deletion.
fn changes(commands: &[Command]) -> Vec<(u64, Option<String>)> {
    let changes = commands.iter().filter_map(|command| match command {
        Command::Edit { seq, text, .. } => Some((seq.0, Some(text.clone()))),
        Command::Delete { seq, .. } => Some((seq.0, None)),
        Command::Send { .. } => panic!("nothing is sent: {command:?}"),
        _ => None,
    });
    changes.collect()
}

fn last_draft(commands: &[Command]) -> Option<Draft> {
    commands.iter().rev().find_map(|command| match command {
        Command::SetDraft { draft, .. } => Some(draft.clone()),
        _ => None,
    })
}

fn editing(harness: &Harness<'_, State>) -> bool {
    harness.query_by_label_contains("Editing message:").is_some()
}

fn is_asked(harness: &Harness<'_, State>) -> bool {
    harness.query_all_by_label("Delete for everyone?").next().is_some()
}

fn message(state: &mut State, seq: u64) -> &mut parlor::client::model::Message {
    state.chat(BOB).messages.iter_mut().find(|message| message.seq.0 == seq).unwrap()
}

fn menu_of<'a>(harness: &'a mut Harness<'static, State>, message: &str) -> &'a mut Harness<'static, State> {
    let node = harness.query_all_by_label_contains(message).rfind(|node| node.rect().left() > 280.0);
    node.expect("the message is in view").click_secondary();
    harness.run();
    harness
}

fn choose(harness: &mut Harness<'static, State>, message: &str, entry: &str) {
    menu_of(harness, message).get_by_label(entry).click();
    harness.run();
}

/// A short chat whose last message is Alice's.
fn with_a_last_one() -> Harness<'static, State> {
    let mut model = long_chat(1000, 9);
    say(&mut model, BOB, ALICE, 1100, NOW.plus(-MINUTE), "helo Bob", true);
    say(&mut model, BOB, BOB, 1101, NOW, "hello Alice", true);
    with_bob(model)
}

#[test]
fn up_in_an_empty_field_changes_the_last_message_and_enter_saves_it() {
    let mut harness = with_a_last_one();
    key(&mut harness, NONE, Key::ArrowUp);
    assert!(harness.query_by_label("Editing message: helo Bob").is_some());
    assert_eq!(composer_text(&harness, BOB), "helo Bob");
    type_text(&mut harness, "!");
    assert_eq!(composer_text(&harness, BOB), "helo Bob!", "the caret is at its end");
    harness.state_mut().take();
    key(&mut harness, NONE, Key::Enter);
    let commands = harness.state_mut().take();
    assert_eq!(changes(&commands), [(1100, Some("helo Bob!".to_owned()))]);
    assert_eq!(last_draft(&commands).unwrap().editing, None);
    assert!(!editing(&harness));
    assert_eq!(composer_text(&harness, BOB), "");

    // With something in the field it moves the caret.
    type_text(&mut harness, "x");
    key(&mut harness, NONE, Key::ArrowUp);
    assert!(!editing(&harness));
}

#[test]
fn what_was_not_changed_is_not_sent_and_an_unchanged_message_is_left_without_a_word() {
    let mut harness = with_a_last_one();
    for end in [Key::Enter, Key::Escape] {
        key(&mut harness, NONE, Key::ArrowUp);
        assert!(editing(&harness));
        key(&mut harness, NONE, end);
        assert!(!editing(&harness));
        assert_eq!(changes(&harness.state_mut().take()), []);
    }
    assert!(harness.query_by_label_contains("Your changes are kept").is_none());
}

#[test]
fn the_draft_waits_beside_a_message_that_is_changed_and_comes_back_with_its_caret() {
    let mut harness = with_a_last_one();
    type_text(&mut harness, "half thought");
    for _ in 0..8 {
        key(&mut harness, NONE, Key::ArrowLeft);
    }
    choose(&mut harness, "helo Bob", "Edit");
    assert_eq!(composer_text(&harness, BOB), "helo Bob");
    type_text(&mut harness, " and all");
    let draft = last_draft(&harness.state_mut().take()).unwrap();
    assert_eq!((draft.text.as_str(), draft.caret), ("half thought", 4));
    let kept = draft.editing.unwrap();
    assert_eq!((kept.seq.0, kept.text.as_str(), kept.caret), (1100, "helo Bob and all", 16));

    key(&mut harness, NONE, Key::Escape);
    assert!(!editing(&harness));
    assert!(harness.query_by_label_contains("Your changes are kept").is_some());
    type_text(&mut harness, "-a");
    assert_eq!(composer_text(&harness, BOB), "half-a thought");

    // Nor are the changes lost.
    choose(&mut harness, "helo Bob", "Edit");
    assert_eq!(composer_text(&harness, BOB), "helo Bob and all");
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(changes(&harness.state_mut().take()), [(1100, Some("helo Bob and all".to_owned()))]);
    assert_eq!(composer_text(&harness, BOB), "half-a thought");
}

#[test]
fn a_change_that_is_being_written_stays_with_its_chat_and_over_the_end_of_the_window() {
    let mut model = long_chat(1000, 9);
    say(&mut model, BOB, ALICE, 1100, NOW, "helo Bob", true);
    say(&mut model, CHARLIE, ALICE, 2000, NOW, "see you", true);
    let editing = Some(Editing { seq: Seq(2000), text: "see you soon".into(), caret: 7 });
    model.drafts.insert(chat_with(CHARLIE), Draft { text: "beside".into(), caret: 6, editing, ..Default::default() });
    let mut harness = with_bob(model);
    assert!(harness.query_by_label_contains("Draft: see you soon").is_some());
    key(&mut harness, NONE, Key::ArrowUp);
    type_text(&mut harness, "!");
    open(&mut harness, CHARLIE);
    assert!(harness.query_by_label("Editing message: see you").is_some(), "as it was left");
    assert!(harness.query_by_label_contains("Draft: helo Bob!").is_some());
    type_text(&mut harness, ",");
    assert_eq!(composer_text(&harness, CHARLIE), "see you, soon");
    key(&mut harness, NONE, Key::Escape);
    assert_eq!(composer_text(&harness, CHARLIE), "beside");
    open(&mut harness, BOB);
    assert_eq!(composer_text(&harness, BOB), "helo Bob!");
}

#[test]
fn a_message_is_taken_back_only_after_a_question() {
    let mut harness = with_a_last_one();
    choose(&mut harness, "helo Bob", "Delete…");
    assert!(is_asked(&harness));
    harness.get_by_label("Cancel").click();
    harness.run();
    assert_eq!(changes(&harness.state_mut().take()), []);
    choose(&mut harness, "helo Bob", "Delete…");
    harness.get_by_role_and_label(Role::Button, "Delete").click();
    harness.run();
    assert_eq!(changes(&harness.state_mut().take()), [(1100, None)]);
    assert!(!is_asked(&harness));
}

#[test]
fn a_message_that_is_changed_to_nothing_is_asked_about() {
    let mut harness = with_a_last_one();
    key(&mut harness, NONE, Key::ArrowUp);
    key(&mut harness, Modifiers::COMMAND, Key::A);
    key(&mut harness, NONE, Key::Backspace);
    assert_eq!(composer_text(&harness, BOB), "");
    key(&mut harness, NONE, Key::Enter);
    assert!(is_asked(&harness));
    key(&mut harness, NONE, Key::Escape);
    assert!(editing(&harness), "nothing has happened");
    key(&mut harness, NONE, Key::Enter);
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(changes(&harness.state_mut().take()), [(1100, None)]);
}

#[test]
fn keys_change_and_take_back_the_message_that_has_the_focus_if_it_is_ones_own() {
    let mut harness = with_a_last_one();
    let focus = |harness: &mut Harness<'static, State>, text: &str| {
        harness.query_all_by_label_contains(text).last().unwrap().focus();
        harness.run();
    };
    focus(&mut harness, "hello Alice");
    for other in [Key::F2, Key::Delete, Key::Backspace] {
        key(&mut harness, NONE, other);
    }
    assert!(!editing(&harness) && !is_asked(&harness), "it is Bob's");
    focus(&mut harness, "helo Bob");
    key(&mut harness, NONE, Key::F2);
    assert!(editing(&harness));
    key(&mut harness, NONE, Key::Escape);
    for delete in [Key::Delete, Key::Backspace] {
        focus(&mut harness, "helo Bob");
        key(&mut harness, NONE, delete);
        key(&mut harness, NONE, Key::Enter);
        assert_eq!(changes(&harness.state_mut().take()), [(1100, None)]);
    }
    // In the field they are keys of the field.
    type_text(&mut harness, "ab");
    key(&mut harness, NONE, Key::Backspace);
    assert_eq!(composer_text(&harness, BOB), "a");
}

#[test]
fn a_change_is_seen_at_once_with_a_clock_and_why_it_was_refused() {
    let mut harness = with_a_last_one();
    let state = harness.state_mut();
    let to = || Destination::Chat(chat_with(BOB));
    state.model.outbox.put(to(), What::Edit(Seq(1100)), "hello Bob".into(), NOW);
    let n = state.model.outbox.put(to(), What::Edit(Seq(1100)), "hello, Bob".into(), NOW).n;
    harness.run();
    assert!(harness.query_by_label("You, 14:59, edited, saving the change: hello, Bob").is_some());
    assert!(harness.query_by_label_contains("helo Bob").is_none(), "no bubble of its own, and nothing of the old one");

    harness.state_mut().model.outbox.fail(n, Problem::new(Code::NotAMember, "You are not in this chat any more."));
    harness.run();
    assert!(harness.query_by_label("You, 14:59, edited, not changed: hello, Bob").is_some());
    assert!(harness.query_by_label("Not changed: You are not in this chat any more.").is_some());
    harness.get_by_label("Retry").click();
    harness.get_by_label("Discard").click();
    harness.run();
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::Retry { n: m } if *m == n)), "{commands:?}");
    assert!(commands.iter().any(|command| matches!(command, Command::Discard { n: m } if *m == n)), "{commands:?}");

    let state = harness.state_mut();
    state.model.outbox = Model::new(state.model.outbox.device().clone()).outbox;
    let stored = message(state, 1100);
    (stored.text, stored.edited) = ("hello, Bob".into(), Some(Edition { seq: Seq(1200), at: NOW }));
    harness.run();
    assert!(harness.query_by_label("You, 14:59, edited, sent: hello, Bob").is_some());
}

#[test]
fn what_is_taken_back_leaves_a_remark_and_what_could_not_be_is_still_there() {
    let mut harness = with_a_last_one();
    let n = harness
        .state_mut()
        .model
        .outbox
        .put(Destination::Chat(chat_with(BOB)), What::Delete(Seq(1100)), "".into(), NOW)
        .n;
    harness.run();
    assert!(harness.query_by_label("You, 14:59, saving the change: Message deleted").is_some());
    harness.state_mut().model.outbox.fail(n, Problem::new(Code::NotAMember, "No."));
    harness.run();
    assert!(harness.query_by_label("You, 14:59, not deleted: helo Bob").is_some(), "the others see it");
    assert!(harness.query_by_label("Not deleted: No.").is_some());

    harness.state_mut().model.outbox.remove(n);
    for (seq, who) in [(1100, "You, 14:59, sent: Message deleted"), (1101, "Bob, 15:00: Message deleted")] {
        let stored = message(harness.state_mut(), seq);
        (stored.text, stored.deleted) = ("".into(), true);
        harness.run();
        assert!(harness.query_by_label(who).is_some());
    }
    menu_of(&mut harness, "You, 14:59, sent: Message deleted");
    assert!(harness.query_by_label("Copy message").is_none(), "there is nothing to do with it");
    key(&mut harness, NONE, Key::ArrowUp);
    assert!(harness.query_by_label_contains("Editing message: message 1008.").is_some(), "nor to change in it");
}

#[test]
fn changes_above_the_viewport_move_nothing() {
    let mut model = long_chat(1000, 100);
    for message in &mut model.chats.get_mut(&chat_with(BOB)).unwrap().messages {
        message.from = ALICE;
    }
    let mut harness = with_bob(model);
    scroll(&mut harness, 1500.0);
    let (n, before) = first_visible(&harness, 1000..1100);
    let still = |harness: &mut Harness<'static, State>, what: &str| {
        harness.run();
        let after = bottom_of(harness, &format!("message {n}.")).expect("still in view");
        assert!((after - before).abs() <= 1.0, "{what} moved {n} from {before} to {after}");
    };
    let to = || Destination::Chat(chat_with(BOB));
    let model = &mut harness.state_mut().model;
    model.outbox.put(to(), What::Edit(Seq(n - 1)), "longer ".repeat(200).into(), NOW);
    still(&mut harness, "a change on its way");
    let stored = message(harness.state_mut(), n - 2);
    (stored.text, stored.edited) = ("longer ".repeat(200).into(), Some(Edition { seq: Seq(1200), at: NOW }));
    still(&mut harness, "a change");
    for seq in [n - 1, n - 3, 1000] {
        let stored = message(harness.state_mut(), seq);
        (stored.text, stored.deleted) = ("".into(), true);
        still(&mut harness, "a deletion");
    }
}

#[test]
fn a_message_that_is_being_changed_may_be_taken_back_elsewhere_and_nothing_typed_is_lost() {
    let delete = |harness: &mut Harness<'static, State>| {
        let stored = message(harness.state_mut(), 1100);
        (stored.text, stored.deleted) = ("".into(), true);
        harness.run();
        assert!(!editing(harness));
        assert!(harness.query_by_label_contains("The message that you were editing was deleted.").is_some());
    };
    let mut harness = with_a_last_one();
    type_text(&mut harness, "half");
    choose(&mut harness, "helo Bob", "Edit");
    type_text(&mut harness, " and more");
    delete(&mut harness);
    assert_eq!(composer_text(&harness, BOB), "half\nhelo Bob and more");
    assert_eq!(last_draft(&harness.state_mut().take()).unwrap().text, "half\nhelo Bob and more");
    type_text(&mut harness, "!");
    assert_eq!(composer_text(&harness, BOB), "half\nhelo Bob and more!", "one goes on writing");

    let mut harness = with_a_last_one();
    key(&mut harness, NONE, Key::ArrowUp);
    delete(&mut harness);
    assert_eq!(composer_text(&harness, BOB), "", "what was not changed was not typed");
}

#[test]
fn in_a_message_names_and_emoji_are_offered_and_a_slash_is_a_slash() {
    let mut model = rooms();
    add(&mut model, HIKE, ALICE, 1, NOW.plus(-MINUTE), "/who comes");
    let mut harness = in_room(model, HIKE);
    harness.state_mut().take();
    key(&mut harness, NONE, Key::ArrowUp);
    type_text(&mut harness, ", @bo");
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(harness.state().window.draft(HIKE), "/who comes, @Bob ");
    type_text(&mut harness, ":tada:");
    let commands = harness.state_mut().take();
    assert!(!commands.iter().any(|command| matches!(command, Command::Typing { .. })), "nobody waits for a new one");
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(changes(&harness.state_mut().take()), [(1, Some("/who comes, @Bob 🎉".to_owned()))]);

    key(&mut harness, NONE, Key::ArrowUp);
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "/m");
    assert!(harness.query_by_label_contains("Suggestions").is_none());
}

#[test]
fn the_limit_holds_for_changes_too() {
    let mut model = long_chat(1000, 3);
    model.message_max_bytes = 40;
    say(&mut model, BOB, ALICE, 1100, NOW, "short", true);
    let mut harness = with_bob(model);
    key(&mut harness, NONE, Key::ArrowUp);
    type_text(&mut harness, &" and long".repeat(5));
    assert!(harness.query_by_label_contains("too long to send").is_some());
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(changes(&harness.state_mut().take()), []);
    assert!(editing(&harness));
}

#[test]
fn changes_are_not_announced_as_news() {
    let mut harness = with_a_last_one();
    let stored = message(harness.state_mut(), 1101);
    (stored.text, stored.edited) = ("hello, Alice".into(), Some(Edition { seq: Seq(1300), at: NOW }));
    harness.run();
    let stored = message(harness.state_mut(), 1007);
    (stored.text, stored.deleted) = ("".into(), true);
    harness.run();
    assert!(harness.query_by_role(Role::Status).is_none());
}

#[test]
fn what_was_taken_back_is_not_copied_with_others() {
    let mut harness = with_a_last_one();
    let stored = message(harness.state_mut(), 1100);
    (stored.text, stored.deleted) = ("".into(), true);
    harness.run();
    choose(&mut harness, "message 1008.", "Select several");
    harness.get_by_label_contains("Message deleted").click();
    harness.query_all_by_label_contains("hello Alice").last().unwrap().click();
    harness.run();
    assert!(harness.query_by_label("2 selected").is_some());
    let stored = message(harness.state_mut(), 1101);
    (stored.text, stored.deleted) = ("".into(), true);
    harness.run();
    assert!(harness.query_by_label("1 selected").is_some(), "nor what is taken back meanwhile");
}

#[test]
fn nothing_moves_while_a_message_is_changed() {
    let mut harness = with_a_last_one();
    key(&mut harness, NONE, Key::ArrowUp);
    let n = harness.state().frames;
    harness.run();
    assert!(harness.state().frames - n <= 2, "{}", harness.state().frames - n);
}

/// What was changed and taken back by both, on its way and refused.
fn talk() -> Model {
    let mut model = model();
    for (seq, from, when, text) in [
        (1, BOB, "2026-11-20T09:02:00Z", "Are we on for Saturday? The forecast says sun until the afternoon."),
        (2, ALICE, "2026-11-20T09:20:00Z", "Yes! 8 at the station"),
        (3, BOB, "2026-11-20T09:21:00Z", ""),
        (4, ALICE, "2026-11-20T09:30:00Z", ""),
        (5, ALICE, "2026-11-20T09:31:00Z", "I bring the stove"),
        (6, ALICE, "2026-11-20T09:32:00Z", "and gas"),
        (7, BOB, "2026-11-20T09:40:00Z", "Good"),
        (8, ALICE, "2026-11-20T09:41:00Z", "And the tent"),
    ] {
        say(&mut model, BOB, from, seq, at(when), text, true);
    }
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    (chat.complete, model.outbox) = (true, Model::new(parlor::proto::ids::DeviceId::from_random(1)).outbox);
    let edited = |at: &str| Some(Edition { seq: Seq(20), at: common::at(at) });
    chat.messages[0].edited = edited("2026-11-20T09:04:00Z");
    chat.messages[1].edited = edited("2026-11-20T09:22:00Z");
    (chat.messages[2].deleted, chat.messages[3].deleted) = (true, true);
    chat.read_by.insert(BOB, Seq(6));
    let to = || Destination::Chat(chat_with(BOB));
    model.outbox.put(to(), What::Edit(Seq(5)), "I bring the stove, and the pot".into(), NOW);
    let n = model.outbox.put(to(), What::Edit(Seq(6)), "and two bottles of gas".into(), NOW).n;
    model.outbox.fail(n, Problem::new(Code::StorageFull, "The server's disk is full."));
    model
}

fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

fn changes_look(theme: Theme, name: &str) {
    let mut harness = themed(talk(), [900.0, 700.0], theme);
    open(&mut harness, BOB);
    key(&mut harness, NONE, Key::ArrowUp);
    type_text(&mut harness, ", of course");
    look(&mut harness, name);
}

#[test]
fn changes_in_the_light() {
    changes_look(Theme::Light, "edits_light");
}

#[test]
fn changes_in_the_dark() {
    changes_look(Theme::Dark, "edits_dark");
}

#[test]
fn the_menu_and_the_question_in_a_narrow_window() {
    let mut model = talk();
    model.chats.get_mut(&chat_with(BOB)).unwrap().messages.truncate(2);
    let mut harness = themed(model, [360.0, 600.0], Theme::Light);
    open(&mut harness, BOB);
    let own = harness.query_all_by_label_contains("8 at the station").last().unwrap();
    own.click_secondary();
    look(&mut harness, "edits_menu_narrow");
    harness.get_by_label("Delete…").click();
    look(&mut harness, "edits_question_narrow");
}

#[test]
fn the_card_of_a_message_says_when_it_was_changed() {
    let mut model = long_chat(1000, 3);
    say(&mut model, BOB, ALICE, 1100, NOW.plus(-MINUTE), "hello", true);
    let last = model.chats.get_mut(&chat_with(BOB)).unwrap().messages.back_mut().unwrap();
    last.edited = Some(Edition { seq: Seq(1200), at: Millis(NOW.0) });
    model.info = Some(parlor::client::model::Info { chat: chat_with(BOB), seq: Seq(1100), receipts: None });
    let harness = with_bob(model);
    assert!(harness.query_by_label_contains(" – edited ").is_some());
}
