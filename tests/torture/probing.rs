//! Whether a login that is refused tells if the name exists: the replies, and how long they take. Over TLS, as outsiders
//! have to speak, and from many addresses.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rig::{choose, people, quantile_ms, say, start};
use crate::support::Peer;
use crate::support::tls::Encrypted;

/// What is tried, in turn: how the name begins, and the password. No name is tried often enough to be refused for that.
const TRIES: [(&str, &str, &str); 5] = [
    ("wrong password", "Alice", "not her password"),
    ("unknown name", "Nobody", "not her password"),
    ("empty password", "Alice", ""),
    ("unknown name and empty password", "Nobody", ""),
    ("another form of the name", "Ａｌｉｃｅ", "not her password"),
];

/// Comes from an address, and has agreed on TLS.
fn agreed(from: Ipv4Addr, address: SocketAddr) -> Peer<Encrypted> {
    Peer::connect_from(from, address).encrypted(rustls::DEFAULT_VERSIONS)
}

/// Says the medians, and how far they lie apart.
fn tell(name: &str, kinds: &[&str], times: &mut [Vec<Duration>]) {
    let medians: Vec<f64> = times.iter_mut().map(|times| quantile_ms(times, 0.5)).collect();
    let (least, most) = medians.iter().fold((f64::MAX, 0.0_f64), |(least, most), &it| (least.min(it), most.max(it)));
    let each: Vec<_> = kinds.iter().zip(&medians).map(|(what, median)| format!("{what} {median:.3} ms")).collect();
    let apart = (most / least - 1.0) * 100.0;
    say(&format!("{name}: medians of {} each: {}; {apart:.1} % apart", times[0].len(), each.join(", ")));
}

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
            let mut peer = agreed(from, server.address);
            let asked = Instant::now();
            peer.send(&json!({"purpose": "login", "username": format!("{username}{n}"), "password": password}));
            let reply = peer.receive();
            times.push(asked.elapsed());
            if !replies.contains(&reply) {
                replies.push(reply);
            }
        }
    }
    tell("probing", &TRIES.map(|(what, ..)| what), &mut times);
    assert_eq!(replies.len(), 1, "{replies:#?}");
    assert_eq!((&replies[0]["result"], &replies[0]["error"]["code"]), (&json!(false), &json!("wrong_credentials")));
}

/// What is tried until it is too much, each name from an address of its own.
const TOO_MANY: [(&str, &str); 2] = [("name of somebody", "Alice"), ("name of nobody", "Nobody")];

#[test]
fn a_login_that_came_too_fast_does_not_tell_either() {
    let dir = tempfile::tempdir().unwrap();
    people(dir.path(), ["Alice"]);
    let server = start(dir.path(), &[], &dir.path().join("stderr"));
    let mut peers: Vec<_> = (1..=2).map(|n| agreed(Ipv4Addr::new(127, 2, 0, n), server.address)).collect();
    let (mut tries, mut times) = ([0; TOO_MANY.len()], <[Vec<Duration>; TOO_MANY.len()]>::default());
    let mut replies: Vec<Value> = Vec::new();
    // A try in some seconds is let through: those are few, and no part of it.
    while times.iter().any(|times| times.len() < choose(50, 3_000)) {
        for (n, (_, username)) in TOO_MANY.iter().enumerate() {
            let asked = Instant::now();
            let mut reply = peers[n].try_login(username, "not the password");
            let took = asked.elapsed();
            if reply["error"]["code"] == "slow_down" {
                times[n].push(took);
                assert!(reply["error"]["retry_after_ms"].as_u64().is_some_and(|wait| wait <= 20_000), "{reply}");
                reply["error"]["retry_after_ms"] = json!("some time");
                let message: String =
                    reply["error"]["message"].as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "");
                reply["error"]["message"] = json!(message);
                if !replies.contains(&reply) {
                    replies.push(reply);
                }
            } else if times[n].is_empty() {
                assert_eq!(reply["error"]["code"], "wrong_credentials");
                tries[n] += 1;
            }
        }
    }
    tell("too fast", &TOO_MANY.map(|(what, _)| what), &mut times);
    assert_eq!(tries, [10; TOO_MANY.len()], "all names run out alike");
    assert_eq!(replies.len(), 1, "{replies:#?}");
}
