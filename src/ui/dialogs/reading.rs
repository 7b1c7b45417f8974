//! The dialog in which an exported chat is read. It shows what is in the file and keeps nothing of it; nothing goes to the
//! server.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};

use egui::accesskit::Role;
use egui::{Align2, Galley, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use super::{Clicked, Foot, Step, layer, remark};
use crate::export::{DELETED, Entry, Export, Order};
use crate::proto::ids::Millis;
use crate::ui::export::{figures, messages};
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::{controls, text, widgets};

/// So many messages are laid out at a time, however many are in the file.
const PAGE: usize = 100;
/// The height of the line that says whose export it is.
const ABOUT: f32 = 28.0;
/// The height of the line above a message.
const AUTHOR: f32 = 20.0;
/// The height of the name of a day.
const DAY: f32 = 40.0;

/// What is read.
#[derive(Debug)]
pub struct Reading {
    stage: Stage,
    /// What is to be done outside of the window, until it is taken.
    pub order: Option<Order>,
}

#[derive(Debug)]
enum Stage {
    /// The system asks for the file, and it is read.
    Asking(Receiver<Option<Result<Export, String>>>),
    Shown {
        export: Export,
        /// The number of the page that is looked at.
        page: usize,
        /// It is to be looked at from its beginning.
        turned: bool,
    },
    Failed(String),
}

impl Reading {
    /// Of a file that is to be chosen.
    pub fn new() -> Self {
        let (tell, told) = mpsc::sync_channel(1);
        Self { stage: Stage::Asking(told), order: Some(Order::Open { tell }) }
    }

    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui, clock: &Clock) -> Step {
        if let Stage::Asking(told) = &self.stage {
            match told.try_recv() {
                Ok(Some(Ok(export))) => self.stage = Stage::Shown { export, page: 0, turned: true },
                Ok(Some(Err(problem))) => self.stage = Stage::Failed(problem),
                Ok(None) | Err(TryRecvError::Disconnected) => return Step::Close,
                Err(TryRecvError::Empty) => {}
            }
        }
        let name = match &self.stage {
            Stage::Shown { export, .. } => text::one_line(&export.head.chat),
            Stage::Asking(_) | Stage::Failed(_) => "Open an export".into(),
        };
        let (clicked, closed) = layer(ui, &name, super::HEIGHT, |ui, inner| match &mut self.stage {
            Stage::Asking(_) => {
                let hint = "A chat that was exported as JSON can be read here.";
                widgets::empty(ui, inner, Icon::FolderOpen, "Choose a file", hint);
                Clicked::Nothing
            }
            Stage::Failed(problem) => {
                let foot = Foot { act: "Choose again", cancel: Some("Cancel"), ready: true, problem: None };
                let place = inner.with_max_y(inner.bottom() - foot.height(ui, inner.width()));
                widgets::empty(ui, place, Icon::CircleAlert, "This cannot be opened", problem);
                foot.show(ui, inner)
            }
            Stage::Shown { export, page, turned } => {
                read(ui, inner, clock, export, page, turned);
                Clicked::Nothing
            }
        });
        match clicked {
            Clicked::Act => *self = Self::new(),
            Clicked::Cancel => return Step::Close,
            Clicked::Nothing => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }
}

fn millis(at: jiff::Timestamp) -> Millis {
    Millis(at.as_millisecond())
}

fn read(ui: &mut Ui, inner: Rect, clock: &Clock, export: &Export, page: &mut usize, turned: &mut bool) {
    let palette = theme::palette(ui);
    let head = &export.head;
    let all = export.entries.len();
    let when = head.at.map(|at| format!(", {}", clock.stamp(millis(at)))).unwrap_or_default();
    let part = if head.complete { "" } else { " of its end" };
    let about = format!("{}{part}, exported by {}{when}", messages(all), text::one_line(&head.by));
    widgets::line(ui, inner.left_top() + vec2(0.0, 8.0), &about, font::small(), palette.subdued, inner.width());

    let pages = all.div_ceil(PAGE).max(1);
    let foot = if pages > 1 { controls::FIELD + space::S } else { 0.0 };
    let list = Rect::from_min_max(inner.min + vec2(0.0, ABOUT), inner.max - vec2(0.0, foot));
    let first = *page * PAGE;
    let entries = export.entries.get(first..(first + PAGE).min(all)).unwrap_or_default();
    if entries.is_empty() {
        widgets::empty(ui, list, Icon::MessageCircle, "No messages", "Nothing was said in this chat.");
    }
    let builder = UiBuilder::new().max_rect(list).accessibility_role(Role::List).accessibility_label("Messages");
    let mut child = ui.new_child(builder);
    child.set_clip_rect(list.intersect(ui.clip_rect()));
    child.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().id_salt("messages of an export").auto_shrink(false);
    if std::mem::take(turned) {
        area = area.vertical_scroll_offset(0.0);
    }
    area.show(&mut child, |ui| {
        controls::scroll_by_keys(ui);
        let mut day = None;
        for entry in entries {
            show(ui, clock, entry, &mut day);
        }
        ui.add_space(space::M);
    });
    if pages == 1 {
        return;
    }
    let size = vec2(96.0, controls::FIELD);
    let earlier = Rect::from_min_size(pos2(inner.left(), inner.bottom() - size.y), size);
    let later = Rect::from_min_size(inner.max - size, size);
    let words = format!("Page {} of {}", figures(*page + 1), figures(pages));
    let middle = pos2(inner.center().x, later.center().y);
    remark(ui, middle, Align2::CENTER_CENTER, &words, palette.subdued);
    let before = *page;
    if *page > 0 && controls::quiet_button(ui, earlier, "Earlier", "dialog").clicked() {
        *page -= 1;
    }
    if *page + 1 < pages && controls::quiet_button(ui, later, "Later", "dialog").clicked() {
        *page += 1;
    }
    if *page != before {
        *turned = true;
        ui.ctx().request_repaint();
    }
}

fn show(ui: &mut Ui, clock: &Clock, entry: &Entry, day: &mut Option<jiff::civil::Date>) {
    let palette = theme::palette(ui);
    let width = ui.available_width() - space::S;
    let at = entry.at.map(millis);
    if let Some(new) = at.and_then(|at| clock.day(at)).filter(|new| *day != Some(*new)) {
        *day = Some(new);
        let (rect, _) = ui.allocate_exact_size(vec2(width, DAY), Sense::hover());
        let words = at.map(|at| clock.day_title(at)).unwrap_or_default();
        let middle = rect.center() - vec2(0.0, space::XS);
        remark(ui, middle, Align2::CENTER_CENTER, &words, palette.subdued);
    }
    let time = at.map(|at| clock.time(at)).unwrap_or_default();
    let time = if entry.edited { format!("{time} · edited") } else { time };
    let (said, words): (String, Vec<Arc<Galley>>) = match &entry.change {
        Some(change) => {
            let words = text::explained(ui, &text::drawable(change), font::small(), palette.subdued, width);
            (change.to_string(), vec![words])
        }
        None => spoken(ui, entry, &time, width),
    };
    let above = if entry.change.is_some() { 0.0 } else { AUTHOR };
    let height: f32 = words.iter().map(|galley| galley.size().y).sum();
    let (rect, _) = ui.allocate_exact_size(vec2(width, above + height + space::M), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    if entry.change.is_none() {
        let middle = rect.top() + AUTHOR / 2.0;
        let name = text::elided(ui, text::one_line(&entry.from), font::small_strong(), palette.accent, width - 60.0);
        let right = rect.left() + name.size().x + space::S;
        ui.painter().galley(pos2(rect.left(), middle - name.size().y / 2.0), name, palette.accent);
        ui.painter().text(pos2(right, middle), Align2::LEFT_CENTER, &time, font::tiny(), palette.subdued);
    }
    widgets::say(ui, rect, &said);
    let mut top = rect.top() + above;
    for galley in words {
        let at = pos2(rect.left(), top);
        top += galley.size().y;
        ui.painter().galley(at, galley, palette.text);
    }
}

/// What a message says, for a screen reader, and below each other what it answers, its text and its file.
fn spoken(ui: &Ui, entry: &Entry, time: &str, width: f32) -> (String, Vec<Arc<Galley>>) {
    let palette = theme::palette(ui);
    let beside = |words: &str| text::elided(ui, text::one_line(words), font::small(), palette.subdued, width);
    let name = text::one_line(&entry.from);
    if entry.deleted {
        return (format!("{name}, {time}: {DELETED}"), vec![beside(DELETED)]);
    }
    let answers = entry.quote();
    let file = entry.file.as_ref().map(|name| format!("File: {}", text::one_line(name)));
    let mut words: Vec<Arc<Galley>> = answers.iter().map(|quote| beside(&format!("In reply to {quote}"))).collect();
    if !entry.text.is_empty() || file.is_none() {
        words.push(text::wrapped(ui, &entry.text, font::body(), palette.text, width));
    }
    words.extend(file.iter().map(|file| beside(file)));
    let answers = answers.map(|quote| format!(", in reply to {}", text::one_line(&quote))).unwrap_or_default();
    let file = file.map(|file| format!(" {file}")).unwrap_or_default();
    (format!("{name}, {time}{answers}: {}{file}", entry.text), words)
}
