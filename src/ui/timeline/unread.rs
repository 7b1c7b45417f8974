//! What has not been seen: where it begins, when it is seen, and the way to it.

use egui::accesskit::Role;
use egui::{Id, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::page::Measure;
use super::place::{Placed, Placement};
use super::rows::Rows;
use super::{Anchor, Look, Timeline};
use crate::client::command::Command;
use crate::client::model::{Chat, Model};
use crate::proto::ids::Seq;
use crate::ui::theme::{self, font};
use crate::ui::widgets;

impl Timeline {
    pub(super) fn find_divider(&mut self, model: &Model, chat: Option<&Chat>) {
        let (false, Some(read), Some(chat), Some(me)) = (self.divider_found, self.unread_from, chat, &model.me) else {
            return;
        };
        let unseen = chat.messages.partition_point(|message| message.seq <= read);
        self.divider = chat.messages.range(unseen..).find(|message| message.counts(me.id)).map(|message| message.seq);
        self.divider_found = self.divider.is_some() && (unseen > 0 || chat.complete);
    }

    /// Says what was seen. Read means seen: nothing is passed over, so it stops at the first unread message that was
    /// not in the viewport.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    pub(super) fn mark_read(
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
        let Some(first) = chat.messages.range(unseen..).find(|message| message.counts(me.id)) else { return };
        let mut seen = placement
            .rows
            .iter()
            .filter(|placed| placed.bottom() <= height + 0.5)
            .filter_map(|placed| rows.message(placed.row));
        let Some(first_seen) = seen.clone().next().filter(|message| message.seq <= first.seq) else { return };
        let upto = seen.rfind(|message| message.counts(me.id)).map_or(first_seen.seq, |message| message.seq);
        if upto >= first.seq {
            self.marked = upto;
            commands.push(Command::MarkRead { chat: self.chat, upto });
        }
    }

    /// The way to what is new, while something else is looked at.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    pub(super) fn pill(
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
            chat.messages.range(unseen..).find(|message| message.counts(me.id)).map(|message| message.seq)
        });
        let next = next.filter(|_| unread > 0);
        let visible = |row: &Placed<_>| rows.message(row.row).map(|message| message.seq) == next;
        let in_view = next.is_some() && placement.rows.iter().any(|row| visible(row) && row.bottom() <= height + 0.5);
        let first_seen = placement.rows.iter().find_map(|row| rows.message(row.row)).map(|message| message.seq);
        let above = next.filter(|next| first_seen.is_none_or(|first| *next < first));
        if let (Some(next), Some(chat), Some(me)) = (above, chat, &model.me) {
            let from = chat.messages.partition_point(|message| message.seq < next);
            let to = first_seen.map_or(from, |first| chat.messages.partition_point(|message| message.seq < first));
            let count = chat.messages.range(from..to.max(from)).filter(|message| message.counts(me.id)).count();
            if self.pill_above(ui, view, count) {
                self.settled = true;
                self.anchor = Anchor::Show(next);
                ui.ctx().request_repaint();
            }
        }
        let slightly =
            placement.rows.back().is_some_and(|row| row.row + 1 == rows.len() && row.bottom() < height + 60.0);
        let near_end = self.at_end || slightly;
        let (label, name) = match next {
            Some(_) if in_view => return,
            Some(_) if above.is_none() => (format!("{unread} new"), format!("{unread} new")),
            Some(_) | None if near_end => return,
            Some(_) | None => (String::new(), "Go to the newest message".to_owned()),
        };

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
        widgets::icon(ui, pos2(rect.right() - 19.0, rect.center().y), Icon::ChevronDown, 20.0, palette.accent);
        let at = pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, palette.text);
        if response.clicked() {
            self.settled = true;
            self.anchor = next.filter(|_| above.is_none()).map_or(Anchor::End, Anchor::Show);
            ui.ctx().request_repaint();
        }
    }

    /// The way up to what is new. Says whether it was taken.
    fn pill_above(&self, ui: &mut Ui, view: Rect, count: usize) -> bool {
        let palette = theme::palette(ui);
        let label = match count {
            1 => "1 new message above".to_owned(),
            count => format!("{count} new messages above"),
        };
        let galley = ui.painter().layout_no_wrap(label.clone(), font::small_strong(), palette.text);
        let size = vec2(galley.size().x + 52.0, 34.0);
        let rect = Rect::from_min_size(pos2((view.center().x - size.x / 2.0).round(), view.top() + 10.0), size);
        let response = ui.interact(rect, Id::unique("new messages above"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        let fill = if response.hovered() { palette.hover } else { palette.surface };
        ui.painter().rect(rect, 17.0, fill, egui::Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
        widgets::focus_ring(ui, &response, egui::CornerRadius::same(17));
        widgets::icon(ui, pos2(rect.left() + 20.0, rect.center().y), Icon::ChevronUp, 18.0, palette.accent);
        let at = pos2(rect.left() + 36.0, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, palette.text);
        response.clicked()
    }
}
