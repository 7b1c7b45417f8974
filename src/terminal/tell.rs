//! What somebody at a terminal is told: the connection, who comes and goes, what is said, how far their own messages have
//! come, and what came of what they asked for.

use super::session::{BEGINNING_CHARS, Mine, Session, Stage, Then};
use crate::client::command::Command;
use crate::client::model::{Chat, Link, Message, Model, Phase};
use crate::client::outbox::{Destination, Progress, What};
use crate::clock;
use crate::lines::news::News;
use crate::lines::{Failure, entry, live, safe};
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::proto::ids::{Seq, UserId};
use crate::ui::happened;

/// How many entries are shown at once after an absence: about two screens. `/history` has the rest.
const AT_ONCE_MAX: usize = 50;

/// How many names are in the first line.
const NAMES_MAX: usize = 20;

impl Session {
    /// Takes in what came, and makes lines of what is new.
    pub fn look(&mut self) {
        self.client.poll();
        if let Phase::SignedOut { problem } = &self.model().phase
            && self.over.is_none()
        {
            let why = problem.as_ref().map_or_else(|| Failure::refused("You are signed out."), live::failure);
            if self.present {
                self.wrong(&format!("{} Press Enter to leave.", why.message));
            }
            self.over = Some(why);
        }
        if self.over.is_some() {
            return;
        }
        self.notice_absence();
        self.tell_of_link();
        self.tell_of_news();
        self.tell_of_people();
        self.tell_of_receipts();
        self.tell_of_failures();
        self.tell_of_answer();
        self.tell_of_history();
        self.tell_of_saving();
        self.stay_somewhere();
    }

    fn tell_of_link(&mut self) {
        let online = self.is_online();
        let came_online = online && !self.online;
        self.online = online;
        if self.news.is_none() {
            return self.begin();
        }
        if came_online {
            self.told = told(self.model());
            if let Some(news) = &mut self.news {
                news.look_for_gaps(self.client.model());
            }
            if std::mem::take(&mut self.lost) {
                self.say("Online again.");
            }
        }
        let line = match &self.model().link {
            Link::Waiting { until, .. } => {
                let seconds = (until.0.saturating_sub(clock::now().0) + 999).max(1_000) / 1_000;
                format!("Connection lost, trying again in {seconds} s. What you write is kept.")
            }
            Link::Halted { reason } => {
                format!("{} What you write is kept: leave, and log in again to decide.", safe::word(reason))
            }
            Link::Online | Link::Connecting => return,
        };
        if !std::mem::replace(&mut self.lost, true) {
            self.say(self.paint.wrong(line));
        }
    }

    /// The first lists are there, or what was kept on this computer stands for them.
    fn begin(&mut self) {
        let model = self.client.model();
        let reason = match &model.link {
            Link::Online => None,
            Link::Waiting { reason, .. } | Link::Halted { reason } => Some(reason.clone()),
            Link::Connecting => return,
        };
        let present = self.present;
        let missed = move |chat: &Chat| match present && chat.unread > 0 {
            true => Some(chat.read),
            false => chat.last.as_ref().map(|last| last.seq),
        };
        self.told = told(model);
        self.news = Some(News::begin(model, missed, 1));
        self.lost = reason.is_some();
        if !present {
            return;
        }
        let mut lines: Vec<String> = model.hosting.iter().map(|hosted| safe::word(&hosted.details())).collect();
        let me = model.me.as_ref().map(|me| safe::word(&me.username)).unwrap_or_default();
        lines.push(format!("You are {}. /help lists the commands.", self.paint.strong(me)));
        if let Some(reason) = reason {
            lines.push(self.paint.wrong(format!("No connection: {} What you write is kept.", safe::word(&reason))));
        } else {
            let there =
                model.people.iter().filter(|(id, person)| !model.is_me(**id) && person.status != Status::Offline);
            let there: Vec<String> = there.map(|(_, person)| safe::word(&person.username)).collect();
            lines.push(match there.as_slice() {
                [] => "Nobody else is online.".into(),
                some if some.len() > NAMES_MAX => format!("{} people are online: /who names them.", some.len()),
                some => format!("Online: {}.", some.join(", ")),
            });
        }
        let missed = model.chats.iter().filter(|(_, chat)| chat.unread > 0);
        let missed: Vec<String> =
            missed.map(|(key, chat)| format!("{} in {}", chat.unread, safe::word(model.title(*key)))).collect();
        if !missed.is_empty() {
            lines.push(format!("Unread: {}.", missed.join(", ")));
        }
        match self.left_unsent {
            0 => {}
            1 => lines.push("One message that you left unsent goes out with this connection.".into()),
            count => lines.push(format!("{count} messages that you left unsent go out with this connection.")),
        }
        lines.into_iter().for_each(|line| self.say(line));
    }

