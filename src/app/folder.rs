//! The system's dialog for a folder. It is open beside the window, which goes on drawing meanwhile.

use std::sync::mpsc::{self, Receiver};

use crate::ui::Window;

/// The dialog, if it is open.
#[derive(Debug, Default)]
pub struct FolderDialog {
    /// Where its answer comes from: a folder, or nothing when it was cancelled.
    answer: Option<Receiver<Option<String>>>,
}

impl FolderDialog {
    /// Opens the dialog where the window wants one, and hands in what came of it.
    pub fn serve(&mut self, window: &mut Window, ctx: &egui::Context, frame: &eframe::Frame) {
        if let Some(Ok(found)) = self.answer.as_ref().map(Receiver::try_recv) {
            self.answer = None;
            if let Some(folder) = found {
                window.set_folder(folder);
                ctx.request_repaint();
            }
        }
        if window.take_folder_wish() && self.answer.is_none() {
            let (tell, told) = mpsc::sync_channel(1);
            // Some systems want it asked for on this thread; none wants it waited for here.
            let picked = rfd::AsyncFileDialog::new().set_title("Folder of the server").set_parent(frame).pick_folder();
            let ctx = ctx.clone();
            let waits = std::thread::Builder::new().name("folder dialog".into()).spawn(move || {
                let folder = pollster::block_on(picked);
                let _ = tell.send(folder.map(|folder| folder.path().display().to_string()));
                ctx.request_repaint();
            });
            self.answer = waits.is_ok().then_some(told);
        }
    }
}
