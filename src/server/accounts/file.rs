//! What stands in `users.json`: its form, its rules, and how it is read from text and written to it. Pure: the file
//! itself is opened elsewhere, and nothing here hashes unless asked to.

use std::collections::HashMap;
use std::path::Path;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AccountsError, password};
use crate::names::{self, Refused};
use crate::proto::account::Role;
use crate::proto::ids::{UserId, UserName};
use crate::visible;

/// The largest file that is read, in bytes: some 400,000 accounts.
pub const FILE_MAX_BYTES: u64 = 64 << 20;

/// How many names are doubted one by one; of more it is said how many there are.
const DOUBTS_MAX: usize = 5;

/// The whole file.
#[derive(Default, Serialize, Deserialize)]
#[serde(expecting = "an object with a list named \"users\"")]
pub(super) struct UsersFile {
    /// The number that the next account is given: higher than any that was ever given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_id: Option<u32>,
    /// The accounts, in the order of the file.
    pub users: Vec<Entry>,
    /// What other versions and people put there; kept. (A number beyond 64 bits loses digits.)
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One account.
#[derive(Serialize, Deserialize)]
#[serde(expecting = "an account: an object with \"username\" and \"password\"")]
pub(super) struct Entry {
    /// Its number; an entry that was written by hand may have none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// Its name.
    pub username: String,
    /// What it may do; nothing for most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// It is kept out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// What it was called before, newest first: nobody else is given such a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<String>,
    /// A password that somebody wrote by hand and that is to be hashed. Never written.
    #[serde(default, skip_serializing)]
    pub password: Option<SecretString>,
    /// The hash, as a PHC string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// What other versions and people put there; kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Does not say what stands there: beside the hashes, people write what they like.
impl std::fmt::Debug for UsersFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsersFile").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

impl UsersFile {
    /// Reads and checks the text of a file. `path` is for the errors alone.
    ///
    /// # Errors
    /// [`AccountsError`] with the line and column, or the entry.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, AccountsError> {
        // Editors on Windows put this mark in front.
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        if text.trim_ascii().is_empty() {
            return Err(AccountsError::Empty { path: path.into() });
        }
        let file: Self = serde_json::from_slice(text).map_err(|error| json_error(&error, path))?;
        file.check(path)?;
        Ok(file)
    }

    /// The text of the file: indented, so that people can read and edit it, and with a line break at its end.
    pub fn to_text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("maps with string keys always become JSON");
        text.push(b'\n');
        text
    }

    /// Whether something is left to do that numbering and hashing would do.
    pub fn is_settled(&self) -> bool {
        self.plain_passwords() == 0
            && self.next_id.is_some_and(|next| self.highest_id() < next)
            && self.users.iter().all(|entry| entry.id.is_some())
    }

    /// Passwords that wait to be hashed.
    pub fn plain_passwords(&self) -> usize {
        self.users.iter().filter(|entry| entry.password.is_some()).count()
    }

    /// Gives numbers to the entries without one and makes `next_id` right. A number is at least `floor` if it is new;
    /// `known` may name the number that an account of that folded name had before.
    ///
    /// # Errors
    /// [`AccountsError::OutOfNumbers`].
    pub fn number(
        &mut self,
        floor: u32,
        known: impl Fn(&str) -> Option<UserId>,
        path: &Path,
    ) -> Result<(), AccountsError> {
        let mut next = self.next_id.unwrap_or(1).max(floor).max(self.highest_id().saturating_add(1)).max(1);
        let taken: std::collections::HashSet<UserId> = self.users.iter().filter_map(|entry| entry.id).collect();
        for entry in self.users.iter_mut().filter(|entry| entry.id.is_none()) {
            // A file rewritten by a program that drops the numbers must not turn everybody into somebody else.
            let before = known(&entry.username.to_lowercase()).filter(|id| !taken.contains(id));
            entry.id = Some(match before {
                Some(id) => id,
                None => take_number(&mut next, path)?,
            });
        }
        self.next_id = Some(next.max(self.highest_id().saturating_add(1)));
        Ok(())
    }

    /// Hashes the passwords that wait. A plain password beats a hash beside it: it is the newer wish.
    ///
    /// # Errors
    /// [`AccountsError::Hash`].
    pub fn hash_plain(&mut self) -> Result<(), AccountsError> {
        for entry in &mut self.users {
            if let Some(plain) = entry.password.take() {
                entry.password_hash = Some(password::hash(&plain)?);
            }
        }
        Ok(())
    }

    /// The place of the account of that name in the list.
    pub fn position(&self, name: &UserName) -> Option<usize> {
        let folded = name.folded();
        self.users.iter().position(|entry| entry.username.to_lowercase() == folded)
    }

    /// Whether an account can have that name beside those that are there.
    ///
    /// # Errors
    /// [`AccountsError::NameTaken`], [`AccountsError::BadName`] when it looks like another one.
    pub fn check_new_name(&self, name: &UserName) -> Result<(), AccountsError> {
        self.check_name_for(None, name)
    }

