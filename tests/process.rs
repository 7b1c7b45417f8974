//! The real program as a process: killed under load, told to end, refused a folder in use, checking a folder.
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};
use support::{DEADLINE, PROGRAM, Peer, SEEDED, Server, records, wait_for};

/// How many times the server is killed under load.
const KILLS: u64 = 50;

#[test]
fn nothing_acknowledged_is_lost_doubled_or_moved_when_the_server_is_killed_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: BTreeMap<u64, String> = BTreeMap::new();
    let mut n = 0_u64;
    for round in 0..KILLS {
        let mut server = Server::start(dir.path());
        let mut alice = Peer::login(server.address, "Alice", "123");
        // The kill comes after a number of acknowledgements that differs from round to round, at whatever instant of
        // write, sync and delivery the server is in by then.
        let enough = 1 + round * 7 % 120;
        let mut taken = 0;
        for _ in 0..200 {
            n += 1;
            alice.send(&json!({"purpose": "send_message", "id": n, "to_user": "Bob", "message": format!("message {n}"), "client_id": format!("load:{n}")}));
        }
        while taken < enough {
            let reply = alice.until("send_message");
            acknowledged.insert(reply["seq"].as_u64().unwrap(), format!("message {}", reply["id"]));
            taken += 1;
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        // What was acknowledged before the kill and is still in the socket counts too.
        while let Some(reply) = alice.try_receive() {
            if reply["purpose"] == "send_message" {
                acknowledged.insert(reply["seq"].as_u64().unwrap(), format!("message {}", reply["id"]));
            }
        }
    }
    let server = Server::start(dir.path());
    let found: Vec<Value> = records(dir.path());
    drop(server);
    let mut last = 0;
    for record in &found {
        let number: u64 = record["message"].as_str().unwrap().strip_prefix("message ").unwrap().parse().unwrap();
        assert!(number > last, "message {number} stands after message {last}");
        last = number;
    }
    for (seq, text) in &acknowledged {
        let record = &found[usize::try_from(seq - 1 - SEEDED).unwrap()];
        assert_eq!((&record["seq"], &record["message"]), (&json!(seq), &json!(text)));
    }
    assert!(acknowledged.len() as u64 >= KILLS, "the load was acknowledged at all");
}

#[test]
fn both_signals_end_it_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Server::start(dir.path());
        let mut alice = Peer::login(server.address, "Alice", "123");
        for n in 0..100 {
            alice.send(&json!({"purpose": "send_message", "id": n, "to_user": "Bob", "message": format!("m{n}")}));
        }
        assert_eq!(alice.until("send_message")["result"], true);
        server.signal(signal);
        let mut stored = 1;
        let mut told = false;
        while let Some(event) = alice.try_receive() {
            stored += u64::from(event["purpose"] == "send_message" && event["result"] == true);
            told |= event["purpose"] == "closing";
        }
        assert!(told, "sessions are told");
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        assert!(records(dir.path()).len() as u64 >= stored);
        let check = Command::new(PROGRAM).args(["--check", "--data-dir"]).arg(dir.path()).output().unwrap();
        assert!(check.status.success());
    }
}

#[test]
fn a_folder_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let second = Command::new(PROGRAM)
        .args(["--server", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(error.contains("in use") && error.contains("--data-dir"), "{error}");
    Peer::login(server.address, "Alice", "123");
}

#[test]
fn a_port_in_use_is_explained() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(one.path());
    let second = Command::new(PROGRAM)
        .args(["--server", "--listen", &server.address.to_string(), "--data-dir"])
        .arg(other.path())
        .output()
        .unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && error.contains("--listen"), "{error}");
}

#[test]
fn check_counts_and_finds_damage_without_changing_anything() {
    let dir = tempfile::tempdir().unwrap();
    {
        let server = Server::start(dir.path());
        let mut alice = Peer::login(server.address, "Alice", "123");
        for n in 0..3 {
            alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": format!("m{n}")}));
        }
    }
    let check = || {
        let output = Command::new(PROGRAM).args(["--check", "--data-dir"]).arg(dir.path()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, text) = check();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("3 accounts") && text.contains("3 messages in 1 chat,"), "{text}");
    let file = dir.path().join("history.json");
    let damaged = std::fs::read_to_string(&file).unwrap().replace("\"m1\"", "\"m7\"");
    std::fs::write(&file, &damaged).unwrap();
    let (code, text) = check();
    assert!(code == Some(1) && text.contains("line 7"), "{text}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
    let start = Command::new(PROGRAM)
        .args(["--server", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(start.status.code(), Some(1), "a damaged history is not started from");
}

#[test]
fn without_a_display_it_says_so_in_one_line() {
    let output = Command::new(PROGRAM)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.lines().count() == 1 && error.contains("no display") && error.contains("--server"), "{error}");
}

#[test]
fn what_is_on_disk_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/data");
    let server = Command::new("sh")
        .args(["-c", "umask 000; exec \"$0\" --server --listen 127.0.0.1:0 --data-dir \"$1\"", PROGRAM])
        .arg(&dir)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut server = server;
    wait_for("the history", || dir.join("history.json").exists() && dir.join("users.json").exists());
    for (name, mode) in [("", 0o700), ("history.json", 0o600), ("users.json", 0o600)] {
        let found = std::fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name:?} has {found:o}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_silent_stranger_is_shown_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut stranger = Peer::connect(server.address);
    stranger.send_raw(b"$5");
    let error = stranger.receive();
    assert_eq!(error["error"]["code"], "login_timeout");
    assert!(stranger.is_closed());
    assert!(DEADLINE.as_secs() > 10, "the server's deadline is ten seconds");
}
