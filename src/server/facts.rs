//! What the server knows of itself, in `server.json`: its name, whether everybody can make an account, and the invites.
//! The file belongs to the server that owns the folder: what is changed by hand in it is taken up at the next start, or
//! with the next change. Of a code it has the hash alone. A fast one is enough: fifty random bits are no password, and
//! who can read this file can read the hashes of the passwords beside it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::accounts::{self, AccountsError};
use crate::core::accounts::Facts;
use crate::proto::event::InviteInfo;
use crate::proto::ids::{Millis, UserId};
use crate::proto::invite::InviteCode;
use crate::proto::limits::INVITES_MAX;

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "server.json";

/// How long an invite that has ended stays in the list, in milliseconds: 30 days.
const ENDED_KEPT_MILLIS: i64 = 30 * 24 * 3_600_000;

/// The whole file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(expecting = "an object with \"name\", \"registration\" and \"invites\"")]
pub struct ServerFile {
    /// The name that its administrators gave it; empty if none.
    #[serde(default)]
    pub name: String,
    /// Whether everybody can make an account.
    #[serde(default)]
    pub registration: bool,
    /// The number of the last invite that was made.
    #[serde(default)]
    pub last_invite: u64,
    /// Those that are good, and those that have ended not long ago.
    #[serde(default)]
    pub invites: Vec<Invite>,
    /// What other versions and people put there; kept.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// An invite, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// What administrators see.
    #[serde(flatten)]
    pub info: InviteInfo,
    /// The SHA-256 of the code's bare letters, in hexadecimal digits.
    code_sha256: String,
}

/// What an invite is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// For whom.
    pub label: String,
    /// Who makes it.
    pub by: UserId,
    /// When.
    pub now: Millis,
    /// For how long, in milliseconds.
    pub lasts: i64,
    /// For how many accounts.
    pub uses: u32,
}

fn sha256(code: &InviteCode) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, code.bare().as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

