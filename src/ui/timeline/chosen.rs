//! Messages that are chosen to be copied together, and the bar that stands in the composer's place meanwhile.
//!
//! They are known by their places in the log, so it does not matter which of them are in view.

use std::collections::BTreeSet;

use egui::{Event, Rect, Stroke, Ui, pos2, vec2};

use super::page::Measure;
use super::row::DELETED;
use crate::client::model::{Chat, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::controls;
use crate::ui::files;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::widgets;

/// The most that can be chosen: what is copied is put together within a frame.
pub const CHOSEN_MAX: usize = 500;

/// What is chosen.
#[derive(Debug, Default)]
pub struct Chosen {
    seqs: BTreeSet<Seq>,
    /// What was clicked last, where a range begins.
    last: Option<Seq>,
    /// That message is to have the keyboard.
    pub wants_focus: Option<Seq>,
    /// More was wanted than can be chosen.
    too_many: bool,
}

/// What was decided in the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// So many were copied.
    Copied(usize),
    /// None of them.
    Cancelled,
}

impl Chosen {
    /// Begins with one.
    pub fn new(first: Seq) -> Self {
        Self { seqs: [first].into(), last: Some(first), wants_focus: Some(first), too_many: false }
    }

    /// Whether a message is chosen.
    pub fn has(&self, seq: Seq) -> bool {
        self.seqs.contains(&seq)
    }

    /// Chooses a message, or not any more.
    pub fn toggle(&mut self, seq: Seq) {
        self.last = Some(seq);
        self.too_many = false;
        if !self.seqs.remove(&seq) {
            self.add(seq);
        }
    }

    /// Chooses all messages from the last one that was clicked to that one.
    pub fn reach(&mut self, chat: &Chat, seq: Seq) {
        let from = self.last.replace(seq).unwrap_or(seq);
        self.too_many = false;
        let (first, last) = (from.min(seq), from.max(seq));
        let begin = chat.messages.partition_point(|message| message.seq < first);
        let within = chat.messages.range(begin..).take_while(|message| message.seq <= last);
        // Not more than can be chosen is looked at.
        for message in within.filter(|message| message.change.is_none() && !message.deleted).take(CHOSEN_MAX + 1) {
            self.add(message.seq);
        }
    }

    fn add(&mut self, seq: Seq) {
        if self.seqs.len() < CHOSEN_MAX || self.seqs.contains(&seq) {
            self.seqs.insert(seq);
        } else {
            self.too_many = true;
        }
    }

    /// Forgets what is not loaded any more, and what was taken back.
    pub fn keep_up(&mut self, chat: Option<&Chat>) {
        let is_there = |seq: &Seq| chat.and_then(|chat| chat.message(*seq)).is_some_and(|message| !message.deleted);
        self.seqs.retain(is_there);
    }

    /// The chosen messages as text, oldest first: `[21 Nov 2026, 09:12] Bob: text`.
    pub fn text(&self, model: &Model, key: ChatKey, clock: &Clock) -> String {
        let Some(chat) = model.chat(key) else { return String::new() };
        let found = self.seqs.iter().filter_map(|seq| {
            let at = chat.messages.binary_search_by_key(seq, |message| message.seq).ok()?;
            chat.messages.get(at)
        });
        let line = |message: &crate::client::model::Message| {
            let who = text::one_line(model.name(message.from));
            let shown = model.shown(key, message);
            let file = message.attachment.as_ref().map(|file| file.name.as_str());
            let words = if shown.deleted { DELETED } else { files::words_of(shown.text, file) };
            format!("[{}] {who}: {words}", clock.stamp(message.at))
        };
        found.map(line).collect::<Vec<_>>().join("\n")
    }

    /// The bar in the place of the composer.
    pub fn bar(&self, ui: &mut Ui, model: &Model, key: ChatKey, clock: &Clock) -> Option<Decision> {
        let palette = theme::palette(ui);
        let pane = ui.max_rect();
        ui.painter().rect_filled(pane, 0.0, palette.surface);
        ui.painter().hline(pane.x_range(), pane.top(), Stroke::new(1.0, palette.line));
        let measure = Measure::of(pane.left(), pane.right());
        let middle = pane.center().y;
        let count = self.seqs.len();

        let copy = Rect::from_min_size(
            pos2(measure.right - 96.0, middle - controls::FIELD / 2.0),
            vec2(96.0, controls::FIELD),
        );
        let cancel = copy.translate(vec2(-96.0 - space::S, 0.0));
        let (words, color) = if self.too_many {
            (format!("{count} selected, no more are possible"), palette.danger)
        } else {
            (format!("{count} selected"), palette.text)
        };
        let room = cancel.left() - space::M - measure.left;
        widgets::line(ui, pos2(measure.left, middle), &words, font::strong(), color, room);
        let cancelled = controls::quiet_button(ui, cancel, "Cancel", "chosen").clicked();
        let clicked = widgets::primary_button(ui, copy, "Copy", count > 0).clicked();
        let pressed = ui.input(|input| input.events.contains(&Event::Copy));
        if count > 0 && (clicked || pressed) {
            ui.copy_text(self.text(model, key, clock));
            return Some(Decision::Copied(count));
        }
        cancelled.then_some(Decision::Cancelled)
    }
}
