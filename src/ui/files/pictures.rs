//! The pictures that are shown: asked for where they are needed, kept within a limit, forgotten where they are not.
//!
//! The window knows no disk. What it needs is a [`Wish`], which whoever opens the window takes, and answers when the
//! picture is there, from another thread. Until then there is none, and its place is kept free.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};

use egui::{ColorImage, Context, Plugin, TextureHandle, TextureOptions};

use crate::proto::attachment::FileId;

/// The most that pictures take on the graphics card, in bytes: a screen of large ones, and some screens of small ones to
/// scroll back to. What is in sight is kept beyond that.
pub const SHOWN_MAX_BYTES: usize = 64 * 1024 * 1024;

/// The most pictures that are decoded at a time: each can take all of [`crate::pictures::DECODE_MAX_BYTES`] for a moment.
pub const DECODED_AT_ONCE_MAX: usize = 2;

/// The files of this computer that are remembered to be those of messages.
const OWN_MAX: usize = 200;

/// The pictures that are remembered to have come into sight. Beyond them all may be asked for once more.
const FETCHED_MAX: usize = 10_000;

/// How large a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// A tile among others.
    Tile,
    /// In a conversation.
    Small,
    /// All over the window.
    Large,
}

impl Detail {
    /// The longest side, in pixels. `dense`: the screen has more than one pixel to a point.
    fn side_max(self, dense: bool) -> u32 {
        match (self, dense) {
            (Self::Tile, false) => 128,
            (Self::Tile, true) => 256,
            (Self::Small, false) => 360,
            (Self::Small, true) => 720,
            (Self::Large, _) => 2560,
        }
    }
}

/// A picture that somebody is to bring.
#[derive(Debug)]
pub struct Wish {
    /// In which file of this computer it is.
    pub path: Arc<str>,
    /// Its longest side is to have at most so many pixels.
    pub side_max: u32,
    /// For the picture; dropped where there is none.
    pub tell: SyncSender<ColorImage>,
}

/// How a picture stands.
#[derive(Clone)]
pub enum Shown {
    /// It is not there yet.
    Awaited,
    /// It is there.
    There(TextureHandle),
    /// It is none that can be shown.
    Damaged,
}

/// All pictures of a window. Belongs to its context, as their textures do.
#[derive(Default)]
pub struct Pictures {
    entries: BTreeMap<(Arc<str>, Detail), Entry>,
    /// Where files are that this window has sent itself, and so need not be fetched; at most [`OWN_MAX`].
    own: BTreeMap<FileId, Arc<str>>,
    /// Those that were fetched because they came into sight: whatever became of that, it is not tried over and over. At most
    /// [`FETCHED_MAX`].
    fetched: BTreeSet<FileId>,
    dense: bool,
}

struct Entry {
    state: State,
    /// In which pass it was last looked at.
    used: u64,
}

enum State {
    Wanted,
    /// A context is shared by threads, and so what belongs to it must be.
    Asked(Mutex<Receiver<ColorImage>>),
    There(TextureHandle),
    Damaged,
}

impl State {
    fn bytes(&self) -> usize {
        match self {
            Self::There(texture) => texture.byte_size(),
            _ => 0,
        }
    }
}

impl Plugin for Pictures {
    fn debug_name(&self) -> &'static str {
        "pictures"
    }
}

/// The picture in a file, as far as it is there. It is asked for where it is not.
pub fn shown(ctx: &Context, path: &Arc<str>, detail: Detail) -> Shown {
    let Some(pictures) = ctx.plugin_opt::<Pictures>() else { return Shown::Awaited };
    pictures.lock().shown(ctx, path, detail)
}

/// A file of this computer is what that message carries.
pub fn note_own(ctx: &Context, file: FileId, path: &Arc<str>) {
    if let Some(pictures) = ctx.plugin_opt::<Pictures>() {
        let own = &mut pictures.lock().own;
        if own.len() >= OWN_MAX && !own.contains_key(&file) {
            own.pop_first();
        }
        own.insert(file, Arc::clone(path));
    }
}

