//! Who can read what the program writes: its owner alone, whatever the umask, and never somebody who has put a link in
//! its place.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use parlor::client::shelf::Shelf as _;
use parlor::server::accounts::Accounts;
use parlor::server::certificate::Certificate;
use parlor::shelf::Files;
use serde_json::json;
use support::{PROGRAM, Peer, wait_for};

/// A history of the first system.
const OLD: &str = r#"{"conversations":[{"users":["Alice","Bob"],"messages":[{"from_user":"Alice","message":"hi"}]}]}"#;

/// The program, started by a shell that has taken the umask away.
fn without_umask(dir: &Path, arguments: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("umask 000; exec \"$0\" --data-dir \"$1\" {arguments}")).arg(PROGRAM).arg(dir);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// A server with that umask, killed when dropped, and where it listens.
struct Open(Child, std::net::SocketAddr);

impl Open {
    fn start(dir: &Path) -> Self {
        let mut child = without_umask(dir, "--server --listen 127.0.0.1:0").spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("Listening on ").unwrap_or_else(|| panic!("no server: {line:?}"));
        let address = address.parse().unwrap();
        Self(child, address)
    }

    /// Ends it; what it logged.
    fn end(mut self) -> String {
        self.0.kill().unwrap();
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that its owner alone can look into.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

/// Everything in a folder and below, with its rights.
fn rights(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = vec![(dir.to_owned(), fs::symlink_metadata(dir).unwrap().permissions().mode() & 0o7777)];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(rights(&path)),
            false => found.push((path.clone(), fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777)),
        }
    }
    found
}

fn assert_private(dir: &Path, files: &[&str]) {
    for name in files {
        assert!(dir.join(name).exists(), "{name} is there");
    }
    for (path, mode) in rights(dir) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} has {mode:o}", path.display());
    }
}

#[test]
fn nothing_is_readable_by_others_even_without_an_umask() {
    let home = folder();
    let dir = home.path().join("deep/parlor");
    let server = Open::start(&dir);
    let mut alice = Peer::login(server.1, "Alice", "123");
    assert_eq!(
        alice.ask(&json!({"purpose": "send_message", "id": 1, "to_user": "Bob", "message": "hi"}))["result"],
        true
    );
    for size in [0, 1] {
        // One that is whole, and one that is on its way.
        assert_eq!(alice.ask(&json!({"purpose": "upload_file", "size": size}))["result"], true);
    }
    // Accounts that are added while it runs, and passwords that it hashes itself.
    let added = without_umask(&dir, "user add Dora").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut added.stdin.as_ref().unwrap(), b"a long password\n").unwrap();
    assert!(added.wait_with_output().unwrap().status.success());
    assert_private(
        &dir,
        &["history.json", "users.json", "users.json.lock", "parlor.lock", "certificate.pem", "key.pem"],
    );
    server.end();

    // The end of the history is torn off, and kept.
    let history = fs::read(dir.join("history.json")).unwrap();
    fs::write(dir.join("history.json"), &history[..history.len() - 5]).unwrap();
    Open::start(&dir).end();
    assert_private(&home.path().join("deep"), &["parlor/history.json.torn"]);
}

#[test]
fn an_old_history_is_taken_over_without_rights_for_others() {
    let dir = folder();
    Accounts::open(dir.path()).unwrap();
    fs::write(dir.path().join("history.json"), OLD).unwrap();
    fs::set_permissions(dir.path().join("history.json"), fs::Permissions::from_mode(0o644)).unwrap();
    Open::start(dir.path()).end();
    assert_private(dir.path(), &["history.json.old", "history.json"]);
}

#[test]
fn what_windows_keep_is_theirs_alone() {
    // What the umask is here does not matter: it can only take rights away.
    let dir = folder();
    let unsent = dir.path().join("unsent");
    fs::create_dir(&unsent).unwrap();
    fs::set_permissions(&unsent, fs::Permissions::from_mode(0o777)).unwrap();
    let kept = Files::new(unsent.clone()).files("here", "alice", false).unwrap().unwrap();
    kept.unsent.write_at(0, b"x").unwrap();
    kept.unsent.keep_aside(".damaged", b"y").unwrap();
    assert_private(&unsent, &[]);
    let names: Vec<_> = rights(&unsent).into_iter().map(|(path, _)| path).collect();
    drop(kept);
    assert_eq!(names.len(), 7, "{names:?}");
    // A link in the place of any of them is refused.
    for name in &names[1..] {
        let theirs = dir.path().join("theirs");
        fs::write(&theirs, "theirs").unwrap();
        fs::remove_file(name).unwrap();
        symlink(&theirs, name).unwrap();
        let opened = Files::new(unsent.clone()).files("here", "alice", false);
        match name.extension().and_then(|end| end.to_str()) {
            Some("jsonl" | "cache" | "drafts") => assert!(opened.is_err(), "{}", name.display()),
            _ => {
                let other = opened.unwrap().unwrap().unsent.keep_aside(".damaged", b"z").unwrap();
                assert!(other.ends_with(".damaged.1"), "{other}");
            }
        }
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs", "{}", name.display());
        fs::remove_file(name).unwrap();
    }
}

