//! Who is connected: sessions, and which accounts they belong to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::proto::event::Status;
use crate::proto::ids::{Millis, RequestId, Seq, UserId};

/// One connection, for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Where a connection comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The address of the other computer, without the port, as it is shown to people.
    pub address: std::sync::Arc<str>,
    /// It is this computer.
    pub here: bool,
}

impl Origin {
    /// This computer.
    pub fn here() -> Self {
        Self { address: "127.0.0.1".into(), here: true }
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Connected, and not known.
    Anonymous,
    /// Its password is being checked.
    Authenticating,
    /// It is sent what it has not seen since a place, at the pace of its socket.
    CatchingUp {
        /// Whose.
        user: UserId,
        /// It has everything up to here.
        cursor: Seq,
        /// The next page is being read.
        reading: bool,
    },
    /// It has everything, and is sent what comes.
    Live {
        /// Whose.
        user: UserId,
    },
}

impl Stage {
    /// The account, once known.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Anonymous | Self::Authenticating => None,
            Self::CatchingUp { user, .. } | Self::Live { user } => Some(user),
        }
    }
}

#[derive(Debug)]
struct Session {
    stage: Stage,
    origin: Origin,
    /// When it came.
    since: Millis,
    /// The number of its device, if that stays signed in.
    kept: Option<u64>,
    /// Requests that are being carried out away from the loop.
    errands: usize,
    /// It has asked to leave meanwhile, under that number.
    leaving: Option<Option<RequestId>>,
    /// How many of its codes and passwords were refused.
    failures: u32,
    /// Nobody has used this window for a while.
    away: bool,
    /// Large answers that are being prepared.
    preparing: usize,
    /// Large answers in its queue.
    queued: usize,
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    sessions: HashMap<SessionId, Session>,
    of_user: BTreeMap<UserId, BTreeSet<SessionId>>,
}

impl Sessions {
    /// A new connection.
    pub fn open(&mut self, session: SessionId, origin: Origin, since: Millis) {
        let new = Session {
            stage: Stage::Anonymous,
            origin,
            since,
            kept: None,
            errands: 0,
            leaving: None,
            failures: 0,
            away: false,
            preparing: 0,
            queued: 0,
        };
        self.sessions.insert(session, new);
    }

    /// Where a session stands; none once it is closed.
    pub fn stage(&self, session: SessionId) -> Option<Stage> {
        self.sessions.get(&session).map(|session| session.stage)
    }

    /// Where it comes from; none once it is closed.
    pub fn origin(&self, session: SessionId) -> Option<&Origin> {
        self.sessions.get(&session).map(|session| &session.origin)
    }

    /// When it came; none once it is closed.
    pub fn since(&self, session: SessionId) -> Option<Millis> {
        self.sessions.get(&session).map(|session| session.since)
    }

    /// The number of its device, if that stays signed in.
    pub fn kept(&self, session: SessionId) -> Option<u64> {
        self.sessions.get(&session).and_then(|session| session.kept)
    }

    /// It belongs to a device that stays signed in.
    pub fn set_kept(&mut self, session: SessionId, kept: u64) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.kept = Some(kept);
        }
    }

    /// Something that it has asked is being carried out away from the loop.
    pub fn errand_begun(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.errands += 1;
        }
    }

    /// That has been carried out. If it was the last and the session has asked to leave: under which number.
    pub fn errand_done(&mut self, session: SessionId) -> Option<Option<RequestId>> {
        let session = self.sessions.get_mut(&session)?;
        session.errands = session.errands.saturating_sub(1);
        if session.errands == 0 { session.leaving.take() } else { None }
    }

    /// A session asks to leave. False while something is being carried out for it: then it leaves afterwards.
    pub fn may_leave(&mut self, session: SessionId, id: Option<RequestId>) -> bool {
        let Some(session) = self.sessions.get_mut(&session).filter(|session| session.errands > 0) else { return true };
        session.leaving = Some(id);
        false
    }

    /// A code or a password of a session was refused: how many there were.
    pub fn failed(&mut self, session: SessionId) -> u32 {
        self.sessions.get_mut(&session).map_or(0, |session| {
            session.failures += 1;
            session.failures
        })
    }

    /// Moves an open session.
    pub fn set(&mut self, session: SessionId, stage: Stage) {
        let Some(entry) = self.sessions.get_mut(&session) else { return };
        entry.stage = stage;
        if let Some(user) = stage.user() {
            self.of_user.entry(user).or_default().insert(session);
        }
    }

    /// Ends a session. Its account, if it was logged in.
    pub fn close(&mut self, session: SessionId) -> Option<UserId> {
        let user = self.sessions.remove(&session)?.stage.user()?;
        let sessions = self.of_user.get_mut(&user)?;
        sessions.remove(&session);
        if sessions.is_empty() {
            self.of_user.remove(&user);
        }
        Some(user)
    }

    /// The sessions of an account, in the order of their opening.
    pub fn of(&self, user: UserId) -> impl Iterator<Item = SessionId> {
        self.of_user.get(&user).into_iter().flatten().copied()
    }

    /// Every session that is logged in, by account.
    pub fn logged_in(&self) -> impl Iterator<Item = SessionId> {
        self.of_user.values().flatten().copied()
    }

    /// Whether a session is sent what comes.
    pub fn is_live(&self, session: SessionId) -> bool {
        matches!(self.stage(session), Some(Stage::Live { .. }))
    }

    /// Whether an account has a session, and one that is in use.
    pub fn status(&self, user: UserId) -> Status {
        let in_use = |session| self.sessions.get(session).is_some_and(|session| !session.away);
        match self.of_user.get(&user) {
            None => Status::Offline,
            Some(sessions) if sessions.iter().any(in_use) => Status::Online,
            Some(_) => Status::Away,
        }
    }

    /// A session is in use, or is not.
    pub fn set_away(&mut self, session: SessionId, away: bool) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.away = away;
        }
    }

    /// How many connections there are, logged in or not.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no connection.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How many large answers a session has asked for and not taken.
    pub fn large(&self, session: SessionId) -> usize {
        self.sessions.get(&session).map_or(0, |session| session.preparing + session.queued)
    }

    /// A large answer is being prepared.
    pub fn large_begun(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.preparing += 1;
        }
    }

    /// A large answer is in the session's queue.
    pub fn large_queued(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.preparing = session.preparing.saturating_sub(1);
            session.queued += 1;
        }
    }

    /// The session's queue is empty.
    pub fn drained(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.queued = 0;
        }
    }
}
