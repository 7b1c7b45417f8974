//! A picture all over the window: as large as it fits, closer where one wants to look, and from there to the next one of the
//! chat. Lies above everything but questions: what is below it is not drawn, and so not read. Esc takes it away.

use std::collections::BTreeMap;

use egui::accesskit::{Live, Role};
use egui::{
    Align2, Area, Color32, CornerRadius, CursorIcon, Event, Id, Key, Modifiers, Order as Level, Pos2, Rect, Response,
    Sense, Ui, UiKind, Vec2, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::files::pictures::{self, Detail, Shown};
use super::files::{self, FETCHED_UNASKED_MAX_BYTES, Order, may_run, signs};
use super::theme::{self, font, space};
use super::when::Clock;
use super::{Window, text, widgets};
use crate::client::command::Command;
use crate::client::model::{DownloadProgress, Message, Model};
use crate::proto::attachment::Attachment;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// The height of the bar above the picture.
const BAR: f32 = 56.0;
const BUTTON: f32 = 40.0;
/// As much closer than it fits one can come.
const ZOOM_MAX: f32 = 8.0;
/// One step of a key or a button.
const STEP: f32 = 1.5;
/// One step of the wheel, for each point that it turns.
const WHEEL: f32 = 0.005;
/// How far an arrow key moves what is larger than the window.
const ARROW: f32 = 60.0;
/// How long it is said what became of something, in seconds.
const SAID_FOR: f64 = 4.0;

/// A picture that is looked at.
#[derive(Debug)]
pub struct Viewer {
    chat: ChatKey,
    seq: Seq,
    /// 1 is as large as it fits.
    zoom: f32,
    /// How far its middle is from that of the window.
    pan: Vec2,
    /// It has not been drawn yet.
    new: bool,
    /// It is a picture, and here.
    shown: bool,
    /// What became of something, and until when it is said; nothing where it is not on the screen yet.
    said: Option<(String, Option<f64>)>,
}

/// What somebody did.
enum Deed {
    Close,
    Go(Seq),
    Zoom(f32),
    Copy,
    Save,
    Open,
}

impl Window {
    /// Shows the picture that was asked for, above everything else. Returns whether there is one.
    pub(super) fn show_viewer(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> bool {
        if let Some((chat, seq)) = files::take_view(ui.ctx()) {
            self.viewer = Some(Viewer::at(chat, seq));
        }
        let Some(viewer) = &mut self.viewer else { return false };
        if !viewer.show(ui, model, clock, commands) {
            self.viewer = None;
            self.resume = true;
            ui.ctx().request_repaint();
        }
        true
    }
}

/// The pictures of a chat that are known, by their places.
fn all(model: &Model, chat: ChatKey) -> BTreeMap<Seq, (&Message, &Attachment)> {
    let chat = model.chat(chat);
    let loaded = chat.into_iter().flat_map(|chat| &chat.messages);
    let shared = chat.and_then(|chat| chat.shared.as_deref()).into_iter().flat_map(|shared| &shared.messages);
    let picture = |message: &&Message| !message.deleted;
    let messages = shared.chain(loaded).filter(picture);
    messages
        .filter_map(|message| {
            let attachment = message.attachment.as_deref().filter(|attachment| attachment.image.is_some())?;
            Some((message.seq, (message, attachment)))
        })
        .collect()
}

impl Viewer {
    fn at(chat: ChatKey, seq: Seq) -> Self {
        Self { chat, seq, zoom: 1.0, pan: Vec2::ZERO, new: true, shown: false, said: None }
    }

    /// Says for a moment what became of something.
    pub fn say(&mut self, words: String) {
        self.said = Some((words, None));
    }

    /// Draws it. Returns whether it stays.
    fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> bool {
        let pictures = all(model, self.chat);
        // Its author may have taken it back.
        let Some((message, attachment)) = pictures.get(&self.seq).copied() else { return false };
        let before = pictures.range(..self.seq).next_back().map(|(seq, _)| *seq);
        let after = pictures.range(self.seq..).nth(1).map(|(seq, _)| *seq);

        let id = Id::unique("viewer");
        let screen = ui.ctx().content_rect();
        let area = Area::new(id)
            .kind(UiKind::Modal)
            .order(Level::Foreground)
            .fixed_pos(screen.min)
            .default_size(screen.size())
            .constrain(false)
            .fade_in(false)
            .accessible_name(format!("Picture {}", attachment.name.as_str()));
        ui.ctx().memory_mut(|memory| memory.set_modal_layer(area.layer()));
        let mut deed = keys(ui, before, after, self.zoom);
        area.show(ui.ctx(), |ui| {
            ui.set_min_size(screen.size());
            ui.painter().rect_filled(screen, 0.0, theme::BEHIND_PICTURE);
            let (bar, view) = screen.split_top_bottom_at_y(screen.top() + BAR);
            let done = self.picture(ui, view, (model, attachment), commands);
            deed = deed.take().or(done);
            let sides = [
                (before, Icon::ChevronLeft, "Previous picture", view.left() + 30.0),
                (after, Icon::ChevronRight, "Next picture", view.right() - 30.0),
            ];
            for (seq, sign, name, x) in sides {
                let place = Rect::from_center_size(pos2(x, view.center().y), vec2(BUTTON, BUTTON));
                if let Some(seq) = seq
                    && button(ui, place, sign, name, true).clicked()
                {
                    deed = Some(Deed::Go(seq));
                }
            }
            caption(ui, view, message);
            self.show_said(ui, view);
            let done = self.bar(ui, bar, (model, message, attachment), clock);
            deed = deed.take().or(done);
        });
        self.new = false;
        match deed {
            Some(Deed::Close) => return false,
            Some(Deed::Go(seq)) => *self = Self::at(self.chat, seq),
            Some(Deed::Zoom(zoom)) => self.come_closer(zoom, Vec2::ZERO),
            Some(Deed::Copy) => {
                if let Some(path) = files::path_of(ui.ctx(), model, attachment).filter(|_| self.shown) {
                    files::ask(ui.ctx(), Order::CopyPicture { path: path.to_string() });
                }
            }
            Some(Deed::Save) => files::ask(ui.ctx(), Order::Save { attachment: attachment.clone() }),
            Some(Deed::Open) => {
                if let Some(path) = files::path_of(ui.ctx(), model, attachment) {
                    files::ask(ui.ctx(), Order::Open { path: path.to_string() });
                }
            }
            None => return true,
        }
        ui.ctx().request_repaint();
        true
    }

    /// Comes closer or goes back. What is at that place, counted from the middle, stays there.
    fn come_closer(&mut self, zoom: f32, fixed: Vec2) {
        let zoom = zoom.clamp(1.0, ZOOM_MAX);
        self.pan = fixed + (self.pan - fixed) * (zoom / self.zoom);
        self.zoom = zoom;
    }

    /// The picture, or what there is of it.
    fn picture(
        &mut self,
        ui: &mut Ui,
        view: Rect,
        (model, attachment): (&Model, &Attachment),
        commands: &mut Vec<Command>,
    ) -> Option<Deed> {
        let response = ui.interact(view, Id::unique("viewed"), Sense::click_and_drag() - Sense::FOCUSABLE);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, attachment.name.as_str()));
        let path = files::path_of(ui.ctx(), model, attachment);
        let shown = path.map(|path| match pictures::shown(ui.ctx(), &path, Detail::Large) {
            // The small one stands in for it.
            Shown::Awaited => pictures::shown(ui.ctx(), &path, Detail::Small),
            shown => shown,
        });
        self.shown = matches!(shown, Some(Shown::There(_)));
        let Some(Shown::There(texture)) = shown else {
            let damaged = matches!(shown, Some(Shown::Damaged));
            self.absent(ui, view, (model, attachment), damaged, commands);
            return response.clicked().then_some(Deed::Close);
        };
        let image = attachment.image.map_or(texture.size_vec2(), |image| vec2(image.width as f32, image.height as f32));
        // What the sender says of its size is not to make it crooked.
        let shape = texture.size_vec2();
        let room = view.shrink2(vec2(space::L, space::S));
        let fit = signs::within(room, shape);
        let fit = fit.size() * (image.max_elem() / fit.size().max_elem()).min(1.0);

        let pointer = response.hover_pos().map_or(Vec2::ZERO, |at| at - view.center());
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        if response.hovered() && (wheel != 0.0 || pinch != 1.0) {
            self.come_closer(self.zoom * (wheel * WHEEL).exp() * pinch, pointer);
        }
        if response.double_clicked() {
            let zoom = if self.zoom > 1.0 { 1.0 } else { 2.0 };
            self.come_closer(zoom, pointer);
        }
        if response.dragged() {
            self.pan += response.drag_delta();
        }
        if self.zoom > 1.0 {
            self.pan += arrows(ui);
        }
        let size = fit * self.zoom;
        // It cannot be lost sight of.
        let most = ((size - view.size()) / 2.0).max(Vec2::ZERO);
        self.pan = self.pan.clamp(-most, most);
        let place = Rect::from_center_size(view.center() + self.pan, size);
        let painter = ui.painter().with_clip_rect(view);
        let all = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(texture.id(), place, all, Color32::WHITE);
        let beside = response.clicked() && response.interact_pointer_pos().is_some_and(|at| !place.contains(at));
        if self.zoom > 1.0 {
            response.on_hover_cursor(if ui.input(|input| input.pointer.any_down()) {
                CursorIcon::Grabbing
            } else {
                CursorIcon::Grab
            });
        }
        beside.then_some(Deed::Close)
    }

    /// What is said while there is no picture. It is fetched, too.
    fn absent(
        &self,
        ui: &mut Ui,
        view: Rect,
        (model, attachment): (&Model, &Attachment),
        damaged: bool,
        commands: &mut Vec<Command>,
    ) {
        let download = model.downloads.get(&attachment.file);
        let asked = download.is_some();
        let short = attachment.size <= FETCHED_UNASKED_MAX_BYTES;
        if !asked && (!short || pictures::is_first(ui.ctx(), attachment.file)) {
            // One who opens it wants it, however long it is.
            commands.push(Command::Download { attachment: attachment.clone(), to: None });
        }
        let words = match download.map(|download| (&download.progress, download.received)) {
            _ if damaged => "This picture cannot be shown here. It can be saved.".to_owned(),
            Some((DownloadProgress::Failed(why), _)) => why.clone(),
            Some((DownloadProgress::Running, received)) => {
                signs::ring(ui, view.center() - vec2(0.0, 40.0), 22.0, received, attachment.size, Color32::WHITE);
                format!("{} of {}", files::size(received), files::size(attachment.size))
            }
            _ => "Loading…".to_owned(),
        };
        let width = (view.width() - 2.0 * space::XL).min(420.0);
        let galley = text::explained(ui, &text::drawable(&words), font::body(), Color32::WHITE, width);
        let said = Rect::from_center_size(view.center() + vec2(0.0, 14.0), galley.size());
        widgets::say(ui, said, &words);
        ui.painter().galley(said.min, galley, Color32::WHITE);
    }

    /// Who sent it and when, and what can be done.
    fn bar(
        &self,
        ui: &mut Ui,
        bar: Rect,
        (model, message, attachment): (&Model, &Message, &Attachment),
        clock: &Clock,
    ) -> Option<Deed> {
        let mut deed = None;
        let place = |at: usize| {
            let x = bar.right() - space::M - BUTTON / 2.0 - at as f32 * (BUTTON + space::XS);
            Rect::from_center_size(pos2(x, bar.center().y), vec2(BUTTON, BUTTON))
        };
        let here = self.shown && !may_run(attachment.name.as_str());
        let buttons = [
            (Icon::ZoomOut, "Smaller (-)", Deed::Zoom(self.zoom / STEP), self.zoom > 1.0),
            (Icon::ZoomIn, "Larger (+)", Deed::Zoom(self.zoom * STEP), self.zoom < ZOOM_MAX),
            (Icon::Copy, "Copy picture (Ctrl+C)", Deed::Copy, self.shown),
            (Icon::ExternalLink, "Open with another program", Deed::Open, here),
            (Icon::Download, "Save as… (Ctrl+S)", Deed::Save, true),
            (Icon::X, "Close (Esc)", Deed::Close, true),
        ];
        let count = buttons.len();
        for (at, (sign, name, does, enabled)) in buttons.into_iter().enumerate() {
            let response = button(ui, place(count - 1 - at), sign, name, enabled);
            if self.new && at + 1 == count {
                response.request_focus();
            }
            if enabled && response.clicked() {
                deed = Some(does);
            }
        }
        let left = bar.left() + space::L;
        let room = place(count - 1).left() - space::M - left;
        let who = model.name(message.from).to_owned();
        let about = format!("{} · {}", clock.exact(message.at), attachment.name.as_str());
        let lines =
            [(who, font::strong(), Color32::WHITE, -10.0), (about, font::tiny(), theme::ON_PICTURE_QUIET, 10.0)];
        for (words, font, color, down) in lines {
            widgets::line(ui, pos2(left, bar.center().y + down), &words, font, color, room);
        }
        deed
    }

    /// What became of something, until its time is over.
    fn show_said(&mut self, ui: &mut Ui, view: Rect) {
        let now = ui.input(|input| input.time);
        let Some((words, until)) = &mut self.said else { return };
        let left = *until.get_or_insert(now + SAID_FOR) - now;
        if left <= 0.0 {
            self.said = None;
            return;
        }
        ui.ctx().request_repaint_after_secs(left as f32);
        let room = view.width() - 2.0 * space::XL;
        let galley = text::elided(ui, text::one_line(words), font::body(), Color32::WHITE, room);
        let place = Align2::CENTER_TOP.anchor_size(pos2(view.center().x, view.top() + space::L), galley.size());
        ui.painter().rect_filled(
            place.expand2(vec2(space::M, space::S)),
            CornerRadius::same(theme::radius::S),
            theme::SHADE,
        );
        let response = widgets::say(ui, place, words);
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
        ui.painter().galley(place.min, galley, Color32::WHITE);
    }
}

