//! Does for files what a window cannot: the system's dialogs, its programs, its clipboard, and pictures from the disk, all
//! off the thread that draws.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Builder;

use egui::{ColorImage, Context, Event, Key, RawInput};

use super::copying::{Copying, Work};
use crate::client::command::Command;
use crate::pictures::{self, file};
use crate::proto::chat::ChatKey;
use crate::ui::Window;
use crate::ui::files::pictures::{Wish, take_wishes};
use crate::ui::files::{Order, take_orders};

/// What is under way.
#[derive(Debug)]
pub struct Files {
    answer: Sender<Answer>,
    answers: Receiver<Answer>,
    copying: Copying,
}

/// What came of something.
#[derive(Debug)]
enum Answer {
    /// This is to be done.
    Do(Command),
    /// Why something could not be done.
    Failed(String),
    /// What came of a picture that was to be copied, or why nothing did.
    Copied(Result<String, String>),
}

impl Default for Files {
    fn default() -> Self {
        let (answer, answers) = mpsc::channel();
        Self { answer, answers, copying: Copying::default() }
    }
}

impl Files {
    /// Does what was asked for in this frame. Returns what came of what was asked for before.
    pub fn serve(&mut self, window: &mut Window, ctx: &Context, frame: &eframe::Frame) -> Vec<Command> {
        for wish in take_wishes(ctx) {
            bring(wish, ctx);
        }
        for order in take_orders(ctx) {
            self.carry_out(order, ctx, frame);
        }
        let mut commands = Vec::new();
        while let Ok(answer) = self.answers.try_recv() {
            match answer {
                Answer::Do(command) => commands.push(command),
                Answer::Failed(why) => window.say(Err(why)),
                Answer::Copied(outcome) => {
                    window.say(outcome);
                    let next = self.copying.done();
                    self.copy(next, ctx);
                }
            }
        }
        commands
    }

    fn carry_out(&mut self, order: Order, ctx: &Context, frame: &eframe::Frame) {
        // Some systems want a dialog asked for on this thread; none wants it waited for here.
        match order {
            Order::Attach { chat } => {
                let asked = rfd::AsyncFileDialog::new().set_title("Attach files").set_parent(frame).pick_files();
                self.work("attach dialog", ctx, move || {
                    let chosen = pollster::block_on(asked)?;
                    let paths = chosen.iter().filter_map(|file| file.path().to_str().map(str::to_owned)).collect();
                    Some(Answer::Do(Command::Attach { chat, paths }))
                });
            }
            Order::AttachPicture { chat, picture } => {
                self.work("pasted picture", ctx, move || Some(attach(chat, &picture)));
            }
            Order::Save { attachment } => {
                let name = attachment.name.as_str();
                let dialog = rfd::AsyncFileDialog::new().set_title("Save a file").set_file_name(name);
                let asked = dialog.set_parent(frame).save_file();
                self.work("save dialog", ctx, move || {
                    let place = pollster::block_on(asked)?;
                    Some(match place.path().to_str() {
                        Some(to) => Answer::Do(Command::Download { attachment, to: Some(to.to_owned()) }),
                        None => Answer::Failed("That place has a name that is no text. Choose another one.".into()),
                    })
                });
            }
            Order::CopyPicture { path } => {
                let work = self.copying.ask(path);
                self.copy(work, ctx);
            }
            Order::Open { path } => self.open(path, ctx),
            Order::OpenFolder { path } => {
                let folder = Path::new(&path).parent().and_then(Path::to_str).map(str::to_owned);
                self.open(folder.unwrap_or(path), ctx);
            }
        }
    }

    /// Puts a picture on the clipboard, if one is to be.
    fn copy(&mut self, work: Option<Work>, ctx: &Context) {
        if let Some(work) = work {
            self.work("copying", ctx, move || Some(Answer::Copied(work.copy())));
        }
    }

    /// Has the system open something.
    fn open(&self, path: String, ctx: &Context) {
        self.work("opening", ctx, move || {
            // As one argument of the system's program for that, and never through a shell.
            let opened = open::that_detached(OsStr::new(&path));
            opened.err().map(|error| Answer::Failed(format!("It could not be opened: {error}.")))
        });
    }

    /// Does something that takes time.
    fn work(&self, name: &str, ctx: &Context, work: impl FnOnce() -> Option<Answer> + Send + 'static) {
        let (answer, ctx) = (self.answer.clone(), ctx.clone());
        // Where a thread cannot be had, nothing comes of it, and it can be asked for again.
        let _ = Builder::new().name(name.into()).spawn(move || {
            if let Some(done) = work() {
                let _ = answer.send(done);
                ctx.request_repaint();
            }
        });
    }
}

/// A picture that was pasted, as a file that is to be attached.
fn attach(chat: ChatKey, picture: &ColorImage) -> Answer {
    match pictures::png(picture) {
        Some(png) => Answer::Do(Command::AttachImage { chat, name: "Pasted picture.png".into(), png }),
        None => Answer::Failed("What was copied is no picture.".into()),
    }
}

/// Brings a picture from the disk. Where there is none, what it is waited for with is dropped.
fn bring(wish: Wish, ctx: &Context) {
    let ctx = ctx.clone();
    let _ = Builder::new().name("picture".into()).spawn(move || {
        let Wish { path, side_max, tell } = wish;
        match file::open(Path::new(&*path), side_max) {
            Ok(picture) => _ = tell.send(picture),
            Err(_) => drop(tell),
        }
        ctx.request_repaint();
    });
}

/// Looks at what is pasted before the window does.
#[derive(Debug, Default)]
pub struct Pasting {
    /// Something has come of the last paste.
    served: bool,
    /// The letter of the paste was seen to be pressed: then it was none, for the press of a paste is never seen.
    typed: bool,
}

impl Pasting {
    /// What is pasted is files if files were copied, else a picture if one was, and only else the text that stands for them:
    /// file managers and browsers put all of it on the clipboard. Where no text stands for them, nothing may come at all
    /// but that the key is let go.
    pub fn prefer_files(&mut self, input: &mut RawInput, window: &Window, ctx: &Context) {
        let pastes = |event: &Event| matches!(event, Event::Paste(_));
        let comes = input.events.iter().any(|event| pastes(event) || matches!(event, Event::PasteImage(_)));
        let mut late = false;
        self.served |= comes;
        for event in &input.events {
            match event {
                Event::Key { key: Key::V | Key::Paste, pressed: true, .. } => self.typed = true,
                Event::Key { key: Key::V | Key::Paste, pressed: false, .. } => {
                    let (typed, served) = (std::mem::take(&mut self.typed), std::mem::take(&mut self.served));
                    late |= !typed && !served;
                }
                _ => {}
            }
        }
        if !(late || input.events.iter().any(pastes)) || !window.takes_files(ctx) {
            return;
        }
        let Ok(mut clipboard) = arboard::Clipboard::new() else { return };
        if let Ok(paths) = clipboard.get().file_list()
            && !paths.is_empty()
        {
            input.events.retain(|event| !pastes(event));
            input.dropped_files.extend(paths.into_iter().map(|path| Arc::new(Copied(path)) as _));
        } else if let Ok(image) = clipboard.get_image() {
            let picture = ColorImage::from_rgba_unmultiplied([image.width, image.height], &image.bytes);
            input.events.retain(|event| !pastes(event));
            input.events.push(Event::PasteImage(Arc::new(picture)));
        }
    }
}

/// A file that was copied, as if it had been dropped. Only its place is looked at.
#[derive(Debug)]
struct Copied(std::path::PathBuf);

impl egui::DroppedFile for Copied {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("it is not read here".into())
    }
}
