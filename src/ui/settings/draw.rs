//! Draws a row of the settings page: words at the left, what can be done at the right. Each has a name that a screen
//! reader can say.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Galley, Id, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::rows::{self, Kind, Row, Switch};
use crate::settings::values::{
    Account, CACHE_DEFAULT_BYTES, CACHE_MAX_BYTES, CACHE_MIN_BYTES, Theme, ZOOM_MAX, ZOOM_MIN,
};
use crate::ui::controls;
use crate::ui::dialogs::account::Kind as Ask;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;

/// What somebody did in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Turn it on or off.
    Turn(Switch, bool),
    /// Make it light or dark.
    Theme(Theme),
    /// Smaller, larger, or as it was: steps, nothing for the last.
    Zoom(Option<f32>),
    /// Less, more, or as it was: of what is kept on the disk.
    CacheLimit(Option<f32>),
    /// Delete what is kept on the disk.
    ClearCache,
    /// Ask for another name or password.
    Ask(Ask),
    /// Leave this account.
    SignOut,
    /// Leave it for another one.
    SwitchAccount,
    /// Sign out the device of that number.
    End(u64),
    /// Sign out all but this one.
    EndOthers,
    /// Have that server on the login page.
    Default(Account),
    /// Forget a server with all its accounts.
    Forget(Account),
}

/// The lowest row.
const LOWEST: f32 = 52.0;
const FACE: f32 = 44.0;
/// The sign of a device, and the buttons that sign it or all others out.
const DEVICE: f32 = 20.0;
const END: f32 = 64.0;
const END_OTHERS: f32 = 132.0;
const SWITCH: f32 = 36.0;
/// A part of the choice of a theme.
const PART: egui::Vec2 = vec2(76.0, 34.0);
/// Two buttons and a figure.
const STEPPER: f32 = 156.0;
const BUTTON: f32 = 34.0;
/// The choice of a theme comes below its words where there is no room beside.
const TIGHT: f32 = 400.0;

/// A row that is laid out and not drawn yet.
pub struct Laid<'a> {
    row: &'a Row,
    title: Arc<Galley>,
    hint: Option<Arc<Galley>>,
    /// What can be done comes below the words.
    below: bool,
    /// How high it is.
    pub height: f32,
}

impl<'a> Laid<'a> {
    /// Lays a row out for that width.
    pub fn new(ui: &Ui, row: &'a Row, width: f32) -> Self {
        let palette = theme::palette(ui);
        let below = matches!(row.kind, Kind::Theme(_)) && width < TIGHT;
        let (before, after) = match &row.kind {
            Kind::Me(_) => (FACE + space::M, 0.0),
            Kind::Device(None, _) => (DEVICE + space::M, 0.0),
            Kind::Device(Some(_), _) => (DEVICE + space::M, END + space::M),
            Kind::EndOthers => (0.0, END_OTHERS + space::M),
            Kind::SignOut | Kind::ClearCache | Kind::Ask(_) | Kind::SwitchAccount => (0.0, 100.0 + space::M),
            Kind::Switch(..) => (0.0, SWITCH + space::L),
            Kind::Theme(_) if below => (0.0, 0.0),
            Kind::Theme(_) => (0.0, 3.0 * PART.x + space::L),
            Kind::Zoom(_) | Kind::CacheLimit(_) => (0.0, STEPPER + space::M),
            Kind::Server(_, is_default) => (0.0, if *is_default { 44.0 } else { 84.0 }),
            Kind::Fact => (0.0, 0.0),
            Kind::Link(_) => (0.0, 36.0),
        };
        let room = (width - 2.0 * space::L - before - after).max(40.0);
        let enabled = !matches!(row.kind, Kind::Switch(_, _, false));
        let fade = if enabled { 1.0 } else { 0.5 };
        let font = if matches!(row.kind, Kind::Me(_)) { font::title() } else { font::body() };
        let title = text::elided(ui, text::one_line(&row.title), font, palette.text.gamma_multiply(fade), room);
        let hint = (!row.hint.is_empty()).then(|| {
            let color = palette.subdued.gamma_multiply(fade);
            text::explained(ui, &text::drawable(&row.hint), font::small(), color, room)
        });
        let words = title.size().y + hint.as_ref().map_or(0.0, |hint| 2.0 + hint.size().y);
        let face = if matches!(row.kind, Kind::Me(_)) { FACE + 2.0 * space::M } else { 0.0 };
        let extra = if below { PART.y + space::S } else { 0.0 };
        let height = (words + 2.0 * space::M + extra).max(LOWEST).max(face).round();
        Self { row, title, hint, below, height }
    }

