//! The page of those who were here before: one is chosen, or forgotten, or another one comes.

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{CARD, Choice, Scene, TITLE, card, card_width, server_words, title};
use crate::settings::values::Account;
use crate::ui::controls;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;

const ROW: f32 = 60.0;
const ACTION: f32 = 42.0;
const FACE: f32 = 40.0;
/// What is chosen with one of the rows below.
type Way = fn() -> Choice;
/// Where one writes down something else, and what hosting for others is called.
const WAYS: [(Icon, &str, Way); 3] = [
    (Icon::UserPlus, "Another account", || Choice::Another),
    (Icon::Ticket, "I have an invite", || Choice::Join { open: false, server: String::new() }),
    (Icon::Server, "Host a server for others", || Choice::Host),
];

/// Draws the page.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, accounts: &[Account]) -> Option<Choice> {
    let palette = theme::palette(ui);
    let width = card_width(ui, CARD);
    let rows = accounts.len() as f32 * ROW;
    let height = space::XL + TITLE + space::M + rows + 2.0 * space::S + 1.0 + WAYS.len() as f32 * ACTION + space::M;
    card(ui, width, height, |ui, card| {
        let mut choice = None;
        let mut stops = Vec::new();
        title(ui, pos2(card.center().x, card.top() + space::XL + TITLE / 2.0), "Welcome back", width - 2.0 * space::XL);
        let inner = card.shrink2(vec2(space::M, 0.0));
        let mut y = card.top() + space::XL + TITLE + space::M;
        for (at, account) in accounts.iter().enumerate() {
            let rect = Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), ROW));
            choice = row(ui, rect, account, scene.appears && at == 0, &mut stops).or(choice);
            y += ROW;
        }
        ui.painter().hline(inner.x_range(), y + space::S, egui::Stroke::new(1.0, palette.line));
        y += 2.0 * space::S + 1.0;
        for (sign, label, way) in WAYS {
            let rect = Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), ACTION));
            let response = controls::action(ui, rect, sign, label, palette.text, true);
            if response.gained_focus() {
                ui.scroll_to_rect(rect.expand(space::S), None);
            }
            if response.clicked() {
                choice = Some(way());
            }
            stops.push(response.id);
            y += ACTION;
        }
        super::arrows(ui, &stops);
        choice
    })
}

fn row(ui: &mut Ui, rect: Rect, account: &Account, focus: bool, stops: &mut Vec<Id>) -> Option<Choice> {
    let palette = theme::palette(ui);
    let server = server_words(account);
    let who = format!("{}, {server}", account.name);
    let response = ui.interact(rect, Id::unique(("account", &who)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &who));
    stops.push(response.id);
    if focus {
        response.request_focus();
    }
    if response.gained_focus() {
        ui.scroll_to_rect(rect.expand(space::S), None);
    }
    if response.hovered() {
        ui.painter().rect_filled(rect, radius::S + 2, palette.hover);
    }
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S + 2));
    let middle = rect.center().y;
    widgets::avatar(ui, pos2(rect.left() + space::M + FACE / 2.0, middle), FACE, &account.name, None);
    let left = rect.left() + space::M + FACE + space::M;
    let forget = Rect::from_center_size(pos2(rect.right() - space::S - 16.0, middle), vec2(32.0, 32.0));
    let room = forget.left() - space::S - left;
    widgets::line(ui, pos2(left, middle - 10.0), &account.name, font::strong(), palette.text, room);
    widgets::line(ui, pos2(left, middle + 10.0), &server, font::small(), palette.subdued, room);
    if widgets::icon_button(ui, forget, Icon::X, &format!("Forget {who}")).clicked() {
        return Some(Choice::Forget(account.clone()));
    }
    response.clicked().then(|| Choice::Known(account.clone()))
}
