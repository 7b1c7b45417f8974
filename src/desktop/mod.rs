//! What a window has to do with the desktop around it: notifications, the icon in the tray, and where it goes when it is
//! closed.
//!
//! What deserves attention is decided in [`crate::ui::attention`]. Here it is carried out, on threads of their own: the
//! window waits for nothing. `notifications` does that with `bus` or `native`, by the system; `tray` or `native_tray` is
//! the icon in the tray.

#[cfg(all(unix, not(target_os = "macos")))]
mod bus;
pub mod icon;
mod mailbox;
#[cfg(any(windows, target_os = "macos"))]
mod native;
#[cfg(any(windows, target_os = "macos"))]
mod native_tray;
pub mod notifications;
#[cfg(all(unix, not(target_os = "macos")))]
pub mod tray;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use egui::{Event, UserAttentionType, ViewportCommand};

#[cfg(any(windows, target_os = "macos"))]
use self::native_tray::Tray;
use self::notifications::Notifications;
#[cfg(all(unix, not(target_os = "macos")))]
use self::tray::Tray;
use crate::client::model::Model;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::Window;
use crate::ui::attention::{Attention, Settings};

/// The most reports that wait for the window. Each is a click of somebody.
const REPORTS_MAX: usize = 64;

/// What somebody did outside of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// They want to see that message.
    Open(ChatKey, Seq),
    /// They want to see the window.
    Raise,
    /// They want to be left alone, or not any more.
    DoNotDisturb(bool),
    /// They want the program to end.
    Quit,
    /// The tray is gone, and with it the way back to a hidden window.
    TrayGone,
}

/// Where reports go. They wake the window.
#[derive(Clone)]
pub struct Reports {
    queue: SyncSender<Report>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Reports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reports").finish_non_exhaustive()
    }
}

impl Reports {
    /// A queue for reports; `wake` is called after each of them, from any thread.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> (Self, Receiver<Report>) {
        let (queue, reports) = sync_channel(REPORTS_MAX);
        (Self { queue, wake: Arc::new(wake) }, reports)
    }

    /// Hands a report on. One that finds the queue full is dropped: the window is stuck, and whoever clicked sees that.
    pub fn send(&self, report: Report) {
        let _ = self.queue.try_send(report);
        (self.wake)();
    }
}

/// What the icon in the tray shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Face {
    /// How many messages ask for attention.
    pub unread: u32,
    /// Nothing is told of.
    pub do_not_disturb: bool,
}

impl Face {
    /// The same in words.
    pub fn words(&self) -> String {
        let mut words = String::from("Parlor");
        if self.unread > 0 {
            words.push_str(&format!(" – {} unread", self.unread));
        }
        if self.do_not_disturb {
            words.push_str(", do not disturb");
        }
        words
    }
}

/// The desktop around a window.
#[derive(Debug)]
pub struct Desktop {
    attention: Attention,
    notifications: Notifications,
    tray: Tray,
    reports: Receiver<Report>,
    begun: Instant,
    /// The window is closed, and the program goes on in the tray.
    hidden: bool,
    /// The program is to end, not to hide.
    quitting: bool,
    /// The last frame in which the keys that end the program were pressed.
    quit_pressed: Option<u64>,
}

impl Desktop {
    /// The desktop around the window of that context. The icon in the tray appears.
    pub fn start(ctx: &egui::Context) -> Self {
        let ctx = ctx.clone();
        let (sender, reports) = Reports::new(move || ctx.request_repaint());
        Self {
            attention: Attention::default(),
            notifications: Notifications::new(sender.clone()),
            tray: Tray::start(sender),
            reports,
            begun: Instant::now(),
            hidden: false,
            quitting: false,
            quit_pressed: None,
        }
    }

    /// Does what is to be done in each turn of the window, seen or not: follows what was clicked, tells what is new, and
    /// decides whether a window that is to close hides.
    pub fn attend(&mut self, ctx: &egui::Context, model: &Model, window: &mut Window, settings: &mut Settings) {
        while let Ok(report) = self.reports.try_recv() {
            match report {
                Report::Open(chat, seq) => {
                    self.raise(ctx, model, window);
                    if model.chat(chat).is_some() {
                        window.open_message(chat, seq, model);
                    }
                }
                Report::Raise => self.raise(ctx, model, window),
                Report::DoNotDisturb(on) => settings.do_not_disturb = on,
                Report::Quit => {
                    self.quitting = true;
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                    // It is looked at in the next turn, which may be long in coming.
                    ctx.request_repaint();
                }
                Report::TrayGone if self.hidden => self.raise(ctx, model, window),
                Report::TrayGone => {}
            }
        }
        window.set_do_not_disturb(settings.do_not_disturb);

        // A hidden window gets no input but this.
        let focused = !self.hidden && ctx.input(|input| input.raw.focused);
        let watched = window.watched().filter(|_| focused);
        let look = self.attention.look(model, watched, *settings, self.begun.elapsed());
        look.deeds.into_iter().for_each(|deed| self.notifications.perform(deed));
        if let Some(wait) = look.again {
            ctx.request_repaint_after(wait);
        }
        self.tray.show(Face { unread: model.unread(), do_not_disturb: settings.do_not_disturb });
        self.close(ctx, *settings);
    }

    /// Whether there is an icon in a tray, and so a way back to a window that is closed.
    pub fn has_tray(&self) -> bool {
        self.tray.is_there()
    }

    /// Whether the window is closed, and the program goes on in the tray.
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Lets a window that is to close hide, where its person has chosen that.
    fn close(&mut self, ctx: &egui::Context, settings: Settings) {
        let shortcuts = ctx.options(|options| options.quit_shortcuts.clone());
        let (pressed, closing) = ctx.input(|input| {
            let quits = |event: &Event| match event {
                Event::Key { key, pressed: true, modifiers, .. } => {
                    shortcuts.iter().any(|it| it.logical_key == *key && modifiers.matches_logically(it.modifiers))
                }
                _ => false,
            };
            (input.events.iter().any(quits), input.viewport().close_requested())
        });
        let frame = ctx.cumulative_frame_nr();
        if pressed {
            self.quit_pressed = Some(frame);
        }
        // Their effect comes a frame later. A frame may be run through more than once.
        let quitting = self.quitting || self.quit_pressed.is_some_and(|at| frame <= at + 1);
        if closing && settings.close_to_tray && self.has_tray() && !quitting {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            ctx.send_viewport_cmd(ViewportCommand::Visible(false));
            self.hidden = true;
        }
    }

    /// Brings the window to the front, as far as the desktop lets it.
    fn raise(&mut self, ctx: &egui::Context, model: &Model, window: &mut Window) {
        // What is not drawn loses the caret.
        if let (true, Some(open)) = (std::mem::take(&mut self.hidden), window.open()) {
            window.open_chat(open, model);
        }
        ctx.send_viewport_cmd(ViewportCommand::Visible(true));
        ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        ctx.send_viewport_cmd(ViewportCommand::Focus);
        // On Wayland a window cannot take the focus; it can ask for it.
        if std::env::var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty()) {
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
        }
        ctx.request_repaint();
    }
}
