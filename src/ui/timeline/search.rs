//! Searching the open chat: the bar below the header, and the way from one message that was found to the next.
//!
//! What is loaded is searched from the newest message backwards. Where that ends, older pages are asked for, so many at
//! a time that a word that is nowhere does not load a whole history.

use egui::text::{CCursor, CCursorRange};
use egui::widgets::text_edit::TextEditState;
use egui::{Event, Id, Key, Modifiers, Rect, Stroke, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::page::Measure;
use super::place::Placement;
use super::rows::{RowId, Rows};
use super::{Anchor, Look, Timeline};
use crate::client::command::Command;
use crate::client::model::{Chat, Link, Model};
use crate::proto::ids::Seq;
use crate::ui::controls::{self, Field};
use crate::ui::find::{Found, Needle, PORTION_BYTES};
use crate::ui::theme::{self, font, space};
use crate::ui::widgets;

/// The height of the bar.
pub const BAR: f32 = 56.0;
/// So many pages are loaded for a search before somebody has to ask for more: some two thousand messages.
const PAGES_MAX: usize = 40;

/// A search in the open chat.
#[derive(Debug)]
pub struct Search {
    typed: String,
    found: Option<Found>,
    /// Which of the messages that were found one is at.
    here: Option<Seq>,
    /// One wants to go further back than anything that was found.
    further: bool,
    /// As many pages may still be loaded for it.
    pages: usize,
    wants_focus: bool,
    /// Not all that is loaded has been gone through.
    working: bool,
    /// What is said of a search that found nothing yet.
    remark: Option<&'static str>,
}

/// Where the keys lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Older,
    Newer,
}

fn field_id() -> Id {
    Id::unique("search this chat")
}

impl Search {
    fn new() -> Self {
        Self {
            typed: String::new(),
            found: None,
            here: None,
            further: false,
            pages: PAGES_MAX,
            wants_focus: true,
            working: false,
            remark: None,
        }
    }

    /// What is searched for.
    pub fn needle(&self) -> Option<&Needle> {
        self.found.as_ref().map(Found::needle)
    }

    /// Which message one is at.
    pub fn here(&self) -> Option<Seq> {
        self.here
    }

    /// `3 of 17`, counted from the newest. More may be found where not all has been searched.
    fn count(&self, chat: Option<&Chat>) -> String {
        let Some(found) = &self.found else { return String::new() };
        let seqs = found.seqs();
        let at = self.here.map(|here| seqs.partition_point(|seq| *seq < here));
        let more = if self.working || chat.is_none_or(|chat| !chat.complete) { "+" } else { "" };
        match at {
            Some(at) => format!("{} of {}{more}", seqs.len().saturating_sub(at), seqs.len()),
            None if more.is_empty() => "Not found".into(),
            None => String::new(),
        }
    }

    /// The next message in that direction.
    fn next(&self, step: Step) -> Option<Seq> {
        let seqs = self.found.as_ref()?.seqs();
        let Some(here) = self.here else { return seqs.back().copied() };
        match step {
            Step::Older => seqs.partition_point(|seq| *seq < here).checked_sub(1).and_then(|at| seqs.get(at)).copied(),
            Step::Newer => seqs.get(seqs.partition_point(|seq| *seq <= here)).copied(),
        }
    }
}

impl Timeline {
    /// Opens the search, or goes back to its field.
    pub fn open_search(&mut self) {
        self.chosen = None;
        self.search.get_or_insert_with(Search::new).wants_focus = true;
    }

    /// Whether a search is open.
    pub fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Draws the bar. Says whether the caret is in it: then what is typed is for it alone.
    pub fn search_bar(&mut self, ui: &mut Ui, model: &Model) -> bool {
        let palette = theme::palette(ui);
        let rect = ui.max_rect();
        let chat = model.chat(self.chat);
        let Some(search) = &mut self.search else { return false };
        ui.painter().rect_filled(rect, 0.0, palette.surface);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let measure = Measure::of(rect.left(), rect.right());
        let middle = rect.center().y - 0.5;
        let button = |n: f32| {
            let center = pos2(measure.right - 18.0 - n * 36.0, middle);
            Rect::from_center_size(center, vec2(34.0, 34.0))
        };
        let frame = Rect::from_min_max(
            pos2(measure.left, middle - controls::FIELD / 2.0),
            pos2(button(2.0).left() - space::S, middle + controls::FIELD / 2.0),
        );

        let id = field_id();
        let mut step = step_of(ui, id);
        let typed = search.typed.clone();
        let with = Field {
            name: "Search this chat",
            hint: "Search this chat",
            sign: Some(Icon::Search),
            wrong: false,
            enabled: true,
        };
        let words = search.count(chat);
        let galley = ui.painter().layout_no_wrap(words.clone(), font::small(), palette.subdued);
        let response = controls::field(ui, frame, id, &mut search.typed, &with);
        if std::mem::take(&mut search.wants_focus) {
            response.request_focus();
            let all = CCursorRange::two(CCursor::default(), CCursor::new(search.typed.chars().count()));
            let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
            state.cursor.set_char_range(Some(all));
            state.store(ui.ctx(), id);
        }
        if !words.is_empty() && search.typed == typed {
            let at = pos2(frame.right() - space::M - galley.size().x, middle - galley.size().y / 2.0);
            let place = Rect::from_min_size(at, galley.size());
            ui.painter().rect_filled(place.expand2(vec2(space::S, 6.0)), 0.0, palette.field);
            widgets::say(ui, place, &words);
            ui.painter().galley(at, galley, palette.subdued);
        }
        if search.typed != typed {
            let found = Needle::new(&search.typed).map(Found::new);
            let old = std::mem::replace(search, Search { found, wants_focus: false, ..Search::new() });
            search.typed = old.typed;
            ui.ctx().request_repaint();
        }
        for (place, sign, name, to) in [
            (button(2.0), Icon::ChevronUp, "Older match (Enter)", Step::Older),
            (button(1.0), Icon::ChevronDown, "Newer match (Shift+Enter)", Step::Newer),
        ] {
            if widgets::icon_button(ui, place, sign, name).clicked() {
                step = Some(to);
            }
        }
        let closed = widgets::icon_button(ui, button(0.0), Icon::X, "Close the search").clicked();
        if let Some(step) = step {
            self.go(step);
            ui.ctx().request_repaint();
        }
        if closed {
            self.search = None;
            ui.ctx().request_repaint();
        }
        ui.memory(|memory| memory.has_focus(id))
    }

