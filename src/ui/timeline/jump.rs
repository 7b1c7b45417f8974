//! Going to a message that somebody asked for, and what is done with the messages that are there.

use egui::Ui;

use super::chosen::{Chosen, Decision};
use super::page::{Deed, Wish};
use super::place::Placement;
use super::quote::{Quote, Says};
use super::rows::{RowId, Rows};
use super::{Anchor, Look, Timeline};
use crate::client::command::Command;
use crate::client::model::{Chat, Model};
use crate::proto::ids::Seq;
use crate::ui::when::Clock;

/// So many pages are loaded to find a message: some ten thousand messages.
const PAGES_MAX: usize = 200;
/// How long a message stands out that was asked for, in seconds.
const HIGHLIGHT_S: f64 = 2.0;
/// The most long messages that are shown whole; the oldest of more is folded again.
const UNFOLDED_MAX: usize = 500;

/// A message that is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    seq: Seq,
    /// As many pages may still be loaded for it.
    pages: usize,
}

/// A message that stands out.
#[derive(Clone, Copy, Debug)]
pub struct Highlight {
    seq: Seq,
    /// Until then, in seconds of the context's time; not known before it is drawn.
    until: Option<f64>,
}

impl Timeline {
    /// Shows a message as soon as it is loaded, and has it stand out for a moment.
    pub fn show_message(&mut self, seq: Seq) {
        self.wanted = Some(Asked { seq, pages: PAGES_MAX });
        self.chosen = None;
        self.asked = None;
    }

    /// Goes to the message that is wanted, or a page further towards it.
    pub(super) fn go_where_asked(&mut self, ui: &Ui, model: &Model, chat: Option<&Chat>, commands: &mut Vec<Command>) {
        let Some(Asked { seq, pages }) = self.wanted else { return };
        let first = chat.and_then(|chat| chat.messages.front()).map(|message| message.seq);
        let at = |chat: &Chat| chat.messages.binary_search_by_key(&seq, |message| message.seq).is_ok();
        if chat.is_some_and(at) {
            self.wanted = None;
            self.look_at(seq);
            self.highlight = Some(Highlight { seq, until: None });
            ui.ctx().request_repaint();
        } else if first.is_some_and(|first| first < seq) || chat.is_some_and(|chat| chat.complete) || pages == 0 {
            // It is not there, or too far back to be waited for.
            self.wanted = None;
        } else if self.ask_for_more(model, chat, commands) {
            self.wanted = Some(Asked { seq, pages: pages - 1 });
        }
    }

    /// The message that stands out now. One frame is drawn when its time is up, and none before.
    pub(super) fn highlighted(&mut self, ui: &Ui) -> Option<Seq> {
        let highlight = self.highlight.as_mut()?;
        let now = ui.input(|input| input.time);
        let left = *highlight.until.get_or_insert(now + HIGHLIGHT_S) - now;
        if left <= 0.0 {
            self.highlight = None;
            return None;
        }
        ui.ctx().request_repaint_after_secs(left as f32);
        Some(highlight.seq)
    }

    /// Does what somebody did with a row.
    pub(super) fn perform(&mut self, deed: Deed, rows: &Rows<'_>, placement: &Placement<Option<Look>>) {
        match deed {
            Deed::Fold(id) => self.fold(id, rows, placement),
            Deed::Select(seq) => self.chosen = Some(Chosen::new(seq)),
            Deed::Choose(seq) => {
                if let Some(chosen) = &mut self.chosen {
                    chosen.toggle(seq);
                }
            }
            Deed::ChooseUpTo(seq) => {
                if let (Some(chosen), Some(chat)) = (&mut self.chosen, rows.chat()) {
                    chosen.reach(chat, seq);
                }
            }
            Deed::Show(seq) => self.show_message(seq),
            Deed::Wish(wish) => self.wish = Some(wish),
        }
    }

    /// Shows a message whole, or only its beginning. What stands above it does not move. Where it begins above the
    /// viewport and becomes shorter, it is its end that stays: one goes on reading from there.
    fn fold(&mut self, id: RowId, rows: &Rows<'_>, placement: &Placement<Option<Look>>) {
        let Some(placed) = placement.rows.iter().find(|placed| rows.id(placed.row) == id) else { return };
        self.settled = true;
        let was_whole = self.unfolded.remove(&id);
        if !was_whole {
            self.unfold(id);
        }
        self.anchor = match was_whole && placed.top < 0.0 {
            true => Anchor::Row(id, placed.bottom()),
            false => Anchor::Top(id, placed.top),
        };
    }

    pub(super) fn unfold(&mut self, id: RowId) {
        if self.unfolded.len() >= UNFOLDED_MAX {
            self.unfolded.pop_first();
        }
        self.unfolded.insert(id);
    }

    /// What somebody wants with a message, to be done once.
    pub fn take_wish(&mut self) -> Option<Wish> {
        self.wish.take()
    }

    /// Asks for a message that is answered, if it is not known and was not asked for.
    pub fn ask_for_quote(&mut self, model: &Model, seq: Seq, commands: &mut Vec<Command>) {
        if Quote::of(model, self.chat, seq).says == Says::Loading {
            self.quotes.ask(model, self.chat, seq, commands);
        }
    }

    /// Whether messages are being chosen.
    pub fn is_choosing(&self) -> bool {
        self.chosen.is_some()
    }

    /// The bar in the place of the composer while messages are chosen.
    pub fn chosen_bar(&mut self, ui: &mut Ui, model: &Model, clock: &Clock) -> Option<Decision> {
        let chosen = self.chosen.as_mut()?;
        chosen.keep_up(model.chat(self.chat));
        let decision = chosen.bar(ui, model, self.chat, clock);
        if decision.is_some() {
            self.chosen = None;
            ui.ctx().request_repaint();
        }
        decision
    }
}
