//! The conversation: what is seen stays where it is, what was seen is said, what is new is found.

mod common;

use common::*;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::model::Message;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::{Millis, Seq};

fn prepend(state: &mut State, count: u64) {
    let chat = state.chat(BOB);
    let first = chat.messages.front().map_or(Seq(1000), |message| message.seq).0;
    let at = chat.messages.front().map_or(NOW, |message| message.at);
    for n in 1..=count {
        let seq = first - n;
        let message = Message { seq: Seq(seq), at: at.plus(-(n as i64) * MINUTE), from: BOB, text: words(seq).into() };
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
    scroll(&mut harness, -500.0);
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
fn a_sent_message_is_seen_at_once_and_says_how_far_it_is() {
    let mut harness = with_bob(long_chat(1000, 100));
    scroll(&mut harness, 800.0);
    type_text(&mut harness, "on its way");
    key(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    let state = harness.state_mut();
    let sent = state.take().into_iter().find_map(|command| match command {
        Command::Send { chat, text } => Some((chat, text)),
        _ => None,
    });
    assert_eq!(sent, Some((chat_with(BOB), "on its way".to_owned())));
    let n = state.model.outbox.push(chat_with(BOB), "on its way".into(), NOW).n;
    harness.step();
    assert!(harness.query_by_label("You, 15:00, sending: on its way").is_some());

    harness.state_mut().model.outbox.fail(n, Problem::new(Code::StorageFull, "the disk is full"));
    harness.run();
    assert!(harness.query_by_label("You, 15:00, not sent: on its way").is_some());
    assert!(harness.query_by_label("the disk is full").is_some());
    harness.get_by_label("Retry").click();
    harness.get_by_label("Discard").click();
    harness.run();
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::Retry { n: m } if *m == n)), "{commands:?}");
    assert!(commands.iter().any(|command| matches!(command, Command::Discard { n: m } if *m == n)), "{commands:?}");

    let state = harness.state_mut();
    state.model.outbox.remove(n);
    say(&mut state.model, BOB, ALICE, 1100, NOW, "on its way", true);
    harness.run();
    assert!(harness.query_by_label("You, 15:00, sent: on its way").is_some());
}

#[test]
fn messages_of_one_author_within_five_minutes_share_a_header() {
    let mut model = model();
    let mut seq = 0;
    let mut add = |from, minutes: i64, text: &str| {
        seq += 1;
        say(&mut model, BOB, from, seq, NOW.plus(-HOUR + minutes * MINUTE), text, true);
    };
    add(BOB, 0, "first");
    add(BOB, 4, "same group");
    add(BOB, 10, "too late for it");
    add(ALICE, 11, "somebody else");
    add(BOB, 12, "again Bob");
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    let harness = with_bob(model);
    let gap = |upper: &str, lower: &str| top_of(&harness, lower).unwrap() - bottom_of(&harness, upper).unwrap();
    assert!(gap("first", "same group") < 5.0);
    assert!(gap("same group", "too late for it") > 8.0);
    assert!(gap("too late for it", "somebody else") > 8.0);
    let height = |text: &str| bottom_of(&harness, text).unwrap() - top_of(&harness, text).unwrap();
    let one_line = height("same group");
    assert!(height("first") > one_line + 10.0, "a header bears the name");
    assert!(height("again Bob") > one_line + 10.0, "another author broke the group");
    assert_eq!(height("somebody else"), one_line, "one's own name is not said");
}

#[test]
fn own_messages_stand_apart() {
    let harness = with_bob(long_chat(1000, 9));
    let own = bubble(&harness, "message 1008.").unwrap();
    let other = bubble(&harness, "message 1007.").unwrap();
    assert!(own.right() > other.right() + 50.0 && own.left() > other.left() + 50.0, "{own:?} {other:?}");
}

#[test]
fn days_are_told_apart() {
    let mut model = model();
    say(&mut model, BOB, BOB, 1, at("2026-11-13T23:59:00Z"), "last week", true);
    say(&mut model, BOB, BOB, 2, at("2026-11-19T23:59:00Z"), "before midnight", true);
    say(&mut model, BOB, BOB, 3, at("2026-11-20T00:01:00Z"), "after midnight", true);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    let harness = with_bob(model);
    let order = ["Friday 13 November", "last week", "Yesterday", "before midnight", "Today", "after midnight"];
    let tops = order.map(|label| {
        let node = harness.query_all_by_label_contains(label).find(|node| node.rect().left() > 330.0);
        node.unwrap_or_else(|| panic!("{label}")).rect().top()
    });
    assert!(tops.is_sorted(), "{tops:?}");
}

