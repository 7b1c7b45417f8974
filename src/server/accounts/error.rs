//! Everything that can be wrong with accounts, in words for the person who edits the file. No text may hold a password
//! or a hash: these errors are logged and shown.

use std::io;
use std::path::{Path, PathBuf};

use super::file::FILE_MAX_BYTES;
use crate::names::Refused;
use crate::proto::limits::{ACCOUNTS_MAX, PASSWORD_MAX_BYTES, PASSWORD_NEW_MIN_CHARS};

/// Why accounts cannot be read, changed or watched. Each text says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The operating system refused something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb: "read", "create the folder".
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// There is no `users.json`.
    #[error("there is no {}: the first start of the server makes one, and so does `parlor user add NAME`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is no `users.json`, but there are messages that belong to its accounts.
    #[error(
        "there is a history.json but no {}: put the users.json that belongs to it back, or move history.json away to \
         start anew (new accounts would be given the numbers of the old ones, and read their messages)",
        path.display()
    )]
    MissingBesideHistory {
        /// Where it should be.
        path: PathBuf,
    },
    /// A link, a folder or something stranger stands where a file should be.
    #[error("{} is not a plain file: put the file itself there, not a link or a folder", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// Nothing is in the file. An editor that is just saving looks like this, too.
    #[error("{} is empty: put back a copy, or remove the file to start with the accounts that Parlor comes with", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The file is too large to be one of ours.
    #[error("{} is larger than {max} MiB, the most that is read: remove what does not belong there", path.display(), max = FILE_MAX_BYTES >> 20)]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not JSON, or not JSON of the right form.
    #[error("{}, line {line}, column {column}: {why}", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// One entry cannot be used.
    #[error("{}, {entry}: {why}", path.display())]
    Entry {
        /// Which file.
        path: PathBuf,
        /// Which entry: its place in the list, counted from 1, and its name.
        entry: String,
        /// What is wrong with it and what to do.
        why: String,
    },
    /// Two entries claim the same name or number.
    #[error("{}: {one} and {other} have the same {what}: change or remove one of them", path.display())]
    Twice {
        /// Which file.
        path: PathBuf,
        /// The first of them.
        one: String,
        /// The second of them.
        other: String,
        /// "name (names are compared without regard to case)" or "id".
        what: &'static str,
    },
    /// All numbers have been given out.
    #[error("{}: \"next_id\" has reached its end, so no further account can be numbered", path.display())]
    OutOfNumbers {
        /// Which file.
        path: PathBuf,
    },
    /// Somebody writes the file again and again.
    #[error("{} was changed by another program each time it was about to be written: try again when that has ended", path.display())]
    Contended {
        /// Which file.
        path: PathBuf,
    },
    /// A new account's name is taken.
    #[error(
        "There is already an account named {asked}{}: names are compared without regard to case",
        if asked == existing { String::new() } else { format!(" (written \"{existing}\")") }
    )]
    NameTaken {
        /// The name that was asked for.
        asked: String,
        /// The name as the account has it.
        existing: String,
    },
    /// A new account's name breaks a rule, or looks like another one.
    #[error(transparent)]
    BadName(#[from] Refused),
    /// No account has that name.
    #[error("There is no account named \"{0}\": `parlor user list` names all")]
    NoSuchAccount(String),
    /// A new password is empty.
    #[error("the password is empty: choose one with at least one character")]
    EmptyPassword,
    /// A new password is too long.
    #[error("the password is longer than {PASSWORD_MAX_BYTES} bytes: choose a shorter one")]
    LongPassword,
    /// The password of somebody who owns a server for others is too short.
    #[error("the password is too short: choose one with at least {PASSWORD_NEW_MIN_CHARS} characters")]
    ShortPassword,
    /// The password of an account is easily guessed.
    #[error(
        "the password is easily guessed: {0}. Choose another one; a few words that nobody would put together are good"
    )]
    WeakPassword(&'static str),
    /// A new name was somebody else's.
    #[error("{asked:?} is, or looks like, what somebody here was called before: choose another name")]
    FormerName {
        /// The name that was asked for.
        asked: String,
    },
    /// No account has that number.
    #[error("There is no such account any more")]
    NoSuchNumber,
    /// Whoever wants a change looks after others no more.
    #[error("Only administrators of this server can do that")]
    NotAnAdmin,
    /// A change would leave nobody to look after the others.
    #[error("This is the only administrator: make somebody else one first")]
    LastAdmin,
    /// There are too many accounts.
    #[error("There are {ACCOUNTS_MAX} accounts, and more are not made: remove some first")]
    Full,
    /// A new server was to be made where there is one.
    #[error("there is a server in {} already: choose an empty folder, or one that does not exist yet", path.display())]
    Inhabited {
        /// Which folder.
        path: PathBuf,
    },
    /// Hashing failed: no memory, or no randomness for the salt.
    #[error("the password could not be hashed ({0}): the system may be out of memory; try again")]
    Hash(String),
    /// Changes of the file cannot be noticed.
    #[error("cannot watch {} for changes: {source}", path.display())]
    Watch {
        /// Which file.
        path: PathBuf,
        /// The operating system's answer.
        source: notify::Error,
    },
}

impl AccountsError {
    /// Wraps the operating system's answer.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.into(), source }
    }
}
