//! Pictures that are copied: read, and put on the system's clipboard, one at a time and off the thread that draws.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arboard::{Clipboard, ImageData};

use crate::pictures::copied::X11_MAX_BYTES;
use crate::pictures::file;

/// The clipboard, and what is to be put there.
#[derive(Default)]
pub struct Copying {
    /// On X11 what is copied is there as long as whoever has copied it. Shared with whoever copies.
    clipboard: Arc<Mutex<Option<Clipboard>>>,
    /// The last one that was asked for meanwhile; those before it would be replaced at once.
    next: Option<String>,
}

impl std::fmt::Debug for Copying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copying").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Copying {
    /// The picture in that file is to be copied. What is to be done for that now, if anything.
    pub fn ask(&mut self, path: String) -> Option<Work> {
        // Each takes much memory for a moment.
        if Arc::strong_count(&self.clipboard) > 1 {
            self.next = Some(path);
            return None;
        }
        Some(Work { path, clipboard: Arc::clone(&self.clipboard) })
    }

    /// That was done. What is to be done next.
    pub fn done(&mut self) -> Option<Work> {
        self.next.take().and_then(|path| self.ask(path))
    }
}

/// A picture that is to be copied.
pub struct Work {
    path: String,
    clipboard: Arc<Mutex<Option<Clipboard>>>,
}

impl Work {
    /// Copies it, which takes time. What is to be said of it.
    ///
    /// # Errors
    /// Why it was not copied, in a sentence.
    pub fn copy(self) -> Result<String, String> {
        // With Wayland, too, it may go that way, and there is no asking.
        let through_x11 = cfg!(all(unix, not(target_os = "macos")));
        let Ok(picture) = file::copy(Path::new(&self.path), through_x11.then_some(X11_MAX_BYTES)) else {
            let why = "The picture cannot be copied: it is not there any more, or is none that can be shown here.";
            return Err(why.into());
        };
        let is_smaller = picture.is_smaller;
        let image = ImageData { width: picture.width, height: picture.height, bytes: Cow::Owned(picture.rgba) };
        let mut clipboard = self.clipboard.lock().unwrap_or_else(PoisonError::into_inner);
        let put = match &mut *clipboard {
            Some(clipboard) => clipboard.set_image(image),
            None => Clipboard::new().and_then(|new| clipboard.insert(new).set_image(image)),
        };
        match put {
            Ok(()) if is_smaller => Ok("Picture copied, made smaller: the clipboard does not take all of it".into()),
            Ok(()) => Ok("Picture copied".into()),
            Err(error) => Err(format!("The picture cannot be copied: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_copied_at_a_time_and_only_the_last_of_those_that_wait() {
        let mut copying = Copying::default();
        let first = copying.ask("1.png".into()).unwrap();
        assert!(copying.ask("2.png".into()).is_none());
        assert!(copying.ask("3.png".into()).is_none());
        first.copy().unwrap_err();
        assert_eq!(copying.done().map(|work| work.path).as_deref(), Some("3.png"));
        assert!(copying.done().is_none());
        // Whatever ended the one before.
        drop(copying.ask("4.png".into()));
        assert!(copying.ask("5.png".into()).is_some());
    }

    #[test]
    fn what_is_no_picture_says_so() {
        let work = Copying::default().ask("/nowhere/1.png".into()).unwrap();
        let why = work.copy().unwrap_err();
        assert!(why.starts_with("The picture cannot be copied: it is not there"), "{why}");
    }
}
