//! What is being written outlives its window: over a kill, a damaged cache, a cut of its own file.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use parlor::client::chain::Chain;
use parlor::client::command::Command;
use parlor::client::drafts::{DRAFT_MAX_BYTES, DRAFTS_MAX, Drafts, Keeper, put};
use parlor::client::model::{ATTACHED_MAX, Draft, Editing, Phase};
use parlor::client::outbox::{Enclosure, What};
use parlor::log::storage::{DiskFile, Storage};
use parlor::proto::attachment::FileName;
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::{Millis, Seq, UserId};
use support::Server;
use support::user::{User, texts};

const BOB: ChatKey = ChatKey::Person(UserId(2));
const CHARLIE: ChatKey = ChatKey::Person(UserId(3));

struct Place {
    dir: tempfile::TempDir,
    server: Server,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("data")).unwrap();
        let server = Server::start(&dir.path().join("data"));
        Self { dir, server }
    }

    fn shelf(&self) -> PathBuf {
        self.dir.path().join("unsent")
    }

    fn alice_on(&self, shelf: &Path) -> User {
        let mut user = User::with_shelf(None, Some(shelf));
        user.ask_in(&self.server.address.to_string(), "Alice", "123");
        user.online()
    }

    fn alice(&self) -> User {
        self.alice_on(&self.shelf())
    }

    /// The folder as a kill at this instant would leave it.
    fn killed(&self) -> PathBuf {
        let left = self.dir.path().join("left");
        let _ = std::fs::remove_dir_all(&left);
        std::fs::create_dir(&left).unwrap();
        for entry in std::fs::read_dir(self.shelf()).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), left.join(entry.file_name())).unwrap();
        }
        left
    }

    /// The files of drafts in a folder, as one text.
    fn written(folder: &Path) -> String {
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = all.filter(|path| path.extension().is_some_and(|end| end == "drafts"));
        files.map(|path| String::from_utf8(std::fs::read(path).unwrap()).unwrap()).collect()
    }
}

/// The drafts in a folder, without a window.
fn opened(dir: &Path) -> (Keeper, Drafts) {
    let file = |name: &str| -> Arc<dyn Storage> { Arc::new(DiskFile::open(&dir.join(name)).unwrap()) };
    Keeper::open(&[file("one.drafts"), file("other.drafts")], file("held")).unwrap()
}

fn write(user: &mut User, chat: ChatKey, text: &str) {
    user.client.perform(Command::SetDraft { chat, draft: Draft { text: text.into(), caret: 2, ..Draft::default() } });
}

fn draft(user: &User, chat: ChatKey) -> Option<&str> {
    user.client.model().drafts.get(&chat).map(|draft| draft.text.as_str())
}

#[test]
fn a_draft_survives_a_kill_without_another_word() {
    let place = Place::new();
    let mut alice = place.alice();
    write(&mut alice, BOB, "half a thou");
    write(&mut alice, BOB, "half a thought");
    // Nothing more happens in the window, and nobody polls it.
    support::wait_for("the file", || Place::written(&place.shelf()).contains("half a thought"));
    let again = place.alice_on(&place.killed());
    assert_eq!(draft(&again, BOB), Some("half a thought"));
    assert_eq!(again.client.model().drafts[&BOB].caret, 2);
    drop(alice);
    assert_eq!(draft(&place.alice(), BOB), Some("half a thought"), "nor is it lost to a window that is closed");
}

#[test]
fn another_chats_draft_does_not_wait_and_a_window_that_closes_writes_at_once() {
    let place = Place::new();
    let mut alice = place.alice();
    write(&mut alice, BOB, "to Bob");
    write(&mut alice, CHARLIE, "to Charlie");
    drop(alice);
    let alice = place.alice();
    assert_eq!((draft(&alice, BOB), draft(&alice, CHARLIE)), (Some("to Bob"), Some("to Charlie")));
}

