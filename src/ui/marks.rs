//! Parts of a text that are to be noticed: the letters of a mark, what is behind them, and where both go when the words
//! of a line are moved.

use std::borrow::Cow;
use std::ops::Range;

use egui::text::{ByteIndex, LayoutSection, TextFormat};
use egui::{Color32, FontId, Galley, Rect};

use unicode_normalization::char::is_combining_mark;

use super::bidi;

/// A part of a text that is to be noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Which part, in bytes.
    pub range: Range<usize>,
    /// Its letters.
    pub font: FontId,
    /// The colour of its letters.
    pub color: Color32,
    /// What is behind it.
    pub behind: Color32,
    /// It is a part of that link of the text.
    pub link: Option<usize>,
    /// Its letters are those of the text around it: nothing but what is behind them is different, and no letter moves.
    pub same_letters: bool,
}

/// Marks with others over them: where two meet, the upper one shows, and a part of a link stays one. Both are in order
/// and do not overlap.
pub fn over(under: Vec<Mark>, upper: Vec<Mark>) -> Vec<Mark> {
    if under.is_empty() || upper.is_empty() {
        return if upper.is_empty() { under } else { upper };
    }
    let ends = |mark: &Mark| [mark.range.start, mark.range.end];
    let mut cuts: Vec<usize> = under.iter().chain(&upper).flat_map(ends).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let (mut under, mut upper) = (under.into_iter().peekable(), upper.into_iter().peekable());
    let mut merged = Vec::with_capacity(cuts.len());
    for (start, end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let at = |marks: &mut std::iter::Peekable<std::vec::IntoIter<Mark>>| {
            while marks.next_if(|mark| mark.range.end <= *start).is_some() {}
            marks.peek().filter(|mark| mark.range.start <= *start).cloned()
        };
        let (below, above) = (at(&mut under), at(&mut upper));
        let link = below.as_ref().and_then(|mark| mark.link);
        let alone = below.is_none();
        let shown = above
            .map(|mark| Mark { link: link.or(mark.link), same_letters: mark.same_letters && alone, ..mark })
            .or(below);
        merged.extend(shown.map(|mark| Mark { range: *start..*end, ..mark }));
    }
    merged
}

/// The parts of a text with marks in it.
pub fn sections(text: &str, plain: &TextFormat, marks: &[Mark]) -> Vec<LayoutSection> {
    let mut sections = Vec::with_capacity(2 * marks.len() + 1);
    let mut section = |range: Range<usize>, format: TextFormat| {
        if !range.is_empty() {
            let byte_range = ByteIndex(range.start)..ByteIndex(range.end);
            sections.push(LayoutSection { leading_space: 0.0, byte_range, format });
        }
    };
    let format_of = |mark: &Mark| TextFormat { font_id: mark.font.clone(), color: mark.color, ..plain.clone() };
    let mut at = 0;
    for mark in marks.iter().filter(|mark| !mark.same_letters) {
        let (start, end) = (mark.range.start.max(at), mark.range.end.min(text.len()));
        if text.get(start..end).is_none_or(str::is_empty) {
            continue;
        }
        section(at..start, plain.clone());
        section(start..end, format_of(mark));
        at = end;
    }
    section(at..text.len(), plain.clone());
    sections
}

/// A text in which every mark on a name that is written from the right is in an isolate, and where the marks are in it:
/// who is called does not turn the words around them.
pub fn isolated<'a>(text: &'a str, marks: &[Mark]) -> (Cow<'a, str>, Vec<Mark>) {
    let ends = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || is_combining_mark(c));
    // What begins or ends within a word is no name, and the letters of a word must not be parted.
    let is_name = |range: &Range<usize>| {
        let (before, after) = (text.get(..range.start), text.get(range.end..));
        text.get(range.clone()).is_some_and(bidi::concerns)
            && ends(before.and_then(|before| before.chars().next_back()))
            && ends(after.and_then(|after| after.chars().next()))
    };
    if !marks.iter().any(|mark| is_name(&mark.range)) {
        return (Cow::Borrowed(text), marks.to_vec());
    }
    let (mut isolated, mut at) = (String::with_capacity(text.len() + 6 * marks.len()), 0);
    let mut placed = Vec::with_capacity(marks.len());
    for mark in marks {
        let (start, end) = (mark.range.start.max(at), mark.range.end);
        let (Some(before), Some(letters)) = (text.get(at..start), text.get(start..end)) else { continue };
        isolated += before;
        let [open, close] = if is_name(&(start..end)) { bidi::ISOLATES.map(Some) } else { [None; 2] };
        isolated.extend(open);
        let begin = isolated.len();
        isolated += letters;
        placed.push(Mark { range: begin..isolated.len(), ..mark.clone() });
        isolated.extend(close);
        at = end;
    }
    isolated += text.get(at..).unwrap_or_default();
    (Cow::Owned(isolated), placed)
}

