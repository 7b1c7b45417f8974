//! One message: how high it is, and how it is painted. Knows nothing of scrolling.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{CornerRadius, Galley, Id, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use super::body::{self, Body, Fold};
use super::chosen::Chosen;
use super::enclosed::{self, Block};
use super::foot::{self, Foot};
use super::line;
use super::menu;
use super::page::{AVATAR, Deed, Done, GAP, GAP_GROUP, Measure, PAD_X, PAD_Y, Page};
use super::quote;
use super::rows::Row;
use crate::proto::ids::Seq;
use crate::ui::controls;
use crate::ui::text;
use crate::ui::theme::{self, Palette, font, radius, space};
use crate::ui::widgets;

const NAME: f32 = 19.0;
/// How much higher a bubble is when the time does not fit behind its last line.
const TIME: f32 = 15.0;
/// The line of a long message that shows more of it, or less.
const MORE: f32 = 30.0;
/// The bar at the side of a message that calls this person.
const BAR: f32 = 3.0;

/// A message that has been measured.
pub struct Look {
    body: Body,
    name: Option<Arc<Galley>>,
    quote: Option<quote::Look>,
    /// The file that it carries.
    block: Option<Block>,
    foot: Foot,
    /// What is inside the padding.
    inner: egui::Vec2,
    /// Where the time stands in that, from the top.
    time_top: f32,
    above: f32,
    /// The height of the whole row.
    pub height: f32,
}

impl Look {
    /// Where the first place that is searched for ends, from the top of the row.
    pub fn found(&self) -> Option<f32> {
        self.body.found.map(|found| self.above + PAD_Y + self.body_top() + found)
    }

    /// The whole of a long message is shown.
    pub fn is_whole(&self) -> bool {
        self.body.fold == Fold::Whole
    }

    fn body_top(&self) -> f32 {
        let head = self.head();
        self.block.map_or(head, |block| block.below(head))
    }

    /// How high it is what stands above the file and the words.
    fn head(&self) -> f32 {
        let name = if self.name.is_some() { NAME } else { 0.0 };
        name + self.quote.as_ref().map_or(0.0, |quote| quote.size().y)
    }
}

/// Lays a message out.
pub fn measure(ui: &Ui, row: &Row<'_>, page: &Page<'_>) -> Look {
    let palette = theme::palette(ui);
    let measure = &page.measure;
    let block = row.file.as_ref().map(|carried| enclosed::measure(carried, measure));
    let room = block.map_or(measure.text, |block| block.caption(measure.text));
    let body = body::measure(ui, row, &Page { measure: Measure { text: room, ..*measure }, ..*page });
    let galley = &body.read.galley;
    let foot = Foot::of(ui, row, page);
    let name = (row.header && !row.own && !super::page::of_two(page.chat)).then(|| {
        let color = palette.names.get(theme::tint(row.author)).copied().unwrap_or(palette.text);
        text::elided(ui, text::one_line(row.author), font::small_strong(), color, measure.text)
    });

    let quote = row.quote.as_ref().map(|quote| quote::measure(ui, quote, row.own, measure.text));

    // The time stands behind the last line where there is room, below it otherwise.
    let last_line = galley.rows.last().map_or(0.0, |line| line.rect().right());
    let beside = last_line + space::M + foot.width();
    let mut inner = galley.size();
    let quote_size = quote.as_ref().map_or(egui::Vec2::ZERO, quote::Look::size);
    let head = quote_size.y + if name.is_some() { NAME } else { 0.0 };
    let body_top = block.map_or(head, |block| block.below(head));
    let time_top = if let Some(block) = block.filter(|_| row.text.is_empty()) {
        inner = vec2(foot.width(), block.bottom(head) + if row.has_time_on_picture() { 0.0 } else { TIME });
        block.time_top(inner.y, foot.time.size().y)
    } else if body.fold != Fold::Short {
        // Behind the words that show more or less.
        inner.x = inner.x.max(more_width(ui, body.fold) + space::M + foot.width());
        inner.y += MORE;
        body_top + inner.y - MORE / 2.0 - foot.time.size().y / 2.0 + 1.0
    } else if beside <= room {
        inner.x = inner.x.max(beside);
        // On the line that the words stand on.
        (body_top + baseline(galley) - baseline(&foot.time)).round()
    } else {
        inner.x = inner.x.max(foot.width());
        inner.y += TIME;
        body_top + inner.y - foot.time.size().y
    };
    if block.is_none() || !row.text.is_empty() {
        inner.y += body_top;
    }
    inner.x = inner.x.max(block.map_or(0.0, |block| block.width()));
    if let Some(name) = &name {
        inner.x = inner.x.max(name.size().x);
    }
    inner.x = inner.x.max(quote_size.x);
    let inner = inner.ceil();

    let above = match (row.day.is_some() || row.divider, row.header) {
        (true, _) => line::DAY,
        (false, true) => GAP_GROUP,
        (false, false) => GAP,
    };
    let height = above + inner.y + 2.0 * PAD_Y + foot.below();
    Look { body, name, quote, block, foot, inner, time_top, above, height }
}

