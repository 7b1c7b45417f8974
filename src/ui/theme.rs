//! How Parlor looks: colours, type, spacing and radii, each named once. Everything that is drawn takes them from here.
//!
//! No state and no layout: a view decides where things go, this file what they are made of.

use egui::{Color32, CornerRadius, FontFamily, FontId, Stroke, TextStyle, Theme, vec2};

use super::{emoji, fonts};

/// The distances that views are built from, in points.
pub mod space {
    /// Between things that belong together.
    pub const XS: f32 = 4.0;
    /// Between an icon and its text.
    pub const S: f32 = 8.0;
    /// Inside a row or a bubble.
    pub const M: f32 = 12.0;
    /// Between groups, and at the edges of panes.
    pub const L: f32 = 16.0;
    /// Around what stands alone.
    pub const XL: f32 = 24.0;
}

/// The radii of corners, in points.
pub mod radius {
    /// Rows, fields and buttons.
    pub const S: u8 = 9;
    /// Bubbles and the composer.
    pub const M: u8 = 16;
    /// Cards.
    pub const L: u8 = 18;
    /// The corner of a bubble that points to its author's side.
    pub const TAIL: u8 = 5;
}

/// Below this width, in points, one pane is shown instead of two.
pub const NARROW: f32 = 640.0;
/// The height of the header of a pane.
pub const HEADER: f32 = 60.0;
/// From this width on, in points, there is room for the details beside the conversation.
pub const WIDE: f32 = 1100.0;
/// The width of the details where they stand beside the conversation.
pub const DETAILS: f32 = 304.0;
/// The height of a person's row in the list.
pub const PERSON_ROW: f32 = 66.0;
/// The height of the heading of a part of the list.
pub const HEADING_ROW: f32 = 38.0;
/// The height of the line that says that a part of the list has no rows.
pub const NOTHING_ROW: f32 = 34.0;
/// The height of a row where one looks through people: to choose some, or to see who is in a room.
pub const MEMBER_ROW: f32 = 50.0;
/// The widest that a conversation gets, however wide the window.
pub const COLUMN_MAX: f32 = 860.0;
/// The widest that a bubble's text gets: about 75 letters, which is as long as lines stay readable.
pub const BUBBLE_TEXT_MAX: f32 = 520.0;
/// The height of a line of text in messages and in the composer.
pub const LINE: f32 = 21.0;
/// The height of a line of a message that is nothing but a few emoji.
pub const LARGE_LINE: f32 = 46.0;

/// The type scale.
pub mod font {
    use super::{FontFamily, FontId};
    use crate::ui::fonts::{ICONS, STRONG, TEXT};

    fn text(size: f32) -> FontId {
        FontId::new(size, FontFamily::Name(TEXT.into()))
    }

    fn strong_of(size: f32) -> FontId {
        FontId::new(size, FontFamily::Name(STRONG.into()))
    }

    /// The name of the program, alone on a page.
    pub fn display() -> FontId {
        strong_of(26.0)
    }

    /// The title of a pane.
    pub fn title() -> FontId {
        strong_of(17.0)
    }

    /// Names, and words on buttons.
    pub fn strong() -> FontId {
        strong_of(14.5)
    }

    /// What people write.
    pub fn body() -> FontId {
        text(14.5)
    }

    /// A few emoji that are all that somebody writes.
    pub fn large() -> FontId {
        text(32.0)
    }

    /// An emoji that can be chosen.
    pub fn choice() -> FontId {
        text(21.0)
    }

    /// Previews, explanations, states.
    pub fn small() -> FontId {
        text(13.0)
    }

    /// Small and important: badges, authors, days.
    pub fn small_strong() -> FontId {
        strong_of(12.5)
    }

    /// Headings of parts of a list, in capitals.
    pub fn heading() -> FontId {
        strong_of(11.5)
    }

    /// Times.
    pub fn tiny() -> FontId {
        text(11.5)
    }

    /// The groups of a fingerprint, whose letters stand below one another.
    pub fn fingerprint() -> FontId {
        FontId::monospace(19.0)
    }

    /// Initials in an avatar of that diameter.
    pub fn initials(diameter: f32) -> FontId {
        strong_of((diameter * 0.38).round())
    }

    /// Icons.
    pub fn icon(size: f32) -> FontId {
        FontId::new(size, FontFamily::Name(ICONS.into()))
    }
}

