//! The part of the engine that has to do with files: who may send and fetch which bytes. The bytes themselves are moved
//! away from the loop, on the orders that are made here, and what became of an order comes back as an input.

use bytes::Bytes;

use super::engine::{Effect, Engine, Waiting, frame_of};
use super::requests::Asker;
use super::session::{SessionId, Stage};
use super::uploads::Upload;
use crate::proto::attachment::{Attachment, Chunk, Fetched, FileCall, FileId, Uploaded};
use crate::proto::event::{Code, Problem, Reply};
use crate::proto::ids::{Millis, RequestId, UserId};
use crate::proto::limits::{FILE_MAX_BYTES, UPLOAD_GIVES_WAY_MILLIS, UPLOAD_KEPT_MILLIS};
use crate::proto::record::Record;

/// How often it is looked for uploads that nobody goes on with, in milliseconds: an hour more or less is no matter.
const SWEEP_EVERY_MILLIS: i64 = 3_600_000;

/// What belongs to a request about a file while its bytes are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileErrand {
    /// Who asks.
    pub session: SessionId,
    /// The request's number.
    pub id: Option<RequestId>,
    /// Whose session it is.
    pub user: UserId,
}

/// What is to be done with the bytes of files. Orders are carried out one after the other, but for `Read`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOrder {
    /// Make room for a file of so many bytes, under a new number.
    Begin(FileErrand, u64),
    /// Write a piece. With the last one the file is synced and put in its place.
    Write {
        /// For whom.
        errand: FileErrand,
        /// Of which file.
        file: FileId,
        /// Where the piece begins: where the file ends.
        offset: u64,
        /// How long the file is to be, in bytes.
        size: u64,
        /// The piece.
        data: Chunk,
    },
    /// Say when what was ordered before is done.
    Settle(FileErrand, FileId),
    /// Read a piece of a file that a message carries.
    Read {
        /// For whom.
        errand: FileErrand,
        /// Of which file.
        file: FileId,
        /// Where the piece begins, in bytes.
        offset: u64,
        /// How long the file is, in bytes.
        size: u64,
    },
    /// A message carries the file: whose it was is not asked any more.
    Keep(FileId),
    /// Nobody needs the file.
    Remove(FileId),
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileDone {
    /// There is room for a file of so many bytes, or there is none.
    Begun(u64, Result<FileId, Problem>),
    /// A piece is written up to that place, or not.
    Written(FileId, Result<u64, Unwritten>),
    /// What was ordered before is done.
    Settled(FileId),
    /// The frame of the answer with the piece.
    Read(FileId, Result<Bytes, Problem>),
}

/// Why a piece was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritten {
    /// What whoever sent it is told.
    pub problem: Problem,
    /// Nobody knows what the disk holds of the file, so that it was given up.
    pub lost: bool,
}

impl FileOrder {
    /// What becomes of an order that is not carried out; nothing where nobody waits for it.
    pub fn refused(&self, problem: Problem) -> Option<(FileErrand, FileDone)> {
        match self {
            Self::Begin(errand, size) => Some((*errand, FileDone::Begun(*size, Err(problem)))),
            Self::Write { errand, file, .. } => {
                Some((*errand, FileDone::Written(*file, Err(Unwritten { problem, lost: false }))))
            }
            // The answer is what the engine knows anyway.
            Self::Settle(errand, file) => Some((*errand, FileDone::Settled(*file))),
            Self::Read { errand, file, .. } => Some((*errand, FileDone::Read(*file, Err(problem)))),
            Self::Keep(_) | Self::Remove(_) => None,
        }
    }
}

/// The frame of the answer to a `fetch_file`. Made where the piece is read: it is more work than all else about it.
pub fn piece_frame(id: Option<RequestId>, piece: &Fetched) -> Bytes {
    frame_of(&Reply { purpose: "fetch_file", id, result: true, body: piece })
}

/// What is asked about a file that is not there for whoever asks. The same whether or not it is there for others.
pub fn unknown_file() -> Problem {
    Problem::new(Code::UnknownFile, "There is no such file for you here. It may have been deleted.")
}

impl Engine {
    /// What the disk holds at the start that no message carries.
    pub fn stock(&mut self, uploads: impl IntoIterator<Item = (FileId, Upload)>) {
        for (file, upload) in uploads {
            self.uploads.insert(file, upload);
        }
    }

