//! The window's contents: a [`Model`] in, pixels and [`Command`]s out. Knows no socket, no file and no wall clock.
//!
//! - [`theme`]: colours, type, distances. [`widgets`]: the small things that views share. [`text`]: foreign text made
//!   safe, with `marks` in it. [`when`]: times as people read them.
//! - `login`: the page before. `sidebar` and `people`: the list. `chat`: the open chat, made of `timeline` and
//!   `composer`. `info`: who has a message. `presence` and `happened`: who is there and what was done to groups, in
//!   words. `mentions`: who a text calls by name. `slash`: what a draft that begins with a slash asks for. `keys`: which events a frame gets. `fonts`, `emoji`
//!   and `bidi`: what letters, emoji and right-to-left sentences look like.
//!
//! Views read the model and say what somebody did; what they say is applied after the frame is drawn.

mod bidi;
mod chat;
mod composer;
mod emoji;
mod fonts;
mod happened;
mod info;
mod keys;
mod login;
mod marks;
mod mentions;
mod people;
mod presence;
mod sidebar;
mod slash;
mod text;
pub mod theme;
mod timeline;
pub mod when;
mod widgets;

use std::collections::BTreeMap;

use egui::{Key, Modifiers, Rect, Stroke, Ui, UiBuilder, pos2};
use lucide_icons::Icon;

use self::composer::Composer;
use self::login::Form;
use self::mentions::Names;
use self::sidebar::{Intent, Sidebar};
use self::timeline::Timeline;
use self::when::Clock;
use crate::client::command::Command;
use crate::client::model::{Model, Phase};
use crate::proto::chat::ChatKey;

/// What the login page has in its fields when it appears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefill {
    /// The server's address; empty for this computer.
    pub address: String,
    /// The account's name.
    pub username: String,
}

/// What the window keeps for itself: where one looks and what one has begun to write.
#[derive(Debug, Default)]
pub struct Window {
    login: Form,
    sidebar: Sidebar,
    composer: Composer,
    names: Names,
    open: Option<Timeline>,
    drafts: BTreeMap<ChatKey, String>,
    was_signed_in: bool,
}

/// Makes a context ready for [`Window`]s: fonts, styles, and events in portions that views can take.
pub fn prepare(ctx: &egui::Context) {
    theme::apply(ctx);
    ctx.add_plugin(keys::OneKeyAtATime::default());
}

/// The title of a window: how much has not been seen, and the name of the program.
pub fn title(model: &Model, name: &str) -> String {
    match model.unread() {
        0 => name.to_owned(),
        unread => format!("({unread}) {name}"),
    }
}

impl Window {
    /// A window that begins at the login page.
    pub fn new(prefill: Prefill) -> Self {
        Self { login: Form::new(prefill.address, prefill.username), ..Self::default() }
    }

    /// The open chat.
    pub fn open(&self) -> Option<ChatKey> {
        self.open.as_ref().map(Timeline::chat)
    }

    /// Opens a chat, as if it had been clicked in the list.
    pub fn open_chat(&mut self, chat: ChatKey, model: &Model) {
        if self.open() != Some(chat) {
            self.open = Some(Timeline::open(chat, model));
        }
        self.composer.focus();
    }

    /// What has been written and not sent in a chat.
    pub fn draft(&self, chat: ChatKey) -> &str {
        self.drafts.get(&chat).map_or("", String::as_str)
    }

