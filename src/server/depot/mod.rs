//! The bytes of the files that messages carry: a folder in the data folder, and a thread that writes in it. Reading is
//! done elsewhere, so that nobody who looks at a picture waits for somebody else's film to be on disk.
//!
//! A file is called by its number alone, `<32 hexadecimal digits>`, and `<number>.part` until it is whole: synced first,
//! then given its name. An empty file `<number>.<account>.<length>` beside it is a note that it was brought and that no
//! message carries it yet; it goes when one does. So whose an upload is outlives the server, and what has no note and is
//! not spoken of in the log is never touched.

mod disk;
mod stock;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use self::disk::{Disk, DiskFolder};
pub use self::stock::{Mentioned, Stock, Tally, look, tally};
use crate::clock;
use crate::config::{DISK_RESERVE_BYTES, FILE_ORDERS_MAX, FILE_SYNC_EVERY_BYTES};
use crate::core::engine::Input;
use crate::core::files::{FileDone, FileErrand, FileOrder, Unwritten, piece_frame, unknown_file};
use crate::files;
use crate::log::storage::{DiskFile, Storage as _};
use crate::proto::attachment::{Chunk, Fetched, FileId};
use crate::proto::event::{Code, Problem};
use crate::proto::ids::UserId;
use crate::proto::limits::FILE_CHUNK_MAX_BYTES;

/// The folder within that of the data.
pub const FOLDER: &str = "attachments";

/// What a file is called while it comes.
fn part(file: FileId) -> String {
    format!("{file}.part")
}

/// What says whose a file is and how long it is to be.
fn note(file: FileId, by: UserId, size: u64) -> String {
    format!("{file}.{}.{size}", by.0)
}

/// The thread's queue. Dropping it waits until all orders are carried out: the folder must not be let go before.
#[derive(Debug)]
pub struct Depot {
    orders: Option<Sender<FileOrder>>,
    /// Orders that somebody waits for and that are not carried out.
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
    folder: Arc<Path>,
    report: mpsc::Sender<Input>,
}

impl Drop for Depot {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Depot {
    /// Starts the thread over the folder in that data folder, with the notes that are in it. It reports to `report`:
    /// [`Input::FileDone`].
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(
        data_dir: &Path,
        notes: BTreeMap<FileId, (UserId, u64)>,
        report: mpsc::Sender<Input>,
    ) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut desk = Desk { disk: DiskFolder::new(folder.clone()), notes };
        let (orders, ordered) = channel();
        let (counted, done) = (Arc::clone(&waiting), report.clone());
        let run = move || desk.run(&ordered, &counted, &done);
        let thread = std::thread::Builder::new().name("depot".into()).spawn(run)?;
        Ok(Self { orders: Some(orders), waiting, thread: Some(thread), folder: folder.into(), report })
    }

    /// Has an order carried out; where too many wait, the answer to it.
    ///
    /// # Errors
    /// That answer.
    pub fn submit(&self, order: FileOrder) -> Result<(), Box<Input>> {
        if let FileOrder::Read { errand, file, offset, size } = order {
            let (folder, report) = (Arc::clone(&self.folder), self.report.clone());
            tokio::task::spawn_blocking(move || {
                let done = FileDone::Read(file, read(&folder, errand, file, offset, size));
                let _ = report.blocking_send(Input::FileDone(errand, done));
            });
            return Ok(());
        }
        let Some(orders) = &self.orders else { return Ok(()) };
        if is_awaited(&order) && self.waiting.fetch_add(1, Ordering::Relaxed) >= FILE_ORDERS_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let text = "Too many files are being brought at once. Try again in a moment.";
            let refused = order.refused(Problem::new(Code::Busy, text));
            return refused.map_or(Ok(()), |(errand, done)| Err(Box::new(Input::FileDone(errand, done))));
        }
        // The thread ends after its handle.
        let _ = orders.send(order);
        Ok(())
    }
}

/// Whether somebody waits for an answer. The others are as few as the messages that they are about.
fn is_awaited(order: &FileOrder) -> bool {
    !matches!(order, FileOrder::Keep(_) | FileOrder::Remove(_))
}

/// Who does the writing, and what is known of what no message carries.
struct Desk<D> {
    disk: D,
    notes: BTreeMap<FileId, (UserId, u64)>,
}

