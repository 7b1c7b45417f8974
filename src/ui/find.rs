//! Finding words in messages: what counts as the same word, in which messages it stands, and where in them. Draws
//! nothing.
//!
//! Capitals and marks on letters make no difference: `cafe` finds `Café`. What is loaded is gone through from the
//! newest message backwards, a portion in each frame, so that no chat is so long that a window would stop for it.

use std::borrow::Cow;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;

use super::fuzzy;
use super::text;
use crate::client::model::{Chat, Message, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::visible;

/// How much is gone through in a frame, in bytes of text: about two milliseconds.
pub const PORTION_BYTES: usize = 512 * 1024;
/// What a message costs beside its text.
const MESSAGE_BYTES: usize = 64;
/// The most places that are marked in a message.
const PLACES_MAX: usize = 200;
/// The longest that is searched for; the rest is left out.
const NEEDLE_MAX_CHARS: usize = 200;
/// How much of a message stands in front of what was found.
const BEFORE_CHARS: usize = 24;
/// How long a piece of a message is.
const SNIPPET_CHARS: usize = 200;

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    folded: String,
}

impl Needle {
    /// What somebody typed. Blanks alone are nothing to search for.
    pub fn new(typed: &str) -> Option<Self> {
        let mut folded = String::new();
        typed.chars().take(NEEDLE_MAX_CHARS).for_each(|c| fold(c, &mut |c| folded.push(c)));
        let folded = folded.trim().to_owned();
        (!folded.is_empty()).then_some(Self { folded })
    }

    /// Whether it is in what a message says, or in what its file is called.
    pub fn finds(&self, message: &Message) -> bool {
        let file = message.attachment.as_ref().is_some_and(|file| self.is_in(file.name.as_str()));
        !message.deleted && (file || self.is_in(&message.text))
    }

    /// Whether it is in a text.
    pub fn is_in(&self, text: &str) -> bool {
        let mut folded = String::with_capacity(text.len());
        text.chars().for_each(|c| fold(c, &mut |c| folded.push(c)));
        folded.contains(&self.folded)
    }

    /// Where it stands in a text, in bytes: in order, and none over another. At most 200 places.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let (mut folded, mut from) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, c) in text.char_indices() {
            fold(c, &mut |folded_c| {
                folded.push(folded_c);
                from.extend(std::iter::repeat_n(at, folded_c.len_utf8()));
            });
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        for (at, same) in folded.match_indices(&self.folded).take(PLACES_MAX) {
            let Some(start) = from.get(at).copied() else { break };
            // Up to the next letter: marks on the last one belong to it.
            let last = from.get(at + same.len() - 1).copied().unwrap_or(start);
            let rest = from.get(at + same.len()..).unwrap_or_default();
            let end = rest.iter().find(|next| **next > last).copied().unwrap_or(text.len());
            // A letter of several, like a ligature, may be found twice.
            if found.last().is_none_or(|before| before.end <= start) {
                found.push(start..end);
            }
        }
        found
    }
}

/// What a letter is compared as: a small one without marks; nothing where it is not drawn.
fn fold(c: char, push: &mut impl FnMut(char)) {
    if c.is_ascii() {
        match c.to_ascii_lowercase() {
            '\n' | '\t' | ' ' => push(' '),
            c if c.is_ascii_control() => {}
            c => push(c),
        }
        return;
    }
    if visible::is_ignorable(c) {
        return;
    }
    // Greek has two forms of one letter.
    fuzzy::fold(c, &mut |letter| push(if letter == 'ς' { 'σ' } else { letter }));
}

/// The messages of one chat in which something stands.
#[derive(Debug)]
pub struct Found {
    needle: Needle,
    /// Oldest first.
    seqs: VecDeque<Seq>,
    /// From where to where the chat was gone through, both ends included.
    looked: Option<(Seq, Seq)>,
    /// How many changes of messages were heeded.
    revisions: u64,
}

impl Found {
    /// Begins a search.
    pub fn new(needle: Needle) -> Self {
        Self { needle, seqs: VecDeque::new(), looked: None, revisions: 0 }
    }

