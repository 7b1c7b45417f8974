//! What a frame costs with a long list: 10,000 people and 200 groups. Views, layout and tessellation, in time of the
//! processor, without the graphics card.
//!
//! `cargo bench --bench list` prints the median, the 99th percentile and the longest of each kind of frame.

use std::sync::Arc;
use std::time::Duration;

use egui::{Event, Key, Modifiers, RawInput, Rect, pos2, vec2};
use parlor::client::model::{Group, Last, Link, Me, Message, Model, Person, Phase};
use parlor::proto::chat::{ChatKey, GroupId, Past};
use parlor::proto::event::Status;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::ui::when::Clock;
use parlor::ui::{self, Prefill, Window};

const ME: UserId = UserId(1);
const NOW: Millis = Millis(1_795_186_800_000);
const PEOPLE: u32 = 10_000;
const GROUPS: u64 = 200;
/// How many frames of each kind are measured.
const FRAMES: usize = 1_000;

/// What the processor has spent on this thread.
fn spent() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn last(seq: u64, from: UserId) -> Last {
    Last { seq: Seq(seq), at: NOW, from, preview: "some words of a message".into(), ..Default::default() }
}

fn model() -> Model {
    const FIRST: [&str; 10] = ["Anna", "Björn", "Chloé", "David", "Emil", "Greta", "Ivan", "Maria", "Nora", "Zoë"];
    const LAST: [&str; 10] =
        ["Ahlgren", "Berg", "Ćosić", "Dahl", "Ek", "Forsberg", "Gustafsson", "Holm", "Ivarsson", "Novák"];
    let mut model = Model::new(DeviceId::from_random(1));
    model.phase = Phase::SignedIn;
    model.link = Link::Online;
    model.me = Some(Me { id: ME, username: "Alice".into() });
    for id in 1..=PEOPLE {
        let (first, last) = (FIRST[id as usize % 10], LAST[id as usize / 10 % 10]);
        let username = format!("{first} {last} {id}");
        let status = if id % 3 == 0 { Status::Online } else { Status::Offline };
        model.people.insert(UserId(id), Person { username, status, last_seen: Some(NOW), joined: Seq(0) });
    }
    for id in 1..=GROUPS {
        let members: Vec<UserId> = (1..=20).map(|n| UserId((id as u32 * 37 + n * 11) % PEOPLE + 1)).collect();
        let joined = members.iter().map(|id| (*id, Seq(0))).collect();
        let name = format!("{} group {id}", LAST[id as usize % 10]);
        model.groups.insert(GroupId(id), Group { name, owner: ME, members, history: Past::Joined, joined });
        model.chats.entry(ChatKey::Group(GroupId(id))).or_default().last = Some(last(id, ME));
    }
    // A tenth of them has been talked with.
    for id in (2..=PEOPLE).step_by(10) {
        let chat = model.chats.entry(ChatKey::Person(UserId(id))).or_default();
        chat.last = Some(last(1_000 + u64::from(id), UserId(id)));
        chat.unread = id % 4;
    }
    for key in [ChatKey::Everyone, ChatKey::Person(UserId(2))] {
        let chat = model.chats.entry(key).or_default();
        chat.complete = true;
        for n in 1..=200 {
            let text: Arc<str> = "some words of a message, ".repeat(1 + n as usize % 6).into();
            let from = if n % 3 == 0 { ME } else { UserId(2) };
            let (seq, at) = (Seq(n), NOW.plus(n as i64 * 70_000 - 14_000_000));
            chat.messages.push_back(Message { seq, at, from, text, ..Default::default() });
            chat.read = seq;
        }
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
    fn new(open: ChatKey) -> Self {
        let ctx = egui::Context::default();
        ui::prepare(&ctx);
        let model = model();
        let mut window = Window::new(Prefill::default());
        window.open_chat(open, &model);
        let clock = Clock { now: NOW, zone: jiff::tz::TimeZone::UTC };
        let mut screen = Self { ctx, window, model, clock, time: 0.0 };
        for _ in 0..8 {
            screen.frame(Vec::new());
        }
        screen
    }

    fn frame(&mut self, events: Vec<Event>) -> Duration {
        self.time += 1.0 / 60.0;
        let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1400.0, 900.0)));
        let input = RawInput { screen_rect, time: Some(self.time), events, ..RawInput::default() };
        let before = spent();
        let output = self.ctx.run_ui(input, |ui| {
            divan::black_box(self.window.show(ui, &self.model, &self.clock));
        });
        let shapes = output.shapes.clone();
        let per_point = output.pixels_per_point;
        output.drop_without_applying_deltas();
        divan::black_box(self.ctx.tessellate(shapes, per_point));
        spent() - before
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) -> Duration {
        self.frame(vec![Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }])
    }
}

