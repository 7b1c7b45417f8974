//! How far one's own messages have come: ticks and numbers, whom a message waits for, the card of who has it.

mod common;

use common::rooms::*;
use common::*;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use parlor::client::command::Command;
use parlor::client::model::Info;
use parlor::client::outbox::Destination;
use parlor::proto::event::{Code, Problem, Receipt, Receipts, Status};
use parlor::proto::ids::{Seq, UserId};

/// Alice's only message in the group, with what has come of it.
fn reached(delivered: &[UserId], read: &[UserId]) -> Harness<'static, State> {
    let mut model = rooms();
    add(&mut model, HIKE, ALICE, 7, later(0), "to all of you");
    model.delivered = delivered.iter().map(|id| (*id, Seq(7))).collect();
    model.chats.get_mut(&HIKE).unwrap().read_by = read.iter().map(|id| (*id, Seq(7))).collect();
    in_room(model, HIKE)
}

#[test]
fn ticks_in_a_room_tell_of_all_and_the_number_of_some() {
    let others = [BOB, CHARLIE, DORA, EMIL];
    for (delivered, read, said) in [
        (&others[..0], &others[..0], "You, 14:00, sent: to all of you"),
        (&others[..3], &others[..0], "You, 14:00, sent: to all of you"),
        (&others[..4], &others[..0], "You, 14:00, delivered: to all of you"),
        (&others[..3], &others[..2], "You, 14:00, sent, read by 2 of 4: to all of you"),
        (&others[..4], &others[..3], "You, 14:00, delivered, read by 3 of 4: to all of you"),
        (&others[..0], &others[..4], "You, 14:00, read: to all of you"),
    ] {
        let harness = reached(delivered, read);
        assert!(harness.query_by_label(said).is_some(), "{said}");
    }
    let mut harness = reached(&others, &others[..3]);
    let place = bubble(&harness, "to all of you").unwrap();
    hovered(&mut harness, place.right_bottom() - egui::vec2(40.0, 14.0));
    assert!(harness.query_by_label_contains("Delivered to 4 of 4, read by 3").is_some());
    let wide = place.width();
    let narrow = bubble(&reached(&others, &others), "to all of you").unwrap().width();
    assert!(wide > narrow + 15.0, "the number has a place of its own: {wide} {narrow}");
}

#[test]
fn in_a_group_with_nobody_else_a_message_is_stored() {
    let mut model = rooms();
    model.groups.values_mut().for_each(|group| group.members = vec![ALICE]);
    add(&mut model, HIKE, ALICE, 7, later(0), "to myself");
    let harness = in_room(model, HIKE);
    assert!(harness.query_by_label("You, 14:00, sent: to myself").is_some());
}

#[test]
fn a_message_that_waits_says_for_whom() {
    let waits = "Charlie is offline, last seen at 13:00 – it will be delivered at the next login";
    let mut model = rooms();
    add(&mut model, chat_with(CHARLIE), ALICE, 1, later(0), "older");
    add(&mut model, chat_with(CHARLIE), ALICE, 2, later(1), "newest");
    let mut harness = in_room(model, chat_with(CHARLIE));
    let note = harness.get_by_label(waits).rect();
    let newest = bubble(&harness, "newest").unwrap();
    assert!(note.top() >= newest.bottom() && (note.right() - newest.right()).abs() < 2.0, "{note:?} {newest:?}");
    assert!(note.bottom() < 640.0);

    let shown = |harness: &mut Harness<'_, State>| {
        harness.run();
        harness.query_all_by_label_contains("it will be delivered").count()
    };
    harness.state_mut().model.people.get_mut(&CHARLIE).unwrap().last_seen = None;
    harness.run();
    assert!(harness.query_by_label("Charlie is offline – it will be delivered at the next login").is_some());

    harness.state_mut().model.people.get_mut(&CHARLIE).unwrap().status = Status::Away;
    assert_eq!(shown(&mut harness), 0, "they are there");
    harness.state_mut().model.people.get_mut(&CHARLIE).unwrap().status = Status::Offline;
    assert_eq!(shown(&mut harness), 1);
    harness.state_mut().model.delivered.insert(CHARLIE, Seq(2));
    assert_eq!(shown(&mut harness), 0, "they have it");
    harness.state_mut().model.delivered.clear();
    let n = harness.state_mut().model.outbox.push(Destination::Chat(chat_with(CHARLIE)), "next".into(), NOW).n;
    assert_eq!(shown(&mut harness), 0, "it is not the newest any more");
    harness.state_mut().model.outbox.remove(n);
    add(&mut harness.state_mut().model, chat_with(CHARLIE), CHARLIE, 3, later(2), "answer");
    assert_eq!(shown(&mut harness), 0, "they have written since");
}