    /// Draws it. Returns what somebody did.
    pub fn show(self, ui: &mut Ui, rect: Rect) -> Option<Act> {
        let palette = theme::palette(ui);
        let row = self.row;
        let mut act = None;
        // Behind the words: of some rows, all of it is the button.
        if let Kind::Switch(which, on, enabled) = row.kind {
            act = switch(ui, rect, row, on, enabled).then_some(Act::Turn(which, !on));
        }
        let left = match row.kind {
            Kind::Me(_) => rect.left() + space::L + FACE + space::M,
            Kind::Device(..) => rect.left() + space::L + DEVICE + space::M,
            _ => rect.left() + space::L,
        };
        let words = self.title.size().y + self.hint.as_ref().map_or(0.0, |hint| 2.0 + hint.size().y);
        let mut y = if self.below { rect.top() + space::M } else { rect.center().y - words / 2.0 };
        let place = Rect::from_min_size(pos2(left, y), self.title.size());
        let spoken = !matches!(row.kind, Kind::Switch(..) | Kind::SignOut | Kind::ClearCache | Kind::Link(_));
        if spoken {
            widgets::say(ui, place, &row.title);
        }
        y += self.title.size().y + 2.0;
        ui.painter().galley(place.min, self.title, palette.text);
        if let Some(hint) = self.hint {
            let place = Rect::from_min_size(pos2(left, y), hint.size());
            if !matches!(row.kind, Kind::Link(_)) {
                widgets::say(ui, place, &row.hint);
            }
            ui.painter().galley(place.min, hint, palette.subdued);
        }
        let right = rect.right() - space::L;
        let middle = rect.center().y;
        match &row.kind {
            Kind::Me(name) => {
                widgets::avatar(ui, pos2(rect.left() + space::L + FACE / 2.0, middle), FACE, name, None);
            }
            Kind::Device(end, this) => {
                let color = if *this { palette.accent } else { palette.subdued };
                widgets::icon(ui, pos2(rect.left() + space::L + DEVICE / 2.0, middle), Icon::Monitor, DEVICE, color);
                if let Some(session) = end {
                    let place = Rect::from_center_size(pos2(right - END / 2.0, middle), vec2(END, BUTTON));
                    // Two may be called the same.
                    let name = format!("Sign out {} ({session})", row.title);
                    let response = controls::labelled_button(ui, place, "End", &name, true);
                    follow(ui, &response, rect);
                    act = response.clicked().then_some(Act::End(*session));
                }
            }
            Kind::SwitchAccount => {
                let place = Rect::from_center_size(pos2(right - 50.0, middle), vec2(100.0, BUTTON));
                let response = controls::labelled_button(ui, place, "Switch", "Use another account", true);
                follow(ui, &response, rect);
                act = response.clicked().then_some(Act::SwitchAccount);
            }
            Kind::EndOthers => {
                let place = Rect::from_center_size(pos2(right - END_OTHERS / 2.0, middle), vec2(END_OTHERS, BUTTON));
                let response = controls::danger_button(ui, place, "End all others", "devices", true);
                follow(ui, &response, rect);
                act = response.clicked().then_some(Act::EndOthers);
            }
            deed @ (Kind::SignOut | Kind::ClearCache) => {
                let (label, does) =
                    if *deed == Kind::SignOut { ("Sign out", Act::SignOut) } else { ("Clear", Act::ClearCache) };
                let place = Rect::from_center_size(pos2(right - 50.0, middle), vec2(100.0, BUTTON));
                let response = controls::danger_button(ui, place, label, "settings", true);
                follow(ui, &response, rect);
                act = response.clicked().then_some(does);
            }
            Kind::Ask(what) => {
                let place = Rect::from_center_size(pos2(right - 50.0, middle), vec2(100.0, BUTTON));
                let name = format!("Change the {}…", row.title.to_lowercase());
                let response = controls::labelled_button(ui, place, "Change…", &name, true);
                follow(ui, &response, rect);
                act = response.clicked().then(|| Act::Ask(what.clone()));
            }
            Kind::Switch(..) => {}
            Kind::Theme(theme) => {
                let width = if self.below { (rect.width() - 2.0 * space::L) / 3.0 } else { PART.x };
                let top = if self.below { rect.bottom() - space::M - PART.y } else { middle - PART.y / 2.0 };
                let whole = Rect::from_min_size(pos2(right - 3.0 * width, top), vec2(3.0 * width, PART.y));
                act = themes(ui, whole, *theme).map(Act::Theme);
            }
            Kind::Zoom(zoom) => {
                let words = format!("{} %", (zoom * 100.0).round());
                let stepper = Stepper {
                    less: ("Smaller", *zoom > ZOOM_MIN),
                    more: ("Larger", *zoom < ZOOM_MAX),
                    spoken: format!("Zoom {words}. Back to 100 %"),
                    words,
                };
                act = stepper.show(ui, pos2(right, middle)).map(Act::Zoom);
            }
            Kind::CacheLimit(bytes) => {
                let words = rows::megabytes(*bytes);
                let stepper = Stepper {
                    less: ("Keep less", *bytes > CACHE_MIN_BYTES),
                    more: ("Keep more", *bytes < CACHE_MAX_BYTES),
                    spoken: format!("{words}. Back to {}", rows::megabytes(CACHE_DEFAULT_BYTES)),
                    words,
                };
                act = stepper.show(ui, pos2(right, middle)).map(Act::CacheLimit);
            }
            Kind::Server(account, is_default) => act = server(ui, rect, row, account, *is_default),
            Kind::Fact => {}
            Kind::Link(url) => link(ui, rect, row, url),
        }
        act
    }
}

