//! Files that messages carry, over a real socket: brought in pieces, gone on with after a cut and a kill, fetched by those
//! who may see the message and by nobody else, and taken away when nobody needs them.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parlor::config::FILE_SYNC_EVERY_BYTES;
use parlor::proto::limits::{FILE_CHUNK_MAX_BYTES, FILE_MAX_BYTES, UPLOAD_PIECES_MAX, UPLOADS_MAX};
use serde_json::{Value, json};
use support::house::House;
use support::{PROGRAM, Peer, wait_for};

const ALICE: u64 = 1;
const BOB: u64 = 2;
const CHARLIE: u64 = 3;

/// Bytes without a pattern, other ones for another length.
fn bytes(len: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252 ^ len as u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn begin(peer: &mut Peer, size: usize) -> String {
    let reply = peer.done("upload_file", json!({"size": size}));
    assert_eq!(reply["offset"], 0);
    reply["file"].as_str().unwrap().into()
}

fn piece(file: &str, offset: usize, data: &[u8]) -> Value {
    json!({"file": file, "offset": offset, "data": STANDARD.encode(data)})
}

/// Sends what is left of a file from a place, piece by piece.
fn go_on(peer: &mut Peer, file: &str, mut offset: usize, all: &[u8]) {
    while offset < all.len() {
        let end = all.len().min(offset + FILE_CHUNK_MAX_BYTES);
        let reply = peer.done("upload_chunk", piece(file, offset, &all[offset..end]));
        assert_eq!((&reply["file"], &reply["offset"]), (&json!(file), &json!(end)));
        offset = end;
    }
}

fn bring(peer: &mut Peer, all: &[u8]) -> String {
    let file = begin(peer, all.len());
    go_on(peer, &file, 0, all);
    file
}

/// Where the server says that an upload goes on.
fn reached(peer: &mut Peer, file: &str, size: usize) -> usize {
    let reply = peer.done("upload_file", json!({"file": file, "size": size}));
    usize::try_from(reply["offset"].as_u64().unwrap()).unwrap()
}

fn with_file(mut message: Value, file: &str, size: usize) -> Value {
    message["attachment"] = json!({"file": file, "name": "Plan B.png", "size": size});
    message
}

/// Sends a message with a file, and gives its place.
fn send(peer: &mut Peer, to: Value, file: &str, size: usize) -> u64 {
    peer.done("send_message", with_file(to, file, size))["seq"].as_u64().unwrap()
}

fn fetch(peer: &mut Peer, file: &str) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let reply = peer.done("fetch_file", json!({"file": file, "offset": all.len()}));
        assert_eq!((&reply["file"], &reply["offset"]), (&json!(file), &json!(all.len())));
        let data = STANDARD.decode(reply["data"].as_str().unwrap()).unwrap();
        assert!(data.len() <= FILE_CHUNK_MAX_BYTES);
        all.extend_from_slice(&data);
        if all.len() as u64 == reply["size"].as_u64().unwrap() {
            return all;
        }
        assert!(!data.is_empty(), "a piece is empty at the end alone");
    }
}

fn refused_fetch(peer: &mut Peer, file: &str) -> String {
    peer.refused("fetch_file", json!({"file": file, "offset": 0}))
}

fn folder(house: &House) -> PathBuf {
    house.dir.path().join("attachments")
}

fn kept(house: &House) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder(house)).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_comes_down_as_it_went_up() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    for size in [0, 1, FILE_CHUNK_MAX_BYTES, 300_000] {
        let all = bytes(size);
        let file = bring(&mut alice, &all);
        let seq = send(&mut alice, json!({"to_user": "Bob", "message": "Look"}), &file, size);
        let message = bob.until("receive_message");
        assert_eq!((&message["seq"], &message["attachment"]["file"]), (&json!(seq), &json!(file)));
        assert_eq!(
            (&message["attachment"]["size"], &message["attachment"]["name"]),
            (&json!(size), &json!("Plan B.png"))
        );
        assert!(fetch(&mut bob, &file) == all, "{size}");
        assert!(fetch(&mut alice, &file) == all, "{size}");
        let end = bob.done("fetch_file", json!({"file": file, "offset": size}));
        assert_eq!(end["data"], "", "at the end there is nothing more");
        assert_eq!(bob.refused("fetch_file", json!({"file": file, "offset": size + 1})), "bad_offset");
        let path = folder(&house).join(&file);
        assert!(fs::read(&path).unwrap() == all, "the host has the file as it is");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(folder(&house)).unwrap().permissions().mode() & 0o777, 0o700);
    wait_for("the notes to go", || kept(&house).len() == 4);
    assert_eq!(alice.refused("send_message", json!({"to_user": "Bob", "message": ""})), "message_empty");
    let file = bring(&mut alice, b"x");
    send(&mut alice, json!({"to_user": "Bob"}), &file, 1);
}

