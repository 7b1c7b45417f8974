//! The details of a chat: where they stand, what they say, and what can be done there by whom.

mod common;

use common::groups::*;
use common::*;
use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::{Command, GroupWish};
use parlor::proto::chat::{ChatKey, GroupId, Past};
use parlor::proto::event::Status;
use parlor::proto::ids::UserId;

const LARGE: [f32; 2] = [1400.0, 900.0];

/// A window with the details of a chat.
fn details(key: ChatKey) -> Harness<'static, State> {
    let mut harness = sized(crowd(), LARGE);
    show(&mut harness, key);
    harness
}

fn show(harness: &mut Harness<'_, State>, key: ChatKey) {
    open_chat(harness, key);
    if !shown(harness) {
        click(harness, "Details");
    }
    harness.state_mut().take();
}

fn shown(harness: &Harness<'_, State>) -> bool {
    harness.query_by_label("Close details").is_some()
}

/// The rows of the details from top to bottom.
fn rows(harness: &Harness<'_, State>) -> Vec<String> {
    let rows = harness.query_all_by_role(Role::ListItem).filter(|node| node.rect().left() > 1050.0);
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    rows.iter().filter_map(|node| node.accesskit_node().label()).collect()
}

fn wishes(harness: &mut Harness<'_, State>) -> Vec<GroupWish> {
    let commands = harness.state_mut().take();
    let wishes = commands.into_iter().filter_map(|command| match command {
        Command::Group(wish) => Some(wish),
        _ => None,
    });
    wishes.collect()
}

fn says(harness: &Harness<'_, State>, words: &str) -> bool {
    harness.query_by_label(words).is_some()
}

#[test]
fn they_stand_beside_the_conversation_where_there_is_room_and_over_it_where_not() {
    // Beside the 16 points that the harness leaves free around the window.
    for (width, beside) in [(1116.0, true), (1115.0, false), (700.0, false), (376.0, false)] {
        let mut harness = sized(crowd(), [width, 700.0]);
        show(&mut harness, ChatKey::Group(HIKE));
        assert_eq!(says(&harness, "Message Weekend hike"), beside, "{width}");
        let pane = harness.get_by_label("Close details").rect();
        assert!(pane.right() > width - 60.0);
        click(&mut harness, "Close details");
        assert!(!shown(&harness) && says(&harness, "Message Weekend hike"), "{width}");
    }
}

#[test]
fn they_follow_to_another_chat_only_where_they_do_not_hide_it() {
    for (width, stays) in [(1200.0, true), (900.0, false)] {
        let mut harness = sized(crowd(), [width, 700.0]);
        show(&mut harness, ChatKey::Group(HIKE));
        key(&mut harness, Modifiers::ALT, Key::ArrowDown);
        assert_eq!(harness.state().window.open(), Some(ChatKey::Group(KITCHEN)));
        assert_eq!(shown(&harness), stays, "{width}");
        assert!(says(&harness, "Message Kitchen"), "{width}");
    }
}

#[test]
fn keys_open_them_and_escape_peels_them_layer_by_layer() {
    let mut harness = sized(crowd(), LARGE);
    key(&mut harness, Modifiers::COMMAND, Key::I);
    assert!(!shown(&harness), "of nothing there are no details");
    open_chat(&mut harness, ChatKey::Group(HIKE));
    key(&mut harness, Modifiers::COMMAND, Key::I);
    assert!(shown(&harness));
    key(&mut harness, Modifiers::COMMAND, Key::I);
    assert!(!shown(&harness));
    key(&mut harness, Modifiers::COMMAND, Key::I);

    click(&mut harness, "Rename");
    click(&mut harness, "Actions for Bob");
    assert!(says(&harness, "Make owner…"));
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!says(&harness, "Make owner…") && says(&harness, "Save the name"), "the menu first");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!says(&harness, "Save the name") && shown(&harness), "then what was begun");
    click(&mut harness, "Delete group");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(says(&harness, "Delete group") && shown(&harness));
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!shown(&harness));
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(HIKE)), "then the details");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(harness.state().window.open(), None, "then the chat");
}

