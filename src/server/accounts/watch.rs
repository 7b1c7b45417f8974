//! Notices that `users.json` was changed: by an editor, by `parlor user`, by a copy put in its place. Reads nothing and
//! decides nothing; it only says "look again".
//!
//! What is watched is the file, not its folder: `history.json` stands in the same folder and is written thousands of
//! times a second, and a watch on the folder would wake a thread at each of these writes (the mask of the system's
//! watches cannot be chosen here). A watch on a file follows the file and not its name, though, so whenever the file
//! was moved, removed or replaced (which is how most editors save), the watch is put on whatever bears the name now.
//! Only while nothing bears the name is the folder watched, for it to come back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::AccountsError;
use super::store::{FILE_NAME, path_in};

/// How often a file that is there is tried before the folder is watched in its place: it may come and go while we look,
/// or be one that the system does not let us watch.
const FOLLOW_TRIES: u32 = 3;

/// Keeps the watch alive; it ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    signals: Sender<Signal>,
    woken: Arc<AtomicU64>,
}

impl Watch {
    /// How often the system has told us of anything, whether or not it mattered: what watching costs.
    pub fn woken(&self) -> u64 {
        self.woken.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // If nobody listens any more, the watch has ended already.
        let _ = self.signals.send(Signal::Stop);
    }
}

enum Signal {
    /// Something else is in the file.
    Contents,
    /// Another file may bear the name, or none.
    Place,
    /// The watch was dropped.
    Stop,
}

/// Calls `changed`, on a thread of its own, whenever `users.json` in that folder was changed, and once at the start, so
/// that what changed before the watch began is not missed. Several changes in a row may come as one call; a save may
/// come as several, the first of which may find the file empty or half written.
///
/// # Errors
/// [`AccountsError::Watch`] when the system does not let the folder be watched.
pub fn watch(dir: &Path, changed: impl Fn() + Send + 'static) -> Result<Watch, AccountsError> {
    let failed = |source| AccountsError::Watch { path: path_in(dir), source };
    let (signals, inbox) = channel();
    let woken = Arc::new(AtomicU64::new(0));
    let (to_inbox, count) = (signals.clone(), woken.clone());
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(signal) = meaning(&event) {
            // If nobody listens any more, the watch has been dropped.
            let _ = to_inbox.send(signal);
        }
    })
    .map_err(failed)?;
    let mut watched = Watched { watcher, dir: dir.into(), file: path_in(dir), now: None };
    watched.follow().map_err(failed)?;
    thread::Builder::new()
        .name("parlor-users-watch".into())
        .spawn(move || run(watched, &inbox, &changed))
        .map_err(|error| failed(notify::Error::io(error)))?;
    Ok(Watch { signals, woken })
}

fn run(mut watched: Watched, inbox: &Receiver<Signal>, changed: &impl Fn()) {
    changed();
    while let Ok(first) = inbox.recv() {
        let mut moved = false;
        for signal in std::iter::once(first).chain(inbox.try_iter()) {
            match signal {
                Signal::Contents => {}
                Signal::Place => moved = true,
                Signal::Stop => return,
            }
        }
        if moved && let Err(error) = watched.follow() {
            tracing::error!(file = %watched.file.display(), %error, "changes are not noticed any more: restart the server");
        }
        // After following, so that a change that came before the new watch is seen, too.
        changed();
    }
}

/// What an event says about the file, if anything.
fn meaning(event: &notify::Result<Event>) -> Option<Signal> {
    // Events may have been lost: look at everything.
    let Ok(event) = event else { return Some(Signal::Place) };
    let concerns_us = |path: &PathBuf| path.file_name().is_some_and(|name| name == FILE_NAME);
    if !event.paths.is_empty() && !event.paths.iter().any(concerns_us) {
        return None;
    }
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(ModifyKind::Data(_)) => {
            Some(Signal::Contents)
        }
        EventKind::Access(_) => None,
        // A file whose last name was taken away shows as changed metadata while somebody still has it open.
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => {
            Some(Signal::Place)
        }
    }
}

/// The system's watch and what it stands on.
struct Watched {
    watcher: RecommendedWatcher,
    dir: PathBuf,
    file: PathBuf,
    /// What is watched now: the file or the folder.
    now: Option<PathBuf>,
}

