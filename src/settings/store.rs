//! `settings.json`: read once at the start, written beside and renamed, on a thread of its own. The only file of this
//! module that touches the disk.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::values::Settings;
use crate::files;

/// The name of the file.
pub const FILE_NAME: &str = "settings.json";
/// The largest file that is read. What a version of this program writes has some kilobytes.
const FILE_MAX_BYTES: u64 = 1 << 20;
/// How often the file is written at most, however fast things change.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

/// Where the settings are kept. What was handed in is written, at the latest, when this is dropped.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What a start begins with.
#[derive(Debug)]
pub struct Opened {
    /// Where changes go.
    pub store: Store,
    /// What was kept.
    pub settings: Settings,
    /// What is to be said about the file, once, in a sentence or two.
    pub notice: Option<String>,
}

#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    news: Condvar,
}

/// What waits for the thread: the newest settings, and nothing before them.
#[derive(Debug, Default)]
struct Slot {
    wanted: Option<Settings>,
    ended: bool,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a file is not settings.
enum Trouble {
    /// It is something else, or a part of it.
    Damaged,
    /// The system does not give it out.
    Unreadable(io::Error),
}

impl Store {
    /// Reads the file of that name. Without one, or with one that is damaged, everything is as it is at first; a damaged
    /// one is kept beside.
    pub fn open(path: PathBuf) -> Opened {
        let mut notice = None;
        let settings = match read(&path) {
            Ok(settings) => settings.unwrap_or_default(),
            Err(Trouble::Damaged) => {
                notice = Some(match keep_aside(&path) {
                    Ok(kept) => format!(
                        "Your settings could not be read, so they begin anew. The old file is kept as {}.",
                        kept.display()
                    ),
                    Err(error) => format!("Your settings could not be read, so they begin anew. ({error})"),
                });
                Settings::default()
            }
            Err(Trouble::Unreadable(error)) => {
                let words = format!(
                    "Your settings cannot be read: {error}. What you change is not kept until {} can be read.",
                    path.display()
                );
                return Opened { store: Self::idle(), settings: Settings::default(), notice: Some(words) };
            }
        };
        let mut store = Self::idle();
        let shared = Arc::clone(&store.shared);
        let known = settings.clone();
        let thread = std::thread::Builder::new().name("settings".into()).spawn(move || write_on(&shared, &path, known));
        match thread {
            Ok(thread) => store.thread = Some(thread),
            Err(error) => notice = Some(format!("What you change is not kept: {error}.")),
        }
        Opened { store, settings, notice }
    }

    /// One that keeps nothing.
    fn idle() -> Self {
        Self { shared: Arc::default(), thread: None }
    }

    /// Has the settings written soon. Costs a copy, and never waits for the disk.
    pub fn keep(&self, settings: &Settings) {
        self.shared.slot().wanted = Some(settings.clone());
        self.shared.news.notify_one();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.slot().ended = true;
        self.shared.news.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes what is wanted until the store is dropped. `known` is what this window last knew the file to hold.
fn write_on(shared: &Shared, path: &Path, mut known: Settings) {
    let mut warned = false;
    loop {
        let (wanted, ended) = {
            let mut slot = shared.slot();
            while slot.wanted.is_none() && !slot.ended {
                slot = shared.news.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
            (slot.wanted.take(), slot.ended)
        };
        if let Some(wanted) = wanted {
            let file = read(path).ok().flatten();
            let merged = wanted.merged(&known, file.as_ref().unwrap_or(&known));
            match if file.as_ref() == Some(&merged) { Ok(()) } else { write(path, &merged) } {
                Ok(()) => known = wanted,
                Err(error) if !warned => {
                    warned = true;
                    tracing::warn!("the settings cannot be kept in {}: {error}", path.display());
                }
                Err(_) => {}
            }
        }
        if ended {
            return;
        }
        let slot = shared.slot();
        drop(shared.news.wait_timeout_while(slot, WRITE_PAUSE, |slot| !slot.ended));
    }
}

/// The settings in a file; nothing where there is none.
fn read(path: &Path) -> Result<Option<Settings>, Trouble> {
    let file = match files::open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Trouble::Unreadable(error)),
    };
    let mut text = Vec::new();
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text).map_err(Trouble::Unreadable)?;
    if text.len() as u64 > FILE_MAX_BYTES {
        return Err(Trouble::Damaged);
    }
    // Editors on Windows put this mark in front.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    let object = serde_json::from_slice(text).map_err(|_| Trouble::Damaged)?;
    Ok(Some(Settings::from_object(object)))
}

/// Puts the settings in the place of what is there, whole or not at all, readable by their owner alone.
fn write(path: &Path, settings: &Settings) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        files::own_folder(folder)?;
    }
    let mut text = serde_json::to_vec_pretty(settings)?;
    text.push(b'\n');
    files::put(path, &text)
}

