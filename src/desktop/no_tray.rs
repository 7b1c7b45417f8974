//! Where Parlor has no icon in the tray.

use super::{Face, Reports};

/// The icon that is not there.
#[derive(Debug)]
pub struct Tray;

impl Tray {
    /// Nothing begins.
    pub fn start(_reports: Reports) -> Self {
        Self
    }

    /// It is not.
    pub fn is_there(&self) -> bool {
        false
    }

    /// Nothing is shown.
    pub fn show(&mut self, _face: Face) {}
}
