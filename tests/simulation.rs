//! The simulation: the real engine, the real log file and real models in one thread, over a network, a disk and a clock
//! that do whatever a seed says; people come, write and go, links are cut, the server is killed between any two
//! effects, and the disk loses what was not synced. What must hold is checked at every step and at rest.
//!
//!     cargo test --test simulation                                    1,000 seeds, and the planted bugs
//!     SEED=17 cargo test --test simulation seeds_hold -- --nocapture  that run alone, with its trace
//!     SEEDS=50000 cargo test --release --test simulation seeds_hold   further
//!
//! A planted bug (`sim::Bug`) must be noticed: a simulation that finds nothing proves nothing by itself.

#[path = "support/agree.rs"]
mod agree;
mod sim;

use std::panic::catch_unwind;
use std::time::Instant;

use sim::{Bug, Outcome, run};

/// How many seeds an ordinary run looks at.
const SEEDS: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, and not {text:?}")))
}

/// A run that must hold; a panic within it counts, too.
fn holds(seed: u64, loud: bool) -> Result<Outcome, String> {
    let replay = format!("SEED={seed} cargo test --test simulation seeds_hold -- --nocapture");
    let outcome = catch_unwind(|| run(seed, None, loud)).map_err(|_| format!("seed {seed} panics\n  {replay}"))?;
    match &outcome.failure {
        Some(why) => Err(format!("seed {seed}: {why}\n  {replay}")),
        None => Ok(outcome),
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "how far it looked")]
fn seeds_hold() {
    if let Some(seed) = number("SEED") {
        match holds(seed, true) {
            Ok(outcome) => eprintln!("{outcome:?}"),
            Err(why) => panic!("{why}"),
        }
        return;
    }
    let (seeds, start) = (number("SEEDS").unwrap_or(SEEDS), Instant::now());
    let halves = [0, 1].map(|half| {
        std::thread::spawn(move || {
            let (mut failures, mut records, mut promises, mut frames) = (Vec::new(), 0, 0, 0);
            for seed in (0..seeds).filter(|seed| seed % 2 == half) {
                match holds(seed, false) {
                    Ok(outcome) => {
                        records += outcome.records;
                        promises += outcome.promises;
                        frames += outcome.frames;
                    }
                    Err(why) => failures.push(why),
                }
                if failures.len() == 5 {
                    break;
                }
            }
            (failures, records, promises, frames)
        })
    });
    let [even, odd] = halves.map(|half| half.join().unwrap());
    let failures: Vec<_> = even.0.into_iter().chain(odd.0).collect();
    eprintln!(
        "{seeds} seeds: {} records, {} promises, {} frames in {:.1} s",
        even.1 + odd.1,
        even.2 + odd.2,
        even.3 + odd.3,
        start.elapsed().as_secs_f64()
    );
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_seed_is_a_whole_run() {
    for seed in (0..1_000).step_by(50) {
        assert_eq!(run(seed, None, false), run(seed, None, false), "seed {seed}");
    }
}

/// The first seed that notices a planted bug, and what it says.
#[expect(clippy::print_stderr, reason = "how soon it is noticed")]
fn noticed(bug: Bug) -> Option<String> {
    let (seed, why) = (0..SEEDS).find_map(|seed| run(seed, Some(bug), false).failure.map(|why| (seed, why)))?;
    eprintln!("{bug:?}: seed {seed}: {why}");
    Some(why)
}

#[test]
fn an_acknowledgement_before_the_sync_is_noticed() {
    let why = noticed(Bug::AckBeforeSync).unwrap();
    assert!(why.contains("last"), "{why}");
}

#[test]
fn a_restart_that_forgets_what_is_stored_is_noticed() {
    let why = noticed(Bug::DedupForgotten).unwrap();
    assert!(why.contains("replayed") || why.contains("in the log at"), "{why}");
}

#[test]
fn a_cursor_that_is_one_too_far_is_noticed() {
    let why = noticed(Bug::CursorTooFar).unwrap();
    assert!(why.contains("the model has"), "{why}");
}

#[test]
fn a_removed_member_who_still_hears_is_noticed() {
    let why = noticed(Bug::RemovedKept).unwrap();
    assert!(why.contains("is shown"), "{why}");
}

#[test]
fn a_receipt_for_what_has_not_come_is_noticed() {
    let why = noticed(Bug::ReceiptOnSend).unwrap();
    assert!(why.contains("a delivery marker says"), "{why}");
}
