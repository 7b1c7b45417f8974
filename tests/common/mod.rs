//! A window for tests: the real views over a model made by hand, with a clock that stands still and no system fonts.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod admin;
pub mod files;
pub mod groups;
pub mod rooms;

use std::sync::Arc;

use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, HarnessBuilder};
use parlor::client::command::Command;
use parlor::client::model::{Chat, Hosted, Joinable, Last, Link, Me, Message, Model, Person, Phase};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::settings::values::Settings;
use parlor::ui::when::Clock;
use parlor::ui::{About, Prefill, Window};

pub const ALICE: UserId = UserId(1);
pub const BOB: UserId = UserId(2);
pub const CHARLIE: UserId = UserId(3);
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

/// Friday 20 November 2026, 15:00 UTC.
pub const NOW: Millis = Millis(1_795_186_800_000);

pub fn chat_with(id: UserId) -> ChatKey {
    ChatKey::Person(id)
}

pub struct State {
    pub window: Window,
    pub model: Model,
    pub clock: Clock,
    pub commands: Vec<Command>,
    pub frames: usize,
}

impl State {
    /// The commands since the last look.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    pub fn chat(&mut self, with: UserId) -> &mut Chat {
        self.model.chats.entry(chat_with(with)).or_default()
    }
}

/// Alice's model: signed in, Bob there, Charlie not, nothing said.
pub fn model() -> Model {
    let mut model = Model::new(DeviceId::from_random(1));
    model.phase = Phase::SignedIn;
    model.link = Link::Online;
    model.me = Some(Me { id: ALICE, username: "Alice".into() });
    for (id, name, status) in
        [(ALICE, "Alice", Status::Online), (BOB, "Bob", Status::Online), (CHARLIE, "Charlie", Status::Offline)]
    {
        model.people.insert(id, Person { username: name.into(), status, last_seen: None, joined: Seq(0) });
    }
    model
}

/// A server that this window hosts, for others at that address or for this computer alone.
pub fn hosted(address: Option<&str>) -> Option<Hosted> {
    let joinable = address.map_or(Joinable::ThisComputer, |address| Joinable::Address(address.parse().unwrap()));
    let folder = "/home/alice/.local/share/a-rather-long-name-of-a-folder/parlor".into();
    Some(Hosted { joinable, folder, notices: Vec::new() })
}

/// Adds a stored message to the chat with `with`. It counts as unread when somebody else wrote it and `read` is false.
pub fn say(model: &mut Model, with: UserId, from: UserId, seq: u64, at: Millis, text: &str, read: bool) {
    let seq = Seq(seq);
    let chat = model.chats.entry(chat_with(with)).or_default();
    chat.messages.push_back(Message { seq, at, from, text: text.into(), ..Default::default() });
    chat.last = Some(Last { seq, at, from, preview: Arc::from(text), ..Default::default() });
    if read {
        chat.read = seq;
    } else if from != ALICE {
        chat.unread += 1;
    }
}

/// A chat with Bob of that many read messages, one every minute, numbered from `first`; nothing before them.
pub fn long_chat(first: u64, count: u64) -> Model {
    let mut model = model();
    for n in 0..count {
        let from = if n % 3 == 2 { ALICE } else { BOB };
        let at = NOW.plus(-(count as i64 - n as i64) * MINUTE);
        say(&mut model, BOB, from, first + n, at, &words(first + n), true);
    }
    model.chats.entry(chat_with(BOB)).or_default().complete = true;
    model
}

/// A text that names its number and has one to four lines.
pub fn words(n: u64) -> String {
    format!("message {n}.{}", " and some more words to fill the line".repeat(n as usize * 7 % 5))
}

pub fn at(text: &str) -> Millis {
    Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

pub fn window(model: Model) -> Harness<'static, State> {
    sized(model, [1000.0, 700.0])
}

pub fn sized(model: Model, size: [f32; 2]) -> Harness<'static, State> {
    themed(model, size, egui::Theme::Light)
}

pub fn themed(model: Model, size: [f32; 2], theme: egui::Theme) -> Harness<'static, State> {
    prefilled(model, size, theme, Prefill::default())
}

pub fn prefilled(model: Model, size: [f32; 2], theme: egui::Theme, prefill: Prefill) -> Harness<'static, State> {
    // The bundled fonts have no Hebrew, Arabic or Chinese; the tests are about more than their shapes.
    build(Harness::builder().with_size(size).with_theme(theme).allow_missing_glyphs(), model, prefill)
}

/// A window of somebody who has chosen and used something before.
pub fn chosen(model: Model, size: [f32; 2], theme: egui::Theme, settings: Settings) -> Harness<'static, State> {
    chosen_at(1.0, model, size, theme, settings)
}

/// The same on a screen with more pixels per point.
pub fn chosen_at(
    pixels: f32,
    model: Model,
    size: [f32; 2],
    theme: egui::Theme,
    settings: Settings,
) -> Harness<'static, State> {
    let about = About {
        version: "1.2.3".into(),
        data_folder: "/home/alice/.local/share/parlor".into(),
        settings_file: "/home/alice/.config/parlor/settings.json".into(),
        hosting_folder: "/home/alice/.local/share/parlor/hosted".into(),
        tray: false,
        notice: None,
    };
    let window = Window::new(Prefill::default()).with(settings, about);
    let builder = Harness::builder().with_size(size).with_theme(theme).with_pixels_per_point(pixels);
    build_with(builder.allow_missing_glyphs(), model, window, parlor::ui::prepare)
}

