//! The icon in the tray: how much is unread, and a menu. For desktops that have one, by the rules of StatusNotifierItem.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ksni::blocking::{Handle, TrayMethods as _};
use ksni::menu::{CheckmarkItem, MenuItem, StandardItem};
use ksni::{Category, Icon, OfflineReason, Status, ToolTip};

use super::mailbox::{Inbox, Mailbox, mailbox};
use super::{Face, Report, Reports, icon};

/// How long the end of the program waits for the icon to be taken away. It goes with the connection in any case.
const PATIENCE: Duration = Duration::from_millis(500);

/// The icon. It is gone when this is dropped.
#[derive(Debug)]
pub struct Tray {
    mailbox: Mailbox<Face>,
    shown: Face,
    state: Arc<State>,
}

/// Whether somebody shows the icon. As long as a desktop does not answer, nobody does.
#[derive(Debug, Default)]
struct State {
    up: AtomicBool,
    gone: AtomicBool,
}

impl Tray {
    /// Puts the icon into the tray, as soon as there is one. What is chosen there is told to `reports`.
    pub fn start(reports: Reports) -> Self {
        let state = Arc::<State>::default();
        let (mailbox, inbox) = mailbox();
        let item = Item { face: Face::default(), reports, state: Arc::clone(&state) };
        let thread = std::thread::Builder::new().name("tray".into());
        if let Err(error) = thread.spawn(move || work(&inbox, item)) {
            tracing::warn!("there is no icon in the tray: {error}");
        }
        Self { mailbox, shown: Face::default(), state }
    }

    /// Whether people can see it.
    pub fn is_there(&self) -> bool {
        self.state.up.load(Ordering::Relaxed) && !self.state.gone.load(Ordering::Relaxed)
    }

    /// Has it show that, soon.
    pub fn show(&mut self, face: Face) {
        if self.shown != face {
            self.shown = face;
            self.mailbox.put(|waiting| *waiting = face);
        }
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        self.mailbox.close(PATIENCE);
    }
}

fn work(inbox: &Inbox<Face>, item: Item) {
    let state = Arc::clone(&item.state);
    // A tray that comes later will do.
    let handle: Handle<Item> = match item.assume_sni_available(true).spawn() {
        Ok(handle) => handle,
        Err(error) => {
            // Most often there is no desktop here, and that is no news.
            tracing::debug!("there is no icon in the tray: {error}");
            return;
        }
    };
    state.up.store(true, Ordering::Relaxed);
    while let Some(face) = inbox.take() {
        if handle.update(|item| item.face = face).is_none() {
            break;
        }
    }
    state.up.store(false, Ordering::Relaxed);
    handle.shutdown().wait();
}

struct Item {
    face: Face,
    reports: Reports,
    state: Arc<State>,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "parlor".into()
    }

    fn title(&self) -> String {
        "Parlor".into()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn status(&self) -> Status {
        if self.face.unread > 0 && !self.face.do_not_disturb { Status::NeedsAttention } else { Status::Active }
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        vec![picture(self.face.unread > 0)]
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        vec![picture(true)]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: self.face.words(), ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.reports.send(Report::Raise);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let open = StandardItem {
            label: "Open Parlor".into(),
            activate: Box::new(|item: &mut Self| item.reports.send(Report::Raise)),
            ..StandardItem::default()
        };
        let quiet = CheckmarkItem {
            label: "Do not disturb".into(),
            checked: self.face.do_not_disturb,
            // What it shows follows when the window has taken it in.
            activate: Box::new(|item: &mut Self| item.reports.send(Report::DoNotDisturb(!item.face.do_not_disturb))),
            ..CheckmarkItem::default()
        };
        let quit = StandardItem {
            label: "Quit".into(),
            activate: Box::new(|item: &mut Self| item.reports.send(Report::Quit)),
            ..StandardItem::default()
        };
        vec![open.into(), quiet.into(), MenuItem::Separator, quit.into()]
    }

    fn watcher_online(&self) {
        self.state.gone.store(false, Ordering::Relaxed);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.state.gone.store(true, Ordering::Relaxed);
        self.reports.send(Report::TrayGone);
        true
    }
}

/// The sign in the form of the specification, which has alpha first.
fn picture(dot: bool) -> Icon {
    let size = i32::try_from(icon::SIZE).unwrap_or_default();
    let mut data = icon::rgba(dot);
    data.chunks_exact_mut(4).for_each(|pixel| pixel.rotate_right(1));
    Icon { width: size, height: size, data }
}
