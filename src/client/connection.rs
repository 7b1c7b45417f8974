//! The client's connection: a thread of its own that connects, logs in, carries frames, and comes back by itself when
//! the server goes. The only file of the client that knows sockets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, error::TryRecvError, error::TrySendError};
use tokio::time::timeout;

use super::address::{self, Target};
use super::fold::sign_in_problem;
use super::model::{Field, SignInProblem};
use super::{Host, HostError};
use crate::clock;
use crate::config::{BACKOFF_MAX, BACKOFF_MIN, CONNECT_DEADLINE, READ_MAX_BYTES, SIGN_IN_DEADLINE, tune};
use crate::proto::event::{Code, Event, Problem};
use crate::proto::frame::{self, Decoded};
use crate::proto::ids::{Millis, Seq};
use crate::proto::limits::FRAME_MAX_BYTES;
use crate::proto::request::Outgoing;

/// The orders that may wait for the connection, and the reports that may wait for the window.
const QUEUE_MAX: usize = 4_096;

/// A socket that carries frames. What a window's connection is made of, and what measurements use directly.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
}

/// Why a [`Wire`] came to its end.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The socket.
    #[error("the connection was lost: {0}")]
    Io(#[from] std::io::Error),
    /// The other side closed it.
    #[error("the server closed the connection")]
    Closed,
    /// What came is not a frame.
    #[error("what answers there does not speak Parlor's protocol: {0}")]
    Frame(#[from] frame::FrameError),
}

impl Wire {
    /// Frames over a connected socket.
    pub fn new(stream: TcpStream) -> Self {
        tune(&stream);
        Self { stream, buffer: BytesMut::new() }
    }

    /// Writes ready-made frames.
    ///
    /// # Errors
    /// [`WireError::Io`].
    pub async fn write(&mut self, frames: &[u8]) -> Result<(), WireError> {
        Ok(self.stream.write_all(frames).await?)
    }

    /// The JSON of the next frame. Safe to give up waiting for: nothing is lost.
    ///
    /// # Errors
    /// [`WireError`].
    pub async fn read(&mut self) -> Result<Bytes, WireError> {
        loop {
            if let Some(json) = self.buffered()? {
                return Ok(json);
            }
            if self.buffer.capacity() - self.buffer.len() < READ_MAX_BYTES / 4 {
                self.buffer.reserve(READ_MAX_BYTES);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(WireError::Closed);
            }
        }
    }

    /// The JSON of the next frame, if it is here already.
    ///
    /// # Errors
    /// [`WireError::Frame`].
    pub fn buffered(&mut self) -> Result<Option<Bytes>, WireError> {
        match frame::decode(&self.buffer, FRAME_MAX_BYTES)? {
            Decoded::Incomplete { .. } => Ok(None),
            Decoded::Frame { json, end } => {
                let mut whole = self.buffer.split_to(end);
                whole.truncate(json.end);
                whole.advance(json.start);
                Ok(Some(whole.freeze()))
            }
        }
    }
}

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
    /// Send these frames, if logged in.
    Send(Vec<u8>),
}

/// What a login needs, kept in memory for reconnecting.
pub(super) struct SignIn {
    generation: u64,
    address: String,
    username: String,
    password: SecretString,
}

/// What the connection tells its client.
pub(super) enum Report {
    /// This process hosts the server now.
    Hosting(String),
    /// An attempt has begun.
    Connecting,
    /// The connection is lost, and the next attempt comes at a time.
    Waiting { until: Millis, reason: String },
    /// The attempt is given up.
    SignInFailed(SignInProblem),
    /// The JSON of a frame, and the number of the sign-in that it belongs to.
    Frame(u64, Bytes),
}

type Wake = Arc<dyn Fn() + Send + Sync>;
type Cursor = Arc<Mutex<Option<(String, Seq)>>>;

