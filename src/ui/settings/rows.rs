//! What the settings page shows, as data: sections and their rows, and which of them a search finds. Draws nothing.

use lucide_icons::Icon;

use super::devices;
use crate::client::model::Model;
use crate::settings::values::{Account, Settings, Theme};
use crate::ui::About;
use crate::ui::dialogs::account::Kind as Ask;
use crate::ui::login::server_words;
use crate::ui::when::Clock;

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// Who one is here.
    Account,
    /// Where one is signed in.
    Devices,
    /// How it looks.
    Appearance,
    /// How one writes.
    Writing,
    /// When it calls.
    Notifications,
    /// What others learn.
    Privacy,
    /// Which servers there are.
    Servers,
    /// What is kept on this computer's disk.
    Storage,
    /// What this program is.
    About,
}

impl Section {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 9] = [
        Self::Account,
        Self::Devices,
        Self::Appearance,
        Self::Writing,
        Self::Notifications,
        Self::Privacy,
        Self::Servers,
        Self::Storage,
        Self::About,
    ];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Devices => "Devices",
            Self::Appearance => "Appearance",
            Self::Writing => "Writing",
            Self::Notifications => "Notifications",
            Self::Privacy => "Privacy",
            Self::Servers => "Connection and servers",
            Self::Storage => "Storage",
            Self::About => "About",
        }
    }

    /// Its sign.
    pub fn sign(self) -> Icon {
        match self {
            Self::Account => Icon::CircleUserRound,
            Self::Devices => Icon::MonitorSmartphone,
            Self::Appearance => Icon::SunMoon,
            Self::Writing => Icon::Keyboard,
            Self::Notifications => Icon::Bell,
            Self::Privacy => Icon::EyeOff,
            Self::Servers => Icon::Server,
            Self::Storage => Icon::HardDrive,
            Self::About => Icon::Info,
        }
    }
}

/// Something that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Things may move.
    Motion,
    /// Enter sends.
    EnterSends,
    /// The system tells of messages.
    Notify,
    /// With name and text.
    NotifyText,
    /// With a sound.
    NotifySound,
    /// Nothing calls for now.
    DoNotDisturb,
    /// Closing the window leaves the program in the tray.
    CloseToTray,
    /// Others learn what was read. This one is kept by the server.
    ReadReceipts,
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self, settings: &Settings, model: &Model) -> bool {
        match self {
            Self::Motion => settings.motion,
            Self::EnterSends => settings.enter_sends,
            Self::Notify => settings.notify,
            Self::NotifyText => settings.notify_text,
            Self::NotifySound => settings.notify_sound,
            Self::DoNotDisturb => settings.do_not_disturb,
            Self::CloseToTray => settings.close_to_tray,
            Self::ReadReceipts => model.read_receipts,
        }
    }

    /// The place of what is kept here; nothing for what the server keeps.
    pub fn kept(self, settings: &mut Settings) -> Option<&mut bool> {
        Some(match self {
            Self::Motion => &mut settings.motion,
            Self::EnterSends => &mut settings.enter_sends,
            Self::Notify => &mut settings.notify,
            Self::NotifyText => &mut settings.notify_text,
            Self::NotifySound => &mut settings.notify_sound,
            Self::DoNotDisturb => &mut settings.do_not_disturb,
            Self::CloseToTray => &mut settings.close_to_tray,
            Self::ReadReceipts => return None,
        })
    }
}

/// What can be done in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Who one is: the name for the face.
    Me(String),
    /// Change the name or the password.
    Ask(Ask),
    /// Leave this account.
    SignOut,
    /// Leave for another account, and stay signed in.
    SwitchAccount,
    /// A device: the number to end it by, if it can be, and whether it is this one.
    Device(Option<u64>, bool),
    /// Sign out all other devices.
    EndOthers,
    /// Delete what is kept.
    ClearCache,
    /// How much is kept, in bytes.
    CacheLimit(u64),
    /// On or off; what depends on another one that is off cannot be changed.
    Switch(Switch, bool, bool),
    /// Light or dark.
    Theme(Theme),
    /// How large.
    Zoom(f32),
    /// A server that was used here, whether it stands on the login page, and one of its accounts.
    Server(Account, bool),
    /// A fact: the hint says it.
    Fact,
    /// A page in the browser.
    Link(&'static str),
}