/// The colours of one theme. Pairs that carry text are checked for contrast in this file's tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Behind lists and headers.
    pub surface: Color32,
    /// Behind a conversation.
    pub backdrop: Color32,
    /// What others wrote.
    pub bubble: Color32,
    /// What this person wrote.
    pub bubble_own: Color32,
    /// Fields, and the pill of a day.
    pub field: Color32,
    /// A row under the pointer.
    pub hover: Color32,
    /// The row of the open chat.
    pub selected: Color32,
    /// Lines between panes.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Text of less weight.
    pub subdued: Color32,
    /// Times in one's own bubble.
    pub subdued_own: Color32,
    /// Behind a message that is answered, in what others wrote.
    pub quote: Color32,
    /// The same in what this person wrote.
    pub quote_own: Color32,
    /// Links, drafts, ticks.
    pub accent: Color32,
    /// Buttons and badges.
    pub accent_fill: Color32,
    /// A button under the pointer.
    pub accent_hover: Color32,
    /// Text on buttons and badges.
    pub on_accent: Color32,
    /// A badge that does not ask for attention.
    pub quiet_fill: Color32,
    /// What went wrong.
    pub danger: Color32,
    /// The bar of a lost connection.
    pub notice: Color32,
    /// Text on it.
    pub on_notice: Color32,
    /// Selected text.
    pub selection: Color32,
    /// Behind what a search has found.
    pub found: Color32,
    /// The same where one is.
    pub found_here: Color32,
    /// Somebody is there.
    pub online: Color32,
    /// Somebody is there and has not been active for a while.
    pub away: Color32,
    /// The ticks of a message that was seen, on one's own bubble.
    pub seen_own: Color32,
    /// Names in bubbles, one picked for each person.
    pub names: [Color32; PEOPLE],
}

