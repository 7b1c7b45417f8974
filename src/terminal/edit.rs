//! The line editor: what Tab completes, and what it tells the screen.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Cmd, ColorMode, CompletionType, Config, Context, Editor, Helper, KeyCode, KeyEvent, Modifiers};

use super::paint::Paint;
use super::screen::Screen;
use super::session::Session;
use super::typed::COMMANDS;
use crate::client::model::Model;

/// How many typed lines the Up key can bring back. They are in memory only.
const HISTORY_MAX: usize = 1_000;

/// How many completions are offered at once.
const OFFERED_MAX: usize = 200;

/// What a path follows, and what the old text of a message that is changed.
const FILE: &str = "/file ";
const EDIT: &str = "/edit ";

/// The editor of a terminal.
pub(super) type LineEditor = Editor<Hands, MemHistory>;

/// What the editor asks while a line is typed.
pub(super) struct Hands {
    session: Arc<Mutex<Session>>,
    screen: Arc<Screen>,
    paint: Paint,
}

/// An editor for that session.
pub(super) fn editor(session: Arc<Mutex<Session>>, screen: Arc<Screen>, paint: Paint) -> rustyline::Result<LineEditor> {
    let config = Config::builder()
        .max_history_size(HISTORY_MAX)?
        .history_ignore_dups(true)?
        .auto_add_history(true)
        .completion_type(CompletionType::List)
        // The prompt must be asked for; its colours are our own matter.
        .color_mode(ColorMode::Forced)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(Hands { session, screen, paint }));
    editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), Cmd::Newline);
    Ok(editor)
}

impl Helper for Hands {}

impl Hinter for Hands {
    type Hint = String;
}

impl Highlighter for Hands {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        // It is asked for when the line is drawn: from now on nothing may be printed past the editor.
        self.screen.set_editing(true);
        Cow::Owned(self.paint.strong(prompt))
    }
}

impl Validator for Hands {
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.screen.set_editing(false);
        Ok(ValidationResult::Valid(None))
    }
}

impl Completer for Hands {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..pos).unwrap_or_default();
        if let Some(path) = typed.strip_prefix(FILE) {
            return complete_path(path);
        }
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if typed.strip_prefix(EDIT).is_some_and(|rest| rest.trim().is_empty()) {
            let old = session.to_edit().map(|text| Pair { display: text.into(), replacement: text.into() });
            return Ok((EDIT.len(), old.into_iter().collect()));
        }
        let (begin, words) = complete(typed, session.model());
        let pairs = words.into_iter().map(|word| Pair { display: word.trim_end().into(), replacement: word });
        Ok((begin, pairs.collect()))
    }
}

/// The same for a path, of which a part is typed. What is called so and would move the cursor is not among them.
fn complete_path(path: &str) -> rustyline::Result<(usize, Vec<Pair>)> {
    let (begin, pairs) = FilenameCompleter::new().complete_path(path, path.len())?;
    let shown = pairs.into_iter().filter(|pair| !pair.display.contains(char::is_control)).take(OFFERED_MAX);
    Ok((FILE.len() + begin, shown.collect()))
}

/// Where the word begins that is being typed, and what it can become.
fn complete(line: &str, model: &Model) -> (usize, Vec<String>) {
    let Some(behind) = line.strip_prefix('/') else {
        // Somebody who is called, or the name that a private text begins with.
        return match line.rfind('@').filter(|at| !line[..*at].ends_with(char::is_alphanumeric)) {
            Some(at) => (at + 1, people(model, &line[at + 1..], " ")),
            None => (0, people(model, line, ": ")),
        };
    };
    let Some(blank) = behind.find(char::is_whitespace) else {
        let fits = COMMANDS.iter().filter(|command| command.name.starts_with(&behind.to_lowercase()));
        return (0, fits.map(|command| format!("/{} ", command.name)).collect());
    };
    let begin_of = |from: usize| line.len() - line[from..].trim_start_matches([' ', '@']).len();
    match behind[..blank].to_lowercase().as_str() {
        "direct" | "msg" | "kick" | "owner" => {
            let begin = begin_of(blank + 1);
            (begin, people(model, &line[begin..], " "))
        }
        "add" => {
            let begin = begin_of(line.rfind(',').map_or(blank + 1, |comma| comma + 1));
            (begin, people(model, &line[begin..], ""))
        }
        "group" => {
            let begin = begin_of(blank + 1);
            let names = model.groups.values().map(|group| group.name.as_str());
            (begin, fitting(names, &line[begin..], ""))
        }
        _ => (line.len(), Vec::new()),
    }
}

fn people(model: &Model, typed: &str, end: &str) -> Vec<String> {
    let others = model.people.iter().filter(|(id, _)| !model.is_me(**id));
    fitting(others.map(|(_, person)| person.username.as_str()), typed, end)
}

/// Names that begin as what was typed. What a server calls so and would move the cursor is not among them.
fn fitting<'a>(names: impl Iterator<Item = &'a str>, typed: &str, end: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    let fits = names.filter(|name| name.to_lowercase().starts_with(&typed) && !name.contains(char::is_control));
    let mut words: Vec<String> = fits.take(OFFERED_MAX).map(|name| format!("{name}{end}")).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Me, Person};
    use crate::proto::chat::{GroupId, Past};
    use crate::proto::event::Status;
    use crate::proto::ids::{DeviceId, UserId};

    #[test]
    fn names_and_commands_are_completed_where_they_stand() {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: UserId(1), username: "Alice".into() });
        for (id, name) in [(1, "Alice"), (2, "Bob"), (3, "Bob Low"), (4, "Bo\u{1b}[2Jb")] {
            let person =
                Person { username: name.into(), status: Status::Online, last_seen: None, joined: Default::default() };
            model.people.insert(UserId(id), person);
        }
        let (members, joined) = (vec![UserId(1)], Default::default());
        let group = Group { name: "Hike".into(), owner: UserId(1), members, history: Past::All, joined };
        model.groups.insert(GroupId(7), group);
        for (line, begin, words) in [
            ("/hi", 0, vec!["/history "]),
            ("/direct bo", 8, vec!["Bob ", "Bob Low "]),
            ("/msg @Bob L", 6, vec!["Bob Low "]),
            ("/add Bob, bob l", 10, vec!["Bob Low"]),
            ("/group h", 7, vec!["Hike"]),
            ("bob l", 0, vec!["Bob Low: "]),
            ("hello @b", 7, vec!["Bob ", "Bob Low "]),
            ("x@b", 0, vec![]),
            ("/who b", 6, vec![]),
            ("al", 0, vec![]),
        ] {
            let (found, offered) = complete(line, &model);
            assert_eq!((found, offered.iter().map(String::as_str).collect::<Vec<_>>()), (begin, words), "{line:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_path_is_completed_as_it_can_be_typed() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["my plan.pdf", "my \u{1b}[2J.pdf", "other"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let typed = format!("{}/my", dir.path().display());
        let (begin, offered) = complete_path(&typed).unwrap();
        let words: Vec<_> = offered.into_iter().map(|pair| pair.replacement).collect();
        assert_eq!((begin, words), (FILE.len(), vec![format!("{}/my\\ plan.pdf", dir.path().display())]));
    }
}
