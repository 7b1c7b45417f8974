//! Killed without a warning, at random instants, again and again, while several devices write to people, a group and
//! everyone. What was acknowledged or shown is on disk, once, at the place that was told, in the order of its device.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Barrier;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rig::{Chance, PASSWORD, check, choose, listening, people, say, spawn, start, try_send};
use crate::support::house::PEOPLE;
use crate::support::{DEADLINE, Peer, Server, records};

/// Messages of a device that are on their way.
const WINDOW: usize = 16;
/// After so many kills another folder begins, so that a start stays short.
const KILLS_OF_A_FOLDER: u64 = 250;

/// One of the devices that write. It outlives the server, and the connection.
struct Device {
    name: String,
    account: &'static str,
    group: u64,
    last_n: u64,
    /// Sent or about to be, and not acknowledged.
    waiting: VecDeque<u64>,
    /// Acknowledged, and where that was told.
    told: BTreeMap<u64, Option<u64>>,
    /// What others wrote and this connection was shown: place and text.
    shown: BTreeMap<u64, String>,
    resent: u64,
    duplicates: u64,
}

impl Device {
    fn new(name: &str, account: &'static str, group: u64) -> Self {
        Self {
            name: name.into(),
            account,
            group,
            last_n: 0,
            waiting: VecDeque::new(),
            told: BTreeMap::new(),
            shown: BTreeMap::new(),
            resent: 0,
            duplicates: 0,
        }
    }

    /// What a number stands for: always the same.
    fn message(&self, n: u64) -> Value {
        let mut message = json!({"purpose": "send_message", "id": n, "client_id": format!("{}:{n}", self.name)});
        message["message"] = json!(format!("{}'s {n} {}", self.name, "x".repeat(n as usize % 200)));
        match n % 5 {
            0 => message["everyone"] = json!(true),
            1 => message["to_users"] = json!(["Bob", "Dave", "Eve"]),
            2 => message["group"] = json!(self.group),
            _ => message["to_user"] = json!("Dave"),
        }
        message
    }

    /// Logs in, sends again what was not acknowledged, then new messages, until the server is gone, or there is
    /// nothing left to send.
    fn write(&mut self, address: SocketAddr, ready: &Barrier, acknowledged: &Sender<()>, new: bool) {
        let mut peer = Peer::login(address, self.account, PASSWORD);
        ready.wait();
        self.resent += self.waiting.len() as u64;
        let mut alive = self.waiting.iter().all(|n| try_send(&mut peer, &self.message(*n)));
        loop {
            while new && alive && self.waiting.len() < WINDOW {
                self.last_n += 1;
                self.waiting.push_back(self.last_n);
                alive = try_send(&mut peer, &self.message(self.last_n));
            }
            if !new && self.waiting.is_empty() {
                return;
            }
            let Some(event) = peer.try_receive() else { return };
            if event["purpose"] == "send_message" {
                assert_eq!(event["result"], true, "{event}");
                let n = event["id"].as_u64().unwrap();
                self.waiting.retain(|waiting| *waiting != n);
                self.told.insert(n, event["seq"].as_u64());
                self.duplicates += u64::from(event["duplicate"] == true);
                let _ = acknowledged.send(());
            } else if event["purpose"] == "receive_message" {
                let (seq, text) = (event["seq"].as_u64().unwrap(), event["message"].as_str().unwrap());
                let before = self.shown.insert(seq, text.into());
                assert!(before.is_none_or(|before| before == text), "place {seq} was shown with two texts");
            }
        }
    }
}

/// What a folder went through.
#[derive(Default)]
struct Figures {
    kills: u64,
    at_start: u64,
    messages: u64,
    resent: u64,
    duplicates: u64,
}

#[test]
fn what_was_acknowledged_survives_any_number_of_kills() {
    let kills = choose(30, 1_000);
    let begun = Instant::now();
    let mut all = Figures::default();
    while all.kills < kills {
        let dir = tempfile::tempdir().unwrap();
        let found = torture(dir.path(), (kills - all.kills).min(KILLS_OF_A_FOLDER));
        all.kills += found.kills;
        all.at_start += found.at_start;
        all.messages += found.messages;
        all.resent += found.resent;
        all.duplicates += found.duplicates;
    }
    say(&format!(
        "kills: {} ({} of them while starting), {} messages, {} sent again of which {} were stored already; 0 lost, 0 \
         doubled, 0 moved; {:.0} s",
        all.kills,
        all.at_start,
        all.messages,
        all.resent,
        all.duplicates,
        begun.elapsed().as_secs_f64()
    ));
}

