//! What a client does so that its person stays signed in: it keeps the token that the server gives it, and begins with
//! that one instead of a password.

use std::sync::mpsc::{Receiver, TryRecvError};

use secrecy::SecretString;

use super::Client;
use super::cache::Opener;
use super::command::Hosting;
use super::connection::{Order, Secret, Server};
use super::model::Phase;
use super::tokens::{Got, Tokens, Vault};
use crate::names;
use crate::proto::device::{DeviceAsked, Token};
use crate::proto::event::Welcome;
use crate::proto::frame;

/// Somebody who was here before, on some server.
#[derive(Clone, Debug)]
struct Before {
    address: String,
    hosting: Option<Hosting>,
    username: String,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Staying {
    vault: Vault,
    /// What this device is called.
    device: String,
    /// The next sign-in is to last.
    wanted: bool,
    /// The number of this device on the server, if it stays signed in.
    session: Option<u64>,
    /// Who is to be signed in once their token has come.
    waiting: Option<(Before, Receiver<Option<SecretString>>)>,
}

impl Default for Staying {
    fn default() -> Self {
        let device = String::new();
        Self { vault: Vault::None, device, wanted: false, session: None, waiting: None }
    }
}

impl Client {
    /// The same, keeping tokens there, so that its person can stay signed in on the device that is called that.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Box<dyn Tokens>, device: String) -> Self {
        self.keep_tokens_in(tokens, device);
        self
    }

    /// The same, for one that is there already.
    pub fn keep_tokens_in(&mut self, tokens: Box<dyn Tokens>, device: String) {
        self.staying.vault = Vault::new(tokens, self.handle.waker());
        self.staying.device = device;
    }

    /// Whether the next sign-in with a password is to last.
    pub(super) fn stay_signed_in(&mut self, wanted: bool) {
        self.staying.wanted = wanted;
    }

    /// What a sign-in with that password shows the server.
    pub(super) fn secret(&mut self, password: SecretString) -> Secret {
        (self.staying.waiting, self.staying.session) = (None, None);
        let keep = std::mem::take(&mut self.staying.wanted).then(|| self.staying.device.clone());
        Secret::Password { password, keep }
    }

    /// Signs in who stayed signed in, if they did. Nothing is hashed on this way, and nothing waited for.
    pub(super) fn resume(&mut self, address: String, hosting: Option<Hosting>, username: String) {
        let before = Before { address, hosting, username };
        let server = before.server_name();
        match self.staying.vault.get(&key(&server, &before.username)) {
            Got::Now(token) => self.resume_with(before, token),
            Got::Later(answer) => self.staying.waiting = Some((before, answer)),
        }
    }

    /// Takes a token in that was waited for. True when it has come.
    pub(super) fn take_token(&mut self) -> bool {
        let Some((before, answer)) = self.staying.waiting.take() else { return false };
        match answer.try_recv() {
            Ok(token) => {
                self.resume_with(before, token);
                true
            }
            Err(TryRecvError::Empty) => {
                self.staying.waiting = Some((before, answer));
                false
            }
            Err(TryRecvError::Disconnected) => false,
        }
    }

    fn resume_with(&mut self, before: Before, token: Option<SecretString>) {
        // Who has begun to sign in otherwise meant that.
        let (Some(token), Phase::SignedOut { .. }) = (token, &self.model.phase) else { return };
        self.staying.session = None;
        let name = before.server_name();
        let server = match before.hosting {
            Some(hosting) => Server::Hosted(Hosting { new: false, ..hosting }),
            None => Server::At(before.address),
        };
        self.sign_in(name, server, before.username, Secret::Token(token), None);
    }

    /// The server has let this device in: what it gave is kept from now on.
    pub(super) fn welcomed(&mut self, welcome: &Welcome) {
        self.staying.session = welcome.session;
        if let Some(token) = &welcome.token {
            self.keep_token(token);
        }
        // An account that has another name is looked for under that one next time.
        let (server, username) = &self.account;
        if names::key(username) != names::key(&welcome.username)
            && let Some(token) = self.handle.token()
        {
            self.staying.vault.put(&key(server, &welcome.username), token);
        }
    }

    fn keep_token(&mut self, token: &Token) {
        let token = token.secret();
        self.staying.vault.put(&self.token_key(), token.clone());
        self.handle.set_secret(Secret::Token(token.clone()));
        if let Some(keeper) = &mut self.keeper {
            keeper.set_opener(Opener::Token(token.clone()));
        }
    }

    /// This device is signed in no more: its token is of no use to anybody.
    pub(super) fn forget_token(&mut self) {
        self.staying.session = None;
        let key = self.token_key();
        self.staying.vault.forget(&key);
    }

    /// Says to the server that this device is not to stay signed in, as far as there is a connection.
    pub(super) fn end_here(&mut self) {
        if let Some(session) = self.staying.session.filter(|_| self.linked) {
            self.send(frame::frame_of(&DeviceAsked::EndDevice { id: 0, session }));
        }
        self.forget_token();
    }

    /// Leaves the account as it is: its token and what is known of it are here for the next time.
    pub(super) fn step_out(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.finish(&self.model);
        }
        (self.linked, self.staying.session, self.staying.waiting) = (false, None, None);
        self.model.signed_out(None);
        self.leave();
        self.order(Order::SignOut);
    }

    fn token_key(&self) -> String {
        let (server, username) = &self.account;
        key(server, username)
    }
}

impl Before {
    /// How files call the server.
    fn server_name(&self) -> String {
        self.hosting.as_ref().map_or_else(|| self.address.clone(), |hosting| format!("//{}", hosting.folder))
    }
}

/// What the token of an account is kept under.
fn key(server: &str, username: &str) -> String {
    format!("{}@{server}", names::key(username))
}
