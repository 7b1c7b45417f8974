//! `parlor user ...`: makes, changes, removes and lists accounts from a terminal or a script, also while a server runs
//! on the same folder. No password is ever taken from the command line, where other programs could see it.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use clap::Subcommand;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::proto::account::Role;
use crate::proto::ids::{UserId, UserName};
use crate::proto::limits::PASSWORD_MAX_BYTES;
use crate::server::accounts::{self, Accounts, AccountsError, By, Change};

/// What to do with accounts.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Make an account. Asks for the password, or takes the first line of standard input
    Add {
        /// What people will call it
        name: String,
        /// It is to look after the accounts and the server
        #[arg(long)]
        admin: bool,
    },
    /// Give an account another password. Asks for it, or takes the first line of standard input
    Passwd {
        /// Whose
        name: String,
    },
    /// Remove an account. Its messages stay, and its number is never given out again
    Remove {
        /// Which
        name: String,
    },
    /// Say what an account may do: `admin` looks after the accounts and the server, `member` does not
    Role {
        /// Whose
        name: String,
        /// What
        #[arg(value_parser = role, value_name = "admin|member")]
        role: Role,
    },
    /// Keep an account out. Its connections end, and its messages stay
    Block {
        /// Which
        name: String,
    },
    /// Let an account in again
    Unblock {
        /// Which
        name: String,
    },
    /// List the accounts: number, name, and what is special about it
    List,
}

/// Reads a role.
fn role(text: &str) -> Result<Role, &'static str> {
    match text {
        "admin" => Ok(Role::Admin),
        "member" => Ok(Role::Member),
        _ => Err("it is admin or member"),
    }
}

/// Where passwords come from.
pub enum Passwords<'a> {
    /// From a person: each call shows the text and returns what was typed. Asked twice.
    Typed(&'a mut dyn FnMut(&str) -> io::Result<String>),
    /// From a program: the first line.
    Line(&'a mut dyn BufRead),
}

/// Carries a command out. `output` gets what a person is told.
///
/// # Errors
/// One that says what is wrong and what to do; then nothing has been changed.
pub fn run(
    command: UserCommand,
    data_dir: &Path,
    passwords: Passwords<'_>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, admin } => {
            // Before asking: nobody should think of a password in vain. It is looked at again when the account is made.
            let name = accounts::new_name(data_dir, &name)?;
            let password = passwords.read(&name)?;
            let id = accounts::add(data_dir, &name, &password)?;
            let also = if admin { ", and looks after the others" } else { "" };
            if admin {
                Accounts::change_in(data_dir, 1, By::Owner, &Change::Role(id, Role::Admin))?;
            }
            writeln!(output, "{name} now has an account, number {}{also}.", id.0)?;
        }
        UserCommand::Passwd { name } => {
            let (_, name) = accounts::find(data_dir, &UserName::new(&name)?)?;
            let password = passwords.read(&name)?;
            accounts::set_password(data_dir, &name, &password)?;
            writeln!(output, "{name} now has another password.")?;
        }
        UserCommand::Remove { name } => {
            let (id, name) = accounts::remove(data_dir, &UserName::new(&name)?)?;
            writeln!(
                output,
                "The account of {name} is removed. Its messages stay, and its number {} is never given out again.",
                id.0
            )?;
        }
        UserCommand::Role { name, role } => {
            let name = change(data_dir, &name, |id| Change::Role(id, role))?;
            let what = if role == Role::Admin { "an administrator" } else { "a member like others" };
            writeln!(output, "{name} is now {what}.")?;
        }
        UserCommand::Block { name } => {
            let name = change(data_dir, &name, |id| Change::Block(id, true))?;
            writeln!(output, "{name} is kept out. `parlor user unblock {name}` lets the account in again.")?;
        }
        UserCommand::Unblock { name } => {
            let name = change(data_dir, &name, |id| Change::Block(id, false))?;
            writeln!(output, "{name} can log in again.")?;
        }
        UserCommand::List => {
            let people = accounts::list(data_dir)?;
            let (admins, blocked) = accounts::rights(data_dir)?;
            for (id, name) in &people {
                let special = match (admins.contains(id), blocked.contains(id)) {
                    (_, true) => "  (blocked)",
                    (true, false) => "  (admin)",
                    (false, false) => "",
                };
                writeln!(output, "{:>6}  {name}{special}", id.0)?;
            }
            if people.is_empty() {
                writeln!(output, "There are no accounts: `parlor user add NAME` makes one.")?;
            }
        }
    }
    Ok(())
}

/// Changes the account of that name; its name as it is written.
fn change(data_dir: &Path, name: &str, change: impl FnOnce(UserId) -> Change) -> anyhow::Result<UserName> {
    let (id, _) = accounts::find(data_dir, &UserName::new(name)?)?;
    // An account that was written by hand gets the number that it was found under.
    let (_, name) = Accounts::change_in(data_dir, 1, By::Owner, &change(id))?;
    Ok(name)
}

