//! Hashing and checking passwords, with Argon2id alone. Touches no file and keeps no password.

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use super::{AccountsError, common};
use crate::proto::limits::{PASSWORD_MAX_BYTES, PASSWORD_NEW_MIN_CHARS};

/// Memory of one hash, in KiB: 19 MiB. This and the next two are the OWASP Password Storage Cheat Sheet's setting for
/// Argon2id: "19 MiB of memory, an iteration count of 2, and 1 degree of parallelism".
pub const HASH_MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
pub const HASH_PASSES: u32 = 2;
/// Lanes, Argon2's degree of parallelism.
pub const HASH_LANES: u32 = 1;
/// Length of a hash, in bytes.
pub const HASH_BYTES: usize = 32;
/// Length of a salt, in bytes: what RFC 9106 recommends for passwords.
pub const SALT_BYTES: usize = 16;

/// The most memory, in KiB, that a hash in the file may ask for: 256 MiB. A login must not be able to exhaust the
/// machine because of a slip of the pen.
const FOREIGN_MEMORY_MAX_KIB: u32 = 256 * 1024;
/// The most passes that a hash in the file may ask for.
const FOREIGN_PASSES_MAX: u32 = 16;

/// What an allocation must have to be mapped by itself, whatever came before: glibc's `DEFAULT_MMAP_THRESHOLD_MAX` and
/// a little more.
const MAPPED_BYTES_MIN: usize = 33 * 1024 * 1024;

const PARAMS: Params = match Params::new(HASH_MEMORY_KIB, HASH_PASSES, HASH_LANES, Some(HASH_BYTES)) {
    Ok(params) => params,
    Err(_) => panic!("the constants are outside Argon2's limits"),
};

fn argon2id() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS)
}

/// Checks a password that somebody wants to have.
///
/// # Errors
/// [`AccountsError::EmptyPassword`] or [`AccountsError::LongPassword`].
pub fn check_new(password: &SecretString) -> Result<(), AccountsError> {
    match password.expose_secret().len() {
        0 => Err(AccountsError::EmptyPassword),
        bytes if bytes > PASSWORD_MAX_BYTES => Err(AccountsError::LongPassword),
        _ => Ok(()),
    }
}

/// Checks the password of whoever owns a server that others can reach.
///
/// # Errors
/// [`AccountsError::ShortPassword`].
pub fn check_owner(password: &SecretString) -> Result<(), AccountsError> {
    match password.expose_secret().chars().count() < PASSWORD_NEW_MIN_CHARS {
        true => Err(AccountsError::ShortPassword),
        false => Ok(()),
    }
}

/// Checks a password that somebody chooses for an account of that name.
///
/// # Errors
/// [`AccountsError`]: too short, too long, or too easily guessed.
pub fn check_chosen(password: &SecretString, name: &str) -> Result<(), AccountsError> {
    check_new(password)?;
    check_owner(password)?;
    match common::why_weak(password.expose_secret(), name) {
        Some(why) => Err(AccountsError::WeakPassword(why)),
        None => Ok(()),
    }
}

/// Hashes a password under a fresh salt, as a PHC string. Takes tens of milliseconds and 19 MiB.
///
/// # Errors
/// Those of [`check_new`], and [`AccountsError::Hash`].
pub fn hash(password: &SecretString) -> Result<String, AccountsError> {
    check_new(password)?;
    let hash = argon2id().hash_password(password.expose_secret().as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| AccountsError::Hash(error.to_string()))
}

/// A hash like those of [`hash`], made of random bytes: checking against it takes as long, and no password fits.
///
/// # Errors
/// [`AccountsError::Hash`] when the system gives no random bytes.
pub(super) fn dummy() -> Result<String, AccountsError> {
    let failed = |error: &dyn std::fmt::Display| AccountsError::Hash(error.to_string());
    let mut bytes = [0; SALT_BYTES + HASH_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| failed(&error))?;
    let (salt, output) = bytes.split_at(SALT_BYTES);
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&PARAMS).map_err(|error| failed(&error))?,
        salt: Some(Salt::new(salt).map_err(|error| failed(&error))?),
        hash: Some(Output::new(output).map_err(|error| failed(&error))?),
    };
    Ok(hash.to_string())
}

/// Why a text from the file is not a hash that passwords can be checked against, if so.
pub(super) fn problem_with(hash: &str) -> Option<&'static str> {
    let Ok(hash) = PasswordHash::new(hash) else {
        return Some(
            "\"password_hash\" is not a hash in PHC form ($argon2id$...): write the password itself as \"password\", \
             and it is hashed for you",
        );
    };
    let (true, Ok(params), Some(_), Some(_)) = (
        Algorithm::try_from(hash.algorithm.as_str()).is_ok()
            && hash.version.is_none_or(|version| Version::try_from(version).is_ok()),
        Params::try_from(&hash),
        &hash.salt,
        &hash.hash,
    ) else {
        return Some(
            "\"password_hash\" is not a whole Argon2 hash: write the password itself as \"password\", and it is hashed \
             for you",
        );
    };
    (params.m_cost() > FOREIGN_MEMORY_MAX_KIB || params.t_cost() > FOREIGN_PASSES_MAX).then_some(
        "\"password_hash\" asks for more than 256 MiB or 16 passes at each login: hash the password with less, or write \
         it as \"password\"",
    )
}