    fn go(&mut self, step: Step) {
        let Some(search) = &mut self.search else { return };
        let Some(seq) = search.next(step) else {
            if step == Step::Older {
                (search.further, search.pages) = (true, PAGES_MAX);
                // A page that was asked for in vain may be asked for again.
                self.asked = None;
            }
            return;
        };
        search.here = Some(seq);
        search.further = false;
        self.look_at(seq);
    }

    /// Brings a message into view. One that is in view stays where it is.
    pub(super) fn look_at(&mut self, seq: Seq) {
        self.settled = true;
        if self.in_view.is_none_or(|(first, last)| seq < first || seq > last) {
            self.anchor = Anchor::Show(seq);
        }
    }

    /// Goes on with the search, by a portion.
    pub(super) fn search_on(&mut self, ui: &Ui, model: &Model, chat: Option<&Chat>, commands: &mut Vec<Command>) {
        let Some(search) = &mut self.search else { return };
        search.remark = None;
        let (Some(found), Some(chat)) = (&mut search.found, chat) else { return };
        found.heed(model, self.chat);
        search.working = found.look(chat, PORTION_BYTES);
        let lost = |here: &Seq| found.seqs().binary_search(here).is_err();
        if search.here.as_ref().is_some_and(lost) {
            search.here = None;
        }
        if search.working {
            ui.ctx().request_repaint();
        }
        if search.here.is_none() || search.further {
            if let Some(next) = search.next(Step::Older) {
                search.here = Some(next);
                search.further = false;
                self.look_at(next);
                ui.ctx().request_repaint();
                return;
            }
            if !search.working {
                self.search_further(model, chat, commands);
            }
        }
    }

    /// Asks for an older page to search.
    fn search_further(&mut self, model: &Model, chat: &Chat, commands: &mut Vec<Command>) {
        let Some(search) = &mut self.search else { return };
        search.remark = if chat.complete {
            search.further = false;
            None
        } else if chat.problem.is_some() {
            Some("Older messages could not be loaded")
        } else if model.link != Link::Online {
            Some("Older messages are searched when the connection is back")
        } else if chat.loading {
            Some("Searching older messages…")
        } else if search.pages == 0 {
            Some("Not found so far. Enter searches further back")
        } else {
            search.remark = Some("Searching older messages…");
            if self.ask_for_more(model, Some(chat), commands)
                && let Some(search) = &mut self.search
            {
                search.pages -= 1;
            }
            return;
        };
    }

    /// Says what the search waits for, above the conversation.
    pub(super) fn search_remark(&self, ui: &mut Ui, view: Rect) {
        let Some(remark) = self.search.as_ref().and_then(|search| search.remark) else { return };
        let palette = theme::palette(ui);
        let galley = ui.painter().layout_no_wrap(remark.to_owned(), font::small(), palette.subdued);
        let size = galley.size() + vec2(2.0 * space::M, 12.0);
        let place = Rect::from_min_size(pos2((view.center().x - size.x / 2.0).round(), view.top() + 10.0), size);
        widgets::say(ui, place, remark);
        let stroke = Stroke::new(1.0, palette.line);
        ui.painter().rect(place, size.y / 2.0, palette.surface, stroke, egui::StrokeKind::Inside);
        ui.painter().galley(place.center() - galley.size() / 2.0, galley, palette.subdued);
    }

    /// Remembers which messages are wholly in view, and which long ones were opened for the search.
    pub(super) fn remember_seen(&mut self, rows: &Rows<'_>, placement: &Placement<Option<Look>>, height: f32) {
        let whole = placement.rows.iter().filter(|row| row.top >= -0.5 && row.bottom() <= height + 0.5);
        let mut seen = whole.filter_map(|row| rows.message(row.row)).map(|message| message.seq);
        self.in_view = seen.next().map(|first| (first, seen.next_back().unwrap_or(first)));
        let here = self.search.as_ref().and_then(Search::here).map(RowId::Message);
        let opened = placement.rows.iter().find(|placed| Some(rows.id(placed.row)) == here);
        if let (Some(here), Some(Some(Look::Bubble(look)))) = (here, opened.map(|placed| &placed.look))
            && look.is_whole()
        {
            self.unfold(here);
        }
    }
}

/// Which way the keys lead while the caret is in the field.
fn step_of(ui: &Ui, id: Id) -> Option<Step> {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return None;
    }
    // An input method takes its keys itself.
    if ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_)))) {
        return None;
    }
    ui.input_mut(|input| {
        let mut pressed = |modifiers, key| input.consume_key(modifiers, key);
        if pressed(Modifiers::SHIFT, Key::Enter) || pressed(Modifiers::NONE, Key::ArrowDown) {
            Some(Step::Newer)
        } else if pressed(Modifiers::NONE, Key::Enter) || pressed(Modifiers::NONE, Key::ArrowUp) {
            Some(Step::Older)
        } else {
            None
        }
    })
}
