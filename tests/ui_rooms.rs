//! Conversations of several: what happened, who came and went, who is called by name.

mod common;

use std::time::Duration;

use common::rooms::*;
use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::model::{Model, Notice};
use parlor::proto::chat::{Change, ChatKey};
use parlor::proto::event::Status;
use parlor::proto::ids::{Seq, UserId};

const EVERYONE: ChatKey = ChatKey::Everyone;

/// A small line in the conversation, not what the list previews.
fn line(harness: &Harness<'_, State>, words: &str) -> Option<egui::Rect> {
    harness.query_all_by_label(words).map(|node| node.rect()).find(|rect| rect.left() > 320.0)
}

fn delay(harness: &Harness<'_, State>) -> Duration {
    harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay
}

/// A room with that many messages, one every minute, the last one now.
fn long_room(key: ChatKey, count: u64) -> Model {
    let mut model = rooms();
    for n in 0..count {
        let from = if n % 3 == 2 { ALICE } else { BOB };
        add(&mut model, key, from, 1000 + n, NOW.plus(-(count as i64 - 1 - n as i64) * MINUTE), &words(1000 + n));
    }
    model
}

#[test]
fn what_happened_to_a_group_is_a_line_that_breaks_the_group_of_an_author() {
    let mut model = rooms();
    add(&mut model, HIKE, BOB, 1, later(0), "before");
    happen(&mut model, HIKE, BOB, 2, later(1), renamed("Hike"));
    add(&mut model, HIKE, BOB, 3, later(2), "after");
    add(&mut model, HIKE, BOB, 4, later(3), "same group");
    let mut harness = in_room(model, HIKE);
    let sentence = "Bob renamed the group to “Hike”";
    let said = line(&harness, sentence).expect("it is said");
    let height = |text: &str| bubble(&harness, text).unwrap().height();
    assert!(bottom_of(&harness, "before").unwrap() < said.top() && said.bottom() < top_of(&harness, "after").unwrap());
    assert!(height("after") > height("same group") + 10.0, "the name stands there again");
    assert!((said.center().x - 647.0).abs() < 8.0, "in the middle: {said:?}");
    assert!(said.height() < 30.0, "small: {said:?}");

    let node = harness.query_all_by_label(sentence).find(|node| node.rect().left() > 304.0).unwrap();
    let described = node.accesskit_node().data().description().map(str::to_owned);
    assert_eq!(described.as_deref(), Some("Friday 20 November 2026, 14:01:00"));
    node.click_secondary();
    harness.run();
    harness.get_by_label("Copy").click();
    harness.step();
    let copied =
        |command: &egui::OutputCommand| matches!(command, egui::OutputCommand::CopyText(text) if text == sentence);
    assert!(harness.output().platform_output.commands.iter().any(copied));

    hovered(&mut harness, said.center());
    assert!(harness.query_by_label("Friday 20 November 2026, 14:01:00").is_some(), "exactly when");
}

#[test]
fn what_happened_is_not_unread() {
    let mut model = rooms();
    add(&mut model, HIKE, BOB, 1, later(0), "seen");
    happen(&mut model, HIKE, BOB, 2, later(1), Change::Added { members: vec![ANN] });
    call(&mut model, HIKE, BOB, 3, later(2), "not seen");
    model.chats.get_mut(&HIKE).unwrap().read = Seq(1);
    let mut harness = in_room(model, HIKE);
    let divider = line(&harness, "New").unwrap();
    let happened = line(&harness, "Bob added Ann Bobrova").unwrap();
    assert!(happened.bottom() < divider.top(), "new is what was written: {happened:?} {divider:?}");
    let marked = |command: &Command| matches!(command, Command::MarkRead { upto: Seq(3), .. });
    assert_eq!(harness.state_mut().take().iter().filter(|command| marked(command)).count(), 1);
}

