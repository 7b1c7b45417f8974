//! Finding one's way: the palette, searching in the list, pinned chats, the menu of a row, walking through what is unread.

mod common;

use common::groups::*;
use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use parlor::client::command::Command;
use parlor::client::model::{Model, Person};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::{Seq, UserId};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };
const PALETTE: &str = "Find a chat, a person or a command";

fn sorted<'a>(nodes: impl Iterator<Item = Node<'a>>) -> Vec<String> {
    let mut nodes: Vec<_> = nodes.collect();
    nodes.sort_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    nodes.iter().filter_map(|node| node.accesskit_node().label()).collect()
}

/// The rows of the list, by name alone.
fn rows(harness: &Harness<'_, State>) -> Vec<String> {
    let rows = harness.query_all_by_role(Role::ListItem).filter(|node| node.rect().left() < 60.0);
    sorted(rows).iter().filter_map(|row| row.split(',').next().map(str::to_owned)).collect()
}

/// What the palette offers, from the top.
fn offers(harness: &Harness<'_, State>) -> Vec<String> {
    sorted(harness.query_all_by_role(Role::ListBoxOption))
}

fn first(harness: &Harness<'_, State>) -> String {
    offers(harness).into_iter().next().unwrap_or_default()
}

fn palette(model: Model) -> Harness<'static, State> {
    let mut harness = window(model);
    key(&mut harness, CTRL, Key::K);
    harness
}

fn shows(harness: &Harness<'_, State>, label: &str) -> bool {
    harness.query_all_by_label(label).next().is_some()
}

fn focused(harness: &Harness<'_, State>) -> Option<String> {
    let node = harness.root().children_recursive().find(|node| node.is_focused())?;
    node.accesskit_node().label()
}

/// Two hundred people whose names share their parts.
fn two_hundred() -> (Model, Vec<String>) {
    const FIRST: [&str; 20] = [
        "Anna", "Anders", "Ben", "Björn", "Carla", "Chloé", "David", "Dora", "Emil", "Eva", "Felix", "Greta", "Hanna",
        "Ida", "Jonas", "Karin", "Lars", "Maria", "Nora", "Oskar",
    ];
    const LAST: [&str; 10] =
        ["Ahlgren", "Berg", "Ćosić", "Dahl", "Ek", "Forsberg", "Gustafsson", "Holm", "Ivarsson", "Janssen"];
    let mut model = model();
    model.people.retain(|id, _| *id == ALICE);
    let mut names = Vec::new();
    for (at, (first, last)) in FIRST.iter().flat_map(|first| LAST.map(|last| (first, last))).enumerate() {
        let name = format!("{first} {last}");
        let person =
            Person { username: name.clone(), status: Status::Offline, last_seen: None, joined: Default::default() };
        model.people.insert(UserId(100 + at as u32), person);
        names.push(name);
    }
    (model, names)
}

#[test]
fn any_of_two_hundred_is_found_in_three_keystrokes() {
    let (model, names) = two_hundred();
    let mut harness = palette(model);
    for name in names {
        let (first, last) = name.split_once(' ').unwrap();
        let take = |a: usize, b: usize| first.chars().take(a).chain(last.chars().take(b)).collect::<String>();
        // As people do: the initials, or a little more of either name.
        let found = [take(1, 1), take(1, 2), take(2, 1)].into_iter().any(|typed| {
            assert!(typed.chars().count() <= 3);
            key(&mut harness, CTRL, Key::A);
            type_text(&mut harness, &typed);
            // Without scrolling.
            offers(&harness).iter().take(8).any(|offer| offer.starts_with(&format!("{name},")))
        });
        assert!(found, "{name}");
    }
}

#[test]
fn among_those_that_fit_as_well_the_one_that_was_active_last_comes_first() {
    let (mut model, _) = two_hundred();
    let active = UserId(107);
    say(&mut model, active, active, 40, NOW, "hello", true);
    let mut harness = palette(model);
    type_text(&mut harness, "ann");
    assert!(first(&harness).starts_with("Anna Holm,"), "{:?}", offers(&harness));
    assert!(offers(&harness)[1].starts_with("Anna Ahlgren,"), "and then by name");
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(harness.state().window.open(), Some(chat_with(active)));
}

