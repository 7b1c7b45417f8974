//! Where messages are written. Decides when a text is sent, and to whom; what it is sent with is a command.

mod about;
mod card;
mod caret;
mod chooser;
mod complete;
mod emoji;
mod enclosed;
mod enter;
mod field;
mod grid;
mod offer;
mod paste;
mod popup;
mod revise;
mod room;
mod strip;

use egui::{Id, Key, Modifiers, Rect, Stroke, TextEdit, Ui, pos2, vec2};

use self::about::{About, Clicked};
use self::card::Card;
pub use self::caret::{is_for_composer, place_carets};
use self::chooser::Chooser;
use self::complete::Offer;
use self::enclosed::CLIP;
use self::enter::{Enter, Keys};
use self::revise::Left;
pub use self::room::Room;
use self::strip::Strip;
pub use self::strip::slow;
use super::edit;
use super::emoji::taste::Taste;
use super::mentions::Names;
use super::slash::{self, Slash};
use super::text;
use super::theme::{self, font, space};
use crate::client::command::Command;
use crate::client::model::Draft;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::visible::isolated;

/// The composer grows to this many lines, then scrolls.
pub const LINES_MAX: usize = 8;
/// How high the composer is for one line.
pub const LOWEST: f32 = theme::LINE + 2.0 * PAD + 2.0 * space::M - 2.0;
const PAD: f32 = 11.0;
const BUTTON: f32 = 42.0;
const COUNTER: f32 = 22.0;
/// The room of the button at the end of the field.
const SMILE: f32 = 34.0;

/// Where one writes, and what is known there.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The open chat.
    pub chat: ChatKey,
    /// What is known.
    pub model: &'a Model,
    /// Who can be called by name there.
    pub names: &'a Names,
    /// How many messages the server takes its time with.
    pub slow: Option<usize>,
}

/// What the composer keeps between frames.
#[derive(Debug, Default)]
pub struct Composer {
    /// An input method is putting a character together; its Enter is not ours.
    composing: bool,
    /// The caret is to go there, because a chat was opened.
    wants_focus: bool,
    /// The chat that the rest is about.
    chat: Option<ChatKey>,
    /// What is offered for the word at the caret.
    offer: Option<Offer>,
    /// Which of the choices is the one that Enter takes.
    chosen: usize,
    /// Nothing is to be offered for what begins there.
    declined: Option<usize>,
    /// What was asked for by a command.
    card: Option<Card>,
    /// What was done, or why it was not, until the next key.
    done: Option<Result<String, String>>,
    /// A draft that could not be sent, and why.
    wrong: Option<(String, String)>,
    keys: Keys,
    /// A message that was being changed, until one comes back to it.
    left: Option<Left>,
    /// The text that the message which is being changed has now.
    before: Option<(Seq, String)>,
    /// The card of emoji, while it is open.
    chooser: Option<Chooser>,
    /// The emoji and the tone of skin that this person likes.
    pub taste: Taste,
}

/// What is to become of what somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// It is sent to a chat, as the answer to a message of that chat.
    Send(ChatKey, String, Option<Seq>),
    /// It is the new text of a message.
    Edit(Seq, String),
    /// Nothing was left of a message: perhaps it is to be taken back.
    Delete(Seq),
    /// Nothing; that message is to be looked at.
    Show(Seq),
    /// Nothing; why a file was not attached has been read.
    Forget,
}

/// What the list shows of a draft: the text at which somebody writes.
pub fn preview(draft: &Draft) -> &str {
    draft.editing.as_ref().map_or(&draft.text, |editing| &editing.text)
}

/// The part of a draft that is sent: without the empty lines around it.
pub fn sendable(draft: &str) -> &str {
    draft.trim_end().trim_start_matches(['\n', '\r'])
}

impl Composer {
    /// Puts the caret into the composer.
    pub fn focus(&mut self) {
        self.wants_focus = true;
    }

    /// Says above the field what was done in that chat, or why it was not, until the next key, and takes the caret.
    pub fn say(&mut self, chat: ChatKey, done: Result<String, String>) {
        if self.chat == Some(chat) {
            self.done = Some(done);
        }
        self.wants_focus = true;
    }

    /// Says whether Enter sends; otherwise Ctrl+Enter does.
    pub fn enter_sends(&mut self, sends: bool) {
        self.keys = if sends { Keys::Enter } else { Keys::CtrlEnter };
    }

    /// Whether an input method is at work.
    pub fn composing(&self) -> bool {
        self.composing
    }

