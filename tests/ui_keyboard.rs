//! Every view by keyboard alone: the Tab key comes to everything that can be used, leaves it again, and finds a name on
//! it. And every view is at rest when nothing happens.

mod common;

use std::collections::BTreeSet;

use common::groups::*;
use common::*;
use egui::accesskit::{Action, Role};
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use parlor::client::model::{Info, Model};
use parlor::client::outbox::Destination;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Problem, Receipts};
use parlor::proto::ids::{DeviceId, Seq};

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };

/// The most presses of Tab until one is round.
const STOPS_MAX: usize = 80;

type Opened = Harness<'static, State>;

fn press(mut harness: Opened, keys: &[(Modifiers, Key)]) -> Opened {
    for (modifiers, pressed) in keys {
        harness.key_press_modifiers(*modifiers, *pressed);
        let _ = harness.run_ok();
    }
    harness
}

fn typed(mut harness: Opened, text: &str) -> Opened {
    harness.event(egui::Event::Text(text.to_owned()));
    let _ = harness.run_ok();
    harness
}

fn at_chat(model: Model, size: [f32; 2], key: ChatKey) -> Opened {
    let mut harness = themed(model, size, Theme::Light);
    open_chat(&mut harness, key);
    harness
}

fn talk_of_all_kinds() -> Model {
    let mut model = crowd();
    let group = ChatKey::Group(HIKE);
    for seq in 60..64 {
        let from = if seq % 2 == 0 { ALICE } else { BOB };
        talk(&mut model, group, from, seq, "2026-11-20T14:55:00Z", "something more to say");
    }
    let n = model.outbox.push(Destination::Chat(group), "this one was refused".into(), NOW).n;
    model.outbox.fail(n, Problem::new(Code::StorageFull, "The disk is full."));
    model
}

/// Everything that the window can show, with a name to report it by.
fn views() -> Vec<(&'static str, Opened)> {
    const WIDE: [f32; 2] = [1200.0, 760.0];
    const SMALL: [f32; 2] = [360.0, 560.0];
    let group = ChatKey::Group(HIKE);
    let signed_out = Model::new(DeviceId::from_random(1));
    let mut hosting = crowd();
    hosting.hosting = hosted(None);
    let mut waiting = crowd();
    let until = NOW.plus(4_000);
    waiting.link = parlor::client::model::Link::Waiting { until, reason: "refused".into() };
    let seen = |mut model: Model| {
        model.chats.values_mut().for_each(|chat| (chat.unread, chat.mentions) = (0, 0));
        model
    };
    let mut info = talk_of_all_kinds();
    let receipts = Receipts {
        chat: group,
        seq: Seq(60),
        receivers: 4,
        delivered_count: 0,
        read_count: 0,
        delivered: Vec::new(),
        read: Vec::new(),
    };
    info.info = Some(Info { chat: group, seq: Seq(60), receipts: Some(Ok(receipts)) });
    let chat = |model: Model| at_chat(model, WIDE, group);
    let list = || themed(hosting.clone(), WIDE, Theme::Light);
    let leave = |harness: Opened| {
        let mut harness = press(harness, &[(CTRL, Key::I)]);
        harness.get_by_label("Leave group").click();
        let _ = harness.run_ok();
        harness
    };
    let clicked = |mut harness: Opened, label: &str| {
        harness.get_by_label(label).click();
        let _ = harness.run_ok();
        harness
    };
    let admin = |size, clicks: &[&str]| {
        let mut harness = admin::opened(admin::administration(), size, Theme::Light);
        for label in clicks {
            harness.get_by_label(label).click();
            let _ = harness.run_ok();
        }
        harness
    };
    // By the two choices and the button beside the groups.
    let tab = (NONE, Key::Tab);
    let to_row = [(CTRL_SHIFT, Key::K), tab, tab, tab, tab, (SHIFT, Key::F10)];
    vec![
        ("menu of the account", clicked(list(), "Account of Alice")),
        ("menu of what can be begun", clicked(list(), "New…")),
        ("menu of a row", press(chat(crowd()), &to_row)),
        ("login", themed(signed_out, WIDE, Theme::Light)),
        ("list", list()),
        ("list, small", themed(crowd(), SMALL, Theme::Light)),
        ("chat", chat(talk_of_all_kinds())),
        ("chat, small", at_chat(talk_of_all_kinds(), SMALL, group)),
        ("no connection", chat(waiting)),
        ("details", press(chat(crowd()), &[(CTRL, Key::I)])),
        ("details, small", press(at_chat(crowd(), SMALL, group), &[(CTRL, Key::I)])),
        ("details with a question", leave(chat(crowd()))),
        ("details of a person", press(at_chat(crowd(), WIDE, chat_with(BOB)), &[(CTRL, Key::I)])),
        ("new group", press(list(), &[(CTRL, Key::N)])),
        ("message several", press(list(), &[(CTRL_SHIFT, Key::N)])),
        ("palette", press(chat(crowd()), &[(CTRL, Key::K)])),
        ("palette with nothing", typed(press(chat(crowd()), &[(CTRL, Key::K)]), "xyzzy")),
        ("shortcuts", press(chat(crowd()), &[(CTRL, Key::Slash)])),
        ("search", typed(press(chat(crowd()), &[(CTRL_SHIFT, Key::K)]), "e")),
        ("search with nothing", typed(press(chat(crowd()), &[(CTRL_SHIFT, Key::K)]), "xyzzy")),
        ("unread", press(chat(crowd()), &[(CTRL, Key::U)])),
        ("caught up", press(chat(seen(crowd())), &[(CTRL, Key::U)])),
        ("info", chat(info)),
        ("suggestions", typed(chat(crowd()), "@")),
        ("administration", admin(WIDE, &[])),
        ("administration, small", admin(SMALL, &[])),
        ("invites", admin(WIDE, &["Invites"])),
        ("invites, small", admin(SMALL, &["Invites"])),
        ("the server", admin(SMALL, &["Server"])),
        ("add a person", admin(WIDE, &["Add a person"])),
        ("new invite", admin(SMALL, &["Invites", "New invite"])),
    ]
}

