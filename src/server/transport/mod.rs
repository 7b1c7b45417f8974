//! Between a socket and the bytes of frames. The first byte of a connection decides what is there: `$` begins a frame,
//! 0x16 a TLS handshake, a capital letter a request of HTTP for a WebSocket. Within TLS the first byte decides again.
//! Nothing here waits: each call does what the socket allows at that moment.

pub mod tls;
mod web_origin;
pub mod websocket;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use rustls::ServerConfig;
use secrecy::zeroize::Zeroize as _;
use tokio::net::TcpStream;

use crate::config::{READ_MAX_BYTES, READ_MIN_BYTES};
use tls::Tls;
pub use web_origin::WebOrigin;
use websocket::WebSocket;

/// The first byte of a TLS connection: the kind of its first record, a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// What turns the bytes of a socket into those of frames, and back. Layers can stand on one another: what needs to look
/// at the first byte within TLS wraps [`Tls`] as it would wrap [`Plain`].
pub trait Layer: Debug + Send {
    /// Reads what has come, behind what is in the buffer: how much, and 0 at the end of the stream.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing for frames is there now; anything else ends the connection.
    fn read(&mut self, socket: &TcpStream, into: &mut BytesMut) -> io::Result<usize>;

    /// Takes the beginning of some bytes: how much. It may hold them until the socket takes them.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it takes none now; anything else ends the connection.
    fn write(&mut self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize>;

    /// Gives the socket what is held; true when nothing is.
    ///
    /// # Errors
    /// Whatever ends the connection.
    fn flush(&mut self, socket: &TcpStream) -> io::Result<bool>;

    /// Whether something is held that the socket has not taken.
    fn is_holding(&self) -> bool;

    /// Whether frames can be written at all: not before the two sides have agreed on how.
    fn is_open(&self) -> bool;

    /// Nothing more is written: says so to the other side, where there is a way to.
    fn end(&mut self, farewell: Farewell);

    /// Somebody has logged in: what held for a stranger is over.
    fn admit(&mut self) {}

    /// Whether it can be asked for a sign of life, and is to be.
    fn is_pinged(&self) -> bool {
        false
    }

    /// Asks for a sign of life, if nothing is held.
    fn ping(&mut self) {}

    /// Whether, when it has ended, the other side is given time to end as well: it may still be writing, and what was
    /// written to it would be lost if nobody read that.
    fn awaits_end(&self) -> bool {
        false
    }
}

/// Why nothing more is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Everything was said.
    Done,
    /// The server ends.
    GoingAway,
    /// The other side did what it may not; it has been told what.
    Refused,
}

/// Bytes as they are.
#[derive(Debug)]
struct Plain;

impl Layer for Plain {
    fn read(&mut self, socket: &TcpStream, into: &mut BytesMut) -> io::Result<usize> {
        // Only what came fills the buffer: who sends byte by byte must not make it grow.
        if into.capacity() - into.len() < READ_MIN_BYTES {
            into.reserve(READ_MIN_BYTES);
        }
        let room = into.capacity() - into.len();
        let came = socket.try_read_buf(into)?;
        if came == room {
            // The socket had more than fits: read more at a time from here on.
            into.reserve((room * 2).min(READ_MAX_BYTES));
        }
        Ok(came)
    }

    fn write(&mut self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        socket.try_write(bytes)
    }

    fn flush(&mut self, _: &TcpStream) -> io::Result<bool> {
        Ok(true)
    }

    fn is_holding(&self) -> bool {
        false
    }

    fn is_open(&self) -> bool {
        true
    }

    fn end(&mut self, _: Farewell) {}
}

/// What a connection may speak.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How TLS is spoken.
    pub tls: Arc<ServerConfig>,
    /// Plain text may be spoken, too.
    pub plain: bool,
    /// The pages that may open WebSockets, by where they come from.
    pub origins: Arc<[WebOrigin]>,
}

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes.
    Came(usize),
    /// Nothing for frames now.
    Nothing,
    /// The other side has nothing more to say.
    End,
    /// The other side speaks plain text and may not. Nothing of what it said is kept.
    PlainText,
}

/// The way between one socket and its frames.
#[derive(Debug)]
pub struct Transport {
    terms: Terms,
    /// Nothing before the first byte has come.
    layer: Option<Box<dyn Layer>>,
    /// The first byte within TLS, or without, has come.
    decided: bool,
    /// Why it ends, should it.
    farewell: Farewell,
    ended: bool,
}

impl Transport {
    /// One over a socket from which nothing has come.
    pub fn new(terms: Terms) -> Self {
        Self { terms, layer: None, decided: false, farewell: Farewell::Done, ended: false }
    }

