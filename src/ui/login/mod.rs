//! The pages before one is in: at the very first start four ways to begin, later the accounts that were used here, and
//! behind both the fields, those of an account that is yet to be made among them. They say what somebody wants; the window does it.

mod accounts;
pub mod entry;
mod first;
mod form;
mod host;
mod join;

use egui::{Align2, Event, EventFilter, Id, Key, Modifiers, Rect, ScrollArea, Stroke, StrokeKind, Ui, pos2, vec2};
use lucide_icons::Icon;

use self::form::Form;
use self::host::HostForm;
use self::join::JoinForm;
use super::theme::{self, font, radius, space};
use super::widgets;
use crate::client::command::{Command, Hosting};
use crate::client::model::{Phase, SignInProblem};
use crate::settings::values::{Account, Hosts, Settings};

/// How high a field and a button are.
const FIELD: f32 = 42.0;
/// The width of a card with fields.
const CARD: f32 = 388.0;
/// The diameter of the sign of the program, or of a face, above a title.
const SIGN: f32 = 56.0;
/// The height of the title of a card.
const TITLE: f32 = 32.0;

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    First,
    Accounts,
    Fields,
    Host,
    Join,
}

/// Where somebody is before they are in.
#[derive(Debug, Default)]
pub struct Login {
    /// Nothing while what is known of accounts decides it.
    page: Option<Page>,
    form: Form,
    host: HostForm,
    join: JoinForm,
    /// The focus was put where it belongs when the page appeared.
    focused: bool,
    /// What went wrong belongs to what somebody has left.
    dismissed: bool,
    /// Who is to be let in.
    asked: Option<Account>,
}

/// What somebody wants from these pages.
#[derive(Debug)]
pub enum Deed {
    /// To get in, or not any more.
    Ask(Command),
    /// To get in, and to stay signed in.
    Stay(Command),
    /// That nobody sees any more that this account was used here.
    Forget(Account),
    /// To look for a folder with the system's dialog.
    PickFolder,
}

/// What somebody did on a page.
enum Choice {
    /// Begin on this computer, with an account that the program brings.
    Demo,
    /// Write down server, name and password.
    Another,
    /// Host a server for others.
    Host,
    /// Make an account: with an invite, or without one on that server.
    Join {
        open: bool,
        server: String,
    },
    /// Another side of the same page.
    Turn,
    /// Be who one was before.
    Known(Account),
    Forget(Account),
    PickFolder,
    /// Get in with what is in the fields.
    Enter(Command, Account),
    Cancel,
    Back,
}

/// What a page is drawn for.
struct Scene<'a> {
    /// It was not there in the last frame.
    appears: bool,
    /// An attempt is under way.
    busy: bool,
    /// Why the last one came to nothing.
    problem: Option<&'a SignInProblem>,
}

impl Login {
    /// With something filled in: then the fields come first.
    pub fn new(server: String, name: String) -> Self {
        let page = (!server.is_empty() || !name.is_empty()).then_some(Page::Fields);
        Self { page, form: Form::new(server, name), ..Self::default() }
    }

    /// The folder of a server for others: what is suggested, or what was found with the dialog.
    pub fn set_folder(&mut self, folder: String) {
        self.host.folder = folder;
    }

    /// Has somebody begin as who they were before, if they stayed signed in. Otherwise the page asks for their password.
    pub fn resume(&mut self, account: Account) -> Command {
        self.form.start_as(account.clone());
        self.asked = Some(account.clone());
        let hosting = account.hosts.map(|Hosts { folder, port }| Hosting { folder, port, new: false });
        Command::Resume { address: account.server, hosting, username: account.name }
    }

    /// Forgets the passwords, once they have done their work. Returns who got in with them.
    pub fn done(&mut self) -> Option<Account> {
        self.form.forget_password();
        self.host.forget_password();
        self.join.forget_password();
        (self.page, self.focused, self.dismissed) = (None, false, false);
        self.asked.take()
    }

    /// Draws the page that it is the turn of.
    pub fn show(&mut self, ui: &mut Ui, phase: &Phase, settings: &Settings) -> Option<Deed> {
        let busy = *phase == Phase::SigningIn;
        self.dismissed &= !busy;
        let problem = match phase {
            Phase::SignedOut { problem } => problem.as_ref().filter(|_| !self.dismissed),
            Phase::SigningIn | Phase::SignedIn => None,
        };
        let home = if settings.accounts.is_empty() { Page::First } else { Page::Accounts };
        let mut page = match self.page {
            Some(page @ (Page::Fields | Page::Host | Page::Join)) => page,
            // What went wrong is said where one can do something about it.
            _ if busy || problem.is_some() => Page::Fields,
            _ => home,
        };
        if matches!(page, Page::First | Page::Accounts) && types(ui) {
            // Who begins to type means a name, and the first letter of it is kept.
            self.form.start(settings.default_server.clone(), String::new());
            self.form.take_typing(ui);
            (page, self.page, self.focused) = (Page::Fields, Some(Page::Fields), true);
        }
        if self.page.replace(page).is_some_and(|before| before != page) {
            self.focused = false;
        }
        ui.painter().rect_filled(ui.max_rect(), 0.0, theme::palette(ui).backdrop);
        let scene = Scene { appears: !std::mem::replace(&mut self.focused, true), busy, problem };
        let choice = match page {
            Page::First => first::show(ui, &scene),
            Page::Accounts => accounts::show(ui, &scene, &settings.accounts),
            Page::Fields => self.form.show(ui, &scene),
            Page::Host => self.host.show(ui, &scene),
            Page::Join => self.join.show(ui, &scene),
        };
        self.take(ui, choice?, settings)
    }

