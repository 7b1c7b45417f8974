//! What is on the disk when an answer goes out, and what becomes of a file when the disk fails.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;

use super::*;
use crate::core::session::SessionId;

/// A disk in memory that says what it was asked, in order, and fails where it is told to.
#[derive(Default)]
struct Played {
    files: RefCell<HashMap<String, Vec<u8>>>,
    asked: RefCell<Vec<String>>,
    free: Cell<u64>,
    fails: Cell<Option<(&'static str, io::ErrorKind)>>,
}

impl Played {
    fn asked(&self, what: &'static str, name: &str) -> io::Result<()> {
        let end = name.split_once('.').map_or("", |(_, end)| end);
        self.asked.borrow_mut().push(format!("{what} {end}").trim_end().into());
        match self.fails.get() {
            Some((failing, kind)) if failing == what => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

impl Disk for Played {
    fn free(&self) -> io::Result<u64> {
        Ok(self.free.get())
    }
    fn make(&self, name: &str) -> io::Result<()> {
        self.asked("make", name)?;
        assert!(self.files.borrow_mut().insert(name.into(), Vec::new()).is_none());
        Ok(())
    }
    fn write_at(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.files.borrow_mut();
        let file = files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        file.truncate(usize::try_from(offset).unwrap());
        assert_eq!(file.len() as u64, offset);
        let failed = self.asked("write", name);
        // What fails has often been done in part.
        file.extend_from_slice(if failed.is_err() { &bytes[..bytes.len() / 2] } else { bytes });
        failed
    }
    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.files.borrow().get(name).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }
    fn cut(&self, name: &str, len: u64) -> io::Result<()> {
        self.asked("cut", name)?;
        let mut files = self.files.borrow_mut();
        files.get_mut(name).ok_or(io::ErrorKind::NotFound)?.truncate(usize::try_from(len).unwrap());
        Ok(())
    }
    fn sync(&self, name: &str) -> io::Result<()> {
        self.asked("sync", name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.asked("rename", from)?;
        let bytes = self.files.borrow_mut().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.files.borrow_mut().insert(to.into(), bytes);
        Ok(())
    }
    fn sync_folder(&self) -> io::Result<()> {
        self.asked("sync folder", "")
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.files.borrow_mut().remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }
}

const ROOM: u64 = DISK_RESERVE_BYTES + 2 * FILE_SYNC_EVERY_BYTES;

fn desk() -> Desk<Played> {
    let disk = Played::default();
    disk.free.set(ROOM);
    Desk { disk, notes: BTreeMap::new() }
}

impl Desk<Played> {
    /// What the disk was asked since the last look.
    fn news(&self) -> Vec<String> {
        std::mem::take(&mut *self.disk.asked.borrow_mut())
    }

    /// Carries an order out as the thread does, and gives its answer.
    fn ask(&mut self, order: FileOrder) -> FileDone {
        self.carry_out(order).expect("it is answered").1
    }

    fn begin_one(&mut self, size: u64) -> FileId {
        let FileDone::Begun(_, made) = self.ask(FileOrder::Begin(ERRAND, size)) else { panic!("another answer") };
        made.unwrap()
    }

    fn piece(&mut self, file: FileId, offset: u64, size: u64, bytes: &[u8]) -> Result<u64, Unwritten> {
        let order = FileOrder::Write { errand: ERRAND, file, offset, size, data: Chunk(bytes.to_vec()) };
        let FileDone::Written(_, upto) = self.ask(order) else { panic!("another answer") };
        upto
    }
}

const ERRAND: FileErrand = FileErrand { session: SessionId(1), id: Some(7), user: UserId(2) };

#[test]
fn the_last_piece_is_answered_when_bytes_and_name_are_on_disk() {
    let mut desk = desk();
    let file = desk.begin_one(5);
    assert_eq!(desk.news(), ["make 2.5", "make part"]);
    assert_eq!(desk.piece(file, 0, 5, b"abc").unwrap(), 3);
    assert_eq!(desk.news(), ["write part"], "what is not whole may go back");
    assert_eq!(desk.piece(file, 3, 5, b"de").unwrap(), 5);
    assert_eq!(desk.news(), ["write part", "sync part", "rename part", "sync folder"]);
    assert_eq!(desk.disk.files.borrow()[&file.to_string()], b"abcde");
    desk.carry_out(FileOrder::Keep(file));
    assert_eq!(desk.disk.files.borrow().keys().collect::<Vec<_>>(), [&file.to_string()], "the note is gone");
    desk.carry_out(FileOrder::Remove(file));
    assert!(desk.disk.files.borrow().is_empty());
    let file = desk.begin_one(0);
    assert_eq!(desk.news()[2..], ["sync part", "rename part", "sync folder"], "an empty file is whole at once");
    assert!(desk.disk.files.borrow().contains_key(&file.to_string()));
}

#[test]
fn nothing_stands_behind_a_place_that_was_to_be_synced_before_that_is() {
    let mut desk = desk();
    let size = FILE_SYNC_EVERY_BYTES + 10;
    let file = desk.begin_one(size);
    let most = usize::try_from(FILE_SYNC_EVERY_BYTES).unwrap() - 3;
    desk.piece(file, 0, size, &vec![1; most]).unwrap();
    desk.news();
    desk.piece(file, most as u64, size, &[2; 6]).unwrap();
    assert_eq!(desk.news(), ["write part", "sync part", "write part"]);
    // The same where a piece ends at that place.
    let file = desk.begin_one(size);
    desk.piece(file, 0, size, &vec![1; most + 3]).unwrap();
    desk.news();
    desk.piece(file, FILE_SYNC_EVERY_BYTES, size, &[2; 3]).unwrap();
    assert_eq!(desk.news(), ["sync part", "write part"]);
}

#[test]
fn a_full_disk_takes_nothing_of_what_was_there_and_the_file_goes_on_later() {
    let mut desk = desk();
    let file = desk.begin_one(6);
    desk.piece(file, 0, 6, b"abc").unwrap();
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge] {
        desk.disk.fails.set(Some(("write", kind)));
        let refused = desk.piece(file, 3, 6, b"def").unwrap_err();
        assert_eq!((refused.problem.code, refused.lost), (Code::StorageFull, false));
        assert_eq!(desk.disk.files.borrow()[&part(file)], b"abc", "room is given back");
    }
    desk.disk.fails.set(None);
    desk.disk.free.set(DISK_RESERVE_BYTES + 2);
    assert_eq!(desk.piece(file, 3, 6, b"def").unwrap_err().problem.code, Code::StorageFull, "messages need the rest");
    let FileDone::Begun(_, Err(refused)) = desk.ask(FileOrder::Begin(ERRAND, 3)) else { panic!("there is no room") };
    assert_eq!(refused.code, Code::StorageFull);
    desk.disk.free.set(ROOM);
    assert_eq!(desk.piece(file, 3, 6, b"def").unwrap(), 6);
    assert_eq!(desk.disk.files.borrow()[&file.to_string()], b"abcdef");
}

#[test]
fn a_piece_whose_predecessor_was_not_written_leaves_no_hole() {
    let mut desk = desk();
    let file = desk.begin_one(9);
    desk.piece(file, 0, 9, b"abc").unwrap();
    desk.disk.fails.set(Some(("write", io::ErrorKind::StorageFull)));
    assert_eq!(desk.piece(file, 3, 9, b"def").unwrap_err().problem.code, Code::StorageFull);
    desk.disk.fails.set(None);
    let behind = desk.piece(file, 6, 9, b"ghi").unwrap_err();
    assert_eq!((behind.problem.code, behind.lost), (Code::BadOffset, false));
    assert_eq!(desk.piece(file, 3, 9, b"def").unwrap(), 6);
    assert_eq!(desk.piece(file, 6, 9, b"ghi").unwrap(), 9);
    assert_eq!(desk.disk.files.borrow()[&file.to_string()], b"abcdefghi");
}

#[test]
fn a_file_of_which_nobody_knows_what_the_disk_holds_is_given_up() {
    for failing in ["write", "sync", "rename", "sync folder"] {
        let mut desk = desk();
        let file = desk.begin_one(3);
        desk.disk.fails.set(Some((failing, io::ErrorKind::Other)));
        let refused = desk.piece(file, 0, 3, b"abc").unwrap_err();
        assert_eq!((refused.problem.code, refused.lost), (Code::StorageFailed, true), "{failing}");
        assert!(desk.disk.files.borrow().is_empty(), "{failing}");
    }
    // Somebody else's hands in the folder.
    let mut desk = desk();
    let file = desk.begin_one(6);
    desk.piece(file, 0, 6, b"abc").unwrap();
    desk.disk.files.borrow_mut().remove(&part(file));
    assert!(desk.piece(file, 3, 6, b"def").unwrap_err().lost);
    assert!(desk.disk.files.borrow().is_empty());
}

#[test]
fn too_many_orders_are_refused_and_those_that_nobody_waits_for_never_are() {
    let (orders, ordered) = channel();
    let (report, _reports) = mpsc::channel(1);
    let waiting = Arc::new(AtomicUsize::new(0));
    let depot = Depot { orders: Some(orders), waiting, thread: None, folder: Path::new("nowhere").into(), report };
    for _ in 0..FILE_ORDERS_MAX {
        assert!(depot.submit(FileOrder::Begin(ERRAND, 1)).is_ok());
    }
    for _ in 0..3 {
        let refused = *depot.submit(FileOrder::Begin(ERRAND, 1)).unwrap_err();
        let Input::FileDone(ERRAND, FileDone::Begun(1, Err(problem))) = refused else { panic!("another answer") };
        assert_eq!(problem.code, Code::Busy);
        assert!(depot.submit(FileOrder::Remove(FileId(1))).is_ok());
    }
    assert_eq!(ordered.try_iter().count(), FILE_ORDERS_MAX + 3);
}
