//! Messages with files, and somebody who brings the pictures that a window asks for.

use std::sync::Arc;

use egui::{Color32, ColorImage};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use parlor::client::model::{Download, DownloadProgress, Last, Message, Model};
use parlor::client::outbox::Enclosure;
use parlor::proto::attachment::{Attachment, FileId, FileName, ImageSize};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::{Millis, Seq, UserId};
use parlor::ui::files::pictures;

use super::{ALICE, State, chat_with};

/// What a message says of a file. `sides` are those of a picture.
pub fn file(id: u128, name: &str, size: u64, sides: Option<(u32, u32)>) -> Attachment {
    let image = sides.and_then(|(width, height)| ImageSize::new(width, height));
    Attachment { file: FileId(id), name: FileName::new(name).unwrap(), size, image }
}

/// The same on its way to the server.
pub fn enclosure(name: &str, size: u64, sides: Option<(u32, u32)>) -> Enclosure {
    let image = sides.and_then(|(width, height)| ImageSize::new(width, height));
    let path = format!("/home/alice/{name}").into();
    Enclosure { path, name: FileName::new(name).unwrap(), size, modified_nanos: None, image, file: None, sent: 0 }
}

/// Adds a message with a file to the chat with `with`.
pub fn hand_over(model: &mut Model, with: UserId, from: UserId, seq: u64, at: Millis, text: &str, file: Attachment) {
    assert!(from == ALICE || from == with);
    hand_over_in(model, chat_with(with), from, seq, at, text, file);
}

/// The same to any chat.
pub fn hand_over_in(
    model: &mut Model,
    chat: ChatKey,
    from: UserId,
    seq: u64,
    at: Millis,
    text: &str,
    file: Attachment,
) {
    let seq = Seq(seq);
    let chat = model.chats.entry(chat).or_default();
    let name: Arc<str> = file.name.as_str().into();
    let attachment = Some(Arc::new(file));
    chat.messages.push_back(Message { seq, at, from, text: text.into(), attachment, ..Default::default() });
    chat.last = Some(Last { seq, at, from, preview: text.into(), file: Some(name), ..Default::default() });
    chat.read = seq;
    chat.complete = true;
}

/// A file of a message is on this computer.
pub fn fetched(model: &mut Model, file: &Attachment) {
    let path = format!("/home/alice/.cache/{}", file.name.as_str());
    let progress = DownloadProgress::Done(path);
    model.downloads.insert(file.file, Download { received: file.size, size: file.size, progress });
}

/// How a file is on its way.
pub fn fetching(model: &mut Model, file: &Attachment, received: u64, progress: DownloadProgress) {
    model.downloads.insert(file.file, Download { received, size: file.size, progress });
}

/// A landscape of that size: a sky, a sun, hills. Nothing in it looks alike upside down or cut.
pub fn landscape(width: usize, height: usize) -> ColorImage {
    let (w, h) = (width as f32, height as f32);
    let pixel = |at: usize| {
        let (x, y) = ((at % width) as f32 / w, (at / width) as f32 / h);
        let ridge = 0.62 + 0.08 * (x * 9.0).sin() + 0.04 * (x * 23.0).cos();
        let near = 0.8 + 0.06 * (x * 6.0 + 1.0).sin();
        let sun = ((x - 0.72) * w).hypot((y - 0.3) * h) < 0.11 * w.min(h);
        match () {
            () if y > near => Color32::from_rgb(38, 84, 62),
            () if y > ridge => Color32::from_rgb(86, 132, 120),
            () if sun => Color32::from_rgb(255, 236, 170),
            () => Color32::from_rgb(110 + (90.0 * y) as u8, 165 + (40.0 * y) as u8, 225),
        }
    };
    ColorImage::new([width, height], (0..width * height).map(pixel).collect())
}

/// Brings the pictures that the window asks for until it has all: of the sides that `sides` says for a path, and none where
/// it says nothing.
pub fn bring(harness: &mut Harness<'_, State>, sides: impl Fn(&str) -> Option<(usize, usize)>) {
    harness.run();
    loop {
        let wishes = pictures::take_wishes(&harness.ctx);
        if wishes.is_empty() {
            return;
        }
        for wish in wishes {
            if let Some((width, height)) = sides(&wish.path) {
                let scale = (wish.side_max as f32 / width.max(height) as f32).min(1.0);
                let scaled = |side: usize| ((side as f32 * scale).round() as usize).max(1);
                wish.tell.send(landscape(scaled(width), scaled(height))).unwrap();
            }
        }
        harness.run();
    }
}

/// What the window looks like. Another version of the renderer may draw edges a little differently.
pub fn look(harness: &mut Harness<'_, State>, name: &str, results: &mut SnapshotResults) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
    results.extend(harness.take_snapshot_results());
}
