//! The chat in lines, as somebody at a terminal sees it: the real program on a pseudo-terminal of `script`, and what is on
//! its screen; and with lines from a pipe.
#![cfg(unix)]

mod support;

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use serde_json::{Value, json};
use support::{DEADLINE, PROGRAM, Peer, Server, records, wait_for};

/// A terminal with the program on it. Tall, so that nothing of what was said scrolls away.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    came: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Every byte that came.
    bytes: Vec<u8>,
    /// The file that has the name of the terminal.
    tty: tempfile::NamedTempFile,
}

impl Terminal {
    fn start(address: &str, dir: &std::path::Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new("script");
        let run = "stty rows 200 cols 100; tty > \"$TTY_NAME\"; exec \"$PARLOR\" --terminal \"$ADDRESS\" --data-dir \"$DIRECTORY\" $MORE";
        command.args(["-qefc", run, "/dev/null"]);
        command.env("SHELL", "/bin/sh").env("TERM", "xterm-256color").env("TZ", "UTC").env_remove("NO_COLOR");
        command.env_remove("PARLOR_NAME").env_remove("PARLOR_PASSWORD");
        command.env("PARLOR", PROGRAM).env("ADDRESS", address).env("DIRECTORY", dir);
        let tty = tempfile::NamedTempFile::new().unwrap();
        command.env("TTY_NAME", tty.path());
        command.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let (send, came) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                if send.send(piece[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keys, came, screen: vt100::Parser::new(size(200), size(100), 0), bytes: Vec::new(), tty }
    }

    /// Somebody who is logged in and has the prompt of everyone before them.
    fn login(server: &Server, dir: &std::path::Path, name: &str, password: &str) -> Self {
        let mut terminal = Self::start(&server.address.to_string(), dir, &[]);
        terminal.answer_questions(name, password);
        terminal.until("the prompt", |text| last(text) == "Everyone>");
        terminal
    }

    fn answer_questions(&mut self, name: &str, password: &str) {
        self.until("being asked for a name", |text| last(text) == "Name:");
        self.press(&format!("{name}\r"));
        self.until("being asked for a password", |text| last(text) == "Password:");
        // The prompt comes a moment before the echo goes.
        let name = std::fs::read_to_string(self.tty.path()).unwrap();
        wait_for("no echo", || {
            let settings = Command::new("stty").args(["-F", name.trim(), "-a"]).output().unwrap();
            String::from_utf8(settings.stdout).unwrap().contains(" -echo ")
        });
        self.press(&format!("{password}\r"));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Types a line.
    fn line(&mut self, line: &str) {
        self.press(&format!("{line}\r"));
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits for the screen to be as wanted.
    fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        while !holds(&self.text()) {
            let left = DEADLINE.saturating_sub(begin.elapsed());
            match self.came.recv_timeout(left) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.bytes.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("waited in vain for {what}:\n{}", self.text())
                }
            }
        }
    }

    fn sees(&mut self, words: &str) {
        self.until(words, |text| text.contains(words));
    }

    /// Waits for the end, and gives the exit code.
    fn end(mut self) -> (i32, String) {
        let begin = Instant::now();
        while let Ok(bytes) = self.came.recv_timeout(DEADLINE.saturating_sub(begin.elapsed())) {
            self.screen.process(&bytes);
        }
        (self.child.wait().unwrap().code().unwrap(), self.text())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// The last line with anything in it.
fn last(text: &str) -> &str {
    text.trim_end().lines().next_back().unwrap_or_default().trim_end()
}

fn say(peer: &mut Peer, to: Value, text: &str) -> u64 {
    let mut request = json!({"purpose": "send_message", "message": text});
    request.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
    peer.ask(&request)["seq"].as_u64().unwrap()
}

/// All that was said, in the order of the log.
fn texts(dir: &std::path::Path) -> Vec<String> {
    records(dir).iter().filter_map(|record| record["message"].as_str().map(str::to_owned)).collect()
}

fn everyone() -> Value {
    json!({"everyone": true})
}

#[test]
fn a_password_is_not_shown_and_a_wrong_one_is_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&server.address.to_string(), home.path(), &[]);
    terminal.answer_questions("alice", "not-the-password");
    terminal.sees("Wrong name or password");
    terminal.answer_questions("alice", "123");
    terminal.until("the prompt", |text| text.contains("You are Alice.") && last(text) == "Everyone>");
    let text = terminal.text();
    assert!(!text.contains("not-the-password") && !text.contains("123"), "{text}");
    terminal.press("\u{4}");
    assert_eq!(terminal.end().0, 0, "Ctrl+D leaves");
}

