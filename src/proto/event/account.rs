//! What the server says about accounts and about itself, in answer to [`crate::proto::account`] and unasked.

use serde::{Deserialize, Serialize};

use super::Status;
use crate::proto::account::Role;
use crate::proto::ids::{Millis, UserId};
use crate::proto::invite::InviteCode;

/// An account, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// Its number.
    pub id: UserId,
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// It is kept out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// Whether it is there.
    pub status: Status,
    /// When it was last there, if it is not and ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Millis>,
    /// Its connections, oldest first; at most [`crate::proto::limits::CONNECTIONS_SHOWN_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<ConnectionInfo>,
}

/// A connection of an account, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    /// The address of the other computer, without the port.
    pub address: String,
    /// When it was made.
    pub since: Millis,
}

/// The reply to `list_accounts`: a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// By number.
    pub accounts: Vec<AccountInfo>,
    /// There are more: ask for those after the last one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// The reply to `change_name` and `add_account`: the account as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReply {
    /// Its number.
    pub user: UserId,
    /// Its name, as it is written.
    pub username: String,
}

/// An invite, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteInfo {
    /// Its number.
    pub invite: u64,
    /// For whom it is, in the words of whoever made it; may be empty.
    pub label: String,
    /// Who made it.
    pub by: UserId,
    /// When.
    pub created: Millis,
    /// When it ends.
    pub expires: Millis,
    /// How many accounts it is good for.
    pub uses: u32,
    /// How many were made with it.
    pub used: u32,
}

impl InviteInfo {
    /// Whether an account can still be made with it.
    pub fn is_good(&self, now: Millis) -> bool {
        self.used < self.uses && now < self.expires
    }
}

/// The reply to `list_invites`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invites {
    /// By number.
    pub invites: Vec<InviteInfo>,
}

/// The reply to `create_invite`: the only time that the code is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvite {
    /// What it is good for.
    #[serde(flatten)]
    pub info: InviteInfo,
    /// What is to be given away.
    #[serde(with = "as_text")]
    pub code: InviteCode,
}

/// A code as it stands in a reply.
mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::InviteCode;

    pub fn serialize<S: Serializer>(code: &InviteCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&code.text())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<InviteCode, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A device of one's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// What it is ended by; nothing for one that is there and does not stay signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// What it is called; may be empty.
    pub device: String,
    /// When it was signed in.
    pub created: Millis,
    /// When it was last there.
    pub used: Millis,
    /// The address from which it was last there, without the port.
    pub address: String,
    /// It is the one that asks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub this: bool,
    /// It is there now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

/// The reply to `list_devices`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The one that asks first, then those that were used last.
    pub devices: Vec<DeviceInfo>,
}

/// The reply to what ends other devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How many.
    #[serde(default)]
    pub ended: usize,
}

/// What came of a request of [`crate::proto::account`] that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountDone {
    /// It is done, and there is no more to say.
    Done,
    /// An account has that name now, or was made.
    Account(AccountReply),
    /// A page of accounts.
    Accounts(Accounts),
    /// The invites.
    Invites(Invites),
    /// A new invite, with its code.
    Invite(NewInvite),
    /// The devices of this account.
    Devices(Devices),
    /// Other devices are signed out.
    Ended(Ended),
}

/// `server_changed`: what this server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "server_changed")]
pub struct ServerChanged {
    /// The name that its administrators gave it; empty if none.
    #[serde(default)]
    pub server_name: String,
    /// Whether everybody can make an account; told to administrators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<bool>,
}

/// `role_changed`: what this account may do from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "role_changed")]
pub struct RoleChanged {
    /// What.
    pub role: Role,
}

/// `administration_changed`: accounts or invites are not what they were. Told to administrators, who may ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename = "administration_changed")]
pub struct AdministrationChanged {}
