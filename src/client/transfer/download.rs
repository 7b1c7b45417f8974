//! Files on their way from the server: what is asked for next, and what becomes of each piece. Knows no disk and no
//! socket.
//!
//! A few pieces are asked for at once, and written one after the other. What is not on the disk yet counts, so that a slow
//! disk does not fill the memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::disk::Job;
use super::{Out, RESTS_MAX};
use crate::client::model::{Download, DownloadProgress};
use crate::proto::attachment::{Attachment, Fetched, FileCall, FileId};
use crate::proto::event::{Code, Problem};
use crate::proto::ids::RequestId;
use crate::proto::limits::FILE_CHUNK_MAX_BYTES;

/// The most pieces that are asked for and have not come. They are half of the large answers that a server keeps ready for
/// a session: pages of history fit beside them.
const ASKED_MAX: usize = 4;

/// The most pieces that are asked for and not on the disk: a megabyte. Beyond them a disk is slower than the network.
const PIECES_MAX: usize = 12;

/// The most files that wait to be fetched: more than anybody looks at.
const WAITING_MAX: usize = 200;

/// The most files that were fetched, or were not, of which a window knows. The oldest are forgotten.
const ENDED_MAX: usize = 500;

/// The most other places that wait for a file which is on its way.
const PLACES_MAX: usize = 8;

/// How each stands, for views.
pub(super) type Shown = BTreeMap<FileId, Download>;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    running: Vec<Fetching>,
    /// The server has too much to do: nothing is asked before something comes, or a while is over.
    held: bool,
    /// Those that are done or have failed, oldest first, and whether they were only to be seen.
    ended: VecDeque<(FileId, bool)>,
}

#[derive(Debug)]
struct Fetching {
    ticket: u64,
    attachment: Attachment,
    to: Option<String>,
    /// Where else it is to be put.
    then: Vec<String>,
    step: Step,
    /// Everything before was asked for.
    asked: u64,
    /// Pieces before that which are to be asked for again.
    again: BTreeSet<u64>,
    flying: BTreeMap<RequestId, u64>,
    /// Pieces behind one that has not come yet.
    early: BTreeMap<u64, Vec<u8>>,
    /// Everything before was handed to the disk, in so many pieces that are not written yet.
    handed: u64,
    writing: usize,
    written: u64,
    /// How often the server had too much to do, without giving anything in between.
    rests: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It may be on this computer already.
    Looking,
    /// It comes.
    Coming,
    /// All of it is written, and put in its place.
    Ending,
}

impl Downloads {
    /// The connection is lost: what was asked on it is not answered.
    pub fn cut(&mut self) {
        self.rested();
        for it in &mut self.running {
            it.flying.clear();
            it.early.clear();
            it.again.clear();
            it.asked = it.handed;
        }
    }

    /// All of them are forgotten.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Nothing that was fetched only to be seen is kept any more.
    pub fn clear(&mut self, shown: &mut Shown, out: &mut Out<'_>) {
        let running = self.running.iter().filter(|it| it.to.is_none()).map(|it| it.attachment.file);
        let running: Vec<_> = running.collect();
        running.into_iter().for_each(|file| self.cancel(file, shown, out));
        self.ended.iter().filter(|(_, seen)| *seen).for_each(|(file, _)| _ = shown.remove(file));
        self.ended.retain(|(_, seen)| !seen);
        out.jobs.push(Job::Clear);
    }

    /// A file is wanted, there or to be shown.
    pub fn want(&mut self, attachment: Attachment, to: Option<String>, shown: &mut Shown, out: &mut Out<'_>) {
        let file = attachment.file;
        if let Some(it) = self.running.iter_mut().find(|it| it.attachment.file == file) {
            // What comes to another place is there to be shown, too.
            if let Some(to) = to.filter(|to| it.to.as_ref() != Some(to) && !it.then.contains(to))
                && it.then.len() < PLACES_MAX
            {
                it.then.push(to);
            }
            return;
        }
        self.ended.retain(|(it, _)| *it != file);
        let size = attachment.size;
        shown.insert(file, Download { received: 0, size, progress: DownloadProgress::Running });
        if self.running.len() >= WAITING_MAX {
            let why = "Too many files are on their way: try again when some of them are there.";
            return self.ended((file, to.is_none()), failure(why, shown.get(&file)), shown);
        }
        let ticket = out.number();
        out.jobs.push(Job::Find { ticket, attachment: attachment.clone(), to: to.clone() });
        self.running.push(Fetching {
            ticket,
            attachment,
            to,
            then: Vec::new(),
            step: Step::Looking,
            asked: 0,
            again: BTreeSet::new(),
            flying: BTreeMap::new(),
            early: BTreeMap::new(),
            handed: 0,
            writing: 0,
            written: 0,
            rests: 0,
        });
    }

