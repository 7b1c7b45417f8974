//! Links that invite somebody to a server: `parlor://HOST:PORT/CODE?fp=FINGERPRINT`. Whoever opens one knows where the
//! server is, has the code with which an account is made there, and can tell the server from another one.

use std::net::IpAddr;

use super::address::{self, Target};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::invite::InviteCode;

/// How a link begins.
const SCHEME: &str = "parlor://";

/// The longest text that is read, in bytes: a host's name has at most 253, and the rest is short.
const TEXT_MAX_BYTES: usize = 512;

/// What an invite says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// With which an account is made.
    pub code: InviteCode,
    /// By which the server is told from another one, if it is encrypted.
    pub fingerprint: Option<Fingerprint>,
}

/// Why a text is not an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not an invite: paste the whole link, parlor://..., or the code of two groups of five letters and digits"
)]
pub struct NoInvite;

/// What somebody pasted where an invite belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// A link, which says everything.
    Link(Invite),
    /// A code alone: the server's address must come with it.
    Code(InviteCode),
}

impl Invite {
    /// The invite to a server at an address, as it is written.
    ///
    /// # Errors
    /// [`NoInvite`] where the address is none, or is that of this computer alone, which nobody else can be invited to.
    pub fn new(address: &str, code: InviteCode, fingerprint: Option<Fingerprint>) -> Result<Self, NoInvite> {
        match address::parse(address) {
            Ok(Target::There { host, port, .. }) => Ok(Self { host, port, code, fingerprint }),
            Ok(Target::Here) | Err(_) => Err(NoInvite),
        }
    }

    /// The server's address, as it is written where one signs in.
    pub fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Whether others can get there: not where the address is one by which a computer reaches itself.
    pub fn reaches_others(&self) -> bool {
        let itself = self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback() || ip.is_unspecified());
        !itself && !self.host.eq_ignore_ascii_case("localhost")
    }

    /// The link. It holds the code.
    pub fn link(&self) -> String {
        let fingerprint = self.fingerprint.map(|fingerprint| format!("?fp={fingerprint}")).unwrap_or_default();
        format!("{SCHEME}{}/{}{fingerprint}", self.address(), self.code.text())
    }
}

/// Reads what somebody pasted: a link, or a code alone. White space and line breaks within it, which mail programs put
/// there, do no harm.
///
/// # Errors
/// [`NoInvite`].
pub fn parse(text: &str) -> Result<Pasted, NoInvite> {
    if text.len() > TEXT_MAX_BYTES {
        return Err(NoInvite);
    }
    let text: String = text.split_whitespace().collect();
    let text = text.trim_matches(['<', '>', '"', '\'', '.', ',']);
    let head = text.get(..SCHEME.len()).filter(|head| head.eq_ignore_ascii_case(SCHEME));
    if head.is_none() {
        return text.parse().map(Pasted::Code).map_err(|_| NoInvite);
    }
    let (path, query) = match text[SCHEME.len()..].split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&text[SCHEME.len()..], None),
    };
    let (address, code) = path.trim_end_matches('/').rsplit_once('/').ok_or(NoInvite)?;
    let code = code.parse().map_err(|_| NoInvite)?;
    // What a later version adds is passed over; a fingerprint that cannot be read must not be.
    let fingerprint = query.and_then(|query| query.split('&').find_map(|field| field.strip_prefix("fp=")));
    let fingerprint = fingerprint.map(|text| text.parse().map_err(|_| NoInvite)).transpose()?;
    Invite::new(address, code, fingerprint).map(Pasted::Link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_is_written() {
        let code: InviteCode = "k7m2p-9xq4t".parse().unwrap();
        let fingerprint = Fingerprint::of(b"a certificate");
        for address in ["chat.example.org", "chat.example.org:4000", "192.168.1.5", "[fd00::5]:99", "::1"] {
            for fingerprint in [None, Some(fingerprint)] {
                let invite = Invite::new(address, code.clone(), fingerprint).unwrap();
                assert_eq!(parse(&invite.link()), Ok(Pasted::Link(invite.clone())), "{}", invite.link());
                assert_eq!(address::parse(&invite.address()), address::parse(address));
            }
        }
        let invite = Invite::new("chat.example.org", code.clone(), None).unwrap();
        assert_eq!(invite.link(), "parlor://chat.example.org:27275/k7m2p-9xq4t");
        assert_eq!(format!("{invite:?}").find("k7m2p"), None);
    }

    #[test]
    fn what_comes_out_of_a_mail_is_understood() {
        let code: InviteCode = "k7m2p-9xq4t".parse().unwrap();
        let invite = Invite::new("a.org", code.clone(), None).unwrap();
        for text in [
            " parlor://a.org/k7m2p-9xq4t\n",
            "<PARLOR://a.org/K7M2P9XQ4T>",
            "parlor://a.org/k7m2p-\n9xq4t/",
            "parlor://a.org:27275/k7m2p-9xq4t?later=1",
        ] {
            assert_eq!(parse(text), Ok(Pasted::Link(invite.clone())), "{text:?}");
        }
        for text in ["k7m2p-9xq4t", " K7M2P 9XQ4T. "] {
            assert_eq!(parse(text), Ok(Pasted::Code(code.clone())), "{text:?}");
        }
        for bad in [
            "",
            "parlor://",
            "parlor://a.org",
            "parlor://a.org/",
            "parlor:///k7m2p-9xq4t",
            "parlor://a.org/k7m2p",
            "parlor://a.org/k7m2p-9xq4t?fp=x",
            "parlor://a@b.org/k7m2p-9xq4t",
            "https://a.org/k7m2p-9xq4t",
            &"parlor://a.org/k7m2p-9xq4t".repeat(40),
        ] {
            assert_eq!(parse(bad), Err(NoInvite), "{bad:?}");
        }
    }

    #[test]
    fn what_only_this_computer_reaches_is_told_apart() {
        let code: InviteCode = "k7m2p-9xq4t".parse().unwrap();
        for (address, others) in [
            ("127.0.0.1:27275", false),
            ("localhost", false),
            ("[::1]:4000", false),
            ("0.0.0.0", false),
            ("192.168.1.5", true),
            ("chat.example.org", true),
        ] {
            let invite = Invite::new(address, code.clone(), None).unwrap();
            assert_eq!(invite.reaches_others(), others, "{address}");
        }
        assert!(Invite::new("", code, None).is_err());
    }
}
