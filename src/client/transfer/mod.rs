//! Files that go to the server and come from it, and those that are put with what is being written.
//!
//! What happens next is decided in [`upload`] and [`download`], which know neither disk nor socket; here it is carried out.
//! The disk has a thread of its own: see [`disk`].

mod disk;
mod download;
#[cfg(test)]
mod tests;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use self::disk::{Disk, Piece};
use self::disk::{Done, Hand, Job};
use self::download::Downloads;
use self::upload::Uploads;
use super::Client;
use super::model::{ATTACHED_MAX, Download, DownloadProgress, Phase};
use super::outbox::{Enclosure, What};
use crate::names;
use crate::proto::attachment::{Attachment, FileCall, FileId};
use crate::proto::chat::ChatKey;
use crate::proto::event::{Code, Event, Problem};
use crate::proto::frame;
use crate::proto::ids::RequestId;
use crate::proto::outgoing::FileRequest;

/// Why nothing can be done with files where a client was given no disk.
const NO_DISK: &str = "Files cannot be read or kept here: use the window of Parlor on a computer.";

/// The most reasons that are told at once of files that are not attached.
const PROBLEMS_MAX: usize = 3;

/// How often a server may have too much to do before it is given up, with half a second in between: half a minute.
const RESTS_MAX: u32 = 60;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    hand: Option<Hand>,
    /// Reports for somebody who was signed in before are nobody's.
    epoch: u64,
    /// The last number of a request or of a job.
    last: u64,
    uploads: Uploads,
    downloads: Downloads,
    /// How many files are looked at, to be put with what is written in a chat.
    measuring: BTreeMap<ChatKey, usize>,
    /// How many reasons are told of those that could not be.
    problems: usize,
    /// The files of this computer that are to be sent.
    held: BTreeSet<Arc<str>>,
}

/// What is to be sent and done.
struct Out<'a> {
    frames: Vec<u8>,
    jobs: Vec<Job>,
    last: &'a mut u64,
}

impl Out<'_> {
    /// A number that no other request and no other job has.
    fn number(&mut self) -> u64 {
        *self.last += 1;
        *self.last
    }

    fn ask(&mut self, call: FileCall) -> RequestId {
        let id = self.number();
        frame::encode_value(&mut self.frames, &FileRequest { id, call: &call });
        id
    }
}

