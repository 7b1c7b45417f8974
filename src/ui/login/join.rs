//! The page of who has no account yet: with an invite, a link or a code; or without one, where a server lets everybody
//! make an account. The rules for name and password are said before they are broken.

use egui::{Id, Rect, Ui, pos2, vec2};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::entry::{self, Entry};
use super::{Choice, FIELD, Scene, TITLE, back, card, card_width, title, waiting};
use crate::client::command::Command;
use crate::client::invite::{self, Pasted};
use crate::client::model::{Field, SignInProblem};
use crate::settings::values::Account;
use crate::ui::controls;
use crate::ui::dialogs::account::Part;
use crate::ui::dialogs::paragraph;
use crate::ui::text;
use crate::ui::theme::{self, font, space};
use crate::ui::widgets;

const WIDTH: f32 = 440.0;
const INVITED: &str = "Paste the link, parlor://…, or type the code that you were given.";
const OPEN: &str = "Some servers let everybody make an account. Others want an invite, and say so.";
const TO_OPEN: &str = "I have no invite";
const TO_INVITED: &str = "I have an invite";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Invite,
    Server,
    Name,
    Password,
    Again,
}

impl Which {
    fn id(self) -> Id {
        Id::unique(("join", self as u8))
    }

    fn label(self) -> &'static str {
        match self {
            Self::Invite => "Invite",
            Self::Server => "Server",
            Self::Name => "Your name",
            Self::Password => "Your password",
            Self::Again => "Your password again",
        }
    }

    /// The part of an account that it is, with the rules for that.
    fn part(self) -> Option<Part> {
        match self {
            Self::Name => Some(Part::Name),
            Self::Password => Some(Part::New),
            Self::Again => Some(Part::Again),
            Self::Invite | Self::Server => None,
        }
    }
}

/// What is in the fields.
#[derive(Default)]
pub struct JoinForm {
    /// There is no invite.
    open: bool,
    invite: Zeroizing<String>,
    server: String,
    name: String,
    password: Zeroizing<String>,
    again: Zeroizing<String>,
    /// What will not do.
    wrong: Option<(Which, String)>,
    /// An attempt was under way in the last frame.
    was_busy: bool,
}

/// Does not say the password, nor the code.
impl std::fmt::Debug for JoinForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinForm").field("server", &self.server).field("name", &self.name).finish_non_exhaustive()
    }
}

impl JoinForm {
    /// Begins anew, with an invite or without; and with the address of a server.
    pub fn start(&mut self, open: bool, server: String) {
        *self = Self { open, server, ..Self::default() };
    }

    /// Forgets the passwords and the code.
    pub fn forget_password(&mut self) {
        (self.password, self.again, self.invite) = Default::default();
        self.wrong = None;
    }

    fn pasted(&self) -> Option<Pasted> {
        invite::parse(&self.invite).ok().filter(|_| !self.open)
    }

    /// A link says where the server is. Without one it is asked.
    fn fields(&self) -> Vec<Which> {
        let mut fields = match (self.open, self.pasted()) {
            (true, _) => vec![Which::Server],
            (false, Some(Pasted::Code(_))) => vec![Which::Invite, Which::Server],
            (false, _) => vec![Which::Invite],
        };
        fields.extend([Which::Name, Which::Password, Which::Again]);
        fields
    }

    fn value(&mut self, which: Which) -> &mut String {
        match which {
            Which::Invite => &mut self.invite,
            Which::Server => &mut self.server,
            Which::Name => &mut self.name,
            Which::Password => &mut self.password,
            Which::Again => &mut self.again,
        }
    }

    /// The first field that will not do, and why.
    fn find_wrong(&mut self) -> Option<(Which, String)> {
        let chosen = Zeroizing::new(self.password.to_string());
        self.fields().into_iter().find_map(|which| {
            let value = self.value(which).clone();
            let wrong = match (which, which.part()) {
                (_, Some(part)) => part.wrong(&value, &chosen),
                (Which::Invite, _) => invite::parse(&value).err().map(|error| {
                    let words = error.to_string();
                    let rest = words.strip_prefix('t').unwrap_or(&words);
                    format!("T{rest}.")
                }),
                _ => value.trim().is_empty().then(|| "Write the address of the server.".to_owned()),
            };
            Some((which, wrong?))
        })
    }

    /// The field that a refusal is about.
    fn place_of(&self, problem: &SignInProblem) -> Which {
        match problem.field {
            Field::Credentials => Which::Again,
            Field::Invite | Field::Server if self.open => Which::Server,
            Field::Server if self.fields().contains(&Which::Server) => Which::Server,
            Field::Invite | Field::Server => Which::Invite,
        }
    }

    /// What stands below a field, and whether it is wrong.
    fn below(&self, which: Which, problem: Option<&SignInProblem>) -> Option<(String, bool)> {
        if let Some((_, words)) = self.wrong.as_ref().filter(|(wrong, _)| *wrong == which) {
            return Some((words.clone(), true));
        }
        let problem = problem.filter(|problem| self.wrong.is_none() && self.place_of(problem) == which);
        if let Some(problem) = problem {
            return Some((problem.message.clone(), true));
        }
        let rule = match (which, self.pasted()) {
            (Which::Invite, Some(Pasted::Link(invite))) => Some(format!("To the server {}.", invite.address())),
            (Which::Invite, _) => Some(INVITED.into()),
            (Which::Server, _) if self.open => Some(OPEN.into()),
            _ => which.part().and_then(Part::rule),
        };
        rule.map(|rule| (rule, false))
    }