    /// A file is not wanted any more.
    pub fn cancel(&mut self, file: FileId, shown: &mut Shown, out: &mut Out<'_>) {
        if self.running.iter().any(|it| it.attachment.file == file) {
            self.running.retain(|it| it.attachment.file != file);
            self.held = false;
            shown.remove(&file);
            out.jobs.push(Job::GiveUp(file));
        }
    }

    /// Asks for what is next: what somebody wants to see before what is saved, and what was wanted first before the rest.
    pub fn go(&mut self, out: &mut Out<'_>) {
        if self.held {
            return;
        }
        let (mut asked, mut pieces) = (self.asked(), self.running.iter().map(Fetching::pieces).sum::<usize>());
        self.running.sort_by_key(|it| (it.to.is_some(), it.ticket));
        for it in self.running.iter_mut().filter(|it| it.step == Step::Coming) {
            while let Some(offset) = it.next(asked < ASKED_MAX && pieces < PIECES_MAX) {
                let file = it.attachment.file;
                it.flying.insert(out.ask(FileCall::FetchFile { file, offset }), offset);
                (asked, pieces) = (asked + 1, pieces + 1);
            }
        }
    }

    /// How many pieces are asked for and have not come.
    fn asked(&self) -> usize {
        self.running.iter().map(|it| it.flying.len()).sum()
    }

    /// A piece has come, or not.
    pub fn answered(&mut self, id: RequestId, answer: Result<Fetched, Problem>, shown: &mut Shown, out: &mut Out<'_>) {
        let asked = self.asked();
        let Some(it) = self.running.iter_mut().find(|it| it.flying.contains_key(&id)) else { return };
        let Some(offset) = it.flying.remove(&id) else { return };
        let file = it.attachment.file;
        self.held = false;
        match answer {
            Ok(fetched) => {
                if let Err(why) = it.came(offset, fetched, out) {
                    out.jobs.push(Job::GiveUp(file));
                    self.failed(file, why, shown);
                }
            }
            Err(problem) if problem.code == Code::Busy && it.rests < RESTS_MAX => {
                it.again.insert(offset);
                // The next answer shows that there is room; where none is to come, a while is waited.
                if asked == 1 {
                    it.rests += 1;
                    out.jobs.push(Job::Rest);
                }
                self.held = true;
            }
            Err(problem) => {
                out.jobs.push(Job::GiveUp(file));
                let gone = "This file is not there any more: its message was taken back, or is not yours to see.";
                let why = if problem.code == Code::UnknownFile { gone } else { &problem.message };
                self.failed(file, why, shown);
            }
        }
    }

    /// It may be tried again.
    pub fn rested(&mut self) {
        self.held = false;
    }

    /// It was looked for on this computer.
    pub fn found(&mut self, ticket: u64, found: Result<Option<String>, String>, shown: &mut Shown, out: &mut Out<'_>) {
        let Some(it) = self.running.iter_mut().find(|it| it.ticket == ticket) else { return };
        match found {
            Ok(None) if it.attachment.size == 0 => it.end(out),
            Ok(None) => it.step = Step::Coming,
            Ok(Some(place)) => self.arrived(ticket, place, shown, out),
            Err(why) => {
                let file = it.attachment.file;
                self.failed(file, &why, shown);
            }
        }
    }

    /// A piece is on the disk, or not.
    pub fn written(&mut self, ticket: u64, written: Result<usize, String>, shown: &mut Shown, out: &mut Out<'_>) {
        let Some(it) = self.running.iter_mut().find(|it| it.ticket == ticket) else { return };
        let file = it.attachment.file;
        match written {
            Ok(bytes) => {
                it.writing = it.writing.saturating_sub(1);
                it.written += bytes as u64;
                if let Some(shown) = shown.get_mut(&file) {
                    shown.received = it.written;
                }
                if it.written == it.attachment.size {
                    it.end(out);
                }
            }
            Err(why) => {
                out.jobs.push(Job::GiveUp(file));
                self.failed(file, &why, shown);
            }
        }
    }

