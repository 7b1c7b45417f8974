//! The decoder of frames: progress or an error, and never more than the limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor::proto::frame::{Decoded, HEADER_BYTES, decode};
use parlor::proto::limits::{FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES};

fuzz_target!(|input: &[u8]| {
    for max in [2, FRAME_BEFORE_LOGIN_MAX_BYTES, FRAME_MAX_BYTES] {
        let mut rest = input;
        loop {
            match decode(rest, max) {
                Ok(Decoded::Frame { json, end }) => {
                    assert!(json.len() <= max && end == json.end + 1 && rest[json.start] == b'{');
                    rest = &rest[end..];
                }
                Ok(Decoded::Incomplete { need }) => {
                    assert!(need > rest.len() && need <= max + HEADER_BYTES + 1);
                    break;
                }
                Err(_) => break,
            }
        }
    }
});
