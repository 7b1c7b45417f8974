//! The list of people, with this person above it and the state of the program below. Reads the model, emits intents.

use egui::accesskit::Role;
use egui::{CornerRadius, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::composer;
use super::people::{self, Order, Preview, Row};
use super::text;
use super::theme::{self, font, radius, space};
use super::when::Clock;
use super::widgets;
use crate::client::model::{Link, Model};
use crate::proto::chat::ChatKey;

/// What the list keeps between frames.
#[derive(Debug, Default)]
pub struct Sidebar {
    order: Order,
    /// How far the list was scrolled, and how high it was, for bringing a row into view from the keyboard.
    seen: Option<(f32, f32)>,
    bring: Option<ChatKey>,
    hosting_dismissed: bool,
}

/// What somebody did in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Look at a chat.
    Open(ChatKey),
    /// Leave this account.
    SignOut,
}

impl Sidebar {
    /// The chat `steps` below the open one (above, when negative), skipping those that `wanted` turns down.
    pub fn neighbour(
        &mut self,
        model: &Model,
        open: Option<ChatKey>,
        steps: isize,
        wanted: impl Fn(ChatKey) -> bool,
    ) -> Option<ChatKey> {
        let order = self.order.of(model);
        let from = open.and_then(|open| order.iter().position(|key| *key == open));
        let mut at = match (from, steps > 0) {
            (Some(at), _) => at.checked_add_signed(steps)?,
            (None, true) => 0,
            (None, false) => order.len().checked_sub(1)?,
        };
        while !wanted(*order.get(at)?) {
            at = at.checked_add_signed(steps)?;
        }
        let found = order.get(at).copied();
        self.bring = found;
        found
    }

    /// Draws the sidebar. `draft` knows what is being written in a chat that is not open.
    pub fn show<'a>(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        clock: &Clock,
        open: Option<ChatKey>,
        draft: impl Fn(ChatKey) -> Option<&'a str>,
    ) -> Option<Intent> {
        let palette = theme::palette(ui);
        let all = ui.max_rect();
        ui.painter().rect_filled(all, 0.0, palette.surface);

        let (header, rest) = all.split_top_bottom_at_y(all.top() + theme::HEADER);
        let mut intent = heading(ui, header, model).then_some(Intent::SignOut);

        let footer = self.hosting(ui, rest, model);
        let list = Rect::from_min_max(rest.min, pos2(rest.right(), footer));
        let order = self.order.of(model);
        if order.is_empty() {
            let (title, hint) = match model.link {
                Link::Online => ("Nobody else is here yet", "People appear here as soon as they have an account."),
                Link::Connecting | Link::Waiting { .. } => ("Loading…", "The list comes with the connection."),
            };
            widgets::empty(ui, list, Icon::Users, title, hint);
            return intent;
        }

        let mut area = ScrollArea::vertical().id_salt("people").auto_shrink(false);
        if let Some(at) = self.bring.take().and_then(|key| order.iter().position(|other| *other == key)) {
            let (offset, height) = self.seen.unwrap_or((0.0, list.height()));
            let top = at as f32 * theme::PERSON_ROW;
            let lowest = top.min(offset).max(top + theme::PERSON_ROW - height);
            area = area.vertical_scroll_offset(lowest.max(0.0));
        }
        let mut child =
            ui.new_child(UiBuilder::new().max_rect(list).accessibility_role(Role::List).accessibility_label("People"));
        child.set_clip_rect(list.intersect(ui.clip_rect()));
        child.spacing_mut().item_spacing.y = 0.0;
        let output = area.show_rows(&mut child, theme::PERSON_ROW, order.len(), |ui, range| {
            let mut clicked = None;
            for key in order.get(range).unwrap_or_default() {
                let is_open = open == Some(*key);
                let shown = people::row(model, *key, draft(*key).filter(|_| !is_open), clock);
                if person(ui, &shown, is_open) {
                    clicked = Some(*key);
                }
            }
            clicked
        });
        self.seen = Some((output.state.clamped_offset().y, output.inner_rect.height()));
        if let Some(key) = output.inner {
            intent = Some(Intent::Open(key));
        }
        intent
    }

    /// The line that says that this window hosts. Returns where it begins.
    fn hosting(&mut self, ui: &mut Ui, rest: Rect, model: &Model) -> f32 {
        let Some(notice) = model.hosting.as_deref().filter(|_| !self.hosting_dismissed) else { return rest.bottom() };
        let palette = theme::palette(ui);
        let width = rest.width() - 2.0 * space::L - 26.0 - 30.0;
        let galley = text::few_lines(ui, &text::drawable(notice), font::small(), palette.subdued, width, 3);
        // One edge with the composer beside it.
        let height = composer::LOWEST;
        let top = rest.bottom() - height;
        ui.painter().hline(rest.x_range(), top, egui::Stroke::new(1.0, palette.line));
        widgets::icon(ui, pos2(rest.left() + space::L + 9.0, top + height / 2.0), Icon::Server, 17.0, palette.accent);
        let place = Rect::from_min_size(
            pos2(rest.left() + space::L + 28.0, top + (height - galley.size().y) / 2.0),
            galley.size(),
        );
        widgets::say(ui, place, notice).on_hover_text(notice);
        ui.painter().galley(place.min, galley, palette.subdued);
        let close = Rect::from_center_size(pos2(rest.right() - 24.0, top + height / 2.0), vec2(28.0, 28.0));
        if widgets::icon_button(ui, close, Icon::X, "Dismiss").clicked() {
            self.hosting_dismissed = true;
        }
        top
    }
}

