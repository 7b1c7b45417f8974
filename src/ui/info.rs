//! Who has received and who has read a message: a card above the window, for the one who wrote it.
//!
//! What it shows is put together first, row by row, and then drawn. It closes by its button, by Escape and by a click
//! outside; while it is there, keys are its own.

use egui::{
    Align, Area, Color32, Event, Id, Key, Layout, Modifiers, Order, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    UiBuilder, UiKind, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::theme::{self, font, radius, space};
use super::when::Clock;
use super::{controls, presence, text, widgets};
use crate::client::command::Command;
use crate::client::model::{Info, Model};
use crate::proto::chat::ChatKey;
use crate::proto::event::{Receipt, Receipts};
use crate::proto::ids::UserId;
use crate::proto::limits::RECEIPTS_MAX;

const WIDTH: f32 = 380.0;
const HEIGHT: f32 = 600.0;
const TITLE: f32 = 54.0;
const HEADING: f32 = 38.0;
const PERSON: f32 = 48.0;
const MORE: f32 = 30.0;
const AVATAR: f32 = 34.0;
/// How much of the message is shown.
const LINES: usize = 3;
/// What is said in the place of those who have read it while this person does not let others know either.
const RECEIPTS_OFF: &str = "You have turned read receipts off, so you do not see what others have read.";

/// A row of the card.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// How many have it, or have read it.
    Heading(Stage, String),
    /// One of them, and when.
    Person { id: UserId, detail: String },
    /// There are more than are named.
    More(String),
    /// A sentence.
    Remark(&'static str),
}

/// How far a message has come with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Read,
    Delivered,
    Missing,
}

/// What the card shows of an answer.
fn entries(model: &Model, info: &Info, receipts: &Receipts, clock: &Clock) -> Vec<Entry> {
    let all = receipts.receivers;
    let (read_count, has_read): (u32, &[Receipt]) =
        if model.read_receipts { (receipts.read_count, &receipts.read) } else { (0, &[]) };
    let known = |list: &[Receipt], id: UserId| list.iter().any(|receipt| receipt.user == id);
    let waiting: Vec<Receipt> =
        receipts.delivered.iter().filter(|receipt| !known(has_read, receipt.user)).copied().collect();

    let mut entries = Vec::new();
    let list = |entries: &mut Vec<Entry>, named: &[Receipt], count: u32| {
        let person = |receipt: &Receipt| Entry::Person { id: receipt.user, detail: clock.exact(receipt.at) };
        entries.extend(named.iter().map(person));
        let more = (count as usize).saturating_sub(named.len());
        if more > 0 {
            entries.push(Entry::More(format!("and {more} more")));
        }
    };
    if model.read_receipts {
        entries.push(Entry::Heading(Stage::Read, format!("Read by {read_count} of {all}")));
        list(&mut entries, has_read, read_count);
    } else {
        entries.push(Entry::Remark(RECEIPTS_OFF));
    }
    // Whoever has read it has it; those are named above.
    let delivered = receipts.delivered_count.max(read_count);
    entries.push(Entry::Heading(Stage::Delivered, format!("Delivered to {delivered} of {all}")));
    list(&mut entries, &waiting, delivered - read_count);

    let missing = all.saturating_sub(delivered);
    if missing > 0 {
        entries.push(Entry::Heading(Stage::Missing, format!("Not yet delivered to {missing}")));
    }
    // Where a list was cut, it is not known who of the others has it.
    let named = |list: &[Receipt], count: u32| list.len() >= count as usize;
    let whole = named(&receipts.delivered, receipts.delivered_count) && named(has_read, read_count);
    let whole = whole && all as usize <= RECEIPTS_MAX;
    if missing > 0 && whole {
        let others = model.others(info.chat).into_iter().filter(|id| had_joined(model, info, *id));
        let rest = others.filter(|id| !known(&receipts.delivered, *id) && !known(has_read, *id));
        entries.extend(rest.map(|id| Entry::Person { id, detail: presence::of(model, id, clock) }));
    }
    entries
}

/// Whether somebody was in the room when the message was sent.
fn had_joined(model: &Model, info: &Info, id: UserId) -> bool {
    let joined = match info.chat {
        ChatKey::Everyone => model.people.get(&id).map(|person| person.joined),
        ChatKey::Group(group) => model.groups.get(&group).and_then(|group| group.joined.get(&id)).copied(),
        ChatKey::Person(_) => None,
    };
    joined.unwrap_or_default() <= info.seq
}