impl<D: Disk> Desk<D> {
    fn run(&mut self, ordered: &Receiver<FileOrder>, waiting: &AtomicUsize, done: &mpsc::Sender<Input>) {
        while let Ok(order) = ordered.recv() {
            let awaited = is_awaited(&order);
            let report = self.carry_out(order);
            if awaited {
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
            if let Some((errand, report)) = report {
                // The server may be ending; what was ordered before is carried out.
                let _ = done.blocking_send(Input::FileDone(errand, report));
            }
        }
    }

    fn carry_out(&mut self, order: FileOrder) -> Option<(FileErrand, FileDone)> {
        match order {
            FileOrder::Begin(errand, size) => Some((errand, FileDone::Begun(size, self.begin(errand.user, size)))),
            FileOrder::Write { errand, file, offset, size, data } => {
                Some((errand, FileDone::Written(file, self.write(file, offset, size, &data.0))))
            }
            FileOrder::Settle(errand, file) => Some((errand, FileDone::Settled(file))),
            FileOrder::Keep(file) => {
                self.take_note_away(file);
                None
            }
            FileOrder::Remove(file) => {
                self.remove(file);
                None
            }
            FileOrder::Read { .. } => None,
        }
    }

    fn begin(&mut self, by: UserId, size: u64) -> Result<FileId, Problem> {
        let random = || clock::secret_u64().map(u128::from);
        let file = random().and_then(|high| Ok(FileId(high << 64 | random()?))).map_err(|_| {
            Problem::new(Code::Busy, "The server's system gives no random numbers now. Try again in a while.")
        })?;
        let begun = self.room_for(size).and_then(|()| {
            self.notes.insert(file, (by, size));
            self.disk.make(&note(file, by, size))?;
            self.disk.make(&part(file))?;
            if size == 0 { self.finish(file, 0) } else { Ok(()) }
        });
        begun.map_err(|error| {
            self.remove(file);
            problem(&error)
        })?;
        Ok(file)
    }

    /// Whether so much can come without taking the room that messages need.
    fn room_for(&self, bytes: u64) -> io::Result<()> {
        let enough = self.disk.free()? >= bytes.saturating_add(DISK_RESERVE_BYTES);
        if enough { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    /// Writes a piece behind what is there. The last piece is answered when all of it lasts.
    fn write(&mut self, file: FileId, offset: u64, size: u64, data: &[u8]) -> Result<u64, Unwritten> {
        let end = offset + data.len() as u64;
        if let Ok(len) = self.disk.len(&part(file))
            && len < offset
        {
            let text = format!("The piece before this one was not written: the next one begins at {len}.");
            return Err(Unwritten { problem: Problem::new(Code::BadOffset, text), lost: false });
        }
        let written = self.room_for(data.len() as u64).and_then(|()| self.put(file, offset, data));
        if let Err(error) = written {
            let lost = !is_full(&error) || self.disk.cut(&part(file), offset).is_err();
            if lost {
                self.remove(file);
            }
            return Err(Unwritten { problem: problem(&error), lost });
        }
        if end == size
            && let Err(error) = self.finish(file, size)
        {
            // After a failed sync nobody knows what the disk holds.
            self.remove(file);
            return Err(Unwritten { problem: problem(&error), lost: true });
        }
        Ok(end)
    }

    /// Writes a piece, and syncs all before each multiple of [`FILE_SYNC_EVERY_BYTES`] before anything behind it is
    /// written: what a start finds up to the last of them lasts, whatever happened to the rest.
    fn put(&self, file: FileId, offset: u64, data: &[u8]) -> io::Result<()> {
        let part = part(file);
        let until = FILE_SYNC_EVERY_BYTES - offset % FILE_SYNC_EVERY_BYTES;
        let until = usize::try_from(until).map_or(data.len(), |until| until.min(data.len()));
        let (before, behind) = data.split_at(until);
        // At a multiple itself, what is before it was written by the piece before.
        if offset > 0 && offset.is_multiple_of(FILE_SYNC_EVERY_BYTES) {
            self.disk.sync(&part)?;
        }
        self.disk.write_at(&part, offset, before)?;
        if behind.is_empty() {
            return Ok(());
        }
        self.disk.sync(&part)?;
        self.disk.write_at(&part, offset + before.len() as u64, behind)
    }

    /// The file is whole: makes that last, and gives it its name.
    fn finish(&self, file: FileId, size: u64) -> io::Result<()> {
        let part = part(file);
        if self.disk.len(&part)? != size {
            return Err(io::Error::other("it was changed by somebody else while it came"));
        }
        self.disk.sync(&part)?;
        self.disk.rename(&part, &file.to_string())?;
        self.disk.sync_folder()
    }

    fn take_note_away(&mut self, file: FileId) {
        if let Some((by, size)) = self.notes.remove(&file) {
            self.unlink(&note(file, by, size));
        }
    }

    /// Takes a file away, however far it has come. What cannot be taken away now is found at the next start.
    fn remove(&mut self, file: FileId) {
        self.unlink(&part(file));
        self.unlink(&file.to_string());
        self.take_note_away(file);
    }

    fn unlink(&self, name: &str) {
        match self.disk.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("{FOLDER}/{name} cannot be taken away: {error}");
            }
            _ => {}
        }
    }
}

/// Reads a piece of a file, and makes the answer of it.
fn read(folder: &Path, errand: FileErrand, file: FileId, offset: u64, size: u64) -> Result<bytes::Bytes, Problem> {
    let path: PathBuf = folder.join(file.to_string());
    let most = size.saturating_sub(offset).min(FILE_CHUNK_MAX_BYTES as u64);
    let mut data = vec![0; usize::try_from(most).unwrap_or(FILE_CHUNK_MAX_BYTES)];
    let piece = DiskFile::open_read_only(&path).and_then(|open| open.read_at(offset, &mut data));
    match piece {
        Ok(()) => Ok(piece_frame(errand.id, &Fetched { file, offset, size, data: Chunk(data) })),
        // That it is missing was said at the start.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(unknown_file()),
        Err(error) => {
            tracing::error!("{FOLDER}/{file}: {error}");
            let text = "The server cannot read this file. Whoever hosts it finds the reason in its log.";
            Err(Problem::new(Code::StorageFailed, text))
        }
    }
}

/// Whether that is for want of room, in all the ways that systems say it.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// What whoever sends is told. What has to do with the server's disk is for its log.
fn problem(error: &io::Error) -> Problem {
    if is_full(error) {
        let text = "The server's disk has no room for this file. Tell whoever runs the server, and try again.";
        return Problem::new(Code::StorageFull, text);
    }
    tracing::error!("{FOLDER}: a file that was being brought is lost: {error}");
    let text = "The server cannot keep this file. Send it again; whoever hosts the server finds the reason in its log.";
    Problem::new(Code::StorageFailed, text)
}

/// Makes the folder, for its owner alone.
///
/// # Errors
/// [`files::Misplaced`], and those of the file system.
pub fn make_folder(data_dir: &Path) -> io::Result<()> {
    files::own_folder(&data_dir.join(FOLDER))
}

#[cfg(test)]
mod tests;
