//! A disk that fills under load and has room again later: the sender is told, readers are served, and writing resumes by
//! itself.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rig::{PASSWORD, choose, end_and_check, may, people, say, start};
use crate::support::house::PEOPLE;
use crate::support::{Peer, records};

/// A file system of 8 MiB; gone when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Self {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(at).status();
        assert!(mount.unwrap().success());
        Self(at)
    }

    /// Leaves no room.
    fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.0.join("ballast")).unwrap();
        while ballast.write(&[0; 4096]).is_ok_and(|n| n > 0) {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// Sends one message and waits for its answer.
fn say_once(peer: &mut Peer, n: u64) -> Value {
    let message = format!("{n} {}", "x".repeat(300));
    peer.ask(
        &json!({"purpose": "send_message", "to_user": "Bob", "message": message, "client_id": format!("full:{n}")}),
    )
}

#[test]
fn a_full_disk_is_told_and_outlasted() {
    if !may("full disk", &["mount", "--version"]) {
        return;
    }
    let (mount, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = SmallDisk::mount(mount.path());
    people(disk.0, PEOPLE);
    let log = beside.path().join("stderr");
    let mut server = start(disk.0, &[], &log);
    let upload = Peer::login(server.address, "Alice", PASSWORD).ask(&json!({"purpose": "upload_file", "size": 1}));
    assert_eq!(upload["error"]["code"], "storage_full", "what little room there is belongs to messages: {upload}");
    let episodes = choose(2, 10);
    let (mut n, mut stored, mut refused) = (0, Vec::new(), 0_u64);
    let (mut slowest_refusal, mut slowest_read, mut slowest_return) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for episode in 0..episodes {
        let mut alice = Peer::login(server.address, "Alice", PASSWORD);
        for _ in 0..50 {
            n += 1;
            let reply = say_once(&mut alice, n);
            stored.push((n, reply["seq"].as_u64().unwrap()));
        }
        disk.fill();
        let full = Instant::now();
        // What still fits the last page is stored; then each is refused, and the same number is tried on.
        n += 1;
        loop {
            let reply = say_once(&mut alice, n);
            if reply["result"] == true {
                stored.push((n, reply["seq"].as_u64().unwrap()));
                n += 1;
                continue;
            }
            assert_eq!(reply["error"]["code"], "storage_full", "{reply}");
            slowest_refusal = slowest_refusal.max(full.elapsed());
            break;
        }
        let during = Instant::now();
        while during.elapsed() < choose(Duration::from_millis(300), Duration::from_secs(3)) {
            assert_eq!(say_once(&mut alice, n)["error"]["code"], "storage_full");
            refused += 1;
            let read = Instant::now();
            let page = alice.ask(&json!({"purpose": "fetch_history", "with_user": "Bob", "limit": 20}));
            assert_eq!(page["messages"].as_array().unwrap().len(), 20);
            slowest_read = slowest_read.max(read.elapsed());
        }
        Peer::login(server.address, "Bob", PASSWORD);
        if episode + 1 == episodes {
            // The last time it is also killed and started without room.
            drop(server);
            server = start(disk.0, &[], &log);
            alice = Peer::login(server.address, "Alice", PASSWORD);
            let reply = say_once(&mut alice, n);
            assert_eq!(reply["error"]["code"], "storage_full", "{reply}");
        }
        disk.free();
        let freed = Instant::now();
        let reply = loop {
            let reply = say_once(&mut alice, n);
            if reply["result"] == true {
                break reply;
            }
            assert!(freed.elapsed() < Duration::from_secs(5), "{reply}");
        };
        slowest_return = slowest_return.max(freed.elapsed());
        stored.push((n, reply["seq"].as_u64().unwrap()));
    }
    end_and_check(server, disk.0);
    let found = records(disk.0);
    let messages: Vec<_> = found.iter().filter(|record| record["purpose"] == "receive_message").collect();
    assert_eq!(messages.len(), stored.len(), "what was acknowledged, and nothing else");
    for (record, (n, seq)) in messages.iter().zip(&stored) {
        assert_eq!((&record["client_id"], &record["seq"]), (&json!(format!("full:{n}")), &json!(seq)));
    }
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    assert!(lines <= 4 * episodes + 4, "{lines} lines in the log for {episodes} episodes");
    assert!(slowest_refusal < Duration::from_secs(1));
    say(&format!(
        "full disk: {episodes} times full; told after at most {slowest_refusal:.1?}, {refused} refused, a page took at \
         most {slowest_read:.1?}, stored again {slowest_return:.1?} after room was made; {} acknowledged, 0 lost; \
         {lines} lines logged",
        stored.len()
    ));
}
