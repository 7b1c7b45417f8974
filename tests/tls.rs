//! Over TLS, against a server in this process: the same conversation as in the open, the same limits, and nothing in the
//! open from other computers. What counts as another computer are all addresses of this one but 127.0.0.1.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use parlor::client::model::Phase;
use parlor::server::certificate::CertificateFiles;
use parlor::server::throttle::Pace;
use parlor::server::{self, Options, Running};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use support::tls::{Encrypted, hello};
use support::user::User;
use support::{PROGRAM, Peer};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const AFAR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const FURTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn options(dir: &Path) -> Options {
    // The passwords that everybody knows open nothing from another computer.
    let names = ["Alice", "Bob", "Charlie"];
    let users = names.map(|name| json!({"username": name, "password": format!("pw of {name}")}));
    if !dir.join("users.json").exists() {
        std::fs::write(dir.join("users.json"), json!({"users": users}).to_string()).unwrap();
    }
    let address = SocketAddr::from((HERE, 0));
    let pace = Pace { per_second: 0.0, ..Pace::default() };
    Options { pace, is_here: |address| address == HERE, ..Options::new(vec![address], dir.into()) }
}

fn start(dir: &Path) -> (Running, SocketAddr) {
    let running = server::start(&options(dir)).unwrap();
    let address = running.addresses[0];
    (running, address)
}

fn text(message: &Value) -> (Value, Value) {
    (message["from_user"].clone(), message["message"].clone())
}

#[test]
fn one_in_tls_and_one_in_the_open_talk_with_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let (running, address) = start(dir.path());
    let mut bob = Peer::login(address, "Bob", "pw of Bob");
    for version in [&TLS12, &TLS13] {
        let mut alice = Peer::connect(address).encrypted(&[version]);
        let reply = alice.try_login("Alice", "pw of Alice");
        assert_eq!(reply["result"], true, "{reply}");
        assert!(reply.get("plaintext").is_none(), "{reply}");
        alice.until("ready");
        assert_eq!(alice.stream.conn.protocol_version(), Some(version.version));
        assert_eq!(alice.fingerprint(), running.fingerprint);
        let sent = alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": "sealed"}));
        assert_eq!(sent["result"], true, "{sent}");
        assert_eq!(text(&bob.until("receive_message")), (json!("Alice"), json!("sealed")));
        bob.ask(&json!({"purpose": "send_message", "to_user": "Alice", "message": "open"}));
        assert_eq!(text(&alice.until("receive_message")), (json!("Bob"), json!("open")));
        assert_eq!(alice.ask(&json!({"purpose": "exit"}))["result"], true);
        assert!(alice.is_closed(), "the server says goodbye, or reading fails");
    }
}

#[test]
fn the_largest_frames_pass_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = start(dir.path());
    let mut alice = Peer::<Encrypted>::enter(HERE, address, "Alice", "pw of Alice");
    let mut large = json!({"purpose": "fetch_history", "id": 1, "with_user": "Bob", "limit": 200, "padding": ""});
    large["padding"] = json!("x".repeat(262_144 - large.to_string().len()));
    assert_eq!(large.to_string().len(), 262_144);
    assert_eq!(alice.ask(&large)["complete"], true);
    // And back: as much as a page holds.
    for n in 0..8 {
        let message = format!("{n}{}", "y".repeat(15_000));
        assert_eq!(
            alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": message}))["result"],
            true
        );
    }
    let page = alice.ask(&large);
    assert!(page.to_string().len() > 100_000 && page["messages"].as_array().unwrap().len() == 8);
    // One more byte is too much, as in the open.
    alice.send_raw(b"$262145    ");
    assert_eq!(alice.until("error")["error"]["code"], "bad_frame");
    assert!(alice.is_closed());
}

#[test]
fn a_reader_that_stalls_in_tls_gets_everything_from_the_log_later() {
    const COUNT: usize = 1_000;
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = start(dir.path());
    let mut bob = Peer::<Encrypted>::enter(HERE, address, "Bob", "pw of Bob");
    let mut alice = Peer::login(address, "Alice", "pw of Alice");
    let padding = "z".repeat(16_000);
    for n in 0..COUNT {
        let message = format!("{n} {padding}");
        assert_eq!(
            alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": message}))["result"],
            true
        );
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
}

/// What comes until the end, however it ends.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("it is still open: {error}"),
        _ => rest,
    }
}

