//! What Enter does: by itself, with Ctrl, with Shift, as its person has chosen.

use egui::{Key, Ui};

/// How Enter was pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Enter {
    /// Not at all.
    No,
    /// To send.
    Plain,
    /// To send to one person alone.
    Alone,
    /// To take what is offered, and nothing else.
    Take,
}

/// Which keys send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// Enter sends, and Ctrl+Enter to one person alone.
    #[default]
    Enter,
    /// Enter breaks the line, Ctrl+Enter sends, and with Shift to one person alone.
    CtrlEnter,
}

impl Keys {
    /// What sends.
    pub fn send(self) -> &'static str {
        if self == Self::Enter { "Enter" } else { "Ctrl+Enter" }
    }

    /// What sends to one person alone.
    pub fn send_alone(self) -> &'static str {
        if self == Self::Enter { "Ctrl+Enter" } else { "Ctrl+Shift+Enter" }
    }

    /// Takes the Enters of this frame that are not line breaks. `offers`: something is offered for the word at the caret.
    pub fn pressed(self, ui: &Ui, offers: bool) -> Enter {
        let mut pressed = Enter::No;
        ui.input_mut(|input| {
            input.events.retain_mut(|event| {
                let egui::Event::Key { key: Key::Enter, pressed: true, modifiers, repeat, .. } = event else {
                    return true;
                };
                let ctrl = modifiers.ctrl || modifiers.command;
                let meant = match (self, ctrl, modifiers.shift) {
                    (Keys::Enter, false, false) | (Keys::CtrlEnter, true, false) => Enter::Plain,
                    (Keys::Enter, true, false) | (Keys::CtrlEnter, true, true) => Enter::Alone,
                    (Keys::CtrlEnter, false, false) if offers => Enter::Take,
                    // The field knows one key that breaks the line.
                    (Keys::CtrlEnter, false, false) => {
                        modifiers.shift = true;
                        return true;
                    }
                    (_, _, true) => return true,
                };
                if !*repeat {
                    pressed = meant;
                }
                false
            });
        });
        pressed
    }
}
