//! What accounts and groups may be called from now on, and which two names look alike. Names that were given earlier
//! stay what they are: `proto` checks no more than that a name can be written on a line, and nobody is locked out by a
//! rule that came after them.
//!
//! An account's name is words with one space between them, each a PRECIS username (RFC 8265, `UsernameCasePreserved`),
//! in letters of scripts that are written together. It may not look like the name of another account, or like a word
//! that stands for the program or for everybody. Two names look alike when their skeletons (Unicode TS 39) are equal.
//! Pure.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use precis_profiles::precis_core::profile::{Profile as _, Rules as _};
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::{GeneralSecurityProfile as _, RestrictionLevel, RestrictionLevelDetection as _};

use crate::proto::chat::GroupName;
use crate::proto::ids::{Invalid, UserName};
use crate::visible::{self, isolated};

/// What nobody may be called, because the program speaks of itself, of everybody, or of the reader by that word. No
/// group is called so, either.
const OF_THE_PROGRAM: [&str; 20] = [
    "all",
    "anyone",
    "anybody",
    "channel",
    "everybody",
    "everyone",
    "formermember",
    "here",
    "me",
    "nobody",
    "noone",
    "parlor",
    "parlour",
    "room",
    "server",
    "somebody",
    "someone",
    "system",
    "unknown",
    "you",
];

/// What no account may be called, because it sounds like somebody who may ask for a password. A group asks nobody.
const OF_AN_OFFICE: [&str; 20] = [
    "abuse",
    "admin",
    "administrator",
    "help",
    "helpdesk",
    "host",
    "info",
    "mod",
    "moderator",
    "official",
    "operator",
    "owner",
    "postmaster",
    "root",
    "security",
    "service",
    "staff",
    "support",
    "sysadmin",
    "webmaster",
];

/// What the window writes behind the name of somebody whose account was removed.
const FORMER: &str = "(former member)";

/// The longest text, in bytes, that is looked up as a name: the longest name with a few marks on each of its letters.
const KEY_MAX_BYTES: usize = 512;

/// Why a name is refused. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It breaks the form of all names.
    #[error(transparent)]
    Form(#[from] Invalid),
    /// An account's name has something other than letters, digits and plain signs.
    #[error(
        "a name is made of letters, digits and plain signs like - . _ ', with one space between words{0}: leave everything else out"
    )]
    Characters(&'static str),
    /// Letters and signs from different scripts within a word.
    #[error("the word \"{}\" mixes letters of different alphabets that look alike: write it in one alphabet", isolated(.0))]
    Mixed(String),
    /// Nothing in it can be read.
    #[error("a name has at least one letter or digit: give it another one")]
    Unreadable,
    /// It looks like a word that the program uses.
    #[error("\"{}\" could be taken for Parlor itself or for everybody: choose another name", isolated(.0))]
    Reserved(String),
    /// A group's name has something in it that cannot be seen, or that changes how the rest is seen.
    #[error("the name has characters in it that cannot be seen: write it anew without them")]
    Invisible,
    /// It looks like another name.
    #[error(
        "\"{}\" looks like \"{}\", who has an account: choose a name that cannot be mistaken for it",
        isolated(asked),
        isolated(existing)
    )]
    Alike {
        /// The name that was asked for.
        asked: String,
        /// The name as the account has it.
        existing: String,
    },
}

/// What a name that somebody types is looked up by: without regard to case, to full and half width, and to the form in
/// which accents are written. Two old names can have one key; then only the exact one is meant.
pub fn key(typed: &str) -> String {
    if typed.is_ascii() || typed.len() > KEY_MAX_BYTES {
        return typed.to_lowercase();
    }
    let profile = UsernameCaseMapped::new();
    let narrow = profile.width_mapping_rule(typed).unwrap_or_default();
    narrow.to_lowercase().nfc().collect()
}

