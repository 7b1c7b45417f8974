//! The only wall clock and the only randomness of the program.
//!
//! Everything else is handed times and random numbers as values, so that replays and simulations are exact.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::proto::ids::Millis;

/// The wall clock's time. A clock set before 1970 reads as 1970.
pub fn now() -> Millis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A difference that is no step: the system moves a clock that is a little wrong by as much, and a look takes its time.
const STEP_MIN_MILLIS: i64 = 1_000;

/// Notices that the wall clock was set: it has then gone another way than time has.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    wall: Millis,
    steady: Instant,
}

impl Steps {
    /// Begins to look.
    pub fn new() -> Self {
        Self { wall: now(), steady: Instant::now() }
    }

    /// By how many milliseconds the clock was set since the last look; nothing if it was not. A computer that wakes up
    /// looks as if it was set forward.
    pub fn look(&mut self) -> Option<i64> {
        self.compare(now(), Instant::now())
    }

    fn compare(&mut self, wall: Millis, steady: Instant) -> Option<i64> {
        let passed = steady.saturating_duration_since(self.steady).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let step = wall.0.saturating_sub(self.wall.0).saturating_sub(passed);
        *self = Self { wall, steady };
        (step.saturating_abs() >= STEP_MIN_MILLIS).then_some(step)
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self::new()
    }
}

/// 64 random bits that nobody can guess.
///
/// # Errors
/// When the operating system has no source of randomness: then nothing secret is made.
pub fn secret_u64() -> Result<u64, getrandom::Error> {
    getrandom::u64()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_that_was_set_is_noticed_once_and_one_that_goes_is_not() {
        let start = Instant::now();
        let mut steps = Steps { wall: Millis(1_000_000), steady: start };
        let mut at = |wall, seconds| steps.compare(Millis(wall), start + Duration::from_secs(seconds));
        assert_eq!(at(1_010_200, 10), None);
        assert_eq!(at(1_010_200 + 3_600_000, 3_610), None, "nobody looked for an hour");
        const DAY: i64 = 86_400_000;
        assert_eq!(at(4_611_200 - DAY, 3_611), Some(-DAY));
        assert_eq!(at(4_612_200 - DAY, 3_612), None);
        assert_eq!(at(4_613_200, 3_613), Some(DAY));
    }
}
