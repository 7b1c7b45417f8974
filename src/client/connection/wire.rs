//! A socket that carries frames, as they are or within TLS.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::config::{READ_MAX_BYTES, tune};
use crate::proto::frame::{self, Decoded};
use crate::proto::limits::FRAME_MAX_BYTES;

/// A socket that carries frames. What a window's connection is made of, and what measurements use directly.
#[derive(Debug)]
pub struct Wire {
    stream: Stream,
    buffer: BytesMut,
}

/// What frames travel on.
#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

/// TLS over a socket.
#[derive(Debug)]
struct Tls {
    stream: TlsStream<TcpStream>,
    /// Something is encrypted and not with the socket yet.
    unflushed: bool,
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
        Self { stream: Stream::Plain(stream), buffer: BytesMut::new() }
    }

    /// Frames within TLS, once both sides have agreed on it.
    pub fn within(stream: TlsStream<TcpStream>) -> Self {
        tune(stream.get_ref().0);
        Self { stream: Stream::Tls(Box::new(Tls { stream, unflushed: false })), buffer: BytesMut::new() }
    }

    /// Writes ready-made frames.
    ///
    /// # Errors
    /// [`WireError::Io`].
    pub async fn write(&mut self, frames: &[u8]) -> Result<(), WireError> {
        match &mut self.stream {
            Stream::Plain(stream) => Ok(stream.write_all(frames).await?),
            Stream::Tls(tls) => {
                tls.unflushed = true;
                tls.stream.write_all(frames).await?;
                tls.stream.flush().await?;
                tls.unflushed = false;
                Ok(())
            }
        }
    }

    /// Writes the last frames, and takes in what still comes until the other side closes. A socket that is closed with
    /// something unread is reset, and a reset may overtake what was written.
    ///
    /// # Errors
    /// [`WireError::Io`].
    pub async fn finish(self, frames: &[u8]) -> Result<(), WireError> {
        match self.stream {
            Stream::Plain(stream) => finish_on(stream, self.buffer, frames).await,
            Stream::Tls(tls) => finish_on(tls.stream, self.buffer, frames).await,
        }
    }

    /// The JSON of the next frame. Safe to give up waiting for: nothing is lost.
    ///
    /// # Errors
    /// [`WireError`].
    pub async fn read(&mut self) -> Result<Bytes, WireError> {
        self.exchange(&mut BytesMut::new()).await
    }

    /// The JSON of the next frame; until it comes, the socket is given what it takes of `out`. Two sides that only
    /// write would wait for each other. Safe to give up waiting for.
    ///
    /// # Errors
    /// [`WireError`].
    pub async fn exchange(&mut self, out: &mut BytesMut) -> Result<Bytes, WireError> {
        loop {
            if let Some(json) = self.buffered()? {
                return Ok(json);
            }
            let stream = match &mut self.stream {
                Stream::Plain(stream) => stream,
                Stream::Tls(tls) => {
                    poll_fn(|cx| tls.poll_move(cx, &mut self.buffer, out)).await?;
                    continue;
                }
            };
            let moved = tokio::select! {
                ready = stream.readable() => {
                    ready?;
                    make_room(&mut self.buffer);
                    match stream.try_read_buf(&mut self.buffer) {
                        Ok(0) => return Err(WireError::Closed),
                        moved => moved.map(|_| ()),
                    }
                }
                ready = stream.writable(), if !out.is_empty() => {
                    ready?;
                    stream.try_write(out).map(|taken| out.advance(taken))
                }
            };
            match moved {
                Err(error) if error.kind() != ErrorKind::WouldBlock && error.kind() != ErrorKind::Interrupted => {
                    return Err(error.into());
                }
                _ => {}
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

impl Tls {
    /// Gives the socket what it takes of `out`, and waits for something to read. Whatever has moved is remembered here
    /// and in the two buffers, so that it can be given up at any time.
    fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Poll<Result<(), WireError>> {
        while !out.is_empty() {
            let Poll::Ready(taken) = Pin::new(&mut self.stream).poll_write(cx, out) else { break };
            match taken? {
                0 => return Poll::Ready(Err(WireError::Closed)),
                taken => out.advance(taken),
            }
            self.unflushed = true;
        }
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            flushed?;
            self.unflushed = false;
        }
        make_room(buffer);
        let read = pin!(self.stream.read_buf(buffer)).poll(cx);
        read.map(|read| match read {
            Ok(0) => Err(WireError::Closed),
            // Frames tell themselves where they end: a connection that is cut cuts none short unnoticed.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(WireError::Closed),
            read => Ok(read.map(|_| ())?),
        })
    }
}

fn make_room(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < READ_MAX_BYTES / 4 {
        buffer.reserve(READ_MAX_BYTES);
    }
}

/// See [`Wire::finish`].
async fn finish_on<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    mut buffer: BytesMut,
    frames: &[u8],
) -> Result<(), WireError> {
    stream.write_all(frames).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    loop {
        buffer.clear();
        buffer.reserve(READ_MAX_BYTES);
        match stream.read_buf(&mut buffer).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => return end_of(error),
        }
    }
}

/// What the end of a connection means that was to end: one that ends without the farewell of TLS has ended.
fn end_of(error: io::Error) -> Result<(), WireError> {
    if error.kind() == ErrorKind::UnexpectedEof { Ok(()) } else { Err(error.into()) }
}
