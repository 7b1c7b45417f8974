//! What there is to know of the open chat, and what can be done with it: a pane beside the conversation, or over it where
//! there is no room. Reads the model, emits commands and intents.

mod deeds;
mod head;
mod members;
mod shared;

use egui::{Rect, ScrollArea, Stroke, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use self::deeds::{Deed, Deeds};
use self::head::Rename;
use self::members::{Mark, Members, Picked};
use self::shared::Shared;
use super::controls;
use super::presence;
use super::text;
use super::theme::{self, font, space};
use super::when::Clock;
use super::widgets;
use crate::client::command::Command;
use crate::client::model::{Group, Model};
use crate::proto::chat::{ChatKey, GroupId};

/// The height of a row with something to do.
const ROW: f32 = 42.0;
/// The height of a button in a question.
const BUTTON: f32 = 34.0;

/// The details of a chat.
#[derive(Debug)]
pub struct Details {
    chat: ChatKey,
    rename: Option<Rename>,
    deeds: Deeds,
    members: Members,
    /// What was sent here is looked at, in the place of everything else.
    shared: Option<Shared>,
}

/// What the window is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Close the details.
    Close,
    /// Look at another chat.
    Open(ChatKey),
    /// Ask how the chat is to be kept as a file.
    Export(ChatKey),
    /// Ask who is to be added.
    AddPeople(GroupId),
}

impl Details {
    /// Of that chat.
    pub fn of(chat: ChatKey) -> Self {
        Self { chat, rename: None, deeds: Deeds::default(), members: Members::default(), shared: None }
    }

    /// Asks whether this person means to leave the group.
    pub fn ask_to_leave(&mut self) {
        self.deeds.ask(Deed::Leave);
    }

    /// Takes back what was begun and not done. Returns whether there was anything.
    pub fn peel(&mut self) -> bool {
        let looking = self.shared.take().is_some();
        let renaming = !looking && self.rename.take().is_some();
        looking || self.deeds.withdraw() || renaming
    }

    /// Whether somebody writes here: what is typed is not for the composer.
    pub fn has_caret(&self, ui: &Ui) -> bool {
        self.rename.is_some() && ui.memory(|memory| memory.has_focus(head::field_id()))
    }

    /// Draws the details.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Option<Intent> {
        let palette = theme::palette(ui);
        let all = ui.max_rect();
        ui.painter().rect_filled(all, 0.0, palette.surface);
        if let Some(shared) = &mut self.shared {
            if shared.show(ui, all, self.chat, model, clock, commands) {
                self.shared = None;
                ui.ctx().request_repaint();
            }
            return None;
        }
        let (bar, rest) = all.split_top_bottom_at_y(all.top() + theme::HEADER);
        ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let left = pos2(bar.left() + space::L, bar.center().y);
        widgets::line(ui, left, "Details", font::title(), palette.text, bar.width() - 70.0);
        let close = Rect::from_center_size(pos2(bar.right() - space::L - 10.0, bar.center().y), vec2(36.0, 36.0));
        let closed = widgets::icon_button(ui, close, Icon::X, "Close details").clicked();