#[test]
fn what_is_sent_is_no_draft_any_more_in_no_order_of_events() {
    let place = Place::new();
    let mut alice = place.alice();
    write(&mut alice, BOB, "hello");
    write(&mut alice, CHARLIE, "kept");
    support::wait_for("the file", || Place::written(&place.shelf()).contains("hello"));
    let before = place.killed();
    alice.client.perform(Command::say(BOB, "hello"));
    assert_eq!((draft(&alice, BOB), draft(&alice, CHARLIE)), (None, Some("kept")));
    drop(alice);
    let alice = place.alice();
    assert_eq!((draft(&alice, BOB), draft(&alice, CHARLIE)), (None, Some("kept")));
    drop(alice);
    // Killed between the two: the message is kept, the draft not yet gone.
    let sent = |path: &Path| path.extension().is_some_and(|end| end == "jsonl");
    let journal = std::fs::read_dir(place.shelf()).unwrap().map(|entry| entry.unwrap().path()).find(|it| sent(it));
    let journal = journal.unwrap();
    let lines = std::fs::read_to_string(&journal).unwrap();
    let waiting: String = lines.lines().filter(|line| !line.contains("gone")).map(|line| format!("{line}\n")).collect();
    std::fs::write(before.join(journal.file_name().unwrap()), waiting).unwrap();
    let mut alice = place.alice_on(&before);
    assert_eq!(draft(&alice, BOB), None, "nobody is to send it twice");
    alice.until("it", |model| texts(model, UserId(2)) == ["hello"] || model.outbox.entries().next().is_none());
}

#[test]
fn a_damaged_cache_and_signing_out_cost_no_draft_and_a_wrong_password_shows_none() {
    let place = Place::new();
    let mut alice = place.alice();
    write(&mut alice, BOB, "hello");
    alice.client.perform(Command::SignOut);
    assert!(alice.client.model().drafts.is_empty());
    drop(alice);
    for entry in std::fs::read_dir(place.shelf()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|end| end == "cache") {
            std::fs::write(entry, "rubbish").unwrap();
        }
    }
    let mut stranger = User::with_shelf(None, Some(&place.shelf()));
    stranger.ask_in(&place.server.address.to_string(), "Alice", "wrong");
    stranger.until("the refusal", |model| matches!(model.phase, Phase::SignedOut { problem: Some(_) }));
    assert!(stranger.client.model().drafts.is_empty());
    drop(stranger);
    assert_eq!(draft(&place.alice(), BOB), Some("hello"));
}

#[test]
fn two_windows_do_not_share_drafts() {
    let place = Place::new();
    let (mut one, mut other) = (place.alice(), place.alice());
    write(&mut one, BOB, "from one");
    write(&mut other, BOB, "from the other");
    drop((one, other));
    let (one, other) = (place.alice(), place.alice());
    assert_eq!((draft(&one, BOB), draft(&other, BOB)), (Some("from one"), Some("from the other")));
}

#[test]
fn drafts_are_bounded() {
    let mut drafts = Drafts::new();
    let chat = |n: usize| ChatKey::Person(UserId(n as u32));
    for n in 0..DRAFTS_MAX + 10 {
        put(&mut drafts, chat(n), Draft { text: "x".into(), caret: 0, at: Millis(n as i64), ..Default::default() });
    }
    assert_eq!(drafts.len(), DRAFTS_MAX);
    assert!(!drafts.contains_key(&chat(0)) && drafts.contains_key(&chat(DRAFTS_MAX + 9)), "the oldest go");
    put(
        &mut drafts,
        BOB,
        Draft { text: "é".repeat(DRAFT_MAX_BYTES), caret: 0, at: Millis(i64::MAX), ..Default::default() },
    );
    assert_eq!(drafts[&BOB].text.len(), DRAFT_MAX_BYTES);
    put(&mut drafts, BOB, Draft { text: " \n".into(), caret: 0, at: Millis(i64::MAX), ..Default::default() });
    assert!(!drafts.contains_key(&BOB), "nothing but spaces is no draft");
}

