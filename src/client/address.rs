//! How people write a server's address.

use std::net::{IpAddr, Ipv6Addr};

use crate::config::PORT;

/// Where a window connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This computer: the server that some window or `parlor --server` hosts here, or one that this window starts.
    Here,
    /// Another computer, or another port.
    There {
        /// A name or an IP address, without brackets.
        host: String,
        /// The port.
        port: u16,
        /// How it is to be spoken to.
        way: Way,
    },
}

/// How a server is to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Encrypted, unless it is on this computer.
    Usual,
    /// Encrypted wherever it is: `tls://`.
    Tls,
    /// In plain text wherever it is: `plain://`. Never by accident.
    Plain,
}

impl Target {
    /// What a server is called where one remembers it: its host and port, always written in the same way. Nothing for
    /// that of this computer.
    pub fn key(&self) -> Option<String> {
        let Self::There { host, port, .. } = self else { return None };
        let host = host.trim_end_matches('.').to_lowercase();
        Some(match host.parse::<Ipv6Addr>() {
            Ok(ip) => format!("[{ip}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        })
    }

    /// Whether nothing that is said to it leaves this computer. By its name alone: what a name leads to, others decide.
    pub fn is_near(&self) -> bool {
        let Self::There { host, .. } = self else { return true };
        match host.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_) => host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an address. Write a name or an IP address, with a port if it is not the usual one: chat.example.org, 192.168.1.5:27275, [fd00::5]:27275, with tls:// or plain:// in front if need be; or leave it empty for this computer."
)]
pub struct BadAddress(String);

/// Reads an address.
///
/// # Errors
/// [`BadAddress`].
pub fn parse(text: &str) -> Result<Target, BadAddress> {
    let text = text.trim();
    let bad = || BadAddress(text.chars().take(80).collect());
    if text.is_empty() || text.eq_ignore_ascii_case("this computer") {
        return Ok(Target::Here);
    }
    let (way, text) = [("tls://", Way::Tls), ("plain://", Way::Plain)]
        .iter()
        .find_map(|(scheme, way)| {
            let (front, rest) = text.split_at_checked(scheme.len())?;
            front.eq_ignore_ascii_case(scheme).then_some((*way, rest))
        })
        .unwrap_or((Way::Usual, text));
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
        host.parse::<Ipv6Addr>().map_err(|_| bad())?;
        (host, rest.strip_prefix(':').map_or(if rest.is_empty() { Ok(None) } else { Err(bad()) }, |p| Ok(Some(p)))?)
    } else if text.parse::<Ipv6Addr>().is_ok() {
        (text, None)
    } else {
        text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|&port| port > 0).ok_or_else(bad)?,
        None => PORT,
    };
    let plausible = |c: char| !c.is_whitespace() && !c.is_control() && !"/@?#[]".contains(c);
    if host.is_empty() || !host.chars().all(plausible) {
        return Err(bad());
    }
    Ok(Target::There { host: host.into(), port, way })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        let by = |way, host: &str, port| Ok(Target::There { host: host.into(), port, way });
        let there = |host: &str, port| by(Way::Usual, host, port);
        for (text, expected) in [
            ("", Ok(Target::Here)),
            ("  This Computer ", Ok(Target::Here)),
            ("chat.example.org", there("chat.example.org", PORT)),
            (" localhost:4000 ", there("localhost", 4000)),
            ("192.168.1.5:80", there("192.168.1.5", 80)),
            ("::1", there("::1", PORT)),
            ("[::1]", there("::1", PORT)),
            ("[fd00::5]:99", there("fd00::5", 99)),
            ("tls://localhost:4000", by(Way::Tls, "localhost", 4000)),
            (" Plain://[::1]", by(Way::Plain, "::1", PORT)),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
        for bad in [
            "a b",
            "http://x",
            "tls://",
            "tls://plain://x",
            "tls:/x",
            "x:",
            "x:0",
            "x:65536",
            "[::1",
            "[x]:1",
            "[::1]1",
            ":5",
            "x:y:1z",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_server_has_one_name_however_it_is_written() {
        let key = |text| parse(text).unwrap().key();
        assert_eq!(key("Chat.Example.org."), Some(format!("chat.example.org:{PORT}")));
        assert_eq!(key("tls://chat.example.org"), key("plain://CHAT.example.org:27275"));
        assert_eq!(key("[FD00:0::5]:99").as_deref(), Some("[fd00::5]:99"));
        assert_eq!(key(""), None);
    }

    #[test]
    fn what_is_near_is_told_by_its_name() {
        for (text, near) in [
            ("", true),
            ("127.0.0.1:9", true),
            ("127.3.2.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("LocalHost:9", true),
            ("localhost.example.org", false),
            ("192.168.1.5", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(parse(text).unwrap().is_near(), near, "{text:?}");
        }
    }
}
