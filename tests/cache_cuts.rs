//! A window that ends at any instant, or a disk that changes any byte, leaves a cache that says what was so at one moment,
//! without a hole; or none.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use parlor::client::cache::{Cache, Keeper, Place};
use parlor::client::chain::Pair;
use parlor::client::model::{Message, Model};
use parlor::client::outbox::Outbox;
use parlor::log::storage::Storage;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::{Event, History, Ready, Welcome};
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::proto::record::{self, Record, To};

const ME: UserId = UserId(1);
const BOB: UserId = UserId(2);
const CHARLIE: UserId = UserId(3);

/// What was done to a file of the pair.
#[derive(Clone, Debug)]
enum Done {
    Wrote(u64, Vec<u8>),
    Cut(u64),
}

/// A file in memory that notes what is done to it, in one list with the other one.
struct Taped {
    at: usize,
    bytes: Mutex<Vec<u8>>,
    tape: Arc<Mutex<Vec<(usize, Done)>>>,
}

fn apply(bytes: &mut Vec<u8>, done: &Done) {
    match done {
        Done::Wrote(at, new) => {
            let at = *at as usize;
            bytes.resize(bytes.len().max(at + new.len()), 0);
            bytes[at..at + new.len()].copy_from_slice(new);
        }
        Done::Cut(len) => bytes.resize(*len as usize, 0),
    }
}

impl Taped {
    fn note(&self, done: Done) {
        apply(&mut self.bytes.lock().unwrap(), &done);
        self.tape.lock().unwrap().push((self.at, done));
    }
}

impl Storage for Taped {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes.lock().unwrap();
        let part = bytes.get(offset as usize..offset as usize + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.note(Done::Wrote(offset, bytes.to_vec()));
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.note(Done::Cut(len));
        Ok(())
    }
    fn keep_aside(&self, _: &str, _: &[u8]) -> io::Result<String> {
        unreachable!("a cache has nothing to be kept aside")
    }
}

type Tape = Arc<Mutex<Vec<(usize, Done)>>>;

fn files(contents: [Vec<u8>; 2]) -> (Pair, Tape) {
    let tape = Tape::default();
    let [one, other] = contents;
    let file =
        |at, bytes| -> Arc<dyn Storage> { Arc::new(Taped { at, bytes: Mutex::new(bytes), tape: Arc::clone(&tape) }) };
    ([file(0, one), file(1, other)], Arc::clone(&tape))
}

fn outbox() -> Outbox {
    Outbox::new(DeviceId::from_random(1))
}

fn open(files: &Pair) -> Option<Model> {
    Cache::read(files)?.open(outbox()).ok().map(|(model, _)| model)
}

/// What was there at the end of a step, by chat.
type Known = BTreeMap<ChatKey, Vec<Message>>;

fn known(model: &Model) -> Known {
    let chats = model.chats.iter().filter(|(_, chat)| !chat.messages.is_empty());
    chats.map(|(key, chat)| (*key, chat.messages.iter().cloned().collect())).collect()
}

fn message(seq: u64, with: UserId) -> record::Message<'static> {
    record::Message {
        seq: Seq(seq),
        at: Millis(seq as i64),
        from: with,
        from_user: "somebody".into(),
        to: To::Person(ME, "Alice".into()),
        client_id: None,
        mentions: Default::default(),
        reply_to: None,
        attachment: None,
        edited: None,
        deleted: false,
        message: format!("message {seq} \"with\" 👋\n and more").into(),
    }
}

fn log_in(model: &mut Model, resumed: bool, seq: u64) {
    let welcome = Welcome {
        user: ME,
        username: "Alice".into(),
        server: String::new(),
        log: "log".into(),
        seq: Seq(seq),
        resumed,
        message_max_bytes: 1000,
        read_receipts: true,
        plaintext: false,
        fingerprint: None,
        role: Default::default(),
        server_name: String::new(),
        registration: None,
        session: None,
        token: None,
    };
    model.apply(Event::Login(Ok(welcome)), Millis(0));
    model.apply(Event::Ready(Ready { seq: Seq(seq) }), Millis(0));
}

fn page(model: &mut Model, with: UserId, seqs: std::ops::Range<u64>, complete: bool) {
    let records = seqs.map(|seq| Record::Message(message(seq, with))).collect();
    let chat = ChatKey::Person(with);
    let asked = model.start_loading(chat).map(|(id, _)| id);
    model.apply(Event::History(asked, Ok(History { chat, complete, records })), Millis(0));
}

