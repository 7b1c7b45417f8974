//! Draws the row of a chat in the list, from its view data.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, CornerRadius, Galley, Id, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use crate::proto::chat::ChatKey;
use crate::ui::files;
use crate::ui::fuzzy::Query;
use crate::ui::people::{Preview, Row};
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;

const FACE: f32 = 46.0;

/// How a row stands in the list.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// It is the chat that is open.
    pub open: bool,
    /// It is the one that Enter opens, in the field that is searched with.
    pub marked: bool,
    /// The Tab key comes to it.
    pub stop: bool,
    /// What it was found by.
    pub query: Option<&'a Query>,
}

/// The row of a chat.
pub fn id(chat: ChatKey) -> Id {
    Id::unique(("chat", chat))
}

/// Draws a row.
pub fn show(ui: &mut Ui, rect: Rect, row: &Row, standing: Standing<'_>) -> Response {
    let palette = theme::palette(ui);
    let Standing { open, marked, stop, query } = standing;
    let place = rect.shrink2(vec2(space::S, 1.0));
    let sense = if stop { Sense::click() } else { Sense::click() - Sense::FOCUSABLE };
    let response = ui.interact(place, id(row.chat), sense);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, open, row.spoken()));
    if let Some(holds) = row.holds {
        ui.ctx().request_repaint_after(holds);
    }

    let behind = match (open, marked || response.hovered()) {
        (true, _) => palette.selected,
        (false, true) => palette.hover,
        (false, false) => palette.surface,
    };
    ui.painter().rect_filled(place, radius::S + 2, behind);
    if marked {
        let stroke = Stroke::new(1.5, palette.line);
        ui.painter().rect_stroke(place, radius::S + 2, stroke, StrokeKind::Inside);
    }
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S + 2));

    let middle = place.center().y;
    let face = pos2(place.left() + space::S + FACE / 2.0, middle);
    widgets::face(ui, face, FACE, row.chat, &row.name, row.status.map(|status| (status, behind)));

    let left = place.left() + space::S + FACE + space::M;
    name(ui, row, query, left, place.right() - space::M, middle - if is_bare(row) { 10.0 } else { 11.0 });

    let mut right = place.right() - space::M;
    let below = middle + 11.0;
    if row.unread > 0 {
        right -= widgets::badge(ui, pos2(right, below), row.unread, row.muted, palette) + space::XS;
    }
    if row.mentions > 0 {
        right -= widgets::mention(ui, pos2(right, below), palette) + space::XS;
    }
    let galley = preview(ui, row, right - space::XS - left);
    ui.painter().galley(pos2(left, below - galley.size().y / 2.0), galley, palette.subdued);
    response
}

/// Nothing was ever said there.
fn is_bare(row: &Row) -> bool {
    row.time.is_empty() && matches!(row.preview, Preview::None(_))
}

/// The name, whether the chat is muted, and the time at the right.
fn name(ui: &Ui, row: &Row, query: Option<&Query>, left: f32, mut right: f32, middle: f32) {
    let palette = theme::palette(ui);
    if !row.time.is_empty() {
        let calls = row.mentions > 0 || (row.unread > 0 && !row.muted);
        let color = if calls { palette.accent } else { palette.subdued };
        let galley = ui.painter().layout_no_wrap(row.time.clone(), font::tiny(), color);
        let at = pos2(right - galley.size().x, middle - galley.size().y / 2.0);
        right = at.x - space::S;
        ui.painter().galley(at, galley, color);
    }
    let sign = if row.muted { 14.0 + space::XS } else { 0.0 };
    let galley = widgets::found_name(ui, &row.name, query, font::strong(), right - left - sign);
    let size = galley.size();
    ui.painter().galley(pos2(left, middle - size.y / 2.0), galley, palette.text);
    if row.muted {
        let at = pos2(left + size.x + space::XS + 7.0, middle + 1.5);
        widgets::icon(ui, at, Icon::BellOff, 13.0, palette.subdued);
    }
}

fn preview(ui: &Ui, row: &Row, width: f32) -> Arc<Galley> {
    let palette = theme::palette(ui);
    let (mark, words, mark_color, color) = match &row.preview {
        Preview::None(words) | Preview::Happened(words) | Preview::Message { who: None, words, .. } => {
            (String::new(), words, palette.subdued, palette.subdued)
        }
        Preview::Message { who: Some(who), words, .. } => {
            let who = text::in_reading_order(ui, who.clone(), &font::small(), width);
            (format!("{who}: "), words, palette.subdued, palette.subdued)
        }
        Preview::Draft(words) => ("Draft: ".into(), words, palette.accent, palette.subdued),
        Preview::Typing(words) => (String::new(), words, palette.subdued, palette.accent),
    };
    let sign = match &row.preview {
        Preview::Message { file: Some(name), .. } => files::sign(name).unicode().to_string(),
        _ => String::new(),
    };
    let gap = if sign.is_empty() { 0.0 } else { space::XS };
    let signed = ui.painter().layout_no_wrap(sign.clone(), font::icon(14.0), color).size().x + gap;
    let taken = signed + ui.painter().layout_no_wrap(mark.clone(), font::small(), mark_color).size().x;
    let words = text::in_reading_order(ui, words.clone(), &font::small(), width - taken);
    let mut job = LayoutJob::default();
    job.append(&mark, 0.0, TextFormat::simple(font::small(), mark_color));
    job.append(&sign, 0.0, TextFormat { valign: Align::Center, ..TextFormat::simple(font::icon(14.0), color) });
    job.append(&words, gap, TextFormat::simple(font::small(), color));
    job.wrap = TextWrapping::truncate_at_width(width.max(1.0));
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::chat::ChatKey;

    #[test]
    fn a_name_from_the_right_does_not_turn_the_words_around() {
        let row = |who: Option<&str>, words: &str| Row {
            chat: ChatKey::Everyone,
            name: "Everyone".into(),
            status: None,
            time: "12:00".into(),
            preview: Preview::Message { who: who.map(Into::into), file: None, words: words.into() },
            unread: 0,
            mentions: 0,
            muted: false,
            holds: None,
        };
        egui::__run_test_ui(|ui| {
            let seen = |row: &Row, width| preview(ui, row, width).text().to_owned();
            // The two words of a name from the right are seen the other way round; what is said follows it.
            assert_eq!(seen(&row(Some("ליאת כהן"), "Short words"), 1_000.0), "כהן ליאת: Short words");
            assert_eq!(seen(&row(Some("Ada"), "שלום לכם"), 1_000.0), "Ada: לכם שלום");
            assert_eq!(seen(&row(None, "Short words"), 1_000.0), "Short words");
        });
    }
}
