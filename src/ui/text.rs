//! Text that comes from people: laid out, selected and edited so that nothing they write can crash or empty a window.
//!
//! egui 0.37 counts cursors in glyphs, and believes that a text has exactly one glyph for each character. In a
//! right-to-left word it has more (egui issue 8576), and then its cursors stand behind the end of the text: removing
//! a word there panics, or removes everything. So all layouts of foreign or edited text are made here, where the
//! count is put right. Every edited text is behind [`super::edit::Buffer`], which takes no range that is not in the text.

use std::borrow::Cow;
use std::sync::Arc;

use egui::text::LayoutJob;
use egui::{Color32, FontId, Galley, Rect, Ui};
use unicode_segmentation::UnicodeSegmentation;

use super::marks::{self, Mark};
use super::{bidi, theme};
use crate::visible;

/// What is drawn of a text: no control characters, which fonts cannot draw and which only confuse. It may be a sentence
/// with names in isolates; what is laid out here does what they say and draws none of them.
pub fn drawable(text: &str) -> Cow<'_, str> {
    visible::cleaned_sentence(text)
}

/// A text as it is drawn where its words need not be moved: without the isolates that keep names together.
fn unmoved(text: &str) -> Cow<'_, str> {
    if text.contains(bidi::ISOLATES) { Cow::Owned(text.replace(bidi::ISOLATES, "")) } else { Cow::Borrowed(text) }
}

/// The same on one line, for previews and names.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in drawable(text).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Lays a text out over as many lines as it needs.
pub fn wrapped(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    marked(ui, text, font, color, width, &[])
}

/// The same with marks, which are in order and do not overlap.
fn marked(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32, marks: &[Mark]) -> Arc<Galley> {
    let text = &*unmoved(text);
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(1.0));
    for section in &mut job.sections {
        section.format.line_height = Some(theme::LINE);
    }
    if let (false, [plain]) = (marks.is_empty(), job.sections.as_slice()) {
        let plain = plain.format.clone();
        job.sections = marks::sections(text, &plain, marks);
    }
    laid_out(ui, job)
}

/// What somebody wrote, laid out to be read.
pub struct Read {
    /// The text.
    pub galley: Arc<Galley>,
    /// It is in the order in which it was written: only then can parts of it be selected.
    pub selectable: bool,
    /// What is to be painted behind it.
    pub behind: Vec<(Rect, Color32)>,
    /// Where the parts of its links are, and of which link.
    pub links: Vec<(Rect, usize)>,
}

impl Read {
    fn of(galley: Arc<Galley>, selectable: bool, marks: &[Mark]) -> Self {
        let (behind, links) = (marks::behind(&galley, marks), marks::links(&galley, marks));
        Self { galley, selectable, behind, links }
    }

    /// Keeps that many lines. Returns the links of which a part is gone.
    pub fn keep(&mut self, lines: usize) -> Vec<usize> {
        if self.galley.rows.len() <= lines {
            return Vec::new();
        }
        // A galley with fewer rows than its text would have is what egui itself makes of one that it shortens.
        let galley = Arc::make_mut(&mut self.galley);
        galley.rows.truncate(lines);
        let place = galley.rows.iter().map(|row| row.rect()).reduce(Rect::union).unwrap_or(Rect::ZERO);
        galley.rect = Rect::from_min_max(galley.rect.min, galley.rect.max.min(place.max));
        let bottom = place.bottom();
        self.behind.retain(|(rect, _)| rect.center().y < bottom);
        let gone = |(rect, link): &(Rect, usize)| (rect.center().y >= bottom).then_some(*link);
        let gone = self.links.iter().filter_map(gone).collect();
        self.links.retain(|(rect, _)| rect.center().y < bottom);
        gone
    }
}