#[test]
fn half_a_handshake_and_none_at_all_end_in_time_and_garbage_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = start(dir.path());
    let hello = hello();
    let mut slow: Vec<_> = [&hello[..1], &hello[..hello.len() / 2], &hello[..], b""]
        .into_iter()
        .map(|beginning| {
            let mut peer = Peer::connect_from(AFAR, address);
            peer.send_raw(beginning);
            peer.stream
        })
        .collect();
    for bad in [&[0x16, 3, 1, 0xff, 0xff, 0][..], b"\x16GET / HTTP/1.1\r\n\r\n", &[0x16; 2_000]] {
        let mut peer = Peer::connect_from(AFAR, address);
        peer.send_raw(bad);
        let answer = rest(&mut peer.stream);
        assert!(answer.len() < 10, "an alert at most, never a frame: {answer:?}");
    }
    // In the middle of a session, too.
    let mut alice = Peer::<Encrypted>::enter(AFAR, address, "Alice", "pw of Alice");
    alice.stream.sock.write_all(b"$25{\"purpose\":\"exit\",\"id\":4}$").unwrap();
    rest(&mut alice.stream.sock);
    for stream in &mut slow {
        let answer = rest(stream);
        assert!(!answer.starts_with(b"$"), "{answer:?}");
    }
}

#[test]
fn plain_text_from_another_computer_is_not_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let (running, address) = start(dir.path());
    let login = |password: &str| json!({"purpose": "login", "id": 1, "username": "Alice", "password": password});
    // More wrong passwords than would be let through, if anybody counted.
    for password in ["pw of Alice"; 3].into_iter().chain(["wrong"; 60]) {
        let mut peer = Peer::connect_from(AFAR, address);
        peer.send(&login(password));
        let refused = peer.receive();
        assert_eq!((&refused["purpose"], &refused["error"]["code"]), (&json!("error"), &json!("tls_required")));
        assert!(refused.get("id").is_none(), "it has not been read: {refused}");
        assert!(peer.is_closed());
    }
    // Whatever else is no TLS gets the same answer: nothing after the first byte counts.
    for bad in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\0", b"$99999999999999"] {
        let mut peer = Peer::connect_from(AFAR, address);
        peer.send_raw(bad);
        assert_eq!(peer.receive()["error"]["code"], "tls_required");
    }
    Peer::<Encrypted>::enter(AFAR, address, "Alice", "pw of Alice");
    Peer::login(address, "Alice", "pw of Alice");
    drop(running);

    let running = server::start(&Options { allow_plaintext: true, ..options(dir.path()) }).unwrap();
    assert!(running.notices.iter().any(|notice| notice.contains("plain text")), "{:?}", running.notices);
    let mut peer = Peer::connect_from(AFAR, running.addresses[0]);
    assert_eq!(peer.ask(&login("pw of Alice"))["plaintext"], true);
}

