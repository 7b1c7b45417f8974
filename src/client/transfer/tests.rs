//! What follows on each answer, against a server and a disk that are written by hand.

use serde_json::Value;

use super::disk::{Job, Piece};
use super::download::{Downloads, Shown};
use super::upload::Uploads;
use super::{Out, RESTS_MAX};
use crate::client::model::DownloadProgress;
use crate::client::outbox::{Destination, Enclosure, Outbox, Progress, What};
use crate::proto::attachment::{Attachment, Chunk, Fetched, FileId, FileName, Uploaded};
use crate::proto::chat::ChatKey;
use crate::proto::event::{Code, Problem};
use crate::proto::frame::{Decoded, decode};
use crate::proto::ids::{DeviceId, Millis, UserId};
use crate::proto::limits::{FILE_CHUNK_MAX_BYTES, FRAME_MAX_BYTES};

const PIECE: u64 = FILE_CHUNK_MAX_BYTES as u64;
const FILE: FileId = FileId(7);
const MODIFIED: Option<i64> = Some(1_700_000_000_123_456_789);

/// What was asked of the server, and what of the disk.
#[derive(Debug)]
struct Asked {
    requests: Vec<Value>,
    jobs: Vec<Job>,
}

impl Asked {
    /// What each request is.
    fn purposes(&self) -> Vec<&str> {
        self.requests.iter().map(|request| request["purpose"].as_str().unwrap()).collect()
    }

    fn id(&self, at: usize) -> u64 {
        self.requests[at]["id"].as_u64().unwrap()
    }

    fn offsets(&self) -> Vec<u64> {
        self.requests.iter().map(|request| request["offset"].as_u64().unwrap()).collect()
    }
}

