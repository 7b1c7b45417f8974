//! The files of this computer that messages carry: read where a person has them, put where a person wants them. Those that
//! are shown are kept in a folder, up to a limit; so are pictures that were pasted, until they are sent.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use atomic_write_file::AtomicWriteFile;
use image::metadata::Orientation;
use image::{ImageDecoder as _, ImageReader};

use crate::client::outbox::Enclosure;
use crate::client::transfer::{Disk, Piece};
use crate::files;
use crate::proto::attachment::{Attachment, FileId, FileName, ImageSize};
use crate::proto::limits::{FILE_MAX_BYTES, FILE_NAME_MAX_BYTES};

/// How much is kept of the files that were shown, in bytes: some thousand pictures. The ones that were not looked at for
/// longest go.
pub const KEPT_MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The largest file that was sent from here and is kept to be shown here, in bytes: what is larger is a copy that nobody
/// needs.
const SENT_KEPT_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The folder of what is kept to be shown, within that of the data.
const SHOWN: &str = "shown";
/// The one of pictures that were pasted.
const PASTED: &str = "pasted";

/// The longest end of a file's name that says of what kind it is, in characters.
const KIND_MAX_CHARS: usize = 10;

/// See the module.
#[derive(Debug)]
pub struct LocalFiles {
    data: PathBuf,
    /// Where files are kept for the account that is signed in.
    shown: Option<PathBuf>,
    kept_max: u64,
    /// How much is there, in bytes, as far as this window knows.
    kept: u64,
    /// What is being fetched, as far as it was written.
    coming: Vec<(FileId, AtomicWriteFile)>,
}

impl LocalFiles {
    /// Keeps what there is to keep in that folder.
    pub fn new(data: PathBuf) -> Self {
        // Paths of pictures that were pasted are kept, and compared with it.
        let data = std::path::absolute(&data).unwrap_or(data);
        Self { data, shown: None, kept_max: KEPT_MAX_BYTES, kept: 0, coming: Vec::new() }
    }

    /// The same with another limit for what was shown, in bytes.
    #[must_use]
    pub fn keeping(self, kept_max: u64) -> Self {
        Self { kept_max, ..self }
    }

    /// Where a file is kept. Of its name only the end counts, by which other programs know what it is.
    fn place(&self, attachment: &Attachment) -> Option<PathBuf> {
        let kind = Path::new(attachment.name.as_str()).extension().and_then(|kind| kind.to_str());
        let fits = |kind: &&str| kind.chars().count() <= KIND_MAX_CHARS && kind.chars().all(char::is_alphanumeric);
        let name = match kind.filter(fits) {
            Some(kind) => format!("{}.{kind}", attachment.file),
            None => attachment.file.to_string(),
        };
        Some(self.shown.as_ref()?.join(name))
    }

    /// A file that is kept, if it is whole.
    fn kept(&self, attachment: &Attachment) -> Option<PathBuf> {
        let path = self.place(attachment)?;
        let found = fs::symlink_metadata(&path).ok()?;
        (found.is_file() && found.len() == attachment.size).then_some(path)
    }

    /// Where a file goes.
    fn target(&self, attachment: &Attachment, to: Option<&str>) -> Result<PathBuf, String> {
        match to {
            Some(to) => Ok(PathBuf::from(to)),
            None => {
                let path = self.place(attachment).ok_or("Nobody is signed in here: files are not kept.")?;
                path.parent().map_or(Ok(()), files::own_folder).map_err(|error| unwritable(&error))?;
                Ok(path)
            }
        }
    }

    /// What is kept: when it was last looked at, how long it is, and where it is. Counts it.
    fn count(&mut self) -> Vec<(SystemTime, u64, PathBuf)> {
        let entries = self.shown.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        let file = |entry: fs::DirEntry| {
            let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((found.modified().ok()?, found.len(), entry.path()))
        };
        let all: Vec<_> = entries.into_iter().flatten().flatten().filter_map(file).collect();
        self.kept = all.iter().map(|(_, bytes, _)| bytes).sum();
        all
    }

    /// Makes room for what is kept, but for the file that was just put there.
    fn tidy(&mut self, newest: &Path) {
        let mut all = self.count();
        all.sort();
        for (_, size, path) in all.into_iter().filter(|(.., path)| path != newest) {
            if self.kept <= self.kept_max {
                return;
            }
            if fs::remove_file(path).is_ok() {
                self.kept -= size;
            }
        }
    }

    fn pasted(&self) -> PathBuf {
        self.data.join(PASTED)
    }
}

