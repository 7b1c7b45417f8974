//! The reader of `users.json`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor::server::accounts;

fuzz_target!(|input: &[u8]| {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(accounts::FILE_NAME), input).unwrap();
    let _ = accounts::check(dir.path());
    let _ = accounts::list(dir.path());
});
