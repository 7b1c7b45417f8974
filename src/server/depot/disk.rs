//! The little that is asked of a disk to keep files, so that tests can inject faults beneath it. The only file of the
//! depot that changes anything on one.

use std::io;
use std::path::PathBuf;

use crate::files;
use crate::log::storage::sync_directory_of;

/// A folder of files, by their names. Nothing lasts before it is synced.
pub trait Disk {
    /// How many bytes there is still room for.
    fn free(&self) -> io::Result<u64>;
    /// Makes an empty file that must not be there yet.
    fn make(&self, name: &str) -> io::Result<()>;
    /// Writes at a place of a file that is there and reaches up to it.
    fn write_at(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// How long a file is.
    fn len(&self, name: &str) -> io::Result<u64>;
    /// Takes away what is behind a place.
    fn cut(&self, name: &str, len: u64) -> io::Result<()>;
    /// Makes the bytes of a file last.
    fn sync(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the names in the folder last.
    fn sync_folder(&self) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A folder on a disk. Files in it are their owner's alone, and no link is followed.
#[derive(Debug)]
pub struct DiskFolder {
    folder: PathBuf,
}

impl DiskFolder {
    /// That folder, which is there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Disk for DiskFolder {
    #[cfg(unix)]
    fn free(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    #[cfg(not(unix))]
    fn free(&self) -> io::Result<u64> {
        // What does not fit is found out when it is written.
        Ok(u64::MAX)
    }

    fn make(&self, name: &str) -> io::Result<()> {
        files::create_new(&self.folder.join(name)).map(drop)
    }

    fn write_at(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek as _, SeekFrom, Write as _};
        let mut file = files::open_there(&self.folder.join(name))?;
        // Writing behind its end would leave a hole.
        if file.metadata()?.len() < offset {
            return Err(io::Error::other("it was cut by somebody else while it came"));
        }
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(files::open_to_read(&self.folder.join(name))?.metadata()?.len())
    }

    fn cut(&self, name: &str, len: u64) -> io::Result<()> {
        files::open_there(&self.folder.join(name))?.set_len(len)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        // A disk that is found to be full only now has lost something, and it is not known what.
        let failed = |error| io::Error::other(format!("it cannot be synced: {error}"));
        files::open_there(&self.folder.join(name))?.sync_all().map_err(failed)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn sync_folder(&self) -> io::Result<()> {
        sync_directory_of(&self.folder.join("any"))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.folder.join(name))
    }
}
