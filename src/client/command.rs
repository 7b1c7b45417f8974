//! What a person can ask for. Views turn clicks into these; nothing else changes anything.

use secrecy::SecretString;

use super::model::Draft;
use super::outbox::Enclosure;
use crate::proto::account::Role;
use crate::proto::attachment::{Attachment, FileId};
use crate::proto::chat::{ChatKey, GroupId, Past};
use crate::proto::device::DeviceCall;
use crate::proto::fingerprint::Fingerprint;
use crate::proto::ids::{Seq, UserId};
use crate::proto::outgoing::{ClientIdText, Outgoing};

/// A wish of the person at the window.
#[derive(Debug)]
pub enum Command {
    /// Connect to a server and be known there.
    SignIn {
        /// `host`, `host:port`, `[v6]:port`, each with `tls://` or `plain://` in front or not; or empty for "this
        /// computer".
        address: String,
        /// The account's name.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// Be known on the server that this window hosts for others. It is hosted first when nobody does.
    Host {
        /// Which server.
        hosting: Hosting,
        /// The account's name.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// Make an account on a server, and be known as it there. The name must not be anybody's.
    Join {
        /// As for signing in.
        address: String,
        /// The invite's code, as it was typed; none where everybody can register.
        code: Option<SecretString>,
        /// The certificate that the server has by the invite's link: see [`Command::Expect`].
        fingerprint: Option<Fingerprint>,
        /// The name of the new account.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// Ask for something about accounts. What comes of it is in the model's `errand`, whose number is higher than before.
    Account(AccountWish),
    /// Whether the next sign-in with a password is to last: then this device has a token for it from then on.
    StaySignedIn(bool),
    /// Be known as somebody who stayed signed in. Nothing happens if they did not.
    Resume {
        /// As for signing in.
        address: String,
        /// The server that this window hosts for others, if it is that one.
        hosting: Option<Hosting>,
        /// The account's name.
        username: String,
    },
    /// Leave, so that another account can be used. Who stays signed in still does.
    SwitchAccount,
    /// Leave, and forget everything of this account. This device stays signed in no more.
    SignOut,
    /// A link says which certificate a server has: it is trusted at first sight, and no other is. To be said before
    /// [`Command::SignIn`] to that server; holds until it is said of another one, or this program ends.
    Expect {
        /// The server's address, as in [`Command::SignIn`].
        server: String,
        /// The fingerprint of its certificate.
        fingerprint: Fingerprint,
    },
    /// Answer the question in the model's `trust`.
    Trust {
        /// It is the right server, now and from now on.
        accept: bool,
    },
    /// Do not wait for the next attempt to reconnect.
    RetryNow,
    /// Send a text to a chat. It is in the outbox, and visible, in the same instant.
    Send {
        /// Where to.
        chat: ChatKey,
        /// The text; views keep the send button off for a text that [`crate::proto::ids::check_message`] refuses. With
        /// files it may be empty.
        text: String,
        /// The message of that chat that it answers.
        reply_to: Option<Seq>,
        /// The files that go with it; each becomes a message, and the text stands with the first.
        attachments: Vec<Enclosure>,
    },
    /// Give an own message another text. It is shown in the same instant.
    Edit {
        /// Which chat.
        chat: ChatKey,
        /// Which message.
        seq: Seq,
        /// The new text, as for [`Command::Send`].
        text: String,
    },
    /// Take an own message back, for all who have it.
    Delete {
        /// Which chat.
        chat: ChatKey,
        /// Which message.
        seq: Seq,
    },
    /// Ask for a message that another one answers, and that is not loaded. Does nothing when it was asked for.
    FetchQuote {
        /// Which chat.
        chat: ChatKey,
        /// Which message.
        seq: Seq,
    },
    /// Load the newest messages with files, or those before what is loaded of them. Does nothing while a page is on its
    /// way or none is left.
    LoadFiles {
        /// Of which chat.
        chat: ChatKey,
    },
    /// Put files of this computer with what is being written in a chat. They are looked at off the window's thread, and are
    /// in the model's draft of that chat then; what cannot be sent is in `attach_problem`. A view that changes the draft
    /// takes its files from the model.
    Attach {
        /// Where.
        chat: ChatKey,
        /// Where they are on this computer.
        paths: Vec<String>,
    },
    /// The same with a picture that was pasted, which is no file yet.
    AttachImage {
        /// Where.
        chat: ChatKey,
        /// What it is to be called.
        name: String,
        /// The picture, as a PNG file.
        png: Vec<u8>,
    },
    /// Why something was not attached has been read.
    ForgetAttachProblem,
    /// Fetch a file that a message carries. How it goes is in the model's `downloads`. Does nothing while it is on its way.
    Download {
        /// Which.
        attachment: Attachment,
        /// Where it is to be put; nowhere in particular if it is to be shown, and then it is kept for the next time.
        to: Option<String>,
    },
    /// A file is not to be fetched any more.
    CancelDownload {
        /// Which.
        file: FileId,
    },
    /// A message whose file is on its way is not to be sent.
    CancelUpload {
        /// The number of the send.
        n: u64,
    },
    /// Send a text to several people, each in the chat with them. What becomes of it is in the model's `spread`.
    SendToMany {
        /// For whom.
        people: Vec<UserId>,
        /// The text.
        text: String,
    },
    /// Make a group or change one. What comes of it is in the model's `job`, whose number is higher than before.
    Group(GroupWish),
    /// Ask who has received and who has read a message of this person's. The answer is in the model's `info`.
    ShowInfo {
        /// Which chat.
        chat: ChatKey,
        /// Which message.
        seq: Seq,
    },
    /// The answer has been looked at.
    CloseInfo,
    /// Let others know what was read, and be told what they have; or neither.
    SetReadReceipts(bool),
    /// Have a chat ask for attention, or not.
    Mute {
        /// Which chat.
        chat: ChatKey,
        /// Whether it is to leave this person alone.
        muted: bool,
    },
    /// Send a refused message again, under its old number.
    Retry {
        /// The number of the send that failed.
        n: u64,
    },
    /// Remove a refused message.
    Discard {
        /// The number of the send that failed.
        n: u64,
    },
    /// Load the page before what is loaded, or the newest one. Does nothing while one is on its way or none is left.
    LoadOlder {
        /// Whose history.
        chat: ChatKey,
    },
    /// A message is being written; said as often as one likes, told as often as useful.
    Typing {
        /// To whom.
        chat: ChatKey,
    },
    /// What is being written in a chat has changed; said as often as one likes, kept as often as useful. An empty text
    /// is no draft.
    SetDraft {
        /// Where.
        chat: ChatKey,
        /// All of it. Its time is put in by the client.
        draft: Draft,
    },
    /// How many bytes of what is known may be kept on this computer's disk; the newest is. Brought between
    /// [`super::cache::CACHE_MIN_BYTES`] and [`super::cache::CACHE_MAX_BYTES`]. Holds until this program ends.
    SetCacheLimit(u64),
    /// Delete what is kept of the messages on this computer's disk. What is loaded stays, and is not kept again; what
    /// is new is.
    ClearCache,
    /// The window has not been used for a while, or is used again.
    SetAway(bool),
    /// Everything up to there was seen. Badges follow at once.
    MarkRead {
        /// Which chat.
        chat: ChatKey,
        /// The last message that was drawn in a focused window.
        upto: Seq,
    },
}

impl Command {
    /// Send a text to a chat, and nothing with it.
    pub fn say(chat: ChatKey, text: impl Into<String>) -> Self {
        Self::Send { chat, text: text.into(), reply_to: None, attachments: Vec::new() }
    }
}

/// What can be done with accounts.
#[derive(Debug)]
pub enum AccountWish {
    /// Have another password. The connection goes on, and comes back, with the new one.
    ChangePassword {
        /// The one that holds now.
        old: SecretString,
        /// The new one.
        new: SecretString,
        /// Whether the other devices are to be signed out.
        end_others: bool,
    },
    /// Ask for the devices of this account, which are in the model's `devices` then and are no errand; or sign some of
    /// them out.
    Device(DeviceCall),
    /// Have another name. The old one is kept for this person, who can still sign in with it.
    ChangeName(String),
    /// Look after the accounts and the server; for administrators.
    Admin(AdminWish),
}

/// What an administrator can do.
#[derive(Debug)]
pub enum AdminWish {
    /// Look at accounts and invites: from now on they are in the model's `admin`, and kept fresh. It is no errand.
    Open,
    /// Look at them no more. It is no errand, either.
    Close,
    /// Make an account for somebody.
    Add {
        /// Its name.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// Give an account another password.
    ResetPassword {
        /// Whose.
        user: UserId,
        /// The new one.
        password: SecretString,
    },
    /// Keep an account out, whose connections end at once, or let it in again.
    Block {
        /// Whose.
        user: UserId,
        /// Whether it is to be kept out.
        blocked: bool,
    },
    /// Say what an account may do.
    SetRole {
        /// Whose.
        user: UserId,
        /// What.
        role: Role,
    },
    /// Take an account away for ever.
    Remove(UserId),
    /// Give the server a name; none at all if it is empty.
    RenameServer(String),
    /// Let everybody who reaches the server make an account, or only those who are invited.
    SetRegistration(bool),
    /// Make a code with which accounts can be made. It is in the errand's outcome, and nowhere else ever after.
    CreateInvite {
        /// How many accounts; at most [`crate::proto::limits::INVITE_USES_MAX`].
        uses: u32,
        /// For how long, in milliseconds; at most [`crate::proto::limits::INVITE_MAX_MILLIS`].
        expires_in_ms: u64,
        /// For whom, to tell invites apart; may be empty.
        label: String,
    },
    /// Make a code worthless.
    RevokeInvite(u64),
}

/// A server for others: on all addresses of this computer, over a folder of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosting {
    /// Its data folder.
    pub folder: String,
    /// Its port.
    pub port: u16,
    /// It is to be made, with the one account that signs in; otherwise its folder is there.
    pub new: bool,
}

/// What can be done with a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupWish {
    /// Make one.
    Create {
        /// Its name; views keep the button off for one that [`crate::proto::chat::GroupName::new`] refuses.
        name: String,
        /// Who is in it beside this person.
        members: Vec<UserId>,
        /// What later members can read.
        history: Past,
    },
    /// Give it another name.
    Rename(GroupId, String),
    /// Add people.
    Add(GroupId, Vec<UserId>),
    /// Remove somebody.
    Remove(GroupId, UserId),
    /// Make somebody its owner.
    HandOver(GroupId, UserId),
    /// Leave it.
    Leave(GroupId),
    /// Delete it, for everybody.
    Delete(GroupId),
}

impl GroupWish {
    /// The same as it is asked for under that number.
    pub fn request<'a>(&'a self, id: u64, client_id: &'a ClientIdText<'a>) -> Outgoing<'a> {
        match self {
            GroupWish::Create { name, members, history } => {
                Outgoing::CreateGroup { id, name, members, history: *history, client_id }
            }
            GroupWish::Rename(group, name) => Outgoing::RenameGroup { id, group: *group, name, client_id },
            GroupWish::Add(group, members) => Outgoing::AddMembers { id, group: *group, members, client_id },
            GroupWish::Remove(group, member) => {
                Outgoing::RemoveMember { id, group: *group, member: *member, client_id }
            }
            GroupWish::HandOver(group, member) => {
                Outgoing::HandOverGroup { id, group: *group, member: *member, client_id }
            }
            GroupWish::Leave(group) => Outgoing::LeaveGroup { id, group: *group, client_id },
            GroupWish::Delete(group) => Outgoing::DeleteGroup { id, group: *group, client_id },
        }
    }
}
