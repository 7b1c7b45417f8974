//! Whether a server is the right one: asked at first contact, and an alarm where its certificate is not the one that it
//! was. Nothing was sent to it, and nothing is before the answer.

use std::sync::Arc;

use egui::{Color32, Galley, Id, Key, Modifiers, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use super::{WIDTH, card};
use crate::client::command::Command;
use crate::client::model::{Model, TrustQuestion};
use crate::ui::controls::{self, Field};
use crate::ui::prints::{self, Print};
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};

/// The diameter of the sign beside the title.
const SIGN: f32 = 40.0;
/// The width of the field for the first group.
const FIRST: f32 = 104.0;

/// The question that is being answered.
#[derive(Debug, Default)]
pub struct Asking {
    /// What was asked in the last frame.
    question: Option<TrustQuestion>,
    /// What was typed to show that the new fingerprint was looked at.
    typed: String,
    focused: bool,
}

/// What there is to see, from above.
enum Part {
    /// Words of the program, and what a screen reader says.
    Words(Arc<Galley>, String, Color32),
    Gap(f32),
    Print(Print),
    /// The way to take a new certificate for the right one.
    Consent(String),
}

impl Part {
    fn height(&self) -> f32 {
        match self {
            Self::Words(galley, ..) => galley.size().y,
            Self::Gap(gap) => *gap,
            Self::Print(_) => prints::HEIGHT,
            Self::Consent(_) => prints::LABEL + controls::FIELD,
        }
    }
}

impl Asking {
    /// Asks, above everything else, if there is something to ask. Returns whether there is.
    pub fn show(&mut self, ui: &Ui, model: &Model, commands: &mut Vec<Command>) -> bool {
        let Some(question) = &model.trust else {
            *self = Self::default();
            return false;
        };
        if self.question.as_ref() != Some(question) {
            *self = Self { question: Some(question.clone()), ..Self::default() };
        }
        let first = question.is_first_contact();
        let width = (ui.ctx().content_rect().width() - 2.0 * space::M).min(WIDTH) - 2.0 * space::XL;
        let parts = parts(ui, question, width.max(1.0));
        let title = title(ui, question, width - SIGN - space::M);
        let head = title.size().y.max(SIGN) + 2.0 * space::M;
        let foot = controls::FIELD + space::M + space::L;
        let height = head + parts.iter().map(Part::height).sum::<f32>() + foot;
        let place = |screen: Rect, size| Rect::from_center_size(screen.center(), size);
        let (answer, left) = card(ui, words_of_title(question), vec2(WIDTH, height), place, |ui, card| {
            let inner = card.shrink2(vec2(space::XL, 0.0));
            heading(ui, inner, head, &title, question);
            let body = Rect::from_min_max(
                pos2(inner.left(), card.top() + head),
                pos2(inner.right(), (card.bottom() - foot).max(card.top() + head + 1.0)),
            );
            let accepted = self.body(ui, body, &parts);
            let refused = self.foot(ui, inner.with_max_y(card.bottom() - space::L), first);
            refused.or(accepted)
        });
        let answer = answer.or(left.then_some(false));
        if let Some(accept) = answer {
            commands.push(Command::Trust { accept });
            ui.ctx().request_repaint();
        }
        true
    }

    /// What there is to read, which scrolls where the window is too low for it. Returns true once the new certificate was
    /// accepted.
    fn body(&mut self, ui: &mut Ui, body: Rect, parts: &[Part]) -> Option<bool> {
        let mut child = ui.new_child(UiBuilder::new().max_rect(body));
        child.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let area = ScrollArea::vertical().id_salt("question of trust").auto_shrink(false);
        let shown = area.show(&mut child, |ui| {
            controls::scroll_by_keys(ui);
            let mut accepted = None;
            for part in parts {
                let size = vec2(ui.available_width(), part.height());
                let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                match part {
                    Part::Gap(_) => {}
                    Part::Words(galley, words, color) => {
                        widgets::say(ui, rect, words);
                        ui.painter().galley(rect.min, galley.clone(), *color);
                    }
                    Part::Print(it) => it.show(ui, rect),
                    Part::Consent(first) => accepted = self.consent(ui, rect, first),
                }
            }
            accepted
        });
        shown.inner
    }

    /// The field for the first group of the new fingerprint, and the button that it opens.
    fn consent(&mut self, ui: &mut Ui, rect: Rect, first: &str) -> Option<bool> {
        controls::label(
            ui,
            pos2(rect.left(), rect.top() + prints::LABEL / 2.0),
            "To use it all the same, type its first group",
        );
        let (_, row) = rect.split_top_bottom_at_y(rect.top() + prints::LABEL);
        let (field, button) = row.split_left_right_at_x(row.left() + FIRST);
        let id = Id::unique("first group");
        let with =
            Field { name: "First group of the new fingerprint", hint: "", sign: None, wrong: false, enabled: true };
        let response = controls::field(ui, field, id, &mut self.typed, &with);
        let ready = self.typed.trim().eq_ignore_ascii_case(first);
        let button = Rect::from_min_max(button.min + vec2(space::S, 0.0), button.max);
        let button = button.with_max_x(button.right().min(button.left() + 184.0));
        let used = controls::danger_button(ui, button, "Use the new certificate", "trust", ready);
        if response.gained_focus() || used.gained_focus() {
            ui.scroll_to_rect(rect, None);
        }
        (ready && used.clicked()).then_some(true)
    }

