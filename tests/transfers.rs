//! Files go up and come down: the client with a real disk, over a real server. What is sent is what arrives, whatever is
//! cut in between, and nothing is left behind that nobody wants.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parlor::client::command::Command;
use parlor::client::model::{ATTACHED_MAX, Download, DownloadProgress, Draft, Model};
use parlor::client::outbox::{Enclosure, Progress, What};
use parlor::client::transfer::Disk as _;
use parlor::proto::attachment::{Attachment, FileId, FileName, ImageSize};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::UserId;
use parlor::proto::limits::FILE_CHUNK_MAX_BYTES;
use parlor::transfers::{LocalFiles, free_place};
use support::front::{Face, Front};
use support::user::User;
use support::{Server, records, wait_for};

const ALICE: ChatKey = ChatKey::Person(UserId(1));
const BOB: ChatKey = ChatKey::Person(UserId(2));

/// A server, what stands in front of it, and the folders of two people.
struct Place {
    dir: tempfile::TempDir,
    front: Front,
    _server: Server,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["data", "alice", "bob", "desk"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let server = Server::start(&dir.path().join("data"));
        let front = Front::start(server.address, Face::Plain);
        Self { dir, front, _server: server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A window that keeps in that folder what it does not send.
    fn enter(&self, name: &str, password: &str) -> User {
        let folder = self.path(&name.to_lowercase());
        let mut user = User::with_shelf(None, Some(&folder.join("unsent"))).with_files(&folder);
        user.ask_in(&self.front.address.to_string(), name, password);
        user.online()
    }

    fn alice(&self) -> User {
        self.enter("Alice", "123")
    }

    fn bob(&self) -> User {
        self.enter("Bob", "456")
    }

    /// A file with so many bytes, of which no piece is like another.
    fn file(&self, name: &str, bytes: usize) -> PathBuf {
        let path = self.path("desk").join(name);
        fs::write(&path, content(bytes)).unwrap();
        path
    }

    /// How often something was asked of the server since the last look.
    fn asked(&self, purpose: &str) -> usize {
        count(&self.front.heard(), purpose)
    }

    /// What the server keeps of files.
    fn stored(&self) -> Vec<PathBuf> {
        all_in(&self.path("data").join("attachments"))
    }
}

fn count(heard: &[u8], purpose: &str) -> usize {
    let wanted = format!("\"purpose\":\"{purpose}\"");
    heard.windows(wanted.len()).filter(|window| *window == wanted.as_bytes()).count()
}

fn all_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { all_in(&path) } else { vec![path] }).collect()
}

fn content(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// A picture of that size.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![7; (width * height) as usize]).unwrap();
    writer.finish().unwrap();
    bytes
}

fn attached(model: &Model, chat: ChatKey) -> Vec<Enclosure> {
    model.drafts.get(&chat).map(|draft| draft.attachments.clone()).unwrap_or_default()
}

/// Puts files with what is written, as somebody does who drops them.
fn attach(user: &mut User, chat: ChatKey, paths: &[&Path]) {
    let count = attached(user.client.model(), chat).len() + paths.len();
    let paths = paths.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    user.client.perform(Command::Attach { chat, paths });
    user.until("the files", |model| attached(model, chat).len() == count);
}

/// Sends what is written.
fn send(user: &mut User, chat: ChatKey, text: &str) {
    let attachments = attached(user.client.model(), chat);
    let draft = Draft { text: text.into(), attachments: attachments.clone(), ..Draft::default() };
    user.client.perform(Command::SetDraft { chat, draft });
    user.client.perform(Command::Send { chat, text: text.into(), reply_to: None, attachments });
}

fn settled(user: &mut User) {
    user.until("an empty outbox", |model| model.outbox.entries().next().is_none());
}

/// What a chat shows: the texts, and what the files are called.
fn shown(model: &Model, chat: ChatKey) -> Vec<(String, Option<String>)> {
    let messages = model.chat(chat).map(|chat| &chat.messages);
    let name = |attachment: &Arc<Attachment>| attachment.name.as_str().to_owned();
    let entries = messages.into_iter().flatten().map(|it| (it.text.to_string(), it.attachment.as_ref().map(name)));
    entries.collect()
}

