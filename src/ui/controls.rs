//! What dialogs, menus and details are made of: fields, switches, choices, the entries of menus. Each has a name that a
//! screen reader can say.

use egui::accesskit::Role;
use egui::{Align2, AsIdSalt, Color32, CornerRadius, Id, Rect, Response, Sense, Stroke, StrokeKind, TextEdit, Ui};
use egui::{Key, Modifiers, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::edit::{self, Buffer};
use super::text;
use super::theme::{self, font, radius, space};
use super::widgets;

/// The height of a field of one line, and of a button beside it.
pub const FIELD: f32 = 40.0;
/// Where the words of an action begin, from the left of its row.
pub const ACTION_LEFT: f32 = space::S + 20.0 + space::M;
/// The height of a word of which one of a few holds.
pub const CHIP: f32 = 28.0;
/// The height of an entry of a menu.
const ENTRY: f32 = 36.0;

/// What a field says besides its value.
pub struct Field<'a> {
    /// For a screen reader.
    pub name: &'a str,
    /// Shown while nothing is in it.
    pub hint: &'a str,
    /// In front of the text.
    pub sign: Option<Icon>,
    /// What is in it will not do.
    pub wrong: bool,
    /// It can be written in.
    pub enabled: bool,
}

/// A field of one line.
pub fn field(ui: &mut Ui, frame: Rect, id: Id, value: &mut String, with: &Field<'_>) -> Response {
    let palette = theme::palette(ui);
    let left = if with.sign.is_some() { 36 } else { 12 };
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, _width: f32| {
        edit::laid_out(ui, buffer.as_str(), font::body(), palette.text, None)
    };
    ui.painter().rect_filled(frame, radius::S, palette.field);
    let shown = |ui: &mut Ui| {
        let before = edit::before(ui, id, value);
        let mut buffer = Buffer(value);
        let field = TextEdit::singleline(&mut buffer)
            .id(id)
            .font(font::body())
            .text_color(palette.text)
            .hint_text(with.hint)
            .desired_width(f32::INFINITY)
            .min_size(frame.size())
            .align(Align2::LEFT_CENTER)
            .layouter(&mut layouter)
            // The outline is drawn below, in the colour that says how the field stands.
            .frame(egui::Frame::NONE.inner_margin(egui::Margin { left, right: 12, top: 7, bottom: 7 }))
            .interactive(with.enabled);
        let output = field.show(ui);
        edit::after(ui, id, value, before, &output);
        output.response.response
    };
    let response = ui.put(frame, shown).accessible_name(with.name.to_owned());
    let outline = match (with.wrong, response.has_focus()) {
        (true, _) => palette.danger,
        (false, true) => palette.accent,
        (false, false) => palette.line,
    };
    ui.painter().rect_stroke(frame, radius::S, Stroke::new(1.5, outline), StrokeKind::Inside);
    if let Some(sign) = with.sign {
        widgets::icon(ui, pos2(frame.left() + 20.0, frame.center().y), sign, 16.0, palette.subdued);
    }
    response
}

/// The word above a field or a list. Returns where it stands.
pub fn label(ui: &mut Ui, left: egui::Pos2, words: &str) -> Rect {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font::small_strong(), theme::palette(ui).subdued);
    let place = Rect::from_min_size(left - vec2(0.0, galley.size().y / 2.0), galley.size());
    widgets::say(ui, place, words);
    ui.painter().galley(place.min, galley, theme::palette(ui).subdued);
    place
}

/// A button beside the one that matters.
pub fn quiet_button(ui: &mut Ui, rect: Rect, label: &str, key: impl AsIdSalt) -> Response {
    let palette = theme::palette(ui);
    outlined(ui, rect, label, Id::unique(("button", label)).with(key), palette.text, true)
}

/// The same where its word alone does not say what it is about: `name` does, for a screen reader. Reports no clicks while
/// it is off.
pub fn labelled_button(ui: &mut Ui, rect: Rect, label: &str, name: &str, enabled: bool) -> Response {
    let palette = theme::palette(ui);
    let id = Id::unique(("button", name.split_once(' ').map_or(name, |(_, about)| about)));
    named(ui, rect, (label, name), id, palette.text, enabled)
}

