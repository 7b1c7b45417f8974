//! The state: a fold over the log, and nothing else.
//!
//! [`State::apply`] is the only way it changes. No clock, no randomness, no I/O: replaying the log gives the same state.
//! Texts stay in the log; the state knows where they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::proto::chat::ChatId;
use crate::proto::ids::{ClientId, DeviceId, Millis, Seq, UserId};
use crate::proto::record::{Message, Read, Record, To, preview};

/// Everything that the log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The place of the last record.
    seq: Seq,
    /// The time of the last record; times never go back.
    at: Millis,
    chats: BTreeMap<ChatId, Chat>,
    chats_of: BTreeMap<UserId, BTreeSet<ChatId>>,
    /// What has reached a device of an account, up to here.
    delivered: BTreeMap<UserId, Seq>,
    /// When an account was last seen.
    seen: BTreeMap<UserId, Millis>,
    /// What each device has sent: the key of idempotence is (account, device, n).
    devices: BTreeMap<UserId, BTreeMap<DeviceId, Device>>,
}

/// The most ranges of unused numbers that are remembered of a device. A number is left out when a send is refused, so
/// a well-behaved device has few. Of what falls out nobody knows any more whether it is stored.
const GAPS_MAX: usize = 64;

/// Which numbers of a device are stored: all up to the newest but for the gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Device {
    newest: LastSend,
    /// First and last number of each range that was left out, rising.
    gaps: Vec<(u64, u64)>,
    /// The end of the last range that fell out of `gaps`.
    forgotten: u64,
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

/// One conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Where its messages are in the log, in order.
    messages: Vec<Entry>,
    /// Who is in it.
    members: Vec<Member>,
    /// The beginning of the last message.
    preview: String,
    /// The time of the last message.
    at: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    seq: Seq,
    from: UserId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    user: UserId,
    read: Seq,
    unread: u32,
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
    /// A checksum of receiver and text, by which a reused number is told from a resend.
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

/// What a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It stands, and those whom it concerns may see it.
    Done,
    /// It lost a race and changed nothing: the same send is already in the log.
    Duplicate,
}

/// A chat as one of its members sees it in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary<'a> {
    /// Which.
    pub chat: ChatId,
    /// The last message's place.
    pub seq: Seq,
    /// The last message's time.
    pub at: Millis,
    /// The last message's author.
    pub from: UserId,
    /// The last message's beginning.
    pub preview: &'a str,
    /// How many messages of others this member has not seen.
    pub unread: u32,
    /// What this member has seen, up to here.
    pub read: Seq,
    /// What has reached a device of the other side, up to here.
    pub their_delivered: Seq,
    /// What the other side has seen, up to here.
    pub their_read: Seq,
}

/// The checksum by which a resend is compared with what is stored.
pub fn body_checksum(to: UserId, text: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&to.0.to_le_bytes());
    hasher.update(text.as_bytes());
    hasher.finalize()
}

impl State {
    /// The place of the last record applied.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The time of the last record applied.
    pub fn at(&self) -> Millis {
        self.at
    }

    /// Takes the next record of the log in.
    pub fn apply(&mut self, record: &Record<'_>) -> Applied {
        self.seq = record.seq();
        self.at = record.at();
        match record {
            Record::Message(message) => self.apply_message(message),
            Record::Read(read) => self.apply_read(read),
            Record::Delivered(delivered) => {
                let marker = self.delivered.entry(delivered.by).or_default();
                *marker = (*marker).max(delivered.upto);
                Applied::Done
            }
            Record::LastSeen(seen) => {
                self.seen.insert(seen.user, seen.at);
                Applied::Done
            }
            _ => Applied::Done,
        }
    }

    /// What has reached a device of an account, up to here.
    pub fn delivered(&self, user: UserId) -> Seq {
        self.delivered.get(&user).copied().unwrap_or_default()
    }

    /// When an account was last seen, if it ever left.
    pub fn last_seen(&self, user: UserId) -> Option<Millis> {
        self.seen.get(&user).copied()
    }

