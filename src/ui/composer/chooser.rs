//! The card of emoji: one searches or looks through them, and takes one. The search has the caret; arrows go through what
//! is shown, whatever was typed. Only what is in view is drawn.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, Event, Id, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::grid::{CELL, Grid, HEADING, Row, Way};
use super::popup::{self, GAP, MARGIN};
use crate::ui::controls::{self, Field};
use crate::ui::emoji::index::{self, TONES};
use crate::ui::emoji::taste::Taste;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::{text, widgets};

/// The most emoji in a row.
const COLUMNS_MAX: usize = 9;
/// How high the part is that scrolls, where there is room.
const HEIGHT: f32 = 7.0 * CELL;
/// The height of the signs of the groups.
const TABS: f32 = 38.0;
/// The height of what is said of an emoji.
const FOOT: f32 = 54.0;
/// The room of the scroll bar.
const BAR: f32 = 8.0;
/// The most that is typed into the search: longer than any name.
const SEARCH_MAX_BYTES: usize = 100;

/// The signs of the groups, in the order of their headings.
const SIGNS: [Icon; 10] = [
    Icon::Clock3,
    Icon::Smile,
    Icon::Hand,
    Icon::PawPrint,
    Icon::Apple,
    Icon::Car,
    Icon::Volleyball,
    Icon::Lightbulb,
    Icon::Shapes,
    Icon::Flag,
];

/// What the card keeps while it is open.
#[derive(Debug, Default)]
pub struct Chooser {
    search: String,
    /// The emoji that Enter takes.
    at: usize,
    /// How far the list was scrolled, and how high it was.
    seen: (f32, f32),
    /// Where the list is to be scrolled to.
    go_to: Option<f32>,
    /// The tones of skin are shown.
    tones: bool,
    has_focus: bool,
}

/// What somebody did with the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing yet.
    Nothing,
    /// Took an emoji; the card stays open if `more` are wanted.
    Took {
        /// Which.
        emoji: String,
        /// More are wanted.
        more: bool,
    },
    /// Turned to something else.
    Left,
}

/// The keys that were pressed in the search and are for the list.
#[derive(Clone, Copy, Debug, Default)]
struct Pressed {
    along: isize,
    across: isize,
    pages: isize,
    enter: bool,
}

fn search_id() -> Id {
    Id::unique("search emoji")
}

fn area() -> Id {
    Id::unique("emoji")
}

impl Pressed {
    fn in_search(ui: &Ui) -> Self {
        if !ui.memory(|memory| memory.has_focus(search_id())) {
            return Self::default();
        }
        ui.input_mut(|input| {
            let mut count = |key| isize::try_from(input.count_and_consume_key(Modifiers::NONE, key)).unwrap_or(0);
            let along = count(Key::ArrowRight) - count(Key::ArrowLeft);
            let across = count(Key::ArrowDown) - count(Key::ArrowUp);
            let pages = count(Key::PageDown) - count(Key::PageUp);
            // With Shift as well: it says that more are wanted.
            let enter = input.events.iter().any(is_enter);
            input.events.retain(|event| !is_enter(event));
            Self { along, across, pages, enter }
        })
    }
}

fn is_enter(event: &Event) -> bool {
    matches!(event, Event::Key { key: Key::Enter, pressed: true, repeat: false, .. })
}