#[test]
fn a_long_sentence_stays_in_the_conversation() {
    let mut model = rooms();
    model.people.get_mut(&BOB).unwrap().username = "שלום כהן 👨‍👩‍👧‍👦 of the very long names".into();
    happen(&mut model, HIKE, BOB, 1, later(0), renamed(&"wide ".repeat(12)));
    happen(&mut model, HIKE, BOB, 2, later(0), renamed(&"X".repeat(64)));
    for width in [360.0, 420.0, 1000.0] {
        let mut harness = sized(model.clone(), [width, 600.0]);
        open_room(&mut harness, HIKE);
        for node in harness.query_all_by_label_contains("renamed the group") {
            let rect = node.rect();
            assert!(rect.left() >= 8.0 && rect.right() <= width - 8.0, "{rect:?} at {width}");
        }
    }
}

#[test]
fn comings_and_goings_stand_among_the_messages() {
    let mut model = rooms();
    add(&mut model, EVERYONE, BOB, 1, later(0), "first");
    notice(&mut model, BOB, true, later(1));
    notice(&mut model, CHARLIE, true, later(1).plus(30_000));
    notice(&mut model, BOB, false, later(2));
    notice(&mut model, CHARLIE, true, later(2).plus(10_000));
    add(&mut model, EVERYONE, BOB, 2, later(3), "second");
    notice(&mut model, DORA, false, later(4));
    notice(&mut model, ANN, false, later(5));
    let mut harness = in_room(model, EVERYONE);
    let tops = [
        top_of(&harness, "first").unwrap(),
        line(&harness, "Bob and Charlie are online").unwrap().top(),
        line(&harness, "Bob left").unwrap().top(),
        line(&harness, "Charlie is online").unwrap().top(),
        top_of(&harness, "second").unwrap(),
        line(&harness, "Dora Maar left").unwrap().top(),
        line(&harness, "Ann Bobrova left").unwrap().top(),
    ];
    assert!(tops.is_sorted(), "{tops:?}");
    let at = line(&harness, "Bob left").unwrap().center();
    hovered(&mut harness, at);
    assert!(harness.query_by_label("Friday 20 November 2026, 14:02:00").is_some());
    assert_eq!(harness.state_mut().take().len(), 0, "nothing is marked or asked for");
}

#[test]
fn a_crowd_that_comes_at_once_takes_one_line() {
    let mut model = rooms();
    add(&mut model, EVERYONE, BOB, 1, later(0), "first");
    for n in 0..40 {
        let id = UserId(100 + n);
        let person = parlor::client::model::Person {
            username: format!("person {n}"),
            status: Status::Online,
            last_seen: None,
            joined: Default::default(),
        };
        model.people.insert(id, person);
        notice(&mut model, id, true, later(1).plus(i64::from(n) * 1000));
    }
    let harness = in_room(model, EVERYONE);
    assert!(line(&harness, "person 0, person 1 and 38 more are online").is_some());
}

#[test]
fn a_leave_is_told_when_it_is_due_and_the_window_wakes_for_it_once() {
    let mut model = rooms();
    add(&mut model, EVERYONE, BOB, 1, later(0), "first");
    let due = Notice { user: BOB, online: false, at: NOW, shown_from: NOW.plus(15_000) };
    model.chats.get_mut(&EVERYONE).unwrap().notices.push_back(due);
    let mut harness = in_room(model, EVERYONE);
    assert!(line(&harness, "Bob left").is_none());
    assert_eq!(delay(&harness), Duration::from_millis(15_000));
    harness.state_mut().clock.now = NOW.plus(15_000);
    harness.run();
    assert!(line(&harness, "Bob left").is_some());
    assert_eq!(delay(&harness), Duration::MAX, "nothing else is due");
}