#[test]
fn a_message_is_read_out_with_its_author_and_time() {
    let mut model = model();
    say(&mut model, BOB, BOB, 1, at("2026-11-20T09:12:00Z"), "text", true);
    let harness = with_bob(model);
    assert!(harness.query_by_label("Bob, 09:12: text").is_some());
}

#[test]
fn a_message_is_copied_from_its_menu() {
    let mut model = model();
    say(&mut model, BOB, BOB, 1, NOW, "to be copied\nwhole", true);
    let mut harness = with_bob(model);
    let bubble = bubble(&harness, "to be copied").unwrap();
    harness.hover_at(bubble.center());
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton {
            pos: bubble.center(),
            button: egui::PointerButton::Secondary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
    }
    harness.run();
    harness.get_by_label("Copy message").click();
    harness.step();
    let copied = harness
        .output()
        .platform_output
        .commands
        .iter()
        .any(|command| matches!(command, egui::OutputCommand::CopyText(text) if text == "to be copied\nwhole"));
    assert!(copied, "{:?}", harness.output().platform_output.commands);
}

#[test]
fn text_is_selected_by_dragging_and_copied() {
    let mut model = model();
    say(&mut model, BOB, BOB, 1, NOW, "select these words", true);
    let mut harness = with_bob(model);
    let bubble = bubble(&harness, "select these").unwrap();
    let y = bubble.bottom() - 16.0;
    harness.drag_at(egui::pos2(bubble.left() + 12.0, y));
    harness.run();
    harness.hover_at(egui::pos2(bubble.right() - 5.0, y));
    harness.run();
    harness.event(egui::Event::Copy);
    harness.step();
    let copied = harness
        .output()
        .platform_output
        .commands
        .iter()
        .any(|command| matches!(command, egui::OutputCommand::CopyText(text) if text == "select these words"));
    assert!(copied, "{:?}", harness.output().platform_output.commands);
}

#[test]
fn whatever_people_write_stays_inside_its_bubble() {
    let texts = [
        "x".repeat(10_000),
        "line\n".repeat(50),
        "word ".repeat(2_000),
        "👨‍👩‍👧‍👦🇩🇪👍🏽".repeat(100),
        "你好世界".repeat(300),
        "مرحبا بالعالم ".repeat(100),
        "שלום hello ".repeat(100),
        "a\u{301}\u{302}\u{303}\u{304}".repeat(200),
        "\u{202e}\0\u{7}\r\n\t\u{feff}".to_owned(),
        "\n\n\n".to_owned(),
        String::new(),
    ];
    for (text, size) in texts.iter().flat_map(|text| [[1400.0, 900.0], [360.0, 480.0]].map(|size| (text, size))) {
        let mut model = model();
        say(&mut model, BOB, BOB, 1, NOW, text, true);
        say(&mut model, BOB, ALICE, 2, NOW, text, true);
        let mut harness = sized(model, size);
        open(&mut harness, BOB);
        for n in 0..40 {
            scroll(&mut harness, 400.0);
            for node in harness.query_all_by_role(egui::accesskit::Role::ListItem) {
                let rect = node.rect();
                let is_message = node.accesskit_node().label().is_some_and(|label| label.contains("15:00"));
                if is_message && rect.left() > 0.0 {
                    assert!(rect.right() <= size[0] - 8.0, "{rect:?} at {size:?}, step {n}: {:.20}", text);
                }
            }
            if n > 2 && text.len() < 5_000 {
                break;
            }
        }
    }
}

#[test]
fn a_time_that_is_no_time_does_no_harm() {
    let mut model = model();
    for (seq, at) in [(1, i64::MIN), (2, -1), (3, i64::MAX)] {
        say(&mut model, BOB, BOB, seq, Millis(at), "timeless", true);
    }
    let harness = with_bob(model);
    assert_eq!(harness.query_all_by_label_contains("timeless").count(), 4, "three bubbles and the list's preview");
}

#[test]
fn the_scroll_bar_takes_one_anywhere() {
    let mut harness = with_bob(long_chat(1000, 5_000));
    let bar = harness.get_by_label("Scroll").rect();
    harness.hover_at(bar.center());
    harness.run();
    harness.drag_at(bar.center());
    harness.run();
    harness.hover_at(egui::pos2(bar.center().x, 20.0));
    harness.run();
    harness.drop_at(egui::pos2(bar.center().x, 20.0));
    harness.run();
    assert!(harness.query_by_label_contains("Beginning of your conversation").is_some());
}

#[test]
fn a_frame_of_a_long_chat_costs_what_it_shows() {
    let drawn = |count| {
        let mut harness = with_bob(long_chat(1000, count));
        scroll(&mut harness, 500.0);
        harness.query_all_by_role(egui::accesskit::Role::ListItem).count()
    };
    assert_eq!(drawn(200), drawn(20_000));
}
