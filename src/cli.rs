//! The command line: what can be asked for, and what happens then.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::client::tokens::Tokens;
use crate::client::{Client, Host};
use crate::config::{MESSAGE_BURST, MESSAGES_PER_SECOND, default_config_dir, default_data_dir, default_listen};
use crate::host::LocalHost;
use crate::lines::{Failure, Kind};
use crate::pins::{self, Servers};
use crate::proto::fingerprint::Fingerprint;
use crate::script::{self, Script};
use crate::server::certificate::CertificateFiles;
use crate::server::folder::Folder;
use crate::server::throttle::Pace;
use crate::server::{self, Options, WebOrigin};
use crate::settings::store::{self, Store};
use crate::shelf::Files;
use crate::tokens::{self, FileTokens, SystemTokens};
use crate::transfers::LocalFiles;
use crate::user_command::{self, UserCommand};
use crate::{app, terminal, ui};

/// A desktop chat application with its own server inside.
///
/// Without options it opens the window. With no server at hand, the window hosts one on this computer.
#[derive(Debug, Parser)]
#[command(version, about, long_about)]
pub struct Cli {
    /// Hosts without a window, until it is told to end (Ctrl+C or SIGTERM)
    #[arg(long)]
    server: bool,

    /// Verifies users.json and history.json, prints counts, and changes nothing
    #[arg(long, conflicts_with = "server")]
    check: bool,

    /// Where to host: an IP address and a port; may be given several times [default: 127.0.0.1:27275 and [::1]:27275]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Vec<SocketAddr>,

    /// Chats in lines, without a window: on a terminal, or with lines from a pipe. Without an address it hosts like the window
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["server", "check"])]
    terminal: Option<String>,

    /// The folder of users.json and history.json [default: the system's place for application data]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,

    /// A certificate of your own to encrypt with when hosting, in PEM, with those that vouch for it [default: one that the server makes]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Lets other computers connect without encryption when hosting: whoever can listen on the network reads along
    #[arg(long)]
    allow_plaintext: bool,

    /// A website whose pages may connect when hosting, over WebSocket, like https://chat.example.org; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<WebOrigin>,

    /// How many messages a second one account may send when hosting, in the long run; 0 for no limit to anything
    #[arg(long, value_name = "N", default_value_t = MESSAGES_PER_SECOND, value_parser = message_rate)]
    message_rate: f64,

    /// How many messages one account may send at once, before that limit holds
    #[arg(long, value_name = "N", default_value_t = MESSAGE_BURST, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    message_burst: u32,

    /// The server's address: on the login page, or with --terminal [default: this computer]
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["server", "check"])]
    connect: Option<String>,

    /// The account's name: on the login page, or with --terminal
    #[arg(long, value_name = "NAME", conflicts_with_all = ["server", "check"])]
    name: Option<String>,

    /// With --terminal, the fingerprint of a server that this computer has not met before, as its owner sees it
    #[arg(long, value_name = "FINGERPRINT", requires = "terminal")]
    fingerprint: Option<Fingerprint>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds, changes, removes or lists accounts, also while the server runs
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    #[command(flatten)]
    Script(Script),
    /// Prints what a shell needs to complete this program's options
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    Man,
}

/// Reads `--message-rate`.
fn message_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    match rate {
        0.0 | 0.001..=1e6 => Ok(rate),
        _ => Err("it is 0, for no limit, or from 0.001 to 1000000".into()),
    }
}

/// What a program that failed ends with: scripts decide by it.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    error.downcast_ref().map_or(1, Failure::exit_code)
}

