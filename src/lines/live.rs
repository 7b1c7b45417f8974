//! Waiting for a client: a bell that its connection rings, and a client that signs in and waits for what it wants to know.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::credentials::Credentials;
use super::trust;
use super::{Failure, Kind};
use crate::client::Client;
use crate::client::command::Command;
use crate::client::model::{Field, Link, Model, Phase, SignInProblem};
use crate::client::outbox::{Progress, What};
use crate::client::pins::Pins;
use crate::proto::fingerprint::Fingerprint;

/// Rings when a client has something to take in. Several may wait for it.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl Bell {
    /// Rings it.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// How often it has rung. Looked at before the client is, so that no ring is missed.
    pub fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has rung more often than that, or until so much time has passed.
    pub fn wait(&self, past: u64, longest: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.changed.wait_timeout_while(rung, longest, |rung| *rung == past);
    }
}

/// Why signing in did not work, as a failure. What the server says of a name and a password is a refusal; everything
/// else leaves one without a connection.
pub fn failure(problem: &SignInProblem) -> Failure {
    let kind = match problem.field {
        Field::Credentials | Field::Invite => Kind::Refused,
        Field::Server => Kind::NoConnection,
    };
    Failure::new(kind, problem.message.clone())
}

/// How many messages wait to be stored, and how many bytes of their files are not with the server yet.
pub fn waiting(model: &Model) -> (usize, u64) {
    let waiting = model.outbox.entries().filter(|entry| entry.progress == Progress::Pending);
    let bytes = waiting.map(|entry| match &entry.what {
        What::Say { enclosure: Some(enclosure), .. } => enclosure.size.saturating_sub(enclosure.sent),
        _ => 0,
    });
    bytes.fold((0, 0), |(count, sum), bytes| (count + 1, sum + bytes))
}

/// A client that a script waits for.
#[derive(Debug)]
pub struct Live {
    /// The client.
    pub client: Client,
    bell: Arc<Bell>,
}

impl Live {
    /// Signs in, and waits until everything is known that the lists say. A server is known by its pin, or by the fingerprint
    /// that was said.
    ///
    /// # Errors
    /// No server in time, or one that does not let this account in.
    pub fn sign_in(
        address: &str,
        credentials: Credentials,
        (pins, fingerprint): (Option<Box<dyn Pins>>, Option<Fingerprint>),
        patience: Duration,
    ) -> Result<Self, Failure> {
        let bell = Arc::new(Bell::default());
        let rings = Arc::clone(&bell);
        let client = Client::start(None, None, move || rings.ring())
            .map_err(|error| Failure::new(Kind::Other, format!("the connection cannot be started: {error}")))?;
        let client = match pins {
            Some(pins) => client.with_pins(pins),
            None => client,
        };
        let mut live = Self { client, bell };
        if let Some(fingerprint) = fingerprint {
            live.client.perform(Command::Expect { server: address.into(), fingerprint });
        }
        // Nobody sits in front of a script.
        live.client.perform(Command::SetAway(true));
        credentials.sign_in(&mut live.client, address);
        live.until(Some(patience), |model| match &model.phase {
            _ if model.trust.is_some() => true,
            Phase::SignedOut { problem } => problem.is_some(),
            Phase::SigningIn => false,
            Phase::SignedIn => model.link == Link::Online,
        });
        let model = live.client.model();
        if let Some(question) = &model.trust {
            return Err(trust::refusal(question));
        }
        match (&model.phase, &model.link) {
            (Phase::SignedIn, Link::Online) => Ok(live),
            (Phase::SignedOut { problem: Some(problem) }, _) => Err(failure(problem)),
            _ => {
                let text = format!("no server answered within {} s: check the address", patience.as_secs());
                Err(Failure::new(Kind::NoConnection, text))
            }
        }
    }

    /// What is known.
    pub fn model(&self) -> &Model {
        self.client.model()
    }

    /// Waits until the model is as wanted; false when it was not in time.
    pub fn until(&mut self, patience: Option<Duration>, mut holds: impl FnMut(&Model) -> bool) -> bool {
        let begin = Instant::now();
        loop {
            let rung = self.bell.count();
            self.client.poll();
            if holds(self.client.model()) {
                return true;
            }
            let left = match patience {
                Some(patience) => match patience.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
                    Some(left) => left,
                    None => return false,
                },
                // As good as for ever; the loop goes on after it.
                None => Duration::from_secs(3_600),
            };
            self.bell.wait(rung, left);
        }
    }
}
