//! Files without a window: `parlor send --file`, and `/file` and `/save` with lines from a pipe.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{PROGRAM, Peer, Server, records};

/// The program as somebody, in a folder of theirs, with that for its standard input.
fn run(name: &str, password: &str, arguments: &[&str], folder: &Path, input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .current_dir(folder)
        .env("PARLOR_NAME", name)
        .env("PARLOR_PASSWORD", password)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn messages(dir: &Path) -> Vec<Value> {
    records(dir).into_iter().filter(|record| record["purpose"] == "receive_message").collect()
}

/// Bytes that are no text.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n * n / 251) as u8).collect()
}

#[test]
fn a_script_sends_a_file_and_returns_when_it_is_there() {
    let (dir, desk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    fs::write(desk.path().join("plan.bin"), content(500_000)).unwrap();
    let send = |arguments: &[&str]| {
        let arguments = [&["send", "--connect", &address], arguments].concat();
        let output = run("Alice", "123", &arguments, desk.path(), "");
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, problems) = send(&["--to", "Bob", "--everyone", "--file", "plan.bin", "--json", "the plan"]);
    assert_eq!(code, 0, "{problems}");
    let stored = messages(dir.path());
    assert_eq!(stored.len(), 2);
    for message in &stored {
        assert_eq!((&message["message"], &message["attachment"]["name"]), (&json!("the plan"), &json!("plan.bin")));
        assert_eq!(message["attachment"]["size"], 500_000);
    }
    let replies: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        replies.len() == 2 && replies.iter().all(|reply| reply["result"] == true && reply["seq"].is_u64()),
        "{out}"
    );
    // Whoever may see it can have it.
    let mut bob = Peer::login(server.address, "Bob", "456");
    let (mut fetched, file) = (Vec::new(), &stored[0]["attachment"]["file"]);
    while fetched.len() < 500_000 {
        let piece = bob.done("fetch_file", json!({"file": file, "offset": fetched.len()}));
        use base64::Engine as _;
        fetched.extend(base64::engine::general_purpose::STANDARD.decode(piece["data"].as_str().unwrap()).unwrap());
    }
    assert!(fetched == content(500_000));

    let (code, ..) = send(&["--to", "Bob", "--file", "plan.bin"]);
    assert_eq!((code, messages(dir.path()).len()), (0, 3), "a file needs no text");
    for (arguments, words) in [
        (["--to", "Bob", "--file", "none.bin"], "none.bin is not there"),
        (["--to", "Bob", "--file", "."], "is a folder"),
        (["--to", "Bbo", "--file", "plan.bin"], "Did you mean Bob?"),
    ] {
        let (code, _, problems) = send(&arguments);
        assert!(code == 3 && problems.contains(words), "{code}: {problems}");
    }
    assert_eq!(messages(dir.path()).len(), 3);
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn lines_send_files_and_save_them_without_replacing_any() {
    let (dir, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let folder = |name: &str| {
        let path = home.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let (alice, bob, desk) = (folder("alice"), folder("bob"), folder("desk"));
    let chat = |name: &str, password: &str, data: &Path, input: &str| {
        let arguments = ["--terminal", &address, "--data-dir", data.to_str().unwrap()];
        let output = run(name, password, &arguments, &desk, input);
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    fs::write(desk.join("my plan.bin"), content(1_000_000)).unwrap();
    fs::write(desk.join("other.txt"), "other").unwrap();
    let (code, out, problems) = chat("Alice", "123", &alice, "/direct Bob\n/file my\\ plan.bin\n/file 'other.txt'\n");
    assert_eq!((code, problems.as_str()), (0, ""), "{out}");
    let names: Vec<_> = messages(dir.path()).iter().map(|it| it["attachment"]["name"].clone()).collect();
    assert_eq!(names, ["my plan.bin", "other.txt"], "both are there when the pipe has ended");

    let (code, out, problems) = chat("Bob", "456", &bob, "/direct Alice\n/history\n/save plan\n");
    assert_eq!((code, problems.as_str()), (0, ""), "{out}");
    assert!(out.contains("[file my plan.bin, 1.0 MB]"), "{out}");
    let saved = desk.join("my plan (2).bin");
    assert!(out.contains(&format!("Saved as {}.", saved.display())), "{out}");
    assert!(fs::read(&saved).unwrap() == content(1_000_000));
    let (code, out, _) = chat("Bob", "456", &bob, "/direct Alice\n/history\n/save\n");
    assert!(code == 0 && out.contains("other (2).txt"), "the last one: {out}");

    let input = "/file none.bin\n/save\n/direct Alice\n/history\n/save nothing\n";
    let (code, _, problems) = chat("Bob", "456", &bob, input);
    assert_eq!(code, 3);
    for words in ["none.bin is not there", "No file is among", "No file “nothing” is among"] {
        assert!(problems.contains(words), "{words}: {problems}");
    }
}