/// A row of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it stands.
    pub section: Section,
    /// What it is called.
    pub title: String,
    /// What there is to know.
    pub hint: String,
    /// What can be done.
    pub kind: Kind,
}

/// What is shown without being changed: others' work, and the licence it comes with.
const LICENCES: [(&str, &str, &str); 4] = [
    ("Parlor", "MIT licence", "https://opensource.org/license/mit"),
    ("Inter", "The letters. SIL Open Font License 1.1", "https://rsms.me/inter/"),
    ("Lucide", "The icons. ISC licence", "https://lucide.dev/license"),
    (
        "Twemoji",
        "The emoji, copyright Twitter, Inc and other contributors. CC-BY 4.0",
        "https://github.com/jdecked/twemoji",
    ),
];

/// What is wanted in a search: words that all have to be there, as they may stand in the title, the hint or the section.
fn fits(row: &Row, query: &str) -> bool {
    let text = format!("{} {} {}", row.section.title(), row.title, row.hint).to_lowercase();
    query.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

/// The rows that a search finds; all of them while nothing is searched.
pub fn found(settings: &Settings, model: &Model, about: &About, clock: &Clock, query: &str) -> Vec<Row> {
    let mut rows = all(settings, model, about);
    let after = rows.iter().take_while(|row| row.section == Section::Account).count();
    rows.splice(after..after, devices::rows(model, clock));
    rows.retain(|row| fits(row, query));
    rows
}

fn all(settings: &Settings, model: &Model, about: &About) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |section, title: &str, hint: &str, kind| {
        rows.push(Row { section, title: title.into(), hint: hint.into(), kind });
    };
    let switch = |which: Switch| Kind::Switch(which, which.is_on(settings, model), true);

    let name = model.me.as_ref().map_or("", |me| me.username.as_str());
    let here = settings.accounts.first().map(server_words).unwrap_or_default();
    add(Section::Account, name, &here, Kind::Me(name.into()));
    let hint = "It is also the name that you sign in with.";
    add(Section::Account, "Name", hint, Kind::Ask(Ask::ChangeName));
    add(Section::Account, "Password", "The old one is asked for.", Kind::Ask(Ask::ChangePassword));
    let hint = "This device stays signed in here, if it was to.";
    add(Section::Account, "Use another account", hint, Kind::SwitchAccount);
    add(Section::Account, "Sign out", "What is known of this account here is forgotten.", Kind::SignOut);

    add(Section::Appearance, "Theme", "", Kind::Theme(settings.theme));
    add(Section::Appearance, "Zoom", "Ctrl+plus, Ctrl+minus and Ctrl+0 do the same.", Kind::Zoom(settings.zoom));
    add(Section::Appearance, "Animations", "When off, nothing glides or fades.", switch(Switch::Motion));

    let hint = "When off, Enter breaks the line, and Ctrl+Enter sends.";
    add(Section::Writing, "Enter sends", hint, switch(Switch::EnterSends));

    let calls = Section::Notifications;
    add(calls, "Notify of new messages", "While the window is not in front.", switch(Switch::Notify));
    let depends = |which: Switch| Kind::Switch(which, which.is_on(settings, model), settings.notify);
    let hint = "When off, it is only said that there is something.";
    add(calls, "Show who wrote, and what", hint, depends(Switch::NotifyText));
    add(calls, "Make a sound", "", depends(Switch::NotifySound));
    let hint = "Nothing calls for now, whatever is chosen above.";
    add(calls, "Do not disturb", hint, switch(Switch::DoNotDisturb));
    if about.tray {
        let hint = "Parlor goes on in the tray, and tells of new messages. Quit it there.";
        add(calls, "Close to the tray", hint, switch(Switch::CloseToTray));
    }

    let hint = "When off, others do not see what you have read, and you do not see what they have.";
    add(Section::Privacy, "Send read receipts", hint, switch(Switch::ReadReceipts));

    if let Some(hosted) = &model.hosting {
        add(Section::Servers, "This window hosts", &hosted.details(), Kind::Fact);
    }
    let mut servers: Vec<&Account> = Vec::new();
    for account in &settings.accounts {
        if !servers.iter().any(|known| known.same_server(account)) {
            servers.push(account);
        }
    }
    for server in servers {
        let accounts = settings.accounts.iter().filter(|account| account.same_server(server));
        let names: Vec<&str> = accounts.map(|account| account.name.as_str()).collect();
        let is_default = server.hosts.is_none() && server.server == settings.default_server;
        let hint = match (names.join(", "), is_default) {
            (names, true) => format!("{names}. Stands on the login page"),
            (names, false) => names,
        };
        add(Section::Servers, &server_words(server), &hint, Kind::Server(server.clone(), is_default));
    }

    if let Some(cache) = &model.cache {
        let hint = format!("{} in {}", megabytes(cache.bytes), cache.path);
        add(Section::Storage, "Messages on this computer", &hint, Kind::Fact);
        let hint = "The oldest messages make room; the server has them still.";
        add(Section::Storage, "Keep at most", hint, Kind::CacheLimit(settings.cache_limit_bytes));
        if let Some(bytes) = cache.shown_bytes {
            let hint = format!("{}. Those that were not looked at for longest make room.", megabytes(bytes));
            add(Section::Storage, "Pictures and files that were shown", &hint, Kind::Fact);
        }
        let hint = "Messages, pictures and files that were shown are deleted from this disk, and loaded from the server again.";
        add(Section::Storage, "Clear", hint, Kind::ClearCache);
    }

    add(Section::About, "Version", &about.version, Kind::Fact);
    add(Section::About, "Data folder", &about.data_folder, Kind::Fact);
    add(Section::About, "Settings file", &about.settings_file, Kind::Fact);
    for (title, hint, url) in LICENCES {
        add(Section::About, title, hint, Kind::Link(url));
    }
    rows
}

