//! The engine: one input in, effects out. It owns the state and the sessions and decides everything; the driver in
//! `server` carries the effects out.
//!
//! A request that makes a record is checked, numbered and given out for appending; it is applied, answered and shown to
//! others only when the log says that it is durable. So an acknowledgement is always true.

use std::collections::{BTreeSet, HashSet, VecDeque};

use bytes::Bytes;
use secrecy::SecretString;
use serde::Serialize;

use super::accounts::{Errand, Facts};
use super::directory::Directory;
use super::files::{FileDone, FileErrand, FileOrder};
use super::kept::{Ends, Made};
use super::pages::Page;
use super::session::{Origin, SessionId, Sessions, Stage};
use super::state::State;
use super::uploads::Uploads;
use crate::proto::account::AccountCall;
use crate::proto::event::{AccountDone, Closing, Code, Outcome, Problem, Refusal, Reply, Sent, SentReply};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::frame;
use crate::proto::ids::{ClientId, Millis, RequestId, Seq, UserId};
use crate::proto::record::Record;
use crate::proto::request::{BadRequest, Request};

/// Everything that can happen.
pub enum Input {
    /// The server begins: what `users.json` says is compared with what the log knows.
    Started,
    /// A connection came.
    Opened(SessionId, Origin),
    /// A connection asks for something.
    Request(SessionId, Request),
    /// A connection asked for something that cannot be read.
    Bad(SessionId, BadRequest),
    /// A password was checked: whose it is, or that it is wrong.
    Verified(SessionId, Ticket, Option<UserId>),
    /// The device that a login is to keep signed in is on disk; nothing if it cannot be.
    Kept(SessionId, Ticket, UserId, Option<Made>),
    /// Devices were signed out, and not because one of them asked.
    Ended(Ends),
    /// Passwords cannot be checked now: too many wait.
    VerifyBusy(SessionId, Ticket),
    /// The password was not checked: too many wrong ones came before it. How many milliseconds until the next may come.
    VerifySlow(SessionId, Ticket, u64),
    /// Everything up to this place is on disk.
    Durable(Seq),
    /// What was given out for appending, up to this place, is not on disk.
    AppendFailed(Seq, Problem),
    /// What was to be read from the log: the records that fitted, or nothing when the disk failed.
    Fetched(SessionId, Purpose, Option<Vec<Bytes>>),
    /// A push found the session's queue full and was dropped, as was every one since; it has everything up to here.
    Overflowed(SessionId, Seq),
    /// The queue of a session that was to be watched is empty.
    Drained(SessionId),
    /// A connection is gone.
    Closed(SessionId),
    /// `users.json` says something new.
    Directory(Directory),
    /// What the server says of itself, at the start and when it is something new.
    Facts(Facts),
    /// What was asked about accounts is done and on disk, or is not.
    AccountDone(SessionId, Errand, Result<AccountDone, Problem>),
    /// The bytes of a file were moved, or were not.
    FileDone(FileErrand, FileDone),
    /// The server ends.
    Shutdown,
}

/// What the driver is to do, in order.
pub enum Effect {
    /// Queue a frame that must arrive.
    Send(SessionId, Bytes),
    /// Queue a frame that the session can also have from the log: dropped when its queue is full, and then
    /// [`Input::Overflowed`] reports the place that comes with it.
    Push(SessionId, Bytes, Seq),
    /// Check a password, away from the loop.
    Verify(SessionId, Ticket, String, SecretString),
    /// Look for the device that has this token.
    VerifyToken(SessionId, Ticket, SecretString),
    /// Keep a device of that account signed in, away from the loop: [`Input::Kept`] reports it.
    Keep(SessionId, Ticket, UserId),
    /// Nobody was told the token of that device of that account.
    ForgetDevice(UserId, u64),
    /// The device of that number is there.
    DeviceCame(u64),
    /// One connection of the device of that number has ended.
    DeviceLeft(u64),
    /// Carry out what is asked about accounts, away from the loop, one after the other. What changes by it is told before
    /// [`Input::AccountDone`].
    Account(SessionId, Errand, AccountCall),
    /// Move bytes of a file, away from the loop: [`Input::FileDone`] reports it.
    File(FileOrder),
    /// Read these records; as many as fit, counted from the end that the purpose says.
    Fetch(SessionId, Purpose, Vec<Seq>),
    /// Report when the session's queue is empty.
    WatchDrained(SessionId),
    /// The session has logged in as that account: the limits of a stranger end.
    Admit(SessionId, UserId),
    /// Deliver what is queued, then close the connection.
    Close(SessionId),
}

/// Does not say what it holds: frames and records are what people wrote.
impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Input")
    }
}

/// Does not say what it holds, either.
impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Effect")
    }
}

