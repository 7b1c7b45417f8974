//! The frame of the window: what its person has chosen and how it takes effect, the lines between panes, and the one
//! thing that there is to say about the file of all that.

use egui::accesskit::Role;
use egui::{Context, CursorIcon, EventFilter, Id, Key, Modifiers, Rangef, Rect, Sense, Stroke, Ui, WidgetInfo};
use egui::{pos2, vec2};
use lucide_icons::Icon;

use super::text;
use super::theme::{self, font, space};
use super::widgets;
use crate::settings::values::{PANE_MAX, PANE_MIN, Settings, Theme, ZOOM_STEP};

/// What the program says of itself and of where it keeps things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The number of its version.
    pub version: String,
    /// The folder of what it knows.
    pub data_folder: String,
    /// The file of what was chosen.
    pub settings_file: String,
    /// Where a server for others would be kept.
    pub hosting_folder: String,
    /// There is a tray that a window can be closed to.
    pub tray: bool,
    /// What is to be said about the settings, once.
    pub notice: Option<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Frame {
    /// What its person has chosen.
    pub settings: Settings,
    /// What there is to say of the program.
    pub about: About,
    /// The account that is signed in, as the settings name it.
    pub account: Option<String>,
    /// What has taken effect.
    applied: Applied,
    /// A folder is to be looked for with the system's dialog.
    pub wants_folder: bool,
}

/// What of the settings the context knows.
#[derive(Debug, PartialEq)]
struct Applied {
    theme: Theme,
    zoom: f32,
    motion: bool,
}

impl Default for Applied {
    /// As [`super::prepare`] leaves a context.
    fn default() -> Self {
        Self { theme: Theme::System, zoom: 1.0, motion: true }
    }
}

/// How far an arrow key moves a line between panes, in points.
const ARROW: f32 = 16.0;
/// How wide it is for the pointer.
const GRIP: f32 = 8.0;
/// The narrowest that a conversation is left.
const CONVERSATION_MIN: f32 = 360.0;