/// A button that takes something away. Reports no clicks while it is off.
pub fn danger_button(ui: &mut Ui, rect: Rect, label: &str, key: impl AsIdSalt, enabled: bool) -> Response {
    let palette = theme::palette(ui);
    outlined(ui, rect, label, Id::unique(("button", label)).with(key), palette.danger, enabled)
}

fn outlined(ui: &mut Ui, rect: Rect, label: &str, id: Id, front: Color32, enabled: bool) -> Response {
    named(ui, rect, (label, label), id, front, enabled)
}

fn named(ui: &mut Ui, rect: Rect, (label, name): (&str, &str), id: Id, front: Color32, enabled: bool) -> Response {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, id, if enabled { Sense::click() } else { Sense::hover() });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    let fill = if enabled && response.hovered() { palette.hover } else { palette.surface };
    ui.painter().rect(rect, radius::S, fill, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
    let front = if enabled { front } else { front.gamma_multiply(0.5) };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, label, font::strong(), front);
    response
}

/// A row with a sign and a word that acts.
pub fn action(ui: &mut Ui, rect: Rect, sign: Icon, label: &str, color: Color32, enabled: bool) -> Response {
    acting(ui, rect, Id::unique(("action", label)), sign, label, color, enabled)
}

fn acting(ui: &mut Ui, rect: Rect, id: Id, sign: Icon, label: &str, color: Color32, enabled: bool) -> Response {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, id, sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    row_behind(ui, rect, &response, enabled);
    let front = if enabled { color } else { color.gamma_multiply(0.5) };
    widgets::icon(ui, pos2(rect.left() + space::S + 10.0, rect.center().y + 1.0), sign, 18.0, front);
    let left = pos2(rect.left() + ACTION_LEFT, rect.center().y);
    ui.painter().text(left, Align2::LEFT_CENTER, label, font::body(), front);
    response
}

/// A row with a sign, a word and a switch at its end.
pub fn switch(ui: &mut Ui, rect: Rect, sign: Icon, label: &str, on: bool) -> Response {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, Id::unique(("switch", label)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, label));
    row_behind(ui, rect, &response, true);
    widgets::icon(ui, pos2(rect.left() + space::S + 10.0, rect.center().y + 1.0), sign, 18.0, palette.subdued);
    let left = pos2(rect.left() + space::S + 20.0 + space::M, rect.center().y);
    ui.painter().text(left, Align2::LEFT_CENTER, label, font::body(), palette.text);
    switch_track(ui, pos2(rect.right() - space::S - 18.0, rect.center().y), on);
    response
}

/// What shows whether something is on.
pub fn switch_track(ui: &Ui, center: egui::Pos2, on: bool) {
    let palette = theme::palette(ui);
    let track = Rect::from_center_size(center, vec2(36.0, 20.0));
    let fill = if on { palette.accent_fill } else { palette.subdued.gamma_multiply(0.6) };
    ui.painter().rect_filled(track, 10.0, fill);
    let x = if on { track.right() - 10.0 } else { track.left() + 10.0 };
    ui.painter().circle_filled(pos2(x, track.center().y), 7.5, palette.on_accent);
}

fn row_behind(ui: &Ui, rect: Rect, response: &Response, enabled: bool) {
    if enabled && response.hovered() {
        ui.painter().rect_filled(rect, radius::S, theme::palette(ui).hover);
    }
    widgets::focus_ring(ui, response, CornerRadius::same(radius::S));
}

/// The mark of something that can be chosen with others: a box, with a tick when it is.
pub fn tick(ui: &Ui, center: egui::Pos2, chosen: bool) {
    let palette = theme::palette(ui);
    let rect = Rect::from_center_size(center, vec2(20.0, 20.0));
    if chosen {
        ui.painter().rect_filled(rect, 6.0, palette.accent_fill);
        widgets::icon(ui, center, Icon::Check, 14.0, palette.on_accent);
    } else {
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(1.5, palette.subdued), StrokeKind::Inside);
    }
}