/// Gives a damaged file another name, which says what it is.
fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    let free = files::damaged_name(path);
    fs::rename(path, &free)?;
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::values::{Account, Theme};

    fn in_folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("parlor").join(FILE_NAME);
        (dir, path)
    }

    #[test]
    fn what_was_chosen_is_there_at_the_next_start_and_nobody_else_can_read_it() {
        let (_dir, path) = in_folder();
        let Opened { store, mut settings, notice } = Store::open(path.clone());
        assert_eq!((&settings, notice), (&Settings::default(), None));
        assert!(!path.exists(), "a look leaves nothing behind");
        settings.zoom = 1.2;
        for name in ["Alice", "Bob"] {
            settings.remember(Account { name: name.into(), ..Account::default() });
            store.keep(&settings);
        }
        drop(store);
        let again = Store::open(path.clone());
        assert_eq!((again.settings, again.notice), (settings, None));
        assert!(fs::read_to_string(&path).unwrap().contains("\"zoom\": 1.2,"), "people can read it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_said_once() {
        for damage in [&b"{\"zoom\": 1."[..], b"", b"[]", b"\xff\xfe\0", &vec![b' '; FILE_MAX_BYTES as usize + 1]] {
            let (_dir, path) = in_folder();
            fs::create_dir(path.parent().unwrap()).unwrap();
            for _ in 0..2 {
                fs::write(&path, damage).unwrap();
                let opened = Store::open(path.clone());
                assert_eq!(opened.settings, Settings::default());
                assert!(opened.notice.unwrap().contains(".damaged"));
                opened.store.keep(&Settings { theme: Theme::Dark, ..Settings::default() });
            }
            let again = Store::open(path.clone());
            assert_eq!((again.settings.theme, again.notice), (Theme::Dark, None));
            for kept in ["json.damaged", "json.damaged.1"] {
                assert_eq!(fs::read(path.with_extension(kept)).unwrap(), damage);
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        let (_dir, path) = in_folder();
        fs::create_dir_all(path.join("inside")).unwrap();
        let opened = Store::open(path.clone());
        assert!(opened.notice.unwrap().contains("not kept"));
        opened.store.keep(&Settings { zoom: 2.0, ..Settings::default() });
        drop(opened.store);
        assert!(path.join("inside").is_dir());
    }

    #[test]
    fn two_windows_write_into_one_file() {
        let (_dir, path) = in_folder();
        let (one, other) = (Store::open(path.clone()), Store::open(path.clone()));
        let mut settings = one.settings;
        settings.remember(Account { name: "Alice".into(), ..Account::default() });
        one.store.keep(&settings);
        drop(one.store);
        let mut settings = Settings { theme: Theme::Light, ..other.settings };
        settings.remember(Account { name: "Bob".into(), ..Account::default() });
        other.store.keep(&settings);
        drop(other.store);
        let settings = Store::open(path).settings;
        assert_eq!(settings.theme, Theme::Light);
        let names: Vec<_> = settings.accounts.iter().map(|account| account.name.as_str()).collect();
        assert_eq!(names, ["Bob", "Alice"]);
    }
}
