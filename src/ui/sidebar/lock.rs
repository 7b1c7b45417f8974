//! The sign of how the server is spoken to, beside the name of the program. Nothing on this computer.

use egui::accesskit::Role;
use egui::{Align2, Id, Pos2, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use crate::client::model::Security;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::widgets;

/// What stands beside the open lock.
const PLAIN: &str = "Plain text";

/// Draws it, from the middle of its left edge; without words where they do not fit before `right`. `others_plain`: the
/// server takes plain text from other computers.
pub fn show(ui: &mut Ui, left: Pos2, right: f32, security: Security, others_plain: bool) {
    let palette = theme::palette(ui);
    let (sign, color, words, hint) = match security {
        Security::Here | Security::Encrypted { .. } if others_plain => {
            let hint =
                "This server lets other computers speak plain text: what is said here may cross a network in the open.";
            (Icon::LockOpen, palette.danger, "", hint.to_owned())
        }
        Security::Here => return,
        Security::Encrypted { fingerprint, version } => {
            let hint = format!("Encrypted with {version}. The server’s fingerprint is {fingerprint}.");
            (Icon::Lock, palette.subdued, "", hint)
        }
        Security::Plain => {
            let hint = "Not encrypted: whoever is in between can read and change everything, passwords too.";
            (Icon::LockOpen, palette.danger, PLAIN, hint.to_owned())
        }
    };
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font::small_strong(), color);
    let room = right - left.x - 16.0 - space::XS;
    let galley = (!words.is_empty() && galley.size().x <= room).then_some(galley);
    let width = 16.0 + galley.as_ref().map_or(0.0, |galley| space::XS + galley.size().x);
    let place = Rect::from_min_size(left - vec2(0.0, 10.0), vec2(width, 20.0));
    // Only looked at: a click is for what is below.
    let response = ui.interact(place, Id::unique("lock"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, hint.clone()));
    widgets::icon(ui, pos2(left.x + 8.0, left.y), sign, 14.0, color);
    if let Some(galley) = galley {
        let at = Align2::LEFT_CENTER.anchor_size(pos2(left.x + 16.0 + space::XS, left.y), galley.size());
        ui.painter().galley(at.min, galley, color);
    }
    response.on_hover_text(text::hint(&hint));
}
