//! A disk whose sync fails beneath the real program, by injection into its system calls: nothing of that batch is
//! acknowledged, nothing is written afterwards, reading goes on, and a restart finds what was acknowledged.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::rig::{PASSWORD, check, choose, listening, may, people, say, spawn, start, try_send};
use crate::support::house::PEOPLE;
use crate::support::{Peer, Server, records, wait_for};

/// Starts the server with its `when`-th sync of data failing, and each after it succeeding.
fn start_failing(dir: &Path, log: &Path, when: u64) -> Server {
    let inject = format!("inject=fdatasync:error=EIO:when={when}");
    let trace = dir.join("trace").display().to_string();
    let under = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", &trace, "-e", "trace=fdatasync", "-e", &inject];
    listening(spawn(dir, &under, "127.0.0.1:0", log))
}

/// The server itself: the only child of the program that watches it.
fn traced(server: &Server) -> String {
    let pid = server.child.id();
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap().trim().into()
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_reading_goes_on() {
    if !may("failed syncs", &["strace", "--seccomp-bpf", "-f", "-o", "/dev/null", "true"]) {
        return;
    }
    let (mut acknowledged_in_all, mut refused_in_all, mut kept) = (0, 0, 0);
    let faults: Vec<u64> = choose(vec![4, 9], (2..42).collect());
    for &when in &faults {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("stderr");
        people(dir.path(), PEOPLE);
        // The accounts are on disk before, so that what is counted are syncs of messages.
        drop(start(dir.path(), &[], &log));
        let server = start_failing(dir.path(), &log, when);
        let mut acknowledged = BTreeMap::new();
        let mut code = String::new();
        let (mut alice, mut bob) =
            (Peer::login(server.address, "Alice", PASSWORD), Peer::login(server.address, "Bob", PASSWORD));
        for n in 0..100_u64 {
            // Two at a time, so that batches have more than one.
            for peer in [&mut alice, &mut bob] {
                peer.send(&json!({"purpose": "send_message", "id": n, "everyone": true, "message": format!("m{n}")}));
            }
            for peer in [&mut alice, &mut bob] {
                let reply = peer.until("send_message");
                if reply["result"] == true {
                    assert!(code.is_empty(), "acknowledged after a failed sync: {reply}");
                    acknowledged.insert(reply["seq"].as_u64().unwrap(), format!("m{n}"));
                } else {
                    code = reply["error"]["code"].as_str().unwrap().into();
                    assert_eq!(code, "storage_failed");
                    refused_in_all += 1;
                }
            }
        }
        assert_eq!(code, "storage_failed", "the fault came at all");
        // Reading goes on, also for somebody new.
        let mut charlie = Peer::login(server.address, "Charlie", PASSWORD);
        let page = charlie.ask(&json!({"purpose": "fetch_history", "everyone": true, "limit": 200}));
        let shown: Vec<_> = page["messages"].as_array().unwrap().iter().map(|it| it["seq"].as_u64().unwrap()).collect();
        assert_eq!(shown, acknowledged.keys().copied().collect::<Vec<_>>(), "shown is what was acknowledged");
        let pid = traced(&server);
        assert!(Command::new("kill").args(["-9", &pid]).stderr(Stdio::null()).status().unwrap().success());
        wait_for("the end of the server", || !Path::new(&format!("/proc/{pid}")).exists());
        drop(server);

        let server = start(dir.path(), &[], &log);
        let mut alice = Peer::login(server.address, "Alice", PASSWORD);
        assert!(try_send(&mut alice, &json!({"purpose": "send_message", "to_user": "Bob", "message": "again"})));
        assert_eq!(alice.until("send_message")["result"], true, "a restart writes again");
        drop(server);
        check(dir.path());
        let found: BTreeMap<_, _> = records(dir.path())
            .into_iter()
            .map(|record| (record["seq"].as_u64().unwrap(), record["message"].as_str().unwrap_or_default().to_owned()))
            .collect();
        for (seq, text) in &acknowledged {
            assert_eq!(found.get(seq), Some(text), "acknowledged and lost");
        }
        // What was written and not synced may be there: nobody was told that it is not.
        kept += found.values().filter(|text| text.starts_with('m')).count() - acknowledged.len();
        acknowledged_in_all += acknowledged.len();
    }
    say(&format!(
        "failed syncs: {} servers whose sync failed, each at another one; {acknowledged_in_all} acknowledged before, 0 \
         lost, 0 acknowledged after; {refused_in_all} refused with storage_failed, of which {kept} were on disk all the \
         same; each wrote again after a restart",
        faults.len()
    ));
}
