//! One connection: bytes in, inputs out; queued frames out. It decides nothing.

mod incoming;
mod outbox;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use secrecy::zeroize::Zeroize as _;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use super::door::Caller;
use super::throttle::Buckets;
use super::transport::{Farewell, Read, Terms, Transport};
use crate::config::{
    FLUSH_DEADLINE, OUTBOX_PAUSE_BYTES, READ_MAX_BYTES, READ_MIN_BYTES, THROTTLED_EVERY, WEBSOCKET_PING_EVERY,
};
use crate::core::engine::Input;
use crate::core::session::SessionId;
use crate::proto::account::AccountCall;
use crate::proto::attachment::FileCall;
use crate::proto::event::{Code, Problem, Refusal, Throttled};
use crate::proto::frame::{self, Decoded};
use crate::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};
use crate::proto::request::{Call, Request};
use incoming::{Held, Incoming};
use outbox::Outbox;
pub use outbox::Pushed;

/// What a computer is told that sends its words as they are.
const PLAIN_TEXT: &str = "From other computers this server speaks TLS only: update the client, or turn encryption on.";

/// A connection, as the driver and its own task share it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    caller: Caller,
    outbox: Mutex<Outbox>,
    /// Something changed that the task must see: bytes that did not fit the socket, or the end.
    wake: Notify,
    /// What the account may ask, once it is known whose the connection is; nothing where there is no limit.
    admitted: OnceLock<Option<Arc<Buckets>>>,
    /// What may be asked before.
    stranger: Option<Arc<Buckets>>,
    /// Room for pieces of files among what waits for the engine. Who takes one out of there makes room again.
    pieces: Arc<Semaphore>,
    /// A watched queue became empty between two calls of [`Connection::flush`].
    drained: AtomicBool,
}

impl Connection {
    /// A connection over a stream that has just been accepted, what it may speak, and what it may ask before it has
    /// logged in, with the room that all have for pieces of files.
    pub fn new(
        stream: TcpStream,
        caller: Caller,
        terms: Terms,
        stranger: Option<Arc<Buckets>>,
        pieces: Arc<Semaphore>,
    ) -> Self {
        Self {
            stream,
            caller,
            outbox: Mutex::new(Outbox::new(Transport::new(terms))),
            wake: Notify::new(),
            admitted: OnceLock::new(),
            stranger,
            pieces,
            drained: AtomicBool::new(false),
        }
    }

