//! Whom a connection talks to, and how: in plain text on this computer, within TLS everywhere else, and never again in
//! plain text to a server that has spoken TLS.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;

use super::attempt::{Failed, at_server};
use super::tls::{self, Agreed, Refusal, Wanted};
use super::wire::Wire;
use crate::client::address::{Target, Way};
use crate::client::model::{Security, TrustQuestion};
use crate::client::pins::{By, InMemory, Known, Pin, Pins};
use crate::proto::fingerprint::Fingerprint;

/// What is known of servers, for the client and its connection.
#[derive(Clone, Debug)]
pub(super) struct Trust(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    pins: Box<dyn Pins>,
    /// What a link says of a server that may never have been seen. The last one.
    expected: Option<(String, Fingerprint)>,
}

impl Default for Trust {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Held { pins: Box::<InMemory>::default(), expected: None })))
    }
}

/// How a server is spoken to.
pub(super) enum Line {
    /// As it is: nothing leaves this computer.
    Near,
    /// As it is, over a network: somebody has asked for just that.
    Plain,
    /// Within TLS.
    Tls(Box<Peer>),
}

/// A server that is spoken to within TLS.
pub(super) struct Peer {
    /// What it is called where it is remembered.
    key: String,
    name: ServerName<'static>,
    known: Known,
    expected: Option<Fingerprint>,
}

impl Trust {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers servers there from now on.
    pub(super) fn keep_in(&self, pins: Box<dyn Pins>) {
        self.held().pins = pins;
    }

    /// Takes down what a link says of a server.
    pub(super) fn expect(&self, server: String, fingerprint: Fingerprint) {
        self.held().expected = Some((server, fingerprint));
    }

    /// Takes the certificate that was asked about for the right one from now on.
    pub(super) fn accept(&self, question: &TrustQuestion) -> Result<(), Failed> {
        let pin = Pin { fingerprint: question.fingerprint, by: By::Person };
        self.held().pins.keep(&question.server, Some(pin)).map_err(|error| {
            Failed::Refused(at_server(format!("The certificate of {} cannot be remembered: {error}.", question.server)))
        })
    }

    /// How a server is to be spoken to.
    pub(super) fn line(&self, target: &Target) -> Result<Line, Failed> {
        let refused = |words: String| Failed::Refused(at_server(words));
        let (Target::There { host, way, .. }, Some(key)) = (target, target.key()) else { return Ok(Line::Near) };
        let mut held = self.held();
        let known = held.pins.known(&key).map_err(|error| {
            refused(format!(
                "What is remembered of servers cannot be read: {error}. Without it, nobody can tell whether {key} is the \
                 server that it was."
            ))
        })?;
        let expected = held.expected.as_ref().filter(|(server, _)| *server == key).map(|(_, expected)| *expected);
        let speaks_tls = known.speaks_tls || expected.is_some();
        match way {
            Way::Plain if speaks_tls => {
                return Err(refused(format!(
                    "{key} is known to encrypt, so it is not spoken to in plain text: somebody in between may want just \
                     that. Write its address without plain://."
                )));
            }
            Way::Plain if !target.is_near() => return Ok(Line::Plain),
            Way::Plain => return Ok(Line::Near),
            Way::Usual if target.is_near() && !speaks_tls => return Ok(Line::Near),
            Way::Usual | Way::Tls => {}
        }
        let name = ServerName::try_from(host.clone()).map_err(|_| {
            refused(format!("{host:?} is not a name that certificates are made for. Use the server's IP address."))
        })?;
        Ok(Line::Tls(Box::new(Peer { key, name, known, expected })))
    }

    /// Agrees with a server. What was learnt of it is remembered.
    pub(super) async fn agree(&self, stream: TcpStream, peer: &Peer) -> Result<(Wire, Security), Failed> {
        let Peer { key, name, known, expected } = peer;
        let wanted = Wanted {
            name: name.clone(),
            certificate: known.pin.map(|pin| pin.fingerprint).or(*expected),
            // A person's word, or a link's, weighs more than the system's; so does the word that was lost.
            vouched: expected.is_none() && known.pin.map_or(known.lost.is_none(), |pin| pin.by == By::System),
        };
        let refusal = match tls::agree(stream, wanted).await {
            Ok(Agreed { stream, fingerprint, version, by }) => {
                if by.is_some() || known.pin.is_none() {
                    self.remember(key, Some(Pin { fingerprint, by: by.unwrap_or(By::Person) }));
                }
                return Ok((Wire::within(stream), Security::Encrypted { fingerprint, version }));
            }
            Err(refusal) => refusal,
        };
        let unreachable = |words: String| Failed::Unreachable(at_server(words));
        Err(match refusal {
            Refusal::Stranger(fingerprint) => {
                self.remember(key, None);
                Failed::Untrusted(Box::new(TrustQuestion {
                    server: key.clone(),
                    fingerprint,
                    known: known.pin.map(|pin| pin.fingerprint),
                    expected: *expected,
                    lost: known.lost.clone(),
                }))
            }
            Refusal::Unproven => unreachable(format!(
                "What answers at {key} shows the certificate of that server and cannot prove that it is its own. Somebody \
                 may be in between. Nothing was sent to it; try again on another network."
            )),
            Refusal::NotTls if known.speaks_tls || expected.is_some() => unreachable(format!(
                "{key} is known to encrypt, and what answers there now does not. Somebody may be in between. Nothing \
                 was sent to it; try again later, or on another network."
            )),
            Refusal::NotTls => unreachable(format!(
                "What answers at {key} does not encrypt. Check the address. If it is a server that is meant to be without \
                 encryption, and you trust everybody on the way, write plain:// in front of the address."
            )),
            Refusal::Silent => unreachable(format!("{key} does not answer. Try again in a while.")),
            Refusal::Other(error) => unreachable(format!("No encryption could be agreed on with {key}: {error}.")),
        })
    }

    /// Remembers, if that is possible; what is not remembered is asked again.
    fn remember(&self, key: &str, pin: Option<Pin>) {
        if let Err(error) = self.held().pins.keep(key, pin) {
            tracing::warn!("what was learnt of a server is not remembered: {error}");
        }
    }
}
