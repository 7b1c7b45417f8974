//! What was sent in a chat: its pictures as tiles, its other files in rows, the newest first. More is loaded as one comes to
//! the end.

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use crate::client::command::Command;
use crate::client::model::{Link, Message, Model, SharedFiles};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::controls;
use crate::ui::files::pictures;
use crate::ui::files::{self, signs};
use crate::ui::theme::{self, font, radius, space};
use crate::ui::timeline::carried::{Carried, Way};
use crate::ui::timeline::enclosed::{Act, acts};
use crate::ui::when::Clock;
use crate::ui::{text, widgets};

/// The height of a row.
const ROW: f32 = 58.0;
/// Between tiles.
const GAP: f32 = 4.0;
/// A tile is at least so wide.
const TILE_MIN: f32 = 84.0;
/// So much before the end, more is asked for.
const AHEAD: f32 = 400.0;

/// What is looked at.
#[derive(Debug, Default)]
pub struct Shared {
    /// The files that are no pictures.
    files: bool,
    /// What was loaded when more was last asked for, and whether the server was there.
    asked: Option<(Option<Seq>, bool)>,
}

impl Shared {
    /// Draws the page. Returns whether it is to be left.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        all: Rect,
        chat: ChatKey,
        model: &Model,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) -> bool {
        let palette = theme::palette(ui);
        let (bar, rest) = all.split_top_bottom_at_y(all.top() + theme::HEADER);
        ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let back = Rect::from_center_size(pos2(bar.left() + space::L + 10.0, bar.center().y), vec2(36.0, 36.0));
        let left = widgets::icon_button(ui, back, Icon::ArrowLeft, "Back to the details").clicked();
        let title = pos2(back.right() + space::S, bar.center().y);
        widgets::line(ui, title, "Shared files", font::title(), palette.text, bar.right() - title.x - space::M);

        let shared = model.chat(chat).and_then(|chat| chat.shared.as_deref());
        let corner = rest.min + vec2(space::M, space::M);
        let pictures = controls::chip(ui, corner, "Pictures", "Pictures", !self.files);
        let files = controls::chip(ui, pictures.rect.right_top() + vec2(space::S, 0.0), "Files", "Files", self.files);
        if pictures.clicked() || files.clicked() {
            self.files = files.clicked();
            ui.ctx().request_repaint();
        }
        let place = Rect::from_min_max(pos2(rest.left(), corner.y + controls::CHIP + space::M), rest.max);
        let wanted = |message: &&Message| {
            let attachment = message.attachment.as_deref().filter(|_| !message.deleted);
            attachment.is_some_and(|attachment| attachment.image.is_none() == self.files)
        };
        let messages: Vec<&Message> = shared.into_iter().flat_map(|shared| &shared.messages).filter(wanted).collect();
        let end = if messages.is_empty() {
            self.nothing(ui, place, chat, shared, model, commands);
            true
        } else {
            self.list(ui, place, chat, &messages, shared, model, clock, commands)
        };
        if end {
            self.ask_for_more(chat, shared, model, commands);
        }
        left
    }

    /// Asks for what comes next, once for each page and each state of the connection.
    fn ask_for_more(
        &mut self,
        chat: ChatKey,
        shared: Option<&SharedFiles>,
        model: &Model,
        commands: &mut Vec<Command>,
    ) {
        if shared.is_some_and(|shared| shared.complete || shared.asked.is_some() || shared.problem.is_some()) {
            return;
        }
        let last = shared.and_then(|shared| shared.messages.last()).map(|message| message.seq);
        let state = (last, model.link == Link::Online);
        if self.asked != Some(state) {
            self.asked = Some(state);
            commands.push(Command::LoadFiles { chat });
        }
    }

    /// What stands there while nothing is.
    fn nothing(
        &self,
        ui: &mut Ui,
        place: Rect,
        chat: ChatKey,
        shared: Option<&SharedFiles>,
        model: &Model,
        commands: &mut Vec<Command>,
    ) {
        let (sign, title, hint) = match self.files {
            false => (Icon::Image, "No pictures yet", "Pictures that are sent here appear here"),
            true => (Icon::File, "No files yet", "Files that are sent here appear here"),
        };
        match shared {
            Some(SharedFiles { problem: Some(problem), .. }) => {
                let bottom = widgets::empty(ui, place, Icon::CloudAlert, "The files could not be loaded", problem);
                again(ui, pos2(place.center().x, bottom + 22.0), chat, commands);
            }
            Some(SharedFiles { complete: true, .. }) => _ = widgets::empty(ui, place, sign, title, hint),
            _ if model.link == Link::Online => _ = widgets::empty(ui, place, sign, "Loading…", ""),
            _ => {
                let hint = "What was sent here comes with the connection";
                widgets::empty(ui, place, sign, "Not connected", hint);
            }
        }
    }

    /// The tiles or the rows. Returns whether the end is near.
    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn list(
        &self,
        ui: &mut Ui,
        place: Rect,
        chat: ChatKey,
        messages: &[&Message],
        shared: Option<&SharedFiles>,
        model: &Model,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) -> bool {
        let inner = place.width() - 2.0 * space::M;
        let columns = if self.files { 1 } else { (((inner + GAP) / (TILE_MIN + GAP)).floor() as usize).max(1) };
        let width = (inner - (columns - 1) as f32 * GAP) / columns as f32;
        let (height, step) = if self.files { (ROW, ROW) } else { (width, width + GAP) };
        let lines = messages.len().div_ceil(columns);
        let foot = if shared.is_some_and(|shared| !shared.complete) { ROW } else { space::M };
        let name = if self.files { "Files" } else { "Pictures" };
        let builder = UiBuilder::new().max_rect(place).accessibility_role(Role::List).accessibility_label(name);
        let mut child = ui.new_child(builder);
        child.set_clip_rect(place.intersect(ui.clip_rect()));
        let area = ScrollArea::vertical().id_salt(("shared", chat, self.files)).auto_shrink(false);
        let output = area.show_viewport(&mut child, |ui, view| {
            let total = lines as f32 * step + foot;
            ui.set_height(total);
            let corner = ui.max_rect().min + vec2(space::M, 0.0);
            // One more on either side, so that the Tab key comes to it.
            let first = ((view.top() / step).floor().max(0.0) as usize).saturating_sub(1) * columns;
            let last = ((view.bottom() / step).ceil().max(0.0) as usize + 1) * columns;
            for (at, message) in messages.iter().enumerate().take(last).skip(first) {
                let (line, column) = (at / columns, at % columns);
                let at = corner + vec2(column as f32 * (width + GAP), line as f32 * step);
                let rect = Rect::from_min_size(at, vec2(width, height));
                let Some(carried) = Carried::by(model, message) else { continue };
                let carried = carried.at(|attachment| pictures::own(ui.ctx(), attachment.file));
                match self.files {
                    true => row(ui, rect, message, &carried, (model, clock), commands),
                    false => tile(ui, rect, chat, message, &carried, clock, commands),
                }
            }
            if let Some(shared) = shared.filter(|shared| !shared.complete) {
                let center = corner + vec2(inner / 2.0, lines as f32 * step + ROW / 2.0);
                more(ui, center, inner, shared, chat, model, commands);
            }
            view.bottom() + AHEAD >= total
        });
        output.inner
    }
}

