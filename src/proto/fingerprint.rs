//! The fingerprint of a server's certificate, in a form that two people can compare and a link can carry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Its length in bytes: 160 bits of SHA-256. Whoever wants another certificate with the same one has 2^160 to try.
const BYTES: usize = 20;

/// Letters in a group, as it is written.
const GROUP: usize = 4;

/// The digits of a group: Crockford's base 32, which leaves out what is taken for something else.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What tells a certificate from all others: the beginning of the SHA-256 of its DER form. Written as eight groups of
/// four letters and digits, `h3k9-0v2m-...`, and read in any case, with or without what is between the groups.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; BYTES]);

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is eight groups of four letters and digits")]
pub struct NoFingerprint;

impl Fingerprint {
    /// That of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Self {
        let whole = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(&whole.as_ref()[..BYTES]);
        Self(bytes)
    }

    /// Its groups, one after the other, for laying them out.
    pub fn groups(&self) -> impl Iterator<Item = String> {
        let bit = |at: usize| usize::from(self.0[at / 8] >> (7 - at % 8) & 1);
        let digit = move |at: usize| DIGITS[(at..at + 5).fold(0, |value, at| value << 1 | bit(at))] as char;
        (0..BYTES * 8 / (5 * GROUP)).map(move |group| (0..GROUP).map(|at| digit((group * GROUP + at) * 5)).collect())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, group) in self.groups().enumerate() {
            write!(f, "{}{group}", if at == 0 { "" } else { "-" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let mut bytes = [0; BYTES];
        let mut at = 0;
        for letter in text.chars().filter(|letter| !matches!(letter, '-' | ':' | ' ')) {
            // As Crockford has it: what is misread is read as it was meant.
            let letter = match letter.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                letter => letter,
            };
            let value = DIGITS.iter().position(|digit| char::from(*digit) == letter).ok_or(NoFingerprint)?;
            for bit in (0..5).rev() {
                let byte = bytes.get_mut(at / 8).ok_or(NoFingerprint)?;
                *byte |= (value >> bit & 1) as u8 * (0x80 >> (at % 8));
                at += 1;
            }
        }
        if at == BYTES * 8 { Ok(Self(bytes)) } else { Err(NoFingerprint) }
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NoFingerprint;

    fn try_from(text: String) -> Result<Self, NoFingerprint> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        let one = Fingerprint::of(b"a certificate");
        let text = one.to_string();
        assert_eq!(text.len(), 39, "{text}");
        assert_eq!(text.parse(), Ok(one));
        assert_eq!(text.to_uppercase().replace('-', " ").parse(), Ok(one));
        assert_eq!(text.replace('-', "").replace('0', "O").replace('1', "l").parse(), Ok(one));
        assert_ne!(one, Fingerprint::of(b"another"));
        assert_eq!(serde_json::from_str::<Fingerprint>(&format!("\"{text}\"")).unwrap(), one);
    }

    #[test]
    fn it_is_the_beginning_of_the_digest() {
        // The SHA-256 of nothing begins with e3b0c442 98fc1c14.
        assert_eq!(Fingerprint::of(b"").to_string(), "werc-8gmr-zge1-96qv-yk49-jvxs-4gkt-wgf4");
    }

    #[test]
    fn what_is_none_is_refused() {
        let whole = Fingerprint::of(b"").to_string();
        for bad in ["", "abcd", "u".repeat(32).as_str(), &whole[..38], &format!("{whole}0")] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(NoFingerprint), "{bad}");
        }
    }
}
