//! Writing in rooms: names and commands that are offered, what goes to one person alone, what cannot be done.

mod common;

use common::rooms::*;
use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::model::Person;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::UserId;

const EVERYONE: ChatKey = ChatKey::Everyone;
/// What a real keyboard reports for Ctrl.
const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
const NONE: Modifiers = Modifiers::NONE;

fn room(key: ChatKey) -> Harness<'static, State> {
    let mut model = rooms();
    add(&mut model, key, BOB, 1, NOW, "something was said");
    in_room(model, key)
}

/// A choice, and not the person of that name in the list.
fn choice<'a>(harness: &'a Harness<'_, State>, label: &'a str) -> egui_kittest::Node<'a> {
    let mut nodes = harness.query_all_by_role(Role::ListBoxOption);
    nodes.find(|node| node.accesskit_node().label().as_deref() == Some(label)).expect("it is offered")
}

/// What is offered, from top to bottom.
fn offered(harness: &Harness<'_, State>) -> Vec<String> {
    let mut nodes: Vec<_> = harness.query_all_by_role(Role::ListBoxOption).collect();
    nodes.sort_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    nodes.iter().filter_map(|node| node.accesskit_node().label()).collect()
}

fn to_all(text: &str) -> (ChatKey, String) {
    (EVERYONE, text.into())
}

fn to(id: UserId, text: &str) -> (ChatKey, String) {
    (chat_with(id), text.into())
}

fn enter(harness: &mut Harness<'_, State>) {
    key(harness, NONE, Key::Enter);
}

#[test]
fn names_are_offered_behind_an_at_and_enter_takes_one_without_sending() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "Hello @");
    let all = ["Ann Bobrova, online", "Bob, online", "Dora Maar, away", "Charlie, offline", "Emil, offline"];
    assert_eq!(offered(&harness), all);
    type_text(&mut harness, "bo");
    assert_eq!(offered(&harness), ["Ann Bobrova, online", "Bob, online"]);
    key(&mut harness, NONE, Key::ArrowDown);
    enter(&mut harness);
    assert_eq!(draft(&harness, EVERYONE), "Hello @Bob ");
    assert_eq!(sends(&mut harness), []);
    assert_eq!(offered(&harness), [""; 0]);
    type_text(&mut harness, "you");
    enter(&mut harness);
    assert_eq!(sends(&mut harness), [to_all("Hello @Bob you")]);
}

#[test]
fn tab_and_a_click_take_one_and_writing_goes_on() {
    let mut harness = room(HIKE);
    type_text(&mut harness, "@ma");
    assert_eq!(offered(&harness), ["Dora Maar, away"], "only members, any word of the name");
    key(&mut harness, NONE, Key::Tab);
    assert_eq!(draft(&harness, HIKE), "@Dora Maar ");
    assert!(harness.get_by_label("Message Weekend hike").is_focused());
    type_text(&mut harness, "and @");
    choice(&harness, "Emil, offline").click();
    harness.run();
    assert_eq!(draft(&harness, HIKE), "@Dora Maar and @Emil ");
    type_text(&mut harness, "!");
    assert_eq!(draft(&harness, HIKE), "@Dora Maar and @Emil !");
    assert_eq!(sends(&mut harness), []);
}

#[test]
fn a_choice_can_be_clicked_slowly() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "@");
    let at = choice(&harness, "Charlie, offline").rect().center();
    harness.hover_at(at);
    harness.run();
    harness.drag_at(at);
    harness.run();
    harness.drop_at(at);
    harness.run();
    assert_eq!(draft(&harness, EVERYONE), "@Charlie ");
    type_text(&mut harness, "you");
    assert_eq!(draft(&harness, EVERYONE), "@Charlie you");
}

