//! A disk that loses what was not synced. What is read is what was written; what lasts is what was synced, and of the
//! rest whatever the seed says: a write is kept, dropped, cut short at any byte, or without its beginning, or its bytes
//! become zeros.
//!
//! A process that is killed leaves its writes to the system; a power cut takes them. After a failed sync the system
//! shows what was written and does not write it again: a later sync that succeeds says nothing about it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use parlor::log::storage::Storage;

use super::random::Random;

/// The disk; what outlives the processes that use it.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Inner>>);

struct Inner {
    random: Random,
    /// What a power cut leaves, if it takes all that was not synced.
    durable: Vec<u8>,
    /// What is read.
    seen: Vec<u8>,
    unsynced: Vec<Op>,
    /// The process that may use it; one that was killed does nothing any more.
    process: u64,
    /// The process dies at this operation.
    fuse: Option<usize>,
    /// The longest that the file may become, while the disk is full.
    room: Option<u64>,
    /// How many syncs fail, in a thousand.
    failing: u64,
    /// How many reads fail, in a thousand.
    unreadable: u64,
    /// A sync is reported and not done.
    lies: bool,
}

#[derive(Clone)]
enum Op {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

fn apply(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(at, new) => {
            bytes.resize(bytes.len().max(at + new.len()), 0);
            bytes[*at..at + new.len()].copy_from_slice(new);
        }
        Op::SetLen(len) => bytes.resize(*len, 0),
    }
}

/// The disk as one process has it.
pub struct Mounted {
    disk: Disk,
    process: u64,
}

impl Disk {
    pub fn new(random: Random) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            random,
            durable: Vec::new(),
            seen: Vec::new(),
            unsynced: Vec::new(),
            process: 0,
            fuse: None,
            room: None,
            failing: 0,
            unreadable: 0,
            lies: false,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// For a new process.
    pub fn mount(&self) -> Arc<Mounted> {
        Arc::new(Mounted { disk: self.clone(), process: self.inner().process })
    }

    /// The process that uses it dies after so many operations more.
    pub fn light_fuse(&self, operations: Option<usize>) {
        self.inner().fuse = operations;
    }

    /// Whether the process died in an operation.
    pub fn burnt(&self) -> bool {
        self.inner().fuse == Some(0)
    }

    pub fn set_failing(&self, per_mille: u64) {
        self.inner().failing = per_mille;
    }

    /// From now on a sync is reported and not done.
    pub fn set_lying(&self, lies: bool) {
        self.inner().lies = lies;
    }

    pub fn set_unreadable(&self, per_mille: u64) {
        self.inner().unreadable = per_mille;
    }

    /// No room for more than `more` bytes; or room for everything.
    pub fn set_full(&self, more: Option<u64>) {
        let mut inner = self.inner();
        inner.room = more.map(|more| inner.seen.len() as u64 + more);
    }

    /// The process is gone. Its writes are still with the system.
    pub fn kill(&self) {
        let mut inner = self.inner();
        inner.process += 1;
        inner.fuse = None;
    }

    /// The process is gone, and so is what the system had not written.
    pub fn cut_power(&self) {
        self.kill();
        let mut inner = self.inner();
        for op in std::mem::take(&mut inner.unsynced) {
            inner.suffer(op);
        }
        inner.seen = inner.durable.clone();
    }

    /// What lasts.
    pub fn durable<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.inner().durable)
    }
}

impl Inner {
    /// A write meets its fate. What was there before, and is written again as it was, stays as it was.
    fn suffer(&mut self, op: Op) {
        let op = match (self.random.below(9), op) {
            (0 | 1, _) => return,
            (2 | 3, Op::Write(at, mut new)) => {
                new.truncate(self.random.below(new.len() + 1));
                Op::Write(at, new)
            }
            (fate @ (4 | 5), Op::Write(at, mut new)) => {
                let middle = self.random.below(new.len() + 1);
                let zeros = if fate == 4 { middle..new.len() } else { 0..middle };
                for index in
                    zeros.filter(|index| self.durable.get(at + index) != Some(&new[*index])).collect::<Vec<_>>()
                {
                    new[index] = 0;
                }
                Op::Write(at, new)
            }
            (6, Op::Write(at, mut new)) => {
                for (index, byte) in new.iter_mut().enumerate().take(self.random.below(8)) {
                    *byte = self.durable.get(at + index).copied().unwrap_or_default();
                }
                Op::Write(at, new)
            }
            (_, op) => op,
        };
        apply(&mut self.durable, &op);
    }

    fn perform(&mut self, op: Op) {
        apply(&mut self.seen, &op);
        self.unsynced.push(op);
    }
}

impl Mounted {
    /// Does something with the disk, if the process lives; the last operation of one that dies is done in part.
    fn with<T>(&self, act: impl FnOnce(&mut Inner, bool) -> io::Result<T>) -> io::Result<T> {
        let mut inner = self.disk.inner();
        let killed = || io::Error::other("the process was killed");
        if inner.process != self.process || inner.fuse == Some(0) {
            return Err(killed());
        }
        let dies = match &mut inner.fuse {
            Some(left) => {
                *left -= 1;
                *left == 0
            }
            None => false,
        };
        let done = act(&mut inner, dies);
        if dies { Err(killed()) } else { done }
    }
}

impl Storage for Mounted {
    fn len(&self) -> io::Result<u64> {
        self.with(|inner, _| Ok(inner.seen.len() as u64))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut inner = self.disk.inner();
        let unreadable = inner.unreadable;
        if inner.random.chance(unreadable) {
            return Err(io::Error::other("injected"));
        }
        // Reading leaves nothing to be torn: the process dies at what it writes.
        let at = usize::try_from(offset).unwrap();
        match inner.seen.get(at..at + buffer.len()) {
            Some(bytes) => buffer.copy_from_slice(bytes),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(|inner, dies| {
            let at = usize::try_from(offset).unwrap();
            // What is overwritten has its room.
            let end = inner.room.map_or(u64::MAX, |room| room.max(inner.seen.len() as u64));
            let fits = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
            let part = if dies { inner.random.below(fits + 1) } else { fits };
            if part > 0 {
                inner.perform(Op::Write(at, bytes[..part].to_vec()));
            }
            if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|inner, dies| {
            let failing = inner.failing;
            if inner.lies {
                return Ok(());
            }
            let fails = inner.random.chance(failing);
            for op in std::mem::take(&mut inner.unsynced) {
                match fails || dies {
                    // Gone or not: the system will not try again, and goes on showing it.
                    true => inner.suffer(op),
                    false => apply(&mut inner.durable, &op),
                }
            }
            if fails { Err(io::Error::other("injected")) } else { Ok(()) }
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|inner, dies| {
            if !dies {
                inner.perform(Op::SetLen(usize::try_from(len).unwrap()));
            }
            Ok(())
        })
    }

    fn keep_aside(&self, suffix: &str, bytes: &[u8]) -> io::Result<String> {
        self.with(|inner, _| {
            if inner.room.is_some() && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(format!("history.json{suffix}"))
        })
    }
}