/// A box with its words, ticked or not.
pub fn check(ui: &mut Ui, rect: Rect, label: &str, on: bool, enabled: bool) -> Response {
    let palette = theme::palette(ui);
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, Id::unique(("check", label)), sense);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, enabled, on, label));
    row_behind(ui, rect.expand2(vec2(space::XS, 0.0)), &response, enabled);
    tick(ui, pos2(rect.left() + 10.0, rect.center().y), on);
    let left = pos2(rect.left() + 20.0 + space::S, rect.center().y);
    widgets::line(ui, left, label, font::body(), palette.text, rect.right() - left.x);
    if response.gained_focus() {
        ui.scroll_to_rect(rect.expand(space::S), None);
    }
    response
}

/// One of a few words of which one holds, in a row that begins at `left`.
pub fn chip(ui: &mut Ui, left: egui::Pos2, words: &str, name: &str, chosen: bool) -> Response {
    let palette = theme::palette(ui);
    let color = if chosen { palette.accent } else { palette.subdued };
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font::small_strong(), color);
    let rect = Rect::from_min_size(left, vec2(galley.size().x + 2.0 * space::M, CHIP));
    let response = ui.interact(rect, Id::unique(("chip", name.split(' ').next())), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, name));
    let corners = CornerRadius::same((CHIP / 2.0) as u8);
    let fill = match (chosen, response.hovered()) {
        (true, _) => palette.selected,
        (false, true) => palette.hover,
        (false, false) => palette.surface,
    };
    let line = if chosen { palette.selected } else { palette.line };
    ui.painter().rect(rect, corners, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    widgets::focus_ring(ui, &response, corners);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    response
}

/// One of several of which one holds.
pub fn choice(ui: &mut Ui, rect: Rect, label: &str, chosen: bool) -> Response {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, Id::unique(("choice", label)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, label));
    row_behind(ui, rect, &response, true);
    let center = pos2(rect.left() + 10.0, rect.center().y);
    let color = if chosen { palette.accent_fill } else { palette.subdued };
    ui.painter().circle_stroke(center, 9.0, Stroke::new(1.5, color));
    if chosen {
        ui.painter().circle_filled(center, 5.0, color);
    }
    let room = rect.right() - center.x - 20.0;
    let galley = text::elided(ui, label.to_owned(), font::body(), palette.text, room);
    ui.painter().galley(pos2(center.x + 20.0, center.y - galley.size().y / 2.0), galley, palette.text);
    response
}

/// Scrolls a list in a card with the keys for it, where nothing in the card needs them. Within the list.
pub fn scroll_by_keys(ui: &Ui) {
    let page = ui.clip_rect().height() - FIELD;
    let by = ui.input_mut(|input| {
        let mut count = |key, by| input.count_and_consume_key(Modifiers::NONE, key) as f32 * by;
        let lines = count(Key::ArrowUp, FIELD) - count(Key::ArrowDown, FIELD);
        let pages = count(Key::PageUp, page) - count(Key::PageDown, page);
        lines + pages + count(Key::Home, f32::MAX) - count(Key::End, f32::MAX)
    });
    if by != 0.0 {
        ui.scroll_with_delta(vec2(0.0, by));
    }
}

/// An entry of a menu, as wide as the menu.
pub fn entry(ui: &mut Ui, sign: Icon, label: &str, color: Color32) -> Response {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ENTRY), Sense::hover());
    // What is open below it may have an action of that name.
    acting(ui, rect, Id::unique(("entry", label)), sign, label, color, true)
}

/// What went wrong, with its sign. Returns the height that it took.
pub fn trouble(ui: &mut Ui, at: egui::Pos2, words: &str, width: f32) -> f32 {
    let color = theme::palette(ui).danger;
    let galley = text::explained(ui, &text::drawable(words), font::small(), color, width - 24.0);
    let place = Rect::from_min_size(at + vec2(24.0, 0.0), galley.size());
    widgets::icon(ui, at + vec2(8.0, theme::LINE / 2.0), Icon::CircleAlert, 16.0, color);
    widgets::say(ui, place, words);
    ui.painter().galley(place.min, galley, color);
    place.height()
}
