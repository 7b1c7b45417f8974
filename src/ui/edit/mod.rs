//! Text under edit, whatever its script: the caret goes over whole signs, what is written from the right begins at the
//! right, and nothing that is typed, pasted or received can crash a field or remove what nobody removed.
//!
//! egui 0.37 counts in characters: its caret stops within a family of emoji, and Backspace takes the family apart. It
//! knows nothing of right-to-left sentences either (docs/EGUI.md). So a field is an egui one between [`before`] and
//! [`after`], over a [`Buffer`], laid out by [`laid_out`].

mod order;

use std::ops::Range;
use std::sync::Arc;

use egui::layers::ShapeIdx;
use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::text_selection::text_cursor_state as words;
use egui::widgets::text_edit::{TextEditOutput, TextEditState};
use egui::{Color32, Event, FontId, Galley, Id, Key, Shape, TextBuffer, Ui};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::{bidi, text, theme};

/// A longer text is laid out in the order in which it was written: to put a book in reading order at every key takes
/// longer than a frame.
const ORDERED_MAX_BYTES: usize = 16 * 1024;

/// Lays out an edited text, over lines of that width or on one line; what a [`egui::TextEdit`] needs as its layouter.
pub fn laid_out(ui: &Ui, text: &str, font: FontId, color: Color32, width: Option<f32>) -> Arc<Galley> {
    if is_ordered(text)
        && let Some(galley) = order::laid_out(ui, text, &font, color, width)
    {
        return galley;
    }
    text::edited(ui, text, font, color, width)
}

fn is_ordered(text: &str) -> bool {
    text.len() <= ORDERED_MAX_BYTES && bidi::concerns(text)
}

/// What is known of a field before it is drawn.
pub struct Before {
    /// What is selected is painted there, if egui cannot do it.
    selection: Option<ShapeIdx>,
    /// The caret was sent back.
    back: bool,
    /// It was sent up or down by so many rows, from there.
    vertical: Option<(CCursor, f32)>,
    /// Something was done that may have put the caret within a sign, and not by an input method: what that puts together
    /// may begin within one.
    moved: bool,
}

/// Prepares a field: an arrow goes over a whole sign, and towards the side that it points to.
pub fn before(ui: &mut Ui, id: Id, text: &str) -> Before {
    let selection = is_ordered(text).then(|| {
        // egui takes what is selected for one piece from its left end to its right end.
        ui.visuals_mut().selection.bg_fill = Color32::TRANSPARENT;
        ui.painter().add(Shape::Noop)
    });
    let moved = ui.input(|input| {
        let moves = |event: &Event| match event {
            Event::Key { pressed, .. } => *pressed,
            Event::Text(_) | Event::Paste(_) | Event::Cut | Event::MiddleClickPaste { .. } => true,
            Event::PointerButton { .. } | Event::AccessKitActionRequest(_) => true,
            _ => false,
        };
        let by_method = input.events.iter().any(|event| matches!(event, Event::Ime(_)));
        !by_method && (input.pointer.any_down() || input.events.iter().any(moves))
    });
    let mut before = Before { selection, back: false, vertical: None, moved };
    let cursor = TextEditState::load(ui.ctx(), id).and_then(|state| state.cursor.char_range());
    if let Some(range) = cursor.filter(|_| ui.memory(|memory| memory.has_focus(id))) {
        let range = CCursorRange { primary: settled(text, range.primary, false), ..range };
        ui.input_mut(|input| {
            let rows = input.events.iter().find_map(|event| match event {
                Event::Key { modifiers, .. } if modifiers.command || modifiers.alt => None,
                Event::Key { key: Key::ArrowUp, pressed: true, .. } => Some(-1.0),
                Event::Key { key: Key::ArrowDown, pressed: true, .. } => Some(1.0),
                _ => None,
            });
            before.vertical = rows.map(|rows| (range.primary, rows));
            before.back = go_over_signs(&mut input.events, text, range);
        });
    }
    before
}