/// The words below the picture.
fn caption(ui: &mut Ui, view: Rect, message: &Message) {
    if message.text.trim().is_empty() {
        return;
    }
    let width = (view.width() - 2.0 * space::XL).min(theme::BUBBLE_TEXT_MAX);
    let galley = text::few_lines(ui, &text::one_line(&message.text), font::body(), Color32::WHITE, width, 3);
    let size = galley.size();
    let place = Align2::CENTER_BOTTOM.anchor_size(pos2(view.center().x, view.bottom() - space::L), size);
    ui.painter().rect_filled(
        place.expand2(vec2(space::M, space::S)),
        CornerRadius::same(theme::radius::S),
        theme::SHADE,
    );
    widgets::say(ui, place, &message.text);
    ui.painter().galley(place.min, galley, Color32::WHITE);
}

/// A round button on the dark.
fn button(ui: &mut Ui, place: Rect, sign: Icon, name: &str, enabled: bool) -> Response {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(place, Id::unique(("viewer", name)), sense);
    let label = name.split(" (").next().unwrap_or(name);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    let behind = if enabled && response.hovered() { theme::ON_PICTURE_HOVER } else { theme::SHADE };
    ui.painter().circle_filled(place.center(), place.width() / 2.0, behind);
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, Color32::WHITE);
        ui.painter().circle_stroke(place.center(), place.width() / 2.0 - 1.0, stroke);
    }
    let color = if enabled { Color32::WHITE } else { theme::ON_PICTURE_OFF };
    widgets::icon(ui, place.center(), sign, 20.0, color);
    response.on_hover_text(text::hint(name))
}

