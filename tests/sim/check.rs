//! The checkers. They know what left the server, what reached devices and what is on the disk, and nothing of what
//! people meant to do: a fold of their own over the lines of the disk says what may be.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use parlor::core::state::{Applied, State};
use parlor::proto::chat::{ChatId, ChatKey};
use parlor::proto::event::{Event, Sent};
use parlor::proto::ids::{Seq, UserId};
use parlor::proto::record::{Message, Record, json_of_frame, verify};

use super::disk::Disk;
use crate::agree::goes_back;

/// What went out on one connection.
#[derive(Debug, Default)]
struct Session {
    /// The name of the device, by which it numbers what it sends.
    device: String,
    user: Option<UserId>,
    /// The place of the last record that came live or was caught up with.
    last: Seq,
    /// The chats that have been shown that record.
    parts: BTreeSet<ChatId>,
}

#[derive(Default)]
pub struct Check {
    /// The first thing that was wrong.
    failure: Option<String>,
    /// The lines of the disk, as far as the server has applied them.
    pub lines: Vec<Bytes>,
    /// Where in the file the last of them ends.
    end: usize,
    /// Their fold, up to where what leaves the server is being looked at.
    fold: State,
    /// What a whole round of the server has made of it.
    head: State,
    /// Where each numbered send stands.
    stored: BTreeMap<(UserId, String), Seq>,
    /// Who was in the chat that the record at the end of the fold has changed.
    before: BTreeSet<UserId>,
    sessions: BTreeMap<u64, Session>,
    /// The newest record that has reached a device of somebody, anywhere and in each chat.
    got: BTreeMap<UserId, Seq>,
    shown: BTreeMap<(UserId, ChatId), Seq>,
    /// The disk failed here: nothing further lasts before a restart.
    limit: Option<Seq>,
    /// How many promises were made, and how many frames looked at.
    pub promises: u64,
    pub frames: u64,
}

impl Check {
    pub fn fail(&mut self, what: String) {
        self.failure.get_or_insert(what);
    }

    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The fold of everything that the server has applied.
    pub fn head(&self) -> &State {
        &self.head
    }

    /// A device begins to log in.
    pub fn connects(&mut self, link: u64, device: &str) {
        self.sessions.insert(link, Session { device: device.into(), ..Session::default() });
    }

    /// The server has read its disk: what was applied before is there still, and what it has read now lasts.
    pub fn started(&mut self, state: &State, disk: &Disk) {
        let old = std::mem::take(&mut self.lines);
        (self.end, self.limit) = (0, None);
        disk.durable(|bytes| self.read(bytes, state.seq()));
        if self.lines.len() as u64 != state.seq().0 {
            self.fail(format!("{} records were read, and {} last", state.seq(), self.lines.len()));
        } else if !self.lines.starts_with(&old) {
            let at = self.lines.iter().zip(&old).take_while(|(new, old)| new == old).count();
            self.fail(format!("of {} records that were applied, {at} are there after a restart", old.len()));
        }
        self.advance(state.seq());
        if self.fold != *state {
            self.fail("what was replayed is not what the log says".into());
        }
        self.head = self.fold.clone();
    }

    /// The disk failed when it was to take what comes after this place.
    pub fn storage_failed(&mut self, last: Seq) {
        self.limit.get_or_insert(last);
    }

    /// The server has applied the log up to here: so far it must last.
    pub fn applied(&mut self, state: &State, disk: &Disk) {
        if self.failure.is_some() {
            return;
        }
        if self.limit.is_some_and(|limit| state.seq() > limit) {
            self.fail(format!("record {} is applied after the disk failed", state.seq()));
        }
        if state.seq().0 as usize > self.lines.len() {
            disk.durable(|bytes| self.read(bytes, state.seq()));
            if (self.lines.len() as u64) < state.seq().0 {
                self.fail(format!("record {} is applied, and {} last", state.seq(), self.lines.len()));
            }
            let mut head = std::mem::take(&mut self.head);
            for line in &self.lines[head.seq().0 as usize..] {
                head.apply(&Record::parse(line).unwrap());
            }
            self.head = head;
        }
    }

    /// What leaves the server now is what follows from its whole state.
    pub fn round_over(&mut self, state: &State) {
        self.advance(state.seq());
    }

