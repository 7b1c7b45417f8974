//! The client library: what a window, a script or a test needs to take part, without a window.
//!
//! A [`Client`] owns the [`model::Model`], a fold over what the server says, and hands [`command::Command`]s on. Its
//! connection lives on a thread of its own and survives the server: see [`connection`].

pub mod command;

mod fold;
pub mod model;
pub mod outbox;
