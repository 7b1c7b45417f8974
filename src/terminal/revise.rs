//! Answers, changes and deletions at a terminal. They are about the newest message of the chat that one is in: an answer
//! about the newest of somebody else, the other two about one's own.

use super::session::{BEGINNING_CHARS, Session};
use crate::client::command::Command;
use crate::client::model::Message;
use crate::client::outbox::Outgoing;
use crate::lines::safe;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// Why nothing can be done with a message that is not known.
const LOOK_BACK: &str = "among what was shown of this chat: /history shows more of it";

impl Session {
    /// Answers the newest message of somebody else.
    pub(super) fn reply(&mut self, chat: ChatKey, text: &str) {
        let model = self.model();
        let last = model.standing(chat).find(|message| !model.is_me(message.from)).map(|message| message.seq);
        match last {
            Some(seq) => self.put(chat, text, Some(seq)),
            None => self.wrong(&format!("Not sent: no message of somebody else is {LOOK_BACK}.")),
        }
    }

    /// Gives the newest message of one's own another text.
    pub(super) fn edit(&mut self, chat: ChatKey, text: &str) {
        match self.own(chat) {
            Ok((seq, _)) => {
                if let Some(text) = self.checked(text, "Not changed") {
                    self.client.perform(Command::Edit { chat, seq, text });
                }
            }
            Err(why) => self.wrong(&format!("Not changed: {why}.")),
        }
    }

    /// Takes the newest message of one's own back, when that is asked for twice in a row. What was asked about before is
    /// `asked`.
    pub(super) fn unsay(&mut self, chat: ChatKey, asked: Option<(ChatKey, Seq)>) {
        match self.own(chat) {
            Ok((seq, _)) if asked == Some((chat, seq)) => self.client.perform(Command::Delete { chat, seq }),
            Ok((seq, text)) => {
                self.unsaying = Some((chat, seq));
                let begin = safe::beginning(&text, BEGINNING_CHARS);
                self.say(format!(
                    "This takes “{begin}” back from everybody who has it: to be sure, type /unsay again."
                ));
            }
            Err(why) => self.wrong(&format!("Not deleted: {why}.")),
        }
    }

    /// The newest message of one's own, and its text, or what it carries where it has none. One that waits to be sent is
    /// newer than any that could be changed, and is what its writer means.
    fn own(&self, chat: ChatKey) -> Result<(Seq, String), String> {
        let waits = |entry: &Outgoing| entry.is_message() && entry.is_in(chat);
        if self.model().outbox.entries().any(waits) {
            return Err("your last message is not on the server yet".into());
        }
        let message = self.newest_own(chat).ok_or_else(|| format!("no message of yours is {LOOK_BACK}"))?;
        let text = match (self.model().shown(chat, message).text, &message.attachment) {
            ("", Some(file)) => file.name.as_str(),
            (text, _) => text,
        };
        Ok((message.seq, text.to_owned()))
    }

    fn newest_own(&self, chat: ChatKey) -> Option<&Message> {
        self.model().standing(chat).find(|message| self.model().is_me(message.from))
    }

    /// What Tab puts behind `/edit`: the text that is to be changed, if it fits a line.
    pub(super) fn to_edit(&self) -> Option<&str> {
        let text = self.model().shown(self.chat, self.newest_own(self.chat)?).text;
        (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
    }
}
