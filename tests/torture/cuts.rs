//! A network that is cut and comes back, between namespaces of the system: the real client library on one side, the
//! server on the other. Nothing is lost or doubled, what waits goes out, and who is gone is seen to be gone.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use parlor::client::command::Command as Wish;
use parlor::client::model::Link;
use parlor::proto::event::Status;
use parlor::proto::ids::UserId;

use super::rig::{Chance, PASSWORD, choose, end_and_check, is_long, listening, may, people, say, spawn};
use crate::support::house::PEOPLE;
use crate::support::user::User;
use crate::support::{Server, records};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);

/// Runs `ip`, which must succeed.
pub fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A namespace that two cables lead to: one to be cut, one to watch by. Gone when dropped.
struct Elsewhere {
    name: String,
    /// Tests run side by side.
    which: u8,
    number: u32,
}

impl Elsewhere {
    fn new(which: u8) -> Self {
        let number = std::process::id();
        let it = Self { name: format!("parlor-{number}-{which}"), which, number };
        ip(&format!("netns add {}", it.name));
        ip(&format!("-n {} link set lo up", it.name));
        for cable in 0..2 {
            let (here, there) = it.ends(cable);
            ip(&format!("link add {here} type veth peer name {there} netns {}", it.name));
            let net = it.net(cable);
            ip(&format!("addr add 198.18.{net}.1/30 dev {here}"));
            ip(&format!("-n {} addr add 198.18.{net}.2/30 dev {there}", it.name));
            ip(&format!("link set {here} up"));
            it.set(cable, "up");
        }
        it
    }

    fn ends(&self, cable: u8) -> (String, String) {
        let number = self.number % 1_000_000;
        (format!("pa{number}x{}{cable}", self.which), format!("pb{number}x{}{cable}", self.which))
    }

    fn net(&self, cable: u8) -> u8 {
        2 * self.which + cable
    }

    /// Cuts a cable at its far end, or joins it: from here, packets go nowhere, and nothing says so. Or takes the whole
    /// interface away at this end, and brings it back.
    fn set(&self, cable: u8, state: &str) {
        let (here, there) = self.ends(cable);
        match state {
            "gone" => ip(&format!("link set {here} down")),
            "back" => ip(&format!("link set {here} up")),
            state => ip(&format!("-n {} link set {there} {state}", self.name)),
        }
    }