fn last_file(user: &mut User, chat: ChatKey) -> Attachment {
    let last = |model: &Model| model.chat(chat)?.messages.back()?.attachment.as_deref().cloned();
    user.until("a file", |model| last(model).is_some());
    last(user.client.model()).unwrap()
}

fn how(model: &Model, file: FileId) -> Option<DownloadProgress> {
    model.downloads.get(&file).map(|download| download.progress.clone())
}

/// Fetches a file, and says where it is.
fn fetch(user: &mut User, attachment: &Attachment, to: Option<&Path>) -> PathBuf {
    let (attachment, file) = (attachment.clone(), attachment.file);
    user.client.perform(Command::Download { attachment, to: to.map(|to| to.to_str().unwrap().into()) });
    user.until("the file", |model| how(model, file).is_some_and(|how| how != DownloadProgress::Running));
    match how(user.client.model(), file).unwrap() {
        DownloadProgress::Done(place) => place.into(),
        other => panic!("{other:?}"),
    }
}

/// How much of the first file in the outbox is there.
fn sent(model: &Model) -> u64 {
    let entry = model.outbox.entries().next();
    let enclosure = entry.and_then(|entry| match &entry.what {
        What::Say { enclosure, .. } => enclosure.as_ref(),
        _ => None,
    });
    enclosure.map_or(0, |enclosure| enclosure.sent)
}

/// Why the first entry of the outbox was not sent.
fn failure(model: &Model) -> Option<String> {
    match &model.outbox.entries().next()?.progress {
        Progress::Failed(problem) => Some(problem.message.clone()),
        Progress::Pending => None,
    }
}

const PIECE: usize = FILE_CHUNK_MAX_BYTES;

#[test]
fn what_is_sent_is_what_arrives() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    for bytes in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE + 7] {
        let path = place.file(&format!("{bytes} bytes.bin"), bytes);
        attach(&mut alice, BOB, &[&path]);
        send(&mut alice, BOB, &format!("{bytes}"));
        assert!(!alice.client.model().drafts.contains_key(&BOB), "what is on its way is no draft");
        settled(&mut alice);
        bob.until("the message", |model| shown(model, ALICE).last().is_some_and(|it| it.0 == bytes.to_string()));
        let attachment = last_file(&mut bob, ALICE);
        assert_eq!((attachment.name.as_str(), attachment.size), (&*format!("{bytes} bytes.bin"), bytes as u64));
        assert_eq!(attachment.image, None);
        let to = place.path("saved");
        fs::write(&to, "what stood here before").unwrap();
        assert_eq!(fetch(&mut bob, &attachment, Some(&to)), to);
        assert!(fs::read(&to).unwrap() == content(bytes), "{bytes}");
        let kept = fetch(&mut bob, &attachment, None);
        assert!(fs::read(&kept).unwrap() == content(bytes) && kept.starts_with(place.path("bob")), "{bytes}");
    }
    assert_eq!(all_in(&place.path("desk")).len(), 7, "what was sent is still its owner's");
}

#[test]
fn what_was_shown_is_there_without_a_server_and_after_a_restart() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    fs::write(place.path("desk/dot.png"), png(40, 30)).unwrap();
    attach(&mut alice, BOB, &[&place.path("desk/dot.png")]);
    assert_eq!(attached(alice.client.model(), BOB)[0].image, ImageSize::new(40, 30));
    send(&mut alice, BOB, "");
    settled(&mut alice);
    let attachment = last_file(&mut bob, ALICE);
    assert_eq!(attachment.image, ImageSize::new(40, 30));
    let kept = fetch(&mut bob, &attachment, None);
    assert_eq!(kept.extension().unwrap(), "png", "other programs know what it is");
    place.front.heard();
    drop(bob);
    let mut bob = place.bob();
    assert_eq!(fetch(&mut bob, &attachment, None), kept);
    let saved = place.path("saved.png");
    assert_eq!(fetch(&mut bob, &attachment, Some(&saved)), saved);
    assert_eq!(fs::read(&saved).unwrap(), png(40, 30));
    // Who sent it has it, too.
    fetch(&mut alice, &attachment, None);
    assert_eq!(place.asked("fetch_file"), 0);
    // Whoever leaves for good leaves no pictures.
    assert!(kept.exists());
    bob.client.perform(Command::SignOut);
    wait_for("the picture to go", || !kept.exists());
}

