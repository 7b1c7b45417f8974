//! Hosting from within a window: what joins the client, which knows no server, to the server, which knows no client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::client::command::Hosting;
use crate::client::model::{Hosted, Joinable};
use crate::client::{Host, HostError};
use crate::proto::ids::UserName;
use crate::server::folder::{self, FolderError};
use crate::server::{self, Options, Running, StartError, accounts, certificate, facts, kept};

/// A server on this computer, started when first asked for and ended when dropped. One at a time.
#[derive(Debug)]
pub struct LocalHost {
    /// The server of this computer.
    own: Options,
    /// The one for others that was chosen instead.
    hosting: Option<Hosting>,
    running: Option<Running>,
}

impl LocalHost {
    /// A host that starts its server with these options, unless another one is chosen.
    pub fn new(options: Options) -> Self {
        Self { own: options, hosting: None, running: None }
    }
}

/// What a server for others is started with. A computer without IPv6 listens on the rest.
fn options_of(hosting: &Hosting) -> Options {
    let all = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let listen = all.map(|ip| SocketAddr::new(ip, hosting.port)).into();
    Options { lenient: true, ..Options::new(listen, PathBuf::from(&hosting.folder)) }
}

/// What a server keeps in its folder.
const OWN_FILES: &[&str] = &[
    accounts::FILE_NAME,
    facts::FILE_NAME,
    kept::FILE_NAME,
    folder::HISTORY,
    certificate::CERTIFICATE,
    certificate::KEY,
    server::ATTACHMENTS,
];

/// Why nothing can be made in a folder.
fn refused(message: String) -> HostError {
    HostError { taken: false, message }
}

impl Host for LocalHost {
    fn choose(&mut self, hosting: Option<&Hosting>) {
        self.hosting = hosting.cloned();
    }

    fn found(&mut self, username: &str, password: &SecretString) -> Result<(), HostError> {
        let Some(hosting) = &self.hosting else { return Ok(()) };
        let folder = Path::new(&hosting.folder);
        if !folder.is_absolute() {
            return Err(refused("Write the whole path of the folder, from its beginning, or choose one.".into()));
        }
        let foreign = |name: &std::ffi::OsStr| {
            let name = name.to_string_lossy();
            !name.ends_with(".lock") && !OWN_FILES.contains(&&*name)
        };
        // Messages among somebody's letters and pictures would be a mess, and be lost with them.
        if std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| foreign(&entry.file_name()))) {
            let within = folder.join("parlor");
            let text = format!("There is something in that folder. Choose an empty one, or {}.", within.display());
            return Err(refused(text));
        }
        let name = UserName::new(username).map_err(|error| refused(sentence(&error.to_string())))?;
        accounts::found(folder, &name, password).map_err(|error| refused(sentence(&format!("{error}."))))
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        match &self.hosting {
            // From outside it is all addresses; this computer reaches itself.
            Some(hosting) => {
                let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                here.map(|ip| SocketAddr::new(ip, hosting.port)).into()
            }
            None => self.own.listen.clone(),
        }
    }

    fn start(&mut self, log: Option<&str>) -> Result<Hosted, HostError> {
        let options = self.hosting.as_ref().map_or_else(|| self.own.clone(), options_of);
        let place = options.data_dir.display();
        // A folder that has gone away must not come back with the accounts that the program brings: their passwords are
        // known to everybody.
        if self.hosting.is_some() && !options.data_dir.join(accounts::FILE_NAME).exists() {
            return Err(refused(format!("There is no server in {place} any more. Was the folder moved?")));
        }
        if log.is_some() && log != folder::log_of(&options.data_dir).as_deref() {
            let message =
                "The server has gone away, and its data is not in this window's folder. Start it again.".into();
            return Err(HostError { taken: true, message });
        }
        // One that this window had before, and that no longer answers, lets go of the folder first.
        self.running = None;
        let running = server::start(&options).map_err(|error| HostError {
            taken: matches!(&error, StartError::Folder(FolderError::InUse(_)))
                || matches!(&error, StartError::Listen { error, .. } if error.kind() == std::io::ErrorKind::AddrInUse),
            message: sentence(&error.to_string()),
        })?;
        let joinable = self.hosting.as_ref().map_or(Joinable::ThisComputer, |hosting| joinable(hosting.port));
        let notices = running.notices.iter().map(|notice| format!("{}.", sentence(notice))).collect();
        self.running = Some(running);
        Ok(Hosted { joinable, folder: options.data_dir.display().to_string(), notices })
    }
}

/// Where others join a server that listens at that port of all addresses.
fn joinable(port: u16) -> Joinable {
    own_address().map_or(Joinable::Port(port), |ip| Joinable::Address(SocketAddr::new(ip, port)))
}

/// The address that this computer has in its network, if it is in one: that from which it would talk to the world. No
/// packet is sent; the addresses are those that RFC 5737 and RFC 3849 keep for documentation.
fn own_address() -> Option<IpAddr> {
    let from = |own: &str, world: &str| {
        let socket = UdpSocket::bind(own).ok()?;
        socket.connect(world).ok()?;
        let ip = socket.local_addr().ok()?.ip();
        (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
    };
    from("0.0.0.0:0", "192.0.2.1:9").or_else(|| from("[::]:0", "[2001:db8::1]:9"))
}

/// The text with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
