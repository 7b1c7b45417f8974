//! One attempt: find the server, or become it on this computer, and log in.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::route::{self, Look};
use super::trust::{Line, Trust};
use super::wire::Wire;
use super::{Cursor, Report, Secret, Server, SharedHost, SignIn, Wake, known};
use crate::client::HostError;
use crate::client::address::{self, Target};
use crate::client::command::Hosting;
use crate::client::fold::sign_in_problem;
use crate::client::model::{Field, Security, SignInProblem, TrustQuestion};
use crate::config::{CONNECT_DEADLINE, SIGN_IN_DEADLINE, default_listen};
use crate::proto::account::Asked;
use crate::proto::device::LoginFrame;
use crate::proto::event::{Code, Event, Problem};
use crate::proto::frame;
use crate::proto::limits::FRAME_BEFORE_LOGIN_MAX_BYTES;

/// Why an attempt did not lead to a login.
pub(super) enum Failed {
    /// Trying again is of no use, or its person must decide.
    Refused(SignInProblem),
    /// The server is not there, or not now.
    Unreachable(SignInProblem),
    /// Whether it is the right server, its person must say. Nothing was sent to it.
    Untrusted(Box<TrustQuestion>),
}

/// Connects and logs in; hosts a server on this computer first when none answers there and one is wanted.
pub(super) async fn connect(
    host: Option<&SharedHost>,
    report: &mpsc::Sender<Report>,
    wake: &Wake,
    cursor: &Cursor,
    trust: &Trust,
    (sign_in, taken_before): (&SignIn, bool),
    (look, looked_for): (Look, &mut Vec<SocketAddr>),
) -> Result<(Wire, Security, Bytes), Failed> {
    let (target, hosting) = match &sign_in.server {
        Server::At(address) => {
            (address::parse(address).map_err(|bad| Failed::Refused(at_server(bad.to_string())))?, None)
        }
        Server::Hosted(hosting) => (Target::Here, Some(hosting)),
    };
    let known = known(cursor);
    let line = trust.line(&target)?;
    let stream = match (target, host) {
        (Target::There { host, port, .. }, _) => {
            let mut addresses = patiently(look, looked_for, || resolve(&host, port)).await?;
            if matches!(line, Line::Near) {
                // Whatever the name leads to: what is not encrypted does not leave this computer.
                addresses.retain(|address| address.ip().to_canonical().is_loopback());
            }
            looked_for.clone_from(&addresses);
            patiently(look, &addresses, || reach(&addresses))
                .await
                .map_err(|error| unreachable(&format!("{host}, port {port}"), &error))?
        }
        (Target::Here, None) => reach(&default_listen()).await.map_err(|error| unreachable("this computer", &error))?,
        (Target::Here, Some(host)) => {
            host.lock().unwrap_or_else(PoisonError::into_inner).choose(hosting);
            if let Some(hosting) = hosting.filter(|hosting| hosting.new && !taken_before) {
                found(host, hosting, sign_in).await?;
            }
            reach_here(host, report, wake, known.as_ref().map(|(log, _)| log.clone())).await?
        }
    };
    let (mut wire, security) = match line {
        Line::Near => (Wire::new(stream), Security::Here),
        Line::Plain => (Wire::new(stream), Security::Plain),
        Line::Tls(peer) => trust.agree(stream, &peer).await?,
    };
    // Room for all of it from the start, so that no piece is left behind where it was before it grew.
    let mut login = Zeroizing::new(Vec::with_capacity(FRAME_BEFORE_LOGIN_MAX_BYTES));
    let (username, secret) = (sign_in.username.as_str(), sign_in.secret());
    match sign_in.join.as_ref().filter(|_| !taken_before) {
        Some(join) => {
            let code = join.code.as_ref().map(|code| code.expose_secret());
            let password = sign_in.password();
            let password = password.expose_secret();
            frame::encode_value(&mut login, &Asked::Join { code, username, password });
        }
        None => {
            let log = known.as_ref().map(|(log, _)| log.as_str());
            let after = known.as_ref().map(|(_, seq)| *seq);
            let none =
                LoginFrame { username: None, password: None, token: None, keep: false, device: None, log, after };
            let asked = match &secret {
                Secret::Password { password, keep } => LoginFrame {
                    username: Some(username),
                    password: Some(password.expose_secret()),
                    keep: keep.is_some(),
                    device: keep.as_deref(),
                    ..none
                },
                Secret::Token(token) => LoginFrame { token: Some(token.expose_secret()), ..none },
            };
            frame::encode_value(&mut login, &asked);
        }
    }
    let answer = async {
        wire.write(&login).await?;
        wire.read().await
    };
    let json = match timeout(SIGN_IN_DEADLINE, answer).await {
        Ok(Ok(json)) => json,
        Ok(Err(error)) => return Err(Failed::Unreachable(at_server(format!("{error}. Check the address.")))),
        Err(_) => {
            return Err(Failed::Unreachable(at_server("The server does not answer. Try again in a while.".into())));
        }
    };
    let strange =
        || Failed::Refused(at_server("What answers there does not speak Parlor's protocol. Check the address.".into()));
    match Event::parse(&json).map_err(|_| strange())? {
        Event::Login(Ok(_)) => Ok((wire, security, json)),
        Event::Login(Err(problem)) | Event::Problem(problem) => Err(refused(problem)),
        Event::Closing(closing) => Err(Failed::Unreachable(at_server(closing.reason))),
        _ => Err(strange()),
    }
}

