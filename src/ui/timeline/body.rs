//! What a message says, laid out: with who is called in it, its links and what is searched for; a long one folded.

use std::borrow::Cow;

use egui::accesskit::Role;
use egui::text::{LayoutJob, TextFormat};
use egui::text_selection::LabelSelectionState;
use egui::{CursorIcon, Id, Pos2, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};
use lucide_icons::Icon;

use super::page::Page;
use super::row::{DELETED, Row};
use crate::ui::bidi;
use crate::ui::emoji;
use crate::ui::find::Needle;
use crate::ui::links::{self, Link};
use crate::ui::marks::{self, Mark};
use crate::ui::text::{self, Read};
use crate::ui::theme::{self, Palette, font, radius, space};
use crate::visible;

/// A message of more lines is folded.
pub const LINES_MAX: usize = 40;
/// More of a folded message is not laid out, in bytes: 40 lines of narrow letters are shorter.
const FOLDED_MAX_BYTES: usize = 8 * 1024;
/// How much larger than a name is what is behind it.
const BEHIND: Vec2 = vec2(1.0, -0.5);

/// Whether all of a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It is short enough.
    Short,
    /// It is long, and only its beginning is shown.
    Folded,
    /// It is long, and all of it is shown.
    Whole,
}

/// What a message says, measured.
pub struct Body {
    /// Where words were moved, no part of it can be selected, and the whole can be copied.
    pub read: Read,
    /// Its links, those of a part that is not shown included.
    pub links: Vec<Link>,
    /// The links of which only a part is shown.
    cut: Vec<usize>,
    /// How much of it is shown.
    pub fold: Fold,
    /// Where the first place that is searched for ends, from the top.
    pub found: Option<f32>,
}

/// Lays it out.
pub fn measure(ui: &Ui, row: &Row<'_>, page: &Page<'_>) -> Body {
    if row.deleted {
        return remark(ui, row);
    }
    let words = visible::cleaned(row.text);
    let links = links::find(&words);
    let here = page.here.is_some() && row.id.seq() == page.here;
    if page.unfolded.contains(&row.id) {
        let body = laid_out(ui, row, page, &words, links, here);
        let fold = if body.read.galley.rows.len() > LINES_MAX { Fold::Whole } else { Fold::Short };
        return Body { fold, ..body };
    }
    let beginning = beginning(&words);
    let is_cut = beginning.len() < words.len();
    let mut body = laid_out(ui, row, page, beginning, links.clone(), here);
    if !is_cut && body.read.galley.rows.len() <= LINES_MAX {
        return body;
    }
    body.cut = body.read.keep(LINES_MAX);
    let after = (0..body.links.len()).filter(|at| body.links.get(*at).is_some_and(|l| l.range.end > beginning.len()));
    body.cut.extend(after);
    body.fold = Fold::Folded;
    body.found = body.found.filter(|found| *found <= body.read.galley.size().y + 1.0);
    // What one is led to is shown.
    let hidden = here && body.found.is_none() && page.needle.is_some_and(|needle| needle.is_in(&words));
    if hidden {
        let body = laid_out(ui, row, page, &words, links, here);
        return Body { fold: Fold::Whole, ..body };
    }
    body
}

/// What stands in the place of a message that was taken back. Nothing of it can be selected.
fn remark(ui: &Ui, row: &Row<'_>) -> Body {
    let palette = theme::palette(ui);
    let color = if row.own { palette.subdued_own } else { palette.subdued };
    let mut job = LayoutJob::default();
    job.append(Icon::Ban.unicode().encode_utf8(&mut [0; 4]), 0.0, TextFormat::simple(font::icon(14.0), color));
    let italics = TextFormat { italics: true, ..TextFormat::simple(font::body(), color) };
    job.append(DELETED, space::S - 2.0, italics);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let read = Read { galley, selectable: false, behind: Vec::new(), links: Vec::new() };
    Body { read, links: Vec::new(), cut: Vec::new(), fold: Fold::Short, found: None }
}

/// As much of a text as can be shown of it while it is folded, and a little more.
fn beginning(words: &str) -> &str {
    let lines = words.match_indices('\n').nth(LINES_MAX).map_or(words.len(), |(at, _)| at);
    let most = if words.len() <= FOLDED_MAX_BYTES { words.len() } else { words.floor_char_boundary(FOLDED_MAX_BYTES) };
    words.get(..lines.min(most)).unwrap_or(words)
}

