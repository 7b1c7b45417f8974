//! What egui gets wrong and Parlor works around, shown in plain egui. A test here fails when egui has mended the defect:
//! then the workaround that docs/EGUI.md names can go, and its line and its test with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use egui::epaint::text::{FontPriority, Galley, GlyphBitmap, GlyphRasterizer, RasterizedGlyph, Row};
use egui::text::CCursorRange;
use egui::widgets::text_edit::TextEditState;
use egui::{
    Color32, ColorImage, Event, FontData, FontDefinitions, FontFamily, FontId, Id, Key, Modifiers, TextEdit, Ui, Vec2,
};
use egui_kittest::Harness;

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
/// On two lines: what is on one, and in one font, egui shapes in the direction of its first letter.
const HEBREW: &str = "hello\nשלום";
const FAMILY: &str = "👨‍👩‍👧‍👦";

fn field() -> Id {
    Id::unique("field")
}

/// A window of one field.
fn edited(text: &str) -> Harness<'static, String> {
    let show = |ui: &mut Ui, text: &mut String| {
        ui.add(TextEdit::multiline(text).id(field())).accessible_name("field");
    };
    let builder = Harness::builder().allow_missing_glyphs();
    let mut harness = builder.build_ui_state(show, text.to_owned());
    harness.ctx.memory_mut(|memory| memory.request_focus(field()));
    harness.run();
    press(&mut harness, CTRL, Key::End);
    harness
}

fn press<S>(harness: &mut Harness<'_, S>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

fn caret(harness: &Harness<'_, String>) -> CCursorRange {
    TextEditState::load(&harness.ctx, field()).and_then(|state| state.cursor.char_range()).unwrap_or_default()
}

/// Looks at a layout in plain egui.
fn laid_out<T>(text: &str, width: f32, look: impl Fn(&Galley) -> T) -> T {
    with_fonts(FontDefinitions::default(), text, width, look)
}

fn with_fonts<T>(fonts: FontDefinitions, text: &str, width: f32, look: impl Fn(&Galley) -> T) -> T {
    let ctx = egui::Context::default();
    ctx.set_fonts(fonts);
    let mut seen = None;
    let output = ctx.run_ui(egui::RawInput::default(), |ui| {
        let galley = ui.painter().layout(text.to_owned(), FontId::proportional(14.5), Color32::WHITE, width);
        seen = Some(look(&galley));
    });
    output.drop_without_applying_deltas();
    seen.expect("a frame was drawn")
}

/// The left edges of two characters.
fn places(galley: &Galley, one: char, other: char) -> (f32, f32) {
    let glyphs = galley.rows.iter().flat_map(|row| row.glyphs.iter());
    let drawn: Vec<_> = glyphs.filter(|glyph| glyph.advance_width > 0.0).collect();
    let place = |c| drawn.iter().find(|glyph| glyph.chr == c).map(|glyph| glyph.pos.x).expect("it is drawn");
    (place(one), place(other))
}

#[test]
fn a_word_from_the_right_has_too_many_glyphs() {
    let glyphs =
        laid_out(HEBREW, f32::INFINITY, |galley| galley.rows.iter().map(|row| row.glyphs.len()).sum::<usize>());
    assert!(glyphs > HEBREW.chars().count());
}

#[test]
fn removing_a_word_behind_hebrew_panics() {
    let mut harness = edited(HEBREW);
    assert!(catch_unwind(AssertUnwindSafe(|| press(&mut harness, CTRL, Key::Delete))).is_err());
}

#[test]
fn removing_a_word_in_hebrew_removes_the_others() {
    let removed = catch_unwind(|| {
        let mut harness = edited(HEBREW);
        press(&mut harness, CTRL, Key::Backspace);
        harness.state().clone()
    });
    assert_ne!(removed.ok().as_deref(), Some("hello\n"));
}

#[test]
fn selecting_hebrew_panics() {
    let mut harness = Harness::builder().allow_missing_glyphs().build_ui(|ui| {
        ui.label(HEBREW);
    });
    let at = egui::pos2(12.0, 16.0);
    for _ in 0..2 {
        harness.hover_at(at);
        harness.drag_at(at);
        harness.drop_at(at);
    }
    harness.run();
    let both = CTRL | Modifiers::SHIFT;
    let select = |harness: &mut Harness<'_>| {
        for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowLeft, Key::ArrowRight, Key::End, Key::ArrowLeft] {
            press(harness, both, key);
        }
    };
    let panicked = catch_unwind(AssertUnwindSafe(|| select(&mut harness))).is_err();
    assert_eq!(panicked, cfg!(debug_assertions));
}

