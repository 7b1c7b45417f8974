//! Devices that stay signed in: each has a token, which opens its account as the password does, and which can be ended
//! from any other device. Each request is documented with an example in docs/PROTOCOL.md.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::{Code, Problem};
use super::ids::{RequestId, Seq};

/// The digits of a token: Crockford's base 32, as for everything that may have to be typed.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The digits that 64 bits take.
const DIGITS_OF_64: usize = 13;

/// What a device shows instead of a password: 256 random bits. Whoever has it is that account, until it is ended.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// The token that these random bits make.
    pub fn from_random(bits: [u64; 4]) -> Self {
        let digit = |bits: u64, at: usize| char::from(ALPHABET[(bits >> (5 * at) & 31) as usize]);
        let digits = bits.iter().flat_map(|bits| (0..DIGITS_OF_64).map(move |at| digit(*bits, at)));
        Self(digits.collect::<String>().into())
    }

    /// The secret.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SecretString::deserialize(deserializer).map(Self)
    }
}

/// `login`: who is there, and where the client's knowledge ends.
#[derive(Debug)]
pub struct Login {
    /// What shows who it is.
    pub proof: Proof,
    /// The log that `after` counts in, as the last login named it.
    pub log: Option<String>,
    /// The client has everything up to here and asks for the rest.
    pub after: Option<Seq>,
}

/// What shows who somebody is.
#[derive(Debug)]
pub enum Proof {
    /// Name and password.
    Password {
        /// The name, in any case.
        username: String,
        /// The password.
        password: SecretString,
        /// The device is to stay signed in: what it is called.
        keep: Option<String>,
    },
    /// The token of a device that stayed signed in.
    Token(SecretString),
}

#[derive(Deserialize)]
struct LoginWire {
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<SecretString>,
    #[serde(default)]
    token: Option<SecretString>,
    #[serde(default)]
    keep: bool,
    #[serde(default)]
    device: String,
    #[serde(default)]
    log: Option<String>,
    #[serde(default)]
    after: Option<Seq>,
}

impl Login {
    pub(super) fn parse(json: &[u8]) -> Result<Self, Problem> {
        let bad = |what: &dyn fmt::Display| Problem::new(Code::BadRequest, format!("login: {what}"));
        let wire: LoginWire = serde_json::from_slice(json).map_err(|error| bad(&error))?;
        let LoginWire { username, password, token, keep, device, log, after } = wire;
        let proof = match (username, password, token) {
            (Some(username), Some(password), None) => {
                Proof::Password { username, password, keep: keep.then_some(device) }
            }
            (None, None, Some(token)) => Proof::Token(token),
            _ => return Err(bad(&"give username and password, or token alone")),
        };
        Ok(Self { proof, log, after })
    }
}

/// A `login` as our own client writes it.
#[derive(Serialize)]
#[serde(tag = "purpose", rename = "login")]
pub struct LoginFrame<'a> {
    /// The name, unless there is a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    /// The password, exposed for this one frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    /// The token, exposed for this one frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<&'a str>,
    /// The device is to stay signed in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<&'a str>,
    /// The log that `after` counts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<&'a str>,
    /// The client's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
}

/// What is asked about the devices of one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCall {
    /// `list_devices`: those that stay signed in, and those that are there now.
    List,
    /// `end_device`: sign that one out.
    End(u64),
    /// `end_other_devices`: sign all out but the one that asks.
    EndOthers,
}

impl DeviceCall {
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Self::List => "list_devices",
            Self::End(_) => "end_device",
            Self::EndOthers => "end_other_devices",
        }
    }

    /// The same as our own client asks for it under that number.
    pub fn request(self, id: RequestId) -> DeviceAsked {
        match self {
            Self::List => DeviceAsked::ListDevices { id },
            Self::End(session) => DeviceAsked::EndDevice { id, session },
            Self::EndOthers => DeviceAsked::EndOtherDevices { id },
        }
    }

    /// Reads the fields of a request with that purpose; nothing if the purpose is none of these.
    pub(super) fn read(purpose: &str, json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Wire {
            session: u64,
        }
        Ok(Some(match purpose {
            "list_devices" => Self::List,
            "end_device" => Self::End(serde_json::from_slice::<Wire>(json)?.session),
            "end_other_devices" => Self::EndOthers,
            _ => return Ok(None),
        }))
    }
}

/// The same requests as our own client writes them.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum DeviceAsked {
    /// See [`DeviceCall::List`].
    ListDevices {
        /// Comes back in the reply.
        id: RequestId,
    },
    /// See [`DeviceCall::End`].
    EndDevice {
        /// Comes back in the reply.
        id: RequestId,
        /// Which.
        session: u64,
    },
    /// See [`DeviceCall::EndOthers`].
    EndOtherDevices {
        /// Comes back in the reply.
        id: RequestId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::account::AccountCall;
    use crate::proto::request::{Call, Request};

    #[test]
    fn tokens_are_as_random_as_their_bits_and_do_not_show() {
        let token = Token::from_random([u64::MAX, 0, 1, 1 << 63]);
        let text = token.secret().expose_secret();
        assert_eq!(text.len(), 52);
        assert!(text.starts_with("zzzzzzzzzzzzf0000000000000") && text.ends_with('8'), "{text}");
        assert_ne!(token, Token::from_random([u64::MAX, 0, 1, 0]));
        assert_eq!(format!("{token:?}"), "Token");
        let json = serde_json::to_string(&token).unwrap();
        assert_eq!(serde_json::from_str::<Token>(&json).unwrap(), token);
    }

    #[test]
    fn a_login_has_one_proof_and_what_is_secret_in_it_does_not_show() {
        let parse = |json: &str| Request::parse(json.as_bytes());
        let json = r#"{"purpose":"login","username":"A","password":"canary","keep":true,"device":"Desk"}"#;
        let request = parse(json).unwrap();
        assert!(!format!("{request:?}").contains("canary"));
        let Call::Login(Login { proof: Proof::Password { keep, .. }, .. }) = request.call else { panic!() };
        assert_eq!(keep.as_deref(), Some("Desk"));
        let request = parse(r#"{"purpose":"login","token":"canary"}"#).unwrap();
        assert!(matches!(&request.call, Call::Login(Login { proof: Proof::Token(_), .. })));
        assert!(!format!("{request:?}").contains("canary"));
        for bad in [
            r#"{"purpose":"login"}"#,
            r#"{"purpose":"login","username":"A"}"#,
            r#"{"purpose":"login","username":"A","password":"canary","token":"canary"}"#,
            r#"{"purpose":"login","token":["canary"]}"#,
        ] {
            let bad = parse(bad).expect_err(bad);
            assert!(bad.problem.code == Code::BadRequest && !format!("{bad:?}").contains("canary"));
        }
    }

    #[test]
    fn what_our_client_writes_is_what_the_server_reads() {
        for (asked, call) in [
            (DeviceAsked::ListDevices { id: 7 }, DeviceCall::List),
            (DeviceAsked::EndDevice { id: 7, session: 3 }, DeviceCall::End(3)),
            (DeviceAsked::EndOtherDevices { id: 7 }, DeviceCall::EndOthers),
        ] {
            let request = Request::parse(&serde_json::to_vec(&asked).unwrap()).unwrap();
            assert!(matches!(request.call, Call::Account(AccountCall::Device(found)) if found == call));
            assert_eq!(request.id, Some(7));
        }
    }
}
