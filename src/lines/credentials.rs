//! Name and password for a door without a window: from a file that is its owner's alone, from the environment, or asked
//! for. Never from the command line, where other programs could see a password.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

use super::{Failure, Kind};
use crate::client::Client;
use crate::client::command::Command;
use crate::client::tokens::Tokens;
use crate::files;

/// The environment variable with the account's name.
pub const NAME: &str = "PARLOR_NAME";
/// The environment variable with its password.
pub const PASSWORD: &str = "PARLOR_PASSWORD";

/// The longest file of credentials, in bytes: far more than a name and the longest password need.
const FILE_MAX_BYTES: u64 = 16 * 1024;
/// The longest name that is read from a terminal, in bytes; what is longer is no name.
const NAME_MAX_BYTES: u64 = 1024;

/// What a login needs.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account's name.
    pub username: String,
    /// What shows that it is theirs.
    pub proof: Proof,
}

/// What shows whose an account is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Its password.
    Password(SecretString),
    /// The token of a device that stays signed in.
    Token(SecretString),
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Password { username: String, password: SecretString },
    Token { token: SecretString },
}

/// The token of a file of credentials. Nothing that happens changes the file.
#[derive(Debug)]
struct Given(SecretString);

impl Tokens for Given {
    fn is_slow(&self) -> bool {
        false
    }

    fn get(&mut self, _: &str) -> io::Result<Option<SecretString>> {
        Ok(Some(self.0.clone()))
    }

    fn put(&mut self, _: &str, _: &SecretString) -> io::Result<()> {
        Ok(())
    }

    fn forget(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

impl Credentials {
    /// Has a client sign in with them.
    pub fn sign_in(self, client: &mut Client, address: &str) {
        let (address, username) = (address.to_owned(), self.username);
        let command = match self.proof {
            Proof::Password(password) => Command::SignIn { address, username, password },
            Proof::Token(token) => {
                client.keep_tokens_in(Box::new(Given(token)), String::new());
                Command::Resume { address, hosting: None, username }
            }
        };
        client.perform(command);
    }
}

/// The credentials: those of the file, if one is named; otherwise name and password from the environment; what is missing
/// is asked for on a terminal. A name that was asked for on the command line goes before any other.
///
/// # Errors
/// There is no way to ask, or the file is not as it must be.
pub fn get(name: Option<&str>, file: Option<&Path>) -> Result<Credentials, Failure> {
    if let Some(file) = file {
        return Ok(match read(file)? {
            Stored::Password { username, password } => {
                Credentials { username: name.map_or(username, str::to_owned), proof: Proof::Password(password) }
            }
            // The server knows whose it is.
            Stored::Token { token } => Credentials { username: String::new(), proof: Proof::Token(token) },
        });
    }
    let name = name.map(str::to_owned).or_else(|| set(NAME));
    if let (Some(username), Some(password)) = (&name, given()) {
        return Ok(Credentials { username: username.clone(), proof: Proof::Password(password) });
    }
    if !io::stdin().is_terminal() {
        let text = format!(
            "there is no terminal to ask for name and password on: set {NAME} and {PASSWORD}, or use --credentials FILE"
        );
        return Err(Failure::new(Kind::Usage, text));
    }
    let username = name.map_or_else(ask_name, Ok)?;
    let password = given().map_or_else(ask_password, Ok)?;
    Ok(Credentials { username, proof: Proof::Password(password) })
}

/// Whether nothing has to be asked for.
pub fn are_given(name: Option<&str>) -> bool {
    given().is_some() && (name.is_some() || set(NAME).is_some())
}

fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

fn given() -> Option<SecretString> {
    set(PASSWORD).map(SecretString::from)
}

fn ask_name() -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(Kind::Other, format!("cannot read a name from the terminal: {error}"));
    let mut output = io::stderr();
    write!(output, "Name: ").and_then(|()| output.flush()).map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().take(NAME_MAX_BYTES).read_line(&mut line).map_err(failed)?;
    match line.trim() {
        "" => Err(Failure::new(Kind::Usage, "without a name there is nobody to log in as")),
        name => Ok(name.into()),
    }
}

fn ask_password() -> Result<SecretString, Failure> {
    rpassword::prompt_password("Password: ").map(SecretString::from).map_err(|error| {
        Failure::new(Kind::Other, format!("cannot read a password from the terminal: {error}; set {PASSWORD} instead"))
    })
}

fn read(path: &Path) -> Result<Stored, Failure> {
    let failed = |why: String| Failure::new(Kind::Other, format!("{}: {why}", path.display()));
    let file = files::open_to_read(path).map_err(|error| failed(error.to_string()))?;
    if files::is_open_to_others(path) {
        return Err(failed("others than its owner may read it: `chmod 600` it, and choose another password".into()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_MAX_BYTES as usize + 1));
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    // What is wrong could quote what is secret: only the place is told.
    serde_json::from_slice(&bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        failed(format!("{place}: this is not {{\"username\": ..., \"password\": ...}} or {{\"token\": ...}}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_file_is_read_and_what_is_secret_in_it_is_never_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.json");
        let write = |text: &str| {
            let _ = std::fs::remove_file(&path);
            files::create_new(&path).unwrap().write_all(text.as_bytes()).unwrap();
        };
        write(r#"{"username": "Bob", "password": "456", "token": "later"}"#);
        let found = get(None, Some(&path)).unwrap();
        let Proof::Password(password) = &found.proof else { panic!("{found:?}") };
        assert_eq!((found.username.as_str(), password.expose_secret()), ("Bob", "456"));
        assert_eq!(get(Some("Alice"), Some(&path)).unwrap().username, "Alice");
        write(r#"{"token": "abc"}"#);
        let found = get(None, Some(&path)).unwrap();
        assert!(matches!(&found.proof, Proof::Token(token) if token.expose_secret() == "abc"), "{found:?}");
        assert!(!format!("{found:?}").contains("abc"));
        for broken in [r#"{"username": "Bob", "password": 456789}"#, "", "{", r#"{"username": "Bob"}"#] {
            write(broken);
            let error = get(None, Some(&path)).unwrap_err();
            assert!(error.kind == Kind::Other && error.message.contains("line "), "{error:?}");
            assert!(!error.message.contains("456789"), "{error:?}");
        }
        assert!(get(None, Some(&dir.path().join("none"))).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.json");
        std::fs::write(&path, r#"{"username": "Bob", "password": "456"}"#).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(get(None, Some(&path)).unwrap_err().message.contains("chmod 600"));
    }
}
