//! Keys that come faster than frames: what follows a key that moves the focus or takes a text away waits for the next
//! frame, so that it reaches what the key led to. Holds events back; drops none and reorders none.
//!
//! A view is drawn once a frame and takes all of a frame's text at once. Without this, `one`, Enter, `two` within a
//! frame would be the one message `onetwo`, and a password typed fast would stand in the field of the name.

use egui::{Context, Event, Key, Plugin, RawInput, Ui};

use super::shortcuts;

/// When more than this many events wait, they are let through together: a key that is held down on a slow machine must
/// not make the window fall ever further behind.
const WAITING_MAX: usize = 2_000;

/// Gives a frame no events behind a key that changes what they are for.
#[derive(Debug, Default)]
pub struct OneKeyAtATime {
    waiting: Vec<Event>,
}

/// What an event is to its neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It goes where the one before it goes.
    None,
    /// What follows may go elsewhere. What came before is taken first by the same view.
    Ends,
    /// The window takes it before any view sees what came before.
    Alone,
}

fn turn(event: &Event) -> Turn {
    match event {
        // Not alone: the Enter that ends a composition has to be seen together with it.
        Event::Key { key: Key::Enter, pressed: true, .. } => Turn::Ends,
        // The arrows go through what a letter before them has made the composer offer, or over a whole sign.
        Event::Key {
            key: Key::Tab | Key::Escape | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight,
            pressed: true,
            ..
        } => Turn::Alone,
        // They lead from a message to the field, or to a question.
        Event::Key { key: Key::F2 | Key::Delete, pressed: true, .. } => Turn::Ends,
        Event::Key { key: Key::R, pressed: true, modifiers, .. } if modifiers.command => Turn::Ends,
        // It may end the name of an emoji.
        Event::Text(text) if text == ":" => Turn::Ends,
        Event::Key { key, pressed: true, modifiers, .. }
            if modifiers.alt || shortcuts::action_of(*modifiers, *key).is_some() =>
        {
            Turn::Alone
        }
        _ => Turn::None,
    }
}

impl OneKeyAtATime {
    /// Takes the events that came, returns those of this frame.
    fn next(&mut self, came: Vec<Event>) -> Vec<Event> {
        let mut now = std::mem::take(&mut self.waiting);
        now.extend(came);
        if now.len() > WAITING_MAX {
            return now;
        }
        let cut = now.iter().enumerate().find_map(|(at, event)| match turn(event) {
            Turn::None => None,
            Turn::Alone if at > 0 => Some(at),
            Turn::Alone | Turn::Ends => Some(at + 1),
        });
        if let Some(cut) = cut {
            self.waiting = now.split_off(cut);
        }
        now
    }
}

impl Plugin for OneKeyAtATime {
    fn debug_name(&self) -> &'static str {
        "one key at a time"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        input.events = self.next(std::mem::take(&mut input.events));
        if !self.waiting.is_empty() {
            ctx.request_repaint();
        }
    }
}

/// Takes events away from the views that are drawn later in the frame: what is typed is for somebody else.
pub fn withhold(ui: &Ui, what: impl Fn(&Event) -> bool) {
    let typed = |event: &Event| {
        matches!(
            event,
            Event::Text(_)
                | Event::Paste(_)
                | Event::PasteImage(_)
                | Event::Copy
                | Event::Cut
                | Event::Ime(_)
                | Event::Key { .. }
        )
    };
    ui.input_mut(|input| input.events.retain(|event| !(typed(event) && what(event))));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: Key, pressed: bool) -> Event {
        Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: egui::Modifiers::NONE }
    }

    fn text(text: &str) -> Event {
        Event::Text(text.into())
    }

    #[test]
    fn frames_are_cut_at_the_keys_that_lead_elsewhere_and_nothing_is_lost() {
        let came = vec![
            text("a"),
            key(Key::Enter, true),
            key(Key::Enter, false),
            text("b"),
            key(Key::Tab, true),
            key(Key::Tab, false),
            text("c"),
        ];
        let mut keys = OneKeyAtATime::default();
        let mut frames = vec![keys.next(came.clone())];
        frames.push(keys.next(vec![text("d")]));
        frames.extend((0..2).map(|_| keys.next(vec![])));
        assert_eq!(frames.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1, 3]);
        assert_eq!(frames.concat(), [came, vec![text("d")]].concat());
        assert_eq!(keys.waiting, []);
    }

    #[test]
    fn a_key_that_is_held_down_does_not_pile_up() {
        let mut keys = OneKeyAtATime::default();
        let (mut given, mut waited) = (0, 0);
        for _ in 0..1_000 {
            given += keys.next(vec![key(Key::Enter, true); 4]).len();
            waited = waited.max(keys.waiting.len());
        }
        assert_eq!(given + keys.waiting.len(), 4_000);
        assert!(waited <= WAITING_MAX);
    }
}