#[test]
fn a_day_begins_with_whatever_comes_first() {
    let mut model = rooms();
    add(&mut model, EVERYONE, BOB, 1, NOW.plus(-20 * HOUR), "yesterday's");
    notice(&mut model, BOB, true, later(0));
    add(&mut model, EVERYONE, BOB, 2, later(1), "today's");
    let harness = in_room(model, EVERYONE);
    let today = line(&harness, "Today").unwrap();
    let notice = line(&harness, "Bob is online").unwrap();
    assert!(bottom_of(&harness, "yesterday's").unwrap() < today.top() && today.bottom() <= notice.top());
    assert!(notice.bottom() < top_of(&harness, "today's").unwrap());
    assert_eq!(harness.query_all_by_label("Today").count(), 1);
}

#[test]
fn an_empty_room_tells_who_comes_and_one_that_is_not_loaded_does_not() {
    let mut model = rooms();
    notice(&mut model, BOB, true, later(0));
    let mut harness = in_room(model, EVERYONE);
    assert!(line(&harness, "Bob is online").is_some());
    harness.state_mut().model.chats.get_mut(&EVERYONE).unwrap().complete = false;
    harness.run();
    assert!(line(&harness, "Bob is online").is_none(), "where it belongs is not known yet");
}

#[test]
fn comings_and_goings_move_nothing_that_is_seen() {
    let mut harness = in_room(long_room(EVERYONE, 100), EVERYONE);
    scroll(&mut harness, 1500.0);
    let (n, before) = first_visible(&harness, 1000..1100);
    let place = |harness: &Harness<'_, State>| bottom_of(harness, &format!("message {n}.")).expect("still in view");
    // Below what is seen, and above it.
    notice(&mut harness.state_mut().model, CHARLIE, true, NOW);
    harness.run();
    assert_eq!(place(&harness), before);
    let notices = &mut harness.state_mut().model.chats.get_mut(&EVERYONE).unwrap().notices;
    for minutes in 0..50 {
        let at = NOW.plus(-(99 - minutes) * MINUTE);
        notices.insert(minutes as usize, Notice { user: DORA, online: minutes % 2 == 0, at, shown_from: at });
    }
    harness.run();
    assert!((place(&harness) - before).abs() <= 1.0, "{before} {}", place(&harness));
    // And when they are forgotten again.
    harness.state_mut().model.chats.get_mut(&EVERYONE).unwrap().notices.clear();
    harness.run();
    assert!((place(&harness) - before).abs() <= 1.0);
}

#[test]
fn whoever_is_forgotten_at_the_upper_edge_moves_nothing() {
    for scrolled in (900..1100).step_by(11) {
        let mut model = long_room(EVERYONE, 60);
        for minutes in 0..50 {
            notice(&mut model, DORA, minutes % 2 == 0, NOW.plus(-(59 - minutes) * MINUTE + 1000));
        }
        let mut harness = in_room(model, EVERYONE);
        scroll(&mut harness, scrolled as f32);
        let place = |n: u64| Some((n, bottom_of(&harness, &format!("message {n}."))?));
        let (n, before) = (1000..1060).filter_map(place).find(|(_, bottom)| *bottom > 70.0).unwrap();
        harness.state_mut().model.chats.get_mut(&EVERYONE).unwrap().notices.clear();
        harness.run();
        let after = bottom_of(&harness, &format!("message {n}.")).expect("still in view");
        assert!((after - before).abs() <= 1.0, "scrolled by {scrolled}: {n} moved from {before} to {after}");
    }
}

#[test]
fn at_the_end_who_comes_stays_in_view() {
    let mut harness = in_room(long_room(EVERYONE, 60), EVERYONE);
    let end = bottom_of(&harness, "message 1059.").unwrap();
    notice(&mut harness.state_mut().model, CHARLIE, true, NOW);
    harness.run();
    assert!((line(&harness, "Charlie is online").unwrap().bottom() - end).abs() <= 1.0);
    assert!(harness.query_by_label_contains(" new").is_none(), "it is nothing unread");
}