    pub(super) fn file_call(&mut self, asker: Asker, call: FileCall) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        let errand = FileErrand { session, id, user };
        match call {
            FileCall::UploadFile { size, file: None } => {
                if size > FILE_MAX_BYTES {
                    let text = format!("A file has at most {FILE_MAX_BYTES} bytes here, and this one has {size}.");
                    return Err(Problem::new(Code::FileTooLarge, text));
                }
                self.make_room(user, size, now)?;
                self.order(errand, FileOrder::Begin(errand, size));
            }
            FileCall::UploadFile { size, file: Some(file) } => {
                let upload = self.uploads.of(user, file)?;
                if upload.size != size {
                    return Err(unknown_file());
                }
                upload.touched = now;
                // What a connection that was cut has sent may be on its way to the disk still.
                self.order(errand, FileOrder::Settle(errand, file));
            }
            FileCall::UploadChunk { file, offset, data } => {
                let upload = self.uploads.of(user, file)?;
                upload.order(offset, data.0.len() as u64)?;
                upload.touched = now;
                let size = upload.size;
                self.order(errand, FileOrder::Write { errand, file, offset, size, data });
            }
            FileCall::CancelUpload { file } => {
                let offset = self.uploads.of(user, file)?.offset;
                if self.is_being_sent(file) {
                    return Err(unknown_file());
                }
                self.give_up(file);
                self.reply(session, call.purpose(), id, Uploaded { file, offset });
            }
            FileCall::FetchFile { file, offset } => {
                let size = self.state.may_fetch(user, file).ok_or_else(unknown_file)?;
                if offset > size {
                    let text = format!("The file ends at {size}.");
                    return Err(Problem::new(Code::BadOffset, text));
                }
                self.may_be_large(session)?;
                self.sessions.large_begun(session);
                self.order(errand, FileOrder::Read { errand, file, offset, size });
            }
        }
        Ok(())
    }

    /// Has bytes moved for somebody, who does not leave before that is answered.
    fn order(&mut self, errand: FileErrand, order: FileOrder) {
        self.sessions.errand_begun(errand.session);
        self.effects.push(Effect::File(order));
    }

    /// Bytes were moved, or were not.
    pub(super) fn file_done(&mut self, errand: FileErrand, done: FileDone, now: Millis) {
        let FileErrand { session, id, user } = errand;
        match done {
            FileDone::Begun(size, made) => {
                self.uploads.begun(user, size);
                let made = made.map(|file| {
                    self.uploads.insert(file, Upload::new(user, size, 0, now));
                    Uploaded { file, offset: 0 }
                });
                self.uploaded(errand, "upload_file", made);
            }
            FileDone::Written(file, upto) => {
                let reached = self.uploads.of(user, file).and_then(|upload| {
                    upload.written(upto.as_ref().ok().copied());
                    let offset = *upto.as_ref().map_err(|unwritten| unwritten.problem.clone())?;
                    Ok(Uploaded { file, offset })
                });
                if upto.is_err_and(|unwritten| unwritten.lost) {
                    self.uploads.remove(file);
                }
                self.uploaded(errand, "upload_chunk", reached);
            }
            FileDone::Settled(file) => {
                let offset = self.uploads.of(user, file).map(|upload| Uploaded { file, offset: upload.offset });
                self.uploaded(errand, "upload_file", offset);
            }
            FileDone::Read(file, piece) => {
                // Much can have happened since it was asked for.
                let may = self.sessions.stage(session).and_then(Stage::user) == Some(user)
                    && self.state.may_fetch(user, file).is_some();
                match piece {
                    Ok(frame) if may => self.effects.push(Effect::Send(session, frame)),
                    Err(problem) if may => self.refuse(session, "fetch_file", id, &problem),
                    _ => self.refuse(session, "fetch_file", id, &unknown_file()),
                }
                self.large_sent(session);
            }
        }
        if let Some(id) = self.sessions.errand_done(session) {
            self.leave(session, id);
        }
    }

    fn uploaded(&mut self, errand: FileErrand, purpose: &'static str, uploaded: Result<Uploaded, Problem>) {
        match uploaded {
            Ok(uploaded) => self.reply(errand.session, purpose, errand.id, uploaded),
            Err(problem) => self.refuse(errand.session, purpose, errand.id, &problem),
        }
    }

    /// Whether a message that carries the file is on its way to the log.
    fn is_being_sent(&self, file: FileId) -> bool {
        self.waiting.iter().any(|waiting| match waiting {
            Waiting::Record { record: Record::Message(message), .. } => carries(message.attachment.as_ref(), file),
            Waiting::Record { record: Record::ToMany(many), .. } => carries(many.attachment.as_ref(), file),
            _ => false,
        })
    }

    /// Whether that account may send a message that carries that file: it has brought the file itself and whole, it is
    /// as long as the message says, and no other message carries it.
    pub(super) fn check_attachment(&self, user: UserId, attachment: &Attachment) -> Result<(), Problem> {
        let upload = self.uploads.files.get(&attachment.file).filter(|upload| upload.by == user);
        match upload {
            Some(upload) if upload.is_whole() && upload.size == attachment.size => {}
            _ => return Err(unknown_file()),
        }
        if self.is_being_sent(attachment.file) { Err(unknown_file()) } else { Ok(()) }
    }

    /// A message carries the file from now on.
    pub(super) fn carried(&mut self, file: FileId) {
        self.uploads.remove(file);
        self.effects.push(Effect::File(FileOrder::Keep(file)));
    }

    /// No message carries the file any more.
    pub(super) fn dropped(&mut self, file: FileId) {
        self.effects.push(Effect::File(FileOrder::Remove(file)));
    }

    /// Takes away what nobody has gone on with for a long time. Called with each input, and costs nothing but once in a
    /// while: what is looked for is no more exact than that, and no timer wakes a server that has nothing to do.
    pub(super) fn sweep_uploads(&mut self, now: Millis) {
        // A clock that was set back must not put it off for long.
        if (0..SWEEP_EVERY_MILLIS).contains(&(now.0.saturating_sub(self.uploads.swept.0))) {
            return;
        }
        self.uploads.swept = now;
        let old =
            |upload: &Upload| now.0.saturating_sub(upload.touched.0) >= UPLOAD_KEPT_MILLIS && !upload.is_writing();
        let files = self.uploads.files.iter().filter(|(_, upload)| old(upload)).map(|(file, _)| *file);
        for file in files.collect::<Vec<_>>() {
            if !self.is_being_sent(file) {
                self.give_up(file);
            }
        }
    }

    /// Counts a file in that is being begun. Where there are too many, those give way that nobody seems to go on with.
    fn make_room(&mut self, user: UserId, size: u64, now: Millis) -> Result<(), Problem> {
        while let Err(problem) = self.uploads.begin(user, size) {
            let files = self.uploads.of.get(&user).into_iter().flat_map(|own| &own.files);
            let uploads = files.filter_map(|file| Some((*file, self.uploads.files.get(file)?)));
            let idle = |upload: &Upload| now.0.saturating_sub(upload.touched.0) >= UPLOAD_GIVES_WAY_MILLIS;
            let idle = uploads.filter(|(file, it)| idle(it) && !it.is_writing() && !self.is_being_sent(*file));
            let longest = idle.min_by_key(|(_, upload)| upload.touched).map(|(file, _)| file);
            self.give_up(longest.ok_or(problem)?);
        }
        Ok(())
    }

    fn give_up(&mut self, file: FileId) {
        self.uploads.remove(file);
        self.effects.push(Effect::File(FileOrder::Remove(file)));
    }
}

