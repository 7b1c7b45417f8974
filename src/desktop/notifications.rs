//! Shows notifications of the desktop, and says what is clicked. On a thread of its own: a desktop that answers late, or
//! not at all, holds nobody up.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Reports;
#[cfg(all(unix, not(target_os = "macos")))]
use super::bus::Shower;
use super::mailbox::{Inbox, Mailbox, mailbox};
#[cfg(any(windows, target_os = "macos"))]
use super::native::Shower;
use crate::ui::attention::{About, Deed, Notification};

/// The most notifications that wait for a desktop that takes none. There are few at a time, so more wait only where
/// nothing is ever shown.
pub const WAITING_MAX: usize = 64;
/// How long the end of the program waits for notifications to be taken away that nobody would answer any more.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is to be shown, by what it is about; nothing where it is to be taken away.
type Wanted = BTreeMap<About, Option<Notification>>;

/// The notifications of this program. What is still shown when this is dropped is taken away.
#[derive(Debug)]
pub struct Notifications {
    reports: Reports,
    thread: Option<Mailbox<Wanted>>,
}

impl Notifications {
    /// Clicks are told to `reports`. Nothing is asked of the desktop before there is something to show.
    pub fn new(reports: Reports) -> Self {
        Self { reports, thread: None }
    }

    /// Has it done, soon. What waits about the same falls away.
    pub fn perform(&mut self, deed: Deed) {
        let (about, wanted) = match deed {
            Deed::Show(notification) => (notification.about, Some(notification)),
            Deed::Withdraw(about) => (about, None),
        };
        let mailbox = self.thread.get_or_insert_with(|| start(self.reports.clone()));
        mailbox.put(|waiting| {
            if waiting.len() < WAITING_MAX || waiting.contains_key(&about) {
                waiting.insert(about, wanted);
            }
        });
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        if let Some(mailbox) = &self.thread {
            mailbox.close(PATIENCE);
        }
    }
}

fn start(reports: Reports) -> Mailbox<Wanted> {
    let (mailbox, inbox) = mailbox();
    let thread = std::thread::Builder::new().name("notifications".into());
    // Without a thread nothing is shown; the window works on.
    if let Err(error) = thread.spawn(move || work(&inbox, reports)) {
        tracing::warn!("no notifications are shown: {error}");
    }
    mailbox
}

fn work(inbox: &Inbox<Wanted>, reports: Reports) {
    let mut shower = Shower::new(reports);
    let mut complained = false;
    while let Some(wanted) = inbox.take() {
        for (about, notification) in wanted {
            let done = match notification {
                Some(notification) => shower.show(notification),
                None => shower.withdraw(about),
            };
            // Said once: many desktops have no notifications, and that is no news.
            if let Err(error) = done
                && !std::mem::replace(&mut complained, true)
            {
                tracing::warn!("the desktop shows no notifications: {error}");
            }
        }
    }
    shower.withdraw_all();
}
