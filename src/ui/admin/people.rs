//! The people of the page: a list of any length of which only what is seen is drawn, and for each what can be done.

use egui::accesskit::Role;
use egui::{Align2, Color32, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::deeds::Deeds;
use super::rows::{self, Found, Person};
use super::{Intent, card, tools};
use crate::client::command::{AdminWish, Command};
use crate::client::model::{AdminView, Model};
use crate::proto::account;
use crate::proto::ids::UserId;
use crate::ui::dialogs::account::Kind;
use crate::ui::fuzzy::Query;
use crate::ui::menu::{self, Entry};
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::{text, widgets};
use crate::visible::isolated;

const ROW: f32 = 60.0;
const FACE: f32 = 38.0;

/// Who is shown.
#[derive(Debug, Default)]
pub struct People {
    found: Found,
}

/// What can be done with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Reset,
    SetRole(bool),
    StepDown,
    Block(bool),
    Remove,
}

impl Deed {
    /// What can be done with whom.
    fn all(person: &Person) -> Vec<Self> {
        match (person.me, person.admin) {
            (true, _) => vec![Self::Reset, Self::StepDown],
            (false, admin) => vec![Self::Reset, Self::SetRole(!admin), Self::Block(!person.blocked), Self::Remove],
        }
    }

    fn entry(self, ui: &Ui) -> Entry<'static> {
        let palette = theme::palette(ui);
        let (sign, label, color) = match self {
            Self::Reset => (Icon::KeyRound, "Reset the password…", palette.text),
            Self::SetRole(true) => (Icon::ShieldCheck, "Make administrator", palette.text),
            Self::SetRole(false) => (Icon::ShieldOff, "Make member", palette.text),
            Self::StepDown => (Icon::ShieldOff, "Become a member…", palette.text),
            Self::Block(true) => (Icon::Ban, "Block", palette.danger),
            Self::Block(false) => (Icon::CircleCheck, "Unblock", palette.text),
            Self::Remove => (Icon::Trash2, "Remove the account…", palette.danger),
        };
        Entry { sign, label, color, press: None }
    }
}

impl People {
    /// Draws the list with what is above it.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        column: Rect,
        (model, view, clock): (&Model, &AdminView, &Clock),
        search: &str,
        deeds: &mut Deeds,
        commands: &mut Vec<Command>,
    ) -> Option<Intent> {
        let (rest, add) = tools(ui, column, &rows::count(view), "Add a person");
        let mut intent = add.then_some(Intent::Ask(Kind::Add));
        let changed = self.found.look(view, search);
        let Found { ids, query, .. } = &self.found;
        if ids.is_empty() {
            widgets::empty(ui, rest, Icon::Search, "Nobody has that name", "Clear the search with Esc.");
            return intent;
        }
        let inner = card(ui, rest, ids.len() as f32 * ROW);
        let mut child = ui
            .new_child(UiBuilder::new().max_rect(inner).accessibility_role(Role::List).accessibility_label("Accounts"));
        child.set_clip_rect(inner.intersect(ui.clip_rect()));
        child.spacing_mut().item_spacing.y = 0.0;
        let mut area = ScrollArea::vertical().id_salt("accounts").auto_shrink(false);
        if changed && !search.is_empty() {
            area = area.vertical_scroll_offset(0.0);
        }
        let mut chosen = None;
        area.show_rows(&mut child, ROW, ids.len(), |ui, range| {
            for id in ids.get(range).unwrap_or_default() {
                let Some(account) = view.accounts.get(id) else { continue };
                let person = Person::of(account, model, clock);
                chosen = row(ui, &person, query.as_ref()).map(|deed| (*id, person.name, deed)).or(chosen.take());
            }
        });
        if let Some((id, name, deed)) = chosen {
            let asked = take(id, &name, deed, model, deeds, commands);
            intent = intent.or(asked);
            ui.ctx().request_repaint();
        }
        intent
    }
}

