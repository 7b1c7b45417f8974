//! Where this computer keeps the tokens of those who stay signed in: in the system's keyring, or, where there is none, in
//! a file that is its owner's alone. With the token goes what opens what is kept of the messages, which is the token.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::PathBuf;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use crate::client::tokens::Tokens;
use crate::files;

/// The name of the file.
pub const FILE_NAME: &str = "tokens.json";
/// What tokens are kept under in the keyring, beside the name and the server.
const SERVICE: &str = "parlor";
/// The largest file that is read: thousands of accounts.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// Tokens in a file.
#[derive(Debug)]
pub struct FileTokens {
    path: PathBuf,
}

impl FileTokens {
    /// In the file of that path, which is made when there is something to keep.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn read(&self) -> io::Result<BTreeMap<String, SecretString>> {
        let file = match files::open_to_read(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let mut text = Zeroizing::new(Vec::new());
        file.take(FILE_MAX_BYTES).read_to_end(&mut text)?;
        // What cannot be read holds nobody up: they sign in again. What is wrong could quote what is secret.
        Ok(serde_json::from_slice(&text).unwrap_or_else(|_| {
            tracing::warn!("{} is not as it was written: nobody stays signed in", self.path.display());
            BTreeMap::new()
        }))
    }

    /// Changes the file, if that changes anything; other windows wait meanwhile.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, SecretString>) -> bool) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            files::own_folder(folder)?;
        }
        let lock = files::open(&self.path.with_extension("json.lock"))?;
        lock.lock()?;
        let mut tokens = self.read()?;
        if !change(&mut tokens) {
            return Ok(());
        }
        let shown: BTreeMap<_, _> = tokens.iter().map(|(account, token)| (account, token.expose_secret())).collect();
        let text = Zeroizing::new(serde_json::to_vec_pretty(&shown)?);
        files::put(&self.path, &text)
    }
}

impl Tokens for FileTokens {
    fn is_slow(&self) -> bool {
        false
    }

    fn get(&mut self, account: &str) -> io::Result<Option<SecretString>> {
        Ok(self.read()?.remove(account))
    }

    fn put(&mut self, account: &str, token: &SecretString) -> io::Result<()> {
        self.change(|tokens| {
            tokens.insert(account.into(), token.clone());
            true
        })
    }

    fn forget(&mut self, account: &str) -> io::Result<()> {
        // Most who sign out have none.
        if self.read()?.contains_key(account) { self.change(|tokens| tokens.remove(account).is_some()) } else { Ok(()) }
    }
}

/// Tokens in the system's keyring; those that it does not take, in a file.
#[derive(Debug)]
pub struct SystemTokens {
    file: FileTokens,
}

impl SystemTokens {
    /// With a file for what the keyring does not take.
    pub fn new(file: FileTokens) -> Self {
        Self { file }
    }
}

/// What a keyring says of an account; nothing if it has nothing, or there is none.
fn found<T>(result: keyring::Result<T>) -> Option<T> {
    match result {
        Ok(found) => Some(found),
        Err(keyring::Error::NoEntry) => None,
        Err(error) => {
            tracing::debug!("the system's keyring: {error}");
            None
        }
    }
}

fn entry(account: &str) -> Option<keyring::Entry> {
    found(keyring::Entry::new(SERVICE, account))
}

impl Tokens for SystemTokens {
    fn is_slow(&self) -> bool {
        true
    }

    fn get(&mut self, account: &str) -> io::Result<Option<SecretString>> {
        match entry(account).and_then(|entry| found(entry.get_password())) {
            Some(token) => Ok(Some(token.into())),
            None => self.file.get(account),
        }
    }

    fn put(&mut self, account: &str, token: &SecretString) -> io::Result<()> {
        match entry(account).and_then(|entry| found(entry.set_password(token.expose_secret()))) {
            // An older one in the file would be another secret that opens something.
            Some(()) => self.file.forget(account),
            None => self.file.put(account, token),
        }
    }

    fn forget(&mut self, account: &str) -> io::Result<()> {
        entry(account).and_then(|entry| found(entry.delete_credential()));
        self.file.forget(account)
    }
}

/// What other devices of an account call this one.
pub fn device_name() -> String {
    let name = ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let name = name.filter(|name| !name.trim().is_empty()).or_else(host_name);
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    name.map_or_else(|| system.into(), |name| format!("{} ({system})", name.trim()))
}

/// What the system calls this computer.
#[cfg(unix)]
fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_until_it_is_forgotten_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings").join(FILE_NAME);
        let mut tokens = FileTokens::new(path.clone());
        assert!(tokens.get("a@b").unwrap().is_none());
        tokens.forget("a@b").unwrap();
        assert!(!path.exists(), "nothing is made for nothing");
        for (account, token) in [("a@b", "one"), ("c@d", "two"), ("a@b", "three")] {
            tokens.put(account, &token.into()).unwrap();
        }
        let mut other = FileTokens::new(path.clone());
        assert_eq!(other.get("a@b").unwrap().unwrap().expose_secret(), "three");
        assert!(!files::is_open_to_others(&path));
        other.forget("a@b").unwrap();
        assert!(tokens.get("a@b").unwrap().is_none() && tokens.get("c@d").unwrap().is_some());
        std::fs::write(&path, "{").unwrap();
        assert!(tokens.get("c@d").unwrap().is_none());
        tokens.put("a@b", &"four".into()).unwrap();
        assert!(tokens.get("a@b").unwrap().is_some());
    }
}
