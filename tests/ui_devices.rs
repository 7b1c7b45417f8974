//! Staying signed in, as the window shows it: the choice on the login page, the devices among the settings, and what goes
//! with another password.

mod common;

use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use parlor::client::command::{AccountWish, Command};
use parlor::client::model::{Link, Model, Phase, SignInProblem};
use parlor::proto::device::DeviceCall;
use parlor::proto::event::DeviceInfo;
use parlor::proto::ids::{DeviceId, Millis};
use parlor::settings::values::{Account, Settings};

fn on(server: &str, name: &str) -> Account {
    Account { server: server.into(), name: name.into(), hosts: None }
}

fn signed_out() -> Model {
    Model::new(DeviceId::from_random(1))
}

fn click(harness: &mut Harness<'_, State>, role: Role, label: &str) {
    harness.get_by_role_and_label(role, label).click();
    harness.run();
}

fn take(harness: &mut Harness<'_, State>) -> Vec<Command> {
    harness.state_mut().take()
}

fn calls(harness: &mut Harness<'_, State>) -> Vec<DeviceCall> {
    let call = |command| match command {
        Command::Account(AccountWish::Device(call)) => Some(call),
        _ => None,
    };
    take(harness).into_iter().filter_map(call).collect()
}

fn with_devices() -> Model {
    let mut model = model();
    model.link = Link::Online;
    let now = NOW.0;
    let device = |session, device: &str, hours: i64, this, online| DeviceInfo {
        session,
        device: device.into(),
        created: Millis(now - 900 * 3_600_000),
        used: Millis(now - hours * 3_600_000),
        address: "192.0.2.17".into(),
        this,
        online,
    };
    model.devices = Some(vec![
        device(Some(4), "alice-laptop (Linux)", 0, true, true),
        device(Some(2), "reading-room (Windows)", 0, false, true),
        device(None, "", 0, false, true),
        device(Some(3), "A computer whose owner likes long names for computers (macOS)", 1, false, false),
        device(Some(1), "alice-laptop (Linux)", 26, false, false),
        device(Some(7), "studio (Linux)", 340, false, false),
    ]);
    model
}

fn opened(model: Model, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let settings = Settings { accounts: vec![on("chat.example.org", "Alice")], ..Settings::default() };
    let mut harness = chosen(model, size, theme, settings);
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    harness
}

#[test]
fn who_wants_to_stay_signed_in_says_so_on_the_login_page() {
    let mut harness = chosen(signed_out(), [900.0, 600.0], Theme::Light, Settings::default());
    type_text(&mut harness, "Bob");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    type_text(&mut harness, "456");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(matches!(take(&mut harness).as_slice(), [Command::SignIn { .. }]), "nobody stays unasked");
    click(&mut harness, Role::CheckBox, "Stay signed in on this device");
    harness.snapshot("devices_login_light");
    click(&mut harness, Role::Button, "Sign in");
    assert!(matches!(take(&mut harness).as_slice(), [Command::StaySignedIn(true), Command::SignIn { .. }]));
}

#[test]
fn who_stayed_signed_in_is_asked_for_no_password_and_who_was_signed_out_only_for_that() {
    let settings = Settings { accounts: vec![on("chat.example.org", "Alice")], ..Settings::default() };
    let mut harness = chosen(signed_out(), [900.0, 600.0], Theme::Light, settings);
    let begin = harness.state_mut().window.resume_last();
    assert!(matches!(begin, Some(Command::Resume { username, .. }) if username == "Alice"));
    let message = "This device is not signed in any more. Sign in with your password.".to_owned();
    let field = parlor::client::model::Field::Credentials;
    harness.state_mut().model.phase = Phase::SignedOut { problem: Some(SignInProblem { field, message }) };
    harness.run();
    assert!(harness.query_by_label_contains("not signed in any more").is_some());
    assert!(harness.query_by_label("Alice").is_some() && harness.query_by_label("Server").is_none());
    type_text(&mut harness, "123");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = take(&mut harness);
    let [Command::SignIn { address, username, .. }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((address.as_str(), username.as_str()), ("chat.example.org", "Alice"));
}

#[test]
fn a_known_account_is_begun_with_at_a_click() {
    let settings = Settings { accounts: vec![on("", "Alice"), on("chat.example.org", "Nora")], ..Settings::default() };
    let mut harness = chosen(signed_out(), [900.0, 600.0], Theme::Light, settings);
    click(&mut harness, Role::Button, "Nora, chat.example.org");
    let commands = take(&mut harness);
    assert!(matches!(commands.as_slice(), [Command::Resume { username, .. }] if username == "Nora"), "{commands:?}");
}

#[test]
fn devices_are_listed_and_ended() {
    let mut harness = opened(with_devices(), [900.0, 700.0], Theme::Light);
    assert!(calls(&mut harness).is_empty(), "nobody looks at them yet");
    click(&mut harness, Role::Tab, "Devices");
    harness.run_steps(3);
    assert_eq!(calls(&mut harness), [DeviceCall::List], "they are asked for once");
    assert!(harness.query_by_label_contains("This device · Active now").is_some());
    harness.snapshot("devices_light");
    click(&mut harness, Role::Button, "Sign out reading-room (Windows) (2)");
    assert_eq!(calls(&mut harness), [DeviceCall::End(2), DeviceCall::List]);
    assert!(harness.query_by_label_contains("(4)").is_none(), "this one is not ended here");
    click(&mut harness, Role::Button, "End all others");
    assert_eq!(calls(&mut harness), [DeviceCall::EndOthers, DeviceCall::List]);
    click(&mut harness, Role::Tab, "Account");
    click(&mut harness, Role::Button, "Use another account");
    assert!(matches!(take(&mut harness).as_slice(), [Command::SwitchAccount]));
}

#[test]
fn without_a_connection_nothing_is_offered_that_cannot_be_done() {
    let mut model = with_devices();
    model.link = Link::Connecting;
    let mut harness = opened(model, [900.0, 700.0], Theme::Light);
    assert!(calls(&mut harness).is_empty());
    click(&mut harness, Role::Tab, "Devices");
    assert!(harness.query_by_label_contains("reading-room").is_some());
    assert!(harness.query_by_label("End all others").is_none());
    harness.state_mut().model.link = Link::Online;
    harness.run();
    assert_eq!(calls(&mut harness), [DeviceCall::List]);
}

#[test]
fn devices_in_the_dark() {
    let mut harness = opened(with_devices(), [900.0, 700.0], Theme::Dark);
    click(&mut harness, Role::Tab, "Devices");
    harness.snapshot("devices_dark");
}

#[test]
fn devices_in_a_small_window() {
    let mut harness = opened(with_devices(), [360.0, 640.0], Theme::Light);
    type_text(&mut harness, "devices");
    harness.snapshot("devices_small");
}