#[test]
fn a_text_overtakes_files_and_files_keep_their_order() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let (large, small) = (place.file("large", 20 * PIECE), place.file("small", 1));
    attach(&mut alice, BOB, &[&large, &small]);
    send(&mut alice, BOB, "both");
    alice.client.perform(Command::say(BOB, "meanwhile"));
    settled(&mut alice);
    bob.until("all", |model| shown(model, ALICE).len() == 3);
    let expected = [("meanwhile", None), ("both", Some("large")), ("", Some("small"))];
    let expected = expected.map(|(text, file)| (text.to_owned(), file.map(str::to_owned)));
    assert_eq!(shown(bob.client.model(), ALICE), expected);
    assert_eq!(shown(alice.client.model(), BOB), expected, "its writer sees what the others see");
}

#[test]
fn an_upload_goes_on_where_it_was_cut() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("long", 40 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "long");
    for part in [10, 20, 30] {
        alice.until("a part", |model| sent(model) >= part * PIECE as u64);
        place.front.show(Face::Plain);
        alice.until("the cut", |model| model.link != parlor::client::model::Link::Online);
    }
    settled(&mut alice);
    // A piece whose answer was cut off with it is there, or is sent again.
    let asked = place.asked("upload_chunk");
    assert!((40..=43).contains(&asked), "{asked} pieces");
    let attachment = last_file(&mut bob, ALICE);
    assert!(fs::read(fetch(&mut bob, &attachment, None)).unwrap() == content(40 * PIECE));
}

#[test]
fn an_upload_goes_on_after_the_window_was_killed() {
    let place = Place::new();
    let mut alice = place.alice();
    let path = place.file("long", 30 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "long");
    alice.until("a part", |model| sent(model) >= 20 * PIECE as u64);
    drop(alice);
    place.front.heard();
    let mut alice = place.alice();
    settled(&mut alice);
    let asked = place.asked("upload_chunk");
    assert!((1..=10).contains(&asked), "{asked} pieces");
    let mut bob = place.bob();
    bob.client.perform(Command::LoadOlder { chat: ALICE });
    let attachment = last_file(&mut bob, ALICE);
    assert!(fs::read(fetch(&mut bob, &attachment, None)).unwrap() == content(30 * PIECE));
    assert_eq!(place.stored().len(), 1);
}

#[test]
fn a_download_goes_on_where_it_was_cut() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("long", 40 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "");
    settled(&mut alice);
    let attachment = last_file(&mut bob, ALICE);
    let (file, to) = (attachment.file, place.path("saved"));
    place.front.heard();
    bob.client.perform(Command::Download { attachment, to: Some(to.to_str().unwrap().into()) });
    for part in [10, 20, 30] {
        bob.until("a part", |model| model.downloads[&file].received >= part * PIECE as u64);
        assert!(!to.exists(), "no half of a file is under its name");
        place.front.show(Face::Plain);
        bob.until("the cut", |model| model.link != parlor::client::model::Link::Online);
    }
    bob.until("the file", |model| matches!(how(model, file), Some(DownloadProgress::Done(_))));
    let asked = place.asked("fetch_file");
    assert!((40..=52).contains(&asked), "{asked} pieces");
    assert!(fs::read(&to).unwrap() == content(40 * PIECE));
}

