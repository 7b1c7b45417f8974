//! The client's connection: a thread of its own that connects, logs in, carries frames, and comes back by itself when
//! the server goes. The only part of the client that knows sockets.

mod attempt;
mod route;
mod tls;
mod trust;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use secrecy::SecretString;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::timeout;

use super::Host;
use super::cache::Opener;
use super::command::Hosting;
use super::model::{Field, Hosted, Security, SignInProblem, TrustQuestion};
use super::pins::Pins;
use crate::clock;
use crate::config::{BACKOFF_MAX, BACKOFF_MIN, FLUSH_DEADLINE};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::frame;
use crate::proto::ids::{Millis, Seq};
use crate::proto::outgoing::Outgoing;
use attempt::{Failed, connect};
use route::Look;
use trust::Trust;
pub use wire::{Wire, WireError};

/// The orders that may wait for the connection, and the reports that may wait for the window.
const QUEUE_MAX: usize = 4_096;

/// What the client tells its connection to do.
pub(super) enum Order {
    /// Connect and log in, and keep at it.
    SignIn(SignIn),
    /// Leave.
    SignOut,
    /// Try to reconnect now.
    RetryNow,
    /// Give this connection up and make a new one.
    Reconnect,
    /// The answer to a question of trust: the certificate that is the right one, or that none is.
    Trust(Option<Fingerprint>),
    /// Send these frames, if logged in.
    Send(Vec<u8>),
}

/// What a login needs, kept in memory for reconnecting.
pub(super) struct SignIn {
    generation: u64,
    server: Server,
    username: String,
    secret: SharedSecret,
    /// The account is yet to be made.
    join: Option<Joining>,
    /// The server took it before: it is worth trying again until it does.
    known: bool,
}

/// What shows the server who somebody is.
#[derive(Clone)]
pub(super) enum Secret {
    /// The password; and if the device is to stay signed in, what it is called.
    Password { password: SecretString, keep: Option<String> },
    /// The token of a device that stays signed in.
    Token(SecretString),
}

/// It may become another one while its account is signed in.
type SharedSecret = Arc<Mutex<Secret>>;

impl Secret {
    /// What a cache opens to that was kept with it.
    pub(super) fn opener(&self) -> Opener {
        match self {
            Self::Password { password, .. } => Opener::Password(password.clone()),
            Self::Token(token) => Opener::Token(token.clone()),
        }
    }
}

/// How an account is made.
pub(super) struct Joining {
    /// The invite's code, as it was typed; none where everybody can register.
    pub code: Option<SecretString>,
}

/// Which server.
pub(super) enum Server {
    /// The one at an address, as it was written.
    At(String),
    /// One that this window hosts for others.
    Hosted(Hosting),
}

/// What the connection tells its client.
pub(super) enum Report {
    /// This process hosts the server now.
    Hosting(Hosted),
    /// An attempt has begun.
    Connecting,
    /// The connection is lost, and the next attempt comes at a time.
    Waiting { until: Millis, reason: String },
    /// The attempt is given up.
    SignInFailed(SignInProblem),
    /// Whether that is the right server, its person must say; until then nothing is tried.
    Untrusted(u64, TrustQuestion),
    /// Nothing is tried until its person wants it, for a reason.
    Halted(String),
    /// How the server is spoken to from now on.
    Secured(Security),
    /// The JSON of a frame, and the number of the sign-in that it belongs to.
    Frame(u64, Bytes),
}

type Wake = Arc<dyn Fn() + Send + Sync>;
type Cursor = Arc<Mutex<Option<(String, Seq)>>>;