/// What stands below what is loaded, while there is more.
fn more(
    ui: &mut Ui,
    center: egui::Pos2,
    width: f32,
    shared: &SharedFiles,
    chat: ChatKey,
    model: &Model,
    commands: &mut Vec<Command>,
) {
    let palette = theme::palette(ui);
    let words = match &shared.problem {
        Some(problem) => problem.as_str(),
        None if model.link == Link::Online => "Loading…",
        None => "The rest comes with the connection",
    };
    let galley = text::elided(ui, text::one_line(words), font::small(), palette.subdued, width);
    let up = if shared.problem.is_some() { 12.0 } else { 0.0 };
    let said = Rect::from_center_size(center - vec2(0.0, up), galley.size());
    widgets::say(ui, said, words);
    ui.painter().galley(said.min, galley, palette.subdued);
    if shared.problem.is_some() {
        again(ui, center + vec2(0.0, 14.0), chat, commands);
    }
}

fn again(ui: &mut Ui, center: egui::Pos2, chat: ChatKey, commands: &mut Vec<Command>) {
    let color = theme::palette(ui).accent;
    let width = ui.painter().layout_no_wrap("Try again".to_owned(), font::small_strong(), color).size().x;
    let left = pos2(center.x - width / 2.0 - space::S, center.y);
    if widgets::text_button(ui, left, "Try again", "shared", color).clicked() {
        commands.push(Command::LoadFiles { chat });
    }
}