#[test]
fn the_palette_leads_back_and_forth_between_two_chats() {
    let mut harness = window(crowd());
    open(&mut harness, BOB);
    open_chat(&mut harness, ChatKey::Group(KITCHEN));
    for expected in [chat_with(BOB), ChatKey::Group(KITCHEN), chat_with(BOB)] {
        key(&mut harness, CTRL, Key::K);
        key(&mut harness, NONE, Key::Enter);
        assert_eq!(harness.state().window.open(), Some(expected));
    }
    key(&mut harness, CTRL, Key::K);
    let offers = offers(&harness);
    assert!(offers[0].starts_with("Kitchen"), "{offers:?}");
    assert!(!offers.iter().any(|offer| offer.starts_with("Bob,")), "one is there already");
}

#[test]
fn the_palette_is_gone_through_with_the_arrows_and_closed_with_esc_or_its_own_key() {
    let mut harness = with_bob(crowd());
    type_text(&mut harness, "half a ");
    for closes in [(NONE, Key::Escape), (CTRL, Key::K)] {
        key(&mut harness, CTRL, Key::K);
        assert_eq!(focused(&harness).as_deref(), Some(PALETTE));
        let selected = |harness: &Harness<'_, State>| {
            let nodes = harness.query_all_by_role(Role::ListBoxOption);
            nodes.filter(|node| node.accesskit_node().is_selected() == Some(true)).count()
        };
        assert_eq!(selected(&harness), 1);
        key(&mut harness, NONE, Key::ArrowUp);
        assert_eq!(selected(&harness), 1, "from the first to the last, which is brought into view");
        assert!(shows(&harness, "Sign out"));
        key(&mut harness, NONE, Key::ArrowDown);
        assert!(!shows(&harness, "Sign out"));
        key(&mut harness, closes.0, closes.1);
        assert_eq!(offers(&harness).len(), 0);
        assert_eq!(focused(&harness).as_deref(), Some("Message Bob"), "the caret is where it was");
    }
    type_text(&mut harness, "sentence");
    assert_eq!(composer_text(&harness, BOB), "half a sentence");
}

#[test]
fn keys_that_come_faster_than_frames_reach_the_palette() {
    let mut harness = with_bob(crowd());
    let press = |key, modifiers| egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    let mut events = vec![egui::Event::Text("hi".into()), press(Key::K, Modifiers { ctrl: true, ..CTRL })];
    events.extend(strokes("prr\n"));
    harness.input_mut().events.extend(events);
    harness.run();
    assert_eq!(harness.state().window.open(), Some(chat_with(UserId(6))), "Priya Raman");
    assert_eq!(composer_text(&harness, BOB), "hi");
}

#[test]
fn commands_are_found_with_their_keys_and_done() {
    let mut harness = with_bob(crowd());
    let mut run = |typed: &str| {
        key(&mut harness, CTRL, Key::K);
        type_text(&mut harness, typed);
        let offer = first(&harness);
        key(&mut harness, NONE, Key::Enter);
        let commands = harness.state_mut().take();
        (offer, commands)
    };
    let (offer, commands) = run("mute");
    assert_eq!(offer, "Mute this chat, Ctrl+Shift+M");
    assert!(commands.iter().any(|c| matches!(c, Command::Mute { muted: true, chat } if *chat == chat_with(BOB))));
    let (_, commands) = run("sign out");
    assert!(commands.iter().any(|c| matches!(c, Command::SignOut)));
    let (_, commands) = run("everything as read");
    let read: Vec<_> = commands.iter().filter(|c| matches!(c, Command::MarkRead { .. })).collect();
    assert_eq!(read.len(), 2, "everyone and the hike: {commands:?}");
    run("pin this");
    assert_eq!(harness.state().window.pinned(), [chat_with(BOB)]);
    let dark = harness.ctx.theme();
    key(&mut harness, CTRL, Key::K);
    type_text(&mut harness, "theme");
    key(&mut harness, NONE, Key::Enter);
    assert_ne!(harness.ctx.theme(), dark);
    key(&mut harness, CTRL, Key::K);
    type_text(&mut harness, "new g");
    key(&mut harness, NONE, Key::Enter);
    assert!(shows(&harness, "New group"), "the dialog");
}

