//! Against a desktop that has a tray, by the rules of StatusNotifierItem, and one that has none.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use parlor::desktop::tray::Tray;
use parlor::desktop::{Face, Report};
use zbus::blocking::{Connection, MessageIterator, Proxy, connection};
use zbus::zvariant::{OwnedValue, Value};
use zbus::{MatchRule, message};

use super::{DEADLINE, next, on_a_bus, reports};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

struct Watcher(Sender<String>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.0.send(service).unwrap();
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

/// A desktop with a tray on this bus, and the icons that come to it.
fn desktop() -> (Connection, Receiver<String>) {
    let (icons, registered) = channel();
    let builder = connection::Builder::session().unwrap().serve_at("/StatusNotifierWatcher", Watcher(icons)).unwrap();
    (builder.name(WATCHER).unwrap().build().unwrap(), registered)
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
/// What a tooltip is: the name of a picture, pictures, a line and a text.
type Tooltip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);

struct Icon {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

impl Icon {
    fn of(connection: &Connection, service: &str) -> Self {
        let proxy = |path: &'static str, interface: &'static str| {
            Proxy::new(connection, service.to_owned(), path, interface).unwrap()
        };
        Self {
            item: proxy("/StatusNotifierItem", "org.kde.StatusNotifierItem"),
            menu: proxy("/MenuBar", "com.canonical.dbusmenu"),
        }
    }

    fn property<T: TryFrom<OwnedValue>>(&self, name: &str) -> T
    where
        T::Error: Into<zbus::Error>,
    {
        // What proxies remember of properties follows signals of another kind.
        let properties = self.item.clone();
        let connection = properties.connection();
        let all = Proxy::new(
            connection,
            properties.destination().to_owned(),
            properties.path().to_owned(),
            "org.freedesktop.DBus.Properties",
        );
        let value: OwnedValue = all.unwrap().call("Get", &("org.kde.StatusNotifierItem", name)).unwrap();
        T::try_from(value).map_err(Into::into).unwrap()
    }

    fn tooltip(&self) -> String {
        let value: OwnedValue = self.property("ToolTip");
        Tooltip::try_from(value).unwrap().2
    }

    /// The lines of the menu, with their numbers, and whether they are ticked.
    fn lines(&self) -> Vec<(i32, String, bool)> {
        let (_, (_, _, lines)): (u32, Layout) = self.menu.call("GetLayout", &(0, -1, Vec::<&str>::new())).unwrap();
        let line = |line: OwnedValue| {
            let (id, fields, _) = Layout::try_from(line).unwrap();
            let label = fields.get("label").map(|label| String::try_from(label.clone()).unwrap());
            let ticked = fields.get("toggle-state").is_some_and(|state| i32::try_from(state.clone()).unwrap() == 1);
            (id, label.unwrap_or_default(), ticked)
        };
        lines.into_iter().map(line).collect()
    }

    fn choose(&self, label: &str) {
        let (id, ..) = self.lines().into_iter().find(|(_, it, _)| it == label).expect("it is in the menu");
        let _: () = self.menu.call("Event", &(id, "clicked", Value::from(0), 0_u32)).unwrap();
    }
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_icon_says_what_is_unread_and_its_menu_does_what_it_says() {
    on_a_bus("tray::the_icon_says_what_is_unread_and_its_menu_does_what_it_says", || {
        let (connection, registered) = desktop();
        let (sender, reports, _) = reports();
        let mut tray = Tray::start(sender);
        let icon = Icon::of(&connection, &next(&registered));
        until("it is there", || tray.is_there());
        assert_eq!(icon.tooltip(), "Parlor");
        let plain: Vec<(i32, i32, Vec<u8>)> = pictures(&icon);

        tray.show(Face { unread: 3, do_not_disturb: false });
        until("it counts", || icon.tooltip() == "Parlor – 3 unread");
        let dotted = pictures(&icon);
        assert_eq!((dotted[0].0, dotted[0].2.len()), (64, 4 * 64 * 64));
        assert_ne!(plain, dotted, "it is seen without pointing at it");
        assert_eq!(icon.property::<String>("Status"), "NeedsAttention");

        icon.choose("Open Parlor");
        assert_eq!(next(&reports), Report::Raise);
        icon.choose("Do not disturb");
        assert_eq!(next(&reports), Report::DoNotDisturb(true));
        tray.show(Face { unread: 3, do_not_disturb: true });
        until("it is ticked", || icon.lines().iter().any(|(_, label, ticked)| label == "Do not disturb" && *ticked));
        assert_eq!(
            (icon.property::<String>("Status").as_str(), icon.tooltip().as_str()),
            ("Active", "Parlor – 3 unread, do not disturb")
        );
        icon.choose("Do not disturb");
        assert_eq!(next(&reports), Report::DoNotDisturb(false));
        icon.choose("Quit");
        assert_eq!(next(&reports), Report::Quit);
        let _: () = icon.item.call("Activate", &(0, 0)).unwrap();
        assert_eq!(next(&reports), Report::Raise);

        // It goes with the window.
        let rule = MatchRule::builder().msg_type(message::Type::Signal).member("NameOwnerChanged").unwrap().build();
        let mut gone = MessageIterator::for_match_rule(rule, &connection, None).unwrap();
        let name = icon.item.destination().to_string();
        drop(tray);
        assert!(gone.any(|signal| {
            let (of, _, new): (String, String, String) = signal.unwrap().body().deserialize().unwrap();
            of == name && new.is_empty()
        }));
    });
}

fn pictures(icon: &Icon) -> Vec<(i32, i32, Vec<u8>)> {
    let value: OwnedValue = icon.property("IconPixmap");
    value.try_into().unwrap()
}

#[test]
fn a_tray_may_come_and_go() {
    on_a_bus("tray::a_tray_may_come_and_go", || {
        let (sender, reports, _) = reports();
        let tray = Tray::start(sender);
        assert_eq!(next(&reports), Report::TrayGone);
        assert!(!tray.is_there(), "a window that is closed would not be found again");
        let (connection, registered) = desktop();
        next(&registered);
        until("it is seen", || tray.is_there());
        connection.close().unwrap();
        assert_eq!(next(&reports), Report::TrayGone);
        assert!(!tray.is_there());
    });
}

#[test]
fn without_a_bus_there_is_no_tray() {
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    if std::env::var_os(super::ON_A_BUS).is_none() {
        again.args(["--exact", "tray::without_a_bus_there_is_no_tray"]).env(super::ON_A_BUS, "none");
        again.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        assert!(again.status().unwrap().success());
        return;
    }
    let (sender, _reports, _) = reports();
    let mut tray = Tray::start(sender);
    tray.show(Face { unread: 1, do_not_disturb: false });
    assert!(!tray.is_there());
}
