//! What an earlier window left of drafts is in the list and in the composer, and what is written here is told.

mod common;

use common::files::enclosure;
use common::*;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::model::{Draft, Editing, Model, Phase, SignInProblem};
use parlor::proto::ids::Seq;

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
fn a_draft_without_a_text_says_in_the_list_what_it_is() {
    let photo = || enclosure("Photo.jpg", 812_000, Some((1600, 1000)));
    let reply = |seq| Draft { reply_to: Some(Seq(seq)), ..Default::default() };
    let editing = Some(Editing { seq: Seq(1002), text: " ".into(), caret: 0 });
    for (draft, shown) in [
        (reply(1000), "Draft: Reply to Bob"),
        (reply(1002), "Draft: Reply to yourself"),
        (reply(7), "Draft: Reply"),
        (Draft { attachments: vec![photo()], ..Default::default() }, "Draft: Photo.jpg"),
        (Draft { attachments: vec![photo(); 3], ..Default::default() }, "Draft: 3 files"),
        (Draft { attachments: vec![photo(); 3], ..reply(1000) }, "Draft: 3 files"),
        (Draft { attachments: vec![photo()], text: "hello".into(), ..reply(1000) }, "Draft: hello"),
        (Draft { attachments: vec![photo()], editing, ..reply(1000) }, "Draft: Editing a message"),
    ] {
        let mut model = long_chat(1000, 3);
        model.drafts.insert(chat_with(BOB), draft);
        let mut harness = window(model);
        harness.run();
        let row = harness.query_all_by_label_contains("Draft: ").next().expect("the row has a draft");
        let label = row.accesskit_node().label().unwrap();
        assert!(label.ends_with(shown), "{label:?} is not {shown:?}");
    }
}

#[test]
fn a_reply_that_was_only_begun_is_in_the_list_until_it_is_ended() {
    let mut model = long_chat(1000, 3);
    say(&mut model, CHARLIE, CHARLIE, 2000, NOW, "hi", true);
    let mut harness = window(model);
    open(&mut harness, CHARLIE);
    key(&mut harness, Modifiers::COMMAND, Key::R);
    open(&mut harness, BOB);
    assert!(harness.query_by_label_contains("Draft: Reply to").is_some());
    open(&mut harness, CHARLIE);
    key(&mut harness, Modifiers::NONE, Key::Escape);
    open(&mut harness, BOB);
    assert!(harness.query_by_label_contains("Draft:").is_none());
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