impl Entry {
    fn height(&self, ui: &Ui, width: f32) -> f32 {
        match self {
            Self::Heading(..) => HEADING,
            Self::Person { .. } => PERSON,
            Self::More(_) => MORE,
            Self::Remark(words) => remark(ui, words, width).size().y.ceil() + space::L,
        }
    }

    fn show(&self, ui: &mut Ui, rect: Rect, model: &Model) {
        let palette = theme::palette(ui);
        let left = rect.left_center();
        match self {
            Self::Heading(stage, words) => {
                let (sign, color) = match stage {
                    Stage::Read => (Icon::CheckCheck, palette.seen_own),
                    Stage::Delivered => (Icon::CheckCheck, palette.subdued),
                    Stage::Missing => (Icon::Clock3, palette.subdued),
                };
                let left = left + vec2(0.0, 3.0);
                widgets::icon(ui, left + vec2(8.0, 0.0), sign, 15.0, color);
                widgets::line(ui, left + vec2(24.0, 0.0), words, font::strong(), palette.text, rect.width() - 24.0);
            }
            Self::Person { id, detail } => {
                let name = model.name(*id);
                let said = ui.interact(rect, ui.unique_id().with(("person", id)), Sense::hover());
                let spoken = format!("{name}, {detail}");
                said.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::ListItem, true, &spoken));
                widgets::avatar(ui, left + vec2(AVATAR / 2.0, 0.0), AVATAR, name, None);
                let (left, room) = (left.x + AVATAR + space::M, rect.width() - AVATAR - space::M);
                let name = text::elided(ui, text::one_line(name), font::strong(), palette.text, room);
                let detail = text::elided(ui, detail.clone(), font::small(), palette.subdued, room);
                let top = rect.center().y - (name.size().y + detail.size().y) / 2.0;
                let below = top + name.size().y;
                ui.painter().galley(pos2(left, top), name, palette.text);
                ui.painter().galley(pos2(left, below), detail, palette.subdued);
            }
            Self::More(words) => {
                let left = left + vec2(AVATAR + space::M, 0.0);
                widgets::line(ui, left, words, font::small(), palette.subdued, rect.width() - AVATAR - space::M);
            }
            Self::Remark(words) => paragraph(ui, rect.min, words, rect.width(), palette.subdued),
        }
    }
}

fn remark(ui: &Ui, words: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    text::explained(ui, words, font::small(), theme::palette(ui).subdued, width)
}

fn paragraph(ui: &mut Ui, at: egui::Pos2, words: &str, width: f32, color: Color32) {
    let galley = text::explained(ui, &text::one_line(words), font::small(), color, width);
    widgets::say(ui, Rect::from_min_size(at, galley.size()), words);
    ui.painter().galley(at, galley, color);
}

