//! Notifications of Windows and macOS, by what `notify-rust` can do there: show them, and say when one is clicked. It
//! neither replaces nor takes away what is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use notify_rust::NotificationResponse;

use super::{Report, Reports};
use crate::ui::attention::{About, Notification};

/// The most notifications whose click is waited for at a time: each costs a thread for as long as it is on show. Those
/// beyond are shown, and a click on them does nothing here.
const WAITING_MAX: usize = 8;

/// A sound that the system has.
const SOUND: &str = if cfg!(windows) { "IM" } else { "default" };

/// Shows notifications.
pub struct Shower {
    reports: Reports,
    waiting: Arc<AtomicUsize>,
}

impl Shower {
    /// Clicks are told to `reports`.
    pub fn new(reports: Reports) -> Self {
        Self { reports, waiting: Arc::default() }
    }

    /// Shows a notification.
    ///
    /// # Errors
    /// When the system does not take it.
    pub fn show(&mut self, notification: Notification) -> notify_rust::error::Result<()> {
        let mut toast = notify_rust::Notification::new();
        toast.appname("Parlor").summary(&notification.title).body(&notification.body);
        if notification.sound {
            toast.sound_name(SOUND);
        }
        let handle = toast.show()?;
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Ok(());
        }
        let (reports, waiting, (chat, seq)) = (self.reports.clone(), Arc::clone(&self.waiting), notification.target);
        std::thread::spawn(move || {
            let clicked = |response: &NotificationResponse| {
                if *response == NotificationResponse::Default {
                    reports.send(Report::Open(chat, seq));
                }
            };
            // It is shown, or was: nothing is to be said about how it went away.
            let _ = handle.wait_for_response(clicked);
            waiting.fetch_sub(1, Ordering::Relaxed);
        });
        Ok(())
    }

    /// Systems that take nothing away let it go by themselves.
    ///
    /// # Errors
    /// None; others have some.
    pub fn withdraw(&mut self, _about: About) -> notify_rust::error::Result<()> {
        Ok(())
    }

    /// As in [`Self::withdraw`].
    pub fn withdraw_all(&mut self) {}
}
