//! A conversation of five accounts, each at two devices, that touches everything there is: at its end the server, a
//! replay of its log and every client say the same, field by field, also when the server is killed and started again at
//! twenty random points of it.
//!
//! `SEED=7 cargo test --test conversation` plays the kills of a run again.

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use parlor::client::command::{Command, GroupWish};
use parlor::client::model::{Link, Model, Phase};
use parlor::core::directory::Directory;
use parlor::core::state::State;
use parlor::proto::chat::{ChatKey, GroupId, Past};
use parlor::proto::event::Status;
use parlor::proto::ids::{Seq, UserId, UserName};
use parlor::proto::record::Record;
use serde_json::json;
use support::agree::agrees;
use support::user::User;
use support::{DEADLINE, Server};

const NAMES: [&str; 5] = ["Alice", "Bob", "Charlie", "Dora", "Emil"];
const KILLS: usize = 20;
/// How many things the conversation asks for, at least: the points lie among them.
const ASKED_AT_LEAST: u64 = 60;

/// The two devices of each account.
const ALICE: [usize; 2] = [0, 1];
const BOB: [usize; 2] = [2, 3];
const CHARLIE: [usize; 2] = [4, 5];
const DORA: [usize; 2] = [6, 7];
const EMIL: [usize; 2] = [8, 9];

fn id(device: [usize; 2]) -> UserId {
    UserId(u32::try_from(device[0] / 2 + 1).unwrap())
}

fn person(device: [usize; 2]) -> ChatKey {
    ChatKey::Person(id(device))
}

/// Everybody, the server, and when it is to die.
struct Room {
    dir: tempfile::TempDir,
    address: SocketAddr,
    server: Option<Server>,
    users: Vec<Option<User>>,
    random: u64,
    /// How many things were asked for.
    asked: u64,
    /// After which of them the server is to die.
    points: BTreeSet<u64>,
    /// How often everybody is polled before it does; none if it lives on for now.
    fuse: Option<u64>,
    kills: usize,
}

impl Room {
    fn new(kills: usize, seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let users: Vec<_> = NAMES
            .iter()
            .zip(1..)
            .map(|(name, id)| json!({"id": id, "username": name, "password": format!("pw of {name}")}))
            .collect();
        std::fs::write(dir.path().join("users.json"), json!({"next_id": 6, "users": users}).to_string()).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Some(Server::start_on(dir.path(), &free.to_string()));
        let mut room = Self {
            dir,
            address: free,
            server,
            users: Vec::new(),
            random: seed | 1,
            asked: 0,
            points: BTreeSet::new(),
            fuse: None,
            kills: 0,
        };
        let part = ASKED_AT_LEAST / KILLS as u64;
        for at in 0..kills as u64 {
            let point = at * part + room.random() % part;
            room.points.insert(point);
        }
        for at in 0..10 {
            room.users.push(None);
            room.come(at);
        }
        room
    }

