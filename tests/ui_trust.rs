//! Whether a server is the right one, as it is asked; and the lock beside the program's name.

mod common;

use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::{Link, Model, Phase, Security, TlsVersion, TrustQuestion};
use parlor::proto::fingerprint::Fingerprint;
use parlor::proto::ids::DeviceId;

const SIZE: [f32; 2] = [900.0, 640.0];
const SMALL: [f32; 2] = [360.0, 480.0];

fn now() -> Fingerprint {
    Fingerprint::of(b"now")
}

fn before() -> Fingerprint {
    // One group is the same, as it may be by chance or by somebody's work.
    let (now, old) = (now().to_string(), Fingerprint::of(b"before").to_string());
    format!("{}{}", &old[..35], &now[35..]).parse().unwrap()
}

fn question() -> TrustQuestion {
    let server = "chat.example.org:27275".into();
    TrustQuestion { server, fingerprint: now(), known: None, expected: None, lost: None }
}

fn changed() -> TrustQuestion {
    TrustQuestion { known: Some(before()), ..question() }
}

fn other_link() -> TrustQuestion {
    TrustQuestion { expected: Some(before()), ..question() }
}

fn signing_in(question: TrustQuestion) -> Model {
    let mut model = Model::new(DeviceId::from_random(1));
    model.phase = Phase::SigningIn;
    model.trust = Some(question);
    model
}

fn coming_back(question: TrustQuestion) -> Model {
    let mut model = long_chat(1, 12);
    model.link = Link::Halted { reason: question.refusal() };
    model.security = Security::Encrypted { fingerprint: before(), version: TlsVersion::V1_3 };
    model.trust = Some(question);
    model
}

fn answer(harness: &mut Harness<'_, State>) -> Option<bool> {
    let commands = harness.state_mut().take();
    let mut answers = commands.iter().filter_map(|command| match command {
        Command::Trust { accept } => Some(*accept),
        _ => None,
    });
    let answer = answers.next();
    assert_eq!(answers.next(), None, "it is answered once");
    answer
}

fn button<'a>(harness: &'a Harness<'_, State>, label: &'a str) -> egui_kittest::Node<'a> {
    harness.query_all_by_label(label).find(|node| node.accesskit_node().role() == Role::Button).expect("the button")
}

#[test]
fn a_first_contact_shows_what_to_compare_and_waits_for_an_answer() {
    let mut harness = sized(signing_in(question()), SIZE);
    assert!(harness.query_by_label("chat.example.org:27275").is_some());
    assert!(harness.query_by_label(&format!("Fingerprint: {}", now())).is_some());
    let cancels = harness.query_all_by_label("Cancel").any(|node| node.is_focused());
    assert!(cancels, "Enter, pressed once more, accepts nothing");
    button(&harness, "They match: connect").click();
    harness.run();
    assert_eq!(answer(&mut harness), Some(true));
    for press in [Key::Enter, Key::Escape] {
        let mut harness = sized(signing_in(question()), SIZE);
        key(&mut harness, Modifiers::NONE, press);
        assert_eq!(answer(&mut harness), Some(false), "{press:?}");
    }
    let mut harness = sized(signing_in(question()), SIZE);
    button(&harness, "Copy the fingerprint").click();
    harness.step();
    let copied = harness.output().platform_output.commands.iter().any(|command| match command {
        egui::OutputCommand::CopyText(text) => *text == now().to_string(),
        _ => false,
    });
    assert!(copied);
}

#[test]
fn a_changed_certificate_is_used_by_a_deliberate_act_only() {
    let mut harness = sized(signing_in(changed()), SIZE);
    assert!(harness.query_by_label(&format!("Before: {}", before())).is_some());
    assert!(harness.query_by_label(&format!("Now: {}, 7 of 8 groups differ", now())).is_some());
    assert!(button(&harness, "Do not connect").is_focused());
    button(&harness, "Use the new certificate").click();
    harness.run();
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(answer(&mut harness), None);

    let first = now().groups().next().unwrap();
    let field = "First group of the new fingerprint";
    for (text, enough) in [(before().groups().next().unwrap(), false), (first.to_uppercase(), true)] {
        harness.get_by_label(field).focus();
        harness.run();
        key(&mut harness, Modifiers::COMMAND, Key::A);
        type_text(&mut harness, &text);
        button(&harness, "Use the new certificate").click();
        harness.run();
        assert_eq!(answer(&mut harness), enough.then_some(true), "{text}");
    }
    for press in [Key::Enter, Key::Escape] {
        let mut harness = sized(signing_in(changed()), SIZE);
        key(&mut harness, Modifiers::NONE, press);
        assert_eq!(answer(&mut harness), Some(false), "{press:?}");
    }
}

#[test]
fn what_a_link_says_cannot_be_overruled() {
    let mut harness = sized(signing_in(other_link()), SIZE);
    assert!(harness.query_by_label("Use the new certificate").is_none());
    assert!(harness.query_by_label(&format!("Your link: {}", before())).is_some());
    button(&harness, "Do not connect").click();
    harness.run();
    assert_eq!(answer(&mut harness), Some(false));
}

