//! What of a text can be seen. Text comes with characters that are not meant to be drawn, or that are meant for scripts
//! and emoji and hide something anywhere else. What is drawn is the text without them, so that two texts that look the
//! same are the same, and nothing reaches out of its line. Pure: knows no fonts and no pixels.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

/// The most combining marks on one letter. Pointed Hebrew with accents has five, Vietnamese and polytonic Greek three;
/// a tower of more paints over the lines above and below.
pub const MARKS_MAX: usize = 5;

/// Opens an isolate: what is in it takes the direction of its own letters and moves nothing around it.
pub const FIRST_STRONG_ISOLATE: char = '\u{2068}';
/// Closes an isolate.
pub const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// The text as it is drawn: without control characters, overrides of direction and invisible characters that have no
/// business where they stand, with every kind of line break as `\n`, and with at most [`MARKS_MAX`] marks on a letter.
/// Nothing changes when it is done again.
pub fn cleaned(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// The same, and isolates stay that are opened and closed: for a sentence that has names in it, each in an isolate.
pub fn cleaned_sentence(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

fn clean(text: &str, isolates: bool) -> Cow<'_, str> {
    let plain = |c: char| matches!(c, '\n' | '\t' | ' '..='~');
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    // The last character that was kept, the marks since the last letter, the isolates that are open.
    let (mut last, mut marks) = (None, 0);
    let mut open: Vec<usize> = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        let kept = match c {
            '\n' | '\t' => c,
            '\r' if next == Some('\n') => continue,
            // Each of them ends a line somewhere.
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            FIRST_STRONG_ISOLATE if isolates => {
                open.push(clean.len());
                c
            }
            // What closes nothing is left out, and in the end what was never closed.
            POP_DIRECTIONAL_ISOLATE if isolates => match open.pop() {
                Some(_) => c,
                None => continue,
            },
            '\u{1f3f4}' => {
                clean.push(c);
                clean.push_str(flag(&mut rest));
                (last, marks) = (Some(c), 0);
                continue;
            }
            '\u{200c}' | '\u{200d}' if joins(last, c, next) => c,
            _ if is_selector(c) => match last {
                Some(base) if selects(base, c) => c,
                _ => continue,
            },
            _ if is_ignorable(c) => continue,
            _ => c,
        };
        if is_combining_mark(kept) && !is_stacked_letter(kept) && !is_selector(kept) {
            if marks == MARKS_MAX {
                continue;
            }
            marks += 1;
        } else {
            marks = 0;
        }
        clean.push(kept);
        last = Some(kept);
    }
    if !open.is_empty() {
        clean = clean.char_indices().filter(|(at, _)| open.binary_search(at).is_err()).map(|(_, c)| c).collect();
    }
    match clean == text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(clean),
    }
}

/// A name, or anything else that somebody else has written, as a part of a sentence: in an isolate where its letters are
/// written from the right and would turn the words around it.
pub fn isolated(part: &str) -> Cow<'_, str> {
    let part = cleaned_sentence(part);
    match part.chars().any(is_from_the_right) {
        true => Cow::Owned(format!("{FIRST_STRONG_ISOLATE}{part}{POP_DIRECTIONAL_ISOLATE}")),
        false => part,
    }
}

/// Whether that is a letter of a script that is written from the right, or a figure of one.
pub fn is_from_the_right(c: char) -> bool {
    use unicode_bidi::BidiClass::{AL, AN, R};
    !c.is_ascii() && matches!(unicode_bidi::bidi_class(c), R | AL | AN)
}

/// Whether anything in a text can be seen: white space, and what looks like it, cannot.
pub fn shows_something(text: &str) -> bool {
    cleaned(text).chars().any(|c| !c.is_whitespace() && !matches!(c, '\u{200c}' | '\u{200d}' | '\u{2800}'))
}

