//! Files that are dropped on the window, or pasted as files: they go with the message that is being written.

use egui::{CornerRadius, Id, LayerId, Order, Rect, Stroke, StrokeKind, Ui, vec2};
use lucide_icons::Icon;

use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;
use crate::visible::isolated;

/// The files that were dropped in this frame: where they are on this computer.
pub fn take(ui: &Ui) -> Vec<String> {
    let dropped = ui.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
    // A path that is no text cannot be kept over a kill, and is not one that a dialog gives.
    dropped.iter().filter_map(|file| file.path().to_str().map(str::to_owned)).collect()
}

/// While files are held over the window: says, over the chat in that place, what becomes of them there.
pub fn overlay(ui: &mut Ui, place: Rect, title: &str) {
    let count = ui.input(|input| input.raw.hovered_files.len());
    if count == 0 {
        return;
    }
    let palette = theme::palette(ui);
    let layer = LayerId::new(Order::Foreground, Id::unique("drop"));
    let painter = ui.ctx().layer_painter(layer);
    let inner = place.shrink(space::L);
    painter.rect_filled(place, 0.0, palette.backdrop.gamma_multiply(0.9));
    let stroke = Stroke::new(2.0, palette.accent);
    painter.rect(inner, CornerRadius::same(radius::L), palette.selected, stroke, StrokeKind::Inside);
    let sign = inner.center() - vec2(0.0, 30.0);
    painter.text(sign, egui::Align2::CENTER_CENTER, Icon::Paperclip.unicode(), font::icon(34.0), palette.accent);
    let room = inner.width() - 2.0 * space::L;
    let to = format!("to your message to {}", isolated(&text::one_line(title)));
    let what = if count == 1 { "Drop to attach" } else { "Drop to attach all" };
    let mut top = inner.center().y + 2.0;
    for (words, font, color) in [(what, font::title(), palette.text), (&to, font::small(), palette.subdued)] {
        let galley = text::elided(ui, text::one_line(words), font, color, room);
        let said = Rect::from_min_size(egui::pos2(inner.center().x - galley.size().x / 2.0, top), galley.size());
        widgets::say(ui, said, words);
        top = said.bottom() + space::XS;
        painter.galley(said.min, galley, color);
    }
}
