//! The invites of the page: what is left of each, and the way to take it back.

use egui::accesskit::Role;
use egui::{Id, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::deeds::Deeds;
use super::rows::Invite;
use super::{Intent, card, tools};
use crate::client::command::{AdminWish, Command};
use crate::client::model::{AdminView, Model};
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::{controls, text, widgets};

const ROW: f32 = 64.0;
const REVOKE: f32 = 92.0;
/// The button is a sign where there is no room for its word.
const TIGHT: f32 = 420.0;

/// Draws the list with what is above it.
pub fn show(
    ui: &mut Ui,
    column: Rect,
    (model, view, clock): (&Model, &AdminView, &Clock),
    deeds: &mut Deeds,
    commands: &mut Vec<Command>,
) -> Option<Intent> {
    let good = view.invites.iter().filter(|invite| invite.is_good(clock.now)).count();
    let count = match good {
        1 => "1 invite is open".to_owned(),
        good => format!("{good} invites are open"),
    };
    let (rest, new) = tools(ui, column, &count, "New invite");
    let intent = new.then_some(Intent::Invite);
    if view.invites.is_empty() {
        let hint = "An invite is a link with which somebody makes an account here: no password has to be told.";
        widgets::empty(ui, rest, Icon::Ticket, "Nobody is invited", hint);
        return intent;
    }
    let inner = card(ui, rest, view.invites.len() as f32 * ROW);
    let mut child =
        ui.new_child(UiBuilder::new().max_rect(inner).accessibility_role(Role::List).accessibility_label("Invites"));
    child.set_clip_rect(inner.intersect(ui.clip_rect()));
    child.spacing_mut().item_spacing.y = 0.0;
    let mut revoked = None;
    let area = ScrollArea::vertical().id_salt("invites").auto_shrink(false);
    area.show_rows(&mut child, ROW, view.invites.len(), |ui, range| {
        for at in range {
            // The newest first.
            let Some(info) = view.invites.iter().rev().nth(at) else { continue };
            let invite = Invite::of(info, model, clock);
            if row(ui, &invite, at > 0) {
                revoked = Some(invite);
            }
        }
    });
    if let Some(invite) = revoked {
        let title = text::one_line(&invite.title);
        let (doing, done) = match invite.good {
            true => (
                format!("Revoking “{title}”…"),
                format!("“{title}” is revoked: nobody can join with it any more. Who has joined stays."),
            ),
            false => (format!("Removing “{title}”…"), format!("“{title}” is off the list.")),
        };
        deeds.begin(model, AdminWish::RevokeInvite(invite.n), doing, done, commands);
        ui.ctx().request_repaint();
    }
    intent
}

/// Draws a row. Returns whether it is to be taken back.
fn row(ui: &mut Ui, invite: &Invite, line: bool) -> bool {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    if line {
        ui.painter().hline(rect.shrink2(vec2(space::M, 0.0)).x_range(), rect.top(), Stroke::new(1.0, palette.line));
    }
    let spoken = format!("{}, {}", invite.title, invite.words);
    let response = ui.interact(rect, Id::unique(("invite", invite.n)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &spoken));
    response.on_hover_text(text::hint(&invite.words));
    let fade = if invite.good { 1.0 } else { 0.6 };
    let middle = rect.center().y;
    let disc = pos2(rect.left() + space::S + 19.0, middle);
    ui.painter().circle_filled(disc, 19.0, palette.selected);
    let color = if invite.good { palette.accent } else { palette.subdued };
    widgets::icon(ui, disc, Icon::Ticket, 18.0, color);
    let left = disc.x + 19.0 + space::M;
    let tight = rect.width() < TIGHT;
    let word = if invite.good { "Revoke" } else { "Clear" };
    let size = if tight { vec2(32.0, 32.0) } else { vec2(REVOKE, 34.0) };
    let button = Rect::from_min_size(pos2(rect.right() - space::S - size.x, middle - size.y / 2.0), size);
    let room = button.left() - space::M - left;
    let title = text::elided(ui, text::one_line(&invite.title), font::strong(), palette.text, room);
    let words = text::one_line(&invite.words);
    let words = text::few_lines(ui, &words, font::small(), palette.subdued, room, if tight { 2 } else { 1 });
    let height = title.size().y + words.size().y;
    let at = pos2(left, middle - height / 2.0);
    ui.painter().galley(at + vec2(0.0, title.size().y), words, palette.subdued);
    ui.painter().galley_with_override_text_color(at, title, palette.text.gamma_multiply(fade));
    let name = format!("{word} {}", text::one_line(&invite.title));
    let response = match tight {
        true => widgets::icon_button(ui, button, Icon::X, &name),
        false => controls::labelled_button(ui, button, word, &name, true),
    };
    if response.gained_focus() {
        ui.scroll_to_rect(rect.expand2(vec2(0.0, ROW)), None);
    }
    response.clicked()
}
