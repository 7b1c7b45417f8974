//! The field itself: a text of any script, with its hint and its keys.

use egui::{EventFilter, Id, Key, KeyboardShortcut, Modifiers, Rect, ScrollArea, Sense, TextEdit, Ui, UiBuilder, vec2};

use super::{PAD, SMILE};
use crate::ui::edit::{self, Buffer};
use crate::ui::text;
use crate::ui::theme::{self, font, radius};

/// The keys that are the field's while the caret is in it. Escape is for the window: it peels a layer and leaves the
/// caret where it is.
pub const KEYS: EventFilter = EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: true };

/// Draws the field. `clip` is the room of what stands in front of the text, `hint` says what it is for.
pub fn show(ui: &mut Ui, id: Id, frame: Rect, clip: f32, hint: &str, draft: &mut String) {
    let palette = theme::palette(ui);
    ui.painter().rect_filled(frame, f32::from(radius::M) + 5.0, palette.field);
    let response = ui.interact(frame, id.with("frame"), Sense::click() - Sense::FOCUSABLE);
    if response.clicked() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }

    let inner = frame.shrink2(vec2(PAD + 5.0, PAD));
    let inner = Rect::from_min_max(inner.min + vec2(clip, 0.0), inner.max - vec2(SMILE, 0.0));
    let mut child = ui.new_child(UiBuilder::new().max_rect(inner));
    if draft.is_empty() {
        // A little to the right, so that the caret stands before it and not on its first letter.
        let galley = text::wrapped(ui, &text::hint(hint), font::body(), palette.subdued, f32::INFINITY);
        child.painter().galley(inner.min + vec2(4.0, 0.0), galley, palette.subdued);
    }
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, width: f32| {
        edit::laid_out(ui, buffer.as_str(), font::body(), palette.text, Some(width))
    };
    let area = ScrollArea::vertical().id_salt(id).max_height(inner.height()).auto_shrink(false);
    area.show(&mut child, |ui| {
        let before = edit::before(ui, id, draft);
        let mut buffer = Buffer(draft);
        let field = TextEdit::multiline(&mut buffer)
            .id(id)
            .frame(egui::Frame::NONE)
            .font(font::body())
            .text_color(palette.text)
            .desired_width(f32::INFINITY)
            .desired_rows(1)
            .layouter(&mut layouter)
            .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
            .event_filter(KEYS);
        let output = field.show(ui);
        edit::after(ui, id, draft, before, &output);
        output.response.response.accessible_name(hint);
    });
}