    /// Whose it is, as far as the network tells.
    pub fn caller(&self) -> Caller {
        self.caller
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
        if outbox.is_full_for(frame.len()) {
            // A burst may be larger than the queue and still fit the socket.
            self.drained.fetch_or(outbox.flush(&self.stream), Ordering::Relaxed);
        }
        if outbox.is_full_for(frame.len()) {
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
        if outbox.is_unsettled() {
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
        self.outbox().transport.admit();
        self.wake.notify_one();
    }

    /// Whether somebody has logged in over it.
    pub fn is_admitted(&self) -> bool {
        self.admitted.get().is_some()
    }

    /// Nothing more is queued; the connection ends when the socket has taken what is.
    pub fn close(&self) {
        self.outbox().closing = true;
        self.wake.notify_one();
    }

    /// When it ends, that will be because the server does.
    pub fn going_away(&self) {
        self.outbox().transport.part(Farewell::GoingAway);
    }

    /// Serves the connection until it ends, and says so.
    pub async fn run(&self, session: SessionId, inputs: mpsc::Sender<Input>) {
        if inputs.send(Input::Opened(session, self.caller.origin())).await.is_ok() {
            // The error ends the connection, and that is all there is to say about it.
            let _ = self.serve(session, &inputs).await;
            let _ = inputs.send(Input::Closed(session)).await;
        }
    }

    async fn serve(&self, session: SessionId, inputs: &mpsc::Sender<Input>) -> Result<(), Ended> {
        let mut incoming = Incoming::new();
        let mut closing_since = None;
        let mut heard_out = false;
        let mut pinged = Instant::now();
        loop {
            let (waiting, ready, closing, hearing_out, ping) = {
                let mut outbox = self.outbox();
                if outbox.closing {
                    outbox.flush(&self.stream);
                }
                if outbox.is_over() {
                    return Err(Ended);
                }
                let ping = outbox.transport.is_pinged().then_some(pinged + WEBSOCKET_PING_EVERY);
                (outbox.waiting(), outbox.is_ready(), outbox.closing, outbox.is_hearing_out(), ping)
            };
            let held = incoming.held.as_ref().map(|held| held.until);
            let login = (!self.is_admitted()).then_some(incoming.patience.until);
            let until = match closing {
                true => Some(*closing_since.get_or_insert_with(|| Instant::now() + FLUSH_DEADLINE)),
                false => login.into_iter().chain(held).chain(ping).min(),
            };
            let more = !closing && !heard_out && held.is_none() && waiting <= OUTBOX_PAUSE_BYTES;
            tokio::select! {
                readable = self.stream.readable(), if more => {
                    readable.map_err(|_| Ended)?;
                    match self.read(&mut incoming.buffer)? {
                        Read::Came(_) => self.decode(session, &mut incoming, inputs).await?,
                        Read::Nothing => {}
                        Read::End => {
                            // Who has nothing more to say may still listen: it is as if it had said `exit`.
                            heard_out = true;
                            let exit = Request { id: None, call: Call::Exit };
                            inputs.send(Input::Request(session, exit)).await.map_err(|_| Ended)?;
                        }
                        Read::PlainText => self.part_with(&Problem::new(Code::TlsRequired, PLAIN_TEXT)),
                    }
                }
                readable = self.stream.readable(), if hearing_out => {
                    readable.map_err(|_| Ended)?;
                    self.read(&mut incoming.buffer)?;
                    incoming.buffer.clear();
                }
                writable = self.stream.writable(), if ready => {
                    writable.map_err(|_| Ended)?;
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
                    } else if ping.is_some_and(|ping| now >= ping) {
                        pinged = now;
                        let mut outbox = self.outbox();
                        outbox.transport.ping();
                        outbox.flush(&self.stream);
                    }
                }
            }
        }
    }

    /// Reads what is there.
    fn read(&self, buffer: &mut BytesMut) -> Result<Read, Ended> {
        if buffer.is_empty() && buffer.capacity() > READ_MAX_BYTES {
            *buffer = BytesMut::new();
        }
        self.outbox().transport.read(&self.stream, buffer).map_err(|_| Ended)
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
            self.hand_over(held.input, inputs).await?;
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
                        None => self.hand_over(input, inputs).await?,
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

    /// Gives an input to the engine as soon as there is room for it.
    async fn hand_over(&self, input: Input, inputs: &mpsc::Sender<Input>) -> Result<(), Ended> {
        if is_piece(&input) {
            self.pieces.acquire().await.map_err(|_| Ended)?.forget();
        }
        inputs.send(input).await.map_err(|_| Ended)
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
        // Bytes of files wait for a moment only, and nobody is writing them.
        let is_of_file = matches!(&incoming.held, Some(held) if is_of_file(&held.input));
        let mut outbox = self.outbox();
        if self.is_admitted()
            && !is_of_file
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
        outbox.transport.part(Farewell::Refused);
        outbox.closing = true;
    }
}

/// Whether it is a request about the bytes of a file.
fn is_of_file(input: &Input) -> bool {
    matches!(input, Input::Request(_, Request { call: Call::File(_), .. }))
}

/// Whether there is a piece of a file in it.
pub fn is_piece(input: &Input) -> bool {
    matches!(input, Input::Request(_, Request { call: Call::File(FileCall::UploadChunk { .. }), .. }))
}

/// The connection is over.
#[derive(Debug)]
struct Ended;
