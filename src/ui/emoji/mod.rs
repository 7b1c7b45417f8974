//! Emoji in colour, the same on every machine: Twemoji's pictures, scaled to the size of the text around them.
//!
//! A picture stands for a whole cluster of characters, so flags, skin tones and families are one sign. Fonts are asked
//! first only for what is a sign of ordinary text, too. What nobody has drawn as a whole is shown as its parts, and what
//! is newer than the pictures as a question mark: never as a box. [`index`] has names, tones and a search,
//! [`taste`] what somebody likes.

pub mod index;
pub mod taste;

use std::io::Cursor;

use egui::epaint::text::{FontPriority, has_emoji_presentation};
use egui::epaint::text::{GlyphBitmap, GlyphRasterizer, GlyphRasterizerRequest, RasterizedGlyph};
use egui::{Color32, ColorImage, vec2};
use twemoji_assets::png::PngTwemojiAsset;
use unicode_segmentation::UnicodeSegmentation;

/// How large a picture is, as a share of the font's size.
const SIZE: f32 = 1.2;
/// Room on each side of it.
const SIDE: f32 = 0.06;
/// Its middle is that far above the baseline: in the middle of a capital letter.
const MIDDLE: f32 = 0.364;

/// Signs that are drawn in nearly black: they take the colour of the text, or nobody would see them on a dark ground.
const INKED: &str = "©®™✔✖➕➖➗➰〰";

/// The most characters of a cluster that has one picture.
const CHARS_MAX: usize = 10;
/// The most pictures that stand for one cluster: a cluster can be as long as a message.
const MEMBERS_MAX: usize = 8;

const JOINER: char = '\u{200d}';
const AS_EMOJI: char = '\u{fe0f}';
const AS_TEXT: char = '\u{fe0e}';

/// What draws emoji: ahead of all fonts what is an emoji, behind them what no font has.
pub fn rasterizers() -> Vec<GlyphRasterizer> {
    let ahead = |request: &GlyphRasterizerRequest<'_>| {
        if is_emoji(request.cluster) { glyph(request.cluster, request.font_size_px) } else { None }
    };
    let behind = |request: &GlyphRasterizerRequest<'_>| glyph(request.cluster, request.font_size_px);
    vec![
        GlyphRasterizer::new("parlor emoji", ahead).with_priority(FontPriority::Highest),
        GlyphRasterizer::new("parlor emoji that are text, too", behind),
    ]
}

/// A message of so many emoji, and of nothing else, is drawn larger.
const LARGE_MAX: usize = 3;

/// Whether a text is nothing but a few emoji.
pub fn is_large(text: &str) -> bool {
    let mut count = 0;
    text.split_whitespace().flat_map(|word| word.graphemes(true)).all(|cluster| {
        count += 1;
        count <= LARGE_MAX && is_emoji(cluster) && pictures(cluster).is_some()
    }) && count > 0
}

/// Whether there is one picture for a cluster.
pub fn is_pictured(cluster: &str) -> bool {
    whole(cluster).is_some()
}

/// Whether a cluster that has a picture is drawn as an emoji even where a font has a plain sign for it.
fn is_emoji(cluster: &str) -> bool {
    if cluster.is_ascii() || cluster.contains(AS_TEXT) {
        return false;
    }
    // Hearts, suns and scissors are meant as emoji without saying so; signs of text and arrows are not.
    let sign_of_text = |c: char| c < '\u{231a}' || matches!(c, '\u{25aa}'..='\u{25fe}' | '\u{3030}'..='\u{3299}');
    has_emoji_presentation(cluster) || !cluster.starts_with(sign_of_text)
}

/// The picture of a cluster that was drawn as a whole.
fn whole(cluster: &str) -> Option<&'static [u8]> {
    // No cluster that was drawn is longer, and the pictures are looked up by so many characters only.
    if cluster.is_ascii() || cluster.chars().nth(CHARS_MAX).is_some() {
        return None;
    }
    let asset = PngTwemojiAsset::from_emoji(cluster)
        .or_else(|| PngTwemojiAsset::from_emoji(&cluster.replace([AS_EMOJI, AS_TEXT], "")))?;
    Some(asset.data.0)
}

