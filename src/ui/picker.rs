//! Choosing people: a field to search in, and a list in which some are ticked. Up and Down go through the list while
//! one searches, and Enter ticks; so the list needs no stop for the Tab key.

use std::hash::{DefaultHasher, Hash, Hasher};

use egui::accesskit::Role;
use egui::{Id, Key, Modifiers, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::controls::{self, Field};
use super::fuzzy::{Folded, Query};
use super::happened;
use super::people::names_mark;
use super::presence;
use super::text;
use super::theme::{self, font, space};
use super::when::Clock;
use super::widgets;
use crate::client::model::Model;
use crate::proto::ids::UserId;
use crate::proto::limits::PEOPLE_PER_REQUEST_MAX;
use crate::visible::isolated;

/// The height of what stands above the list.
pub const HEAD: f32 = 22.0 + controls::FIELD + space::S;

/// Who is chosen and what is searched for.
#[derive(Debug, Default)]
pub struct Picker {
    search: String,
    query: Option<Query>,
    /// In the order of choosing.
    chosen: Vec<UserId>,
    found: Vec<UserId>,
    made_of: Option<u64>,
    /// The row that Enter ticks.
    marked: Option<usize>,
    /// How far the list was scrolled, and how high it was.
    seen: (f32, f32),
    wants_focus: bool,
}

/// The keys that were pressed in the field and are for the list.
#[derive(Clone, Copy, Debug, Default)]
struct Pressed {
    down: usize,
    up: usize,
    enter: bool,
}

impl Pressed {
    /// Takes them before the field does.
    fn in_field(ui: &Ui, id: Id) -> Self {
        if !ui.memory(|memory| memory.has_focus(id)) {
            return Self::default();
        }
        ui.input_mut(|input| Self {
            down: input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
            up: input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
            enter: input.consume_key(Modifiers::NONE, Key::Enter),
        })
    }
}

/// Those who can be chosen and match what is searched for: who fits best first, then by name.
fn found(model: &Model, without: &[UserId], query: Option<&Query>) -> Vec<UserId> {
    let others = model.people.iter().filter(|(id, _)| !model.is_me(**id) && !without.contains(id));
    let mut found: Vec<_> = others
        .filter_map(|(id, person)| {
            let fit = match query {
                Some(query) => Some(query.fit(&Folded::of(&person.username))?),
                None => None,
            };
            Some((fit, person.username.to_lowercase(), *id))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, _, id)| id).collect()
}

fn fingerprint(model: &Model, without: &[UserId], search: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (search, without, names_mark(model)).hash(&mut hasher);
    hasher.finish()
}

impl Picker {
    /// Who is chosen.
    pub fn chosen(&self) -> &[UserId] {
        &self.chosen
    }

    /// More are chosen than one request can name.
    pub fn too_many(&self) -> bool {
        self.chosen.len() > PEOPLE_PER_REQUEST_MAX
    }

    /// Puts the caret into the field.
    pub fn focus(&mut self) {
        self.wants_focus = true;
    }

    fn toggle(&mut self, id: UserId) {
        match self.chosen.iter().position(|chosen| *chosen == id) {
            Some(at) => _ = self.chosen.remove(at),
            None => self.chosen.push(id),
        }
    }

    /// Draws the field and the list; `without` cannot be chosen.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, title: &str, model: &Model, clock: &Clock, without: &[UserId]) {
        self.chosen.retain(|id| model.people.contains_key(id) && !without.contains(id));
        self.head(ui, rect, title, model);
        let frame = Rect::from_min_size(rect.min + vec2(0.0, 22.0), vec2(rect.width(), controls::FIELD));
        let id = Id::unique(("search people", title));
        let pressed = Pressed::in_field(ui, id);
        let with = Field {
            name: "Search people",
            hint: "Search people",
            sign: Some(Icon::Search),
            wrong: false,
            enabled: true,
        };
        let response = controls::field(ui, frame, id, &mut self.search, &with);
        if self.wants_focus {
            // In the frame in which a dialog appears nothing can have the focus yet.
            response.request_focus();
            self.wants_focus = !response.has_focus();
        }
        // After the field: what was typed before Enter counts.
        self.look(model, without);
        let bring = self.press(pressed);
        self.look(model, without);
        let list = Rect::from_min_max(pos2(rect.left(), frame.bottom() + space::S), rect.max);
        // Where the list is cut off, there is an edge.
        ui.painter().hline(list.x_range(), list.bottom(), egui::Stroke::new(1.0, theme::palette(ui).line));
        self.list(ui, list, model, clock, bring);
    }

    /// What is chosen, above the field.
    fn head(&self, ui: &mut Ui, rect: Rect, title: &str, model: &Model) {
        let palette = theme::palette(ui);
        let middle = rect.top() + 8.0;
        let label = controls::label(ui, pos2(rect.left(), middle), title);
        let count = self.chosen.len();
        if count == 0 {
            return;
        }
        let names: Vec<_> = self.chosen.iter().take(3).map(|id| isolated(model.name(*id))).collect();
        let (words, color) = match self.too_many() {
            true => (format!("{count} chosen: {PEOPLE_PER_REQUEST_MAX} at a time are the most"), palette.danger),
            false => (format!("{count} chosen: {}", happened::enumerated(&names, count)), palette.accent),
        };
        let room = rect.right() - label.right() - space::M;
        let galley = text::elided(ui, text::one_line(&words), font::small(), color, room);
        let at = pos2(rect.right() - galley.size().x, middle - galley.size().y / 2.0);
        widgets::say(ui, Rect::from_min_size(at, galley.size()), &words);
        ui.painter().galley(at, galley, color);
    }

    /// Finds who is searched for, where that has changed.
    fn look(&mut self, model: &Model, without: &[UserId]) {
        let made_of = fingerprint(model, without, &self.search);
        if self.made_of != Some(made_of) {
            self.query = Query::new(&self.search);
            self.found = found(model, without, self.query.as_ref());
            self.made_of = Some(made_of);
            self.marked = (!self.search.trim().is_empty() && !self.found.is_empty()).then_some(0);
        }
    }

    /// Goes through the list and ticks. Returns the row that the keys led to.
    fn press(&mut self, Pressed { down, up, enter }: Pressed) -> Option<usize> {
        if enter && let Some(chosen) = self.marked.and_then(|at| self.found.get(at)).copied() {
            self.toggle(chosen);
            self.search.clear();
        }
        if down + up == 0 {
            return None;
        }
        let last = self.found.len().checked_sub(1)?;
        let at = self.marked.map_or(down, |at| at + down + 1).saturating_sub(up + 1);
        self.marked = Some(at.min(last));
        self.marked
    }

    fn list(&mut self, ui: &mut Ui, list: Rect, model: &Model, clock: &Clock, bring: Option<usize>) {
        if self.found.is_empty() {
            let palette = theme::palette(ui);
            let words =
                if self.search.trim().is_empty() { "There is nobody to choose" } else { "Nobody has that name" };
            let galley = ui.painter().layout_no_wrap(words.to_owned(), font::small(), palette.subdued);
            let at = pos2(list.center().x - galley.size().x / 2.0, list.top() + space::L);
            widgets::say(ui, Rect::from_min_size(at, galley.size()), words);
            ui.painter().galley(at, galley, palette.subdued);
            return;
        }
        let mut area = ScrollArea::vertical().id_salt("picker").auto_shrink(false);
        if let Some(at) = bring {
            let (offset, height) = self.seen;
            let top = at as f32 * theme::MEMBER_ROW;
            area = area.vertical_scroll_offset(top.min(offset).max(top + theme::MEMBER_ROW - height).max(0.0));
        }
        let mut child =
            ui.new_child(UiBuilder::new().max_rect(list).accessibility_role(Role::List).accessibility_label("People"));
        child.set_clip_rect(list.intersect(ui.clip_rect()));
        child.spacing_mut().item_spacing.y = 0.0;
        let output = area.show_rows(&mut child, theme::MEMBER_ROW, self.found.len(), |ui, range| {
            let mut clicked = None;
            for at in range {
                let Some(id) = self.found.get(at).copied() else { continue };
                let query = self.query.as_ref();
                if row(ui, model, id, clock, query, self.chosen.contains(&id), self.marked == Some(at)) {
                    clicked = Some(id);
                }
            }
            clicked
        });
        self.seen = (output.state.clamped_offset().y, output.inner_rect.height());
        if let Some(id) = output.inner {
            self.toggle(id);
            ui.ctx().request_repaint();
        }
    }
}