#[test]
fn pages_of_older_messages_come_with_who_came_then_and_nothing_moves() {
    let mut model = long_room(EVERYONE, 60);
    let chat = model.chats.get_mut(&EVERYONE).unwrap();
    chat.complete = false;
    for minutes in 0..40 {
        let at = NOW.plus(-(80 - minutes) * MINUTE + 1000);
        chat.notices.push_back(Notice { user: DORA, online: minutes % 2 == 0, at, shown_from: at });
    }
    let older = long_room(EVERYONE, 100).chats.remove(&EVERYONE).unwrap().messages;
    let mut harness = in_room(model, EVERYONE);
    scroll(&mut harness, 1_000_000.0);
    let before: Vec<_> = (1000..1060).filter_map(|n| bottom_of(&harness, &format!("message {n}."))).collect();
    let chat = harness.state_mut().model.chats.get_mut(&EVERYONE).unwrap();
    for (n, mut message) in older.into_iter().take(40).enumerate().rev() {
        message.seq = Seq(900 + n as u64);
        message.text = words(message.seq.0).into();
        chat.messages.push_front(message);
    }
    chat.loading = false;
    harness.run();
    let after: Vec<_> = (1000..1060).filter_map(|n| bottom_of(&harness, &format!("message {n}."))).collect();
    assert!(!before.is_empty());
    let moved = before.iter().zip(&after).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
    assert!(moved <= 1.0, "{before:?} {after:?}");
}

#[test]
fn the_scroll_bar_goes_through_comings_and_goings() {
    let mut model = long_room(EVERYONE, 400);
    for n in 0..100 {
        notice(&mut model, DORA, n % 2 == 0, NOW.plus(-(390 - n * 3) * MINUTE));
    }
    let mut harness = in_room(model, EVERYONE);
    let mut y = harness.get_by_label("Scroll").rect().center().y;
    let x = harness.get_by_label("Scroll").rect().center().x;
    harness.hover_at(egui::pos2(x, y));
    harness.run();
    harness.drag_at(egui::pos2(x, y));
    harness.run();
    let mut seen = Vec::new();
    while y > 90.0 {
        y -= 23.0;
        harness.hover_at(egui::pos2(x, y));
        harness.run();
        seen.push(first_visible(&harness, 1000..1400).0);
        // Without a movement of the pointer nothing moves.
        let (n, at) = first_visible(&harness, 1000..1400);
        harness.run_steps(3);
        assert_eq!(first_visible(&harness, 1000..1400), (n, at));
    }
    assert!(seen.iter().rev().is_sorted(), "{seen:?}");
    let steps: Vec<_> = seen.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
    assert!(steps.iter().all(|step| *step < 40), "no leap: {steps:?}");
    assert!(seen.last().unwrap() < &1030, "{seen:?}");
}

#[test]
fn a_frame_of_a_long_room_costs_what_it_shows() {
    let drawn = |count| {
        let mut model = long_room(EVERYONE, count);
        for n in 0..100 {
            notice(&mut model, DORA, n % 2 == 0, NOW.plus(-(120 - n) * MINUTE));
        }
        let mut harness = in_room(model, EVERYONE);
        scroll(&mut harness, 500.0);
        harness.query_all_by_role(Role::ListItem).count()
    };
    assert_eq!(drawn(200), drawn(20_000));
}

#[test]
fn others_have_names_in_rooms_and_those_who_are_gone_are_marked() {
    let mut model = rooms();
    model.people.remove(&BOB);
    model.former.insert(BOB, "Bob (former member)".into());
    add(&mut model, HIKE, BOB, 1, later(0), "so long");
    let harness = in_room(model, HIKE);
    assert!(harness.query_by_label("Bob (former member), 14:00: so long").is_some());
}

#[test]
fn a_call_by_name_is_said_and_seen() {
    let mut model = rooms();
    add(&mut model, HIKE, BOB, 1, later(0), "@Alice, quietly");
    call(&mut model, HIKE, BOB, 2, later(1), "@Alice, aloud");
    add(&mut model, chat_with(BOB), BOB, 3, later(2), "@Alice in a chat of two");
    let mut harness = in_room(model, HIKE);
    assert!(harness.query_by_label("Bob, 14:00: @Alice, quietly").is_some());
    assert!(harness.query_by_label("Bob, 14:01, mentions you: @Alice, aloud").is_some());
    open_room(&mut harness, chat_with(BOB));
    assert!(harness.query_by_label("Bob, 14:02: @Alice in a chat of two").is_some());
}