#[test]
fn a_key_stroke_costs_no_write_and_a_file_does_not_grow_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let (mut keeper, _) = opened(dir.path());
    for n in 0..1_000 {
        keeper.keep(BOB, Draft { text: "x".repeat(n), caret: n, at: Millis(n as i64), ..Default::default() });
    }
    drop(keeper);
    let lines = Place::written(dir.path()).lines().count() as u64;
    // The first is a number, the first draft is empty and does not wait, the last one is written at the end.
    assert!(lines <= 4 + began.elapsed().as_secs(), "{lines} lines");
    // The same text again and again, each time at once: the other chat's does not wait.
    for n in 0..200 {
        let (mut keeper, drafts) = opened(dir.path());
        assert!(n == 0 || drafts[&BOB].text.len() == 10_000);
        keeper.keep(BOB, Draft { text: "y".repeat(10_000), caret: n, at: Millis(n as i64), ..Default::default() });
    }
    assert!(Place::written(dir.path()).len() < 400_000);
}

#[test]
fn every_cut_of_the_file_is_read_as_what_was_before_it() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["one", "one two", ""] {
        let (mut keeper, _) = opened(dir.path());
        keeper.keep(BOB, Draft { text: text.into(), caret: 0, at: Millis(0), ..Default::default() });
        keeper.keep(CHARLIE, Draft { text: "other".into(), caret: 0, at: Millis(0), ..Default::default() });
    }
    let file = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let file = file.filter(|path| path.extension().is_some_and(|end| end == "drafts"));
    let file = file.max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let mut seen = Vec::new();
    for end in 0..=whole.len() {
        std::fs::write(&file, &whole[..end]).unwrap();
        let (_, drafts) = opened(dir.path());
        let text = drafts.get(&BOB).map(|draft| draft.text.clone());
        if seen.last() != Some(&text) {
            seen.push(text);
        }
    }
    assert_eq!(seen, [None, Some("one".into()), Some("one two".into()), None]);
}

fn enclosure(name: &str) -> Enclosure {
    let path = format!("/home/alice/{name}").into();
    Enclosure {
        path,
        name: FileName::new(name).unwrap(),
        size: 9,
        modified_nanos: None,
        image: None,
        file: None,
        sent: 0,
    }
}

/// With all that a draft can have.
fn full() -> Draft {
    Draft {
        text: "see this".into(),
        caret: 3,
        at: Millis(0),
        reply_to: Some(Seq(1)),
        attachments: vec![enclosure("plan.pdf"), enclosure("map.png")],
        editing: Some(Editing { seq: Seq(1), text: "hello again".into(), caret: 5 }),
    }
}

#[test]
fn all_of_a_draft_is_kept_and_only_what_was_sent_of_it_is_over() {
    let place = Place::new();
    let mut alice = place.alice();
    alice.client.perform(Command::say(BOB, "hello"));
    alice.until("it", |model| texts(model, UserId(2)) == ["hello"]);
    let seq = alice.client.model().chats[&BOB].messages[0].seq;
    let draft = |editing| Draft { reply_to: Some(seq), editing, ..full() };
    let editing = Some(Editing { seq, text: "hello again".into(), caret: 5 });
    alice.client.perform(Command::SetDraft { chat: BOB, draft: draft(editing.clone()) });
    drop(alice);
    let mut alice = place.alice();
    let now = |user: &User| user.client.model().drafts.get(&BOB).map(|draft| Draft { at: Millis(0), ..draft.clone() });
    assert_eq!(now(&alice), Some(draft(editing.clone())));

    // What is being changed is one thing, what is being written beside it another.
    alice.client.perform(Command::Edit { chat: BOB, seq, text: "hello you".into() });
    assert_eq!(now(&alice), Some(draft(editing)), "that was another text");
    alice.client.perform(Command::Edit { chat: BOB, seq, text: "hello again ".into() });
    assert_eq!(now(&alice), Some(draft(None)));
    alice.client.perform(Command::say(BOB, "see this"));
    assert_eq!(now(&alice), Some(draft(None)), "without the files, and no answer");
    let (text, reply_to, attachments) = ("see this".into(), Some(seq), full().attachments);
    alice.client.perform(Command::Send { chat: BOB, text, reply_to, attachments });
    assert_eq!(now(&alice), None);
    // The text and what is answered stand with the first file.
    let entries = alice.client.model().outbox.entries();
    let files = entries.filter_map(|entry| match &entry.what {
        What::Say { reply_to, enclosure: Some(file) } => Some((file.name.as_str(), entry.text.to_string(), *reply_to)),
        _ => None,
    });
    let expected = [("plan.pdf", "see this".into(), Some(seq)), ("map.png", String::new(), None)];
    assert_eq!(files.collect::<Vec<_>>(), expected);
    drop(alice);
    assert_eq!(now(&place.alice()), None);
}

