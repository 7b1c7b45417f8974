//! The half of the engine that has to do with the log: records go out, come back durable, and only then do they happen.

use bytes::Bytes;

use super::engine::{Effect, Engine, Purpose, Waiting};
use super::session::{SessionId, Stage};
use super::state::Applied;
use crate::proto::event::{Code, Problem, Sent};
use crate::proto::frame::{self, HEADER_BYTES};
use crate::proto::ids::{Millis, RequestId, Seq, UserId};
use crate::proto::record::{Record, json_of_frame};
use crate::proto::request::{Call, Request};

impl Engine {
    /// Numbers a record and gives it out for appending.
    pub(super) fn append(
        &mut self,
        session: SessionId,
        id: Option<RequestId>,
        now: Millis,
        record: impl FnOnce(Seq, Millis) -> Record<'static>,
    ) -> Result<(), Problem> {
        if let Some(problem) = &self.refusing {
            return Err(problem.clone());
        }
        self.last = self.last.next();
        // The clock may be set back; the times in the log never go back.
        self.last_at = self.last_at.max(now);
        let record = record(self.last, self.last_at);
        let mut frame = Vec::with_capacity(320);
        record.encode(&mut frame);
        let frame = Bytes::from(frame);
        self.batch.push(frame.slice_ref(json_of_frame(&frame)));
        self.waiting_bytes += frame.len();
        self.waiting.push_back(Waiting::Record { record, frame, by: session, id });
        Ok(())
    }

