//! Which messages are not any more what they were when they came: for those who keep a copy of what is loaded.

use std::collections::{BTreeSet, VecDeque};

use super::{ChatKey, Message, Model, Seq};

/// How many such notes there were, and the last of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::client) struct Altered {
    count: u64,
    /// The newest last; at most [`ALTERED_MAX`]. Without a place it is the whole chat that began anew.
    recent: VecDeque<(ChatKey, Option<Seq>)>,
}

/// The most notes that are kept: more than a few seconds bring. Whoever missed one begins anew with everything.
const ALTERED_MAX: usize = 4_000;

impl Altered {
    /// A message was changed in place; or, without a place, a chat dropped what was loaded of it.
    pub fn note(&mut self, chat: ChatKey, seq: Option<Seq>) {
        self.count += 1;
        self.recent.push_back((chat, seq));
        if self.recent.len() > ALTERED_MAX {
            self.recent.pop_front();
        }
    }

    /// How many notes there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The notes after the first `count`, oldest first; nothing if some of them are not kept any more.
    pub fn since(&self, count: u64) -> Option<impl Iterator<Item = (ChatKey, Option<Seq>)>> {
        let new = usize::try_from(self.count.checked_sub(count)?).ok()?;
        let from = self.recent.len().checked_sub(new)?;
        Some(self.recent.range(from..).copied())
    }
}

impl Model {
    /// How many times a loaded message has become something else.
    pub fn revisions(&self) -> u64 {
        self.altered.count()
    }

    /// The messages that did so after the first `count` times, each once and as it is now, in the order of the log; nothing
    /// where that is too long ago to be known.
    pub fn revised_since(&self, count: u64) -> Vec<(ChatKey, &Message)> {
        let new: BTreeSet<_> = self.altered.since(count).into_iter().flatten().collect();
        let new = new.into_iter().filter_map(|(key, seq)| Some((key, self.chat(key)?.message(seq?)?)));
        let mut new: Vec<_> = new.collect();
        new.sort_by_key(|(_, message)| message.seq);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_missed_a_note_is_told_so() {
        let mut altered = Altered::default();
        assert_eq!(altered.since(0).unwrap().count(), 0);
        altered.note(ChatKey::Everyone, Some(Seq(1)));
        altered.note(ChatKey::Everyone, None);
        assert_eq!(altered.since(1).unwrap().collect::<Vec<_>>(), [(ChatKey::Everyone, None)]);
        assert!(altered.since(3).is_none(), "nobody has seen what did not happen");
        (0..ALTERED_MAX).for_each(|_| altered.note(ChatKey::Everyone, None));
        assert!(altered.since(1).is_none() && altered.since(2).unwrap().count() == ALTERED_MAX);
    }
}