#[test]
fn an_upload_goes_on_after_a_cut_and_after_a_kill() {
    let mut house = House::new();
    let synced = usize::try_from(FILE_SYNC_EVERY_BYTES).unwrap();
    let (small, large) = (bytes(150_000), bytes(synced + 150_000));
    let mut alice = house.login("Alice");
    let (one, two) = (begin(&mut alice, small.len()), begin(&mut alice, large.len()));
    go_on(&mut alice, &one, 0, &small[..FILE_CHUNK_MAX_BYTES]);
    // The answer to the next piece is lost with the connection.
    alice.send(&{
        let mut request = piece(&one, FILE_CHUNK_MAX_BYTES, &small[FILE_CHUNK_MAX_BYTES..FILE_CHUNK_MAX_BYTES + 9]);
        request["purpose"] = json!("upload_chunk");
        request
    });
    drop(alice);
    // From another device, or after the connection is back.
    let mut alice = house.login("Alice");
    let offset = reached(&mut alice, &one, small.len());
    assert!([0, 9].contains(&(offset - FILE_CHUNK_MAX_BYTES)), "{offset}");
    go_on(&mut alice, &one, offset, &small);
    go_on(&mut alice, &two, 0, &large[..synced + 100_000]);
    house.restart();
    let mut alice = house.login("Alice");
    // What was whole is whole, and was answered as such; of the rest counts what was synced.
    assert_eq!(reached(&mut alice, &one, small.len()), small.len());
    assert_eq!(reached(&mut alice, &two, large.len()), synced);
    go_on(&mut alice, &two, synced, &large);
    house.restart();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    for (file, all) in [(&one, &small), (&two, &large)] {
        send(&mut alice, json!({"to_user": "Bob", "message": "Look"}), file, all.len());
        assert!(fetch(&mut bob, file) == *all);
    }
    house.restart();
    let mut bob = house.login("Bob");
    assert!(fetch(&mut bob, &two) == large, "and after another start");
    assert_eq!(bob.refused("upload_file", json!({"file": two, "size": large.len()})), "unknown_file");
}

