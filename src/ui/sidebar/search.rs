//! Above the rows: the field that the list is searched with, and what of the list is shown. And what stands in the place
//! of rows when there are none.

use egui::{EventFilter, Id, Key, Modifiers, Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use crate::ui::actions::Action;
use crate::ui::controls::{self, CHIP, Field};
use crate::ui::keycaps;
use crate::ui::shortcuts::Press;
use crate::ui::theme::{self, font, space};
use crate::ui::widgets;

/// How high all of it is.
pub const HEIGHT: f32 = controls::FIELD + space::S + CHIP + space::S;

/// The keys that were pressed in the field and are for the list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressed {
    /// How far down.
    pub down: usize,
    /// How far up.
    pub up: usize,
    /// Look at the chosen one.
    pub enter: bool,
}

/// The field.
pub fn id() -> Id {
    Id::unique("search the list")
}

/// Whether the caret is in the field.
pub fn has_caret(ui: &Ui) -> bool {
    ui.memory(|memory| memory.has_focus(id()))
}

/// Draws the field. Returns whether its text was changed, and the keys for the list.
pub fn field(ui: &mut Ui, frame: Rect, text: &mut String) -> (bool, Pressed) {
    let mut pressed = Pressed::default();
    if has_caret(ui) {
        // Before the field takes them. An input method needs them itself.
        let composing = ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Ime(_))));
        if !composing {
            pressed = ui.input_mut(|input| Pressed {
                down: input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
                up: input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
                enter: input.consume_key(Modifiers::NONE, Key::Enter),
            });
        }
    }
    let with =
        Field { name: "Search in the list", hint: "Search", sign: Some(Icon::Search), wrong: false, enabled: true };
    let response = controls::field(ui, frame, id(), text, &with);
    // What Esc means there is for the window to say.
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, escape: true, tab: false };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id(), filter));
    if text.is_empty() {
        if let Some(press) = Action::SearchList.key().filter(|_| response.has_focus() || response.hovered()) {
            keycaps::show(ui, pos2(frame.right() - space::M, frame.center().y), press);
        }
        return (response.changed(), pressed);
    }
    let place = Rect::from_center_size(pos2(frame.right() - 20.0, frame.center().y), vec2(28.0, 28.0));
    let cleared = widgets::icon_button(ui, place, Icon::X, "Empty the field").clicked();
    if cleared {
        text.clear();
        response.request_focus();
    }
    (cleared || response.changed(), pressed)
}

/// Draws the choice between all and what is new. Returns whether the other one was chosen.
pub fn chips(ui: &mut Ui, left: egui::Pos2, only_new: bool, new: usize) -> bool {
    let count = if new > 999 { "999+".to_owned() } else { new.to_string() };
    let (words, name) = match new {
        0 => ("Unread".to_owned(), "Unread chats".to_owned()),
        _ => (format!("Unread {count}"), format!("Unread chats: {count}")),
    };
    let (all, width) = chip(ui, left, "All", "All chats", !only_new, None);
    let right = left + vec2(width + space::S, 0.0);
    let (unread, _) = chip(ui, right, &words, &name, only_new, Action::OnlyNew.key());
    (all && only_new) || (unread && !only_new)
}

fn chip(ui: &mut Ui, left: egui::Pos2, words: &str, name: &str, chosen: bool, press: Option<Press>) -> (bool, f32) {
    let response = controls::chip(ui, left, words, name, chosen);
    let (clicked, width) = (response.clicked(), response.rect.width());
    if let Some(press) = press {
        response.on_hover_text(press.spelled(keycaps::is_mac(ui)));
    }
    (clicked, width)
}

/// What stands in the place of the rows: what it means, and the way out. Returns whether that was taken.
pub fn nothing(ui: &mut Ui, rect: Rect, sign: Icon, title: &str, hint: &str, way: &str) -> bool {
    let bottom = widgets::empty(ui, rect.with_max_y(rect.bottom() - 36.0), sign, title, hint);
    let color = theme::palette(ui).accent;
    let width = ui.painter().layout_no_wrap(way.to_owned(), font::small_strong(), color).size().x + 2.0 * space::S;
    widgets::text_button(ui, pos2(rect.center().x - width / 2.0, bottom + 20.0), way, "list", color).clicked()
}
