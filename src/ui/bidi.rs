//! Right-to-left sentences, for display: which word stands where. Knows no fonts and no pixels.
//!
//! egui 0.37 writes every right-to-left word in its direction and leaves the words in the order of a left-to-right
//! sentence. So the words are put in the order in which they are seen, line by line, before they are laid out, by the
//! Unicode Bidirectional Algorithm. The result is only good for looking at: whatever is edited, selected or copied is
//! the text as it was written.

use std::ops::Range;

use unicode_bidi::{BidiInfo, ParagraphInfo};
use unicode_segmentation::UnicodeSegmentation;

use crate::visible::{FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE};

/// A line in the order in which it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its words.
    pub text: String,
    /// Where they stand in the text as it was written, piece by piece in the order of `text` and of the same lengths.
    pub written: Vec<Range<usize>>,
    /// It begins at the right.
    pub from_right: bool,
}

/// The alphabet of a character that is written from the right: words of two of them are laid out apart.
fn alphabet(c: char) -> Option<u8> {
    match c {
        '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}' => Some(0),
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{870}'..='\u{8ff}' => Some(1),
        '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{1ee00}'..='\u{1eeff}' => Some(1),
        '\u{700}'..='\u{74f}' | '\u{860}'..='\u{86f}' => Some(2),
        '\u{780}'..='\u{7bf}' => Some(3),
        '\u{7c0}'..='\u{85f}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1e95f}' => Some(4),
        _ => None,
    }
}

/// Whether anything in a text is written from the right.
pub fn concerns(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| alphabet(c).is_some())
}

/// What opens and closes an isolate. They have done their work when words are in order, and are not drawn.
pub const ISOLATES: [char; 2] = [FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE];

/// Whether a character is a letter that is written from the right.
pub fn is_from_right(c: char) -> bool {
    alphabet(c).is_some()
}

/// A part of a text with all of the words from the right that it begins or ends in.
pub fn whole_words(text: &str, part: Range<usize>) -> Range<usize> {
    let (Some(before), Some(within), Some(after)) =
        (text.get(..part.start), text.get(part.clone()), text.get(part.end..))
    else {
        return part;
    };
    let mut whole = part;
    if within.chars().next().is_some_and(is_from_right) {
        whole.start = before.trim_end_matches(is_from_right).len();
    }
    if within.chars().next_back().is_some_and(is_from_right) {
        whole.end += after.len() - after.trim_start_matches(is_from_right).len();
    }
    whole
}

/// Breaks a text into lines that are no wider than `width` and puts each in the order in which it is seen. `measure`
/// says how wide a part of a line is.
pub fn lines(text: &str, width: f32, mut measure: impl FnMut(&str) -> f32) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut begin = 0;
    for paragraph in text.split('\n') {
        let bidi = BidiInfo::new(paragraph, None);
        let mut line = |text, pieces: Vec<Range<usize>>, from_right| {
            let written = pieces.into_iter().map(|piece| begin + piece.start..begin + piece.end).collect();
            lines.push(Line { text, written, from_right });
        };
        match bidi.paragraphs.first() {
            None => line(String::new(), Vec::new(), false),
            Some(whole) => {
                for part in broken(paragraph, width, &mut measure) {
                    let (text, pieces) = seen(&bidi, whole, part);
                    let pieces = pieces.into_iter().flat_map(|piece| without_isolates(paragraph, piece.written));
                    line(text.replace(ISOLATES, ""), pieces.collect(), whole.level.is_rtl());
                }
            }
        }
        begin += paragraph.len() + 1;
    }
    lines
}

/// A piece of a line: of one direction, and of one alphabet if that is written from the right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands in the text as it was written.
    pub written: Range<usize>,
    /// It goes from right to left.
    pub from_right: bool,
    /// egui writes it from the right: a word, or figures.
    pub word: bool,
}

