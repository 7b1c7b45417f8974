//! Edited text with something written from the right in it: laid out in the order in which it is read, with a caret for
//! every place in the text as it was written.
//!
//! The lines are painted from a layout of what is seen. What egui asks a layout for, the places of characters, is put
//! into it for the text as it was written: a character that goes from right to left begins at its right edge and has a
//! negative width. What egui then cannot do with it, the pointer, the selection and going up and down, is done here.

use std::sync::Arc;

use egui::epaint::text::{Glyph, PlacedRow};
use egui::text::{CCursor, CCursorRange, CharIndex, LayoutJob};
use egui::widgets::text_edit::{TextEditOutput, TextEditState};
use egui::{Color32, CornerRadius, FontId, Galley, Rect, Shape, Ui, Vec2, pos2, vec2};
use unicode_segmentation::UnicodeSegmentation;

use crate::ui::bidi::{self, EditedLine, Piece};
use crate::ui::{text, theme};

/// How wide a line break is that is selected.
const NEWLINE: f32 = 5.0;

/// Lays a text out. With a width, what begins at the right stands at its right end. Nothing comes of a text that no font
/// has a sign for.
pub fn laid_out(ui: &Ui, text: &str, font: &FontId, color: Color32, width: Option<f32>) -> Option<Arc<Galley>> {
    let measure = |part: &str| alone(ui, part, font).rows.first().map_or(0.0, |row| row.size.x);
    let lines = bidi::edited_lines(text, width.unwrap_or(f32::INFINITY), measure);
    let seen: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let job = |words: String| {
        let mut job = LayoutJob::simple(words, font.clone(), color, f32::INFINITY);
        text::for_editing(&mut job);
        job
    };
    let mut galley = ui.fonts_mut(|fonts| fonts.layout_job(job(seen.join("\n"))));
    if galley.rows.len() != lines.len() {
        return None;
    }
    let mut template = galley.rows.iter().find_map(|row| row.glyphs.first().copied())?;
    template.uv_rect = Default::default();
    let right = width.unwrap_or(0.0);
    let of = Arc::make_mut(&mut galley);
    let count = lines.len();
    for (n, (row, line)) in of.rows.iter_mut().zip(&lines).enumerate() {
        let (characters, end) = characters(ui, text, line, &row.glyphs, template, font);
        if line.from_right && width.is_some() {
            row.pos.x = (right - row.row.size.x).max(0.0).round();
        }
        row.ends_with_newline = line.last && n + 1 < count;
        let row = Arc::make_mut(&mut row.row);
        row.glyphs = characters;
        // Where the caret stands behind the last character.
        row.size.x = end;
    }
    of.job = Arc::new(job(text.to_owned()));
    of.rect.max.x = of.rect.max.x.max(right);
    of.mesh_bounds = of.mesh_bounds.union(of.rect);
    Some(galley)
}

fn alone(ui: &Ui, words: &str, font: &FontId) -> Arc<Galley> {
    let mut job = LayoutJob::simple(words.to_owned(), font.clone(), Color32::WHITE, f32::INFINITY);
    text::for_editing(&mut job);
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// The characters of a line in the order in which they were written, and where the last one ends.
fn characters(
    ui: &Ui,
    text: &str,
    line: &EditedLine,
    seen: &[Glyph],
    template: Glyph,
    font: &FontId,
) -> (Vec<Glyph>, f32) {
    let words: Vec<_> = line.pieces.iter().map(|piece| alone(ui, part(text, piece), font)).collect();
    let own = |n: usize| words.get(n).and_then(|word| word.rows.first()).map_or(&[][..], |row| row.glyphs.as_slice());
    // Where each piece begins in the line: where its first sign does, if all signs are accounted for.
    let signs: usize = (0..words.len()).map(|n| own(n).len()).sum();
    let (mut at, mut x) = (0, 0.0);
    let mut placed = Vec::new();
    for (n, piece) in line.pieces.iter().enumerate() {
        if let Some(first) = seen.get(at).filter(|_| signs == seen.len()) {
            x = first.pos.x - own(n).first().map_or(0.0, |sign| sign.pos.x);
        }
        at += own(n).len();
        placed.push((piece, x, places(part(text, piece), own(n), piece)));
        x += words.get(n).and_then(|word| word.rows.first()).map_or(0.0, |row| row.size.x);
    }
    placed.sort_by_key(|(piece, ..)| piece.written.start);

    let (mut characters, mut end) = (Vec::new(), 0.0);
    for (piece, x, places) in placed {
        for (sign, (from, to)) in part(text, piece).graphemes(true).zip(places) {
            end = x + to;
            for (n, chr) in sign.chars().enumerate() {
                let mut glyph = template;
                glyph.chr = chr;
                // The characters of a sign behind its first one stand at its end.
                (glyph.pos.x, glyph.advance_width) = if n == 0 { (x + from, to - from) } else { (end, 0.0) };
                characters.push(glyph);
            }
        }
    }
    (characters, end)
}

fn part<'a>(text: &'a str, piece: &Piece) -> &'a str {
    text.get(piece.written.clone()).unwrap_or_default()
}

