//! Against a desktop that shows notifications by the rules of freedesktop.org, or does not, or hangs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use parlor::desktop::Report;
use parlor::desktop::notifications::{Notifications, WAITING_MAX};
use parlor::proto::chat::ChatKey;
use parlor::proto::ids::{Seq, UserId};
use parlor::ui::attention::{About, Deed, Notification};
use zbus::blocking::{Connection, connection};
use zbus::zvariant::{OwnedValue, Value};

use super::{next, on_a_bus, reports};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BOB: ChatKey = ChatKey::Person(UserId(2));

#[derive(Debug, PartialEq)]
enum Call {
    /// The number, that of what it replaces, and what is seen.
    Show(u32, u32, String, String),
    Close(u32),
}

/// What else came with a notification.
struct Extras {
    app: String,
    actions: Vec<String>,
    hints: HashMap<String, OwnedValue>,
}

struct Desktop {
    calls: Sender<(Call, Option<Extras>)>,
    last: u32,
    markup: bool,
    /// Each call is answered when something comes from here.
    held: Option<Mutex<Receiver<()>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Desktop {
    fn get_capabilities(&self) -> Vec<String> {
        let markup = self.markup.then(|| "body-markup".to_owned());
        ["actions".to_owned(), "body".to_owned()].into_iter().chain(markup).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &mut self,
        app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let id = if replaces == 0 { self.last + 1 } else { replaces };
        self.last = self.last.max(id);
        let call = Call::Show(id, replaces, title, body);
        self.calls.send((call, Some(Extras { app, actions, hints }))).unwrap();
        if let Some(held) = &self.held {
            let _ = held.lock().unwrap().recv();
        }
        id
    }

    fn close_notification(&self, id: u32) {
        self.calls.send((Call::Close(id), None)).unwrap();
    }
}

/// A desktop on this bus, and what it is asked for.
fn desktop(markup: bool, held: Option<Receiver<()>>) -> (Connection, Receiver<(Call, Option<Extras>)>) {
    let (calls, asked) = channel();
    let desktop = Desktop { calls, last: 40, markup, held: held.map(Mutex::new) };
    let builder = connection::Builder::session().unwrap().serve_at(PATH, desktop).unwrap();
    (builder.name(NAME).unwrap().build().unwrap(), asked)
}

fn signal(connection: &Connection, name: &str, body: &(impl serde::Serialize + zbus::zvariant::DynamicType)) {
    connection.emit_signal(None::<&str>, PATH, NAME, name, body).unwrap();
}

fn show(about: About, seq: u64, title: &str, body: &str, sound: bool) -> Deed {
    let chat = if let About::Chat(chat) = about { chat } else { BOB };
    Deed::Show(Notification { about, target: (chat, Seq(seq)), title: title.into(), body: body.into(), sound })
}

fn shown(id: u32, replaces: u32, title: &str, body: &str) -> Call {
    Call::Show(id, replaces, title.into(), body.into())
}

#[test]
fn a_notification_is_shown_replaced_and_taken_away() {
    on_a_bus("notifications::a_notification_is_shown_replaced_and_taken_away", || {
        let (_desktop, asked) = desktop(false, None);
        let (sender, _reports, _) = reports();
        let mut notifications = Notifications::new(sender);
        let everyone = About::Chat(ChatKey::Everyone);
        notifications.perform(show(About::Chat(BOB), 1, "Bob", "1 < 2 & so on", false));
        let (call, extras) = next(&asked);
        assert_eq!(call, shown(41, 0, "Bob", "1 < 2 & so on"));
        let extras = extras.unwrap();
        assert_eq!((extras.app.as_str(), extras.actions), ("Parlor", vec!["default".to_owned(), "Open".to_owned()]));
        let hint = |name: &str| extras.hints.get(name).map(|value| Value::from(value.clone()));
        assert_eq!(hint("category"), Some("im.received".into()));
        assert_eq!(
            (hint("suppress-sound"), hint("sound-name")),
            (Some(true.into()), None),
            "no sound but where wanted"
        );
        assert!(hint("image-data").is_some());

        notifications.perform(show(everyone, 2, "Everyone", "Bob: hi", true));
        let (call, extras) = next(&asked);
        assert_eq!(call, shown(42, 0, "Everyone", "Bob: hi"));
        assert!(extras.unwrap().hints.contains_key("sound-name"));
        notifications.perform(show(About::Chat(BOB), 3, "Bob: 2 new messages", "again", false));
        assert_eq!(next(&asked).0, shown(41, 41, "Bob: 2 new messages", "again"));
        notifications.perform(Deed::Withdraw(About::Several));
        notifications.perform(Deed::Withdraw(About::Chat(BOB)));
        assert_eq!(next(&asked).0, Call::Close(41), "what is not shown is not taken away");
        drop(notifications);
        assert_eq!(next(&asked).0, Call::Close(42), "nobody would answer a click");
    });
}

#[test]
fn a_click_leads_to_the_message_and_wakes_the_window() {
    on_a_bus("notifications::a_click_leads_to_the_message_and_wakes_the_window", || {
        let (desktop, asked) = desktop(false, None);
        let (sender, reports, wakes) = reports();
        let mut notifications = Notifications::new(sender);
        notifications.perform(show(About::Chat(BOB), 7, "Bob", "one", false));
        next(&asked);
        notifications.perform(show(About::Chat(BOB), 8, "Bob", "two", false));
        next(&asked);
        signal(&desktop, "ActionInvoked", &(99_u32, "default"));
        signal(&desktop, "ActionInvoked", &(41_u32, "snooze"));
        signal(&desktop, "ActionInvoked", &(41_u32, "default"));
        next(&wakes);
        assert_eq!(next(&reports), Report::Open(BOB, Seq(8)), "of this program, by a click, the newest");

        // Dismissed: it neither answers to clicks nor is taken away, and the next one is a new one.
        signal(&desktop, "NotificationClosed", &(41_u32, 2_u32));
        signal(&desktop, "ActionInvoked", &(41_u32, "default"));
        notifications.perform(show(About::Several, 9, "", "", false));
        assert_eq!(next(&asked).0, shown(42, 0, "", ""));
        signal(&desktop, "ActionInvoked", &(42_u32, "default"));
        assert_eq!(next(&reports), Report::Open(BOB, Seq(9)));
        notifications.perform(show(About::Chat(BOB), 10, "Bob", "three", false));
        assert_eq!(next(&asked).0, shown(43, 0, "Bob", "three"));
    });
}

#[test]
fn markup_is_escaped_where_it_would_be_taken_for_such() {
    on_a_bus("notifications::markup_is_escaped_where_it_would_be_taken_for_such", || {
        let (_desktop, asked) = desktop(true, None);
        let mut notifications = Notifications::new(reports().0);
        notifications.perform(show(About::Chat(BOB), 1, "a < b", "<b>x</b> & y", false));
        assert_eq!(next(&asked).0, shown(41, 0, "a < b", "&lt;b&gt;x&lt;/b&gt; &amp; y"));
    });
}

#[test]
fn a_desktop_that_comes_late_is_found() {
    on_a_bus("notifications::a_desktop_that_comes_late_is_found", || {
        let mut notifications = Notifications::new(reports().0);
        notifications.perform(show(About::Chat(BOB), 1, "nobody sees it", "", false));
        let (_desktop, asked) = desktop(false, None);
        notifications.perform(show(About::Several, 2, "now", "", false));
        let titles = std::iter::from_fn(|| match next(&asked).0 {
            Call::Show(_, _, title, _) => Some(title),
            Call::Close(_) => None,
        });
        assert!(titles.into_iter().any(|title| title == "now"));
    });
}

#[test]
fn a_desktop_that_hangs_holds_nobody_up_and_gets_the_newest_when_it_is_back() {
    on_a_bus("notifications::a_desktop_that_hangs_holds_nobody_up_and_gets_the_newest_when_it_is_back", || {
        let (release, held) = channel();
        let (_desktop, asked) = desktop(false, Some(held));
        let mut notifications = Notifications::new(reports().0);
        notifications.perform(show(About::Chat(BOB), 0, "first", "", false));
        assert_eq!(next(&asked).0, shown(41, 0, "first", ""));
        // It does not answer, and nobody waits for it.
        for n in 1..=10_000 {
            notifications.perform(show(About::Chat(BOB), n, &format!("number {n}"), "", false));
            let other = About::Chat(ChatKey::Person(UserId(u32::try_from(n).unwrap() + 10)));
            notifications.perform(show(other, n, "other", "", false));
        }
        drop(release);
        let mut titles = Vec::new();
        while titles.len() < WAITING_MAX {
            if let (Call::Show(_, _, title, _), _) = next(&asked) {
                titles.push(title);
            }
        }
        let of_bob: Vec<_> = titles.iter().filter(|title| title.starts_with("number")).collect();
        assert_eq!(of_bob, ["number 10000"], "what nobody can read any more is not shown");
        notifications.perform(show(About::Several, 1, "the end", "", false));
        assert!(matches!(next(&asked).0, Call::Show(_, _, title, _) if title == "the end"), "no more has waited");
    });
}
