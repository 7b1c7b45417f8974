//! How fast passwords may be guessed. Each try takes a token from where it counts, and a right password gets it back: so
//! right ones cost nothing, and wrong ones come to an end. Who has none left is refused before anything is hashed.
//!
//! A try counts for the account together with the place that it comes from. Where the account has never logged in from
//! that place it also counts for the place, whatever the name, and for the account, wherever it comes from. So whoever
//! guesses uses up their own tokens, and those of strangers to the account: never those of its owner at a place where
//! they have been. Names that nobody has count like all others.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::time::{Duration, Instant};

use super::door::Place;
use crate::config::{
    GUESS_OF_ACCOUNT_EVERY, GUESS_OF_PAIR_EVERY, GUESS_OF_PLACE_EVERY, GUESSED_MAX, GUESSES_OF_ACCOUNT,
    GUESSES_OF_PAIR, GUESSES_OF_PLACE, KNOWN_MAX,
};
use crate::names;

/// An account as it was named, whether or not there is one; names that mean the same one are equal. Only its hash is
/// kept: what was typed may be a password in the wrong field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Named(u64);

/// A try that has been let through.
#[derive(Clone, Copy, Debug)]
#[must_use = "a right password gets back what it paid"]
pub struct Paid {
    place: Place,
    named: Named,
    /// The account has logged in from there before.
    known: bool,
}

/// Tokens of many, each with its own. A limiter of `governor`, as accounts have for their requests, gives nothing back.
#[derive(Debug)]
struct Tokens<K> {
    at_once: u32,
    every: Duration,
    /// When all of one's tokens will be there again. Who is not in it has all of them.
    full_at: HashMap<K, Instant>,
    /// The same for all those together for whom there was no room.
    rest: Option<Instant>,
}

impl<K: Copy + Eq + Hash> Tokens<K> {
    fn new(at_once: u32, every: Duration) -> Self {
        Self { at_once, every, full_at: HashMap::new(), rest: None }
    }

    /// How long until there is a token; zero if there is one.
    fn wait(&self, key: K, now: Instant) -> Duration {
        let full_at = match self.full_at.get(&key) {
            None if self.full_at.len() >= GUESSED_MAX => self.rest,
            found => found.copied(),
        };
        let missing = full_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        (missing + self.every).saturating_sub(self.every * self.at_once)
    }

