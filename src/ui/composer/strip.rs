//! The line above the field: what sends it to one person alone, what was done, why a draft cannot be sent, or that what
//! was sent takes its time.

use std::time::Duration;

use egui::{Color32, Pos2, Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use crate::client::model::Model;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::widgets;
use crate::visible::isolated;

/// Above the words.
const ABOVE: f32 = 9.0;
/// The room of the icon in front of the words.
const SIGN: f32 = 23.0;

/// What stands above the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strip {
    /// The draft can be sent to that person alone, with those keys.
    Alone(String, &'static str),
    /// What was done.
    Done(String),
    /// Why the draft cannot be sent, and what to do.
    Wrong(String),
    /// Why a file does not go with the message.
    NotAttached(String),
    /// So many messages are on their way, more slowly than they were written.
    Slow(usize),
}

/// How many messages the server takes its time with, if it does; and how long that holds if nothing more is heard.
pub fn slow(model: &Model, clock: &Clock) -> Option<(usize, Duration)> {
    let left = u64::try_from(model.throttled?.0.saturating_sub(clock.now.0)).ok().filter(|left| *left > 0)?;
    let count = model.outbox.pending().count();
    (count > 0).then_some((count, Duration::from_millis(left)))
}

impl Strip {
    fn words(&self) -> String {
        match self {
            Self::Alone(name, keys) => format!("{keys} sends this to {} alone", isolated(name)),
            Self::Done(words) | Self::Wrong(words) | Self::NotAttached(words) => text::one_line(words),
            Self::Slow(1) => "1 message is on its way, as fast as this server takes it".into(),
            Self::Slow(count) => format!("{count} messages are on their way, as fast as this server takes them"),
        }
    }

    fn galley(&self, ui: &Ui, width: f32, color: Color32) -> std::sync::Arc<egui::Galley> {
        let room = width - SIGN - self.button(ui);
        text::explained(ui, &self.words(), font::small(), color, room.max(60.0))
    }

    /// The word on its button.
    fn word(&self) -> Option<&'static str> {
        match self {
            Self::Alone(..) => Some("Send privately"),
            Self::NotAttached(_) => Some("Dismiss"),
            Self::Done(_) | Self::Wrong(_) | Self::Slow(_) => None,
        }
    }

    /// How wide its button is, with what is around it.
    fn button(&self, ui: &Ui) -> f32 {
        let Some(word) = self.word() else { return 0.0 };
        let galley = ui.painter().layout_no_wrap(word.to_owned(), font::small_strong(), Color32::WHITE);
        galley.size().x + 3.0 * space::S
    }

    /// How high it is in a column of that width.
    pub fn height(&self, ui: &Ui, width: f32) -> f32 {
        ABOVE + self.galley(ui, width, Color32::WHITE).size().y.ceil() - 2.0
    }

    /// Draws it in a column of that width that begins at `corner`. Returns whether its button was clicked.
    pub fn show(&self, ui: &mut Ui, corner: Pos2, width: f32) -> bool {
        let palette = theme::palette(ui);
        let (sign, color) = match self {
            Self::Alone(..) => (Icon::Lock, palette.subdued),
            Self::Done(_) => (Icon::Check, palette.accent),
            Self::Wrong(_) | Self::NotAttached(_) => (Icon::CircleAlert, palette.danger),
            Self::Slow(_) => (Icon::Clock, palette.subdued),
        };
        let galley = self.galley(ui, width, color);
        let place = Rect::from_min_size(corner + vec2(SIGN, ABOVE), galley.size());
        let middle = place.top() + theme::LINE / 2.0;
        widgets::icon(ui, pos2(corner.x + SIGN / 2.0, middle - 0.5), sign, 14.0, color);
        widgets::say(ui, place, &self.words());
        ui.painter().galley(place.min, galley, color);
        let Some(word) = self.word() else { return false };
        let left = pos2(corner.x + width - self.button(ui) + space::S, middle);
        let button = widgets::text_button(ui, left, word, "strip", palette.accent);
        match self {
            Self::Alone(name, _) => button.on_hover_text(text::hint(&format!("Send to {} alone", isolated(name)))),
            _ => button,
        }
        .clicked()
    }
}