    fn tell_of_news(&mut self) {
        let Some(news) = &mut self.news else { return };
        if !self.online {
            return;
        }
        for chat in news.wanted(self.client.model()) {
            self.client.perform(Command::LoadOlder { chat });
        }
        // In the order of the log, so that what was missed in several chats reads as it happened.
        if news.is_waiting() {
            return;
        }
        let changed = news.changed(self.client.model());
        let new = news.take(self.client.model());
        for (key, message) in changed.iter().rev().take(AT_ONCE_MAX).rev() {
            let line = self.line(*key, message);
            self.say(line);
        }
        let hidden = new.len().saturating_sub(AT_ONCE_MAX);
        if hidden > 0 {
            self.say(self.paint.quiet(format!("… {hidden} earlier; /history shows them chat by chat")));
        }
        for (key, message) in new.into_iter().skip(hidden) {
            let line = self.line(key, &message);
            self.say(line);
            if self.model().is_me(message.from) && message.change.is_none() && !message.deleted {
                let stage = stage(self.model(), key, message.seq);
                let begin = entry::beginning(&message, BEGINNING_CHARS);
                self.mine.insert(key, Mine { seq: message.seq, begin, stage });
            }
        }
    }

    /// An entry of a conversation, as a line or several.
    fn line(&self, key: ChatKey, message: &Message) -> String {
        let (model, clock, paint) = (self.model(), self.clock(), self.paint);
        let time = match clock.day(message.at) == clock.day(clock.now) {
            true => clock.time(message.at),
            false => entry::stamp(&self.zone, message.at),
        };
        let mine = model.is_me(message.from);
        let place = match (key, mine) {
            (ChatKey::Person(_), true) => format!("[to {}]", safe::word(model.title(key))),
            (ChatKey::Person(_), false) => paint.personal("[private]"),
            _ => format!("[{}]", safe::word(model.title(key))),
        };
        let begin = format!("{} {place}", paint.quiet(time));
        if let Some(change) = &message.change {
            return format!(
                "{begin} {}",
                paint.quiet(format!("* {}", happened::change_sentence(model, message.from, change)))
            );
        }
        if message.deleted {
            let name = if mine { "You".to_owned() } else { safe::word(model.name(message.from)) };
            return format!("{begin} {}", paint.quiet(format!("* {name} {}", entry::DELETED)));
        }
        let name = match mine {
            true => "You".to_owned(),
            false if message.mentions_me => paint.personal(safe::word(model.name(message.from))),
            false => paint.strong(safe::word(model.name(message.from))),
        };
        let text = entry::said(model, key, message);
        let mark = if mine { format!(" {}", self.mark(stage(model, key, message.seq))) } else { String::new() };
        format!("{begin} {name}: {text}{mark}")
    }

    fn mark(&self, stage: Stage) -> String {
        match stage {
            Stage::Stored => self.paint.quiet("✓"),
            Stage::Delivered => self.paint.quiet("✓✓"),
            Stage::Read => self.paint.read("✓✓ read"),
        }
    }

    /// Who has come and gone. Who is gone for a moment has not left.
    fn tell_of_people(&mut self) {
        let now = clock::now();
        let model = self.client.model();
        let notices = model.chat(ChatKey::Everyone).map(|chat| &chat.notices);
        let due = notices.into_iter().flatten().filter(|notice| notice.shown_from <= now);
        let mut lines = Vec::new();
        for notice in due {
            if self.told.insert(notice.user, notice.online) == Some(notice.online) {
                continue;
            }
            let what = if notice.online { "is online" } else { "has left" };
            lines.push((notice.at, format!("* {} {what}", safe::word(model.name(notice.user)))));
        }
        let clock = self.clock();
        for (at, line) in lines {
            self.say(self.paint.quiet(format!("{} {line}", clock.time(at))));
        }
    }

    /// How far the newest own message of each chat has come: in a room only when all have read it.
    fn tell_of_receipts(&mut self) {
        let (mut lines, model, paint) = (Vec::new(), self.client.model(), self.paint);
        self.mine.retain(|key, mine| {
            let stage = stage(model, *key, mine.seq);
            if stage > mine.stage {
                mine.stage = stage;
                let who = match key {
                    ChatKey::Person(id) => safe::word(model.name(*id)),
                    room => format!("Everybody in {}", safe::word(model.title(*room))),
                };
                match stage {
                    Stage::Read => lines.push(paint.read(format!("✓✓ {who} has read: {}", mine.begin))),
                    Stage::Delivered if !key.is_room() => {
                        lines.push(paint.quiet(format!("✓✓ {who} has received: {}", mine.begin)));
                    }
                    Stage::Delivered | Stage::Stored => {}
                }
            }
            stage < Stage::Read
        });
        lines.into_iter().for_each(|line| self.say(line));
    }

