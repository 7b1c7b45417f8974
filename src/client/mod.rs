//! The client library: what a window, a script or a test needs to take part, without a window.
//!
//! A [`Client`] owns the [`model::Model`], a fold over what the server says, and hands [`command::Command`]s on. Its
//! connection lives on a thread of its own and outlives the server's restarts: see [`connection`].

pub mod address;
mod admin;
pub mod cache;
pub mod chain;
pub mod command;
pub mod connection;
pub mod drafts;
mod errands;
mod fold;
mod host;
pub mod invite;
mod keeping;
mod marks;
pub use fold::Followup;
pub use host::{Host, HostError};
pub mod model;
pub mod outbox;
pub mod pins;
pub mod shelf;
mod staying;
pub mod tokens;
pub mod transfer;
mod trust;
mod wanted;
mod writing;

use std::sync::Arc;

use secrecy::SecretString;

use cache::Keeper;
use command::{Command, GroupWish};
use connection::{Handle, Joining, Order, Report, Secret, Server};
use marks::Marks;
use model::{Field, Link, Model, Phase};
use outbox::Progress;
use shelf::{Journal, Shelf};
use staying::Staying;
use wanted::Settings;

use crate::clock;
use crate::proto::chat::ChatKey;
use crate::proto::event::{Event, Status};
use crate::proto::fingerprint::Fingerprint;
use crate::proto::frame;
use crate::proto::ids::{DeviceId, Millis};
use crate::proto::outgoing::{ClientIdText, Outgoing};

/// One who takes part.
#[derive(Debug)]
pub struct Client {
    model: Model,
    handle: Handle,
    /// A login has succeeded on the connection that is up now.
    linked: bool,
    /// Frames that the connection has not taken yet. They stand for messages in the outbox, which bounds them.
    backlog: Vec<u8>,
    marks: Marks,
    /// Nobody has used the window for a while.
    away: bool,
    /// Whether this computer's clock was set.
    steps: clock::Steps,
    /// When and where the last sign of writing was sent.
    typed: Option<(ChatKey, Millis)>,
    /// What was last asked about a group, and under which number: it is asked again after a lost connection.
    wish: Option<(u64, GroupWish)>,
    /// Settings that were asked for and do not hold yet: they are asked for again after a lost connection.
    settings: Settings,
    /// The password that was asked for, and under which number, until the server has it.
    new_password: Option<(u64, SecretString)>,
    /// Where what is not sent yet is kept.
    shelf: Option<Box<dyn Shelf>>,
    journal: Option<Journal>,
    keeper: Option<Keeper>,
    drafts: Option<drafts::Keeper>,
    /// What has to do with staying signed in.
    staying: Staying,
    transfers: transfer::Transfers,
    /// How long the cache may become, in bytes.
    cache_limit: u64,
    /// What was kept opened to the password, or the token, of this sign-in.
    opened: bool,
    /// The server and the name of the last sign-in, as they were typed.
    account: (String, String),
    /// Another window that is gone may have left something unsent.
    more_waits: bool,
}

impl Client {
    /// Starts the connection's thread, which calls `wake` whenever [`Client::poll`] has something to take in.
    ///
    /// # Errors
    /// When the system refuses a thread or its event queue.
    pub fn start(
        host: Option<Box<dyn Host>>,
        shelf: Option<Box<dyn Shelf>>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let model = Model::new(new_device());
        Ok(Self {
            model,
            handle: Handle::start(host, Arc::new(wake))?,
            linked: false,
            backlog: Vec::new(),
            marks: Marks::default(),
            away: false,
            steps: clock::Steps::new(),
            typed: None,
            wish: None,
            settings: Settings::default(),
            new_password: None,
            shelf,
            journal: None,
            keeper: None,
            drafts: None,
            staying: Staying::default(),
            transfers: Default::default(),
            cache_limit: cache::CACHE_DEFAULT_BYTES,
            opened: false,
            account: Default::default(),
            more_waits: false,
        })
    }

    /// The same, remembering servers there; otherwise they are remembered until it is dropped.
    #[must_use]
    pub fn with_pins(self, pins: Box<dyn pins::Pins>) -> Self {
        self.handle.remember_in(pins);
        self
    }

    /// What is known.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Takes in what came since the last call. True when the model may have changed.
    pub fn poll(&mut self) -> bool {
        let mut changed = false;
        if let Some(step) = self.steps.look() {
            changed = true;
            self.model.clock_was_set(step);
            self.typed = self.typed.map(|(chat, at)| (chat, at.plus(step)));
        }
        changed |= self.take_token() | self.take_files();
        self.send(Vec::new());
        // A flood is taken in pieces, so that a window stays responsive; the rest is announced again.
        for _ in 0..POLL_MAX {
            let Some(report) = self.handle.next() else {
                self.mark_arrived();
                self.move_files();
                self.take_down();
                changed |= self.adopt();
                if let Some(keeper) = &mut self.keeper {
                    keeper.look(&self.model, changed, clock::now());
                }
                self.measure();
                return changed;
            };
            changed = true;
            self.take_in(report);
        }
        self.take_down();
        self.handle.wake();
        changed
    }

