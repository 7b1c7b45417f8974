//! What the tortures share: a server under conditions, senders that outlive it, and figures.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PROGRAM, Peer, Server};

/// The password of every account that [`people`] makes: none of those that open nothing from another computer.
pub const PASSWORD: &str = "a walk by the sea";
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$7uuY8Cqprfu5GD5tNlk+nw$ayzYaroudus72K2TvK7DKvAHM2D/L17pEDCx80fnkKY";

/// Whether the long form is asked for.
pub fn is_long() -> bool {
    std::env::var("TORTURE").is_ok_and(|form| form == "long")
}

/// What the short form uses, or the long one.
pub fn choose<T>(short: T, long: T) -> T {
    if is_long() { long } else { short }
}

/// Says a line beside the test harness, which keeps what is printed in the usual way to itself.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "torture: {line}");
}

/// Whether this process may mount and make namespaces, and the tool is there. If not, says what is left out.
pub fn may(what: &str, tool: &[&str]) -> bool {
    let output = Command::new(tool[0]).args(&tool[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let may = is_root && output.is_ok_and(|status| status.success());
    if !may {
        say(&format!("{what}: left out, as it needs root and `{}`", tool[0]));
    }
    may
}

/// Makes accounts in a data folder, numbered from 1.
pub fn people(dir: &Path, names: impl IntoIterator<Item = impl AsRef<str>>) {
    let account =
        |(name, id)| json!({"id": id, "username": AsRef::<str>::as_ref(&name), "password_hash": PASSWORD_HASH});
    let users: Vec<_> = names.into_iter().zip(1..).map(account).collect();
    let file = json!({"next_id": users.len() + 1, "users": users});
    std::fs::write(dir.join("users.json"), file.to_string()).unwrap();
}

/// Starts the server under another program that hands over to it (`sh -c 'ulimit ...; exec "$@"'`, `ip netns exec`),
/// with its log in a file. Everybody may send as fast as they can.
pub fn spawn(dir: &Path, under: &[&str], listen: &str, log: &Path) -> Child {
    let server = [PROGRAM, "--server", "--message-rate", "0", "--listen", listen, "--data-dir"];
    let mut words = under.iter().copied().chain(server);
    Command::new(words.next().unwrap())
        .args(words)
        .arg(dir)
        .stdout(Stdio::piped())
        .stderr(File::options().create(true).append(true).open(log).unwrap())
        .spawn()
        .unwrap()
}

/// Waits for a server to say where it listens.
pub fn listening(mut child: Child) -> Server {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("Listening on ").unwrap_or_else(|| panic!("no server: {line:?}"));
    let address = address.parse().unwrap();
    Server { child, address }
}

/// Starts the server under conditions and waits until it listens.
pub fn start(dir: &Path, under: &[&str], log: &Path) -> Server {
    listening(spawn(dir, under, "127.0.0.1:0", log))
}

/// Ends a server as a system does that is shut down, and asks the program whether its folder is whole.
pub fn end_and_check(mut server: Server, dir: &Path) {
    server.signal("-TERM");
    assert!(server.child.wait().unwrap().success());
    check(dir);
}

/// Asks the program whether a folder is whole.
pub fn check(dir: &Path) {
    let check = Command::new(PROGRAM).args(["--check", "--data-dir"]).arg(dir).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// Sends a request to a server that may be gone.
pub fn try_send(peer: &mut Peer, value: &Value) -> bool {
    let json = value.to_string();
    peer.stream.write_all(format!("${:<10}{json}$", json.len()).as_bytes()).is_ok()
}

/// The resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The processor time of a process, in hundredths of a second.
pub fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// How many descriptors a process has open.
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// How many descriptors this process may have open.
pub fn descriptors_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX)
}

/// The time below which a part of them lies, in milliseconds.
pub fn quantile_ms(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    times[((times.len() as f64 * part) as usize).min(times.len() - 1)].as_secs_f64() * 1e3
}

/// People who talk, to see how long it takes others to be heard.
pub struct Probe {
    writers: Vec<Peer>,
    reader: Peer,
    n: u64,
}

impl Probe {
    /// Logs both in.
    pub fn new(server: &Server, writer: &str, reader: &str) -> Self {
        Self::of_many(server, &[writer.into()], reader)
    }

    /// Logs several in, who write in turn, and their reader.
    pub fn of_many(server: &Server, writers: &[String], reader: &str) -> Self {
        let login = |name: &str| Peer::login(server.address, name, PASSWORD);
        Self { writers: writers.iter().map(|name| login(name)).collect(), reader: login(reader), n: 0 }
    }

    /// One message after the other for a while: from before each write to when its reader has it.
    pub fn times(&mut self, to: &str, during: Duration) -> Vec<Duration> {
        let (start, mut times) = (Instant::now(), Vec::new());
        while start.elapsed() < during {
            self.n += 1;
            let turn = self.n as usize % self.writers.len();
            let writer = &mut self.writers[turn];
            let text = format!("probe {}", self.n);
            let sent = Instant::now();
            writer.send(&json!({"purpose": "send_message", "to_user": to, "message": text}));
            while self.reader.until("receive_message")["message"] != *text {}
            times.push(sent.elapsed());
            assert_eq!(writer.until("send_message")["result"], true);
            // As fast as it goes would be a load of its own.
            std::thread::sleep(Duration::from_millis(2));
        }
        times
    }
}

/// Numbers without a pattern: when to strike.
pub struct Chance(u64);

impl Chance {
    /// Another one each time.
    pub fn new() -> Self {
        Self(RandomState::new().hash_one(0) | 1)
    }

    /// A number from a range.
    pub fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        range.start + self.0 % (range.end - range.start)
    }
}