/// Turns an arrow into as many as there are characters in the sign that it goes over. Says whether it goes back.
fn go_over_signs(events: &mut Vec<Event>, text: &str, range: CCursorRange) -> bool {
    let arrow =
        |event: &Event| matches!(event, Event::Key { key: Key::ArrowLeft | Key::ArrowRight, pressed: true, .. });
    // There is one in a frame: see `keys`.
    let Some(at) = events.iter().position(arrow) else { return false };
    let caret = byte(text, range.primary.index);
    let Some(Event::Key { key, modifiers, .. }) = events.get_mut(at) else { return false };
    let modifiers = *modifiers;
    if bidi::begins_from_right(text, caret) {
        *key = if *key == Key::ArrowLeft { Key::ArrowRight } else { Key::ArrowLeft };
    }
    let back = *key == Key::ArrowLeft;
    let by_sign = !modifiers.ctrl && !modifiers.alt && !modifiers.command && (modifiers.shift || range.is_empty());
    let sign = match back {
        true => text.get(..caret).and_then(|before| before.graphemes(true).next_back()),
        false => text.get(caret..).and_then(|after| after.graphemes(true).next()),
    };
    if let (true, Some(sign), Some(event)) = (by_sign, sign, events.get(at).cloned()) {
        let more = sign.chars().count().saturating_sub(1);
        events.splice(at..at, std::iter::repeat_n(event, more));
    }
    back
}

/// Finishes a field that was drawn: the caret stands between signs, and where the pointer put it.
pub fn after(ui: &Ui, id: Id, text: &str, before: Before, output: &TextEditOutput) {
    let Some(mut state) = TextEditState::load(ui.ctx(), id) else { return };
    let was = state.cursor.char_range();
    if before.moved && is_ordered(text) && output.galley.text() == text {
        order::follow_pointer(ui, &mut state, output, before.vertical);
    }
    let Some(mut range) = state.cursor.char_range() else { return };
    if before.moved {
        range.primary = settled(text, range.primary, before.back);
        range.secondary = settled(text, range.secondary, before.back);
    }
    if was != Some(range) {
        state.cursor.set_char_range(Some(range));
        state.store(ui.ctx(), id);
        ui.ctx().request_repaint();
    }
    if let Some(place) = before.selection.filter(|_| ui.memory(|memory| memory.has_focus(id))) {
        let color = theme::palette(ui).selection;
        ui.painter().set(place, Shape::Vec(order::selection(output, &range, color)));
    }
}

fn byte(text: &str, at: CharIndex) -> usize {
    text.char_indices().nth(at.0).map_or(text.len(), |(byte, _)| byte)
}

/// A caret between two signs: as it is, or at the end of the sign that it is within, or at its beginning.
fn settled(text: &str, caret: CCursor, back: bool) -> CCursor {
    let at = byte(text, caret.index);
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    if cursor.is_boundary(text, 0).unwrap_or(true) {
        let end = CharIndex(text.get(..at).map_or(0, |before| before.chars().count()));
        return CCursor { index: caret.index.min(end), ..caret };
    }
    let to = if back { cursor.prev_boundary(text, 0) } else { cursor.next_boundary(text, 0) };
    let to = to.ok().flatten().unwrap_or(text.len());
    CCursor { index: CharIndex(text.get(..to).map_or(0, |before| before.chars().count())), ..caret }
}

/// A text under edit. Ranges and places that are not in it are moved to its end, signs are removed as a whole, and what
/// no font can draw and nobody can see does not come in.
pub struct Buffer<'a>(pub &'a mut String);

impl Buffer<'_> {
    fn clamp(&self, at: CharIndex) -> CharIndex {
        at.min(CharIndex(self.0.chars().count()))
    }

    fn clamped(&self, cursor: CCursor) -> CCursor {
        CCursor { index: self.clamp(cursor.index), ..cursor }
    }

    fn bytes(&self, range: Range<CharIndex>) -> Range<usize> {
        byte(self.0, range.start)..byte(self.0, range.end)
    }
}

