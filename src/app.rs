//! Puts the views into a window of the desktop: polls the connection, draws, carries out what was asked for.
//!
//! The only part of the program that knows eframe. It decides nothing that a view or the client could decide.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::command::Command;
use crate::client::model::Link;
use crate::clock;
use crate::desktop::{Desktop, icon};
use crate::ui::attention;
use crate::ui::when::{self, Clock};
use crate::ui::{self, Prefill, Window};

struct App {
    client: Client,
    window: Window,
    desktop: Desktop,
    attention: attention::Settings,
    name: String,
    title: String,
    zone: jiff::tz::TimeZone,
    /// When somebody last touched the window.
    touched: Instant,
    /// Since when somebody looks at something else.
    elsewhere: Option<Instant>,
}

/// Opens the window and stays until it is closed. `make_client` is handed the context, whose `request_repaint` wakes
/// the window from any thread.
///
/// # Errors
/// When this machine cannot open a window: no display, or no OpenGL.
pub fn run(
    name: &str,
    prefill: Prefill,
    make_client: impl FnOnce(egui::Context) -> std::io::Result<Client> + 'static,
) -> eframe::Result {
    let viewport = egui::ViewportBuilder::default()
        .with_title(name)
        .with_app_id("parlor")
        .with_inner_size([1080.0, 720.0])
        .with_min_inner_size([360.0, 480.0])
        .with_icon(icon());
    let options = eframe::NativeOptions { viewport, centered: true, ..Default::default() };
    let name = name.to_owned();
    eframe::run_native(
        "parlor",
        options,
        Box::new(move |creation| {
            ui::prepare(&creation.egui_ctx);
            let client = make_client(creation.egui_ctx.clone())?;
            let title = name.clone();
            Ok(Box::new(App {
                client,
                window: Window::new(prefill),
                desktop: Desktop::start(&creation.egui_ctx),
                attention: attention::Settings::default(),
                name,
                title,
                zone: when::local_zone(),
                touched: Instant::now(),
                elsewhere: None,
            }))
        }),
    )
}

/// How long nobody may touch the window before its person counts as away.
const AWAY_AFTER: Duration = Duration::from_secs(5 * 60);

/// Who comes back to the window after so long does not want to wait for the next attempt to reconnect.
const ELSEWHERE_LONG: Duration = Duration::from_secs(30);

impl App {
    /// Tries to reconnect for somebody who comes back to the window.
    fn notice_return(&mut self, ctx: &egui::Context) {
        if !ctx.input(|input| input.focused) {
            self.elsewhere.get_or_insert_with(Instant::now);
        } else if self.elsewhere.take().is_some_and(|since| since.elapsed() >= ELSEWHERE_LONG)
            && matches!(self.client.model().link, Link::Waiting { .. })
        {
            self.client.perform(Command::RetryNow);
        }
    }

    /// Says whether somebody is at the window. One frame is drawn when the time is up, and none before.
    fn notice_absence(&mut self, ctx: &egui::Context) {
        if ctx.input(|input| !input.events.is_empty()) {
            self.touched = Instant::now();
        }
        let left = AWAY_AFTER.saturating_sub(self.touched.elapsed());
        self.client.perform(Command::SetAway(left.is_zero()));
        if !left.is_zero() {
            ctx.request_repaint_after(left);
        }
    }
}

impl eframe::App for App {
    /// Runs while the window is hidden, too: the title still counts.
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.client.poll();
        self.notice_absence(ctx);
        self.notice_return(ctx);
        let title = ui::title(self.client.model(), &self.name);
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        self.desktop.attend(ctx, self.client.model(), &mut self.window, &mut self.attention);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        // A window that is closed to the tray may still count as seen, and then what comes would count as read.
        if self.desktop.is_hidden() {
            return;
        }
        let clock = Clock { now: clock::now(), zone: self.zone.clone() };
        let commands = self.window.show(ui, self.client.model(), &clock);
        if commands.is_empty() {
            return;
        }
        for command in commands {
            self.client.perform(command);
        }
        // What was asked for is on screen in the next frame, whether the server answers or not.
        ui.ctx().request_repaint();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

fn icon() -> egui::IconData {
    let size = icon::SIZE as u32;
    egui::IconData { rgba: icon::rgba(false), width: size, height: size }
}