fn out<T>(last: &mut u64, act: impl FnOnce(&mut Out<'_>) -> T) -> (T, Asked) {
    let mut out = Out { frames: Vec::new(), jobs: Vec::new(), last };
    let came = act(&mut out);
    let Out { frames, jobs, .. } = out;
    let (mut rest, mut requests) = (frames.as_slice(), Vec::new());
    while let Decoded::Frame { json, end } = decode(rest, FRAME_MAX_BYTES).unwrap() {
        requests.push(serde_json::from_slice(&rest[json]).unwrap());
        rest = &rest[end..];
    }
    (came, Asked { requests, jobs })
}

fn problem(code: Code) -> Problem {
    Problem::new(code, "the server's words")
}

/// Somebody who sends files.
struct Sender {
    uploads: Uploads,
    outbox: Outbox,
    last: u64,
}

impl Sender {
    /// With a file for each of these chats.
    fn new(files: &[(u64, u64)]) -> Self {
        let mut outbox = Outbox::new(DeviceId::from_random(1));
        for (at, (to, size)) in files.iter().enumerate() {
            let (path, name) = (format!("/{at}").into(), FileName::new(&format!("{at}")).unwrap());
            let enclosure =
                Enclosure { path, name, size: *size, modified_nanos: None, image: None, file: None, sent: 0 };
            let to = Destination::Chat(ChatKey::Person(UserId(u32::try_from(*to).unwrap())));
            outbox.put(to, What::Say { reply_to: None, enclosure: Some(enclosure) }, "".into(), Millis(0));
        }
        Self { uploads: Uploads::default(), outbox, last: 0 }
    }

    fn go(&mut self) -> Asked {
        out(&mut self.last, |out| self.uploads.go(&self.outbox, out)).1
    }

    /// Answers, and says what is asked next.
    fn answer(&mut self, id: u64, answer: Result<(FileId, u64), Code>) -> (Option<u64>, Asked) {
        let answer = answer.map(|(file, offset)| Uploaded { file, offset }).map_err(problem);
        out(&mut self.last, |out| {
            let landed = self.uploads.answered(id, answer, &mut self.outbox, out);
            if let Some(n) = landed {
                self.outbox.remove(n);
            }
            self.uploads.go(&self.outbox, out);
            landed
        })
    }

    /// Reads what is asked for, and says what is asked next.
    fn read(&mut self, job: &Job) -> Asked {
        self.read_of(job, MODIFIED)
    }

    /// The same from a file that was changed at another time.
    fn read_of(&mut self, job: &Job, modified_nanos: Option<i64>) -> Asked {
        let Job::Read { ticket, enclosure, offset, most } = job else { panic!("{job:?}") };
        let length = (enclosure.size - offset).min(*most as u64);
        let (ticket, piece) = (*ticket, Ok(Piece { data: vec![0; length as usize], modified_nanos }));
        out(&mut self.last, |out| {
            self.uploads.read(ticket, piece, &mut self.outbox, out);
            self.uploads.go(&self.outbox, out);
        })
        .1
    }

    /// Begins the first file under [`FILE`], and sends what may be on its way at once.
    fn flying(&mut self) -> Asked {
        let begin = self.go();
        let mut asked = self.answer(begin.id(0), Ok((FILE, 0))).1;
        for job in std::mem::take(&mut asked.jobs) {
            let more = self.read(&job);
            asked.requests.extend(more.requests);
            asked.jobs.extend(more.jobs);
        }
        asked
    }

    fn failed(&self) -> Option<&Problem> {
        match &self.outbox.entries().next()?.progress {
            Progress::Failed(problem) => Some(problem),
            Progress::Pending => None,
        }
    }
}

#[test]
fn a_few_pieces_are_on_their_way_at_once_and_the_next_ones_are_read_meanwhile() {
    let size = 6 * PIECE + 5;
    let mut sender = Sender::new(&[(2, size)]);
    let mut asked = sender.flying();
    assert_eq!(asked.offsets(), [0, PIECE, 2 * PIECE, 3 * PIECE]);
    assert_eq!(asked.jobs.len(), 3, "there is no more of it");
    for job in &asked.jobs {
        assert!(sender.read(job).requests.is_empty(), "four are on their way, and no more");
    }
    for (at, next) in (4..7).enumerate() {
        let (_, more) = sender.answer(asked.id(at), Ok((FILE, (at as u64 + 1) * PIECE)));
        assert_eq!((more.offsets(), more.jobs.len()), (vec![next * PIECE], 0), "what was read meanwhile goes at once");
        asked.requests.extend(more.requests);
    }
    for at in 3..6 {
        assert_eq!(sender.answer(asked.id(at), Ok((FILE, (at as u64 + 1) * PIECE))).0, None);
    }
    assert_eq!(sender.answer(asked.id(6), Ok((FILE, size))).0, Some(1));
}

#[test]
fn a_file_is_begun_once_and_goes_in_its_order() {
    let mut sender = Sender::new(&[(2, 2 * PIECE)]);
    let begin = sender.go();
    assert_eq!((begin.purposes(), begin.requests[0]["size"].as_u64()), (vec!["upload_file"], Some(2 * PIECE)));
    assert!(sender.go().requests.is_empty(), "it is asked for once");
    let (_, begun) = sender.answer(begin.id(0), Ok((FILE, 0)));
    assert_eq!((begun.requests.len(), begun.jobs.len()), (0, 2));
    assert!(sender.read(&begun.jobs[1]).requests.is_empty(), "the first one is not there yet");
    assert_eq!(sender.read(&begun.jobs[0]).offsets(), [0, PIECE]);
}

#[test]
fn a_refused_piece_is_sent_again_from_where_the_server_stands_once_all_are_answered() {
    let mut sender = Sender::new(&[(2, 9 * PIECE)]);
    let asked = sender.flying();
    assert_eq!(asked.offsets(), [0, PIECE, 2 * PIECE, 3 * PIECE]);
    let fifth = sender.read(&asked.jobs[0]);
    assert!(fifth.requests.is_empty());
    let (_, fifth) = sender.answer(asked.id(0), Ok((FILE, PIECE)));
    assert_eq!(fifth.offsets(), [4 * PIECE]);
    for (id, code) in [(asked.id(1), Code::Busy), (asked.id(2), Code::BadOffset), (asked.id(3), Code::BadOffset)] {
        let (_, none) = sender.answer(id, Err(code));
        assert!(none.requests.is_empty() && none.jobs.is_empty(), "{none:?}");
    }
    let (_, rests) = sender.answer(fifth.id(0), Err(Code::BadOffset));
    assert!(matches!(rests.jobs.as_slice(), [Job::Rest]), "the first of them is why: {rests:?}");
    sender.uploads.rested();
    let begin = sender.go();
    assert_eq!((begin.purposes(), &begin.requests[0]["file"]), (vec!["upload_file"], &FILE.to_string().into()));
    let (_, begun) = sender.answer(begin.id(0), Ok((FILE, PIECE)));
    assert_eq!(sender.read(&begun.jobs[0]).offsets(), [PIECE]);
    assert!(sender.failed().is_none());
}

#[test]
fn what_was_read_before_and_after_a_change_is_not_put_together() {
    let mut sender = Sender::new(&[(2, 3 * PIECE)]);
    let begin = sender.go();
    let (_, begun) = sender.answer(begin.id(0), Ok((FILE, 0)));
    // All of them were asked for before it was known of which time the file is.
    sender.read(&begun.jobs[0]);
    let ends = sender.read_of(&begun.jobs[1], MODIFIED.map(|at| at + 1));
    assert_eq!(ends.purposes(), ["cancel_upload"]);
    let why = sender.failed().unwrap();
    assert!(why.code == Code::UnknownFile && why.message.contains("as it is now"), "{why:?}");
}

#[test]
fn a_full_disk_is_why_a_file_was_not_sent_and_not_what_it_did_to_the_pieces_behind() {
    let mut sender = Sender::new(&[(2, 9 * PIECE)]);
    let asked = sender.flying();
    sender.answer(asked.id(0), Err(Code::StorageFull));
    for at in 1..4 {
        assert!(sender.failed().is_none());
        sender.answer(asked.id(at), Err(Code::BadOffset));
    }
    assert_eq!(sender.failed().unwrap().code, Code::StorageFull);
}

#[test]
fn two_files_go_at_once_and_never_two_for_one_chat() {
    let mut sender = Sender::new(&[(2, 9), (2, 0), (3, 0), (4, 9)]);
    let begin = sender.go();
    let sizes: Vec<_> = begin.requests.iter().map(|request| request["size"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [9, 0], "the first of each of two chats");
    // One without a byte is there when it is begun.
    let (landed, next) = sender.answer(begin.id(1), Ok((FILE, 0)));
    assert_eq!(landed, Some(3));
    assert_eq!(
        (next.purposes(), next.requests[0]["size"].as_u64()),
        (vec!["upload_file"], Some(9)),
        "that for the third"
    );
}

#[test]
fn a_file_that_the_server_does_not_know_any_more_begins_anew_once() {
    let mut sender = Sender::new(&[(2, 9)]);
    sender.outbox.enclosed(1, FileId(1), 4);
    let begin = sender.go();
    assert_eq!(begin.requests[0]["file"], FileId(1).to_string());
    let (_, anew) = sender.answer(begin.id(0), Err(Code::UnknownFile));
    assert_eq!((anew.purposes(), &anew.requests[0]["file"]), (vec!["upload_file"], &Value::Null));
    let (_, begun) = sender.answer(anew.id(0), Ok((FILE, 0)));
    let piece = sender.read(&begun.jobs[0]);
    let (_, none) = sender.answer(piece.id(0), Err(Code::UnknownFile));
    assert!(none.requests.is_empty());
    assert_eq!(sender.failed().unwrap().code, Code::UnknownFile, "under which it begins anew when it is tried again");
}

#[test]
fn a_server_that_stands_elsewhere_is_believed_and_not_for_ever() {
    let mut sender = Sender::new(&[(2, PIECE)]);
    let mut begun = 0;
    while sender.failed().is_none() {
        begun += 1;
        assert!(begun < 100, "it ends");
        let asked = sender.flying();
        assert_eq!(asked.offsets(), [0]);
        // It says that it has nothing of it, again and again; the next step is asked for in the next round.
        out(&mut sender.last, |out| {
            sender.uploads.answered(asked.id(0), Ok(Uploaded { file: FILE, offset: 0 }), &mut sender.outbox, out)
        });
    }
    assert!(begun > 1, "it is believed at first");
    // One that has more of the file than there is has another file.
    let mut sender = Sender::new(&[(2, 9)]);
    let begin = sender.go();
    assert_eq!(sender.answer(begin.id(0), Ok((FILE, 10))).0, None);
    assert!(sender.failed().is_some());
}

#[test]
fn a_busy_server_is_asked_again_after_a_while_and_not_for_ever() {
    let mut sender = Sender::new(&[(2, 9)]);
    let mut asked = sender.go();
    for _ in 0..RESTS_MAX {
        let (_, rests) = sender.answer(asked.id(0), Err(Code::Busy));
        assert!(
            matches!(rests.jobs.as_slice(), [Job::Rest])
                && rests.requests.is_empty()
                && sender.go().requests.is_empty()
        );
        sender.uploads.rested();
        asked = sender.go();
        assert_eq!(asked.purposes(), ["upload_file"]);
    }
    sender.answer(asked.id(0), Err(Code::Busy));
    assert_eq!(sender.failed().unwrap().message, "the server's words");
}

#[test]
fn a_file_that_is_cancelled_before_it_has_a_number_is_cancelled_once_it_has_one() {
    let mut sender = Sender::new(&[(2, 9)]);
    let begin = sender.go();
    let entry = sender.outbox.remove(1).unwrap();
    let (_, none) = out(&mut sender.last, |out| sender.uploads.cancel(&entry, out));
    assert!(none.requests.is_empty());
    let (_, cancelled) = sender.answer(begin.id(0), Ok((FILE, 0)));
    assert_eq!(cancelled.purposes(), ["cancel_upload"]);
    assert_eq!(cancelled.requests[0]["file"], FILE.to_string());
}

/// Somebody who fetches a file.
struct Reader {
    downloads: Downloads,
    shown: Shown,
    last: u64,
}

fn attachment(size: u64) -> Attachment {
    Attachment { file: FILE, name: FileName::new("x").unwrap(), size, image: None }
}

impl Reader {
    /// Of a file of that length, which is not kept here.
    fn of(size: u64) -> (Self, Asked) {
        let mut reader = Self { downloads: Downloads::default(), shown: Shown::new(), last: 0 };
        let asked = reader.act(|downloads, shown, out| downloads.want(attachment(size), None, shown, out));
        let [Job::Find { ticket, .. }] = asked.jobs.as_slice() else { panic!("{asked:?}") };
        let asked = reader.act(|downloads, shown, out| downloads.found(*ticket, Ok(None), shown, out));
        (reader, asked)
    }

    fn act(&mut self, act: impl FnOnce(&mut Downloads, &mut Shown, &mut Out<'_>)) -> Asked {
        out(&mut self.last, |out| {
            act(&mut self.downloads, &mut self.shown, out);
            self.downloads.go(out);
        })
        .1
    }

    /// A piece comes, with so many bytes.
    fn piece(&mut self, asked: &Value, size: u64, bytes: u64) -> Asked {
        let (id, offset) = (asked["id"].as_u64().unwrap(), asked["offset"].as_u64().unwrap());
        let data = Chunk(vec![(offset % 251) as u8; bytes as usize]);
        let answer = Ok(Fetched { file: FILE, offset, size, data });
        self.act(|downloads, shown, out| downloads.answered(id, answer, shown, out))
    }

    fn refuse(&mut self, asked: &Value, code: Code) -> Asked {
        let id = asked["id"].as_u64().unwrap();
        self.act(|downloads, shown, out| downloads.answered(id, Err(problem(code)), shown, out))
    }

    /// The disk has written it.
    fn written(&mut self, job: &Job) -> Asked {
        let Job::Write { ticket, data, .. } = job else { panic!("{job:?}") };
        let (ticket, bytes) = (*ticket, data.len());
        self.act(|downloads, shown, out| downloads.written(ticket, Ok(bytes), shown, out))
    }

    fn how(&self) -> &DownloadProgress {
        &self.shown[&FILE].progress
    }
}

/// Where the pieces stand that are to be written.
fn writes(asked: &Asked) -> Vec<(u64, usize)> {
    let write = |job: &Job| match job {
        Job::Write { offset, data, .. } => Some((*offset, data.len())),
        _ => None,
    };
    asked.jobs.iter().filter_map(write).collect()
}

#[test]
fn a_few_pieces_are_asked_for_and_written_in_their_order() {
    let size = 6 * PIECE;
    let (mut reader, asked) = Reader::of(size);
    assert_eq!(asked.offsets(), [0, PIECE, 2 * PIECE, 3 * PIECE]);
    // The second comes first: it waits, and nothing more is asked for.
    let fifth = reader.piece(&asked.requests[1], size, PIECE);
    assert_eq!((writes(&fifth), fifth.offsets()), (vec![], vec![4 * PIECE]));
    let both = reader.piece(&asked.requests[0], size, PIECE);
    assert_eq!(writes(&both), [(0, PIECE as usize), (PIECE, PIECE as usize)]);
    assert_eq!((both.offsets(), reader.shown[&FILE].received), (vec![5 * PIECE], 0));
    assert!(reader.written(&both.jobs[0]).requests.is_empty(), "there is no more of it");
    assert_eq!(reader.shown[&FILE].received, PIECE, "what is on the disk is there");
}

#[test]
fn a_disk_that_is_slower_than_the_network_holds_it_up() {
    let size = 100 * PIECE;
    let (mut reader, asked) = Reader::of(size);
    let (mut waiting, mut jobs) = (std::collections::VecDeque::from(asked.requests), Vec::new());
    while let Some(request) = waiting.pop_front() {
        let more = reader.piece(&request, size, PIECE);
        waiting.extend(more.requests);
        jobs.extend(more.jobs);
    }
    assert_eq!(jobs.len(), 12, "a megabyte waits for it, and no more is asked for");
    assert_eq!(reader.written(&jobs[0]).offsets(), [12 * PIECE]);
}

#[test]
fn short_pieces_leave_no_gap_and_none_is_written_twice() {
    let size = 2 * PIECE;
    let (mut reader, asked) = Reader::of(size);
    let short = reader.piece(&asked.requests[0], size, 10);
    assert_eq!((writes(&short), short.offsets()), (vec![(0, 10)], vec![10]), "the rest of it is asked for");
    reader.piece(&asked.requests[1], size, PIECE);
    // Longer than what was missing: the rest is known.
    let rest = reader.piece(&short.requests[0], size, PIECE);
    assert_eq!(writes(&rest), [(10, PIECE as usize), (PIECE + 10, PIECE as usize - 10)]);
    for job in short.jobs.iter().chain(&rest.jobs[..1]) {
        assert!(reader.written(job).jobs.is_empty());
    }
    assert!(matches!(reader.written(&rest.jobs[1]).jobs.as_slice(), [Job::Finish { .. }]));
}

#[test]
fn what_is_not_the_file_is_not_kept() {
    let right = Fetched { file: FILE, offset: 0, size: 9, data: Chunk(vec![1]) };
    for wrong in [
        Fetched { file: FileId(8), ..right.clone() },
        Fetched { offset: 1, ..right.clone() },
        Fetched { size: 10, ..right.clone() },
        Fetched { data: Chunk(Vec::new()), ..right.clone() },
        Fetched { data: Chunk(vec![0; 10]), ..right.clone() },
    ] {
        let (mut reader, asked) = Reader::of(9);
        let ended = reader.act(|downloads, shown, out| downloads.answered(asked.id(0), Ok(wrong), shown, out));
        assert!(matches!(reader.how(), DownloadProgress::Failed(_)));
        assert!(matches!(ended.jobs.as_slice(), [Job::GiveUp(FILE)]), "{ended:?}");
    }
}

#[test]
fn a_busy_server_is_asked_again_when_something_has_come_and_else_after_a_while() {
    let size = 3 * PIECE;
    let (mut reader, asked) = Reader::of(size);
    let none = reader.refuse(&asked.requests[1], Code::Busy);
    assert!(none.requests.is_empty() && none.jobs.is_empty(), "others are on their way: {none:?}");
    let mut last = reader.piece(&asked.requests[0], size, PIECE);
    assert_eq!(last.offsets(), [PIECE], "there is room again");
    reader.piece(&asked.requests[2], size, PIECE);
    for _ in 0..RESTS_MAX {
        let rests = reader.refuse(&last.requests[0], Code::Busy);
        assert!(matches!(rests.jobs.as_slice(), [Job::Rest]) && rests.requests.is_empty(), "{rests:?}");
        last = reader.act(|downloads, _, _| downloads.rested());
        assert_eq!(last.offsets(), [PIECE]);
    }
    reader.refuse(&last.requests[0], Code::Busy);
    assert_eq!(*reader.how(), DownloadProgress::Failed("the server's words".into()));
}

#[test]
fn what_comes_for_a_download_that_was_cancelled_is_nobodys() {
    let (mut reader, asked) = Reader::of(2 * PIECE);
    let first = reader.piece(&asked.requests[0], 2 * PIECE, PIECE);
    reader.act(|downloads, shown, out| downloads.cancel(FILE, shown, out));
    let again = reader.act(|downloads, shown, out| downloads.want(attachment(2 * PIECE), None, shown, out));
    let [Job::Find { ticket, .. }] = again.jobs.as_slice() else { panic!("{again:?}") };
    let again = reader.act(|downloads, shown, out| downloads.found(*ticket, Ok(None), shown, out));
    assert_eq!(again.offsets(), [0, PIECE]);
    assert!(reader.piece(&asked.requests[1], 2 * PIECE, PIECE).jobs.is_empty());
    reader.written(&first.jobs[0]);
    assert_eq!(reader.shown[&FILE].received, 0);
}

#[test]
fn what_is_to_be_seen_comes_before_what_is_saved() {
    let mut reader = Reader { downloads: Downloads::default(), shown: Shown::new(), last: 0 };
    let film = Attachment { file: FileId(1), ..attachment(100 * PIECE) };
    let asked = reader.act(|downloads, shown, out| downloads.want(film, Some("/film".into()), shown, out));
    let [Job::Find { ticket, .. }] = asked.jobs.as_slice() else { panic!() };
    let film = reader.act(|downloads, shown, out| downloads.found(*ticket, Ok(None), shown, out));
    assert_eq!(film.requests.len(), 4);
    let asked = reader.act(|downloads, shown, out| downloads.want(attachment(9), None, shown, out));
    let [Job::Find { ticket, .. }] = asked.jobs.as_slice() else { panic!() };
    reader.act(|downloads, shown, out| downloads.found(*ticket, Ok(None), shown, out));
    let (id, file) = (film.id(0), FileId(1));
    let piece = Fetched { file, offset: 0, size: 100 * PIECE, data: Chunk(vec![0; PIECE as usize]) };
    let next = reader.act(|downloads, shown, out| downloads.answered(id, Ok(piece), shown, out));
    assert_eq!(next.requests[0]["file"], FILE.to_string(), "the picture is next");
    // After another connection nothing is missing, and nothing is asked for twice.
    let again = reader.act(|downloads, _, _| downloads.cut());
    assert_eq!(again.requests[0]["file"], FILE.to_string());
    assert_eq!(
        again.requests.iter().skip(1).map(|it| it["offset"].as_u64().unwrap()).collect::<Vec<_>>(),
        [PIECE, 2 * PIECE, 3 * PIECE]
    );
}
