//! What can be chosen, with its defaults and limits. Pure: no file, no clock.
//!
//! The names of the fields are those of `settings.json`, which people may edit while no window is open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::proto::chat::ChatKey;

/// The smallest zoom.
pub const ZOOM_MIN: f32 = 0.5;
/// The largest zoom.
pub const ZOOM_MAX: f32 = 2.0;
/// How far one press of Ctrl+plus goes.
pub const ZOOM_STEP: f32 = 0.1;
/// How much of what is known is kept on the disk unless somebody chooses otherwise, in bytes: years of a circle's messages.
pub const CACHE_DEFAULT_BYTES: u64 = 64 << 20;
/// The least that can be chosen, in bytes.
pub const CACHE_MIN_BYTES: u64 = 1 << 20;
/// The most, in bytes.
pub const CACHE_MAX_BYTES: u64 = 512 << 20;
/// The most accounts that are remembered; who was not used for the longest time makes room. A list of this length is
/// still looked through at a glance.
pub const ACCOUNTS_MAX: usize = 20;
/// The longest address or folder that is remembered, in bytes.
const TEXT_MAX_BYTES: usize = 4_096;
/// The narrowest that the list or the details can be made, in points.
pub const PANE_MIN: f32 = 220.0;
/// The widest.
pub const PANE_MAX: f32 = 480.0;
/// The smallest window that is come back to, in points, as wide and as high.
pub const WINDOW_MIN: [f32; 2] = [360.0, 480.0];
/// The largest: beyond any screen, and far from where figures lose their precision.
const WINDOW_MAX: f32 = 32_000.0;

/// Everything that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// How large everything is drawn: 1 is as the system says.
    pub zoom: f32,
    /// Whether things may move.
    pub motion: bool,
    /// Whether the system tells of new messages.
    pub notify: bool,
    /// Whether it tells who wrote, and what.
    pub notify_text: bool,
    /// Whether it makes a sound, too.
    pub notify_sound: bool,
    /// Whether it is to be quiet for now, whatever the others say.
    pub do_not_disturb: bool,
    /// Whether Enter sends; otherwise Ctrl+Enter does, and Enter breaks the line.
    pub enter_sends: bool,
    /// Whether the program stays in the tray when its window is closed.
    pub close_to_tray: bool,
    /// How much of what is known is kept on the disk, in bytes.
    pub cache_limit_bytes: u64,
    /// How wide the list is, in points; as wide as fits the window, unless it was moved.
    pub list_width: Option<f32>,
    /// How wide the details are beside the conversation, in points.
    pub details_width: Option<f32>,
    /// Where the window was last.
    pub window: Option<Place>,
    /// Who signed in here, the last one first.
    pub accounts: Vec<Account>,
    /// The server that stands on the login page; empty for this computer.
    pub default_server: String,
    /// What stands at the top of the list, by account: see [`Account::key`].
    pub pinned: BTreeMap<String, Vec<ChatKey>>,
    /// The emoji that were used last.
    pub recent_emoji: Vec<String>,
    /// The tone of skin that emoji are offered in: 0 for none, 1 (light) to 5 (dark).
    pub skin_tone: usize,
    /// What a newer version keeps here.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            zoom: 1.0,
            motion: true,
            notify: true,
            notify_text: true,
            notify_sound: false,
            do_not_disturb: false,
            enter_sends: true,
            close_to_tray: false,
            cache_limit_bytes: CACHE_DEFAULT_BYTES,
            list_width: None,
            details_width: None,
            window: None,
            accounts: Vec::new(),
            default_server: String::new(),
            pinned: BTreeMap::new(),
            recent_emoji: Vec::new(),
            skin_tone: 0,
            others: Map::new(),
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Where a window was. In points of the screen: as large whatever the zoom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The upper left corner of its frame, where the system says it.
    pub corner: Option<[f32; 2]>,
    /// Its width and height, without the frame.
    pub size: [f32; 2],
    /// It filled the screen; `size` is how large it was before.
    pub maximized: bool,
}

impl Place {
    fn is_sane(&self) -> bool {
        let near = |at: &f32| at.is_finite() && at.abs() <= WINDOW_MAX;
        self.size.iter().zip(WINDOW_MIN).all(|(side, min)| near(side) && *side >= min)
            && self.corner.iter().flatten().all(near)
    }

