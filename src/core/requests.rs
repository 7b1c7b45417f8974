//! The half of the engine that answers requests: each is checked against the state, and what must last is given out for
//! appending. `receipts` and `groups` have the requests that their names say.

use secrecy::{ExposeSecret as _, SecretString};

use super::engine::{Engine, Ticket, Waiting};
use super::pages::Page;
use super::revise::{check_text, no_message};
use super::session::{SessionId, Stage};
use super::state::{Body, Known, peer};
use crate::proto::account::AccountCall;
use crate::proto::chat::{ChatId, GroupId};
use crate::proto::event::{Code, Outcome, Problem, Sent, Status};
use crate::proto::ids::{ClientId, Millis, RequestId, UserId};
use crate::proto::limits::{LARGE_ANSWERS_MAX, PAGE_DEFAULT_MESSAGES, PAGE_MAX_MESSAGES, PEOPLE_PER_REQUEST_MAX};
use crate::proto::record::{Message, Record, To, ToMany};
use crate::proto::request::{
    Call, ChatRef, FetchHistory, GroupCall, GroupEdit, Login, Peer, Proof, Receivers, Request, SendMessage,
};

/// The passwords of the accounts that the program comes with. Everybody knows them.
const DEMO_PASSWORDS: [&str; 3] = ["123", "456", "789"];

/// Who asks: the session, the number of its request, its account, and the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub session: SessionId,
    pub id: Option<RequestId>,
    pub user: UserId,
    pub now: Millis,
}

impl Engine {
    pub(super) fn request(&mut self, session: SessionId, request: Request, now: Millis) {
        let Some(stage) = self.sessions.stage(session) else { return };
        let Request { id, call } = request;
        let purpose = call.purpose();
        let user = match (&call, stage.user()) {
            // What this session has sent is answered before it leaves.
            (Call::Exit, Some(_)) if self.waits_for_record(session) => {
                return self.later(session, Request { id, call });
            }
            (Call::Exit, _) => {
                if self.sessions.may_leave(session, id) {
                    self.leave(session, id);
                }
                return;
            }
            (Call::Login(_), None) => return self.login(session, id, call, stage),
            (Call::Login(_) | Call::Account(AccountCall::Join(_)), Some(_)) => {
                let problem =
                    Problem::new(Code::AlreadyLoggedIn, "This connection is logged in already. Open another one.");
                return self.refuse(session, purpose, id, &problem);
            }
            (Call::Account(AccountCall::Join(_)), None) => {
                if let Call::Account(call) = call {
                    self.join(session, id, call, now);
                }
                return;
            }
            (_, Some(user)) => user,
            (_, None) => {
                let problem = Problem::new(Code::NotLoggedIn, "Log in first.");
                return self.refuse(session, purpose, id, &problem);
            }
        };
        let asker = Asker { session, id, user, now };
        let outcome = match call {
            Call::SendMessage(send) => self.send_message(asker, send),
            Call::MarkRead(mark) => self.mark_read(asker, &mark),
            Call::FetchHistory(fetch) => self.fetch_history(asker, &fetch),
            Call::ListUsers => self.list_users(asker),
            Call::MarkDelivered(upto) => self.mark_delivered(asker, upto),
            Call::Typing(chat) => self.typing(asker, &chat),
            Call::Group(call, client_id) => self.group_call(asker, call, client_id),
            Call::FetchReceipts(chat, seq) => self.fetch_receipts(asker, &chat, seq),
            Call::SetReadReceipts(on) => self.set_read_receipts(asker, on),
            Call::MuteChat(chat, muted) => self.mute_chat(asker, &chat, muted),
            Call::SetStatus(status) => {
                let before = self.sessions.status(user);
                self.sessions.set_away(session, status != Status::Online);
                self.status_changed(user, before);
                self.reply(session, purpose, id, ());
                Ok(())
            }
            Call::Revise(revise) => self.revise(asker, revise),
            Call::File(call) => self.file_call(asker, call),
            Call::Account(call) => self.account_call(asker, call),
            Call::Login(_) | Call::Exit => Ok(()),
        };
        if let Err(problem) = outcome {
            self.refuse(session, purpose, id, &problem);
        }
    }

