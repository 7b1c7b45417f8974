//! `servers.json`: what is remembered of servers, for all windows on this computer. Read anew each time, and written beside
//! and renamed, under a lock, so that no window undoes what another one has learnt.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::client::pins::{Known, Pin, Pins, SERVERS_MAX};
use crate::files;

/// The name of the file.
pub const FILE_NAME: &str = "servers.json";
/// The largest file that is read: as many servers as are remembered, with the longest names that there are.
const FILE_MAX_BYTES: u64 = 1 << 20;
/// The longest name of a server, in bytes: that of a computer has 253 at most, beside its port.
const NAME_MAX_BYTES: usize = 512;

/// The file of what is remembered of servers.
#[derive(Debug)]
pub struct Servers {
    path: PathBuf,
}

/// What is in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Where the file is that could not be read. It is there for as long as this file: whoever puts the old one back in
    /// its place has all of it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<String>,
    /// By name. Those that are named have spoken TLS.
    servers: BTreeMap<String, Entry>,
}

/// A server.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Pin>,
}

impl Servers {
    /// In the file of that path, which is made when there is something to remember.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Holds other windows up until the file that is given back is closed.
    fn lock(&self) -> io::Result<fs::File> {
        if let Some(folder) = self.path.parent() {
            files::own_folder(folder)?;
        }
        let file = files::open(&self.path.with_extension("json.lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// What is in the file, or the text of it where that is damaged.
    fn look(&self) -> io::Result<Result<Kept, Vec<u8>>> {
        let file = match files::open_to_read(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Ok(Kept::default())),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text)?;
        let sound = |kept: &Kept| text.len() as u64 <= FILE_MAX_BYTES && kept.servers.len() <= SERVERS_MAX;
        Ok(serde_json::from_slice(&text).ok().filter(sound).ok_or(text))
    }

    /// What is in the file. One that is damaged is kept aside, and that is remembered: a server that was known must not
    /// pass for one that was never seen. Under the lock.
    fn read(&self) -> io::Result<Kept> {
        let text = match self.look()? {
            Ok(kept) => return Ok(kept),
            Err(text) => text,
        };
        // A copy, so that there is no moment without a file: that would be one in which nothing is known and nothing lost.
        let aside = files::damaged_name(&self.path);
        files::put(&aside, &text)?;
        let kept = Kept { lost: Some(aside.display().to_string()), ..Kept::default() };
        tracing::warn!("what is remembered of servers is damaged; it is kept in {}", aside.display());
        self.write(&kept)?;
        Ok(kept)
    }

    fn write(&self, kept: &Kept) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(kept)?;
        text.push(b'\n');
        files::put(&self.path, &text)
    }
}

impl Pins for Servers {
    fn known(&mut self, server: &str) -> io::Result<Known> {
        let Kept { lost, servers } = match self.look()? {
            Ok(kept) => kept,
            Err(_) => {
                let _lock = self.lock()?;
                self.read()?
            }
        };
        Ok(match servers.get(server) {
            Some(entry) => Known { speaks_tls: true, pin: entry.certificate, lost },
            None => Known { speaks_tls: false, pin: None, lost },
        })
    }

    fn keep(&mut self, server: &str, pin: Option<Pin>) -> io::Result<()> {
        let _lock = self.lock()?;
        let mut kept = self.read()?;
        if server.len() > NAME_MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "its name is too long"));
        }
        if !kept.servers.contains_key(server) && kept.servers.len() >= SERVERS_MAX {
            let text =
                format!("{SERVERS_MAX} servers are remembered already; take some out of {}", self.path.display());
            return Err(io::Error::other(text));
        }
        let entry = kept.servers.entry(server.into()).or_default();
        entry.certificate = pin.or(entry.certificate);
        self.write(&kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::pins::By;
    use crate::proto::fingerprint::Fingerprint;

    fn in_folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("window").join(FILE_NAME);
        (dir, path)
    }

    fn pin(certificate: &[u8]) -> Option<Pin> {
        Some(Pin { fingerprint: Fingerprint::of(certificate), by: By::Person })
    }

    #[test]
    fn two_windows_remember_in_one_file_that_nobody_else_can_read() {
        let (_dir, path) = in_folder();
        let (mut one, mut other) = (Servers::new(path.clone()), Servers::new(path.clone()));
        assert_eq!(one.known("a:1").unwrap(), Known::default());
        one.keep("a:1", pin(b"a")).unwrap();
        other.keep("b:1", None).unwrap();
        one.keep("a:1", None).unwrap();
        let a = other.known("a:1").unwrap();
        assert_eq!((a.speaks_tls, a.pin), (true, pin(b"a")), "what is not said again is not forgotten");
        let b = one.known("b:1").unwrap();
        assert_eq!((b.speaks_tls, b.pin), (true, None));
        assert!(fs::read_to_string(&path).unwrap().contains("\"by\": \"person\""), "people can read it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_damaged_is_kept_aside_and_never_forgotten_in_silence() {
        let whole = {
            let (_dir, path) = in_folder();
            Servers::new(path.clone()).keep("a:1", pin(b"a")).unwrap();
            fs::read(path).unwrap()
        };
        let long = vec![b' '; FILE_MAX_BYTES as usize + 1];
        let strange = String::from_utf8(whole.clone()).unwrap().replace("person", "nobody");
        for damage in [&whole[..whole.len() / 2], b"", b"[]", b"\xff", &long, strange.as_bytes()] {
            let (_dir, path) = in_folder();
            fs::create_dir(path.parent().unwrap()).unwrap();
            fs::write(&path, damage).unwrap();
            for _ in 0..2 {
                let known = Servers::new(path.clone()).known("a:1").unwrap();
                assert!(known.lost.unwrap().ends_with(".damaged"));
            }
            Servers::new(path.clone()).keep("a:1", pin(b"b")).unwrap();
            assert!(Servers::new(path.clone()).known("b:1").unwrap().lost.is_some());
            assert_eq!(fs::read(path.with_extension("json.damaged")).unwrap(), damage);
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_left_alone() {
        let (_dir, path) = in_folder();
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(Servers::new(path.clone()).known("a:1").is_err());
        assert!(Servers::new(path.clone()).keep("a:1", None).is_err());
        assert!(path.join("inside").is_dir());
    }

    #[test]
    fn none_is_forgotten_to_make_room() {
        let (_dir, path) = in_folder();
        let servers = (0..SERVERS_MAX).map(|n| (format!("{n}:1"), Entry::default())).collect();
        let mut file = Servers::new(path);
        drop(file.lock().unwrap());
        file.write(&Kept { lost: None, servers }).unwrap();
        assert!(file.keep("one:1", None).unwrap_err().to_string().contains("servers.json"));
        file.keep("7:1", pin(b"a")).unwrap();
        assert_eq!(file.known("7:1").unwrap().pin, pin(b"a"));
        assert!(file.keep(&"x".repeat(NAME_MAX_BYTES + 1), None).is_err());
    }
}
