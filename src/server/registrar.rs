//! Carries out what is asked about accounts and invites: one order after the other, on a thread of its own, since it reads,
//! hashes and writes. So two who use the last of an invite at once, or two administrators who demote each other, meet
//! here. What it changes is on disk, and the engine has been told of it, before the order is reported as done.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;

use super::accounts::{self, Accounts, AccountsError, By, Change};
use super::facts::{ServerFile, Wanted};
use super::kept::{self, Kept, stamp_of};
use crate::clock;
use crate::core::accounts::Errand;
use crate::core::engine::{Input, Ticket};
use crate::core::kept::{Ends, Which};
use crate::core::session::SessionId;
use crate::names;
use crate::proto::account::{AccountCall, AdminCall, Join};
use crate::proto::device::DeviceCall;
use crate::proto::event::{AccountDone, AccountReply, Code, Ended, Invites, NewInvite, Problem};
use crate::proto::ids::{Millis, UserId, UserName};
use crate::proto::invite::InviteCode;
use crate::proto::limits::{INVITE_LABEL_MAX_CHARS, INVITE_MAX_MILLIS, INVITE_USES_MAX};

/// The orders that may wait: at a twentieth of a second for each, the last one waits three seconds.
const ORDERS_MAX: usize = 64;

/// How often it is looked whether the last use of devices is to be written.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What the thread is to do.
pub enum Task {
    /// Carry out an order.
    Order(Order),
    /// Keep a device signed in, for a login that waits for it.
    Keep(SessionId, Ticket, kept::Wanted),
    /// Sign a device of an account out whose token nobody knows.
    Forget(UserId, u64),
}

/// Something that is asked about accounts.
pub struct Order {
    /// Who asks.
    pub session: SessionId,
    /// What belongs to the request.
    pub errand: Errand,
    /// What is asked.
    pub call: AccountCall,
}

/// The accounts as they are in force, and those who are told when they change. Whoever reads the file tells the engine
/// before anybody else reads it: what is told later is never older.
pub struct Roll {
    /// In force.
    pub accounts: Arc<RwLock<Accounts>>,
    /// The devices that stay signed in.
    pub kept: Arc<Kept>,
    report: mpsc::Sender<Input>,
    turn: Mutex<()>,
}

impl Roll {
    /// The roll whose changes go to `report`.
    pub fn new(accounts: Arc<RwLock<Accounts>>, kept: Arc<Kept>, report: mpsc::Sender<Input>) -> Self {
        Self { accounts, kept, report, turn: Mutex::new(()) }
    }

    /// Until it is dropped, nobody reads `users.json` again.
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads `users.json` again, and tells the engine what is new. A broken file is logged and passed over.
    pub fn reload(&self) {
        let _turn = self.turn();
        let directory = {
            let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
            let known = accounts.doubts().to_vec();
            match accounts.reload() {
                Ok(true) => {
                    for doubt in accounts.doubts().iter().filter(|doubt| !known.contains(doubt)) {
                        tracing::warn!("{doubt}");
                    }
                    accounts.directory()
                }
                Ok(false) => return,
                Err(error) => {
                    tracing::error!("{error}. The accounts stay as they were before.");
                    return;
                }
            }
        };
        let _ = self.report.blocking_send(Input::Directory(directory));
        let stamp = |user| self.accounts.read().unwrap_or_else(PoisonError::into_inner).stamp(user);
        for user in self.kept.sweep(stamp, clock::now()) {
            let _ = self.report.blocking_send(Input::Ended(Ends { user, which: Which::All }));
        }
    }
}

