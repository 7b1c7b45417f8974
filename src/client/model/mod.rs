//! What a window knows: a fold over what the server said and what its person did. Views only read it.
//!
//! No I/O, no clock: times come in as values. How it changes is in [`super::fold`].

mod altered;
mod chat;
mod files;
mod hosted;
mod shown;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub(super) use self::altered::Altered;
pub use self::chat::{
    ATTACHED_MAX, Answered, Chat, Draft, Editing, Last, Message, NOTICES_MAX, Notice, QUOTES_MAX, Quote, SharedFiles,
};
pub(super) use self::chat::{MEANWHILE_MAX, Revision};
pub use self::files::{Download, DownloadProgress};
pub use self::hosted::{Hosted, Joinable};
pub use self::shown::Shown;
pub use super::admin::{AdminView, Errand};
use super::outbox::{Outbox, Outgoing};
pub use super::trust::{Security, TlsVersion, TrustQuestion};
use crate::proto::account::Role;
use crate::proto::attachment::FileId;
use crate::proto::chat::{ChatKey, GroupId, Past};
use crate::proto::event::{DeviceInfo, GroupReply, Outcome, Problem, Receipts, Status};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::ids::{DeviceId, Millis, RequestId, Seq, UserId};
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
    /// The invite's code, or that there is none.
    Invite,
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
    /// Lost, and not tried again before its person wants it.
    Halted {
        /// Why, in a sentence.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub username: String,
    /// Whether they are there.
    pub status: Status,
    /// When they were last there, if they are not and ever were.
    pub last_seen: Option<Millis>,
    /// Where their account was first known: what was said to everyone before was not for them.
    pub joined: Seq,
}

/// A group that this person is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name; another group may have the same.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// Everybody in it, by the time of joining.
    pub members: Vec<UserId>,
    /// What new members can read.
    pub history: Past,
    /// Where each of them came in: what stands before was not for them.
    pub joined: BTreeMap<UserId, Seq>,
}

/// How far a message of this person has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many there are that can receive it.
    pub receivers: usize,
    /// How many of them have it on a device.
    pub delivered: usize,
    /// How many of them have seen it, as far as they let others know.
    pub read: usize,
}

/// Something asked of the server that a dialog waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The number of the request, rising.
    pub n: u64,
    /// What came of it; nothing while it is under way.
    pub outcome: Option<Result<GroupReply, Problem>>,
}

/// A message to several people that is under way, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Its number in the outbox.
    pub n: u64,
    /// What became of it for each receiver; nothing while it is under way.
    pub outcomes: Option<Result<Vec<Outcome>, Problem>>,
}

/// Who has received and read a message, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Which chat.
    pub chat: ChatKey,
    /// Which message.
    pub seq: Seq,
    /// The answer; nothing while it is under way.
    pub receipts: Option<Result<Receipts, Problem>>,
}

/// What this window keeps on the disk of what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheInfo {
    /// The file.
    pub path: String,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// How long it may become, in bytes.
    pub limit: u64,
    /// How much is kept beside it of the files that were shown, in bytes; nothing until somebody has looked.
    pub shown_bytes: Option<u64>,
}

/// Everything that a window knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Where the window stands.
    pub phase: Phase,
    /// How the connection is, once signed in.
    pub link: Link,
    /// Whether a server is the right one, to be said with [`super::command::Command::Trust`]. Until then nothing is sent.
    pub trust: Option<TrustQuestion>,
    /// How the server is spoken to, or was last.
    pub security: Security,
    /// The server, where this window itself hosts it.
    pub hosting: Option<Hosted>,
    /// Who this is; set while signed in.
    pub me: Option<Me>,
    /// What this account may do.
    pub role: Role,
    /// The name that the server's administrators gave it; empty if none.
    pub server_name: String,
    /// Whether everybody can make an account there; known to administrators alone.
    pub registration: Option<bool>,
    /// What an administrator looks at.
    pub admin: Option<AdminView>,
    /// The last thing that was asked about accounts.
    pub errand: Option<Errand>,
    /// The devices of this account, as far as they were asked for.
    pub devices: Option<Vec<DeviceInfo>>,
    /// Everybody with an account, this one included.
    pub people: BTreeMap<UserId, Person>,
    /// What those whose account is gone were called.
    pub former: BTreeMap<UserId, String>,
    /// The groups that this person is in.
    pub groups: BTreeMap<GroupId, Group>,
    /// Every chat that has a message, is being looked at or has something in the outbox.
    pub chats: BTreeMap<ChatKey, Chat>,
    /// What has reached a device of each of the others, up to here.
    pub delivered: BTreeMap<UserId, Seq>,
    /// Whether others are told what this person has read, and this person what they have.
    pub read_receipts: bool,
    /// The last request that makes or changes a group.
    pub job: Option<Job>,
    /// The last message to several people.
    pub spread: Option<Spread>,
    /// The message whose receipts are being looked at.
    pub info: Option<Info>,
    /// What is not yet on the server's disk.
    pub outbox: Outbox,
    /// What is being written, by chat; at most [`super::drafts::DRAFTS_MAX`].
    pub drafts: BTreeMap<ChatKey, Draft>,
    /// Files that were asked for since the window opened.
    pub downloads: BTreeMap<FileId, Download>,
    /// Why the last files were not attached, for people, until that is read or others are.
    pub attach_problem: Option<String>,
    /// What is kept on the disk; nothing where nothing is.
    pub cache: Option<CacheInfo>,
    /// The server takes what is written no faster than it wants to, or did until then.
    pub throttled: Option<Millis>,
    /// The longest text that the server takes, in bytes.
    pub message_max_bytes: usize,
    /// Other computers may speak to the server in plain text.
    pub server_allows_plaintext: bool,
    /// What the server says that its certificate is told by; [`Model::fingerprint`] knows better.
    pub server_fingerprint: Option<Fingerprint>,
    /// The newest message of somebody else that has reached this device.
    pub arrived: Seq,
    /// The identity of the server's log.
    pub(super) log: Option<String>,
    /// How many requests about accounts there were.
    pub(super) asked: RequestId,
    /// How many pages were asked for.
    pub(super) pages: RequestId,
    /// Everything up to here is known.
    pub(super) cursor: Seq,
    /// Which loaded messages were changed in place.
    pub(super) altered: Altered,
    /// Who and what was named since the login, while the whole lists are coming in.
    pub(super) listed: Option<Listed>,
}

