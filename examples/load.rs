//! A load generator over the real client library: pairs of accounts that write to each other, with the server in a
//! process of its own.
//!
//! ```text
//! cargo run --release --example load -- [--pairs 50] [--in-flight 32] [--bytes 128] [--seconds 10] [--rate N]
//!                                       [--stored N] [--receipts] [--data-dir DIR]
//! ```
//!
//! Every message counts when both its acknowledgement and its delivery have arrived; the server gives neither before
//! the message is synced to disk. Latency is from just before the sender's write to just after the receiver's parse.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Parser;
use parlor::client::connection::Wire;
use parlor::log::Log as _;
use parlor::log::file::FileLog;
use parlor::log::storage::DiskFile;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Event;
use parlor::proto::frame;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::proto::outgoing::{ClientIdText, Outgoing, SendTo};
use parlor::proto::record::{Message, Record, To, json_of_frame};
use tokio::net::TcpStream;

#[derive(Parser)]
struct Args {
    /// Pairs of accounts; in each, one side writes and the other reads
    #[arg(long, default_value_t = 50)]
    pairs: usize,
    /// Messages of a pair that are written and not yet both acknowledged and delivered
    #[arg(long, default_value_t = 32)]
    in_flight: u64,
    /// Bytes of text in a message
    #[arg(long, default_value_t = 128)]
    bytes: usize,
    /// How long to measure, after a second of warming up
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Messages a second in all, evenly spaced; without it, as many as go
    #[arg(long)]
    rate: Option<u64>,
    /// Messages that history.json holds at the start
    #[arg(long, default_value_t = 0)]
    stored: u64,
    /// Readers tell what has arrived and what was read, as windows do
    #[arg(long)]
    receipts: bool,
    /// The data folder, made anew; by default one beside the build, so that it is on a real disk
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// One pair's counters.
#[derive(Default)]
struct Pair {
    acknowledged: AtomicU64,
    delivered: AtomicU64,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from("target/load-data"));
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    prepare(&dir, &args)?;
    let (mut server, address, ready) = serve(&dir)?;
    let ready_ms = ready.as_secs_f64() * 1e3;
    let _ = writeln!(std::io::stdout(), "server ready in {ready_ms:.0} ms with {} messages stored", args.stored);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(measure(&args, address, server.id()));
    let _ = server.kill();
    let _ = server.wait();
    let _ = std::fs::remove_dir_all(&dir);
    result
}

/// Writes the accounts and the stored history.
fn prepare(dir: &Path, args: &Args) -> anyhow::Result<()> {
    let users: Vec<_> = (1..=args.pairs * 2)
        .map(|id| serde_json::json!({"id": id, "username": format!("user{id}"), "password": "load"}))
        .collect();
    std::fs::write(dir.join("users.json"), serde_json::to_vec(&serde_json::json!({ "users": users }))?)?;
    if args.stored > 0 {
        let storage = Arc::new(DiskFile::open(&dir.join("history.json"))?);
        let (mut log, _) = FileLog::open(storage, "load", |_| {})?;
        let accounts = u64::try_from(args.pairs * 2)?;
        let mut batch = Vec::new();
        for seq in 1..=args.stored {
            let from = u32::try_from(seq % accounts + 1)?;
            let to = u32::try_from((seq + 1) % accounts + 1)?;
            let record = Record::Message(Message {
                seq: Seq(seq),
                at: Millis(1_700_000_000_000 + i64::try_from(seq)?),
                from: UserId(from),
                to: To::Person(UserId(to), format!("user{to}").into()),
                from_user: format!("user{from}").into(),
                mentions: Default::default(),
                client_id: None,
                reply_to: None,
                attachment: None,
                edited: None,
                deleted: false,
                message: "x".repeat(args.bytes).into(),
            });
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            batch.push(bytes::Bytes::copy_from_slice(json_of_frame(&bytes)));
            if batch.len() == 10_000 || seq == args.stored {
                log.append(&std::mem::take(&mut batch))?;
            }
        }
    }
    Ok(())
}

