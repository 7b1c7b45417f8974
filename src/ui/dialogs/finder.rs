//! The palette: one field that finds chats, people and commands by a few letters. Before anything is typed it has the
//! chats where one was last, so that it leads back and forth between two.

use egui::accesskit::Role;
use egui::{CornerRadius, Event, Id, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo};
use egui::{pos2, vec2};
use lucide_icons::Icon;

use super::{Step, card};
use crate::client::model::{Chat, Model};
use crate::proto::chat::ChatKey;
use crate::ui::actions::{Action, Stand};
use crate::ui::controls::{self, Field};
use crate::ui::fuzzy::{Folded, Query};
use crate::ui::order::{Filter, Order};
use crate::ui::shortcuts::{self, Press};
use crate::ui::theme::{self, font, radius, space};
use crate::ui::when::Clock;
use crate::ui::{keycaps, presence, text, widgets};

const WIDTH: f32 = 560.0;
/// The height of what can be chosen.
const ROW: f32 = 46.0;
const HEADING: f32 = 34.0;
const FOOT: f32 = 36.0;
/// Above the first row, so that it does not touch the line.
const PAD: f32 = 6.0;
/// How many rows are seen at a time, where there is room. The last one is cut: there are more.
const SEEN: f32 = 8.5;
/// How many chats it has before anything is typed.
const RECENT: usize = 6;
/// The chats that are looked at for them.
const ACTIVE: usize = 4 * RECENT;
/// The most that it has: nobody looks further than that, and types another letter.
const FOUND_MAX: usize = 50;
/// How many chats are remembered.
const VISITED_MAX: usize = 20;

/// Where one was last, newest first.
#[derive(Clone, Debug, Default)]
pub struct Visited(Vec<ChatKey>);

impl Visited {
    /// One is there now.
    pub fn note(&mut self, chat: ChatKey) {
        self.0.retain(|other| *other != chat);
        self.0.insert(0, chat);
        self.0.truncate(VISITED_MAX);
    }
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Look at a chat.
    Chat(ChatKey),
    /// Do something.
    Do(Action),
}

/// What stands at a place of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Heading(&'static str),
    Choice(usize),
}

/// What was typed, and what it found.
#[derive(Debug)]
pub struct Finder {
    order: Order,
    pinned: Vec<ChatKey>,
    visited: Visited,
    stand: Stand,
    typed: String,
    query: Option<Query>,
    choices: Vec<Choice>,
    lines: Vec<Line>,
    chosen: usize,
    /// How far the list was scrolled, and how high it was.
    seen: (f32, f32),
    /// It was typed something else, or it has just been opened: the list begins at its beginning.
    fresh: bool,
}

/// What the keys ask of the list.
#[derive(Clone, Copy, Debug, Default)]
struct Pressed {
    steps: isize,
    take: bool,
    close: bool,
}

impl Finder {
    /// With the order of the list, and how the window stands.
    pub fn new(order: &Order, pinned: &[ChatKey], visited: &Visited, stand: Stand) -> Self {
        Self {
            order: order.clone(),
            pinned: pinned.to_vec(),
            visited: visited.clone(),
            stand,
            typed: String::new(),
            query: None,
            choices: Vec::new(),
            lines: Vec::new(),
            chosen: 0,
            seen: (0.0, ROW),
            fresh: true,
        }
    }

