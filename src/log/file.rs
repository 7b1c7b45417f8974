//! `history.json`: a JSON array with one record per line, appended in constant time.
//!
//! ```text
//! [
//! {"purpose":"parlor_history","version":1,"log":"5f0c…","crc":"…"},
//! {"purpose":"receive_message","seq":1,…,"crc":"…"},
//!  {"purpose":"receive_message","seq":2,…,"crc":"…"}
//! ]
//! ```
//!
//! A write starts at the closing bracket, so the file is valid JSON whenever nothing is being written. One write and one
//! sync make a batch; the lines of a batch after its first begin with a space. That space tells a torn batch from
//! damage: once a batch is followed by another, it was synced, and every line of it must be intact; only the last batch
//! can have been cut short by a crash, and nobody was told that it is stored. A log that was closed in peace ends with
//! one more line break, and then its last batch must be intact as well.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::storage::Storage;
use super::{AppendError, Log, LogReader, ReadError};
use crate::proto::ids::Seq;
use crate::proto::limits::FRAME_MAX_BYTES;
use crate::proto::record::{self, Record};

const OPENING: &[u8] = b"[\n";
const CLOSING: &[u8] = b"\n]\n";
/// How a log ends that was closed in peace.
const CLOSED: &[u8] = b"\n]\n\n";
const VERSION: u32 = 3;
/// How much is read at a time when the log is opened. No line is longer than this.
const CHUNK_BYTES: usize = 4 * FRAME_MAX_BYTES;
/// The length of the first line, whatever the identity; less than this is a file whose making was cut short.
const HEADER_MAX_BYTES: usize = 128;

#[derive(Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "parlor_history")]
struct Header {
    version: u32,
    log: String,
}

/// The log in a file.
pub struct FileLog {
    storage: Arc<dyn Storage>,
    id: String,
    /// Where each record's line ends; the place before the first is where the header ends.
    ends: Arc<RwLock<Vec<u64>>>,
    /// Where the next write starts.
    end: u64,
    /// Set by a failed sync: nobody knows what the disk holds.
    failed: bool,
    buffer: Vec<u8>,
}

/// What opening a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records there are.
    pub records: u64,
    /// The length of the file, in bytes.
    pub bytes: u64,
    /// What was cut off the end, if anything was: a sentence for people.
    pub torn: Option<String>,
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk.
    #[error("cannot be read or repaired: {0}")]
    Io(#[from] io::Error),
    /// Not this kind of file.
    #[error(
        "is not a history that Parlor wrote (it should begin with \"[\" and a line with \"parlor_history\"): move it away, or put a copy from your backup in its place"
    )]
    NotALog,
    /// A newer format.
    #[error("was written by a newer Parlor (format {0}): use that version")]
    Newer(u32),
    /// A line in the middle is not as it was written.
    #[error(
        "line {line} is damaged: {why}. Nothing was changed. Put a copy from your backup in its place, or mend that line; `parlor --check` shows whether it is right again"
    )]
    Damaged {
        /// Counted from 1, as editors do.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// What a scan found.
struct Scan {
    id: String,
    ends: Vec<u64>,
    /// The file's length.
    len: u64,
    /// Where the last batch begins, right behind what stands before it.
    batch: u64,
    /// The log was closed in peace: all of it had been synced.
    peaceful: bool,
    /// What is wrong with the last batch.
    torn: Option<String>,
}

impl FileLog {
    /// Opens the log, hands every record to `replay` in order, and cuts a torn batch off the end, keeping its bytes
    /// aside. A file without content becomes a new log of the identity `new_id`.
    ///
    /// # Errors
    /// [`OpenError`], which completes the sentence "history.json …"; the file is then as it was.
    pub fn open(
        storage: Arc<dyn Storage>,
        new_id: &str,
        replay: impl FnMut(&Record<'_>),
    ) -> Result<(Self, Report), OpenError> {
        if is_unmade(storage.as_ref())? {
            let mut first = OPENING.to_vec();
            serde_json::to_writer(&mut first, &Header { version: VERSION, log: new_id.into() })
                .map_err(io::Error::from)?;
            record::seal(&mut first, OPENING.len());
            first.extend_from_slice(CLOSING);
            storage.set_len(0)?;
            storage.write_at(0, &first)?;
            storage.sync()?;
        }
        let scan = scan(storage.as_ref(), replay)?;
        let end = *scan.ends.last().expect("the header has an end");
        let mut report = Report { records: scan.ends.len() as u64 - 1, bytes: scan.len, torn: None };
        if let Some(why) = scan.torn {
            report.torn = Some(cut(storage.as_ref(), end, scan.len, &why)?);
            report.bytes = end + CLOSING.len() as u64;
        }
        if !scan.peaceful {
            write_again(storage.as_ref(), scan.batch, end)?;
        }
        let log = Self {
            storage,
            id: scan.id,
            ends: Arc::new(RwLock::new(scan.ends)),
            end,
            failed: false,
            buffer: Vec::new(),
        };
        Ok((log, report))
    }

    /// Looks at a log without changing it.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub fn check(storage: &dyn Storage, replay: impl FnMut(&Record<'_>)) -> Result<Report, OpenError> {
        if is_unmade(storage)? {
            return Ok(Report::default());
        }
        let scan = scan(storage, replay)?;
        let torn = scan.torn.map(|why| format!("the end was cut short by a crash ({why}); the next start repairs it"));
        Ok(Report { records: scan.ends.len() as u64 - 1, bytes: scan.len, torn })
    }

    /// The identity of a log, by its first lines alone.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub fn identity(storage: &dyn Storage) -> Result<String, OpenError> {
        identity(&mut Lines::new(storage)?)
    }

    fn put_back(&mut self) -> io::Result<()> {
        // In this order: where no room is left, what is overwritten has its room, and what is cut first may lose it.
        self.storage.write_at(self.end, CLOSING)?;
        self.storage.set_len(self.end + CLOSING.len() as u64)?;
        // Or a power cut leaves the beginning of the next batch before the rest of this one, which would fit it.
        self.storage.sync()
    }
}

