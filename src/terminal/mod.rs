//! `parlor --terminal`: the chat in lines, for a machine without a display, and for lines from a pipe.
//!
//! A session knows what is going on and what is to be told; two threads share it: one reads what is typed, the other waits
//! for what comes. All printing goes through the screen.

mod edit;
mod files;
mod paint;
mod revise;
mod screen;
mod session;
mod tell;
mod typed;

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustyline::error::ReadlineError;

use crate::client::command::Command;
use crate::client::model::{Field, Link, Phase, SignInProblem};
use crate::client::pins::Pins;
use crate::client::shelf::Shelf;
use crate::client::transfer::Disk;
use crate::client::{Client, Host};
use crate::lines::credentials;
use crate::lines::live::{Bell, failure, waiting};
use crate::lines::trust;
use crate::lines::{Failure, Kind};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::limits::MESSAGE_MAX_BYTES;
use crate::ui::when::local_zone;
use paint::Paint;
use screen::Screen;
use session::{Said, Session};

/// How often a wrong password may be typed.
const ATTEMPTS_MAX: u32 = 3;

/// How long a sign-in may take; the connection has its own, shorter limits for each part of it.
const SIGN_IN_PATIENCE: Duration = Duration::from_secs(60);

/// How long the next prompt waits for the answer to what was typed.
const ANSWER_PATIENCE: Duration = Duration::from_secs(3);

/// How long leaving waits for the next acknowledgement: of what somebody typed, who can look again later, and of what
/// came through a pipe.
const LEAVE_PATIENCE: Duration = Duration::from_secs(2);
const PIPE_PATIENCE: Duration = Duration::from_secs(10);

/// How many messages of a pipe may wait to be acknowledged before the next line is read: enough to keep a fast server
/// busy, and little to keep in memory beside a slow one.
const AHEAD_MAX: usize = 1_000;

/// The longest line that is taken from a pipe, in bytes: the longest text with a command before it.
const LINE_MAX_BYTES: usize = MESSAGE_MAX_BYTES + 1024;

/// Where to, and as whom.
#[derive(Debug)]
pub struct Options {
    /// The server's address; empty for this computer.
    pub address: String,
    /// The account's name, if it was said.
    pub name: Option<String>,
    /// The fingerprint of a server that was not met before, if it was said.
    pub fingerprint: Option<Fingerprint>,
}

/// Talks, until its person leaves or the pipe ends.
///
/// # Errors
/// A [`Failure`] with its exit code.
pub fn run(
    options: &Options,
    host: Option<Box<dyn Host>>,
    shelf: Box<dyn Shelf>,
    pins: Box<dyn Pins>,
    disk: Box<dyn Disk>,
) -> Result<(), Failure> {
    let present = io::stdin().is_terminal();
    let bell = Arc::new(Bell::default());
    let rings = Arc::clone(&bell);
    let failed = |error| Failure::new(Kind::Other, format!("the connection cannot be started: {error}"));
    let client = Client::start(host, Some(shelf), move || rings.ring()).map_err(failed)?;
    let mut client = client.with_pins(pins);
    client.set_disk(disk).map_err(failed)?;
    let unsent = sign_in(&mut client, &bell, options, present)?;
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let edited = present && io::stdout().is_terminal() && !dumb;
    let paint = Paint::for_output();
    let terminal = Terminal {
        session: Arc::new(Mutex::new(Session::new(client, unsent, present, local_zone(), paint))),
        screen: Arc::new(Screen::new(edited)),
        bell,
        leaving: Arc::default(),
    };
    let pump = terminal.pump()?;
    terminal.settle(SIGN_IN_PATIENCE);
    let read = match edited {
        true => terminal.edit(paint),
        false => terminal.read_pipe(),
    };
    let left = read.and_then(|()| terminal.finish(present));
    terminal.leaving.store(true, Ordering::SeqCst);
    terminal.bell.ring();
    let _ = pump.join();
    terminal.screen.flush();
    left
}

