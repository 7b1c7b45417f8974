//! Requests that have to do with accounts: one's own, those of others, who else may make one. Each is documented with an
//! example in docs/PROTOCOL.md. What comes back is in [`super::event`].

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::device::DeviceCall;
use super::event::{Code, Problem};
use super::ids::{RequestId, UserId};

/// What an account may do beside talking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    #[default]
    Member,
    /// Look after the accounts and the server.
    Admin,
}

/// What is asked of accounts.
#[derive(Debug)]
pub enum AccountCall {
    /// `join`: make an account for oneself, and be logged in with it. The only one that comes before a login.
    Join(Join),
    /// `change_password`: give one's own account another password.
    ChangePassword {
        /// The one that it has.
        old: SecretString,
        /// The one that it is to have.
        new: SecretString,
        /// Whether its other devices are to be signed out.
        end_others: bool,
    },
    /// `list_devices` and what can be done with them.
    Device(DeviceCall),
    /// `change_name`: give one's own account another name, to be checked.
    ChangeName(String),
    /// What only an administrator can ask for.
    Admin(AdminCall),
}

/// `join`.
#[derive(Debug, Deserialize)]
pub struct Join {
    /// The invite's code, as it was typed; needed unless everybody can register.
    #[serde(default)]
    pub code: Option<SecretString>,
    /// The name of the new account, to be checked.
    pub username: String,
    /// Its password, to be checked.
    pub password: SecretString,
}

/// What an administrator asks for.
#[derive(Debug)]
pub enum AdminCall {
    /// `list_accounts`: those with higher numbers than this one, a page of them.
    ListAccounts {
        /// The last account of the page before.
        after: Option<UserId>,
    },
    /// `add_account`: make one for somebody.
    Add {
        /// Its name, to be checked.
        username: String,
        /// Its password, to be checked.
        password: SecretString,
    },
    /// `reset_password`: give an account another password.
    ResetPassword {
        /// Whose.
        user: UserId,
        /// The new one, to be checked.
        password: SecretString,
    },
    /// `block_account`: have an account log in no more, or again.
    Block {
        /// Whose.
        user: UserId,
        /// Whether it is to be kept out.
        blocked: bool,
    },
    /// `set_role`: say what an account may do.
    SetRole {
        /// Whose.
        user: UserId,
        /// What it may do.
        role: Role,
    },
    /// `remove_account`: take an account away for ever.
    Remove(UserId),
    /// `rename_server`: give the server a name; none at all if it is empty.
    RenameServer(String),
    /// `set_registration`: let everybody who reaches the server make an account, or only those who are invited.
    SetRegistration(bool),
    /// `create_invite`: make a code with which accounts can be made.
    CreateInvite {
        /// How many accounts.
        uses: u32,
        /// For how long, in milliseconds.
        expires_in_ms: u64,
        /// For whom it is, in the words of whoever makes it.
        label: String,
    },
    /// `list_invites`: those that there are, without their codes.
    ListInvites,
    /// `revoke_invite`: make a code worthless.
    RevokeInvite(u64),
}

impl AccountCall {
    /// The field `purpose` of the request and of its reply.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Join(_) => "join",
            Self::ChangePassword { .. } => "change_password",
            Self::ChangeName(_) => "change_name",
            Self::Device(call) => call.purpose(),
            Self::Admin(call) => call.purpose(),
        }
    }

    /// Reads the fields of a request with that purpose; nothing if the purpose is none of these.
    pub(super) fn parse(purpose: &str, json: &[u8]) -> Option<Result<Self, Problem>> {
        let bad = |error: serde_json::Error| Problem::new(Code::BadRequest, format!("{purpose}: {error}"));
        Self::read(purpose, json).map_err(bad).transpose()
    }

    fn read(purpose: &str, json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match purpose {
            "join" => Self::Join(serde_json::from_slice(json)?),
            "change_password" => {
                let PasswordsWire { old, new, end_others } = serde_json::from_slice(json)?;
                Self::ChangePassword { old, new, end_others }
            }
            "change_name" => Self::ChangeName(serde_json::from_slice::<UsernameWire>(json)?.username),
            other => {
                let device = DeviceCall::read(other, json)?.map(Self::Device);
                return if device.is_some() { Ok(device) } else { Ok(AdminCall::read(other, json)?.map(Self::Admin)) };
            }
        }))
    }
}

