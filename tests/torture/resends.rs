//! The same numbers again and again: over two sockets at once, cut off before the acknowledgement, across restarts. Each
//! is stored once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rig::{Chance, PASSWORD, check, choose, people, say, start, try_send};
use crate::support::house::PEOPLE;
use crate::support::{Peer, records};

/// Numbers that are sent together.
const BATCH: u64 = 50;

fn message(n: u64) -> Value {
    json!({"purpose": "send_message", "id": n, "to_user": "Bob", "message": format!("number {n}"), "client_id": format!("twice:{n}")})
}

/// Takes answers until each number has one; false when the server went first.
fn settle(peer: &mut Peer, numbers: std::ops::Range<u64>, duplicates: &mut u64) -> bool {
    let mut missing = numbers.end - numbers.start;
    while missing > 0 {
        let Some(event) = peer.try_receive() else { return false };
        if event["purpose"] == "send_message" {
            assert_eq!(event["result"], true, "{event}");
            *duplicates += u64::from(event["duplicate"] == true);
            missing -= 1;
        }
    }
    true
}

#[test]
fn a_number_that_is_sent_again_is_stored_once() {
    let wanted = choose(1_000, 10_000);
    let (dir, mut chance) = (tempfile::tempdir().unwrap(), Chance::new());
    people(dir.path(), PEOPLE);
    let log = dir.path().join("stderr");
    let begun = Instant::now();
    let mut server = start(dir.path(), &[], &log);
    let (mut resends, mut duplicates, mut restarts, mut cuts, mut last) = (0, 0, 0, 0, 0_u64);
    while resends < wanted {
        let mut kept = Peer::login(server.address, "Alice", PASSWORD);
        for _ in 0..5 {
            let numbers = last + 1..last + 1 + BATCH;
            last += BATCH;
            // One socket goes away between the commit and the acknowledgement, or before, or after.
            let mut cut = Peer::login(server.address, "Alice", PASSWORD);
            numbers.clone().for_each(|n| _ = try_send(&mut cut, &message(n)) | try_send(&mut kept, &message(n)));
            std::thread::sleep(Duration::from_micros(chance.within(0..3_000)));
            cut.stream.shutdown(std::net::Shutdown::Both).unwrap();
            cuts += 1;
            resends += BATCH;
            if chance.within(0..4) == 0 {
                server.child.kill().unwrap();
                server.child.wait().unwrap();
                restarts += 1;
                server = start(dir.path(), &[], &log);
                kept = Peer::login(server.address, "Alice", PASSWORD);
            } else {
                assert!(settle(&mut kept, numbers.clone(), &mut duplicates));
            }
            // Whatever became of it before: now it is stored, and a further time changes nothing.
            for _ in 0..2 {
                numbers.clone().for_each(|n| kept.send(&message(n)));
                assert!(settle(&mut kept, numbers.clone(), &mut duplicates));
                resends += BATCH;
            }
            let mut other = message(last);
            other["message"] = json!("something else");
            assert_eq!(kept.ask(&other)["error"]["code"], "client_id_reused");
        }
    }
    drop(server);
    check(dir.path());
    let mut stored: BTreeMap<String, u32> = BTreeMap::new();
    let found = records(dir.path());
    for record in found.iter().filter(|record| record["purpose"] == "receive_message") {
        *stored.entry(record["message"].as_str().unwrap().into()).or_default() += 1;
    }
    assert_eq!(stored.len() as u64, last);
    assert!(stored.values().all(|times| *times == 1), "nothing twice");
    say(&format!(
        "resends: {last} messages, {resends} resends, {cuts} sockets cut before their acknowledgements, {restarts} \
         restarts by kill; {duplicates} answered as stored before, 0 stored twice; {:.1} s",
        begun.elapsed().as_secs_f64()
    ));
}