/// Starts the server beside this program's build and waits until it says where it listens.
fn serve(dir: &Path) -> anyhow::Result<(Child, SocketAddr, Duration)> {
    let program = std::env::current_exe()?.parent().and_then(Path::parent).context("no build folder")?.join("parlor");
    if !program.exists() {
        bail!("build the server first: cargo build --release");
    }
    // The passwords are hashed at the first start; the second start is the one to time.
    for warm in [true, false] {
        let started = Instant::now();
        let mut child = Command::new(&program)
            .args(["--server", "--message-rate", "0", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready = started.elapsed();
        let address = line.trim().strip_prefix("Listening on ").context("the server did not start")?.parse()?;
        if !warm {
            return Ok((child, address, ready));
        }
        child.kill()?;
        child.wait()?;
    }
    unreachable!("the second start returns")
}

async fn login(address: SocketAddr, account: usize) -> anyhow::Result<Wire> {
    let mut wire = Wire::new(TcpStream::connect(address).await?);
    let username = format!("user{account}");
    wire.write(&frame::frame_of(&Outgoing::Login { username: &username, password: "load", log: None, after: None }))
        .await?;
    loop {
        let json = wire.read().await?;
        match Event::parse(&json)? {
            Event::Login(Err(problem)) => bail!("{username}: {}", problem.message),
            Event::Ready(_) => return Ok(wire),
            _ => {}
        }
    }
}

async fn measure(args: &Args, address: SocketAddr, server: u32) -> anyhow::Result<()> {
    let local = tokio::task::LocalSet::new();
    let stop = Arc::new(AtomicBool::new(false));
    let recording = Arc::new(AtomicBool::new(false));
    let latencies = Arc::new(Mutex::new(Vec::<u32>::new()));
    let start = Instant::now();
    let pairs: Vec<Arc<Pair>> = (0..args.pairs).map(|_| Arc::default()).collect();
    local
        .run_until(async {
            let mut wires = Vec::new();
            for at in 0..args.pairs {
                let writer = login(address, 2 * at + 1);
                let reader = login(address, 2 * at + 2);
                wires.push((writer.await?, reader.await?));
            }
            let mut tasks = Vec::new();
            for (at, (writer, reader)) in wires.into_iter().enumerate() {
                let pair = Arc::clone(&pairs[at]);
                let to = ChatKey::Person(UserId(u32::try_from(2 * at + 2)?));
                let pace = args.rate.map(|rate| Duration::from_secs_f64(args.pairs as f64 / rate as f64));
                let offset = pace.map_or(Duration::ZERO, |pace| pace.mul_f64(at as f64 / args.pairs as f64));
                let slots = Arc::new(tokio::sync::Notify::new());
                tasks.push(tokio::task::spawn_local(write(
                    writer,
                    to,
                    args.in_flight,
                    args.bytes,
                    pace,
                    offset,
                    start,
                    Arc::clone(&pair),
                    Arc::clone(&slots),
                    Arc::clone(&stop),
                )));
                tasks.push(tokio::task::spawn_local(read(
                    reader,
                    args.receipts.then_some(ChatKey::Person(UserId(u32::try_from(2 * at + 1)?))),
                    start,
                    pair,
                    slots,
                    Arc::clone(&recording),
                    Arc::clone(&latencies),
                    Arc::clone(&stop),
                )));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let count = || {
                pairs
                    .iter()
                    .map(|pair| pair.acknowledged.load(Ordering::Relaxed).min(pair.delivered.load(Ordering::Relaxed)))
                    .sum::<u64>()
            };
            let (before, from, cpu_before) = (count(), Instant::now(), cpu_seconds(server));
            recording.store(true, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(args.seconds)).await;
            recording.store(false, Ordering::Relaxed);
            let (after, took, cpu_after) = (count(), from.elapsed(), cpu_seconds(server));
            stop.store(true, Ordering::Relaxed);
            report(
                after - before,
                took,
                cpu_after - cpu_before,
                &mut latencies.lock().expect("no task panics with it"),
            );
            for task in tasks {
                task.abort();
            }
            anyhow::Ok(())
        })
        .await
}

/// Writes numbered, time-stamped messages, and takes their acknowledgements.
#[expect(clippy::too_many_arguments, reason = "a task's whole world, handed over once")]
async fn write(
    mut wire: Wire,
    to: ChatKey,
    in_flight: u64,
    bytes: usize,
    pace: Option<Duration>,
    offset: Duration,
    start: Instant,
    pair: Arc<Pair>,
    slots: Arc<tokio::sync::Notify>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let device = DeviceId::new("load")?;
    let mut sent = 0;
    let mut frames = Vec::new();
    let mut due = tokio::time::Instant::now() + offset;
    while !stop.load(Ordering::Relaxed) {
        let settled = pair.acknowledged.load(Ordering::Relaxed).min(pair.delivered.load(Ordering::Relaxed));
        let mut room = in_flight.saturating_sub(sent - settled);
        if let Some(pace) = pace {
            room = room.min(u64::from(tokio::time::Instant::now() >= due));
            if room > 0 {
                due += pace;
            }
        }
        frames.clear();
        for _ in 0..room {
            sent += 1;
            let mut text = format!("{:016}", start.elapsed().as_nanos());
            text.extend(std::iter::repeat_n('x', bytes.saturating_sub(text.len())));
            let client_id = ClientIdText { device: &device, n: sent };
            frame::encode_value(
                &mut frames,
                &Outgoing::SendMessage {
                    id: sent,
                    to: SendTo::Chat(to),
                    client_id: &client_id,
                    reply_to: None,
                    attachment: None,
                    message: &text,
                },
            );
        }
        if !frames.is_empty() {
            wire.write(&frames).await?;
        }
        let timer = async {
            match pace {
                Some(_) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            json = wire.read() => {
                let mut next = Some(json?);
                while let Some(json) = next {
                    match Event::parse(&json)? {
                        Event::Sent(_, Ok(_)) => _ = pair.acknowledged.fetch_add(1, Ordering::Relaxed),
                        Event::Sent(_, Err(problem)) => bail!(problem.message),
                        _ => {}
                    }
                    next = wire.buffered()?;
                }
            }
            () = slots.notified() => {}
            () = timer => {}
        }
    }
    Ok(())
}

/// Takes deliveries, in order and without a gap, and notes how long each took.
#[expect(clippy::too_many_arguments, reason = "a task's whole world, handed over once")]
async fn read(
    mut wire: Wire,
    receipts: Option<ChatKey>,
    start: Instant,
    pair: Arc<Pair>,
    slots: Arc<tokio::sync::Notify>,
    recording: Arc<AtomicBool>,
    latencies: Arc<Mutex<Vec<u32>>>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let mut last = 0;
    let mut found = Vec::new();
    let (mut arrived, mut marked, mut waiting) = (Seq(0), Seq(0), 0);
    while !stop.load(Ordering::Relaxed) {
        let mut next = Some(wire.read().await?);
        while let Some(json) = next {
            let event = Event::parse(&json)?;
            waiting -= i32::from(matches!(event, Event::Marked(_)));
            if let Event::Message(message) = event {
                arrived = message.seq;
                let n = message.client_id.as_ref().map_or(0, |id| id.n);
                if n != last + 1 {
                    bail!("message {n} came after message {last}");
                }
                last = n;
                pair.delivered.fetch_add(1, Ordering::Relaxed);
                let sent: u128 = message.message.get(..16).and_then(|digits| digits.parse().ok()).unwrap_or(0);
                found.push(u32::try_from((start.elapsed().as_nanos() - sent) / 1_000)?);
            }
            next = wire.buffered()?;
        }
        slots.notify_one();
        if let Some(with) = receipts
            && waiting == 0
            && marked < arrived
        {
            (marked, waiting) = (arrived, 2);
            let mut frames = frame::frame_of(&Outgoing::MarkDelivered { seq: arrived });
            frame::encode_value(&mut frames, &Outgoing::MarkRead { id: 1, chat: with, seq: arrived });
            wire.write(&frames).await?;
        }
        if recording.load(Ordering::Relaxed) {
            latencies.lock().expect("no task panics with it").append(&mut found);
        }
        found.clear();
    }
    Ok(())
}

fn report(messages: u64, took: Duration, cpu: f64, latencies: &mut [u32]) {
    latencies.sort_unstable();
    let at = |part: f64| match latencies.len() {
        0 => 0.0,
        len => f64::from(latencies[((len as f64 * part) as usize).min(len - 1)]) / 1e3,
    };
    let mut out = std::io::stdout();
    let _ = writeln!(
        out,
        "{:.0} messages a second, acknowledged and delivered after their sync",
        messages as f64 / took.as_secs_f64()
    );
    let _ = writeln!(
        out,
        "{:.0} per second of server CPU ({:.0} % of a core)",
        messages as f64 / cpu.max(0.01),
        100.0 * cpu / took.as_secs_f64()
    );
    let _ = writeln!(out, "latency p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms", at(0.5), at(0.99), at(0.999));
}

/// The processor time that a process has used, where /proc tells it.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