#[test]
fn who_is_there_and_what_was_missed_is_told_first() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut bob = Peer::login(server.address, "Bob", "456");
    say(&mut bob, everyone(), "while you were out");
    let seq = say(&mut bob, json!({"to_user": "Alice"}), "for you alone");
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    terminal.sees("Online: Bob.");
    terminal.sees("Unread: 1 in Everyone, 1 in Bob.");
    terminal.sees("[Everyone] Bob: while you were out");
    terminal.sees("[private] Bob: for you alone");
    let receipts = |bob: &mut Peer| bob.ask(&json!({"purpose": "fetch_receipts", "with_user": "Alice", "seq": seq}));
    assert_eq!(receipts(&mut bob)["read"], json!([]), "it was shown, and nobody has come to it yet");
    terminal.line("/direct bob");
    terminal.until("the prompt of Bob", |text| last(text) == "Bob>");
    // Whoever types has seen the chat that they were in, too.
    while bob.until("read_message")["upto"] != seq {}
}

#[test]
fn a_message_that_comes_leaves_what_is_being_typed_whole() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    terminal.sees("* Bob is online");
    terminal.press("half a li");
    terminal.until("what was typed", |text| last(text) == "Everyone> half a li");
    for n in 0..20 {
        say(&mut bob, everyone(), &format!("news {n}"));
    }
    terminal.until("the news, and the line below", |text| {
        text.contains("Bob: news 19") && last(text) == "Everyone> half a li"
    });
    let text = terminal.text();
    assert_eq!(text.matches("half a li").count(), 1, "{text}");
    for n in 0..20 {
        let whole = |line: &str| line.ends_with(&format!("[Everyone] Bob: news {n}")) && line.as_bytes()[2] == b':';
        assert_eq!(text.lines().filter(|line| whole(line)).count(), 1, "{n}: {text}");
    }
    terminal.line("ne");
    terminal.sees("You: half a line ✓");
    let sent = bob.until("receive_message");
    assert_eq!(sent["message"], "half a line");
}

#[test]
fn private_texts_go_to_one_person_and_receipts_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    terminal.line("@Bob between us");
    let message = bob.until("receive_message");
    assert_eq!((&message["to_user"], &message["message"]), (&json!("Bob"), &json!("between us")));
    terminal.sees("[to Bob] You: between us ✓");
    terminal.line("bob: and this");
    let message = bob.until("receive_message");
    assert_eq!((&message["to_user"], &message["message"]), (&json!("Bob"), &json!("and this")));
    terminal.sees("[to Bob] You: and this ✓");
    bob.ask(&json!({"purpose": "mark_read", "with_user": "Alice", "seq": message["seq"]}));
    terminal.sees("✓✓ Bob has read: and this");
    terminal.line("@Bbo a secret");
    terminal.sees("There is nobody called “Bbo”. Did you mean Bob? Nothing was sent.");
    terminal.line("/hsitory");
    terminal.sees("There is no /hsitory. Did you mean /history?");
    assert_eq!(texts(dir.path()), ["between us", "and this"]);
    terminal.line("\\q");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_group_is_made_lived_in_and_left() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    terminal.line("/new Weekend hike");
    terminal.until("the prompt of the group", |text| last(text) == "Weekend hike>");
    terminal.line("/add Bob, Charlie");
    terminal.sees("* You added Bob and Charlie");
    terminal.line("Who drives?");
    let message = bob.until("receive_message");
    assert_eq!(message["message"], "Who drives?");
    let group = message["group"].clone();
    say(&mut bob, json!({"group": group}), "I do");
    terminal.sees("[Weekend hike] Bob: I do");
    terminal.line("/rename Long hike");
    terminal.until("the new name", |text| last(text) == "Long hike>");
    terminal.line("/kick charlie");
    terminal.sees("* You removed Charlie");
    terminal.line("/groups");
    terminal.sees("Long hike: Alice (owner), Bob");
    terminal.line("/everyone");
    terminal.until("the prompt of everyone", |text| last(text) == "Everyone>");
    terminal.line("/group long hike");
    terminal.line("/history 3");
    terminal.until("the history", |text| text.matches("* You removed Charlie").count() == 2);
    terminal.line("/delete Long hike");
    terminal.until("the end of the group", |text| text.contains("Long hike is deleted.") && last(text) == "Everyone>");
    terminal.line("/kick Bob");
    terminal.sees("/group NAME");
}