/// Takes a name for a new account, in the form in which it is kept: half width where there is one, accents as one
/// character with their letter. Whether it looks like another account is for [`alike`] to say.
///
/// # Errors
/// [`Refused`].
pub fn account(asked: &str) -> Result<UserName, Refused> {
    let profile = UsernameCasePreserved::new();
    if asked.len() > KEY_MAX_BYTES {
        return Err(Invalid::Name.into());
    }
    let composed = profile.width_mapping_rule(asked).map(|narrow| narrow.nfc().collect::<String>());
    let name = UserName::new(&composed.unwrap_or_default())?;
    let hidden = if visible::cleaned(asked) == asked { "" } else { "; this one has some that cannot be seen" };
    for word in name.as_str().split(' ') {
        let begins_well = !word.starts_with(is_combining_mark);
        if !(begins_well && hidden.is_empty() && profile.prepare(word).is_ok_and(|same| same == word)) {
            return Err(Refused::Characters(hidden));
        }
        // A word is written from the left or from the right. Marks have no direction of their own, and the library
        // refuses every letter after a point or a vowel sign.
        let letters: String = word.chars().filter(|c| !is_combining_mark(*c)).collect();
        if profile.directionality_rule(letters).is_err() {
            return Err(Refused::Characters(hidden));
        }
        if !is_of_one_alphabet(word) {
            return Err(Refused::Mixed(word.into()));
        }
    }
    readable(name.as_str())?;
    let folded = name.folded();
    if folded.ends_with(FORMER) || is_reserved(name.as_str(), true) {
        return Err(Refused::Reserved(name.to_string()));
    }
    Ok(name)
}

/// Takes a name for a group, from now on: it can be seen as it is, and is no word for everybody or for the program.
/// Signs, symbols and emoji are welcome.
///
/// # Errors
/// [`Refused`].
pub fn group(asked: &str) -> Result<GroupName, Refused> {
    let name = GroupName::new(asked)?;
    let composed: String = name.as_str().nfc().collect();
    if visible::cleaned(&composed) != composed {
        return Err(Refused::Invisible);
    }
    if !visible::shows_something(&composed) {
        return Err(Refused::Unreadable);
    }
    if is_reserved(&composed, false) {
        return Err(Refused::Reserved(composed));
    }
    // Composing can only make it shorter, but for a few letters that are never written as one.
    Ok(GroupName::new(&composed)?)
}

/// Takes a name for the server, which is called what its administrators like, the program's own words included.
///
/// # Errors
/// [`Refused`].
pub fn server(asked: &str) -> Result<String, Refused> {
    match group(asked) {
        Ok(name) => Ok(name.as_str().into()),
        Err(Refused::Reserved(name)) => Ok(name),
        Err(refused) => Err(refused),
    }
}

/// How a name looks, in as many ways as it can be read: names that share one of them look alike.
pub fn looks(name: &str) -> [String; 3] {
    // Blanks are easily overlooked.
    let dense: String = name.split_whitespace().collect();
    let as_shown = skeleton(&dense);
    let lower = skeleton(&dense.to_lowercase()).to_lowercase();
    // A capital I within a word of small letters is read as an l: "AIice". At the beginning it is itself, and so it is
    // among other capital letters.
    let mut read = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        let own = if word.chars().any(char::is_lowercase) { 1 } else { usize::MAX };
        read.extend(word.chars().enumerate().map(|(at, c)| if c == 'I' && at < own { 'i' } else { c }));
    }
    let read = skeleton(&read).to_lowercase();
    // What is compared as it is shown must not be taken for what is compared without regard to case.
    [format!("={as_shown}"), lower, read]
}

/// The skeleton of a text: what looks like it has the same. Most names are ASCII, whose letters are looked up once.
fn skeleton(text: &str) -> String {
    static ASCII: LazyLock<Vec<String>> = LazyLock::new(|| {
        let letters = (0..128_u8).map(|letter| char::from(letter).to_string());
        letters.map(|letter| confusable_detection::skeleton(&letter).collect()).collect()
    });
    match text.is_ascii() {
        true => text.bytes().filter_map(|letter| ASCII.get(usize::from(letter))).map(String::as_str).collect(),
        false => confusable_detection::skeleton(text).collect(),
    }
}

/// Whether two names look alike, to somebody who does not look closely.
pub fn alike(one: &str, other: &str) -> bool {
    let others = looks(other);
    looks(one).iter().any(|look| others.contains(look))
}

