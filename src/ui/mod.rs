//! The window's contents: a [`Model`] in, pixels and [`Command`]s out. Knows no socket, no file and no wall clock.
//!
//! - [`theme`]: colours, type, distances. [`widgets`]: the small things that views share; `controls`: those of dialogs,
//!   menus and details. [`text`]: foreign text made safe, with `marks` in it. [`when`]: times as people read them.
//! - `login`: the page before. `sidebar`, `people` and `order`: the list, with `fuzzy` to search it and `menu` for its
//!   rows. `actions`, `shortcuts` and `perform`: what can be done from menus, the palette and by keys; `keycaps` draws
//!   keys. `start`: the pane before a chat is open. `chat`: the open chat, made of `header`, `timeline` and
//!   `composer`. `details`: what there is to know of it. `info`: who has a message. `dialogs`: what is asked before
//!   something is done, with `picker` to choose people and `jobs` to wait for an answer. `presence` and `happened`: who is
//!   there and what was done to groups, in words. `mentions`: who a text calls by name. `find`: where words stand in
//!   messages. `links`: where a text leads. `slash`: what a draft that begins with a slash asks for. `talk`: the window's part in
//!   what is written. `settings`: the page on which one chooses; `admin`: that of administrators; `chosen`: the window's part in that; `frame`: how it takes effect, and the lines between panes.
//!   [`attention`]: what the desktop is to tell of; `announce`: what a screen reader says by itself. `export`: what is kept of a chat. `keys`: which events
//!   a frame gets. `edit`: text in a field, of any script. `fonts`, `emoji` and `bidi`: what letters, emoji and
//!   right-to-left sentences look like.
//!
//! Views read the model and say what somebody did; what they say is applied after the frame is drawn.

mod actions;
mod admin;
mod announce;
pub mod attention;
mod bidi;
mod chat;
mod chosen;
mod composer;
mod controls;
mod details;
mod dialogs;
mod edit;
mod emoji;
mod export;
pub mod files;
mod find;
mod fonts;
mod frame;
mod fuzzy;
pub(crate) mod happened;
mod header;
mod info;
mod jobs;
mod keycaps;
mod keys;
mod links;
mod login;
mod marks;
pub(crate) mod mentions;
mod menu;
mod order;
mod people;
mod perform;
mod picker;
pub(crate) mod presence;
mod prints;
mod settings;
mod shortcuts;
mod sidebar;
mod slash;
mod start;
mod talk;
mod text;
pub mod theme;
mod timeline;
mod viewer;
pub mod when;
mod widgets;

use std::collections::BTreeMap;

use egui::{Event, Key, Modifiers, Rect, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use self::actions::Action;
use self::announce::Announcer;
use self::composer::Composer;
use self::details::Details;
use self::dialogs::finder::Visited;
use self::dialogs::trust::Asking;
use self::dialogs::{Dialog, Step};
pub use self::frame::About;
use self::frame::Frame;
use self::header::Way;
use self::keys::withhold;
use self::login::Login;
use self::mentions::Names;
use self::sidebar::{Intent, Sidebar};
use self::timeline::Timeline;
use self::viewer::Viewer;
use self::when::Clock;
use crate::client::command::Command;
use crate::client::model::{Draft, Model, Phase};
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::ids::Seq;
use crate::settings::values::Account;
use crate::visible::isolated;

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
    login: Login,
    frame: Frame,
    /// The settings lie over everything else.
    page: Option<settings::Page>,
    /// So does the page of administrators.
    admin: Option<admin::Page>,
    /// Where random bits come from, for passwords that are suggested.
    random: Option<fn() -> u64>,
    sidebar: Sidebar,
    visited: Visited,
    composer: Composer,
    names: Names,
    open: Option<Timeline>,
    details: Option<Details>,
    /// There is room for the details beside the conversation.
    wide: bool,
    dialog: Option<Dialog>,
    /// A picture lies above the panes.
    viewer: Option<Viewer>,
    /// What lies above all of that while nobody knows whether the server is the right one.
    asking: Asking,
    /// A dialog was closed: the caret is to go back to where one writes.
    resume: bool,
    /// A group that was made here, to be opened as soon as it is known.
    expected: Option<GroupId>,
    /// What the open group is called: to be said when this person is not in it any more.
    group_name: Option<String>,
    /// The group that had to be left, quoted.
    lost: Option<String>,
    drafts: BTreeMap<ChatKey, Draft>,
    announcer: Announcer,
    was_signed_in: bool,
}

