//! A window that hosts for others: over real sockets, with a folder that is made for it.

mod support;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use parlor::client::command::{Command, Hosting};
use parlor::client::model::{Link, Phase};
use parlor::host::LocalHost;
use parlor::proto::ids::UserId;
use parlor::server::Options;
use support::user::User;

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A window whose own folder is `dir`, and that hosts in `folder` within it.
fn host(dir: &Path, folder: &Path, port: u16, new: bool, password: &str) -> User {
    let own = Options::new(vec!["127.0.0.1:1".parse().unwrap()], dir.join("own"));
    let options = Options { lenient: true, ..own };
    let mut user = User::new(Some(LocalHost::new(options)));
    let hosting = Hosting { folder: folder.to_str().unwrap().into(), port, new };
    user.client.perform(Command::Host { hosting, username: "Nora".into(), password: password.into() });
    user
}

/// Why the window was not let in.
fn refusal(mut user: User) -> String {
    user.until("a refusal", |model| matches!(model.phase, Phase::SignedOut { problem: Some(_) }));
    let Phase::SignedOut { problem: Some(problem) } = &user.client.model().phase else { unreachable!() };
    problem.message.clone()
}

#[test]
fn a_server_is_made_with_one_account_and_others_join_it() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, port) = (dir.path().join("hosted"), free_port());
    let mut nora = host(dir.path(), &folder, port, true, "long enough").online();
    let said = nora.client.model().hosting.as_ref().unwrap().details();
    assert!(said.starts_with("Others join at ") && said.contains(&port.to_string()), "{said}");
    assert!(said.contains(folder.to_str().unwrap()), "{said}");
    assert_eq!(nora.client.model().people.len(), 1, "the accounts that everybody knows are not there");
    assert!(!dir.path().join("own").exists(), "this computer's own folder is not touched");

    // Another account, made meanwhile; and on this machine's other addresses the port is the same.
    parlor::server::accounts::add(&folder, &parlor::proto::ids::UserName::new("Bob").unwrap(), &"456".into()).unwrap();
    nora.until("Bob's account", |model| model.people.len() == 2);
    let mut bob = User::sign_in(&format!("127.0.0.1:{port}"), "Bob", "456").online();
    bob.say(UserId(1), "hello");
    nora.until("his message", |model| support::user::texts(model, UserId(2)) == ["hello"]);
    drop((nora, bob));

    // The next start hosts the same again, with what was said.
    let mut again = host(dir.path(), &folder, port, false, "long enough").online();
    again.until("what was said", |model| model.chat(parlor::proto::chat::ChatKey::Person(UserId(2))).is_some());
}

#[test]
fn nothing_is_made_where_something_is() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let full = dir.path().join("letters");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("to-mother.txt"), "Dear").unwrap();
    let said = refusal(host(dir.path(), &full, port, true, "long enough"));
    assert!(said.contains("something in that folder"), "{said}");
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);

    let other = dir.path().join("other");
    drop(host(dir.path(), &other, port, true, "long enough").online());
    let said = refusal(host(dir.path(), &other, port, true, "another password"));
    assert!(said.contains("already"), "{said}");
    drop(host(dir.path(), &other, port, true, "long enough").online());

    let said = refusal(host(dir.path(), Path::new("not/absolute"), port, true, "long enough"));
    assert!(said.contains("whole path"), "{said}");
    let said = refusal(host(dir.path(), &dir.path().join("short"), port, true, "short"));
    assert!(said.contains("at least 8"), "{said}");
    assert!(!dir.path().join("short").exists());
}

#[test]
fn whoever_has_the_port_is_not_taken_for_the_new_server() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = dir.path().join("hosted");
    let said = refusal(host(dir.path(), &folder, port, true, "long enough"));
    assert!(said.contains("in use"), "{said}");
    assert!(!folder.exists(), "and nothing was made");
}

#[test]
fn a_folder_that_is_gone_does_not_come_back_with_accounts_that_everybody_knows() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("hosted");
    let said = refusal(host(dir.path(), &folder, free_port(), false, "long enough"));
    assert!(said.contains("no server in"), "{said}");
    assert!(!folder.exists());
}

#[test]
fn what_a_window_hosts_for_others_comes_back_after_a_fall() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, port) = (dir.path().join("hosted"), free_port());
    let mut first = host(dir.path(), &folder, port, true, "long enough").online();
    // A second window of the same person finds the first, and takes its place when it ends.
    let mut second = host(dir.path(), &folder, port, false, "long enough").online();
    assert_eq!(second.client.model().hosting, None);
    first.client.poll();
    drop(first);
    second.until("hosting", |model| model.hosting.is_some() && model.link == Link::Online);
}
