//! What waits for a connection's socket, and the transport that it goes through.

use socket2::SockRef;
use tokio::net::TcpStream;

use crate::config::{OUTBOX_MAX_BYTES, READ_MIN_BYTES};
use crate::server::transport::{Transport, is_for_later};

/// Frames on their way out. Limited by [`OUTBOX_MAX_BYTES`], answers aside; what the transport has taken beyond that is one
/// record of TLS at most, or some messages of a WebSocket.
#[derive(Debug)]
pub struct Outbox {
    /// What the bytes go through, and what is read comes through.
    pub transport: Transport,
    bytes: Vec<u8>,
    /// What the transport has taken of them.
    taken: usize,
    /// Pushes are dropped: the session falls back to its cursor.
    pub overflowed: bool,
    /// Report when it is empty.
    pub watched: bool,
    /// Close when it is empty.
    pub closing: bool,
    /// The other side knows that nothing more comes.
    shut: bool,
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
    /// An empty one.
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            bytes: Vec::new(),
            taken: 0,
            overflowed: false,
            watched: false,
            closing: false,
            shut: false,
            broken: false,
        }
    }

    /// The bytes that the transport has not taken.
    pub fn waiting(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether the socket can be given something as soon as it takes it.
    pub fn is_ready(&self) -> bool {
        self.transport.is_holding() || (self.waiting() > 0 && self.transport.is_open())
    }

    /// Whether the connection has nothing left to do but to end.
    pub fn is_over(&self) -> bool {
        self.broken || (self.has_said_all() && !self.transport.awaits_end())
    }

    /// Whether it is closing, and nothing is left to write.
    fn has_said_all(&self) -> bool {
        self.closing && self.waiting() == 0 && !self.transport.is_holding()
    }

    /// Whether there is nothing left to do but to wait for the other side's end.
    pub fn is_hearing_out(&self) -> bool {
        self.has_said_all() && self.transport.awaits_end()
    }

    /// Whether the task must look at it.
    pub fn is_unsettled(&self) -> bool {
        self.closing || self.broken || self.is_ready()
    }

    /// Whether a frame of that many bytes is too much.
    pub fn is_full_for(&self, bytes: usize) -> bool {
        self.waiting() + bytes > OUTBOX_MAX_BYTES
    }

    /// Queues a frame.
    pub fn put(&mut self, frame: &[u8]) {
        if !self.broken && !self.closing {
            self.bytes.extend_from_slice(frame);
        }
    }

    /// Gives the socket what it takes. True when that made an end of what was to be watched.
    pub fn flush(&mut self, socket: &TcpStream) -> bool {
        while self.waiting() > 0 && !self.broken {
            match self.transport.write(socket, &self.bytes[self.taken..]) {
                Ok(0) => self.broken = true,
                Ok(n) => self.taken += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if is_for_later(&error) => break,
                Err(_) => self.broken = true,
            }
        }
        if self.closing && (self.waiting() == 0 || !self.transport.is_open()) {
            // Two sides that never agreed on how to talk have nothing to tell each other.
            self.taken = self.bytes.len();
            self.transport.end();
        }
        self.broken |= self.transport.flush(socket).is_err();
        if self.is_hearing_out() && !std::mem::replace(&mut self.shut, true) {
            // What cannot be shut is gone.
            self.broken |= SockRef::from(socket).shutdown(std::net::Shutdown::Write).is_err();
        }
        if self.broken {
            self.taken = self.bytes.len();
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