#[test]
fn calls_in_any_script_do_no_harm_and_keep_their_text() {
    let texts = [
        "שלום @דוד כהן, מה שלומך?",
        "@דוד כהן",
        "مرحبا @محمد كيف حالك؟ @Alice @دoد",
        "👨‍👩‍👧‍👦@Alice👋@王小明你好 @王小明",
        "@Alice\u{301} a\u{301}@Alice @\u{301}Alice @ @@ @Al",
        "@Alice ",
        "@alice\n@ALICE\n\n@Alice",
        "(@Alice) «@דוד כהן» [@محمد]",
        "\u{202e}@Alice\0@Ali\u{200b}ce",
    ];
    let many = "@Alice @דוד כהן ".repeat(400);
    for text in texts.into_iter().chain([many.as_str()]) {
        let mut model = rooms();
        for (id, name) in [(20, "דוד כהן"), (21, "محمد"), (22, "王小明")] {
            let person = parlor::client::model::Person {
                username: name.into(),
                status: Status::Online,
                last_seen: None,
                joined: Default::default(),
            };
            model.people.insert(UserId(id), person);
        }
        add(&mut model, EVERYONE, ALICE, 1, later(0), text);
        call(&mut model, EVERYONE, BOB, 2, later(1), text);
        let mut harness = in_room(model, EVERYONE);
        let said = harness.query_all_by_label_contains("mentions you").next().expect("it is there");
        assert!(said.accesskit_node().label().unwrap().ends_with(text), "{text:?}");
        let rect = said.rect();
        // Selecting in it by mouse and by keyboard.
        for (dx, clicks) in [0.0, 30.0, 80.0, 200.0].iter().flat_map(|dx| [1, 2, 3].map(|clicks| (dx, clicks))) {
            for _ in 0..clicks {
                let pos = egui::pos2((rect.left() + dx).min(rect.right() - 1.0), rect.bottom().min(600.0) - 15.0);
                harness.hover_at(pos);
                harness.drag_at(pos);
                harness.drop_at(pos);
                harness.step();
            }
            for key in [Key::ArrowLeft, Key::ArrowRight, Key::End, Key::Home] {
                harness.key_press_modifiers(Modifiers::SHIFT | Modifiers::CTRL | Modifiers::COMMAND, key);
                harness.event(egui::Event::Copy);
                harness.step();
            }
        }
    }
}

#[test]
fn a_name_with_a_mark_is_selected_and_copied_as_it_was_written() {
    let mut model = rooms();
    add(&mut model, HIKE, BOB, 1, later(0), "ask @Dora Maar, please");
    let mut harness = in_room(model, HIKE);
    let bubble = bubble(&harness, "ask @Dora").unwrap();
    let y = bubble.bottom() - 16.0;
    harness.drag_at(egui::pos2(bubble.left() + 12.0, y));
    harness.run();
    harness.hover_at(egui::pos2(bubble.right() - 5.0, y));
    harness.run();
    harness.event(egui::Event::Copy);
    harness.step();
    let copied = |command: &egui::OutputCommand| matches!(command, egui::OutputCommand::CopyText(text) if text == "ask @Dora Maar, please");
    assert!(harness.output().platform_output.commands.iter().any(copied));
}

#[test]
fn an_idle_room_draws_no_frames() {
    let mut model = long_room(EVERYONE, 50);
    notice(&mut model, BOB, true, later(10));
    call(&mut model, EVERYONE, BOB, 2000, NOW, "@Alice!");
    let harness = in_room(model, EVERYONE);
    assert_eq!(delay(&harness), Duration::MAX);
}
