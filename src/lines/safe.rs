//! Text of others on a terminal: nothing that somebody wrote moves the cursor, changes colours or turns the words around
//! it. Control characters are shown as pictures, so that nobody is fooled by what was left out.

use std::borrow::Cow;

use crate::visible::{cleaned, isolated};

/// A name, or another short text, as a part of a line.
pub fn word(text: &str) -> String {
    // Some of what ends a line does so only once it is cleaned.
    isolated(&cleaned(&pictured(text)).replace(['\n', '\t'], " ")).into_owned()
}

/// A text as the lines that it has; at least one.
pub fn lines(text: &str) -> Vec<String> {
    let text = pictured(text);
    cleaned(&text).split('\n').map(|line| isolated(line).replace('\t', "    ")).collect()
}

/// The beginning of a text, in a line.
pub fn beginning(text: &str, most_chars: usize) -> String {
    let first = text.trim().lines().next().unwrap_or_default();
    let mut begin: String = first.chars().take(most_chars).collect();
    if begin.len() < text.trim().len() {
        begin.push('…');
    }
    word(&begin)
}

/// The text with a picture for each control character that ends no line.
fn pictured(text: &str) -> Cow<'_, str> {
    if !text.contains(is_shown) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if is_shown(c) { picture(c) } else { c }).collect()
}

/// Whether it is a control character that neither ends a line nor is a tab.
fn is_shown(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t' | '\r' | '\u{b}' | '\u{c}' | '\u{85}')
}

/// Unicode has a picture for each of the old ones.
fn picture(c: char) -> char {
    match u32::from(c) {
        old @ 0..=0x1f => char::from_u32(0x2400 + old).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        for (text, shown) in [
            ("plain", "plain"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "␛[2J␛]0;title␇"),
            ("\u{9b}31m red \u{7f}\u{8}\0", "\u{fffd}31m red ␡␈␀"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("דוד", "\u{2068}דוד\u{2069}"),
            ("\u{2069}דוד\u{2068}", "\u{2068}דוד\u{2069}"),
        ] {
            assert_eq!(word(text), shown, "{text:?}");
            assert_eq!(lines(text), [shown], "{text:?}");
        }
        assert_eq!(word("a\nb\tc\rd\u{85}e\u{2028}f"), "a b c d e f");
        assert_eq!(lines("a\r\nb\rc\u{85}d\n\te"), ["a", "b", "c", "d", "    e"]);
        assert_eq!(lines(""), [""]);
        for n in (0..0xa0).filter_map(char::from_u32) {
            let shown = lines(&format!("a{n}b")).concat() + &word(&n.to_string());
            assert!(!shown.contains(char::is_control), "{n:?}");
        }
    }

    #[test]
    fn a_beginning_says_that_there_is_more() {
        assert_eq!(beginning("hello", 10), "hello");
        assert_eq!(beginning("hello world", 5), "hello…");
        assert_eq!(beginning("one\ntwo", 10), "one…");
        assert_eq!(beginning(" \u{1b}[0m ", 10), "␛[0m");
    }
}
