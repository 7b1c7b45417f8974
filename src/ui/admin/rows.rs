//! What the page of an administrator shows of accounts and invites, as data: who is found by a search, and each row in
//! words. Draws nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::client::model::{AdminView, Model};
use crate::proto::account::Role;
use crate::proto::event::{AccountInfo, InviteInfo, Status};
use crate::proto::ids::UserId;
use crate::ui::fuzzy::{Folded, Query};
use crate::ui::presence;
use crate::ui::when::Clock;

/// Whom a search finds, kept until something changes: with 10,000 accounts, sorting takes longer than a frame has.
#[derive(Debug, Default)]
pub struct Found {
    /// Those who match, the best first; all by name while nothing is searched.
    pub ids: Vec<UserId>,
    /// What was searched for.
    pub query: Option<Query>,
    made_of: Option<u64>,
}

impl Found {
    /// Searches. Returns whether others may be found than before.
    pub fn look(&mut self, view: &AdminView, search: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        search.hash(&mut hasher);
        for (id, account) in &view.accounts {
            (id, &account.username).hash(&mut hasher);
        }
        let made_of = Some(hasher.finish());
        let changed = self.made_of != made_of;
        if changed {
            self.made_of = made_of;
            self.query = Query::new(search);
            let mut found: Vec<_> = view.accounts.values().filter_map(|account| self.fit(account)).collect();
            found.sort();
            self.ids = found.into_iter().map(|(_, _, id)| id).collect();
        }
        changed
    }

    fn fit(&self, account: &AccountInfo) -> Option<(Option<crate::ui::fuzzy::Fit>, String, UserId)> {
        let fit = match &self.query {
            Some(query) => Some(query.fit(&Folded::of(&account.username))?),
            None => None,
        };
        Some((fit, account.username.to_lowercase(), account.id))
    }
}

/// An account as its row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its number.
    pub id: UserId,
    /// Its name.
    pub name: String,
    /// It is this window's.
    pub me: bool,
    /// It may look after the others.
    pub admin: bool,
    /// It is kept out.
    pub blocked: bool,
    /// Whether it is there.
    pub status: Status,
    /// Where from and since when, or when it was last there.
    pub words: String,
    /// Each connection on a line, where there are several.
    pub connections: Option<String>,
}

impl Person {
    /// The row of an account.
    pub fn of(account: &AccountInfo, model: &Model, clock: &Clock) -> Self {
        let each: Vec<String> = account
            .connections
            .iter()
            .map(|connection| {
                let since = clock.in_list(connection.since).replace("Yesterday", "yesterday");
                format!("{} since {since}", place(&connection.address))
            })
            .collect();
        let state = match (account.status, account.last_seen) {
            (Status::Offline, Some(seen)) => clock.last_seen(seen),
            (Status::Offline, None) => "never signed in".into(),
            (status, _) => presence::status_word(Some(status)).into(),
        };
        let words = match each.as_slice() {
            [] => state,
            all => format!("{state} · {}", all.join(", ")),
        };
        Self {
            id: account.id,
            name: account.username.clone(),
            me: model.is_me(account.id),
            admin: account.role == Role::Admin,
            blocked: account.blocked,
            status: account.status,
            words,
            connections: (each.len() > 1).then(|| each.join("\n")),
        }
    }

    /// The row as one sentence.
    pub fn spoken(&self) -> String {
        let mut said = vec![self.name.clone()];
        for (is, word) in [(self.me, "you"), (self.admin, "administrator"), (self.blocked, "blocked")] {
            if is {
                said.push(word.into());
            }
        }
        said.push(self.words.clone());
        said.join(", ")
    }
}

/// An address as people say it.
fn place(address: &str) -> &str {
    match address {
        "127.0.0.1" | "::1" => "this computer",
        other => other,
    }
}

/// How many there are, and how many of them are there.
pub fn count(view: &AdminView) -> String {
    let online = view.accounts.values().filter(|account| account.status != Status::Offline).count();
    match view.accounts.len() {
        1 => "1 person".into(),
        all => format!("{all} people, {online} online"),
    }
}

