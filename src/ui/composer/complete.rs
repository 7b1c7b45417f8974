//! What could be meant by the word that is being typed: somebody's name, an emoji, or a command. Draws nothing.

use std::ops::Range;

use crate::client::model::Model;
use crate::proto::event::Status;
use crate::proto::ids::UserId;
use crate::proto::limits::NAME_MAX_CHARS;
use crate::ui::emoji::index;
use crate::ui::emoji::taste::Taste;
use crate::ui::mentions::{self, Names};
use crate::ui::slash::{self, COMMANDS};

/// The most that are offered.
pub const CHOICES_MAX: usize = 6;

/// No name of an emoji is longer.
const CODE_MAX_BYTES: usize = 48;

/// Something that could be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A person, called by name.
    Mention(UserId),
    /// A person, as the receiver of a private message.
    Receiver(UserId),
    /// A command.
    Command(slash::Command),
    /// An emoji, called by name.
    Emoji(&'static str),
}

/// What is offered, and for which part of the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What a choice takes the place of, in bytes; it ends where the caret is.
    pub range: Range<usize>,
    /// The choices, the best one first; never empty.
    pub choices: Vec<Choice>,
}

/// What is offered for a draft with the caret at `caret`, in bytes; emoji as somebody likes them.
pub fn offer(draft: &str, caret: usize, model: &Model, names: &Names, taste: &Taste) -> Option<Offer> {
    let typed = draft.get(..caret)?;
    let ends_here = !draft.get(caret..)?.starts_with(char::is_alphanumeric);
    let (start, choices) = if let Some(word) = slash::typed(typed).filter(|_| ends_here) {
        (0, commands(word))
    } else if let Some(start) = colon(typed).filter(|_| ends_here) {
        (start, emoji(typed.get(start + 1..)?, taste))
    } else if let Some(start) = slash::receiver(typed) {
        let found = people(model, names, typed.get(start..)?, |_| true);
        (start, found.into_iter().map(Choice::Receiver).collect())
    } else {
        let start = at_sign(typed)?;
        let found = people(model, names, typed.get(start + 1..)?, |id| names.is_in(id));
        (start, found.into_iter().map(Choice::Mention).collect())
    };
    (!choices.is_empty()).then_some(Offer { range: start..caret, choices })
}

fn commands(word: &str) -> Vec<Choice> {
    let word = word.to_lowercase();
    COMMANDS.into_iter().filter(|command| command.name.starts_with(&word)).map(Choice::Command).collect()
}

/// What was found, and of that first what was taken before.
fn emoji(word: &str, taste: &Taste) -> Vec<Choice> {
    let found = index::search(word).into_iter().filter(|emoji| emoji.shortcode().is_some());
    let mut found: Vec<&'static str> = found.map(|emoji| index::toned(emoji, taste.tone())).collect();
    found.sort_by_key(|emoji| !taste.recent().iter().any(|recent| recent == emoji));
    found.into_iter().take(CHOICES_MAX).map(Choice::Emoji).collect()
}

/// The colon that begins the name of an emoji, with at least two letters behind it up to the caret. Times, addresses and
/// `::` have none.
fn colon(typed: &str) -> Option<usize> {
    let at = typed.rfind(':')?;
    let word = typed.get(at + 1..)?;
    let wanted = word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '+' | '-'));
    (begins_emoji(typed, at) && wanted && word.len() >= 2 && is_code(word)).then_some(at)
}

/// Whether a colon stands where the name of an emoji may begin: not behind a word, a figure or another colon.
fn begins_emoji(typed: &str, at: usize) -> bool {
    let before = typed.get(..at).and_then(|before| before.chars().next_back());
    mentions::begins(typed, at) && !before.is_some_and(|c| matches!(c, ':' | '/' | '_' | '@' | '.' | '-'))
}

fn is_code(word: &str) -> bool {
    word.len() <= CODE_MAX_BYTES && word.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'+' | b'-'))
}

/// The emoji whose name between colons has been typed to its end, where the caret is: what it takes the place of.
pub fn closed(draft: &str, caret: usize, tone: usize) -> Option<(Range<usize>, &'static str)> {
    let typed = draft.get(..caret)?.strip_suffix(':')?;
    let at = typed.rfind(':').filter(|at| begins_emoji(typed, *at))?;
    let code = typed.get(at + 1..).filter(|code| is_code(code))?;
    Some((at..caret, index::by_code(&code.to_lowercase(), tone)?))
}

