//! What went wrong, for programs and for people.

use serde::{Deserialize, Serialize};

/// What went wrong, for programs. Stable: clients may decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is not as documented.
    BadRequest,
    /// The `purpose` is not known.
    UnknownPurpose,
    /// The bytes are not a frame; the connection ends.
    BadFrame,
    /// Something was asked before a login.
    NotLoggedIn,
    /// A second login on one connection.
    AlreadyLoggedIn,
    /// Wrong name or wrong password; the answer does not tell which.
    WrongCredentials,
    /// No device is signed in by that token, or not any more; the answer does not tell which.
    TokenRefused,
    /// The device was signed out from another one while it was there; the connection ends.
    SessionEnded,
    /// No device of this account has that number.
    UnknownDevice,
    /// The account was removed while it was logged in; the connection ends.
    AccountRemoved,
    /// The account was blocked while it was logged in; the connection ends.
    AccountBlocked,
    /// One of the passwords that the program comes with, from another computer.
    DemoAccount,
    /// Only an administrator can do that.
    NotAnAdmin,
    /// It would leave the server without an administrator.
    LastAdmin,
    /// Another account has or had that name, or one that looks like it.
    NameTaken,
    /// An account cannot have that password: it is too short, too long, or too easily guessed.
    BadPassword,
    /// No account can be made with that code.
    BadInvite,
    /// No account can be made without a code.
    RegistrationClosed,
    /// No invite has that number.
    UnknownInvite,
    /// There are as many accounts, or invites, as there can be.
    ServerFull,
    /// No account has that name or number.
    UnknownUser,
    /// No group has that number.
    UnknownGroup,
    /// The account is not in that group, or the one that it names is not.
    NotAMember,
    /// Only the group's owner can do that.
    NotTheOwner,
    /// The owner cannot be removed, nor become what they are.
    OwnerStays,
    /// Somebody who is to be added is in the group already, or is named twice.
    AlreadyAMember,
    /// More people in one request, or in one group, than there can be.
    TooManyPeople,
    /// An account, a group or the server cannot have that name.
    BadName,
    /// No message stands at that place of that chat, or it was taken back; or none of this account's, where it must be.
    UnknownMessage,
    /// No file of that number is there, or it is not this account's to have.
    UnknownFile,
    /// The file is longer than the server takes.
    FileTooLarge,
    /// The piece does not begin where the last one ended, or goes on behind the end.
    BadOffset,
    /// The text has nothing in it.
    MessageEmpty,
    /// The text is over the limit.
    MessageTooLong,
    /// A `client_id` that this device has used before, for another message.
    ClientIdReused,
    /// Too much is waiting; ask again later.
    Busy,
    /// The server's disk is full; ask again later.
    StorageFull,
    /// The server's disk failed; nothing is taken until the server is restarted.
    StorageFailed,
    /// No login came in time; the connection ends.
    LoginTimeout,
    /// Plain text from another computer; the connection ends.
    TlsRequired,
    /// Too many wrong passwords; this one was not looked at.
    SlowDown,
    /// Anything that a newer server may say.
    #[serde(other)]
    Other,
}

/// An error as it crosses the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// How many milliseconds to wait before asking again, where the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// An error with its text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None }
    }
}
