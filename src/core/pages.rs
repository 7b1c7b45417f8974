//! The part of the engine that shows what was read from the log: as a page of history, or as what was missed.
//!
//! A message is shown as it is now. Its record stands in the log as it was written; where its author has changed it
//! since, the newest change is read along, right behind it, and both become one.

use std::borrow::Cow;

use bytes::Bytes;

use super::engine::{Effect, Engine, Purpose};
use super::requests::not_a_member;
use super::session::{SessionId, Stage};
use super::state::peer;
use crate::proto::attachment::Edition;
use crate::proto::chat::ChatId;
use crate::proto::event::{Code, Problem};
use crate::proto::frame::{self, HEADER_BYTES};
use crate::proto::ids::{RequestId, Seq, UserId};
use crate::proto::purpose;
use crate::proto::record::{Edited, Message, Record, ToMany, json_of_frame};

/// What a `fetch_history` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The request's number.
    pub(super) id: Option<RequestId>,
    /// Which chat.
    pub(super) chat: ChatId,
    /// Only what stands before this place.
    pub(super) before: Option<Seq>,
    /// How many entries at most.
    pub(super) limit: usize,
    /// Only messages that carry a file.
    pub(super) files: bool,
}

/// The newest changes of a message that were read along with it.
type Changes<'a> = [Edited<'a>];

/// Whether a message can be shown as it is now.
enum Shown<'a> {
    /// As it was written.
    Written,
    /// Otherwise.
    Changed(Box<Message<'a>>),
    /// It was changed after it was read.
    Outdated,
}

impl Engine {
    /// Has a page read.
    pub(super) fn read_page(&mut self, session: SessionId, user: UserId, page: Page) {
        let Page { chat, before, limit, files, .. } = page;
        let (seqs, complete) = match files {
            true => self.state.files_page(user, chat, before, limit),
            false => self.state.page(user, chat, before, limit),
        };
        let with_text = |seq| [Some(seq), self.state.newest_text(chat, seq)];
        let seqs: Vec<_> = seqs.into_iter().flat_map(with_text).flatten().collect();
        let purpose = Purpose::History { page, seqs: seqs.clone(), complete };
        self.effects.push(Effect::Fetch(session, purpose, seqs));
    }

    /// Records that were read from the log go out. Whether they may is decided now: much can have happened since they
    /// were asked for.
    pub(super) fn fetched(&mut self, session: SessionId, purpose: Purpose, records: Option<Vec<Bytes>>) {
        let Some(user) = self.sessions.stage(session).and_then(Stage::user) else { return };
        let Some(records) = records else {
            let problem = Problem::new(Code::StorageFailed, "The server cannot read its history. Its log says why.");
            let (purpose, id) = match purpose {
                Purpose::History { page, .. } => ("fetch_history", page.id),
                Purpose::CatchUp => ("error", None),
            };
            self.refuse(session, purpose, id, &problem);
            match purpose {
                "error" => self.effects.push(Effect::Close(session)),
                _ => self.large_sent(session),
            }
            return;
        };
        match purpose {
            Purpose::History { page, seqs, .. } if !self.may_still_see(user, page.chat, seqs.first().copied()) => {
                self.refuse(session, "fetch_history", page.id, &not_a_member());
                self.large_sent(session);
            }
            Purpose::History { page, seqs, complete } => {
                let left_out = seqs.len().saturating_sub(records.len());
                let Some(messages) = self.shown_page(user, page.chat, &seqs[left_out..], &records) else {
                    return self.read_page(session, user, page);
                };
                let complete = complete && left_out == 0;
                let mut buffer = Vec::new();
                frame::encode(&mut buffer, |json| {
                    json.extend_from_slice(b"{\"purpose\":\"fetch_history\"");
                    if let Some(id) = page.id {
                        json.extend_from_slice(format!(",\"id\":{id}").as_bytes());
                    }
                    let key = serde_json::to_string(&page.chat.key_for(user)).expect("a chat has string keys");
                    let key = key.trim_matches(['{', '}']);
                    let rest = format!(",\"result\":true,{key},\"complete\":{complete},\"messages\":[");
                    json.extend_from_slice(rest.as_bytes());
                    for (at, message) in messages.iter().enumerate() {
                        json.extend_from_slice(if at > 0 { b"," } else { b"" });
                        json.extend_from_slice(message);
                    }
                    json.extend_from_slice(b"]}");
                });
                self.effects.push(Effect::Send(session, buffer.into()));
                self.large_sent(session);
            }
            Purpose::CatchUp => self.caught_up(session, user, &records),
        }
    }

    /// The entries of a page as they are now; nothing when one of them has changed since it was read. Most are as they were
    /// written, and go out as the bytes that they are.
    fn shown_page(&self, user: UserId, chat: ChatId, seqs: &[Seq], records: &[Bytes]) -> Option<Vec<Bytes>> {
        let mut messages = Vec::with_capacity(records.len());
        for (at, (seq, json)) in seqs.iter().zip(records).enumerate() {
            let written = match purpose::of(json).as_deref() {
                // It stands in its message, or that did not fit the page any more.
                Ok("message_edited") => continue,
                Ok("receive_message") if self.state.revision(chat, *seq).is_none() => None,
                Ok("receive_message" | "message_to_many") => Record::parse(json).ok(),
                _ => None,
            };
            let message = match &written {
                Some(Record::Message(message)) => Cow::Borrowed(message),
                Some(Record::ToMany(many)) => {
                    Cow::Owned(self.part_of(many, if many.from == user { peer(user, chat)? } else { user }))
                }
                _ => {
                    messages.push(json.clone());
                    continue;
                }
            };
            let change = match records.get(at + 1).map(|next| Record::parse(next)) {
                Some(Ok(Record::Edited(change))) if change.message_seq == *seq => Some(change),
                _ => None,
            };
            messages.push(json_of(&Record::Message(match self.as_it_is(chat, &message, change.as_slice()) {
                Shown::Written => message.into_owned(),
                Shown::Changed(message) => *message,
                Shown::Outdated => return None,
            })));
        }
        Some(messages)
    }

