//! The pages before one is in: the first start, the accounts that were used here, hosting for others.

mod common;

use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node, SnapshotOptions};
use parlor::client::command::{Command, Hosting};
use parlor::client::model::{Field, Model, Phase, SignInProblem};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::DeviceId;
use parlor::settings::values::{Account, Hosts, Settings};
use secrecy::ExposeSecret;

const SIZE: [f32; 2] = [900.0, 600.0];

fn signed_out() -> Model {
    Model::new(DeviceId::from_random(1))
}

fn refused(field: Field, message: &str) -> Model {
    let mut model = signed_out();
    model.phase = Phase::SignedOut { problem: Some(SignInProblem { field, message: message.into() }) };
    model
}

fn on(server: &str, name: &str) -> Account {
    Account { server: server.into(), name: name.into(), hosts: None }
}

fn hosted(name: &str) -> Account {
    let hosts = Hosts { folder: "/srv/parlor".into(), port: 4000 };
    Account { server: String::new(), name: name.into(), hosts: Some(hosts) }
}

fn known() -> Settings {
    let accounts = vec![on("", "Alice"), on("chat.example.org", "Nora Lindqvist"), hosted("Priya Raman")];
    Settings { accounts, default_server: "chat.example.org".into(), ..Settings::default() }
}

fn begin(settings: Settings) -> Harness<'static, State> {
    chosen(signed_out(), SIZE, Theme::Light, settings)
}

fn field<'a>(harness: &'a Harness<'_, State>, label: &'a str) -> Node<'a> {
    let mut nodes = harness.query_all_by_label(label);
    nodes.find(|node| node.rect().height() > 30.0).expect("the field is there")
}

fn value(harness: &Harness<'_, State>, label: &str) -> String {
    field(harness, label).value().unwrap_or_default()
}

fn click(harness: &mut Harness<'_, State>, label: &str) {
    let mut buttons = harness.query_all_by_role(egui::accesskit::Role::Button);
    let is_it = |node: &Node<'_>| node.accesskit_node().label().is_some_and(|it| it.starts_with(label));
    buttons.find(is_it).expect("the button is there").click();
    drop(buttons);
    harness.run();
}

/// Writes into a field, in the place of what is in it.
fn write(harness: &mut Harness<'_, State>, label: &str, text: &str) {
    field(harness, label).focus();
    harness.run();
    key(harness, Modifiers::COMMAND, Key::A);
    type_text(harness, text);
}

#[test]
fn the_first_start_offers_three_ways() {
    let mut harness = begin(Settings::default());
    let first = harness.get_by_label_contains("Chat on this computer");
    assert!(first.is_focused(), "one can begin by keyboard");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!((value(&harness, "Server"), value(&harness, "Name")), (String::new(), "Alice".into()));
    assert!(field(&harness, "Password").is_focused());
    assert!(harness.query_by_label_contains("Alice 123").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);

    click(&mut harness, "Join a server");
    assert!(field(&harness, "Server").is_focused(), "its address is what is missing");
    assert_eq!(value(&harness, "Name"), "");
    click(&mut harness, "Back");

    click(&mut harness, "Host one for others");
    assert!(field(&harness, "Your name").is_focused());
    assert!(harness.query_by_label_contains("What is said is encrypted").is_some());
    assert_eq!(harness.state_mut().take().len(), 0);
}

#[test]
fn who_was_here_before_is_offered_and_needs_a_password_only() {
    let mut harness = begin(known());
    assert!(harness.get_by_label("Alice, This computer").is_focused());
    key(&mut harness, Modifiers::NONE, Key::ArrowDown);
    assert!(harness.get_by_label("Nora Lindqvist, chat.example.org").is_focused());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(field(&harness, "Password").is_focused());
    assert!(harness.query_by_label("Server").is_none(), "nothing else is asked");
    type_text(&mut harness, "rowboat");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = harness.state_mut().take();
    let [Command::Resume { .. }, Command::SignIn { address, username, password }] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    let asked = (address.as_str(), username.as_str(), password.expose_secret());
    assert_eq!(asked, ("chat.example.org", "Nora Lindqvist", "rowboat"));

    harness.state_mut().model = model();
    harness.run();
    let first = harness.state().window.settings().accounts[0].clone();
    assert_eq!(first, on("chat.example.org", "Alice"), "who is in is remembered first, as the server writes the name");
    assert!(!format!("{:?}", harness.state().window.settings()).contains("rowboat"));
}

