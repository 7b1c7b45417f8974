//! What one drawn frame of the window costs: views, layout and tessellation, without the graphics card.

use std::sync::Arc;

use egui::{RawInput, Rect, pos2, vec2};
use parlor::client::model::{Last, Link, Me, Message, Model, Person, Phase};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Status;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::ui::when::Clock;
use parlor::ui::{self, Prefill, Window};

fn main() {
    divan::main();
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
        chat.messages.push_back(Message {
            seq: Seq(n),
            at,
            from,
            text: Arc::clone(&text),
            change: None,
            mentions_me: false,
        });
        chat.last = Some(Last { seq: Seq(n), at, from, preview: text, change: None });
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
