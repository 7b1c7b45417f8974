//! Files in a conversation: pictures in their places, cards, and what can be done with them.

mod common;

use common::files::{bring, enclosure, fetched, fetching, file, hand_over, hand_over_in, look};
use common::*;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotResults};
use parlor::client::command::Command;
use parlor::client::model::{DownloadProgress, Model};
use parlor::client::outbox::{Destination, What};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::Seq;
use parlor::ui::files::{self, Order};

fn sides(path: &str) -> Option<(usize, usize)> {
    match path.rsplit('/').next()? {
        "hills.jpg" => Some((1600, 1000)),
        "tower.jpg" => Some((900, 1600)),
        "sign.png" => Some((32, 32)),
        _ => None,
    }
}

/// Pictures of both sides, of all shapes.
fn pictures() -> Model {
    let mut model = model();
    let hills = file(1, "hills.jpg", 812_000, Some((1600, 1000)));
    let tower = file(2, "tower.jpg", 1_204_000, Some((900, 1600)));
    let sign = file(3, "sign.png", 900, Some((32, 32)));
    let at = |minutes: i64| NOW.plus(-HOUR + minutes * MINUTE);
    hand_over(&mut model, BOB, BOB, 1, at(0), "", hills.clone());
    hand_over(&mut model, BOB, BOB, 2, at(1), "The way up. It took us three hours and a sandwich.", tower.clone());
    hand_over(&mut model, BOB, ALICE, 3, at(20), "", sign.clone());
    for file in [&hills, &tower, &sign] {
        fetched(&mut model, file);
    }
    model
}

/// A card in each state that it can be in.
fn cards() -> Model {
    let mut model = model();
    let at = |minutes: i64| NOW.plus(-HOUR + minutes * MINUTE);
    let there = file(1, "Minutes of the garden committee, November 2026, final.pdf", 348_000, None);
    let coming = file(2, "walk.mp4", 84_000_000, None);
    let here = file(3, "budget.xlsx", 23_400, None);
    let tool = file(4, "setup.exe", 2_300_000, None);
    let gone = file(5, "notes.txt", 1_200, None);
    for (seq, (from, text, file)) in [
        (BOB, "", &there),
        (BOB, "", &coming),
        (ALICE, "The figures for Tuesday", &here),
        (BOB, "", &tool),
        (BOB, "", &gone),
    ]
    .into_iter()
    .enumerate()
    {
        hand_over(&mut model, BOB, from, seq as u64 + 1, at(seq as i64), text, file.clone());
    }
    fetching(&mut model, &coming, 31_000_000, DownloadProgress::Running);
    fetched(&mut model, &here);
    fetched(&mut model, &tool);
    fetching(&mut model, &gone, 0, DownloadProgress::Failed("The file is not on the server any more.".into()));
    model
}

fn say_with(model: &mut Model, text: &str, enclosure: parlor::client::outbox::Enclosure) -> u64 {
    let what = What::Say { reply_to: None, enclosure: Some(enclosure) };
    model.outbox.put(Destination::Chat(chat_with(BOB)), what, text.into(), NOW).n
}

#[test]
fn pictures_look_like_this() {
    let mut results = SnapshotResults::new();
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(pictures(), [1000.0, 900.0], theme);
        open(&mut harness, BOB);
        bring(&mut harness, sides);
        look(&mut harness, &format!("pictures_{name}"), &mut results);
    }
    // With a name above, and as an answer.
    let mut model = common::model();
    let (room, at) = (ChatKey::Everyone, |minutes: i64| NOW.plus(-HOUR + minutes * MINUTE));
    let hills = file(1, "hills.jpg", 812_000, Some((1600, 1000)));
    let plan = file(2, "plan.pdf", 80_000, None);
    hand_over_in(&mut model, room, BOB, 1, at(0), "", hills.clone());
    hand_over_in(
        &mut model,
        room,
        CHARLIE,
        2,
        at(1),
        "From the other side",
        file(3, "hills.jpg", 9_000, Some((700, 300))),
    );
    hand_over_in(&mut model, room, BOB, 3, at(2), "", plan);
    let messages = &mut model.chats.get_mut(&room).unwrap().messages;
    messages[1].reply_to = Some(Seq(1));
    messages[2].reply_to = Some(Seq(2));
    for id in [&hills, &file(3, "hills.jpg", 9_000, None)] {
        fetched(&mut model, id);
    }
    let mut harness = sized(model, [1000.0, 900.0]);
    let state = harness.state_mut();
    state.window.open_chat(room, &state.model);
    bring(&mut harness, sides);
    look(&mut harness, "pictures_room", &mut results);
    let mut harness = sized(pictures(), [360.0, 900.0]);
    open(&mut harness, BOB);
    bring(&mut harness, sides);
    look(&mut harness, "pictures_narrow", &mut results);
}

