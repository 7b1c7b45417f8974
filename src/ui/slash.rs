//! Commands that are typed: what a draft that begins with a slash asks for. Draws nothing and does nothing.
//!
//! Only a word of letters right behind the slash, with a blank or nothing after it, is a command: `/usr/bin` and
//! `/ is a slash` are texts. What looks like a command and is meant as a text begins with two slashes.

use super::mentions::{Names, is_end_of_word};
use crate::proto::ids::UserId;
use crate::visible::isolated;

/// A command, as the list of them shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is typed behind the slash.
    pub name: &'static str,
    /// What follows it.
    pub takes: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// All commands.
pub const COMMANDS: [Command; 4] = [
    Command { name: "msg", takes: "Name text", does: "send a message to one person alone" },
    Command { name: "all", takes: "text", does: "send a message to Everyone" },
    Command { name: "who", takes: "", does: "show who is online" },
    Command { name: "help", takes: "", does: "show this list" },
];

/// What a draft asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slash<'a> {
    /// To send this text to the open chat.
    Text(&'a str),
    /// To send a text to one person alone.
    Private {
        /// To whom.
        to: UserId,
        /// What.
        text: &'a str,
    },
    /// To send this text to everyone.
    All(&'a str),
    /// To show who is online.
    Who,
    /// To show the commands.
    Help,
    /// Something that cannot be done: why, and what to do.
    Wrong(String),
}

/// Reads a draft that is about to be sent.
pub fn parse<'a>(draft: &'a str, names: &Names) -> Slash<'a> {
    let Some((word, rest)) = command(draft) else { return Slash::Text(unescaped(draft)) };
    match word.to_lowercase().as_str() {
        "msg" => private(rest, names),
        "all" if rest.is_empty() => Slash::Wrong("Write something after it: /all text.".into()),
        "all" => Slash::All(rest),
        "who" | "help" if !rest.is_empty() => {
            Slash::Wrong(format!("/{word} stands alone. To send this as a text, begin it with //."))
        }
        "who" => Slash::Who,
        "help" => Slash::Help,
        _ => Slash::Wrong(format!("There is no /{word}. /help lists the commands.")),
    }
}

/// Whether a draft asks for something else than to be sent to the open chat.
pub fn is_command(draft: &str) -> bool {
    command(draft).is_some()
}

/// The command that is being typed, up to where the caret is; not one that is complete.
pub fn typed(draft: &str) -> Option<&str> {
    let word = draft.strip_prefix('/')?;
    let known = |command: &Command| command.name.eq_ignore_ascii_case(word);
    (word.chars().all(char::is_alphabetic) && !COMMANDS.iter().any(known)).then_some(word)
}

/// The receiver of a private message that is being typed, up to where the caret is: where it begins.
pub fn receiver(draft: &str) -> Option<usize> {
    let rest = draft.get(..5).filter(|begin| begin.eq_ignore_ascii_case("/msg ")).map(|begin| &draft[begin.len()..])?;
    let begin = draft.len() - rest.trim_start_matches(' ').len();
    Some(begin + usize::from(draft[begin..].starts_with('@')))
}

/// The word behind the slash, and what follows it.
fn command(draft: &str) -> Option<(&str, &str)> {
    let behind = draft.strip_prefix('/')?;
    let (word, rest) = behind.split_at(behind.find(char::is_whitespace).unwrap_or(behind.len()));
    let looks_like_one = word.starts_with(char::is_alphabetic) && word.chars().all(char::is_alphanumeric);
    looks_like_one.then_some((word, rest.trim_start()))
}

/// A text that begins with two slashes loses one of them, if what follows could be taken for a command.
fn unescaped(draft: &str) -> &str {
    match draft.strip_prefix('/') {
        Some(rest) if rest.strip_prefix('/').is_some_and(|word| word.starts_with(char::is_alphabetic)) => rest,
        _ => draft,
    }
}