impl Client {
    /// Has files read and written there from now on.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn set_disk(&mut self, disk: Box<dyn Disk>) -> std::io::Result<()> {
        self.transfers.hand = Some(Hand::start(disk, self.handle.waker())?);
        Ok(())
    }

    /// Somebody begins to be signed in, or is not any more: what was under way was another one's.
    pub(super) fn begin_files(&mut self) {
        let Transfers { hand, epoch, last, .. } = std::mem::take(&mut self.transfers);
        self.transfers = Transfers { hand, epoch: epoch + 1, last, ..Transfers::default() };
        let (server, username) = (self.account.0.clone(), names::key(&self.account.1));
        self.job(Job::Open { server, username });
    }

    /// Nothing that was fetched to be seen stays on this computer.
    pub(super) fn clear_files(&mut self) {
        self.with_files(|transfers, model, out| transfers.downloads.clear(&mut model.downloads, out));
    }

    /// The connection is another one: what was asked on the last one is asked again.
    pub(super) fn cut_files(&mut self) {
        self.transfers.uploads.cut();
        self.transfers.downloads.cut();
    }

    /// Takes in what the server says of the bytes of files; what else it says is given back.
    pub(super) fn about_files<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Uploaded(Some(id), answer) => {
                let landed = self
                    .with_files(|transfers, model, out| transfers.uploads.answered(id, answer, &mut model.outbox, out));
                landed.into_iter().for_each(|n| self.file_is_there(n));
            }
            Event::Fetched(Some(id), answer) => self.with_files(|transfers, model, out| {
                transfers.downloads.answered(id, answer, &mut model.downloads, out);
            }),
            Event::Uploaded(None, _) | Event::Fetched(None, _) => {}
            other => return Some(other),
        }
        None
    }

    /// The file of a message is on the server: now the message can go out.
    fn file_is_there(&mut self, n: u64) {
        let Some(n) = self.model.outbox.renumber(n) else { return };
        let Some(entry) = self.model.outbox.entries().find(|entry| entry.n == n) else { return };
        let mut frames = Vec::new();
        entry.encode(self.model.outbox.device(), &mut frames);
        let sent = match &entry.what {
            What::Say { enclosure: Some(enclosure), .. } => Some(enclosure.clone()),
            _ => None,
        };
        self.send(frames);
        // Its sender sees it, too, and need not fetch it for that.
        if let Some(Enclosure { path, .. }) = &sent
            && let Some(attachment) = sent.as_ref().and_then(Enclosure::attachment).filter(|it| it.image.is_some())
        {
            self.job(Job::Keep { path: Arc::clone(path), attachment });
        }
    }

    /// Takes in what the disk has done. True if anything was.
    pub(super) fn take_files(&mut self) -> bool {
        let mut changed = false;
        while let Some((epoch, done)) = self.transfers.hand.as_ref().and_then(Hand::next) {
            if epoch != self.transfers.epoch {
                continue;
            }
            changed = true;
            if let Done::Measured(chat, measured) = done {
                self.measured(chat, measured);
                continue;
            }
            if let Done::Kept(bytes) = done {
                if let Some(info) = &mut self.model.cache {
                    info.shown_bytes = Some(bytes);
                }
                continue;
            }
            self.with_files(|transfers, model, out| {
                let (uploads, downloads) = (&mut transfers.uploads, &mut transfers.downloads);
                let shown = &mut model.downloads;
                match done {
                    Done::Measured(..) | Done::Kept(_) => {}
                    Done::Read(ticket, piece) => uploads.read(ticket, piece, &mut model.outbox, out),
                    Done::Found(ticket, found) => downloads.found(ticket, found, shown, out),
                    Done::Written(ticket, written) => downloads.written(ticket, written, shown, out),
                    Done::Finished(ticket, place) => downloads.finished(ticket, place, shown, out),
                    Done::Rested => {
                        uploads.rested();
                        downloads.rested();
                    }
                }
            });
        }
        changed
    }

    /// Begins what can be begun, and lets go of files that nothing is to be sent of any more.
    pub(super) fn move_files(&mut self) {
        if self.model.phase != Phase::SignedIn {
            self.transfers.held.clear();
            self.transfers.uploads.cut();
            self.transfers.downloads.forget();
            return;
        }
        self.let_go();
        if !self.linked {
            return;
        }
        if self.transfers.hand.is_none() {
            return self.fail_uploads();
        }
        self.with_files(|transfers, model, out| {
            transfers.uploads.go(&model.outbox, out);
            transfers.downloads.go(out);
        });
    }

    /// Without a disk no file can be sent.
    fn fail_uploads(&mut self) {
        let outbox = &mut self.model.outbox;
        let waiting: Vec<_> = upload::waiting(outbox).map(|entry| entry.n).collect();
        waiting.into_iter().for_each(|n| outbox.fail(n, Problem::new(Code::Other, NO_DISK)));
    }

    /// Pictures that were pasted are files that nobody else knows of: they go when they were sent or thrown away.
    fn let_go(&mut self) {
        let drafts = self.model.drafts.values().flat_map(|draft| &draft.attachments);
        let written = self.model.outbox.entries().filter_map(|entry| match &entry.what {
            What::Say { enclosure, .. } => enclosure.as_ref(),
            What::Edit(_) | What::Delete(_) => None,
        });
        let now: BTreeSet<_> = drafts.chain(written).map(|enclosure| Arc::clone(&enclosure.path)).collect();
        let before = std::mem::replace(&mut self.transfers.held, now);
        let gone: Vec<_> = before.difference(&self.transfers.held).cloned().collect();
        gone.into_iter().for_each(|path| self.job(Job::Discard(path)));
    }

    /// Files are to be put with what is being written.
    pub(super) fn attach(&mut self, chat: ChatKey, paths: Vec<String>) {
        (self.model.attach_problem, self.transfers.problems) = (None, 0);
        for path in paths {
            if !self.measure_next(chat, Job::Measure { chat, path }) {
                break;
            }
        }
    }

    /// The same with a picture that was pasted.
    pub(super) fn attach_image(&mut self, chat: ChatKey, name: String, png: Vec<u8>) {
        (self.model.attach_problem, self.transfers.problems) = (None, 0);
        self.measure_next(chat, Job::Paste { chat, name, png });
    }

    /// Has a file looked at; false if it is not, and neither is the next one to be.
    fn measure_next(&mut self, chat: ChatKey, job: Job) -> bool {
        if self.model.phase != Phase::SignedIn {
            return false;
        }
        let attached = self.model.drafts.get(&chat).map_or(0, |draft| draft.attachments.len());
        let measuring = self.transfers.measuring.get(&chat).copied().unwrap_or_default();
        if attached + measuring >= ATTACHED_MAX {
            self.not_attached(&format!(
                "{ATTACHED_MAX} files can be sent at a time: send these first, and then the rest."
            ));
            return false;
        }
        let epoch = self.transfers.epoch;
        match &self.transfers.hand {
            None => self.not_attached(NO_DISK),
            Some(hand) if !hand.ask(epoch, job) => self.not_attached("Too much is being read at once: try again."),
            Some(_) => {
                *self.transfers.measuring.entry(chat).or_default() += 1;
                return true;
            }
        }
        false
    }

    fn measured(&mut self, chat: ChatKey, measured: Result<Enclosure, String>) {
        if let Some(count) = self.transfers.measuring.get_mut(&chat) {
            *count -= 1;
            if *count == 0 {
                self.transfers.measuring.remove(&chat);
            }
        }
        match measured {
            Ok(enclosure) => {
                let mut draft = self.model.drafts.get(&chat).cloned().unwrap_or_default();
                if draft.attachments.iter().all(|it| it.path != enclosure.path) {
                    draft.attachments.push(enclosure);
                    self.draft(chat, draft);
                }
            }
            Err(why) => self.not_attached(&why),
        }
    }

    fn not_attached(&mut self, why: &str) {
        self.transfers.problems += 1;
        match &mut self.model.attach_problem {
            None => self.model.attach_problem = Some(why.into()),
            Some(told) if self.transfers.problems <= PROBLEMS_MAX && !told.contains(why) => {
                told.push(' ');
                told.push_str(why);
            }
            Some(_) => {}
        }
    }

    /// A file is wanted.
    pub(super) fn download(&mut self, attachment: Attachment, to: Option<String>) {
        if self.model.phase != Phase::SignedIn {
            return;
        }
        if self.transfers.hand.is_none() {
            let (file, size) = (attachment.file, attachment.size);
            let progress = DownloadProgress::Failed(NO_DISK.into());
            self.model.downloads.insert(file, Download { received: 0, size, progress });
            return;
        }
        self.with_files(|transfers, model, out| transfers.downloads.want(attachment, to, &mut model.downloads, out));
    }

    /// A file is not wanted any more.
    pub(super) fn cancel_download(&mut self, file: FileId) {
        self.with_files(|transfers, model, out| transfers.downloads.cancel(file, &mut model.downloads, out));
    }

    /// A message whose file is on its way, or could not be sent, is not to be sent.
    pub(super) fn cancel_upload(&mut self, n: u64) {
        let is_meant = upload::waiting(&self.model.outbox).any(|entry| entry.n == n);
        if is_meant {
            self.discard(n);
        }
    }

    /// Takes a message out of the outbox that is not to be sent, and its file from the server.
    pub(super) fn discard(&mut self, n: u64) {
        let Some(entry) = self.model.outbox.remove(n) else { return };
        self.with_files(|transfers, _, out| transfers.uploads.cancel(&entry, out));
    }

    /// Decides, and has what was decided sent and done.
    fn with_files<T>(&mut self, decide: impl FnOnce(&mut Transfers, &mut super::Model, &mut Out<'_>) -> T) -> T {
        let mut last = self.transfers.last;
        let mut out = Out { frames: Vec::new(), jobs: Vec::new(), last: &mut last };
        let decided = decide(&mut self.transfers, &mut self.model, &mut out);
        let Out { frames, jobs, .. } = out;
        self.transfers.last = last;
        jobs.into_iter().for_each(|job| self.job(job));
        if !frames.is_empty() {
            self.send(frames);
        }
        decided
    }

    /// Hands a job to the disk. Uploads and downloads have a few each, for which there is always room.
    fn job(&mut self, job: Job) {
        let epoch = self.transfers.epoch;
        if let Some(hand) = &self.transfers.hand
            && !hand.ask(epoch, job)
        {
            tracing::warn!("the disk of this computer does not keep up with the files that are moved");
        }
    }
}
