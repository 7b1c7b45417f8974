//! What must not stand in a log: the types that hold somebody's words or password say of them how long they are, and
//! no more, however they come to be printed.

use std::fmt;

use super::message::{Edited, Message, ToMany};
use super::outgoing::Outgoing;
use super::request::{BadRequest, Revise, SendMessage};

/// Stands for a text of so many bytes.
struct Withheld<'a>(&'a str);

impl fmt::Debug for Withheld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl fmt::Debug for SendMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to, message, client_id, reply_to, attachment } = self;
        let mut said = f.debug_struct("SendMessage");
        said.field("to", to).field("message", &Withheld(message)).field("client_id", client_id);
        said.field("reply_to", reply_to).field("attachment", &attachment.as_ref().map(|it| it.file)).finish()
    }
}

impl fmt::Debug for Revise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chat, seq, text, client_id } = self;
        let mut said = f.debug_struct("Revise");
        said.field("chat", chat).field("seq", seq).field("text", &text.as_deref().map(Withheld));
        said.field("client_id", client_id).finish()
    }
}

impl fmt::Debug for Edited<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, at, by, chat, message_seq, client_id, mentions, message } = self;
        let mut said = f.debug_struct("Edited");
        said.field("seq", seq).field("at", at).field("by", by).field("chat", chat).field("message_seq", message_seq);
        said.field("client_id", client_id).field("mentions", mentions).field("message", &Withheld(message)).finish()
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, at, from, from_user: _, to, client_id, mentions, .. } = self;
        let Self { reply_to, attachment, edited, deleted, message, .. } = self;
        let mut said = f.debug_struct("Message");
        said.field("seq", seq).field("at", at).field("from", from).field("to", to).field("client_id", client_id);
        said.field("mentions", mentions).field("reply_to", reply_to).field("edited", edited).field("deleted", deleted);
        said.field("attachment", &attachment.as_ref().map(|it| it.file)).field("message", &Withheld(message)).finish()
    }
}

impl fmt::Debug for ToMany<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, at, from, to_many, from_user: _, client_id, attachment, message } = self;
        let mut said = f.debug_struct("ToMany");
        said.field("seq", seq).field("at", at).field("from", from).field("to_many", to_many);
        said.field("client_id", client_id).field("attachment", &attachment.as_ref().map(|it| it.file));
        said.field("message", &Withheld(message)).finish()
    }
}

/// The problem is for who sent it: it may repeat what they sent.
impl fmt::Debug for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BadRequest").field("code", &self.problem.code).finish_non_exhaustive()
    }
}

/// It is borrowed parts of what a client knows, among them the password of a login.
impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outgoing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::ids::{Millis, Seq, UserId};
    use crate::proto::record::Record;
    use crate::proto::request::Request;

    #[test]
    fn nothing_that_somebody_wrote_and_no_password_is_printed() {
        let parse = |json: &str| format!("{:?}", Request::parse(json.as_bytes()));
        let (seq, at, from, to) = (Seq(1), Millis(2), UserId(3), UserId(4));
        let many = ToMany {
            seq,
            at,
            from,
            to_many: vec![to],
            from_user: "A".into(),
            client_id: None,
            attachment: None,
            message: "canary".into(),
        };
        let login = Outgoing::Login { username: "A", password: "canary", log: None, after: None };
        for (said, holds) in [
            (parse(r#"{"purpose":"login","username":"A","password":"canary"}"#), "REDACTED"),
            (parse(r#"{"purpose":"send_message","to_user":"B","message":"canary"}"#), "<6 bytes>"),
            (parse(r#"{"purpose":"login","username":"A","password":["canary"]}"#), "BadRequest"),
            (parse(r#"{"purpose":"mark_read","seq":"canary"}"#), "BadRequest"),
            (parse(r#"{"purpose":"canary"}"#), "BadRequest"),
            (format!("{many:?}"), "<6 bytes>"),
            (format!("{:?}", Record::Message(many.part(to, "B".into()))), "<6 bytes>"),
            (format!("{login:?}"), "Outgoing"),
        ] {
            assert!(said.contains(holds) && !said.contains("canary"), "{said}");
        }
    }
}
