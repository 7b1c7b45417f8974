//! The data folder: everything that a server owns, opened under a lock, so that it has one owner at a time.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::accounts::{self, Accounts, AccountsError};
use super::depot::{self, Mentioned, Stock, Tally};
use super::facts::{self, ServerFile};
use super::kept::{self, Kept};
use crate::clock;
use crate::core::accounts::Facts;
use crate::core::directory::Directory;
use crate::core::state::State;
use crate::core::uploads::Upload;
use crate::files;
use crate::log::file::{FileLog, OpenError, Report};
use crate::log::import::{self, Imported};
use crate::log::storage::{DiskFile, Storage as _, sync_directory_of};
use crate::log::{AppendError, Log as _};
use crate::proto::attachment::FileId;
use crate::proto::ids::{Invalid, Millis, Seq, UserId, check_message};
use crate::proto::record::{Message, Record, To, json_of_frame};
use crate::proto::request::Peer;

/// The log's file within the folder.
pub const HISTORY: &str = "history.json";
/// The file whose lock is the folder's. It is empty, and stays when the server ends.
pub const LOCK: &str = "parlor.lock";

/// An open data folder.
pub struct Folder {
    /// The accounts.
    pub accounts: Accounts,
    /// What the server says of itself.
    pub facts: Facts,
    /// The devices that stay signed in.
    pub kept: Kept,
    /// The accounts' numbers and names.
    pub directory: Directory,
    /// The log, ready to be appended to.
    pub log: FileLog,
    /// The log's fold.
    pub state: State,
    /// The files that no message carries.
    pub uploads: BTreeMap<FileId, Upload>,
    /// Held for as long as the folder is owned.
    pub lock: DiskFile,
    /// Sentences for people: what was repaired, imported, left alone.
    pub notices: Vec<String>,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder itself.
    #[error("the data folder {path} cannot be used: {error}. Choose another with --data-dir", path = path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another server has it.
    #[error("the data folder {path} is in use: another Parlor hosts it. End that one, or choose another folder with --data-dir", path = .0.display())]
    InUse(PathBuf),
    /// The accounts.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The log.
    #[error("{path} {error}", path = path.display())]
    History {
        /// Which file.
        path: PathBuf,
        /// What it is, or why it cannot be used.
        error: OpenError,
    },
    /// An old history cannot be taken over.
    #[error("{path} is a history of the first system and cannot be imported: {why}. Nothing was changed", path = path.display())]
    Import {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        why: String,
    },
}

impl Folder {
    /// Opens a folder and makes what is missing: the folder, the accounts that come with the program, an empty log. Takes
    /// an old history over, keeping the original beside the new one.
    ///
    /// # Errors
    /// [`FolderError`]; what was there is as it was.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let unusable = |error| FolderError::Unusable { path: path.into(), error };
        files::folder(path).map_err(unusable)?;
        let open = open_to_others(path);
        let lock = DiskFile::open(&path.join(LOCK)).map_err(unusable)?;
        if !lock.try_lock().map_err(unusable)? {
            return Err(FolderError::InUse(path.into()));
        }
        let mut notices = narrow(path, &open).map_err(unusable)?;
        let accounts = Accounts::open(path)?;
        let facts = ServerFile::load(path)?.facts();
        let (kept, damage) = Kept::open(path)?;
        notices.extend(damage);
        kept.sweep(|user| accounts.stamp(user), clock::now());
        let directory = accounts.directory();
        notices.extend_from_slice(accounts.doubts());
        let file = path.join(HISTORY);
        notices.extend(import_old(&file, &directory)?);
        let history = |error| FolderError::History { path: file.clone(), error };
        if std::fs::metadata(&file).is_ok_and(|found| found.len() == 0) {
            notices.push(format!("{} was empty: a new history begins in it", file.display()));
        }
        let storage = DiskFile::open(&file).map_err(|error| history(error.into()))?;
        let (mut state, mut mentioned) = (State::default(), Mentioned::default());
        let mut read = |record: &Record<'_>| {
            state.apply(record);
            mentioned.read(record);
        };
        let new_id = format!("{:016x}", clock::random_u64());
        let (log, report) = FileLog::open(Arc::new(storage), &new_id, &mut read).map_err(history)?;
        notices.extend(report.torn.map(|torn| format!("{}: {torn}", file.display())));
        let attachments = |error| FolderError::Unusable { path: path.join(depot::FOLDER), error };
        let Stock { uploads, notices: more } = depot::look(path, &state, &mentioned).map_err(attachments)?;
        notices.extend(more);
        Ok(Self { accounts, facts, kept, directory, log, state, uploads, lock, notices })
    }

    /// Looks at a folder without changing anything: what `parlor --check` prints.
    ///
    /// # Errors
    /// [`FolderError`]: the first thing that is wrong.
    pub fn check(path: &Path) -> Result<Check, FolderError> {
        let accounts = accounts::check(path)?;
        let invites = ServerFile::load(path)?.invites.len();
        let file = path.join(HISTORY);
        let (mut state, mut mentioned) = (State::default(), Mentioned::default());
        let mut report = Report::default();
        if file.exists() {
            let history = |error| FolderError::History { path: file.clone(), error };
            let storage = DiskFile::open_read_only(&file).map_err(|error| history(error.into()))?;
            let read = |record: &Record<'_>| {
                state.apply(record);
                mentioned.read(record);
            };
            report = FileLog::check(&storage, read).map_err(history)?;
        }
        let attachments = |error| FolderError::Unusable { path: path.join(depot::FOLDER), error };
        let files = depot::tally(path, &state, &mentioned).map_err(attachments)?;
        let (chats, messages) = state.counts();
        Ok(Check { accounts, invites, report, chats, messages, files })
    }
}

