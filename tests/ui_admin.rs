//! The page of administrators: who is there and from where, what can be done with whom, what the server is called and
//! whom it lets in; and one's own name and password.

mod common;

use common::admin::*;
use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use parlor::client::command::{AccountWish, AdminWish, Command};
use parlor::client::model::Link;
use parlor::proto::account;
use parlor::proto::event::{AccountDone, AccountReply, Code};
use parlor::proto::ids::UserId;
use secrecy::ExposeSecret;

#[test]
fn only_administrators_find_the_page_and_leave_it_as_they_came() {
    let mut harness = window(model());
    key(&mut harness, CTRL_SHIFT, Key::A);
    assert!(!is_open(&harness) && harness.state_mut().take().is_empty(), "members have no such page");
    harness.get_by_label("Account of Alice").click();
    harness.run();
    assert!(harness.query_by_label("People, invites and server").is_none());
    key(&mut harness, Modifiers::NONE, Key::Escape);

    let mut harness = window(administration());
    open(&mut harness, BOB);
    type_text(&mut harness, "unfinished");
    harness.state_mut().take();
    key(&mut harness, CTRL_SHIFT, Key::A);
    assert!(is_open(&harness));
    assert!(matches!(wishes(&mut harness).as_slice(), [AccountWish::Admin(AdminWish::Open)]));
    type_text(&mut harness, "bo");
    assert!(row(&harness, "Bob").is_some() && row(&harness, "Charlie").is_none(), "what is typed is looked for");
    assert_eq!(composer_text(&harness, BOB), "unfinished");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(is_open(&harness) && row(&harness, "Charlie").is_some(), "first the search goes");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!is_open(&harness));
    assert!(matches!(wishes(&mut harness).as_slice(), [AccountWish::Admin(AdminWish::Close)]));
    type_text(&mut harness, " text");
    assert_eq!(composer_text(&harness, BOB), "unfinished text");

    harness.get_by_label("Account of Alice").click();
    harness.run();
    click(&mut harness, "People, invites and server");
    assert!(is_open(&harness));
    harness.state_mut().model.role = account::Role::Member;
    harness.run();
    assert!(!is_open(&harness), "who is no administrator any more does not see it");
}

#[test]
fn rows_say_who_is_what_and_from_where() {
    let harness = page();
    for said in [
        "Alice, you, administrator, online · this computer since 09:12",
        "Bob, online · 192.168.1.7 since 14:00, 10.0.0.4 since yesterday",
        "Charlie, blocked, last seen at 13:00",
        "Dora Lindqvist, never signed in",
    ] {
        assert!(harness.query_by_label(said).is_some(), "{said}");
    }
    assert!(harness.query_by_label("4 people, 2 online").is_some());
}

#[test]
fn what_needs_no_question_is_done_and_said() {
    let mut harness = page();
    menu(&mut harness, "Bob", "Make administrator");
    let asked = wishes(&mut harness);
    let [AccountWish::Admin(AdminWish::SetRole { user: BOB, role: account::Role::Admin })] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert!(harness.query_by_label("Making Bob an administrator…").is_some());
    menu(&mut harness, "Charlie", "Unblock");
    assert!(wishes(&mut harness).is_empty(), "one at a time");
    answer(&mut harness, Ok(AccountDone::Done));
    assert!(harness.query_by_label("Bob is an administrator now.").is_some());
    click(&mut harness, "Dismiss");
    assert!(harness.query_by_label("Bob is an administrator now.").is_none());

    menu(&mut harness, "Charlie", "Unblock");
    let asked = wishes(&mut harness);
    assert!(matches!(asked.as_slice(), [AccountWish::Admin(AdminWish::Block { user: CHARLIE, blocked: false })]));
    answer(&mut harness, refused(Code::StorageFailed, "The server’s disk failed."));
    assert!(harness.query_by_label("The server’s disk failed.").is_some());

    menu(&mut harness, "Bob", "Block");
    answer(&mut harness, Ok(AccountDone::Done));
    assert!(harness.query_by_label_contains("Bob is blocked: signed out everywhere").is_some());
}

#[test]
fn an_account_is_removed_only_after_it_was_said_what_that_means() {
    let mut harness = page();
    menu(&mut harness, "Bob", "Remove the account…");
    assert!(wishes(&mut harness).is_empty());
    assert!(harness.query_by_label_contains("can never sign in again").is_some());
    click(&mut harness, "Cancel");
    assert!(is_open(&harness) && wishes(&mut harness).is_empty());
    menu(&mut harness, "Bob", "Remove the account…");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(is_open(&harness), "only the question is left");
    menu(&mut harness, "Bob", "Remove the account…");
    click(&mut harness, "Remove");
    assert!(matches!(wishes(&mut harness).as_slice(), [AccountWish::Admin(AdminWish::Remove(BOB))]));
    answer(&mut harness, refused(Code::LastAdmin, "This is the last administrator."));
    assert!(harness.query_by_label("This is the last administrator.").is_some());
    click(&mut harness, "Remove");
    answer(&mut harness, Ok(AccountDone::Done));
    assert!(harness.query_by_label_contains("can never sign in again").is_none());
}

