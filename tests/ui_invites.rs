//! Inviting somebody, and joining with an invite, before one has an account.

mod common;

use common::admin::*;
use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::{AccountWish, AdminWish, Command};
use parlor::client::model::{Field, Phase, SignInProblem};
use parlor::proto::event::{AccountDone, Code, NewInvite};
use parlor::settings::values::Settings;
use secrecy::ExposeSecret;

const LINK: &str = "parlor://chat.example.org:27275/k7m2p-9xq4t";
/// What a link that was made here ends with.
const PRINT: &str = "?fp=g6pd-ergm-1yk9-58a2-g8pj-zfjd-rvtm-qjn5";

fn invites() -> Harness<'static, State> {
    let mut harness = page();
    click_tab(&mut harness, "Invites");
    harness
}

fn made() -> AccountDone {
    AccountDone::Invite(NewInvite { info: invite(4, "Dana", 5, 0, 30), code: "k7m2p-9xq4t".parse().unwrap() })
}

fn choose(harness: &mut Harness<'_, State>, label: &str) {
    harness.get_by_role_and_label(Role::RadioButton, label).click();
    harness.run();
}

#[test]
fn an_invite_is_made_and_can_be_given_away() {
    let mut harness = invites();
    click(&mut harness, "New invite");
    type_text(&mut harness, "Dana");
    choose(&mut harness, "5 people");
    choose(&mut harness, "30 days");
    click(&mut harness, "Make invite");
    let asked = wishes(&mut harness);
    let [AccountWish::Admin(AdminWish::CreateInvite { uses: 5, expires_in_ms, label })] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!((*expires_in_ms, label.as_str()), (30 * 24 * 3_600_000, "Dana"));
    answer(&mut harness, Ok(made()));
    assert!(harness.query_by_label("Address for others").is_none(), "it is known");
    assert_eq!(copied(&mut harness, "Copy the link"), format!("{LINK}{PRINT}"));
    assert_eq!(copied(&mut harness, "Copy the code"), "k7m2p-9xq4t");
    assert!(harness.query_by_label_contains("I have an invite").is_some(), "it is said how it is used");
    look(&mut harness, "invite_made_light");
    click(&mut harness, "Done");
    assert!(is_open(&harness));
}

#[test]
fn any_number_can_be_invited_and_what_cannot_is_said_at_the_field() {
    let mut harness = invites();
    click(&mut harness, "New invite");
    choose(&mut harness, "Another number");
    assert!(field(&harness, "How many people").is_focused());
    for bad in ["0", "many", "1001"] {
        key(&mut harness, Modifiers::COMMAND, Key::A);
        type_text(&mut harness, bad);
        key(&mut harness, Modifiers::NONE, Key::Enter);
        assert!(harness.query_by_label("A number from 1 to 1000.").is_some(), "{bad}");
        assert!(field(&harness, "How many people").is_focused(), "{bad}");
        assert!(wishes(&mut harness).is_empty());
    }
    look(&mut harness, "invite_new_light");
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "1000");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let asked = wishes(&mut harness);
    assert!(matches!(asked.as_slice(), [AccountWish::Admin(AdminWish::CreateInvite { uses: 1000, .. })]));
    answer(&mut harness, refused(Code::ServerFull, "There are 200 open invites: revoke some."));
    assert!(harness.query_by_label("There are 200 open invites: revoke some.").is_some());
}

/// An invite to a server at an address that is of no use to others.
fn unreached(server: &str, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let mut harness = opened_at(server, administration(), size, theme);
    click_tab(&mut harness, "Invites");
    click(&mut harness, "New invite");
    click(&mut harness, "Make invite");
    answer(&mut harness, Ok(made()));
    harness
}

#[test]
fn an_address_that_others_cannot_reach_is_asked_for() {
    for server in ["", "localhost:4000", "127.0.0.1"] {
        let mut harness = unreached(server, SIZE, Theme::Light);
        assert!(harness.query_by_label_contains("Others cannot reach").is_some(), "{server}");
        let address = field(&harness, "Address for others");
        assert!(address.is_focused(), "{server}");
        assert!(harness.query_by_label("The address is missing").is_some(), "no link leads to nowhere");
        key(&mut harness, Modifiers::COMMAND, Key::A);
        type_text(&mut harness, "chat.example.org");
        assert_eq!(copied(&mut harness, "Copy the link"), format!("{LINK}{PRINT}"), "{server}");
    }
    let mut hosting = administration();
    hosting.hosting = hosted(Some("192.168.1.5:4000"));
    let mut harness = opened_at("", hosting, SIZE, Theme::Light);
    click_tab(&mut harness, "Invites");
    click(&mut harness, "New invite");
    click(&mut harness, "Make invite");
    answer(&mut harness, Ok(made()));
    assert_eq!(copied(&mut harness, "Copy the link"), format!("parlor://192.168.1.5:4000/k7m2p-9xq4t{PRINT}"));
}

#[test]
fn an_invite_is_revoked() {
    let mut harness = invites();
    assert!(harness.query_by_label("1 invite is open").is_some());
    assert!(harness.query_by_label_contains("Dana, 3 of 5 left, until 25 Nov 2026").is_some());
    click(&mut harness, "Revoke Dana");
    assert!(matches!(wishes(&mut harness).as_slice(), [AccountWish::Admin(AdminWish::RevokeInvite(3))]));
    answer(&mut harness, Ok(AccountDone::Done));
    assert!(harness.query_by_label_contains("“Dana” is revoked").is_some());
    click(&mut harness, "Clear Invite 2");
    assert!(matches!(wishes(&mut harness).as_slice(), [AccountWish::Admin(AdminWish::RevokeInvite(2))]));
}