/// A line of a text under edit: nothing is left out, not the blanks at its end either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedLine {
    /// What is seen.
    pub text: String,
    /// Its pieces, from left to right.
    pub pieces: Vec<Piece>,
    /// Where it stands in the text.
    pub written: Range<usize>,
    /// It begins at the right.
    pub from_right: bool,
    /// The paragraph ends with it.
    pub last: bool,
}

/// The same as [`lines`], for a text under edit. A word that is too long for a line is broken, too.
pub fn edited_lines(text: &str, width: f32, mut measure: impl FnMut(&str) -> f32) -> Vec<EditedLine> {
    let mut lines = Vec::new();
    let mut begin = 0;
    for paragraph in text.split('\n') {
        let bidi = BidiInfo::new(paragraph, None);
        let from_right = bidi.paragraphs.first().is_some_and(|whole| whole.level.is_rtl());
        let parts = broken_anywhere(paragraph, width, &mut measure);
        let count = parts.len();
        for (n, part) in parts.into_iter().enumerate() {
            let (text, mut pieces) = match bidi.paragraphs.first() {
                Some(whole) => seen(&bidi, whole, part.clone()),
                None => Default::default(),
            };
            for piece in &mut pieces {
                piece.written = begin + piece.written.start..begin + piece.written.end;
            }
            let written = begin + part.start..begin + part.end;
            lines.push(EditedLine { text, pieces, written, from_right, last: n + 1 == count });
        }
        begin += paragraph.len() + 1;
    }
    lines
}

/// Whether the paragraph that a place is in begins at the right.
pub fn begins_from_right(text: &str, at: usize) -> bool {
    let begin = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let paragraph = text.get(begin..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
    concerns(paragraph) && BidiInfo::new(paragraph, None).paragraphs.first().is_some_and(|whole| whole.level.is_rtl())
}

/// Where a paragraph under edit is broken: between words, the blanks going with the word before them, and within a word
/// only where it is wider than a line.
fn broken_anywhere(paragraph: &str, width: f32, measure: &mut impl FnMut(&str) -> f32) -> Vec<Range<usize>> {
    let mut lines = Vec::from([Range::<usize>::default()]);
    let (mut used, mut at) = (0.0, 0);
    let mut add = |part: &str, seen_width: f32, whole_width: f32| {
        let end = at + part.len();
        match lines.last_mut() {
            Some(line) if used + seen_width <= width || line.start == line.end => line.end = end,
            _ => {
                used = 0.0;
                lines.push(at..end);
            }
        }
        used += whole_width;
        at = end;
    };
    for part in paragraph.split_inclusive(' ') {
        let word_width = measure(part.trim_end_matches(' '));
        if word_width <= width {
            add(part, word_width, measure(part));
            continue;
        }
        for cluster in part.graphemes(true) {
            let cluster_width = measure(cluster);
            add(cluster, if cluster == " " { 0.0 } else { cluster_width }, cluster_width);
        }
    }
    lines
}

/// Where a paragraph is broken: as many words on a line as fit, without the blanks between one line and the next.
fn broken(paragraph: &str, width: f32, measure: &mut impl FnMut(&str) -> f32) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let (mut used, mut at) = (0.0, 0);
    for part in paragraph.split_inclusive(' ') {
        let word = part.trim_end_matches(' ');
        let (word_width, blank_width) = (measure(word), measure(part) - measure(word));
        let word_end = at + word.len();
        match lines.last_mut() {
            Some(line) if used + word_width <= width => line.end = word_end,
            _ => {
                used = 0.0;
                lines.push(at..word_end);
            }
        }
        used += word_width + blank_width;
        at += part.len();
    }
    if lines.is_empty() {
        lines.push(Range::default());
    }
    lines
}

/// A line as it is seen, and where its pieces come from.
fn seen(bidi: &BidiInfo<'_>, paragraph: &ParagraphInfo, line: Range<usize>) -> (String, Vec<Piece>) {
    let (mut seen, mut pieces) = (String::with_capacity(line.len()), Vec::new());
    if line.is_empty() {
        return (seen, pieces);
    }
    let (levels, runs) = bidi.visual_runs(paragraph, line);
    for run in runs {
        let text = bidi.text.get(run.clone()).unwrap_or_default();
        if levels.get(run.start).is_some_and(|level| level.is_rtl()) {
            turned(text, run.start, &mut seen, &mut pieces);
        } else {
            straight(text, run.start, &mut seen, &mut pieces);
        }
    }
    (seen, pieces)
}