#[test]
fn words_from_the_right_stand_in_the_wrong_order() {
    let ctx = egui::Context::default();
    // The blank comes from elsewhere than the letters, as it does where those are in a font of the system.
    ctx.set_glyph_rasterizers(vec![
        GlyphRasterizer::new("blank", |request| {
            let image = ColorImage::filled([1, 1], Color32::TRANSPARENT);
            let bitmap = GlyphBitmap { image, offset_px: Vec2::ZERO, is_color: false };
            (request.cluster == " ").then_some(RasterizedGlyph { bitmap, advance_px: 5.0 })
        })
        .with_priority(FontPriority::Highest),
    ]);
    let mut seen = (0.0, 0.0);
    let output = ctx.run_ui(egui::RawInput::default(), |ui| {
        let galley = ui.painter().layout_no_wrap("אבג דהו".into(), FontId::proportional(14.5), Color32::WHITE);
        seen = places(&galley, 'א', 'ד');
    });
    output.drop_without_applying_deltas();
    assert!(seen.0 < seen.1, "the word that is read first stands at the left");
}

#[test]
fn arabic_figures_are_turned_round() {
    let (one, two) = laid_out("١٢", f32::INFINITY, |galley| places(galley, '١', '٢'));
    assert!(one > two);
}

#[test]
fn an_arrow_stops_within_an_emoji() {
    let mut harness = edited(FAMILY);
    press(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    let at = caret(&harness).primary.index.0;
    assert!(0 < at && at < FAMILY.chars().count());
}

#[test]
fn backspace_takes_an_emoji_apart() {
    let mut harness = edited(FAMILY);
    press(&mut harness, Modifiers::NONE, Key::Backspace);
    assert_ne!(harness.state(), "");
}

#[test]
fn there_are_no_emoji() {
    let ctx = egui::Context::default();
    let mut has = true;
    let output = ctx.run_ui(egui::RawInput::default(), |ui| {
        has = ui.fonts_mut(|fonts| fonts.has_glyph(&FontId::proportional(14.0), '🤨'));
    });
    output.drop_without_applying_deltas();
    assert!(!has);
}

fn inter() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let data = FontData::from_static(include_bytes!("../assets/fonts/Inter-Regular.otf"));
    fonts.font_data.insert("inter".into(), Arc::new(data));
    fonts.families.insert(FontFamily::Proportional, vec!["inter".into()]);
    fonts
}

#[test]
fn a_font_turns_what_was_written_into_something_else() {
    let picture = |text: &str| {
        let seen =
            |galley: &Galley| galley.rows[0].glyphs.iter().find(|glyph| glyph.chr == 'x').map(|x| x.advance_width);
        with_fonts(inter(), text, f32::INFINITY, seen)
    };
    assert_ne!(picture("2x3"), picture("x"));
}

#[test]
fn broken_lines_begin_at_different_places() {
    let text = "The lazy dog and many others hid behind the very old shed while it was raining, then left";
    let ctx = egui::Context::default();
    ctx.set_fonts(inter());
    let mut differ = 0;
    let output = ctx.run_ui(egui::RawInput::default(), |ui| {
        let layout =
            |text: &str, width| ui.painter().layout(text.to_owned(), FontId::proportional(13.0), Color32::WHITE, width);
        let first = |row: &Row| row.glyphs.first().map(|glyph| (glyph.pos.x, glyph.uv_rect));
        for width in 90..240_u8 {
            for row in &layout(text, width.into()).rows {
                let alone = layout(row.text().trim_end(), f32::INFINITY);
                differ += usize::from(first(row) != first(&alone.rows[0]));
            }
        }
    });
    output.drop_without_applying_deltas();
    assert!(differ > 0);
}

#[test]
fn what_is_typed_behind_tab_stays_in_the_field() {
    let show = |ui: &mut Ui, texts: &mut [String; 2]| {
        for (n, text) in texts.iter_mut().enumerate() {
            ui.add(TextEdit::singleline(text).id(field().with(n))).accessible_name("field");
        }
    };
    let mut harness = Harness::builder().build_ui_state(show, [String::new(), String::new()]);
    harness.ctx.memory_mut(|memory| memory.request_focus(field().with(0)));
    harness.run();
    let tab =
        |pressed| Event::Key { key: Key::Tab, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE };
    harness.input_mut().events.extend([
        Event::Text("name".into()),
        tab(true),
        tab(false),
        Event::Text("secret".into()),
    ]);
    harness.run();
    assert_ne!(harness.state(), &["name".to_owned(), "secret".to_owned()]);
}