fn joining(clicks: &[&str], size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let mut model = model();
    model.phase = Phase::SignedOut { problem: None };
    let mut harness = chosen(model, size, theme, Settings::default());
    for label in clicks {
        let mut buttons = harness.query_all_by_role(Role::Button);
        buttons
            .find(|node| node.accesskit_node().label().is_some_and(|it| it.starts_with(label)))
            .expect("the button")
            .click();
        drop(buttons);
        harness.run();
    }
    harness
}

fn turned_away(harness: &mut Harness<'_, State>, field: Field, words: &str) {
    harness.state_mut().model.phase = Phase::SigningIn;
    harness.run();
    let problem = Some(SignInProblem { field, message: words.into() });
    harness.state_mut().model.phase = Phase::SignedOut { problem };
    harness.run();
}

#[test]
fn a_link_leads_to_a_server_and_an_account_there() {
    let mut harness = joining(&["I have an invite"], SIZE, Theme::Light);
    assert!(field(&harness, "Invite").is_focused());
    harness.event(egui::Event::Paste(format!(" {LINK}\n")));
    harness.run();
    harness.run();
    assert!(harness.query_by_label("To the server chat.example.org:27275.").is_some());
    assert!(harness.query_by_label_contains("1 to 32 characters").is_some());
    assert!(harness.query_by_label_contains("At least 8 characters").is_some());
    for text in ["", "Dana", "eleven boats", "eleven boots"] {
        type_text(&mut harness, text);
        key(&mut harness, Modifiers::NONE, Key::Enter);
    }
    assert!(harness.query_by_label_contains("not the same as above").is_some());
    assert_eq!(harness.state_mut().take().len(), 0);
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "eleven boats");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = harness.state_mut().take();
    let [Command::Join { address, code: Some(code), username, password, .. }] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    let asked = (address.as_str(), code.expose_secret(), username.as_str(), password.expose_secret());
    assert_eq!(asked, ("chat.example.org:27275", "k7m2p-9xq4t", "Dana", "eleven boats"));

    turned_away(&mut harness, Field::Invite, "No account can be made with this invite any more. Ask for a new one.");
    assert!(field(&harness, "Invite").is_focused());
    let said = harness.get_by_label_contains("Ask for a new one").rect();
    assert!(
        said.top() > field(&harness, "Invite").rect().top()
            && said.bottom() < field(&harness, "Your name").rect().top()
    );
    assert_eq!(field(&harness, "Your name").value().as_deref(), Some("Dana"), "nothing has to be written again");
    look(&mut harness, "join_refused_light");
    turned_away(&mut harness, Field::Credentials, "Somebody has that name, or one that looks like it.");
    assert!(harness.query_by_label_contains("Somebody has that name").is_some());

    harness.state_mut().model = model();
    harness.run();
    let first = harness.state().window.settings().accounts[0].clone();
    assert_eq!(first.server, "chat.example.org:27275", "next time, one signs in there");
}

#[test]
fn a_code_wants_the_address_of_the_server() {
    let mut harness = joining(&["I have an invite"], SIZE, Theme::Light);
    type_text(&mut harness, "K7M2P 9XQ4");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Server").is_none());
    click(&mut harness, "Join");
    assert!(harness.query_by_label_contains("This is not an invite").is_some());
    assert!(field(&harness, "Invite").is_focused());
    key(&mut harness, Modifiers::NONE, Key::End);
    type_text(&mut harness, "T");
    harness.run();
    for text in ["", "10.0.0.4", "Dana", "eleven boats", "eleven boats"] {
        type_text(&mut harness, text);
        key(&mut harness, Modifiers::NONE, Key::Enter);
    }
    let commands = harness.state_mut().take();
    let [Command::Join { address, code: Some(code), .. }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((address.as_str(), code.expose_secret()), ("10.0.0.4", "k7m2p-9xq4t"));
}

#[test]
fn an_account_is_made_without_an_invite_where_that_is_allowed() {
    let mut harness = joining(&["Join a server", "Create an account"], SIZE, Theme::Light);
    assert!(field(&harness, "Server").is_focused());
    for text in ["chat.example.org", "Dana", "eleven boats", "eleven boats"] {
        type_text(&mut harness, text);
        key(&mut harness, Modifiers::NONE, Key::Enter);
    }
    let commands = harness.state_mut().take();
    assert!(
        matches!(commands.as_slice(), [Command::Join { code: None, address, .. }] if address == "chat.example.org")
    );
    turned_away(&mut harness, Field::Invite, "One joins this server with an invite. Ask for one.");
    assert!(field(&harness, "Server").is_focused());
    click(&mut harness, "I have an invite");
    assert!(harness.query_by_label_contains("One joins this server").is_none());
    assert!(field(&harness, "Invite").is_focused());
    assert!(!format!("{:?}", harness.state().window).contains("eleven"), "passwords are not printed");
}

#[test]
fn the_pages_in_both_themes_and_sizes() {
    let of = |clicks: &[&str], size, theme| joining(clicks, size, theme);
    let mut small = opened(administration(), [360.0, 480.0], Theme::Dark);
    click_tab(&mut small, "Invites");
    looks([
        ("join_dark", of(&["I have an invite"], [1400.0, 900.0], Theme::Dark)),
        ("join_small_light", of(&["I have an invite"], [360.0, 480.0], Theme::Light)),
        ("login_join_light", of(&["Join a server"], SIZE, Theme::Light)),
        ("join_open_light", of(&["Join a server", "Create an account"], SIZE, Theme::Light)),
        ("admin_invites_light", invites()),
        ("admin_invites_small_dark", small),
        ("invite_unreached_light", unreached("", SIZE, Theme::Light)),
        ("invite_unreached_small_dark", unreached("127.0.0.1", [360.0, 480.0], Theme::Dark)),
    ]);
}
