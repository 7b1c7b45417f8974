//! A picture as it is put on a clipboard: all of it, or as much of it as the clipboard hands on.

use image::codecs::png::PngEncoder;
use image::{ImageEncoder as _, RgbaImage, imageops};

use super::{NoPicture, pixels};
use crate::proto::limits::IMAGE_MAX_SIDE;

/// The longest PNG that an X server takes at once, in bytes, with something to spare: whoever has copied a longer one hands
/// over nothing.
pub const X11_MAX_BYTES: usize = (16 << 20) - (64 << 10);

/// How much smaller than it seems to need a picture becomes: smaller ones have more in each pixel.
const SPARE: f64 = 0.9;

/// The pixels of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Row by row from the top, four bytes for each pixel: red, green, blue, and how much it covers.
    pub rgba: Vec<u8>,
    /// It is smaller than it was, since all of it would not have been handed on.
    pub is_smaller: bool,
}

/// The first picture of a file, turned as it was taken; as a PNG of at most so many bytes, where there is a limit.
///
/// # Errors
/// [`NoPicture`], as for [`super::decode`].
pub fn copied(bytes: &[u8], png_max_bytes: Option<usize>) -> Result<Copied, NoPicture> {
    let mut picture = pixels(bytes, IMAGE_MAX_SIDE).ok_or(NoPicture)?;
    let whole = picture.dimensions();
    // What is short even without being packed need not be tried.
    while let Some(most) = png_max_bytes.filter(|most| picture.as_raw().len() > *most) {
        let long = packed(&picture).ok_or(NoPicture)?;
        if long <= most {
            break;
        }
        let scale = (most as f64 / long as f64).sqrt() * SPARE;
        let less = |side: u32| ((f64::from(side) * scale) as u32).max(1);
        picture = imageops::thumbnail(&picture, less(picture.width()), less(picture.height()));
    }
    let side = |side: u32| usize::try_from(side).map_err(|_| NoPicture);
    let (width, height) = (side(picture.width())?, side(picture.height())?);
    let is_smaller = picture.dimensions() != whole;
    Ok(Copied { width, height, rgba: picture.into_raw(), is_smaller })
}

/// How long a picture is as a PNG, as clipboards make it, in bytes.
fn packed(picture: &RgbaImage) -> Option<usize> {
    let mut file = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut file).write_image(picture, width, height, image::ExtendedColorType::Rgba8).ok()?;
    Some(file.len())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::ImageFormat;

    use super::*;

    /// Noise, which nothing packs.
    fn noise(width: u32, height: u32) -> RgbaImage {
        let mut state = 1_u32;
        RgbaImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgba(state.to_le_bytes())
        })
    }

    fn file(picture: &RgbaImage) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_picture_is_copied_pixel_by_pixel() {
        let picture = noise(40, 30);
        for most in [None, Some(X11_MAX_BYTES)] {
            let copied = copied(&file(&picture), most).unwrap();
            assert_eq!((copied.width, copied.height, copied.is_smaller), (40, 30, false));
            assert_eq!(copied.rgba, *picture.as_raw());
        }
    }

    #[test]
    fn one_that_would_not_be_handed_on_becomes_smaller() {
        let copied = copied(&file(&noise(400, 200)), Some(100_000)).unwrap();
        assert!(copied.is_smaller && copied.width < 400 && copied.width > 100, "{} wide", copied.width);
        assert_eq!(copied.width / 2, copied.height);
        let (width, height) = (copied.width as u32, copied.height as u32);
        let long = packed(&RgbaImage::from_raw(width, height, copied.rgba).unwrap()).unwrap();
        assert!(long <= 100_000, "{long} bytes");
    }

    #[test]
    fn what_packs_well_stays_whole_however_many_pixels_it_has() {
        let flat = RgbaImage::from_pixel(400, 200, image::Rgba([200, 30, 90, 255]));
        let copied = copied(&file(&flat), Some(100_000)).unwrap();
        assert_eq!((copied.width, copied.height, copied.is_smaller), (400, 200, false));
    }

    #[test]
    fn what_is_no_picture_is_not_copied() {
        assert_eq!(copied(b"no picture", None), Err(NoPicture));
    }
}
