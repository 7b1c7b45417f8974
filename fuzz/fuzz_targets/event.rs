//! The reader of events, as the client has it; records are read further with their checksum right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor::proto::event::Event;
use parlor::proto::record::{Record, seal};

fuzz_target!(|input: &[u8]| {
    let _ = Event::parse(input);
    if !input.is_empty() {
        let mut sealed = input.to_vec();
        seal(&mut sealed, 0);
        let _ = Event::parse(&sealed);
        let _ = Record::parse(&sealed);
    }
});
