//! A device: the real model and outbox, and around them what the client library does, driven by bytes.

use std::collections::BTreeMap;

use parlor::client::Followup;
use parlor::client::command::GroupWish;
use parlor::client::model::{Job, Link, Model};
use parlor::client::outbox::{Destination, What};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Code, Event};
use parlor::proto::frame::{self, Decoded};
use parlor::proto::ids::{DeviceId, Seq, UserId};
use parlor::proto::limits::FRAME_MAX_BYTES;
use parlor::proto::outgoing::{ClientIdText, Outgoing};

use super::{Bug, Sim};

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its person is not there.
    Out,
    /// It tries again at that tick.
    Waiting(u64),
    /// It is on its way to the server.
    Connecting,
    /// It has asked to be let in.
    LoggingIn,
    /// It is in.
    In,
}

pub struct Device {
    pub at: usize,
    /// Who sits there.
    pub user: UserId,
    pub model: Model,
    pub stage: Stage,
    /// Whether its person wants to be there.
    pub wanted: bool,
    pub link: Option<u64>,
    /// It takes nothing before that tick.
    pub asleep: u64,
    incoming: Vec<u8>,
    marks: Marks,
    wish: Option<(u64, GroupWish)>,
}

/// The markers on the connection that is up now.
#[derive(Debug, Default)]
struct Marks {
    read: BTreeMap<ChatKey, (u64, Seq)>,
    sent: u64,
    delivering: bool,
    delivered: Seq,
}

impl Device {
    pub fn new(at: usize, user: UserId, sim: &mut Sim) -> Self {
        let model = Model::new(DeviceId::from_random(sim.random.next()));
        let (incoming, marks) = (Vec::new(), Marks::default());
        Self { at, user, model, stage: Stage::Out, wanted: true, link: None, asleep: 0, incoming, marks, wish: None }
    }

    /// Nothing is left of what it knew; another person may sit down at it.
    pub fn forget(&mut self, sim: &mut Sim, user: UserId) {
        self.leave(sim);
        *self = Self { wanted: self.wanted, ..Self::new(self.at, user, sim) };
    }

    /// Gives its connection up.
    pub fn leave(&mut self, sim: &mut Sim) {
        if let Some(link) = self.link.take() {
            sim.net.leave(link, sim.tick, &sim.weather, &mut sim.random);
        }
        self.stage = Stage::Out;
        self.incoming.clear();
        self.model.unlinked(Link::Connecting);
    }

    fn lost(&mut self, sim: &mut Sim) {
        self.leave(sim);
        self.stage = Stage::Waiting(sim.tick + sim.random.between(0, 6));
    }

    pub fn say(&mut self, sim: &mut Sim, frames: &[u8]) {
        if let Some(link) = self.link.filter(|_| self.stage != Stage::Connecting) {
            sim.net.say(link, frames, sim.tick, &sim.weather, &mut sim.random);
        }
    }

    /// Says something if it is in; nothing is kept for later but what is in the outbox.
    pub fn ask(&mut self, sim: &mut Sim, request: &Outgoing<'_>) {
        if self.stage == Stage::In {
            self.say(sim, &frame::frame_of(request));
        }
    }

    /// Lives for a tick.
    pub fn live(&mut self, sim: &mut Sim) {
        if self.asleep > sim.tick {
            return;
        }
        match self.stage {
            _ if !self.wanted => {
                if self.stage != Stage::Out {
                    self.leave(sim);
                }
                return;
            }
            Stage::Out => self.connect(sim),
            Stage::Waiting(at) if at <= sim.tick => self.connect(sim),
            Stage::Waiting(_) => return,
            Stage::Connecting => self.log_in(sim),
            Stage::LoggingIn | Stage::In => {}
        }
        let Some(link) = self.link.and_then(|link| sim.net.links.get_mut(&link)) else { return };
        self.incoming.extend(link.down.take(sim.tick));
        let ended = link.down.end(sim.tick).is_some();
        loop {
            match frame::decode(&self.incoming, FRAME_MAX_BYTES) {
                Ok(Decoded::Frame { json, end }) => {
                    let whole: Vec<_> = self.incoming.drain(..end).collect();
                    self.take_in(sim, &whole[json]);
                    if self.link.is_none() {
                        return;
                    }
                }
                Ok(Decoded::Incomplete { .. }) => break,
                Err(error) => return sim.check.fail(format!("device {} cannot read frames: {error}", self.at)),
            }
        }
        if ended {
            return self.lost(sim);
        }
        self.mark_arrived(sim);
    }

    fn connect(&mut self, sim: &mut Sim) {
        if !sim.accounts.contains_key(&self.user) {
            return;
        }
        let link = sim.net.connect(sim.tick, &sim.weather, &mut sim.random);
        sim.check.connects(link, self.model.outbox.device().as_str());
        (self.link, self.stage) = (Some(link), Stage::Connecting);
    }

    fn log_in(&mut self, sim: &mut Sim) {
        match self.link {
            Some(link) if sim.net.is_open(link) => self.stage = Stage::LoggingIn,
            Some(link) if sim.net.is_known(link) => return,
            _ => return self.lost(sim),
        }
        let name = sim.accounts.get(&self.user).map(ToString::to_string).unwrap_or_default();
        let (log, after) = self.model.cursor().map(|(log, after)| (log.to_owned(), after)).unzip();
        let further = u64::from(sim.bug == Some(Bug::CursorTooFar));
        let login = frame::frame_of(&Outgoing::Login {
            username: &name,
            password: &format!("password {}", self.user.0),
            log: log.as_deref(),
            after: after.map(|after| Seq(after.0 + further)),
        });
        sim.note(format_args!("device {} logs in as {name} after {after:?}", self.at));
        self.say(sim, &login);
    }

