//! Over WebSocket: clients in Python, which are not ours, take part in everything; the examples work; and each byte that
//! may not be there ends the connection with its code.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};

use parlor::client::command::Command as Wish;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::UserId;
use parlor::server::throttle::Pace;
use parlor::server::{self, Options, Running};
use serde_json::json;
use support::user::User;
use support::web::{HEAD, Web, masked};
use support::{DEADLINE, Peer, wait_for};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ALICE: UserId = UserId(1);

fn start(dir: &Path) -> Running {
    let pace = Pace { per_second: 0.0, ..Pace::default() };
    let allow_origins = vec!["https://chat.example.org".parse().unwrap()];
    let listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    server::start(&Options { pace, allow_origins, ..Options::new(listen, dir.into()) }).unwrap()
}

/// A Python that has the module `websockets`. Without one these tests fail, as they show what nothing else does.
fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let named = std::env::var("PYTHON").ok();
        // Where there are several, that of the system is the one that the system's packages are for.
        let known = ["python3", "/usr/bin/python3"].map(str::to_owned);
        let has = |python: &String| {
            let mut command = Command::new(python);
            command.args(["-c", "import websockets"]).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        named.into_iter().chain(known).find(has).expect(
            "a Python with the module websockets: `apt-get install python3-websockets`, or `pip install websockets`; \
             the variable PYTHON can name one",
        )
    })
}

/// A program in Python; killed when dropped.
struct Script {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Script {
    fn start(file: &str, arguments: &[&str], name: &str, password: &str) -> Self {
        let mut command = Command::new(python());
        command.arg("-B").arg(Path::new(ROOT).join(file)).args(arguments);
        command.env("PARLOR_NAME", name).env("PARLOR_PASSWORD", password).env("PYTHONIOENCODING", "utf-8");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { stdin: child.stdin.take(), child, lines }
    }

    /// Waits for a line with those words.
    fn until(&self, words: &str) {
        let mut passed = Vec::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) if line.contains(words) => return,
                Ok(line) => passed.push(line),
                Err(_) => panic!("waited in vain for {words:?} behind {passed:#?}"),
            }
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for the end, with nothing more to say: whether all went well.
    fn ends_well(mut self) -> bool {
        self.stdin = None;
        let mut status = None;
        wait_for("the script's end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().success()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a check of the file of checks, plain or over TLS with the server's certificate.
fn check(name: &str, running: &Running, sealed: Option<&Path>) -> Script {
    let scheme = if sealed.is_some() { "wss" } else { "ws" };
    let address = format!("{scheme}://{}", running.addresses[0]);
    let certificate = sealed.map(|dir| dir.join("certificate.pem"));
    let mut arguments = vec![name, &address];
    arguments.extend(certificate.as_ref().map(|path| path.to_str().unwrap()));
    Script::start("tests/python/websocket_checks.py", &arguments, "", "")
}

#[test]
fn a_page_and_a_window_talk_and_know_all_of_each_other() {
    let chat = ChatKey::Person(ALICE);
    for encrypted in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let running = start(dir.path());
        let sealed = encrypted.then_some(dir.path());
        let mut bob = User::sign_in(&running.addresses[0].to_string(), "Bob", "456").online();
        let mut page = check("talk", &running, sealed);
        page.until("writing");
        bob.until("Alice, who writes", |model| {
            let here = model.people.get(&ALICE).is_some_and(|alice| alice.status == Status::Online);
            here && model.chat(chat).is_some_and(|chat| chat.typing.contains_key(&ALICE))
        });
        page.say("seen");
        bob.until("her message", |model| support::user::texts(model, ALICE) == ["from a page: ü 🦜"]);
        let upto = bob.client.model().chat(chat).unwrap().messages.back().unwrap().seq;
        bob.client.perform(Wish::MarkRead { chat, upto });
        page.until("ticked");
        bob.client.perform(Wish::Typing { chat });
        bob.say(ALICE, "from a window");
        page.until("read");
        bob.until("two coloured ticks", |model| {
            let last = model.chat(chat).and_then(|chat| chat.messages.back());
            last.is_some_and(|last| last.from != ALICE && model.reach(chat, last.seq).read == 1)
        });
        page.say("ticked");
        assert!(page.ends_well());
        bob.until("Alice gone", |model| model.people[&ALICE].status == Status::Offline);
    }
}

#[test]
fn pieces_limits_and_doors_are_as_a_library_expects_them() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    for sealed in [None, Some(dir.path())] {
        let checks = ["fragments", "limits", "doors"].map(|name| (name, check(name, &running, sealed)));
        for (name, script) in checks {
            assert!(script.ends_well(), "{name}");
        }
    }
}

#[test]
fn a_server_that_ends_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    let page = check("shutdown", &running, None);
    page.until("here");
    let mut stranger = Web::open(running.addresses[0]);
    running.stop();
    assert!(page.ends_well());
    assert_eq!(stranger.closed(), 1001);
}

