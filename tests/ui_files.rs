//! Files in a conversation: pictures in their places, cards, and what can be done with them.

mod common;

use common::files::{bring, enclosure, fetched, fetching, file, hand_over};
use common::*;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::model::{DownloadProgress, Model};
use parlor::client::outbox::{Destination, What};
use parlor::proto::event::{Code, Problem};
use parlor::ui::files::{self, Order};

fn sides(path: &str) -> Option<(usize, usize)> {
    match path.rsplit('/').next()? {
        "hills.jpg" => Some((1600, 1000)),
        "tower.jpg" => Some((900, 1600)),
        "sign.png" => Some((32, 32)),
        _ => None,
    }
}

/// Pictures of both sides, of all shapes.
fn pictures() -> Model {
    let mut model = model();
    let hills = file(1, "hills.jpg", 812_000, Some((1600, 1000)));
    let tower = file(2, "tower.jpg", 1_204_000, Some((900, 1600)));
    let sign = file(3, "sign.png", 900, Some((32, 32)));
    let at = |minutes: i64| NOW.plus(-HOUR + minutes * MINUTE);
    hand_over(&mut model, BOB, BOB, 1, at(0), "", hills.clone());
    hand_over(&mut model, BOB, BOB, 2, at(1), "The way up. It took us three hours and a sandwich.", tower.clone());
    hand_over(&mut model, BOB, ALICE, 3, at(20), "", sign.clone());
    for file in [&hills, &tower, &sign] {
        fetched(&mut model, file);
    }
    model
}

/// A card in each state that it can be in.
fn cards() -> Model {
    let mut model = model();
    let at = |minutes: i64| NOW.plus(-HOUR + minutes * MINUTE);
    let there = file(1, "Minutes of the garden committee, November 2026, final.pdf", 348_000, None);
    let coming = file(2, "walk.mp4", 84_000_000, None);
    let here = file(3, "budget.xlsx", 23_400, None);
    let tool = file(4, "setup.exe", 2_300_000, None);
    let gone = file(5, "notes.txt", 1_200, None);
    for (seq, (from, text, file)) in [
        (BOB, "", &there),
        (BOB, "", &coming),
        (ALICE, "The figures for Tuesday", &here),
        (BOB, "", &tool),
        (BOB, "", &gone),
    ]
    .into_iter()
    .enumerate()
    {
        hand_over(&mut model, BOB, from, seq as u64 + 1, at(seq as i64), text, file.clone());
    }
    fetching(&mut model, &coming, 31_000_000, DownloadProgress::Running);
    fetched(&mut model, &here);
    fetched(&mut model, &tool);
    fetching(&mut model, &gone, 0, DownloadProgress::Failed("The file is not on the server any more.".into()));
    model
}

fn say_with(model: &mut Model, text: &str, enclosure: parlor::client::outbox::Enclosure) -> u64 {
    let what = What::Say { reply_to: None, enclosure: Some(enclosure) };
    model.outbox.put(Destination::Chat(chat_with(BOB)), what, text.into(), NOW).n
}

#[test]
fn pictures_look_like_this() {
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(pictures(), [1000.0, 900.0], theme);
        open(&mut harness, BOB);
        bring(&mut harness, sides);
        look(&mut harness, &format!("pictures_{name}"));
        results.extend_harness(&mut harness);
    }
    let mut harness = sized(pictures(), [360.0, 900.0]);
    open(&mut harness, BOB);
    bring(&mut harness, sides);
    harness.snapshot("pictures_narrow");
}

#[test]
fn cards_look_like_this() {
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(cards(), [1000.0, 700.0], theme);
        open(&mut harness, BOB);
        harness.snapshot(format!("cards_{name}"));
    }
    let mut harness = sized(cards(), [360.0, 700.0]);
    open(&mut harness, BOB);
    harness.snapshot("cards_narrow");
}

/// What is on its way to the server, refused, and what came and is no picture.
fn on_the_way() -> Model {
    let mut model = model();
    let damaged = file(1, "scan.png", 80_000, Some((800, 500)));
    let large = file(2, "panorama.jpg", 28_000_000, Some((9000, 2600)));
    hand_over(&mut model, BOB, BOB, 1, NOW.plus(-3 * MINUTE), "", damaged.clone());
    hand_over(&mut model, BOB, BOB, 2, NOW.plus(-2 * MINUTE), "", large);
    fetched(&mut model, &damaged);
    let mut hills = enclosure("hills.jpg", 812_000, Some((1600, 1000)));
    hills.sent = 300_000;
    say_with(&mut model, "Look at this", hills);
    let mut plan = enclosure("plan.pdf", 4_000_000, None);
    plan.sent = 1_000_000;
    say_with(&mut model, "", plan);
    let n = say_with(&mut model, "", enclosure("archive.zip", 40_000, None));
    model.outbox.fail(n, Problem::new(Code::StorageFull, "The server's disk is full."));
    model
}

#[test]
fn what_is_on_its_way_looks_like_this() {
    for (theme, name) in [(egui::Theme::Light, "light"), (egui::Theme::Dark, "dark")] {
        let mut harness = themed(on_the_way(), [1000.0, 1000.0], theme);
        open(&mut harness, BOB);
        bring(&mut harness, sides);
        harness.snapshot(format!("files_on_the_way_{name}"));
    }
}