#[test]
fn a_file_that_changes_under_way_is_not_sent_and_can_be_sent_again() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("notes", 20 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "notes");
    alice.until("a part", |model| sent(model) >= 5 * PIECE as u64);
    // As long as before: only its time tells.
    let other: Vec<u8> = content(20 * PIECE).iter().map(|byte| !byte).collect();
    fs::write(&path, &other).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
    alice.until("a refusal", |model| failure(model).is_some());
    let why = failure(alice.client.model()).unwrap();
    assert!(why.contains("notes has changed") && why.contains("attach it again"), "{why}");
    wait_for("nothing on the server", || place.stored().is_empty());
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::Retry { n });
    settled(&mut alice);
    let attachment = last_file(&mut bob, ALICE);
    assert!(fs::read(fetch(&mut bob, &attachment, None)).unwrap() == other, "all of it is of one time");

    // One that is shorter, and one that is gone.
    attach(&mut alice, BOB, &[&path]);
    fs::write(&path, "short").unwrap();
    send(&mut alice, BOB, "");
    alice.until("a refusal", |model| failure(model).is_some_and(|why| why.contains("has changed")));
    fs::remove_file(&path).unwrap();
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::Retry { n });
    alice.until("another refusal", |model| failure(model).is_some_and(|why| why.contains("is not there any more")));
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::Discard { n });
    settled(&mut alice);
    assert_eq!(shown(bob.client.model(), ALICE).len(), 1);
}

#[test]
fn what_is_cancelled_leaves_nothing() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("long", 20 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "not this");
    alice.until("a part", |model| sent(model) >= 3 * PIECE as u64);
    assert_eq!(place.stored().len(), 1);
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::CancelUpload { n });
    settled(&mut alice);
    wait_for("nothing on the server", || place.stored().is_empty());
    alice.client.perform(Command::say(BOB, "but this"));
    bob.until("the text", |model| shown(model, ALICE).len() == 1);

    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "");
    settled(&mut alice);
    let attachment = last_file(&mut bob, ALICE);
    let (file, to) = (attachment.file, place.path("bob/saved"));
    bob.client.perform(Command::Download { attachment: attachment.clone(), to: Some(to.to_str().unwrap().into()) });
    bob.until("a part", |model| model.downloads[&file].received >= 3 * PIECE as u64);
    bob.client.perform(Command::CancelDownload { file });
    assert!(!bob.client.model().downloads.contains_key(&file));
    // What was cancelled can be wanted again, and what came for it before is nobody's.
    assert!(fs::read(fetch(&mut bob, &attachment, Some(&to))).unwrap() == content(20 * PIECE));
    let left: Vec<_> = all_in(&place.path("bob")).into_iter().filter(|path| !path.starts_with(place.path("bob/unsent"))).collect();
    assert_eq!(left, [to]);
}

#[test]
fn a_file_that_was_taken_back_says_so() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("long", 20 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "");
    settled(&mut alice);
    let attachment = last_file(&mut bob, ALICE);
    let file = attachment.file;
    bob.client.perform(Command::Download { attachment, to: None });
    bob.until("a part", |model| model.downloads[&file].received >= 3 * PIECE as u64);
    let seq = alice.client.model().chat(BOB).unwrap().messages.back().unwrap().seq;
    alice.client.perform(Command::Delete { chat: BOB, seq });
    settled(&mut alice);
    bob.until("a refusal", |model| matches!(how(model, file), Some(DownloadProgress::Failed(_))));
    let Some(DownloadProgress::Failed(why)) = how(bob.client.model(), file) else { panic!() };
    assert!(why.contains("not there any more"), "{why}");
}

#[test]
fn a_picture_that_is_to_be_seen_can_be_saved_meanwhile() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("long", 10 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "");
    settled(&mut alice);
    let attachment = last_file(&mut bob, ALICE);
    let to = place.path("saved");
    bob.client.perform(Command::Download { attachment: attachment.clone(), to: None });
    assert_eq!(fetch(&mut bob, &attachment, Some(&to)), *all_in(&place.path("bob/shown")).first().unwrap());
    bob.until("the other place", |model| how(model, attachment.file) == Some(DownloadProgress::Done(to.display().to_string())));
    assert!(fs::read(&to).unwrap() == content(10 * PIECE));
}

