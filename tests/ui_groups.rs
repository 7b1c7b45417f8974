//! Groups in the window: the list in its parts, what a row says, and the dialogs up to what they ask for.

mod common;

use common::groups::*;
use common::*;
use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::{Command, GroupWish};
use parlor::client::model::{Link, Model, Spread};
use parlor::client::outbox::Destination;
use parlor::proto::chat::{ChatKey, GroupId, Past};
use parlor::proto::event::{Code, Problem, Status};
use parlor::proto::ids::{Seq, UserId};

/// The list from top to bottom, headings and all.
fn list(harness: &Harness<'_, State>) -> Vec<String> {
    let here = |node: &egui_kittest::Node<'_>| node.rect().left() < 320.0 && node.rect().top() > 60.0;
    let rows = harness.query_all_by_role(Role::ListItem).filter(here);
    let lines = ["GROUPS", "PEOPLE", "No groups yet", "Nobody else is here yet"];
    let lines = lines.into_iter().filter_map(|line| harness.query_by_label(line)).filter(here);
    let mut all: Vec<_> = rows.chain(lines).collect();
    all.sort_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    all.iter().filter_map(|node| node.accesskit_node().label().or_else(|| node.value())).collect()
}

fn wishes(harness: &mut Harness<'_, State>) -> Vec<GroupWish> {
    let commands = harness.state_mut().take();
    let wishes = commands.into_iter().filter_map(|command| match command {
        Command::Group(wish) => Some(wish),
        _ => None,
    });
    wishes.collect()
}

/// What Alice wrote to several people, and to whom.
fn sent(harness: &mut Harness<'_, State>) -> Vec<(Vec<UserId>, String)> {
    let commands = harness.state_mut().take();
    let sent = commands.into_iter().filter_map(|command| match command {
        Command::SendToMany { people, text } => Some((people, text)),
        _ => None,
    });
    sent.collect()
}

fn is_open(harness: &Harness<'_, State>, dialog: &str) -> bool {
    harness.query_by_role_and_label(Role::Dialog, dialog).is_some()
}

fn keys(harness: &mut Harness<'_, State>, keys: &str) {
    harness.input_mut().events.extend(strokes(keys));
    harness.run();
}

#[test]
fn the_list_is_everyone_then_groups_then_people() {
    let harness = window(crowd());
    let expected = [
        "Everyone, 12 unread, 1 mention, muted, 11:30, Priya Raman: Lunch is here!",
        "GROUPS",
        "Weekend hike, group, 3 unread, 1 mention, 14:52, Bob: The 7:32 or the 8:02?",
        "Kitchen, group, Yesterday, Bob renamed the group to “Kitchen”",
        "PEOPLE",
        "Bob, online, 09:12, Perfect, see you there",
        "Priya Raman, online, Yesterday, You: I'll ask her tomorrow",
        "Charlie, offline, typing…",
        "Dora Weiss, away",
        "Emil Novák, offline",
    ];
    assert_eq!(list(&harness)[..10], expected);

    let mut alone = model();
    alone.people.retain(|id, _| *id == ALICE);
    let expected = ["Everyone, 1 person", "GROUPS", "No groups yet", "PEOPLE", "Nobody else is here yet"];
    assert_eq!(list(&window(alone)), expected);
}

#[test]
fn the_order_follows_what_happens() {
    let mut harness = window(crowd());
    let hike = |list: Vec<String>| list.iter().position(|row| row.starts_with("Weekend")).unwrap();
    assert_eq!(hike(list(&harness)), 2);
    talk(&mut harness.state_mut().model, ChatKey::Group(KITCHEN), BOB, 60, "2026-11-20T14:59:00Z", "Tea?");
    harness.run();
    assert_eq!(hike(list(&harness)), 3, "the other one came to life");
    // One that was made just now, in which nothing was said: it was made after all that was said elsewhere.
    group(&mut harness.state_mut().model, GroupId(70), "Aardvarks", BOB, &[2, 1]);
    harness.run();
    assert_eq!(list(&harness)[2], "Aardvarks, group, 2 members");
    harness.state_mut().model.groups.get_mut(&GroupId(70)).unwrap().name = "Zebras".into();
    harness.run();
    assert_eq!(list(&harness)[2], "Zebras, group, 2 members");
    harness.state_mut().model.groups.remove(&GroupId(70));
    harness.run();
    assert_eq!(hike(list(&harness)), 3);
}

