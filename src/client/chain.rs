//! Lines that prove themselves, in a pair of files: what a window keeps beside its unsent messages.
//!
//! A line begins with a checksum that goes on from the one of the line before it, and with its length:
//!
//! ```text
//! 5b3dc1b4 00000017 m[{"with":2},[...]]
//! ```
//!
//! So whatever is cut off, damaged, missing or out of place, what stands before it is still known to be whole and in
//! order, and nothing behind it is taken. Some lines are commits: a file counts up to its last one. To be written anew,
//! the other file of the pair gets a higher number in its first line and everything up to a commit; only then is the old
//! one emptied. A program that ends at any instant leaves one file that counts.

use std::io;
use std::sync::Arc;

use serde::Serialize;

use crate::log::storage::Storage;

/// The two files, of which one counts.
pub type Pair = [Arc<dyn Storage>; 2];

/// Two times eight hexadecimal digits and a space.
const PREFIX_BYTES: usize = 18;

/// The kind of the first line of a file: its number.
const NUMBER: u8 = b'#';

/// The bytes that the first line never exceeds.
const FIRST_LINE_MAX_BYTES: u64 = 64;

/// Where a line is in its file, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says is for whoever wrote it.
    pub kind: u8,
    /// Where its JSON begins.
    at: u64,
    /// How long the JSON is.
    pub len: usize,
    /// The checksum of all before it.
    before: u32,
    /// The checksum of all up to its end.
    sum: u32,
}

impl Line {
    /// The line that begins there, after lines of that checksum; nothing if it is not whole.
    fn of(bytes: &[u8], start: usize, before: u32) -> Option<Self> {
        let (prefix, rest) = bytes.get(start..)?.split_at_checked(PREFIX_BYTES)?;
        let number = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let (sum, len) = (number(prefix.get(..8)?)?, usize::try_from(number(prefix.get(9..17)?)?).ok()?);
        let body = rest.get(..len)?;
        let whole = rest.get(len) == Some(&b'\n') && checksum(before, body) == sum;
        let kind = *body.first().filter(|_| whole)?;
        Some(Self { kind, at: (start + PREFIX_BYTES + 1) as u64, len: len - 1, before, sum })
    }

    /// Where the next line begins.
    fn end(&self) -> u64 {
        self.at + self.len as u64 + 1
    }

    /// How many bytes of its file it takes.
    pub fn size(&self) -> u64 {
        (PREFIX_BYTES + self.len + 2) as u64
    }
}

fn checksum(before: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(body);
    hasher.finalize()
}

/// What a file says, up to its last commit.
pub struct Content {
    bytes: Vec<u8>,
    /// Its lines in order, without the number.
    pub lines: Vec<Line>,
}

impl Content {
    /// The JSON of one of its lines.
    pub fn json(&self, line: &Line) -> &[u8] {
        usize::try_from(line.at).ok().and_then(|at| self.bytes.get(at..at + line.len)).unwrap_or_default()
    }
}

/// The file of a pair that counts, and where it goes on.
#[derive(Clone)]
pub struct Chain {
    files: Pair,
    at: usize,
    number: u64,
    end: u64,
    sum: u32,
}