impl Watched {
    /// Puts the watch on the file that bears the name now or, as long as there is none, on the folder.
    fn follow(&mut self) -> notify::Result<()> {
        for _ in 0..FOLLOW_TRIES {
            if let Some(before) = self.now.take() {
                // The system may have dropped it already, together with the file.
                let _ = self.watcher.unwatch(&before);
            }
            if self.watcher.watch(&self.file, RecursiveMode::NonRecursive).is_ok() {
                self.now = Some(self.file.clone());
                return Ok(());
            }
            self.watcher.watch(&self.dir, RecursiveMode::NonRecursive)?;
            self.now = Some(self.dir.clone());
            // It may have come back before the folder was watched.
            if !self.file.is_file() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::Duration;

    use super::*;
    use crate::proto::ids::UserName;
    use crate::server::accounts::{Accounts, add};

    const DEADLINE: Duration = Duration::from_secs(20);

    /// A data folder, its watch, and what receives each call. The call at the start has been received.
    fn watched() -> (tempfile::TempDir, Watch, Receiver<()>) {
        let dir = tempfile::tempdir().unwrap();
        Accounts::open(dir.path()).unwrap();
        let (call, calls) = channel();
        let watch = watch(dir.path(), move || {
            // The test may have ended.
            let _ = call.send(());
        })
        .unwrap();
        calls.recv_timeout(DEADLINE).expect("one call at the start");
        (dir, watch, calls)
    }

    /// An editor that writes beside and renames.
    fn save_by_rename(file: &Path, text: &str) {
        let beside = file.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, file).unwrap();
    }

    /// An editor that moves the file away as a backup and writes a new one.
    fn save_with_backup(file: &Path, text: &str) {
        fs::rename(file, file.with_extension("json~")).unwrap();
        fs::write(file, text).unwrap();
    }

    /// An editor that makes a backup by a second name for the file, and renames over it.
    fn save_with_link(file: &Path, text: &str) {
        let backup = file.with_extension("bak");
        let _ = fs::remove_file(&backup);
        fs::hard_link(file, backup).unwrap();
        save_by_rename(file, text);
    }

    /// An editor that writes in place.
    fn save_in_place(file: &Path, text: &str) {
        fs::write(file, text).unwrap();
    }

    /// Somebody who removes the file and puts a copy back.
    fn remove_and_put_back(file: &Path, text: &str) {
        fs::remove_file(file).unwrap();
        fs::write(file, text).unwrap();
    }

    type Save = fn(&Path, &str);
    const SAVES: [Save; 5] = [save_by_rename, save_with_backup, save_with_link, save_in_place, remove_and_put_back];

    /// Waits for calls until the last of them finds an account of that name.
    fn expect(accounts: &mut Accounts, calls: &Receiver<()>, name: &str, how: &str) {
        let there = |accounts: &Accounts| accounts.people().iter().any(|(_, known)| known.as_str() == name);
        while !there(accounts) {
            calls.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{how}: nobody was told"));
            // A file that is half written is no error here: another call follows.
            let _ = accounts.reload();
        }
    }

    #[test]
    fn a_change_is_noticed_however_it_is_saved() {
        for (at, save) in SAVES.iter().enumerate() {
            let (dir, _watch, calls) = watched();
            let mut accounts = Accounts::open(dir.path()).unwrap();
            let file = path_in(dir.path());
            save(&file, &fs::read_to_string(&file).unwrap().replace("Charlie", "Charlotte"));
            expect(&mut accounts, &calls, "Charlotte", &format!("save {at}"));
        }
    }

    #[test]
    fn one_change_after_the_other_is_noticed_whatever_the_last_one_was() {
        let (dir, _watch, calls) = watched();
        let mut accounts = Accounts::open(dir.path()).unwrap();
        let file = path_in(dir.path());
        let text = fs::read_to_string(&file).unwrap();
        for (at, first) in SAVES.iter().enumerate() {
            for (then, second) in SAVES.iter().enumerate() {
                for (save, name) in [(first, format!("C{at}{then}a")), (second, format!("C{at}{then}b"))] {
                    save(&file, &text.replace("Charlie", &name));
                    expect(&mut accounts, &calls, &name, &format!("save {at}, then {then}"));
                }
            }
        }
        add(dir.path(), &UserName::new("Dana").unwrap(), &"x".into()).unwrap();
        expect(&mut accounts, &calls, "Dana", "parlor user add");
    }

    #[test]
    fn a_busy_log_beside_it_wakes_nobody() {
        let (dir, watch, calls) = watched();
        let file = path_in(dir.path());
        let mut accounts = Accounts::open(dir.path()).unwrap();
        let mut log = fs::File::create(dir.path().join("history.json")).unwrap();
        let mut woken_by_writing = |name: &str| {
            let before = watch.woken();
            for _ in 0..20_000 {
                log.write_all(b"{\"purpose\":\"receive_message\"}\n").unwrap();
            }
            // Events come in order: when this change is told of, all that the log has caused has been counted.
            save_by_rename(&file, &format!("{{\"users\":[{{\"username\":\"{name}\",\"password\":\"x\"}}]}}"));
            expect(&mut accounts, &calls, name, "a busy log");
            watch.woken() - before
        };
        let woken = woken_by_writing("Dana");
        assert!(woken < 100, "{woken} wake-ups");
        // While the file was away, the folder had to be watched for it; that must have ended.
        remove_and_put_back(&file, "{\"users\":[]}");
        woken_by_writing("Eve");
        let woken = woken_by_writing("Fay");
        assert!(woken < 100, "{woken} wake-ups");
    }

    #[test]
    fn looking_at_the_file_and_changing_others_is_no_change() {
        let event = |kind, name: &str| Ok(Event::new(kind).add_path(PathBuf::from("/data").join(name)));
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let opened = EventKind::Access(AccessKind::Open(AccessMode::Any));
        assert!(meaning(&event(opened, FILE_NAME)).is_none());
        assert!(meaning(&event(written, FILE_NAME)).is_some());
        for other in ["users.json.lock", ".users.json.a1B2c3", "history.json", "users.json~"] {
            assert!(meaning(&event(written, other)).is_none(), "{other}");
            assert!(meaning(&event(EventKind::Modify(ModifyKind::Any), other)).is_none(), "{other}");
        }
    }

    #[test]
    fn a_dropped_watch_ends() {
        let (_dir, watch, calls) = watched();
        drop(watch);
        while calls.recv_timeout(DEADLINE).map_err(|end| assert_eq!(end, RecvTimeoutError::Disconnected)).is_ok() {}
    }

    #[test]
    fn a_folder_that_is_not_there_cannot_be_watched() {
        let dir = tempfile::tempdir().unwrap();
        let error = watch(&dir.path().join("missing"), || {}).unwrap_err().to_string();
        assert!(error.contains("users.json"), "{error}");
    }
}