/// Whether the password is the one that was hashed, for a hash that [`problem_with`] has nothing against. Every password takes the same path: an empty one and one over the
/// limit are hashed as well and refused afterwards, so that the time tells nothing.
pub(super) fn matches(password: &SecretString, hash: &str) -> bool {
    let bytes = password.expose_secret().as_bytes();
    let possible = (1..=PASSWORD_MAX_BYTES).contains(&bytes.len());
    let hashed = &bytes[..bytes.len().min(PASSWORD_MAX_BYTES)];
    let equal = PasswordHash::new(hash).is_ok_and(|hash| is_hash_of(hashed, &hash).unwrap_or(false));
    equal && possible
}

/// What `verify_password` of the library does, in memory of our own.
fn is_hash_of(password: &[u8], hash: &PasswordHash) -> Option<bool> {
    let (salt, expected) = (hash.salt?, hash.hash?);
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    // The parameters are those of the stored hash.
    let params = Params::try_from(hash).ok()?;
    let mut memory = memory_of(params.block_count());
    let mut found = vec![0; expected.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password, &salt, &mut found, &mut memory).ok()?;
    // The comparison of outputs takes the same time wherever they differ.
    Some(Output::new(&found).ok()? == expected)
}

/// Memory for one hash, which the system has back afterwards. More of it is asked for than is touched, since glibc
/// keeps what is below its largest threshold for mapping, and leaves it in pieces: after a hundred logins, a server
/// that never hashes more than two at a time held on to 400 MiB.
fn memory_of(blocks: usize) -> Vec<Block> {
    let mut memory = Vec::with_capacity(blocks.max(MAPPED_BYTES_MIN / Block::SIZE));
    memory.resize(blocks, Block::default());
    memory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash_and_no_other_does() {
        let stored = hash(&"correct horse".into()).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(matches(&"correct horse".into(), &stored));
        assert!(!matches(&"Correct horse".into(), &stored));
        assert_ne!(stored, hash(&"correct horse".into()).unwrap(), "each hash has a salt of its own");
    }

    #[test]
    fn the_longest_password_works_and_one_byte_more_does_not_pass_for_it() {
        let longest = "x".repeat(PASSWORD_MAX_BYTES);
        let stored = hash(&longest.as_str().into()).unwrap();
        assert!(matches(&longest.as_str().into(), &stored));
        assert!(!matches(&format!("{longest}x").into(), &stored));
        assert!(std::matches!(hash(&format!("{longest}x").into()), Err(AccountsError::LongPassword)));
    }

    #[test]
    fn the_empty_password_opens_nothing_even_if_its_hash_is_stored() {
        let stored = argon2id().hash_password(b"").unwrap().to_string();
        assert!(!matches(&"".into(), &stored));
        assert!(std::matches!(hash(&"".into()), Err(AccountsError::EmptyPassword)));
    }

    #[test]
    fn the_dummy_costs_what_a_real_hash_costs() {
        let (dummy, real) = (dummy().unwrap(), hash(&"a".into()).unwrap());
        let cost = |hash: &str| hash.rsplitn(3, '$').last().unwrap().to_owned();
        assert_eq!(cost(&dummy), cost(&real));
        assert_eq!(dummy.len(), real.len());
        assert_eq!(problem_with(&dummy), None);
    }

    #[test]
    fn hashes_that_cannot_be_checked_are_told_apart() {
        let salt_and_hash = "c2FsdHNhbHRzYWx0c2FsdA$Y2hlY2tzdW1jaGVja3N1bWNoZWNrc3VtY2hlY2tzdW0";
        let with = |params: &str| format!("$argon2id$v=19${params}${salt_and_hash}");
        assert_eq!(problem_with(&with("m=19456,t=2,p=1")), None);
        assert_eq!(problem_with(&with("m=65536,t=3,p=4")), None, "other programs' hashes are taken");
        for bad in [
            "",
            "123",
            "$2b$12$abcdefghijklmnopqrstuuNo",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA",
            &with("m=4294967295,t=2,p=1"),
            &with("m=19456,t=4294967295,p=1"),
            &with("m=1,t=2,p=1"),
            &format!("$argon2id$v=99$m=19456,t=2,p=1${salt_and_hash}"),
            &format!("$scrypt$ln=16,r=8,p=1${salt_and_hash}"),
        ] {
            assert!(problem_with(bad).is_some(), "{bad:?}");
        }
    }
}
