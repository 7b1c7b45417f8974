//! Scripts that the bundled font lacks: drawn without a box where this machine has a font for them.

mod common;

use common::*;
use egui::epaint::text::{FallbackRequest, FontProvider};
use egui::{FontFamily, Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use egui_system_font_provider::SystemFontProvider;

/// A sentence of each script.
const SAMPLES: [&str; 9] = [
    "שלום עולם, מה שלומך? (10:30)",
    "שָׁלוֹם",
    "مرحبا بالعالم! لا إله ١٢٣",
    "你好，世界。",
    "こんにちは、カタカナ",
    "안녕하세요 세계",
    "नमस्ते दुनिया क्षत्रिय",
    "สวัสดีชาวโลก กำลังใจ",
    "Привет, Ελληνικά, Tiếng Việt",
];

/// Those that this machine has a font for.
fn drawable() -> Vec<&'static str> {
    let fonts = SystemFontProvider::new();
    let family = FontFamily::Proportional;
    let has = |c: char| {
        let cluster = c.to_string();
        c.is_ascii()
            || !c.is_alphabetic()
            || fonts.font_for(&FallbackRequest { cluster: &cluster, family: &family }).is_some()
    };
    SAMPLES.into_iter().filter(|sample| sample.chars().all(has)).collect()
}

/// A window that panics at a box, with these messages, and written in the composer the last of them.
fn window_with(samples: &[&str], size: [f32; 2]) -> Harness<'static, State> {
    let mut model = model();
    for (seq, sample) in (1..).zip(samples) {
        let from = if seq % 3 == 0 { ALICE } else { BOB };
        say(&mut model, BOB, from, seq, NOW, sample, true);
        let id = parlor::proto::ids::UserId(10 + seq as u32);
        let username = sample.chars().take(12).collect::<String>().trim().into();
        let person = parlor::client::model::Person {
            username,
            status: Default::default(),
            last_seen: None,
            joined: Default::default(),
        };
        model.people.insert(id, person);
    }
    model.chats.entry(chat_with(BOB)).or_default().complete = true;
    let mut harness = boxless_with_system_fonts(model, size, Theme::Light);
    open(&mut harness, BOB);
    harness
}

#[test]
fn no_script_is_drawn_as_boxes_where_there_is_a_font() {
    let samples = drawable();
    let mut harness = window_with(&samples, [1000.0, 900.0]);
    for sample in &samples {
        type_text(&mut harness, sample);
        key(&mut harness, Modifiers::SHIFT, Key::Enter);
    }
    harness.run();
    let written: String = samples.iter().map(|sample| format!("{sample}\n")).collect();
    assert_eq!(composer_text(&harness, BOB), written);
    for sample in &samples {
        assert!(harness.query_all_by_label_contains(sample).count() > 0, "{sample}");
    }
}