    fn tell_of_failures(&mut self) {
        let model = self.client.model();
        let mut told = Vec::new();
        for entry in model.outbox.entries() {
            let Progress::Failed(problem) = &entry.progress else { continue };
            if self.failed.insert(entry.n) {
                let to = match &entry.to {
                    Destination::Chat(chat) => safe::word(model.title(*chat)),
                    Destination::People(people) => format!("{} people", people.len()),
                };
                let begin = match &entry.what {
                    What::Say { enclosure: Some(file), .. } if entry.text.is_empty() => file.name.as_str(),
                    What::Delete(_) => "a message that was to be deleted",
                    _ => &entry.text,
                };
                let begin = safe::beginning(begin, BEGINNING_CHARS);
                let why = safe::word(&problem.message);
                let not = match &entry.what {
                    What::Say { .. } => "Not sent to",
                    What::Edit(_) => "Not changed in",
                    What::Delete(_) => "Not deleted in",
                };
                told.push(format!("{not} {to}: {begin}: {why} /retry sends it again, /discard gives it up."));
            }
        }
        told.iter().for_each(|why| self.wrong(why));
    }

    /// What came of a wish about a group.
    fn tell_of_answer(&mut self) {
        let Some(asked) = &self.asked else { return };
        let job = self.client.model().job.as_ref().filter(|job| job.n == asked.n);
        let outcome = match job {
            Some(job) => job.outcome.clone(),
            None => return self.asked = None,
        };
        let Some(outcome) = outcome else { return };
        let Some(asked) = self.asked.take() else { return };
        match (outcome, asked.then) {
            (Err(problem), _) => self.wrong(&safe::word(&problem.message)),
            (Ok(reply), Then::Enter) => {
                if let Some(group) = reply.group {
                    self.go(ChatKey::Group(group));
                }
            }
            (Ok(_), Then::Out(said)) => {
                self.say(said);
                self.go(ChatKey::Everyone);
            }
            (Ok(_), Then::Nothing) => {}
        }
    }

    fn tell_of_history(&mut self) {
        let Some((key, count)) = self.history else { return };
        let known = self.model().chat(key);
        let had = known.map_or(0, |chat| chat.messages.len());
        let problem = known.and_then(|chat| chat.problem.clone());
        let enough = had >= count || known.is_some_and(|chat| chat.complete);
        if !enough && problem.is_none() && self.online {
            return self.client.perform(Command::LoadOlder { chat: key });
        }
        let last = known.map(|chat| chat.messages.iter().skip(had.saturating_sub(count)).cloned());
        let messages: Vec<Message> = last.into_iter().flatten().collect();
        self.history = None;
        if messages.is_empty() {
            self.say("Nothing has been said here yet.");
        }
        for message in messages {
            let line = self.line(key, &message);
            self.say(line);
        }
        if let Some(problem) = problem {
            self.wrong(&safe::word(&problem));
        }
    }

    /// The group that one is in may be gone, or be called otherwise.
    fn stay_somewhere(&mut self) {
        let chat = self.chat;
        let gone = match chat {
            ChatKey::Group(id) => self.online && !self.model().groups.contains_key(&id) && self.asked.is_none(),
            _ => false,
        };
        if gone {
            let line = format!("You are not in {} any more.", safe::word(&self.title));
            self.say(line);
            self.go(ChatKey::Everyone);
        } else if self.model().title(chat) != self.title && !matches!(chat, ChatKey::Group(_) if !self.online) {
            self.title = self.model().title(chat).to_owned();
        }
    }
}

/// Who is there, and needs not to be told of.
fn told(model: &Model) -> std::collections::BTreeMap<UserId, bool> {
    model.people.iter().map(|(id, person)| (*id, person.status != Status::Offline)).collect()
}

fn stage(model: &Model, key: ChatKey, seq: Seq) -> Stage {
    let reach = model.reach(key, seq);
    match reach.receivers {
        0 => Stage::Stored,
        all if reach.read == all => Stage::Read,
        all if reach.delivered == all => Stage::Delivered,
        _ => Stage::Stored,
    }
}
