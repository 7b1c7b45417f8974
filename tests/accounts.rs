//! Accounts of the real program: `users.json` edited by hand and by `parlor user` while the server runs, and the
//! history of the first system taken over.

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{PROGRAM, Peer, Server, records, wait_for};

fn user(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .arg("user")
        .args(args)
        .arg("--data-dir")
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Starts a server that is to refuse: whether it ended well, and what it said.
fn start(dir: &Path) -> (bool, String) {
    let output =
        Command::new(PROGRAM).args(["--server", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn login(server: &Server, username: &str, password: &str) -> Value {
    Peer::connect(server.address).ask(&json!({"purpose": "login", "username": username, "password": password}))
}

/// Waits until the list of people that a live session is told of changes as wanted.
fn until_people(peer: &mut Peer, holds: impl Fn(&Value) -> bool) {
    while !holds(&peer.until("people")) {}
}

#[test]
fn somebody_new_is_in_the_list_at_once_and_can_log_in() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let added = user(dir.path(), &["add", "Dave"], "a good password\n");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    until_people(&mut alice, |event| event["people"][0]["username"] == "Dave");
    assert_eq!(login(&server, "dave", "a good password")["result"], true);
    let twice = user(dir.path(), &["add", "DAVE"], "x\n");
    assert!(!twice.status.success() && String::from_utf8_lossy(&twice.stderr).contains("Dave"));
    let listed = String::from_utf8(user(dir.path(), &["list"], "").stdout).unwrap();
    assert_eq!(listed.lines().count(), 4);
}

#[test]
fn a_removed_account_is_shown_out_and_a_new_one_of_its_name_is_another() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    assert_eq!(bob.ask(&json!({"purpose": "send_message", "to_user": "Alice", "message": "secret"}))["result"], true);
    assert!(user(dir.path(), &["remove", "Bob"], "").status.success());
    assert_eq!(bob.until("error")["error"]["code"], "account_removed");
    assert!(bob.is_closed());
    until_people(&mut alice, |event| event["removed"] == json!([2]));
    assert_eq!(login(&server, "Bob", "456")["error"]["code"], "wrong_credentials");
    let history = alice.ask(&json!({"purpose": "fetch_history", "with": 2}));
    assert_eq!(history["messages"][0]["message"], "secret", "what he wrote stays");
    let refused = alice.ask(&json!({"purpose": "send_message", "to": 2, "message": "hello?"}));
    assert_eq!(refused["error"]["code"], "unknown_user");

    assert!(user(dir.path(), &["add", "Bob"], "another\n").status.success());
    until_people(&mut alice, |event| event["people"][0]["username"] == "Bob");
    let mut new_bob = Peer::connect(server.address);
    assert_eq!(new_bob.ask(&json!({"purpose": "login", "username": "Bob", "password": "another"}))["user"], 4);
    new_bob.until("ready");
    let page = new_bob.ask(&json!({"purpose": "fetch_history", "with_user": "Alice"}));
    assert_eq!(page["messages"], json!([]), "the new account of an old name is not the old account");
}

#[test]
fn a_changed_password_holds_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert!(user(dir.path(), &["passwd", "alice"], "new one\n").status.success());
    wait_for("the new password", || login(&server, "Alice", "new one")["result"] == true);
    assert_eq!(login(&server, "Alice", "123")["result"], false);
}

#[test]
fn a_file_in_the_shape_of_the_first_system_is_taken_and_its_passwords_are_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("users.json");
    std::fs::write(
        &file,
        r#"{"users":[{"username":"Zoe","password":"canary-1"},{"username":"Yan","password":"canary-2"}]}"#,
    )
    .unwrap();
    let server = Server::start(dir.path());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("canary") && text.matches("$argon2id$v=19$m=19456,t=2,p=1$").count() == 2, "{text}");
    assert_eq!(login(&server, "Zoe", "canary-1")["user"], 1);
    assert_eq!(login(&server, "Yan", "canary-2")["user"], 2);
}

#[test]
fn an_edit_by_hand_counts_and_a_broken_one_leaves_things_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("users.json");
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replacen('{', "{ oops", 1)).unwrap();
    assert_eq!(login(&server, "Alice", "123")["result"], true, "the last good one stays in force");
    let check = Command::new(PROGRAM).args(["--check", "--data-dir"]).arg(dir.path()).output().unwrap();
    let error = String::from_utf8(check.stderr).unwrap();
    assert!(!check.status.success() && error.contains("line 1") && error.contains("column"), "{error}");
    let mut edited: Value = serde_json::from_str(&good).unwrap();
    edited["users"]
        .as_array_mut()
        .unwrap()
        .push(json!({"username": "Eve", "password": "canary", "note": "the new one"}));
    std::fs::write(&file, edited.to_string()).unwrap();
    until_people(&mut alice, |event| event["people"][0]["username"] == "Eve");
    wait_for("the hash", || {
        let text = std::fs::read_to_string(&file).unwrap();
        !text.contains("canary") && text.contains("the new one")
    });
    assert_eq!(login(&server, "Eve", "canary")["result"], true);
}

#[test]
fn a_broken_file_stops_the_start_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("users.json"),
        "{\n  \"users\": [\n    {\"username\": \"Zoe\" \"password\": \"1\"}\n  ]\n}",
    )
    .unwrap();
    let (started, error) = start(dir.path());
    assert!(!started && error.contains("users.json") && error.contains("line 3"), "{error}");
}

#[test]
fn the_history_of_the_first_system_is_taken_over_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("history.json");
    let old = r#"{"conversations":[{"users":["Alice","Bob"],"messages":[{"from_user":"Alice","message":"old one"},{"from_user":"Bob","message":"old two"}]}]}"#;
    std::fs::write(&file, old).unwrap();
    std::fs::copy("users.json", dir.path().join("users.json")).unwrap();
    {
        let server = Server::start(dir.path());
        let mut alice = Peer::login(server.address, "Alice", "123");
        let page = alice.ask(&json!({"purpose": "fetch_history", "with_user": "Bob"}));
        let texts: Vec<_> =
            page["messages"].as_array().unwrap().iter().map(|message| message["message"].clone()).collect();
        assert_eq!(texts, ["old one", "old two"]);
    }
    let stored = records(dir.path()).iter().filter(|record| record["purpose"] == "receive_message").count();
    assert_eq!(stored, 2);
    assert_eq!(std::fs::read_to_string(dir.path().join("history.json.old")).unwrap(), old);
}

#[test]
fn an_old_history_of_somebody_unknown_stops_the_start_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("history.json");
    let old = r#"{"conversations":[{"users":["Alice","Zoe"],"messages":[{"from_user":"Zoe","message":"hi"}]}]}"#;
    std::fs::write(&file, old).unwrap();
    std::fs::copy("users.json", dir.path().join("users.json")).unwrap();
    let (started, error) = start(dir.path());
    assert!(!started && error.contains("Zoe") && error.contains("parlor user add"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), old);
}
