//! What an earlier window left of drafts is in the list and in the composer, and what is written here is told.

mod common;

use common::*;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use parlor::client::command::Command;
use parlor::client::model::{Draft, Model, Phase, SignInProblem};

fn left() -> Model {
    let mut model = long_chat(1000, 3);
    for (with, text, caret) in [(BOB, "hello  again", 6), (CHARLIE, "to Charlie, later", 17)] {
        model.drafts.insert(chat_with(with), Draft { text: text.into(), caret, at: NOW, ..Default::default() });
    }
    model
}

#[test]
fn a_restored_draft_is_in_the_list_and_in_the_composer_with_its_caret() {
    let mut harness = window(left());
    harness.run();
    assert!(harness.query_by_label_contains("Draft: hello").is_some());
    assert!(harness.query_by_label_contains("Draft: to Charlie, later").is_some());
    open(&mut harness, BOB);
    assert!(harness.query_by_label_contains("Draft: hello").is_none(), "it is open");
    assert_eq!(composer_text(&harness, BOB), "hello  again");
    assert!(harness.state_mut().take().iter().all(|it| !matches!(it, Command::SetDraft { .. })), "nothing has changed");
    type_text(&mut harness, "you");
    assert_eq!(composer_text(&harness, BOB), "hello you again");
}

#[test]
fn each_change_is_told_and_what_is_sent_is_told_before_its_draft_is_gone() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "hi");
    type_text(&mut harness, " Bob");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let told = harness.state_mut().take().into_iter().filter_map(|command| match command {
        Command::SetDraft { chat, draft } if chat == chat_with(BOB) => {
            Some(format!("{:?} {}", draft.text, draft.caret))
        }
        Command::Send { text, .. } => Some(format!("sent {text}")),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["\"hi\" 2", "\"hi Bob\" 6", "sent hi Bob", "\"\" 0"]);
}

#[test]
fn nothing_of_it_is_there_for_the_next_person() {
    let mut harness = window(left());
    harness.run();
    let model = &mut harness.state_mut().model;
    let problem = Some(SignInProblem { field: parlor::client::model::Field::Server, message: String::new() });
    (model.phase, model.drafts) = (Phase::SignedOut { problem }, Default::default());
    harness.run();
    harness.state_mut().model.phase = Phase::SignedIn;
    harness.run();
    assert!(harness.query_by_label_contains("Draft:").is_none());
    assert_eq!(composer_text(&harness, BOB), "");
}