#[test]
fn what_cannot_be_done_is_not_offered() {
    let mut harness = palette(model());
    type_text(&mut harness, "this");
    assert!(!offers(&harness).iter().any(|offer| offer.contains("this chat")), "none is open");
    key(&mut harness, CTRL, Key::A);
    type_text(&mut harness, "xyzzy");
    assert_eq!(offers(&harness).len(), 0);
    assert!(shows(&harness, "Nothing is called “xyzzy”"));
    key(&mut harness, NONE, Key::Enter);
    assert!(shows(&harness, PALETTE), "Enter has nothing to open");
}

#[test]
fn the_list_is_searched_as_one_types() {
    let mut harness = with_bob(crowd());
    key(&mut harness, CTRL_SHIFT, Key::K);
    assert_eq!(focused(&harness).as_deref(), Some("Search in the list"));
    type_text(&mut harness, "mat");
    assert_eq!(rows(&harness), ["Mateo Silva"], "who never said a word");
    assert_eq!(composer_text(&harness, BOB), "", "it is not written to Bob");
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(harness.state().window.open(), Some(chat_with(UserId(7))));
    assert_eq!(focused(&harness).as_deref(), Some("Message Mateo Silva"));
    assert!(rows(&harness).len() > 3, "the list is whole again");

    key(&mut harness, CTRL_SHIFT, Key::K);
    type_text(&mut harness, "e");
    let found = rows(&harness);
    assert_eq!(found[..2], ["Everyone", "Emil Novák"], "beginnings first, and what was active");
    key(&mut harness, NONE, Key::ArrowDown);
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(harness.state().window.open(), Some(chat_with(UserId(5))));
}

#[test]
fn esc_empties_the_search_and_gives_the_caret_back() {
    let mut harness = with_bob(crowd());
    key(&mut harness, CTRL_SHIFT, Key::K);
    type_text(&mut harness, "xyzzy");
    assert!(shows(&harness, "Nobody is called “xyzzy”"));
    key(&mut harness, NONE, Key::Escape);
    assert!(rows(&harness).len() > 3);
    assert_eq!(focused(&harness).as_deref(), Some("Message Bob"));
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "it was one layer");

    key(&mut harness, CTRL_SHIFT, Key::K);
    type_text(&mut harness, "xyzzy");
    click(&mut harness, "Clear the search");
    assert!(rows(&harness).len() > 3);
}

#[test]
fn what_is_pinned_stands_above_and_stays_when_others_talk() {
    let mut harness = with_bob(crowd());
    key(&mut harness, CTRL_SHIFT, Key::P);
    assert_eq!(harness.state().window.pinned(), [chat_with(BOB)]);
    assert!(shows(&harness, "PINNED"));
    assert_eq!(rows(&harness)[..2], ["Everyone", "Bob"]);
    let dora = UserId(4);
    harness.state_mut().window.set_pinned(vec![chat_with(dora), chat_with(BOB), chat_with(UserId(99))]);
    harness.run();
    assert_eq!(rows(&harness)[..3], ["Everyone", "Dora Weiss", "Bob"]);
    say(&mut harness.state_mut().model, BOB, BOB, 99, NOW, "news", false);
    harness.run();
    assert_eq!(rows(&harness)[..3], ["Everyone", "Dora Weiss", "Bob"], "in the order of pinning");
    key(&mut harness, CTRL_SHIFT, Key::P);
    assert_eq!(harness.state().window.pinned(), [chat_with(dora), chat_with(UserId(99))], "unknown ones are kept");
    open_chat(&mut harness, ChatKey::Everyone);
    key(&mut harness, CTRL_SHIFT, Key::P);
    assert!(!harness.state().window.pinned().contains(&ChatKey::Everyone), "it has its place");
}

