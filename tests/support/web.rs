//! A peer that speaks WebSocket: objects as messages, or whatever bytes a test wants to send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

use super::Peer;

/// A request for a WebSocket, up to the empty line that ends it.
pub const HEAD: &str = "GET / HTTP/1.1\r\nHost: parlor\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A frame as clients send it: the first byte with the kind and whether it is the last, and what is in it.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ MASK[at % 4]));
    bytes
}

/// A peer over whatever carries its bytes.
pub struct Web<S = TcpStream> {
    pub socket: WebSocket<S>,
}

impl Web {
    pub fn open(address: SocketAddr) -> Self {
        Self::over(Peer::connect(address).stream)
    }
}

impl<S: Read + Write> Web<S> {
    pub fn over(stream: S) -> Self {
        match tungstenite::client::client("ws://parlor/", stream) {
            Ok((socket, _)) => Self { socket },
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }

    pub fn send(&mut self, value: &Value) {
        self.socket.send(Message::text(value.to_string())).unwrap();
    }

    /// Sends bytes that stand between the messages.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).unwrap();
    }

    /// The next object, or the code with which the server closes.
    pub fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(close)) => return Err(close.map_or(CloseCode::Status, |close| close.code).into()),
                Ok(Message::Binary(bytes)) => panic!("objects come as text: {bytes:?}"),
                Ok(_) => {}
                Err(Error::Io(error)) => panic!("no answer: {error}"),
                Err(error) => panic!("it ended without a word: {error}"),
            }
        }
    }

    pub fn receive(&mut self) -> Value {
        self.next().expect("the connection is open")
    }

    /// The next object of that purpose; others are passed over.
    pub fn until(&mut self, purpose: &str) -> Value {
        loop {
            let value = self.receive();
            if value["purpose"] == purpose {
                return value;
            }
        }
    }

    /// Sends a request and gives its reply.
    pub fn ask(&mut self, value: &Value) -> Value {
        self.send(value);
        self.until(value["purpose"].as_str().unwrap())
    }

    /// What a login is answered.
    pub fn try_login(&mut self, username: &str, password: &str) -> Value {
        self.ask(&json!({"purpose": "login", "username": username, "password": password}))
    }

    /// Logs in; everything up to `ready` is passed over.
    pub fn enter(mut self, username: &str, password: &str) -> Self {
        let reply = self.try_login(username, password);
        assert_eq!(reply["result"], true, "{reply}");
        self.until("ready");
        self
    }

    /// The code with which the server closes, whatever it says before.
    pub fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next() {
                return code;
            }
        }
    }
}
