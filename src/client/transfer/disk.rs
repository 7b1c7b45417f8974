//! The disk of this computer, as far as files are sent from it and fetched to it: what is asked of it, and the thread that
//! does so, because a window never waits for a disk.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::outbox::Enclosure;
use crate::proto::attachment::{Attachment, FileId};
use crate::proto::chat::ChatKey;

/// A piece of a file that is being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes.
    pub data: Vec<u8>,
    /// When the file was last changed, in nanoseconds since 1970-01-01 00:00 UTC, where the system says.
    pub modified_nanos: Option<i64>,
}

/// Reads and writes files of this computer. What is wrong is told in a sentence for people that says what to do.
pub trait Disk: std::fmt::Debug + Send {
    /// From now on pictures are kept for that account of that server. What was being fetched is given up.
    fn open(&mut self, server: &str, username: &str);

    /// Looks at a file that is to be sent.
    ///
    /// # Errors
    /// It is a folder, cannot be read or is too large.
    fn measure(&mut self, path: &str) -> Result<Enclosure, String>;

    /// Makes a file of a picture that was pasted, and looks at it.
    ///
    /// # Errors
    /// It is none, or cannot be kept.
    fn paste(&mut self, name: &str, png: &[u8]) -> Result<Enclosure, String>;

    /// A file is not to be sent any more, or was. If it was made by [`Disk::paste`], it goes.
    fn discard(&mut self, path: &str);

    /// Reads a piece of a file that is being sent; as many bytes as are left, and no more than `most`.
    ///
    /// # Errors
    /// It is not there any more, or has another length than the enclosure says. Its time is for the caller to compare.
    fn read(&mut self, enclosure: &Enclosure, offset: u64, most: usize) -> Result<Piece, String>;

    /// Keeps a file that was sent like one that was fetched to be shown.
    fn keep(&mut self, path: &str, attachment: &Attachment);

    /// Where a file is that is kept, and the same with it in that place if one is named. Nothing if it is not kept.
    ///
    /// # Errors
    /// It is kept and cannot be put there.
    fn find(&mut self, attachment: &Attachment, to: Option<&str>) -> Result<Option<String>, String>;

    /// Writes the next piece of a file that is being fetched; the first one begins it. It goes to that place, or is kept
    /// where none is named. Nothing is in its place before [`Disk::finish`].
    ///
    /// # Errors
    /// Those of the file system.
    fn write(&mut self, attachment: &Attachment, to: Option<&str>, offset: u64, data: &[u8]) -> Result<(), String>;

    /// All of a file was written: puts it in its place, where it replaces what is there. Gives the place.
    ///
    /// # Errors
    /// Those of the file system.
    fn finish(&mut self, attachment: &Attachment, to: Option<&str>) -> Result<String, String>;

    /// A file is not fetched any more.
    fn give_up(&mut self, file: FileId);

    /// Nothing that was kept for this account stays.
    fn clear(&mut self);

    /// How much is kept of the files that were shown to this account, in bytes, as of the last call that put or took
    /// anything there.
    fn kept_bytes(&self) -> u64;
}

/// The most jobs that wait for the disk, and reports that wait for the client. Uploads and downloads have a few each;
/// the rest is for files that are attached.
const QUEUE_MAX: usize = 1_024;

/// How long to wait where the server has too much to do, and nothing comes that would show that it has less.
const REST: Duration = Duration::from_millis(500);

/// What the thread is to do. A ticket comes back with the report.
#[derive(Debug)]
pub(super) enum Job {
    Open {
        server: String,
        username: String,
    },
    Measure {
        chat: ChatKey,
        path: String,
    },
    Paste {
        chat: ChatKey,
        name: String,
        png: Vec<u8>,
    },
    Discard(Arc<str>),
    Read {
        ticket: u64,
        enclosure: Enclosure,
        offset: u64,
        most: usize,
    },
    Keep {
        path: Arc<str>,
        attachment: Attachment,
    },
    Find {
        ticket: u64,
        attachment: Attachment,
        to: Option<String>,
    },
    Write {
        ticket: u64,
        attachment: Attachment,
        to: Option<String>,
        offset: u64,
        data: Vec<u8>,
    },
    Finish {
        ticket: u64,
        attachment: Attachment,
        to: Option<String>,
    },
    GiveUp(FileId),
    Clear,
    /// Report after a while.
    Rest,
}

