//! The log and what feeds it from outside.

pub mod import;
