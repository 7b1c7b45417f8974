//! Somebody at a terminal: which chat they are in, what a typed line does, and what they are still to be told.
//!
//! Prints nothing: what is to be read waits in the session for who prints.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::paint::Paint;
use super::typed::{self, COMMANDS, Typed};
use crate::client::Client;
use crate::client::command::{Command, GroupWish};
use crate::client::model::{Link, Model};
use crate::client::outbox::Progress;
use crate::clock;
use crate::lines::live::waiting;
use crate::lines::news::News;
use crate::lines::{Failure, safe};
use crate::proto::attachment::FileId;
use crate::proto::chat::{ChatKey, Past};
use crate::proto::event::Status;
use crate::proto::ids::{Seq, UserId, check_message};
use crate::ui::mentions::Names;
use crate::ui::presence;
use crate::ui::when::Clock;

/// How many characters of a message are enough to know it by.
pub(super) const BEGINNING_CHARS: usize = 40;

/// How long nobody types until they are away.
const AWAY_AFTER: Duration = Duration::from_secs(5 * 60);

/// How often it is looked for what changes with time alone, while something of that kind is ahead, and otherwise.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(30);

/// What is to be printed.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// For standard output.
    pub lines: Vec<String>,
    /// What could not be done, where nobody sits there to read it between the rest.
    pub problems: Vec<String>,
}

/// Something asked of the server about a group.
#[derive(Debug)]
pub(super) struct Asked {
    /// The number of the request.
    pub n: u64,
    /// What is said, and where one is, when it is done.
    pub then: Then,
}

/// What follows a wish that was granted.
#[derive(Debug)]
pub(super) enum Then {
    /// The change itself is told to all who are in the group.
    Nothing,
    /// One is in the new group.
    Enter,
    /// One is out of it.
    Out(String),
}

/// An own message, the newest of its chat, that is not yet read by all.
#[derive(Debug)]
pub(super) struct Mine {
    pub seq: Seq,
    pub begin: String,
    pub stage: Stage,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Stored,
    Delivered,
    Read,
}

/// Somebody at a terminal, or lines from a pipe in their place.
#[derive(Debug)]
pub struct Session {
    pub(super) client: Client,
    names: Names,
    /// Where plain text goes, and what it is called.
    pub(super) chat: ChatKey,
    pub(super) title: String,
    /// What has been shown; nothing before the first lists are there.
    pub(super) news: Option<News>,
    pub(super) zone: TimeZone,
    pub(super) paint: Paint,
    pub(super) said: Said,
    /// The connection was lost, and that was told.
    pub(super) lost: bool,
    pub(super) online: bool,
    /// Whom their person was told of: online, or gone.
    pub(super) told: BTreeMap<UserId, bool>,
    pub(super) mine: BTreeMap<ChatKey, Mine>,
    /// Refused messages that were told of.
    pub(super) failed: BTreeSet<u64>,
    pub(super) asked: Option<Asked>,
    /// A history that is being loaded: of which chat, and how many entries are wanted.
    pub(super) history: Option<(ChatKey, usize)>,
    /// A file that is being saved.
    pub(super) saving: Option<FileId>,
    /// The message that is taken back if that is asked for in the next line, too.
    pub(super) unsaying: Option<(ChatKey, Seq)>,
    /// How many messages were left unsent the last time.
    pub(super) left_unsent: usize,
    /// Somebody sits there. What comes through a pipe reads nothing and is not there.
    pub(super) present: bool,
    /// When they last typed a line.
    typed: Instant,
    /// Something could not be done.
    refused: bool,
    /// Why there is nothing more to do.
    pub(super) over: Option<Failure>,
}

impl Session {
    /// For a client that is signed in, and was left with so many messages unsent the last time.
    pub fn new(client: Client, left_unsent: usize, present: bool, zone: TimeZone, paint: Paint) -> Self {
        let chat = ChatKey::Everyone;
        let title = client.model().title(chat).to_owned();
        let mut session = Self {
            client,
            names: Names::default(),
            chat,
            title,
            news: None,
            zone,
            paint,
            said: Said::default(),
            lost: false,
            online: false,
            told: BTreeMap::new(),
            mine: BTreeMap::new(),
            failed: BTreeSet::new(),
            asked: None,
            history: None,
            saving: None,
            unsaying: None,
            left_unsent,
            present,
            typed: Instant::now(),
            refused: false,
            over: None,
        };
        session.client.perform(Command::SetAway(!present));
        session
    }

    pub(super) fn model(&self) -> &Model {
        self.client.model()
    }

    pub(super) fn clock(&self) -> Clock {
        Clock { now: clock::now(), zone: self.zone.clone() }
    }

    pub(super) fn say(&mut self, line: impl Into<String>) {
        self.said.lines.push(line.into());
    }

    pub(super) fn wrong(&mut self, why: &str) {
        self.refused = true;
        if self.present {
            let line = self.paint.wrong(why);
            self.say(line);
        } else {
            self.said.problems.push(why.into());
        }
    }