    /// What is searched for.
    pub fn needle(&self) -> &Needle {
        &self.needle
    }

    /// Where it stands, oldest first. There are at most as many as the chat has messages that are loaded.
    pub fn seqs(&self) -> &VecDeque<Seq> {
        &self.seqs
    }

    /// Takes in what has become of messages that were gone through.
    pub fn heed(&mut self, model: &Model, key: ChatKey) {
        let revised = model.revised_since(std::mem::replace(&mut self.revisions, model.revisions()));
        let Some((from, to)) = self.looked else { return };
        for (_, message) in revised.into_iter().filter(|(chat, it)| *chat == key && (from..=to).contains(&it.seq)) {
            match (self.seqs.binary_search(&message.seq), self.needle.finds(message)) {
                (Ok(at), false) => _ = self.seqs.remove(at),
                (Err(at), true) => self.seqs.insert(at, message.seq),
                (Ok(_), true) | (Err(_), false) => {}
            }
        }
    }

    /// Goes on with the search: first what is new, then further back. Returns whether anything that is loaded is left.
    pub fn look(&mut self, chat: &Chat, mut portion: usize) -> bool {
        let (Some(first), Some(last)) = (chat.messages.front(), chat.messages.back()) else {
            *self = Self::new(self.needle.clone());
            return false;
        };
        if self.looked.is_some_and(|(from, _)| from < first.seq) {
            // What was gone through is not there any more.
            *self = Self { revisions: self.revisions, ..Self::new(self.needle.clone()) };
        }
        let (mut from, mut to) = match self.looked {
            Some(looked) => looked,
            None => (Seq(last.seq.0.saturating_add(1)), last.seq),
        };
        let is_new = chat.messages.partition_point(|message| message.seq <= to);
        for message in chat.messages.range(is_new..) {
            portion = portion.saturating_sub(cost(&message.text));
            if self.needle.finds(message) {
                self.seqs.push_back(message.seq);
            }
            to = message.seq;
            if portion == 0 {
                break;
            }
        }
        let mut left = chat.messages.partition_point(|message| message.seq < from);
        while portion > 0
            && let Some(message) = left.checked_sub(1).and_then(|before| chat.messages.get(before))
        {
            portion = portion.saturating_sub(cost(&message.text));
            if self.needle.finds(message) {
                self.seqs.push_front(message.seq);
            }
            from = message.seq;
            left -= 1;
        }
        self.looked = Some((from, to));
        left > 0 || to < last.seq
    }
}

fn cost(text: &str) -> usize {
    MESSAGE_BYTES + text.len()
}

/// A message in which something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// In which chat.
    pub chat: ChatKey,
    /// Which message.
    pub seq: Seq,
}

/// The messages of all chats in which something stands, as far as they are loaded.
#[derive(Debug)]
pub struct Everywhere {
    needle: Needle,
    /// Newest first.
    hits: VecDeque<Hit>,
    /// From where to where the log was gone through.
    looked: Option<(Seq, Seq)>,
    /// How many changes of messages were heeded.
    revisions: u64,
    /// As many are wanted.
    wanted: usize,
    /// Nothing older is loaded.
    done: bool,
}

impl Everywhere {
    /// Begins a search that stops when so many are found.
    pub fn new(needle: Needle, wanted: usize) -> Self {
        Self { needle, hits: VecDeque::new(), looked: None, revisions: 0, wanted, done: false }
    }

    /// What is searched for.
    pub fn needle(&self) -> &Needle {
        &self.needle
    }

    /// Where it stands, newest first.
    pub fn hits(&self) -> &VecDeque<Hit> {
        &self.hits
    }

    /// Whether the search stopped because enough was found.
    pub fn has_more(&self) -> bool {
        !self.done && self.hits.len() >= self.wanted
    }

    /// Lets it find so many more.
    pub fn want_more(&mut self, more: usize) {
        self.wanted = self.hits.len() + more;
    }