/// From where to where each sign of a piece goes that was laid out alone.
fn places(text: &str, glyphs: &[Glyph], piece: &Piece) -> Vec<(f32, f32)> {
    let signs: Vec<&str> = text.graphemes(true).collect();
    let first = |at: usize| signs.get(at).and_then(|sign| sign.chars().next());
    let mut drawn: Vec<(char, f32, f32)> = glyphs
        .iter()
        .filter(|glyph| glyph.advance_width > 0.0)
        .map(|glyph| (glyph.chr, glyph.pos.x, glyph.pos.x + glyph.advance_width))
        .collect();
    if piece.from_right {
        drawn.reverse();
        for (_, left, right) in &mut drawn {
            std::mem::swap(left, right);
        }
    }
    let (Some(begin), Some(end)) = (drawn.first().map(|drawn| drawn.1), drawn.last().map(|drawn| drawn.2)) else {
        return vec![(0.0, 0.0); signs.len()];
    };
    let shared = |from: f32, to: f32, count: usize| {
        let step = (to - from) / count.max(1) as f32;
        (0..count).map(move |n| (from + step * n as f32, from + step * (n + 1) as f32))
    };
    if drawn.len() > signs.len() {
        return shared(begin, end, signs.len()).collect();
    }
    // Fewer than there are signs: some are drawn as one, and share its width.
    let mut places = Vec::with_capacity(signs.len());
    for (n, (_, from, to)) in drawn.iter().enumerate() {
        let left = drawn.len() - n - 1;
        let at = places.len();
        let most = signs.len() - left;
        let next = drawn.get(n + 1).map(|(chr, ..)| *chr);
        let until = match next {
            None => signs.len(),
            Some(_) => (at + 1..=most).find(|until| first(*until) == next).unwrap_or(at + 1),
        };
        places.extend(shared(*from, *to, until - at));
    }
    places
}

/// The row at a height, with the number of characters before it.
fn row_at(galley: &Galley, y: f32) -> Option<(usize, &PlacedRow)> {
    let mut before = 0;
    let mut found = None;
    for row in &galley.rows {
        if found.is_none() || row.pos.y <= y {
            found = Some((before, row));
        }
        before += row.glyphs.len() + usize::from(row.ends_with_newline);
    }
    found
}

/// The caret that is nearest to a point.
fn caret_at(galley: &Galley, at: Vec2) -> CCursor {
    let Some((before, row)) = row_at(galley, at.y) else { return CCursor::default() };
    let x = at.x - row.pos.x;
    let far = |edge: f32| (edge - x).abs();
    let mut nearest = (f32::INFINITY, 0);
    for (n, glyph) in row.glyphs.iter().enumerate().filter(|(_, glyph)| glyph.advance_width != 0.0) {
        let (begin, end) = (glyph.pos.x, glyph.pos.x + glyph.advance_width);
        let rest = row.glyphs.iter().skip(n + 1).take_while(|glyph| glyph.advance_width == 0.0).count();
        // The edges of one sign come before those of its neighbours: where directions meet, they are far from each other.
        let within = begin.min(end) <= x && x <= begin.max(end);
        let bonus = if within { 0.0 } else { 0.5 };
        for (edge, index) in [(begin, n), (end, n + 1 + rest)] {
            if far(edge) + bonus < nearest.0 {
                nearest = (far(edge) + bonus, index);
            }
        }
    }
    let at_end = nearest.1 == row.glyphs.len() && !row.ends_with_newline;
    CCursor { index: CharIndex(before + nearest.1), prefer_next_row: !at_end }
}

/// Puts the caret where the pointer points, and where it is going up and down.
pub fn follow_pointer(ui: &Ui, state: &mut TextEditState, output: &TextEditOutput, vertical: Option<(CCursor, f32)>) {
    let response = &output.response.response;
    if let Some(pointer) = response.interact_pointer_pos() {
        let caret = caret_at(&output.galley, pointer - output.galley_pos);
        state.cursor.pointer_interaction(ui, response, caret, &output.galley, response.dragged());
    } else if let (Some((from, rows)), Some(range)) = (vertical, state.cursor.char_range()) {
        let place = output.galley.pos_from_cursor(from).center() + vec2(0.0, rows * theme::LINE);
        if output.galley.rect.y_range().contains(place.y) {
            let primary = caret_at(&output.galley, place.to_vec2());
            let secondary = if range.is_empty() { primary } else { range.secondary };
            state.cursor.set_char_range(Some(CCursorRange { primary, secondary, h_pos: None }));
        }
    }
}