/// The whole row is the switch. Returns whether it was turned.
fn switch(ui: &mut Ui, rect: Rect, row: &Row, on: bool, enabled: bool) -> bool {
    let palette = theme::palette(ui);
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, Id::unique(("setting", &row.title)), sense);
    response.widget_info(|| WidgetInfo::selected(Role::Switch, enabled, on, &row.title));
    behind(ui, rect, &response, enabled);
    let track =
        Rect::from_center_size(pos2(rect.right() - space::L - SWITCH / 2.0, rect.center().y), vec2(SWITCH, 20.0));
    let fade = if enabled { 1.0 } else { 0.5 };
    let fill = if on { palette.accent_fill } else { palette.subdued.gamma_multiply(0.6) };
    ui.painter().rect_filled(track, 10.0, fill.gamma_multiply(fade));
    let x = if on { track.right() - 10.0 } else { track.left() + 10.0 };
    ui.painter().circle_filled(pos2(x, track.center().y), 7.5, palette.on_accent);
    response.clicked()
}

/// What gets the focus comes into view.
fn follow(ui: &Ui, response: &egui::Response, rect: Rect) {
    if response.gained_focus() {
        ui.scroll_to_rect(rect.expand(space::S), None);
    }
}

fn behind(ui: &Ui, rect: Rect, response: &egui::Response, enabled: bool) {
    follow(ui, response, rect);
    if enabled && response.hovered() {
        ui.painter().rect_filled(rect.shrink(3.0), radius::S, theme::palette(ui).hover);
    }
    if response.has_focus() {
        let stroke = Stroke::new(2.0, theme::palette(ui).accent);
        ui.painter().rect_stroke(rect.shrink(2.0), radius::S, stroke, egui::StrokeKind::Inside);
    }
}