#[test]
fn a_line_that_was_typed_while_the_server_was_away_is_delivered_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path());
    let address = server.address.to_string();
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    terminal.sees("Connection lost, trying again in");
    terminal.line("kept for later");
    terminal.sees("waits for the connection: kept for later");
    terminal.line("@Bob this too");
    terminal.sees("for Bob, waits for the connection: this too");
    terminal.line("/edit another text");
    terminal.sees("Not changed: your last message is not on the server yet.");
    let server = Server::start_on(dir.path(), &address);
    terminal.sees("Online again.");
    terminal.sees("You: kept for later ✓");
    terminal.sees("[to Bob] You: this too ✓");
    let text = terminal.text();
    assert_eq!((text.matches("Connection lost").count(), text.matches("Online again").count()), (1, 1), "{text}");
    let mut bob = Peer::login(server.address, "Bob", "456");
    let page = bob.ask(&json!({"purpose": "fetch_history", "with_user": "Alice"}));
    assert_eq!(page["messages"].as_array().unwrap().len(), 1, "{page}");
}

#[test]
fn what_is_not_sent_when_one_leaves_is_sent_the_next_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path());
    let address = server.address.to_string();
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    terminal.sees("Connection lost");
    terminal.line("not lost");
    terminal.sees("waits for the connection: not lost");
    terminal.line("/leave");
    let (code, text) = terminal.end();
    assert!(code == 0 && text.contains("One message waits to be sent"), "{code}: {text}");
    let server = Server::start_on(dir.path(), &address);
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    terminal.sees("One message that you left unsent goes out with this connection.");
    terminal.line("and on");
    terminal.sees("You: and on ✓");
    assert_eq!(texts(dir.path()), ["not lost", "and on"]);
}

#[test]
fn nobody_moves_the_cursor_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    let mut bob = Peer::login(server.address, "Bob", "456");
    say(&mut bob, everyone(), "\u{1b}[2J\u{1b}[H\u{1b}]0;owned\u{7}\r18:00 [private] Charlie: pay him\u{202e}gpj");
    say(&mut bob, everyone(), "done");
    terminal.sees("Bob: done");
    let text = terminal.text();
    assert!(text.contains("You are Alice.") && text.contains("␛[2J␛[H␛]0;owned␇"), "{text}");
    assert!(text.contains("\n    18:00 [private] Charlie: pay himgpj"), "a line of his own is indented: {text}");
    let bytes = String::from_utf8_lossy(&terminal.bytes).into_owned();
    assert!(!bytes.contains("\u{1b}[2J") && !bytes.contains('\u{7}') && !bytes.contains('\u{202e}'), "{bytes:?}");
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (environment, coloured) in [(&[("NO_COLOR", "1")][..], false), (&[][..], true)] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = Terminal::start(&server.address.to_string(), home.path(), environment);
        terminal.answer_questions("Alice", "123");
        terminal.until("the prompt", |text| last(text) == "Everyone>");
        terminal.line("hello");
        terminal.sees("You: hello ✓");
        let bytes = String::from_utf8_lossy(&terminal.bytes).into_owned();
        // Those that choose colours and weights end in `m`.
        let chooses = bytes
            .split("\u{1b}[")
            .skip(1)
            .any(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'));
        assert_eq!(chooses, coloured, "{bytes:?}");
    }
}

#[test]
fn tab_completes_names_and_commands() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    terminal.press("/dir\t");
    terminal.until("the command", |text| last(text) == "Everyone> /direct");
    terminal.press("cha\t");
    terminal.until("the name", |text| last(text) == "Everyone> /direct Charlie");
    terminal.press("\r");
    terminal.until("the prompt of Charlie", |text| last(text) == "Charlie>");
    terminal.line("see you at eight");
    terminal.sees("You: see you at eight ✓");
    terminal.press("/edit \t");
    terminal.until("the text", |text| last(text) == "Charlie> /edit see you at eight");
    terminal.press("\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}nine\r");
    terminal.sees("You: see you at nine (edited) ✓");
    // Ctrl+C takes a line back.
    terminal.press("never sent\u{3}");
    terminal.until("the hint", |text| text.contains("Ctrl+D or \\q leaves.") && last(text) == "Charlie>");
    terminal.line("exit");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(texts(dir.path()), ["see you at eight", "see you at nine"]);
}

