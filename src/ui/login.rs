//! The login page: a card with three fields, what is wrong beside the field that it belongs to.

use egui::{Align2, Id, Key, Rect, Stroke, TextEdit, Ui, pos2, vec2};
use lucide_icons::Icon;
use secrecy::SecretString;

use super::edit::Buffer;
use super::text;
use super::theme::{self, font, radius, space};
use super::widgets;
use crate::client::command::Command;
use crate::client::model::{Field, Phase, SignInProblem};

/// What is in the fields.
#[derive(Default)]
pub struct Form {
    server: String,
    name: String,
    password: String,
    /// The focus was put where it belongs when the page appeared.
    focused: bool,
    /// An attempt was under way in the last frame.
    was_busy: bool,
}

/// Does not say the password.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("server", &self.server).field("name", &self.name).finish_non_exhaustive()
    }
}

const HINT: &str = "With no server at hand, Parlor hosts one on this computer. \
                    Demo accounts: Alice 123, Bob 456, Charlie 789";
const FIELD: f32 = 42.0;
const SIGN: f32 = 56.0 + space::M;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Server,
    Name,
    Password,
}

impl Entry {
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
    /// A page with something filled in.
    pub fn new(server: String, name: String) -> Self {
        Self { server, name, ..Self::default() }
    }

    /// Forgets the password, once it has done its work.
    pub fn forget_password(&mut self) {
        self.password = String::new();
        self.focused = false;
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, phase: &Phase) -> Option<Command> {
        let palette = theme::palette(ui);
        let page = ui.max_rect();
        ui.painter().rect_filled(page, 0.0, palette.backdrop);
        let busy = *phase == Phase::SigningIn;
        let problem = match phase {
            Phase::SignedOut { problem } => problem.as_ref(),
            Phase::SigningIn | Phase::SignedIn => None,
        };

        let width = (page.width() - 2.0 * space::L).clamp(1.0, 388.0);
        let inner = width - 2.0 * space::XL;
        let trouble = problem.map(|problem| {
            (problem.field, text::explained(ui, &problem.message, font::small(), palette.danger, inner - 24.0))
        });
        // A name and its password stay on one line.
        let words = ["Alice ", "Bob ", "Charlie "]
            .iter()
            .fold(HINT.to_owned(), |words, name| words.replace(name, &name.replace(' ', "\u{a0}")));
        let hint = text::explained(ui, &words, font::small(), palette.subdued, inner);
        let trouble_height = trouble.as_ref().map_or(0.0, |(_, galley)| galley.size().y + space::S);
        let fields = 3.0 * (18.0 + space::XS + FIELD + space::M);
        let below_sign = space::XL
            + 32.0
            + space::L
            + fields
            + trouble_height
            + space::S
            + FIELD
            + space::L
            + hint.size().y
            + space::XL;
        // A low window has better use for the room than the sign.
        let sign = if below_sign + SIGN + space::L <= page.height() { SIGN } else { 0.0 };
        let height = sign + below_sign;

        // In a window that is too low for the card, the card scrolls.
        let area = egui::ScrollArea::vertical().id_salt("login page").auto_shrink(false);
        area.show(ui, |ui| {
            let top = page.top() + ((page.height() - height) * 0.42).max(space::S);
            let top = top + ui.min_rect().top() - page.top();
            let card = Rect::from_min_size(pos2(page.center().x - width / 2.0, top), vec2(width, height));
            ui.painter().rect(
                card,
                radius::L,
                palette.surface,
                Stroke::new(1.0, palette.line),
                egui::StrokeKind::Inside,
            );
            let mut at = card.min + vec2(space::XL, space::XL);

            if sign > 0.0 {
                let disc = pos2(card.center().x, at.y + 28.0);
                ui.painter().circle_filled(disc, 28.0, palette.accent_fill);
                widgets::icon(ui, disc, Icon::MessagesSquare, 28.0, palette.on_accent);
                at.y += sign;
            }
            let title = Rect::from_center_size(pos2(card.center().x, at.y + 16.0), vec2(inner, 32.0));
            widgets::say(ui, title, "Parlor");
            ui.painter().text(title.center(), Align2::CENTER_CENTER, "Parlor", font::display(), palette.text);
            at.y += 32.0 + space::L;

            let mut entered = None;
            for entry in [Entry::Server, Entry::Name, Entry::Password] {
                let wrong = problem.is_some_and(|problem| belongs(problem, entry));
                let place = Rect::from_min_size(at, vec2(inner, 18.0 + space::XS + FIELD));
                if self.field(ui, place, entry, wrong, busy) {
                    entered = Some(entry);
                }
                at.y = place.bottom() + space::M;
                let shown_here = match (&trouble, entry) {
                    (Some((Field::Server, galley)), Entry::Server) => Some(galley),
                    (Some((Field::Credentials, galley)), Entry::Password) => Some(galley),
                    _ => None,
                };
                if let (Some(galley), Some(problem)) = (shown_here, problem) {
                    let place = Rect::from_min_size(at + vec2(24.0, -4.0), galley.size());
                    widgets::icon(ui, at + vec2(9.0, 6.5), Icon::CircleAlert, 16.0, palette.danger);
                    widgets::say(ui, place, &problem.message);
                    ui.painter().galley(place.min, galley.clone(), palette.danger);
                    at.y += galley.size().y + space::S;
                }
            }
            // Not before all fields are drawn: the next one would take the text of this frame for its own.
            if let Some(entry) = self.focus_next(busy, problem).or(entered.map(Entry::next)) {
                ui.memory_mut(|memory| memory.request_focus(entry.id()));
            }

            at.y += space::S;
            let button = Rect::from_min_size(at, vec2(inner, FIELD));
            let command = if busy {
                let (left, right) = button.split_left_right_at_x(button.right() - 96.0);
                let left = Rect::from_min_max(left.min, left.max - vec2(space::S, 0.0));
                widgets::primary_button(ui, left, "Signing in…", false);
                let cancel = egui::Button::new("Cancel").min_size(right.size());
                let clicked = ui.put(right, cancel).clicked() || ui.input(|input| input.key_pressed(Key::Escape));
                clicked.then_some(Command::SignOut)
            } else {
                let ready = !self.name.trim().is_empty() && !self.password.is_empty();
                let clicked = widgets::primary_button(ui, button, "Sign in", ready).clicked();
                if clicked && !ready {
                    ui.memory_mut(|memory| memory.request_focus(self.missing().id()));
                }
                (ready && (clicked || entered == Some(Entry::Password))).then(|| self.sign_in())
            };
            at.y += FIELD + space::L;

            let place = Rect::from_min_size(at, hint.size());
            widgets::say(ui, place, HINT);
            ui.painter().galley(place.min, hint, palette.subdued);
            ui.allocate_rect(card.expand(space::S), egui::Sense::hover());
            command
        })
        .inner
    }

