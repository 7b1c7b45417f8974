//! The dialog that makes a group: its name, who is in it, what those who come later can read.

use egui::{Align2, Id, Key, Rect, Ui, pos2, vec2};

use super::{Clicked, Foot, Step, layer, remark};
use crate::client::command::{Command, GroupWish};
use crate::client::model::Model;
use crate::proto::chat::{GroupName, Past};
use crate::proto::limits::GROUP_NAME_MAX_CHARS;
use crate::ui::controls::{self, Field};
use crate::ui::jobs::{Outcome, Waiting};
use crate::ui::picker::{self, Picker};
use crate::ui::theme::{self, space};
use crate::ui::when::Clock;

/// From how many characters left on the limit is said.
const NEAR: usize = 10;
const LABEL: f32 = 22.0;
const CHOICE: f32 = 32.0;
/// The height of what stands below the people.
const PAST: f32 = LABEL + 2.0 * CHOICE;

/// What has been entered.
#[derive(Debug, Default)]
pub struct NewGroup {
    name: String,
    people: Picker,
    history: Past,
    focused: bool,
    /// The button was pressed without a name: from now on it is said that one is missing.
    tried: bool,
    waiting: Option<Waiting>,
    problem: Option<String>,
}

/// What is wrong with a name, or how near it is to its limit, and whether it will not do.
fn remark_on(name: &str, tried: bool) -> Option<(String, bool)> {
    let count = name.trim().chars().count();
    match GROUP_NAME_MAX_CHARS.checked_sub(count) {
        None => Some((format!("{} too many", characters(count - GROUP_NAME_MAX_CHARS)), true)),
        Some(GROUP_NAME_MAX_CHARS) => tried.then(|| ("The group needs a name".into(), true)),
        Some(_) if GroupName::new(name).is_err() => Some(("A name is one line of letters and signs".into(), true)),
        Some(left) => (left <= NEAR).then(|| (format!("{} left", characters(left)), false)),
    }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".into() } else { format!("{count} characters") }
}

impl NewGroup {
    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Step {
        match self.waiting.as_mut().map(|waiting| waiting.outcome(model)) {
            Some(Outcome::Done(reply)) => return reply.group.map_or(Step::Close, Step::Open),
            Some(Outcome::Refused(problem)) => {
                self.waiting = None;
                self.problem = Some(problem);
            }
            Some(Outcome::Underway) | None => {}
        }
        let (clicked, closed) = layer(ui, "New group", super::HEIGHT, |ui, inner| {
            let busy = self.waiting.is_some();
            let good = GroupName::new(&self.name).is_ok() && !self.people.too_many();
            let problem = self.problem.clone();
            let foot = Foot {
                act: if busy { "Creating…" } else { "Create" },
                cancel: Some("Cancel"),
                ready: good && !busy,
                problem: problem.as_deref(),
            };
            let people = self.name(ui, inner);
            let past = inner.bottom() - foot.height(ui, inner.width()) - PAST;
            let list = Rect::from_min_max(
                pos2(inner.left(), people),
                pos2(inner.right(), (past - space::M).max(people + picker::HEAD)),
            );
            self.people.show(ui, list, "Members", model, clock, &[]);
            self.past(ui, Rect::from_min_size(pos2(inner.left(), past), vec2(inner.width(), PAST)));
            foot.show(ui, inner)
        });
        match clicked {
            Clicked::Act => self.create(model, commands),
            Clicked::Cancel => return Step::Close,
            Clicked::Nothing => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }

    fn create(&mut self, model: &Model, commands: &mut Vec<Command>) {
        if self.waiting.is_some() || self.people.too_many() {
            return;
        }
        let Ok(name) = GroupName::new(&self.name) else {
            self.tried = true;
            self.focused = false;
            return;
        };
        let members = self.people.chosen().to_vec();
        self.problem = None;
        self.waiting = Some(Waiting::start(model));
        commands.push(Command::Group(GroupWish::Create { name: name.into(), members, history: self.history }));
    }

    /// The name and what is to be said of it. Returns where it ends.
    fn name(&mut self, ui: &mut Ui, inner: Rect) -> f32 {
        let palette = theme::palette(ui);
        controls::label(ui, pos2(inner.left(), inner.top() + 8.0), "Name");
        let frame = Rect::from_min_size(inner.min + vec2(0.0, LABEL), vec2(inner.width(), controls::FIELD));
        let id = Id::unique("name of the new group");
        let said = remark_on(&self.name, self.tried);
        let with = Field {
            name: "Name of the group",
            hint: "Weekend hike, Kitchen, …",
            sign: None,
            wrong: said.as_ref().is_some_and(|(_, wrong)| *wrong),
            enabled: self.waiting.is_none(),
        };
        let had_focus = ui.memory(|memory| memory.has_focus(id));
        let response = controls::field(ui, frame, id, &mut self.name, &with);
        if !self.focused {
            response.request_focus();
            self.focused = response.has_focus();
        }
        let entered = ui.input(|input| input.key_pressed(Key::Enter) && input.modifiers.is_none());
        if had_focus && response.lost_focus() && entered {
            self.people.focus();
        }
        if let Some((words, wrong)) = said {
            let color = if wrong { palette.danger } else { palette.subdued };
            remark(ui, pos2(inner.right(), inner.top() + 8.0), Align2::RIGHT_CENTER, &words, color);
        }
        frame.bottom() + space::L
    }

    fn past(&mut self, ui: &mut Ui, rect: Rect) {
        controls::label(ui, pos2(rect.left(), rect.top() + 8.0), "New members can read");
        for (at, (past, words)) in
            [(Past::Joined, "What is said after they join"), (Past::All, "Everything")].into_iter().enumerate()
        {
            let top = rect.top() + LABEL + at as f32 * CHOICE;
            let place = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), CHOICE));
            if controls::choice(ui, place, words, self.history == past).clicked() {
                self.history = past;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_name_is_said_in_time() {
        assert_eq!(remark_on("", false), None);
        assert_eq!(remark_on(" ", true), Some(("The group needs a name".into(), true)));
        assert_eq!(remark_on("Hike", true), None);
        assert_eq!(remark_on(&"é".repeat(53), true), None);
        assert_eq!(remark_on(&"é".repeat(54), true), Some(("10 characters left".into(), false)));
        assert_eq!(remark_on(&"é".repeat(64), true), Some(("0 characters left".into(), false)));
        assert_eq!(remark_on(&"é".repeat(66), false), Some(("2 characters too many".into(), true)));
        assert!(remark_on("a\u{2028}b", false).is_some_and(|(_, wrong)| wrong));
    }
}
