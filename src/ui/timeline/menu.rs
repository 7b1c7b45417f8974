//! What can be done with a message: a menu at the pointer, or at the button that appears beside the message.

use egui::accesskit::{Action, Role};
use egui::{Align2, CornerRadius, Id, Key, Modifiers, Popup, Rect, RectAlign, Response, Sense, SetOpenCommand, Ui};
use egui::{WidgetInfo, vec2};
use lucide_icons::Icon;

use super::body;
use super::enclosed::{Act, in_menu, to_copy};
use super::page::{Deed, Done, Page, Wish};
use super::row::{Revision, Row, RowId, Sent};
use crate::client::command::Command;
use crate::ui::links::Link;
use crate::ui::shortcuts::{self, BACKSPACE, DELETE, EDIT, Press, REPLY};
use crate::ui::theme::{self, space};
use crate::ui::{controls, keycaps, widgets};

const WIDTH: f32 = 220.0;
/// Where a link is named in the menu, there is more to say.
const WIDTH_OF_LINKS: f32 = 320.0;
/// The most links that are listed.
const LINKS_MAX: usize = 6;
/// The diameter of the button beside a message.
pub const BUTTON: f32 = 28.0;

/// The place beside a bubble where its button appears, and where the tick stands while messages are chosen.
pub fn beside(bubble: Rect, own: bool) -> Rect {
    let top = bubble.top() + 3.0;
    let left = if own { bubble.left() - space::XS - BUTTON } else { bubble.right() + space::XS };
    Rect::from_min_size(egui::pos2(left, top), vec2(BUTTON, BUTTON))
}

/// Takes the keys that do something with the message that has the focus.
fn keys(ui: &Ui, response: &Response, row: &Row<'_>, done: &mut Done) {
    let Some(seq) = row.id.seq().filter(|_| response.has_focus()) else { return };
    let wish = if shortcuts::pressed(ui, REPLY) {
        Wish::Reply(seq)
    } else if row.own && shortcuts::pressed(ui, EDIT) {
        Wish::Edit(seq)
    } else if row.own && (shortcuts::pressed(ui, DELETE) || shortcuts::pressed(ui, BACKSPACE)) {
        Wish::Delete(seq)
    } else {
        return;
    };
    done.deeds.push(Deed::Wish(wish));
}

/// The menu of a message, and its button. `on_part`: the menu was asked for on that link, on what the message answers, or
/// on its picture.
pub fn show(
    ui: &mut Ui,
    response: &Response,
    on_part: Option<Option<usize>>,
    row: &Row<'_>,
    links: &[Link],
    page: &Page<'_>,
    done: &mut Done,
) {
    keys(ui, response, row, done);
    let place = beside(response.rect, row.own);
    let id = Popup::default_response_id(response);
    let link_id = id.with("link");
    let asked = asked(ui, response);
    let is_open = Popup::is_id_open(ui.ctx(), id);
    let pressed = button(ui, response, place, is_open, row);
    let keys = Keys::of(ui, id, asked, is_open, response);
    if asked || pressed || response.secondary_clicked() || on_part.is_some() {
        ui.data_mut(|data| data.insert_temp(link_id, on_part.flatten()));
    }
    let at_pointer = is_open && Popup::position_of_id(ui.ctx(), id).is_some();
    let menu = if asked || pressed {
        beside_message(response, place).open_memory(Some(SetOpenCommand::Bool(!is_open || at_pointer)))
    } else if on_part.is_some() {
        Popup::context_menu(response).open_memory(Some(SetOpenCommand::Bool(true)))
    } else if is_open && !at_pointer && !response.secondary_clicked() {
        beside_message(response, place).open_memory(None)
    } else {
        Popup::context_menu(response)
    };
    let on_link: Option<usize> = ui.data(|data| data.get_temp(link_id)).flatten();
    let some = on_link.and_then(|at| links.get(at..=at)).unwrap_or(links);
    let width = if some.len() > 1 { WIDTH_OF_LINKS } else { WIDTH };
    menu.width(width).show(|ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 2.0;
        entries(ui, row, some, page, done, keys);
    });
}

/// Whether the keyboard opened the menu, and is on its way into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keys {
    /// It did not.
    #[default]
    Away,
    /// The first entry is to have the focus.
    Coming,
    /// It has it.
    Within,
}

impl Keys {
    /// Follows the focus into the menu, and leads it back to the message when the menu is closed.
    fn of(ui: &Ui, id: Id, asked: bool, is_open: bool, response: &Response) -> Self {
        let id = id.with("keys");
        let pass = ui.ctx().cumulative_pass_nr();
        let (was, at): (Self, u64) = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        // What was not drawn meanwhile was left in another way.
        let was = if at + 2 < pass { Self::Away } else { was };
        let now = match was {
            _ if asked => Self::Coming,
            Self::Away => return was,
            Self::Coming | Self::Within if is_open => Self::Within,
            Self::Coming | Self::Within => {
                response.request_focus();
                Self::Away
            }
        };
        ui.data_mut(|data| data.insert_temp(id, (now, pass)));
        if now == Self::Within { was } else { now }
    }
}

fn beside_message(response: &Response, place: Rect) -> Popup<'_> {
    Popup::menu(response).anchor(place).align(RectAlign::BOTTOM_START).gap(space::XS)
}

