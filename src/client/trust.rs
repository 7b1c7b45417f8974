//! Whether a server is the right one, as a person is asked, and how it is spoken to.

use crate::proto::fingerprint::Fingerprint;

/// A server whose certificate is not known to be the right one. Nothing was sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustQuestion {
    /// Its address, with the port.
    pub server: String,
    /// The fingerprint of the certificate that it shows.
    pub fingerprint: Fingerprint,
    /// That of the one that it had.
    pub known: Option<Fingerprint>,
    /// That of the one that it should have by the link that was followed.
    pub expected: Option<Fingerprint>,
    /// What was known of servers was lost, and this is where the damaged rest of it is: it may have been known.
    pub lost: Option<String>,
}

impl TrustQuestion {
    /// Whether nothing speaks against it: it was never seen, and no link says otherwise.
    pub fn is_first_contact(&self) -> bool {
        self.known.is_none() && self.may_be_right()
    }

    /// Whether a person can take it for the right one. What a link says otherwise, nobody can overrule.
    pub fn may_be_right(&self) -> bool {
        self.expected.is_none_or(|expected| expected == self.fingerprint)
    }

    /// The fingerprint that it should have.
    pub fn right(&self) -> Option<Fingerprint> {
        if self.may_be_right() { self.known } else { self.expected }
    }

    /// What is said where nobody took it for the right one.
    pub fn refusal(&self) -> String {
        let server = &self.server;
        match () {
            () if !self.may_be_right() => {
                format!(
                    "{server} is not the server that the link was made for. Nothing was sent to it. Ask for a new link."
                )
            }
            () if self.known.is_some() => {
                format!(
                    "The certificate of {server} has changed. Nothing was sent to it. Ask whoever runs it whether they changed it."
                )
            }
            () => format!("You did not connect to {server}. Nothing was sent to it."),
        }
    }
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nothing leaves this computer.
    Here,
    /// Nobody in between can read or change anything.
    Encrypted {
        /// The fingerprint of the server's certificate.
        fingerprint: Fingerprint,
        /// How it is encrypted.
        version: TlsVersion,
    },
    /// Everybody in between can read and change everything.
    Plain,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl std::fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V1_2 => "TLS 1.2",
            Self::V1_3 => "TLS 1.3",
        })
    }
}