/// Carries a command out with this process's standard input and output. A password is asked for, hidden, if standard
/// input is a terminal.
///
/// # Errors
/// Those of [`run`].
pub fn run_here(command: UserCommand, data_dir: &Path) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let mut typed = |prompt: &str| rpassword::prompt_password(prompt);
    let mut input = io::stdin().lock();
    let passwords = match input.is_terminal() {
        true => Passwords::Typed(&mut typed),
        false => Passwords::Line(&mut input),
    };
    run(command, data_dir, passwords, &mut output)
}

impl Passwords<'_> {
    fn read(self, name: &UserName) -> anyhow::Result<SecretString> {
        let password = match self {
            Self::Typed(ask) => {
                let mut ask = |prompt: &str| {
                    ask(prompt).map(SecretString::from).context("cannot read a password from the terminal")
                };
                let password = ask(&format!("New password for {name}: "))?;
                // An empty one is refused at once, not after it was typed twice.
                if !password.expose_secret().is_empty()
                    && ask("The same once more: ")?.expose_secret() != password.expose_secret()
                {
                    bail!("The two passwords are not the same: nothing was changed, try again");
                }
                password
            }
            Self::Line(input) => first_line(input)?,
        };
        if password.expose_secret().is_empty() {
            return Err(AccountsError::EmptyPassword.into());
        }
        Ok(password)
    }
}

