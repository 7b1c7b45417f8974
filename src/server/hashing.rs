//! Checking passwords, away from the server's loop: [`HASHES_MAX`] threads of their own, so that a flood of logins takes
//! no more memory or cores than that, and queues with an end. Who guesses too fast is turned away here, unhashed.
//!
//! There are two queues, whose turns alternate: one for accounts at places where they have logged in before, one for all
//! others. So guessers from everywhere wait for each other, and not the people who use the server for them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::mpsc;

use super::accounts::Credential;
use super::door::Place;
use super::guessing::Guessing;
use crate::config::{HASHES_MAX, LOGINS_WAITING_MAX};
use crate::core::engine::{Input, Ticket};
use crate::core::session::SessionId;

/// A login whose password is to be checked.
pub struct Job {
    /// Who asks.
    pub session: SessionId,
    /// What was asked.
    pub ticket: Ticket,
    /// Where they are.
    pub place: Place,
    /// The name that they gave.
    pub username: String,
    /// What the password is checked against.
    pub credential: Credential,
    /// The password.
    pub password: SecretString,
}

/// The threads' queues. Dropping it ends them after what they are at.
pub struct Hashing {
    shared: Arc<Shared>,
}

/// What waits in the two queues.
#[derive(Debug)]
struct Turns<T> {
    /// Of accounts at places where they have been, and all others.
    queues: [VecDeque<T>; 2],
    /// Whose turn it is, if both have some.
    turn: usize,
}

impl<T> Turns<T> {
    fn new() -> Self {
        Self { queues: [VecDeque::new(), VecDeque::new()], turn: 0 }
    }

    /// Queues one; gives it back when too many wait.
    fn add(&mut self, it: T, known: bool) -> Result<(), T> {
        let queue = &mut self.queues[usize::from(!known)];
        if queue.len() >= LOGINS_WAITING_MAX {
            return Err(it);
        }
        queue.push_back(it);
        Ok(())
    }

    fn next(&mut self) -> Option<T> {
        let from = if self.queues[self.turn].is_empty() { 1 - self.turn } else { self.turn };
        let it = self.queues[from].pop_front()?;
        self.turn = 1 - from;
        Some(it)
    }
}

struct Waiting {
    jobs: Turns<Job>,
    over: bool,
}

/// What the threads share.
struct Shared {
    waiting: Mutex<Waiting>,
    came: Condvar,
    guessing: Mutex<Guessing>,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guessing(&self) -> MutexGuard<'_, Guessing> {
        self.guessing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a job; nothing when it is over.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting();
        while !waiting.over {
            if let Some(job) = waiting.jobs.next() {
                return Some(job);
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}

impl Hashing {
    /// Starts the threads. They report to `done`: [`Input::Verified`] and [`Input::VerifySlow`].
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(done: &mpsc::Sender<Input>) -> std::io::Result<Self> {
        let waiting = Mutex::new(Waiting { jobs: Turns::new(), over: false });
        let guessing = Mutex::new(Guessing::new());
        let hashing = Self { shared: Arc::new(Shared { waiting, came: Condvar::new(), guessing }) };
        for _ in 0..HASHES_MAX {
            let (shared, done) = (Arc::clone(&hashing.shared), done.clone());
            std::thread::Builder::new().name("hash".into()).spawn(move || run(&shared, &done))?;
        }
        Ok(hashing)
    }

    /// Queues a login; gives back what it asked when too many wait.
    ///
    /// # Errors
    /// The queue is full.
    pub fn check(&self, job: Job) -> Result<(), Box<Ticket>> {
        let known = self.shared.guessing().is_known(job.place, &job.username);
        self.shared.waiting().jobs.add(job, known).map_err(|job| Box::new(job.ticket))?;
        self.shared.came.notify_one();
        Ok(())
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.shared.waiting().over = true;
        self.shared.came.notify_all();
    }
}

/// No less than it is, so that who waits so long has waited long enough.
fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

fn run(shared: &Shared, done: &mpsc::Sender<Input>) {
    while let Some(Job { session, mut ticket, place, username, credential, password }) = shared.next() {
        // Asked only now: what is right is paid for no longer than its hash takes, however many log in at once.
        let begun = shared.guessing().begin(place, &username, Instant::now());
        let input = match begun {
            Err(wait) => Input::VerifySlow(session, ticket, milliseconds(wait)),
            Ok(paid) => {
                if ticket.keeps() {
                    ticket.set_stamp(credential.stamp());
                }
                let user = credential.verify(&password);
                if user.is_some() {
                    shared.guessing().right(paid);
                }
                Input::Verified(session, ticket, user)
            }
        };
        if done.blocking_send(input).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_wait_for_each_other_and_neither_kind_for_all_of_the_other() {
        let mut turns = Turns::new();
        for n in 0..LOGINS_WAITING_MAX {
            assert_eq!(turns.add(n, false), Ok(()));
        }
        assert_eq!(turns.add(0, false), Err(0), "there is an end");
        assert_eq!((turns.next(), turns.next()), (Some(0), Some(1)));
        for n in 1_000..1_000 + LOGINS_WAITING_MAX {
            assert_eq!(turns.add(n, true), Ok(()), "however many strangers wait");
        }
        assert_eq!(turns.add(0, true), Err(0));
        let next: Vec<_> = (0..5).filter_map(|_| turns.next()).collect();
        assert_eq!(next, [1_000, 2, 1_001, 3, 1_002]);
        assert_eq!(std::iter::from_fn(|| turns.next()).count(), 2 * LOGINS_WAITING_MAX - 7);
        assert_eq!(turns.next(), None);
    }
}
