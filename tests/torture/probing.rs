//! Whether a login that is refused tells if the name exists: the replies, and how long they take.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rig::{choose, people, quantile_ms, say, start};
use crate::support::Peer;

/// What is tried, in turn: how the name begins, and the password. No name is tried often enough to be refused for that.
const TRIES: [(&str, &str, &str); 5] = [
    ("wrong password", "Alice", "not her password"),
    ("unknown name", "Nobody", "not her password"),
    ("empty password", "Alice", ""),
    ("unknown name and empty password", "Nobody", ""),
    ("another form of the name", "Ａｌｉｃｅ", "not her password"),
];

#[test]
fn a_refused_login_does_not_tell_whether_the_name_exists() {
    let dir = tempfile::tempdir().unwrap();
    let rounds = choose(5, 200);
    people(dir.path(), (0..rounds).map(|n| format!("Alice{n}")));
    let server = start(dir.path(), &[], &dir.path().join("stderr"));
    let mut times: [Vec<Duration>; TRIES.len()] = Default::default();
    let mut replies: Vec<Value> = Vec::new();
    // One of each in turn, so that whatever else the machine does falls on all of them.
    for n in 0..rounds {
        for ((_, username, password), times) in TRIES.iter().zip(&mut times) {
            let from = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + n);
            let mut peer = Peer::connect_from(from, server.address);
            let asked = Instant::now();
            peer.send(&json!({"purpose": "login", "username": format!("{username}{n}"), "password": password}));
            let reply = peer.receive();
            times.push(asked.elapsed());
            if !replies.contains(&reply) {
                replies.push(reply);
            }
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| quantile_ms(times, 0.5)).collect();
    let (least, most) = medians.iter().fold((f64::MAX, 0.0_f64), |(least, most), &it| (least.min(it), most.max(it)));
    let each: Vec<_> =
        TRIES.iter().zip(&medians).map(|((what, ..), median)| format!("{what} {median:.2} ms")).collect();
    say(&format!(
        "probing: medians of {} each: {}; {:.1} % apart",
        times[0].len(),
        each.join(", "),
        (most / least - 1.0) * 100.0
    ));
    assert_eq!(replies.len(), 1, "{replies:#?}");
    assert_eq!(replies[0]["result"], false);
}
