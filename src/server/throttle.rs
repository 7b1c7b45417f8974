//! How fast one account may ask: three buckets for each, shared by all its connections. One for messages, one for the
//! bytes of files, and a far more generous one for everything else.
//!
//! An empty bucket refuses nothing. The connection takes nothing more in until there is a token, and TCP pushes back.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use crate::config::{
    FANOUT_COST, FILE_BURST_BYTES, FILE_BYTES_PER_SECOND, FILE_PIECE_MIN_COST_BYTES, MESSAGE_BURST,
    MESSAGES_PER_SECOND, REQUEST_BURST, REQUESTS_PER_SECOND, THROTTLED_MIN,
};
use crate::proto::attachment::FileCall;
use crate::proto::ids::UserId;
use crate::proto::limits::FILE_CHUNK_MAX_BYTES;
use crate::proto::request::Call;

/// How many messages an account may send at once, and how many a second after that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// A second. With 0 there is no limit at all, for other requests neither; otherwise at least 0.001.
    pub per_second: f64,
    /// At once; from 1 to 1,000,000.
    pub burst: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { per_second: MESSAGES_PER_SECOND, burst: MESSAGE_BURST }
    }
}

/// Tokens that come back at a steady pace. Taking one takes no lock.
#[derive(Debug)]
struct Bucket {
    limiter: DefaultDirectRateLimiter,
    size: NonZeroU32,
}