#[test]
fn of_a_group_they_say_who_is_in_it_whose_it_is_and_what_new_members_read() {
    let mut harness = details(ChatKey::Group(HIKE));
    assert!(says(&harness, "5 MEMBERS"));
    let expected = [
        "Alice (you), owner, online",
        "Bob, online",
        "Charlie, last seen at 13:00",
        "Dora Weiss, away",
        "Priya Raman, online",
    ];
    assert_eq!(rows(&harness), expected, "by the time of joining");
    assert!(says(&harness, "New members can read what is said after they join."));
    harness.state_mut().model.groups.get_mut(&HIKE).unwrap().history = Past::All;
    harness.run();
    assert!(says(&harness, "New members can read everything that was said here."));
}

#[test]
fn of_everyone_they_have_those_first_who_are_there_and_build_only_what_is_seen() {
    let mut harness = details(ChatKey::Everyone);
    assert!(says(&harness, "7 PEOPLE"));
    let expected = ["Alice (you), online", "Bob, online", "Priya Raman, online", "Dora Weiss, away"];
    assert_eq!(rows(&harness)[..4], expected);
    harness.state_mut().model.people.get_mut(&UserId(7)).unwrap().status = Status::Online;
    harness.run();
    assert_eq!(rows(&harness)[2], "Mateo Silva, online", "the order follows");
    for id in 100..10_100 {
        person(&mut harness.state_mut().model, id, &format!("person {id}"), Status::Online, None);
    }
    harness.run();
    assert!((5..20).contains(&rows(&harness).len()));
    let before = rows(&harness);
    harness.hover_at(egui::pos2(1250.0, 700.0));
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        source: egui::MouseWheelSource::Unknown,
        delta: egui::vec2(0.0, -9_000.0),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(30);
    let after = rows(&harness);
    assert!((5..=20).contains(&after.len()) && !after.iter().any(|row| before.contains(row)), "{after:?}");
}

#[test]
fn of_a_person_they_have_the_presence_and_the_common_groups() {
    let mut harness = details(chat_with(BOB));
    assert!(says(&harness, "2 GROUPS IN COMMON"));
    assert_eq!(rows(&harness), ["Kitchen, 3 members", "Weekend hike, 5 members"]);
    click(&mut harness, "Kitchen, 3 members");
    assert_eq!(harness.state().window.open(), Some(ChatKey::Group(KITCHEN)));
    click(&mut harness, "Emil Novák, last seen yesterday at 21:40");
    assert_eq!(harness.state().window.open(), Some(chat_with(UserId(5))), "and from a member to the chat");
    assert_eq!(rows(&harness), ["Kitchen, 3 members"]);
    show(&mut harness, chat_with(UserId(7)));
    assert!(!says(&harness, "0 GROUPS IN COMMON"));
}

#[test]
fn every_chat_can_be_muted() {
    for (chat, muted) in [(ChatKey::Everyone, true), (ChatKey::Group(HIKE), false), (chat_with(BOB), false)] {
        let mut harness = details(chat);
        let expected = if muted { Toggled::True } else { Toggled::False };
        assert_eq!(harness.get_by_label("Mute").accesskit_node().toggled(), Some(expected));
        click(&mut harness, "Mute");
        let commands = harness.state_mut().take();
        let asked = commands.iter().any(
            |command| matches!(command, Command::Mute { chat: which, muted: to } if *which == chat && *to != muted),
        );
        assert!(asked, "{commands:?}");
    }
}

#[test]
fn the_owner_has_tools_and_a_member_has_none() {
    let tools = ["Rename", "Add people…", "Actions for Bob", "Delete group"];
    let harness = details(ChatKey::Group(HIKE));
    for tool in tools {
        assert!(says(&harness, tool), "{tool}");
    }
    assert!(!says(&harness, "Actions for Alice"));
    let harness = details(ChatKey::Group(KITCHEN));
    for tool in tools {
        assert!(!says(&harness, tool), "{tool}");
    }
    assert!(!says(&harness, "Actions for Emil Novák"));
    assert!(says(&harness, "Leave group"));
    // Whoever loses the group loses the tools, and what was asked with them.
    let mut harness = details(ChatKey::Group(HIKE));
    click(&mut harness, "Delete group");
    harness.state_mut().model.groups.get_mut(&HIKE).unwrap().owner = BOB;
    harness.run();
    assert!(!says(&harness, "Delete") && !says(&harness, "Rename"));
    assert!(rows(&harness).contains(&"Bob, owner, online".to_owned()));
}

