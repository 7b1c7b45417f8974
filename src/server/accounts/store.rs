//! `users.json` on the disk: read whole, replaced whole, created with a new data folder. Knows nothing of who logs in.
//!
//! Programs of ours that write take a lock first (`users.json.lock`). Editors know no lock, so the file is read once
//! more right before it is replaced: if somebody saved in between, the change is made again on top of what they wrote.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::AccountsError;
use super::file::{FILE_MAX_BYTES, UsersFile};
use crate::files::{self, Misplaced};
use crate::proto::ids::UserId;

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "users.json";
/// The name of the file whose lock whoever writes takes.
pub const LOCK_NAME: &str = "users.json.lock";
const HISTORY_NAME: &str = "history.json";

/// The accounts that Parlor comes with: Alice, Bob and Charlie.
const SHIPPED: &str = include_str!("../../../users.json");

/// How often a change is made again because somebody saved the file in between.
const TRIES_MAX: u32 = 20;
/// How much of `history.json` is looked at to see whether anything is in it, in bytes.
const HISTORY_GLANCE_BYTES: u64 = 4096;

/// The password hashes of those accounts.
pub(super) fn shipped_hashes() -> Vec<String> {
    let shipped = UsersFile::parse(SHIPPED.as_bytes(), Path::new(FILE_NAME)).map(|file| file.users).unwrap_or_default();
    shipped.into_iter().filter_map(|entry| entry.password_hash).collect()
}

/// Where the file is.
pub(super) fn path_in(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

/// Reads the file. What is returned may hold passwords, so it is wiped when it is dropped.
pub(in crate::server) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, AccountsError> {
    let file = files::open_to_read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AccountsError::Missing { path: path.into() },
        _ => failed("read", path, error),
    })?;
    let mut text = Zeroizing::new(Vec::new());
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text).map_err(AccountsError::io("read", path))?;
    match text.len() as u64 > FILE_MAX_BYTES {
        true => Err(AccountsError::TooLarge { path: path.into() }),
        false => Ok(text),
    }
}

/// Reads and checks the file without changing it.
pub(super) fn load(dir: &Path) -> Result<UsersFile, AccountsError> {
    let path = path_in(dir);
    UsersFile::parse(&read(&path)?, &path)
}

/// Makes the folder, and the file with the accounts that Parlor comes with, where there is none.
pub(super) fn create_if_missing(dir: &Path) -> Result<(), AccountsError> {
    create(dir, SHIPPED.as_bytes()).map(|_| ())
}

/// Makes the folder, and the file with that text, where there is none. False when there is one.
pub(super) fn create(dir: &Path, text: &[u8]) -> Result<bool, AccountsError> {
    let path = path_in(dir);
    files::folder(dir).map_err(AccountsError::io("use the folder", dir))?;
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(false);
    }
    let _lock = lock(dir)?;
    match fs::symlink_metadata(&path) {
        // Another program was faster.
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(AccountsError::io("read", &path)(error)),
    }
    if history_has_records(dir) {
        return Err(AccountsError::MissingBesideHistory { path });
    }
    replace(&path, text, None)
}

/// Changes the file: numbers and hashes what was written by hand, then lets `change` do its part, then replaces the
/// file if anything is different. `change` may be called several times, each time on what is then in the file.
pub(super) fn update<T>(
    dir: &Path,
    floor: u32,
    known: impl Fn(&str) -> Option<UserId>,
    mut change: impl FnMut(&mut UsersFile, &Path) -> Result<T, AccountsError>,
) -> Result<(UsersFile, T), AccountsError> {
    let path = path_in(dir);
    let _lock = lock(dir)?;
    for _ in 0..TRIES_MAX {
        let before = read(&path)?;
        let mut file = UsersFile::parse(&before, &path)?;
        let settled = file.is_settled().then(|| file.to_text());
        file.number(floor, &known, &path)?;
        file.hash_plain()?;
        let result = change(&mut file, &path)?;
        let text = file.to_text();
        // A file that only looks different from what we would write (its indentation) is left as people like it.
        if settled.as_ref() == Some(&text) || replace(&path, &text, Some(&before))? {
            return Ok((file, result));
        }
    }
    Err(AccountsError::Contended { path })
}

/// Puts `text` in place of what is there, whole or not at all, readable by its owner alone, and synced.
pub(in crate::server) fn put(path: &Path, text: &[u8]) -> Result<(), AccountsError> {
    files::put(path, text).map_err(AccountsError::io("write", path))
}

/// Puts `text` in place of `before`, whole or not at all, readable by its owner alone, and synced. False, with nothing
/// changed, when `before` is not what is there any more.
pub(in crate::server) fn replace(path: &Path, text: &[u8], before: Option<&[u8]>) -> Result<bool, AccountsError> {
    let failed = || AccountsError::io("write", path);
    let mut file = files::beside(path).map_err(failed())?;
    file.write_all(text).map_err(failed())?;
    // The slow part comes before the last look, so that next to nothing can happen between the look and the rename.
    file.sync_all().map_err(failed())?;
    let unchanged = match (read(path), before) {
        (Ok(now), Some(before)) => now[..] == *before,
        (Err(AccountsError::Missing { .. }), None) => true,
        (Ok(_), None) | (Err(AccountsError::Missing { .. }), Some(_)) => false,
        (Err(error), _) => return Err(error),
    };
    match unchanged {
        true => file.commit().map_err(failed())?,
        false => file.discard().map_err(failed())?,
    }
    Ok(unchanged)
}

/// Waits until no other program of ours is writing. The lock ends when what is returned is dropped.
fn lock(dir: &Path) -> Result<File, AccountsError> {
    let path = dir.join(LOCK_NAME);
    let file = files::open(&path).map_err(|error| failed("open", &path, error))?;
    file.lock().map_err(AccountsError::io("lock", &path))?;
    Ok(file)
}

/// What the system said of a file. A link in the data folder is not ours, whatever it points to.
fn failed(doing: &'static str, path: &Path, error: io::Error) -> AccountsError {
    match Misplaced::is(&error) {
        true => AccountsError::NotAFile { path: path.into() },
        false => AccountsError::io(doing, path)(error),
    }
}

/// Whether messages are there that belong to accounts: anything beyond an empty JSON array. What cannot be read counts
/// as something.
fn history_has_records(dir: &Path) -> bool {
    let mut glance = Vec::new();
    match files::open_to_read(&dir.join(HISTORY_NAME)) {
        Ok(file) => file
            .take(HISTORY_GLANCE_BYTES)
            .read_to_end(&mut glance)
            .map_or(true, |_| glance.iter().any(|byte| !byte.is_ascii_whitespace() && !b"[]".contains(byte))),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}