/// Where marks are when the words have been moved. They keep the font of the text: in another one, a line could be too
/// wide for the place where it was broken.
pub fn moved(marks: &[Mark], lines: &[bidi::Line], font: &FontId) -> Vec<Mark> {
    let mut moved = Vec::new();
    let mut at = 0;
    for line in lines {
        for piece in &line.written {
            let first = marks.partition_point(|mark| mark.range.end <= piece.start);
            let within = marks.iter().skip(first).take_while(|mark| mark.range.start < piece.end);
            for mark in within {
                let (start, end) = (mark.range.start.max(piece.start), mark.range.end.min(piece.end));
                let range = at + start - piece.start..at + end - piece.start;
                moved.push(Mark { range, font: font.clone(), ..mark.clone() });
            }
            at += piece.len();
        }
        // The line break.
        at += 1;
    }
    moved
}

/// What is behind the marks of a text that was laid out with one glyph for each character: where, from its corner, and
/// in which colour.
pub fn behind(galley: &Galley, marks: &[Mark]) -> Vec<(Rect, Color32)> {
    let seen = |mark: &Mark| Some(mark.behind).filter(|color| *color != Color32::TRANSPARENT);
    places(galley, marks, seen)
}

/// Where the links of such a text are, part by part: from its corner, and which link.
pub fn links(galley: &Galley, marks: &[Mark]) -> Vec<(Rect, usize)> {
    let mut parts: Vec<(Rect, usize)> = Vec::new();
    for (rect, link) in places(galley, marks, |mark| mark.link) {
        // What stands over a part of a link does not break it.
        match parts.last_mut().filter(|(last, of)| *of == link && last.y_range() == rect.y_range()) {
            Some((last, _)) if (rect.left() - last.right()).abs() < 1.0 => *last = last.union(rect),
            _ => parts.push((rect, link)),
        }
    }
    parts
}