    /// Those who wrote to an account after a place: whom a delivery marker that was there concerns.
    pub fn writers_after(&self, user: UserId, after: Seq) -> Vec<UserId> {
        let chats = self.chats_of.get(&user).into_iter().flatten();
        let news = chats.filter(|&id| self.chats[id].messages.last().is_some_and(|last| last.seq > after));
        news.filter_map(|id| self.chats[id].members.iter().map(|member| member.user).find(|&other| other != user))
            .collect()
    }

    fn apply_message(&mut self, message: &Message<'_>) -> Applied {
        if let Some(id) = &message.client_id {
            // A number that was new when it was checked, and was forgotten since, was not stored in between.
            if matches!(self.known(message.from, id), Known::Newest(_) | Known::Older) {
                return Applied::Duplicate;
            }
            let To::Person(to, _) = message.to else { return Applied::Done };
            let body = body_checksum(to, &message.message);
            let last = LastSend { n: id.n, seq: message.seq, at: message.at, body };
            let devices = self.devices.entry(message.from).or_default();
            match devices.get_mut(&id.device) {
                Some(device) => device.store(last),
                None => {
                    let none = LastSend { n: 0, ..last };
                    let mut device = Device { newest: none, gaps: Vec::new(), forgotten: 0 };
                    device.store(last);
                    devices.insert(id.device.clone(), device);
                }
            }
        }
        let id = message.chat();
        let chat = self.chats.entry(id).or_insert_with(|| {
            let ChatId::Direct(low, high) = id else { unreachable!() };
            let users = if low == high { vec![low] } else { vec![low, high] };
            for &user in &users {
                self.chats_of.entry(user).or_default().insert(id);
            }
            let member = |user| Member { user, read: Seq(0), unread: 0 };
            Chat {
                messages: Vec::new(),
                members: users.into_iter().map(member).collect(),
                preview: String::new(),
                at: Millis(0),
            }
        });
        chat.messages.push(Entry { seq: message.seq, from: message.from });
        chat.at = message.at;
        chat.preview.clear();
        chat.preview.push_str(preview(&message.message));
        for member in &mut chat.members {
            if member.user != message.from {
                member.unread = member.unread.saturating_add(1);
            }
        }
        Applied::Done
    }

    /// Moves a marker forward; one that would move it back changes nothing. Costs what was newly read.
    fn apply_read(&mut self, read: &Read) -> Applied {
        if let Some(chat) = self.chats.get_mut(&read.chat.id_for(read.by))
            && let Some(member) = chat.members.iter_mut().find(|member| member.user == read.by)
            && read.upto > member.read
        {
            let first = chat.messages.partition_point(|entry| entry.seq <= member.read);
            let newly = chat.messages[first..].iter().take_while(|entry| entry.seq <= read.upto);
            let count = newly.filter(|entry| entry.from != read.by).count();
            member.unread = member.unread.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
            member.read = read.upto;
        }
        Applied::Done
    }

    /// What is stored under a `client_id` of that account.
    pub fn known(&self, user: UserId, id: &ClientId) -> Known {
        match self.devices.get(&user).and_then(|devices| devices.get(&id.device)) {
            Some(device) if id.n == device.newest.n => Known::Newest(device.newest),
            Some(device) if id.n <= device.forgotten => Known::Forgotten,
            Some(device) if id.n < device.newest.n && device.gap_of(id.n).is_none() => Known::Older,
            _ => Known::New,
        }
    }

