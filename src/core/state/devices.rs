//! Which sends are stored: the key of idempotence is (account, device, n), rebuilt from the log.

use std::collections::BTreeMap;

use crate::proto::attachment::Attachment;
use crate::proto::chat::{Change, ChatKey};
use crate::proto::ids::{ClientId, DeviceId, Millis, Seq, UserId};
use crate::proto::record::To;

/// The most ranges of unused numbers that are remembered of a device. A number is left out when a send is refused, so
/// a well-behaved device has few. Of what falls out nobody knows any more whether it is stored.
const GAPS_MAX: usize = 64;

/// What each device of each account has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices(BTreeMap<UserId, BTreeMap<DeviceId, Device>>);

/// Which numbers of a device are stored: all up to the newest but for the gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Device {
    newest: LastSend,
    /// First and last number of each range that was left out, rising.
    gaps: Vec<(u64, u64)>,
    /// The end of the last range that fell out of `gaps`.
    forgotten: u64,
}

/// The newest send of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSend {
    /// Its number.
    pub n: u64,
    /// Its place in the log.
    pub seq: Seq,
    /// Its time.
    pub at: Millis,
    /// A checksum of what was sent, by which a reused number is told from a resend.
    pub body: u32,
}

/// What the state knows of a `client_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is new.
    New,
    /// It is the device's newest send.
    Newest(LastSend),
    /// It is older than the device's newest send, and stored.
    Older,
    /// It is so old that nobody knows whether it is stored.
    Forgotten,
}

/// What a send says, as far as a resend must say the same.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// A text for a chat, the message that it answers, and the file that goes with it.
    Message(&'a To<'a>, &'a str, Option<Seq>, Option<&'a Attachment>),
    /// A text for several people. Whoever of them is gone by the time of a resend makes no difference.
    Many(&'a str, Option<&'a Attachment>),
    /// Another text for a message of a chat, or none.
    Revised(ChatKey, Seq, Option<&'a str>),
    /// A change of a group.
    Group(&'a Change),
}

/// What tells a file from another one.
fn file(attachment: Option<&Attachment>) -> [u8; 16] {
    attachment.map_or([0; 16], |attachment| attachment.file.0.to_le_bytes())
}

impl Body<'_> {
    /// The checksum by which a resend is compared with what is stored.
    pub fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        match self {
            Self::Message(to, text, reply_to, attachment) => {
                let (kind, number) = match to {
                    To::Person(to, _) => (0, u64::from(to.0)),
                    To::Group(group) => (1, group.0),
                    To::Everyone => (2, 0),
                };
                hasher.update(&[kind]);
                hasher.update(&number.to_le_bytes());
                hasher.update(text.as_bytes());
                hasher.update(&reply_to.map_or(0, |seq| seq.0).to_le_bytes());
                hasher.update(&file(*attachment));
            }
            Self::Many(text, attachment) => {
                hasher.update(&[3]);
                hasher.update(text.as_bytes());
                hasher.update(&file(*attachment));
            }
            Self::Revised(chat, seq, text) => {
                hasher.update(&[5, u8::from(text.is_some())]);
                hasher.update(&serde_json::to_vec(chat).expect("a chat has string keys"));
                hasher.update(&seq.0.to_le_bytes());
                hasher.update(text.unwrap_or_default().as_bytes());
            }
            Self::Group(change) => {
                hasher.update(&[4]);
                hasher.update(&serde_json::to_vec(change).expect("a change has string keys"));
            }
        }
        hasher.finalize()
    }
}

impl Devices {
    /// What is stored under a `client_id` of that account.
    pub fn known(&self, user: UserId, id: &ClientId) -> Known {
        match self.0.get(&user).and_then(|devices| devices.get(&id.device)) {
            Some(device) if id.n == device.newest.n => Known::Newest(device.newest),
            Some(device) if id.n <= device.forgotten => Known::Forgotten,
            Some(device) if id.n < device.newest.n && device.gap_of(id.n).is_none() => Known::Older,
            _ => Known::New,
        }
    }

    /// A send is stored.
    pub fn store(&mut self, user: UserId, device: &DeviceId, send: LastSend) {
        let devices = self.0.entry(user).or_default();
        match devices.get_mut(device) {
            Some(device) => device.store(send),
            None => {
                let none = LastSend { n: 0, ..send };
                let mut new = Device { newest: none, gaps: Vec::new(), forgotten: 0 };
                new.store(send);
                devices.insert(device.clone(), new);
            }
        }
    }
}

impl Device {
    fn store(&mut self, send: LastSend) {
        if send.n > self.newest.n {
            if send.n > self.newest.n + 1 {
                self.gaps.push((self.newest.n + 1, send.n - 1));
            }
            self.newest = send;
        } else if let Some(at) = self.gap_of(send.n) {
            let (first, last) = self.gaps.remove(at);
            let left = (first, send.n - 1);
            let right = (send.n + 1, last);
            self.gaps.splice(at..at, [left, right].into_iter().filter(|(first, last)| first <= last));
        }
        if self.gaps.len() > GAPS_MAX {
            self.forgotten = self.gaps.remove(0).1;
        }
    }

    fn gap_of(&self, n: u64) -> Option<usize> {
        self.gaps.iter().position(|&(first, last)| (first..=last).contains(&n))
    }
}
