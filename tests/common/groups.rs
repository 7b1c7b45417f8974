//! Fixtures with groups: Alice among many people, and what is done with a window that shows them.

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use parlor::client::model::{Group, Job, Last, Message, Model, Person};
use parlor::proto::chat::{Change, ChatKey, GroupId, GroupName, Past};
use parlor::proto::event::{Code, GroupReply, Outcome, Problem, Status};
use parlor::proto::ids::{Seq, UserId};

use super::{ALICE, BOB, CHARLIE, NOW, State, at, chat_with, model};

pub const HIKE: GroupId = GroupId(40);
pub const KITCHEN: GroupId = GroupId(41);

pub fn person(model: &mut Model, id: u32, name: &str, status: Status, last_seen: Option<&str>) {
    let last_seen = last_seen.map(at);
    model.people.insert(UserId(id), Person { username: name.into(), status, last_seen, joined: Default::default() });
}

pub fn group(model: &mut Model, id: GroupId, name: &str, owner: UserId, members: &[u32]) {
    let members: Vec<_> = members.iter().copied().map(UserId).collect();
    let joined = members.iter().map(|id| (*id, Seq(0))).collect();
    model.groups.insert(id, Group { name: name.into(), owner, members, history: Past::Joined, joined });
    model.chats.entry(ChatKey::Group(id)).or_default().complete = true;
}

pub fn talk(model: &mut Model, key: ChatKey, from: UserId, seq: u64, when: &str, text: &str) {
    let (seq, at) = (Seq(seq), at(when));
    let chat = model.chats.entry(key).or_default();
    chat.messages.push_back(Message { seq, at, from, text: text.into(), ..Default::default() });
    chat.last = Some(Last { seq, at, from, preview: text.into(), ..Default::default() });
}

/// Alice among many, in two groups of which one is hers.
pub fn crowd() -> Model {
    let mut model = model();
    person(&mut model, 3, "Charlie", Status::Offline, Some("2026-11-20T13:00:00Z"));
    person(&mut model, 4, "Dora Weiss", Status::Away, None);
    person(&mut model, 5, "Emil Novák", Status::Offline, Some("2026-11-19T21:40:00Z"));
    person(&mut model, 6, "Priya Raman", Status::Online, None);
    person(&mut model, 7, "Mateo Silva", Status::Offline, None);
    group(&mut model, HIKE, "Weekend hike", ALICE, &[1, 2, 3, 4, 6]);
    group(&mut model, KITCHEN, "Kitchen", BOB, &[2, 1, 5]);
    talk(&mut model, ChatKey::Everyone, UserId(6), 50, "2026-11-20T11:30:00Z", "Lunch is here!");
    talk(&mut model, ChatKey::Group(HIKE), BOB, 51, "2026-11-20T14:52:00Z", "The 7:32 or the 8:02?");
    talk(&mut model, chat_with(BOB), BOB, 49, "2026-11-20T09:12:00Z", "Perfect, see you there");
    talk(&mut model, chat_with(UserId(6)), ALICE, 48, "2026-11-19T18:00:00Z", "I'll ask her tomorrow");
    let chat = model.chats.get_mut(&ChatKey::Everyone).unwrap();
    (chat.unread, chat.mentions, chat.muted) = (12, 1, true);
    let chat = model.chats.get_mut(&ChatKey::Group(HIKE)).unwrap();
    (chat.unread, chat.mentions) = (3, 1);
    let chat = model.chats.get_mut(&ChatKey::Group(KITCHEN)).unwrap();
    let change = Change::Renamed { name: GroupName::new("Kitchen").unwrap() };
    chat.last = Some(Last {
        seq: Seq(47),
        at: at("2026-11-19T08:00:00Z"),
        from: BOB,
        preview: "".into(),
        change: Some(change.into()),
        ..Last::default()
    });
    model.chats.entry(chat_with(CHARLIE)).or_default().typing.insert(CHARLIE, NOW.plus(3_000));
    model
}

pub fn open_chat(harness: &mut Harness<'_, State>, key: ChatKey) {
    let state = harness.state_mut();
    state.window.open_chat(key, &state.model);
    let _ = harness.run_ok();
}

/// The outcome of a message to several people.
pub fn sent_to(id: u32, status: Status, last_seen: Option<&str>, error: Option<&str>) -> Outcome {
    let error = error.map(|words| Problem::new(Code::UnknownUser, words));
    let (to, last_seen) = (Some(UserId(id)), last_seen.map(at));
    Outcome { to, result: error.is_none(), status: Some(status), last_seen, error }
}

pub fn click(harness: &mut Harness<'_, State>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
}

/// Ticks somebody in the list of people to choose from.
pub fn pick(harness: &mut Harness<'_, State>, label: &str) {
    harness.get_by_role_and_label(Role::CheckBox, label).click();
    harness.run();
}

/// Something is asked of the server, under that number; the answer comes with it, or later.
pub fn answer(harness: &mut Harness<'_, State>, n: u64, outcome: Option<Result<Option<GroupId>, &str>>) {
    let reply = |group| GroupReply { group, duplicate: false };
    let outcome = outcome.map(|outcome| outcome.map(reply).map_err(|words| Problem::new(Code::Busy, words)));
    harness.state_mut().model.job = Some(Job { n, outcome });
    harness.run();
}
