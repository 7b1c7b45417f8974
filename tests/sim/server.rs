//! The server: the real engine over the real log file, with what the driver, its connections and the log's thread do
//! between them. It can be killed between any two effects, and within every operation of the disk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parlor::core::directory::Directory;
use parlor::core::engine::{Effect, Engine, Input, Purpose, Ticket};
use parlor::core::session::{Origin, SessionId};
use parlor::core::state::State;
use parlor::log::file::{FileLog, OpenError};
use parlor::log::{AppendError, Log, LogReader};
use parlor::proto::chat::{ChatId, GroupId};
use parlor::proto::event::{Code, Event, Problem, Refusal};
use parlor::proto::frame::{self, Decoded};
use parlor::proto::ids::{Seq, UserId};
use parlor::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};
use parlor::proto::record::{Record, json_of_frame};
use parlor::proto::request::{Call, Request};
use secrecy::ExposeSecret as _;

use super::net::End;
use super::{Bug, Sim};

/// The process is no more.
#[derive(Debug)]
pub struct Died;

/// How the records of a failed append are refused.
fn problem(error: &AppendError) -> Problem {
    match error {
        AppendError::Full(_) => Problem::new(Code::StorageFull, "full"),
        AppendError::Failed(_) => Problem::new(Code::StorageFailed, "failed"),
    }
}

/// A connection, as the server has it.
#[derive(Default)]
struct Connection {
    link: u64,
    user: Option<UserId>,
    incoming: Vec<u8>,
    outbox: Vec<u8>,
    overflowed: bool,
    watched: bool,
    closing: bool,
    admitted: bool,
    heard_out: bool,
    /// Its task has ended.
    ended: bool,
    /// A watched queue became empty between two rounds.
    drained: bool,
}

impl Connection {
    fn flush(&mut self, sim: &mut Sim) -> bool {
        let taken = sim.net.tell(self.link, &self.outbox, sim.tick, &sim.weather, &mut sim.random);
        self.outbox.drain(..taken);
        self.outbox.is_empty() && std::mem::take(&mut self.watched)
    }

    fn put(&mut self, frame: &[u8]) {
        if !self.closing && !self.ended {
            self.outbox.extend_from_slice(frame);
        }
    }
}

pub struct Server {
    pub engine: Engine,
    /// Taken out when the server ends in peace.
    log: Option<FileLog>,
    reader: Arc<dyn LogReader>,
    connections: BTreeMap<SessionId, Connection>,
    next_session: u64,
    inputs: VecDeque<Input>,
    submitted: VecDeque<(Seq, Vec<Bytes>)>,
    committed: VecDeque<(u64, Input)>,
    fetches: Vec<(SessionId, Purpose, Vec<Seq>)>,
    verifies: Vec<(SessionId, Ticket, Option<UserId>)>,
    own: VecDeque<Input>,
    dirty: Vec<SessionId>,
    /// Who was ever shown what is said in a group; for a bug.
    shown: BTreeMap<GroupId, BTreeSet<UserId>>,
    /// The log takes nothing until a restart.
    pub failed: bool,
}

