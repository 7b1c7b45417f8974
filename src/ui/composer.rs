//! Where messages are written. Decides when a text is sent; what it is sent with is a command.

use egui::{Align2, EventFilter, Id, Key, KeyboardShortcut, Modifiers, Rect, ScrollArea, Sense, Stroke, TextEdit, Ui};
use egui::{UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::text::{self, Buffer};
use super::theme::{self, font, radius, space};
use super::widgets;
use crate::proto::chat::ChatKey;

/// The composer grows to this many lines, then scrolls.
pub const LINES_MAX: usize = 8;
/// How high the composer is for one line.
pub const LOWEST: f32 = theme::LINE + 2.0 * PAD + 2.0 * space::M - 2.0;
const PAD: f32 = 11.0;
const BUTTON: f32 = 42.0;
const COUNTER: f32 = 22.0;

/// What the composer keeps between frames.
#[derive(Debug, Default)]
pub struct Composer {
    /// An input method is putting a character together; its Enter is not ours.
    composing: bool,
    /// The caret is to go there, because a chat was opened.
    wants_focus: bool,
}

/// The part of a draft that is sent: without the empty lines around it.
pub fn sendable(draft: &str) -> &str {
    draft.trim_end().trim_start_matches(['\n', '\r'])
}

/// How a draft stands with the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Far below.
    Plenty,
    /// So many bytes are left.
    Left(usize),
    /// So many bytes are too many.
    Over(usize),
}

impl Room {
    /// Of a draft, with the limit in bytes. It is said when a tenth of the limit is left.
    pub fn of(draft: &str, max: usize) -> Self {
        match max.checked_sub(sendable(draft).len()) {
            None => Self::Over(sendable(draft).len() - max),
            Some(left) if left <= max / 10 => Self::Left(left),
            Some(_) => Self::Plenty,
        }
    }
}

fn id(chat: ChatKey) -> Id {
    Id::unique(("composer", chat))
}

impl Composer {
    /// Puts the caret into the composer.
    pub fn focus(&mut self) {
        self.wants_focus = true;
    }

    /// Whether an input method is at work.
    pub fn composing(&self) -> bool {
        self.composing
    }

    /// How high the composer will be for that text, in a pane of that width.
    pub fn height(&self, ui: &Ui, draft: &str, pane_width: f32, max: usize) -> f32 {
        let galley = text::edited(ui, draft, font::body(), egui::Color32::WHITE, Some(text_width(pane_width)));
        let lines = galley.rows.len().clamp(1, LINES_MAX);
        let counter = if Room::of(draft, max) == Room::Plenty { 0.0 } else { COUNTER };
        (lines - 1) as f32 * theme::LINE + LOWEST + counter
    }

    /// Draws the composer and returns what is to be sent.
    pub fn show(&mut self, ui: &mut Ui, chat: ChatKey, title: &str, draft: &mut String, max: usize) -> Option<String> {
        let palette = theme::palette(ui);
        let pane = ui.max_rect();
        ui.painter().rect_filled(pane, 0.0, palette.surface);
        ui.painter().hline(pane.x_range(), pane.top(), Stroke::new(1.0, palette.line));

        let (left, right) = column(pane.left(), pane.right());
        let room = Room::of(draft, max);
        let counter = if room == Room::Plenty { 0.0 } else { COUNTER };
        let frame = Rect::from_min_max(
            pos2(left, pane.top() + space::M - 1.0),
            pos2(right - BUTTON - space::S, pane.bottom() - space::M + 1.0 - counter),
        );

        let id = id(chat);
        self.take_focus(ui, id);
        let enter = self.enter(ui, id);
        self.field(ui, id, frame, title, draft);

        let ready = !draft.trim().is_empty() && !matches!(Room::of(draft, max), Room::Over(_));
        let button = Rect::from_min_size(pos2(right - BUTTON, frame.bottom() - BUTTON), vec2(BUTTON, BUTTON));
        let clicked = send_button(ui, button, ready);
        limit(ui, pos2(frame.left() + space::XS, frame.bottom() + COUNTER / 2.0 + 3.0), room);

        // Whatever the button did, writing goes on.
        self.wants_focus |= clicked;
        if !(ready && (enter || clicked)) {
            return None;
        }
        let sent = sendable(draft).to_owned();
        draft.clear();
        // The caret and the history of edits belong to the text that has gone.
        TextEdit::store_state(ui.ctx(), id, Default::default());
        self.wants_focus = true;
        ui.ctx().request_repaint();
        Some(sent)
    }

