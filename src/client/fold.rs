//! How the model changes: by events from the server, and by what its person does. The only writer of the model.
//!
//! Events may come again after a reconnect; the log's places tell what is known already.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::model::{Chat, Field, Last, Link, Me, Message, Model, Person, Phase, SignInProblem};
use super::outbox::Outgoing;
use crate::proto::event::{ChatEntry, Code, Event, People, Problem, Sent, Welcome};
use crate::proto::ids::{ChatKey, DeviceId, Millis, Seq, UserId};
use crate::proto::record;

/// How long somebody is taken to be writing after the last sign of it.
const TYPING_MILLIS: i64 = 6_000;

/// What the client must do about an event, beside showing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followup {
    /// Nothing.
    None,
    /// The login succeeded: send what waits in the outbox.
    LoggedIn,
    /// The server's markers are behind ours: tell it again.
    MarkAgain(Vec<ChatKey>),
    /// A marker has been taken: the next one may go out.
    Marked(Option<u64>),
    /// The account is gone: do not come back.
    Leave,
}

impl Model {
    /// Takes an event in; `now` is this computer's time.
    pub fn apply(&mut self, event: Event<'_>, now: Millis) -> Followup {
        match event {
            Event::Login(Ok(welcome)) => {
                self.welcome(welcome);
                return Followup::LoggedIn;
            }
            Event::Sent(Some(n), Ok(sent)) => self.sent(n, sent),
            Event::Sent(Some(n), Err(problem)) => self.outbox.fail(n, problem),
            Event::History(Ok(history)) => {
                let chat = self.chats.entry(ChatKey::Person(history.with)).or_default();
                chat.loading = false;
                chat.problem = None;
                chat.complete |= history.complete;
                for message in history.messages {
                    chat.insert(from_record(&message));
                }
            }
            Event::History(Err(problem)) => {
                for chat in self.chats.values_mut().filter(|chat| chat.loading) {
                    chat.loading = false;
                    chat.problem = Some(problem.message.clone());
                }
            }
            Event::Message(message) => self.received(&message),
            Event::Read(read) => {
                let me = self.me.as_ref().map(|me| me.id);
                let other = if me == Some(read.by) { read.with } else { read.by };
                if let (Some(me), Some(chat)) = (me, self.chats.get_mut(&ChatKey::Person(other))) {
                    if me == read.by {
                        chat.mark_read(me, read.upto);
                    } else {
                        chat.their_read = chat.their_read.max(read.upto);
                        chat.their_delivered = chat.their_delivered.max(read.upto);
                    }
                }
                self.cursor = self.cursor.max(read.seq);
            }
            Event::Delivered(delivered) => {
                if let Some(chat) = self.chats.get_mut(&ChatKey::Person(delivered.by)) {
                    chat.their_delivered = chat.their_delivered.max(delivered.upto);
                }
                self.cursor = self.cursor.max(delivered.seq);
            }
            Event::Typing(typing) => {
                self.chats.entry(ChatKey::Person(typing.from)).or_default().typing_until =
                    Some(now.plus(TYPING_MILLIS));
            }
            Event::Marked(chat) => return Followup::Marked(chat),
            Event::People(people) => self.named(people),
            Event::Chats(chats) => {
                let behind: Vec<_> = chats.chats.into_iter().filter_map(|entry| self.listed_chat(entry)).collect();
                if !behind.is_empty() {
                    return Followup::MarkAgain(behind);
                }
            }
            Event::Ready(ready) => {
                self.cursor = self.cursor.max(ready.seq);
                self.link = Link::Online;
                if let Some(listed) = self.listed.take() {
                    self.people.retain(|id, _| listed.contains(id));
                }
            }
            Event::Problem(problem) if problem.code == Code::AccountRemoved => {
                self.signed_out(Some(SignInProblem { field: Field::Credentials, message: problem.message }));
                return Followup::Leave;
            }
            Event::Login(Err(_)) | Event::Sent(None, _) | Event::Closing(_) | Event::Problem(_) | Event::Other => {}
        }
        Followup::None
    }

    fn welcome(&mut self, welcome: Welcome) {
        let same = self.me.as_ref().is_some_and(|me| me.id == welcome.user);
        if !(welcome.resumed && same) {
            // What was known has a gap now: the list of chats follows, and pages are loaded as they are looked at.
            self.chats.clear();
            self.cursor = welcome.seq;
        }
        self.me = Some(Me { id: welcome.user, username: welcome.username });
        self.log = Some(welcome.log);
        self.message_max_bytes = welcome.message_max_bytes;
        self.phase = Phase::SignedIn;
    }

    /// A message is on the server's disk.
    fn sent(&mut self, n: u64, sent: Sent) {
        let Some(Outgoing { chat, text, .. }) = self.outbox.remove(n) else { return };
        // What was stored before comes with what was missed, or with a page: put in here it could leave a hole after it.
        if sent.duplicate {
            return;
        }
        if let (Some(seq), Some(at), Some(me)) = (sent.seq, sent.at, &self.me) {
            let from = me.id;
            let chat = self.chats.entry(chat).or_default();
            chat.update_last(seq, at, from, &text);
            chat.insert(Message { seq, at, from, text });
        }
    }

