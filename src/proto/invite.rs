//! The code of an invite: what somebody who has no account yet is given to make one.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};

/// Letters and digits of a code. Fifty random bits: with three guesses a connection, nobody finds one before it expires.
const DIGITS: usize = 10;

/// Those in a group, as it is written.
const GROUP: usize = 5;

/// The digits: Crockford's base 32, which leaves out what is taken for something else.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The code of an invite. Written as two groups, `k7m2p-9xq4t`, and read in any case, with or without what is between
/// the groups. Whoever has it can make an account: it is printed by [`InviteCode::text`] alone.
#[derive(Clone)]
pub struct InviteCode(SecretString);

/// A text that is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an invite's code is two groups of five letters and digits, like k7m2p-9xq4t: check it against what you were sent"
)]
pub struct NoInviteCode;

impl InviteCode {
    /// The code that these random bits make; the lowest fifty count.
    pub fn from_random(bits: u64) -> Self {
        let digit = |at: usize| char::from(ALPHABET[(bits >> (5 * at) & 31) as usize]);
        Self((0..DIGITS).map(digit).collect::<String>().into())
    }

    /// Its letters and digits without anything between them: what it is compared by.
    pub fn bare(&self) -> &str {
        self.0.expose_secret()
    }

    /// The code as people read it, in two groups.
    pub fn text(&self) -> String {
        let (first, second) = self.bare().split_at(GROUP);
        format!("{first}-{second}")
    }
}

impl PartialEq for InviteCode {
    fn eq(&self, other: &Self) -> bool {
        self.bare() == other.bare()
    }
}

impl Eq for InviteCode {}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode")
    }
}

impl FromStr for InviteCode {
    type Err = NoInviteCode;

    fn from_str(text: &str) -> Result<Self, NoInviteCode> {
        let mut bare = String::with_capacity(DIGITS);
        for c in text.chars().filter(|c| !(c.is_whitespace() || *c == '-')) {
            let digit = match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                c => c,
            };
            if bare.len() == DIGITS || !u8::try_from(digit).is_ok_and(|digit| ALPHABET.contains(&digit)) {
                return Err(NoInviteCode);
            }
            bare.push(digit);
        }
        if bare.len() == DIGITS { Ok(Self(bare.into())) } else { Err(NoInviteCode) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_written_and_as_people_type_it() {
        let code = InviteCode::from_random(0x1234_5678_9abc_def0);
        let text = code.text();
        assert_eq!((text.len(), text.find('-')), (11, Some(5)), "{text}");
        assert_eq!(text.parse(), Ok(code.clone()));
        for typed in [text.to_uppercase(), text.replace('-', ""), format!(" {} ", text.replace('-', " "))] {
            assert_eq!(typed.parse(), Ok(code.clone()), "{typed}");
        }
        assert_eq!("OIl00-11111".parse::<InviteCode>(), "01100-11111".parse());
        for bad in ["", "k7m2p", "k7m2p-9xq4", "k7m2p-9xq4tt", "u7m2p-9xq4t", "ｋ7m2p-9xq4t"] {
            assert_eq!(bad.parse::<InviteCode>(), Err(NoInviteCode), "{bad:?}");
        }
        assert_ne!(code, InviteCode::from_random(1));
        assert_eq!(format!("{code:?}"), "InviteCode");
    }
}
