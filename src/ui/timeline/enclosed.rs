//! The room that a file takes in its message, and what can be done with it. Its size is known before it is there, so that
//! nothing moves when it comes.

use egui::{CornerRadius, Rect, Ui, Vec2};
use lucide_icons::Icon;

use super::carried::{Carried, Way};
use super::page::{Done, Measure, PAD_X, PAD_Y, Page};
use super::row::Row;
use super::{file, picture};
use crate::client::command::Command;
use crate::proto::attachment::Attachment;
use crate::ui::files::pictures::{self, Detail, Shown};
use crate::ui::files::{self, FETCHED_UNASKED_MAX_BYTES, Order, may_run};
use crate::ui::theme::radius;

/// The edge of the bubble around a picture.
pub const EDGE: f32 = 3.0;
/// Between a file and the words below it.
const GAP: f32 = 6.0;
/// Between the time on a picture and its edge.
const TIME_EDGE: f32 = 8.0;
/// Words below a narrow picture are given so much room.
const CAPTION_MIN: f32 = 210.0;

/// The room of a file in a bubble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    size: Vec2,
    picture: bool,
}

/// How much room a file takes.
pub fn measure(carried: &Carried<'_>, measure: &Measure) -> Block {
    match carried.image {
        Some(image) => Block { size: picture::size(image, widest(measure)), picture: true },
        None => Block { size: file::size(measure.text), picture: false },
    }
}

/// A height for a file whose message has not been laid out, beside that of its words.
pub fn estimate(attachment: &Attachment, measure: &Measure) -> f32 {
    match attachment.image {
        Some(image) => picture::size(image, widest(measure)).y,
        None => file::size(measure.text).y,
    }
}

/// A picture reaches to the edge of its bubble.
fn widest(measure: &Measure) -> f32 {
    measure.text + 2.0 * (PAD_X - EDGE)
}

impl Block {
    /// How wide it is within the padding.
    pub fn width(&self) -> f32 {
        self.size.x - if self.picture { 2.0 * (PAD_X - EDGE) } else { 0.0 }
    }

    /// The widest that the words below it get.
    pub fn caption(&self, text: f32) -> f32 {
        if self.picture { text.min(self.width().max(CAPTION_MIN)) } else { text }
    }

    /// Where it begins, within the padding and below what takes so much room above it.
    pub fn top(&self, above: f32) -> f32 {
        match (self.picture, above > 0.0) {
            (true, false) => EDGE - PAD_Y,
            (true, true) => above + 2.0,
            (false, _) => above,
        }
    }

    /// Where words below it begin.
    pub fn below(&self, above: f32) -> f32 {
        self.top(above) + self.size.y + GAP
    }

    /// Where the bubble's padding begins below it, where no words do.
    pub fn bottom(&self, above: f32) -> f32 {
        self.top(above) + self.size.y + if self.picture { EDGE - PAD_Y } else { 0.0 }
    }

    /// Where the time stands if there are no words: on a picture, below a card. `bottom`: where the bubble's padding begins.
    pub fn time_top(&self, bottom: f32, time: f32) -> f32 {
        if self.picture { (bottom + PAD_Y - EDGE - TIME_EDGE - time).round() } else { bottom - time }
    }

    /// Its place in a bubble.
    pub fn place(&self, bubble: Rect, above: f32) -> Rect {
        let side = if self.picture { EDGE } else { PAD_X };
        let top = bubble.top() + PAD_Y + self.top(above);
        Rect::from_x_y_ranges(bubble.left() + side..=bubble.right() - side, top..=top + self.size.y)
    }

    /// Draws the file. `bubble` are the corners of what is around it; `above`: something stands between them and it. Returns whether a
    /// menu was asked for on a picture.
    pub fn paint(
        &self,
        ui: &mut Ui,
        row: &Row<'_>,
        place: Rect,
        (bubble, above): (CornerRadius, bool),
        page: &Page<'_>,
        done: &mut Done,
    ) -> bool {
        let Some(carried) = row.file.clone() else { return false };
        if let (None, Some(file), Some(path)) = (carried.attachment, carried.file, &carried.path) {
            // Once it is sent, it need not come back.
            pictures::note_own(ui.ctx(), file, path);
        }
        let carried = carried.at(|attachment| pictures::own(ui.ctx(), attachment.file));
        if !self.picture {
            file::paint(ui, row, &carried, place, page, done);
            return false;
        }
        let small = radius::TAIL + 1;
        let round =
            |corner: u8, outside: bool| if outside { corner.saturating_sub(EDGE as u8).max(small) } else { small };
        let alone = row.text.is_empty();
        let corners = CornerRadius {
            nw: round(bubble.nw, !above),
            ne: round(bubble.ne, !above),
            sw: round(bubble.sw, alone),
            se: round(bubble.se, alone),
        };
        picture::paint(ui, row, &carried, place, corners, page, done)
    }
}

