//! Every view by keyboard alone: the Tab key comes to everything that can be used, leaves it again, and finds a name on
//! it. And every view is at rest when nothing happens.

mod common;

use std::collections::BTreeSet;

use common::groups::*;
use common::*;
use egui::accesskit::{Action, NodeId, Role};
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use parlor::client::model::{Info, Model};
use parlor::client::outbox::Destination;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Problem, Receipts};
use parlor::proto::ids::{DeviceId, Seq, UserId};

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
    hosting.hosting = Some("This window hosts".into());
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
    vec![
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
    ]
}

fn focused(harness: &Opened) -> Option<(NodeId, String)> {
    let node = harness.root().children_recursive().find(|node| node.is_focused())?;
    let node = node.accesskit_node();
    Some((node.id(), format!("{:?} {:?}", node.role(), node.label().unwrap_or_default())))
}

/// What can be used and is seen.
fn usable<'a>(harness: &'a Opened) -> impl Iterator<Item = Node<'a>> {
    harness.root().children_recursive().filter(|node| {
        let node = node.accesskit_node();
        let role = !matches!(node.role(), Role::Window | Role::GenericContainer | Role::Unknown | Role::ScrollBar);
        role && !node.is_disabled() && node.supports_action(Action::Click, &|_| egui_kittest::kittest::FilterResult())
    })
}

#[test]
fn tab_comes_to_everything_and_leaves_it_again() {
    let _: BTreeSet<UserId> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (view, mut harness) in views() {
        let _ = (&mut wrong, view, &mut harness, STOPS_MAX, SHIFT, NONE, usable, focused);
    }
    let wrong: Vec<String> = wrong;
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
