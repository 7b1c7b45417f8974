//! Where the caret stands: in the field of a chat's draft, or in that of a message that is being changed.

use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::widgets::text_edit::TextEditState;
use egui::{Context, Id, Ui};

use crate::client::model::Draft;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// The field of a chat. While a message is changed it is one of its own: the caret of the draft that waits, and what can
/// be undone there, stay with the draft.
pub fn field_id(chat: ChatKey, editing: Option<Seq>) -> Id {
    match editing {
        None => Id::unique(("composer", chat)),
        Some(seq) => Id::unique(("composer", chat, seq)),
    }
}

/// Whether the caret is where one writes in a chat, or nowhere: then what is typed or pasted is for there.
pub fn is_for_composer(ctx: &Context, chat: ChatKey, editing: Option<Seq>) -> bool {
    ctx.memory(|memory| memory.focused().is_none_or(|focused| focused == field_id(chat, editing)))
}

/// Puts the carets of a chat to where they were.
pub fn place_carets(ctx: &Context, chat: ChatKey, draft: &Draft) {
    set_caret(ctx, field_id(chat, None), draft.caret);
    if let Some(editing) = &draft.editing {
        set_caret(ctx, field_id(chat, Some(editing.seq)), editing.caret);
    }
}

/// Takes down where the carets are.
pub fn note_carets(ui: &Ui, chat: ChatKey, draft: &mut Draft) {
    let at = |editing, text: &str| {
        let caret = caret(ui, field_id(chat, editing), text).unwrap_or(text.len());
        text.get(..caret).map_or(0, |before| before.chars().count())
    };
    draft.caret = at(None, &draft.text);
    if let Some(editing) = &mut draft.editing {
        editing.caret = at(Some(editing.seq), &editing.text);
    }
}

/// Puts the caret of a field behind so many letters.
pub fn set_caret(ctx: &Context, id: Id, caret: usize) {
    let mut state = TextEditState::load(ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(CharIndex(caret)))));
    state.store(ctx, id);
}

/// Where the caret stands, in bytes; nowhere while a part is selected.
pub fn caret(ui: &Ui, id: Id, draft: &str) -> Option<usize> {
    let range = TextEditState::load(ui.ctx(), id)?.cursor.char_range()?;
    let at = range.single()?.index.0;
    Some(draft.char_indices().nth(at).map_or(draft.len(), |(byte, _)| byte))
}