#[test]
fn the_keys_go_through_the_list_as_it_is_seen() {
    let mut harness = window(crowd());
    let mut went = Vec::new();
    for _ in 0..4 {
        key(&mut harness, Modifiers::ALT, Key::ArrowDown);
        went.push(harness.state().window.open().unwrap());
    }
    let expected = [ChatKey::Everyone, ChatKey::Group(HIKE), ChatKey::Group(KITCHEN), chat_with(BOB)];
    assert_eq!(went, expected);
    key(&mut harness, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(KITCHEN)));
}

#[test]
fn of_thousands_only_those_in_view_are_drawn_and_the_keys_reach_all() {
    let mut model = crowd();
    for id in 100..5_100u32 {
        person(&mut model, id, &format!("person {id}"), Status::Offline, None);
        group(&mut model, GroupId(id.into()), &format!("group {id}"), BOB, &[2, 1]);
    }
    let mut harness = window(model);
    assert!(list(&harness).len() < 15);
    key(&mut harness, Modifiers::ALT, Key::ArrowUp);
    harness.run();
    assert_eq!(harness.state().window.open(), Some(chat_with(UserId(999))), "the last of the list, by name");
    assert!(list(&harness).iter().any(|row| row.starts_with("person 999,")), "and it is in view");
    open_chat(&mut harness, ChatKey::Everyone);
    key(&mut harness, Modifiers::ALT, Key::ArrowDown);
    harness.run();
    assert!(list(&harness).iter().any(|row| row.starts_with("group 5099,")), "and back near the top");
}

#[test]
fn who_is_writing_stands_in_the_place_of_the_preview_until_it_ends() {
    let mut model = crowd();
    let typing = &mut model.chats.get_mut(&ChatKey::Group(HIKE)).unwrap().typing;
    typing.extend([(BOB, NOW.plus(2_000)), (CHARLIE, NOW.plus(1_000))]);
    let mut harness = window(model);
    let row = |harness: &Harness<'_, State>| list(harness)[2].clone();
    assert!(row(&harness).ends_with("Bob and Charlie are typing…"));
    let delay = |harness: &Harness<'_, State>| harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay(&harness).as_millis(), 1_000, "then one of them may have stopped");
    open_chat(&mut harness, ChatKey::Group(HIKE));
    assert!(harness.query_by_label("Bob and Charlie are typing…").is_some(), "in the header, too");
    harness.state_mut().clock.now = NOW.plus(1_000);
    harness.run();
    assert!(row(&harness).ends_with("Bob is typing…"));
    harness.state_mut().clock.now = NOW.plus(4_000);
    harness.run();
    assert!(row(&harness).ends_with("14:52, Bob: The 7:32 or the 8:02?"));
    assert!(harness.query_by_label("5 members, 3 online").is_some());
    assert_eq!(delay(&harness), std::time::Duration::MAX);
}

#[test]
fn the_header_of_a_room_says_how_many_and_that_it_is_muted() {
    let mut harness = window(crowd());
    open_chat(&mut harness, ChatKey::Everyone);
    assert!(harness.query_by_label("7 people, 3 online").is_some());
    assert!(harness.query_by_label("Muted").is_some());
    open_chat(&mut harness, ChatKey::Group(KITCHEN));
    assert!(harness.query_by_label("3 members, 2 online").is_some());
    assert!(harness.query_by_label("Muted").is_none());
}

#[test]
fn receipts_are_switched_in_the_menu_of_the_account() {
    for on in [true, false] {
        let mut model = crowd();
        model.read_receipts = on;
        let mut harness = window(model);
        click(&mut harness, "Account of Alice");
        assert!(harness.query_by_label("When off, you do not see what others have read either.").is_some());
        let toggled = harness.get_by_label("Send read receipts").accesskit_node().toggled();
        assert_eq!(toggled, Some(if on { Toggled::True } else { Toggled::False }));
        click(&mut harness, "Send read receipts");
        let commands = harness.state_mut().take();
        assert!(matches!(commands.as_slice(), [Command::SetReadReceipts(to)] if *to != on), "{commands:?}");
        assert!(harness.query_by_label("Sign out").is_some(), "the menu stays");
        key(&mut harness, Modifiers::NONE, Key::Escape);
        assert!(harness.query_by_label("Sign out").is_none());
    }
}