    /// Closes what stands above the composer. Says whether there was anything.
    pub fn peel(&mut self) -> bool {
        if self.chooser.take().is_some() {
            self.wants_focus = true;
            return true;
        }
        if let Some(offer) = self.offer.take() {
            self.declined = Some(offer.range.start);
            return true;
        }
        self.card.take().is_some()
    }

    /// How high the composer will be for that text, in a pane of that width.
    pub fn height(&self, ui: &Ui, desk: Desk<'_>, draft: &Draft, pane_width: f32) -> f32 {
        let (about, strip) = (About::of(desk, draft), self.strip(desk, draft));
        let files = if enclosed::has_row(draft) { enclosed::HEIGHT } else { 0.0 };
        let above = files + if about.is_some() { about::HEIGHT } else { 0.0 };
        let clip = clip(draft);
        let draft = preview(draft);
        let galley = edit::laid_out(ui, draft, font::body(), egui::Color32::WHITE, Some(text_width(pane_width, clip)));
        let lines = galley.rows.len().clamp(1, LINES_MAX);
        let max = desk.model.message_max_bytes;
        let counter = if Room::of(draft, max) == Room::Plenty { 0.0 } else { COUNTER };
        let (left, right) = column(0.0, pane_width);
        let strip = strip.map_or(0.0, |strip| strip.height(ui, right - left));
        above + (lines - 1) as f32 * theme::LINE + LOWEST + counter + strip
    }

    /// What is said above the field.
    fn strip(&self, desk: Desk<'_>, draft: &Draft) -> Option<Strip> {
        // What is about a message of this chat is not for somebody alone.
        let alone = draft.editing.is_none() && draft.reply_to.is_none();
        let draft = preview(draft);
        if let Some((_, why)) = self.wrong.as_ref().filter(|(wrong, _)| wrong == draft) {
            return Some(Strip::Wrong(why.clone()));
        }
        if let Some(why) = &desk.model.attach_problem {
            return Some(Strip::NotAttached(why.clone()));
        }
        if let Some(done) = &self.done {
            return Some(match done.clone() {
                Ok(done) => Strip::Done(done),
                Err(why) => Strip::Wrong(why),
            });
        }
        if let Some((to, _)) = desk.names.addressed(sendable(draft)).filter(|_| alone) {
            return Some(Strip::Alone(desk.model.name(to).to_owned(), self.keys.send_alone()));
        }
        desk.slow.map(Strip::Slow)
    }

    /// What is being written has changed: it is to outlive the window.
    pub fn draft(&self, ui: &Ui, chat: ChatKey, draft: &Draft) -> Command {
        let mut draft = draft.clone();
        caret::note_carets(ui, chat, &mut draft);
        Command::SetDraft { chat, draft }
    }

    /// What was about another chat is gone.
    fn enter_chat(&mut self, chat: ChatKey) {
        if self.chat.replace(chat) != Some(chat) {
            let Self { composing, wants_focus, chat, keys, .. } = *self;
            let (taste, left) = (std::mem::take(&mut self.taste), self.left.take());
            *self = Self { composing, wants_focus, chat, keys, taste, left, ..Self::default() };
        }
    }

    /// Draws the composer and returns what is to become of what was written.
    pub fn show(&mut self, ui: &mut Ui, desk: Desk<'_>, whole: &mut Draft) -> Option<Out> {
        let (about, strip) = (About::of(desk, whole), self.strip(desk, whole));
        let (clip, editing) = (clip(whole), whole.editing.as_ref().map(|editing| editing.seq));
        let draft = whole.editing.as_mut().map_or(&mut whole.text, |editing| &mut editing.text);
        let palette = theme::palette(ui);
        let pane = ui.max_rect();
        ui.painter().rect_filled(pane, 0.0, palette.surface);
        ui.painter().hline(pane.x_range(), pane.top(), Stroke::new(1.0, palette.line));
        if self.done.is_some() && key_pressed(ui) {
            self.done = None;
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::E)) {
            self.toggle_chooser();
        }

        let (left, right) = column(pane.left(), pane.right());
        let max = desk.model.message_max_bytes;
        let room = Room::of(draft, max);
        let counter = if room == Room::Plenty { 0.0 } else { COUNTER };
        let mut above = strip.as_ref().map_or(0.0, |strip| strip.height(ui, right - left));
        let not_attached = matches!(strip, Some(Strip::NotAttached(_)));
        let pressed = strip.is_some_and(|strip| strip.show(ui, pos2(left, pane.top()), right - left));
        let (alone, forgotten) = (pressed && !not_attached, pressed && not_attached);
        let mut asked = Clicked::Nothing;
        if let Some(about) = &about {
            asked = about.show(ui, pos2(left, pane.top() + above), right - left);
            above += about::HEIGHT;
        }
        let files = editing.is_none() && !whole.attachments.is_empty();
        if files {
            self.wants_focus |=
                enclosed::show(ui, pos2(left, pane.top() + above), right - left, desk.chat, &mut whole.attachments);
            above += enclosed::HEIGHT;
        }
        let frame = Rect::from_min_max(
            pos2(left, pane.top() + above + space::M - 1.0),
            pos2(right - BUTTON - space::S, pane.bottom() - space::M + 1.0 - counter),
        );