/// What a login asked, while its password is checked.
#[derive(Debug)]
pub struct Ticket {
    pub(super) id: Option<RequestId>,
    pub(super) log: Option<String>,
    pub(super) after: Option<Seq>,
    /// The account was made for it.
    pub(super) joins: bool,
    /// The password is one that the program comes with.
    pub(super) demo: bool,
    /// A token is shown instead of a password.
    pub(super) by_token: bool,
    /// The device is to stay signed in: what it is called.
    pub(super) keep: Option<String>,
    /// What tells the password that was right from later ones; nothing says so of the password itself.
    pub(super) stamp: Option<String>,
    /// The device that stays signed in.
    pub(super) made: Option<Made>,
}

impl Ticket {
    pub(super) fn new(id: Option<RequestId>, log: Option<String>, after: Option<Seq>) -> Self {
        let (joins, demo, by_token) = (false, false, false);
        Self { id, log, after, joins, demo, by_token, keep: None, stamp: None, made: None }
    }

    /// Whether the device is to stay signed in.
    pub fn keeps(&self) -> bool {
        self.keep.is_some()
    }

    /// The password was right; this tells it from later ones.
    pub fn set_stamp(&mut self, stamp: String) {
        self.stamp = Some(stamp);
    }

    /// The token was that of the device of that number.
    pub fn set_session(&mut self, session: u64) {
        self.made = Some(Made { session, token: None });
    }

    /// What the device is called that is to stay signed in, and what tells its password from later ones.
    pub fn take_wish(&mut self) -> Option<(String, String)> {
        self.keep.take().zip(self.stamp.take())
    }

    /// The purpose of the request and of its reply.
    pub(super) fn purpose(&self) -> &'static str {
        if self.joins { "join" } else { "login" }
    }
}

/// What records are read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A page of history: the newest records matter most.
    History {
        /// What was asked for.
        page: Page,
        /// The places that were asked for, in order: of entries, and right behind them of their newest texts.
        seqs: Vec<Seq>,
        /// Nothing stands before the first of them.
        complete: bool,
    },
    /// What a session missed: the oldest records matter most.
    CatchUp,
}

/// What waits for the log.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A record that was given out for appending.
    Record {
        record: Record<'static>,
        frame: Bytes,
        by: SessionId,
        id: Option<RequestId>,
        /// For whom it is, and who else was asked for.
        outcomes: Vec<Outcome>,
    },
    /// The same send is given out already: decide again once that one is settled.
    Again { seq: Seq, by: SessionId, request: Request },
    /// Somebody has logged in while the log is about to know of changed accounts.
    Login { seq: Seq, by: SessionId, ticket: Ticket, user: UserId },
}

impl Waiting {
    pub(super) fn seq(&self) -> Seq {
        match self {
            Self::Record { record, .. } => record.seq(),
            Self::Again { seq, .. } | Self::Login { seq, .. } => *seq,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    pub(super) state: State,
    pub(super) directory: Directory,
    pub(super) sessions: Sessions,
    pub(super) log: String,
    pub(super) server: String,
    /// Other computers may speak to it in plain text.
    pub(super) plaintext: bool,
    /// What its certificate is told by.
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) facts: Facts,
    /// In the order of their places.
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) waiting_ids: HashSet<(UserId, ClientId)>,
    pub(super) waiting_bytes: usize,
    /// The place of the last record that was given out, and its time while it is under way.
    pub(super) last: Seq,
    pub(super) last_at: Millis,
    pub(super) batch: Vec<Bytes>,
    /// Why nothing can be appended now.
    pub(super) refusing: Option<Problem>,
    /// Accounts whose entry in the list of people is out of date at the clients.
    pub(super) stale: BTreeSet<UserId>,
    /// Records of accounts that are given out, and whether there is more to compare when they are settled.
    pub(super) accounts_waiting: usize,
    pub(super) accounts_changed: bool,
    /// Records that are given out and change who is in a group.
    pub(super) changes_waiting: usize,
    /// Files that no message carries.
    pub(super) uploads: Uploads,
    pub(super) effects: Vec<Effect>,
}

impl Engine {
    /// The engine over a replayed state, the accounts, and the identity of the log. `server` names program and version.
    pub fn new(state: State, directory: Directory, log: &str, server: &str) -> Self {
        Self {
            last: state.seq(),
            last_at: Millis(0),
            state,
            directory,
            sessions: Sessions::default(),
            log: log.into(),
            server: server.into(),
            plaintext: false,
            fingerprint: None,
            facts: Facts::default(),
            waiting: VecDeque::new(),
            waiting_ids: HashSet::new(),
            waiting_bytes: 0,
            batch: Vec::new(),
            refusing: None,
            stale: BTreeSet::new(),
            accounts_waiting: 0,
            accounts_changed: false,
            changes_waiting: 0,
            uploads: Uploads::default(),
            effects: Vec::new(),
        }
    }

    /// Clients are told that other computers may speak in plain text.
    pub fn allow_plaintext(&mut self) {
        self.plaintext = true;
    }

