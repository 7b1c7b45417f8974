//! One who sends as fast as it goes: what others notice, at the pace that a server comes with and without any. That
//! nothing of a flood is lost is shown by the test program `throttle`.

use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::rig::{PASSWORD, Probe, choose, people, quantile_ms, say, try_send};
use crate::support::{Peer, Server};

/// So many write in turn that none of them is held up.
const WRITERS: usize = 40;

#[test]
fn beside_a_flood_others_are_heard() {
    let throttled = beside_a_flood("as it comes", "10", "20");
    let free = beside_a_flood("without a limit", "0", "20");
    assert!(free > 0, "both were heard");
    assert!(throttled > 0);
}

/// Says what others notice of a flood at a pace. How many messages of the flood were stored.
fn beside_a_flood(name: &str, per_second: &str, burst: &str) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let writers: Vec<String> = (0..WRITERS).map(|n| format!("Writer {n}")).collect();
    people(dir.path(), writers.iter().map(String::as_str).chain(["Reader", "Flooder", "Flooded"]));
    let server = Server::start_throttled(dir.path(), per_second, burst);
    let mut probe = Probe::of_many(&server, &writers, "Reader");
    let during = choose(Duration::from_secs(1), Duration::from_secs(10));
    let mut quiet = probe.times("Reader", during);
    let mut writer = Peer::login(server.address, "Flooder", PASSWORD);
    let mut reader = Peer::connect(server.address);
    reader.stream = writer.stream.try_clone().unwrap();
    let end = writer.stream.try_clone().unwrap();
    let stored = AtomicU64::new(0);
    let (mut beside, start) = (Vec::new(), Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while let Some(event) = reader.try_receive() {
                let is_stored = event["purpose"] == "send_message" && event["result"] == true;
                stored.fetch_add(u64::from(is_stored), Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            let message = json!({"purpose": "send_message", "to_user": "Flooded", "message": "x".repeat(100)});
            while try_send(&mut writer, &message) {}
        });
        beside = probe.times("Reader", during);
        // It may be waiting in the middle of a write.
        end.shutdown(Shutdown::Both).unwrap();
    });
    let (took, stored) = (start.elapsed(), stored.into_inner());
    let mut figures = |part| (quantile_ms(&mut quiet, part), quantile_ms(&mut beside, part));
    let (median, p99) = (figures(0.5), figures(0.99));
    say(&format!(
        "flood {name}: {:.0} messages a second from one sender; \
         others' p50 {:.1} ms before and {:.1} ms beside it, p99 {:.1} and {:.1} ms",
        stored as f64 / took.as_secs_f64(),
        median.0,
        median.1,
        p99.0,
        p99.1
    ));
    if per_second != "0" {
        assert!(stored <= 20 + 10 * (took.as_secs() + 1), "{stored} in {took:?}");
    }
    stored
}
