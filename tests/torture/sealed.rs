//! What a session costs the server while nothing happens, in the open and over TLS.

use std::net::Ipv4Addr;

use super::rig::{PASSWORD, choose, people, resident_kib, say, start};
use crate::support::Peer;
use crate::support::house::PEOPLE;
use crate::support::tls::Encrypted;

#[test]
fn an_idle_session_holds_little_over_tls_too() {
    let count = choose(100_u16, 500);
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), PEOPLE);
    let server = start(dir.path(), &[], &dir.path().join("stderr"));
    // What is made once is there already.
    let _first = Peer::<Encrypted>::enter(Ipv4Addr::LOCALHOST, server.address, "Alice", PASSWORD);
    let begun = resident_kib(server.child.id());
    let _plain: Vec<_> = (0..count).map(|_| Peer::login(server.address, "Alice", PASSWORD)).collect();
    let between = resident_kib(server.child.id());
    let enter = |_| Peer::<Encrypted>::enter(Ipv4Addr::LOCALHOST, server.address, "Alice", PASSWORD);
    let _sealed: Vec<_> = (0..count).map(enter).collect();
    let ended = resident_kib(server.child.id());
    let each = |kib: u64| kib as f64 / f64::from(count);
    let (plain, sealed) = (each(between.saturating_sub(begun)), each(ended.saturating_sub(between)));
    say(&format!("idle: {count} sessions hold {plain:.1} KiB each in the open, {sealed:.1} KiB over TLS"));
    assert!(sealed < 64.0, "{sealed} KiB");
}
