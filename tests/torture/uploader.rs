//! One who sends files as fast as it goes, over several connections: what others notice, at the pace that a server comes
//! with and without any. And files that are brought while the server is killed again and again: what was answered as
//! whole can be sent, and what was sent can be fetched.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parlor::proto::limits::FILE_CHUNK_MAX_BYTES;
use serde_json::{Value, json};

use super::rig::{Chance, PASSWORD, Probe, check, choose, people, quantile_ms, say, start, try_send};
use crate::support::{Peer, Server};

/// So many write in turn that none of them is held up.
const WRITERS: usize = 40;
/// How many files are brought at once.
const FILES: usize = 4;
/// How many pieces each of them has.
const PIECES: usize = 128;

#[test]
fn beside_an_upload_others_are_heard() {
    let throttled = beside_an_upload("as it comes", "10");
    let free = beside_an_upload("without a limit", "0");
    assert!(throttled > 0 && free > 0, "both came");
}

/// Says what others notice of uploads at a pace. How many bytes of them came.
fn beside_an_upload(name: &str, per_second: &str) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let writers: Vec<String> = (0..WRITERS).map(|n| format!("Writer {n}")).collect();
    people(dir.path(), writers.iter().map(String::as_str).chain(["Reader", "Uploader"]));
    let server = Server::start_throttled(dir.path(), per_second, "20");
    let mut probe = Probe::of_many(&server, &writers, "Reader");
    let during = choose(Duration::from_secs(1), Duration::from_secs(10));
    let mut quiet = probe.times("Reader", during);
    let (came, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let (mut beside, start) = (Vec::new(), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..FILES {
            let mut peer = Peer::login(server.address, "Uploader", PASSWORD);
            let (came, over) = (&came, &over);
            scope.spawn(move || {
                let data = STANDARD.encode(vec![7; FILE_CHUNK_MAX_BYTES]);
                while !over.load(Ordering::Relaxed) {
                    let size = PIECES * FILE_CHUNK_MAX_BYTES;
                    let file = peer.ask(&json!({"purpose": "upload_file", "size": size}))["file"].clone();
                    for offset in (0..size).step_by(FILE_CHUNK_MAX_BYTES) {
                        let piece =
                            format!(r#"{{"purpose":"upload_chunk","file":{file},"offset":{offset},"data":"{data}"}}"#);
                        peer.send_raw(format!("${:<10}{piece}$", piece.len()).as_bytes());
                        assert_eq!(peer.until("upload_chunk")["result"], true);
                        came.fetch_add(FILE_CHUNK_MAX_BYTES as u64, Ordering::Relaxed);
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    assert_eq!(peer.ask(&json!({"purpose": "cancel_upload", "file": file}))["result"], true);
                }
            });
        }
        beside = probe.times("Reader", during);
        over.store(true, Ordering::Relaxed);
    });
    let (took, came) = (start.elapsed(), came.into_inner());
    let mut figures = |part| (quantile_ms(&mut quiet, part), quantile_ms(&mut beside, part));
    let (median, p99) = (figures(0.5), figures(0.99));
    say(&format!(
        "uploads {name}: {:.1} MiB a second of one account; \
         others' p50 {:.1} ms before and {:.1} ms beside them, p99 {:.1} and {:.1} ms",
        came as f64 / took.as_secs_f64() / f64::from(1 << 20),
        median.0,
        median.1,
        p99.0,
        p99.1
    ));
    came
}

/// A file that somebody brings, and what of it was answered. It outlives the server, and the connection.
#[derive(Clone)]
struct Brought {
    n: u64,
    size: usize,
    /// Its number on the server, once that is told.
    file: Value,
    /// So much was answered as written.
    upto: usize,
}

impl Brought {
    /// What is in it: other bytes in each file, and at each place.
    fn bytes(&self) -> Vec<u8> {
        (0..self.size).map(|at| (at as u64 ^ (at as u64 >> 8) ^ self.n.wrapping_mul(0x9e37)) as u8).collect()
    }

    /// Brings it, or what is left of it, and sends it. False when the server is gone meanwhile.
    fn go_on(&mut self, peer: &mut Peer, resumed: &mut u64) -> bool {
        let size = self.size;
        let whole = !self.file.is_null() && self.upto == size;
        if !whole {
            let begun = json!({"purpose": "upload_file", "size": size, "file": self.file});
            let Some(reply) = ask(peer, begun) else { return false };
            // Asked for a number and never told it: another one is begun, and that one is left behind.
            assert_eq!(reply["result"], true, "an upload is there after a kill: {reply}");
            *resumed += u64::from(!self.file.is_null());
            self.file = reply["file"].clone();
            self.upto = reply["offset"].as_u64().unwrap() as usize;
        }
        let bytes = self.bytes();
        while self.upto < size {
            let end = size.min(self.upto + FILE_CHUNK_MAX_BYTES);
            let data = STANDARD.encode(&bytes[self.upto..end]);
            let piece = json!({"purpose": "upload_chunk", "file": self.file, "offset": self.upto, "data": data});
            let Some(reply) = ask(peer, piece) else { return false };
            assert_eq!(reply["offset"], end, "{reply}");
            self.upto = end;
        }
        let attachment = json!({"file": self.file, "name": "photo", "size": size});
        let client_id = format!("camera:{}", self.n);
        let message =
            json!({"purpose": "send_message", "to_user": "Bob", "client_id": client_id, "attachment": attachment});
        let Some(reply) = ask(peer, message) else { return false };
        assert_eq!(reply["result"], true, "what was answered as whole can be sent: {reply}");
        true
    }
}

/// Sends a request and gives its answer; nothing when the server is gone.
fn ask(peer: &mut Peer, request: Value) -> Option<Value> {
    if !try_send(peer, &request) {
        return None;
    }
    std::iter::from_fn(|| peer.try_receive()).find(|event| event["purpose"] == request["purpose"])
}

#[test]
fn files_outlive_kills() {
    let (dir, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    people(dir.path(), ["Alice", "Bob"]);
    let log = beside.path().join("stderr");
    let kills = choose(8, 200);
    let (chance, sizes) = (&mut Chance::new(), &mut Chance::new());
    let (mut n, mut resumed, mut waiting, mut sent) = (0, 0, None::<Brought>, Vec::new());
    for _ in 0..kills {
        let mut server = start(dir.path(), &[], &log);
        let mut peer = Peer::login(server.address, "Alice", PASSWORD);
        let after = Duration::from_millis(chance.within(0..150));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(after);
                server.child.kill().unwrap();
            });
            loop {
                let mut brought = waiting.take().unwrap_or_else(|| {
                    n += 1;
                    let size = sizes.within(0..400_000) as usize * usize::from(n % 7 != 0);
                    Brought { n, size, file: Value::Null, upto: 0 }
                });
                if !brought.go_on(&mut peer, &mut resumed) {
                    // Where only the answer to the message is missing, it is sent again.
                    waiting = Some(brought);
                    break;
                }
                sent.push(brought);
            }
        });
    }
    let server = start(dir.path(), &[], &log);
    let mut peer = Peer::login(server.address, "Bob", PASSWORD);
    for brought in &sent {
        let mut all = Vec::new();
        loop {
            let piece = json!({"purpose": "fetch_file", "file": brought.file, "offset": all.len()});
            let reply = ask(&mut peer, piece).unwrap();
            all.extend(STANDARD.decode(reply["data"].as_str().unwrap_or_else(|| panic!("{reply}"))).unwrap());
            if all.len() as u64 == reply["size"] {
                break;
            }
        }
        assert!(all == brought.bytes(), "the {}th, of {} bytes", brought.n, brought.size);
    }
    drop(server);
    check(dir.path());
    let bytes: usize = sent.iter().map(|brought| brought.size).sum();
    say(&format!(
        "files: {kills} kills, {} files of {:.1} MiB sent and fetched whole, {resumed} uploads gone on with after a kill; 0 lost",
        sent.len(),
        bytes as f64 / f64::from(1 << 20)
    ));
}