    fn take(&mut self, key: K, now: Instant) {
        if !self.full_at.contains_key(&key) && self.full_at.len() >= GUESSED_MAX {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        let full_at = match self.full_at.len() >= GUESSED_MAX && !self.full_at.contains_key(&key) {
            true => self.rest.get_or_insert(now),
            false => self.full_at.entry(key).or_insert(now),
        };
        *full_at = (*full_at).max(now) + self.every;
    }

    fn give_back(&mut self, key: K) {
        if let Some(full_at) = self.full_at.get_mut(&key).or(self.rest.as_mut()) {
            *full_at = full_at.checked_sub(self.every).unwrap_or(*full_at);
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Guessing {
    of_pair: Tokens<(Place, Named)>,
    of_place: Tokens<Place>,
    of_account: Tokens<Named>,
    /// Who has logged in from where; in two halves, so that the older one can be forgotten at once.
    known: [HashSet<(Place, Named)>; 2],
    hasher: RandomState,
}

impl Guessing {
    /// Nobody has tried anything.
    pub fn new() -> Self {
        Self {
            of_pair: Tokens::new(GUESSES_OF_PAIR, GUESS_OF_PAIR_EVERY),
            of_place: Tokens::new(GUESSES_OF_PLACE, GUESS_OF_PLACE_EVERY),
            of_account: Tokens::new(GUESSES_OF_ACCOUNT, GUESS_OF_ACCOUNT_EVERY),
            known: Default::default(),
            hasher: RandomState::new(),
        }
    }

    fn named(&self, username: &str) -> Named {
        Named(self.hasher.hash_one(names::key(username)))
    }

    fn knows(&self, pair: &(Place, Named)) -> bool {
        self.known.iter().any(|half| half.contains(pair))
    }

    /// Whether the account has logged in from there before.
    pub fn is_known(&self, place: Place, username: &str) -> bool {
        self.knows(&(place, self.named(username)))
    }

    /// Lets a try through, which is paid for then.
    ///
    /// # Errors
    /// How long to wait before the next one.
    pub fn begin(&mut self, place: Place, username: &str, now: Instant) -> Result<Paid, Duration> {
        let named = self.named(username);
        let known = self.knows(&(place, named));
        let mut wait = self.of_pair.wait((place, named), now);
        if !known {
            wait = wait.max(self.of_place.wait(place, now)).max(self.of_account.wait(named, now));
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        self.of_pair.take((place, named), now);
        if !known {
            self.of_place.take(place, now);
            self.of_account.take(named, now);
        }
        Ok(Paid { place, named, known })
    }

    /// It was the right password.
    pub fn right(&mut self, paid: Paid) {
        let Paid { place, named, known } = paid;
        self.of_pair.give_back((place, named));
        if !known {
            self.of_place.give_back(place);
            self.of_account.give_back(named);
        }
        if !self.known[0].contains(&(place, named)) {
            if self.known[0].len() >= KNOWN_MAX / 2 {
                self.known.swap(0, 1);
                self.known[0] = HashSet::new();
            }
            self.known[0].insert((place, named));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::door::{Caller, is_loopback};

    fn place(n: u32) -> Place {
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n);
        Caller::new((ip, 1).into(), is_loopback).place()
    }

    /// How many tries are let through at once.
    fn tries(guessing: &mut Guessing, place: Place, name: &str, now: Instant) -> u32 {
        (0..10_000).take_while(|_| guessing.begin(place, name, now).is_ok()).count() as u32
    }

    #[test]
    fn right_passwords_cost_nothing_and_wrong_ones_come_to_an_end() {
        let (mut guessing, now) = (Guessing::new(), Instant::now());
        for n in 0..10_000 {
            let paid = guessing.begin(place(0), &format!("pupil {}", n % 500), now).unwrap();
            guessing.right(paid);
        }
        assert_eq!(tries(&mut guessing, place(0), "pupil 3", now), GUESSES_OF_PAIR);
        let wait = guessing.begin(place(0), "pupil 3", now).unwrap_err();
        assert_eq!(wait, GUESS_OF_PAIR_EVERY);
        assert_eq!(guessing.begin(place(0), "PUPIL 3", now).unwrap_err(), wait, "another spelling is the same name");
        assert_eq!(tries(&mut guessing, place(0), "pupil 3", now + wait), 1);
        let all_back = now + GUESS_OF_PAIR_EVERY * (GUESSES_OF_PAIR + 1);
        assert_eq!(tries(&mut guessing, place(0), "pupil 3", all_back), GUESSES_OF_PAIR);
    }

    #[test]
    fn names_that_nobody_has_and_names_that_somebody_has_run_out_alike() {
        let (mut guessing, now) = (Guessing::new(), Instant::now());
        let alice = tries(&mut guessing, place(0), "Alice", now);
        assert_eq!(alice, tries(&mut guessing, place(1), "Nobody", now));
        // One place runs out, however many names it tries.
        let names = (0..1_000).filter(|n| guessing.begin(place(2), &format!("name {n}"), now).is_ok()).count();
        assert_eq!(names as u32, GUESSES_OF_PLACE);
    }

    #[test]
    fn a_guesser_locks_nobody_out_where_they_have_been() {
        let (mut guessing, now) = (Guessing::new(), Instant::now());
        let (home, work) = (place(0), place(1));
        let paid = guessing.begin(home, "Alice", now).unwrap();
        guessing.right(paid);
        // From everywhere, until the account is closed to strangers.
        for n in 2..1_000 {
            tries(&mut guessing, place(n), "Alice", now);
        }
        assert!(guessing.begin(work, "Alice", now).is_err());
        assert_eq!(tries(&mut guessing, home, "Alice", now), GUESSES_OF_PAIR, "at home nothing has happened");
        // And somebody at home who tries all names takes nothing from those who live there.
        let home = place(2_000);
        let paid = guessing.begin(home, "Bob", now).unwrap();
        guessing.right(paid);
        for n in 0..1_000 {
            let _ = guessing.begin(home, &format!("name {n}"), now);
        }
        assert!(guessing.begin(home, "Charlie", now).is_err());
        assert!(guessing.begin(home, "Bob", now).is_ok());
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (mut guessing, now) = (Guessing::new(), Instant::now());
        for n in 0..3 * GUESSED_MAX as u32 {
            let _ = guessing.begin(place(n), &format!("name {n}"), now);
        }
        assert!(guessing.of_pair.full_at.len() <= GUESSED_MAX && guessing.of_place.full_at.len() <= GUESSED_MAX);
        assert!(guessing.begin(place(u32::MAX / 2), "somebody", now).is_err(), "the rest have one between them");
        let later = now + GUESS_OF_PAIR_EVERY * 3 * GUESSED_MAX as u32;
        assert!(guessing.begin(place(u32::MAX / 2), "somebody", later).is_ok());
        for n in 0..3 * KNOWN_MAX as u32 {
            let at = later + GUESS_OF_ACCOUNT_EVERY * n;
            let paid = guessing.begin(place(n), "Alice", at).unwrap();
            guessing.right(paid);
        }
        assert!(guessing.known.iter().map(HashSet::len).sum::<usize>() <= KNOWN_MAX);
    }
}
