//! A picture all over the window, and what was sent in a chat, looked at from its details.

mod common;

use std::sync::Arc;

use common::files::{bring, fetched, file, hand_over, look};
use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotResults};
use parlor::client::command::Command;
use parlor::client::model::{Message, Model, SharedFiles};
use parlor::proto::ids::Seq;
use parlor::ui::files::{self, Order};

fn sides(path: &str) -> Option<(usize, usize)> {
    let wide = !path.contains("tower");
    Some(if wide { (1600, 1000) } else { (900, 1600) })
}

/// Three pictures and a file between them.
fn walk() -> Model {
    let mut model = model();
    let at = |minutes: i64| NOW.plus(-HOUR + minutes * MINUTE);
    for (seq, name, sides, text) in [
        (1, "hills.jpg", Some((1600, 1000)), ""),
        (2, "tower.jpg", Some((900, 1600)), "The way up. It took us three hours and a sandwich."),
        (3, "plan.pdf", None, ""),
        (4, "lake.jpg", Some((1600, 1000)), ""),
    ] {
        let file = file(u128::from(seq), name, 812_000, sides);
        fetched(&mut model, &file);
        hand_over(&mut model, BOB, if seq == 4 { ALICE } else { BOB }, seq, at(seq as i64), text, file);
    }
    model
}

fn looking(model: Model, size: [f32; 2], theme: Theme, name: &str) -> Harness<'static, State> {
    let mut harness = themed(model, size, theme);
    open(&mut harness, BOB);
    bring(&mut harness, sides);
    harness.get_by_label(&format!("Picture {name}")).click();
    harness.run();
    bring(&mut harness, sides);
    harness
}

fn viewed(harness: &Harness<'_, State>) -> Option<String> {
    let names = ["hills.jpg", "tower.jpg", "lake.jpg"];
    let name = names
        .into_iter()
        .find(|name| harness.query_all_by_role_and_label(egui::accesskit::Role::Image, name).next().is_some())?;
    Some(name.to_owned())
}

#[test]
fn a_click_opens_a_picture_and_keys_lead_on() {
    let mut harness = looking(walk(), [1000.0, 900.0], Theme::Light, "tower.jpg");
    assert_eq!(viewed(&harness).as_deref(), Some("tower.jpg"));
    key(&mut harness, Modifiers::NONE, Key::ArrowRight);
    bring(&mut harness, sides);
    assert_eq!(viewed(&harness).as_deref(), Some("lake.jpg"), "past what is no picture");
    assert!(harness.query_by_label("Next picture").is_none());
    key(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(viewed(&harness).as_deref(), Some("lake.jpg"), "it is the last one");
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    bring(&mut harness, sides);
    assert_eq!(viewed(&harness).as_deref(), Some("hills.jpg"));
    harness.get_by_label("Next picture").click();
    harness.run();
    assert_eq!(viewed(&harness).as_deref(), Some("tower.jpg"));
}

#[test]
fn esc_takes_it_away_and_nothing_else_and_writing_goes_on() {
    let mut harness = looking(walk(), [1000.0, 900.0], Theme::Light, "tower.jpg");
    // What is typed meanwhile is for nobody.
    type_text(&mut harness, "x");
    assert_eq!(composer_text(&harness, BOB), "");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(viewed(&harness), None);
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
    type_text(&mut harness, "y");
    assert_eq!(composer_text(&harness, BOB), "y");
}

#[test]
fn what_it_covers_is_not_read() {
    let mut harness = looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg");
    assert_eq!(harness.state().window.watched(), None);
    harness.state_mut().take();
    say(&mut harness.state_mut().model, BOB, BOB, 9, NOW, "are you there?", false);
    harness.run();
    let read = |command: &Command| matches!(command, Command::MarkRead { .. });
    assert!(!harness.state_mut().take().iter().any(read));
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state_mut().take().iter().any(read));
}

