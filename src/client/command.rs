//! What a person can ask for. Views turn clicks into these; nothing else changes anything.

use secrecy::SecretString;

use crate::proto::ids::{ChatKey, Seq};

/// A wish of the person at the window.
#[derive(Debug)]
pub enum Command {
    /// Connect to a server and be known there.
    SignIn {
        /// `host`, `host:port`, `[v6]:port`, or empty for "this computer".
        address: String,
        /// The account's name.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// Leave, and forget everything of this account.
    SignOut,
    /// Do not wait for the next attempt to reconnect.
    RetryNow,
    /// Send a text to a chat. It is in the outbox, and visible, in the same instant.
    Send {
        /// Where to.
        chat: ChatKey,
        /// The text; views keep the send button off for a text that [`crate::proto::ids::check_message`] refuses.
        text: String,
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
