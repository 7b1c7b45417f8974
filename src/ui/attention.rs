//! What deserves attention: which messages are told of by the desktop, in which words, and when that is taken back.
//!
//! A fold over the model, without I/O and without a clock of its own. It remembers how far it has looked in the log, and
//! what there is to be told of each chat; from that follows what is to be on show. Each chat has one notification at
//! most, and many chats have one together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation as _;

use super::{files, happened, text};
use crate::client::model::{Chat, Link, Message, Model, Phase};
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Seq, UserId};
use crate::visible::isolated;

/// The most chats that have a notification of their own. With more of them there is one for all: a screen full of
/// notifications tells nobody anything.
pub const CHATS_MAX: usize = 4;
/// How long a notification stays as it is while more comes to the same chat.
pub const UPDATE_PAUSE: Duration = Duration::from_secs(3);
/// How long it is silent after a sound.
pub const SOUND_PAUSE: Duration = Duration::from_secs(3);
/// The most notifications that are shown at once, and then one in each [`SHOW_PAUSE`].
pub const SHOW_BURST: u32 = 6;
/// See [`SHOW_BURST`].
pub const SHOW_PAUSE: Duration = Duration::from_secs(1);
/// The longest text in a notification, in letters as people count them: more is not read in passing.
pub const TEXT_MAX: usize = 160;
/// How many characters of a message are looked at for one such letter: some have many, and line breaks fall away.
const SCAN_FACTOR: usize = 4;

/// How its person wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Notifications are shown.
    pub enabled: bool,
    /// They say who wrote what. Otherwise only that there is something.
    pub content: bool,
    /// They make a sound.
    pub sound: bool,
    /// Nothing is told for now; what is unread is still counted.
    pub do_not_disturb: bool,
    /// Closing the window leaves the program in the tray.
    pub close_to_tray: bool,
}

impl Settings {
    /// The part of all that was chosen which is about this.
    pub fn of(settings: &crate::settings::values::Settings) -> Self {
        Self {
            enabled: settings.notify,
            content: settings.notify_text,
            sound: settings.notify_sound,
            do_not_disturb: settings.do_not_disturb,
            close_to_tray: settings.close_to_tray,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, content: true, sound: false, do_not_disturb: false, close_to_tray: false }
    }
}

/// What a notification is about. There is at most one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A chat.
    Chat(ChatKey),
    /// More chats than could be told of one by one.
    Several,
}

/// What is to be shown, made safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What it is about: it takes the place of the last one about the same.
    pub about: About,
    /// What a click leads to: a chat, and the message in it.
    pub target: (ChatKey, Seq),
    /// The first line.
    pub title: String,
    /// What stands below; may be empty. No markup.
    pub body: String,
    /// Whether it makes a sound.
    pub sound: bool,
}

/// What the desktop is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Show this, in the place of what was shown about the same.
    Show(Notification),
    /// Take away what was shown about that.
    Withdraw(About),
}

/// What came of a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What is to be done, in this order.
    pub deeds: Vec<Deed>,
    /// How long until one must look again, though nothing else may happen until then.
    pub again: Option<Duration>,
}

/// What there is to be told of a chat.
#[derive(Clone, Debug)]
struct Entry {
    newest: Seq,
    /// Who wrote the newest message, and its beginning.
    from: UserId,
    words: String,
    count: u32,
    /// What is on show does not say it yet.
    due: bool,
}

/// How far it has been looked, and what was found.
#[derive(Debug, Default)]
pub struct Attention {
    /// Who is signed in, and up to where all is told. Nothing before the window was up to date for the first time.
    since: Option<(UserId, Seq)>,
    /// How much asked for attention in each chat when it was last looked.
    counted: BTreeMap<ChatKey, u32>,
    entries: BTreeMap<ChatKey, Entry>,
    /// What is on show, and since when.
    shown: BTreeMap<About, Duration>,
    /// There were too many chats to be told of one by one. It stays so until there is nothing left to tell: otherwise
    /// reading one chat would bring up what was said of the others.
    several: bool,
    /// What was last shown had content.
    content: bool,
    /// When the burst of notifications is used up no more.
    rested_at: Duration,
    /// When there may be a sound again.
    sound_at: Duration,
}