        let id = caret::field_id(desk.chat, editing);
        self.take_focus(ui, id);
        let (steps, tab) = self.keys_of_offer(ui, id);
        let enter = self.enter(ui, id);
        if self.chooser.is_none()
            && let Some(why) = paste::receive(ui, desk.chat, draft.len(), max)
        {
            self.wrong = Some((draft.clone(), why));
            ui.ctx().request_repaint();
        }
        let hint = match editing {
            Some(_) => "Message as it is to be".into(),
            None => format!("Message {}", isolated(&text::one_line(desk.model.title(desk.chat)))),
        };
        field::show(ui, id, frame, clip, &hint, draft);
        self.choose_emoji(ui, id, frame, right, draft);
        if editing.is_none() {
            self.wants_focus |= enclosed::button(ui, desk.chat, frame);
        }

        self.write_emoji(ui, id, draft);
        self.look_for_offer(ui, id, desk, draft, editing.is_some());
        let clicked_choice = self.show_offer(ui, id, desk, frame, steps);
        let chosen = match &self.offer {
            Some(offer) => offer.choices.get(clicked_choice.unwrap_or(self.chosen)).copied(),
            None => None,
        };
        let takes = clicked_choice.is_some() || tab || matches!(enter, Enter::Plain | Enter::Take);
        let offered = self.offer.is_some();
        if let Some(choice) = chosen.filter(|_| takes) {
            self.take_choice(ui, id, desk, draft, choice);
        } else if let Some(card) = self.card.filter(|_| !offered)
            && card.show(ui, frame, pane, desk, self.keys.send_alone())
        {
            self.card = None;
        }

        // A message that is changed to nothing is taken back, or keeps the file that it carries.
        let some = editing.is_some() || files || !draft.trim().is_empty();
        let ready = some && !matches!(Room::of(draft, max), Room::Over(_));
        let button = Rect::from_min_size(pos2(right - BUTTON, frame.bottom() - BUTTON), vec2(BUTTON, BUTTON));
        let clicked = room::send_button(ui, button, ready, editing.is_some(), self.keys.send());
        room::limit(ui, pos2(frame.left() + space::XS, frame.bottom() + COUNTER / 2.0 + 3.0), room);

