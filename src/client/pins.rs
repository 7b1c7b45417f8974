//! What is remembered of servers, so that somebody in between is noticed: which certificate each had when it was trusted,
//! and that it spoke TLS. Knows no file: a [`Pins`] keeps it.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::proto::fingerprint::Fingerprint;

/// The most servers that are remembered. Nobody is in as many; none is forgotten to make room, since that would disarm
/// the alarm for it.
pub const SERVERS_MAX: usize = 1_000;

/// Who has found a certificate to be the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A person, or a link that a person followed. Only a person lets another one take its place.
    Person,
    /// The system, by the authorities that it trusts. They may vouch for the next one, too.
    System,
}

/// A certificate that was found to be the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Which.
    pub fingerprint: Fingerprint,
    /// By whom.
    pub by: By,
}

/// What is known of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// It has spoken TLS: it is never spoken to in plain text again.
    pub speaks_tls: bool,
    /// The certificate that it had. None before one was found to be right.
    pub pin: Option<Pin>,
    /// What was known of servers before was lost, and this says where the rest of it is: what is not known now may have
    /// been.
    pub lost: Option<String>,
}

/// Remembers servers, by what [`super::address::Target::key`] calls them.
pub trait Pins: std::fmt::Debug + Send {
    /// What is known of a server.
    ///
    /// # Errors
    /// Those of the file system. Then nobody knows whether it is the one that it was, and it is not connected to.
    fn known(&mut self, server: &str) -> io::Result<Known>;

    /// Remembers that a server speaks TLS, and with which certificate if one was found to be right. A pin takes the place
    /// of the one before; without one, that stays.
    ///
    /// # Errors
    /// Those of the file system, and too many servers.
    fn keep(&mut self, server: &str, pin: Option<Pin>) -> io::Result<()>;
}

/// Remembers for as long as the program runs.
#[derive(Debug, Default)]
pub struct InMemory(BTreeMap<String, Option<Pin>>);

impl Pins for InMemory {
    fn known(&mut self, server: &str) -> io::Result<Known> {
        let known = self.0.get(server);
        Ok(Known { speaks_tls: known.is_some(), pin: known.copied().flatten(), lost: None })
    }

    fn keep(&mut self, server: &str, pin: Option<Pin>) -> io::Result<()> {
        if !self.0.contains_key(server) && self.0.len() >= SERVERS_MAX {
            return Err(io::Error::other("too many servers are remembered"));
        }
        let kept = self.0.entry(server.into()).or_default();
        *kept = pin.or(*kept);
        Ok(())
    }
}