    /// Goes on with the search. Returns whether it goes on in the next frame.
    pub fn look(&mut self, model: &Model, mut portion: usize) -> bool {
        let newest = model.chats.values().filter_map(|chat| chat.messages.back()).map(|last| last.seq).max();
        let Some(newest) = newest else { return false };
        self.heed(model);
        let (mut from, to) = self.looked.unwrap_or((Seq(newest.0.saturating_add(1)), newest));
        if newest > to {
            self.take_new(model, to);
        }
        // A message's place is its place among all messages of all chats.
        let mut next: BinaryHeap<(Seq, ChatKey, usize)> = BinaryHeap::new();
        for (key, chat) in &model.chats {
            let before = chat.messages.partition_point(|message| message.seq < from).checked_sub(1);
            next.extend(before.and_then(|at| Some((chat.messages.get(at)?.seq, *key, at))));
        }
        while portion > 0 && self.hits.len() < self.wanted {
            let Some((seq, key, at)) = next.pop() else { break };
            let Some(chat) = model.chat(key) else { continue };
            if let Some(message) = chat.messages.get(at) {
                portion = portion.saturating_sub(cost(&message.text));
                if self.needle.finds(message) {
                    self.hits.push_back(Hit { chat: key, seq });
                }
            }
            from = seq;
            next.extend(at.checked_sub(1).and_then(|at| Some((chat.messages.get(at)?.seq, key, at))));
        }
        self.looked = Some((from, newest));
        self.done = next.is_empty();
        !self.done && self.hits.len() < self.wanted
    }

    /// Takes in what has become of messages that were gone through.
    fn heed(&mut self, model: &Model) {
        let revised = model.revised_since(std::mem::replace(&mut self.revisions, model.revisions()));
        let Some((from, to)) = self.looked else { return };
        for (chat, message) in revised.into_iter().filter(|(_, message)| (from..=to).contains(&message.seq)) {
            let hit = Hit { chat, seq: message.seq };
            // A message to several people stands in several chats.
            let first = self.hits.partition_point(|other| other.seq > hit.seq);
            let same =
                self.hits.range(first..).take_while(|other| other.seq == hit.seq).position(|other| *other == hit);
            match (same, self.needle.finds(message)) {
                (Some(at), false) => _ = self.hits.remove(first + at),
                (None, true) => self.hits.insert(first, hit),
                (Some(_), true) | (None, false) => {}
            }
        }
    }

    fn take_new(&mut self, model: &Model, after: Seq) {
        let mut new = Vec::new();
        for (key, chat) in &model.chats {
            let messages = chat.messages.iter().rev().take_while(|message| message.seq > after);
            let found = messages.filter(|message| self.needle.finds(message));
            new.extend(found.map(|message| Hit { chat: *key, seq: message.seq }));
        }
        new.sort_unstable_by_key(|hit| hit.seq);
        self.wanted += new.len();
        new.into_iter().for_each(|hit| self.hits.push_front(hit));
    }
}

