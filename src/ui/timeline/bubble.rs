//! One message: how high it is, and how it is painted. Knows nothing of scrolling.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text_selection::LabelSelectionState;
use egui::{
    CornerRadius, Galley, Id, Key, Modifiers, Popup, Rect, Response, Sense, SetOpenCommand, Stroke, Ui, WidgetInfo,
    pos2, vec2,
};

use super::foot::{self, Foot};
use super::line;
use super::page::{AVATAR, GAP, GAP_GROUP, PAD_X, PAD_Y, Page};
use super::rows::{Row, RowId};
use crate::client::command::Command;
use crate::ui::emoji;
use crate::ui::marks::Mark;
use crate::ui::text::{self, Read};
use crate::ui::theme::{self, Palette, font, radius, space};
use crate::ui::widgets;

const NAME: f32 = 19.0;
/// How much higher a bubble is when the time does not fit behind its last line.
const TIME: f32 = 15.0;
/// The bar at the side of a message that calls this person.
const BAR: f32 = 3.0;
/// How much larger than a name is what is behind it.
const BEHIND: egui::Vec2 = vec2(1.0, -0.5);

/// A message that has been measured.
pub struct Look {
    /// Where words were moved, no part of it can be selected, and the whole can be copied.
    body: Read,
    name: Option<Arc<Galley>>,
    foot: Foot,
    /// What is inside the padding.
    inner: egui::Vec2,
    /// Where the time stands in that, from the top.
    time_top: f32,
    above: f32,
    /// The height of the whole row.
    pub height: f32,
}

/// Lays a message out.
pub fn measure(ui: &Ui, row: &Row<'_>, page: &Page<'_>) -> Look {
    let palette = theme::palette(ui);
    let measure = &page.measure;
    let words = text::drawable(row.text);
    let marks = marks(row, &words, page, palette);
    let body = if emoji::is_large(&words) {
        text::large(ui, &words, palette.text, measure.text)
    } else {
        text::read(ui, &words, font::body(), palette.text, measure.text, &marks)
    };
    let galley = &body.galley;
    let foot = Foot::of(ui, row, page);
    let name = (row.header && !row.own).then(|| {
        let color = palette.names.get(theme::tint(row.author)).copied().unwrap_or(palette.text);
        text::elided(ui, text::one_line(row.author), font::small_strong(), color, measure.text)
    });

    // The time stands behind the last line where there is room, below it otherwise.
    let last_line = galley.rows.last().map_or(0.0, |line| line.rect().right());
    let beside = last_line + space::M + foot.width();
    let mut inner = galley.size();
    let body_top = if name.is_some() { NAME } else { 0.0 };
    let time_top = if beside <= measure.text {
        inner.x = inner.x.max(beside);
        // On the line that the words stand on.
        (body_top + baseline(galley) - baseline(&foot.time)).round()
    } else {
        inner.x = inner.x.max(foot.width());
        inner.y += TIME;
        body_top + inner.y - foot.time.size().y
    };
    inner.y += body_top;
    if let Some(name) = &name {
        inner.x = inner.x.max(name.size().x);
    }
    let inner = inner.ceil();

    let above = match (row.day.is_some() || row.divider, row.header) {
        (true, _) => line::DAY,
        (false, true) => GAP_GROUP,
        (false, false) => GAP,
    };
    let height = above + inner.y + 2.0 * PAD_Y + foot.below();
    Look { body, name, foot, inner, time_top, above, height }
}

/// What is to be noticed in the text: who is called by name, most of all this person.
fn marks(row: &Row<'_>, words: &str, page: &Page<'_>, palette: &Palette) -> Vec<Mark> {
    let found = page.names.mentions(words).into_iter();
    found
        .map(|mention| {
            let here = row.calls_me && page.names.is_me(mention.user);
            let (color, behind) = if here {
                (palette.on_accent, palette.accent_fill)
            } else {
                (palette.accent, egui::Color32::TRANSPARENT)
            };
            Mark { range: mention.range, font: font::strong(), color, behind }
        })
        .collect()
}

/// Where the last line's letters stand, from the top.
fn baseline(galley: &Galley) -> f32 {
    let Some(line) = galley.rows.last() else { return 0.0 };
    // An empty line has no letters to ask.
    line.pos.y + line.glyphs.last().map_or(line.row.size.y * 0.72, |glyph| glyph.pos.y)
}