/// How a sign-in stands.
enum Settled {
    /// It goes on.
    Not,
    /// In; perhaps with what was kept on this computer, and without a connection yet.
    In,
    /// Out.
    Out(SignInProblem),
}

fn settled(client: &Client) -> Settled {
    let model = client.model();
    match (&model.phase, &model.link) {
        (Phase::SignedOut { problem: Some(problem) }, _) => Settled::Out(problem.clone()),
        (Phase::SignedIn, Link::Online | Link::Waiting { .. } | Link::Halted { .. }) => Settled::In,
        (Phase::SignedOut { problem: None } | Phase::SigningIn | Phase::SignedIn, _) => Settled::Not,
    }
}

/// Signs in; how many messages were left unsent the last time. Somebody who mistypes a password is asked again.
fn sign_in(client: &mut Client, bell: &Bell, options: &Options, present: bool) -> Result<usize, Failure> {
    let asks = present && !credentials::are_given(options.name.as_deref());
    let mut attempt = 0;
    loop {
        attempt += 1;
        let asked = credentials::get(options.name.as_deref(), None)?;
        if let Some(fingerprint) = options.fingerprint {
            client.perform(Command::Expect { server: options.address.clone(), fingerprint });
        }
        asked.sign_in(client, &options.address);
        let unsent = waiting(client.model()).0;
        let mut begin = Instant::now();
        let problem = loop {
            let rung = bell.count();
            client.poll();
            if let Some(question) = client.model().trust.clone() {
                if !present {
                    return Err(trust::refusal(&question));
                }
                let asked = trust::ask(&question);
                let asked =
                    asked.map_err(|error| Failure::new(Kind::Other, format!("cannot read an answer: {error}")))?;
                client.perform(Command::Trust { accept: asked });
                // Who compares takes their time.
                begin = Instant::now();
            }
            match settled(client) {
                Settled::In => return Ok(unsent),
                Settled::Out(problem) => break problem,
                Settled::Not => {}
            }
            let left = SIGN_IN_PATIENCE.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(Failure::new(Kind::NoConnection, "the server does not answer: try again in a while"));
            }
            bell.wait(rung, left);
        };
        if problem.field != Field::Credentials || !asks || attempt == ATTEMPTS_MAX {
            return Err(failure(&problem));
        }
        let _ = writeln!(io::stderr(), "{}", problem.message);
    }
}

/// What the threads share.
struct Terminal {
    session: Arc<Mutex<Session>>,
    screen: Arc<Screen>,
    bell: Arc<Bell>,
    leaving: Arc<AtomicBool>,
}

/// Has printed what a session says; problems go where scripts look for them.
fn print(screen: &Screen, said: Said) {
    screen.say(said.lines);
    for problem in said.problems {
        let _ = writeln!(io::stderr(), "parlor: {problem}");
    }
}

impl Terminal {
    fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread that waits for what comes.
    fn pump(&self) -> Result<std::thread::JoinHandle<()>, Failure> {
        let (session, screen, bell) = (Arc::clone(&self.session), Arc::clone(&self.screen), Arc::clone(&self.bell));
        let leaving = Arc::clone(&self.leaving);
        let run = move || {
            while !leaving.load(Ordering::SeqCst) {
                let rung = bell.count();
                let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
                session.look();
                // Handed on under the lock, so that lines stay in order.
                print(&screen, session.take_said());
                let rest = session.rest();
                drop(session);
                bell.wait(rung, rest);
            }
        };
        let started = std::thread::Builder::new().name("news".into()).spawn(run);
        started.map_err(|error| Failure::new(Kind::Other, format!("a thread cannot be started: {error}")))
    }

    /// Waits for the answer to what was typed, but not for ever.
    fn settle(&self, patience: Duration) {
        self.wait(patience, |session| !session.is_busy());
    }

