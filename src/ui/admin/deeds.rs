//! What an administrator does without a question: one at a time, with a line at the lower edge that says how it stands.

use egui::{Color32, Rect, Stroke, Ui, pos2, vec2};
use lucide_icons::Icon;

use crate::client::command::{AccountWish, AdminWish, Command};
use crate::client::model::Model;
use crate::ui::jobs::Asked;
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};

/// How it stands.
#[derive(Debug, PartialEq, Eq)]
enum Stands {
    Underway,
    Done,
    Refused,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Deeds {
    asked: Option<Asked>,
    /// What is said when it is done.
    done: String,
    /// What is said now.
    said: Option<(Stands, String)>,
}

impl Deeds {
    /// Something is under way: nothing else can be begun.
    pub fn busy(&self) -> bool {
        self.asked.is_some()
    }

    /// Has something done: `doing` and `done` are sentences.
    pub fn begin(&mut self, model: &Model, wish: AdminWish, doing: String, done: String, commands: &mut Vec<Command>) {
        if self.busy() {
            return;
        }
        self.asked = Some(Asked::start(model));
        self.said = Some((Stands::Underway, doing));
        self.done = done;
        commands.push(Command::Account(AccountWish::Admin(wish)));
    }

    /// Takes in what came of it.
    pub fn settle(&mut self, model: &Model) {
        let Some(outcome) = self.asked.as_mut().and_then(|asked| asked.outcome(model)) else { return };
        self.asked = None;
        self.said = Some(match outcome {
            Ok(_) => (Stands::Done, std::mem::take(&mut self.done)),
            Err(problem) => (Stands::Refused, problem.message),
        });
    }

    /// Draws the line at the lower edge of `body`, where there is something to say. Returns its height.
    pub fn show(&mut self, ui: &mut Ui, body: Rect) -> Option<f32> {
        let (stands, words) = self.said.as_ref()?;
        let palette = theme::palette(ui);
        let (sign, color, front): (_, Color32, _) = match stands {
            Stands::Underway => (Icon::Ellipsis, palette.subdued, palette.subdued),
            Stands::Done => (Icon::CircleCheck, palette.accent, palette.text),
            Stands::Refused => (Icon::CircleAlert, palette.danger, palette.danger),
        };
        let left = body.left() + space::L;
        let room = (body.width() - 2.0 * space::L - 24.0 - 44.0).max(1.0);
        let galley = text::explained(ui, &text::drawable(words), font::small(), front, room);
        let height = (galley.size().y + 2.0 * space::M).max(44.0).round();
        let bar = Rect::from_min_max(pos2(body.left(), body.bottom() - height), body.max);
        ui.painter().rect_filled(bar, 0.0, palette.surface);
        ui.painter().hline(bar.x_range(), bar.top() + 0.5, Stroke::new(1.0, palette.line));
        let at = pos2(left + 24.0, bar.center().y - galley.size().y / 2.0);
        widgets::icon(ui, pos2(left + 8.0, bar.center().y + 1.0), sign, 16.0, color);
        let said = widgets::say(ui, Rect::from_min_size(at, galley.size()), words);
        // A screen reader says by itself how it stands.
        ui.ctx().accesskit_node_builder(said.id, |node| node.set_live(egui::accesskit::Live::Polite));
        ui.painter().galley(at, galley, front);
        if *stands != Stands::Underway {
            let close = Rect::from_center_size(pos2(bar.right() - space::L - 12.0, bar.center().y), vec2(32.0, 32.0));
            if widgets::icon_button(ui, close, Icon::X, "Dismiss").clicked() {
                self.said = None;
                ui.ctx().request_repaint();
            }
        }
        Some(height)
    }
}