#[test]
fn a_planted_link_stops_the_start_and_what_it_points_to_is_as_it_was() {
    for name in ["history.json", "users.json", "users.json.lock", "parlor.lock", "certificate.pem", "key.pem"] {
        for exists in [true, false] {
            let (dir, theirs) = (folder(), folder());
            let target = theirs.path().join("target");
            Accounts::open(dir.path()).unwrap();
            Certificate::of_folder(dir.path()).unwrap();
            let _ = fs::remove_file(dir.path().join(name));
            if name == "users.json.lock" {
                // It is taken when there is something to write.
                fs::remove_file(dir.path().join("users.json")).unwrap();
            }
            if exists {
                fs::write(&target, "[\n]\n").unwrap();
            }
            symlink(&target, dir.path().join(name)).unwrap();
            let ended = without_umask(dir.path(), "--server --listen 127.0.0.1:0").output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(!ended.status.success() && said.contains("plain file"), "{name}: {said}");
            assert_eq!(said.trim().lines().count(), 1, "{said}");
            assert_eq!(target.exists(), exists, "{name}");
            assert!(!exists || fs::read(&target).unwrap() == b"[\n]\n", "{name}");
        }
    }
}

#[test]
fn a_link_in_the_place_of_the_folder_of_files_stops_the_start() {
    let (dir, theirs) = (folder(), folder());
    fs::write(theirs.path().join("theirs"), "theirs").unwrap();
    symlink(theirs.path(), dir.path().join("attachments")).unwrap();
    let ended = without_umask(dir.path(), "--server --listen 127.0.0.1:0").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("it is a link, or no folder"), "{said}");
    assert_eq!(fs::read_dir(theirs.path()).unwrap().count(), 1);
}

#[test]
fn a_link_for_a_copy_is_not_written_through() {
    let theirs = folder();
    let target = theirs.path().join("target");
    fs::write(&target, "theirs").unwrap();
    // What is torn off goes beside the link.
    let dir = folder();
    let server = Open::start(dir.path());
    // Whoever is in has been told of accounts, which are on disk then.
    Peer::login(server.1, "Alice", "123");
    server.end();
    let history = fs::read(dir.path().join("history.json")).unwrap();
    fs::write(dir.path().join("history.json"), &history[..history.len() - 5]).unwrap();
    symlink(&target, dir.path().join("history.json.torn")).unwrap();
    Open::start(dir.path()).end();
    assert!(dir.path().join("history.json.torn.1").exists());
    // An old history stays what it is as long as something else bears the name of its copy, also a link into nowhere.
    for points_to in [target.clone(), theirs.path().join("missing")] {
        let dir = folder();
        Accounts::open(dir.path()).unwrap();
        fs::write(dir.path().join("history.json"), OLD).unwrap();
        symlink(&points_to, dir.path().join("history.json.old")).unwrap();
        let ended = without_umask(dir.path(), "--server --listen 127.0.0.1:0").output().unwrap();
        assert!(String::from_utf8_lossy(&ended.stderr).contains("exists already"));
        // One for the new history in the making is taken away, not followed.
        fs::remove_file(dir.path().join("history.json.old")).unwrap();
        symlink(&points_to, dir.path().join("history.json.importing")).unwrap();
        Open::start(dir.path()).end();
    }
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    assert!(!theirs.path().join("missing").exists());
}

#[test]
fn a_link_in_the_place_of_the_folder_is_followed_only_when_it_is_meant() {
    let home = folder();
    let (folder, link) = (home.path().join("folder"), home.path().join("link"));
    fs::create_dir(&folder).unwrap();
    symlink(&folder, &link).unwrap();
    let ended = without_umask(&link, "--server --listen 127.0.0.1:0").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("it is a link"), "{said}");
    let ended = without_umask(&link, "user add Dora").output().unwrap();
    assert!(!ended.status.success());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    Open::start(&home.path().join("link/")).end();
    assert!(folder.join("users.json").exists());
}

#[test]
fn rights_that_are_too_wide_are_taken_back_and_that_is_said_in_a_line() {
    let dir = folder();
    Open::start(dir.path()).end();
    for name in ["users.json", "history.json", "parlor.lock"] {
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o664)).unwrap();
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let server = Open::start(dir.path());
    wait_for("the rights are taken back", || {
        rights(dir.path()).iter().all(|(path, mode)| path.is_dir() || *mode == 0o600)
    });
    let said = server.end();
    assert!(said.contains("could use users.json, history.json, parlor.lock: now only this one can"), "{said}");
    assert!(said.contains("chmod 700"), "{said}");
    assert_eq!(rights(dir.path())[0].1, 0o755, "the folder may have been meant so");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let said = Open::start(dir.path()).end();
    assert!(!said.contains("chmod") && !said.contains("could use"), "{said}");
}