    /// A small generator is enough to choose moments.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 8
    }

    fn come(&mut self, at: usize) {
        let name = NAMES[at / 2];
        // A sign-in that meets no server fails; its person tries again.
        while !self.users[at].as_ref().is_some_and(|_| self.online(at)) {
            let user = User::sign_in(&self.address.to_string(), name, &format!("pw of {name}"));
            self.users[at] = Some(user);
            self.until("a login", |room| room.online(at) || matches!(room.model(at).phase, Phase::SignedOut { .. }));
        }
    }

    fn go(&mut self, device: [usize; 2]) {
        for at in device {
            self.users[at] = None;
        }
    }

    fn model(&self, at: usize) -> &Model {
        self.users[at].as_ref().expect("the device is there").client.model()
    }

    fn online(&self, at: usize) -> bool {
        let model = self.model(at);
        model.link == Link::Online && model.phase == Phase::SignedIn
    }

    fn ask(&mut self, at: usize, command: Command) {
        if self.points.remove(&self.asked) {
            if self.fuse.is_some() {
                self.kill();
            }
            self.fuse = Some(self.random() % 4);
        }
        self.asked += 1;
        self.users[at].as_mut().expect("the device is there").client.perform(command);
    }

    fn kill(&mut self) {
        // Killed, not asked.
        self.server = None;
        self.server = Some(Server::start_on(self.dir.path(), &self.address.to_string()));
        self.kills += 1;
        self.fuse = None;
    }

    /// Lets everybody live until something holds.
    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        loop {
            for user in self.users.iter_mut().flatten() {
                user.client.poll();
                if matches!(user.client.model().link, Link::Waiting { .. }) {
                    user.client.perform(Command::RetryNow);
                }
            }
            if holds(self) {
                return;
            }
            match self.fuse {
                Some(0) => self.kill(),
                Some(left) => self.fuse = Some(left - 1),
                None => {}
            }
            assert!(start.elapsed() < DEADLINE, "waited in vain for {what}, after {} kills", self.kills);
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
    }

    /// Sends a text and waits until it is stored.
    fn say(&mut self, at: usize, chat: ChatKey, text: &str) {
        self.ask(at, Command::say(chat, text));
        self.until(text, |room| room.model(at).outbox.entries().next().is_none());
    }

    fn has(&self, at: usize, chat: ChatKey, text: &str) -> bool {
        let chat = self.model(at).chat(chat);
        chat.is_some_and(|chat| chat.messages.iter().any(|message| &*message.text == text))
    }

    /// The place of a message of a chat, once it is there.
    fn place(&mut self, at: usize, chat: ChatKey, text: &str) -> Seq {
        self.until(text, |room| room.has(at, chat, text));
        let mut messages = self.model(at).chats[&chat].messages.iter();
        messages.find(|message| &*message.text == text).expect("it is there").seq
    }

    /// Gives a message another text, or takes it back without one, and waits until that is stored.
    fn revise(&mut self, at: usize, chat: ChatKey, old: &str, new: Option<&str>) {
        let seq = self.place(at, chat, old);
        self.ask(
            at,
            match new {
                Some(text) => Command::Edit { chat, seq, text: text.into() },
                None => Command::Delete { chat, seq },
            },
        );
        self.until(old, |room| room.model(at).outbox.entries().next().is_none());
    }

    /// Answers a message and waits until that is stored.
    fn answer(&mut self, at: usize, chat: ChatKey, to: &str, text: &str) {
        let reply_to = Some(self.place(at, chat, to));
        self.ask(at, Command::Send { chat, text: text.into(), reply_to, attachments: Vec::new() });
        self.until(text, |room| room.model(at).outbox.entries().next().is_none());
    }

    fn everybody_has(&mut self, devices: &[usize], chat: impl Fn(usize) -> ChatKey, text: &str) {
        for &at in devices {
            let chat = chat(at);
            self.until(&format!("{text:?} at device {at}"), |room| room.has(at, chat, text));
        }
    }

    /// Asks something about a group and waits for the answer.
    fn group(&mut self, at: usize, wish: GroupWish) -> Option<GroupId> {
        self.ask(at, Command::Group(wish));
        self.until("an answer about a group", |room| {
            room.model(at).job.as_ref().is_some_and(|job| job.outcome.is_some())
        });
        let outcome = self.model(at).job.as_ref().unwrap().outcome.clone().unwrap();
        outcome.unwrap_or_else(|problem| panic!("{}", problem.message)).group
    }

    /// Changes a setting and waits until the device shows it, over lost connections, too.
    fn set(&mut self, at: usize, command: Command, holds: impl Fn(&Model) -> bool) {
        self.ask(at, command);
        self.until("a setting", |room| holds(room.model(at)));
    }

    /// Sees everything in a chat.
    fn read(&mut self, at: usize, chat: ChatKey) {
        let upto = self.model(at).chat(chat).and_then(|chat| chat.last.as_ref()).map_or(Seq(0), |last| last.seq);
        self.ask(at, Command::MarkRead { chat, upto });
        self.until("nothing unread", |room| room.model(at).chat(chat).is_none_or(|chat| chat.unread == 0));
    }

    /// Loads a chat back to its beginning.
    fn load(&mut self, at: usize, chat: ChatKey) {
        self.until("a whole chat", |room| {
            room.online(at) && room.model(at).chat(chat).is_none_or(|chat| chat.complete || !chat.loading)
        });
        while self.model(at).chat(chat).is_some_and(|chat| !chat.complete) {
            self.ask(at, Command::LoadOlder { chat });
            self.until("a page", |room| room.model(at).chat(chat).is_none_or(|chat| !chat.loading));
        }
    }

    fn users_json(&self, change: impl FnOnce(&mut Vec<serde_json::Value>)) {
        let path: PathBuf = self.dir.path().join("users.json");
        let mut file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(file["users"].as_array_mut().unwrap());
        let new = self.dir.path().join("users.json.new");
        std::fs::write(&new, file.to_string()).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    /// The records of the log, and the accounts.
    fn log(&self) -> (Vec<Bytes>, Directory) {
        let text = std::fs::read_to_string(self.dir.path().join("history.json")).unwrap();
        let lines = text.lines().skip(2).map(|line| line.trim_matches([' ', ',']));
        let log = lines.take_while(|line| line.starts_with('{')).map(|line| Bytes::from(line.to_owned())).collect();
        let file: serde_json::Value =
            serde_json::from_slice(&std::fs::read(self.dir.path().join("users.json")).unwrap()).unwrap();
        let people = file["users"].as_array().unwrap().iter().map(|user| {
            let id = u32::try_from(user["id"].as_u64().unwrap()).unwrap();
            (UserId(id), UserName::new(user["username"].as_str().unwrap()).unwrap())
        });
        (log, Directory::new(people.collect::<Vec<_>>()))
    }

    /// Waits until every client says what the log says. A client that is new says what the server has in memory.
    fn all_agree(&mut self) {
        let verdict = |room: &Self| {
            let (log, directory) = room.log();
            let mut state = State::default();
            for json in &log {
                state.apply(&Record::parse(json).unwrap());
            }
            let there = room.users.iter().enumerate().filter_map(|(at, user)| Some((at, user.as_ref()?)));
            for (at, user) in there {
                agrees(user.client.model(), &state, &directory, &log).map_err(|why| format!("device {at}: {why}"))?;
            }
            Ok::<(), String>(())
        };
        let start = Instant::now();
        loop {
            match verdict(self) {
                Ok(()) => return,
                Err(why) => assert!(start.elapsed() < DEADLINE, "{why}"),
            }
            self.until("a moment", |_| true);
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    }
}

fn converse(room: &mut Room) {
    // Between two: a question, an answer, read on one device and so on all.
    room.say(ALICE[0], person(BOB), "Are we on for Saturday?");
    room.everybody_has(&BOB, |_| person(ALICE), "Are we on for Saturday?");
    room.read(BOB[1], person(ALICE));
    room.say(BOB[1], person(ALICE), "Yes, 8 at the station");
    room.everybody_has(&ALICE, |_| person(BOB), "Yes, 8 at the station");
    room.read(ALICE[1], person(BOB));
    room.until("read on the other device", |room| room.model(ALICE[0]).chats[&person(BOB)].unread == 0);

    // Everyone, with a mention in a muted room.
    room.set(CHARLIE[0], Command::Mute { chat: ChatKey::Everyone, muted: true }, |model| {
        model.chats.get(&ChatKey::Everyone).is_some_and(|chat| chat.muted)
    });
    room.say(DORA[0], ChatKey::Everyone, "Good morning, @charlie and all");
    let all: Vec<_> = (0..10).collect();
    room.everybody_has(&all, |_| ChatKey::Everyone, "Good morning, @charlie and all");
    room.until("the mention counts", |room| room.model(CHARLIE[1]).chats[&ChatKey::Everyone].attention() == 1);
    room.say(EMIL[1], ChatKey::Everyone, "Morning!");
    room.until("the mute holds", |room| {
        room.has(CHARLIE[0], ChatKey::Everyone, "Morning!")
            && room.model(CHARLIE[0]).chats[&ChatKey::Everyone].attention() == 1
    });
    room.read(BOB[0], ChatKey::Everyone);
    room.read(CHARLIE[1], ChatKey::Everyone);

    // A group whose newcomers see what follows, and one whose newcomers see all.
    let hike = room.group(
        ALICE[0],
        GroupWish::Create { name: "Weekend hike".into(), members: vec![id(BOB), id(CHARLIE)], history: Past::Joined },
    );
    let hike = hike.expect("a new group has a number");
    let hiking = ChatKey::Group(hike);
    room.say(ALICE[1], hiking, "Who brings the map, @Bob?");
    room.everybody_has(&[ALICE[0], BOB[0], BOB[1], CHARLIE[0]], |_| hiking, "Who brings the map, @Bob?");
    room.say(BOB[0], hiking, "I do");
    room.group(ALICE[0], GroupWish::Rename(hike, "Sunday hike".into()));
    room.group(ALICE[0], GroupWish::Add(hike, vec![id(DORA)]));
    room.until("Dora is in", |room| room.model(DORA[1]).groups.contains_key(&hike));
    room.say(DORA[1], hiking, "What did I miss?");
    room.everybody_has(&[BOB[1], CHARLIE[1], DORA[0]], |_| hiking, "What did I miss?");
    room.read(BOB[1], hiking);
    room.read(DORA[0], hiking);

    let book =
        room.group(BOB[0], GroupWish::Create { name: "Book club".into(), members: vec![id(EMIL)], history: Past::All });
    let book = book.expect("a new group has a number");
    room.say(EMIL[0], ChatKey::Group(book), "Chapter one is slow");
    room.group(BOB[1], GroupWish::Add(book, vec![id(CHARLIE)]));
    room.until("Charlie is in", |room| room.model(CHARLIE[0]).groups.contains_key(&book));
    room.load(CHARLIE[0], ChatKey::Group(book));
    assert!(room.has(CHARLIE[0], ChatKey::Group(book), "Chapter one is slow"), "newcomers see all");

    // One removed, one handed over, one left by its owner, one alone, one deleted.
    room.group(ALICE[1], GroupWish::Remove(hike, id(CHARLIE)));
    room.until("Charlie is out", |room| CHARLIE.iter().all(|at| !room.model(*at).groups.contains_key(&hike)));
    room.say(BOB[0], hiking, "He would not carry anything");
    room.group(ALICE[0], GroupWish::HandOver(hike, id(BOB)));
    room.group(BOB[0], GroupWish::Leave(hike));
    room.until("Alice inherits", |room| room.model(DORA[0]).groups[&hike].owner == id(ALICE));
    room.group(ALICE[0], GroupWish::Add(hike, vec![id(CHARLIE)]));
    room.until("Charlie is back", |room| room.model(CHARLIE[1]).groups.contains_key(&hike));
    room.load(CHARLIE[1], hiking);
    assert!(!room.has(CHARLIE[1], hiking, "He would not carry anything"), "what was said without him is not his");
    let notes = room.group(DORA[0], GroupWish::Create { name: "Notes".into(), members: vec![], history: Past::All });
    room.say(DORA[1], ChatKey::Group(notes.unwrap()), "a group nobody else is in");
    let gone =
        room.group(EMIL[0], GroupWish::Create { name: "Notes".into(), members: vec![id(DORA)], history: Past::All });
    room.group(EMIL[1], GroupWish::Delete(gone.unwrap()));
    room.until("it is gone", |room| !room.model(DORA[1]).groups.contains_key(&gone.unwrap()));

    // To several at once, each in their own chat.
    room.ask(CHARLIE[0], Command::SendToMany { people: vec![id(ALICE), id(EMIL)], text: "Dinner at seven".into() });
    room.everybody_has(&[ALICE[0], ALICE[1], EMIL[0]], |_| person(CHARLIE), "Dinner at seven");
    room.until("its answer", |room| room.model(CHARLIE[0]).outbox.entries().next().is_none());

    // Answered, changed and taken back, on either device; of a message to several each part by itself.
    room.answer(ALICE[1], person(BOB), "Yes, 8 at the station", "Nine is better");
    room.everybody_has(&BOB, |_| person(ALICE), "Nine is better");
    room.read(BOB[0], person(ALICE));
    room.revise(BOB[0], person(ALICE), "Yes, 8 at the station", Some("Yes, 8:30 at the station"));
    room.revise(BOB[1], person(ALICE), "Yes, 8:30 at the station", Some("Yes, 9 at the station"));
    room.everybody_has(&ALICE, |_| person(BOB), "Yes, 9 at the station");
    room.revise(CHARLIE[1], person(ALICE), "Dinner at seven", Some("Dinner at eight"));
    room.revise(CHARLIE[0], person(EMIL), "Dinner at seven", None);
    room.everybody_has(&ALICE, |_| person(CHARLIE), "Dinner at eight");
    room.revise(EMIL[0], ChatKey::Everyone, "Morning!", Some("Morning, @dora!"));
    room.answer(DORA[1], ChatKey::Everyone, "Morning, @dora!", "To you, too");
    room.revise(EMIL[1], ChatKey::Everyone, "Morning, @dora!", None);
    room.revise(ALICE[0], hiking, "Who brings the map, @Bob?", Some("Who brings the map?"));
    room.everybody_has(&DORA, |_| ChatKey::Everyone, "To you, too");

    // Somebody who lets nobody know what they read.
    room.set(DORA[0], Command::SetReadReceipts(false), |model| !model.read_receipts);
    room.until("both devices know", |room| !room.model(DORA[1]).read_receipts);
    room.say(EMIL[0], person(DORA), "Did you see this?");
    room.everybody_has(&DORA, |_| person(EMIL), "Did you see this?");
    room.read(DORA[1], person(EMIL));
    room.set(DORA[1], Command::SetReadReceipts(true), |model| model.read_receipts);

    // Away for a while: everything is there at the next login, once and in order.
    room.go(BOB);
    room.until("Bob left", |room| room.model(ALICE[0]).people[&id(BOB)].status == Status::Offline);
    assert!(room.model(ALICE[0]).people[&id(BOB)].last_seen.is_some());
    for n in 0..30 {
        let chat = if n % 3 == 0 { ChatKey::Everyone } else { person(BOB) };
        room.say(ALICE[n % 2], chat, &format!("while you were away {n}"));
    }
    room.revise(ALICE[0], person(BOB), "Nine is better", Some("Ten is better"));
    room.revise(ALICE[1], person(BOB), "while you were away 2", None);
    room.revise(ALICE[1], person(BOB), "while you were away 29", Some("while you were away at last"));
    for at in BOB {
        room.come(at);
    }
    room.until("the counts are right", |room| BOB.iter().all(|at| room.model(*at).chats[&person(ALICE)].unread == 20));
    room.load(BOB[0], person(ALICE));
    room.read(BOB[0], person(ALICE));
    room.until("the counts follow", |room| room.model(BOB[1]).chats[&person(ALICE)].unread == 0);

    // One account gets another name, one is removed, and a new one takes the old name.
    room.users_json(|users| users[4]["username"] = json!("Emilia"));
    room.until("the new name", |room| room.model(BOB[0]).name(id(EMIL)) == "Emilia");
    room.say(EMIL[0], ChatKey::Everyone, "It is me");
    room.go(DORA);
    room.users_json(|users| {
        users.retain(|user| user["username"] != "Dora");
        users.push(json!({"id": 6, "username": "Dora", "password": "another"}));
    });
    for at in (0..10).filter(|at| !DORA.contains(at)) {
        let what = format!("device {at} knows that Dora is gone");
        room.until(&what, |room| room.model(at).name(id(DORA)) == "Dora (former member)");
    }
    room.until("and another one has her name", |room| room.model(ALICE[0]).name(UserId(6)) == "Dora");
    room.until("her group goes on", |room| !room.model(ALICE[0]).groups[&hike].members.contains(&id(DORA)));
    room.say(ALICE[0], hiking, "Who is left?");
}

fn ends_in_agreement(kills: usize, seed: u64) {
    let mut room = Room::new(kills, seed);
    converse(&mut room);
    assert!(room.asked >= ASKED_AT_LEAST && room.points.is_empty(), "{} things were asked for", room.asked);
    room.until("the last kill", |room| room.fuse.is_none());
    assert_eq!(room.kills, kills);
    // A device of each that has seen everything, one that has not, and one that begins.
    for at in (0..10).step_by(2).filter(|at| !DORA.contains(at)) {
        for chat in room.model(at).chats.keys().copied().collect::<Vec<_>>() {
            room.load(at, chat);
        }
    }
    room.users.push(None);
    room.users[10] = Some(User::sign_in(&room.address.to_string(), "Alice", "pw of Alice"));
    room.all_agree();
}

#[test]
fn everybody_knows_what_the_log_says() {
    ends_in_agreement(0, 0);
}

#[test]
fn also_when_the_server_is_killed_at_twenty_points_of_it() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(parlor::clock::random_u64);
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("SEED={seed}\n"));
    ends_in_agreement(KILLS, seed);
}
