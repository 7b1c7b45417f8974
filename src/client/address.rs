//! How people write a server's address.

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
    },
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an address. Write a name or an IP address, with a port if it is not the usual one: chat.example.org, 192.168.1.5:27275, [fd00::5]:27275; or leave it empty for this computer."
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
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| bad())?;
        (host, rest.strip_prefix(':').map_or(if rest.is_empty() { Ok(None) } else { Err(bad()) }, |p| Ok(Some(p)))?)
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
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
    Ok(Target::There { host: host.into(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        let there = |host: &str, port| Ok(Target::There { host: host.into(), port });
        for (text, expected) in [
            ("", Ok(Target::Here)),
            ("  This Computer ", Ok(Target::Here)),
            ("chat.example.org", there("chat.example.org", PORT)),
            (" localhost:4000 ", there("localhost", 4000)),
            ("192.168.1.5:80", there("192.168.1.5", 80)),
            ("::1", there("::1", PORT)),
            ("[::1]", there("::1", PORT)),
            ("[fd00::5]:99", there("fd00::5", 99)),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
        for bad in ["a b", "http://x", "x:", "x:0", "x:65536", "[::1", "[x]:1", "[::1]1", ":5", "x:y:1z"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