    fn take_in(&mut self, sim: &mut Sim, json: &[u8]) {
        let event = match Event::parse(json) {
            Ok(event) => event,
            Err(error) => return sim.check.fail(format!("device {} cannot read an event: {error}", self.at)),
        };
        match &event {
            Event::Login(Ok(_)) => self.stage = Stage::In,
            Event::Login(Err(problem)) => {
                sim.note(format_args!("device {} is refused: {:?}", self.at, problem.code));
                // Only a name or password that is not right any more ends in starting anew.
                let forgets = problem.code == Code::WrongCredentials;
                self.lost(sim);
                if forgets {
                    self.forget(sim, self.user);
                }
                return;
            }
            _ => {}
        }
        sim.check.arrives(self.user, &event);
        let followup = self.model.apply(event, sim.now());
        self.follow_up(sim, followup);
    }

    fn follow_up(&mut self, sim: &mut Sim, followup: Followup) {
        match followup {
            Followup::None => {}
            Followup::LoggedIn => {
                self.marks = Marks::default();
                let mut frames = Vec::new();
                for entry in self.model.outbox.pending() {
                    entry.encode(self.model.outbox.device(), &mut frames);
                }
                self.say(sim, &frames);
                let awaited = |n| self.model.job.as_ref().is_some_and(|job| job.n == n && job.outcome.is_none());
                if let Some((n, wish)) = self.wish.take().filter(|(n, _)| awaited(*n)) {
                    self.ask_group(sim, n, wish);
                }
            }
            Followup::MarkAgain(chats) => chats.into_iter().for_each(|chat| self.tell_read(sim, chat)),
            Followup::Marked(Some(id)) => {
                let answered = self.marks.read.iter().find(|(_, (sent_as, _))| *sent_as == id);
                let Some((&chat, &(_, sent))) = answered else { return };
                self.marks.read.remove(&chat);
                if self.model.chat(chat).is_some_and(|chat| sent < chat.read) {
                    self.tell_read(sim, chat);
                }
            }
            Followup::Marked(None) => self.marks.delivering = false,
            Followup::Leave => {
                sim.note(format_args!("device {} has lost its account", self.at));
                self.forget(sim, self.user);
            }
        }
    }

    /// A message is written. It goes out now if it can.
    pub fn write(&mut self, sim: &mut Sim, to: Destination, text: &str) {
        self.put(sim, to, What::default(), text);
    }

    /// A message is written, changed or taken back. It goes out now if it can.
    pub fn put(&mut self, sim: &mut Sim, to: Destination, what: What, text: &str) {
        if self.model.me.is_none() {
            return;
        }
        let mut frames = Vec::new();
        let device = self.model.outbox.device().clone();
        self.model.put(to, what, text.into(), sim.now()).encode(&device, &mut frames);
        if self.stage == Stage::In {
            self.say(sim, &frames);
        }
        if sim.bug == Some(Bug::ReceiptOnSend) {
            let next = self.model.cursor().map_or(Seq(1), |(_, seq)| seq.next());
            self.ask(sim, &Outgoing::MarkDelivered { seq: next });
        }
    }

    /// A refused message goes out again.
    pub fn retry(&mut self, sim: &mut Sim, n: u64) {
        let mut frames = Vec::new();
        let device = self.model.outbox.device().clone();
        if let Some(entry) = self.model.outbox.retry(n) {
            entry.encode(&device, &mut frames);
        }
        if self.stage == Stage::In {
            self.say(sim, &frames);
        }
    }

    /// A group is to be made or changed.
    pub fn wish(&mut self, sim: &mut Sim, wish: GroupWish) {
        if self.model.me.is_some() {
            let n = self.model.outbox.next_n();
            self.model.job = Some(Job { n, outcome: None });
            self.ask_group(sim, n, wish);
        }
    }

    fn ask_group(&mut self, sim: &mut Sim, id: u64, wish: GroupWish) {
        let device = self.model.outbox.device().clone();
        let client_id = &ClientIdText { device: &device, n: id };
        self.ask(sim, &wish.request(id, client_id));
        self.wish = Some((id, wish));
    }

    /// Everything up to there has been seen.
    pub fn read(&mut self, sim: &mut Sim, chat: ChatKey, upto: Seq) {
        if self.model.mark_read(chat, upto) {
            self.tell_read(sim, chat);
        }
    }

    fn tell_read(&mut self, sim: &mut Sim, chat: ChatKey) {
        let Some(seq) = self.model.chat(chat).map(|chat| chat.read) else { return };
        if self.stage == Stage::In && !self.marks.read.contains_key(&chat) {
            self.marks.sent += 1;
            let id = self.marks.sent;
            self.marks.read.insert(chat, (id, seq));
            self.ask(sim, &Outgoing::MarkRead { id, chat, seq });
        }
    }

    fn mark_arrived(&mut self, sim: &mut Sim) {
        let seq = self.model.arrived;
        let online = self.stage == Stage::In && self.model.link == Link::Online;
        if online && !self.marks.delivering && seq > self.marks.delivered {
            self.marks.delivering = true;
            self.marks.delivered = seq;
            self.ask(sim, &Outgoing::MarkDelivered { seq });
        }
    }

    /// Whether it is where its person wants it, with nothing left to say.
    pub fn is_at_rest(&self, sim: &Sim) -> bool {
        if !self.wanted || !sim.accounts.contains_key(&self.user) {
            return self.link.is_none();
        }
        let waits =
            self.model.outbox.pending().next().is_some() || self.marks.delivering || !self.marks.read.is_empty();
        let sound = self.link.is_some_and(|link| sim.net.is_sound(link));
        sound && self.stage == Stage::In && self.model.link == Link::Online && !waits
    }
}