/// So many bytes as people read them.
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::ids::DeviceId;

    fn clock() -> Clock {
        Clock { now: crate::proto::ids::Millis(0), zone: jiff::tz::TimeZone::UTC }
    }

    fn titles(settings: &Settings, query: &str) -> Vec<String> {
        let model = Model::new(DeviceId::from_random(1));
        found(settings, &model, &About::default(), &clock(), query).into_iter().map(|row| row.title).collect()
    }

    #[test]
    fn a_search_finds_words_wherever_they_stand() {
        let settings = Settings::default();
        assert_eq!(titles(&settings, "ENTER send"), ["Enter sends"]);
        assert_eq!(titles(&settings, "appearance"), ["Theme", "Zoom", "Animations"]);
        assert_eq!(titles(&settings, "emoji"), ["Twemoji"]);
        assert_eq!(titles(&settings, "xyzzy"), [""; 0]);
        assert!(titles(&settings, " ").len() > 12);
    }

    #[test]
    fn a_server_is_there_once_with_all_who_were_on_it() {
        let on = |server: &str, name: &str| Account { server: server.into(), name: name.into(), hosts: None };
        let accounts = vec![on("b.example", "Alice"), on("", "Bob"), on("B.example", "Charlie")];
        let settings = Settings { accounts, default_server: "b.example".into(), ..Settings::default() };
        let model = Model::new(DeviceId::from_random(1));
        let rows = found(&settings, &model, &About::default(), &clock(), "connection");
        let shown: Vec<_> = rows.iter().map(|row| (row.title.as_str(), row.hint.as_str())).collect();
        assert_eq!(shown, [("b.example", "Alice, Charlie. Stands on the login page"), ("This computer", "Bob")]);
    }
}
