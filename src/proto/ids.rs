//! Identifiers: small validated types, so that a raw number or string is never mistaken for one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::limits::{DEVICE_MAX_BYTES, GROUP_NAME_MAX_CHARS, MESSAGE_MAX_BYTES, NAME_MAX_CHARS};

/// The number of an account in `users.json`. It never changes and is never given out twice, so a message keeps its
/// author through a change of name, and a new account of an old name is not the old account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub u32);

/// The place of a record in the log, counted from 1. Zero stands before the first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The place right after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A point in time: milliseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// This time and `millis` later.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// Why a text is not what it should be. The text of the error says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A message without a visible character.
    #[error("the message is empty: write something first")]
    EmptyMessage,
    /// A message over the limit.
    #[error(
        "the message is {bytes} bytes long, and the limit is {max}: send it in parts",
        max = MESSAGE_MAX_BYTES
    )]
    LongMessage {
        /// The length of the text in UTF-8.
        bytes: usize,
    },
    /// A name that no account can have.
    #[error("a name has 1 to {max} characters, none of them a control character, a line break, '@' or ':', and no space at its ends", max = NAME_MAX_CHARS)]
    Name,
    /// A name that no group can have.
    #[error("a group's name has 1 to {max} characters on one line: give it another one", max = GROUP_NAME_MAX_CHARS)]
    GroupName,
    /// A device's name or a `client_id` in the wrong form.
    #[error(
        "a client_id is <device>:<n>: a device of 1 to {max} letters, digits, '-' or '_', and n a number from 1",
        max = DEVICE_MAX_BYTES
    )]
    ClientId,
}

/// The name of an account, as people write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(Arc<str>);

impl UserName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`Invalid::Name`] when it is empty, too long, or holds a character that would break a line or `@name text`.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let fits = (1..=NAME_MAX_CHARS).contains(&name.chars().count());
        let bad = |c: char| c.is_control() || matches!(c, '@' | ':' | '\u{2028}' | '\u{2029}');
        if !fits || name.trim() != name || name.chars().any(bad) {
            return Err(Invalid::Name);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names are compared by: `alice` and `Alice` are the same person.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for UserName {
    type Error = Invalid;
    fn try_from(name: String) -> Result<Self, Invalid> {
        Self::new(&name)
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0.as_ref().into()
    }
}

/// Checks the text of a message.
///
/// # Errors
/// [`Invalid::EmptyMessage`] or [`Invalid::LongMessage`].
pub fn check_message(text: &str) -> Result<(), Invalid> {
    if text.len() > MESSAGE_MAX_BYTES {
        return Err(Invalid::LongMessage { bytes: text.len() });
    }
    if text.trim().is_empty() {
        return Err(Invalid::EmptyMessage);
    }
    Ok(())
}

/// The number that a client gives a request, and finds in the reply.
pub type RequestId = u64;

/// One program at one account that numbers what it sends: a window, a script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    /// Takes a device's name.
    ///
    /// # Errors
    /// [`Invalid::ClientId`] when it is empty, too long or holds anything but ASCII letters, digits, `-` and `_`.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=DEVICE_MAX_BYTES).contains(&name.len()) || !name.bytes().all(good) {
            return Err(Invalid::ClientId);
        }
        Ok(Self(name.into()))
    }

    /// The device whose name is these 64 random bits.
    pub fn from_random(bits: u64) -> Self {
        Self(format!("{bits:016x}").into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that a device gives to one send, `<device>:<n>` with n rising: a resend is recognised by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "std::borrow::Cow<'_, str>", into = "String")]
pub struct ClientId {
    /// Who numbers.
    pub device: DeviceId,
    /// The number, from 1.
    pub n: u64,
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device.as_str(), self.n)
    }
}

impl FromStr for ClientId {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (device, n) = text.split_once(':').ok_or(Invalid::ClientId)?;
        let canonical = n.bytes().all(|b| b.is_ascii_digit()) && !n.starts_with('0');
        match n.parse() {
            Ok(n) if canonical => Ok(Self { device: DeviceId::new(device)?, n }),
            _ => Err(Invalid::ClientId),
        }
    }
}

impl TryFrom<std::borrow::Cow<'_, str>> for ClientId {
    type Error = Invalid;
    fn try_from(text: std::borrow::Cow<'_, str>) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_people_write_and_nothing_that_breaks_a_line() {
        for good in ["Alice", "Ünsal Öz", "王小明", "a", "O'Neil", "x".repeat(32).as_str()] {
            assert!(UserName::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", " Alice", "Alice ", "a\nb", "a\0", "@bob", "a:b", "x".repeat(33).as_str()] {
            assert_eq!(UserName::new(bad), Err(Invalid::Name), "{bad:?}");
        }
    }

    #[test]
    fn a_client_id_reads_back_as_written() {
        let id: ClientId = "ab-9_Z:42".parse().unwrap();
        assert_eq!((id.device.as_str(), id.n), ("ab-9_Z", 42));
        assert_eq!(id.to_string(), "ab-9_Z:42");
        for bad in
            ["", ":", "a:", ":1", "a:0", "a:01", "a:+1", "a:-1", "a b:1", "a:1:2", "é:1", "a:99999999999999999999"]
        {
            assert_eq!(bad.parse::<ClientId>(), Err(Invalid::ClientId), "{bad:?}");
        }
    }

    #[test]
    fn a_message_has_something_in_it_and_an_end() {
        assert_eq!(check_message(" \n\t\u{2003}"), Err(Invalid::EmptyMessage));
        assert_eq!(check_message(&"é".repeat(8 * 1024)), Ok(()));
        assert_eq!(
            check_message(&"x".repeat(MESSAGE_MAX_BYTES + 1)),
            Err(Invalid::LongMessage { bytes: MESSAGE_MAX_BYTES + 1 })
        );
    }
}
