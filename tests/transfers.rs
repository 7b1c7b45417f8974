//! Files go up and come down: the client with a real disk, over a real server. What is sent is what arrives, whatever is
//! cut in between, and nothing is left behind that nobody wants.

mod support;

use std::fs;
use std::time::Duration;

use parlor::client::command::Command;
use parlor::client::model::{Download, DownloadProgress, Link, Model};
use parlor::proto::attachment::{FileId, ImageSize};
use parlor::proto::limits::FILE_CHUNK_MAX_BYTES;
use support::desk::*;
use support::front::Face;
use support::user::User;
use support::{records, wait_for};

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
    // What was kept to be seen is cleared, and what was saved is not; it can be seen again.
    bob.client.perform(Command::ClearCache);
    assert!(
        bob.client
            .model()
            .downloads
            .values()
            .all(|it| it.progress == DownloadProgress::Done(saved.display().to_string()))
    );
    wait_for("the picture to go", || !kept.exists());
    assert_eq!(fetch(&mut bob, &attachment, None), kept);
    assert!(saved.exists() && kept.exists() && place.asked("fetch_file") == 1);
    // Whoever leaves for good leaves no pictures.
    bob.client.perform(Command::SignOut);
    wait_for("the picture to go", || !kept.exists());
}

#[test]
fn it_is_known_how_much_is_kept_of_what_was_shown() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let kept = |bytes: usize| {
        move |model: &Model| model.cache.as_ref().is_some_and(|cache| cache.shown_bytes == Some(bytes as u64))
    };
    bob.until("nothing to be kept", kept(0));
    let picture = png(40, 30);
    fs::write(place.path("desk/dot.png"), &picture).unwrap();
    for (path, bytes) in [(place.path("desk/dot.png"), picture.len()), (place.file("plan", 700), 700 + picture.len())] {
        attach(&mut alice, BOB, &[&path]);
        send(&mut alice, BOB, "");
        settled(&mut alice);
        bob.until("the message", |model| shown(model, ALICE).len() == if bytes > 700 { 2 } else { 1 });
        let attachment = last_file(&mut bob, ALICE);
        fetch(&mut bob, &attachment, Some(&place.path("saved")));
        fetch(&mut bob, &attachment, None);
        bob.until("what is kept", kept(bytes));
    }
    // Its sender keeps a picture, too.
    alice.until("what is kept", kept(picture.len()));
    drop(bob);
    let mut bob = place.bob();
    bob.until("what was kept", kept(700 + picture.len()));
    bob.client.perform(Command::ClearCache);
    bob.until("nothing to be kept", kept(0));
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
    let number = |record: &serde_json::Value| {
        let id = record["client_id"].as_str().unwrap();
        id[id.find(':').unwrap() + 1..].parse::<u64>().unwrap()
    };
    let stored = records(&place.path("data")).into_iter().filter(|record| record["purpose"] == "receive_message");
    let numbers: Vec<_> = stored.map(|record| number(&record)).collect();
    assert!(numbers.is_sorted() && numbers.len() == 3, "a device's numbers rise: {numbers:?}");
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
        alice.until("the cut", |model| model.link != Link::Online);
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
        bob.until("the cut", |model| model.link != Link::Online);
    }
    bob.until("the file", |model| matches!(how(model, file), Some(DownloadProgress::Done(_))));
    let asked = place.asked("fetch_file");
    assert!((40..=61).contains(&asked), "{asked} pieces");
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
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
    alice.until("a refusal", |model| failure(model).is_some());
    let why = failure(alice.client.model()).unwrap();
    assert!(why.contains("notes has changed") && why.contains("try again"), "{why}");
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
    alice.until("another refusal", |model| failure(model).is_some_and(|why| why.contains("is not there:")));
    let n = alice.client.model().outbox.entries().next().unwrap().n;
    alice.client.perform(Command::Discard { n });
    settled(&mut alice);
    assert_eq!(shown(bob.client.model(), ALICE).len(), 1);
}

#[test]
fn a_file_that_changes_while_no_window_is_there_does_not_arrive_mixed() {
    let place = Place::new();
    let mut alice = place.alice();
    let path = place.file("notes", 30 * PIECE);
    let n = |user: &User| user.client.model().outbox.entries().next().unwrap().n;
    // As long as before, and a moment later: only that tells.
    let change = || {
        let other: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte.wrapping_add(1)).collect();
        let moment = fs::metadata(&path).unwrap().modified().unwrap() + Duration::from_millis(1);
        fs::write(&path, &other).unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(moment).unwrap();
        other
    };
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "notes");
    alice.until("a part", |model| sent(model) >= 5 * PIECE as u64);
    drop(alice);
    change();
    let mut alice = place.alice();
    alice.until("a refusal", |model| failure(model).is_some());
    let why = failure(alice.client.model()).unwrap();
    assert!(why.contains("notes has changed") && why.contains("try again"), "{why}");
    wait_for("nothing on the server", || place.stored().is_empty());
    // What is sent then is looked at as closely.
    alice.client.perform(Command::Retry { n: n(&alice) });
    alice.until("a part", |model| failure(model).is_none() && sent(model) >= 5 * PIECE as u64);
    drop(alice);
    let newest = change();
    let mut alice = place.alice();
    alice.until("a refusal", |model| failure(model).is_some_and(|why| why.contains("notes has changed")));
    alice.client.perform(Command::Retry { n: n(&alice) });
    settled(&mut alice);
    let mut bob = place.bob();
    bob.client.perform(Command::LoadOlder { chat: ALICE });
    let attachment = last_file(&mut bob, ALICE);
    assert!(fs::read(fetch(&mut bob, &attachment, None)).unwrap() == newest, "all of it is of one time");
}

#[test]
fn what_is_cancelled_leaves_nothing() {
    let place = Place::new();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let path = place.file("long", 20 * PIECE);
    attach(&mut alice, BOB, &[&path]);
    send(&mut alice, BOB, "not this");
    alice.until("a part", |model| sent(model) >= 3 * PIECE as u64);
    assert!(!place.stored().is_empty());
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
    let left: Vec<_> =
        all_in(&place.path("bob")).into_iter().filter(|path| !path.starts_with(place.path("bob/unsent"))).collect();
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
    assert_eq!(fetch(&mut bob, &attachment, Some(&to)), to);
    for path in [to, all_in(&place.path("bob/shown")).remove(0)] {
        assert!(fs::read(&path).unwrap() == content(10 * PIECE), "{path:?}");
    }
    assert_eq!(place.asked("fetch_file"), 10, "it came once");
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