/// The parts of a piece that are drawn. A text under edit keeps its isolates: nothing may be missing there.
fn without_isolates(paragraph: &str, piece: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = piece.start;
    paragraph.get(piece).unwrap_or_default().split_inclusive(ISOLATES).filter_map(move |part| {
        let shown = at..at + part.trim_end_matches(ISOLATES).len();
        at += part.len();
        (!shown.is_empty()).then_some(shown)
    })
}

/// A left-to-right run as it is. egui writes Arabic figures from the right, too, which makes other numbers of them: so
/// they are given to it the other way round.
fn straight(run: &str, begin: usize, seen: &mut String, written: &mut Vec<Piece>) {
    let signs: Vec<&str> = run.graphemes(true).collect();
    let mut at = begin;
    for part in signs.chunk_by(|one, other| is_figure(one) == is_figure(other)) {
        let figures = part.first().is_some_and(|first| is_figure(first));
        let length: usize = part.iter().map(|sign| sign.len()).sum();
        match figures {
            true => seen.extend(part.iter().rev().copied()),
            false => seen.extend(part.iter().copied()),
        }
        written.push(Piece { written: at..at + length, from_right: false, word: figures });
        at += length;
    }
}

/// Whether a character is an Arabic figure, or parts such figures.
fn is_figure(sign: &str) -> bool {
    sign.starts_with(|c| matches!(c, '\u{660}'..='\u{669}' | '\u{66b}' | '\u{66c}' | '\u{6f0}'..='\u{6f9}'))
}

/// The words of a right-to-left run from the last to the first. Inside a word, the order is left to who draws it.
fn turned(run: &str, begin: usize, seen: &mut String, written: &mut Vec<Piece>) {
    let mut pieces: Vec<(Option<u8>, Range<usize>)> = Vec::new();
    for (at, cluster) in run.grapheme_indices(true) {
        let of = cluster.chars().next().and_then(alphabet);
        let end = at + cluster.len();
        match pieces.last_mut() {
            Some((last, piece)) if of.is_some() && *last == of => piece.end = end,
            _ => pieces.push((of, at..end)),
        }
    }
    for (of, place) in pieces.into_iter().rev() {
        let piece = begin + place.start..begin + place.end;
        written.push(Piece { written: piece, from_right: true, word: of.is_some() });
        let piece = run.get(place).unwrap_or_default();
        match piece.chars().next().and_then(mirrored) {
            Some(mirrored) => seen.push(mirrored),
            None => *seen += piece,
        }
    }
}

