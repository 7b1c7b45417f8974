//! Devices that stay signed in: over real sockets what a token opens and what ends it, and through the client library what
//! its person sees.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use parlor::client::command::{AccountWish, Command};
use parlor::client::model::{Link, Model, Phase};
use parlor::client::tokens::Tokens;
use parlor::proto::device::DeviceCall;
use parlor::proto::event::{AccountDone, Problem};
use parlor::proto::ids::UserId;
use parlor::tokens::FileTokens;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use support::user::User;
use support::{Peer, Server, wait_for};

const NEW: &str = "eleven blue boats";
const BOB: UserId = UserId(2);

fn login(server: &Server, fields: &Value) -> (Peer, Value) {
    let mut peer = Peer::connect(server.address);
    let mut request = json!({"purpose": "login", "id": 1});
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let reply = peer.ask(&request);
    if reply["result"] == true {
        peer.until("ready");
    }
    (peer, reply)
}

/// Signs a device in that stays so: its connection and its token.
fn keep(server: &Server, name: &str, password: &str, device: &str) -> (Peer, String) {
    let fields = json!({"username": name, "password": password, "keep": true, "device": device});
    let (peer, reply) = login(server, &fields);
    let token = reply["token"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
    assert!(token.len() >= 43 && reply["session"].is_u64(), "{reply}");
    (peer, token)
}

/// What a token leads to: nothing when it opens, and otherwise the code of the refusal.
fn refused(server: &Server, token: &str) -> Option<String> {
    let (_, reply) = login(server, &json!({"token": token}));
    reply["error"]["code"].as_str().map(Into::into)
}

/// Waits for a connection to be cut, and for the reason to be said.
fn is_signed_out(mut peer: Peer) {
    assert_eq!(peer.until("error")["error"]["code"], "session_ended");
    assert!(peer.is_closed());
}

fn devices(peer: &mut Peer) -> Vec<Value> {
    peer.ask(&json!({"purpose": "list_devices"}))["devices"].as_array().unwrap().clone()
}

fn sessions_json(dir: &Path) -> String {
    fs::read_to_string(dir.join("sessions.json")).unwrap()
}

#[test]
fn a_token_opens_its_account_over_restarts_and_stands_in_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (bob, token) = keep(&server, "bob", "456", "Bob's \"laptop\"");
    let (_, reply) = login(&server, &json!({"token": token}));
    assert_eq!((&reply["username"], &reply["user"], &reply["session"]), (&json!("Bob"), &json!(2), &json!(1)));
    assert!(reply.get("token").is_none(), "it is told once");
    drop((bob, server));
    let server = Server::start(dir.path());
    let (mut bob, _) = login(&server, &json!({"token": token}));
    let listed = devices(&mut bob);
    assert_eq!((&listed[0]["device"], &listed[0]["this"]), (&json!("Bob's \"laptop\""), &json!(true)));
    assert!(!sessions_json(dir.path()).contains(&token));
    let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|path| path.is_file()) {
        let bytes = fs::read(file).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(dir.path().join("sessions.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Unknown, mistyped and empty are told the same.
    for wrong in ["", "x", &token[1..], &token.to_uppercase()] {
        assert_eq!(refused(&server, wrong).as_deref(), Some("token_refused"), "{wrong:?}");
    }
    let (_, wrong) = login(&server, &json!({"username": "Bob", "password": token}));
    assert_eq!(wrong["error"]["code"], "wrong_credentials");
}

#[test]
fn a_token_ends_when_it_was_not_used_for_thirty_days() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (bob, token) = keep(&server, "Bob", "456", "Desk");
    drop((bob, server));
    const DAY: i64 = 24 * 3_600_000;
    for (days, code) in [(29, None), (30, Some("token_refused"))] {
        let mut file: Value = serde_json::from_str(&sessions_json(dir.path())).unwrap();
        let now = parlor::clock::now().0;
        file["sessions"][0]["used"] = json!(now - days * DAY);
        fs::write(dir.path().join("sessions.json"), file.to_string()).unwrap();
        let mut server = Server::start(dir.path());
        assert_eq!(refused(&server, &token).as_deref(), code, "{days} days");
        #[cfg(unix)]
        server.signal("-TERM");
        let _ = server.child.wait();
    }
}

#[test]
fn one_device_ends_another_at_once_and_none_of_other_people() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (mut desk, desk_token) = keep(&server, "Bob", "456", "Desk");
    let (phone, phone_token) = keep(&server, "Bob", "456", "Phone");
    let (mut alice, alice_token) = keep(&server, "Alice", "123", "Desk");
    let (visit, _) = login(&server, &json!({"username": "Bob", "password": "456"}));
    let listed = devices(&mut desk);
    let names: Vec<_> = listed.iter().map(|device| device["device"].as_str().unwrap()).collect();
    assert_eq!((names[0], listed.len()), ("Desk", 3), "{listed:?}");
    assert!(listed.iter().all(|device| device["online"] == true && device["address"] == "127.0.0.1"), "{listed:?}");
    assert_eq!(listed.iter().filter(|device| device.get("session").is_none()).count(), 1);

    assert_eq!(alice.ask(&json!({"purpose": "end_device", "session": 2}))["error"]["code"], "unknown_device");
    assert_eq!(desk.ask(&json!({"purpose": "end_device", "session": 2}))["result"], true);
    is_signed_out(phone);
    assert_eq!(refused(&server, &phone_token).as_deref(), Some("token_refused"));
    assert!(!sessions_json(dir.path()).contains("Phone"), "it is on disk before the answer");

    let (_, tablet_token) = keep(&server, "Bob", "456", "Tablet");
    let ended = desk.ask(&json!({"purpose": "end_other_devices"}));
    assert_eq!((&ended["result"], &ended["ended"]), (&json!(true), &json!(2)), "{ended}");
    is_signed_out(visit);
    assert_eq!(refused(&server, &tablet_token).as_deref(), Some("token_refused"));
    assert_eq!((refused(&server, &desk_token), refused(&server, &alice_token)), (None, None));

    // One's own is ended last, and answered.
    let own = desk.ask(&json!({"purpose": "end_device", "session": 1}));
    assert_eq!(own["result"], true);
    is_signed_out(desk);
    assert_eq!(refused(&server, &desk_token).as_deref(), Some("token_refused"));
}

