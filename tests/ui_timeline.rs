//! The conversation: what is seen stays where it is, what was seen is said, what is new is found.

mod common;

use common::*;
use egui_kittest::kittest::Queryable;
use parlor::client::command::Command;
use parlor::client::model::Message;
use parlor::proto::ids::Seq;

fn prepend(state: &mut State, count: u64) {
    let chat = state.chat(BOB);
    let first = chat.messages.front().map_or(Seq(1000), |message| message.seq).0;
    let at = chat.messages.front().map_or(NOW, |message| message.at);
    for n in 1..=count {
        let seq = first - n;
        let message = Message {
            seq: Seq(seq),
            at: at.plus(-(n as i64) * MINUTE),
            from: BOB,
            text: words(seq).into(),
            ..Default::default()
        };
        chat.messages.push_front(message);
    }
    chat.loading = false;
}

fn marked(commands: &[Command]) -> Vec<Seq> {
    let upto = |command: &Command| match command {
        Command::MarkRead { upto, .. } => Some(*upto),
        _ => None,
    };
    commands.iter().filter_map(upto).collect()
}

fn asked(commands: &[Command]) -> usize {
    commands.iter().filter(|command| matches!(command, Command::LoadOlder { .. })).count()
}

#[test]
fn loading_200_older_messages_moves_nothing_that_is_seen() {
    for scrolled in [300.0, 2500.0, 1_000_000.0] {
        let mut model = long_chat(1000, 100);
        model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
        let mut harness = with_bob(model);
        scroll(&mut harness, scrolled);
        let (n, before) = first_visible(&harness, 1000..1100);
        prepend(harness.state_mut(), 200);
        harness.run();
        let after = bottom_of(&harness, &format!("message {n}.")).expect("still in view");
        assert!((after - before).abs() <= 1.0, "scrolled by {scrolled}: message {n} moved from {before} to {after}");
    }
}

#[test]
fn a_page_that_comes_while_the_chat_is_at_its_end_leaves_it_there() {
    let mut model = long_chat(1000, 3);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    let mut harness = with_bob(model);
    let before = bottom_of(&harness, "message 1002.").unwrap();
    prepend(harness.state_mut(), 200);
    harness.run();
    assert_eq!(bottom_of(&harness, "message 1002."), Some(before));
}

#[test]
fn growth_above_the_viewport_moves_nothing() {
    let mut harness = with_bob(long_chat(1000, 100));
    scroll(&mut harness, 1500.0);
    let (n, before) = first_visible(&harness, 1000..1100);
    for grown in [1000, n - 5, n - 1] {
        let message = harness.state_mut().chat(BOB).messages.iter_mut().find(|message| message.seq.0 == grown).unwrap();
        message.text = "grown ".repeat(300).into();
        harness.run();
        let after = bottom_of(&harness, &format!("message {n}.")).expect("still in view");
        assert!((after - before).abs() <= 1.0, "growing {grown} moved {n} from {before} to {after}");
    }
}

#[test]
fn a_window_that_is_resized_keeps_its_place() {
    let mut harness = with_bob(long_chat(1000, 100));
    scroll(&mut harness, 1500.0);
    let (n, before) = first_visible(&harness, 1000..1100);
    harness.set_size(egui::vec2(1000.0, 560.0));
    harness.run();
    let after = bottom_of(&harness, &format!("message {n}.")).expect("still in view");
    assert!((after - before).abs() <= 1.0, "moved from {before} to {after}");
}

#[test]
fn at_the_end_a_new_message_stays_in_view() {
    let mut harness = with_bob(long_chat(1000, 100));
    let end = bottom_of(&harness, "message 1099.").unwrap();
    say(&mut harness.state_mut().model, BOB, BOB, 1100, NOW, "latest of all", false);
    harness.run();
    assert_eq!(bottom_of(&harness, "latest of all"), Some(end));
    assert!(harness.query_by_label_contains(" new").is_none(), "nothing is new that is in view");
}

#[test]
fn scrolled_up_new_messages_move_nothing_and_are_counted() {
    let mut harness = with_bob(long_chat(1000, 100));
    scroll(&mut harness, 1500.0);
    let (n, before) = first_visible(&harness, 1000..1100);
    harness.state_mut().take();
    for seq in 1100..1103 {
        say(&mut harness.state_mut().model, BOB, BOB, seq, NOW, &format!("late {seq}"), false);
    }
    harness.run();
    assert_eq!(bottom_of(&harness, &format!("message {n}.")), Some(before));
    assert_eq!(marked(&harness.state_mut().take()), [], "nothing of it was seen");

    harness.get_by_label("3 new").click();
    harness.run();
    let first = bubble(&harness, "late 1100").unwrap();
    assert!(first.top() > 60.0 && first.bottom() < 620.0, "the first of the new ones is in view: {first:?}");
}

#[test]
fn the_way_back_to_the_end_is_offered_when_it_is_far() {
    let mut harness = with_bob(long_chat(1000, 100));
    assert!(harness.query_by_label("Go to the newest message").is_none());
    scroll(&mut harness, 1500.0);
    harness.get_by_label("Go to the newest message").click();
    harness.run();
    assert!(top_of(&harness, "message 1099.").is_some());
    assert!(harness.query_by_label("Go to the newest message").is_none());
}

