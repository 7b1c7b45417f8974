//! Readers who stop reading while much is said: what they cost the server, what others notice, and whether they miss
//! anything when they read again.

use std::time::{Duration, Instant};

use serde_json::json;

use super::rig::{PASSWORD, Probe, choose, is_long, people, quantile_ms, resident_kib, say, start};
use crate::support::{Peer, Server};

/// What one of them may cost.
const EACH_KIB: u64 = 256;
/// What all of them may cost besides.
const BESIDES_KIB: u64 = 16 * 1024;
/// A socket that has not taken anything for so long is ended.
const SILENCE_MAX: Duration = Duration::from_secs(42);

/// Says something to everyone a number of times, at a pace; gives the memory of the server at its highest.
fn speak(speaker: &mut Peer, server: &Server, from: u64, count: u64, pace: Duration) -> u64 {
    let mut highest = 0;
    let begun = Instant::now();
    for n in from..from + count {
        let text = format!("{n} {}", "x".repeat(12_000));
        let reply = speaker.ask(&json!({"purpose": "send_message", "everyone": true, "message": text}));
        assert_eq!(reply["result"], true, "{reply}");
        highest = highest.max(resident_kib(server.child.id()));
        std::thread::sleep(
            (begun + pace * u32::try_from(n + 1 - from).unwrap()).saturating_duration_since(Instant::now()),
        );
    }
    highest
}

#[test]
fn who_does_not_read_costs_little_and_misses_nothing() {
    let (readers, count) = choose((20, 400_u64), (100, 800));
    let pace = Duration::from_millis(choose(5, 20));
    let dir = tempfile::tempdir().unwrap();
    let names = ["Speaker", "Writer", "Listener"].map(String::from).into_iter();
    people(dir.path(), names.chain((0..readers).map(|n| format!("reader{n}"))));
    let server = start(dir.path(), &[], &dir.path().join("stderr"));
    let mut speaker = Peer::login(server.address, "Speaker", PASSWORD);
    let mut probe = Probe::new(&server, "Writer", "Listener");
    // The same is said before they come, to know what it costs others by itself.
    let during = pace * u32::try_from(count).unwrap();
    let measure = |speaker: &mut Peer, probe: &mut Probe, from| {
        std::thread::scope(|scope| {
            let highest = scope.spawn(|| speak(speaker, &server, from, count, pace));
            let times = probe.times("Listener", during);
            (highest.join().unwrap(), times)
        })
    };
    let (_, mut before) = measure(&mut speaker, &mut probe, 0);
    let mut stalled: Vec<Peer> =
        (0..readers).map(|n| Peer::login(server.address, &format!("reader{n}"), PASSWORD)).collect();
    let base = resident_kib(server.child.id());
    let stalled_since = Instant::now();
    let (highest, mut during_stall) = measure(&mut speaker, &mut probe, count);
    let grown = highest.saturating_sub(base);
    let may_grow = readers * EACH_KIB + BESIDES_KIB;
    assert!(grown <= may_grow, "the server grew by {grown} KiB, {may_grow} were allowed");

    // They read again, all of them, some of it live.
    let reading = Instant::now();
    assert!(stalled_since.elapsed() < SILENCE_MAX, "too slow a machine: they have been given up by now");
    let share = stalled.len().div_ceil(8);
    std::thread::scope(|scope| {
        for peers in stalled.chunks_mut(share) {
            scope.spawn(move || {
                for peer in peers {
                    for n in count..2 * count {
                        let message = peer.until("receive_message");
                        let text = message["message"].as_str().unwrap();
                        assert_eq!(text.split(' ').next(), Some(&*n.to_string()), "the next one, once");
                    }
                }
            });
        }
    });
    let (p99_before, p99) = (quantile_ms(&mut before, 0.99), quantile_ms(&mut during_stall, 0.99));
    let (p50_before, p50) = (quantile_ms(&mut before, 0.5), quantile_ms(&mut during_stall, 0.5));
    say(&format!(
        "stalled: {readers} readers, {count} messages of 12 kB to everyone: the server grew by {grown} KiB ({may_grow} \
         allowed); others' p99 {p99_before:.1} ms before and {p99:.1} ms beside them (p50 {p50_before:.1} and {p50:.1}); \
         all caught up within {:.1?}, 0 missed",
        reading.elapsed()
    ));
    if is_long() {
        // Below a few milliseconds, what is measured is what else the machine does.
        assert!(p99 < 2.0 * p99_before.max(10.0), "others wait twice as long");
    }
}
