//! A server with four accounts and some invites, as its administrator Alice sees it.

use std::collections::BTreeMap;

use super::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::NodeT;
use egui_kittest::{Node, SnapshotOptions, SnapshotResults};
use parlor::client::command::AccountWish;
use parlor::client::model::{AdminView, Errand};
use parlor::proto::account;
use parlor::proto::event::{AccountDone, AccountInfo, Code, ConnectionInfo, InviteInfo, Problem};
use parlor::proto::fingerprint::Fingerprint;
use parlor::settings::values::Account;

pub const SIZE: [f32; 2] = [900.0, 600.0];
pub const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

pub fn person(id: u32, name: &str) -> AccountInfo {
    AccountInfo {
        id: UserId(id),
        username: name.into(),
        role: account::Role::Member,
        blocked: false,
        status: Status::Offline,
        last_seen: None,
        connections: Vec::new(),
    }
}

pub fn invite(n: u64, label: &str, uses: u32, used: u32, days: i64) -> InviteInfo {
    let created = NOW.plus(-2 * 24 * HOUR);
    InviteInfo { invite: n, label: label.into(), by: ALICE, created, expires: NOW.plus(days * 24 * HOUR), uses, used }
}

pub fn administration() -> Model {
    let mut model = model();
    model.server_fingerprint = Some(Fingerprint::of(b"a certificate"));
    model.role = account::Role::Admin;
    model.server_name = "Number 12".into();
    model.registration = Some(false);
    let from = |address: &str, since| ConnectionInfo { address: address.into(), since };
    let mut accounts = BTreeMap::new();
    let alice = AccountInfo {
        role: account::Role::Admin,
        status: Status::Online,
        connections: vec![from("127.0.0.1", at("2026-11-20T09:12:00Z"))],
        ..person(1, "Alice")
    };
    let bob = AccountInfo {
        status: Status::Online,
        connections: vec![
            from("192.168.1.7", at("2026-11-20T14:00:00Z")),
            from("10.0.0.4", at("2026-11-19T08:00:00Z")),
        ],
        ..person(2, "Bob")
    };
    let charlie = AccountInfo { blocked: true, last_seen: Some(NOW.plus(-2 * HOUR)), ..person(3, "Charlie") };
    for account in [alice, bob, charlie, person(4, "Dora Lindqvist")] {
        accounts.insert(account.id, account);
    }
    let invites = vec![invite(1, "The old choir", 25, 25, 3), invite(2, "", 1, 0, -1), invite(3, "Dana", 5, 2, 5)];
    let mut view = AdminView::default();
    (view.loaded, view.accounts, view.invites) = (true, accounts, invites);
    model.admin = Some(view);
    model
}

/// The page over a model, with the server at `chat.example.org`.
pub fn opened(model: Model, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    opened_at("chat.example.org", model, size, theme)
}

/// The same with the server at another address.
pub fn opened_at(server: &str, model: Model, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let account = Account { server: server.into(), name: "Alice".into(), hosts: None };
    let settings = Settings { accounts: vec![account], ..Settings::default() };
    let mut harness = chosen(model, size, theme, settings);
    let window = std::mem::take(&mut harness.state_mut().window);
    harness.state_mut().window = window.with_random(|| 0);
    key(&mut harness, CTRL_SHIFT, Key::A);
    harness.state_mut().take();
    harness
}

pub fn page() -> Harness<'static, State> {
    opened(administration(), SIZE, Theme::Light)
}

pub fn is_open(harness: &Harness<'_, State>) -> bool {
    harness.query_by_label("Close administration").is_some()
}

/// The row of somebody.
pub fn row<'a>(harness: &'a Harness<'_, State>, name: &str) -> Option<Node<'a>> {
    let mut rows = harness.query_all_by_role(Role::ListItem);
    rows.find(|row| row.accesskit_node().label().is_some_and(|label| label.starts_with(&format!("{name},"))))
}

/// What was wished for about accounts since the last look.
pub fn wishes(harness: &mut Harness<'_, State>) -> Vec<AccountWish> {
    let commands = harness.state_mut().take().into_iter();
    let wishes: Vec<AccountWish> = commands
        .filter_map(|command| match command {
            Command::Account(wish) => Some(wish),
            _ => None,
        })
        .collect();
    // As the client does.
    if wishes.iter().any(|wish| !is_no_errand(wish)) {
        let model = &mut harness.state_mut().model;
        let n = model.errand.as_ref().map_or(1, |errand| errand.n + 1);
        model.errand = Some(Errand { n, outcome: None });
        harness.run();
    }
    wishes
}

fn is_no_errand(wish: &AccountWish) -> bool {
    use parlor::client::command::AdminWish;
    matches!(wish, AccountWish::Admin(AdminWish::Open | AdminWish::Close))
}

/// What the server answers to the last wish.
pub fn answer(harness: &mut Harness<'_, State>, outcome: Result<AccountDone, Problem>) {
    wishes(harness);
    let errand = harness.state_mut().model.errand.as_mut().expect("something was asked");
    errand.outcome = Some(outcome);
    harness.run();
}

pub fn refused(code: Code, words: &str) -> Result<AccountDone, Problem> {
    Err(Problem::new(code, words))
}

/// Clicks the button of that name: the one above the others, where several have it.
pub fn click(harness: &mut Harness<'_, State>, label: &str) {
    let buttons: Vec<_> = harness.query_all_by_role(Role::Button).collect();
    let is_it = |node: &&Node<'_>| node.accesskit_node().label().is_some_and(|it| it == label);
    buttons.iter().rfind(is_it).unwrap_or_else(|| panic!("there is no button {label:?}")).click();
    drop(buttons);
    harness.run();
}

pub fn click_tab(harness: &mut Harness<'_, State>, label: &str) {
    harness.get_by_role_and_label(Role::Tab, label).click();
    harness.run();
}

/// Chooses an entry of the menu of somebody.
pub fn menu(harness: &mut Harness<'_, State>, name: &str, entry: &str) {
    click(harness, &format!("Actions for {name}"));
    harness.run();
    click(harness, entry);
}

pub fn field<'a>(harness: &'a Harness<'_, State>, label: &str) -> Node<'a> {
    let roles = [Role::TextInput, Role::PasswordInput];
    let mut nodes = roles.into_iter().flat_map(|role| harness.query_all_by_role(role));
    nodes.find(|node| node.accesskit_node().label().is_some_and(|it| it == label)).expect("the field is there")
}

/// Clicks a button. Returns what is copied by that.
pub fn copied(harness: &mut Harness<'_, State>, label: &str) -> String {
    harness.get_by_role_and_label(Role::Button, label).click();
    // It is there for one frame.
    let mut copied = String::new();
    for _ in 0..4 {
        harness.step();
        for command in &harness.output().platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                copied.clone_from(text);
            }
        }
    }
    copied
}

pub fn look(harness: &mut Harness<'_, State>, name: &str) {
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

/// Looks at several windows in one test.
pub fn looks<'a>(windows: impl IntoIterator<Item = (&'a str, Harness<'static, State>)>) {
    let mut results = SnapshotResults::new();
    for (name, mut harness) in windows {
        look(&mut harness, name);
        results.extend(harness.take_snapshot_results());
    }
}
