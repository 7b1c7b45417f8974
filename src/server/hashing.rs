//! Checking passwords, away from the server's loop: [`HASHES_MAX`] threads of their own, so that a flood of logins takes
//! no more memory or cores than that, and a queue with an end.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::mpsc;

use super::accounts::Credential;
use crate::config::{HASHES_MAX, LOGINS_WAITING_MAX};
use crate::core::engine::{Input, Ticket};
use crate::core::session::SessionId;

/// A login whose password is to be checked.
pub struct Job {
    /// Who asks.
    pub session: SessionId,
    /// What was asked.
    pub ticket: Ticket,
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
    /// Starts the threads. They report to `done`: [`Input::Verified`].
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(done: &mpsc::Sender<Input>) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(LOGINS_WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..HASHES_MAX {
            let (waiting, done) = (Arc::clone(&waiting), done.clone());
            std::thread::Builder::new().name("hash".into()).spawn(move || run(&waiting, &done))?;
        }
        Ok(Self { jobs })
    }

    /// Queues a login; gives it back when too many wait.
    pub fn check(&self, job: Job) -> Result<(), Job> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }
}

fn run(waiting: &Mutex<Receiver<Job>>, done: &mpsc::Sender<Input>) {
    loop {
        // One thread waits for a job and the other for the lock; both are asleep until there is work.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { session, ticket, credential, password }) = next else { return };
        let user = credential.verify(&password);
        if done.blocking_send(Input::Verified(session, ticket, user)).is_err() {
            return;
        }
    }
}
