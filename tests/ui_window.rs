//! The rest of the window: signing in, the list, the connection, keys, empty states, and that it rests when idle.

mod common;

use common::*;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use parlor::client::command::Command;
use parlor::client::model::{Field, Hosted, Link, Model, Phase, SignInProblem};
use parlor::client::outbox::Destination;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::ui::{Prefill, title};
use secrecy::ExposeSecret;

fn signed_out(problem: Option<(Field, &str)>) -> Model {
    let mut model = Model::new(DeviceId::from_random(1));
    let problem = problem.map(|(field, message)| SignInProblem { field, message: message.into() });
    model.phase = Phase::SignedOut { problem };
    model
}

fn rows<'a>(harness: &'a Harness<'_, State>) -> Vec<Node<'a>> {
    let nodes = harness.query_all_by_role(egui::accesskit::Role::ListItem);
    let mut rows: Vec<_> = nodes.filter(|node| node.rect().left() < 320.0).collect();
    rows.sort_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    rows
}

fn labels(harness: &Harness<'_, State>) -> Vec<String> {
    rows(harness).iter().filter_map(|node| node.accesskit_node().label()).collect()
}

fn field<'a>(harness: &'a Harness<'_, State>, label: &'a str) -> Node<'a> {
    let mut nodes = harness.query_all_by_label(label);
    nodes.find(|node| node.rect().height() > 30.0).expect("the field is there")
}

