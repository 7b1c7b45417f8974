//! Links between devices and the server. Bytes come in order, late, in pieces; a link can be cut at any time, with what
//! is under way lost or delivered in part, and each side notices when it does.

use std::collections::{BTreeMap, VecDeque};

use super::random::Random;

/// How a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other side has said all that it had to say.
    Closed,
    /// The link is gone.
    Broken,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Pipe {
    chunks: VecDeque<(u64, Vec<u8>)>,
    last_at: u64,
    /// What was written and not yet taken, in bytes.
    held: usize,
    end: Option<(u64, End)>,
    /// What is written from now on arrives nowhere.
    dead: bool,
}

impl Pipe {
    fn put(&mut self, at: u64, bytes: &[u8]) {
        self.held += bytes.len();
        if !self.dead {
            self.last_at = self.last_at.max(at);
            self.chunks.push_back((self.last_at, bytes.to_vec()));
        }
    }

    /// What has come by now.
    pub fn take(&mut self, now: u64) -> Vec<u8> {
        let mut taken = Vec::new();
        while let Some((_, bytes)) = self.chunks.pop_front_if(|(at, _)| *at <= now) {
            taken.extend(bytes);
        }
        self.held -= if self.dead { 0 } else { taken.len() };
        taken
    }

    /// How it has ended, as far as one can know by now.
    pub fn end(&self, now: u64) -> Option<End> {
        self.end.filter(|(at, _)| self.chunks.is_empty() && *at <= now).map(|(_, end)| end)
    }

    fn finish(&mut self, at: u64, end: End) {
        if self.end.is_none() {
            self.end = Some((at.max(self.last_at), end));
        }
    }

    /// Of what is under way a part arrives, and then nothing more.
    fn cut(&mut self, now: u64, notice: u64, random: &mut Random) {
        let total: usize = self.chunks.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut left = if random.chance(500) { random.below(total + 1) } else { 0 };
        for (_, bytes) in &mut self.chunks {
            bytes.truncate(left);
            left -= bytes.len();
        }
        self.chunks.retain(|(_, bytes)| !bytes.is_empty());
        self.dead = true;
        self.end = Some((now + notice, End::Broken));
    }
}

/// A connection of a device.
#[derive(Debug)]
pub struct Link {
    /// From the device to the server, and back.
    pub up: Pipe,
    pub down: Pipe,
    /// When it reaches the server.
    opens_at: u64,
    accepted: bool,
    refused: bool,
}

/// How the network is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// The longest delay of a piece, in ticks.
    pub delay_max: u64,
    /// The most bytes of a piece.
    pub piece_max: usize,
    /// The bytes that a socket holds.
    pub socket_max: usize,
    /// How long a side may not notice that a link is gone, in ticks.
    pub notice_max: u64,
}

/// All links, those that are gone included until both sides know.
#[derive(Debug, Default)]
pub struct Net {
    pub links: BTreeMap<u64, Link>,
    next: u64,
}

impl Net {
    /// A device begins to connect.
    pub fn connect(&mut self, now: u64, weather: &Weather, random: &mut Random) -> u64 {
        self.next += 1;
        let opens_at = now + 1 + random.between(0, weather.delay_max);
        let (up, down) = (Pipe::default(), Pipe::default());
        self.links.insert(self.next, Link { up, down, opens_at, accepted: false, refused: false });
        self.next
    }

    /// The links that reach the server now, where it is up; where it is not, they are refused.
    pub fn arriving(&mut self, now: u64, up: bool) -> Vec<u64> {
        let mut arriving = Vec::new();
        for (id, link) in self.links.iter_mut().filter(|(_, link)| link.opens_at <= now && !link.accepted) {
            match up {
                true => {
                    link.accepted = true;
                    arriving.push(*id);
                }
                false => link.refused = true,
            }
        }
        self.links.retain(|_, link| !link.refused);
        arriving
    }

    /// Whether a link is still there, as far as its device can know.
    pub fn is_known(&self, id: u64) -> bool {
        self.links.contains_key(&id)
    }

    pub fn is_open(&self, id: u64) -> bool {
        self.links.get(&id).is_some_and(|link| link.accepted)
    }

    /// The device writes.
    pub fn say(&mut self, id: u64, bytes: &[u8], now: u64, weather: &Weather, random: &mut Random) {
        if let Some(link) = self.links.get_mut(&id) {
            write(&mut link.up, bytes, now, weather, random);
        }
    }

    /// The server writes; how much of it the socket takes.
    pub fn tell(&mut self, id: u64, bytes: &[u8], now: u64, weather: &Weather, random: &mut Random) -> usize {
        let Some(link) = self.links.get_mut(&id) else { return bytes.len() };
        let taken = weather.socket_max.saturating_sub(link.down.held).min(bytes.len());
        write(&mut link.down, &bytes[..taken], now, weather, random);
        taken
    }

    /// The device leaves. What it has said arrives, or not.
    pub fn leave(&mut self, id: u64, now: u64, weather: &Weather, random: &mut Random) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.accepted && random.chance(500) {
            self.links.remove(&id);
            return;
        }
        match random.below(3) {
            0 => link.up.cut(now, random.between(0, 4 * weather.notice_max), random),
            1 => link.up.finish(now + random.between(0, weather.notice_max), End::Closed),
            _ => link.up.finish(now + random.between(0, weather.notice_max), End::Broken),
        }
        link.down = Pipe { dead: true, end: Some((now, End::Broken)), held: link.down.held, ..Pipe::default() };
    }

    /// The server closes a link; what it has said arrives.
    pub fn close(&mut self, id: u64, now: u64) {
        if let Some(link) = self.links.get_mut(&id) {
            link.up = Pipe { dead: true, ..Pipe::default() };
            link.down.finish(now, End::Closed);
        }
    }

    /// A link is cut: both sides find out in their time.
    pub fn cut(&mut self, id: u64, now: u64, weather: &Weather, random: &mut Random) {
        if let Some(link) = self.links.get_mut(&id) {
            link.up.cut(now, random.between(0, 4 * weather.notice_max), random);
            link.down.cut(now, random.between(0, 2 * weather.notice_max), random);
        }
    }

    /// The server is gone, and all that it held.
    pub fn server_died(&mut self, now: u64, weather: &Weather, random: &mut Random) {
        for link in self.links.values_mut().filter(|link| link.accepted) {
            link.up = Pipe { dead: true, ..Pipe::default() };
            match random.chance(500) {
                true => link.down.cut(now, random.between(0, 2 * weather.notice_max), random),
                false => link.down.finish(now + random.between(0, weather.notice_max), End::Broken),
            }
        }
    }

    /// Whether a link is up at both ends, and was not cut without their knowing.
    pub fn is_sound(&self, id: u64) -> bool {
        self.links.get(&id).is_some_and(|link| link.up.end.is_none() && link.down.end.is_none())
    }

    /// Whether nothing is under way.
    pub fn is_quiet(&self) -> bool {
        self.links.values().all(|link| link.accepted && link.up.chunks.is_empty() && link.down.chunks.is_empty())
    }
}

/// Puts bytes on their way, in pieces.
fn write(pipe: &mut Pipe, mut bytes: &[u8], now: u64, weather: &Weather, random: &mut Random) {
    while !bytes.is_empty() {
        let piece = bytes.len().min(1 + random.below(weather.piece_max));
        // The last bytes of most writes come together: only some are torn.
        let piece = if random.chance(700) { bytes.len() } else { piece };
        pipe.put(now + random.between(0, weather.delay_max), &bytes[..piece]);
        bytes = &bytes[piece..];
    }
}
