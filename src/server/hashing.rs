//! Checking passwords, away from the server's loop: [`HASHES_MAX`] threads of their own, so that a flood of logins takes
//! no more memory or cores than that, and a queue with an end. Who guesses too fast is turned away here, unhashed.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
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

/// The threads' queue. Dropping it ends them after what they are at.
#[derive(Debug)]
pub struct Hashing {
    jobs: SyncSender<Job>,
}

impl Hashing {
    /// Starts the threads. They report to `done`: [`Input::Verified`] and [`Input::VerifySlow`].
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(done: &mpsc::Sender<Input>) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(LOGINS_WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let guessing = Arc::new(Mutex::new(Guessing::new()));
        for _ in 0..HASHES_MAX {
            let (waiting, guessing, done) = (Arc::clone(&waiting), Arc::clone(&guessing), done.clone());
            std::thread::Builder::new().name("hash".into()).spawn(move || run(&waiting, &guessing, &done))?;
        }
        Ok(Self { jobs })
    }

    /// Queues a login; gives back what it asked when too many wait.
    pub fn check(&self, job: Job) -> Result<(), Box<Ticket>> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => Box::new(job.ticket),
        })
    }
}

/// No less than it is, so that who waits so long has waited long enough.
fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

fn run(waiting: &Mutex<Receiver<Job>>, guessing: &Mutex<Guessing>, done: &mpsc::Sender<Input>) {
    loop {
        // One thread waits for a job and the other for the lock; both are asleep until there is work.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { session, mut ticket, place, username, credential, password }) = next else { return };
        let guessing = || guessing.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked only now: what is right is paid for no longer than its hash takes, however many log in at once.
        let begun = guessing().begin(place, &username, Instant::now());
        let input = match begun {
            Err(wait) => Input::VerifySlow(session, ticket, milliseconds(wait)),
            Ok(paid) => {
                if ticket.keeps() {
                    ticket.set_stamp(credential.stamp());
                }
                let user = credential.verify(&password);
                if user.is_some() {
                    guessing().right(paid);
                }
                Input::Verified(session, ticket, user)
            }
        };
        if done.blocking_send(input).is_err() {
            return;
        }
    }
}
