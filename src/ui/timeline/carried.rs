//! The file that a message carries, and where it stands on its way: view data. Draws nothing.

use std::sync::Arc;

use crate::client::model::{DownloadProgress, Message, Model};
use crate::client::outbox::{Outgoing, Progress, What};
use crate::proto::attachment::{Attachment, FileId, ImageSize};
use crate::ui::files::size;

/// A file as its message shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'a> {
    /// What it is called.
    pub name: &'a str,
    /// How long it is, in bytes.
    pub size: u64,
    /// How large it is, if it is a picture that is shown.
    pub image: Option<ImageSize>,
    /// What the server knows it by, once the message is there.
    pub attachment: Option<&'a Attachment>,
    /// Its number on the server, once it was begun there.
    pub file: Option<FileId>,
    /// Where it is on this computer, if it is.
    pub path: Option<Arc<str>>,
    /// How it stands.
    pub way: Way<'a>,
}

/// Where a file is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// So many bytes of it are on the server, and its message waits for the rest.
    Going {
        /// The number of the send.
        n: u64,
        /// In bytes.
        sent: u64,
    },
    /// It is on this computer alone, and does not move: its message was refused, or goes out now.
    Resting,
    /// It is on the server, and was not asked for.
    There,
    /// So many bytes of it have come.
    Coming(u64),
    /// It is on this computer.
    Here,
    /// Why it did not come.
    Failed(&'a str),
}

impl<'a> Carried<'a> {
    /// The file of a message that the server has.
    pub fn by(model: &'a Model, message: &'a Message) -> Option<Self> {
        let attachment = message.attachment.as_deref().filter(|_| !message.deleted)?;
        let download = model.downloads.get(&attachment.file);
        let (way, path) = match download.map(|download| (&download.progress, download.received)) {
            None => (Way::There, None),
            Some((DownloadProgress::Running, received)) => (Way::Coming(received), None),
            Some((DownloadProgress::Done(path), _)) => (Way::Here, Some(path.as_str().into())),
            Some((DownloadProgress::Failed(why), _)) => (Way::Failed(why), None),
        };
        let Attachment { file, name, size, image } = attachment;
        let (size, image) = (*size, shown_as_picture(*image, *size));
        Some(Self { name: name.as_str(), size, image, attachment: Some(attachment), file: Some(*file), path, way })
    }

    /// The file of a message that is on its way to the server.
    pub fn with(entry: &'a Outgoing) -> Option<Self> {
        let What::Say { enclosure: Some(enclosure), .. } = &entry.what else { return None };
        let way = match entry.progress {
            Progress::Pending if !enclosure.is_there() => Way::Going { n: entry.n, sent: enclosure.sent },
            Progress::Pending | Progress::Failed(_) => Way::Resting,
        };
        Some(Self {
            name: enclosure.name.as_str(),
            size: enclosure.size,
            image: shown_as_picture(enclosure.image, enclosure.size),
            attachment: None,
            file: enclosure.file,
            path: Some(Arc::clone(&enclosure.path)),
            way,
        })
    }

    /// The same where it is known from elsewhere that it is on this computer.
    pub fn at(self, own: impl FnOnce(&Attachment) -> Option<Arc<str>>) -> Self {
        match (self.way, self.attachment.and_then(own)) {
            (Way::There, Some(path)) => Self { path: Some(path), way: Way::Here, ..self },
            _ => self,
        }
    }

    /// How far it is, in words.
    pub fn state(&self) -> String {
        match self.way {
            Way::Going { sent, .. } => format!("{} of {}", size(sent), size(self.size)),
            Way::Coming(received) => format!("{} of {}", size(received), size(self.size)),
            Way::Failed(why) => why.to_owned(),
            Way::Resting | Way::There | Way::Here => size(self.size),
        }
    }

    /// The file as a screen reader says it with its message.
    pub fn spoken(&self) -> String {
        let what = if self.image.is_some() { "picture" } else { "file" };
        let state = match self.way {
            Way::Going { .. } => "uploading, ",
            Way::Coming(_) => "downloading, ",
            Way::Failed(_) => "not downloaded, ",
            Way::Resting | Way::There | Way::Here => "",
        };
        format!("{what} {}, {state}{}", self.name, self.state())
    }
}

/// What is too long to be looked at is a file like any other.
fn shown_as_picture(image: Option<ImageSize>, size: u64) -> Option<ImageSize> {
    image.filter(|_| size <= crate::pictures::FILE_MAX_BYTES)
}
