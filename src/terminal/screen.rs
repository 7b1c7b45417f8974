//! What is printed, and when: never into a line that is being typed.
//!
//! While a line is edited, the editor itself prints: it takes the line away, and puts it back below. A thread hands it
//! what is to be printed, so that nobody who holds something waits for an editor that waits for them.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustyline::ExternalPrinter;

/// What waits to be printed.
#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    /// A line is being edited, and its prompt is drawn.
    editing: bool,
    closed: bool,
}

/// The way to standard output.
#[derive(Debug)]
pub struct Screen {
    state: Mutex<State>,
    changed: Condvar,
    /// Nobody edits lines: everything is printed at once.
    direct: bool,
}

impl Screen {
    /// With an editor on it, or without one.
    pub fn new(edited: bool) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), direct: !edited }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has lines printed, in the order in which they come.
    pub fn say(&self, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        self.lock().lines.extend(lines);
        if self.direct {
            self.flush();
        } else {
            self.changed.notify_all();
        }
    }

    /// Prints now what waits. Only for when no line is edited.
    pub fn flush(&self) {
        let mut state = self.lock();
        // The lock is kept, so that lines stay in order. A reader that has gone away is no reason to fail.
        let text = joined(&mut state.lines);
        let mut output = io::stdout().lock();
        let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    }

    /// The editor has drawn its prompt, or is about to be done with its line.
    pub fn set_editing(&self, editing: bool) {
        self.lock().editing = editing;
        self.changed.notify_all();
    }

    /// Nothing is printed any more by the thread.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The thread that hands lines to the editor.
    pub fn hand_over(
        self: &Arc<Self>,
        mut printer: impl ExternalPrinter + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let screen = Arc::clone(self);
        std::thread::Builder::new().name("printer".into()).spawn(move || {
            loop {
                let mut state = screen.lock();
                while !state.closed && (state.lines.is_empty() || !state.editing) {
                    state = screen.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.closed {
                    return;
                }
                let text = joined(&mut state.lines);
                drop(state);
                // It may have to wait for the editor, and fails only when there is none any more.
                if printer.print(text).is_err() {
                    return;
                }
            }
        })
    }
}

fn joined(lines: &mut Vec<String>) -> String {
    std::mem::take(lines).into_iter().fold(String::new(), |text, line| text + &line + "\n")
}