/// A piece of a message on one line, around the first place where something stands.
pub fn snippet(needle: &Needle, message: &str) -> String {
    let line = text::one_line(&visible::cleaned(message));
    let first = needle.places(&line).first().map_or(0, |place| place.start);
    let before = line.get(..first).unwrap_or_default();
    let begin = before.char_indices().rev().take(BEFORE_CHARS).last().map_or(first, |(at, _)| at);
    // From the beginning of a word, where one begins on the way.
    let begin = match (begin, line.get(begin..first).and_then(|way| way.find(' '))) {
        (0, _) | (_, None) => begin,
        (begin, Some(blank)) => begin + blank + 1,
    };
    let piece = line.get(begin..).unwrap_or_default();
    let end = piece.char_indices().nth(SNIPPET_CHARS).map_or(piece.len(), |(at, _)| at);
    let dots = if begin > 0 { Cow::Borrowed("…") } else { Cow::Borrowed("") };
    format!("{dots}{}", piece.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::model::Me;
    use crate::proto::attachment::{Attachment, FileId, FileName};
    use crate::proto::event::Event;
    use crate::proto::ids::{DeviceId, Millis, UserId};
    use crate::proto::record::{Deleted, Edited};

    fn places<'a>(typed: &str, text: &'a str) -> Vec<&'a str> {
        let places = Needle::new(typed).expect("something").places(text);
        places.into_iter().map(|place| text.get(place).expect("a part of the text")).collect()
    }

    #[test]
    fn capitals_and_marks_make_no_difference() {
        for (typed, text, found) in [
            ("cafe", "Café, CAFE\u{301}; café", &["Café", "CAFE\u{301}", "café"][..]),
            ("ÉTÉ", "l'été", &["été"]),
            ("σοφος", "ΣΟΦΌΣ και σοφός", &["ΣΟΦΌΣ", "σοφός"]),
            ("istanbul", "İSTANBUL", &["İSTANBUL"]),
            ("שלום", "שָׁלוֹם עולם", &["שָׁלוֹם"]),
            ("office", "oﬃce", &["oﬃce"]),
            ("a b", "A\nb a\u{a0}b", &["A\nb", "a\u{a0}b"]),
            ("aa", "aaaa", &["aa", "aa"]),
            ("  padded ", "padded", &["padded"]),
            ("hi", "h\u{200b}i", &["h\u{200b}i"]),
            ("strasse", "Straße", &[]),
            ("x", "", &[]),
        ] {
            assert_eq!(places(typed, text), found, "{typed} in {text}");
            assert_eq!(Needle::new(typed).unwrap().is_in(text), !found.is_empty(), "{typed} in {text}");
        }
        assert!(Needle::new("").is_none() && Needle::new(" \n").is_none() && Needle::new("\u{301}").is_none());
    }

    #[test]
    fn every_place_is_a_part_of_the_text_whatever_it_is() {
        let texts = ["ﷺﷺ", "e\u{301}\u{302}e", "👨‍👩‍👧‍👦", "\u{301}\u{301}a", "각각", "ǅ ß ẞ", "\u{fdfa}x"];
        for (typed, text) in texts.iter().flat_map(|typed| texts.iter().map(move |text| (typed, text))) {
            let Some(needle) = Needle::new(typed) else { continue };
            let places = needle.places(text);
            assert!(places.iter().all(|place| text.get(place.clone()).is_some_and(|part| !part.is_empty())));
            assert!(places.is_sorted_by(|one, next| one.end <= next.start), "{typed} in {text}");
            assert_eq!(needle.is_in(text), !places.is_empty(), "{typed} in {text}");
        }
    }

    fn chat(seqs: impl Iterator<Item = u64>) -> Chat {
        let message = |seq| Message {
            seq: Seq(seq),
            at: Millis(0),
            from: UserId(1),
            text: if seq % 3 == 0 { "a Needle here".into() } else { "hay".into() },
            ..Message::default()
        };
        let mut chat = Chat::default();
        chat.messages = seqs.map(message).collect();
        chat
    }

    /// How many frames a search takes.
    fn frames(mut look: impl FnMut() -> bool) -> usize {
        (1..10_000).find(|_| !look()).expect("it comes to an end")
    }

    #[test]
    fn a_chat_is_gone_through_in_portions_and_what_comes_later_is_found_too() {
        let mut found = Found::new(Needle::new("needle").unwrap());
        let mut loaded = chat(1000..2000);
        let portions = frames(|| found.look(&loaded, 1000));
        assert!(portions > 50, "{portions}");
        let all = |from: u64, to: u64| (from..to).filter(|seq| seq % 3 == 0).map(Seq).collect::<VecDeque<_>>();
        assert_eq!(*found.seqs(), all(1000, 2000));

        loaded = chat(900..2100);
        frames(|| found.look(&loaded, 1000));
        assert_eq!(*found.seqs(), all(900, 2100));

        loaded = chat(2050..2060);
        frames(|| found.look(&loaded, 1000));
        assert_eq!(*found.seqs(), all(2050, 2060), "what is not there any more is forgotten");
        assert!(!found.look(&Chat::default(), 1000) && found.seqs().is_empty());
    }

    #[test]
    fn all_chats_are_gone_through_together_newest_first() {
        let mut model = Model::new(DeviceId::from_random(1));
        for person in 0..4u32 {
            model.chats.insert(ChatKey::Person(UserId(person)), chat((1000..1400).skip(person as usize).step_by(4)));
        }
        let mut everywhere = Everywhere::new(Needle::new("needle").unwrap(), 50);
        let look = |everywhere: &mut Everywhere, model: &Model| {
            frames(|| everywhere.look(model, 500));
            everywhere.hits().iter().map(|hit| hit.seq.0).collect::<Vec<_>>()
        };
        let expected: Vec<u64> = (1000..1400).rev().filter(|seq| seq % 3 == 0).collect();
        assert_eq!(look(&mut everywhere, &model), expected[..50]);
        assert!(everywhere.has_more());
        everywhere.want_more(1000);
        assert_eq!(look(&mut everywhere, &model), expected);
        assert!(!everywhere.has_more());

        model.chats.insert(ChatKey::Everyone, chat([1403, 1404].into_iter()));
        assert_eq!(look(&mut everywhere, &model)[..2], [1404, expected[0]]);
    }

    /// A message of the first of all chats becomes another one, by an event as it comes from a server.
    fn edit(model: &mut Model, seq: u64, by: u64, text: &str) {
        let edited = Edited {
            seq: Seq(by),
            at: Millis(0),
            by: UserId(1),
            chat: ChatKey::Everyone,
            message_seq: Seq(seq),
            client_id: None,
            mentions: Default::default(),
            message: text.into(),
        };
        model.apply(Event::Edited(edited), Millis(0));
    }

    #[test]
    fn what_became_of_a_message_is_found_and_what_it_was_is_not() {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: UserId(2), username: "me".into() });
        model.chats.insert(ChatKey::Everyone, chat(1000..1012));
        let mut found = Found::new(Needle::new("needle").unwrap());
        let mut everywhere = Everywhere::new(Needle::new("needle").unwrap(), 50);
        let mut seqs = |model: &Model| {
            found.heed(model, ChatKey::Everyone);
            frames(|| found.look(&model.chats[&ChatKey::Everyone], 1000));
            frames(|| everywhere.look(model, 1000));
            let all: Vec<u64> = everywhere.hits().iter().rev().map(|hit| hit.seq.0).collect();
            assert_eq!(found.seqs().iter().map(|seq| seq.0).collect::<Vec<_>>(), all);
            all
        };
        assert_eq!(seqs(&model), [1002, 1005, 1008, 1011]);
        edit(&mut model, 1005, 2000, "hay");
        edit(&mut model, 1006, 2001, "a needle, after all");
        assert_eq!(seqs(&model), [1002, 1006, 1008, 1011]);
        let (seq, at, by, message_seq) = (Seq(2002), Millis(0), UserId(1), Seq(1011));
        let deleted = Deleted { seq, at, by, chat: ChatKey::Everyone, message_seq, client_id: None };
        model.apply(Event::Deleted(deleted), Millis(0));
        assert_eq!(seqs(&model), [1002, 1006, 1008]);
        // A file is found by what it is called.
        let name = FileName::new("The needle.png").unwrap();
        let attachment = Some(Arc::new(Attachment { file: FileId(1), name, size: 1, image: None }));
        let message = Message { seq: Seq(2003), attachment, ..Message::default() };
        model.chats.get_mut(&ChatKey::Everyone).unwrap().messages.push_back(message);
        assert_eq!(seqs(&model), [1002, 1006, 1008, 2003]);
    }

    #[test]
    fn a_snippet_begins_a_little_before_what_was_found() {
        let needle = Needle::new("needle").unwrap();
        assert_eq!(snippet(&needle, "a needle\nhere"), "a needle here");
        let long = format!("{}the needle and {}", "hay ".repeat(100), "more ".repeat(100));
        let piece = snippet(&needle, &long);
        assert!(piece.starts_with("…hay hay ") && piece.contains("the needle and more"), "{piece}");
        assert!(piece.chars().count() <= SNIPPET_CHARS + 1);
        snippet(&needle, &"é".repeat(1000));
        snippet(&needle, &format!("{}needle", "é".repeat(1000)));
    }
}
