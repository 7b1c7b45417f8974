//! The messages of the open chat: a list of rows of different heights, of which only the visible ones cost anything.
//!
//! What is fixed is a message, not a distance: see [`place`]. The view reads the model and emits commands; what it
//! keeps between frames is where it looks, and what the chat was like when it was opened.

mod body;
mod bubble;
pub mod carried;
mod chosen;
mod edges;
pub mod enclosed;
mod file;
mod foot;
mod heights;
mod jump;
mod line;
mod menu;
mod notices;
mod page;
mod picture;
mod place;
pub mod quote;
mod reach;
mod row;
mod rows;
mod scroll;
mod search;
mod unread;

use std::collections::BTreeSet;

use egui::accesskit::Role;
use egui::{Rect, Ui, UiBuilder, vec2};

use self::chosen::Chosen;
pub use self::chosen::Decision;
use self::heights::Heights;
use self::jump::{Asked, Highlight};
pub use self::page::Wish;
use self::page::{Done, Measure, Page};
use self::place::{Fixed, Placement};
use self::reach::Reached;
pub use self::row::DELETED;
use self::rows::{RowId, Rows, Shown};
pub use self::search::BAR as SEARCH_BAR;
use self::search::Search;
use super::mentions::Names;
use super::theme;
use super::when::Clock;
use crate::client::command::Command;
use crate::client::model::{Chat, Link, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// With more unread messages than this, opening a chat does not load all of them to find the first.
const CATCH_UP_MAX: u32 = 2_000;
const EDGE: f32 = 10.0;
const HEAD: f32 = 64.0;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Anchor {
    End,
    /// The lower edge of that row is so far below the upper edge of the viewport.
    Row(RowId, f32),
    /// The same of its upper edge.
    Top(RowId, f32),
    /// That message is to be shown with its upper edge near the top.
    Show(Seq),
}

/// A row that has been measured.
enum Look {
    Bubble(Box<bubble::Look>),
    Line(line::Look),
}

impl Look {
    fn height(&self) -> f32 {
        match self {
            Self::Bubble(look) => look.height,
            Self::Line(look) => look.height,
        }
    }
}

/// Where a conversation is looked at.
#[derive(Debug)]
pub struct Timeline {
    chat: ChatKey,
    heights: Heights,
    reached: Reached,
    /// The first and the last message that `heights` knows.
    known: Option<(Seq, Seq)>,
    anchor: Anchor,
    at_end: bool,
    /// What was seen when the chat was opened, if there was more.
    unread_from: Option<Seq>,
    divider: Option<Seq>,
    /// The divider will not move any more.
    divider_found: bool,
    /// The place to begin has been found, or somebody has scrolled away from it.
    settled: bool,
    marked: Seq,
    asked: Option<(Option<Seq>, bool)>,
    /// The long messages that are shown whole.
    unfolded: BTreeSet<RowId>,
    /// The first and the last message that are wholly in view.
    in_view: Option<(Seq, Seq)>,
    /// A message that is to be shown as soon as it is loaded.
    wanted: Option<Asked>,
    /// A message that was asked for stands out for a moment.
    highlight: Option<Highlight>,
    /// What is chosen, while messages are chosen.
    chosen: Option<Chosen>,
    search: Option<Search>,
    quotes: quote::Asking,
    /// What is wanted with a message, until it is done elsewhere.
    wish: Option<Wish>,
}

impl Timeline {
    /// Opens a chat: the "New" divider is placed by what has not been seen now.
    pub fn open(chat: ChatKey, model: &Model) -> Self {
        let unread_from = model.chat(chat).filter(|chat| chat.unread > 0).map(|chat| chat.read);
        Self {
            chat,
            heights: Heights::default(),
            reached: Reached::default(),
            known: None,
            anchor: Anchor::End,
            at_end: true,
            unread_from,
            divider: None,
            divider_found: unread_from.is_none(),
            settled: false,
            marked: Seq(0),
            asked: None,
            unfolded: BTreeSet::new(),
            in_view: None,
            wanted: None,
            highlight: None,
            chosen: None,
            search: None,
            quotes: quote::Asking::default(),
            wish: None,
        }
    }

    /// Which chat.
    pub fn chat(&self) -> ChatKey {
        self.chat
    }

    /// Whether the newest message is in view.
    pub fn at_end(&self) -> bool {
        self.at_end
    }

    /// Ends what is going on in the conversation: choosing messages, or else the search. Says whether anything was.
    pub fn peel(&mut self) -> bool {
        self.chosen.take().is_some() || self.search.take().is_some()
    }

    /// Goes to the newest message and stays there.
    pub fn go_to_end(&mut self) {
        self.wanted = None;
        self.anchor = Anchor::End;
        self.at_end = true;
        self.settled = true;
    }

    /// Draws the conversation.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, names: &Names, clock: &Clock, commands: &mut Vec<Command>) {
        let view = ui.max_rect();
        ui.painter().rect_filled(view, 0.0, theme::palette(ui).backdrop);
        let chat = model.chat(self.chat);
        self.find_divider(model, chat);
        self.sync(chat, &Measure::of(view.left(), view.right()));
        self.search_on(ui, model, chat, commands);
        self.go_where_asked(ui, model, chat, commands);

        if let Some(wait) = chat.and_then(|chat| notices::next(chat, clock)) {
            ui.ctx().request_repaint_after(wait);
        }

        let mut reached = std::mem::take(&mut self.reached);
        reached.keep_up(model, self.chat);
        let rows = Rows::new(model, self.chat, clock, self.divider, &reached);
        if rows.len() > 1 {
            self.list(ui, view, model, &rows, names, commands);
        } else {
            self.ask_for_more(model, chat, commands);
            edges::nothing(ui, view, model, self.chat, commands);
        }
        self.reached = reached;
        self.search_remark(ui, view);
    }

    fn list(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        model: &Model,
        rows: &Rows<'_>,
        names: &Names,
        commands: &mut Vec<Command>,
    ) {
        self.begin(rows);

        let name = match self.chat {
            ChatKey::Person(_) => format!("Messages with {}", model.title(self.chat)),
            ChatKey::Everyone | ChatKey::Group(_) => format!("Messages in {}", model.title(self.chat)),
        };
        let builder = UiBuilder::new().max_rect(view).accessibility_role(Role::List).accessibility_label(name);
        let mut child = ui.new_child(builder);
        child.set_clip_rect(view.intersect(ui.clip_rect()));
        let mut measure = Measure::of(view.left(), view.right());
        measure.avatars &= !page::of_two(self.chat);
        let unfolded = std::mem::take(&mut self.unfolded);
        let chosen = self.chosen.take();
        let search = self.search.take();
        let page = Page {
            chat: self.chat,
            measure,
            clock: rows.clock(),
            names,
            unfolded: &unfolded,
            needle: search.as_ref().and_then(Search::needle),
            here: search.as_ref().and_then(Search::here),
            shown: self.highlighted(ui),
            chosen: chosen.as_ref(),
        };
        let mut done = Done::default();
        let placement = self.rows(&mut child, view, model, rows, &page, &mut done);
        (self.unfolded, self.chosen, self.search) = (unfolded, chosen, search);
        if let Some(chosen) = &mut self.chosen {
            chosen.wants_focus = None;
        }
        self.remember_seen(rows, &placement, inner_height(view));
        commands.append(&mut done.commands);
        for deed in done.deeds {
            self.perform(deed, rows, &placement);
            ui.ctx().request_repaint();
        }
    }

    fn rows(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        model: &Model,
        rows: &Rows<'_>,
        page: &Page<'_>,
        done: &mut Done,
    ) -> Placement<Option<Look>> {
        let inner = Rect::from_min_max(view.min, view.max - vec2(0.0, EDGE));
        let height = inner_height(view);
        let scroll = self.scrolled(ui, view, height);
        if scroll != 0.0 {
            self.settled = true;
            // Whoever goes elsewhere meanwhile is not fetched back.
            self.wanted = None;
        }

        let mut look_at = |row| {
            let look = match rows.get(row) {
                Some(Shown::Bubble(row)) => Some(Look::Bubble(Box::new(bubble::measure(ui, &row, page)))),
                Some(Shown::Line(row)) => {
                    let is_notice = matches!(row.id, RowId::Notice(..));
                    Some(Look::Line(line::measure(ui, &row, page, is_notice)))
                }
                None => None,
            };
            (look.as_ref().map_or(HEAD, Look::height), look)
        };
        let mut fixed = self.fixed(rows, height);
        if let (Anchor::Show(_), Fixed::Top(row, top)) = (self.anchor, fixed) {
            // Where all that is new fits, it is shown to the end.
            if place::place(rows.len(), Fixed::Top(row, 0.0), 0.0, height, &mut look_at).at_end {
                fixed = Fixed::End;
            } else if let (_, Some(Look::Bubble(look))) = look_at(row)
                && let Some(found) = look.found().filter(|found| *found > height * 0.7)
            {
                // What was found far down in a long message is in view, not only its beginning.
                fixed = Fixed::Top(row, top.min(height * 0.5 - found));
            }
        }
        let placement = place::place(rows.len(), fixed, scroll, height, &mut look_at);
        self.remember(rows, &placement);

        for placed in &placement.rows {
            let top = inner.top() + placed.top;
            match (rows.get(placed.row), &placed.look) {
                (Some(Shown::Bubble(row)), Some(Look::Bubble(look))) => {
                    if let Some(quote) = &row.quote {
                        self.ask_for_quote(model, quote.seq, &mut done.commands);
                    }
                    bubble::paint(ui, &row, look, page, top, done);
                }
                (Some(Shown::Line(row)), Some(Look::Line(look))) => line::paint(ui, &row, look, page, top),
                _ => edges::head(ui, &page.measure, top, model, self.chat, &mut done.commands),
            }
        }

        let commands = &mut done.commands;
        let chat = model.chat(self.chat);
        let first = placement.rows.front().map_or(0, |row| row.row);
        let catching_up = !self.divider_found && chat.is_some_and(|chat| chat.unread <= CATCH_UP_MAX);
        if first == 0 || catching_up || self.nearly_at_top(rows, first, height) {
            self.ask_for_more(model, chat, commands);
        }
        self.mark_read(ui, model, chat, rows, &placement, height, commands);
        self.scroll_bar(ui, view, rows, &placement, height);
        self.pill(ui, view, model, chat, &placement, rows, height);
        placement
    }

    fn fixed(&self, rows: &Rows<'_>, height: f32) -> Fixed {
        match self.anchor {
            Anchor::End => Fixed::End,
            Anchor::Row(id, bottom) => rows.find(id).map_or(Fixed::End, |row| Fixed::Bottom(row, bottom)),
            Anchor::Top(id, top) => rows.find(id).map_or(Fixed::End, |row| Fixed::Top(row, top)),
            Anchor::Show(seq) => {
                let top = (height * 0.2).min(90.0);
                rows.find(RowId::Message(seq)).map_or(Fixed::End, |row| Fixed::Top(row, top))
            }
        }
    }

    /// Keeps where this frame looked, and how high its rows were.
    fn remember(&mut self, rows: &Rows<'_>, placement: &Placement<Option<Look>>) {
        for placed in &placement.rows {
            if let Some(place) = rows.place(placed.row) {
                self.heights.set(place, placed.height);
            }
        }
        self.at_end = placement.at_end;
        if self.at_end {
            self.anchor = Anchor::End;
            return;
        }
        // Comings and goings are forgotten after a while: what is held on to is a message where one is to be seen.
        let lasts = |id: RowId| !matches!(id, RowId::Head | RowId::Notice(..));
        let lasting = placement.rows.iter().find(|row| lasts(rows.id(row.row)));
        let top = lasting.or(placement.rows.iter().find(|row| row.row > 0)).or(placement.rows.front());
        if let Some(top) = top {
            self.anchor = Anchor::Row(rows.id(top.row), top.bottom());
        }
    }

    /// Keeps up with messages that were added at either end; starts anew when it was anything else.
    fn sync(&mut self, chat: Option<&Chat>, measure: &Measure) {
        let Some((chat, (first, last))) =
            chat.and_then(|chat| Some((chat, (chat.messages.front()?.seq, chat.messages.back()?.seq))))
        else {
            self.heights = Heights::default();
            self.known = None;
            return;
        };
        if self.known == Some((first, last)) && self.heights.len() == chat.messages.len() {
            return;
        }
        let kept = self.known.and_then(|(old_first, old_last)| {
            let start = chat.messages.binary_search_by_key(&old_first, |message| message.seq).ok()?;
            let end = start + self.heights.len();
            (chat.messages.get(end.checked_sub(1)?)?.seq == old_last).then_some((start, end))
        });
        let (start, end) = kept.unwrap_or_else(|| {
            self.heights = Heights::default();
            (0, 0)
        });
        for message in chat.messages.range(..start).rev() {
            self.heights.push_front(measure.estimate(message));
        }
        for message in chat.messages.range(end..) {
            self.heights.push_back(measure.estimate(message));
        }
        self.known = Some((first, last));
    }

    /// Chooses where to begin: at the first message that has not been seen, or at the end.
    fn begin(&mut self, rows: &Rows<'_>) {
        if self.settled || rows.messages() == 0 {
            return;
        }
        self.anchor = self.divider.map_or(Anchor::End, Anchor::Show);
        self.settled = self.divider_found;
    }

    /// Asks for the page above, once for each page and each state of the connection. Says whether it did.
    fn ask_for_more(&mut self, model: &Model, chat: Option<&Chat>, commands: &mut Vec<Command>) -> bool {
        let stopped = chat.is_some_and(|chat| chat.complete || chat.loading || chat.problem.is_some());
        if stopped {
            return false;
        }
        let page = chat.and_then(|chat| chat.messages.front()).map(|message| message.seq);
        let state = (page, model.link == Link::Online);
        if self.asked != Some(state) {
            self.asked = Some(state);
            commands.push(Command::LoadOlder { chat: self.chat });
            return true;
        }
        false
    }
}

/// How high the part of the viewport is in which messages stand.
fn inner_height(view: Rect) -> f32 {
    (view.height() - EDGE).round()
}
