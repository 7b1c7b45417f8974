//! What is in the folder of files when a server starts or is looked at: what messages carry, what is on its way, what is
//! left over, and what is somebody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::disk::{Disk as _, DiskFolder};
use super::{FOLDER, note, part};
use crate::clock;
use crate::config::FILE_SYNC_EVERY_BYTES;
use crate::core::state::State;
use crate::core::uploads::Upload;
use crate::proto::attachment::{Attachment, FileId};
use crate::proto::ids::{Millis, UserId};
use crate::proto::record::Record;

/// Every file that the log has ever spoken of, with what it is called. Collected while the log is read, and let go.
#[derive(Debug, Default)]
pub struct Mentioned(BTreeMap<FileId, Box<str>>);

impl Mentioned {
    /// Takes the next record in.
    pub fn read(&mut self, record: &Record<'_>) {
        let attachment: Option<&Attachment> = match record {
            Record::Message(message) => message.attachment.as_ref(),
            Record::ToMany(many) => many.attachment.as_ref(),
            _ => None,
        };
        if let Some(attachment) = attachment {
            self.0.insert(attachment.file, attachment.name.as_str().into());
        }
    }
}

/// What a start begins with.
#[derive(Debug, Default)]
pub struct Stock {
    /// What no message carries, and can go on or be sent.
    pub uploads: BTreeMap<FileId, Upload>,
    /// Sentences for people.
    pub notices: Vec<String>,
}

/// What stands in the folder under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Whole(FileId),
    Part(FileId),
    Note(FileId, UserId, u64),
}

impl Name {
    /// Nothing if it is not a name that we give.
    fn parse(name: &str) -> Option<Self> {
        let mut pieces = name.split('.');
        let file: FileId = pieces.next()?.parse().ok()?;
        let read = match (pieces.next(), pieces.next()) {
            (None, _) => Self::Whole(file),
            (Some("part"), None) => Self::Part(file),
            (Some(by), Some(size)) => Self::Note(file, UserId(by.parse().ok()?), size.parse().ok()?),
            (Some(_), None) => return None,
        };
        // Not "+7" and not "007": what is written again must be the same name.
        (read.to_string() == name).then_some(read)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Whole(file) => file.fmt(f),
            Self::Part(file) => f.write_str(&part(file)),
            Self::Note(file, by, size) => f.write_str(&note(file, by, size)),
        }
    }
}

/// The names in the folder that we give; none where there is no folder.
fn names(folder: &Path) -> io::Result<Vec<Name>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().and_then(Name::parse));
    }
    Ok(names)
}