#[test]
fn cards_look_like_this() {
    let mut results = SnapshotResults::new();
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(cards(), [1000.0, 700.0], theme);
        open(&mut harness, BOB);
        look(&mut harness, &format!("cards_{name}"), &mut results);
    }
    let mut harness = sized(cards(), [360.0, 700.0]);
    open(&mut harness, BOB);
    look(&mut harness, "cards_narrow", &mut results);
}

/// What is on its way to the server, refused, and what came and is no picture.
fn on_the_way() -> Model {
    let mut model = model();
    let damaged = file(1, "scan.png", 80_000, Some((800, 500)));
    let large = file(2, "panorama.jpg", 28_000_000, Some((9000, 2600)));
    hand_over(&mut model, BOB, BOB, 1, NOW.plus(-3 * MINUTE), "", damaged.clone());
    hand_over(&mut model, BOB, BOB, 2, NOW.plus(-2 * MINUTE), "", large);
    fetched(&mut model, &damaged);
    let mut hills = enclosure("hills.jpg", 812_000, Some((1600, 1000)));
    hills.sent = 300_000;
    say_with(&mut model, "Look at this", hills);
    let mut plan = enclosure("plan.pdf", 4_000_000, None);
    plan.sent = 1_000_000;
    say_with(&mut model, "", plan);
    let n = say_with(&mut model, "", enclosure("archive.zip", 40_000, None));
    model.outbox.fail(n, Problem::new(Code::StorageFull, "The server's disk is full."));
    model
}

#[test]
fn what_is_on_its_way_looks_like_this() {
    let mut results = SnapshotResults::new();
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(on_the_way(), [1000.0, 1000.0], theme);
        open(&mut harness, BOB);
        bring(&mut harness, sides);
        look(&mut harness, &format!("files_on_the_way_{name}"), &mut results);
    }
}

/// What a message that answers nothing and is in the conversation has for commands, and for what surrounds the window.
fn orders(harness: &egui_kittest::Harness<'_, State>) -> Vec<Order> {
    files::take_orders(&harness.ctx)
}

#[test]
fn a_late_picture_moves_nothing() {
    let mut model = long_chat(1000, 30);
    let hills = file(1, "hills.jpg", 812_000, Some((1600, 1000)));
    hand_over(&mut model, BOB, BOB, 2000, NOW.plus(-30_000), "", hills.clone());
    for n in 0..4 {
        say(&mut model, BOB, BOB, 2001 + n, NOW, &format!("message {}.", 2001 + n), true);
    }
    let mut harness = with_bob(model);
    let places = |harness: &egui_kittest::Harness<'_, State>| {
        (1020..2010).filter_map(|n| top_of(harness, &format!("message {n}."))).collect::<Vec<_>>()
    };
    let before = places(&harness);
    assert!(before.len() > 4, "{before:?}");
    let asked = harness.state_mut().take();
    let fetches =
        |command: &Command| matches!(command, Command::Download { attachment, to: None } if *attachment == hills);
    assert_eq!(asked.iter().filter(|command| fetches(command)).count(), 1, "once, and unasked: {asked:?}");

    // It comes piece by piece, is decoded, and is there.
    fetching(&mut harness.state_mut().model, &hills, 400_000, DownloadProgress::Running);
    harness.run();
    assert_eq!(places(&harness), before);
    fetched(&mut harness.state_mut().model, &hills);
    harness.run();
    assert_eq!(places(&harness), before);
    bring(&mut harness, sides);
    assert!(harness.query_by_label("Picture hills.jpg").is_some());
    assert_eq!(places(&harness), before);
    // And one that cannot be shown has the same place.
    let mut harness = with_bob(harness.state().model.clone());
    bring(&mut harness, |_| None);
    assert!(harness.query_by_label("hills.jpg cannot be shown").is_some());
    assert_eq!(places(&harness), before);
    assert!(!harness.state_mut().take().iter().any(fetches), "it is there");
}

