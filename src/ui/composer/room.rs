//! How much room there is left in a message, and the button that sends it.

use egui::{Align2, Id, Rect, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;

use super::sendable;
use crate::ui::theme::{self, font};
use crate::ui::widgets;

/// How a draft stands with the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Far below.
    Plenty,
    /// So many bytes are left.
    Left(usize),
    /// So many bytes are too many.
    Over(usize),
}

impl Room {
    /// Of a draft, with the limit in bytes. It is said when a tenth of the limit is left.
    pub fn of(draft: &str, max: usize) -> Self {
        match max.checked_sub(sendable(draft).len()) {
            None => Self::Over(sendable(draft).len() - max),
            Some(left) if left <= max / 10 => Self::Left(left),
            Some(_) => Self::Plenty,
        }
    }
}

/// The button that sends, or that `saves` the message which is being changed.
pub fn send_button(ui: &mut Ui, rect: Rect, ready: bool, saves: bool, keys: &str) -> bool {
    let name = if saves { "Save" } else { "Send" };
    let palette = theme::palette(ui);
    let sense = if ready { Sense::click() } else { Sense::click() - Sense::FOCUSABLE };
    let response = ui.interact(rect, Id::unique("send"), sense);
    response.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::Button, ready, name));
    let (fill, front) = match (ready, response.hovered()) {
        (false, _) => (palette.field, palette.subdued),
        (true, true) => (palette.accent_hover, palette.on_accent),
        (true, false) => (palette.accent_fill, palette.on_accent),
    };
    ui.painter().circle_filled(rect.center(), rect.width() / 2.0, fill);
    widgets::focus_ring(ui, &response, egui::CornerRadius::same(255));
    match saves {
        true => widgets::icon(ui, rect.center(), Icon::Check, 20.0, front),
        false => widgets::icon(ui, rect.center() + vec2(-1.0, 1.0), Icon::Send, 18.0, front),
    }
    let clicked = response.clicked();
    response.on_hover_text(format!("{name} ({keys})"));
    clicked
}

/// The limit, announced before it is reached.
pub fn limit(ui: &mut Ui, left: egui::Pos2, room: Room) {
    let palette = theme::palette(ui);
    let (words, color) = match room {
        Room::Plenty => return,
        Room::Left(bytes) => (format!("{bytes} bytes left"), palette.subdued),
        Room::Over(bytes) => (format!("{bytes} bytes too long to send: send it in parts"), palette.danger),
    };
    let place = Rect::from_min_size(left - vec2(0.0, 9.0), vec2(260.0, 18.0));
    widgets::say(ui, place, &words);
    ui.painter().text(place.left_center(), Align2::LEFT_CENTER, words, font::small(), color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_said_in_time() {
        let max = 1000;
        assert_eq!(Room::of(&"x".repeat(899), max), Room::Plenty);
        assert_eq!(Room::of(&"x".repeat(900), max), Room::Left(100));
        assert_eq!(Room::of(&"é".repeat(500), max), Room::Left(0));
        assert_eq!(Room::of(&"é".repeat(501), max), Room::Over(2));
        assert_eq!(Room::of(&(" ".repeat(9) + &"\n".repeat(2000)), max), Room::Plenty);
    }
}