#[test]
fn a_group_is_made_from_the_keyboard() {
    let mut harness = window(crowd());
    open_chat(&mut harness, chat_with(BOB));
    click(&mut harness, "New group");
    assert!(harness.get_by_label("Name of the group").is_focused());
    // The name; to the people; Charlie by his beginning, Dora by arrows.
    keys(&mut harness, "  Hut \tchar\n");
    assert_eq!(harness.get_by_label("Search people").value().unwrap_or_default(), "", "ready for the next one");
    keys(&mut harness, "d");
    key(&mut harness, Modifiers::NONE, Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, Key::ArrowUp);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("2 chosen: Charlie and Dora Weiss").is_some());
    key(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(harness.get_by_label("What is said after they join").is_focused(), "the list is no stop of its own");
    key(&mut harness, Modifiers::NONE, Key::Tab);
    key(&mut harness, Modifiers::NONE, Key::Space);
    key(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(harness.get_by_label("Cancel").is_focused());
    key(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(harness.get_by_label("Create").is_focused());
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let members = vec![CHARLIE, UserId(4)];
    assert_eq!(wishes(&mut harness), [GroupWish::Create { name: "Hut".into(), members, history: Past::All }]);
    assert_eq!(composer_text(&harness, BOB), "", "nothing of it went elsewhere");
}

#[test]
fn a_group_is_made_with_the_mouse_waited_for_and_opened() {
    let mut harness = window(crowd());
    answer(&mut harness, 3, Some(Ok(Some(KITCHEN))));
    click(&mut harness, "New…");
    click(&mut harness, "New group…");
    type_text(&mut harness, "Hut");
    pick(&mut harness, "Bob, online");
    pick(&mut harness, "Dora Weiss, away");
    pick(&mut harness, "Bob, online");
    assert!(harness.query_by_label("1 chosen: Dora Weiss").is_some());
    click(&mut harness, "Create");
    let create = GroupWish::Create { name: "Hut".into(), members: vec![UserId(4)], history: Past::Joined };
    assert_eq!(wishes(&mut harness), std::slice::from_ref(&create));
    assert!(is_open(&harness, "New group"), "the last answer was to something else");
    answer(&mut harness, 5, None);
    click(&mut harness, "Creating…");
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(wishes(&mut harness), [], "once is enough");

    answer(&mut harness, 5, Some(Err("The server is busy.")));
    assert!(harness.query_by_label("The server is busy.").is_some());
    click(&mut harness, "Create");
    assert_eq!(wishes(&mut harness), [create]);
    answer(&mut harness, 6, None);
    assert!(harness.query_by_label("The server is busy.").is_none(), "that was the last time");

    answer(&mut harness, 6, Some(Ok(Some(GroupId(80)))));
    assert!(!is_open(&harness, "New group"));
    assert_eq!(harness.state().window.open(), None, "it is not known yet");
    group(&mut harness.state_mut().model, GroupId(80), "Hut", ALICE, &[1, 4]);
    harness.run();
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(GroupId(80))));
    assert!(harness.get_by_label("Message Hut").is_focused());
}

#[test]
fn a_group_that_was_made_does_not_lead_away_from_another_chat() {
    let mut harness = window(crowd());
    click(&mut harness, "New group");
    keys(&mut harness, "Hut");
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    answer(&mut harness, 1, Some(Ok(Some(GroupId(80)))));
    open_chat(&mut harness, chat_with(BOB));
    group(&mut harness.state_mut().model, GroupId(80), "Hut", ALICE, &[1]);
    harness.run();
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
}

#[test]
fn a_name_is_needed_and_its_limit_is_said() {
    let mut harness = window(crowd());
    click(&mut harness, "New group");
    click(&mut harness, "Create");
    assert_eq!(wishes(&mut harness), []);
    assert!(harness.query_by_label("The group needs a name").is_some());
    assert!(harness.get_by_label("Name of the group").is_focused());
    type_text(&mut harness, &"x".repeat(60));
    assert!(harness.query_by_label("4 characters left").is_some());
    type_text(&mut harness, "12345");
    assert!(harness.query_by_label("1 character too many").is_some());
    click(&mut harness, "Create");
    assert_eq!(wishes(&mut harness), []);
    key(&mut harness, Modifiers::NONE, Key::Backspace);
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert!(matches!(wishes(&mut harness).as_slice(), [GroupWish::Create { members, .. }] if members.is_empty()));
}

