//! Every key that does something, in one table: what is pressed is looked up in it, and what is shown is made of it.
//!
//! Keys with an [`Action`] mean the same wherever the focus is. The others belong to the view that has the focus, which
//! takes them itself; they stand here to be shown.

use egui::{Event, Key, Modifiers, Ui};

use super::actions::Action;

/// A key, or what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key with what is held down with it.
    Key(Modifiers, Key),
    /// A letter that something happens at.
    Typed(&'static str),
}

/// What a part of the table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Where one wants to go.
    Finding,
    /// The chat that is open, or that the focus is at.
    Chat,
    /// The field for messages.
    Writing,
    /// Everything else.
    Window,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    /// Where it stands.
    pub part: Part,
    /// Each of these does it.
    pub presses: &'static [Press],
    /// What it does.
    pub does: &'static str,
    /// The same for the window; nothing where it belongs to the view that has the focus.
    pub action: Option<Action>,
}

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
const ALT: Modifiers = Modifiers::ALT;
const ALT_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::ALT };

const fn key(modifiers: Modifiers, key: Key) -> Press {
    Press::Key(modifiers, key)
}

const fn global(part: Part, presses: &'static [Press], does: &'static str, action: Action) -> Shortcut {
    Shortcut { part, presses, does, action: Some(action) }
}

const fn local(part: Part, presses: &'static [Press], does: &'static str) -> Shortcut {
    Shortcut { part, presses, does, action: None }
}

/// Answers the message that has the focus; in the field, the newest of somebody else.
pub const REPLY: Press = key(CTRL, Key::R);
/// Changes the message that has the focus.
pub const EDIT: Press = key(NONE, Key::F2);
/// Takes back the message that has the focus.
pub const DELETE: Press = key(NONE, Key::Delete);
/// The same.
pub const BACKSPACE: Press = key(NONE, Key::Backspace);

/// In an empty field: changes one's last message.
pub const EDIT_LAST: Press = key(NONE, Key::ArrowUp);

