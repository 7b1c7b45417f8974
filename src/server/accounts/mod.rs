//! Accounts: who may log in, from `users.json`, which people may edit by hand while the server runs. Nothing of it is
//! ever in the log, and no password leaves this module.
//!
//! - [`Accounts`]: the last good state of the file, and credentials checked against it.
//! - [`watch()`]: tells when the file was changed.
//! - [`found`]: a new server for others, with one account.
//! - [`Change`]: what people ask for over the wire, each decided about the file as it is then.
//! - [`add`], [`set_password`], [`remove`], [`list`]: what `parlor user` does, also while a server runs.
//! - [`check`]: what `parlor --check` looks at, without changing anything.

mod change;
mod common;
mod error;
mod file;
mod password;
mod store;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::kept::stamp_of;
use crate::core::directory::Directory;
use crate::names;
use crate::proto::account::Role;
use crate::proto::ids::{UserId, UserName};
use crate::proto::limits::FORMER_NAMES_MAX;
use file::UsersFile;

pub use change::{By, Change, check_new, is_password_of, name_of, new_password};
pub use error::AccountsError;
pub use file::FILE_MAX_BYTES;
pub(super) use file::json_error;
pub use password::{HASH_BYTES, HASH_LANES, HASH_MEMORY_KIB, HASH_PASSES, SALT_BYTES};
pub use store::{FILE_NAME, LOCK_NAME};
pub(super) use store::{put, read, replace};
pub use watch::{Watch, watch};

/// The accounts of a data folder as the file last had them in good order.
pub struct Accounts {
    dir: PathBuf,
    roll: Roll,
    next_id: u32,
    doubts: Vec<String>,
    dummy: Arc<str>,
}

/// What is compared to see whether anything changed.
#[derive(Default, PartialEq, Eq)]
struct Roll {
    /// Ordered by number.
    people: Vec<(UserId, UserName)>,
    admins: BTreeSet<UserId>,
    blocked: BTreeSet<UserId>,
    by_folded_name: HashMap<String, (UserId, Arc<str>)>,
    /// The folded name behind [`names::key`]; nothing where two names share one.
    by_key: HashMap<String, Option<String>>,
}

impl Roll {
    /// What a settled file says.
    fn of(file: &UsersFile) -> Self {
        let mut roll = Self { admins: file.admins(), ..Self::default() };
        for entry in &file.users {
            if let (Some(id), Ok(name), Some(hash)) = (entry.id, UserName::new(&entry.username), &entry.password_hash) {
                roll.call(&name, id, hash);
                roll.people.push((id, name));
                roll.blocked.extend(entry.blocked.then_some(id));
            }
        }
        // Who knows only the old name of an account is not shut out. A name that is somebody's now is theirs.
        for entry in &file.users {
            for former in entry.former_names.iter().take(FORMER_NAMES_MAX) {
                if let (Some(id), Ok(name), Some(hash)) = (entry.id, UserName::new(former), &entry.password_hash)
                    && !roll.by_folded_name.contains_key(&name.folded())
                {
                    roll.call(&name, id, hash);
                }
            }
        }
        roll.people.sort_unstable_by_key(|&(id, _)| id);
        roll
    }
}

impl Roll {
    /// An account can be logged in to by that name.
    fn call(&mut self, name: &UserName, id: UserId, hash: &str) {
        let folded = name.folded();
        let of_key = self.by_key.entry(names::key(name.as_str())).or_insert_with(|| Some(folded.clone()));
        *of_key = of_key.take().filter(|known| *known == folded);
        self.by_folded_name.insert(folded, (id, hash.into()));
    }
}

impl Accounts {
    /// Reads the accounts of a data folder. A folder that is missing or new is made, with the accounts that Parlor
    /// comes with. Passwords that were written by hand are hashed, and the file is rewritten without them. Blocks: a
    /// hash takes tens of milliseconds.
    ///
    /// # Errors
    /// [`AccountsError`], among them [`AccountsError::MissingBesideHistory`] for a folder with messages but no accounts.
    pub fn open(dir: &Path) -> Result<Self, AccountsError> {
        store::create_if_missing(dir)?;
        let mut accounts = Self {
            dir: dir.into(),
            roll: Roll::default(),
            next_id: 1,
            doubts: Vec::new(),
            dummy: password::dummy()?.into(),
        };
        accounts.reload()?;
        Ok(accounts)
    }

    /// Everybody who has an account, ordered by number.
    pub fn people(&self) -> Vec<(UserId, UserName)> {
        self.roll.people.clone()
    }

    /// The same as the engine needs them, with who may do what.
    pub fn directory(&self) -> Directory {
        Directory::new(self.people()).with_roles(self.roll.admins.clone(), self.roll.blocked.clone())
    }

