//! The server's side that touches the world: sockets, accounts, and the driver that carries out what the engine decides.

pub mod accounts;
