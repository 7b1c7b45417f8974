//! The part of the engine that makes and changes groups: who may do what, and what everybody is told.

use std::collections::BTreeSet;

use super::engine::Engine;
use super::requests::{Asker, too_many};
use super::state::{Body, Group};
use crate::names::{self, Refused};
use crate::proto::chat::{Change, ChatId, GroupId, GroupName};
use crate::proto::event::{Code, GroupInfo, GroupMember, GroupReply, Problem};
use crate::proto::ids::{ClientId, UserId};
use crate::proto::limits::{GROUP_MEMBERS_MAX, PEOPLE_PER_REQUEST_MAX};
use crate::proto::record::{GroupChange, Record};
use crate::proto::request::{Call, GroupCall, GroupEdit, Peer, Request};
use crate::visible;

impl Engine {
    pub(super) fn group_call(
        &mut self,
        asker: Asker,
        call: GroupCall,
        client_id: Option<ClientId>,
    ) -> Result<(), Problem> {
        let Asker { session, id, user, now } = asker;
        // Changes of groups are decided one after the other, so that each is decided about what the last one left; and
        // once it is known what became of an earlier use of their number.
        let is_under_way = |client_id: &ClientId| self.waiting_ids.contains(&(user, client_id.clone()));
        if self.changes_waiting > 0 || client_id.as_ref().is_some_and(is_under_way) {
            self.later(session, Request { id, call: Call::Group(call, client_id) });
            return Ok(());
        }
        let purpose = call.purpose();
        let decided = self.decide(user, call);
        if let Some(client_id) = &client_id {
            let body = decided.as_ref().ok().map(|(_, change)| Body::Group(change));
            if let Some(sent) = self.seen_before(user, client_id, body)? {
                let made = (purpose == "create_group").then_some(sent.seq).flatten();
                self.reply(session, purpose, id, GroupReply { group: made.map(GroupId::from), duplicate: true });
                return Ok(());
            }
        }
        let (group, change) = decided?;
        let by_user = self.name_of(user).into();
        let now = self.time_in(group.map(ChatId::Group), now);
        self.append(session, id, now, |seq, at| {
            let group = group.unwrap_or(GroupId::from(seq));
            Record::Group(GroupChange { seq, at, group, by: user, by_user, client_id, change })
        })
    }

    /// What a request changes, and in which group if that is there already; or why it may not.
    fn decide(&self, user: UserId, call: GroupCall) -> Result<(Option<GroupId>, Change), Problem> {
        let (id, edit) = match call {
            GroupCall::Create { name, members, history } => {
                let name = self.group_name(&name)?;
                // Who makes a group is in it, also if they do not say so.
                let others = self.people(&members)?.into_iter().filter(|member| *member != user);
                let members = std::iter::once(user).chain(others).collect();
                return Ok((None, Change::Created { name, members, history }));
            }
            GroupCall::Change(id, edit) => (id, edit),
        };
        self.find_group(user, id)?;
        let Some(group) = self.state.group(id) else { return Err(no_such_member()) };
        let change = match edit {
            GroupEdit::Leave => Change::Left { owner: group.heir().filter(|_| group.owner == user) },
            _ if group.owner != user => {
                let text = format!(
                    "Only {}, the owner of this group, can do that.",
                    visible::isolated(&self.name_of(group.owner))
                );
                return Err(Problem::new(Code::NotTheOwner, text));
            }
            GroupEdit::Rename(name) => Change::Renamed { name: self.group_name(&name)? },
            GroupEdit::Add(members) => Change::Added { members: self.newcomers(group, &members)? },
            GroupEdit::Remove(member) => {
                let member = self.member(group, &member)?;
                if member == user {
                    let text = "The owner cannot be removed. Hand the group over first, or leave it.";
                    return Err(Problem::new(Code::OwnerStays, text));
                }
                Change::Removed { member }
            }
            GroupEdit::HandOver(member) => {
                let owner = self.member(group, &member)?;
                if owner == user {
                    return Err(Problem::new(Code::OwnerStays, "You are the owner of this group already."));
                }
                Change::HandedOver { owner }
            }
            GroupEdit::Delete => Change::Deleted,
        };
        Ok((Some(id), change))
    }

