//! What becomes of messages, in lines: a tail for people, one for programs, a terminal, and what is said before anybody
//! looked. The real program against a real server.
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use support::{DEADLINE, PROGRAM, Peer, Server, wait_for};

/// The program as Bob, and what it prints.
struct Lines {
    child: Child,
    lines: Receiver<String>,
}

impl Lines {
    /// Starts one, and waits until it follows: Alice says something until a line of it comes.
    fn start(server: &Server, alice: &mut Peer, arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env("PARLOR_NAME", "Bob").env("PARLOR_PASSWORD", "456").env("TZ", "UTC");
        if arguments[0] != "--terminal" {
            command.args(["--connect", &server.address.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut lines = Self { child, lines };
        let mut n = 0;
        wait_for("a line", || {
            n += 1;
            let probe = format!("probe {n}!");
            alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": probe}));
            let first = lines.lines.recv_timeout(Duration::from_millis(20));
            first.is_ok_and(|line| {
                let mut line = line;
                // Those that came before the last one are still to come.
                while !line.contains(&probe) {
                    line = lines.next();
                }
                true
            })
        });
        lines
    }

    fn next(&mut self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line in time")
    }

    /// Types a line.
    fn line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line without its time, which is a word or two.
    fn said(&mut self, words: usize) -> String {
        self.next().splitn(words + 1, ' ').last().unwrap().to_owned()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server in a folder of its own, and Alice there.
fn begin() -> (tempfile::TempDir, Server, Peer) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let alice = Peer::login(server.address, "Alice", "123");
    (dir, server, alice)
}

/// How the program is started as a terminal at that server, with that folder for what it keeps.
fn terminal<'a>(address: &'a str, home: &'a tempfile::TempDir) -> [&'a str; 4] {
    ["--terminal", address, "--data-dir", home.path().to_str().unwrap()]
}

/// Alice says something to Bob; its place.
fn say(alice: &mut Peer, fields: Value) -> u64 {
    let mut request = json!({"purpose": "send_message", "to_user": "Bob"});
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let reply = alice.ask(&request);
    reply["seq"].as_u64().unwrap_or_else(|| panic!("{reply}"))
}

fn revise(alice: &mut Peer, purpose: &str, seq: u64, text: Option<&str>) {
    let mut request = json!({"purpose": purpose, "with_user": "Bob", "seq": seq});
    text.into_iter().for_each(|text| request["message"] = text.into());
    let reply = alice.ask(&request);
    assert_eq!(reply["result"], true, "{reply}");
}

#[test]
fn a_tail_and_a_terminal_tell_of_answers_edits_and_deletions() {
    let (_dir, server, mut alice) = begin();
    let (address, home) = (server.address.to_string(), tempfile::tempdir().unwrap());
    let terminal = terminal(&address, &home);
    // The time is two words for a script, which may run over midnight, and one for who is there.
    for (arguments, words, place) in [(&["tail"][..], 2, "Alice Alice"), (&terminal, 1, "[private] Alice")] {
        let mut lines = Lines::start(&server, &mut alice, arguments);
        let one = say(&mut alice, json!({"message": "are we on for Saturday?\nor Sunday?"}));
        assert_eq!(lines.said(words), format!("{place}: are we on for Saturday?"));
        assert_eq!(lines.next(), "    or Sunday?");
        let two = say(&mut alice, json!({"message": "yes", "reply_to": one}));
        assert_eq!(lines.said(words), format!("{place}: > Alice: are we on for Saturday?…"));
        assert_eq!(lines.next(), "    yes");
        revise(&mut alice, "edit_message", two, Some("no, \u{1b}[31msorry"));
        assert_eq!(lines.said(words), format!("{place}: > Alice: are we on for Saturday?…"));
        assert_eq!(lines.next(), "    no, ␛[31msorry (edited)");
        revise(&mut alice, "delete_message", one, None);
        let (chat, name) = place.split_once(' ').unwrap();
        assert_eq!(lines.said(words), format!("{chat} * {name} deleted a message"));
        let _ = say(&mut alice, json!({"message": "so be it"}));
        assert_eq!(lines.said(words), format!("{place}: so be it"), "each is told once");
    }
}

#[test]
fn one_answers_changes_and_takes_back_from_a_terminal() {
    let (_dir, server, mut alice) = begin();
    let (address, home) = (server.address.to_string(), tempfile::tempdir().unwrap());
    let terminal = terminal(&address, &home);
    let mut bob = Lines::start(&server, &mut alice, &terminal);
    let asked = say(&mut alice, json!({"message": "eight at the station?"}));
    assert_eq!(bob.said(1), "[private] Alice: eight at the station?");
    bob.line("/direct Alice");
    bob.line("/reply yes");
    let answer = alice.until("receive_message");
    assert_eq!((&answer["message"], &answer["reply_to"]), (&json!("yes"), &json!(asked)), "{answer}");
    assert_eq!(bob.said(1), "[to Alice] You: > Alice: eight at the station?");
    bob.line("/edit yes, and I bring the map");
    let edited = alice.until("message_edited");
    assert_eq!(
        (&edited["message_seq"], &edited["message"]),
        (&answer["seq"], &json!("yes, and I bring the map")),
        "{edited}"
    );
    wait_for("the new text", || bob.next().starts_with("    yes, and I bring the map (edited)"));
    // Another line between the two is a second thought.
    for line in ["/unsay", "/who", "/unsay", "/unsay"] {
        bob.line(line);
    }
    let deleted = alice.until("message_deleted");
    assert_eq!(deleted["message_seq"], answer["seq"], "{deleted}");
    let mut questions = 0;
    wait_for("the remark", || {
        let line = bob.next();
        questions += usize::from(line.starts_with("This takes “yes, and I bring the map” back"));
        line.ends_with("[to Alice] * You deleted a message")
    });
    assert_eq!(questions, 2);
}

#[test]
fn a_tail_for_programs_has_the_message_again_as_it_is() {
    let (_dir, server, mut alice) = begin();
    let mut lines = Lines::start(&server, &mut alice, &["tail", "--json"]);
    let mut next = || -> Value { serde_json::from_str(&lines.next()).unwrap() };
    let one = say(&mut alice, json!({"message": "one"}));
    let two = say(&mut alice, json!({"message": "two", "reply_to": one}));
    assert_eq!((next()["seq"].as_u64(), next()["reply_to"].as_u64()), (Some(one), Some(one)));
    revise(&mut alice, "edit_message", two, Some("two, changed"));
    let again = next();
    assert_eq!((&again["seq"], &again["message"]), (&json!(two), &json!("two, changed")), "{again}");
    assert!(again["edited"]["seq"].as_u64().unwrap() > two, "{again}");
    revise(&mut alice, "delete_message", one, None);
    let gone = next();
    assert_eq!((&gone["seq"], &gone["deleted"], &gone["message"]), (&json!(one), &json!(true), &json!("")), "{gone}");
}

#[test]
fn a_history_is_as_messages_are_now() {
    let (_dir, server, mut alice) = begin();
    let one = say(&mut alice, json!({"message": "one"}));
    let two = say(&mut alice, json!({"message": "two", "reply_to": one}));
    revise(&mut alice, "edit_message", two, Some("two, changed"));
    revise(&mut alice, "delete_message", one, None);
    let mut command = Command::new(PROGRAM);
    command.args(["history", "--chat", "Alice", "--connect", &server.address.to_string()]);
    command.env("PARLOR_NAME", "Bob").env("PARLOR_PASSWORD", "456").env("TZ", "UTC");
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let said: Vec<&str> = text.lines().map(|line| line.splitn(3, ' ').last().unwrap()).collect();
    let expected = ["Alice * Alice deleted a message", "Alice Alice: > a message that was deleted"];
    assert_eq!(said[..2], expected);
    assert!(text.ends_with("\n    two, changed (edited)\n"), "{text}");
}