impl TextBuffer for Buffer<'_> {
    fn is_mutable(&self) -> bool {
        true
    }

    fn as_str(&self) -> &str {
        self.0
    }

    fn insert_text(&mut self, text: &str, at: CharIndex) -> usize {
        let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        let at = byte(self.0, at);
        self.0.insert_str(at, &text);
        text.chars().count()
    }

    fn delete_char_range(&mut self, range: Range<CharIndex>) {
        let bytes = self.bytes(range);
        if bytes.start < bytes.end {
            self.0.drain(bytes);
        }
    }

    fn char_range(&self, range: Range<CharIndex>) -> &str {
        self.0.get(self.bytes(range)).unwrap_or_default()
    }

    fn delete_previous_char(&mut self, cursor: CCursor) -> CCursor {
        let end = settled(self.0, cursor, false);
        let sign = self.0.get(..byte(self.0, end.index)).and_then(|before| before.graphemes(true).next_back());
        let start = CCursor { index: end.index - sign.map_or(0, |sign| sign.chars().count()), ..end };
        self.delete_selected_ccursor_range([start, end])
    }

    fn delete_next_char(&mut self, cursor: CCursor) -> CCursor {
        let start = settled(self.0, cursor, true);
        let sign = self.0.get(byte(self.0, start.index)..).and_then(|after| after.graphemes(true).next());
        let end = start + sign.map_or(0, |sign| sign.chars().count());
        self.delete_selected_ccursor_range([start, end])
    }

    fn delete_previous_word(&mut self, cursor: CCursor) -> CCursor {
        let end = self.clamped(cursor);
        let start = settled(self.0, words::ccursor_previous_word(self.0, end), true);
        self.delete_selected_ccursor_range([start, end])
    }

    fn delete_next_word(&mut self, cursor: CCursor) -> CCursor {
        let start = self.clamped(cursor);
        let end = settled(self.0, words::ccursor_next_word(self.0, start), false);
        self.delete_selected_ccursor_range([start, end])
    }

    fn type_id(&self) -> std::any::TypeId {
        std::any::TypeId::of::<Buffer<'static>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_takes_no_range_that_is_not_in_its_text() {
        let wild = CCursor::new(99);
        let mut text = "hello שלום".to_owned();
        Buffer(&mut text).delete_next_word(wild);
        Buffer(&mut text).delete_char_range(CharIndex(50)..CharIndex(60));
        assert_eq!(text, "hello שלום");
        Buffer(&mut text).delete_previous_word(wild);
        assert_eq!(text, "hello ");
        Buffer(&mut text).insert_text("you", CharIndex(1000));
        assert_eq!(text, "hello you");
        assert_eq!(Buffer(&mut text).char_range(CharIndex(6)..CharIndex(77)), "you");
    }

    #[test]
    fn signs_are_removed_as_a_whole() {
        for sign in ["👨‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👍🏽", "1️⃣", "❤️", "a\u{301}\u{302}", "שָׁ", "क्षि", "x"]
        {
            let end = CCursor::new(1 + sign.chars().count());
            let mut text = format!("a{sign}b");
            assert_eq!(Buffer(&mut text).delete_previous_char(end).index.0, 1, "{sign}");
            assert_eq!(text, "ab");
            let mut text = format!("a{sign}b");
            Buffer(&mut text).delete_next_char(CCursor::new(1));
            assert_eq!(text, "ab", "{sign}");
        }
    }

    #[test]
    fn what_nobody_can_see_does_not_come_in() {
        let mut text = String::new();
        assert_eq!(Buffer(&mut text).insert_text("a\0b\u{7}\u{1b}[31m\n\tc\u{85}", CharIndex(0)), 9);
        assert_eq!(text, "ab[31m\n\tc");
    }

    #[test]
    fn a_caret_within_a_sign_goes_to_its_end_or_its_beginning() {
        let text = "a🇩🇪👨‍👩‍👧‍👦";
        for (at, forward, back) in [(0, 0, 0), (1, 1, 1), (2, 3, 1), (3, 3, 3), (5, 10, 3), (99, 10, 10)] {
            assert_eq!(settled(text, CCursor::new(at), false).index.0, forward);
            assert_eq!(settled(text, CCursor::new(at), true).index.0, back);
        }
    }
}
