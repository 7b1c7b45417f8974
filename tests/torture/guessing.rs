//! Five hundred wrong passwords a second, over TLS and from many addresses: whoever has the right one gets in meanwhile,
//! messages arrive, and the server hashes two at a time.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::attackers::{Attacker, Seen};
use super::rig::{PASSWORD, Probe, choose, is_long, people, quantile_ms, resident_kib, say, start};
use crate::support::tls::Encrypted;
use crate::support::{Peer, Server};

/// The addresses that guess, each for names that somebody has or for names that nobody has.
const ADDRESSES: u8 = 100;
/// The connections of each, over which a second at least lies between an answer and the next try: more tries wait at a
/// time than there is room for.
const CONNECTIONS: usize = 6;
const EVERY: Duration = Duration::from_secs(1);

/// Logs in again and again, where somebody has been before.
fn logins(server: &Server, during: Duration) -> Vec<Duration> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < during {
        let begun = Instant::now();
        Peer::<Encrypted>::enter(Ipv4Addr::LOCALHOST, server.address, "Alice", PASSWORD);
        times.push(begun.elapsed());
        std::thread::park_timeout(Duration::from_millis(50));
    }
    times
}

/// How many threads of a process have a name.
fn threads(pid: u32, name: &str) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let comm = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.unwrap().path().join("comm"));
    tasks.filter_map(|task| comm(task).ok()).filter(|comm| comm.trim() == name).count()
}

#[test]
fn beside_guessers_the_owner_gets_in_and_others_talk() {
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), ["Alice", "Writer", "Reader"]);
    let server = start(dir.path(), &[], &dir.path().join("stderr"));
    let pid = server.child.id();
    let mut probe = Probe::new(&server, "Writer", "Reader");
    // Both at once, as later.
    let mut both = |during| {
        std::thread::scope(|scope| {
            let entering = scope.spawn(|| logins(&server, during));
            let talking = probe.times("Reader", during);
            (entering.join().unwrap(), talking)
        })
    };
    let (mut quiet_logins, mut quiet_talk) = both(choose(Duration::from_secs(2), Duration::from_secs(20)));
    let base_kib = resident_kib(pid);
    let during = choose(Duration::from_secs(4), Duration::from_secs(60));
    let (over, seen) = (AtomicBool::new(false), Seen::default());
    let (mut logins, mut talk) = std::thread::scope(|scope| {
        for n in (0..ADDRESSES).flat_map(|n| [n; CONNECTIONS]) {
            let from = Ipv4Addr::new(127, 9, 0, n + 1);
            let attacker =
                Attacker { from, server: server.address, names: &["Alice"], every: EVERY, over: &over, seen: &seen };
            scope.spawn(move || if n % 2 == 0 { attacker.guess() } else { attacker.probe() });
        }
        let figures = both(during);
        over.store(true, Ordering::Relaxed);
        figures
    });
    let grown = resident_kib(pid).saturating_sub(base_kib);
    let mut figures = |part| {
        let quantiles = [&mut quiet_logins, &mut logins, &mut quiet_talk, &mut talk].map(|it| quantile_ms(it, part));
        (
            quantiles,
            format!("{:.1} and {:.1} ms, {:.2} and {:.2} ms", quantiles[0], quantiles[1], quantiles[2], quantiles[3]),
        )
    };
    let (median, p99) = (figures(0.5), figures(0.99));
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    say(&format!(
        "guessing: from {ADDRESSES} addresses {:.0} tries a second: {} wrong, {} refused unlooked at, {} busy; {} right \
         logins; logins and messages before and beside it: p50 {}; p99 {}; {} threads hash; the server grew by \
         {grown} KiB",
        (count(&seen.wrong) + count(&seen.slowed) + count(&seen.busy)) as f64 / during.as_secs_f64(),
        count(&seen.wrong),
        count(&seen.slowed),
        count(&seen.busy),
        logins.len(),
        median.1,
        p99.1,
        threads(pid, "hash"),
    ));
    assert_eq!(threads(pid, "hash"), 2);
    assert!(count(&seen.wrong) > 0, "{seen:?}");
    assert!(grown < 100 * 1024, "{grown} KiB");
    if is_long() {
        assert!(p99.0[1] < 1_000.0, "{} ms for a login", p99.0[1]);
    }
}