#[test]
fn another_password_ends_what_its_owner_wants_and_a_reset_ends_everything() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (mut desk, desk_token) = keep(&server, "Bob", "456", "Desk");
    let (mut phone, phone_token) = keep(&server, "Bob", "456", "Phone");
    let change = |peer: &mut Peer, old: &str, new: &str, end_others: bool| {
        let reply = peer.ask(&json!({"purpose": "change_password", "old": old, "new": new, "end_others": end_others}));
        assert_eq!(reply["result"], true, "{reply}");
        reply["ended"].as_u64()
    };
    assert_eq!(change(&mut phone, "456", NEW, false), Some(0));
    assert_eq!((refused(&server, &desk_token), refused(&server, &phone_token)), (None, None));
    assert_eq!(change(&mut desk, NEW, "twelve red boats", true), Some(1));
    is_signed_out(phone);
    assert_eq!(refused(&server, &phone_token).as_deref(), Some("token_refused"));
    assert_eq!(refused(&server, &desk_token), None);

    let (mut alice, alice_token) = keep(&server, "Alice", "123", "Desk");
    let reset = json!({"purpose": "reset_password", "user": 2, "password": NEW});
    assert_eq!(alice.ask(&reset)["result"], true);
    is_signed_out(desk);
    assert_eq!(refused(&server, &desk_token).as_deref(), Some("token_refused"));
    assert_eq!(refused(&server, &alice_token), None);

    // Whoever changes it in the file means the same, whether or not a server runs.
    let (bob, token) = keep(&server, "Bob", NEW, "Desk");
    drop((bob, alice, server));
    let name = parlor::proto::ids::UserName::new("Bob").unwrap();
    parlor::server::accounts::set_password(dir.path(), &name, &"thirteen boats".into()).unwrap();
    let server = Server::start(dir.path());
    assert_eq!(refused(&server, &token).as_deref(), Some("token_refused"));
    let (bob, token) = keep(&server, "Bob", "thirteen boats", "Desk");
    parlor::server::accounts::set_password(dir.path(), &name, &"fourteen boats".into()).unwrap();
    is_signed_out(bob);
    assert_eq!(refused(&server, &token).as_deref(), Some("token_refused"));
}