    /// Draws a frame and returns what somebody wants.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, clock: &Clock) -> Vec<Command> {
        let mut commands = Vec::new();
        if model.phase != Phase::SignedIn {
            if std::mem::take(&mut self.was_signed_in) {
                // Another person may sign in here: nothing of the last one stays.
                let login = std::mem::take(&mut self.login);
                *self = Self { login, ..Self::default() };
            }
            let mut page = ui.new_child(UiBuilder::new().max_rect(ui.max_rect()));
            commands.extend(self.login.show(&mut page, &model.phase));
            return commands;
        }
        if !self.was_signed_in {
            self.was_signed_in = true;
            self.login.forget_password();
        }
        if info::show(ui, model, clock, &mut commands) {
            // One goes on writing when the card is closed.
            self.composer.focus();
        } else {
            // Before the views, so that the composer does not take them as movements of its caret.
            self.keys(ui, model);
        }
        self.panes(ui, model, clock, &mut commands);
        commands
    }

    fn panes(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) {
        let palette = theme::palette(ui);
        let all = ui.max_rect();
        let bar = chat::connection_bar(ui, all, model, clock, commands);
        let all = Rect::from_min_max(pos2(all.left(), all.top() + bar), all.max);
        let narrow = all.width() < theme::NARROW;

        let width = if narrow { all.width() } else { (all.width() * 0.3).clamp(264.0, 340.0).round() };
        let (list, pane) = all.split_left_right_at_x(all.left() + width);
        let pane = if narrow { all } else { pane };
        let mut intent = None;
        if !narrow || self.open.is_none() {
            let mut child = ui.new_child(UiBuilder::new().max_rect(list));
            let drafts = &self.drafts;
            let draft = |chat| drafts.get(&chat).map(String::as_str);
            let open = self.open.as_ref().map(Timeline::chat);
            intent = self.sidebar.show(&mut child, model, clock, open, draft);
        }
        if let Some(timeline) = &mut self.open {
            let draft = self.drafts.entry(timeline.chat()).or_default();
            let mut child = ui.new_child(UiBuilder::new().max_rect(pane));
            let composer = &mut self.composer;
            let names = self.names.of(model, timeline.chat());
            let back = chat::Pane { timeline, composer, names, draft, narrow }.show(&mut child, model, clock, commands);
            if back {
                self.leave();
            }
        } else if !narrow {
            ui.painter().rect_filled(pane, 0.0, palette.backdrop);
            let alone = model.people.len() <= 1;
            let (words, hint) = if alone {
                ("It is quiet here", "As soon as somebody else has an account, you can write to them.")
            } else {
                ("Choose somebody to write to", "Alt+Down and Alt+Up go through the list.")
            };
            widgets::empty(ui, pane, Icon::MessagesSquare, words, hint);
        }
        if !narrow {
            ui.painter().vline(list.right() - 0.5, all.y_range(), Stroke::new(1.0, palette.line));
        }
        match intent {
            Some(Intent::Open(chat)) => self.open_chat(chat, model),
            Some(Intent::SignOut) => commands.push(Command::SignOut),
            None => return,
        }
        ui.ctx().request_repaint();
    }

    fn leave(&mut self) {
        self.open = None;
    }

    /// Keys that mean the same wherever the focus is.
    fn keys(&mut self, ui: &Ui, model: &Model) {
        let both = Modifiers::ALT | Modifiers::SHIFT;
        let unread = |key: ChatKey| model.chat(key).is_some_and(|chat| chat.unread > 0);
        for (modifiers, key, steps, unread_only) in [
            (both, Key::ArrowDown, 1, true),
            (both, Key::ArrowUp, -1, true),
            (Modifiers::ALT, Key::ArrowDown, 1, false),
            (Modifiers::ALT, Key::ArrowUp, -1, false),
        ] {
            if ui.input_mut(|input| input.consume_key(modifiers, key)) {
                let wanted = |key: ChatKey| !unread_only || unread(key);
                if let Some(chat) = self.sidebar.neighbour(model, self.open(), steps, wanted) {
                    self.open_chat(chat, model);
                }
            }
        }

        // A popup closes itself, and so does an input method.
        let taken = self.composer.composing() || egui::Popup::is_any_open(ui.ctx());
        if !taken && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            match &mut self.open {
                Some(_) if self.composer.peel() => {}
                Some(timeline) if !timeline.at_end() => timeline.go_to_end(),
                Some(_) => self.leave(),
                None => {}
            }
        }
    }
}
