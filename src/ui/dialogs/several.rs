//! The dialog that writes to several people at once, each in the chat with them, and then says what became of it.

use egui::{Align2, EventFilter, Id, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui};
use egui::{UiBuilder, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{Clicked, Foot, Step, layer, remark};
use crate::client::command::Command;
use crate::client::model::{Link, Model, Spread};
use crate::proto::event;
use crate::proto::event::Status;
use crate::proto::ids::UserId;
use crate::ui::composer::{self, Room};
use crate::ui::controls;
use crate::ui::edit::{self, Buffer};
use crate::ui::picker::{self, Picker};
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::when::Clock;
use crate::ui::widgets;
use crate::visible::isolated;

const LABEL: f32 = 22.0;
const TEXT: f32 = 4.0 * theme::LINE + 18.0;

/// What has been entered, and what was sent.
#[derive(Debug)]
pub struct Several {
    people: Picker,
    text: String,
    /// The number of the last one before it, while it is under way or done.
    sent_after: Option<u64>,
    problem: Option<String>,
    /// The number under which it was refused.
    refused: Option<u64>,
}

/// What became of the message for one of its receivers.
#[derive(Clone, Debug)]
struct Fate {
    who: Option<UserId>,
    name: String,
    words: String,
    /// Stored for somebody who is there, stored for somebody who is not, refused.
    sign: Icon,
    refused: bool,
}

fn fate(model: &Model, clock: &Clock, outcome: &event::Outcome, meant: Option<UserId>) -> Fate {
    let who = outcome.to.or(meant);
    let name = who.map_or("Somebody", |id| model.name(id)).to_owned();
    let (words, sign) = match (outcome.result, outcome.status.unwrap_or_default(), outcome.last_seen) {
        (false, ..) => {
            let why = outcome.error.as_ref().map_or("It was not taken", |problem| problem.message.as_str());
            (why.to_owned(), Icon::CircleAlert)
        }
        (true, Status::Online | Status::Away, _) => ("Sent".to_owned(), Icon::CircleCheck),
        (true, Status::Offline, Some(seen)) => {
            (format!("Delivered when they are back – {}", clock.last_seen(seen)), Icon::Clock3)
        }
        (true, Status::Offline, None) => ("Delivered when they are back".to_owned(), Icon::Clock3),
    };
    Fate { who, name, words, sign, refused: !outcome.result }
}

/// The one of this dialog's, once it is under way.
fn spread(model: &Model, sent_after: Option<u64>) -> Option<&Spread> {
    let after = sent_after?;
    model.spread.as_ref().filter(|spread| spread.n > after)
}

impl Several {
    /// Nobody yet, and nothing.
    pub fn new() -> Self {
        let mut people = Picker::default();
        people.focus();
        Self { people, text: String::new(), sent_after: None, problem: None, refused: None }
    }

    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Step {
        match spread(model, self.sent_after).map(|spread| (spread.n, &spread.outcomes)) {
            Some((_, Some(Ok(outcomes)))) => {
                let fates: Vec<Fate> = outcomes
                    .iter()
                    .enumerate()
                    .map(|(at, outcome)| fate(model, clock, outcome, self.people.chosen().get(at).copied()))
                    .collect();
                return report(ui, model, &fates);
            }
            Some((n, Some(Err(problem)))) => {
                self.sent_after = None;
                self.refused = Some(n);
                self.problem = Some(problem.message.clone());
            }
            Some((_, None)) | None => {}
        }
        let max = model.message_max_bytes;
        let (clicked, closed) = layer(ui, "Message several people", super::HEIGHT, |ui, inner| {
            let busy = self.sent_after.is_some();
            let waits = "It goes out as soon as the connection is back.";
            let problem = self.problem.clone().or((busy && model.link != Link::Online).then(|| waits.to_owned()));
            let foot = Foot {
                act: if busy { "Sending…" } else { "Send" },
                cancel: Some(if busy { "Close" } else { "Cancel" }),
                ready: self.ready(max) && !busy,
                problem: problem.as_deref(),
            };
            let text = inner.bottom() - foot.height(ui, inner.width()) - LABEL - TEXT;
            let list =
                Rect::from_min_max(inner.min, pos2(inner.right(), (text - space::M).max(inner.top() + picker::HEAD)));
            self.people.show(ui, list, "To", model, clock, &[]);
            let place = Rect::from_min_size(pos2(inner.left(), text), vec2(inner.width(), LABEL + TEXT));
            self.field(ui, place, max, busy);
            foot.show(ui, inner)
        });
        match clicked {
            Clicked::Act if self.ready(max) && self.sent_after.is_none() => self.send(model, commands),
            Clicked::Cancel => return Step::Close,
            Clicked::Act | Clicked::Nothing => {}
        }
        if closed { Step::Close } else { Step::Stay }
    }

    fn ready(&self, max: usize) -> bool {
        let some = !self.people.chosen().is_empty() && !self.people.too_many();
        some && !self.text.trim().is_empty() && !matches!(Room::of(&self.text, max), Room::Over(_))
    }

    fn send(&mut self, model: &Model, commands: &mut Vec<Command>) {
        // What was refused is not to stand in every chat when it is sent anew.
        commands.extend(self.refused.take().map(|n| Command::Discard { n }));
        self.problem = None;
        self.sent_after = Some(model.spread.as_ref().map_or(0, |spread| spread.n));
        let text = composer::sendable(&self.text).to_owned();
        commands.push(Command::SendToMany { people: self.people.chosen().to_vec(), text });
    }

    fn field(&mut self, ui: &mut Ui, place: Rect, max: usize, busy: bool) {
        let palette = theme::palette(ui);
        controls::label(ui, pos2(place.left(), place.top() + 8.0), "Message");
        let frame = Rect::from_min_max(place.min + vec2(0.0, LABEL), place.max);
        ui.painter().rect_filled(frame, radius::S, palette.field);
        let id = Id::unique("message to several people");
        if ui.interact(frame, id.with("frame"), Sense::click() - Sense::FOCUSABLE).clicked() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, width: f32| {
            edit::laid_out(ui, buffer.as_str(), font::body(), palette.text, Some(width))
        };
        let inner = frame.shrink2(vec2(12.0, 9.0));
        let mut child = ui.new_child(UiBuilder::new().max_rect(inner));
        let area = ScrollArea::vertical().id_salt(id).max_height(inner.height()).auto_shrink(false);
        let shown = area.show(&mut child, |ui| {
            let before = edit::before(ui, id, &self.text);
            let mut buffer = Buffer(&mut self.text);
            let field = TextEdit::multiline(&mut buffer)
                .id(id)
                .frame(egui::Frame::NONE)
                .font(font::body())
                .text_color(palette.text)
                .hint_text("Each of them gets it in the chat with you")
                .desired_width(f32::INFINITY)
                .desired_rows(1)
                .layouter(&mut layouter)
                .interactive(!busy)
                .return_key(egui::KeyboardShortcut::new(Modifiers::NONE, Key::Enter))
                .event_filter(EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() });
            let output = field.show(ui);
            edit::after(ui, id, &self.text, before, &output);
            output.response.response.accessible_name("Message to each of them")
        });
        let response = shown.inner;
        let outline = if response.has_focus() { palette.accent } else { palette.line };
        ui.painter().rect_stroke(frame, radius::S, Stroke::new(1.5, outline), StrokeKind::Inside);

        let (words, color) = match Room::of(&self.text, max) {
            Room::Plenty => return,
            Room::Left(bytes) => (format!("{bytes} bytes left"), palette.subdued),
            Room::Over(bytes) => (format!("{bytes} bytes too long to send: send it in parts"), palette.danger),
        };
        remark(ui, pos2(place.right(), place.top() + 8.0), Align2::RIGHT_CENTER, &words, color);
    }
}

