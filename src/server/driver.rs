//! The driver: the one task that owns the engine. It feeds it inputs and carries its effects out; it decides nothing.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::accounts::Accounts;
use super::committer::Committer;
use super::connection::{Connection, Pushed, is_piece};
use super::depot::Depot;
use super::door::{Caller, Door, IsHere, turn_away};
use super::hashing::{Hashing, Job};
use super::kept::{Kept, Wanted};
use super::registrar::{Order, Registrar, Task};
use super::throttle::Throttle;
use super::transport::{Terms, WebOrigin};
use crate::clock;
use crate::config::{COMMIT_WAITING_MAX_BYTES, FLUSH_DEADLINE, INPUTS_MAX, PIECES_WAITING_MAX, TURNED_AWAY_MAX};
use crate::core::accounts::Facts;
use crate::core::engine::{Effect, Engine, Input, Purpose};
use crate::core::session::SessionId;
use crate::log::LogReader;
use crate::proto::ids::Seq;
use crate::proto::limits::PAGE_MAX_BYTES;

/// What the driver works with.
pub struct Driver {
    /// The mind.
    pub engine: Engine,
    /// The log's thread.
    pub committer: Committer,
    /// What the log's thread reports.
    pub committed: mpsc::Receiver<Input>,
    /// Reads the log for pages.
    pub reader: Arc<dyn LogReader>,
    /// Whose password is what.
    pub accounts: Arc<RwLock<Accounts>>,
    /// Checks passwords.
    pub hashing: Hashing,
    /// Changes accounts and invites.
    pub registrar: Registrar,
    /// Keeps files.
    pub depot: Depot,
    /// The devices that stay signed in.
    pub kept: Arc<Kept>,
    /// What the server says of itself at the start.
    pub facts: Facts,
    /// How fast each account may ask.
    pub throttle: Throttle,
    /// How many may come in.
    pub door: Door,
    /// How TLS is spoken.
    pub tls: Arc<ServerConfig>,
    /// Other computers may speak plain text.
    pub allow_plaintext: bool,
    /// The pages that may open WebSockets.
    pub origins: Arc<[WebOrigin]>,
    /// Which addresses are this computer.
    pub is_here: IsHere,
    /// New connections.
    pub accepted: mpsc::Receiver<(TcpStream, SocketAddr)>,
    /// What connections and helpers report.
    pub inputs: mpsc::Receiver<Input>,
    /// For those who report.
    pub report: mpsc::Sender<Input>,
    /// Comes when the server is to end.
    pub stop: oneshot::Receiver<()>,
}

struct Running {
    engine: Engine,
    committer: Committer,
    reader: Arc<dyn LogReader>,
    accounts: Arc<RwLock<Accounts>>,
    hashing: Hashing,
    registrar: Registrar,
    depot: Depot,
    kept: Arc<Kept>,
    throttle: Throttle,
    door: Door,
    tls: Arc<ServerConfig>,
    allow_plaintext: bool,
    origins: Arc<[WebOrigin]>,
    is_here: IsHere,
    /// Room for those who are told that there is none.
    turning_away: Arc<Semaphore>,
    /// Room for pieces of files among what waits for the engine.
    pieces: Arc<Semaphore>,
    report: mpsc::Sender<Input>,
    connections: HashMap<SessionId, Arc<Connection>>,
    next_session: u64,
    /// Sessions with something new in their queue.
    dirty: Vec<SessionId>,
    /// Inputs that the driver itself has for the engine.
    own: VecDeque<Input>,
}

