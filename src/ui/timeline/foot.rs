//! What stands at the end of a message: the time and how far it has come, and below the bubble why it has not come
//! further.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{Color32, Galley, Id, Pos2, Rect, Sense, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::page::{Measure, Page};
use super::row::{Revision, Row, Sent};
use crate::client::command::Command;
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};

/// The room of the ticks behind the time.
const TICK: f32 = 17.0;
/// The room of the eye in front of the number of readers.
const EYE: f32 = 16.0;
/// Between the number of readers and the time.
const READERS_GAP: f32 = 7.0;
const ACTIONS: f32 = 30.0;

/// The end of a message, measured.
pub struct Foot {
    /// When it was written.
    pub time: Arc<Galley>,
    /// A sign says how far it has come.
    ticks: bool,
    /// How many have read it, where it is some and not all.
    readers: Option<Arc<Galley>>,
    /// Why it was refused.
    trouble: Option<Arc<Galley>>,
    /// Why it has not come to its receiver.
    note: Option<Arc<Galley>>,
}

impl Foot {
    /// Lays it out.
    pub fn of(ui: &Ui, row: &Row<'_>, page: &Page<'_>) -> Self {
        let palette = theme::palette(ui);
        let room = page.measure.text;
        let color = if row.own { palette.subdued_own } else { palette.subdued };
        let mut words = page.clock.time(row.at);
        if row.edited.is_some() {
            words.insert_str(0, "edited ");
        }
        let time = ui.painter().layout_no_wrap(words, font::tiny(), color);
        let readers = row
            .readers()
            .map(|(read, _)| ui.painter().layout_no_wrap(read.to_string(), font::tiny(), palette.subdued_own));
        let trouble = match row.sent {
            Sent::Failed { reason, .. } => {
                let words = why(row.revision, reason);
                Some(text::explained(ui, &text::drawable(&words), font::small(), palette.danger, room - 20.0))
            }
            Sent::Foreign | Sent::Pending | Sent::Stored | Sent::Delivered | Sent::Read => None,
        };
        let note = row.note.as_ref().map(|note| {
            let width = page.measure.right - page.measure.left;
            to_the_right(text::few_lines(ui, &text::one_line(note), font::tiny(), palette.subdued, width, 4))
        });
        Self { time, ticks: has_ticks(row), readers, trouble, note }
    }

    /// How wide the time is, with what stands around it.
    pub fn width(&self) -> f32 {
        let readers = self.readers.as_ref().map_or(0.0, |readers| EYE + readers.size().x + READERS_GAP);
        readers + self.time.size().x + if self.ticks { TICK } else { 0.0 }
    }

    /// How high it is what stands below the bubble.
    pub fn below(&self) -> f32 {
        let trouble = self.trouble.as_ref().map_or(0.0, |trouble| trouble.size().y.ceil() + space::XS + ACTIONS);
        let note = self.note.as_ref().map_or(0.0, |note| note.size().y.ceil() + space::XS);
        trouble + note
    }
}

/// Of what was taken back it is only said whether the others know.
fn has_ticks(row: &Row<'_>) -> bool {
    row.own && (!row.deleted || matches!(row.sent, Sent::Pending | Sent::Failed { .. }))
}

/// What was refused, and why.
fn why(revision: Option<Revision>, reason: &str) -> Cow<'_, str> {
    match revision {
        None => reason.into(),
        Some(Revision::Edit) => format!("Not changed: {reason}").into(),
        Some(Revision::Delete) => format!("Not deleted: {reason}").into(),
    }
}

/// With the ends of its lines below each other.
fn to_the_right(mut galley: Arc<Galley>) -> Arc<Galley> {
    let widest = galley.rows.iter().map(|row| row.row.size.x).fold(0.0, f32::max);
    if galley.rows.len() > 1 {
        for row in &mut Arc::make_mut(&mut galley).rows {
            row.pos.x = (widest - row.row.size.x).round();
        }
    }
    galley
}

/// The time and the ticks; `end` is where they end, at the height of the time's upper edge.
pub fn time(ui: &mut Ui, row: &Row<'_>, foot: &Foot, end: Pos2, page: &Page<'_>) {
    let palette = theme::palette(ui);
    let tick = if foot.ticks { TICK } else { 0.0 };
    let size = foot.time.size();
    let at = pos2(end.x - tick - size.x, end.y);
    let middle = at.y + size.y / 2.0;
    let over = row.has_time_on_picture();
    if over {
        let place = Rect::from_min_max(pos2(end.x - foot.width(), at.y), pos2(end.x, at.y + size.y));
        ui.painter().rect_filled(place.expand2(vec2(6.0, 2.0)), 9.0, theme::SHADE);
        ui.painter().galley_with_override_text_color(at, Arc::clone(&foot.time), Color32::WHITE);
    } else {
        ui.painter().galley(at, Arc::clone(&foot.time), palette.subdued);
    }
    let subdued = if over { Color32::WHITE } else { palette.subdued_own };
    if foot.ticks {
        let (sign, color) = match row.sent {
            Sent::Pending => (Icon::Clock3, subdued),
            Sent::Failed { .. } => (Icon::CircleAlert, if over { theme::DANGER_OVER } else { palette.danger }),
            Sent::Stored | Sent::Foreign => (Icon::Check, subdued),
            Sent::Delivered => (Icon::CheckCheck, subdued),
            Sent::Read => (Icon::CheckCheck, if over { theme::SEEN_OVER } else { palette.seen_own }),
        };
        widgets::icon(ui, pos2(end.x - 6.0, middle), sign, 13.0, color);
    }
    if let Some(readers) = &foot.readers {
        let left = at.x - READERS_GAP - readers.size().x;
        ui.painter().galley_with_override_text_color(pos2(left, at.y), Arc::clone(readers), subdued);
        widgets::icon(ui, pos2(left - EYE / 2.0, middle), Icon::Eye, 12.0, subdued);
    }
    let place = Rect::from_min_max(pos2(end.x - foot.width(), at.y), pos2(end.x, at.y + size.y));
    let exact = page.clock.exact(row.at);
    let edited = row.edited.map(|edited| format!("Edited {}", page.clock.exact(edited)));
    let words: Vec<String> = [Some(exact), edited, row.reached()].into_iter().flatten().collect();
    ui.interact(place, Id::unique(("time", row.id)), Sense::hover()).on_hover_text(words.join("\n"));
}

/// What stands below the bubble, which ends at `bottom`.
pub fn below(ui: &mut Ui, row: &Row<'_>, foot: &Foot, measure: &Measure, bottom: f32, commands: &mut Vec<Command>) {
    if let Sent::Failed { n, reason } = row.sent {
        let reason = why(row.revision, reason);
        trouble(ui, foot, measure, bottom + space::XS, n, &reason, commands);
    }
    if let (Some(galley), Some(note)) = (&foot.note, &row.note) {
        let size = galley.size();
        let place = Rect::from_min_size(pos2(measure.right - size.x, bottom + space::XS - 1.0), size);
        widgets::say(ui, place, note);
        ui.painter().galley(place.min, Arc::clone(galley), theme::palette(ui).subdued);
    }
}

/// Why a message did not get through, and what can be done, below its bubble.
fn trouble(ui: &mut Ui, foot: &Foot, measure: &Measure, mut y: f32, n: u64, reason: &str, commands: &mut Vec<Command>) {
    let palette = theme::palette(ui);
    let Some(galley) = &foot.trouble else { return };
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
