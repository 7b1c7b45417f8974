//! Emoji in a draft: typed by name, or taken from the card.

use std::ops::Range;

use egui::text::CharIndex;
use egui::widgets::text_edit::TextEditState;
use egui::{Id, Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::caret::{caret, set_caret};
use super::chooser::{Chooser, Done};
use super::{BUTTON, Composer, SMILE, complete};
use crate::ui::widgets;

impl Composer {
    /// A name of an emoji that was typed to its closing colon becomes the emoji. To undo it gives the name back.
    pub(super) fn write_emoji(&mut self, ui: &Ui, id: Id, draft: &mut String) {
        let typed = ui.input(|input| {
            input.events.iter().any(|event| matches!(event, egui::Event::Text(text) if text.ends_with(':')))
        });
        let closed =
            caret(ui, id, draft).filter(|_| typed && !self.composing && ui.memory(|memory| memory.has_focus(id)));
        if let Some((range, emoji)) = closed.and_then(|caret| complete::closed(draft, caret, self.taste.tone())) {
            self.insert(ui, id, draft, range, emoji);
        }
    }

    /// Puts an emoji into the draft in the place of a part of it.
    fn insert(&mut self, ui: &Ui, id: Id, draft: &mut String, range: Range<usize>, emoji: &str) {
        let state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
        let mut undoer = state.undoer();
        undoer.add_undo(&(state.cursor.char_range().unwrap_or_default(), draft.clone()));
        let mut state = state;
        state.set_undoer(undoer);
        state.store(ui.ctx(), id);
        let caret = range.start + emoji.len();
        draft.replace_range(range, emoji);
        put_caret(ui, id, draft, caret);
        self.taste.used(emoji);
        ui.ctx().request_repaint();
    }

    /// Opens the card of emoji, or closes it.
    pub(super) fn toggle_chooser(&mut self) {
        self.chooser = if self.chooser.is_some() { None } else { Some(Chooser::default()) };
        self.wants_focus |= self.chooser.is_none();
        self.card = None;
    }

    /// The button of the card of emoji, and the card.
    pub(super) fn choose_emoji(&mut self, ui: &mut Ui, id: Id, frame: Rect, right: f32, draft: &mut String) {
        let center = pos2(frame.right() - SMILE / 2.0 - 4.0, frame.bottom() - BUTTON / 2.0);
        let button = Rect::from_center_size(center, vec2(SMILE, SMILE));
        if widgets::icon_button(ui, button, Icon::Smile, "Emoji (Ctrl+E)").clicked() {
            self.toggle_chooser();
            ui.ctx().request_repaint();
        }
        let Some(mut chooser) = self.chooser.take() else { return };
        match chooser.show(ui, right, frame.left(), button, &mut self.taste) {
            Done::Nothing => self.chooser = Some(chooser),
            Done::Left => ui.ctx().request_repaint(),
            Done::Took { emoji, more } => {
                let range = selected(ui, id, draft);
                self.insert(ui, id, draft, range, &emoji);
                self.chooser = more.then_some(chooser);
                self.wants_focus |= !more;
            }
        }
    }
}

/// What is selected, in bytes; the end of a draft that the caret has not been in.
fn selected(ui: &Ui, id: Id, draft: &str) -> Range<usize> {
    let byte = |at: CharIndex| draft.char_indices().nth(at.0).map_or(draft.len(), |(byte, _)| byte);
    let range = TextEditState::load(ui.ctx(), id).and_then(|state| state.cursor.char_range());
    range.map_or(draft.len()..draft.len(), |range| {
        let chars = range.as_sorted_char_range();
        byte(chars.start)..byte(chars.end)
    })
}

/// Puts the caret to a place in bytes.
pub fn put_caret(ui: &Ui, id: Id, draft: &str, at: usize) {
    let at = draft.get(..at).map_or(0, |before| before.chars().count());
    set_caret(ui.ctx(), id, at);
}
