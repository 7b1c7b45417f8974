//! What a client asks about accounts: for its person, and for the page of an administrator.

use secrecy::{ExposeSecret as _, SecretString};

use super::Client;
use super::admin::Look;
use super::cache::Opener;
use super::command::{AccountWish, AdminWish};
use super::connection::Secret;
use super::model::Phase;
use crate::proto::account::Asked;
use crate::proto::device::DeviceCall;
use crate::proto::event::{Code, Problem};
use crate::proto::frame;
use crate::proto::ids::RequestId;

impl Client {
    /// Asks for something about accounts.
    pub(super) fn account(&mut self, wish: AccountWish) {
        if self.model.phase != Phase::SignedIn {
            return;
        }
        match &wish {
            AccountWish::Admin(AdminWish::Open) => {
                self.model.open_admin();
                return self.run_errands();
            }
            AccountWish::Device(DeviceCall::List) => {
                let n = self.model.next_asked();
                return self.send(frame::frame_of(&DeviceCall::List.request(n)));
            }
            AccountWish::Admin(AdminWish::Close) => return self.model.admin = None,
            _ => {}
        }
        let n = self.model.start_errand();
        if !self.linked {
            let problem =
                Problem::new(Code::Other, "There is no connection to the server now. Try again when it is back.");
            return self.model.account_done(Some(n), Err(problem));
        }
        let frame = match &wish {
            AccountWish::Device(call) => Some(frame::frame_of(&call.request(n))),
            wish => wish.request(n).map(|asked| frame::frame_of(&asked)),
        };
        if let Some(frame) = frame {
            self.send(frame);
        }
        // The connection comes back by the password that holds then.
        self.new_password = match wish {
            AccountWish::ChangePassword { new, .. } => Some((n, new)),
            _ => None,
        };
    }

    /// Asks for what the page of an administrator is to show, and takes over a password that holds now.
    pub(super) fn run_errands(&mut self) {
        if let Some((n, new)) = self.new_password.take() {
            match self.model.errand.as_ref().filter(|errand| errand.n == n).map(|errand| &errand.outcome) {
                Some(None) => self.new_password = Some((n, new)),
                Some(Some(Ok(_))) => self.password_changed(new),
                _ => {}
            }
        }
        if self.linked {
            let frames = self.model.looks().iter().flat_map(|look| frame::frame_of(&look.request())).collect();
            self.send(frames);
        }
    }

    /// The server takes another password from now on.
    fn password_changed(&mut self, new: SecretString) {
        // A token outlasts the password that it was given for.
        if self.handle.has_token() {
            return;
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.set_opener(Opener::Password(new.clone()));
        }
        self.handle.set_secret(Secret::Password { password: new, keep: None });
    }
}

impl Look {
    fn request(self) -> Asked<'static> {
        match self {
            Self::Accounts(id, after) => Asked::ListAccounts { id, after },
            Self::Invites(id) => Asked::ListInvites { id },
        }
    }
}

impl AccountWish {
    /// The same as it is asked for under that number; nothing for what is not asked of the server.
    fn request(&self, id: RequestId) -> Option<Asked<'_>> {
        Some(match self {
            Self::ChangePassword { old, new, end_others } => Asked::ChangePassword {
                id,
                old: old.expose_secret(),
                new: new.expose_secret(),
                end_others: *end_others,
            },
            // Asked in another form.
            Self::Device(_) => return None,
            Self::ChangeName(username) => Asked::ChangeName { id, username },
            Self::Admin(wish) => return wish.request(id),
        })
    }
}

impl AdminWish {
    fn request(&self, id: RequestId) -> Option<Asked<'_>> {
        Some(match self {
            Self::Open | Self::Close => return None,
            Self::Add { username, password } => Asked::AddAccount { id, username, password: password.expose_secret() },
            Self::ResetPassword { user, password } => {
                Asked::ResetPassword { id, user: *user, password: password.expose_secret() }
            }
            Self::Block { user, blocked } => Asked::BlockAccount { id, user: *user, blocked: *blocked },
            Self::SetRole { user, role } => Asked::SetRole { id, user: *user, role: *role },
            Self::Remove(user) => Asked::RemoveAccount { id, user: *user },
            Self::RenameServer(name) => Asked::RenameServer { id, name },
            Self::SetRegistration(on) => Asked::SetRegistration { id, on: *on },
            Self::CreateInvite { uses, expires_in_ms, label } => {
                Asked::CreateInvite { id, uses: *uses, expires_in_ms: *expires_in_ms, label }
            }
            Self::RevokeInvite(invite) => Asked::RevokeInvite { id, invite: *invite },
        })
    }
}
