//! Readers who stop reading while much is said: what they cost the server, what others notice, and whether they miss
//! anything when they read again.

use std::ops::Range;
use std::thread::Scope;
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

/// Reads what was said to everyone, for each of them: every message, once, in order.
fn read_all<'scope>(scope: &'scope Scope<'scope, '_>, peers: &'scope mut [Peer], said: Range<u64>) {
    let share = peers.len().div_ceil(8);
    for peers in peers.chunks_mut(share) {
        let said = said.clone();
        scope.spawn(move || {
            for n in said {
                for peer in &mut *peers {
                    let message = peer.until("receive_message");
                    let text = message["message"].as_str().unwrap();
                    assert_eq!(text.split(' ').next(), Some(&*n.to_string()), "the next one, once");
                }
            }
        });
    }
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
    let (_, mut alone) = measure(&mut speaker, &mut probe, 0);
    // And beside readers who do read: what others wait for is then the saying, not the stalling.
    let mut stalled: Vec<Peer> =
        (0..readers).map(|n| Peer::login(server.address, &format!("reader{n}"), PASSWORD)).collect();
    let mut beside_readers = std::thread::scope(|scope| {
        read_all(scope, &mut stalled, count..2 * count);
        measure(&mut speaker, &mut probe, count).1
    });
    let base = resident_kib(server.child.id());
    let stalled_since = Instant::now();
    let (highest, mut during_stall) = measure(&mut speaker, &mut probe, 2 * count);
    let grown = highest.saturating_sub(base);
    let may_grow = readers * EACH_KIB + BESIDES_KIB;
    assert!(grown <= may_grow, "the server grew by {grown} KiB, {may_grow} were allowed");

    // They read again, all of them, some of it live.
    let reading = Instant::now();
    assert!(stalled_since.elapsed() < SILENCE_MAX, "too slow a machine: they have been given up by now");
    std::thread::scope(|scope| read_all(scope, &mut stalled, 2 * count..3 * count));
    let mut quantiles =
        |quantile| [&mut alone, &mut beside_readers, &mut during_stall].map(|times| quantile_ms(times, quantile));
    let ([p50_alone, p50_read, p50], [p99_alone, p99_read, p99]) = (quantiles(0.5), quantiles(0.99));
    say(&format!(
        "stalled: {readers} readers, {count} messages of 12 kB to everyone: the server grew by {grown} KiB ({may_grow} \
         allowed); others' p99 {p99:.1} ms beside them, {p99_read:.1} beside as many who read, {p99_alone:.1} without \
         either (p50 {p50:.1}, {p50_read:.1}, {p50_alone:.1}); all caught up within {:.1?}, 0 missed",
        reading.elapsed()
    ));
    if is_long() {
        // Below a few milliseconds, what is measured is what else the machine does.
        assert!(p99 < 2.0 * p99_read.max(5.0), "others wait twice as long");
    }
}