/// The first line, without the line break, and no more of it than shows that it is too long.
fn first_line(input: &mut dyn BufRead) -> anyhow::Result<SecretString> {
    let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_MAX_BYTES + 2));
    let read = input.take(PASSWORD_MAX_BYTES as u64 + 2).read_until(b'\n', &mut line);
    if read.context("cannot read the password from standard input")? == 0 {
        bail!("no password came on standard input: write it there as the first line, or run this in a terminal");
    }
    let line = line.strip_suffix(b"\n").map_or(&line[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
    if line.len() > PASSWORD_MAX_BYTES {
        return Err(AccountsError::LongPassword.into());
    }
    Ok(std::str::from_utf8(line).context("the password on standard input is not UTF-8 text")?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(command: &str, name: &str) -> UserCommand {
        let name = name.into();
        match command {
            "add" => UserCommand::Add { name, admin: false },
            "block" => UserCommand::Block { name },
            "unblock" => UserCommand::Unblock { name },
            "passwd" => UserCommand::Passwd { name },
            _ => UserCommand::Remove { name },
        }
    }

    /// Runs a command with text on standard input; what it says, or its error.
    fn piped(dir: &Path, command: UserCommand, input: &str) -> Result<String, String> {
        let mut output = Vec::new();
        run(command, dir, Passwords::Line(&mut input.as_bytes()), &mut output).map_err(|error| format!("{error:#}"))?;
        Ok(String::from_utf8(output).unwrap())
    }

    /// Runs a command in front of somebody who types these answers; what it says, or its error, and the prompts.
    fn typed(dir: &Path, command: UserCommand, answers: &[&str]) -> (Result<String, String>, Vec<String>) {
        let (mut output, mut prompts, mut answers) = (Vec::new(), Vec::new(), answers.iter());
        let mut ask = |prompt: &str| {
            prompts.push(prompt.to_owned());
            answers.next().map(|answer| (*answer).to_owned()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        };
        let result = run(command, dir, Passwords::Typed(&mut ask), &mut output);
        (result.map(|()| String::from_utf8(output).unwrap()).map_err(|error| format!("{error:#}")), prompts)
    }

    fn login(dir: &Path, name: &str, password: &str) -> Option<UserId> {
        Accounts::open(dir).unwrap().credential(name).verify(&password.into())
    }

    #[test]
    fn an_account_is_made_changed_and_removed_and_its_number_stays_gone() {
        let dir = tempfile::tempdir().unwrap();
        let dir = &dir.path().join("new");
        assert_eq!(piped(dir, named("add", "Zoë"), "a password\r\n").unwrap(), "Zoë now has an account, number 4.\n");
        assert_eq!(login(dir, "zoë", "a password"), Some(UserId(4)));

        assert_eq!(piped(dir, named("passwd", "ZOË"), "other").unwrap(), "Zoë now has another password.\n");
        assert_eq!(login(dir, "Zoë", "a password"), None);
        assert_eq!(login(dir, "Zoë", "other"), Some(UserId(4)));

        let said = piped(dir, named("remove", "zoë"), "").unwrap();
        assert!(said.starts_with("The account of Zoë is removed."), "{said}");
        assert_eq!(login(dir, "Zoë", "other"), None);

        assert!(piped(dir, named("add", "Zoë"), "third\n").unwrap().contains("number 5"));
        assert_eq!(
            piped(dir, UserCommand::List, "").unwrap(),
            "     1  Alice  (admin)\n     2  Bob\n     3  Charlie\n     5  Zoë\n"
        );
    }

    #[test]
    fn roles_and_blocks_are_said_and_hold() {
        let dir = tempfile::tempdir().unwrap();
        Accounts::open(dir.path()).unwrap();
        let role = |name: &str, role| UserCommand::Role { name: name.into(), role };
        let only = piped(dir.path(), role("Alice", Role::Member), "").unwrap_err();
        assert!(only.contains("the only administrator"), "{only}");
        assert_eq!(piped(dir.path(), named("remove", "Alice"), "").unwrap_err(), only);
        assert_eq!(piped(dir.path(), named("block", "alice"), "").unwrap_err(), only);
        let add = UserCommand::Add { name: "Zoë".into(), admin: true };
        assert!(piped(dir.path(), add, "a password\n").unwrap().contains("looks after the others"));
        assert_eq!(piped(dir.path(), role("alice", Role::Member), "").unwrap(), "Alice is now a member like others.\n");
        piped(dir.path(), named("block", "bob"), "").unwrap();
        assert_eq!(login(dir.path(), "Bob", "456"), None);
        assert_eq!(
            piped(dir.path(), UserCommand::List, "").unwrap(),
            "     1  Alice\n     2  Bob  (blocked)\n     3  Charlie\n     4  Zoë  (admin)\n"
        );
        piped(dir.path(), named("unblock", "bob"), "").unwrap();
        assert_eq!(login(dir.path(), "Bob", "456"), Some(UserId(2)));
    }

    #[test]
    fn a_taken_name_is_refused_before_a_password_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        Accounts::open(dir.path()).unwrap();
        let (result, prompts) = typed(dir.path(), named("add", "bOB"), &["x", "x"]);
        assert_eq!(
            result.unwrap_err(),
            "There is already an account named bOB (written \"Bob\"): names are compared without regard to case"
        );
        assert!(prompts.is_empty());
        let (result, prompts) = typed(dir.path(), named("passwd", "Nobody"), &["x", "x"]);
        assert_eq!(result.unwrap_err(), "There is no account named \"Nobody\": `parlor user list` names all");
        assert!(prompts.is_empty());
        assert!(piped(dir.path(), named("remove", "Nobody"), "").is_err());
        assert!(piped(dir.path(), named("add", "a:b"), "x\n").unwrap_err().contains("a name has 1 to 32"));
    }

    #[test]
    fn a_typed_password_is_asked_for_twice() {
        let dir = tempfile::tempdir().unwrap();
        Accounts::open(dir.path()).unwrap();
        let (result, prompts) = typed(dir.path(), named("passwd", "bob"), &["new one", "new one"]);
        assert_eq!(result.unwrap(), "Bob now has another password.\n");
        assert_eq!(prompts, ["New password for Bob: ", "The same once more: "]);
        assert_eq!(login(dir.path(), "Bob", "new one"), Some(UserId(2)));

        let (result, _) = typed(dir.path(), named("passwd", "Bob"), &["new two", "new tow"]);
        assert!(result.unwrap_err().contains("not the same"));
        assert_eq!(login(dir.path(), "Bob", "new one"), Some(UserId(2)));
    }

    #[test]
    fn passwords_that_cannot_be_are_refused_and_nothing_changes() {
        let dir = tempfile::tempdir().unwrap();
        Accounts::open(dir.path()).unwrap();
        let before = std::fs::read(dir.path().join("users.json")).unwrap();
        let longest = "x".repeat(PASSWORD_MAX_BYTES);
        for (input, why) in [
            ("", "no password came on standard input"),
            ("\n", "the password is empty"),
            ("\r\nsecond line", "the password is empty"),
            (&format!("{longest}x\n"), "longer than 1024 bytes"),
            (&longest.repeat(9), "longer than 1024 bytes"),
        ] {
            let error = piped(dir.path(), named("passwd", "Alice"), input).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(typed(dir.path(), named("passwd", "Alice"), &[""]).0.unwrap_err().contains("the password is empty"));
        assert_eq!(std::fs::read(dir.path().join("users.json")).unwrap(), before);
        piped(dir.path(), named("passwd", "Alice"), &format!("{longest}\r\n")).unwrap();
        assert_eq!(login(dir.path(), "Alice", &longest), Some(UserId(1)));
    }

    #[test]
    fn listing_changes_nothing_and_says_when_there_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(piped(dir.path(), UserCommand::List, "").unwrap_err().contains("there is no"));
        let text = r#"{"users":[{"username":"Old","password":"secret"}]}"#;
        std::fs::write(dir.path().join("users.json"), text).unwrap();
        assert_eq!(piped(dir.path(), UserCommand::List, "").unwrap(), "     1  Old  (admin)\n");
        assert_eq!(std::fs::read_to_string(dir.path().join("users.json")).unwrap(), text);
        std::fs::write(dir.path().join("users.json"), r#"{"users":[]}"#).unwrap();
        assert!(piped(dir.path(), UserCommand::List, "").unwrap().starts_with("There are no accounts"));
    }
}