/// The `@` that the caret stands behind, no further than a name is long.
fn at_sign(typed: &str) -> Option<usize> {
    let near = typed.char_indices().rev().take(NAME_MAX_CHARS + 1);
    let (at, _) = near.take_while(|(_, c)| !c.is_control()).find(|(_, c)| *c == '@')?;
    mentions::begins(typed, at).then_some(at)
}

/// Who could be meant by the beginning of a name or of one of its words, and after them by any part of it; of those,
/// who is there before who is not.
fn people(model: &Model, names: &Names, typed: &str, wanted: impl Fn(UserId) -> bool) -> Vec<UserId> {
    if typed.starts_with(char::is_whitespace) {
        return Vec::new();
    }
    let typed = typed.to_lowercase();
    let mut found: Vec<(bool, bool, &str, UserId)> = Vec::new();
    for (name, id) in names.others().filter(|(_, id)| wanted(*id)) {
        let mut places = name.match_indices(typed.as_str()).map(|(at, _)| at).peekable();
        if places.peek().is_some() {
            let inside = !places.any(|at| mentions::begins(name, at));
            let away = model.people.get(&id).is_none_or(|person| person.status == Status::Offline);
            found.push((inside, away, name, id));
        }
    }
    found.sort_unstable();
    found.into_iter().take(CHOICES_MAX).map(|(.., id)| id).collect()
}

impl Choice {
    /// What it writes.
    pub fn written(&self, model: &Model) -> String {
        match self {
            Self::Mention(id) => format!("@{} ", model.name(*id)),
            Self::Receiver(id) => format!("{} ", model.name(*id)),
            Self::Command(command) if command.takes.is_empty() => format!("/{}", command.name),
            Self::Command(command) => format!("/{} ", command.name),
            Self::Emoji(emoji) => (*emoji).to_owned(),
        }
    }
}

impl Offer {
    /// Writes a choice into the draft. Returns where the caret goes, in bytes.
    pub fn take(&self, choice: Choice, draft: &mut String, model: &Model) -> usize {
        let mut written = choice.written(model);
        let rest = draft.get(self.range.end..).unwrap_or_default();
        let caret = self.range.start + written.len();
        // A blank that is there already is not written twice.
        if rest.starts_with(' ') && written.ends_with(' ') {
            written.pop();
        }
        draft.replace_range(self.range.clone(), &written);
        caret
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Me, Person};
    use crate::proto::chat::{ChatKey, GroupId, Past};
    use crate::proto::ids::DeviceId;

