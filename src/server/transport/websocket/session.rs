//! A WebSocket without a socket: bytes of the network in and out on one side, bytes of frames on the other. The protocol
//! is `tungstenite`'s; here is what it means for a connection.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use secrecy::zeroize::Zeroize as _;
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Message, Utf8Bytes};

use super::head::{self, Head};
use crate::config::{READ_MAX_BYTES, READ_MIN_BYTES, WEBSOCKET_HELD_MAX_BYTES};
use crate::proto::frame::{self, Decoded};
use crate::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};
use crate::server::transport::{Farewell, WebOrigin};

/// The header of a frame that is over every limit. Who reads frames refuses it, and says why.
const TOO_LONG: &[u8] = b"$9999999999";

/// One WebSocket: ours.
#[derive(Debug)]
pub struct Session {
    origins: Arc<[WebOrigin]>,
    stage: Stage,
    context: WebSocketContext,
    wire: Wire,
    /// Why it ends, if the other side broke a rule; nothing more is read.
    fault: Option<(CloseCode, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The request has not come whole.
    Head,
    /// Messages go both ways.
    Open,
    /// Nothing more goes out but what is held.
    Over,
}

/// The network as `tungstenite` wants to see it.
#[derive(Debug, Default)]
struct Wire {
    incoming: BytesMut,
    outgoing: Vec<u8>,
    /// What comes may hold a password.
    secret: bool,
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            // More may come: an end would be one in the middle of something.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = into.len().min(self.incoming.len());
        into[..count].copy_from_slice(&self.incoming[..count]);
        if self.secret {
            self.incoming[..count].zeroize();
        }
        self.incoming.advance(count);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.outgoing.len() >= WEBSOCKET_HELD_MAX_BYTES {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What holds for somebody whose messages have at most so many bytes.
fn limits(config: &mut WebSocketConfig, max: usize) {
    config.max_message_size = Some(max);
    config.max_frame_size = Some(max);
    config.max_write_buffer_size = max + WEBSOCKET_HELD_MAX_BYTES;
}

impl Session {
    /// One of which nothing has come, open to pages of those origins and to whatever is no page.
    pub fn new(origins: Arc<[WebOrigin]>) -> Self {
        // Nothing waits in the library for more to go with it: what goes together is decided here.
        let mut config = WebSocketConfig::default().read_buffer_size(READ_MIN_BYTES).write_buffer_size(0);
        limits(&mut config, FRAME_BEFORE_LOGIN_MAX_BYTES);
        let context = WebSocketContext::new(Role::Server, Some(config));
        let wire = Wire { secret: true, ..Wire::default() };
        Self { origins, stage: Stage::Head, context, wire, fault: None }
    }

    /// Where bytes of the network are put before [`Session::take_in`].
    pub fn incoming(&mut self) -> &mut BytesMut {
        &mut self.wire.incoming
    }

    /// The bytes that are for the network.
    pub fn outgoing(&self) -> &[u8] {
        &self.wire.outgoing
    }

    /// The network has taken so many of them. What had no room follows.
    pub fn sent(&mut self, count: usize) {
        self.wire.outgoing.drain(..count.min(self.wire.outgoing.len()));
        if self.wire.outgoing.is_empty() {
            self.settle();
            // An idle session holds on to next to nothing.
            self.wire.outgoing.shrink_to(READ_MIN_BYTES);
        }
    }

    /// Whether messages can be written, or nothing any more.
    pub fn is_open(&self) -> bool {
        self.stage != Stage::Head
    }

    /// Whether it is there to be pinged.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Open && self.fault.is_none()
    }

    /// Whether nothing more is read from it.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over || self.fault.is_some()
    }

    /// Somebody has logged in over it: longer messages may come.
    pub fn admit(&mut self) {
        self.wire.secret = false;
        self.context.set_config(|config| limits(config, FRAME_MAX_BYTES));
    }

