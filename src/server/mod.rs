//! The server: listens, owns the data folder, and drives the engine. Runs on a thread of its own inside a window, or
//! alone with `--server`.

pub mod accounts;
pub mod certificate;
mod committer;
mod connection;
mod depot;
mod door;
mod driver;
pub mod facts;
pub mod folder;
mod guessing;
mod hashing;
pub mod kept;
mod registrar;
pub mod throttle;
pub mod transport;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::config::{ACCEPT_WARNING_PAUSE, INPUTS_MAX, PAGE_READERS_MAX, tune};
use crate::core::engine::Engine;
use crate::log::Log as _;
use crate::proto::fingerprint::Fingerprint;
use accounts::Accounts;
use certificate::{Certificate, CertificateError, CertificateFiles};
use committer::Committer;
use depot::Depot;
pub use depot::FOLDER as ATTACHMENTS;
use door::Door;
pub use door::{IsHere, is_loopback};
use driver::Driver;
use folder::{Folder, FolderError};
use hashing::Hashing;
use registrar::{Registrar, Roll};
use throttle::{Pace, Throttle};
pub use transport::WebOrigin;

/// Program and version, as the server introduces itself.
pub const NAME: &str = concat!("Parlor ", env!("CARGO_PKG_VERSION"));

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 lets the system choose.
    pub listen: Vec<SocketAddr>,
    /// Whether an address that this computer does not have may be passed over, as long as one is left.
    pub lenient: bool,
    /// The folder that it owns.
    pub data_dir: PathBuf,
    /// How fast one account may send.
    pub pace: Pace,
    /// A certificate of somebody's own; otherwise the server makes one and keeps it in its folder.
    pub certificate: Option<CertificateFiles>,
    /// Whether other computers may speak plain text.
    pub allow_plaintext: bool,
    /// The web pages that may connect, by where they come from. What is no page needs no leave.
    pub allow_origins: Vec<WebOrigin>,
    /// Which addresses count as this computer.
    pub is_here: IsHere,
}

impl Options {
    /// A server over that folder on those addresses, all of which this computer must have; everything else as it is
    /// unless somebody chooses otherwise.
    pub fn new(listen: Vec<SocketAddr>, data_dir: PathBuf) -> Self {
        let (pace, is_here) = (Pace::default(), is_loopback as IsHere);
        let (certificate, allow_plaintext, allow_origins) = (None, false, Vec::new());
        Self { listen, lenient: false, data_dir, pace, certificate, allow_plaintext, allow_origins, is_here }
    }
}

/// Why a server did not start. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is no certificate to show.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}. {}", hint(.error))]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The system gave no thread or no event queue.
    #[error("the system refuses what a server needs: {0}")]
    System(#[from] std::io::Error),
}

fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "Another program uses that port, perhaps another Parlor: end it, or choose another port with --listen"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "This computer does not have that address: choose another with --listen"
        }
        std::io::ErrorKind::PermissionDenied => {
            "Ports below 1024 are for the administrator: choose another with --listen"
        }
        _ => "Choose another address with --listen",
    }
}

