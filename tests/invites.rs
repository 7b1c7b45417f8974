//! People who come without an account: with an invite, or where everybody can register, over real sockets and through the
//! client library.

mod support;

use std::fs;
use std::process::Command as Process;

use parlor::client::command::Command;
use parlor::client::invite::{self, Invite, Pasted};
use parlor::client::model::{Field, Link, Phase};
use parlor::proto::account::Role;
use parlor::proto::fingerprint::Fingerprint;
use parlor::proto::invite::InviteCode;
use serde_json::{Value, json};
use support::house::House;
use support::user::User;
use support::{PROGRAM, Peer, Server};

const PASSWORD: &str = "eleven blue boats";

/// Has Alice make an invite, and gives its code.
fn invite(house: &House, uses: u32) -> String {
    let wish = json!({"purpose": "create_invite", "uses": uses, "expires_in_ms": 3_600_000, "label": "the choir"});
    house.login("Alice").ask(&wish)["code"].as_str().expect("a code").to_owned()
}

fn asked(code: Option<&str>, username: &str) -> Value {
    let mut join = json!({"purpose": "join", "username": username, "password": PASSWORD});
    if let Some(code) = code {
        join["code"] = json!(code);
    }
    join
}

/// Asks for an account on a connection of its own.
fn join(house: &House, code: Option<&str>, username: &str) -> Value {
    Peer::connect(house.server().address).ask(&asked(code, username))
}

fn invites(house: &House) -> Value {
    house.login("Alice").ask(&json!({"purpose": "list_invites"}))["invites"].clone()
}

