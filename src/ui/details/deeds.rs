//! What can be done with a group from its details, and how it is asked for and reported. Draws nothing.

use crate::client::command::GroupWish;
use crate::client::model::{Group, Model};
use crate::proto::chat::GroupId;
use crate::proto::ids::UserId;
use crate::ui::jobs::{Outcome, Waiting};
use crate::visible::isolated;

/// Something that is done in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Give the group another name.
    Rename,
    /// Take somebody out.
    Remove(UserId),
    /// Make somebody the owner.
    HandOver(UserId),
    /// Leave.
    Leave,
    /// Delete it for everybody.
    Delete,
}

impl Deed {
    /// Only the owner can do it.
    pub fn is_owners(self) -> bool {
        self != Self::Leave
    }

    /// Whom it is about, where it is about one member.
    pub fn member(self) -> Option<UserId> {
        match self {
            Self::Remove(id) | Self::HandOver(id) => Some(id),
            Self::Rename | Self::Leave | Self::Delete => None,
        }
    }

    /// The words on its button: before it is done, and while it is.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Rename => ("Rename", "Renaming…"),
            Self::Remove(_) => ("Remove", "Removing…"),
            Self::HandOver(_) => ("Make owner", "Handing over…"),
            Self::Leave => ("Leave", "Leaving…"),
            Self::Delete => ("Delete", "Deleting…"),
        }
    }

    /// What is asked before it is done, with what comes of it.
    pub fn question(self, model: &Model, group: &Group) -> String {
        let name = isolated(&group.name);
        let called = |id| isolated(model.name(id));
        match self {
            Self::Rename => String::new(),
            Self::Remove(id) => format!("Remove {} from the group?", called(id)),
            Self::HandOver(id) => {
                format!("Make {} the owner? You stay in the group, and can no longer change it.", called(id))
            }
            Self::Leave if !model.is_me(group.owner) => {
                format!("Leave “{name}”? You will not see any more what is said there.")
            }
            Self::Leave => match heir(group) {
                Some(heir) => format!("Leave “{name}”? {} becomes its owner.", called(heir)),
                None => format!("Leave “{name}”? Nobody else is in it: the group ends."),
            },
            Self::Delete => match group.members.len() {
                0 | 1 => format!("Delete “{name}”? What was said there can no longer be read."),
                many => format!("Delete “{name}” for all {many} members? What was said there can no longer be read."),
            },
        }
    }
}

/// Who becomes the owner when the owner leaves: whoever has been in it longest.
fn heir(group: &Group) -> Option<UserId> {
    group.members.iter().copied().find(|member| *member != group.owner)
}

/// What is asked, what is under way, and what went wrong: one at a time.
#[derive(Debug, Default)]
pub struct Deeds {
    /// What somebody is asked whether they mean it.
    asked: Option<Deed>,
    /// It has not been drawn yet.
    new: bool,
    waiting: Option<(Deed, Waiting)>,
    problem: Option<(Deed, String)>,
}

impl Deeds {
    /// Takes in what came of the one under way. Returns it if it is done.
    pub fn settle(&mut self, model: &Model, owner: bool) -> Option<Deed> {
        if !owner && self.waiting.is_none() {
            // It may be another's group by now.
            self.asked = self.asked.filter(|deed| !deed.is_owners());
        }
        let (deed, waiting) = self.waiting.as_mut()?;
        let deed = *deed;
        match waiting.outcome(model) {
            Outcome::Underway => return None,
            Outcome::Done(_) => {
                self.waiting = None;
                self.asked = None;
                return Some(deed);
            }
            Outcome::Refused(problem) => {
                self.waiting = None;
                self.problem = Some((deed, problem));
            }
        }
        None
    }

    /// Something is under way: nothing else can be begun.
    pub fn busy(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether that one is under way.
    pub fn does(&self, deed: Deed) -> bool {
        self.waiting.is_some_and(|(other, _)| other == deed)
    }

    /// What somebody is asked.
    pub fn asked(&self) -> Option<Deed> {
        self.asked
    }

    /// Why that one came to nothing.
    pub fn problem(&self, deed: Deed) -> Option<&str> {
        self.problem.as_ref().filter(|(other, _)| *other == deed).map(|(_, problem)| problem.as_str())
    }

    /// Whether what is asked is drawn for the first time.
    pub fn is_new(&mut self) -> bool {
        std::mem::take(&mut self.new)
    }

    /// Asks whether somebody means it.
    pub fn ask(&mut self, deed: Deed) {
        if !self.busy() {
            self.asked = Some(deed);
            self.new = true;
            self.problem = None;
        }
    }

    /// They do not. Returns whether anything was asked.
    pub fn withdraw(&mut self) -> bool {
        let was = self.asked.is_some() || self.problem.is_some();
        self.problem = None;
        if !self.busy() {
            self.asked = None;
        }
        was
    }

    /// They do. `name` is the new one, where there is one.
    pub fn begin(&mut self, model: &Model, group: GroupId, deed: Deed, name: &str) -> Option<GroupWish> {
        if self.busy() {
            return None;
        }
        self.problem = None;
        self.waiting = Some((deed, Waiting::start(model)));
        Some(match deed {
            Deed::Rename => GroupWish::Rename(group, name.to_owned()),
            Deed::Remove(id) => GroupWish::Remove(group, id),
            Deed::HandOver(id) => GroupWish::HandOver(group, id),
            Deed::Leave => GroupWish::Leave(group),
            Deed::Delete => GroupWish::Delete(group),
        })
    }
}