#[test]
fn a_draft_that_went_out_in_the_last_moment_is_over_when_the_next_window_opens() {
    let place = Place::new();
    let mut alice = place.alice();
    let draft = Draft { reply_to: None, editing: None, ..full() };
    alice.client.perform(Command::SetDraft { chat: BOB, draft: draft.clone() });
    drop(alice);
    let before = place.killed();
    let mut alice = place.alice();
    let (text, attachments) = (draft.text, draft.attachments);
    alice.client.perform(Command::Send { chat: BOB, text, reply_to: None, attachments });
    std::mem::forget(alice);
    // Killed after the messages were kept, and before the draft was gone.
    for entry in std::fs::read_dir(place.shelf()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|end| end == "jsonl") {
            std::fs::copy(&entry, before.join(entry.file_name().unwrap())).unwrap();
        }
    }
    let alice = place.alice_on(&before);
    assert_eq!(alice.client.model().drafts.get(&BOB), None);
    assert_eq!(alice.client.model().outgoing(BOB).count(), 2);
}

#[test]
fn a_draft_of_an_older_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| -> Arc<dyn Storage> { Arc::new(DiskFile::open(&dir.path().join(name)).unwrap()) };
    let (chain, _) = Chain::open(&[file("one.drafts"), file("other.drafts")], b'd', 1_000).unwrap();
    let mut chain = chain.successor().unwrap();
    let mut batch = chain.batch();
    batch.put(b'd', &(BOB, "half a thought", 4, Millis(7)));
    chain.append(batch).unwrap();
    let (_, drafts) = opened(dir.path());
    let expected = Draft { text: "half a thought".into(), caret: 4, at: Millis(7), ..Draft::default() };
    assert_eq!(drafts, Drafts::from([(BOB, expected)]));
}

#[test]
fn what_stands_beside_the_text_is_bounded_too() {
    let mut drafts = Drafts::new();
    let editing = Some(Editing { seq: Seq(1), text: "é".repeat(DRAFT_MAX_BYTES), caret: 0 });
    let long = Enclosure { path: "x".repeat(10_000).into(), ..enclosure("long") };
    let attachments = std::iter::once(long).chain((0..ATTACHED_MAX + 5).map(|n| enclosure(&n.to_string()))).collect();
    put(&mut drafts, BOB, Draft { editing, attachments, ..Draft::default() });
    let draft = &drafts[&BOB];
    assert_eq!(draft.editing.as_ref().unwrap().text.len(), DRAFT_MAX_BYTES);
    assert_eq!((draft.attachments.len(), draft.attachments[0].name.as_str()), (ATTACHED_MAX, "0"));
    put(&mut drafts, BOB, Draft { reply_to: Some(Seq(1)), ..Draft::default() });
    assert!(drafts.contains_key(&BOB), "what is to be answered would be missed");
}
