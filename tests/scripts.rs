//! Commands for scripts, as a script sees them: the real program against a real server, exit codes, pipes and JSON.
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use support::{DEADLINE, PROGRAM, Peer, Server, records, wait_for};

/// The program as Alice, with the password that she has.
fn alice(server: &Server, arguments: &[&str]) -> Command {
    parlor(server, arguments, "Alice", "123")
}

fn parlor(server: &Server, arguments: &[&str], name: &str, password: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--connect", &server.address.to_string()]);
    command.env("PARLOR_NAME", name).env("PARLOR_PASSWORD", password).env("TZ", "UTC");
    command.stdin(Stdio::null());
    command
}

fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who refuses a text at its first bytes may be gone before the last.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("killed: {output:?}"))
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A `tail` as Bob.
struct Tail {
    child: Child,
    lines: Receiver<String>,
}

impl Tail {
    /// Starts one, and waits until it follows: Alice says something to Bob until a line of it comes.
    fn start(server: &Server, alice: &mut Peer, arguments: &[&str]) -> Self {
        let mut child = Self::spawn(server, arguments);
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut tail = Self { child, lines };
        let mut n = 0;
        wait_for("a line of the tail", || {
            n += 1;
            alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": format!("probe {n}!")}));
            tail.lines.recv_timeout(Duration::from_millis(20)).is_ok_and(|line| {
                // Those that came before the last one are still to come.
                line.contains(&format!("probe {n}!")) || tail.until(&format!("probe {n}!"))
            })
        });
        tail
    }

    fn spawn(server: &Server, arguments: &[&str]) -> Child {
        let mut command = parlor(server, &["tail"], "Bob", "456");
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn next(&mut self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line in time")
    }

    /// Passes over lines up to the one with these words.
    fn until(&mut self, words: &str) -> bool {
        while !self.next().contains(words) {}
        true
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_sent_is_on_the_disk_when_the_command_returns() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let output = alice(&server, &["send", "--to", "bob", "hello"]).output().unwrap();
    assert_eq!((code(&output), out(&output), error(&output)), (0, String::new(), String::new()));
    let stored = records(dir.path());
    let message = stored.iter().find(|record| record["purpose"] == "receive_message").unwrap();
    assert_eq!((&message["to_user"], &message["message"]), (&json!("Bob"), &json!("hello")));

    let output = alice(&server, &["send", "--everyone", "--json", "good\nmorning"]).output().unwrap();
    let reply: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&reply["purpose"], &reply["result"]), (&json!("send_message"), &json!(true)));
    let found = records(dir.path()).into_iter().find(|record| record["seq"] == reply["seq"]).unwrap();
    assert_eq!((&found["everyone"], &found["message"]), (&json!(true), &json!("good\nmorning")));

    let output = alice(&server, &["send", "--to", "Bob", "--to", "Charlie", "--to", "BOB", "--json", "both"]).output();
    let reply: Value = serde_json::from_str(&out(&output.unwrap())).unwrap();
    assert_eq!(reply["outcomes"].as_array().unwrap().len(), 2, "{reply}");
}

#[test]
fn standard_input_is_the_text_when_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let output = piped(alice(&server, &["send", "--to", "Bob"]), "one\n  two ✓\n".as_bytes());
    assert_eq!(code(&output), 0, "{}", error(&output));
    let texts: Vec<Value> = records(dir.path()).iter().map(|record| record["message"].clone()).collect();
    assert!(texts.contains(&json!("one\n  two ✓")), "{texts:?}");

    for (input, expected, why) in [
        (vec![b'x'; 16 * 1024 + 1], 3, "16384"),
        (vec![b'x'; 1024 * 1024], 3, "16384"),
        (b" \n".to_vec(), 3, ""),
        (Vec::new(), 3, ""),
        (vec![0xff, b'x'], 1, "UTF-8"),
    ] {
        let output = piped(alice(&server, &["send", "--to", "Bob"]), &input);
        assert_eq!(code(&output), expected, "{}", error(&output));
        assert!(error(&output).contains(why), "{}", error(&output));
    }
    let most = [vec![b'x'; 16 * 1024], b"\r\n".to_vec()].concat();
    assert_eq!(code(&piped(alice(&server, &["send", "--to", "Bob"]), &most)), 0, "the longest one, and its line break");
}

