//! One message: how high it is, and how it is painted. Knows nothing of scrolling.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text_selection::LabelSelectionState;
use egui::{Align2, CornerRadius, Galley, Id, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::rows::{Row, Sent};
use crate::client::command::Command;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::when::Clock;
use crate::ui::widgets;

const DAY: f32 = 46.0;
const DIVIDER: f32 = 38.0;
const GAP_GROUP: f32 = 12.0;
const GAP: f32 = 3.0;
const PAD_X: f32 = 12.0;
const PAD_Y: f32 = 7.0;
const NAME: f32 = 19.0;
const TIME: f32 = 15.0;
const TICK: f32 = 17.0;
const ACTIONS: f32 = 30.0;
const AVATAR: f32 = 34.0;

/// How wide things may be; the same for all rows of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// From where to where the conversation reaches.
    pub left: f32,
    /// See `left`.
    pub right: f32,
    /// There is room for avatars.
    pub avatars: bool,
    /// The widest that a line of text gets.
    pub text: f32,
}

impl Measure {
    /// For a pane from `left` to `right`.
    pub fn of(left: f32, right: f32) -> Self {
        let middle = (left + right) / 2.0;
        let half = ((right - left - 2.0 * space::L) / 2.0).clamp(1.0, theme::COLUMN_MAX / 2.0);
        let avatars = right - left >= 560.0;
        let text = (2.0 * half * 0.78 - 2.0 * PAD_X).clamp(60.0, theme::BUBBLE_TEXT_MAX);
        Self { left: (middle - half).round(), right: (middle + half).round(), avatars, text }
    }

    /// A height for a text that has not been laid out.
    pub fn estimate(&self, text: &str) -> f32 {
        let letters_per_line = (self.text / 7.2).max(1.0);
        let lines = text.bytes().filter(|byte| *byte == b'\n').count() as f32 + text.len() as f32 / letters_per_line;
        GAP + 2.0 * PAD_Y + (lines.floor() + 1.0) * theme::LINE
    }
}

/// A message that has been measured.
pub struct Look {
    body: Arc<Galley>,
    name: Option<Arc<Galley>>,
    time: Arc<Galley>,
    trouble: Option<Arc<Galley>>,
    /// What is inside the padding.
    inner: egui::Vec2,
    above: f32,
    /// The height of the whole row.
    pub height: f32,
}

/// Lays a message out.
pub fn measure(ui: &Ui, row: &Row<'_>, measure: &Measure, clock: &Clock) -> Look {
    let palette = theme::palette(ui);
    let body = text::wrapped(ui, &text::drawable(row.text), font::body(), palette.text, measure.text);
    let time_color = if row.own { palette.subdued_own } else { palette.subdued };
    let time = ui.painter().layout_no_wrap(clock.time(row.at), font::tiny(), time_color);
    let time_width = time.size().x + if row.own { TICK } else { 0.0 };
    let name = (row.header && !row.own).then(|| {
        let color = palette.names.get(theme::tint(row.author)).copied().unwrap_or(palette.text);
        text::elided(ui, text::one_line(row.author), font::small_strong(), color, measure.text)
    });

    // The time stands behind the last line where there is room, below it otherwise.
    let last_line = body.rows.last().map_or(0.0, |line| line.rect().right());
    let beside = last_line + space::M + time_width;
    let mut inner = body.size();
    if beside <= measure.text {
        inner.x = inner.x.max(beside);
    } else {
        inner.x = inner.x.max(time_width);
        inner.y += TIME;
    }
    if let Some(name) = &name {
        inner.x = inner.x.max(name.size().x);
        inner.y += NAME;
    }
    let inner = inner.ceil();

    let trouble = match row.sent {
        Sent::Failed { reason, .. } => {
            Some(text::wrapped(ui, &text::drawable(reason), font::small(), palette.danger, measure.text - 20.0))
        }
        Sent::Foreign | Sent::Pending | Sent::Stored | Sent::Delivered | Sent::Read => None,
    };
    let mut above = if row.header { GAP_GROUP } else { GAP };
    above += if row.day.is_some() { DAY - GAP_GROUP / 2.0 } else { 0.0 };
    above += if row.divider { DIVIDER - GAP_GROUP / 2.0 } else { 0.0 };
    let below = trouble.as_ref().map_or(0.0, |trouble| trouble.size().y.ceil() + space::XS + ACTIONS);
    let height = above + inner.y + 2.0 * PAD_Y + below;
    Look { body, name, time, trouble, inner, above, height }
}

