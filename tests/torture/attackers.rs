//! Those who scan a server from elsewhere: each thread is one address that goes on in its own way until it is told to
//! stop, and then leaves its connections as they are. Whatever they say has a canary in it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::outside::knock;
use crate::support::tls::{Encrypted, over};

/// Stands in everything that attackers say: names, passwords, frames, bytes that are none, the name of a server.
pub const CANARY: &str = "zq7scanner";

/// What there is to tell when they have stopped.
#[derive(Debug, Default)]
pub struct Seen {
    /// Connections that came about.
    pub connections: AtomicU64,
    /// Wrong passwords that were refused as wrong, and those refused unlooked at.
    pub wrong: AtomicU64,
    pub slowed: AtomicU64,
    pub busy: AtomicU64,
    /// Plain text that was answered with `tls_required`.
    pub sent_to_tls: AtomicU64,
    /// Frames that were too long, and answered so.
    pub too_long: AtomicU64,
    /// Right passwords that everybody knows, refused for that.
    pub demo: AtomicU64,
    /// Answers that should not have been.
    pub strange: std::sync::Mutex<Vec<String>>,
}

impl Seen {
    /// Whether the server has turned away every kind of attack.
    pub fn has_all(&self) -> bool {
        let kinds = [&self.wrong, &self.slowed, &self.sent_to_tls, &self.too_long, &self.demo];
        kinds.iter().all(|seen| seen.load(Ordering::Relaxed) > 0)
    }
}

/// A connection of an attacker, in whatever state.
pub enum Left {
    Open(TcpStream),
    Sealed(Box<Encrypted>),
}

/// Where an attacker stands, and whom they attack.
pub struct Attacker<'a> {
    pub from: Ipv4Addr,
    pub server: SocketAddr,
    /// Names of people who have accounts.
    pub names: &'a [&'a str],
    /// How often those strike who are quick.
    pub every: Duration,
    pub over: &'a AtomicBool,
    pub seen: &'a Seen,
}

