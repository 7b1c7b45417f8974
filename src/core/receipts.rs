//! The part of the engine that has to do with how far messages have come, and with what an account wants told.

use super::engine::{Effect, Engine, Waiting, frame_of};
use super::requests::Asker;
use super::state::Marks;
use crate::proto::chat::{ChatId, ChatKey};
use crate::proto::event::{Code, Problem, Receipt, Receipts, Typing};
use crate::proto::ids::{Seq, UserId};
use crate::proto::limits::RECEIPTS_MAX;
use crate::proto::record::{Delivered, Muted, Read, ReadReceipts, Record};
use crate::proto::request::{ChatRef, MarkRead};

impl Engine {
    pub(super) fn mark_read(&mut self, asker: Asker, mark: &MarkRead) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        let chat = self.any_chat(user, &mark.chat)?;
        let summary = self.state.summary(user, chat);
        let upto = summary.map_or(Seq(0), |summary| mark.seq.min(summary.seq));
        if summary.is_none_or(|summary| upto <= summary.read) {
            self.reply(session, "mark_read", id, ());
            return Ok(());
        }
        // Nothing is read before it is said.
        let now = self.time_in([chat], now);
        let chat = chat.key_for(user);
        self.append(session, id, now, |seq, at| Record::Read(Read { seq, at, by: user, chat, upto }))
    }

    pub(super) fn mark_delivered(&mut self, asker: Asker, upto: Seq) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        let upto = upto.min(self.state.seq());
        if upto <= self.state.delivered(user) {
            self.reply(session, "mark_delivered", id, ());
            return Ok(());
        }
        self.append(session, id, now, |seq, at| Record::Delivered(Delivered { seq, at, by: user, upto }))
    }

    pub(super) fn typing(&mut self, asker: Asker, chat: &ChatRef) -> Result<(), Problem> {
        let chat = self.open_chat(asker.user, chat)?;
        let (group, everyone) = match chat {
            ChatId::Everyone => (None, true),
            ChatId::Group(group) => (Some(group), false),
            ChatId::Direct(..) => (None, false),
        };
        let frame = frame_of(&Typing { from: asker.user, group, everyone });
        for user in self.audience(chat) {
            // It is news to others, and to nobody's own windows but in a chat with oneself.
            if user == asker.user && chat != ChatId::direct(user, user) {
                continue;
            }
            for other in self.sessions.of(user).filter(|&other| other != asker.session && self.sessions.is_live(other))
            {
                self.effects.push(Effect::Push(other, frame.clone(), self.state.seq()));
            }
        }
        self.reply(asker.session, "typing", asker.id, ());
        Ok(())
    }

    pub(super) fn set_read_receipts(&mut self, asker: Asker, on: bool) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        let is_setting = |record: &Record<'_>| matches!(record, Record::ReadReceipts(it) if it.by == user);
        if self.state.read_receipts(user) == on && !self.waits_for(is_setting) {
            self.reply(session, "set_read_receipts", id, ());
            return Ok(());
        }
        self.append(session, id, now, |seq, at| Record::ReadReceipts(ReadReceipts { seq, at, by: user, on }))
    }

    /// Whether such a record is given out: what it changes is not yet in the state, and may be changed back.
    fn waits_for(&self, is_such: impl Fn(&Record<'_>) -> bool) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Record { record, .. } if is_such(record)))
    }

    pub(super) fn mute_chat(&mut self, asker: Asker, chat: &ChatRef, muted: bool) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        let id_of_chat = self.any_chat(user, chat)?;
        let chat = id_of_chat.key_for(user);
        let is_setting = |record: &Record<'_>| matches!(record, Record::Muted(it) if it.by == user && it.chat == chat);
        if self.state.is_muted(user, id_of_chat) == muted && !self.waits_for(is_setting) {
            self.reply(session, "mute_chat", id, ());
            return Ok(());
        }
        self.append(session, id, now, |seq, at| Record::Muted(Muted { seq, at, by: user, chat, muted }))
    }

    /// Who has received and who has read a message of the asker's.
    pub(super) fn fetch_receipts(&mut self, asker: Asker, chat: &ChatRef, seq: Seq) -> Result<(), Problem> {
        let id = self.any_chat(asker.user, chat)?;
        let author = self.state.chat(id).and_then(|chat| chat.author(seq));
        if author != Some(asker.user) || !self.state.may_see(asker.user, id, seq) {
            let text = "You have no message at that place of this chat: receipts are for who wrote it.";
            return Err(Problem::new(Code::UnknownMessage, text));
        }
        self.may_be_large(asker.session)?;
        let receipts = self.receipts(asker.user, id, seq);
        self.reply(asker.session, "fetch_receipts", asker.id, receipts);
        self.sessions.large_begun(asker.session);
        self.large_sent(asker.session);
        Ok(())
    }

    fn receipts(&self, viewer: UserId, id: ChatId, seq: Seq) -> Receipts {
        let told = self.state.read_receipts(viewer);
        let (mut receivers, mut delivered, mut read) = (0, Vec::new(), Vec::new());
        for user in self.audience(id).into_iter().filter(|user| *user != viewer) {
            let member = self.state.chat(id).and_then(|chat| chat.members.get(&user));
            if member.is_some_and(|member| member.joined > seq) {
                continue;
            }
            receivers += 1;
            let read_at = member.map(|member| &member.shown).and_then(|shown: &Marks| shown.reached(seq));
            let delivered_at = self.state.delivered_at(user, seq);
            if let Some(at) = delivered_at.into_iter().chain(read_at).min() {
                delivered.push(Receipt { user, at });
            }
            read.extend(read_at.filter(|_| told).map(|at| Receipt { user, at }));
        }
        let count = |list: &[Receipt]| u32::try_from(list.len()).unwrap_or(u32::MAX);
        let (delivered_count, read_count) = (count(&delivered), count(&read));
        for list in [&mut delivered, &mut read] {
            list.sort_by_key(|receipt| (receipt.at, receipt.user));
            list.truncate(RECEIPTS_MAX);
        }
        Receipts { chat: id.key_for(viewer), seq, receivers, delivered_count, read_count, delivered, read }
    }

    /// Everybody who is in a chat and has an account, by number; in a group by the time of joining.
    pub(super) fn audience(&self, id: ChatId) -> Vec<UserId> {
        match id {
            ChatId::Everyone => self.directory.iter().map(|(user, _)| user).collect(),
            ChatId::Group(group) => self.state.group(group).map(|group| group.members.clone()).unwrap_or_default(),
            ChatId::Direct(low, high) if low == high => vec![low],
            ChatId::Direct(low, high) => vec![low, high],
        }
    }

    /// Whom it concerns that an account has read a chat up to a place, beside itself: the other side, or in a room
    /// those who wrote what was newly read. Nobody who does not take part in telling such things.
    pub(super) fn told_of_reading(&self, read: &Read) -> Vec<UserId> {
        if !self.state.read_receipts(read.by) {
            return Vec::new();
        }
        let id = read.chat.id_for(read.by);
        let concerned: Vec<_> = match read.chat {
            ChatKey::Person(with) => vec![with],
            ChatKey::Everyone | ChatKey::Group(_) => {
                let Some(chat) = self.state.chat(id) else { return Vec::new() };
                let old = chat.members.get(&read.by).map_or(Seq(0), |member| member.shown.upto().max(member.joined));
                chat.authors(old, read.upto).into_iter().collect()
            }
        };
        let told = |user: &UserId| *user != read.by && self.state.read_receipts(*user) && self.state.is_in(*user, id);
        concerned.into_iter().filter(told).collect()
    }
}
