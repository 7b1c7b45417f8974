//! What a window knows: a fold over what the server said and what its person did. Views only read it.
//!
//! No I/O, no clock: times come in as values. How it changes is in [`super::fold`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::outbox::{Outbox, Outgoing};
use crate::proto::event::Status;
use crate::proto::ids::{ChatKey, DeviceId, Millis, Seq, UserId};
use crate::proto::limits::MESSAGE_MAX_BYTES;

/// Where the window stands with its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// At the login page.
    SignedOut {
        /// Why the last attempt did not work: what is wrong and what to do.
        problem: Option<SignInProblem>,
    },
    /// An attempt is under way; the login page waits.
    SigningIn,
    /// Logged in at least once; everything known stays readable whatever happens to the connection.
    SignedIn,
}

/// Why signing in did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInProblem {
    /// Where on the page it belongs.
    pub field: Field,
    /// What is wrong and what to do, in a sentence or two.
    pub message: String,
}

/// A field of the login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The server's address.
    Server,
    /// The name and the password, which are never told apart.
    Credentials,
}

/// The connection of a window that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Everything known is up to date.
    Online,
    /// Connecting, logging in or catching up.
    Connecting,
    /// Lost; the next attempt comes at a time.
    Waiting {
        /// When.
        until: Millis,
        /// What went wrong, in a few words.
        reason: String,
    },
}

/// The account of this window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Its number.
    pub id: UserId,
    /// Its name.
    pub username: String,
}

/// Somebody in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub username: String,
    /// Whether they are there.
    pub status: Status,
    /// When they were last there, if they are not and ever were.
    pub last_seen: Option<Millis>,
}

/// A message that is on the server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place in the log: identity and order.
    pub seq: Seq,
    /// When the server took it.
    pub at: Millis,
    /// Its author.
    pub from: UserId,
    /// Its text.
    pub text: Arc<str>,
}

/// A chat's last message, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its place.
    pub seq: Seq,
    /// Its time.
    pub at: Millis,
    /// Its author.
    pub from: UserId,
    /// Its beginning; may hold line breaks.
    pub preview: Arc<str>,
}

/// One conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// What is loaded: without a gap up to the newest, ordered by place.
    pub messages: VecDeque<Message>,
    /// Nothing stands before what is loaded.
    pub complete: bool,
    /// A page is on its way.
    pub loading: bool,
    /// Why the last page did not come.
    pub problem: Option<String>,
    /// The last message, loaded or not.
    pub last: Option<Last>,
    /// How many messages of others have not been seen.
    pub unread: u32,
    /// What has been seen, up to here.
    pub read: Seq,
    /// What has reached a device of the other side, up to here.
    pub their_delivered: Seq,
    /// What the other side has seen, up to here.
    pub their_read: Seq,
    /// The other side is writing, or was until then.
    pub typing_until: Option<Millis>,
}

impl Chat {
    /// The first loaded message of somebody else that has not been seen.
    pub fn first_unread(&self, me: UserId) -> Option<Seq> {
        let unseen = self.messages.partition_point(|message| message.seq <= self.read);
        self.messages.range(unseen..).find(|message| message.from != me).map(|message| message.seq)
    }
}

/// Everything that a window knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Where the window stands.
    pub phase: Phase,
    /// How the connection is, once signed in.
    pub link: Link,
    /// Said once when this window itself hosts the server: a sentence with the address and the folder.
    pub hosting: Option<String>,
    /// Who this is; set while signed in.
    pub me: Option<Me>,
    /// Everybody with an account, this one included.
    pub people: BTreeMap<UserId, Person>,
    /// Every chat that has a message, is being looked at or has something in the outbox.
    pub chats: BTreeMap<ChatKey, Chat>,
    /// What is not yet on the server's disk.
    pub outbox: Outbox,
    /// The longest text that the server takes, in bytes.
    pub message_max_bytes: usize,
    /// The newest message of somebody else that has reached this device.
    pub(super) arrived: Seq,
    /// The identity of the server's log.
    pub(super) log: Option<String>,
    /// Everything up to here is known.
    pub(super) cursor: Seq,
    /// The people named since the login, while the whole list is coming in.
    pub(super) listed: Option<BTreeSet<UserId>>,
}

impl Model {
    /// The model of a window that has just been opened.
    pub fn new(device: DeviceId) -> Self {
        Self {
            phase: Phase::SignedOut { problem: None },
            link: Link::Connecting,
            hosting: None,
            me: None,
            people: BTreeMap::new(),
            chats: BTreeMap::new(),
            outbox: Outbox::new(device),
            message_max_bytes: MESSAGE_MAX_BYTES,
            arrived: Seq(0),
            log: None,
            cursor: Seq(0),
            listed: None,
        }
    }

    /// The chat, if anything is known of it.
    pub fn chat(&self, key: ChatKey) -> Option<&Chat> {
        self.chats.get(&key)
    }

    /// What this person has written there and the server has not confirmed, oldest first.
    pub fn outgoing(&self, key: ChatKey) -> impl Iterator<Item = &Outgoing> {
        self.outbox.entries().filter(move |entry| entry.chat == key)
    }

    /// The name of an account. One that is gone is a "former member".
    pub fn name(&self, id: UserId) -> &str {
        self.people.get(&id).map_or("Former member", |person| person.username.as_str())
    }

    /// The name that a chat has in the list.
    pub fn title(&self, key: ChatKey) -> &str {
        match key {
            ChatKey::Person(id) => self.name(id),
        }
    }

    /// The sum of all unread messages.
    pub fn unread(&self) -> u32 {
        self.chats.values().fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }

    /// Where the client's knowledge ends: the log's identity and the place in it.
    pub fn cursor(&self) -> Option<(&str, Seq)> {
        self.log.as_deref().map(|log| (log, self.cursor))
    }
}