#[test]
fn a_person_is_added_with_a_suggested_password_and_it_is_said_what_to_tell_them() {
    let mut harness = page();
    click(&mut harness, "Add a person");
    assert!(harness.query_by_label_contains("1 to 32 characters").is_some(), "the rules come before they are broken");
    click(&mut harness, "Add");
    assert!(wishes(&mut harness).is_empty());
    assert!(harness.query_by_label_contains("Choose a name").is_some());
    type_text(&mut harness, "Dana");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    type_text(&mut harness, "short");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Choose a password of at least 8 characters.").is_some());
    click(&mut harness, "Suggest a password");
    assert_eq!(field(&harness, "Password").value().as_deref(), Some("baba-baba-baba-baba"), "and it can be read");
    click(&mut harness, "Hide the password");
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    let asked = wishes(&mut harness);
    let [AccountWish::Admin(AdminWish::Add { username, password })] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((username.as_str(), password.expose_secret()), ("Dana", "baba-baba-baba-baba"));

    answer(&mut harness, refused(Code::NameTaken, "Somebody has that name, or one that looks like it."));
    assert!(field(&harness, "Name").is_focused(), "it is said where it can be put right");
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "Dana B");
    assert!(harness.query_by_label_contains("Somebody has that name").is_none());
    click(&mut harness, "Add");
    answer(&mut harness, Ok(AccountDone::Account(AccountReply { user: UserId(9), username: "Dana B".into() })));
    assert!(harness.query_all_by_label("Dana B can sign in").next().is_some());
    assert_eq!(
        copied(&mut harness, "Copy all of it"),
        "Server: chat.example.org\nName: Dana B\nPassword: baba-baba-baba-baba"
    );
    look(&mut harness, "admin_told_light");
    click(&mut harness, "Done");
    assert!(is_open(&harness));
}

#[test]
fn an_administrator_steps_down_only_after_a_question() {
    let mut harness = page();
    menu(&mut harness, "Alice", "Become a member…");
    assert!(wishes(&mut harness).is_empty());
    click(&mut harness, "Step down");
    let asked = wishes(&mut harness);
    let member = account::Role::Member;
    assert!(
        matches!(asked.as_slice(), [AccountWish::Admin(AdminWish::SetRole { user: ALICE, role })] if *role == member)
    );
}

#[test]
fn the_server_gets_a_name_and_is_opened() {
    let mut harness = page();
    click_tab(&mut harness, "Server");
    let name = "Name of the server";
    assert_eq!(field(&harness, name).value().as_deref(), Some("Number 12"));
    field(&harness, name).focus();
    harness.run();
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, &"x".repeat(65));
    assert!(harness.query_by_label("At most 64 characters; these are 65.").is_some());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(wishes(&mut harness).is_empty());
    field(&harness, name).focus();
    harness.run();
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "Choir");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let asked = wishes(&mut harness);
    assert!(matches!(asked.as_slice(), [AccountWish::Admin(AdminWish::RenameServer(name))] if name == "Choir"));
    answer(&mut harness, refused(Code::BadName, "A server cannot have that name."));
    assert!(harness.query_by_label("A server cannot have that name.").is_some());
    click(&mut harness, "Save");
    harness.state_mut().model.server_name = "Choir".into();
    answer(&mut harness, Ok(AccountDone::Done));
    assert_eq!(field(&harness, name).value().as_deref(), Some("Choir"));

    wishes(&mut harness);
    harness.get_by_role_and_label(Role::Switch, "Open registration").click();
    harness.run();
    assert!(matches!(wishes(&mut harness).as_slice(), [AccountWish::Admin(AdminWish::SetRegistration(true))]));
    answer(&mut harness, Ok(AccountDone::Done));
    assert!(harness.query_by_label_contains("can make an account now").is_some());
    harness.state_mut().model.registration = Some(true);
    look(&mut harness, "admin_server_light");
}

