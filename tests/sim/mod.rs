//! A world in one thread, from one number: the real engine over the real log file, real models, and between and beneath
//! them a network, a disk and a clock that do whatever the seed says.
//!
//! `workload` is what people do, `check` what must hold whatever they do; neither knows the other. There is no thread,
//! no time of day and no unordered map in it, so a seed is a whole run.

pub mod check;
pub mod device;
pub mod disk;
pub mod net;
pub mod random;
pub mod server;
pub mod workload;

use std::collections::BTreeMap;
use std::fmt::{Arguments, Write as _};

use parlor::core::directory::Directory;
use parlor::proto::ids::{Millis, UserId, UserName};

use self::check::Check;
use self::device::{Device, Stage};
use self::disk::Disk;
use self::net::{Net, Weather};
use self::random::Random;
use self::server::{Died, Server};
use super::agree::agrees;

/// The highest number of an account.
pub const ACCOUNTS_MAX: u32 = 5;
/// The accounts that are there from the beginning.
const ACCOUNTS: u32 = 4;
const DEVICES: usize = 6;
/// The longest that people are at work, in ticks.
const TICKS_MAX: u64 = 800;
/// Within how many ticks everything must have come to rest after that.
const REST_MAX: u64 = 3_000;

/// What can be planted. Each must be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A sync is reported and not done.
    AckBeforeSync,
    /// A restart forgets which sends are stored.
    DedupForgotten,
    /// A returning device asks for what stands after the next record.
    CursorTooFar,
    /// Who is no more in a group goes on hearing of it.
    RemovedKept,
    /// A device that sends says that it has received what comes next.
    ReceiptOnSend,
}

/// How often what happens, in a thousand; and how large things may become.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    // How often somebody does something, and the shares of what it is.
    act: u64,
    send: u64,
    many: u64,
    group: u64,
    read: u64,
    load: u64,
    settings: u64,
    come: u64,
    go: u64,
    forget: u64,
    account: u64,
    retry: u64,
    // What goes wrong.
    cut: u64,
    sleep: u64,
    crash: u64,
    power: u64,
    stop: u64,
    sync_fails: u64,
    unreadable: u64,
    full: u64,
    clock: u64,
    busy: u64,
    // How fast the server's helpers are.
    commit: u64,
    fetch: u64,
    verify: u64,
    // In bytes.
    outbox_max: usize,
    outbox_pause: usize,
    batch_max: usize,
    page_max: usize,
    waiting_max: usize,
}

impl Rates {
    fn of(random: &mut Random) -> Self {
        // Some runs know nothing of a fault, some are full of it.
        let mut fault = |most: u64| match random.below(3) {
            0 => 0,
            _ => random.between(0, most),
        };
        let (cut, sleep, crash, clock, busy) = (fault(30), fault(60), fault(25), fault(20), fault(200));
        let (stop, sync_fails, unreadable, full) = (fault(6), fault(120), fault(4), fault(30));
        let mut share = |most: u64| random.between(0, most);
        Self {
            act: 100 + share(700),
            send: 20 + share(100),
            many: share(20),
            group: share(50),
            read: share(50),
            load: share(40),
            settings: share(30),
            come: 5 + share(30),
            go: share(20),
            forget: share(6),
            account: share(10),
            retry: share(20),
            cut,
            sleep,
            crash,
            power: share(1_000),
            stop,
            sync_fails,
            unreadable,
            full,
            clock,
            busy,
            commit: 100 + share(900),
            fetch: 100 + share(900),
            verify: 300 + share(700),
            outbox_max: 300 << share(8),
            outbox_pause: 200 << share(8),
            batch_max: 200 << share(12),
            page_max: 300 << share(8),
            waiting_max: 1_000 << share(10),
        }
    }

    /// Nothing goes wrong any more.
    fn calm(self) -> Self {
        let (commit, fetch, verify, page_max) = (1_000, 1_000, 1_000, 20_000);
        Self {
            cut: 0,
            sleep: 0,
            crash: 0,
            stop: 0,
            full: 0,
            clock: 0,
            busy: 0,
            commit,
            fetch,
            verify,
            page_max,
            ..self
        }
    }
}

/// What everybody shares.
pub struct Sim {
    pub random: Random,
    pub tick: u64,
    pub rates: Rates,
    pub weather: Weather,
    pub net: Net,
    pub disk: Disk,
    pub check: Check,
    pub bug: Option<Bug>,
    /// What `users.json` says.
    pub accounts: BTreeMap<UserId, UserName>,
    /// Something was not stored since everybody was last sent home.
    pub refused: bool,
    /// By how much the clock is wrong.
    skew: i64,
    /// The server dies after so many effects more.
    effects_left: Option<usize>,
    loud: bool,
    line: String,
    trace: crc32fast::Hasher,
}