    /// Reads what has come, behind what is in the buffer.
    ///
    /// # Errors
    /// The connection is over.
    pub fn read(&mut self, socket: &TcpStream, into: &mut BytesMut) -> io::Result<Read> {
        let read = match &mut self.layer {
            Some(layer) => layer.read(socket, into),
            None => match Plain.read(socket, into) {
                Ok(came) if came > 0 => match self.begin(into) {
                    Ok(true) => Ok(into.len()),
                    Ok(false) => return Ok(Read::PlainText),
                    // What came may be a whole handshake, or a part of one.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
                    Err(error) => return self.failed(socket, error),
                },
                other => other,
            },
        };
        let read = match read {
            Ok(came) if came > 0 && !self.decided => self.decide(socket, into),
            other => other,
        };
        match read {
            Ok(0) => Ok(Read::End),
            Ok(came) => Ok(Read::Came(came)),
            Err(error) if is_for_later(&error) => Ok(Read::Nothing),
            Err(error) => self.failed(socket, error),
        }
    }

    /// The other side learns why, if it takes it now.
    fn failed(&mut self, socket: &TcpStream, error: io::Error) -> io::Result<Read> {
        if let Some(layer) = &mut self.layer {
            let _ = layer.flush(socket);
        }
        Err(error)
    }

    /// Decides by the first byte; false for plain text where there may be none.
    fn begin(&mut self, came: &mut BytesMut) -> io::Result<bool> {
        if came.first() == Some(&TLS_HANDSHAKE) {
            let mut tls = Box::new(Tls::new(Arc::clone(&self.terms.tls))?);
            let taken = tls.take_in(came);
            came.clear();
            self.layer = Some(tls);
            return taken.and(Err(io::ErrorKind::WouldBlock.into()));
        }
        self.layer = Some(Box::new(Plain));
        if !self.terms.plain {
            // There may be a password in it.
            came.as_mut().zeroize();
            came.clear();
        }
        Ok(self.terms.plain)
    }

    /// Decides by the first byte that is not TLS's own; the buffer holds what has come, and gets what is for frames.
    fn decide(&mut self, socket: &TcpStream, came: &mut BytesMut) -> io::Result<usize> {
        self.decided = true;
        if !came.first().is_some_and(u8::is_ascii_uppercase) {
            return Ok(came.len());
        }
        let carrier = self.layer.take().unwrap_or_else(|| Box::new(Plain));
        let mut websocket = Box::new(WebSocket::new(carrier, Arc::clone(&self.terms.origins), came));
        came.clear();
        let taken = websocket.take_in(socket, came);
        self.layer = Some(websocket);
        taken
    }

    /// Takes the beginning of some bytes: how much.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it takes none now; anything else ends the connection.
    pub fn write(&mut self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.layer {
            Some(layer) => layer.write(socket, bytes),
            // Who has said nothing yet is taken to understand what needs no agreement.
            None if self.terms.plain => Plain.write(socket, bytes),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Gives the socket what is held; true when nothing is.
    ///
    /// # Errors
    /// The connection is over.
    pub fn flush(&mut self, socket: &TcpStream) -> io::Result<bool> {
        self.layer.as_mut().map_or(Ok(true), |layer| layer.flush(socket))
    }

    /// Whether something is held that the socket has not taken.
    pub fn is_holding(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.is_holding())
    }

    /// Whether frames can be written.
    pub fn is_open(&self) -> bool {
        self.layer.as_ref().map_or(self.terms.plain, |layer| layer.is_open())
    }

    /// Nothing more is written.
    pub fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true)
            && let Some(layer) = &mut self.layer
        {
            layer.end(self.farewell);
        }
    }

    /// Why nothing more will be written, where that is not for the usual reason.
    pub fn part(&mut self, farewell: Farewell) {
        self.farewell = farewell;
    }

    /// Somebody has logged in.
    pub fn admit(&mut self) {
        if let Some(layer) = &mut self.layer {
            layer.admit();
        }
    }

    /// Whether it is to be asked for a sign of life now and then.
    pub fn is_pinged(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.is_pinged())
    }

    /// Asks for a sign of life.
    pub fn ping(&mut self) {
        if let Some(layer) = &mut self.layer {
            layer.ping();
        }
    }

    /// Whether it has ended, and the other side has still to.
    pub fn awaits_end(&self) -> bool {
        self.ended && self.layer.as_ref().is_some_and(|layer| layer.awaits_end())
    }
}

/// Whether an error of a socket says that there is nothing wrong.
pub fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