impl Chooser {
    /// Draws the card above the composer, with its right edge at `right`. `button` is what opens and closes it.
    pub fn show(&mut self, ui: &Ui, right: f32, left: f32, button: Rect, taste: &mut Taste) -> Done {
        let inside = right - left - 2.0 * MARGIN;
        let columns = (((inside - BAR) / CELL) as usize).clamp(1, COLUMNS_MAX);
        let width = columns as f32 * CELL + BAR;
        let room = ui.max_rect().top() - ui.ctx().content_rect().top() - 2.0 * (GAP + MARGIN);
        let fixed = controls::FIELD + 2.0 * space::XS + FOOT + TABS;
        let height = HEIGHT.min(room - fixed).max(HEADING + CELL);
        let pressed = Pressed::in_search(ui);
        let mut done = Done::Nothing;
        popup::at(ui, area(), Align2::RIGHT_BOTTOM, right, "Emoji", Role::Dialog, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            self.search(ui, width);
            let grid = Grid::of(&self.search, taste.recent(), columns);
            self.go(&grid, pressed);
            self.tabs(ui, &grid, width);
            let taken = self.list(ui, &grid, width, height, taste.tone());
            let cell = taken.or(Some(self.at).filter(|_| pressed.enter));
            if let Some(emoji) = cell.and_then(|cell| shown(&grid, cell, taste.tone())) {
                let more = ui.input(|input| input.modifiers.shift);
                done = Done::Took { emoji: emoji.to_owned(), more };
            }
            let marked = shown(&grid, self.at, taste.tone()).map(str::to_owned);
            self.foot(ui, marked.as_deref(), width, taste);
        });
        if done == Done::Nothing && left_by_pointer(ui, button) { Done::Left } else { done }
    }

    fn search(&mut self, ui: &mut Ui, width: f32) {
        let (frame, _) = ui.allocate_exact_size(vec2(width, controls::FIELD), Sense::hover());
        let with =
            Field { name: "Search emoji", hint: "Search emoji", sign: Some(Icon::Search), wrong: false, enabled: true };
        // What is typed is for the search, wherever the focus is.
        let typed =
            ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Text(text) if text != " ")));
        if !self.has_focus || typed {
            ui.memory_mut(|memory| memory.request_focus(search_id()));
        }
        let before = self.search.len();
        let response = controls::field(ui, frame, search_id(), &mut self.search, &with);
        self.has_focus |= response.has_focus();
        self.search.truncate(self.search.floor_char_boundary(SEARCH_MAX_BYTES));
        if response.changed() || self.search.len() != before {
            self.at = 0;
            self.go_to = Some(0.0);
        }
        ui.add_space(space::XS);
    }

    /// Goes where the keys lead.
    fn go(&mut self, grid: &Grid<'_>, pressed: Pressed) {
        self.at = self.at.min(grid.cells.len().saturating_sub(1));
        let was = self.at;
        let page = ((self.seen.1 / CELL) as isize - 1).max(1);
        self.at = grid.gone(self.at, Way::Along(pressed.along));
        self.at = grid.gone(self.at, Way::Across(pressed.across + page * pressed.pages));
        if self.at != was {
            let (offset, height) = self.seen;
            let top = grid.top_of(self.at);
            let bottom = grid.between(top, f32::INFINITY).find_map(|(begin, row)| match row {
                Row::Cells(cells) if cells.contains(&self.at) => Some(begin + CELL),
                _ => None,
            });
            self.go_to = Some(top.min(offset).max(bottom.unwrap_or(top) - height).max(0.0));
        }
    }

    /// The signs of the groups: each leads to its heading.
    fn tabs(&mut self, ui: &mut Ui, grid: &Grid<'_>, width: f32) {
        let palette = theme::palette(ui);
        let (all, _) = ui.allocate_exact_size(vec2(width, TABS), Sense::hover());
        let here = grid.heading_at(self.seen.0);
        let names = std::iter::once("Recently used").chain(index::GROUPS.map(|(_, name, _)| name));
        let shown: Vec<_> =
            names.zip(SIGNS).filter_map(|(name, sign)| Some((name, sign, grid.heading(name)?))).collect();
        if shown.is_empty() {
            let words = match grid.cells.len() {
                0 => String::new(),
                1 => "1 emoji".into(),
                count => format!("{count} emoji"),
            };
            let left = all.left_center() + vec2(space::XS, 0.0);
            ui.painter().text(left, Align2::LEFT_CENTER, words, font::small_strong(), palette.subdued);
            return;
        }
        let step = width / shown.len() as f32;
        for (n, (name, sign, top)) in shown.into_iter().enumerate() {
            let center = pos2(all.left() + step * (n as f32 + 0.5), all.center().y);
            let rect = Rect::from_center_size(center, vec2(step.min(34.0), 34.0));
            let response = ui.interact(rect, Id::unique(("emoji group", name)), Sense::click());
            let chosen = here == Some(name);
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, name));
            if response.hovered() {
                ui.painter().rect_filled(rect, radius::S, palette.hover);
            }
            widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
            let color = if chosen { palette.accent } else { palette.subdued };
            widgets::icon(ui, center, sign, 18.0, color);
            if chosen {
                let line = Rect::from_min_size(pos2(center.x - 9.0, all.bottom() - 3.0), vec2(18.0, 2.0));
                ui.painter().rect_filled(line, 1.0, palette.accent);
            }
            if response.on_hover_text(name).clicked() {
                self.go_to = Some(top);
                self.at = grid.first_under(name).unwrap_or(self.at);
                self.has_focus = false;
                ui.ctx().request_repaint();
            }
        }
        ui.painter().hline(all.x_range(), all.bottom() - 0.5, Stroke::new(1.0, palette.line));
    }

    /// The rows that are in view. Returns the emoji that was clicked.
    fn list(&mut self, ui: &mut Ui, grid: &Grid<'_>, width: f32, height: f32, tone: usize) -> Option<usize> {
        let palette = theme::palette(ui);
        let (place, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
        if grid.cells.is_empty() {
            widgets::empty(ui, place, Icon::SearchX, "Nothing found", "Try another word, like “heart” or “party”.");
            return None;
        }
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place));
        let mut area = ScrollArea::vertical().id_salt("emoji").max_height(height).auto_shrink(false);
        if let Some(offset) = self.go_to.take() {
            area = area.vertical_scroll_offset(offset.min((grid.height() - height).max(0.0)));
        }
        let moved = ui.input(|input| input.pointer.delta() != egui::Vec2::ZERO);
        let mut clicked = None;
        let output = area.show_viewport(&mut child, |ui, view| {
            ui.set_min_size(vec2(width, grid.height()));
            let corner = ui.min_rect().min;
            for (top, row) in grid.between(view.top(), view.bottom()) {
                let cells = match row {
                    Row::Heading(name) => {
                        widgets::heading(ui, corner + vec2(space::XS, top + HEADING / 2.0 + 1.0), &name.to_uppercase());
                        continue;
                    }
                    Row::Cells(cells) => cells.clone(),
                };
                for (column, cell) in cells.enumerate() {
                    let rect = Rect::from_min_size(corner + vec2(column as f32 * CELL, top), vec2(CELL, CELL));
                    let Some(emoji) = shown(grid, cell, tone) else { continue };
                    let response = ui.interact(rect, area_cell(cell), Sense::click() - Sense::FOCUSABLE);
                    response.widget_info(|| WidgetInfo::labeled(Role::ListBoxOption, true, index::name(emoji)));
                    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(cell == self.at));
                    if response.hovered() && moved {
                        self.at = cell;
                    }
                    if cell == self.at {
                        ui.painter().rect_filled(rect.shrink(1.0), radius::S, palette.selected);
                    }
                    ui.painter().text(rect.center(), Align2::CENTER_CENTER, emoji, font::choice(), palette.text);
                    if response.clicked() {
                        clicked = Some(cell);
                    }
                }
            }
        });
        let seen = (output.state.clamped_offset().y, output.inner_rect.height());
        if std::mem::replace(&mut self.seen, seen) != seen {
            // The signs of the groups stand above the list, and say where it is.
            ui.ctx().request_repaint();
        }
        clicked
    }

    /// What the marked emoji is called, and the tone of skin.
    fn foot(&mut self, ui: &mut Ui, marked: Option<&str>, width: f32, taste: &mut Taste) {
        let palette = theme::palette(ui);
        ui.add_space(space::XS);
        let (all, _) = ui.allocate_exact_size(vec2(width, FOOT), Sense::hover());
        ui.painter().hline(all.x_range(), all.top() + 0.5, Stroke::new(1.0, palette.line));
        let middle = all.center().y + 2.0;
        let hand = |tone: usize| emojis::get("✋").map_or("✋", |hand| index::toned(hand, tone));
        if self.tones {
            for tone in 0..TONES {
                let center = pos2(all.right() - (TONES - tone) as f32 * CELL + CELL / 2.0, middle);
                let chosen = tone == taste.tone();
                let name = index::TONE_NAMES.get(tone).copied().unwrap_or_default();
                if face(ui, center, hand(tone), name, chosen) {
                    taste.set_tone(tone);
                    (self.tones, self.has_focus) = (false, false);
                    ui.ctx().request_repaint();
                }
            }
            let room = width - TONES as f32 * CELL - space::S;
            if room > 60.0 {
                let left = pos2(all.left() + space::XS, middle);
                widgets::line(ui, left, "Skin tone", font::small(), palette.subdued, room);
            }
            return;
        }
        if face(ui, pos2(all.right() - CELL / 2.0, middle), hand(taste.tone()), "Skin tone", false) {
            self.tones = true;
            ui.ctx().request_repaint();
        }
        let Some(emoji) = marked else { return };
        let center = pos2(all.left() + 22.0, middle);
        ui.painter().text(center, Align2::CENTER_CENTER, emoji, font::large(), palette.text);
        let (left, room) = (all.left() + 52.0, width - 52.0 - CELL - space::S);
        let name = text::elided(ui, index::name(emoji).to_owned(), font::strong(), palette.text, room);
        let code = text::elided(ui, popup::code(emoji), font::small(), palette.subdued, room);
        ui.painter().galley(pos2(left, middle - 9.0 - name.size().y / 2.0), name, palette.text);
        ui.painter().galley(pos2(left, middle + 9.0 - code.size().y / 2.0), code, palette.subdued);
    }
}

