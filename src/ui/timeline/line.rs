//! What stands between bubbles: the day, the line above what is new, and the small lines of what happened.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Galley, Id, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::page::{Measure, Page};
use super::rows::Line;
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};

/// The pill of a day, and the room above and below it.
const SEPARATOR: f32 = 24.0;
const AROUND: f32 = 14.0;
/// The room that a day takes.
pub const DAY: f32 = SEPARATOR + 2.0 * AROUND;
/// Between a bubble and a small line below it.
const GAP: f32 = 8.0;
/// A line that is longer than this share of the conversation is broken.
const WIDEST: f32 = 0.86;

/// A small line that has been measured.
pub struct Look {
    words: Arc<Galley>,
    above: f32,
    /// The height of the whole row.
    pub height: f32,
}

/// The height of a line of comings and goings, which is never broken.
pub fn height(new_day: bool, follows: bool) -> f32 {
    above(new_day, follows) + theme::LINE
}

fn above(new_day: bool, follows: bool) -> f32 {
    match (new_day, follows) {
        (true, _) => DAY,
        (false, true) => 0.0,
        (false, false) => GAP,
    }
}

/// Lays a line out. `one` keeps it on one line, however long it is.
pub fn measure(ui: &Ui, line: &Line, page: &Page<'_>, one: bool) -> Look {
    let color = theme::palette(ui).subdued;
    let width = ((page.measure.right - page.measure.left) * WIDEST).round();
    let words = if one {
        text::elided(ui, text::one_line(&line.words), font::small(), color, width)
    } else {
        text::centred(ui, &text::one_line(&line.words), font::small(), color, width)
    };
    let above = above(line.day.is_some(), line.follows);
    let height = above + if one { theme::LINE } else { words.size().y.ceil() };
    Look { words, above, height }
}

/// Draws a line whose row begins at `top`.
pub fn paint(ui: &mut Ui, line: &Line, look: &Look, page: &Page<'_>, top: f32) {
    if line.day.is_some() {
        separator(ui, line.day.as_deref(), false, &page.measure, top);
    }
    let size = look.words.size();
    let place = Rect::from_min_size(
        pos2((page.measure.middle() - size.x / 2.0).round(), top + look.above),
        vec2(size.x, look.height - look.above),
    );
    let sense = Sense::click() - Sense::FOCUSABLE;
    let response = ui.interact(place, Id::unique(("line", line.id)), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &line.words));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(line.times.as_str()));
    let at = pos2(place.left(), place.center().y - size.y / 2.0);
    ui.painter().galley(at, Arc::clone(&look.words), theme::palette(ui).subdued);
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            ui.copy_text(line.words.clone());
            ui.close();
        }
    });
    response.on_hover_cursor(egui::CursorIcon::Default).on_hover_text(text::hint(&line.times));
}

/// The day, and the line above what is new, in a row that begins at `top`. Where both are due, they are one.
pub fn separator(ui: &mut Ui, day: Option<&str>, new: bool, measure: &Measure, top: f32) {
    let palette = theme::palette(ui);
    let y = top + DAY / 2.0;
    let words = day.map(|day| (day, palette.subdued)).into_iter().chain(new.then_some(("New", palette.accent)));
    let words: Vec<_> = words
        .map(|(word, color)| (word, ui.painter().layout_no_wrap(word.to_owned(), font::small_strong(), color)))
        .collect();
    let width: f32 = words.iter().map(|(_, galley)| galley.size().x + space::S).sum::<f32>() - space::S;
    let pill = Rect::from_center_size(pos2(measure.middle(), y), vec2((width + 2.0 * space::M).round(), SEPARATOR));
    if new {
        let stroke = Stroke::new(1.0, palette.accent.gamma_multiply(0.5));
        ui.painter().hline(measure.left..=pill.left(), y, stroke);
        ui.painter().hline(pill.right()..=measure.right, y, stroke);
    }
    if day.is_some() {
        ui.painter().rect_filled(pill, SEPARATOR / 2.0, palette.surface);
    }
    let mut x = pill.left() + space::M;
    for (word, galley) in words {
        let place = Rect::from_min_size(pos2(x, y - galley.size().y / 2.0), galley.size());
        widgets::say(ui, place, word);
        x += place.width() + space::S;
        ui.painter().galley(place.min, galley, palette.subdued);
    }
}
