//! A server and its clients in one thread: the real engine and the real models, over a log, connections and a clock
//! that the test plays.

mod step;

use std::collections::VecDeque;

use bytes::Bytes;
use parlor::client::model::Model;
use parlor::client::outbox::{Destination, What};
use parlor::core::directory::Directory;
use parlor::core::engine::{Effect, Engine, Input, Purpose};
use parlor::core::session::{Origin, SessionId};
use parlor::core::state::State;
use parlor::proto::chat::{ChatId, ChatKey, GroupId, Past};
use parlor::proto::event::{Code, Event, Problem};
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId, UserName};
use parlor::proto::record::{Record, json_of_frame};
use parlor::proto::request::{
    Call, ChatRef, FetchHistory, GroupCall, GroupEdit, Login, MarkRead, Peer, Proof, Request,
};

pub use self::step::{Step, step};

const ACCOUNTS: u32 = 4;
const DEVICES: usize = 8;

/// A window without a window.
pub struct Device {
    pub user: UserId,
    pub model: Model,
    pub session: Option<SessionId>,
    choked: bool,
    /// It was reported that something for it was dropped.
    dropped: bool,
    /// The server waits to hear that its queue is empty.
    watched: bool,
}

pub struct World {
    pub engine: Engine,
    pub directory: Vec<(UserId, UserName)>,
    pub log: Vec<Bytes>,
    /// Given out and not settled.
    out: Vec<Bytes>,
    /// Being read.
    fetches: VecDeque<(SessionId, Purpose, Vec<Seq>)>,
    pub devices: Vec<Device>,
    sessions: u64,
    now: Millis,
    /// A marker may have been refused: it is told again with the next login.
    failed: bool,
}

fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

fn pick<T: Copy>(from: &[T], by: u8) -> Option<T> {
    from.get(usize::from(by) % from.len().max(1)).copied()
}

impl World {
    pub fn new() -> Self {
        let directory: Vec<_> = (1..=ACCOUNTS).map(|id| (UserId(id), name(&format!("user{id}")))).collect();
        let device = |at: usize| Device {
            user: UserId(u32::try_from(at / 2).unwrap() + 1),
            model: Model::new(DeviceId::from_random(at as u64)),
            session: None,
            choked: false,
            dropped: false,
            watched: false,
        };
        let mut world = Self {
            engine: Engine::new(State::default(), Directory::new(directory.clone()), "log", "test"),
            directory,
            log: Vec::new(),
            out: Vec::new(),
            fetches: VecDeque::new(),
            devices: (0..DEVICES).map(device).collect(),
            sessions: 0,
            now: Millis(5_000),
            failed: false,
        };
        world.input(Input::Started);
        for at in 0..DEVICES {
            world.come(at);
        }
        world
    }

    fn come(&mut self, at: usize) {
        let device = &mut self.devices[at];
        if device.session.is_some() || !self.directory.iter().any(|(id, _)| *id == device.user) {
            return;
        }
        self.sessions += 1;
        let session = SessionId(self.sessions);
        (device.session, device.choked, device.dropped, device.watched) = (Some(session), false, false, false);
        let (log, after) = device.model.cursor().map(|(log, after)| (log.to_owned(), after)).unzip();
        let proof = Proof::Password { username: String::new(), password: String::new().into(), keep: None };
        let login = Login { proof, log, after };
        self.input(Input::Opened(session, Origin::here()));
        self.ask(at, None, Call::Login(login));
    }

    fn go(&mut self, at: usize) {
        if let Some(session) = self.devices[at].session.take() {
            self.input(Input::Closed(session));
        }
    }