impl Driver {
    /// Runs until told to stop; then everything that was taken is stored, and everybody is told.
    pub async fn run(self) {
        let Self {
            engine,
            committer,
            mut committed,
            reader,
            accounts,
            hashing,
            registrar,
            depot,
            kept,
            facts,
            throttle,
            door,
            tls,
            allow_plaintext,
            origins,
            is_here,
            mut accepted,
            mut inputs,
            report,
            mut stop,
        } = self;
        let mut running = Running {
            engine,
            committer,
            reader,
            accounts,
            hashing,
            registrar,
            depot,
            kept,
            throttle,
            door,
            tls,
            allow_plaintext,
            origins,
            is_here,
            turning_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            pieces: Arc::new(Semaphore::new(PIECES_WAITING_MAX)),
            report,
            connections: HashMap::new(),
            next_session: 0,
            dirty: Vec::new(),
            own: VecDeque::new(),
        };
        running.round([Input::Facts(facts), Input::Started]);
        let mut round = Vec::with_capacity(INPUTS_MAX);
        loop {
            let room = running.engine.waiting_bytes() < COMMIT_WAITING_MAX_BYTES;
            tokio::select! {
                biased;
                _ = &mut stop => break,
                Some(input) = committed.recv() => round.push(input),
                Some((stream, peer)) = accepted.recv() => running.open(stream, peer),
                _ = inputs.recv_many(&mut round, INPUTS_MAX), if room => {}
            }
            running.round(round.drain(..));
        }
        drop(accepted);
        while !running.engine.is_settled() {
            let Some(input) = committed.recv().await else { break };
            running.round([input]);
        }
        #[expect(clippy::iter_over_hash_type, reason = "they are told side by side")]
        for connection in running.connections.values() {
            connection.going_away();
        }
        running.round([Input::Shutdown]);
        #[expect(clippy::iter_over_hash_type, reason = "they end side by side")]
        for connection in running.connections.values() {
            connection.close();
        }
        let deadline = Instant::now() + FLUSH_DEADLINE;
        while running.engine.sessions() > 0
            && let Ok(Some(input)) = timeout_at(deadline, inputs.recv()).await
        {
            if let Input::Closed(session) = input {
                running.round([Input::Closed(session)]);
            }
        }
        // When they were last seen is the last thing to be stored.
        while !running.engine.is_settled()
            && let Ok(Some(input)) = timeout_at(deadline, committed.recv()).await
        {
            running.round([input]);
        }
        // Whoever is still changing an account has nobody to report to, and is waited for.
        drop(inputs);
        drop(running);
    }
}

impl Running {
    fn open(&mut self, stream: TcpStream, peer: SocketAddr) {
        let caller = Caller::new(peer, self.is_here);
        let (tls, origins) = (Arc::clone(&self.tls), Arc::clone(&self.origins));
        let terms = Terms { tls, plain: caller.here || self.allow_plaintext, origins };
        if !self.door.enter(caller) {
            tracing::debug!("a connection for which there is no room");
            if let (true, Ok(place)) = (terms.plain, Arc::clone(&self.turning_away).try_acquire_owned()) {
                tokio::spawn(async move {
                    turn_away(stream).await;
                    drop(place);
                });
            }
            return;
        }
        let session = SessionId(self.next_session);
        self.next_session += 1;
        tracing::debug!(session = session.0, "a connection came");
        let connection =
            Arc::new(Connection::new(stream, caller, terms, self.throttle.of_stranger(), Arc::clone(&self.pieces)));
        self.connections.insert(session, Arc::clone(&connection));
        let report = self.report.clone();
        tokio::spawn(async move { connection.run(session, report).await });
    }

    /// Takes a round of inputs in, hands out what is to be stored, and writes to each socket once.
    fn round(&mut self, inputs: impl IntoIterator<Item = Input>) {
        let now = clock::now();
        for input in inputs {
            self.note(&input);
            self.engine.handle(input, now);
        }
        loop {
            for effect in self.engine.take_effects() {
                self.carry_out(effect);
            }
            while let Some(session) = self.dirty.pop() {
                if let Some(connection) = self.connections.get(&session)
                    && connection.flush()
                {
                    self.own.push_back(Input::Drained(session));
                }
            }
            let Some(input) = self.own.pop_front() else { break };
            self.engine.handle(input, now);
        }
        if let Some((first, records)) = self.engine.take_batch() {
            self.committer.submit(first, records);
        }
    }