/// Lays out what somebody wrote, to be read, with marks in order.
pub fn read(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32, marks: &[Mark]) -> Read {
    let as_written = |font| Read::of(marked(ui, text, font, color, width, marks), true, marks);
    if !bidi::concerns(text) {
        return as_written(font);
    }
    let (text, marks) = &marks::isolated(text, marks);
    let lines = bidi::lines(text, width, |part| width_of(ui, part, &font));
    let same = |line: &bidi::Line| !line.from_right || lines.len() == 1;
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let seen: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let seen = seen.join("\n");
    if lines.iter().all(same) && words(&seen) == words(&unmoved(text)) {
        return as_written(font);
    }
    let marks = marks::moved(marks, &lines, &font);
    let mut galley = marked(ui, &seen, font, color, width + 1.0, &marks);
    // A word that is too long for a line makes more rows than lines; then all begin at the left.
    if galley.rows.len() == lines.len() {
        let right = galley.rows.iter().map(|row| row.row.size.x).fold(0.0, f32::max);
        for (row, line) in Arc::make_mut(&mut galley).rows.iter_mut().zip(&lines) {
            row.pos.x += if line.from_right { (right - row.row.size.x).round() } else { 0.0 };
        }
    }
    Read::of(galley, false, &marks)
}

/// Lays out a message that is nothing but a few emoji.
pub fn large(ui: &Ui, text: &str, color: Color32, width: f32) -> Read {
    let mut job = LayoutJob::simple(text.trim().to_owned(), theme::font::large(), color, width.max(1.0));
    for section in &mut job.sections {
        section.format.line_height = Some(theme::LARGE_LINE);
    }
    Read { galley: laid_out(ui, job), selectable: true, behind: Vec::new(), links: Vec::new() }
}

/// Lays a text out on as many lines as it needs, each in the middle of the widest.
pub fn centred(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut galley = read(ui, text, font, color, width, &[]).galley;
    let widest = galley.rows.iter().map(|row| row.row.size.x).fold(0.0, f32::max);
    if galley.rows.len() > 1 {
        for row in &mut Arc::make_mut(&mut galley).rows {
            row.pos.x = ((widest - row.row.size.x) / 2.0).round();
        }
    }
    galley
}

fn width_of(ui: &Ui, text: &str, font: &FontId) -> f32 {
    // Blanks at the end count only when something follows.
    let width = |text: String| ui.painter().layout_no_wrap(text, font.clone(), Color32::WHITE).size().x;
    let text = unmoved(text);
    width(format!("{text}|")) - width("|".into())
}

/// One line in the order in which it is read, ended with an ellipsis where it does not fit. What is written from the
/// left only is left to egui.
pub fn in_reading_order(ui: &Ui, text: String, font: &FontId, width: f32) -> String {
    if !bidi::concerns(&text) {
        return unmoved(&text).into_owned();
    }
    let ordered = |text: &str| bidi::lines(text, f32::INFINITY, |_| 0.0).into_iter().map(|line| line.text).collect();
    if width_of(ui, &text, font) <= width {
        return ordered(&text);
    }
    let ends: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
    let beginning = |end: &usize| format!("{}…", text.get(..*end).unwrap_or_default().trim_end());
    let fit = ends.partition_point(|end| width_of(ui, &beginning(end), font) <= width);
    ordered(&ends.get(fit.saturating_sub(1)).map(beginning).unwrap_or_default())
}

/// Lays out words of the program itself, which are neither selected nor copied. A line that egui breaks keeps the
/// fraction of a pixel at which its first letter stood, and begins a little to the right of the others; a line that
/// was broken before begins where it should.
pub fn explained(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    if bidi::concerns(text) {
        return read(ui, text, font, color, width, &[]).galley;
    }
    let galley = wrapped(ui, text, font.clone(), color, width);
    if galley.rows.len() < 2 {
        return galley;
    }
    wrapped(ui, &lines(&galley), font, color, width)
}

