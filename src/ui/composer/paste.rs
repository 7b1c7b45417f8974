//! What is pasted into a message: any text, with its line breaks as one kind, and none that would stop the window.

use std::sync::Arc;

use egui::{Event, Ui};

use crate::proto::chat::ChatKey;
use crate::ui::files::{self, Order, size};

/// The most that a draft holds. A page more than a message may have is kept, to be sent in parts; to lay out a book at
/// every key takes longer than a frame.
pub const DRAFT_MAX_BYTES: usize = 256 * 1024;

/// Puts right what this frame pastes into a draft of so many bytes. Says why, if it is too much; then nothing is pasted. A
/// picture becomes a file that goes with what is being written in that chat.
pub fn receive(ui: &Ui, chat: ChatKey, draft_bytes: usize, message_max_bytes: usize) -> Option<String> {
    let (mut why, mut pasted) = (None, Vec::new());
    ui.input_mut(|input| {
        input.events.retain_mut(|event| {
            if let Event::PasteImage(picture) = event {
                pasted.push(Order::AttachPicture { chat, picture: Arc::clone(picture) });
                return false;
            }
            let (Event::Paste(text) | Event::MiddleClickPaste { text, .. }) = event else { return true };
            if text.len() > DRAFT_MAX_BYTES.saturating_sub(draft_bytes) {
                let (is, most) = (size(text.len() as u64), size(message_max_bytes as u64));
                why = Some(format!("Nothing was pasted: it is {is} of text, and a message holds {most}."));
                return false;
            }
            *text = with_one_kind_of_break(text);
            true
        });
    });
    pasted.into_iter().for_each(|order| files::ask(ui.ctx(), order));
    why
}

fn with_one_kind_of_break(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_are_of_one_kind() {
        assert_eq!(with_one_kind_of_break("a\r\nb\rc\n\n\u{2029}d\t"), "a\nb\nc\n\n\nd\t");
    }
}
