//! What accounts have brought and no message carries: how much of each there is, and how much an account may have.

use std::collections::{BTreeMap, BTreeSet};

use super::files::unknown_file;
use crate::proto::attachment::FileId;
use crate::proto::event::{Code, Problem};
use crate::proto::ids::{Millis, UserId};
use crate::proto::limits::{UPLOAD_PIECES_MAX, UPLOADS_MAX, UPLOADS_MAX_BYTES};

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
    /// Where the next piece begins: what is before it is there, or on its way to the disk.
    ordered: u64,
    /// The pieces on their way to the disk.
    pieces: usize,
}

impl Upload {
    /// One of which so much is there, and nothing on its way.
    pub fn new(by: UserId, size: u64, offset: u64, touched: Millis) -> Self {
        Self { by, size, offset, touched, ordered: offset, pieces: 0 }
    }

    /// All of it is there, and lasts.
    pub(super) fn is_whole(&self) -> bool {
        self.offset == self.size && !self.is_writing()
    }

    /// Whether a piece is on its way to the disk.
    pub(super) fn is_writing(&self) -> bool {
        self.pieces > 0
    }

    /// A piece has come that begins there. It is on its way to the disk if it is the next one, and not one too many.
    pub(super) fn order(&mut self, offset: u64, bytes: u64) -> Result<(), Problem> {
        if self.pieces >= UPLOAD_PIECES_MAX {
            let text = "Too many pieces of this file are still being written. Wait for the answer to one of them.";
            return Err(Problem::new(Code::Busy, text));
        }
        let end = offset.checked_add(bytes).filter(|end| offset == self.ordered && *end <= self.size);
        let Some(end) = end else {
            let Self { ordered, size, .. } = self;
            let text = format!("The next piece begins at {ordered}, and the file ends at {size}.");
            return Err(Problem::new(Code::BadOffset, text));
        };
        if bytes == 0 {
            return Err(Problem::new(Code::BadRequest, "upload_chunk: a piece has at least one byte"));
        }
        (self.ordered, self.pieces) = (end, self.pieces + 1);
        Ok(())
    }

    /// A piece is written up to that place, or is not. Where one is not, neither are those behind it, and the next one begins
    /// where what was written ends: once all that were on their way have been heard of.
    pub(super) fn written(&mut self, upto: Option<u64>) {
        self.pieces = self.pieces.saturating_sub(1);
        self.offset = upto.unwrap_or(self.offset);
        if self.pieces == 0 {
            self.ordered = self.offset;
        }
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
                    uploads.insert(file, Upload::new(user, size, 0, Millis(0)));
                }
                if ends > 1 {
                    uploads.insert(file, Upload::new(user, size, 0, Millis(0)));
                }
            }
            assert!(ends == 0 || full(&mut uploads), "{ends}");
            for file in [FileId(1), FileId(2), FileId(2)] {
                uploads.remove(file);
            }
            assert!(uploads.of.is_empty() && uploads.files.is_empty(), "{ends}");
        }
    }

    #[test]
    fn pieces_follow_one_another_and_none_goes_on_behind_one_that_was_not_written() {
        let mut upload = Upload::new(UserId(1), 1_000, 0, Millis(0));
        let refused = |upload: &mut Upload, offset, bytes| upload.order(offset, bytes).unwrap_err().code;
        for piece in 0..UPLOAD_PIECES_MAX as u64 {
            assert_eq!(refused(&mut upload, piece * 10 + 1, 10), Code::BadOffset);
            upload.order(piece * 10, 10).unwrap();
        }
        let next = UPLOAD_PIECES_MAX as u64 * 10;
        assert_eq!(refused(&mut upload, next, 10), Code::Busy);
        upload.written(Some(10));
        upload.order(next, 10).unwrap();
        upload.written(None);
        for behind in 2..=UPLOAD_PIECES_MAX {
            assert_eq!(upload.offset, 10);
            assert_eq!(refused(&mut upload, 10, 10), Code::BadOffset, "{behind}: others are on their way still");
            upload.written(None);
        }
        assert!(!upload.is_writing());
        assert_eq!(refused(&mut upload, next + 10, 10), Code::BadOffset);
        upload.order(10, 990).unwrap();
        assert!(!upload.is_whole());
        upload.written(Some(1_000));
        assert!(upload.is_whole());
        assert_eq!(refused(&mut upload, 1_000, 1), Code::BadOffset, "there is no more of it");
    }
}
