//! What every log keeps, run over each of them; and what the file keeps beyond that, over storage that fails and loses
//! power on demand.

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::file::{FileLog, OpenError, Report};
use super::memory::MemoryLog;
use super::storage::{DiskFile, Storage};
use super::{AppendError, Log, ReadError};
use crate::proto::ids::{Millis, Seq, UserId};
use crate::proto::record::{Message, Record, To, json_of_frame};

fn record(seq: u64) -> Bytes {
    let record = Record::Message(Message {
        seq: Seq(seq),
        at: Millis(5),
        from: UserId(1),
        to: To::Person(UserId(2), "Bob".into()),
        from_user: "Alice".into(),
        mentions: Default::default(),
        client_id: None,
        reply_to: None,
        attachment: None,
        edited: None,
        deleted: false,
        message: format!("message {seq}, {}", "x".repeat(usize::try_from(seq % 50).unwrap())).into(),
    });
    let mut frame = Vec::new();
    record.encode(&mut frame);
    Bytes::copy_from_slice(json_of_frame(&frame))
}

fn records(seqs: std::ops::RangeInclusive<u64>) -> Vec<Bytes> {
    seqs.map(record).collect()
}

fn open(storage: Arc<dyn Storage>) -> Result<(FileLog, Report, Vec<u64>), OpenError> {
    let mut replayed = Vec::new();
    let (log, report) = FileLog::open(storage, "feed", |record| replayed.push(record.seq().0))?;
    Ok((log, report, replayed))
}

/// A disk that remembers what was synced, and fails when told to.
#[derive(Default)]
struct FaultyDisk {
    state: Mutex<Disk>,
}

#[derive(Clone, Default)]
struct Disk {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    /// Where `bytes` was written and not synced.
    dirty: Vec<std::ops::Range<usize>>,
    fail_write: Option<io::ErrorKind>,
    fail_sync: bool,
    aside: Vec<Vec<u8>>,
}

impl FaultyDisk {
    fn holding(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(Disk { synced: bytes.clone(), bytes, ..Disk::default() }) })
    }
    fn with<T>(&self, f: impl FnOnce(&mut Disk) -> T) -> T {
        f(&mut self.state.lock().unwrap())
    }
}

impl Storage for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(|disk| disk.bytes.len() as u64))
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        self.with(|disk| match disk.bytes.get(offset..offset + buffer.len()) {
            Some(bytes) => {
                buffer.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        })
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        self.with(|disk| {
            // A write that fails has written a part.
            let part = if disk.fail_write.is_some() && bytes.len() > 3 { &bytes[..bytes.len() / 2] } else { bytes };
            let len = disk.bytes.len().max(offset + part.len());
            disk.bytes.resize(len, 0);
            disk.bytes[offset..offset + part.len()].copy_from_slice(part);
            disk.dirty.push(offset..offset + part.len());
            match disk.fail_write {
                Some(kind) if part.len() < bytes.len() => Err(kind.into()),
                _ => Ok(()),
            }
        })
    }
    fn sync(&self) -> io::Result<()> {
        self.with(|disk| {
            // A system that could not write does not try again, and goes on showing what was to be written.
            let dirty = std::mem::take(&mut disk.dirty);
            if disk.fail_sync {
                return Err(io::Error::other("injected"));
            }
            disk.synced.resize(disk.bytes.len(), 0);
            for range in dirty {
                // What was written may have been cut off since.
                let range = range.start.min(disk.bytes.len())..range.end.min(disk.bytes.len());
                disk.synced[range.clone()].copy_from_slice(&disk.bytes[range]);
            }
            Ok(())
        })
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|disk| disk.bytes.resize(usize::try_from(len).unwrap(), 0));
        Ok(())
    }
    fn keep_aside(&self, suffix: &str, bytes: &[u8]) -> io::Result<String> {
        self.with(|disk| disk.aside.push(bytes.to_vec()));
        Ok(format!("history.json{suffix}"))
    }
}

fn appended(batches: &[std::ops::RangeInclusive<u64>]) -> Vec<u8> {
    let disk = Arc::new(FaultyDisk::default());
    let (mut log, ..) = open(disk.clone()).unwrap();
    for batch in batches {
        log.append(&records(batch.clone())).unwrap();
    }
    disk.with(|disk| disk.bytes.clone())
}