#[test]
fn what_is_pinned_and_which_emoji_one_likes_are_there_again_for_that_account() {
    let enter = |harness: &mut Harness<'_, State>, label| {
        click(harness, label);
        type_text(harness, "rowboat");
        key(harness, Modifiers::NONE, Key::Enter);
        harness.state_mut().model = model();
        harness.run();
    };
    let mut harness = begin(known());
    enter(&mut harness, "Alice, This computer");
    open(&mut harness, BOB);
    key(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    type_text(&mut harness, ":tada");
    type_text(&mut harness, ":");
    let settings = harness.state().window.settings().clone();
    assert_eq!((settings.pinned.len(), settings.recent_emoji.as_slice()), (1, &["🎉".to_owned()][..]));

    // The next window, and somebody else before her.
    let mut harness = begin(settings);
    enter(&mut harness, "Nora Lindqvist, chat.example.org");
    assert_eq!(harness.state().window.pinned(), []);
    harness.state_mut().model = signed_out();
    harness.run();
    enter(&mut harness, "Alice, This computer");
    assert_eq!(harness.state().window.pinned(), [ChatKey::Person(BOB)]);
    assert_eq!(harness.state().window.recent_emoji(), ["🎉"]);
}

#[test]
fn a_refused_password_is_said_where_it_is_written_again() {
    let mut harness = begin(known());
    click(&mut harness, "Alice, This computer");
    type_text(&mut harness, "wrong");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    harness.state_mut().model.phase = Phase::SigningIn;
    harness.run();
    harness.state_mut().model = refused(Field::Server, "nobody answers there");
    harness.run();
    let said = harness.get_by_label("nobody answers there").rect();
    assert!(said.top() >= field(&harness, "Password").rect().bottom());
    assert!(field(&harness, "Password").is_focused());
    assert_eq!(harness.state().window.settings().accounts.len(), 3, "who did not get in is not taken for the last");

    click(&mut harness, "Back");
    click(&mut harness, "Nora");
    assert!(harness.query_by_label("nobody answers there").is_none(), "that was about another one");
}

#[test]
fn another_account_comes_with_the_chosen_server_and_one_is_forgotten() {
    let mut harness = begin(known());
    click(&mut harness, "Another account");
    assert_eq!(value(&harness, "Server"), "chat.example.org");
    assert!(field(&harness, "Name").is_focused());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    for who in ["Alice, This computer", "Nora Lindqvist, chat.example.org"] {
        harness.get_by_label(&format!("Forget {who}")).click();
        harness.run();
        assert!(harness.query_by_label(who).is_none());
    }
    assert_eq!(harness.state().window.settings().accounts, [hosted("Priya Raman")]);
    click(&mut harness, "Forget Priya");
    assert!(harness.query_by_label_contains("Join a server").is_some(), "nobody is left: it is as at first");
}

