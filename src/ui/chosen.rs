//! What was chosen and what is to be chosen, as far as the window has to do with it: the pages before one is in, the
//! settings page, and what the program that opens the window hands in and takes out.

use egui::{Ui, UiBuilder};

use super::actions::Action;
use super::dialogs::Dialog;
use super::dialogs::account::{AskAccount, Kind};
use super::frame::{About, Frame};
use super::login::Deed;
use super::shortcuts::Press;
use super::when::Clock;
use super::{Window, admin, chat, files, settings, withhold};
use crate::client::command::{AccountWish, AdminWish, Command};
use crate::client::model::{Hosted, Model};
use crate::settings::values::{Account, Settings};

impl Window {
    /// The same with what was chosen before.
    pub fn with(mut self, settings: Settings, about: About) -> Self {
        self.login.set_folder(about.hosting_folder.clone());
        (self.frame.settings, self.frame.about) = (settings, about);
        self
    }

    /// What is chosen now.
    pub fn settings(&self) -> &Settings {
        &self.frame.settings
    }

    /// The same, for what is not chosen in a view: where the window is.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.frame.settings
    }

    /// Says whether there is a tray that the window can be closed to: only then is that offered.
    pub fn set_tray(&mut self, there: bool) {
        self.frame.about.tray = there;
    }

    /// Whether somebody has just asked for the system's dialog to find a folder.
    pub fn take_folder_wish(&mut self) -> bool {
        std::mem::take(&mut self.frame.wants_folder)
    }

    /// What came of it.
    pub fn set_folder(&mut self, folder: String) {
        self.login.set_folder(folder);
    }

    /// The wish of who was here last, to begin as them if they stayed signed in.
    pub fn resume_last(&mut self) -> Option<Command> {
        let account = self.frame.settings.accounts.first()?.clone();
        Some(self.login.resume(account))
    }

    /// The pages before one is in.
    pub(super) fn signed_out(&mut self, ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
        if std::mem::take(&mut self.was_signed_in) {
            // Another person may sign in here: nothing of the last one stays.
            let (login, frame) = (std::mem::take(&mut self.login), std::mem::take(&mut self.frame));
            *self = Self { login, frame, random: self.random, ..Self::default() };
            self.frame.account = None;
            files::pictures::forget(ui.ctx());
        }
        let notice = self.frame.notice(ui, ui.max_rect());
        let mut place = ui.max_rect();
        place.min.y += notice;
        let mut page = ui.new_child(UiBuilder::new().max_rect(place));
        match self.login.show(&mut page, &model.phase, &self.frame.settings) {
            Some(Deed::Ask(command)) => commands.push(command),
            Some(Deed::Stay(command)) => commands.extend([Command::StaySignedIn(true), command]),
            Some(Deed::Forget(account)) => self.frame.settings.accounts.retain(|known| *known != account),
            Some(Deed::PickFolder) => self.frame.wants_folder = true,
            None => {}
        }
    }

    /// Puts things where the account that has signed in had them.
    pub(super) fn take_up(&mut self, account: &Account) {
        let key = account.key();
        self.set_pinned(self.frame.settings.pinned.get(&key).cloned().unwrap_or_default());
        self.set_recent_emoji(self.frame.settings.recent_emoji.clone());
        self.set_skin_tone(self.frame.settings.skin_tone);
        self.frame.account = Some(key);
    }

    /// Keeps where they are now.
    pub(super) fn take_down(&mut self) {
        let Some(key) = &self.frame.account else { return };
        let (pinned, taste) = (self.sidebar.pinned(), &self.composer.taste);
        let settings = &mut self.frame.settings;
        if settings.pinned.get(key).map_or(&[][..], Vec::as_slice) != pinned {
            settings.pinned.insert(key.clone(), pinned.to_vec());
        }
        if settings.recent_emoji != taste.recent() {
            settings.recent_emoji = taste.recent().to_vec();
        }
        settings.skin_tone = taste.tone();
    }

    /// Opens the settings page, or closes it.
    pub(super) fn toggle_settings(&mut self, ui: &Ui) {
        self.page = if self.page.is_some() { None } else { Some(settings::Page::open()) };
        // One goes on writing where one was.
        self.composer.focus();
        ui.ctx().request_repaint();
    }

    /// The page that lies over the panes, in the place of everything but the bars above. Returns whether there is one.
    pub(super) fn show_page(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> bool {
        if !model.is_admin() {
            self.admin = None;
        }
        if self.page.is_none() && self.admin.is_none() {
            return false;
        }
        if model.trust.is_some() {
            // Nothing else is to be done before the answer.
        } else if self.dialog.is_some() {
            // Before the page, and then nothing is left for it of what was typed.
            self.show_dialog(ui, model, clock, commands);
            withhold(ui, |_| true);
        } else if model.info.is_none() && !self.composer.composing() {
            self.page_keys(ui, commands);
        }
        let mut rect = ui.max_rect();
        rect.min.y += self.frame.notice(ui, rect);
        rect.min.y += chat::connection_bar(ui, rect, model, clock, commands);
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
        if let Some(page) = &mut self.page {
            let Frame { settings, about, .. } = &mut self.frame;
            match page.show(&mut child, rect, settings, (model, clock), about, commands) {
                Some(settings::Intent::Close) => self.toggle_settings(ui),
                Some(settings::Intent::Ask(kind)) => self.ask_account(kind, ui, model),
                None => {}
            }
        } else if let Some(page) = &mut self.admin {
            match page.show(&mut child, rect, model, clock, commands) {
                Some(admin::Intent::Close) => self.toggle_admin(ui, commands),
                Some(admin::Intent::Ask(kind)) => self.ask_account(kind, ui, model),
                Some(admin::Intent::Invite) => {
                    self.dialog = Some(Dialog::invite(self.server_for_others(model), model.fingerprint()));
                    ui.ctx().request_repaint();
                }
                None => {}
            }
        }
        true
    }

    /// A page is left by the key that it was opened with.
    fn page_keys(&mut self, ui: &Ui, commands: &mut Vec<Command>) {
        for action in [Action::Settings, Action::Administration] {
            let Some(Press::Key(modifiers, key)) = action.key() else { continue };
            if ui.input_mut(|input| input.consume_key(modifiers, key)) {
                match (action, self.admin.is_some()) {
                    (Action::Administration, true) => self.toggle_admin(ui, commands),
                    (Action::Settings, false) => self.toggle_settings(ui),
                    _ => {}
                }
            }
        }
    }

    /// Opens the page of administrators, or closes it.
    pub(super) fn toggle_admin(&mut self, ui: &Ui, commands: &mut Vec<Command>) {
        let wish = if self.admin.take().is_some() { AdminWish::Close } else { AdminWish::Open };
        if matches!(wish, AdminWish::Open) {
            self.admin = Some(admin::Page::open());
        }
        commands.push(Command::Account(AccountWish::Admin(wish)));
        // One goes on writing where one was.
        self.composer.focus();
        ui.ctx().request_repaint();
    }

    fn ask_account(&mut self, kind: Kind, ui: &Ui, model: &Model) {
        let ask = AskAccount::new(kind, model, self.server_for_others(model), self.random);
        self.dialog = Some(Dialog::account(ask));
        ui.ctx().request_repaint();
    }

    /// Where others find the server: as this window was told where it hosts, or as its person wrote it.
    fn server_for_others(&self, model: &Model) -> Option<String> {
        let hosted = model.hosting.as_ref().and_then(Hosted::join_at);
        let account = self.frame.settings.accounts.first();
        let written = account.filter(|account| account.hosts.is_none()).map(|account| account.server.clone());
        hosted.or(written).filter(|server| !server.is_empty())
    }

    /// Lets passwords be suggested, out of these random bits.
    pub fn with_random(mut self, random: fn() -> u64) -> Self {
        self.random = Some(random);
        self
    }
}