    /// Draws it.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock) -> Step {
        self.look(model);
        let field = controls::FIELD + 2.0 * space::M;
        let place = |screen: Rect, size: egui::Vec2| {
            // As high as it can be, always: it must not jump while one types.
            let top = ((screen.height() - (field + SEEN * ROW + FOOT)) * 0.35).max(space::XS);
            Rect::from_min_size(pos2(screen.center().x - size.x / 2.0, screen.top() + top), size)
        };
        let size = vec2(WIDTH, field + SEEN * ROW + FOOT);
        let mut pressed = Pressed::default();
        let (clicked, left) = card(ui, "Find a chat, a person or a command", size, place, |ui, card| {
            let (head, rest) = card.split_top_bottom_at_y(card.top() + field);
            let (list, foot) = rest.split_top_bottom_at_y(rest.bottom() - FOOT);
            pressed = self.field(ui, head, model);
            self.press(pressed);
            ui.painter().hline(card.x_range(), head.bottom(), Stroke::new(1.0, theme::palette(ui).line));
            self::foot(ui, foot);
            if self.choices.is_empty() {
                let title = format!("Nothing is called “{}”", text::one_line(&self.typed));
                let hint =
                    "Chats, people and commands are searched. Try fewer letters, or the beginnings of two words.";
                widgets::empty(ui, list, Icon::SearchX, &title, hint);
                None
            } else {
                self.list(ui, list, pressed.steps != 0, model, clock)
            }
        });
        let taken = clicked.or(Some(self.chosen).filter(|_| pressed.take));
        match taken.and_then(|at| self.choices.get(at)) {
            Some(Choice::Chat(chat)) => Step::Look(*chat),
            Some(Choice::Do(action)) => Step::Do(*action),
            None if left || pressed.close => Step::Close,
            None => Step::Stay,
        }
    }

    /// Draws the field and takes the keys. What was typed before the field had the focus is its, too.
    fn field(&mut self, ui: &mut Ui, head: Rect, model: &Model) -> Pressed {
        let id = Id::unique("find");
        let mut changed = false;
        let mut pressed = Pressed::default();
        let composing = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_))));
        if ui.memory(|memory| !memory.has_focus(id)) {
            ui.memory_mut(|memory| memory.request_focus(id));
            let typed = &mut self.typed;
            ui.input_mut(|input| {
                input.events.retain(|event| match event {
                    Event::Text(text) => {
                        typed.push_str(text);
                        changed = true;
                        false
                    }
                    _ => true,
                });
            });
            if changed {
                caret_at_end(ui, id, typed);
            }
            ui.ctx().request_repaint();
        }
        if !composing {
            pressed.close = shortcuts::take(ui) == Some(Action::Find);
            pressed = ui.input_mut(|input| {
                let mut count = |key, by| input.count_and_consume_key(Modifiers::NONE, key) as isize * by;
                let lines = count(Key::ArrowDown, 1) - count(Key::ArrowUp, 1);
                let page = (SEEN.floor() as isize).max(1);
                let steps = lines + count(Key::PageDown, page) - count(Key::PageUp, page);
                Pressed { steps, take: count(Key::Enter, 1) > 0, ..pressed }
            });
        }
        let frame = head.shrink(space::M);
        let with = Field {
            name: "Find a chat, a person or a command",
            hint: "Find a chat, a person or a command",
            sign: Some(Icon::Search),
            wrong: false,
            enabled: true,
        };
        changed |= controls::field(ui, frame, id, &mut self.typed, &with).changed();
        if changed {
            self.query = Query::new(&self.typed);
            self.chosen = 0;
            self.fresh = true;
            self.look(model);
        }
        pressed
    }

    /// Moves the choice; at an end, it goes on at the other one.
    fn press(&mut self, pressed: Pressed) {
        let count = isize::try_from(self.choices.len()).unwrap_or(isize::MAX);
        self.chosen = self.chosen.min(self.choices.len().saturating_sub(1));
        if pressed.steps == 0 || count == 0 {
            return;
        }
        let at = isize::try_from(self.chosen).unwrap_or(0).saturating_add(pressed.steps);
        let at = if pressed.steps.abs() == 1 { at.rem_euclid(count) } else { at.clamp(0, count - 1) };
        self.chosen = usize::try_from(at).unwrap_or(0);
    }

    /// Finds what can be chosen.
    fn look(&mut self, model: &Model) {
        self.order.of(model, &self.pinned, &Filter::All);
        let commands = Action::COMMANDS.iter().copied().filter(|action| action.fits(self.stand, model));
        self.lines.clear();
        let Some(query) = &self.query else {
            let recent = self.recent(model);
            self.lines.push(Line::Heading("RECENT CHATS"));
            self.lines.extend((0..recent.len()).map(Line::Choice));
            let count = recent.len();
            self.choices = recent.into_iter().map(Choice::Chat).chain(commands.map(Choice::Do)).collect();
            self.lines.push(Line::Heading("COMMANDS"));
            self.lines.extend((count..self.choices.len()).map(Line::Choice));
            return;
        };
        let chats = self.order.named(model, query, FOUND_MAX).into_iter().take(FOUND_MAX);
        let mut found: Vec<_> = chats.map(|(fit, key)| (fit, Choice::Chat(key))).collect();
        found.extend(commands.filter_map(|action| {
            let title = Folded::of(action.title(self.stand, model));
            Some((query.fit(&title)?, Choice::Do(action)))
        }));
        // The sort keeps the order of what fits as well: chats first.
        found.sort_by_key(|(fit, _)| *fit);
        found.truncate(FOUND_MAX);
        self.choices = found.into_iter().map(|(_, choice)| choice).collect();
        self.lines.extend((0..self.choices.len()).map(Line::Choice));
    }

    /// Where one was last, and then what was active last; not the chat that is open.
    fn recent(&self, model: &Model) -> Vec<ChatKey> {
        let all = self.order.all();
        let last = |(key, chat): (&ChatKey, &Chat)| Some((std::cmp::Reverse(chat.last.as_ref()?.seq), *key));
        let mut active: Vec<_> = model.chats.iter().filter_map(last).collect();
        // One of them may be open, and some may be left: a few more than are shown are enough, and all of ten thousand
        // are not to be sorted.
        if active.len() > ACTIVE {
            active.select_nth_unstable(ACTIVE);
            active.truncate(ACTIVE);
        }
        active.sort_unstable();
        let visited = self.visited.0.iter().copied();
        let mut recent: Vec<ChatKey> = Vec::with_capacity(RECENT);
        for key in visited.chain(active.into_iter().map(|(_, key)| key)).chain(all.iter().copied()) {
            if recent.len() == RECENT {
                break;
            }
            if Some(key) != self.stand.chat && !recent.contains(&key) && all.contains(&key) {
                recent.push(key);
            }
        }
        recent
    }

    /// Draws what was found. `moved`: the choice was, and is brought into view.
    fn list(&mut self, ui: &mut Ui, list: Rect, moved: bool, model: &Model, clock: &Clock) -> Option<usize> {
        let height = |line: &Line| match line {
            Line::Heading(_) => HEADING,
            Line::Choice(_) => ROW,
        };
        let mut area = ScrollArea::vertical().id_salt("found").auto_shrink(false);
        let above =
            PAD + self.lines.iter().take_while(|line| **line != Line::Choice(self.chosen)).map(height).sum::<f32>();
        // The heading above the first one is shown with it.
        let top = if self.chosen == 0 { 0.0 } else { above };
        let (offset, room) = self.seen;
        area = match (std::mem::take(&mut self.fresh), top < offset || above + ROW > offset + room) {
            (true, _) => area.vertical_scroll_offset(0.0),
            (false, true) if moved => area.vertical_scroll_offset(top.min(offset).max(above + ROW - room).max(0.0)),
            _ => area,
        };
        let builder = UiBuilder::new().max_rect(list.shrink2(vec2(space::S, 1.0)));
        let mut child = ui.new_child(builder.accessibility_role(Role::ListBox).accessibility_label("What was found"));
        child.set_clip_rect(list.intersect(ui.clip_rect()));
        child.spacing_mut().item_spacing.y = 0.0;
        let mut clicked = None;
        let output = area.show_viewport(&mut child, |ui, view| {
            let place = ui.max_rect();
            let mut y = place.top() + PAD;
            for line in &self.lines {
                let rect = Rect::from_min_size(pos2(place.left(), y), vec2(place.width(), height(line)));
                y = rect.bottom();
                if y < place.top() + view.top() || rect.top() > place.top() + view.bottom() {
                    continue;
                }
                match line {
                    Line::Heading(words) => {
                        widgets::heading(ui, pos2(rect.left() + space::S, rect.bottom() - 13.0), words);
                    }
                    Line::Choice(at) => {
                        if let Some(choice) = self.choices.get(*at)
                            && self.row(ui, rect, *choice, *at, model, clock)
                        {
                            clicked = Some(*at);
                        }
                    }
                }
            }
            ui.set_height(y - place.top() + space::S);
        });
        self.seen = (output.state.clamped_offset().y, output.inner_rect.height());
        clicked
    }

    fn row(&self, ui: &Ui, rect: Rect, choice: Choice, at: usize, model: &Model, clock: &Clock) -> bool {
        let palette = theme::palette(ui);
        let response = ui.interact(rect, Id::unique(("found", at)), Sense::click() - Sense::FOCUSABLE);
        let chosen = self.chosen == at;
        let behind = match (chosen, response.hovered()) {
            (true, _) => palette.selected,
            (false, true) => palette.hover,
            (false, false) => palette.surface,
        };
        ui.painter().rect_filled(rect, CornerRadius::same(radius::S), behind);
        let spoken = match choice {
            Choice::Chat(key) => self.chat(ui, rect, key, behind, model, clock),
            Choice::Do(action) => self.command(ui, rect, action, model),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::ListBoxOption, true, &spoken));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(chosen));
        response.clicked()
    }

    /// A chat, with who is there. Returns the row as one sentence.
    fn chat(&self, ui: &Ui, rect: Rect, key: ChatKey, behind: egui::Color32, model: &Model, clock: &Clock) -> String {
        let palette = theme::palette(ui);
        let name = model.title(key);
        let status = match key {
            ChatKey::Person(id) => presence::status(model, id).map(|status| (status, behind)),
            ChatKey::Everyone | ChatKey::Group(_) => None,
        };
        let middle = rect.center().y;
        widgets::face(ui, pos2(rect.left() + space::S + 15.0, middle), 30.0, key, name, status);
        let left = rect.left() + space::S + 30.0 + space::M;
        let mut right = rect.right() - space::M;
        let there = match key {
            ChatKey::Person(_) => presence::line(model, key, clock),
            room => presence::size(room, presence::count(model, room)),
        };
        let chat = model.chat(key);
        let unread = chat.map_or(0, |chat| chat.unread);
        let mut spoken = format!("{name}, {there}");
        if unread > 0 {
            let quiet = chat.is_some_and(|chat| chat.muted);
            right -= widgets::badge(ui, pos2(right, middle), unread, quiet, palette) + space::S;
            spoken.push_str(&format!(", {unread} unread"));
        }
        let galley = widgets::found_name(ui, name, self.query.as_ref(), font::strong(), right - left);
        let rest = right - left - galley.size().x - space::M;
        ui.painter().galley(pos2(left, middle - galley.size().y / 2.0), galley, palette.text);
        if rest > 40.0 {
            let galley = text::elided(ui, there, font::small(), palette.subdued, rest);
            let at = pos2(right - galley.size().x, middle - galley.size().y / 2.0);
            ui.painter().galley(at, galley, palette.subdued);
        }
        spoken
    }

    /// A command, with its key. Returns the row as one sentence.
    fn command(&self, ui: &Ui, rect: Rect, action: Action, model: &Model) -> String {
        let palette = theme::palette(ui);
        let middle = rect.center().y;
        let sign = Rect::from_center_size(pos2(rect.left() + space::S + 15.0, middle), vec2(30.0, 30.0));
        ui.painter().rect_filled(sign, radius::S, palette.field);
        widgets::icon(ui, sign.center() + vec2(0.0, 0.5), action.sign(self.stand, model), 16.0, palette.subdued);
        let left = sign.right() + space::M;
        let mut right = rect.right() - space::M;
        let title = action.title(self.stand, model);
        let mut spoken = title.to_owned();
        if let Some(press) = action.key() {
            spoken.push_str(&format!(", {}", press.spelled(keycaps::is_mac(ui))));
            // Where both do not fit, the words matter more.
            let words = ui.painter().layout_no_wrap(title.to_owned(), font::body(), palette.text).size().x;
            if words + space::S + keycaps::width(ui, press) <= right - left {
                right -= keycaps::show(ui, pos2(right, middle), press) + space::S;
            }
        }
        let galley = widgets::found_name(ui, title, self.query.as_ref(), font::body(), right - left);
        ui.painter().galley(pos2(left, middle - galley.size().y / 2.0), galley, palette.text);
        spoken
    }
}

