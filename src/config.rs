//! Paths, ports and the limits of the running program, with their units.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// The port of Parlor. Not assigned to anybody, and below the range that systems hand out to outgoing connections.
pub const PORT: u16 = 27_275;

/// Where a server listens unless told otherwise: this computer alone, over IPv4 and IPv6.
pub fn default_listen() -> Vec<SocketAddr> {
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].map(|ip| SocketAddr::new(ip, PORT)).into()
}

/// Where the data lives unless told otherwise: the system's place for a user's application data.
///
/// Nothing on a system that names no home directory.
pub fn default_data_dir() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "parlor")?.data_dir().to_path_buf())
}

/// Where a person's settings are kept unless a data folder is named: the system's place for configuration.
///
/// Nothing on a system that names no home directory.
pub fn default_config_dir() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "parlor")?.config_dir().to_path_buf())
}

/// How many passwords are hashed at a time: each takes 19 MiB and a core.
pub const HASHES_MAX: usize = 2;

/// How many logins may wait for a hash, of accounts at places where they have been and of all others each. At 40 a second
/// it is some seconds' worth, and more would give up waiting.
pub const LOGINS_WAITING_MAX: usize = 512;

/// How many pages of history are read from the disk at a time; the rest waits its turn.
pub const PAGE_READERS_MAX: usize = 4;

/// How many messages an account may send at once. Nobody writes faster by hand; it is a paste in pieces, or what was
/// written while the server was away.
pub const MESSAGE_BURST: u32 = 20;

/// How many messages an account may send a second after that: more than can be read, and nothing that others notice.
pub const MESSAGES_PER_SECOND: f64 = 10.0;

/// The tokens for all other requests that an account has at once. After a login, a window may have a marker to tell for
/// each of its chats, and looks at pages meanwhile.
pub const REQUEST_BURST: u32 = 2_000;

/// The tokens for other requests that an account gets back in a second. A window that draws 144 frames a second waits
/// for an answer before it sends the next marker of a kind, so it sends at most 288, and ten pages are left beside them
/// however fast one scrolls.
pub const REQUESTS_PER_SECOND: f64 = 500.0;

/// The tokens for a request that reads the disk or is told to many: 50 of them a second.
pub const FANOUT_COST: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// The bytes of files that an account may send or fetch at once: some pictures.
pub const FILE_BURST_BYTES: u32 = 8 * 1024 * 1024;

/// The bytes of files that an account may send or fetch a second after that: as much as half of a fast network takes, and
/// a share of the server's one thread that others do not notice.
pub const FILE_BYTES_PER_SECOND: u32 = 64 * 1024 * 1024;

/// What a piece of a file costs at least, in bytes: a short one is as much work for the disk as one of that length.
pub const FILE_PIECE_MIN_COST_BYTES: usize = 32 * 1024;

/// The pieces of files that may wait for the engine, among all that waits for it: 6 MiB. The next one waits with its
/// connection.
pub const PIECES_WAITING_MAX: usize = 64;

/// The pieces and beginnings of files that may wait for the disk: 12 MiB, from sixteen people with two files each.
pub const FILE_ORDERS_MAX: usize = 128;

/// The bytes of a file after which it is synced while it comes: what a cut of the power can take of it, and short enough
/// that the log's own syncs do not wait long behind it.
pub const FILE_SYNC_EVERY_BYTES: u64 = 8 * 1024 * 1024;

/// The bytes of the disk that files leave free: messages are to go on being stored, a hundred thousand of them, when no
/// file can be.
pub const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// The accounts whose tokens are remembered before any are forgotten.
pub const THROTTLED_MIN: usize = 256;

/// How often a session that is held up is told so.
pub const THROTTLED_EVERY: Duration = Duration::from_secs(1);

/// How long a connection may stay before it asks to log in.
pub const LOGIN_DEADLINE: Duration = Duration::from_secs(10);

/// How long a connection may stay, from when it first asked to log in, before it is let in.
pub const LOGIN_ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// The bytes that may wait for a session's socket. Beyond them it falls back to its cursor in the log.
pub const OUTBOX_MAX_BYTES: usize = 256 * 1024;

/// The waiting bytes at which nothing more is read from a session: who does not take answers cannot ask.
pub const OUTBOX_PAUSE_BYTES: usize = 64 * 1024;

/// The bytes read from a socket at a time, at first and at most.
pub const READ_MIN_BYTES: usize = 1024;
/// See [`READ_MIN_BYTES`].
pub const READ_MAX_BYTES: usize = 64 * 1024;

/// The bytes that TLS is given to seal at a time: one record. Sealed bytes cannot be taken back from a slow reader.
pub const TLS_WRITE_MAX_BYTES: usize = 16 * 1024;

/// The bytes that TLS may hold of each kind: a sealed record with what surrounds it, or the messages of a handshake.
pub const TLS_HELD_MAX_BYTES: usize = 2 * TLS_WRITE_MAX_BYTES;