/// Draws a message whose row begins at `top`.
pub fn paint(ui: &mut Ui, row: &Row<'_>, look: &Look, page: &Page<'_>, top: f32, commands: &mut Vec<Command>) {
    let palette = theme::palette(ui);
    let measure = &page.measure;
    if row.day.is_some() || row.divider {
        line::separator(ui, row.day.as_deref(), row.divider, measure, top);
    }

    let size = look.inner + 2.0 * vec2(PAD_X, PAD_Y);
    let indent = if measure.avatars { AVATAR + space::S } else { 0.0 };
    let left = if row.own { measure.right - size.x } else { measure.left + indent };
    let bubble = Rect::from_min_size(pos2(left, top + look.above), size);
    if measure.avatars && row.header && !row.own {
        let center = pos2(measure.left + AVATAR / 2.0, bubble.top() + AVATAR / 2.0);
        widgets::avatar(ui, center, AVATAR, row.author, None);
    }
    shape(ui, row, bubble, palette);

    // The keyboard comes to it for its menu.
    let response = ui.interact(bubble, Id::unique(("message", row.id)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, row.spoken(page.clock)));
    let mut at = bubble.min + vec2(PAD_X, PAD_Y);
    if let Some(name) = &look.name {
        ui.painter().galley(at, Arc::clone(name), palette.text);
        at.y += NAME;
    }
    for (place, color) in &look.body.behind {
        ui.painter().rect_filled(place.translate(at.to_vec2()).expand2(BEHIND), radius::TAIL + 1, *color);
    }
    let body = Arc::clone(&look.body.galley);
    if look.body.selectable {
        LabelSelectionState::label_text_selection(ui, &response, at, body, palette.text, Stroke::NONE);
    } else {
        ui.painter().galley(at, body, palette.text);
    }
    widgets::focus_ring(ui, &response, corners(row));
    menu(ui, &response, row, page, commands);
    foot::time(ui, row, &look.foot, pos2(bubble.right() - PAD_X, bubble.top() + PAD_Y + look.time_top), page);
    foot::below(ui, row, &look.foot, measure, bubble.bottom(), commands);
}

/// The first of a group points to its author.
fn corners(row: &Row<'_>) -> CornerRadius {
    let mut corners = CornerRadius::same(radius::M);
    match (row.header, row.own) {
        (true, true) => corners.ne = radius::TAIL,
        (true, false) => corners.nw = radius::TAIL,
        (false, _) => {}
    }
    corners
}

/// The bubble itself. One that calls this person has a bar at its side.
fn shape(ui: &Ui, row: &Row<'_>, bubble: Rect, palette: &Palette) {
    let corners = corners(row);
    let fill = if row.own { palette.bubble_own } else { palette.bubble };
    if row.calls_me {
        // Only as wide as it shows: at the other end its colour would shine through the edge.
        let side = Rect::from_min_size(bubble.min, vec2(f32::from(radius::M) * 2.0, bubble.height()));
        ui.painter().rect_filled(side, corners, palette.accent);
        let inner = Rect::from_min_max(bubble.min + vec2(BAR, 0.0), bubble.max);
        ui.painter().rect_filled(inner, corners, fill);
    } else {
        ui.painter().rect_filled(bubble, corners, fill);
    }
}

/// What can be done with a message. The menu opens where the pointer is, and for the keyboard at the message.
fn menu(ui: &Ui, response: &Response, row: &Row<'_>, page: &Page<'_>, commands: &mut Vec<Command>) {
    let pressed = response.has_focus()
        && ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Menu) || input.consume_key(Modifiers::SHIFT, Key::F10)
        });
    let id = Popup::default_response_id(response);
    let by_keyboard = Popup::is_id_open(ui.ctx(), id) && Popup::position_of_id(ui.ctx(), id).is_none();
    let menu = match (pressed, by_keyboard) {
        (true, _) => Popup::menu(response).open_memory(Some(SetOpenCommand::Bool(true))),
        (false, true) => Popup::menu(response).open_memory(None),
        (false, false) => Popup::context_menu(response),
    };
    menu.show(|ui| {
        if ui.button("Copy message").clicked() {
            ui.copy_text(row.text.to_owned());
            ui.close();
        }
        if let (true, RowId::Message(seq)) = (row.own, row.id)
            && ui.button("Info").on_hover_text("Who has received and read it").clicked()
        {
            commands.push(Command::ShowInfo { chat: page.chat, seq });
            ui.close();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::Model;
    use crate::proto::chat::ChatKey;
    use crate::proto::ids::{DeviceId, Millis, Seq};
    use crate::ui::mentions::Names;
    use crate::ui::timeline::page::Measure;
    use crate::ui::timeline::rows::Sent;
    use crate::ui::when::Clock;

    #[test]
    fn the_time_stands_on_the_line_that_the_words_stand_on() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let clock = Clock { now: Millis(0), zone: jiff::tz::TimeZone::UTC };
        let mut names = Names::default();
        let names = names.of(&Model::new(DeviceId::from_random(1)), ChatKey::Everyone);
        let page = Page { chat: ChatKey::Everyone, measure: Measure::of(0.0, 600.0), clock: &clock, names };
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for (text, header) in [("one line", false), ("one line", true), ("two\nlines", true), ("🎉", false)] {
                let row = Row {
                    id: RowId::Message(Seq(1)),
                    author: "Bob",
                    own: false,
                    text,
                    at: Millis(0),
                    sent: Sent::Foreign,
                    reach: None,
                    calls_me: false,
                    day: None,
                    divider: false,
                    header,
                    note: None,
                };
                let look = measure(ui, &row, &page);
                let line = look.body.galley.rows.last().unwrap();
                let words = if header { NAME } else { 0.0 } + line.pos.y + line.glyphs[0].pos.y;
                let time = look.time_top + look.foot.time.rows[0].glyphs[0].pos.y;
                assert!((words - time).abs() <= 0.5, "{text:?}: {words} {time}");
            }
        });
        output.drop_without_applying_deltas();
    }
}
