//! Looking after people without a shell: roles, and what administrators and members ask about accounts, over real sockets
//! and through the client library.

mod support;

use std::fs;

use parlor::client::command::{AccountWish, AdminWish, Command};
use parlor::client::model::{Link, Model, Phase};
use parlor::core::directory::Directory;
use parlor::core::engine::{Effect, Engine, Input};
use parlor::core::session::{Origin, SessionId};
use parlor::core::state::State;
use parlor::proto::account::Role;
use parlor::proto::event::{AccountDone, Code, Ended, Problem, Status};
use parlor::proto::ids::{Millis, Seq, UserId, UserName};
use parlor::proto::request::Request;
use serde_json::{Value, json};
use support::house::{House, PEOPLE};
use support::user::User;
use support::{Peer, Server};

const ALICE: u64 = 1;
const BOB: u64 = 2;
const NEW: &str = "eleven blue boats";

/// Asks, and gives the code of the refusal; nothing if it was done.
fn code(peer: &mut Peer, request: &Value) -> Option<String> {
    let reply = peer.ask(request);
    (reply["result"] != true).then(|| reply["error"]["code"].as_str().unwrap().to_owned())
}

fn login(server: &Server, username: &str, password: &str) -> Value {
    Peer::connect(server.address).ask(&json!({"purpose": "login", "username": username, "password": password}))
}

/// Everything that administrators alone can ask for, each of which can be done in a new house.
fn wishes() -> Vec<Value> {
    vec![
        json!({"purpose": "list_accounts"}),
        json!({"purpose": "add_account", "username": "Zoe", "password": NEW}),
        json!({"purpose": "reset_password", "user": 3, "password": NEW}),
        json!({"purpose": "block_account", "user": 4, "blocked": true}),
        json!({"purpose": "set_role", "user": 3, "role": "admin"}),
        json!({"purpose": "remove_account", "user": 5}),
        json!({"purpose": "rename_server", "name": " Number 12 "}),
        json!({"purpose": "set_registration", "on": true}),
        json!({"purpose": "create_invite", "uses": 2, "expires_in_ms": 60_000, "label": "Dana"}),
        json!({"purpose": "list_invites"}),
        json!({"purpose": "revoke_invite", "invite": 1}),
    ]
}