#[test]
fn ones_own_name_and_password_are_changed_in_the_settings() {
    let mut harness = window(model());
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    click(&mut harness, "Change the name…");
    assert!(harness.query_by_label_contains("The old one stays yours").is_some());
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "Alicia");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let asked = wishes(&mut harness);
    assert!(matches!(asked.as_slice(), [AccountWish::ChangeName(name)] if name == "Alicia"), "{asked:?}");
    answer(&mut harness, Ok(AccountDone::Account(AccountReply { user: ALICE, username: "Alicia".into() })));

    click(&mut harness, "Change the password…");
    for text in ["old one", "new password", "new passwort"] {
        type_text(&mut harness, text);
        key(&mut harness, Modifiers::NONE, Key::Enter);
    }
    assert!(wishes(&mut harness).is_empty());
    assert!(harness.query_by_label_contains("not the same as above").is_some());
    key(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "new password");
    look(&mut harness, "account_password_light");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let asked = wishes(&mut harness);
    let [AccountWish::ChangePassword { old, new, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((old.expose_secret(), new.expose_secret()), ("old one", "new password"));
    answer(&mut harness, refused(Code::WrongCredentials, "That is not your password."));
    assert!(field(&harness, "Old password").is_focused());
    assert!(harness.query_by_label("That is not your password.").is_some());
    assert!(!format!("{:?}", harness.state().window).contains("new password"), "passwords are not printed");
}

#[test]
fn ten_thousand_people_are_as_quick_as_ten() {
    let mut model = administration();
    let view = model.admin.as_mut().unwrap();
    for id in 100..10_100 {
        view.accounts.insert(UserId(id), person(id, &format!("Person {id}")));
    }
    let mut harness = opened(model, SIZE, Theme::Light);
    let drawn = harness.query_all_by_role(Role::ListItem).count();
    assert!((3..30).contains(&drawn), "{drawn} rows are drawn");
    type_text(&mut harness, "person 9999");
    assert!(row(&harness, "Person 9999").is_some() && row(&harness, "Alice").is_none());
}

#[test]
fn a_lost_connection_is_said_on_the_page_and_what_is_loading_too() {
    let mut model = administration();
    model.admin = None;
    model.link = Link::Connecting;
    let harness = opened(model, SIZE, Theme::Dark);
    assert!(harness.query_by_label("Connecting…").is_some());
    assert!(harness.query_by_label("Loading…").is_some());
}

#[test]
fn the_menu_of_a_person_is_gone_through_by_keys() {
    let mut harness = page();
    harness.get_by_label("Actions for Bob").focus();
    harness.run();
    key(&mut harness, Modifiers::NONE, Key::Enter);
    harness.run();
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(is_open(&harness) && harness.query_by_label("Reset the password…").is_none(), "only the menu is left");
    assert!(harness.get_by_label("Actions for Bob").is_focused());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    harness.run();
    assert!(harness.get_by_label("Reset the password…").is_focused());
    key(&mut harness, Modifiers::NONE, Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let asked = wishes(&mut harness);
    assert!(matches!(asked.as_slice(), [AccountWish::Admin(AdminWish::Block { user: BOB, blocked: true })]));
    assert!(harness.get_by_label("Actions for Bob").is_focused());
    assert!(!harness.state_mut().take().iter().any(|command| matches!(command, Command::SignOut)));
}

#[test]
fn a_right_click_on_a_row_opens_its_menu() {
    let mut harness = page();
    row(&harness, "Bob").expect("he is there").click_secondary();
    harness.run();
    harness.run();
    click(&mut harness, "Block");
    let asked = wishes(&mut harness);
    assert!(matches!(asked.as_slice(), [AccountWish::Admin(AdminWish::Block { user: BOB, blocked: true })]));
}

#[test]
fn the_people_in_both_themes_and_sizes() {
    let done = |size, theme| {
        let mut harness = opened(administration(), size, theme);
        menu(&mut harness, "Charlie", "Unblock");
        answer(&mut harness, Ok(AccountDone::Done));
        harness
    };
    let mut of_bob = page();
    click(&mut of_bob, "Actions for Bob");
    looks([
        ("admin_people_light", done(SIZE, Theme::Light)),
        ("admin_people_dark", done([1400.0, 900.0], Theme::Dark)),
        ("admin_people_small_light", done([360.0, 480.0], Theme::Light)),
        ("admin_menu_light", of_bob),
    ]);
}

#[test]
fn the_dialogs_in_both_themes_and_sizes() {
    let mut add = opened(administration(), [360.0, 480.0], Theme::Dark);
    click(&mut add, "Add a person");
    click(&mut add, "Add");
    let mut remove = page();
    menu(&mut remove, "Bob", "Remove the account…");
    looks([("admin_add_small_dark", add), ("admin_remove_light", remove)]);
}

#[test]
fn who_is_alone_on_a_server_of_their_own_is_led_to_the_invites() {
    let mut alone = administration();
    alone.people.retain(|id, _| *id == ALICE);
    let mut harness = window(alone.clone());
    assert!(harness.query_by_label_contains("Invite somebody").is_some());
    click(&mut harness, "People, invites and server");
    assert!(is_open(&harness));
    alone.role = account::Role::Member;
    let harness = window(alone);
    assert!(harness.query_by_label_contains("An administrator invites people").is_some());
    assert!(harness.query_by_label("People, invites and server").is_none());
}