/// Draws a message whose row begins at `top`.
pub fn paint(
    ui: &mut Ui,
    row: &Row<'_>,
    look: &Look,
    measure: &Measure,
    top: f32,
    clock: &Clock,
    commands: &mut Vec<Command>,
) {
    let palette = theme::palette(ui);
    let mut y = top;
    if let Some(day) = &row.day {
        day_pill(ui, pos2((measure.left + measure.right) / 2.0, y + DAY / 2.0), day);
        y += DAY - GAP_GROUP / 2.0;
    }
    if row.divider {
        divider(ui, measure, y + DIVIDER / 2.0);
    }

    let size = look.inner + 2.0 * vec2(PAD_X, PAD_Y);
    let indent = if measure.avatars { AVATAR + space::S } else { 0.0 };
    let left = if row.own { measure.right - size.x } else { measure.left + indent };
    let bubble = Rect::from_min_size(pos2(left, top + look.above), size);
    if measure.avatars && row.header && !row.own {
        let center = pos2(measure.left + AVATAR / 2.0, bubble.top() + AVATAR / 2.0);
        widgets::avatar(ui, center, AVATAR, row.author, None);
    }

    let mut corners = CornerRadius::same(radius::M);
    if row.own {
        corners.ne = radius::TAIL;
    } else {
        corners.nw = radius::TAIL;
    }
    let fill = if row.own { palette.bubble_own } else { palette.bubble };
    ui.painter().rect_filled(bubble, corners, fill);

    // Selecting must not steal the focus from the composer.
    let sense = Sense::click_and_drag() - Sense::FOCUSABLE;
    let response = ui.interact(bubble, Id::unique(("message", row.id)), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, row.spoken(clock)));
    let mut at = bubble.min + vec2(PAD_X, PAD_Y);
    if let Some(name) = &look.name {
        ui.painter().galley(at, Arc::clone(name), palette.text);
        at.y += NAME;
    }
    LabelSelectionState::label_text_selection(ui, &response, at, Arc::clone(&look.body), palette.text, Stroke::NONE);
    response.context_menu(|ui| {
        if ui.button("Copy message").clicked() {
            ui.copy_text(row.text.to_owned());
            ui.close();
        }
    });
    time(ui, row, look, bubble, clock);
    if let Sent::Failed { n, reason } = row.sent {
        trouble(ui, look, measure, bubble.bottom() + space::XS, n, reason, commands);
    }
}

fn time(ui: &mut Ui, row: &Row<'_>, look: &Look, bubble: Rect, clock: &Clock) {
    let palette = theme::palette(ui);
    let tick = if row.own { TICK } else { 0.0 };
    let size = look.time.size();
    let corner = bubble.max - vec2(PAD_X, PAD_Y - 1.0);
    let at = pos2(corner.x - tick - size.x, corner.y - size.y - 1.0);
    ui.painter().galley(at, Arc::clone(&look.time), palette.subdued);
    if row.own {
        let (sign, color) = match row.sent {
            Sent::Pending => (Icon::Clock3, palette.subdued_own),
            Sent::Failed { .. } => (Icon::CircleAlert, palette.danger),
            Sent::Stored | Sent::Foreign => (Icon::Check, palette.subdued_own),
            Sent::Delivered => (Icon::CheckCheck, palette.subdued_own),
            Sent::Read => (Icon::CheckCheck, palette.seen_own),
        };
        widgets::icon(ui, pos2(corner.x - 6.0, at.y + size.y / 2.0), sign, 13.0, color);
    }
    let place = Rect::from_min_max(at, corner);
    let id = Id::unique(("time", row.id));
    ui.interact(place, id, Sense::hover()).on_hover_text(clock.exact(row.at));
}

/// Why a message did not get through, and what can be done, below its bubble.
fn trouble(ui: &mut Ui, look: &Look, measure: &Measure, mut y: f32, n: u64, reason: &str, commands: &mut Vec<Command>) {
    let palette = theme::palette(ui);
    let Some(galley) = &look.trouble else { return };
    let place = Rect::from_min_size(pos2(measure.right - galley.size().x, y), galley.size());
    widgets::icon(ui, pos2(place.left() - 11.0, y + theme::LINE / 2.0), Icon::CircleAlert, 14.0, palette.danger);
    widgets::say(ui, place, reason);
    ui.painter().galley(place.min, Arc::clone(galley), palette.danger);
    y += galley.size().y + ACTIONS / 2.0;

    let width = |ui: &Ui, label: &str| {
        let galley = ui.painter().layout_no_wrap(label.to_owned(), font::small_strong(), palette.accent);
        galley.size().x + 2.0 * space::S
    };
    let discard = measure.right - width(ui, "Discard") + space::S;
    let retry = discard - width(ui, "Retry") - space::XS;
    if widgets::text_button(ui, pos2(retry, y), "Retry", ("retry", n), palette.accent).clicked() {
        commands.push(Command::Retry { n });
    }
    if widgets::text_button(ui, pos2(discard, y), "Discard", ("discard", n), palette.danger).clicked() {
        commands.push(Command::Discard { n });
    }
}

fn day_pill(ui: &mut Ui, center: egui::Pos2, day: &str) {
    let palette = theme::palette(ui);
    let galley = ui.painter().layout_no_wrap(day.to_owned(), font::small_strong(), palette.subdued);
    let pill = Rect::from_center_size(center, galley.size() + vec2(24.0, 9.0));
    ui.painter().rect_filled(pill, 14.0, palette.surface);
    widgets::say(ui, pill, day);
    ui.painter().galley(pill.center() - galley.size() / 2.0, galley, palette.subdued);
}

fn divider(ui: &mut Ui, measure: &Measure, y: f32) {
    let palette = theme::palette(ui);
    let stroke = Stroke::new(1.0, palette.accent.gamma_multiply(0.5));
    let middle = (measure.left + measure.right) / 2.0;
    let place = Rect::from_center_size(pos2(middle, y), vec2(56.0, 20.0));
    ui.painter().hline(measure.left..=place.left(), y, stroke);
    ui.painter().hline(place.right()..=measure.right, y, stroke);
    widgets::say(ui, place, "New");
    ui.painter().text(place.center(), Align2::CENTER_CENTER, "New", font::small_strong(), palette.accent);
}
