//! One connection: bytes in, inputs out; queued frames out. It decides nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::config::{
    FLUSH_DEADLINE, LOGIN_ANSWER_DEADLINE, LOGIN_DEADLINE, OUTBOX_MAX_BYTES, OUTBOX_PAUSE_BYTES, READ_MAX_BYTES,
    READ_MIN_BYTES,
};
use crate::core::engine::Input;
use crate::core::session::SessionId;
use crate::proto::event::{Code, Problem, Refusal};
use crate::proto::frame::{self, Decoded};
use crate::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};
use crate::proto::request::{Call, Request};

/// A connection, as the driver and its own task share it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    outbox: Mutex<Outbox>,
    /// Something changed that the task must see: bytes that did not fit the socket, or the end.
    wake: Notify,
    admitted: AtomicBool,
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
    /// A connection over a stream that has just been accepted.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            outbox: Mutex::default(),
            wake: Notify::new(),
            admitted: AtomicBool::new(false),
            drained: AtomicBool::new(false),
        }
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

    /// The limits of a stranger end.
    pub fn admit(&self) {
        self.admitted.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Nothing more is queued; the connection ends when the socket has taken what is.
    pub fn close(&self) {
        self.outbox().closing = true;
        self.wake.notify_one();
    }

    /// Serves the connection until it ends, and says so.
    pub async fn run(&self, session: SessionId, inputs: mpsc::Sender<Input>) {
        if inputs.send(Input::Opened(session)).await.is_ok() {
            // The error ends the connection, and that is all there is to say about it.
            let _ = self.serve(session, &inputs).await;
            let _ = inputs.send(Input::Closed(session)).await;
        }
    }

    async fn serve(&self, session: SessionId, inputs: &mpsc::Sender<Input>) -> Result<(), Ended> {
        let mut buffer = BytesMut::new();
        let mut deadline = Instant::now() + LOGIN_DEADLINE;
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
            let admitted = self.admitted.load(Ordering::Relaxed);
            let until = match closing {
                true => *closing_since.get_or_insert_with(|| Instant::now() + FLUSH_DEADLINE),
                false => deadline,
            };
            tokio::select! {
                ready = self.stream.readable(), if !closing && !heard_out && waiting <= OUTBOX_PAUSE_BYTES => {
                    ready.map_err(|_| Ended)?;
                    let got = self.read(&mut buffer)?;
                    if got == Some(0) {
                        // Who has nothing more to say may still listen: it is as if it had said `exit`.
                        heard_out = true;
                        let exit = Request { id: None, call: Call::Exit };
                        inputs.send(Input::Request(session, exit)).await.map_err(|_| Ended)?;
                    } else if got.is_some() {
                        let asked = self.decode(session, &mut buffer, inputs).await?;
                        if asked {
                            deadline = Instant::now() + LOGIN_ANSWER_DEADLINE;
                        }
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
                () = sleep_until(until), if closing || !admitted => {
                    if closing {
                        return Err(Ended);
                    }
                    let text = "No login came in time. Connect again and log in at once.";
                    self.part_with(&Problem::new(Code::LoginTimeout, text));
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

    /// Turns whole frames into inputs. True when a login was among them.
    async fn decode(
        &self,
        session: SessionId,
        buffer: &mut BytesMut,
        inputs: &mpsc::Sender<Input>,
    ) -> Result<bool, Ended> {
        let mut at = 0;
        let mut asked = false;
        loop {
            let admitted = self.admitted.load(Ordering::Relaxed);
            let max = if admitted { FRAME_MAX_BYTES } else { FRAME_BEFORE_LOGIN_MAX_BYTES };
            match frame::decode(&buffer[at..], max) {
                Ok(Decoded::Frame { json, end }) => {
                    let input = match Request::parse(&buffer[at..][json]) {
                        Ok(request) => {
                            asked |= matches!(request.call, Call::Login(_));
                            Input::Request(session, request)
                        }
                        Err(bad) => Input::Bad(session, bad),
                    };
                    at += end;
                    inputs.send(input).await.map_err(|_| Ended)?;
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
        Ok(asked)
    }

    /// Says why, and ends the connection.
    fn part_with(&self, problem: &Problem) {
        let refusal = Refusal { purpose: "error", id: None, result: false, error: problem };
        let mut outbox = self.outbox();
        outbox.put(&frame::frame_of(&refusal));
        outbox.closing = true;
    }
}

/// The connection is over.
#[derive(Debug)]
struct Ended;
