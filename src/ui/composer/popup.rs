//! What is offered for the word at the caret, in a list above the field. Takes no focus: one goes on writing.

use egui::accesskit::Role;
use egui::{Align2, Area, Color32, Frame, Id, Margin, Order, Rect, Sense, Shadow, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::complete::Choice;
use crate::client::model::Model;
use crate::proto::ids::UserId;
use crate::ui::emoji::index;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::{presence, text, widgets};

const ROW: f32 = 38.0;
const WIDTH: f32 = 400.0;
/// Between the list and the composer.
pub const GAP: f32 = 6.0;
/// Between the edge of a card and its content.
pub const MARGIN: f32 = 6.0;

fn area() -> Id {
    Id::unique("offer")
}

/// Whether the pointer is over the list, as it was drawn last.
pub fn is_under_pointer(ui: &Ui) -> bool {
    let pointer = ui.input(|input| input.pointer.latest_pos());
    let rect = ui.memory(|memory| memory.area_rect(area()));
    pointer.zip(rect).is_some_and(|(pointer, rect)| rect.contains(pointer))
}

/// A card above the composer, as wide as its content.
pub fn above(ui: &Ui, id: Id, frame: Rect, name: &str, role: Role, content: impl FnOnce(&mut Ui)) {
    at(ui, id, Align2::LEFT_BOTTOM, frame.left(), name, role, content);
}

/// A card above the composer with one of its lower corners at `x`.
pub fn at(ui: &Ui, id: Id, corner: Align2, x: f32, name: &str, role: Role, content: impl FnOnce(&mut Ui)) {
    let palette = theme::palette(ui);
    let shadow = Shadow { offset: [0, 3], blur: 18, spread: 0, color: Color32::from_black_alpha(36) };
    let look = Frame::popup(ui.style()).inner_margin(Margin::same(MARGIN as i8)).fill(palette.surface).shadow(shadow);
    Area::new(id)
        .order(Order::Foreground)
        .pivot(corner)
        .fixed_pos(pos2(x, ui.max_rect().top() - GAP))
        .constrain(true)
        .fade_in(false)
        .role(role)
        .accessible_name(name)
        .show(ui.ctx(), |ui| {
            look.corner_radius(radius::M - 3).show(ui, content);
        });
}

/// Draws the list above the field. Returns which choice was clicked.
pub fn show(ui: &Ui, field: Id, frame: Rect, choices: &[Choice], chosen: usize, model: &Model) -> Option<usize> {
    let mut clicked = None;
    let width = WIDTH.min(frame.width() - 2.0 * MARGIN).max(1.0);
    above(ui, area(), frame, "Suggestions", Role::ListBox, |ui| {
        let (all, _) = ui.allocate_exact_size(vec2(width, ROW * choices.len() as f32), Sense::hover());
        for (n, choice) in choices.iter().enumerate() {
            let rect = Rect::from_min_size(all.min + vec2(0.0, ROW * n as f32), vec2(width, ROW));
            let response = ui.interact(rect, field.with(("choice", n)), Sense::click() - Sense::FOCUSABLE);
            let name = spoken(choice, model);
            response.widget_info(|| WidgetInfo::labeled(Role::ListBoxOption, true, &name));
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(n == chosen));
            let palette = theme::palette(ui);
            if n == chosen {
                ui.painter().rect_filled(rect, radius::S, palette.selected);
            } else if response.hovered() {
                ui.painter().rect_filled(rect, radius::S, palette.hover);
            }
            match choice {
                Choice::Mention(id) | Choice::Receiver(id) => person(ui, rect, *id, model, n == chosen),
                Choice::Command(command) => {
                    let words = format!("/{} {}", command.name, command.takes);
                    line(ui, rect, rect.left() + space::M, words.trim_end(), command.does);
                }
                Choice::Emoji(emoji) => {
                    let center = pos2(rect.left() + 22.0, rect.center().y);
                    ui.painter().text(center, Align2::CENTER_CENTER, emoji, font::choice(), palette.text);
                    line(ui, rect, rect.left() + 44.0, &code(emoji), index::name(emoji));
                }
            }
            if response.clicked() {
                clicked = Some(n);
            }
        }
    });
    clicked
}

fn spoken(choice: &Choice, model: &Model) -> String {
    match choice {
        Choice::Mention(id) | Choice::Receiver(id) => {
            let status = presence::status(model, *id);
            format!("{}, {}", model.name(*id), presence::status_word(status))
        }
        Choice::Command(command) => {
            let words = format!("/{} {}", command.name, command.takes);
            format!("{}: {}", words.trim_end(), command.does)
        }
        Choice::Emoji(emoji) => format!("{}, {}", index::name(emoji), code(emoji)),
    }
}

/// What is typed for an emoji.
pub fn code(emoji: &str) -> String {
    index::code(emoji).map(|code| format!(":{code}:")).unwrap_or_default()
}

/// A person with their presence.
pub fn person(ui: &Ui, rect: Rect, id: UserId, model: &Model, chosen: bool) {
    let palette = theme::palette(ui);
    let status = presence::status(model, id);
    let center = pos2(rect.left() + 22.0, rect.center().y);
    let behind = if chosen { palette.selected } else { palette.surface };
    widgets::avatar(ui, center, 26.0, model.name(id), status.map(|status| (status, behind)));
    line(ui, rect, rect.left() + 44.0, model.name(id), presence::status_word(status));
}

/// A name, and in less weight what there is to say of it.
fn line(ui: &Ui, rect: Rect, left: f32, name: &str, more: &str) {
    let palette = theme::palette(ui);
    let room = rect.right() - space::M - left;
    let name = text::elided(ui, text::one_line(name), font::strong(), palette.text, room);
    let middle = rect.center().y;
    let rest = room - name.size().x - space::M;
    let more_left = left + name.size().x + space::M;
    ui.painter().galley(pos2(left, middle - name.size().y / 2.0), name, palette.text);
    if rest > 30.0 {
        let more = text::elided(ui, more.to_owned(), font::small(), palette.subdued, rest);
        ui.painter().galley(pos2(more_left, middle - more.size().y / 2.0), more, palette.subdued);
    }
}

/// The title of a card, with a way to close it. Returns whether it was taken.
pub fn title(ui: &mut Ui, words: &str, width: f32) -> bool {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let left = pos2(rect.left() + 10.0, rect.center().y);
    widgets::line(ui, left, words, font::strong(), palette.text, width - 54.0);
    let close = Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(30.0, 30.0));
    widgets::icon_button(ui, close, Icon::X, "Close").clicked()
}