#[test]
fn the_exit_code_says_what_went_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let run = |arguments: &[&str]| alice(&server, arguments).output().unwrap();
    for (arguments, expected, said) in [
        (&["send", "hello"][..], 2, "--to"),
        (&["send", "--to", "Bob", "--timeout", "0", "x"], 2, "timeout"),
        (&["send", "--to", "Bbo", "x"], 3, "Did you mean Bob?"),
        (&["send", "--to", "Bob", "--to", "Nobody", "x"], 3, "Nobody"),
        (&["send", "--group", "Hike", "x"], 3, "Hike"),
        (&["history", "--chat", "Hike"], 3, "Hike"),
        (&["tail", "--chat", "evryone"], 3, "Did you mean Everyone?"),
        (&["who", "--credentials", "/nonexistent"], 1, "/nonexistent"),
        (&["--server", "who"], 2, "--server"),
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", error(&output));
        assert!(error(&output).contains(said), "{arguments:?}: {}", error(&output));
    }
    let stored = records(dir.path());
    assert!(stored.iter().all(|record| record["purpose"] != "receive_message"), "all receivers or none: {stored:?}");

    let output = parlor(&server, &["who"], "Alice", "wrong").output().unwrap();
    assert_eq!((code(&output), error(&output).contains("password")), (3, true));
    let mut unnamed = Command::new(PROGRAM);
    let unnamed = unnamed.arg("who").env_remove("PARLOR_NAME").env_remove("PARLOR_PASSWORD").stdin(Stdio::null());
    assert_eq!(unnamed.output().unwrap().status.code(), Some(2));

    // Nobody listens there, and one who listens and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    for address in ["127.0.0.1:1", &address] {
        let mut command = Command::new(PROGRAM);
        command.args(["who", "--timeout", "1", "--connect", address]);
        let output = command.env("PARLOR_NAME", "Alice").env("PARLOR_PASSWORD", "123").output().unwrap();
        assert_eq!(code(&output), 4, "{}", error(&output));
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_acknowledged_in_time_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    // It stops when the message is on its way: between the sender and the disk stands a relay that lets nothing more
    // through once a message comes.
    let relay = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = relay.local_addr().unwrap().to_string();
    let upstream = server.address;
    std::thread::spawn(move || {
        use std::io::Read as _;
        let (mut client, _) = relay.accept().unwrap();
        let mut onward = std::net::TcpStream::connect(upstream).unwrap();
        let (mut back, mut from) = (client.try_clone().unwrap(), onward.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut back));
        let mut piece = [0; 65_536];
        while let Ok(count @ 1..) = client.read(&mut piece) {
            if piece[..count].windows(12).any(|window| window == b"send_message") {
                // Held for as long as the test lives.
                std::thread::park();
            }
            onward.write_all(&piece[..count]).unwrap();
        }
    });
    let mut command = Command::new(PROGRAM);
    command.args(["send", "--to", "Bob", "--timeout", "2", "lost?", "--connect", &address]);
    let output = command.env("PARLOR_NAME", "Alice").env("PARLOR_PASSWORD", "123").output().unwrap();
    assert_eq!(code(&output), 5, "{}", error(&output));
    assert!(error(&output).contains("may or may not"), "{}", error(&output));
}

#[test]
fn credentials_come_from_a_file_that_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let file = dir.path().join("bob.json");
    std::fs::write(&file, r#"{"username": "Bob", "password": "456"}"#).unwrap();
    let run = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        alice(&server, &["who", "--credentials", file.to_str().unwrap()]).output().unwrap()
    };
    let output = run(0o644);
    assert!(code(&output) == 1 && error(&output).contains("chmod 600"), "{}", error(&output));
    let output = run(0o600);
    assert_eq!(code(&output), 0, "{}", error(&output));
    assert!(out(&output).contains("Bob (you)"), "{}", out(&output));
}

#[test]
fn a_tail_prints_what_comes_line_by_line_and_never_what_a_terminal_would_obey() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::login(server.address, "Alice", "123");
    peer.ask(&json!({"purpose": "send_message", "everyone": true, "message": "before"}));
    let mut tail = Tail::start(&server, &mut peer, &[]);
    let say = |peer: &mut Peer, to: Value, text: &str| {
        let mut request = json!({"purpose": "send_message", "message": text});
        request.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
        assert_eq!(peer.ask(&request)["result"], true);
    };
    let everyone = || json!({"everyone": true});
    say(&mut peer, everyone(), "first");
    let line = tail.next();
    let (time, rest) = line.split_at("2026-11-21 18:02".len());
    assert_eq!(rest, " Everyone Alice: first");
    assert!(time.chars().all(|c| c.is_ascii_digit() || " -:".contains(c)), "{time:?}");
    say(&mut peer, json!({"to_user": "Bob"}), "two\nlines");
    say(&mut peer, everyone(), "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m 2026-11-21 18:02 Everyone Bob: I owe you");
    assert!(tail.next().ends_with(" Alice Alice: two"));
    assert_eq!(tail.next(), "    lines");
    let line = tail.next();
    assert!(line.contains(" Everyone Alice: ␛[2J␛]0;x␇") && !line.contains(char::is_control), "{line:?}");
}