/// Forgets which sends are stored.
fn without_number(record: &Record<'_>) -> Record<'static> {
    let mut buffer = Vec::new();
    record.encode(&mut buffer);
    let mut json: serde_json::Map<_, _> = serde_json::from_slice(json_of_frame(&buffer)).unwrap();
    json.remove("client_id");
    json.remove("crc");
    let text = Box::leak(serde_json::to_string(&json).unwrap().into_boxed_str());
    match record {
        Record::Message(_) => Record::Message(serde_json::from_str(text).unwrap()),
        Record::ToMany(_) => Record::ToMany(serde_json::from_str(text).unwrap()),
        Record::Edited(_) => Record::Edited(serde_json::from_str(text).unwrap()),
        Record::Deleted(_) => Record::Deleted(serde_json::from_str(text).unwrap()),
        _ => Record::Group(serde_json::from_str(text).unwrap()),
    }
}

impl Server {
    /// Starts one over the disk as it is. Nothing when it dies in that, or cannot start for now.
    pub fn start(sim: &mut Sim) -> Option<Self> {
        let mut state = State::default();
        let forgets = sim.bug == Some(Bug::DedupForgotten);
        let opened = FileLog::open(sim.disk.mount(), "simulated", |record| {
            match record.send().is_some() && forgets {
                true => state.apply(&without_number(record)),
                false => state.apply(record),
            };
        });
        let (log, report) = match opened {
            Ok(opened) => opened,
            Err(OpenError::Io(error)) => {
                sim.note(format_args!("the server does not start: {error}"));
                return None;
            }
            Err(other) => {
                sim.check.fail(format!("history.json {other}"));
                return None;
            }
        };
        sim.note(format_args!("the server starts with {} records; torn: {:?}", report.records, report.torn));
        sim.check.started(&state, &sim.disk);
        let directory = Directory::new(sim.accounts.clone());
        let mut server = Self {
            engine: Engine::new(state, directory, log.id(), "test"),
            reader: log.reader(),
            log: Some(log),
            connections: BTreeMap::new(),
            next_session: 0,
            inputs: VecDeque::new(),
            submitted: VecDeque::new(),
            committed: VecDeque::new(),
            fetches: Vec::new(),
            verifies: Vec::new(),
            own: VecDeque::new(),
            dirty: Vec::new(),
            shown: BTreeMap::new(),
            failed: false,
        };
        server.round(sim, vec![Input::Started]).ok()?;
        Some(server)
    }

    /// Lives for a tick.
    pub fn live(&mut self, sim: &mut Sim) -> Result<(), Died> {
        for link in sim.net.arriving(sim.tick, true) {
            let session = SessionId(self.next_session);
            self.next_session += 1;
            self.connections.insert(session, Connection { link, ..Connection::default() });
            self.inputs.push_back(Input::Opened(session, Origin::here()));
        }
        let sessions: Vec<_> = self.connections.keys().copied().collect();
        sessions.into_iter().for_each(|session| self.serve(sim, session));
        if sim.random.chance(sim.rates.verify) && !self.verifies.is_empty() {
            let (session, ticket, user) = self.verifies.swap_remove(sim.random.below(self.verifies.len()));
            let input = match sim.random.chance(sim.rates.busy) {
                true => Input::VerifyBusy(session, ticket),
                false => Input::Verified(session, ticket, user),
            };
            self.inputs.push_back(input);
        }
        if sim.random.chance(sim.rates.fetch) && !self.fetches.is_empty() {
            let (session, purpose, seqs) = self.fetches.swap_remove(sim.random.below(self.fetches.len()));
            let records = self.read_page(sim, &purpose, &seqs);
            self.inputs.push_back(Input::Fetched(session, purpose, records));
        }
        if sim.random.chance(sim.rates.commit) {
            self.commit(sim)?;
        }
        for _ in 0..4 {
            if self.committed.front().is_some_and(|(at, _)| *at <= sim.tick) {
                let report = self.committed.pop_front().map(|(_, report)| report);
                self.round(sim, report.into_iter().collect())?;
            } else if !self.inputs.is_empty() && self.engine.waiting_bytes() < sim.rates.waiting_max {
                let most = self.inputs.len().min(1 + sim.random.below(6));
                let round = self.inputs.drain(..most).collect();
                self.round(sim, round)?;
            }
        }
        Ok(())
    }

    /// What a connection's task does.
    fn serve(&mut self, sim: &mut Sim, session: SessionId) {
        let Some(connection) = self.connections.get_mut(&session) else { return };
        if connection.ended {
            return;
        }
        if connection.closing && connection.outbox.is_empty() {
            connection.ended = true;
            sim.net.close(connection.link, sim.tick);
            return self.inputs.push_back(Input::Closed(session));
        }
        if connection.flush(sim) {
            self.inputs.push_back(Input::Drained(session));
        }
        let Some(link) = sim.net.links.get_mut(&connection.link) else { return };
        let mut exits = false;
        if !connection.closing && !connection.heard_out && connection.outbox.len() <= sim.rates.outbox_pause {
            connection.incoming.extend(link.up.take(sim.tick));
            if link.up.end(sim.tick) == Some(End::Closed) {
                (connection.heard_out, exits) = (true, true);
            }
        }
        // One that does not listen any more is gone when all that it said has been heard, or when it is written to.
        let deaf = (connection.heard_out && !exits || !connection.outbox.is_empty())
            && link.down.end(sim.tick) == Some(End::Broken);
        let gone = deaf || link.up.end(sim.tick) == Some(End::Broken);
        let max = if connection.admitted { FRAME_MAX_BYTES } else { FRAME_BEFORE_LOGIN_MAX_BYTES };
        let mut at = 0;
        loop {
            match frame::decode(&connection.incoming[at..], max) {
                Ok(Decoded::Frame { json, end }) => {
                    let input = match Request::parse(&connection.incoming[at..][json]) {
                        Ok(request) => Input::Request(session, request),
                        Err(bad) => {
                            sim.check.fail(format!("a request is not understood: {bad:?}"));
                            Input::Bad(session, bad)
                        }
                    };
                    at += end;
                    self.inputs.push_back(input);
                }
                Ok(Decoded::Incomplete { .. }) => break,
                Err(error) => {
                    sim.check.fail(format!("a frame is not understood: {error}"));
                    let problem = Problem::new(Code::BadFrame, error.to_string());
                    let refusal = Refusal { purpose: "error", id: None, result: false, error: &problem };
                    connection.put(&frame::frame_of(&refusal));
                    connection.closing = true;
                    at = connection.incoming.len();
                }
            }
        }
        connection.incoming.drain(..at);
        if gone {
            connection.ended = true;
            sim.net.close(connection.link, sim.tick);
            self.inputs.push_back(Input::Closed(session));
        } else if exits {
            self.inputs.push_back(Input::Request(session, Request { id: None, call: Call::Exit }));
        }
    }

    /// What the log's thread does: one write and one sync for what has queued up.
    fn commit(&mut self, sim: &mut Sim) -> Result<(), Died> {
        let (Some((first, mut records)), Some(log)) = (self.submitted.pop_front(), &mut self.log) else {
            return Ok(());
        };
        let mut bytes: usize = records.iter().map(Bytes::len).sum();
        while bytes < sim.rates.batch_max
            && let Some((_, more)) = self.submitted.pop_front()
        {
            bytes += more.iter().map(Bytes::len).sum::<usize>();
            records.extend(more);
        }
        let last = Seq(first.0 + records.len() as u64 - 1);
        let result = if first == log.last().next() {
            log.append(&records)
        } else {
            Err(AppendError::Full(std::io::Error::other("the records before these were not stored")))
        };
        if sim.disk.burnt() {
            return Err(Died);
        }
        sim.note(format_args!("records {first} to {last}: {}", if result.is_ok() { "stored" } else { "not stored" }));
        let report = match result {
            Ok(()) => Input::Durable(last),
            Err(error) => {
                sim.refused = true;
                if matches!(error, AppendError::Failed(_)) {
                    self.failed = true;
                    sim.check.storage_failed(log.last());
                }
                Input::AppendFailed(last, problem(&error))
            }
        };
        self.committed.push_back((sim.tick + sim.random.between(0, sim.weather.delay_max), report));
        Ok(())
    }

    fn round(&mut self, sim: &mut Sim, inputs: Vec<Input>) -> Result<(), Died> {
        let now = sim.now();
        for input in inputs {
            if let Input::Closed(session) = input {
                self.connections.remove(&session);
            }
            self.engine.handle(input, now);
        }
        loop {
            sim.check.applied(self.engine.state(), &sim.disk);
            for effect in self.engine.take_effects() {
                if sim.dies_now() {
                    return Err(Died);
                }
                self.carry_out(sim, effect);
            }
            sim.check.round_over(self.engine.state());
            while let Some(session) = self.dirty.pop() {
                if let Some(connection) = self.connections.get_mut(&session) {
                    let drained = connection.flush(sim);
                    if std::mem::take(&mut connection.drained) || drained {
                        self.own.push_back(Input::Drained(session));
                    }
                }
            }
            let Some(input) = self.own.pop_front() else { break };
            self.engine.handle(input, now);
        }
        if let Some(batch) = self.engine.take_batch() {
            self.submitted.push_back(batch);
        }
        Ok(())
    }

    fn carry_out(&mut self, sim: &mut Sim, effect: Effect) {
        match effect {
            Effect::Send(session, frame) => self.with(session, |connection| {
                sim.check.leaves(connection.link, &frame);
                connection.put(&frame);
            }),
            Effect::Push(session, frame, cursor) => {
                if sim.bug == Some(Bug::RemovedKept) {
                    self.keep_showing(sim, session, &frame, cursor);
                }
                self.push(sim, session, &frame, cursor);
            }
            Effect::WatchDrained(session) => self.with(session, |connection| {
                connection.overflowed = false;
                connection.watched = true;
            }),
            Effect::Admit(session, _) => self.with(session, |connection| connection.admitted = true),
            Effect::Close(session) => self.with(session, |connection| connection.closing = true),
            // No device of the simulation asks for that.
            Effect::Account(..)
            | Effect::File(_)
            | Effect::Keep(..)
            | Effect::VerifyToken(..)
            | Effect::ForgetDevice(..)
            | Effect::DeviceCame(_)
            | Effect::DeviceLeft(_) => {}
            Effect::Fetch(session, purpose, seqs) => self.fetches.push((session, purpose, seqs)),
            Effect::Verify(session, ticket, username, password) => {
                let found = sim.accounts.iter().find(|(_, name)| name.folded() == username.to_lowercase());
                let right = found.filter(|(id, _)| password.expose_secret() == format!("password {}", id.0));
                let user = right.map(|(id, _)| *id);
                self.with(session, |connection| connection.user = user);
                self.verifies.push((session, ticket, user));
            }
        }
    }

    fn push(&mut self, sim: &mut Sim, session: SessionId, frame: &Bytes, cursor: Seq) {
        let Some(connection) = self.connections.get_mut(&session) else { return };
        if connection.overflowed {
            return;
        }
        if connection.outbox.len() + frame.len() > sim.rates.outbox_max {
            connection.drained |= connection.flush(sim);
        }
        if connection.outbox.len() + frame.len() > sim.rates.outbox_max {
            connection.overflowed = true;
            sim.note(format_args!("{session:?} overflows at {cursor}"));
            return self.own.push_back(Input::Overflowed(session, cursor));
        }
        sim.check.leaves(connection.link, frame);
        connection.put(frame);
        self.dirty.push(session);
    }

    /// A bug: who was ever in a group goes on hearing of it.
    fn keep_showing(&mut self, sim: &mut Sim, session: SessionId, frame: &Bytes, cursor: Seq) {
        let Ok(Event::Message(message)) = Event::parse(json_of_frame(frame)) else { return };
        let ChatId::Group(group) = message.chat() else { return };
        let users = self.shown.entry(group).or_default();
        users.extend(self.connections.get(&session).and_then(|connection| connection.user));
        let state = self.engine.state();
        let former: Vec<_> = users.iter().copied().filter(|user| !state.is_in(*user, message.chat())).collect();
        let of = |(_, connection): &(&SessionId, &Connection)| {
            connection.admitted && connection.user.is_some_and(|user| former.contains(&user))
        };
        let sessions: Vec<_> = self.connections.iter().filter(of).map(|(session, _)| *session).collect();
        sessions.into_iter().for_each(|former| self.push(sim, former, frame, cursor));
    }

    fn with(&mut self, session: SessionId, act: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.connections.get_mut(&session) {
            act(connection);
            self.dirty.push(session);
        }
    }

    fn read_page(&self, sim: &Sim, purpose: &Purpose, seqs: &[Seq]) -> Option<Vec<Bytes>> {
        let newest_first = matches!(purpose, Purpose::History { .. });
        let mut bytes = 0;
        let mut records = Vec::with_capacity(seqs.len());
        for at in 0..seqs.len() {
            let seq = if newest_first { seqs[seqs.len() - 1 - at] } else { seqs[at] };
            let record = self.reader.read(seq).ok()?;
            bytes += record.len();
            if bytes > sim.rates.page_max && records.len() > 1 {
                break;
            }
            records.push(record);
        }
        if newest_first {
            records.reverse();
        }
        Some(records)
    }

    /// `users.json` has changed.
    pub fn accounts_changed(&mut self, sim: &Sim) {
        self.inputs.push_back(Input::Directory(Directory::new(sim.accounts.clone())));
    }

    /// Ends in peace: what was taken is stored, everybody is told, and the log is closed.
    pub fn stop(mut self, sim: &mut Sim) -> Result<(), Died> {
        for closing in [false, true] {
            if closing {
                self.round(sim, vec![Input::Shutdown])?;
                let sessions: Vec<_> = self.connections.keys().copied().collect();
                for session in sessions {
                    self.round(sim, vec![Input::Closed(session)])?;
                }
            }
            while !self.engine.is_settled() {
                self.commit(sim)?;
                let Some((_, report)) = self.committed.pop_front() else { break };
                self.round(sim, vec![report])?;
            }
        }
        drop(self.log.take());
        if sim.disk.burnt() { Err(Died) } else { Ok(()) }
    }

    /// Whether there is nothing that it is about to do.
    pub fn is_quiet(&self) -> bool {
        self.inputs.is_empty()
            && self.has_stored()
            && self.fetches.is_empty()
            && self.verifies.is_empty()
            && self.connections.values().all(|connection| connection.outbox.is_empty() && !connection.ended)
    }

    /// Whether everything that was taken is stored or refused.
    pub fn has_stored(&self) -> bool {
        self.submitted.is_empty() && self.committed.is_empty() && self.engine.is_settled()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }
}
