//! A window without a window: the client library, and waiting for what it knows.

use std::sync::Arc;

use parlor::client::Client;
use parlor::client::command::Command;
use parlor::client::model::{Link, Model, Phase};
use parlor::host::LocalHost;
use parlor::pins::Servers;
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::UserId;
use parlor::shelf::Files;
use parlor::transfers::LocalFiles;

use super::DEADLINE;

/// A window without a window.
pub struct User {
    pub client: Client,
    woken: Arc<(std::sync::Mutex<bool>, std::sync::Condvar)>,
}

impl User {
    pub fn new(host: Option<LocalHost>) -> Self {
        Self::with_shelf(host, None)
    }

    /// One whose unsent messages outlive it, in that folder.
    pub fn with_shelf(host: Option<LocalHost>, folder: Option<&std::path::Path>) -> Self {
        let shelf = folder.map(|folder| Box::new(Files::new(folder.into())) as _);
        let woken = Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
        let wake = Arc::clone(&woken);
        let client = Client::start(host.map(|host| Box::new(host) as _), shelf, move || {
            *wake.0.lock().unwrap() = true;
            wake.1.notify_all();
        })
        .unwrap();
        Self { client, woken }
    }

    /// The same, remembering servers in that file.
    pub fn remembering(mut self, servers: &std::path::Path) -> Self {
        self.client = self.client.with_pins(Box::new(Servers::new(servers.into())));
        self
    }

    /// The same, with files of its own in that folder.
    pub fn with_files(mut self, folder: &std::path::Path) -> Self {
        self.client.set_disk(Box::new(LocalFiles::new(folder.into()))).unwrap();
        self
    }

    pub fn sign_in(address: &str, username: &str, password: &str) -> Self {
        let mut user = Self::new(None);
        user.ask_in(address, username, password);
        user
    }

    pub fn ask_in(&mut self, address: &str, username: &str, password: &str) {
        let (address, username) = (address.into(), username.into());
        self.client.perform(Command::SignIn { address, username, password: password.into() });
    }

    /// Takes the certificate of a server that is seen for the first time for the right one.
    pub fn trusting(mut self) -> Self {
        self.until("a certificate to look at", |model| model.trust.is_some());
        self.client.perform(Command::Trust { accept: true });
        self
    }

    /// Takes in what came, if this window was told that something did.
    pub fn poll_if_woken(&mut self) {
        if std::mem::take(&mut *self.woken.0.lock().unwrap()) {
            self.client.poll();
        }
    }

    /// Waits for the model to be as wanted.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Model) -> bool) {
        let start = std::time::Instant::now();
        loop {
            self.client.poll();
            if holds(self.client.model()) {
                return;
            }
            let left = DEADLINE.checked_sub(start.elapsed()).unwrap_or_else(|| {
                panic!("waited in vain for {what}: {:#?}", self.client.model());
            });
            let mut woken = self.woken.0.lock().unwrap();
            while !*woken {
                let (guard, timeout) = self.woken.1.wait_timeout(woken, left).unwrap();
                woken = guard;
                if timeout.timed_out() {
                    break;
                }
            }
            *woken = false;
        }
    }

    /// The same, while another one goes on living beside.
    pub fn until_beside(&mut self, other: &mut User, what: &str, holds: impl Fn(&Model) -> bool) {
        super::wait_for(what, || {
            other.client.poll();
            self.client.poll();
            holds(self.client.model())
        });
    }

    pub fn online(mut self) -> Self {
        self.until("being online", |model| model.link == Link::Online && model.phase == Phase::SignedIn);
        self
    }

    pub fn say(&mut self, to: UserId, text: &str) {
        self.client.perform(Command::say(ChatKey::Person(to), text));
    }

    pub fn texts(&self, with: UserId) -> Vec<String> {
        texts(self.client.model(), with)
    }
}

/// The texts of the chat with an account.
pub fn texts(model: &Model, with: UserId) -> Vec<String> {
    let chat = model.chat(ChatKey::Person(with));
    chat.map(|chat| chat.messages.iter().map(|message| message.text.to_string()).collect()).unwrap_or_default()
}
