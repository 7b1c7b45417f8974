//! The server's mind: what is known ([`state`]), who there is ([`directory`]), who is connected ([`session`]) and what
//! follows from each input ([`engine`], in parts: `requests`, `receipts`, `groups`, `commit`, `pages`, `presence`,
//! `lists`, [`accounts`], [`files`] with [`uploads`]).
//!
//! Pure: no I/O, no clock, no randomness, no iteration over unordered maps. The same inputs give the same effects, on
//! this machine or another one.

pub mod accounts;
mod commit;
pub mod directory;
pub mod engine;
pub mod files;
mod groups;
pub mod kept;
mod lists;
mod pages;
mod presence;
mod receipts;
mod requests;
mod revise;
pub mod session;
pub mod state;
pub mod uploads;