/// Looks through the folder at a start, and takes away what is left over: what belonged to messages that were deleted,
/// and what cannot go on. What the log has never spoken of and has no note is left alone: it may be of another log, which
/// somebody wants back.
///
/// # Errors
/// Those of the file system.
pub fn look(data_dir: &Path, state: &State, mentioned: &Mentioned) -> io::Result<Stock> {
    super::make_folder(data_dir)?;
    let folder = data_dir.join(FOLDER);
    let disk = DiskFolder::new(folder.clone());
    let names = names(&folder)?;
    let whole: BTreeSet<_> = names.iter().filter_map(|name| as_whole(*name)).collect();
    let noted: BTreeSet<_> = names.iter().filter_map(|name| as_noted(*name)).collect();
    let is_over = |file: FileId| mentioned.0.contains_key(&file) && !state.is_carried(file);
    let mut stock = Stock::default();
    let mut left_over = BTreeSet::new();
    for &name in &names {
        match name {
            Name::Note(file, by, size) if !state.is_carried(file) && !is_over(file) => {
                let there = if whole.contains(&file) { Name::Whole(file) } else { Name::Part(file) };
                match found(&folder, &disk, there, by, size) {
                    Some(upload) => _ = stock.uploads.insert(file, upload),
                    None => left_over.extend([name.to_string(), there.to_string()]),
                }
            }
            Name::Note(..) => _ = left_over.insert(name.to_string()),
            Name::Part(file) if state.is_carried(file) || is_over(file) || !noted.contains(&file) => {
                left_over.insert(name.to_string());
            }
            Name::Whole(file) if is_over(file) => _ = left_over.insert(name.to_string()),
            Name::Whole(_) | Name::Part(_) => {}
        }
    }
    for name in left_over {
        match disk.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let missing = state.files().filter(|(file, _)| !whole.contains(file)).count();
    if missing > 0 {
        let path = folder.display();
        let files = if missing == 1 {
            "a file that a message carries is".into()
        } else {
            format!("{missing} files that messages carry are")
        };
        stock.notices.push(format!("{files} missing in {path}: `parlor --check` names what is missing"));
    }
    Ok(stock)
}

fn as_whole(name: Name) -> Option<FileId> {
    match name {
        Name::Whole(file) => Some(file),
        Name::Part(_) | Name::Note(..) => None,
    }
}

fn as_noted(name: Name) -> Option<FileId> {
    match name {
        Name::Note(file, ..) => Some(file),
        Name::Whole(_) | Name::Part(_) => None,
    }
}

/// What there is of an upload; nothing if it cannot go on. Of what is not whole counts what was synced for sure: the power
/// may have been cut.
fn found(folder: &Path, disk: &DiskFolder, name: Name, by: UserId, size: u64) -> Option<Upload> {
    let path = folder.join(name.to_string());
    let found = std::fs::symlink_metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
    let touched = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let touched = touched.and_then(|at| i64::try_from(at.as_millis()).ok()).map_or(clock::now(), Millis);
    let (len, upload) = (found.len(), |offset| Upload::new(by, size, offset, touched));
    match name {
        Name::Whole(_) => (len == size).then(|| upload(size)),
        _ if size == 0 || len > size => None,
        _ => {
            let synced = len.saturating_sub(1) / FILE_SYNC_EVERY_BYTES * FILE_SYNC_EVERY_BYTES;
            disk.cut(&name.to_string(), synced).ok()?;
            Some(upload(synced))
        }
    }
}

/// What a look at the folder found, for people.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The files that messages carry and that are there.
    pub files: usize,
    /// How long they are together, in bytes.
    pub bytes: u64,
    /// Those that are not there, or not as they were.
    pub missing: Vec<Missing>,
}

/// A file that a message carries and that cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its number.
    pub file: FileId,
    /// What it is called.
    pub name: String,
    /// It is there, and has another length.
    pub damaged: bool,
}

/// Looks at the folder without changing anything.
///
/// # Errors
/// Those of the file system.
pub fn tally(data_dir: &Path, state: &State, mentioned: &Mentioned) -> io::Result<Tally> {
    let folder = data_dir.join(FOLDER);
    let mut tally = Tally::default();
    for (file, size) in state.files() {
        let found = match std::fs::symlink_metadata(folder.join(file.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            found => found.ok(),
        };
        match found {
            Some(found) if found.is_file() && found.len() == size => {
                tally.files += 1;
                tally.bytes += size;
            }
            found => {
                let name = mentioned.0.get(&file).map(ToString::to_string).unwrap_or_default();
                tally.missing.push(Missing { file, name, damaged: found.is_some() });
            }
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_give_are_ours() {
        let file = FileId(0xab);
        let hex = file.to_string();
        assert_eq!(Name::parse(&hex), Some(Name::Whole(file)));
        assert_eq!(Name::parse(&format!("{hex}.part")), Some(Name::Part(file)));
        assert_eq!(Name::parse(&format!("{hex}.7.300")), Some(Name::Note(file, UserId(7), 300)));
        for foreign in ["", "part", "holiday.jpg", "ab", ".part", "..", "00.part"] {
            assert_eq!(Name::parse(foreign), None, "{foreign}");
        }
        for end in [".jpg", ".part.1", ".+7.300", ".07.300", ".7.300.1", ".7", ".", ".7."] {
            assert_eq!(Name::parse(&format!("{hex}{end}")), None, "{end}");
        }
        assert_eq!(Name::parse(&hex.replace('a', "A")), None);
    }
}
