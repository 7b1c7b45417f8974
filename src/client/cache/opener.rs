//! What a cache opens to: the password that the server took last, or the token of a device that stays signed in.
//!
//! A password is guessed, so that its hash is a slow one. A token is 256 random bits: a fast hash says as little, and a
//! window opens without delay. Neither hides what is in the file from who can read the files of this account of the
//! computer: that, and nothing else, protects the file, as it does the token.

use std::io;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};

/// Stands before the hash of a token.
const OF_TOKEN: &str = "sha256:";

/// See the module.
#[derive(Clone, Debug)]
pub enum Opener {
    /// A password.
    Password(SecretString),
    /// A token.
    Token(SecretString),
}

impl From<SecretString> for Opener {
    fn from(password: SecretString) -> Self {
        Self::Password(password)
    }
}

impl From<&str> for Opener {
    fn from(password: &str) -> Self {
        Self::Password(password.into())
    }
}

impl Opener {
    /// The hash that a cache opens by.
    pub(super) fn hash(&self) -> io::Result<String> {
        match self {
            Self::Password(password) => {
                let hashed = Argon2::default().hash_password(password.expose_secret().as_bytes());
                Ok(hashed.map_err(|error| io::Error::other(error.to_string()))?.to_string())
            }
            Self::Token(token) => {
                let digest = ring::digest::digest(&ring::digest::SHA256, token.expose_secret().as_bytes());
                let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(format!("{OF_TOKEN}{digits}"))
            }
        }
    }

    /// Whether that is its hash.
    pub(super) fn fits(&self, hash: &str) -> bool {
        match self {
            Self::Password(password) => PasswordHash::new(hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
            }),
            Self::Token(_) => self.hash().is_ok_and(|own| own == hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_what_it_closed_and_is_no_password() {
        let (token, other) = (Opener::Token("a".into()), Opener::Token("b".into()));
        let hash = token.hash().unwrap();
        assert!(token.fits(&hash) && !other.fits(&hash) && !Opener::from("a").fits(&hash));
        let hash = Opener::from("a").hash().unwrap();
        assert!(Opener::from("a").fits(&hash) && !token.fits(&hash));
        assert!(!format!("{token:?}").contains("\"a\""));
    }
}