#[test]
fn who_is_asked_while_writing_loses_nothing_and_goes_on() {
    let mut harness = with_bob(long_chat(1, 5));
    type_text(&mut harness, "half a sen");
    harness.state_mut().model.trust = Some(changed());
    harness.run();
    // A click between the buttons takes the focus from them.
    harness.get_by_label(&format!("Before: {}", before())).click();
    harness.run();
    harness.input_mut().events.extend(strokes("tence\n"));
    harness.run();
    assert_eq!(composer_text(&harness, BOB), "half a sen", "it is not typed behind the alarm");
    key(&mut harness, Modifiers::COMMAND, Key::K);
    assert!(harness.query_by_label("Do not connect").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(answer(&mut harness), Some(false));
    let model = &mut harness.state_mut().model;
    model.trust = None;
    model.link = Link::Halted { reason: changed().refusal() };
    harness.run();
    type_text(&mut harness, "tence");
    assert_eq!(composer_text(&harness, BOB), "half a sentence");
    assert!(harness.query_by_label_contains("Not connected").is_some());
    button(&harness, "Retry now").click();
    harness.run();
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::RetryNow)), "{commands:?}");
}

#[test]
fn everything_is_reached_with_tab_in_the_smallest_window() {
    for (asked, wanted) in [
        (question(), &["Copy the fingerprint", "Cancel", "They match: connect"][..]),
        (changed(), &["Copy the fingerprint", "First group of the new fingerprint", "Do not connect"]),
    ] {
        let mut harness = sized(signing_in(asked), SMALL);
        let mut seen = Vec::new();
        for _ in 0..wanted.len() {
            key(&mut harness, Modifiers::NONE, Key::Tab);
            harness.run();
            let roles = [Role::Button, Role::TextInput];
            let mut nodes = roles.into_iter().flat_map(|role| harness.query_all_by_role(role));
            let focused = nodes.find(|node| node.is_focused()).expect("something has the focus");
            assert!(focused.rect().bottom() <= SMALL[1] && focused.rect().right() <= SMALL[0], "{:?}", focused.rect());
            seen.push(focused.accesskit_node().label().unwrap());
        }
        for label in wanted {
            assert!(seen.iter().any(|seen| seen == label), "{label}: {seen:?}");
        }
    }
}

#[test]
fn the_lock_says_how_the_server_is_spoken_to() {
    let mut model = model();
    assert!(sized(model.clone(), SIZE).query_by_label_contains("ncrypted").is_none());
    model.security = Security::Encrypted { fingerprint: now(), version: TlsVersion::V1_2 };
    let words = format!("Encrypted with TLS 1.2. The server’s fingerprint is {}.", now());
    assert!(sized(model.clone(), SIZE).query_by_label(&words).is_some());
    model.server_allows_plaintext = true;
    assert!(sized(model.clone(), SIZE).query_by_label_contains("lets other computers speak plain text").is_some());
    model.security = Security::Here;
    assert!(sized(model.clone(), SIZE).query_by_label_contains("lets other computers speak plain text").is_some());
    model.security = Security::Plain;
    assert!(sized(model, SIZE).query_by_label_contains("Not encrypted").is_some());
}

fn picture(name: &str, size: [f32; 2], theme: Theme, model: Model) {
    let mut harness = themed(model, size, theme);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

#[test]
fn a_first_contact_in_the_light() {
    picture("trust_first_light", SIZE, Theme::Light, signing_in(question()));
}

#[test]
fn a_first_contact_in_a_small_window() {
    let lost = Some("/home/alice/.config/parlor/servers.json.damaged".into());
    picture("trust_first_lost_small_dark", SMALL, Theme::Dark, signing_in(TrustQuestion { lost, ..question() }));
}

#[test]
fn a_changed_certificate_in_the_light() {
    picture("trust_changed_light", SIZE, Theme::Light, signing_in(changed()));
}

#[test]
fn a_changed_certificate_in_the_dark_over_a_chat() {
    picture("trust_changed_dark", [1400.0, 900.0], Theme::Dark, coming_back(changed()));
}

#[test]
fn a_changed_certificate_in_a_small_window() {
    picture("trust_changed_small_light", SMALL, Theme::Light, coming_back(changed()));
}

#[test]
fn another_server_than_that_of_the_link() {
    picture("trust_link_dark", SIZE, Theme::Dark, signing_in(other_link()));
}

#[test]
fn a_chat_that_is_not_encrypted() {
    let mut model = long_chat(1, 3);
    model.security = Security::Plain;
    picture("trust_plain_light", SIZE, Theme::Light, model);
}

#[test]
fn a_chat_that_is_encrypted_and_not_connected() {
    let mut model = coming_back(changed());
    model.trust = None;
    picture("trust_halted_dark", SIZE, Theme::Dark, model);
}