/// Whether a name, without blanks and signs, looks like a word of the program's, or of an office where that counts.
fn is_reserved(name: &str, offices: bool) -> bool {
    static WORDS: LazyLock<[BTreeSet<String>; 2]> = LazyLock::new(|| {
        let skeletons = |words: &[&str]| words.iter().map(|word| skeleton(word)).collect();
        [skeletons(&OF_THE_PROGRAM), skeletons(&OF_AN_OFFICE)]
    });
    let bare: String = name.nfkc().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    // Figures that stand for other letters than those that they look like most: "adm1n", "syst3m".
    let figures = bare.replace('1', "i").replace('3', "e").replace('4', "a").replace('5', "s");
    let [program, office] = &*WORDS;
    let like = |look: &String| program.contains(look) || (offices && office.contains(look));
    [bare, figures].iter().any(|name| looks(name)[1..].iter().any(like))
}

fn readable(name: &str) -> Result<(), Refused> {
    if name.chars().any(char::is_alphanumeric) { Ok(()) } else { Err(Refused::Unreadable) }
}

/// Whether the letters of a word are of one script, or of scripts that are written together: Japanese, Korean, or Latin
/// beside one that has no letters like it.
fn is_of_one_alphabet(word: &str) -> bool {
    if !AugmentedScriptSet::for_str(word).is_empty() {
        return true;
    }
    // Signs belong to no script; the level is not defined for some of them.
    let letters: String = word.chars().filter(|c| c.identifier_allowed()).collect();
    let all = word.chars().all(|c| c.identifier_allowed() || !c.is_alphanumeric());
    all && letters.as_str().check_restriction_level(RestrictionLevel::ModeratelyRestrictive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        for (typed, name) in [
            ("ALICE", "Alice"),
            ("Ａｌｉｃｅ", "Alice"),
            ("chloe\u{301}", "Chloé"),
            ("CHLOÉ", "Chloé"),
            ("ΑΛΈΞΗΣ", "Αλέξης"),
            ("ｱﾔ", "アヤ"),
            ("A\u{30a}sa", "åsa"),
        ] {
            assert_eq!(key(typed), key(name), "{typed:?}");
        }
        for (typed, name) in [("Chloe", "Chloé"), ("Аlice", "Alice"), ("al ice", "Alice"), ("Ali\u{200d}ce", "Alice")]
        {
            assert_ne!(key(typed), key(name), "{typed:?}");
        }
    }

    #[test]
    fn a_skeleton_of_plain_letters_is_what_the_table_of_unicode_says() {
        let all: String = (0..128_u8).map(char::from).collect();
        for text in ["Alice", "0I1|lmrn", "O'Neil \"w\"", &all] {
            assert_eq!(skeleton(text), confusable_detection::skeleton(text).collect::<String>());
        }
    }

    #[test]
    fn names_that_differ_to_the_eye_are_not_alike() {
        for (one, other) in
            [("Ian", "Lan"), ("Ali", "All"), ("Chloe", "Chloé"), ("Jean-Luc", "Jeanluc"), ("Bo", "Bob"), ("Mia", "Ma")]
        {
            assert!(!alike(one, other) && !alike(other, one), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("lan", "Ian"),
            ("AIice", "Alice"),
            ("aIice", "Alice"),
            ("A1ICE", "alice"),
            ("rnia", "Mia"),
            ("B0b", "Bob"),
            ("Вob", "bob"),
            ("Ann Lee", "Annlee"),
        ] {
            assert!(alike(one, other) && alike(other, one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_group_is_called_what_people_like_and_not_everyone() {
        for name in [
            "Hike ⛰️",
            "👨‍👩‍👧‍👦 Family",
            "Support",
            "Alice's birthday",
            "Wohnung (3. Stock)",
            "קבוצה",
            "a\u{301}",
            "C++",
            "Q&A: all of us",
        ] {
            assert!(group(name).is_ok(), "{name:?}");
        }
        for name in ["Everyone", "everyonе", "E v e r y o n e", "*ALL*", "Ｐａｒｌｏｒ", "@here", "PARL0R", "You"]
        {
            assert!(matches!(group(name), Err(Refused::Reserved(_))), "{name:?}");
        }
        for name in [
            "a\u{202e}b",
            "a\u{200b}b",
            "\u{2066}x\u{2069}",
            "x\u{e0041}",
            "z\u{30d}\u{30d}\u{30d}\u{30d}\u{30d}\u{30d}",
        ] {
            assert_eq!(group(name), Err(Refused::Invisible), "{name:?}");
        }
        assert_eq!(group("\u{2800}"), Err(Refused::Unreadable));
        assert_eq!(group(" \n"), Err(Refused::Form(Invalid::GroupName)));
    }
}
