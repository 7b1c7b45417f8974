//! Files on their way to the server: which goes next, and what follows on each answer. Knows no disk and no socket.
//!
//! The server takes one piece of a file at a time, so the next one is read while one is on its way.

use super::disk::{Job, Piece};
use super::{Out, RESTS_MAX};
use crate::client::outbox::{Destination, Enclosure, Outbox, Outgoing, Progress, What};
use crate::proto::attachment::{Chunk, FileCall, FileId, Uploaded};
use crate::proto::event::{Code, Problem};
use crate::proto::ids::RequestId;
use crate::proto::limits::FILE_CHUNK_MAX_BYTES;

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
    ahead: Ahead,
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
    /// The next piece is to be sent; it begins there.
    Piece(u64),
    /// It was sent, and ends there.
    Sent(RequestId, u64),
    /// The server has too much to do.
    Rest,
}

/// A piece that is not sent yet.
#[derive(Debug)]
enum Ahead {
    None,
    /// It is being read: under which ticket, and from where.
    Reading(u64, u64),
    /// It is there, and begins there.
    Here(u64, Vec<u8>),
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
                    ahead: Ahead::None,
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
        let at = self.running.iter().position(|upload| upload.awaits(id))?;
        let upload = &mut self.running[at];
        match answer {
            Ok(uploaded) => match upload.taken(uploaded) {
                Ok(there) => {
                    outbox.enclosed(upload.n, uploaded.file, uploaded.offset);
                    if there {
                        return Some(self.running.swap_remove(at).n);
                    }
                }
                Err(problem) => outbox.fail(upload.n, problem),
            },
            Err(problem) => {
                if let Err(problem) = upload.refused(problem, out) {
                    outbox.fail(upload.n, problem);
                }
            }
        }
        None
    }

    /// A piece was read.
    pub fn read(&mut self, ticket: u64, piece: Result<Piece, String>, outbox: &mut Outbox, out: &mut Out<'_>) {
        let Some(upload) =
            self.running.iter_mut().find(|it| matches!(it.ahead, Ahead::Reading(read, _) if read == ticket))
        else {
            return;
        };
        let Ahead::Reading(_, offset) = upload.ahead else { return };
        match piece {
            Ok(Piece { data, modified_nanos }) => {
                if let (None, Some(modified)) = (upload.enclosure.modified_nanos, modified_nanos) {
                    // What follows is to be of the same time, also after a restart.
                    upload.enclosure.modified_nanos = Some(modified);
                    outbox.pin(upload.n, modified);
                }
                upload.ahead = Ahead::Here(offset, data);
            }
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
        matches!(self.step, Step::Begun(it) | Step::Sent(it, _) if it == id)
    }

    fn go(&mut self, out: &mut Out<'_>) {
        match (&self.step, self.enclosure.file) {
            (Step::Begin, file) => {
                self.step = Step::Begun(out.ask(FileCall::UploadFile { size: self.enclosure.size, file }));
            }
            (Step::Piece(offset), Some(file)) => self.send(*offset, file, out),
            (Step::Begun(_) | Step::Sent(..) | Step::Piece(_) | Step::Rest, _) => {}
        }
    }

    /// Sends the piece that begins there if it was read, and has it read otherwise.
    fn send(&mut self, offset: u64, file: FileId, out: &mut Out<'_>) {
        match std::mem::replace(&mut self.ahead, Ahead::None) {
            Ahead::Here(at, piece) if at == offset => {
                let end = offset + piece.len() as u64;
                let data = Chunk(piece);
                self.step = Step::Sent(out.ask(FileCall::UploadChunk { file, offset, data }), end);
                if end < self.enclosure.size {
                    self.look_ahead(end, out);
                }
            }
            reading @ Ahead::Reading(_, at) if at == offset => self.ahead = reading,
            Ahead::None | Ahead::Here(..) | Ahead::Reading(..) => self.look_ahead(offset, out),
        }
    }

    fn look_ahead(&mut self, offset: u64, out: &mut Out<'_>) {
        let ticket = out.number();
        let enclosure = self.enclosure.clone();
        out.jobs.push(Job::Read { ticket, enclosure, offset, most: FILE_CHUNK_MAX_BYTES });
        self.ahead = Ahead::Reading(ticket, offset);
    }

    /// The server says how much it has. Whether that is all.
    fn taken(&mut self, Uploaded { file, offset }: Uploaded) -> Result<bool, Problem> {
        if matches!(self.step, Step::Sent(_, end) if end != offset) {
            self.strays += 1;
        }
        if offset > self.enclosure.size || self.strays > STRAYS_MAX {
            return Err(astray());
        }
        (self.enclosure.file, self.enclosure.sent) = (Some(file), offset);
        (self.step, self.rests) = (Step::Piece(offset), 0);
        Ok(offset == self.enclosure.size)
    }

    /// The server refuses. What is left to try is tried; otherwise that is why the message fails.
    fn refused(&mut self, problem: Problem, out: &mut Out<'_>) -> Result<(), Problem> {
        match problem.code {
            Code::Busy if self.rests < RESTS_MAX => {
                (self.step, self.rests) = (Step::Rest, self.rests + 1);
                out.jobs.push(Job::Rest);
            }
            Code::BadOffset if self.strays < STRAYS_MAX => {
                self.strays += 1;
                self.step = Step::Begin;
            }
            Code::UnknownFile if self.enclosure.file.is_some() && !self.anew => {
                (self.enclosure.file, self.enclosure.sent, self.anew) = (None, 0, true);
                self.step = Step::Begin;
            }
            _ => return Err(problem),
        }
        Ok(())
    }
}
