//! What a client asks of something that can host a server.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::command::Hosting;
use super::model::Hosted;

/// Something that can host a server on this computer when none answers there. The window's composition gives one; the
/// client knows no server.
pub trait Host: Send {
    /// Says which server the rest is about: one for others, or else that of this computer alone.
    fn choose(&mut self, hosting: Option<&Hosting>);
    /// Makes the folder of the chosen server, with one account. Takes the time of hashing its password.
    ///
    /// # Errors
    /// [`HostError`]: there is something in the folder, or it cannot be made.
    fn found(&mut self, username: &str, password: &SecretString) -> Result<(), HostError>;
    /// Where the server would listen, as this computer reaches it.
    fn addresses(&self) -> Vec<SocketAddr>;
    /// Starts the server; it ends when the host is dropped. With the identity of a log, only if that log is the one that
    /// would be hosted: somebody who has been talking on one server must not find themselves on another.
    ///
    /// # Errors
    /// [`HostError`].
    fn start(&mut self, log: Option<&str>) -> Result<Hosted, HostError>;
}

/// Why hosting did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    /// Another one hosts, or is about to: looking for it again may work.
    pub taken: bool,
    /// What is wrong and what to do.
    pub message: String,
}