/// A server that is up. Dropping it ends it as [`Running::stop`] does.
#[derive(Debug)]
pub struct Running {
    /// Where it listens, with the ports that the system chose.
    pub addresses: Vec<SocketAddr>,
    /// What its certificate is told by.
    pub fingerprint: Fingerprint,
    /// What the log's repair, or the reading of the folder, has to say to people.
    pub notices: Vec<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Ends the server: everything that was taken is stored, sessions are told, and the folder is let go.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts a server. When this returns, it takes connections.
///
/// # Errors
/// [`StartError`]; nothing is left running.
pub fn start(options: &Options) -> Result<Running, StartError> {
    let folder = Folder::open(&options.data_dir)?;
    let Certificate { tls, fingerprint } = match &options.certificate {
        Some(files) => Certificate::of_files(files)?,
        None => Certificate::of_folder(&options.data_dir)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(PAGE_READERS_MAX)
        .thread_keep_alive(Duration::from_secs(1))
        .build()?;
    let listeners = {
        let _inside = runtime.enter();
        listen(&options.listen, options.lenient)?
    };
    let addresses: Vec<_> = listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
    let mut notices = folder.notices.clone();
    notices.extend(known_passwords(&folder.accounts, &addresses));
    if options.allow_plaintext {
        notices.push("other computers may speak plain text: whoever can listen on the network reads along".into());
    }
    let (stop, stopped) = oneshot::channel();
    let (done, committed) = mpsc::channel(64);
    let (report, inputs) = mpsc::channel(INPUTS_MAX);
    let Folder { accounts, facts, kept, log, state, uploads, lock, directory, .. } = folder;
    let notes = uploads.iter().map(|(file, upload)| (*file, (upload.by, upload.size))).collect();
    let reader = log.reader();
    let mut engine = Engine::new(state, directory, log.id(), NAME);
    engine.introduce(fingerprint);
    engine.stock(uploads);
    if options.allow_plaintext {
        engine.allow_plaintext();
    }
    let committer = Committer::start(Box::new(log), done)?;
    let hashing = Hashing::start(&report)?;
    let throttle = Throttle::new(options.pace);
    let (allow_plaintext, is_here) = (options.allow_plaintext, options.is_here);
    let origins = options.allow_origins.clone().into();
    let accounts = Arc::new(RwLock::new(accounts));
    let kept = Arc::new(kept);
    let roll = Arc::new(Roll::new(Arc::clone(&accounts), Arc::clone(&kept), report.clone()));
    let registrar = Registrar::start(options.data_dir.clone(), Arc::clone(&roll))?;
    let depot = Depot::start(&options.data_dir, notes, report.clone())?;
    let watch = accounts::watch(&options.data_dir, move || roll.reload()).map_err(FolderError::from)?;
    let thread = std::thread::Builder::new().name("server".into()).spawn(move || {
        runtime.block_on(async move {
            let (accept, accepted) = mpsc::channel(64);
            for listener in listeners {
                tokio::spawn(accept_from(listener, accept.clone()));
            }
            drop(accept);
            let driver = Driver {
                engine,
                committer,
                committed,
                reader,
                accounts,
                hashing,
                registrar,
                depot,
                kept,
                facts,
                throttle,
                door: Door::new(),
                tls,
                allow_plaintext,
                origins,
                is_here,
                accepted,
                inputs,
                report,
                stop: stopped,
            };
            driver.run().await;
        });
        // The driver has ended and with it the threads of the log and of files: only now may another server have the folder.
        drop((watch, runtime, lock));
    })?;
    Ok(Running { addresses, fingerprint, notices, stop: Some(stop), thread: Some(thread) })
}

/// What is to be said when others can reach accounts whose passwords everybody knows.
fn known_passwords(accounts: &Accounts, addresses: &[SocketAddr]) -> Option<String> {
    let names: Vec<_> = accounts.shipped().iter().map(ToString::to_string).collect();
    let reachable = addresses.iter().any(|address| !address.ip().is_loopback());
    (reachable && !names.is_empty()).then(|| {
        format!(
            "the passwords of {} are those that Parlor comes with, and everybody knows them: they are refused from other \
             computers. `parlor user passwd NAME` gives another one, `parlor user remove NAME` takes the account away",
            names.join(", ")
        )
    })
}

fn listen(addresses: &[SocketAddr], lenient: bool) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    let mut missing = None;
    for &address in addresses {
        match bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) if lenient && error.kind() != std::io::ErrorKind::AddrInUse => {
                missing = Some(StartError::Listen { address, error });
            }
            Err(error) => return Err(StartError::Listen { address, error }),
        }
    }
    match missing {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    if address.is_ipv6() {
        // One address, one family: "[::]:port" and "0.0.0.0:port" can then be given side by side on every system.
        socket.set_only_v6(true)?;
    }
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

/// Takes connections for as long as the driver does. Out of descriptors, it waits instead of spinning or giving up.
async fn accept_from(listener: TcpListener, accept: mpsc::Sender<(TcpStream, SocketAddr)>) {
    let mut pause = Duration::from_millis(10);
    let mut warned: Option<tokio::time::Instant> = None;
    loop {
        let accepted = tokio::select! {
            () = accept.closed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = Duration::from_millis(10);
                tune(&stream);
                if accept.send((stream, peer)).await.is_err() {
                    return;
                }
            }
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::Interrupted) => {}
            Err(error) => {
                // Between two failures one may be taken, so "healthy again" says little.
                if warned.is_none_or(|at| at.elapsed() >= ACCEPT_WARNING_PAUSE) {
                    warned = Some(tokio::time::Instant::now());
                    tracing::warn!("connections cannot be taken at the moment: {error}");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_everybody_knows_are_named_where_others_can_come_in() {
        let dir = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(dir.path()).unwrap();
        let at = |address: &str| vec![SocketAddr::new(address.parse().unwrap(), 27275)];
        assert_eq!(known_passwords(&accounts, &at("127.0.0.1")), None);
        let said = known_passwords(&accounts, &at("0.0.0.0")).unwrap();
        assert!(said.contains("Alice, Bob, Charlie"), "{said}");
        for name in ["Alice", "Bob"] {
            accounts::set_password(dir.path(), &crate::proto::ids::UserName::new(name).unwrap(), &"x".into()).unwrap();
        }
        let accounts = Accounts::open(dir.path()).unwrap();
        assert!(known_passwords(&accounts, &at("::")).unwrap().starts_with("the passwords of Charlie are"));
    }
}