fn row(
    ui: &mut Ui,
    model: &Model,
    id: UserId,
    clock: &Clock,
    query: Option<&Query>,
    chosen: bool,
    marked: bool,
) -> bool {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::MEMBER_ROW), Sense::hover());
    let response = ui.interact(rect, Id::unique(("pick", id)), Sense::click() - Sense::FOCUSABLE);
    let (name, there) = (model.name(id), presence::of(model, id, clock));
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, chosen, format!("{name}, {there}")));
    let behind = widgets::choosable(ui, rect, response.hovered(), marked);
    let middle = rect.center().y;
    let status = presence::status(model, id);
    widgets::avatar(ui, pos2(rect.left() + space::S + 17.0, middle), 34.0, name, status.map(|status| (status, behind)));
    let left = rect.left() + space::S + 34.0 + space::M;
    let room = rect.right() - 40.0 - left;
    let galley = widgets::found_name(ui, name, query, font::strong(), room);
    ui.painter().galley(pos2(left, middle - 9.0 - galley.size().y / 2.0), galley, palette.text);
    let galley = text::elided(ui, there, font::small(), palette.subdued, room);
    ui.painter().galley(pos2(left, middle + 9.0 - galley.size().y / 2.0), galley, palette.subdued);
    controls::tick(ui, pos2(rect.right() - space::M - 10.0, middle), chosen);
    response.clicked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Me, Person};
    use crate::proto::event::Status;
    use crate::proto::ids::DeviceId;

    #[test]
    fn a_search_finds_beginnings_of_words_before_what_is_within_them() {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: UserId(1), username: "Ann".into() });
        for (id, name) in [(1, "Ann"), (2, "Joanna"), (3, "Bob Anders"), (4, "anton"), (5, "Zoë")] {
            let person =
                Person { username: name.into(), status: Status::Online, last_seen: None, joined: Default::default() };
            model.people.insert(UserId(id), person);
        }
        let names = |search: &str, without: &[UserId]| -> Vec<String> {
            found(&model, without, Query::new(search).as_ref())
                .into_iter()
                .map(|id| model.name(id).to_owned())
                .collect()
        };
        assert_eq!(names("AN", &[]), ["anton", "Bob Anders", "Joanna"]);
        assert_eq!(names("bob an", &[]), ["Bob Anders"]);
        assert_eq!(names(" ", &[UserId(4)]), ["Bob Anders", "Joanna", "Zoë"]);
        assert_eq!(names("nobody", &[]), Vec::<String>::new());
    }
}