impl Frame {
    /// Larger, smaller, normal: wherever one is.
    pub fn zoom_keys(&mut self, ui: &Ui) {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, key));
        let steps = match () {
            () if pressed(Key::Plus) || pressed(Key::Equals) => 1.0,
            () if pressed(Key::Minus) => -1.0,
            () if pressed(Key::Num0) => return self.settings.set_zoom(1.0),
            () => return,
        };
        self.settings.set_zoom(self.settings.zoom + steps * ZOOM_STEP);
    }

    /// Has the settings take effect, as far as they are new.
    pub fn apply(&mut self, ctx: &Context) {
        let Settings { theme, zoom, motion, .. } = self.settings;
        let wanted = Applied { theme, zoom, motion };
        if wanted == self.applied {
            return;
        }
        if theme != self.applied.theme {
            ctx.set_theme(match theme {
                Theme::System => egui::ThemePreference::System,
                Theme::Light => egui::ThemePreference::Light,
                Theme::Dark => egui::ThemePreference::Dark,
            });
        }
        if zoom != self.applied.zoom {
            ctx.set_zoom_factor(zoom);
        }
        if motion != self.applied.motion {
            theme::move_things(ctx, motion);
        }
        self.applied = wanted;
        ctx.request_repaint();
    }

    /// Says once what there is to say about the settings, at the top. Returns how much height that takes.
    pub fn notice(&mut self, ui: &mut Ui, rect: Rect) -> f32 {
        let Some(notice) = &self.about.notice else { return 0.0 };
        let palette = theme::palette(ui);
        let left = rect.left() + space::L + 24.0;
        let room = rect.right() - 2.0 * space::L - 32.0 - left;
        let galley = text::explained(ui, &text::drawable(notice), font::small(), palette.subdued, room);
        let bar = Rect::from_min_size(rect.min, vec2(rect.width(), galley.size().y.ceil() + 2.0 * space::S + 4.0));
        ui.painter().rect_filled(bar, 0.0, palette.field);
        ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, Stroke::new(1.0, palette.line));
        widgets::icon(ui, pos2(rect.left() + space::L + 8.0, bar.center().y), Icon::Info, 16.0, palette.accent);
        let place = Rect::from_min_size(pos2(left, bar.center().y - galley.size().y / 2.0), galley.size());
        widgets::say(ui, place, notice);
        ui.painter().galley(place.min, galley, palette.subdued);
        let close = Rect::from_center_size(pos2(rect.right() - space::L - 12.0, bar.center().y), vec2(28.0, 28.0));
        if widgets::icon_button(ui, close, Icon::X, "Dismiss the notice").clicked() {
            self.about.notice = None;
            ui.ctx().request_repaint();
        }
        bar.height()
    }

    /// How wide the list is in a window of that width.
    pub fn list_width(&self, all: f32) -> f32 {
        let width = self.settings.list_width.unwrap_or((all * 0.3).clamp(264.0, 340.0));
        width.min(all - CONVERSATION_MIN).clamp(PANE_MIN, PANE_MAX).round()
    }

    /// How wide the details are beside a conversation that they share that width with.
    pub fn details_width(&self, both: f32) -> f32 {
        let width = self.settings.details_width.unwrap_or(theme::DETAILS);
        width.min(both - CONVERSATION_MIN).clamp(PANE_MIN, PANE_MAX).round()
    }

    /// The line at the right of the list.
    pub fn list_divider(&mut self, ui: &mut Ui, left: f32, width: f32, y: Rangef) {
        let line = Line { name: "Width of the list", at: left + width, edge: left, width, y };
        line.show(ui, &mut self.settings.list_width);
    }

    /// The line at the left of the details.
    pub fn details_divider(&mut self, ui: &mut Ui, right: f32, width: f32, y: Rangef) {
        let line = Line { name: "Width of the details", at: right - width, edge: right, width, y };
        line.show(ui, &mut self.settings.details_width);
    }
}

/// A line between two panes, which can be moved.
struct Line {
    name: &'static str,
    /// Where it is.
    at: f32,
    /// Where the pane ends that it makes wider.
    edge: f32,
    /// How wide that pane is.
    width: f32,
    y: Rangef,
}

impl Line {
    fn show(self, ui: &mut Ui, kept: &mut Option<f32>) {
        let palette = theme::palette(ui);
        let place = Rect::from_x_y_ranges(self.at - GRIP / 2.0..=self.at + GRIP / 2.0, self.y);
        let id = Id::unique(("line", self.name));
        let response = ui.interact(place, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::ResizeHorizontal);
        let width = f64::from(self.width);
        response
            .widget_info(|| WidgetInfo { value: Some(width), ..WidgetInfo::labeled(Role::Splitter, true, self.name) });

        let mut wanted = None;
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            wanted = Some((pointer.x - self.edge).abs());
        }
        if response.has_focus() {
            // The arrows are the line's, and do not lead the focus away from it.
            let keys = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, keys));
            let count = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as f32;
            let steps = count(Key::ArrowRight) - count(Key::ArrowLeft);
            if steps != 0.0 {
                wanted = Some(self.width + steps * ARROW * (self.at - self.edge).signum());
            }
        }
        let before = *kept;
        if let Some(wanted) = wanted {
            *kept = Some(wanted.clamp(PANE_MIN, PANE_MAX).round());
        }
        if response.double_clicked() {
            *kept = None;
        }
        if *kept != before {
            ui.ctx().request_repaint();
        }
        let active = response.hovered() || response.dragged() || response.has_focus();
        let (thickness, color) = if active { (2.0, palette.accent) } else { (1.0, palette.line) };
        // Within the pane that it belongs to.
        let x = self.at + 0.5 * (self.edge - self.at).signum();
        ui.painter().vline(x, self.y, Stroke::new(thickness, color));
    }
}