/// Characters without a picture of their own: controls, and what Unicode calls ignorable by default, without joiners and
/// selectors, which are looked at with what is around them.
pub fn is_ignorable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Characters that choose between pictures of the character in front of them.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether there are pictures of that character to choose from.
fn selects(base: char, selector: char) -> bool {
    let han = matches!(base, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    match selector {
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(base, '\u{1820}'..='\u{18aa}'),
        '\u{e0100}'..='\u{e01ef}' => han,
        '\u{fe0e}' | '\u{fe0f}' => is_pictograph(base) || matches!(base, '0'..='9' | '#' | '*' | '©' | '®' | '‼' | '⁉'),
        _ => han || matches!(base, '\u{1000}'..='\u{109f}' | '\u{2200}'..='\u{22ff}' | '\u{a840}'..='\u{a87f}'),
    }
}

/// Whether a joiner does something there: between two pictures, or after a letter of a script whose letters join.
fn joins(last: Option<char>, joiner: char, next: Option<char>) -> bool {
    let Some(last) = last else { return false };
    let pictures = (is_pictograph(last) || last == '\u{fe0f}') && next.is_some_and(is_pictograph);
    let letters = |c: char| {
        matches!(c,
        '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{18af}'
        | '\u{a840}'..='\u{a877}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
    };
    (joiner == '\u{200d}' && pictures) || letters(last)
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Tibetan writes letters below letters, and they count as marks.
fn is_stacked_letter(c: char) -> bool {
    matches!(c, '\u{f8d}'..='\u{fbc}')
}

/// The rest of a flag of a part of a country, after its black flag: tags in good order, with an end. They are taken
/// from the text; tags anywhere else would be a text within the text.
fn flag<'a>(rest: &mut std::str::Chars<'a>) -> &'a str {
    let text = rest.as_str();
    let letters = text.chars().take_while(|c| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}'));
    let count = letters.take(7).count();
    let is_flag = (3..=6).contains(&count) && text.chars().nth(count) == Some('\u{e007f}');
    let length = if is_flag { text.chars().take(count + 1).map(char::len_utf8).sum() } else { 0 };
    let (flag, after) = text.split_at(length);
    *rest = after.chars();
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "plain\n\ttext",
            "Chloé, Ünsal, Łukasz, naïve",
            "e\u{301} o\u{302}\u{323}",
            "王小明 葛\u{e0100}飾区",
            "שָׁלוֹם עוֹלָם",
            "בְּרֵאשִׁ֖ית",
            "مرحبا بالعالم، می\u{200c}خواهم، ه\u{200d}",
            "क्\u{200d}ष ক্ষি श्री\u{200c}",
            "กำลังใจ",
            "བསྒྲུབས་ ཧྐྵྨླྺྼྻྂ",
            "ខ្មែរ",
            "👨‍👩‍👧‍👦 🏳️‍🌈 ❤️‍🔥 👩🏽‍🚀 🐈‍⬛ 1️⃣ ™️ ☺︎",
            "🇩🇪 🏴󠁧󠁢󠁳󠁣󠁴󠁿!",
            "한국어",
            "ᠮᠣᠩᠭᠣᠯ",
            "\u{fffd} \u{e000}",
        ] {
            assert_eq!(cleaned(text), text, "{text:?}");
            assert!(shows_something(text));
        }
    }

    #[test]
    fn what_hides_is_left_out() {
        let zalgo = format!("z{}a", "\u{30d}".repeat(1000));
        let bounded = format!("z{}a", "\u{30d}".repeat(MARKS_MAX));
        for (text, seen) in [
            ("a\0b\u{1}c\u{7f}d\u{80}e\u{9f}f\u{1b}[31m", "abcdef[31m"),
            (
                "one\r\ntwo\rthree\u{85}four\u{2028}five\u{2029}six\u{b}seven\u{c}",
                "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
            ),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("\u{202a}a\u{202b}b\u{202c}c\u{202d}d\u{200e}\u{200f}\u{61c}", "abcd"),
            ("\u{2066}a\u{2067}b\u{2068}c\u{2069}d\u{2069}\u{2069}", "abcd"),
            ("pass\u{200b}word\u{2060}s\u{feff}", "passwords"),
            ("al\u{200d}ice \u{200c}bob\u{200d}", "alice bob"),
            ("\u{200d}\u{200c}", ""),
            ("so\u{ad}ft c\u{34f}gj \u{180e}\u{206a}\u{206f}", "soft cgj "),
            ("hi\u{e0068}\u{e0069}\u{e007f}", "hi"),
            ("🏴\u{e0067}\u{e0062} 🏴", "🏴 🏴"),
            ("🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e0067}\u{e0067}\u{e0067}\u{e007f}", "🏴"),
            ("a\u{fe0f}b\u{fe00}c\u{e0100} \u{fe0f}", "abc "),
            ("❤\u{fe0f}\u{fe0f}\u{fe0e}\u{fe01}", "❤\u{fe0f}"),
            ("a\u{fff9}b\u{fffa}c\u{fffb}\u{fffc}", "abc"),
            ("\u{115f}\u{1160}x\u{3164}y\u{ffa0}", "xy"),
            ("x\u{17b4}\u{17b5}\u{1d173}\u{1bca0}", "x"),
            (&zalgo, &bounded),
        ] {
            assert_eq!(cleaned(text), seen, "{text:?}");
            assert_eq!(cleaned(seen), seen, "done again: {text:?}");
        }
    }

    #[test]
    fn nothing_is_left_where_nothing_is_to_be_seen() {
        for text in [
            "",
            " \n",
            "\u{200b}\u{2060}",
            "\u{3164}\u{115f}",
            "\u{200d}",
            "\u{2800}\u{a0}\u{3000}",
            "\u{202e}\u{e0041}",
        ] {
            assert!(!shows_something(text), "{text:?}");
        }
    }

    #[test]
    fn a_sentence_keeps_its_isolates_and_no_others() {
        for (text, seen) in [
            ("\u{2068}דוד\u{2069} left", "\u{2068}דוד\u{2069} left"),
            ("\u{2068}a\u{2068}b\u{2069}\u{2069}", "\u{2068}a\u{2068}b\u{2069}\u{2069}"),
            ("\u{2068}\u{2068}a\u{2069}b", "\u{2068}a\u{2069}b"),
            ("a\u{2069}b\u{2067}c\u{2069}", "abc"),
            ("\u{2068}open", "open"),
        ] {
            assert_eq!(cleaned_sentence(text), seen, "{text:?}");
            assert_eq!(cleaned(text), seen.replace(['\u{2068}', '\u{2069}'], ""), "{text:?}");
        }
    }
}