fn names(house: &House) -> Vec<String> {
    let list = house.login("Alice").ask(&json!({"purpose": "list_accounts"}));
    list["accounts"].as_array().unwrap().iter().map(|it| it["username"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn with_a_code_one_is_in_and_stays() {
    let mut house = House::of(["Alice", "Bob"]);
    let code = invite(&house, 2);
    let mut alice = house.login("Alice");
    let mut dana = Peer::connect(house.server().address);
    let mut wish = asked(Some(&code.to_uppercase().replace('-', " ")), "Dana");
    wish["id"] = json!(7);
    let welcome = dana.ask(&wish);
    assert_eq!(
        (&welcome["result"], &welcome["id"], &welcome["user"]),
        (&json!(true), &json!(7), &json!(3)),
        "{welcome}"
    );
    assert_eq!((&welcome["username"], &welcome["role"]), (&json!("Dana"), &json!("member")));
    dana.until("ready");
    while alice.until("people")["people"][0]["username"] != "Dana" {}
    // Not a stranger any more: what only those who are logged in may send is taken.
    let long = json!({"purpose": "send_message", "to_user": "Bob", "message": "x".repeat(10_000)});
    assert_eq!(dana.ask(&long)["result"], true);
    assert_eq!(dana.ask(&asked(Some(&code), "Dana Two"))["error"]["code"], "already_logged_in");

    house.restart();
    Peer::login(house.server().address, "dana", PASSWORD);
    assert_eq!((&invites(&house)[0]["used"], &invites(&house)[0]["label"]), (&json!(1), &json!("the choir")));
    assert_eq!(join(&house, Some(&code), "Erin")["result"], true);
    let used_up = join(&house, Some(&code), "Finn");
    assert_eq!(used_up["error"]["code"], "bad_invite");
    // The same for a code that there never was.
    assert_eq!(join(&house, Some("00000-00000"), "Finn"), used_up);
    assert_eq!(join(&house, Some("no code at all"), "Finn"), used_up);
    for file in ["history.json", "server.json", "users.json"] {
        let text = fs::read_to_string(house.dir.path().join(file)).unwrap();
        assert!(!text.contains(&code) && !text.contains(&code.replace('-', "")) && !text.contains(PASSWORD), "{file}");
    }
}

#[test]
fn two_who_use_the_last_of_an_invite_at_once_get_one_account() {
    let house = House::of(["Alice"]);
    for round in 0..5 {
        let code = invite(&house, 1);
        let mut peers = [(); 4].map(|()| Peer::connect(house.server().address));
        for (n, peer) in peers.iter_mut().enumerate() {
            peer.send(&asked(Some(&code), &format!("guest {round} {n}")));
        }
        let done = peers.each_mut().map(|peer| peer.until("join")["result"] == true);
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    }
    assert_eq!(names(&house).len(), 6);
}

#[test]
fn a_code_ends_with_its_time_and_when_it_is_revoked() {
    let house = House::of(["Alice"]);
    let (expired, revoked, good) = (invite(&house, 5), invite(&house, 5), invite(&house, 5));
    // The clock is not waited for: the time is brought forward.
    let path = house.dir.path().join("server.json");
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    file["invites"][0]["expires"] = json!(1_000);
    fs::write(&path, file.to_string()).unwrap();
    assert_eq!(house.login("Alice").ask(&json!({"purpose": "revoke_invite", "invite": 2}))["result"], true);
    for code in [expired, revoked] {
        assert_eq!(join(&house, Some(&code), "Dana")["error"]["code"], "bad_invite");
    }
    assert_eq!(join(&house, Some(&good), "Dana")["result"], true);
}

#[test]
fn what_is_refused_uses_nothing_up() {
    let house = House::of(["Alice", "Bob"]);
    let code = invite(&house, 1);
    let mut peer = Peer::connect(house.server().address);
    for (name, why) in
        [("bob", "name_taken"), ("AIice", "name_taken"), ("B\u{43e}b", "name_taken"), ("admin", "bad_name")]
    {
        let reply = peer.ask(&asked(Some(&code), name));
        assert!(reply["error"]["code"] == why || reply["error"]["code"] == "bad_name", "{name}: {reply}");
    }
    let mut weak = asked(Some(&code), "Dana");
    for password in ["", "short", "password", "dana dana", "12345678"] {
        weak["password"] = json!(password);
        assert_eq!(peer.ask(&weak)["error"]["code"], "bad_password", "{password}");
    }
    assert_eq!(names(&house), ["Alice", "Bob"]);
    assert_eq!(peer.ask(&asked(Some(&code), "Dana"))["result"], true, "the connection and the code are still good");
}

#[test]
fn guessing_codes_ends_the_connection() {
    let house = House::of(["Alice"]);
    let mut peer = Peer::connect(house.server().address);
    for _ in 0..3 {
        assert_eq!(peer.ask(&asked(Some("k7m2p-9xq4t"), "Dana"))["error"]["code"], "bad_invite");
    }
    assert!(peer.is_closed());
}

#[test]
fn everybody_can_register_while_it_is_switched_on() {
    let mut house = House::of(["Alice"]);
    assert_eq!(join(&house, None, "Dana")["error"]["code"], "registration_closed");
    let set = |house: &House, on: bool| house.login("Alice").ask(&json!({"purpose": "set_registration", "on": on}));
    set(&house, true);
    assert_eq!(join(&house, None, "Dana")["result"], true);
    assert_eq!(
        join(&house, Some("k7m2p-9xq4t"), "Erin")["error"]["code"],
        "bad_invite",
        "a wrong code is not overlooked"
    );
    house.restart();
    assert_eq!(join(&house, Some(" "), "Erin")["result"], true);
    set(&house, false);
    assert_eq!(join(&house, None, "Finn")["error"]["code"], "registration_closed");
    assert_eq!(names(&house), ["Alice", "Dana", "Erin"]);
}

#[test]
fn a_window_joins_by_a_link_and_comes_back_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let wish = json!({"purpose": "create_invite", "uses": 1, "expires_in_ms": 60_000});
    let mut alice = Peer::connect(server.address);
    let welcome = alice.ask(&json!({"purpose": "login", "username": "Alice", "password": "123"}));
    let made = alice.ask(&wish);
    let code: InviteCode = made["code"].as_str().unwrap().parse().unwrap();
    let other = Some(Fingerprint::of(b"another certificate"));
    let forged = Invite::new(&address, code.clone(), other).unwrap();
    let link = Invite::new(&address, code, Some(welcome["fingerprint"].as_str().unwrap().parse().unwrap()));
    let link = link.unwrap().link();
    let Ok(Pasted::Link(invite)) = invite::parse(&link) else { panic!("{link}") };
    let join = |user: &mut User, code: &str, name: &str| {
        let (address, code, fingerprint) = (invite.address(), Some(code.into()), invite.fingerprint);
        let (username, password) = (name.into(), PASSWORD.into());
        user.client.perform(Command::Join { address, code, fingerprint, username, password });
    };
    let mut dana = User::new(None);
    dana.client.perform(Command::Join {
        address: forged.address(),
        code: Some(forged.code.bare().into()),
        fingerprint: forged.fingerprint,
        username: "Dana".into(),
        password: PASSWORD.into(),
    });
    dana.until("the alarm", |model| model.trust.as_ref().is_some_and(|question| !question.may_be_right()));
    dana.client.perform(Command::Trust { accept: false });
    dana.until("the end of it", |model| matches!(model.phase, Phase::SignedOut { problem: Some(_) }));

    join(&mut dana, "k7m2p-9xq4t", "Dana");
    let at = |field| move |phase: &Phase| matches!(phase, Phase::SignedOut { problem: Some(it) } if it.field == field);
    dana.until("the refusal of the code", |model| at(Field::Invite)(&model.phase));
    join(&mut dana, invite.code.bare(), "aIice");
    dana.until("the refusal of the name", |model| at(Field::Credentials)(&model.phase));
    join(&mut dana, invite.code.bare(), "Dana");
    let mut dana = dana.online();
    let model = dana.client.model();
    assert_eq!((model.role, model.me.as_ref().unwrap().username.as_str()), (Role::Member, "Dana"));
    // The code is used up, and is of no more use to the connection either: it comes back as any other does.
    drop(server);
    dana.until("the loss", |model| model.link != Link::Online);
    let _server = Server::start_on(dir.path(), &address);
    dana.client.perform(Command::RetryNow);
    dana.online();
}

#[test]
fn the_check_looks_at_invites_and_a_start_refuses_a_broken_file() {
    let house = House::of(["Alice"]);
    invite(&house, 1);
    let run = |arguments: &[&str]| {
        let output = Process::new(PROGRAM).args(arguments).arg("--data-dir").arg(house.dir.path()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (good, said) = run(&["--check"]);
    assert!(good && said.contains("server.json   1 invite"), "{said}");
    let path = house.dir.path().join("server.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::write(&path, "{\"invites\": 7}").unwrap();
    let (good, said) = run(&["--check"]);
    assert!(!good && said.contains("server.json, line 1"), "{said}");
}