/// A window that must not show a box in the place of a letter.
pub fn boxless(model: Model, size: [f32; 2], theme: egui::Theme) -> Harness<'static, State> {
    build(Harness::builder().with_size(size).with_theme(theme), model, Prefill::default())
}

fn build(builder: HarnessBuilder<State>, model: Model, prefill: Prefill) -> Harness<'static, State> {
    build_with(builder, model, Window::new(prefill), parlor::ui::prepare)
}

fn build_with(
    builder: HarnessBuilder<State>,
    model: Model,
    window: Window,
    setup: fn(&egui::Context),
) -> Harness<'static, State> {
    let state = State {
        window,
        model,
        clock: Clock { now: NOW, zone: jiff::tz::TimeZone::UTC },
        commands: Vec::new(),
        frames: 0,
    };
    builder.with_max_steps(12).with_context_setup(setup).build_ui_state(
        |ui, state: &mut State| {
            state.frames += 1;
            let commands = state.window.show(ui, &state.model, &state.clock);
            state.commands.extend(commands);
        },
        state,
    )
}

/// Lets a window look for letters among the fonts of this machine, as the program does.
pub fn with_system_fonts(ctx: &egui::Context) {
    ctx.add_font_provider(Arc::new(egui_system_font_provider::SystemFontProvider::new()));
}

/// A window that must not show a box, and has the fonts of this machine.
pub fn boxless_with_system_fonts(model: Model, size: [f32; 2], theme: egui::Theme) -> Harness<'static, State> {
    let setup = |ctx: &egui::Context| {
        parlor::ui::prepare(ctx);
        with_system_fonts(ctx);
    };
    build_with(Harness::builder().with_size(size).with_theme(theme), model, Window::new(Prefill::default()), setup)
}

/// A window with the chat with Bob open.
pub fn with_bob(model: Model) -> Harness<'static, State> {
    let mut harness = window(model);
    open(&mut harness, BOB);
    harness
}

pub fn open(harness: &mut Harness<'_, State>, with: UserId) {
    let state = harness.state_mut();
    state.window.open_chat(chat_with(with), &state.model);
    harness.run();
}

/// The bubble of a message in the conversation, not the row in the list that previews it.
pub fn bubble(harness: &Harness<'_, State>, needle: &str) -> Option<egui::Rect> {
    let mut nodes = harness.query_all_by_label_contains(needle);
    nodes.find(|node| node.rect().left() > 304.0).map(|node| node.rect())
}

/// Where a bubble begins, in points from the top of the window; nothing when it is not drawn.
pub fn top_of(harness: &Harness<'_, State>, needle: &str) -> Option<f32> {
    bubble(harness, needle).map(|rect| rect.top())
}

/// Where it ends.
pub fn bottom_of(harness: &Harness<'_, State>, needle: &str) -> Option<f32> {
    bubble(harness, needle).map(|rect| rect.bottom())
}

/// The number of the first message that is drawn as a whole, and where its lower edge is.
pub fn first_visible(harness: &Harness<'_, State>, numbers: std::ops::Range<u64>) -> (u64, f32) {
    numbers
        .filter_map(|n| Some((n, top_of(harness, &format!("message {n}."))?)))
        .find(|(_, top)| *top > 60.0)
        .and_then(|(n, _)| Some((n, bottom_of(harness, &format!("message {n}."))?)))
        .expect("a message is in view")
}

/// Turns the wheel over the conversation. Positive is towards older messages.
pub fn scroll(harness: &mut Harness<'_, State>, points: f32) {
    harness.hover_at(egui::pos2(700.0, 350.0));
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        source: egui::MouseWheelSource::Unknown,
        delta: egui::vec2(0.0, points),
        phase: egui::TouchPhase::Move,
        modifiers: egui::Modifiers::NONE,
    });
    harness.run_steps(8);
    let _ = harness.run_ok();
}

pub fn composer_text(harness: &Harness<'_, State>, with: UserId) -> String {
    harness.state().window.draft(chat_with(with)).to_owned()
}

pub fn type_text(harness: &mut Harness<'_, State>, text: &str) {
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run();
}

pub fn key(harness: &mut Harness<'_, State>, modifiers: egui::Modifiers, key: egui::Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

/// What a keyboard reports for keys pressed one after the other; `\n` is Enter, `\t` is Tab.
pub fn strokes(keys: &str) -> Vec<egui::Event> {
    let mut events = Vec::new();
    for c in keys.chars() {
        let special = match c {
            '\n' => Some(egui::Key::Enter),
            '\t' => Some(egui::Key::Tab),
            _ => None,
        };
        let press = |key, pressed| egui::Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        };
        match special {
            Some(key) => events.extend([press(key, true), press(key, false)]),
            None => events.push(egui::Event::Text(c.into())),
        }
    }
    events
}

/// What the last frame put on the clipboard.
pub fn clipboard(harness: &Harness<'_, State>) -> Vec<String> {
    let commands = harness.output().platform_output.commands.iter();
    commands
        .filter_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
}