    fn login(&mut self, session: SessionId, id: Option<RequestId>, call: Call, stage: Stage) {
        let Call::Login(Login { proof, log, after }) = call else { return };
        if stage == Stage::Authenticating {
            let problem = Problem::new(Code::Busy, "A login is under way on this connection. Wait for its answer.");
            return self.refuse(session, "login", id, &problem);
        }
        let is_demo = |password: &SecretString| DEMO_PASSWORDS.contains(&password.expose_secret());
        let demo = matches!(&proof, Proof::Password { password, .. } if is_demo(password));
        let ticket = Ticket { demo, ..Ticket::new(id, log, after) };
        self.verify(session, ticket, proof);
    }

    pub(super) fn find(&self, peer: &Peer) -> Result<UserId, Problem> {
        self.directory.find(peer).ok_or_else(|| {
            let who = match peer {
                Peer::Name(name) => format!("named {:?}", name.chars().take(64).collect::<String>()),
                Peer::Id(id) => format!("with the number {}", id.0),
            };
            Problem::new(Code::UnknownUser, format!("Nobody here is {who}."))
        })
    }

    /// The group, if the account is in it.
    pub(super) fn find_group(&self, user: UserId, group: GroupId) -> Result<ChatId, Problem> {
        if self.state.group(group).is_none() {
            let text = format!("There is no group with the number {}. It may have been deleted.", group.0);
            return Err(Problem::new(Code::UnknownGroup, text));
        }
        let id = ChatId::Group(group);
        if !self.state.is_in(user, id) {
            return Err(not_a_member());
        }
        Ok(id)
    }

    /// A chat to write to: both sides must be there.
    pub(super) fn open_chat(&self, user: UserId, chat: &ChatRef) -> Result<ChatId, Problem> {
        match chat {
            ChatRef::Everyone => Ok(ChatId::Everyone),
            ChatRef::Group(group) => self.find_group(user, *group),
            ChatRef::Person(peer) => Ok(ChatId::direct(user, self.find(peer)?)),
        }
    }

    /// A chat to read: the other side may have lost its account since.
    pub(super) fn any_chat(&self, user: UserId, chat: &ChatRef) -> Result<ChatId, Problem> {
        match chat {
            ChatRef::Person(Peer::Id(with)) if self.state.summary(user, ChatId::direct(user, *with)).is_some() => {
                Ok(ChatId::direct(user, *with))
            }
            chat => self.open_chat(user, chat),
        }
    }

    pub(super) fn name_of(&self, user: UserId) -> String {
        let known = || self.state.account(user).map(|account| account.username.clone());
        self.directory.name(user).map(ToString::to_string).or_else(known).unwrap_or_default()
    }

    /// What is to be done about a `client_id`: nothing if it is new, and otherwise the answer.
    pub(super) fn seen_before(
        &self,
        user: UserId,
        client_id: &ClientId,
        body: Option<Body<'_>>,
    ) -> Result<Option<Sent>, Problem> {
        let reused = |text: String| Err(Problem::new(Code::ClientIdReused, text));
        match self.state.known(user, client_id) {
            Known::Newest(last) if body.is_some_and(|body| body.checksum() != last.body) => {
                reused(format!("client_id {client_id} was used before, for something else"))
            }
            Known::Newest(last) => {
                Ok(Some(Sent { seq: Some(last.seq), at: Some(last.at), duplicate: true, outcomes: Vec::new() }))
            }
            Known::Older => Ok(Some(Sent { duplicate: true, ..Sent::default() })),
            Known::Forgotten => {
                reused(format!("client_id {client_id} is too old to tell whether it is stored: use a new number"))
            }
            Known::New => Ok(None),
        }
    }

