//! Above the list: this person, with what belongs to the account in a menu, and what can be begun in another.

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Popup, PopupCloseBehavior, Rect, RectAlign, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::lock;
use crate::client::model::Model;
use crate::ui::actions::{Action, Stand};
use crate::ui::controls;
use crate::ui::keycaps;
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;
use crate::visible::isolated;

/// As wide as the longest words with their keys.
const MENU: f32 = 320.0;
/// What switching the receipts off means.
const RECEIPTS: &str = "When off, you do not see what others have read either.";

/// The program's name, this person, and the two menus.
pub fn heading(ui: &mut Ui, rect: Rect, model: &Model) -> Option<Action> {
    let palette = theme::palette(ui);
    let middle = rect.center().y;
    let new = Rect::from_center_size(pos2(rect.right() - space::L - 10.0, middle), vec2(36.0, 36.0));
    let account = Rect::from_min_max(rect.min + vec2(space::S, 6.0), pos2(new.left() - space::S, rect.bottom() - 6.0));

    let response = ui.interact(account, Id::unique("account"), Sense::click());
    let name = model.me.as_ref().map_or("", |me| me.username.as_str());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Account of {}", isolated(name))));
    if response.hovered() {
        ui.painter().rect_filled(account, radius::S + 2, palette.hover);
    }
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::S + 2));
    let mut left = rect.left() + space::L;
    if !name.is_empty() {
        widgets::avatar(ui, pos2(left + 19.0, middle), 38.0, name, None);
        left += 38.0 + space::M;
    }
    let width = account.right() - space::XL - left;
    let taken = widgets::line(ui, pos2(left, middle - 9.0), "Parlor", font::title(), palette.text, width);
    lock::show(
        ui,
        pos2(left + taken + space::S, middle - 8.0),
        new.left(),
        model.security,
        model.server_allows_plaintext,
    );
    if !name.is_empty() {
        let taken = widgets::line(ui, pos2(left, middle + 11.0), name, font::small(), palette.subdued, width);
        widgets::icon(ui, pos2(left + taken + 11.0, middle + 12.0), Icon::ChevronDown, 14.0, palette.subdued);
    }
    let of_account = account_menu(&response, model);

    let response = widgets::icon_button(ui, new, Icon::SquarePen, "New…");
    of_account.or(new_menu(&response, model))
}

/// What can be begun.
fn new_menu(button: &egui::Response, model: &Model) -> Option<Action> {
    Popup::menu(button)
        .align(RectAlign::BOTTOM_END)
        .width(MENU)
        .show(|ui| {
            ui.set_width(MENU);
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut chosen = None;
            for action in [Action::NewGroup, Action::MessageSeveral] {
                chosen = entry(ui, action, model).or(chosen);
            }
            chosen
        })
        .and_then(|shown| shown.inner)
}

/// What belongs to the account.
fn account_menu(button: &egui::Response, model: &Model) -> Option<Action> {
    let menu = Popup::menu(button).align(RectAlign::BOTTOM_START).width(MENU);
    let menu = menu.close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    menu.show(|ui| {
        ui.set_width(MENU);
        ui.spacing_mut().item_spacing.y = 0.0;
        let palette = theme::palette(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(MENU, 36.0), Sense::hover());
        let on = model.read_receipts;
        let mut chosen = None;
        if controls::switch(ui, rect, Icon::CheckCheck, "Send read receipts", on).clicked() {
            chosen = Some(Action::ReadReceipts);
        }
        let left = space::S + 20.0 + space::M;
        let galley = text::few_lines(ui, RECEIPTS, font::small(), palette.subdued, MENU - left - space::S, 3);
        let (rect, _) = ui.allocate_exact_size(vec2(MENU, galley.size().y + space::S), Sense::hover());
        let place = Rect::from_min_size(rect.min + vec2(left, 0.0), galley.size());
        widgets::say(ui, place, RECEIPTS);
        ui.painter().galley(place.min, galley, palette.subdued);
        let (rect, _) = ui.allocate_exact_size(vec2(MENU, 2.0 * space::XS + 1.0), Sense::hover());
        ui.painter().hline(rect.x_range(), rect.center().y, egui::Stroke::new(1.0, palette.line));
        let all = [Action::Settings, Action::Administration, Action::Theme, Action::Shortcuts, Action::SignOut];
        for action in all.into_iter().filter(|action| action.fits(Stand::default(), model)) {
            chosen = entry(ui, action, model).or(chosen);
        }
        chosen
    })
    .and_then(|shown| shown.inner)
}

/// An entry with the key that does the same.
fn entry(ui: &mut Ui, action: Action, model: &Model) -> Option<Action> {
    let stand = Stand { dark: ui.visuals().dark_mode, ..Stand::default() };
    let color = theme::palette(ui).text;
    let label = action.label(stand, model);
    let response = controls::entry(ui, action.sign(stand, model), label, color);
    keycaps::beside(ui, response.rect, label, action.key());
    response.clicked().then(|| {
        ui.close();
        action
    })
}