    fn address(&self, server: &Server, cable: u8) -> String {
        let ip = [198, 18, self.net(cable), 2];
        SocketAddr::new(ip.into(), server.address.port()).to_string()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        for cable in 0..2 {
            let _ = Command::new("ip").args(["link", "del", &self.ends(cable).0]).status();
        }
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

#[test]
fn a_network_that_is_cut_and_comes_back_costs_nothing_but_time() {
    if !may("cuts", &["ip", "netns", "list"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), PEOPLE);
    let elsewhere = Elsewhere::new(0);
    let under = ["ip", "netns", "exec", &elsewhere.name];
    let server = listening(spawn(dir.path(), &under, "0.0.0.0:0", &dir.path().join("stderr")));
    let mut alice = User::sign_in(&elsewhere.address(&server, 0), "Alice", PASSWORD).trusting().online();
    let mut bob = User::sign_in(&elsewhere.address(&server, 1), "Bob", PASSWORD).trusting().online();
    let (mut chance, mut n) = (Chance::new(), 0_u64);
    let mut healed: Vec<(Duration, Duration)> = Vec::new();
    for cut in 0..choose(2, 20) {
        // Most are short, some take half a minute.
        let length = Duration::from_millis(match (is_long(), cut % 5) {
            (false, _) => chance.within(100..700),
            (true, 0) => chance.within(10_000..30_000),
            (true, _) => chance.within(100..6_000),
        });
        let mut strike = |alice: &mut User, bob: &mut User, during: Duration| {
            let begun = Instant::now();
            while begun.elapsed() < during {
                n += 1;
                alice.say(BOB, &format!("a {n}"));
                bob.say(ALICE, &format!("b {n}"));
                alice.client.poll();
                bob.client.poll();
                std::thread::park_timeout(Duration::from_millis(20));
            }
        };
        strike(&mut alice, &mut bob, Duration::from_millis(200));
        elsewhere.set(0, "down");
        strike(&mut alice, &mut bob, length);
        elsewhere.set(0, "up");
        let back = Instant::now();
        let drained = |user: &User| user.client.model().outbox.pending().count() == 0;
        alice.until_beside(&mut bob, "everything to be stored", |model| model.outbox.pending().count() == 0);
        healed.push((length, back.elapsed()));
        bob.until("everything to be stored", |model| model.outbox.pending().count() == 0);
        assert!(drained(&alice) && drained(&bob));
    }
    // Each has what the other wrote: the last one, and by the count of places, all before it.
    let ends = [format!("a {n}"), format!("b {n}")];
    for (user, with) in [(&mut alice, BOB), (&mut bob, ALICE)] {
        user.until("the last words", |model| {
            let texts = crate::support::user::texts(model, with);
            ends.iter().all(|end| texts.contains(end))
        });
        let texts = user.texts(with);
        for side in ["a", "b"] {
            let mine: Vec<u64> = texts.iter().filter_map(|text| text.strip_prefix(side)?.trim().parse().ok()).collect();
            let first = mine[0];
            assert!(mine.iter().copied().eq(first..=n), "a gap, or one twice, in what {side} wrote");
        }
    }
    let slowest = healed.iter().map(|(_, drain)| *drain).max().unwrap();
    let within = healed.iter().filter(|(_, drain)| *drain <= Duration::from_secs(2)).count();
    let each: Vec<_> =
        healed.iter().map(|(cut, drain)| format!("{:.1}+{:.1}", cut.as_secs_f64(), drain.as_secs_f64())).collect();
    say(&format!(
        "cuts: {} of up to 30 s, {n} messages each way; 0 lost, 0 doubled; the outbox was empty within 2 s of the \
         network's return {within} times, at the latest after {slowest:.1?} (seconds cut + seconds to drain: {})",
        healed.len(),
        each.join(", ")
    ));
    if is_long() {
        ghost(&elsewhere, &server, alice, &mut bob);
    }
    let server_pid = server.child.id();
    end_and_check(server, dir.path());
    let stored = records(dir.path());
    let messages = stored.iter().filter(|record| record["message"].as_str().is_some_and(|text| text.len() > 2)).count();
    assert!(messages as u64 >= 2 * n, "{messages} of {} (server {server_pid})", 2 * n);
}

/// Somebody's network goes and does not come back.
fn ghost(elsewhere: &Elsewhere, server: &Server, mut alice: User, bob: &mut User) {
    for on_its_way in [false, true] {
        alice.until("being online", |model| model.link == Link::Online);
        bob.until("seeing her", |model| model.people[&ALICE].status == Status::Online);
        elsewhere.set(0, "down");
        let gone = Instant::now();
        if on_its_way {
            bob.say(ALICE, "are you there?");
        }
        // Longer than a test may wait otherwise.
        while bob.client.model().people[&ALICE].status == Status::Online {
            assert!(gone.elapsed() < Duration::from_secs(60), "she haunts the place");
            bob.client.poll();
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let noticed = gone.elapsed();
        elsewhere.set(0, "up");
        alice.client.poll();
        alice.client.perform(Wish::RetryNow);
        alice.until("being back", |model| model.link == Link::Online);
        say(&format!("ghost ({}): gone after {noticed:.1?}", if on_its_way { "with data on its way" } else { "idle" }));
        assert!(noticed < Duration::from_secs(45), "{noticed:?} on {}", server.address);
    }
}

#[test]
fn a_network_that_comes_back_after_the_connection_was_given_up_is_noticed_at_once() {
    if !may("returns", &["ip", "netns", "list"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), PEOPLE);
    let elsewhere = Elsewhere::new(1);
    let under = ["ip", "netns", "exec", &elsewhere.name];
    let mut server = listening(spawn(dir.path(), &under, "0.0.0.0:0", &dir.path().join("stderr")));
    let mut alice = User::sign_in(&elsewhere.address(&server, 0), "Alice", PASSWORD).trusting().online();
    let listen = format!("0.0.0.0:{}", server.address.port());
    let mut waits = Vec::new();
    for round in 0..choose(2, 4) {
        // Once the cable is pulled out at the other end, and the route stays; once the interface is gone, and its route.
        let cable_only = round % 2 == 0;
        let (pull, plug) = if cable_only { ("down", "up") } else { ("gone", "back") };
        let lost = |alice: &User| matches!(alice.client.model().link, Link::Waiting { .. });
        if is_long() {
            elsewhere.set(0, pull);
            // Longer than a test may wait otherwise: nobody says that the other side is gone.
            let gone = Instant::now();
            while !lost(&alice) {
                assert!(gone.elapsed() < Duration::from_secs(60), "the connection is never given up");
                alice.client.poll();
                std::thread::park_timeout(Duration::from_millis(20));
            }
        } else {
            // That the server ends the connection is the same to a window, and takes less time.
            drop(server);
            elsewhere.set(0, pull);
            alice.until("the loss", |model| matches!(model.link, Link::Waiting { .. }));
            server = listening(spawn(dir.path(), &under, &listen, &dir.path().join("stderr")));
        }
        // Some attempts fail, and the pauses between them grow: the next one is so far away that it is not the one.
        let far = |model: &parlor::client::model::Model| match &model.link {
            Link::Waiting { until, .. } => until.0 - parlor::clock::now().0 > 8_000,
            _ => false,
        };
        alice.until("a long pause", far);
        alice.say(BOB, "written while the cable was out");
        let Link::Waiting { until: planned, .. } = alice.client.model().link else { panic!("it waits") };
        elsewhere.set(0, plug);
        let back = Instant::now();
        alice.until("being back", |model| model.link == Link::Online && model.outbox.pending().count() == 0);
        waits.push(back.elapsed());
        assert!(parlor::clock::now() < planned, "{:?} after the network was back, as planned", back.elapsed());
    }
    say(&format!("returns: online and the outbox empty after the network's return: {waits:.1?}"));
    end_and_check(server, dir.path());
}
