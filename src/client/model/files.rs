//! Files on their way to this computer.

/// A file that is being fetched, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// How many bytes have come.
    pub received: u64,
    /// How many there are.
    pub size: u64,
    /// How it stands.
    pub progress: DownloadProgress,
}

/// How a download stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadProgress {
    /// It is on its way, or waits for the connection or for its turn.
    Running,
    /// It is there, in that file.
    Done(String),
    /// Why it did not come, for people.
    Failed(String),
}