impl Attention {
    /// Looks at the model after something may have changed. `watched` is the chat whose end somebody has before their
    /// eyes; `now` is any clock that does not go back.
    pub fn look(&mut self, model: &Model, watched: Option<ChatKey>, settings: Settings, now: Duration) -> Look {
        let mut look = Look::default();
        let me = model.my_id().filter(|_| model.phase == Phase::SignedIn);
        if me.is_none() || self.since.is_some_and(|(user, _)| Some(user) != me) {
            let (rested_at, sound_at) = (self.rested_at, self.sound_at);
            let gone = std::mem::take(self);
            look.deeds.extend(gone.shown.into_keys().map(Deed::Withdraw));
            (self.rested_at, self.sound_at) = (rested_at, sound_at);
        }
        let Some(me) = me else { return look };
        // What is missed is told once all of it is there.
        if model.link == Link::Online {
            self.take_in(model, me, watched);
        }
        self.let_go(model, watched);
        let hidden = std::mem::replace(&mut self.content, settings.content) && !settings.content;
        if hidden || !settings.enabled || settings.do_not_disturb {
            self.entries.clear();
        }
        self.tell(model, settings, now, &mut look);
        look
    }

    /// Finds what is new.
    fn take_in(&mut self, model: &Model, me: UserId, watched: Option<ChatKey>) {
        let before = self.since.replace((me, model.arrived));
        if let Some((_, since)) = before.filter(|(_, since)| *since < model.arrived) {
            for (&key, chat) in model.chats.iter().filter(|(key, _)| Some(**key) != watched) {
                let counted = self.counted.get(&key).copied().unwrap_or_default();
                if let Some(news) = News::of(chat, chat.muted, me, since, counted) {
                    let entry = self.entries.entry(key).or_insert_with(|| Entry {
                        newest: since,
                        from: news.from,
                        words: String::new(),
                        count: 0,
                        due: true,
                    });
                    entry.count = entry.count.saturating_add(news.count);
                    (entry.newest, entry.from, entry.words, entry.due) =
                        (news.newest, news.from, shortened(news.words, TEXT_MAX), true);
                }
            }
        }
        let asking = model.chats.iter().filter(|(_, chat)| chat.attention() > 0);
        self.counted = asking.map(|(key, chat)| (*key, chat.attention())).collect();
    }

    /// Forgets what was read here or elsewhere, what its author has taken back, and what is not to be told any more.
    fn let_go(&mut self, model: &Model, watched: Option<ChatKey>) {
        self.entries.retain(|key, entry| {
            if model.chat(*key).is_some_and(|chat| is_gone(chat, entry.newest)) {
                return false;
            }
            let asks = model.chat(*key).filter(|chat| chat.read < entry.newest).map_or(0, Chat::attention);
            entry.count = entry.count.min(asks);
            entry.count > 0 && Some(*key) != watched
        });
    }

    /// Brings what is on show to where it should be, as fast as people can follow.
    fn tell(&mut self, model: &Model, settings: Settings, now: Duration, look: &mut Look) {
        let many = self.entries.len() > CHATS_MAX;
        if many && !self.several {
            self.entries.values_mut().for_each(|entry| entry.due = true);
        }
        self.several = !self.entries.is_empty() && (self.several || many);
        let (several, entries) = (self.several, &self.entries);
        let stays = |about: &About| match about {
            About::Chat(key) => !several && entries.contains_key(key),
            About::Several => several,
        };
        let gone: Vec<About> = self.shown.keys().copied().filter(|about| !stays(about)).collect();
        for about in gone {
            self.shown.remove(&about);
            look.deeds.push(Deed::Withdraw(about));
        }
        let due = self.entries.iter().filter(|(_, entry)| entry.due);
        let mut due: Vec<(Seq, About)> = due.map(|(key, entry)| (entry.newest, About::Chat(*key))).collect();
        due.sort();
        if self.several {
            due = due.pop().map(|(seq, _)| (seq, About::Several)).into_iter().collect();
        }
        for (_, about) in due {
            let since_last = self.shown.get(&about).map(|at| now.saturating_sub(*at));
            let own = since_last.map_or(Duration::ZERO, |passed| UPDATE_PAUSE.saturating_sub(passed));
            let all = self.rested_at.saturating_sub(now).saturating_sub(SHOW_PAUSE * (SHOW_BURST - 1));
            let wait = own.max(all);
            if !wait.is_zero() {
                look.again = Some(look.again.map_or(wait, |again| again.min(wait)));
                continue;
            }
            let Some(mut notification) = self.words(model, about, settings.content) else { continue };
            self.rested_at = self.rested_at.max(now) + SHOW_PAUSE;
            notification.sound = settings.sound && now >= self.sound_at;
            if notification.sound {
                self.sound_at = now + SOUND_PAUSE;
            }
            self.shown.insert(about, now);
            for (key, entry) in &mut self.entries {
                entry.due &= about != About::Several && about != About::Chat(*key);
            }
            look.deeds.push(Deed::Show(notification));
        }
    }

