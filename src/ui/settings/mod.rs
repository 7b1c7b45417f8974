//! The settings page: it lies over the panes, changes at once what is chosen, and is left with Esc. Wide, its sections
//! stand at the left; narrow, all rows stand below each other.

mod devices;
mod draw;
mod rows;

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo};
use egui::{pos2, vec2};
use lucide_icons::Icon;

use self::draw::{Act, Laid};
use self::rows::{Row, Section};
use super::About;
use super::controls::{self, Field};
use super::dialogs::account::Kind;
use super::theme::{self, font, radius, space};
use super::when::Clock;
use super::widgets;
use crate::client::command::{AccountWish, Command};
use crate::client::model::{Link, Model};
use crate::proto::device::DeviceCall;
use crate::settings::values::{CACHE_DEFAULT_BYTES, CACHE_MAX_BYTES, CACHE_MIN_BYTES, Settings, ZOOM_STEP};

/// From this width on, the sections stand at the left.
const WIDE: f32 = 720.0;
/// The width of the sections.
const SECTIONS: f32 = 236.0;
/// The widest that a row gets.
const COLUMN: f32 = 640.0;
const SEARCH: f32 = 260.0;
const SECTION_ROW: f32 = 42.0;

/// What somebody wants from the page that is not chosen on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To leave it.
    Close,
    /// To be asked about their account.
    Ask(Kind),
}

/// The open page.
#[derive(Debug)]
pub struct Page {
    query: String,
    section: Section,
    appeared: bool,
    /// The devices were asked for.
    asked: bool,
}

impl Page {
    /// The page as it opens.
    pub fn open() -> Self {
        Self { query: String::new(), section: Section::Account, appeared: false, asked: false }
    }

    fn search_id() -> Id {
        Id::unique("search in settings")
    }

    /// Draws the page in `rect`, and changes the settings.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        settings: &mut Settings,
        (model, clock): (&Model, &Clock),
        about: &About,
        commands: &mut Vec<Command>,
    ) -> Option<Intent> {
        let palette = theme::palette(ui);
        ui.painter().rect_filled(rect, 0.0, palette.backdrop);
        let wide = rect.width() >= WIDE;
        let closed = self.head(ui, rect, wide);
        let top = rect.top() + theme::HEADER + if wide { 0.0 } else { controls::FIELD + space::M };
        let mut body = Rect::from_min_max(pos2(rect.left(), top.min(rect.bottom())), rect.max);

        let rows = rows::found(settings, model, about, clock, &self.query);
        let searching = !self.query.trim().is_empty();
        if wide {
            let (left, right) = body.split_left_right_at_x(body.left() + SECTIONS);
            self.sections(ui, left, searching);
            body = right;
        }
        let shown: Vec<&Row> = rows.iter().filter(|row| !wide || searching || row.section == self.section).collect();
        let are_seen = shown.iter().any(|row| row.section == Section::Devices);
        if are_seen && model.link == Link::Online && !std::mem::replace(&mut self.asked, true) {
            commands.push(Command::Account(AccountWish::Device(DeviceCall::List)));
        }
        if shown.is_empty() {
            let nothing = "No setting is called that";
            let (title, hint) = match searching {
                true => (nothing, "Look for another word, or clear the search with Esc."),
                false if self.section == Section::Storage => ("Nothing is kept here", "This window knows of no disk."),
                false => ("Nothing here yet", "Servers that you sign in to are remembered here."),
            };
            widgets::empty(ui, body, Icon::Search, title, hint);
        }
        let mut intent = closed.then_some(Intent::Close);
        match self.rows(ui, body, &shown) {
            Some(Act::Ask(kind)) => intent = Some(Intent::Ask(kind)),
            Some(act) => {
                take(act, settings, model, commands);
                ui.ctx().request_repaint();
            }
            None => {}
        }
        let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if escaped && !self.query.is_empty() {
            self.query.clear();
            ui.ctx().request_repaint();
            return intent;
        }
        if escaped { Some(Intent::Close) } else { intent }
    }

    /// The title, the way back and the search. Returns whether somebody wants to leave.
    fn head(&mut self, ui: &mut Ui, rect: Rect, wide: bool) -> bool {
        let palette = theme::palette(ui);
        let head = Rect::from_min_size(rect.min, vec2(rect.width(), theme::HEADER));
        let all =
            if wide { head } else { Rect::from_min_max(head.min, head.max + vec2(0.0, controls::FIELD + space::M)) };
        ui.painter().rect_filled(all, 0.0, palette.surface);
        ui.painter().hline(all.x_range(), all.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let back = Rect::from_center_size(pos2(head.left() + space::L + 10.0, head.center().y), vec2(36.0, 36.0));
        let left = widgets::icon_button(ui, back, Icon::ArrowLeft, "Close settings").clicked();
        let at = pos2(back.right() + space::S, head.center().y);
        widgets::line(ui, at, "Settings", font::title(), palette.text, 200.0);
        let field = if wide {
            let size = vec2(SEARCH, controls::FIELD);
            Rect::from_center_size(pos2(head.right() - space::L - SEARCH / 2.0, head.center().y), size)
        } else {
            Rect::from_min_max(
                pos2(all.left() + space::L, head.bottom() - 2.0),
                pos2(all.right() - space::L, head.bottom() - 2.0 + controls::FIELD),
            )
        };
        let with = Field {
            name: "Search settings",
            hint: "Search settings",
            sign: Some(Icon::Search),
            wrong: false,
            enabled: true,
        };
        let response = controls::field(ui, field, Self::search_id(), &mut self.query, &with);
        if !std::mem::replace(&mut self.appeared, true) {
            response.request_focus();
        }
        left
    }

    fn sections(&mut self, ui: &mut Ui, rect: Rect, searching: bool) {
        let palette = theme::palette(ui);
        ui.painter().rect_filled(rect, 0.0, palette.surface);
        ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, palette.line));
        let mut y = rect.top() + space::M;
        for section in Section::ALL {
            let row =
                Rect::from_min_size(pos2(rect.left() + space::S, y), vec2(rect.width() - 2.0 * space::S, SECTION_ROW));
            let response = ui.interact(row, Id::unique(("section", section.title())), Sense::click());
            let chosen = !searching && section == self.section;
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, section.title()));
            let fill = match (chosen, response.hovered()) {
                (true, _) => palette.selected,
                (false, true) => palette.hover,
                (false, false) => palette.surface,
            };
            ui.painter().rect_filled(row, radius::S, fill);
            widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
            let color = if chosen { palette.accent } else { palette.subdued };
            widgets::icon(ui, pos2(row.left() + space::M + 9.0, row.center().y + 1.0), section.sign(), 18.0, color);
            let left = pos2(row.left() + space::M + 18.0 + space::M, row.center().y);
            let font = if chosen { font::strong() } else { font::body() };
            ui.painter().text(left, egui::Align2::LEFT_CENTER, section.title(), font, palette.text);
            if response.clicked() {
                self.section = section;
                self.query.clear();
                ui.ctx().request_repaint();
            }
            y += SECTION_ROW + 2.0;
        }
    }

    /// The rows, those of a section in one card.
    fn rows(&self, ui: &mut Ui, body: Rect, rows: &[&Row]) -> Option<Act> {
        let palette = theme::palette(ui);
        let edge = if body.width() < COLUMN { space::M } else { space::XL };
        let width = (body.width() - 2.0 * edge).clamp(1.0, COLUMN);
        let left = body.left() + ((body.width() - width) / 2.0).max(edge).round();
        let mut child = ui.new_child(UiBuilder::new().max_rect(body));
        child.set_clip_rect(body.intersect(ui.clip_rect()));
        // Another section begins at its top.
        let area = ScrollArea::vertical().id_salt(("settings", self.section, !self.query.is_empty()));
        let shown = area.auto_shrink(false).show(&mut child, |ui| {
            let mut act = None;
            let begin = ui.min_rect().top();
            let mut y = begin + space::M;
            for section in Section::ALL {
                let laid: Vec<Laid<'_>> =
                    rows.iter().filter(|row| row.section == section).map(|row| Laid::new(ui, row, width)).collect();
                if laid.is_empty() {
                    continue;
                }
                widgets::heading(ui, pos2(left + space::XS, y + space::M), &section.title().to_uppercase());
                y += space::XL + space::XS;
                let height: f32 = laid.iter().map(|row| row.height).sum();
                let card = Rect::from_min_size(pos2(left, y), vec2(width, height));
                let line = Stroke::new(1.0, palette.line);
                ui.painter().rect(card, radius::M, palette.surface, line, StrokeKind::Inside);
                for (at, row) in laid.into_iter().enumerate() {
                    let place = Rect::from_min_size(pos2(left, y), vec2(width, row.height));
                    if at > 0 {
                        let inner = place.shrink2(vec2(space::L, 0.0));
                        ui.painter().hline(inner.x_range(), y, line);
                    }
                    y += row.height;
                    act = row.show(ui, place).or(act);
                }
                y += space::L;
            }
            let all = Rect::from_min_max(pos2(body.left(), begin), pos2(body.left() + 1.0, y + space::S));
            ui.allocate_rect(all, Sense::hover());
            act
        });
        shown.inner
    }
}

