//! The part of the engine that has to do with roles, one's own account and those of others. What changes the files of
//! accounts and invites is carried out away from the loop, one after the other, and comes back as an input; here is
//! decided who may ask for it, and who is told.

use std::collections::BTreeSet;

use super::directory::Directory;
use super::engine::{Effect, Engine, Ticket, frame_of};
use super::kept::Ends;
use super::requests::Asker;
use super::session::{SessionId, Stage};
use crate::proto::account::{AccountCall, AdminCall, Role};
use crate::proto::event::{
    AccountDone, AccountInfo, Accounts, AdministrationChanged, Code, ConnectionInfo, Ended, Problem, RoleChanged,
    ServerChanged, Status,
};
use crate::proto::ids::{Millis, RequestId, UserId};
use crate::proto::limits::{ACCOUNTS_CHUNK_MAX, CONNECTIONS_SHOWN_MAX, FAILURES_MAX};

/// What the server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The name that its administrators gave it; empty if none.
    pub name: String,
    /// Whether everybody can make an account.
    pub registration: bool,
}

/// What belongs to a request about accounts while it is carried out.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// The request's number.
    pub id: Option<RequestId>,
    /// The request's purpose.
    pub purpose: &'static str,
    /// Who asks; nobody yet for one who joins.
    pub by: Option<UserId>,
    /// When.
    pub now: Millis,
    /// The number of the device that asks, if it stays signed in.
    pub kept: Option<u64>,
    /// Whose devices are signed out by it.
    pub ends: Option<Ends>,
}

impl Engine {
    /// Somebody who is not logged in wants an account.
    pub(super) fn join(&mut self, session: SessionId, id: Option<RequestId>, call: AccountCall, now: Millis) {
        let errand = Errand { id, purpose: call.purpose(), by: None, now, kept: None, ends: None };
        if self.sessions.stage(session) != Some(Stage::Anonymous) {
            let problem = Problem::new(Code::Busy, "A login is under way on this connection. Wait for its answer.");
            return self.refuse(session, errand.purpose, id, &problem);
        }
        self.sessions.set(session, Stage::Authenticating);
        self.run_errand(session, errand, call);
    }

    /// Somebody who is logged in asks for something about accounts.
    pub(super) fn account_call(&mut self, asker: Asker, call: AccountCall) -> Result<(), Problem> {
        if matches!(call, AccountCall::Admin(_)) {
            self.authorise(asker.user)?;
        }
        if let AccountCall::Admin(AdminCall::ListAccounts { after }) = call {
            return self.list_accounts(asker, after);
        }
        let kept = self.sessions.kept(asker.session);
        let ends = Ends::of(asker, kept, &call);
        let errand = Errand { id: asker.id, purpose: call.purpose(), by: Some(asker.user), now: asker.now, kept, ends };
        self.run_errand(asker.session, errand, call);
        Ok(())
    }

    /// Whether that account may look after others. It is asked once more when what it asks for is carried out.
    fn authorise(&self, user: UserId) -> Result<(), Problem> {
        match self.directory.is_admin(user) {
            true => Ok(()),
            false => Err(Problem::new(Code::NotAnAdmin, "Only administrators of this server can do that.")),
        }
    }

    fn run_errand(&mut self, session: SessionId, errand: Errand, call: AccountCall) {
        self.sessions.errand_begun(session);
        self.effects.push(Effect::Account(session, errand, call));
    }

    /// What was asked about accounts has been done and is on disk, or has not.
    pub(super) fn account_done(
        &mut self,
        session: SessionId,
        errand: Errand,
        done: Result<AccountDone, Problem>,
        now: Millis,
    ) {
        let Errand { id, purpose, by, ends, .. } = errand;
        let ends = ends.filter(|_| done.is_ok());
        let unkept = ends.map_or(0, |ends| self.end_devices(ends, Some(session), now));
        if done.is_ok() && matches!(purpose, "join" | "create_invite" | "revoke_invite") {
            self.tell_admins();
        }
        // Who has left meanwhile has had it done nevertheless.
        let Some(stage) = self.sessions.stage(session) else { return };
        let leaving = self.sessions.errand_done(session);
        match done {
            Ok(AccountDone::Account(account)) if by.is_none() => {
                let ticket = Ticket { joins: true, ..Ticket::new(id, None, None) };
                self.verified(session, ticket, Some(account.user), now);
            }
            Ok(AccountDone::Done) => self.reply(session, purpose, id, ()),
            Ok(AccountDone::Account(account)) => self.reply(session, purpose, id, account),
            Ok(AccountDone::Accounts(accounts)) => self.reply(session, purpose, id, accounts),
            Ok(AccountDone::Invites(invites)) => self.reply(session, purpose, id, invites),
            Ok(AccountDone::Invite(invite)) => self.reply(session, purpose, id, invite),
            Ok(AccountDone::Devices(devices)) => {
                let shown = self.shown(session, &errand, devices);
                self.reply(session, purpose, id, shown);
            }
            Ok(AccountDone::Ended(ended)) => {
                self.reply(session, purpose, id, Ended { ended: ended.ended + unkept });
            }
            Err(problem) => {
                if stage == Stage::Authenticating {
                    self.sessions.set(session, Stage::Anonymous);
                }
                self.refuse(session, purpose, id, &problem);
                // Guessing must be slow.
                if matches!(problem.code, Code::BadInvite | Code::WrongCredentials)
                    && self.sessions.failed(session) >= FAILURES_MAX
                {
                    self.effects.push(Effect::Close(session));
                }
            }
        }
        if let Some(id) = leaving {
            self.leave(session, id);
        } else if let Some(ends) = ends {
            self.end_asker(ends, session, now);
        }
    }