    fn words(&self, model: &Model, about: About, content: bool) -> Option<Notification> {
        let newest = |key: &ChatKey| self.entries.get(key).map(|entry| entry.newest);
        let (key, count) = match about {
            About::Chat(key) => (key, self.entries.get(&key)?.count),
            About::Several => {
                let count = self.entries.values().fold(0, |sum: u32, entry| sum.saturating_add(entry.count));
                (self.entries.keys().copied().max_by_key(newest)?, count)
            }
        };
        let entry = self.entries.get(&key)?;
        let number = if count == 1 { "New message".into() } else { format!("{count} new messages") };
        let (title, body) = match about {
            _ if !content => (number, String::new()),
            About::Several => {
                let mut keys: Vec<&ChatKey> = self.entries.keys().collect();
                keys.sort_by_key(|key| std::cmp::Reverse(newest(key)));
                let names: Vec<Cow<'_, str>> =
                    keys.iter().take(CHATS_MAX).map(|key| name(model.title(**key)).into()).collect();
                (number, happened::enumerated(&names, keys.len()))
            }
            About::Chat(key) => {
                let chat = name(model.title(key));
                let title = if count == 1 { chat } else { format!("{chat}: {number}") };
                let body = match key {
                    ChatKey::Person(_) => entry.words.clone(),
                    ChatKey::Everyone | ChatKey::Group(_) => {
                        format!("{}: {}", name(model.name(entry.from)), entry.words)
                    }
                };
                (title, body)
            }
        };
        Some(Notification { about, target: (key, entry.newest), title, body, sound: false })
    }
}

/// What has come to a chat and asks for attention.
pub(super) struct News<'a> {
    pub newest: Seq,
    pub from: UserId,
    /// Its text, or what its file is called where it has none.
    pub words: &'a str,
    pub count: u32,
}

impl<'a> News<'a> {
    /// What has come to a chat after that place, when `counted` messages asked for attention; of a `muted` one only what
    /// calls this person by name. What is not loaded is told by the list of chats alone.
    pub fn of(chat: &'a Chat, muted: bool, me: UserId, since: Seq, counted: u32) -> Option<Self> {
        let last = chat.last.as_ref().filter(|last| last.seq > since)?;
        let more = chat.attention().saturating_sub(counted);
        let wanted = |message: &&Message| message.counts(me) && !message.deleted && (!muted || message.mentions_me);
        let from = chat.messages.partition_point(|message| message.seq <= since.max(chat.read));
        let mut fresh = chat.messages.range(from..).rev().filter(wanted);
        if let Some(newest) = fresh.next() {
            let count = u32::try_from(fresh.count()).unwrap_or(u32::MAX).saturating_add(1).max(more);
            let file = newest.attachment.as_ref().map(|file| file.name.as_str());
            let words = files::words_of(&newest.text, file);
            return Some(Self { newest: newest.seq, from: newest.from, words, count });
        }
        let said = last.change.is_none() && !last.deleted;
        let untold = chat.messages.is_empty() && last.from != me && said && last.seq > chat.read;
        let words = files::words_of(&last.preview, last.file.as_deref());
        (untold && more > 0).then_some(Self { newest: last.seq, from: last.from, words, count: more })
    }
}

/// Whether its author has taken a message back.
fn is_gone(chat: &Chat, seq: Seq) -> bool {
    let last = chat.last.as_ref().is_some_and(|last| last.seq == seq && last.deleted);
    last || chat.message(seq).is_some_and(|message| message.deleted)
}

/// The beginning of a text that comes from somebody, on one line and safe to be shown by others: see [`text`].
pub(super) fn shortened(words: &str, max: usize) -> String {
    let scanned = words.char_indices().nth(SCAN_FACTOR * max).map_or(words.len(), |(at, _)| at);
    let line = text::one_line(&words[..scanned]);
    match line.grapheme_indices(true).nth(max) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None if scanned < words.len() => format!("{line}…"),
        None => line,
    }
}

/// A name in a notification, which turns nothing around it. Names are short; those of a hostile server need not be.
pub(super) fn name(of: &str) -> String {
    const NAME_MAX: usize = 64;
    isolated(&shortened(of, NAME_MAX)).into_owned()
}