/// The thread's queue. Dropping it waits until what has been ordered is carried out: the folder must not be let go before.
#[derive(Debug)]
pub struct Registrar {
    orders: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Registrar {
    /// Starts the thread. It reports to the roll's engine: [`Input::AccountDone`].
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(dir: PathBuf, roll: Arc<Roll>) -> std::io::Result<Self> {
        let (orders, waiting) = sync_channel(ORDERS_MAX);
        let desk = Desk { dir, roll };
        let thread = std::thread::Builder::new().name("registrar".into()).spawn(move || desk.run(&waiting))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Queues an order; where too many wait, the answer to it.
    pub fn submit(&self, task: Task) -> Result<(), Box<Input>> {
        let Some(orders) = &self.orders else { return Ok(()) };
        let task = match orders.try_send(task) {
            Err(TrySendError::Full(task) | TrySendError::Disconnected(task)) => task,
            Ok(()) => return Ok(()),
        };
        let order = match task {
            Task::Order(order) => order,
            // They are signed in for now.
            Task::Keep(session, ticket, wanted) => {
                return Err(Box::new(Input::Kept(session, ticket, wanted.user, None)));
            }
            Task::Forget(..) => return Ok(()),
        };
        let text = "Too many accounts are being changed at once. Try again in a few seconds.";
        Err(Box::new(Input::AccountDone(order.session, order.errand, Err(Problem::new(Code::Busy, text)))))
    }
}

struct Desk {
    dir: PathBuf,
    roll: Arc<Roll>,
}

impl Desk {
    fn run(&self, tasks: &Receiver<Task>) {
        loop {
            match tasks.recv_timeout(LOOK_EVERY) {
                Ok(Task::Order(order)) => self.order(order),
                Ok(Task::Keep(session, ticket, wanted)) => self.keep(session, ticket, &wanted),
                Ok(Task::Forget(user, session)) => {
                    if let Err(error) = self.roll.kept.end(user, session, clock::now()) {
                        tracing::warn!("{error}. A device is kept whose token nobody knows.");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.roll.kept.save(clock::now(), false);
        }
        self.roll.kept.save(clock::now(), true);
    }

    /// Keeps a device signed in, if its password is right still. Who cannot be kept is signed in for now.
    fn keep(&self, session: SessionId, ticket: Ticket, wanted: &kept::Wanted) {
        let stamp = self.roll.accounts.read().unwrap_or_else(PoisonError::into_inner).stamp(wanted.user);
        let made = (stamp.as_ref() == Some(&wanted.stamp)).then(|| self.roll.kept.make(wanted));
        let made = match made {
            Some(Ok((made, gone))) => {
                for (user, number) in gone {
                    let _ = self.roll.report.blocking_send(Input::Ended(Ends { user, which: Which::One(number) }));
                }
                Some(made)
            }
            Some(Err(error)) => {
                tracing::error!("{error}. A device does not stay signed in.");
                None
            }
            None => None,
        };
        let _ = self.roll.report.blocking_send(Input::Kept(session, ticket, wanted.user, made));
    }

    fn order(&self, Order { session, errand, call }: Order) {
        let done = self.carry_out(errand, call);
        // Also after a failure: what was under way may have been done in part.
        self.roll.reload();
        // The server may be ending; what was ordered before is carried out.
        let _ = self.roll.report.blocking_send(Input::AccountDone(session, errand, done));
    }

    fn carry_out(&self, errand: Errand, call: AccountCall) -> Result<AccountDone, Problem> {
        let now = errand.now;
        match (call, errand.by) {
            (AccountCall::Join(join), _) => self.join(join, now).map(AccountDone::Account),
            (AccountCall::ChangePassword { old, new, end_others }, Some(by)) => {
                if !accounts::is_password_of(&self.dir, by, &old).map_err(problem)? {
                    return Err(Problem::new(
                        Code::WrongCredentials,
                        "That is not your password now. Check it, and the caps-lock key.",
                    ));
                }
                self.change_password(by, &new, end_others.then_some(errand.kept), now)
            }
            (AccountCall::Device(call), Some(by)) => self.devices(by, call, errand),
            (AccountCall::ChangeName(asked), Some(by)) => {
                let name = names::account(&asked).map_err(|refused| problem(refused.into()))?;
                self.change(By::Owner, &Change::Name(by, name)).map(AccountDone::Account)
            }
            (AccountCall::Admin(call), Some(by)) => {
                self.authorise(by)?;
                self.administrate(By::Admin(by), by, now, call)
            }
            (_, None) => Err(Problem::new(Code::NotLoggedIn, "Log in first.")),
        }
    }

    /// Whether that account is still an administrator: an order before this one may have changed it.
    fn authorise(&self, by: UserId) -> Result<(), Problem> {
        let accounts = self.roll.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if accounts.is_admin(by) { Ok(()) } else { Err(problem(AccountsError::NotAnAdmin)) }
    }

    fn administrate(&self, by: By, user: UserId, now: Millis, call: AdminCall) -> Result<AccountDone, Problem> {
        let done = |_: AccountReply| AccountDone::Done;
        let noted = |()| AccountDone::Done;
        match call {
            AdminCall::Add { username, password } => self.add(by, &username, &password).map(AccountDone::Account),
            AdminCall::ResetPassword { user, password } => self.set_password(by, user, &password),
            AdminCall::Block { user, blocked } => self.change(by, &Change::Block(user, blocked)).map(done),
            AdminCall::SetRole { user, role } => self.change(by, &Change::Role(user, role)).map(done),
            AdminCall::Remove(user) => self.change(by, &Change::Remove(user)).map(done),
            AdminCall::RenameServer(name) => {
                let name = match name.trim() {
                    "" => String::new(),
                    name => names::server(name).map_err(|refused| problem(refused.into()))?,
                };
                self.update(|file| {
                    file.name = name;
                    Ok(())
                })
                .map(noted)
            }
            AdminCall::SetRegistration(on) => self
                .update(|file| {
                    file.registration = on;
                    Ok(())
                })
                .map(noted),
            AdminCall::CreateInvite { uses, expires_in_ms, label } => {
                let wanted = wanted(user, now, uses, expires_in_ms, &label)?;
                let code = InviteCode::from_random(clock::secret_u64().map_err(|_| no_randomness())?);
                let full = || {
                    Problem::new(Code::ServerFull, "There are too many invites that are still good: revoke some first.")
                };
                let info = self.update(|file| file.invite(&code, wanted).ok_or_else(full))?;
                Ok(AccountDone::Invite(NewInvite { info, code }))
            }
            AdminCall::ListInvites => {
                let file = ServerFile::load(&self.dir).map_err(problem)?;
                let invites = file.invites.into_iter().map(|invite| invite.info).collect();
                Ok(AccountDone::Invites(Invites { invites }))
            }
            AdminCall::RevokeInvite(invite) => {
                let unknown = || Problem::new(Code::UnknownInvite, "There is no such invite any more.");
                self.update(|file| if file.revoke(invite) { Ok(()) } else { Err(unknown()) }).map(noted)
            }
            // The engine knows who is there, and answers it.
            AdminCall::ListAccounts { .. } => Ok(AccountDone::Done),
        }
    }

    /// Makes an account for one who has a code, or where everybody can.
    fn join(&self, join: Join, now: Millis) -> Result<AccountReply, Problem> {
        let Join { code, username, password } = join;
        let Some(code) = code.filter(|code| !code.expose_secret().trim().is_empty()) else {
            let open = ServerFile::load(&self.dir).map_err(problem)?.registration;
            let closed = "Accounts on this server are made by invitation: ask an administrator for one.";
            let closed = || Problem::new(Code::RegistrationClosed, closed);
            return if open { self.add(By::Owner, &username, &password) } else { Err(closed()) };
        };
        let code: InviteCode = code.expose_secret().parse().map_err(|_| bad_invite())?;
        // Before anything is hashed, and before it is told which names there are.
        ServerFile::load(&self.dir).map_err(problem)?.find(&code, now).ok_or_else(bad_invite)?;
        let (name, hash) = self.chosen(&username, &password)?;
        // Used first: whatever ends the program in between, no invite is good for more accounts than it says.
        self.update(|file| file.find(&code, now).map(|invite| invite.used += 1).ok_or_else(bad_invite))?;
        let made = self.change(By::Owner, &Change::Add(name, hash));
        if made.is_err() {
            self.give_back(&code);
        }
        made
    }

    /// An invite was not used after all.
    fn give_back(&self, code: &InviteCode) {
        let back = |file: &mut ServerFile| {
            file.give_back(code);
            Ok(())
        };
        if let Err(problem) = self.update(back) {
            tracing::warn!("server.json: a use of an invite is lost: {}", problem.message);
        }
    }

    fn add(&self, by: By, username: &str, password: &SecretString) -> Result<AccountReply, Problem> {
        let (name, hash) = self.chosen(username, password)?;
        self.change(by, &Change::Add(name, hash))
    }

    /// A name and a password that somebody has chosen, checked.
    fn chosen(&self, username: &str, password: &SecretString) -> Result<(UserName, String), Problem> {
        let name = accounts::check_new(&self.dir, username).map_err(problem)?;
        let hash = accounts::new_password(password, name.as_str()).map_err(problem)?;
        Ok((name, hash))
    }

    /// Gives an account the password that its owner wants. Its devices stay signed in, or of them only the one that is
    /// named.
    fn change_password(
        &self,
        user: UserId,
        password: &SecretString,
        only: Option<Option<u64>>,
        now: Millis,
    ) -> Result<AccountDone, Problem> {
        let name = accounts::name_of(&self.dir, user).map_err(problem)?;
        let hash = accounts::new_password(password, name.as_str()).map_err(problem)?;
        // Whoever read the new password first would take the devices for those of the old one.
        let _turn = self.roll.turn();
        self.change(By::Owner, &Change::Password(user, hash.clone()))?;
        let ended = self.roll.kept.renew(user, only, &stamp_of(&hash), now).unwrap_or_else(|error| {
            tracing::error!("{error}. All devices of an account are signed out.");
            0
        });
        Ok(AccountDone::Ended(Ended { ended }))
    }

    /// What is asked about the devices of an account.
    fn devices(&self, by: UserId, call: DeviceCall, errand: Errand) -> Result<AccountDone, Problem> {
        let (kept, now) = (&self.roll.kept, errand.now);
        match call {
            DeviceCall::List => Ok(AccountDone::Devices(kept.list(by, now))),
            DeviceCall::End(session) => match kept.end(by, session, now).map_err(problem)? {
                true => Ok(AccountDone::Done),
                false => Err(Problem::new(Code::UnknownDevice, "That device is not signed in any more.")),
            },
            DeviceCall::EndOthers => {
                let ended = kept.end_others(by, errand.kept, now).map_err(problem)?;
                Ok(AccountDone::Ended(Ended { ended }))
            }
        }
    }

    fn set_password(&self, by: By, user: UserId, password: &SecretString) -> Result<AccountDone, Problem> {
        let name = accounts::name_of(&self.dir, user).map_err(problem)?;
        let hash = accounts::new_password(password, name.as_str()).map_err(problem)?;
        self.change(by, &Change::Password(user, hash)).map(|_| AccountDone::Done)
    }

    fn change(&self, by: By, change: &Change) -> Result<AccountReply, Problem> {
        let floor = self.roll.accounts.read().unwrap_or_else(PoisonError::into_inner).next_id();
        let (user, username) = Accounts::change_in(&self.dir, floor, by, change).map_err(problem)?;
        Ok(AccountReply { user, username: username.to_string() })
    }

    fn update<T>(&self, change: impl FnOnce(&mut ServerFile) -> Result<T, Problem>) -> Result<T, Problem> {
        let change = |file: &mut ServerFile| change(file).map_err(Refused::Asker);
        match ServerFile::update(&self.dir, change) {
            Ok((file, result)) => {
                let _ = self.roll.report.blocking_send(Input::Facts(file.facts()));
                Ok(result)
            }
            Err(Refused::Asker(problem)) => Err(problem),
            Err(Refused::File(error)) => Err(problem(error)),
        }
    }
}

/// Why `server.json` was not changed.
enum Refused {
    Asker(Problem),
    File(AccountsError),
}

impl From<AccountsError> for Refused {
    fn from(error: AccountsError) -> Self {
        Self::File(error)
    }
}

fn wanted(by: UserId, now: Millis, uses: u32, expires_in_ms: u64, label: &str) -> Result<Wanted, Problem> {
    let bad = |what: String| Problem::new(Code::BadRequest, format!("create_invite: {what}"));
    if !(1..=INVITE_USES_MAX).contains(&uses) {
        return Err(bad(format!("uses is a number from 1 to {INVITE_USES_MAX}")));
    }
    if !(1..=INVITE_MAX_MILLIS).contains(&expires_in_ms) {
        return Err(bad(format!("expires_in_ms is a number from 1 to {INVITE_MAX_MILLIS}, a year")));
    }
    let label = label.trim();
    if label.chars().count() > INVITE_LABEL_MAX_CHARS || label.chars().any(char::is_control) {
        return Err(bad(format!("a label has at most {INVITE_LABEL_MAX_CHARS} characters on one line")));
    }
    let lasts = i64::try_from(expires_in_ms).unwrap_or(i64::MAX);
    Ok(Wanted { label: label.into(), by, now, lasts, uses })
}

/// The same for every code that is no good: there is nothing to be learnt from it.
fn bad_invite() -> Problem {
    let text = "This invite is not valid: it may be mistyped, used up, or too old. Check it, or ask for a new one.";
    Problem::new(Code::BadInvite, text)
}

fn no_randomness() -> Problem {
    Problem::new(Code::Busy, "The server's system gives no random numbers now. Try again in a while.")
}

/// What whoever asked is told. What has to do with the server's disk is for its log.
fn problem(error: AccountsError) -> Problem {
    let code = match &error {
        AccountsError::NameTaken { .. } | AccountsError::FormerName { .. } => Code::NameTaken,
        AccountsError::BadName(names::Refused::Alike { .. }) => Code::NameTaken,
        AccountsError::BadName(_) => Code::BadName,
        AccountsError::EmptyPassword
        | AccountsError::LongPassword
        | AccountsError::ShortPassword
        | AccountsError::WeakPassword(_) => Code::BadPassword,
        AccountsError::NoSuchNumber | AccountsError::NoSuchAccount(_) => Code::UnknownUser,
        AccountsError::NotAnAdmin => Code::NotAnAdmin,
        AccountsError::LastAdmin => Code::LastAdmin,
        AccountsError::Full => Code::ServerFull,
        AccountsError::Contended { .. } | AccountsError::Hash(_) => Code::Busy,
        _ => {
            tracing::error!("{error}");
            let text = "The server cannot change its files. Nothing was changed; whoever hosts it finds the reason in its log.";
            return Problem::new(Code::StorageFailed, text);
        }
    };
    let text = error.to_string();
    // The texts for terminals begin in small letters, and say where a file is.
    let text = match &error {
        AccountsError::Contended { .. } => {
            "Somebody is editing the server's files at this moment. Try again in a while.".into()
        }
        AccountsError::NoSuchAccount(_) => "There is no such account any more".into(),
        _ => text,
    };
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let sentence: String = first.into_iter().flatten().chain(letters).collect();
    Problem::new(code, if sentence.ends_with('.') { sentence } else { sentence + "." })
}
