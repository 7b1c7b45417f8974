//! Puts the views into a window of the desktop: polls the connection, draws, carries out what was asked for.
//!
//! The only part of the program that knows eframe. It decides nothing that a view or the client could decide.

mod copying;
mod export;
mod files;
mod folder;
mod place;

use std::time::{Duration, Instant};

use self::export::Exports;
use self::files::{Files, Pasting};
use self::folder::FolderDialog;
use crate::client::Client;
use crate::client::command::Command;
use crate::client::model::Link;
use crate::clock;
use crate::desktop::{Desktop, icon};
use crate::settings::store::{Opened, Store};
use crate::settings::values::{Settings, WINDOW_MIN};
use crate::ui::attention;
use crate::ui::when::{self, Clock};
use crate::ui::{self, About, Prefill, Window};

struct App {
    client: Client,
    window: Window,
    desktop: Desktop,
    name: String,
    title: String,
    zone: jiff::tz::TimeZone,
    /// When somebody last touched the window.
    touched: Instant,
    store: Store,
    /// What the store knows.
    kept: Settings,
    folder: FolderDialog,
    exports: Exports,
    files: Files,
    pasting: Pasting,
    /// Since when somebody looks at something else.
    elsewhere: Option<Instant>,
    /// How many frames have begun; not counted for long.
    frames: u8,
}

/// The size of the first window, in points.
const FIRST_SIZE: [f32; 2] = [1080.0, 720.0];

/// Opens the window and stays until it is closed. `make_client` is handed the context, whose `request_repaint` wakes
/// the window from any thread.
///
/// # Errors
/// When this machine cannot open a window: no display, or no OpenGL.
pub fn run(
    name: &str,
    prefill: Prefill,
    opened: Opened,
    mut about: About,
    make_client: impl FnOnce(egui::Context) -> std::io::Result<Client> + 'static,
) -> eframe::Result {
    let Opened { store, settings, notice } = opened;
    about.notice = notice;
    let place = settings.window;
    let mut viewport = egui::ViewportBuilder::default()
        .with_title(name)
        .with_app_id("parlor")
        .with_inner_size(place.map_or(FIRST_SIZE, |place| place.size))
        .with_min_inner_size(WINDOW_MIN)
        .with_maximized(place.is_some_and(|place| place.maximized))
        .with_icon(icon());
    let corner = place.and_then(|place| place.corner);
    if let Some(corner) = corner {
        viewport = viewport.with_position(corner);
    }
    let options = eframe::NativeOptions { viewport, centered: corner.is_none(), ..Default::default() };
    let name = name.to_owned();
    eframe::run_native(
        "parlor",
        options,
        Box::new(move |creation| {
            ui::prepare(&creation.egui_ctx);
            let mut client = make_client(creation.egui_ctx.clone())?;
            client.perform(Command::SetCacheLimit(settings.cache_limit_bytes));
            let title = name.clone();
            let kept = settings.clone();
            let is_free = prefill.address.is_empty() && prefill.username.is_empty();
            let mut window = Window::new(prefill).with(settings, about).with_random(clock::random_u64);
            // Before the first frame: who stayed signed in sees the chats in it.
            if is_free && let Some(command) = window.resume_last() {
                client.perform(command);
            }
            place::bring_back(creation, place);
            Ok(Box::new(App {
                client,
                window,
                desktop: Desktop::start(&creation.egui_ctx),
                name,
                title,
                zone: when::local_zone(),
                touched: Instant::now(),
                store,
                kept,
                folder: FolderDialog::default(),
                exports: Exports::default(),
                files: Files::default(),
                pasting: Pasting::default(),
                elsewhere: None,
                frames: 0,
            }))
        }),
    )
}

/// How long nobody may touch the window before its person counts as away.
const AWAY_AFTER: Duration = Duration::from_secs(5 * 60);

impl App {
    /// Keeps what was chosen since the last frame.
    fn keep(&mut self) {
        if *self.window.settings() != self.kept {
            self.kept = self.window.settings().clone();
            self.store.keep(&self.kept);
        }
    }
}

/// Who comes back to the window after so long does not want to wait for the next attempt to reconnect.
const ELSEWHERE_LONG: Duration = Duration::from_secs(30);

impl App {
    /// Says in the log when the first frame was on the screen, for whoever measures that.
    fn tell_of_start(&mut self, ctx: &egui::Context) {
        if self.frames < 2 && tracing::enabled!(tracing::Level::DEBUG) {
            self.frames += 1;
            match self.frames {
                1 => ctx.request_repaint(),
                // This one begins when the one before it has been painted.
                _ => tracing::debug!(messages = self.messages(), "the first frame is on the screen"),
            }
        }
    }

    fn messages(&self) -> usize {
        self.client.model().chats.values().map(|chat| chat.messages.len()).sum()
    }

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
        self.tell_of_start(ctx);
        self.notice_absence(ctx);
        place::take_down(ctx, &mut self.window.settings_mut().window);
        self.keep();
        self.notice_return(ctx);
        let title = ui::title(self.client.model(), &self.name);
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        self.window.set_tray(self.desktop.has_tray());
        let mut attention = attention::Settings::of(self.window.settings());
        self.desktop.attend(ctx, self.client.model(), &mut self.window, &mut attention);
        self.window.settings_mut().do_not_disturb = attention.do_not_disturb;
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        // A window that is closed to the tray may still count as seen, and then what comes would count as read.
        if self.desktop.is_hidden() {
            return;
        }
        let clock = Clock { now: clock::now(), zone: self.zone.clone() };
        let mut commands = self.window.show(ui, self.client.model(), &clock);
        self.folder.serve(&mut self.window, ui.ctx(), frame);
        self.exports.serve(&mut self.window, ui.ctx(), frame);
        commands.extend(self.files.serve(&mut self.window, ui.ctx(), frame));
        self.keep();
        if commands.is_empty() {
            return;
        }
        for command in commands {
            self.client.perform(command);
        }
        // What was asked for is on screen in the next frame, whether the server answers or not.
        ui.ctx().request_repaint();
    }

    fn raw_input_hook(&mut self, ctx: &egui::Context, input: &mut egui::RawInput) {
        self.pasting.prefer_files(input, &self.window, ctx);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

fn icon() -> egui::IconData {
    let size = icon::SIZE as u32;
    egui::IconData { rgba: icon::rgba(false), width: size, height: size }
}
