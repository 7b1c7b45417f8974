//! The dialog that adds people to a group.

use egui::{Rect, Ui, pos2};

use super::{Clicked, Foot, Step, layer};
use crate::client::command::{Command, GroupWish};
use crate::client::model::Model;
use crate::proto::chat::GroupId;
use crate::ui::jobs::{Outcome, Waiting};
use crate::ui::picker::Picker;
use crate::ui::when::Clock;
use crate::visible::isolated;

/// Who is to be added.
#[derive(Debug)]
pub struct AddPeople {
    group: GroupId,
    people: Picker,
    waiting: Option<Waiting>,
    problem: Option<String>,
}

impl AddPeople {
    /// Nobody yet, to that group.
    pub fn new(group: GroupId) -> Self {
        let mut people = Picker::default();
        people.focus();
        Self { group, people, waiting: None, problem: None }
    }

    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Step {
        match self.waiting.as_mut().map(|waiting| waiting.outcome(model)) {
            Some(Outcome::Done(_)) => return Step::Close,
            Some(Outcome::Refused(problem)) => {
                self.waiting = None;
                self.problem = Some(problem);
            }
            Some(Outcome::Underway) | None => {}
        }
        // It may have ended in the meantime, or be another's by now.
        let Some(group) = model.groups.get(&self.group).filter(|group| model.is_me(group.owner)) else {
            return Step::Close;
        };
        let title = format!("Add people to “{}”", isolated(&group.name));
        let (clicked, closed) = layer(ui, &title, super::HEIGHT, |ui, inner| {
            let busy = self.waiting.is_some();
            let some = !self.people.chosen().is_empty() && !self.people.too_many();
            let problem = self.problem.clone();
            let foot = Foot {
                act: if busy { "Adding…" } else { "Add" },
                cancel: Some("Cancel"),
                ready: some && !busy,
                problem: problem.as_deref(),
            };
            let list =
                Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - foot.height(ui, inner.width())));
            self.people.show(ui, list, "People", model, clock, &group.members);
            foot.show(ui, inner)
        });
        match clicked {
            Clicked::Act if self.waiting.is_none() && !self.people.chosen().is_empty() && !self.people.too_many() => {
                self.problem = None;
                self.waiting = Some(Waiting::start(model));
                commands.push(Command::Group(GroupWish::Add(self.group, self.people.chosen().to_vec())));
            }
            Clicked::Cancel => return Step::Close,
            Clicked::Act | Clicked::Nothing => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }
}
