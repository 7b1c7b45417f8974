//! The least that the log asks of a disk, so that faults can be injected beneath it. The only file of the log that
//! touches the file system.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::files;

/// A file, as the log sees it. Writes and reads name their place; nothing is durable before [`Storage::sync`].
pub trait Storage: Send + Sync {
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether there is nothing in it.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills `buffer` from `offset`; an end before that is an error.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`, growing the file where needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written durable.
    fn sync(&self) -> io::Result<()>;
    /// Cuts or grows the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Keeps `bytes` in a new place beside the file, named after it with `suffix`, durably. Never overwrites: a number
    /// is added to the suffix where needed. Returns the name for people.
    fn keep_aside(&self, suffix: &str, bytes: &[u8]) -> io::Result<String>;
}

/// A file on disk, readable and writable by its owner alone.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    path: std::path::PathBuf,
}

impl DiskFile {
    /// Opens the file, making it if there is none.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let created = std::fs::symlink_metadata(path).is_err();
        let file = files::open(path)?;
        if created {
            sync_directory_of(path)?;
        }
        Ok(Self { file, path: path.into() })
    }

    /// Takes the file for this process, for as long as it is open; false when another one has it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn try_lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Opens a file that must be there, to look only.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open_read_only(path: &Path) -> io::Result<Self> {
        Ok(Self { file: files::open_to_read(path)?, path: path.into() })
    }
}

impl Drop for DiskFile {
    /// Gives the file back in so many words. A lock is that of all descriptors that come from the same opening, and a child
    /// process that is being started just now has them, too, until it has become another program: closing ours would
    /// leave the file taken for that long, and whoever opens it next would be refused.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Makes a file's name durable: a new or changed one lasts only once its directory is on disk.
///
/// # Errors
/// Those of the file system.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(parent) = path.parent() {
        File::open(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl Storage for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            let n = std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[n..];
            offset += n as u64;
        }
        Ok(())
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset)?;
            bytes = &bytes[n..];
            offset += n as u64;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn keep_aside(&self, suffix: &str, bytes: &[u8]) -> io::Result<String> {
        let mut attempt = 0_u32;
        loop {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            if attempt > 0 {
                name.push(format!(".{attempt}"));
            }
            match files::create_new(Path::new(&name)) {
                Ok(mut file) => {
                    io::Write::write_all(&mut file, bytes)?;
                    file.sync_all()?;
                    sync_directory_of(&self.path)?;
                    return Ok(Path::new(&name).display().to_string());
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_free_once_it_is_closed_also_while_a_child_process_starts() {
        let dir = tempfile::tempdir().unwrap();
        let open = || DiskFile::open(&dir.path().join("file")).unwrap();
        let first = open();
        assert!(first.try_lock().unwrap());
        assert!(!open().try_lock().unwrap(), "it is taken");
        // What a child has between its fork and its exec.
        let _inherited = first.file.try_clone().unwrap();
        drop(first);
        assert!(open().try_lock().unwrap());
    }
}
