//! How lists change the model: who there is, which groups and chats, how far they have come.

use std::sync::Arc;

use crate::client::model::{Group, Last, Model, NOTICES_MAX, Notice, Person};
use crate::proto::chat::ChatKey;
use crate::proto::event::{ChatEntry, Cursors, GroupInfo, People, Status};
use crate::proto::ids::{Millis, Seq, UserId};
use crate::visible::isolated;

/// How long somebody may be gone before they have left: a connection that flaps is nobody's news.
const LEAVE_AFTER_MILLIS: i64 = 10_000;

impl Model {
    pub(super) fn named(&mut self, event: People, now: Millis) {
        if event.whole {
            self.listed = Some(Default::default());
        }
        for former in event.former {
            self.former.insert(former.id, format!("{} (former member)", isolated(&former.username)));
        }
        for person in event.people {
            match &mut self.listed {
                Some(listed) => _ = listed.people.insert(person.id),
                None => self.noticed(person.id, person.status, now),
            }
            if let Some(me) = self.me.as_mut().filter(|me| me.id == person.id) {
                me.username.clone_from(&person.username);
                // What was said to everyone before there was this account counts as read.
                let everyone = self.chats.entry(ChatKey::Everyone).or_default();
                everyone.read = everyone.read.max(person.joined);
            }
            self.people.insert(
                person.id,
                Person {
                    username: person.username,
                    status: person.status,
                    last_seen: person.last_seen,
                    joined: person.joined,
                },
            );
        }
        for id in event.removed {
            self.people.remove(&id);
        }
    }

    /// Somebody else has come or gone: a line in the room of everyone, unless they are only gone for a moment.
    fn noticed(&mut self, user: UserId, status: Status, now: Millis) {
        let was = self.people.get(&user).map_or(Status::Offline, |person| person.status);
        let online = status != Status::Offline;
        if self.is_me(user) || online == (was != Status::Offline) {
            return;
        }
        let notices = &mut self.chats.entry(ChatKey::Everyone).or_default().notices;
        let last = notices.iter().rposition(|notice| notice.user == user);
        // Back before anybody was told of the leave: nothing has happened.
        if let Some(at) = last.filter(|&at| online && !notices[at].online && notices[at].shown_from > now) {
            notices.remove(at);
            return;
        }
        // The last line of the list is about the same person: the new one takes its place.
        if last.is_some_and(|at| at + 1 == notices.len()) {
            notices.pop_back();
        }
        let shown_from = if online { now } else { now.plus(LEAVE_AFTER_MILLIS) };
        notices.push_back(Notice { user, online, at: now, shown_from });
        if notices.len() > NOTICES_MAX {
            notices.pop_front();
        }
    }

    pub(super) fn group_listed(&mut self, info: GroupInfo) {
        if let Some(listed) = &mut self.listed {
            listed.groups.insert(info.group);
        }
        let GroupInfo { group, name, owner, history, since, members } = info;
        let joined = members.iter().map(|member| (member.user, member.joined)).collect();
        let members = members.into_iter().map(|member| member.user).collect();
        self.groups.insert(group, Group { name, owner, history, members, joined });
        // Who was out of it for a while may not see again what was said before.
        if let Some(chat) = self.chats.get_mut(&ChatKey::Group(group)) {
            chat.messages.retain(|message| message.seq >= since);
            chat.quotes.retain(|seq, _| *seq >= since);
            if let Some(shared) = &mut chat.shared {
                shared.messages.retain(|message| message.seq >= since);
            }
        }
    }

    /// An entry of the list of chats, valid for now. What the server does not know yet of our reading comes back.
    pub(super) fn listed_chat(&mut self, entry: ChatEntry) -> Option<ChatKey> {
        let me = self.my_id()?;
        let key = entry.chat;
        let live = self.listed.is_none();
        let chat = self.chats.entry(key).or_default();
        let read = chat.read;
        if let ChatKey::Person(with) = key {
            if let Some(upto) = entry.their_delivered {
                let marker = self.delivered.entry(with).or_default();
                *marker = (*marker).max(upto);
            }
            chat.read_by =
                entry.their_read.filter(|upto| *upto > Seq(0)).map(|upto| (with, upto)).into_iter().collect();
        }
        if live && read > entry.read {
            // This window's own marker is on its way; what is left after it will be told then.
            return None;
        }
        let change = entry.change.map(Arc::new);
        let file = entry.file.map(|file| file.as_str().into());
        let last = Last {
            seq: entry.seq,
            at: entry.at,
            from: entry.from,
            preview: entry.preview.into(),
            change,
            file,
            deleted: entry.deleted,
        };
        chat.update_last(last);
        chat.unread = entry.unread;
        chat.mentions = entry.mentions;
        chat.muted = entry.muted;
        chat.read = entry.read;
        if entry.from != me {
            self.arrived = self.arrived.max(entry.seq);
        }
        if read <= entry.read {
            return None;
        }
        chat.mark_read(me, read);
        Some(key)
    }

