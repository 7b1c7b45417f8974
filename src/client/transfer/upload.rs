//! Files on their way to the server: which goes next, and what follows on each answer. Knows no disk and no socket.
//!
//! A few pieces are on their way at once, and as many are read meanwhile. When one is refused, those behind it are, too:
//! what follows is decided when all of them are answered.

use std::collections::VecDeque;

use super::disk::{Job, Piece};
use super::{Out, RESTS_MAX};
use crate::client::outbox::{Destination, Enclosure, Outbox, Outgoing, Progress, What};
use crate::proto::attachment::{Chunk, FileCall, FileId, Uploaded};
use crate::proto::event::{Code, Problem};
use crate::proto::ids::RequestId;
use crate::proto::limits::{FILE_CHUNK_MAX_BYTES, UPLOAD_PIECES_MAX};

/// The most files that go up at once, for different chats: a picture does not wait behind a film for somebody else. Those
/// for one chat go one after the other, in their order.
const AT_ONCE: usize = 2;

/// How often the server may say that a file stands elsewhere than it was known to before it is given up.
const STRAYS_MAX: u32 = 3;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    running: Vec<Upload>,
    /// Files that were begun for nobody: the answer names one, and it is cancelled.
    unwanted: Vec<RequestId>,
}

#[derive(Debug)]
struct Upload {
    /// Of the message in the outbox.
    n: u64,
    to: Destination,
    enclosure: Enclosure,
    step: Step,
    /// What was read and is not sent yet, and what is being read, in the order of the file; at most [`UPLOAD_PIECES_MAX`].
    ahead: VecDeque<Ahead>,
    /// Where what is not being read yet begins.
    unread: u64,
    /// What is on its way, in the order of the file: the requests, and where their pieces end.
    flying: VecDeque<(RequestId, u64)>,
    /// What the server has answered otherwise than expected, first of all. No piece is sent before that is dealt with.
    trouble: Option<Trouble>,
    /// It was begun a second time, because the server did not know it any more.
    anew: bool,
    strays: u32,
    /// How often the server had too much to do, without taking anything in between.
    rests: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// To be begun, or gone on with.
    Begin,
    /// That was asked for.
    Begun(RequestId),
    /// Its pieces go.
    Going(FileId),
    /// The server has too much to do.
    Rest,
}

/// A piece that is not sent yet.
#[derive(Debug)]
struct Ahead {
    ticket: u64,
    offset: u64,
    /// Nothing while it is being read.
    data: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Trouble {
    /// It has another place than expected.
    Astray,
    Refused(Problem),
}

impl Uploads {
    /// The connection is lost: what was asked on it is not answered.
    pub fn cut(&mut self) {
        *self = Self::default();
    }

    /// Begins what is next.
    pub fn go(&mut self, outbox: &Outbox, out: &mut Out<'_>) {
        self.running.retain(|upload| outbox.entries().any(|entry| entry.n == upload.n && is_waiting(entry)));
        for entry in waiting(outbox) {
            if self.running.len() >= AT_ONCE {
                break;
            }
            let What::Say { enclosure: Some(enclosure), .. } = &entry.what else { continue };
            if self.running.iter().all(|upload| upload.to != entry.to) {
                self.running.push(Upload {
                    n: entry.n,
                    to: entry.to.clone(),
                    enclosure: enclosure.clone(),
                    step: Step::Begin,
                    ahead: VecDeque::new(),
                    unread: 0,
                    flying: VecDeque::new(),
                    trouble: None,
                    anew: false,
                    strays: 0,
                    rests: 0,
                });
            }
        }
        self.running.iter_mut().for_each(|upload| upload.go(out));
    }