#[test]
fn signing_in_by_keyboard() {
    let mut harness = window(signed_out(None));
    type_text(&mut harness, "Al");
    assert!(field(&harness, "Name").is_focused(), "who begins to type on the first page means a name");
    type_text(&mut harness, "ice");
    assert_eq!(field(&harness, "Name").value().as_deref(), Some("Alice"), "and no letter is lost");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(field(&harness, "Password").is_focused());
    assert_eq!(harness.state_mut().take().len(), 0);
    type_text(&mut harness, "123");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = harness.state_mut().take();
    let [Command::SignIn { address, username, password }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((address.as_str(), username.as_str(), password.expose_secret()), ("", "Alice", "123"));
}

#[test]
fn a_password_typed_faster_than_frames_is_never_in_the_field_of_the_name() {
    for (first, between) in [("Alice", "\n"), ("Alice", "\t"), ("", "Bob\t")] {
        let mut harness = window(signed_out(None));
        harness.input_mut().events.extend(strokes(&format!("{first}{between}123\n")));
        harness.run();
        let commands = harness.state_mut().take();
        let [Command::SignIn { username, password, .. }] = commands.as_slice() else { panic!("{commands:?}") };
        let name = format!("{first}{}", between.trim());
        assert_eq!((username.as_str(), password.expose_secret()), (name.as_str(), "123"));
        assert_eq!(field(&harness, "Name").value(), Some(name));
    }
}

#[test]
fn signing_in_by_mouse_with_a_server() {
    let prefill = Prefill { address: "chat.example:7007".into(), username: "Bob".into() };
    let mut harness = prefilled(signed_out(None), [1000.0, 700.0], egui::Theme::Dark, prefill);
    assert!(field(&harness, "Password").is_focused(), "it is the first that is missing");
    harness.get_by_label("Sign in").click();
    harness.run();
    assert_eq!(harness.state_mut().take().len(), 0, "there is no password yet");
    type_text(&mut harness, "456");
    harness.get_by_label("Sign in").click();
    harness.run();
    let commands = harness.state_mut().take();
    let [Command::SignIn { address, username, .. }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((address.as_str(), username.as_str()), ("chat.example:7007", "Bob"));
}

#[test]
fn what_is_wrong_stands_beside_its_field() {
    for (where_, below, above) in [(Field::Server, "Server", "Name"), (Field::Credentials, "Password", "Sign in")] {
        let harness = window(signed_out(Some((where_, "this is what is wrong"))));
        let problem = harness.get_by_label("this is what is wrong").rect();
        assert!(problem.top() >= field(&harness, below).rect().bottom());
        assert!(problem.bottom() <= field(&harness, above).rect().top());
    }
}

#[test]
fn an_attempt_can_be_cancelled_and_not_doubled() {
    let mut model = signed_out(None);
    model.phase = Phase::SigningIn;
    let mut harness = window(model);
    assert!(harness.query_by_label("Signing in…").is_some());
    assert!(harness.query_by_label("Sign in").is_none());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state_mut().take().len(), 0);
    harness.get_by_label("Cancel").click();
    harness.run();
    assert!(matches!(harness.state_mut().take().as_slice(), [Command::SignOut]));
}

#[test]
fn the_password_is_not_shown_and_not_kept() {
    let mut harness = window(signed_out(None));
    type_text(&mut harness, "Alice");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    type_text(&mut harness, "hunter2");
    assert_ne!(field(&harness, "Password").value().as_deref(), Some("hunter2"));
    assert!(!format!("{:?}", harness.state().window).contains("hunter2"));
    harness.state_mut().model = model();
    harness.run();
    assert!(!format!("{:?}", harness.state().window).contains("hunter2"));
    harness.state_mut().model = signed_out(None);
    harness.run();
    harness.get_by_label_contains("Chat on this computer").click();
    harness.run();
    assert_eq!(field(&harness, "Password").value().as_deref().unwrap_or_default(), "");
}

#[test]
fn signing_out_leaves_nothing_for_the_next_person() {
    let mut harness = with_bob(long_chat(1000, 3));
    type_text(&mut harness, "a secret draft");
    harness.get_by_label("Account of Alice").click();
    harness.run();
    harness.get_by_label("Sign out").click();
    harness.run();
    assert!(matches!(harness.state_mut().take().last(), Some(Command::SignOut)));
    harness.state_mut().model = signed_out(None);
    harness.run();
    harness.state_mut().model = model();
    harness.run();
    assert_eq!(harness.state().window.open(), None);
    assert_eq!(composer_text(&harness, BOB), "");
}

#[test]
fn the_list_has_everyone_then_everybody_else_talks_first() {
    let mut model = model();
    for (id, name) in [(4, "zoë"), (5, "Dora"), (6, "adam")] {
        let person = parlor::client::model::Person {
            username: name.into(),
            status: Status::Offline,
            last_seen: None,
            joined: Seq(0),
        };
        model.people.insert(UserId(id), person);
    }
    say(&mut model, CHARLIE, CHARLIE, 10, at("2026-11-18T08:00:00Z"), "older", true);
    say(&mut model, BOB, ALICE, 11, at("2026-11-20T09:12:00Z"), "two\nlines", true);
    say(&mut model, UserId(4), UserId(4), 9, at("2026-10-01T08:00:00Z"), "oldest", false);
    let harness = window(model);
    let expected = [
        "Everyone, 6 people",
        "Bob, online, 09:12, You: two lines",
        "Charlie, offline, Wed, older",
        "zoë, offline, 1 unread, 1 Oct, oldest",
        "adam, offline",
        "Dora, offline",
    ];
    assert_eq!(labels(&harness), expected);
}

#[test]
fn a_click_opens_a_chat() {
    let mut harness = window(long_chat(1000, 3));
    assert!(harness.query_by_label("Choose somebody to write to").is_some());
    harness.get_by_label_contains("Charlie").click();
    harness.run();
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)));
    assert!(harness.query_by_label("Message Charlie").is_some());
}

#[test]
fn ten_thousand_people_are_no_burden() {
    let mut model = model();
    for id in 10..10_010 {
        let person = parlor::client::model::Person {
            username: format!("person {id}"),
            status: Status::Offline,
            last_seen: None,
            joined: Seq(0),
        };
        model.people.insert(UserId(id), person);
    }
    let mut harness = window(model);
    assert!(rows(&harness).len() < 15);
    key(&mut harness, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(harness.state().window.open(), Some(chat_with(UserId(9999))), "the last of the list, by name");
    harness.run();
    assert!(labels(&harness).iter().any(|label| label.starts_with("person 9999")), "and it is in view");
}

#[test]
fn alt_with_an_arrow_goes_through_the_list() {
    let mut model = long_chat(1000, 3);
    say(&mut model, CHARLIE, CHARLIE, 5, NOW, "unread", false);
    let mut harness = window(model);
    key(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(harness.state().window.open(), Some(ChatKey::Everyone));
    key(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
    key(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)));
    key(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)), "there is none below");
    key(&mut harness, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
    key(&mut harness, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowDown);
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)));
    key(&mut harness, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowUp);
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)), "nothing above is unread");
}

