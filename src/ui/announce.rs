//! New messages for those who do not see them: one line that is not drawn, which a screen reader says when it changes.
//!
//! egui knows no such live regions, but lets through what accesskit knows of them.

use egui::accesskit::{Live, Role};
use egui::{Id, Rect, Sense, Ui, WidgetInfo, vec2};

use super::attention::{News, name, shortened};
use crate::client::model::{Link, Model};
use crate::proto::chat::ChatKey;
use crate::proto::ids::{Seq, UserId};

/// The longest text that is said, in letters as people count them: a minute of it. The rest can be read in the chat.
const TEXT_MAX: usize = 800;

/// What is said, and how far it has been looked.
#[derive(Debug, Default)]
pub struct Announcer {
    /// Only what is open is told of.
    pub do_not_disturb: bool,
    since: Option<(UserId, Seq)>,
    words: String,
}

impl Announcer {
    /// Has the newest message said, if it has come since the last frame: with its text in the open chat, in another
    /// one with who wrote it and how much there is. In a window without the focus there is nobody to say it to.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, open: Option<ChatKey>) {
        if let Some(me) = model.my_id().filter(|_| model.link == Link::Online) {
            let before = self.since.replace((me, model.arrived));
            let since = before.filter(|(user, since)| *user == me && *since < model.arrived);
            if let Some((_, since)) = since
                && ui.input(|input| input.focused)
                && let Some(words) = self.news(model, me, since, open)
            {
                // The same words once more are said once more only when something about them is new.
                self.words = if self.words == words { format!("{words}\u{a0}") } else { words };
            }
        }
        if self.words.is_empty() {
            return;
        }
        let corner = Rect::from_min_size(ui.max_rect().min, vec2(1.0, 1.0));
        let response = ui.interact(corner, Id::unique("announcement"), Sense::empty());
        response.widget_info(|| WidgetInfo::labeled(Role::Status, true, &self.words));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
    }

    fn news(&self, model: &Model, me: UserId, since: Seq, open: Option<ChatKey>) -> Option<String> {
        let found = model.chats.iter().filter(|(key, _)| Some(**key) == open || !self.do_not_disturb);
        let found = found.filter_map(|(key, chat)| {
            // What is muted is looked at when it is open.
            let muted = chat.muted && Some(*key) != open;
            let news = News::of(chat, muted, me, since, 0)?;
            Some((*key, chat.attention(), news))
        });
        // What stands before the eyes of others comes first.
        let (key, unread, news) = found.max_by_key(|(key, _, news)| (Some(*key) == open, news.newest))?;
        let from = name(model.name(news.from));
        if Some(key) == open {
            return Some(format!("{from}: {}", shortened(news.words, TEXT_MAX)));
        }
        let number = if unread <= 1 { "1 new message".into() } else { format!("{unread} new messages") };
        Some(match key {
            ChatKey::Person(_) => format!("{from}: {number}"),
            ChatKey::Everyone | ChatKey::Group(_) => format!("{from}, in {}: {number}", name(model.title(key))),
        })
    }
}