#[test]
fn lines_that_come_at_once_are_all_sent_and_a_paste_is_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::login(&server, home.path(), "Alice", "123");
    let lines: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
    terminal.press(&(lines.join("\r") + "\r"));
    terminal.sees("You: line 29 ✓");
    terminal.press("\u{1b}[200~first\nsecond\u{1b}[201~\r");
    terminal.sees("You: first\n    second ✓");
    let expected: Vec<String> = lines.into_iter().chain(["first\nsecond".into()]).collect();
    assert_eq!(texts(dir.path()), expected);
}

#[test]
fn without_an_address_it_hosts_on_this_computer() {
    // A port that was free a moment ago, so that nobody else's server answers.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = format!("--listen {port}");
    let home = tempfile::tempdir().unwrap();
    let mut terminal =
        Terminal::start("", home.path(), &[("PARLOR_NAME", "Alice"), ("PARLOR_PASSWORD", "123"), ("MORE", &listen)]);
    terminal.until("the prompt", |text| text.contains("You are Alice.") && last(text) == "Everyone>");
    terminal.line("hello, me");
    terminal.sees("You: hello, me ✓");
    terminal.press("\u{4}");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(texts(home.path()), ["hello, me"]);
}

fn pipe(address: &str, dir: &std::path::Path, input: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(PROGRAM)
        .args(["--terminal", address, "--data-dir"])
        .arg(dir)
        .env("PARLOR_NAME", "Alice")
        .env("PARLOR_PASSWORD", "123")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn lines_from_a_pipe_are_sent_as_if_they_were_typed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut bob = Peer::login(server.address, "Bob", "456");
    say(&mut bob, json!({"to_user": "Alice"}), "unread");
    let home = tempfile::tempdir().unwrap();
    let input: String = (0..50).map(|n| format!("line {n}\n")).collect::<String>() + "@Bob psst\n\\q\nnever\n";
    let (code, text, problems) = pipe(&address, home.path(), input.as_bytes());
    assert_eq!((code, problems.as_str()), (0, ""), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours in a pipe: {text:?}");
    let expected: Vec<String> =
        ["unread".into()].into_iter().chain((0..50).map(|n| format!("line {n}"))).chain(["psst".into()]).collect();
    assert_eq!(texts(dir.path()), expected);

    let long = "x".repeat(40_000) + "\nafter\n@Bbo hi\n";
    let (code, _, problems) = pipe(&address, home.path(), long.as_bytes());
    assert_eq!(code, 3, "{problems}");
    assert!(problems.contains("16384") && problems.contains("Did you mean Bob?"), "{problems}");
    assert_eq!(texts(dir.path()).last().unwrap(), "after", "one bad line holds up no other");
    let list = bob.ask(&json!({"purpose": "fetch_receipts", "with_user": "Alice", "seq": 4}));
    assert_eq!(list["read"], json!([]), "a pipe reads nothing: {list}");

    let (code, ..) = pipe("127.0.0.1:1", tempfile::tempdir().unwrap().path(), b"hello\n");
    assert_eq!(code, 4);
}

#[test]
fn a_server_that_was_not_met_before_is_asked_about_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let own = tempfile::tempdir().unwrap();
    let address = format!("tls://{}", server.address);
    let mut alice = Terminal::start(&address, own.path(), &[]);
    alice.answer_questions("Alice", "123");
    alice.sees("Do they match? Type yes to connect:");
    alice.line("perhaps");
    let (code, text) = alice.end();
    assert!(code == 4 && text.contains("Nothing was sent to it."), "{code}: {text}");

    let mut alice = Terminal::start(&address, own.path(), &[]);
    alice.answer_questions("Alice", "123");
    alice.sees("Do they match? Type yes to connect:");
    alice.line("yes");
    alice.until("the prompt", |text| last(text) == "Everyone>");
    alice.line("\\q");
    assert_eq!(alice.end().0, 0);
    let (code, _, errors) = pipe(&address, own.path(), b"hello\n");
    assert_eq!((code, errors.as_str()), (0, ""), "it is known now");
    assert_eq!(texts(dir.path()), ["hello"]);
}