#[test]
fn the_choice_goes_round_and_the_chosen_one_is_told() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "@bo");
    let chosen = |harness: &Harness<'_, State>| {
        let nodes: Vec<_> = harness.query_all_by_role(Role::ListBoxOption).collect();
        let chosen = nodes.iter().filter(|node| node.accesskit_node().is_selected() == Some(true));
        chosen.filter_map(|node| node.accesskit_node().label()).collect::<Vec<_>>()
    };
    for (pressed, expected) in [
        (Key::ArrowUp, "Bob, online"),
        (Key::ArrowUp, "Ann Bobrova, online"),
        (Key::ArrowDown, "Bob, online"),
        (Key::ArrowDown, "Ann Bobrova, online"),
    ] {
        key(&mut harness, NONE, pressed);
        assert_eq!(chosen(&harness), [expected]);
    }
    assert!(harness.query_all_by_role(Role::ListBox).next().is_some());
}

#[test]
fn keys_that_come_within_one_frame_take_the_choice_that_they_would_take_one_by_one() {
    let mut harness = room(EVERYONE);
    let press = |key| egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: NONE };
    let mut events = strokes("@bo");
    events.push(press(Key::ArrowDown));
    events.extend(strokes("\nhi\n"));
    harness.input_mut().events.extend(events);
    harness.run();
    assert_eq!(sends(&mut harness), [to_all("@Bob hi")]);
}

#[test]
fn escape_closes_what_is_offered_first_and_it_stays_closed_for_that_name() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "@b");
    key(&mut harness, NONE, Key::Escape);
    assert_eq!(offered(&harness), [""; 0]);
    assert_eq!(harness.state().window.open(), Some(EVERYONE));
    assert_eq!(draft(&harness, EVERYONE), "@b");
    type_text(&mut harness, "o");
    assert_eq!(offered(&harness), [""; 0], "not wanted");
    type_text(&mut harness, " @b");
    assert_eq!(offered(&harness).len(), 2, "another one");
    enter(&mut harness);
    assert_eq!(draft(&harness, EVERYONE), "@bo @Ann Bobrova ");
    key(&mut harness, NONE, Key::Escape);
    assert_eq!(harness.state().window.open(), None, "then out of the chat");
}

#[test]
fn nothing_is_offered_where_nobody_can_be_called() {
    let mut harness = room(chat_with(BOB));
    type_text(&mut harness, "@");
    assert_eq!(offered(&harness), [""; 0]);
    let mut harness = room(EVERYONE);
    for text in ["me@b", " @ b", " @zzz"] {
        type_text(&mut harness, text);
        assert_eq!(offered(&harness), [""; 0], "{text:?}");
    }
    enter(&mut harness);
    assert_eq!(sends(&mut harness), [to_all("me@b @ b @zzz")]);
}

#[test]
fn an_input_method_is_left_alone() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "@");
    let preedit =
        |text: &str| egui::Event::Ime(egui::ImeEvent::Preedit { text: text.to_owned(), active_range_chars: None });
    harness.event(preedit("b"));
    harness.run();
    assert_eq!(draft(&harness, EVERYONE), "@b");
    assert_eq!(offered(&harness), [""; 0]);
    enter(&mut harness);
    assert_eq!(sends(&mut harness), []);
    assert!(!draft(&harness, EVERYONE).contains("Ann"));
}

#[test]
fn enter_with_shift_breaks_the_line_whatever_is_offered() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "@bo");
    key(&mut harness, Modifiers::SHIFT, Key::Enter);
    assert_eq!(draft(&harness, EVERYONE), "@bo\n");
    assert_eq!(offered(&harness), [""; 0]);
}

#[test]
fn names_of_any_script_are_offered_and_completed() {
    let mut model = rooms();
    for (id, name) in [(20, "דוד כהן"), (21, "محمد علي"), (22, "王小明"), (23, "👩‍🚀 Zoë")] {
        model.people.insert(
            UserId(id),
            Person { username: name.into(), status: Status::Online, last_seen: None, joined: Default::default() },
        );
    }
    let mut harness = in_room(model, EVERYONE);
    for (typed, completed) in [("@כה", "@דוד כהן "), ("@مح", "@محمد علي "), ("@王", "@王小明 "), ("@ZO", "@👩‍🚀 Zoë ")]
    {
        type_text(&mut harness, "שלום ");
        type_text(&mut harness, typed);
        assert_eq!(offered(&harness).len(), 1, "{typed}");
        enter(&mut harness);
        assert_eq!(draft(&harness, EVERYONE), format!("שלום {completed}"));
        enter(&mut harness);
        assert_eq!(sends(&mut harness).len(), 1);
    }
}