/// The identity of the log in a folder, if there is a log: what a server over that folder would introduce itself with.
pub fn log_of(path: &Path) -> Option<String> {
    let storage = DiskFile::open_read_only(&path.join(HISTORY)).ok()?;
    FileLog::identity(&storage).ok()
}

/// What a look at a folder found.
#[derive(Debug)]
pub struct Check {
    /// The accounts.
    pub accounts: accounts::Counts,
    /// How many invites there are, good or not.
    pub invites: usize,
    /// The log.
    pub report: Report,
    /// How many chats have a message.
    pub chats: usize,
    /// How many messages there are.
    pub messages: usize,
    /// The files that messages carry.
    pub files: Tally,
}

/// The files of a folder that others than its owner can do anything with.
fn open_to_others(path: &Path) -> Vec<&'static str> {
    let names = [accounts::FILE_NAME, accounts::LOCK_NAME, facts::FILE_NAME, kept::FILE_NAME, HISTORY, LOCK];
    names.into_iter().filter(|name| files::is_open_to_others(&path.join(name))).collect()
}

/// Takes the rights of others from files, and says so. The folder is left as it is: it may be one that others have a
/// reason to be in.
fn narrow(path: &Path, open: &[&str]) -> io::Result<Vec<String>> {
    let mut notices = Vec::new();
    if files::is_open_to_others(path) {
        let path = path.display();
        notices.push(format!(
            "the folder {path} is open to other accounts of this computer: `chmod 700 {path}` closes it"
        ));
    }
    for name in open {
        files::open(&path.join(name))?;
    }
    if !open.is_empty() {
        notices.push(format!("other accounts of this computer could use {}: now only this one can", open.join(", ")));
    }
    Ok(notices)
}

/// Turns an old history into one of ours. The new file is complete and on disk before it takes the old one's name, and
/// the old one is kept as `history.json.old`.
fn import_old(file: &Path, directory: &Directory) -> Result<Option<String>, FolderError> {
    let refuse = |why: String| FolderError::Import { path: file.into(), why };
    let io = |error: io::Error| refuse(error.to_string());
    // A history of ours is opened in pieces later; here its beginning tells.
    let mut beginning = Vec::new();
    match files::open_to_read(file) {
        Ok(file) => file.take(import::GLANCE_BYTES as u64).read_to_end(&mut beginning).map_err(io)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    if !import::looks_old(&beginning) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    files::open_to_read(file).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(io)?;
    let zone = jiff::tz::TimeZone::system();
    let imported = import::import(&bytes, &zone).map_err(|error| refuse(error.to_string()))?;
    let records = records_of(&imported, directory, clock::now()).map_err(refuse)?;
    let (new, old) = (file.with_extension("json.importing"), file.with_extension("json.old"));
    if std::fs::symlink_metadata(&old).is_ok() {
        return Err(refuse(format!("{} exists already: move it away", old.display())));
    }
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let storage = Arc::new(DiskFile::open(&new).map_err(io)?);
    let (mut log, _) = FileLog::open(storage.clone(), &format!("{:016x}", clock::random_u64()), |_| {})
        .map_err(|error| refuse(error.to_string()))?;
    log.append(&records).map_err(|error: AppendError| refuse(error.to_string()))?;
    storage.sync().map_err(io)?;
    // A hard link keeps the original reachable at every instant.
    std::fs::hard_link(file, &old).or_else(|_| copy(&bytes, &old)).map_err(io)?;
    drop(files::open(&old).map_err(io)?);
    std::fs::rename(&new, file).map_err(io)?;
    // Before anybody appends to it: the name must not go back to the old file.
    sync_directory_of(file).map_err(io)?;
    Ok(Some(format!(
        "imported {} messages of an old history; the original is kept as {}",
        records.len(),
        old.display()
    )))
}

fn copy(bytes: &[u8], to: &Path) -> io::Result<()> {
    let mut file = files::create_new(to)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn records_of(imported: &[Imported], directory: &Directory, now: Millis) -> Result<Vec<Bytes>, String> {
    let find = |name: &str| {
        directory.find(&Peer::Name(name.into())).ok_or_else(|| {
            format!("it has messages of {name:?}, who has no account. Add one with `parlor user add {name:?}`, and start again")
        })
    };
    let mut at = Millis(0);
    let mut records = Vec::with_capacity(imported.len());
    for (index, message) in imported.iter().enumerate() {
        let (from, to): (UserId, UserId) = (find(&message.from_user)?, find(&message.to_user)?);
        // An empty message of old stays what it is; one that no frame holds cannot be shown to anybody.
        if let Err(invalid @ Invalid::LongMessage { .. }) = check_message(&message.message) {
            return Err(format!("message {}: {invalid}", index + 1));
        }
        at = at.max(message.at.unwrap_or(at)).min(now);
        let record = Record::Message(Message {
            seq: Seq(index as u64 + 1),
            at,
            from,
            to: To::Person(to, message.to_user.as_str().into()),
            from_user: message.from_user.as_str().into(),
            mentions: Default::default(),
            client_id: None,
            reply_to: None,
            attachment: None,
            edited: None,
            deleted: false,
            message: message.message.as_str().into(),
        });
        let mut frame = Vec::new();
        record.encode(&mut frame);
        records.push(Bytes::copy_from_slice(json_of_frame(&frame)));
    }
    Ok(records)
}
