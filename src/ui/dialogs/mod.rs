//! What is asked before something is done: a card above the window, which waits until it is answered or cancelled.
//!
//! While a dialog is there, keys and clicks are its own. It reads the model and emits commands, as every view does.

pub mod account;
mod add_people;
mod delete;
mod everywhere;
mod export;
pub mod finder;
mod new_group;
mod new_invite;
mod reading;
mod several;
mod shortcuts;
pub mod trust;

use egui::{
    Align2, Area, Color32, Event, Id, Key, Modifiers, Order, Rect, Sense, Stroke, StrokeKind, Ui, UiKind, pos2, vec2,
};
use lucide_icons::Icon;

use self::account::AskAccount;
use self::add_people::AddPeople;
use self::delete::DeleteMessage;
use self::everywhere::SearchEverywhere;
use self::export::ExportChat;
use self::finder::Finder;
use self::new_group::NewGroup;
use self::new_invite::NewInvite;
use self::reading::Reading;
use self::several::Several;
use self::shortcuts::Shortcuts;
use super::actions::Action;
use super::controls;
use super::text;
use super::theme::{self, font, radius, space};
use super::when::Clock;
use super::widgets;
use crate::client::command::Command;
use crate::client::model::Model;
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::ids::Seq;

/// The height of a dialog's title.
const TITLE: f32 = 54.0;
/// The widest that a dialog gets.
const WIDTH: f32 = 440.0;
/// The highest that a dialog gets.
const HEIGHT: f32 = 620.0;
/// The height of the buttons and what is around them.
const FOOT: f32 = controls::FIELD + space::M + space::L;

/// A dialog that is open.
#[derive(Debug)]
pub enum Dialog {
    /// Make a group.
    NewGroup(NewGroup),
    /// Write to several people.
    Several(Several),
    /// Add people to a group.
    AddPeople(AddPeople),
    /// Search all chats.
    Everywhere(SearchEverywhere),
    /// Find a chat, a person or a command.
    Finder(Box<Finder>),
    /// Show the keys.
    Shortcuts(Shortcuts),
    /// Keep a chat as a file.
    Export(ExportChat),
    /// Read a chat that was kept as a file.
    Reading(Reading),
    /// Do something about an account.
    Account(AskAccount),
    /// Invite somebody.
    Invite(NewInvite),
    /// Take a message back.
    Delete(DeleteMessage),
}

/// What a dialog comes to in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It stays.
    Stay,
    /// It closes.
    Close,
    /// It closes, and that group is to be looked at once it is known.
    Open(GroupId),
    /// It closes, and that message is to be looked at.
    Show(ChatKey, Seq),
    /// It closes, and that chat is to be looked at.
    Look(ChatKey),
    /// It closes, and that is to be done.
    Do(Action),
}

impl Dialog {
    /// To make a group.
    pub fn new_group() -> Self {
        Self::NewGroup(NewGroup::default())
    }

    /// To write to several people.
    pub fn several() -> Self {
        Self::Several(Several::new())
    }

    /// To add people to a group.
    pub fn add_people(group: GroupId) -> Self {
        Self::AddPeople(AddPeople::new(group))
    }

    /// To search all chats.
    pub fn everywhere() -> Self {
        Self::Everywhere(SearchEverywhere::new())
    }

    /// To find something.
    pub fn finder(finder: Finder) -> Self {
        Self::Finder(Box::new(finder))
    }

    /// To show the keys.
    pub fn shortcuts() -> Self {
        Self::Shortcuts(Shortcuts)
    }

    /// To keep a chat as a file.
    pub fn export(chat: ChatKey) -> Self {
        Self::Export(ExportChat::new(chat))
    }

    /// To read a chat that was kept as a file.
    pub fn reading() -> Self {
        Self::Reading(Reading::new())
    }

    /// To do something about an account.
    pub fn account(ask: AskAccount) -> Self {
        Self::Account(ask)
    }