/// The longest request for a WebSocket, in bytes: browsers send one of less than 2 KiB, cookies of other servers aside.
pub const HTTP_HEAD_MAX_BYTES: usize = 8 * 1024;

/// The bytes of messages that a WebSocket holds before it takes no further one: as much as TLS seals at a time.
pub const WEBSOCKET_HELD_MAX_BYTES: usize = TLS_WRITE_MAX_BYTES;

/// How often a WebSocket is pinged. Proxies close those over which nothing goes for a minute, do not pass the system's
/// keep-alive on, and pages cannot ping.
pub const WEBSOCKET_PING_EVERY: Duration = Duration::from_secs(45);

/// The longest file of a certificate with those that vouch for it, or of a key, in bytes: ten times what is usual.
pub const CERTIFICATE_MAX_BYTES: usize = 64 * 1024;

/// The connections that one place may have: a school or an office behind one address, with some windows for each person.
pub const CONNECTIONS_PER_PLACE_MAX: usize = 2_048;

/// The connections that one place may have before a login. When a server has come back, all of an office comes at once,
/// and half a thousand is what can be waiting for a hash.
pub const STRANGERS_PER_PLACE_MAX: usize = 512;

/// Of the room for connections, one part in so many is for those who have not logged in. They stay for seconds, so that
/// half of it goes round quickly, and no number of them takes all the room that there is.
pub const STRANGERS_SHARE: usize = 2;

/// The descriptors that are kept for files, threads' wake-ups and those who are being turned away.
pub const DESCRIPTORS_RESERVED: usize = 128;

/// The connections that are allowed even where descriptors are fewer: then they run out, and are waited for.
pub const CONNECTIONS_MIN: usize = 64;

/// Those for whom there is no room, and who are being told so. Beyond them the connection is closed without a word.
pub const TURNED_AWAY_MAX: usize = 32;

/// How long telling them may take.
pub const TURNED_AWAY_DEADLINE: Duration = Duration::from_secs(1);

/// The wrong passwords that one place may try for one account at once: a person who has forgotten which it was.
pub const GUESSES_OF_PAIR: u32 = 10;
/// How often one more comes back: some thousand a day, of which none fits a password that is not among the first thousand.
pub const GUESS_OF_PAIR_EVERY: Duration = Duration::from_secs(20);

/// The wrong passwords that one place may try at once for accounts that have never logged in from there: a class that
/// types its passwords for the first time.
pub const GUESSES_OF_PLACE: u32 = 40;
/// How often one more comes back.
pub const GUESS_OF_PLACE_EVERY: Duration = Duration::from_secs(3);

/// The wrong passwords that may be tried at once for one account, from all places from which it has never logged in.
pub const GUESSES_OF_ACCOUNT: u32 = 100;
/// How often one more comes back.
pub const GUESS_OF_ACCOUNT_EVERY: Duration = Duration::from_secs(10);

/// The accounts, places and pairs of them whose wrong passwords are remembered, each. Beyond them all others share one.
pub const GUESSED_MAX: usize = 16_384;

/// The accounts and the places from which they have logged in that are remembered; then the oldest are forgotten.
pub const KNOWN_MAX: usize = 16_384;

/// The inputs that may wait for the engine; then connections wait before they read on.
pub const INPUTS_MAX: usize = 4096;

/// The bytes that may wait for the disk; then the engine takes nothing in.
pub const COMMIT_WAITING_MAX_BYTES: usize = 32 * 1024 * 1024;

/// The bytes of records that one write and one sync take.
pub const BATCH_MAX_BYTES: usize = 4 * 1024 * 1024;

/// How long a closing connection, or a closing server, waits for sockets to take what is queued.
pub const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

/// How long the network may be silent before the system asks whether the other side is still there, how often it asks
/// again, and how many times: a dead peer is noticed within 42 s.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
/// See [`KEEPALIVE_IDLE`].
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(9);
/// See [`KEEPALIVE_IDLE`].
pub const KEEPALIVE_RETRIES: u32 = 3;

/// How long what was sent may stay unacknowledged, or untaken, before the other side counts as dead. Nothing asks
/// whether it is there while something is on its way to it, and the system alone would wait for a quarter of an hour.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(42);

/// How often the log says that connections cannot be taken, for as long as they cannot.
pub const ACCEPT_WARNING_PAUSE: Duration = Duration::from_secs(60);

/// How long a connection may take to come about.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(8);

/// How long a server may take to answer a login; hashes queue up where many log in at once.
pub const SIGN_IN_DEADLINE: Duration = Duration::from_secs(30);

/// The wait before the first attempt to reconnect, doubled at each further one up to [`BACKOFF_MAX`], and spread by chance
/// over its second half so that clients do not come back all at once.
pub const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// See [`BACKOFF_MIN`].
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Sets a socket up: small frames at once, and a dead peer noticed. A system that knows none of this still works.
pub fn tune(stream: &tokio::net::TcpStream) {
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(KEEPALIVE_RETRIES);
    let _ = stream.set_nodelay(true);
    let socket = socket2::SockRef::from(stream);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
}
