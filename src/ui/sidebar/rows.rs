//! The rows of the list: which are drawn, and what the keys and the menu of a row lead to.
//!
//! The list is one stop of the Tab key: the row where the keyboard was last, the open chat, or the first that is seen. Up
//! and Down go on from there, past the edge of what is seen.

use egui::accesskit::Role;
use egui::{EventFilter, Key, Modifiers, Rect, Response, ScrollArea, Ui, UiBuilder, vec2};
use lucide_icons::Icon;

use super::row::{self, Standing};
use super::{Intent, Sidebar, heading, nothing, search};
use crate::client::model::{Draft, Model};
use crate::proto::chat::ChatKey;
use crate::ui::actions::{Action, Stand};
use crate::ui::menu::{self, Entry};
use crate::ui::order::{self, Item, Order};
use crate::ui::people;
use crate::ui::text;
use crate::ui::theme;
use crate::ui::when::Clock;

/// Where the focus goes with a key, from a place in a list of so many, of which a page is seen.
fn moved(ui: &Ui, at: usize, count: usize, page: usize) -> usize {
    let keys = [
        (Key::ArrowDown, 1),
        (Key::ArrowUp, -1),
        (Key::PageDown, page as isize),
        (Key::PageUp, -(page as isize)),
        (Key::Home, isize::MIN),
        (Key::End, isize::MAX),
    ];
    ui.input_mut(|input| {
        keys.into_iter().fold(at, |at, (key, steps)| match input.consume_key(Modifiers::NONE, key) {
            true => at.saturating_add_signed(steps).min(count.saturating_sub(1)),
            false => at,
        })
    })
}