impl Palette {
    /// The name of somebody who is answered: their colour, a little nearer to that of text, as what is behind it is
    /// darker than a bubble.
    pub fn answered(&self, tint: usize) -> Color32 {
        self.names.get(tint).map_or(self.text, |name| name.lerp_to_gamma(self.text, 0.25))
    }
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// How many colours people have.
const PEOPLE: usize = 12;

/// Behind initials, the same in both themes; white is readable on each.
const AVATARS: [Color32; PEOPLE] = [
    rgb(0xb8_4d49),
    rgb(0xb4_561a),
    rgb(0x9f_6700),
    rgb(0x7c_7402),
    rgb(0x48_801f),
    rgb(0x03_835b),
    rgb(0x07_7f7a),
    rgb(0x06_7c9d),
    rgb(0x32_73c3),
    rgb(0x6e_65c2),
    rgb(0x93_58ac),
    rgb(0xaf_4d80),
];

static LIGHT: Palette = Palette {
    surface: rgb(0xff_ffff),
    backdrop: rgb(0xee_f1ef),
    bubble: rgb(0xff_ffff),
    bubble_own: rgb(0xd3_eee8),
    field: rgb(0xf1_f4f3),
    hover: rgb(0xf2_f5f4),
    selected: rgb(0xe0_f2ee),
    line: rgb(0xe1_e6e4),
    text: rgb(0x17_2120),
    subdued: rgb(0x5b_6966),
    subdued_own: rgb(0x3e_655e),
    quote: rgb(0xf1_f4f3),
    quote_own: rgb(0xc2_e5dd),
    accent: rgb(0x0b_736b),
    accent_fill: rgb(0x0d_7a72),
    accent_hover: rgb(0x0a_6861),
    on_accent: rgb(0xff_ffff),
    quiet_fill: rgb(0x6b_7875),
    danger: rgb(0xb3_261e),
    notice: rgb(0xff_f3d3),
    on_notice: rgb(0x5f_4700),
    selection: rgb(0xa9_dcd3),
    found: rgb(0xff_edb3),
    found_here: rgb(0xff_bf47),
    online: rgb(0x2a_a65a),
    away: rgb(0xb8_7a0c),
    seen_own: rgb(0x12_68b8),
    names: AVATARS,
};

static DARK: Palette = Palette {
    surface: rgb(0x17_1d1c),
    backdrop: rgb(0x0f_1413),
    bubble: rgb(0x20_2827),
    bubble_own: rgb(0x17_4a45),
    field: rgb(0x22_2a29),
    hover: rgb(0x1e_2625),
    selected: rgb(0x1d_3633),
    line: rgb(0x29_3231),
    text: rgb(0xe7_edeb),
    subdued: rgb(0x97_a5a2),
    subdued_own: rgb(0xa3_cbc4),
    quote: rgb(0x19_201f),
    quote_own: rgb(0x12_3c38),
    accent: rgb(0x5f_cfc2),
    accent_fill: rgb(0x0e_7a72),
    accent_hover: rgb(0x0f_837a),
    on_accent: rgb(0xff_ffff),
    quiet_fill: rgb(0x4a_5654),
    danger: rgb(0xff_8f85),
    notice: rgb(0x3b_3013),
    on_notice: rgb(0xf5_d98d),
    selection: rgb(0x2b_716a),
    found: rgb(0x57_4a1c),
    found_here: rgb(0x8f_5e00),
    online: rgb(0x3f_c673),
    away: rgb(0xe5_b04a),
    seen_own: rgb(0x6e_d0ff),
    names: [
        rgb(0xfd_a19a),
        rgb(0xf8_a87e),
        rgb(0xea_b26b),
        rgb(0xc8_c26b),
        rgb(0x9f_ce85),
        rgb(0x76_d4a9),
        rgb(0x59_d4cd),
        rgb(0x65_cdf3),
        rgb(0x91_c1ff),
        rgb(0xb6_b4fe),
        rgb(0xd9_a8ef),
        rgb(0xf4_a0c8),
    ],
};

/// Behind what stands on a picture, in both themes.
pub const SHADE: Color32 = Color32::from_black_alpha(150);
/// All around a picture that one looks at.
pub const BEHIND_PICTURE: Color32 = rgb(0x0c_0f0f);
/// Words of less weight there.
pub const ON_PICTURE_QUIET: Color32 = Color32::from_gray(190);
/// A button there that does nothing now.
pub const ON_PICTURE_OFF: Color32 = Color32::from_gray(105);
/// Behind a button there that is under the pointer.
pub const ON_PICTURE_HOVER: Color32 = Color32::from_gray(80);
/// The ticks of a message that was seen, on a shade.
pub const SEEN_OVER: Color32 = rgb(0x8a_dcff);
/// What went wrong, on a shade.
pub const DANGER_OVER: Color32 = rgb(0xff_a79f);

/// The colours that hold now.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// The place of a person in the lists of colours: always the same for the same name. (FNV-1a: names that differ in one
/// letter are far apart.)
pub fn tint(name: &str) -> usize {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize % PEOPLE
}

/// What the avatar of a person is filled with.
pub fn avatar(name: &str) -> Color32 {
    AVATARS[tint(name)]
}

/// Gives a context Parlor's fonts and its two styles. Which of them holds follows the system.
pub fn apply(ctx: &egui::Context) {
    ctx.set_fonts(fonts::definitions());
    ctx.set_glyph_rasterizers(emoji::rasterizers());
    ctx.set_theme(egui::ThemePreference::System);
    for (theme, palette) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
        ctx.style_mut_of(theme, |style| restyle(style, palette));
    }
}

/// Lets things move, or has them stand still: then nothing glides or fades.
pub fn move_things(ctx: &egui::Context, motion: bool) {
    let usual = egui::Style::default();
    ctx.all_styles_mut(|style| {
        style.animation_time = if motion { usual.animation_time } else { 0.0 };
        style.scroll_animation = if motion { usual.scroll_animation } else { egui::style::ScrollAnimation::none() };
    });
}

