//! Whether there is a way to the server: what a client that waits looks at, so that it comes back with the network and
//! not with its next attempt. Nothing is sent: the system is asked which way it would go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::clock;
use crate::proto::ids::Millis;

/// How often is looked, while there is something to wait for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Two looks that are further apart than this, by the clock on the wall: the computer slept in between.
const SLEPT_MILLIS: i64 = 10_000;

/// Addresses that nobody has, for which there is a way as soon as there is one to the world: while a name cannot be
/// found, the server's own is not known.
const ELSEWHERE: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// What is seen at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roads {
    /// The address of this computer on the way to each of the server's; nothing where there is no way.
    pub from: Vec<Option<IpAddr>>,
    /// The links of this computer that are up: a cable that is pulled out leaves its route, often for ever.
    pub up: Vec<String>,
}

impl Roads {
    /// Whether a way has come, or another one than before.
    fn opened_since(&self, before: &Self) -> bool {
        let ways = self.from.iter().zip(before.from.iter().chain(std::iter::repeat(&None)));
        ways.into_iter().any(|(now, before)| now.is_some() && now != before)
            || self.up.iter().any(|link| !before.up.contains(link))
    }
}

/// Asks the system, or a test.
pub(super) type Look = fn(&[SocketAddr]) -> Roads;

/// Asks the system about the ways to these addresses; to the world if there are none.
pub(super) fn look(to: &[SocketAddr]) -> Roads {
    let world = ELSEWHERE.map(|ip| SocketAddr::new(ip, 9));
    let to = if to.is_empty() { &world } else { to };
    Roads { from: to.iter().map(|address| way(*address).ok()).collect(), up: links() }
}

fn way(to: SocketAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    // Connecting such a socket sends nothing.
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip())
}

/// The links that are up, where the system tells of them in files. Elsewhere addresses come and go with them.
fn links() -> Vec<String> {
    let Ok(all) = std::fs::read_dir("/sys/class/net") else { return Vec::new() };
    let is_up = |link: &std::fs::DirEntry| {
        std::fs::read_to_string(link.path().join("operstate")).is_ok_and(|state| state.trim() == "up")
    };
    all.flatten().filter(is_up).map(|link| link.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits until there is a way to one of these addresses that was not there before, or the computer has slept.
pub(super) async fn opened(look: Look, to: &[SocketAddr]) {
    let (mut before, mut at) = (look(to), clock::now());
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let (now, time) = (look(to), clock::now());
        if now.opened_since(&before) || time >= at.plus(SLEPT_MILLIS) {
            return;
        }
        (before, at) = (now, time);
    }
}

/// Waits for a time of the clock on the wall, as it is shown, or for as long as it takes to get there: a clock may be
/// set, and a computer may sleep.
pub(super) async fn until(time: Millis) {
    let left = |now: Millis| Duration::from_millis(u64::try_from(time.0.saturating_sub(now.0)).unwrap_or(0));
    let all = tokio::time::sleep(left(clock::now()));
    tokio::pin!(all);
    loop {
        let left = left(clock::now());
        if left.is_zero() {
            return;
        }
        tokio::select! {
            () = &mut all => return,
            () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What the system says, one look after the other; at last always the same.
    static SEEN: Mutex<Vec<Roads>> = Mutex::new(Vec::new());

    fn seen(_: &[SocketAddr]) -> Roads {
        let mut seen = SEEN.lock().unwrap();
        if seen.len() > 1 { seen.remove(0) } else { seen[0].clone() }
    }

    fn roads(from: &[Option<u8>], up: &[&str]) -> Roads {
        let from = from.iter().map(|last| last.map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)))).collect();
        Roads { from, up: up.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn a_way_that_comes_is_told_from_one_that_goes() {
        let (none, one, other) = (roads(&[None], &[]), roads(&[Some(1)], &[]), roads(&[Some(2)], &[]));
        assert!(one.opened_since(&none) && other.opened_since(&one));
        for (now, before) in [(&none, &none), (&none, &one), (&one, &one)] {
            assert!(!now.opened_since(before), "{now:?} after {before:?}");
        }
        let (out, plugged) = (roads(&[Some(1)], &["wifi"]), roads(&[Some(1)], &["wifi", "cable"]));
        assert!(plugged.opened_since(&out));
        assert!(!out.opened_since(&plugged), "a cable that is pulled out is no reason to try");
    }

    #[test]
    fn waiting_ends_when_the_way_is_back_and_not_before() {
        let (gone, back) = (roads(&[None, None], &[]), roads(&[None, Some(1)], &[]));
        // There, then gone for some looks, and there again: the same way as at first.
        *SEEN.lock().unwrap() = vec![back.clone(), gone.clone(), gone.clone(), gone, back.clone(), back];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), opened(seen, &[])).await.unwrap() });
        assert_eq!(SEEN.lock().unwrap().len(), 1, "it was looked until the way was back");
    }

    #[test]
    fn the_system_knows_the_way_to_itself() {
        let here = look(&[SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9)]);
        assert_eq!(here.from, [Some(Ipv4Addr::LOCALHOST.into())]);
    }
}
