//! Does what was chosen: in a menu, in the palette or by a key.

use egui::Ui;

use super::actions::{Action, Stand};
use super::details::Details;
use super::dialogs::Dialog;
use super::dialogs::finder::Finder;
use super::{Window, files, shortcuts};
use crate::client::command::Command;
use crate::client::model::Model;
use crate::export::Order;
use crate::proto::chat::ChatKey;
use crate::settings::values::Theme;

impl Window {
    /// What is pinned at the top of the list, in the order in which it was: to be kept for the account that is signed in.
    pub fn pinned(&self) -> &[ChatKey] {
        self.sidebar.pinned()
    }

    /// Pins what was kept, once its account is signed in. Whoever signs out takes it along.
    pub fn set_pinned(&mut self, pinned: Vec<ChatKey>) {
        self.sidebar.set_pinned(pinned);
    }

    /// What an export needs of what surrounds the window, asked for once.
    pub fn take_export_order(&mut self) -> Option<Order> {
        self.dialog.as_mut().and_then(Dialog::take_order)
    }

    /// Does what the keys ask for that mean the same wherever the focus is.
    pub(super) fn act_on_keys(&mut self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) {
        while let Some(action) = shortcuts::take(ui) {
            let about = self.sidebar.focused(ui).or(self.open());
            self.perform(action, about, ui, model, commands);
        }
    }

    /// How things stand for what can be done with a chat.
    fn stand(&self, about: Option<ChatKey>, ui: &Ui) -> Stand {
        let dark = ui.visuals().dark_mode;
        let only_new = self.sidebar.only_new();
        match about {
            Some(chat) => Stand { dark, ..self.sidebar.stand_of(chat) },
            None => Stand { dark, only_new, ..Stand::default() },
        }
    }

    /// Does something. What is about a chat is about that one, and is not done where there is none.
    pub(super) fn perform(
        &mut self,
        action: Action,
        about: Option<ChatKey>,
        ui: &Ui,
        model: &Model,
        commands: &mut Vec<Command>,
    ) {
        let stand = self.stand(about, ui);
        // Their keys do something sensible also where menus do not offer them.
        let always = matches!(action, Action::NextNew | Action::PreviousNew | Action::SearchChat);
        if !action.fits(stand, model) && !always {
            return;
        }
        match action {
            Action::Find => self.dialog = Some(Dialog::finder(self.finder(ui, model))),
            Action::SearchChat => self.search(ui),
            Action::SearchAll => self.dialog = Some(Dialog::everywhere()),
            Action::Shortcuts => self.dialog = Some(Dialog::shortcuts()),
            Action::NewGroup => self.dialog = Some(Dialog::new_group()),
            Action::MessageSeveral => self.dialog = Some(Dialog::several()),
            Action::SearchList => {
                self.show_list(ui);
                self.sidebar.focus();
            }
            Action::NextChat => self.go(1, model),
            Action::PreviousChat => self.go(-1, model),
            Action::NextNew | Action::PreviousNew => {
                let open = self.open();
                match self.sidebar.next_new(model, open, action == Action::NextNew) {
                    Some(chat) => self.open_chat(chat, model),
                    // There the list says that nothing is left.
                    None if open.and_then(|key| model.chat(key)).is_none_or(|chat| chat.attention() == 0) => {
                        self.show_list(ui);
                        self.sidebar.show_only_new(true);
                    }
                    None => {}
                }
            }
            Action::OnlyNew => {
                let only_new = !self.sidebar.only_new() || !self.sidebar.is_shown(ui);
                self.show_list(ui);
                self.sidebar.show_only_new(only_new);
            }
            Action::AllRead => model.chats.keys().for_each(|key| commands.extend(read(model, *key))),
            Action::ReadReceipts => commands.push(Command::SetReadReceipts(!model.read_receipts)),
            Action::OpenExport => self.dialog = Some(Dialog::reading()),
            Action::Settings => self.toggle_settings(ui),
            Action::Administration => self.toggle_admin(ui, commands),
            Action::Theme => self.frame.settings.theme = if stand.dark { Theme::Light } else { Theme::Dark },
            Action::SignOut => commands.push(Command::SignOut),
            Action::Details
            | Action::Pin
            | Action::Mute
            | Action::MarkRead
            | Action::Leave
            | Action::Attach
            | Action::Export => {
                if let Some(chat) = about {
                    self.perform_with(action, chat, ui, model, commands);
                }
            }
        }
        ui.ctx().request_repaint();
    }

    fn perform_with(&mut self, action: Action, chat: ChatKey, ui: &Ui, model: &Model, commands: &mut Vec<Command>) {
        match action {
            Action::Pin => {
                let mut pinned = self.pinned().to_vec();
                match pinned.iter().position(|other| *other == chat) {
                    Some(at) => _ = pinned.remove(at),
                    None => pinned.push(chat),
                }
                self.set_pinned(pinned);
                // Its row goes elsewhere; the eye goes along.
                self.sidebar.bring(chat);
            }
            Action::Mute => {
                let muted = model.chat(chat).is_some_and(|chat| chat.muted);
                commands.push(Command::Mute { chat, muted: !muted });
            }
            Action::MarkRead => commands.extend(read(model, chat)),
            Action::Attach => {
                self.open_chat(chat, model);
                files::ask(ui.ctx(), files::Order::Attach { chat });
            }
            Action::Export => self.dialog = Some(Dialog::export(chat)),
            Action::Details if self.open() == Some(chat) => self.toggle_details(ui),
            Action::Details | Action::Leave => {
                self.open_chat(chat, model);
                let mut details = Details::of(chat);
                if action == Action::Leave {
                    details.ask_to_leave();
                }
                self.details = Some(details);
            }
            _ => {}
        }
    }

    /// So many chats further in the list.
    fn go(&mut self, steps: isize, model: &Model) {
        let open = self.open();
        if let Some(chat) = self.sidebar.neighbour(model, open, steps) {
            self.open_chat(chat, model);
        }
    }

    /// Where there is room for one pane only, the list takes the place of the chat.
    fn show_list(&mut self, ui: &Ui) {
        if !self.sidebar.is_shown(ui) {
            self.leave();
            self.lost = None;
        }
    }

    fn finder(&mut self, ui: &Ui, model: &Model) -> Finder {
        let stand = self.stand(self.open(), ui);
        let pinned = self.pinned().to_vec();
        Finder::new(self.sidebar.order(model), &pinned, &self.visited, stand)
    }
}

/// What says that everything in a chat was seen, where something was not.
fn read(model: &Model, chat: ChatKey) -> Option<Command> {
    let known = model.chat(chat).filter(|chat| chat.unread > 0)?;
    let upto = known.last.as_ref()?.seq;
    Some(Command::MarkRead { chat, upto })
}
