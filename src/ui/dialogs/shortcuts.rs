//! The list of all keys, made of the table that they are looked up in.

use egui::accesskit::Role;
use egui::{Id, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::{Step, layer};
use crate::ui::actions::Action;
use crate::ui::shortcuts::{self, Part, Shortcut};
use crate::ui::theme::{self, font, radius, space};
use crate::ui::{controls, keycaps, text, widgets};

const ROW: f32 = 34.0;
const HEADING: f32 = 42.0;

/// The dialog; it keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shortcuts;

impl Shortcuts {
    /// Draws it.
    pub fn show(self, ui: &Ui) -> Step {
        let again = shortcuts::take(ui) == Some(Action::Shortcuts);
        let ((), closed) = layer(ui, "Keyboard shortcuts", super::HEIGHT, list);
        if closed || again { Step::Close } else { Step::Stay }
    }
}

fn list(ui: &mut Ui, inner: Rect) {
    let builder = UiBuilder::new().max_rect(inner.with_max_y(inner.bottom() + space::L));
    let mut child = ui.new_child(builder.accessibility_role(Role::List).accessibility_label("Shortcuts"));
    child.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("shortcuts").auto_shrink(false).show(&mut child, |ui| {
        controls::scroll_by_keys(ui);
        for part in Part::ALL {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEADING), Sense::hover());
            widgets::heading(ui, pos2(rect.left(), rect.bottom() - 13.0), part.heading());
            for (at, row) in part.rows().enumerate() {
                show(ui, row, at > 0);
            }
        }
        ui.add_space(space::XL);
    });
}

fn show(ui: &mut Ui, row: &'static Shortcut, line: bool) {
    let palette = theme::palette(ui);
    let keys = row.presses.iter().map(|press| press.spelled(keycaps::is_mac(ui))).collect::<Vec<_>>().join(", ");
    let width = ui.available_width() - space::S;
    let taken = row.presses.iter().map(|press| keycaps::width(ui, *press) + space::S).sum::<f32>();
    let words = text::few_lines(ui, row.does, font::body(), palette.text, width - taken - space::S, 3);
    let size = vec2(width, ROW.max(words.size().y + space::M));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, Id::unique(("shortcut", row.does)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("{}: {keys}", row.does)));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(vec2(space::S, 0.0)), radius::S, palette.hover);
    } else if line {
        ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.line));
    }
    ui.painter().galley(rect.left_center() - vec2(0.0, words.size().y / 2.0), words, palette.text);
    keycaps::any(ui, rect.right_center(), row.presses);
}