/// What is selected, to be painted behind the text.
pub fn selection(output: &TextEditOutput, range: &CCursorRange, color: Color32) -> Vec<Shape> {
    let chosen = range.as_sorted_char_range();
    let mut shapes = Vec::new();
    let mut at = 0;
    for row in &output.galley.rows {
        let corner = output.galley_pos + row.pos.to_vec2();
        let mut spans: Vec<(f32, f32)> = Vec::new();
        let is_chosen = |index: usize| chosen.start.0 <= index && index < chosen.end.0;
        for (n, glyph) in row.glyphs.iter().enumerate().filter(|(n, _)| is_chosen(at + n)) {
            let (begin, end) = (glyph.pos.x, glyph.pos.x + glyph.advance_width);
            let (left, right) = (begin.min(end), begin.max(end));
            match spans.last_mut() {
                Some(span) if n > 0 && left <= span.1 + 1.0 && right >= span.0 - 1.0 => {
                    *span = (span.0.min(left), span.1.max(right));
                }
                _ => spans.push((left, right)),
            }
        }
        at += row.glyphs.len();
        if row.ends_with_newline {
            if is_chosen(at) {
                spans.push((row.size.x, row.size.x + NEWLINE));
            }
            at += 1;
        }
        for (left, right) in spans {
            let rect = Rect::from_min_max(pos2(left, 0.0), pos2(right, row.size.y)).translate(corner.to_vec2());
            let seen = rect.intersect(output.text_clip_rect);
            if seen.is_positive() {
                shapes.push(Shape::rect_filled(seen, CornerRadius::ZERO, color));
            }
        }
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::text::counts_agree;
    use crate::ui::theme::font;

    fn in_ui(check: impl Fn(&Ui)) {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        ctx.run_ui(egui::RawInput::default(), |ui| check(ui)).drop_without_applying_deltas();
    }

    const TEXTS: [&str; 9] = [
        "שלום",
        "hello שלום עולם again",
        "שלום hello, (עולם)!\n\nplain\nשָׁלוֹם 12:30 ",
        "مرحبا بالعالم لا إله 👨‍👩‍👧‍👦",
        "\u{5b0}\u{5b0}\n\u{5b0} a",
        "שלוםمرحبا",
        "ab\u{5b0}c 1\u{20e3}\u{5d0}",
        "\n\nא\n",
        "\u{202e}abc אבג\u{2029}def",
    ];

    #[test]
    fn every_layout_has_a_place_for_every_character() {
        in_ui(|ui| {
            for (text, width) in TEXTS.iter().flat_map(|text| [24.0, 90.0, 800.0].map(|width| (text, width))) {
                let Some(galley) = laid_out(ui, text, &font::body(), Color32::WHITE, Some(width)) else { continue };
                assert!(counts_agree(&galley), "{text:?} at {width}");
                assert_eq!(galley.end().index.0, text.chars().count(), "{text:?} at {width}");
                assert_eq!(galley.text(), *text);
                let written: String =
                    galley.rows.iter().flat_map(|row| row.glyphs.iter().map(|glyph| glyph.chr)).collect();
                assert_eq!(written, text.replace('\n', ""), "{text:?} at {width}");
            }
        });
    }

    #[test]
    fn a_caret_is_found_where_it_is_shown() {
        in_ui(|ui| {
            for text in ["שלום", "hello שלום עולם again", "אב cd הו", "one\nאחת", "السعر ١٢٣ فقط"]
            {
                let galley = laid_out(ui, text, &font::body(), Color32::WHITE, Some(300.0)).unwrap();
                let mut places = std::collections::BTreeSet::new();
                for index in 0..=text.chars().count() {
                    let caret = CCursor { index: CharIndex(index), prefer_next_row: true };
                    let shown = galley.pos_from_cursor(caret).center();
                    let found = galley.pos_from_cursor(caret_at(&galley, shown.to_vec2())).center();
                    assert!((shown.x - found.x).abs() < 1.0 && shown.y == found.y, "{text:?} at {index}");
                    places.insert((shown.x.round() as i64, shown.y as i64));
                }
                assert!(places.len() + 3 > text.chars().count(), "{text:?}: {places:?}");
            }
        });
    }

    #[test]
    fn what_begins_at_the_right_stands_there_and_grows_to_the_left() {
        in_ui(|ui| {
            let x = |text: &str, index: usize| {
                let galley = laid_out(ui, text, &font::body(), Color32::WHITE, Some(300.0)).unwrap();
                galley.pos_from_cursor(CCursor { index: CharIndex(index), prefer_next_row: true }).center().x
            };
            assert!((x("שלום", 0) - 300.0).abs() < 1.0);
            assert!(x("שלום", 4) < x("שלום", 3) && x("שלום", 3) < x("שלום", 1));
            assert!(x("שלום עולם", 9) < x("שלום עולם", 5), "the second word stands left of the first");
            assert!(x("hello שלום", 0) < 1.0, "this one begins at the left");
            assert!(x("hello שלום", 10) < x("hello שלום", 7));
        });
    }
}
