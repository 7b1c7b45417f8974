//! The fonts that come with the program, and how they are to behave. Names only families; what they are used for is in
//! [`super::theme`].

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily};

/// What people write.
pub const TEXT: &str = "text";
/// Names, titles, words on buttons.
pub const STRONG: &str = "strong";
/// Icons.
pub const ICONS: &str = "icons";

/// Contextual alternates turn what people wrote into something else: `2x3` into `2×3`, `->` into `→`.
const UNWANTED: [&[u8; 4]; 3] = [b"calt", b"clig", b"liga"];

/// The bundled fonts, each followed by what egui falls back to.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let fallbacks = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let bundled = [
        (TEXT, FontData::from_owned(literal(include_bytes!("../../assets/fonts/Inter-Regular.otf")))),
        (STRONG, FontData::from_owned(literal(include_bytes!("../../assets/fonts/Inter-SemiBold.otf")))),
        (ICONS, FontData::from_static(lucide_icons::LUCIDE_FONT_BYTES)),
    ];
    for (name, data) in bundled {
        fonts.font_data.insert(name.into(), Arc::new(data));
        let chain = std::iter::once(name.to_owned()).chain(fallbacks.iter().cloned());
        fonts.families.insert(FontFamily::Name(name.into()), chain.collect());
    }
    let text = fonts.families.get(&FontFamily::Name(TEXT.into())).cloned().unwrap_or_default();
    fonts.families.insert(FontFamily::Proportional, text);
    fonts
}

/// A copy of a font that shows the letters that were written. egui has no way to switch a font's features off, so in
/// the copy, which exists only in memory, the unwanted ones have names that nobody asks for.
fn literal(font: &[u8]) -> Vec<u8> {
    let mut font = font.to_vec();
    for at in features(&font).unwrap_or_default() {
        if let Some(tag) = font.get_mut(at..at + 4).filter(|tag| UNWANTED.iter().any(|unwanted| tag == unwanted)) {
            tag.make_ascii_uppercase();
        }
    }
    font
}

/// Where the names of the substitutions stand in an OpenType file.
fn features(font: &[u8]) -> Option<Vec<usize>> {
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(font.get(at..at + 2)?.try_into().ok()?)));
    let long = |at: usize| usize::try_from(u32::from_be_bytes(font.get(at..at + 4)?.try_into().ok()?)).ok();
    let tables = short(4)?;
    let record = (0..tables).map(|n| 12 + 16 * n).find(|at| font.get(*at..at + 4) == Some(b"GSUB"))?;
    let table = long(record + 8)?;
    let list = table + short(table + 6)?;
    let count = short(list)?;
    Some((0..count).map(|n| list + 2 + 6 * n).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::font;

    fn count(font: &[u8], wanted: &[u8]) -> usize {
        let at = features(font).unwrap();
        at.iter().filter(|at| font.get(**at..**at + 4) == Some(wanted)).count()
    }

    #[test]
    fn the_copy_differs_in_the_names_of_features_only() {
        let font = include_bytes!("../../assets/fonts/Inter-Regular.otf");
        let copy = literal(font);
        assert!(count(font, b"calt") > 0 && count(&copy, b"calt") == 0);
        assert_eq!(count(font, b"ccmp"), count(&copy, b"ccmp"));
        let differ = font.iter().zip(&copy).filter(|(one, other)| one != other).count();
        assert_eq!((copy.len(), differ), (font.len(), 4 * count(font, b"calt")));
    }

    #[test]
    fn what_is_no_font_is_left_as_it_is() {
        assert_eq!(literal(b"not a font"), b"not a font");
        assert_eq!(literal(&[]), [0; 0]);
    }

    #[test]
    fn letters_look_the_same_whatever_stands_beside_them() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let pictures = |text: &str| -> Vec<_> {
                let galley = ui.painter().layout_no_wrap(text.into(), font::body(), egui::Color32::WHITE);
                galley.rows.iter().flat_map(|row| row.glyphs.iter().map(|glyph| glyph.uv_rect.size)).collect()
            };
            for text in ["2x3", "->", "<-", "=>", "-->", "10:30", "(c)", "A(B)", "x*y", "<=>", "S-8"] {
                let alone: Vec<_> = text.chars().flat_map(|c| pictures(&c.to_string())).collect();
                // Where a glyph falls between pixels, its picture is a pixel wider.
                let near = |(one, other): (&egui::Vec2, &egui::Vec2)| (*one - *other).abs().max_elem() <= 1.0;
                let together = pictures(text);
                assert_eq!(together.len(), alone.len(), "{text}");
                assert!(together.iter().zip(&alone).all(near), "{text}: {together:?} {alone:?}");
            }
        });
        output.drop_without_applying_deltas();
    }
}