fn restyle(style: &mut egui::Style, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, font::tiny()),
        (TextStyle::Body, font::body()),
        (TextStyle::Button, font::strong()),
        (TextStyle::Heading, font::title()),
        (TextStyle::Monospace, FontId::monospace(13.0)),
    ]
    .into();
    style.spacing.item_spacing = vec2(space::S, space::S);
    style.spacing.button_padding = vec2(space::M, 7.0);
    style.spacing.interact_size.y = 34.0;
    style.spacing.menu_margin = egui::Margin::same(6);
    style.spacing.scroll = egui::style::ScrollStyle {
        active_handle_opacity: 0.25,
        interact_handle_opacity: 0.5,
        ..egui::style::ScrollStyle::floating()
    };
    style.interaction.tooltip_delay = 0.4;
    // A selection that reaches over several messages is lost as soon as one end is scrolled away: one at a time.
    style.interaction.multi_widget_text_select = false;

    let visuals = &mut style.visuals;
    visuals.panel_fill = palette.surface;
    visuals.window_fill = palette.surface;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(radius::M);
    visuals.menu_corner_radius = CornerRadius::same(radius::S);
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.faint_bg_color = palette.hover;
    visuals.weak_text_color = Some(palette.subdued);
    visuals.hyperlink_color = palette.accent;
    visuals.error_fg_color = palette.danger;
    visuals.selection.bg_fill = palette.selection;
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
    visuals.text_cursor.stroke = Stroke::new(2.0, palette.accent);
    // A caret that blinks would wake an idle window twice a second.
    visuals.text_cursor.blink = false;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);

    let widgets = &mut visuals.widgets;
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.line);
    for (state, fill) in [
        (&mut widgets.noninteractive, palette.surface),
        (&mut widgets.inactive, palette.field),
        (&mut widgets.hovered, palette.hover),
        (&mut widgets.active, palette.selected),
        (&mut widgets.open, palette.selected),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.fg_stroke = Stroke::new(1.0, palette.text);
        state.corner_radius = CornerRadius::same(radius::S);
        state.expansion = 0.0;
    }
    for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        state.bg_stroke = Stroke::new(1.0, palette.line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours as WCAG 2 defines it.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let luminance = |color: Color32| {
            let channel = |byte: u8| {
                let share = f32::from(byte) / 255.0;
                if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
        };
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn black_on_white_has_the_contrast_that_the_standard_names() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 0.01);
    }

    #[test]
    fn all_text_is_readable_on_what_is_behind_it() {
        for (theme, p) in [("light", &LIGHT), ("dark", &DARK)] {
            let mut pairs = vec![
                ("subdued on a selected row", p.subdued, p.selected),
                ("time in one's own bubble", p.subdued_own, p.bubble_own),
                ("text in one's own bubble", p.text, p.bubble_own),
                ("what one answers", p.text, p.quote_own),
                ("what is said of what one answers", p.subdued_own, p.quote_own),
                ("what others answer", p.text, p.quote),
                ("what is said of what others answer", p.subdued, p.quote),
                ("button", p.on_accent, p.accent_fill),
                ("quiet badge", p.on_accent, p.quiet_fill),
                ("button under the pointer", p.on_accent, p.accent_hover),
                ("notice", p.on_notice, p.notice),
                ("selected text", p.text, p.selection),
                ("found text", p.text, p.found),
                ("found text where one is", p.text, p.found_here),
                ("link in one's own bubble", p.accent, p.bubble_own),
            ];
            for behind in [p.surface, p.backdrop, p.bubble, p.field, p.hover, p.selected] {
                pairs.push(("text", p.text, behind));
                pairs.push(("accent", p.accent, behind));
            }
            for behind in [p.surface, p.backdrop, p.bubble, p.field, p.hover] {
                pairs.push(("subdued", p.subdued, behind));
                pairs.push(("danger", p.danger, behind));
            }
            pairs.extend(p.names.map(|name| ("name in a bubble", name, p.bubble)));
            for behind in [p.quote, p.quote_own] {
                pairs.extend((0..PEOPLE).map(|tint| ("name of one who is answered", p.answered(tint), behind)));
            }
            pairs.extend(AVATARS.map(|fill| ("initials", Color32::WHITE, fill)));
            for (what, front, behind) in pairs {
                let ratio = contrast(front, behind);
                assert!(ratio >= 4.5, "{theme}: {what}: {front:?} on {behind:?} has only {ratio:.2}");
            }
        }
    }

    #[test]
    fn a_person_keeps_their_colour() {
        assert_eq!(avatar("Bob"), avatar("Bob"));
        let names = [
            "Nora Lindqvist",
            "Jonas Berg",
            "Priya Raman",
            "Mateo Silva",
            "Chloé Dubois",
            "Yael Cohen",
            "王小明",
            "Sam Whitfield",
            "Ada Okonkwo",
        ];
        let distinct: std::collections::BTreeSet<_> = names.into_iter().map(tint).collect();
        assert!(distinct.len() >= 7, "{distinct:?}");
        let distinct: std::collections::BTreeSet<_> = ["Alice", "Bob", "Charlie"].into_iter().map(tint).collect();
        assert_eq!(distinct.len(), 3);
    }
}