/// Three words in a frame, of which one holds.
fn themes(ui: &mut Ui, whole: Rect, chosen: Theme) -> Option<Theme> {
    let palette = theme::palette(ui);
    ui.painter().rect_filled(whole, radius::S, palette.field);
    let mut act = None;
    let width = whole.width() / 3.0;
    for (at, (theme, label)) in
        [(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")].into_iter().enumerate()
    {
        let part = Rect::from_min_size(whole.min + vec2(at as f32 * width, 0.0), vec2(width, whole.height()));
        let response = ui.interact(part, Id::unique(("theme", label)), Sense::click());
        let on = theme == chosen;
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, label));
        if on {
            let line = Stroke::new(1.0, palette.line);
            ui.painter().rect(part.shrink(2.0), radius::S - 2, palette.surface, line, egui::StrokeKind::Inside);
        }
        follow(ui, &response, whole);
        widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
        let color = if on || response.hovered() { palette.text } else { palette.subdued };
        let font = if on { font::small_strong() } else { font::small() };
        ui.painter().text(part.center(), Align2::CENTER_CENTER, label, font, color);
        if response.clicked() {
            act = Some(theme);
        }
    }
    act
}

/// Less, how much it is, more. The figure brings it back to what it was at first.
struct Stepper {
    /// The name of the button for less, and whether there is less.
    less: (&'static str, bool),
    /// The same for more.
    more: (&'static str, bool),
    /// How much it is.
    words: String,
    /// What a screen reader says of that.
    spoken: String,
}

impl Stepper {
    /// Draws it; `right` is the middle of its right edge. Returns steps, or nothing for as it was at first.
    fn show(self, ui: &mut Ui, right: egui::Pos2) -> Option<Option<f32>> {
        let palette = theme::palette(ui);
        let place = Rect::from_min_size(right - vec2(STEPPER, BUTTON / 2.0), vec2(STEPPER, BUTTON));
        let button = |x: f32| Rect::from_center_size(pos2(x, place.center().y), vec2(BUTTON, BUTTON));
        let mut act = None;
        for (x, sign, (name, possible), step) in [
            (place.left() + BUTTON / 2.0, Icon::Minus, self.less, -1.0),
            (place.right() - BUTTON / 2.0, Icon::Plus, self.more, 1.0),
        ] {
            let response = ui.add_enabled_ui(possible, |ui| widgets::icon_button(ui, button(x), sign, name)).inner;
            follow(ui, &response, place);
            if response.clicked() {
                act = Some(Some(step));
            }
        }
        let figure = Rect::from_center_size(place.center(), vec2(place.width() - 2.0 * BUTTON - space::S, BUTTON));
        let response = ui.interact(figure, Id::unique(("figure", self.less.0)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &self.spoken));
        follow(ui, &response, place);
        if response.hovered() {
            ui.painter().rect_filled(figure, radius::S, palette.hover);
        }
        widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
        ui.painter().text(figure.center(), Align2::CENTER_CENTER, &self.words, font::strong(), palette.text);
        if response.on_hover_text("As it was at first").clicked() {
            act = Some(None);
        }
        act
    }
}

fn server(ui: &mut Ui, rect: Rect, row: &Row, account: &Account, is_default: bool) -> Option<Act> {
    let mut x = rect.right() - space::L - 16.0;
    let mut button = |ui: &mut Ui, sign, name: String| {
        let place = Rect::from_center_size(pos2(x, rect.center().y), vec2(32.0, 32.0));
        x -= 38.0;
        let response = widgets::icon_button(ui, place, sign, &name);
        follow(ui, &response, rect);
        response.clicked()
    };
    let mut act = None;
    if button(ui, Icon::Trash2, format!("Forget {} and its accounts", row.title)) {
        act = Some(Act::Forget(account.clone()));
    }
    if !is_default && account.hosts.is_none() && button(ui, Icon::Pin, format!("Put {} on the login page", row.title)) {
        act = Some(Act::Default(account.clone()));
    }
    act
}

/// The whole row leads to a page in the browser.
fn link(ui: &mut Ui, rect: Rect, row: &Row, url: &str) {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, Id::unique(("link", url)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("{}. {}", row.title, row.hint)));
    follow(ui, &response, rect);
    if response.has_focus() {
        let stroke = Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect.shrink(2.0), radius::S, stroke, egui::StrokeKind::Inside);
    }
    let color = if response.hovered() { palette.accent } else { palette.subdued };
    widgets::icon(ui, pos2(rect.right() - space::L - 9.0, rect.center().y), Icon::ExternalLink, 16.0, color);
    if response.on_hover_text(url).clicked() {
        ui.ctx().open_url(egui::OpenUrl::new_tab(url));
    }
}