/// Does what the command line asks for.
///
/// # Errors
/// Whatever ends the program, as a sentence that says what to do.
pub fn run(mut cli: Cli) -> anyhow::Result<()> {
    // With a folder of one's own, everything is in it: what is tried out there leaves nothing elsewhere.
    let settings_dir = match &cli.data_dir {
        Some(folder) => Some(folder.join(WINDOW)),
        None => default_config_dir(),
    };
    // What needs no data folder.
    cli.command = match cli.command {
        Some(command)
            if !matches!(command, Command::User { .. }) && (cli.server || cli.check || cli.terminal.is_some()) =>
        {
            let text = "this command does nothing else: leave --server, --check and --terminal away";
            return Err(Failure::new(Kind::Usage, text).into());
        }
        Some(Command::Script(script)) => {
            log_to_stderr(tracing::Level::ERROR)?;
            let servers = settings_dir.map(|folder| folder.join(pins::FILE_NAME));
            return Ok(script::run(script, cli.connect, cli.name, servers)?);
        }
        Some(Command::Completions { shell }) => return completions(shell),
        Some(Command::Man) => return manual(),
        other => other,
    };
    let apart = cli.data_dir.is_some();
    let data_dir = cli
        .data_dir
        .or_else(default_data_dir)
        .context("this system names no home directory: say where the data is to live with --data-dir")?;
    if let Some(Command::User { command }) = cli.command {
        if cli.server || cli.check || cli.terminal.is_some() {
            bail!("`parlor user` edits accounts and does nothing else: leave --server, --check and --terminal away");
        }
        return user_command::run_here(command, &data_dir);
    }
    if cli.check {
        return check(&data_dir);
    }
    let lenient = cli.listen.is_empty();
    let listen = if lenient { default_listen() } else { cli.listen };
    let pace = Pace { per_second: cli.message_rate, burst: cli.message_burst };
    let certificate = cli.tls_cert.zip(cli.tls_key).map(|(certificate, key)| CertificateFiles { certificate, key });
    let (allow_plaintext, allow_origins) = (cli.allow_plaintext, cli.allow_origin);
    let options =
        Options { lenient, pace, certificate, allow_plaintext, allow_origins, ..Options::new(listen, data_dir) };
    if cli.server {
        return serve(&options);
    }
    if let Some(address) = cli.terminal {
        let settings = settings_dir.unwrap_or_else(|| options.data_dir.join(WINDOW));
        let address = if address.is_empty() { cli.connect.unwrap_or_default() } else { address };
        let to = terminal::Options { address, name: cli.name, fingerprint: cli.fingerprint };
        return in_lines(options, &to, &settings);
    }
    let settings = settings_dir.unwrap_or_else(|| options.data_dir.join(WINDOW)).join(store::FILE_NAME);
    window(options, settings, apart, cli.connect, cli.name)
}

/// The folder, within that of the data, in which windows keep what they have not sent.
const UNSENT: &str = "unsent";
/// The one in which they keep what was chosen, where the system's own place is not to be touched.
const WINDOW: &str = "window";
/// The one of a server for others, unless somebody chooses another.
const HOSTED: &str = "hosted";

/// Prints a line. A reader that has gone away is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The environment variable that chooses what is logged instead: a level for everything, `debug`, or levels by where it
/// comes from, `parlor=trace,notify=debug`.
const LOG: &str = "PARLOR_LOG";

/// Logs what this program has to say; the libraries beneath the window talk of things that are nobody's business, unless
/// somebody asks for it.
fn log_to_stderr(level: tracing::Level) -> anyhow::Result<()> {
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let asked = std::env::var(LOG).ok().filter(|asked| !asked.trim().is_empty());
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let what = match &asked {
        Some(asked) => asked.parse().with_context(|| format!("{LOG} is not a level: write debug, or parlor=trace"))?,
        None => ours,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(asked.is_some());
    // Colours are for people; in a file or a journal they are noise.
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    // The library for WebSockets says what is in them, and with that passwords: nobody may ask for it.
    let never = Targets::new().with_default(tracing::level_filters::LevelFilter::TRACE);
    let never = never.with_target("tungstenite", tracing::level_filters::LevelFilter::OFF);
    tracing_subscriber::registry().with(what).with(never).with(lines).init();
    Ok(())
}

fn serve(options: &Options) -> anyhow::Result<()> {
    log_to_stderr(tracing::Level::INFO)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Asked for before the server is up, so that a signal that comes early is not lost.
    let signal = runtime.block_on(async { Signals::new() })?;
    let running = server::start(options)?;
    for notice in &running.notices {
        tracing::warn!("{notice}");
    }
    for address in &running.addresses {
        say(&format!("Listening on {address}"));
    }
    say(&format!("Fingerprint {}", running.fingerprint));
    say(&format!("Data in {}", options.data_dir.display()));
    let why = runtime.block_on(signal.wait());
    tracing::info!("{why}: shutting down");
    running.stop();
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupted",
            _ = self.terminate.recv() => "terminated",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self) -> &'static str {
        // Without a console there is nothing to wait for but the end of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "interrupted"
    }
}