#[test]
fn a_group_is_renamed_in_place() {
    let mut harness = details(ChatKey::Group(HIKE));
    click(&mut harness, "Rename");
    let field = "New name of the group";
    assert!(harness.get_by_label(field).is_focused());
    assert_eq!(harness.get_by_label(field).value().as_deref(), Some("Weekend hike"));
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(wishes(&mut harness), [], "it has that name");

    click(&mut harness, "Rename");
    harness.input_mut().events.extend(strokes(" 2026\n"));
    harness.run();
    let wish = [GroupWish::Rename(HIKE, "Weekend hike 2026".into())];
    assert_eq!(wishes(&mut harness), wish);
    assert_eq!(harness.state().window.draft(ChatKey::Group(HIKE)), "", "the composer got nothing of it");
    answer(&mut harness, 2, None);
    click(&mut harness, "Save the name");
    assert_eq!(wishes(&mut harness), [], "once is enough");
    answer(&mut harness, 2, Some(Err("The server is busy.")));
    assert!(says(&harness, "The server is busy."));
    click(&mut harness, "Save the name");
    assert_eq!(wishes(&mut harness), wish);
    answer(&mut harness, 3, Some(Ok(None)));
    assert!(!says(&harness, field));

    click(&mut harness, "Rename");
    key(&mut harness, Modifiers::COMMAND, Key::A);
    key(&mut harness, Modifiers::NONE, Key::Backspace);
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(says(&harness, "A name has 1 to 64 characters, on one line"));
    assert_eq!(wishes(&mut harness), []);
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(says(&harness, "Rename") && !says(&harness, field));
}

#[test]
fn a_member_is_removed_or_made_owner_after_a_question() {
    for (entry, question, word, wish) in [
        ("Remove from the group…", "Remove Bob from the group?", "Remove", GroupWish::Remove(HIKE, BOB)),
        (
            "Make owner…",
            "Make Bob the owner? You stay in the group, and can no longer change it.",
            "Make owner",
            GroupWish::HandOver(HIKE, BOB),
        ),
    ] {
        let mut harness = details(ChatKey::Group(HIKE));
        let below = |harness: &Harness<'_, State>| {
            harness.get_by_role_and_label(Role::ListItem, "Charlie, last seen at 13:00").rect().top()
        };
        let before = below(&harness);
        click(&mut harness, "Actions for Bob");
        click(&mut harness, entry);
        assert!(says(&harness, question));
        assert!(harness.get_by_label("Cancel").is_focused(), "what is pressed by mistake does no harm");
        assert!(below(&harness) > before + 40.0, "the others make room");
        assert_eq!(wishes(&mut harness), [], "it is only asked yet");
        click(&mut harness, "Cancel");
        assert_eq!((says(&harness, question), below(&harness)), (false, before));

        click(&mut harness, "Actions for Bob");
        click(&mut harness, entry);
        click(&mut harness, word);
        assert_eq!(wishes(&mut harness), std::slice::from_ref(&wish));
        answer(&mut harness, 1, None);
        assert!(!says(&harness, word) && !says(&harness, "Actions for Charlie"), "one thing at a time");
        answer(&mut harness, 1, Some(Err("Bob has left already.")));
        assert!(says(&harness, "Bob has left already.") && says(&harness, word));
        answer(&mut harness, 1, Some(Err("Bob has left already.")));
        click(&mut harness, word);
        assert_eq!(wishes(&mut harness), [wish]);
        answer(&mut harness, 2, Some(Ok(None)));
        assert!(!says(&harness, word));
    }
}