/// Opens the menu of a message of this person.
fn menu_of<'a>(harness: &'a mut Harness<'static, State>, text: &'a str) -> &'a mut Harness<'static, State> {
    let node = harness.query_all_by_label_contains(text).find(|node| node.rect().left() > 304.0).unwrap();
    node.click_secondary();
    harness.run();
    harness
}

#[test]
fn info_is_asked_for_one_s_own_stored_messages() {
    let mut model = rooms();
    add(&mut model, HIKE, BOB, 1, later(0), "of Bob");
    add(&mut model, HIKE, ALICE, 2, later(1), "of Alice");
    model.outbox.push(Destination::Chat(HIKE), "on its way".into(), NOW);
    let mut harness = in_room(model, HIKE);
    for text in ["of Bob", "on its way"] {
        assert!(menu_of(&mut harness, text).query_by_label("Info").is_none(), "{text}");
        key(&mut harness, Modifiers::NONE, Key::Escape);
    }
    menu_of(&mut harness, "of Alice").get_by_label("Info").click();
    harness.run();
    let commands = harness.state_mut().take();
    assert!(
        matches!(commands.as_slice(), [Command::ShowInfo { chat: HIKE, seq: Seq(2) }]),
        "asked once, and nothing else: {commands:?}"
    );
}

#[test]
fn the_menu_of_a_message_opens_by_keyboard() {
    for (modifiers, pressed) in [(Modifiers::NONE, Key::Menu), (Modifiers::SHIFT, Key::F10)] {
        let mut model = rooms();
        add(&mut model, HIKE, ALICE, 2, later(1), "of Alice");
        let mut harness = in_room(model, HIKE);
        let mut tabs = 0;
        while !harness.get_by_label("You, 14:01, sent: of Alice").is_focused() {
            key(&mut harness, Modifiers::NONE, Key::Tab);
            tabs += 1;
            assert!(tabs < 20, "the message is reached by Tab");
        }
        key(&mut harness, modifiers, pressed);
        assert!(harness.query_by_label("Info").is_some());
        // Up from the first entry is the last, which deletes; Info stands above it.
        key(&mut harness, Modifiers::NONE, Key::ArrowUp);
        key(&mut harness, Modifiers::NONE, Key::ArrowUp);
        key(&mut harness, Modifiers::NONE, Key::Enter);
        let commands = harness.state_mut().take();
        assert!(matches!(commands.as_slice(), [Command::ShowInfo { seq: Seq(2), .. }]), "{commands:?}");
    }
}

fn receipts() -> Receipts {
    let receipt = |user, minutes| Receipt { user, at: later(minutes) };
    Receipts {
        chat: HIKE,
        seq: Seq(2),
        receivers: 4,
        delivered_count: 3,
        read_count: 2,
        delivered: vec![receipt(BOB, 1), receipt(DORA, 2), receipt(EMIL, 5)],
        read: vec![receipt(BOB, 3), receipt(DORA, 4)],
    }
}

fn info(receipts: Option<Result<Receipts, Problem>>) -> Harness<'static, State> {
    let mut model = rooms();
    add(&mut model, HIKE, ALICE, 2, later(1), "Who has this?");
    model.info = Some(Info { chat: HIKE, seq: Seq(2), receipts });
    let mut harness = in_room(model, HIKE);
    harness.run();
    harness
}

#[test]
fn the_card_of_a_message_says_who_has_it() {
    let harness = info(Some(Ok(receipts())));
    let tops = [
        "Who has this?",
        "Read by 2 of 4",
        "Bob, Friday 20 November 2026, 14:03:00",
        "Dora Maar, Friday 20 November 2026, 14:04:00",
        "Delivered to 3 of 4",
        "Emil, Friday 20 November 2026, 14:05:00",
        "Not yet delivered to 1",
        "Charlie, last seen at 13:00",
    ]
    .map(|label| {
        let nodes = harness.query_all_by_label(label);
        nodes.map(|node| node.rect().top()).fold(f32::MIN, f32::max)
    });
    assert!(tops.is_sorted() && tops[0] > 0.0, "{tops:?}");
    assert!(harness.query_all_by_label("Message info").count() > 0);

    let harness = info(None);
    assert!(harness.query_by_label("Asking the server…").is_some());
    let mut harness = info(Some(Err(Problem::new(Code::Busy, "the server is busy"))));
    assert!(harness.query_by_label("Who has it could not be loaded: the server is busy").is_some());
    harness.get_by_label("Try again").click();
    harness.run();
    assert!(matches!(harness.state_mut().take().as_slice(), [Command::ShowInfo { chat: HIKE, seq: Seq(2) }]));
}