    /// Waits for something; false when it was not in time.
    fn wait(&self, patience: Duration, holds: impl Fn(&Session) -> bool) -> bool {
        let begin = Instant::now();
        loop {
            let rung = self.bell.count();
            let mut session = self.lock();
            session.look();
            print(&self.screen, session.take_said());
            if holds(&session) {
                return true;
            }
            drop(session);
            let left = patience.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return false;
            }
            self.bell.wait(rung, left);
        }
    }

    /// Takes a line. False when it asks to leave, or when there is nothing more to do.
    fn take(&self, line: &str) -> bool {
        let mut session = self.lock();
        let stays = session.is_over().is_none() && session.typed(line);
        print(&self.screen, session.take_said());
        let goes_on = stays && session.is_over().is_none();
        drop(session);
        if goes_on {
            self.settle(ANSWER_PATIENCE);
        }
        goes_on
    }

    /// Reads lines from somebody who types.
    fn edit(&self, paint: Paint) -> Result<(), Failure> {
        let failed = |error: ReadlineError| Failure::new(Kind::Other, format!("the terminal cannot be used: {error}"));
        let mut editor = edit::editor(Arc::clone(&self.session), Arc::clone(&self.screen), paint).map_err(failed)?;
        let printer = editor.create_external_printer().map_err(failed)?;
        let handing = self.screen.hand_over(printer).map_err(|error| failed(error.into()))?;
        let ended = loop {
            self.screen.flush();
            let prompt = self.lock().prompt();
            let line = editor.readline(&prompt);
            self.screen.set_editing(false);
            match line {
                Ok(line) if self.take(&line) => {}
                Ok(_) | Err(ReadlineError::Eof) => break Ok(()),
                // Ctrl+C takes the line back, as in a shell.
                Err(ReadlineError::Interrupted) => self.screen.say(vec!["Ctrl+D or \\q leaves.".into()]),
                Err(error) => break Err(failed(error)),
            }
        };
        self.screen.close();
        // Without it, nobody waits for the editor any more.
        drop(editor);
        let _ = handing.join();
        self.screen.flush();
        ended
    }

    /// Reads lines from a pipe, or from a terminal that can do no more.
    fn read_pipe(&self) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::new(Kind::Other, format!("cannot read standard input: {error}"));
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.by_ref().take(LINE_MAX_BYTES as u64).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                return Ok(());
            }
            let whole = line.ends_with(b"\n");
            if !whole && line.len() == LINE_MAX_BYTES {
                input.skip_until(b'\n').map_err(failed)?;
            }
            // One that was cut is too long for a message also as it is, and refused as such.
            let text = String::from_utf8_lossy(&line);
            if !self.take(text.trim_end_matches(['\n', '\r'])) || !self.drain(AHEAD_MAX, PIPE_PATIENCE) {
                return Ok(());
            }
        }
    }

    /// Waits until no more than so many messages wait to be acknowledged, or files to be there; false when for so long none
    /// was and nothing of a file was moved, or when there is nothing more to do.
    fn drain(&self, most: usize, patience: Duration) -> bool {
        loop {
            let left = self.lock().left();
            if left.0 <= most {
                return true;
            }
            let fewer = |session: &Session| session.is_over().is_some() || session.left() < left;
            if !self.wait(patience, fewer) || self.lock().is_over().is_some() {
                return false;
            }
        }
    }

    /// Waits for what is under way, and says what stays behind.
    fn finish(&self, present: bool) -> Result<(), Failure> {
        let patience = if present { LEAVE_PATIENCE } else { PIPE_PATIENCE };
        self.wait(patience, |session| !session.is_busy() || (present && !session.is_online()));
        if !present || self.lock().is_online() {
            self.drain(0, patience);
        }
        let session = self.lock();
        if let Some(failure) = session.is_over() {
            return Err(failure.clone());
        }
        let unsent = session.unsent();
        if unsent > 0 {
            let waits = if unsent == 1 { "One message waits".into() } else { format!("{unsent} messages wait") };
            let text = format!("{waits} to be sent, and will be the next time that you log in here.");
            if !present {
                return Err(Failure::new(Kind::NotAcknowledged, text));
            }
            self.screen.say(vec![text]);
        }
        match session.was_refused() && !present {
            true => Err(Failure::refused("something was not sent")),
            false => Ok(()),
        }
    }
}
