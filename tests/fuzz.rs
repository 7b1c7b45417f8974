//! No bytes crash the server or the client: everything that reads what came from outside is fed with random bytes and
//! with valid inputs that were bent, on the stable compiler and from a seed.
//!
//!     cargo test --test fuzz                                            ten million inputs for the decoder, a share for others
//!     FUZZ_INPUTS=1000000000 cargo test --release --test fuzz           a hundred times as many
//!     FUZZ_SEED=5 cargo test --test fuzz                                other ones
//!
//! `fuzz/` has five of the same readers for a fuzzer that is guided by coverage.

#[expect(dead_code, reason = "the simulation uses the rest of it")]
#[path = "sim/random.rs"]
mod random;

use std::io;
use std::sync::{Arc, Mutex};

use parlor::log::file::{FileLog, OpenError};
use parlor::log::storage::Storage;
use parlor::proto::event::Event;
use parlor::proto::frame::{self, Decoded, HEADER_BYTES};
use parlor::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};
use parlor::proto::record::{Record, seal};
use parlor::proto::request::Request;
use parlor::server::transport::Farewell;
use parlor::server::transport::websocket::session::Session;
use random::Random;

/// The decoder's inputs in an ordinary run.
const INPUTS: u64 = 10_000_000;
const PAGE: &str = include_str!("../docs/PROTOCOL.md");

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

fn random(salt: u64) -> Random {
    Random::new(number("FUZZ_SEED", 1).wrapping_mul(1_000).wrapping_add(salt))
}

/// How many inputs a reader gets that is so many times slower than the decoder.
fn inputs(slower: u64) -> u64 {
    number("FUZZ_INPUTS", INPUTS) / slower
}

/// The examples of the page that describes the protocol.
fn examples(fence: &str) -> Vec<Vec<u8>> {
    let fence = format!("{fence}\n");
    let blocks = PAGE.split(&fence).skip(1);
    blocks.map(|rest| rest.split("\n```").next().unwrap().replace('\n', "").into_bytes()).collect()
}

fn bytes(random: &mut Random, most: usize) -> Vec<u8> {
    (0..random.below(most + 1)).map(|_| random.next() as u8).collect()
}

/// What parsers stumble over.
const THORNS: &[&str] = &[
    "\0",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "$",
    "$2{}$",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0",
    "0.1",
    "18446744073709551616",
    "99999999999999999999999999",
    "-9223372036854775809",
    "4294967296",
    "\u{2028}",
    "\u{202e}",
    "\u{fffd}",
    "\"id\":",
    "\"purpose\":\"login\",",
    "\"crc\":\"00000000\"",
    " ",
    "\n",
    "\r\n",
    "\n]\n",
    "\u{feff}",
];

/// A valid input, bent in one to four places.
fn bent(random: &mut Random, valid: &[Vec<u8>]) -> Vec<u8> {
    let mut input = random.pick(valid).unwrap();
    for _ in 0..random.between(1, 4) {
        let at = random.below(input.len() + 1);
        let to = at + random.below(input.len() - at + 1);
        match random.below(9) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 => input.truncate(at),
            2 => drop(input.drain(at..to)),
            3 => {
                let other = random.pick(valid).unwrap();
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            // A part of it twice: fields, objects, whole lines.
            4 => {
                let part = input[at..to].to_vec();
                input.splice(at..at, part);
            }
            5 => {
                let field = input[at..].iter().position(|byte| *byte == b',').map(|end| at + end);
                let part = field.map(|from| input[at..from].to_vec()).unwrap_or_default();
                input.splice(at..at, [&part, &b","[..]].concat());
            }
            6 => {
                let deep = 1 << random.below(10);
                let nest = random.pick(&["[", "{\"a\":", "{\"a\":[", "\"", "]"]).unwrap();
                input.splice(at..to, nest.repeat(deep).into_bytes());
            }
            _ => {
                let thorn = random.pick(THORNS).unwrap();
                input.splice(at..at, thorn.bytes());
            }
        }
    }
    input
}

fn framed(json: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame::encode(&mut frame, |buffer| buffer.extend_from_slice(json));
    frame
}

