//! The pane of the open chat: its header, the conversation, the composer. And the bar of the connection above all.

use egui::{Event, Rect, Ui, UiBuilder, pos2, vec2};
use lucide_icons::Icon;

use super::composer::{self, Composer, Desk, Out};
use super::files::drop;
use super::header::{self, Way};
use super::mentions::Names;
use super::slash;
use super::text;
use super::theme::{self, font, space};
use super::timeline::{self, Decision, Timeline, Wish};
use super::when::Clock;
use super::widgets;
use crate::client::command::Command;
use crate::client::model::{Draft, Link, Model};

/// The height of the bar that tells of the connection, when one line says it.
const BAR: f32 = 38.0;

/// What the pane of a chat is made of.
pub struct Pane<'a> {
    /// The conversation.
    pub timeline: &'a mut Timeline,
    /// Where one writes.
    pub composer: &'a mut Composer,
    /// Who can be called by name.
    pub names: &'a Names,
    /// What is being written.
    pub draft: &'a mut Draft,
    /// There is one pane only: a way back is needed.
    pub narrow: bool,
    /// The details are open beside it.
    pub details: bool,
}

impl Pane<'_> {
    /// Draws the pane. Returns where somebody wants to go from it.
    pub fn show(mut self, ui: &mut Ui, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> Option<Way> {
        let key = self.timeline.chat();
        let all = ui.max_rect();
        let slow = composer::slow(model, clock);
        if let Some((_, holds)) = slow {
            ui.ctx().request_repaint_after(holds);
        }
        let desk = Desk { chat: key, model, names: self.names, slow: slow.map(|(count, _)| count) };
        // What is attached is looked at elsewhere, and is in the model when that is done.
        let attached = model.drafts.get(&key).map(|draft| draft.attachments.as_slice()).unwrap_or_default();
        if self.draft.attachments != attached {
            self.draft.attachments = attached.to_vec();
        }
        self.take_dropped(ui, commands);
        let before = self.draft.clone();
        if !self.timeline.is_choosing() {
            self.composer.prepare(ui, desk, self.draft);
        }
        let height = self.composer.height(ui, desk, self.draft, all.width()).min(all.height() - theme::HEADER);
        let (head, rest) = all.split_top_bottom_at_y(all.top() + theme::HEADER);
        let (middle, foot) = rest.split_top_bottom_at_y(all.bottom() - height);

        let mut way = header::show(ui, head, model, key, self.narrow, self.details, clock);
        let middle = self.search(ui, middle, model);
        // The composer comes first: what is sent in this frame is at the end of the conversation in the next one.
        let mut child = ui.new_child(UiBuilder::new().max_rect(foot));
        child.set_clip_rect(foot.intersect(ui.clip_rect()));
        if self.timeline.is_choosing() {
            // As high as the composer, so that nothing moves.
            match self.timeline.chosen_bar(&mut child, model, clock) {
                Some(Decision::Copied(count)) => {
                    let messages = if count == 1 { "message" } else { "messages" };
                    self.composer.say(key, Ok(format!("Copied {count} {messages}")));
                }
                Some(Decision::Cancelled) => self.composer.focus(),
                None => {}
            }
            let mut child = ui.new_child(UiBuilder::new().max_rect(middle));
            self.timeline.show(&mut child, model, self.names, clock, commands);
            return way;
        }
        let sent = self.composer.show(&mut child, desk, self.draft);
        match sent {
            Some(Out::Send(chat, text, reply_to)) => {
                let attachments = std::mem::take(&mut self.draft.attachments);
                commands.push(Command::Send { chat, text, reply_to, attachments });
                if chat == key {
                    self.timeline.go_to_end();
                }
            }
            Some(Out::Edit(seq, text)) => commands.push(Command::Edit { chat: key, seq, text }),
            Some(Out::Delete(seq)) => way = Some(Way::Delete(seq)),
            Some(Out::Forget) => commands.push(Command::ForgetAttachProblem),
            Some(Out::Show(seq)) => self.timeline.show_message(seq),
            None if is_typing(self.draft, &before) => commands.push(Command::Typing { chat: key }),
            None => {}
        }
        if let Some(seq) = self.draft.editing.as_ref().map(|editing| editing.seq).or(self.draft.reply_to) {
            self.timeline.ask_for_quote(model, seq, commands);
        }
        let mut child = ui.new_child(UiBuilder::new().max_rect(middle));
        self.timeline.show(&mut child, model, self.names, clock, commands);
        match self.timeline.take_wish() {
            Some(Wish::Reply(seq)) => self.composer.reply(model, key, self.draft, seq),
            Some(Wish::Edit(seq)) => self.composer.edit(ui, model, key, self.draft, seq),
            Some(Wish::Delete(seq)) => way = Some(Way::Delete(seq)),
            None => {}
        }
        drop::overlay(ui, all, model.title(key));
        if *self.draft != before {
            // After what is sent: it is not to be lost between the two.
            commands.push(self.composer.draft(ui, key, self.draft));
        }
        way
    }

    /// Files that were dropped go with what is being written.
    fn take_dropped(&mut self, ui: &Ui, commands: &mut Vec<Command>) {
        let (key, paths) = (self.timeline.chat(), drop::take(ui));
        if paths.is_empty() {
            return;
        }
        commands.push(Command::Attach { chat: key, paths });
        match &self.draft.editing {
            Some(_) => {
                let waits = "It waits for your next message, behind the change of this one";
                self.composer.say(key, Ok(waits.into()));
            }
            None => self.composer.focus(),
        }
    }

    /// The bar of the search, where one is open. Returns what is left below it.
    fn search(&mut self, ui: &mut Ui, middle: Rect, model: &Model) -> Rect {
        if !self.timeline.is_searching() {
            return middle;
        }
        let (bar, rest) = middle.split_top_bottom_at_y((middle.top() + timeline::SEARCH_BAR).min(middle.bottom()));
        let mut child = ui.new_child(UiBuilder::new().max_rect(bar));
        child.set_clip_rect(bar.intersect(ui.clip_rect()));
        if self.timeline.search_bar(&mut child, model) {
            super::withhold(ui, |event| matches!(event, Event::Text(_) | Event::Paste(_) | Event::Ime(_)));
        } else if !self.timeline.is_searching() {
            self.composer.focus();
        }
        rest
    }
}

