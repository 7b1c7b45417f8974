//! The part of the engine that shows what was read from the log: as a page of history, or as what was missed.

use bytes::Bytes;

use super::engine::{Effect, Engine, Purpose};
use super::requests::not_a_member;
use super::session::{SessionId, Stage};
use super::state::peer;
use crate::proto::chat::ChatId;
use crate::proto::event::{Code, Problem};
use crate::proto::frame::{self, HEADER_BYTES};
use crate::proto::ids::{Seq, UserId};
use crate::proto::purpose;
use crate::proto::record::{Record, ToMany, json_of_frame};

impl Engine {
    /// Records that were read from the log go out. Whether they may is decided now: much can have happened since they
    /// were asked for.
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
            Purpose::History { id, chat, oldest, .. } if !self.may_still_see(user, chat, oldest) => {
                self.refuse(session, "fetch_history", id, &not_a_member());
                self.large_sent(session);
            }
            Purpose::History { id, chat, asked, complete, .. } => {
                let complete = complete && records.len() == asked;
                let mut buffer = Vec::new();
                frame::encode(&mut buffer, |json| {
                    json.extend_from_slice(b"{\"purpose\":\"fetch_history\"");
                    if let Some(id) = id {
                        json.extend_from_slice(format!(",\"id\":{id}").as_bytes());
                    }
                    let key = serde_json::to_string(&chat.key_for(user)).expect("a chat has string keys");
                    let key = key.trim_matches(['{', '}']);
                    let rest = format!(",\"result\":true,{key},\"complete\":{complete},\"messages\":[");
                    json.extend_from_slice(rest.as_bytes());
                    for (at, record) in records.iter().enumerate() {
                        json.extend_from_slice(if at > 0 { b"," } else { b"" });
                        match self.part_in(user, chat, record) {
                            Some(part) => json.extend_from_slice(json_of_frame(&part)),
                            None => json.extend_from_slice(record),
                        }
                    }
                    json.extend_from_slice(b"]}");
                });
                self.effects.push(Effect::Send(session, buffer.into()));
                self.large_sent(session);
            }
            Purpose::CatchUp => {
                let Some(Stage::CatchingUp { mut cursor, .. }) = self.sessions.stage(session) else { return };
                for json in records {
                    // The log's reader has verified it.
                    let Ok(record) = Record::parse(&json) else { continue };
                    cursor = record.seq();
                    self.catch_up_with(session, user, &record, &json);
                }
                self.sessions.set(session, Stage::CatchingUp { user, cursor, reading: false });
                self.effects.push(Effect::WatchDrained(session));
            }
        }
    }

    /// Whether a page may be shown that begins at a place. Who was removed and added again may not see what they could.
    fn may_still_see(&self, user: UserId, chat: ChatId, oldest: Option<Seq>) -> bool {
        match oldest {
            Some(seq) => self.state.may_see(user, chat, seq),
            None => self.state.is_in(user, chat),
        }
    }

    fn catch_up_with(&mut self, session: SessionId, user: UserId, record: &Record<'_>, json: &Bytes) {
        let may_see = |id: ChatId, seq: Seq| self.state.may_see(user, id, seq);
        match record {
            Record::Message(message) if may_see(message.chat(), message.seq) => {}
            Record::Group(change) if may_see(ChatId::Group(change.group), change.seq) => {}
            Record::ToMany(many) => {
                let receivers = many.to_many.iter().filter(|to| many.from == user || **to == user);
                for part in receivers.map(|to| self.part_frame(many, *to)).collect::<Vec<_>>() {
                    self.effects.push(Effect::Send(session, part));
                }
                return;
            }
            _ => return,
        }
        let mut framed = Vec::with_capacity(HEADER_BYTES + json.len() + 1);
        frame::encode(&mut framed, |buffer| buffer.extend_from_slice(json));
        self.effects.push(Effect::Send(session, framed.into()));
    }

    /// A message to several people as it stands in one of their chats; nothing for any other record.
    fn part_in(&self, user: UserId, chat: ChatId, json: &[u8]) -> Option<Bytes> {
        if purpose::of(json).ok()? != "message_to_many" {
            return None;
        }
        let Ok(Record::ToMany(many)) = Record::parse(json) else { return None };
        let to = if many.from == user { peer(user, chat)? } else { user };
        Some(self.part_frame(&many, to))
    }

    /// The frame of a message to several people as one of them is shown it.
    pub(super) fn part_frame(&self, many: &ToMany<'_>, to: UserId) -> Bytes {
        let name = self.name_of(to);
        let mut frame = Vec::new();
        Record::Message(many.part(to, &name)).encode(&mut frame);
        frame.into()
    }
}