impl Sim {
    pub fn now(&self) -> Millis {
        Millis(1_800_000_000_000 + self.skew + 100 * self.tick as i64)
    }

    /// A line of the trace.
    #[expect(clippy::print_stderr, reason = "it is what one asks for with SEED")]
    pub fn note(&mut self, what: Arguments<'_>) {
        self.line.clear();
        let _ = write!(self.line, "{:>4} {what}", self.tick);
        self.trace.update(self.line.as_bytes());
        if self.loud {
            eprintln!("{}", self.line);
        }
    }

    /// Whether the server is killed before the next effect.
    pub fn dies_now(&mut self) -> bool {
        match &mut self.effects_left {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was wrong, if anything was.
    pub failure: Option<String>,
    /// A checksum of the trace and the final disk.
    pub hash: u32,
    /// How many records there are, promises were made, and frames left the server.
    pub records: usize,
    pub promises: u64,
    pub frames: u64,
}

struct World {
    sim: Sim,
    server: Option<Server>,
    /// When the server is started again.
    starts_at: u64,
    devices: Vec<Device>,
}

/// A whole run.
pub fn run(seed: u64, bug: Option<Bug>, loud: bool) -> Outcome {
    let mut world = World::new(seed, bug, loud);
    for _ in 0..world.sim.random.between(50, TICKS_MAX) {
        world.misfortune();
        while world.sim.random.chance(world.sim.rates.act) {
            workload::act(&mut world.sim, &mut world.devices, world.server.as_mut());
        }
        world.tick();
        if world.sim.check.failure().is_some() {
            break;
        }
    }
    if world.sim.check.failure().is_none() {
        world.rest();
    }
    let mut hash = world.sim.trace.clone();
    world.sim.disk.durable(|bytes| hash.update(bytes));
    let check = &world.sim.check;
    Outcome {
        failure: check.failure().map(ToOwned::to_owned),
        hash: hash.finalize(),
        records: check.lines.len(),
        promises: check.promises,
        frames: check.frames,
    }
}

impl World {
    fn new(seed: u64, bug: Option<Bug>, loud: bool) -> Self {
        let mut random = Random::new(seed);
        let rates = Rates::of(&mut random);
        let weather = Weather {
            delay_max: random.between(0, 6),
            piece_max: 1 + random.below(400),
            socket_max: 200 << random.between(0, 10),
            notice_max: random.between(0, 20),
        };
        let disk = Disk::new(random.fork());
        let accounts = (1..=ACCOUNTS).map(|id| (UserId(id), UserName::new(&format!("user{id}")).unwrap()));
        let mut sim = Sim {
            random,
            tick: 0,
            rates,
            weather,
            net: Net::default(),
            disk,
            check: Check::default(),
            bug,
            accounts: accounts.collect(),
            refused: false,
            skew: 0,
            effects_left: None,
            loud,
            line: String::new(),
            trace: crc32fast::Hasher::new(),
        };
        sim.note(format_args!("{rates:?} {weather:?}"));
        let devices = (0..DEVICES).map(|at| Device::new(at, UserId(at as u32 % ACCOUNTS + 1), &mut sim)).collect();
        Self { sim, server: None, starts_at: 0, devices }
    }

    /// Something may go wrong.
    fn misfortune(&mut self) {
        let Self { sim, server, devices, .. } = self;
        let rates = sim.rates;
        if sim.random.chance(rates.cut)
            && let Some(link) = devices[sim.random.below(DEVICES)].link
        {
            sim.note(format_args!("link {link} is cut"));
            sim.net.cut(link, sim.tick, &sim.weather, &mut sim.random);
        }
        if sim.random.chance(rates.sleep) {
            let device = sim.random.below(DEVICES);
            devices[device].asleep = sim.tick + sim.random.between(1, 80);
            sim.note(format_args!("device {device} sleeps until {}", devices[device].asleep));
        }
        if sim.random.chance(rates.clock) {
            // A little, or by a day: forward or back.
            let most = if sim.random.chance(500) { 10_000 } else { 86_400_000 };
            sim.skew += sim.random.between(0, 2 * most) as i64 - most as i64;
        }
        if sim.random.chance(rates.full) {
            let more = if sim.random.chance(500) { Some(sim.random.between(0, 600)) } else { None };
            sim.note(format_args!("the disk has room for {more:?}"));
            sim.disk.set_full(more);
        }
        if server.is_none() {
            return;
        }
        if sim.random.chance(rates.crash) {
            match sim.random.chance(500) {
                true => sim.effects_left = Some(sim.random.below(40)),
                false => sim.disk.light_fuse(Some(1 + sim.random.below(6))),
            }
        }
        if sim.random.chance(rates.stop) || server.as_ref().is_some_and(|it| it.failed) && sim.random.chance(100) {
            self.stop();
        }
    }

    /// The server is ended in peace.
    fn stop(&mut self) {
        let Some(server) = self.server.take() else { return };
        self.sim.note(format_args!("the server stops"));
        match server.stop(&mut self.sim) {
            Ok(()) => self.gone(false),
            Err(Died) => self.gone(true),
        }
    }

    /// The server's process is no more.
    fn gone(&mut self, by_force: bool) {
        let sim = &mut self.sim;
        self.server = None;
        sim.effects_left = None;
        let power = by_force && sim.random.chance(sim.rates.power);
        match power {
            true => sim.disk.cut_power(),
            false => sim.disk.kill(),
        }
        sim.note(format_args!("the server is gone; power cut: {power}"));
        sim.net.server_died(sim.tick, &sim.weather, &mut sim.random);
        self.starts_at = sim.tick + 1 + sim.random.between(0, 12);
    }

    /// Everybody lives for a tick.
    fn tick(&mut self) {
        let Self { sim, server, devices, .. } = self;
        sim.tick += 1;
        sim.disk.set_lying(sim.bug == Some(Bug::AckBeforeSync) && server.is_some());
        sim.disk.set_failing(if server.is_some() { sim.rates.sync_fails } else { sim.rates.sync_fails / 4 });
        sim.disk.set_unreadable(if server.is_some() { sim.rates.unreadable } else { 0 });
        devices.iter_mut().for_each(|device| device.live(sim));
        match server {
            Some(server) => {
                if let Err(Died) = server.live(sim) {
                    self.gone(true);
                }
            }
            None => {
                sim.net.arriving(sim.tick, false);
                if self.starts_at <= sim.tick {
                    self.server = Server::start(sim);
                    if self.server.is_none() {
                        self.gone(true);
                    }
                }
            }
        }
    }

    /// Nothing goes wrong any more and everybody comes; then all must agree.
    fn rest(&mut self) {
        let sim = &mut self.sim;
        sim.note(format_args!("rest"));
        sim.rates = Rates { sync_fails: 0, unreadable: 0, ..sim.rates.calm() };
        sim.disk.set_full(None);
        sim.disk.light_fuse(None);
        sim.effects_left = None;
        sim.weather = Weather { delay_max: 1, notice_max: 2, ..sim.weather };
        if self.server.as_ref().is_some_and(|server| server.failed) {
            self.stop();
        }
        // What was refused is told again with the next login: once nothing is refused any more.
        for _ in 0..REST_MAX {
            self.tick();
            if self.server.as_ref().is_some_and(Server::has_stored) {
                break;
            }
        }
        let sim = &mut self.sim;
        for device in &mut self.devices {
            device.asleep = 0;
            device.wanted = sim.accounts.contains_key(&device.user);
            if sim.refused && device.stage != Stage::Out {
                device.leave(sim);
            }
        }
        let mut quiet = 0;
        for _ in 0..REST_MAX {
            self.tick();
            if self.sim.check.failure().is_some() {
                return;
            }
            quiet = if self.is_quiet() { quiet + 1 } else { 0 };
            if quiet == 4 {
                return self.agree();
            }
        }
        let stages: Vec<_> = self.devices.iter().map(|device| (device.stage, device.is_at_rest(&self.sim))).collect();
        let server = self.server.as_ref().map(|server| (server.is_quiet(), server.connections()));
        let (net, check) = (self.sim.net.is_quiet(), &mut self.sim.check);
        check.fail(format!("it does not come to rest: devices {stages:?}, the network {net}, the server {server:?}"));
    }

    fn is_quiet(&self) -> bool {
        let Some(server) = &self.server else { return false };
        let there = self.devices.iter().filter(|device| device.link.is_some()).count();
        server.is_quiet()
            && self.sim.net.is_quiet()
            && server.connections() == there
            && self.devices.iter().all(|device| device.is_at_rest(&self.sim))
    }

    fn agree(&mut self) {
        let Self { sim, server: Some(server), devices, .. } = self else { return };
        sim.check.at_rest(server.engine.state(), &sim.disk);
        let directory = Directory::new(sim.accounts.clone());
        for device in devices.iter().filter(|device| device.link.is_some()) {
            if let Err(why) = agrees(&device.model, sim.check.head(), &directory, &sim.check.lines) {
                sim.check.fail(format!("device {} of {:?}: {why}", device.at, device.user));
            }
        }
    }
}