    /// How far a room has come with its members.
    pub(super) fn came_to(&mut self, cursors: &Cursors) {
        let chat = self.chats.entry(cursors.chat).or_default();
        for cursor in &cursors.cursors {
            if cursor.read > Seq(0) {
                chat.read_by.insert(cursor.user, cursor.read);
            }
            let marker = self.delivered.entry(cursor.user).or_default();
            *marker = (*marker).max(cursor.delivered);
        }
    }

    /// The lists are complete: who and what is not in them is gone.
    pub(super) fn listed(&mut self) {
        let Some(listed) = self.listed.take() else { return };
        self.people.retain(|id, _| listed.people.contains(id));
        // What was said in a group may have come without the group itself: it was read before its reader was removed.
        let heard = self.chats.keys().filter_map(|key| if let ChatKey::Group(id) = key { Some(id) } else { None });
        let known = self.groups.keys().chain(heard);
        let out: Vec<_> = known.filter(|id| !listed.groups.contains(id)).copied().collect();
        out.into_iter().for_each(|group| self.out_of(group));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::chat::{Change, GroupId, GroupName, Past};
    use crate::proto::event::{Event, Groups, History, Person as Listed, Ready, Welcome};
    use crate::proto::ids::DeviceId;
    use crate::proto::record::{GroupChange, Record};

    fn people(model: &mut Model, user: u32, status: Status, at: i64, whole: bool) {
        let person =
            Listed { id: UserId(user), username: format!("user{user}"), status, last_seen: None, joined: Seq(0) };
        let event = Event::People(People { people: vec![person], whole, ..People::default() });
        model.apply(event, Millis(at));
    }

    /// Signed in as the first, with the second and the third in the list.
    fn model() -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        let welcome = Welcome {
            user: UserId(1),
            username: "user1".into(),
            server: String::new(),
            log: "log".into(),
            seq: Seq(0),
            resumed: false,
            message_max_bytes: 1,
            read_receipts: true,
            plaintext: false,
            fingerprint: None,
            role: Default::default(),
            server_name: String::new(),
            registration: None,
            session: None,
            token: None,
        };
        model.apply(Event::Login(Ok(welcome)), Millis(0));
        people(&mut model, 1, Status::Online, 0, true);
        people(&mut model, 2, Status::Online, 0, false);
        people(&mut model, 3, Status::Offline, 0, false);
        model.apply(Event::Ready(Ready { seq: Seq(0) }), Millis(0));
        model
    }

    fn lines(model: &Model, now: i64) -> Vec<(u32, bool)> {
        let notices = model.chat(ChatKey::Everyone).map(|chat| &chat.notices);
        let due = notices.into_iter().flatten().filter(|notice| notice.shown_from <= Millis(now));
        due.map(|notice| (notice.user.0, notice.online)).collect()
    }

    #[test]
    fn who_comes_and_goes_is_told_and_who_was_there_is_not() {
        let mut model = model();
        assert_eq!(lines(&model, 0), [], "the list at login is no news");
        people(&mut model, 3, Status::Online, 1_000, false);
        assert_eq!(lines(&model, 1_000), [(3, true)]);
        people(&mut model, 3, Status::Away, 2_000, false);
        people(&mut model, 1, Status::Offline, 2_000, false);
        assert_eq!(lines(&model, 2_000), [(3, true)], "neither being away nor oneself is news");
        people(&mut model, 2, Status::Offline, 3_000, false);
        assert_eq!(lines(&model, 3_000), [(3, true)], "not yet");
        assert_eq!(lines(&model, 13_000), [(3, true), (2, false)]);
    }