/// Whether the keyboard or a screen reader asked for the menu.
fn asked(ui: &Ui, response: &Response) -> bool {
    ui.ctx().accesskit_node_builder(response.id, |node| node.add_action(Action::ShowContextMenu));
    let requested = ui.input(|input| input.has_accesskit_action_request(response.id, Action::ShowContextMenu));
    let pressed = response.has_focus()
        && ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Menu) || input.consume_key(Modifiers::SHIFT, Key::F10)
        });
    requested || pressed
}

/// The button that appears while the pointer or the keyboard is at the message. Returns whether it was pressed.
fn button(ui: &mut Ui, response: &Response, place: Rect, is_open: bool, row: &Row<'_>) -> bool {
    let id = response.id.with("button");
    let near = response.rect.union(place);
    let focused = ui.memory(|memory| memory.focused());
    let here = focused == Some(id) || response.has_focus() || is_open || ui.rect_contains_pointer(near);
    if !here {
        return false;
    }
    let palette = theme::palette(ui);
    let button = ui.interact(place, id, Sense::click());
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Menu of the message of {}", who(row))));
    let fill = if button.hovered() || is_open { palette.selected } else { palette.surface };
    ui.painter().circle(place.center(), BUTTON / 2.0, fill, egui::Stroke::new(1.0, palette.line));
    widgets::focus_ring(ui, &button, CornerRadius::same(255));
    let color = if button.hovered() || is_open { palette.text } else { palette.subdued };
    let icon = theme::font::icon(17.0);
    ui.painter().text(place.center(), Align2::CENTER_CENTER, Icon::Ellipsis.unicode(), icon, color);
    button.clicked()
}

fn who<'a>(row: &Row<'a>) -> &'a str {
    if row.own { "yours" } else { row.author }
}

fn entries(ui: &mut Ui, row: &Row<'_>, links: &[Link], page: &Page<'_>, done: &mut Done, keys: Keys) {
    let palette = theme::palette(ui);
    let mut first = true;
    let mut tinted = |ui: &mut Ui, sign, label: &str, tip: &str, color, press: Option<Press>| {
        let response = controls::entry(ui, sign, label, color);
        keycaps::beside(ui, response.rect, label, press);
        let clicked = response.clicked();
        if std::mem::take(&mut first) && keys == Keys::Coming {
            response.request_focus();
        }
        if !tip.is_empty() {
            response.on_hover_text(tip);
        }
        if clicked {
            ui.close();
        }
        clicked
    };
    let stored = row.id.seq();
    if let Some(seq) = stored
        && tinted(ui, Icon::Reply, "Reply", "", palette.text, Some(REPLY))
    {
        done.deeds.push(Deed::Wish(Wish::Reply(seq)));
    }
    if let Some(seq) = stored.filter(|_| row.own)
        && tinted(ui, Icon::Pencil, "Edit", "", palette.text, Some(EDIT))
    {
        done.deeds.push(Deed::Wish(Wish::Edit(seq)));
    }
    let mut entry = |ui: &mut Ui, sign, label: &str, tip: &str| tinted(ui, sign, label, tip, palette.text, None);
    if !row.text.is_empty() && entry(ui, Icon::Copy, "Copy message", "") {
        ui.copy_text(row.text.to_owned());
    }
    if let Some(carried) = &row.file {
        if let Some(picture) = to_copy(ui, carried)
            && entry(ui, Act::Copy.sign(&picture), Act::Copy.word(&picture), "")
        {
            Act::Copy.perform(ui, &picture, &mut done.commands);
        }
        for act in in_menu(carried) {
            if entry(ui, act.sign(carried), act.word(carried), "") {
                act.perform(ui, carried, &mut done.commands);
            }
        }
    }
    match links {
        [] => {}
        [link] => {
            if entry(ui, Icon::ExternalLink, "Open link", &link.told()) {
                body::open(ui, link);
            }
            if entry(ui, Icon::Link, "Copy link", &link.told()) {
                ui.copy_text(link.target.clone());
            }
        }
        _ => {
            for (at, link) in links.iter().take(LINKS_MAX).enumerate() {
                // Two may begin alike.
                let label = format!("Open link {}: {}", at + 1, link.short());
                if entry(ui, Icon::ExternalLink, &label, &link.told()) {
                    body::open(ui, link);
                }
            }
            if entry(ui, Icon::Link, "Copy links", "") {
                let all: Vec<&str> = links.iter().map(|link| link.target.as_str()).collect();
                ui.copy_text(all.join("\n"));
            }
        }
    }
    if let RowId::Message(seq) = row.id {
        if entry(ui, Icon::ListChecks, "Select several", "") {
            done.deeds.push(Deed::Select(seq));
        }
        if row.own && entry(ui, Icon::Info, "Info", "Who has received and read it") {
            done.commands.push(Command::ShowInfo { chat: page.chat, seq });
        }
    }
    if let Sent::Failed { n, .. } = row.sent {
        let (again, discard) = match row.revision {
            None => ("Send again", "Discard message"),
            Some(Revision::Edit) => ("Change it again", "Discard the change"),
            Some(Revision::Delete) => ("Delete it again", "Keep the message"),
        };
        if entry(ui, Icon::RotateCw, again, "") {
            done.commands.push(Command::Retry { n });
        }
        if entry(ui, Icon::Undo2, discard, "") {
            done.commands.push(Command::Discard { n });
        }
    }
    if let Some(seq) = stored.filter(|_| row.own)
        && tinted(ui, Icon::Trash2, "Delete…", "For everyone", palette.danger, Some(DELETE))
    {
        done.deeds.push(Deed::Wish(Wish::Delete(seq)));
    }
}
