//! Finding a name by a few of its letters: whether it fits, how well, and which letters they are. Draws nothing.
//!
//! What is typed fits best where it begins the name, then where it begins a word in it, then where it is made of the
//! beginnings of words (`wh` is Weekend hike), then anywhere within, and last where its letters only come in that
//! order. Capitals and marks on letters make no difference: `zoe` finds Zoë.

use std::ops::Range;

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

/// How much of what is typed is looked at, in letters: longer than any name.
const QUERY_MAX_CHARS: usize = 80;

/// A name as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded(Box<[char]>);

/// What somebody typed to find a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    letters: Vec<char>,
    /// The same without blanks.
    close: Vec<char>,
}

/// How well a name fits: the less, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fit {
    how: How,
    /// How far apart its letters are, where they do not stand together.
    spread: usize,
}

impl Fit {
    /// Whether nothing can fit better.
    pub fn is_best(self) -> bool {
        self.how == How::BeginsName
    }
}

/// Where in a name the letters are.
enum Found {
    /// All in a row, from there.
    Together(usize),
    /// Each in a place of its own.
    Apart(Vec<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    BeginsName,
    BeginsWord,
    BeginsWords,
    Within,
    InOrder,
}

/// What a letter is compared as: a small one without its marks.
pub fn fold(c: char, push: &mut impl FnMut(char)) {
    const APART: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
    const CLASS: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMapBorrowed::new();
    if c.is_ascii() {
        return push(if c.is_ascii_whitespace() { ' ' } else { c.to_ascii_lowercase() });
    }
    let is_mark = |c: &char| CLASS.get_u8(*c) != 0;
    for part in APART.normalize_iter(std::iter::once(c)).filter(|part| !is_mark(part)) {
        match part {
            blank if blank.is_whitespace() => push(' '),
            letter => letter.to_lowercase().filter(|small| !is_mark(small)).for_each(&mut *push),
        }
    }
}

impl Folded {
    /// Of that name.
    pub fn of(name: &str) -> Self {
        let mut letters = Vec::with_capacity(name.len());
        name.chars().for_each(|c| fold(c, &mut |c| letters.push(c)));
        Self(letters.into())
    }

    /// A word begins there.
    fn begins(&self, at: usize) -> bool {
        let is_letter = |at: usize| self.0.get(at).is_some_and(|c| c.is_alphanumeric());
        is_letter(at) && at.checked_sub(1).is_none_or(|before| !is_letter(before))
    }
}

impl Query {
    /// What is asked for; blanks alone are nothing.
    pub fn new(typed: &str) -> Option<Self> {
        let mut letters = Vec::new();
        for word in typed.split_whitespace() {
            if !letters.is_empty() {
                letters.push(' ');
            }
            word.chars().for_each(|c| fold(c, &mut |c| letters.push(c)));
            if letters.len() > QUERY_MAX_CHARS {
                break;
            }
        }
        letters.truncate(QUERY_MAX_CHARS);
        let close: Vec<char> = letters.iter().copied().filter(|c| *c != ' ').collect();
        (!close.is_empty()).then_some(Self { letters, close })
    }

    /// How well a name fits; not at all, if nothing.
    pub fn fit(&self, name: &Folded) -> Option<Fit> {
        let (fit, _) = self.find(name)?;
        Some(fit)
    }

    /// Which parts of a name are what was typed, in bytes.
    pub fn parts(&self, name: &str) -> Vec<Range<usize>> {
        let (mut letters, mut from) = (Vec::new(), Vec::new());
        for (at, c) in name.char_indices() {
            fold(c, &mut |folded| {
                letters.push(folded);
                from.push(at);
            });
        }
        let Some((_, found)) = self.find(&Folded(letters.into())) else { return Vec::new() };
        let found = match found {
            Found::Together(at) => (at..at + self.letters.len()).collect(),
            Found::Apart(places) => places,
        };
        let mut parts: Vec<Range<usize>> = Vec::new();
        for at in found {
            let Some(start) = from.get(at).copied() else { break };
            // Marks on a letter belong to it.
            let end = from.iter().skip(at).find(|next| **next > start).copied().unwrap_or(name.len());
            match parts.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => parts.push(start..end),
            }
        }
        parts
    }

    fn find(&self, name: &Folded) -> Option<(Fit, Found)> {
        let together = |how, at: usize| (Fit { how, spread: 0 }, Found::Together(at));
        if name.0.starts_with(&self.letters) {
            return Some(together(How::BeginsName, 0));
        }
        if !in_order(&self.close, &name.0) {
            return None;
        }
        let places =
            || (0..name.0.len()).filter(|at| name.0.get(*at..).is_some_and(|at| at.starts_with(&self.letters)));
        if let Some(at) = places().find(|at| name.begins(*at)) {
            return Some(together(How::BeginsWord, at));
        }
        if let Some(found) = self.by_beginnings(name) {
            return Some((Fit { how: How::BeginsWords, spread: 0 }, Found::Apart(found)));
        }
        if let Some(at) = places().next() {
            return Some(together(How::Within, at));
        }
        let found = closest(&self.close, &name.0)?;
        let spread = found.last()? - found.first()?;
        Some((Fit { how: How::InOrder, spread }, Found::Apart(found)))
    }