impl Sidebar {
    /// Draws those rows that are seen.
    pub(super) fn rows<'a>(
        &mut self,
        ui: &mut Ui,
        list: Rect,
        model: &Model,
        clock: &Clock,
        open: Option<ChatKey>,
        draft: impl Fn(ChatKey) -> Option<&'a Draft>,
    ) -> Option<Intent> {
        let filter = self.filter(open);
        let mut order = std::mem::take(&mut self.order);
        order.of(model, &self.pinned, &filter);
        let intent = if order.len() == 0 {
            self.no_rows(ui, list, model)
        } else {
            self.walk(ui, &order, list.height());
            self.list(ui, list, &order, model, clock, open, draft)
        };
        self.order = order;
        intent
    }

    /// Moves the focus through the rows.
    fn walk(&mut self, ui: &Ui, order: &Order, height: f32) {
        let Some(cursor) = self.cursor else { return };
        if !ui.memory(|memory| memory.has_focus(row::id(cursor))) {
            return;
        }
        let Some(at) = order.position(cursor) else { return };
        let page = (height / theme::PERSON_ROW).floor().max(1.0) as usize;
        let to = moved(ui, at, order.chats().len(), page);
        if let Some(chat) = order.chats().get(to).copied().filter(|_| to != at) {
            self.cursor = Some(chat);
            self.bring = Some(chat);
            ui.memory_mut(|memory| memory.request_focus(row::id(chat)));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the frame's data, each used once")]
    fn list<'a>(
        &mut self,
        ui: &mut Ui,
        list: Rect,
        order: &Order,
        model: &Model,
        clock: &Clock,
        open: Option<ChatKey>,
        draft: impl Fn(ChatKey) -> Option<&'a Draft>,
    ) -> Option<Intent> {
        let mut area = ScrollArea::vertical().id_salt("chats").auto_shrink(false);
        if self.seen.is_none() {
            area = area.vertical_scroll_offset(0.0);
        }
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
            let seen = order.between(view.top(), view.bottom());
            let stop = self.stop(order, seen.clone(), open);
            let mut intent = None;
            for at in seen {
                let top = order.top(at);
                let size = vec2(width, order.top(at + 1) - top);
                let place = Rect::from_min_size(left_top + vec2(0.0, top), size);
                match order.item(at) {
                    Some(Item::Chat(key)) => {
                        let is_open = open == Some(key);
                        let shown = people::row(model, key, draft(key).filter(|_| !is_open), clock);
                        let marked = self.query.is_some()
                            && search::has_caret(ui)
                            && order.chats().get(self.marked) == Some(&key);
                        let standing =
                            Standing { open: is_open, marked, stop: stop == Some(key), query: self.query.as_ref() };
                        let response = row::show(ui, place, &shown, standing);
                        intent = self.on_row(ui, &response, key, is_open, model).or(intent);
                    }
                    Some(Item::Heading(section)) => {
                        let asked = heading(ui, place, section).then_some(Intent::Do(Action::NewGroup, None));
                        intent = intent.or(asked);
                    }
                    Some(Item::Nothing(section)) => nothing(ui, place, section, model),
                    None => {}
                }
            }
            intent
        });
        self.seen = Some((output.state.clamped_offset().y, output.inner_rect.height()));
        output.inner
    }

    /// The row that the Tab key comes to.
    fn stop(&self, order: &Order, seen: std::ops::Range<usize>, open: Option<ChatKey>) -> Option<ChatKey> {
        let in_view = |key: &ChatKey| seen.clone().any(|at| order.item(at) == Some(Item::Chat(*key)));
        self.cursor.into_iter().chain(open).find(in_view).or_else(|| {
            seen.clone().find_map(|at| match order.item(at) {
                Some(Item::Chat(key)) => Some(key),
                _ => None,
            })
        })
    }

    /// What was done with a row.
    fn on_row(&mut self, ui: &Ui, response: &Response, key: ChatKey, open: bool, model: &Model) -> Option<Intent> {
        if response.has_focus() {
            self.cursor = Some(key);
            let filter = EventFilter { vertical_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        if response.clicked() {
            self.cursor = None;
            return Some(Intent::Open(key));
        }
        let stand = self.stand_of(key);
        let actions: Vec<Action> = Action::OF_CHAT.iter().copied().filter(|action| action.fits(stand, model)).collect();
        let color = theme::palette(ui).text;
        // Keys are about the row that has the focus, and else about the open chat.
        let by_key = open || self.cursor == Some(key);
        let chosen = menu::of(ui, response, || {
            let opens = Entry { sign: Icon::MessageSquare, label: "Open", color, press: None };
            let entry = |action: &Action| Entry {
                sign: action.sign(stand, model),
                label: action.label(stand, model),
                color,
                press: action.key().filter(|_| by_key),
            };
            std::iter::once(opens).chain(actions.iter().map(entry)).collect()
        })?;
        Some(match chosen.checked_sub(1).and_then(|at| actions.get(at)) {
            Some(action) => Intent::Do(*action, Some(key)),
            None => Intent::Open(key),
        })
    }

    /// The chat whose row has the focus.
    pub fn focused(&self, ui: &Ui) -> Option<ChatKey> {
        self.cursor.filter(|key| ui.memory(|memory| memory.has_focus(row::id(*key))))
    }

    /// How a chat stands, for what can be done with it.
    pub fn stand_of(&self, key: ChatKey) -> Stand {
        Stand {
            chat: Some(key),
            pinned: self.pinned.contains(&key),
            room_to_pin: self.pinned.len() < order::PINNED_MAX,
            only_new: self.only_new,
            dark: false,
        }
    }

    /// What stands in the place of the rows.
    fn no_rows(&mut self, ui: &mut Ui, list: Rect, model: &Model) -> Option<Intent> {
        if self.query.is_some() {
            let title = format!("Nobody is called “{}”", text::one_line(&self.typed));
            let hint = "The list is searched for the names of people and groups.";
            if search::nothing(ui, list, Icon::SearchX, &title, hint, "Clear the search") {
                self.look_for(String::new());
                self.focus();
                ui.ctx().request_repaint();
            }
            return None;
        }
        let quiet = model.chats.values().any(|chat| chat.muted && chat.unread > 0);
        let hint = match quiet {
            true => "Nothing is new but in chats that you have muted.",
            false => "Nothing is new in any chat.",
        };
        let back = search::nothing(ui, list, Icon::CheckCheck, "You are all caught up", hint, "Show all chats");
        back.then_some(Intent::Do(Action::OnlyNew, None))
    }
}
