//! Colours of the lines: few, and none where they are not wanted.

use std::fmt::Display;
use std::io::IsTerminal as _;

/// Puts colours on parts of lines, or leaves them as they are.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colours on a terminal only, and not where the environment says `NO_COLOR`, see <https://no-color.org>.
    pub fn for_output() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            on: std::io::stdout().is_terminal() && !unwanted && std::env::var_os("TERM").is_none_or(|it| it != "dumb"),
        }
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }

    /// What is beside the point: times, notices.
    pub fn quiet(self, text: impl Display) -> String {
        self.with("2", text)
    }

    /// Names, and the prompt.
    pub fn strong(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// What is said to this person alone, or calls them by name.
    pub fn personal(self, text: impl Display) -> String {
        self.with("1;35", text)
    }

    /// What has been read.
    pub fn read(self, text: impl Display) -> String {
        self.with("36", text)
    }

    /// What went wrong.
    pub fn wrong(self, text: impl Display) -> String {
        self.with("31", text)
    }
}
