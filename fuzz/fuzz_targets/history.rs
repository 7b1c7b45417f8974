//! A start over any `history.json`: what cannot be used is not changed, and what was repaired opens again.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use parlor::log::file::FileLog;
use parlor::log::storage::DiskFile;

fuzz_target!(|input: &[u8]| {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.json");
    fs::write(&path, input).unwrap();
    let open = || {
        let mut records = 0;
        let disk = std::sync::Arc::new(DiskFile::open(&path).unwrap());
        FileLog::open(disk, "feed", |_| records += 1).map(|_| records)
    };
    match open() {
        Ok(records) => assert_eq!(open().unwrap(), records),
        Err(_) => assert_eq!(fs::read(&path).unwrap(), input),
    }
});
