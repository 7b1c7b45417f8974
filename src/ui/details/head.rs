//! The upper part of the details: the face of the chat, its name, who is there, what new members can read.

use egui::{Id, Key, Modifiers, Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::Details;
use super::deeds::Deed;
use crate::client::command::Command;
use crate::client::model::Model;
use crate::proto::chat::{ChatKey, GroupId, GroupName, Past};
use crate::proto::event::Status;
use crate::ui::controls::{self, Field};
use crate::ui::presence;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::when::Clock;
use crate::ui::widgets;

const FACE: f32 = 88.0;

/// A new name that is being written.
#[derive(Debug)]
pub struct Rename {
    text: String,
    focused: bool,
}

/// Where the new name is written.
pub fn field_id() -> Id {
    Id::unique("new name of the group")
}

impl Details {
    /// Draws it and returns where it ends.
    pub(super) fn head(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        model: &Model,
        clock: &Clock,
        commands: &mut Vec<Command>,
    ) -> f32 {
        let palette = theme::palette(ui);
        let key = self.chat;
        let middle = place.center().x;
        let mut y = place.top() + space::XL;
        let status = match key {
            ChatKey::Person(id) => presence::status(model, id).map(|status| (status, palette.surface)),
            ChatKey::Everyone | ChatKey::Group(_) => None,
        };
        let title = model.title(key);
        widgets::face(ui, pos2(middle, y + FACE / 2.0), FACE, key, title, status);
        y += FACE + space::M;

        let (id, group) = self.group(model);
        let owner = id.filter(|_| group.is_some_and(|group| model.is_me(group.owner)));
        y = match owner {
            Some(id) if self.rename.is_some() => self.renaming(ui, place, y, model, id, commands),
            _ => self.name(ui, place, y, title, owner.is_some()),
        };

        let there = presence::line(model, key, clock);
        let color = match status {
            Some((Status::Online, _)) => palette.accent,
            Some(_) | None => palette.subdued,
        };
        let galley = text::elided(ui, there.clone(), font::small(), color, place.width());
        let at = pos2(middle - galley.size().x / 2.0, y);
        widgets::say(ui, Rect::from_min_size(at, galley.size()), &there);
        y += galley.size().y + space::L;
        ui.painter().galley(at, galley, color);

        if let Some(group) = group {
            let words = match group.history {
                Past::Joined => "New members can read what is said after they join.",
                Past::All => "New members can read everything that was said here.",
            };
            let left = place.left() + space::S + 20.0 + space::M;
            let width = place.right() - space::S - left;
            let galley = text::few_lines(ui, words, font::small(), palette.subdued, width, 4);
            let said = Rect::from_min_size(pos2(left, y), galley.size());
            widgets::say(ui, said, words);
            let sign = pos2(place.left() + space::S + 10.0, said.center().y);
            widgets::icon(ui, sign, Icon::History, 17.0, palette.subdued);
            ui.painter().galley(said.min, galley, palette.subdued);
            y = said.bottom() + space::L;
        }
        y
    }

    /// The name in the middle, with the way to change it for those who can.
    fn name(&mut self, ui: &mut Ui, place: Rect, y: f32, title: &str, can_rename: bool) -> f32 {
        let palette = theme::palette(ui);
        let edge = if can_rename { 36.0 } else { space::S };
        let galley = widgets::centred(ui, title, font::title(), palette.text, place.width() - 2.0 * edge, 3);
        let size = galley.size();
        let said = Rect::from_center_size(pos2(place.center().x, y + size.y / 2.0), size);
        widgets::say(ui, said, title);
        ui.painter().galley(pos2(place.center().x, y), galley, palette.text);
        if can_rename {
            let button = Rect::from_center_size(pos2(said.right() + 20.0, said.center().y), vec2(30.0, 30.0));
            if widgets::icon_button(ui, button, Icon::Pencil, "Rename").clicked() {
                self.rename = Some(Rename { text: title.to_owned(), focused: false });
                self.deeds.withdraw();
            }
        }
        y + size.y + space::XS
    }

    fn renaming(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        y: f32,
        model: &Model,
        group: GroupId,
        commands: &mut Vec<Command>,
    ) -> f32 {
        let busy = self.deeds.busy();
        let Some(rename) = &mut self.rename else { return y };
        let id = field_id();
        let (mut taken, mut given_up) = (false, false);
        if ui.memory(|memory| memory.has_focus(id)) {
            taken = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        }
        let frame = Rect::from_min_max(pos2(place.left(), y), pos2(place.right() - 72.0, y + controls::FIELD));
        let with = Field {
            name: "New name of the group",
            hint: "Name",
            sign: None,
            wrong: GroupName::new(&rename.text).is_err(),
            enabled: !busy,
        };
        let response = controls::field(ui, frame, id, &mut rename.text, &with);
        if !rename.focused {
            response.request_focus();
            rename.focused = response.has_focus();
        }
        // After the field: what was typed before Enter counts.
        let name = GroupName::new(&rename.text);
        let button = |at: f32| Rect::from_center_size(pos2(place.right() - at, frame.center().y), vec2(32.0, 32.0));
        taken |= widgets::icon_button(ui, button(50.0), Icon::Check, "Save the name").clicked();
        given_up |= widgets::icon_button(ui, button(16.0), Icon::X, "Keep the old name").clicked();

        let mut y = frame.bottom() + space::S;
        let same = model.groups.get(&group).is_some_and(|group| name.as_ref().is_ok_and(|n| n.as_str() == group.name));
        let trouble = match (&name, self.deeds.problem(Deed::Rename)) {
            (_, Some(problem)) => Some(problem.to_owned()),
            (Err(_), None) => Some("A name has 1 to 64 characters, on one line".to_owned()),
            (Ok(_), None) => None,
        };
        if let Some(trouble) = trouble {
            y += controls::trouble(ui, pos2(place.left(), y), &trouble, place.width()) + space::S;
        }
        if given_up || (taken && same) {
            self.rename = None;
            self.deeds.withdraw();
        } else if let (true, Ok(name)) = (taken, &name) {
            commands.extend(self.deeds.begin(model, group, Deed::Rename, name.as_str()).map(Command::Group));
        }
        y
    }
}