/// The keys, which are all the viewer's. The arrows move what is larger than the window, and lead on from what is not.
fn keys(ui: &Ui, before: Option<Seq>, after: Option<Seq>, zoom: f32) -> Option<Deed> {
    ui.input_mut(|input| {
        // The system says what the key means, not which one it was.
        let count = input.events.len();
        input.events.retain(|event| *event != Event::Copy);
        let took_copy = input.events.len() < count;
        let mut pressed = |modifiers, key| input.consume_key(modifiers, key);
        if pressed(Modifiers::NONE, Key::Escape) {
            return Some(Deed::Close);
        }
        if took_copy {
            return Some(Deed::Copy);
        }
        if pressed(Modifiers::COMMAND, Key::S) {
            return Some(Deed::Save);
        }
        if pressed(Modifiers::NONE, Key::Plus) || pressed(Modifiers::NONE, Key::Equals) {
            return Some(Deed::Zoom(zoom * STEP));
        }
        if pressed(Modifiers::NONE, Key::Minus) {
            return Some(Deed::Zoom(zoom / STEP));
        }
        if pressed(Modifiers::NONE, Key::Num0) {
            return Some(Deed::Zoom(1.0));
        }
        if zoom > 1.0 {
            return None;
        }
        if pressed(Modifiers::NONE, Key::ArrowLeft) {
            return before.map(Deed::Go);
        }
        if pressed(Modifiers::NONE, Key::ArrowRight) {
            return after.map(Deed::Go);
        }
        None
    })
}

/// How far the arrow keys move the picture.
fn arrows(ui: &Ui) -> Vec2 {
    ui.input_mut(|input| {
        let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key) as f32;
        let right = count(Key::ArrowLeft) - count(Key::ArrowRight);
        let down = count(Key::ArrowUp) - count(Key::ArrowDown);
        vec2(right, down) * ARROW
    })
}