    /// What tells the password of that account from others that it had; nothing if nobody gets in there.
    pub fn stamp(&self, user: UserId) -> Option<String> {
        let at = self.roll.people.binary_search_by_key(&user, |&(id, _)| id).ok()?;
        let (_, hash) = self.roll.by_folded_name.get(&self.roll.people[at].1.folded())?;
        (!self.roll.blocked.contains(&user)).then(|| stamp_of(hash))
    }

    /// Whether that account looks after the others.
    pub fn is_admin(&self, user: UserId) -> bool {
        self.roll.admins.contains(&user)
    }

    /// The number that the next account is given, at least.
    pub fn next_id(&self) -> u32 {
        self.next_id
    }

    /// Accounts that still have the password with which the program comes, which everybody knows.
    pub fn shipped(&self) -> Vec<UserName> {
        let shipped = store::shipped_hashes();
        let known = |name: &UserName| self.roll.by_folded_name.get(&name.folded()).map(|(_, hash)| hash.to_string());
        let has = |name: &UserName| known(name).is_some_and(|hash| shipped.contains(&hash));
        self.roll.people.iter().map(|(_, name)| name).filter(|name| has(name)).cloned().collect()
    }

    /// Names that a new account would not be given, as sentences for the person who keeps them: they look like others, or
    /// are words of the program's. They stay in force.
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// What a password for that name is to be checked against. The name may be typed in another case, width or form of
    /// its accents, where only one account can be meant. An unknown name gives a credential that no password fits, with
    /// nothing to tell it by.
    pub fn credential(&self, username: &str) -> Credential {
        let exact = self.roll.by_folded_name.get(&username.to_lowercase());
        let meant = self.roll.by_key.get(&names::key(username)).and_then(Option::as_ref);
        match exact.or_else(|| self.roll.by_folded_name.get(meant?)) {
            // Who is kept out takes as long to refuse as a wrong password.
            Some((user, hash)) => {
                Credential { user: Some(*user).filter(|user| !self.roll.blocked.contains(user)), hash: hash.clone() }
            }
            None => Credential { user: None, hash: self.dummy.clone() },
        }
    }

    /// Reads the file again; true when people or password hashes are different from before. Blocks like [`Self::open`].
    ///
    /// # Errors
    /// [`AccountsError`]; then the last good state stays in force. An editor that is just saving can cause one: the
    /// next change brings the next reload.
    pub fn reload(&mut self) -> Result<bool, AccountsError> {
        let mut file = store::load(&self.dir)?;
        if !file.is_settled() || file.next_id < Some(self.next_id) {
            let known = |folded: &str| self.roll.by_folded_name.get(folded).map(|&(id, _)| id);
            file = store::update(&self.dir, self.next_id, known, |_, _| Ok(()))?.0;
        }
        let roll = Roll::of(&file);
        self.next_id = file.next_id.unwrap_or(self.next_id).max(self.next_id);
        let changed = roll != self.roll;
        if changed {
            self.doubts = file.doubts(&store::path_in(&self.dir));
        }
        self.roll = roll;
        Ok(changed)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("dir", &self.dir)
            .field("people", &self.roll.people.len())
            .finish_non_exhaustive()
    }
}

/// What a login is checked against.
pub struct Credential {
    user: Option<UserId>,
    hash: Arc<str>,
}

impl Credential {
    /// The account, if the password is its password. Blocks for tens of milliseconds and takes 19 MiB, whatever the
    /// password and whether or not the account exists: run it away from the loop, few at a time.
    pub fn verify(self, password: &SecretString) -> Option<UserId> {
        // Both sides are worked out always: the account's absence must not save the time of the hash.
        let fits = password::matches(password, &self.hash);
        self.user.filter(|_| fits)
    }
}

