//! The server of the page: its name, and who may make an account there.

use egui::accesskit::Role;
use egui::{Id, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::deeds::Deeds;
use crate::client::command::{AccountWish, AdminWish, Command};
use crate::client::model::Model;
use crate::proto::limits::SERVER_NAME_MAX_CHARS;
use crate::ui::controls::{self, Field};
use crate::ui::dialogs::paragraph;
use crate::ui::jobs::Asked;
use crate::ui::prints::{self, Print};
use crate::ui::theme::{self, font, radius, space};
use crate::ui::{text, widgets};

const NAME: &str = "Everybody sees it in their window. Empty, the server has none.";
const OPEN: &str = "When on, everybody who reaches this server can make an account by themselves, without an invite. \
                    Keep it off unless you know everybody who can reach it.";
const COMPARE: &str =
    "Whoever comes here for the first time without a link is shown this, to compare it with what you read to them.";
const SAVE: f32 = 92.0;
const SWITCH: f32 = 36.0;

/// What is being written.
#[derive(Debug, Default)]
pub struct Server {
    /// Nothing while it is the one that holds.
    name: Option<String>,
    asked: Option<Asked>,
    problem: Option<String>,
}

impl Server {
    fn settle(&mut self, model: &Model) {
        let Some(outcome) = self.asked.as_mut().and_then(|asked| asked.outcome(model)) else { return };
        self.asked = None;
        match outcome {
            Ok(_) => self.name = None,
            Err(problem) => self.problem = Some(problem.message),
        }
    }

    /// Draws the section.
    pub fn show(&mut self, ui: &mut Ui, column: Rect, model: &Model, deeds: &mut Deeds, commands: &mut Vec<Command>) {
        self.settle(model);
        let mut child = ui.new_child(UiBuilder::new().max_rect(column));
        child.set_clip_rect(column.expand2(vec2(space::XS, 0.0)).intersect(ui.clip_rect()));
        ScrollArea::vertical().id_salt("server").auto_shrink(false).show(&mut child, |ui| {
            let begin = ui.min_rect().top();
            let mut y = begin + space::M;
            y = self.name(ui, pos2(column.left(), y), column.width(), model, commands) + space::L;
            y = self.registration(ui, pos2(column.left(), y), column.width(), model, deeds, commands);
            y = fingerprint(ui, pos2(column.left(), y + space::L), column.width(), model);
            let all = Rect::from_min_max(pos2(column.left(), begin), pos2(column.left() + 1.0, y + space::L));
            ui.allocate_rect(all, Sense::hover());
        });
    }

    /// The card of the name. Returns where it ends.
    fn name(&mut self, ui: &mut Ui, corner: egui::Pos2, width: f32, model: &Model, commands: &mut Vec<Command>) -> f32 {
        let palette = theme::palette(ui);
        widgets::heading(ui, corner + vec2(space::XS, space::M), "NAME OF THE SERVER");
        let top = corner.y + space::XL + space::XS;
        let inner = width - 2.0 * space::L;
        let written = self.name.as_deref().unwrap_or(&model.server_name);
        let count = written.trim().chars().count();
        let long = (count > SERVER_NAME_MAX_CHARS)
            .then(|| format!("At most {SERVER_NAME_MAX_CHARS} characters; these are {count}."));
        let problem = long.as_ref().or(self.problem.as_ref()).cloned();
        let words = text::drawable(problem.as_deref().unwrap_or(NAME)).into_owned();
        let room = if problem.is_some() { inner - 24.0 } else { inner };
        let below = text::explained(ui, &words, font::small(), palette.subdued, room).size().y;
        let card =
            Rect::from_min_size(pos2(corner.x, top), vec2(width, 2.0 * space::L + controls::FIELD + space::S + below));
        ui.painter().rect(card, radius::M, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
        let row = Rect::from_min_size(card.min + vec2(space::L, space::L), vec2(inner, controls::FIELD));
        let field = Rect::from_min_max(row.min, pos2(row.right() - SAVE - space::S, row.bottom()));
        let mut value = written.to_owned();
        let with = Field {
            name: "Name of the server",
            hint: "Number 12, Choir, …",
            sign: None,
            wrong: problem.is_some(),
            enabled: self.asked.is_none(),
        };
        let response = controls::field(ui, field, Id::unique("name of the server"), &mut value, &with);
        if response.changed() {
            self.name = Some(value.clone());
            self.problem = None;
            ui.ctx().request_repaint();
        }
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let ready = value.trim() != model.server_name && long.is_none() && self.asked.is_none();
        let button = Rect::from_min_max(pos2(row.right() - SAVE, row.top()), row.max);
        let label = if self.asked.is_some() { "Saving…" } else { "Save" };
        let clicked = widgets::primary_button(ui, button, label, ready).clicked();
        if ready && (clicked || entered) {
            self.problem = None;
            self.asked = Some(Asked::start(model));
            let wish = AdminWish::RenameServer(value.trim().to_owned());
            commands.push(Command::Account(AccountWish::Admin(wish)));
            ui.ctx().request_repaint();
        }
        let at = pos2(row.left(), row.bottom() + space::S);
        match &problem {
            Some(problem) => _ = controls::trouble(ui, at, problem, inner),
            None => _ = paragraph(ui, at, NAME, inner),
        }
        card.bottom()
    }

    /// The card of the switch, which is the whole card. Returns where it ends.
    fn registration(
        &self,
        ui: &mut Ui,
        corner: egui::Pos2,
        width: f32,
        model: &Model,
        deeds: &mut Deeds,
        commands: &mut Vec<Command>,
    ) -> f32 {
        let palette = theme::palette(ui);
        let on = model.registration == Some(true);
        widgets::heading(ui, corner + vec2(space::XS, space::M), "WHO CAN JOIN");
        let top = corner.y + space::XL + space::XS;
        let room = width - 2.0 * space::L - SWITCH - space::L;
        let hint = text::explained(ui, OPEN, font::small(), palette.subdued, room);
        let height = (2.0 * space::M + theme::LINE + 2.0 + hint.size().y).round();
        let card = Rect::from_min_size(pos2(corner.x, top), vec2(width, height));
        ui.painter().rect(card, radius::M, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
        let label = "Open registration";
        let response = ui.interact(card, Id::unique(label), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, label));
        if response.gained_focus() {
            ui.scroll_to_rect(card.expand(space::S), None);
        }
        if response.hovered() {
            ui.painter().rect_filled(card.shrink(3.0), radius::M - 3, palette.hover);
        }
        if response.has_focus() {
            let stroke = Stroke::new(2.0, palette.accent);
            ui.painter().rect_stroke(card.shrink(2.0), radius::M - 2, stroke, StrokeKind::Inside);
        }
        let at = card.min + vec2(space::L, space::M);
        let title = text::elided(ui, label.to_owned(), font::body(), palette.text, room);
        ui.painter().galley(at, title, palette.text);
        let place = Rect::from_min_size(at + vec2(0.0, theme::LINE + 2.0), hint.size());
        widgets::say(ui, place, OPEN);
        ui.painter().galley(place.min, hint, palette.subdued);
        controls::switch_track(ui, pos2(card.right() - space::L - SWITCH / 2.0, card.center().y), on);
        if response.clicked() {
            let (doing, done) = match on {
                true => ("Closing registration…", "Only who is invited can join now."),
                false => ("Opening registration…", "Everybody who reaches this server can make an account now."),
            };
            deeds.begin(model, AdminWish::SetRegistration(!on), doing.into(), done.into(), commands);
            ui.ctx().request_repaint();
        }
        card.bottom()
    }
}

/// The card of what the server is told from others by. Returns where it ends.
fn fingerprint(ui: &mut Ui, corner: egui::Pos2, width: f32, model: &Model) -> f32 {
    let Some(fingerprint) = model.fingerprint() else { return corner.y - space::L };
    let palette = theme::palette(ui);
    widgets::heading(ui, corner + vec2(space::XS, space::M), "ENCRYPTION");
    let top = corner.y + space::XL + space::XS;
    let inner = width - 2.0 * space::L;
    let below = text::explained(ui, COMPARE, font::small(), palette.subdued, inner).size().y;
    let size = vec2(width, 2.0 * space::L + prints::HEIGHT + space::S + below);
    let card = Rect::from_min_size(pos2(corner.x, top), size);
    ui.painter().rect(card, radius::M, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    let place = Rect::from_min_size(card.min + vec2(space::L, space::L), vec2(inner, prints::HEIGHT));
    Print { label: "Fingerprint of this server", fingerprint, beside: None, copied: true }.show(ui, place);
    paragraph(ui, place.left_bottom() + vec2(0.0, space::S), COMPARE, inner);
    card.bottom()
}
