//! One conversation, and what is being written in it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::client::outbox::Enclosure;
use crate::proto::attachment::{Attachment, Edition};
use crate::proto::chat::Change;
use crate::proto::ids::{Millis, RequestId, Seq, UserId};

/// An entry of a conversation: a message that is on the server's disk, or something that happened to the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its place in the log: identity and order.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Who wrote or did it.
    pub from: UserId,
    /// Its text as it is now; empty where something happened or was taken back, and it may be where there is a file.
    pub text: Arc<str>,
    /// What happened to the group.
    pub change: Option<Arc<Change>>,
    /// Its text calls this person by name.
    pub mentions_me: bool,
    /// The message of the same chat that it answers.
    pub reply_to: Option<Seq>,
    /// The file that it carries.
    pub attachment: Option<Arc<Attachment>>,
    /// Its author has changed it, and when last.
    pub edited: Option<Edition>,
    /// Its author has taken it back.
    pub deleted: bool,
}

impl Message {
    /// Whether it counts as unread for `me` until it is seen.
    pub fn counts(&self, me: UserId) -> bool {
        self.from != me && self.change.is_none()
    }
}

/// The last entry of a chat, as the list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Its place.
    pub seq: Seq,
    /// Its time.
    pub at: Millis,
    /// Who wrote or did it.
    pub from: UserId,
    /// Its beginning; may hold line breaks, and is empty where something happened.
    pub preview: Arc<str>,
    /// What happened to the group.
    pub change: Option<Arc<Change>>,
    /// What the file is called that it carries.
    pub file: Option<Arc<str>>,
    /// Its author has taken it back.
    pub deleted: bool,
}

/// Somebody came or went while this window was looking: a line in the room of everyone, known to this window alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Who.
    pub user: UserId,
    /// Whether they are online now; otherwise they left.
    pub online: bool,
    /// When, by this computer's clock.
    pub at: Millis,
    /// From when on it is shown: somebody who is gone for a moment has not left.
    pub shown_from: Millis,
}

/// One conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// What is loaded: without a gap up to the newest, ordered by place.
    pub messages: VecDeque<Message>,
    /// Nothing stands before what is loaded.
    pub complete: bool,
    /// A page is on its way.
    pub loading: bool,
    /// The number under which the last one was asked for.
    #[serde(skip)]
    pub(in crate::client) page: RequestId,
    /// Why the last page did not come.
    pub problem: Option<String>,
    /// The last entry, loaded or not.
    pub last: Option<Last>,
    /// How many messages of others have not been seen.
    pub unread: u32,
    /// How many of those call this person by name.
    pub mentions: u32,
    /// What has been seen, up to here.
    pub read: Seq,
    /// The chat is to leave this person alone.
    pub muted: bool,
    /// What each of the others has seen, up to here, as far as they let others know.
    pub read_by: BTreeMap<UserId, Seq>,
    /// Who of the others is writing, or was until then.
    pub typing: BTreeMap<UserId, Millis>,
    /// Who came and went; in the room of everyone only, at most [`NOTICES_MAX`], oldest first.
    pub notices: VecDeque<Notice>,
    /// Messages that loaded ones answer and that are not loaded themselves, as far as they were asked for; at most
    /// [`QUOTES_MAX`].
    pub quotes: BTreeMap<Seq, Quote>,
    /// The messages with files, as far as somebody has looked for them. Of thousands of chats that is few: it takes no room in
    /// the others.
    #[serde(skip)]
    pub shared: Option<Box<SharedFiles>>,
    /// What was heard of messages that are not loaded, while some of them may be on their way as they were before; at
    /// most [`MEANWHILE_MAX`].
    #[serde(skip)]
    pub(in crate::client) meanwhile: VecDeque<(Seq, Revision)>,
}

/// What its author made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::client) enum Revision {
    /// Another text.
    Edited { edition: Edition, text: Arc<str>, mentions_me: bool },
    /// Nothing.
    Deleted,
}

/// The most changes of messages that are remembered while a page is on its way: it takes a moment.
pub(in crate::client) const MEANWHILE_MAX: usize = 1_000;

/// A message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quote {
    /// It was asked for, under that number.
    Asked(RequestId),
    /// It is there, as it is now.
    Known(Box<Message>),
    /// This person may not see it, or it is not there.
    Missing,
}

/// The most answered messages of a chat that are remembered beside what is loaded.
pub const QUOTES_MAX: usize = 500;

/// The messages of a chat that carry files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedFiles {
    /// Newest first.
    pub messages: Vec<Message>,
    /// None stand before them.
    pub complete: bool,
    /// A page of them has come; before that they are what came in while somebody waited for it.
    pub paged: bool,
    /// The number under which more was asked for, while it is on its way.
    pub asked: Option<RequestId>,
    /// Why the last page did not come.
    pub problem: Option<String>,
}

/// The most comings and goings that a window remembers.
pub const NOTICES_MAX: usize = 100;

/// What is known of a message that another one answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered<'a> {
    /// The message, as it is now.
    Known(&'a Message),
    /// It is on its way.
    Asked,
    /// This person may not see it, or it is not there.
    Missing,
    /// It was not asked for yet: see [`crate::client::command::Command::FetchQuote`].
    Unknown,
}

impl Chat {
    /// The loaded message at that place.
    pub fn message(&self, seq: Seq) -> Option<&Message> {
        let at = self.messages.partition_point(|message| message.seq < seq);
        self.messages.get(at).filter(|message| message.seq == seq)
    }

    /// What is known of a message that another one answers, loaded or not.
    pub fn answered_message(&self, seq: Seq) -> Answered<'_> {
        match (self.message(seq), self.quotes.get(&seq)) {
            (Some(message), _) => Answered::Known(message),
            (None, Some(Quote::Known(message))) => Answered::Known(message),
            (None, Some(Quote::Asked(_))) => Answered::Asked,
            (None, Some(Quote::Missing)) => Answered::Missing,
            (None, None) => Answered::Unknown,
        }
    }

    /// The first loaded message of somebody else that has not been seen.
    pub fn first_unread(&self, me: UserId) -> Option<Seq> {
        let unseen = self.messages.partition_point(|message| message.seq <= self.read);
        self.messages.range(unseen..).find(|message| message.counts(me)).map(|message| message.seq)
    }

    /// How many messages ask for attention: all unread ones, or in a muted chat those that call this person by name.
    pub fn attention(&self) -> u32 {
        if self.muted { self.mentions } else { self.unread }
    }
}

/// What is being written in a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The text; at most [`super::drafts::DRAFT_MAX_BYTES`].
    pub text: String,
    /// Where the caret is, in characters.
    pub caret: usize,
    /// When it was last changed, by this computer's clock.
    pub at: Millis,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
    /// The files that go with it; at most [`ATTACHED_MAX`].
    pub attachments: Vec<Enclosure>,
    /// A message that is being changed. The draft beside it waits until that is done.
    pub editing: Option<Editing>,
}

/// The most files that can be sent at a time: each becomes a message.
pub const ATTACHED_MAX: usize = 20;

/// A message whose text its author is changing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editing {
    /// Which.
    pub seq: Seq,
    /// Its text so far.
    pub text: String,
    /// Where the caret is, in characters.
    pub caret: usize,
}

impl Draft {
    /// Whether there is nothing in it that would be missed.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.attachments.is_empty() && self.reply_to.is_none() && self.editing.is_none()
    }
}