    /// To invite somebody to a server, which is reached at that address and told by that fingerprint as far as they are known.
    pub fn invite(server: Option<String>, fingerprint: Option<Fingerprint>) -> Self {
        Self::Invite(NewInvite::new(server, fingerprint))
    }

    /// To take a message back.
    pub fn delete(chat: ChatKey, seq: Seq) -> Self {
        Self::Delete(DeleteMessage::new(chat, seq))
    }

    /// What it needs of what surrounds the window, asked for once.
    pub fn take_order(&mut self) -> Option<crate::export::Order> {
        match self {
            Self::Export(dialog) => dialog.order.take(),
            Self::Reading(dialog) => dialog.order.take(),
            _ => None,
        }
    }

    /// Draws the dialog above everything else.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Step {
        match self {
            Self::NewGroup(dialog) => dialog.show(ui, model, clock, commands),
            Self::Several(dialog) => dialog.show(ui, model, clock, commands),
            Self::AddPeople(dialog) => dialog.show(ui, model, clock, commands),
            Self::Everywhere(dialog) => dialog.show(ui, model, clock),
            Self::Finder(dialog) => dialog.show(ui, model, clock),
            Self::Shortcuts(dialog) => dialog.show(ui),
            Self::Export(dialog) => dialog.show(ui, model, clock, commands),
            Self::Reading(dialog) => dialog.show(ui, clock),
            Self::Account(dialog) => dialog.show(ui, model, commands),
            Self::Invite(dialog) => dialog.show(ui, model, clock, commands),
            Self::Delete(dialog) => dialog.show(ui, model, commands),
        }
    }
}

/// A card with a title above a dimmed window. Returns what is drawn in it, and whether somebody wants it closed.
fn layer<R>(ui: &Ui, title: &str, height: f32, content: impl FnOnce(&mut Ui, Rect) -> R) -> (R, bool) {
    let place = |screen: Rect, size| Rect::from_center_size(screen.center(), size);
    let ((result, closed), left) = card(ui, title, vec2(WIDTH, height), place, |ui, card| {
        let middle = card.top() + TITLE / 2.0 + 2.0;
        let left = pos2(card.left() + space::XL, middle);
        let color = theme::palette(ui).text;
        widgets::line(ui, left, title, font::title(), color, card.width() - 2.0 * space::XL - 36.0);
        let inner = Rect::from_min_max(
            pos2(card.left() + space::XL, card.top() + TITLE),
            (card.max - vec2(space::XL, space::L)).max(card.min + vec2(space::XL + 1.0, TITLE + 1.0)),
        );
        let result = content(ui, inner);
        // Last, so that it is the last stop of the Tab key.
        let close = Rect::from_center_size(pos2(card.right() - space::L - 12.0, middle), vec2(32.0, 32.0));
        (result, widgets::icon_button(ui, close, Icon::X, "Close").clicked())
    });
    (result, closed || left)
}

/// A card above a dimmed window, no larger than fits. Returns what is drawn in it, and whether it was left: by Esc or by
/// a click beside it.
fn card<R>(
    ui: &Ui,
    name: &str,
    size: egui::Vec2,
    place: impl FnOnce(Rect, egui::Vec2) -> Rect,
    content: impl FnOnce(&mut Ui, Rect) -> R,
) -> (R, bool) {
    let id = Id::unique("dialog");
    let screen = ui.ctx().content_rect();
    let area = Area::new(id)
        .kind(UiKind::Modal)
        .order(Order::Foreground)
        .fixed_pos(screen.min)
        .default_size(screen.size())
        .constrain(false)
        .fade_in(false)
        .accessible_name(name);
    ui.ctx().memory_mut(|memory| memory.set_modal_layer(area.layer()));
    let shown = area.show(ui.ctx(), |ui| {
        ui.set_min_size(screen.size());
        let outside = ui.interact(screen, id.with("outside"), Sense::click() - Sense::FOCUSABLE);
        ui.painter().rect_filled(screen, 0.0, Color32::from_black_alpha(110));

        // Low windows have better use for the room than an edge.
        let edge = if screen.height() < size.y { space::XS } else { space::M };
        let most = (screen.size() - vec2(2.0 * space::M, 2.0 * edge)).max(vec2(1.0, 1.0));
        let card = place(screen, size.min(most));
        let card = Rect::from_min_size(card.min.round(), card.size().round());
        // What is clicked within the card is not outside.
        ui.interact(card, id.with("card"), Sense::click() - Sense::FOCUSABLE);
        let palette = theme::palette(ui);
        ui.painter().rect(card, radius::L, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
        ui.set_clip_rect(card.intersect(ui.clip_rect()));
        (content(ui, card), outside.clicked())
    });
    let (result, outside) = shown.inner;
    // An input method takes its keys itself.
    let composing = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_))));
    let escaped = !composing && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    (result, outside || escaped)
}

