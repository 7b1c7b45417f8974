//! Keys as they look on a keyboard, beside what they do.

use egui::{Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use super::controls;
use super::shortcuts::Press;
use super::theme::{self, font, space};

/// How high a key is.
pub const HEIGHT: f32 = 20.0;
/// Around the letters on a key.
const PAD: f32 = 5.0;
const GAP: f32 = 3.0;

/// Whether keys are called as on a Mac.
pub fn is_mac(ui: &Ui) -> bool {
    ui.ctx().os().is_mac()
}

/// How wide the keys of a press are.
pub fn width(ui: &Ui, press: Press) -> f32 {
    let caps = press.caps(is_mac(ui));
    let gaps = caps.len().saturating_sub(1) as f32 * GAP;
    caps.iter().map(|cap| cap_width(ui, cap)).sum::<f32>() + gaps
}

fn cap_width(ui: &Ui, cap: &str) -> f32 {
    let galley = ui.painter().layout_no_wrap(cap.to_owned(), font::tiny(), egui::Color32::WHITE);
    (galley.size().x + 2.0 * PAD).ceil().max(HEIGHT)
}

/// Draws the keys of a press; `right` is the middle of their right edge. Returns how wide they are.
pub fn show(ui: &Ui, right: Pos2, press: Press) -> f32 {
    let palette = theme::palette(ui);
    let all = width(ui, press);
    let mut left = right.x - all;
    for cap in press.caps(is_mac(ui)) {
        let galley = ui.painter().layout_no_wrap(cap.to_owned(), font::tiny(), palette.subdued);
        let size = vec2(cap_width(ui, cap), HEIGHT);
        let rect = Rect::from_min_size(pos2(left, right.y - HEIGHT / 2.0), size);
        ui.painter().rect(rect, 5.0, palette.field, Stroke::new(1.0, palette.line), StrokeKind::Inside);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, palette.subdued);
        left += size.x + GAP;
    }
    all
}

/// The key of an action, at the end of its row. Where it would stand over the words, they matter more.
pub fn beside(ui: &Ui, row: Rect, label: &str, press: Option<Press>) {
    let Some(press) = press else { return };
    let words = ui.painter().layout_no_wrap(label.to_owned(), font::body(), egui::Color32::WHITE).size().x;
    if controls::ACTION_LEFT + words + space::M + width(ui, press) + space::S <= row.width() {
        show(ui, row.right_center() - vec2(space::S, 0.0), press);
    }
}

/// The same for several that do the same, the first one at the left. Returns how wide they are.
pub fn any(ui: &Ui, right: Pos2, presses: &[Press]) -> f32 {
    let mut taken = 0.0;
    for press in presses.iter().rev() {
        taken += if taken > 0.0 { space::S } else { 0.0 };
        taken += show(ui, right - vec2(taken, 0.0), *press);
    }
    taken
}