    fn received(&mut self, message: &record::Message<'_>) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        if let Some(id) = &message.client_id
            && message.from == me
            && id.device == *self.outbox.device()
        {
            self.outbox.remove(id.n);
        }
        let chat = self.chats.entry(message.chat().key_for(me)).or_default();
        if message.from != me {
            self.arrived = self.arrived.max(message.seq);
            chat.typing_until = None;
        }
        chat.update_last(message.seq, message.at, message.from, &message.message);
        if chat.insert(from_record(message)) && message.from != me && message.seq > chat.read {
            chat.unread = chat.unread.saturating_add(1);
        }
        self.cursor = self.cursor.max(message.seq);
    }

    fn named(&mut self, event: People) {
        if event.whole {
            self.listed = Some(BTreeSet::new());
        }
        for person in event.people {
            if let Some(listed) = &mut self.listed {
                listed.insert(person.id);
            }
            if let Some(me) = self.me.as_mut().filter(|me| me.id == person.id) {
                me.username.clone_from(&person.username);
            }
            self.people.insert(
                person.id,
                Person { username: person.username, status: person.status, last_seen: person.last_seen },
            );
        }
        for id in event.removed {
            self.people.remove(&id);
        }
    }

    /// An entry of the list of chats, valid for now. What the server does not know yet of our reading comes back.
    fn listed_chat(&mut self, entry: ChatEntry) -> Option<ChatKey> {
        let me = self.me.as_ref()?.id;
        let key = ChatKey::Person(entry.with);
        let chat = self.chats.entry(key).or_default();
        let read = chat.read;
        chat.update_last(entry.seq, entry.at, entry.from, &entry.preview);
        chat.unread = entry.unread;
        chat.read = entry.read;
        chat.their_delivered = chat.their_delivered.max(entry.their_delivered);
        chat.their_read = chat.their_read.max(entry.their_read);
        if entry.from != me {
            self.arrived = self.arrived.max(entry.seq);
        }
        if read <= entry.read {
            return None;
        }
        chat.mark_read(me, read);
        Some(key)
    }

    /// The page of the newest messages, or of those before what is loaded, is asked for: the place that it ends before.
    /// Nothing while one is on its way, or when none is left.
    pub(super) fn start_loading(&mut self, key: ChatKey) -> Option<Option<Seq>> {
        let chat = self.chats.entry(key).or_default();
        if chat.loading || chat.complete {
            return None;
        }
        chat.loading = true;
        chat.problem = None;
        Some(chat.messages.front().map(|message| message.seq))
    }

    /// Puts a message into the outbox.
    pub(super) fn write(&mut self, key: ChatKey, text: Arc<str>, now: Millis) -> &Outgoing {
        self.chats.entry(key).or_default();
        self.outbox.push(key, text, now)
    }

    /// Moves the marker of a chat; false when it was there or further.
    pub(super) fn mark_read(&mut self, key: ChatKey, upto: Seq) -> bool {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return false };
        self.chats.get_mut(&key).is_some_and(|chat| chat.mark_read(me, upto))
    }

    /// The connection is lost, or not there yet.
    pub(super) fn unlinked(&mut self, link: Link) {
        self.link = link;
        for chat in self.chats.values_mut() {
            chat.loading = false;
            chat.typing_until = None;
        }
    }

    /// Back at the login page; nothing of the account is left, the hosting goes on.
    pub(super) fn signed_out(&mut self, problem: Option<SignInProblem>) {
        let device = self.outbox.device().clone();
        let hosting = self.hosting.take();
        *self = Self { hosting, phase: Phase::SignedOut { problem }, ..Self::new(device) };
    }

    /// Another account, or the same one anew: numbers must not be used twice.
    pub(super) fn signing_in(&mut self, device: DeviceId) {
        let hosting = self.hosting.take();
        *self = Self { hosting, phase: Phase::SigningIn, ..Self::new(device) };
    }
}

impl Chat {
    /// Puts a message in its place; false when it was there.
    fn insert(&mut self, message: Message) -> bool {
        let at = match self.messages.back() {
            Some(last) if last.seq >= message.seq => self.messages.partition_point(|other| other.seq < message.seq),
            _ => self.messages.len(),
        };
        if self.messages.get(at).is_some_and(|other| other.seq == message.seq) {
            return false;
        }
        self.messages.insert(at, message);
        true
    }

    fn update_last(&mut self, seq: Seq, at: Millis, from: UserId, text: &str) {
        if self.last.as_ref().is_none_or(|last| last.seq < seq) {
            self.last = Some(Last { seq, at, from, preview: record::preview(text).into() });
        }
    }

    fn mark_read(&mut self, me: UserId, upto: Seq) -> bool {
        if upto <= self.read {
            return false;
        }
        if self.last.as_ref().is_none_or(|last| upto >= last.seq) {
            self.unread = 0;
        } else {
            let first = self.messages.partition_point(|message| message.seq <= self.read);
            let newly = self.messages.range(first..).take_while(|message| message.seq <= upto);
            let count = newly.filter(|message| message.from != me).count();
            self.unread = self.unread.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        }
        self.read = upto;
        true
    }
}

fn from_record(message: &record::Message<'_>) -> Message {
    Message { seq: message.seq, at: message.at, from: message.from, text: message.message.as_ref().into() }
}

/// Where on the login page a refusal belongs.
pub(super) fn sign_in_problem(problem: Problem) -> SignInProblem {
    let field = if problem.code == Code::WrongCredentials { Field::Credentials } else { Field::Server };
    SignInProblem { field, message: problem.message }
}