    /// The same place, moved and made smaller so that it lies within `screens`: each the left, top, width and height of
    /// one. A window whose screen is gone comes to the first. Without a screen that is known it stays as it is.
    pub fn within(mut self, screens: &[[f32; 4]]) -> Self {
        // So much of its upper edge must be on a screen that it can be taken with a pointer.
        const GRIP: f32 = 64.0;
        let Some(first) = screens.first() else { return self };
        let [x, y] = self.corner.unwrap_or([first[0], first[1]]);
        let holds = |[left, top, width, height]: &[f32; 4]| {
            let seen = (x + self.size[0]).min(left + width) - x.max(*left);
            seen >= GRIP.min(self.size[0]) && y >= *top - 1.0 && y <= top + height - GRIP
        };
        let seen = screens.iter().find(|screen| holds(screen));
        let [left, top, width, height] = *seen.unwrap_or(first);
        self.size = [self.size[0].min(width.max(WINDOW_MIN[0])), self.size[1].min(height.max(WINDOW_MIN[1]))];
        if self.corner.is_some() && seen.is_none() {
            self.corner =
                Some([left + ((width - self.size[0]) / 2.0).max(0.0), top + ((height - self.size[1]) / 2.0).max(0.0)]);
        }
        self
    }
}

/// Who signed in here. There is no password in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The server's address as it was written; empty for this computer.
    #[serde(default)]
    pub server: String,
    /// The name.
    pub name: String,
    /// The server that this window hosts for others when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Hosts>,
}

/// A server that is hosted for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hosts {
    /// Its data folder.
    pub folder: String,
    /// Its port, on all addresses of this computer.
    pub port: u16,
}

impl Account {
    /// Whether both are the same account: names are compared without regard to case, as servers do.
    pub fn is(&self, other: &Self) -> bool {
        self.same_server(other) && self.name.to_lowercase() == other.name.to_lowercase()
    }

    /// What stands for it in a file.
    pub fn key(&self) -> String {
        let server = self.hosts.as_ref().map_or_else(|| self.server.clone(), |hosts| hosts.folder.clone());
        format!("{}@{server}", self.name).to_lowercase()
    }

    /// Whether both are on one server.
    pub fn same_server(&self, other: &Self) -> bool {
        self.server.to_lowercase() == other.server.to_lowercase() && self.hosts == other.hosts
    }
}

impl Settings {
    /// Puts who has signed in to the front of the list.
    pub fn remember(&mut self, account: Account) {
        self.accounts.retain(|known| !known.is(&account));
        self.accounts.insert(0, account);
        self.accounts.truncate(ACCOUNTS_MAX);
    }

    /// Another zoom, within the limits and on the steps.
    pub fn set_zoom(&mut self, zoom: f32) {
        if zoom.is_finite() {
            self.zoom = ((zoom / ZOOM_STEP).round() * ZOOM_STEP).clamp(ZOOM_MIN, ZOOM_MAX);
        }
    }

    /// Puts what stands outside of its limits within them. What comes from a file was written by anybody.
    pub fn limited(mut self) -> Self {
        let fallback = Self::default();
        self.zoom = if self.zoom.is_finite() { self.zoom.clamp(ZOOM_MIN, ZOOM_MAX) } else { fallback.zoom };
        self.cache_limit_bytes = self.cache_limit_bytes.clamp(CACHE_MIN_BYTES, CACHE_MAX_BYTES);
        for width in [&mut self.list_width, &mut self.details_width] {
            *width = width.filter(|width| width.is_finite()).map(|width| width.clamp(PANE_MIN, PANE_MAX));
        }
        self.window = self.window.filter(Place::is_sane);
        let short = |text: &str| text.len() <= TEXT_MAX_BYTES;
        self.accounts.retain(|account| {
            let folder = account.hosts.as_ref().map_or("", |hosts| &hosts.folder);
            !account.name.trim().is_empty() && [&account.name, &account.server, folder].into_iter().all(short)
        });
        let mut once: Vec<Account> = Vec::new();
        for account in self.accounts.drain(..).take(10 * ACCOUNTS_MAX) {
            if once.len() < ACCOUNTS_MAX && !once.iter().any(|known| known.is(&account)) {
                once.push(account);
            }
        }
        self.accounts = once;
        // Accounts that are not remembered come back some day; but not for ever more of them.
        while self.pinned.len() > 10 * ACCOUNTS_MAX {
            self.pinned.pop_first();
        }
        if !short(&self.default_server) {
            self.default_server = fallback.default_server;
        }
        self
    }

