//! What a window knows of accounts beyond who there is: what was asked about them, and what administrators see. Its own
//! part of the model, with its own part of the fold.

use std::collections::BTreeMap;

use super::model::Model;
use crate::proto::account::Role;
use crate::proto::event::{AccountDone, AccountInfo, Accounts, Code, InviteInfo, People, Problem};
use crate::proto::ids::{RequestId, UserId};
use crate::proto::limits::ACCOUNTS_CHUNK_MAX;

/// Something about accounts that was asked of the server, and that a dialog waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Its number, rising.
    pub n: u64,
    /// What came of it; nothing while it is under way.
    pub outcome: Option<Result<AccountDone, Problem>>,
}

/// What an administrator sees while the page is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminView {
    /// Everything below has come at least once.
    pub loaded: bool,
    /// All accounts.
    pub accounts: BTreeMap<UserId, AccountInfo>,
    /// All invites, by number.
    pub invites: Vec<InviteInfo>,
    /// Why the last look was refused.
    pub problem: Option<String>,
    /// Accounts of the pages that have come, while more are to come.
    coming: BTreeMap<UserId, AccountInfo>,
    /// The requests that are under way.
    accounts_asked: Option<RequestId>,
    invites_asked: Option<RequestId>,
    /// The next page of accounts begins after this one.
    next: Option<UserId>,
    /// What is shown may be out of date.
    stale: bool,
}

/// What is to be asked for a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A page of accounts, under that number.
    Accounts(RequestId, Option<UserId>),
    /// The invites, under that number.
    Invites(RequestId),
}

impl Model {
    /// Whether this account may look after accounts and the server.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Something is asked about accounts: its number.
    pub(super) fn start_errand(&mut self) -> u64 {
        self.next_asked();
        self.errand = Some(Errand { n: self.asked, outcome: None });
        self.asked
    }

