//! What comes before a WebSocket: a request of HTTP, and the one answer to it.

use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::handshake::machine::TryParse as _;
use tungstenite::handshake::server::{Request, create_response, write_response};

use crate::config::HTTP_HEAD_MAX_BYTES;
use crate::server::transport::WebOrigin;

/// What came of the bytes so far.
#[derive(Debug)]
pub enum Head {
    /// It may go on.
    Incomplete,
    /// It asks for a WebSocket and gets one.
    Accepted {
        /// Where the bytes behind it begin.
        end: usize,
        /// What it is answered.
        answer: Vec<u8>,
    },
    /// It gets none.
    Refused(Refused),
}

/// A refusal: what it says of itself, and one line for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    status: &'static str,
    /// A header that this status comes with.
    header: &'static str,
    text: &'static str,
}

const fn refused(status: &'static str, header: &'static str, text: &'static str) -> Refused {
    Refused { status, header, text }
}

const BAD: Refused = refused("400 Bad Request", "", "This is not a request for a WebSocket.");
const FOREIGN: Refused =
    refused("403 Forbidden", "", "Pages from there may not connect. Who runs the server can allow it: --allow-origin");
const ELSEWHERE: Refused = refused("404 Not Found", "", "There is nothing here. The WebSocket is at /");
const METHOD: Refused = refused("405 Method Not Allowed", "Allow: GET\r\n", "A WebSocket begins with GET.");
const NO_UPGRADE: Refused = refused(
    "426 Upgrade Required",
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "This is a Parlor server: it speaks WebSocket here, version 13, and has no pages.",
);
const TOO_LARGE: Refused = refused("431 Request Header Fields Too Large", "", "The request is too long.");
/// It did not come whole in time.
pub const LATE: Refused = refused("408 Request Timeout", "", "The request did not come in time.");
/// The server ends.
pub const ENDING: Refused = refused("503 Service Unavailable", "", "The server is shutting down.");

impl Refused {
    /// The whole answer.
    pub fn answer(&self) -> Vec<u8> {
        let Self { status, header, text } = self;
        let length = text.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\n{header}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{text}\n"
        )
        .into_bytes()
    }
}

/// Looks at what has come. A request with an origin is a browser's, for a page, and the page must be allowed.
pub fn read(came: &[u8], origins: &[WebOrigin]) -> Head {
    let within = &came[..came.len().min(HTTP_HEAD_MAX_BYTES)];
    match Request::try_parse(within) {
        Ok(None) if within.len() < HTTP_HEAD_MAX_BYTES => Head::Incomplete,
        Ok(None) | Err(Error::Capacity(CapacityError::TooManyHeaders)) => Head::Refused(TOO_LARGE),
        Ok(Some((end, request))) => match answer(&request, origins) {
            Ok(answer) => Head::Accepted { end, answer },
            Err(refused) => Head::Refused(refused),
        },
        Err(Error::Protocol(ProtocolError::WrongHttpMethod)) => Head::Refused(METHOD),
        Err(_) => Head::Refused(BAD),
    }
}

fn answer(request: &Request, origins: &[WebOrigin]) -> Result<Vec<u8>, Refused> {
    if request.uri().path() != "/" {
        return Err(ELSEWHERE);
    }
    for origin in request.headers().get_all("Origin") {
        if !origins.iter().any(|allowed| allowed.is(origin.as_bytes())) {
            let name: String = String::from_utf8_lossy(origin.as_bytes()).chars().take(100).collect();
            tracing::debug!(origin = ?name, "a page that may not connect: see --allow-origin");
            return Err(FOREIGN);
        }
    }
    let response = create_response(request).map_err(|error| match error {
        Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader
            | ProtocolError::MissingUpgradeWebSocketHeader
            | ProtocolError::MissingSecWebSocketVersionHeader,
        ) => NO_UPGRADE,
        _ => BAD,
    })?;
    let mut answer = Vec::new();
    write_response(&mut answer, &response).map_err(|_| BAD)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn status(request: &str) -> String {
        match read(request.as_bytes(), &["https://good.example".parse().unwrap()]) {
            Head::Incomplete => "incomplete".into(),
            Head::Accepted { end, answer } => {
                assert_eq!(end, request.len());
                String::from_utf8(answer).unwrap()
            }
            Head::Refused(refused) => refused.status[..3].into(),
        }
    }

    #[test]
    fn the_example_of_the_standard_is_answered_as_it_says() {
        let answer = status(REQUEST);
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
        for cut in 0..REQUEST.len() {
            assert_eq!(status(&REQUEST[..cut]), "incomplete", "{cut}");
        }
    }

    #[test]
    fn each_other_request_is_told_what_is_wrong_with_it() {
        let with = |old: &str, new: &str| {
            assert!(REQUEST.contains(old));
            status(&REQUEST.replacen(old, new, 1))
        };
        assert_eq!(with("GET / ", "GET /chat "), "404");
        assert_eq!(with("GET / ", "POST / "), "405");
        assert_eq!(with("Upgrade: websocket\r\n", ""), "426");
        assert_eq!(with("keep-alive, Upgrade", "close"), "426");
        assert_eq!(with("Version: 13", "Version: 8"), "426");
        assert_eq!(with("dGhlIHNhbXBsZSBub25jZQ==", "short"), "400");
        assert_eq!(with("HTTP/1.1", "HTTP/1.0"), "400");
        assert_eq!(with("Host", "Ho st"), "400");
        assert_eq!(with("Host: here", "Origin: https://evil.example"), "403");
        assert_eq!(with("Host: here", "Origin: https://good.example\r\nOrigin: https://evil.example"), "403");
        assert_eq!(with("Host: here", "Origin: null"), "403");
        assert!(with("Host: here", "Origin: https://good.example").starts_with("HTTP/1.1 101"));
        assert!(with("GET / ", "GET /?a=b ").starts_with("HTTP/1.1 101"));
        assert_eq!(with("Host: here", &"A: b\r\n".repeat(200)), "431");
        assert_eq!(with("here", &"x".repeat(HTTP_HEAD_MAX_BYTES)), "431");
        assert!(with("here", &"x".repeat(HTTP_HEAD_MAX_BYTES - REQUEST.len())).starts_with("HTTP/1.1 101"));
    }
}
