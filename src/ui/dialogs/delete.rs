//! The question before a message is taken back, which nobody can undo.

use egui::{Key, Rect, Ui, vec2};

use super::{Clicked, Foot, Step, layer, paragraph};
use crate::client::command::Command;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::timeline::quote::{Quote, known};
use crate::ui::{text, widgets};

const TITLE: &str = "Delete for everyone?";
const WORDS: &str =
    "It is taken back from everybody who has it. A remark that a message was deleted stays in its place.";
/// As much of the message is shown.
const LINES: usize = 3;

/// Which message it is about.
#[derive(Debug)]
pub struct DeleteMessage {
    chat: ChatKey,
    seq: Seq,
}

impl DeleteMessage {
    /// Asks about that message.
    pub fn new(chat: ChatKey, seq: Seq) -> Self {
        Self { chat, seq }
    }

    /// Draws the dialog.
    pub fn show(&self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) -> Step {
        let Some(message) = known(model, self.chat, self.seq) else { return Step::Close };
        // It may have been taken back meanwhile, on another device.
        if model.shown(self.chat, message).deleted {
            return Step::Close;
        }
        let foot = Foot { act: "Delete", cancel: Some("Cancel"), ready: true, problem: None };
        let width = super::inner_width(ui);
        let palette = theme::palette(ui);
        let quote = Quote::of(model, self.chat, self.seq).words();
        let galley = text::few_lines(ui, &quote, font::body(), palette.text, width - 2.0 * space::M, LINES);
        let quote_height = galley.size().y.ceil() + 2.0 * space::S;
        let words = text::explained(ui, WORDS, font::small(), palette.subdued, width).size().y.ceil();
        let height = super::TITLE + quote_height + space::M + words + foot.height(ui, width) + space::L;
        let (clicked, closed) = layer(ui, TITLE, height, |ui, inner| {
            let place = Rect::from_min_size(inner.min, vec2(inner.width(), quote_height));
            ui.painter().rect_filled(place, radius::S, palette.bubble_own);
            widgets::say(ui, place, &quote);
            ui.painter().galley(place.min + vec2(space::M, space::S), galley, palette.text);
            paragraph(ui, place.left_bottom() + vec2(0.0, space::M), WORDS, inner.width());
            foot.show_as(ui, inner, true)
        });
        match clicked {
            Clicked::Act => {}
            Clicked::Nothing if entered(ui) => {}
            Clicked::Cancel => return Step::Close,
            Clicked::Nothing => return if closed { Step::Close } else { Step::Stay },
        }
        commands.push(Command::Delete { chat: self.chat, seq: self.seq });
        Step::Close
    }
}

/// Whether Enter was pressed while it is for no button. One that is still held down from what led here does not count.
fn entered(ui: &Ui) -> bool {
    let nowhere = ui.memory(|memory| memory.focused().is_none());
    let pressed = |event: &egui::Event| matches!(event, egui::Event::Key { key: Key::Enter, pressed: true, repeat: false, modifiers, .. } if modifiers.is_none());
    nowhere && ui.input(|input| input.events.iter().any(pressed))
}