    /// A message as it is now, if the changes have what it takes.
    fn as_it_is<'a>(&self, chat: ChatId, written: &Message<'a>, changes: &Changes<'a>) -> Shown<'a> {
        let Some(revision) = self.state.revision(chat, written.seq) else { return Shown::Written };
        if revision.deleted {
            let (message, mentions) = (Cow::Borrowed(""), Cow::Borrowed(&[][..]));
            let gone =
                Message { deleted: true, reply_to: None, attachment: None, mentions, message, ..written.clone() };
            return Shown::Changed(Box::new(gone));
        }
        match changes.iter().find(|change| change.seq == revision.seq) {
            Some(Edited { seq, at, mentions, message, .. }) => {
                let edited = Some(Edition { seq: *seq, at: *at });
                let (mentions, message) = (mentions.clone(), message.clone());
                Shown::Changed(Box::new(Message { edited, mentions, message, ..written.clone() }))
            }
            None => Shown::Outdated,
        }
    }

    /// Whether a page may be shown that begins at a place. Who was removed and added again may not see what they could.
    fn may_still_see(&self, user: UserId, chat: ChatId, oldest: Option<Seq>) -> bool {
        match oldest {
            Some(seq) => self.state.may_see(user, chat, seq),
            None => self.state.is_in(user, chat),
        }
    }

    fn caught_up(&mut self, session: SessionId, user: UserId, records: &[Bytes]) {
        let Some(Stage::CatchingUp { mut cursor, .. }) = self.sessions.stage(session) else { return };
        for (json, record, changes) in with_their_changes(records) {
            cursor = record.seq();
            self.catch_up_with(session, user, &record, json, &changes);
        }
        self.sessions.set(session, Stage::CatchingUp { user, cursor, reading: false });
        self.effects.push(Effect::WatchDrained(session));
    }

    fn catch_up_with(
        &mut self,
        session: SessionId,
        user: UserId,
        record: &Record<'_>,
        json: &Bytes,
        changes: &Changes<'_>,
    ) {
        let may_see = |id: ChatId, seq: Seq| self.state.may_see(user, id, seq);
        match record {
            Record::Message(message) if may_see(message.chat(), message.seq) => {
                // One that has changed since it was read is changed once more by what comes later.
                if let Shown::Changed(message) = self.as_it_is(message.chat(), message, changes) {
                    let mut frame = Vec::new();
                    Record::Message(*message).encode(&mut frame);
                    return self.effects.push(Effect::Send(session, frame.into()));
                }
            }
            Record::Group(change) if may_see(ChatId::Group(change.group), change.seq) => {}
            Record::Edited(_) | Record::Deleted(_)
                if record.revises().is_some_and(|(id, message)| may_see(id, message)) => {}
            Record::ToMany(many) => {
                let receivers = many.to_many.iter().filter(|to| many.from == user || **to == user);
                for &to in receivers {
                    let part = self.part_of(many, to);
                    let part = match self.as_it_is(part.chat(), &part, changes) {
                        Shown::Changed(changed) => *changed,
                        Shown::Written | Shown::Outdated => part,
                    };
                    let mut frame = Vec::new();
                    Record::Message(part).encode(&mut frame);
                    self.effects.push(Effect::Send(session, frame.into()));
                }
                return;
            }
            _ => return,
        }
        let mut framed = Vec::with_capacity(HEADER_BYTES + json.len() + 1);
        frame::encode(&mut framed, |buffer| buffer.extend_from_slice(json));
        self.effects.push(Effect::Send(session, framed.into()));
    }

    /// A message to several people as it stands in the chat with one of them.
    fn part_of<'a>(&self, many: &'a ToMany<'_>, to: UserId) -> Message<'a> {
        many.part(to, self.name_of(to))
    }

    /// The frame of a message to several people as one of them is shown it.
    pub(super) fn part_frame(&self, many: &ToMany<'_>, to: UserId) -> Bytes {
        let mut frame = Vec::new();
        Record::Message(self.part_of(many, to)).encode(&mut frame);
        frame.into()
    }
}

/// Entries with the changes that stand right behind them. What stands behind none is a record by itself. The log's reader has
/// verified all.
fn with_their_changes(records: &[Bytes]) -> Vec<(&Bytes, Record<'_>, Vec<Edited<'_>>)> {
    let mut entries: Vec<(&Bytes, Record<'_>, Vec<Edited<'_>>)> = Vec::with_capacity(records.len());
    for json in records {
        let Ok(record) = Record::parse(json) else { continue };
        match (record, entries.last_mut()) {
            (Record::Edited(edited), Some((_, entry, changes))) if entry.seq() == edited.message_seq => {
                changes.push(edited);
            }
            (record, _) => entries.push((json, record, Vec::new())),
        }
    }
    entries
}

fn json_of(record: &Record<'_>) -> Bytes {
    let mut frame = Vec::new();
    record.encode(&mut frame);
    let frame = Bytes::from(frame);
    frame.slice_ref(json_of_frame(&frame))
}