#[test]
fn what_cannot_be_attached_says_what_to_do() {
    let place = Place::new();
    let mut alice = place.alice();
    let said = |alice: &mut User, path: &str, words: [&str; 2]| {
        alice.client.perform(Command::Attach { chat: BOB, paths: vec![path.into()] });
        assert_eq!(alice.client.model().attach_problem, None, "the last problem is over");
        alice.until("a problem", |model| model.attach_problem.is_some());
        let why = alice.client.model().attach_problem.clone().unwrap();
        assert!(words.iter().all(|word| why.contains(word)), "{why}");
    };
    said(&mut alice, place.path("desk").to_str().unwrap(), ["desk is a folder", "pack it"]);
    said(&mut alice, place.path("desk/none.txt").to_str().unwrap(), ["none.txt is not there", "choose another"]);
    let large = place.path("desk/large");
    fs::File::create(&large).unwrap().set_len(parlor::proto::limits::FILE_MAX_BYTES + 1).unwrap();
    said(&mut alice, large.to_str().unwrap(), ["large is too large", "at most 2 GB"]);
    alice.client.perform(Command::ForgetAttachProblem);
    assert_eq!(alice.client.model().attach_problem, None);
    assert!(attached(alice.client.model(), BOB).is_empty());

    let path = place.file("one", 1);
    attach(&mut alice, BOB, &[&path]);
    alice.client.perform(Command::Attach { chat: BOB, paths: vec![path.to_str().unwrap().into()] });
    let more: Vec<_> = (0..ATTACHED_MAX).map(|n| place.file(&format!("more {n}"), 1)).collect();
    let paths = more.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    alice.client.perform(Command::Attach { chat: BOB, paths });
    let why = alice.client.model().attach_problem.clone().unwrap();
    assert!(why.contains("20 files"), "{why}");
    // One of them was there already, and is there once.
    alice.until("the files", |model| attached(model, BOB).len() >= ATTACHED_MAX - 1);
    let all = attached(alice.client.model(), BOB);
    let mut names: Vec<_> = all.iter().map(|it| it.name.as_str()).collect();
    names.dedup();
    assert_eq!((names.len(), all.len()), (ATTACHED_MAX - 1, ATTACHED_MAX - 1));
}

#[test]
fn without_a_disk_a_file_says_so_and_texts_go_on() {
    let place = Place::new();
    let mut alice = User::sign_in(&place.front.address.to_string(), "Alice", "123").online();
    alice.client.perform(Command::Attach { chat: BOB, paths: vec!["/etc/hostname".into()] });
    assert!(alice.client.model().attach_problem.is_some());
    let name = FileName::new("x").unwrap();
    let enclosure = Enclosure { path: "/x".into(), name: name.clone(), size: 1, image: None, file: None, sent: 0 };
    alice.client.perform(Command::Send { chat: BOB, text: "x".into(), reply_to: None, attachments: vec![enclosure] });
    assert!(failure(alice.client.model()).unwrap().contains("Files cannot be read"));
    let attachment = Attachment { file: FileId(1), name, size: 1, image: None };
    alice.client.perform(Command::Download { attachment, to: None });
    assert!(matches!(how(alice.client.model(), FileId(1)), Some(DownloadProgress::Failed(_))));
    alice.client.perform(Command::say(BOB, "words"));
    alice.until("the text", |model| shown(model, BOB).len() == 1);
}

#[test]
fn a_pasted_picture_is_kept_until_it_is_sent_or_thrown_away() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let pasted = place.path("alice/pasted");
    let paste = |alice: &mut User| {
        alice.client.perform(Command::AttachImage { chat: BOB, name: "Screenshot.png".into(), png: png(8, 6) });
        alice.until("the picture", |model| attached(model, BOB).len() == 1);
        assert_eq!(all_in(&pasted).len(), 1);
    };
    paste(&mut alice);
    // It outlives the window with its draft.
    drop(alice);
    let mut alice = place.alice();
    let draft = attached(alice.client.model(), BOB);
    assert_eq!((draft[0].name.as_str(), draft[0].image), ("Screenshot.png", ImageSize::new(8, 6)));
    send(&mut alice, BOB, "look");
    settled(&mut alice);
    wait_for("the copy to go", || all_in(&pasted).is_empty());
    let attachment = last_file(&mut bob, ALICE);
    assert_eq!(fs::read(fetch(&mut bob, &attachment, None)).unwrap(), png(8, 6));

    paste(&mut alice);
    alice.client.perform(Command::SetDraft { chat: BOB, draft: Draft::default() });
    wait_for("the copy to go", || all_in(&pasted).is_empty());
    // What somebody else has put somewhere is left alone.
    let own = place.file("own.png", 3);
    attach(&mut alice, BOB, &[&own]);
    alice.client.perform(Command::SetDraft { chat: BOB, draft: Draft::default() });
    // Signing out keeps drafts, and what is in them.
    paste(&mut alice);
    alice.client.perform(Command::SignOut);
    drop(alice);
    assert!(own.exists() && all_in(&pasted).len() == 1);
}