/// What was laid out, with its lines broken where egui broke them.
fn lines(galley: &Galley) -> String {
    galley.rows.iter().map(|row| row.text().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Lays a text out on at most so many close lines and ends it with an ellipsis where it does not fit.
pub fn few_lines(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32, rows: usize) -> Arc<Galley> {
    let close = (font.size * 1.35).round();
    let of = |text: String, rows: usize| {
        let mut job = LayoutJob::simple(text, font.clone(), color, width.max(1.0));
        job.wrap.max_rows = rows;
        for section in &mut job.sections {
            section.format.line_height = Some(close);
        }
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    if bidi::concerns(text) {
        return of(in_lines(ui, text, &font, width), rows);
    }
    of(lines(&of(unmoved(text).into_owned(), rows)), rows)
}

/// A text in reading order, broken into lines of that width where anything in it is written from the right.
pub fn in_lines(ui: &Ui, text: &str, font: &FontId, width: f32) -> String {
    if !bidi::concerns(text) {
        return unmoved(text).into_owned();
    }
    let lines = bidi::lines(text, width, |part| width_of(ui, part, font)).into_iter().map(|line| line.text);
    lines.collect::<Vec<_>>().join("\n")
}

/// A sentence as a tooltip shows it, whose letters are laid out by egui: every line of it in reading order.
pub fn hint(text: &str) -> String {
    if !bidi::concerns(text) {
        return unmoved(text).into_owned();
    }
    let lines = bidi::lines(text, f32::INFINITY, |_| 0.0).into_iter().map(|line| line.text);
    lines.collect::<Vec<_>>().join("\n")
}

/// Lays a text out on one line and ends it with an ellipsis where it does not fit.
pub fn elided(ui: &Ui, text: String, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let text = in_reading_order(ui, text, &font, width);
    let mut job = LayoutJob::simple_singleline(text, font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// Lays out an edited text in the order in which it was written; what a [`egui::TextEdit`] needs as its layouter.
pub fn edited(ui: &Ui, text: &str, font: FontId, color: Color32, width: Option<f32>) -> Arc<Galley> {
    let mut job = match width {
        Some(width) => LayoutJob::simple(text.to_owned(), font, color, width.max(1.0)),
        None => LayoutJob::simple_singleline(text.to_owned(), font, color),
    };
    for_editing(&mut job);
    laid_out(ui, job)
}

/// What edited text has and other text has not.
pub fn for_editing(job: &mut LayoutJob) {
    job.keep_trailing_whitespace = true;
    for section in &mut job.sections {
        section.format.line_height = Some(theme::LINE);
    }
}

fn laid_out(ui: &Ui, job: LayoutJob) -> Arc<Galley> {
    let plain = (job.text.clone(), job.sections.first().map(|section| section.format.clone()), job.wrap.max_width);
    let mut galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    if counts_agree(&galley) {
        return galley;
    }
    mend(Arc::make_mut(&mut galley));
    if counts_agree(&galley) {
        return galley;
    }
    // Nothing to mend with: a text of nothing but marks that no font has. Boxes of the same number stand in.
    let (text, format, width) = plain;
    let boxes: String = text.chars().map(|c| if c == '\n' { c } else { '?' }).collect();
    let mut job = LayoutJob::single_section(boxes, format.unwrap_or_default());
    job.wrap.max_width = width;
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// Whether there is one glyph for each character.
pub fn counts_agree(galley: &Galley) -> bool {
    let mut rows = galley.rows.iter();
    galley.text().split('\n').all(|paragraph| {
        let mut count = 0;
        for row in rows.by_ref() {
            count += row.glyphs.len();
            if row.ends_with_newline {
                break;
            }
        }
        count == paragraph.chars().count()
    })
}

/// Gives every paragraph as many glyphs as it has characters. What is painted is a finished mesh and does not change.
fn mend(galley: &mut Galley) {
    let job = Arc::clone(&galley.job);
    let mut first = 0;
    for paragraph in job.text.split('\n') {
        let length = galley.rows[first..].iter().position(|row| row.ends_with_newline).map(|at| at + 1);
        let last = length.map_or(galley.rows.len(), |length| first + length);
        let rows = &mut galley.rows[first..last];
        first = last;

        let want = paragraph.chars().count();
        let have: usize = rows.iter().map(|row| row.glyphs.len()).sum();
        let mut surplus = have.saturating_sub(want);
        // Those that egui adds by mistake have no width and stand behind the words from the right that they repeat.
        for row in rows.iter_mut() {
            if surplus == 0 {
                break;
            }
            Arc::make_mut(&mut row.row).glyphs.retain(|glyph| {
                let added = glyph.advance_width == 0.0 && (bidi::is_from_right(glyph.chr) || glyph.chr == ' ');
                let drop = added && surplus > 0;
                surplus -= usize::from(drop);
                !drop
            });
        }
        for row in rows.iter_mut().rev() {
            if surplus == 0 {
                break;
            }
            let glyphs = &mut Arc::make_mut(&mut row.row).glyphs;
            let keep_at_least = glyphs.len().saturating_sub(surplus);
            let visible = glyphs.iter().rposition(|glyph| glyph.advance_width > 0.0).map_or(0, |at| at + 1);
            let keep = visible.max(keep_at_least);
            surplus -= glyphs.len() - keep;
            glyphs.truncate(keep);
        }
        for row in rows.iter_mut().rev() {
            let glyphs = &mut Arc::make_mut(&mut row.row).glyphs;
            let cut = surplus.min(glyphs.len());
            glyphs.truncate(glyphs.len() - cut);
            surplus -= cut;
        }
        if let Some(row) = rows.iter_mut().rev().find(|row| !row.glyphs.is_empty()) {
            let glyphs = &mut Arc::make_mut(&mut row.row).glyphs;
            if let Some(mut filler) = glyphs.last().copied() {
                filler.pos.x += filler.advance_width;
                filler.advance_width = 0.0;
                filler.uv_rect = Default::default();
                glyphs.extend(std::iter::repeat_n(filler, want.saturating_sub(have)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 12] = [
        "",
        "plain",
        "two\nlines\n",
        "hello שלום",
        "שלום עולם hello שָׁלוֹם",
        "مرحبا بالعالم\nثم سطر",
        "👨‍👩‍👧‍👦 family 🇩🇪",
        "你好世界",
        "a\u{301}\u{302}\u{303}",
        "\u{301}\u{301}",
        "\n\n\u{5b0}\n",
        "กำลังใจ ক্ষি",
    ];

    #[test]
    fn every_layout_has_one_glyph_for_each_character() {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for (text, width) in TEXTS.iter().flat_map(|text| [30.0, 200.0, f32::INFINITY].map(|width| (text, width))) {
                let galley = wrapped(ui, text, theme::font::body(), Color32::WHITE, width);
                assert!(counts_agree(&galley), "{text:?} at {width}");
                assert_eq!(galley.end().index.0, text.chars().count(), "{text:?} at {width}");
                let galley = edited(ui, text, theme::font::body(), Color32::WHITE, Some(width));
                assert_eq!(galley.end().index.0, text.chars().count(), "{text:?} at {width}");
            }
        });
        output.drop_without_applying_deltas();
    }

    #[test]
    fn every_line_of_an_explanation_begins_at_the_same_place() {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let explanation =
                "The lazy dog and many others hid behind the very old shed while it was raining, then left";
            for width in 90..240 {
                let galley = explained(ui, explanation, theme::font::small(), Color32::WHITE, f32::from(width as u16));
                for row in &galley.rows {
                    let line = row.text().trim_end().to_owned();
                    let alone = elided(ui, line.clone(), theme::font::small(), Color32::WHITE, 1000.0);
                    let first = |row: &egui::epaint::text::PlacedRow| {
                        let glyph = row.glyphs.first().expect("no line is empty");
                        (row.pos.x + glyph.pos.x, glyph.uv_rect)
                    };
                    assert_eq!(first(row), first(&alone.rows[0]), "{line:?} at {width}");
                }
            }
        });
        output.drop_without_applying_deltas();
    }

    #[test]
    fn previews_are_one_line() {
        assert_eq!(one_line("  two\r\n\n lines\t\u{202e}here "), "two lines here");
        assert_eq!(drawable("a\0b\u{7}c\n\td"), "abc\n\td");
    }
}
