//! The page of administrators: who has an account, who is invited, and what the server is. It lies over the panes like
//! the settings, and is left with Esc. Wide, its sections stand at the left; narrow, above.

mod deeds;
mod invites;
mod people;
mod rows;
mod server;

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Id, Key, Modifiers, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use self::deeds::Deeds;
use self::people::People;
use self::server::Server;
use super::controls::{self, Field};
use super::dialogs::account::Kind;
use super::theme::{self, font, radius, space};
use super::when::Clock;
use super::widgets;
use crate::client::command::Command;
use crate::client::model::Model;

/// From this width on, the sections stand at the left.
const WIDE: f32 = 720.0;
const SECTIONS: f32 = 236.0;
const SECTION_ROW: f32 = 42.0;
/// The widest that the lists get.
const COLUMN: f32 = 720.0;
const SEARCH: f32 = 260.0;
/// The height of the line above a list, with its button.
const TOOLS: f32 = 64.0;

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Section {
    People,
    Invites,
    Server,
}

impl Section {
    const ALL: [Self; 3] = [Self::People, Self::Invites, Self::Server];

    fn title(self) -> &'static str {
        match self {
            Self::People => "People",
            Self::Invites => "Invites",
            Self::Server => "Server",
        }
    }

    fn sign(self) -> Icon {
        match self {
            Self::People => Icon::UsersRound,
            Self::Invites => Icon::Ticket,
            Self::Server => Icon::Server,
        }
    }
}

/// What somebody wants from the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To leave it.
    Close,
    /// To be asked about an account.
    Ask(Kind),
    /// To invite somebody.
    Invite,
}

/// The open page.
#[derive(Debug)]
pub struct Page {
    section: Section,
    query: String,
    people: People,
    server: Server,
    deeds: Deeds,
    appeared: bool,
}

impl Page {
    /// The page as it opens.
    pub fn open() -> Self {
        Self {
            section: Section::People,
            query: String::new(),
            people: People::default(),
            server: Server::default(),
            deeds: Deeds::default(),
            appeared: false,
        }
    }