/// Where marks are, row by row, with what `wanted` sees in them.
fn places<T: Copy>(galley: &Galley, marks: &[Mark], wanted: impl Fn(&Mark) -> Option<T>) -> Vec<(Rect, T)> {
    let mut found = Vec::new();
    let mut marks = marks.iter().filter_map(|mark| Some((mark.range.clone(), wanted(mark)?))).peekable();
    let mut letters = galley.text().char_indices();
    for row in &galley.rows {
        let mut open: Option<(Rect, T)> = None;
        for glyph in &row.glyphs {
            let Some((at, _)) = letters.next() else { break };
            while marks.next_if(|(range, _)| range.end <= at).is_some() {
                found.extend(open.take());
            }
            let Some((_, what)) = marks.peek().filter(|(range, _)| range.contains(&at)) else { continue };
            let left = row.pos.x + glyph.pos.x;
            let letter = Rect::from_x_y_ranges(left..=left + glyph.advance_width, row.rect().y_range());
            open = Some((open.map_or(letter, |(so_far, _)| so_far.union(letter)), *what));
        }
        found.extend(open);
        if row.ends_with_newline {
            letters.next();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{text, theme};

    const TEXTS: [&str; 8] = [
        "two\nlines\n",
        "hello שלום",
        "שלום עולם hello שָׁלוֹם",
        "مرحبا بالعالم\nثم سطر",
        "👨‍👩‍👧‍👦 family 🇩🇪",
        "你好世界",
        "a\u{301}\u{302}\u{303} \u{301}\u{301}",
        "กำลังใจ ক্ষি",
    ];

    fn mark(range: Range<usize>) -> Mark {
        Mark {
            range,
            font: theme::font::strong(),
            color: Color32::RED,
            behind: Color32::BLUE,
            link: None,
            same_letters: false,
        }
    }

    #[test]
    fn marks_change_no_letter_and_no_count() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for (text, width) in TEXTS.iter().flat_map(|text| [30.0, 200.0].map(|width| (text, width))) {
                let plain = text::read(ui, text, theme::font::body(), Color32::WHITE, width, &[]);
                for (at, c) in text.char_indices() {
                    // Also where no sensible mark would begin or end: in the middle of a cluster.
                    let range = at..at + c.len_utf8();
                    let marks = [mark(range)];
                    let marked = text::read(ui, text, theme::font::body(), Color32::WHITE, width, &marks);
                    assert_eq!(marked.galley.text(), plain.galley.text(), "{text:?} at {at}");
                    assert_eq!(marked.selectable, plain.selectable, "{text:?} at {at}");
                    assert!(text::counts_agree(&marked.galley), "{text:?} at {at}");
                    let expected = usize::from(c != '\n');
                    assert!(marked.behind.len() <= expected, "{text:?} at {at}");
                }
            }
            #[expect(clippy::reversed_empty_ranges, reason = "a range that makes no sense is one of the cases")]
            let wild = [(5..900), (2..1), (3..4)].map(mark);
            let read = text::read(ui, "héllo שלום", theme::font::body(), Color32::WHITE, 200.0, &wild);
            assert!(text::counts_agree(&read.galley));
        });
        output.drop_without_applying_deltas();
    }

    #[test]
    fn what_is_over_another_mark_shows_and_a_link_stays_one() {
        let link = |range, n| Mark { link: Some(n), behind: Color32::TRANSPARENT, ..mark(range) };
        let merged =
            over(vec![link(2..10, 0), link(12..14, 1)], vec![mark(0..4), mark(5..6), mark(9..13), mark(20..22)]);
        let seen: Vec<_> =
            merged.iter().map(|mark| (mark.range.clone(), mark.behind == Color32::BLUE, mark.link)).collect();
        let (upper, under) = (true, false);
        assert_eq!(
            seen,
            [
                (0..2, upper, None),
                (2..4, upper, Some(0)),
                (4..5, under, Some(0)),
                (5..6, upper, Some(0)),
                (6..9, under, Some(0)),
                (9..10, upper, Some(0)),
                (10..12, upper, None),
                (12..13, upper, Some(1)),
                (13..14, under, Some(1)),
                (20..22, upper, None),
            ]
        );
        assert_eq!(over(vec![mark(1..2)], Vec::new()), [mark(1..2)]);
    }

    #[test]
    fn marks_go_where_their_words_go() {
        let text = "אחת @דוד כהן שתיים";
        let start = text.find('@').unwrap();
        let end = start + "@דוד כהן".len();
        let lines = bidi::lines(text, 1000.0, |_| 0.0);
        let marks = [mark(start..end)];
        let seen = &lines[0].text;
        let marked: String =
            moved(&marks, &lines, &theme::font::body()).into_iter().map(|mark| seen[mark.range].to_owned()).collect();
        assert_eq!(marked, "כהן דוד@");
        assert_eq!(seen, "שתיים כהן דוד@ אחת");
    }

    #[test]
    fn a_name_that_is_called_turns_nothing_around_it() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let text = "ask @דוד כהן 5 times";
            let name = text.find('@').unwrap()..text.find(" 5").unwrap();
            let seen = |marks: &[Mark]| text::read(ui, text, theme::font::body(), Color32::WHITE, 900.0, marks).galley;
            assert_eq!(seen(&[mark(name)]).text(), "ask כהן דוד@ 5 times");
            assert_eq!(seen(&[]).text(), "ask @5 כהן דוד times", "a text that calls nobody is as its writer wrote it");
        });
        output.drop_without_applying_deltas();
    }

    #[test]
    fn what_is_behind_a_mark_is_as_wide_as_its_letters_line_by_line() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let text = "to @Dora Maar\nand @Bob";
            let marks = [3..13, 18..22].map(mark);
            let read = text::read(ui, text, theme::font::body(), Color32::WHITE, 400.0, &marks);
            let [(dora, _), (bob, _)] = read.behind.as_slice() else { panic!("{:?}", read.behind) };
            let row = |n: usize| read.galley.rows[n].rect();
            assert_eq!((dora.y_range(), bob.y_range()), (row(0).y_range(), row(1).y_range()));
            assert!(dora.left() > 10.0 && (dora.right() - row(0).right()).abs() < 1.0, "{dora:?}");
            assert!(bob.left() > 20.0 && (bob.right() - row(1).right()).abs() < 1.0, "{bob:?}");

            let narrow = text::read(ui, text, theme::font::body(), Color32::WHITE, 60.0, &marks);
            assert_eq!(narrow.behind.len(), 3, "a name over two lines has two parts: {:?}", narrow.behind);
        });
        output.drop_without_applying_deltas();
    }
}
