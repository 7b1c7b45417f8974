//! The server that this window hosts, as far as its people are told of it.

use std::net::SocketAddr;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// Who can join it.
    pub joinable: Joinable,
    /// The folder of its data.
    pub folder: String,
    /// What else was to be said when it began, in sentences.
    pub notices: Vec<String>,
}

/// Who can join a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joinable {
    /// Whoever is on this computer.
    ThisComputer,
    /// Others, at an address that they can write as it is.
    Address(SocketAddr),
    /// Others, at that port of this computer, whose address is not known here.
    Port(u16),
}

impl Hosted {
    /// Who can join, and for how long, in a sentence that fits below the list.
    pub fn words(&self) -> String {
        match self.joinable {
            Joinable::ThisComputer => "This window hosts the chat on this computer, for as long as it is open.".into(),
            Joinable::Address(address) => format!("Others join at {address}, while this window is open."),
            Joinable::Port(port) => {
                format!("Others join at this computer's address, port {port}, while this window is open.")
            }
        }
    }

    /// What there is to say in little room: what was out of order when it began, if anything was, and else who can join.
    pub fn brief(&self) -> String {
        if self.notices.is_empty() { self.words() } else { self.notices.join(" ") }
    }

    /// Who can join, with where the data is and whatever else there is to say.
    pub fn details(&self) -> String {
        let mut words = format!("{} Its data is in {}.", self.words(), self.folder);
        for notice in &self.notices {
            words.push(' ');
            words.push_str(notice);
        }
        words
    }

    /// What others write to join, where that is known.
    pub fn join_at(&self) -> Option<String> {
        match self.joinable {
            Joinable::Address(address) => Some(address.to_string()),
            Joinable::ThisComputer | Joinable::Port(_) => None,
        }
    }
}
