//! How the model changes: by events from the server, and by what its person does. The only writer of the model.
//!
//! Events may come again after a reconnect; the log's places tell what is known already.

mod chat;
mod lists;
mod revise;

use std::sync::Arc;

use self::chat::{from_change, from_record};
use self::revise::{Put, key_of};
use super::model::{Field, Info, Job, Link, Me, Message, Model, Phase, SignInProblem, Spread};
use super::outbox::{Destination, Outbox, Outgoing, What};
use crate::proto::chat::ChatKey;
use crate::proto::event::{Code, Event, History, Problem, Sent, Welcome};
use crate::proto::ids::{Millis, RequestId, Seq, UserId};
use crate::proto::record::{self, Read, Record};

/// How long somebody is taken to be writing after the last sign of it.
const TYPING_MILLIS: i64 = 6_000;

/// How long a server is taken to hold this account up after it may go on: longer than until it says so again.
const THROTTLED_MILLIS: i64 = 2_000;

/// The longest that it can hold it up at a time.
const THROTTLED_MAX_MILLIS: i64 = 3_600_000;

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
        let followup = self.take_in(event, now);
        // Nothing is left that could be held up.
        if self.outbox.pending().next().is_none() {
            self.throttled = None;
        }
        followup
    }

    fn take_in(&mut self, event: Event<'_>, now: Millis) -> Followup {
        match event {
            Event::Login(Ok(welcome)) => {
                self.welcome(welcome);
                return Followup::LoggedIn;
            }
            Event::Sent(Some(n), Ok(sent)) => self.sent(n, sent),
            Event::Sent(Some(n), Err(problem)) => self.refused(n, problem),
            Event::History(id, Ok(history)) => self.page(id, history),
            Event::History(id, Err(problem)) => self.no_page(id, problem),
            Event::Message(message) => self.received(&message),
            Event::Edited(edited) => self.edited(&edited),
            Event::Deleted(deleted) => self.deleted(&deleted),
            Event::Group(change) => self.group_changed(&change),
            Event::Read(read) => self.read(&read),
            Event::Delivered(delivered) => {
                let marker = self.delivered.entry(delivered.by).or_default();
                *marker = (*marker).max(delivered.upto);
                self.cursor = self.cursor.max(delivered.seq);
            }
            // It comes also past what was dropped for a slow reader, and so says nothing of the cursor.
            Event::ReadReceipts(setting) => self.set_read_receipts(setting.on),
            Event::Muted(setting) => {
                self.chats.entry(setting.chat).or_default().muted = setting.muted;
                self.cursor = self.cursor.max(setting.seq);
            }
            Event::Typing(typing) => {
                let chat = self.chats.entry(typing.chat()).or_default();
                chat.typing.insert(typing.from, now.plus(TYPING_MILLIS));
            }
            Event::GroupReply(Some(n), outcome) => {
                if let Some(job) = self.job.as_mut().filter(|job| job.n == n) {
                    job.outcome = Some(outcome);
                }
            }
            Event::Receipts(receipts) => {
                let asked = self.info.as_mut().filter(|info| match &receipts {
                    Ok(receipts) => (info.chat, info.seq) == (receipts.chat, receipts.seq),
                    Err(_) => true,
                });
                if let Some(info) = asked {
                    info.receipts = Some(receipts);
                }
            }
            Event::Marked(chat) => return Followup::Marked(chat),
            Event::Account(n, outcome) => self.account_done(n, outcome),
            Event::ServerChanged(server) => {
                self.server_name = server.server_name;
                self.registration = server.registration;
            }
            Event::RoleChanged(changed) => self.set_role(changed.role),
            Event::AdministrationChanged => self.administration_changed(),
            Event::People(people) => {
                self.people_changed(&people);
                self.named(people, now);
            }
            Event::Groups(groups) => groups.groups.into_iter().for_each(|group| self.group_listed(group)),
            Event::Chats(chats) => {
                let behind: Vec<_> = chats.chats.into_iter().filter_map(|entry| self.listed_chat(entry)).collect();
                if !behind.is_empty() {
                    return Followup::MarkAgain(behind);
                }
            }
            Event::Cursors(cursors) => self.came_to(&cursors),
            Event::Ready(ready) => {
                self.cursor = self.cursor.max(ready.seq);
                self.link = Link::Online;
                self.listed();
            }
            Event::Throttled(throttled) => {
                let wait = i64::try_from(throttled.wait_ms).unwrap_or(i64::MAX).min(THROTTLED_MAX_MILLIS);
                self.throttled = Some(now.plus(wait + THROTTLED_MILLIS));
            }
            Event::Problem(problem) if is_end(problem.code) => {
                self.signed_out(Some(SignInProblem { field: Field::Credentials, message: problem.message }));
                return Followup::Leave;
            }
            Event::Uploaded(..)
            | Event::Fetched(..)
            | Event::Login(Err(_))
            | Event::Sent(None, _)
            | Event::GroupReply(None, _)
            | Event::Closing(_)
            | Event::Problem(_)
            | Event::Other => {}
        }
        Followup::None
    }

    fn welcome(&mut self, welcome: Welcome) {
        let same = self.me.as_ref().is_some_and(|me| me.id == welcome.user);
        if !(welcome.resumed && same) {
            // What was known has a gap now: the list of chats follows, and pages are loaded as they are looked at.
            let dropped = std::mem::take(&mut self.chats);
            dropped.into_keys().for_each(|key| self.altered.note(key, None));
            self.cursor = welcome.seq;
        }
        self.me = Some(Me { id: welcome.user, username: welcome.username });
        self.log = Some(welcome.log);
        self.message_max_bytes = welcome.message_max_bytes;
        self.server_allows_plaintext = welcome.plaintext;
        self.server_fingerprint = welcome.fingerprint;
        self.set_read_receipts(welcome.read_receipts);
        self.set_role(welcome.role);
        self.server_name = welcome.server_name;
        self.registration = welcome.registration;
        self.phase = Phase::SignedIn;
    }

    /// A message, or the change of one, is on the server's disk.
    fn sent(&mut self, n: u64, sent: Sent) {
        let Some(Outgoing { to, what, text, .. }) = self.outbox.remove(n) else { return };
        // Nothing stands between, so that nothing can have been dropped there: it need not come again.
        if let Some(seq) = sent.seq.filter(|seq| !sent.duplicate && *seq == self.cursor.next()) {
            self.cursor = seq;
        }
        let (reply_to, enclosure) = match (what, &to) {
            (What::Say { reply_to, enclosure }, _) => (reply_to, enclosure),
            (change, Destination::Chat(key)) => return self.revised(n, *key, &change, &text, &sent),
            (_, Destination::People(_)) => return,
        };
        let attachment = enclosure.and_then(|enclosure| enclosure.attachment()).map(Arc::new);
        let stored = |id: UserId| sent.outcomes.iter().any(|outcome| outcome.to == Some(id) && outcome.result);
        let chats: Vec<_> = match to {
            Destination::Chat(chat) => vec![chat],
            Destination::People(people) => {
                people.iter().filter(|id| stored(**id)).map(|id| ChatKey::Person(*id)).collect()
            }
        };
        if let Some(spread) = self.spread.as_mut().filter(|spread| spread.n == n) {
            spread.outcomes = Some(Ok(sent.outcomes));
        }
        // What was stored before comes with what was missed, or with a page: put in here it could leave a hole after it.
        if sent.duplicate {
            return;
        }
        if let (Some(seq), Some(at), Some(me)) = (sent.seq, sent.at, &self.me) {
            let from = me.id;
            for chat in chats {
                // Removed from the group before the answer came: it is not ours to see any more.
                if matches!(chat, ChatKey::Group(group) if !self.groups.contains_key(&group)) {
                    continue;
                }
                let chat = self.chats.entry(chat).or_default();
                let (text, attachment) = (Arc::clone(&text), attachment.clone());
                chat.add(Message { seq, at, from, text, reply_to, attachment, ..Default::default() });
            }
        }
    }

    fn refused(&mut self, n: u64, problem: Problem) {
        if let Some(spread) = self.spread.as_mut().filter(|spread| spread.n == n) {
            spread.outcomes = Some(Err(problem.clone()));
        }
        if self.is_done_with(n, &problem) {
            self.outbox.remove(n);
        } else {
            self.outbox.fail(n, problem);
        }
    }

    /// A page has come. One that was asked for before the chat was dropped, and began anew, ends somewhere else than what
    /// is loaded begins.
    fn page(&mut self, id: Option<RequestId>, history: History<'_>) {
        let me = self.my_id();
        let Some(history) = self.beside(id, history) else { return };
        let Some(chat) = self.chats.get_mut(&history.chat).filter(|chat| chat.awaits_page(id)) else { return };
        chat.loading = false;
        chat.problem = None;
        chat.complete |= history.complete;
        for record in history.records {
            let entry = match record {
                Record::Message(message) => chat.up_to_date(from_record(&message, me)),
                Record::Group(change) => from_change(&change),
                _ => continue,
            };
            let seq = entry.seq;
            self.altered.put(history.chat, seq, chat.insert(entry));
        }
        chat.answered();
    }

    fn received(&mut self, message: &record::Message<'_>) {
        let Some(me) = self.my_id() else { return };
        if let Some(id) = &message.client_id
            && message.from == me
            && id.device == *self.outbox.device()
        {
            self.outbox.remove(id.n);
        }
        let key = message.chat().key_for(me);
        let chat = self.chats.entry(key).or_default();
        if message.from != me {
            self.arrived = self.arrived.max(message.seq);
            chat.typing.remove(&message.from);
        }
        let entry = from_record(message, Some(me));
        let (counts, mentions_me) = (entry.counts(me) && message.seq > chat.read, entry.mentions_me);
        let put = chat.add(entry);
        self.altered.put(key, message.seq, put);
        if put == Put::New && counts {
            chat.unread = chat.unread.saturating_add(1);
            chat.mentions = chat.mentions.saturating_add(u32::from(mentions_me));
        }
        self.cursor = self.cursor.max(message.seq);
    }

    fn read(&mut self, read: &Read) {
        let Some(me) = self.my_id() else { return };
        let key = key_of(me, read.by, read.chat);
        if let Some(chat) = self.chats.get_mut(&key) {
            if read.by == me {
                chat.mark_read(me, read.upto);
            } else if self.read_receipts {
                let seen = chat.read_by.entry(read.by).or_default();
                *seen = (*seen).max(read.upto);
            }
        }
        self.cursor = self.cursor.max(read.seq);
    }

    /// The setting has changed. What others have read is forgotten when it goes off, and comes again when it goes on.
    fn set_read_receipts(&mut self, on: bool) {
        self.read_receipts = on;
        if !on {
            self.chats.values_mut().for_each(|chat| chat.read_by.clear());
        }
    }

    /// The page of the newest messages, or of those before what is loaded, is asked for: under which number, and the
    /// place that it ends before. Nothing while one is on its way, or when none is left.
    pub fn start_loading(&mut self, key: ChatKey) -> Option<(RequestId, Option<Seq>)> {
        let chat = self.chats.entry(key).or_default();
        if chat.loading || chat.complete {
            return None;
        }
        self.pages += 1;
        chat.loading = true;
        chat.page = self.pages;
        chat.problem = None;
        Some((chat.page, chat.messages.front().map(|message| message.seq)))
    }

    /// Puts a message that is nothing but its text into the outbox.
    pub fn write(&mut self, to: Destination, text: Arc<str>, now: Millis) -> &Outgoing {
        self.put(to, What::default(), text, now)
    }

    /// Puts a message, or the change of one, into the outbox.
    pub fn put(&mut self, to: Destination, what: What, text: Arc<str>, now: Millis) -> &Outgoing {
        match &to {
            Destination::Chat(key) => _ = self.chats.entry(*key).or_default(),
            Destination::People(people) => {
                people.iter().for_each(|id| _ = self.chats.entry(ChatKey::Person(*id)).or_default());
            }
        }
        let entry = self.outbox.put(to, what, text, now);
        if matches!(entry.to, Destination::People(_)) {
            self.spread = Some(Spread { n: entry.n, outcomes: None });
        }
        entry
    }

    /// Something is asked of the server that a dialog waits for.
    pub(super) fn start_job(&mut self) -> u64 {
        let n = self.outbox.next_n();
        self.job = Some(Job { n, outcome: None });
        n
    }

    /// The receipts of a message are asked for.
    pub(super) fn start_info(&mut self, chat: ChatKey, seq: Seq) {
        self.info = Some(Info { chat, seq, receipts: None });
    }

    /// Moves the marker of a chat; false when it was there or further.
    pub fn mark_read(&mut self, key: ChatKey, upto: Seq) -> bool {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return false };
        self.chats.get_mut(&key).is_some_and(|chat| chat.mark_read(me, upto))
    }

    /// The connection is lost, or not there yet.
    pub fn unlinked(&mut self, link: Link) {
        self.link = link;
        self.throttled = None;
        self.lose_errand();
        for chat in self.chats.values_mut() {
            chat.unlinked();
            chat.typing.clear();
        }
    }

    /// This computer's clock was set, by so many milliseconds. What holds until a time, or for a while, holds as long as
    /// it would have.
    pub fn clock_was_set(&mut self, step: i64) {
        if let Link::Waiting { until, .. } = &mut self.link {
            *until = until.plus(step);
        }
        self.throttled = self.throttled.map(|until| until.plus(step));
        for chat in self.chats.values_mut() {
            chat.typing.values_mut().for_each(|until| *until = until.plus(step));
            for notice in &mut chat.notices {
                (notice.at, notice.shown_from) = (notice.at.plus(step), notice.shown_from.plus(step));
            }
        }
    }

    /// Back at the login page; nothing of the account is left, the hosting goes on.
    pub(super) fn signed_out(&mut self, problem: Option<SignInProblem>) {
        let device = self.outbox.device().clone();
        let hosting = self.hosting.take();
        *self = Self { hosting, phase: Phase::SignedOut { problem }, ..Self::new(device) };
    }

    /// The model of the last window of that account.
    pub(super) fn resume(&mut self, known: Self) {
        let hosting = self.hosting.take();
        *self = Self { hosting, ..known };
    }

    /// Another account, or the same one anew, with what it has not sent yet; numbers must not be used twice.
    pub(super) fn signing_in(&mut self, outbox: Outbox) {
        let hosting = self.hosting.take();
        let device = outbox.device().clone();
        *self = Self { hosting, phase: Phase::SigningIn, outbox, ..Self::new(device) };
    }
}

/// Where on the login page a refusal belongs.
pub(super) fn sign_in_problem(problem: Problem) -> SignInProblem {
    let field = match problem.code {
        Code::WrongCredentials
        | Code::TokenRefused
        | Code::DemoAccount
        | Code::NameTaken
        | Code::BadName
        | Code::BadPassword => Field::Credentials,
        Code::BadInvite | Code::RegistrationClosed => Field::Invite,
        _ => Field::Server,
    };
    SignInProblem { field, message: problem.message }
}

/// Whether this window's account, or its device, is signed in no more by that.
fn is_end(code: Code) -> bool {
    matches!(code, Code::AccountRemoved | Code::AccountBlocked | Code::SessionEnded)
}
