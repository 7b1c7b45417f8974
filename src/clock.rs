//! The only wall clock and the only randomness of the program.
//!
//! Everything else is handed times and random numbers as values, so that replays and simulations are exact.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::proto::ids::Millis;

/// The wall clock's time. A clock set before 1970 reads as 1970.
pub fn now() -> Millis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// 64 random bits from the operating system.
///
/// A system without a source of randomness cannot host accounts or number devices: the process time stands in then,
/// which keeps identifiers distinct but not secret. Nothing secret is made with this function.
pub fn random_u64() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        u64::try_from(nanos & u128::from(u64::MAX)).unwrap_or_default() ^ u64::from(std::process::id())
    })
}