fn area_cell(cell: usize) -> Id {
    area().with(cell)
}

/// An emoji of the grid as it is shown and taken.
fn shown<'a>(grid: &Grid<'a>, cell: usize, tone: usize) -> Option<&'a str> {
    let emoji = *grid.cells.get(cell)?;
    Some(if cell < grid.recent { emoji } else { emojis::get(emoji).map_or(emoji, |emoji| index::toned(emoji, tone)) })
}

/// A button that is an emoji. Returns whether it was pressed.
fn face(ui: &mut Ui, center: egui::Pos2, emoji: &str, name: &str, chosen: bool) -> bool {
    let palette = theme::palette(ui);
    let rect = Rect::from_center_size(center, vec2(CELL - 4.0, CELL - 4.0));
    let response = ui.interact(rect, Id::unique(("emoji button", name)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, name));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, radius::S, if chosen { palette.selected } else { palette.hover });
    }
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
    ui.painter().text(center, Align2::CENTER_CENTER, emoji, font::choice(), palette.text);
    response.on_hover_text(name).clicked()
}

/// Whether something was pressed that is neither the card nor the button that opens it.
fn left_by_pointer(ui: &Ui, button: Rect) -> bool {
    let card = ui.memory(|memory| memory.area_rect(area()));
    let pressed = ui.input(|input| input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten());
    pressed.is_some_and(|at| !card.is_some_and(|card| card.contains(at)) && !button.contains(at))
}
