//! Emoji in colour, the same on every machine: Twemoji's pictures, scaled to the size of the text around them.
//!
//! A picture stands for a whole cluster of characters, so flags, skin tones and families are one sign. Fonts are asked
//! first only for what is a sign of ordinary text, too.

use std::io::Cursor;

use egui::epaint::text::{FontPriority, has_emoji_presentation};
use egui::epaint::text::{GlyphBitmap, GlyphRasterizer, GlyphRasterizerRequest, RasterizedGlyph};
use egui::{Color32, ColorImage, vec2};
use twemoji_assets::png::PngTwemojiAsset;

/// How large a picture is, as a share of the font's size.
const SIZE: f32 = 1.2;
/// Room on each side of it.
const SIDE: f32 = 0.06;
/// Its middle is that far above the baseline: in the middle of a capital letter.
const MIDDLE: f32 = 0.364;

/// Signs that are drawn in nearly black: they take the colour of the text, or nobody would see them on a dark ground.
const INKED: &str = "©®™✔✖➕➖➗➰〰";

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

/// Whether a cluster is drawn as an emoji even where a font has a plain sign for it.
fn is_emoji(cluster: &str) -> bool {
    if cluster.is_ascii() || cluster.contains(AS_TEXT) {
        return false;
    }
    // Hearts, suns and scissors are meant as emoji without saying so; signs of text and arrows are not.
    let sign_of_text = |c: char| c < '\u{231a}' || matches!(c, '\u{25aa}'..='\u{25fe}' | '\u{3030}'..='\u{3299}');
    has_emoji_presentation(cluster) || !cluster.starts_with(sign_of_text)
}

/// The pictures of a cluster. One, nearly always; those of its members where nobody has drawn them together.
fn pictures(cluster: &str) -> Option<Vec<&'static [u8]>> {
    let one = |cluster: &str| {
        let asset = PngTwemojiAsset::from_emoji(cluster)
            .or_else(|| PngTwemojiAsset::from_emoji(&cluster.replace([AS_EMOJI, AS_TEXT], "")))?;
        Some(asset.data.0)
    };
    if cluster.is_ascii() {
        return None;
    }
    match one(cluster) {
        Some(picture) => Some(vec![picture]),
        None => cluster.split(JOINER).map(one).collect(),
    }
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