fn keeps_the_contract(mut log: Box<dyn Log>) {
    assert_eq!(log.last(), Seq(0));
    let reader = log.reader();
    assert!(matches!(reader.read(Seq(0)), Err(ReadError::NoSuch(_))));
    assert!(matches!(reader.read(Seq(1)), Err(ReadError::NoSuch(_))));
    log.append(&[]).unwrap();
    log.append(&records(1..=1)).unwrap();
    log.append(&records(2..=90)).unwrap();
    log.append(&[]).unwrap();
    log.append(&records(91..=92)).unwrap();
    assert_eq!(log.last(), Seq(92));
    for seq in 1..=92 {
        assert_eq!(reader.read(Seq(seq)).unwrap(), record(seq));
    }
    assert!(matches!(reader.read(Seq(93)), Err(ReadError::NoSuch(_))));
    assert!(matches!(reader.read(Seq(u64::MAX)), Err(ReadError::NoSuch(_))));
    assert!(!log.id().is_empty());
}

#[test]
fn every_log_gives_back_what_was_appended() {
    let dir = tempfile::tempdir().unwrap();
    let disk = DiskFile::open(&dir.path().join("history.json")).unwrap();
    keeps_the_contract(Box::new(MemoryLog::default()));
    keeps_the_contract(Box::new(open(Arc::new(disk)).unwrap().0));
    keeps_the_contract(Box::new(open(Arc::new(FaultyDisk::default())).unwrap().0));
}

#[test]
fn the_file_is_valid_json_after_every_append_and_opens_again() {
    let disk = Arc::new(FaultyDisk::default());
    let mut next = 1;
    for round in 0..20_u64 {
        let (mut log, report, replayed) = open(disk.clone()).unwrap();
        assert_eq!((report.records, report.torn), (next - 1, None));
        assert_eq!(replayed, (1..next).collect::<Vec<_>>());
        assert_eq!(log.id(), "feed");
        log.append(&records(next..=next + round % 4)).unwrap();
        next += round % 4 + 1;
        let bytes = disk.with(|disk| disk.bytes.clone());
        let array: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(array.len() as u64, next);
        assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count() as u64, next + 2, "one record per line");
    }
}