    /// A file is in its place, or not.
    pub fn finished(&mut self, ticket: u64, place: Result<String, String>, shown: &mut Shown, out: &mut Out<'_>) {
        match place {
            Ok(place) => self.arrived(ticket, place, shown, out),
            Err(why) => {
                if let Some(file) = self.running.iter().find(|it| it.ticket == ticket).map(|it| it.attachment.file) {
                    self.failed(file, &why, shown);
                }
            }
        }
    }

    fn arrived(&mut self, ticket: u64, place: String, shown: &mut Shown, out: &mut Out<'_>) {
        let Some(at) = self.running.iter().position(|it| it.ticket == ticket) else { return };
        let mut it = self.running.swap_remove(at);
        let (file, size) = (it.attachment.file, it.attachment.size);
        let done = Download { received: size, size, progress: DownloadProgress::Done(place) };
        self.ended((file, it.to.is_none()), done, shown);
        if !it.then.is_empty() {
            let next = it.then.remove(0);
            self.want(it.attachment, Some(next), shown, out);
            if let Some(again) = self.running.iter_mut().find(|it| it.attachment.file == file) {
                again.then = it.then;
            }
        }
    }

    fn failed(&mut self, file: FileId, why: &str, shown: &mut Shown) {
        let Some(at) = self.running.iter().position(|it| it.attachment.file == file) else { return };
        let seen = self.running.swap_remove(at).to.is_none();
        self.ended((file, seen), failure(why, shown.get(&file)), shown);
    }

    fn ended(&mut self, (file, seen): (FileId, bool), how: Download, shown: &mut Shown) {
        shown.insert(file, how);
        self.ended.push_back((file, seen));
        if self.ended.len() > ENDED_MAX
            && let Some((oldest, _)) = self.ended.pop_front()
        {
            shown.remove(&oldest);
        }
    }
}

/// How a download ends that did not come.
fn failure(why: &str, before: Option<&Download>) -> Download {
    let (received, size) = before.map(|it| (it.received, it.size)).unwrap_or_default();
    Download { received, size, progress: DownloadProgress::Failed(why.into()) }
}

impl Fetching {
    /// Pieces that are asked for and not on the disk.
    fn pieces(&self) -> usize {
        self.flying.len() + self.early.len() + self.writing
    }

    /// Which piece is to be asked for next. What others wait for is asked for in any case.
    fn next(&mut self, room: bool) -> Option<u64> {
        if let Some(offset) = self.again.pop_first() {
            return Some(offset);
        }
        let offset = self.asked;
        if !room || offset >= self.attachment.size {
            return None;
        }
        self.asked = offset.saturating_add(FILE_CHUNK_MAX_BYTES as u64).min(self.attachment.size);
        Some(offset)
    }

    /// Takes a piece in, and hands on what follows on what is written.
    fn came(&mut self, offset: u64, fetched: Fetched, out: &mut Out<'_>) -> Result<(), &'static str> {
        let (size, data) = (self.attachment.size, fetched.data.0);
        let is_right = (fetched.file, fetched.offset, fetched.size) == (self.attachment.file, offset, size);
        if !is_right || data.is_empty() || size - offset < data.len() as u64 {
            return Err("The server has another file in its place: ask for it to be sent again.");
        }
        self.rests = 0;
        self.early.insert(offset, data);
        while let Some((at, mut data)) = self.early.pop_first() {
            if at > self.handed {
                self.early.insert(at, data);
                break;
            }
            // Where pieces overlap, only what is new is written.
            let known = usize::try_from(self.handed - at).map_or(data.len(), |known| known.min(data.len()));
            data.drain(..known);
            if !data.is_empty() {
                let (offset, to) = (self.handed, self.to.clone());
                self.handed += data.len() as u64;
                self.writing += 1;
                let (ticket, attachment) = (self.ticket, self.attachment.clone());
                out.jobs.push(Job::Write { ticket, attachment, to, offset, data });
            }
        }
        // A piece was shorter than it could have been.
        if self.handed < self.asked
            && !self.again.contains(&self.handed)
            && !self.flying.values().any(|at| *at <= self.handed)
        {
            self.again.insert(self.handed);
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Out<'_>) {
        self.step = Step::Ending;
        let (ticket, attachment, to) = (self.ticket, self.attachment.clone(), self.to.clone());
        out.jobs.push(Job::Finish { ticket, attachment, to });
    }
}