#[test]
fn a_file_is_its_senders_until_a_message_carries_it() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let whole = bring(&mut alice, b"whole");
    let half = begin(&mut alice, 9);
    go_on(&mut alice, &half, 0, b"half");
    let before = house.bytes();
    let to = |file: &str, size: usize| with_file(json!({"to_user": "Charlie", "message": "hi"}), file, size);
    // Another account.
    assert_eq!(bob.refused("upload_chunk", piece(&half, 4, b"x")), "unknown_file");
    assert_eq!(bob.refused("upload_file", json!({"file": half, "size": 9})), "unknown_file");
    assert_eq!(bob.refused("cancel_upload", json!({"file": half})), "unknown_file");
    assert_eq!(bob.refused("send_message", to(&whole, 5)), "unknown_file");
    assert_eq!(refused_fetch(&mut bob, &whole), "unknown_file");
    // The own one, where something is not right.
    assert_eq!(refused_fetch(&mut alice, &whole), "unknown_file", "no message carries it");
    assert_eq!(alice.refused("send_message", to(&whole, 4)), "unknown_file");
    assert_eq!(alice.refused("send_message", to(&half, 4)), "unknown_file");
    assert_eq!(alice.refused("send_message", to(&half, 9)), "unknown_file");
    assert_eq!(alice.refused("send_message", to(&"7".repeat(32), 5)), "unknown_file");
    assert_eq!(alice.refused("upload_file", json!({"file": half, "size": 8})), "unknown_file");
    for (offset, data, code) in [
        (5, "x", "bad_offset"),
        (3, "x", "bad_offset"),
        (0, "x", "bad_offset"),
        (4, "longer than nine", "bad_offset"),
        (4, "", "bad_request"),
    ] {
        assert_eq!(alice.refused("upload_chunk", piece(&half, offset, data.as_bytes())), code, "{offset} {data}");
    }
    let no_number = json!({"file": half, "offset": u64::MAX, "data": "eA=="});
    assert_eq!(alice.refused("upload_chunk", no_number), "bad_offset");
    assert_eq!(alice.refused("upload_chunk", piece(&whole, 5, b"x")), "bad_offset", "it is whole");
    assert_eq!(alice.refused("upload_chunk", json!({"file": half, "offset": 4, "data": "?"})), "bad_request");
    assert_eq!(alice.refused("upload_chunk", piece(&half, 4, &bytes(FILE_CHUNK_MAX_BYTES + 1))), "bad_request");
    assert_eq!(alice.refused("upload_file", json!({"size": FILE_MAX_BYTES + 1})), "file_too_large");
    assert_eq!(alice.refused("upload_file", json!({"size": -1})), "bad_request");
    for path in ["../users.json", "", "/etc/passwd", "0000000000000000000000000000000G"] {
        assert_eq!(alice.refused("fetch_file", json!({"file": path, "offset": 0})), "bad_request");
    }
    assert_eq!(house.bytes(), before, "nothing of this is in the log");
    // What is right still works after all that.
    go_on(&mut alice, &half, 4, b"half!half");
    for (file, size) in [(&whole, 5), (&half, 9)] {
        alice.done("send_message", to(file, size));
        assert_eq!(alice.refused("send_message", to(file, size)), "unknown_file", "one message carries it");
        assert_eq!(alice.refused("cancel_upload", json!({"file": file})), "unknown_file");
        assert_eq!(alice.refused("upload_chunk", piece(file, size, b"x")), "unknown_file");
    }
}

#[test]
fn one_account_may_begin_so_many_and_cancelled_ones_make_room() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let files: Vec<_> = (0..UPLOADS_MAX).map(|_| begin(&mut alice, 10)).collect();
    assert_eq!(alice.refused("upload_file", json!({"size": 10})), "busy");
    begin(&mut house.login("Bob"), 10);
    go_on(&mut alice, &files[0], 0, b"12345");
    let cancelled = alice.done("cancel_upload", json!({"file": files[0]}));
    assert_eq!((&cancelled["file"], &cancelled["offset"]), (&json!(files[0]), &json!(5)));
    assert_eq!(alice.refused("upload_chunk", piece(&files[0], 5, b"x")), "unknown_file");
    wait_for("it to go", || !kept(&house).iter().any(|name| name.starts_with(&files[0])));
    begin(&mut alice, 10);
    for file in &files[1..] {
        alice.done("cancel_upload", json!({"file": file}));
    }
    // Many short ones or a few long ones.
    let reply = alice.call("upload_file", json!({"size": FILE_MAX_BYTES}));
    // A small disk may say so first.
    if reply["result"] == true {
        while alice.call("upload_file", json!({"size": FILE_MAX_BYTES}))["result"] == true {}
        assert_eq!(alice.refused("upload_file", json!({"size": FILE_MAX_BYTES})), "busy");
    } else {
        assert_eq!(reply["error"]["code"], "storage_full");
    }
}