    fn send_message(&mut self, asker: Asker, send: SendMessage) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        check_text(&send.message, send.attachment.is_some())?;
        let target = self.target(user, &send.to);
        if let Some(client_id) = &send.client_id {
            let body = match &target {
                Ok(Target::One(to)) => Some(Body::Message(to, &send.message, send.reply_to, send.attachment.as_ref())),
                Ok(Target::Many(..)) => Some(Body::Many(&send.message, send.attachment.as_ref())),
                // Stored before its receiver was gone, it is stored.
                Err(_) => None,
            };
            if let Some(mut sent) = self.seen_before(user, client_id, body)? {
                if let Ok(Target::Many(_, outcomes)) = target {
                    sent.outcomes = self.told(outcomes);
                }
                self.reply_sent(session, "send_message", id, sent);
                return Ok(());
            }
            if self.waiting_ids.contains(&(user, client_id.clone())) {
                self.later(session, Request { id, call: Call::SendMessage(send) });
                return Ok(());
            }
        }
        if let Some(attachment) = &send.attachment {
            self.check_attachment(user, attachment)?;
        }
        let from_user = self.name_of(user).into();
        let SendMessage { message, client_id, reply_to, attachment, .. } = send;
        match target? {
            Target::One(to) => {
                let chat = match &to {
                    To::Person(to, _) => ChatId::direct(user, *to),
                    To::Group(group) => ChatId::Group(*group),
                    To::Everyone => ChatId::Everyone,
                };
                if reply_to.is_some_and(|seq| !self.state.is_message(user, chat, seq)) {
                    return Err(no_message("answer"));
                }
                let now = self.time_in([chat], now);
                let mentions = match &to {
                    To::Person(..) => Vec::new(),
                    To::Group(_) | To::Everyone => self.mentioned(user, &message, chat),
                };
                self.append(session, id, now, |seq, at| {
                    let (mentions, message) = (mentions.into(), message.into());
                    Record::Message(Message {
                        seq,
                        at,
                        from: user,
                        from_user,
                        to,
                        client_id,
                        mentions,
                        reply_to,
                        attachment,
                        edited: None,
                        deleted: false,
                        message,
                    })
                })
            }
            Target::Many(..) if reply_to.is_some() => {
                let text = "send_message: a message to several people answers none: leave reply_to out";
                Err(Problem::new(Code::BadRequest, text))
            }
            Target::Many(to_many, outcomes) => {
                let message = message.into();
                let now = self.time_in(to_many.iter().map(|to| ChatId::direct(user, *to)), now);
                self.append(session, id, now, |seq, at| {
                    Record::ToMany(ToMany { seq, at, from: user, to_many, from_user, client_id, attachment, message })
                })?;
                if let Some(Waiting::Record { outcomes: place, .. }) = self.waiting.back_mut() {
                    *place = outcomes;
                }
                Ok(())
            }
        }
    }

    /// Members of a room whom a text calls by name, its author aside.
    pub(super) fn mentioned(&self, author: UserId, text: &str, id: ChatId) -> Vec<UserId> {
        let called = self.directory.mentioned(text).into_iter();
        called.filter(|user| *user != author && self.state.is_in(*user, id)).collect()
    }

    /// Where a message goes. Of several receivers those who are there get it; the rest are told of.
    fn target(&self, user: UserId, to: &Receivers) -> Result<Target, Problem> {
        let people = match to {
            Receivers::One(chat) => {
                let id = self.open_chat(user, chat)?;
                return Ok(Target::One(match (id, peer(user, id)) {
                    (ChatId::Group(group), _) => To::Group(group),
                    (ChatId::Direct(..), Some(to)) => To::Person(to, self.name_of(to).into()),
                    (ChatId::Everyone, _) | (ChatId::Direct(..), None) => To::Everyone,
                }));
            }
            Receivers::Many(people) => people,
        };
        if people.len() > PEOPLE_PER_REQUEST_MAX {
            return Err(too_many(people.len()));
        }
        let mut to_many = Vec::new();
        let mut outcomes = Vec::new();
        for peer in people {
            let (to, error) = match self.find(peer) {
                Ok(to) => (Some(to), None),
                Err(problem) => (None, Some(problem)),
            };
            if let Some(to) = to {
                if to_many.contains(&to) {
                    continue;
                }
                to_many.push(to);
            }
            outcomes.push(Outcome { to, result: to.is_some(), status: None, last_seen: None, error });
        }
        match outcomes.iter().find_map(|outcome| outcome.error.clone()) {
            Some(problem) if to_many.is_empty() => Err(problem),
            _ => Ok(Target::Many(to_many, outcomes)),
        }
    }

    /// Outcomes with what is known of the receivers now.
    pub(super) fn told(&self, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
        for outcome in &mut outcomes {
            if let Some(person) = outcome.to.and_then(|to| self.person(to)) {
                (outcome.status, outcome.last_seen) = (Some(person.status), person.last_seen);
            }
        }
        outcomes
    }

    fn fetch_history(&mut self, asker: Asker, fetch: &FetchHistory) -> Result<(), Problem> {
        let chat = self.any_chat(asker.user, &fetch.chat)?;
        let limit = fetch.limit.unwrap_or(PAGE_DEFAULT_MESSAGES).clamp(1, PAGE_MAX_MESSAGES);
        self.may_be_large(asker.session)?;
        self.sessions.large_begun(asker.session);
        let page = Page { id: asker.id, chat, before: fetch.before, limit, files: fetch.attachments };
        self.read_page(asker.session, asker.user, page);
        Ok(())
    }

    fn list_users(&mut self, asker: Asker) -> Result<(), Problem> {
        self.may_be_large(asker.session)?;
        self.send_people(asker.session);
        self.reply(asker.session, "list_users", asker.id, ());
        self.sessions.large_begun(asker.session);
        self.large_sent(asker.session);
        Ok(())
    }

    fn waits_for_record(&self, session: SessionId) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Record { by, .. } if *by == session))
    }

    /// Whether a session may be given another large answer: who does not take them cannot pile them up.
    pub(super) fn may_be_large(&self, session: SessionId) -> Result<(), Problem> {
        if self.sessions.large(session) < LARGE_ANSWERS_MAX {
            return Ok(());
        }
        Err(Problem::new(Code::Busy, "Too many pages and lists at once. Ask again when the earlier ones have come."))
    }

    /// Decides about a request once everything that is given out is settled.
    pub(super) fn later(&mut self, by: SessionId, request: Request) {
        self.waiting_bytes += weight(&request);
        self.waiting.push_back(Waiting::Again { seq: self.last, by, request });
    }
}

