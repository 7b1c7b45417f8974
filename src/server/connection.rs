//! One connection: bytes in, inputs out; queued frames out. It decides nothing.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use secrecy::zeroize::Zeroize as _;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use super::throttle::Buckets;
use crate::config::{
    FLUSH_DEADLINE, LOGIN_ANSWER_DEADLINE, LOGIN_DEADLINE, OUTBOX_MAX_BYTES, OUTBOX_PAUSE_BYTES, READ_MAX_BYTES,
    READ_MIN_BYTES, THROTTLED_EVERY,
};
use crate::core::engine::Input;
use crate::core::session::{Origin, SessionId};
use crate::proto::account::AccountCall;
use crate::proto::event::{Code, Problem, Refusal, Throttled};
use crate::proto::frame::{self, Decoded};
use crate::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};
use crate::proto::request::{Call, Request};

/// A connection, as the driver and its own task share it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    outbox: Mutex<Outbox>,
    /// Something changed that the task must see: bytes that did not fit the socket, or the end.
    wake: Notify,
    /// What the account may ask, once it is known whose the connection is; nothing where there is no limit.
    admitted: OnceLock<Option<Arc<Buckets>>>,
    /// What may be asked before.
    stranger: Option<Arc<Buckets>>,
    /// A watched queue became empty between two calls of [`Connection::flush`].
    drained: AtomicBool,
}

#[derive(Debug, Default)]
struct Outbox {
    bytes: Vec<u8>,
    /// What the socket has taken of them.
    taken: usize,
    /// Pushes are dropped: the session falls back to its cursor.
    overflowed: bool,
    /// Report when it is empty.
    watched: bool,
    /// Close when it is empty.
    closing: bool,
    /// The socket is gone.
    broken: bool,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is queued.
    Queued,
    /// It found the queue full and was dropped.
    Dropped,
    /// It was dropped after another one.
    DroppedAgain,
}

impl Outbox {
    fn waiting(&self) -> usize {
        self.bytes.len() - self.taken
    }

    fn put(&mut self, frame: &[u8]) {
        if !self.broken && !self.closing {
            self.bytes.extend_from_slice(frame);
        }
    }

    /// Gives the socket what it takes. True when that made an end of what was to be watched.
    fn flush(&mut self, stream: &TcpStream) -> bool {
        while self.waiting() > 0 {
            match stream.try_write(&self.bytes[self.taken..]) {
                Ok(0) => self.broken = true,
                Ok(n) => self.taken += n,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => self.broken = true,
            }
            if self.broken {
                self.taken = self.bytes.len();
            }
        }
        if self.taken == self.bytes.len() {
            self.taken = 0;
            self.bytes.clear();
            // An idle session holds on to next to nothing.
            self.bytes.shrink_to(READ_MIN_BYTES);
            return std::mem::take(&mut self.watched);
        }
        false
    }
}

impl Connection {
    /// A connection over a stream that has just been accepted, and what it may ask before it has logged in.
    pub fn new(stream: TcpStream, peer: SocketAddr, stranger: Option<Arc<Buckets>>) -> Self {
        Self {
            stream,
            peer,
            outbox: Mutex::default(),
            wake: Notify::new(),
            admitted: OnceLock::new(),
            stranger,
            drained: AtomicBool::new(false),
        }
    }

    /// Where it comes from. An address of the old kind, seen through the new one, is shown as what it is.
    fn origin(&self) -> Origin {
        let address = self.peer.ip().to_canonical();
        Origin { address: address.to_string().into(), here: address.is_loopback() }
    }

    fn outbox(&self) -> std::sync::MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame that must arrive.
    pub fn send(&self, frame: &[u8]) {
        self.outbox().put(frame);
    }

    /// Queues a frame unless the queue is full.
    pub fn push(&self, frame: &[u8]) -> Pushed {
        let mut outbox = self.outbox();
        if outbox.overflowed {
            return Pushed::DroppedAgain;
        }
        if outbox.waiting() + frame.len() > OUTBOX_MAX_BYTES {
            // A burst may be larger than the queue and still fit the socket.
            self.drained.fetch_or(outbox.flush(&self.stream), Ordering::Relaxed);
        }
        if outbox.waiting() + frame.len() > OUTBOX_MAX_BYTES {
            outbox.overflowed = true;
            return Pushed::Dropped;
        }
        outbox.put(frame);
        Pushed::Queued
    }

    /// The engine knows of the overflow: what it sends from here on is meant to arrive.
    pub fn overflow_handled(&self) {
        self.outbox().overflowed = false;
    }

    /// Gives the socket what it takes now; the task sees to the rest. True when a watched queue is empty by it.
    pub fn flush(&self) -> bool {
        let mut outbox = self.outbox();
        let drained = outbox.flush(&self.stream);
        if outbox.waiting() > 0 || outbox.closing || outbox.broken {
            self.wake.notify_one();
        }
        self.drained.swap(false, Ordering::Relaxed) || drained
    }

