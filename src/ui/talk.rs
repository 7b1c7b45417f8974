//! What the window has to do with what is being written: the drafts of all chats, and what is asked before a message is
//! taken back.

use egui::{Context, Ui};

use super::dialogs::Dialog;
use super::{Window, composer};
use crate::client::command::Command;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

impl Window {
    /// What has been written and not sent in a chat: a message, or the new text of one.
    pub fn draft(&self, chat: ChatKey) -> &str {
        self.drafts.get(&chat).map_or("", composer::preview)
    }

    /// Whether what is pasted goes with a message: a chat is open, and nothing lies above it in which one could write.
    pub fn takes_files(&self, ctx: &Context) -> bool {
        let above = self.dialog.is_some() || self.viewer.is_some() || self.page.is_some() || self.admin.is_some();
        let Some(chat) = self.open().filter(|_| !above) else { return false };
        let editing = self.drafts.get(&chat).and_then(|draft| draft.editing.as_ref()).map(|editing| editing.seq);
        // One who pastes into a search means the text.
        composer::is_for_composer(ctx, chat, editing)
    }

    /// Says what was done, or why it was not: on the picture that fills the window, or above the field of the open chat.
    pub fn say(&mut self, outcome: Result<String, String>) {
        if let Some(viewer) = &mut self.viewer {
            viewer.say(outcome.unwrap_or_else(|why| why));
        } else if let Some(chat) = self.open() {
            self.composer.say(chat, outcome);
        }
    }

    /// Takes up what was being written when the window was last there.
    pub(super) fn take_up_drafts(&mut self, ui: &Ui, model: &Model) {
        for (chat, draft) in &model.drafts {
            composer::place_carets(ui.ctx(), *chat, draft);
            self.drafts.insert(*chat, draft.clone());
        }
    }

    /// Ends that a message is changed or answered in the open chat. Says whether one was.
    pub(super) fn peel_about(&mut self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) -> bool {
        let Some(chat) = self.open.as_ref().filter(|timeline| !timeline.is_choosing()).map(|open| open.chat()) else {
            return false;
        };
        let Some(draft) = self.drafts.get_mut(&chat) else { return false };
        if !self.composer.peel_about(model, chat, draft) {
            return false;
        }
        commands.push(self.composer.draft(ui, chat, draft));
        ui.ctx().request_repaint();
        true
    }

    /// Asks whether a message of the open chat is to be taken back.
    pub(super) fn ask_to_delete(&mut self, seq: Seq, ui: &Ui) {
        self.dialog = self.open().map(|chat| Dialog::delete(chat, seq));
        ui.ctx().request_repaint();
    }
}
