//! Where tokens are kept with which this device stays signed in: a [`Tokens`] knows the place, and a [`Vault`] asks it
//! without holding a window up.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use secrecy::SecretString;

/// How long something is waited for that may be asking its person for a password of its own. What comes later is taken
/// in when it comes.
const ASKED_MAX: Duration = Duration::from_millis(200);

/// How long the end of the program waits for what is to be kept or forgotten.
const END_MAX: Duration = Duration::from_secs(2);

/// Keeps tokens, one for each account of each server.
pub trait Tokens: std::fmt::Debug + Send {
    /// Whether asking may take long: then it is done on a thread of its own.
    fn is_slow(&self) -> bool;
    /// The token of an account, if there is one.
    ///
    /// # Errors
    /// Those of the place.
    fn get(&mut self, account: &str) -> io::Result<Option<SecretString>>;
    /// Keeps the token of an account, in the place of the one that it had.
    ///
    /// # Errors
    /// Those of the place; then nothing is kept.
    fn put(&mut self, account: &str, token: &SecretString) -> io::Result<()>;
    /// Forgets the token of an account, if there is one.
    ///
    /// # Errors
    /// Those of the place.
    fn forget(&mut self, account: &str) -> io::Result<()>;
}

/// What is asked of the place.
pub(super) enum Ask {
    Get(String, Sender<Option<SecretString>>),
    Put(String, SecretString),
    Forget(String),
}

fn carry_out(tokens: &mut dyn Tokens, ask: Ask) {
    match ask {
        Ask::Get(account, answer) => {
            let token = tokens.get(&account).unwrap_or_else(|error| {
                tracing::warn!("it is not known whether this device stays signed in: {error}");
                None
            });
            // Who does not wait any more has signed in otherwise.
            let _ = answer.send(token);
        }
        Ask::Put(account, token) => {
            if let Err(error) = tokens.put(&account, &token) {
                tracing::warn!("this device does not stay signed in: {error}");
            }
        }
        Ask::Forget(account) => {
            if let Err(error) = tokens.forget(&account) {
                tracing::warn!("a token is not forgotten, but ended on its server if that was there: {error}");
            }
        }
    }
}

/// Where tokens are kept, as a client asks it.
pub(super) enum Vault {
    /// Nowhere.
    None,
    /// Where asking takes no time.
    Here(Box<dyn Tokens>),
    /// Where it may; what is asked there, and when all of it is done.
    Away { asks: Option<Sender<Ask>>, done: Receiver<()> },
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// What came of asking for a token.
pub(super) enum Got {
    /// The answer.
    Now(Option<SecretString>),
    /// It comes there, and then the client is woken.
    Later(Receiver<Option<SecretString>>),
}

impl Vault {
    /// Over that place. `wake` is called when something has come that was waited for.
    pub fn new(mut tokens: Box<dyn Tokens>, wake: impl Fn() + Send + 'static) -> Self {
        if !tokens.is_slow() {
            return Self::Here(tokens);
        }
        let (asks, asked) = channel();
        let (finish, done) = channel();
        let started = std::thread::Builder::new().name("tokens".into()).spawn(move || {
            while let Ok(ask) = asked.recv() {
                carry_out(tokens.as_mut(), ask);
                wake();
            }
            let _ = finish.send(());
        });
        match started {
            Ok(_) => Self::Away { asks: Some(asks), done },
            Err(error) => {
                tracing::warn!("no device stays signed in: {error}");
                Self::None
            }
        }
    }

    fn ask(&mut self, ask: Ask) {
        match self {
            Self::None => {}
            Self::Here(tokens) => carry_out(tokens.as_mut(), ask),
            Self::Away { asks, .. } => {
                let _ = asks.as_ref().map(|asks| asks.send(ask));
            }
        }
    }

    /// Asks for the token of an account. What takes no time is there at once.
    pub fn get(&mut self, account: &str) -> Got {
        let (answer, came) = channel();
        let patience = if matches!(self, Self::Away { .. }) { ASKED_MAX } else { Duration::ZERO };
        self.ask(Ask::Get(account.into(), answer));
        match came.recv_timeout(patience) {
            Ok(token) => Got::Now(token),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Got::Later(came),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Got::Now(None),
        }
    }

    /// Keeps the token of an account.
    pub fn put(&mut self, account: &str, token: SecretString) {
        self.ask(Ask::Put(account.into(), token));
    }

    /// Forgets the token of an account.
    pub fn forget(&mut self, account: &str) {
        self.ask(Ask::Forget(account.into()));
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        if let Self::Away { asks, done } = self {
            *asks = None;
            // A keyring that waits for its person is not waited for.
            let _ = done.recv_timeout(END_MAX);
        }
    }
}
