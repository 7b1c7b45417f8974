//! What is written and what opens accounts is in no log: the real program logs everything that it and its libraries can
//! say, while people log in, rightly and wrongly, talk, and send what cannot be read. Every secret has a canary in it.

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use support::web::{Web, masked};
use support::{PROGRAM, Peer, wait_for};

/// Stands in every password, hash, text, name of a group and broken frame.
const CANARY: &str = "Zq7canary";

fn parlor(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--data-dir").arg(dir);
    command.env("PARLOR_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a program printed.
fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

struct Talkative(Child, SocketAddr);

impl Talkative {
    fn start(dir: &Path) -> Self {
        let mut child = parlor(dir, &["--server", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        // Nothing it says may stand in the pipe until it is full: then it would wait.
        let stderr = child.stderr.take().unwrap();
        let log = fs::File::options().create(true).append(true).open(dir.with_extension("log")).unwrap();
        std::thread::spawn(move || std::io::copy(&mut BufReader::new(stderr), &mut &log));
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let address = line.trim().strip_prefix("Listening on ").unwrap().parse().unwrap();
        Self(child, address)
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn secret(what: &str) -> String {
    format!("{CANARY} {what}")
}

fn login(address: SocketAddr, username: &str, password: &str) -> Value {
    let mut peer = Peer::connect(address);
    peer.ask(&json!({"purpose": "login", "username": username, "password": password}))
}

/// Logs in at last, for as long as that is refused: what is in the file takes a moment to be in force.
fn enter(address: SocketAddr, username: &str, password: &str) -> Peer {
    wait_for("the account is known", || login(address, username, password)["result"] == true);
    Peer::login(address, username, password)
}

#[test]
fn nothing_that_is_said_and_nothing_that_opens_an_account_is_logged() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    let mut all = String::new();
    let add = |name: &str, password: &str| {
        let mut child = parlor(&dir, &["user", "add", name]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
        printed(&child.wait_with_output().unwrap())
    };
    all += &add("Dora", &secret("of Dora"));
    let server = Talkative::start(&dir);
    let log = dir.with_extension("log");
    let read = || fs::read_to_string(&log).unwrap();

    // Logins, right and wrong, and a password in the field of the name.
    let mut dora = Peer::login(server.1, "Dora", &secret("of Dora"));
    for (name, password) in [
        ("Dora", secret("wrong")),
        ("Nobody", secret("of nobody")),
        (CANARY, secret("for a name that is none")),
        ("Dora", format!("{CANARY}{}", "x".repeat(2000))),
        ("Dora\n", secret("with a line break")),
    ] {
        assert_eq!(login(server.1, name, &password)["result"], false);
    }
    all += &add("Emil", &secret("of Emil"));
    let mut emil = enter(server.1, "Emil", &secret("of Emil"));

    // A device that stays signed in, and tokens that are none.
    let keep = json!({"purpose": "login", "username": "Dora", "password": secret("of Dora"), "keep": true,
        "device": secret("device")});
    let token = Peer::connect(server.1).ask(&keep)["token"].as_str().unwrap().to_owned();
    let by_token = |token: Value| Peer::connect(server.1).ask(&json!({"purpose": "login", "token": token}));
    assert_eq!(by_token(json!(token))["result"], true);
    for wrong in [json!(secret("token")), json!([secret("no token")]), json!(format!("{token}x"))] {
        assert_eq!(by_token(wrong)["result"], false);
    }

    // Over WebSocket, too.
    assert_eq!(Web::open(server.1).try_login("Dora", &secret("wrong over WebSocket"))["result"], false);
    let mut page = Web::open(server.1).enter("Dora", &secret("of Dora"));
    let said = page.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": secret("from a page")}));
    assert_eq!(said["result"], true, "{said}");
    page.send_raw(&masked(0x88, format!("\x03\x65{CANARY}").as_bytes()));
    page.closed();

    // Everything that people write.
    for request in [
        json!({"purpose": "send_message", "to_user": "Emil", "message": secret("to one")}),
        json!({"purpose": "send_message", "to_users": ["Emil", "Bob"], "message": secret("to many")}),
        json!({"purpose": "send_message", "everyone": true, "message": secret("to everyone")}),
        json!({"purpose": "create_group", "name": secret("group"), "member_users": ["Emil"]}),
    ] {
        assert_eq!(dora.ask(&request)["result"], true, "{request}");
    }
    emil.until("group_changed");
    assert_eq!(emil.ask(&json!({"purpose": "fetch_history", "with_user": "Dora"}))["result"], true);
    // And what cannot be taken or read.
    for request in [
        json!({"purpose": "send_message", "to_user": secret("nobody"), "message": secret("lost")}),
        json!({"purpose": "send_message", "to_user": "Emil", "message": [secret("no text")]}),
        json!({"purpose": secret("purpose")}),
        json!({"purpose": "change_password", "old": secret("old"), "new": secret("new")}),
        json!({"purpose": "change_name", "username": format!("{CANARY}:")}),
        json!({"purpose": "join", "code": secret("code"), "username": "Greta", "password": secret("of Greta")}),
        json!({"purpose": "set_role", "user": 1, "role": secret("role")}),
        json!({"purpose": "create_group", "name": format!("{CANARY}\u{202e}"), "member_users": []}),
        json!({"purpose": "mark_read", "with_user": "Emil", "seq": secret("no number")}),
        json!([secret("no object")]),
    ] {
        dora.send(&request);
    }
    dora.send_raw(format!("$5         {CANARY}$").as_bytes());
    assert!(dora.is_closed());
    for bytes in
        [format!("$99999999  {CANARY}"), format!("GET /{CANARY} HTTP/1.1\r\n\r\n"), format!("$12        {{\"{CANARY}$")]
    {
        let mut peer = Peer::connect(server.1);
        peer.send_raw(bytes.as_bytes());
        let shut = peer.stream.shutdown(std::net::Shutdown::Write);
        assert!(shut.is_err() || peer.is_closed());
    }

    // Somebody edits the accounts by hand, badly and then well.
    let file = dir.join("users.json");
    let mut users: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for broken in [
        format!("{{\"users\": [{{\"username\": \"Fritz\", \"password\": \"{CANARY}\", }}]}}"),
        format!("{{\"users\": [{{\"username\": \"Fritz\", \"password\": [\"{CANARY}\"]}}]}}"),
        format!("{{\"users\": [{{\"username\": \"Fritz\", \"password_hash\": \"{CANARY}\"}}]}}"),
        format!("{{\"users\": [{{\"username\": \"Fritz\", \"role\": \"{CANARY}\"}}]}}"),
        format!("{{\"users\": \"{CANARY}\"}}"),
    ] {
        let reports = || read().matches("The accounts stay as they were before").count();
        let before = reports();
        fs::write(&file, broken).unwrap();
        wait_for("the broken file is reported", || reports() > before);
    }
    let good = users["users"].as_array_mut().unwrap();
    good.push(json!({"username": "Fritz", "password": secret("of Fritz"), CANARY: CANARY}));
    good.push(json!({"username": "DOR4 (former member)", "password": secret("of another")}));
    fs::write(&file, users.to_string()).unwrap();
    enter(server.1, "Fritz", &secret("of Fritz"));
    wait_for("a name is doubted", || read().contains("would not be given to a new account"));
    drop(server);

    // What is left is damaged, and looked at.
    let history = dir.join("history.json");
    let whole = fs::read_to_string(&history).unwrap();
    fs::write(&history, &whole[..whole.len() - 20]).unwrap();
    all += &printed(&parlor(&dir, &["--check"]).output().unwrap());
    drop(Talkative::start(&dir));
    all += &read();
    let whole = fs::read_to_string(&history).unwrap();
    assert!(whole.matches(CANARY).count() >= 4, "it was said, and is where it belongs");
    fs::write(&history, whole.replacen(&format!("{CANARY} to one"), &format!("{CANARY} to nobody"), 1)).unwrap();
    for arguments in [&["--check"][..], &["--server", "--listen", "127.0.0.1:0"]] {
        let output = parlor(&dir, arguments).output().unwrap();
        assert!(!output.status.success());
        all += &printed(&output);
    }
    all += &read();

    let line = all.lines().find(|line| line.contains(CANARY));
    assert_eq!(line, None, "a canary was logged");
    assert!(!all.contains(&token[..20]), "a token was logged");
    // The log was on, and it was that of everything.
    for said in ["TRACE", "purpose=\"send_message\"", "a login that was refused", "a request that cannot be read"] {
        assert!(all.contains(said), "{said}\n{all}");
    }
    let foreign = all
        .lines()
        .filter(|line| line.contains("TRACE") || line.contains("DEBUG"))
        .any(|line| !line.contains("parlor"));
    assert!(foreign, "libraries speak, too\n{all}");
}