/// What became of it, one line for each receiver.
fn report(ui: &Ui, model: &Model, fates: &[Fate]) -> Step {
    let refused = fates.iter().filter(|fate| fate.refused).count();
    let title = match (fates.len() - refused, refused) {
        (0, _) => "Not sent".to_owned(),
        (1, 0) => "Sent to 1 person".to_owned(),
        (sent, 0) => format!("Sent to {sent} people"),
        (sent, _) => format!("Sent to {sent} of {} people", fates.len()),
    };
    let height = super::TITLE + fates.len() as f32 * theme::MEMBER_ROW + super::FOOT + space::M;
    let (clicked, closed) = layer(ui, &title, height.min(super::HEIGHT), |ui, inner| {
        let foot = Foot { act: "Done", cancel: None, ready: true, problem: None };
        let list = Rect::from_min_max(inner.min, inner.max - vec2(0.0, foot.height(ui, inner.width())));
        let mut child = ui.new_child(UiBuilder::new().max_rect(list));
        child.set_clip_rect(list.intersect(ui.clip_rect()));
        child.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().id_salt("outcomes").auto_shrink(false);
        area.show_rows(&mut child, theme::MEMBER_ROW, fates.len(), |ui, range| {
            for fate in fates.get(range).unwrap_or_default() {
                line(ui, model, fate);
            }
        });
        foot.show(ui, inner)
    });
    let entered = ui.input(|input| input.key_pressed(Key::Enter));
    if closed || entered || clicked == Clicked::Act { Step::Close } else { Step::Stay }
}

fn line(ui: &mut Ui, model: &Model, fate: &Fate) {
    let palette = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::MEMBER_ROW), Sense::hover());
    response.widget_info(|| {
        let said = format!("{}: {}", isolated(&fate.name), fate.words);
        WidgetInfo::labeled(egui::accesskit::Role::ListItem, true, said)
    });
    let middle = rect.center().y;
    let status = fate.who.and_then(|id| Some((crate::ui::presence::status(model, id)?, palette.surface)));
    widgets::avatar(ui, pos2(rect.left() + 17.0, middle), 34.0, &fate.name, status);
    let left = rect.left() + 34.0 + space::M;
    let room = rect.right() - 28.0 - left;
    let galley = text::elided(ui, text::one_line(&fate.name), font::strong(), palette.text, room);
    ui.painter().galley(pos2(left, middle - 9.0 - galley.size().y / 2.0), galley, palette.text);
    let color = if fate.refused { palette.danger } else { palette.subdued };
    let galley = text::elided(ui, text::one_line(&fate.words), font::small(), color, room);
    ui.painter().galley(pos2(left, middle + 9.0 - galley.size().y / 2.0), galley, color);
    let color = match fate.sign {
        Icon::CircleCheck => palette.accent,
        Icon::Clock3 => palette.subdued,
        _ => palette.danger,
    };
    widgets::icon(ui, pos2(rect.right() - 11.0, middle), fate.sign, 19.0, color);
    response.on_hover_text(text::hint(&text::drawable(&fate.words)));
}
