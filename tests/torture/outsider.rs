//! A scan from outside: many addresses at once do to a server whatever needs no account, while people log in and talk,
//! one over TLS from another computer, one at the server's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::attackers::{Attacker, CANARY, Left, Seen, WAYS};
use super::outside::Outside;
use super::rig::{
    PASSWORD, choose, cpu_ticks, descriptors, end_and_check, is_long, listening, may, people, quantile_ms,
    resident_kib, say, spawn,
};
use crate::support::house::account;
use crate::support::tls::Encrypted;
use crate::support::{DEADLINE, Peer, wait_for};

/// The addresses that attack. The first one of this side is somebody's who does not.
const ATTACKERS: u8 = 64;
/// It logs everything that it can say, and has as many descriptors as the system gives.
const TALKATIVE: [&str; 6] = ["env", "PARLOR_LOG=trace", "sh", "-c", "ulimit -n $(ulimit -Hn); exec \"$@\"", "sh"];

/// Two who log in every second and write to each other meanwhile.
struct Honest<'a> {
    outside: &'a Outside,
    port: u16,
    pid: u32,
    /// How large the server was at most, and how many descriptors it had.
    most: (u64, usize),
    n: u64,
}

/// How long that took them.
#[derive(Default)]
struct Times {
    afar: Vec<Duration>,
    here: Vec<Duration>,
    messages: Vec<Duration>,
}

impl Honest<'_> {
    /// For as long as that wants it, which is asked once a second and told how long it has taken so far.
    fn talk(&mut self, goes_on: impl Fn(Duration) -> bool) -> Times {
        let (mut times, start) = (Times::default(), Instant::now());
        while goes_on(start.elapsed()) {
            let begun = Instant::now();
            let mut olga =
                Peer::<Encrypted>::enter(self.outside.address(1), self.outside.server(self.port), "Olga", PASSWORD);
            times.afar.push(begun.elapsed());
            let between = Instant::now();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
            let mut ilse = self.outside.inside(|| Peer::login(address, "Ilse", PASSWORD));
            times.here.push(between.elapsed());
            while begun.elapsed() < Duration::from_secs(1) {
                self.n += 1;
                let text = format!("message {}", self.n);
                times.messages.push(exchange(&mut olga, "Ilse", &mut ilse, &text));
                times.messages.push(exchange(&mut ilse, "Olga", &mut olga, &text));
                // As fast as it goes would be a load of its own.
                std::thread::sleep(Duration::from_millis(4));
            }
            self.most.0 = self.most.0.max(resident_kib(self.pid));
            self.most.1 = self.most.1.max(descriptors(self.pid));
        }
        times
    }
}

/// From before a message is sent to when its reader has it.
fn exchange<S, R>(writer: &mut Peer<S>, to: &str, reader: &mut Peer<R>, text: &str) -> Duration
where
    S: std::io::Read + std::io::Write,
    R: std::io::Read + std::io::Write,
{
    let sent = Instant::now();
    writer.send(&json!({"purpose": "send_message", "to_user": to, "message": text}));
    while reader.until("receive_message")["message"] != *text {}
    let took = sent.elapsed();
    assert_eq!(writer.until("send_message")["result"], true);
    took
}

/// Adds an account whose password everybody knows.
fn add_demo(dir: &std::path::Path, id: u64) {
    let file = dir.join("users.json");
    let mut users: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    users["users"].as_array_mut().unwrap().push(account(id, "Demo"));
    users["next_id"] = json!(id + 1);
    fs::write(&file, users.to_string()).unwrap();
}