/// All of them, in the order in which they are shown.
pub const TABLE: &[Shortcut] = &[
    global(Part::Finding, &[key(CTRL, Key::K)], "Find a chat, a person or a command", Action::Find),
    global(Part::Finding, &[key(CTRL_SHIFT, Key::K)], "Search in the list", Action::SearchList),
    global(Part::Finding, &[key(CTRL, Key::F)], "Search this chat", Action::SearchChat),
    global(Part::Finding, &[key(CTRL_SHIFT, Key::F)], "Search all chats", Action::SearchAll),
    global(Part::Finding, &[key(ALT, Key::ArrowDown)], "Next chat", Action::NextChat),
    global(Part::Finding, &[key(ALT, Key::ArrowUp)], "Previous chat", Action::PreviousChat),
    global(Part::Finding, &[key(CTRL, Key::J), key(ALT_SHIFT, Key::ArrowDown)], "Next unread chat", Action::NextNew),
    global(
        Part::Finding,
        &[key(CTRL_SHIFT, Key::J), key(ALT_SHIFT, Key::ArrowUp)],
        "Previous unread chat",
        Action::PreviousNew,
    ),
    global(Part::Finding, &[key(CTRL, Key::U)], "Unread chats only, and back", Action::OnlyNew),
    global(Part::Chat, &[key(CTRL, Key::I)], "Details, and back", Action::Details),
    global(Part::Chat, &[key(CTRL_SHIFT, Key::P)], "Pin, or unpin", Action::Pin),
    global(Part::Chat, &[key(CTRL_SHIFT, Key::M)], "Mute, or unmute", Action::Mute),
    global(Part::Chat, &[key(CTRL_SHIFT, Key::R)], "Mark as read", Action::MarkRead),
    local(
        Part::Chat,
        &[key(NONE, Key::Menu), key(Modifiers::SHIFT, Key::F10)],
        "Menu of the chat or message that has the focus",
    ),
    local(Part::Chat, &[REPLY], "Reply to the message that has the focus, or to the newest"),
    local(Part::Chat, &[EDIT], "Edit your message that has the focus"),
    local(Part::Chat, &[DELETE, BACKSPACE], "Delete your message that has the focus"),
    local(Part::Chat, &[key(NONE, Key::PageUp)], "Scroll up"),
    local(Part::Chat, &[key(NONE, Key::PageDown)], "Scroll down"),
    local(Part::Writing, &[key(NONE, Key::Enter)], "Send"),
    local(Part::Writing, &[key(Modifiers::SHIFT, Key::Enter)], "New line"),
    local(Part::Writing, &[key(CTRL, Key::Enter)], "Send to the one named first alone; in a dialog: do it"),
    local(Part::Writing, &[EDIT_LAST], "In an empty field: edit your last message"),
    global(Part::Writing, &[key(CTRL, Key::O)], "Attach files", Action::Attach),
    local(Part::Writing, &[key(CTRL, Key::E)], "Emoji"),
    local(Part::Writing, &[Press::Typed("@")], "In a room: call somebody by name"),
    local(Part::Writing, &[Press::Typed("/")], "Commands"),
    local(Part::Writing, &[Press::Typed(":")], "Emoji by name"),
    global(Part::Window, &[key(CTRL, Key::N)], "New group", Action::NewGroup),
    global(Part::Window, &[key(CTRL_SHIFT, Key::N)], "Message several people", Action::MessageSeveral),
    global(Part::Window, &[key(CTRL, Key::Slash), key(NONE, Key::F1)], "These shortcuts", Action::Shortcuts),
    global(Part::Window, &[key(CTRL, Key::Comma)], "Settings, and back", Action::Settings),
    global(Part::Window, &[key(CTRL_SHIFT, Key::A)], "Administration, and back", Action::Administration),
    local(Part::Window, &[key(CTRL, Key::Plus)], "Larger"),
    local(Part::Window, &[key(CTRL, Key::Minus)], "Smaller"),
    local(Part::Window, &[key(CTRL, Key::Num0)], "Normal size"),
    local(Part::Window, &[key(NONE, Key::Tab)], "Next button, field or list"),
    local(Part::Window, &[key(Modifiers::SHIFT, Key::Tab)], "The one before"),
    local(Part::Window, &[key(NONE, Key::ArrowDown), key(NONE, Key::ArrowUp)], "Through a list or a menu"),
    local(Part::Window, &[key(NONE, Key::Space)], "Press the button that has the focus"),
    local(Part::Window, &[key(NONE, Key::Escape)], "Close, step by step: menu, search, details, chat"),
];

impl Part {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Finding, Self::Chat, Self::Writing, Self::Window];

    /// Its heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Finding => "FINDING",
            Self::Chat => "THE OPEN CHAT",
            Self::Writing => "WRITING",
            Self::Window => "EVERYWHERE",
        }
    }

    /// Its rows.
    pub fn rows(self) -> impl Iterator<Item = &'static Shortcut> {
        TABLE.iter().filter(move |row| row.part == self)
    }
}

impl Press {
    /// What is written on the keys, one after the other: `Ctrl`, `K`.
    pub fn caps(self, mac: bool) -> Vec<&'static str> {
        let (held, key) = match self {
            Self::Typed(typed) => return vec![typed],
            Self::Key(held, key) => (held, key),
        };
        let mut caps = Vec::new();
        for (is, cap) in [
            (held.command, if mac { "Cmd" } else { "Ctrl" }),
            (held.alt, if mac { "Option" } else { "Alt" }),
            (held.shift, "Shift"),
        ] {
            if is {
                caps.push(cap);
            }
        }
        caps.push(match key {
            Key::ArrowDown => "Down",
            Key::ArrowUp => "Up",
            Key::PageUp => "Page Up",
            Key::PageDown => "Page Down",
            Key::Escape => "Esc",
            Key::Slash => "/",
            Key::Comma => ",",
            Key::Plus => "plus",
            Key::Minus => "minus",
            other => other.name(),
        });
        caps
    }

    /// The same as one reads it: `Ctrl+K`.
    pub fn spelled(self, mac: bool) -> String {
        self.caps(mac).join("+")
    }

    fn is(self, held: Modifiers, pressed: Key) -> bool {
        let Self::Key(wanted, key) = self else { return false };
        // On many keyboards a slash is itself a letter with Shift.
        let shift = held.shift == wanted.shift || key == Key::Slash;
        // With AltGr, which is Ctrl and Alt, letters are written.
        key == pressed && shift && held.alt == wanted.alt && held.cmd_ctrl_matches(wanted)
    }
}