fn laid_out(ui: &Ui, row: &Row<'_>, page: &Page<'_>, words: &str, links: Vec<Link>, here: bool) -> Body {
    let palette = theme::palette(ui);
    let marks = marks::over(called(row, words, page, palette), linked(&links, palette));
    let behind = if here { palette.found_here } else { palette.found };
    let found = page.needle.map(|needle| found(needle, words, palette, behind)).unwrap_or_default();
    let any = !found.is_empty();
    let marks = marks::over(marks, found);
    let read = match emoji::is_large(words) {
        true => text::large(ui, words, palette.text, page.measure.text),
        false => text::read(ui, words, font::body(), palette.text, page.measure.text, &marks),
    };
    let first = read.behind.iter().find(|(_, color)| any && *color == behind);
    let found = first.map(|(rect, _)| rect.bottom());
    Body { read, links, cut: Vec::new(), fold: Fold::Short, found }
}

/// Who is called by name, most of all this person.
fn called(row: &Row<'_>, words: &str, page: &Page<'_>, palette: &Palette) -> Vec<Mark> {
    let found = page.names.mentions(words).into_iter();
    found
        .map(|mention| {
            let here = row.calls_me && page.names.is_me(mention.user);
            let (color, behind) = if here {
                (palette.on_accent, palette.accent_fill)
            } else {
                (palette.accent, egui::Color32::TRANSPARENT)
            };
            Mark { range: mention.range, font: font::strong(), color, behind, link: None, same_letters: false }
        })
        .collect()
}

fn linked(links: &[Link], palette: &Palette) -> Vec<Mark> {
    let mark = |(at, link): (usize, &Link)| Mark {
        range: link.range.clone(),
        font: font::body(),
        color: palette.accent,
        behind: egui::Color32::TRANSPARENT,
        link: Some(at),
        same_letters: false,
    };
    links.iter().enumerate().map(mark).collect()
}

fn found(needle: &Needle, words: &str, palette: &Palette, behind: egui::Color32) -> Vec<Mark> {
    let mark = |range| Mark { range, font: font::body(), color: palette.text, behind, link: None, same_letters: true };
    let mut found: Vec<Mark> = Vec::new();
    for place in needle.places(words) {
        // The letters of a word from the right are laid out together: it is marked as a whole.
        let place = bidi::whole_words(words, place);
        match found.last_mut().filter(|last| last.range.end > place.start) {
            Some(last) => last.range.end = place.end.max(last.range.end),
            None => found.push(mark(place)),
        }
    }
    found
}

impl Body {
    /// Draws it. `response` is that of the message; `still`: nothing can be done with its parts. Returns the link for
    /// which a menu was asked.
    pub fn paint(&self, ui: &mut Ui, row: &Row<'_>, response: &Response, at: Pos2, still: bool) -> Option<usize> {
        let palette = theme::palette(ui);
        for (place, color) in &self.read.behind {
            ui.painter().rect_filled(place.translate(at.to_vec2()).expand2(BEHIND), radius::TAIL + 1, *color);
        }
        let galley = std::sync::Arc::clone(&self.read.galley);
        if self.read.selectable && !still {
            LabelSelectionState::label_text_selection(ui, response, at, galley, palette.text, Stroke::NONE);
        } else {
            ui.painter().galley(at, galley, palette.text);
        }
        if still { None } else { self.links(ui, row, at) }
    }

    fn links(&self, ui: &mut Ui, row: &Row<'_>, at: Pos2) -> Option<usize> {
        let mut asked = None;
        let (mut under_pointer, mut named) = (None, None);
        for (part, (place, which)) in self.read.links.iter().enumerate() {
            let Some(link) = self.links.get(*which) else { continue };
            let place = place.translate(at.to_vec2());
            // The keyboard finds it in the menu of the message.
            let sense = Sense::click() - Sense::FOCUSABLE;
            let response = ui.interact(place, Id::unique(("link", row.id, part)), sense);
            let goes_on = named.replace(*which) == Some(*which);
            response.widget_info(|| WidgetInfo::labeled(Role::Link, true, name(link, goes_on)));
            if response.hovered() {
                under_pointer = Some(*which);
            }
            if response.clicked() {
                open(ui, link);
            }
            if response.secondary_clicked() {
                asked = Some(*which);
            }
            let response = response.on_hover_cursor(CursorIcon::PointingHand);
            if link.doubtful || self.cut.contains(which) {
                response.on_hover_text(link.told());
            }
        }
        let color = theme::palette(ui).accent;
        for (place, _) in self.read.links.iter().filter(|(_, which)| under_pointer == Some(*which)) {
            let place = place.translate(at.to_vec2());
            ui.painter().hline(place.x_range(), place.bottom() - 2.5, Stroke::new(1.0, color));
        }
        asked
    }
}

fn name(link: &Link, goes_on: bool) -> Cow<'static, str> {
    match goes_on {
        false => format!("Link to {}", link.short()).into(),
        true => "Link, continued".into(),
    }
}

/// Opens a link where links are opened.
pub fn open(ui: &Ui, link: &Link) {
    ui.ctx().open_url(egui::OpenUrl::new_tab(&link.target));
}