/// Does what needs no question, and asks what does.
fn take(
    user: UserId,
    name: &str,
    deed: Deed,
    model: &Model,
    deeds: &mut Deeds,
    commands: &mut Vec<Command>,
) -> Option<Intent> {
    let name = isolated(&text::one_line(name)).into_owned();
    let (wish, doing, done) = match deed {
        Deed::Reset => return Some(Intent::Ask(Kind::Reset(user))),
        Deed::StepDown => return Some(Intent::Ask(Kind::StepDown(user))),
        Deed::Remove => return Some(Intent::Ask(Kind::Remove(user))),
        Deed::SetRole(true) => (
            AdminWish::SetRole { user, role: account::Role::Admin },
            format!("Making {name} an administrator…"),
            format!("{name} is an administrator now."),
        ),
        Deed::SetRole(false) => (
            AdminWish::SetRole { user, role: account::Role::Member },
            format!("Making {name} a member…"),
            format!("{name} is a member now, and no administrator any more."),
        ),
        Deed::Block(true) => (
            AdminWish::Block { user, blocked: true },
            format!("Blocking {name}…"),
            format!("{name} is blocked: signed out everywhere, and cannot sign in until you unblock them."),
        ),
        Deed::Block(false) => (
            AdminWish::Block { user, blocked: false },
            format!("Unblocking {name}…"),
            format!("{name} can sign in again."),
        ),
    };
    deeds.begin(model, wish, doing, done, commands);
    None
}

fn row(ui: &mut Ui, person: &Person, query: Option<&Query>) -> Option<Deed> {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let id = Id::unique(("account", person.id));
    let response = ui.interact(rect, id, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, person.spoken()));
    let behind = widgets::choosable(ui, rect, response.hovered(), false);
    let middle = rect.center().y;
    let center = pos2(rect.left() + space::S + FACE / 2.0, middle);
    widgets::avatar(ui, center, FACE, &person.name, Some((person.status, behind)));
    let left = center.x + FACE / 2.0 + space::M;
    let button = Rect::from_center_size(pos2(rect.right() - space::S - 16.0, middle), vec2(32.0, 32.0));
    let right = button.left() - space::S;

    // The marks keep their room, whatever the name takes.
    let mut marks: Vec<(&str, Color32)> = Vec::new();
    if person.admin {
        marks.push(("Admin", palette.accent));
    }
    if person.blocked {
        marks.push(("Blocked", palette.danger));
    }
    let laid: Vec<_> = marks
        .into_iter()
        .map(|(word, color)| (ui.painter().layout_no_wrap(word.into(), font::small_strong(), color), color))
        .collect();
    let marked: f32 = laid.iter().map(|(galley, _)| galley.size().x + 12.0 + space::S).sum();
    let name = if person.me { format!("{} (you)", isolated(&person.name)) } else { person.name.clone() };
    let galley = widgets::found_name(ui, &name, query.filter(|_| !person.me), font::strong(), right - marked - left);
    let mut x = left + galley.size().x + space::S;
    ui.painter().galley(pos2(left, middle - 10.0 - galley.size().y / 2.0), galley, palette.text);
    for (galley, color) in laid {
        let pill = Rect::from_min_size(pos2(x, middle - 20.0), vec2(galley.size().x + 12.0, 20.0));
        ui.painter().rect_stroke(
            pill,
            10.0,
            egui::Stroke::new(1.0, color.gamma_multiply(0.5)),
            egui::StrokeKind::Inside,
        );
        ui.painter().galley(Align2::CENTER_CENTER.anchor_size(pill.center(), galley.size()).min, galley, color);
        x = pill.right() + space::S;
    }
    let words = text::elided(ui, text::one_line(&person.words), font::small(), palette.subdued, right - left);
    ui.painter().galley(pos2(left, middle + 11.0 - words.size().y / 2.0), words, palette.subdued);
    let response = match &person.connections {
        Some(all) => response.on_hover_text(text::hint(all)),
        None => response,
    };

    let label = format!("Actions for {}", isolated(&text::one_line(&person.name)));
    let tools = widgets::icon_button(ui, button, Icon::EllipsisVertical, &label);
    if tools.gained_focus() {
        // With the one behind it: the Tab key goes on there.
        ui.scroll_to_rect(rect.expand2(vec2(0.0, ROW)), None);
    }
    let deeds = Deed::all(person);
    let entries = || deeds.iter().map(|deed| deed.entry(ui)).collect();
    let chosen = menu::of_button(ui, &tools, &response, entries);
    chosen.and_then(|at| deeds.get(at).copied())
}