fn caret_at_end(ui: &Ui, id: Id, text: &str) {
    use egui::text::{CCursor, CCursorRange, CharIndex};
    let mut state = egui::widgets::text_edit::TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let end = CCursor::new(CharIndex(text.chars().count()));
    state.cursor.set_char_range(Some(CCursorRange::one(end)));
    state.store(ui.ctx(), id);
}

/// What the keys do.
fn foot(ui: &Ui, rect: Rect) {
    let palette = theme::palette(ui);
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.line));
    let mut left = rect.left() + space::L;
    let keys: [(&[Key], &str); 3] =
        [(&[Key::ArrowUp, Key::ArrowDown], "choose"), (&[Key::Enter], "open"), (&[Key::Escape], "close")];
    for (keys, words) in keys {
        for key in keys {
            let press = Press::Key(Modifiers::NONE, *key);
            let width = keycaps::width(ui, press);
            keycaps::show(ui, pos2(left + width, rect.center().y), press);
            left += width + space::XS;
        }
        let galley = ui.painter().layout_no_wrap(words.to_owned(), font::tiny(), palette.subdued);
        let at = pos2(left + 2.0, rect.center().y - galley.size().y / 2.0);
        left = at.x + galley.size().x + space::L;
        ui.painter().galley(at, galley, palette.subdued);
    }
}