    /// Turns what has come into frames, behind what is in the buffer.
    pub fn take_in(&mut self, into: &mut BytesMut) {
        if self.stage == Stage::Head {
            self.read_head();
        }
        while !self.is_over() && self.stage == Stage::Open {
            match self.context.read(&mut self.wire) {
                Ok(Message::Text(text)) => frame_of(text.as_str(), into),
                Ok(Message::Binary(_)) => self.fail(CloseCode::Unsupported, "each message is text: one JSON object"),
                // Answered by the library as they are read.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) => {
                    self.settle();
                    self.stage = Stage::Over;
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    self.fail(CloseCode::Size, "the message is too long");
                    into.extend_from_slice(TOO_LONG);
                }
                Err(Error::Utf8(_)) => self.fail(CloseCode::Invalid, "text is UTF-8"),
                Err(_) => self.fail(CloseCode::Protocol, "this is not the WebSocket protocol"),
            }
        }
        if self.is_over() {
            self.wire.incoming.clear();
        }
        if self.wire.incoming.is_empty() && self.wire.incoming.capacity() > READ_MAX_BYTES {
            self.wire.incoming = BytesMut::new();
        }
    }

    fn read_head(&mut self) {
        match head::read(&self.wire.incoming, &self.origins) {
            Head::Incomplete => {}
            Head::Accepted { end, answer } => {
                self.wire.incoming.advance(end);
                self.wire.outgoing.extend_from_slice(&answer);
                self.stage = Stage::Open;
            }
            Head::Refused(refused) => self.refuse(refused),
        }
    }

    fn refuse(&mut self, refused: head::Refused) {
        self.wire.outgoing.extend_from_slice(&refused.answer());
        self.stage = Stage::Over;
    }

    fn fail(&mut self, code: CloseCode, why: &'static str) {
        tracing::debug!(code = u16::from(code), why, "a WebSocket that breaks a rule");
        self.fault = Some((code, why));
    }

    /// Takes whole frames from the beginning of some, as messages: how many bytes of them. As many as may be held, and
    /// one at least; all of them, for nobody, where it is over.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where what is held comes first, or the request is still to come;
    /// [`io::ErrorKind::InvalidData`] where there is no frame.
    pub fn put(&mut self, frames: &[u8]) -> io::Result<usize> {
        match self.stage {
            Stage::Head => return Err(io::ErrorKind::WouldBlock.into()),
            Stage::Over => return Ok(frames.len()),
            Stage::Open => self.settle(),
        }
        if !self.wire.outgoing.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut taken = 0;
        while taken < frames.len() && self.wire.outgoing.len() < WEBSOCKET_HELD_MAX_BYTES {
            let no_frame = || io::Error::from(io::ErrorKind::InvalidData);
            let Ok(Decoded::Frame { json, end }) = frame::decode(&frames[taken..], FRAME_MAX_BYTES) else {
                return Err(no_frame());
            };
            let text = std::str::from_utf8(&frames[taken..][json]).map_err(|_| no_frame())?;
            self.context.write(&mut self.wire, Message::Text(Utf8Bytes::from(text))).map_err(io::Error::other)?;
            taken += end;
        }
        Ok(taken)
    }

    /// Asks for a sign of life; what it is does not matter.
    pub fn ping(&mut self) {
        if self.is_live() && self.wire.outgoing.is_empty() {
            // There is room for it, and what keeps it from being written ends the connection elsewhere.
            let _ = self.context.write(&mut self.wire, Message::Ping(tungstenite::Bytes::new()));
        }
    }

    /// Nothing more is written: says so, and why.
    pub fn end(&mut self, farewell: Farewell) {
        match (self.stage, farewell) {
            (Stage::Head, Farewell::Refused) => self.refuse(head::LATE),
            (Stage::Head, Farewell::GoingAway) => self.refuse(head::ENDING),
            (Stage::Open, farewell) => {
                let (code, why) = self.fault.unwrap_or(match farewell {
                    Farewell::Done => (CloseCode::Normal, ""),
                    Farewell::GoingAway => (CloseCode::Away, "the server is shutting down"),
                    Farewell::Refused => (CloseCode::Policy, "the last message says why"),
                });
                // What has no room yet is written when it has, and who has gone needs no word.
                let _ = self.context.close(&mut self.wire, Some(CloseFrame { code, reason: why.into() }));
            }
            (Stage::Head | Stage::Over, _) => {}
        }
        self.stage = Stage::Over;
    }

