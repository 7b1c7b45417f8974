//! Files that are put with what is written, pictures that are pasted, and what is kept of those that were shown.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use parlor::client::command::Command;
use parlor::client::model::{ATTACHED_MAX, DownloadProgress, Draft};
use parlor::client::outbox::Enclosure;
use parlor::client::transfer::Disk as _;
use parlor::proto::attachment::{Attachment, FileId, FileName, ImageSize};
use parlor::proto::limits::FILE_MAX_BYTES;
use parlor::transfers::{LocalFiles, free_place};
use support::desk::*;
use support::user::User;
use support::wait_for;

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
    fs::File::create(&large).unwrap().set_len(FILE_MAX_BYTES + 1).unwrap();
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
fn what_only_looks_like_a_picture_is_a_file_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let measured = |bytes: &[u8]| {
        let path = dir.path().join("a.png");
        fs::write(&path, bytes).unwrap();
        parlor::transfers::measure(path.to_str().unwrap()).unwrap().image
    };
    let whole = png(40, 30);
    assert_eq!(measured(&whole), ImageSize::new(40, 30));
    // A header that says 65,535 by 65,535, with a checksum that is right.
    let mut lying = whole.clone();
    lying[16..24].copy_from_slice(&[0, 0, 255, 255, 0, 0, 255, 255]);
    let sum = crc32fast::hash(&lying[12..29]);
    lying[29..33].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(measured(&lying), None);
    for cut in 0..33 {
        assert_eq!(measured(&whole[..cut]), None, "{cut}");
    }
    assert_eq!(measured(b"no picture at all"), None);
    assert_eq!(measured(b""), None);
}

#[test]
fn without_a_disk_a_file_says_so_and_texts_go_on() {
    let place = Place::new();
    let mut alice = User::sign_in(&place.front.address.to_string(), "Alice", "123").online();
    alice.client.perform(Command::Attach { chat: BOB, paths: vec!["/etc/hostname".into()] });
    assert!(alice.client.model().attach_problem.is_some());
    let name = FileName::new("x").unwrap();
    let enclosure = Enclosure {
        path: "/x".into(),
        name: name.clone(),
        size: 1,
        modified_nanos: None,
        image: None,
        file: None,
        sent: 0,
    };
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
