//! Parlor: a desktop chat application with its own server inside.
//!
//! There is one log, and everything else is a fold over it. The map, from the wire inwards:
//!
//! - [`proto`]: frames, requests, events, records, identifiers: wire = disk = cache.
//! - [`core`]: the server's state and the engine that decides: pure, no I/O.
//! - [`log`]: the log behind a trait; `history.json` is one implementation.
//! - [`server`]: sockets, accounts, and the driver that carries out what the engine decides.
//! - [`client`]: the connection, the model and the outbox of one who takes part; needs no window.
//! - [`ui`]: views: a model in, actions out. `app` puts them into a window.
//! - [`terminal`]: the client in lines. [`script`]: commands for scripts. [`lines`]: what both share.
//! - [`shelf`]: where windows keep what they have not sent, what they know and what is being written.
//! - [`transfers`]: the files of this computer that messages carry.
//! - [`tokens`]: what keeps people signed in on this computer.
//! - [`pins`]: which certificates servers have, so that somebody in between is noticed.
//! - [`settings`]: what a person has chosen for the windows on this computer.
//! - [`desktop`]: notifications and the icon in the tray.
//! - [`export`]: a chat as a file to keep, and such a file read again. [`pictures`]: those of messages, decoded.
//! - [`names`]: what accounts and groups may be called. [`visible`]: what of a text can be seen.
//! - [`files`]: files and folders of their owner alone.
//! - [`clock`]: the only wall clock and randomness. [`config`]: paths, ports, limits.
//!
//! docs/ARCHITECTURE.md has the invariants and says how to add a request, a record or a view.

pub mod app;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod core;
pub mod desktop;
pub mod export;
pub mod files;
pub mod host;
pub mod lines;
pub mod log;
pub mod names;
pub mod pictures;
pub mod pins;
pub mod proto;
pub mod script;
pub mod server;
pub mod settings;
pub mod shelf;
pub mod terminal;
pub mod tokens;
pub mod transfers;
pub mod ui;
pub mod user_command;
pub mod visible;