/// A bracket opens towards what it holds.
fn mirrored(c: char) -> Option<char> {
    const PAIRS: [char; 12] = ['(', ')', '[', ']', '{', '}', '<', '>', '«', '»', '‹', '›'];
    let at = PAIRS.iter().position(|other| *other == c)?;
    PAIRS.get(at ^ 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &str, width: f32) -> Vec<(String, bool)> {
        let lines = lines(text, width, |part| part.chars().count() as f32);
        lines.into_iter().map(|line| (line.text, line.from_right)).collect()
    }

    fn line(text: &str) -> String {
        let lines = lines_of(text, 1000.0);
        assert_eq!(lines.len(), 1);
        lines.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn words_stand_in_the_order_in_which_they_are_read() {
        for (written, seen) in [
            ("مرحبا بكم", "بكم مرحبا"),
            ("שלום", "שלום"),
            ("hello שלום", "hello שלום"),
            ("hello שלום עולם again", "hello עולם שלום again"),
            ("שלום עולם!", "!עולם שלום"),
            ("בשעה 10:30 (בערב)", "(בערב) 10:30 בשעה"),
            ("תודה ok", "ok תודה"),
            ("שלום 👨‍👩‍👧‍👦🎉", "🎉👨‍👩‍👧‍👦 שלום"),
            ("שָׁלוֹם עולם", "עולם שָׁלוֹם"),
            // The figures are turned again by egui.
            ("السعر ١٢٣ فقط", "فقط ٣٢١ السعر"),
            ("price ١٬٢٣٤٫٥", "price ٥٫٤٣٢٬١"),
            ("", ""),
        ] {
            assert_eq!(line(written), seen, "{written}");
        }
    }

    #[test]
    fn a_name_in_an_isolate_moves_nothing_around_it() {
        use crate::visible::isolated;
        for (name, seen) in [("Alice", "Alice"), ("יעל", "יעל"), ("דוד כהן", "כהן דוד"), ("محمد 2", "2 محمد")]
        {
            let name = isolated(name);
            assert_eq!(line(&format!("{name} added Bob")), format!("{seen} added Bob"));
            assert_eq!(line(&format!("{name}, {name} and 3 more left")), format!("{seen}, {seen} and 3 more left"));
            assert_eq!(line(&format!("“{name}” (2): 10:30!")), format!("“{seen}” (2): 10:30!"));
        }
        // Without it the sentence begins at the right.
        assert_ne!(line("יעל added Bob"), "יעל added Bob");
    }

    #[test]
    fn lines_are_broken_before_words_are_moved() {
        let right = |text: &str| (text.to_owned(), true);
        assert_eq!(lines_of("אחת שתיים שלוש", 9.0), [right("שתיים אחת"), right("שלוש")]);
        let paragraphs = lines_of("one two\n\nאחת שתיים", 20.0);
        assert_eq!(paragraphs, [("one two".to_owned(), false), (String::new(), false), right("שתיים אחת")]);
        assert_eq!(lines_of("abcdefghij kl", 5.0), [("abcdefghij".to_owned(), false), ("kl".to_owned(), false)]);
    }

    #[test]
    fn every_piece_knows_where_it_was_written() {
        for text in ["hello שלום עולם again", "שלום «@דוד כהן» ok\n\nאחת שתיים שלוש", "مرحبا @בוב (10:30)!", ""]
        {
            for width in [4.0, 12.0, 1000.0] {
                for line in lines(text, width, |part| part.chars().count() as f32) {
                    let written: String = line.written.iter().map(|place| text.get(place.clone()).unwrap()).collect();
                    let straight = |text: &str| text.replace(['(', ')', '«', '»'], "|");
                    assert_eq!(straight(&written), straight(&line.text), "{text:?} at {width}");
                    assert_eq!(written.len(), line.text.len());
                }
            }
        }
    }

    #[test]
    fn nothing_is_lost_whatever_is_written() {
        for written in ["  שלום  עולם  ", "((שלום", "1 2 3 אבג 4", "مرحبا שלום hello", "\u{5b0}\u{5b0} א", "a\n\n"]
        {
            let sorted = |text: String| {
                let mut letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
                letters.sort_unstable();
                letters
            };
            let seen: String = lines_of(written, 4.0).into_iter().map(|(text, _)| text).collect();
            assert_eq!(sorted(seen), sorted(written.to_owned()), "{written:?}");
        }
    }

    #[test]
    fn a_part_is_widened_to_the_words_from_the_right_that_it_touches() {
        let text = "ab שלום עולם cd";
        let widened = |part: &str| {
            let start = text.find(part).unwrap();
            text.get(whole_words(text, start..start + part.len())).unwrap()
        };
        assert_eq!(widened("לו"), "שלום");
        assert_eq!(widened("ום עו"), "שלום עולם");
        assert_eq!(widened("b ש"), "b שלום");
        assert_eq!(widened("c"), "c");
        assert_eq!(whole_words(text, 4..900), 4..900);
    }

    #[test]
    fn only_what_is_written_from_the_right_is_concerned() {
        assert!(concerns("a שלום") && concerns("مرحبا") && !concerns("héllo 王 🎉") && !concerns(""));
    }
}