    fn change(seq: u64, change: Change) -> Event<'static> {
        let (seq, at, group, by_user) = (Seq(seq), Millis(0), GroupId(3), "user2".into());
        Event::Group(GroupChange { seq, at, group, by: UserId(2), by_user, client_id: None, change })
    }

    #[test]
    fn what_is_heard_of_a_group_and_is_not_in_the_list_is_forgotten() {
        let mut model = model();
        people(&mut model, 1, Status::Online, 0, true);
        // It was caught up with while its reader was in the group, which they are no more when the lists come.
        model.apply(change(7, Change::Added { members: vec![UserId(1)] }), Millis(0));
        model.apply(Event::Ready(Ready { seq: Seq(7) }), Millis(0));
        assert_eq!(model.chat(ChatKey::Group(GroupId(3))), None);
        assert!(model.chat(ChatKey::Everyone).is_some());
    }

    #[test]
    fn who_is_added_again_has_not_heard_what_was_said_in_between() {
        let mut model = model();
        let (name, members, history) = (GroupName::new("x").unwrap(), vec![UserId(2), UserId(1)], Past::All);
        model.apply(change(3, Change::Created { name, members, history }), Millis(0));
        assert!(model.chat(ChatKey::Group(GroupId(3))).unwrap().complete);
        // That they were removed is not told to one who is catching up.
        model.apply(change(9, Change::Added { members: vec![UserId(1)] }), Millis(0));
        let chat = model.chat(ChatKey::Group(GroupId(3))).unwrap();
        assert_eq!(chat.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [Seq(9)]);
        assert!(!chat.complete, "the rest can be loaded");
    }

    #[test]
    fn a_page_from_before_a_removal_leaves_no_hole_when_it_comes_after_the_return() {
        let mut model = model();
        let key = ChatKey::Group(GroupId(3));
        let (name, members) = (GroupName::new("x").unwrap(), vec![UserId(1)]);
        let info = GroupInfo {
            group: GroupId(3),
            name: name.as_str().into(),
            owner: UserId(2),
            history: Past::All,
            since: Seq(0),
            members: Vec::new(),
        };
        let groups = || Event::Groups(Groups { groups: vec![info.clone()] });
        let seqs =
            |model: &Model| model.chat(key).unwrap().messages.iter().map(|message| message.seq.0).collect::<Vec<_>>();
        let page = |id, seqs: &[u64]| {
            let renamed = |&seq: &u64| {
                let change = Change::Renamed { name: name.clone() };
                let by_user = "user2".into();
                Record::Group(GroupChange {
                    seq: Seq(seq),
                    at: Millis(0),
                    group: GroupId(3),
                    by: UserId(2),
                    by_user,
                    client_id: None,
                    change,
                })
            };
            let records = seqs.iter().map(renamed).collect();
            Event::History(Some(id), Ok(History { chat: key, complete: true, records }))
        };
        model.apply(groups(), Millis(0));
        model.apply(change(50, Change::Renamed { name: name.clone() }), Millis(0));
        let (early, before) = model.start_loading(key).unwrap();
        assert_eq!(before, Some(Seq(50)));
        model.apply(change(60, Change::Removed { member: UserId(1) }), Millis(0));
        model.apply(groups(), Millis(0));
        model.apply(change(70, Change::Added { members }), Millis(0));
        // What stands between 40 and 70 is not known.
        model.apply(page(early, &[30, 40]), Millis(0));
        assert_eq!(seqs(&model), [70]);
        let (late, before) = model.start_loading(key).unwrap();
        assert_eq!(before, Some(Seq(70)));
        model.apply(page(early, &[30, 40]), Millis(0));
        assert!(model.chat(key).unwrap().loading, "that is not the one");
        model.apply(page(late, &[40, 50, 60]), Millis(0));
        assert_eq!(seqs(&model), [40, 50, 60, 70]);
        assert!(!model.chat(key).unwrap().loading);
    }

    #[test]
    fn a_connection_that_flaps_is_nobodys_news() {
        let mut model = model();
        for second in 0..50 {
            people(&mut model, 2, Status::Offline, 1_000 * second, false);
            people(&mut model, 2, Status::Online, 1_000 * second + 500, false);
        }
        assert_eq!(lines(&model, 1_000_000), []);
        // Gone for longer, and back: both are told, in one line as long as nobody else's stands between.
        people(&mut model, 2, Status::Offline, 100_000, false);
        people(&mut model, 2, Status::Online, 200_000, false);
        assert_eq!(lines(&model, 1_000_000), [(2, true)]);
        for n in 0..500 {
            people(
                &mut model,
                2 + n % 2,
                if n % 4 < 2 { Status::Offline } else { Status::Online },
                300_000 * n as i64,
                false,
            );
        }
        assert!(lines(&model, i64::MAX).len() <= NOTICES_MAX);
    }
}