    /// Reads the object that a file holds. One value that is not understood costs that value alone.
    pub fn from_object(object: Map<String, Value>) -> Self {
        let mut whole = Self::default().to_object();
        for (key, value) in object {
            let before = whole.insert(key.clone(), value);
            if serde_json::from_value::<Self>(Value::Object(whole.clone())).is_err() {
                match before {
                    Some(before) => whole.insert(key, before),
                    None => whole.remove(&key),
                };
            }
        }
        serde_json::from_value::<Self>(Value::Object(whole)).unwrap_or_default().limited()
    }

    /// The object that a file holds.
    pub fn to_object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            // A struct with named fields is an object.
            _ => Map::new(),
        }
    }

    /// What a file is to hold: what it holds now, with what was changed here since it was last looked at. Another
    /// window may have written in between.
    pub fn merged(&self, since: &Self, file: &Self) -> Self {
        let (new, old) = (self.to_object(), since.to_object());
        let mut whole = file.to_object();
        for (key, value) in new {
            if old.get(&key) != Some(&value) {
                whole.insert(key, value);
            }
        }
        let mut merged = Self::from_object(whole);
        // The lists are joined: who signed in in the other window comes in, and who was forgotten in either goes.
        let knows = |accounts: &[Account], account: &Account| accounts.iter().any(|known| known.is(account));
        merged.accounts.clone_from(&self.accounts);
        merged.accounts.retain(|account| {
            !knows(&since.accounts, account) || knows(&file.accounts, account) || self.used_since(since, account)
        });
        for account in &file.accounts {
            if !knows(&since.accounts, account) && !knows(&self.accounts, account) {
                merged.accounts.push(account.clone());
            }
        }
        merged.accounts.truncate(ACCOUNTS_MAX);
        merged
    }

    /// Whether that account was signed in to here since then: it has come to the front.
    fn used_since(&self, since: &Self, account: &Account) -> bool {
        self.accounts.first().is_some_and(|first| first.is(account)) && self.accounts.first() != since.accounts.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> Account {
        Account { name: name.into(), ..Account::default() }
    }

    fn with(names: &[&str]) -> Settings {
        Settings { accounts: names.iter().map(|name| account(name)).collect(), ..Settings::default() }
    }

    fn names(settings: &Settings) -> Vec<&str> {
        settings.accounts.iter().map(|account| account.name.as_str()).collect()
    }

    fn read(text: &str) -> Settings {
        Settings::from_object(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn one_value_that_is_not_understood_costs_that_value_alone_and_what_is_not_known_is_kept() {
        let text = r#"{"theme": "sepia", "zoom": 1.5, "motion": "no", "notify": false, "window": {"size": 7},
            "accounts": [{"name": "Alice"}], "tray": {"close_to": true}}"#;
        let settings = read(text);
        let expected = Settings { zoom: 1.5, notify: false, ..with(&["Alice"]) };
        assert_eq!(Settings { others: Map::new(), ..settings.clone() }, expected);
        assert_eq!(settings.to_object()["tray"], serde_json::json!({"close_to": true}));
        assert_eq!(read(&serde_json::to_string(&settings).unwrap()), settings, "and it reads what it writes");
    }

    #[test]
    fn what_is_out_of_bounds_comes_within_them() {
        let settings = read(
            r#"{"zoom": 1e9, "list_width": -5, "details_width": 1e30,
            "window": {"corner": [1e9, 0], "size": [900, 600], "maximized": false}}"#,
        );
        assert_eq!((settings.zoom, settings.list_width, settings.details_width), (2.0, Some(PANE_MIN), Some(PANE_MAX)));
        assert_eq!(settings.window, None);
        let many: Vec<_> = (0..100).map(|n| serde_json::json!({"name": format!("user {n}")})).collect();
        assert_eq!(read(&serde_json::json!({"accounts": many}).to_string()).accounts.len(), ACCOUNTS_MAX);
        let odd =
            serde_json::json!({"accounts": [{"name": " "}, {"name": "x".repeat(5_000)}, {"name": "a"}, {"name": "A"}]});
        assert_eq!(names(&read(&odd.to_string())), ["a"]);
    }

    #[test]
    fn who_signed_in_last_is_first_and_nobody_is_there_twice() {
        let mut settings = with(&["Alice", "Bob"]);
        settings.remember(account("bob"));
        assert_eq!(names(&settings), ["bob", "Alice"]);
        settings.remember(Account { server: "far".into(), ..account("bob") });
        assert_eq!(names(&settings), ["bob", "bob", "Alice"]);
        for n in 0..30 {
            settings.remember(account(&n.to_string()));
        }
        assert_eq!((settings.accounts.len(), names(&settings)[0]), (ACCOUNTS_MAX, "29"));
    }

    #[test]
    fn the_zoom_goes_in_steps_and_ends_at_its_limits() {
        let mut settings = Settings::default();
        for _ in 0..3 {
            settings.set_zoom(settings.zoom + ZOOM_STEP);
        }
        assert!((settings.zoom - 1.3).abs() < 1e-6);
        settings.set_zoom(9.0);
        assert_eq!(settings.zoom, ZOOM_MAX);
        settings.set_zoom(f32::NAN);
        assert_eq!(settings.zoom, ZOOM_MAX);
        settings.set_zoom(0.0);
        assert_eq!(settings.zoom, ZOOM_MIN);
    }

    #[test]
    fn two_windows_do_not_undo_each_other() {
        let since = with(&["Alice", "Bob"]);
        // This window made everything larger and signed Charlie in; the other one turned dark, forgot Bob, took Dora in.
        let mut here = Settings { zoom: 1.5, ..since.clone() };
        here.remember(account("Charlie"));
        let there = Settings { theme: Theme::Dark, ..with(&["Dora", "Alice"]) };
        let merged = here.merged(&since, &there);
        assert_eq!((merged.zoom, merged.theme), (1.5, Theme::Dark));
        assert_eq!(names(&merged), ["Charlie", "Alice", "Dora"]);
        // Who is forgotten here goes; who is used here stays, although the other one forgot them.
        let mut here = with(&["Alice"]);
        assert_eq!(names(&here.merged(&since, &since)), ["Alice"]);
        here = since.clone();
        here.remember(account("Bob"));
        assert_eq!(names(&here.merged(&since, &with(&["Alice"]))), ["Bob", "Alice"]);
    }

    #[test]
    fn a_window_comes_back_to_where_it_can_be_seen() {
        let two = [[0.0, 0.0, 1920.0, 1080.0], [1920.0, 0.0, 1280.0, 1024.0]];
        let place = |x, y, width, height| Place { corner: Some([x, y]), size: [width, height], maximized: false };
        for (was, screens, comes) in [
            (place(100.0, 50.0, 900.0, 600.0), &two[..], place(100.0, 50.0, 900.0, 600.0)),
            (place(2000.0, 50.0, 900.0, 600.0), &two, place(2000.0, 50.0, 900.0, 600.0)),
            // The second screen is gone.
            (place(2000.0, 50.0, 900.0, 600.0), &two[..1], place(510.0, 240.0, 900.0, 600.0)),
            // Above the screen there is nothing to take it by.
            (place(100.0, -300.0, 900.0, 600.0), &two, place(510.0, 240.0, 900.0, 600.0)),
            // Half outside is a place that somebody chose.
            (place(-400.0, 50.0, 900.0, 600.0), &two, place(-400.0, 50.0, 900.0, 600.0)),
            (place(0.0, 0.0, 4000.0, 3000.0), &two[..1], place(0.0, 0.0, 1920.0, 1080.0)),
            (place(9.0, 9.0, 900.0, 600.0), &[], place(9.0, 9.0, 900.0, 600.0)),
        ] {
            assert_eq!(was.within(screens), comes, "{was:?}");
        }
        let nowhere = Place { corner: None, size: [5000.0, 500.0], maximized: true };
        assert_eq!(nowhere.within(&two), Place { size: [1920.0, 500.0], ..nowhere });
    }
}