fn come(model: &mut Model, with: UserId, seqs: impl IntoIterator<Item = u64>) {
    seqs.into_iter().for_each(|seq| _ = model.apply(Event::Message(message(seq, with)), Millis(0)));
}

/// Their author gives messages another text.
fn edit(model: &mut Model, with: UserId, of: impl IntoIterator<Item = u64>, seq: u64) {
    for (of, seq) in of.into_iter().zip(seq..) {
        let edited = record::Edited {
            seq: Seq(seq),
            at: Millis(seq as i64),
            by: with,
            chat: ChatKey::Person(ME),
            message_seq: Seq(of),
            client_id: None,
            mentions: Default::default(),
            message: format!("not what {of} was").into(),
        };
        model.apply(Event::Edited(edited), Millis(0));
    }
}

/// Their author takes a message back.
fn delete(model: &mut Model, with: UserId, of: u64, seq: u64) {
    let (seq, at, message_seq) = (Seq(seq), Millis(seq as i64), Seq(of));
    let deleted = record::Deleted { seq, at, by: with, chat: ChatKey::Person(ME), message_seq, client_id: None };
    model.apply(Event::Deleted(deleted), Millis(0));
}

/// The life of a window, in steps that are each written: what its files went through, where each step ended, and what
/// was known then. `room` bounds the file from the last steps on.
fn life(room: u64) -> (Tape, Vec<(usize, Seq, Known)>) {
    let (files, tape) = files(Default::default());
    let mut model = Model::new(DeviceId::from_random(1));
    let mut ends = Vec::new();
    for step in 0..13 {
        let kept = Cache::read(&files).and_then(|cache| cache.open(outbox()).ok()).map(|(_, kept)| kept);
        match step {
            0 => {
                log_in(&mut model, false, 100);
                page(&mut model, BOB, 90..93, false);
            }
            1 => come(&mut model, BOB, 101..103),
            2 => page(&mut model, BOB, 84..90, true),
            3 => come(&mut model, CHARLIE, 110..112),
            // Something in between comes late, as after an overflow.
            4 => come(&mut model, BOB, [121]),
            5 => come(&mut model, BOB, [120]),
            // In two blocks of which one came before the other; and one of them again.
            6 => edit(&mut model, BOB, [85, 101, 85], 130),
            7 => {
                delete(&mut model, BOB, 120, 140);
                come(&mut model, BOB, [141]);
                edit(&mut model, BOB, [141], 142);
            }
            // Away for too long: what was known has a gap now.
            8 => {
                log_in(&mut model, false, 200);
                page(&mut model, BOB, 190..195, false);
            }
            // What was dropped and came again, as it is by now: the same places, and not the same messages.
            9 => {
                log_in(&mut model, false, 210);
                page(&mut model, BOB, 190..195, false);
                edit(&mut model, BOB, [191], 211);
            }
            10 => come(&mut model, CHARLIE, 221..226),
            11 => {
                edit(&mut model, CHARLIE, [222, 225], 230);
                delete(&mut model, CHARLIE, 224, 240);
            }
            // Where the room is small, the file is written anew with what was changed.
            _ => come(&mut model, CHARLIE, [251]),
        }
        let limit = if step >= 10 { room } else { u64::MAX };
        let place = Place { files: files.clone(), held: Arc::clone(&files[0]), limit };
        let mut keeper = Keeper::start(place, "123", kept, &model, || {}).unwrap();
        keeper.look(&model, true, Millis(1_000_000));
        keeper.finish(&model);
        ends.push((tape.lock().unwrap().len(), model.cursor().unwrap().1, known(&model)));
    }
    (tape, ends)
}

/// What a cache says is what was known after a step, of each chat a contiguous part up to its end.
fn assert_is_of(model: &Model, ends: &[(usize, Seq, Known)], what: &str) -> usize {
    let cursor = model.cursor().unwrap().1;
    let fits = |(_, then, known): &&(usize, Seq, Known)| {
        *then == cursor
            && model.chats.iter().all(|(key, chat)| {
                let (messages, all) = (Vec::from(chat.messages.clone()), known.get(key).cloned().unwrap_or_default());
                all.ends_with(&messages) && (!chat.complete || messages == all)
            })
    };
    ends.iter().rposition(|end| fits(&end)).unwrap_or_else(|| panic!("{what}: {model:#?}"))
}