    /// From now on the queue reports when it is empty.
    pub fn watch_drained(&self) {
        self.outbox().watched = true;
    }

    /// The limits of a stranger end, and those of an account begin.
    pub fn admit(&self, buckets: Option<Arc<Buckets>>) {
        // There is one login for a connection.
        let _ = self.admitted.set(buckets);
        self.wake.notify_one();
    }

    fn is_admitted(&self) -> bool {
        self.admitted.get().is_some()
    }

    /// Nothing more is queued; the connection ends when the socket has taken what is.
    pub fn close(&self) {
        self.outbox().closing = true;
        self.wake.notify_one();
    }

    /// Serves the connection until it ends, and says so.
    pub async fn run(&self, session: SessionId, inputs: mpsc::Sender<Input>) {
        if inputs.send(Input::Opened(session, self.origin())).await.is_ok() {
            // The error ends the connection, and that is all there is to say about it.
            let _ = self.serve(session, &inputs).await;
            let _ = inputs.send(Input::Closed(session)).await;
        }
    }

    async fn serve(&self, session: SessionId, inputs: &mpsc::Sender<Input>) -> Result<(), Ended> {
        let mut incoming = Incoming::new();
        let mut closing_since = None;
        let mut heard_out = false;
        loop {
            let (waiting, closing, broken) = {
                let outbox = self.outbox();
                (outbox.waiting(), outbox.closing, outbox.broken)
            };
            if broken || (closing && waiting == 0) {
                return Err(Ended);
            }
            let held = incoming.held.as_ref().map(|held| held.until);
            let login = (!self.is_admitted()).then_some(incoming.patience.until);
            let until = match closing {
                true => Some(*closing_since.get_or_insert_with(|| Instant::now() + FLUSH_DEADLINE)),
                false => login.into_iter().chain(held).min(),
            };
            let more = !closing && !heard_out && held.is_none() && waiting <= OUTBOX_PAUSE_BYTES;
            tokio::select! {
                ready = self.stream.readable(), if more => {
                    ready.map_err(|_| Ended)?;
                    let got = self.read(&mut incoming.buffer)?;
                    if got == Some(0) {
                        // Who has nothing more to say may still listen: it is as if it had said `exit`.
                        heard_out = true;
                        let exit = Request { id: None, call: Call::Exit };
                        inputs.send(Input::Request(session, exit)).await.map_err(|_| Ended)?;
                    } else if got.is_some() {
                        self.decode(session, &mut incoming, inputs).await?;
                    }
                }
                ready = self.stream.writable(), if waiting > 0 => {
                    ready.map_err(|_| Ended)?;
                    let drained = self.outbox().flush(&self.stream);
                    if drained {
                        inputs.send(Input::Drained(session)).await.map_err(|_| Ended)?;
                    }
                }
                () = self.wake.notified() => {}
                () = sleep_until(until.unwrap_or(incoming.patience.until)), if until.is_some() => {
                    if closing {
                        return Err(Ended);
                    }
                    let now = Instant::now();
                    if login.is_some_and(|login| now >= login) {
                        let text = "No login came in time. Connect again and log in at once.";
                        self.part_with(&Problem::new(Code::LoginTimeout, text));
                    } else if held.is_some_and(|held| now >= held) {
                        self.decode(session, &mut incoming, inputs).await?;
                    }
                }
            }
        }
    }

