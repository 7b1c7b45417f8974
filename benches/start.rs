//! From starting the program to its first frame on the screen, with 100,000 messages kept and nobody at the other end. Run
//! with `cargo bench --bench start`, on a display: without one, `xvfb-run -a cargo bench --bench start`.
//!
//! The time ends where the frame after the first one begins, as the program itself says in its log.

#![expect(clippy::print_stdout, reason = "a measurement is to be read")]

#[path = "support/kept.rs"]
mod kept;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use parlor::client::cache::Opener;
use parlor::client::tokens::Tokens as _;
use parlor::tokens::FileTokens;

const RUNS: usize = 11;
const TOKEN: &str = "token";

/// One start: how long it took, and how many messages were there.
fn start(dir: &Path) -> (Duration, u64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_parlor"))
        .arg("--data-dir")
        .arg(dir)
        .env("PARLOR_LOG", "parlor=debug")
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built");
    let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let line = lines
        .map_while(Result::ok)
        .find(|line| line.contains("the first frame is on the screen"))
        .expect("a window: without a display, xvfb-run -a gives one");
    let took = begin.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    let messages = line.rsplit_once("messages=").and_then(|(_, count)| count.trim().parse().ok());
    (took, messages.expect("the number of messages"))
}

fn main() {
    let dir = tempfile::tempdir_in("target").expect("the build's folder is writable");
    kept::write(&dir.path().join("unsent"), Opener::Token(TOKEN.into()));
    let window = dir.path().join("window");
    std::fs::create_dir_all(&window).expect("a writable folder");
    let settings = serde_json::json!({"accounts": [{"name": "alice", "server": kept::SERVER}]});
    std::fs::write(window.join("settings.json"), settings.to_string()).expect("a writable folder");
    let mut tokens = FileTokens::new(window.join(parlor::tokens::FILE_NAME));
    tokens.put(&format!("alice@{}", kept::SERVER), &TOKEN.into()).expect("a writable folder");
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let (took, messages) = start(dir.path());
            assert_eq!(messages, kept::MESSAGES, "everything that was kept is there in the first frame");
            took
        })
        .collect();
    took.sort_unstable();
    let ms = |took: Duration| took.as_secs_f64() * 1_000.0;
    println!(
        "start to the first frame, {} messages   min {:.0} ms   median {:.0} ms   max {:.0} ms",
        kept::MESSAGES,
        ms(took[0]),
        ms(took[RUNS / 2]),
        ms(took[RUNS - 1])
    );
}