    /// Draws the page in `rect`.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        model: &Model,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) -> Option<Intent> {
        let palette = theme::palette(ui);
        ui.painter().rect_filled(rect, 0.0, palette.backdrop);
        self.deeds.settle(model);
        // A menu closes itself with Esc, before it is known here.
        let menu = egui::Popup::is_any_open(ui.ctx());
        let wide = rect.width() >= WIDE;
        let head = Rect::from_min_size(rect.min, vec2(rect.width(), theme::HEADER));
        let mut intent = self.head(ui, head, wide);
        let mut body = Rect::from_min_max(pos2(rect.left(), head.bottom()), rect.max);
        if wide {
            let (left, right) = body.split_left_right_at_x(body.left() + SECTIONS);
            ui.painter().rect_filled(left, 0.0, palette.surface);
            ui.painter().vline(left.right() - 0.5, left.y_range(), Stroke::new(1.0, palette.line));
            for (at, section) in Section::ALL.into_iter().enumerate() {
                let corner = left.min + vec2(space::S, space::M + at as f32 * (SECTION_ROW + 2.0));
                let row = Rect::from_min_size(corner, vec2(left.width() - 2.0 * space::S, SECTION_ROW));
                self.tab(ui, row, section, true);
            }
            body = right;
        } else {
            let (tabs, rest) = body.split_top_bottom_at_y(body.top() + SECTION_ROW + space::S);
            ui.painter().rect_filled(tabs, 0.0, palette.surface);
            ui.painter().hline(tabs.x_range(), tabs.bottom() - 0.5, Stroke::new(1.0, palette.line));
            let width = (tabs.width() - 2.0 * space::S) / Section::ALL.len() as f32;
            for (at, section) in Section::ALL.into_iter().enumerate() {
                let corner = tabs.min + vec2(space::S + at as f32 * width, 0.0);
                self.tab(
                    ui,
                    Rect::from_min_size(corner, vec2(width, SECTION_ROW)).shrink2(vec2(2.0, 0.0)),
                    section,
                    false,
                );
            }
            body = rest;
        }
        if let Some(height) = self.deeds.show(ui, body) {
            body.max.y -= height;
        }
        let column = column(body);
        match &model.admin {
            Some(view) if view.loaded => {
                let deeds = &mut self.deeds;
                let found = match self.section {
                    Section::People => {
                        let place = if wide { column } else { self.search_above(ui, column) };
                        self.people.show(ui, place, (model, view, clock), &self.query, &mut self.deeds, commands)
                    }
                    Section::Invites => invites::show(ui, column, (model, view, clock), deeds, commands),
                    Section::Server => {
                        self.server.show(ui, column, model, deeds, commands);
                        None
                    }
                };
                intent = intent.or(found);
            }
            Some(view) => match &view.problem {
                Some(problem) => _ = widgets::empty(ui, body, Icon::CircleAlert, "This cannot be shown now", problem),
                None => _ = widgets::empty(ui, body, Icon::UsersRound, "Loading…", ""),
            },
            None => _ = widgets::empty(ui, body, Icon::UsersRound, "Loading…", ""),
        }
        if !menu && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            match self.query.is_empty() {
                true => intent = Some(Intent::Close),
                false => self.query.clear(),
            }
            ui.ctx().request_repaint();
        }
        intent
    }

    /// The title, the way back, and where there is room the search.
    fn head(&mut self, ui: &mut Ui, head: Rect, wide: bool) -> Option<Intent> {
        let palette = theme::palette(ui);
        ui.painter().rect_filled(head, 0.0, palette.surface);
        ui.painter().hline(head.x_range(), head.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let back = Rect::from_center_size(pos2(head.left() + space::L + 10.0, head.center().y), vec2(36.0, 36.0));
        let left = widgets::icon_button(ui, back, Icon::ArrowLeft, "Close administration").clicked();
        let at = pos2(back.right() + space::S, head.center().y);
        widgets::line(ui, at, "Administration", font::title(), palette.text, 200.0);
        if wide && self.section == Section::People {
            let size = vec2(SEARCH, controls::FIELD);
            let at = pos2(head.right() - space::L - SEARCH / 2.0, head.center().y);
            self.search(ui, Rect::from_center_size(at, size));
        }
        left.then_some(Intent::Close)
    }

    /// The search above the list. Returns what is left for that.
    fn search_above(&mut self, ui: &mut Ui, column: Rect) -> Rect {
        let top = column.top() + space::M;
        let field = Rect::from_min_size(pos2(column.left(), top), vec2(column.width(), controls::FIELD));
        self.search(ui, field);
        Rect::from_min_max(pos2(column.left(), field.bottom() - space::XS), column.max)
    }

    fn search(&mut self, ui: &mut Ui, field: Rect) {
        let name = "Search accounts";
        let with = Field { name, hint: name, sign: Some(Icon::Search), wrong: false, enabled: true };
        let response = controls::field(ui, field, Id::unique(name), &mut self.query, &with);
        if !std::mem::replace(&mut self.appeared, true) {
            response.request_focus();
        }
        if response.changed() {
            ui.ctx().request_repaint();
        }
    }

    fn tab(&mut self, ui: &mut Ui, row: Rect, section: Section, wide: bool) {
        let palette = theme::palette(ui);
        let response = ui.interact(row, Id::unique(("administration", section)), Sense::click());
        let chosen = section == self.section;
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, section.title()));
        let fill = match (chosen, response.hovered()) {
            (true, _) => palette.selected,
            (false, true) => palette.hover,
            (false, false) => palette.surface,
        };
        ui.painter().rect_filled(row, radius::S, fill);
        widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
        let color = if chosen { palette.accent } else { palette.subdued };
        let font = if chosen { font::strong() } else { font::body() };
        if wide {
            widgets::icon(ui, pos2(row.left() + space::M + 9.0, row.center().y + 1.0), section.sign(), 18.0, color);
            let left = pos2(row.left() + space::M + 18.0 + space::M, row.center().y);
            ui.painter().text(left, Align2::LEFT_CENTER, section.title(), font, palette.text);
        } else {
            let galley = ui.painter().layout_no_wrap(section.title().to_owned(), font, palette.text);
            let left = row.center().x - (galley.size().x - 18.0 - space::S) / 2.0;
            widgets::icon(ui, pos2(left - space::S - 9.0, row.center().y + 1.0), section.sign(), 16.0, color);
            ui.painter().galley(pos2(left, row.center().y - galley.size().y / 2.0), galley, palette.text);
        }
        if response.clicked() && !chosen {
            self.section = section;
            self.query.clear();
            ui.ctx().request_repaint();
        }
    }
}

/// Where the lists stand: in the middle, no wider than can be read.
fn column(body: Rect) -> Rect {
    let edge = if body.width() < COLUMN { space::M } else { space::XL };
    let width = (body.width() - 2.0 * edge).clamp(1.0, COLUMN);
    let left = body.left() + ((body.width() - width) / 2.0).max(edge).round();
    Rect::from_min_max(pos2(left, body.top()), pos2(left + width, body.bottom()))
}

/// The line above a list: how much there is, and the button that makes more. Returns what is left for the list, and
/// whether the button was pressed.
fn tools(ui: &mut Ui, column: Rect, count: &str, button: &str) -> (Rect, bool) {
    let middle = column.top() + TOOLS / 2.0;
    let size = vec2(148.0, controls::FIELD);
    let place = Rect::from_min_size(pos2(column.right() - size.x, middle - size.y / 2.0), size);
    let color = theme::palette(ui).subdued;
    let left = pos2(column.left() + space::XS, middle);
    widgets::line(ui, left, count, font::small_strong(), color, place.left() - space::M - left.x);
    let clicked = widgets::primary_button(ui, place, button, true).clicked();
    (Rect::from_min_max(pos2(column.left(), column.top() + TOOLS), column.max), clicked)
}

/// The card that a list of that height stands in. Returns what is within its edges.
fn card(ui: &Ui, rest: Rect, height: f32) -> Rect {
    let palette = theme::palette(ui);
    let most = (rest.height() - space::M).max(1.0);
    let card = Rect::from_min_size(rest.min, vec2(rest.width(), (height + 2.0 * space::XS).min(most)));
    ui.painter().rect(card, radius::M, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    card.shrink2(vec2(space::XS, space::XS))
}
