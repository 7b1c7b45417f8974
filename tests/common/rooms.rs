//! Rooms for tests: the room of everyone, a group, and what is said and done in them.

use std::sync::Arc;

use egui_kittest::Harness;
use parlor::client::model::{Group, Last, Message, Model, Notice, Person};
use parlor::proto::chat::{Change, ChatKey, GroupId, GroupName, Past};
use parlor::proto::event::Status;
use parlor::proto::ids::{Millis, Seq, UserId};

use super::*;

pub const HIKE: ChatKey = ChatKey::Group(GroupId(9));
pub const DORA: UserId = UserId(4);
pub const EMIL: UserId = UserId(5);
pub const ANN: UserId = UserId(6);

/// Alice's model with three more people, and the group "Weekend hike" of all of them but Ann.
pub fn rooms() -> Model {
    let mut model = model();
    let seen = Some(NOW.plus(-2 * HOUR));
    for (id, name, status, last_seen) in [
        (DORA, "Dora Maar", Status::Away, None),
        (EMIL, "Emil", Status::Offline, seen),
        (ANN, "Ann Bobrova", Status::Online, None),
    ] {
        model.people.insert(id, Person { username: name.into(), status, last_seen, joined: Default::default() });
    }
    model.people.get_mut(&CHARLIE).unwrap().last_seen = seen;
    let members = vec![ALICE, BOB, CHARLIE, DORA, EMIL];
    model.groups.insert(
        GroupId(9),
        Group {
            name: "Weekend hike".into(),
            owner: ALICE,
            joined: members.iter().map(|id: &UserId| (*id, Default::default())).collect(),
            members,
            history: Past::All,
        },
    );
    for key in [HIKE, ChatKey::Everyone] {
        model.chats.entry(key).or_default().complete = true;
    }
    model
}

/// Adds something to a chat that has been seen.
pub fn add(model: &mut Model, key: ChatKey, from: UserId, seq: u64, at: Millis, text: &str) {
    let seq = Seq(seq);
    let chat = model.chats.entry(key).or_default();
    chat.messages.push_back(Message { seq, at, from, text: text.into(), ..Default::default() });
    chat.last = Some(Last { seq, at, from, preview: Arc::from(text), ..Default::default() });
    chat.read = seq;
}

/// Adds a message that calls this person by name and has not been seen.
pub fn call(model: &mut Model, key: ChatKey, from: UserId, seq: u64, at: Millis, text: &str) {
    let read = model.chats.get(&key).map(|chat| chat.read).unwrap_or_default();
    add(model, key, from, seq, at, text);
    let chat = model.chats.get_mut(&key).unwrap();
    (chat.read, chat.unread, chat.mentions) = (read, chat.unread + 1, chat.mentions + 1);
    chat.messages.back_mut().unwrap().mentions_me = true;
}

/// Adds something that happened to a group.
pub fn happen(model: &mut Model, key: ChatKey, by: UserId, seq: u64, at: Millis, change: Change) {
    add(model, key, by, seq, at, "");
    let chat = model.chats.get_mut(&key).unwrap();
    let change = Some(Arc::new(change));
    chat.messages.back_mut().unwrap().change.clone_from(&change);
    chat.last.as_mut().unwrap().change = change;
}

pub fn renamed(name: &str) -> Change {
    Change::Renamed { name: GroupName::new(name).unwrap() }
}

/// Somebody came or went in the room of everyone, and is told of from then on.
pub fn notice(model: &mut Model, user: UserId, online: bool, at: Millis) {
    let notices = &mut model.chats.entry(ChatKey::Everyone).or_default().notices;
    notices.push_back(Notice { user, online, at, shown_from: at });
}

pub fn open_room(harness: &mut Harness<'_, State>, key: ChatKey) {
    let state = harness.state_mut();
    state.window.open_chat(key, &state.model);
    harness.run();
}

/// A window with a room open.
pub fn in_room(model: Model, key: ChatKey) -> Harness<'static, State> {
    let mut harness = window(model);
    open_room(&mut harness, key);
    harness
}

pub fn draft(harness: &Harness<'_, State>, key: ChatKey) -> String {
    harness.state().window.draft(key).to_owned()
}

/// What was sent, and where to, since the last look.
pub fn sends(harness: &mut Harness<'_, State>) -> Vec<(ChatKey, String)> {
    let sent = |command| match command {
        Command::Send { chat, text, .. } => Some((chat, text)),
        _ => None,
    };
    harness.state_mut().take().into_iter().filter_map(sent).collect()
}

/// So many minutes after 14:00.
pub fn later(minutes: i64) -> Millis {
    NOW.plus(-HOUR + minutes * MINUTE)
}

/// Lets the pointer rest somewhere until what it has to say is seen.
pub fn hovered(harness: &mut Harness<'_, State>, at: egui::Pos2) {
    harness.hover_at(at);
    harness.run_steps(60);
}