/// Signs devices out, and asks what there are then.
fn end(call: DeviceCall, commands: &mut Vec<Command>) {
    commands.extend([call, DeviceCall::List].map(|call| Command::Account(AccountWish::Device(call))));
}

/// Changes what was chosen.
fn take(act: Act, settings: &mut Settings, model: &Model, commands: &mut Vec<Command>) {
    match act {
        Act::Turn(which, on) => match which.kept(settings) {
            Some(kept) => *kept = on,
            None => commands.push(Command::SetReadReceipts(!model.read_receipts)),
        },
        Act::Theme(theme) => settings.theme = theme,
        Act::Zoom(Some(steps)) => settings.set_zoom(settings.zoom + steps * ZOOM_STEP),
        Act::Zoom(None) => settings.set_zoom(1.0),
        Act::CacheLimit(steps) => {
            let bytes = settings.cache_limit_bytes;
            settings.cache_limit_bytes = match steps {
                Some(steps) if steps < 0.0 => bytes / 2,
                Some(_) => bytes * 2,
                None => CACHE_DEFAULT_BYTES,
            }
            .clamp(CACHE_MIN_BYTES, CACHE_MAX_BYTES);
            commands.push(Command::SetCacheLimit(settings.cache_limit_bytes));
        }
        Act::ClearCache => commands.push(Command::ClearCache),
        // It is asked about before anything changes.
        Act::Ask(_) => {}
        Act::SignOut => commands.push(Command::SignOut),
        Act::SwitchAccount => commands.push(Command::SwitchAccount),
        Act::End(session) => end(DeviceCall::End(session), commands),
        Act::EndOthers => end(DeviceCall::EndOthers, commands),
        Act::Default(account) => settings.default_server = account.server,
        Act::Forget(account) => {
            settings.accounts.retain(|known| !known.same_server(&account));
            if account.hosts.is_none() && settings.default_server == account.server {
                settings.default_server.clear();
            }
        }
    }
}