/// Where a file of a message is on this computer because it was sent from here.
pub fn own(ctx: &Context, file: FileId) -> Option<Arc<str>> {
    ctx.plugin_opt::<Pictures>()?.lock().own.get(&file).cloned()
}

/// Whether a file of a message has come into sight for the first time.
pub fn is_first(ctx: &Context, file: FileId) -> bool {
    let Some(pictures) = ctx.plugin_opt::<Pictures>() else { return false };
    let fetched = &mut pictures.lock().fetched;
    if fetched.len() >= FETCHED_MAX {
        fetched.clear();
    }
    fetched.insert(file)
}

/// What is to be brought now. Asked for after each frame.
pub fn take_wishes(ctx: &Context) -> Vec<Wish> {
    let Some(pictures) = ctx.plugin_opt::<Pictures>() else { return Vec::new() };
    pictures.lock().take_wishes(ctx.cumulative_pass_nr())
}

/// Nothing of the last account stays.
pub fn forget(ctx: &Context) {
    if let Some(pictures) = ctx.plugin_opt::<Pictures>() {
        let mut pictures = pictures.lock();
        pictures.entries.clear();
        pictures.own.clear();
        pictures.fetched.clear();
    }
}

impl Pictures {
    fn shown(&mut self, ctx: &Context, path: &Arc<str>, detail: Detail) -> Shown {
        let pass = ctx.cumulative_pass_nr();
        self.dense = ctx.pixels_per_point() > 1.0;
        let key = (Arc::clone(path), detail);
        let entry = self.entries.entry(key).or_insert(Entry { state: State::Wanted, used: pass });
        entry.used = pass;
        if let State::Asked(told) = &mut entry.state {
            match told.get_mut().unwrap_or_else(PoisonError::into_inner).try_recv() {
                Ok(picture) => {
                    let texture = ctx.load_texture(path.to_string(), picture, TextureOptions::LINEAR);
                    entry.state = State::There(texture);
                    self.make_room(pass);
                }
                Err(TryRecvError::Disconnected) => entry.state = State::Damaged,
                Err(TryRecvError::Empty) => {}
            }
        }
        match self.entries.get(&(Arc::clone(path), detail)).map(|entry| &entry.state) {
            Some(State::There(texture)) => Shown::There(texture.clone()),
            Some(State::Damaged) => Shown::Damaged,
            _ => Shown::Awaited,
        }
    }