#[test]
fn who_may_not_see_the_message_may_not_have_its_file() {
    let house = House::new();
    let (mut alice, mut bob, mut charlie) = (house.login("Alice"), house.login("Bob"), house.login("Charlie"));
    let between = bring(&mut alice, b"between two");
    send(&mut alice, json!({"to_user": "Bob", "message": "psst"}), &between, 11);
    assert_eq!(refused_fetch(&mut charlie, &between), "unknown_file");
    assert_eq!(fetch(&mut bob, &between), b"between two");
    let hike = alice.make("Hike", &[BOB, CHARLIE]);
    let map = bring(&mut alice, b"the map");
    send(&mut alice, json!({"group": hike, "message": "map"}), &map, 7);
    assert_eq!((fetch(&mut bob, &map), fetch(&mut charlie, &map)), (b"the map".to_vec(), b"the map".to_vec()));
    assert_eq!(refused_fetch(&mut house.login("Dave"), &map), "unknown_file");
    alice.done("remove_member", json!({"group": hike, "member": CHARLIE}));
    assert_eq!(refused_fetch(&mut charlie, &map), "unknown_file", "removed");
    // Who comes later sees no further back than the group lets them.
    alice.done("add_members", json!({"group": hike, "members": [CHARLIE]}));
    assert_eq!(refused_fetch(&mut charlie, &map), "unknown_file", "before they came again");
    assert_eq!(fetch(&mut bob, &map), b"the map");
    let all = bring(&mut bob, b"for all");
    send(&mut bob, json!({"everyone": true, "message": "hear"}), &all, 7);
    assert_eq!(fetch(&mut house.login("Eve"), &all), b"for all");
    assert_eq!(
        Peer::connect(house.server().address).refused("fetch_file", json!({"file": all, "offset": 0})),
        "not_logged_in"
    );
}

#[test]
fn a_file_goes_with_the_last_message_that_carries_it() {
    let mut house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let (one, many) = (bring(&mut alice, b"one"), bring(&mut alice, b"many"));
    let seq = send(&mut alice, json!({"to_user": "Bob", "message": "1"}), &one, 3);
    let seq_many = send(&mut alice, json!({"to_many": [BOB, CHARLIE], "message": "2"}), &many, 4);
    alice.done("delete_message", json!({"with": BOB, "seq": seq}));
    assert_eq!(refused_fetch(&mut bob, &one), "unknown_file");
    assert_eq!(refused_fetch(&mut alice, &one), "unknown_file");
    wait_for("the file to go", || !folder(&house).join(&one).exists());
    alice.done("delete_message", json!({"with": BOB, "seq": seq_many}));
    assert_eq!(refused_fetch(&mut bob, &many), "unknown_file");
    let mut charlie = house.login("Charlie");
    assert_eq!(fetch(&mut charlie, &many), b"many", "their message is there still");
    alice.done("delete_message", json!({"with": CHARLIE, "seq": seq_many}));
    assert_eq!(refused_fetch(&mut charlie, &many), "unknown_file");
    wait_for("the file to go", || kept(&house).is_empty());
    // Killed between the log and the disk: the next start takes it away.
    house.restart_with(|house| fs::write(folder(house).join(&one), b"one").unwrap());
    assert!(kept(&house).is_empty());
    assert_eq!(house.login("Alice").refused("send_message", with_file(json!({"to": BOB}), &one, 3)), "unknown_file");
}

#[test]
fn a_start_takes_away_what_is_left_over_and_nothing_else() {
    let mut house = House::new();
    let mut alice = house.login("Alice");
    let (carried, lost) = (bring(&mut alice, b"carried"), bring(&mut alice, b"lost"));
    let (waits, old) = (bring(&mut alice, b"waits"), bring(&mut alice, b"old"));
    let half = begin(&mut alice, 20);
    go_on(&mut alice, &half, 0, b"half");
    send(&mut alice, json!({"to": BOB}), &carried, 7);
    send(&mut alice, json!({"to": BOB, "message": "it had a file"}), &lost, 4);
    wait_for("the notes to go", || kept(&house).len() == 2 + 3 * 2);
    let foreign = ["holiday.jpg".into(), "a".repeat(32)];
    let stray = format!("{}.part", "b".repeat(32));
    house.restart_with(|house| {
        let folder = folder(house);
        for name in foreign.iter().chain([&stray]) {
            fs::write(folder.join(name), "x").unwrap();
        }
        // A note that should be gone, as after a kill.
        fs::write(folder.join(format!("{carried}.{ALICE}.7")), "").unwrap();
        fs::remove_file(folder.join(&lost)).unwrap();
        let day_before = SystemTime::now() - Duration::from_secs(25 * 3_600);
        for name in [old.clone(), foreign[0].clone(), foreign[1].clone(), carried.clone()] {
            fs::File::open(folder.join(name)).unwrap().set_modified(day_before).unwrap();
        }
    });
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    let mut expected = vec![carried.clone(), waits.clone(), format!("{waits}.{ALICE}.5")];
    expected.extend([format!("{half}.part"), format!("{half}.{ALICE}.20")]);
    expected.extend(foreign);
    expected.sort();
    wait_for("the old one to go", || kept(&house) == expected);
    assert_eq!(fetch(&mut bob, &carried), b"carried");
    assert_eq!(refused_fetch(&mut bob, &lost), "unknown_file", "and the message is there");
    assert_eq!(alice.refused("upload_file", json!({"file": old, "size": 3})), "unknown_file");
    assert_eq!(reached(&mut alice, &waits, 5), 5);
    assert_eq!(reached(&mut alice, &half, 20), 0, "it was never synced");
    let said = check(&house);
    assert!(said.contains("1 file, 7 bytes") && said.contains(&format!("missing: {lost} (\"Plan B.png\")")), "{said}");
    house.restart_with(|house| fs::write(folder(house).join(&lost), "lost").unwrap());
    let said = check(&house);
    assert!(said.contains("2 files, 11 bytes") && said.contains("Everything is as it was written."), "{said}");
}