/// The pictures of a cluster. One, nearly always; where nobody has drawn it as a whole, those of its members: the people
/// of a family, the letters of a flag, a face and a tone of skin.
fn pictures(cluster: &str) -> Option<Vec<&'static [u8]>> {
    if let Some(picture) = whole(cluster) {
        return Some(vec![picture]);
    }
    let mut found = Vec::new();
    for member in cluster.split(JOINER) {
        if let Some(picture) = whole(member) {
            found.push(picture);
            if found.len() == MEMBERS_MAX {
                break;
            }
            continue;
        }
        let visible = |c: &char| !matches!(c, &AS_EMOJI | &AS_TEXT) && !is_tag(*c);
        for sign in member.chars().filter(visible) {
            found.push(whole(sign.encode_utf8(&mut [0; 4])).or_else(|| is_unknown(sign).then(unknown).flatten())?);
            if found.len() == MEMBERS_MAX {
                return Some(found);
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// What a flag of a region is spelled with. Nothing of it is to be seen.
fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// A place that Unicode keeps for emoji and for which there is no picture.
fn is_unknown(c: char) -> bool {
    matches!(c, '\u{1f300}'..='\u{1faff}')
}

fn unknown() -> Option<&'static [u8]> {
    whole("❓")
}

fn glyph(cluster: &str, font_size_px: f32) -> Option<RasterizedGlyph> {
    let pictures = pictures(cluster)?;
    let side_px = (font_size_px * SIZE).round().clamp(1.0, 512.0);
    let images = pictures.into_iter().map(|picture| scaled(picture, side_px as usize)).collect::<Option<Vec<_>>>()?;
    let mut image = beside(&images);
    let inked = cluster.starts_with(|c| INKED.contains(c));
    if inked {
        for pixel in &mut image.pixels {
            *pixel = Color32::from_white_alpha(pixel.a());
        }
    }
    let margin_px = (font_size_px * SIDE).round();
    let top_px = -(font_size_px * MIDDLE + side_px / 2.0).round();
    let advance_px = image.width() as f32 + 2.0 * margin_px;
    let bitmap = GlyphBitmap { image, offset_px: vec2(margin_px, top_px), is_color: !inked };
    Some(RasterizedGlyph { bitmap, advance_px })
}

/// Decodes a picture and scales it to a square: each pixel is the mean of what it covers.
fn scaled(png: &[u8], side: usize) -> Option<ColorImage> {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut bytes).ok()?;
    let (width, height) = (info.width as usize, info.height as usize);
    // Light, and how much of it gets through.
    let pixels: Vec<[f32; 4]> = match info.color_type {
        png::ColorType::Rgba => {
            bytes.as_chunks().0.iter().map(|[r, g, b, a]| premultiplied([*r, *g, *b], *a)).collect()
        }
        png::ColorType::GrayscaleAlpha => {
            bytes.as_chunks().0.iter().map(|[grey, a]| premultiplied([*grey; 3], *a)).collect()
        }
        _ => return None,
    };
    let (columns, rows) = (shares(width, side), shares(height, side));
    let mut scaled = Vec::with_capacity(side * side);
    for row in &rows {
        for column in &columns {
            let mut sum = [0.0; 4];
            for (y, share_y) in row {
                for (x, share_x) in column {
                    let pixel = pixels.get(y * width + x)?;
                    for (sum, part) in sum.iter_mut().zip(pixel) {
                        *sum += part * share_x * share_y;
                    }
                }
            }
            let [r, g, b, a] = sum.map(|part| part.round() as u8);
            scaled.push(Color32::from_rgba_premultiplied(r, g, b, a));
        }
    }
    Some(ColorImage::new([side, side], scaled))
}

fn premultiplied(color: [u8; 3], alpha: u8) -> [f32; 4] {
    let [r, g, b] = color.map(|part| f32::from(part) * f32::from(alpha) / 255.0);
    [r, g, b, f32::from(alpha)]
}

/// For each of `to` places, which of `from` places it covers, and how much each counts.
fn shares(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let step = from as f32 / to as f32;
    let place = |at: usize| {
        let (start, end) = (at as f32 * step, (at + 1) as f32 * step);
        let covered = start as usize..(end.ceil() as usize).min(from);
        covered.map(|n| (n, ((end.min(n as f32 + 1.0) - start.max(n as f32)) / step).max(0.0))).collect()
    };
    (0..to).map(place).collect()
}

fn beside(images: &[ColorImage]) -> ColorImage {
    let height = images.iter().map(ColorImage::height).max().unwrap_or(0);
    let width = images.iter().map(ColorImage::width).sum();
    let mut pixels = Vec::with_capacity(width * height);
    for row in 0..height {
        for image in images {
            pixels.extend(image.pixels.chunks(image.width()).nth(row).unwrap_or_default());
        }
    }
    ColorImage::new([width, height], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_in_colour_and_of_the_size_of_the_text() {
        for cluster in
            ["😀", "🤨", "🚣", "🎉", "✅", "❤️", "❤", "☀️", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽", "👨‍👩‍👧‍👦", "👩🏾‍🚀", "🏳️‍🌈", "1️⃣", "☺️", "🫩"]
        {
            assert!(is_emoji(cluster), "{cluster}");
            let glyph = glyph(cluster, 29.0).expect(cluster);
            assert_eq!(glyph.bitmap.image.size, [35, 35], "{cluster}");
            assert!(glyph.bitmap.is_color);
            let coloured = |color: &&Color32| {
                let [r, g, b, a] = color.to_array();
                a > 200 && r.max(g).max(b) - r.min(g).min(b) > 40
            };
            assert!(glyph.bitmap.image.pixels.iter().filter(coloured).count() > 40, "{cluster}");
        }
    }

    #[test]
    fn signs_of_text_are_left_to_the_fonts() {
        for cluster in ["a", "1", "#", "©", "®", "™", "→", "↔", "▪", "é", "王", "ש", "✔\u{fe0e}", "∞", "‼"]
        {
            assert!(!is_emoji(cluster) || glyph(cluster, 20.0).is_none(), "{cluster}");
        }
    }

    #[test]
    fn every_emoji_of_unicode_that_the_pictures_are_made_for_is_one_picture() {
        let (mut whole_ones, mut newer) = (0, 0);
        for plain in emojis::iter() {
            for emoji in plain.skin_tones().into_iter().flatten().chain([plain]) {
                assert!(is_emoji(emoji.as_str()) || INKED.contains(&emoji.as_str()[..2]), "{emoji}");
                let count = pictures(emoji.as_str()).map(|pictures| pictures.len());
                if emoji.emoji_version() <= emojis::EmojiVersion::new(17, 0) {
                    whole_ones += 1;
                    assert_eq!(count, Some(1), "{emoji} {}", emoji.name());
                } else {
                    newer += 1;
                    assert!(count.is_some(), "{emoji} {}", emoji.name());
                }
            }
        }
        assert!(whole_ones > 3_700, "{whole_ones} and {newer} newer");
    }

    #[test]
    fn what_nobody_has_drawn_is_shown_as_its_parts() {
        for (cluster, parts) in [
            ("🦊\u{200d}🐙", "🦊🐙"),
            ("🇽🇽", "🇽🇽"),
            // The flag of Texas.
            ("🏴\u{e0075}\u{e0073}\u{e0074}\u{e0078}\u{e007f}", "🏴"),
            ("🐶🏽", "🐶🏽"),
            ("👩🏽\u{200d}🎉", "👩🏽🎉"),
            ("🎉\u{200d}", "🎉"),
            ("\u{1faff}", "❓"),
        ] {
            let found = pictures(cluster).unwrap_or_else(|| panic!("{cluster}"));
            let wanted: Vec<_> = parts.chars().map(|c| whole(c.encode_utf8(&mut [0; 4])).unwrap()).collect();
            let same = found == wanted || (parts.contains('🏽') && found.len() < parts.chars().count());
            assert!(same, "{cluster}: {} for {parts}", found.len());
        }
        let long = "🦊\u{200d}".repeat(5_000);
        assert_eq!(pictures(&long).unwrap().len(), MEMBERS_MAX);
        assert_eq!(pictures("🦊\u{200d}a"), None);
    }

    #[test]
    fn a_few_emoji_alone_are_drawn_larger() {
        for text in ["🎉", "🎉🎉 👍🏽", " ❤️\n", "👨‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿1️⃣", "🇽🇽"]
        {
            assert!(is_large(text), "{text}");
        }
        for text in ["", " ", "🎉🎉🎉🎉", "🎉!", "1", "©", "12", "ok 👍", "™"] {
            assert!(!is_large(text), "{text}");
        }
    }

    #[test]
    fn a_family_that_nobody_has_drawn_stands_side_by_side() {
        let glyph = glyph("🦊\u{200d}🐙", 20.0).unwrap();
        assert_eq!(glyph.bitmap.image.size, [48, 24]);
        assert!(super::glyph("🦊\u{200d}a", 20.0).is_none());
    }

    #[test]
    fn what_is_nearly_black_takes_the_colour_of_the_text() {
        for sign in INKED.chars() {
            let png = pictures(sign.encode_utf8(&mut [0; 4])).expect("it has a picture");
            let image = scaled(png[0], 72).unwrap();
            assert!(image.pixels.iter().all(|color| color.r().max(color.g()).max(color.b()) < 90), "{sign}");
            let glyph = glyph(&format!("{sign}\u{fe0f}"), 20.0).unwrap();
            assert!(!glyph.bitmap.is_color);
        }
    }

    #[test]
    fn scaling_loses_no_light() {
        for (from, to) in [(72, 17), (72, 72), (72, 100), (3, 7)] {
            for place in shares(from, to) {
                let sum: f32 = place.iter().map(|(_, share)| share).sum();
                assert!((sum - 1.0).abs() < 1e-4, "{from} to {to}: {sum}");
            }
        }
    }
}