fn carries(attachment: Option<&Attachment>, file: FileId) -> bool {
    attachment.is_some_and(|attachment| attachment.file == file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::directory::Directory;
    use crate::core::engine::Input;
    use crate::core::state::State;
    use crate::proto::limits::UPLOADS_MAX;

    const HOUR: i64 = 3_600_000;
    const START: i64 = 1_700_000_000_000;

    fn engine() -> Engine {
        Engine::new(State::default(), Directory::default(), "log", "Parlor")
    }

    fn upload(touched: i64) -> Upload {
        Upload::new(UserId(1), 9, 3, Millis(touched))
    }

    /// The files that are taken away when something happens at that time, whatever it is.
    fn swept(engine: &mut Engine, now: i64) -> Vec<FileId> {
        engine.handle(Input::Drained(SessionId(1)), Millis(now));
        let removed = |effect| match effect {
            Effect::File(FileOrder::Remove(file)) => Some(file),
            _ => None,
        };
        engine.take_effects().into_iter().filter_map(removed).collect()
    }

    #[test]
    fn what_nobody_goes_on_with_goes_after_a_day() {
        let mut engine = engine();
        let [old, young, writing] = [1, 2, 3].map(FileId);
        engine.stock([(old, upload(START)), (young, upload(START + 5 * HOUR))]);
        let mut under_way = upload(START);
        under_way.order(3, 1).unwrap();
        engine.stock([(writing, under_way)]);
        for hour in 0..24 {
            assert_eq!(swept(&mut engine, START + hour * HOUR), [], "{hour}");
        }
        assert_eq!(swept(&mut engine, START + 25 * HOUR), [old]);
        assert_eq!(swept(&mut engine, START + 25 * HOUR + 1), []);
        // A clock that is set back does not keep them for ever.
        assert_eq!(swept(&mut engine, START - 100 * HOUR), []);
        assert_eq!(swept(&mut engine, START + 30 * HOUR), [young]);
    }

    #[test]
    fn what_was_forgotten_gives_way_to_something_new_and_what_is_under_way_does_not() {
        let mut engine = engine();
        let now = Millis(START + HOUR);
        let touched = |n: usize| START + i64::from(n != 5) + i64::from(n > 6) * HOUR / 2;
        engine.stock((0..UPLOADS_MAX).map(|n| (FileId(n as u128), upload(touched(n)))));
        engine.stock([(FileId(99), Upload::new(UserId(2), 9, 3, Millis(START - HOUR)))]);
        engine.make_room(UserId(1), 9, now).unwrap();
        let Some(Effect::File(FileOrder::Remove(file))) = engine.take_effects().pop() else { panic!("nothing goes") };
        assert_eq!(file, FileId(5), "the one of its own that has waited the longest");
        assert_eq!(engine.make_room(UserId(1), 9, now).unwrap_err().code, Code::Busy, "the others are younger");
        assert!(engine.take_effects().is_empty());
    }
}
