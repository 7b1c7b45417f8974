//! The files that go with a message: the button that finds some, and the row of those that are there, each of which can be
//! taken away again.

use egui::accesskit::Role;
use egui::{
    Align, CornerRadius, Id, Key, Modifiers, Pos2, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use crate::client::model::Draft;
use crate::client::outbox::Enclosure;
use crate::proto::chat::ChatKey;
use crate::ui::files::{self, Order, signs};
use crate::ui::theme::{self, font, radius, space};
use crate::ui::{text, widgets};

/// The height of the row, with what keeps it from what is above.
pub const HEIGHT: f32 = ABOVE + CHIP;
/// The room of the button at the beginning of the field.
pub const CLIP: f32 = 28.0;
const ABOVE: f32 = 10.0;
const CHIP: f32 = 52.0;
const WIDTH: f32 = 208.0;
/// Of its picture, or of the sign of its kind.
const TILE: f32 = 40.0;
const CLOSE: f32 = 24.0;

/// Whether the row is there: what goes with the next message waits while another one is changed.
pub fn has_row(draft: &Draft) -> bool {
    draft.editing.is_none() && !draft.attachments.is_empty()
}

/// The button that asks which files are to go with the message.
pub fn button(ui: &mut Ui, chat: ChatKey, frame: Rect) -> bool {
    let size = vec2(34.0, 34.0);
    let place = Rect::from_center_size(pos2(frame.left() + 22.0, frame.bottom() - 21.0), size);
    let clicked = widgets::icon_button(ui, place, Icon::Paperclip, "Attach files (Ctrl+O)").clicked();
    if clicked {
        files::ask(ui.ctx(), Order::Attach { chat });
    }
    clicked
}

/// Draws the row in a column of that width that begins at `corner`, and takes away what somebody does not want to send.
/// Returns whether they took anything away.
pub fn show(ui: &mut Ui, corner: Pos2, width: f32, chat: ChatKey, files: &mut Vec<Enclosure>) -> bool {
    let place = Rect::from_min_size(corner + vec2(0.0, ABOVE), vec2(width, CHIP));
    let count = files.len();
    let name = if count == 1 { "1 attached file".to_owned() } else { format!("{count} attached files") };
    let builder = UiBuilder::new().max_rect(place).accessibility_role(Role::List).accessibility_label(name);
    let mut child = ui.new_child(builder);
    child.set_clip_rect(place.expand(1.0).intersect(ui.clip_rect()));
    let mut removed = None;
    // What was added last is seen.
    let known = child.data(|data| data.get_temp::<usize>(Id::unique(("attached", chat)))).unwrap_or(0);
    child.data_mut(|data| data.insert_temp(Id::unique(("attached", chat)), count));
    ScrollArea::horizontal().id_salt(("attached", chat)).auto_shrink(false).show(&mut child, |ui| {
        ui.set_height(CHIP);
        let left = ui.max_rect().min;
        let chip = WIDTH.min(width);
        for (at, enclosure) in files.iter().enumerate() {
            let corner = left + vec2(at as f32 * (chip + space::S), 0.0);
            let rect = Rect::from_min_size(corner, vec2(chip, CHIP));
            ui.allocate_rect(rect, Sense::hover());
            if show_chip(ui, rect, at, enclosure) {
                removed = Some(at);
            }
            if at + 1 == count && count > known {
                ui.scroll_to_rect(rect, Some(Align::Max));
            }
        }
    });
    if let Some(at) = removed {
        files.remove(at);
        ui.ctx().request_repaint();
    }
    removed.is_some()
}

fn show_chip(ui: &mut Ui, rect: Rect, at: usize, enclosure: &Enclosure) -> bool {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, Id::unique(("attached", at)), Sense::hover());
    let size = files::size(enclosure.size);
    let name = enclosure.name.as_str();
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("{name}, {size}")));
    ui.painter().rect_filled(rect, radius::S, palette.field);
    let gap = (CHIP - TILE) / 2.0;
    let tile = Rect::from_min_size(rect.min + vec2(gap, gap), vec2(TILE, TILE));
    let path = enclosure.image.is_some().then_some(&enclosure.path);
    signs::tile(ui, tile, path, name, CornerRadius::same(radius::TAIL + 1));

    let left = tile.right() + space::S;
    let room = rect.right() - CLOSE - space::S - left;
    let shown = files::shortened(ui, name, &font::small_strong(), room);
    let shown = text::elided(ui, shown, font::small_strong(), palette.text, room);
    let middle = rect.center().y;
    ui.painter().galley(pos2(left, middle - 1.0 - shown.size().y), shown, palette.text);
    let length = text::elided(ui, size, font::tiny(), palette.subdued, room);
    ui.painter().galley(pos2(left, middle + 2.0), length, palette.subdued);

    let close = Rect::from_center_size(pos2(rect.right() - CLOSE / 2.0 - 5.0, middle), vec2(CLOSE, CLOSE));
    let button = ui.interact(close, Id::unique(("attached", at)).with("remove"), Sense::click());
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove {name}")));
    if button.hovered() || button.has_focus() {
        ui.painter().circle_filled(close.center(), CLOSE / 2.0, palette.line);
    }
    widgets::focus_ring(ui, &button, CornerRadius::same(255));
    let color = if button.hovered() { palette.text } else { palette.subdued };
    widgets::icon(ui, close.center(), Icon::X, 15.0, color);
    if button.gained_focus() {
        ui.scroll_to_rect(rect, None);
    }
    let keys = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let deleted = button.has_focus() && (keys(Key::Delete) || keys(Key::Backspace));
    response.on_hover_text(text::hint(name));
    button.clicked() || deleted
}