#[test]
fn the_decoder_goes_on_or_ends_and_never_takes_more_than_the_limit() {
    let random = &mut random(1);
    let examples = [examples("```json request"), examples("```json event")].concat();
    let mut valid: Vec<_> = examples.iter().map(|json| framed(json)).collect();
    valid.extend(examples.iter().map(|json| [format!("${}", json.len()).as_bytes(), json, b"$"].concat()));
    valid.push(valid.concat());
    let mut left = inputs(1);
    while left > 0 {
        let input = if random.chance(200) { bytes(random, 40) } else { bent(random, &valid) };
        let max = random.pick(&[2, 100, FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES]).unwrap();
        let mut at = 0;
        // One input is one call; a stream of frames makes several.
        while left > 0 {
            left -= 1;
            let rest = &input[at..];
            match frame::decode(rest, max) {
                Ok(Decoded::Frame { json, end }) => {
                    assert!(json.len() <= max && rest[json.start] == b'{', "{:?}", rest.escape_ascii().to_string());
                    assert!(end == json.end + 1 && rest[json.end] == b'$' && json.start <= HEADER_BYTES);
                    at += end;
                }
                Ok(Decoded::Incomplete { need }) => {
                    assert!(need > rest.len() && need <= max + HEADER_BYTES + 1, "{need} of {max}");
                    break;
                }
                Err(_) => break,
            }
        }
    }
}

#[test]
fn no_request_and_no_event_crashes_its_reader() {
    let random = &mut random(2);
    let valid = [examples("```json request"), examples("```json event")].concat();
    for _ in 0..inputs(10) {
        let input = if random.chance(100) { bytes(random, 60) } else { bent(random, &valid) };
        let _ = Request::parse(&input);
        let _ = Event::parse(&input);
        // With its checksum right a bent record is read further.
        let mut sealed = input.clone();
        if let Some(at) = sealed.windows(8).position(|window| window == b",\"crc\":\"") {
            sealed.truncate(at);
            sealed.push(b'}');
        }
        if !sealed.is_empty() {
            seal(&mut sealed, 0);
            let _ = Event::parse(&sealed);
            let _ = Record::parse(&sealed);
        }
    }
}

/// A frame of a WebSocket as clients send it, with a mask that changes nothing: so bent bytes stay what they are.
fn unchanged(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    [&[first, 0xfe], &length[..], &[0; 4], payload].concat()
}

#[test]
fn no_websocket_crashes_the_server_or_makes_it_hold_more_than_the_limits() {
    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let random = &mut random(5);
    let examples = examples("```json request");
    let answers = framed(&examples[0]).repeat(3);
    let mut valid: Vec<_> = examples.iter().map(|json| unchanged(0x81, json)).collect();
    valid.extend(examples.iter().map(|json| {
        let (one, other) = json.split_at(json.len() / 2);
        [unchanged(0x01, one), unchanged(0x89, b"ping"), unchanged(0x80, other)].concat()
    }));
    valid.extend([
        unchanged(0x82, b"{}"),
        unchanged(0x88, b"\x03\xe8bye"),
        unchanged(0x8a, b""),
        vec![0x89, 0x80, 0, 0, 0, 0],
    ]);
    // Longer than a stranger may write, in one piece and in two.
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(FRAME_BEFORE_LOGIN_MAX_BYTES)).into_bytes();
    valid.push([unchanged(0x01, &long[..3_000]), unchanged(0x80, &long[3_000..])].concat());
    valid.push(unchanged(0x81, &long));
    valid.push(valid.concat());
    for _ in 0..inputs(100) {
        let mut session = Session::new(Arc::new([]));
        let max = if random.chance(500) { FRAME_BEFORE_LOGIN_MAX_BYTES } else { FRAME_MAX_BYTES };
        if max == FRAME_MAX_BYTES {
            session.admit();
        }
        let input = if random.chance(200) { bytes(random, 60) } else { bent(random, &valid) };
        let input = if random.chance(50) { bent(random, &[HEAD.to_vec()]) } else { [HEAD, &input].concat() };
        let (mut frames, mut rest) = (bytes::BytesMut::new(), &input[..]);
        while !rest.is_empty() && !session.is_over() {
            let (piece, behind) = rest.split_at(1 + random.below(rest.len()));
            session.incoming().extend_from_slice(piece);
            session.take_in(&mut frames);
            rest = behind;
            if session.is_open() && random.chance(300) {
                let taken = session.put(&answers).unwrap_or(0);
                assert!(taken == 0 || taken == answers.len());
            }
            assert!(session.outgoing().len() <= 2 * 16 * 1024, "{}", session.outgoing().len());
            let some = random.below(session.outgoing().len() + 1);
            session.sent(some);
        }
        let mut at = 0;
        while let Ok(Decoded::Frame { json, end }) = frame::decode(&frames[at..], FRAME_MAX_BYTES) {
            assert!(json.len() <= max);
            at += end;
        }
        let left = &frames[at..];
        assert!(left.is_empty() || (session.is_over() && left == b"$9999999999"), "{}", left.escape_ascii());
        session.end(random.pick(&[Farewell::Done, Farewell::GoingAway, Farewell::Refused]).unwrap());
        assert_eq!(session.put(&answers).unwrap(), answers.len(), "for nobody");
        while !session.outgoing().is_empty() {
            session.sent(1 + random.below(200));
        }
    }
}