/// A thing as it is called: its role and its name.
fn called(node: &Node<'_>) -> String {
    let node = node.accesskit_node();
    format!("{:?} “{}”", node.role(), node.label().unwrap_or_default())
}

fn id(node: &Node<'_>) -> String {
    format!("{:?}", node.accesskit_node().id())
}

fn focused(harness: &Opened) -> Option<(String, String)> {
    let node = harness.root().children_recursive().find(|node| node.is_focused())?;
    (node.accesskit_node().role() != Role::Window).then(|| (id(&node), called(&node)))
}

fn is_within(node: &Node<'_>, names: &[&str]) -> bool {
    let mut above = node.parent();
    while let Some(node) = above {
        if node.accesskit_node().label().is_some_and(|label| names.contains(&label.as_str())) {
            return true;
        }
        above = node.parent();
    }
    false
}

/// Lists are one stop of the Tab key at most: the arrows go through them.
fn is_for_the_arrows(node: &Node<'_>) -> bool {
    match node.accesskit_node().role() {
        Role::ListBoxOption => true,
        Role::ListItem => is_within(node, &["Chats"]),
        Role::CheckBox => is_within(node, &["People"]),
        _ => false,
    }
}

/// What is seen and can be used: what the Tab key has to come to. Where something asks for an answer, that alone.
fn usable(harness: &Opened) -> Vec<(String, String)> {
    const DIALOGS: [&str; 7] = [
        "Add a person",
        "New invite",
        "New group",
        "Message several people",
        "Find a chat, a person or a command",
        "Keyboard shortcuts",
        "Message info",
    ];
    let nodes = harness.root().children_recursive().filter(|node| {
        let known = node.accesskit_node();
        let clicked = known.data().supports_action(Action::Click);
        // What scrolls with the arrows and the page keys needs no stop.
        let other = matches!(known.role(), Role::Window | Role::GenericContainer | Role::Unknown | Role::ScrollBar);
        clicked && !known.is_disabled() && !other
    });
    let nodes: Vec<_> = nodes.collect();
    let asked = nodes.iter().any(|node| is_within(node, &DIALOGS));
    let nodes = nodes.iter().filter(|node| !asked || is_within(node, &DIALOGS));
    nodes.filter(|node| !is_for_the_arrows(node)).map(|node| (id(node), called(node))).collect()
}

/// Where the Tab key leads until it is round.
fn round(harness: &mut Opened, modifiers: Modifiers) -> Vec<(String, String)> {
    let mut stops: Vec<(String, String)> = Vec::new();
    for _ in 0..STOPS_MAX {
        harness.key_press_modifiers(modifiers, Key::Tab);
        let _ = harness.run_ok();
        let Some(stop) = focused(harness) else { continue };
        if stops.iter().filter(|other| other.0 == stop.0).count() > 1 {
            break;
        }
        stops.push(stop);
    }
    stops
}

