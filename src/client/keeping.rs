//! What a client does so that a window's end loses nothing: it begins where the last one ended, and takes down what
//! happens.

use std::sync::Arc;

use secrecy::SecretString;

use super::cache::{Cache, Keeper};
use super::model::Link;
use super::outbox::Outbox;
use super::shelf::{Home, Journal};
use super::{Client, encode_send, new_device};
use crate::log::storage::Storage;
use crate::proto::event::{Code, Problem};

impl Client {
    /// Begins where the last window of that account ended, if the password is the one that the server took then.
    pub(super) fn begin(&mut self, password: &SecretString) {
        self.keeper = None;
        let Some((outbox, storage)) = self.open_journal(false) else {
            return self.model.signing_in(Outbox::new(new_device()));
        };
        let cache = Cache::read(storage.as_ref()).filter(|cache| cache.opens_to(password));
        let hash = cache.as_ref().map(|cache| cache.password_hash().to_owned());
        match cache {
            Some(cache) => self.model.resume(cache.into_model(outbox)),
            None => self.model.signing_in(outbox),
        }
        match Keeper::start(storage, password.clone(), hash, self.handle.waker()) {
            Ok(keeper) => self.keeper = Some(keeper),
            Err(error) => tracing::warn!("what this window knows is not kept: {error}"),
        }
    }

    /// What was known here is not to be read here any more; what is not sent stays.
    pub(super) fn leave(&mut self) {
        self.journal = None;
        if let Some(keeper) = self.keeper.take() {
            keeper.forget();
        }
    }

    /// Takes over what an earlier window did not send, and the file that it is in. With `waiting` only if there is
    /// something.
    pub(super) fn open_journal(&mut self, waiting: bool) -> Option<(Outbox, Arc<dyn Storage>)> {
        self.journal = None;
        self.more_waits = true;
        let shelf = self.shelf.as_mut()?;
        let (server, username) = &self.account;
        let opened = shelf.files(server, &username.to_lowercase(), waiting).and_then(|kept| match kept {
            Some(kept) => Journal::open(kept.unsent, new_device()).map(|opened| Some((opened, kept.cache))),
            None => Ok(None),
        });
        match opened {
            Ok(Some(((journal, outbox), cache))) => {
                self.journal = Some(journal);
                Some((outbox, cache))
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!("what is written in this window is not kept when it closes: {error}");
                None
            }
        }
    }

    /// The login tells whose server and account it is. What was written for another one is not sent there unasked.
    pub(super) fn at_home(&mut self) {
        let (Some(journal), Some(user), Some((log, _))) = (&mut self.journal, self.model.my_id(), self.model.cursor())
        else {
            return;
        };
        let home = Home { log: log.into(), user };
        if journal.home().is_some_and(|known| *known != home) {
            let text = "This was written for another server or account, which had this name before. Send it here with Retry, or discard it.";
            self.model.outbox.fail_all(&Problem::new(Code::Other, text));
        }
        if let Err(error) = journal.set_home(home) {
            tracing::warn!("what is written in this window is not kept when it closes: {error}");
        }
    }

    /// Keeps what has happened to the outbox.
    pub(super) fn take_down(&mut self) {
        let Some(journal) = &mut self.journal else { return self.model.outbox.forget_changes() };
        if let Err(error) = journal.follow(&mut self.model.outbox) {
            tracing::warn!("what is written in this window is not kept when it closes: {error}");
        }
    }

    /// Once everything of this window is sent, what another one has left is sent, under its own numbers.
    pub(super) fn adopt(&mut self) -> bool {
        let idle = self.linked && self.model.link == Link::Online && self.model.outbox.entries().next().is_none();
        let asking = self.wish.as_ref().is_some_and(|(n, _)| self.model.awaits(*n));
        if !idle || asking || !std::mem::take(&mut self.more_waits) {
            return false;
        }
        let own = self.journal.take();
        let Some((outbox, _)) = self.open_journal(true) else {
            self.more_waits = false;
            self.journal = own;
            return false;
        };
        self.model.outbox = outbox;
        self.at_home();
        let mut frames = Vec::new();
        for entry in self.model.outbox.pending() {
            encode_send(&mut frames, self.model.outbox.device(), entry);
        }
        self.send(frames);
        true
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.finish(&self.model);
        }
    }
}