impl AdminCall {
    fn purpose(&self) -> &'static str {
        match self {
            Self::ListAccounts { .. } => "list_accounts",
            Self::Add { .. } => "add_account",
            Self::ResetPassword { .. } => "reset_password",
            Self::Block { .. } => "block_account",
            Self::SetRole { .. } => "set_role",
            Self::Remove(_) => "remove_account",
            Self::RenameServer(_) => "rename_server",
            Self::SetRegistration(_) => "set_registration",
            Self::CreateInvite { .. } => "create_invite",
            Self::ListInvites => "list_invites",
            Self::RevokeInvite(_) => "revoke_invite",
        }
    }

    fn read(purpose: &str, json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match purpose {
            "list_accounts" => Self::ListAccounts { after: serde_json::from_slice::<AfterWire>(json)?.after },
            "add_account" => {
                let NewWire { username, password } = serde_json::from_slice(json)?;
                Self::Add { username, password }
            }
            "reset_password" => {
                let ResetWire { user, password } = serde_json::from_slice(json)?;
                Self::ResetPassword { user, password }
            }
            "block_account" => {
                let BlockWire { user, blocked } = serde_json::from_slice(json)?;
                Self::Block { user, blocked }
            }
            "set_role" => {
                let RoleWire { user, role } = serde_json::from_slice(json)?;
                Self::SetRole { user, role }
            }
            "remove_account" => Self::Remove(serde_json::from_slice::<UserWire>(json)?.user),
            "rename_server" => Self::RenameServer(serde_json::from_slice::<NameWire>(json)?.name),
            "set_registration" => Self::SetRegistration(serde_json::from_slice::<OnWire>(json)?.on),
            "create_invite" => {
                let InviteWire { uses, expires_in_ms, label } = serde_json::from_slice(json)?;
                Self::CreateInvite { uses, expires_in_ms, label }
            }
            "list_invites" => Self::ListInvites,
            "revoke_invite" => Self::RevokeInvite(serde_json::from_slice::<RevokeWire>(json)?.invite),
            _ => return Ok(None),
        }))
    }
}

#[derive(Deserialize)]
struct PasswordsWire {
    old: SecretString,
    new: SecretString,
    #[serde(default)]
    end_others: bool,
}

#[derive(Deserialize)]
struct UsernameWire {
    username: String,
}

#[derive(Deserialize)]
struct AfterWire {
    #[serde(default)]
    after: Option<UserId>,
}

#[derive(Deserialize)]
struct NewWire {
    username: String,
    password: SecretString,
}

#[derive(Deserialize)]
struct ResetWire {
    user: UserId,
    password: SecretString,
}

#[derive(Deserialize)]
struct BlockWire {
    user: UserId,
    blocked: bool,
}

#[derive(Deserialize)]
struct RoleWire {
    user: UserId,
    role: Role,
}

#[derive(Deserialize)]
struct UserWire {
    user: UserId,
}

#[derive(Deserialize)]
struct NameWire {
    name: String,
}

#[derive(Deserialize)]
struct OnWire {
    on: bool,
}

