//! What is asked before something about an account is done: who, which name, which password; and what is to be told to
//! whom it was done for.

mod kind;
mod suggest;
pub mod told;

use egui::{Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;
use secrecy::zeroize::Zeroizing;

pub use self::kind::{Kind, Part};
use self::told::Told;
use super::{Clicked, Foot, Step, layer};
use crate::client::command::Command;
use crate::client::model::Model;
use crate::proto::event::AccountDone;
use crate::ui::jobs::Asked;
use crate::ui::login::entry::{self, Entry};
use crate::ui::theme::{font, space};
use crate::ui::{controls, text, widgets};

/// How wide a button beside a field is.
const BESIDE: f32 = 40.0;
/// How high a choice beside the fields is.
const CHOICE: f32 = 32.0;

/// What has been filled in.
pub struct AskAccount {
    kind: Kind,
    values: Vec<(Part, Zeroizing<String>)>,
    /// Other devices are to be signed out. Whoever changes a password mostly does it because of somebody else.
    end_others: bool,
    /// The passwords can be read.
    shown: bool,
    /// Where the caret is to go.
    focus: Option<Part>,
    /// What will not do, and where.
    wrong: Option<(Part, String)>,
    /// Why it came to nothing, where that is about no field.
    problem: Option<String>,
    asked: Option<Asked>,
    /// Where random bits come from.
    random: Option<fn() -> u64>,
    /// The server's address, as others write it.
    server: Option<String>,
    told: Option<Told>,
}

/// Does not say the passwords.
impl std::fmt::Debug for AskAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AskAccount").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl AskAccount {
    /// Asks for that. `server` is the address that somebody else is to be told.
    pub fn new(kind: Kind, model: &Model, server: Option<String>, random: Option<fn() -> u64>) -> Self {
        let mut values: Vec<(Part, Zeroizing<String>)> =
            kind.parts().iter().map(|part| (*part, Zeroizing::default())).collect();
        if let (Kind::ChangeName, Some(me), Some((_, name))) = (&kind, &model.me, values.first_mut()) {
            **name = me.username.clone();
        }
        let focus = kind.parts().first().copied();
        Self {
            kind,
            values,
            end_others: true,
            shown: false,
            focus,
            wrong: None,
            problem: None,
            asked: None,
            random,
            server,
            told: None,
        }
    }

    fn value(&self, wanted: Part) -> &str {
        self.values.iter().find(|(part, _)| *part == wanted).map_or("", |(_, value)| value.as_str())
    }

    fn id(part: Part) -> Id {
        Id::unique(("field of an account", part as u8))
    }

    /// Takes in what came of it. Returns whether it is done and there is no more to say.
    fn settle(&mut self, model: &Model) -> bool {
        let Some(outcome) = self.asked.as_mut().and_then(|asked| asked.outcome(model)) else { return false };
        self.asked = None;
        let problem = match outcome {
            Ok(done) if self.kind.is_for_another() => {
                let name = match (&done, &self.kind) {
                    (AccountDone::Account(account), _) => account.username.clone(),
                    (_, Kind::Reset(id)) => model.name(*id).to_owned(),
                    _ => self.value(Part::Name).to_owned(),
                };
                let password = Zeroizing::new(self.value(Part::New).to_owned());
                self.told = Some(Told::new(name, password, self.server.clone()));
                return false;
            }
            Ok(_) => return true,
            Err(problem) => problem,
        };
        match self.kind.parts().iter().find(|part| part.is_refused_by(problem.code)) {
            Some(&part) => {
                self.wrong = Some((part, problem.message));
                self.focus = Some(part);
            }
            None => self.problem = Some(problem.message),
        }
        false
    }

    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) -> Step {
        if self.settle(model) {
            return Step::Close;
        }
        if let Some(told) = &mut self.told {
            return told.show(ui);
        }
        let busy = self.asked.is_some();
        let problem = self.problem.clone();
        let (act, acting) = self.kind.act();
        let foot = Foot {
            act: if busy { acting } else { act },
            cancel: Some("Cancel"),
            ready: !busy,
            problem: problem.as_deref(),
        };
        let words = self.kind.words(model);
        let width = super::inner_width(ui);
        let height = super::TITLE + self.height(ui, &words, width) + foot.height(ui, width) + space::L;
        let mut entered = false;
        let (clicked, closed) = layer(ui, &self.kind.title(model), height, |ui, inner| {
            let body = Rect::from_min_max(inner.min, inner.max - vec2(0.0, foot.height(ui, inner.width()) - space::L));
            let mut child = ui.new_child(UiBuilder::new().max_rect(body));
            child.set_clip_rect(body.expand2(vec2(space::XS, 0.0)).intersect(ui.clip_rect()));
            ScrollArea::vertical().id_salt("account").auto_shrink(false).show(&mut child, |ui| {
                entered = self.fields(ui, body, &words);
            });
            foot.show_as(ui, inner, self.kind.is_grave())
        });
        match clicked {
            Clicked::Act => self.ask(model, commands),
            Clicked::Cancel => return Step::Close,
            Clicked::Nothing if entered => self.ask(model, commands),
            Clicked::Nothing => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }

    fn ask(&mut self, model: &Model, commands: &mut Vec<Command>) {
        if self.asked.is_some() {
            return;
        }
        self.problem = None;
        let chosen = self.value(Part::New);
        let wrong = self.values.iter().find_map(|(part, value)| Some((*part, part.wrong(value, chosen)?)));
        self.focus = wrong.as_ref().map(|(part, _)| *part);
        self.wrong = wrong;
        if self.wrong.is_none() {
            self.asked = Some(Asked::start(model));
            commands.push(Command::Account(self.kind.wish(self.end_others, |part| self.value(part).to_owned())));
        }
    }

    /// What stands below a field, and whether it is wrong.
    fn below(&self, part: Part) -> Option<(String, bool)> {
        match &self.wrong {
            Some((wrong, words)) if *wrong == part => Some((words.clone(), true)),
            _ => part.rule().map(|rule| (rule, false)),
        }
    }

    fn height(&self, ui: &Ui, words: &str, width: f32) -> f32 {
        let small = |words: &str, width| {
            text::explained(ui, &text::drawable(words), font::small(), egui::Color32::WHITE, width).size().y
        };
        let fields = self.values.iter().map(|(part, _)| {
            let below = self
                .below(*part)
                .map_or(0.0, |(words, wrong)| space::XS + small(&words, width - if wrong { 24.0 } else { 0.0 }));
            entry::HEIGHT + below + space::M
        });
        let choice = if self.kind.choice().is_some() { CHOICE } else { 0.0 };
        small(words, width) + space::M + fields.sum::<f32>() + choice
    }

    /// The words and the fields. Returns whether Enter was pressed in the last one.
    fn fields(&mut self, ui: &mut Ui, body: Rect, words: &str) -> bool {
        let begin = ui.min_rect().top();
        let mut y = begin;
        y += super::paragraph(ui, pos2(body.left(), y), words, body.width()) + space::M;
        let mut done = false;
        let mut next = None;
        let busy = self.asked.is_some();
        for at in 0..self.values.len() {
            let part = self.values[at].0;
            let below = self.below(part);
            let for_another = self.kind.is_for_another() && part == Part::New;
            let beside = match (part.is_secret(), for_another && self.random.is_some()) {
                (false, _) => 0.0,
                (true, false) => BESIDE + space::XS,
                (true, true) => 2.0 * (BESIDE + space::XS),
            };
            let entry = Entry {
                id: Self::id(part),
                label: self.kind.label(part),
                hint: "",
                secret: part.is_secret() && !self.shown,
                wrong: below.as_ref().is_some_and(|(_, wrong)| *wrong),
                enabled: !busy,
            };
            let before = self.values[at].1.clone();
            let entered = entry.show(ui, pos2(body.left(), y), body.width() - beside, &mut self.values[at].1);
            if self.values[at].1 != before && self.wrong.as_ref().is_some_and(|(wrong, _)| *wrong == part) {
                // It is being put right.
                self.wrong = None;
                ui.ctx().request_repaint();
            }
            match self.values.get(at + 1) {
                Some((following, _)) if entered => next = Some(*following),
                _ => done |= entered,
            }
            let middle = y + entry::HEIGHT - 21.0;
            let button = |nth: f32| {
                let x = body.right() - BESIDE / 2.0 - nth * (BESIDE + space::XS);
                Rect::from_center_size(pos2(x, middle), vec2(36.0, 36.0))
            };
            if part.is_secret() {
                let (sign, verb) = if self.shown { (Icon::EyeOff, "Hide") } else { (Icon::Eye, "Show") };
                let name = format!("{verb} the {}", self.kind.label(part).to_lowercase());
                if widgets::icon_button(ui, button(0.0), sign, &name).clicked() {
                    self.shown = !self.shown;
                    ui.ctx().request_repaint();
                }
            }
            if let Some(random) = self.random.filter(|_| for_another)
                && widgets::icon_button(ui, button(1.0), Icon::WandSparkles, "Suggest a password").clicked()
                && !busy
            {
                *self.values[at].1 = suggest::password(random());
                (self.shown, self.wrong) = (true, None);
                ui.ctx().request_repaint();
            }
            y += entry::HEIGHT;
            if let Some((words, wrong)) = below {
                y += space::XS;
                let at = pos2(body.left(), y);
                y += match wrong {
                    true => controls::trouble(ui, at, &words, body.width()),
                    false => super::paragraph(ui, at, &words, body.width()),
                };
            }
            y += space::M;
        }
        if let Some(label) = self.kind.choice() {
            let place = Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), CHOICE));
            if controls::check(ui, place, label, self.end_others, !busy).clicked() {
                self.end_others = !self.end_others;
                ui.ctx().request_repaint();
            }
            y += CHOICE;
        }
        // Not before all fields are drawn: the next one would take the text of this frame for its own.
        if let Some(part) = next.or(self.focus.take()) {
            ui.memory_mut(|memory| memory.request_focus(Self::id(part)));
            ui.ctx().request_repaint();
        }
        ui.allocate_rect(Rect::from_min_max(pos2(body.left(), begin), pos2(body.left() + 1.0, y)), Sense::hover());
        done
    }
}
