//! What is changed in `users.json` for people who are logged in, join, or look after others. Each change is decided
//! about what the file says when it is made: whoever was told otherwise shortly before has lost a race.

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::file::UsersFile;
use super::{Accounts, AccountsError, password, store};
use crate::names;
use crate::proto::account::Role;
use crate::proto::ids::{UserId, UserName};
use crate::proto::limits::{ACCOUNTS_MAX, FORMER_NAMES_MAX};

/// A change of one account. Passwords are hashed by now.
#[derive(Clone)]
pub enum Change {
    /// Make one of that name.
    Add(UserName, String),
    /// Give it that password's hash.
    Password(UserId, String),
    /// Give it that name, and keep the old one for it.
    Name(UserId, UserName),
    /// Keep it out, or let it in again. Who is kept out looks after nobody.
    Block(UserId, bool),
    /// Say what it may do.
    Role(UserId, Role),
    /// Take it away.
    Remove(UserId),
}

/// Does not say what it holds: names and hashes.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
}

/// Whose wish a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Of whoever owns the folder, of the account itself, or of somebody who was invited.
    Owner,
    /// Of an administrator, who must still be one.
    Admin(UserId),
}

impl Accounts {
    /// Makes a change, and returns the account's number and name: as they are now, or as they were if it is gone. Does
    /// not read the file again: [`Self::reload`] does.
    ///
    /// # Errors
    /// [`AccountsError`]; then nothing was changed.
    pub fn change_in(dir: &Path, floor: u32, by: By, change: &Change) -> Result<(UserId, UserName), AccountsError> {
        let (_, account) = store::update(dir, floor, |_| None, |file, path| file.apply(by, change, path))?;
        Ok(account)
    }
}

impl UsersFile {
    /// Those who look after the others: who is said to, and is not kept out. Where nobody is said to, because the file
    /// was written by hand, it is whoever has the lowest number.
    pub fn admins(&self) -> BTreeSet<UserId> {
        let free = || self.users.iter().filter(|entry| !entry.blocked);
        let named = free().filter(|entry| entry.role == Some(Role::Admin)).filter_map(|entry| entry.id);
        let named: BTreeSet<_> = named.collect();
        match named.is_empty() {
            true => free().filter_map(|entry| entry.id).min().into_iter().collect(),
            false => named,
        }
    }

    fn apply(&mut self, by: By, change: &Change, path: &Path) -> Result<(UserId, UserName), AccountsError> {
        let admins = self.admins();
        if matches!(by, By::Admin(user) if !admins.contains(&user)) {
            return Err(AccountsError::NotAnAdmin);
        }
        let mut account = None;
        match change {
            Change::Add(name, hash) => {
                if self.users.len() >= ACCOUNTS_MAX {
                    return Err(AccountsError::Full);
                }
                account = Some((self.add(name, hash.clone(), path)?, name.clone()));
            }
            Change::Password(user, hash) => {
                let at = self.place(*user)?;
                self.users[at].password_hash = Some(hash.clone());
            }
            Change::Name(user, name) => self.rename(*user, name)?,
            Change::Block(user, blocked) => {
                let at = self.place(*user)?;
                self.users[at].blocked = *blocked;
                if *blocked {
                    self.keep_an_admin(&admins, *user)?;
                    self.users[at].role = None;
                } else {
                    self.write_down(&admins);
                }
            }
            Change::Role(user, role) => {
                let at = self.place(*user)?;
                if *role == Role::Member {
                    self.keep_an_admin(&admins, *user)?;
                } else {
                    self.write_down(&admins);
                }
                self.users[at].role = (*role == Role::Admin).then_some(Role::Admin);
            }
            Change::Remove(user) => {
                let at = self.place(*user)?;
                self.keep_an_admin(&admins, *user)?;
                account = self.named(at);
                self.users.remove(at);
            }
        }
        let user = match change {
            Change::Add(..) | Change::Remove(_) => None,
            Change::Password(user, _) | Change::Name(user, _) | Change::Block(user, _) | Change::Role(user, _) => {
                Some(*user)
            }
        };
        let there = |user| self.place(user).ok().and_then(|at| self.named(at));
        account.or_else(|| there(user?)).ok_or(AccountsError::NoSuchNumber)
    }