impl Disk for LocalFiles {
    fn open(&mut self, server: &str, username: &str) {
        // As the files of what is not sent are called.
        let readable: String = username.chars().filter(|c| c.is_alphanumeric()).take(24).collect();
        let whole = crc32fast::hash(format!("{username}\n{server}").as_bytes());
        self.shown = Some(self.data.join(SHOWN).join(format!("{readable}-{whole:08x}")));
        self.coming.clear();
        self.count();
    }

    fn measure(&mut self, path: &str) -> Result<Enclosure, String> {
        measure(path)
    }

    fn paste(&mut self, name: &str, png: &[u8]) -> Result<Enclosure, String> {
        let folder = self.pasted();
        let path = folder.join(format!("{:016x}.png", crate::clock::random_u64()));
        let written =
            files::own_folder(&folder).and_then(|()| files::create_new(&path)).and_then(|mut file| file.write_all(png));
        written.map_err(|error| unwritable(&error))?;
        let path =
            path.to_str().ok_or("The picture cannot be kept: this computer's folder for data has a strange name.")?;
        measure(path).map(|enclosure| Enclosure { name: FileName::nearest(name), ..enclosure })
    }

    fn discard(&mut self, path: &str) {
        let path = Path::new(path);
        // Only what was put there: everything else is its owner's.
        if path.parent() == Some(&self.pasted()) {
            let _ = fs::remove_file(path);
        }
    }

    fn read(&mut self, enclosure: &Enclosure, offset: u64, most: usize) -> Result<Piece, String> {
        let changed = || {
            format!("{} has changed since it was attached: discard this and attach it again.", enclosure.name.as_str())
        };
        let named = |error: io::Error| unreadable(enclosure.name.as_str(), &error);
        let mut file = open(Path::new(&*enclosure.path)).map_err(named)?;
        let found = file.metadata().map_err(named)?;
        if found.len() != enclosure.size {
            return Err(changed());
        }
        let length = (enclosure.size.saturating_sub(offset)).min(most as u64);
        let mut data = vec![0; usize::try_from(length).map_err(|_| changed())?];
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut data))
            .map_err(|error| if error.kind() == io::ErrorKind::UnexpectedEof { changed() } else { named(error) })?;
        // Afterwards: what was written meanwhile shows, too.
        let modified_nanos = modified_nanos(&file.metadata().map_err(named)?);
        Ok(Piece { data, modified_nanos })
    }

    fn keep(&mut self, path: &str, attachment: &Attachment) {
        if attachment.size <= SENT_KEPT_MAX_BYTES
            && let Ok(to) = self.target(attachment, None)
        {
            match copy(Path::new(path), &to, attachment.size) {
                Ok(()) => self.tidy(&to),
                Err(error) => tracing::debug!("a picture that was sent is not kept: {error}"),
            }
        }
    }

    fn find(&mut self, attachment: &Attachment, to: Option<&str>) -> Result<Option<String>, String> {
        let Some(kept) = self.kept(attachment) else { return Ok(None) };
        // It was looked at now. Where that cannot be said, it goes earlier.
        let _ = File::options().append(true).open(&kept).and_then(|file| file.set_modified(SystemTime::now()));
        match to {
            None => Ok(Some(kept.display().to_string())),
            Some(to) => match copy(&kept, Path::new(to), attachment.size) {
                Ok(()) => Ok(Some(to.into())),
                Err(error) => Err(unwritable(&error)),
            },
        }
    }

    fn write(&mut self, attachment: &Attachment, to: Option<&str>, offset: u64, data: &[u8]) -> Result<(), String> {
        if offset == 0 {
            self.give_up(attachment.file);
            let file = files::beside(&self.target(attachment, to)?).map_err(|error| unwritable(&error))?;
            self.coming.push((attachment.file, file));
        }
        let coming = self.coming.iter_mut().find(|(file, _)| *file == attachment.file);
        let (_, file) = coming.ok_or("The file was given up: fetch it again.")?;
        file.write_all(data).map_err(|error| unwritable(&error))
    }

    fn finish(&mut self, attachment: &Attachment, to: Option<&str>) -> Result<String, String> {
        let target = self.target(attachment, to)?;
        let file = match self.coming.iter().position(|(file, _)| *file == attachment.file) {
            Some(at) => self.coming.swap_remove(at).1,
            // One without a byte was never begun.
            None => files::beside(&target).map_err(|error| unwritable(&error))?,
        };
        file.commit().map_err(|error| unwritable(&error))?;
        if to.is_none() {
            self.tidy(&target);
        }
        Ok(target.display().to_string())
    }

    fn give_up(&mut self, file: FileId) {
        self.coming.retain(|(coming, _)| *coming != file);
    }

    fn clear(&mut self) {
        if let Some(folder) = &self.shown
            && let Err(error) = fs::remove_dir_all(folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("files that were shown are still in {}: {error}", folder.display());
        }
        self.count();
    }

    fn kept_bytes(&self) -> u64 {
        self.kept
    }
}

