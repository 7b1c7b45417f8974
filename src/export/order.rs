//! What a window asks of what surrounds it, for it knows no disk and no dialog of the system; and how it is answered.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

use jiff::tz::TimeZone;

use super::{Export, Format};

/// Something to be done outside of the window. Whoever does it answers once, and has the window drawn again; where nobody
/// can, the sender is dropped.
#[derive(Debug)]
pub enum Order {
    /// Ask where a file is to be, with the system's dialog. Nothing when that was cancelled.
    AskPlace {
        /// The name that is offered.
        name: String,
        /// What kind of file.
        format: Format,
        /// For the answer.
        tell: SyncSender<Option<PathBuf>>,
    },
    /// Write a file, whole or not at all. What went wrong is said in a sentence or two.
    Write {
        /// Where.
        path: PathBuf,
        /// In which form.
        format: Format,
        /// What.
        export: Export,
        /// The time zone of the times in it.
        zone: TimeZone,
        /// How far it is, and whether it is still wanted.
        progress: Arc<Progress>,
        /// For the answer.
        tell: SyncSender<Result<(), String>>,
    },
    /// Ask for an exported file with the system's dialog, and read it. Nothing when that was cancelled.
    Open {
        /// For the answer.
        tell: SyncSender<Option<Result<Export, String>>>,
    },
}

/// How far a file is that is being written.
#[derive(Debug, Default)]
pub struct Progress {
    written: AtomicUsize,
    stopped: AtomicBool,
}

impl Progress {
    /// How many messages are written.
    pub fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// So many are. Returns whether the file is still wanted.
    pub fn note(&self, written: usize) -> bool {
        self.written.store(written, Ordering::Relaxed);
        !self.stopped.load(Ordering::Relaxed)
    }

    /// It is not wanted any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// The side of the one who waits: nobody does when this is dropped, and what is unfinished is taken away.
#[derive(Debug, Default)]
pub struct Running(pub Arc<Progress>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}