fn refused(problem: Problem) -> Failed {
    match problem.code {
        Code::Busy | Code::SlowDown => Failed::Unreachable(sign_in_problem(problem)),
        _ => Failed::Refused(sign_in_problem(problem)),
    }
}

/// Something wrong that has to do with the server.
pub(super) fn at_server(message: String) -> SignInProblem {
    SignInProblem { field: Field::Server, message }
}

fn unreachable(place: &str, error: &std::io::Error) -> Failed {
    use std::io::ErrorKind;
    let message = match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!(
                "Nobody answers at {place}: no Parlor server runs there. Start one with `parlor --server`, or check the address."
            )
        }
        ErrorKind::TimedOut => {
            format!("{place} does not answer. Check the address, and that a firewall lets you through.")
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            format!("There is no way to {place} from here. Check the network.")
        }
        _ => format!("{place} cannot be reached: {error}."),
    };
    Failed::Unreachable(at_server(message))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failed> {
    let unknown = || {
        let text = format!("There is no computer named {host:?}. Check the spelling, or use its IP address.");
        Failed::Unreachable(at_server(text))
    };
    let found = timeout(CONNECT_DEADLINE, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<_> = found.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    if addresses.is_empty() { Err(unknown()) } else { Ok(addresses) }
}

/// Does something that needs the network, and begins it anew when the network is another one: what was sent before it
/// was there is sent again only seconds later.
async fn patiently<T, F: Future<Output = T>>(look: Look, to: &[SocketAddr], attempt: impl Fn() -> F) -> T {
    loop {
        tokio::select! {
            done = attempt() => return done,
            () = route::opened(look, to) => {}
        }
    }
}

/// Connects to the first address that answers; the error that says most otherwise.
async fn reach(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        let error = match timeout(CONNECT_DEADLINE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => std::io::ErrorKind::TimedOut.into(),
        };
        // A refusal says most: somebody is there. A computer without IPv6 has nothing to say about the other address.
        if last.kind() != std::io::ErrorKind::ConnectionRefused {
            last = error;
        }
    }
    Err(last)
}

/// Makes the folder of a new server. Whoever answers at its port already is another one.
async fn found(host: &SharedHost, hosting: &Hosting, sign_in: &SignIn) -> Result<(), Failed> {
    let addresses = host.lock().unwrap_or_else(PoisonError::into_inner).addresses();
    if reach(&addresses).await.is_ok() {
        let text =
            format!("Port {} of this computer is in use, perhaps by another server. Choose another.", hosting.port);
        return Err(Failed::Refused(at_server(text)));
    }
    let (host, username, password) = (Arc::clone(host), sign_in.username.clone(), sign_in.password());
    let founded = tokio::task::spawn_blocking(move || {
        host.lock().unwrap_or_else(PoisonError::into_inner).found(&username, &password)
    });
    match founded.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(HostError { message, .. })) => Err(Failed::Refused(at_server(message))),
        Err(_) => Err(Failed::Refused(at_server("The folder could not be made.".into()))),
    }
}

/// Connects to the server on this computer, or becomes it.
async fn reach_here(
    host: &SharedHost,
    report: &mpsc::Sender<Report>,
    wake: &Wake,
    log: Option<String>,
) -> Result<TcpStream, Failed> {
    let addresses = host.lock().unwrap_or_else(PoisonError::into_inner).addresses();
    match reach(&addresses).await {
        Ok(stream) => return Ok(stream),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
        Err(error) => return Err(unreachable("this computer", &error)),
    }
    let (host, report, wake) = (Arc::clone(host), report.clone(), Arc::clone(wake));
    let started = tokio::task::spawn_blocking(move || {
        let hosted = host.lock().unwrap_or_else(PoisonError::into_inner).start(log.as_deref())?;
        let _ = report.blocking_send(Report::Hosting(hosted));
        wake();
        Ok(())
    });
    match started.await {
        Ok(Ok(())) => reach(&addresses).await.map_err(|error| unreachable("this computer", &error)),
        // Another window was faster, or is still letting go: it is looked for again.
        Ok(Err(HostError { taken: true, message })) => {
            reach(&addresses).await.map_err(|_| Failed::Unreachable(at_server(message)))
        }
        Ok(Err(HostError { taken: false, message })) => Err(Failed::Refused(at_server(message))),
        Err(_) => Err(Failed::Refused(at_server("Hosting on this computer failed.".into()))),
    }
}