/// What can be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Put a picture on the system's clipboard.
    Copy,
    /// Put it somewhere on this computer.
    Save,
    /// Fetch it, to be shown here.
    Fetch,
    /// It is not to be sent, or not to come.
    Cancel,
    /// Open it with the system's program for it.
    Open,
    /// Show where it is.
    Folder,
}

impl Act {
    /// Its word on a button.
    pub fn word(self, carried: &Carried<'_>) -> &'static str {
        match (self, carried.way) {
            (Self::Save | Self::Fetch, Way::Failed(_)) => "Try again",
            (Self::Copy, _) => "Copy picture",
            (Self::Save, _) => "Save as…",
            (Self::Fetch, _) => "Show",
            (Self::Cancel, _) => "Cancel",
            (Self::Open, _) => "Open",
            (Self::Folder, _) => "Open folder",
        }
    }

    /// Its sign.
    pub fn sign(self, carried: &Carried<'_>) -> Icon {
        match (self, carried.way) {
            (Self::Save | Self::Fetch, Way::Failed(_)) => Icon::RotateCw,
            (Self::Save | Self::Fetch, _) => Icon::Download,
            (Self::Copy, _) => Icon::Images,
            (Self::Cancel, _) => Icon::X,
            (Self::Open, _) => files::sign(carried.name),
            (Self::Folder, _) => Icon::FolderOpen,
        }
    }

    /// Does it, or asks for it.
    pub fn perform(self, ui: &Ui, carried: &Carried<'_>, commands: &mut Vec<Command>) {
        let path = || carried.path.as_deref().map(str::to_owned);
        match (self, carried.way, carried.attachment) {
            (Self::Copy, ..) => {
                if let Some(path) = path() {
                    files::ask(ui.ctx(), Order::CopyPicture { path });
                }
            }
            (Self::Save, _, Some(attachment)) => files::ask(ui.ctx(), Order::Save { attachment: attachment.clone() }),
            (Self::Fetch, _, Some(attachment)) => {
                commands.push(Command::Download { attachment: attachment.clone(), to: None });
            }
            (Self::Cancel, Way::Going { n, .. }, _) => commands.push(Command::CancelUpload { n }),
            (Self::Cancel, _, Some(attachment)) => {
                commands.push(Command::CancelDownload { file: attachment.file });
            }
            (Self::Open, ..) if !may_run(carried.name) => {
                if let Some(path) = path().filter(|path| !may_run(path)) {
                    files::ask(ui.ctx(), Order::Open { path });
                }
            }
            (Self::Folder, ..) => {
                if let Some(path) = path() {
                    files::ask(ui.ctx(), Order::OpenFolder { path });
                }
            }
            _ => {}
        }
    }
}

impl Carried<'_> {
    /// Has a picture come by itself that is in sight for the first time. Returns whether that was so now.
    pub fn fetch_unasked(&self, ui: &Ui, commands: &mut Vec<Command>) -> bool {
        let short = self.way == Way::There && self.size <= FETCHED_UNASKED_MAX_BYTES;
        let first = short && self.file.is_some_and(|file| pictures::is_first(ui.ctx(), file));
        if first {
            Act::Fetch.perform(ui, self, commands);
        }
        first
    }
}

/// What can be done with a file that is no picture, what one most likely wants first.
pub fn acts(carried: &Carried<'_>) -> &'static [Act] {
    match carried.way {
        Way::Going { .. } | Way::Coming(_) => &[Act::Cancel],
        Way::There | Way::Failed(_) => &[Act::Save],
        Way::Here if may_run(carried.name) => &[Act::Folder],
        Way::Here => &[Act::Open, Act::Folder],
        Way::Resting => &[],
    }
}

/// What the menu of a message has for its file.
pub fn in_menu(carried: &Carried<'_>) -> &'static [Act] {
    match carried.way {
        Way::Here if carried.attachment.is_some() && may_run(carried.name) => &[Act::Save, Act::Folder],
        Way::Here if carried.attachment.is_some() => &[Act::Save, Act::Open, Act::Folder],
        Way::Coming(_) | Way::There | Way::Failed(_) => &[Act::Save],
        Way::Going { .. } => &[Act::Cancel],
        Way::Here | Way::Resting => &[],
    }
}

/// A picture that can be copied: it is on the screen, and so on this computer.
pub fn to_copy<'a>(ui: &Ui, carried: &Carried<'a>) -> Option<Carried<'a>> {
    carried.image?;
    let carried = carried.clone().at(|attachment| pictures::own(ui.ctx(), attachment.file));
    let path = carried.path.as_ref().filter(|_| carried.way != Way::There)?;
    let shown = pictures::shown(ui.ctx(), path, Detail::Small);
    matches!(shown, Shown::There(_)).then_some(carried)
}