#[test]
fn one_comes_closer_and_goes_back() {
    let mut harness = looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg");
    key(&mut harness, Modifiers::NONE, Key::Plus);
    // Closer, the arrows move the picture, and lead nowhere else.
    key(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(viewed(&harness).as_deref(), Some("hills.jpg"));
    harness.get_by_label("Smaller").click();
    harness.run();
    key(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(viewed(&harness).as_deref(), Some("tower.jpg"));
}

#[test]
fn it_can_be_saved_from_there() {
    let mut harness = looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg");
    key(&mut harness, Modifiers::COMMAND, Key::S);
    harness.get_by_label("Open with another program").click();
    harness.run();
    let asked = files::take_orders(&harness.ctx);
    let [Order::Save { attachment }, Order::Open { path }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((attachment.name.as_str(), path.as_str()), ("hills.jpg", "/home/alice/.cache/hills.jpg"));
}

#[test]
fn it_is_copied_from_there_and_that_is_said_for_a_moment() {
    let mut harness = looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg");
    harness.event(egui::Event::Copy);
    harness.run();
    harness.get_by_label("Copy picture").click();
    harness.run();
    let copy = || Order::CopyPicture { path: "/home/alice/.cache/hills.jpg".into() };
    assert_eq!(files::take_orders(&harness.ctx), [copy(), copy()]);
    harness.state_mut().window.say(Ok("Picture copied".into()));
    harness.run();
    assert!(harness.query_by_label("Picture copied").is_some());
    harness.run_steps(40);
    assert!(harness.query_by_label("Picture copied").is_none());
    // What is said of one is not said of the next.
    harness.state_mut().window.say(Ok("Picture copied".into()));
    key(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert!(harness.query_by_label("Picture copied").is_none());
}

#[test]
fn what_is_not_here_yet_is_not_copied() {
    let mut harness = themed(walk(), [1000.0, 900.0], Theme::Light);
    open(&mut harness, BOB);
    files::view(&harness.ctx, chat_with(BOB), Seq(2));
    harness.run();
    harness.event(egui::Event::Copy);
    harness.run();
    assert!(files::take_orders(&harness.ctx).is_empty());
}

#[test]
fn what_its_author_takes_back_is_not_looked_at_any_more() {
    let mut harness = looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg");
    let message = harness.state_mut().chat(BOB).messages.front_mut().unwrap();
    (message.deleted, message.attachment) = (true, None);
    harness.run();
    assert_eq!(viewed(&harness), None);
}

#[test]
fn the_viewer_looks_like_this() {
    let mut results = SnapshotResults::new();
    look(&mut looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg"), "viewer", &mut results);
    look(&mut looking(walk(), [1000.0, 900.0], Theme::Dark, "tower.jpg"), "viewer_caption", &mut results);
    look(&mut looking(walk(), [360.0, 900.0], Theme::Light, "tower.jpg"), "viewer_narrow", &mut results);
    let mut copied = looking(walk(), [1000.0, 1150.0], Theme::Light, "hills.jpg");
    copied.state_mut().window.say(Ok("Picture copied".into()));
    look(&mut copied, "viewer_copied", &mut results);
}

/// The page of what was sent, of a chat of which so much is known.
fn shared(shared: Option<SharedFiles>, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let mut model = walk();
    model.chats.get_mut(&chat_with(BOB)).unwrap().shared = shared.map(Box::new);
    for id in 20..34 {
        let name = format!("photo {id}.jpg");
        fetched(&mut model, &file(id, &name, 90_000, Some((1600, 1000))));
    }
    let mut harness = themed(model, size, theme);
    open(&mut harness, BOB);
    key(&mut harness, Modifiers::COMMAND, Key::I);
    harness.get_by_label("Shared files").click();
    harness.run();
    harness
}

fn known(messages: Vec<Message>, complete: bool, problem: Option<String>) -> SharedFiles {
    let mut shared = SharedFiles::default();
    (shared.messages, shared.complete, shared.problem) = (messages, complete, problem);
    shared
}

fn many() -> SharedFiles {
    let message = |seq: u64, file| Message {
        seq: Seq(seq),
        at: NOW.plus(-(100 - seq as i64) * HOUR),
        from: BOB,
        attachment: Some(Arc::new(file)),
        ..Default::default()
    };
    let pictures =
        (20..34).map(|n| message(n, file(u128::from(n), &format!("photo {n}.jpg"), 90_000, Some((1600, 1000)))));
    let names = ["plan.pdf", "A very long name of a table of what everybody brings.xlsx", "walk.mp4", "songs.zip"];
    let files = names.into_iter().zip(40..).map(|(name, n)| message(n, file(u128::from(n), name, 1_200_000, None)));
    let mut messages: Vec<Message> = pictures.chain(files).collect();
    messages.reverse();
    known(messages, true, None)
}

#[test]
fn what_was_sent_is_asked_for_once_and_says_how_it_stands() {
    let loads = |harness: &mut Harness<'_, State>| {
        let commands = harness.state_mut().take();
        commands.iter().filter(|command| matches!(command, Command::LoadFiles { .. })).count()
    };
    let mut harness = shared(None, [1400.0, 800.0], Theme::Light);
    harness.run();
    assert_eq!(loads(&mut harness), 1);
    assert!(harness.query_by_label("Loading…").is_some());

    harness.state_mut().chat(BOB).shared = Some(Box::new(known(Vec::new(), true, None)));
    harness.run();
    assert!(harness.query_by_label("Pictures that are sent here appear here").is_some());
    harness.get_by_label("Files").click();
    harness.run();
    assert!(harness.query_by_label("Files that are sent here appear here").is_some());
    assert_eq!(loads(&mut harness), 0);

    let problem = Some("The server is busy.".to_owned());
    harness.state_mut().chat(BOB).shared = Some(Box::new(known(Vec::new(), false, problem)));
    harness.run();
    assert!(harness.query_by_label("The server is busy.").is_some());
    assert_eq!(loads(&mut harness), 0);
    harness.get_by_label("Try again").click();
    harness.run();
    assert_eq!(loads(&mut harness), 1);

    // A page that is not the last one, with its end in sight.
    harness.state_mut().chat(BOB).shared = Some(Box::new(known(many().messages, false, None)));
    harness.run();
    assert_eq!(loads(&mut harness), 1);
    harness.run();
    assert_eq!(loads(&mut harness), 0, "once");
}

#[test]
fn what_was_sent_opens_from_there() {
    let mut harness = shared(Some(many()), [1400.0, 800.0], Theme::Light);
    bring(&mut harness, sides);
    harness.get_by_label_contains("Picture photo 33.jpg").click();
    harness.run();
    bring(&mut harness, sides);
    assert!(harness.query_by_role_and_label(egui::accesskit::Role::Image, "photo 33.jpg").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    harness.get_by_label("Files").click();
    harness.run();
    harness.get_by_label_contains("Save as songs.zip").click();
    harness.run();
    assert!(matches!(&files::take_orders(&harness.ctx)[..], [Order::Save { attachment }] if attachment.file.0 == 43));
    // Esc leads back to the details, and from there to the conversation.
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Export this chat…").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Export this chat…").is_none());
}

#[test]
fn what_was_sent_looks_like_this() {
    let mut results = SnapshotResults::new();
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let mut harness = shared(Some(many()), [1200.0, 700.0], theme);
        bring(&mut harness, sides);
        look(&mut harness, &format!("shared_pictures_{name}"), &mut results);
        harness.get_by_label("Files").click();
        look(&mut harness, &format!("shared_files_{name}"), &mut results);
    }
    let mut harness = shared(Some(many()), [360.0, 700.0], Theme::Light);
    bring(&mut harness, sides);
    look(&mut harness, "shared_pictures_narrow", &mut results);
    let mut harness = shared(Some(known(Vec::new(), true, None)), [1200.0, 700.0], Theme::Dark);
    look(&mut harness, "shared_nothing", &mut results);
}
