//! What one drawn frame of the window costs: views, layout and tessellation, without the graphics card.
//!
//! Beside the averages: how long it takes to open a chat of 100,000 messages, and the slowest frames of scrolling
//! through it. `cargo bench --bench frame -- spread` shows those alone.
#![expect(clippy::print_stdout, reason = "a measurement is to be read")]

use std::sync::Arc;
use std::time::Duration;

use egui::{RawInput, Rect, pos2, vec2};
use parlor::client::model::{Last, Link, Me, Message, Model, Person, Phase};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::ui::when::Clock;
use parlor::ui::{self, Prefill, Window};

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if only.is_empty() || only.iter().any(|name| name == "spread") {
        spread();
    }
    if only.iter().all(|name| name != "spread") {
        divan::main();
    }
}

const ME: UserId = UserId(1);
const BOB: ChatKey = ChatKey::Person(UserId(2));
const NOW: Millis = Millis(1_795_186_800_000);

fn model(messages: u64, people: u32) -> Model {
    let mut model = Model::new(DeviceId::from_random(1));
    model.phase = Phase::SignedIn;
    model.link = Link::Online;
    model.me = Some(Me { id: ME, username: "Alice".into() });
    for id in 1..=people {
        model.people.insert(
            UserId(id),
            Person { username: format!("Person {id}"), status: Status::Online, last_seen: None, joined: Seq(0) },
        );
    }
    let chat = model.chats.entry(BOB).or_default();
    chat.complete = true;
    for n in 1..=messages {
        let text: Arc<str> = "some words of a message, ".repeat(1 + n as usize % 6).into();
        let at = NOW.plus((n as i64 - messages as i64) * 70_000);
        let from = if n % 3 == 0 { ME } else { UserId(2) };
        chat.messages.push_back(Message { seq: Seq(n), at, from, text: Arc::clone(&text), ..Default::default() });
        chat.last = Some(Last { seq: Seq(n), at, from, preview: text, ..Default::default() });
        chat.read = Seq(n);
    }
    model
}

struct Screen {
    ctx: egui::Context,
    window: Window,
    model: Model,
    clock: Clock,
    time: f64,
}

impl Screen {
    fn new(model: Model) -> Self {
        let ctx = egui::Context::default();
        ui::prepare(&ctx);
        let mut window = Window::new(Prefill::default());
        window.open_chat(BOB, &model);
        let clock = Clock { now: NOW, zone: jiff::tz::TimeZone::UTC };
        let mut screen = Self { ctx, window, model, clock, time: 0.0 };
        for _ in 0..4 {
            screen.frame(Vec::new());
        }
        screen
    }

    fn frame(&mut self, events: Vec<egui::Event>) -> usize {
        self.time += 1.0 / 60.0;
        let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1400.0, 900.0)));
        let input = RawInput { screen_rect, time: Some(self.time), events, ..RawInput::default() };
        let output = self.ctx.run_ui(input, |ui| {
            divan::black_box(self.window.show(ui, &self.model, &self.clock));
        });
        let shapes = output.shapes.clone();
        let per_point = output.pixels_per_point;
        output.drop_without_applying_deltas();
        self.ctx.tessellate(shapes, per_point).len()
    }
}

const OTHER: ChatKey = ChatKey::Person(UserId(3));

/// A chat of messages that are short, long, folded, with links and in several scripts.
fn varied(messages: u64) -> Model {
    let mut model = model(messages, 50);
    let other = model.chats.entry(OTHER).or_default();
    other.complete = true;
    let words = ["some", "words", "of", "a", "message", "über", "https://example.com/a/page", "今日は", "שלום", "🎉"];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let Some(chat) = model.chats.get_mut(&BOB) else { return model };
    for message in &mut chat.messages {
        let count = match next(100) {
            0 => 1_500,
            1..=9 => 120,
            10..=39 => 30,
            _ => 6,
        };
        let mut text = String::new();
        for _ in 0..=next(count) {
            text += words[usize::try_from(next(words.len() as u64)).unwrap_or(0)];
            text.push(if next(12) == 0 { '\n' } else { ' ' });
        }
        message.text = text.into();
    }
    model
}

/// What the processor has spent on this thread.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn timed(what: impl FnOnce()) -> Duration {
    let before = thread_time();
    what();
    thread_time().saturating_sub(before)
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let count = times.len();
    println!("{name}: median {:.2?}, p99 {:.2?}, slowest {:.2?} of {count}", at(0.5), at(0.99), at(1.0));
}

/// Opening a chat of 100,000 messages, scrolling through it, and searching it.
fn spread() {
    let mut screen = Screen::new(varied(100_000));
    let opening = (0..30).map(|_| {
        screen.window.open_chat(OTHER, &screen.model);
        screen.frame(Vec::new());
        timed(|| {
            screen.window.open_chat(BOB, &screen.model);
            screen.frame(Vec::new());
        })
    });
    print("opening 100,000 messages", opening.collect());

    // Always upwards: every row is laid out for the first time.
    let wheel = |up: f32| egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        source: egui::MouseWheelSource::Trackpad,
        delta: vec2(0.0, up),
        phase: egui::TouchPhase::Move,
        modifiers: egui::Modifiers::NONE,
    };
    let pointer = || egui::Event::PointerMoved(pos2(900.0, 400.0));
    for (name, up) in [("scrolling, 120 points a frame", 120.0), ("scrolling, a page a frame", 780.0)] {
        let frames = (0..4_000).map(|_| timed(|| _ = screen.frame(vec![pointer(), wheel(up)])));
        print(name, frames.collect());
    }

    let key = egui::Event::Key {
        key: egui::Key::F,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::COMMAND,
    };
    screen.frame(vec![key]);
    screen.frame(vec![egui::Event::Text("nowhere to be found".into())]);
    let frames = (0..200).map(|_| timed(|| _ = screen.frame(Vec::new())));
    print("searching", frames.collect());
}

/// Nothing happens: what each message that comes in, or each key, costs at least.
#[divan::bench(args = [100, 10_000, 100_000])]
fn still(bencher: divan::Bencher<'_, '_>, messages: u64) {
    let mut screen = Screen::new(model(messages, 50));
    bencher.bench_local(|| screen.frame(Vec::new()));
}

/// The wheel turns, and rows that were never drawn come into view.
#[divan::bench(args = [10_000])]
fn scrolling(bencher: divan::Bencher<'_, '_>, messages: u64) {
    let mut screen = Screen::new(model(messages, 50));
    let mut turn = 0u32;
    bencher.bench_local(|| {
        turn += 1;
        let up = if turn % 2_000 < 1_000 { 60.0 } else { -60.0 };
        let wheel = egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            source: egui::MouseWheelSource::Trackpad,
            delta: vec2(0.0, up),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
        };
        screen.frame(vec![egui::Event::PointerMoved(pos2(900.0, 400.0)), wheel])
    });
}

/// The list of people is long.
#[divan::bench(args = [10_000])]
fn many_people(bencher: divan::Bencher<'_, '_>, people: u32) {
    let mut screen = Screen::new(model(100, people));
    bencher.bench_local(|| screen.frame(Vec::new()));
}
