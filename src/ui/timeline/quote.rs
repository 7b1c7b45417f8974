//! The message that another one answers, above its words: whose it is and how it begins. A click, or Enter, leads there.
//!
//! It has one height whatever becomes of it, so that nothing moves when it comes, is changed or is taken back.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Galley, Id, Rect, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::page::{Deed, Done};
use super::row::{DELETED, Row};
use crate::client::command::Command;
use crate::client::model::{Answered, Link, Message, Model, QUOTES_MAX};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::text;
use crate::ui::theme::{self, Palette, font, radius, space};
use crate::ui::widgets;
use crate::visible;

/// The height of a quote, with what keeps it from the words below.
pub const HEIGHT: f32 = BOX + space::XS + 1.0;
const BOX: f32 = 44.0;
/// The bar in its author's colour.
const BAR: f32 = 3.0;
/// As much of a text is looked at: more never fits on a line.
const BEGINNING_MAX: usize = 300;
/// The narrowest that a quote gets: a short one is still something to click at.
const NARROWEST: f32 = 90.0;

/// What is said of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says<'a> {
    /// How it begins.
    Text(&'a str),
    /// It has no text but a file of that name.
    File(&'a str),
    /// It was taken back.
    Deleted,
    /// It is not there yet.
    Loading,
    /// It is not for this person, or not there.
    Missing,
}

/// A message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Its place.
    pub seq: Seq,
    /// Who wrote it, as far as that is known.
    pub author: Option<&'a str>,
    /// Whether this person did.
    pub own: bool,
    /// What there is to say of it.
    pub says: Says<'a>,
}

impl<'a> Quote<'a> {
    /// Of a message of a chat: as it is now, loaded or only asked for.
    pub fn of(model: &'a Model, chat: ChatKey, seq: Seq) -> Self {
        match find(model, chat, seq) {
            Ok(message) => {
                let shown = model.shown(chat, message);
                let file = message.attachment.as_ref().map(|file| file.name.as_str());
                let says = match (shown.deleted, file) {
                    (true, _) => Says::Deleted,
                    (false, Some(file)) if shown.text.trim().is_empty() => Says::File(file),
                    (false, _) => Says::Text(shown.text),
                };
                Self { seq, author: Some(model.name(message.from)), own: model.is_me(message.from), says }
            }
            Err(says) => Self { seq, author: None, own: false, says },
        }
    }

    /// Its words on one line.
    pub fn words(&self) -> Cow<'a, str> {
        match self.says {
            Says::Text(words) => {
                let words = words.get(..words.floor_char_boundary(BEGINNING_MAX)).unwrap_or(words);
                text::one_line(&visible::cleaned(words)).into()
            }
            Says::File(name) => text::one_line(name).into(),
            Says::Deleted => DELETED.into(),
            Says::Loading => "Loading…".into(),
            Says::Missing => "Message not available".into(),
        }
    }

    /// Who wrote it, for people.
    pub fn who(&self) -> Option<&'a str> {
        if self.own { Some("You") } else { self.author }
    }

    /// The words are not those of its author.
    fn is_remark(&self) -> bool {
        !matches!(self.says, Says::Text(_))
    }

    /// As a screen reader says it.
    pub fn spoken(&self) -> String {
        let who = self.who().map(|who| format!("{}: ", text::one_line(who))).unwrap_or_default();
        format!("{who}{}", self.words())
    }
}

/// A message of a chat, loaded or as a quote.
fn find(model: &Model, chat: ChatKey, seq: Seq) -> Result<&Message, Says<'static>> {
    match model.chat(chat).map(|chat| chat.answered_message(seq)) {
        Some(Answered::Known(message)) => Ok(message),
        Some(Answered::Missing) => Err(Says::Missing),
        Some(Answered::Asked | Answered::Unknown) | None => Err(Says::Loading),
    }
}

/// A message of a chat, as far as it is known.
pub fn known(model: &Model, chat: ChatKey, seq: Seq) -> Option<&Message> {
    find(model, chat, seq).ok()
}

/// Which quotes were asked for: each once, and once more when the connection has come back.
#[derive(Debug, Default)]
pub struct Asking {
    online: bool,
    asked: BTreeSet<Seq>,
}

