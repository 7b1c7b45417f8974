//! The small things that views share: avatars, buttons, badges, icons. Each has a name that a screen reader can say.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align2, AsIdSalt, Color32, CornerRadius, FontId, Galley, Id, Pos2, Rect, Response, Sense, Stroke, Ui, WidgetInfo,
    pos2, vec2,
};
use lucide_icons::Icon;
use unicode_segmentation::UnicodeSegmentation;

use super::bidi;
use super::emoji;
use super::fuzzy::Query;
use super::marks::{self, Mark};
use super::text;
use super::theme::{self, Palette, font, radius, space};
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;

/// The first letters of the first two words of a name, with their marks. Figures stand in only where there is no letter:
/// beside one they would be taken for it. An emoji stands in where there is neither.
pub fn initials(name: &str) -> String {
    let of = |wanted: fn(char) -> bool| {
        let first = |word: &str| -> Option<String> {
            let signs = word.graphemes(true);
            let mut letters = signs.filter(|sign| !emoji::is_pictured(sign) && sign.starts_with(char::is_alphanumeric));
            letters.next().map(str::to_uppercase)
        };
        let firsts = name.split_whitespace().filter_map(first).filter(|sign| sign.starts_with(wanted));
        firsts.take(2).collect::<String>()
    };
    let (letters, figures) = (of(char::is_alphabetic), of(char::is_alphanumeric));
    if !letters.is_empty() {
        return letters;
    }
    if !figures.is_empty() {
        return figures;
    }
    name.graphemes(true).find(|sign| emoji::is_pictured(sign)).unwrap_or("?").to_owned()
}

/// A circle with somebody's initials, and a dot for their presence where `status` says it: filled when they are there,
/// a ring when not, so that it is not told by colour alone. `behind` is the colour under the avatar.
pub fn avatar(ui: &Ui, center: Pos2, diameter: f32, name: &str, status: Option<(Status, Color32)>) {
    let painter = ui.painter();
    painter.circle_filled(center, diameter / 2.0, theme::avatar(name));
    painter.text(center, Align2::CENTER_CENTER, initials(name), font::initials(diameter), Color32::WHITE);
    if let Some((status, behind)) = status {
        let palette = theme::palette(ui);
        let dot = center + egui::Vec2::splat(diameter * 0.35);
        let size = (diameter * 0.115).clamp(4.0, 5.5);
        painter.circle_filled(dot, size + 2.0, behind);
        match status {
            Status::Online => painter.circle_filled(dot, size, palette.online),
            // A moon.
            Status::Away => {
                painter.circle_filled(dot, size, palette.away);
                painter.circle_filled(dot + egui::vec2(size * 0.5, -size * 0.5), size * 0.8, behind)
            }
            Status::Offline => painter.circle_stroke(dot, size - 1.0, Stroke::new(1.5, palette.subdued)),
        };
    }
}

/// The face of a chat: a circle for a person, a square with round corners for a room, so that it is not taken for one.
pub fn face(ui: &Ui, center: Pos2, diameter: f32, key: ChatKey, name: &str, status: Option<(Status, Color32)>) {
    let rect = Rect::from_center_size(center, egui::Vec2::splat(diameter));
    let corners = diameter * 0.3;
    match key {
        ChatKey::Person(_) => avatar(ui, center, diameter, name, status),
        ChatKey::Everyone => {
            let palette = theme::palette(ui);
            ui.painter().rect_filled(rect, corners, palette.accent_fill);
            icon(ui, center, Icon::UsersRound, (diameter * 0.48).round(), palette.on_accent);
        }
        ChatKey::Group(id) => {
            // By its number: a group that is renamed keeps its colour.
            ui.painter().rect_filled(rect, corners, theme::avatar(&format!("group {}", id.0)));
            let font = font::initials(diameter);
            ui.painter().text(center, Align2::CENTER_CENTER, initials(name), font, Color32::WHITE);
        }
    }
}

/// Draws an icon.
pub fn icon(ui: &Ui, center: Pos2, icon: Icon, size: f32, color: Color32) {
    ui.painter().text(center, Align2::CENTER_CENTER, icon.unicode(), font::icon(size), color);
}

/// A round button with an icon and no words; its name is said by a screen reader and shown in a tooltip.
pub fn icon_button(ui: &mut Ui, rect: Rect, sign: Icon, name: &str) -> Response {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, Id::unique(("button", name)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.hovered() || response.has_focus() {
        ui.painter().circle_filled(rect.center(), rect.width() / 2.0, palette.field);
    }
    focus_ring(ui, &response, CornerRadius::same(255));
    let color = if response.hovered() { palette.text } else { palette.subdued };
    icon(ui, rect.center(), sign, 18.0, color);
    response.on_hover_text(text::hint(name))
}

/// A line around what the keyboard is at.
pub fn focus_ring(ui: &Ui, response: &Response, corners: CornerRadius) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, theme::palette(ui).accent);
        ui.painter().rect_stroke(response.rect, corners, stroke, egui::StrokeKind::Inside);
    }
}

