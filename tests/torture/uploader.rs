//! One who sends files as fast as it goes, over several connections: what others notice, at the pace that a server comes
//! with and without any.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parlor::proto::limits::FILE_CHUNK_MAX_BYTES;
use serde_json::json;

use super::rig::{PASSWORD, Probe, choose, people, quantile_ms, say};
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