#[test]
fn a_draft_that_calls_somebody_first_can_go_to_them_alone() {
    let hint = "Ctrl+Enter sends this to Dora Maar alone";
    let mut harness = room(HIKE);
    type_text(&mut harness, "@dora maar");
    assert!(harness.query_by_label(hint).is_none(), "there is nothing to send yet");
    key(&mut harness, NONE, Key::Escape);
    type_text(&mut harness, " between us");
    assert!(harness.query_by_label(hint).is_some());
    key(&mut harness, CTRL, Key::Enter);
    assert_eq!(sends(&mut harness), [to(DORA, "between us")]);
    assert_eq!(draft(&harness, HIKE), "");
    assert!(harness.query_by_label("Sent to Dora Maar alone").is_some());
    assert!(harness.query_by_label(hint).is_none());
    harness.key_up(Key::Enter);
    harness.run_steps(3);
    assert!(harness.query_by_label("Sent to Dora Maar alone").is_some(), "until the next key");
    type_text(&mut harness, "x");
    assert!(harness.query_by_label("Sent to Dora Maar alone").is_none());

    // With the button, and plainly with Enter to all.
    key(&mut harness, NONE, Key::Backspace);
    type_text(&mut harness, "@Bob hi");
    harness.get_by_label("Send privately").click();
    harness.run();
    assert_eq!(sends(&mut harness), [to(BOB, "hi")]);
    type_text(&mut harness, "@Bob hi");
    enter(&mut harness);
    assert_eq!(sends(&mut harness), [(HIKE, "@Bob hi".to_owned())]);
}

#[test]
fn ctrl_enter_sends_nothing_where_there_is_nobody_to_send_it_to() {
    for (key_of, text) in [
        (EVERYONE, "hello"),
        (EVERYONE, "hi @Bob there"),
        (EVERYONE, "@Bob"),
        (EVERYONE, "@Alice to myself"),
        (HIKE, "@Ann Bobrova is no member"),
        (chat_with(BOB), "@Bob in a chat of two"),
        (EVERYONE, "/all hello"),
        (EVERYONE, ""),
    ] {
        let mut harness = room(key_of);
        type_text(&mut harness, text);
        key(&mut harness, NONE, Key::ArrowRight);
        harness.state_mut().take();
        key(&mut harness, CTRL, Key::Enter);
        assert_eq!(sends(&mut harness), [], "{text:?}");
        assert_eq!(draft(&harness, key_of), text);
        assert!(harness.query_by_label_contains("Ctrl+Enter sends").is_none());
    }
}

#[test]
fn the_hint_takes_its_room_from_the_conversation() {
    for size in [[1000.0, 700.0], [360.0, 480.0]] {
        let mut model = rooms();
        model.people.get_mut(&BOB).unwrap().username = "W".repeat(32);
        add(&mut model, EVERYONE, BOB, 1, NOW, "something was said");
        let mut harness = sized(model, size);
        open_room(&mut harness, EVERYONE);
        let end = |harness: &Harness<'_, State>| {
            let nodes = harness.query_all_by_label_contains("15:00: something was said");
            nodes.map(|node| node.rect().bottom()).fold(0.0, f32::max)
        };
        let before = end(&harness);
        type_text(&mut harness, &format!("@{} hi", "W".repeat(32)));
        harness.run();
        let hint = harness.get_by_label_contains("Ctrl+Enter sends this").rect();
        let button = harness.get_by_label("Send privately").rect();
        assert!(end(&harness) <= hint.top() && end(&harness) < before, "{hint:?}");
        assert!(hint.right() <= button.left() && button.right() <= size[0] - 8.0, "{hint:?} {button:?}");
    }
}

