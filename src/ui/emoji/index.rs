//! All emoji that can be chosen: their names, how they are found, and their tones of skin. Draws nothing.
//!
//! Names and short names are those of Unicode and of GitHub. What has no picture is left out, so that nothing is offered
//! that would be shown as something else.

use std::sync::LazyLock;

use emojis::{Emoji, SkinTone};

use super::is_pictured;

/// The part of the collection that an emoji belongs to.
pub use emojis::Group;

/// All groups, with what they are called and the emoji that stands for them.
pub const GROUPS: [(Group, &str, &str); 9] = [
    (Group::SmileysAndEmotion, "Smileys", "😀"),
    (Group::PeopleAndBody, "People", "👋"),
    (Group::AnimalsAndNature, "Animals and nature", "🐻"),
    (Group::FoodAndDrink, "Food and drink", "🍏"),
    (Group::TravelAndPlaces, "Travel and places", "🚗"),
    (Group::Activities, "Activities", "⚽"),
    (Group::Objects, "Objects", "💡"),
    (Group::Symbols, "Symbols", "💟"),
    (Group::Flags, "Flags", "🚩"),
];

/// How many tones of skin there are to choose from, the first being none.
pub const TONES: usize = 6;

/// What the tones are called.
pub const TONE_NAMES: [&str; TONES] = ["No skin tone", "Light", "Medium-light", "Medium", "Medium-dark", "Dark"];

/// What people call things that have another name.
const ALSO: [(&str, &str); 44] = [
    ("lol", "joy rofl laughing"),
    ("haha", "joy laughing smile"),
    ("funny", "joy rofl laughing"),
    ("happy", "smile smiley grin blush"),
    ("sad", "cry sob disappointed pensive"),
    ("tears", "cry sob joy"),
    ("angry", "angry rage pout"),
    ("mad", "angry rage"),
    ("love", "heart heart_eyes kissing_heart smiling_face_with_three_hearts"),
    ("kiss", "kissing_heart kiss kissing"),
    ("yes", "+1 white_check_mark ok_hand"),
    ("like", "+1 heart"),
    ("good", "+1 ok_hand"),
    ("great", "+1 tada star_struck"),
    ("agree", "+1 handshake"),
    ("no", "-1 x no_entry_sign no_good"),
    ("bad", "-1"),
    ("dislike", "-1"),
    ("thanks", "pray bow"),
    ("please", "pray pleading_face"),
    ("hello", "wave"),
    ("hi", "wave"),
    ("bye", "wave"),
    ("party", "tada partying_face confetti_ball balloon"),
    ("congratulations", "tada clap confetti_ball"),
    ("birthday", "birthday cake gift"),
    ("hot", "fire hot_face"),
    ("lit", "fire"),
    ("cool", "sunglasses cool"),
    ("wow", "open_mouth astonished star_struck"),
    ("surprise", "open_mouth astonished gift"),
    ("think", "thinking monocle_face"),
    ("hmm", "thinking raised_eyebrow"),
    ("shrug", "shrug man_shrugging woman_shrugging"),
    ("idk", "shrug"),
    ("facepalm", "facepalm"),
    ("sick", "nauseated_face face_with_thermometer sneezing_face"),
    ("tired", "sleeping yawning_face tired_face"),
    ("luck", "crossed_fingers four_leaf_clover"),
    ("strong", "muscle"),
    ("deal", "handshake"),
    ("done", "white_check_mark ballot_box_with_check"),
    ("launch", "rocket"),
    ("idea", "bulb"),
];

/// An emoji without a tone, with what it is found by.
struct Entry {
    emoji: &'static Emoji,
    /// Its name and short names in small letters, words parted by blanks.
    words: String,
}

static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let pictured = emojis::iter().filter(|emoji| is_pictured(emoji.as_str()));
    pictured
        .map(|emoji| {
            let mut words = emoji.name().to_lowercase().replace(['-', ':', ','], " ");
            for code in emoji.shortcodes() {
                words.push(' ');
                words.push_str(&code.replace('_', " "));
            }
            Entry { emoji, words }
        })
        .collect()
});

/// The emoji of a group, in the order of Unicode.
pub fn of(group: Group) -> impl Iterator<Item = &'static Emoji> {
    ALL.iter().map(|entry| entry.emoji).filter(move |emoji| emoji.group() == group)
}

/// Whether something is an emoji that can be shown.
pub fn is_known(emoji: &str) -> bool {
    emojis::get(emoji).is_some() && is_pictured(emoji)
}

/// What an emoji is called.
pub fn name(emoji: &str) -> &'static str {
    emojis::get(emoji).map_or("emoji", Emoji::name)
}

/// What is typed between colons for an emoji.
pub fn code(emoji: &str) -> Option<&'static str> {
    let emoji: &'static Emoji = emojis::get(emoji)?;
    let plain = emoji.with_skin_tone(SkinTone::Default).unwrap_or(emoji);
    plain.shortcode()
}

