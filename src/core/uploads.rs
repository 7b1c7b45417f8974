//! What accounts have brought and no message carries: how much of each there is, and how much an account may have.

use std::collections::{BTreeMap, BTreeSet};

use super::files::unknown_file;
use crate::proto::attachment::FileId;
use crate::proto::event::{Code, Problem};
use crate::proto::ids::{Millis, UserId};
use crate::proto::limits::{UPLOADS_MAX, UPLOADS_MAX_BYTES};

/// A file that somebody brings or has brought, and that no message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Who.
    pub by: UserId,
    /// How long it is to be, in bytes.
    pub size: u64,
    /// How much of it is there, in bytes from its beginning. With all of it there, it is on disk and in its place.
    pub offset: u64,
    /// When a piece of it last came.
    pub touched: Millis,
    /// A piece is being written.
    pub writing: bool,
}

impl Upload {
    /// All of it is there, and lasts.
    pub(super) fn is_whole(&self) -> bool {
        self.offset == self.size && !self.writing
    }
}

/// What an account has begun and no message carries.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub files: BTreeSet<FileId>,
    /// Those whose numbers are still being made.
    beginning: usize,
    /// How long all of them are to be together, in bytes.
    bytes: u64,
}

/// All files that no message carries.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    pub files: BTreeMap<FileId, Upload>,
    pub of: BTreeMap<UserId, Own>,
    /// When it was last looked for those that nobody goes on with.
    pub swept: Millis,
}

impl Uploads {
    /// The upload, if that account has begun it.
    pub fn of(&mut self, user: UserId, file: FileId) -> Result<&mut Upload, Problem> {
        self.files.get_mut(&file).filter(|upload| upload.by == user).ok_or_else(unknown_file)
    }

    /// Counts a file in that is being begun, if the account may have one more.
    pub fn begin(&mut self, user: UserId, size: u64) -> Result<(), Problem> {
        let own = self.of.entry(user).or_default();
        if own.files.len() + own.beginning >= UPLOADS_MAX || own.bytes.saturating_add(size) > UPLOADS_MAX_BYTES {
            let text =
                "Too many files of yours are on their way at once. Send those that have arrived, or cancel some.";
            return Err(Problem::new(Code::Busy, text));
        }
        own.beginning += 1;
        own.bytes += size;
        Ok(())
    }

    /// A file that was being begun has its number, or has none.
    pub fn begun(&mut self, user: UserId, size: u64) {
        if let Some(own) = self.of.get_mut(&user) {
            own.beginning = own.beginning.saturating_sub(1);
            own.bytes = own.bytes.saturating_sub(size);
        }
        self.tidy(user);
    }

    pub fn insert(&mut self, file: FileId, upload: Upload) {
        let own = self.of.entry(upload.by).or_default();
        if own.files.insert(file) {
            own.bytes = own.bytes.saturating_add(upload.size);
        }
        self.files.insert(file, upload);
    }

    pub fn remove(&mut self, file: FileId) -> Option<Upload> {
        let upload = self.files.remove(&file)?;
        if let Some(own) = self.of.get_mut(&upload.by)
            && own.files.remove(&file)
        {
            own.bytes = own.bytes.saturating_sub(upload.size);
        }
        self.tidy(upload.by);
        Some(upload)
    }

    /// Who has none is not remembered.
    fn tidy(&mut self, user: UserId) {
        if self.of.get(&user).is_some_and(|own| own.files.is_empty() && own.beginning == 0) {
            self.of.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Upload = Upload { by: UserId(1), size: 9, offset: 3, touched: Millis(0), writing: false };

    #[test]
    fn room_that_was_taken_is_given_back_however_it_ends() {
        let mut uploads = Uploads::default();
        let (user, size) = (UserId(1), UPLOADS_MAX_BYTES / 2);
        let full = |uploads: &mut Uploads| uploads.begin(user, 1).unwrap_err().code == Code::Busy;
        for ends in 0..3 {
            uploads.begin(user, size).unwrap();
            uploads.begin(user, size).unwrap();
            assert!(full(&mut uploads), "{ends}");
            for file in [FileId(1), FileId(2)] {
                uploads.begun(user, size);
                if ends > 0 {
                    uploads.insert(file, Upload { size, ..NEW });
                }
                if ends > 1 {
                    uploads.insert(file, Upload { size, ..NEW });
                }
            }
            assert!(ends == 0 || full(&mut uploads), "{ends}");
            for file in [FileId(1), FileId(2), FileId(2)] {
                uploads.remove(file);
            }
            assert!(uploads.of.is_empty() && uploads.files.is_empty(), "{ends}");
        }
    }
}