    /// The chats of an account, by identity.
    pub fn summaries(&self, user: UserId) -> impl Iterator<Item = Summary<'_>> {
        self.chats_of.get(&user).into_iter().flatten().filter_map(move |&id| self.summary(user, id))
    }

    /// One chat of an account.
    pub fn summary(&self, user: UserId, id: ChatId) -> Option<Summary<'_>> {
        let chat = self.chats.get(&id)?;
        let last = chat.messages.last()?;
        let member = chat.members.iter().find(|member| member.user == user)?;
        let other = chat.members.iter().find(|member| member.user != user).unwrap_or(member);
        Some(Summary {
            chat: id,
            seq: last.seq,
            at: chat.at,
            from: last.from,
            preview: &chat.preview,
            unread: member.unread,
            read: member.read,
            their_delivered: self.delivered(other.user).max(other.read),
            their_read: other.read,
        })
    }

    /// The last `limit` messages of a chat before a place, in order, and whether none stand before them.
    pub fn page(&self, chat: ChatId, before: Option<Seq>, limit: usize) -> (Vec<Seq>, bool) {
        let Some(chat) = self.chats.get(&chat) else { return (Vec::new(), true) };
        let end = before.map_or(chat.messages.len(), |before| chat.messages.partition_point(|e| e.seq < before));
        let start = end.saturating_sub(limit);
        (chat.messages[start..end].iter().map(|entry| entry.seq).collect(), start == 0)
    }

    /// How many messages that an account may see stand after a place; counts no further than `most`.
    pub fn count_after(&self, user: UserId, after: Seq, most: usize) -> usize {
        let mut count = 0;
        for id in self.chats_of.get(&user).into_iter().flatten() {
            let messages = &self.chats[id].messages;
            count += messages.len() - messages.partition_point(|entry| entry.seq <= after);
            if count >= most {
                return most;
            }
        }
        count
    }

    /// The first `limit` messages after a place that an account may see, in order.
    pub fn after(&self, user: UserId, after: Seq, limit: usize) -> Vec<Seq> {
        let mut found = Vec::new();
        for id in self.chats_of.get(&user).into_iter().flatten() {
            let messages = &self.chats[id].messages;
            let first = messages.partition_point(|entry| entry.seq <= after);
            found.extend(messages[first..].iter().take(limit).map(|entry| entry.seq));
        }
        found.sort_unstable();
        found.truncate(limit);
        found
    }

    /// Counts for people: chats and messages.
    pub fn counts(&self) -> (usize, usize) {
        (self.chats.len(), self.chats.values().map(|chat| chat.messages.len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64, from: u32, to: u32, client_id: Option<&str>) -> Record<'static> {
        Record::Message(Message {
            seq: Seq(seq),
            at: Millis(1000 + i64::try_from(seq).unwrap()),
            from: UserId(from),
            to: UserId(to),
            from_user: "x".into(),
            to_user: "y".into(),
            client_id: client_id.map(|id| id.parse().unwrap()),
            message: format!("message {seq}").into(),
        })
    }

    fn read(seq: u64, by: u32, with: u32, upto: u64) -> Record<'static> {
        Record::Read(Read { seq: Seq(seq), at: Millis(1), by: UserId(by), with: UserId(with), upto: Seq(upto) })
    }

    fn state(records: &[Record<'_>]) -> State {
        let mut state = State::default();
        for record in records {
            state.apply(record);
        }
        state
    }

    fn unread(state: &State, user: u32) -> Vec<u32> {
        state.summaries(UserId(user)).map(|summary| summary.unread).collect()
    }

    #[test]
    fn unread_counts_follow_messages_and_markers() {
        let mut state =
            state(&[message(1, 1, 2, None), message(2, 2, 1, None), message(3, 1, 2, None), message(4, 1, 2, None)]);
        assert_eq!((unread(&state, 1), unread(&state, 2)), (vec![1], vec![3]));
        state.apply(&read(5, 2, 1, 3));
        assert_eq!(unread(&state, 2), vec![1]);
        state.apply(&read(6, 2, 1, 1));
        assert_eq!(unread(&state, 2), vec![1], "a marker never goes back");
        state.apply(&read(7, 2, 1, 4));
        assert_eq!((unread(&state, 1), unread(&state, 2)), (vec![1], vec![0]));
        state.apply(&read(8, 3, 1, 4));
        assert_eq!(unread(&state, 1), vec![1], "a stranger's marker is nobody's");
    }

    #[test]
    fn a_resend_is_a_no_op_even_if_it_reached_the_log() {
        let once = [message(1, 1, 2, Some("d:1")), message(2, 1, 2, Some("d:2"))];
        let mut state = state(&once);
        assert_eq!(state.apply(&message(3, 1, 2, Some("d:2"))), Applied::Duplicate);
        assert_eq!(state.apply(&message(4, 1, 2, Some("d:1"))), Applied::Duplicate);
        assert_eq!(state.counts(), (1, 2));
        assert_eq!(state.apply(&message(5, 2, 1, Some("d:1"))), Applied::Done, "another account's device");
        assert_eq!(state.apply(&message(6, 1, 2, Some("e:1"))), Applied::Done, "another device");
        assert_eq!(state.known(UserId(1), &"d:1".parse().unwrap()), Known::Older);
        assert!(matches!(state.known(UserId(1), &"d:2".parse().unwrap()), Known::Newest(last) if last.seq == Seq(2)));
    }

    #[test]
    fn a_number_that_was_left_out_can_still_be_sent_once() {
        let mut state = state(&[message(1, 1, 2, Some("d:1")), message(2, 1, 2, Some("d:5"))]);
        let known = |state: &State, n: u64| state.known(UserId(1), &format!("d:{n}").parse().unwrap());
        assert_eq!((known(&state, 3), known(&state, 1)), (Known::New, Known::Older));
        assert_eq!(state.apply(&message(3, 1, 2, Some("d:3"))), Applied::Done);
        assert_eq!([2, 3, 4].map(|n| known(&state, n)), [Known::New, Known::Older, Known::New]);
        assert_eq!(state.apply(&message(4, 1, 2, Some("d:3"))), Applied::Duplicate);
        state.apply(&message(5, 1, 2, Some("d:2")));
        state.apply(&message(6, 1, 2, Some("d:4")));
        assert_eq!([1, 2, 3, 4].map(|n| known(&state, n)), [Known::Older; 4]);
    }

    #[test]
    fn a_number_too_old_to_tell_is_never_taken_for_stored() {
        let mut state = State::default();
        for n in 1..=70 {
            state.apply(&message(n, 1, 2, Some(&format!("d:{}", 2 * n))));
        }
        let known = |n: u64| state.known(UserId(1), &format!("d:{n}").parse().unwrap());
        assert_eq!([1, 2, 11].map(known), [Known::Forgotten; 3]);
        assert_eq!([13, 14, 139].map(known), [Known::New, Known::Older, Known::New]);
    }

    #[test]
    fn pages_walk_back_to_the_beginning() {
        let records: Vec<_> = (1..=10).map(|seq| message(seq, 1 + u32::from(seq % 3 == 0), 4, None)).collect();
        let state = state(&records);
        let chat = ChatId::direct(UserId(1), UserId(4));
        let seqs = |page: &[Seq]| page.iter().map(|seq| seq.0).collect::<Vec<_>>();
        let (page, complete) = state.page(chat, None, 4);
        assert_eq!((seqs(&page), complete), (vec![5, 7, 8, 10], false));
        let (page, complete) = state.page(chat, Some(Seq(5)), 4);
        assert_eq!((seqs(&page), complete), (vec![1, 2, 4], true));
        assert_eq!(state.page(ChatId::direct(UserId(1), UserId(9)), None, 4), (vec![], true));
    }

    #[test]
    fn what_an_account_missed_is_what_it_may_see_in_order() {
        let state =
            state(&[message(1, 1, 2, None), message(2, 3, 2, None), message(3, 1, 3, None), message(4, 2, 1, None)]);
        let seqs =
            |user, after, limit| state.after(UserId(user), Seq(after), limit).iter().map(|s| s.0).collect::<Vec<_>>();
        assert_eq!(seqs(2, 0, 10), vec![1, 2, 4]);
        assert_eq!(seqs(2, 1, 10), vec![2, 4]);
        assert_eq!(seqs(1, 0, 2), vec![1, 3]);
        assert!(seqs(9, 0, 10).is_empty());
        assert_eq!(state.count_after(UserId(2), Seq(0), 10), 3);
        assert_eq!(state.count_after(UserId(2), Seq(0), 2), 2);
    }
}