/// Where the client's knowledge ends.
fn known(cursor: &Cursor) -> Option<(String, Seq)> {
    cursor.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The client's end of the thread. Dropping it leaves the server, and ends a server that the thread hosts.
pub(super) struct Handle {
    orders: Option<mpsc::Sender<Order>>,
    reports: mpsc::Receiver<Report>,
    cursor: Cursor,
    trust: Trust,
    wake: Wake,
    generation: u64,
    /// That of the last sign-in.
    secret: SharedSecret,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl SignIn {
    /// What holds now.
    fn secret(&self) -> Secret {
        self.secret.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The password; that of a new account or a new server always is one.
    fn password(&self) -> SecretString {
        match self.secret() {
            Secret::Password { password, .. } => password,
            Secret::Token(_) => SecretString::default(),
        }
    }
}

impl Handle {
    pub(super) fn start(host: Option<Box<dyn Host>>, wake: Wake) -> std::io::Result<Self> {
        let (orders, ordered) = mpsc::channel(QUEUE_MAX);
        let (report, reports) = mpsc::channel(QUEUE_MAX);
        let cursor = Cursor::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
        let host = host.map(|host| Arc::new(Mutex::new(host)));
        let trust = Trust::default();
        let (wakes, knows, trusts) = (Arc::clone(&wake), Arc::clone(&cursor), trust.clone());
        let task = Task { host, orders: ordered, report, wake: wakes, cursor: knows, trust: trusts, look: route::look };
        let thread = std::thread::Builder::new().name("connection".into()).spawn(move || {
            runtime.block_on(task.run());
        })?;
        let secret = Secret::Password { password: SecretString::default(), keep: None };
        let secret = Arc::new(Mutex::new(secret));
        Ok(Self { orders: Some(orders), reports, cursor, trust, wake, generation: 0, secret, thread: Some(thread) })
    }

    pub(super) fn next(&mut self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    pub(super) fn wake(&self) {
        (self.wake)();
    }

    /// What wakes the client, for others.
    pub(super) fn waker(&self) -> impl Fn() + Send + 'static {
        let wake = Arc::clone(&self.wake);
        move || wake()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn set_cursor(&self, cursor: Option<(&str, Seq)>) {
        let mut shared = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        match (shared.as_mut(), cursor) {
            (Some((log, seq)), Some((new_log, new_seq))) if log == new_log => *seq = new_seq,
            _ => *shared = cursor.map(|(log, seq)| (log.into(), seq)),
        }
    }

    /// Where what is known of servers is remembered.
    pub(super) fn remember_in(&self, pins: Box<dyn Pins>) {
        self.trust.keep_in(pins);
    }

    /// Takes down what a link says of a server.
    pub(super) fn expect(&self, server: String, fingerprint: Fingerprint) {
        self.trust.expect(server, fingerprint);
    }

    pub(super) fn sign_in(
        &mut self,
        server: Server,
        (username, secret): (String, Secret),
        join: Option<Joining>,
        known: bool,
    ) {
        self.generation += 1;
        self.secret = Arc::new(Mutex::new(secret));
        let (generation, secret) = (self.generation, Arc::clone(&self.secret));
        let _ = self.order(Order::SignIn(SignIn { generation, server, username, secret, join, known }));
    }

    /// The account that is signed in is known by something else now: the connection comes back with it.
    pub(super) fn set_secret(&self, secret: Secret) {
        *self.secret.lock().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// Whether the connection comes back by a token.
    pub(super) fn has_token(&self) -> bool {
        self.token().is_some()
    }

    /// The token that it comes back by, if it does.
    pub(super) fn token(&self) -> Option<SecretString> {
        match &*self.secret.lock().unwrap_or_else(PoisonError::into_inner) {
            Secret::Token(token) => Some(token.clone()),
            Secret::Password { .. } => None,
        }
    }

    /// Hands an order on; gives it back while too many wait.
    pub(super) fn order(&mut self, order: Order) -> Result<(), Order> {
        if matches!(order, Order::SignOut) {
            self.generation += 1;
        }
        match self.orders.as_ref().map(|orders| orders.try_send(order)) {
            Some(Err(TrySendError::Full(order))) => Err(order),
            _ => Ok(()),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.orders = None;
        self.reports.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starting takes its time, on a thread of its own, and outlasts an attempt that its person has given up.
type SharedHost = Arc<Mutex<Box<dyn Host>>>;

struct Task {
    host: Option<SharedHost>,
    orders: mpsc::Receiver<Order>,
    report: mpsc::Sender<Report>,
    wake: Wake,
    cursor: Cursor,
    trust: Trust,
    /// How it is found out which ways lead to the server.
    look: Look,
}

/// Why a session ended.
enum Ended {
    /// The person left, or the window closes.
    Left,
    /// The person signs in anew.
    Replaced(SignIn),
    /// The connection is lost.
    Lost(String),
}

/// What a question of trust has led to.
enum Asked {
    /// Another attempt is to be made.
    Again,
    /// The person left, or signs in anew.
    Ended(Option<SignIn>),
}

impl Task {
    async fn run(mut self) {
        let mut next = None;
        loop {
            let sign_in = match next.take() {
                Some(sign_in) => sign_in,
                None => match self.orders.recv().await {
                    Some(Order::SignIn(sign_in)) => sign_in,
                    Some(_) => continue,
                    None => return,
                },
            };
            next = self.stay(&sign_in).await;
        }
    }

    async fn tell(&self, report: Report) {
        let _ = self.report.send(report).await;
        (self.wake)();
    }

    /// Keeps an account signed in until its person leaves; the next sign-in, if one ended this one.
    async fn stay(&mut self, sign_in: &SignIn) -> Option<SignIn> {
        let mut attempt = 0;
        let mut known = sign_in.known;
        // Where the server is, as far as its name was ever found.
        let mut addresses = Vec::new();
        loop {
            self.tell(Report::Connecting).await;
            let connected = tokio::select! {
                biased;
                order = leaving(&mut self.orders) => return order,
                connected = connect(
                    self.host.as_ref(),
                    &self.report,
                    &self.wake,
                    &self.cursor,
                    &self.trust,
                    (sign_in, known),
                    (self.look, &mut addresses),
                ) => connected,
            };
            let reason = match connected {
                Ok((wire, security, welcome)) => {
                    known = true;
                    self.tell(Report::Secured(security)).await;
                    let since = Instant::now();
                    self.tell(Report::Frame(sign_in.generation, welcome)).await;
                    let ended = self.carry(wire, sign_in.generation).await;
                    // A server that takes a login and then fails at once is not to be asked twice a second for ever.
                    if since.elapsed() >= BACKOFF_MAX {
                        attempt = 0;
                    }
                    match ended {
                        Ended::Left => return None,
                        Ended::Replaced(sign_in) => return Some(sign_in),
                        Ended::Lost(reason) => reason,
                    }
                }
                Err(Failed::Unreachable(problem)) if known => problem.message,
                Err(Failed::Untrusted(question)) => match self.ask(sign_in.generation, *question, known).await {
                    Asked::Again => {
                        attempt = 0;
                        continue;
                    }
                    Asked::Ended(next) => return next,
                },
                // Only a changed password sends somebody who was in back to the login page.
                Err(Failed::Refused(problem)) if known && problem.field == Field::Server => problem.message,
                Err(Failed::Refused(problem) | Failed::Unreachable(problem)) => {
                    self.tell(Report::SignInFailed(problem)).await;
                    return None;
                }
            };
            let pause = backoff(attempt, clock::random_u64());
            attempt += 1;
            let until = clock::now().plus(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
            self.tell(Report::Waiting { until, reason }).await;
            tokio::select! {
                order = retrying(&mut self.orders) => if let Some(left) = order { return left },
                () = route::until(until) => {}
                // The network is another one: what was tried before says nothing of it.
                () = route::opened(self.look, &addresses) => attempt = 0,
            }
        }
    }

    /// Asks whether a server is the right one, and waits for the answer.
    async fn ask(&mut self, generation: u64, question: TrustQuestion, known: bool) -> Asked {
        self.tell(Report::Untrusted(generation, question.clone())).await;
        let right = loop {
            match self.orders.recv().await {
                Some(Order::Trust(answer)) => break answer == Some(question.fingerprint) && question.may_be_right(),
                Some(Order::SignIn(sign_in)) => return Asked::Ended(Some(sign_in)),
                Some(Order::SignOut) | None => return Asked::Ended(None),
                // What was to be sent is in the outbox. Only an answer leads on.
                Some(Order::Send(_) | Order::RetryNow | Order::Reconnect) => {}
            }
        };
        let reason = match right.then(|| self.trust.accept(&question)) {
            Some(Ok(())) => return Asked::Again,
            Some(Err(Failed::Refused(problem) | Failed::Unreachable(problem))) => problem.message,
            Some(Err(Failed::Untrusted(_))) | None => question.refusal(),
        };
        if !known {
            self.tell(Report::SignInFailed(attempt::at_server(reason))).await;
            return Asked::Ended(None);
        }
        self.tell(Report::Halted(reason)).await;
        match retrying(&mut self.orders).await {
            Some(left) => Asked::Ended(left),
            None => Asked::Again,
        }
    }

    /// Carries frames both ways until the connection ends.
    async fn carry(&mut self, mut wire: Wire, generation: u64) -> Ended {
        let mut out = BytesMut::new();
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Send(frames)) => out.extend_from_slice(&frames),
                    Some(Order::SignOut) | None => {
                        // What was asked before goes out before.
                        out.extend_from_slice(&frame::frame_of(&Outgoing::Exit));
                        let _ = timeout(FLUSH_DEADLINE, wire.finish(&out)).await;
                        return Ended::Left;
                    }
                    Some(Order::SignIn(sign_in)) => return Ended::Replaced(sign_in),
                    Some(Order::Reconnect) => return Ended::Lost("the server sent something unreadable".into()),
                    Some(Order::RetryNow | Order::Trust(_)) => {}
                },
                json = wire.exchange(&mut out) => match json {
                    Ok(json) => {
                        let mut next = Some(json);
                        while let Some(json) = next {
                            // A client that is going takes nothing in; its last orders are still to be carried out.
                            let _ = self.report.send(Report::Frame(generation, json)).await;
                            next = match wire.buffered() {
                                Ok(next) => next,
                                Err(error) => return Ended::Lost(error.to_string()),
                            };
                        }
                        (self.wake)();
                    }
                    Err(error) => return Ended::Lost(error.to_string()),
                },
            }
        }
    }
}

/// Waits for the order that ends an attempt: the next sign-in, or none at all.
async fn leaving(orders: &mut mpsc::Receiver<Order>) -> Option<SignIn> {
    loop {
        match orders.recv().await {
            Some(Order::SignIn(sign_in)) => return Some(sign_in),
            Some(Order::SignOut) | None => return None,
            // What was to be sent is in the outbox, and goes out after the next login.
            Some(Order::Send(_) | Order::RetryNow | Order::Reconnect | Order::Trust(_)) => {}
        }
    }
}

/// Waits for the order that ends a pause: with what [`leaving`] gives, or with nothing to try again at once.
async fn retrying(orders: &mut mpsc::Receiver<Order>) -> Option<Option<SignIn>> {
    loop {
        match orders.recv().await {
            Some(Order::RetryNow) => return None,
            Some(Order::SignIn(sign_in)) => return Some(Some(sign_in)),
            Some(Order::SignOut) | None => return Some(None),
            Some(Order::Send(_) | Order::Reconnect | Order::Trust(_)) => {}
        }
    }
}

/// The pause before an attempt: doubled each time, and by chance up to a half shorter.
fn backoff(attempt: u32, random: u64) -> Duration {
    let full = BACKOFF_MIN.saturating_mul(1_u32 << attempt.min(10)).min(BACKOFF_MAX);
    full - full.mul_f64((random % 1_000) as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_to_its_limit_and_is_spread() {
        assert_eq!(backoff(0, 0), BACKOFF_MIN);
        assert_eq!(backoff(3, 0), BACKOFF_MIN * 8);
        assert_eq!(backoff(60, 0), BACKOFF_MAX);
        for random in [1, 500, 999, u64::MAX] {
            assert!(backoff(2, random) >= BACKOFF_MIN * 2 && backoff(2, random) <= BACKOFF_MIN * 4);
        }
    }
}
