//! The fields: server, name, password; for an account that was used before, the password alone. What is wrong stands
//! beside the field that it belongs to.

use egui::{Id, Rect, Ui, pos2, vec2};
use lucide_icons::Icon;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::entry::{self, Entry};
use super::{CARD, Choice, FIELD, SIGN, Scene, TITLE, back, card, card_width, server_words, sign, title, waiting};
use crate::client::command::{Command, Hosting};
use crate::client::model::{Field, SignInProblem};
use crate::settings::values::Account;
use crate::ui::controls;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::widgets;

/// What is in the fields.
#[derive(Default)]
pub struct Form {
    server: String,
    name: String,
    password: Zeroizing<String>,
    /// The account that the password is for; then nothing else is asked.
    known: Option<Account>,
    /// Somebody wants to go to a server: its address is what is missing first.
    joins: bool,
    /// This device is to stay signed in.
    stay: bool,
    /// An attempt was under way in the last frame.
    was_busy: bool,
}

/// Does not say the password.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("server", &self.server).field("name", &self.name).finish_non_exhaustive()
    }
}

const HERE: &str = "With no server at hand, Parlor hosts one on this computer. \
                    Demo accounts: Alice 123, Bob 456, Charlie 789";
const THERE: &str = "Whoever runs the server gives you its address, and an account with a name and a password.";

/// The height of the choice to stay signed in.
const STAY: f32 = 32.0;
/// The height of the way to make an account.
const REGISTER: f32 = 28.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Server,
    Name,
    Password,
}

impl Which {
    fn id(self) -> Id {
        Id::unique(("login", self.label()))
    }

    /// Where Enter leads.
    fn next(self) -> Self {
        match self {
            Self::Server => Self::Name,
            Self::Name | Self::Password => Self::Password,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Name => "Name",
            Self::Password => "Password",
        }
    }
}

impl Form {
    /// Fields with something in them.
    pub fn new(server: String, name: String) -> Self {
        Self { server, name, ..Self::default() }
    }

    /// Begins anew with something in the fields.
    pub fn start(&mut self, server: String, name: String) {
        *self = Self::new(server, name);
    }

    /// Asks for the address of a server first.
    pub fn join(&mut self) {
        self.joins = true;
    }

    /// Begins anew for an account that was used before.
    pub fn start_as(&mut self, account: Account) {
        *self = Self { known: Some(account.clone()), ..Self::new(account.server, account.name) };
    }

    /// What is typed in this frame is for the name already.
    pub fn take_typing(&self, ui: &Ui) {
        ui.memory_mut(|memory| memory.request_focus(Which::Name.id()));
    }

    /// Whether this device is to stay signed in.
    pub fn stays(&self) -> bool {
        self.stay
    }

    /// Forgets the password.
    pub fn forget_password(&mut self) {
        self.password = Zeroizing::default();
    }