/// The one button of a page that matters. Reports clicks while it is off, too: the page may say what is missing.
pub fn primary_button(ui: &mut Ui, rect: Rect, label: &str, enabled: bool) -> Response {
    let palette = theme::palette(ui);
    let sense = if enabled { Sense::click() } else { Sense::click() - Sense::FOCUSABLE };
    let response = ui.interact(rect, Id::unique(("button", label)), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    let (fill, front) = match (enabled, response.hovered()) {
        // Still a button, and not yet one that does something.
        (false, _) => (palette.surface.lerp_to_gamma(palette.accent_fill, 0.45), palette.on_accent.gamma_multiply(0.7)),
        (true, true) => (palette.accent_hover, palette.on_accent),
        (true, false) => (palette.accent_fill, palette.on_accent),
    };
    ui.painter().rect_filled(rect, radius::S, fill);
    focus_ring(ui, &response, CornerRadius::same(radius::S));
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, label, font::strong(), front);
    response
}

/// A word that acts, in a line of text. `left` is the middle of its left edge; `key` tells it from others of that word.
pub fn text_button(ui: &mut Ui, left: Pos2, label: &str, key: impl AsIdSalt, color: Color32) -> Response {
    let galley = ui.painter().layout_no_wrap(label.to_owned(), font::small_strong(), color);
    let rect = Rect::from_min_size(left - vec2(0.0, 14.0), vec2(galley.size().x + 2.0 * space::S, 28.0));
    let response = ui.interact(rect, Id::unique(("button", label)).with(key), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    if response.hovered() {
        ui.painter().rect_filled(rect, radius::S, color.gamma_multiply(0.12));
    }
    focus_ring(ui, &response, CornerRadius::same(radius::S));
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    response
}

/// A number in a pill; `right` is the middle of its right edge. A quiet one does not ask for attention. Returns its
/// width.
pub fn badge(ui: &Ui, right: Pos2, count: u32, quiet: bool, palette: &Palette) -> f32 {
    let label = if count > 999 { "999+".to_owned() } else { count.to_string() };
    let fill = if quiet { palette.quiet_fill } else { palette.accent_fill };
    pill(ui, right, label, fill, palette.on_accent)
}

/// The sign of being called by name, in a pill; `right` is the middle of its right edge. Returns its width.
pub fn mention(ui: &Ui, right: Pos2, palette: &Palette) -> f32 {
    pill(ui, right, "@".into(), palette.accent_fill, palette.on_accent)
}

fn pill(ui: &Ui, right: Pos2, label: String, fill: Color32, front: Color32) -> f32 {
    let galley = ui.painter().layout_no_wrap(label, font::small_strong(), front);
    let size = vec2((galley.size().x + 12.0).max(21.0), 21.0);
    let rect = Rect::from_min_size(pos2(right.x - size.x, right.y - size.y / 2.0), size);
    ui.painter().rect_filled(rect, 11.0, fill);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, front);
    size.x
}