#[test]
fn beside_a_scan_from_everywhere_people_log_in_and_talk() {
    if !may("outsider", &["ip", "netns", "list"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), ["Olga", "Ilse"]);
    add_demo(dir.path(), 3);
    let outside = Outside::new(ATTACKERS + 1);
    let log = dir.path().join("stderr");
    let under = [&outside.under()[..], &TALKATIVE].concat();
    let server = listening(spawn(dir.path(), &under, "0.0.0.0:0", &log));
    let (port, pid) = (server.address.port(), server.child.id());
    let mut honest = Honest { outside: &outside, port, pid, most: (0, 0), n: 0 };
    let mut before = honest.talk(|took| took < choose(Duration::from_secs(4), Duration::from_secs(20)));
    wait_for("a quiet server", || descriptors(pid) < 40);
    let (base_kib, base_descriptors) = (resident_kib(pid), descriptors(pid));

    let (over, seen) = (AtomicBool::new(false), Seen::default());
    let (ticks, begun) = (cpu_ticks(pid), Instant::now());
    let (mut beside, left): (Times, Vec<Left>) = std::thread::scope(|scope| {
        let attack = |n: u8| {
            let attacker = Attacker {
                from: outside.address(n + 2),
                server: outside.server(port),
                names: &["Olga"],
                // Some six of each kind.
                every: Duration::from_millis(25),
                over: &over,
                seen: &seen,
            };
            scope.spawn(move || WAYS[n as usize % WAYS.len()](&attacker))
        };
        let attackers: Vec<_> = (0..ATTACKERS).map(attack).collect();
        // A machine that has much else to do comes to the slowest of it later.
        let least = choose(Duration::from_secs(8), Duration::from_secs(60));
        let beside = honest.talk(|took| took < least || (took < DEADLINE && !seen.has_all()));
        over.store(true, Ordering::Relaxed);
        (beside, attackers.into_iter().flat_map(|attacker| attacker.join().unwrap()).collect())
    });
    let stopped = Instant::now();
    let cores = (cpu_ticks(pid) - ticks) as f64 / 100.0 / begun.elapsed().as_secs_f64();
    let open = left.iter().filter(|left| !left.has_ended()).count();
    wait_for("the end of the attackers", || left.iter().all(Left::has_ended));
    wait_for("their descriptors", || descriptors(pid) <= base_descriptors + 1);
    let gone = stopped.elapsed();

    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let grown = honest.most.0.saturating_sub(base_kib);
    for (what, before, beside) in [
        ("logins over TLS from elsewhere", &mut before.afar, &mut beside.afar),
        ("logins at the server's computer", &mut before.here, &mut beside.here),
        ("messages", &mut before.messages, &mut beside.messages),
    ] {
        let figures = [0.5, 0.99].map(|part| (quantile_ms(before, part), quantile_ms(beside, part)));
        let [(p50, p50_beside), (p99, p99_beside)] = figures;
        say(&format!(
            "outsider, {what}: {} without the scan, p50 {p50:.1} ms, p99 {p99:.1} ms; {} beside it, {p50_beside:.1} \
             and {p99_beside:.1} ms: {:.1} and {:.1} times as long",
            before.len(),
            beside.len(),
            p50_beside / p50,
            p99_beside / p99
        ));
        if is_long() && what.starts_with("logins") {
            assert!(p99_beside < 1_000.0, "{p99_beside} ms");
        }
    }
    let text = fs::read(&log).unwrap();
    say(&format!(
        "outsider: {ATTACKERS} addresses, {} connections; {} wrong passwords, {} refused unlooked at, {} busy; \
         {} times sent to TLS, {} frames too long, {} demo passwords refused; the server took {cores:.2} cores, grew by \
         {grown} KiB and had {} descriptors at most; {open} connections were left, gone {gone:.1?} after the last word; {} KiB logged",
        count(&seen.connections),
        count(&seen.wrong),
        count(&seen.slowed),
        count(&seen.busy),
        count(&seen.sent_to_tls),
        count(&seen.too_long),
        count(&seen.demo),
        honest.most.1,
        text.len() / 1024,
    ));
    let strange = seen.strange.lock().unwrap();
    assert!(strange.is_empty(), "{strange:#?}");
    assert!(seen.has_all(), "every kind of attack took place: {seen:?}");
    assert!(open > choose(20, 100), "there was somebody to show out");
    assert!(gone < Duration::from_secs(choose(30, 12)), "{gone:?}");
    assert!(grown < 100 * 1024, "{grown} KiB");
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.to_ascii_lowercase().contains(CANARY));
    assert_eq!(line, None, "what an attacker said is in the log");
    assert!(text.contains("TRACE") && text.contains("a login that was refused"), "the log was on");
    end_and_check(server, dir.path());
}