#[test]
fn read_means_seen_in_a_focused_window() {
    let mut model = long_chat(1000, 3);
    say(&mut model, BOB, BOB, 1003, NOW, "unseen", false);
    let mut harness = window(model);
    assert_eq!(marked(&harness.state_mut().take()), [], "the chat is not open");

    harness.input_mut().focused = false;
    open(&mut harness, BOB);
    assert!(top_of(&harness, "unseen").is_some());
    assert_eq!(marked(&harness.state_mut().take()), [], "nobody looks at the window");

    harness.input_mut().focused = true;
    harness.run();
    assert_eq!(marked(&harness.state_mut().take()), [Seq(1003)]);
    harness.run_steps(3);
    assert_eq!(marked(&harness.state_mut().take()), [], "said once");
}

#[test]
fn what_was_passed_over_is_not_read() {
    let mut model = long_chat(1000, 100);
    for seq in 1100..1160 {
        say(&mut model, BOB, BOB, seq, NOW, &words(seq), false);
    }
    let mut harness = with_bob(model);
    let seen = marked(&harness.state_mut().take());
    let upto = seen.last().copied().expect("the first unread ones are in view");
    assert!(upto < Seq(1150), "not all of them fit: {upto}");
    assert!(upto >= Seq(1101), "{upto}");
    let edge = harness.get_by_label("Message Bob").rect().top();
    assert!(bottom_of(&harness, &format!("message {upto}.")).unwrap() < edge, "its last line was seen");

    // The answer comes back in the model, and then one goes to the end without looking at what is between.
    let chat = harness.state_mut().chat(BOB);
    chat.read = upto;
    chat.unread = (1159 - upto.0) as u32;
    type_text(&mut harness, "back in a minute");
    key(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::Send { .. })));
    harness.run_steps(3);
    assert!(top_of(&harness, "message 1159.").is_some(), "sending goes to the end");
    assert_eq!(marked(&harness.state_mut().take()), [], "what is between was not seen");

    harness.get_by_label_contains(" new").click();
    harness.run();
    assert!(top_of(&harness, &format!("message {}.", upto.0 + 1)).is_some(), "the pill leads back to it");
    assert!(marked(&harness.state_mut().take()).iter().all(|seq| *seq > upto));
}

#[test]
fn a_long_message_is_read_when_its_end_was_seen() {
    let mut model = long_chat(1000, 3);
    say(&mut model, BOB, BOB, 1003, NOW, &"line\n".repeat(80), false);
    let mut harness = with_bob(model);
    assert_eq!(marked(&harness.state_mut().take()), []);
    scroll(&mut harness, -150.0);
    assert_eq!(marked(&harness.state_mut().take()), []);
    scroll(&mut harness, -5_000.0);
    assert_eq!(marked(&harness.state_mut().take()), [Seq(1003)]);
}

#[test]
fn the_new_divider_stands_above_the_first_unread_until_the_chat_is_left() {
    let mut model = long_chat(1000, 50);
    for seq in 1050..1053 {
        say(&mut model, BOB, BOB, seq, NOW, &words(seq), false);
    }
    let mut harness = with_bob(model);
    let divider = harness.get_by_label("New").rect();
    let first = bubble(&harness, "message 1050.").unwrap();
    let before = bubble(&harness, "message 1049.").unwrap();
    assert!(before.bottom() < divider.top() && divider.bottom() < first.top(), "{before:?} {divider:?} {first:?}");

    let chat = harness.state_mut().chat(BOB);
    (chat.read, chat.unread) = (Seq(1052), 0);
    say(&mut harness.state_mut().model, BOB, BOB, 1053, NOW, "later", false);
    harness.run();
    let divider = harness.get_by_label("New").rect();
    let first = bubble(&harness, "message 1050.").unwrap();
    assert!(divider.bottom() < first.top() && first.top() - divider.bottom() < 40.0, "it stays where it was");

    let chat = harness.state_mut().chat(BOB);
    (chat.read, chat.unread) = (Seq(1053), 0);
    open(&mut harness, CHARLIE);
    open(&mut harness, BOB);
    assert!(harness.query_by_label("New").is_none(), "left and come back, everything has been read");
}

#[test]
fn what_is_new_and_fits_is_seen_at_once() {
    let mut model = long_chat(1000, 50);
    for seq in 1050..1061 {
        say(&mut model, BOB, BOB, seq, NOW, &format!("new {seq}"), false);
    }
    let mut harness = with_bob(model);
    assert_eq!(marked(&harness.state_mut().take()), [Seq(1060)]);
    assert!(harness.state().window.open().is_some());
    assert!(harness.query_by_label("New").is_some());
    assert!(bottom_of(&harness, "new 1060").unwrap() < 700.0 - 8.0 - 65.0);
}