fn menu_by_mouse(harness: &mut Harness<'_, State>, row: &str) {
    let pos = {
        let is = |node: &Node<'_>| node.accesskit_node().label().is_some_and(|label| label.starts_with(row));
        let mut nodes = harness.query_all_by_role(Role::ListItem);
        nodes.find(|node| node.rect().left() < 60.0 && is(node)).unwrap().rect().center()
    };
    harness.hover_at(pos);
    for pressed in [true, false] {
        let button = egui::PointerButton::Secondary;
        harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers: NONE });
    }
    harness.run();
}

#[test]
fn a_row_has_a_menu_for_the_mouse() {
    let mut harness = with_bob(crowd());
    menu_by_mouse(&mut harness, "Weekend hike");
    harness.state_mut().take();
    click(&mut harness, "Mark as read");
    let commands = harness.state_mut().take();
    let group = ChatKey::Group(HIKE);
    assert!(
        commands.iter().any(|c| matches!(c, Command::MarkRead { chat, upto: Seq(51) } if *chat == group)),
        "{commands:?}"
    );
    menu_by_mouse(&mut harness, "Weekend hike");
    click(&mut harness, "Pin");
    assert_eq!(harness.state().window.pinned(), [group]);
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "it is not opened by that");
    menu_by_mouse(&mut harness, "Weekend hike");
    click(&mut harness, "Leave group…");
    assert_eq!(harness.state().window.open(), Some(group));
    assert!(harness.query_by_label_contains("Leave “Weekend hike”?").is_some(), "it is asked");
    menu_by_mouse(&mut harness, "Priya");
    assert!(!shows(&harness, "Leave group…"));
    assert!(!shows(&harness, "Mark as read"), "there is nothing to read");
}

#[test]
fn a_row_is_reached_and_its_menu_used_by_keyboard() {
    let mut harness = with_bob(crowd());
    key(&mut harness, CTRL_SHIFT, Key::K);
    while !focused(&harness).is_some_and(|name| name.starts_with("Bob, online")) {
        key(&mut harness, NONE, Key::Tab);
    }
    key(&mut harness, NONE, Key::ArrowDown);
    assert!(focused(&harness).unwrap().starts_with("Priya Raman"));
    for _ in 0..3 {
        key(&mut harness, NONE, Key::ArrowDown);
    }
    assert!(focused(&harness).unwrap().starts_with("Emil"));
    key(&mut harness, NONE, Key::End);
    assert!(focused(&harness).unwrap().starts_with("Mateo"), "it was brought into view");
    key(&mut harness, Modifiers::SHIFT, Key::F10);
    assert_eq!(focused(&harness).as_deref(), Some("Open"));
    key(&mut harness, NONE, Key::ArrowDown);
    key(&mut harness, NONE, Key::ArrowDown);
    assert_eq!(focused(&harness).as_deref(), Some("Mute"));
    key(&mut harness, NONE, Key::ArrowUp);
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(harness.state().window.pinned(), [chat_with(UserId(7))]);
    assert!(focused(&harness).unwrap().starts_with("Mateo"), "back in the list");
    key(&mut harness, NONE, Key::Menu);
    key(&mut harness, NONE, Key::Escape);
    assert!(focused(&harness).unwrap().starts_with("Mateo"));
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "Esc closed the menu only");
    harness.state_mut().take();
    key(&mut harness, CTRL_SHIFT, Key::M);
    let commands = harness.state_mut().take();
    let mateo = chat_with(UserId(7));
    assert!(commands.iter().any(|c| matches!(c, Command::Mute { chat, .. } if *chat == mateo)), "{commands:?}");
    key(&mut harness, NONE, Key::Enter);
    assert_eq!(harness.state().window.open(), Some(mateo));
}