#[test]
fn a_picture_that_is_too_long_waits_for_a_click() {
    let mut model = model();
    let long = file(1, "panorama.jpg", 28_000_000, Some((9000, 2600)));
    hand_over(&mut model, BOB, BOB, 1, NOW, "", long.clone());
    let mut harness = with_bob(model);
    let fetches =
        |command: &Command| matches!(command, Command::Download { attachment, to: None } if *attachment == long);
    assert!(!harness.state_mut().take().iter().any(fetches));
    harness.get_by_label("Show panorama.jpg").click();
    harness.run();
    assert!(harness.state_mut().take().iter().any(fetches));
}

#[test]
fn a_card_does_what_its_words_say() {
    let mut harness = with_bob(cards());
    harness.get_by_label("Save as…").click();
    harness.run();
    let asked = orders(&harness);
    assert!(matches!(&asked[..], [Order::Save { attachment }] if attachment.size == 348_000), "{asked:?}");
    harness.get_by_label("Cancel").click();
    harness.get_by_label("Open").click();
    harness.run();
    let cancels = |command: &Command| matches!(command, Command::CancelDownload { file } if file.0 == 2);
    assert!(harness.state_mut().take().iter().any(cancels));
    assert_eq!(orders(&harness), [Order::Open { path: "/home/alice/.cache/budget.xlsx".into() }]);
    // What could run is never opened with a click.
    harness.get_by_label("Open folder setup.exe").click();
    harness.run();
    assert_eq!(orders(&harness), [Order::OpenFolder { path: "/home/alice/.cache/setup.exe".into() }]);
    assert!(harness.query_by_label("Open setup.exe").is_none());
    harness.get_by_label("Try again").click();
    harness.run();
    assert!(matches!(&orders(&harness)[..], [Order::Save { attachment }] if attachment.file.0 == 5));
}

#[test]
fn a_file_on_its_way_says_how_far_it_is_and_can_be_stopped() {
    let mut harness = sized(on_the_way(), [1000.0, 1000.0]);
    open(&mut harness, BOB);
    assert!(
        harness
            .query_by_label_contains("sending: picture hills.jpg, uploading, 293 KB of 793 KB, Look at this")
            .is_some()
    );
    assert!(harness.query_by_label("1.0 MB of 3.8 MB").is_some());
    harness.get_by_label("Cancel hills.jpg").click();
    harness.run();
    assert!(harness.state_mut().take().iter().any(|command| matches!(command, Command::CancelUpload { n: 1 })));
    harness.get_by_label("Cancel").click();
    harness.run();
    assert!(harness.state_mut().take().iter().any(|command| matches!(command, Command::CancelUpload { n: 2 })));
    // A refused one is a message like any other.
    assert!(harness.query_by_label("The server's disk is full.").is_some());
    harness.get_by_label("Retry").click();
    harness.get_by_label("Discard").click();
    harness.run();
    let asked = harness.state_mut().take();
    assert!(matches!(asked[..], [Command::Retry { n: 3 }, Command::Discard { n: 3 }]), "{asked:?}");
}

#[test]
fn what_was_sent_from_here_need_not_come_back() {
    let mut model = model();
    say(&mut model, BOB, BOB, 1, NOW, "hello", true);
    let mut hills = enclosure("hills.jpg", 812_000, Some((1600, 1000)));
    (hills.file, hills.sent) = (Some(parlor::proto::attachment::FileId(7)), 812_000);
    let n = say_with(&mut model, "", hills);
    let mut harness = with_bob(model);
    bring(&mut harness, sides);
    let state = harness.state_mut();
    state.model.outbox.remove(n);
    hand_over(&mut state.model, BOB, ALICE, 2, NOW, "", file(7, "hills.jpg", 812_000, Some((1600, 1000))));
    state.take();
    harness.run();
    assert!(harness.query_by_label("Picture hills.jpg").is_some(), "it is shown in the same frame");
    let asked = harness.state_mut().take();
    assert!(!asked.iter().any(|command| matches!(command, Command::Download { .. })), "{asked:?}");
}

