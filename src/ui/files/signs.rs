//! How files and pictures are drawn wherever they stand: a picture in its place, how far a file is, the sign of a kind.

use std::f32::consts::TAU;
use std::sync::Arc;

use egui::epaint::{PathShape, RectShape};
use egui::{Color32, CornerRadius, Pos2, Rect, Stroke, TextureHandle, Ui, Vec2, pos2, vec2};
use lucide_icons::Icon;

use super::pictures::{self, Detail, Shown};
use crate::ui::theme;
use crate::ui::widgets;

/// How a picture is brought into a place of another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// All of it is seen.
    Whole,
    /// All of the place is filled.
    Filled,
}

/// Draws a picture.
pub fn picture(ui: &Ui, place: Rect, texture: &TextureHandle, corners: CornerRadius, fit: Fit) {
    let all = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let size = texture.size_vec2();
    let (rect, uv) = match fit {
        // A small one is not blown up.
        Fit::Whole => {
            let largest = within(place, size);
            (if largest.width() > size.x { Rect::from_center_size(place.center(), size) } else { largest }, all)
        }
        Fit::Filled => {
            let shown = within(Rect::from_min_size(Pos2::ZERO, size), place.size()).size() / size;
            (place, Rect::from_center_size(all.center(), shown))
        }
    };
    // A picture that is narrower than its place does not reach into the corners.
    let corners = if rect.width() + 1.0 < place.width() || rect.height() + 1.0 < place.height() {
        CornerRadius::ZERO
    } else {
        corners
    };
    ui.painter().add(RectShape::filled(rect, corners, Color32::WHITE).with_texture(texture.id(), uv));
}

/// The largest place of that shape in the middle of another one.
pub fn within(place: Rect, shape: Vec2) -> Rect {
    let scale = (place.width() / shape.x.max(0.01)).min(place.height() / shape.y.max(0.01));
    Rect::from_center_size(place.center(), shape * scale)
}

/// A small picture of a file that fills its place, or the sign of its kind where there is none.
pub fn tile(ui: &Ui, place: Rect, path: Option<&Arc<str>>, name: &str, corners: CornerRadius) {
    let palette = theme::palette(ui);
    match path.map(|path| pictures::shown(ui.ctx(), path, Detail::Tile)) {
        Some(Shown::There(texture)) => picture(ui, place, &texture, corners, Fit::Filled),
        shown => {
            ui.painter().rect_filled(place, corners, palette.selected);
            let sign = if matches!(shown, Some(Shown::Damaged)) { Icon::ImageOff } else { super::sign(name) };
            widgets::icon(ui, place.center(), sign, (place.height() * 0.46).round(), palette.accent);
        }
    }
}

/// How much of something is done, as a ring: a part of it is always there, since something has begun.
pub fn ring(ui: &Ui, center: Pos2, radius: f32, done: u64, of: u64, color: Color32) {
    let share = (done as f64 / of.max(1) as f64).clamp(0.03, 1.0) as f32;
    let points = (share * 48.0).ceil().max(2.0) as usize;
    let at = |n: usize| {
        let angle = (n as f32 / points as f32 * share - 0.25) * TAU;
        center + radius * vec2(angle.cos(), angle.sin())
    };
    let stroke = Stroke::new(2.5, color);
    ui.painter().circle_stroke(center, radius, Stroke::new(2.5, color.gamma_multiply(0.25)));
    ui.painter().add(PathShape::line((0..=points).map(at).collect(), stroke));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape() {
        let place = Rect::from_min_size(pos2(10.0, 10.0), vec2(100.0, 50.0));
        assert_eq!(within(place, vec2(30.0, 30.0)).size(), vec2(50.0, 50.0));
        assert_eq!(within(place, vec2(800.0, 100.0)).size(), vec2(100.0, 12.5));
        assert_eq!(within(place, vec2(2.0, 8.0)).center(), place.center());
    }
}
