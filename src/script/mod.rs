//! Commands for scripts: send, tail, who and history. Each signs in, does one thing and ends with an exit code that says how
//! it went. They never host, never mark anything as read, and keep nothing on this computer but
//! which certificate a server has.
//!
//! A script is there as somebody who is away. What arrives while it is there has reached a device of its account, and counts
//! as delivered, as the protocol has it.

mod read;
mod receipts;
mod send;

use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use crate::lines::credentials;
use crate::lines::live::Live;
use crate::lines::{Failure, Kind};
use crate::pins::Servers;
use crate::proto::fingerprint::Fingerprint;

/// What the exit codes mean, for the help of each command.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  another error
  2  wrong usage
  3  refused: unknown person or group, text too long, not a member, wrong password
  4  no connection in time
  5  sent, but not acknowledged in time: it may or may not be stored

Name and password come from --credentials, from PARLOR_NAME and PARLOR_PASSWORD, or are asked for on a terminal.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Script {
    /// Sends a message, or a file; returns when it is on the server's disk
    #[command(after_help = EXIT_CODES)]
    Send {
        /// Where to, and as whom.
        #[command(flatten)]
        door: Door,
        /// For whom.
        #[command(flatten)]
        to: Receivers,
        /// A file that goes with it; once for each who is meant
        #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// Print the server's reply, one JSON object a line
        #[arg(long)]
        json: bool,
        /// The text; standard input if there is none, and no file
        text: Option<String>,
    },
    /// Prints messages as they come, until Ctrl+C or a closed pipe
    #[command(after_help = EXIT_CODES)]
    Tail {
        /// Where to, and as whom.
        #[command(flatten)]
        door: Door,
        /// Only this chat: Everyone, a person, a group or its number; @NAME and #NUMBER leave no doubt
        #[arg(long, value_name = "CHAT")]
        chat: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Also how far others have received and read, as delivered_message and read_message
        #[arg(long, requires = "json")]
        receipts: bool,
    },
    /// Prints who there is, and who of them is online
    #[command(after_help = EXIT_CODES)]
    Who {
        /// Where to, and as whom.
        #[command(flatten)]
        door: Door,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Prints what was said in a chat, oldest first
    #[command(after_help = EXIT_CODES)]
    History {
        /// Where to, and as whom.
        #[command(flatten)]
        door: Door,
        /// Which chat: Everyone, a person, a group or its number; @NAME and #NUMBER leave no doubt
        #[arg(long, value_name = "CHAT")]
        chat: String,
        /// How many entries at most: the newest
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// Where to, and as whom.
#[derive(Debug, Args)]
pub struct Door {
    /// The server's address [default: this computer]
    #[arg(long, value_name = "ADDR")]
    connect: Option<String>,
    /// The account's name [default: PARLOR_NAME]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A file with {"username": ..., "password": ...} that nobody else may read
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// The fingerprint of a server that this computer has not met before, as its owner sees it
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<Fingerprint>,
    /// Where windows remember servers.
    #[arg(skip)]
    servers: Option<PathBuf>,
    /// How long to wait for the connection, and then for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: u32,
}

impl Door {
    /// How long anything may take.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }

    fn open(&self) -> Result<Live, Failure> {
        let credentials = credentials::get(self.name.as_deref(), self.credentials.as_deref())?;
        let pins = self.servers.clone().map(|path| Box::new(Servers::new(path)) as _);
        let known = (pins, self.fingerprint);
        Live::sign_in(self.connect.as_deref().unwrap_or_default(), credentials, known, self.patience())
    }
}

/// For whom.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Receivers {
    /// For a person, in the chat with them; may be given several times
    #[arg(long, value_name = "NAME")]
    to: Vec<String>,
    /// For a group, by its name or its number; may be given several times
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// For everyone
    #[arg(long)]
    everyone: bool,
}

/// Does it. `connect` and `name` hold where the command itself says nothing; `servers` is the file in which windows remember
/// servers, and so does this.
///
/// # Errors
/// A [`Failure`] with its exit code.
pub fn run(
    mut script: Script,
    connect: Option<String>,
    name: Option<String>,
    servers: Option<PathBuf>,
) -> Result<(), Failure> {
    let (Script::Send { door, .. }
    | Script::Tail { door, .. }
    | Script::Who { door, .. }
    | Script::History { door, .. }) = &mut script;
    door.connect = door.connect.take().or(connect);
    door.name = door.name.take().or(name);
    door.servers = servers;
    match script {
        Script::Send { door, to, file, json, text } => send::send(&door, &to, (text, file.as_deref()), json),
        Script::Tail { door, chat, json, receipts } => read::tail(&door, chat.as_deref(), json, receipts),
        Script::Who { door, json } => read::who(&door, json),
        Script::History { door, chat, limit, json } => read::history(&door, &chat, limit as usize, json),
    }
}

/// Prints a line at once. False when its reader has gone away, which ends a script in peace.
fn print(line: &str) -> Result<bool, Failure> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(Kind::Other, format!("cannot write to standard output: {error}"))),
    }
}