/// A page or pane that has nothing else to show: a sign, a line, and one more to say what to do. Returns where it ends.
pub fn empty(ui: &mut Ui, rect: Rect, sign: Icon, title: &str, hint: &str) -> f32 {
    let palette = theme::palette(ui);
    let width = (rect.width() - 2.0 * space::XL).clamp(1.0, 340.0);
    let lines = |text: &str, font: FontId, color| {
        let text = text::in_lines(ui, &text::drawable(text), &font, width);
        let mut job = egui::text::LayoutJob::simple(text, font, color, width);
        job.halign = egui::Align::Center;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let title_lines = lines(title, font::title(), palette.text);
    let hint_lines = lines(hint, font::small(), palette.subdued);
    let height = 64.0 + space::L + title_lines.size().y + space::S + hint_lines.size().y;
    let mut at = pos2(rect.center().x, rect.center().y - height / 2.0);

    let disc = at + vec2(0.0, 32.0);
    ui.painter().circle_filled(disc, 32.0, palette.selected);
    icon(ui, disc, sign, 28.0, palette.accent);
    at.y += 64.0 + space::L;
    for (galley, says) in [(title_lines, title), (hint_lines, hint)] {
        if says.is_empty() {
            continue;
        }
        let size = galley.size();
        let place = Rect::from_min_size(pos2(at.x - size.x / 2.0, at.y), size);
        say(ui, place, says);
        ui.painter().galley(at, galley, palette.text);
        at.y += size.y + space::S;
    }
    at.y - space::S
}

/// A name on at most so many lines, each in the middle of where it is painted.
pub fn centred(ui: &Ui, words: &str, font: FontId, color: Color32, width: f32, rows: usize) -> Arc<Galley> {
    let words = text::one_line(words);
    let fits = text::elided(ui, words.clone(), font.clone(), color, width);
    if !fits.elided {
        let words = text::in_reading_order(ui, words, &font, width);
        let mut job = egui::text::LayoutJob::simple(words, font, color, width.max(1.0));
        job.halign = egui::Align::Center;
        return ui.fonts_mut(|fonts| fonts.layout_job(job));
    }
    let mut job = egui::text::LayoutJob::simple(text::in_lines(ui, &words, &font, width), font, color, width.max(1.0));
    job.halign = egui::Align::Center;
    job.wrap.max_rows = rows;
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// Makes something that is painted known to a screen reader.
pub fn say(ui: &mut Ui, rect: Rect, what: &str) -> Response {
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, what));
    response
}

/// The heading of a part of a list, in capitals.
pub fn heading(ui: &mut Ui, left: Pos2, words: &str) {
    let color = theme::palette(ui).subdued;
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font::heading(), color);
    let place = Rect::from_min_size(pos2(left.x, left.y - galley.size().y / 2.0), galley.size());
    let response = ui.allocate_rect(place, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, words));
    ui.painter().galley(place.min, galley, color);
}

/// One line of text at a place, elided to a width, known to a screen reader. Returns the width that it took.
pub fn line(ui: &mut Ui, left: Pos2, words: &str, font: FontId, color: Color32, width: f32) -> f32 {
    let galley = text::elided(ui, text::one_line(words), font, color, width);
    let place = Rect::from_min_size(pos2(left.x, left.y - galley.size().y / 2.0), galley.size());
    say(ui, place, words);
    ui.painter().galley(place.min, galley, color);
    place.width()
}

/// What is behind something that can be chosen from a list: under the pointer, or where the keys stand. Returns its colour.
pub fn choosable(ui: &Ui, rect: Rect, hovered: bool, marked: bool) -> Color32 {
    let palette = theme::palette(ui);
    let behind = if marked || hovered { palette.hover } else { palette.surface };
    ui.painter().rect_filled(rect, radius::S, behind);
    if marked {
        let stroke = egui::Stroke::new(1.5, palette.line);
        ui.painter().rect_stroke(rect, egui::CornerRadius::same(radius::S), stroke, egui::StrokeKind::Inside);
    }
    behind
}

/// A name on one line, with the letters in another colour that it was found by.
pub fn found_name(ui: &Ui, name: &str, query: Option<&Query>, font: FontId, width: f32) -> Arc<Galley> {
    let palette = theme::palette(ui);
    let name = text::one_line(name);
    // Where letters are moved to be read from the right, those that were found are not where they were.
    let Some(query) = query.filter(|_| !bidi::concerns(&name)) else {
        return text::elided(ui, name, font, palette.text, width);
    };
    let parts = query.parts(&name).into_iter();
    let (color, behind) = (palette.accent, Color32::TRANSPARENT);
    let mark = |range| Mark { range, font: font.clone(), color, behind, link: None, same_letters: false };
    let marks: Vec<Mark> = parts.map(mark).collect();
    let plain = TextFormat::simple(font.clone(), palette.text);
    let sections = marks::sections(&name, &plain, &marks);
    let mut job = LayoutJob { sections, text: name, break_on_newline: false, ..LayoutJob::default() };
    job.wrap = TextWrapping::truncate_at_width(width.max(1.0));
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_the_name() {
        for (name, letters) in [
            ("Bob", "B"),
            ("ada lovelace king", "AL"),
            ("王小明", "王"),
            ("Issue 12", "I"),
            ("3 12", "31"),
            ("", "?"),
            ("-- !", "?"),
            ("👩‍🚀", "👩‍🚀"),
            ("👩‍🚀 Bob 🎉", "B"),
            ("🇩🇪🇫🇷", "🇩🇪"),
            ("e\u{301}mile zola", "E\u{301}Z"),
            ("नमस्ते", "न"),
            ("1️⃣ 2", "2"),
            ("שָׁלוֹם", "שָׁ"),
        ] {
            assert_eq!(initials(name), letters, "{name:?}");
        }
    }
}