#[test]
fn the_list_says_that_it_was_a_file() {
    let mut model = model();
    hand_over(&mut model, BOB, BOB, 1, NOW, "", file(1, "plan.pdf", 9, None));
    let harness = window(model);
    assert!(harness.query_by_label_contains("Bob, online, 15:00, plan.pdf").is_some());
    let mut model = common::model();
    hand_over(&mut model, BOB, ALICE, 1, NOW, "", file(1, "DSC_0001.jpg", 9, Some((4, 3))));
    let harness = window(model);
    assert!(harness.query_by_label_contains("Bob, online, 15:00, You: Picture").is_some());
}

#[test]
fn a_window_that_shows_files_draws_no_frame_by_itself() {
    let mut harness = with_bob(pictures());
    bring(&mut harness, sides);
    harness.run();
    let frames = harness.state().frames;
    // It stops by itself, and a step more is the one that was asked for.
    harness.run();
    assert!(harness.state().frames <= frames + 1);
}

#[test]
fn a_right_click_on_a_picture_opens_the_menu_of_its_message() {
    let mut harness = with_bob(pictures());
    bring(&mut harness, sides);
    harness.get_by_label("Picture tower.jpg").click_secondary();
    harness.run();
    assert!(harness.query_by_label("Copy message").is_some());
    harness.get_by_label("Save as…").click();
    harness.run();
    assert!(matches!(&orders(&harness)[..], [Order::Save { attachment }] if attachment.file.0 == 2));
}

#[test]
fn a_picture_that_is_here_is_copied_from_the_menu_of_its_message() {
    let mut harness = with_bob(pictures());
    bring(&mut harness, sides);
    harness.get_by_label("Picture tower.jpg").click_secondary();
    harness.run();
    harness.get_by_label("Copy picture").click();
    harness.run();
    let path = "/home/alice/.cache/tower.jpg".into();
    assert_eq!(orders(&harness), [Order::CopyPicture { path }]);
    assert!(harness.query_by_label("Copy picture").is_none(), "the menu is closed");
    harness.state_mut().window.say(Ok("Picture copied".into()));
    harness.run();
    assert!(harness.query_by_label("Picture copied").is_some());
    harness.state_mut().window.say(Err("The picture cannot be copied: no".into()));
    harness.run();
    assert!(harness.query_by_label("Picture copied").is_none());
    assert!(harness.query_by_label("The picture cannot be copied: no").is_some());
}

fn message<'a>(harness: &'a Harness<'_, State>, text: &'a str) -> egui_kittest::Node<'a> {
    let node = harness.query_all_by_label_contains(text).find(|node| node.rect().left() > 300.0);
    node.expect("the message is in view")
}

#[test]
fn what_is_no_picture_here_is_not_copied() {
    let coming = file(1, "hills.jpg", 99_000_000, Some((1600, 1000)));
    let broken = file(2, "broken.jpg", 9, Some((1600, 1000)));
    for carried in [coming, broken] {
        let mut model = model();
        if carried.name.as_str() == "broken.jpg" {
            fetched(&mut model, &carried);
        }
        hand_over(&mut model, BOB, BOB, 1, NOW, "look", carried);
        let mut harness = with_bob(model);
        bring(&mut harness, sides);
        message(&harness, "look").focus();
        harness.run();
        key(&mut harness, egui::Modifiers::NONE, egui::Key::Menu);
        assert!(harness.query_by_label("Copy message").is_some(), "the menu is open");
        assert!(harness.query_by_label("Copy picture").is_none());
    }
}

#[test]
fn ones_own_picture_is_copied_from_where_it_was_sent() {
    let mut model = model();
    say_with(&mut model, "look", enclosure("hills.jpg", 812_000, Some((1600, 1000))));
    let mut harness = with_bob(model);
    bring(&mut harness, sides);
    message(&harness, "look").click_secondary();
    harness.run();
    harness.get_by_label("Copy picture").click();
    harness.run();
    assert_eq!(orders(&harness), [Order::CopyPicture { path: "/home/alice/hills.jpg".into() }]);
}
