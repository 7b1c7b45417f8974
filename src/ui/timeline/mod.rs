//! The messages of the open chat: a list of rows of different heights, of which only the visible ones cost anything.
//!
//! What is fixed is a message, not a distance: see [`place`]. The view reads the model and emits commands; what it
//! keeps between frames is where it looks, and what the chat was like when it was opened.

mod bubble;
mod heights;
mod place;
mod rows;

use egui::accesskit::Role;
use egui::{Id, Key, Modifiers, Rect, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use self::bubble::{Look, Measure};
use self::heights::Heights;
use self::place::{Fixed, Placed, Placement};
use self::rows::{RowId, Rows};
use super::theme::{self, font, space};
use super::when::Clock;
use super::{text, widgets};
use crate::client::command::Command;
use crate::client::model::{Chat, Link, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// With more unread messages than this, opening a chat does not load all of them to find the first.
const CATCH_UP_MAX: u32 = 2_000;
const EDGE: f32 = 10.0;
const HEAD: f32 = 64.0;
/// What is guessed for the height of a row that has never been drawn and has no text to guess from.
const ROW_GUESS: f32 = 44.0;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Anchor {
    End,
    /// The lower edge of that row is so far below the upper edge of the viewport.
    Row(RowId, f32),
    /// That message is to be shown with its upper edge near the top.
    Show(Seq),
}

/// Where a conversation is looked at.
#[derive(Debug)]
pub struct Timeline {
    chat: ChatKey,
    heights: Heights,
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
}

impl Timeline {
    /// Opens a chat: the "New" divider is placed by what has not been seen now.
    pub fn open(chat: ChatKey, model: &Model) -> Self {
        let unread_from = model.chat(chat).filter(|chat| chat.unread > 0).map(|chat| chat.read);
        Self {
            chat,
            heights: Heights::default(),
            known: None,
            anchor: Anchor::End,
            at_end: true,
            unread_from,
            divider: None,
            divider_found: unread_from.is_none(),
            settled: false,
            marked: Seq(0),
            asked: None,
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

    /// Goes to the newest message and stays there.
    pub fn go_to_end(&mut self) {
        self.anchor = Anchor::End;
        self.at_end = true;
        self.settled = true;
    }

    /// Draws the conversation.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) {
        let view = ui.max_rect();
        ui.painter().rect_filled(view, 0.0, theme::palette(ui).backdrop);
        let chat = model.chat(self.chat);
        self.find_divider(model, chat);
        self.sync(chat, &Measure::of(view.left(), view.right()));

        let rows = Rows::new(model, self.chat, clock, self.divider);
        if rows.len() == 1 {
            self.ask_for_more(model, chat, commands);
            return nothing(ui, view, model, self.chat, chat, commands);
        }
        self.begin(&rows);

        let name = format!("Messages with {}", model.title(self.chat));
        let builder = UiBuilder::new().max_rect(view).accessibility_role(Role::List).accessibility_label(name);
        let mut child = ui.new_child(builder);
        child.set_clip_rect(view.intersect(ui.clip_rect()));
        self.rows(&mut child, view, model, &rows, clock, commands);
    }

    fn rows(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        model: &Model,
        rows: &Rows<'_>,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) {
        let measure = Measure::of(view.left(), view.right());
        let inner = Rect::from_min_max(view.min, view.max - vec2(0.0, EDGE));
        let height = inner.height().round();
        let scroll = self.scrolled(ui, view, height);
        if scroll != 0.0 {
            self.settled = true;
        }

        let mut look_at = |row| {
            let look = rows.get(row).map(|shown| bubble::measure(ui, &shown, &measure, clock));
            (look.as_ref().map_or(HEAD, |look: &Look| look.height), look)
        };
        let mut fixed = self.fixed(rows, height);
        // Where all that is new fits, it is shown to the end.
        if let (Anchor::Show(_), Fixed::Top(row, _)) = (self.anchor, fixed)
            && place::place(rows.len(), Fixed::Top(row, 0.0), 0.0, height, &mut look_at).at_end
        {
            fixed = Fixed::End;
        }
        let placement = place::place(rows.len(), fixed, scroll, height, &mut look_at);
        self.remember(rows, &placement);

        for placed in &placement.rows {
            let top = inner.top() + placed.top;
            match (rows.get(placed.row), &placed.look) {
                (Some(row), Some(look)) => bubble::paint(ui, &row, look, &measure, top, clock, commands),
                _ => self.head(ui, &measure, top, model, commands),
            }
        }

        let chat = model.chat(self.chat);
        let first = placement.rows.front().map_or(0, |row| row.row);
        let above = self.heights.above(first.saturating_sub(1));
        let catching_up = !self.divider_found && chat.is_some_and(|chat| chat.unread <= CATCH_UP_MAX);
        if first == 0 || above < f64::from(height) || catching_up {
            self.ask_for_more(model, chat, commands);
        }
        self.mark_read(ui, model, chat, rows, &placement, height, commands);
        self.scroll_bar(ui, view, rows, &placement, height);
        self.pill(ui, view, model, chat, &placement, rows, height);
    }

    /// Wheel, touchpad and the keys that scroll. Positive is towards older messages.
    fn scrolled(&self, ui: &Ui, view: Rect, height: f32) -> f32 {
        let page = (height - 2.0 * theme::LINE).max(theme::LINE);
        let mut scroll = ui.input_mut(|input| {
            let up = input.count_and_consume_key(Modifiers::NONE, Key::PageUp);
            let down = input.count_and_consume_key(Modifiers::NONE, Key::PageDown);
            page * (up as f32 - down as f32)
        });
        if ui.rect_contains_pointer(view) {
            scroll += ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta).y);
        }
        let list = ui.unique_id();
        ui.ctx().accesskit_node_builder(list, |node| {
            node.add_action(egui::accesskit::Action::ScrollUp);
            node.add_action(egui::accesskit::Action::ScrollDown);
        });
        ui.input(|input| {
            let asked = |action| input.num_accesskit_action_requests(list, action) as f32;
            scroll += page * (asked(egui::accesskit::Action::ScrollUp) - asked(egui::accesskit::Action::ScrollDown));
        });
        scroll
    }

    fn fixed(&self, rows: &Rows<'_>, height: f32) -> Fixed {
        match self.anchor {
            Anchor::End => Fixed::End,
            Anchor::Row(id, bottom) => rows.find(id).map_or(Fixed::End, |row| Fixed::Bottom(row, bottom)),
            Anchor::Show(seq) => {
                let top = (height * 0.2).min(90.0);
                rows.find(RowId::Message(seq)).map_or(Fixed::End, |row| Fixed::Top(row, top))
            }
        }
    }

    /// Keeps where this frame looked, and how high its rows were.
    fn remember(&mut self, rows: &Rows<'_>, placement: &Placement<Option<Look>>) {
        for placed in &placement.rows {
            if rows.message(placed.row).is_some() {
                self.heights.set(placed.row - 1, placed.height);
            }
        }
        self.at_end = placement.at_end;
        if self.at_end {
            self.anchor = Anchor::End;
        } else if let Some(top) = placement.rows.iter().find(|row| row.row > 0).or(placement.rows.front()) {
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
            self.heights.push_front(measure.estimate(&message.text));
        }
        for message in chat.messages.range(end..) {
            self.heights.push_back(measure.estimate(&message.text));
        }
        self.known = Some((first, last));
    }

    fn find_divider(&mut self, model: &Model, chat: Option<&Chat>) {
        let (false, Some(read), Some(chat), Some(me)) = (self.divider_found, self.unread_from, chat, &model.me) else {
            return;
        };
        let unseen = chat.messages.partition_point(|message| message.seq <= read);
        self.divider = chat.messages.range(unseen..).find(|message| message.from != me.id).map(|message| message.seq);
        self.divider_found = self.divider.is_some() && (unseen > 0 || chat.complete);
    }

    /// Chooses where to begin: at the first message that has not been seen, or at the end.
    fn begin(&mut self, rows: &Rows<'_>) {
        if self.settled || rows.messages() == 0 {
            return;
        }
        self.anchor = self.divider.map_or(Anchor::End, Anchor::Show);
        self.settled = self.divider_found;
    }

    /// Asks for the page above, once for each page and each state of the connection.
    fn ask_for_more(&mut self, model: &Model, chat: Option<&Chat>, commands: &mut Vec<Command>) {
        let stopped = chat.is_some_and(|chat| chat.complete || chat.loading || chat.problem.is_some());
        if stopped {
            return;
        }
        let page = chat.and_then(|chat| chat.messages.front()).map(|message| message.seq);
        let state = (page, model.link == Link::Online);
        if self.asked != Some(state) {
            self.asked = Some(state);
            commands.push(Command::LoadOlder { chat: self.chat });
        }
    }

    /// Says what was seen. Read means seen: nothing is passed over, so it stops at the first unread message that was
    /// not in the viewport.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn mark_read(
        &mut self,
        ui: &Ui,
        model: &Model,
        chat: Option<&Chat>,
        rows: &Rows<'_>,
        placement: &Placement<Option<Look>>,
        height: f32,
        commands: &mut Vec<Command>,
    ) {
        let (Some(chat), Some(me)) = (chat.filter(|chat| chat.unread > 0), &model.me) else { return };
        if !ui.input(|input| input.focused) {
            return;
        }
        let read = chat.read.max(self.marked);
        let unseen = chat.messages.partition_point(|message| message.seq <= read);
        let Some(first) = chat.messages.range(unseen..).find(|message| message.from != me.id) else { return };
        let mut seen = placement
            .rows
            .iter()
            .filter(|placed| placed.bottom() <= height + 0.5)
            .filter_map(|placed| rows.message(placed.row));
        let Some(first_seen) = seen.clone().next().filter(|message| message.seq <= first.seq) else { return };
        let upto = seen.rfind(|message| message.from != me.id).map_or(first_seen.seq, |message| message.seq);
        if upto >= first.seq {
            self.marked = upto;
            commands.push(Command::MarkRead { chat: self.chat, upto });
        }
    }

    /// What stands above the first message.
    fn head(&mut self, ui: &mut Ui, measure: &Measure, top: f32, model: &Model, commands: &mut Vec<Command>) {
        let palette = theme::palette(ui);
        let chat = model.chat(self.chat);
        let place = Rect::from_min_max(pos2(measure.left, top), pos2(measure.right, top + HEAD));
        let words = if let Some(problem) = chat.and_then(|chat| chat.problem.as_ref()) {
            format!("Older messages could not be loaded: {problem}")
        } else if chat.is_some_and(|chat| chat.complete) {
            format!("Beginning of your conversation with {}", model.title(self.chat))
        } else if model.link == Link::Online {
            "Loading older messages…".to_owned()
        } else {
            "Older messages come with the connection".to_owned()
        };
        let failed = chat.is_some_and(|chat| chat.problem.is_some());
        let room = place.width() - if failed { 110.0 } else { 0.0 };
        let color = if failed { palette.danger } else { palette.subdued };
        let galley = text::elided(ui, text::one_line(&words), font::small(), color, room);
        let mut at = place.center() - galley.size() / 2.0;
        if failed {
            at.x -= 50.0;
        }
        let said = Rect::from_min_size(at, galley.size());
        widgets::say(ui, said, &words);
        ui.painter().galley(at, galley, color);
        let button = said.right_center() + vec2(space::S, 0.0);
        if failed && widgets::text_button(ui, button, "Try again", self.chat, palette.accent).clicked() {
            commands.push(Command::LoadOlder { chat: self.chat });
        }
    }

    fn scroll_bar(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        rows: &Rows<'_>,
        placement: &Placement<Option<Look>>,
        height: f32,
    ) {
        let Some(first) = placement.rows.front() else { return };
        let waiting = rows.len() - 1 - rows.messages();
        let content = f64::from(HEAD) + self.heights.total() + f64::from(ROW_GUESS) * waiting as f64;
        let scrollable = content - f64::from(height);
        if scrollable <= 1.0 {
            return;
        }
        let above = if first.row == 0 { 0.0 } else { f64::from(HEAD) + self.heights.above(first.row - 1) };
        let offset = if self.at_end { scrollable } else { (above - f64::from(first.top)).clamp(0.0, scrollable) };

        let track = Rect::from_min_max(pos2(view.right() - 12.0, view.top() + 4.0), view.max - vec2(2.0, 4.0));
        let length = (track.height() * (f64::from(height) / content) as f32).max(36.0).min(track.height());
        let way = track.height() - length;
        let top = track.top() + way * (offset / scrollable) as f32;
        let handle = Rect::from_min_size(pos2(track.left(), top), vec2(track.width(), length));
        let response = ui.interact(handle, Id::unique("timeline scroll bar"), Sense::drag());
        response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, "Scroll"));
        let busy = response.hovered() || response.dragged();
        let width = if busy { 8.0 } else { 5.0 };
        let color = theme::palette(ui).subdued.gamma_multiply(if busy { 0.7 } else { 0.35 });
        let bar = Rect::from_center_size(handle.center(), vec2(width, length));
        ui.painter().rect_filled(bar, width / 2.0, color);

        let drag = response.drag_delta().y;
        if drag != 0.0 && way > 0.0 {
            self.settled = true;
            let target = (offset + f64::from(drag / way) * scrollable).clamp(0.0, scrollable);
            let (row, into) = self.heights.at(target - f64::from(HEAD)).unwrap_or_default();
            let bottom = f64::from(self.heights.above(row + 1) as f32) - self.heights.above(row) - into;
            self.anchor = match rows.id(row + 1) {
                _ if target >= scrollable => Anchor::End,
                _ if target < f64::from(HEAD) => Anchor::Row(RowId::Head, HEAD - target as f32),
                id => Anchor::Row(id, bottom as f32),
            };
            ui.ctx().request_repaint();
        }
    }

    /// The way to what is new, while something else is looked at.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn pill(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        model: &Model,
        chat: Option<&Chat>,
        placement: &Placement<Option<Look>>,
        rows: &Rows<'_>,
        height: f32,
    ) {
        let palette = theme::palette(ui);
        let unread = chat.map_or(0, |chat| chat.unread);
        let read = chat.map_or(Seq(0), |chat| chat.read.max(self.marked));
        let next = chat.zip(model.me.as_ref()).and_then(|(chat, me)| {
            let unseen = chat.messages.partition_point(|message| message.seq <= read);
            chat.messages.range(unseen..).find(|message| message.from != me.id).map(|message| message.seq)
        });
        let next = next.filter(|_| unread > 0);
        let visible = |row: &Placed<_>| rows.message(row.row).map(|message| message.seq) == next;
        let in_view = next.is_some() && placement.rows.iter().any(|row| visible(row) && row.bottom() <= height + 0.5);
        let slightly =
            placement.rows.back().is_some_and(|row| row.row + 1 == rows.len() && row.bottom() < height + 60.0);
        let near_end = self.at_end || slightly;
        let (label, name) = match next {
            Some(_) if in_view => return,
            Some(_) => (format!("{unread} new"), format!("{unread} new")),
            None if near_end => return,
            None => (String::new(), "Go to the newest message".to_owned()),
        };
        let upwards = self.at_end;

        let galley = ui.painter().layout_no_wrap(label, font::small_strong(), palette.text);
        let words = if galley.size().x > 0.0 { galley.size().x + 14.0 } else { 0.0 };
        let size = vec2(38.0 + words, 38.0);
        let right = Measure::of(view.left(), view.right()).right.max(view.left() + size.x);
        let rect = Rect::from_min_size(pos2(right - size.x, view.bottom() - size.y - 14.0), size);
        let response = ui.interact(rect, Id::unique("new messages"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let fill = if response.hovered() { palette.hover } else { palette.surface };
        ui.painter().rect(rect, 19.0, fill, egui::Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
        widgets::focus_ring(ui, &response, egui::CornerRadius::same(19));
        let sign = if upwards { Icon::ChevronUp } else { Icon::ChevronDown };
        widgets::icon(ui, pos2(rect.right() - 19.0, rect.center().y), sign, 20.0, palette.accent);
        let at = pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, palette.text);
        if response.clicked() {
            self.settled = true;
            self.anchor = next.map_or(Anchor::End, Anchor::Show);
            ui.ctx().request_repaint();
        }
    }
}

/// A chat that has no message to show: loading, failed, or empty.
fn nothing(ui: &mut Ui, view: Rect, model: &Model, key: ChatKey, chat: Option<&Chat>, commands: &mut Vec<Command>) {
    let palette = theme::palette(ui);
    let name = model.title(key);
    if let Some(problem) = chat.and_then(|chat| chat.problem.as_ref()) {
        widgets::empty(ui, view, Icon::CloudAlert, "The messages could not be loaded", problem);
        let button = pos2(view.center().x - 38.0, view.center().y + 92.0);
        if widgets::text_button(ui, button, "Try again", key, palette.accent).clicked() {
            commands.push(Command::LoadOlder { chat: key });
        }
    } else if chat.is_some_and(|chat| chat.complete) {
        let hint = format!("Say hello to {name}");
        widgets::empty(ui, view, Icon::MessageCircle, "No messages yet", &hint);
    } else if model.link == Link::Online {
        widgets::empty(ui, view, Icon::MessagesSquare, "Loading messages…", "");
    } else {
        let hint = "What was said here comes with the connection. What you write now is kept.";
        widgets::empty(ui, view, Icon::MessagesSquare, "Loading messages…", hint);
    }
}
