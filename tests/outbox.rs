//! What is written and not sent outlives its window: over a kill, a server that was away, damage to its file.

mod support;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use parlor::client::command::Command;
use parlor::client::outbox::{Destination, Enclosure, Outbox, Progress, What};
use parlor::client::shelf::{Journal, Shelf as _};
use parlor::log::storage::Storage;
use parlor::proto::attachment::{FileId, FileName};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::shelf::Files;
use support::place::Place;
use support::records;
use support::user::{User, texts};

const BOB: UserId = UserId(2);

impl Place {
    fn stored(&self) -> Vec<String> {
        let messages = records(&self.data()).into_iter().filter(|record| record["purpose"] == "receive_message");
        messages.map(|record| record["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Alice writes while the server is away, and her window ends without another word.
    fn written_and_killed(&self, texts: &[&str]) {
        let server = self.server();
        let mut alice = self.alice();
        drop(server);
        for text in texts {
            alice.say(BOB, text);
        }
        assert_eq!(alice.client.model().outbox.pending().count(), texts.len());
        drop(alice);
    }
}

fn settled(user: &mut User) {
    user.until("an empty outbox", |model| model.outbox.entries().next().is_none());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = all.filter(|file| file.to_string_lossy().contains(".jsonl")).collect();
    files.sort();
    files
}

#[test]
fn what_was_written_while_the_server_was_away_is_sent_in_order_after_the_window_was_killed() {
    let place = Place::new();
    place.written_and_killed(&["one", "two", "three"]);
    let _server = place.server();
    let mut alice = place.alice();
    settled(&mut alice);
    assert_eq!(place.stored(), ["one", "two", "three"]);
    drop(alice);
    let mut alice = place.alice();
    settled(&mut alice);
    alice.say(BOB, "four");
    settled(&mut alice);
    assert_eq!(place.stored(), ["one", "two", "three", "four"], "nothing is sent again, and no number is used twice");
}

#[test]
fn it_is_shown_with_its_true_state_from_the_first_moment() {
    let place = Place::new();
    place.written_and_killed(&["kept"]);
    let server = place.server();
    let mut alice = User::with_shelf(None, Some(&place.shelf()));
    alice.ask_in(&place.address, "Alice", "123");
    alice.until("being in", |model| model.me.is_some());
    drop(server);
    let key = ChatKey::Person(BOB);
    let shown = alice.client.model().outgoing(key).any(|entry| &*entry.text == "kept");
    assert!(shown || texts(alice.client.model(), BOB) == ["kept"], "it waits, or it is stored");
}

#[test]
fn an_acknowledgement_that_never_came_does_not_store_it_twice() {
    let place = Place::new();
    let server = place.server();
    let mut alice = place.alice();
    alice.say(BOB, "once");
    settled(&mut alice);
    let file = files(&place.shelf()).remove(0);
    drop(alice);
    // As if the window had been killed after the server had it and before the answer.
    let before = std::fs::read_to_string(&file).unwrap();
    let without: String =
        before.lines().filter(|line| !line.contains("gone")).map(|line| format!("{line}\n")).collect();
    assert_ne!(before, without);
    std::fs::write(&file, without).unwrap();
    let mut alice = place.alice();
    settled(&mut alice);
    assert_eq!(place.stored(), ["once"]);
    drop(server);
}

#[test]
fn two_windows_have_a_file_each_and_what_a_dead_one_left_is_sent_by_the_other() {
    let place = Place::new();
    let server = place.server();
    let (mut one, mut other) = (place.alice(), place.alice());
    drop(server);
    one.say(BOB, "from one");
    other.say(BOB, "from the other");
    assert_eq!(files(&place.shelf()).len(), 2);
    drop((one, other));
    let _server = place.server();
    let mut alice = place.alice();
    alice.until("both", |model| texts(model, BOB).len() == 2);
    let mut stored = place.stored();
    stored.sort();
    assert_eq!(stored, ["from one", "from the other"]);
    settled(&mut alice);
    drop(alice);
    let mut alice = place.alice();
    settled(&mut alice);
    assert_eq!(place.stored().len(), 2, "both are done with");
}

#[test]
fn what_was_written_for_another_server_is_not_sent_unasked() {
    let place = Place::new();
    place.written_and_killed(&["for the old server"]);
    std::fs::remove_dir_all(place.data()).unwrap();
    let _server = place.server();
    let mut alice = place.alice();
    let failed = |entry: &parlor::client::outbox::Outgoing| matches!(&entry.progress, Progress::Failed(problem) if problem.message.contains("another server"));
    alice.until("the refusal", |model| model.outbox.entries().any(failed));
    assert!(place.stored().is_empty());
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::Retry { n });
    settled(&mut alice);
    assert_eq!(place.stored(), ["for the old server"]);
}

#[test]
fn a_damaged_file_loses_no_message_that_can_be_read_and_is_kept_aside() {
    let place = Place::new();
    place.written_and_killed(&["first", "second", "third"]);
    let file = files(&place.shelf()).remove(0);
    let damaged = std::fs::read_to_string(&file).unwrap().replace("\"second\"", "\"sec\u{1}ond\"");
    std::fs::write(&file, &damaged).unwrap();
    let _server = place.server();
    let mut alice = place.alice();
    settled(&mut alice);
    assert_eq!(place.stored(), ["first", "third"]);
    let aside = files(&place.shelf()).into_iter().find(|file| file.to_string_lossy().ends_with(".damaged"));
    assert_eq!(std::fs::read_to_string(aside.unwrap()).unwrap(), damaged);
}

#[test]
fn every_cut_of_a_file_is_read_as_what_was_before_it() {
    let place = Place::new();
    place.written_and_killed(&["first", "second"]);
    let file = files(&place.shelf()).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let open = || -> Outbox {
        let kept = Files::new(place.shelf()).files(&place.address, "alice", false).unwrap().unwrap();
        Journal::open(kept.unsent, DeviceId::from_random(1)).unwrap().1
    };
    let mut known = 0;
    for end in 0..=whole.len() {
        std::fs::write(&file, &whole[..end]).unwrap();
        let texts: Vec<Arc<str>> = open().entries().map(|entry| Arc::clone(&entry.text)).collect();
        let expected: &[&str] = &["first", "second"][..texts.len()];
        assert_eq!(texts.iter().map(|text| &**text).collect::<Vec<_>>(), expected);
        assert!(texts.len() >= known, "what is whole is not lost");
        known = texts.len();
    }
    assert_eq!(known, 2);
}

/// A file in memory.
#[derive(Default)]
struct Memory(Mutex<Vec<u8>>);

impl Memory {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Storage for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.lock().unwrap();
        let part = bytes.get(offset as usize..offset as usize + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }
    fn write_at(&self, offset: u64, new: &[u8]) -> io::Result<()> {
        let mut bytes = self.0.lock().unwrap();
        let length = bytes.len().max(offset as usize + new.len());
        bytes.resize(length, 0);
        bytes[offset as usize..offset as usize + new.len()].copy_from_slice(new);
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }
    fn keep_aside(&self, _: &str, _: &[u8]) -> io::Result<String> {
        Ok(String::new())
    }
}

/// The number, the text, and how far the file that goes with it is.
type Waiting = (u64, String, Option<(FileId, u64)>);

/// What a file says of what is not sent.
fn waiting(bytes: &[u8]) -> Vec<Waiting> {
    let storage = Arc::new(Memory(Mutex::new(bytes.to_vec())));
    let (_, outbox) = Journal::open(storage, DeviceId::from_random(1)).unwrap();
    let file = |what: &What| match what {
        What::Say { enclosure: Some(file), .. } => file.file.map(|id| (id, file.sent)),
        _ => None,
    };
    outbox.entries().map(|entry| (entry.n, entry.text.to_string(), file(&entry.what))).collect()
}

#[test]
fn a_file_on_its_way_is_known_to_be_so_and_its_message_is_there_whatever_happens() {
    let storage = Arc::new(Memory::default());
    let (mut journal, mut outbox) = Journal::open(Arc::clone(&storage) as _, DeviceId::from_random(1)).unwrap();
    let (path, name) = ("/home/alice/plan.pdf".into(), FileName::new("plan.pdf").unwrap());
    let enclosure = Enclosure { path, name, size: 100, modified_nanos: None, image: None, file: None, sent: 0 };
    let what = What::Say { reply_to: Some(Seq(3)), enclosure: Some(enclosure) };
    let to = || Destination::Chat(ChatKey::Person(BOB));
    let n = outbox.put(to(), what, "the plan".into(), Millis(0)).n;
    journal.follow(&mut outbox).unwrap();
    let begun = storage.bytes().len();
    let other = outbox.put(to(), What::Delete(Seq(2)), "".into(), Millis(0)).n;
    outbox.enclosed(n, FileId(7), 0);
    journal.follow(&mut outbox).unwrap();
    let (file, sent) = (FileId(7), |sent| Some((FileId(7), sent)));
    let length = storage.bytes().len();
    (1..100).for_each(|sent| outbox.enclosed(n, file, sent));
    journal.follow(&mut outbox).unwrap();
    assert_eq!(storage.bytes().len(), length, "a piece of a file is not worth a line");
    assert_eq!(waiting(&storage.bytes()), [(n, "the plan".into(), sent(0)), (other, String::new(), None)]);
    outbox.enclosed(n, file, 100);
    let new = outbox.renumber(n).unwrap();
    journal.follow(&mut outbox).unwrap();
    let whole = storage.bytes();
    assert_eq!(waiting(&whole), [(other, String::new(), None), (new, "the plan".into(), sent(100))]);
    for cut in begun..whole.len() {
        let plans = waiting(&whole[..cut]).iter().filter(|(_, text, _)| text == "the plan").count();
        assert!(plans > 0, "cut at {cut}");
    }
    // It goes to another server, where nothing of the file is.
    outbox.fail_all(&Problem::new(Code::Other, "another server"));
    journal.follow(&mut outbox).unwrap();
    assert_eq!(waiting(&storage.bytes())[1], (new, "the plan".into(), None));
}

#[test]
fn what_an_older_version_has_written_is_read() {
    let device = r#"{"is":"device","device":"d1","n":0}"#;
    let written = r#"{"is":"written","n":4,"chat":{"with":2},"at":5,"text":"from before"}"#;
    assert_eq!(waiting(format!("{device}\n{written}\n").as_bytes()), [(4, "from before".into(), None)]);
}

#[test]
fn a_file_of_an_older_version_is_read_and_the_time_of_what_is_sent_is_kept_once_it_is_known() {
    let older = r#"{"path":"/home/alice/plan.pdf","name":"plan.pdf","size":100,"file":null,"sent":0}"#;
    let enclosure: Enclosure = serde_json::from_str(older).unwrap();
    assert_eq!((enclosure.size, enclosure.modified_nanos), (100, None));
    let storage = Arc::new(Memory::default());
    let (mut journal, mut outbox) = Journal::open(Arc::clone(&storage) as _, DeviceId::from_random(1)).unwrap();
    let what = What::Say { reply_to: None, enclosure: Some(enclosure) };
    let n = outbox.put(Destination::Chat(ChatKey::Person(BOB)), what, "the plan".into(), Millis(0)).n;
    outbox.enclosed(n, FileId(7), 0);
    journal.follow(&mut outbox).unwrap();
    outbox.pin(n, 1_700_000_000_123_456_789);
    journal.follow(&mut outbox).unwrap();
    drop(journal);
    let (_, mut outbox) = Journal::open(storage, DeviceId::from_random(1)).unwrap();
    let pinned = |outbox: &Outbox| match &outbox.entries().next().unwrap().what {
        What::Say { enclosure: Some(enclosure), .. } => (enclosure.file, enclosure.modified_nanos),
        what => panic!("{what:?}"),
    };
    assert_eq!(pinned(&outbox), (Some(FileId(7)), Some(1_700_000_000_123_456_789)));
    // What has changed is sent from the beginning and as it is then.
    outbox.fail(n, Problem::new(Code::UnknownFile, "plan.pdf has changed"));
    outbox.retry(n);
    assert_eq!(pinned(&outbox), (None, None));
}