/// What `parlor --check` says of a folder.
fn check(house: &House) -> String {
    let output = Command::new(PROGRAM).args(["--check", "--data-dir"]).arg(house.dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), said.contains("Everything is as it was written."), "{said}");
    said
}

#[test]
fn what_is_asked_at_once_is_answered_each_and_piles_up_nowhere() {
    let house = House::new();
    let mut alice = house.login("Alice");
    let all = bytes(4 * FILE_CHUNK_MAX_BYTES);
    let file = bring(&mut alice, &all);
    send(&mut alice, json!({"everyone": true}), &file, all.len());
    let mut asked = Vec::new();
    for id in 0..40 {
        let json = json!({"purpose": "fetch_file", "id": id, "file": file, "offset": 0}).to_string();
        asked.extend_from_slice(format!("${:<10}{json}$", json.len()).as_bytes());
    }
    alice.send_raw(&asked);
    let (mut pieces, mut busy) = (0, 0);
    for _ in 0..40 {
        let answer = alice.until("fetch_file");
        match answer["result"] == true {
            true => pieces += 1,
            false => busy += usize::from(answer["error"]["code"] == "busy"),
        }
    }
    assert!(pieces > 0 && pieces + busy == 40, "{pieces} {busy}");
    // Four pieces of an upload are taken in a row. Whether a later one is too early depends on the disk, and then all behind it are.
    let (all, in_a_row) = (bytes(40), 20);
    let next = begin(&mut alice, all.len());
    for (id, data) in all.chunks(all.len() / in_a_row).enumerate() {
        let mut request = piece(&next, id * data.len(), data);
        request["purpose"] = json!("upload_chunk");
        request["id"] = json!(id);
        alice.send(&request);
    }
    let mut answers: Vec<_> = (0..in_a_row).map(|_| alice.until("upload_chunk")).collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    let taken = answers.iter().take_while(|answer| answer["result"] == true).count();
    assert!(taken >= UPLOAD_PIECES_MAX, "{answers:?}");
    for (at, answer) in answers.iter().enumerate() {
        match at.cmp(&taken) {
            std::cmp::Ordering::Less => assert_eq!(answer["offset"], (at + 1) * 2),
            std::cmp::Ordering::Equal => assert_eq!(answer["error"]["code"], "busy"),
            std::cmp::Ordering::Greater => {
                assert!(["busy", "bad_offset"].contains(&answer["error"]["code"].as_str().unwrap()))
            }
        }
    }
    let offset = reached(&mut alice, &next, all.len());
    assert_eq!(offset, taken * 2);
    go_on(&mut alice, &next, offset, &all);
    send(&mut alice, json!({"everyone": true}), &next, all.len());
    assert_eq!(fetch(&mut alice, &next), all);
    // Who says goodbye is answered before.
    let mut request = json!({"purpose": "fetch_file", "file": file, "offset": 0});
    request["id"] = json!(99);
    alice.send(&request);
    alice.send(&json!({"purpose": "exit"}));
    assert!(std::iter::from_fn(|| alice.try_receive()).any(|event| event["id"] == 99 && event["result"] == true));
}
