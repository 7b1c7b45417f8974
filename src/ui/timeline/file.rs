//! A file that is no picture, as a card: the sign of its kind, its name, how long it is or how far, and what can be done.
//! A card has one size, whatever becomes of the file.

use egui::accesskit::Role;
use egui::{Color32, Id, Rect, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::carried::{Carried, Way};
use super::enclosed::{Act, acts};
use super::page::{Done, Page};
use super::row::Row;
use crate::ui::files::{self, signs};
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};

/// The height of a card, and the diameter of its sign.
const HEIGHT: f32 = 46.0;
/// The width of a card where there is room for it.
const WIDTH: f32 = 290.0;

/// How large a card is where words are at most so wide.
pub fn size(text: f32) -> Vec2 {
    vec2(WIDTH.min(text), HEIGHT)
}

/// Draws a card.
pub fn paint(ui: &mut Ui, row: &Row<'_>, carried: &Carried<'_>, place: Rect, page: &Page<'_>, done: &mut Done) {
    let palette = theme::palette(ui);
    let still = page.chosen.is_some();
    let acts = if still { &[] } else { acts(carried) };
    disc(ui, row, carried, place, acts.first().copied(), done);

    let left = place.left() + HEIGHT + space::S + 2.0;
    let room = (place.right() - left).max(1.0);
    let name = files::shortened(ui, carried.name, &font::strong(), room);
    let name = text::elided(ui, name, font::strong(), palette.text, room);
    let top = place.top() + 2.0;
    let response = widgets::say(ui, Rect::from_min_size(pos2(left, top), name.size()), carried.name);
    response.on_hover_text(text::hint(carried.name));
    ui.painter().galley(pos2(left, top), name, palette.text);

    // What can be done stands at the right edge, where it stays while figures change.
    let middle = place.bottom() - 12.0;
    let mut right = place.right() + space::S;
    for act in acts.iter().rev() {
        let word = act.word(carried);
        let width = ui.painter().layout_no_wrap(word.to_owned(), font::small_strong(), Color32::WHITE).size().x;
        right -= width + 2.0 * space::S;
        if widgets::text_button(ui, pos2(right, middle), word, ("file", row.id), palette.accent).clicked() {
            act.perform(ui, carried, &mut done.commands);
        }
    }
    let failed = matches!(carried.way, Way::Failed(_));
    let color = match (failed, row.own) {
        (true, _) => palette.danger,
        (false, true) => palette.subdued_own,
        (false, false) => palette.subdued,
    };
    let words = carried.state();
    let galley = text::elided(ui, text::one_line(&words), font::small(), color, (right - left).max(1.0));
    let said = Rect::from_min_size(pos2(left, middle - galley.size().y / 2.0), galley.size());
    let response = widgets::say(ui, said, &words);
    ui.painter().galley(said.min, galley, color);
    if failed {
        response.on_hover_text(text::hint(&words));
    }
}

/// The sign, which does what the first of the words does. The keyboard has the words.
fn disc(ui: &mut Ui, row: &Row<'_>, carried: &Carried<'_>, place: Rect, act: Option<Act>, done: &mut Done) {
    let palette = theme::palette(ui);
    let disc = Rect::from_min_size(place.min, vec2(HEIGHT, HEIGHT));
    let mut fill = palette.accent_fill;
    let sign = act.map_or_else(|| files::sign(carried.name), |act| act.sign(carried));
    if let Some(act) = act {
        let response = ui.interact(disc, Id::unique(("file", row.id)), Sense::click() - Sense::FOCUSABLE);
        let name = format!("{} {}", act.word(carried).trim_end_matches('…'), carried.name);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        if response.hovered() {
            fill = palette.accent_hover;
        }
        if response.clicked() {
            act.perform(ui, carried, &mut done.commands);
        }
        response.on_hover_text(text::hint(act.word(carried)));
    }
    ui.painter().circle_filled(disc.center(), HEIGHT / 2.0, fill);
    widgets::icon(ui, disc.center(), sign, 20.0, palette.on_accent);
    if let Way::Going { sent: part, .. } | Way::Coming(part) = carried.way {
        signs::ring(ui, disc.center(), HEIGHT / 2.0 - 4.0, part, carried.size, palette.on_accent);
    }
}
