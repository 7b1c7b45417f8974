//! The log: records in the order that the server took them, durable before anybody is told.
//!
//! [`Log`] is the seam. [`file`] keeps `history.json`; [`memory`] is for tests and measurements; a cluster would put a
//! replicated log behind the same trait. Nothing here knows what a record means: see `core::state`.

pub mod file;
pub mod import;

pub mod memory;
pub mod storage;

#[cfg(test)]
mod contract;

use std::sync::Arc;

use bytes::Bytes;

use crate::proto::ids::Seq;
use crate::proto::record::RecordError;

/// Appends records. There is one at a time for a log.
pub trait Log: Send {
    /// The identity of this log: places of one log mean nothing in another.
    fn id(&self) -> &str;

    /// The place of the last durable record.
    fn last(&self) -> Seq;

    /// Appends the JSON of records, the first of which stands at the place after [`Log::last`], and returns when all of
    /// them are durable. After an error none of them is in the log.
    ///
    /// # Errors
    /// [`AppendError::Full`] may pass; after [`AppendError::Failed`] every further append fails, since nobody knows
    /// what the disk holds before it has been read again.
    fn append(&mut self, records: &[Bytes]) -> Result<(), AppendError>;

    /// A way to read the log while it is appended to.
    fn reader(&self) -> Arc<dyn LogReader>;
}

/// Reads what is durable.
pub trait LogReader: Send + Sync {
    /// The JSON of one record.
    ///
    /// # Errors
    /// [`ReadError`]: the place is not in the log, or the disk does not give it.
    fn read(&self, seq: Seq) -> Result<Bytes, ReadError>;
}

/// Why records were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no room. Nothing was appended, and later appends may succeed.
    #[error("the disk is full: {0}")]
    Full(std::io::Error),
    /// The disk failed. Nothing can be appended until the log has been opened anew.
    #[error("the disk failed, and writing stops until the server is restarted: {0}")]
    Failed(std::io::Error),
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such place.
    #[error("the log has no record {0}")]
    NoSuch(Seq),
    /// The disk failed.
    #[error("record {0} cannot be read: {1}")]
    Io(Seq, std::io::Error),
    /// What the disk gives is not what was written.
    #[error("record {0} was changed or damaged since the server was started: {1}")]
    Damaged(Seq, RecordError),
}