    /// Typing reaches the composer wherever the focus was, the first character included.
    fn take_focus(&mut self, ui: &Ui, id: Id) {
        let focused = ui.memory(|memory| memory.focused());
        let typed = focused != Some(id)
            && ui.input(|input| {
                input.events.iter().any(|event| match event {
                    // A space is also how a focused button is pressed.
                    egui::Event::Text(text) => focused.is_none() || text != " ",
                    egui::Event::Paste(_) => true,
                    egui::Event::Ime(egui::ImeEvent::Preedit { text, .. }) => !text.is_empty(),
                    _ => false,
                })
            });
        if std::mem::take(&mut self.wants_focus) || typed {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }

    /// Whether Enter was pressed, and meant to send.
    fn enter(&mut self, ui: &Ui, id: Id) -> bool {
        let mut input_method = self.composing;
        ui.input(|input| {
            for event in &input.events {
                match event {
                    egui::Event::Ime(egui::ImeEvent::Preedit { text, .. }) => {
                        self.composing = !text.is_empty();
                        input_method = true;
                    }
                    egui::Event::Ime(egui::ImeEvent::Commit(_)) => {
                        self.composing = false;
                        input_method = true;
                    }
                    _ => {}
                }
            }
        });
        if !ui.memory(|memory| memory.has_focus(id)) {
            return false;
        }
        let mut pressed = false;
        ui.input_mut(|input| {
            input.events.retain(|event| match event {
                egui::Event::Key { key: Key::Enter, pressed: true, modifiers, repeat, .. } if !modifiers.shift => {
                    pressed |= !repeat;
                    false
                }
                _ => true,
            });
        });
        pressed && !input_method
    }

    fn field(&mut self, ui: &mut Ui, id: Id, frame: Rect, title: &str, draft: &mut String) {
        let palette = theme::palette(ui);
        ui.painter().rect_filled(frame, f32::from(radius::M) + 5.0, palette.field);
        let response = ui.interact(frame, id.with("frame"), Sense::click() - Sense::FOCUSABLE);
        if response.clicked() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }

        let inner = frame.shrink2(vec2(PAD + 5.0, PAD));
        let mut child = ui.new_child(UiBuilder::new().max_rect(inner));
        let hint = format!("Message {}", text::one_line(title));
        if draft.is_empty() {
            // A little to the right, so that the caret stands before it and not on its first letter.
            let galley = text::wrapped(ui, &hint, font::body(), palette.subdued, f32::INFINITY);
            child.painter().galley(inner.min + vec2(4.0, 0.0), galley, palette.subdued);
        }
        let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, width: f32| {
            text::edited(ui, buffer.as_str(), font::body(), palette.text, Some(width))
        };
        let mut buffer = Buffer(draft);
        let edit = TextEdit::multiline(&mut buffer)
            .id(id)
            .frame(egui::Frame::NONE)
            .font(font::body())
            .text_color(palette.text)
            .desired_width(f32::INFINITY)
            .desired_rows(1)
            .layouter(&mut layouter)
            .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
            // Escape is for the window: it peels a layer and leaves the caret where it is.
            .event_filter(EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                escape: true,
                ..Default::default()
            });
        let area = ScrollArea::vertical().id_salt(id).max_height(inner.height()).auto_shrink(false);
        area.show(&mut child, |ui| ui.add(edit).accessible_name(hint));
    }
}

/// From where to where the composer reaches: the same column as the conversation above it.
fn column(left: f32, right: f32) -> (f32, f32) {
    let middle = (left + right) / 2.0;
    let half = ((right - left - 2.0 * space::L) / 2.0).clamp(1.0, theme::COLUMN_MAX / 2.0);
    ((middle - half).round(), (middle + half).round())
}

fn text_width(pane_width: f32) -> f32 {
    let (left, right) = column(0.0, pane_width);
    (right - left - BUTTON - space::S - 2.0 * (PAD + 5.0)).max(1.0)
}

fn send_button(ui: &mut Ui, rect: Rect, ready: bool) -> bool {
    let palette = theme::palette(ui);
    let sense = if ready { Sense::click() } else { Sense::click() - Sense::FOCUSABLE };
    let response = ui.interact(rect, Id::unique("send"), sense);
    response.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::Button, ready, "Send"));
    let (fill, front) = match (ready, response.hovered()) {
        (false, _) => (palette.field, palette.subdued),
        (true, true) => (palette.accent_hover, palette.on_accent),
        (true, false) => (palette.accent_fill, palette.on_accent),
    };
    ui.painter().circle_filled(rect.center(), rect.width() / 2.0, fill);
    widgets::focus_ring(ui, &response, egui::CornerRadius::same(255));
    widgets::icon(ui, rect.center() + vec2(-1.0, 1.0), Icon::Send, 18.0, front);
    let clicked = response.clicked();
    response.on_hover_text("Send (Enter)");
    clicked
}

/// The limit, announced before it is reached.
fn limit(ui: &mut Ui, left: egui::Pos2, room: Room) {
    let palette = theme::palette(ui);
    let (words, color) = match room {
        Room::Plenty => return,
        Room::Left(bytes) => (format!("{bytes} bytes left"), palette.subdued),
        Room::Over(bytes) => (format!("{bytes} bytes too long to send: send it in parts"), palette.danger),
    };
    let place = Rect::from_min_size(left - vec2(0.0, 9.0), vec2(260.0, 18.0));
    widgets::say(ui, place, &words);
    ui.painter().text(place.left_center(), Align2::LEFT_CENTER, words, font::small(), color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_around_a_text_are_not_sent_and_its_indentation_is() {
        assert_eq!(sendable("\n\n  code\n  more \n\n"), "  code\n  more");
        assert_eq!(sendable("hi"), "hi");
    }

    #[test]
    fn the_limit_is_said_in_time() {
        let max = 1000;
        assert_eq!(Room::of(&"x".repeat(899), max), Room::Plenty);
        assert_eq!(Room::of(&"x".repeat(900), max), Room::Left(100));
        assert_eq!(Room::of(&"é".repeat(500), max), Room::Left(0));
        assert_eq!(Room::of(&"é".repeat(501), max), Room::Over(2));
        assert_eq!(Room::of(&(" ".repeat(9) + &"\n".repeat(2000)), max), Room::Plenty);
    }
}
