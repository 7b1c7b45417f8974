//! Which passwords are guessed first. A list of the ones that everybody chooses, and the patterns that such lists are made
//! of; a measure of strength would need a dictionary of megabytes, to say little more about eight characters.

/// What people choose most, of eight and more letters and figures, without the figures and signs at its ends: with them
/// it is guessed as quickly. In small letters, ordered.
const COMMON: [&str; 100] = [
    "abcabcabc",
    "academia",
    "administrator",
    "airborne",
    "alexande",
    "alexander",
    "alexandra",
    "anderson",
    "asdfasdf",
    "baseball",
    "basketball",
    "beautiful",
    "benjamin",
    "billabong",
    "blahblah",
    "blink",
    "bonjour",
    "brooklyn",
    "butterfly",
    "carolina",
    "caroline",
    "changeme",
    "charlie",
    "charlotte",
    "chelsea",
    "chester",
    "chocolate",
    "christian",
    "christina",
    "christine",
    "cocacola",
    "colorado",
    "computer",
    "consumer",
    "corvette",
    "courtney",
    "creative",
    "danielle",
    "december",
    "diamond",
    "dolphins",
    "dragon",
    "einstein",
    "elephant",
    "elizabeth",
    "facebook",
    "football",
    "forever",
    "freedom",
    "garfield",
    "gateway",
    "hallohallo",
    "hardcore",
    "hellohello",
    "iloveyou",
    "internet",
    "isabella",
    "jennifer",
    "jonathan",
    "jordan",
    "killer",
    "kimberly",
    "letmein",
    "liverpool",
    "lovelove",
    "master",
    "maverick",
    "mercedes",
    "michelle",
    "midnight",
    "monkey",
    "mountain",
    "mustang",
    "natalie",
    "passw0rd",
    "password",
    "passwort",
    "patricia",
    "pokemon",
    "princess",
    "princesse",
    "qazwsxedc",
    "qwer",
    "qwert",
    "qwerty",
    "samantha",
    "scorpion",
    "secret",
    "september",
    "shadow",
    "snowball",
    "starwars",
    "steelers",
    "summer",
    "sunshine",
    "superman",
    "trustno",
    "victoria",
    "welcome",
    "whatever",
];

/// Rows of keys and the alphabet, along which fingers run.
const RUNS: [&str; 7] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiopü",
    "azertyuiop",
    "asdfghjkl",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// How many of the same or neighbouring letters in a row count as one: a run is guessed as easily when it is longer.
const STEP: usize = 8;

/// Different steps that a password has at least.
const STEPS_MIN: usize = 4;

/// The shortest name that is looked for in a password, in letters and figures: shorter ones are in many words.
const NAME_MIN: usize = 3;

/// Letters and figures that a password has at least beside the name.
const BESIDE_MIN: usize = 5;

/// Why a password for an account of that name is easily guessed, if it is.
pub(super) fn why_weak(password: &str, name: &str) -> Option<&'static str> {
    let folded = password.to_lowercase();
    let dense: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let own: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let beside = if own.chars().count() < NAME_MIN { dense.clone() } else { dense.replace(&own, "") };
    if dense == own || (beside != dense && beside.chars().count() < BESIDE_MIN) {
        return Some("it is little more than the account's name");
    }
    // Letters that figures are written for.
    let plain: String = dense
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '4' => 'a',
            '5' => 's',
            '7' => 't',
            c => c,
        })
        .collect();
    let is_common = |text: &str| COMMON.binary_search(&text).is_ok();
    if [&bare(&folded), &bare(&dense), &plain, &dense].into_iter().any(|text| is_common(text))
        || is_common(&bare(&plain))
    {
        return Some("many people have this one");
    }
    if folded.contains("parlor") && folded.chars().count() < 12 {
        return Some("it is the program's name");
    }
    (steps(&folded) < STEPS_MIN).then_some("it is one and the same, or neighbours on the keyboard, over and over")
}

/// What is left of a password for whoever guesses: a run along the keys, and a repetition, is one step for some letters.
fn steps(password: &str) -> usize {
    let letters: Vec<char> = password.chars().collect();
    // The same piece again and again is that piece.
    let period =
        (1..=letters.len()).find(|period| letters.iter().skip(*period).eq(letters.iter().take(letters.len() - period)));
    let piece = &letters[..period.unwrap_or(letters.len())];
    let mut steps = 0;
    let mut run = 0;
    for (at, letter) in piece.iter().enumerate() {
        let follows = at > 0 && (piece[at - 1] == *letter || are_neighbours(piece[at - 1], *letter));
        run = if follows { run + 1 } else { 0 };
        steps += usize::from(run % STEP == 0);
    }
    steps
}

fn are_neighbours(one: char, other: char) -> bool {
    RUNS.iter().any(|run| {
        let place = |wanted: char| run.chars().position(|c| c == wanted);
        place(one).zip(place(other)).is_some_and(|(one, other)| one.abs_diff(other) == 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_chooses_is_weak_and_what_nobody_does_is_not() {
        assert!(COMMON.is_sorted());
        for weak in [
            "password",
            "Password1!",
            "P4ssw0rd",
            "passw0rd123",
            "12345678",
            "1234567890",
            "11111111",
            "abcabcabc",
            "qwertyuiop",
            "1q2w3e4r",
            "iloveyou2",
            "qwerty123",
            "Alice2024",
            "alice-alice",
            "alice alice alice",
            "ALICE 1",
            "letmein!!",
            "87654321",
            "abcd1234",
            "parlor12",
            "aaaabbbb",
            "football99",
        ] {
            assert!(why_weak(weak, "Alice").is_some(), "{weak}");
        }
        for good in [
            "eleven blue boats",
            "correct horse",
            "k7m2p9xq",
            "Tr0ub4dor&3",
            "ein Haus am See",
            "密码很长而且没人知道",
            "alice likes figs",
            "new password of mine",
        ] {
            assert_eq!(why_weak(good, "Alice"), None, "{good}");
        }
    }
}