#[test]
fn escape_peels_one_layer_and_loses_no_text() {
    let mut harness = with_bob(long_chat(1000, 100));
    type_text(&mut harness, "unfinished");
    scroll(&mut harness, 1500.0);
    assert!(top_of(&harness, "message 1099.").is_none());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(top_of(&harness, "message 1099.").is_some(), "first to the end");
    assert!(harness.get_by_label("Message Bob").is_focused(), "the caret stays");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(harness.state().window.open(), None, "then out of the chat");
    assert_eq!(composer_text(&harness, BOB), "unfinished");
}

#[test]
fn escape_closes_a_menu_before_anything_else() {
    let mut harness = with_bob(long_chat(1000, 3));
    let pos = bubble(&harness, "message 1001.").unwrap().center();
    harness.hover_at(pos);
    for pressed in [true, false] {
        let button = egui::PointerButton::Secondary;
        harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
    }
    harness.run();
    assert!(harness.query_by_label("Copy message").is_some());
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Copy message").is_none());
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
}

#[test]
fn a_narrow_window_shows_one_pane_with_a_way_back() {
    let mut harness = sized(long_chat(1000, 3), [376.0, 496.0]);
    assert!(harness.query_by_label("Choose somebody to write to").is_none());
    harness.get_by_label_contains("Bob").click();
    harness.run();
    assert!(harness.query_by_label_contains("Charlie").is_none(), "the list makes room");
    harness.get_by_label("Back").click();
    harness.run();
    assert!(harness.query_by_label_contains("Charlie").is_some());
    assert_eq!(harness.state().window.open(), None);
}

#[test]
fn the_title_counts_what_is_unread() {
    let mut model = model();
    assert_eq!(title(&model, "Parlor"), "Parlor");
    say(&mut model, BOB, BOB, 1, NOW, "a", false);
    say(&mut model, BOB, BOB, 2, NOW, "b", false);
    say(&mut model, CHARLIE, CHARLIE, 3, NOW, "c", false);
    assert_eq!(title(&model, "Parlor"), "(3) Parlor");
    // A muted chat counts what calls this person by name, and nothing else.
    let chat = model.chats.get_mut(&chat_with(BOB)).unwrap();
    chat.muted = true;
    assert_eq!(title(&model, "Parlor"), "(1) Parlor");
    model.chats.get_mut(&chat_with(BOB)).unwrap().mentions = 1;
    assert_eq!(title(&model, "Parlor"), "(2) Parlor");
}

#[test]
fn a_lost_connection_is_counted_down_and_nothing_is_locked() {
    let mut model = long_chat(1000, 3);
    model.link = Link::Waiting { until: NOW.plus(3_400), reason: "connection refused".into() };
    let mut harness = with_bob(model);
    assert!(harness.query_by_label("Reconnecting in 4 s – messages you write are kept").is_some());
    assert!(harness.query_by_label("(connection refused)").is_some());
    harness.state_mut().clock.now = NOW.plus(2_400);
    harness.step();
    assert!(harness.query_by_label_contains("Reconnecting in 1 s").is_some());
    harness.state_mut().clock.now = NOW.plus(99_000);
    harness.run();
    assert!(harness.query_by_label_contains("Reconnecting in 0 s").is_some());

    type_text(&mut harness, "written offline");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    harness.get_by_label("Retry now").click();
    harness.run();
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::Send { .. })));
    assert!(commands.iter().any(|command| matches!(command, Command::RetryNow)));
    assert!(top_of(&harness, "message 1002.").is_some(), "what is known stays readable");

    harness.state_mut().model.link = Link::Connecting;
    harness.run();
    assert!(harness.query_by_label("Connecting…").is_some());
    harness.state_mut().model.link = Link::Online;
    harness.run();
    assert!(harness.query_by_label("Connecting…").is_none());
}

#[test]
fn the_countdown_wakes_the_window_once_a_second() {
    let mut model = model();
    model.link = Link::Waiting { until: NOW.plus(3_400), reason: String::new() };
    let harness = window(model);
    let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::from_millis(400));
}

