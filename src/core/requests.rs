//! The half of the engine that answers requests: each is checked against the state, and what must last is given out for
//! appending.

use super::engine::{Effect, Engine, Purpose, Ticket, Waiting, frame_of};
use super::session::{SessionId, Stage};
use super::state::{Known, body_checksum};
use crate::proto::event::{Code, Problem, Sent, Status, Typing};
use crate::proto::ids::{ChatId, Invalid, Millis, RequestId, Seq, UserId, check_message};
use crate::proto::limits::{LARGE_ANSWERS_MAX, PAGE_DEFAULT_MESSAGES, PAGE_MAX_MESSAGES};
use crate::proto::record::{Delivered, Message, Read, Record};
use crate::proto::request::{Call, FetchHistory, Login, MarkRead, Peer, Request, SendMessage};

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
                self.reply(session, purpose, id, ());
                self.effects.push(Effect::Close(session));
                return;
            }
            (Call::Login(_), None) => return self.login(session, id, call, stage),
            (Call::Login(_), Some(_)) => {
                let problem =
                    Problem::new(Code::AlreadyLoggedIn, "This connection is logged in already. Open another one.");
                return self.refuse(session, purpose, id, &problem);
            }
            (_, Some(user)) => user,
            (_, None) => {
                let problem = Problem::new(Code::NotLoggedIn, "Log in first.");
                return self.refuse(session, purpose, id, &problem);
            }
        };
        let outcome = match call {
            Call::SendMessage(send) => self.send_message(session, id, user, send, now),
            Call::MarkRead(mark) => self.mark_read(session, id, user, &mark, now),
            Call::FetchHistory(fetch) => self.fetch_history(session, id, user, &fetch),
            Call::ListUsers => self.list_users(session, id),
            Call::MarkDelivered(upto) => self.mark_delivered(session, id, user, upto, now),
            Call::Typing(with) => self.typing(session, id, user, &with),
            Call::SetStatus(status) => {
                let before = self.sessions.status(user);
                self.sessions.set_away(session, status != Status::Online);
                self.status_changed(user, before);
                self.reply(session, purpose, id, ());
                Ok(())
            }
            Call::Login(_) | Call::Exit => Ok(()),
        };
        if let Err(problem) = outcome {
            self.refuse(session, purpose, id, &problem);
        }
    }

    fn login(&mut self, session: SessionId, id: Option<RequestId>, call: Call, stage: Stage) {
        let Call::Login(Login { username, password, log, after }) = call else { return };
        if stage == Stage::Authenticating {
            let problem = Problem::new(Code::Busy, "A login is under way on this connection. Wait for its answer.");
            return self.refuse(session, "login", id, &problem);
        }
        self.sessions.set(session, Stage::Authenticating);
        self.effects.push(Effect::Verify(session, Ticket { id, log, after }, username, password));
    }

    fn find(&self, peer: &Peer) -> Result<UserId, Problem> {
        self.directory.find(peer).ok_or_else(|| {
            let who = match peer {
                Peer::Name(name) => format!("named {:?}", name.chars().take(64).collect::<String>()),
                Peer::Id(id) => format!("with the number {}", id.0),
            };
            Problem::new(Code::UnknownUser, format!("Nobody here is {who}."))
        })
    }

    fn send_message(
        &mut self,
        session: SessionId,
        id: Option<RequestId>,
        user: UserId,
        send: SendMessage,
        now: Millis,
    ) -> Result<(), Problem> {
        let to = self.find(&send.to)?;
        check_message(&send.message).map_err(|invalid| {
            let code = if invalid == Invalid::EmptyMessage { Code::MessageEmpty } else { Code::MessageTooLong };
            Problem::new(code, invalid.to_string())
        })?;
        if let Some(client_id) = &send.client_id {
            match self.state.known(user, client_id) {
                Known::Newest(last) if last.body != body_checksum(to, &send.message) => {
                    let text = format!("client_id {client_id} was used before, for another message");
                    return Err(Problem::new(Code::ClientIdReused, text));
                }
                Known::Newest(last) => {
                    let body = Sent { seq: Some(last.seq), at: Some(last.at), duplicate: true };
                    self.reply_sent(session, id, body);
                    return Ok(());
                }
                Known::Older => {
                    self.reply_sent(session, id, Sent { seq: None, at: None, duplicate: true });
                    return Ok(());
                }
                Known::Forgotten => {
                    let text =
                        format!("client_id {client_id} is too old to tell whether it is stored: use a new number");
                    return Err(Problem::new(Code::ClientIdReused, text));
                }
                Known::New => {}
            }
            if self.waiting_ids.contains(&(user, client_id.clone())) {
                self.later(session, Request { id, call: Call::SendMessage(send) });
                return Ok(());
            }
        }
        let from_user = self.directory.name(user).map(ToString::to_string).unwrap_or_default();
        let to_user = self.directory.name(to).map(ToString::to_string).unwrap_or_default();
        let SendMessage { message, client_id, .. } = send;
        let ids = client_id.clone().map(|client_id| (user, client_id));
        self.append(session, id, now, |seq, at| {
            Record::Message(Message {
                seq,
                at,
                from: user,
                to,
                from_user: from_user.into(),
                to_user: to_user.into(),
                client_id,
                message: message.into(),
            })
        })?;
        self.waiting_ids.extend(ids);
        Ok(())
    }

    fn mark_read(
        &mut self,
        session: SessionId,
        id: Option<RequestId>,
        user: UserId,
        mark: &MarkRead,
        now: Millis,
    ) -> Result<(), Problem> {
        let with = self.chat_peer(user, &mark.with)?;
        let summary = self.state.summary(user, ChatId::direct(user, with));
        let upto = summary.map_or(Seq(0), |summary| mark.seq.min(summary.seq));
        if summary.is_none_or(|summary| upto <= summary.read) {
            self.reply(session, "mark_read", id, ());
            return Ok(());
        }
        self.append(session, id, now, |seq, at| Record::Read(Read { seq, at, by: user, with, upto }))
    }

    fn mark_delivered(
        &mut self,
        session: SessionId,
        id: Option<RequestId>,
        user: UserId,
        upto: Seq,
        now: Millis,
    ) -> Result<(), Problem> {
        let upto = upto.min(self.state.seq());
        if upto <= self.state.delivered(user) {
            self.reply(session, "mark_delivered", id, ());
            return Ok(());
        }
        self.append(session, id, now, |seq, at| Record::Delivered(Delivered { seq, at, by: user, upto }))
    }

    fn typing(&mut self, session: SessionId, id: Option<RequestId>, user: UserId, with: &Peer) -> Result<(), Problem> {
        let with = self.find(with)?;
        let frame = frame_of(&Typing { from: user });
        for other in self.sessions.of(with).filter(|&other| other != session && self.sessions.is_live(other)) {
            self.effects.push(Effect::Push(other, frame.clone(), self.state.seq()));
        }
        self.reply(session, "typing", id, ());
        Ok(())
    }

    /// The other side of a chat that may have lost its account since.
    fn chat_peer(&self, user: UserId, peer: &Peer) -> Result<UserId, Problem> {
        match peer {
            Peer::Id(with) if self.state.summary(user, ChatId::direct(user, *with)).is_some() => Ok(*with),
            peer => self.find(peer),
        }
    }

    fn fetch_history(
        &mut self,
        session: SessionId,
        id: Option<RequestId>,
        user: UserId,
        fetch: &FetchHistory,
    ) -> Result<(), Problem> {
        let with = self.chat_peer(user, &fetch.with)?;
        let limit = fetch.limit.unwrap_or(PAGE_DEFAULT_MESSAGES).clamp(1, PAGE_MAX_MESSAGES);
        let (seqs, complete) = self.state.page(ChatId::direct(user, with), fetch.before, limit);
        self.may_be_large(session)?;
        let purpose = Purpose::History { id, with, asked: seqs.len(), complete };
        self.sessions.large_begun(session);
        self.effects.push(Effect::Fetch(session, purpose, seqs));
        Ok(())
    }

    fn list_users(&mut self, session: SessionId, id: Option<RequestId>) -> Result<(), Problem> {
        self.may_be_large(session)?;
        self.send_people(session);
        self.reply(session, "list_users", id, ());
        self.sessions.large_begun(session);
        self.large_sent(session);
        Ok(())
    }

    fn waits_for_record(&self, session: SessionId) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Record { by, .. } if *by == session))
    }

    /// Whether a session may be given another large answer: who does not take them cannot pile them up.
    fn may_be_large(&self, session: SessionId) -> Result<(), Problem> {
        if self.sessions.large(session) < LARGE_ANSWERS_MAX {
            return Ok(());
        }
        Err(Problem::new(Code::Busy, "Too many pages and lists at once. Ask again when the earlier ones have come."))
    }

    /// Decides about a request once everything that is given out is settled.
    fn later(&mut self, by: SessionId, request: Request) {
        if let Call::SendMessage(send) = &request.call {
            self.waiting_bytes += send.message.len();
        }
        self.waiting.push_back(Waiting::Again { seq: self.last, by, request });
    }
}