    fn take(&mut self, ui: &Ui, choice: Choice, settings: &Settings) -> Option<Deed> {
        ui.ctx().request_repaint();
        let mut go = |page| {
            (self.page, self.focused, self.dismissed) = (page, false, true);
            None
        };
        match choice {
            Choice::Demo => {
                self.form.start(String::new(), "Alice".into());
                go(Some(Page::Fields))
            }
            Choice::Another => {
                self.form.start(settings.default_server.clone(), String::new());
                self.form.join();
                go(Some(Page::Fields))
            }
            Choice::Known(account) => {
                go(Some(Page::Fields));
                Some(Deed::Ask(self.resume(account)))
            }
            Choice::Host => go(Some(Page::Host)),
            Choice::Join { open, server } => {
                self.join.start(open, server);
                go(Some(Page::Join))
            }
            Choice::Turn => {
                self.dismissed = true;
                None
            }
            Choice::Back => {
                self.form.forget_password();
                self.host.forget_password();
                self.join.forget_password();
                go(None)
            }
            Choice::Forget(account) => Some(Deed::Forget(account)),
            Choice::PickFolder => Some(Deed::PickFolder),
            Choice::Cancel => Some(Deed::Ask(Command::SignOut)),
            Choice::Enter(command, account) => {
                self.asked = Some(account);
                let stays = self.page == Some(Page::Fields) && self.form.stays();
                Some(if stays { Deed::Stay(command) } else { Deed::Ask(command) })
            }
        }
    }
}

/// Whether somebody began to write although there is nothing to write in.
fn types(ui: &Ui) -> bool {
    let typed = |event: &Event| match event {
        Event::Text(text) | Event::Paste(text) => !text.trim().is_empty(),
        _ => false,
    };
    ui.input(|input| input.events.iter().any(typed))
}

/// A card in the middle of the page, which scrolls where the window is too low for it. `content` is given what is within
/// its edges.
fn card<R>(ui: &mut Ui, width: f32, height: f32, content: impl FnOnce(&mut Ui, Rect) -> R) -> R {
    let palette = theme::palette(ui);
    let page = ui.max_rect();
    let area = ScrollArea::vertical().id_salt("login page").auto_shrink(false);
    let shown = area.show(ui, |ui| {
        let top = page.top() + ((page.height() - height) * 0.42).max(space::S);
        let top = top + ui.min_rect().top() - page.top();
        let card = Rect::from_min_size(pos2((page.center().x - width / 2.0).round(), top.round()), vec2(width, height));
        ui.painter().rect(card, radius::L, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
        let result = content(ui, card);
        ui.allocate_rect(card.expand(space::S), egui::Sense::hover());
        result
    });
    shown.inner
}

/// How wide a card can be in this window.
fn card_width(ui: &Ui, most: f32) -> f32 {
    (ui.max_rect().width() - 2.0 * space::L).clamp(1.0, most)
}

/// The sign of the program around a point.
fn sign(ui: &Ui, center: egui::Pos2) {
    let palette = theme::palette(ui);
    ui.painter().circle_filled(center, SIGN / 2.0, palette.accent_fill);
    widgets::icon(ui, center, Icon::MessagesSquare, SIGN / 2.0, palette.on_accent);
}

/// The title in the middle of a card.
fn title(ui: &mut Ui, middle: egui::Pos2, words: &str, width: f32) {
    let palette = theme::palette(ui);
    let place = Rect::from_center_size(middle, vec2(width, TITLE));
    widgets::say(ui, place, words);
    ui.painter().text(place.center(), Align2::CENTER_CENTER, words, font::display(), palette.text);
}

/// The way back, in the corner of a card. Esc is the same.
fn back(ui: &mut Ui, card: Rect) -> bool {
    let place = Rect::from_center_size(card.min + vec2(space::XL + space::XS, space::XL + space::XS), vec2(36.0, 36.0));
    let clicked = widgets::icon_button(ui, place, Icon::ArrowLeft, "Back").clicked();
    clicked || ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

/// The two buttons while an attempt is under way. Returns whether it is to be given up.
fn waiting(ui: &mut Ui, button: Rect, words: &str) -> bool {
    let (left, right) = button.split_left_right_at_x(button.right() - 96.0);
    let left = Rect::from_min_max(left.min, left.max - vec2(space::S, 0.0));
    widgets::primary_button(ui, left, words, false);
    let cancel = egui::Button::new("Cancel").min_size(right.size());
    ui.put(right, cancel).clicked() || ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

/// The arrow keys go from one of these to the next: egui by itself would go to what is nearest, a small button in a row.
fn arrows(ui: &Ui, stops: &[Id]) {
    let focused = ui.memory(|memory| memory.focused());
    let Some(at) = stops.iter().position(|stop| focused == Some(*stop)) else { return };
    let mine = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(stops[at], mine));
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let next = match () {
        () if pressed(Key::ArrowDown) || pressed(Key::ArrowRight) => stops.get(at + 1),
        () if pressed(Key::ArrowUp) || pressed(Key::ArrowLeft) => at.checked_sub(1).and_then(|at| stops.get(at)),
        () => None,
    };
    if let Some(next) = next {
        ui.memory_mut(|memory| memory.request_focus(*next));
    }
}

/// Where an account is, as people say it.
pub fn server_words(account: &Account) -> String {
    match (&account.hosts, account.server.as_str()) {
        (Some(hosts), _) => format!("Hosted here, port {}", hosts.port),
        (None, "") => "This computer".into(),
        (None, server) => server.into(),
    }
}