#[test]
fn every_cut_of_what_is_written_is_read_as_what_was_so_at_one_moment() {
    for room in [u64::MAX, 1_750] {
        let (tape, ends) = life(room);
        let tape = tape.lock().unwrap();
        let mut before: [Vec<u8>; 2] = Default::default();
        for (n, (file, done)) in tape.iter().enumerate() {
            let finished = ends.iter().rposition(|(end, ..)| *end <= n);
            let cuts = if let Done::Wrote(_, bytes) = done { bytes.len() } else { 0 };
            for cut in 0..=cuts {
                let mut contents = before.clone();
                if let Done::Wrote(at, bytes) = done {
                    apply(&mut contents[*file], &Done::Wrote(*at, bytes[..cut].to_vec()));
                }
                let what = format!("room {room}, operation {n} {file}, {cut} bytes");
                match open(&files(contents).0) {
                    Some(model) => {
                        let at = assert_is_of(&model, &ends, &what);
                        assert!(
                            finished.is_none_or(|finished| at >= finished),
                            "{what}: a step that was written is lost"
                        );
                    }
                    None => assert_eq!(finished, None, "{what}: nothing is left"),
                }
            }
            apply(&mut before[*file], done);
        }
        let model = open(&files(before).0).unwrap();
        assert_eq!(assert_is_of(&model, &ends, "the end"), ends.len() - 1);
        let count: usize = known(&model).values().map(Vec::len).sum();
        let all: usize = ends.last().unwrap().2.values().map(Vec::len).sum();
        assert!(if room == u64::MAX { count == all } else { count > 0 && count < all }, "{count} of {all}");
    }
}

#[test]
fn every_byte_that_changes_costs_what_is_behind_it_at_most() {
    let (tape, ends) = life(u64::MAX);
    let mut whole: [Vec<u8>; 2] = Default::default();
    tape.lock().unwrap().iter().for_each(|(file, done)| apply(&mut whole[*file], done));
    let counts = usize::from(whole[1].len() > whole[0].len());
    let mut opened = 0;
    for at in 0..whole[counts].len() {
        let mut contents = whole.clone();
        contents[counts][at] ^= 1;
        if let Some(model) = open(&files(contents).0) {
            assert_is_of(&model, &ends, &format!("byte {at}"));
            opened += 1;
        }
    }
    assert!(opened > whole[counts].len() / 2, "what stands before the damage is still good");
}

#[test]
fn a_window_that_goes_on_keeps_each_change_once() {
    let (files, tape) = files(Default::default());
    let mut model = Model::new(DeviceId::from_random(1));
    let place = Place { files: files.clone(), held: Arc::clone(&files[0]), limit: u64::MAX };
    let mut keeper = Keeper::start(place, "123", None, &model, || {}).unwrap();
    log_in(&mut model, false, 100);
    page(&mut model, BOB, 90..93, true);
    for step in 0..5 {
        match step {
            1 => edit(&mut model, BOB, [91], 101),
            2 => come(&mut model, BOB, [102]),
            3 => edit(&mut model, BOB, [91, 102], 103),
            4 => delete(&mut model, BOB, 90, 105),
            _ => {}
        }
        let before = keeper.bytes();
        keeper.look(&model, true, Millis(1_000_000 * (step + 1)));
        // One step at a time: what finds the thread behind goes with the next.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while keeper.bytes() == before {
            assert!(std::time::Instant::now() < deadline, "step {step} is not written");
            std::thread::yield_now();
        }
    }
    // Room for all of it, but not for what it was before: it is written anew.
    keeper.set_limit(keeper.bytes() - 1);
    keeper.finish(&model);
    assert_eq!(known(&open(&files).unwrap()), known(&model));
    let written: Vec<u8> = tape.lock().unwrap().iter().flat_map(|(_, done)| bytes_of(done)).collect();
    let lines = String::from_utf8_lossy(&written).matches(" c[").count();
    assert_eq!(lines, 4, "each change has its line, and none has two");
}

fn bytes_of(done: &Done) -> Vec<u8> {
    if let Done::Wrote(_, bytes) = done { bytes.clone() } else { Vec::new() }
}