/// The two buttons at the end of a dialog.
struct Foot<'a> {
    /// The word on the button that matters.
    act: &'a str,
    /// The word on the one beside it; none where there is nothing to cancel.
    cancel: Option<&'a str>,
    /// The button can do what it says.
    ready: bool,
    /// Why the last attempt came to nothing.
    problem: Option<&'a str>,
}

/// What was clicked in the foot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clicked {
    Act,
    Cancel,
    Nothing,
}

impl Foot<'_> {
    /// How high it will be: what went wrong stands above the buttons.
    fn height(&self, ui: &Ui, width: f32) -> f32 {
        let trouble = self.problem.map_or(0.0, |problem| {
            let words = text::drawable(problem);
            text::explained(ui, &words, font::small(), Color32::WHITE, width - 24.0).size().y + space::M
        });
        controls::FIELD + space::L + trouble
    }

    /// Draws it at the lower edge of `inner`. Ctrl+Enter is the button that matters, wherever the caret is.
    fn show(&self, ui: &mut Ui, inner: Rect) -> Clicked {
        self.show_as(ui, inner, false)
    }

    /// The same; a button that is grave takes something away.
    fn show_as(&self, ui: &mut Ui, inner: Rect, grave: bool) -> Clicked {
        let top = inner.bottom() - self.height(ui, inner.width()) + space::L;
        if let Some(problem) = self.problem {
            controls::trouble(ui, pos2(inner.left(), top), problem, inner.width());
        }
        let button = vec2(118.0, controls::FIELD);
        let act = Rect::from_min_size(inner.max - button, button);
        let cancel = Rect::from_min_size(act.min - vec2(96.0 + space::S, 0.0), vec2(96.0, controls::FIELD));
        let cancelled = self.cancel.is_some_and(|word| controls::quiet_button(ui, cancel, word, "dialog").clicked());
        let clicked = match grave {
            true => controls::danger_button(ui, act, self.act, "dialog", self.ready).clicked(),
            false => widgets::primary_button(ui, act, self.act, self.ready).clicked(),
        };
        let pressed = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        match (clicked || pressed, cancelled) {
            (true, _) => Clicked::Act,
            (false, true) => Clicked::Cancel,
            (false, false) => Clicked::Nothing,
        }
    }
}

/// How wide what is in a dialog is.
fn inner_width(ui: &Ui) -> f32 {
    (ui.ctx().content_rect().width() - 2.0 * space::M).min(WIDTH) - 2.0 * space::XL
}

/// What is to be known, in small letters. Returns the height that it took.
pub fn paragraph(ui: &mut Ui, at: egui::Pos2, words: &str, width: f32) -> f32 {
    let color = theme::palette(ui).subdued;
    let galley = text::explained(ui, &text::drawable(words), font::small(), color, width);
    widgets::say(ui, Rect::from_min_size(at, galley.size()), words);
    ui.painter().galley(at, galley.clone(), color);
    galley.size().y
}

/// One short line, at the right edge or the left.
fn remark(ui: &mut Ui, at: egui::Pos2, align: Align2, words: &str, color: Color32) {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font::small(), color);
    let place = align.anchor_size(at, galley.size());
    widgets::say(ui, place, words);
    ui.painter().galley(place.min, galley, color);
}
