//! What a message looks like and what can be done with it: the send ladder, headers, days, copying, any script.

mod common;

use common::rooms::{add, in_room};
use common::*;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::outbox::Destination;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::{Millis, Seq};

#[test]
fn a_sent_message_is_seen_at_once_and_says_how_far_it_is() {
    let mut harness = with_bob(long_chat(1000, 100));
    scroll(&mut harness, 800.0);
    type_text(&mut harness, "on its way");
    key(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    let state = harness.state_mut();
    let sent = state.take().into_iter().find_map(|command| match command {
        Command::Send { chat, text, .. } => Some((chat, text)),
        _ => None,
    });
    assert_eq!(sent, Some((chat_with(BOB), "on its way".to_owned())));
    let n = state.model.outbox.push(Destination::Chat(chat_with(BOB)), "on its way".into(), NOW).n;
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

    // What the receiver's devices and the receiver's eyes have reached is told up to a place, not message by message.
    harness.state_mut().model.delivered.insert(BOB, Seq(1100));
    harness.run();
    assert!(harness.query_by_label("You, 15:00, delivered: on its way").is_some());
    harness.state_mut().chat(BOB).read_by.insert(BOB, Seq(1100));
    harness.run();
    assert!(harness.query_by_label("You, 15:00, read: on its way").is_some());
}

#[test]
fn messages_of_one_author_within_five_minutes_share_a_header() {
    let talk = |chat: ChatKey| {
        let mut model = model();
        for (seq, from, minutes, text) in [
            (1, BOB, 0, "first"),
            (2, BOB, 4, "same group"),
            (3, BOB, 10, "too late for it"),
            (4, ALICE, 11, "somebody else"),
            (5, BOB, 12, "again Bob"),
        ] {
            add(&mut model, chat, from, seq, NOW.plus(-HOUR + minutes * MINUTE), text);
        }
        in_room(model, chat)
    };
    let harness = talk(ChatKey::Everyone);
    let gap = |upper: &str, lower: &str| top_of(&harness, lower).unwrap() - bottom_of(&harness, upper).unwrap();
    assert!(gap("first", "same group") < 5.0);
    assert!(gap("same group", "too late for it") > 8.0);
    assert!(gap("too late for it", "somebody else") > 8.0);
    let height = |text: &str| bottom_of(&harness, text).unwrap() - top_of(&harness, text).unwrap();
    let one_line = height("same group");
    assert!(height("first") > one_line + 10.0, "a header bears the name");
    assert!(height("again Bob") > one_line + 10.0, "another author broke the group");
    assert_eq!(height("somebody else"), one_line, "one's own name is not said");

    // Between two it goes without saying.
    let harness = talk(chat_with(BOB));
    let height = |text: &str| bottom_of(&harness, text).unwrap() - top_of(&harness, text).unwrap();
    assert_eq!([height("first"), height("again Bob")], [one_line; 2]);
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
        let node = harness.query_all_by_label_contains(label).find(|node| node.rect().left() > 304.0);
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
    assert_eq!(clipboard(&harness), ["to be copied\nwhole"]);
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
    assert_eq!(clipboard(&harness), ["select these words"]);
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

#[test]
fn a_right_to_left_message_is_copied_as_it_was_written() {
    for text in ["مرحبا بكم في الحديقة", "שלום עולם (10:30)!"] {
        let mut model = model();
        say(&mut model, BOB, BOB, 1, NOW, text, true);
        let mut harness = with_bob(model);
        let node = harness.query_all_by_label_contains(text).find(|node| node.rect().left() > 304.0).unwrap();
        node.click_secondary();
        harness.run();
        harness.get_by_label("Copy message").click();
        harness.step();
        assert_eq!(clipboard(&harness), [text]);
    }
}
