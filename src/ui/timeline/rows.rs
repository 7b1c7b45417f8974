//! What stands in a conversation, row by row: the view data of the timeline. Draws nothing.
//!
//! Rows are looked up by number, and there may be a hundred thousand messages: their rows are counted, not listed. Only
//! the few lines of comings and goings between them are listed, each with the number of its row.

use super::carried::Carried;
use super::notices::{self, Span};
use super::quote::Quote;
use super::reach::Reached;
pub use super::row::{Line, Revision, Row, RowId, Sent, Shown};
use crate::client::model::{Chat, Message, Model, Notice, Reach};
use crate::client::outbox::{Outgoing, Progress, What};
use crate::proto::chat::ChatKey;
use crate::proto::event::Status;
use crate::proto::ids::{Millis, Seq, UserId};
use crate::ui::happened;
use crate::ui::when::Clock;
use crate::visible::isolated;

/// Messages of one author within this time share a header, in milliseconds.
pub const GROUP_MS: u64 = 5 * 60 * 1000;

/// How far an entry of the outbox is.
fn progress(entry: &Outgoing) -> Sent<'_> {
    match &entry.progress {
        Progress::Pending => Sent::Pending,
        Progress::Failed(problem) => Sent::Failed { n: entry.n, reason: &problem.message },
    }
}

/// Whether what stands above is a line, too.
fn follows(before: Option<&Neighbour>) -> bool {
    before.is_some_and(|before| before.author.is_none())
}

/// The rows of a chat, by number: one head, the loaded messages with what happened between them, the outbox.
pub struct Rows<'a> {
    model: &'a Model,
    key: ChatKey,
    clock: &'a Clock,
    chat: Option<&'a Chat>,
    outgoing: Vec<&'a Outgoing>,
    divider: Option<Seq>,
    /// Comings and goings that are to be shown, oldest first.
    due: Vec<&'a Notice>,
    spans: Vec<Span>,
    reached: &'a Reached,
}

/// A row as its neighbours see it.
struct Neighbour {
    at: Millis,
    /// Who wrote it; nobody where something happened.
    author: Option<UserId>,
}

impl<'a> Rows<'a> {
    /// Looks at a chat.
    pub fn new(model: &'a Model, key: ChatKey, clock: &'a Clock, divider: Option<Seq>, reached: &'a Reached) -> Self {
        let chat = model.chat(key);
        let due = chat.map(|chat| notices::due(chat, clock)).unwrap_or_default();
        let spans = chat.map(|chat| notices::spans(chat, &due)).unwrap_or_default();
        let outgoing = model.outgoing(key).filter(|entry| entry.is_message()).collect();
        Self { model, key, clock, chat, outgoing, divider, due, spans, reached }
    }

