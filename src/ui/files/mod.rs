//! Files that messages carry, as far as views share it: what they are called and how long they are in words, the sign of
//! their kind, and what is asked of what surrounds the window, which knows no disk and no dialog of the system.

pub mod drop;
pub mod pictures;
pub mod signs;

use std::sync::Arc;

use egui::{ColorImage, Context, FontId, Plugin, Ui};
use lucide_icons::Icon;
use unicode_segmentation::UnicodeSegmentation;

use super::{bidi, text};
use crate::client::model::{Download, DownloadProgress, Model};
use crate::proto::attachment::Attachment;
use crate::proto::chat::ChatKey;
use crate::proto::ids::Seq;

/// A picture of at most so many bytes is fetched by itself when it comes into sight; a longer one when it is asked for.
pub const FETCHED_UNASKED_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Something to be done outside of the window, because somebody clicked.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Ask which files are to go with what is being written in a chat.
    Attach {
        /// Which chat.
        chat: ChatKey,
    },
    /// Make a file of a picture that was pasted, which is to go with what is being written in a chat.
    AttachPicture {
        /// Which chat.
        chat: ChatKey,
        /// The picture.
        picture: Arc<ColorImage>,
    },
    /// Ask where a file is to be put, and fetch it.
    Save {
        /// Which.
        attachment: Attachment,
    },
    /// Put a picture on the system's clipboard.
    CopyPicture {
        /// In which file of this computer it is.
        path: String,
    },
    /// Have the system open a file with the program that it has for it.
    Open {
        /// Where the file is.
        path: String,
    },
    /// Have the system show the folder of a file.
    OpenFolder {
        /// Where the file is.
        path: String,
    },
}

/// What was asked for since somebody last looked. Belongs to the context, as what is copied and which pages are opened do.
#[derive(Debug, Default)]
pub struct Asked {
    orders: Vec<Order>,
    view: Option<(ChatKey, Seq)>,
}

impl Plugin for Asked {
    fn debug_name(&self) -> &'static str {
        "what is asked about files"
    }
}

/// Makes a context ready for files.
pub fn prepare(ctx: &Context) {
    ctx.add_plugin(Asked::default());
    ctx.add_plugin(pictures::Pictures::default());
}

/// Asks for something.
pub fn ask(ctx: &Context, order: Order) {
    if let Some(asked) = ctx.plugin_opt::<Asked>() {
        asked.lock().orders.push(order);
    }
}

/// What was asked for. Looked at after each frame.
pub fn take_orders(ctx: &Context) -> Vec<Order> {
    ctx.plugin_opt::<Asked>().map(|asked| std::mem::take(&mut asked.lock().orders)).unwrap_or_default()
}

/// Asks to have a picture all over the window.
pub fn view(ctx: &Context, chat: ChatKey, seq: Seq) {
    if let Some(asked) = ctx.plugin_opt::<Asked>() {
        asked.lock().view = Some((chat, seq));
        ctx.request_repaint();
    }
}

/// Which picture was asked for.
pub fn take_view(ctx: &Context) -> Option<(ChatKey, Seq)> {
    ctx.plugin_opt::<Asked>()?.lock().view.take()
}

/// Where a file of a message is on this computer, if it is.
pub fn path_of(ctx: &Context, model: &Model, attachment: &Attachment) -> Option<Arc<str>> {
    match model.downloads.get(&attachment.file) {
        Some(Download { progress: DownloadProgress::Done(path), .. }) => Some(path.as_str().into()),
        _ => pictures::own(ctx, attachment.file),
    }
}

/// A length as people read it.
pub fn size(bytes: u64) -> String {
    const STEP: f64 = 1024.0;
    let kilo = bytes as f64 / STEP;
    match bytes {
        1 => "1 byte".into(),
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_000_000 => format!("{kilo:.0} KB"),
        1_000_000..1_000_000_000 => format!("{:.1} MB", kilo / STEP),
        _ => format!("{:.1} GB", kilo / STEP / STEP),
    }
}

/// What a name ends with, in lower case.
fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_lowercase())
}

