//! A picture out of a file of this computer.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use egui::ColorImage;

use super::copied::{Copied, copied};
use super::{FILE_MAX_BYTES, NoPicture, decode};

/// Reads a picture, as [`decode`] does, from a file of at most [`FILE_MAX_BYTES`].
///
/// # Errors
/// [`NoPicture`], also where there is no such file.
pub fn open(path: &Path, side_max: u32) -> Result<ColorImage, NoPicture> {
    decode(&bytes(path)?, side_max)
}

/// Reads a picture that is to be copied, as [`copied`] does, from a file of at most [`FILE_MAX_BYTES`].
///
/// # Errors
/// [`NoPicture`], also where there is no such file.
pub fn copy(path: &Path, png_max_bytes: Option<usize>) -> Result<Copied, NoPicture> {
    copied(&bytes(path)?, png_max_bytes)
}

fn bytes(path: &Path) -> Result<Vec<u8>, NoPicture> {
    let file = File::open(path).map_err(|_| NoPicture)?;
    // A pipe has no end and no length, and nobody's picture is one.
    let about = file.metadata().map_err(|_| NoPicture)?;
    if !about.is_file() || about.len() > FILE_MAX_BYTES {
        return Err(NoPicture);
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|_| NoPicture)?;
    if bytes.len() as u64 > FILE_MAX_BYTES { Err(NoPicture) } else { Ok(bytes) }
}
