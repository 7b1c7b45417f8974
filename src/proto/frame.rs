//! The frame `$<len><json>$`, without I/O: bytes in, the place of a JSON object out.
//!
//! `len` is the byte length of the JSON in decimal, padded with spaces on the right to [`LEN_CHARS`] characters; the
//! reader also takes it unpadded, since the JSON is an object and so begins with `{`. The size is checked before
//! anything is buffered, digits and all. An error is final: a stream is never resynchronised.

use std::ops::Range;

/// The characters that a padded length takes.
pub const LEN_CHARS: usize = 10;

/// The bytes before the JSON in a frame as we write it: `$` and the padded length.
pub const HEADER_BYTES: usize = 1 + LEN_CHARS;

/// What stands at the beginning of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A whole frame.
    Frame {
        /// Where its JSON stands in the buffer.
        json: Range<usize>,
        /// Where the next frame begins.
        end: usize,
    },
    /// The beginning of a frame.
    Incomplete {
        /// The least length at which the buffer could hold a whole frame.
        need: usize,
    },
}

/// Why bytes are not a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte is not `$`.
    #[error("a frame begins with '$', then the length, the JSON object and '$'; byte {0:#04x} came instead")]
    Start(u8),
    /// The length is not a decimal number, or what follows it is not `{`.
    #[error(
        "after '$' comes the JSON's length in bytes, in decimal, alone or padded with spaces to 10 characters, then '{{'"
    )]
    Length,
    /// The length is over the limit.
    #[error("the frame's JSON is over the limit of {max} bytes")]
    TooLong {
        /// The limit that holds now for this sender.
        max: usize,
    },
    /// The byte after the JSON is not `$`.
    #[error("a frame ends with '$' right after the {len} bytes that its length announced")]
    End {
        /// The length that the frame announced.
        len: usize,
    },
}

/// Looks for a frame at the beginning of `buffer`, with at most `max` bytes of JSON.
///
/// # Errors
/// Any [`FrameError`], as early as the bytes allow it: a length over `max` is refused at its first digit too many.
pub fn decode(buffer: &[u8], max: usize) -> Result<Decoded, FrameError> {
    let incomplete = |need| Ok(Decoded::Incomplete { need });
    match buffer.first() {
        None => return incomplete(HEADER_BYTES),
        Some(b'$') => {}
        Some(&other) => return Err(FrameError::Start(other)),
    }
    let field = &buffer[1..buffer.len().min(HEADER_BYTES)];
    let digits = field.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut len = 0_usize;
    for digit in &field[..digits] {
        len = len.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
        if len > max {
            return Err(FrameError::TooLong { max });
        }
    }
    let spaces = field[digits..].iter().take_while(|&&b| b == b' ').count();
    let header = 1 + digits + spaces;
    let Some(&after) = buffer.get(header) else {
        // "$", "$12" and "$12   " may all go on; a field that begins with a space may not.
        return if digits == 0 && spaces > 0 { Err(FrameError::Length) } else { incomplete(header + len.max(1) + 1) };
    };
    let padded = digits + spaces == LEN_CHARS;
    if digits == 0 || len == 0 || after != b'{' || (spaces > 0 && !padded) {
        return Err(FrameError::Length);
    }
    let json = header..header + len;
    match buffer.get(json.end) {
        None => incomplete(json.end + 1),
        Some(b'$') => Ok(Decoded::Frame { end: json.end + 1, json }),
        Some(_) => Err(FrameError::End { len }),
    }
}

/// Appends a frame to `buffer`; `write_json` appends its JSON.
pub fn encode(buffer: &mut Vec<u8>, write_json: impl FnOnce(&mut Vec<u8>)) {
    let start = buffer.len();
    buffer.extend_from_slice(b"$          ");
    write_json(buffer);
    let mut len = buffer.len() - start - HEADER_BYTES;
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (len % 10) as u8;
        len /= 10;
        if len == 0 {
            break;
        }
    }
    let digits = &digits[first..];
    debug_assert!(digits.len() <= LEN_CHARS, "a frame is bounded long before ten digits");
    buffer[start + 1..start + 1 + digits.len()].copy_from_slice(digits);
    buffer.push(b'$');
}

/// Appends a frame with `value` as its JSON.
pub fn encode_value<T: serde::Serialize + ?Sized>(buffer: &mut Vec<u8>, value: &T) {
    encode(buffer, |json| {
        serde_json::to_writer(json, value).expect("protocol values have string keys and a Vec takes every byte");
    });
}

/// A new buffer with one frame of `value`.
pub fn frame_of<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(192);
    encode_value(&mut buffer, value);
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> Result<&[u8], FrameError> {
        match decode(bytes, 100)? {
            Decoded::Frame { json, end } => {
                assert_eq!(end, bytes.len());
                Ok(&bytes[json])
            }
            Decoded::Incomplete { .. } => panic!("{:?} is whole", bytes.escape_ascii().to_string()),
        }
    }

    #[test]
    fn both_forms_of_the_length_are_read() {
        assert_eq!(whole(b"$2         {}$"), Ok(&b"{}"[..]));
        assert_eq!(whole(b"$2{}$"), Ok(&b"{}"[..]));
        assert_eq!(whole(b"$0000000007{\"a\":1}$"), Ok(&b"{\"a\":1}"[..]));
    }

    #[test]
    fn a_written_frame_is_padded_and_reads_back_from_any_split() {
        let mut bytes = Vec::new();
        encode(&mut bytes, |json| json.extend_from_slice(br#"{"a":"$2{}$"}"#));
        assert!(bytes.starts_with(b"$13        {"));
        assert_eq!(whole(&bytes), Ok(&br#"{"a":"$2{}$"}"#[..]));
        for cut in 0..bytes.len() {
            match decode(&bytes[..cut], 100) {
                Ok(Decoded::Incomplete { need }) => assert!(need > cut && need <= bytes.len(), "{need} at {cut}"),
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_at_its_first_digit_too_many() {
        assert_eq!(decode(b"$101", 100), Err(FrameError::TooLong { max: 100 }));
        assert_eq!(decode(b"$9999999999", 100), Err(FrameError::TooLong { max: 100 }));
        assert!(matches!(decode(b"$100", 100), Ok(Decoded::Incomplete { .. })));
    }

    #[test]
    fn anything_else_is_an_error_at_once() {
        assert_eq!(decode(b"G", 100), Err(FrameError::Start(b'G')));
        for bad in [&b"$ "[..], b"$x", b"$-1{", b"$+1{", b"$2 {}$", b"$2}", b"$0{", b"${", b"$2[]$", b"$00000000012{}$"]
        {
            assert_eq!(decode(bad, 100), Err(FrameError::Length), "{}", bad.escape_ascii());
        }
        assert_eq!(decode(b"$2{}}", 100), Err(FrameError::End { len: 2 }));
    }
}