#[test]
fn private_messages_and_messages_to_all_go_out_from_anywhere() {
    for open in [EVERYONE, HIKE, chat_with(CHARLIE)] {
        let mut harness = room(open);
        type_text(&mut harness, "/msg ann bobrova  see you");
        enter(&mut harness);
        assert_eq!(sends(&mut harness), [to(ANN, "see you")]);
        assert!(harness.query_by_label("Sent to Ann Bobrova alone").is_some());
        type_text(&mut harness, "/all to you all");
        assert!(harness.query_by_label("Sent to Ann Bobrova alone").is_none());
        enter(&mut harness);
        assert_eq!(sends(&mut harness), [to_all("to you all")]);
        assert_eq!(harness.query_by_label("Sent to Everyone").is_some(), open != EVERYONE);
        assert_eq!(draft(&harness, open), "");
    }
}

#[test]
fn a_command_that_cannot_be_done_stays_and_says_why() {
    let mut harness = room(HIKE);
    for (typed, why) in [
        ("/foo", "There is no /foo. /help lists the commands."),
        ("/msg Zoe hello", "There is nobody called “Zoe”. /who shows who is online."),
        ("/msg Bob", "Write something after the name: /msg Bob text."),
        ("/all", "Write something after it: /all text."),
        ("/who are you", "/who stands alone. To send this as a text, begin it with //."),
    ] {
        type_text(&mut harness, typed);
        key(&mut harness, NONE, Key::Escape);
        if harness.state().window.open().is_none() {
            // There was nothing to close.
            open_room(&mut harness, HIKE);
        }
        enter(&mut harness);
        assert_eq!(sends(&mut harness), [], "{typed}");
        assert!(harness.query_by_label(why).is_some(), "{typed}");
        assert_eq!(draft(&harness, HIKE), typed);
        type_text(&mut harness, "!");
        assert!(harness.query_by_label(why).is_none(), "what is wrong was about another text");
        while !draft(&harness, HIKE).is_empty() {
            key(&mut harness, CTRL, Key::Backspace);
        }
    }
}

#[test]
fn texts_with_slashes_are_sent() {
    let mut harness = room(EVERYONE);
    for (typed, text) in [
        ("/usr/bin/env", "/usr/bin/env"),
        ("/ is a slash", "/ is a slash"),
        ("//who", "/who"),
        ("// a comment", "// a comment"),
        ("see /who", "see /who"),
    ] {
        type_text(&mut harness, typed);
        enter(&mut harness);
        assert_eq!(sends(&mut harness), [to_all(text)], "{typed}");
    }
}

#[test]
fn commands_are_offered_while_they_are_typed() {
    let mut harness = room(chat_with(BOB));
    type_text(&mut harness, "/");
    assert_eq!(offered(&harness).len(), 4);
    type_text(&mut harness, "m");
    assert_eq!(offered(&harness), ["/msg Name text: send a message to one person alone"]);
    enter(&mut harness);
    assert_eq!(draft(&harness, chat_with(BOB)), "/msg ");
    type_text(&mut harness, "do");
    assert_eq!(offered(&harness), ["Dora Maar, away"]);
    enter(&mut harness);
    assert_eq!(draft(&harness, chat_with(BOB)), "/msg Dora Maar ");
    type_text(&mut harness, "hi");
    enter(&mut harness);
    assert_eq!(sends(&mut harness), [to(DORA, "hi")]);
}