impl Credential {
    /// What tells the password that it is checked against from later ones.
    pub fn stamp(&self) -> String {
        stamp_of(&self.hash)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Accounts in the file.
    pub accounts: usize,
    /// Passwords that were written by hand and are hashed when the server next reads the file.
    pub plain_passwords: usize,
    /// What [`Accounts::doubts`] would say.
    pub doubts: Vec<String>,
}

/// Reads and checks the file of a data folder without changing anything.
///
/// # Errors
/// [`AccountsError`]: what [`Accounts::open`] would stumble over, and [`AccountsError::Missing`].
pub fn check(dir: &Path) -> Result<Counts, AccountsError> {
    let file = store::load(dir)?;
    let doubts = file.doubts(&store::path_in(dir));
    Ok(Counts { accounts: file.users.len(), plain_passwords: file.plain_passwords(), doubts })
}

/// Everybody who has an account, ordered by number, without changing anything. An entry that was written by hand and
/// has no number yet is given the one that it would get.
///
/// # Errors
/// [`AccountsError`].
pub fn list(dir: &Path) -> Result<Vec<(UserId, UserName)>, AccountsError> {
    let mut file = store::load(dir)?;
    file.number(1, |_| None, &store::path_in(dir))?;
    let named = |entry: &file::Entry| Some((entry.id?, UserName::new(&entry.username).ok()?));
    let mut people: Vec<_> = file.users.iter().filter_map(named).collect();
    people.sort_unstable_by_key(|&(id, _)| id);
    Ok(people)
}

/// Who looks after the others, and who is kept out, in the same manner.
///
/// # Errors
/// [`AccountsError`].
pub fn rights(dir: &Path) -> Result<(BTreeSet<UserId>, BTreeSet<UserId>), AccountsError> {
    let mut file = store::load(dir)?;
    file.number(1, |_| None, &store::path_in(dir))?;
    let blocked = file.users.iter().filter(|entry| entry.blocked).filter_map(|entry| entry.id).collect();
    Ok((file.admins(), blocked))
}

/// The account of that name (compared without regard to case): its number, and its name as it is written.
///
/// # Errors
/// [`AccountsError::NoSuchAccount`], and those of reading the file.
pub fn find(dir: &Path, name: &UserName) -> Result<(UserId, UserName), AccountsError> {
    let folded = name.folded();
    let found = list(dir)?.into_iter().find(|(_, existing)| existing.folded() == folded);
    found.ok_or_else(|| AccountsError::NoSuchAccount(name.to_string()))
}

/// Takes a name that somebody wants for a new account, as it will be written.
///
/// # Errors
/// [`AccountsError::NameTaken`], [`AccountsError::BadName`], and those of reading a file that is there.
pub fn new_name(dir: &Path, asked: &str) -> Result<UserName, AccountsError> {
    let name = names::account(asked)?;
    match store::load(dir) {
        Ok(file) => file.check_new_name(&name)?,
        Err(AccountsError::Missing { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(name)
}

/// Makes an account, and the data folder if there is none. A running server notices.
///
/// # Errors
/// [`AccountsError`], among them [`AccountsError::NameTaken`] and [`AccountsError::BadName`].
pub fn add(dir: &Path, name: &UserName, password: &SecretString) -> Result<UserId, AccountsError> {
    let name = &names::account(name.as_str())?;
    let hash = password::hash(password)?;
    store::create_if_missing(dir)?;
    let (_, id) = store::update(dir, 1, |_| None, |file, path| file.add(name, hash.clone(), path))?;
    Ok(id)
}

/// Makes the accounts of a new server: that one alone. Once more with the same name and password, it does nothing.
///
/// # Errors
/// [`AccountsError`], among them [`AccountsError::Inhabited`] for a folder that has other accounts.
pub fn found(dir: &Path, name: &UserName, password: &SecretString) -> Result<(), AccountsError> {
    password::check_owner(password)?;
    let mut file = UsersFile::default();
    file.add(name, password::hash(password)?, &store::path_in(dir))?;
    file.users[0].role = Some(Role::Admin);
    if store::create(dir, &file.to_text())? {
        return Ok(());
    }
    let only = list(dir)?.iter().map(|(_, known)| known.folded()).eq([name.folded()]);
    match only && Accounts::open(dir)?.credential(name.as_str()).verify(password).is_some() {
        true => Ok(()),
        false => Err(AccountsError::Inhabited { path: dir.into() }),
    }
}

/// Gives an account another password. A running server notices.
///
/// # Errors
/// [`AccountsError`], among them [`AccountsError::NoSuchAccount`].
pub fn set_password(dir: &Path, name: &UserName, password: &SecretString) -> Result<(), AccountsError> {
    let hash = password::hash(password)?;
    let (_, ()) = store::update(
        dir,
        1,
        |_| None,
        |file, _| {
            let at = file.position(name).ok_or_else(|| AccountsError::NoSuchAccount(name.to_string()))?;
            file.users[at].password_hash = Some(hash.clone());
            Ok(())
        },
    )?;
    Ok(())
}

/// Takes an account away. Its number is never given out again. A running server notices.
///
/// # Errors
/// [`AccountsError`], among them [`AccountsError::NoSuchAccount`] and [`AccountsError::LastAdmin`].
pub fn remove(dir: &Path, name: &UserName) -> Result<(UserId, UserName), AccountsError> {
    let (id, _) = find(dir, name)?;
    Accounts::change_in(dir, 1, By::Owner, &Change::Remove(id))
}
