//! Hosting from within a window: what joins the client, which knows no server, to the server, which knows no client.

use std::net::SocketAddr;

use crate::client::{Host, HostError};
use crate::server::folder::{self, FolderError};
use crate::server::{self, Options, Running, StartError};

/// A server on this computer, started when first asked for and ended when dropped.
#[derive(Debug)]
pub struct LocalHost {
    options: Options,
    running: Option<Running>,
}

impl LocalHost {
    /// A host that starts its server with these options.
    pub fn new(options: Options) -> Self {
        Self { options, running: None }
    }
}

impl Host for LocalHost {
    fn addresses(&self) -> Vec<SocketAddr> {
        self.options.listen.clone()
    }

    fn start(&mut self, log: Option<&str>) -> Result<String, HostError> {
        let here = || folder::log_of(&self.options.data_dir);
        if log.is_some() && log != here().as_deref() {
            let message =
                "The server has gone away, and its data is not in this window's folder. Start it again.".into();
            return Err(HostError { taken: true, message });
        }
        // One that this window had before, and that no longer answers, lets go of the folder first.
        self.running = None;
        let running = server::start(&self.options).map_err(|error| HostError {
            taken: matches!(&error, StartError::Folder(FolderError::InUse(_)))
                || matches!(&error, StartError::Listen { error, .. } if error.kind() == std::io::ErrorKind::AddrInUse),
            message: sentence(&error.to_string()),
        })?;
        let mut text = format!(
            "This window hosts the chat on this computer, for as long as it is open. Its data is in {}.",
            self.options.data_dir.display()
        );
        for notice in &running.notices {
            text.push_str(&format!(" {}.", sentence(notice)));
        }
        self.running = Some(running);
        Ok(text)
    }
}

/// The text with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