/// What a whole list has named so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub people: BTreeSet<UserId>,
    pub groups: BTreeSet<GroupId>,
}

impl Model {
    /// The model of a window that has just been opened.
    pub fn new(device: DeviceId) -> Self {
        Self {
            phase: Phase::SignedOut { problem: None },
            link: Link::Connecting,
            trust: None,
            security: Security::Here,
            hosting: None,
            me: None,
            role: Role::Member,
            server_name: String::new(),
            registration: None,
            admin: None,
            errand: None,
            devices: None,
            people: BTreeMap::new(),
            former: BTreeMap::new(),
            groups: BTreeMap::new(),
            chats: BTreeMap::new(),
            delivered: BTreeMap::new(),
            read_receipts: true,
            job: None,
            spread: None,
            info: None,
            outbox: Outbox::new(device),
            drafts: BTreeMap::new(),
            downloads: BTreeMap::new(),
            attach_problem: None,
            cache: None,
            throttled: None,
            message_max_bytes: MESSAGE_MAX_BYTES,
            server_allows_plaintext: false,
            server_fingerprint: None,
            arrived: Seq(0),
            log: None,
            asked: 0,
            pages: 0,
            cursor: Seq(0),
            altered: Altered::default(),
            listed: None,
        }
    }

    /// What the server's certificate is told by: what was seen of it, or what the server says where nothing was seen.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self.security {
            Security::Encrypted { fingerprint, .. } => Some(fingerprint),
            Security::Here => self.server_fingerprint,
            Security::Plain => None,
        }
    }

    /// The chat, if anything is known of it.
    pub fn chat(&self, key: ChatKey) -> Option<&Chat> {
        self.chats.get(&key)
    }

    /// What this person has written there and the server has not confirmed, oldest first.
    pub fn outgoing(&self, key: ChatKey) -> impl Iterator<Item = &Outgoing> {
        self.outbox.entries().filter(move |entry| entry.is_in(key))
    }

    /// The name of an account. One that is gone is marked as a former member, so that it is not taken for another one
    /// of that name.
    pub fn name(&self, id: UserId) -> &str {
        let here = self.people.get(&id).map(|person| person.username.as_str());
        here.or_else(|| self.former.get(&id).map(String::as_str)).unwrap_or("Former member")
    }

    /// The name that a chat has in the list.
    pub fn title(&self, key: ChatKey) -> &str {
        match key {
            ChatKey::Everyone => "Everyone",
            ChatKey::Group(id) => self.groups.get(&id).map_or("Former group", |group| group.name.as_str()),
            ChatKey::Person(id) => self.name(id),
        }
    }

    /// The number of this window's account, once signed in.
    pub fn my_id(&self) -> Option<UserId> {
        self.me.as_ref().map(|me| me.id)
    }

    /// Whether this window's account is that one.
    pub fn is_me(&self, id: UserId) -> bool {
        self.my_id() == Some(id)
    }

    /// The sum of all messages that ask for attention.
    pub fn unread(&self) -> u32 {
        self.chats.values().fold(0, |sum, chat| sum.saturating_add(chat.attention()))
    }

    /// Whether the answer to that request is still to come.
    pub(super) fn awaits(&self, n: u64) -> bool {
        self.job.as_ref().is_some_and(|job| job.n == n && job.outcome.is_none())
    }

    /// Everybody in a chat who is there and is not this person.
    pub fn others(&self, key: ChatKey) -> Vec<UserId> {
        let all: Vec<UserId> = match key {
            ChatKey::Everyone => self.people.keys().copied().collect(),
            ChatKey::Group(id) => self.groups.get(&id).map(|group| group.members.clone()).unwrap_or_default(),
            ChatKey::Person(id) => vec![id],
        };
        all.into_iter().filter(|id| !self.is_me(*id)).collect()
    }

    /// How far a message of this person has come. Costs the number of members.
    pub fn reach(&self, key: ChatKey, seq: Seq) -> Reach {
        let read_by = self.chat(key).map(|chat| &chat.read_by);
        let mut reach = Reach::default();
        let mut count = |id: UserId, joined: Seq| {
            if self.is_me(id) || joined > seq {
                return;
            }
            let read = read_by.and_then(|by| by.get(&id)).is_some_and(|&upto| upto >= seq);
            let delivered = read || self.delivered.get(&id).is_some_and(|&upto| upto >= seq);
            reach.receivers += 1;
            reach.delivered += usize::from(delivered);
            reach.read += usize::from(read);
        };
        match key {
            ChatKey::Everyone => self.people.iter().for_each(|(id, person)| count(*id, person.joined)),
            ChatKey::Group(id) => {
                let joined = self.groups.get(&id).into_iter().flat_map(|group| &group.joined);
                joined.for_each(|(id, joined)| count(*id, *joined));
            }
            ChatKey::Person(id) => count(id, Seq(0)),
        }
        reach
    }

    /// Where the client's knowledge ends: the log's identity and the place in it.
    pub fn cursor(&self) -> Option<(&str, Seq)> {
        self.log.as_deref().map(|log| (log, self.cursor))
    }
}