/// Whether a message is being written that others can be told of: no command, and no change of what they have, which
/// is not in the text of the draft.
fn is_typing(draft: &Draft, before: &Draft) -> bool {
    !draft.text.is_empty() && draft.text != before.text && !slash::is_command(&draft.text)
}

/// The bar that says that the server is away. Returns how much height it took.
pub fn connection_bar(ui: &mut Ui, rect: Rect, model: &Model, clock: &Clock, commands: &mut Vec<Command>) -> f32 {
    let palette = theme::palette(ui);
    let (words, reason) = match &model.link {
        Link::Online => return 0.0,
        Link::Connecting => ("Connecting…".to_owned(), None),
        Link::Waiting { until, reason } => {
            let left_ms = until.0.saturating_sub(clock.now.0).max(0);
            let seconds = (left_ms + 999) / 1000;
            if left_ms > 0 {
                // The next number, and no frame before it.
                let to_next = left_ms - (seconds - 1) * 1000;
                let wait = std::time::Duration::from_millis(u64::try_from(to_next).unwrap_or(1000));
                ui.ctx().request_repaint_after(wait);
            }
            (format!("Reconnecting in {seconds} s – messages you write are kept"), Some(reason))
        }
        Link::Halted { reason } => ("Not connected – messages you write are kept".to_owned(), Some(reason)),
    };
    let left = rect.left() + space::L + 24.0;
    let button = if reason.is_some() { 98.0 } else { 0.0 };
    let room = rect.right() - space::L - button - left;
    // Where there is not enough room for the line, the bar takes two.
    let galley = text::explained(ui, &words, font::small(), palette.on_notice, room);
    let bar = Rect::from_min_size(rect.min, vec2(rect.width(), BAR - theme::LINE + galley.size().y.ceil()));
    ui.painter().rect_filled(bar, 0.0, palette.notice);
    let middle = bar.center().y;
    let sign = if reason.is_some() { Icon::CloudOff } else { Icon::Cloud };
    widgets::icon(ui, pos2(rect.left() + space::L + 8.0, middle), sign, 16.0, palette.on_notice);
    let place = Rect::from_min_size(pos2(left, middle - galley.size().y / 2.0), galley.size());
    widgets::say(ui, place, &words);
    ui.painter().galley(place.min, galley, palette.on_notice);
    if let Some(reason) = reason {
        let more = room - place.width() - space::M;
        if more > 80.0 && !reason.is_empty() {
            let why = format!("({reason})");
            widgets::line(ui, place.right_center() + vec2(space::S, 0.0), &why, font::small(), palette.on_notice, more);
        }
        let button = pos2(rect.right() - space::S - button, middle);
        if widgets::text_button(ui, button, "Retry now", "bar", palette.on_notice).clicked() {
            commands.push(Command::RetryNow);
        }
    }
    bar.height()
}
