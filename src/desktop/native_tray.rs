//! The icon in the tray of Windows, and in the menu bar of macOS: how much is unread, and a menu. It lives on the thread of
//! the window, whose loop of events brings it its clicks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tray_icon::menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tray_icon::{Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};

use super::{Face, Report, Reports, icon};

/// The icon. It is gone when this is dropped.
pub struct Tray {
    /// Nothing where the system shows none.
    shown: Option<(TrayIcon, CheckMenuItem)>,
    face: Face,
    /// What of it a click in the menu turns over.
    quiet: Arc<AtomicBool>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tray").field("face", &self.face).finish_non_exhaustive()
    }
}

impl Tray {
    /// Puts the icon into the tray. What is chosen there is told to `reports`.
    pub fn start(reports: Reports) -> Self {
        let quiet = Arc::<AtomicBool>::default();
        let shown = match build(reports, Arc::clone(&quiet)) {
            Ok(shown) => Some(shown),
            Err(error) => {
                tracing::warn!("there is no icon in the tray: {error}");
                None
            }
        };
        Self { shown, face: Face::default(), quiet }
    }

    /// Whether people can see it.
    pub fn is_there(&self) -> bool {
        self.shown.is_some()
    }

    /// Has it show that.
    pub fn show(&mut self, face: Face) {
        let before = std::mem::replace(&mut self.face, face);
        self.quiet.store(face.do_not_disturb, Ordering::Relaxed);
        let Some((tray, quiet)) = self.shown.as_ref().filter(|_| before != face) else { return };
        quiet.set_checked(face.do_not_disturb);
        let dotted = |face: Face| face.unread > 0;
        let drawn = if dotted(before) == dotted(face) { Ok(()) } else { tray.set_icon(picture(dotted(face))) };
        if let Err(error) = drawn.and_then(|()| tray.set_tooltip(Some(face.words()))) {
            tracing::debug!("the icon in the tray cannot be changed: {error}");
        }
    }
}

fn build(reports: Reports, is_quiet: Arc<AtomicBool>) -> Result<(TrayIcon, CheckMenuItem), Box<dyn std::error::Error>> {
    let open = MenuItem::new("Open Parlor", true, None);
    let quiet = CheckMenuItem::new("Do not disturb", true, false, None);
    let quit = MenuItem::new("Quit", true, None);
    let menu = Menu::with_items(&[&open, &quiet, &PredefinedMenuItem::separator(), &quit])?;
    // On Windows a click opens the window, and the other button the menu; on macOS every click opens the menu.
    let tray = TrayIconBuilder::new()
        .with_menu(Box::new(menu))
        .with_menu_on_left_click(cfg!(target_os = "macos"))
        .with_tooltip(Face::default().words());
    let tray = match picture(false) {
        Some(picture) => tray.with_icon(picture),
        None => tray,
    };
    let tray = tray.build()?;

    let (open, quit, quietened) = (open.id().clone(), quit.id().clone(), quiet.id().clone());
    let chosen = reports.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        if event.id == open {
            chosen.send(Report::Raise);
        } else if event.id == quit {
            chosen.send(Report::Quit);
        } else if event.id == quietened {
            // The mark was turned over by the system; the rest follows when the window has taken it in.
            chosen.send(Report::DoNotDisturb(!is_quiet.load(Ordering::Relaxed)));
        }
    }));
    TrayIconEvent::set_event_handler(Some(move |event: TrayIconEvent| {
        let clicked =
            matches!(event, TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. });
        if clicked && cfg!(windows) {
            reports.send(Report::Raise);
        }
    }));
    Ok((tray, quiet))
}

/// The sign of the program.
fn picture(dot: bool) -> Option<Icon> {
    let size = u32::try_from(icon::SIZE).ok()?;
    Icon::from_rgba(icon::rgba(dot), size, size).ok()
}