fn private<'a>(rest: &'a str, names: &Names) -> Slash<'a> {
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    if rest.is_empty() {
        return Slash::Wrong("Say to whom, and what: /msg Name text.".into());
    }
    let Some((length, to)) = names.longest(rest, is_end_of_word) else {
        let word = rest.split_whitespace().next().unwrap_or_default();
        return Slash::Wrong(format!("There is nobody called “{}”. /who shows who is online.", isolated(word)));
    };
    let (name, text) = rest.split_at(length);
    match text.trim_start() {
        _ if names.is_me(to) => Slash::Wrong("That is you. /msg needs the name of somebody else.".into()),
        "" => Slash::Wrong(format!("Write something after the name: /msg {} text.", isolated(name))),
        text => Slash::Private { to, text },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Me, Model, Person};
    use crate::proto::chat::ChatKey;
    use crate::proto::event::Status;
    use crate::proto::ids::DeviceId;

    fn model() -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: UserId(1), username: "Alice".into() });
        for (id, name) in [(1, "Alice"), (2, "Bob"), (3, "Bob Low"), (4, "王小明"), (5, "דוד")] {
            let person =
                Person { username: name.into(), status: Status::Offline, last_seen: None, joined: Default::default() };
            model.people.insert(UserId(id), person);
        }
        model
    }

    fn check(cases: &[(&str, Slash<'_>)]) {
        // Private messages go to anybody, whichever chat is open.
        let (model, mut names) = (model(), Names::default());
        let names = names.of(&model, ChatKey::Person(UserId(2)));
        for (draft, expected) in cases {
            assert_eq!(parse(draft, names), *expected, "{draft:?}");
        }
    }

    #[test]
    fn what_only_begins_with_a_slash_is_a_text() {
        for text in ["", "/", "/ is a slash", "/usr/bin/env", "/2", "/a.b", "hi /who", " /who", "// x", "///"] {
            check(&[(text, Slash::Text(text))]);
        }
        check(&[("//who", Slash::Text("/who")), ("//usr/bin", Slash::Text("/usr/bin"))]);
        check(&[("///who", Slash::Text("///who")), ("//שלום", Slash::Text("/שלום"))]);
    }

    #[test]
    fn commands_are_read() {
        let to = |to, text| Slash::Private { to: UserId(to), text };
        check(&[
            ("/who", Slash::Who),
            ("/HELP", Slash::Help),
            ("/all hello  all", Slash::All("hello  all")),
            ("/all\nhello", Slash::All("hello")),
            ("/msg Bob hi", to(2, "hi")),
            ("/msg  @bob  hi there", to(2, "hi there")),
            ("/MSG bob low hi", to(3, "hi")),
            ("/msg Bob\nLow tide", to(2, "Low tide")),
            ("/msg 王小明 你好", to(4, "你好")),
            ("/msg דוד שלום", to(5, "שלום")),
            ("/msg Bob /who", to(2, "/who")),
        ]);
    }

    #[test]
    fn what_cannot_be_done_is_said_with_what_to_do() {
        let wrong = |text: &str| Slash::Wrong(text.into());
        check(&[
            ("/foo", wrong("There is no /foo. /help lists the commands.")),
            ("/etc and more", wrong("There is no /etc. /help lists the commands.")),
            ("/é", wrong("There is no /é. /help lists the commands.")),
            ("/msg", wrong("Say to whom, and what: /msg Name text.")),
            ("/msg @", wrong("Say to whom, and what: /msg Name text.")),
            ("/msg Bobby hi", wrong("There is nobody called “Bobby”. /who shows who is online.")),
            ("/msg Bob, hi", wrong("There is nobody called “Bob,”. /who shows who is online.")),
            ("/msg Bob", wrong("Write something after the name: /msg Bob text.")),
            ("/msg bob low", wrong("Write something after the name: /msg bob low text.")),
            ("/msg Alice hi", wrong("That is you. /msg needs the name of somebody else.")),
            ("/all", wrong("Write something after it: /all text.")),
            ("/who else", wrong("/who stands alone. To send this as a text, begin it with //.")),
        ]);
    }

    #[test]
    fn what_is_being_typed_is_found() {
        for (draft, word) in [("/", Some("")), ("/m", Some("m")), ("/msg", None), ("/who", None), ("/wh o", None)] {
            assert_eq!(typed(draft), word, "{draft:?}");
        }
        assert_eq!(typed("//x"), None);
        let typed =
            [("/msg Bo", Some(5)), ("/msg  @Bo", Some(7)), ("/msg ", Some(5)), ("/msg", None), ("/msé x", None)];
        for (draft, begin) in typed {
            assert_eq!(receiver(draft), begin, "{draft:?}");
        }
        assert!(is_command("/foo") && is_command("/msg x") && !is_command("/usr/bin") && !is_command("//foo"));
    }
}