    /// Forgets what was not looked at for the longest time, until the rest is within the limit.
    fn make_room(&mut self, pass: u64) {
        let mut bytes: usize = self.entries.values().map(|entry| entry.state.bytes()).sum();
        while bytes > SHOWN_MAX_BYTES {
            // What was drawn in the last frame is drawn in this one.
            let old = |entry: &Entry| entry.used + 1 < pass && entry.state.bytes() > 0;
            let oldest = self.entries.iter().filter(|(_, entry)| old(entry)).min_by_key(|(_, entry)| entry.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            bytes -= self.entries.remove(&key).map_or(0, |entry| entry.state.bytes());
        }
    }

    fn take_wishes(&mut self, pass: u64) -> Vec<Wish> {
        // What was scrolled past is not waited for any more. An answer to it goes nowhere.
        self.entries.retain(|_, entry| {
            let waits = matches!(entry.state, State::Wanted | State::Asked(_));
            !waits || entry.used + 1 >= pass
        });
        let busy = self.entries.values().filter(|entry| matches!(entry.state, State::Asked(_))).count();
        let dense = self.dense;
        let wanted = self.entries.iter_mut().filter(|(_, entry)| matches!(entry.state, State::Wanted));
        let next = wanted.take(DECODED_AT_ONCE_MAX.saturating_sub(busy));
        next.map(|((path, detail), entry)| {
            let (tell, told) = mpsc::sync_channel(1);
            entry.state = State::Asked(Mutex::new(told));
            Wish { path: Arc::clone(path), side_max: detail.side_max(dense), tell }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(ctx: &Context, look: impl FnMut(&mut egui::Ui)) -> Vec<Wish> {
        let mut look = look;
        let output = ctx.run_ui(egui::RawInput::default(), |ui| look(ui));
        output.drop_without_applying_deltas();
        take_wishes(ctx)
    }

    fn context() -> Context {
        let ctx = Context::default();
        ctx.add_plugin(Pictures::default());
        ctx
    }

    #[test]
    fn a_picture_is_asked_for_once_and_then_there() {
        let ctx = context();
        let path: Arc<str> = "a.png".into();
        let look = |ui: &mut egui::Ui| _ = shown(ui.ctx(), &path, Detail::Small);
        let wishes = frame(&ctx, look);
        assert_eq!(wishes.iter().map(|wish| (&*wish.path, wish.side_max)).collect::<Vec<_>>(), [("a.png", 360)]);
        assert!(frame(&ctx, look).is_empty());
        wishes[0].tell.send(ColorImage::filled([2, 2], egui::Color32::RED)).unwrap();
        frame(&ctx, look);
        assert!(matches!(shown(&ctx, &path, Detail::Small), Shown::There(_)));
        assert!(frame(&ctx, look).is_empty());
    }

    #[test]
    fn what_nobody_brings_is_damaged_and_not_asked_for_again() {
        let ctx = context();
        let path: Arc<str> = "a.png".into();
        let look = |ui: &mut egui::Ui| _ = shown(ui.ctx(), &path, Detail::Small);
        drop(frame(&ctx, look));
        assert!(frame(&ctx, look).is_empty());
        assert!(matches!(shown(&ctx, &path, Detail::Small), Shown::Damaged));
    }

    #[test]
    fn a_few_are_decoded_at_a_time_and_what_was_scrolled_past_is_not() {
        let ctx = context();
        let paths: Vec<Arc<str>> = (0..5).map(|n| format!("{n}.png").into()).collect();
        let all = |ui: &mut egui::Ui| paths.iter().for_each(|path| _ = shown(ui.ctx(), path, Detail::Tile));
        let first = frame(&ctx, all);
        assert_eq!(first.len(), DECODED_AT_ONCE_MAX);
        assert!(frame(&ctx, all).is_empty(), "they are busy");
        let last = |ui: &mut egui::Ui| _ = shown(ui.ctx(), &paths[4], Detail::Tile);
        frame(&ctx, last);
        let next: Vec<_> = frame(&ctx, last).into_iter().chain(frame(&ctx, last)).collect();
        assert!(next.iter().all(|wish| &*wish.path == "4.png"), "{next:?}");
    }

    #[test]
    fn what_was_not_seen_for_long_makes_room() {
        let ctx = context();
        // 16 MiB each.
        let paths: Vec<Arc<str>> = (0..8).map(|n| format!("{n}.png").into()).collect();
        for path in &paths {
            let look = |ui: &mut egui::Ui| _ = shown(ui.ctx(), path, Detail::Large);
            for wish in frame(&ctx, look) {
                wish.tell.send(ColorImage::filled([2048, 2048], egui::Color32::RED)).unwrap();
            }
            frame(&ctx, look);
            frame(&ctx, look);
        }
        let pictures = ctx.plugin::<Pictures>();
        let pictures = pictures.lock();
        let bytes: usize = pictures.entries.values().map(|entry| entry.state.bytes()).sum();
        assert!(bytes <= SHOWN_MAX_BYTES, "{bytes}");
        let kept: Vec<&str> = pictures.entries.keys().map(|(path, _)| &**path).collect();
        assert_eq!(kept, ["4.png", "5.png", "6.png", "7.png"]);
    }
}
