//! A log in memory: for tests, and to measure what a disk costs. It lasts as long as the process.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use super::{AppendError, Log, LogReader, ReadError};
use crate::proto::ids::Seq;

/// The records.
#[derive(Debug, Default)]
pub struct MemoryLog {
    records: Arc<RwLock<Vec<Bytes>>>,
}

#[derive(Debug)]
struct Reader(Arc<RwLock<Vec<Bytes>>>);

impl Log for MemoryLog {
    fn id(&self) -> &str {
        "memory"
    }

    fn last(&self) -> Seq {
        Seq(self.records.read().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }

    fn append(&mut self, records: &[Bytes]) -> Result<(), AppendError> {
        self.records.write().unwrap_or_else(PoisonError::into_inner).extend_from_slice(records);
        Ok(())
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        Arc::new(Reader(Arc::clone(&self.records)))
    }
}

impl LogReader for Reader {
    fn read(&self, seq: Seq) -> Result<Bytes, ReadError> {
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let at = seq.0.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| records.get(at)).cloned().ok_or(ReadError::NoSuch(seq))
    }
}
