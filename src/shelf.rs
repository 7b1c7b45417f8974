//! Where windows on this computer keep what they have not sent, what they know and what is being written: files in a
//! folder beside the data, some for each window.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::client::chain::Pair;
use crate::client::shelf::{Kept, Shelf, waits};
use crate::files;
use crate::log::storage::{DiskFile, Storage};

/// The most windows of one account at once that have a file each.
const WINDOWS_MAX: u32 = 64;

/// The files of a folder, which is made when first needed.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Files within that folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Shelf for Files {
    fn files(&mut self, server: &str, username: &str, waiting: bool) -> io::Result<Option<Kept>> {
        files::own_folder(&self.folder)?;
        // Readable as far as a file's name can be, and never the same for two.
        let readable: String = username.chars().filter(|c| c.is_alphanumeric()).take(24).collect();
        let whole = crc32fast::hash(format!("{username}\n{server}").as_bytes());
        let mut free = None;
        for at in 0..WINDOWS_MAX {
            let path = self.folder.join(format!("{readable}-{whole:08x}-{at}.jsonl"));
            let kept = |unsent: Arc<dyn Storage>| {
                let pair = |one: &str, other: &str| -> io::Result<Pair> {
                    let open = |end: &str| DiskFile::open(&path.with_extension(end));
                    Ok([Arc::new(open(one)?), Arc::new(open(other)?)])
                };
                let cache = pair("cache", "other.cache")?;
                let drafts = pair("drafts", "other.drafts")?;
                let cache_path = path.with_extension("cache").display().to_string();
                Ok(Some(Kept { unsent, cache, drafts, cache_path }))
            };
            let exists = std::fs::symlink_metadata(&path).is_ok();
            if !exists && (waiting || free.is_some()) {
                break;
            }
            let file = DiskFile::open(&path)?;
            if !file.try_lock()? {
                continue;
            }
            let file: Arc<dyn Storage> = Arc::new(file);
            if exists && waits(&file) {
                return kept(file);
            }
            if free.is_none() && !waiting {
                free = kept(file)?;
            }
            if !exists {
                break;
            }
        }
        Ok(free)
    }
}