    /// Answers an `exit`, which is the last thing that a session is sent.
    pub(super) fn leave(&mut self, session: SessionId, id: Option<RequestId>) {
        self.reply(session, "exit", id, ());
        self.effects.push(Effect::Close(session));
    }

    fn list_accounts(&mut self, asker: Asker, after: Option<UserId>) -> Result<(), Problem> {
        self.may_be_large(asker.session)?;
        let mut later = self.directory.iter().map(|(id, _)| id).filter(|id| after.is_none_or(|after| *id > after));
        let page: Vec<_> = later.by_ref().take(ACCOUNTS_CHUNK_MAX).collect();
        let more = later.next().is_some();
        drop(later);
        let accounts = page.into_iter().map(|id| self.account_info(id)).collect();
        self.reply(asker.session, "list_accounts", asker.id, Accounts { accounts, more });
        self.sessions.large_begun(asker.session);
        self.large_sent(asker.session);
        Ok(())
    }

    fn account_info(&self, id: UserId) -> AccountInfo {
        let person = self.person(id);
        let connections = self.sessions.of(id).take(CONNECTIONS_SHOWN_MAX).filter_map(|session| {
            let (origin, since) = self.sessions.origin(session).zip(self.sessions.since(session))?;
            Some(ConnectionInfo { address: origin.address.to_string(), since })
        });
        AccountInfo {
            id,
            username: self.name_of(id),
            role: self.directory.role(id),
            blocked: self.directory.is_blocked(id),
            status: person.as_ref().map_or(Status::Offline, |person| person.status),
            last_seen: person.and_then(|person| person.last_seen),
            connections: connections.collect(),
        }
    }

    /// The server says something else of itself.
    pub(super) fn facts_changed(&mut self, facts: Facts) {
        if self.facts == facts {
            return;
        }
        self.facts = facts;
        let (member, admin) =
            (frame_of(&self.server_changed(Role::Member)), frame_of(&self.server_changed(Role::Admin)));
        for session in self.sessions.logged_in() {
            let user = self.sessions.stage(session).and_then(Stage::user);
            let is_admin = user.is_some_and(|user| self.directory.is_admin(user));
            self.effects.push(Effect::Send(session, if is_admin { admin.clone() } else { member.clone() }));
        }
    }

    fn server_changed(&self, role: Role) -> ServerChanged {
        ServerChanged { server_name: self.facts.name.clone(), registration: self.registration_for(role) }
    }

    /// Whether everybody can make an account, as far as that role is told.
    pub(super) fn registration_for(&self, role: Role) -> Option<bool> {
        (role == Role::Admin).then_some(self.facts.registration)
    }

    /// Accounts may do other things than before, or be kept out. `self.directory` is the new one.
    pub(super) fn roles_changed(&mut self, old: &Directory, now: Millis) {
        let problem = Problem::new(Code::AccountBlocked, "An administrator has blocked this account.");
        let blocked: Vec<_> = self.directory.blocked().filter(|id| !old.is_blocked(*id)).collect();
        for user in blocked {
            self.turn_out(user, &problem, now);
        }
        let ids: BTreeSet<_> = old.admins().chain(self.directory.admins()).collect();
        for user in ids {
            let role = self.directory.role(user);
            if role == old.role(user) {
                continue;
            }
            let (changed, server) = (frame_of(&RoleChanged { role }), frame_of(&self.server_changed(role)));
            for session in self.sessions.of(user) {
                self.effects.extend([changed.clone(), server.clone()].map(|frame| Effect::Send(session, frame)));
            }
        }
        if *old != self.directory {
            self.tell_admins();
        }
    }

    /// Ends the connections of an account. What they have asked for and is still to come is not taken any more.
    fn turn_out(&mut self, user: UserId, problem: &Problem, now: Millis) {
        for session in self.sessions.of(user).collect::<Vec<_>>() {
            self.refuse(session, "error", None, problem);
            self.effects.push(Effect::Close(session));
            self.closed(session, now);
        }
    }

    /// Tells the administrators who are there that what they look at is out of date.
    fn tell_admins(&mut self) {
        let frame = frame_of(&AdministrationChanged {});
        let admins = self.directory.admins().flat_map(|user| self.sessions.of(user));
        self.effects.extend(admins.map(|session| Effect::Send(session, frame.clone())));
    }
}
