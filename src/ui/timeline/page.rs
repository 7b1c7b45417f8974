//! What all rows of a frame share: how wide they may be, what time it is, who can be called by name, what is searched
//! for and what is chosen. And what somebody did with a row.

use std::collections::BTreeSet;

use super::body;
use super::chosen::Chosen;
use super::enclosed;
use super::quote;
use super::rows::RowId;
use crate::client::command::Command;
use crate::client::model::Message;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::find::Needle;
use crate::ui::mentions::Names;
use crate::ui::theme::{self, space};
use crate::ui::when::Clock;

/// The room inside a bubble, on its sides.
pub const PAD_X: f32 = 12.0;
/// The room inside a bubble, above and below.
pub const PAD_Y: f32 = 7.0;
/// Between bubbles of one group.
pub const GAP: f32 = 3.0;
/// Between what does not belong together.
pub const GAP_GROUP: f32 = 12.0;
/// The diameter of an avatar.
pub const AVATAR: f32 = 34.0;

/// What all rows of a frame share.
pub struct Page<'a> {
    /// Which chat.
    pub chat: ChatKey,
    /// How wide things may be.
    pub measure: Measure,
    /// The time.
    pub clock: &'a Clock,
    /// Who can be called by name.
    pub names: &'a Names,
    /// The long messages that are shown whole.
    pub unfolded: &'a BTreeSet<RowId>,
    /// What is searched for.
    pub needle: Option<&'a Needle>,
    /// The message that the search is at.
    pub here: Option<Seq>,
    /// The message that was asked for, for a moment.
    pub shown: Option<Seq>,
    /// What is chosen, while messages are chosen.
    pub chosen: Option<&'a Chosen>,
}

/// What somebody did with a row that only concerns this view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Show a long message whole, or only its beginning.
    Fold(RowId),
    /// Begin to choose messages, with that one.
    Select(Seq),
    /// Choose a message, or not any more.
    Choose(Seq),
    /// Choose all from the last one to that one.
    ChooseUpTo(Seq),
    /// Go to a message that is answered.
    Show(Seq),
    /// What is not done in this view.
    Wish(Wish),
}

/// What somebody wants with a message that is not done where messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Answer it.
    Reply(Seq),
    /// Give it another text.
    Edit(Seq),
    /// Take it back.
    Delete(Seq),
}

/// What somebody did in a frame.
#[derive(Debug, Default)]
pub struct Done {
    /// What others are to do.
    pub commands: Vec<Command>,
    /// What this view is to do.
    pub deeds: Vec<Deed>,
}

/// Whether it goes without saying who wrote what: on which side it stands says it.
pub fn of_two(chat: ChatKey) -> bool {
    matches!(chat, ChatKey::Person(_))
}

/// How wide things may be.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// From where to where the conversation reaches.
    pub left: f32,
    /// See `left`.
    pub right: f32,
    /// There is room for avatars.
    pub avatars: bool,
    /// The widest that a line of text gets.
    pub text: f32,
}

impl Measure {
    /// For a pane from `left` to `right`.
    pub fn of(left: f32, right: f32) -> Self {
        let middle = (left + right) / 2.0;
        let half = ((right - left - 2.0 * space::L) / 2.0).clamp(1.0, theme::COLUMN_MAX / 2.0);
        let avatars = right - left >= 560.0;
        let text = (2.0 * half * 0.78 - 2.0 * PAD_X).clamp(60.0, theme::BUBBLE_TEXT_MAX);
        Self { left: (middle - half).round(), right: (middle + half).round(), avatars, text }
    }

    /// A height for a message that has not been laid out.
    pub fn estimate(&self, message: &Message) -> f32 {
        let text = &message.text;
        let letters_per_line = (self.text / 7.2).max(1.0);
        let lines = text.bytes().filter(|byte| *byte == b'\n').count() as f32 + text.len() as f32 / letters_per_line;
        let folded = (body::LINES_MAX + 1) as f32;
        let quote = if message.reply_to.is_some() { quote::HEIGHT } else { 0.0 };
        let file = message.attachment.as_ref().map_or(0.0, |attachment| enclosed::estimate(attachment, self));
        quote + file + GAP + 2.0 * PAD_Y + (lines.floor() + 1.0).min(folded) * theme::LINE
    }

    /// The middle of the conversation.
    pub fn middle(&self) -> f32 {
        (self.left + self.right) / 2.0
    }
}