    fn ask(&mut self, at: usize, id: Option<u64>, call: Call) {
        if let Some(session) = self.devices[at].session {
            self.input(Input::Request(session, Request { id, call }));
        }
    }

    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.engine.handle(input, self.now);
            for effect in self.engine.take_effects() {
                self.carry_out(effect, &mut inputs);
            }
        }
        if let Some((first, records)) = self.engine.take_batch() {
            assert_eq!(first.0, (self.log.len() + self.out.len()) as u64 + 1, "places have no gap");
            self.out.extend(records);
        }
    }

    fn device(&mut self, session: SessionId) -> Option<usize> {
        self.devices.iter().position(|device| device.session == Some(session))
    }

    fn carry_out(&mut self, effect: Effect, inputs: &mut VecDeque<Input>) {
        match effect {
            Effect::Verify(session, ticket, ..) => {
                let user = self.device(session).map(|at| self.devices[at].user);
                inputs.push_back(Input::Verified(session, ticket, user));
            }
            Effect::Send(session, frame) => {
                if let Some(at) = self.device(session) {
                    let state = self.engine.state().clone();
                    self.receive(at, &frame, &state, inputs);
                }
            }
            Effect::Push(session, frame, cursor) => {
                let Some(at) = self.device(session) else { return };
                match (self.devices[at].choked, self.devices[at].dropped) {
                    (false, _) => {
                        // What comes live was decided at its place in the log; who is being removed sees that they are.
                        let upto = record_seq(&frame).map_or(self.log.len(), |seq| seq.0 as usize);
                        let is_change = matches!(Event::parse(json_of_frame(&frame)), Ok(Event::Group(_)));
                        let joins = replayed(&self.log[..upto]);
                        let at_place = if is_change { replayed(&self.log[..upto - 1]) } else { joins.clone() };
                        let user = self.devices[at].user;
                        let group = change_of(&frame).map(ChatId::Group);
                        let state = if group.is_some_and(|id| joins.is_in(user, id)) { joins } else { at_place };
                        self.receive(at, &frame, &state, inputs);
                    }
                    (true, false) => {
                        self.devices[at].dropped = true;
                        inputs.push_back(Input::Overflowed(session, cursor));
                    }
                    (true, true) => {}
                }
            }
            Effect::WatchDrained(session) => {
                if let Some(at) = self.device(session) {
                    (self.devices[at].watched, self.devices[at].dropped) = (true, false);
                }
            }
            Effect::Fetch(session, purpose, seqs) => self.fetches.push_back((session, purpose, seqs)),
            Effect::Close(session) => {
                if let Some(at) = self.device(session) {
                    self.devices[at].session = None;
                }
                inputs.push_back(Input::Closed(session));
            }
            Effect::Admit(..) | Effect::Account(..) => {}
            // Nobody stays signed in there.
            _ => {}
        }
    }

    /// A device takes a frame in. It must be one that its account may see at this moment.
    fn receive(&mut self, at: usize, frame: &Bytes, state: &State, inputs: &mut VecDeque<Input>) {
        let (user, session) = (self.devices[at].user, self.devices[at].session);
        let event = Event::parse(json_of_frame(frame)).unwrap();
        match &event {
            Event::Message(message) => {
                assert!(state.may_see(user, message.chat(), message.seq), "{user:?} is shown {message:?}");
                assert!(message.seq.0 as usize <= self.log.len(), "it is on disk before it is shown");
            }
            Event::Group(change) => {
                assert!(state.may_see(user, ChatId::Group(change.group), change.seq), "{user:?} is shown {change:?}");
            }
            Event::History(_, Ok(page)) => {
                for record in &page.records {
                    let chat = page.chat.id_for(user);
                    assert!(state.may_see(user, chat, record.seq()), "{user:?} reads {record:?}");
                }
            }
            _ => {}
        }
        let refused = matches!(event, Event::Login(Err(_)));
        let followup = self.devices[at].model.apply(event, self.now);
        let Some(session) = session else { return };
        if refused {
            self.devices[at].session = None;
            return inputs.push_back(Input::Closed(session));
        }
        let mut later = |call, id| inputs.push_back(Input::Request(session, Request { id, call }));
        match followup {
            parlor::client::Followup::LoggedIn => {
                let model = &self.devices[at].model;
                for entry in model.outbox.pending() {
                    later(send(model, entry), Some(entry.n));
                }
            }
            parlor::client::Followup::MarkAgain(chats) => {
                for chat in chats {
                    let seq = self.devices[at].model.chat(chat).unwrap().read;
                    later(Call::MarkRead(MarkRead { chat: chat_ref(chat), seq }), None);
                }
            }
            _ => {}
        }
    }

    fn settle(&mut self, durable: bool) {
        let last = Seq((self.log.len() + self.out.len()) as u64);
        let out = std::mem::take(&mut self.out);
        if durable {
            self.log.extend(out);
            self.input(Input::Durable(last));
        } else if !out.is_empty() {
            self.failed = true;
            self.input(Input::AppendFailed(last, Problem::new(Code::StorageFull, "full")));
        }
    }

    /// The oldest page has been read; at most three records of it fit.
    fn fetched(&mut self) -> bool {
        let Some((session, purpose, seqs)) = self.fetches.pop_front() else { return false };
        let fit = match purpose {
            Purpose::History { .. } => &seqs[seqs.len().saturating_sub(3)..],
            Purpose::CatchUp => &seqs[..seqs.len().min(3)],
        };
        let records = fit.iter().map(|seq| self.log[seq.0 as usize - 1].clone()).collect();
        self.input(Input::Fetched(session, purpose, Some(records)));
        true
    }

    fn drained(&mut self, at: usize) -> bool {
        let device = &mut self.devices[at];
        device.choked = false;
        let watched = std::mem::take(&mut device.watched);
        if let Some(session) = device.session.filter(|_| watched) {
            self.input(Input::Drained(session));
        }
        watched
    }

    fn restart(&mut self) {
        self.out.clear();
        self.fetches.clear();
        self.devices.iter_mut().for_each(|device| device.session = None);
        let state = replayed(&self.log);
        self.engine = Engine::new(state, Directory::new(self.directory.clone()), "log", "test");
        self.input(Input::Started);
    }

    /// The chats that a device could name, existing or not.
    fn chat(&self, at: usize, by: u8) -> ChatKey {
        let mut chats = vec![ChatKey::Everyone, ChatKey::Everyone];
        chats.extend((1..=ACCOUNTS).map(|id| ChatKey::Person(UserId(id))));
        // Groups twice, so that they are not rare; and some that the device is not in.
        let groups: Vec<_> = self.devices[at].model.groups.keys().map(|id| ChatKey::Group(*id)).collect();
        chats.extend(groups.iter().chain(&groups).chain(&groups));
        chats.push(ChatKey::Group(GroupId(u64::from(by % 60))));
        pick(&chats, by).unwrap()
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::Send(at, chat, calls) => {
                let text = format!("m{}{}", self.log.len(), if calls { " @user2 and @USER3" } else { "" });
                self.write(at, Destination::Chat(self.chat(at, chat)), text);
            }
            Step::SendToMany(at, mask) => {
                let people = (1..=ACCOUNTS).filter(|id| mask & (1 << (id - 1)) != 0).map(UserId).collect();
                self.write(at, Destination::People(people), "to many".into());
            }
            Step::Create(at, mask, all) => {
                let members = (1..=ACCOUNTS).filter(|id| mask & (1 << id) != 0).map(|id| Peer::Id(UserId(id)));
                let history = if all { Past::All } else { Past::Joined };
                let call = GroupCall::Create { name: format!("g{mask}"), members: members.collect(), history };
                self.group(at, call);
            }
            Step::Edit(at, group, op, who) => {
                let groups: Vec<_> = self.devices[at].model.groups.keys().copied().collect();
                let group = pick(&groups, group).unwrap_or(GroupId(u64::from(group)));
                let who = Peer::Id(UserId(u32::from(who) % ACCOUNTS + 1));
                let edit = match op {
                    0 => GroupEdit::Rename("renamed".into()),
                    1 => GroupEdit::Add(vec![who]),
                    2 => GroupEdit::Remove(who),
                    3 => GroupEdit::HandOver(who),
                    4 => GroupEdit::Leave,
                    _ => GroupEdit::Delete,
                };
                self.group(at, GroupCall::Change(group, edit));
            }
            Step::Revise(at, chat, back, op) => {
                let chat = self.chat(at, chat);
                let model = &self.devices[at].model;
                let messages = model.chat(chat).into_iter().flat_map(|chat| &chat.messages);
                let messages: Vec<_> = messages.filter(|it| op == 0 || model.is_me(it.from)).map(|it| it.seq).collect();
                let Some(seq) = pick(&messages, back) else { return };
                let what = match op {
                    0 => What::Say { reply_to: Some(seq), enclosure: None },
                    1 => What::Delete(seq),
                    _ => What::Edit(seq),
                };
                let text = if op == 1 { String::new() } else { format!("e{} @user1", self.log.len()) };
                self.put(at, Destination::Chat(chat), what, text);
            }
            Step::Read(at, chat, back) => {
                let chat = self.chat(at, chat);
                let model = &mut self.devices[at].model;
                let messages = model.chat(chat).map(|chat| &chat.messages);
                let seen = messages.and_then(|all| all.iter().rev().nth(usize::from(back))).map(|it| it.seq);
                if let Some(seq) = seen.filter(|seq| model.mark_read(chat, *seq)) {
                    self.ask(at, None, Call::MarkRead(MarkRead { chat: chat_ref(chat), seq }));
                }
            }
            Step::Delivered(at) => {
                let upto = self.devices[at].model.cursor().map_or(Seq(0), |(_, seq)| seq);
                self.ask(at, None, Call::MarkDelivered(upto));
            }
            Step::Load(at, chat) => {
                let chat = self.chat(at, chat);
                // What is loaded already may be asked for again: it changes nothing, and meets more of what can happen.
                if self.devices[at].model.chat(chat).is_some() {
                    let (id, before) = self.devices[at].model.start_loading(chat).unzip();
                    let fetch = FetchHistory {
                        chat: chat_ref(chat),
                        before: before.flatten(),
                        limit: Some(5),
                        attachments: false,
                    };
                    self.ask(at, id, Call::FetchHistory(fetch));
                }
            }
            Step::Receipts(at, on) => self.ask(at, None, Call::SetReadReceipts(on)),
            Step::Mute(at, chat, muted) => {
                let chat = self.chat(at, chat);
                if self.devices[at].model.chat(chat).is_some_and(|chat| chat.last.is_some()) {
                    self.ask(at, None, Call::MuteChat(chat_ref(chat), muted));
                }
            }
            Step::Come(at) => self.come(at),
            Step::Go(at) => self.go(at),
            Step::Choke(at) => self.devices[at].choked = self.devices[at].session.is_some(),
            Step::Fetched => _ = self.fetched(),
            Step::Drained(at) => _ = self.drained(at),
            Step::Sync => self.settle(true),
            Step::Fail => self.settle(false),
            Step::Restart => self.restart(),
            Step::Account(what) => self.account(what),
            Step::Clock(now) => self.now = Millis(now),
        }
    }

    fn write(&mut self, at: usize, to: Destination, text: String) {
        self.put(at, to, What::default(), text);
    }

    fn put(&mut self, at: usize, to: Destination, what: What, text: String) {
        let model = &mut self.devices[at].model;
        if model.me.is_none() {
            return;
        }
        let entry = model.put(to, what, text.into(), self.now).clone();
        let call = send(&self.devices[at].model, &entry);
        self.ask(at, Some(entry.n), call);
    }

    fn group(&mut self, at: usize, call: GroupCall) {
        let device = self.devices[at].model.outbox.device().clone();
        let n = self.devices[at].model.outbox.next_n();
        let client_id = parlor::proto::ids::ClientId { device, n };
        self.ask(at, Some(n), Call::Group(call, Some(client_id)));
    }

    fn account(&mut self, what: u8) {
        let last = UserId(ACCOUNTS);
        let there = self.directory.iter().position(|(id, _)| *id == last);
        match (what % 3, there) {
            (0, Some(at)) => self.directory[at].1 = name(&format!("user{what}x")),
            (1, Some(at)) => _ = self.directory.remove(at),
            (_, None) => self.directory.push((last, name("user4"))),
            _ => {}
        }
        self.input(Input::Directory(Directory::new(self.directory.clone())));
    }

    /// Everything is written, everybody is there and has what they were sent.
    pub fn rest(&mut self) {
        if self.failed {
            (0..DEVICES).for_each(|at| self.go(at));
        }
        (0..DEVICES).for_each(|at| self.come(at));
        for _ in 0..10_000 {
            let mut busy = !self.out.is_empty();
            self.settle(true);
            busy |= self.fetched();
            (0..DEVICES).for_each(|at| busy |= self.drained(at));
            if !busy && self.engine.is_settled() {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}

fn record_seq(frame: &Bytes) -> Option<Seq> {
    Record::parse(json_of_frame(frame)).ok().map(|record| record.seq())
}

/// The group that a frame tells a change of.
fn change_of(frame: &Bytes) -> Option<GroupId> {
    match Event::parse(json_of_frame(frame)) {
        Ok(Event::Group(change)) => Some(change.group),
        _ => None,
    }
}

/// The fold of a log.
pub fn replayed(log: &[Bytes]) -> State {
    let mut state = State::default();
    for json in log {
        state.apply(&Record::parse(json).unwrap());
    }
    state
}

fn chat_ref(key: ChatKey) -> ChatRef {
    match key {
        ChatKey::Everyone => ChatRef::Everyone,
        ChatKey::Group(group) => ChatRef::Group(group),
        ChatKey::Person(id) => ChatRef::Person(Peer::Id(id)),
    }
}

fn send(model: &Model, entry: &parlor::client::outbox::Outgoing) -> Call {
    let mut frame = Vec::new();
    entry.encode(model.outbox.device(), &mut frame);
    Request::parse(json_of_frame(&frame)).expect("what our client writes can be read").call
}
