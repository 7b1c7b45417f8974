//! What somebody is to be told so that they can sign in: the server, the name, the password. To be copied in one go.

use egui::{Rect, Ui, pos2, vec2};
use secrecy::zeroize::Zeroizing;

use super::super::{Clicked, Foot, Step, inner_width, layer, paragraph};
use crate::ui::theme::{self, font, radius, space};
use crate::ui::{controls, text, widgets};

const WORDS: &str = "Tell them these by a way that you trust, and have them change the password in their settings. It is \
                     not shown again.";
const LINE: f32 = 26.0;
const NAMES: f32 = 84.0;

/// See the module.
pub struct Told {
    name: String,
    password: Zeroizing<String>,
    server: Option<String>,
    copied: bool,
}

impl Told {
    /// What somebody of that name is to be told.
    pub fn new(name: String, password: Zeroizing<String>, server: Option<String>) -> Self {
        Self { name, password, server, copied: false }
    }

    fn lines(&self) -> Vec<(&'static str, &str)> {
        let server = self.server.as_deref().map(|server| ("Server", server));
        server.into_iter().chain([("Name", self.name.as_str()), ("Password", self.password.as_str())]).collect()
    }

    /// All of it, as it is copied.
    fn text(&self) -> Zeroizing<String> {
        let lines: Vec<String> = self.lines().iter().map(|(what, value)| format!("{what}: {value}")).collect();
        Zeroizing::new(lines.join("\n"))
    }

    /// Draws the dialog.
    pub fn show(&mut self, ui: &Ui) -> Step {
        let width = inner_width(ui);
        let palette = theme::palette(ui);
        let words = text::explained(ui, WORDS, font::small(), palette.subdued, width).size().y;
        let box_height = self.lines().len() as f32 * LINE + 2.0 * space::M;
        let foot = Foot { act: "Done", cancel: None, ready: true, problem: None };
        let height = super::super::TITLE
            + words
            + space::M
            + box_height
            + space::M
            + controls::FIELD
            + foot.height(ui, width)
            + space::L;
        let title = format!("{} can sign in", text::one_line(&self.name));
        let (clicked, closed) = layer(ui, &title, height, |ui, inner| {
            let mut y = inner.top();
            y += paragraph(ui, pos2(inner.left(), y), WORDS, inner.width()) + space::M;
            let place = Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), box_height));
            ui.painter().rect_filled(place, radius::S, palette.field);
            for (at, (what, value)) in self.lines().into_iter().enumerate() {
                let middle = pos2(place.left() + space::M, place.top() + space::M + (at as f32 + 0.5) * LINE);
                widgets::line(ui, middle, what, font::small(), palette.subdued, NAMES);
                let left = middle + vec2(NAMES, 0.0);
                widgets::line(ui, left, value, font::strong(), palette.text, place.right() - space::M - left.x);
            }
            y += box_height + space::M;
            let button = Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), controls::FIELD));
            let label = if self.copied { "Copied" } else { "Copy all of it" };
            if controls::quiet_button(ui, button, label, "told").clicked() {
                ui.ctx().copy_text(self.text().to_string());
                self.copied = true;
                ui.ctx().request_repaint();
            }
            foot.show(ui, inner)
        });
        if closed || clicked != Clicked::Nothing { Step::Close } else { Step::Stay }
    }
}