#[test]
fn a_dialog_is_left_by_escape_by_a_click_beside_it_and_by_its_buttons() {
    for way in 0..4 {
        let mut harness = window(crowd());
        open_chat(&mut harness, chat_with(BOB));
        click(&mut harness, "New group");
        click(&mut harness, "Members");
        assert!(is_open(&harness, "New group"), "a click on the card is not beside it");
        match way {
            0 => key(&mut harness, Modifiers::NONE, Key::Escape),
            1 => {
                let pos = egui::pos2(40.0, 300.0);
                harness.hover_at(pos);
                for pressed in [true, false] {
                    let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::NONE);
                    harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
                }
                harness.run();
            }
            2 => click(&mut harness, "Cancel"),
            _ => click(&mut harness, "Close"),
        }
        assert!(!is_open(&harness, "New group"), "way {way}");
        assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "the click was for the dialog, way {way}");
        assert!(harness.get_by_label("Message Bob").is_focused(), "and one goes on writing, way {way}");
        assert_eq!(wishes(&mut harness), []);
    }
}

#[test]
fn the_tab_key_stays_in_the_dialog() {
    let mut harness = window(crowd());
    open_chat(&mut harness, chat_with(BOB));
    click(&mut harness, "New group");
    type_text(&mut harness, "Hut");
    let stops = ["Search people", "What is said after they join", "Everything", "Cancel", "Create", "Close"];
    for _ in 0..2 {
        assert!(harness.get_by_label("Name of the group").is_focused());
        for stop in stops {
            key(&mut harness, Modifiers::NONE, Key::Tab);
            assert!(harness.get_by_label(stop).is_focused(), "{stop}");
        }
        key(&mut harness, Modifiers::NONE, Key::Tab);
    }
}

#[test]
fn the_next_unread_chat_is_one_that_asks_for_attention() {
    let mut model = crowd();
    model.chats.get_mut(&ChatKey::Everyone).unwrap().mentions = 0;
    let mut harness = window(model);
    key(&mut harness, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowDown);
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(HIKE)), "the muted one is passed over");
    key(&mut harness, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowUp);
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(HIKE)));
    harness.state_mut().model.chats.get_mut(&ChatKey::Everyone).unwrap().mentions = 1;
    key(&mut harness, Modifiers::ALT | Modifiers::SHIFT, Key::ArrowUp);
    assert_eq!(harness.state().window.open(), Some(ChatKey::Everyone), "but not when it calls one by name");
}

#[test]
fn nothing_that_is_typed_in_a_dialog_reaches_the_composer() {
    let mut harness = window(crowd());
    open_chat(&mut harness, chat_with(BOB));
    type_text(&mut harness, "draft");
    harness.state_mut().take();
    for label in ["New group…", "Message several people…"] {
        click(&mut harness, "New…");
        click(&mut harness, label);
        keys(&mut harness, "bob\tx\ty");
        harness.event(egui::Event::Paste("pasted".into()));
        harness.run();
        // Also where no field has the caret.
        click(&mut harness, "Cancel");
        click(&mut harness, "New…");
        click(&mut harness, label);
        harness.ctx.memory_mut(|memory| memory.stop_text_input());
        harness.event(egui::Event::Text("z".into()));
        harness.run();
        key(&mut harness, Modifiers::ALT, Key::ArrowDown);
        key(&mut harness, Modifiers::NONE, Key::Escape);
    }
    assert_eq!(composer_text(&harness, BOB), "draft");
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "nor do keys go through the list");
    let commands = harness.state_mut().take();
    assert!(!commands.iter().any(|command| matches!(command, Command::Send { .. } | Command::Typing { .. })));
    type_text(&mut harness, "ed");
    assert_eq!(composer_text(&harness, BOB), "drafted");
}

#[test]
fn several_people_are_written_to_from_the_keyboard() {
    let mut harness = window(crowd());
    click(&mut harness, "New…");
    click(&mut harness, "Message several people…");
    assert!(harness.get_by_label("Search people").is_focused());
    keys(&mut harness, "bob\nemil\n");
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(sent(&mut harness), [], "there is nothing to send yet");
    keys(&mut harness, "\tone");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    keys(&mut harness, "two\n");
    assert_eq!(sent(&mut harness), [], "Enter is a new line here");
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(sent(&mut harness), [(vec![BOB, UserId(5)], "one\ntwo".to_owned())]);
}

fn spread(
    harness: &mut Harness<'_, State>,
    n: u64,
    outcomes: Option<Result<Vec<parlor::proto::event::Outcome>, &str>>,
) {
    let outcomes = outcomes.map(|outcomes| outcomes.map_err(|words| Problem::new(Code::Busy, words)));
    harness.state_mut().model.spread = Some(Spread { n, outcomes });
    harness.run();
}