fn check(data_dir: &Path) -> anyhow::Result<()> {
    let check = Folder::check(data_dir)?;
    say(&format!("{}:", data_dir.display()));
    say(&format!("  users.json    {} accounts", check.accounts.accounts));
    if check.accounts.plain_passwords > 0 {
        say(&format!(
            "                {} passwords in plain text, hashed at the next start",
            check.accounts.plain_passwords
        ));
    }
    for doubt in &check.accounts.doubts {
        say(&format!("                {doubt}"));
    }
    let invites = if check.invites == 1 { "1 invite".into() } else { format!("{} invites", check.invites) };
    say(&format!("  server.json   {invites}"));
    let report = &check.report;
    say(&format!(
        "  history.json  {} records, {} messages in {}, {} bytes",
        report.records,
        check.messages,
        if check.chats == 1 { "1 chat".into() } else { format!("{} chats", check.chats) },
        report.bytes
    ));
    let files = &check.files;
    let there = if files.files == 1 { "1 file".into() } else { format!("{} files", files.files) };
    say(&format!("  attachments   {there}, {} bytes", files.bytes));
    for missing in &files.missing {
        let what = if missing.damaged { "not as it was" } else { "missing" };
        say(&format!("                {what}: {} ({:?})", missing.file, missing.name));
    }
    match &report.torn {
        None if !files.missing.is_empty() => {
            bail!("attachments: {} of the files that messages carry cannot be had", files.missing.len())
        }
        Some(torn) => bail!("history.json: {torn}"),
        None => say("Everything is as it was written."),
    }
    Ok(())
}

fn in_lines(options: Options, to: &terminal::Options, settings: &Path) -> anyhow::Result<()> {
    // Lines of a log would be torn into what is typed.
    log_to_stderr(tracing::Level::ERROR)?;
    let shelf = Box::new(Files::new(options.data_dir.join(UNSENT)));
    let servers = Box::new(Servers::new(settings.join(pins::FILE_NAME)));
    let disk = Box::new(LocalFiles::new(options.data_dir.clone()));
    let host: Option<Box<dyn Host>> = match to.address.is_empty() {
        true => Some(Box::new(LocalHost::new(options))),
        false => None,
    };
    Ok(terminal::run(to, host, shelf, servers, disk)?)
}

/// Prints at once. A reader that has gone away is no reason to fail.
fn print_whole(bytes: &[u8]) {
    let _ = std::io::stdout().write_all(bytes);
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "parlor", &mut script);
    print_whole(&script);
    Ok(())
}

/// One page: the options, then each command with its own.
fn manual() -> anyhow::Result<()> {
    let mut page = Vec::new();
    let mut whole = Cli::command();
    whole.build();
    clap_mangen::Man::new(whole.clone()).render(&mut page)?;
    for command in whole.get_subcommands().filter(|command| command.get_name() != "help") {
        writeln!(page, ".SH \"PARLOR {}\"", command.get_name().to_uppercase())?;
        let man = clap_mangen::Man::new(command.clone());
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if command.get_after_help().is_some() {
            man.render_extra_section(&mut page)?;
        }
    }
    print_whole(&page);
    Ok(())
}

fn window(
    options: Options,
    settings: PathBuf,
    apart: bool,
    address: Option<String>,
    username: Option<String>,
) -> anyhow::Result<()> {
    #[cfg(all(unix, not(target_os = "macos")))]
    if ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].iter().all(|name| std::env::var_os(name).is_none()) {
        bail!(
            "there is no display here to open a window on; `parlor --terminal` chats in lines, `parlor --server` hosts without one"
        );
    }
    log_to_stderr(tracing::Level::WARN)?;
    let prefill = ui::Prefill { address: address.unwrap_or_default(), username: username.unwrap_or_default() };
    let shelf = Files::new(options.data_dir.join(UNSENT));
    let disk = LocalFiles::new(options.data_dir.clone());
    let shown = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into()).display().to_string();
    let about = ui::About {
        version: env!("CARGO_PKG_VERSION").into(),
        data_folder: shown(&options.data_dir),
        settings_file: shown(&settings),
        hosting_folder: shown(&options.data_dir.join(HOSTED)),
        tray: false,
        notice: None,
    };
    let servers = Servers::new(settings.with_file_name(pins::FILE_NAME));
    let kept_tokens = FileTokens::new(settings.with_file_name(tokens::FILE_NAME));
    // The keyring is one for all folders.
    let kept_tokens: Box<dyn Tokens> =
        if apart { Box::new(kept_tokens) } else { Box::new(SystemTokens::new(kept_tokens)) };
    let kept = Store::open(settings);
    app::run("Parlor", prefill, kept, about, move |ctx| {
        let wake = move || ctx.request_repaint();
        let mut client = Client::start(Some(Box::new(LocalHost::new(options))), Some(Box::new(shelf)), wake)?;
        client.set_disk(Box::new(disk))?;
        Ok(client.with_pins(Box::new(servers)).with_tokens(kept_tokens, tokens::device_name()))
    })
    .map_err(|error| {
        let error = anyhow::anyhow!("the window cannot be opened: {error}; `parlor --server` hosts without one");
        if !std::io::stderr().is_terminal() {
            // Started by a double click: nobody would see what is printed.
            let dialog = rfd::MessageDialog::new().set_level(rfd::MessageLevel::Error).set_title("Parlor");
            dialog.set_description(error.to_string()).show();
        }
        error
    })
}