#[test]
fn tab_comes_to_everything_and_leaves_it_again() {
    let mut wrong = Vec::new();
    for (view, mut harness) in views() {
        let usable = usable(&harness);
        for (way, modifiers) in [("Tab", NONE), ("Shift+Tab", SHIFT)] {
            let stops = round(&mut harness, modifiers);
            let reached: BTreeSet<_> = stops.iter().map(|(id, _)| id.clone()).collect();
            for (_, called) in usable.iter().filter(|(id, _)| !reached.contains(id)) {
                wrong.push(format!("{view}: {way} does not come to {called}"));
            }
            for (_, called) in stops.iter().filter(|(_, called)| called.ends_with("“”")) {
                wrong.push(format!("{view}: {way} comes to {called}, which has no name"));
            }
            if stops.is_empty() {
                wrong.push(format!("{view}: {way} comes to nothing"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_menu_that_is_opened_by_keyboard_is_gone_through_and_left() {
    for (view, mut harness) in views().into_iter().filter(|(view, _)| view.starts_with("menu of a row")) {
        let first = focused(&harness).map(|(_, called)| called);
        assert_eq!(first.as_deref(), Some("Button “Open”"), "{view}");
        harness.key_press(Key::Escape);
        harness.run();
        assert!(harness.query_by_label("Open").is_none());
        assert!(focused(&harness).is_some_and(|(_, called)| called.starts_with("ListItem")));
    }
}

#[test]
fn what_lies_beyond_the_edge_is_reached_too() {
    let mut model = crowd();
    for id in 100..140 {
        person(&mut model, id, &format!("Member {id}"), parlor::proto::event::Status::Offline, None);
    }
    let members: Vec<u32> = [1, 2].into_iter().chain(100..140).collect();
    group(&mut model, HIKE, "Weekend hike", ALICE, &members);
    for size in [[1200.0, 700.0], [360.0, 560.0]] {
        let mut harness = press(at_chat(model.clone(), size, ChatKey::Group(HIKE)), &[(CTRL, Key::I)]);
        let mut reached = BTreeSet::new();
        for _ in 0..200 {
            harness.key_press(Key::Tab);
            let _ = harness.run_ok();
            reached.extend(focused(&harness).map(|(_, called)| called));
        }
        let missing: Vec<u32> = (100..140)
            .filter(|id| !reached.iter().any(|called| called.contains(&format!("ListItem “Member {id}"))))
            .collect();
        assert_eq!(missing, [0; 0], "{size:?}");
    }
}

#[test]
fn what_lies_beyond_the_edge_of_a_card_is_scrolled_to() {
    let mut model = talk_of_all_kinds();
    let receipt = |id: u32| parlor::proto::event::Receipt { user: parlor::proto::ids::UserId(id), at: NOW };
    for id in 100..140 {
        person(&mut model, id, &format!("Member {id}"), parlor::proto::event::Status::Offline, None);
    }
    let group = ChatKey::Group(HIKE);
    let receipts = Receipts {
        chat: group,
        seq: Seq(60),
        receivers: 40,
        delivered_count: 40,
        read_count: 0,
        delivered: (100..140).map(receipt).collect(),
        read: Vec::new(),
    };
    model.info = Some(Info { chat: group, seq: Seq(60), receipts: Some(Ok(receipts)) });
    let mut harness = at_chat(model, [900.0, 560.0], group);
    let seen = |harness: &Opened| harness.query_by_label_contains("Member 139").is_some();
    assert!(!seen(&harness));
    for _ in 0..8 {
        harness.key_press(Key::PageDown);
        harness.run_steps(20);
    }
    assert!(seen(&harness));
}

#[test]
fn nothing_moves_in_any_view_when_nothing_happens() {
    let mut wrong = Vec::new();
    for (view, mut harness) in views() {
        // Who is typing stops after a while, and a countdown goes on: they are waited for, not drawn.
        harness.state_mut().model.chats.values_mut().for_each(|chat| chat.typing.clear());
        let counts = view == "no connection";
        for _ in 0..8 {
            harness.step();
        }
        let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        if delay != std::time::Duration::MAX && !counts {
            wrong.push(format!("{view}: the next frame comes in {delay:?}"));
        }
        if counts && delay.is_zero() {
            wrong.push(format!("{view}: it is drawn all the time"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
