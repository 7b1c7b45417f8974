//! Files go with a message: by the button, by dropping, by pasting; seen above the field, taken away again, and sent.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::files::{bring, enclosure};
use common::*;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::{Draft, Model};
use parlor::ui::files::{self, Order};

fn attached() -> Model {
    let mut model = long_chat(1000, 6);
    let attachments = vec![
        enclosure("hills.jpg", 812_000, Some((1600, 1000))),
        enclosure("Minutes of the garden committee, November 2026.pdf", 348_000, None),
        enclosure("budget.xlsx", 23_400, None),
    ];
    model.drafts.insert(chat_with(BOB), Draft { attachments, ..Draft::default() });
    model
}

fn hills(path: &str) -> Option<(usize, usize)> {
    path.ends_with("hills.jpg").then_some((1600, 1000))
}

/// What a window says does happen to its model.
fn settle(harness: &mut Harness<'_, State>) -> Vec<Command> {
    harness.run();
    let state = harness.state_mut();
    let commands = state.take();
    for command in &commands {
        if let Command::SetDraft { chat, draft } = command {
            state.model.drafts.insert(*chat, draft.clone());
        }
    }
    harness.run();
    commands
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        unreachable!("a window reads no file")
    }
}

#[test]
fn files_go_with_the_text_and_are_sent_without_one() {
    let mut harness = with_bob(attached());
    bring(&mut harness, hills);
    assert!(harness.query_by_label("hills.jpg, 793 KB").is_some());
    type_text(&mut harness, "Here they are");
    key(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    let commands = settle(&mut harness);
    let sent = commands.iter().find_map(|command| match command {
        Command::Send { chat, text, attachments, .. } => Some((*chat, text.as_str(), attachments.len())),
        _ => None,
    });
    assert_eq!(sent, Some((chat_with(BOB), "Here they are", 3)));
    let kept = commands.iter().rev().find_map(|command| match command {
        Command::SetDraft { draft, .. } => Some(draft.is_empty()),
        _ => None,
    });
    assert_eq!(kept, Some(true), "the draft is gone with them");
    assert!(harness.query_by_label("hills.jpg, 793 KB").is_none());

    let mut harness = with_bob(attached());
    key(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    let commands = settle(&mut harness);
    let alone = |command: &Command| matches!(command, Command::Send { text, attachments, .. } if text.is_empty() && attachments.len() == 3);
    assert!(commands.iter().any(alone), "{commands:?}");
}

#[test]
fn one_can_be_taken_away() {
    let mut harness = with_bob(attached());
    harness.get_by_label("Remove hills.jpg").click();
    let commands = settle(&mut harness);
    let left: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::SetDraft { draft, .. } => Some(draft.attachments.len()),
            _ => None,
        })
        .collect();
    assert_eq!(left, [2]);
    assert!(harness.query_by_label("hills.jpg, 793 KB").is_none());
    // Writing goes on.
    type_text(&mut harness, "a");
    assert_eq!(composer_text(&harness, BOB), "a");
}

#[test]
fn they_are_kept_while_one_looks_elsewhere() {
    let mut harness = with_bob(attached());
    type_text(&mut harness, "a");
    settle(&mut harness);
    open(&mut harness, CHARLIE);
    assert!(harness.query_by_label("hills.jpg, 793 KB").is_none());
    assert!(harness.query_by_label_contains("Draft: a").is_some());
    open(&mut harness, BOB);
    assert!(harness.query_by_label("hills.jpg, 793 KB").is_some());
    // A draft without a text is one, too.
    let mut harness = with_bob(attached());
    settle(&mut harness);
    open(&mut harness, CHARLIE);
    assert!(harness.query_by_label_contains("Draft: 3 files").is_some());
}

#[test]
fn the_button_and_its_key_ask_for_files() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.get_by_label_contains("Attach files").click();
    harness.run();
    assert_eq!(files::take_orders(&harness.ctx), [Order::Attach { chat: chat_with(BOB) }]);
    key(&mut harness, egui::Modifiers::COMMAND, egui::Key::O);
    assert_eq!(files::take_orders(&harness.ctx), [Order::Attach { chat: chat_with(BOB) }]);
}

#[test]
fn what_is_dropped_is_attached() {
    let mut harness = with_bob(long_chat(1000, 3));
    harness.input_mut().hovered_files.push(egui::HoveredFile::default());
    harness.step();
    assert!(harness.query_by_label("Drop to attach").is_some());
    harness.input_mut().hovered_files.clear();
    harness.input_mut().dropped_files.push(Arc::new(Dropped("/home/alice/a.txt".into())));
    harness.input_mut().dropped_files.push(Arc::new(Dropped("/home/alice/b.txt".into())));
    harness.run();
    assert!(harness.query_by_label("Drop to attach").is_none());
    let commands = harness.state_mut().take();
    let paths: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Attach { chat, paths } => Some((*chat, paths.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(paths, [(chat_with(BOB), vec!["/home/alice/a.txt".to_owned(), "/home/alice/b.txt".to_owned()])]);
}

#[test]
fn a_picture_that_is_pasted_is_attached_and_text_is_not() {
    let mut harness = with_bob(long_chat(1000, 3));
    let picture = Arc::new(common::files::landscape(8, 8));
    harness.event(egui::Event::PasteImage(Arc::clone(&picture)));
    harness.run();
    assert_eq!(files::take_orders(&harness.ctx), [Order::AttachPicture { chat: chat_with(BOB), picture }]);
    harness.event(egui::Event::Paste("words".into()));
    harness.run();
    assert!(files::take_orders(&harness.ctx).is_empty());
    assert_eq!(composer_text(&harness, BOB), "words");
}

#[test]
fn why_a_file_was_not_attached_is_said_until_it_is_read() {
    let mut model = long_chat(1000, 3);
    model.attach_problem = Some("film.mkv is larger than 2 GB.".into());
    let mut harness = with_bob(model);
    assert!(harness.query_by_label("film.mkv is larger than 2 GB.").is_some());
    harness.get_by_label("Dismiss").click();
    harness.run();
    assert!(harness.state_mut().take().iter().any(|command| matches!(command, Command::ForgetAttachProblem)));
}

#[test]
fn it_looks_like_this() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(attached(), [1000.0, 500.0], theme);
        open(&mut harness, BOB);
        bring(&mut harness, hills);
        type_text(&mut harness, "Here they are");
        common::files::look(&mut harness, &format!("attached_{name}"), &mut results);
        // While something is held over the window, egui goes on drawing.
        harness.input_mut().hovered_files.push(egui::HoveredFile::default());
        harness.step();
        harness.snapshot_options(format!("drop_{name}"), &SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
        results.extend(harness.take_snapshot_results());
    }
    let mut model = attached();
    model.attach_problem = Some("film.mkv is larger than 2 GB, which is the most that can be sent.".into());
    let mut harness = sized(model, [360.0, 500.0]);
    open(&mut harness, BOB);
    bring(&mut harness, hills);
    common::files::look(&mut harness, "attached_narrow", &mut results);
}
