//! The devices that stay signed in, in `sessions.json`: beside each its token's hash, never the token. A fast hash is
//! enough: 256 random bits are no password. The file belongs to the server that owns the folder.
//!
//! A device is as good as the password with which it was signed in: beside it stands a stamp of that password's hash.
//! Where the account has another one now, and nobody said that the device is to stay, it is signed out; so it does not
//! matter who changed the password, how, and whether a server ran meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::accounts::{self, AccountsError};
use crate::clock;
use crate::core::kept::Made;
use crate::proto::device::Token;
use crate::proto::event::{DeviceInfo, Devices};
use crate::proto::ids::{Millis, UserId};
use crate::proto::limits::{DEVICE_LABEL_MAX_CHARS, DEVICE_UNUSED_MAX_MILLIS, DEVICES_MAX};

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "sessions.json";

/// The most devices of all accounts together: the file is written as a whole, and these take a few hundredths of a
/// second. Beyond them the one that was not used for the longest time is signed out.
const ALL_DEVICES_MAX: usize = 20_000;

/// How much older than the truth what the file says of the last use may be while nothing else is written, in
/// milliseconds. It is for people, and for an end after weeks.
const LAZY_MILLIS: i64 = 3 * 60_000;

/// How often a device that is there all the time counts as used, in milliseconds.
const THERE_EVERY_MILLIS: i64 = 3_600_000;

/// A device, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    session: u64,
    user: UserId,
    device: String,
    created: Millis,
    used: Millis,
    address: String,
    /// In hexadecimal digits.
    token_sha256: String,
    /// Tells the account's password from later ones.
    password_stamp: String,
}

impl Session {
    fn is_over(&self, now: Millis) -> bool {
        now >= self.used.plus(DEVICE_UNUSED_MAX_MILLIS)
    }
}

/// The whole file.
#[derive(Default, Serialize, Deserialize)]
#[serde(expecting = "an object with \"last_session\" and \"sessions\"")]
struct File {
    last_session: u64,
    sessions: Vec<Session>,
}

#[derive(Clone, Debug, Default)]
struct State {
    last: u64,
    sessions: BTreeMap<u64, Session>,
    by_token: HashMap<String, u64>,
    /// How many connections each device has that is there.
    there: BTreeMap<u64, usize>,
    /// Something is not in the file.
    stale: bool,
    saved: Millis,
}

/// The devices that stay signed in. Looking for one takes no time worth mentioning; what changes them writes the file
/// first, and is for a thread that may wait.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    state: Mutex<State>,
    /// Held by the one that writes.
    turn: Mutex<()>,
}

/// What a device is to be kept as.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose it is.
    pub user: UserId,
    /// What it is called.
    pub device: String,
    /// Where it is.
    pub address: String,
    /// The stamp of the password that was right.
    pub stamp: String,
    /// When.
    pub now: Millis,
}

/// What tells a password's hash from others.
pub fn stamp_of(password_hash: &str) -> String {
    sha256(password_hash)[..32].into()
}

fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A device's name on one line, and no longer than it may be.
fn label(device: &str) -> String {
    device.trim().chars().filter(|c| !c.is_control()).take(DEVICE_LABEL_MAX_CHARS).collect()
}

impl State {
    fn put(&mut self, session: Session) {
        self.by_token.insert(session.token_sha256.clone(), session.session);
        self.sessions.insert(session.session, session);
    }

    fn remove(&mut self, session: u64) {
        if let Some(gone) = self.sessions.remove(&session) {
            self.by_token.remove(&gone.token_sha256);
        }
    }

    /// Takes out those of which it is true, and says whose they were.
    fn remove_where(&mut self, is_gone: impl Fn(&Session) -> bool) -> Vec<(UserId, u64)> {
        let gone = self.sessions.values().filter(|session| is_gone(session));
        let gone: Vec<_> = gone.map(|session| (session.user, session.session)).collect();
        gone.iter().for_each(|(_, session)| self.remove(*session));
        gone
    }