#[test]
fn the_day_and_what_is_new_share_a_line() {
    let mut model = model();
    say(&mut model, BOB, BOB, 1, NOW.plus(-30 * HOUR), "before", true);
    say(&mut model, BOB, BOB, 2, NOW, "after", false);
    let harness = with_bob(model);
    let (day, new) = (harness.get_by_label("Today").rect(), harness.get_by_label("New").rect());
    assert_eq!(day.y_range(), new.y_range());
    assert!(day.right() < new.left());
    let (above, below) = (bottom_of(&harness, "before").unwrap(), top_of(&harness, "after").unwrap());
    assert!(((day.center().y - above) - (below - day.center().y)).abs() <= 1.0, "{above} {day:?} {below}");
}

#[test]
fn opening_a_chat_with_much_unread_begins_at_the_first_unread() {
    let mut model = long_chat(1000, 100);
    for seq in 1100..1200 {
        say(&mut model, BOB, BOB, seq, NOW, &words(seq), false);
    }
    let harness = with_bob(model);
    let divider = harness.get_by_label("New").rect();
    assert!(divider.top() < 300.0, "{divider:?}");
    assert!(top_of(&harness, "message 1100.").is_some());
    assert!(top_of(&harness, "message 1199.").is_none());
}

#[test]
fn pages_are_loaded_until_the_first_unread_is_found() {
    let mut model = long_chat(1000, 0);
    for seq in 1000..1100 {
        say(&mut model, BOB, BOB, seq, NOW, &words(seq), false);
    }
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    (chat.complete, chat.unread) = (false, 150);
    let mut harness = with_bob(model);
    assert_eq!(asked(&harness.state_mut().take()), 1);
    prepend(harness.state_mut(), 60);
    harness.state_mut().chat(BOB).read = Seq(949);
    harness.run();
    let divider = harness.get_by_label("New").rect();
    let first = bubble(&harness, "message 940.").unwrap();
    assert!(divider.bottom() < first.top());
}

#[test]
fn opening_a_chat_of_which_nothing_is_loaded_asks_for_a_page_once() {
    let mut harness = with_bob(model());
    assert_eq!(asked(&harness.state_mut().take()), 1);
    assert!(harness.query_by_label_contains("Loading messages").is_some());
    harness.state_mut().chat(BOB).loading = true;
    harness.run_steps(3);
    assert_eq!(asked(&harness.state_mut().take()), 0);
    harness.state_mut().model = long_chat(1000, 30);
    harness.run();
    assert!(top_of(&harness, "message 1029.").is_some());
}

#[test]
fn near_the_top_the_page_above_is_asked_for() {
    let mut model = long_chat(1000, 100);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = false;
    let mut harness = with_bob(model);
    assert_eq!(asked(&harness.state_mut().take()), 0, "far from the top");
    scroll(&mut harness, 1_000_000.0);
    assert_eq!(asked(&harness.state_mut().take()), 1);
    assert!(harness.query_by_label_contains("Loading older messages").is_some());
}

#[test]
fn the_beginning_of_a_conversation_is_said() {
    let mut harness = with_bob(long_chat(1000, 100));
    scroll(&mut harness, 1_000_000.0);
    assert!(harness.query_by_label("Beginning of your conversation with Bob").is_some());
    assert_eq!(asked(&harness.state_mut().take()), 0);
}

#[test]
fn a_page_that_did_not_come_can_be_asked_for_again() {
    let mut model = long_chat(1000, 100);
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    (chat.complete, chat.problem) = (false, Some("the server is busy".into()));
    let mut harness = with_bob(model);
    scroll(&mut harness, 1_000_000.0);
    assert!(harness.query_by_label_contains("the server is busy").is_some());
    assert_eq!(asked(&harness.state_mut().take()), 0);
    harness.get_by_label("Try again").click();
    harness.run();
    assert_eq!(asked(&harness.state_mut().take()), 1);
}

#[test]
fn what_is_new_above_can_be_gone_to() {
    let mut model = long_chat(1000, 100);
    for seq in 1100..1160 {
        say(&mut model, BOB, BOB, seq, NOW, &words(seq), false);
    }
    let mut harness = with_bob(model);
    assert!(harness.query_by_label_contains("above").is_none(), "it begins at the first of them");
    let upto = marked(&harness.state_mut().take()).last().copied().unwrap();
    let chat = harness.state_mut().chat(BOB);
    (chat.read, chat.unread) = (upto, (1159 - upto.0) as u32);
    type_text(&mut harness, "to the end");
    key(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    harness.run();
    let pill = harness.get_by_label_contains(" new messages above").rect();
    assert!(pill.top() < 120.0 && pill.center().x > 600.0, "{pill:?}");
    let seen = (upto.0 + 1..1160).filter(|n| top_of(&harness, &format!("message {n}.")).is_some()).count() as u64;
    let above = 1159 - upto.0 - seen;
    assert!(harness.query_by_label(&format!("{above} new messages above")).is_some(), "{above}");
    harness.get_by_label_contains(" new messages above").click();
    harness.run();
    assert!(top_of(&harness, &format!("message {}.", upto.0 + 1)).is_some());
    assert!(harness.query_by_label_contains("new messages above").is_none());
}
