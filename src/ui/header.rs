//! Above the conversation: with whom it is, who is there and who is writing; and the way to the details.

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::presence;
use super::text;
use super::theme::{self, font, radius, space};
use super::when::Clock;
use super::widgets;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::proto::ids::Seq;

/// Where somebody wants to go from the pane of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Back to the list.
    Back,
    /// To the details, or from them.
    Details,
    /// To the search in this chat.
    Search,
    /// To the question whether that message is to be taken back.
    Delete(Seq),
}

/// Draws the header. `narrow`: there is one pane only, so that a way back is needed.
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    model: &Model,
    key: ChatKey,
    narrow: bool,
    details: bool,
    clock: &Clock,
) -> Option<Way> {
    let palette = theme::palette(ui);
    ui.painter().rect_filled(rect, 0.0, palette.surface);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
    let middle = rect.center().y;
    let mut left = rect.left() + space::L;
    let mut way = None;
    if narrow {
        let button = Rect::from_center_size(pos2(left + 10.0, middle), vec2(36.0, 36.0));
        if widgets::icon_button(ui, button, Icon::ArrowLeft, "Back").clicked() {
            way = Some(Way::Back);
        }
        left += 36.0;
    }

    // All of the header is the button: who is clicked on is who one wants to know more of.
    let place = Rect::from_min_max(pos2(left - space::S, rect.top() + 6.0), rect.max - vec2(space::S, 6.0));
    let response = ui.interact(place, Id::unique("details of the chat"), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, details, "Details"));
    if response.hovered() {
        ui.painter().rect_filled(place, radius::S + 2, palette.hover);
    }
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S + 2));
    let behind = if response.hovered() { palette.hover } else { palette.surface };
    if response.clicked() {
        way = Some(Way::Details);
    }
    let sign = Rect::from_center_size(pos2(place.right() - 20.0, middle), vec2(32.0, 32.0));
    let color = if details { palette.accent } else { palette.subdued };
    widgets::icon(ui, sign.center(), Icon::PanelRight, 18.0, color);
    ui.interact(sign, Id::unique("sign of the details"), Sense::hover()).on_hover_text("Details (Ctrl+I)");
    let search = Rect::from_center_size(pos2(sign.center().x - 38.0, middle), vec2(34.0, 34.0));
    if widgets::icon_button(ui, search, Icon::Search, "Search (Ctrl+F)").clicked() {
        way = Some(Way::Search);
    }

    let status = match key {
        ChatKey::Person(id) => presence::status(model, id).map(|status| (status, behind)),
        ChatKey::Everyone | ChatKey::Group(_) => None,
    };
    let name = model.title(key);
    widgets::face(ui, pos2(left + 19.0, middle), 38.0, key, name, status);
    left += 38.0 + space::M;
    let width = search.left() - space::S - left;
    let muted = model.chat(key).is_some_and(|chat| chat.muted);
    let bell = if muted { 14.0 + space::XS } else { 0.0 };
    let taken = widgets::line(ui, pos2(left, middle - 9.0), name, font::strong(), palette.text, width - bell);
    if muted {
        let at = pos2(left + taken + space::XS + 7.0, middle - 7.0);
        let place = Rect::from_center_size(at, vec2(16.0, 16.0));
        widgets::icon(ui, at, Icon::BellOff, 13.0, palette.subdued);
        widgets::say(ui, place, "Muted").on_hover_text("Muted");
    }

    let typing = presence::typing(model, key, clock);
    if let Some((_, holds)) = &typing {
        ui.ctx().request_repaint_after(*holds);
    }
    let online = status.is_some_and(|(status, _)| status == Status::Online);
    let (words, color) = match typing {
        Some((words, _)) => (words, palette.accent),
        None if online => (presence::line(model, key, clock), palette.accent),
        None => (presence::line(model, key, clock), palette.subdued),
    };
    let words = text::one_line(&words);
    widgets::line(ui, pos2(left, middle + 10.0), &words, font::small(), color, width);
    way
}
