//! The list: everyone, what is pinned, groups, people; this person above it with the field that it is searched with, and
//! the state of the program below. Reads the model, emits intents.

mod lock;
mod menus;
mod row;
mod rows;
mod search;

use egui::{Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use self::search::Pressed;
use super::actions::Action;
use super::composer;
use super::fuzzy::Query;
use super::order::{self, Filter, Order, Section};
use super::text;
use super::theme::{self, font, space};
use super::when::Clock;
use super::widgets;
use crate::client::model::{Draft, Model};
use crate::proto::chat::ChatKey;

/// What the list keeps between frames.
#[derive(Debug, Default)]
pub struct Sidebar {
    order: Order,
    pinned: Vec<ChatKey>,
    /// What is searched for, as it was typed.
    typed: String,
    query: Option<Query>,
    /// Only what is new is shown.
    only_new: bool,
    /// The row that Enter opens, while something is searched for.
    marked: usize,
    /// The row that the Tab key comes to, once the keyboard has been in the list.
    cursor: Option<ChatKey>,
    /// How far the list was scrolled, and how high it was, for bringing a row into view from the keyboard.
    seen: Option<(f32, f32)>,
    bring: Option<ChatKey>,
    wants_caret: bool,
    /// The last frame in which it was drawn.
    drawn: Option<u64>,
    hosting_dismissed: bool,
}

/// What somebody did in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Look at a chat.
    Open(ChatKey),
    /// Do something; about that chat, where it is about one.
    Do(Action, Option<ChatKey>),
}

impl Sidebar {
    /// What is pinned, in the order in which it was.
    pub fn pinned(&self) -> &[ChatKey] {
        &self.pinned
    }

    /// Pins that, and nothing else. What is not known is kept: it may be known later. What is more than can be pinned is
    /// left out.
    pub fn set_pinned(&mut self, mut pinned: Vec<ChatKey>) {
        pinned.truncate(order::PINNED_MAX);
        self.pinned = pinned;
    }

    /// Whether only what is new is shown.
    pub fn only_new(&self) -> bool {
        self.only_new
    }

    /// Shows only what is new, or all.
    pub fn show_only_new(&mut self, only_new: bool) {
        self.only_new = only_new;
        self.look_for(String::new());
    }

    /// Puts the caret into the field that the list is searched with.
    pub fn focus(&mut self) {
        self.wants_caret = true;
    }

    /// Whether the caret is there: what is typed is not for the composer.
    pub fn has_caret(&self, ui: &Ui) -> bool {
        self.is_shown(ui) && search::has_caret(ui)
    }

    /// Whether the list is on the screen.
    pub fn is_shown(&self, ui: &Ui) -> bool {
        let now = ui.ctx().cumulative_pass_nr();
        self.drawn.is_some_and(|drawn| drawn + 1 >= now)
    }

    /// Shows the whole list again. Says whether it did not.
    pub fn peel(&mut self, ui: &Ui) -> bool {
        if !self.is_shown(ui) || (self.typed.is_empty() && !self.only_new) {
            return false;
        }
        if self.typed.is_empty() {
            self.only_new = false;
        }
        self.look_for(String::new());
        true
    }

    /// The list as it is now, of everything.
    pub fn order(&mut self, model: &Model) -> &Order {
        self.order.of(model, &self.pinned, &Filter::All)
    }

    /// The chat `steps` below the open one (above, when negative), of those that are shown.
    pub fn neighbour(&mut self, model: &Model, open: Option<ChatKey>, steps: isize) -> Option<ChatKey> {
        let filter = self.filter(open);
        let order = self.order.of(model, &self.pinned, &filter);
        let at = match (open.and_then(|open| order.position(open)), steps > 0) {
            (Some(at), _) => at.checked_add_signed(steps)?,
            (None, true) => 0,
            (None, false) => order.chats().len().checked_sub(1)?,
        };
        self.bring = order.chats().get(at).copied();
        self.bring
    }

    /// The next chat below the open one (above, when negative) with something new, round the whole list.
    pub fn next_new(&mut self, model: &Model, open: Option<ChatKey>, down: bool) -> Option<ChatKey> {
        let mut all = self.order(model).all().to_vec();
        if !down {
            all.reverse();
        }
        let from = open.and_then(|open| all.iter().position(|key| *key == open)).map_or(0, |at| at + 1);
        all.rotate_left(from);
        self.bring = all.into_iter().find(|key| Some(*key) != open && order::asks(model, *key));
        self.bring
    }

    /// Brings a row into view.
    pub fn bring(&mut self, chat: ChatKey) {
        self.bring = Some(chat);
    }

    fn filter(&self, open: Option<ChatKey>) -> Filter {
        match (&self.query, self.only_new) {
            (Some(query), _) => Filter::Named(query.clone()),
            (None, true) => Filter::New(open),
            (None, false) => Filter::All,
        }
    }

