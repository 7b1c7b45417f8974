//! What can be done from a menu, from the palette and by a key: one list, with the words and the sign of each. Draws
//! nothing, and does nothing: the window carries out what was chosen.

use lucide_icons::Icon;

use crate::client::model::Model;
use crate::proto::chat::ChatKey;

/// Something that can be done. Some of it is about a chat: the open one, or the one whose menu it was chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Find a chat, a person or a command.
    Find,
    /// Search in the list.
    SearchList,
    /// Search the messages of the open chat.
    SearchChat,
    /// Search the messages of all chats.
    SearchAll,
    /// Show the keys.
    Shortcuts,
    /// Go to the next chat in the list.
    NextChat,
    /// Go to the one before.
    PreviousChat,
    /// Go to the next chat with something new.
    NextNew,
    /// Go to the one before.
    PreviousNew,
    /// Show only chats with something new, or all again.
    OnlyNew,
    /// Nothing is new any more.
    AllRead,
    /// Make a group.
    NewGroup,
    /// Write to several people.
    MessageSeveral,
    /// Show what there is to know of a chat, or hide it.
    Details,
    /// Keep a chat at the top of the list, or not.
    Pin,
    /// Have a chat leave this person alone, or not.
    Mute,
    /// Nothing is new in a chat any more.
    MarkRead,
    /// Leave a group.
    Leave,
    /// Have files go with what is being written.
    Attach,
    /// Keep a chat as a file.
    Export,
    /// Read a chat that was kept as a file.
    OpenExport,
    /// Let others know what was read, or not.
    ReadReceipts,
    /// See what can be chosen.
    Settings,
    /// Look after accounts and the server.
    Administration,
    /// Dark or light.
    Theme,
    /// Leave this account.
    SignOut,
}

/// What the words of an action depend on, beside the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// The chat that it would be about.
    pub chat: Option<ChatKey>,
    /// That chat is pinned.
    pub pinned: bool,
    /// It can be pinned, if it is not.
    pub room_to_pin: bool,
    /// Only what is new is shown.
    pub only_new: bool,
    /// The window is dark.
    pub dark: bool,
}

impl Action {
    /// What the palette offers, in the order in which it does so.
    pub const COMMANDS: &'static [Self] = &[
        Self::NewGroup,
        Self::MessageSeveral,
        Self::NextNew,
        Self::OnlyNew,
        Self::AllRead,
        Self::Details,
        Self::Pin,
        Self::Mute,
        Self::MarkRead,
        Self::Leave,
        Self::SearchChat,
        Self::SearchAll,
        Self::SearchList,
        Self::Attach,
        Self::Export,
        Self::OpenExport,
        Self::Settings,
        Self::Administration,
        Self::Shortcuts,
        Self::Theme,
        Self::ReadReceipts,
        Self::SignOut,
    ];

    /// What the menu of a chat has beside opening it.
    pub const OF_CHAT: &'static [Self] = &[Self::Pin, Self::Mute, Self::MarkRead, Self::Details, Self::Leave];

    /// Whether it can be done now.
    pub fn fits(self, stand: Stand, model: &Model) -> bool {
        let about = stand.chat.and_then(|key| model.chat(key));
        match self {
            Self::Details | Self::Mute | Self::SearchChat | Self::Attach | Self::Export => stand.chat.is_some(),
            // The room of everyone has its place.
            Self::Pin => (stand.pinned || stand.room_to_pin) && stand.chat.is_some_and(|key| key != ChatKey::Everyone),
            Self::MarkRead => about.is_some_and(|chat| chat.unread > 0),
            Self::Leave => matches!(stand.chat, Some(ChatKey::Group(_))),
            Self::AllRead => model.chats.values().any(|chat| chat.unread > 0),
            Self::NextNew | Self::PreviousNew => model.unread() > 0,
            Self::Administration => model.is_admin(),
            _ => true,
        }
    }

    /// Its words in a menu.
    pub fn label(self, stand: Stand, model: &Model) -> &'static str {
        let either = |is: bool, when: &'static str, otherwise| if is { when } else { otherwise };
        match self {
            Self::Find => "Find a chat, a person or a command",
            Self::SearchList => "Search in the list",
            Self::SearchChat => "Search this chat",
            Self::SearchAll => "Search all chats",
            Self::Shortcuts => "Keyboard shortcuts",
            Self::NextChat => "Next chat",
            Self::PreviousChat => "Previous chat",
            Self::NextNew => "Next unread chat",
            Self::PreviousNew => "Previous unread chat",
            Self::OnlyNew => either(stand.only_new, "Show all chats", "Show unread chats only"),
            Self::AllRead => "Mark everything as read",
            Self::NewGroup => "New group…",
            Self::MessageSeveral => "Message several people…",
            Self::Details => "Details",
            Self::Pin => either(stand.pinned, "Unpin", "Pin"),
            Self::Mute => either(is_muted(stand, model), "Unmute", "Mute"),
            Self::MarkRead => "Mark as read",
            Self::Leave => "Leave group…",
            Self::Attach => "Attach files…",
            Self::Export => "Export this chat…",
            Self::OpenExport => "Open an export…",
            Self::ReadReceipts => either(model.read_receipts, "Turn read receipts off", "Turn read receipts on"),
            Self::Theme => either(stand.dark, "Switch to the light theme", "Switch to the dark theme"),
            Self::Settings => "Settings",
            Self::Administration => "People, invites and server",
            Self::SignOut => "Sign out",
        }
    }

    /// Its words where nothing around it says which chat it is about.
    pub fn title(self, stand: Stand, model: &Model) -> &'static str {
        let either = |is: bool, when: &'static str, otherwise| if is { when } else { otherwise };
        match self {
            Self::Details => "Details of this chat",
            Self::Pin => either(stand.pinned, "Unpin this chat", "Pin this chat"),
            Self::Mute => either(is_muted(stand, model), "Unmute this chat", "Mute this chat"),
            Self::MarkRead => "Mark this chat as read",
            Self::Leave => "Leave this group…",
            _ => self.label(stand, model),
        }
    }

    /// Its sign.
    pub fn sign(self, stand: Stand, model: &Model) -> Icon {
        match self {
            Self::Find | Self::SearchList | Self::SearchChat | Self::SearchAll => Icon::Search,
            Self::Shortcuts => Icon::Keyboard,
            Self::NextChat | Self::NextNew => Icon::ArrowDown,
            Self::PreviousChat | Self::PreviousNew => Icon::ArrowUp,
            Self::OnlyNew => Icon::ListFilter,
            Self::AllRead | Self::MarkRead => Icon::MailOpen,
            Self::NewGroup => Icon::UsersRound,
            Self::MessageSeveral => Icon::Send,
            Self::Details => Icon::PanelRight,
            Self::Pin if stand.pinned => Icon::PinOff,
            Self::Pin => Icon::Pin,
            Self::Mute if is_muted(stand, model) => Icon::Bell,
            Self::Mute => Icon::BellOff,
            Self::Leave | Self::SignOut => Icon::LogOut,
            Self::Attach => Icon::Paperclip,
            Self::Export => Icon::Download,
            Self::OpenExport => Icon::FolderOpen,
            Self::ReadReceipts => Icon::CheckCheck,
            Self::Theme if stand.dark => Icon::Sun,
            Self::Theme => Icon::Moon,
            Self::Settings => Icon::Settings,
            Self::Administration => Icon::ShieldCheck,
        }
    }
}

fn is_muted(stand: Stand, model: &Model) -> bool {
    stand.chat.and_then(|key| model.chat(key)).is_some_and(|chat| chat.muted)
}
