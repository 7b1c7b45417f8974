//! The list: everyone, groups, people; this person above it and the state of the program below. Reads the model, emits
//! intents.

mod menus;
mod row;

use egui::accesskit::Role;
use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use super::composer;
use super::people::{self, Item, Order, Section};
use super::text;
use super::theme::{self, font, space};
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
    /// Make a group.
    NewGroup,
    /// Write to several people.
    MessageSeveral,
    /// Let others know what was read, or not.
    ReadReceipts(bool),
    /// See what can be chosen.
    Settings,
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
        let from = open.and_then(|open| order.position(open));
        let mut at = match (from, steps > 0) {
            (Some(at), _) => at.checked_add_signed(steps)?,
            (None, true) => 0,
            (None, false) => order.chats().checked_sub(1)?,
        };
        while !wanted(order.chat(at)?) {
            at = at.checked_add_signed(steps)?;
        }
        let found = order.chat(at);
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
        let mut intent = menus::heading(ui, header, model);

        let footer = self.hosting(ui, rest, model);
        let list = Rect::from_min_max(rest.min, pos2(rest.right(), footer.max(rest.top())));
        let order = self.order.of(model);
        let mut area = ScrollArea::vertical().id_salt("chats").auto_shrink(false);
        if let Some((top, bottom)) = self.bring.take().and_then(|key| order.rows_of(key)) {
            let (offset, height) = self.seen.unwrap_or((0.0, list.height()));
            area = area.vertical_scroll_offset(top.min(offset).max(bottom - height).max(0.0));
        }
        let mut child =
            ui.new_child(UiBuilder::new().max_rect(list).accessibility_role(Role::List).accessibility_label("Chats"));
        child.set_clip_rect(list.intersect(ui.clip_rect()));
        let output = area.show_viewport(&mut child, |ui, view| {
            ui.set_height(order.height());
            let left_top = ui.max_rect().min;
            let width = ui.max_rect().width();
            let mut intent = None;
            for at in order.between(view.top(), view.bottom()) {
                let top = order.top(at);
                let size = vec2(width, order.top(at + 1) - top);
                let place = Rect::from_min_size(left_top + vec2(0.0, top), size);
                match order.item(at) {
                    Some(Item::Chat(key)) => {
                        let is_open = open == Some(key);
                        let shown = people::row(model, key, draft(key).filter(|_| !is_open), clock);
                        if row::show(ui, place, &shown, is_open) {
                            intent = Some(Intent::Open(key));
                        }
                    }
                    Some(Item::Heading(section)) => {
                        intent = intent.or(heading(ui, place, section).then_some(Intent::NewGroup));
                    }
                    Some(Item::Nothing(section)) => nothing(ui, place, section, model),
                    None => {}
                }
            }
            intent
        });
        self.seen = Some((output.state.clamped_offset().y, output.inner_rect.height()));
        intent = intent.or(output.inner);
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

/// The heading of a part. Returns whether its button was clicked.
fn heading(ui: &mut Ui, rect: Rect, section: Section) -> bool {
    let words = match section {
        Section::Groups => "GROUPS",
        Section::People => "PEOPLE",
    };
    // The words stand at the lower edge: they belong to what follows.
    let middle = rect.bottom() - 14.0;
    widgets::heading(ui, pos2(rect.left() + space::L, middle), words);
    if section == Section::People {
        return false;
    }
    let button = Rect::from_center_size(pos2(rect.right() - space::L - 10.0, middle), vec2(28.0, 28.0));
    widgets::icon_button(ui, button, Icon::Plus, "New group").clicked()
}

/// What stands where a part has no rows.
fn nothing(ui: &mut Ui, rect: Rect, section: Section, model: &Model) {
    let words = match (section, &model.link) {
        (Section::Groups, _) => "No groups yet",
        (Section::People, Link::Online) => "Nobody else is here yet",
        (Section::People, Link::Connecting | Link::Waiting { .. }) => "Loading…",
    };
    let left = pos2(rect.left() + space::L, rect.center().y - 2.0);
    widgets::line(ui, left, words, font::small(), theme::palette(ui).subdued, rect.width() - 2.0 * space::L);
}