#[test]
fn who_is_blocked_or_removed_has_no_token_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut alice = Peer::login(server.address, "Alice", "123");
    let (mut bob, token) = keep(&server, "Bob", "456", "Desk");
    let block = |blocked: bool| json!({"purpose": "block_account", "user": 2, "blocked": blocked});
    assert_eq!(alice.ask(&block(true))["result"], true);
    assert_eq!(bob.until("error")["error"]["code"], "account_blocked");
    assert_eq!(refused(&server, &token).as_deref(), Some("token_refused"));
    assert_eq!(alice.ask(&block(false))["result"], true);
    assert_eq!(refused(&server, &token).as_deref(), Some("token_refused"), "it was void, and stays so");
    let (_charlie, token) = keep(&server, "Charlie", "789", "Desk");
    assert_eq!(alice.ask(&json!({"purpose": "remove_account", "user": 3}))["result"], true);
    assert_eq!(refused(&server, &token).as_deref(), Some("token_refused"));
    assert!(!sessions_json(dir.path()).contains("Desk"));
}

/// Tokens in memory, as a keyring keeps them: away from the loop, and not before its person has opened it.
#[derive(Clone, Debug, Default)]
struct Ring(Arc<(Mutex<RingState>, Condvar)>);

#[derive(Debug, Default)]
struct RingState {
    tokens: BTreeMap<String, SecretString>,
    closed: bool,
}

impl Ring {
    fn set_closed(&self, closed: bool) {
        self.0.0.lock().unwrap().closed = closed;
        self.0.1.notify_all();
    }

    fn open(&self) -> std::sync::MutexGuard<'_, RingState> {
        self.0.1.wait_while(self.0.0.lock().unwrap(), |state| state.closed).unwrap()
    }
}

impl Tokens for Ring {
    fn is_slow(&self) -> bool {
        true
    }

    fn get(&mut self, account: &str) -> io::Result<Option<SecretString>> {
        Ok(self.open().tokens.get(account).cloned())
    }

    fn put(&mut self, account: &str, token: &SecretString) -> io::Result<()> {
        self.open().tokens.insert(account.into(), token.clone());
        Ok(())
    }

    fn forget(&mut self, account: &str) -> io::Result<()> {
        self.open().tokens.remove(account);
        Ok(())
    }
}

/// A window over that folder.
fn window(dir: &Path, tokens: Box<dyn Tokens>) -> User {
    let mut user = User::with_shelf(None, Some(&dir.join("unsent")));
    user.client = user.client.with_tokens(tokens, "Desk".into());
    user
}

fn in_file(dir: &Path) -> Box<dyn Tokens> {
    Box::new(FileTokens::new(dir.join("window").join("tokens.json")))
}

fn stay(mut user: User, address: &str) -> User {
    user.client.perform(Command::StaySignedIn(true));
    user.ask_in(address, "Bob", "456");
    user.online()
}

fn resume(user: &mut User, address: &str) {
    let (address, username) = (address.into(), "Bob".into());
    user.client.perform(Command::Resume { address, hosting: None, username });
}

fn outcome(user: &mut User, wish: AccountWish) -> Result<AccountDone, Problem> {
    user.client.perform(Command::Account(wish));
    let done = |model: &Model| model.errand.as_ref().is_some_and(|errand| errand.outcome.is_some());
    user.until("the outcome", done);
    user.client.model().errand.clone().unwrap().outcome.unwrap()
}

fn is_sent_away(user: &mut User) {
    user.until(
        "the login page",
        |model| matches!(&model.phase, Phase::SignedOut { problem: Some(problem) } if problem.message.contains("ign")),
    );
}

#[test]
fn a_window_begins_with_the_chats_of_who_stayed_signed_in_whether_or_not_the_server_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("server"));
    let address = server.address.to_string();
    let mut bob = stay(window(dir.path(), in_file(dir.path())), &address);
    bob.say(UserId(1), "kept words");
    bob.until("it to be stored", |model| model.outbox.entries().next().is_none());
    drop((bob, server));

    // All of it is there when the wish has been obeyed: nothing has been polled yet.
    let mut bob = window(dir.path(), in_file(dir.path()));
    resume(&mut bob, &address);
    assert_eq!(bob.client.model().phase, Phase::SignedIn);
    assert_eq!(bob.texts(UserId(1)), ["kept words"]);
    let server = Server::start_on(&dir.path().join("server"), &address);
    bob.client.perform(Command::RetryNow);
    let mut bob = bob.online();
    bob.until("the list", |model| model.people.contains_key(&BOB));
    // Nor does another window of the same person have to ask.
    let mut second = window(dir.path(), in_file(dir.path()));
    resume(&mut second, &address);
    let mut second = second.online();

    // To leave for another account keeps everything; to sign out keeps nothing.
    bob.client.perform(Command::SwitchAccount);
    assert!(matches!(bob.client.model().phase, Phase::SignedOut { problem: None }));
    resume(&mut bob, &address);
    assert_eq!(bob.texts(UserId(1)), ["kept words"]);
    let mut bob = bob.online();
    bob.client.perform(Command::SignOut);
    is_sent_away(&mut second);
    drop((bob, second));
    let mut bob = window(dir.path(), in_file(dir.path()));
    resume(&mut bob, &address);
    assert!(matches!(bob.client.model().phase, Phase::SignedOut { .. }));
    wait_for("the server to know", || !sessions_json(&dir.path().join("server")).contains("Desk"));
    drop(server);
}