#[test]
fn one_key_walks_through_what_is_unread_to_the_last() {
    let mut model = crowd();
    say(&mut model, CHARLIE, CHARLIE, 60, NOW, "hello", false);
    let mut harness = window(model);
    let mut walked = Vec::new();
    for _ in 0..3 {
        key(&mut harness, CTRL, Key::J);
        let open = harness.state().window.open().unwrap();
        walked.push(open);
        let chat = harness.state_mut().model.chats.get_mut(&open).unwrap();
        (chat.unread, chat.mentions) = (0, 0);
        harness.run();
    }
    assert_eq!(walked, [ChatKey::Everyone, ChatKey::Group(HIKE), chat_with(CHARLIE)], "muted, but called by name");
    assert!(!shows(&harness, "You are all caught up"));
    key(&mut harness, CTRL, Key::J);
    assert!(shows(&harness, "You are all caught up"));
    assert_eq!(harness.state().window.open(), Some(chat_with(CHARLIE)));
    click(&mut harness, "Show all chats");
    assert!(rows(&harness).len() > 3);
}

#[test]
fn what_is_unread_is_shown_alone_and_the_open_chat_stays_while_it_is_read() {
    let mut harness = window(crowd());
    click(&mut harness, "Unread chats: 2");
    assert_eq!(rows(&harness), ["Everyone", "Weekend hike"]);
    open_chat(&mut harness, ChatKey::Everyone);
    let chat = harness.state_mut().model.chats.get_mut(&ChatKey::Everyone).unwrap();
    (chat.unread, chat.mentions) = (0, 0);
    harness.run();
    assert_eq!(rows(&harness), ["Everyone", "Weekend hike"], "nothing moves under the eye");
    key(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(rows(&harness), ["Weekend hike"]);
    key(&mut harness, NONE, Key::Escape);
    assert!(rows(&harness).len() > 3, "Esc shows all of it");
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(HIKE)), "and nothing more");
}

#[test]
fn in_a_small_window_the_keys_of_the_list_lead_to_it() {
    let mut harness = sized(crowd(), [376.0, 600.0]);
    open_chat(&mut harness, chat_with(BOB));
    key(&mut harness, CTRL_SHIFT, Key::K);
    assert_eq!(focused(&harness).as_deref(), Some("Search in the list"));
    open_chat(&mut harness, chat_with(BOB));
    key(&mut harness, CTRL, Key::U);
    assert_eq!(rows(&harness), ["Everyone", "Weekend hike"]);
    open_chat(&mut harness, chat_with(BOB));
    key(&mut harness, NONE, Key::Escape);
    assert_eq!(harness.state().window.open(), None, "what is not seen is no layer");
}

#[test]
fn drafts_mutes_and_mentions_stand_in_their_rows() {
    let mut harness = with_bob(crowd());
    type_text(&mut harness, "not yet sent");
    open_chat(&mut harness, ChatKey::Group(KITCHEN));
    let labels = sorted(harness.query_all_by_role(Role::ListItem).filter(|node| node.rect().left() < 60.0));
    for expected in [
        "Everyone, 12 unread, 1 mention, muted, 11:30, Priya Raman: Lunch is here!",
        "Weekend hike, group, 3 unread, 1 mention, 14:52, Bob: The 7:32 or the 8:02?",
        "Bob, online, Draft: not yet sent",
        "Charlie, offline, typing…",
        "Dora Weiss, away",
    ] {
        assert!(labels.iter().any(|label| label == expected), "{expected}: {labels:#?}");
    }
}

#[test]
fn whoever_signs_in_next_has_none_of_these_pins() {
    let mut harness = window(crowd());
    harness.state_mut().window.set_pinned(vec![chat_with(BOB)]);
    harness.run();
    harness.state_mut().model = Model::new(parlor::proto::ids::DeviceId::from_random(2));
    harness.run();
    assert_eq!(harness.state().window.pinned(), []);
}