/// The program's name, this person, and the way out. Returns whether that was taken.
fn heading(ui: &mut Ui, rect: Rect, model: &Model) -> bool {
    let palette = theme::palette(ui);
    let middle = rect.center().y;
    let mut left = rect.left() + space::L;
    if let Some(me) = &model.me {
        widgets::avatar(ui, pos2(left + 19.0, middle), 38.0, &me.username, None);
        left += 38.0 + space::M;
    }
    let width = rect.right() - space::L - 40.0 - left;
    widgets::line(ui, pos2(left, middle - 9.0), "Parlor", font::title(), palette.text, width);
    if let Some(me) = &model.me {
        widgets::line(ui, pos2(left, middle + 11.0), &me.username, font::small(), palette.subdued, width);
    }
    let out = Rect::from_center_size(pos2(rect.right() - space::L - 12.0, middle), vec2(36.0, 36.0));
    widgets::icon_button(ui, out, Icon::LogOut, "Sign out").clicked()
}

fn person(ui: &mut Ui, row: &Row, open: bool) -> bool {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::PERSON_ROW), Sense::hover());
    let id = egui::Id::unique(("person", row.chat));
    let place = rect.shrink2(vec2(space::S, 1.0));
    let response = ui.interact(place, id, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, open, row.spoken()));

    let behind = match (open, response.hovered()) {
        (true, _) => palette.selected,
        (false, true) => palette.hover,
        (false, false) => palette.surface,
    };
    ui.painter().rect_filled(place, radius::S + 2, behind);
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S + 2));

    let middle = place.center().y;
    widgets::avatar(ui, pos2(place.left() + space::S + 23.0, middle), 46.0, &row.name, Some((row.status, behind)));

    let left = place.left() + space::S + 46.0 + space::M;
    let mut right = place.right() - space::M;
    if !row.time.is_empty() {
        let color = if row.unread > 0 { palette.accent } else { palette.subdued };
        let galley = ui.painter().layout_no_wrap(row.time.clone(), font::tiny(), color);
        let at = pos2(right - galley.size().x, middle - 11.0 - galley.size().y / 2.0);
        right = at.x - space::S;
        ui.painter().galley(at, galley, color);
    }
    let name = text::elided(ui, text::one_line(&row.name), font::strong(), palette.text, right - left);
    let name_size = name.size();
    // Somebody never talked to has one line, in the middle of the row.
    let alone = row.preview == Preview::None;
    let name_middle = if alone && row.time.is_empty() { middle - 10.0 } else { middle - 11.0 };
    ui.painter().galley(pos2(left, name_middle - name_size.y / 2.0), name, palette.text);

    let mut right = place.right() - space::M;
    if row.unread > 0 {
        right -= widgets::badge(ui, pos2(right, middle + 11.0), row.unread, palette) + space::S;
    }
    let galley = preview(ui, row, right - left);
    ui.painter().galley(pos2(left, middle + 11.0 - galley.size().y / 2.0), galley, palette.subdued);
    response.clicked()
}

fn preview(ui: &Ui, row: &Row, width: f32) -> std::sync::Arc<egui::Galley> {
    let palette = theme::palette(ui);
    let (mark, words) = match &row.preview {
        Preview::None => ("", people::status_word(row.status).to_owned()),
        Preview::Message(words) => ("", words.clone()),
        Preview::Draft(words) => ("Draft: ", words.clone()),
    };
    let taken = ui.painter().layout_no_wrap(mark.to_owned(), font::small(), palette.accent).size().x;
    let words = text::in_reading_order(ui, words, &font::small(), width - taken);
    let mut job = egui::text::LayoutJob::default();
    job.append(mark, 0.0, egui::TextFormat::simple(font::small(), palette.accent));
    job.append(&words, 0.0, egui::TextFormat::simple(font::small(), palette.subdued));
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}