/// A picture, which opens all over the window.
fn tile(
    ui: &mut Ui,
    rect: Rect,
    chat: ChatKey,
    message: &Message,
    carried: &Carried<'_>,
    clock: &Clock,
    commands: &mut Vec<Command>,
) {
    let response = ui.interact(rect, Id::unique(("tile", message.seq)), Sense::click());
    let name = format!("Picture {}, {}", carried.name, clock.exact(message.at));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let corners = CornerRadius::same(radius::TAIL + 1);
    carried.fetch_unasked(ui, commands);
    let path = carried.path.as_ref().filter(|_| carried.way == Way::Here);
    signs::tile(ui, rect, path, carried.name, corners);
    if response.hovered() {
        ui.painter().rect_filled(rect, corners, theme::SHADE.gamma_multiply(0.3));
    }
    widgets::focus_ring(ui, &response, corners);
    if response.clicked() {
        files::view(ui.ctx(), chat, message.seq);
    }
    response.on_hover_text(text::hint(&name));
}

/// A file, with who sent it and when. A click opens it, or asks where it is to be put.
fn row(
    ui: &mut Ui,
    rect: Rect,
    message: &Message,
    carried: &Carried<'_>,
    (model, clock): (&Model, &Clock),
    commands: &mut Vec<Command>,
) {
    let palette = theme::palette(ui);
    let act = acts(carried).first().copied();
    let response = ui.interact(rect, Id::unique(("shared file", message.seq)), Sense::click());
    let does = act.map_or("", |act| act.word(carried)).trim_end_matches('…');
    let who = model.name(message.from);
    let about = format!("{} · {who} · {}", carried.state(), clock.in_list(message.at));
    let spoken = format!("{does} {}, {about}", carried.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, act.is_some(), spoken.trim()));
    if response.hovered() {
        ui.painter().rect_filled(rect, radius::S, palette.hover);
    }
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
    let disc = Rect::from_center_size(pos2(rect.left() + space::S + 20.0, rect.center().y), vec2(40.0, 40.0));
    ui.painter().rect_filled(disc, radius::S, palette.selected);
    let sign = match act {
        Some(Act::Cancel) => Icon::X,
        _ => files::sign(carried.name),
    };
    widgets::icon(ui, disc.center(), sign, 19.0, palette.accent);
    if let Way::Coming(part) = carried.way {
        signs::ring(ui, disc.center(), 15.0, part, carried.size, palette.accent);
    }
    let left = disc.right() + space::M;
    let room = (rect.right() - space::XL - space::S - left).max(1.0);
    let name = files::shortened(ui, carried.name, &font::strong(), room);
    let color = if matches!(carried.way, Way::Failed(_)) { palette.danger } else { palette.subdued };
    for (words, font, color, down) in [(name, font::strong(), palette.text, -10.0), (about, font::tiny(), color, 10.0)]
    {
        let galley = text::elided(ui, text::one_line(&words), font, color, room);
        ui.painter().galley(pos2(left, rect.center().y + down - galley.size().y / 2.0), galley, color);
    }
    if let Some(act) = act {
        let end = pos2(rect.right() - space::L, rect.center().y);
        if act != Act::Open && act != Act::Cancel {
            widgets::icon(ui, end, act.sign(carried), 16.0, palette.subdued);
        }
        if response.clicked() {
            act.perform(ui, carried, commands);
        }
        response.on_hover_text(text::hint(act.word(carried)));
    }
}
