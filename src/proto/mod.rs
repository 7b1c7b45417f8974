//! What crosses a wire or reaches a disk: frames, requests, events, records and the identifiers in them.
//!
//! Wire = disk = cache: a record is written to `history.json` and pushed to its readers as the very same bytes.
//! Nothing here does I/O; see docs/PROTOCOL.md for the page that a client's author reads.

pub mod account;
pub mod attachment;
pub mod chat;
pub mod device;
pub mod event;
pub mod fingerprint;
pub mod frame;
pub mod ids;
pub mod invite;
pub mod limits;
pub mod message;
pub mod outgoing;
pub mod purpose;
pub mod record;
pub mod request;
mod withheld;