/// Draws the card while somebody looks at a message's receipts. Whether it is there; then nothing that is typed is for
/// the views behind it.
pub fn show(ui: &Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> bool {
    let Some(info) = &model.info else { return false };
    let id = Id::unique("message info");
    let screen = ui.ctx().content_rect();
    let area = Area::new(id)
        .kind(UiKind::Modal)
        .order(Order::Foreground)
        .fixed_pos(screen.min)
        .default_size(screen.size())
        .constrain(false)
        .fade_in(false)
        .accessible_name("Message info");
    ui.ctx().memory_mut(|memory| memory.set_modal_layer(area.layer()));
    let shown = area.show(ui.ctx(), |ui| {
        ui.set_min_size(screen.size());
        let outside = ui.interact(screen, id.with("outside"), Sense::click() - Sense::FOCUSABLE);
        ui.painter().rect_filled(screen, 0.0, Color32::from_black_alpha(110));
        card(ui, id, screen, model, info, clock, commands) || outside.clicked()
    });
    let escaped = ui.input_mut(|input| {
        let escaped = input.consume_key(Modifiers::NONE, Key::Escape);
        input.events.retain(|event| {
            !matches!(event, Event::Text(_) | Event::Paste(_) | Event::Cut | Event::Ime(_) | Event::Key { .. })
        });
        escaped
    });
    if shown.inner || escaped {
        commands.push(Command::CloseInfo);
        ui.ctx().request_repaint();
    }
    true
}

/// The card itself. Returns whether it is to be closed.
fn card(
    ui: &mut Ui,
    id: Id,
    screen: Rect,
    model: &Model,
    info: &Info,
    clock: &Clock,
    commands: &mut Vec<Command>,
) -> bool {
    let palette = theme::palette(ui);
    let most = (screen.size() - vec2(2.0 * space::M, 2.0 * space::M)).max(vec2(1.0, 1.0));
    let width = WIDTH.min(most.x);
    let inner_width = (width - 2.0 * space::XL).max(1.0);
    let message = model.chat(info.chat).and_then(|chat| {
        let at = chat.messages.binary_search_by_key(&info.seq, |message| message.seq).ok()?;
        chat.messages.get(at)
    });
    let words = message.map_or("", |message| model.shown(info.chat, message).text);
    let quote = message.map(|_| quoted(ui, words, inner_width));
    let quote_height = quote.as_ref().map_or(0.0, |quote| quote.size().y + 2.0 * space::S + theme::LINE + space::M);
    let rows = match &info.receipts {
        Some(Ok(receipts)) => entries(model, info, receipts, clock),
        Some(Err(_)) | None => Vec::new(),
    };
    let rows_height: f32 = rows.iter().map(|row| row.height(ui, inner_width)).sum();
    let height = (TITLE + quote_height + rows_height.max(92.0) + space::M).min(HEIGHT).min(most.y).round();

    let card = Rect::from_center_size(screen.center(), vec2(width, height));
    let card = Rect::from_min_size(card.min.round(), card.size().round());
    // What is clicked within the card is not outside.
    ui.interact(card, id.with("card"), Sense::click() - Sense::FOCUSABLE);
    ui.painter().rect(card, radius::L, palette.surface, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    ui.set_clip_rect(card.intersect(ui.clip_rect()));
    let middle = card.top() + TITLE / 2.0 + 2.0;
    let left = card.left() + space::XL;
    widgets::line(ui, pos2(left, middle), "Message info", font::title(), palette.text, inner_width - 36.0);

    let mut top = card.top() + TITLE;
    if let (Some(quote), Some(message)) = (quote, message) {
        let place = Rect::from_min_size(pos2(left, top), vec2(inner_width, quote.size().y + 2.0 * space::S));
        ui.painter().rect_filled(place, radius::S, palette.bubble_own);
        widgets::say(ui, place, &crate::visible::cleaned(words));
        ui.painter().galley(place.min + vec2(space::M, space::S), quote, palette.text);
        let edited = message.edited.map(|edition| format!(" – edited {}", clock.exact(edition.at))).unwrap_or_default();
        let when = format!("{}{edited}", clock.exact(message.at));
        let under = pos2(left, place.bottom() + theme::LINE / 2.0 + 2.0);
        widgets::line(ui, under, &when, font::tiny(), palette.subdued, inner_width);
        top += quote_height;
    }
    let body = Rect::from_min_max(pos2(left, top), pos2(card.right() - space::S, card.bottom() - space::S));
    match &info.receipts {
        Some(Ok(_)) => list(ui, body, &rows, inner_width, model),
        Some(Err(problem)) => {
            let words = format!("Who has it could not be loaded: {}", problem.message);
            paragraph(ui, body.min + vec2(0.0, space::S), &words, inner_width, palette.danger);
            let button = pos2(left - space::S, card.bottom() - space::L - 14.0);
            if widgets::text_button(ui, button, "Try again", "info", palette.accent).clicked() {
                commands.push(Command::ShowInfo { chat: info.chat, seq: info.seq });
            }
        }
        None => paragraph(ui, body.min + vec2(0.0, space::S), "Asking the server…", inner_width, palette.subdued),
    }
    // Last, so that it is the last stop of the Tab key.
    let close = Rect::from_center_size(pos2(card.right() - space::L - 12.0, middle), vec2(32.0, 32.0));
    widgets::icon_button(ui, close, Icon::X, "Close").clicked()
}

/// The beginning of the message.
fn quoted(ui: &Ui, says: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    // More than this never fits, and a long text need not be laid out for it.
    let beginning: String = says.chars().take(400).collect();
    let words = text::one_line(&crate::visible::cleaned(&beginning));
    let words = if says.len() > beginning.len() { words + "…" } else { words };
    text::few_lines(ui, &words, font::body(), theme::palette(ui).text, width - 2.0 * space::M, LINES)
}

fn list(ui: &mut Ui, body: Rect, rows: &[Entry], width: f32, model: &Model) {
    let layout = Layout::top_down(Align::Min);
    let mut child = ui.new_child(UiBuilder::new().max_rect(body).layout(layout));
    child.set_clip_rect(body.intersect(ui.clip_rect()));
    child.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("receipts").auto_shrink(false).show(&mut child, |ui| {
        controls::scroll_by_keys(ui);
        for row in rows {
            let height = row.height(ui, width);
            let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
            if ui.is_rect_visible(rect) {
                row.show(ui, rect, model);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Me, Person};
    use crate::proto::chat::{GroupId, Past};
    use crate::proto::event::Status;
    use crate::proto::ids::{DeviceId, Millis, Seq};

    const HIKE: ChatKey = ChatKey::Group(GroupId(9));

    fn model() -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        model.link = crate::client::model::Link::Online;
        model.me = Some(Me { id: UserId(1), username: "Alice".into() });
        for (id, name) in (1..).zip(["Alice", "Bob", "Charlie", "Dora", "Emil"]) {
            let last_seen = (id == 5).then_some(Millis(0));
            model.people.insert(
                UserId(id),
                Person { username: name.into(), status: Status::Offline, last_seen, joined: Default::default() },
            );
        }
        let members = (1..=5).map(UserId).collect();
        model.groups.insert(
            GroupId(9),
            Group { name: "Hike".into(), owner: UserId(1), members, history: Past::All, joined: Default::default() },
        );
        model
    }

    fn receipts(delivered: &[u32], read: &[u32]) -> Receipts {
        let list = |ids: &[u32]| ids.iter().map(|id| Receipt { user: UserId(*id), at: Millis(0) }).collect();
        Receipts {
            chat: HIKE,
            seq: Seq(1),
            receivers: 4,
            delivered_count: delivered.len() as u32,
            read_count: read.len() as u32,
            delivered: list(delivered),
            read: list(read),
        }
    }

    fn shown(model: &Model, receipts: &Receipts) -> Vec<String> {
        let clock = Clock { now: Millis(30_000), zone: jiff::tz::TimeZone::UTC };
        let info = Info { chat: HIKE, seq: Seq(1), receipts: None };
        let says = |entry: &Entry| match entry {
            Entry::Heading(_, words) | Entry::More(words) => words.clone(),
            Entry::Person { id, detail } if detail.contains("1970") => model.name(*id).to_owned(),
            Entry::Person { id, detail } => format!("{}, {detail}", model.name(*id)),
            Entry::Remark(words) => (*words).to_owned(),
        };
        entries(model, &info, receipts, &clock).iter().map(says).collect()
    }

    #[test]
    fn everybody_stands_where_they_are() {
        let expected = [
            "Read by 1 of 4",
            "Bob",
            "Delivered to 2 of 4",
            "Charlie",
            "Not yet delivered to 2",
            "Dora, offline",
            "Emil, last seen just now",
        ];
        assert_eq!(shown(&model(), &receipts(&[2, 3], &[2])), expected);
        let all = ["Read by 4 of 4", "Bob", "Charlie", "Dora", "Emil", "Delivered to 4 of 4"];
        assert_eq!(shown(&model(), &receipts(&[2, 3, 4, 5], &[2, 3, 4, 5])), all);
    }

    #[test]
    fn what_others_have_read_is_not_said_to_those_who_do_not_say_it_either() {
        let mut model = model();
        model.read_receipts = false;
        let expected = [RECEIPTS_OFF, "Delivered to 4 of 4", "Bob", "Charlie", "Dora", "Emil"];
        assert_eq!(shown(&model, &receipts(&[2, 3, 4, 5], &[2])), expected);
    }

    #[test]
    fn a_list_that_was_cut_says_how_many_are_missing() {
        let mut receipts = receipts(&[2, 3], &[2]);
        (receipts.receivers, receipts.delivered_count, receipts.read_count) = (500, 327, 201);
        let shown = shown(&model(), &receipts);
        let expected = [
            "Read by 201 of 500",
            "Bob",
            "and 200 more",
            "Delivered to 327 of 500",
            "Charlie",
            "and 125 more",
            "Not yet delivered to 173",
        ];
        assert_eq!(shown, expected);
    }
}
