//! Notifications and the tray on a real bus of their own, with a desktop that the tests play: what is shown, replaced and
//! taken away, and what comes of a click.
//!
//! The bus is that of `dbus-run-session`: each test runs itself again under it. Without that program nothing is tested
//! here, and a line says so.
#![cfg(all(unix, not(target_os = "macos")))]

mod notifications;
mod tray;

use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use parlor::desktop::{Report, Reports};

/// How long anything may take on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(60);

/// Set where a test runs on a bus of its own.
const ON_A_BUS: &str = "PARLOR_TEST_ON_A_BUS";

/// Runs the body of the test of that name on a bus of its own.
fn on_a_bus(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ON_A_BUS).is_some() {
        return body();
    }
    let mut again = Command::new("dbus-run-session");
    again.arg("--").arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    match again.env(ON_A_BUS, "yes").output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        }
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "skipped: {test} needs dbus-run-session ({error})");
        }
    }
}

/// What the desktop reports, and a signal for each time that it wakes the window.
fn reports() -> (Reports, Receiver<Report>, Receiver<()>) {
    let (woken, wakes) = channel();
    let (sender, reports) = Reports::new(move || _ = woken.send(()));
    (sender, reports, wakes)
}

/// The next of them.
fn next<T>(of: &Receiver<T>) -> T {
    of.recv_timeout(DEADLINE).expect("it comes in time")
}
