//! What stands where no messages are: above the first one, and in a chat that has none to show.

use egui::{Rect, Ui, pos2, vec2};
use lucide_icons::Icon;

use super::HEAD;
use super::page::Measure;
use crate::client::command::Command;
use crate::client::model::{Link, Model};
use crate::proto::chat::{Change, ChatKey, Past};
use crate::ui::theme::{self, font, space};
use crate::ui::{text, widgets};
use crate::visible::isolated;

/// What stands above the first message.
pub fn head(ui: &mut Ui, measure: &Measure, top: f32, model: &Model, key: ChatKey, commands: &mut Vec<Command>) {
    let palette = theme::palette(ui);
    let chat = model.chat(key);
    let place = Rect::from_min_max(pos2(measure.left, top), pos2(measure.right, top + HEAD));
    let words = if let Some(problem) = chat.and_then(|chat| chat.problem.as_ref()) {
        format!("Older messages could not be loaded: {problem}")
    } else if chat.is_some_and(|chat| chat.complete) {
        beginning(model, key)
    } else if model.link == Link::Online {
        "Loading older messages…".to_owned()
    } else {
        "Older messages come with the connection".to_owned()
    };
    let failed = chat.is_some_and(|chat| chat.problem.is_some());
    let room = place.width() - if failed { 110.0 } else { 0.0 };
    let color = if failed { palette.danger } else { palette.subdued };
    let galley = text::elided(ui, text::one_line(&words), font::small(), color, room);
    let mut at = place.center() - galley.size() / 2.0;
    if failed {
        at.x -= 50.0;
    }
    let said = Rect::from_min_size(at, galley.size());
    widgets::say(ui, said, &words);
    ui.painter().galley(at, galley, color);
    let button = said.right_center() + vec2(space::S, 0.0);
    if failed && widgets::text_button(ui, button, "Try again", key, palette.accent).clicked() {
        commands.push(Command::LoadOlder { chat: key });
    }
}

/// What is said where nothing older is.
fn beginning(model: &Model, key: ChatKey) -> String {
    let title = isolated(model.title(key));
    match key {
        ChatKey::Person(_) => format!("Beginning of your conversation with {title}"),
        ChatKey::Everyone => "Beginning of the conversation of everyone".to_owned(),
        ChatKey::Group(id) => {
            let first = model.chat(key).and_then(|chat| chat.messages.front());
            let made = first.is_some_and(|first| matches!(first.change.as_deref(), Some(Change::Created { .. })));
            let joined = model.groups.get(&id).is_some_and(|group| group.history == Past::Joined);
            if joined && !made {
                "What was said before you joined is not shown".to_owned()
            } else {
                format!("Beginning of “{title}”")
            }
        }
    }
}

/// A chat that has no message to show: loading, failed, or empty.
pub fn nothing(ui: &mut Ui, view: Rect, model: &Model, key: ChatKey, commands: &mut Vec<Command>) {
    let palette = theme::palette(ui);
    let chat = model.chat(key);
    let name = match key {
        ChatKey::Everyone => "everyone",
        ChatKey::Group(_) | ChatKey::Person(_) => model.title(key),
    };
    if let Some(problem) = chat.and_then(|chat| chat.problem.as_ref()) {
        widgets::empty(ui, view, Icon::CloudAlert, "The messages could not be loaded", problem);
        let button = pos2(view.center().x - 38.0, view.center().y + 92.0);
        if widgets::text_button(ui, button, "Try again", key, palette.accent).clicked() {
            commands.push(Command::LoadOlder { chat: key });
        }
    } else if chat.is_some_and(|chat| chat.complete) {
        let hint = format!("Say hello to {}", isolated(name));
        widgets::empty(ui, view, Icon::MessageCircle, "No messages yet", &hint);
    } else if model.link == Link::Online {
        widgets::empty(ui, view, Icon::MessagesSquare, "Loading messages…", "");
    } else {
        let hint = "What was said here comes with the connection. What you write now is kept.";
        widgets::empty(ui, view, Icon::MessagesSquare, "Loading messages…", hint);
    }
}
