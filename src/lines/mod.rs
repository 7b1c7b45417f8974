//! What the doors without a window share, the terminal and the scripts: waiting for the client, credentials, finding people
//! and chats by what was typed, what is new, and text of others made safe for a terminal.

pub mod credentials;
pub mod entry;
pub mod find;
pub mod live;
pub mod news;
pub mod safe;
pub mod trust;

/// Why a program without a window ends without success. The number of each is its exit code: scripts decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Anything else.
    Other = 1,
    /// What was asked for makes no sense as it stands; the same as for a wrong option.
    Usage = 2,
    /// The server, or this program in its place, does not do it: an unknown name, a text that is too long, a wrong
    /// password.
    Refused = 3,
    /// No server was reached in time.
    NoConnection = 4,
    /// It was sent, and whether it is on the server's disk is not known.
    NotAcknowledged = 5,
}

/// What ends such a program, for people and for scripts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For scripts.
    pub kind: Kind,
    /// For people: what is wrong and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with its text.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Something that is refused.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// What the program ends with.
    pub fn exit_code(&self) -> u8 {
        self.kind as u8
    }
}