    /// Lets go of what has ended, and logs what an operator may look for. No name of a login that failed: it may be a
    /// password in the wrong field.
    fn note(&mut self, input: &Input) {
        if is_piece(input) {
            self.pieces.add_permits(1);
        }
        match input {
            Input::Closed(session) => {
                if let Some(connection) = self.connections.remove(session) {
                    self.door.leave(connection.caller(), connection.is_admitted());
                }
                tracing::debug!(session = session.0, "a connection ended");
            }
            Input::Request(session, request) => {
                tracing::trace!(session = session.0, purpose = request.call.purpose(), "a request");
            }
            Input::Bad(session, bad) => tracing::debug!(session = session.0, ?bad, "a request that cannot be read"),
            Input::Verified(session, _, Some(user)) => {
                tracing::debug!(session = session.0, user = user.0, "a login");
            }
            Input::VerifySlow(session, ..) => tracing::debug!(session = session.0, "a login that came too fast"),
            Input::Verified(session, _, None) => tracing::debug!(session = session.0, "a login that was refused"),
            _ => {}
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(session, frame) => self.with(session, |connection| connection.send(&frame)),
            Effect::Push(session, frame, cursor) => {
                if let Some(connection) = self.connections.get(&session) {
                    match connection.push(&frame) {
                        Pushed::Queued => self.dirty.push(session),
                        Pushed::Dropped => self.own.push_back(Input::Overflowed(session, cursor)),
                        Pushed::DroppedAgain => {}
                    }
                }
            }
            Effect::WatchDrained(session) => self.with(session, |connection| {
                connection.overflow_handled();
                connection.watch_drained();
            }),
            Effect::Admit(session, user) => {
                let buckets = self.throttle.of(user, Instant::now());
                if let Some(connection) = self.connections.get(&session) {
                    self.door.admit(connection.caller());
                    connection.admit(buckets);
                    self.dirty.push(session);
                }
            }
            Effect::Close(session) => self.with(session, Connection::close),
            Effect::Fetch(session, purpose, seqs) => {
                let (reader, report) = (Arc::clone(&self.reader), self.report.clone());
                tokio::task::spawn_blocking(move || {
                    let records = read_page(reader.as_ref(), &purpose, &seqs);
                    let _ = report.blocking_send(Input::Fetched(session, purpose, records));
                });
            }
            Effect::File(order) => {
                if let Err(busy) = self.depot.submit(order) {
                    self.own.push_back(*busy);
                }
            }
            Effect::Account(session, errand, call) => {
                if let Err(busy) = self.registrar.submit(Task::Order(Order { session, errand, call })) {
                    self.own.push_back(*busy);
                }
            }
            Effect::Keep(session, mut ticket, user) => {
                let Some((device, stamp)) = ticket.take_wish() else {
                    return self.own.push_back(Input::Kept(session, ticket, user, None));
                };
                let wanted = Wanted { user, device, address: self.address(session), stamp, now: clock::now() };
                if let Err(busy) = self.registrar.submit(Task::Keep(session, ticket, wanted)) {
                    self.own.push_back(*busy);
                }
            }
            Effect::ForgetDevice(user, number) => {
                // What is not forgotten for want of room ends by itself, since nobody has its token.
                let _ = self.registrar.submit(Task::Forget(user, number));
            }
            Effect::DeviceCame(number) => self.kept.note(number, true, clock::now()),
            Effect::DeviceLeft(number) => self.kept.note(number, false, clock::now()),
            Effect::VerifyToken(session, mut ticket, token) => {
                let found = self.kept.find(&token, &self.address(session), clock::now());
                if let Some((_, number)) = found {
                    ticket.set_session(number);
                }
                self.own.push_back(Input::Verified(session, ticket, found.map(|(user, _)| user)));
            }
            Effect::Verify(session, ticket, username, password) => {
                let Some(place) = self.connections.get(&session).map(|connection| connection.caller().place()) else {
                    return;
                };
                let credential = self.accounts.read().unwrap_or_else(PoisonError::into_inner).credential(&username);
                if let Err(ticket) = self.hashing.check(Job { session, ticket, place, username, credential, password })
                {
                    self.own.push_back(Input::VerifyBusy(session, *ticket));
                }
            }
        }
    }

    /// Where a connection comes from, as people are shown it.
    fn address(&self, session: SessionId) -> String {
        let caller = self.connections.get(&session).map(|connection| connection.caller());
        caller.map_or_else(String::new, |caller| caller.origin().address.to_string())
    }

    fn with(&mut self, session: SessionId, act: impl FnOnce(&Connection)) {
        if let Some(connection) = self.connections.get(&session) {
            act(connection);
            self.dirty.push(session);
        }
    }
}

/// Reads records until a page is full: the newest ones for a page of history, the oldest ones for catching up, and at
/// least two: a message, and the text that it has now. Nothing when the disk fails, which is logged here.
fn read_page(reader: &dyn LogReader, purpose: &Purpose, seqs: &[Seq]) -> Option<Vec<Bytes>> {
    let newest_first = matches!(purpose, Purpose::History { .. });
    let mut bytes = 0;
    let mut records = Vec::with_capacity(seqs.len());
    for at in 0..seqs.len() {
        let seq = if newest_first { seqs[seqs.len() - 1 - at] } else { seqs[at] };
        let record = match reader.read(seq) {
            Ok(record) => record,
            Err(error) => {
                tracing::error!("history.json: {error}");
                return None;
            }
        };
        bytes += record.len();
        if bytes > PAGE_MAX_BYTES && records.len() > 1 {
            break;
        }
        records.push(record);
    }
    if newest_first {
        records.reverse();
    }
    Some(records)
}
