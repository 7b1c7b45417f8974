//! A fingerprint as it is laid out, wherever two people compare theirs: two rows of four groups.

use egui::{Align2, Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::theme::{self, font, radius, space};
use super::{controls, widgets};
use crate::proto::fingerprint::Fingerprint;

/// The height of a row of four groups.
const ROW: f32 = 30.0;
/// The height of the line above, with the button beside it.
pub const LABEL: f32 = 26.0;
/// Groups in a row.
const COLUMNS: usize = 4;
/// How high it is.
pub const HEIGHT: f32 = LABEL + 2.0 * ROW + 2.0 * space::S;

/// One fingerprint.
#[derive(Debug)]
pub struct Print {
    /// What stands above it.
    pub label: &'static str,
    /// Which.
    pub fingerprint: Fingerprint,
    /// What it is compared with: groups that differ are marked.
    pub beside: Option<Fingerprint>,
    /// It can be copied.
    pub copied: bool,
}

impl Print {
    /// Draws it, [`HEIGHT`] high.
    pub fn show(&self, ui: &mut Ui, rect: Rect) {
        let palette = theme::palette(ui);
        let (head, frame) = rect.split_top_bottom_at_y(rect.top() + LABEL);
        controls::label(ui, head.left_center(), self.label);
        if self.copied {
            let place = Rect::from_center_size(pos2(head.right() - 14.0, head.center().y), vec2(28.0, 28.0));
            if widgets::icon_button(ui, place, Icon::Copy, "Copy the fingerprint").clicked() {
                ui.ctx().copy_text(self.fingerprint.to_string());
            }
        }
        ui.painter().rect_filled(frame, radius::S, palette.field);
        let differs: Vec<bool> = match self.beside {
            Some(beside) => self.fingerprint.groups().zip(beside.groups()).map(|(one, other)| one != other).collect(),
            None => Vec::new(),
        };
        let count = differs.iter().filter(|differs| **differs).count();
        let told = if count > 0 { format!(", {count} of {} groups differ", differs.len()) } else { String::new() };
        widgets::say(ui, frame, &format!("{}: {}{told}", self.label, self.fingerprint));
        let cell = vec2(frame.width() / COLUMNS as f32, ROW);
        for (at, group) in self.fingerprint.groups().enumerate() {
            let corner = frame.min + vec2((at % COLUMNS) as f32 * cell.x, space::S + (at / COLUMNS) as f32 * cell.y);
            let place = Rect::from_min_size(corner, cell);
            if differs.get(at) == Some(&true) {
                let size = vec2((cell.x - space::XS).min(68.0), ROW - space::XS);
                let behind = Rect::from_center_size(place.center(), size);
                ui.painter().rect_filled(behind, radius::TAIL, palette.found);
            }
            ui.painter().text(place.center(), Align2::CENTER_CENTER, group, font::fingerprint(), palette.text);
        }
    }
}