        // Whatever the button did, writing goes on.
        self.wants_focus |= clicked || pressed;
        if forgotten {
            return Some(Out::Forget);
        }
        let plain = clicked || (enter == Enter::Plain && chosen.is_none());
        let sent = match (asked, editing) {
            (Clicked::Show(seq), _) => return Some(Out::Show(seq)),
            (Clicked::Close, _) => {
                self.peel_about(desk.model, desk.chat, whole);
                ui.ctx().request_repaint();
                return None;
            }
            (Clicked::Nothing, _) if !ready => None,
            (Clicked::Nothing, Some(_)) if plain || enter == Enter::Alone => {
                return self.submit_edit(ui, id, desk, whole);
            }
            (Clicked::Nothing, None) if plain => self.submit(ui, id, desk, draft),
            (Clicked::Nothing, None) if whole.reply_to.is_none() && (alone || enter == Enter::Alone) => {
                self.submit_alone(ui, id, desk, draft)
            }
            (Clicked::Nothing, _) => None,
        };
        let (chat, text) = sent?;
        let reply_to = if chat == desk.chat { whole.reply_to.take() } else { None };
        Some(Out::Send(chat, text, reply_to))
    }

    /// Does what the draft asks for. What cannot be done stays in the draft.
    fn submit(&mut self, ui: &Ui, id: Id, desk: Desk<'_>, draft: &mut String) -> Option<(ChatKey, String)> {
        let (to, text) = match slash::parse(sendable(draft), desk.names) {
            Slash::Text(text) => (desk.chat, text.to_owned()),
            Slash::Private { to, text } => (ChatKey::Person(to), text.to_owned()),
            Slash::All(text) => (ChatKey::Everyone, text.to_owned()),
            Slash::Wrong(why) => {
                self.wrong = Some((draft.clone(), why));
                ui.ctx().request_repaint();
                return None;
            }
            asked @ (Slash::Who | Slash::Help) => {
                self.card = Some(if asked == Slash::Who { Card::Who } else { Card::Help });
                self.empty(ui, id, draft);
                return None;
            }
        };
        self.card = None;
        self.empty(ui, id, draft);
        if to != desk.chat {
            self.say_done(desk.model, to);
        }
        Some((to, text))
    }

    /// Sends a draft that calls somebody first to that person alone, without the call.
    fn submit_alone(&mut self, ui: &Ui, id: Id, desk: Desk<'_>, draft: &mut String) -> Option<(ChatKey, String)> {
        let text = sendable(draft);
        let (to, begin) = desk.names.addressed(text)?;
        let text = text.get(begin..)?.to_owned();
        self.card = None;
        self.empty(ui, id, draft);
        self.say_done(desk.model, ChatKey::Person(to));
        Some((ChatKey::Person(to), text))
    }

    fn say_done(&mut self, model: &Model, to: ChatKey) {
        let name = isolated(model.title(to));
        let alone = if to.is_room() { "" } else { " alone" };
        self.done = Some(Ok(format!("Sent to {name}{alone}")));
    }

    fn empty(&mut self, ui: &Ui, id: Id, draft: &mut String) {
        draft.clear();
        // The caret and the history of edits belong to the text that has gone.
        TextEdit::store_state(ui.ctx(), id, Default::default());
        self.wants_focus = true;
        self.wrong = None;
        (self.offer, self.declined) = (None, None);
        ui.ctx().request_repaint();
    }

    /// Typing reaches the composer wherever the focus was, the first character included.
    fn take_focus(&mut self, ui: &Ui, id: Id) {
        if ui.memory(|memory| memory.top_modal_layer().is_some()) {
            return;
        }
        let focused = ui.memory(|memory| memory.focused());
        let typed = focused != Some(id)
            && self.chooser.is_none()
            && ui.input(|input| {
                input.events.iter().any(|event| match event {
                    // A space is also how a focused button is pressed.
                    egui::Event::Text(text) => focused.is_none() || text != " ",
                    egui::Event::Paste(_) => true,
                    egui::Event::Ime(egui::ImeEvent::Preedit { text, .. }) => !text.is_empty(),
                    _ => false,
                })
            });
        if std::mem::take(&mut self.wants_focus) || typed {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }

    /// Whether Enter was pressed, and how.
    fn enter(&mut self, ui: &Ui, id: Id) -> Enter {
        let mut input_method = self.composing;
        ui.input(|input| {
            for event in &input.events {
                match event {
                    egui::Event::Ime(egui::ImeEvent::Preedit { text, .. }) => {
                        self.composing = !text.is_empty();
                        input_method = true;
                    }
                    egui::Event::Ime(egui::ImeEvent::Commit(_)) => {
                        self.composing = false;
                        input_method = true;
                    }
                    _ => {}
                }
            }
        });
        if !ui.memory(|memory| memory.has_focus(id)) {
            return Enter::No;
        }
        let offers = self.offer.as_ref().is_some_and(|offer| !offer.choices.is_empty());
        let pressed = self.keys.pressed(ui, offers);
        if input_method { Enter::No } else { pressed }
    }
}

/// Whether a key was pressed, of whatever kind. One that is still held down does not count.
fn key_pressed(ui: &Ui) -> bool {
    ui.input(|input| {
        input.events.iter().any(|event| match event {
            egui::Event::Key { pressed, repeat, .. } => *pressed && !repeat,
            egui::Event::Text(_) | egui::Event::Paste(_) | egui::Event::Cut => true,
            egui::Event::Ime(egui::ImeEvent::Preedit { text, .. }) => !text.is_empty(),
            _ => false,
        })
    })
}

/// From where to where the composer reaches: the same column as the conversation above it.
fn column(left: f32, right: f32) -> (f32, f32) {
    let middle = (left + right) / 2.0;
    let half = ((right - left - 2.0 * space::L) / 2.0).clamp(1.0, theme::COLUMN_MAX / 2.0);
    ((middle - half).round(), (middle + half).round())
}

/// The room of the button that attaches files. A message that is being changed gets none.
fn clip(draft: &Draft) -> f32 {
    if draft.editing.is_some() { 0.0 } else { CLIP }
}

fn text_width(pane_width: f32, clip: f32) -> f32 {
    let (left, right) = column(0.0, pane_width);
    (right - left - BUTTON - space::S - clip - SMILE - 2.0 * (PAD + 5.0)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_around_a_text_are_not_sent_and_its_indentation_is() {
        assert_eq!(sendable("\n\n  code\n  more \n\n"), "  code\n  more");
        assert_eq!(sendable("hi"), "hi");
    }
}
