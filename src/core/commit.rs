//! The half of the engine that has to do with the log: records go out, come back durable, and only then do they happen.

use bytes::Bytes;

use super::engine::{Effect, Engine, Waiting};
use super::requests::weight;
use super::revise::no_message;
use super::session::SessionId;
use super::state::Applied;
use crate::proto::chat::{Change, ChatId};
use crate::proto::event::{Code, GroupReply, Outcome, Problem, Sent};
use crate::proto::ids::{Millis, RequestId, Seq, UserId};
use crate::proto::record::{Message, Record, To, json_of_frame};
use crate::proto::request::Request;

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
        // The clock may be set back. What is under way keeps its order; what is settled has a say in its own chat only,
        // so that a clock that was wrong for a moment does not make the time stand still everywhere.
        self.last_at = if self.waiting.is_empty() { now } else { self.last_at.max(now) };
        let record = record(self.last, self.last_at);
        let mut frame = Vec::with_capacity(320);
        record.encode(&mut frame);
        let frame = Bytes::from(frame);
        self.batch.push(frame.slice_ref(json_of_frame(&frame)));
        self.waiting_bytes += frame.len();
        self.changes_waiting += usize::from(changes_groups(&record));
        self.waiting_ids.extend(record.send().map(|(user, client_id)| (user, client_id.clone())));
        self.waiting.push_back(Waiting::Record { record, frame, by: session, id, outcomes: Vec::new() });
        Ok(())
    }

    /// The time of a new entry in these chats: `now`, or that of the last entry there if the clock was set back since.
    pub(super) fn time_in(&self, chats: impl IntoIterator<Item = ChatId>, now: Millis) -> Millis {
        chats.into_iter().filter_map(|chat| self.state.time_of(chat)).fold(now, Millis::max)
    }

    /// What is on disk up to `durable` happens now, in order.
    pub(super) fn durable(&mut self, durable: Seq, now: Millis) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.seq() <= durable) {
            match waiting {
                Waiting::Record { record, frame, by, id, outcomes } => {
                    self.waiting_bytes -= frame.len();
                    self.settled(&record);
                    self.happen(&record, &frame, by, id, outcomes);
                }
                Waiting::Again { by, request, .. } => self.again(by, request, now),
                Waiting::Login { by, ticket, user, .. } => self.verified(by, ticket, Some(user), now),
            }
        }
        if self.accounts_changed && self.accounts_waiting == 0 {
            self.reconcile(now);
        }
    }

    fn again(&mut self, by: SessionId, request: Request, now: Millis) {
        self.waiting_bytes -= weight(&request);
        self.request(by, request, now);
    }

    /// A record is not waiting any more, whatever became of it.
    fn settled(&mut self, record: &Record<'_>) {
        if let Some((user, client_id)) = record.send() {
            self.waiting_ids.remove(&(user, client_id.clone()));
        }
        if matches!(record, Record::Account(_) | Record::AccountRemoved(_)) {
            self.accounts_waiting -= 1;
        }
        self.changes_waiting -= usize::from(changes_groups(record));
    }

    /// A record is on disk: it is applied, its sender is answered, and those whom it concerns are shown it.
    fn happen(
        &mut self,
        record: &Record<'static>,
        frame: &Bytes,
        by: SessionId,
        id: Option<RequestId>,
        outcomes: Vec<Outcome>,
    ) {
        // Whom it concerns is partly what was so before.
        let before = match record {
            Record::Group(change) => self.audience(ChatId::Group(change.group)),
            Record::Read(read) => self.told_of_reading(read),
            Record::Delivered(delivered) => {
                let old = self.state.delivered(delivered.by);
                self.state.writers(delivered.by, old, delivered.upto).into_iter().collect()
            }
            _ => Vec::new(),
        };
        let revised = record.revises();
        let file = revised.and_then(|(chat, message)| self.state.file_of(chat, message));
        let groups: Vec<_> = match record {
            Record::AccountRemoved(removed) => self.state.groups_of(removed.user).map(|(id, _)| id).collect(),
            _ => Vec::new(),
        };
        let applied = self.state.apply(record);
        if applied == Applied::Lost {
            return self.refuse(by, request_of(record).unwrap_or("error"), id, &lost(record));
        }
        let (seq, at) = (record.seq(), record.at());
        match record {
            Record::Message(message) => {
                self.reply_sent(by, "send_message", id, sent(seq, at, applied, Vec::new()));
                if applied == Applied::Done {
                    self.show_message(message, by, frame);
                    self.carries(message.attachment.as_ref());
                }
            }
            Record::ToMany(many) => {
                let outcomes = self.told(outcomes);
                self.reply_sent(by, "send_message", id, sent(seq, at, applied, outcomes));
                if applied == Applied::Done {
                    self.carries(many.attachment.as_ref());
                    for &to in &many.to_many {
                        let part = self.part_frame(many, to);
                        let others = (to != many.from).then_some(to);
                        self.push_record(others.into_iter().chain([many.from]), by, seq, &part);
                    }
                }
            }
            Record::Edited(_) | Record::Deleted(_) => {
                let purpose = request_of(record).unwrap_or("error");
                self.reply_sent(by, purpose, id, sent(seq, at, applied, Vec::new()));
                if let Some((chat, message)) = revised.filter(|_| applied == Applied::Done) {
                    self.show_revision(chat, message, by, seq, frame);
                }
                if let Some(file) = file.filter(|file| !self.state.is_carried(*file)) {
                    self.dropped(file);
                }
            }
            Record::Group(change) => {
                if applied == Applied::Done {
                    self.show_group(change, &before, frame);
                }
                let made = matches!(change.change, Change::Created { .. }).then_some(change.group);
                let body = GroupReply { group: made, duplicate: applied == Applied::Duplicate };
                self.reply(by, purpose_of(&change.change), id, body);
            }
            Record::Read(read) => {
                self.reply(by, "mark_read", id, ());
                self.push_record(before.into_iter().chain([read.by]), by, seq, frame);
                self.show_unread(read);
            }
            Record::Delivered(_) => {
                self.reply(by, "mark_delivered", id, ());
                self.push_record(before, by, seq, frame);
            }
            Record::ReadReceipts(setting) => {
                // It is in no list, so that nobody may miss it.
                for session in self.sessions.of(setting.by) {
                    self.effects.push(Effect::Send(session, frame.clone()));
                }
                if setting.on {
                    self.show_read(setting.by);
                }
                self.reply(by, "set_read_receipts", id, ());
            }
            Record::Muted(setting) => {
                self.push_record([setting.by], SYSTEM, seq, frame);
                self.reply(by, "mute_chat", id, ());
            }
            Record::LastSeen(seen) => _ = self.stale.insert(seen.user),
            Record::Account(account) => _ = self.stale.insert(account.user),
            Record::AccountRemoved(removed) => {
                self.stale.insert(removed.user);
                for group in groups {
                    self.show_info(group, &self.audience(ChatId::Group(group)));
                }
            }
        }
    }

    /// Shows a message to the live sessions of those who are in its chat, but for the one whose reply says it all.
    fn show_message(&mut self, message: &Message<'_>, by: SessionId, frame: &Bytes) {
        let seq = message.seq;
        match message.to {
            To::Person(to, _) => {
                let others = (to != message.from).then_some(to);
                self.push_record(others.into_iter().chain([message.from]), by, seq, frame);
            }
            To::Group(group) => self.push_record(self.audience(ChatId::Group(group)), by, seq, frame),
            To::Everyone => {
                for session in self.sessions.logged_in() {
                    if session != by && self.sessions.is_live(session) {
                        self.effects.push(Effect::Push(session, frame.clone(), Seq(seq.0 - 1)));
                    }
                }
            }
        }
    }

    /// Shows a record to the live sessions of accounts, but for the one whose reply says it all.
    pub(super) fn push_record(
        &mut self,
        users: impl IntoIterator<Item = UserId>,
        by: SessionId,
        seq: Seq,
        frame: &Bytes,
    ) {
        for user in users {
            for session in self.sessions.of(user) {
                if session != by && self.sessions.is_live(session) {
                    self.effects.push(Effect::Push(session, frame.clone(), Seq(seq.0 - 1)));
                }
            }
        }
    }

    /// What was given out up to `failed` is not on disk. While more is out, which must fail too, nothing new is given
    /// out; after that a full disk is tried again, and a failed one is not.
    pub(super) fn append_failed(&mut self, failed: Seq, problem: &Problem, now: Millis) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.seq() <= failed) {
            match waiting {
                Waiting::Record { record, frame, by, id, .. } => {
                    self.waiting_bytes -= frame.len();
                    self.settled(&record);
                    match (&record, request_of(&record)) {
                        (_, Some(purpose)) => self.refuse(by, purpose, id, problem),
                        (Record::LastSeen(seen), None) => _ = self.stale.insert(seen.user),
                        // Accounts are compared again with the next login.
                        (_, None) => self.accounts_changed = true,
                    }
                }
                Waiting::Again { by, request, .. } => {
                    self.refusing.get_or_insert_with(|| problem.clone());
                    self.again(by, request, now);
                }
                Waiting::Login { by, ticket, user, .. } => {
                    self.refusing.get_or_insert_with(|| problem.clone());
                    self.verified(by, ticket, Some(user), now);
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
}

/// Whether a record changes who is in a group, or whose it is.
fn changes_groups(record: &Record<'_>) -> bool {
    matches!(record, Record::Group(_) | Record::AccountRemoved(_))
}

/// The session of what nobody asked for.
pub(super) const SYSTEM: SessionId = SessionId(u64::MAX);

fn sent(seq: Seq, at: Millis, applied: Applied, outcomes: Vec<Outcome>) -> Sent {
    Sent { seq: Some(seq), at: Some(at), duplicate: applied == Applied::Duplicate, outcomes }
}

/// What the sender of a record is told that lost a race.
fn lost(record: &Record<'_>) -> Problem {
    if record.revises().is_some() {
        return no_message("change");
    }
    Problem::new(Code::NotAMember, "The group has changed in between: you cannot do that there any more.")
}

/// The request that makes such a record, if one does.
fn request_of(record: &Record<'_>) -> Option<&'static str> {
    match record {
        Record::Message(_) | Record::ToMany(_) => Some("send_message"),
        Record::Edited(_) => Some("edit_message"),
        Record::Deleted(_) => Some("delete_message"),
        Record::Group(change) => Some(purpose_of(&change.change)),
        Record::Read(_) => Some("mark_read"),
        Record::Delivered(_) => Some("mark_delivered"),
        Record::ReadReceipts(_) => Some("set_read_receipts"),
        Record::Muted(_) => Some("mute_chat"),
        Record::LastSeen(_) | Record::Account(_) | Record::AccountRemoved(_) => None,
    }
}

/// The request that makes such a change.
fn purpose_of(change: &Change) -> &'static str {
    match change {
        Change::Created { .. } => "create_group",
        Change::Renamed { .. } => "rename_group",
        Change::Added { .. } => "add_members",
        Change::Removed { .. } => "remove_member",
        Change::Left { .. } => "leave_group",
        Change::HandedOver { .. } => "hand_over_group",
        Change::Deleted => "delete_group",
    }
}
