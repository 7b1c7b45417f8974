//! A server with a network of its own, and a cable to it: on this side many addresses, each of them another computer to
//! the server; on that side, besides, the server's own computer.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::process::Command;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::cuts::ip;

/// The last part of the server's address; those below it are of this side.
const SERVER: u8 = 254;
/// How long a stranger waits for anything: as long as a full queue of passwords takes, and a little more.
const PATIENCE: Duration = Duration::from_secs(20);

/// See the module. Gone when dropped.
pub struct Outside {
    name: String,
    cable: String,
    /// The third part of all addresses: programs that run side by side are unlikely to have the same.
    net: u8,
}

impl Outside {
    /// With the addresses of this side numbered from 1.
    pub fn new(addresses: u8) -> Self {
        let number = std::process::id();
        let net = number.to_le_bytes()[0];
        let it = Self { name: format!("parlor-{number}-o"), cable: format!("po{}", number % 1_000_000), net };
        let Self { name, cable, net } = &it;
        ip(&format!("netns add {name}"));
        ip(&format!("-n {name} link set lo up"));
        ip(&format!("link add {cable} type veth peer name {cable}x netns {name}"));
        ip(&format!("-n {name} addr add 198.19.{net}.{SERVER}/24 dev {cable}x"));
        ip(&format!("-n {name} link set {cable}x up"));
        for n in 1..=addresses {
            ip(&format!("addr add {}/24 dev {cable}", it.address(n)));
        }
        ip(&format!("link set {cable} up"));
        it
    }

    /// What a program is started under to be on that side.
    pub fn under(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }

    /// An address of this side.
    pub fn address(&self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 19, self.net, n)
    }

    /// Where a server on that side is found.
    pub fn server(&self, port: u16) -> SocketAddr {
        (self.address(SERVER), port).into()
    }

    /// Does something on that side, like connecting: a socket stays where it was made.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let there = File::open(format!("/run/netns/{}", self.name)).unwrap();
        let inside = || {
            move_into_link_name_space(there.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            act()
        };
        // The thread ends there, and no other one is moved.
        std::thread::scope(|scope| scope.spawn(inside).join().unwrap())
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "del", &self.cable]).status();
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// A stranger's connection from an address, which may fail as everything may that strangers do.
pub fn knock(from: Ipv4Addr, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&address.into(), PATIENCE)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}
