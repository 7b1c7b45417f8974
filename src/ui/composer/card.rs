//! What a command shows to the one who typed it, and to nobody else: who is online, and which commands there are.

use egui::accesskit::Role;
use egui::{Id, Rect, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use super::{Desk, popup};
use crate::client::model::Model;
use crate::proto::event::Status;
use crate::proto::ids::UserId;
use crate::ui::slash::COMMANDS;
use crate::ui::theme::{self, font, space};
use crate::ui::{presence, text, widgets};

const ROW: f32 = 36.0;
const WIDTH: f32 = 420.0;
/// The most that is shown at once; more is scrolled to.
const HEIGHT: f32 = 6.5 * ROW;
/// The most people that are named.
const PEOPLE_MAX: usize = 200;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// Who is online.
    Who,
    /// The commands.
    Help,
}

impl Card {
    /// Draws it above the field. `alone` are the keys that send to one person. Returns whether it is to be closed.
    pub fn show(self, ui: &Ui, frame: Rect, pane: Rect, desk: Desk<'_>, alone: &str) -> bool {
        let mut closed = false;
        let width = WIDTH.min(pane.width() - 2.0 * space::L - 12.0).max(1.0);
        let name = if self == Self::Who { "Who is online" } else { "Commands" };
        popup::above(ui, Id::unique("card"), frame, name, Role::Group, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let here = here(desk.model);
            let words = if self == Self::Who { count(here.len()) } else { name.to_owned() };
            closed = popup::title(ui, &words, width);
            ui.add_space(space::XS);
            ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| match self {
                Self::Who => who(ui, &here, desk.model, width),
                Self::Help => help(ui, width, alone),
            });
        });
        closed
    }
}

/// Who else is there, those in use before those away, each by name.
fn here(model: &Model) -> Vec<UserId> {
    let there = model.people.iter().filter(|(id, person)| person.status != Status::Offline && !model.is_me(**id));
    let mut here: Vec<_> = there.map(|(id, person)| (person.status, person.username.to_lowercase(), *id)).collect();
    here.sort();
    here.into_iter().map(|(.., id)| id).collect()
}

fn count(people: usize) -> String {
    match people {
        0 => "Nobody else is online".into(),
        1 => "1 other is online".into(),
        more => format!("{more} others are online"),
    }
}

fn who(ui: &mut Ui, here: &[UserId], model: &Model, width: f32) {
    for id in here.iter().take(PEOPLE_MAX) {
        let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
        let status = presence::status(model, *id);
        let spoken = format!("{}, {}", model.name(*id), presence::status_word(status));
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &spoken));
        popup::person(ui, rect, *id, model, false);
    }
    if here.len() > PEOPLE_MAX {
        says(ui, &format!("and {} more", here.len() - PEOPLE_MAX), width);
    }
}

fn help(ui: &mut Ui, width: f32, alone: &str) {
    for command in COMMANDS {
        let words = format!("/{} {}", command.name, command.takes);
        row(ui, words.trim_end(), command.does, width);
    }
    row(ui, "//text", "send a text that begins with a slash", width);
    row(ui, "@Name text", &format!("with {alone}: send it to that person alone"), width);
}

/// What is typed, and what it does. On two lines where there is no room for one.
fn row(ui: &mut Ui, typed: &str, does: &str, width: f32) {
    const COLUMN: f32 = 136.0;
    let palette = theme::palette(ui);
    let does_lines = text::explained(ui, does, font::small(), palette.subdued, width - COLUMN - space::M);
    let height = (does_lines.size().y + 9.0).max(30.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height.ceil()), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("{typed}: {does}")));
    let typed = text::elided(ui, typed.to_owned(), font::strong(), palette.text, COLUMN - space::M);
    let top = rect.top() + 4.0;
    let at = rect.min + vec2(10.0, 4.0 + (theme::LINE - typed.size().y) / 2.0);
    ui.painter().galley(at, typed, palette.text);
    ui.painter().galley(egui::pos2(rect.left() + COLUMN, top), does_lines, palette.subdued);
}

/// A line of less weight.
fn says(ui: &mut Ui, words: &str, width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let left = rect.left_center() + vec2(space::M, 0.0);
    widgets::line(ui, left, words, font::small(), theme::palette(ui).subdued, width - 2.0 * space::M);
}