    /// Clients are told what the server's certificate is told by.
    pub fn introduce(&mut self, fingerprint: Fingerprint) {
        self.fingerprint = Some(fingerprint);
    }

    /// What the log says.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How many connections there are.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Whether everything that was given out for appending is settled.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The bytes that are given out for appending and not settled. The driver takes no further input over a limit.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// What is to be appended next: the place of the first record, and the JSON of all.
    pub fn take_batch(&mut self) -> Option<(Seq, Vec<Bytes>)> {
        if self.batch.is_empty() {
            return None;
        }
        let first = Seq(self.last.0 + 1 - self.batch.len() as u64);
        Some((first, std::mem::take(&mut self.batch)))
    }

    /// What is to be done, in order. Called after a round of inputs, so that changes of presence go out once a round.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        if !self.stale.is_empty() {
            self.announce();
        }
        std::mem::take(&mut self.effects)
    }

    /// Takes one input in. `now` is the wall clock's time, which may step.
    pub fn handle(&mut self, input: Input, now: Millis) {
        self.sweep_uploads(now);
        match input {
            Input::Started => self.reconcile(now),
            Input::Opened(session, origin) => self.sessions.open(session, origin, now),
            Input::Request(session, request) => self.request(session, request, now),
            Input::Bad(session, bad) => {
                self.refuse(session, bad.purpose.as_deref().unwrap_or("error"), bad.id, &bad.problem);
            }
            Input::Verified(session, ticket, user) => self.verified(session, ticket, user, now),
            Input::Kept(session, ticket, user, made) => self.kept(session, ticket, user, made, now),
            Input::Ended(ends) => _ = self.end_devices(ends, None, now),
            Input::VerifyBusy(session, ticket) => {
                if self.sessions.stage(session) == Some(Stage::Authenticating) {
                    self.sessions.set(session, Stage::Anonymous);
                    let problem =
                        Problem::new(Code::Busy, "Too many people are logging in at once. Try again in a few seconds.");
                    self.refuse(session, ticket.purpose(), ticket.id, &problem);
                }
            }
            Input::VerifySlow(session, ticket, wait_ms) => self.too_fast(session, &ticket, wait_ms),
            Input::Durable(seq) => self.durable(seq, now),
            Input::AppendFailed(seq, problem) => self.append_failed(seq, &problem, now),
            Input::Fetched(session, purpose, records) => self.fetched(session, purpose, records),
            Input::Overflowed(session, cursor) => {
                if let Some(user) = self.sessions.stage(session).and_then(Stage::user) {
                    self.sessions.set(session, Stage::CatchingUp { user, cursor, reading: false });
                    self.effects.push(Effect::WatchDrained(session));
                }
            }
            Input::Drained(session) => {
                self.sessions.drained(session);
                self.catch_up(session);
            }
            Input::Closed(session) => self.closed(session, now),
            Input::Directory(directory) => self.directory_changed(directory, now),
            Input::Facts(facts) => self.facts_changed(facts),
            Input::AccountDone(session, errand, done) => self.account_done(session, errand, done, now),
            Input::FileDone(errand, done) => self.file_done(errand, done, now),
            Input::Shutdown => {
                let frame = frame_of(&Closing { reason: "The server is shutting down.".into() });
                for session in self.sessions.logged_in().collect::<Vec<_>>() {
                    self.effects.push(Effect::Send(session, frame.clone()));
                    self.effects.push(Effect::Close(session));
                }
            }
        }
    }

    /// Answers a request that succeeded.
    pub(super) fn reply(&mut self, session: SessionId, purpose: &str, id: Option<RequestId>, body: impl Serialize) {
        let frame = frame_of(&Reply { purpose, id, result: true, body });
        self.effects.push(Effect::Send(session, frame));
    }

    /// A large answer has been queued; the next ones depend on its being taken.
    pub(super) fn large_sent(&mut self, session: SessionId) {
        self.sessions.large_queued(session);
        self.effects.push(Effect::WatchDrained(session));
    }

    /// Answers a `send_message`, or a request that changes a message, that succeeded.
    pub(super) fn reply_sent(&mut self, session: SessionId, purpose: &'static str, id: Option<RequestId>, sent: Sent) {
        let Sent { seq, at, duplicate, outcomes } = sent;
        let frame = frame_of(&SentReply { purpose, id, result: true, seq, at, duplicate, outcomes: &outcomes });
        self.effects.push(Effect::Send(session, frame));
    }

    /// Answers a request that failed.
    pub(super) fn refuse(&mut self, session: SessionId, purpose: &str, id: Option<RequestId>, problem: &Problem) {
        let frame = frame_of(&Refusal { purpose, id, result: false, error: problem });
        self.effects.push(Effect::Send(session, frame));
    }
}

/// A frame of an event.
pub(super) fn frame_of(value: &impl Serialize) -> Bytes {
    Bytes::from(frame::frame_of(value))
}