#[test]
fn a_power_cut_at_any_byte_of_a_batch_loses_nothing_that_was_synced() {
    let synced = appended(&[1..=3, 4..=4]);
    let whole = appended(&[1..=3, 4..=4, 5..=7]);
    let start = synced.len() - 3;
    for cut in start..=whole.len() {
        for damage in ["short", "zeros", "hole"] {
            let mut image = whole.clone();
            match damage {
                "short" => image.truncate(cut),
                "zeros" => image[cut..].fill(0),
                // The later half of the batch reached the disk, an earlier piece of it did not.
                _ => {
                    let middle = start.max(cut.saturating_sub(20));
                    image[middle..cut].fill(0);
                }
            }
            let disk = FaultyDisk::holding(image);
            let (mut log, report, replayed) =
                open(disk.clone()).unwrap_or_else(|error| panic!("{damage} {cut}: {error}"));
            let n = replayed.len() as u64;
            assert!((4..=7).contains(&n), "{damage} at {cut} leaves {n}");
            assert_eq!(replayed, (1..=n).collect::<Vec<_>>());
            assert!(n == 7 || report.torn.is_some(), "{damage} at {cut}: what was cut off is reported");
            log.append(&records(n + 1..=n + 2)).unwrap();
            let bytes = disk.with(|disk| disk.bytes.clone());
            assert_eq!(serde_json::from_slice::<Vec<serde_json::Value>>(&bytes).unwrap().len() as u64, n + 3);
            assert_eq!(open(disk).unwrap().2, (1..=n + 2).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_write_torn_within_the_closing_bracket_loses_nothing_that_was_synced() {
    let whole = appended(&[1..=3, 4..=4, 5..=7]);
    for closing in ["\n]\n", "\n]\n\n"] {
        let mut old = appended(&[1..=3, 4..=4]);
        old.truncate(old.len() - 3);
        let start = old.len();
        old.extend_from_slice(closing.as_bytes());
        // Which of the first bytes are new, and how much of the rest is there.
        for (new, rest) in (0..1_usize << closing.len()).flat_map(|new| (0..3).map(move |rest| (new, rest))) {
            let mut image = match rest {
                0 => old.clone(),
                1 => whole.clone(),
                _ => [old.as_slice(), &vec![0; whole.len() - old.len()]].concat(),
            };
            for at in 0..closing.len() {
                image[start + at] = if new & (1 << at) == 0 { old[start + at] } else { whole[start + at] };
            }
            let (_, report, replayed) =
                open(FaultyDisk::holding(image)).unwrap_or_else(|error| panic!("{new:b} {rest}: {error}"));
            let n = replayed.len() as u64;
            assert!(n >= 4 && replayed == (1..=n).collect::<Vec<_>>(), "{new:b} {rest} leaves {replayed:?}");
            assert!(report.torn.is_some() || n == 7 || new == 0, "{new:b} {rest}: what was cut off is reported");
        }
    }
}

#[test]
fn what_a_start_has_read_is_on_disk() {
    let disk = Arc::new(FaultyDisk::default());
    let (mut log, ..) = open(disk.clone()).unwrap();
    log.append(&records(1..=2)).unwrap();
    disk.with(|disk| disk.fail_sync = true);
    log.append(&records(3..=5)).unwrap_err();
    drop(log);
    disk.with(|disk| disk.fail_sync = false);
    assert!(open(FaultyDisk::holding(disk.with(|disk| disk.synced.clone()))).unwrap().2 == [1, 2]);
    // Another process finds all of it, and the power goes.
    let (log, _, replayed) = open(disk.clone()).unwrap();
    assert_eq!(replayed, [1, 2, 3, 4, 5]);
    let left = disk.with(|disk| disk.synced.clone());
    drop(log);
    assert_eq!(open(FaultyDisk::holding(left)).unwrap().2, replayed);
}

#[test]
fn a_crash_while_the_file_is_made_leaves_a_file_that_opens() {
    let made = appended(&[]);
    for cut in 0..=made.len() {
        let mut zeros = made.clone();
        zeros[cut..].fill(0);
        let mut headless = made.clone();
        headless[..cut].fill(0);
        for image in [made[..cut].to_vec(), zeros, headless] {
            let (log, report, replayed) = open(FaultyDisk::holding(image)).unwrap();
            assert_eq!((log.last(), report.records, replayed.len()), (Seq(0), 0, 0), "cut at {cut}");
        }
    }
}

#[test]
fn what_is_cut_off_is_kept_aside() {
    let whole = appended(&[1..=2, 3..=4]);
    let disk = FaultyDisk::holding(whole[..whole.len() - 20].to_vec());
    let (log, report, _) = open(disk.clone()).unwrap();
    assert_eq!(log.last(), Seq(3));
    assert!(report.torn.unwrap().contains("history.json.torn"));
    let aside = disk.with(|disk| disk.aside.concat());
    assert!(whole.windows(aside.len()).any(|window| window == aside) && aside.windows(9).any(|w| w == b"message 4"));
}

#[test]
fn damage_in_the_middle_stops_the_start_with_its_line_and_changes_nothing() {
    let whole = appended(&[1..=3, 4..=4, 5..=7]);
    let end_of_4 = appended(&[1..=3, 4..=4]).len() - 3;
    for byte in (0..end_of_4).step_by(7) {
        let mut image = whole.clone();
        image[byte] ^= 0x10;
        let line = 1 + image[..byte].iter().filter(|&&b| b == b'\n').count() as u64;
        let disk = FaultyDisk::holding(image.clone());
        match open(disk.clone()) {
            Err(OpenError::Damaged { line: found, .. }) => {
                assert!(found.abs_diff(line) <= 1, "byte {byte}: line {found}, not {line}")
            }
            Err(OpenError::NotALog) => assert!(line <= 2),
            Err(other) => panic!("byte {byte}: {other}"),
            // A changed space or case of a digit may say the same; nothing may be missing.
            Ok((_, report, replayed)) => assert_eq!((replayed.len(), report.torn), (7, None), "byte {byte}"),
        }
        disk.with(|disk| assert!(disk.bytes == image || disk.bytes.len() == image.len(), "byte {byte}"));
    }
    let mut lines: Vec<_> = whole.split_inclusive(|&b| b == b'\n').collect();
    lines.remove(4);
    assert!(
        matches!(open(FaultyDisk::holding(lines.concat())), Err(OpenError::Damaged { line: 5, .. })),
        "a missing line"
    );
}

#[test]
fn after_a_peaceful_end_a_damaged_last_line_is_damage_too() {
    let disk = Arc::new(FaultyDisk::default());
    let (mut log, ..) = open(disk.clone()).unwrap();
    log.append(&records(1..=3)).unwrap();
    let alive = disk.with(|disk| disk.bytes.clone());
    drop(log);
    let closed = disk.with(|disk| disk.synced.clone());
    assert_eq!(serde_json::from_slice::<Vec<serde_json::Value>>(&closed).unwrap().len(), 4);
    for (image, torn) in [(alive, true), (closed.clone(), false)] {
        let mut image = image;
        let at = image.windows(9).position(|window| window == b"message 3").unwrap();
        image[at] ^= 1;
        match open(FaultyDisk::holding(image)) {
            Ok((_, report, replayed)) => assert!(torn && report.torn.is_some() && replayed == [1, 2]),
            Err(OpenError::Damaged { line, .. }) => assert!(!torn && line == 5, "line {line}"),
            Err(other) => panic!("{other}"),
        }
    }
    let (mut log, report, replayed) = open(FaultyDisk::holding(closed)).unwrap();
    assert_eq!((report.torn, replayed.len()), (None, 3));
    log.append(&records(4..=4)).unwrap();
}

#[test]
fn a_record_that_was_damaged_while_the_log_is_open_is_not_given_out() {
    let disk = Arc::new(FaultyDisk::default());
    let (mut log, ..) = open(disk.clone()).unwrap();
    log.append(&records(1..=2)).unwrap();
    disk.with(|disk| {
        let at = disk.bytes.windows(9).position(|window| window == b"message 2").unwrap();
        disk.bytes[at] ^= 1;
    });
    assert!(log.reader().read(Seq(1)).is_ok());
    assert!(matches!(log.reader().read(Seq(2)), Err(ReadError::Damaged(Seq(2), _))));
}

#[test]
fn another_file_is_not_taken_for_a_history() {
    for bytes in
        [&b"{\"conversations\":[]}"[..], b"[]", b"[\n]\n", b"hello, this is a shopping list\n", b"\x89PNG\r\n\x1a\n"]
    {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().max(200), b' ');
        let disk = FaultyDisk::holding(bytes.clone());
        assert!(matches!(open(disk.clone()), Err(OpenError::NotALog)));
        assert_eq!(disk.with(|disk| disk.bytes.clone()), bytes);
    }
}

#[test]
fn after_a_failed_sync_nothing_more_is_taken_and_reading_goes_on() {
    let disk = Arc::new(FaultyDisk::default());
    let (mut log, ..) = open(disk.clone()).unwrap();
    log.append(&records(1..=2)).unwrap();
    disk.with(|disk| disk.fail_sync = true);
    assert!(matches!(log.append(&records(3..=3)), Err(AppendError::Failed(_))));
    disk.with(|disk| disk.fail_sync = false);
    assert!(matches!(log.append(&records(3..=3)), Err(AppendError::Failed(_))), "a later sync proves nothing");
    assert_eq!(log.last(), Seq(2));
    assert_eq!(log.reader().read(Seq(2)).unwrap(), record(2));
    assert!(open(disk).unwrap().2.starts_with(&[1, 2]));
}

#[test]
fn a_full_disk_takes_nothing_and_writing_resumes() {
    let disk = Arc::new(FaultyDisk::default());
    let (mut log, ..) = open(disk.clone()).unwrap();
    log.append(&records(1..=2)).unwrap();
    disk.with(|disk| disk.fail_write = Some(io::ErrorKind::StorageFull));
    assert!(matches!(log.append(&records(3..=5)), Err(AppendError::Full(_))));
    assert_eq!(log.last(), Seq(2));
    // A power cut during the next write must not find the rest of this one behind it.
    disk.with(|disk| assert!(disk.dirty.is_empty() && disk.synced == disk.bytes, "what was put back is synced"));
    disk.with(|disk| disk.fail_write = None);
    log.append(&records(3..=3)).unwrap();
    assert_eq!(open(disk).unwrap().2, vec![1, 2, 3]);
}