        let (id, group) = self.group(model);
        let owner = group.is_some_and(|group| model.is_me(group.owner));
        if self.deeds.settle(model, owner) == Some(Deed::Rename) || !owner {
            self.rename = None;
        }
        let foot = group.map_or(0.0, |group| self.foot_height(ui, rest.width(), model, group, owner));
        let (middle, below) = rest.split_top_bottom_at_y((rest.bottom() - foot).max(rest.top()));
        let mut child = ui.new_child(UiBuilder::new().max_rect(middle));
        child.set_clip_rect(middle.intersect(ui.clip_rect()));
        let mut intent = self.scrolled(&mut child, model, clock, commands);
        if let (Some(id), Some(group)) = (id, group) {
            self.foot(ui, below, model, id, group, owner, commands);
        }
        if closed {
            intent = Some(Intent::Close);
        }
        intent
    }

    fn group<'a>(&self, model: &'a Model) -> (Option<GroupId>, Option<&'a Group>) {
        match self.chat {
            ChatKey::Group(id) => (Some(id), model.groups.get(&id)),
            ChatKey::Everyone | ChatKey::Person(_) => (None, None),
        }
    }

    /// Everything between the title and the foot.
    fn scrolled(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Option<Intent> {
        let key = self.chat;
        let mut intent = None;
        ScrollArea::vertical().id_salt(("details", key)).auto_shrink(false).show_viewport(ui, |ui, view| {
            let place = ui.max_rect();
            let place = Rect::from_min_max(place.min + vec2(space::M, 0.0), place.max - vec2(space::M, 0.0));
            let mut y = self.head(ui, place, model, clock, commands);
            y = self.settings(ui, place, y, model, commands, &mut intent);
            let rows = self.members.of(model, key).len();
            if rows > 0 {
                y = heading(ui, place, y, key, rows);
            }
            let seen = egui::Rangef::new(place.top() + view.top(), place.top() + view.bottom());
            let picked = self.rows(ui, place, &mut y, seen, model, clock, commands);
            match picked {
                Some(Picked::Open(chat)) => intent = Some(Intent::Open(chat)),
                Some(Picked::Ask(deed)) => self.deeds.ask(deed),
                None => {}
            }
            ui.set_height(y - place.top() + space::M);
        });
        intent
    }

    /// Whether it may ask for attention, and what else there is to do.
    fn settings(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        top: f32,
        model: &Model,
        commands: &mut Vec<Command>,
        intent: &mut Option<Intent>,
    ) -> f32 {
        let palette = theme::palette(ui);
        let key = self.chat;
        ui.painter().hline(place.x_range(), top, Stroke::new(1.0, palette.line));
        let mut y = top + space::S;
        let row = |y: f32| Rect::from_min_size(pos2(place.left(), y), vec2(place.width(), ROW));
        let muted = model.chat(key).is_some_and(|chat| chat.muted);
        let sign = if muted { Icon::BellOff } else { Icon::Bell };
        if controls::switch(ui, row(y), sign, "Mute", muted).clicked() {
            commands.push(Command::Mute { chat: key, muted: !muted });
        }
        y += ROW;
        if controls::action(ui, row(y), Icon::Paperclip, "Shared files", palette.text, true).clicked() {
            self.shared = Some(Shared::default());
            ui.ctx().request_repaint();
        }
        y += ROW;
        if controls::action(ui, row(y), Icon::Download, "Export this chat…", palette.text, true).clicked() {
            *intent = Some(Intent::Export(key));
        }
        y += ROW;
        if let (Some(id), Some(group)) = self.group(model)
            && model.is_me(group.owner)
        {
            if controls::action(ui, row(y), Icon::UserPlus, "Add people…", palette.text, !self.deeds.busy()).clicked()
            {
                *intent = Some(Intent::AddPeople(id));
            }
            y += ROW;
        }
        y + space::S
    }

    /// Who is in it; only the rows that are seen are drawn.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn rows(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        y: &mut f32,
        view: egui::Rangef,
        model: &Model,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) -> Option<Picked> {
        let (id, group) = self.group(model);
        let asked = self.deeds.asked().and_then(|deed| Some((deed, deed.member()?)));
        let rows = self.members.of(model, self.chat);
        let open = asked.and_then(|(_, id)| rows.iter().position(|row| *row == ChatKey::Person(id)));
        let first = *y;
        let question = match (open, asked, group) {
            (Some(_), Some((deed, _)), Some(group)) => {
                question_height(ui, place.width(), &self.deeds, deed, model, group)
            }
            _ => 0.0,
        };
        let top = |at: usize| {
            let extra = if open.is_some_and(|open| at > open) { question } else { 0.0 };
            first + at as f32 * theme::MEMBER_ROW + extra
        };
        *y = top(rows.len());
        let mut picked = None;
        // One more on either side, so that the Tab key comes to it; the first, however far below they
        // begin, and the one behind it, since nothing can be done with oneself.
        let view = view.expand(theme::MEMBER_ROW);
        let above = ((view.min - first - question) / theme::MEMBER_ROW).floor().max(0.0) as usize;
        for (at, row) in rows.iter().enumerate().skip(above) {
            if top(at) > view.max && at > above + 1 {
                break;
            }
            let rect = Rect::from_min_size(pos2(place.left(), top(at)), vec2(place.width(), theme::MEMBER_ROW));
            let mark = Mark {
                owner: group.is_some_and(|group| *row == ChatKey::Person(group.owner)),
                tools: group.is_some_and(|group| model.is_me(group.owner) && *row != ChatKey::Person(group.owner)),
                busy: self.deeds.busy(),
            };
            picked = members::row(ui, rect, model, *row, clock, mark).or(picked);
        }
        if let (Some(open), Some((deed, _)), Some(id), Some(group)) = (open, asked, id, group) {
            let rect =
                Rect::from_min_size(pos2(place.left(), top(open) + theme::MEMBER_ROW), vec2(place.width(), question));
            self.question(ui, rect, deed, model, id, group, commands);
        }
        picked
    }

    fn foot_height(&self, ui: &Ui, width: f32, model: &Model, group: &Group, owner: bool) -> f32 {
        let inner = width - 2.0 * space::M;
        match self.deeds.asked().filter(|deed| deed.member().is_none()) {
            Some(deed) => question_height(ui, inner, &self.deeds, deed, model, group) + space::M,
            None => 2.0 * space::S + if owner { 2.0 * ROW } else { ROW },
        }
    }

    /// The ways out of a group.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn foot(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        model: &Model,
        id: GroupId,
        group: &Group,
        owner: bool,
        commands: &mut Vec<Command>,
    ) {
        let palette = theme::palette(ui);
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, palette.line));
        let inner = rect.shrink2(vec2(space::M, space::S));
        if let Some(deed) = self.deeds.asked().filter(|deed| deed.member().is_none()) {
            return self.question(ui, inner, deed, model, id, group, commands);
        }
        let ways = [
            (Icon::LogOut, "Leave group", Deed::Leave, palette.text),
            (Icon::Trash2, "Delete group", Deed::Delete, palette.danger),
        ];
        for (at, (sign, label, deed, color)) in ways.into_iter().enumerate().take(if owner { 2 } else { 1 }) {
            let top = inner.top() + at as f32 * ROW;
            let row = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), ROW));
            if controls::action(ui, row, sign, label, color, !self.deeds.busy()).clicked() {
                self.deeds.ask(deed);
            }
        }
    }

    /// Asks, in place, whether somebody means it; says, too, why it came to nothing.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn question(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        deed: Deed,
        model: &Model,
        id: GroupId,
        group: &Group,
        commands: &mut Vec<Command>,
    ) {
        let palette = theme::palette(ui);
        let mut y = rect.top() + space::XS;
        let left = rect.left() + space::S;
        let width = rect.width() - 2.0 * space::S;
        if let Some(problem) = self.deeds.problem(deed) {
            y += controls::trouble(ui, pos2(left, y), problem, width);
        } else {
            let words = deed.question(model, group);
            let galley = text::explained(ui, &text::drawable(&words), font::small(), palette.text, width);
            let place = Rect::from_min_size(pos2(left, y), galley.size());
            widgets::say(ui, place, &words);
            y += galley.size().y;
            ui.painter().galley(place.min, galley, palette.text);
        }
        y += space::S;
        let half = ((width - space::S) / 2.0).max(1.0);
        let cancel = Rect::from_min_size(pos2(left, y), vec2(half, BUTTON));
        let act = Rect::from_min_size(pos2(left + half + space::S, y), vec2(half, BUTTON));
        let (word, doing) = deed.words();
        let busy = self.deeds.does(deed);
        let response = controls::quiet_button(ui, cancel, "Cancel", "details");
        if self.deeds.is_new() {
            // From the keyboard, the next stop is the answer; and what is pressed by mistake does no harm.
            response.request_focus();
        }
        if response.clicked() {
            self.deeds.withdraw();
        }
        if controls::danger_button(ui, act, if busy { doing } else { word }, "details", !self.deeds.busy()).clicked() {
            commands.extend(self.deeds.begin(model, id, deed, "").map(Command::Group));
        }
    }
}

fn question_height(ui: &Ui, width: f32, deeds: &Deeds, deed: Deed, model: &Model, group: &Group) -> f32 {
    let width = width - 2.0 * space::S;
    let (words, width) = match deeds.problem(deed) {
        Some(problem) => (problem.to_owned(), width - 24.0),
        None => (deed.question(model, group), width),
    };
    let words = text::explained(ui, &text::drawable(&words), font::small(), egui::Color32::WHITE, width);
    space::XS + words.size().y + space::S + BUTTON + space::M
}

/// The word above the rows. Returns where it ends.
fn heading(ui: &mut Ui, place: Rect, y: f32, key: ChatKey, rows: usize) -> f32 {
    let palette = theme::palette(ui);
    ui.painter().hline(place.x_range(), y, Stroke::new(1.0, palette.line));
    let words = match (key, rows) {
        (ChatKey::Person(_), 1) => "1 GROUP IN COMMON".to_owned(),
        (ChatKey::Person(_), rows) => format!("{rows} GROUPS IN COMMON"),
        (_, rows) => presence::size(key, rows).to_uppercase(),
    };
    widgets::heading(ui, pos2(place.left() + space::S, y + theme::HEADING_ROW - 14.0), &words);
    y + theme::HEADING_ROW
}
