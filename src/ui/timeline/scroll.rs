//! Moving through a conversation: wheel, keys, and the bar that says how far one is.

use egui::accesskit::Role;
use egui::{Id, Key, Modifiers, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use super::heights::Heights;
use super::place::Placement;
use super::rows::{RowId, Rows};
use super::{Anchor, HEAD, Look, Timeline, line};
use crate::ui::theme;

/// What is guessed for the height of a row that has never been drawn and has no text to guess from.
const ROW_GUESS: f32 = 44.0;

impl Timeline {
    /// Wheel, touchpad and the keys that scroll. Positive is towards older messages.
    pub(super) fn scrolled(&self, ui: &Ui, view: Rect, height: f32) -> f32 {
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

    /// Where one is in the whole of the conversation, to be dragged.
    pub(super) fn scroll_bar(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        rows: &Rows<'_>,
        placement: &Placement<Option<Look>>,
        height: f32,
    ) {
        let Some(first) = placement.rows.front() else { return };
        let axis = Axis::new(&self.heights, rows);
        let content = axis.total();
        let scrollable = content - f64::from(height);
        if scrollable <= 1.0 {
            return;
        }
        let above = axis.top(first.row) - f64::from(first.top);
        let offset = if self.at_end { scrollable } else { above.clamp(0.0, scrollable) };

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
            self.anchor = match axis.at(target) {
                _ if target >= scrollable => Anchor::End,
                _ if target < f64::from(HEAD) => Anchor::Row(RowId::Head, HEAD - target as f32),
                (row, left) => Anchor::Row(rows.id(row), left as f32),
            };
            ui.ctx().request_repaint();
        }
    }

    /// Whether so little is above a row that more should be loaded.
    pub(super) fn nearly_at_top(&self, rows: &Rows<'_>, row: usize, height: f32) -> bool {
        Axis::new(&self.heights, rows).top(row) - f64::from(HEAD) < f64::from(height)
    }
}

/// Where rows stand on the whole length of a conversation. Exact for what has been drawn and for the lines of comings
/// and goings, an estimate for the rest.
struct Axis<'a> {
    heights: &'a Heights,
    rows: &'a Rows<'a>,
    /// The height of each line of comings and goings.
    spans: Vec<f64>,
}

impl<'a> Axis<'a> {
    fn new(heights: &'a Heights, rows: &'a Rows<'a>) -> Self {
        let height = |span| {
            let (new_day, follows) = rows.shape(span);
            f64::from(line::height(new_day, follows))
        };
        Self { heights, rows, spans: rows.spans().iter().map(height).collect() }
    }

    fn total(&self) -> f64 {
        let waiting = f64::from(ROW_GUESS) * self.rows.waiting() as f64;
        f64::from(HEAD) + self.heights.total() + self.spans.iter().sum::<f64>() + waiting
    }

    /// Where a row begins.
    fn top(&self, row: usize) -> f64 {
        let Some(above) = row.checked_sub(1) else { return 0.0 };
        let spans = self.rows.spans_above(row);
        let between: f64 = self.spans.iter().take(spans).sum();
        f64::from(HEAD) + self.heights.above(above - spans) + between
    }

    /// The row at that distance from the top, and how much of it is below that.
    fn at(&self, y: f64) -> (usize, f64) {
        let mut y = y - f64::from(HEAD);
        for (span, height) in self.rows.spans().iter().zip(&self.spans) {
            let top = self.heights.above(span.before);
            if y < top {
                break;
            }
            if y < top + height {
                return (span.row, top + height - y);
            }
            y -= height;
        }
        let (place, into) = self.heights.at(y).unwrap_or_default();
        let height = self.heights.above(place + 1) - self.heights.above(place);
        (self.rows.row_of(place), height - into)
    }
}