    fn model() -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: UserId(1), username: "Alice".into() });
        let people = [
            (1, "Alice", Status::Online),
            (2, "Bob", Status::Offline),
            (3, "Anna Bobrova", Status::Online),
            (4, "Jacob", Status::Online),
            (5, "דוד כהן", Status::Away),
            (6, "bobby", Status::Away),
        ];
        for (id, name, status) in people {
            model.people.insert(
                UserId(id),
                Person { username: name.into(), status, last_seen: None, joined: Default::default() },
            );
        }
        model
    }

    fn offered(text: &str, key: ChatKey) -> Option<(Range<usize>, Vec<u32>)> {
        let (mut model, mut names) = (model(), Names::default());
        let members = vec![UserId(1), UserId(2)];
        let group = Group {
            name: "Hike".into(),
            owner: UserId(1),
            joined: members.iter().map(|id: &UserId| (*id, Default::default())).collect(),
            members,
            history: Past::All,
        };
        model.groups.insert(GroupId(9), group);
        let caret = text.find('|').unwrap();
        let offer = offer(&text.replace('|', ""), caret, &model, names.of(&model, key), &Taste::default())?;
        let person = |choice: &Choice| match choice {
            Choice::Mention(id) | Choice::Receiver(id) => id.0,
            Choice::Command(command) => 100 + command.name.len() as u32,
            Choice::Emoji(emoji) => u32::from(emoji.chars().next().unwrap()),
        };
        Some((offer.range, offer.choices.iter().map(person).collect()))
    }

    #[test]
    fn names_are_found_by_the_beginning_of_any_word_and_then_by_any_part() {
        let everyone = ChatKey::Everyone;
        assert_eq!(offered("@bo|", everyone), Some((0..3, vec![3, 6, 2])));
        assert_eq!(offered("hi @OB|", everyone), Some((3..6, vec![3, 6, 4, 2])));
        assert_eq!(offered("@anna b|", everyone), Some((0..7, vec![3])));
        assert_eq!(offered("(@כה|) x", everyone), Some((1..6, vec![5])));
        assert_eq!(offered("@|", everyone), Some((0..1, vec![3, 6, 4, 5, 2])), "who is there first, then by name");
        for nothing in ["@ b|", "a@bo|", "@bob\n|", "@bob hi|", "bo|", "@alice|", "@bo|x@", "|@bo"] {
            let expected = (nothing == "@bo|x@").then(|| (0..3, vec![3, 6, 2]));
            assert_eq!(offered(nothing, everyone), expected, "{nothing:?}");
        }
        assert_eq!(offered(&format!("@{}|", "b".repeat(40)), everyone), None);
    }

    #[test]
    fn only_members_are_offered() {
        assert_eq!(offered("@bo|", ChatKey::Group(GroupId(9))), Some((0..3, vec![2])));
        assert_eq!(offered("@bo|", ChatKey::Person(UserId(2))), None);
    }

    #[test]
    fn commands_and_receivers_are_offered_anywhere() {
        let direct = ChatKey::Person(UserId(2));
        assert_eq!(offered("/|", direct), Some((0..1, vec![103, 103, 103, 104])));
        assert_eq!(offered("/H|", direct), Some((0..2, vec![104])));
        assert_eq!(offered("/who|", direct), None, "there is nothing to complete");
        assert_eq!(offered("/msg jac|", direct), Some((5..8, vec![4])));
        assert_eq!(offered("/msg @jac|", direct), Some((6..9, vec![4])));
        assert_eq!(offered("/msg jacob hi|", direct), None);
        assert_eq!(offered("/x|", direct), None);
    }

    #[test]
    fn emoji_are_offered_by_name_and_only_where_a_name_begins() {
        let offers = |text: &str| offered(text, ChatKey::Everyone);
        let first = |text: &str| offers(text).map(|(range, found)| (range, char::from_u32(found[0]).unwrap()));
        assert_eq!(first(":tad|"), Some((0..4, '🎉')));
        assert_eq!(first("so :Tada|"), Some((3..8, '🎉')));
        assert_eq!(first("🎉:tad|"), Some((4..8, '🎉')));
        assert_eq!(first("(:+1|"), Some((1..4, '👍')));
        assert_eq!(first("@Bob :smi|"), Some((5..9, '😃')));
        assert_eq!(first("/msg Bob :smi|"), Some((9..13, '😃')));
        for text in [
            ":s|",
            "12:30|",
            "http://host:80|",
            "http://host:smile|",
            "a::smi|",
            ":: smi|",
            "std::smi|",
            "note:smi|",
            ":sm|ile",
            ": smi|",
            ":30|",
            ":-|",
            ":)|",
            ":xyzzy|",
            "//:smi|",
            ":smi le|",
        ] {
            assert_eq!(first(text), None, "{text:?}");
        }
        assert!(offers(":sm|").unwrap().1.len() <= CHOICES_MAX);
    }

    #[test]
    fn a_name_between_colons_is_an_emoji() {
        let closed = |text: &str| closed(text, text.len(), 3);
        assert_eq!(closed(":tada:"), Some((0..6, "🎉")));
        assert_eq!(closed("ok :TADA:"), Some((3..9, "🎉")));
        assert_eq!(closed(":+1:"), Some((0..4, "👍🏽")));
        assert_eq!(closed("🎉:100:"), Some((4..9, "💯")));
        for text in
            ["12:30:", "a:tada:", "::", ":::", "::tada:", ":tada", ":no such thing:", ":xyzzy:", "http://x:tada:", ""]
        {
            assert_eq!(closed(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_choice_takes_the_place_of_what_was_typed() {
        let model = model();
        for (draft, range, choice, expected, caret) in [
            ("hi @bo", 3..6, Choice::Mention(UserId(2)), "hi @Bob ", 8),
            ("@bo there", 0..3, Choice::Mention(UserId(2)), "@Bob there", 5),
            ("@כה!", 0..5, Choice::Mention(UserId(5)), "@דוד כהן !", 15),
            ("/msg ja", 5..7, Choice::Receiver(UserId(4)), "/msg Jacob ", 11),
            ("/w", 0..2, Choice::Command(COMMANDS[2]), "/who", 4),
            ("/m", 0..2, Choice::Command(COMMANDS[0]), "/msg ", 5),
        ] {
            let mut text = draft.to_owned();
            let offer = Offer { range, choices: vec![choice] };
            assert_eq!(offer.take(choice, &mut text, &model), caret, "{draft:?}");
            assert_eq!(text, expected);
        }
    }
}
