//! A picture in its message. Its place is kept free from the beginning; what comes later moves nothing.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Id, Rect, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::carried::{Carried, Way};
use super::enclosed::Act;
use super::page::{Done, Page};
use super::row::Row;
use crate::proto::attachment::ImageSize;
use crate::ui::files;
use crate::ui::files::pictures::{self, Detail, Shown};
use crate::ui::files::signs::{self, Fit};
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};

/// The widest that a picture is shown, in points.
const WIDTH_MAX: f32 = 360.0;
/// The highest.
const HEIGHT_MAX: f32 = 320.0;
/// A smaller one stands in a place of that size: there is the time on it, too, and something to click at.
const SIZE_MIN: Vec2 = vec2(120.0, 84.0);
/// The diameter of what stands in the middle of a picture that is not there yet.
const DISC: f32 = 44.0;

/// How large the place of a picture is that may be so wide.
pub fn size(image: ImageSize, room: f32) -> Vec2 {
    let whole = vec2(image.width as f32, image.height as f32);
    let most = vec2(WIDTH_MAX.min(room), HEIGHT_MAX);
    // A small picture is not blown up.
    let scale = (most.x / whole.x).min(most.y / whole.y).min(1.0);
    (whole * scale).max(SIZE_MIN.min(most)).round()
}

/// Draws a picture, or what there is of it. Asks for it where it is not on this computer. Returns whether a menu was asked for
/// on it.
pub fn paint(
    ui: &mut Ui,
    row: &Row<'_>,
    carried: &Carried<'_>,
    place: Rect,
    corners: CornerRadius,
    page: &Page<'_>,
    done: &mut Done,
) -> bool {
    let palette = theme::palette(ui);
    let shown = match &carried.path {
        Some(path) if carried.way != Way::There => Some(pictures::shown(ui.ctx(), path, Detail::Small)),
        _ => None,
    };
    ui.painter().rect_filled(place, corners, palette.field);
    if let Some(Shown::There(texture)) = &shown {
        signs::picture(ui, place, texture, corners, Fit::Whole);
    }
    let unasked = carried.fetch_unasked(ui, &mut done.commands);
    let act = match (carried.way, &shown) {
        (Way::Going { .. } | Way::Coming(_), _) => Some(Act::Cancel),
        // It is too long, or it was here and is not any more.
        (Way::There, _) if !unasked => Some(Act::Fetch),
        (Way::Failed(_), _) => Some(Act::Fetch),
        (Way::Here, Some(Shown::Damaged)) => Some(Act::Save),
        _ => None,
    };
    match (&shown, act) {
        (Some(Shown::Damaged), _) => damaged(ui, row, carried, place, act.filter(|_| page.chosen.is_none()), done),
        (_, Some(act)) => middle(ui, row, carried, place, act, page, done),
        (Some(Shown::There(_)), None) => {}
        _ => widgets::icon(ui, place.center(), Icon::Image, 26.0, palette.subdued.gamma_multiply(0.6)),
    }
    if let (Some(seq), Some(Shown::There(_)), None) = (row.id.seq(), &shown, page.chosen) {
        let response = ui.interact(place, Id::unique(("picture", row.id)), Sense::click());
        let name = format!("Picture {}", carried.name);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        widgets::focus_ring(ui, &response, corners);
        if response.clicked() {
            files::view(ui.ctx(), page.chat, seq);
        }
        let asked = response.secondary_clicked();
        response.on_hover_cursor(egui::CursorIcon::ZoomIn);
        return asked;
    }
    false
}

/// What stands in the middle of a picture that is on its way, or that did not come.
fn middle(ui: &mut Ui, row: &Row<'_>, carried: &Carried<'_>, place: Rect, act: Act, page: &Page<'_>, done: &mut Done) {
    let disc = Rect::from_center_size(place.center() - vec2(0.0, 8.0), vec2(DISC, DISC));
    ui.painter().circle_filled(disc.center(), DISC / 2.0, theme::SHADE);
    widgets::icon(ui, disc.center(), act.sign(carried), 20.0, Color32::WHITE);
    if let Way::Going { sent: part, .. } | Way::Coming(part) = carried.way {
        signs::ring(ui, disc.center(), DISC / 2.0 - 4.0, part, carried.size, Color32::WHITE);
    }
    if page.chosen.is_none() {
        let response = ui.interact(disc, Id::unique(("picture act", row.id)), Sense::click());
        let name = format!("{} {}", act.word(carried), carried.name);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        widgets::focus_ring(ui, &response, CornerRadius::same(255));
        if response.clicked() {
            act.perform(ui, carried, &mut done.commands);
        }
        response.on_hover_text(text::hint(act.word(carried)));
    }
    let words = carried.state();
    let room = place.width() - 2.0 * space::M;
    let galley = text::elided(ui, text::one_line(&words), font::tiny(), Color32::WHITE, room);
    let center = pos2(place.center().x, disc.bottom() + 15.0);
    let said = Rect::from_center_size(center, galley.size());
    ui.painter().rect_filled(said.expand2(vec2(7.0, 2.0)), 10.0, theme::SHADE);
    let response = widgets::say(ui, said, &words);
    ui.painter().galley(said.min, galley, Color32::WHITE);
    if let Way::Failed(why) = carried.way {
        response.on_hover_text(text::hint(why));
    }
}

/// Something that says that it is a picture and is none that can be shown: a file to be saved.
fn damaged(ui: &mut Ui, row: &Row<'_>, carried: &Carried<'_>, place: Rect, act: Option<Act>, done: &mut Done) {
    let palette = theme::palette(ui);
    let room = place.width() - 2.0 * space::M;
    let middle = place.center().y - 10.0;
    widgets::icon(ui, pos2(place.center().x, middle - 18.0), Icon::ImageOff, 24.0, palette.subdued);
    let name = files::shortened(ui, carried.name, &font::small(), room);
    let galley = text::elided(ui, name, font::small(), palette.subdued, room);
    let said = Rect::from_center_size(pos2(place.center().x, middle + 8.0), galley.size());
    let response = widgets::say(ui, said, &format!("{} cannot be shown", carried.name));
    response.on_hover_text(text::hint(&format!("{} cannot be shown here", carried.name)));
    ui.painter().galley(said.min, galley, palette.subdued);
    if let Some(act) = act {
        let word = act.word(carried);
        let galley = ui.painter().layout_no_wrap(word.to_owned(), font::small_strong(), palette.accent);
        let left = pos2(place.center().x - galley.size().x / 2.0 - space::S, middle + 28.0);
        if widgets::text_button(ui, left, word, ("picture", row.id), palette.accent).clicked() {
            act.perform(ui, carried, &mut done.commands);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_picture_has_its_shape_within_limits() {
        let place = |width, height, room| size(ImageSize::new(width, height).unwrap(), room);
        assert_eq!(place(3600, 1800, 500.0), vec2(360.0, 180.0));
        assert_eq!(place(1000, 4000, 500.0), vec2(SIZE_MIN.x, 320.0));
        assert_eq!(place(900, 900, 240.0), vec2(240.0, 240.0));
        assert_eq!(place(16, 16, 500.0), SIZE_MIN);
        assert_eq!(place(200, 150, 500.0), vec2(200.0, 150.0));
        assert_eq!(place(16_384, 1, 500.0), vec2(360.0, SIZE_MIN.y));
        assert_eq!(place(16_384, 1, 60.0).x, 60.0);
    }
}