impl Job {
    /// Whether there may be another amount of files afterwards that are kept because they were shown.
    fn keeps(&self) -> bool {
        match self {
            Self::Open { .. } | Self::Keep { .. } | Self::Clear => true,
            Self::Finish { to, .. } => to.is_none(),
            _ => false,
        }
    }
}

/// What has come of it.
#[derive(Debug)]
pub(super) enum Done {
    Measured(ChatKey, Result<Enclosure, String>),
    Read(u64, Result<Piece, String>),
    Found(u64, Result<Option<String>, String>),
    Written(u64, Result<usize, String>),
    Finished(u64, Result<String, String>),
    Rested,
    /// So many bytes are kept of the files that were shown.
    Kept(u64),
}

/// The client's end of the thread. Dropping it waits for what is being done, and leaves the rest.
pub(super) struct Hand {
    jobs: Option<SyncSender<(u64, Job)>>,
    done: Option<Receiver<(u64, Done)>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Hand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hand").finish_non_exhaustive()
    }
}

impl Hand {
    pub fn start(disk: Box<dyn Disk>, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (jobs, asked) = sync_channel(QUEUE_MAX);
        let (tell, done) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new().name("files".into()).spawn(move || run(disk, &asked, &tell, &wake))?;
        Ok(Self { jobs: Some(jobs), done: Some(done), thread: Some(thread) })
    }

    /// Hands a job on; false while too many wait.
    pub fn ask(&self, epoch: u64, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.try_send((epoch, job)).is_ok())
    }

    /// The next report, and the epoch of its job.
    pub fn next(&self) -> Option<(u64, Done)> {
        self.done.as_ref()?.try_recv().ok()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        // A thread that waits for its reports to be taken in does not wait any more.
        self.done = None;
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    mut disk: Box<dyn Disk>,
    asked: &Receiver<(u64, Job)>,
    tell: &SyncSender<(u64, Done)>,
    wake: &(impl Fn() + Send + 'static),
) {
    let mut rest: Option<(u64, Instant)> = None;
    loop {
        let next = match rest {
            None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some((_, due)) => asked.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        let report = match next {
            Ok((epoch, Job::Rest)) => {
                rest = Some((epoch, Instant::now() + REST));
                None
            }
            Ok((epoch, job)) => {
                let keeps = job.keeps();
                let done = act(disk.as_mut(), job);
                Some((epoch, done, keeps.then(|| Done::Kept(disk.kept_bytes()))))
            }
            Err(RecvTimeoutError::Timeout) => rest.take().map(|(epoch, _)| (epoch, Some(Done::Rested), None)),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let Some((epoch, done, kept)) = report else { continue };
        for done in done.into_iter().chain(kept) {
            if tell.send((epoch, done)).is_err() {
                return;
            }
            wake();
        }
    }
}

fn act(disk: &mut dyn Disk, job: Job) -> Option<Done> {
    Some(match job {
        Job::Measure { chat, path } => Done::Measured(chat, disk.measure(&path)),
        Job::Paste { chat, name, png } => Done::Measured(chat, disk.paste(&name, &png)),
        Job::Read { ticket, enclosure, offset, most } => Done::Read(ticket, disk.read(&enclosure, offset, most)),
        Job::Find { ticket, attachment, to } => Done::Found(ticket, disk.find(&attachment, to.as_deref())),
        Job::Write { ticket, attachment, to, offset, data } => {
            let written = disk.write(&attachment, to.as_deref(), offset, &data);
            Done::Written(ticket, written.map(|()| data.len()))
        }
        Job::Finish { ticket, attachment, to } => Done::Finished(ticket, disk.finish(&attachment, to.as_deref())),
        Job::Open { server, username } => return act_silently(|| disk.open(&server, &username)),
        Job::Discard(path) => return act_silently(|| disk.discard(&path)),
        Job::Keep { path, attachment } => return act_silently(|| disk.keep(&path, &attachment)),
        Job::GiveUp(file) => return act_silently(|| disk.give_up(file)),
        Job::Clear => return act_silently(|| disk.clear()),
        // Done by whoever waits.
        Job::Rest => return None,
    })
}

/// Something of which nobody is told.
fn act_silently(act: impl FnOnce()) -> Option<Done> {
    act();
    None
}