/// The sign of a kind of file.
pub fn sign(name: &str) -> Icon {
    match ending(name).as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "bmp" | "tif" | "tiff" | "heic" | "avif" => Icon::FileImage,
        "mp3" | "ogg" | "opus" | "flac" | "wav" | "m4a" | "aac" => Icon::FileMusic,
        "mp4" | "mkv" | "webm" | "mov" | "avi" => Icon::FilePlay,
        "zip" | "gz" | "xz" | "zst" | "bz2" | "7z" | "rar" | "tar" | "tgz" => Icon::FileArchive,
        "csv" | "xls" | "xlsx" | "ods" => Icon::FileSpreadsheet,
        "txt" | "md" | "pdf" | "doc" | "docx" | "odt" | "rtf" | "epub" | "tex" => Icon::FileText,
        "rs" | "py" | "c" | "h" | "cpp" | "js" | "ts" | "java" | "go" | "html" | "css" | "json" | "toml" | "xml" => {
            Icon::FileCode
        }
        _ => Icon::File,
    }
}

/// A file in a word or two: its name, which for a picture says nothing.
pub fn in_short(name: &str) -> &str {
    match sign(name) {
        Icon::FileImage => "Picture",
        _ => name,
    }
}

/// What a message says: its text, or what the file of that name is where it has none.
pub fn words_of<'a>(text: &'a str, file: Option<&'a str>) -> &'a str {
    match file {
        Some(name) if text.is_empty() => in_short(name),
        _ => text,
    }
}

/// Whether opening a file of that name could run what is in it. Such a file is shown in its folder, and not opened: what
/// somebody sends is not to run with one click.
pub fn may_run(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "exe",
        "msi",
        "bat",
        "cmd",
        "com",
        "scr",
        "pif",
        "ps1",
        "vbs",
        "vbe",
        "js",
        "jse",
        "wsf",
        "wsh",
        "hta",
        "cpl",
        "msc",
        "jar",
        "reg",
        "lnk",
        "url",
        "scf",
        "inf",
        "chm",
        "sh",
        "bash",
        "run",
        "desktop",
        "appimage",
        "deb",
        "rpm",
        "flatpakref",
        "snap",
        "py",
        "pl",
        "rb",
        "app",
        "command",
        "pkg",
        "dmg",
        "workflow",
        "apk",
        "iso",
        "img",
    ];
    let ending = ending(name);
    ENDINGS.contains(&ending.as_str()) || !name.contains('.')
}

/// How many signs of the end of a name are kept: the kind of the file, and what tells it from the one before.
const END: usize = 11;

/// A name on one line; one that does not fit loses its middle, since its end says what it is.
pub fn shortened(ui: &Ui, name: &str, font: &FontId, width: f32) -> String {
    let name = text::one_line(name);
    // Where letters are moved to be read from the right, its end is not at the right.
    if bidi::concerns(&name) {
        return name;
    }
    let measured =
        |name: &str| ui.painter().layout_no_wrap(name.to_owned(), font.clone(), egui::Color32::WHITE).size().x <= width;
    if measured(&name) {
        return name;
    }
    let signs: Vec<&str> = name.graphemes(true).collect();
    let end = signs.len().saturating_sub(END);
    let cut = |keep: usize| {
        let (head, tail) = (signs.get(..keep).unwrap_or_default(), signs.get(end..).unwrap_or_default());
        format!("{}…{}", head.concat().trim_end(), tail.concat())
    };
    let (mut fits, mut too_many) = (0, end);
    while fits + 1 < too_many {
        let half = usize::midpoint(fits, too_many);
        if measured(&cut(half)) { fits = half } else { too_many = half }
    }
    cut(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (100, "100 bytes"),
            (65_536, "64 KB"),
            (1_048_576, "1.0 MB"),
            (3_000_000, "2.9 MB"),
            (2_147_483_648, "2.0 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn what_could_run_is_not_opened() {
        for name in ["a.exe", "photo.jpg.SCR", "x.desktop", "install", "a.sh", "page.js"] {
            assert!(may_run(name), "{name}");
        }
        for name in ["a.pdf", "photo.JPG", "notes.txt", "exe.png", "a.tar.gz"] {
            assert!(!may_run(name), "{name}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        let ctx = Context::default();
        crate::ui::prepare(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let font = crate::ui::theme::font::strong();
            let long = "Minutes of the meeting of the garden committee, November 2026.pdf";
            let short = shortened(ui, long, &font, 180.0);
            assert!(short.starts_with("Minutes") && short.ends_with("er 2026.pdf") && short.contains('…'), "{short}");
            let width = ui.painter().layout_no_wrap(short, font.clone(), egui::Color32::WHITE).size().x;
            assert!(width <= 180.0 && width > 150.0, "{width}");
            assert_eq!(shortened(ui, "a.pdf", &font, 180.0), "a.pdf");
            // Where nothing fits it is elided when it is drawn.
            assert_eq!(shortened(ui, long, &font, 3.0), "…er 2026.pdf");
        });
        output.drop_without_applying_deltas();
    }
}
