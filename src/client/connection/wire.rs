//! A socket that carries frames.

use std::io::ErrorKind;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::{READ_MAX_BYTES, tune};
use crate::proto::frame::{self, Decoded};
use crate::proto::limits::FRAME_MAX_BYTES;

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

    /// Writes the last frames, and takes in what still comes until the other side closes. A socket that is closed with
    /// something unread is reset, and a reset may overtake what was written.
    ///
    /// # Errors
    /// [`WireError::Io`].
    pub async fn finish(mut self, frames: &[u8]) -> Result<(), WireError> {
        self.stream.write_all(frames).await?;
        self.stream.shutdown().await?;
        loop {
            self.buffer.clear();
            self.buffer.reserve(READ_MAX_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(());
            }
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
            let moved = tokio::select! {
                ready = self.stream.readable() => {
                    ready?;
                    if self.buffer.capacity() - self.buffer.len() < READ_MAX_BYTES / 4 {
                        self.buffer.reserve(READ_MAX_BYTES);
                    }
                    match self.stream.try_read_buf(&mut self.buffer) {
                        Ok(0) => return Err(WireError::Closed),
                        moved => moved.map(|_| ()),
                    }
                }
                ready = self.stream.writable(), if !out.is_empty() => {
                    ready?;
                    self.stream.try_write(out).map(|taken| out.advance(taken))
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