#[test]
fn leaving_says_what_comes_of_it() {
    for (owner, members, question) in [
        (BOB, vec![2, 1, 5], "Leave “Hut”? You will not see any more what is said there."),
        (ALICE, vec![3, 1, 2], "Leave “Hut”? Charlie becomes its owner."),
        (ALICE, vec![1], "Leave “Hut”? Nobody else is in it: the group ends."),
    ] {
        let mut harness = sized(crowd(), LARGE);
        group(&mut harness.state_mut().model, GroupId(80), "Hut", owner, &members);
        show(&mut harness, ChatKey::Group(GroupId(80)));
        click(&mut harness, "Leave group");
        assert!(says(&harness, question), "{question}");
        assert_eq!(wishes(&mut harness), []);
        click(&mut harness, "Leave");
        assert_eq!(wishes(&mut harness), [GroupWish::Leave(GroupId(80))]);
    }
    let mut harness = details(ChatKey::Group(HIKE));
    click(&mut harness, "Delete group");
    assert!(says(&harness, "Delete “Weekend hike” for all 5 members? What was said there can no longer be read."));
    click(&mut harness, "Delete");
    assert_eq!(wishes(&mut harness), [GroupWish::Delete(HIKE)]);
    answer(&mut harness, 1, Some(Err("Not now.")));
    assert!(says(&harness, "Not now.") && shown(&harness));
}

#[test]
fn people_are_added_in_a_dialog() {
    let mut harness = details(ChatKey::Group(HIKE));
    click(&mut harness, "Add people…");
    let dialog = "Add people to “Weekend hike”";
    assert!(harness.query_by_role_and_label(Role::Dialog, dialog).is_some());
    let offered = harness.query_all_by_role(Role::CheckBox).filter_map(|row| row.accesskit_node().label());
    let offered: Vec<_> = offered.collect();
    assert_eq!(offered, ["Emil Novák, last seen yesterday at 21:40", "Mateo Silva, offline"], "the others are in it");
    click(&mut harness, "Add");
    assert_eq!(wishes(&mut harness), [], "nobody is chosen");
    pick(&mut harness, "Mateo Silva, offline");
    click(&mut harness, "Add");
    assert_eq!(wishes(&mut harness), [GroupWish::Add(HIKE, vec![UserId(7)])]);
    answer(&mut harness, 1, None);
    assert!(says(&harness, "Adding…"));
    answer(&mut harness, 1, Some(Err("That are too many.")));
    assert!(says(&harness, "That are too many."));
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(wishes(&mut harness).len(), 1);
    answer(&mut harness, 2, Some(Ok(None)));
    assert!(harness.query_by_role_and_label(Role::Dialog, dialog).is_none() && shown(&harness));

    click(&mut harness, "Add people…");
    harness.state_mut().model.groups.remove(&HIKE);
    harness.run();
    assert!(harness.query_by_role_and_label(Role::Dialog, dialog).is_none(), "there is nothing left to add to");
}

#[test]
fn who_is_taken_out_of_the_open_group_is_told_so() {
    for width in [1400.0, 700.0, 376.0] {
        let mut harness = sized(crowd(), [width, 700.0]);
        show(&mut harness, ChatKey::Group(HIKE));
        harness.state_mut().model.groups.get_mut(&HIKE).unwrap().name = "Hike".into();
        harness.run();
        let model = &mut harness.state_mut().model;
        model.groups.remove(&HIKE);
        model.chats.remove(&ChatKey::Group(HIKE));
        harness.run();
        assert_eq!(harness.state().window.open(), None);
        assert!(says(&harness, "You are no longer in “Hike”"), "{width}");
        assert!(!shown(&harness));
        if width < 640.0 {
            click(&mut harness, "Back");
        } else {
            key(&mut harness, Modifiers::ALT, Key::ArrowDown);
            assert_eq!(harness.state().window.open(), Some(ChatKey::Everyone));
            key(&mut harness, Modifiers::NONE, Key::Escape);
        }
        assert!(!says(&harness, "You are no longer in “Hike”"), "it is said once");
        assert!(says(&harness, "GROUPS"));
    }
    // Another group than the open one may end without a word.
    let mut harness = details(chat_with(BOB));
    harness.state_mut().model.groups.clear();
    harness.run();
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)));
}