    /// What is to be printed now.
    pub(super) fn take_said(&mut self) -> Said {
        std::mem::take(&mut self.said)
    }

    /// What stands before what is typed.
    pub fn prompt(&self) -> String {
        format!("{}> ", safe::beginning(&self.title, BEGINNING_CHARS))
    }

    /// Why there is nothing more to do, if there is not.
    pub fn is_over(&self) -> Option<&Failure> {
        self.over.as_ref()
    }

    /// Whether something could not be done.
    pub fn was_refused(&self) -> bool {
        self.refused
    }

    /// Whether the answer to what was typed is still to come.
    pub fn is_busy(&self) -> bool {
        self.over.is_none() && (self.news.is_none() || self.asked.is_some() || self.history.is_some())
    }

    /// How many messages wait to be sent.
    pub fn unsent(&self) -> usize {
        waiting(self.model()).0
    }

    /// How many messages wait to be sent and files to be saved, and how many bytes of files are still to be moved for that.
    pub fn left(&self) -> (usize, u64) {
        let (unsent, bytes) = waiting(self.model());
        match self.saving {
            Some(file) => (unsent + 1, bytes.saturating_add(self.to_come(file))),
            None => (unsent, bytes),
        }
    }

    /// Whether the server can be asked now.
    pub fn is_online(&self) -> bool {
        self.model().link == Link::Online
    }

    /// When to look again, though nothing comes.
    pub fn rest(&self) -> Duration {
        let now = clock::now();
        let notices = self.model().chat(ChatKey::Everyone).map(|chat| &chat.notices);
        match notices.into_iter().flatten().any(|notice| notice.shown_from > now) {
            true => SOON,
            false => LATER,
        }
    }

    /// Whoever types nothing for long is away.
    pub(super) fn notice_absence(&mut self) {
        if self.present && self.typed.elapsed() >= AWAY_AFTER {
            self.client.perform(Command::SetAway(true));
        }
    }

    /// Does what a line asks for. False when it asks to leave.
    pub fn typed(&mut self, line: &str) -> bool {
        if self.present {
            self.typed = Instant::now();
            self.client.perform(Command::SetAway(false));
            self.mark_seen();
        }
        let unsaying = self.unsaying.take();
        let (chat, model) = (self.chat, self.client.model());
        match typed::parse(line, model, self.names.of(model, chat), chat) {
            Typed::Nothing => {}
            Typed::Leave => return false,
            Typed::Wrong(why) => self.wrong(&why),
            Typed::Say(text) => self.send(chat, text),
            Typed::Send(chat, text) => self.send(chat, text),
            Typed::Go(chat, text) => {
                self.go(chat);
                if let Some(text) = text {
                    self.send(chat, text);
                }
            }
            Typed::Groups => self.show_groups(),
            Typed::New(name) => {
                let wish = GroupWish::Create { name: name.into(), members: Vec::new(), history: Past::All };
                self.ask(wish, Then::Enter);
            }
            Typed::Add(group, people) => self.ask(GroupWish::Add(group, people), Then::Nothing),
            Typed::Kick(group, who) => self.ask(GroupWish::Remove(group, who), Then::Nothing),
            Typed::Rename(group, name) => self.ask(GroupWish::Rename(group, name.into()), Then::Nothing),
            Typed::HandOver(group, who) => self.ask(GroupWish::HandOver(group, who), Then::Nothing),
            Typed::Part(group) => {
                let said = format!("You are out of {}.", safe::word(&self.title));
                self.ask(GroupWish::Leave(group), Then::Out(said));
            }
            Typed::Delete(group) => {
                let said = format!("{} is deleted.", safe::word(&self.title));
                self.ask(GroupWish::Delete(group), Then::Out(said));
            }
            Typed::Reply(text) => self.reply(chat, text),
            Typed::Edit(text) => self.edit(chat, text),
            Typed::Unsay => self.unsay(chat, unsaying),
            Typed::File(path) => self.send_file(chat, path),
            Typed::Save(words) => self.save_file(chat, words),
            Typed::Who => self.show_people(),
            Typed::History(count) => self.history = Some((chat, count)),
            Typed::Read => self.mark_all(),
            Typed::Retry => self.each_refused(|n| Command::Retry { n }, "Nothing was refused."),
            Typed::Discard => self.each_refused(|n| Command::Discard { n }, "Nothing was refused."),
            Typed::Help => self.show_help(),
        }
        self.look();
        true
    }

    fn send(&mut self, chat: ChatKey, text: &str) {
        self.put(chat, text, None);
    }

    /// A text as the server takes it; otherwise what was not done for which reason is told.
    pub(super) fn checked(&mut self, text: &str, not: &str) -> Option<String> {
        let most = self.model().message_max_bytes;
        let fits = check_message(text).map_err(|error| error.to_string()).and_then(|()| match text.len() > most {
            true => Err(format!("The text has {} bytes; this server takes {most}.", text.len())),
            false => Ok(()),
        });
        if let Err(why) = fits {
            let back = if self.present { " The Up key brings it back." } else { "" };
            self.wrong(&format!("{not}: {}.{back}", why.trim_end_matches('.')));
            return None;
        }
        Some(text.to_owned())
    }

