//! The part of the engine that has to do with files: who may send and fetch which bytes. The bytes themselves are moved
//! away from the loop.

use super::engine::Engine;
use crate::proto::attachment::{Attachment, FileId};
use crate::proto::event::Problem;
use crate::proto::ids::UserId;

impl Engine {
    /// Whether that account may send a message that carries that file: it has brought the file itself and whole, and no
    /// message carries it yet.
    pub(super) fn check_attachment(&self, user: UserId, attachment: &Attachment) -> Result<(), Problem> {
        let _ = (user, attachment);
        Ok(())
    }

    /// A message carries the file from now on.
    pub(super) fn carried(&mut self, file: FileId) {
        let _ = file;
    }

    /// No message carries the file any more.
    pub(super) fn dropped(&mut self, file: FileId) {
        let _ = file;
    }
}
