//! Strangers who connect and say nothing, or little by little, in the open or of a handshake: honest people get in
//! meanwhile. And a server that has no
//! descriptor left waits for one, without spinning and for as long as it takes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::rig::{
    PASSWORD, choose, cpu_ticks, descriptors, descriptors_max, people, quantile_ms, resident_kib, say, start,
};
use crate::support::house::PEOPLE;
use crate::support::tls::hello;
use crate::support::{Peer, wait_for};

/// As many descriptors as the system lets a program have.
const ROOMY: &[&str] = &["sh", "-c", "ulimit -n $(ulimit -Hn); exec \"$@\"", "sh"];
/// Hardly any.
const NARROW: &[&str] = &["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"];

fn strangers(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| TcpStream::connect(address).unwrap()).collect()
}

/// Half of them say a byte now and then: one part of a frame that never ends, the other of a handshake. Every
/// other of the rest has begun a handshake at once, and hears the answer.
fn dribble(strangers: &[TcpStream], over: &AtomicBool) {
    let frame = b"$4000      {\"purpose\":\"login\",\"username\":\"Alice\",\"password\":\"";
    let hello = hello();
    for at in 0.. {
        for (n, mut stranger) in strangers.iter().enumerate() {
            if over.load(Ordering::Relaxed) {
                return;
            }
            // Shown out by now, perhaps.
            let _ = match n % 4 {
                0 => stranger.write(&[*frame.get(at).unwrap_or(&b'x')]),
                1 if at == 0 => stranger.write(&hello),
                2 if at < hello.len() => stranger.write(&hello[at..=at]),
                _ => Ok(0),
            };
        }
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

#[test]
fn strangers_lock_nobody_out_and_are_shown_out() {
    // The rest is for the other tests.
    let count = choose(1_000, 10_000).min(descriptors_max().saturating_sub(400));
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), PEOPLE);
    let server = start(dir.path(), ROOMY, &dir.path().join("stderr"));
    let pid = server.child.id();
    Peer::login(server.address, "Alice", PASSWORD);
    wait_for("a quiet server", || descriptors(pid) < 40);
    let (base_kib, base_descriptors) = (resident_kib(pid), descriptors(pid));
    let connecting = Instant::now();
    let strangers = strangers(server.address, count);
    let connected = Instant::now();
    let over = AtomicBool::new(false);
    let mut logins = Vec::new();
    let mut grown = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| dribble(&strangers, &over));
        // People come and go for as long as all of them are there.
        while connecting.elapsed() < Duration::from_secs(8) {
            let begun = Instant::now();
            Peer::login(server.address, "Alice", PASSWORD);
            logins.push(begun.elapsed());
            grown = grown.max(resident_kib(pid).saturating_sub(base_kib));
        }
        wait_for("the end of the strangers", || descriptors(pid) <= base_descriptors + 1);
        over.store(true, Ordering::Relaxed);
    });
    let gone = connected.elapsed();
    let mut told = 0;
    for mut stranger in strangers {
        stranger.set_nonblocking(true).unwrap();
        let mut said = Vec::new();
        match stranger.read_to_end(&mut said) {
            Ok(_) => told += usize::from(said.windows(13).any(|bytes| bytes == b"login_timeout")),
            // Who said something after the end is reset.
            Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock, "it is still connected"),
        }
    }
    let p99 = quantile_ms(&mut logins, 0.99);
    say(&format!(
        "strangers: {count} sockets in {:.1?}, {} logins beside them, p99 {p99:.0} ms; the server grew by {grown} KiB; \
         gone {gone:.1?} after the last came, {told} were told why",
        connected - connecting,
        logins.len()
    ));
    assert!(gone < Duration::from_secs(choose(30, 12)), "{gone:?}");
    assert!(grown < 100 * 1024, "{grown} KiB");
    if super::rig::is_long() {
        assert!(p99 < 1_000.0, "{p99} ms");
    }
}

#[test]
fn without_a_descriptor_left_it_waits_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), PEOPLE);
    let log = dir.path().join("stderr");
    let server = start(dir.path(), NARROW, &log);
    let pid = server.child.id();
    let mut alice = Peer::login(server.address, "Alice", PASSWORD);
    let (mut ticks, mut back) = (0, Duration::ZERO);
    for _ in 0..choose(1, 5) {
        let strangers = strangers(server.address, 200);
        wait_for("no descriptor to be left", || descriptors(pid) >= 64);
        let (before, during) = (cpu_ticks(pid), Instant::now());
        while during.elapsed() < Duration::from_secs(3) {
            // Who is there already is served as ever.
            let reply = alice.ask(&json!({"purpose": "send_message", "to_user": "Bob", "message": "still here"}));
            assert_eq!(reply["result"], true, "{reply}");
            let page = alice.ask(&json!({"purpose": "fetch_history", "with_user": "Bob", "limit": 1}));
            assert_eq!(page["result"], true, "{page}");
            std::thread::sleep(Duration::from_millis(100));
        }
        ticks = ticks.max(cpu_ticks(pid) - before);
        drop(strangers);
        let freed = Instant::now();
        Peer::login(server.address, "Bob", PASSWORD);
        back = back.max(freed.elapsed());
    }
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    say(&format!(
        "no descriptors: at most {ticks} hundredths of a second of CPU in 3 s, a login {back:.1?} after strangers left, \
         {lines} lines logged"
    ));
    assert!(ticks < 60, "{ticks} hundredths of a second in 3 s: it spins");
    assert!(back < Duration::from_secs(5), "{back:?}");
    assert!(lines < 10, "{lines} lines");
}
