//! The very first page: what Parlor is, and the ways to begin.

use egui::accesskit::Role;
use egui::{CornerRadius, Id, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{Choice, SIGN, Scene, TITLE, card_width, sign, title};
use crate::ui::text;
use crate::ui::theme::{self, font, radius, space};
use crate::ui::widgets;

/// A way to begin, as its card says it.
struct Way {
    sign: Icon,
    title: &'static str,
    words: &'static str,
    choice: fn() -> Choice,
}

const WAYS: [Way; 4] = [
    Way {
        sign: Icon::Monitor,
        title: "Chat on this computer",
        words: "Look around at once, with the demo accounts Alice, Bob and Charlie.",
        choice: || Choice::Demo,
    },
    Way {
        sign: Icon::Ticket,
        title: "I have an invite",
        words: "Somebody sent you a link or a code. Paste it, and choose a name and a password.",
        choice: || Choice::Join { open: false, server: String::new() },
    },
    Way {
        sign: Icon::LogIn,
        title: "Join a server",
        words: "You know the address of one, and have a name and a password there.",
        choice: || Choice::Another,
    },
    Way {
        sign: Icon::Server,
        title: "Host one for others",
        words: "This window is the server of your circle, for as long as it is open.",
        choice: || Choice::Host,
    },
];

const WORDS: &str = "A chat with its own server inside.";
/// From this width on, the cards stand side by side, two in a row.
const SIDE_BY_SIDE: f32 = 640.0;
const GAP: f32 = space::L;

/// Draws the page.
pub fn show(ui: &mut Ui, scene: &Scene<'_>) -> Option<Choice> {
    let page = ui.max_rect();
    let beside = page.width() >= SIDE_BY_SIDE;
    let all = if beside { card_width(ui, 640.0) } else { card_width(ui, 440.0) };
    let width = if beside { (all - GAP) / 2.0 } else { all };
    let heights = WAYS.each_ref().map(|way| height(ui, way, width, beside));
    let tallest = heights.iter().fold(0.0_f32, |most, height| most.max(*height));
    let between = (WAYS.len() - 1) as f32 * space::S;
    let cards = if beside { 2.0 * tallest + GAP } else { heights.iter().sum::<f32>() + between };
    let palette = theme::palette(ui);
    let words = widgets::centred(ui, WORDS, font::body(), palette.subdued, all, 2);
    let above_cards = TITLE + space::XS + words.size().y + space::XL;
    // A low window has better use for the room than the sign.
    let with_sign = SIGN + space::M + above_cards + cards + 2.0 * space::L <= page.height();
    let height = above_cards + cards + if with_sign { SIGN + space::M } else { 0.0 };

    let area = egui::ScrollArea::vertical().id_salt("login page").auto_shrink(false);
    let shown = area.show(ui, |ui| {
        let middle = page.center().x;
        let mut y = ui.min_rect().top() + ((page.height() - height) * 0.42).max(space::L).round();
        if with_sign {
            sign(ui, pos2(middle, y + SIGN / 2.0));
            y += SIGN + space::M;
        }
        title(ui, pos2(middle, y + TITLE / 2.0), "Welcome to Parlor", all);
        y += TITLE + space::XS;
        let place = Rect::from_center_size(pos2(middle, y + words.size().y / 2.0), words.size());
        widgets::say(ui, place, WORDS);
        ui.painter().galley(pos2(middle, y), words.clone(), palette.subdued);
        y += words.size().y + space::XL;

        let mut corner = pos2((middle - all / 2.0).round(), y.round());
        let mut choice = None;
        let mut stops = Vec::new();
        for (at, way) in WAYS.iter().enumerate() {
            let size = vec2(width, if beside { tallest } else { heights[at] });
            let response = tile(ui, Rect::from_min_size(corner, size), way, beside);
            if scene.appears && at == 0 {
                response.request_focus();
            }
            if response.clicked() {
                choice = Some((way.choice)());
            }
            stops.push(response.id);
            corner += match (beside, at % 2) {
                (false, _) => vec2(0.0, size.y + space::S),
                (true, 0) => vec2(width + GAP, 0.0),
                (true, _) => vec2(-width - GAP, tallest + GAP),
            };
        }
        super::arrows(ui, &stops);
        let all = Rect::from_min_max(pos2(page.left(), y), pos2(page.left() + 1.0, y + cards + space::L));
        ui.allocate_rect(all, Sense::hover());
        choice
    });
    shown.inner
}

/// Where the words of a card begin, and how wide they are.
fn words_at(width: f32, beside: bool) -> (f32, f32) {
    let left = if beside { space::L } else { space::L + 40.0 + space::M };
    (left, (width - left - space::L).max(1.0))
}

fn height(ui: &Ui, way: &Way, width: f32, beside: bool) -> f32 {
    let (_, room) = words_at(width, beside);
    let words = text::explained(ui, way.words, font::small(), egui::Color32::WHITE, room);
    let above = if beside { space::L + 40.0 + space::M } else { space::M };
    let below = if beside { space::L } else { space::M };
    (above + theme::LINE + space::XS + words.size().y + below).round()
}

fn tile(ui: &mut Ui, rect: Rect, way: &Way, beside: bool) -> Response {
    let palette = theme::palette(ui);
    let response = ui.interact(rect, Id::unique(("begin", way.title)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{}. {}", way.title, way.words)));
    if response.gained_focus() {
        ui.scroll_to_rect(rect.expand(space::S), None);
    }
    let (fill, line) = match response.hovered() {
        true => (palette.hover, palette.accent),
        false => (palette.surface, palette.line),
    };
    ui.painter().rect(rect, radius::L, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    widgets::focus_ring(ui, &response, CornerRadius::same(radius::L));
    let disc = if beside {
        rect.min + vec2(space::L + 20.0, space::L + 20.0)
    } else {
        pos2(rect.left() + space::L + 20.0, rect.center().y)
    };
    ui.painter().circle_filled(disc, 20.0, palette.selected);
    widgets::icon(ui, disc, way.sign, 20.0, palette.accent);
    let (left, room) = words_at(rect.width(), beside);
    let top = if beside { disc.y + 20.0 + space::M } else { rect.top() + space::M };
    let galley = text::elided(ui, way.title.to_owned(), font::strong(), palette.text, room);
    ui.painter().galley(pos2(rect.left() + left, top + (theme::LINE - galley.size().y) / 2.0), galley, palette.text);
    let words = text::explained(ui, way.words, font::small(), palette.subdued, room);
    ui.painter().galley(pos2(rect.left() + left, top + theme::LINE + space::XS), words, palette.subdued);
    response
}