    /// Makes room for one more device of an account, and says whose went.
    fn make_room(&mut self, user: UserId) -> Vec<(UserId, u64)> {
        let mut gone = Vec::new();
        let of_user = |session: &&Session| session.user == user;
        let oldest = |sessions: &mut dyn Iterator<Item = &Session>| {
            sessions.min_by_key(|session| (session.used, session.session)).map(|oldest| (oldest.user, oldest.session))
        };
        if self.sessions.values().filter(of_user).count() >= DEVICES_MAX {
            gone.extend(oldest(&mut self.sessions.values().filter(of_user)));
        } else if self.sessions.len() >= ALL_DEVICES_MAX {
            gone.extend(oldest(&mut self.sessions.values()));
        }
        gone.iter().for_each(|(_, session)| self.remove(*session));
        gone
    }

    /// Those that are there are used.
    fn use_those_there(&mut self, now: Millis) {
        for session in self.there.keys() {
            if let Some(session) = self.sessions.get_mut(session)
                && now >= session.used.plus(THERE_EVERY_MILLIS)
            {
                session.used = now;
                self.stale = true;
            }
        }
    }
}

impl Kept {
    /// Reads the file of a data folder. One that cannot be read is put aside, and people have to sign in again: the
    /// sentence says so.
    ///
    /// # Errors
    /// [`AccountsError`], when it cannot be put aside either.
    pub fn open(dir: &Path) -> Result<(Self, Option<String>), AccountsError> {
        let path = dir.join(FILE_NAME);
        let mut notice = None;
        let file = match accounts::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| accounts::json_error(&error, &path)),
            Err(AccountsError::Missing { .. }) => Ok(File::default()),
            Err(error) => Err(error),
        };
        let file = file.or_else(|error| {
            let aside = path.with_extension("json.damaged");
            std::fs::rename(&path, &aside).map_err(|_| error)?;
            let aside = aside.display();
            notice = Some(format!("{} could not be read and is {aside} now: everybody signs in again", path.display()));
            Ok::<_, AccountsError>(File::default())
        })?;
        let mut state = State { last: file.last_session, ..State::default() };
        for session in file.sessions {
            state.last = state.last.max(session.session);
            state.put(session);
        }
        Ok((Self { path, state: Mutex::new(state), turn: Mutex::default() }, notice))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account and the number of the device that has this token now. It counts as used.
    pub fn find(&self, token: &SecretString, address: &str, now: Millis) -> Option<(UserId, u64)> {
        let mut state = self.state();
        let number = *state.by_token.get(&sha256(token.expose_secret()))?;
        let session = state.sessions.get_mut(&number).filter(|session| !session.is_over(now))?;
        (session.used, session.address) = (session.used.max(now), address.into());
        let found = (session.user, number);
        state.stale = true;
        Some(found)
    }

    /// A connection of a device came, or went.
    pub fn note(&self, session: u64, came: bool, now: Millis) {
        let mut state = self.state();
        let count = state.there.entry(session).or_default();
        *count = if came { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            state.there.remove(&session);
        }
        if let Some(session) = state.sessions.get_mut(&session) {
            session.used = session.used.max(now);
            state.stale = true;
        }
    }

    /// Changes what is kept: on disk first. What is not on disk has not happened.
    fn change<T>(&self, now: Millis, change: impl Fn(&mut State) -> T) -> Result<T, AccountsError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut draft = {
            let mut state = self.state();
            state.stale = false;
            state.clone()
        };
        let is_over = |session: &Session| session.is_over(now) && !draft.there.contains_key(&session.session);
        let over: BTreeSet<_> = draft.sessions.values().filter(|it| is_over(it)).map(|it| it.session).collect();
        let change = |state: &mut State| {
            state.use_those_there(now);
            over.iter().for_each(|session| state.remove(*session));
            change(state)
        };
        change(&mut draft);
        let written = self.write(&draft);
        let mut state = self.state();
        state.saved = now;
        if let Err(error) = written {
            state.stale = true;
            return Err(error);
        }
        Ok(change(&mut state))
    }

    fn write(&self, state: &State) -> Result<(), AccountsError> {
        let file = File { last_session: state.last, sessions: state.sessions.values().cloned().collect() };
        let mut text = serde_json::to_vec_pretty(&file).expect("maps with string keys always become JSON");
        text.push(b'\n');
        accounts::put(&self.path, &text)
    }

    /// Keeps a device signed in. Beside it, those that went for it.
    ///
    /// # Errors
    /// [`AccountsError`]; then it is not kept.
    pub fn make(&self, wanted: &Wanted) -> Result<(Made, Vec<(UserId, u64)>), AccountsError> {
        let random = || clock::secret_u64().map_err(|_| AccountsError::Contended { path: self.path.clone() });
        let token = Token::from_random([random()?, random()?, random()?, random()?]);
        let token_sha256 = sha256(token.secret().expose_secret());
        let Wanted { user, device, address, stamp, now } = wanted;
        let (session, gone) = self.change(*now, |state| {
            let gone = state.make_room(*user);
            state.last += 1;
            state.put(Session {
                session: state.last,
                user: *user,
                device: label(device),
                created: *now,
                used: *now,
                address: address.clone(),
                token_sha256: token_sha256.clone(),
                password_stamp: stamp.clone(),
            });
            (state.last, gone)
        })?;
        Ok((Made { session, token: Some(token) }, gone))
    }

    /// Signs a device of an account out. False if it has none of that number.
    ///
    /// # Errors
    /// [`AccountsError`]; then it is still signed in.
    pub fn end(&self, user: UserId, session: u64, now: Millis) -> Result<bool, AccountsError> {
        if self.state().sessions.get(&session).is_none_or(|session| session.user != user) {
            return Ok(false);
        }
        self.change(now, |state| state.remove(session))?;
        Ok(true)
    }

    /// Signs the devices of an account out, but not that one. How many there were.
    ///
    /// # Errors
    /// [`AccountsError`]; then all are still signed in.
    pub fn end_others(&self, user: UserId, but: Option<u64>, now: Millis) -> Result<usize, AccountsError> {
        let is_other = |session: &Session| session.user == user && Some(session.session) != but;
        Ok(self.change(now, |state| state.remove_where(is_other))?.len())
    }

    /// An account has another password: its devices stay signed in by that one, or only the one that is named. How many
    /// are signed out.
    ///
    /// # Errors
    /// [`AccountsError`]; then all of them are signed out when the accounts are next looked at.
    pub fn renew(
        &self,
        user: UserId,
        only: Option<Option<u64>>,
        stamp: &str,
        now: Millis,
    ) -> Result<usize, AccountsError> {
        let is_gone =
            |session: &Session| session.user == user && only.is_some_and(|only| Some(session.session) != only);
        self.change(now, |state| {
            let gone = state.remove_where(is_gone).len();
            for session in state.sessions.values_mut().filter(|session| session.user == user) {
                session.password_stamp = stamp.into();
            }
            gone
        })
    }

    /// Signs out what does not belong to an account's password any more. Whose devices those were.
    pub fn sweep(&self, stamp: impl Fn(UserId) -> Option<String>, now: Millis) -> BTreeSet<UserId> {
        let users: BTreeSet<_> = self.state().sessions.values().map(|session| session.user).collect();
        let stamps: BTreeMap<_, _> = users.into_iter().map(|user| (user, stamp(user))).collect();
        let is_gone = |session: &Session| {
            stamps.get(&session.user).is_some_and(|stamp| stamp.as_ref() != Some(&session.password_stamp))
        };
        if !self.state().sessions.values().any(is_gone) {
            return BTreeSet::new();
        }
        let gone = self.change(now, |state| state.remove_where(is_gone)).unwrap_or_else(|error| {
            // Nobody gets in by them while this server runs, and at its next start they are looked at again.
            tracing::error!("{error}. Devices that were signed out are in it still.");
            self.state().remove_where(is_gone)
        });
        gone.into_iter().map(|(user, _)| user).collect()
    }

    /// Has the last use of each device written, unless that was done not long ago.
    pub fn save(&self, now: Millis, at_once: bool) {
        let is_due = {
            let mut state = self.state();
            state.use_those_there(now);
            state.stale && (at_once || !(state.saved..state.saved.plus(LAZY_MILLIS)).contains(&now))
        };
        if is_due && let Err(error) = self.change(now, |_| ()) {
            tracing::warn!("{error}. When devices were last used is not kept.");
        }
    }

    /// The devices of an account that stay signed in.
    pub fn list(&self, user: UserId, now: Millis) -> Devices {
        let state = self.state();
        let mine = state.sessions.values().filter(|session| session.user == user && !session.is_over(now));
        let devices = mine.map(|session| DeviceInfo {
            session: Some(session.session),
            device: session.device.clone(),
            created: session.created,
            used: session.used,
            address: session.address.clone(),
            this: false,
            online: false,
        });
        Devices { devices: devices.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    fn wanted(user: u32, now: i64) -> Wanted {
        let (device, address) = (" Desk\n".into(), "192.0.2.1".into());
        Wanted { user: UserId(user), device, address, stamp: "one".into(), now: Millis(now) }
    }

    fn token(made: &Made) -> SecretString {
        made.token.as_ref().unwrap().secret().clone()
    }

    #[test]
    fn a_token_is_good_until_it_was_not_used_for_thirty_days_and_is_not_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, _) = Kept::open(dir.path()).unwrap();
        let (made, _) = kept.make(&wanted(1, 0)).unwrap();
        let found = |kept: &Kept, at| kept.find(&token(&made), "192.0.2.2", Millis(at));
        assert_eq!(found(&kept, 29 * DAY), Some((UserId(1), 1)));
        assert_eq!(found(&kept, 58 * DAY), Some((UserId(1), 1)), "each use counts");
        kept.save(Millis(58 * DAY), true);
        let text = std::fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
        assert!(!text.contains(token(&made).expose_secret()), "{text}");
        let (kept, _) = Kept::open(dir.path()).unwrap();
        let device = &kept.list(UserId(1), Millis(58 * DAY)).devices[0];
        assert_eq!((device.device.as_str(), device.address.as_str()), ("Desk", "192.0.2.2"));
        assert_eq!(found(&kept, 88 * DAY), None);
        assert_eq!(kept.list(UserId(1), Millis(88 * DAY)), Devices::default());
    }

    #[test]
    fn a_device_that_is_there_all_the_time_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, _) = Kept::open(dir.path()).unwrap();
        let (made, _) = kept.make(&wanted(1, 0)).unwrap();
        kept.note(1, true, Millis(0));
        kept.save(Millis(40 * DAY), false);
        kept.note(1, false, Millis(40 * DAY));
        assert!(kept.find(&token(&made), "", Millis(41 * DAY)).is_some());
    }

    #[test]
    fn beyond_fifty_the_one_that_was_not_used_longest_goes_and_others_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, _) = Kept::open(dir.path()).unwrap();
        let (other, _) = kept.make(&wanted(2, 0)).unwrap();
        let made: Vec<_> = (0..50).map(|at| kept.make(&wanted(1, at)).unwrap().0).collect();
        kept.find(&token(&made[0]), "", Millis(60));
        let (_, gone) = kept.make(&wanted(1, 70)).unwrap();
        assert_eq!(gone, [(UserId(1), made[1].session)]);
        assert!(kept.find(&token(&made[1]), "", Millis(70)).is_none());
        assert!(kept.find(&token(&made[0]), "", Millis(70)).is_some());
        assert!(kept.find(&token(&other), "", Millis(70)).is_some());
    }

    #[test]
    fn another_password_ends_what_it_was_not_said_of() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, _) = Kept::open(dir.path()).unwrap();
        let [one, other, theirs] = [1, 1, 2].map(|user| kept.make(&wanted(user, 0)).unwrap().0);
        assert_eq!(kept.renew(UserId(1), None, "two", Millis(0)).unwrap(), 0);
        let stamp = |user: UserId| Some(if user == UserId(1) { "two" } else { "one" }.to_owned());
        assert_eq!(kept.sweep(stamp, Millis(0)), BTreeSet::new());
        assert_eq!(kept.renew(UserId(1), Some(Some(one.session)), "three", Millis(0)).unwrap(), 1);
        assert!(kept.find(&token(&other), "", Millis(0)).is_none());
        let (kept, _) = Kept::open(dir.path()).unwrap();
        assert_eq!(kept.sweep(stamp, Millis(0)), [UserId(1)].into(), "the file alone says it, too");
        assert!(kept.find(&token(&one), "", Millis(0)).is_none());
        assert!(kept.find(&token(&theirs), "", Millis(0)).is_some());
        assert!(!kept.end(UserId(1), theirs.session, Millis(0)).unwrap(), "nobody ends what is somebody else's");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE_NAME), "{").unwrap();
        let (kept, notice) = Kept::open(dir.path()).unwrap();
        assert!(notice.unwrap().contains("signs in again"));
        assert!(dir.path().join("sessions.json.damaged").exists() && kept.make(&wanted(1, 0)).is_ok());
    }
}