impl Asking {
    /// Asks for a message that is answered and was not asked for.
    pub fn ask(&mut self, model: &Model, chat: ChatKey, seq: Seq, commands: &mut Vec<Command>) {
        let online = model.link == Link::Online;
        if std::mem::replace(&mut self.online, online) != online || self.asked.len() >= QUOTES_MAX {
            self.asked.clear();
        }
        let on_its_way = model.chat(chat).is_some_and(|chat| chat.quotes.contains_key(&seq));
        if on_its_way {
            // The model remembers so many. One that it forgets is asked for again.
            self.asked.remove(&seq);
        } else if self.asked.insert(seq) {
            commands.push(Command::FetchQuote { chat, seq });
        }
    }
}

/// A quote that has been measured.
pub struct Look {
    name: Option<Arc<Galley>>,
    words: Arc<Galley>,
    /// How wide it is by itself.
    pub width: f32,
}

/// What is said that nobody wrote, in a bubble of this person or of somebody else.
fn subdued(own: bool, palette: &Palette) -> Color32 {
    if own { palette.subdued_own } else { palette.subdued }
}

/// Lays a quote out. `own`: in a bubble of this person.
pub fn measure(ui: &Ui, quote: &Quote<'_>, own: bool, room: f32) -> Look {
    let palette = theme::palette(ui);
    let room = (room - BAR - 2.0 * space::S).max(1.0);
    let name_color = quote.author.map_or(palette.text, |author| palette.answered(theme::tint(author)));
    let name = quote.who().map(|who| text::elided(ui, text::one_line(who), font::small_strong(), name_color, room));
    let color = if quote.is_remark() { subdued(own, palette) } else { palette.text };
    let words = text::elided(ui, quote.words().into_owned(), font::small(), color, room);
    let widest = name.as_ref().map_or(0.0, |name| name.size().x).max(words.size().x);
    let width = (widest.min(room) + BAR + 2.0 * space::S).max(NARROWEST.min(room)).ceil();
    Look { name, words, width }
}

impl Look {
    /// Draws it. `still`: it leads nowhere now. Returns whether a menu was asked for on it.
    pub fn paint(
        &self,
        ui: &mut Ui,
        quote: &Quote<'_>,
        row: &Row<'_>,
        room: Rect,
        still: bool,
        done: &mut Done,
    ) -> bool {
        let palette = theme::palette(ui);
        let place = Rect::from_min_size(room.min, vec2(room.width(), BOX));
        let of_author = quote.author.and_then(|author| palette.names.get(theme::tint(author)).copied());
        let tint = of_author.unwrap_or_else(|| subdued(row.own, palette));
        let corners = CornerRadius::same(radius::TAIL);
        let mut asked = false;
        let leads = !still && quote.says != Says::Missing;
        let mut fill = if row.own { palette.quote_own } else { palette.quote };
        if leads {
            let response = ui.interact(place, Id::unique(("quote", row.id)), Sense::click());
            let name = format!("In reply to {}", quote.spoken());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if response.hovered() {
                fill = fill.lerp_to_gamma(tint, 0.08);
            }
            ui.painter().rect_filled(place, corners, fill);
            widgets::focus_ring(ui, &response, corners);
            if response.clicked() {
                done.deeds.push(Deed::Show(quote.seq));
            }
            asked = response.secondary_clicked();
        } else {
            ui.painter().rect_filled(place, corners, fill);
            widgets::say(ui, place, &format!("In reply to {}", quote.spoken()));
        }
        let bar = Rect::from_min_size(place.min, vec2(BAR, BOX));
        ui.painter().rect_filled(bar, CornerRadius { ne: 0, se: 0, ..corners }, tint);
        let left = place.left() + BAR + space::S;
        let lines = [self.name.as_ref(), Some(&self.words)];
        let height: f32 = lines.into_iter().flatten().map(|line| line.size().y).sum();
        let mut top = place.center().y - height / 2.0;
        for line in lines.into_iter().flatten() {
            ui.painter().galley(pos2(left, top.round()), Arc::clone(line), palette.text);
            top += line.size().y;
        }
        asked
    }

    /// How much room it takes above the words.
    pub fn size(&self) -> Vec2 {
        vec2(self.width, HEIGHT)
    }
}
