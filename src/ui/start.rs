//! The pane while no chat is open: where one can go from here, each with its key.

use egui::{Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::actions::{Action, Stand};
use super::theme::{self, space};
use super::{controls, keycaps, widgets};
use crate::client::model::{Link, Model};

const ROW: f32 = 40.0;
const WIDTH: f32 = 380.0;

/// Draws it. Returns what was chosen.
pub fn show(ui: &mut Ui, pane: Rect, model: &Model) -> Option<Action> {
    let alone = model.people.len() <= 1;
    let invites = alone && model.link == Link::Online && model.is_admin();
    let (title, hint) = match (alone, &model.link) {
        (true, Link::Online) if invites => {
            ("It is quiet here", "Invite somebody: they choose a name and a password, and are here.")
        }
        (true, Link::Online) => (
            "It is quiet here",
            "As soon as somebody else has an account, you can write to them. An administrator invites people.",
        ),
        (true, Link::Connecting | Link::Waiting { .. } | Link::Halted { .. }) => {
            ("Just a moment", "The list of people is on its way.")
        }
        (false, _) => ("Choose somebody to write to", ""),
    };
    if alone && !invites {
        widgets::empty(ui, pane, Icon::MessagesSquare, title, hint);
        return None;
    }
    let stand = Stand { dark: ui.visuals().dark_mode, ..Stand::default() };
    let ways: &[Action] = match invites {
        true => &[Action::Administration],
        false => &[Action::Find, Action::NextNew, Action::Shortcuts],
    };
    let ways: Vec<Action> = ways.iter().copied().filter(|way| way.fits(stand, model)).collect();
    let below = space::M + ways.len() as f32 * ROW;
    let above = pane.with_max_y((pane.bottom() - below).max(pane.top()));
    let top = widgets::empty(ui, above, Icon::MessagesSquare, title, hint) + space::M;
    let width = WIDTH.min(pane.width() - 2.0 * space::L);
    let mut chosen = None;
    for (at, way) in ways.into_iter().enumerate() {
        let left_top = pos2(pane.center().x - width / 2.0, top + at as f32 * ROW);
        let rect = Rect::from_min_size(left_top.round(), vec2(width, ROW));
        let color = theme::palette(ui).subdued;
        let label = way.label(stand, model);
        if controls::action(ui, rect, way.sign(stand, model), label, color, true).clicked() {
            chosen = Some(way);
        }
        keycaps::beside(ui, rect, label, way.key());
    }
    chosen
}