    /// Reads what is there: how much, nothing at the end of the stream; none when nothing is there now.
    fn read(&self, buffer: &mut BytesMut) -> Result<Option<usize>, Ended> {
        if buffer.is_empty() && buffer.capacity() > READ_MAX_BYTES {
            *buffer = BytesMut::new();
        }
        // Only what came fills the buffer: who sends byte by byte must not make it grow.
        if buffer.capacity() - buffer.len() < READ_MIN_BYTES {
            buffer.reserve(READ_MIN_BYTES);
        }
        let room = buffer.capacity() - buffer.len();
        match self.stream.try_read_buf(buffer) {
            Ok(n) => {
                if n == room {
                    // The socket had more than fits: read more at a time from here on.
                    buffer.reserve((room * 2).min(READ_MAX_BYTES));
                }
                Ok(Some(n))
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(None),
            Err(_) => Err(Ended),
        }
    }

    /// Turns whole frames into inputs, until one has to wait for its turn.
    async fn decode(
        &self,
        session: SessionId,
        incoming: &mut Incoming,
        inputs: &mpsc::Sender<Input>,
    ) -> Result<(), Ended> {
        if let Some(held) = incoming.held.take() {
            if let Some(wait) = self.must_wait(&held.input) {
                self.hold(incoming, held.input, wait);
                return Ok(());
            }
            inputs.send(held.input).await.map_err(|_| Ended)?;
        }
        let buffer = &mut incoming.buffer;
        let mut held = None;
        let mut at = 0;
        while held.is_none() {
            let admitted = self.is_admitted();
            let max = if admitted { FRAME_MAX_BYTES } else { FRAME_BEFORE_LOGIN_MAX_BYTES };
            match frame::decode(&buffer[at..], max) {
                Ok(Decoded::Frame { json, end }) => {
                    let input = match Request::parse(&buffer[at..][json]) {
                        Ok(request) => {
                            if matches!(request.call, Call::Login(_) | Call::Account(AccountCall::Join(_))) {
                                incoming.patience.asked(Instant::now());
                            }
                            Input::Request(session, request)
                        }
                        Err(bad) => Input::Bad(session, bad),
                    };
                    // There is a password in it, or what was meant for one.
                    let may_be_secret = match &input {
                        Input::Request(_, request) => !admitted || matches!(request.call, Call::Account(_)),
                        _ => true,
                    };
                    if may_be_secret {
                        buffer[at..at + end].zeroize();
                    }
                    at += end;
                    match self.must_wait(&input) {
                        Some(wait) => held = Some((input, wait)),
                        None => inputs.send(input).await.map_err(|_| Ended)?,
                    }
                }
                Ok(Decoded::Incomplete { .. }) => break,
                Err(error) => {
                    self.part_with(&Problem::new(Code::BadFrame, error.to_string()));
                    at = buffer.len();
                    break;
                }
            }
        }
        bytes::Buf::advance(buffer, at);
        if buffer.is_empty() && buffer.capacity() > READ_MIN_BYTES * 4 {
            *buffer = BytesMut::new();
        }
        if let Some((input, wait)) = held {
            self.hold(incoming, input, wait);
        }
        Ok(())
    }

    /// How long until an input may be taken; nothing if it may be taken now, and then it is paid for.
    fn must_wait(&self, input: &Input) -> Option<Duration> {
        let buckets = self.admitted.get().unwrap_or(&self.stranger).as_ref()?;
        let call = match input {
            Input::Request(_, request) => Some(&request.call),
            _ => None,
        };
        buckets.take(call).err()
    }

    /// Keeps an input until it is paid for, and everything behind it. Its session is told, but not each time, and not
    /// while it takes nothing. Telling also finds out whether anybody is there still: nothing is read meanwhile.
    fn hold(&self, incoming: &mut Incoming, input: Input, wait: Duration) {
        let now = Instant::now();
        incoming.held = Some(Held { input, until: now + wait.min(THROTTLED_EVERY) });
        let mut outbox = self.outbox();
        if self.is_admitted()
            && outbox.waiting() <= OUTBOX_PAUSE_BYTES
            && incoming.told.is_none_or(|told| now >= told + THROTTLED_EVERY)
        {
            incoming.told = Some(now);
            let wait_ms = u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
            outbox.put(&frame::frame_of(&Throttled { wait_ms }));
        }
    }

    /// Says why, and ends the connection.
    fn part_with(&self, problem: &Problem) {
        let refusal = Refusal { purpose: "error", id: None, result: false, error: problem };
        let mut outbox = self.outbox();
        outbox.put(&frame::frame_of(&refusal));
        outbox.closing = true;
    }
}

/// What has come in and is not with the engine yet.
#[derive(Debug)]
struct Incoming {
    buffer: BytesMut,
    patience: Patience,
    /// What has to wait; nothing behind it is looked at, and nothing more is read.
    held: Option<Held>,
    /// When the session was last told that it has to wait.
    told: Option<Instant>,
}

impl Incoming {
    fn new() -> Self {
        let patience = Patience { until: Instant::now() + LOGIN_DEADLINE, asked: false };
        Self { buffer: BytesMut::new(), patience, held: None, told: None }
    }
}

/// An input that is not paid for.
#[derive(Debug)]
struct Held {
    input: Input,
    /// When to try again.
    until: Instant,
}

/// How long a stranger may stay.
#[derive(Debug)]
struct Patience {
    until: Instant,
    /// A login has come.
    asked: bool,
}

impl Patience {
    /// A login has come. The first one gives time for its success; whoever tries again and again gets no more.
    fn asked(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.asked, true) {
            self.until = now + LOGIN_ANSWER_DEADLINE;
        }
    }
}

/// The connection is over.
#[derive(Debug)]
struct Ended;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_to_log_in_again_and_again_holds_no_place_for_longer() {
        let start = Instant::now();
        let mut patience = Patience { until: start + LOGIN_DEADLINE, asked: false };
        for second in 0..100 {
            patience.asked(start + Duration::from_secs(second));
        }
        assert_eq!(patience.until, start + LOGIN_ANSWER_DEADLINE);
    }
}
