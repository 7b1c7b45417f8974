//! Does for exports what a window cannot: the system's dialogs for a file, and the file itself, off the thread that draws.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crate::export::{Order, Progress, file};
use crate::ui::Window;

/// What is under way.
#[derive(Debug, Default)]
pub struct Exports {
    writing: Option<(JoinHandle<()>, Arc<Progress>)>,
}

impl Exports {
    /// Does what the window asks for.
    pub fn serve(&mut self, window: &mut Window, ctx: &egui::Context, frame: &eframe::Frame) {
        let Some(order) = window.take_export_order() else { return };
        let ctx = ctx.clone();
        // Where a thread cannot be had, what it was to answer with is dropped with it, and the window says so.
        match order {
            Order::AskPlace { name, format, tell } => {
                // Some systems want it asked for on this thread; none wants it waited for here.
                let asked = rfd::AsyncFileDialog::new()
                    .set_title("Export this chat")
                    .set_file_name(name)
                    .add_filter(format.name(), &[format.extension()])
                    .set_parent(frame)
                    .save_file();
                let _ = Builder::new().name("save dialog".into()).spawn(move || {
                    let place = pollster::block_on(asked).map(|file| PathBuf::from(file.path()));
                    let _ = tell.send(place);
                    ctx.request_repaint();
                });
            }
            Order::Open { tell } => {
                let asked = rfd::AsyncFileDialog::new()
                    .set_title("Open an export")
                    .add_filter("Chats exported as JSON", &["json"])
                    .set_parent(frame)
                    .pick_file();
                let _ = Builder::new().name("open dialog".into()).spawn(move || {
                    let read = pollster::block_on(asked).map(|chosen| file::open(chosen.path()));
                    let _ = tell.send(read);
                    ctx.request_repaint();
                });
            }
            Order::Write { path, format, export, zone, progress, tell } => {
                // Whoever asks for another one does not wait for the last one any more.
                if let Some((_, last)) = self.writing.take() {
                    last.stop();
                }
                let kept = Arc::clone(&progress);
                let thread = Builder::new().name("export".into()).spawn(move || {
                    let saved = file::save(&path, format, &export, &zone, &progress, || ctx.request_repaint());
                    let _ = tell.send(saved);
                    ctx.request_repaint();
                });
                self.writing = thread.ok().map(|thread| (thread, kept));
            }
        }
    }
}

impl Drop for Exports {
    /// A window that closes leaves no half of a file behind. The end of one takes no longer than a message.
    fn drop(&mut self) {
        if let Some((thread, progress)) = self.writing.take() {
            progress.stop();
            let _ = thread.join();
        }
    }
}