/// Makes a context ready for [`Window`]s: fonts, styles, and events in portions that views can take.
pub fn prepare(ctx: &egui::Context) {
    theme::apply(ctx);
    ctx.add_plugin(keys::OneKeyAtATime::default());
    files::prepare(ctx);
    // The zoom is kept with the other settings, which have one writer.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
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
        Self { login: Login::new(prefill.address, prefill.username), ..Self::default() }
    }

    /// The open chat.
    pub fn open(&self) -> Option<ChatKey> {
        self.open.as_ref().map(Timeline::chat)
    }

    /// Opens a chat, as if it had been clicked in the list.
    pub fn open_chat(&mut self, chat: ChatKey, model: &Model) {
        if self.open() != Some(chat) {
            self.open = Some(Timeline::open(chat, model));
            self.visited.note(chat);
            // Where they would stand before the conversation, it is the conversation that was asked for.
            self.details = self.details.take().filter(|_| self.wide).map(|_| Details::of(chat));
            self.expected = None;
            self.lost = None;
            self.group_name = None;
        }
        self.composer.focus();
    }

    /// Opens a chat at a message, which stands out for a moment; loads older pages where it is not loaded yet.
    pub fn open_message(&mut self, chat: ChatKey, seq: Seq, model: &Model) {
        self.open_chat(chat, model);
        // Where the details stand in the place of the conversation, it is the conversation that was asked for.
        self.details = self.details.take().filter(|_| self.wide);
        if let Some(timeline) = &mut self.open {
            timeline.show_message(seq);
        }
    }

    /// The open chat, while its newest message is in view.
    pub fn watched(&self) -> Option<ChatKey> {
        let in_front = (self.details.is_some() && !self.wide) || self.viewer.is_some();
        self.open.as_ref().filter(|timeline| timeline.at_end() && !in_front).map(Timeline::chat)
    }

    /// While it is on, a screen reader says nothing by itself of the chats that are not open.
    pub fn set_do_not_disturb(&mut self, on: bool) {
        self.announcer.do_not_disturb = on;
    }

    /// The emoji that were chosen last, the newest first: to be kept, and given back to the next window of this person.
    pub fn recent_emoji(&self) -> &[String] {
        self.composer.taste.recent()
    }

    /// Takes over what [`Self::recent_emoji`] gave. What is no emoji is left out, and all beyond 24.
    pub fn set_recent_emoji(&mut self, recent: impl IntoIterator<Item = String>) {
        self.composer.taste.set_recent(recent);
    }

    /// The tone of skin that emoji are offered in: 0 for none, 1 (light) to 5 (dark).
    pub fn skin_tone(&self) -> usize {
        self.composer.taste.tone()
    }

    /// Takes over what [`Self::skin_tone`] gave. What is none of them is none.
    pub fn set_skin_tone(&mut self, tone: usize) {
        self.composer.taste.set_tone(tone);
    }

    /// Draws a frame and returns what somebody wants.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, clock: &Clock) -> Vec<Command> {
        let mut commands = Vec::new();
        self.frame.zoom_keys(ui);
        if self.asking.show(ui, model, &mut commands) {
            withhold(ui, |_| true);
            self.resume = true;
        }
        if model.phase == Phase::SignedIn {
            self.signed_in(ui, model, clock, &mut commands);
            self.announcer.show(ui, model, self.open());
            self.take_down();
        } else {
            self.signed_out(ui, model, &mut commands);
        }
        self.frame.apply(ui.ctx());
        commands
    }

    fn signed_in(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) {
        if !self.was_signed_in {
            self.was_signed_in = true;
            if let Some(account) = self.login.done() {
                // As the server writes it.
                let name = model.me.as_ref().map_or(account.name, |me| me.username.clone());
                let account = Account { name, ..account };
                self.take_up(&account);
                self.frame.settings.remember(account);
            }
            self.take_up_drafts(ui, model);
        }
        self.follow(model);
        // egui keeps the focus within a dialog for a while after its last frame.
        let asked = model.trust.is_some();
        if self.resume && self.dialog.is_none() && self.viewer.is_none() && model.info.is_none() && !asked {
            match ui.memory(|memory| memory.top_modal_layer()) {
                Some(_) => ui.ctx().request_repaint(),
                None => {
                    self.resume = false;
                    self.composer.focus();
                }
            }
        }
        self.composer.enter_sends(self.frame.settings.enter_sends);
        if self.show_page(ui, model, clock, commands) {
            return;
        }
        if asked {
            // Nothing else is to be done before the answer.
        } else if self.dialog.is_some() {
            // Before the views, and then nothing is left for them of what was typed.
            self.show_dialog(ui, model, clock, commands);
            withhold(ui, |_| true);
        } else if self.show_viewer(ui, model, clock, commands) {
            return;
        } else if info::show(ui, model, clock, commands) {
            // One goes on writing when the card is closed.
            self.resume = self.open.is_some();
        } else {
            // Before the views, so that the composer does not take them as movements of its caret.
            self.keys(ui, model, commands);
        }
        self.panes(ui, model, clock, commands);
    }

    /// Goes where the groups lead: into one that was made here, out of one that this person is not in any more.
    fn follow(&mut self, model: &Model) {
        if let Some(group) = self.expected.filter(|group| model.groups.contains_key(group)) {
            self.open_chat(ChatKey::Group(group), model);
        }
        if let Some(ChatKey::Group(id)) = self.open() {
            match model.groups.get(&id) {
                Some(group) if self.group_name.as_ref() != Some(&group.name) => {
                    self.group_name = Some(group.name.clone());
                }
                Some(_) => {}
                None => {
                    self.leave();
                    let name = self.group_name.take().map(|name| format!("“{}”", isolated(&text::one_line(&name))));
                    self.lost = Some(name.unwrap_or_else(|| "that group".into()));
                }
            }
        }
    }

    fn show_dialog(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) {
        let Some(dialog) = &mut self.dialog else { return };
        let step = dialog.show(ui, model, clock, commands);
        if step == Step::Stay {
            return;
        }
        self.dialog = None;
        self.resume = true;
        match step {
            Step::Open(group) => self.expected = Some(group),
            Step::Look(chat) => self.open_chat(chat, model),
            Step::Show(chat, seq) => self.open_message(chat, seq, model),
            Step::Do(action) => self.perform(action, self.open(), ui, model, commands),
            Step::Stay | Step::Close => {}
        }
        ui.ctx().request_repaint();
    }

    fn panes(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) {
        let mut all = ui.max_rect();
        all.min.y += self.frame.notice(ui, all);
        let bar = chat::connection_bar(ui, all, model, clock, commands);
        let all = Rect::from_min_max(pos2(all.left(), all.top() + bar), all.max);
        let narrow = all.width() < theme::NARROW;
        self.wide = all.width() >= theme::WIDE;

        let width = if narrow { all.width() } else { self.frame.list_width(all.width()) };
        let (list, pane) = all.split_left_right_at_x(all.left() + width);
        let pane = if narrow { all } else { pane };
        let mut intent = None;
        if !narrow || (self.open.is_none() && self.lost.is_none()) {
            let mut child = ui.new_child(UiBuilder::new().max_rect(list));
            let drafts = &self.drafts;
            let draft = |chat| drafts.get(&chat);
            let open = self.open.as_ref().map(Timeline::chat);
            intent = self.sidebar.show(&mut child, model, clock, open, draft);
            if self.sidebar.has_caret(ui) {
                withhold(ui, |event| matches!(event, Event::Text(_) | Event::Paste(_) | Event::Ime(_)));
            }
        }
        if self.open.is_some() {
            self.open_pane(ui, pane, narrow, model, clock, commands);
        } else if !narrow || self.lost.is_some() {
            self.no_chat(ui, pane, narrow, model, commands);
        }
        if !narrow {
            self.frame.list_divider(ui, all.left(), width, all.y_range());
        }
        match intent {
            Some(Intent::Open(chat)) => self.open_chat(chat, model),
            Some(Intent::Do(action, about)) => self.perform(action, about.or(self.open()), ui, model, commands),
            None => return,
        }
        ui.ctx().request_repaint();
    }

    /// The open chat, with its details beside it or in its place.
    fn open_pane(
        &mut self,
        ui: &mut Ui,
        pane: Rect,
        narrow: bool,
        model: &Model,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) {
        let width = self.frame.details_width(pane.width());
        let at = if self.wide { pane.right() - width } else { pane.left() };
        let (beside, place) = pane.split_left_right_at_x(at);
        let mut intent = None;
        if let Some(details) = &mut self.details {
            let mut child = ui.new_child(UiBuilder::new().max_rect(place));
            intent = details.show(&mut child, model, clock, commands);
            if details.has_caret(ui) {
                withhold(ui, |event| matches!(event, Event::Text(_) | Event::Paste(_) | Event::Ime(_)));
            }
        }
        let open = self.details.is_some();
        if let Some(timeline) = self.open.as_mut().filter(|_| self.wide || !open) {
            let draft = self.drafts.entry(timeline.chat()).or_default();
            let mut child = ui.new_child(UiBuilder::new().max_rect(if open { beside } else { pane }));
            let composer = &mut self.composer;
            let names = self.names.of(model, timeline.chat());
            let pane = chat::Pane { timeline, composer, names, draft, narrow, details: open };
            match pane.show(&mut child, model, clock, commands) {
                Some(Way::Back) => self.leave(),
                Some(Way::Details) => self.toggle_details(ui),
                Some(Way::Search) => self.search(ui),
                Some(Way::Delete(seq)) => self.ask_to_delete(seq, ui),
                None => {}
            }
        }
        if open && self.wide {
            self.frame.details_divider(ui, pane.right(), width, place.y_range());
        }
        match intent {
            Some(details::Intent::Close) => self.toggle_details(ui),
            Some(details::Intent::Open(chat)) => self.open_chat(chat, model),
            Some(details::Intent::Export(chat)) => self.perform(Action::Export, Some(chat), ui, model, commands),
            Some(details::Intent::AddPeople(group)) => self.dialog = Some(Dialog::add_people(group)),
            None => return,
        }
        ui.ctx().request_repaint();
    }

    /// The pane while no chat is open.
    fn no_chat(&mut self, ui: &mut Ui, pane: Rect, narrow: bool, model: &Model, commands: &mut Vec<Command>) {
        ui.painter().rect_filled(pane, 0.0, theme::palette(ui).backdrop);
        if let Some(name) = &self.lost {
            let words = format!("You are no longer in {name}");
            let hint = "You left the group, were taken out of it, or it was deleted.";
            widgets::empty(ui, pane, Icon::UsersRound, &words, hint);
            let back = Rect::from_min_size(pane.min + vec2(theme::space::S, theme::space::M), vec2(36.0, 36.0));
            if narrow && widgets::icon_button(ui, back, Icon::ArrowLeft, "Back").clicked() {
                self.lost = None;
                ui.ctx().request_repaint();
            }
            return;
        }
        if let Some(action) = start::show(ui, pane, model) {
            self.perform(action, None, ui, model, commands);
        }
    }

    fn leave(&mut self) {
        self.open = None;
        self.details = None;
    }

    fn toggle_details(&mut self, ui: &Ui) {
        self.details = match (self.details.take(), self.open()) {
            (None, Some(chat)) => Some(Details::of(chat)),
            _ => None,
        };
        ui.ctx().request_repaint();
    }

    /// Opens the search in the open chat; without one, that in all chats.
    fn search(&mut self, ui: &Ui) {
        self.details = self.details.take().filter(|_| self.wide);
        match &mut self.open {
            Some(timeline) => timeline.open_search(),
            None => self.dialog = Some(Dialog::everywhere()),
        }
        ui.ctx().request_repaint();
    }

    /// Keys that mean the same wherever the focus is.
    fn keys(&mut self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) {
        self.act_on_keys(ui, model, commands);
        // A popup closes itself, and so does an input method.
        let taken = self.composer.composing() || egui::Popup::is_any_open(ui.ctx());
        if !taken && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            // The field in the list comes first while one writes in it.
            let searching = self.sidebar.has_caret(ui);
            if searching && (self.sidebar.peel(ui) || self.open.is_some()) {
                self.composer.focus();
                return;
            }
            if self.open.is_some() && self.composer.peel() {
                return;
            }
            let in_sight = self.wide || self.details.is_none();
            if in_sight && self.peel_about(ui, model, commands) {
                return;
            }
            if self.details.as_mut().is_some_and(Details::peel) {
                return;
            }
            if in_sight && self.open.as_mut().is_some_and(Timeline::peel) {
                self.composer.focus();
                return;
            }
            if self.details.is_some() {
                self.toggle_details(ui);
                return;
            }
            if self.sidebar.peel(ui) {
                return;
            }
            match &mut self.open {
                Some(timeline) if !timeline.at_end() => timeline.go_to_end(),
                Some(_) => self.leave(),
                None => {}
            }
        }
    }
}
