//! The dialog that keeps a chat as a file: in which form and how much of it, where, and how far it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};

use egui::accesskit::Role;
use egui::{Id, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{Clicked, Foot, Step, layer};
use crate::client::command::Command;
use crate::client::model::{Link, Model};
use crate::export::{Format, Order, Running, file_name};
use crate::proto::chat::ChatKey;
use crate::ui::export::{self, figures, messages};
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::{controls, text, widgets};

const LABEL: f32 = 22.0;
const CHOICE: f32 = 32.0;
/// The height of the dialog: what is chosen, and what went wrong below it.
const HEIGHT: f32 = 430.0;
/// The height of the bar that says how far it is.
const BAR: f32 = 8.0;
/// Said where what surrounds the window gave no answer at all.
const NO_ANSWER: &str = "This computer is too busy to do that now. Try again in a moment.";

/// What was chosen, and how far it is.
#[derive(Debug)]
pub struct ExportChat {
    chat: ChatKey,
    format: Format,
    /// Older pages are loaded first.
    whole: bool,
    focused: bool,
    stage: Stage,
    problem: Option<String>,
    /// What is to be done outside of the window, until it is taken.
    pub order: Option<Order>,
}

#[derive(Debug)]
enum Stage {
    Choosing,
    /// The system asks for a place.
    Asking(Receiver<Option<PathBuf>>),
    /// Older pages come in.
    Loading {
        path: PathBuf,
        /// One was asked for: what went wrong before does not matter any more.
        asked: bool,
    },
    Writing {
        path: PathBuf,
        all: usize,
        running: Running,
        told: Receiver<Result<(), String>>,
    },
    Done {
        path: PathBuf,
        all: usize,
    },
}

/// How far it is, as the bar and the words below it show it.
#[derive(Clone, Debug, PartialEq)]
struct Far {
    does: &'static str,
    words: String,
    /// From 0 to 1.
    part: f32,
}

impl ExportChat {
    /// Of that chat.
    pub fn new(chat: ChatKey) -> Self {
        let format = Format::default();
        Self { chat, format, whole: true, focused: false, stage: Stage::Choosing, problem: None, order: None }
    }

    /// Draws the dialog, and goes on.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Step {
        self.go_on(model, clock, commands);
        let far = self.far(model);
        let (clicked, closed) = layer(ui, "Export this chat", HEIGHT, |ui, inner| match (&far, &self.stage) {
            (Some(far), _) => self.at_work(ui, inner, model, far),
            (None, Stage::Done { path, all }) => done(ui, inner, path, *all),
            (None, _) => self.choose(ui, inner, model),
        });
        match (clicked, &self.stage) {
            (Clicked::Act, Stage::Choosing) => self.ask(model, clock),
            (Clicked::Act, Stage::Loading { .. }) => {
                // Once more.
                commands.push(Command::LoadOlder { chat: self.chat });
            }
            (Clicked::Cancel, Stage::Done { path, .. }) => ui.ctx().copy_text(path.display().to_string()),
            (Clicked::Cancel, _) | (Clicked::Act, Stage::Done { .. }) => return Step::Close,
            (Clicked::Act | Clicked::Nothing, _) => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }

    /// Asks for a place.
    fn ask(&mut self, model: &Model, clock: &Clock) {
        let (tell, told) = mpsc::sync_channel(1);
        let name = file_name(&export::head_of(model, self.chat, clock), self.format, &clock.zone);
        self.problem = None;
        self.order = Some(Order::AskPlace { name, format: self.format, tell });
        self.stage = Stage::Asking(told);
    }

    /// Takes in what has happened outside, and does what comes next.
    fn go_on(&mut self, model: &Model, clock: &Clock, commands: &mut Vec<Command>) {
        if let Stage::Asking(told) = &self.stage {
            match told.try_recv() {
                Ok(Some(path)) => self.stage = Stage::Loading { path, asked: false },
                Ok(None) => self.stage = Stage::Choosing,
                Err(TryRecvError::Disconnected) => self.fail(NO_ANSWER.into()),
                Err(TryRecvError::Empty) => {}
            }
        }
        if let Stage::Loading { path, asked } = &mut self.stage {
            let chat = model.chat(self.chat);
            let rest = chat.filter(|chat| self.whole && !chat.complete);
            match rest {
                None => {
                    let path = std::mem::take(path);
                    self.write(path, model, clock);
                }
                Some(chat) if !chat.loading && model.link == Link::Online && (chat.problem.is_none() || !*asked) => {
                    *asked = true;
                    commands.push(Command::LoadOlder { chat: self.chat });
                }
                Some(_) => {}
            }
        }
        if let Stage::Writing { path, all, told, .. } = &mut self.stage {
            match told.try_recv() {
                Ok(Ok(())) => self.stage = Stage::Done { path: std::mem::take(path), all: *all },
                Ok(Err(problem)) => self.fail(problem),
                Err(TryRecvError::Disconnected) => self.fail(NO_ANSWER.into()),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    fn write(&mut self, path: PathBuf, model: &Model, clock: &Clock) {
        let (tell, told) = mpsc::sync_channel(1);
        let export = export::of(model, self.chat, clock);
        let all = export.entries.len();
        let running = Running::default();
        let progress = Arc::clone(&running.0);
        let (format, zone) = (self.format, clock.zone.clone());
        self.order = Some(Order::Write { path: path.clone(), format, export, zone, progress, tell });
        self.stage = Stage::Writing { path, all, running, told };
    }

    /// Back to what was chosen, with why it came to nothing.
    fn fail(&mut self, problem: String) {
        self.problem = Some(problem);
        self.stage = Stage::Choosing;
    }

    /// How far it is, while something is under way.
    fn far(&self, model: &Model) -> Option<Far> {
        match &self.stage {
            Stage::Loading { .. } => {
                let loaded = model.chat(self.chat).map_or(0, |chat| chat.messages.len());
                let does =
                    if model.link == Link::Online { "Loading older messages" } else { "Waiting for the connection" };
                Some(match export::about_how_many(model, self.chat) {
                    Some(all) => Far {
                        does,
                        words: format!("{} of about {}", figures(loaded), messages(all)),
                        part: part(loaded, all),
                    },
                    None => Far { does, words: format!("{} so far", messages(loaded)), part: 0.0 },
                })
            }
            Stage::Writing { all, running, .. } => {
                let written = running.0.written().min(*all);
                let words = format!("{} of {}", figures(written), messages(*all));
                Some(Far { does: "Writing the file", words, part: part(written, *all) })
            }
            Stage::Choosing | Stage::Asking(_) | Stage::Done { .. } => None,
        }
    }

    fn choose(&mut self, ui: &mut Ui, inner: Rect, model: &Model) -> Clicked {
        let palette = theme::palette(ui);
        let chat = model.chat(self.chat);
        let loaded = chat.map_or(0, |chat| chat.messages.len());
        let mut y = inner.top();
        let row = |y: f32| Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), CHOICE));
        let title = text::one_line(model.title(self.chat));
        widgets::line(ui, pos2(inner.left(), y + LABEL / 2.0), &title, font::body(), palette.subdued, inner.width());
        y += LABEL + space::M;

        controls::label(ui, pos2(inner.left(), y + 8.0), "Format");
        y += LABEL;
        for format in Format::ALL {
            let words = match format {
                Format::Html => "Web page, to read in any browser",
                Format::Text => "Text, as plain lines",
                Format::Json => "JSON, to open again in Parlor",
            };
            let response = controls::choice(ui, row(y), words, self.format == format);
            if self.format == format && !self.focused {
                response.request_focus();
                self.focused = response.has_focus();
            }
            if response.clicked() {
                self.format = format;
            }
            y += CHOICE;
        }
        y += space::M;

        controls::label(ui, pos2(inner.left(), y + 8.0), "Messages");
        y += LABEL;
        if chat.is_some_and(|chat| chat.complete) {
            let left = row(y).left_center();
            let words = format!("All of the chat: {}", messages(loaded));
            widgets::line(ui, left, &words, font::body(), palette.text, inner.width());
        } else {
            let here = format!("Only the {} that are loaded", figures(loaded));
            for (whole, words) in [(true, "All of the chat"), (false, here.as_str())] {
                if controls::choice(ui, row(y), words, self.whole == whole).clicked() {
                    self.whole = whole;
                }
                y += CHOICE;
            }
        }
        let asking = matches!(self.stage, Stage::Asking(_));
        let foot = Foot {
            act: if asking { "Choosing…" } else { "Export…" },
            cancel: Some("Cancel"),
            ready: !asking,
            problem: self.problem.as_deref(),
        };
        foot.show(ui, inner)
    }

    /// The bar, and the way out.
    fn at_work(&self, ui: &mut Ui, inner: Rect, model: &Model, far: &Far) -> Clicked {
        let palette = theme::palette(ui);
        let problem = match self.stage {
            Stage::Loading { asked: true, .. } => model.chat(self.chat).and_then(|chat| chat.problem.as_deref()),
            _ => None,
        };
        let top = inner.top() + (inner.height() - controls::FIELD) / 2.0 - space::XL - BAR;
        widgets::line(ui, pos2(inner.left(), top), far.does, font::strong(), palette.text, inner.width());
        let bar = Rect::from_min_size(pos2(inner.left(), top + space::XL), vec2(inner.width(), BAR));
        ui.painter().rect_filled(bar, BAR / 2.0, palette.field);
        // Round ends need some length.
        let done = bar.with_max_x(bar.left() + (bar.width() * far.part).max(BAR));
        ui.painter().rect_filled(done, BAR / 2.0, palette.accent_fill);
        let response = ui.interact(bar, Id::unique("progress of the export"), Sense::hover());
        response.widget_info(|| WidgetInfo {
            value: Some(f64::from(far.part * 100.0).round()),
            ..WidgetInfo::labeled(Role::ProgressIndicator, true, far.does)
        });
        let below = pos2(inner.left(), bar.bottom() + space::L);
        widgets::line(ui, below, &far.words, font::small(), palette.subdued, inner.width());

        if problem.is_some() {
            let foot = Foot { act: "Try again", cancel: Some("Cancel"), ready: true, problem };
            return foot.show(ui, inner);
        }
        let size = vec2(96.0, controls::FIELD);
        let cancel = Rect::from_min_size(inner.max - size, size);
        if controls::quiet_button(ui, cancel, "Cancel", "dialog").clicked() {
            Clicked::Cancel
        } else {
            Clicked::Nothing
        }
    }
}

fn part(some: usize, all: usize) -> f32 {
    if all == 0 { 1.0 } else { (some as f32 / all as f32).clamp(0.0, 1.0) }
}

/// Where the file is.
fn done(ui: &mut Ui, inner: Rect, path: &std::path::Path, all: usize) -> Clicked {
    let foot = Foot { act: "Done", cancel: Some("Copy path"), ready: true, problem: None };
    let place = inner.with_max_y(inner.bottom() - foot.height(ui, inner.width()));
    let path = path.display().to_string();
    let hint = text::drawable(&path);
    widgets::empty(ui, place, Icon::Check, &format!("{} exported", messages(all)), &hint);
    foot.show(ui, inner)
}
