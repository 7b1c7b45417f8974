//! Above the field: the message that is answered, or that is being changed. A click leads there, a button ends it.

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Pos2, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{BUTTON, Desk};
use crate::client::model::Draft;
use crate::proto::ids::Seq;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::timeline::quote::Quote;
use crate::ui::widgets;
use crate::visible::isolated;

/// How high it is.
pub const HEIGHT: f32 = 47.0;
const ABOVE: f32 = 9.0;
/// The room of the icon in front of the bar.
const SIGN: f32 = 30.0;
const BAR: f32 = 3.0;
const CLOSE: f32 = 32.0;

/// What the text in the field is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// It answers that message.
    Reply(Quote<'a>),
    /// It is to be that message.
    Edit(Quote<'a>),
}

/// What was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clicked {
    /// Nothing.
    Nothing,
    /// The way to the message.
    Show(Seq),
    /// The button that ends it.
    Close,
}

impl<'a> About<'a> {
    /// What a draft is about.
    pub fn of(desk: Desk<'a>, draft: &Draft) -> Option<Self> {
        let quote = |seq| Quote::of(desk.model, desk.chat, seq);
        match (&draft.editing, draft.reply_to) {
            (Some(editing), _) => Some(Self::Edit(quote(editing.seq))),
            (None, Some(seq)) => Some(Self::Reply(quote(seq))),
            (None, None) => None,
        }
    }

    fn quote(&self) -> &Quote<'a> {
        match self {
            Self::Reply(quote) | Self::Edit(quote) => quote,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Edit(_) => "Editing message".into(),
            Self::Reply(quote) if quote.own => "Replying to yourself".into(),
            Self::Reply(Quote { author: Some(author), .. }) => format!("Replying to {}", isolated(author)),
            Self::Reply(_) => "Replying".into(),
        }
    }

    /// Draws it in a column of that width that begins at `corner`.
    pub fn show(&self, ui: &mut Ui, corner: Pos2, width: f32) -> Clicked {
        let palette = theme::palette(ui);
        let (sign, end) = match self {
            Self::Reply(_) => (Icon::Reply, "Stop replying (Esc)"),
            Self::Edit(_) => (Icon::Pencil, "Stop editing (Esc)"),
        };
        let whole = Rect::from_min_size(corner + vec2(0.0, ABOVE), vec2(width, HEIGHT - ABOVE));
        let middle = whole.center().y;
        // Above the button that sends.
        let close = Rect::from_center_size(pos2(whole.right() - BUTTON / 2.0, middle), vec2(CLOSE, CLOSE));
        let place = Rect::from_min_max(whole.min, pos2(close.left() - space::S, whole.bottom()));

        let (title, words) = (self.title(), self.quote().words());
        let response = ui.interact(place, Id::unique("about"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{title}: {words}")));
        if response.hovered() {
            ui.painter().rect_filled(place, radius::S, palette.hover);
        }
        widgets::focus_ring(ui, &response, CornerRadius::same(radius::S));
        widgets::icon(ui, pos2(place.left() + SIGN / 2.0 - 2.0, middle), sign, 17.0, palette.accent);
        let bar = Rect::from_min_size(place.min + vec2(SIGN, 1.0), vec2(BAR, place.height() - 2.0));
        ui.painter().rect_filled(bar, 1.5, palette.accent);
        let left = bar.right() + space::S;
        let room = (place.right() - space::S - left).max(1.0);
        let title = text::elided(ui, text::one_line(&title), font::small_strong(), palette.accent, room);
        let words = text::elided(ui, words.into_owned(), font::small(), palette.subdued, room);
        let top = (middle - (title.size().y + words.size().y) / 2.0).round();
        let below = top + title.size().y;
        ui.painter().galley(pos2(left, top), title, palette.text);
        ui.painter().galley(pos2(left, below), words, palette.text);
        if widgets::icon_button(ui, close, Icon::X, end).clicked() {
            Clicked::Close
        } else if response.on_hover_text("Go to this message").clicked() {
            Clicked::Show(self.quote().seq)
        } else {
            Clicked::Nothing
        }
    }
}