    fn fields(&self) -> &'static [Which] {
        if self.known.is_some() { &[Which::Password] } else { &[Which::Server, Which::Name, Which::Password] }
    }

    /// The field that something wrong stands under.
    fn place_of(&self, problem: &SignInProblem) -> Which {
        if problem.field != Field::Credentials && self.known.is_none() { Which::Server } else { Which::Password }
    }

    /// Draws the page.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Choice> {
        let palette = theme::palette(ui);
        let Scene { busy, problem, .. } = *scene;
        let width = card_width(ui, CARD);
        let inner = (width - 2.0 * space::XL).max(1.0);
        let trouble = problem.map(|problem| {
            let words = text::drawable(&problem.message);
            (self.place_of(problem), text::explained(ui, &words, font::small(), palette.danger, inner - 24.0))
        });
        let hint = self.hint().map(|hint| {
            // A name and its password stay on one line.
            let words = ["Alice ", "Bob ", "Charlie "];
            let words = words.iter().fold(hint.to_owned(), |all, name| all.replace(name, &name.replace(' ', "\u{a0}")));
            (hint, text::explained(ui, &words, font::small(), palette.subdued, inner))
        });
        let trouble_height = trouble.as_ref().map_or(0.0, |(_, galley)| galley.size().y + space::S);
        let below_sign = space::XL
            + TITLE
            + if self.known.is_some() { theme::LINE } else { 0.0 }
            + space::L
            + self.fields().len() as f32 * (entry::HEIGHT + space::M)
            + trouble_height
            + STAY
            + space::S
            + FIELD
            + hint.as_ref().map_or(0.0, |(_, galley)| space::L + galley.size().y)
            + if self.joins { space::S + REGISTER } else { 0.0 }
            + space::XL;
        // A low window has better use for the room than the sign.
        let sign_height = SIGN + space::M;
        let with_sign = below_sign + sign_height + space::L <= ui.max_rect().height();
        let height = below_sign + if with_sign { sign_height } else { 0.0 };

        card(ui, width, height, |ui, card| {
            let mut at = card.min + vec2(space::XL, space::XL);
            let left = if busy { false } else { back(ui, card) };
            at.y = self.heading(ui, card, at.y, with_sign, inner);

            let mut entered = None;
            for &which in self.fields() {
                let wrong = problem.is_some_and(|problem| belongs(problem, which));
                if self.field(ui, at, inner, which, wrong, busy) {
                    entered = Some(which);
                }
                at.y += entry::HEIGHT + space::M;
                if let (Some((under, galley)), Some(problem)) = (&trouble, problem)
                    && *under == which
                {
                    let place = Rect::from_min_size(at + vec2(24.0, -4.0), galley.size());
                    widgets::icon(ui, at + vec2(9.0, 6.5), Icon::CircleAlert, 16.0, palette.danger);
                    widgets::say(ui, place, &problem.message);
                    ui.painter().galley(place.min, galley.clone(), palette.danger);
                    at.y += galley.size().y + space::S;
                }
            }
            // Not before all fields are drawn: the next one would take the text of this frame for its own.
            if let Some(which) = self.focus_next(scene).or(entered.map(Which::next)) {
                ui.memory_mut(|memory| memory.request_focus(which.id()));
            }

            let check = Rect::from_min_size(at - vec2(0.0, space::XS), vec2(inner, STAY));
            if controls::check(ui, check, "Stay signed in on this device", self.stay, !busy).clicked() {
                self.stay = !self.stay;
                ui.ctx().request_repaint();
            }
            at.y += STAY + space::S;
            let button = Rect::from_min_size(at, vec2(inner, FIELD));
            let mut choice = left.then_some(Choice::Back);
            if busy {
                choice = waiting(ui, button, "Signing in…").then_some(Choice::Cancel);
            } else {
                let ready = !self.name.trim().is_empty() && !self.password.is_empty();
                let clicked = widgets::primary_button(ui, button, "Sign in", ready).clicked();
                if clicked && !ready {
                    ui.memory_mut(|memory| memory.request_focus(self.missing().id()));
                }
                if ready && (clicked || entered == Some(Which::Password)) {
                    choice = Some(self.sign_in());
                }
            }
            at.y += FIELD + space::L;
            if let Some((hint, galley)) = hint {
                let place = Rect::from_min_size(at, galley.size());
                widgets::say(ui, place, hint);
                ui.painter().galley(place.min, galley, palette.subdued);
                at.y = place.bottom() + space::S + REGISTER / 2.0;
            }
            if self.joins && !busy {
                let left = pos2(at.x - space::S, at.y);
                let response = widgets::text_button(ui, left, "Create an account", "login", palette.accent);
                if response.gained_focus() {
                    ui.scroll_to_rect(response.rect.expand(space::S), None);
                }
                if response.clicked() {
                    choice = Some(Choice::Join { open: true, server: self.server.trim().to_owned() });
                }
            }
            choice
        })
    }

    /// What is said below the button.
    fn hint(&self) -> Option<&'static str> {
        match (&self.known, self.joins) {
            (Some(_), _) => None,
            (None, true) => Some(THERE),
            (None, false) => Some(HERE),
        }
    }

    /// The sign of the program, or the face of who comes back; and the name. Returns where the fields begin.
    fn heading(&self, ui: &mut Ui, card: Rect, top: f32, with_sign: bool, inner: f32) -> f32 {
        let palette = theme::palette(ui);
        let mut y = top;
        if with_sign {
            let center = pos2(card.center().x, y + SIGN / 2.0);
            match &self.known {
                Some(account) => widgets::avatar(ui, center, SIGN, &account.name, None),
                None => sign(ui, center),
            }
            y += SIGN + space::M;
        }
        let middle = pos2(card.center().x, y + TITLE / 2.0);
        let Some(account) = &self.known else {
            title(ui, middle, "Parlor", inner - 2.0 * 40.0);
            return y + TITLE + space::L;
        };
        for (words, font, color, middle) in [
            (account.name.clone(), font::display(), palette.text, middle.y),
            (server_words(account), font::small(), palette.subdued, y + TITLE + theme::LINE / 2.0),
        ] {
            // Below the way back there is all of the width.
            let width = if with_sign { inner } else { inner - 2.0 * 40.0 };
            let galley = text::elided(ui, text::one_line(&words), font, color, width);
            let place = Rect::from_center_size(pos2(card.center().x, middle), galley.size());
            widgets::say(ui, place, &words);
            ui.painter().galley(place.min, galley, color);
        }
        y + TITLE + theme::LINE + space::L
    }

    /// Where the focus goes by itself: when the page appears, to what is missing; after a failure, to what was wrong.
    fn focus_next(&mut self, scene: &Scene<'_>) -> Option<Which> {
        let failed = std::mem::replace(&mut self.was_busy, scene.busy) && !scene.busy;
        if let Some(problem) = scene.problem.filter(|_| failed) {
            return Some(self.place_of(problem));
        }
        (scene.appears && !scene.busy).then(|| self.missing())
    }

    /// The first field that wants something. An empty server does not, unless one is to be joined: it stands for this
    /// computer.
    fn missing(&self) -> Which {
        match () {
            () if self.joins && self.server.trim().is_empty() => Which::Server,
            () if self.name.trim().is_empty() => Which::Name,
            () => Which::Password,
        }
    }

    fn sign_in(&self) -> Choice {
        let server = self.server.trim().to_owned();
        let username = self.name.trim().to_owned();
        let password = SecretString::from(self.password.as_str());
        let hosts = self.known.as_ref().and_then(|account| account.hosts.clone());
        let account = Account { server: server.clone(), name: username.clone(), hosts: hosts.clone() };
        let command = match hosts {
            Some(hosts) => {
                let hosting = Hosting { folder: hosts.folder, port: hosts.port, new: false };
                Command::Host { hosting, username, password }
            }
            None => Command::SignIn { address: server, username, password },
        };
        Choice::Enter(command, account)
    }

    /// One field. Returns whether Enter was pressed in it.
    fn field(&mut self, ui: &mut Ui, at: egui::Pos2, width: f32, which: Which, wrong: bool, busy: bool) -> bool {
        let (value, hint) = match which {
            Which::Server if self.joins => (&mut self.server, "chat.example.org or 192.168.1.5"),
            Which::Server => (&mut self.server, "this computer"),
            Which::Name => (&mut self.name, ""),
            Which::Password => (&mut *self.password, ""),
        };
        let secret = which == Which::Password;
        let entry = Entry { id: which.id(), label: which.label(), hint, secret, wrong, enabled: !busy };
        entry.show(ui, at, width, value)
    }
}

fn belongs(problem: &SignInProblem, which: Which) -> bool {
    match problem.field {
        Field::Server | Field::Invite => which == Which::Server,
        Field::Credentials => which != Which::Server,
    }
}