impl Chain {
    /// Reads the file that counts and cuts it behind its last commit. Without content there is none that does, or it is
    /// longer than `bytes_max`: then the chain is good for a [`Chain::successor`] alone.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn open(files: &Pair, commit: u8, bytes_max: u64) -> io::Result<(Self, Option<Content>)> {
        let numbers = [number_of(files[0].as_ref())?, number_of(files[1].as_ref())?];
        let newest = usize::from(numbers[1] > numbers[0]);
        let number = numbers[newest].unwrap_or(0);
        let files = files.clone();
        for at in [newest, 1 - newest] {
            let file = files[at].as_ref();
            let length = file.len()?;
            if numbers[at].is_none() || length > bytes_max {
                continue;
            }
            let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_at(0, &mut bytes)?;
            let (mut start, mut sum, mut lines, mut counts) = (0, 0, Vec::new(), 0);
            while let Some(line) = Line::of(&bytes, start, sum) {
                (start, sum) = (usize::try_from(line.end()).map_err(io::Error::other)?, line.sum);
                lines.push(line);
                if line.kind == commit {
                    counts = lines.len();
                }
            }
            lines.truncate(counts);
            let Some(last) = lines.last() else { continue };
            let (end, sum) = (last.end(), last.sum);
            if end < length {
                file.set_len(end)?;
            }
            lines.remove(0);
            // A program that ended while it wrote the other one, or before it emptied it.
            files[1 - at].set_len(0)?;
            return Ok((Self { files, at, number, end, sum }, Some(Content { bytes, lines })));
        }
        Ok((Self { files, at: newest, number, end: 0, sum: 0 }, None))
    }

    /// How long the file that counts is, in bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Lines that will go behind the last one.
    pub fn batch(&self) -> Batch {
        Batch { bytes: Vec::new(), start: self.end, sum: self.sum }
    }

    /// Writes a batch that was begun after the last one.
    ///
    /// # Errors
    /// Those of the storage; what is in the file up to its last commit still counts.
    pub fn append(&mut self, batch: Batch) -> io::Result<()> {
        self.files[self.at].write_at(self.end, &batch.bytes)?;
        (self.end, self.sum) = (self.end + batch.bytes.len() as u64, batch.sum);
        Ok(())
    }

    /// The JSON of a line of this file.
    ///
    /// # Errors
    /// Those of the storage, and when it is not what was written.
    pub fn read(&self, line: &Line) -> io::Result<Vec<u8>> {
        let mut body = vec![0; line.len + 1];
        self.files[self.at].read_at(line.at - 1, &mut body)?;
        if checksum(line.before, &body) != line.sum {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is not what was written"));
        }
        body.remove(0);
        Ok(body)
    }

    /// The other file, empty but for its number. It counts from its first commit on.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn successor(&self) -> io::Result<Self> {
        let (at, number) = (1 - self.at, self.number.saturating_add(1));
        let mut next = Self { files: self.files.clone(), at, number, end: 0, sum: 0 };
        next.files[at].set_len(0)?;
        let mut batch = next.batch();
        batch.put(NUMBER, &number);
        next.append(batch)?;
        Ok(next)
    }

    /// Goes on with the other file, which has everything up to a commit.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn succeed(&mut self, next: Self) -> io::Result<()> {
        // Without this a power cut could leave neither.
        next.files[next.at].sync()?;
        self.files[self.at].set_len(0)?;
        *self = next;
        Ok(())
    }
}

/// Lines on their way to the file.
pub struct Batch {
    bytes: Vec<u8>,
    start: u64,
    sum: u32,
}

impl Batch {
    /// Adds a line.
    pub fn put(&mut self, kind: u8, value: &impl Serialize) -> Line {
        self.line(kind, |bytes| {
            serde_json::to_writer(bytes, value).expect("a line has string keys and a Vec takes every byte");
        })
    }

    /// Adds a line whose JSON is there already.
    pub fn put_json(&mut self, kind: u8, json: &[u8]) -> Line {
        self.line(kind, |bytes| bytes.extend_from_slice(json))
    }

    fn line(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>)) -> Line {
        let (start, before) = (self.bytes.len(), self.sum);
        self.bytes.extend_from_slice(&[b' '; PREFIX_BYTES]);
        self.bytes.push(kind);
        write(&mut self.bytes);
        let (head, body) = self.bytes[start..].split_at_mut(PREFIX_BYTES);
        self.sum = checksum(before, body);
        head.copy_from_slice(format!("{:08x} {:08x} ", self.sum, body.len()).as_bytes());
        let len = body.len() - 1;
        self.bytes.push(b'\n');
        let at = self.start + (start + PREFIX_BYTES + 1) as u64;
        Line { kind, at, len, before, sum: self.sum }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// The number in the first line of a file.
fn number_of(file: &dyn Storage) -> io::Result<Option<u64>> {
    let mut bytes = vec![0; usize::try_from(file.len()?.min(FIRST_LINE_MAX_BYTES)).unwrap_or(0)];
    file.read_at(0, &mut bytes)?;
    let line = Line::of(&bytes, 0, 0).filter(|line| line.kind == NUMBER);
    Ok(line.and_then(|line| serde_json::from_slice(bytes.get(PREFIX_BYTES + 1..)?.get(..line.len)?).ok()))
}
