//! The part of the engine that changes messages and takes them back.

use bytes::Bytes;

use super::engine::Engine;
use super::requests::Asker;
use super::session::SessionId;
use super::state::Body;
use crate::proto::attachment::Attachment;
use crate::proto::chat::ChatId;
use crate::proto::event::{Code, Problem};
use crate::proto::ids::{Invalid, Seq, check_message};
use crate::proto::record::{Deleted, Edited, Record};
use crate::proto::request::{Call, Request, Revise};

impl Engine {
    pub(super) fn revise(&mut self, asker: Asker, revise: Revise) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        let purpose = if revise.text.is_some() { "edit_message" } else { "delete_message" };
        let chat = self.any_chat(user, &revise.chat);
        if let Some(client_id) = &revise.client_id {
            // Stored before its chat was gone, it is stored.
            let key = chat.as_ref().ok().map(|chat| chat.key_for(user));
            let body = key.map(|key| Body::Revised(key, revise.seq, revise.text.as_deref()));
            if let Some(sent) = self.seen_before(user, client_id, body)? {
                self.reply_sent(session, purpose, id, sent);
                return Ok(());
            }
            if self.waiting_ids.contains(&(user, client_id.clone())) {
                self.later(session, Request { id, call: Call::Revise(revise) });
                return Ok(());
            }
        }
        let chat_id = chat?;
        let Revise { seq: message_seq, text, client_id, .. } = revise;
        if !self.state.may_revise(user, chat_id, message_seq) {
            return Err(no_message("change"));
        }
        let (by, chat) = (user, chat_id.key_for(user));
        let now = self.time_in([chat_id], now);
        let Some(text) = text else {
            return self.append(session, id, now, |seq, at| {
                Record::Deleted(Deleted { seq, at, by, chat, message_seq, client_id })
            });
        };
        check_text(&text, self.state.file_of(chat_id, message_seq).is_some())?;
        let mentions = match chat_id {
            ChatId::Direct(..) => Vec::new(),
            ChatId::Group(_) | ChatId::Everyone => self.mentioned(user, &text, chat_id),
        };
        self.append(session, id, now, |seq, at| {
            let (mentions, message) = (mentions.into(), text.into());
            Record::Edited(Edited { seq, at, by, chat, message_seq, client_id, mentions, message })
        })
    }

    /// Shows a change of a message to the live sessions of those who may see it, but for the one whose reply says it all.
    pub(super) fn show_revision(&mut self, id: ChatId, message: Seq, by: SessionId, seq: Seq, frame: &Bytes) {
        let audience = self.audience(id).into_iter();
        let audience: Vec<_> = audience.filter(|user| self.state.may_see(*user, id, message)).collect();
        self.push_record(audience, by, seq, frame);
    }

    /// A message that carries a file is on disk.
    pub(super) fn carries(&mut self, attachment: Option<&Attachment>) {
        if let Some(attachment) = attachment {
            self.carried(attachment.file);
        }
    }
}

/// Whether a text can be that of a message; with a file it may be empty.
pub(super) fn check_text(text: &str, with_file: bool) -> Result<(), Problem> {
    match check_message(text) {
        Err(Invalid::EmptyMessage) if with_file => Ok(()),
        Err(invalid) => {
            let code = if invalid == Invalid::EmptyMessage { Code::MessageEmpty } else { Code::MessageTooLong };
            Err(Problem::new(code, invalid.to_string()))
        }
        Ok(()) => Ok(()),
    }
}

/// What somebody is told who wants to answer or to change a message that is not there.
pub(super) fn no_message(deed: &str) -> Problem {
    let text = format!("There is no message at that place that you could {deed}. It may have been deleted.");
    Problem::new(Code::UnknownMessage, text)
}
