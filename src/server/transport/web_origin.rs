//! Where a web page comes from, as browsers name it when it opens a WebSocket.

use std::fmt;
use std::str::FromStr;

/// An origin: scheme, host, and port where it is not the usual one; or `null`, which is that of a page from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// Whether a header's value names it. Browsers write origins in one way alone.
    pub fn is(&self, header: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(header)
    }
}

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "null" {
            return Ok(Self(text.into()));
        }
        let url = url::Url::parse(text).map_err(|error| format!("it is not like https://chat.example.org: {error}"))?;
        let bare = url.host_str().is_some_and(|host| !host.is_empty())
            && matches!(url.path(), "" | "/")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare {
            return Err("an origin is a scheme, a host and perhaps a port, like https://chat.example.org:8443".into());
        }
        match url.origin() {
            // Schemes that only one browser or program knows, for its own pages.
            url::Origin::Opaque(_) => Ok(Self(text.trim_end_matches('/').into())),
            known => Ok(Self(known.ascii_serialization())),
        }
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_named_as_browsers_name_it() {
        for (given, sent) in [
            ("https://Chat.Example.org:443/", "https://chat.example.org"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("tauri://localhost", "tauri://localhost"),
            ("null", "null"),
        ] {
            let origin: WebOrigin = given.parse().unwrap();
            assert!(origin.is(sent.as_bytes()), "{given} is {origin}");
            assert!(!origin.is(format!("{sent}.evil.example").as_bytes()) && !origin.is(b""));
        }
        let https: WebOrigin = "https://chat.example.org".parse().unwrap();
        assert!(!https.is(b"http://chat.example.org") && !https.is(b"null"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in ["", "*", "chat.example.org", "https://", "https://a/b", "https://a?b", "https://u@a", "data:,x"] {
            assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
        }
    }
}