    /// The same for an account that is there, which may be called what only it is or was called.
    ///
    /// # Errors
    /// Those of [`Self::check_new_name`].
    pub fn check_name_for(&self, user: Option<UserId>, name: &UserName) -> Result<(), AccountsError> {
        let asked = || name.to_string();
        let others = || self.users.iter().filter(|entry| user.is_none() || entry.id != user);
        let folded = name.folded();
        if let Some(entry) = others().find(|entry| entry.username.to_lowercase() == folded) {
            return Err(AccountsError::NameTaken { asked: asked(), existing: entry.username.clone() });
        }
        let looks = names::looks(name.as_str());
        let alike = |other: &str| names::looks(other).iter().any(|look| looks.contains(look));
        if let Some(entry) = others().find(|entry| alike(&entry.username)) {
            return Err(Refused::Alike { asked: asked(), existing: entry.username.clone() }.into());
        }
        match others().any(|entry| entry.former_names.iter().any(|former| alike(former))) {
            true => Err(AccountsError::FormerName { asked: asked() }),
            false => Ok(()),
        }
    }

    /// What is to be said about names that were given before there were rules for them, or by hand.
    pub fn doubts(&self, path: &Path) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut doubts = Vec::new();
        for (at, entry) in self.users.iter().enumerate() {
            let looks = names::looks(&entry.username);
            let like = looks.iter().find_map(|look| seen.get(look));
            let why = match (like, names::account(&entry.username)) {
                (Some(other), _) => format!("looks like {}", self.called(*other)),
                (None, Err(refused)) => format!("would not be given to a new account: {refused}"),
                (None, Ok(_)) => String::new(),
            };
            if !why.is_empty() {
                doubts.push(format!("{}: the name of {} {why}. It stays valid", path.display(), self.called(at)));
            }
            seen.extend(looks.map(|look| (look, at)));
        }
        let more = doubts.len().saturating_sub(DOUBTS_MAX);
        doubts.truncate(DOUBTS_MAX);
        if more > 0 {
            doubts.push(format!("{}: the same goes for {more} more names", path.display()));
        }
        doubts
    }

    /// Puts a new account at the end.
    ///
    /// # Errors
    /// Those of [`Self::check_new_name`], and [`AccountsError::OutOfNumbers`].
    pub fn add(&mut self, name: &UserName, password_hash: String, path: &Path) -> Result<UserId, AccountsError> {
        self.check_new_name(name)?;
        let mut next = self.next_id.unwrap_or(1).max(self.highest_id().saturating_add(1)).max(1);
        let id = take_number(&mut next, path)?;
        self.next_id = Some(next);
        self.users.push(Entry {
            id: Some(id),
            username: name.to_string(),
            role: None,
            blocked: false,
            former_names: Vec::new(),
            password: None,
            password_hash: Some(password_hash),
            extra: Map::new(),
        });
        Ok(id)
    }

    fn highest_id(&self) -> u32 {
        self.users.iter().filter_map(|entry| entry.id).map(|UserId(id)| id).max().unwrap_or(0)
    }

    fn check(&self, path: &Path) -> Result<(), AccountsError> {
        let mut names = HashMap::new();
        let mut ids = HashMap::new();
        for (at, entry) in self.users.iter().enumerate() {
            if let Some(why) = entry.problem() {
                return Err(AccountsError::Entry { path: path.into(), entry: self.called(at), why });
            }
            let twice = |one, what| AccountsError::Twice {
                path: path.into(),
                one: self.called(one),
                other: self.called(at),
                what,
            };
            if let Some(one) = names.insert(entry.username.to_lowercase(), at) {
                return Err(twice(one, "name (names are compared without regard to case)"));
            }
            if let Some(one) = entry.id.and_then(|id| ids.insert(id, at)) {
                return Err(twice(one, "id"));
            }
        }
        Ok(())
    }

    /// What an entry is called in an error: its place, and its name as far as it is fit to be shown.
    fn called(&self, at: usize) -> String {
        let name: String = visible::cleaned(&self.users[at].username).chars().take(40).collect();
        format!("entry {} (\"{name}\")", at + 1)
    }
}

impl Entry {
    fn problem(&self) -> Option<String> {
        if let Err(invalid) = UserName::new(&self.username) {
            return Some(invalid.to_string());
        }
        if matches!(self.id, Some(UserId(0 | u32::MAX))) {
            return Some(format!("an \"id\" is a number from 1 to {}", u32::MAX - 1));
        }
        match (&self.password, &self.password_hash) {
            (Some(plain), _) => password::check_new(plain).err().map(|error| error.to_string()),
            (None, Some(hash)) => password::problem_with(hash).map(Into::into),
            (None, None) => {
                Some("it has neither \"password\" nor \"password_hash\": write a \"password\", and it is hashed".into())
            }
        }
    }
}

fn take_number(next: &mut u32, path: &Path) -> Result<UserId, AccountsError> {
    let id = UserId(*next);
    *next = next.checked_add(1).ok_or_else(|| AccountsError::OutOfNumbers { path: path.into() })?;
    Ok(id)
}

/// Says where and what, without repeating what stands there: it may be a password.
pub(in crate::server) fn json_error(error: &serde_json::Error, path: &Path) -> AccountsError {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    let quotes_the_file = ["invalid type", "invalid value", "invalid length", "unknown variant"]
        .iter()
        .any(|start| why.starts_with(start));
    let why = match why.rsplit_once(", expected ") {
        Some((_, expected)) if quotes_the_file => format!("expected {}", expected.replace("u32", "a whole number")),
        _ if quotes_the_file => "this does not belong here".into(),
        _ => why.into(),
    };
    AccountsError::Json { path: path.into(), line: error.line(), column: error.column(), why }
}
