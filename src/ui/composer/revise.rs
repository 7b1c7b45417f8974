//! How one begins to answer or to change a message, and how that ends. Nothing that somebody wrote is lost by it: the
//! draft waits beside a message that is being changed, and changes that are left are there when one comes back to them.

use egui::{Id, TextEdit, Ui};

use super::caret::{field_id, set_caret};
use super::{Composer, Desk, Out, sendable};
use crate::client::model::{Draft, Editing, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::shortcuts::{self, EDIT_LAST, REPLY};
use crate::ui::timeline::quote::known;

/// A change that was left, and what the text was like before.
#[derive(Debug)]
pub struct Left {
    chat: ChatKey,
    editing: Editing,
}

impl Composer {
    /// What comes before the composer is drawn: what happened to the message that is answered or changed, and the keys
    /// that begin with another one.
    pub fn prepare(&mut self, ui: &Ui, desk: Desk<'_>, draft: &mut Draft) {
        self.enter_chat(desk.chat);
        self.keep_up(ui, desk, draft);
        let editing = draft.editing.as_ref().map(|editing| editing.seq);
        let id = field_id(desk.chat, editing);
        // Where nothing has the focus, what is typed is for the field, too.
        let here = ui.memory(|memory| memory.focused().is_none_or(|focused| focused == id));
        if !here || self.composing || self.offer.is_some() || self.chooser.is_some() {
            return;
        }
        if draft.text.is_empty() && editing.is_none() && shortcuts::pressed(ui, EDIT_LAST) {
            let mut own = desk.model.standing(desk.chat).filter(|message| desk.model.is_me(message.from));
            if let Some(seq) = own.next().map(|message| message.seq) {
                self.edit(ui, desk.model, desk.chat, draft, seq);
            }
        } else if shortcuts::pressed(ui, REPLY) {
            // Once more is the one before.
            let before = draft.reply_to.filter(|_| editing.is_none());
            let mut others = desk.model.standing(desk.chat).filter(|message| !desk.model.is_me(message.from));
            let next = others.find(|message| before.is_none_or(|before| message.seq < before));
            if let Some(seq) = next.map(|message| message.seq) {
                self.reply(desk.model, desk.chat, draft, seq);
            }
        }
    }

    /// Begins to answer a message.
    pub fn reply(&mut self, model: &Model, chat: ChatKey, draft: &mut Draft, seq: Seq) {
        self.leave_edit(model, chat, draft);
        draft.reply_to = Some(seq);
        self.wants_focus = true;
    }

    /// Begins to change a message of one's own, with the changes that were left.
    pub fn edit(&mut self, ui: &Ui, model: &Model, chat: ChatKey, draft: &mut Draft, seq: Seq) {
        self.wants_focus = true;
        self.done = None;
        if draft.editing.as_ref().is_some_and(|editing| editing.seq == seq) {
            return;
        }
        let Some(text) = current(model, chat, seq) else { return };
        self.leave_edit(model, chat, draft);
        let text = match self.left.take_if(|left| left.chat == chat && left.editing.seq == seq) {
            Some(left) => left.editing.text,
            None => text.to_owned(),
        };
        let caret = text.chars().count();
        set_caret(ui.ctx(), field_id(chat, Some(seq)), caret);
        draft.editing = Some(Editing { seq, text, caret });
        (self.offer, self.declined, self.wrong, self.done) = (None, None, None, None);
        ui.ctx().request_repaint();
    }

    /// Ends that a message is changed, or else answered. Says whether one was.
    pub fn peel_about(&mut self, model: &Model, chat: ChatKey, draft: &mut Draft) -> bool {
        if draft.editing.is_none() && draft.reply_to.take().is_none() {
            return false;
        }
        self.leave_edit(model, chat, draft);
        (self.offer, self.declined) = (None, None);
        self.wants_focus = true;
        true
    }

    /// Changes that are left are kept for when one comes back to them.
    fn leave_edit(&mut self, model: &Model, chat: ChatKey, draft: &mut Draft) {
        let Some(editing) = draft.editing.take() else { return };
        let same = current(model, chat, editing.seq).is_some_and(|text| text == editing.text);
        if !same && !editing.text.trim().is_empty() {
            self.left = Some(Left { chat, editing });
            let kept = "Your changes are kept: edit the message again to go on with them";
            self.done = Some(Ok(kept.into()));
        }
    }

    /// What is answered or changed may be taken back meanwhile, here or on another device. What was written becomes a
    /// message of its own.
    fn keep_up(&mut self, ui: &Ui, desk: Desk<'_>, draft: &mut Draft) {
        let gone = |seq| known(desk.model, desk.chat, seq).is_some_and(|m| desk.model.shown(desk.chat, m).deleted);
        if let Some(editing) = draft.editing.take_if(|editing| gone(editing.seq)) {
            let was = self.before.take().filter(|(seq, _)| *seq == editing.seq);
            let written = !editing.text.trim().is_empty() && was.is_none_or(|(_, text)| text != editing.text);
            let mut why = "The message that you were editing was deleted.".to_owned();
            if written {
                why += " What you wrote is a draft now.";
                if !draft.text.is_empty() {
                    draft.text.push('\n');
                }
                draft.text.push_str(&editing.text);
                set_caret(ui.ctx(), field_id(desk.chat, None), draft.text.chars().count());
            }
            // Who has left nothing of it has asked for that.
            if written || !editing.text.trim().is_empty() {
                self.after_a_loss(ui, draft, why);
            } else {
                self.wants_focus = true;
                ui.ctx().request_repaint();
            }
        }
        if draft.reply_to.take_if(|seq| gone(*seq)).is_some() {
            let sent = if draft.text.trim().is_empty() { "" } else { " What you write is sent without it." };
            self.after_a_loss(ui, draft, format!("The message that you were replying to was deleted.{sent}"));
        }
        if let Some(editing) = &draft.editing
            && let Some(text) = current(desk.model, desk.chat, editing.seq)
            && self.before.as_ref().is_none_or(|(seq, was)| (*seq, &**was) != (editing.seq, text))
        {
            self.before = Some((editing.seq, text.to_owned()));
        }
    }

    fn after_a_loss(&mut self, ui: &Ui, draft: &Draft, why: String) {
        (self.offer, self.declined) = (None, None);
        self.wrong = Some((draft.text.clone(), why));
        self.wants_focus = true;
        ui.ctx().request_repaint();
    }

    /// What a change comes to: nothing where nothing was changed, and a question where nothing is left.
    pub(super) fn submit_edit(&mut self, ui: &Ui, id: Id, desk: Desk<'_>, draft: &mut Draft) -> Option<Out> {
        let editing = draft.editing.as_ref()?;
        let (seq, text) = (editing.seq, sendable(&editing.text).to_owned());
        let message = known(desk.model, desk.chat, seq);
        let carries = message.is_some_and(|message| message.attachment.is_some());
        if text.trim().is_empty() && !carries {
            return Some(Out::Delete(seq));
        }
        let same = current(desk.model, desk.chat, seq).is_some_and(|now| sendable(now) == text);
        draft.editing = None;
        TextEdit::store_state(ui.ctx(), id, Default::default());
        self.wants_focus = true;
        (self.wrong, self.offer, self.declined, self.before) = (None, None, None, None);
        ui.ctx().request_repaint();
        (!same).then_some(Out::Edit(seq, text))
    }
}

/// The text of a message that is there, as it is shown.
fn current(model: &Model, chat: ChatKey, seq: Seq) -> Option<&str> {
    let shown = model.shown(chat, known(model, chat, seq)?);
    (!shown.deleted).then_some(shown.text)
}