    /// Sends a text to a chat, as an answer to the message at that place if one is named.
    pub(super) fn put(&mut self, chat: ChatKey, text: &str, reply_to: Option<Seq>) {
        let Some(sent) = self.checked(text, "Not sent") else { return };
        self.client.perform(Command::Send { chat, text: sent, reply_to, attachments: Vec::new() });
        if !self.is_online() {
            let to = safe::word(self.model().title(chat));
            let line = format!("… for {to}, waits for the connection: {}", safe::beginning(text, BEGINNING_CHARS));
            let line = self.paint.quiet(line);
            self.say(line);
        }
    }

    fn ask(&mut self, wish: GroupWish, then: Then) {
        self.client.perform(Command::Group(wish));
        self.asked = self.model().job.as_ref().map(|job| Asked { n: job.n, then });
    }

    /// From now on, plain text goes there.
    pub(super) fn go(&mut self, chat: ChatKey) {
        self.chat = chat;
        self.title = self.model().title(chat).to_owned();
        // What is new there was shown when it came: now it is before its reader.
        self.mark_seen();
    }

    /// What was shown of the chat that one is in was seen: somebody is there, and types.
    pub(super) fn mark_seen(&mut self) {
        let Some(news) = self.news.as_ref().filter(|_| self.present) else { return };
        let shown = news.shown(self.chat);
        let messages = self.model().chat(self.chat).map(|chat| &chat.messages);
        let last = messages.and_then(|all| all.iter().rev().find(|message| message.seq <= shown));
        if let Some(upto) = last.map(|message| message.seq) {
            self.client.perform(Command::MarkRead { chat: self.chat, upto });
        }
    }

    fn mark_all(&mut self) {
        let unread = self.model().chats.iter().filter(|(_, chat)| chat.unread > 0);
        let last = unread.filter_map(|(key, chat)| Some((*key, chat.last.as_ref()?.seq, chat.unread)));
        let all: Vec<_> = last.collect();
        let count: u32 = all.iter().map(|(.., unread)| unread).sum();
        for (chat, upto, _) in all {
            self.client.perform(Command::MarkRead { chat, upto });
        }
        self.say(match count {
            0 => "Everything is read.".to_owned(),
            1 => "One message is marked as read.".to_owned(),
            count => format!("{count} messages are marked as read."),
        });
    }

    fn each_refused(&mut self, command: impl Fn(u64) -> Command, none: &str) {
        let refused = self.model().outbox.entries().filter(|entry| entry.progress != Progress::Pending);
        let refused: Vec<u64> = refused.map(|entry| entry.n).collect();
        if refused.is_empty() {
            self.say(none);
        }
        for n in refused {
            self.failed.remove(&n);
            self.client.perform(command(n));
        }
    }

    fn show_people(&mut self) {
        let (model, clock) = (self.client.model(), self.clock());
        let mut people: Vec<_> = model.people.iter().collect();
        people.sort_by_cached_key(|(id, person)| (person.status, person.username.to_lowercase(), **id));
        let lines: Vec<String> = people
            .into_iter()
            .map(|(id, person)| {
                let sign = if person.status == Status::Offline { " " } else { "*" };
                let you = if model.is_me(*id) { " (you)" } else { "" };
                let there = presence::of(model, *id, &clock);
                let name = self.paint.strong(safe::word(&person.username));
                format!("{sign} {name}{you}: {}", self.paint.quiet(there))
            })
            .collect();
        self.said.lines.extend(lines);
    }

    fn show_groups(&mut self) {
        let model = self.client.model();
        let mut lines: Vec<String> = Vec::new();
        for (id, group) in &model.groups {
            let names = group.members.iter().take(20).map(|member| {
                let owner = if *member == group.owner { " (owner)" } else { "" };
                format!("{}{owner}", safe::word(model.name(*member)))
            });
            let names: Vec<String> = names.collect();
            let more = group.members.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let title = self.paint.strong(safe::word(&group.name));
            lines.push(format!("#{} {title}: {}{more}", id.0, names.join(", ")));
        }
        if lines.is_empty() {
            lines.push("You are in no group. /new NAME makes one.".into());
        }
        self.said.lines.extend(lines);
    }

    fn show_help(&mut self) {
        self.say("Text goes to the chat that the prompt names. @NAME TEXT, or NAME: TEXT, goes to one person alone.");
        let widest = COMMANDS.iter().map(|it| it.name.len() + it.takes.len()).max().unwrap_or_default() + 2;
        for command in COMMANDS {
            let begin = format!("/{} {}", command.name, command.takes);
            let line = format!("  {begin:<width$}  {}", command.does, width = widest);
            self.say(line);
        }
        self.say("Tab completes names and commands, Alt+Enter breaks the line, Up brings back what was typed.");
    }
}