fn more(fold: Fold) -> &'static str {
    if fold == Fold::Whole { "Show less" } else { "Show more" }
}

fn more_width(ui: &Ui, fold: Fold) -> f32 {
    let words = more(fold).to_owned();
    ui.painter().layout_no_wrap(words, font::small_strong(), theme::palette(ui).accent).size().x + space::S
}

/// Where the last line's letters stand, from the top.
fn baseline(galley: &Galley) -> f32 {
    let Some(line) = galley.rows.last() else { return 0.0 };
    // An empty line has no letters to ask.
    line.pos.y + line.glyphs.last().map_or(line.row.size.y * 0.72, |glyph| glyph.pos.y)
}

/// Draws a message whose row begins at `top`.
pub fn paint(ui: &mut Ui, row: &Row<'_>, look: &Look, page: &Page<'_>, top: f32, done: &mut Done) {
    let palette = theme::palette(ui);
    let measure = &page.measure;
    let size = look.inner + 2.0 * vec2(PAD_X, PAD_Y);
    let indent = if measure.avatars { AVATAR + space::S } else { 0.0 };
    let left = if row.own { measure.right - size.x } else { measure.left + indent };
    let bubble = Rect::from_min_size(pos2(left, top + look.above), size);

    // The keyboard comes to it for its menu.
    let id = Id::unique(("message", row.id));
    // There is nothing to copy of what was taken back.
    let choosing = page.chosen.zip(row.id.seq()).filter(|_| !row.deleted);
    let response = match choosing {
        Some((chosen, seq)) => choose(ui, id, bubble, row, page, (chosen, seq), done),
        None => {
            if page.shown.is_some() && page.shown == row.id.seq() {
                band(ui, bubble, palette.selected);
            }
            let response = ui.interact(bubble, id, Sense::click_and_drag());
            response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, row.spoken(page.clock)));
            response
        }
    };
    if row.day.is_some() || row.divider {
        line::separator(ui, row.day.as_deref(), row.divider, measure, top);
    }
    if measure.avatars && row.header && !row.own && page.chosen.is_none() {
        let center = pos2(measure.left + AVATAR / 2.0, bubble.top() + AVATAR / 2.0);
        widgets::avatar(ui, center, AVATAR, row.author, None);
    }
    shape(ui, row, bubble, palette);
    let mut at = bubble.min + vec2(PAD_X, PAD_Y);
    if let Some(name) = &look.name {
        ui.painter().galley(at, Arc::clone(name), palette.text);
        at.y += NAME;
    }
    let mut on_part = false;
    if let (Some(look), Some(quote)) = (&look.quote, &row.quote) {
        let place = Rect::from_min_size(at, vec2(bubble.width() - 2.0 * PAD_X, look.size().y));
        on_part = look.paint(ui, quote, row, place, page.chosen.is_some(), done);
        at.y = place.bottom();
    }
    if let Some(block) = look.block {
        let head = look.head();
        on_part |= block.paint(ui, row, block.place(bubble, head), (corners(row), head > 0.0), page, done);
        at.y = bubble.top() + PAD_Y + look.body_top();
    }
    let on_link = look.body.paint(ui, row, &response, at, page.chosen.is_some());
    if look.body.fold != Fold::Short {
        let middle = pos2(at.x - space::S, bubble.bottom() - PAD_Y - MORE / 2.0);
        if widgets::text_button(ui, middle, more(look.body.fold), row.id, palette.accent).clicked() {
            done.deeds.push(Deed::Fold(row.id));
        }
    }
    match choosing {
        Some((chosen, seq)) => {
            widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
            // In the column of the avatars, where there is one.
            let center = match measure.avatars {
                true => pos2(measure.left + AVATAR / 2.0, bubble.top() + 17.0),
                false => menu::beside(bubble, row.own).center(),
            };
            controls::tick(ui, center, chosen.has(seq));
        }
        None => {
            widgets::focus_ring(ui, &response, corners(row));
            if page.chosen.is_none() && !row.deleted {
                let on_part = on_link.map(Some).or(on_part.then_some(None));
                menu::show(ui, &response, on_part, row, &look.body.links, page, done);
            }
        }
    }
    foot::time(ui, row, &look.foot, pos2(bubble.right() - PAD_X, bubble.top() + PAD_Y + look.time_top), page);
    foot::below(ui, row, &look.foot, measure, bubble.bottom(), &mut done.commands);
}