#[test]
fn a_tail_of_one_chat_in_json_is_what_the_protocol_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::login(server.address, "Alice", "123");
    let mut tail = Tail::start(&server, &mut peer, &["--json", "--chat", "alice"]);
    for to in [json!({"everyone": true}), json!({"to_user": "Bob"})] {
        let mut request = json!({"purpose": "send_message", "message": "hi"});
        request.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
        peer.ask(&request);
    }
    let event: Value = serde_json::from_str(&tail.next()).unwrap();
    assert_eq!(event["purpose"], "receive_message");
    assert_eq!(
        (&event["from_user"], &event["to_user"], &event["message"]),
        (&json!("Alice"), &json!("Bob"), &json!("hi"))
    );
    assert!(event["seq"].is_u64() && event["at"].is_i64(), "{event}");
}

#[test]
fn a_tail_tells_how_far_others_have_come_if_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::login(server.address, "Alice", "123");
    let mut tail = Tail::start(&server, &mut peer, &["--json", "--receipts"]);
    // What does not want them sees none, and text has none.
    let mut plain = Tail::start(&server, &mut peer, &["--json"]);
    assert_eq!(code(&parlor(&server, &["tail", "--receipts"], "Bob", "456").output().unwrap()), 2);
    for (to, chat) in [(["--to", "Alice"].as_slice(), json!({"with": 2})), (&["--everyone"], json!({"everyone": true}))]
    {
        let mut send = parlor(&server, &["send", "--json", "hello"], "Bob", "456");
        let sent: Value = serde_json::from_str(&out(&send.args(to).output().unwrap())).unwrap();
        peer.ask(&json!({"purpose": "mark_delivered", "seq": sent["seq"]}));
        let mut request = json!({"purpose": "mark_read", "seq": sent["seq"]});
        let place = if chat["with"].is_null() { chat.clone() } else { json!({"with_user": "Bob"}) };
        request.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        peer.ask(&request);
        let mut steps = Vec::new();
        while steps.len() < 2 {
            let event: Value = serde_json::from_str(&tail.next()).unwrap();
            if event["purpose"] != "receive_message" {
                steps.push(event);
            }
        }
        let delivered = json!({"purpose": "delivered_message", "by": 1, "upto": sent["seq"]});
        let mut read = json!({"purpose": "read_message", "by": 1, "upto": sent["seq"]});
        // With whom is said as the one who has read knows the chat.
        read.as_object_mut().unwrap().extend(chat.as_object().unwrap().clone());
        assert_eq!(steps, [delivered, read]);
    }
    peer.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": "the last"}));
    loop {
        let line = plain.next();
        assert!(line.contains("receive_message"), "{line}");
        if line.contains("the last") {
            break;
        }
    }
}

#[test]
fn a_script_is_there_as_somebody_who_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::login(server.address, "Alice", "123");
    let mut tail = Tail::spawn(&server, &[]);
    let is_bob = |person: &&Value| person["username"] == "Bob";
    while peer.until("people")["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_bob)
        .is_none_or(|bob| bob["status"] != "away")
    {}
    tail.kill().unwrap();
    tail.wait().unwrap();
    while peer.until("people")["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_bob)
        .is_none_or(|bob| bob["status"] != "offline")
    {}
}

#[test]
fn a_tail_ends_in_peace_when_its_reader_has_gone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::login(server.address, "Alice", "123");
    let mut tail = Tail::spawn(&server, &[]);
    drop(tail.stdout.take());
    let mut ended = None;
    wait_for("the end of the tail", || {
        peer.ask(&json!({"purpose": "send_message", "everyone": true, "message": "anybody?"}));
        ended = tail.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut tail.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn a_tail_goes_on_where_it_was_after_the_server_was_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut peer = Peer::login(server.address, "Alice", "123");
    let mut tail = Tail::start(&server, &mut peer, &[]);
    peer.ask(&json!({"purpose": "send_message", "everyone": true, "message": "before"}));
    assert!(tail.next().ends_with("before"));
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &tail.child.id().to_string()]).status().unwrap().success());
    };
    signal("-STOP");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let server = Server::start_on(dir.path(), &address);
    let mut peer = Peer::login(server.address, "Alice", "123");
    // More than comes by itself, so that pages must be asked for.
    let count = parlor::proto::limits::RESUME_MAX_RECORDS + 300;
    for n in 0..count {
        peer.ask(&json!({"purpose": "send_message", "everyone": true, "message": format!("m{n}")}));
    }
    signal("-CONT");
    for n in 0..count {
        let line = tail.next();
        assert!(line.ends_with(&format!("Alice: m{n}")), "{n}: {line}");
    }
}