    fn take_in(&mut self, report: Report) {
        match report {
            Report::Hosting(hosted) => self.model.hosting = Some(hosted),
            Report::Connecting => {
                self.linked = false;
                self.model.unlinked(Link::Connecting);
            }
            Report::Waiting { until, reason } => {
                self.linked = false;
                self.model.unlinked(Link::Waiting { until, reason });
            }
            Report::SignInFailed(problem) => {
                self.linked = false;
                if problem.field == Field::Credentials && self.handle.has_token() {
                    self.forget_token();
                }
                self.turned_away(problem.field == Field::Credentials);
                self.model.signed_out(Some(problem));
            }
            Report::Untrusted(generation, question) => {
                self.linked = false;
                if generation == self.handle.generation() {
                    self.model.unlinked(Link::Halted { reason: question.refusal() });
                    self.model.trust = Some(question);
                }
            }
            Report::Halted(reason) => self.model.unlinked(Link::Halted { reason }),
            Report::Secured(security) => self.model.security = security,
            // What came on a connection that its person has left says nothing any more.
            Report::Frame(generation, _) if generation != self.handle.generation() => {}
            Report::Frame(_, json) => match Event::parse(&json) {
                Ok(event) => {
                    if let Event::Login(Ok(welcome)) = &event {
                        self.welcomed(welcome);
                    }
                    let Some(event) = self.about_files(event) else { return };
                    let followup = self.model.apply(event, clock::now());
                    self.handle.set_cursor(self.model.cursor());
                    self.settings.forget_what_holds(&self.model);
                    self.follow_up(followup);
                    self.run_errands();
                }
                // The server cannot be understood: a new connection starts from what is known.
                Err(_) => self.order(Order::Reconnect),
            },
        }
    }

    fn follow_up(&mut self, followup: Followup) {
        match followup {
            Followup::None => {}
            Followup::LoggedIn => {
                self.linked = true;
                self.cut_files();
                self.at_home();
                let mut frames = Vec::new();
                for entry in self.model.outbox.pending() {
                    entry.encode(self.model.outbox.device(), &mut frames);
                }
                if self.away {
                    frame::encode_value(&mut frames, &Outgoing::SetStatus { status: Status::Away });
                }
                self.send(frames);
                // Whether a wish came through before the connection was lost, nobody knows; under its number it is
                // done once.
                if let Some((n, wish)) = self.wish.take().filter(|(n, _)| self.model.awaits(*n)) {
                    self.group(n, wish);
                }
                self.send(self.settings.requests());
                self.marks = Marks::default();
                self.typed = None;
            }
            Followup::MarkAgain(chats) => {
                for chat in chats {
                    self.mark_read(chat);
                }
            }
            Followup::Marked(Some(id)) => self.marked_read(id),
            Followup::Marked(None) => self.marks.delivering = false,
            Followup::Leave => {
                self.linked = false;
                self.forget_token();
                self.leave();
                self.order(Order::SignOut);
            }
        }
    }