    /// What is on disk up to `durable` happens now, in order.
    pub(super) fn durable(&mut self, durable: Seq, now: Millis) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.seq() <= durable) {
            match waiting {
                Waiting::Record { record, frame, by, id } => self.happen(&record, frame, by, id),
                Waiting::Again { by, request, .. } => self.again(by, request, now),
            }
        }
    }

    fn again(&mut self, by: SessionId, request: Request, now: Millis) {
        if let Call::SendMessage(send) = &request.call {
            self.waiting_bytes -= send.message.len();
        }
        self.request(by, request, now);
    }

    fn happen(&mut self, record: &Record<'static>, frame: Bytes, by: SessionId, id: Option<RequestId>) {
        self.waiting_bytes -= frame.len();
        let before =
            if let Record::Delivered(delivered) = record { self.state.delivered(delivered.by) } else { Seq(0) };
        let applied = self.state.apply(record);
        match record {
            Record::Message(message) => {
                if let Some(client_id) = &message.client_id {
                    self.waiting_ids.remove(&(message.from, client_id.clone()));
                }
                let sent = Sent {
                    seq: Some(message.seq),
                    at: Some(message.at),
                    duplicate: applied == Applied::Duplicate,
                    outcomes: Vec::new(),
                };
                self.reply_sent(by, id, sent);
                if applied == Applied::Done {
                    let crate::proto::record::To::Person(to, _) = message.to else { return };
                    let others = (to != message.from).then_some(to);
                    for user in others.into_iter().chain([message.from]) {
                        self.push_record(user, by, message.seq, &frame);
                    }
                }
            }
            Record::Read(read) => {
                self.reply(by, "mark_read", id, ());
                self.push_record(read.by, by, read.seq, &frame);
            }
            Record::Delivered(delivered) => {
                self.reply(by, "mark_delivered", id, ());
                for user in self.state.writers_after(delivered.by, before) {
                    self.push_record(user, by, delivered.seq, &frame);
                }
            }
            Record::LastSeen(seen) => _ = self.stale.insert(seen.user),
            _ => {}
        }
    }

    /// Shows a record to the live sessions of an account, but for the one whose reply says it all.
    fn push_record(&mut self, user: UserId, by: SessionId, seq: Seq, frame: &Bytes) {
        for session in self.sessions.of(user) {
            if session != by && self.sessions.is_live(session) {
                self.effects.push(Effect::Push(session, frame.clone(), Seq(seq.0 - 1)));
            }
        }
    }

    /// What was given out up to `failed` is not on disk. While more is out, which must fail too, nothing new is given
    /// out; after that a full disk is tried again, and a failed one is not.
    pub(super) fn append_failed(&mut self, failed: Seq, problem: &Problem, now: Millis) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.seq() <= failed) {
            match waiting {
                Waiting::Record { record, frame, by, id } => {
                    self.waiting_bytes -= frame.len();
                    let purpose = match &record {
                        Record::Message(message) => {
                            if let Some(client_id) = &message.client_id {
                                self.waiting_ids.remove(&(message.from, client_id.clone()));
                            }
                            "send_message"
                        }
                        Record::Read(_) => "mark_read",
                        Record::Delivered(_) => "mark_delivered",
                        Record::LastSeen(seen) => {
                            self.stale.insert(seen.user);
                            continue;
                        }
                        _ => continue,
                    };
                    self.refuse(by, purpose, id, problem);
                }
                Waiting::Again { by, request, .. } => {
                    self.refusing.get_or_insert_with(|| problem.clone());
                    self.again(by, request, now);
                }
            }
        }
        // Records that were numbered after these and not yet handed over would leave a hole before them.
        let unsent = std::mem::take(&mut self.batch).len() as u64;
        if unsent > 0 {
            self.refusing = Some(problem.clone());
            let last = self.last;
            return self.append_failed(last, problem, now);
        }
        let settled = self.waiting.is_empty();
        if settled {
            self.last = self.state.seq();
        }
        self.refusing = (!settled || problem.code == Code::StorageFailed).then(|| problem.clone());
    }

    /// Records that were read from the log go out: as a page of history, or as what was missed.
    pub(super) fn fetched(&mut self, session: SessionId, purpose: Purpose, records: Option<Vec<Bytes>>) {
        let Some(user) = self.sessions.stage(session).and_then(Stage::user) else { return };
        let Some(records) = records else {
            let problem = Problem::new(Code::StorageFailed, "The server cannot read its history. Its log says why.");
            let (purpose, id) = match purpose {
                Purpose::History { id, .. } => ("fetch_history", id),
                Purpose::CatchUp => ("error", None),
            };
            self.refuse(session, purpose, id, &problem);
            if purpose == "error" {
                self.effects.push(Effect::Close(session));
            }
            return;
        };
        match purpose {
            Purpose::History { id, with, asked, complete } => {
                let complete = complete && records.len() == asked;
                let mut buffer = Vec::new();
                frame::encode(&mut buffer, |json| {
                    json.extend_from_slice(b"{\"purpose\":\"fetch_history\"");
                    if let Some(id) = id {
                        json.extend_from_slice(format!(",\"id\":{id}").as_bytes());
                    }
                    let rest = format!(",\"result\":true,\"with\":{},\"complete\":{complete},\"messages\":[", with.0);
                    json.extend_from_slice(rest.as_bytes());
                    for (at, record) in records.iter().enumerate() {
                        json.extend_from_slice(if at > 0 { b"," } else { b"" });
                        json.extend_from_slice(record);
                    }
                    json.extend_from_slice(b"]}");
                });
                self.effects.push(Effect::Send(session, buffer.into()));
                self.large_sent(session);
            }
            Purpose::CatchUp => {
                let Some(Stage::CatchingUp { mut cursor, .. }) = self.sessions.stage(session) else { return };
                for record in records {
                    // The log's reader has verified it.
                    let Ok(seq) = Record::parse(&record).map(|record| record.seq()) else { continue };
                    cursor = seq;
                    let mut framed = Vec::with_capacity(HEADER_BYTES + record.len() + 1);
                    frame::encode(&mut framed, |json| json.extend_from_slice(&record));
                    self.effects.push(Effect::Send(session, framed.into()));
                }
                self.sessions.set(session, Stage::CatchingUp { user, cursor, reading: false });
                self.effects.push(Effect::WatchDrained(session));
            }
        }
    }
}
