//! WebSockets: the same frames as everywhere, each as one text message, over plain text or TLS. `session` speaks the
//! protocol without a socket, `head` reads the request that it begins with; here they meet what carries them.

mod head;
pub mod session;

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::net::TcpStream;

use super::{Farewell, Layer, WebOrigin, is_for_later};
use session::Session;

/// A WebSocket over another layer.
#[derive(Debug)]
pub struct WebSocket {
    carrier: Box<dyn Layer>,
    session: Session,
    /// Our last word is said, why, and what comes is only waited for to end.
    ended: Option<Farewell>,
    /// What carries it knows that, too.
    carrier_ended: bool,
    /// The other side has closed.
    gone: bool,
}

impl WebSocket {
    /// One whose first bytes have come, over what carried them.
    pub fn new(carrier: Box<dyn Layer>, origins: Arc<[WebOrigin]>, came: &[u8]) -> Self {
        let mut session = Session::new(origins);
        session.incoming().extend_from_slice(came);
        Self { carrier, session, ended: None, carrier_ended: false, gone: false }
    }

    /// Takes in what was read. As [`Layer::read`].
    ///
    /// # Errors
    /// As [`Layer::read`].
    pub fn take_in(&mut self, socket: &TcpStream, into: &mut BytesMut) -> io::Result<usize> {
        let before = into.len();
        self.session.take_in(into);
        // The answer to the request, and those to pings.
        self.flush(socket)?;
        match into.len() - before {
            0 if self.session.is_over() => Ok(0),
            0 => Err(io::ErrorKind::WouldBlock.into()),
            came => Ok(came),
        }
    }
}

impl Layer for WebSocket {
    fn read(&mut self, socket: &TcpStream, into: &mut BytesMut) -> io::Result<usize> {
        if self.session.is_over() && self.ended.is_none() {
            return Ok(0);
        }
        if self.carrier.read(socket, self.session.incoming())? == 0 {
            self.gone = true;
            return Ok(0);
        }
        if self.ended.is_some() {
            self.session.incoming().clear();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.take_in(socket, into)
    }

    fn write(&mut self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        if !self.flush(socket)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.session.put(bytes)?;
        self.flush(socket)?;
        Ok(taken)
    }

    fn flush(&mut self, socket: &TcpStream) -> io::Result<bool> {
        while !self.session.outgoing().is_empty() {
            match self.carrier.write(socket, self.session.outgoing()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => self.session.sent(taken),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_for_later(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        if let (Some(farewell), false) = (self.ended, self.carrier_ended) {
            self.carrier_ended = true;
            self.carrier.end(farewell);
        }
        self.carrier.flush(socket)
    }

    fn is_holding(&self) -> bool {
        !self.session.outgoing().is_empty() || self.carrier.is_holding()
    }

    fn is_open(&self) -> bool {
        self.session.is_open()
    }

    fn admit(&mut self) {
        self.session.admit();
    }

    fn is_pinged(&self) -> bool {
        self.session.is_live()
    }

    fn ping(&mut self) {
        self.session.ping();
    }

    fn end(&mut self, farewell: Farewell) {
        self.session.end(farewell);
        self.ended = Some(farewell);
    }

    fn awaits_end(&self) -> bool {
        !self.gone
    }
}
