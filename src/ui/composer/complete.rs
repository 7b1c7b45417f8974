//! What could be meant by the word that is being typed: somebody's name, or a command. Draws nothing.

use std::ops::Range;

use crate::client::model::Model;
use crate::proto::event::Status;
use crate::proto::ids::UserId;
use crate::proto::limits::NAME_MAX_CHARS;
use crate::ui::mentions::{self, Names};
use crate::ui::slash::{self, COMMANDS};

/// The most that are offered.
pub const CHOICES_MAX: usize = 6;

/// Something that could be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A person, called by name.
    Mention(UserId),
    /// A person, as the receiver of a private message.
    Receiver(UserId),
    /// A command.
    Command(slash::Command),
}

/// What is offered, and for which part of the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What a choice takes the place of, in bytes; it ends where the caret is.
    pub range: Range<usize>,
    /// The choices, the best one first; never empty.
    pub choices: Vec<Choice>,
}

/// What is offered for a draft with the caret at `caret`, in bytes.
pub fn offer(draft: &str, caret: usize, model: &Model, names: &Names) -> Option<Offer> {
    let typed = draft.get(..caret)?;
    let ends_here = !draft.get(caret..)?.starts_with(char::is_alphanumeric);
    let (start, choices) = if let Some(word) = slash::typed(typed).filter(|_| ends_here) {
        (0, commands(word))
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
        let offer = offer(&text.replace('|', ""), caret, &model, names.of(&model, key))?;
        let person = |choice: &Choice| match choice {
            Choice::Mention(id) | Choice::Receiver(id) => id.0,
            Choice::Command(command) => 100 + command.name.len() as u32,
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