    /// Draws the page.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Choice> {
        let palette = theme::palette(ui);
        let Scene { appears, busy, problem } = *scene;
        let width = card_width(ui, WIDTH);
        let inner = (width - 2.0 * space::XL).max(1.0);
        let failed = std::mem::replace(&mut self.was_busy, busy) && !busy;
        let fields = self.fields();
        let high = |below: &Option<(String, bool)>| {
            below.as_ref().map_or(0.0, |(words, wrong)| {
                let room = inner - if *wrong { 24.0 } else { 0.0 };
                let words = text::drawable(words);
                space::XS + text::explained(ui, &words, font::small(), palette.subdued, room).size().y
            })
        };
        let laid: Vec<_> = fields
            .iter()
            .map(|which| {
                let below = self.below(*which, problem);
                (*which, high(&below), below)
            })
            .collect();
        let all: f32 = laid.iter().map(|(_, below, _)| entry::HEIGHT + below + space::M).sum();
        let height = space::XL + TITLE + space::M + all + space::S + FIELD + space::S + 28.0 + space::L;
        card(ui, width, height, |ui, card| {
            let left = if busy { false } else { back(ui, card) };
            let mut choice = left.then_some(Choice::Back);
            let mut at = card.min + vec2(space::XL, space::XL);
            let words = if self.open { "Create an account" } else { "You are invited" };
            title(ui, pos2(card.center().x, at.y + TITLE / 2.0), words, inner - 2.0 * 40.0);
            at.y += TITLE + space::M;
            let mut next = None;
            let mut entered = false;
            for (nth, (which, below_height, below)) in laid.iter().enumerate() {
                let entry = Entry {
                    id: which.id(),
                    label: which.label(),
                    hint: if *which == Which::Server { "chat.example.org or 192.168.1.5" } else { "" },
                    secret: matches!(which, Which::Password | Which::Again),
                    wrong: below.as_ref().is_some_and(|(_, wrong)| *wrong),
                    enabled: !busy,
                };
                let before = Zeroizing::new(self.value(*which).clone());
                if entry.show(ui, at, inner, self.value(*which)) {
                    match laid.get(nth + 1) {
                        Some((following, ..)) => next = Some(*following),
                        None => entered = true,
                    }
                }
                if *self.value(*which) != *before {
                    // It is being put right, and there may be another field now.
                    self.wrong = self.wrong.take().filter(|(wrong, _)| wrong != which);
                    ui.ctx().request_repaint();
                }
                if let Some((words, wrong)) = below {
                    let place = at + vec2(0.0, entry::HEIGHT + space::XS);
                    match wrong {
                        true => _ = controls::trouble(ui, place, words, inner),
                        false => _ = paragraph(ui, place, words, inner),
                    }
                }
                at.y += entry::HEIGHT + below_height + space::M;
            }
            at.y += space::S;
            let button = Rect::from_min_size(at, vec2(inner, FIELD));
            if busy {
                return waiting(ui, button, "Joining…").then_some(Choice::Cancel);
            }
            let clicked = widgets::primary_button(ui, button, "Join", true).clicked();
            let other = if self.open { TO_INVITED } else { TO_OPEN };
            let middle = pos2(card.center().x, button.bottom() + space::S + 14.0);
            let size = ui.painter().layout_no_wrap(other.into(), font::small_strong(), palette.accent).size();
            let start = middle - vec2(size.x / 2.0 + space::S, 0.0);
            let response = widgets::text_button(ui, start, other, "join", palette.accent);
            if response.gained_focus() {
                ui.scroll_to_rect(response.rect.expand(space::S), None);
            }
            if response.clicked() {
                self.open = !self.open;
                self.wrong = None;
                next = self.fields().first().copied();
                choice = Some(Choice::Turn);
            }
            if clicked || entered {
                self.wrong = self.find_wrong();
                match &self.wrong {
                    Some((which, _)) => next = Some(*which),
                    None => choice = Some(self.enter()),
                }
                ui.ctx().request_repaint();
            }
            if failed && let Some(problem) = problem {
                next = Some(self.place_of(problem));
            }
            if appears && next.is_none() {
                next = fields.first().copied();
            }
            // Not before all fields are drawn: the next one would take the text of this frame for its own.
            if let Some(which) = next {
                ui.memory_mut(|memory| memory.request_focus(which.id()));
            }
            choice
        })
    }

    fn enter(&self) -> Choice {
        let (server, code, fingerprint) = match self.pasted() {
            Some(Pasted::Link(invite)) => (invite.address(), Some(invite.code), invite.fingerprint),
            Some(Pasted::Code(code)) => (self.server.trim().to_owned(), Some(code), None),
            None => (self.server.trim().to_owned(), None, None),
        };
        let username = self.name.trim().to_owned();
        let password = SecretString::from(self.password.as_str());
        let account = Account { server: server.clone(), name: username.clone(), hosts: None };
        let code = code.map(|code| SecretString::from(code.text()));
        Choice::Enter(Command::Join { address: server, code, fingerprint, username, password }, account)
    }
}