impl Drop for FileLog {
    /// Leaves the mark of a log that was closed in peace. Without it the next start is as careful as after a crash.
    fn drop(&mut self) {
        if !self.failed && self.storage.write_at(self.end, CLOSED).is_ok() {
            let _ = self.storage.sync();
        }
    }
}

/// Whether the file has no content yet: nothing at all, or the beginning of a first write that a crash cut short.
fn is_unmade(storage: &dyn Storage) -> io::Result<bool> {
    let len = storage.len()?;
    if len >= HEADER_MAX_BYTES as u64 {
        return Ok(false);
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    storage.read_at(0, &mut bytes)?;
    let beginning = b"[\n{\"purpose\":\"parlor_history\"";
    let begins = bytes.iter().zip(beginning).all(|(byte, expected)| byte == expected || *byte == 0);
    let whole = bytes
        .get(OPENING.len()..)
        .and_then(|rest| rest.split(|&b| b == b'\n').next())
        .is_some_and(|line| record::verify(line.strip_suffix(b",").unwrap_or(line)).is_ok());
    Ok(begins && !(whole && bytes.starts_with(OPENING)))
}

/// Makes the last batch durable. A process that was killed, or whose sync failed, leaves a file that reads well and is not
/// on disk, and a sync alone does not help: after one that failed the system takes what it holds for written.
fn write_again(storage: &dyn Storage, batch: u64, end: u64) -> io::Result<()> {
    let mut bytes = vec![0; usize::try_from(end - batch).unwrap_or_default()];
    storage.read_at(batch, &mut bytes)?;
    bytes.extend_from_slice(CLOSING);
    storage.write_at(batch, &bytes)?;
    storage.sync()
}

/// Cuts the file after its last good record, keeping what was there aside.
fn cut(storage: &dyn Storage, end: u64, len: u64, why: &str) -> io::Result<String> {
    let mut tail = vec![0; usize::try_from(len - end).unwrap_or_default()];
    storage.read_at(end, &mut tail)?;
    let kept = if tail.iter().all(|byte| b"\0 \n,]".contains(byte)) {
        String::from("it held no part of a record")
    } else {
        format!("the {} bytes that were there are kept in {}", tail.len(), storage.keep_aside(".torn", &tail)?)
    };
    storage.set_len(end)?;
    storage.write_at(end, CLOSING)?;
    storage.sync()?;
    Ok(format!("the end was cut short by a crash ({why}) and has been repaired; {kept}"))
}

/// Reads every line once, in order.
fn scan(storage: &dyn Storage, mut replay: impl FnMut(&Record<'_>)) -> Result<Scan, OpenError> {
    let peaceful = ends_in_peace(storage)?;
    let mut lines = Lines::new(storage)?;
    let id = identity(&mut lines)?;
    let mut ends = vec![lines.json_end()];
    let mut batch = 0;
    let mut comma = lines.has_comma();
    let mut closed = false;
    let mut bad: Option<(u64, String)> = None;
    while lines.advance()? {
        if let Some((line, why)) = &bad {
            // A whole line that begins a batch comes after the bad one, so the bad one had been synced.
            if !lines.continues_batch() && record::verify(lines.json()).is_ok() {
                return Err(OpenError::Damaged { line: *line, why: why.clone() });
            }
            continue;
        }
        if !comma && !closed && matches!(lines.bytes(), b"]\n" | b"]") {
            closed = true;
            continue;
        }
        if closed && peaceful && lines.bytes() == b"\n" {
            continue;
        }
        // A write that starts at the closing bracket, and of which all but the comma has reached the disk.
        if !comma && !closed && lines.bytes() == b"\n" {
            continue;
        }
        let expected = Seq(ends.len() as u64);
        let record = match Record::parse(lines.json()) {
            _ if closed => Err("it stands after the closing bracket".into()),
            _ if !comma => Err("the line before it does not end with a comma".into()),
            Ok(record) if record.seq() == expected => Ok(record),
            Ok(record) => {
                Err(format!("record {expected} should stand here, and record {} does: a line is missing", record.seq()))
            }
            Err(error) => Err(error.to_string()),
        };
        match record {
            Ok(record) => {
                replay(&record);
                if !lines.continues_batch() {
                    batch = *ends.last().expect("the header has an end");
                }
                ends.push(lines.json_end());
                comma = lines.has_comma();
            }
            Err(why) => bad = Some((lines.number, why)),
        }
    }
    let end = *ends.last().expect("the header has an end");
    let closing = if peaceful { CLOSED } else { CLOSING };
    let torn = match bad {
        Some((line, why)) if peaceful => return Err(OpenError::Damaged { line, why }),
        Some((line, why)) => Some(format!("line {line}: {why}")),
        None if !closed || lines.len != end + closing.len() as u64 => Some("the closing bracket is missing".into()),
        None => None,
    };
    Ok(Scan { id, ends, len: lines.len, batch, peaceful, torn })
}

/// Reads the first two lines.
fn identity(lines: &mut Lines<'_>) -> Result<String, OpenError> {
    if !lines.advance()? || lines.bytes() != OPENING || !lines.advance()? {
        return Err(OpenError::NotALog);
    }
    header(lines.json())
}

fn ends_in_peace(storage: &dyn Storage) -> io::Result<bool> {
    let mut end = [0; CLOSED.len()];
    let Some(start) = storage.len()?.checked_sub(CLOSED.len() as u64) else { return Ok(false) };
    storage.read_at(start, &mut end)?;
    Ok(end == CLOSED)
}

fn header(json: &[u8]) -> Result<String, OpenError> {
    let header: Header = serde_json::from_slice(json).map_err(|_| OpenError::NotALog)?;
    if header.version > VERSION {
        return Err(OpenError::Newer(header.version));
    }
    record::verify(json).map_err(|error| OpenError::Damaged { line: 2, why: error.to_string() })?;
    Ok(header.log)
}

/// The lines of a file, read in pieces. A line longer than a piece comes out as several, none of which is a record.
struct Lines<'a> {
    storage: &'a dyn Storage,
    len: u64,
    buffer: Vec<u8>,
    /// Where in the file the buffer begins.
    base: u64,
    /// The current line within the buffer.
    line: std::ops::Range<usize>,
    /// Its JSON, likewise.
    json: std::ops::Range<usize>,
    /// Its number, from 1.
    number: u64,
}

impl<'a> Lines<'a> {
    fn new(storage: &'a dyn Storage) -> io::Result<Self> {
        Ok(Self { storage, len: storage.len()?, buffer: Vec::new(), base: 0, line: 0..0, json: 0..0, number: 0 })
    }

    /// Goes to the next line; false at the end of the file.
    fn advance(&mut self) -> io::Result<bool> {
        let mut start = self.line.end;
        let newline = |buffer: &[u8]| buffer.iter().position(|&b| b == b'\n').map(|at| at + 1);
        let mut length = newline(&self.buffer[start..]);
        if length.is_none() {
            self.buffer.drain(..start);
            self.base += start as u64;
            start = 0;
            let have = self.buffer.len();
            let rest = self.len - self.base - have as u64;
            let more = usize::try_from(rest).unwrap_or(usize::MAX).min(CHUNK_BYTES.saturating_sub(have));
            self.buffer.resize(have + more, 0);
            self.storage.read_at(self.base + have as u64, &mut self.buffer[have..])?;
            length = newline(&self.buffer);
        }
        self.line = start..length.map_or(self.buffer.len(), |length| start + length);
        self.number += 1;
        self.find_json();
        Ok(!self.line.is_empty())
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    fn continues_batch(&self) -> bool {
        self.bytes().first() == Some(&b' ')
    }

    /// Finds the line's JSON. Behind it stands a comma, or nothing; or, where a write was under way that begins at the
    /// closing bracket, any mixture of that write, the bracket and zeros.
    fn find_json(&mut self) {
        let bytes = &self.buffer[self.line.clone()];
        let start = usize::from(bytes.starts_with(b" "));
        let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let whole = whole.strip_suffix(b",").unwrap_or(whole);
        let end = match record::verify(whole.get(start..).unwrap_or_default()) {
            Ok(()) => whole.len(),
            Err(_) => record::end_of_json(bytes).unwrap_or(whole.len()),
        };
        self.json = self.line.start + start.min(end)..self.line.start + end;
    }

    fn has_comma(&self) -> bool {
        self.buffer[self.json.end..self.line.end].first() == Some(&b',')
    }

    fn json(&self) -> &[u8] {
        &self.buffer[self.json.clone()]
    }

    /// Where in the file the line's JSON ends.
    fn json_end(&self) -> u64 {
        self.base + self.json.end as u64
    }
}

impl Log for FileLog {
    fn id(&self) -> &str {
        &self.id
    }

    fn last(&self) -> Seq {
        Seq(self.ends.read().unwrap_or_else(PoisonError::into_inner).len() as u64 - 1)
    }

    fn append(&mut self, records: &[Bytes]) -> Result<(), AppendError> {
        if self.failed {
            return Err(AppendError::Failed(io::Error::other("an earlier write or sync failed")));
        }
        self.buffer.clear();
        let mut ends = Vec::with_capacity(records.len());
        for (at, json) in records.iter().enumerate() {
            self.buffer.extend_from_slice(if at == 0 { b",\n" } else { b",\n " });
            self.buffer.extend_from_slice(json);
            ends.push(self.end + self.buffer.len() as u64);
        }
        self.buffer.extend_from_slice(CLOSING);
        if let Err(error) = self.storage.write_at(self.end, &self.buffer) {
            let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            // A file that cannot even be cut back is not one to go on writing to.
            self.failed = !full || self.put_back().is_err();
            return Err(if self.failed { AppendError::Failed(error) } else { AppendError::Full(error) });
        }
        if let Err(error) = self.storage.sync() {
            self.failed = true;
            return Err(AppendError::Failed(error));
        }
        if let Some(&end) = ends.last() {
            self.end = end;
        }
        self.ends.write().unwrap_or_else(PoisonError::into_inner).extend(ends);
        Ok(())
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        Arc::new(Reader { storage: Arc::clone(&self.storage), ends: Arc::clone(&self.ends) })
    }
}

struct Reader {
    storage: Arc<dyn Storage>,
    ends: Arc<RwLock<Vec<u64>>>,
}

impl LogReader for Reader {
    fn read(&self, seq: Seq) -> Result<Bytes, ReadError> {
        let (before, end) = {
            let ends = self.ends.read().unwrap_or_else(PoisonError::into_inner);
            let at = usize::try_from(seq.0).unwrap_or(usize::MAX);
            match (at.checked_sub(1).and_then(|at| ends.get(at)), ends.get(at)) {
                (Some(&before), Some(&end)) => (before, end),
                _ => return Err(ReadError::NoSuch(seq)),
            }
        };
        // Between two records stand a comma, a line break and, within a batch, a space.
        let start = before + 2;
        let mut line = vec![0; usize::try_from(end - start).unwrap_or_default()];
        self.storage.read_at(start, &mut line).map_err(|error| ReadError::Io(seq, error))?;
        let line = Bytes::from(line);
        let json = if line.first() == Some(&b' ') { line.slice(1..) } else { line };
        record::verify(&json).map_err(|error| ReadError::Damaged(seq, error))?;
        Ok(json)
    }
}
