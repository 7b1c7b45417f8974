//! The reader of requests, as the server has it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = parlor::proto::request::Request::parse(input);
});