#[test]
fn a_device_that_was_ended_asks_for_the_password_and_shows_nothing_it_knew() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("server"));
    let address = server.address.to_string();
    for is_there in [true, false] {
        let mut bob = stay(window(dir.path(), in_file(dir.path())), &address);
        bob.say(UserId(1), "kept words");
        bob.until("it to be stored", |model| model.outbox.entries().next().is_none());
        let mut bob = Some(bob);
        if !is_there {
            bob = None;
        }
        let mut other = User::sign_in(&address, "Bob", "456").online();
        let ended = outcome(&mut other, AccountWish::Device(DeviceCall::EndOthers)).unwrap();
        assert!(matches!(ended, AccountDone::Ended(_)));
        let mut bob = bob.take().unwrap_or_else(|| {
            let mut again = window(dir.path(), in_file(dir.path()));
            resume(&mut again, &address);
            assert_eq!(again.texts(UserId(1)).last().unwrap(), "kept words", "nobody has told it yet");
            again
        });
        is_sent_away(&mut bob);
        assert!(bob.texts(UserId(1)).is_empty());
        drop(bob);
        let unsent = fs::read_dir(dir.path().join("unsent")).unwrap();
        for file in unsent {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("kept words"));
        }
        let mut bob = window(dir.path(), in_file(dir.path()));
        resume(&mut bob, &address);
        assert!(matches!(bob.client.model().phase, Phase::SignedOut { .. }), "the token is forgotten");
    }
}

#[test]
fn a_keyring_that_waits_for_its_person_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("server"));
    let (address, ring) = (server.address.to_string(), Ring::default());
    drop(stay(window(dir.path(), Box::new(ring.clone())), &address));
    assert!(ring.open().tokens.values().all(|token| token.expose_secret().len() >= 43));
    assert_eq!(ring.open().tokens.len(), 1);

    ring.set_closed(true);
    let mut bob = window(dir.path(), Box::new(ring.clone()));
    resume(&mut bob, &address);
    assert!(matches!(bob.client.model().phase, Phase::SignedOut { .. }));
    ring.set_closed(false);
    bob.until("being in", |model| model.phase == Phase::SignedIn && model.link == Link::Online);
    drop(bob);
    // Who did not wait for it means what they typed.
    ring.set_closed(true);
    let mut alice = window(dir.path(), Box::new(ring.clone()));
    resume(&mut alice, &address);
    alice.ask_in(&address, "Alice", "123");
    ring.set_closed(false);
    let alice = alice.online();
    assert_eq!(alice.client.model().me.as_ref().unwrap().username, "Alice");
}

#[test]
fn a_wrong_password_does_not_cost_the_token_of_the_account() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("server"));
    let address = server.address.to_string();
    drop(stay(window(dir.path(), in_file(dir.path())), &address));
    let mut bob = window(dir.path(), in_file(dir.path()));
    bob.ask_in(&address, "Bob", "wrong");
    bob.until("the refusal", |model| matches!(&model.phase, Phase::SignedOut { problem: Some(_) }));
    resume(&mut bob, &address);
    bob.online();
}

#[test]
fn another_name_and_another_password_do_not_end_a_device() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("server"));
    let address = server.address.to_string();
    let mut bob = stay(window(dir.path(), in_file(dir.path())), &address);
    let change = AccountWish::ChangePassword { old: "456".into(), new: NEW.into(), end_others: true };
    assert!(outcome(&mut bob, change).is_ok());
    assert!(outcome(&mut bob, AccountWish::ChangeName("Robert".into())).is_ok());
    drop(bob);
    let mut bob = window(dir.path(), in_file(dir.path()));
    resume(&mut bob, &address);
    assert_eq!(bob.client.model().phase, Phase::SignedIn);
    drop(bob.online());
    let mut robert = window(dir.path(), in_file(dir.path()));
    let (address, username) = (address, "robert".into());
    robert.client.perform(Command::Resume { address, hosting: None, username });
    robert.online();
}