fn report(kind: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| took.get(((took.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, p99, max) = (ms(at(0.5)), ms(at(0.99)), ms(at(1.0)));
    let line = format!("{kind:<34} median {median:>6.2} ms   p99 {p99:>6.2} ms   max {max:>6.2} ms");
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes()).expect("the screen takes it");
}

fn main() {
    let bob = ChatKey::Person(UserId(2));
    let ctrl = Modifiers { ctrl: true, ..Modifiers::COMMAND };
    let mut seq = 100_000;

    let mut screen = Screen::new(bob);
    report("still", (0..FRAMES).map(|_| screen.frame(Vec::new())).collect());

    let mut screen = Screen::new(ChatKey::Everyone);
    report("still, Everyone open", (0..FRAMES).map(|_| screen.frame(Vec::new())).collect());

    let mut screen = Screen::new(bob);
    let wheel = |turn: usize| {
        let delta = vec2(0.0, if turn % 500 < 250 { -240.0 } else { 240.0 });
        let (unit, phase) = (egui::MouseWheelUnit::Point, egui::TouchPhase::Move);
        let source = egui::MouseWheelSource::Trackpad;
        let wheel = Event::MouseWheel { unit, source, delta, phase, modifiers: Modifiers::NONE };
        vec![Event::PointerMoved(pos2(150.0, 500.0)), wheel]
    };
    report("scrolling the list", (0..FRAMES).map(|turn| screen.frame(wheel(turn))).collect());

    let mut screen = Screen::new(bob);
    let presence = (0..FRAMES).map(|turn| {
        let id = UserId(2 + turn as u32 % 500);
        let person = screen.model.people.get_mut(&id).expect("they are there");
        person.status = if turn % 2 == 0 { Status::Online } else { Status::Offline };
        screen.frame(Vec::new())
    });
    report("somebody comes or goes", presence.collect());

    let mut message = |screen: &mut Screen, turn: usize| {
        seq += 1;
        let id = UserId(2 + (turn as u32 * 7_919) % (PEOPLE - 1));
        let chat = screen.model.chats.entry(ChatKey::Person(id)).or_default();
        chat.last = Some(last(seq, id));
        chat.unread += 1;
    };
    let mut screen = Screen::new(bob);
    let messages = (0..FRAMES).map(|turn| {
        message(&mut screen, turn);
        screen.frame(Vec::new())
    });
    report("a message from somebody", messages.collect());

    let words = ["anna", "gr n", "berg 77", "zoe", "xyzzy", "a"];
    let typing = |screen: &mut Screen, open: (Modifiers, Key)| {
        let mut took = Vec::new();
        while took.len() < FRAMES {
            for word in words {
                took.push(screen.key(open.0, open.1));
                took.push(screen.frame(Vec::new()));
                for letter in word.chars() {
                    took.push(screen.frame(vec![Event::Text(letter.into())]));
                }
                took.push(screen.key(Modifiers::NONE, Key::Escape));
                took.push(screen.frame(Vec::new()));
            }
        }
        took
    };
    let mut screen = Screen::new(bob);
    let took = typing(&mut screen, (Modifiers { shift: true, ..ctrl }, Key::K));
    report("typing in the search", took);
    let mut screen = Screen::new(bob);
    let took = typing(&mut screen, (ctrl, Key::K));
    report("typing in the palette", took);

    let mut screen = Screen::new(bob);
    screen.key(Modifiers { shift: true, ..ctrl }, Key::K);
    screen.frame(vec![Event::Text("a".into())]);
    let both = (0..FRAMES).map(|turn| {
        message(&mut screen, turn);
        screen.frame(Vec::new())
    });
    report("messages while one searches", both.collect());
}