#[test]
fn a_certificate_of_ones_own_is_shown_and_a_damaged_one_stops_the_start() {
    let (dir, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = rcgen::generate_simple_self_signed(vec!["chat.example.org".into()]).unwrap();
    let files = CertificateFiles { certificate: own.path().join("chain.pem"), key: own.path().join("key") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let with = || Options { certificate: Some(files.clone()), ..options(dir.path()) };
    let running = server::start(&with()).unwrap();
    let peer = Peer::<Encrypted>::enter(AFAR, running.addresses[0], "Alice", "pw of Alice");
    assert_eq!(peer.fingerprint(), parlor::proto::fingerprint::Fingerprint::of(made.cert.der()));
    assert_eq!(peer.fingerprint(), running.fingerprint);
    assert!(!dir.path().join("key.pem").exists(), "none is made that nobody needs");
    drop((peer, running));

    let fingerprint = start(dir.path()).0.fingerprint;
    assert_eq!(start(dir.path()).0.fingerprint, fingerprint, "the same at each start");
    // The one's key does not fit the other.
    std::fs::copy(dir.path().join("key.pem"), &files.key).unwrap();
    let error = server::start(&with()).unwrap_err().to_string();
    assert!(error.contains("it is not the key of") && error.contains("--tls-key"), "{error}");
    std::fs::write(dir.path().join("certificate.pem"), "nothing").unwrap();
    let error = server::start(&options(dir.path())).unwrap_err().to_string();
    assert!(error.contains("certificate.pem is damaged") && error.contains("backup"), "{error}");
    assert_eq!(std::fs::read(dir.path().join("certificate.pem")).unwrap(), b"nothing");
}

#[test]
fn the_program_says_its_fingerprint_and_takes_a_certificate_only_with_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let parlor = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.arg("--server").arg("--data-dir").arg(dir.path()).args(["--listen", "127.0.0.1:0"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let ended = parlor(&["--tls-cert", "x.pem"]).output().unwrap();
    assert!(!ended.status.success() && String::from_utf8_lossy(&ended.stderr).contains("--tls-key"));
    let mut child = parlor(&["--allow-plaintext"]).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let address = lines.next().unwrap().unwrap();
    let fingerprint = lines.next().unwrap().unwrap();
    let address = address.strip_prefix("Listening on ").unwrap().parse().unwrap();
    let peer = Peer::<Encrypted>::enter(HERE, address, "Alice", "123");
    assert_eq!(fingerprint, format!("Fingerprint {}", peer.fingerprint()));
    child.kill().unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(said.contains("WARN") && said.contains("plain text"), "{said}");
}

#[test]
fn one_place_fills_its_own_room_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { allow_plaintext: true, ..options(dir.path()) };
    let running = server::start(&options).unwrap();
    let address = running.addresses[0];
    let mut strangers = Vec::new();
    // Who is turned away and speaks plain text is told why.
    let refused = loop {
        let mut peer = Peer::connect_from(AFAR, address);
        peer.send(&json!({"purpose": "list_users"}));
        let answer = peer.receive();
        if answer["error"]["code"] == "busy" {
            assert!(peer.is_closed());
            break answer;
        }
        assert_eq!(answer["error"]["code"], "not_logged_in");
        strangers.push(peer);
        assert!(strangers.len() < 5_000, "there is no limit");
    };
    assert!(refused["error"]["message"].as_str().unwrap().contains("Too many connections"));
    assert!(strangers.len() > 100, "a school comes through one address: {}", strangers.len());
    Peer::<Encrypted>::enter(FURTHER, address, "Bob", "pw of Bob");
    Peer::login(address, "Charlie", "pw of Charlie");
    // Who logs in makes room, and who goes does, too.
    let mut last = strangers.pop().unwrap();
    assert_eq!(last.ask(&json!({"purpose": "login", "username": "Alice", "password": "pw of Alice"}))["result"], true);
    let mut next = Peer::connect_from(AFAR, address);
    assert_eq!(next.ask(&json!({"purpose": "list_users"}))["error"]["code"], "not_logged_in");
    drop(strangers);
    support::wait_for("room", || {
        let mut peer = Peer::connect_from(AFAR, address);
        peer.send(&json!({"purpose": "list_users"}));
        peer.receive()["error"]["code"] == "not_logged_in"
    });
}

#[test]
fn a_guesser_is_slowed_down_and_slows_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = start(dir.path());
    let over = AtomicBool::new(false);
    // Bob has been at the guesser's place before.
    Peer::<Encrypted>::enter(AFAR, address, "Bob", "pw of Bob");
    let slowed = std::thread::scope(|scope| {
        let guess = |names: &'static [&'static str]| {
            let over = &over;
            scope.spawn(move || {
                let mut guesser = Peer::connect_from(AFAR, address).encrypted(rustls::DEFAULT_VERSIONS);
                let mut slowed = Vec::new();
                while !over.load(Ordering::Relaxed) || slowed.len() < 500 {
                    for name in names {
                        let answer = guesser.try_login(name, "a guess");
                        match answer["error"]["code"].as_str() {
                            Some("slow_down") => slowed.push(answer),
                            code => assert_eq!(code, Some("wrong_credentials"), "{answer}"),
                        }
                    }
                }
                slowed
            })
        };
        let guessers = [guess(&["Alice"]), guess(&["Nobody"]), guess(&["Charlie", "alice", "nobody at all"])];
        for _ in 0..20 {
            // From elsewhere everybody gets in, and so does Bob where he has been.
            Peer::<Encrypted>::enter(FURTHER, address, "Alice", "pw of Alice");
            Peer::<Encrypted>::enter(AFAR, address, "Bob", "pw of Bob");
        }
        over.store(true, Ordering::Relaxed);
        guessers.map(|guesser| guesser.join().unwrap())
    });
    for answers in &slowed {
        for answer in answers {
            let wait = answer["error"]["retry_after_ms"].as_u64().unwrap();
            assert!((1..=20_000).contains(&wait), "{answer}");
            assert_eq!(answer["result"], false);
            assert!(answer["error"]["message"].as_str().unwrap().starts_with("Too many wrong passwords. Wait "));
        }
    }
    // Whether there is such a name cannot be told from the answers.
    let fields = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&slowed[0][0]), fields(&slowed[1][0]));
    // In the open from this computer, guesses count as well.
    let mut here = Peer::connect(address);
    let login = json!({"purpose": "login", "username": "Charlie", "password": "a guess"});
    let codes: Vec<_> = (0..11).map(|_| here.ask(&login)["error"]["code"].clone()).collect();
    assert_eq!((&codes[9], &codes[10]), (&json!("wrong_credentials"), &json!("slow_down")));
    assert_eq!(here.ask(&json!({"purpose": "login", "username": "Alice", "password": "pw of Alice"}))["result"], true);
}

#[test]
fn a_window_shows_that_it_has_to_wait_and_stays_on_the_login_page() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = start(dir.path());
    let mut guesser = Peer::connect(address);
    for _ in 0..10 {
        guesser.ask(&json!({"purpose": "login", "username": "Alice", "password": "a guess"}));
    }
    let mut alice = User::sign_in(&address.to_string(), "Alice", "pw of Alice");
    alice.until("an answer", |model| matches!(model.phase, Phase::SignedOut { problem: Some(_) }));
    let Phase::SignedOut { problem: Some(problem) } = &alice.client.model().phase else { unreachable!() };
    assert!(problem.message.starts_with("Too many wrong passwords. Wait "), "{}", problem.message);
}
