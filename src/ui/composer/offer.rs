//! What is offered while one writes: found out at the caret, gone through by keys, taken by Enter, Tab or a click.

use egui::{EventFilter, Id, Key, Modifiers, Rect, Ui};

use super::caret::caret;
use super::complete::{self, Choice, Offer};
use super::{Composer, Desk, emoji, field, popup};

impl Composer {
    /// Finds out what could be meant at the caret. `stored`: in a message that was sent, which is no command any more.
    pub(super) fn look_for_offer(&mut self, ui: &Ui, id: Id, desk: Desk<'_>, draft: &str, stored: bool) {
        if self.declined.is_some_and(|start| start >= draft.len()) {
            self.declined = None;
        }
        let over = self.offer.is_some() && popup::is_under_pointer(ui);
        let here = !self.composing && self.chooser.is_none() && (over || ui.memory(|memory| memory.has_focus(id)));
        let offer = caret(ui, id, draft)
            .filter(|_| here)
            .and_then(|caret| complete::offer(draft, caret, desk.model, desk.names, &self.taste))
            .filter(|offer| !(stored && offer.choices.iter().any(is_of_command)))
            .filter(|offer| self.declined != Some(offer.range.start));
        let range = |offer: &Option<Offer>| offer.as_ref().map(|offer| offer.range.clone());
        if range(&offer) != range(&self.offer) {
            self.chosen = 0;
            ui.ctx().request_repaint();
        }
        self.offer = offer;
        if self.offer.is_some() {
            // Tab takes a choice: it must not move the focus in the next frame.
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, EventFilter { tab: true, ..field::KEYS }));
        }
    }

    /// Draws what is offered. Returns the choice that was clicked.
    pub(super) fn show_offer(&mut self, ui: &Ui, id: Id, desk: Desk<'_>, frame: Rect, steps: isize) -> Option<usize> {
        let offer = self.offer.as_ref()?;
        let count = offer.choices.len();
        let last = isize::try_from(count).unwrap_or(1);
        let chosen = isize::try_from(self.chosen).unwrap_or(0).saturating_add(steps).rem_euclid(last.max(1));
        self.chosen = usize::try_from(chosen).unwrap_or(0);
        let clicked = popup::show(ui, id, frame, &offer.choices, self.chosen, desk.model);
        self.wants_focus |= clicked.is_some();
        clicked
    }

    pub(super) fn take_choice(&mut self, ui: &Ui, id: Id, desk: Desk<'_>, draft: &mut String, choice: Choice) {
        let Some(offer) = self.offer.take() else { return };
        let caret = offer.take(choice, draft, desk.model);
        emoji::put_caret(ui, id, draft, caret);
        if let Choice::Emoji(emoji) = choice {
            self.taste.used(emoji);
        }
        // The name stands there now; what is written behind it is not a longer one.
        self.declined = matches!(choice, Choice::Mention(_) | Choice::Receiver(_)).then_some(offer.range.start);
        self.chosen = 0;
        ui.ctx().request_repaint();
    }

    /// The keys that belong to what is offered: how far down the choice goes, and whether Tab takes it.
    pub(super) fn keys_of_offer(&self, ui: &Ui, id: Id) -> (isize, bool) {
        if self.offer.is_none() || self.composing || !ui.memory(|memory| memory.has_focus(id)) {
            return (0, false);
        }
        ui.input_mut(|input| {
            let mut count = |key| isize::try_from(input.count_and_consume_key(Modifiers::NONE, key)).unwrap_or(0);
            let steps = count(Key::ArrowDown) - count(Key::ArrowUp);
            (steps, count(Key::Tab) > 0)
        })
    }
}

/// Whether it only means something in a command.
fn is_of_command(choice: &Choice) -> bool {
    matches!(choice, Choice::Command(_) | Choice::Receiver(_))
}
