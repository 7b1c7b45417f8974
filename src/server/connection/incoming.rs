//! What has come in over a connection and is not with the engine yet.

use bytes::BytesMut;
use tokio::time::Instant;

use crate::config::{LOGIN_ANSWER_DEADLINE, LOGIN_DEADLINE};
use crate::core::engine::Input;

/// See the module.
#[derive(Debug)]
pub struct Incoming {
    /// Bytes of frames, up to the first that is not whole.
    pub buffer: BytesMut,
    /// How long it may go on without a login.
    pub patience: Patience,
    /// What has to wait; nothing behind it is looked at, and nothing more is read.
    pub held: Option<Held>,
    /// When the session was last told that it has to wait.
    pub told: Option<Instant>,
}

impl Incoming {
    /// Nothing has come, and the time of a stranger begins.
    pub fn new() -> Self {
        let patience = Patience { until: Instant::now() + LOGIN_DEADLINE, asked: false };
        Self { buffer: BytesMut::new(), patience, held: None, told: None }
    }
}

/// An input that is not paid for.
#[derive(Debug)]
pub struct Held {
    /// What waits.
    pub input: Input,
    /// When to try again.
    pub until: Instant,
}

/// How long a stranger may stay.
#[derive(Debug)]
pub struct Patience {
    /// When it ends.
    pub until: Instant,
    /// A login has come.
    asked: bool,
}

impl Patience {
    /// A login has come. The first one gives time for its success; whoever tries again and again gets no more.
    pub fn asked(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.asked, true) {
            self.until = now + LOGIN_ANSWER_DEADLINE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn trying_to_log_in_again_and_again_holds_no_place_for_longer() {
        let start = Instant::now();
        let mut patience = Patience { until: start + LOGIN_DEADLINE, asked: false };
        for second in 0..100 {
            patience.asked(start + Duration::from_secs(second));
        }
        assert_eq!(patience.until, start + LOGIN_ANSWER_DEADLINE);
    }
}