fn torture(dir: &Path, kills: u64) -> Figures {
    let (log, mut chance) = (dir.join("stderr"), Chance::new());
    people(dir, PEOPLE);
    let mut server = start(dir, &[], &log);
    let group = Peer::login(server.address, "Alice", PASSWORD).make("Torture", &[2, 3, 4, 5]);
    let writers = [("desk", "Alice"), ("lap", "Alice"), ("bob-1", "Bob"), ("charlie-1", "Charlie")];
    let mut devices = writers.map(|(name, account)| Device::new(name, account, group));
    let mut figures = Figures::default();
    while figures.kills < kills {
        figures.kills += 1;
        round(&mut server, &mut devices, Some(&mut chance));
        // Now and then it does not even get to listen.
        let mut child = spawn(dir, &[], "127.0.0.1:0", &log);
        if figures.kills < kills && chance.within(0..8) == 0 {
            std::thread::sleep(Duration::from_micros(chance.within(0..30_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            (figures.kills, figures.at_start) = (figures.kills + 1, figures.at_start + 1);
            child = spawn(dir, &[], "127.0.0.1:0", &log);
        }
        server = listening(child);
    }
    round(&mut server, &mut devices, None);
    drop(server);
    check(dir);
    compare(dir, &devices);
    figures.messages = devices.iter().map(|device| device.last_n).sum();
    figures.resent = devices.iter().map(|device| device.resent).sum();
    figures.duplicates = devices.iter().map(|device| device.duplicates).sum();
    figures
}

/// All devices write until the server is killed; without a chance of that, only what is left.
fn round(server: &mut Server, devices: &mut [Device], chance: Option<&mut Chance>) {
    let ready = Barrier::new(devices.len());
    let (acknowledged, acknowledgements) = channel();
    let new = chance.is_some();
    let strike = chance.map(|chance| (chance.within(1..60), chance.within(1_000..60_000)));
    let (address, child) = (server.address, &mut server.child);
    std::thread::scope(|scope| {
        for device in devices {
            let (ready, acknowledged) = (&ready, acknowledged.clone());
            scope.spawn(move || device.write(address, ready, &acknowledged, new));
        }
        if let Some((after, micros)) = strike {
            for _ in 0..after {
                acknowledgements.recv_timeout(DEADLINE).expect("the load is acknowledged");
            }
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
}

/// Compares the file with what the devices were told.
fn compare(dir: &Path, devices: &[Device]) {
    let found = records(dir);
    let mut stored: BTreeMap<&str, (&Value, u64)> = BTreeMap::new();
    let mut texts: BTreeMap<u64, &str> = BTreeMap::new();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for record in found.iter().filter(|record| !record["message"].is_null()) {
        let (id, seq) = (record["client_id"].as_str().unwrap(), record["seq"].as_u64().unwrap());
        assert!(stored.insert(id, (record, seq)).is_none(), "{id} is stored twice");
        texts.insert(seq, record["message"].as_str().unwrap());
        let (device, n) = id.split_once(':').unwrap();
        let before = last.insert(device, n.parse().unwrap());
        assert!(before < last.get(device).copied(), "{id} stands after {before:?}");
    }
    for device in devices {
        assert!(device.waiting.is_empty() && device.told.len() as u64 == device.last_n, "everything was acknowledged");
        for (n, told) in &device.told {
            let (record, seq) = stored[&*format!("{}:{n}", device.name)];
            assert!(told.is_none_or(|told| told == seq), "{}:{n} was told {told:?} and stands at {seq}", device.name);
            assert_eq!(record["message"], device.message(*n)["message"]);
        }
        for (seq, text) in &device.shown {
            assert_eq!(texts.get(seq), Some(&text.as_str()), "what stood at {seq} was shown and is gone");
        }
    }
    assert_eq!(stored.len() as u64, devices.iter().map(|device| device.last_n).sum::<u64>());
}