#[test]
fn the_card_fits_the_smallest_window_and_scrolls() {
    let mut model = rooms();
    add(&mut model, HIKE, ALICE, 2, later(1), &"many words שלום ".repeat(300));
    let mut receipts = receipts();
    receipts.read = (0..200).map(|n| Receipt { user: UserId(1000 + n), at: NOW }).collect();
    (receipts.receivers, receipts.read_count, receipts.delivered_count) = (300, 225, 228);
    model.info = Some(Info { chat: HIKE, seq: Seq(2), receipts: Some(Ok(receipts)) });
    let mut harness = sized(model, [360.0, 480.0]);
    open_room(&mut harness, HIKE);
    harness.run();
    for label in ["Close", "Read by 225 of 300"] {
        let rect = harness.query_all_by_label(label).next_back().unwrap().rect();
        assert!(rect.left() >= 8.0 && rect.right() <= 352.0 && rect.bottom() < 470.0, "{label}: {rect:?}");
    }
    assert!(harness.query_by_label("and 25 more").is_none(), "far below");
    harness.hover_at(egui::pos2(180.0, 350.0));
    for _ in 0..40 {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            source: egui::MouseWheelSource::Unknown,
            delta: egui::vec2(0.0, -1000.0),
            phase: egui::TouchPhase::Move,
            modifiers: Modifiers::NONE,
        });
        harness.run_steps(4);
        if harness.query_by_label("and 25 more").is_some() {
            return;
        }
    }
    panic!("the end of the list was never seen");
}

fn closes(harness: &mut Harness<'static, State>) -> usize {
    let commands = harness.state_mut().take();
    commands.iter().filter(|command| matches!(command, Command::CloseInfo)).count()
}

#[test]
fn the_card_closes_by_its_button_by_escape_and_by_a_click_outside() {
    let mut harness = info(Some(Ok(receipts())));
    harness.get_by_label("Close").click();
    harness.run();
    assert_eq!(closes(&mut harness), 1);
    harness.get_by_label("Read by 2 of 4").click();
    harness.run();
    assert_eq!(closes(&mut harness), 0, "within it");
    harness.hover_at(egui::pos2(900.0, 660.0));
    harness.drag_at(egui::pos2(900.0, 660.0));
    harness.drop_at(egui::pos2(900.0, 660.0));
    harness.run();
    assert_eq!(closes(&mut harness), 1);

    // Escape closes it before anything else, and what is typed meanwhile goes nowhere.
    type_text(&mut harness, "nowhere");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(closes(&mut harness), 1);
    assert_eq!(harness.state().window.open(), Some(HIKE), "the chat is still open");
    assert_eq!(draft(&harness, HIKE), "");
    harness.state_mut().model.info = None;
    harness.run();
    type_text(&mut harness, "on with it");
    assert_eq!(draft(&harness, HIKE), "on with it");
}

#[test]
fn without_read_receipts_the_card_says_why_it_does_not_know() {
    let mut harness = info(Some(Ok(receipts())));
    harness.state_mut().model.read_receipts = false;
    harness.run();
    let why = "You have turned read receipts off, so you do not see what others have read.";
    assert!(harness.query_by_label(why).is_some());
    assert!(harness.query_by_label_contains("Read by").is_none());
}

#[test]
fn the_card_draws_no_frames_by_itself() {
    let harness = info(Some(Ok(receipts())));
    let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}

#[test]
fn what_has_come_of_a_message_is_followed() {
    let said = |harness: &mut Harness<'_, State>, words: &str| {
        harness.run();
        harness.query_by_label(&format!("You, 14:00, {words}: to all of you")).is_some()
    };
    let mut harness = reached(&[BOB, CHARLIE, DORA], &[]);
    assert!(said(&mut harness, "sent"));
    harness.state_mut().model.delivered.insert(EMIL, Seq(7));
    assert!(said(&mut harness, "delivered"));
    harness.state_mut().model.chats.get_mut(&HIKE).unwrap().read_by.insert(BOB, Seq(7));
    assert!(said(&mut harness, "delivered, read by 1 of 4"));
    let joined = [(ALICE, Seq(0)), (BOB, Seq(0)), (EMIL, Seq(8))];
    harness.state_mut().model.groups.values_mut().for_each(|group| group.joined = joined.into());
    assert!(said(&mut harness, "read"));
}
