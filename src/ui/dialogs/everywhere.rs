//! The dialog that searches all chats: what was found, newest first, and the way to each message.

use egui::accesskit::Role;
use egui::text::{ByteIndex, LayoutJob, LayoutSection, TextFormat, TextWrapping};
use egui::{Event, Id, Key, Modifiers, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{Step, layer};
use crate::client::model::{Message, Model};
use crate::proto::chat::ChatKey;
use crate::ui::controls::{self, Field};
use crate::ui::find::{self, Everywhere, Hit, Needle, PORTION_BYTES};
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::widgets;

/// So many results are shown, and as many more each time that more are asked for.
const RESULTS: usize = 50;
const ROW: f32 = 62.0;
const FACE: f32 = 38.0;
const FOOT: f32 = 26.0;
/// What the search does not reach.
const LIMITS: &str = "Only what is loaded here. Ctrl+F in a chat looks further back.";

/// What has been typed, and what was found.
#[derive(Debug)]
pub struct SearchEverywhere {
    typed: String,
    found: Option<Everywhere>,
    /// The result that Enter opens.
    marked: usize,
    wants_focus: bool,
    /// How far the list was scrolled, and how high it was.
    seen: (f32, f32),
}

/// Everything that the row of a result shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    hit: Hit,
    chat: String,
    /// Who said it, and a piece of what was said.
    words: String,
    when: String,
}

fn shown(model: &Model, clock: &Clock, needle: &Needle, hit: Hit) -> Option<Shown> {
    let chat = model.chat(hit.chat)?;
    let at = chat.messages.binary_search_by_key(&hit.seq, |message| message.seq).ok()?;
    let message: &Message = chat.messages.get(at)?;
    let who = if model.is_me(message.from) { "You" } else { model.name(message.from) };
    // It stands in the name of its file where it does not in its text.
    let file = message.attachment.as_ref().filter(|_| !needle.is_in(&message.text));
    let piece = find::snippet(needle, file.map_or(&*message.text, |file| file.name.as_str()));
    let words = match (hit.chat, model.is_me(message.from)) {
        // With one person it is plain who said it.
        (ChatKey::Person(_), false) => piece,
        _ => format!("{}: {piece}", text::one_line(who)),
    };
    let chat = text::one_line(model.title(hit.chat));
    Some(Shown { hit, chat, words, when: clock.in_list(message.at) })
}

impl SearchEverywhere {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { typed: String::new(), found: None, marked: 0, wants_focus: true, seen: (0.0, 0.0) }
    }

    /// Draws the dialog, and goes on with the search.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock) -> Step {
        let working = self.found.as_mut().is_some_and(|found| found.look(model, PORTION_BYTES));
        if working {
            ui.ctx().request_repaint();
        }
        let (chosen, closed) = layer(ui, "Search all chats", super::HEIGHT, |ui, inner| {
            let frame = Rect::from_min_size(inner.min, vec2(inner.width(), controls::FIELD));
            let steps = self.field(ui, frame);
            let list = Rect::from_min_max(
                pos2(inner.left(), frame.bottom() + space::S),
                pos2(inner.right(), (inner.bottom() - FOOT).max(frame.bottom() + space::S)),
            );
            let chosen = self.list(ui, list, model, clock, steps, working);
            let color = theme::palette(ui).subdued;
            let left = pos2(inner.left(), inner.bottom() - FOOT / 2.0 + space::XS);
            widgets::line(ui, left, LIMITS, font::tiny(), color, inner.width());
            chosen
        });
        match (chosen, closed) {
            (Some(hit), _) => Step::Show(hit.chat, hit.seq),
            (None, true) => Step::Close,
            (None, false) => Step::Stay,
        }
    }

    /// The field. Returns how far down the keys lead, and whether Enter was pressed.
    fn field(&mut self, ui: &mut Ui, frame: Rect) -> (isize, bool) {
        let id = Id::unique("search all chats");
        let composing = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_))));
        let focused = ui.memory(|memory| memory.has_focus(id));
        let pressed = ui.input_mut(|input| {
            if !focused || composing {
                return (0, false);
            }
            let mut count = |key| isize::try_from(input.count_and_consume_key(Modifiers::NONE, key)).unwrap_or(0);
            (count(Key::ArrowDown) - count(Key::ArrowUp), count(Key::Enter) > 0)
        });
        let with = Field {
            name: "Search all chats",
            hint: "Search all chats",
            sign: Some(Icon::Search),
            wrong: false,
            enabled: true,
        };
        let before = self.typed.clone();
        let response = controls::field(ui, frame, id, &mut self.typed, &with);
        if self.wants_focus {
            // In the frame in which a dialog appears nothing can have the focus yet.
            response.request_focus();
            self.wants_focus = !response.has_focus();
        }
        if self.typed != before {
            self.found = Needle::new(&self.typed).map(|needle| Everywhere::new(needle, RESULTS));
            (self.marked, self.seen.0) = (0, 0.0);
            ui.ctx().request_repaint();
        }
        pressed
    }

    fn list(
        &mut self,
        ui: &mut Ui,
        list: Rect,
        model: &Model,
        clock: &Clock,
        (steps, enter): (isize, bool),
        working: bool,
    ) -> Option<Hit> {
        let Some(found) = &mut self.found else { return None };
        let hits = found.hits();
        if hits.is_empty() {
            let words = if working { "Searching…" } else { "Nothing found" };
            nothing(ui, list, words);
            return None;
        }
        let count = hits.len();
        let before = self.marked;
        self.marked = self.marked.saturating_add_signed(steps).min(count - 1);
        if enter {
            return hits.get(self.marked).copied();
        }
        let more = found.has_more();
        let mut area = ScrollArea::vertical().id_salt("results").auto_shrink(false);
        if self.marked != before {
            let (offset, height) = self.seen;
            let top = self.marked as f32 * ROW;
            area = area.vertical_scroll_offset(top.min(offset).max(top + ROW - height).max(0.0));
        } else if self.seen.0 == 0.0 {
            area = area.vertical_scroll_offset(0.0);
        }
        let builder = UiBuilder::new().max_rect(list).accessibility_role(Role::List).accessibility_label("Results");
        let mut child = ui.new_child(builder);
        child.set_clip_rect(list.intersect(ui.clip_rect()));
        child.spacing_mut().item_spacing.y = 0.0;
        let marked = self.marked;
        let rows = count + usize::from(more);
        let output = area.show_rows(&mut child, ROW, rows, |ui, range| {
            let (mut chosen, mut wants_more) = (None, false);
            for at in range {
                match hits.get(at) {
                    Some(hit) => {
                        if let Some(shown) = shown(model, clock, found.needle(), *hit)
                            && row(ui, &shown, found.needle(), at == marked)
                        {
                            chosen = Some(*hit);
                        }
                    }
                    None => wants_more |= show_more(ui),
                }
            }
            (chosen, wants_more)
        });
        self.seen = (output.state.clamped_offset().y, output.inner_rect.height());
        let (chosen, wants_more) = output.inner;
        if wants_more {
            found.want_more(RESULTS);
            ui.ctx().request_repaint();
        }
        chosen
    }
}

