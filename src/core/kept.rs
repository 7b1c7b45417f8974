//! The part of the engine that has to do with devices that stay signed in. Their tokens are kept away from the loop; here
//! is decided who is let in by one, and whose connections end with a device.

use super::accounts::Errand;
use super::engine::{Effect, Engine, Ticket, frame_of};
use super::requests::Asker;
use super::session::{SessionId, Stage};
use crate::proto::account::{AccountCall, AdminCall};
use crate::proto::device::{DeviceCall, Proof, Token};
use crate::proto::event::{Code, DeviceInfo, Devices, Problem, Refusal};
use crate::proto::ids::{Millis, UserId};
use crate::proto::limits::{DEVICES_MAX, FAILURES_MAX};

/// Which devices of an account are signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Whose.
    pub user: UserId,
    /// Which of them.
    pub which: Which,
}

/// See [`Ends`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// All but the device that asks: that connection, and those of that number.
    Others(SessionId, Option<u64>),
    /// The one of that number.
    One(u64),
}

/// What a device that stays signed in is known by, and what it logs in with next time.
#[derive(Debug)]
pub struct Made {
    /// Its number.
    pub session: u64,
    /// Its token; nothing when it has shown it.
    pub token: Option<Token>,
}

impl Ends {
    /// What a request about accounts ends when it is carried out.
    pub(super) fn of(asker: Asker, kept: Option<u64>, call: &AccountCall) -> Option<Self> {
        let others = Which::Others(asker.session, kept);
        let (user, which) = match call {
            AccountCall::ChangePassword { end_others: true, .. } | AccountCall::Device(DeviceCall::EndOthers) => {
                (asker.user, others)
            }
            AccountCall::Device(DeviceCall::End(session)) => (asker.user, Which::One(*session)),
            AccountCall::Admin(AdminCall::ResetPassword { user, .. }) => (*user, Which::All),
            _ => return None,
        };
        Some(Self { user, which })
    }
}

impl Engine {
    /// Has what shows who somebody is checked.
    pub(super) fn verify(&mut self, session: SessionId, mut ticket: Ticket, proof: Proof) {
        self.sessions.set(session, Stage::Authenticating);
        self.effects.push(match proof {
            Proof::Password { username, password, keep } => {
                ticket.keep = keep;
                Effect::Verify(session, ticket, username, password)
            }
            Proof::Token(token) => {
                ticket.by_token = true;
                Effect::VerifyToken(session, ticket, token)
            }
        });
    }

    /// The answer to a token that opens nothing, the same whatever became of it.
    pub(super) fn refuse_token(&mut self, session: SessionId, ticket: &Ticket) {
        let text = "This device is not signed in any more. Sign in with your password.";
        self.refuse(session, ticket.purpose(), ticket.id, &Problem::new(Code::TokenRefused, text));
        if self.sessions.failed(session) >= FAILURES_MAX {
            self.effects.push(Effect::Close(session));
        }
    }

    /// A device is to stay signed in: it is on disk, or cannot be, and then it is signed in for now.
    pub(super) fn kept(
        &mut self,
        session: SessionId,
        mut ticket: Ticket,
        user: UserId,
        made: Option<Made>,
        now: Millis,
    ) {
        ticket.made = made;
        if self.sessions.stage(session) != Some(Stage::Authenticating) {
            // Nobody was told the token.
            return self.forget_made(&ticket, user);
        }
        self.verified(session, ticket, Some(user), now);
    }

    /// What was made for a login that came to nothing is of no use to anybody.
    pub(super) fn forget_made(&mut self, ticket: &Ticket, user: UserId) {
        if let Some(Made { session, token: Some(_) }) = ticket.made {
            self.effects.push(Effect::ForgetDevice(user, session));
        }
    }

    /// Ends the connections of devices that are signed out, but not that of who asks. Says how many of them did not
    /// stay signed in: those nobody else has counted.
    pub(super) fn end_devices(&mut self, ends: Ends, asker: Option<SessionId>, now: Millis) -> usize {
        let Ends { user, which } = ends;
        let mut unkept = 0;
        for session in self.sessions.of(user).collect::<Vec<_>>() {
            let kept = self.sessions.kept(session);
            let is_meant = match which {
                Which::All => true,
                Which::Others(this, number) => session != this && (kept.is_none() || kept != number),
                Which::One(number) => kept == Some(number),
            };
            if is_meant && asker != Some(session) {
                unkept += usize::from(kept.is_none());
                self.sign_out(session, now);
            }
        }
        unkept
    }

    /// After who asked is answered: it may have signed itself out.
    pub(super) fn end_asker(&mut self, ends: Ends, asker: SessionId, now: Millis) {
        let (user, kept) = (self.sessions.stage(asker).and_then(Stage::user), self.sessions.kept(asker));
        let is_meant = match ends.which {
            Which::All => true,
            Which::Others(..) => false,
            Which::One(number) => kept == Some(number),
        };
        if user == Some(ends.user) && is_meant {
            self.sign_out(asker, now);
        }
    }

    fn sign_out(&mut self, session: SessionId, now: Millis) {
        let text = "This device was signed out. Sign in with your password.";
        let problem = Problem::new(Code::SessionEnded, text);
        let refusal = Refusal { purpose: "error", id: None, result: false, error: &problem };
        self.effects.push(Effect::Send(session, frame_of(&refusal)));
        self.effects.push(Effect::Close(session));
        self.closed(session, now);
    }

    /// Adds to the devices that stay signed in what only the engine knows: which are there, and who else is.
    pub(super) fn shown(&self, asker: SessionId, errand: &Errand, devices: Devices) -> Devices {
        let Some(user) = errand.by else { return devices };
        let own = self.sessions.kept(asker);
        let mut shown = devices.devices;
        for device in &mut shown {
            device.this = device.session.is_some() && device.session == own;
            device.online = self.sessions.of(user).any(|session| self.sessions.kept(session) == device.session);
        }
        let unkept = self.sessions.of(user).filter(|session| self.sessions.kept(*session).is_none());
        shown.extend(unkept.take(DEVICES_MAX).filter_map(|session| {
            let (origin, created) = self.sessions.origin(session).zip(self.sessions.since(session))?;
            let (address, device) = (origin.address.to_string(), String::new());
            let this = session == asker;
            Some(DeviceInfo { session: None, device, created, used: errand.now, address, this, online: true })
        }));
        shown.sort_by_key(|device| (!device.this, !device.online, std::cmp::Reverse(device.used)));
        Devices { devices: shown }
    }
}
