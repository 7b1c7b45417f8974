//! The rows below the details of a chat: who is in a room, or which groups one shares with a person.

use std::hash::{DefaultHasher, Hash, Hasher};

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Popup, Rect, RectAlign, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::deeds::Deed;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::proto::ids::UserId;
use crate::ui::controls;
use crate::ui::presence;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::when::Clock;
use crate::ui::widgets;
use crate::visible::isolated;

const FACE: f32 = 34.0;
const MENU: f32 = 210.0;

/// Which rows there are, kept until it changes.
#[derive(Debug, Default)]
pub struct Members {
    rows: Vec<ChatKey>,
    made_of: Option<u64>,
}

impl Members {
    /// In a group by the time of joining, as what follows from it matters there; in the room of everyone those who are
    /// there come first. For a person: the groups that both are in.
    pub fn of(&mut self, model: &Model, key: ChatKey) -> &[ChatKey] {
        let made_of = fingerprint(model, key);
        if self.made_of != Some(made_of) {
            self.rows = rows(model, key);
            self.made_of = Some(made_of);
        }
        &self.rows
    }
}

fn fingerprint(model: &Model, key: ChatKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    match key {
        ChatKey::Everyone => {
            for (id, person) in &model.people {
                (id, person.status as u8, &person.username).hash(&mut hasher);
            }
        }
        ChatKey::Group(id) => model.groups.get(&id).map(|group| &group.members).hash(&mut hasher),
        ChatKey::Person(person) => {
            for (id, group) in &model.groups {
                (id, &group.name, group.members.contains(&person)).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

fn rows(model: &Model, key: ChatKey) -> Vec<ChatKey> {
    match key {
        ChatKey::Everyone => {
            let mut all: Vec<_> = model.people.iter().collect();
            all.sort_by_cached_key(|(_, person)| (person.status, person.username.to_lowercase()));
            all.into_iter().map(|(id, _)| ChatKey::Person(*id)).collect()
        }
        ChatKey::Group(id) => {
            let members = model.groups.get(&id).map(|group| group.members.as_slice()).unwrap_or_default();
            members.iter().copied().map(ChatKey::Person).collect()
        }
        ChatKey::Person(person) => {
            let mut common: Vec<_> = model.groups.iter().filter(|(_, group)| group.members.contains(&person)).collect();
            common.sort_by_cached_key(|(id, group)| (group.name.to_lowercase(), **id));
            common.into_iter().map(|(id, _)| ChatKey::Group(*id)).collect()
        }
    }
}

/// What a row shows besides who it is.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// The group is theirs.
    pub owner: bool,
    /// The owner looks at somebody else: there is something to be done.
    pub tools: bool,
    /// Something is under way: nothing else can be begun.
    pub busy: bool,
}

/// What somebody did in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// Look at that chat.
    Open(ChatKey),
    /// Do that.
    Ask(Deed),
}

/// Draws a row.
pub fn row(ui: &mut Ui, rect: Rect, model: &Model, key: ChatKey, clock: &Clock, mark: Mark) -> Option<Picked> {
    let palette = theme::palette(ui);
    let name = model.title(key);
    let (id, me) = match key {
        ChatKey::Person(id) => (Some(id), model.is_me(id)),
        ChatKey::Everyone | ChatKey::Group(_) => (None, false),
    };
    let shown = if me { format!("{} (you)", isolated(name)) } else { text::one_line(name) };
    let state = match id {
        Some(id) => presence::of(model, id, clock),
        None => presence::size(key, presence::count(model, key)),
    };
    let gone = id.is_some_and(|id| !model.people.contains_key(&id));
    let sense = if me || gone { Sense::hover() } else { Sense::click() };
    let response = ui.interact(rect, Id::unique(("member", key)), sense);
    let owner = if mark.owner { ", owner" } else { "" };
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("{shown}{owner}, {state}")));
    if response.gained_focus() {
        // With the one behind it: the Tab key goes on there.
        ui.scroll_to_rect(rect.expand2(vec2(0.0, theme::MEMBER_ROW)), None);
    }
    let behind = if !me && response.hovered() { palette.hover } else { palette.surface };
    ui.painter().rect_filled(rect, radius::S, behind);
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));

    let middle = rect.center().y;
    let status = id.and_then(|id| Some((presence::status(model, id)?, behind)));
    widgets::face(ui, pos2(rect.left() + space::S + FACE / 2.0, middle), FACE, key, name, status);
    let left = rect.left() + space::S + FACE + space::M;
    let tools = if mark.tools { 32.0 } else { 0.0 };
    let sign = if mark.owner { 24.0 } else { 0.0 };
    let right = rect.right() - space::S - tools;
    let galley = text::elided(ui, shown, font::strong(), palette.text, right - sign - left);
    ui.painter().galley(pos2(left, middle - 9.0 - galley.size().y / 2.0), galley, palette.text);
    let there = id.is_some_and(|id| presence::status(model, id) == Some(Status::Online));
    let color = if there { palette.accent } else { palette.subdued };
    let galley = text::elided(ui, state, font::small(), color, right - sign - left);
    ui.painter().galley(pos2(left, middle + 9.0 - galley.size().y / 2.0), galley, color);
    if mark.owner {
        let at = pos2(right - 10.0, middle);
        let place = Rect::from_center_size(at, vec2(20.0, 20.0));
        ui.interact(place, Id::unique(("crown", key)), Sense::hover()).on_hover_text("Owner of the group");
        widgets::icon(ui, at, Icon::Crown, 16.0, palette.away);
    }
    let asked = id.filter(|_| mark.tools && !mark.busy).and_then(|id| menu(ui, rect, id, name));
    match asked {
        Some(deed) => Some(Picked::Ask(deed)),
        None => response.clicked().then_some(Picked::Open(key)),
    }
}

/// What the owner can do with a member.
fn menu(ui: &mut Ui, rect: Rect, id: UserId, name: &str) -> Option<Deed> {
    let palette = theme::palette(ui);
    let button = Rect::from_center_size(pos2(rect.right() - 20.0, rect.center().y), vec2(30.0, 30.0));
    let response = widgets::icon_button(ui, button, Icon::EllipsisVertical, &format!("Actions for {}", isolated(name)));
    Popup::menu(&response)
        .align(RectAlign::BOTTOM_END)
        .width(MENU)
        .show(|ui| {
            ui.set_width(MENU);
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut chosen = None;
            for (sign, label, color, deed) in [
                (Icon::Crown, "Make owner…", palette.text, Deed::HandOver(id)),
                (Icon::UserMinus, "Remove from the group…", palette.danger, Deed::Remove(id)),
            ] {
                if controls::entry(ui, sign, label, color).clicked() {
                    ui.close();
                    chosen = Some(deed);
                }
            }
            chosen
        })
        .and_then(|shown| shown.inner)
}