#[test]
fn the_examples_talk_with_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    let (address, pin) = (running.addresses[0].to_string(), running.fingerprint.to_string());
    let certificate = dir.path().join("certificate.pem");
    let certificate = certificate.to_str().unwrap();
    let (plain, sealed) = (format!("ws://{address}"), format!("wss://{address}"));
    let pairs: [(&[&str], &[&str]); 3] = [
        (&[&plain], &[&address]),
        (&[&sealed, certificate], &[&address, &pin]),
        (&[&sealed, certificate], &[&address, certificate]),
    ];
    for (web, tcp) in pairs {
        let mut alice = Script::start("examples/python/websocket.py", web, "Alice", "123");
        alice.until("Bob is offline");
        let mut bob = Script::start("examples/python/tcp.py", tcp, "Bob", "456");
        alice.until("Bob is online");
        alice.say("Good morning");
        bob.until("[all] Alice: Good morning");
        alice.until("Bob has read it");
        bob.say("@Alice psst, ü");
        alice.until("Bob: psst, ü");
        bob.until("Alice has read it");
        bob.say("@Nobody are you there?");
        bob.until("! Nobody here is named");
        assert!(bob.ends_well());
        alice.until("Bob is offline");
        assert!(alice.ends_well());
    }
    // To the wrong server not a word is said, and a wrong password is told.
    let wrong = pin.replace(|c: char| c != '-', "0");
    assert!(!Script::start("examples/python/tcp.py", &[&address, &wrong], "Alice", "123").ends_well());
    for (file, to) in [("examples/python/tcp.py", &address), ("examples/python/websocket.py", &plain)] {
        assert!(!Script::start(file, &[to], "Alice", "wrong").ends_well());
    }
}

/// What the server says to some bytes until it closes.
fn answer(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = Peer::connect(address).stream;
    stream.write_all(bytes).unwrap();
    rest(&mut stream)
}

fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_request_that_is_none_is_told_why_and_one_that_is_slow_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    let address = running.addresses[0];
    let slow: Vec<_> = ["G", "GET / HTTP/1.1\r\n", HEAD]
        .map(|beginning| {
            let mut stream = Peer::connect(address).stream;
            stream.write_all(beginning.as_bytes()).unwrap();
            stream
        })
        .into();
    // Who opened one and does not log in has no more time than others.
    let mut stranger = Web::open(address);
    stranger.send_raw(&masked(0x01, b"{"));
    for (request, status) in [
        (format!("{HEAD}Cookie: {}\r\n\r\n", "x".repeat(9_000)), "431"),
        (format!("GET /{}", "x".repeat(100_000)), "431"),
        ("GET / HTTP/1.1\r\nHost: parlor\r\n\r\n".into(), "426"),
        ("GET /index.html HTTP/1.1\r\n\r\n".into(), "404"),
        ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}".into(), "405"),
        ("HELO there\r\n\r\n".into(), "400"),
        (format!("{HEAD}Origin: https://evil.example\r\n\r\n"), "403"),
    ] {
        let answer = answer(address, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())) && body.ends_with('\n'), "{answer}");
    }
    for mut stream in slow {
        assert!(rest(&mut stream).starts_with("HTTP/1.1 408 "));
    }
    assert_eq!(stranger.receive()["error"]["code"], "login_timeout");
    assert_eq!(stranger.closed(), 1008);
}

