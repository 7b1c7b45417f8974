//! Exports on the disk: written beside their place and renamed, read up to a limit. Not for the thread that draws.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::Path;

use jiff::tz::TimeZone;

use super::{Export, Format, IMPORT_MAX_BYTES, Progress, read};
use crate::files;

/// Puts an export in its place. Until it is whole, and when it does not become so, whatever was there stays. Only its
/// owner can read a new file. `tick` is called after every [`TICK`] messages.
///
/// # Errors
/// What went wrong and what to do, in a sentence or two.
pub fn save(
    path: &Path,
    format: Format,
    export: &Export,
    zone: &TimeZone,
    progress: &Progress,
    tick: impl Fn(),
) -> Result<(), String> {
    let written = |n: usize| {
        if n > 0 && n.is_multiple_of(TICK) {
            tick();
        }
        progress.note(n)
    };
    put(path, format, export, zone, progress, written).map_err(|error| trouble(&error))
}

/// So many messages are written between two looks at how far it is: some milliseconds of work.
pub const TICK: usize = 1_000;

fn put(
    path: &Path,
    format: Format,
    export: &Export,
    zone: &TimeZone,
    progress: &Progress,
    written: impl FnMut(usize) -> bool,
) -> io::Result<()> {
    let mut out = BufWriter::new(files::beside(path)?);
    super::write(&mut out, format, &export.head, export.entries.iter(), zone, written)?;
    out.flush()?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    if !progress.note(export.entries.len()) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    file.commit()
}

/// What to do about a file that cannot be written.
fn trouble(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::Interrupted => "The export was cancelled.".into(),
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => {
            "There is no room left for the file. Make some, or choose another disk.".into()
        }
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => {
            "You have no right to write in that folder. Choose another one.".into()
        }
        Kind::NotFound | Kind::NotADirectory => "That folder is not there any more. Choose another one.".into(),
        Kind::IsADirectory => "There is a folder of that name. Choose another name.".into(),
        _ => format!("The file could not be written: {error}. Try again, or choose another place."),
    }
}

/// The export in a file.
///
/// # Errors
/// What is wrong with it and what to do, in a sentence or two.
pub fn open(path: &Path) -> Result<Export, String> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "That file is not there any more. Choose another one.".to_owned(),
        io::ErrorKind::PermissionDenied => "You have no right to read that file. Choose another one.".to_owned(),
        _ => format!("The file cannot be read: {error}. Choose another one."),
    };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(IMPORT_MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > IMPORT_MAX_BYTES {
        return Err(format!("That file is too large: at most {} MB can be opened.", IMPORT_MAX_BYTES >> 20));
    }
    read(&bytes)
}
