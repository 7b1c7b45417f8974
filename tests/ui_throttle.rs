//! What somebody sees whose messages the server takes its time with: how many are on their way, and nothing in their way.

mod common;

use std::time::Duration;

use common::*;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::Model;
use parlor::client::outbox::Destination;
use parlor::proto::event::{Event, Sent, Throttled};
use parlor::proto::ids::{Millis, Seq};

/// Alice has written so many messages to Bob at once, and the server has said that they have to wait.
fn flooding(count: u64) -> Model {
    let mut model = long_chat(1, 4);
    for n in 0..count {
        model.outbox.push(Destination::Chat(chat_with(BOB)), format!("Line {n} of a long list").into(), NOW);
    }
    model.apply(Event::Throttled(Throttled { wait_ms: 100 }), NOW);
    model
}

fn says(harness: &Harness<'_, State>) -> Option<String> {
    let node = harness.query_by_label_contains("as fast as this server takes")?;
    Some(egui_kittest::kittest::NodeT::accesskit_node(&node).value().unwrap_or_default())
}

fn stored(model: &mut Model, n: u64) {
    let sent = Sent { seq: Some(Seq(100 + n)), at: Some(NOW), ..Sent::default() };
    model.apply(Event::Sent(Some(n), Ok(sent)), NOW);
}

#[test]
fn it_counts_down_and_is_gone_with_the_last_one() {
    let mut harness = with_bob(flooding(3));
    assert_eq!(says(&harness).unwrap(), "3 messages are on their way, as fast as this server takes them");
    stored(&mut harness.state_mut().model, 1);
    harness.run();
    assert_eq!(says(&harness).unwrap(), "2 messages are on their way, as fast as this server takes them");
    stored(&mut harness.state_mut().model, 2);
    harness.run();
    assert_eq!(says(&harness).unwrap(), "1 message is on its way, as fast as this server takes it");
    stored(&mut harness.state_mut().model, 3);
    harness.run();
    assert_eq!(says(&harness), None);
    // The next one that takes its moment is nothing to talk of.
    harness.state_mut().model.outbox.push(Destination::Chat(chat_with(BOB)), "and one more".into(), NOW);
    harness.run();
    assert_eq!(says(&harness), None);
}

#[test]
fn it_goes_by_itself_when_nothing_more_is_heard_and_draws_one_frame_for_that() {
    let mut harness = with_bob(flooding(3));
    harness.run();
    let delay = |harness: &Harness<'_, State>| harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    let until = delay(&harness);
    assert!(until > Duration::from_secs(1) && until < Duration::from_secs(5), "{until:?}");
    harness.state_mut().clock.now = NOW.plus(i64::try_from(until.as_millis()).unwrap());
    harness.run();
    assert_eq!(says(&harness), None);
    assert_eq!(delay(&harness), Duration::MAX);
}

#[test]
fn it_is_in_the_way_of_nothing() {
    let mut harness = with_bob(flooding(40));
    type_text(&mut harness, "and still I write");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let commands = harness.state_mut().take();
    let sends = commands.iter().filter(|command| matches!(command, Command::Send { .. })).count();
    assert_eq!((sends, composer_text(&harness, BOB)), (1, String::new()));
    // What somebody has to know about the draft comes first.
    type_text(&mut harness, "/nonsense");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(says(&harness), None);
    key(&mut harness, Modifiers::NONE, Key::Backspace);
    assert!(says(&harness).is_some());
}

#[test]
fn it_is_forgotten_with_the_connection() {
    let mut model = flooding(3);
    model.unlinked(parlor::client::model::Link::Waiting { until: Millis(0), reason: String::new() });
    assert_eq!(model.throttled, None);
    assert_eq!(says(&with_bob(model)), None);
}

fn look(harness: &mut Harness<'_, State>, name: &str) {
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(400);
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &options);
}

#[test]
fn how_it_looks_in_the_light() {
    let mut harness = themed(flooding(37), [1000.0, 560.0], Theme::Light);
    open(&mut harness, BOB);
    look(&mut harness, "composer_slow_light");
}

#[test]
fn how_it_looks_in_a_small_window_in_the_dark() {
    let mut harness = themed(flooding(37), [360.0, 480.0], Theme::Dark);
    open(&mut harness, BOB);
    look(&mut harness, "composer_slow_small");
}
