//! Notifications by the rules of freedesktop.org, over the session's bus: one connection for all of them, which hears of
//! the clicks, too.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zbus::blocking::{Connection, MessageIterator, connection};
use zbus::zvariant::{StructureBuilder, Value};
use zbus::{MatchRule, message};

use super::{Report, Reports, icon};
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;
use crate::ui::attention::{About, Notification};

/// How long the desktop may take for an answer. It is another program on this computer, and has nothing to compute.
const ANSWER_DEADLINE: Duration = Duration::from_secs(3);
/// The most signals that wait to be looked at: there is one for each click and each notification that goes away.
const SIGNALS_MAX: usize = 64;
/// What the specification calls a click on the notification itself.
const CLICK: &str = "default";
/// A sound by the naming specification of freedesktop.org: what it sounds like is the desktop's.
const SOUND: &str = "message-new-instant";

const INTERFACE: &str = "org.freedesktop.Notifications";

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_async = false,
    blocking_name = "Daemon"
)]
trait Desktop {
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;
    fn close_notification(&self, id: u32) -> zbus::Result<()>;
}

/// What is shown: its number, and what a click on it leads to.
type Numbers = BTreeMap<About, (u32, (ChatKey, Seq))>;
/// The lock is held while a notification is being shown, so that a click cannot come before its number is known.
type Shown = Mutex<Numbers>;

/// Shows notifications, and takes them away.
pub struct Shower {
    reports: Reports,
    shown: Arc<Shown>,
    desktop: Option<Daemon<'static>>,
    /// Bodies are taken for a kind of HTML.
    markup: bool,
}

impl Shower {
    /// Clicks are told to `reports`.
    pub fn new(reports: Reports) -> Self {
        Self { reports, shown: Arc::default(), desktop: None, markup: false }
    }

    /// Shows a notification in the place of the last one about the same.
    ///
    /// # Errors
    /// When there is no bus, nobody on it who shows notifications, or no answer. The next one is tried again.
    pub fn show(&mut self, notification: Notification) -> zbus::Result<()> {
        let desktop = self.desktop()?;
        let body = if self.markup { escaped(&notification.body) } else { notification.body };
        let mut hints = HashMap::from([
            ("category", Value::from("im.received")),
            ("urgency", Value::from(1_u8)),
            ("image-data", picture()?),
        ]);
        if notification.sound {
            hints.insert("sound-name", SOUND.into());
        } else {
            hints.insert("suppress-sound", true.into());
        }
        let mut shown = locked(&self.shown);
        let replaces = shown.get(&notification.about).map_or(0, |(id, _)| *id);
        let answer = desktop.notify("Parlor", replaces, "", &notification.title, &body, &[CLICK, "Open"], hints, -1);
        match answer {
            Ok(id) => _ = shown.insert(notification.about, (id, notification.target)),
            Err(error) => {
                drop(shown);
                return Err(self.noticed(error));
            }
        }
        Ok(())
    }

    /// Takes away what is shown about that.
    ///
    /// # Errors
    /// As in [`Self::show`]. One that is gone by itself is none.
    pub fn withdraw(&mut self, about: About) -> zbus::Result<()> {
        let Some((id, _)) = locked(&self.shown).remove(&about) else { return Ok(()) };
        match self.desktop()?.close_notification(id) {
            Ok(()) | Err(zbus::Error::MethodError(..)) => Ok(()),
            Err(error) => Err(self.noticed(error)),
        }
    }

    /// A bus that is gone may come back. One whose desktop does not answer is kept: nothing would be better on another.
    fn noticed(&mut self, error: zbus::Error) -> zbus::Error {
        if matches!(&error, zbus::Error::InputOutput(error) if error.kind() != std::io::ErrorKind::TimedOut) {
            self.desktop = None;
            locked(&self.shown).clear();
        }
        error
    }

    /// Takes everything away. One that does not answer is not asked for the others.
    pub fn withdraw_all(&mut self) {
        let all: Vec<About> = locked(&self.shown).keys().copied().collect();
        let _ = all.into_iter().try_for_each(|about| self.withdraw(about));
    }

    fn desktop(&mut self) -> zbus::Result<Daemon<'static>> {
        if let Some(desktop) = &self.desktop {
            return Ok(desktop.clone());
        }
        let connection = connection::Builder::session()?.method_timeout(ANSWER_DEADLINE).build()?;
        let desktop = Daemon::new(&connection)?;
        self.markup = desktop.get_capabilities()?.iter().any(|it| it == "body-markup");
        self.listen(&connection)?;
        self.desktop = Some(desktop.clone());
        Ok(desktop)
    }

    /// Hears of clicks for as long as the connection lasts.
    fn listen(&self, connection: &Connection) -> zbus::Result<()> {
        let rule = MatchRule::builder().msg_type(message::Type::Signal).interface(INTERFACE)?.build();
        let signals = MessageIterator::for_match_rule(rule, connection, Some(SIGNALS_MAX))?;
        let (shown, reports) = (Arc::clone(&self.shown), self.reports.clone());
        let thread = std::thread::Builder::new().name("clicks".into());
        thread.spawn(move || signals.map_while(Result::ok).for_each(|signal| hear(&signal, &shown, &reports)))?;
        Ok(())
    }
}

fn hear(signal: &zbus::Message, shown: &Shown, reports: &Reports) {
    let (header, body) = (signal.header(), signal.body());
    let about_id = |id| move |(_, (it, _)): &(&About, &(u32, (ChatKey, Seq)))| *it == id;
    match header.member().map(|member| member.as_str()) {
        Some("ActionInvoked") => {
            let Ok((id, action)) = body.deserialize::<(u32, &str)>() else { return };
            let target = locked(shown).iter().find(about_id(id)).map(|(_, (_, target))| *target);
            if let Some((chat, seq)) = target.filter(|_| action == CLICK) {
                reports.send(Report::Open(chat, seq));
            }
        }
        // The next one about the same is a new one.
        Some("NotificationClosed") => {
            let Ok((id, _)) = body.deserialize::<(u32, u32)>() else { return };
            locked(shown).retain(|_, (it, _)| *it != id);
        }
        _ => {}
    }
}

fn locked(shown: &Shown) -> MutexGuard<'_, Numbers> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sign of the program, in the form of the specification: width, height, bytes of a row, alpha, bits, channels, data.
fn picture() -> zbus::Result<Value<'static>> {
    let size = i32::try_from(icon::SIZE).unwrap_or_default();
    let builder = StructureBuilder::new().add_field(size).add_field(size).add_field(4 * size).add_field(true);
    Ok(builder.add_field(8_i32).add_field(4_i32).add_field(icon::rgba(false)).build()?.into())
}

/// A text for those who take it for a kind of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_no_markup() {
        assert_eq!(escaped("<b>1 & 2</b> &lt;"), "&lt;b&gt;1 &amp; 2&lt;/b&gt; &amp;lt;");
    }
}