    /// Where the focus goes by itself: when the page appears, to what is missing; after a failure, to what was wrong.
    fn focus_next(&mut self, busy: bool, problem: Option<&SignInProblem>) -> Option<Entry> {
        let failed = std::mem::replace(&mut self.was_busy, busy) && !busy;
        if let Some(problem) = problem.filter(|_| failed) {
            return Some(if problem.field == Field::Server { Entry::Server } else { Entry::Password });
        }
        if busy || std::mem::replace(&mut self.focused, true) {
            return None;
        }
        Some(self.missing())
    }

    /// The first field that wants something. An empty server does not: it stands for this computer.
    fn missing(&self) -> Entry {
        if self.name.trim().is_empty() { Entry::Name } else { Entry::Password }
    }

    fn sign_in(&self) -> Command {
        Command::SignIn {
            address: self.server.trim().to_owned(),
            username: self.name.trim().to_owned(),
            password: SecretString::from(self.password.clone()),
        }
    }

    /// One field under its label. Returns whether Enter was pressed in it.
    fn field(&mut self, ui: &mut Ui, place: Rect, entry: Entry, wrong: bool, busy: bool) -> bool {
        let palette = theme::palette(ui);
        let label = Rect::from_min_size(place.min, vec2(place.width(), 18.0));
        let label_id = widgets::say(ui, label, entry.label()).id;
        ui.painter().text(
            label.left_center(),
            Align2::LEFT_CENTER,
            entry.label(),
            font::small_strong(),
            palette.subdued,
        );

        let frame = Rect::from_min_max(pos2(place.left(), label.bottom() + space::XS), place.max);
        let (value, hint) = match entry {
            Entry::Server => (&mut self.server, "this computer"),
            Entry::Name => (&mut self.name, ""),
            Entry::Password => (&mut self.password, ""),
        };
        // egui makes a password unreadable in its own layout, and in no other.
        let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, _width: f32| {
            text::edited(ui, buffer.as_str(), font::body(), palette.text, None)
        };
        let mut buffer = Buffer(value);
        let mut edit = TextEdit::singleline(&mut buffer)
            .id(entry.id())
            .font(font::body())
            .text_color(palette.text)
            .hint_text(hint)
            .desired_width(f32::INFINITY)
            .min_size(frame.size())
            .align(Align2::LEFT_CENTER)
            // The outline is drawn below, in the colour that says how the field stands.
            .frame(
                egui::Frame::NONE
                    .fill(palette.field)
                    .corner_radius(radius::S)
                    .inner_margin(egui::Margin::symmetric(12, 8)),
            )
            .interactive(!busy);
        edit = if entry == Entry::Password { edit.password(true) } else { edit.layouter(&mut layouter) };
        let had_focus = ui.memory(|memory| memory.has_focus(entry.id()));
        let response = ui.put(frame, edit).labelled_by(label_id);
        let outline = match (wrong, response.has_focus()) {
            (true, _) => palette.danger,
            (false, true) => palette.accent,
            (false, false) => palette.line,
        };
        ui.painter().rect_stroke(frame, radius::S, Stroke::new(1.5, outline), egui::StrokeKind::Inside);

        // A single line gives its focus up on Enter; what Enter means is decided by the page.
        // `lost_focus` stays true for a frame longer, and the next Enter may be in that frame.
        had_focus && response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    }
}

fn belongs(problem: &SignInProblem, entry: Entry) -> bool {
    match problem.field {
        Field::Server => entry == Entry::Server,
        Field::Credentials => entry != Entry::Server,
    }
}