    /// The server has answered. The number of a message whose file is there now.
    pub fn answered(
        &mut self,
        id: RequestId,
        answer: Result<Uploaded, Problem>,
        outbox: &mut Outbox,
        out: &mut Out<'_>,
    ) -> Option<u64> {
        if let Some(at) = self.unwanted.iter().position(|it| *it == id) {
            self.unwanted.swap_remove(at);
            if let Ok(Uploaded { file, .. }) = answer {
                out.ask(FileCall::CancelUpload { file });
            }
            return None;
        }
        let (at, upload) = self.running.iter_mut().enumerate().find(|(_, upload)| upload.awaits(id))?;
        match upload.answered(id, answer, out) {
            Ok(Some(uploaded)) => {
                outbox.enclosed(upload.n, uploaded.file, uploaded.offset);
                if uploaded.offset == upload.enclosure.size {
                    return Some(self.running.swap_remove(at).n);
                }
            }
            Ok(None) => {}
            Err(problem) => outbox.fail(upload.n, problem),
        }
        None
    }

    /// A piece was read.
    pub fn read(&mut self, ticket: u64, piece: Result<Piece, String>, outbox: &mut Outbox, out: &mut Out<'_>) {
        let reading = |upload: &Upload| upload.ahead.iter().position(|ahead| ahead.ticket == ticket);
        let Some((upload, at)) = self.running.iter_mut().find_map(|it| reading(it).map(|at| (it, at))) else { return };
        let of_one_time = |piece: Piece| upload.pin(piece.modified_nanos, outbox).map(|()| piece.data);
        match piece.and_then(of_one_time) {
            Ok(data) => upload.ahead[at].data = Some(data),
            Err(why) => {
                // Under this code the file begins anew when its sender tries again.
                outbox.fail(upload.n, Problem::new(Code::UnknownFile, why));
                if let Some(file) = upload.enclosure.file {
                    out.ask(FileCall::CancelUpload { file });
                }
            }
        }
    }

    /// It may be tried again.
    pub fn rested(&mut self) {
        let resting = self.running.iter_mut().filter(|upload| upload.step == Step::Rest);
        resting.for_each(|upload| upload.step = Step::Begin);
    }

    /// A message is not to be sent, and so the server is not to keep its file.
    pub fn cancel(&mut self, entry: &Outgoing, out: &mut Out<'_>) {
        let upload = self.running.iter().position(|upload| upload.n == entry.n).map(|at| self.running.swap_remove(at));
        let What::Say { enclosure: Some(enclosure), .. } = &entry.what else { return };
        let begun = upload.as_ref().and_then(|upload| upload.enclosure.file);
        match (begun.or(enclosure.file), upload.map(|upload| upload.step)) {
            (Some(file), _) => _ = out.ask(FileCall::CancelUpload { file }),
            (None, Some(Step::Begun(id))) => self.unwanted.push(id),
            (None, _) => {}
        }
    }
}

/// The messages that wait for their files, oldest first.
pub(super) fn waiting(outbox: &Outbox) -> impl Iterator<Item = &Outgoing> {
    outbox.entries().filter(|entry| is_waiting(entry))
}

/// Whether the message waits for its file.
fn is_waiting(entry: &Outgoing) -> bool {
    entry.progress == Progress::Pending && !entry.is_ready()
}

/// A file that is not where the server and this client agree on it.
fn astray() -> Problem {
    Problem::new(
        Code::UnknownFile,
        "The server and this window do not agree on how much of the file is there: try again.",
    )
}

impl Upload {
    fn awaits(&self, id: RequestId) -> bool {
        self.step == Step::Begun(id) || self.flying.iter().any(|(flying, _)| *flying == id)
    }

    fn go(&mut self, out: &mut Out<'_>) {
        match self.step {
            Step::Begin => {
                let Enclosure { size, file, .. } = self.enclosure;
                self.step = Step::Begun(out.ask(FileCall::UploadFile { size, file }));
            }
            Step::Going(file) if self.trouble.is_none() => {
                self.send(file, out);
                self.look_ahead(out);
            }
            Step::Begun(_) | Step::Going(_) | Step::Rest => {}
        }
    }

    /// Sends what was read, as much of it as may be on its way.
    fn send(&mut self, file: FileId, out: &mut Out<'_>) {
        while self.flying.len() < UPLOAD_PIECES_MAX
            && let Some(Ahead { offset, data, .. }) = self.ahead.front_mut()
            && let Some(data) = data.take()
        {
            let (offset, end) = (*offset, *offset + data.len() as u64);
            self.flying.push_back((out.ask(FileCall::UploadChunk { file, offset, data: Chunk(data) }), end));
            self.ahead.pop_front();
        }
    }

