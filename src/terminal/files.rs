//! Files at a terminal: a typed path becomes a file that is sent, and the file that was sent here last becomes one in the
//! folder that one is in.

use std::path::{Path, PathBuf};

use super::session::{BEGINNING_CHARS, Session};
use crate::client::command::Command;
use crate::client::model::DownloadProgress;
use crate::lines::safe;
use crate::proto::attachment::{Attachment, FileId};
use crate::proto::chat::ChatKey;
use crate::transfers::{free_place, measure};

impl Session {
    /// Sends the file at a path to a chat.
    pub(super) fn send_file(&mut self, chat: ChatKey, typed: &str) {
        let path = path(typed, std::env::home_dir().as_deref());
        let enclosure = match measure(&path) {
            Ok(enclosure) => enclosure,
            Err(why) => return self.wrong(&format!("Not sent: {}", safe::word(&why))),
        };
        let name = safe::beginning(enclosure.name.as_str(), BEGINNING_CHARS);
        let attachments = vec![enclosure];
        self.client.perform(Command::Send { chat, text: String::new(), reply_to: None, attachments });
        let to = safe::word(self.model().title(chat));
        let waits = if self.is_online() { "is on its way" } else { "waits for the connection" };
        let line = self.paint.quiet(format!("… for {to}, {waits}: {name}"));
        self.say(line);
    }

    /// Fetches the newest file of a chat, or the newest whose name has those words in it, into the folder that one is in.
    pub(super) fn save_file(&mut self, chat: ChatKey, words: &str) {
        let Some(attachment) = self.file(chat, words) else {
            let which =
                if words.is_empty() { "No file".into() } else { format!("No file “{}”", safe::word(words)) };
            return self.wrong(&format!("{which} is among what was shown of this chat: /history shows more of it."));
        };
        let folder = match std::env::current_dir() {
            Ok(folder) => folder,
            Err(error) => return self.wrong(&format!("The folder that you are in cannot be used: {error}.")),
        };
        let place = free_place(&folder, &attachment.name);
        let Some(to) = place.to_str().map(str::to_owned) else {
            return self.wrong("The folder that you are in has a name that is not UTF-8: go to another one.");
        };
        self.saving = Some(attachment.file);
        self.client.perform(Command::Download { attachment, to: Some(to) });
    }

    fn file(&self, chat: ChatKey, words: &str) -> Option<Attachment> {
        let words = words.to_lowercase();
        let messages = self.model().chat(chat)?.messages.iter().rev();
        let mut files = messages.filter_map(|message| message.attachment.as_deref());
        files.find(|file| file.name.as_str().to_lowercase().contains(&words)).cloned()
    }

    /// What came of a file that was to be saved.
    pub(super) fn tell_of_saving(&mut self) {
        let Some(file) = self.saving else { return };
        let how = self.model().downloads.get(&file).map(|download| download.progress.clone());
        match how {
            Some(DownloadProgress::Running) => return,
            Some(DownloadProgress::Done(place)) => self.say(format!("Saved as {}.", safe::word(&place))),
            Some(DownloadProgress::Failed(why)) => self.wrong(&safe::word(&why)),
            None => {}
        }
        self.saving = None;
    }

    /// How many bytes of the file that is being saved are still to come.
    pub(super) fn to_come(&self, file: FileId) -> u64 {
        let download = self.model().downloads.get(&file);
        download.map_or(0, |download| download.size.saturating_sub(download.received))
    }
}

/// A path as it was typed, completed or dropped onto the terminal: with quotes around it, backslashes before blanks, or the
/// home folder as `~`.
fn path(typed: &str, home: Option<&Path>) -> String {
    let quoted = |quote: char| typed.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = quoted('"').or_else(|| quoted('\'')) {
        return inner.into();
    }
    // On Windows a backslash is a part of the path.
    let plain = if cfg!(windows) { typed.to_owned() } else { unescaped(typed) };
    match (plain.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest).to_string_lossy().into_owned(),
        _ => plain,
    }
}

fn unescaped(typed: &str) -> String {
    let mut plain = String::with_capacity(typed.len());
    let mut chars = typed.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_path_is_read_as_it_is_typed_completed_or_dropped() {
        let home = Some(Path::new("/home/alice"));
        for (typed, meant) in [
            ("plan.pdf", "plan.pdf"),
            ("my plan.pdf", "my plan.pdf"),
            (r"my\ plan\(1\).pdf", "my plan(1).pdf"),
            ("'my plan.pdf'", "my plan.pdf"),
            (r#""it's.pdf""#, "it's.pdf"),
            ("~/plan.pdf", "/home/alice/plan.pdf"),
            ("~bob", "~bob"),
            ("it's.pdf", "it's.pdf"),
            (r"end\", "end"),
        ] {
            assert_eq!(path(typed, home), meant, "{typed}");
        }
    }
}
