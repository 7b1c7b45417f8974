//! What is being written outlives its window: over a kill, a damaged cache, a cut of its own file.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use parlor::client::command::Command;
use parlor::client::drafts::{DRAFT_MAX_BYTES, DRAFTS_MAX, Drafts, Keeper, put};
use parlor::client::model::{Draft, Phase};
use parlor::log::storage::{DiskFile, Storage};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::{Millis, UserId};
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