    /// The letters, each at the beginning of a word or behind the one before it.
    fn by_beginnings(&self, name: &Folded) -> Option<Vec<usize>> {
        let (wanted, letters) = (&self.close, &name.0);
        // Most names are out of the question at a glance, and one letter alone is found in simpler ways.
        let begins = |at: &usize| letters.get(*at) == wanted.first() && name.begins(*at);
        if wanted.len() < 2 || !(0..letters.len()).any(|at| begins(&at)) {
            return None;
        }
        // Where a letter can stand so that all after it find their places: from the last one to the first.
        let width = letters.len();
        let mut fits = vec![false; wanted.len() * width];
        for (n, c) in wanted.iter().enumerate().rev() {
            let next = |at: usize| fits.get((n + 1) * width + at).copied().unwrap_or(false);
            let last = n + 1 == wanted.len();
            let mut later = false;
            let mut row = vec![false; width];
            for at in (0..width).rev() {
                row[at] = letters.get(at) == Some(c) && (last || later || (at + 1 < width && next(at + 1)));
                later |= name.begins(at) && next(at);
            }
            fits[n * width..(n + 1) * width].copy_from_slice(&row);
        }
        let mut found: Vec<usize> = Vec::with_capacity(wanted.len());
        for n in 0..wanted.len() {
            let behind = found.last().map_or(0, |last| last + 1);
            let goes_on = |at: &usize| n > 0 && *at == behind;
            let can = |at: &usize| fits.get(n * width + at) == Some(&true) && (name.begins(*at) || goes_on(at));
            found.push((behind..width).find(can)?);
        }
        Some(found)
    }
}

/// Whether the letters come in that order.
fn in_order(wanted: &[char], name: &[char]) -> bool {
    let mut rest = name.iter();
    wanted.iter().all(|c| rest.any(|other| other == c))
}

/// The letters in that order, as close together as where they first end.
fn closest(wanted: &[char], name: &[char]) -> Option<Vec<usize>> {
    let mut end = 0;
    for c in wanted {
        end += name.get(end..)?.iter().position(|other| other == c)? + 1;
    }
    let mut found = Vec::with_capacity(wanted.len());
    for c in wanted.iter().rev() {
        end = name.get(..end)?.iter().rposition(|other| other == c)?;
        found.push(end);
    }
    found.reverse();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(typed: &str, name: &str) -> Option<Fit> {
        Query::new(typed)?.fit(&Folded::of(name))
    }

    fn marked(typed: &str, name: &str) -> String {
        let mut marked = name.to_owned();
        for part in Query::new(typed).unwrap().parts(name).into_iter().rev() {
            marked.insert(part.end, ']');
            marked.insert(part.start, '[');
        }
        marked
    }

    #[test]
    fn beginnings_come_before_what_is_within_and_that_before_what_is_scattered() {
        let names = ["Anna Berg", "Joe Anders", "Alva Nilsson", "Joanna", "Aron"];
        let fits: Vec<_> = names.iter().map(|name| fit("an", name).unwrap()).collect();
        assert!(fits.is_sorted_by(|a, b| a < b), "{fits:?}");
        assert_eq!(fit("an", "Bob"), None);
        assert_eq!(fit("  ", "Bob"), None);
        assert!(fit("abc", "a b xc") < fit("abc", "a bbbbbxc"), "what is closer together is nearer");
    }

    #[test]
    fn the_letters_that_were_found_are_known() {
        for (typed, expected) in [
            ("week", "[Week]end hike at the lake"),
            ("HIKE", "Weekend [hike] at the lake"),
            ("wh", "[W]eekend [h]ike at the lake"),
            ("wehi", "[We]ekend [hi]ke at the lake"),
            ("we at", "[We]ekend hike [at] the lake"),
            ("kend", "Wee[kend] hike at the lake"),
            ("elk", "Weekend hike at th[e] [l]a[k]e"),
        ] {
            assert_eq!(marked(typed, "Weekend hike at the lake"), expected, "{typed}");
        }
    }

    #[test]
    fn capitals_and_marks_on_letters_make_no_difference() {
        assert_eq!(marked("zoe", "Zoë Ångström"), "[Zoë] Ångström");
        assert_eq!(marked("ZÖA", "Zoë Ångström"), "[Zo]ë [Å]ngström");
        assert_eq!(marked("zoe", "Zoe\u{308} K"), "[Zoe\u{308}] K");
        assert_eq!(marked("小明", "王小明"), "王[小明]");
        assert_eq!(marked("fi", "ﬁre"), "[ﬁ]re");
        assert!(fit("ivan", "İvan").is_some());
    }

    #[test]
    fn a_letter_that_leads_astray_is_given_up_for_a_later_one() {
        assert_eq!(marked("sal", "Sara Salo Al"), "Sara [Sal]o Al");
        assert_eq!(marked("sbo", "Sam B Bo"), "[S]am B [Bo]");
        assert_eq!(marked("aab", "aa ab"), "[a]a [ab]");
    }

    #[test]
    fn nothing_that_is_typed_takes_long_or_does_harm() {
        let long = "a ".repeat(500);
        let query = Query::new(&long).unwrap();
        assert!(query.fit(&Folded::of(&long)).is_some());
        assert_eq!(query.fit(&Folded::of("b")), None);
        assert_eq!(query.fit(&Folded::of("")), None);
        assert_eq!(query.parts(""), []);
        assert_eq!(Query::new("\u{308}"), None, "a mark without a letter");
        assert_eq!(marked("s", "ß\u{200b}ſ"), "ß\u{200b}[ſ]");
    }
}