/// The row of a message while messages are chosen: all of it can be clicked.
fn choose(
    ui: &mut Ui,
    id: Id,
    bubble: Rect,
    row: &Row<'_>,
    page: &Page<'_>,
    (chosen, seq): (&Chosen, Seq),
    done: &mut Done,
) -> Response {
    let palette = theme::palette(ui);
    let place = Rect::from_x_y_ranges(page.measure.left - space::S..=page.measure.right + space::S, bubble.y_range());
    let response = ui.interact(place, id, Sense::click());
    let is_chosen = chosen.has(seq);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_chosen, row.spoken(page.clock)));
    if chosen.wants_focus == Some(seq) {
        response.request_focus();
    }
    if is_chosen || response.hovered() {
        band(ui, place, if is_chosen { palette.selected } else { palette.hover });
    }
    if response.clicked() {
        let to_here = ui.input(|input| input.modifiers.shift);
        done.deeds.push(if to_here { Deed::ChooseUpTo(seq) } else { Deed::Choose(seq) });
    }
    response
}

/// Behind a row that is chosen, or was asked for: from edge to edge.
fn band(ui: &Ui, row: Rect, color: egui::Color32) {
    let place = Rect::from_x_y_ranges(ui.max_rect().x_range(), row.y_range()).expand2(vec2(0.0, GAP / 2.0));
    ui.painter().rect_filled(place, 0.0, color);
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
    if row.deleted {
        // Where something was.
        let stroke = egui::Stroke::new(1.0, palette.line);
        ui.painter().rect(bubble, corners, palette.backdrop, stroke, egui::StrokeKind::Inside);
    } else if row.calls_me {
        // Only as wide as it shows: at the other end its colour would shine through the edge.
        let side = Rect::from_min_size(bubble.min, vec2(f32::from(radius::M) * 2.0, bubble.height()));
        ui.painter().rect_filled(side, corners, palette.accent);
        let inner = Rect::from_min_max(bubble.min + vec2(BAR, 0.0), bubble.max);
        ui.painter().rect_filled(inner, corners, fill);
    } else {
        ui.painter().rect_filled(bubble, corners, fill);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::Model;
    use crate::proto::chat::ChatKey;
    use crate::proto::ids::{DeviceId, Millis, Seq};
    use crate::ui::mentions::Names;
    use crate::ui::timeline::page::Measure;
    use crate::ui::timeline::rows::{RowId, Sent};
    use crate::ui::when::Clock;

    #[test]
    fn the_time_stands_on_the_line_that_the_words_stand_on() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let clock = Clock { now: Millis(0), zone: jiff::tz::TimeZone::UTC };
        let mut names = Names::default();
        let names = names.of(&Model::new(DeviceId::from_random(1)), ChatKey::Everyone);
        let page = Page {
            chat: ChatKey::Everyone,
            measure: Measure::of(0.0, 600.0),
            clock: &clock,
            names,
            unfolded: &Default::default(),
            needle: None,
            here: None,
            shown: None,
            chosen: None,
        };
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for (text, header) in [("one line", false), ("one line", true), ("two\nlines", true), ("🎉", false)] {
                let row = Row::saying(RowId::Message(Seq(1)), "Bob", Millis(0), text, Sent::Foreign);
                let row = Row { header, ..row };
                let look = measure(ui, &row, &page);
                let line = look.body.read.galley.rows.last().unwrap();
                let words = if header { NAME } else { 0.0 } + line.pos.y + line.glyphs[0].pos.y;
                let time = look.time_top + look.foot.time.rows[0].glyphs[0].pos.y;
                assert!((words - time).abs() <= 0.5, "{text:?}: {words} {time}");
            }
        });
        output.drop_without_applying_deltas();
    }
}