/// The emoji that is written as that word between colons.
pub fn by_code(code: &str, tone: usize) -> Option<&'static str> {
    let found = emojis::get_by_shortcode(code).filter(|emoji| is_pictured(emoji.as_str()))?;
    Some(toned(found, tone))
}

/// An emoji in a tone of skin, counted from none; as it is where it has none.
pub fn toned(emoji: &'static Emoji, tone: usize) -> &'static str {
    const TONED: [SkinTone; TONES] = [
        SkinTone::Default,
        SkinTone::Light,
        SkinTone::MediumLight,
        SkinTone::Medium,
        SkinTone::MediumDark,
        SkinTone::Dark,
    ];
    let wanted = TONED.get(tone).and_then(|tone| emoji.with_skin_tone(*tone));
    wanted.filter(|emoji| is_pictured(emoji.as_str())).unwrap_or(emoji).as_str()
}

/// What is found by words: each has to be in the name of an emoji. Whose short name is what was typed comes first, then
/// what people call so, then whose short name begins with it, then those with words that begin so, then the rest.
pub fn search(words: &str) -> Vec<&'static Emoji> {
    let code = words.trim().to_lowercase();
    let words = code.replace(['_', '-', ':'], " ");
    let typed: Vec<&str> = words.split_whitespace().collect();
    let Some(first) = typed.first().filter(|_| typed.len() <= WORDS_MAX) else { return Vec::new() };
    let joined = typed.join("_");
    let called = |is: fn(&str, &str) -> bool| -> Vec<&str> {
        let meant = ALSO.iter().filter(|(word, _)| typed.len() == 1 && first.len() >= 2 && is(word, first));
        meant.flat_map(|(_, codes)| codes.split(' ')).collect()
    };
    let (called_so, nearly) = (called(|word, typed| word == typed), called(|word, typed| word.starts_with(typed)));
    let rank = |entry: &Entry| {
        let codes = || entry.emoji.shortcodes();
        let place = |list: &[&str]| list.iter().position(|wanted| codes().any(|code| code == *wanted));
        if codes().any(|known| known == joined || known == code) {
            return Some(0);
        }
        if let Some(at) = place(&called_so) {
            return Some(1 + at);
        }
        if codes().any(|code| code.starts_with(&joined)) {
            return Some(CODE);
        }
        if let Some(at) = place(&nearly) {
            return Some(CODE + 1 + at);
        }
        let begins = |part: &&str| entry.words.split(' ').any(|word| word.starts_with(*part));
        if typed.iter().all(begins) {
            return Some(BEGINS);
        }
        typed.iter().all(|part| entry.words.contains(part)).then_some(BEGINS + 1)
    };
    let mut found: Vec<_> = ALL.iter().filter_map(|entry| Some((rank(entry)?, entry.emoji))).collect();
    // In the order of Unicode where they are as good.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, emoji)| emoji).collect()
}

/// The most words that are searched for; a pasted page finds nothing.
const WORDS_MAX: usize = 8;
/// Behind all that people call so.
const CODE: usize = 500;
/// Behind all that they may be about to call so.
const BEGINS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &str) -> Vec<&'static str> {
        search(words).into_iter().map(Emoji::as_str).take(5).collect()
    }

    #[test]
    fn emoji_are_found_by_short_names_then_by_words_of_their_names() {
        assert_eq!(found("tada")[0], "🎉");
        assert_eq!(found("TADA")[0], "🎉");
        assert_eq!(found("heart")[0], "❤️");
        assert_eq!(found("red heart")[0], "❤️");
        assert_eq!((found("+1")[0], found("-1")[0]), ("👍", "👎"));
        assert_eq!(found("smi")[..2], ["😃", "😄"], "smiley, smile: in the order of Unicode");
        assert_eq!(found("germany"), ["🇩🇪"]);
        assert_eq!(found("scotland"), ["🏴󠁧󠁢󠁳󠁣󠁴󠁿"]);
        assert_eq!(found("lol")[0], "😂", "by what people call it");
        assert!(found("thank").contains(&"🙏"));
        assert!(found("xyzzy").is_empty() && found("").is_empty() && found(&"a ".repeat(9)).is_empty());
    }

    #[test]
    fn everything_that_is_offered_has_its_own_picture_in_every_tone() {
        let mut count = 0;
        for (group, ..) in GROUPS {
            for emoji in of(group) {
                count += 1;
                for tone in 0..TONES {
                    assert!(is_pictured(toned(emoji, tone)), "{}", emoji.name());
                }
                assert!(!name(emoji.as_str()).is_empty());
            }
        }
        assert!(count > 1_880, "{count}");
        assert_eq!(toned(emojis::get("👍").unwrap(), 3), "👍🏽");
        assert_eq!(toned(emojis::get("🎉").unwrap(), 3), "🎉");
        assert_eq!(code("👍🏽"), Some("+1"));
    }

    #[test]
    fn what_people_call_things_leads_to_things() {
        for (word, codes) in ALSO {
            for code in codes.split(' ') {
                assert!(by_code(code, 0).is_some(), "{word}: {code}");
            }
        }
    }
}