#[test]
fn a_member_can_do_nothing_and_an_administrator_everything_and_it_lasts() {
    let mut house = House::new();
    let mut bob = house.login("Bob");
    let before = fs::read(house.dir.path().join("users.json")).unwrap();
    for wish in wishes() {
        assert_eq!(code(&mut bob, &wish).as_deref(), Some("not_an_admin"), "{wish}");
    }
    assert_eq!(fs::read(house.dir.path().join("users.json")).unwrap(), before);
    assert!(!house.dir.path().join("server.json").exists());

    // In a file without roles it is the account with the lowest number.
    let mut alice = house.login("Alice");
    for wish in wishes() {
        assert_eq!(code(&mut alice, &wish), None, "{wish}");
    }
    let (history, server) = ["history.json", "server.json"].map(|name| house.dir.path().join(name)).into();
    let kept = fs::read_to_string(history).unwrap() + &fs::read_to_string(server).unwrap();
    assert!(!kept.contains(NEW), "no password is in either");

    house.restart();
    let welcome = login(house.server(), "Alice", "123");
    assert_eq!(welcome["role"], "admin");
    assert_eq!((&welcome["server_name"], &welcome["registration"]), (&json!("Number 12"), &json!(true)));
    let welcome = login(house.server(), "Bob", "123");
    assert_eq!((&welcome["role"], &welcome["registration"]), (&json!("member"), &Value::Null));
    assert_eq!(login(house.server(), "Zoe", NEW)["user"], 6);
    assert_eq!(login(house.server(), "Charlie", NEW)["role"], "admin");
    assert_eq!(login(house.server(), "Charlie", "123")["result"], false);
    assert_eq!(login(house.server(), "Eve", "123")["result"], false);

    let mut alice = house.login("Alice");
    let list = alice.ask(&json!({"purpose": "list_accounts"}));
    let accounts = list["accounts"].as_array().unwrap();
    let names: Vec<_> = accounts.iter().map(|account| account["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["Alice", "Bob", "Charlie", "Dave", "Zoe"]);
    assert_eq!(
        (&accounts[0]["connections"][0]["address"], &accounts[0]["status"]),
        (&json!("127.0.0.1"), &json!("online"))
    );
    assert!(accounts[0]["connections"][0]["since"].as_i64() > Some(0));
    assert_eq!((&accounts[3]["blocked"], &accounts[1]["blocked"]), (&json!(true), &Value::Null));
    let rest = alice.ask(&json!({"purpose": "list_accounts", "after": 4}));
    assert_eq!((rest["accounts"][0]["id"].as_u64(), &rest["more"]), (Some(6), &Value::Null));
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let house = House::new();
    let mut alice = house.login("Alice");
    for (wish, why) in [
        (json!({"purpose": "add_account", "username": "bOB", "password": NEW}), "name_taken"),
        (json!({"purpose": "add_account", "username": "A1ice", "password": NEW}), "name_taken"),
        (json!({"purpose": "add_account", "username": "admin", "password": NEW}), "bad_name"),
        (json!({"purpose": "add_account", "username": "a:b", "password": NEW}), "bad_name"),
        (json!({"purpose": "add_account", "username": "Zoe", "password": "short"}), "bad_password"),
        (json!({"purpose": "add_account", "username": "Zoe", "password": "Password1"}), "bad_password"),
        (json!({"purpose": "add_account", "username": "Rumpelstilz", "password": "rumpelstilz"}), "bad_password"),
        (json!({"purpose": "reset_password", "user": 2, "password": "12345678"}), "bad_password"),
        (json!({"purpose": "reset_password", "user": 77, "password": NEW}), "unknown_user"),
        (json!({"purpose": "block_account", "user": 77, "blocked": true}), "unknown_user"),
        (json!({"purpose": "set_role", "user": 77, "role": "admin"}), "unknown_user"),
        (json!({"purpose": "set_role", "user": 2, "role": "king"}), "bad_request"),
        (json!({"purpose": "remove_account", "user": 77}), "unknown_user"),
        (json!({"purpose": "rename_server", "name": "a\nb"}), "bad_name"),
        (json!({"purpose": "create_invite", "uses": 0, "expires_in_ms": 1}), "bad_request"),
        (json!({"purpose": "create_invite", "uses": 1, "expires_in_ms": u64::MAX}), "bad_request"),
        (json!({"purpose": "revoke_invite", "invite": 9}), "unknown_invite"),
        (json!({"purpose": "set_role", "user": 1, "role": "member"}), "last_admin"),
        (json!({"purpose": "block_account", "user": 1, "blocked": true}), "last_admin"),
        (json!({"purpose": "remove_account", "user": 1}), "last_admin"),
    ] {
        assert_eq!(code(&mut alice, &wish).as_deref(), Some(why), "{wish}");
    }
    let said = alice.ask(&json!({"purpose": "remove_account", "user": 1}));
    assert_eq!(said["error"]["message"], "This is the only administrator: make somebody else one first.");
}

#[test]
fn two_administrators_who_demote_each_other_at_once_leave_one() {
    let house = House::new();
    let mut alice = house.login("Alice");
    assert_eq!(code(&mut alice, &json!({"purpose": "set_role", "user": BOB, "role": "admin"})), None);
    let mut bob = house.login("Bob");
    alice.send(&json!({"purpose": "set_role", "user": BOB, "role": "member"}));
    bob.send(&json!({"purpose": "set_role", "user": ALICE, "role": "member"}));
    let done = [alice.until("set_role"), bob.until("set_role")].map(|reply| reply["result"] == true);
    assert!(done[0] != done[1], "{done:?}");
    let (winner, loser) = if done[0] { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
    assert_eq!(code(loser, &json!({"purpose": "list_accounts"})).as_deref(), Some("not_an_admin"));
    let list = winner.ask(&json!({"purpose": "list_accounts"}));
    let admins = list["accounts"].as_array().unwrap().iter().filter(|account| account["role"] == "admin").count();
    assert_eq!(admins, 1);
}

#[test]
fn who_is_blocked_is_out_at_once_and_told_no_more_than_a_stranger() {
    let house = House::new();
    let (mut alice, mut bob, mut bob_too) = (house.login("Alice"), house.login("Bob"), house.login("Bob"));
    assert_eq!(code(&mut alice, &json!({"purpose": "block_account", "user": BOB, "blocked": true})), None);
    for session in [&mut bob, &mut bob_too] {
        assert_eq!(session.until("error")["error"]["code"], "account_blocked");
        assert!(session.is_closed());
    }
    let wrong = login(house.server(), "Bob", "124");
    assert_eq!((login(house.server(), "Bob", "123"), login(house.server(), "nobody", "123")), (wrong.clone(), wrong));
    assert_eq!(code(&mut alice, &json!({"purpose": "send_message", "to": BOB, "message": "come back"})), None);
    assert_eq!(code(&mut alice, &json!({"purpose": "block_account", "user": BOB, "blocked": false})), None);
    let mut bob = house.login("Bob");
    let page = bob.ask(&json!({"purpose": "fetch_history", "with": ALICE}));
    assert_eq!(page["messages"][0]["message"], "come back");
    // Who looked after others and was blocked looks after nobody when they are back.
    assert_eq!(code(&mut alice, &json!({"purpose": "set_role", "user": BOB, "role": "admin"})), None);
    for blocked in [true, false] {
        assert_eq!(code(&mut alice, &json!({"purpose": "block_account", "user": BOB, "blocked": blocked})), None);
    }
    assert_eq!(login(house.server(), "Bob", "123")["role"], "member");
}

#[test]
fn a_changed_password_holds_at_once_and_guessing_the_old_one_ends_the_connection() {
    let house = House::new();
    let mut bob = house.login("Bob");
    let change = |old: &str, new: &str| json!({"purpose": "change_password", "old": old, "new": new});
    for (new, why) in [("short", "bad_password"), ("bob bob bob", "bad_password"), ("", "bad_password")] {
        assert_eq!(code(&mut bob, &change("123", new)).as_deref(), Some(why), "{new}");
    }
    assert_eq!(code(&mut bob, &change("123", NEW)), None);
    assert_eq!(login(house.server(), "Bob", "123")["result"], false);
    assert_eq!(login(house.server(), "Bob", NEW)["result"], true);
    for _ in 0..3 {
        assert_eq!(code(&mut bob, &change("123", "another good one")).as_deref(), Some("wrong_credentials"));
    }
    assert!(bob.is_closed());
    // What is asked for is done before the connection ends.
    let mut bob = Peer::login(house.server().address, "Bob", NEW);
    bob.send(&change(NEW, "another good one"));
    bob.send(&json!({"purpose": "exit"}));
    assert_eq!(bob.until("change_password")["result"], true);
    assert_eq!(bob.until("exit")["result"], true);
}

#[test]
fn a_new_name_is_seen_by_all_and_the_old_one_stays_its_owners() {
    let mut house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    assert_eq!(code(&mut bob, &json!({"purpose": "send_message", "to": ALICE, "message": "hi"})), None);
    let name = |name: &str| json!({"purpose": "change_name", "username": name});
    for (asked, why) in [("Alice", "name_taken"), ("AIice", "name_taken"), ("root", "bad_name"), (" ", "bad_name")] {
        assert_eq!(code(&mut bob, &name(asked)).as_deref(), Some(why), "{asked}");
    }
    assert_eq!(bob.ask(&name("Robert"))["username"], "Robert");
    while alice.until("people")["people"][0]["username"] != "Robert" {}
    // Nobody else becomes Bob, nor somebody who looks like him; he himself may again.
    assert_eq!(code(&mut alice, &name("bob")).as_deref(), Some("name_taken"));
    let add = |name: &str| json!({"purpose": "add_account", "username": name, "password": NEW});
    assert_eq!(code(&mut alice, &add("B0b")).as_deref(), Some("name_taken"));
    house.restart();
    for known_as in ["Bob", "robert"] {
        let welcome = login(house.server(), known_as, "123");
        assert_eq!((welcome["user"].as_u64(), &welcome["username"]), (Some(BOB), &json!("Robert")));
    }
    let mut alice = house.login("Alice");
    let page = alice.ask(&json!({"purpose": "fetch_history", "with": BOB}));
    assert_eq!((&page["messages"][0]["from"], &page["messages"][0]["from_user"]), (&json!(BOB), &json!("Bob")));
    let mut robert = house.login("Robert");
    assert_eq!(robert.ask(&name("BOB"))["username"], "BOB");
    // With the account its names go.
    assert_eq!(code(&mut alice, &json!({"purpose": "remove_account", "user": BOB})), None);
    assert_eq!(code(&mut alice, &add("Robert")), None);
}

#[test]
fn roles_that_are_written_by_hand_hold_at_once_beside_those_that_are_asked_for() {
    let house = House::new();
    let (mut alice, mut bob) = (house.login("Alice"), house.login("Bob"));
    house.edit_users(|users| users[1]["role"] = json!("admin"));
    assert_eq!(bob.until("role_changed")["role"], "admin");
    assert_eq!(bob.until("server_changed")["registration"], false);
    // Somebody has the role now, so that nobody has it by their number.
    assert_eq!(alice.until("role_changed")["role"], "member");
    assert_eq!(alice.until("server_changed")["registration"], Value::Null);
    for wish in [
        json!({"purpose": "set_role", "user": 3, "role": "admin"}),
        json!({"purpose": "rename_server", "name": "Ours"}),
        json!({"purpose": "set_role", "user": BOB, "role": "member"}),
    ] {
        assert_eq!(code(&mut bob, &wish), None, "{wish}");
    }
    assert_eq!(alice.until("server_changed")["server_name"], "Ours");
    assert_eq!(login(house.server(), PEOPLE[2], "123")["role"], "admin");
}

fn admin(model: &Model, holds: impl Fn(&parlor::client::model::AdminView) -> bool) -> bool {
    model.admin.as_ref().is_some_and(|view| view.loaded && holds(view))
}

/// Waits for what comes of the last wish.
fn outcome(user: &mut User, wish: AccountWish) -> Result<AccountDone, Problem> {
    user.client.perform(Command::Account(wish));
    user.until("its outcome", |model| model.errand.as_ref().is_some_and(|errand| errand.outcome.is_some()));
    user.client.model().errand.clone().unwrap().outcome.unwrap()
}

#[test]
fn the_page_of_an_administrator_is_filled_and_kept_fresh_until_the_role_is_gone() {
    let house = House::new();
    let address = house.server().address.to_string();
    let (mut alice, mut bob) = (User::sign_in(&address, "Alice", "123").online(), house.login("Bob"));
    alice.client.perform(Command::Account(AccountWish::Admin(AdminWish::Open)));
    alice.until("the accounts", |model| admin(model, |view| view.accounts.len() == PEOPLE.len()));
    assert!(outcome(&mut alice, AccountWish::Admin(AdminWish::SetRole { user: UserId(2), role: Role::Admin })).is_ok());
    alice.until("the role", |model| admin(model, |view| view.accounts[&UserId(2)].role == Role::Admin));
    // What another administrator does is seen.
    assert_eq!(code(&mut bob, &json!({"purpose": "add_account", "username": "Zoe", "password": NEW})), None);
    assert_eq!(code(&mut bob, &json!({"purpose": "create_invite", "uses": 1, "expires_in_ms": 60_000})), None);
    alice.until("the new one", |model| admin(model, |view| view.accounts.len() == 6 && view.invites.len() == 1));
    let charlie = house.login("Charlie");
    alice.until("who is there", |model| admin(model, |view| !view.accounts[&UserId(3)].connections.is_empty()));
    drop(charlie);
    alice.until("who has left", |model| admin(model, |view| view.accounts[&UserId(3)].status == Status::Offline));
    let invite = AdminWish::CreateInvite { uses: 1, expires_in_ms: 60_000, label: "Dana".into() };
    let Ok(AccountDone::Invite(made)) = outcome(&mut alice, AccountWish::Admin(invite)) else { panic!() };
    assert_eq!((made.info.label.as_str(), made.code.text().len()), ("Dana", 11));
    let refused = outcome(&mut alice, AccountWish::Admin(AdminWish::Remove(UserId(99)))).unwrap_err();
    assert_eq!(refused.code, Code::UnknownUser);
    assert_eq!(code(&mut bob, &json!({"purpose": "set_role", "user": ALICE, "role": "member"})), None);
    alice.until("the end of it", |model| model.role == Role::Member && model.admin.is_none());
    assert_eq!(
        outcome(&mut alice, AccountWish::Admin(AdminWish::RenameServer("X".into()))).unwrap_err().code,
        Code::NotAnAdmin
    );
    bob.ask(&json!({"purpose": "block_account", "user": ALICE, "blocked": true}));
    alice.until("being sent away", |model| matches!(&model.phase, Phase::SignedOut { problem: Some(_) }));
}

#[test]
fn a_window_goes_on_with_its_new_password_and_its_new_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.address.to_string();
    let mut bob = User::with_shelf(None, Some(&dir.path().join("unsent")));
    bob.ask_in(&address, "Bob", "456");
    let mut bob = bob.online();
    let change = |old: &str| AccountWish::ChangePassword { old: old.into(), new: NEW.into(), end_others: false };
    assert_eq!(outcome(&mut bob, change("457")).unwrap_err().code, Code::WrongCredentials);
    assert_eq!(outcome(&mut bob, change("456")), Ok(AccountDone::Ended(Ended::default())));
    assert!(outcome(&mut bob, AccountWish::ChangeName("Robert".into())).is_ok());
    bob.until("the name", |model| model.me.as_ref().is_some_and(|me| me.username == "Robert"));
    drop(server);
    bob.until("the loss", |model| model.link != Link::Online);
    let offline = outcome(&mut bob, AccountWish::ChangeName("Rob".into())).unwrap_err();
    assert!(offline.message.contains("no connection"), "{}", offline.message);
    let _server = Server::start_on(dir.path(), &address);
    bob.client.perform(Command::RetryNow);
    let mut bob = bob.online();
    bob.until("the list", |model| model.people.contains_key(&UserId(2)));
    drop(bob);
    // What is kept on this computer opens to the new password, and to the old one no more.
    let opens = |password: &str| {
        let mut window = User::with_shelf(None, Some(&dir.path().join("unsent")));
        window.ask_in(&address, "Bob", password);
        window.client.model().phase == Phase::SignedIn
    };
    assert!(opens(NEW));
    assert!(!opens("456"));
}

/// Logs in from somewhere with a password that the check away from the loop finds right.
fn from(here: bool, password: &str) -> Value {
    let alice = (UserId(1), UserName::new("Alice").unwrap());
    let mut engine = Engine::new(State::default(), Directory::new([alice]), "log", "Parlor");
    let session = SessionId(1);
    engine.handle(Input::Opened(session, Origin { address: "192.0.2.7".into(), here }), Millis(1));
    let login = json!({"purpose": "login", "username": "Alice", "password": password}).to_string();
    engine.handle(Input::Request(session, Request::parse(login.as_bytes()).unwrap_or_else(|_| panic!())), Millis(1));
    let verify = engine.take_effects().into_iter().find_map(|effect| match effect {
        Effect::Verify(_, ticket, ..) => Some(ticket),
        _ => None,
    });
    engine.handle(Input::Verified(session, verify.unwrap(), Some(UserId(1))), Millis(2));
    engine.handle(Input::Durable(Seq(1)), Millis(2));
    let sent = engine.take_effects().into_iter().find_map(|effect| match effect {
        Effect::Send(_, frame) => Some(frame),
        _ => None,
    });
    let frame = sent.expect("an answer");
    serde_json::from_slice(&frame[11..frame.len() - 1]).unwrap()
}

#[test]
fn the_passwords_of_the_demonstration_open_nothing_from_elsewhere() {
    for password in ["123", "456", "789"] {
        assert_eq!(from(true, password)["result"], true, "{password}");
        assert_eq!(from(false, password)["error"]["code"], "demo_account", "{password}");
    }
    assert_eq!(from(false, NEW)["result"], true);
}