    /// A name that a group is to have. It may be that of another group, and not one that looks like an account's: what
    /// is meant for one person must not end up before many.
    fn group_name(&self, name: &str) -> Result<GroupName, Problem> {
        let name = names::group(name).map_err(|refused| bad_name(&refused))?;
        match self.directory.looks_like(name.as_str()) {
            Some(account) => {
                let (asked, existing) = (name.to_string(), account.to_string());
                Err(bad_name(&Refused::Alike { asked, existing }))
            }
            None => Ok(name),
        }
    }

    /// The people whom a request names, each once. All of them must be there.
    fn people(&self, peers: &[Peer]) -> Result<Vec<UserId>, Problem> {
        if peers.len() > PEOPLE_PER_REQUEST_MAX {
            return Err(too_many(peers.len()));
        }
        let mut found = Vec::with_capacity(peers.len());
        let mut seen = BTreeSet::new();
        let mut unknown = Vec::new();
        for peer in peers {
            match (self.find(peer), peer) {
                (Ok(user), _) if seen.insert(user) => found.push(user),
                (Ok(user), _) => {
                    let text = format!("{} is named twice.", visible::isolated(&self.name_of(user)));
                    return Err(Problem::new(Code::AlreadyAMember, text));
                }
                (Err(_), Peer::Name(name)) => unknown.push(format!("{:?}", name.chars().take(64).collect::<String>())),
                (Err(_), Peer::Id(id)) => unknown.push(format!("number {}", id.0)),
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let more = unknown.len().saturating_sub(UNKNOWN_NAMED_MAX);
        unknown.truncate(UNKNOWN_NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!("Nobody here is named {}{more}. Nothing was changed.", unknown.join(", "));
        Err(Problem::new(Code::UnknownUser, text))
    }

    /// The people who are to be added to a group: none of them is in it, and there is room.
    fn newcomers(&self, group: &Group, peers: &[Peer]) -> Result<Vec<UserId>, Problem> {
        let people = self.people(peers)?;
        if let Some(member) = people.iter().find(|user| group.members.contains(user)) {
            let text = format!("{} is in this group already.", visible::isolated(&self.name_of(*member)));
            return Err(Problem::new(Code::AlreadyAMember, text));
        }
        if group.members.len() + people.len() > GROUP_MEMBERS_MAX {
            let text = format!("A group has at most {GROUP_MEMBERS_MAX} members. Everyone reaches more.");
            return Err(Problem::new(Code::TooManyPeople, text));
        }
        Ok(people)
    }

    fn member(&self, group: &Group, peer: &Peer) -> Result<UserId, Problem> {
        let user = self.find(peer)?;
        if group.members.contains(&user) { Ok(user) } else { Err(no_such_member()) }
    }

    /// A group as a member is told of it.
    pub(super) fn group_info(&self, user: UserId, id: GroupId, group: &Group) -> GroupInfo {
        let chat = self.state.chat(ChatId::Group(id));
        let member = |user: &UserId| chat.and_then(|chat| chat.members.get(user));
        let members = group.members.iter().map(|user| {
            let joined = member(user).map(|member| member.joined).unwrap_or_default();
            GroupMember { user: *user, joined }
        });
        GroupInfo {
            group: id,
            name: group.name.to_string(),
            owner: group.owner,
            history: group.history,
            since: member(&user).map(|member| member.since).unwrap_or_default(),
            members: members.collect(),
        }
    }
}

/// How many unknown names an error repeats.
const UNKNOWN_NAMED_MAX: usize = 5;

fn bad_name(refused: &Refused) -> Problem {
    Problem::new(Code::BadName, refused.to_string())
}

fn no_such_member() -> Problem {
    Problem::new(Code::NotAMember, "They are not a member of this group.")
}
