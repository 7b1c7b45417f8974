//! What the tests share: a server in a process of its own or in this one, a raw peer, and waiting for events with a
//! deadline.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod agree;
pub mod desk;
pub mod front;
pub mod house;
pub mod place;
pub mod tls;
pub mod user;
pub mod web;

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before a test fails: far longer than it ever takes.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_parlor");

/// `parlor --server` in a process of its own; killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts one on a port of the system's choice.
    pub fn start(dir: &Path) -> Self {
        Self::start_on(dir, "127.0.0.1:0")
    }

    /// Starts one on an address.
    pub fn start_on(dir: &Path, listen: &str) -> Self {
        Self::start_on_all(dir, &[listen]).0
    }

    /// Starts one on several addresses; gives them with the ports that the system chose.
    pub fn start_on_all(dir: &Path, listen: &[&str]) -> (Self, Vec<SocketAddr>) {
        // Tests write faster than people.
        Self::start_with(dir, listen, &["--message-rate", "0"])
    }

    /// Starts one that lets nobody send faster than that many messages a second, after a burst.
    pub fn start_throttled(dir: &Path, per_second: &str, burst: &str) -> Self {
        let arguments = ["--message-rate", per_second, "--message-burst", burst];
        Self::start_with(dir, &["127.0.0.1:0"], &arguments).0
    }

    fn start_with(dir: &Path, listen: &[&str], arguments: &[&str]) -> (Self, Vec<SocketAddr>) {
        let mut child = Command::new(PROGRAM)
            .arg("--server")
            .args(arguments)
            .args(listen.iter().flat_map(|address| ["--listen", address]))
            .arg("--data-dir")
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let addresses = listen.iter().map(|_| {
            let line = lines.next().expect("a line for each address").unwrap();
            let address = line.strip_prefix("Listening on ").unwrap_or_else(|| panic!("no server: {line:?}"));
            address.parse().unwrap()
        });
        let addresses: Vec<SocketAddr> = addresses.collect();
        (Self { child, address: addresses[0] }, addresses)
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A peer that speaks raw bytes, over whatever carries them.
pub struct Peer<S = TcpStream> {
    pub stream: S,
    buffer: Vec<u8>,
}

impl Peer {
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Connects from another address of this computer: all that begin with 127 are.
    pub fn connect_from(from: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// Connects and logs in; everything up to `ready` is passed over.
    pub fn login(address: SocketAddr, username: &str, password: &str) -> Self {
        let mut peer = Self::connect(address);
        peer.send(&json!({"purpose": "login", "username": username, "password": password}));
        let reply = peer.receive();
        assert_eq!(reply["result"], true, "{reply}");
        peer.until("ready");
        peer
    }
}

impl<S: Read + Write> Peer<S> {
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn send(&mut self, value: &Value) {
        let json = value.to_string();
        self.send_raw(format!("${:<10}{json}$", json.len()).as_bytes());
    }

    /// The next frame; nothing once the server has closed the connection.
    pub fn try_receive(&mut self) -> Option<Value> {
        loop {
            if let Some(start) = self.buffer.iter().position(|&b| b == b'{') {
                let len: usize = std::str::from_utf8(&self.buffer[1..start]).unwrap().trim().parse().unwrap();
                if self.buffer.len() > start + len {
                    assert_eq!((self.buffer[0], self.buffer[start + len]), (b'$', b'$'));
                    assert_eq!(start, 11, "the length is padded to ten characters");
                    let value = serde_json::from_slice(&self.buffer[start..start + len]).unwrap();
                    self.buffer.drain(..=start + len);
                    return Some(value);
                }
            }
            let mut piece = [0; 65_536];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(n) => self.buffer.extend_from_slice(&piece[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    pub fn receive(&mut self) -> Value {
        self.try_receive().expect("the connection is open")
    }

    /// The next frame of that purpose; others are passed over.
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

    /// Whether the server closes the connection, whatever else it says before.
    pub fn is_closed(&mut self) -> bool {
        while self.try_receive().is_some() {}
        true
    }
}

/// How many records a new server writes for the accounts that it is seeded with.
pub const SEEDED: u64 = 3;

/// The records of a history, each line parsed, without the header and without those of accounts.
pub fn records(dir: &Path) -> Vec<Value> {
    let bytes = std::fs::read(dir.join("history.json")).unwrap();
    let array: Vec<Value> = serde_json::from_slice(&bytes).expect("the file is valid JSON");
    array.into_iter().skip(1).filter(|record| record["purpose"] != "account").collect()
}

/// Waits until something holds.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