    /// Does what its person asks.
    pub fn perform(&mut self, command: Command) {
        self.obey(command);
        self.move_files();
        self.take_down();
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::SignIn { address, username, password } => {
                let secret = self.secret(password);
                self.sign_in(address.clone(), Server::At(address), username, secret, None);
            }
            Command::Join { address, code, fingerprint, username, password } => {
                if let Some(fingerprint) = fingerprint {
                    self.expect(&address, fingerprint);
                }
                let secret = self.secret(password);
                self.sign_in(address.clone(), Server::At(address), username, secret, Some(Joining { code }));
            }
            Command::Host { hosting, username, password } => {
                // As no address is written.
                let server = format!("//{}", hosting.folder);
                let secret = self.secret(password);
                self.sign_in(server, Server::Hosted(hosting), username, secret, None);
            }
            Command::StaySignedIn(wanted) => self.stay_signed_in(wanted),
            Command::Resume { address, hosting, username } => self.resume(address, hosting, username),
            Command::SwitchAccount => self.step_out(),
            Command::SignOut => {
                if self.model.phase == Phase::SignedIn {
                    self.end_here();
                }
                self.linked = false;
                self.model.signed_out(None);
                self.leave();
                self.order(Order::SignOut);
            }
            Command::Expect { server, fingerprint } => self.expect(&server, fingerprint),
            Command::Trust { accept } => {
                if let Some(question) = self.model.trust.take() {
                    self.order(Order::Trust(accept.then_some(question.fingerprint)));
                }
            }
            Command::RetryNow => self.order(Order::RetryNow),
            Command::Send { .. } | Command::SendToMany { .. } | Command::Edit { .. } | Command::Delete { .. } => {
                if self.model.phase == Phase::SignedIn {
                    self.put_down(command);
                }
            }
            Command::Group(wish) => {
                if self.model.phase == Phase::SignedIn {
                    let n = self.model.start_job();
                    self.group(n, wish);
                }
            }
            Command::Account(wish) => self.account(wish),
            Command::ShowInfo { chat, seq } => {
                self.model.start_info(chat, seq);
                self.send(frame::frame_of(&Outgoing::FetchReceipts { chat, seq }));
            }
            Command::Attach { chat, paths } => self.attach(chat, paths),
            Command::AttachImage { chat, name, png } => self.attach_image(chat, name, png),
            Command::ForgetAttachProblem => self.model.attach_problem = None,
            Command::Download { attachment, to } => self.download(attachment, to),
            Command::CancelDownload { file } => self.cancel_download(file),
            Command::CancelUpload { n } => self.cancel_upload(n),
            Command::CloseInfo => self.model.info = None,
            Command::SetReadReceipts(on) => {
                self.settings.receipts = Some(on);
                self.send(frame::frame_of(&Outgoing::SetReadReceipts { on }));
            }
            Command::Mute { chat, muted } => {
                self.settings.muted.insert(chat, muted);
                self.send(frame::frame_of(&Outgoing::MuteChat { chat, muted }));
            }
            Command::Retry { n } => self.retry(n),
            Command::Discard { n } => {
                if self.model.outbox.entries().any(|entry| entry.n == n && entry.progress != Progress::Pending) {
                    self.discard(n);
                }
            }
            Command::LoadOlder { .. } | Command::FetchQuote { .. } | Command::LoadFiles { .. } => {
                if self.linked {
                    self.look_up(&command);
                }
            }
            Command::MarkRead { chat, upto } => {
                if self.model.mark_read(chat, upto) {
                    self.mark_read(chat);
                }
            }
            Command::Typing { chat } => {
                let now = clock::now();
                if self.typed.is_none_or(|(last, at)| last != chat || now >= at.plus(TYPING_EVERY_MILLIS)) {
                    self.typed = Some((chat, now));
                    self.send(frame::frame_of(&Outgoing::Typing { chat }));
                }
            }
            Command::SetDraft { chat, draft } => {
                if self.model.phase == Phase::SignedIn {
                    self.draft(chat, draft);
                }
            }
            Command::SetCacheLimit(bytes) => {
                self.cache_limit = bytes.clamp(cache::CACHE_MIN_BYTES, cache::CACHE_MAX_BYTES);
                if let Some(keeper) = &mut self.keeper {
                    keeper.set_limit(self.cache_limit);
                }
                self.measure();
            }
            Command::ClearCache => {
                self.clear_files();
                if let Some(keeper) = &mut self.keeper {
                    keeper.clear();
                }
            }
            Command::SetAway(away) => {
                if std::mem::replace(&mut self.away, away) != away {
                    let status = if away { Status::Away } else { Status::Online };
                    self.send(frame::frame_of(&Outgoing::SetStatus { status }));
                }
            }
        }
    }

    /// Begins to be somebody on a server, which files call by that name; with an account that is yet to be made if there
    /// is a code, or leave, to make one.
    fn sign_in(&mut self, name: String, server: Server, username: String, secret: Secret, join: Option<Joining>) {
        self.linked = false;
        self.account = (name, username.clone());
        self.begin(secret.opener());
        let known = self.model.phase == Phase::SignedIn;
        self.handle.set_cursor(self.model.cursor());
        self.handle.sign_in(server, (username, secret), join, known);
    }

    /// Takes down which certificate a server has by a link. Where the address is none, signing in says so.
    fn expect(&self, server: &str, fingerprint: Fingerprint) {
        if let Some(key) = address::parse(server).ok().and_then(|target| target.key()) {
            self.handle.expect(key, fingerprint);
        }
    }

    /// Asks for a group to be made or changed.
    fn group(&mut self, id: u64, wish: GroupWish) {
        let device = self.model.outbox.device().clone();
        let client_id = &ClientIdText { device: &device, n: id };
        let frame = frame::frame_of(&wish.request(id, client_id));
        self.send(frame);
        self.wish = Some((id, wish));
    }

    /// Hands frames to the connection, if one is up: what waits in the outbox goes out after the next login.
    fn send(&mut self, frames: Vec<u8>) {
        // What goes out is kept before.
        self.take_down();
        if !self.linked {
            self.backlog.clear();
        } else if !frames.is_empty() || !self.backlog.is_empty() {
            self.backlog.extend_from_slice(&frames);
            if let Err(Order::Send(frames)) = self.handle.order(Order::Send(std::mem::take(&mut self.backlog))) {
                self.backlog = frames;
            }
        }
    }

    /// Hands an order on. One that finds the queue full meets a connection that takes nothing: it is on its way to
    /// being lost, and its person can repeat the wish.
    fn order(&mut self, order: Order) {
        let _ = self.handle.order(order);
    }
}

/// How often it is said that somebody is writing.
const TYPING_EVERY_MILLIS: i64 = 3_000;

/// The most reports that one [`Client::poll`] takes in.
const POLL_MAX: usize = 2_000;

fn new_device() -> DeviceId {
    DeviceId::from_random(clock::random_u64())
}
