//! Torture: the real program under load and with the world failing around it, compared with what its clients were told.
//!
//! Each test has a short form, which runs with all other tests, and a long one, which prints the figures that
//! docs/RELIABILITY.md quotes:
//!
//! ```text
//! TORTURE=long cargo test --release --test torture -- --nocapture --test-threads 1
//! ```
//!
//! What needs rights or tools that are not there is passed over, and says so in one line.
#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

mod attackers;
mod cuts;
mod failed_sync;
mod flood;
mod full_disk;
mod guessing;
mod kills;
mod outside;
mod outsider;
mod probing;
mod resends;
mod rig;
mod sealed;
mod stalled;
mod strangers;
mod uploader;