#[derive(Deserialize)]
struct InviteWire {
    uses: u32,
    expires_in_ms: u64,
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
struct RevokeWire {
    invite: u64,
}

/// The same requests as our own client writes them.
#[derive(Serialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Asked<'a> {
    /// See [`Join`]. It is the first frame of a connection, and its answer the next one.
    Join {
        /// The invite's code, exposed for this one frame.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
        /// The new account's name.
        username: &'a str,
        /// Its password, exposed for this one frame.
        password: &'a str,
    },
    /// See [`AccountCall::ChangePassword`].
    ChangePassword {
        /// Comes back in the reply.
        id: RequestId,
        /// Exposed for this one frame.
        old: &'a str,
        /// Exposed for this one frame.
        new: &'a str,
        /// Whether the other devices are to be signed out.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        end_others: bool,
    },
    /// See [`AccountCall::ChangeName`].
    ChangeName {
        /// Comes back in the reply.
        id: RequestId,
        /// The new name.
        username: &'a str,
    },
    /// See [`AdminCall::ListAccounts`].
    ListAccounts {
        /// Comes back in the reply.
        id: RequestId,
        /// The last account of the page before.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    },
    /// See [`AdminCall::Add`].
    AddAccount {
        /// Comes back in the reply.
        id: RequestId,
        /// The new account's name.
        username: &'a str,
        /// Exposed for this one frame.
        password: &'a str,
    },
    /// See [`AdminCall::ResetPassword`].
    ResetPassword {
        /// Comes back in the reply.
        id: RequestId,
        /// Whose.
        user: UserId,
        /// Exposed for this one frame.
        password: &'a str,
    },
    /// See [`AdminCall::Block`].
    BlockAccount {
        /// Comes back in the reply.
        id: RequestId,
        /// Whose.
        user: UserId,
        /// Whether it is to be kept out.
        blocked: bool,
    },
    /// See [`AdminCall::SetRole`].
    SetRole {
        /// Comes back in the reply.
        id: RequestId,
        /// Whose.
        user: UserId,
        /// What it may do.
        role: Role,
    },
    /// See [`AdminCall::Remove`].
    RemoveAccount {
        /// Comes back in the reply.
        id: RequestId,
        /// Whose.
        user: UserId,
    },
    /// See [`AdminCall::RenameServer`].
    RenameServer {
        /// Comes back in the reply.
        id: RequestId,
        /// The new name.
        name: &'a str,
    },
    /// See [`AdminCall::SetRegistration`].
    SetRegistration {
        /// Comes back in the reply.
        id: RequestId,
        /// Whether everybody can make an account.
        on: bool,
    },
    /// See [`AdminCall::CreateInvite`].
    CreateInvite {
        /// Comes back in the reply.
        id: RequestId,
        /// How many accounts.
        uses: u32,
        /// For how long, in milliseconds.
        expires_in_ms: u64,
        /// For whom.
        label: &'a str,
    },
    /// See [`AdminCall::ListInvites`].
    ListInvites {
        /// Comes back in the reply.
        id: RequestId,
    },
    /// See [`AdminCall::RevokeInvite`].
    RevokeInvite {
        /// Comes back in the reply.
        id: RequestId,
        /// Which.
        invite: u64,
    },
}

/// It is borrowed parts of what a person typed, passwords among them.
impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::request::{Call, Request};

    #[test]
    fn what_our_client_writes_is_what_the_server_reads() {
        let (id, user, password) = (7, UserId(2), "canary");
        for asked in [
            Asked::Join { code: Some(password), username: "Dana", password },
            Asked::Join { code: None, username: "Dana", password },
            Asked::ChangePassword { id, old: password, new: password, end_others: true },
            Asked::ChangeName { id, username: "Dana" },
            Asked::ListAccounts { id, after: None },
            Asked::ListAccounts { id, after: Some(user) },
            Asked::AddAccount { id, username: "Dana", password },
            Asked::ResetPassword { id, user, password },
            Asked::BlockAccount { id, user, blocked: true },
            Asked::SetRole { id, user, role: Role::Admin },
            Asked::RemoveAccount { id, user },
            Asked::RenameServer { id, name: "Home" },
            Asked::SetRegistration { id, on: true },
            Asked::CreateInvite { id, uses: 1, expires_in_ms: 5, label: "Dana" },
            Asked::ListInvites { id },
            Asked::RevokeInvite { id, invite: 3 },
        ] {
            let json = serde_json::to_string(&asked).unwrap();
            let request = Request::parse(json.as_bytes()).unwrap();
            let Call::Account(call) = &request.call else { panic!("{json}") };
            assert!(json.contains(&format!("\"purpose\":\"{}\"", call.purpose())), "{json}");
            assert!(!format!("{request:?}{asked:?}").contains(password), "{request:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_what_was_sent_is_not_repeated_in_a_log() {
        for (json, what) in [
            (r#"{"purpose":"change_password","old":"x"}"#, "new"),
            (r#"{"purpose":"set_role","user":1,"role":"king"}"#, "king"),
            (r#"{"purpose":"block_account","user":1}"#, "blocked"),
            (r#"{"purpose":"revoke_invite"}"#, "invite"),
        ] {
            let bad = Request::parse(json.as_bytes()).expect_err(json);
            assert!(bad.problem.message.contains(what), "{}", bad.problem.message);
            assert!(!format!("{bad:?}").contains("king"));
        }
    }
}
