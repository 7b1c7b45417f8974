//! A place for a server that comes and goes at one address, and for what Alice's windows keep.

use std::path::PathBuf;

use super::Server;
use super::user::User;

/// See the module.
pub struct Place {
    pub dir: tempfile::TempDir,
    pub address: String,
}

impl Place {
    pub fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { dir: tempfile::tempdir().unwrap(), address: free.to_string() }
    }

    /// The server's folder.
    pub fn data(&self) -> PathBuf {
        let data = self.dir.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        data
    }

    /// Where windows keep what they have not sent, and what they know.
    pub fn shelf(&self) -> PathBuf {
        self.dir.path().join("unsent")
    }

    pub fn server(&self) -> Server {
        Server::start_on(&self.data(), &self.address)
    }

    /// A window with that shelf, on its way in.
    pub fn user(&self, name: &str, password: &str) -> User {
        let mut user = User::with_shelf(None, Some(&self.shelf()));
        user.ask_in(&self.address, name, password);
        user
    }

    /// Alice's, once she is in.
    pub fn alice(&self) -> User {
        self.user("Alice", "123").online()
    }
}
