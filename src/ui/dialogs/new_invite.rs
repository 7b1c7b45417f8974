//! The dialog that invites: for whom, for how many, for how long; and then the link, which is told this one time.

use egui::{Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use super::{Clicked, Foot, Step, inner_width, layer, paragraph};
use crate::client::command::{AccountWish, AdminWish, Command};
use crate::client::invite::Invite;
use crate::client::model::Model;
use crate::proto::event::{AccountDone, NewInvite as Made};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::limits::{INVITE_LABEL_MAX_CHARS, INVITE_USES_MAX};
use crate::ui::controls::{self, Field};
use crate::ui::jobs::Asked;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::when::Clock;
use crate::ui::{text, widgets};

const LABEL: f32 = 22.0;
const CHOICE: f32 = 32.0;
/// The field for any number.
const NUMBER: f32 = 96.0;
const DAY_MILLIS: u64 = 24 * 3_600_000;
/// How many it can be for; the last one is any number.
const USES: [(&str, Option<u32>); 4] =
    [("1 person", Some(1)), ("5 people", Some(5)), ("25 people", Some(25)), ("Another number", None)];
const DAYS: [(&str, u64); 3] = [("1 day", 1), ("7 days", 7), ("30 days", 30)];
const USE: &str = "Send the link to whom you invite. They choose “I have an invite” in Parlor, paste it, and choose a \
                   name and a password. Neither link nor code is shown again.";
const UNREACHED: &str = "Others cannot reach this computer by the address that you use yourself. Write the one that \
                         others use: its name, or its address in your network.";
const COPY: f32 = 92.0;

/// See the module.
#[derive(Debug)]
pub struct NewInvite {
    label: String,
    uses: usize,
    number: String,
    days: usize,
    wrong: Option<(Place, String)>,
    problem: Option<String>,
    asked: Option<Asked>,
    /// The server's address, as others write it.
    address: String,
    /// What the server is told from others by.
    fingerprint: Option<Fingerprint>,
    /// The address had to be asked for.
    unreached: bool,
    made: Option<Made>,
    copied: Option<&'static str>,
    focused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Label,
    Number,
}

impl NewInvite {
    /// To a server at that address, as far as it is known.
    pub fn new(address: Option<String>, fingerprint: Option<Fingerprint>) -> Self {
        Self {
            label: String::new(),
            uses: 0,
            number: String::new(),
            days: 1,
            wrong: None,
            problem: None,
            asked: None,
            address: address.unwrap_or_default(),
            fingerprint,
            unreached: false,
            made: None,
            copied: None,
            focused: false,
        }
    }

    fn uses(&self) -> Option<u32> {
        let (_, uses) = USES[self.uses];
        uses.or_else(|| self.number.trim().parse().ok().filter(|uses| (1..=INVITE_USES_MAX).contains(uses)))
    }

    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Step {
        match self.asked.as_mut().and_then(|asked| asked.outcome(model)) {
            Some(Ok(AccountDone::Invite(made))) => {
                self.unreached = self.invite(&made).is_none_or(|invite| !invite.reaches_others());
                (self.asked, self.made, self.focused) = (None, Some(made), false);
            }
            Some(outcome) => {
                self.asked = None;
                self.problem = outcome.err().map(|problem| problem.message);
            }
            None => {}
        }
        match self.made.clone() {
            Some(made) => self.show_made(ui, &made, clock),
            None => self.show_asking(ui, model, commands),
        }
    }

    fn show_asking(&mut self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) -> Step {
        let busy = self.asked.is_some();
        let problem = self.problem.clone();
        let foot = Foot {
            act: if busy { "Making…" } else { "Make invite" },
            cancel: Some("Cancel"),
            ready: !busy,
            problem: problem.as_deref(),
        };
        let width = inner_width(ui);
        let trouble = self.wrong.as_ref().map_or(0.0, |(_, words)| self.trouble_height(ui, words, width));
        let fields = LABEL
            + controls::FIELD
            + space::L
            + (1.0 + USES.len() as f32) * CHOICE
            + (1.0 + DAYS.len() as f32) * CHOICE;
        let height = super::TITLE + fields + trouble + space::M + foot.height(ui, width) + space::L;
        let mut entered = false;
        let (clicked, closed) = layer(ui, "New invite", height, |ui, inner| {
            let body = Rect::from_min_max(inner.min, inner.max - vec2(0.0, foot.height(ui, inner.width()) - space::L));
            let mut child = ui.new_child(UiBuilder::new().max_rect(body));
            child.set_clip_rect(body.expand2(vec2(space::XS, 0.0)).intersect(ui.clip_rect()));
            ScrollArea::vertical().id_salt("new invite").auto_shrink(false).show(&mut child, |ui| {
                entered = self.fields(ui, body);
            });
            foot.show(ui, inner)
        });
        match clicked {
            Clicked::Act => self.ask(model, commands),
            Clicked::Cancel => return Step::Close,
            Clicked::Nothing if entered => self.ask(model, commands),
            Clicked::Nothing => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }

    fn trouble_height(&self, ui: &Ui, words: &str, width: f32) -> f32 {
        text::explained(ui, words, font::small(), egui::Color32::WHITE, width - 24.0).size().y + space::S
    }

    fn ask(&mut self, model: &Model, commands: &mut Vec<Command>) {
        if self.asked.is_some() {
            return;
        }
        (self.problem, self.wrong) = (None, None);
        let long = self.label.trim().chars().count() > INVITE_LABEL_MAX_CHARS;
        let (Some(uses), false) = (self.uses(), long) else {
            self.wrong = Some(match long {
                true => (Place::Label, format!("At most {INVITE_LABEL_MAX_CHARS} characters.")),
                false => (Place::Number, format!("A number from 1 to {INVITE_USES_MAX}.")),
            });
            self.focused = false;
            return;
        };
        self.asked = Some(Asked::start(model));
        let expires_in_ms = DAYS[self.days].1 * DAY_MILLIS;
        let label = self.label.trim().to_owned();
        commands.push(Command::Account(AccountWish::Admin(AdminWish::CreateInvite { uses, expires_in_ms, label })));
    }

    /// What is asked. Returns whether Enter was pressed in a field.
    fn fields(&mut self, ui: &mut Ui, body: Rect) -> bool {
        let begin = ui.min_rect().top();
        let mut y = begin;
        let enabled = self.asked.is_none();
        let wrong = self.wrong.clone();
        let is_wrong = |place| wrong.as_ref().is_some_and(|(wrong, _)| *wrong == place);
        let mut entered = false;
        let mut field = |ui: &mut Ui, rect: Rect, place: Place, value: &mut String, focus: bool| {
            let (name, hint) = match place {
                Place::Label => ("For whom", "Dana, the choir, … (only you see this)"),
                Place::Number => ("How many people", "100"),
            };
            let with = Field { name, hint, sign: None, wrong: is_wrong(place), enabled };
            let response = controls::field(ui, rect, Id::unique(("invite", name)), value, &with);
            entered |= response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if focus {
                response.request_focus();
            }
            response.has_focus()
        };
        controls::label(ui, pos2(body.left(), y + 8.0), "For whom");
        y += LABEL;
        let rect = Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), controls::FIELD));
        let to_number = is_wrong(Place::Number);
        let wants = !self.focused;
        let has = field(ui, rect, Place::Label, &mut self.label, wants && !to_number);
        self.focused |= has;
        y += controls::FIELD;
        if let Some((Place::Label, words)) = &wrong {
            y += space::XS + controls::trouble(ui, pos2(body.left(), y + space::XS), words, body.width());
        }
        y += space::S;
        controls::label(ui, pos2(body.left(), y + CHOICE / 2.0), "How many can join with it");
        y += CHOICE;
        for (at, (label, uses)) in USES.into_iter().enumerate() {
            let mut width = body.width();
            if uses.is_none() {
                let rect = Rect::from_min_size(pos2(body.right() - NUMBER, y - 4.0), vec2(NUMBER, CHOICE + 8.0));
                if at == self.uses {
                    let focus = wants && to_number;
                    self.focused |= field(ui, rect, Place::Number, &mut self.number, focus);
                }
                width -= NUMBER + space::S;
            }
            let row = Rect::from_min_size(pos2(body.left(), y), vec2(width, CHOICE));
            if controls::choice(ui, row, label, at == self.uses).clicked() && enabled {
                self.uses = at;
                self.wrong = None;
                if uses.is_none() {
                    ui.memory_mut(|memory| memory.request_focus(Id::unique(("invite", "How many people"))));
                }
                ui.ctx().request_repaint();
            }
            y += CHOICE;
        }
        if let Some((Place::Number, words)) = &wrong {
            y += space::XS + controls::trouble(ui, pos2(body.left(), y + space::XS), words, body.width());
        }
        y += space::S;
        controls::label(ui, pos2(body.left(), y + CHOICE / 2.0), "How long it holds");
        y += CHOICE;
        for (at, (label, _)) in DAYS.into_iter().enumerate() {
            let row = Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), CHOICE));
            if controls::choice(ui, row, label, at == self.days).clicked() && enabled {
                self.days = at;
                ui.ctx().request_repaint();
            }
            y += CHOICE;
        }
        ui.allocate_rect(Rect::from_min_max(pos2(body.left(), begin), pos2(body.left() + 1.0, y)), Sense::hover());
        entered
    }

    /// The invite to the address that stands there; nothing where that is none.
    fn invite(&self, made: &Made) -> Option<Invite> {
        Invite::new(&self.address, made.code.clone(), self.fingerprint).ok()
    }

    /// What came of it.
    fn show_made(&mut self, ui: &Ui, made: &Made, clock: &Clock) -> Step {
        let palette = theme::palette(ui);
        let width = inner_width(ui);
        let foot = Foot { act: "Done", cancel: None, ready: true, problem: None };
        let people = if made.info.uses == 1 { "1 person".into() } else { format!("{} people", made.info.uses) };
        let good = format!("Good for {people} until {}.", clock.stamp(made.info.expires));
        let words = format!("{USE} {good}");
        let high = |words: &str, width| text::explained(ui, words, font::small(), palette.subdued, width).size().y;
        let notice = self.unreached.then(|| high(UNREACHED, width - 2.0 * space::M - 24.0) + 2.0 * space::S);
        let pair = LABEL + controls::FIELD + space::M;
        let address = notice.map_or(0.0, |notice| notice + space::M + pair);
        let height =
            super::TITLE + address + 2.0 * pair + high(&words, width) + space::M + foot.height(ui, width) + space::L;
        let invite = self.invite(made).filter(Invite::reaches_others);
        let title = match made.info.label.is_empty() {
            true => "The invite".into(),
            false => format!("Invite for {}", text::one_line(&made.info.label)),
        };
        let (clicked, closed) = layer(ui, &title, height, |ui, inner| {
            let body = Rect::from_min_max(inner.min, inner.max - vec2(0.0, foot.height(ui, inner.width()) - space::L));
            let mut child = ui.new_child(UiBuilder::new().max_rect(body));
            child.set_clip_rect(body.expand2(vec2(space::XS, 0.0)).intersect(ui.clip_rect()));
            ScrollArea::vertical().id_salt("made invite").auto_shrink(false).show(&mut child, |ui| {
                let begin = ui.min_rect().top();
                let mut y = begin;
                if let Some(notice) = notice {
                    let bar = Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), notice));
                    ui.painter().rect_filled(bar, radius::S, palette.notice);
                    let sign = pos2(bar.left() + space::M + 8.0, bar.top() + space::S + theme::LINE / 2.0 - 1.0);
                    widgets::icon(ui, sign, Icon::TriangleAlert, 16.0, palette.on_notice);
                    let room = bar.width() - 2.0 * space::M - 24.0;
                    let galley = text::explained(ui, UNREACHED, font::small(), palette.on_notice, room);
                    let place = Rect::from_min_size(bar.min + vec2(space::M + 24.0, space::S), galley.size());
                    widgets::say(ui, place, UNREACHED);
                    ui.painter().galley(place.min, galley, palette.on_notice);
                    y += notice + space::M;
                    controls::label(ui, pos2(body.left(), y + 8.0), "Address for others");
                    y += LABEL;
                    let rect = Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), controls::FIELD));
                    let hint = "chat.example.org or 192.168.1.5";
                    let with = Field { name: "Address for others", hint, sign: None, wrong: false, enabled: true };
                    let id = Id::unique("address for others");
                    let response = controls::field(ui, rect, id, &mut self.address, &with);
                    if !self.focused {
                        response.request_focus();
                        self.focused = response.has_focus();
                    }
                    if response.changed() {
                        self.copied = None;
                        ui.ctx().request_repaint();
                    }
                    y += controls::FIELD + space::M;
                }
                let link = invite.as_ref().map(Invite::link);
                let code = made.code.text();
                for (what, value) in [("Link", link.as_deref()), ("Code", Some(code.as_str()))] {
                    controls::label(ui, pos2(body.left(), y + 8.0), what);
                    y += LABEL;
                    let row = Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), controls::FIELD));
                    if let Some(value) = self.row(ui, row, what, value) {
                        ui.ctx().copy_text(value.to_owned());
                        self.copied = Some(what);
                        ui.ctx().request_repaint();
                    }
                    y += controls::FIELD + space::M;
                }
                y += paragraph(ui, pos2(body.left(), y), &words, body.width());
                let all = Rect::from_min_max(pos2(body.left(), begin), pos2(body.left() + 1.0, y));
                ui.allocate_rect(all, Sense::hover());
            });
            foot.show(ui, inner)
        });
        if closed || clicked != Clicked::Nothing { Step::Close } else { Step::Stay }
    }

    /// What is to be given away, and the button that copies it. Returns it when it is to be copied.
    fn row<'a>(&self, ui: &mut Ui, rect: Rect, what: &'static str, value: Option<&'a str>) -> Option<&'a str> {
        let palette = theme::palette(ui);
        let (left, _) = rect.split_left_right_at_x(rect.right() - COPY - space::S);
        ui.painter().rect_filled(left, radius::S, palette.field);
        let (words, color) = value.map_or(("The address is missing", palette.subdued), |value| (value, palette.text));
        let middle = left.left_center() + vec2(space::M, 0.0);
        widgets::line(ui, middle, words, font::body(), color, left.width() - 2.0 * space::M);
        let button = Rect::from_min_max(pos2(rect.right() - COPY, rect.top()), rect.max);
        let label = if self.copied == Some(what) { "Copied" } else { "Copy" };
        let response = controls::labelled_button(
            ui,
            button,
            label,
            &format!("{label} the {}", what.to_lowercase()),
            value.is_some(),
        );
        value.filter(|_| response.clicked())
    }
}
