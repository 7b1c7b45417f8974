//! A row of a conversation: what a message or something that happened shows, and how a screen reader says it. Draws
//! nothing.

use super::carried::Carried;
use super::quote::Quote;
use crate::client::model::Reach;
use crate::proto::ids::{Millis, Seq, UserId};
use crate::ui::when::Clock;

/// What stands in the place of a message that was taken back.
pub const DELETED: &str = "Message deleted";

/// How far a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// Somebody else wrote it.
    Foreign,
    /// On its way to the server.
    Pending,
    /// On the server's disk.
    Stored,
    /// On a device of the receiver.
    Delivered,
    /// Seen by the receiver.
    Read,
    /// Refused: under which number it was sent, and why.
    Failed {
        /// The number in the outbox.
        n: u64,
        /// For people.
        reason: &'a str,
    },
}

/// What is changed of a message that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// Its text.
    Edit,
    /// It is taken back.
    Delete,
}

/// Which row it is, over all frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// Above the first message.
    Head,
    /// A message on the server's disk, or something that happened to the group.
    Message(Seq),
    /// Comings and goings: from when on the first of them is shown, and whose it is.
    Notice(Millis, UserId),
    /// A message in the outbox.
    Outgoing(u64),
}

impl Sent<'_> {
    /// The same for a screen reader, behind the time.
    fn spoken(self) -> &'static str {
        match self {
            Self::Foreign => "",
            Self::Pending => ", sending",
            Self::Stored => ", sent",
            Self::Delivered => ", delivered",
            Self::Read => ", read",
            Self::Failed { .. } => ", not sent",
        }
    }
}

/// All that a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A message.
    Bubble(Box<Row<'a>>),
    /// Something that happened.
    Line(Line),
}

/// All that a message's row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Which one it is.
    pub id: RowId,
    /// Who wrote it.
    pub author: &'a str,
    /// Whether this person wrote it.
    pub own: bool,
    /// What it says.
    pub text: &'a str,
    /// When.
    pub at: Millis,
    /// How far it is, or how far the change of it is.
    pub sent: Sent<'a>,
    /// The change of it that `sent` is about.
    pub revision: Option<Revision>,
    /// The message that it answers.
    pub quote: Option<Quote<'a>>,
    /// Its author has changed it, and when.
    pub edited: Option<Millis>,
    /// Its author has taken it back: it says nothing.
    pub deleted: bool,
    /// The file that it carries.
    pub file: Option<Carried<'a>>,
    /// In a room, how far a stored message of this person has come.
    pub reach: Option<Reach>,
    /// It calls this person by name.
    pub calls_me: bool,
    /// The first of a day: that day's name.
    pub day: Option<String>,
    /// The "New" divider stands above it.
    pub divider: bool,
    /// The first of a group, which bears its author's name.
    pub header: bool,
    /// What stands below it: why the last message has not come to its receiver yet.
    pub note: Option<String>,
}

impl<'a> Row<'a> {
    /// A row of somebody else of which only the words are known.
    pub fn saying(id: RowId, author: &'a str, at: Millis, text: &'a str, sent: Sent<'a>) -> Self {
        Self {
            id,
            author,
            own: false,
            text,
            at,
            sent,
            revision: None,
            quote: None,
            edited: None,
            deleted: false,
            file: None,
            reach: None,
            calls_me: false,
            day: None,
            divider: false,
            header: false,
            note: None,
        }
    }
}

/// All that the row of something that happened shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which one it is.
    pub id: RowId,
    /// What happened, in a sentence.
    pub words: String,
    /// Exactly when, for those who want to know.
    pub times: String,
    /// The first of a day: that day's name.
    pub day: Option<String>,
    /// Another such line is right above it.
    pub follows: bool,
}

impl RowId {
    /// The place of a message in the log, once it has one.
    pub fn seq(self) -> Option<Seq> {
        match self {
            Self::Message(seq) => Some(seq),
            Self::Head | Self::Notice(..) | Self::Outgoing(_) => None,
        }
    }
}

impl Row<'_> {
    /// The row as a screen reader says it.
    pub fn spoken(&self, clock: &Clock) -> String {
        let state = match (self.sent, self.revision) {
            (Sent::Pending, Some(_)) => ", saving the change",
            (Sent::Failed { .. }, Some(Revision::Edit)) => ", not changed",
            (Sent::Failed { .. }, Some(Revision::Delete)) => ", not deleted",
            (sent, _) => sent.spoken(),
        };
        if self.deleted {
            let author = if self.own { "You" } else { self.author };
            return format!("{author}, {}{state}: {DELETED}", clock.time(self.at));
        }
        let edited = if self.edited.is_some() { ", edited" } else { "" };
        let quote = self.quote.as_ref().map(|quote| format!(", in reply to {}", quote.spoken())).unwrap_or_default();
        let readers = self.readers().map(|(read, all)| format!(", read by {read} of {all}")).unwrap_or_default();
        let calls_me = if self.calls_me { ", mentions you" } else { "" };
        let author = if self.own { "You" } else { self.author };
        let file = self.file.as_ref().map(Carried::spoken).unwrap_or_default();
        let gap = if file.is_empty() || self.text.is_empty() { "" } else { ", " };
        let time = clock.time(self.at);
        format!("{author}, {time}{edited}{state}{readers}{calls_me}{quote}: {file}{gap}{}", self.text)
    }

    /// Whether the time stands on a picture: it has no words that it could stand behind.
    pub fn has_time_on_picture(&self) -> bool {
        self.text.is_empty() && self.file.as_ref().is_some_and(|file| file.image.is_some())
    }

    /// How many of how many have read it, where it is some and not all.
    pub fn readers(&self) -> Option<(usize, usize)> {
        let reach = self.reach.filter(|reach| reach.read > 0 && reach.read < reach.receivers)?;
        Some((reach.read, reach.receivers))
    }

    /// How far it has come, in words; for messages to several people.
    pub fn reached(&self) -> Option<String> {
        let reach = self.reach.filter(|reach| reach.receivers > 0)?;
        let (all, delivered) = (reach.receivers, reach.delivered);
        let read = if reach.read > 0 { format!(", read by {}", reach.read) } else { String::new() };
        Some(format!("Delivered to {delivered} of {all}{read}"))
    }
}
