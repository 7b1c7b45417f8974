//! TLS over a socket that does not wait. What it holds at a time is bounded: one record that the socket has not taken, and
//! one that has not come whole.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use bytes::BytesMut;
use rustls::{ServerConfig, ServerConnection};
use tokio::net::TcpStream;

use super::{Farewell, Layer, is_for_later};
use crate::config::{TLS_HELD_MAX_BYTES, TLS_WRITE_MAX_BYTES};

/// One side of a TLS connection: ours.
#[derive(Debug)]
pub struct Tls {
    session: ServerConnection,
}

/// A socket as the TLS library wants to see it.
struct Adapter<'a>(&'a TcpStream);

impl io::Read for Adapter<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl io::Write for Adapter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tls {
    /// One that has seen nothing.
    ///
    /// # Errors
    /// When the configuration is no good for a connection.
    pub fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        session.set_buffer_limit(Some(TLS_HELD_MAX_BYTES));
        Ok(Self { session })
    }

    /// Takes in what was read from the socket to find out that it is TLS.
    ///
    /// # Errors
    /// It is not.
    pub fn take_in(&mut self, mut came: &[u8]) -> io::Result<()> {
        while !came.is_empty() {
            self.session.read_tls(&mut came)?;
            self.process()?;
        }
        Ok(())
    }

    /// Looks at the records that have come whole. An error leaves word for the other side of what is wrong.
    fn process(&mut self) -> io::Result<usize> {
        let state = self.session.process_new_packets();
        let state = state.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(state.plaintext_bytes_to_read())
    }
}

impl Layer for Tls {
    fn read(&mut self, socket: &TcpStream, into: &mut BytesMut) -> io::Result<usize> {
        // Once a call: who sends records without end, with nothing in them, takes turns with the others.
        self.session.read_tls(&mut Adapter(socket))?;
        let clear = self.process()?;
        // Answers of the handshake.
        self.flush(socket)?;
        // As much as is there, so that a small request makes no large buffer.
        let start = into.len();
        into.resize(start + clear, 0);
        let read = match clear {
            0 => self.session.reader().read(&mut [0]),
            _ => self.session.reader().read(&mut into[start..]),
        };
        into.truncate(start + read.as_ref().map_or(0, |read| *read));
        match read {
            // Whether or not the other side has said goodbye: requests that came whole count, and no others.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        }
    }

    fn write(&mut self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        // What is sealed cannot be taken back when its reader is too slow, so there is never much of it.
        if !self.flush(socket)? || self.session.is_handshaking() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.session.writer().write(&bytes[..bytes.len().min(TLS_WRITE_MAX_BYTES)])?;
        self.flush(socket)?;
        Ok(taken)
    }

    fn flush(&mut self, socket: &TcpStream) -> io::Result<bool> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Adapter(socket)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_for_later(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn is_holding(&self) -> bool {
        self.session.wants_write()
    }

    fn is_open(&self) -> bool {
        !self.session.is_handshaking()
    }

    fn end(&mut self, _: Farewell) {
        self.session.send_close_notify();
    }
}