#[test]
fn what_is_typed_on_the_list_is_the_name_of_another_one() {
    let mut harness = begin(known());
    harness.input_mut().events.extend(strokes("Bob\n456\n"));
    harness.run();
    let commands = harness.state_mut().take();
    let [Command::SignIn { username, password, .. }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((username.as_str(), password.expose_secret()), ("Bob", "456"));
}

#[test]
fn hosting_asks_for_what_it_needs_and_says_what_will_not_do() {
    let mut harness = begin(Settings::default());
    click(&mut harness, "Host one for others");
    assert_eq!(value(&harness, "Folder of the server"), "/home/alice/.local/share/parlor/hosted");
    assert_eq!(value(&harness, "Port"), "27275");
    type_text(&mut harness, "Nora");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(field(&harness, "Your password").is_focused());
    type_text(&mut harness, "1234567");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Choose a password of at least 8 characters.").is_some());
    assert!(field(&harness, "Your password").is_focused());
    for (label, bad, why, good) in [
        ("Your password", "1234567", "at least 8 characters.", "12345678"),
        ("Your name", "a@b", "without @", "Nora"),
        ("Port", "70000", "from 1 to 65535", "4000"),
        ("Folder of the server", " ", "Choose a folder", "/srv/parlor"),
    ] {
        write(&mut harness, label, bad);
        click(&mut harness, "Host and sign in");
        assert!(harness.query_all_by_label_contains(why).next().is_some(), "{label}");
        assert!(field(&harness, label).is_focused(), "{label}");
        assert_eq!(harness.state_mut().take().len(), 0, "{label}");
        write(&mut harness, label, good);
    }
    click(&mut harness, "Host and sign in");
    let commands = harness.state_mut().take();
    let [Command::Host { hosting, username, password }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(*hosting, Hosting { folder: "/srv/parlor".into(), port: 4000, new: true });
    assert_eq!((username.as_str(), password.expose_secret()), ("Nora", "12345678"));

    harness.state_mut().model.phase = Phase::SigningIn;
    harness.run();
    harness.state_mut().model = refused(Field::Server, "Port 4000 of this computer is in use");
    harness.run();
    assert!(harness.query_by_label("Port 4000 of this computer is in use").is_some(), "it is said on this page");
    assert_eq!(value(&harness, "Folder of the server"), "/srv/parlor");

    harness.state_mut().model = model();
    harness.run();
    let known = harness.state().window.settings().accounts.clone();
    assert_eq!(known, [hosted("Alice")], "next time, it is hosted again");
}

#[test]
fn a_folder_is_found_with_the_dialog_of_the_system() {
    let mut harness = begin(Settings::default());
    click(&mut harness, "Host one for others");
    assert!(!harness.state_mut().window.take_folder_wish());
    click(&mut harness, "Choose…");
    assert!(harness.state_mut().window.take_folder_wish());
    assert!(!harness.state_mut().window.take_folder_wish(), "it is asked for once");
    harness.state_mut().window.set_folder("/mnt/chat".into());
    harness.run();
    assert_eq!(value(&harness, "Folder of the server"), "/mnt/chat");
}

#[test]
fn who_hosted_before_hosts_again_without_making_anything() {
    let mut harness = begin(known());
    click(&mut harness, "Priya Raman, Hosted");
    type_text(&mut harness, "12345678");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = harness.state_mut().take();
    let [Command::Resume { .. }, Command::Host { hosting, .. }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(*hosting, Hosting { folder: "/srv/parlor".into(), port: 4000, new: false });
}

#[test]
fn every_button_of_these_pages_is_reached_with_tab() {
    for settings in [Settings::default(), known()] {
        let mut harness = begin(settings);
        let buttons = harness.query_all_by_role(egui::accesskit::Role::Button).count();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..buttons {
            let focused = harness.query_all_by_role(egui::accesskit::Role::Button).find(|node| node.is_focused());
            seen.extend(focused.and_then(|node| node.accesskit_node().label()));
            key(&mut harness, Modifiers::NONE, Key::Tab);
        }
        assert_eq!(seen.len(), buttons, "{seen:?}");
    }
}

#[test]
fn a_page_that_is_too_high_for_the_window_follows_the_focus() {
    let mut harness = chosen(signed_out(), [360.0, 480.0], Theme::Light, Settings::default());
    click(&mut harness, "Host one for others");
    for _ in 0..3 {
        key(&mut harness, Modifiers::NONE, Key::Tab);
    }
    let focused = harness.query_all_by_role(egui::accesskit::Role::TextInput).find(|node| node.is_focused());
    if let Some(field) = focused {
        assert!(field.rect().bottom() <= 480.0, "{:?}", field.rect());
    }
}

/// What a page looks like after some clicks and keys.
fn picture(name: &str, size: [f32; 2], theme: Theme, settings: Settings, clicks: &[&str], keys: &str) {
    let mut harness = chosen(signed_out(), size, theme, settings);
    for label in clicks {
        click(&mut harness, label);
    }
    harness.input_mut().events.extend(strokes(keys));
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

#[test]
fn the_first_start_in_the_light() {
    picture("first_light", SIZE, Theme::Light, Settings::default(), &[], "");
}

#[test]
fn the_first_start_in_the_dark() {
    picture("first_dark", [1400.0, 900.0], Theme::Dark, Settings::default(), &[], "");
}

#[test]
fn the_first_start_in_a_small_window() {
    picture("first_small", [360.0, 480.0], Theme::Light, Settings::default(), &[], "");
}

#[test]
fn the_accounts_in_the_light() {
    picture("accounts_light", SIZE, Theme::Light, known(), &[], "");
}

#[test]
fn an_account_that_was_chosen() {
    picture("accounts_chosen_light", SIZE, Theme::Light, known(), &["Nora"], "");
}

#[test]
fn the_accounts_in_a_small_window() {
    picture("accounts_small_dark", [360.0, 480.0], Theme::Dark, known(), &[], "");
}

#[test]
fn hosting_in_the_light() {
    picture("host_light", SIZE, Theme::Light, Settings::default(), &["Host one"], "");
}

#[test]
fn hosting_with_a_problem_in_a_small_window() {
    picture(
        "host_problem_small_dark",
        [360.0, 480.0],
        Theme::Dark,
        Settings::default(),
        &["Host one"],
        "Nora\nshort\n",
    );
}
