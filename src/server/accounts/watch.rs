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