/// Looks at a file that is to be sent.
///
/// # Errors
/// What is wrong and what to do, in a sentence.
pub fn measure(path: &str) -> Result<Enclosure, String> {
    let whole = Path::new(path);
    let name = FileName::nearest(&whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy());
    let shown = name.as_str();
    let found = fs::metadata(whole).map_err(|error| unreadable(shown, &error))?;
    if found.is_dir() {
        return Err(format!("{shown} is a folder: pack it into one file, and attach that."));
    }
    if !found.is_file() {
        return Err(format!("{shown} is no file that can be sent: attach a file."));
    }
    if found.len() > FILE_MAX_BYTES {
        return Err(format!("{shown} is too large: a file has at most {} GB.", FILE_MAX_BYTES >> 30));
    }
    // Whether it can be read shows now, and not when it is sent.
    drop(open(whole).map_err(|error| unreadable(shown, &error))?);
    let path = std::path::absolute(whole).ok().and_then(|path| path.to_str().map(Arc::from)).unwrap_or(Arc::from(path));
    let (size, modified_nanos) = (found.len(), modified_nanos(&found));
    Ok(Enclosure { path, size, modified_nanos, image: picture(whole), name, file: None, sent: 0 })
}

/// When a file was last changed, in nanoseconds since 1970-01-01 00:00 UTC; nothing where the system does not say.
fn modified_nanos(found: &fs::Metadata) -> Option<i64> {
    let modified = found.modified().ok()?;
    match modified.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|nanos| -nanos),
    }
}

/// How large a picture is as it is shown; nothing if it is none.
fn picture(path: &Path) -> Option<ImageSize> {
    let reader = ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation().unwrap_or(Orientation::NoTransforms),
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    if turned { ImageSize::new(height, width) } else { ImageSize::new(width, height) }
}

/// Opens a plain file, wherever a link to it leads: its owner chose it. A pipe would be waited for.
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    File::open(path)
}

/// Puts a copy of a file of that length in the place of what is there, whole or not at all.
fn copy(from: &Path, to: &Path, size: u64) -> io::Result<()> {
    let mut file = files::beside(to)?;
    if io::copy(&mut open(from)?.take(size.saturating_add(1)), &mut file)? != size {
        return Err(io::Error::other("it has another length now"));
    }
    file.commit()
}

/// Where a file of that name can be put into a folder without replacing anything: `plan.pdf`, `plan (2).pdf`. The name is
/// one that every system takes, and hides nothing.
pub fn free_place(folder: &Path, name: &FileName) -> PathBuf {
    let usual = |c: char| if r#"<>:"|?*"#.contains(c) { '_' } else { c };
    let name: String = name.as_str().chars().map(usual).collect();
    let name = name.strip_prefix('.').map(|rest| format!("_{rest}")).unwrap_or(name);
    let (stem, kind) = match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => name.split_at(at),
        None => (name.as_str(), ""),
    };
    let numbered = |n: u32| {
        let end = if n == 1 { kind.to_owned() } else { format!(" ({n}){kind}") };
        let most = FILE_NAME_MAX_BYTES.saturating_sub(end.len());
        folder.join(format!("{}{end}", &stem[..stem.floor_char_boundary(most)]))
    };
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    (1..=u32::MAX).map(numbered).find(is_free).unwrap_or_else(|| numbered(1))
}

fn unreadable(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{name} is not there: choose another file."),
        io::ErrorKind::PermissionDenied => format!("You have no right to read {name}: choose another file."),
        _ => format!("{name} cannot be read: {error}. Choose another file."),
    }
}

fn unwritable(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => {
            "There is no room left on this computer's disk: make some, and try again.".into()
        }
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => {
            "You have no right to write in that folder: choose another one.".into()
        }
        Kind::NotFound | Kind::NotADirectory => "That folder is not there any more: choose another one.".into(),
        Kind::IsADirectory => "There is a folder of that name: choose another name.".into(),
        _ => format!("The file could not be written: {error}. Try again, or choose another place."),
    }
}