/// A file in memory.
#[derive(Default)]
struct Memory(Mutex<Vec<u8>>);

impl Storage for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.lock().unwrap();
        let at = usize::try_from(offset).unwrap();
        let found = bytes.get(at..at + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }
    fn write_at(&self, offset: u64, new: &[u8]) -> io::Result<()> {
        let mut bytes = self.0.lock().unwrap();
        let at = usize::try_from(offset).unwrap();
        let len = bytes.len().max(at + new.len());
        bytes.resize(len, 0);
        bytes[at..at + new.len()].copy_from_slice(new);
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }
    fn keep_aside(&self, suffix: &str, _: &[u8]) -> io::Result<String> {
        Ok(suffix.into())
    }
}

fn open(bytes: Vec<u8>) -> (Result<Vec<u64>, OpenError>, Vec<u8>) {
    let file = Arc::new(Memory(Mutex::new(bytes)));
    let mut records = Vec::new();
    let opened = FileLog::open(file.clone(), "feed", |record| records.push(record.seq().0));
    let opened = opened.map(|(log, report)| {
        assert_eq!(report.records, records.len() as u64);
        drop(log);
        records
    });
    let left = file.0.lock().unwrap().clone();
    (opened, left)
}

/// Histories of several lengths, closed in peace and not.
fn histories() -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for json in examples("```json event") {
        if Record::parse(&json).is_ok() {
            let text = String::from_utf8(json).unwrap();
            let (head, _) = text.split_once(",\"crc\":\"").unwrap();
            let (before, rest) = head.split_once("\"seq\":").unwrap();
            let (_, after) = rest.split_once(',').unwrap();
            let mut line = format!("{before}\"seq\":{},{after}}}", lines.len() + 1).into_bytes();
            seal(&mut line, 0);
            lines.push(line);
        }
    }
    assert!(lines.len() >= 3, "the page has examples of records");
    let (_, empty) = open(Vec::new());
    let header = empty.split(|byte| *byte == b'\n').nth(1).unwrap();
    let mut histories = Vec::new();
    for records in 0..=lines.len() {
        for (batch, closing) in [(1, "\n]\n"), (2, "\n]\n"), (3, "\n]\n\n")] {
            let mut bytes = [b"[\n", header].concat();
            for (at, line) in lines[..records].iter().enumerate() {
                bytes.extend_from_slice(if at % batch == 0 { b",\n" } else { b",\n " });
                bytes.extend_from_slice(line);
            }
            bytes.extend_from_slice(closing.as_bytes());
            histories.push(bytes);
        }
    }
    histories
}

#[test]
fn no_history_crashes_a_start_and_what_was_repaired_opens_again() {
    let random = &mut random(3);
    let valid = histories();
    for bytes in &valid {
        open(bytes.clone()).0.unwrap();
    }
    for _ in 0..inputs(100) {
        let input = if random.chance(100) { bytes(random, 400) } else { bent(random, &valid) };
        let checked = FileLog::check(&Memory(Mutex::new(input.clone())), |_| {});
        let (opened, left) = open(input.clone());
        assert_eq!(checked.is_ok(), opened.is_ok(), "{:?} and {:?}", checked.err(), opened.err());
        match opened {
            Ok(records) => {
                let (again, unchanged) = open(left.clone());
                assert_eq!((again.unwrap(), unchanged), (records, left), "{}", input.escape_ascii());
            }
            Err(_) => assert!(left == input, "what cannot be used is not changed: {}", input.escape_ascii()),
        }
    }
}

#[test]
fn no_list_of_accounts_crashes_its_reader() {
    let random = &mut random(4);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(parlor::server::accounts::FILE_NAME);
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    let valid = [
        br#"{"users":[]}"#.to_vec(),
        br#"{"users":[{"username":"Alice","password":"123"},{"username":"Bob","password":"456"}]}"#.to_vec(),
        format!(r#"{{"next_id":9,"users":[{{"id":1,"username":"Alice","password_hash":"{hash}","note":[1,{{}}]}}],"x":1.5}}"#)
            .into_bytes(),
    ];
    for _ in 0..inputs(200) {
        let input = if random.chance(100) { bytes(random, 200) } else { bent(random, &valid) };
        std::fs::write(&path, &input).unwrap();
        let checked = parlor::server::accounts::check(dir.path());
        let listed = parlor::server::accounts::list(dir.path());
        if let (Ok(counts), Ok(people)) = (checked, listed) {
            assert!(people.len() <= counts.accounts, "{}", input.escape_ascii());
        }
        assert_eq!(std::fs::read(&path).unwrap(), input, "looking changes nothing");
    }
}