    /// Searches for that.
    fn look_for(&mut self, typed: String) {
        self.query = Query::new(&typed);
        self.typed = typed;
        self.marked = 0;
        // From its beginning.
        self.seen = None;
    }

    /// Draws the sidebar. `draft` knows what is being written in a chat that is not open.
    pub fn show<'a>(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        clock: &Clock,
        open: Option<ChatKey>,
        draft: impl Fn(ChatKey) -> Option<&'a Draft>,
    ) -> Option<Intent> {
        self.drawn = Some(ui.ctx().cumulative_pass_nr());
        let palette = theme::palette(ui);
        let all = ui.max_rect();
        ui.painter().rect_filled(all, 0.0, palette.surface);

        let (header, rest) = all.split_top_bottom_at_y(all.top() + theme::HEADER);
        let mut intent = menus::heading(ui, header, model).map(|action| Intent::Do(action, None));
        let (above, rest) = rest.split_top_bottom_at_y(rest.top() + search::HEIGHT);
        let (turned, pressed) = self.search(ui, above, model, open);
        intent = intent.or(turned);

        let footer = self.hosting(ui, rest, model);
        let list = Rect::from_min_max(rest.min, pos2(rest.right(), footer.max(rest.top())));
        intent = intent.or(self.press(pressed, model, open));
        intent.or(self.rows(ui, list, model, clock, open, draft))
    }

    /// The field, and the choice between all and what is new.
    fn search(&mut self, ui: &mut Ui, place: Rect, model: &Model, open: Option<ChatKey>) -> (Option<Intent>, Pressed) {
        let frame = Rect::from_min_size(
            pos2(place.left() + space::S, place.top()),
            vec2(place.width() - 2.0 * space::S, super::controls::FIELD),
        );
        if self.wants_caret {
            ui.memory_mut(|memory| memory.request_focus(search::id()));
            self.wants_caret = false;
        }
        let mut typed = std::mem::take(&mut self.typed);
        let (changed, pressed) = search::field(ui, frame, &mut typed);
        if changed {
            self.look_for(typed);
        } else {
            self.typed = typed;
        }
        let filter = self.filter(open);
        let new = self.order.of(model, &self.pinned, &filter).new_chats();
        let chips = pos2(frame.left(), frame.bottom() + space::S);
        let turned = search::chips(ui, chips, self.only_new, new).then_some(Intent::Do(Action::OnlyNew, None));
        (turned, pressed)
    }

    /// What the keys of the field lead to.
    fn press(&mut self, pressed: Pressed, model: &Model, open: Option<ChatKey>) -> Option<Intent> {
        let filter = self.filter(open);
        let order = self.order.of(model, &self.pinned, &filter);
        let Pressed { down, up, enter } = pressed;
        if down + up > 0 {
            let last = order.chats().len().saturating_sub(1);
            self.marked = (self.marked + down).saturating_sub(up).min(last);
            self.bring = order.chats().get(self.marked).copied();
        }
        let chat = order.chats().get(self.marked).copied().filter(|_| enter && self.query.is_some())?;
        // It was found: the list is whole again, with it in view.
        self.look_for(String::new());
        self.bring = Some(chat);
        Some(Intent::Open(chat))
    }

    /// The line that says that this window hosts. Returns where it begins.
    fn hosting(&mut self, ui: &mut Ui, rest: Rect, model: &Model) -> f32 {
        let Some(hosted) = model.hosting.as_ref().filter(|_| !self.hosting_dismissed) else { return rest.bottom() };
        let notice = &hosted.brief();
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
        widgets::say(ui, place, notice).on_hover_text(text::hint(&text::drawable(&hosted.details())));
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
        Section::Pinned => "PINNED",
        Section::Groups => "GROUPS",
        Section::People => "PEOPLE",
    };
    // The words stand at the lower edge: they belong to what follows.
    let middle = rect.bottom() - 14.0;
    widgets::heading(ui, pos2(rect.left() + space::L, middle), words);
    if section != Section::Groups {
        return false;
    }
    let button = Rect::from_center_size(pos2(rect.right() - space::L - 10.0, middle), vec2(28.0, 28.0));
    widgets::icon_button(ui, button, Icon::Plus, "New group").clicked()
}

/// What stands where a part has no rows.
fn nothing(ui: &mut Ui, rect: Rect, section: Section, model: &Model) {
    let words = match section {
        // Whoever is signed in is among the people.
        _ if model.people.is_empty() => "Loading…",
        Section::Groups | Section::Pinned => "No groups yet",
        Section::People => "Nobody else is here yet",
    };
    let left = pos2(rect.left() + space::L, rect.center().y - 2.0);
    widgets::line(ui, left, words, font::small(), theme::palette(ui).subdued, rect.width() - 2.0 * space::L);
}