#[test]
fn history_is_oldest_first_and_as_long_as_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = Peer::login(server.address, "Bob", "456");
    for n in 0..130 {
        peer.ask(&json!({"purpose": "send_message", "to_user": "Alice", "message": format!("m{n}")}));
    }
    for (limit, first) in [("1", 129), ("120", 10), ("1000", 0)] {
        let output = alice(&server, &["history", "--chat", "@bob", "--json", "--limit", limit]).output().unwrap();
        let texts: Vec<Value> =
            out(&output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone()).collect();
        let expected: Vec<Value> = (first..130).map(|n| json!(format!("m{n}"))).collect();
        assert_eq!(texts, expected, "{limit}");
    }
    let unread = peer.ask(&json!({"purpose": "fetch_receipts", "with_user": "Alice", "seq": 4}));
    assert_eq!(unread["read"], json!([]), "a script reads nothing: {unread}");
}

#[test]
fn who_names_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let _bob = Peer::login(server.address, "Bob", "456");
    let text = out(&alice(&server, &["who"]).output().unwrap());
    assert!(text.contains("Bob: online\n") && text.contains("Charlie: offline\n"), "{text}");
    let people = out(&alice(&server, &["who", "--json"]).output().unwrap());
    let people: Vec<Value> = people.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&Value> = people.iter().map(|person| &person["username"]).collect();
    assert_eq!(names, ["Alice", "Bob", "Charlie"]);
    assert_eq!((&people[1]["status"], &people[1]["id"]), (&json!("online"), &json!(2)));
}

#[test]
fn a_shell_and_a_reader_of_manuals_are_served() {
    let print = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", error(&output));
        out(&output)
    };
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef parlor"), ("fish", "complete -c parlor")] {
        let script = print(&["completions", shell]);
        assert!(script.contains(word) && script.contains("history"), "{shell}: {script}");
    }
    let page = print(&["man"]);
    for part in [".TH", "PARLOR SEND", "timeout", "EXIT"] {
        assert!(page.to_uppercase().contains(&part.to_uppercase()), "{part}: {page}");
    }
    assert!(print(&["send", "--help"]).contains("5  sent, but not acknowledged in time"));
}

#[test]
fn a_server_that_was_not_met_before_is_not_believed_without_its_fingerprint() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let own = tempfile::tempdir().unwrap();
    let who = |more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.arg("--data-dir").arg(own.path()).arg("who").args(more);
        command.args(["--connect", &format!("tls://{}", server.address)]).stdin(Stdio::null());
        command.env("PARLOR_NAME", "Alice").env("PARLOR_PASSWORD", "123").output().unwrap()
    };
    let refused = who(&[]);
    assert_eq!(code(&refused), 3);
    let said = error(&refused);
    let (_, fingerprint) = said.trim().rsplit_once("--fingerprint ").unwrap_or_else(|| panic!("{said}"));
    let welcome =
        Peer::connect(server.address).ask(&json!({"purpose": "login", "username": "Alice", "password": "123"}));
    assert_eq!(welcome["fingerprint"], fingerprint);

    let other = who(&["--fingerprint", "0000-0000-0000-0000-0000-0000-0000-0000"]);
    assert_eq!(code(&other), 3);
    assert!(error(&other).contains("was said to have"), "{}", error(&other));
    assert_eq!(code(&who(&["--fingerprint", "abc"])), 2);
    assert_eq!(code(&who(&["--fingerprint", fingerprint])), 0, "and from then on it is known");
    let known = who(&[]);
    assert!(code(&known) == 0 && out(&known).contains("Bob"), "{}", error(&known));
}