impl Action {
    /// The key that does it.
    pub fn key(self) -> Option<Press> {
        let row = TABLE.iter().find(|row| row.action == Some(self))?;
        row.presses.first().copied()
    }

    /// It is done as long as its key is held down.
    fn repeats(self) -> bool {
        matches!(self, Self::NextChat | Self::PreviousChat)
    }
}

/// What a key means wherever the focus is.
pub fn action_of(held: Modifiers, pressed: Key) -> Option<Action> {
    let row = TABLE.iter().find(|row| row.action.is_some() && row.presses.iter().any(|press| press.is(held, pressed)));
    row.and_then(|row| row.action)
}

/// Takes a key that belongs to what has the focus, and says whether it was pressed.
pub fn pressed(ui: &Ui, press: Press) -> bool {
    let Press::Key(held, key) = press else { return false };
    ui.input_mut(|input| input.consume_key(held, key))
}

/// Takes the next key that means the same wherever the focus is, and says what it means.
pub fn take(ui: &Ui) -> Option<Action> {
    ui.input_mut(|input| {
        let mut taken = None;
        input.events.retain(|event| {
            let Event::Key { key, modifiers, pressed: true, repeat, .. } = event else { return true };
            if taken.is_some() {
                return true;
            }
            let Some(action) = action_of(*modifiers, *key) else { return true };
            taken = Some(action).filter(|action| !repeat || action.repeats());
            false
        });
        taken
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table of keys in README.md, up to the next table.
    fn readme() -> String {
        let text = include_str!("../../README.md");
        let keyboard = text.split("## Keyboard").nth(1).expect("it has that part");
        keyboard.split("\n\n").nth(1).expect("a table").to_owned()
    }

    #[test]
    fn the_page_has_every_key() {
        let table = readme();
        let cells: Vec<&str> = table.lines().filter_map(|row| row.split('|').nth(1)).collect();
        for row in TABLE {
            for press in row.presses {
                let spelled = press.spelled(false);
                // The comma is itself a key.
                let is = |key: &str| key.trim().trim_matches('`') == spelled;
                let named = |cell: &&str| is(cell) || cell.split(',').any(is);
                assert!(cells.iter().any(named), "README.md does not have {spelled}: {}", row.does);
            }
        }
    }

    #[test]
    fn no_key_means_two_things() {
        for (at, row) in TABLE.iter().enumerate() {
            for other in TABLE.iter().skip(at + 1) {
                // What belongs to the view that has the focus may mean something else in another one.
                let apart = row.part != other.part && row.action.is_none() && other.action.is_none();
                let both = row.presses.iter().any(|press| other.presses.contains(press));
                assert!(apart || !both, "{row:?} {other:?}");
            }
            let Some(action) = row.action else { continue };
            for press in row.presses {
                let Press::Key(held, key) = *press else { panic!("{press:?} is typed into texts") };
                assert_eq!(action_of(held, key), Some(action));
            }
        }
    }

    #[test]
    fn keys_are_read_as_they_are_on_other_keyboards() {
        let ctrl = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
        let with = |shift, alt| Modifiers { shift, alt, ..ctrl };
        assert_eq!(action_of(with(true, false), Key::Slash), Some(Action::Shortcuts), "on a German keyboard");
        assert_eq!(action_of(with(false, true), Key::K), None, "a letter with AltGr");
        assert_eq!(action_of(with(true, false), Key::K), Some(Action::SearchList));
        assert_eq!(action_of(Modifiers::NONE, Key::K), None);
    }
}