#[test]
fn what_became_of_a_message_to_several_is_said_for_each() {
    let mut harness = window(crowd());
    spread(&mut harness, 7, Some(Ok(vec![sent_to(5, Status::Online, None, None)])));
    click(&mut harness, "New…");
    click(&mut harness, "Message several people…");
    for label in ["Bob, online", "Charlie, last seen at 13:00", "Dora Weiss, away", "Mateo Silva, offline"] {
        pick(&mut harness, label);
    }
    harness.get_by_label("Message to each of them").focus();
    harness.run();
    type_text(&mut harness, "hi");
    click(&mut harness, "Send");
    assert_eq!(sent(&mut harness).len(), 1);
    spread(&mut harness, 9, None);
    assert!(harness.query_by_label("Sending…").is_some());
    harness.state_mut().model.link = Link::Connecting;
    harness.run();
    assert!(harness.query_by_label("It goes out as soon as the connection is back.").is_some());

    spread(&mut harness, 9, Some(Err("The server's disk is full.")));
    assert!(harness.query_by_label("The server's disk is full.").is_some());
    click(&mut harness, "Send");
    let commands = harness.state_mut().take();
    assert!(matches!(commands.as_slice(), [Command::Discard { n: 9 }, Command::SendToMany { .. }]), "{commands:?}");

    let outcomes = vec![
        sent_to(2, Status::Online, None, None),
        sent_to(3, Status::Offline, Some("2026-11-20T13:00:00Z"), None),
        sent_to(4, Status::Away, None, None),
        sent_to(7, Status::Offline, None, Some("No such account.")),
    ];
    spread(&mut harness, 10, Some(Ok(outcomes)));
    assert!(is_open(&harness, "Sent to 3 of 4 people"));
    for said in [
        "Bob: Sent",
        "Charlie: Delivered when they are back – last seen at 13:00",
        "Dora Weiss: Sent",
        "Mateo Silva: No such account.",
    ] {
        assert!(harness.query_by_label(said).is_some(), "{said}");
    }
    click(&mut harness, "Done");
    assert!(!is_open(&harness, "Sent to 3 of 4 people"));
    assert_eq!(sent(&mut harness), []);
}

#[test]
fn in_a_small_window_every_dialog_fits() {
    for label in ["New group…", "Message several people…"] {
        let mut harness = sized(crowd(), [376.0, 496.0]);
        click(&mut harness, "New…");
        click(&mut harness, label);
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(376.0, 496.0));
        let card = |label: &str| harness.get_by_label(label).rect();
        for part in ["Close", "Cancel", "Search people"] {
            assert!(screen.shrink(8.0).contains_rect(card(part)), "{part} of {label}");
        }
        let rows = harness.query_all_by_role(Role::CheckBox).filter(|row| row.rect().height() > 20.0).count();
        assert!(rows >= 2, "{rows} of {label}");
    }
}

#[test]
fn dialogs_and_details_do_no_harm_at_any_size() {
    for size in [[60.0, 60.0], [360.0, 480.0], [700.0, 300.0], [1200.0, 400.0]] {
        for zoom in [0.5, 2.0] {
            for label in ["New group…", "Message several people…"] {
                let mut harness = sized(crowd(), size);
                open_chat(&mut harness, ChatKey::Group(HIKE));
                key(&mut harness, Modifiers::COMMAND, Key::I);
                harness.ctx.set_zoom_factor(zoom);
                let _ = harness.run_ok();
                if let Some(button) = harness.query_by_role_and_label(Role::Button, "New…") {
                    button.click_accesskit();
                }
                let _ = harness.run_ok();
                if let Some(button) = harness.query_by_label(label) {
                    button.click_accesskit();
                }
                let _ = harness.run_ok();
            }
        }
    }
}

#[test]
fn an_idle_dialog_draws_no_frames() {
    let mut model: Model = crowd();
    model.chats.get_mut(&chat_with(CHARLIE)).unwrap().typing.clear();
    model.outbox.push(Destination::Chat(ChatKey::Everyone), "pending".into(), NOW);
    model.delivered.insert(BOB, Seq(1));
    let mut harness = sized(model, [1400.0, 900.0]);
    open_chat(&mut harness, ChatKey::Group(HIKE));
    click(&mut harness, "Details");
    click(&mut harness, "New group");
    harness.run();
    let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}
