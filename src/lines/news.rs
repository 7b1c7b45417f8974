//! What of the conversations has not been shown yet, in the order of the log, each entry once: whatever a lost connection,
//! a reader that was slow or a page that came late did in between.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::model::{Chat, Message, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// What has been shown.
#[derive(Debug)]
pub struct News {
    /// Everything up to here was there before.
    begin: Seq,
    /// For a chat, everything up to here was shown.
    upto: BTreeMap<ChatKey, Seq>,
    /// What was shown before its turn: the acknowledgement of an own message may come before what stands before it.
    early: BTreeSet<(ChatKey, Seq)>,
    /// Chats with something that is not loaded yet, and how many pages of it are still worth asking for.
    gaps: BTreeMap<ChatKey, u32>,
    /// How many pages are asked for at most to close a gap.
    pages_max: u32,
    /// How many changes of messages were looked at.
    revisions: u64,
}

/// What is new in one chat.
pub type Entry = (ChatKey, Message);

impl News {
    /// From now on; of what is in the model already only what `missed` says is new. Up to so many pages of a chat are
    /// asked for when something was missed.
    pub fn begin(model: &Model, missed: impl Fn(&Chat) -> Option<Seq>, pages_max: u32) -> Self {
        let begin = model.cursor().map_or(Seq(0), |(_, seq)| seq);
        let revisions = model.revisions();
        let upto = model.chats.iter().filter_map(|(key, chat)| Some((*key, missed(chat)?))).collect();
        let mut news = Self { begin, upto, early: BTreeSet::new(), gaps: BTreeMap::new(), pages_max, revisions };
        news.look_for_gaps(model);
        news
    }

    /// Up to where a chat was shown.
    pub fn shown(&self, key: ChatKey) -> Seq {
        self.upto.get(&key).copied().unwrap_or(self.begin)
    }

    /// To be called when the lists have come anew: what was missed may not all have come by itself.
    pub fn look_for_gaps(&mut self, model: &Model) {
        self.gaps.clear();
        for (key, chat) in &model.chats {
            let shown = self.shown(*key);
            let missed = chat.last.as_ref().is_some_and(|last| last.seq > shown);
            if missed && has_gap(chat, shown) {
                self.gaps.insert(*key, self.pages_max);
            }
        }
    }

    /// Chats of which a page is to be loaded before their news are complete.
    pub fn wanted(&mut self, model: &Model) -> Vec<ChatKey> {
        let (upto, begin) = (&self.upto, self.begin);
        let mut wanted = Vec::new();
        self.gaps.retain(|key, pages| {
            let Some(chat) = model.chat(*key) else { return false };
            let shown = upto.get(key).copied().unwrap_or(begin);
            if !has_gap(chat, shown) || chat.problem.is_some() {
                return false;
            }
            if chat.loading {
                return true;
            }
            if *pages == 0 {
                return false;
            }
            *pages -= 1;
            wanted.push(*key);
            true
        });
        wanted
    }

    /// Whether a page is still awaited.
    pub fn is_waiting(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// What is new. A chat with a gap keeps what it has back until the gap is closed.
    pub fn take(&mut self, model: &Model) -> Vec<Entry> {
        let cursor = model.cursor().map_or(Seq(0), |(_, seq)| seq);
        let mut new: Vec<Entry> = Vec::new();
        for (&key, chat) in &model.chats {
            if self.gaps.contains_key(&key) {
                continue;
            }
            let shown = self.shown(key);
            let begin = chat.messages.partition_point(|message| message.seq <= shown);
            let mut upto = shown;
            for message in chat.messages.range(begin..) {
                if message.seq <= cursor {
                    upto = upto.max(message.seq);
                }
                if self.early.insert((key, message.seq)) {
                    new.push((key, message.clone()));
                }
            }
            if upto > shown {
                self.upto.insert(key, upto);
            }
        }
        self.early.retain(|(key, seq)| self.upto.get(key).is_none_or(|upto| seq > upto));
        new.sort_by_key(|(_, message)| message.seq);
        new
    }

    /// What was there already and is something else now, in the order of the log. To be called before [`News::take`]: what
    /// is new is as it is now.
    pub fn changed(&mut self, model: &Model) -> Vec<Entry> {
        let revised = model.revised_since(std::mem::replace(&mut self.revisions, model.revisions()));
        let shown = |key: &ChatKey, seq| seq <= self.shown(*key) || self.early.contains(&(*key, seq));
        let revised = revised.into_iter().filter(|(key, message)| shown(key, message.seq));
        revised.map(|(key, message)| (key, message.clone())).collect()
    }
}

/// Whether something may be missing between what was shown of a chat and what is loaded of it.
fn has_gap(chat: &Chat, shown: Seq) -> bool {
    !chat.complete && chat.messages.front().is_none_or(|first| first.seq > shown)
}
