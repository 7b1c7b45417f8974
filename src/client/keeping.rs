//! What a client does so that a window's end loses nothing: it begins where the last one ended, and takes down what
//! happens.

use std::sync::Arc;

use super::cache::{Cache, Keeper, Opener, Place};
use super::drafts;
use super::model::{CacheInfo, Draft, Link};
use super::outbox::{Destination, Outbox};
use super::shelf::{Home, Journal, Kept};
use super::{Client, new_device};
use crate::clock;
use crate::names;
use crate::proto::chat::ChatKey;
use crate::proto::event::{Code, Problem};

impl Client {
    /// Begins where the last window of that account ended, if the password, or the token, is the one that the server took
    /// then.
    pub(super) fn begin(&mut self, opener: Opener) {
        (self.keeper, self.drafts, self.opened) = (None, None, false);
        self.begin_files();
        let Some((outbox, Kept { unsent, cache, drafts, cache_path })) = self.open_journal(false) else {
            return self.model.signing_in(Outbox::new(new_device()));
        };
        let mut kept = None;
        let opened = match Cache::read(&cache).filter(|cache| cache.opens_to(&opener)) {
            Some(cache) => cache.open(outbox),
            None => Err(outbox),
        };
        match opened {
            Ok((model, file)) => {
                kept = Some(file);
                self.model.resume(model);
            }
            Err(outbox) => self.model.signing_in(outbox),
        }
        self.opened = kept.is_some();
        let (held, limit) = (Arc::clone(&unsent), self.cache_limit);
        self.model.cache = Some(CacheInfo { path: cache_path, bytes: 0, limit, shown_bytes: None });
        let place = Place { files: cache, held, limit };
        match Keeper::start(place, opener, kept, &self.model, self.handle.waker()) {
            Ok(keeper) => self.keeper = Some(keeper),
            Err(error) => tracing::warn!("what this window knows is not kept: {error}"),
        }
        self.measure();
        match drafts::Keeper::open(&drafts, unsent) {
            Ok((keeper, drafts)) => {
                self.drafts = Some(keeper);
                self.model.drafts = drafts;
                let sent: Vec<_> = self.model.outbox.entries().cloned().collect();
                for entry in sent {
                    if let Destination::Chat(chat) = entry.to {
                        self.written(chat, &entry.what, &entry.text);
                    }
                }
            }
            Err(error) => tracing::warn!("what is being written in this window is not kept when it closes: {error}"),
        }
    }

    /// What was known here is not to be read here any more; what is not sent stays, and so do drafts.
    pub(super) fn leave(&mut self) {
        self.drafts = None;
        self.clear_files();
        if let Some(Err(error)) = self.journal.take().map(|journal| journal.leave(new_device())) {
            tracing::warn!("what was written in this window is still on the disk: {error}");
        }
        self.settings = Default::default();
        if let Some(keeper) = self.keeper.take() {
            keeper.forget();
        }
    }

    /// The sign-in has failed. A cache that does not open to a password is none of its business; one that does opens
    /// to what the server does not take any more.
    pub(super) fn turned_away(&mut self, by_credentials: bool) {
        if by_credentials && self.opened {
            self.leave();
        }
        (self.journal, self.keeper, self.drafts) = (None, None, None);
    }

    /// Looks how much is kept on the disk.
    pub(super) fn measure(&mut self) {
        if let (Some(keeper), Some(info)) = (&self.keeper, &mut self.model.cache) {
            (info.bytes, info.limit) = (keeper.bytes(), self.cache_limit);
        }
    }

    /// Has a draft kept.
    pub(super) fn draft(&mut self, chat: ChatKey, draft: Draft) {
        let draft = Draft { at: clock::now(), ..draft };
        if let Some(keeper) = &mut self.drafts {
            keeper.keep(chat, draft.clone());
        }
        drafts::put(&mut self.model.drafts, chat, draft);
    }

    /// Takes over what an earlier window did not send, and the file that it is in. With `waiting` only if there is
    /// something.
    pub(super) fn open_journal(&mut self, waiting: bool) -> Option<(Outbox, Kept)> {
        self.journal = None;
        self.more_waits = true;
        let shelf = self.shelf.as_mut()?;
        let (server, username) = &self.account;
        let opened = shelf.files(server, &names::key(username), waiting).and_then(|kept| match kept {
            Some(kept) => Journal::open(Arc::clone(&kept.unsent), new_device()).map(|opened| Some((opened, kept))),
            None => Ok(None),
        });
        match opened {
            Ok(Some(((journal, outbox), kept))) => {
                self.journal = Some(journal);
                Some((outbox, kept))
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
            entry.encode(self.model.outbox.device(), &mut frames);
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