#[test]
fn who_shows_those_who_are_there_to_nobody_else() {
    let mut harness = room(chat_with(BOB));
    type_text(&mut harness, "/who");
    enter(&mut harness);
    assert_eq!(sends(&mut harness), []);
    assert_eq!(draft(&harness, chat_with(BOB)), "");
    assert!(harness.query_by_label("3 others are online").is_some());
    for (name, count) in [("Ann Bobrova, online", 1), ("Dora Maar, away", 1), ("Emil, offline", 0)] {
        let in_card = |rect: egui::Rect| rect.left() > 320.0;
        let found = harness.query_all_by_label(name).filter(|node| in_card(node.rect())).count();
        assert_eq!(found, count, "{name}");
    }
    // It follows the model.
    harness.state_mut().model.people.get_mut(&DORA).unwrap().status = Status::Offline;
    harness.run();
    assert!(harness.query_by_label("2 others are online").is_some());
    key(&mut harness, NONE, Key::Escape);
    assert!(harness.query_by_label("2 others are online").is_none());
    assert_eq!(harness.state().window.open(), Some(chat_with(BOB)), "only the card is closed");

    type_text(&mut harness, "/who");
    enter(&mut harness);
    harness.get_by_label("Close").click();
    harness.run();
    assert!(harness.query_by_label("2 others are online").is_none());
    type_text(&mut harness, "/who");
    enter(&mut harness);
    type_text(&mut harness, "hello");
    enter(&mut harness);
    assert!(harness.query_by_label("2 others are online").is_none(), "one has gone on");
    assert_eq!(sends(&mut harness), [to(BOB, "hello")]);
}

#[test]
fn a_crowd_that_is_there_is_counted() {
    let mut model = rooms();
    for n in 0..300 {
        let person = Person {
            username: format!("person {n:03}"),
            status: Status::Online,
            last_seen: None,
            joined: Default::default(),
        };
        model.people.insert(UserId(1000 + n), person);
    }
    let mut harness = in_room(model, EVERYONE);
    type_text(&mut harness, "/who");
    enter(&mut harness);
    assert!(harness.query_by_label("303 others are online").is_some());
    let card = harness.get_by_label("303 others are online").rect();
    assert!(card.top() > 60.0, "it fits: {card:?}");
}

#[test]
fn help_lists_the_commands_and_how_to_send_a_slash() {
    let mut harness = room(HIKE);
    type_text(&mut harness, "/help");
    enter(&mut harness);
    for line in [
        "/msg Name text: send a message to one person alone",
        "/all text: send a message to Everyone",
        "/who: show who is online",
        "/help: show this list",
        "//text: send a text that begins with a slash",
    ] {
        assert!(harness.query_by_label(line).is_some(), "{line}");
    }
    open_room(&mut harness, EVERYONE);
    assert!(harness.query_by_label("/who: show who is online").is_none(), "it was asked for elsewhere");
}

#[test]
fn writing_a_command_is_not_writing_to_the_chat() {
    let typing = |harness: &mut Harness<'_, State>| {
        let commands = harness.state_mut().take();
        commands.iter().filter(|command| matches!(command, Command::Typing { .. })).count()
    };
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "/msg Bob");
    type_text(&mut harness, " psst");
    assert_eq!(typing(&mut harness), 0);
    while !draft(&harness, EVERYONE).is_empty() {
        key(&mut harness, CTRL, Key::Backspace);
    }
    harness.state_mut().take();
    type_text(&mut harness, "hello");
    assert_eq!(typing(&mut harness), 1);
}

#[test]
fn what_was_begun_in_one_chat_is_not_offered_in_another() {
    let mut harness = room(EVERYONE);
    type_text(&mut harness, "@b");
    assert_eq!(offered(&harness).len(), 2);
    open_room(&mut harness, chat_with(BOB));
    assert_eq!(offered(&harness), [""; 0]);
    enter(&mut harness);
    assert_eq!(sends(&mut harness), []);
    open_room(&mut harness, EVERYONE);
    assert_eq!(draft(&harness, EVERYONE), "@b");
}

#[test]
fn no_size_does_harm() {
    for size in [[60.0, 60.0], [360.0, 480.0], [641.0, 200.0], [1600.0, 300.0]] {
        for text in ["@", "/", "/help\n", "/who\n", "/foo\n", "@Bob hi"] {
            let mut model = rooms();
            add(&mut model, EVERYONE, BOB, 1, NOW, "something was said");
            let mut harness = sized(model, size);
            open_room(&mut harness, EVERYONE);
            harness.input_mut().events.extend(strokes(text));
            harness.run();
        }
    }
}
