//! One message: how high it is, and how it is painted. Knows nothing of scrolling.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text_selection::LabelSelectionState;
use egui::{CornerRadius, Galley, Id, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::rows::{Row, Sent};
use crate::client::command::Command;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::when::Clock;
use crate::ui::widgets;

/// What stands between messages that do not belong together, and the room above and below it.
const SEPARATOR: f32 = 24.0;
const AROUND: f32 = 14.0;
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
    /// Parts of it can be selected. Where words were moved, the whole can be copied.
    selectable: bool,
    name: Option<Arc<Galley>>,
    time: Arc<Galley>,
    trouble: Option<Arc<Galley>>,
    /// What is inside the padding.
    inner: egui::Vec2,
    /// Where the time stands in that, from the top.
    time_top: f32,
    above: f32,
    /// The height of the whole row.
    pub height: f32,
}

/// Lays a message out.
pub fn measure(ui: &Ui, row: &Row<'_>, measure: &Measure, clock: &Clock) -> Look {
    let palette = theme::palette(ui);
    let (body, selectable) = text::read(ui, &text::drawable(row.text), font::body(), palette.text, measure.text);
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
    let body_top = if name.is_some() { NAME } else { 0.0 };
    let time_top = if beside <= measure.text {
        inner.x = inner.x.max(beside);
        // On the line that the words stand on.
        (body_top + baseline(&body) - baseline(&time)).round()
    } else {
        inner.x = inner.x.max(time_width);
        inner.y += TIME;
        body_top + inner.y - time.size().y
    };
    inner.y += body_top;
    if let Some(name) = &name {
        inner.x = inner.x.max(name.size().x);
    }
    let inner = inner.ceil();

    let trouble = match row.sent {
        Sent::Failed { reason, .. } => {
            Some(text::explained(ui, &text::drawable(reason), font::small(), palette.danger, measure.text - 20.0))
        }
        Sent::Foreign | Sent::Pending | Sent::Stored | Sent::Delivered | Sent::Read => None,
    };
    let above = match (row.day.is_some() || row.divider, row.header) {
        (true, _) => SEPARATOR + 2.0 * AROUND,
        (false, true) => GAP_GROUP,
        (false, false) => GAP,
    };
    let below = trouble.as_ref().map_or(0.0, |trouble| trouble.size().y.ceil() + space::XS + ACTIONS);
    let height = above + inner.y + 2.0 * PAD_Y + below;
    Look { body, selectable, name, time, trouble, inner, time_top, above, height }
}

/// Where the last line's letters stand, from the top.
fn baseline(galley: &Galley) -> f32 {
    let Some(line) = galley.rows.last() else { return 0.0 };
    // An empty line has no letters to ask.
    line.pos.y + line.glyphs.last().map_or(line.row.size.y * 0.72, |glyph| glyph.pos.y)
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
    if row.day.is_some() || row.divider {
        separator(ui, row, measure, top + AROUND + SEPARATOR / 2.0);
    }

    let size = look.inner + 2.0 * vec2(PAD_X, PAD_Y);
    let indent = if measure.avatars { AVATAR + space::S } else { 0.0 };
    let left = if row.own { measure.right - size.x } else { measure.left + indent };
    let bubble = Rect::from_min_size(pos2(left, top + look.above), size);
    if measure.avatars && row.header && !row.own {
        let center = pos2(measure.left + AVATAR / 2.0, bubble.top() + AVATAR / 2.0);
        widgets::avatar(ui, center, AVATAR, row.author, None);
    }

    // The first of a group points to its author.
    let mut corners = CornerRadius::same(radius::M);
    match (row.header, row.own) {
        (true, true) => corners.ne = radius::TAIL,
        (true, false) => corners.nw = radius::TAIL,
        (false, _) => {}
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
    let body = Arc::clone(&look.body);
    if look.selectable {
        LabelSelectionState::label_text_selection(ui, &response, at, body, palette.text, Stroke::NONE);
    } else {
        ui.painter().galley(at, body, palette.text);
    }
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
    let at = pos2(bubble.right() - PAD_X - tick - size.x, bubble.top() + PAD_Y + look.time_top);
    ui.painter().galley(at, Arc::clone(&look.time), palette.subdued);
    if row.own {
        let (sign, color) = match row.sent {
            Sent::Pending => (Icon::Clock3, palette.subdued_own),
            Sent::Failed { .. } => (Icon::CircleAlert, palette.danger),
            Sent::Stored | Sent::Foreign => (Icon::Check, palette.subdued_own),
            Sent::Delivered => (Icon::CheckCheck, palette.subdued_own),
            Sent::Read => (Icon::CheckCheck, palette.seen_own),
        };
        widgets::icon(ui, pos2(bubble.right() - PAD_X - 6.0, at.y + size.y / 2.0), sign, 13.0, color);
    }
    let place = Rect::from_min_size(at, size + vec2(tick, 0.0));
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

/// The day, and the line above what is new. Where both are due, they are one.
fn separator(ui: &mut Ui, row: &Row<'_>, measure: &Measure, y: f32) {
    let palette = theme::palette(ui);
    let new = row.divider.then_some(("New", palette.accent));
    let words = row.day.as_deref().map(|day| (day, palette.subdued)).into_iter().chain(new);
    let words: Vec<_> = words
        .map(|(word, color)| (word, ui.painter().layout_no_wrap(word.to_owned(), font::small_strong(), color)))
        .collect();
    let width: f32 = words.iter().map(|(_, galley)| galley.size().x + space::S).sum::<f32>() - space::S;
    let middle = (measure.left + measure.right) / 2.0;
    let pill = Rect::from_center_size(pos2(middle, y), vec2((width + 2.0 * space::M).round(), SEPARATOR));
    if row.divider {
        let stroke = Stroke::new(1.0, palette.accent.gamma_multiply(0.5));
        ui.painter().hline(measure.left..=pill.left(), y, stroke);
        ui.painter().hline(pill.right()..=measure.right, y, stroke);
    }
    if row.day.is_some() {
        ui.painter().rect_filled(pill, SEPARATOR / 2.0, palette.surface);
    }
    let mut x = pill.left() + space::M;
    for (word, galley) in words {
        let place = Rect::from_min_size(pos2(x, y - galley.size().y / 2.0), galley.size());
        widgets::say(ui, place, word);
        x += place.width() + space::S;
        ui.painter().galley(place.min, galley, palette.subdued);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::ids::{Millis, Seq};
    use crate::ui::timeline::rows::RowId;

    #[test]
    fn the_time_stands_on_the_line_that_the_words_stand_on() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let clock = Clock { now: Millis(0), zone: jiff::tz::TimeZone::UTC };
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for (text, header) in [("one line", false), ("one line", true), ("two\nlines", true), ("🎉", false)] {
                let row = Row {
                    id: RowId::Message(Seq(1)),
                    author: "Bob",
                    own: false,
                    text,
                    at: Millis(0),
                    sent: Sent::Foreign,
                    day: None,
                    divider: false,
                    header,
                };
                let look = measure(ui, &row, &Measure::of(0.0, 600.0), &clock);
                let line = look.body.rows.last().unwrap();
                let words = if header { NAME } else { 0.0 } + line.pos.y + line.glyphs[0].pos.y;
                let time = look.time_top + look.time.rows[0].glyphs[0].pos.y;
                assert!((words - time).abs() <= 0.5, "{text:?}: {words} {time}");
            }
        });
        output.drop_without_applying_deltas();
    }
}