    /// What is known of the chat.
    pub fn chat(&self) -> Option<&'a Chat> {
        self.chat
    }

    /// The time.
    pub fn clock(&self) -> &'a Clock {
        self.clock
    }

    /// How many rows there are, the head included.
    pub fn len(&self) -> usize {
        1 + self.messages() + self.spans.len() + self.outgoing.len()
    }

    /// How many messages are loaded.
    pub fn messages(&self) -> usize {
        self.chat.map_or(0, |chat| chat.messages.len())
    }

    /// How many messages are in the outbox.
    pub fn waiting(&self) -> usize {
        self.outgoing.len()
    }

    /// The lines of comings and goings.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// How many of those lines stand above a row.
    pub fn spans_above(&self, row: usize) -> usize {
        self.spans.partition_point(|span| span.row < row)
    }

    fn span(&self, row: usize) -> Option<&Span> {
        self.spans.get(self.spans_above(row)).filter(|span| span.row == row)
    }

    /// The number of a loaded message among the messages, by the number of its row.
    pub fn place(&self, row: usize) -> Option<usize> {
        let place = self.place_or_beyond(row)?;
        (place < self.messages()).then_some(place)
    }

    /// The same, going on through the outbox.
    fn place_or_beyond(&self, row: usize) -> Option<usize> {
        let above = self.spans_above(row);
        if self.spans.get(above).is_some_and(|span| span.row == row) {
            return None;
        }
        row.checked_sub(1 + above)
    }

    /// The number of the row of a loaded message, by its number among the messages.
    pub fn row_of(&self, place: usize) -> usize {
        1 + place + self.spans.partition_point(|span| span.before <= place)
    }

    /// A loaded message by the number of its row.
    pub fn message(&self, row: usize) -> Option<&'a Message> {
        self.chat?.messages.get(self.place(row)?)
    }

    fn outgoing(&self, row: usize) -> Option<&'a Outgoing> {
        self.outgoing.get(self.place_or_beyond(row)?.checked_sub(self.messages())?).copied()
    }

    /// Which row has that number.
    pub fn id(&self, row: usize) -> RowId {
        if let Some(span) = self.span(row) {
            return span.id;
        }
        match (self.message(row), self.outgoing(row)) {
            (Some(message), _) => RowId::Message(message.seq),
            (None, Some(outgoing)) => RowId::Outgoing(outgoing.n),
            (None, None) => RowId::Head,
        }
    }

    /// The number of a row, while it is there. Of comings and goings that are not told any more, where they were.
    pub fn find(&self, id: RowId) -> Option<usize> {
        match id {
            RowId::Head => Some(0),
            RowId::Message(seq) => {
                let messages = &self.chat?.messages;
                messages.binary_search_by_key(&seq, |message| message.seq).ok().map(|place| self.row_of(place))
            }
            RowId::Notice(from, _) => {
                let next = self.spans.partition_point(|span| span.from < from);
                match self.spans.get(next) {
                    Some(span) => Some(span.row),
                    None => Some(self.row_of(self.chat?.messages.partition_point(|message| message.at <= from))),
                }
            }
            RowId::Outgoing(n) => {
                let at = self.outgoing.iter().position(|entry| entry.n == n)?;
                Some(1 + self.messages() + self.spans.len() + at)
            }
        }
    }

    /// How far a stored message of this window's account has come.
    fn receipt(&self, seq: Seq) -> (Sent<'a>, Reach) {
        let reach = self.reached.at(self.model, self.key, seq);
        let sent = match reach.receivers {
            0 => Sent::Stored,
            all if reach.read == all => Sent::Read,
            all if reach.delivered == all => Sent::Delivered,
            _ => Sent::Stored,
        };
        (sent, reach)
    }

    fn neighbour(&self, row: usize) -> Option<Neighbour> {
        if let Some(span) = self.span(row) {
            return Some(Neighbour { at: span.from, author: None });
        }
        if let Some(message) = self.message(row) {
            let author = message.change.is_none().then_some(message.from);
            return Some(Neighbour { at: message.at, author });
        }
        Some(Neighbour { at: self.outgoing(row)?.written_at, author: Some(self.model.my_id()?) })
    }

    fn begins_day(&self, at: Millis, before: Option<&Neighbour>) -> bool {
        before.is_none_or(|before| self.clock.day(before.at) != self.clock.day(at))
    }

    /// Whether a line of comings and goings is the first of a day, and whether another line is right above it: all that
    /// its height depends on.
    pub fn shape(&self, span: &Span) -> (bool, bool) {
        let before = span.row.checked_sub(1).and_then(|before| self.neighbour(before));
        (self.begins_day(span.from, before.as_ref()), follows(before.as_ref()))
    }

    /// What a row shows; nothing for the head and for numbers that are none.
    pub fn get(&self, row: usize) -> Option<Shown<'a>> {
        let Neighbour { at, author } = self.neighbour(row)?;
        let before = row.checked_sub(1).and_then(|before| self.neighbour(before));
        let new_day = self.begins_day(at, before.as_ref());
        let day = new_day.then(|| self.clock.day_title(at));
        let Some(author) = author else {
            let (words, times) = self.happened(row)?;
            return Some(Shown::Line(Line { id: self.id(row), words, times, day, follows: follows(before.as_ref()) }));
        };

        let divider = self.divider.is_some() && self.message(row).map(|message| message.seq) == self.divider;
        let same = |before: &Neighbour| before.author == Some(author) && at.0.abs_diff(before.at.0) <= GROUP_MS;
        let grouped = before.as_ref().is_some_and(same);
        let row = match (self.message(row), self.outgoing(row)) {
            (Some(message), _) => self.stored(message),
            (None, Some(entry)) => self.waiting_row(entry),
            (None, None) => return None,
        };
        let header = !grouped || new_day || divider || row.quote.is_some();
        Some(Shown::Bubble(Box::new(Row { day, divider, header, ..row })))
    }

    /// A row of which only the words are known.
    fn saying(&self, id: RowId, author: UserId, at: Millis, text: &'a str, sent: Sent<'a>) -> Row<'a> {
        Row { own: self.model.is_me(author), ..Row::saying(id, self.model.name(author), at, text, sent) }
    }

    fn quote(&self, reply_to: Option<Seq>) -> Option<Quote<'a>> {
        Some(Quote::of(self.model, self.key, reply_to?))
    }

    /// A message that the server has: as it is after what its author has done to it, whether the server knows or not.
    fn stored(&self, message: &'a Message) -> Row<'a> {
        let own = self.model.is_me(message.from);
        let shown = self.model.shown(self.key, message);
        let revision = shown.pending.map(|entry| match entry.what {
            What::Delete(_) => Revision::Delete,
            What::Edit(_) | What::Say { .. } => Revision::Edit,
        });
        let deleted = shown.deleted;
        let (stored, reach) = if own { self.receipt(message.seq) } else { (Sent::Foreign, Reach::default()) };
        let sent = shown.pending.map_or(stored, progress);
        let edited = match (revision, shown.pending) {
            (Some(Revision::Edit), Some(entry)) => Some(entry.written_at),
            _ => message.edited.map(|edition| edition.at),
        };
        Row {
            revision,
            quote: self.quote(message.reply_to).filter(|_| !deleted),
            edited: edited.filter(|_| !deleted),
            deleted,
            file: Carried::by(self.model, message).filter(|_| !deleted),
            reach: (own && !deleted && self.key.is_room()).then_some(reach),
            calls_me: !own && !deleted && message.mentions_me,
            note: if own && !deleted && sent == Sent::Stored { self.note(message) } else { None },
            ..self.saying(RowId::Message(message.seq), message.from, message.at, shown.text, sent)
        }
    }

    /// A message that the server is not known to have.
    fn waiting_row(&self, entry: &'a Outgoing) -> Row<'a> {
        let reply_to = match entry.what {
            What::Say { reply_to, .. } => reply_to,
            What::Edit(_) | What::Delete(_) => None,
        };
        let me = self.model.my_id().unwrap_or_default();
        let (quote, file) = (self.quote(reply_to), Carried::with(entry));
        Row { quote, file, ..self.saying(RowId::Outgoing(entry.n), me, entry.written_at, &entry.text, progress(entry)) }
    }

    /// What happened, and exactly when.
    fn happened(&self, row: usize) -> Option<(String, String)> {
        if let Some(span) = self.span(row) {
            let due = self.due.get(span.due.clone()).unwrap_or_default();
            return Some((notices::sentence(self.model, due), notices::times(self.model, due, self.clock)));
        }
        let message = self.message(row)?;
        let words = happened::change_sentence(self.model, message.from, message.change.as_ref()?);
        Some((words, self.clock.exact(message.at)))
    }

    /// What is said below the newest message of a chat with one person while it waits for them.
    fn note(&self, message: &Message) -> Option<String> {
        let ChatKey::Person(with) = self.key else { return None };
        let last = self.chat?.messages.back()?.seq == message.seq && self.outgoing.is_empty();
        let person = self.model.people.get(&with)?;
        if !last || person.status != Status::Offline || self.model.is_me(with) {
            return None;
        }
        let seen = person.last_seen.map(|seen| format!(", {}", self.clock.last_seen(seen))).unwrap_or_default();
        Some(format!("{} is offline{seen} – it will be delivered at the next login", isolated(&person.username)))
    }
}