    /// All of a file that is sent is of one time, which is kept over restarts, too.
    fn pin(&mut self, modified_nanos: Option<i64>, outbox: &mut Outbox) -> Result<(), String> {
        match (self.enclosure.modified_nanos, modified_nanos) {
            (None, Some(modified)) => {
                self.enclosure.modified_nanos = Some(modified);
                outbox.pin(self.n, modified);
            }
            (Some(pinned), Some(modified)) if pinned != modified => {
                let name = self.enclosure.name.as_str();
                return Err(format!(
                    "{name} has changed since it was attached: try again, and it is sent as it is now."
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// Has the next pieces read.
    fn look_ahead(&mut self, out: &mut Out<'_>) {
        while self.ahead.len() < UPLOAD_PIECES_MAX && self.unread < self.enclosure.size {
            let (ticket, offset) = (out.number(), self.unread);
            let (enclosure, most) = (self.enclosure.clone(), FILE_CHUNK_MAX_BYTES);
            out.jobs.push(Job::Read { ticket, enclosure, offset, most });
            self.ahead.push_back(Ahead { ticket, offset, data: None });
            self.unread = offset.saturating_add(most as u64).min(self.enclosure.size);
        }
    }

    /// The server has answered: how much of the file it has, if that is news. Otherwise why the message fails, where nothing
    /// is left to try.
    fn answered(
        &mut self,
        id: RequestId,
        answer: Result<Uploaded, Problem>,
        out: &mut Out<'_>,
    ) -> Result<Option<Uploaded>, Problem> {
        let mut news = None;
        if self.step == Step::Begun(id) {
            match answer {
                Ok(uploaded) => {
                    self.stands(uploaded)?;
                    (self.step, self.unread) = (Step::Going(uploaded.file), uploaded.offset);
                    news = Some(uploaded);
                }
                Err(problem) => self.trouble = Some(Trouble::Refused(problem)),
            }
        } else {
            let at = self.flying.iter().position(|(flying, _)| *flying == id);
            let Some((_, end)) = at.and_then(|at| self.flying.remove(at)) else { return Ok(None) };
            match answer {
                // Those behind it are answered after it.
                Ok(uploaded) if at == Some(0) && uploaded.offset == end && self.trouble.is_none() => {
                    self.stands(uploaded)?;
                    news = Some(uploaded);
                }
                Ok(_) => _ = self.trouble.get_or_insert(Trouble::Astray),
                Err(problem) => _ = self.trouble.get_or_insert(Trouble::Refused(problem)),
            }
        }
        if self.flying.is_empty()
            && let Some(trouble) = self.trouble.take()
        {
            self.ahead.clear();
            self.resolve(trouble, out)?;
        }
        Ok(news)
    }

    /// The server has so much of the file.
    fn stands(&mut self, Uploaded { file, offset }: Uploaded) -> Result<(), Problem> {
        if offset > self.enclosure.size {
            return Err(astray());
        }
        if offset > self.enclosure.sent {
            self.rests = 0;
        }
        (self.enclosure.file, self.enclosure.sent) = (Some(file), offset);
        Ok(())
    }

    /// What is left to try is tried; otherwise that is why the message fails.
    fn resolve(&mut self, trouble: Trouble, out: &mut Out<'_>) -> Result<(), Problem> {
        match trouble {
            Trouble::Refused(problem) if problem.code == Code::Busy && self.rests < RESTS_MAX => {
                (self.step, self.rests) = (Step::Rest, self.rests + 1);
                out.jobs.push(Job::Rest);
            }
            Trouble::Refused(problem)
                if problem.code == Code::UnknownFile && self.enclosure.file.is_some() && !self.anew =>
            {
                (self.enclosure.file, self.enclosure.sent, self.anew) = (None, 0, true);
                self.step = Step::Begin;
            }
            Trouble::Refused(problem) if problem.code != Code::BadOffset => return Err(problem),
            Trouble::Astray | Trouble::Refused(_) => {
                self.strays += 1;
                if self.strays > STRAYS_MAX {
                    return Err(astray());
                }
                self.step = Step::Begin;
            }
        }
        Ok(())
    }
}