    /// The place of the account of that number in the list.
    fn place(&self, user: UserId) -> Result<usize, AccountsError> {
        self.users.iter().position(|entry| entry.id == Some(user)).ok_or(AccountsError::NoSuchNumber)
    }

    fn named(&self, at: usize) -> Option<(UserId, UserName)> {
        let entry = &self.users[at];
        entry.id.zip(UserName::new(&entry.username).ok())
    }

    /// Says in the file what so far was only understood: nobody must begin to look after others, or end to, because
    /// somebody else has come or gone.
    fn write_down(&mut self, admins: &BTreeSet<UserId>) {
        for entry in self.users.iter_mut().filter(|entry| entry.id.is_some_and(|id| admins.contains(&id))) {
            entry.role = Some(Role::Admin);
        }
    }

    /// Refuses what would leave nobody to look after the others when that account does no more.
    fn keep_an_admin(&mut self, admins: &BTreeSet<UserId>, without: UserId) -> Result<(), AccountsError> {
        if admins.iter().all(|admin| *admin == without) {
            return Err(AccountsError::LastAdmin);
        }
        self.write_down(admins);
        Ok(())
    }

    fn rename(&mut self, user: UserId, name: &UserName) -> Result<(), AccountsError> {
        let at = self.place(user)?;
        let entry = &self.users[at];
        if entry.username == name.as_str() {
            return Ok(());
        }
        self.check_name_for(Some(user), name)?;
        let entry = &mut self.users[at];
        let old = std::mem::replace(&mut entry.username, name.to_string());
        // A name in other letters is the same one; one that comes back is no former name any more.
        entry.former_names.retain(|former| former.to_lowercase() != name.folded());
        if old.to_lowercase() != name.folded() {
            entry.former_names.retain(|former| former.to_lowercase() != old.to_lowercase());
            entry.former_names.insert(0, old);
            entry.former_names.truncate(FORMER_NAMES_MAX);
        }
        Ok(())
    }
}

/// Takes a password that somebody wants for an account of that name, and hashes it. Blocks for tens of milliseconds.
///
/// # Errors
/// Those of [`password::check_chosen`] and [`password::hash`].
pub fn new_password(chosen: &SecretString, name: &str) -> Result<String, AccountsError> {
    password::check_chosen(chosen, name)?;
    password::hash(chosen)
}

/// Whether a password is that of the account with that number. Blocks as long as a login does.
///
/// # Errors
/// [`AccountsError::NoSuchNumber`], and those of reading the file.
pub fn is_password_of(dir: &Path, user: UserId, password: &SecretString) -> Result<bool, AccountsError> {
    let file = store::load(dir)?;
    let entry = &file.users[file.place(user)?];
    if let Some(plain) = &entry.password {
        return Ok(plain.expose_secret() == password.expose_secret());
    }
    Ok(entry.password_hash.as_ref().is_some_and(|hash| password::matches(password, hash)))
}

/// The name of the account with that number.
///
/// # Errors
/// [`AccountsError::NoSuchNumber`], and those of reading the file.
pub fn name_of(dir: &Path, user: UserId) -> Result<UserName, AccountsError> {
    let file = store::load(dir)?;
    let at = file.place(user)?;
    file.named(at).map(|(_, name)| name).ok_or(AccountsError::NoSuchNumber)
}

/// Whether an account of that name could be made now, so that nobody's password is hashed in vain. It is looked at again
/// when it is made.
///
/// # Errors
/// Those that [`Change::Add`] would have because of the name.
pub fn check_new(dir: &Path, asked: &str) -> Result<UserName, AccountsError> {
    let name = names::account(asked)?;
    store::load(dir)?.check_new_name(&name)?;
    Ok(name)
}