impl Bucket {
    fn new(per_second: f64, burst: u32) -> Self {
        let size = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        // A rate that is no rate was turned away by the command line; whatever it is here, it gives a pace.
        let period = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(Duration::from_secs(1));
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)));
        let quota = quota.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(size);
        Self { limiter: RateLimiter::direct(quota), size }
    }

    /// Takes tokens, or says how long until there may be so many.
    fn take(&self, tokens: NonZeroU32) -> Result<(), Duration> {
        match self.limiter.check_n(tokens.min(self.size)) {
            Ok(Err(not_yet)) => Err(not_yet.wait_time_from(DefaultClock::default().now())),
            // More than the bucket holds is never asked for.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

/// The buckets of an account, or of a connection that belongs to none yet.
#[derive(Debug)]
pub struct Buckets {
    messages: Bucket,
    /// In bytes.
    files: Bucket,
    requests: Bucket,
}

impl Buckets {
    /// Full ones; none where there is no limit.
    pub fn new(pace: Pace) -> Option<Arc<Self>> {
        (pace.per_second > 0.0).then(|| {
            Arc::new(Self {
                messages: Bucket::new(pace.per_second, pace.burst),
                files: Bucket::new(f64::from(FILE_BYTES_PER_SECOND), FILE_BURST_BYTES),
                requests: Bucket::new(REQUESTS_PER_SECOND, REQUEST_BURST),
            })
        })
    }

    /// Takes what a request costs, or says how long until it may be there. `None` is a request that cannot be read.
    ///
    /// # Errors
    /// How long to wait; somebody else may be faster then.
    pub fn take(&self, call: Option<&Call>) -> Result<(), Duration> {
        match call {
            // Nobody is kept from leaving.
            Some(Call::Exit) => Ok(()),
            Some(Call::SendMessage(_) | Call::Revise(_)) => self.messages.take(NonZeroU32::MIN),
            Some(Call::File(FileCall::UploadChunk { data, .. })) => self.files.take(piece(data.0.len())),
            // How long it will be is not known yet.
            Some(Call::File(FileCall::FetchFile { .. })) => self.files.take(piece(FILE_CHUNK_MAX_BYTES)),
            // It reads the disk, or all others are told of it.
            Some(
                Call::FetchHistory(_)
                | Call::FetchReceipts(..)
                | Call::File(_)
                | Call::ListUsers
                | Call::Group(..)
                | Call::Account(_)
                | Call::Typing(_)
                | Call::SetStatus(_)
                | Call::SetReadReceipts(_),
            ) => self.requests.take(FANOUT_COST),
            Some(Call::Login(_) | Call::MarkRead(_) | Call::MarkDelivered(_) | Call::MuteChat(..)) | None => {
                self.requests.take(NonZeroU32::MIN)
            }
        }
    }
}

/// What a piece of a file costs.
fn piece(bytes: usize) -> NonZeroU32 {
    u32::try_from(bytes.max(FILE_PIECE_MIN_COST_BYTES)).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX)
}

/// The buckets of all accounts that have been here of late. Who leaves and comes back finds theirs as they left them.
#[derive(Debug)]
pub struct Throttle {
    pace: Pace,
    buckets: HashMap<UserId, Kept>,
    /// After so long, buckets that nobody takes from are full.
    full_after: Duration,
    /// So many are looked through for those that nobody needs.
    sweep_at: usize,
}

#[derive(Debug)]
struct Kept {
    buckets: Arc<Buckets>,
    /// When it was first seen that no connection has them any more.
    left: Option<Instant>,
}

impl Throttle {
    /// No buckets yet.
    pub fn new(pace: Pace) -> Self {
        let seconds = (f64::from(pace.burst) / pace.per_second).max(f64::from(REQUEST_BURST) / REQUESTS_PER_SECOND);
        let full_after = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Self { pace, buckets: HashMap::new(), full_after, sweep_at: THROTTLED_MIN }
    }

    /// The buckets of a connection that has not said whose it is: its own, full ones.
    pub fn of_stranger(&self) -> Option<Arc<Buckets>> {
        Buckets::new(self.pace)
    }

    /// The buckets of an account; none where there is no limit.
    pub fn of(&mut self, user: UserId, now: Instant) -> Option<Arc<Buckets>> {
        if let Some(kept) = self.buckets.get_mut(&user) {
            kept.left = None;
            return Some(Arc::clone(&kept.buckets));
        }
        if self.buckets.len() >= self.sweep_at {
            self.sweep(now);
        }
        let buckets = Buckets::new(self.pace)?;
        self.buckets.insert(user, Kept { buckets: Arc::clone(&buckets), left: None });
        Some(buckets)
    }

    /// Forgets buckets that no connection has had for so long that new ones would be no different.
    fn sweep(&mut self, now: Instant) {
        self.buckets.retain(|_, kept| {
            if Arc::strong_count(&kept.buckets) > 1 {
                kept.left = None;
                return true;
            }
            now.saturating_duration_since(*kept.left.get_or_insert(now)) < self.full_after
        });
        self.sweep_at = THROTTLED_MIN.max(self.buckets.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::attachment::{Chunk, FileId};
    use crate::proto::ids::Seq;

    /// So slow that nothing comes back while a test runs.
    const SLOW: Pace = Pace { per_second: 0.001, burst: 3 };

    fn message() -> Call {
        use crate::proto::request::{ChatRef, Receivers, SendMessage};
        let to = Receivers::One(ChatRef::Everyone);
        Call::SendMessage(SendMessage { to, message: "hi".into(), client_id: None, reply_to: None, attachment: None })
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_says_how_long_to_wait() {
        let buckets = Buckets::new(SLOW).unwrap();
        for _ in 0..3 {
            buckets.take(Some(&message())).unwrap();
        }
        let wait = buckets.take(Some(&message())).unwrap_err();
        assert!(wait > Duration::from_secs(900) && wait <= Duration::from_secs(1_000), "{wait:?}");
        buckets.take(Some(&Call::MarkDelivered(Seq(1)))).expect("that is another bucket");
        buckets.take(Some(&Call::Exit)).expect("leaving is free");
        assert_eq!(Buckets::new(Pace { per_second: 0.0, burst: 1 }).map(|_| ()), None, "no limit");
    }

    #[test]
    fn what_others_are_told_of_or_the_disk_is_read_for_costs_more() {
        let buckets = Buckets::new(SLOW).unwrap();
        let took = |call: &dyn Fn() -> Call| (0..).take_while(|_| buckets.take(Some(&call())).is_ok()).count();
        let pages = took(&|| Call::ListUsers);
        let most = (REQUEST_BURST / FANOUT_COST.get()) as usize;
        // What comes back meanwhile is a token every other millisecond.
        assert!((most..most * 2).contains(&pages), "{pages}");
    }

    #[test]
    fn bytes_of_files_cost_by_their_length_and_nothing_else_pays_for_them() {
        let buckets = Buckets::new(SLOW).unwrap();
        let file = FileId(1);
        let upload = |bytes| Call::File(FileCall::UploadChunk { file, offset: 0, data: Chunk(vec![0; bytes]) });
        let took = |call: &Call| (0..).take_while(|_| buckets.take(Some(call)).is_ok()).count();
        let most = FILE_BURST_BYTES as usize / FILE_CHUNK_MAX_BYTES;
        // What comes back meanwhile is a piece in one and a half milliseconds.
        let long = took(&upload(FILE_CHUNK_MAX_BYTES));
        assert!((most..most * 4).contains(&long), "{long}");
        assert!(took(&Call::File(FileCall::FetchFile { file, offset: 0 })) < most, "they share one bucket");
        assert!(took(&upload(1)) < most * 4, "many short ones are no way around it");
        buckets.take(Some(&message())).expect("that is another bucket");
        buckets.take(Some(&Call::ListUsers)).expect("and so is that");
    }

    #[test]
    fn the_buckets_of_an_account_outlive_its_connections_and_are_forgotten_once_they_are_full() {
        let mut throttle = Throttle::new(SLOW);
        let start = Instant::now();
        let stays = throttle.of(UserId(0), start).unwrap();
        throttle.of(UserId(1), start).unwrap().take(Some(&message())).unwrap();
        // Others come and go. Full again after 3,000 s means: 300 of them are remembered at least.
        let mut most = 0;
        for n in 2..10_000 {
            throttle.of(UserId(n), start + Duration::from_secs(10) * n);
            most = most.max(throttle.buckets.len());
            if n == 290 {
                let again = throttle.of(UserId(1), start + Duration::from_secs(2_900)).unwrap();
                assert!(again.take(Some(&message())).is_ok() && again.take(Some(&message())).is_ok());
                assert!(again.take(Some(&message())).is_err(), "coming back gives no new burst");
            }
        }
        assert!((300..8 * THROTTLED_MIN).contains(&most), "{most}");
        assert!(!throttle.buckets.contains_key(&UserId(1)));
        assert!(Arc::ptr_eq(&stays, &throttle.of(UserId(0), start + Duration::from_secs(200_000)).unwrap()));
    }

    #[test]
    fn any_pace_that_the_command_line_takes_makes_a_bucket() {
        for per_second in [0.001, 0.5, 10.0, 1e6, 1e12, f64::MAX] {
            for burst in [1, 20, 1_000_000] {
                let buckets = Buckets::new(Pace { per_second, burst }).unwrap();
                assert!(buckets.take(Some(&message())).is_ok(), "{per_second} {burst}");
            }
        }
    }
}