/// What a request that waits keeps in memory, in bytes and roughly.
pub(super) fn weight(request: &Request) -> usize {
    let person = |peer: &Peer| match peer {
        Peer::Name(name) => 32 + name.len(),
        Peer::Id(_) => 32,
    };
    let people = |peers: &[Peer]| peers.iter().map(person).sum::<usize>();
    64 + match &request.call {
        Call::SendMessage(send) => match &send.to {
            Receivers::One(_) => send.message.len(),
            Receivers::Many(peers) => send.message.len() + people(peers),
        },
        Call::Revise(revise) => revise.text.as_ref().map_or(0, String::len),
        Call::Group(GroupCall::Create { name, members, .. }, _) => name.len() + people(members),
        Call::Group(GroupCall::Change(_, GroupEdit::Rename(name)), _) => name.len(),
        Call::Group(GroupCall::Change(_, GroupEdit::Add(members)), _) => people(members),
        _ => 0,
    }
}

/// Where a message goes, found.
enum Target {
    One(To<'static>),
    Many(Vec<UserId>, Vec<Outcome>),
}

pub(super) fn not_a_member() -> Problem {
    Problem::new(Code::NotAMember, "You are not a member of this group.")
}

pub(super) fn too_many(people: usize) -> Problem {
    let text =
        format!("{people} people are too many for one request: name at most {PEOPLE_PER_REQUEST_MAX} at a time.");
    Problem::new(Code::TooManyPeople, text)
}