    /// Everything again, from the first line on.
    pub fn at_rest(&mut self, state: &State, disk: &Disk) {
        self.started(state, disk);
        let mut times = BTreeMap::new();
        let mut fold = State::default();
        let mut stored = BTreeMap::new();
        for (index, line) in self.lines.clone().iter().enumerate() {
            let record = Record::parse(line).unwrap();
            if record.seq().0 != index as u64 + 1 {
                self.fail(format!("record {} comes at place {}", record.seq(), index + 1));
            }
            let applied = fold.apply(&record);
            // What lost a race is shown to nobody.
            if applied == Applied::Done && goes_back(&mut times, &record) {
                self.fail(format!("record {} goes back in time within its chat", record.seq()));
            }
            if let Some((user, id)) = record.send()
                && applied == Applied::Done
                && stored.insert((user, id.to_string()), record.seq()).is_some()
            {
                self.fail(format!("{user:?} has {id} in the log twice"));
            }
        }
        if fold != *state || stored != self.stored {
            self.fail("what lives is not what is replayed".into());
        }
    }

    /// Reads further lines of the file, up to a place.
    fn read(&mut self, bytes: &[u8], upto: Seq) {
        if self.end == 0 {
            let header = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1);
            let Some((end, _)) = header else { return self.fail("the file has no header".into()) };
            self.end = if bytes[end - 1] == b',' { end - 1 } else { end };
        }
        while (self.lines.len() as u64) < upto.0 {
            let Some(rest) = bytes.get(self.end..).and_then(|rest| rest.strip_prefix(b",\n")) else { return };
            let json = rest.strip_prefix(b" ").unwrap_or(rest);
            let space = rest.len() - json.len();
            let Some(len) = json.iter().position(|byte| b"\n\0".contains(byte)) else { return };
            // Behind it stands a comma, or what a write that was torn has left of the closing bracket.
            let json = json[..len].trim_ascii_end();
            let json = json.strip_suffix(b",]").or(json.strip_suffix(b",")).unwrap_or(json);
            if verify(json).is_err() {
                return;
            }
            self.end += 2 + space + json.len();
            self.lines.push(Bytes::copy_from_slice(json));
        }
    }

    /// Folds the lines up to a place, and looks at what each of them claims.
    fn advance(&mut self, upto: Seq) {
        while self.fold.seq() < upto && self.failure.is_none() {
            let Some(line) = self.lines.get(self.fold.seq().0 as usize).cloned() else {
                return self.fail(format!("record {upto} is shown, and {} last", self.lines.len()));
            };
            let record = match Record::parse(&line) {
                Ok(record) if record.seq() == self.fold.seq().next() => record,
                other => return self.fail(format!("{other:?} stands after {}", self.fold.seq())),
            };
            match &record {
                Record::Delivered(it) => self.reached(it.by, it.upto, "a delivery marker"),
                Record::Read(it) => self.was_shown(it.by, it.chat.id_for(it.by), it.upto, "a read marker"),
                _ => {}
            }
            self.before.clear();
            if let Record::Group(change) = &record {
                self.before.extend(self.fold.group(change.group).iter().flat_map(|group| &group.members));
            }
            if self.fold.apply(&record) == Applied::Done
                && let Some((user, id)) = record.send()
                && let Some(first) = self.stored.insert((user, id.to_string()), record.seq())
            {
                self.fail(format!("{user:?} has {id} in the log at {first} and at {}", record.seq()));
            }
        }
    }

    fn reached(&mut self, user: UserId, upto: Seq, what: &str) {
        let got = self.got.get(&user).copied().unwrap_or_default();
        if upto > got {
            self.fail(format!("{what} says that {user:?} has received {upto}, and {got} has come"));
        }
    }

    fn was_shown(&mut self, user: UserId, chat: ChatId, upto: Seq, what: &str) {
        let shown = self.shown.get(&(user, chat)).copied().unwrap_or_default();
        if upto > shown {
            self.fail(format!("{what} says that {user:?} has read {chat:?} up to {upto}, and {shown} has come"));
        }
    }

    /// A frame leaves the server.
    pub fn leaves(&mut self, link: u64, frame: &Bytes) {
        self.frames += 1;
        let Some(mut session) = self.sessions.remove(&link) else { return };
        match Event::parse(json_of_frame(frame)) {
            Ok(event) => self.leaves_in(&mut session, &event, json_of_frame(frame)),
            Err(error) => self.fail(format!("the server says what no client understands: {error}")),
        }
        self.sessions.insert(link, session);
    }

    fn leaves_in(&mut self, session: &mut Session, event: &Event<'_>, json: &[u8]) {
        if let Event::Login(Ok(welcome)) = event {
            session.user = Some(welcome.user);
        }
        let Some(user) = session.user else { return };
        match event {
            Event::Sent(Some(n), Ok(sent)) => self.promised(session, user, *n, sent.seq, sent.duplicate),
            Event::GroupReply(Some(n), Ok(reply)) => {
                let made = reply.group.map(|group| Seq(group.0));
                self.promised(session, user, *n, made, true);
            }
            Event::Message(message) => {
                self.follows(session, message.seq, Some(message.chat()));
                self.is_line(message.seq, json);
                self.sees(user, message.chat(), message.seq);
            }
            Event::Edited(it) => self.revised(session, user, it.seq, it.chat.id_for(it.by), it.message_seq, json),
            Event::Deleted(it) => self.revised(session, user, it.seq, it.chat.id_for(it.by), it.message_seq, json),
            Event::Group(change) => {
                let chat = ChatId::Group(change.group);
                self.follows(session, change.seq, Some(chat));
                self.is_line(change.seq, json);
                // Who is removed sees that they are.
                if self.fold.seq() != change.seq || !self.before.contains(&user) {
                    self.sees(user, chat, change.seq);
                }
            }
            Event::Read(read) => {
                self.follows(session, read.seq, None);
                self.is_line(read.seq, json);
                let told = self.fold.read_receipts(user) && self.fold.read_receipts(read.by);
                if read.by != user && !(told && self.fold.is_in(user, read.chat.id_for(read.by))) {
                    self.fail(format!("{user:?} is told of {read:?}"));
                }
            }
            Event::Delivered(delivered) => {
                self.follows(session, delivered.seq, None);
                self.is_line(delivered.seq, json);
            }
            Event::Muted(setting) if setting.by == user => self.follows(session, setting.seq, None),
            Event::ReadReceipts(setting) if setting.by == user => {}
            Event::Muted(_) | Event::ReadReceipts(_) => self.fail(format!("{user:?} is told of another's setting")),
            Event::History(_, Ok(page)) => {
                let chat = page.chat.id_for(user);
                let mut last = Seq(0);
                for record in &page.records {
                    if record.seq() <= last {
                        self.fail(format!("a page has {} after {last}", record.seq()));
                    }
                    last = record.seq();
                    self.sees(user, chat, last);
                }
            }
            Event::Chats(chats) => {
                for entry in &chats.chats {
                    let chat = entry.chat.id_for(user);
                    self.sees(user, chat, entry.seq);
                    if let ChatKey::Person(with) = entry.chat {
                        self.reached(with, entry.their_delivered.unwrap_or_default(), "the list of chats");
                        self.was_shown(with, chat, entry.their_read.unwrap_or_default(), "the list of chats");
                    }
                }
            }
            Event::Groups(groups) => groups.groups.iter().for_each(|it| self.is_in(user, ChatId::Group(it.group))),
            Event::Cursors(cursors) => {
                let chat = cursors.chat.id_for(user);
                self.is_in(user, chat);
                for cursor in &cursors.cursors {
                    self.reached(cursor.user, cursor.delivered, "a cursor");
                    self.was_shown(cursor.user, chat, cursor.read, "a cursor");
                }
            }
            Event::Receipts(Ok(receipts)) => {
                let chat = receipts.chat.id_for(user);
                self.is_in(user, chat);
                receipts.delivered.iter().for_each(|it| self.reached(it.user, receipts.seq, "a receipt"));
                receipts.read.iter().for_each(|it| self.was_shown(it.user, chat, receipts.seq, "a receipt"));
            }
            Event::Typing(typing) => {
                let key = typing.chat();
                let chat = if key.is_room() { key.id_for(user) } else { ChatId::direct(typing.from, user) };
                self.is_in(user, chat);
            }
            _ => {}
        }
    }

    /// A change of a message is told to those who may see the message.
    fn revised(&mut self, session: &mut Session, user: UserId, seq: Seq, chat: ChatId, message: Seq, json: &[u8]) {
        self.follows(session, seq, None);
        self.is_line(seq, json);
        self.sees(user, chat, message);
    }

    /// What is acknowledged lasts, once, where the acknowledgement says.
    fn promised(&mut self, session: &Session, user: UserId, n: u64, seq: Option<Seq>, known: bool) {
        self.promises += 1;
        let id = (user, format!("{}:{n}", session.device));
        // A change of a group is acknowledged without its place.
        while !self.stored.contains_key(&id) && self.fold.seq() < self.head.seq() && self.failure.is_none() {
            self.advance(self.fold.seq().next());
        }
        match self.stored.get(&id).copied() {
            Some(stored) if seq == Some(stored) || (seq.is_none() && known) => {}
            stored => self.fail(format!("{id:?} is acknowledged at {seq:?}, and stands at {stored:?}")),
        }
    }

    /// Live and caught up, records come in the order of the log, each once; parts of one to each chat.
    fn follows(&mut self, session: &mut Session, seq: Seq, part: Option<ChatId>) {
        self.advance(seq.max(self.fold.seq()));
        if seq > session.last {
            (session.last, session.parts) = (seq, BTreeSet::new());
        } else if seq < session.last || part.is_none() {
            self.fail(format!("{:?} is shown {seq} after {}", session.user, session.last));
        }
        let many =
            self.lines.get(seq.0 as usize - 1).is_some_and(|line| line.starts_with(b"{\"purpose\":\"message_to_many"));
        if part.is_some_and(|chat| !session.parts.insert(chat)) && !many {
            self.fail(format!("{:?} is shown {seq} twice", session.user));
        }
    }

    /// What is shown is what is stored, byte for byte; a part of a message to several says the same as the whole, and a
    /// message that was changed says what the change does.
    fn is_line(&mut self, seq: Seq, json: &[u8]) {
        let Some(line) = seq.0.checked_sub(1).and_then(|at| self.lines.get(at as usize)).cloned() else {
            return self.fail(format!("record {seq} is shown, and {} last", self.lines.len()));
        };
        let same = line == json
            || match (Record::parse(&line), Record::parse(json)) {
                (Ok(Record::ToMany(many)), Ok(Record::Message(part))) => {
                    let text = self.newest_text(&part).unwrap_or_else(|| many.message.to_string());
                    (many.from, &many.client_id, &*text) == (part.from, &part.client_id, &*part.message)
                }
                (Ok(Record::Message(written)), Ok(Record::Message(shown))) => {
                    let text = self.newest_text(&shown).unwrap_or_else(|| written.message.to_string());
                    (written.from, &written.client_id, &*text) == (shown.from, &shown.client_id, &*shown.message)
                        && (written.reply_to == shown.reply_to || shown.deleted)
                }
                _ => false,
            };
        if !same {
            self.fail(format!("{} is shown for record {seq}", String::from_utf8_lossy(json)));
        }
    }

    /// What the log says of a message that is shown as changed or taken back; nothing for one that is shown as written.
    fn newest_text(&self, shown: &Message<'_>) -> Option<String> {
        let stands = |line: &Bytes| match Record::parse(line) {
            Ok(Record::Deleted(it)) => it.message_seq == shown.seq && it.chat.id_for(it.by) == shown.chat(),
            _ => false,
        };
        if shown.deleted {
            return self.lines.iter().any(stands).then(String::new).or(Some("no such deletion".into()));
        }
        let edition = shown.edited?;
        let line = edition.seq.0.checked_sub(1).and_then(|at| self.lines.get(at as usize))?;
        match Record::parse(line) {
            Ok(Record::Edited(it)) if it.message_seq == shown.seq && it.chat.id_for(it.by) == shown.chat() => {
                Some(it.message.to_string())
            }
            _ => Some("no such change".into()),
        }
    }

    fn sees(&mut self, user: UserId, chat: ChatId, seq: Seq) {
        if !self.fold.may_see(user, chat, seq) && !self.head.may_see(user, chat, seq) {
            self.fail(format!("{user:?} is shown {seq} of {chat:?}"));
        }
    }

    fn is_in(&mut self, user: UserId, chat: ChatId) {
        if !self.fold.is_in(user, chat) && !self.head.is_in(user, chat) {
            self.fail(format!("{user:?} is told of {chat:?}"));
        }
    }

    /// A frame has reached a device of somebody.
    pub fn arrives(&mut self, user: UserId, event: &Event<'_>) {
        let mut comes = |chat: ChatId, seq: Seq| {
            let got = self.got.entry(user).or_default();
            *got = seq.max(*got);
            let shown = self.shown.entry((user, chat)).or_default();
            *shown = seq.max(*shown);
        };
        match event {
            Event::Message(message) => comes(message.chat(), message.seq),
            Event::Group(change) => comes(ChatId::Group(change.group), change.seq),
            Event::History(_, Ok(page)) => {
                page.records.iter().for_each(|record| comes(page.chat.id_for(user), record.seq()));
            }
            Event::Chats(chats) => chats.chats.iter().for_each(|it| comes(it.chat.id_for(user), it.seq)),
            Event::People(people) => {
                let me = people.people.iter().filter(|person| person.id == user);
                // What was said to everyone before counts as read.
                for person in me {
                    let shown = self.shown.entry((user, ChatId::Everyone)).or_default();
                    *shown = person.joined.max(*shown);
                }
            }
            Event::Sent(_, Ok(Sent { seq: Some(seq), .. })) => {
                let line = seq.0.checked_sub(1).and_then(|at| self.lines.get(at as usize)).cloned();
                match line.as_deref().map(Record::parse) {
                    Some(Ok(Record::Message(it))) => comes(it.chat(), *seq),
                    Some(Ok(Record::ToMany(it))) => {
                        it.to_many.iter().for_each(|to| comes(ChatId::direct(user, *to), *seq));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