#[test]
fn an_idle_window_draws_no_frames() {
    let mut model = long_chat(1000, 100);
    model.hosting = hosted(None);
    say(&mut model, BOB, BOB, 1100, NOW, "unread", false);
    model.outbox.push(Destination::Chat(chat_with(BOB)), "pending".into(), NOW);
    for open_chat in [false, true] {
        let mut harness = window(model.clone());
        if open_chat {
            open(&mut harness, BOB);
        }
        harness.run();
        let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        assert_eq!(delay, std::time::Duration::MAX, "open: {open_chat}");
    }
    let harness = window(signed_out(Some((Field::Server, "not found"))));
    let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}

#[test]
fn hosting_is_said_until_it_is_dismissed() {
    let mut model = model();
    model.hosting = hosted(Some("192.168.1.5:27275"));
    let mut harness = window(model);
    let words = "Others join at 192.168.1.5:27275, while this window is open.";
    assert!(harness.query_by_label(words).is_some());
    harness.get_by_label("Dismiss").click();
    harness.run();
    assert!(harness.query_by_label(words).is_none());

    let mut repaired = common::model();
    repaired.hosting = hosted(None).map(|hosted| Hosted { notices: vec!["The end was cut short.".into()], ..hosted });
    assert!(window(repaired).query_by_label("The end was cut short.").is_some(), "what is out of order comes first");
}

#[test]
fn empty_states_say_what_to_do() {
    let mut alone = model();
    alone.people.retain(|id, _| *id == ALICE);
    let harness = window(alone.clone());
    assert!(harness.query_by_label("Nobody else is here yet").is_some());
    assert!(harness.query_by_label("It is quiet here").is_some());

    alone.link = Link::Connecting;
    alone.people.clear();
    let harness = window(alone);
    assert!(harness.query_all_by_label("Loading…").count() >= 2, "it is not said that there is nobody, and no group");
    assert!(harness.query_by_label_contains("0 people").is_none());
    assert!(harness.query_by_label_contains("No groups").is_none());

    let mut empty = model();
    empty.chats.entry(chat_with(BOB)).or_default().complete = true;
    let mut harness = with_bob(empty);
    assert!(harness.query_by_label("No messages yet").is_some());
    assert!(harness.query_by_label("Say hello to Bob").is_some());
    assert!(harness.query_by_label_contains("Beginning of").is_none(), "it is said once");

    let chat = harness.state_mut().chat(BOB);
    (chat.complete, chat.problem) = (false, Some("the server is busy".into()));
    harness.run();
    harness.state_mut().take();
    assert!(harness.query_by_label("the server is busy").is_some());
    harness.get_by_label("Try again").click();
    harness.run();
    assert!(matches!(harness.state_mut().take().as_slice(), [Command::LoadOlder { .. }]));
}

#[test]
fn an_account_that_is_gone_leaves_its_chat_readable() {
    let mut model = long_chat(1000, 3);
    model.people.remove(&BOB);
    let mut harness = window(model);
    assert!(labels(&harness)[1].starts_with("Former member, offline"));
    harness.get_by_label_contains("Former member").click();
    harness.run();
    assert!(bubble(&harness, "message 1001.").is_some());
    assert!(harness.query_by_label("this account no longer exists").is_some());
}

#[test]
fn no_size_and_no_zoom_does_harm() {
    let mut model = long_chat(1000, 50);
    model.hosting = hosted(None);
    model.link = Link::Waiting { until: Millis(i64::MAX), reason: "reason ".repeat(50) };
    model.people.get_mut(&BOB).unwrap().username = "W".repeat(32);
    for size in [[60.0, 60.0], [360.0, 480.0], [639.0, 300.0], [641.0, 300.0], [3000.0, 2000.0]] {
        for zoom in [0.5, 1.0, 2.0] {
            let mut harness = sized(model.clone(), size);
            harness.ctx.set_zoom_factor(zoom);
            harness.run();
            open(&mut harness, BOB);
            type_text(&mut harness, &"many words ".repeat(100));
            harness.state_mut().model.phase = Phase::SigningIn;
            harness.run();
        }
    }
}