/// The client's end of the thread. Dropping it leaves the server, and ends a server that the thread hosts.
pub(super) struct Handle {
    orders: Option<mpsc::Sender<Order>>,
    reports: mpsc::Receiver<Report>,
    cursor: Cursor,
    wake: Wake,
    generation: u64,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Handle {
    pub(super) fn start(host: Option<Box<dyn Host>>, wake: Wake) -> std::io::Result<Self> {
        let (orders, ordered) = mpsc::channel(QUEUE_MAX);
        let (report, reports) = mpsc::channel(QUEUE_MAX);
        let cursor = Cursor::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
        let task = Task { host, orders: ordered, report, wake: Arc::clone(&wake), cursor: Arc::clone(&cursor) };
        let thread = std::thread::Builder::new().name("connection".into()).spawn(move || {
            runtime.block_on(task.run());
        })?;
        Ok(Self { orders: Some(orders), reports, cursor, wake, generation: 0, thread: Some(thread) })
    }

    pub(super) fn next(&mut self) -> Option<Report> {
        match self.reports.try_recv() {
            Ok(report) => Some(report),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    pub(super) fn wake(&self) {
        (self.wake)();
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

    pub(super) fn sign_in(&mut self, address: String, username: String, password: SecretString) {
        self.generation += 1;
        let _ = self.order(Order::SignIn(SignIn { generation: self.generation, address, username, password }));
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

struct Task {
    host: Option<Box<dyn Host>>,
    orders: mpsc::Receiver<Order>,
    report: mpsc::Sender<Report>,
    wake: Wake,
    cursor: Cursor,
}

/// Why an attempt did not lead to a login.
enum Failed {
    /// Trying again is of no use, or its person must decide.
    Refused(SignInProblem),
    /// The server is not there, or not now.
    Unreachable(SignInProblem),
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
        let mut known = false;
        loop {
            self.tell(Report::Connecting).await;
            let connected = tokio::select! {
                biased;
                order = leaving(&mut self.orders) => return order,
                connected = connect(&mut self.host, &self.report, &self.wake, &self.cursor, sign_in) => connected,
            };
            let reason = match connected {
                Ok((wire, welcome)) => {
                    (known, attempt) = (true, 0);
                    self.tell(Report::Frame(sign_in.generation, welcome)).await;
                    match self.carry(wire, sign_in.generation).await {
                        Ended::Left => return None,
                        Ended::Replaced(sign_in) => return Some(sign_in),
                        Ended::Lost(reason) => reason,
                    }
                }
                Err(Failed::Unreachable(problem)) if known => problem.message,
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
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Carries frames both ways until the connection ends.
    async fn carry(&mut self, mut wire: Wire, generation: u64) -> Ended {
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Send(frames)) => {
                        if let Err(error) = wire.write(&frames).await {
                            return Ended::Lost(error.to_string());
                        }
                    }
                    Some(Order::SignOut) | None => {
                        let _ = wire.write(&frame::frame_of(&Outgoing::Exit)).await;
                        return Ended::Left;
                    }
                    Some(Order::SignIn(sign_in)) => return Ended::Replaced(sign_in),
                    Some(Order::Reconnect) => return Ended::Lost("the server sent something unreadable".into()),
                    Some(Order::RetryNow) => {}
                },
                json = wire.read() => match json {
                    Ok(json) => {
                        let mut next = Some(json);
                        while let Some(json) = next {
                            if self.report.send(Report::Frame(generation, json)).await.is_err() {
                                return Ended::Left;
                            }
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
            Some(Order::Send(_) | Order::RetryNow | Order::Reconnect) => {}
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
            Some(Order::Send(_) | Order::Reconnect) => {}
        }
    }
}

/// The pause before an attempt: doubled each time, and by chance up to a half shorter.
fn backoff(attempt: u32, random: u64) -> Duration {
    let full = BACKOFF_MIN.saturating_mul(1_u32 << attempt.min(10)).min(BACKOFF_MAX);
    full - full.mul_f64((random % 1_000) as f64 / 2_000.0)
}

/// Connects and logs in; hosts a server on this computer first when none answers there and one is wanted.
async fn connect(
    host: &mut Option<Box<dyn Host>>,
    report: &mpsc::Sender<Report>,
    wake: &Wake,
    cursor: &Cursor,
    sign_in: &SignIn,
) -> Result<(Wire, Bytes), Failed> {
    let target = address::parse(&sign_in.address).map_err(|bad| Failed::Refused(at_server(bad.to_string())))?;
    let stream = match target {
        Target::There { host, port } => {
            let addresses = resolve(&host, port).await?;
            reach(&addresses).await.map_err(|error| unreachable(&format!("{host}, port {port}"), &error))?
        }
        Target::Here => match host.take() {
            None => {
                let addresses = crate::config::default_listen();
                reach(&addresses).await.map_err(|error| unreachable("this computer", &error))?
            }
            Some(taken) => {
                let (given_back, stream) = reach_here(taken, report, wake).await;
                *host = given_back;
                stream?
            }
        },
    };
    let mut wire = Wire::new(stream);
    let known = cursor.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let login = frame::frame_of(&Outgoing::Login {
        username: &sign_in.username,
        password: sign_in.password.expose_secret(),
        log: known.as_ref().map(|(log, _)| log.as_str()),
        after: known.as_ref().map(|(_, seq)| *seq),
    });
    let answer = async {
        wire.write(&login).await?;
        wire.read().await
    };
    let json = match timeout(SIGN_IN_DEADLINE, answer).await {
        Ok(Ok(json)) => json,
        Ok(Err(error)) => return Err(Failed::Unreachable(at_server(format!("{error}. Check the address.")))),
        Err(_) => {
            return Err(Failed::Unreachable(at_server("The server does not answer. Try again in a while.".into())));
        }
    };
    let strange =
        || Failed::Refused(at_server("What answers there does not speak Parlor's protocol. Check the address.".into()));
    match Event::parse(&json).map_err(|_| strange())? {
        Event::Login(Ok(_)) => Ok((wire, json)),
        Event::Login(Err(problem)) | Event::Problem(problem) => Err(refused(problem)),
        Event::Closing(closing) => Err(Failed::Unreachable(at_server(closing.reason))),
        _ => Err(strange()),
    }
}

fn refused(problem: Problem) -> Failed {
    match problem.code {
        Code::Busy => Failed::Unreachable(sign_in_problem(problem)),
        _ => Failed::Refused(sign_in_problem(problem)),
    }
}

fn at_server(message: String) -> SignInProblem {
    SignInProblem { field: Field::Server, message }
}

fn unreachable(place: &str, error: &std::io::Error) -> Failed {
    use std::io::ErrorKind;
    let message = match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!(
                "Nobody answers at {place}: no Parlor server runs there. Start one with `parlor --server`, or check the address."
            )
        }
        ErrorKind::TimedOut => {
            format!("{place} does not answer. Check the address, and that a firewall lets you through.")
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            format!("There is no way to {place} from here. Check the network.")
        }
        _ => format!("{place} cannot be reached: {error}."),
    };
    Failed::Unreachable(at_server(message))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failed> {
    let unknown = || {
        let text = format!("There is no computer named {host:?}. Check the spelling, or use its IP address.");
        Failed::Unreachable(at_server(text))
    };
    let found = timeout(CONNECT_DEADLINE, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<_> = found.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    if addresses.is_empty() { Err(unknown()) } else { Ok(addresses) }
}

/// Connects to the first address that answers; the error of the last one otherwise.
async fn reach(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(CONNECT_DEADLINE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = std::io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// Connects to the server on this computer, or becomes it.
async fn reach_here(
    mut host: Box<dyn Host>,
    report: &mpsc::Sender<Report>,
    wake: &Wake,
) -> (Option<Box<dyn Host>>, Result<TcpStream, Failed>) {
    let addresses = host.addresses();
    let error = match reach(&addresses).await {
        Ok(stream) => return (Some(host), Ok(stream)),
        Err(error) => error,
    };
    if error.kind() != std::io::ErrorKind::ConnectionRefused {
        return (Some(host), Err(unreachable("this computer", &error)));
    }
    let started = tokio::task::spawn_blocking(move || {
        let started = host.start();
        (host, started)
    });
    let Ok((host, started)) = started.await else {
        return (None, Err(Failed::Refused(at_server("Hosting on this computer failed.".into()))));
    };
    let result = match started {
        Ok(sentence) => {
            let _ = report.send(Report::Hosting(sentence)).await;
            wake();
            reach(&addresses).await.map_err(|error| unreachable("this computer", &error))
        }
        // Another window was faster, or is still letting go: it is looked for again.
        Err(HostError { taken: true, message }) => {
            reach(&addresses).await.map_err(|_| Failed::Unreachable(at_server(message)))
        }
        Err(HostError { taken: false, message }) => Err(Failed::Refused(at_server(message))),
    };
    (Some(host), result)
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