/// The text of the file; nothing where there is none.
fn text_in(path: &Path) -> Result<Option<Vec<u8>>, AccountsError> {
    match accounts::read(path) {
        Ok(text) => Ok(Some(text.to_vec())),
        Err(AccountsError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl ServerFile {
    /// Reads the file of a data folder. Where there is none, the server has no name and no invites.
    ///
    /// # Errors
    /// [`AccountsError`] with the line and column.
    pub fn load(dir: &Path) -> Result<Self, AccountsError> {
        let path = path_in(dir);
        text_in(&path)?.map_or_else(|| Ok(Self::default()), |text| Self::parse(&text, &path))
    }

    fn parse(text: &[u8], path: &Path) -> Result<Self, AccountsError> {
        serde_json::from_slice(text).map_err(|error| accounts::json_error(&error, path))
    }

    /// Changes the file, whole or not at all; on disk when this returns.
    ///
    /// # Errors
    /// [`AccountsError`], and those of `change`; then it is as it was.
    pub fn update<T, E: From<AccountsError>>(
        dir: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<(Self, T), E> {
        let path = path_in(dir);
        let before = text_in(&path)?;
        let mut file = before.as_ref().map_or_else(|| Ok(Self::default()), |text| Self::parse(text, &path))?;
        let result = change(&mut file)?;
        let mut text = serde_json::to_vec_pretty(&file).expect("maps with string keys always become JSON");
        text.push(b'\n');
        match accounts::replace(&path, &text, before.as_deref())? {
            true => Ok((file, result)),
            // Somebody is editing it at this moment: what they wrote is taken up with the next change.
            false => Err(AccountsError::Contended { path }.into()),
        }
    }

    /// What everybody is told, and administrators.
    pub fn facts(&self) -> Facts {
        Facts { name: self.name.clone(), registration: self.registration }
    }

    /// Makes an invite. Those that have ended give way.
    ///
    /// Nothing where too many are good.
    pub fn invite(&mut self, code: &InviteCode, wanted: Wanted) -> Option<InviteInfo> {
        let Wanted { label, by, now, lasts, uses } = wanted;
        self.invites.retain(|invite| invite.info.is_good(now) || now < invite.info.expires.plus(ENDED_KEPT_MILLIS));
        if self.invites.len() >= INVITES_MAX {
            self.invites.retain(|invite| invite.info.is_good(now));
        }
        if self.invites.len() >= INVITES_MAX {
            return None;
        }
        self.last_invite = self.last_invite.saturating_add(1);
        let (invite, expires) = (self.last_invite, now.plus(lasts));
        let info = InviteInfo { invite, label, by, created: now, expires, uses, used: 0 };
        self.invites.push(Invite { info: info.clone(), code_sha256: sha256(code) });
        Some(info)
    }

    /// The invite of that code, if an account can be made with it now.
    pub fn find(&mut self, code: &InviteCode, now: Millis) -> Option<&mut InviteInfo> {
        let hash = sha256(code);
        let found = self.invites.iter_mut().find(|invite| invite.code_sha256 == hash).map(|invite| &mut invite.info);
        found.filter(|invite| invite.is_good(now))
    }

    /// An account was not made with that code after all.
    pub fn give_back(&mut self, code: &InviteCode) {
        let hash = sha256(code);
        for invite in self.invites.iter_mut().filter(|invite| invite.code_sha256 == hash) {
            invite.info.used = invite.info.used.saturating_sub(1);
        }
    }

    /// Takes an invite away. False if there is none of that number.
    pub fn revoke(&mut self, invite: u64) -> bool {
        let before = self.invites.len();
        self.invites.retain(|kept| kept.info.invite != invite);
        self.invites.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(now: i64, uses: u32) -> Wanted {
        Wanted { label: "Dana".into(), by: UserId(1), now: Millis(now), lasts: 100, uses }
    }

    #[test]
    fn a_code_is_good_for_its_time_and_its_uses_and_is_not_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (InviteCode::from_random(7), InviteCode::from_random(8));
        let made = ServerFile::update(dir.path(), |file| Ok::<_, AccountsError>(file.invite(&one, wanted(1_000, 2))));
        assert_eq!(made.unwrap().1.unwrap().expires, Millis(1_100));
        let text = std::fs::read_to_string(path_in(dir.path())).unwrap();
        assert!(!text.contains(one.bare()) && !text.contains(&one.text()), "{text}");

        let mut file = ServerFile::load(dir.path()).unwrap();
        assert!(file.find(&other, Millis(1_000)).is_none() && file.find(&one, Millis(1_100)).is_none());
        file.find(&one, Millis(1_099)).unwrap().used += 1;
        file.find(&one, Millis(1_099)).unwrap().used += 1;
        assert!(file.find(&one, Millis(1_000)).is_none(), "used up");
        assert!(file.revoke(1) && !file.revoke(1));
    }

    #[test]
    fn invites_that_have_ended_give_way_and_good_ones_do_not() {
        let mut file = ServerFile::default();
        for n in 0..INVITES_MAX as u64 {
            assert!(file.invite(&InviteCode::from_random(n), wanted(0, 1)).is_some());
        }
        assert_eq!(file.invite(&InviteCode::from_random(900), wanted(99, 1)), None);
        assert_eq!(file.invite(&InviteCode::from_random(900), wanted(100, 1)).unwrap().invite, 201);
        assert_eq!(file.invites.len(), 1);
    }

    #[test]
    fn a_file_that_is_wrong_is_named_with_its_line_and_what_others_wrote_stays() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(path_in(dir.path()), "{\n\"name\": 7}").unwrap();
        let error = ServerFile::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains("server.json, line 2"), "{error}");
        std::fs::write(path_in(dir.path()), r#"{"name":"Home","colour":"blue"}"#).unwrap();
        let change = |file: &mut ServerFile| {
            file.registration = true;
            Ok::<_, AccountsError>(())
        };
        ServerFile::update(dir.path(), change).unwrap();
        let text = std::fs::read_to_string(path_in(dir.path())).unwrap();
        assert!(text.contains("blue") && text.contains("Home") && text.contains("true"), "{text}");
    }
}