/// An invite as its row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Its number.
    pub n: u64,
    /// For whom it is, or which number it has.
    pub title: String,
    /// What is left of it, and who made it.
    pub words: String,
    /// An account can still be made with it.
    pub good: bool,
}

impl Invite {
    /// The row of an invite.
    pub fn of(info: &InviteInfo, model: &Model, clock: &Clock) -> Self {
        let title = match info.label.trim() {
            "" => format!("Invite {}", info.invite),
            label => label.to_owned(),
        };
        let left = info.uses.saturating_sub(info.used);
        let state = match (left, clock.now < info.expires) {
            (0, _) if info.uses == 1 => "used".into(),
            (0, _) => format!("all {} used", info.uses),
            (_, false) => format!("expired {}, {} of {} used", clock.stamp(info.expires), info.used, info.uses),
            (left, true) => format!("{left} of {} left, until {}", info.uses, clock.stamp(info.expires)),
        };
        let by = if model.is_me(info.by) { "you" } else { model.name(info.by) };
        let made = clock.in_list(info.created).replace("Yesterday", "yesterday");
        let words = format!("{state} · made {made} by {by}, no. {}", info.invite);
        Self { n: info.invite, title, words, good: info.is_good(clock.now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::event::ConnectionInfo;
    use crate::proto::ids::{DeviceId, Millis};

    fn clock() -> Clock {
        // Friday 20 November 2026, 15:00.
        Clock { now: Millis(1_795_186_800_000), zone: jiff::tz::TimeZone::UTC }
    }

    fn account(id: u32, name: &str) -> AccountInfo {
        AccountInfo {
            id: UserId(id),
            username: name.into(),
            role: Role::Member,
            blocked: false,
            status: Status::Offline,
            last_seen: None,
            connections: Vec::new(),
        }
    }

    #[test]
    fn a_row_says_who_where_from_and_since_when() {
        let model = Model::new(DeviceId::from_random(1));
        let mut bob = account(2, "Bob");
        assert_eq!(Person::of(&bob, &model, &clock()).spoken(), "Bob, never signed in");
        let since = clock().now.plus(-3_600_000);
        bob.connections = vec![
            ConnectionInfo { address: "127.0.0.1".into(), since },
            ConnectionInfo { address: "192.168.1.7".into(), since: since.plus(60_000) },
        ];
        (bob.status, bob.role, bob.blocked) = (Status::Online, Role::Admin, true);
        let row = Person::of(&bob, &model, &clock());
        let words = "online · this computer since 14:00, 192.168.1.7 since 14:01";
        assert_eq!(row.spoken(), format!("Bob, administrator, blocked, {words}"));
        assert_eq!(row.connections.as_deref(), Some("this computer since 14:00\n192.168.1.7 since 14:01"));
    }

    #[test]
    fn a_search_finds_the_best_first_and_is_made_once() {
        let mut view = AdminView::default();
        for (id, name) in [(1, "Joanna"), (2, "Bob"), (3, "anton")] {
            view.accounts.insert(UserId(id), account(id, name));
        }
        let mut found = Found::default();
        assert!(found.look(&view, "") && found.ids == [UserId(3), UserId(2), UserId(1)]);
        assert!(!found.look(&view, ""));
        assert!(found.look(&view, "an") && found.ids == [UserId(3), UserId(1)]);
    }

    #[test]
    fn an_invite_says_what_is_left_of_it() {
        let model = Model::new(DeviceId::from_random(1));
        let now = clock().now;
        let mut info = InviteInfo {
            invite: 3,
            label: String::new(),
            by: UserId(9),
            created: now,
            expires: now.plus(1),
            uses: 5,
            used: 2,
        };
        let row = |info: &InviteInfo| Invite::of(info, &model, &clock());
        assert_eq!(row(&info).title, "Invite 3");
        assert!(row(&info).words.starts_with("3 of 5 left, until 20 Nov 2026, 15:00"), "{}", row(&info).words);
        info.expires = now;
        assert!(!row(&info).good && row(&info).words.starts_with("expired"));
        info.used = 5;
        assert!(row(&info).words.starts_with("all 5 used"));
    }
}
