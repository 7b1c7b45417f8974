//! Files and folders of their owner alone: made so from their first instant, whatever the umask, and never reached
//! through a link that somebody has put in the place of a file. Knows nothing of what is in them.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;

/// Rights of a file: its owner reads and writes it.
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;
/// Rights of a folder.
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o700;
/// The rights of everybody else.
#[cfg(unix)]
const OF_OTHERS: u32 = 0o077;

/// The most damaged files that are kept; the next one takes the place of the last.
const DAMAGED_MAX: u32 = 9;

/// Something other than a plain file stands where a file should be, or other than a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// In the place of a file.
    #[error("it is not a plain file: put the file itself there, not a link or a folder")]
    File,
    /// In the place of a folder. A path with a slash at its end goes through a link.
    #[error("it is a link, or no folder: name the folder itself")]
    Folder,
}

impl Misplaced {
    /// Whether that is what an error says.
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }

    fn error(self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, self)
    }
}

/// Makes a folder, with those above it, unless it is there. It is no link.
///
/// # Errors
/// [`Misplaced::Folder`], and those of the file system.
pub fn folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(Misplaced::Folder.error()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.recursive(true).create(path)
}

/// The same for a folder that nobody else has a reason to put anything in: others lose what rights they had.
///
/// # Errors
/// Those of [`folder`].
pub fn own_folder(path: &Path) -> io::Result<()> {
    folder(path)?;
    #[cfg(unix)]
    if is_open_to_others(path) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(FOLDER_MODE))?;
    }
    Ok(())
}

/// Opens a plain file to read and write it, and makes it if there is none. Others lose what rights they had.
///
/// # Errors
/// [`Misplaced::File`], and those of the file system.
pub fn open(path: &Path) -> io::Result<File> {
    // Never truncated: who opens a file says what becomes of what is in it.
    let file = plain(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))?;
    narrow(&file)?;
    Ok(file)
}

/// Opens a plain file that must be there, to read and write it.
///
/// # Errors
/// [`Misplaced::File`], and those of the file system.
pub fn open_there(path: &Path) -> io::Result<File> {
    plain(path, OpenOptions::new().read(true).write(true))
}

/// Makes a file that must not be there yet.
///
/// # Errors
/// Those of the file system.
pub fn create_new(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// A file that takes the place of what is there when it is committed: whole and synced, or not at all.
///
/// # Errors
/// Those of the file system.
pub fn beside(path: &Path) -> io::Result<AtomicWriteFile> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut options = AtomicWriteFile::options();
    #[cfg(unix)]
    {
        use atomic_write_file::unix::OpenOptionsExt as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(FILE_MODE).preserve_mode(false);
    }
    options.open(path)
}

/// Puts a text in the place of what is there, in the same manner.
///
/// # Errors
/// Those of [`beside`].
pub fn put(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(text)?;
    file.commit()
}

/// What a damaged JSON file is called when it is kept aside; the last name is given again and again.
pub fn damaged_name(path: &Path) -> PathBuf {
    let named = |n: u32| path.with_extension(if n == 0 { "json.damaged".into() } else { format!("json.damaged.{n}") });
    (0..DAMAGED_MAX).map(named).find(|name| !name.exists()).unwrap_or_else(|| named(DAMAGED_MAX))
}

/// Opens a plain file that must be there, to read it. Nothing is changed.
///
/// # Errors
/// [`Misplaced::File`], and those of the file system.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    plain(path, OpenOptions::new().read(true))
}

/// Whether others than the owner may do anything with what is there. Always false where rights are not kept in bits.
pub fn is_open_to_others(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| rights_of_others(&found) != 0)
}

#[cfg(unix)]
fn rights_of_others(found: &Metadata) -> u32 {
    if found.is_symlink() { 0 } else { std::os::unix::fs::MetadataExt::mode(found) & OF_OTHERS }
}

#[cfg(not(unix))]
fn rights_of_others(_: &Metadata) -> u32 {
    0
}

#[cfg(unix)]
fn narrow(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match rights_of_others(&file.metadata()?) {
        0 => Ok(()),
        _ => file.set_permissions(fs::Permissions::from_mode(FILE_MODE)),
    }
}

#[cfg(not(unix))]
fn narrow(_: &File) -> io::Result<()> {
    Ok(())
}

fn plain(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Looked at before, because opening a pipe would wait for ever.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Misplaced::File.error());
    }
    let file =
        private(options).open(path).map_err(|error| if is_link(&error) { Misplaced::File.error() } else { error })?;
    // And what was opened: something else can have been put there in between.
    if file.metadata()?.is_file() { Ok(file) } else { Err(Misplaced::File.error()) }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    // A pipe that was put there in between is not waited for.
    options.mode(FILE_MODE).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// What the system says to somebody who follows no links and meets one.
#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

#[cfg(not(unix))]
fn is_link(_: &io::Error) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_link_is_not_followed_wherever_it_points() {
        let dir = tempfile::tempdir().unwrap();
        let (there, missing) = (dir.path().join("there"), dir.path().join("missing"));
        fs::write(&there, "theirs").unwrap();
        for target in [&there, &missing, &dir.path().to_owned()] {
            let link = dir.path().join("link");
            symlink(target, &link).unwrap();
            for error in [open(&link), open_to_read(&link)] {
                assert!(Misplaced::is(&error.unwrap_err()), "{target:?}");
            }
            assert!(Misplaced::is(&folder(&link).unwrap_err()) && create_new(&link).is_err());
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read(&there).unwrap(), b"theirs");
        assert!(!missing.exists());
        // Neither is anything else taken for a file.
        assert!(Misplaced::is(&open(dir.path()).unwrap_err()));
    }

    #[test]
    fn what_others_may_do_is_taken_from_them() {
        let dir = tempfile::tempdir().unwrap();
        let (file, inner) = (dir.path().join("file"), dir.path().join("inner"));
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        drop(open_to_read(&file).unwrap());
        assert_eq!(mode(&file), 0o666, "who only looks changes nothing");
        drop(open(&file).unwrap());
        assert_eq!(mode(&file), 0o600);
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).unwrap();
        folder(&inner).unwrap();
        assert_eq!(mode(&inner), 0o777, "a folder that others may use is left to its owner");
        own_folder(&inner).unwrap();
        assert_eq!(mode(&inner), 0o700);
    }
}