#[test]
fn single_bytes_are_put_together_and_each_broken_rule_has_its_code() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    let address = running.addresses[0];
    // All of it byte by byte: the request, then a login in pieces of one byte with pings between them.
    let mut stream = Peer::connect(address).stream;
    for byte in format!("{HEAD}\r\n").bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    let mut web =
        Web { socket: tungstenite::WebSocket::from_raw_socket(stream, tungstenite::protocol::Role::Client, None) };
    let login = br#" {"purpose":"login","username":"Alice","password":"123"} "#;
    for (at, byte) in login.iter().enumerate() {
        let first = if at == 0 { 0x01 } else { 0 } | if at + 1 == login.len() { 0x80 } else { 0 };
        for byte in masked(first, &[*byte]) {
            web.send_raw(&[byte]);
        }
        if at % 10 == 0 {
            web.send_raw(&masked(0x89, b"ping"));
            web.send_raw(&masked(0x8a, b"a pong that nobody asked for"));
        }
    }
    assert_eq!(web.until("login")["result"], true);
    let exit = [masked(0x81, br#"{"purpose":"list_users"}"#), masked(0x81, br#"{"purpose":"exit"}"#)].concat();
    web.send_raw(&exit);
    web.until("list_users");
    web.until("exit");
    assert_eq!(web.closed(), 1000);

    let unmasked = |payload: &[u8]| [&[0x81, payload.len() as u8], payload].concat();
    for (bytes, code) in [
        (unmasked(b"{}"), 1002),
        (masked(0xc1, b"{}"), 1002),
        (masked(0x83, b"{}"), 1002),
        (masked(0x80, b"{}"), 1002),
        (masked(0x09, b"a ping in pieces"), 1002),
        (masked(0x89, &[b'x'; 126]), 1002),
        ([masked(0x01, b"{"), masked(0x81, b"}")].concat(), 1002),
        (masked(0x81, b"{\"\xff\"}"), 1007),
        ([masked(0x01, b"{\"\xc3"), masked(0x80, b"\"}")].concat(), 1007),
        (masked(0x82, b"{}"), 1003),
        ([masked(0x02, b"{"), masked(0x80, b"}")].concat(), 1003),
        (masked(0x81, &[b'x'; 4097]), 1009),
        ([masked(0x01, &[b'x'; 4096]), masked(0x00, b""), masked(0x00, b"x")].concat(), 1009),
        // The announcement alone is enough.
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff1234".to_vec(), 1009),
        (masked(0x88, b"\x03\xe8bye"), 1000),
        (masked(0x88, b""), 1005),
        (masked(0x88, b"\x03"), 1002),
    ] {
        let mut web = Web::open(address);
        web.send_raw(&bytes);
        assert_eq!(web.closed(), code, "{}", bytes.escape_ascii());
    }
    // What was asked before the end is done, whatever follows.
    let mut bob = Peer::login(address, "Bob", "456");
    let mut alice = Web::open(address).enter("Alice", "123");
    let last = br#"{"purpose":"send_message","to_user":"Bob","message":"the last word"}"#;
    alice.send_raw(&[masked(0x81, last), masked(0x88, b"\x03\xe8")].concat());
    assert_eq!(alice.closed(), 1000);
    assert_eq!(bob.until("receive_message")["message"], "the last word");
}

#[test]
fn a_page_that_stalls_gets_everything_from_the_log_later() {
    const COUNT: usize = 600;
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    let address = running.addresses[0];
    let mut bob = Web::open(address).enter("Bob", "456");
    // Pings whose answers nobody takes hold nothing up, either.
    bob.send_raw(&masked(0x89, &[b'p'; 125]).repeat(500));
    let mut alice = Peer::login(address, "Alice", "123");
    let padding = "z".repeat(16_000);
    for n in 0..COUNT {
        let message = format!("{n} {padding}");
        let sent = alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": message}));
        assert_eq!(sent["result"], true);
    }
    let (mut got, mut caught_up) = (Vec::new(), false);
    while got.len() < COUNT || !caught_up {
        let event = bob.receive();
        caught_up |= event["purpose"] == "ready";
        if event["purpose"] == "receive_message" {
            got.push(event["message"].as_str().unwrap().split(' ').next().unwrap().parse::<usize>().unwrap());
        }
    }
    assert!(got.iter().copied().eq(0..COUNT), "everything once and in order: {got:?}");
    assert_eq!(bob.ask(&json!({"purpose": "list_users"}))["result"], true);
}
