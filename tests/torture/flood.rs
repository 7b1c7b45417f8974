//! One who sends as fast as it goes: what others notice. There is no throttle yet, so this only measures.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use super::rig::{PASSWORD, Probe, choose, people, quantile_ms, say, start, try_send};
use crate::support::Peer;
use crate::support::house::PEOPLE;

#[test]
fn beside_a_flood_others_are_heard() {
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), PEOPLE);
    let server = start(dir.path(), &[], &dir.path().join("stderr"));
    let mut probe = Probe::new(&server, "Alice", "Bob");
    let during = choose(Duration::from_secs(1), Duration::from_secs(10));
    let mut quiet = probe.times("Bob", during);
    let mut writer = Peer::login(server.address, "Charlie", PASSWORD);
    let mut reader = Peer::connect(server.address);
    reader.stream = writer.stream.try_clone().unwrap();
    let (over, stored) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut beside, mut rate) = (Vec::new(), 0.0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while let Some(event) = reader.try_receive() {
                stored.fetch_add(
                    u64::from(event["purpose"] == "send_message" && event["result"] == true),
                    Ordering::Relaxed,
                );
            }
        });
        scope.spawn(|| {
            let message = json!({"purpose": "send_message", "to_user": "Dave", "message": "x".repeat(100)});
            while try_send(&mut writer, &message) {
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
            let _ = writer.stream.shutdown(std::net::Shutdown::Write);
        });
        beside = probe.times("Bob", during);
        rate = stored.load(Ordering::Relaxed) as f64 / during.as_secs_f64();
        over.store(true, Ordering::Relaxed);
    });
    let (before, after) = (quantile_ms(&mut quiet, 0.99), quantile_ms(&mut beside, 0.99));
    say(&format!(
        "flood: {rate:.0} messages a second from one sender; others' p99 {before:.1} ms before and {after:.1} ms beside it \
         (p50 {:.1} and {:.1}); not throttled yet",
        quantile_ms(&mut quiet, 0.5),
        quantile_ms(&mut beside, 0.5)
    ));
    assert!(rate > 0.0 && !beside.is_empty(), "both were heard");
}