fn attachment(n: u128, size: u64) -> Attachment {
    Attachment { file: FileId(n), name: FileName::new("a.png").unwrap(), size, image: None }
}

/// Fetches a file as if it came from a server.
fn put(disk: &mut LocalFiles, attachment: &Attachment) -> PathBuf {
    disk.write(attachment, None, 0, &content(attachment.size as usize)).unwrap();
    disk.finish(attachment, None).unwrap().into()
}

#[test]
fn what_was_not_looked_at_for_longest_makes_room() {
    let dir = tempfile::tempdir().unwrap();
    let mut disk = LocalFiles::new(dir.path().into()).keeping(250);
    disk.open("server", "alice");
    let past = |path: &Path, seconds| {
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    };
    let first = put(&mut disk, &attachment(1, 100));
    past(&first, 300);
    let second = put(&mut disk, &attachment(2, 100));
    past(&second, 200);
    // The first one is looked at once more.
    assert!(disk.find(&attachment(1, 100), None).unwrap().is_some());
    let third = put(&mut disk, &attachment(3, 100));
    assert!(first.exists() && !second.exists() && third.exists());
    // One that is larger than all the room there is is shown, and goes with the next.
    let large = put(&mut disk, &attachment(4, 400));
    assert!(large.exists() && !first.exists() && !third.exists());
    // One that is damaged, or of another length, is not what was kept.
    assert_eq!(disk.find(&attachment(4, 399), None).unwrap(), None);
    // Another account of another server keeps its own.
    disk.open("other", "alice");
    assert_eq!(disk.find(&attachment(4, 400), None).unwrap(), None);
    disk.clear();
    assert!(large.exists());
}

#[test]
fn a_file_is_put_where_nothing_is_and_its_name_leads_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let name = |name: &str| {
        let path = free_place(dir.path(), &FileName::new(name).unwrap());
        assert_eq!(path.parent(), Some(dir.path()));
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(name("plan.pdf"), "plan.pdf");
    fs::write(dir.path().join("plan.pdf"), "").unwrap();
    assert_eq!(name("plan.pdf"), "plan (2).pdf");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/nowhere", dir.path().join("plan (2).pdf")).unwrap();
    #[cfg(unix)]
    assert_eq!(name("plan.pdf"), "plan (3).pdf");
    assert_eq!(name(".bashrc"), "_bashrc");
    assert_eq!(name("a:b?.txt"), "a_b_.txt");
    let long = "é".repeat(127);
    fs::write(dir.path().join(&long), "").unwrap();
    assert!(name(&long).len() <= 255);
}

#[test]
fn one_download_at_most_of_many_is_forgotten_and_it_is_the_oldest() {
    let place = Place::new();
    let mut bob = place.bob();
    for n in 0..600 {
        bob.client.perform(Command::Download { attachment: attachment(n, 1), to: None });
        if n % 100 == 99 {
            bob.until("answers", |model| model.downloads.values().all(|it| it.progress != DownloadProgress::Running));
        }
    }
    let downloads = &bob.client.model().downloads;
    assert_eq!(downloads.len(), 500);
    assert!(!downloads.contains_key(&FileId(0)) && downloads.contains_key(&FileId(599)));
    let failed = |it: &Download| matches!(&it.progress, DownloadProgress::Failed(why) if why.contains("not there"));
    assert!(downloads.values().all(failed));
}

#[test]
fn texts_are_all_that_the_log_holds_of_a_file() {
    let place = Place::new();
    let mut alice = place.alice();
    let path = place.file("plan.txt", 1_000);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "the plan");
    settled(&mut alice);
    let stored = records(&place.path("data")).pop().unwrap();
    assert_eq!(stored["attachment"]["name"], "plan.txt");
    assert!(!stored.to_string().contains("desk"), "where it was is nobody's business: {stored}");
}