fn nothing(ui: &mut Ui, list: Rect, words: &str) {
    let color = theme::palette(ui).subdued;
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font::small(), color);
    let at = pos2(list.center().x - galley.size().x / 2.0, list.top() + space::L);
    widgets::say(ui, Rect::from_min_size(at, galley.size()), words);
    ui.painter().galley(at, galley, color);
}

fn show_more(ui: &mut Ui) -> bool {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let color = theme::palette(ui).accent;
    let galley = ui.painter().layout_no_wrap("Show more".to_owned(), font::small_strong(), color);
    let left = pos2(rect.center().x - galley.size().x / 2.0 - space::S, rect.center().y);
    widgets::text_button(ui, left, "Show more", "results", color).clicked()
}

fn row(ui: &mut Ui, shown: &Shown, needle: &Needle, marked: bool) -> bool {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let id = Id::unique(("result", shown.hit.chat, shown.hit.seq));
    let response = ui.interact(rect, id, Sense::click() - Sense::FOCUSABLE);
    let spoken = format!("{}, {}: {}", shown.chat, shown.when, shown.words);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, marked, &spoken));
    widgets::choosable(ui, rect, response.hovered(), marked);
    let middle = rect.center().y;
    let center = pos2(rect.left() + space::S + FACE / 2.0, middle);
    widgets::face(ui, center, FACE, shown.hit.chat, &shown.chat, None);
    let left = rect.left() + space::S + FACE + space::M;
    let right = rect.right() - space::M;
    let when = ui.painter().layout_no_wrap(shown.when.clone(), font::tiny(), palette.subdued);
    let room = right - when.size().x - space::S - left;
    ui.painter().galley(
        pos2(right - when.size().x, middle - 10.0 - when.size().y / 2.0),
        std::sync::Arc::clone(&when),
        palette.subdued,
    );
    let galley = text::elided(ui, shown.chat.clone(), font::strong(), palette.text, room);
    ui.painter().galley(pos2(left, middle - 10.0 - galley.size().y / 2.0), galley, palette.text);
    piece(ui, pos2(left, middle + 10.0), &shown.words, needle, right - left);
    response.clicked()
}

/// A piece of a message on one line, with what was found in it marked.
fn piece(ui: &Ui, left: egui::Pos2, words: &str, needle: &Needle, width: f32) {
    let palette = theme::palette(ui);
    let plain = TextFormat::simple(font::small(), palette.subdued);
    let strong = TextFormat { color: palette.text, background: palette.found, ..plain.clone() };
    let words = text::in_reading_order(ui, words.to_owned(), &font::small(), width);
    let mut sections = Vec::new();
    let mut section = |range: std::ops::Range<usize>, format: &TextFormat| {
        if !range.is_empty() {
            let byte_range = ByteIndex(range.start)..ByteIndex(range.end);
            sections.push(LayoutSection { leading_space: 0.0, byte_range, format: format.clone() });
        }
    };
    let mut at = 0;
    for place in needle.places(&words) {
        section(at..place.start, &plain);
        section(place.clone(), &strong);
        at = place.end;
    }
    section(at..words.len(), &plain);
    let wrap = TextWrapping::truncate_at_width(width.max(1.0));
    let job = LayoutJob { text: words, sections, wrap, break_on_newline: false, ..LayoutJob::default() };
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    ui.painter().galley(pos2(left.x, left.y - galley.size().y / 2.0), galley, palette.subdued);
}