    /// The buttons at the end.
    fn foot(&mut self, ui: &mut Ui, inner: Rect, first: bool) -> Option<bool> {
        let appears = !std::mem::replace(&mut self.focused, true);
        let right = |width: f32| Rect::from_min_max(inner.max - vec2(width, controls::FIELD), inner.max);
        if !first {
            let response = widgets::primary_button(ui, right(150.0), "Do not connect", true);
            if appears {
                response.request_focus();
            }
            return response.clicked().then_some(false);
        }
        let act = right(176.0);
        let cancel = Rect::from_min_size(act.min - vec2(96.0 + space::S, 0.0), vec2(96.0, controls::FIELD));
        let cancel = controls::quiet_button(ui, cancel, "Cancel", "trust");
        if appears {
            // Who has pressed Enter to sign in and presses it again has compared nothing.
            cancel.request_focus();
        }
        let clicked = widgets::primary_button(ui, act, "They match: connect", true).clicked();
        let pressed = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        match (clicked || pressed, cancel.clicked()) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }
}

fn words_of_title(question: &TrustQuestion) -> &'static str {
    match (question.may_be_right(), question.known) {
        (false, _) => "This is not the server of your link",
        (true, Some(_)) => "The server’s certificate has changed",
        (true, None) => "Is this the right server?",
    }
}

fn title(ui: &Ui, question: &TrustQuestion, width: f32) -> Arc<Galley> {
    text::explained(ui, words_of_title(question), font::title(), theme::palette(ui).text, width)
}

/// The sign, the title and the address.
fn heading(ui: &mut Ui, inner: Rect, height: f32, title: &Arc<Galley>, question: &TrustQuestion) {
    let palette = theme::palette(ui);
    let middle = inner.top() + height / 2.0;
    let disc = pos2(inner.left() + SIGN / 2.0, middle);
    let (behind, front, sign) = match question.is_first_contact() {
        true => (palette.selected, palette.accent, Icon::FingerprintPattern),
        false => (palette.danger, palette.surface, Icon::TriangleAlert),
    };
    ui.painter().circle_filled(disc, SIGN / 2.0, behind);
    widgets::icon(ui, disc, sign, 22.0, front);
    let corner = pos2(inner.left() + SIGN + space::M, middle - title.size().y / 2.0);
    widgets::say(ui, Rect::from_min_size(corner, title.size()), words_of_title(question));
    ui.painter().galley(corner, title.clone(), palette.text);
}

/// What is said and shown, in order.
fn parts(ui: &Ui, question: &TrustQuestion, width: f32) -> Vec<Part> {
    let palette = theme::palette(ui);
    let words = |words: &str, font, color| {
        let galley = text::explained(ui, &text::drawable(words), font, color, width);
        Part::Words(galley, words.to_owned(), color)
    };
    let body = |said: &str| words(said, font::body(), palette.text);
    let small = |said: &str| words(said, font::small(), palette.subdued);
    let now = |label, beside| Print { label, fingerprint: question.fingerprint, beside, copied: true };
    let mut parts = vec![words(&question.server, font::strong(), palette.text), Part::Gap(space::XS)];
    match question.right() {
        None => {
            parts.push(body(
                "This computer has not met this server before. Its fingerprint tells it from anybody who stands in \
                 between and pretends to be it. Nothing was sent yet.",
            ));
            if let Some(lost) = &question.lost {
                let lost = format!(
                    "Or it has: what was remembered of servers is damaged, and kept as {lost}. If you were here before, \
                     compare with special care."
                );
                parts.extend([Part::Gap(space::S), words(&lost, font::small(), palette.danger)]);
            }
            parts.extend([Part::Gap(space::M), Part::Print(now("Fingerprint", None)), Part::Gap(space::S)]);
            parts.push(small(
                "Compare it with what the server’s owner sees: it is printed when the server starts, and stands in \
                 its administration.",
            ));
        }
        Some(right) => {
            let changed = question.may_be_right();
            parts.push(body(if changed {
                "Either the server was set up anew, or somebody in between wants to read along. Nothing was \
                 sent: no password, no message. Ask its owner first."
            } else {
                "What answers at that address has another certificate than your link says: it may be somebody in between. \
                 Nothing was sent. Ask whoever gave you the link for a new one."
            }));
            if question.expected == Some(question.fingerprint) {
                parts.extend([Part::Gap(space::S), body("The link that you followed names the new one.")]);
            }
            let label = if changed { "Before" } else { "Your link" };
            let before = Print { label, fingerprint: right, beside: None, copied: false };
            parts.extend([Part::Gap(space::M), Part::Print(before), Part::Gap(space::S)]);
            parts.push(Part::Print(now(if changed { "Now" } else { "This server" }, Some(right))));
            if changed {
                let first = question.fingerprint.groups().next().unwrap_or_default();
                parts.extend([Part::Gap(space::M), Part::Consent(first)]);
            }
        }
    }
    parts
}
