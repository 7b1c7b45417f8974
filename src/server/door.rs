//! Who may come in: how many connections at a time there may be from one place, how many of them before a login, and how
//! many in all. Who is beyond the limit is told so, where that is cheap.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use socket2::SockRef;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::{
    CONNECTIONS_MIN, CONNECTIONS_PER_PLACE_MAX, DESCRIPTORS_RESERVED, STRANGERS_PER_PLACE_MAX, STRANGERS_SHARE,
    TURNED_AWAY_DEADLINE,
};
use crate::core::session::Origin;
use crate::proto::event::{Code, Problem, Refusal};
use crate::proto::frame;

/// Which addresses are this computer. Others may not speak plain text, and are counted.
pub type IsHere = fn(IpAddr) -> bool;

/// Addresses that no other computer can have.
pub fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback()
}

/// Who has connected, as far as the network tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The address. One of the old kind, seen through the new one, is what it is.
    address: IpAddr,
    /// It is this computer.
    pub here: bool,
}

/// What counts as one place: an address, or of the new kind a /64, which is what one connection to the Internet is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(IpAddr);

impl Caller {
    /// The other side of a connection.
    pub fn new(peer: SocketAddr, is_here: IsHere) -> Self {
        let address = peer.ip().to_canonical();
        Self { address, here: is_here(address) }
    }

    /// Where it comes from, for sessions.
    pub fn origin(&self) -> Origin {
        Origin { address: self.address.to_string().into(), here: self.here }
    }

    /// The place that its connections and its guesses count for.
    pub fn place(&self) -> Place {
        Place(match self.address {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            old => old,
        })
    }
}

/// How many connections a place has.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: usize,
    strangers: usize,
}

/// Counts who is in. This computer's own connections count for the sum alone: whoever can make them could just as well
/// end the server.
#[derive(Debug)]
pub struct Door {
    max: usize,
    all: usize,
    /// Those from elsewhere that have not logged in.
    strangers: usize,
    /// Of places that have any; as many as there are connections at most.
    places: HashMap<Place, Count>,
}

impl Door {
    /// With room for as many connections as the system allows descriptors, some of them kept back.
    pub fn new() -> Self {
        Self::with_room(descriptors().saturating_sub(DESCRIPTORS_RESERVED).max(CONNECTIONS_MIN))
    }

    fn with_room(max: usize) -> Self {
        Self { max, all: 0, strangers: 0, places: HashMap::new() }
    }

    /// Counts a new connection in, if there is room for it.
    pub fn enter(&mut self, caller: Caller) -> bool {
        if self.all >= self.max {
            return false;
        }
        if !caller.here {
            let count = self.places.get(&caller.place()).copied().unwrap_or_default();
            if count.all >= CONNECTIONS_PER_PLACE_MAX
                || count.strangers >= STRANGERS_PER_PLACE_MAX
                || self.strangers >= self.max / STRANGERS_SHARE
            {
                return false;
            }
            self.strangers += 1;
            self.places.insert(caller.place(), Count { all: count.all + 1, strangers: count.strangers + 1 });
        }
        self.all += 1;
        true
    }

    /// One of those who are in has logged in.
    pub fn admit(&mut self, caller: Caller) {
        if !caller.here
            && let Some(count) = self.places.get_mut(&caller.place())
        {
            self.strangers = self.strangers.saturating_sub(1);
            count.strangers = count.strangers.saturating_sub(1);
        }
    }

    /// One of those who are in has gone.
    pub fn leave(&mut self, caller: Caller, admitted: bool) {
        if !admitted {
            self.admit(caller);
        }
        self.all = self.all.saturating_sub(1);
        if !caller.here
            && let Some(count) = self.places.get_mut(&caller.place())
        {
            count.all = count.all.saturating_sub(1);
            if count.all == 0 {
                self.places.remove(&caller.place());
            }
        }
    }
}

/// How many descriptors the system lets this program have.
#[cfg(unix)]
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// There is no such limit.
#[cfg(not(unix))]
fn descriptors() -> usize {
    usize::MAX
}

/// Tells somebody for whom there is no room, if they speak plain text: in TLS, a handshake would cost more than it is
/// worth. Ends in time whatever they do.
pub async fn turn_away(mut stream: TcpStream) {
    let told = async {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && &first == b"$" {
            // What was sent and never read would have the system drop the answer.
            let _ = stream.try_read(&mut [0; 4096]);
            let problem = Problem::new(Code::Busy, "Too many connections at the moment. Try again in a while.");
            let refusal = Refusal { purpose: "error", id: None, result: false, error: &problem };
            stream.write_all(&frame::frame_of(&refusal)).await?;
            SockRef::from(&stream).shutdown(std::net::Shutdown::Write)?;
        }
        std::io::Result::Ok(())
    };
    // Whether they heard it is their business.
    let _ = timeout(TURNED_AWAY_DEADLINE, told).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Caller {
        Caller::new(SocketAddr::new(address.parse().unwrap(), 1), is_loopback)
    }

    #[test]
    fn a_place_is_an_address_or_a_network_of_the_new_kind() {
        assert_eq!(from("::ffff:192.0.2.1").place(), from("192.0.2.1").place());
        assert_ne!(from("192.0.2.1").place(), from("192.0.2.2").place());
        assert_eq!(from("2001:db8::1").place(), from("2001:db8::ffff:0:0:2").place());
        assert_ne!(from("2001:db8::1").place(), from("2001:db8:0:1::1").place());
        assert!(from("::ffff:127.0.0.1").here && from("::1").here && !from("192.0.2.1").here);
    }

    #[test]
    fn a_place_that_has_too_many_keeps_nobody_else_out() {
        let mut door = Door::with_room(100_000);
        let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
        let entered = (0..100_000).take_while(|_| door.enter(one)).count();
        assert_eq!(entered, STRANGERS_PER_PLACE_MAX);
        assert!(door.enter(other) && door.enter(from("127.0.0.1")));
        door.admit(one);
        assert!(door.enter(one) && !door.enter(one), "who has logged in is no stranger");
        door.leave(one, false);
        assert!(door.enter(one) && !door.enter(one));
        while door.places[&one.place()].all < CONNECTIONS_PER_PLACE_MAX {
            door.admit(one);
            assert!(door.enter(one));
        }
        door.admit(one);
        assert!(!door.enter(one), "not even people who have logged in can have more");
        door.leave(one, true);
        assert!(door.enter(one));
    }

    #[test]
    fn strangers_from_everywhere_leave_room_for_others() {
        let mut door = Door::with_room(CONNECTIONS_MIN);
        let strangers =
            (0..=255).map(|n| from(&format!("192.0.2.{n}"))).take_while(|caller| door.enter(*caller)).count();
        assert_eq!(strangers, CONNECTIONS_MIN / STRANGERS_SHARE);
        let here = (0..CONNECTIONS_MIN).take_while(|_| door.enter(from("127.0.0.1"))).count();
        assert_eq!(here, CONNECTIONS_MIN - strangers, "and all of it is never more than there is room for");
        for n in 0..strangers {
            door.leave(from(&format!("192.0.2.{n}")), false);
        }
        assert!(door.places.is_empty() && door.strangers == 0 && door.all == here);
    }
}