    /// The number of something that is asked and that nobody waits for.
    pub(super) fn next_asked(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// What was asked cannot be answered any more. It is not asked again: whether it was done, its person must see.
    pub(super) fn lose_errand(&mut self) {
        if let Some(errand) = self.errand.as_mut().filter(|errand| errand.outcome.is_none()) {
            let text =
                "The connection was lost before the server answered. See whether it was done, and try again if not.";
            errand.outcome = Some(Err(Problem::new(Code::Other, text)));
        }
        if let Some(view) = &mut self.admin {
            (view.accounts_asked, view.invites_asked, view.next) = (None, None, None);
            view.coming.clear();
            view.stale = true;
        }
    }

    /// The page is open from now on, and what it shows is to be asked for.
    pub(super) fn open_admin(&mut self) {
        if self.is_admin() {
            self.admin.get_or_insert_default().stale = true;
        }
    }

    /// What is to be asked now for the page that is open. Each is under way once at most, whatever happens meanwhile.
    pub(super) fn looks(&mut self) -> Vec<Look> {
        let Some(view) = self.admin.as_mut() else { return Vec::new() };
        let mut looks = Vec::new();
        if let Some(after) = view.next.take() {
            self.asked += 1;
            view.accounts_asked = Some(self.asked);
            looks.push(Look::Accounts(self.asked, Some(after)));
        }
        if view.stale && view.accounts_asked.is_none() && view.invites_asked.is_none() {
            view.stale = false;
            view.coming.clear();
            view.accounts_asked = Some(self.asked + 1);
            view.invites_asked = Some(self.asked + 2);
            looks.extend([Look::Accounts(self.asked + 1, None), Look::Invites(self.asked + 2)]);
            self.asked += 2;
        }
        looks
    }

    /// An answer has come.
    pub(super) fn account_done(&mut self, n: Option<RequestId>, outcome: Result<AccountDone, Problem>) {
        if let Some(errand) = self.errand.as_mut().filter(|errand| Some(errand.n) == n && errand.outcome.is_none()) {
            errand.outcome = Some(outcome);
            return;
        }
        let outcome = match outcome {
            Ok(AccountDone::Devices(devices)) => return self.devices = Some(devices.devices),
            other => other,
        };
        let Some(view) = self.admin.as_mut() else { return };
        let of_accounts = n.is_some() && n == view.accounts_asked;
        let of_invites = n.is_some() && n == view.invites_asked;
        match outcome {
            Ok(AccountDone::Accounts(Accounts { accounts, more })) if of_accounts => {
                view.accounts_asked = None;
                let last = accounts.last().map(|account| account.id);
                view.coming.extend(accounts.into_iter().map(|account| (account.id, account)));
                match last.filter(|_| more) {
                    Some(last) => view.next = Some(last),
                    None => {
                        view.accounts = std::mem::take(&mut view.coming);
                        view.problem = None;
                    }
                }
            }
            Ok(AccountDone::Invites(invites)) if of_invites => {
                view.invites_asked = None;
                view.invites = invites.invites;
            }
            Err(problem) if of_accounts || of_invites => {
                view.accounts_asked = view.accounts_asked.filter(|_| !of_accounts);
                view.invites_asked = view.invites_asked.filter(|_| !of_invites);
                view.problem = Some(problem.message);
            }
            _ => {}
        }
        let idle = view.accounts_asked.is_none() && view.invites_asked.is_none() && view.next.is_none();
        view.loaded |= idle && view.problem.is_none();
    }

    /// What this account may do from now on.
    pub(super) fn set_role(&mut self, role: Role) {
        self.role = role;
        if !self.is_admin() {
            (self.admin, self.registration) = (None, None);
        }
    }

    /// Accounts or invites are not what they were.
    pub(super) fn administration_changed(&mut self) {
        if let Some(view) = &mut self.admin {
            view.stale = true;
        }
    }

    /// People have come, gone or been renamed. Where they are connected from is asked again where that is one page.
    pub(super) fn people_changed(&mut self, people: &People) {
        let Some(view) = &mut self.admin else { return };
        for person in &people.people {
            if let Some(account) = view.accounts.get_mut(&person.id) {
                account.username.clone_from(&person.username);
                (account.status, account.last_seen) = (person.status, person.last_seen);
            }
        }
        view.stale |= view.accounts.len() < ACCOUNTS_CHUNK_MAX;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::event::{Invites, Status};
    use crate::proto::ids::DeviceId;

    fn admin() -> Model {
        let mut model = Model::new(DeviceId::new("d").unwrap());
        model.set_role(Role::Admin);
        model.open_admin();
        model
    }

    fn page(ids: std::ops::Range<u32>, more: bool) -> Result<AccountDone, Problem> {
        let account = |id| AccountInfo {
            id: UserId(id),
            username: format!("u{id}"),
            role: Role::Member,
            blocked: false,
            status: Status::Offline,
            last_seen: None,
            connections: Vec::new(),
        };
        Ok(AccountDone::Accounts(Accounts { accounts: ids.map(account).collect(), more }))
    }

    #[test]
    fn pages_are_asked_one_after_the_other_and_shown_together() {
        let mut model = admin();
        assert_eq!(model.looks(), [Look::Accounts(1, None), Look::Invites(2)]);
        assert!(model.looks().is_empty(), "they are under way");
        model.account_done(Some(1), page(1..4, true));
        assert_eq!(model.looks(), [Look::Accounts(3, Some(UserId(3)))]);
        model.account_done(Some(2), Ok(AccountDone::Invites(Invites::default())));
        assert!(!model.admin.as_ref().unwrap().loaded && model.admin.as_ref().unwrap().accounts.is_empty());
        model.administration_changed();
        assert!(model.looks().is_empty(), "the rest comes first");
        model.account_done(Some(3), page(4..6, false));
        let view = model.admin.as_ref().unwrap();
        assert!(view.loaded && view.accounts.len() == 5);
        assert_eq!(model.looks(), [Look::Accounts(4, None), Look::Invites(5)], "what changed meanwhile is asked again");
    }

    #[test]
    fn what_is_lost_with_a_connection_is_said_and_the_page_is_asked_again() {
        let mut model = admin();
        model.looks();
        let n = model.start_errand();
        model.lose_errand();
        assert!(matches!(&model.errand, Some(Errand { n: same, outcome: Some(Err(_)) }) if *same == n));
        assert_eq!(model.looks().len(), 2);
        model.set_role(Role::Member);
        assert!(model.admin.is_none() && model.looks().is_empty());
        model.open_admin();
        assert!(model.admin.is_none(), "a member has no such page");
    }
}