    /// Lets the library write what it holds back: answers to pings, and goodbyes.
    fn settle(&mut self) {
        // What it cannot write now, it keeps; that it is closed is known here.
        let _ = self.context.flush(&mut self.wire);
    }
}

/// Appends a message as a frame. What is no JSON object cannot be in one, and is refused like an empty one.
fn frame_of(text: &str, into: &mut BytesMut) {
    let json = text.trim_ascii();
    let json = if json.starts_with('{') { json } else { "{}" };
    into.extend_from_slice(format!("${:<1$}", json.len(), frame::LEN_CHARS).as_bytes());
    into.extend_from_slice(json.as_bytes());
    into.extend_from_slice(b"$");
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    fn open() -> Session {
        let mut session = Session::new(Arc::new([]));
        take_in(&mut session, HEAD);
        assert!(session.is_live());
        session.sent(usize::MAX);
        session
    }

    fn take_in(session: &mut Session, bytes: &[u8]) -> BytesMut {
        let mut frames = BytesMut::new();
        session.incoming().extend_from_slice(bytes);
        session.take_in(&mut frames);
        frames
    }

    #[test]
    fn a_ping_goes_out_where_nothing_is_held_and_nowhere_else() {
        let mut session = open();
        session.ping();
        assert_eq!(session.outgoing(), b"\x89\x00");
        session.ping();
        assert_eq!(session.outgoing(), b"\x89\x00", "one is enough");
        let mut young = Session::new(Arc::new([]));
        young.ping();
        assert!(young.outgoing().is_empty() && !young.is_live());
        session.sent(2);
        session.end(Farewell::Done);
        let goodbye = session.outgoing().len();
        session.ping();
        assert_eq!(session.outgoing().len(), goodbye);
    }

    #[test]
    fn answers_to_pings_that_nobody_takes_are_bounded_and_come_before_messages() {
        let mut session = open();
        let ping = [&b"\x89\xfd\0\0\0\0"[..], &[b'p'; 125]].concat();
        for _ in 0..1_000 {
            assert!(take_in(&mut session, &ping.repeat(10)).is_empty());
            assert!(session.outgoing().len() < WEBSOCKET_HELD_MAX_BYTES + 200);
        }
        let frame = b"$2         {}$";
        assert_eq!(session.put(frame).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut sent = 0;
        while !session.outgoing().is_empty() {
            sent += session.outgoing().len();
            session.sent(usize::MAX);
        }
        let most = 2 * WEBSOCKET_HELD_MAX_BYTES + FRAME_BEFORE_LOGIN_MAX_BYTES + 300;
        assert!(sent <= most, "{sent} of {most}");
        assert_eq!(session.put(&frame.repeat(3)).unwrap(), 3 * frame.len());
        assert_eq!(session.outgoing(), b"\x81\x02{}".repeat(3));
    }

    #[test]
    fn as_many_messages_are_taken_as_may_be_held_and_one_at_least() {
        let mut session = open();
        let large = |len: usize| format!("${:<10}{{{}}}$", len, " ".repeat(len - 2)).into_bytes();
        let frames = [large(10_000), large(10_000), large(10_000)].concat();
        assert_eq!(session.put(&frames).unwrap(), frames.len() / 3 * 2);
        session.sent(usize::MAX);
        assert_eq!(session.put(&large(FRAME_MAX_BYTES)).unwrap_err().kind(), io::ErrorKind::Other, "to a stranger");
        let mut session = open();
        session.admit();
        assert_eq!(session.put(&large(FRAME_MAX_BYTES)).unwrap(), FRAME_MAX_BYTES + frame::HEADER_BYTES + 1);
        session.sent(usize::MAX);
        assert_eq!(session.put(b"$2         {").unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
