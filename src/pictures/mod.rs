//! Pictures that came from somebody else: decoded within limits, turned as they were taken, no larger than they are shown.
//! And one that was pasted, as a file, or one that is copied, as a clipboard takes it.
//!
//! What is in them may be anything: whatever it is, what comes of it is a picture or none. Nothing here is for the thread
//! that draws. Knows no disk, but in [`file`].

pub mod copied;
pub mod file;

use std::io::Cursor;

use egui::ColorImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageReader, Limits, RgbaImage};

use crate::proto::limits::IMAGE_MAX_SIDE;

/// The most memory that decoding a picture may take, in bytes: 64 million pixels with four bytes each, which is more than
/// cameras have. A few bytes of a file can ask for any number.
pub const DECODE_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The longest file that is looked at as a picture, in bytes.
pub const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Something is no picture that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no picture that can be shown here")]
pub struct NoPicture;

/// The first picture of a PNG, JPEG, GIF or WebP file, brought down to sides of at most `side_max` pixels.
///
/// # Errors
/// [`NoPicture`]: it is something else, it is damaged, or it is larger than anybody's picture.
pub fn decode(bytes: &[u8], side_max: u32) -> Result<ColorImage, NoPicture> {
    read(bytes, side_max).ok_or(NoPicture)
}

fn read(bytes: &[u8], side_max: u32) -> Option<ColorImage> {
    let pixels = pixels(bytes, side_max)?;
    let size = [usize::try_from(pixels.width()).ok()?, usize::try_from(pixels.height()).ok()?];
    Some(ColorImage::from_rgba_unmultiplied(size, pixels.as_raw()))
}

fn pixels(bytes: &[u8], side_max: u32) -> Option<RgbaImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits());
    let mut decoder = reader.into_decoder().ok()?;
    // That of a photograph is how the camera was held. Where it cannot be read, the picture still can.
    let orientation = decoder.orientation().ok();
    let (width, height) = decoder.dimensions();
    let needs = decoder.total_bytes();
    if width == 0 || height == 0 || needs > DECODE_MAX_BYTES {
        return None;
    }
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if width.max(height) > side_max {
        // Before it is turned: then there is less to turn.
        picture = picture.thumbnail(side_max.max(1), side_max.max(1));
    }
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Some(picture.into_rgba8())
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(IMAGE_MAX_SIDE);
    limits.max_image_height = Some(IMAGE_MAX_SIDE);
    limits.max_alloc = Some(DECODE_MAX_BYTES);
    limits
}

/// A picture as a PNG file. Nothing where it has no pixels.
pub fn png(picture: &ColorImage) -> Option<Vec<u8>> {
    let [width, height] = picture.size;
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let pixels: Vec<u8> = picture.pixels.iter().flat_map(egui::Color32::to_srgba_unmultiplied).collect();
    let mut file = Vec::new();
    // What was pasted is waited for: a screen is large, and this is the fast one.
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive);
    encoder.write_image(&pixels, width, height, image::ExtendedColorType::Rgba8).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picture(width: usize, height: usize) -> ColorImage {
        let pixel = |at: usize| egui::Color32::from_rgb((at % 251) as u8, (at / 251 % 256) as u8, 90);
        ColorImage::new([width, height], (0..width * height).map(pixel).collect())
    }

    fn encoded(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 128]));
        DynamicImage::ImageRgb8(picture).write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_picture_becomes_a_file_and_the_same_picture_again() {
        let picture = picture(9, 5);
        assert_eq!(decode(&png(&picture).unwrap(), 100).unwrap().pixels, picture.pixels);
        assert!(png(&ColorImage::new([0, 0], Vec::new())).is_none());
    }

    #[test]
    fn it_is_no_larger_than_it_is_shown() {
        for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Gif] {
            let file = encoded(400, 100, format);
            assert_eq!(decode(&file, 80).unwrap().size, [80, 20], "{format:?}");
            assert_eq!(decode(&file, 4000).unwrap().size, [400, 100], "{format:?}");
        }
    }

    /// A JPEG file whose camera was held on its side.
    #[test]
    fn it_is_turned_as_it_was_taken() {
        let file = encoded(40, 10, image::ImageFormat::Jpeg);
        // Exif with one entry, behind the mark that every file begins with: orientation 6, a quarter to the right.
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let mut turned = file[..2].to_vec();
        turned.extend([0xff, 0xe1, length[0], length[1]]);
        turned.append(&mut exif);
        turned.extend(&file[2..]);
        assert_eq!(decode(&turned, 100).unwrap().size, [10, 40]);
    }

    /// The head of a PNG file with those sides, and nothing that they could be made of.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut head = b"IHDR".to_vec();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.extend([16, 6, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
        file.extend(&head);
        file.extend(crc32fast::hash(&head).to_be_bytes());
        file.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
        file
    }

    #[test]
    fn a_few_bytes_do_not_ask_for_all_memory() {
        for (width, height) in [(16_384, 16_384), (16_385, 1), (1, 60_000), (u32::MAX >> 1, u32::MAX >> 1)] {
            assert_eq!(decode(&bomb(width, height), 720), Err(NoPicture), "{width} x {height}");
        }
    }

    #[test]
    fn what_is_cut_is_a_picture_or_none() {
        for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Gif] {
            let file = encoded(30, 20, format);
            for end in 0..file.len() {
                let _ = decode(&file[..end], 16);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn bytes_that_were_changed_are_a_picture_or_none(
            which in 0..3_usize,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        ) {
            let formats = [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Gif];
            let mut file = encoded(24, 18, formats[which]);
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            let _ = decode(&file, 16);
        }

        #[test]
        fn any_bytes_are_a_picture_or_none(
            head in prop::sample::select(vec![&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"GIF89a", b"RIFF\x10\0\0\0WEBP", b""]),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = decode(&[head, &rest].concat(), 16);
        }
    }
}
