//! A field under its label, as the pages before one is in have them.

use egui::{Align2, Id, Key, Rect, Stroke, TextEdit, Ui, pos2, vec2};

use super::FIELD;
use crate::ui::edit::Buffer;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;

const LABEL: f32 = 18.0;
/// How high a field is with its label.
pub const HEIGHT: f32 = LABEL + space::XS + FIELD;

/// A field.
pub struct Entry<'a> {
    /// What tells it from others.
    pub id: Id,
    /// Above it, and what a screen reader says.
    pub label: &'a str,
    /// Shown while nothing is in it.
    pub hint: &'a str,
    /// Nobody is to read what is in it.
    pub secret: bool,
    /// What is in it will not do.
    pub wrong: bool,
    /// It can be written in.
    pub enabled: bool,
}

impl Entry<'_> {
    /// Draws it from that corner, so wide. Returns whether Enter was pressed in it.
    pub fn show(self, ui: &mut Ui, corner: egui::Pos2, width: f32, value: &mut String) -> bool {
        let palette = theme::palette(ui);
        let label = Rect::from_min_size(corner, vec2(width, LABEL));
        let label_id = widgets::say(ui, label, self.label).id;
        let left = label.left_center();
        ui.painter().text(left, Align2::LEFT_CENTER, self.label, font::small_strong(), palette.subdued);

        let frame = Rect::from_min_size(pos2(corner.x, label.bottom() + space::XS), vec2(width, FIELD));
        // egui makes a password unreadable in its own layout, and in no other.
        let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, _width: f32| {
            text::edited(ui, buffer.as_str(), font::body(), palette.text, None)
        };
        let mut buffer = Buffer(value);
        let mut edit = TextEdit::singleline(&mut buffer)
            .id(self.id)
            .font(font::body())
            .text_color(palette.text)
            .hint_text(self.hint)
            .desired_width(f32::INFINITY)
            .min_size(frame.size())
            .align(Align2::LEFT_CENTER)
            // The outline is drawn below, in the colour that says how the field stands.
            .frame(
                egui::Frame::NONE
                    .fill(palette.field)
                    .corner_radius(radius::S)
                    .inner_margin(egui::Margin::symmetric(12, 8)),
            )
            .interactive(self.enabled);
        edit = if self.secret { edit.password(true) } else { edit.layouter(&mut layouter) };
        let had_focus = ui.memory(|memory| memory.has_focus(self.id));
        let response = ui.put(frame, edit).labelled_by(label_id);
        if response.gained_focus() {
            ui.scroll_to_rect(frame.expand(space::XL), None);
        }
        let outline = match (self.wrong, response.has_focus()) {
            (true, _) => palette.danger,
            (false, true) => palette.accent,
            (false, false) => palette.line,
        };
        ui.painter().rect_stroke(frame, radius::S, Stroke::new(1.5, outline), egui::StrokeKind::Inside);
        // A single line gives its focus up on Enter; what Enter means is decided by the page.
        had_focus && !response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    }
}