/// What one does until it is over, and the connections that are left of it.
pub type Way = fn(&Attacker<'_>) -> Vec<Left>;

/// All of them.
pub const WAYS: [Way; 10] = [
    |it| it.guess(),
    |it| it.probe(),
    |it| it.say_nothing(),
    |it| it.dribble(),
    |it| it.exceed(),
    |it| it.stop_halfway(),
    |it| it.speak_openly(),
    |it| it.come_and_go(),
    |it| it.crowd(),
    |it| it.know_the_demonstration(),
];

fn frame(json: &str) -> Vec<u8> {
    format!("${:<10}{json}$", json.len()).into_bytes()
}

/// The next answer; an error at the end of the connection.
fn answer(stream: &mut impl io::Read) -> io::Result<Value> {
    let mut head = [0; 11];
    stream.read_exact(&mut head)?;
    let len = std::str::from_utf8(&head[1..]).ok().and_then(|len| len.trim().parse().ok());
    let mut json = vec![0; len.ok_or(io::ErrorKind::InvalidData)?];
    stream.read_exact(&mut json)?;
    stream.read_exact(&mut [0])?;
    Ok(serde_json::from_slice(&json)?)
}

impl Attacker<'_> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn knock(&self) -> io::Result<TcpStream> {
        let stream = knock(self.from, self.server);
        self.seen.connections.fetch_add(u64::from(stream.is_ok()), Ordering::Relaxed);
        stream
    }

    fn knock_sealed(&self) -> io::Result<Box<Encrypted>> {
        Ok(Box::new(over(self.knock()?, &format!("{CANARY}.example"))))
    }

    /// Does something again and again, each time over another connection.
    fn again(&self, every: Duration, mut act: impl FnMut(u64) -> io::Result<()>) -> Vec<Left> {
        for n in 0.. {
            if self.is_over() {
                break;
            }
            // That they are turned away is what is hoped for.
            let _ = act(n);
            std::thread::park_timeout(every);
        }
        Vec::new()
    }

    /// Tries to log in with names and passwords that come with a number, for as long as it is let.
    fn log_in(&self, mut names: impl FnMut(u64) -> String) -> Vec<Left> {
        let mut n = 0;
        self.again(self.every, |_| {
            let mut stream = self.knock_sealed()?;
            while !self.is_over() {
                n += 1;
                let login = json!({"purpose": "login", "username": names(n), "password": format!("{CANARY} {n}")});
                stream.write_all(&frame(&login.to_string()))?;
                let answer = answer(&mut stream)?;
                let count = match answer["error"]["code"].as_str() {
                    Some("wrong_credentials") => &self.seen.wrong,
                    Some("slow_down") => &self.seen.slowed,
                    Some("busy") => &self.seen.busy,
                    // It has been there for as long as it may.
                    Some("login_timeout") => return Ok(()),
                    _ => return self.wonder(&answer),
                };
                count.fetch_add(1, Ordering::Relaxed);
                std::thread::park_timeout(self.every);
            }
            Ok(())
        })
    }

    fn wonder(&self, answer: &Value) -> io::Result<()> {
        self.seen.strange.lock().unwrap().push(answer.to_string());
        Ok(())
    }

    /// Tries passwords for people who have accounts.
    pub fn guess(&self) -> Vec<Left> {
        self.log_in(|n| self.names[n as usize % self.names.len()].into())
    }

    /// Tries names that nobody has.
    pub fn probe(&self) -> Vec<Left> {
        self.log_in(|n| format!("{CANARY} {} {n}", self.from))
    }

    /// Keeps connections, and replaces each that has ended.
    fn keep(
        &self,
        count: usize,
        mut open: impl FnMut(usize) -> io::Result<Left>,
        each: impl Fn(&mut Left),
    ) -> Vec<Left> {
        let mut kept: Vec<Left> = Vec::new();
        while !self.is_over() {
            kept.extend((kept.len()..count).map_while(|n| open(n).ok()));
            kept.iter_mut().for_each(&each);
            kept.retain(|left| !left.has_ended());
            std::thread::park_timeout(Duration::from_secs(1));
        }
        kept
    }

    fn say_nothing(&self) -> Vec<Left> {
        self.keep(30, |_| Ok(Left::Open(self.knock()?)), |_| ())
    }

    /// A byte a second: of a handshake, or in TLS of a frame.
    fn dribble(&self) -> Vec<Left> {
        let open = |n| {
            let mut stream = match n % 2 {
                0 => return Ok(Left::Open(self.knock()?)),
                _ => self.knock_sealed()?,
            };
            stream.write_all(b"$4000      {\"")?;
            Ok(Left::Sealed(stream))
        };
        let byte = |left: &mut Left| {
            let _ = match left {
                Left::Open(stream) => stream.write(&[0x16]),
                Left::Sealed(stream) => stream.write(&CANARY.as_bytes()[..1]),
            };
        };
        self.keep(30, open, byte)
    }

    fn exceed(&self) -> Vec<Left> {
        self.again(self.every, |n| {
            let mut stream = self.knock_sealed()?;
            let len = [4_097_u64, 99_999_999_999, 262_144][n as usize % 3];
            let _ = stream.write_all(format!("${len:<10}{{{CANARY}").as_bytes());
            let _ = stream.write_all(CANARY.repeat(2_000).as_bytes());
            let answer = answer(&mut stream)?;
            if answer["error"]["code"] != "bad_frame" {
                return self.wonder(&answer);
            }
            self.seen.too_long.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    /// A part of a handshake, all of it and nothing then, or what begins like one.
    fn stop_halfway(&self) -> Vec<Left> {
        let open = |n| {
            let mut stream = self.knock_sealed()?;
            let mut hello = Vec::new();
            match n % 3 {
                0 => stream.flush()?,
                1 => {
                    stream.conn.write_tls(&mut hello)?;
                    stream.sock.write_all(&hello[..hello.len() / 2])?;
                }
                _ => stream.sock.write_all(format!("\x16{CANARY}").as_bytes())?,
            }
            Ok(Left::Sealed(stream))
        };
        self.keep(30, open, |_| ())
    }

    fn speak_openly(&self) -> Vec<Left> {
        self.again(self.every, |n| {
            let mut stream = self.knock()?;
            let login = json!({"purpose": "login", "username": self.names[0], "password": format!("{CANARY} {n}")});
            let said = match n % 3 {
                0 => frame(&login.to_string()),
                1 => format!("{CANARY}\n").into_bytes(),
                _ => format!("GET /{CANARY} HTTP/1.1\r\n\r\n").into_bytes(),
            };
            stream.write_all(&said)?;
            let answer = answer(&mut stream)?;
            if answer["error"]["code"] != "tls_required" {
                return self.wonder(&answer);
            }
            self.seen.sent_to_tls.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    fn come_and_go(&self) -> Vec<Left> {
        self.again(self.every, |n| {
            let stream = self.knock()?;
            // Half of them with a reset.
            let linger = (n % 2 == 0).then_some(Duration::ZERO);
            socket2::SockRef::from(&stream).set_linger(linger)
        })
    }

    /// The password of an account that a new server comes with.
    fn know_the_demonstration(&self) -> Vec<Left> {
        self.again(self.every * 20, |_| {
            let mut stream = self.knock_sealed()?;
            stream.write_all(&frame(r#"{"purpose":"login","username":"Demo","password":"123"}"#))?;
            let answer = answer(&mut stream)?;
            match answer["error"]["code"].as_str() {
                Some("demo_account") => self.seen.demo.fetch_add(1, Ordering::Relaxed),
                Some("busy") => self.seen.busy.fetch_add(1, Ordering::Relaxed),
                _ => return self.wonder(&answer),
            };
            Ok(())
        })
    }

    /// More than one address may have.
    fn crowd(&self) -> Vec<Left> {
        self.keep(600, |_| Ok(Left::Open(self.knock()?)), |_| ())
    }
}

impl Left {
    /// Whether the server has ended it.
    pub fn has_ended(&self) -> bool {
        let socket = match self {
            Self::Open(stream) => stream,
            Self::Sealed(stream) => &stream.sock,
        };
        let _ = socket.set_nonblocking(true);
        let ended = loop {
            match (&*socket).read(&mut [0; 4_096]) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() != io::ErrorKind::WouldBlock,
            }
        };
        let _ = socket.set_nonblocking(false);
        ended
    }
}
