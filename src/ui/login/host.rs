//! The page of who hosts for others: a name and a password for the one account that the server begins with, its folder
//! and its port.

use egui::{Id, Rect, Ui, pos2, vec2};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::entry::{self, Entry};
use super::{Choice, FIELD, Scene, TITLE, back, card, card_width, title, waiting};
use crate::client::command::{Command, Hosting};
use crate::proto::ids::UserName;
use crate::proto::limits::PASSWORD_NEW_MIN_CHARS;
use crate::settings::values::{Account, Hosts};
use crate::ui::controls;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::widgets;

/// What is in the fields.
pub struct HostForm {
    name: String,
    password: Zeroizing<String>,
    /// Where the server is to be kept.
    pub folder: String,
    port: String,
    /// Something was missing when the button was pressed.
    incomplete: bool,
    /// An attempt was under way in the last frame.
    was_busy: bool,
}

/// The port that stands there at first: Parlor's own.
const PORT: &str = "27275";

impl Default for HostForm {
    fn default() -> Self {
        let empty = String::new;
        Self {
            name: empty(),
            password: Zeroizing::default(),
            folder: empty(),
            port: PORT.into(),
            incomplete: false,
            was_busy: false,
        }
    }
}

/// Does not say the password.
impl std::fmt::Debug for HostForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostForm").field("name", &self.name).field("folder", &self.folder).finish_non_exhaustive()
    }
}

const SAFE: &str =
    "What is said is encrypted. Whoever joins compares a fingerprint with the one that this window shows.";
const SHARE: &str = "Once it runs, the window says at which address others join.";
const WIDTH: f32 = 440.0;
const CHOOSE: f32 = 96.0;
const PORT_FIELD: f32 = 104.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Name,
    Password,
    Folder,
    Port,
}

impl Which {
    fn id(self) -> Id {
        Id::unique(("host", self as u8))
    }
}

impl HostForm {
    /// Forgets the password.
    pub fn forget_password(&mut self) {
        self.password = Zeroizing::default();
        self.incomplete = false;
    }

    fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port > 0)
    }

    /// The first field that will not do, and why.
    fn wrong(&self) -> Option<(Which, String)> {
        let long = self.password.chars().count() >= PASSWORD_NEW_MIN_CHARS;
        match () {
            () if UserName::new(self.name.trim()).is_err() => {
                Some((Which::Name, "Choose a name of 1 to 32 characters, without @ and colons.".into()))
            }
            () if !long => {
                let words = format!("Choose a password of at least {PASSWORD_NEW_MIN_CHARS} characters.");
                Some((Which::Password, words))
            }
            () if self.folder.trim().is_empty() => {
                Some((Which::Folder, "Choose a folder for the server's data.".into()))
            }
            () if self.port().is_none() => Some((Which::Port, "A port is a number from 1 to 65535.".into())),
            () => None,
        }
    }

    /// Draws the page.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Choice> {
        let palette = theme::palette(ui);
        let Scene { appears, busy, problem } = *scene;
        let width = card_width(ui, WIDTH);
        let inner = (width - 2.0 * space::XL).max(1.0);
        let wrong = self.wrong().filter(|_| self.incomplete);
        let failed = std::mem::replace(&mut self.was_busy, busy) && !busy;
        // What will not do is said under its field, what the server says above the button.
        let trouble = problem.filter(|_| wrong.is_none()).map(|problem| problem.message.clone());
        let trouble_height = trouble.as_ref().or(wrong.as_ref().map(|(_, words)| words)).map_or(0.0, |words| {
            let words = text::drawable(words);
            text::explained(ui, &words, font::small(), palette.danger, inner - 24.0).size().y + space::S
        });
        let safe = text::explained(ui, SAFE, font::small(), palette.subdued, inner - 2.0 * space::M - 24.0);
        let share =
            text::explained(ui, SHARE, font::small(), palette.subdued, (inner - PORT_FIELD - space::L).max(60.0));
        let notice = safe.size().y + 2.0 * space::S;
        let port_row = entry::HEIGHT.max(share.size().y);
        let height = space::XL
            + TITLE
            + space::M
            + 3.0 * (entry::HEIGHT + space::M)
            + port_row
            + space::L
            + notice
            + space::L
            + trouble_height
            + FIELD
            + space::XL;
        let step = entry::HEIGHT + space::M;
        card(ui, width, height, |ui, card| {
            let left = if busy { false } else { back(ui, card) };
            let mut choice = left.then_some(Choice::Back);
            let mut at = card.min + vec2(space::XL, space::XL);
            title(ui, pos2(card.center().x, at.y + TITLE / 2.0), "Host for others", inner - 2.0 * 40.0);
            at.y += TITLE + space::M;
            let is_wrong = |which| wrong.as_ref().is_some_and(|(field, _)| *field == which);
            let entry = |which: Which, label, hint| {
                let secret = which == Which::Password;
                Entry { id: which.id(), label, hint, secret, wrong: is_wrong(which), enabled: !busy }
            };
            // What is wrong with a field, below it. Returns where the next one begins.
            let below = |ui: &mut Ui, which: Which, at: egui::Pos2| match &wrong {
                Some((field, words)) if *field == which => {
                    controls::trouble(ui, at + vec2(0.0, entry::HEIGHT + space::XS), words, inner);
                    at + vec2(0.0, step + trouble_height)
                }
                _ => at + vec2(0.0, step),
            };
            let mut entered = None;
            if entry(Which::Name, "Your name", "").show(ui, at, inner, &mut self.name) {
                entered = Some(Which::Name);
            }
            at = below(ui, Which::Name, at);
            let hint = format!("at least {PASSWORD_NEW_MIN_CHARS} characters");
            if entry(Which::Password, "Your password", &hint).show(ui, at, inner, &mut self.password) {
                entered = Some(Which::Password);
            }
            at = below(ui, Which::Password, at);
            let room = inner - CHOOSE - space::S;
            if entry(Which::Folder, "Folder of the server", "").show(ui, at, room, &mut self.folder) {
                entered = Some(Which::Folder);
            }
            let button = pos2(at.x + room + space::S, at.y + entry::HEIGHT - FIELD);
            let button = Rect::from_min_size(button, vec2(CHOOSE, FIELD));
            if controls::quiet_button(ui, button, "Choose…", "folder").clicked() && !busy {
                choice = Some(Choice::PickFolder);
            }
            at = below(ui, Which::Folder, at);
            if entry(Which::Port, "Port", PORT).show(ui, at, PORT_FIELD, &mut self.port) {
                entered = Some(Which::Port);
            }
            // Beside the field, or beside it and its label where it takes more room.
            let beside = if share.size().y <= FIELD { FIELD } else { port_row };
            let top = at.y + port_row - beside + (beside - share.size().y) / 2.0;
            let place = Rect::from_min_size(pos2(at.x + PORT_FIELD + space::L, top), share.size());
            widgets::say(ui, place, SHARE);
            ui.painter().galley(place.min, share.clone(), palette.subdued);
            at.y = below(ui, Which::Port, at).y + (port_row - entry::HEIGHT) + space::L - space::M;

            let bar = Rect::from_min_size(at, vec2(inner, notice));
            ui.painter().rect_filled(bar, theme::radius::S, palette.field);
            let sign = pos2(bar.left() + space::M + 8.0, bar.top() + space::S + theme::LINE / 2.0 - 1.0);
            widgets::icon(ui, sign, lucide_icons::Icon::Lock, 16.0, palette.subdued);
            let place = Rect::from_min_size(bar.min + vec2(space::M + 24.0, space::S), safe.size());
            widgets::say(ui, place, SAFE);
            ui.painter().galley(place.min, safe.clone(), palette.subdued);
            at.y += notice + space::L;

            if let Some(words) = &trouble {
                controls::trouble(ui, at - vec2(0.0, 2.0), words, inner);
                if failed {
                    ui.scroll_to_rect(Rect::from_min_size(at, vec2(inner, trouble_height + FIELD)), None);
                }
                at.y += trouble_height;
            }
            let button = Rect::from_min_size(at, vec2(inner, FIELD));
            if busy {
                return waiting(ui, button, "Starting…").then_some(Choice::Cancel);
            }
            let clicked = widgets::primary_button(ui, button, "Host and sign in", self.wrong().is_none()).clicked();
            let next = match entered {
                Some(Which::Name) => Some(Which::Password),
                _ if appears => Some(Which::Name),
                _ => None,
            };
            if clicked || entered.is_some_and(|which| which != Which::Name) {
                match self.wrong() {
                    None => choice = Some(self.enter()),
                    Some((which, _)) => {
                        self.incomplete = true;
                        ui.memory_mut(|memory| memory.request_focus(which.id()));
                        ui.ctx().request_repaint();
                    }
                }
            } else if let Some(which) = next {
                // Not before all fields are drawn: the next one would take the text of this frame for its own.
                ui.memory_mut(|memory| memory.request_focus(which.id()));
            }
            choice
        })
    }

    fn enter(&self) -> Choice {
        let hosts = Hosts { folder: self.folder.trim().to_owned(), port: self.port().unwrap_or_default() };
        let username = self.name.trim().to_owned();
        let account = Account { server: String::new(), name: username.clone(), hosts: Some(hosts.clone()) };
        let hosting = Hosting { folder: hosts.folder, port: hosts.port, new: true };
        let password = SecretString::from(self.password.as_str());
        Choice::Enter(Command::Host { hosting, username, password }, account)
    }
}
