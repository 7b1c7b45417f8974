//! The settings page, that what is chosen holds at once, and the frame of the window: zoom, lines between panes, sizes.

mod common;

use common::*;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node, SnapshotOptions};
use parlor::client::command::Command;
use parlor::client::model::{CacheInfo, Link, Model, Phase};
use parlor::proto::ids::DeviceId;
use parlor::settings::values::{self, Account, PANE_MAX, PANE_MIN, Settings};
use parlor::ui::{About, Prefill, Window};

const SIZE: [f32; 2] = [900.0, 600.0];

fn on(server: &str, name: &str) -> Account {
    Account { server: server.into(), name: name.into(), hosts: None }
}

fn used() -> Settings {
    Settings { accounts: vec![on("", "Alice"), on("chat.example.org", "Nora")], ..Settings::default() }
}

fn opened(model: Model, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let mut harness = chosen(model, size, theme, used());
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    harness
}

fn page() -> Harness<'static, State> {
    opened(long_chat(1000, 3), SIZE, Theme::Light)
}

fn settings<'a>(harness: &'a Harness<'_, State>) -> &'a Settings {
    harness.state().window.settings()
}

fn search(harness: &mut Harness<'_, State>, words: &str) {
    harness.get_by_role_and_label(Role::TextInput, "Search settings").focus();
    harness.run();
    key(harness, Modifiers::COMMAND, Key::A);
    type_text(harness, words);
}

fn click(harness: &mut Harness<'_, State>, role: Role, label: &str) {
    node(harness, role, label).click();
    harness.run();
}

fn node<'a>(harness: &'a Harness<'_, State>, role: Role, label: &'a str) -> Node<'a> {
    let mut nodes = harness.query_all_by_role(role);
    let starts = |node: &Node<'_>| node.accesskit_node().label().is_some_and(|it| it.starts_with(label));
    nodes.find(starts).unwrap_or_else(|| panic!("there is no {role:?} {label:?}"))
}

fn is_open(harness: &Harness<'_, State>) -> bool {
    harness.query_by_label("Close settings").is_some()
}

#[test]
fn the_page_opens_and_closes_by_keys_and_one_goes_on_writing() {
    let mut harness = chosen(long_chat(1000, 3), SIZE, Theme::Light, used());
    open(&mut harness, BOB);
    type_text(&mut harness, "unfinished");
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    assert!(is_open(&harness));
    type_text(&mut harness, "zoom");
    assert_eq!(composer_text(&harness, BOB), "unfinished", "what is typed is looked for");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(is_open(&harness), "first the search goes");
    key(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!is_open(&harness));
    type_text(&mut harness, " text");
    assert_eq!(composer_text(&harness, BOB), "unfinished text");
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    assert!(!is_open(&harness));
}

#[test]
fn the_menu_under_ones_name_leads_to_the_page() {
    let mut harness = chosen(model(), SIZE, Theme::Light, used());
    harness.get_by_label("Account of Alice").click();
    harness.run();
    click(&mut harness, Role::Button, "Settings");
    assert!(is_open(&harness));
    harness.get_by_label("Close settings").click();
    harness.run();
    assert!(!is_open(&harness));
}

#[test]
fn what_is_chosen_holds_at_once() {
    let mut harness = page();
    click(&mut harness, Role::Tab, "Appearance");
    assert!(!harness.ctx.global_style().visuals.dark_mode);
    click(&mut harness, Role::RadioButton, "Dark");
    assert!(harness.ctx.global_style().visuals.dark_mode);
    assert_eq!(settings(&harness).theme, values::Theme::Dark);

    click(&mut harness, Role::Button, "Larger");
    click(&mut harness, Role::Button, "Larger");
    assert!((harness.ctx.zoom_factor() - 1.2).abs() < 1e-5);
    click(&mut harness, Role::Button, "Zoom 120 %");
    assert_eq!((harness.ctx.zoom_factor(), settings(&harness).zoom), (1.0, 1.0));

    click(&mut harness, Role::Switch, "Animations");
    assert_eq!(harness.ctx.global_style().animation_time, 0.0);
    click(&mut harness, Role::Switch, "Animations");
    assert!(harness.ctx.global_style().animation_time > 0.0);
}

#[test]
fn switches_turn_what_they_name() {
    let mut harness = page();
    search(&mut harness, "notif");
    let text = "Show who wrote, and what";
    click(&mut harness, Role::Switch, text);
    assert!(!settings(&harness).notify_text);
    click(&mut harness, Role::Switch, "Notify of new messages");
    assert!(!settings(&harness).notify);
    click(&mut harness, Role::Switch, text);
    assert!(!settings(&harness).notify_text, "what depends on what is off cannot be turned");
    click(&mut harness, Role::Switch, "Do not disturb");
    assert!(settings(&harness).do_not_disturb);
    assert_eq!(harness.state_mut().take().len(), 0);

    search(&mut harness, "receipts");
    click(&mut harness, Role::Switch, "Send read receipts");
    let commands = harness.state_mut().take();
    assert!(matches!(commands.as_slice(), [Command::SetReadReceipts(false)]), "the server keeps it: {commands:?}");
    search(&mut harness, "sign out");
    click(&mut harness, Role::Button, "Sign out");
    assert!(matches!(harness.state_mut().take().as_slice(), [Command::SignOut]));
}

#[test]
fn ctrl_enter_sends_where_enter_does_not() {
    let mut harness = page();
    search(&mut harness, "enter");
    click(&mut harness, Role::Switch, "Enter sends");
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    open(&mut harness, BOB);
    type_text(&mut harness, "one");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    type_text(&mut harness, "two");
    assert_eq!(composer_text(&harness, BOB), "one\ntwo");
    harness.state_mut().take();
    key(&mut harness, Modifiers::COMMAND, Key::Enter);
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::Send { text, .. } if text == "one\ntwo")));
    assert_eq!(composer_text(&harness, BOB), "");

    // A name that is offered is taken, and nothing is sent.
    let state = harness.state_mut();
    state.window.open_chat(parlor::proto::chat::ChatKey::Everyone, &state.model);
    harness.run();
    type_text(&mut harness, "@bo");
    key(&mut harness, Modifiers::NONE, Key::Enter);
    let draft =
        |harness: &Harness<'_, State>| harness.state().window.draft(parlor::proto::chat::ChatKey::Everyone).to_owned();
    assert_eq!(draft(&harness), "@Bob ");
    type_text(&mut harness, "psst");
    assert!(harness.query_by_label("Ctrl+Shift+Enter sends this to Bob alone").is_some());
    harness.state_mut().take();
    key(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Enter);
    let commands = harness.state_mut().take();
    let alone = |command: &Command| matches!(command, Command::Send { chat, text, .. } if *chat == chat_with(BOB) && text == "psst");
    assert!(commands.iter().any(alone), "{commands:?}");
}

#[test]
fn servers_are_put_on_the_login_page_and_forgotten() {
    let mut harness = page();
    click(&mut harness, Role::Tab, "Connection");
    assert!(harness.query_by_label("Alice. Stands on the login page").is_some());
    click(&mut harness, Role::Button, "Put chat.example.org on the login page");
    assert_eq!(settings(&harness).default_server, "chat.example.org");
    click(&mut harness, Role::Button, "Forget chat.example.org");
    assert_eq!(settings(&harness).default_server, "");
    assert_eq!(settings(&harness).accounts, [on("", "Alice")]);
}

#[test]
fn what_is_kept_on_the_disk_is_said_limited_and_cleared() {
    let mut model = model();
    let path = "/home/alice/x.cache".into();
    model.cache = Some(CacheInfo { path, bytes: 3 << 20, limit: 64 << 20, shown_bytes: None });
    let mut harness = opened(model, SIZE, Theme::Light);
    click(&mut harness, Role::Tab, "Storage");
    assert!(harness.query_by_label("3 MiB in /home/alice/x.cache").is_some());
    assert!(harness.query_by_label("Pictures and files that were shown").is_none(), "nobody has looked yet");
    harness.state_mut().model.cache.as_mut().unwrap().shown_bytes = Some(117 << 20);
    harness.run();
    assert!(harness.query_by_label_contains("117 MiB. Those").is_some());
    assert!(harness.query_by_label_contains("Messages, pictures and files that were shown are deleted").is_some());
    click(&mut harness, Role::Button, "Keep more");
    assert_eq!(settings(&harness).cache_limit_bytes, 128 << 20);
    click(&mut harness, Role::Button, "Clear");
    let commands = harness.state_mut().take();
    assert!(matches!(commands.as_slice(), [Command::SetCacheLimit(limit), Command::ClearCache] if *limit == 128 << 20));
    for _ in 0..20 {
        click(&mut harness, Role::Button, "Keep less");
    }
    assert_eq!(settings(&harness).cache_limit_bytes, parlor::client::cache::CACHE_MIN_BYTES);
    assert_eq!(values::CACHE_MAX_BYTES, parlor::client::cache::CACHE_MAX_BYTES);
    assert_eq!(values::CACHE_DEFAULT_BYTES, parlor::client::cache::CACHE_DEFAULT_BYTES);
    click(&mut harness, Role::Button, "Keep more");
    look(harness, "settings_storage_light");
}

#[test]
fn every_row_is_reached_with_tab_and_stays_in_view() {
    let mut harness = opened(model(), [360.0, 480.0], Theme::Light);
    let roles = [Role::Switch, Role::RadioButton, Role::Link, Role::Button, Role::TextInput];
    let count = roles.iter().map(|role| harness.query_all_by_role(*role).count()).sum::<usize>();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..count {
        let focused = roles.iter().find_map(|role| harness.query_all_by_role(*role).find(|node| node.is_focused()));
        let (label, rect) =
            focused.map(|node| (node.accesskit_node().label(), node.rect())).expect("something has the focus");
        assert!(rect.top() >= 0.0 && rect.bottom() <= 480.0, "{label:?} is at {rect:?}");
        seen.extend(label);
        harness.key_press(Key::Tab);
        harness.run_steps(20);
    }
    for label in ["Search settings", "Animations", "Sign out", "Dark", "Larger", "Enter sends", "Do not disturb"] {
        assert!(seen.contains(label), "{label}: {seen:?}");
    }
    assert!(seen.iter().any(|label| label.starts_with("Twemoji")), "{seen:?}");
}

#[test]
fn nothing_moves_on_the_page_and_a_lost_connection_is_still_said() {
    let mut model = model();
    model.link = Link::Connecting;
    let mut harness = opened(model, SIZE, Theme::Dark);
    assert!(harness.query_by_label("Connecting…").is_some());
    harness.run();
    let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}

#[test]
fn signing_out_closes_the_page_and_keeps_what_was_chosen() {
    let mut harness = page();
    search(&mut harness, "motion");
    harness.state_mut().window.settings_mut().motion = false;
    harness.state_mut().model = Model::new(DeviceId::from_random(1));
    harness.run();
    assert!(harness.query_by_label("Welcome back").is_some());
    harness.state_mut().model = model();
    harness.run();
    assert!(!is_open(&harness));
    assert!(!settings(&harness).motion);
}

#[test]
fn what_is_to_be_said_about_the_settings_is_said_until_it_is_dismissed() {
    let words = "Your settings could not be read, so they begin anew.";
    let about = About { notice: Some(words.into()), ..About::default() };
    let mut harness = window(model());
    harness.state_mut().window = Window::new(Prefill::default()).with(Settings::default(), about);
    for phase in [Phase::SignedOut { problem: None }, Phase::SignedIn] {
        harness.state_mut().model.phase = phase;
        harness.run();
        assert!(harness.query_by_label(words).is_some());
    }
    key(&mut harness, Modifiers::COMMAND, Key::Comma);
    assert!(harness.query_by_label(words).is_some());
    harness.get_by_label("Dismiss the notice").click();
    harness.run();
    assert!(harness.query_by_label(words).is_none());
}

#[test]
fn the_zoom_of_the_keys_is_kept() {
    for phase in [Phase::SignedIn, Phase::SignedOut { problem: None }] {
        let mut harness = window(model());
        harness.state_mut().model.phase = phase;
        for (pressed, zoom) in
            [(Key::Plus, 1.1), (Key::Equals, 1.2), (Key::Minus, 1.1), (Key::Num0, 1.0), (Key::Minus, 0.9)]
        {
            key(&mut harness, Modifiers::COMMAND, pressed);
            harness.run();
            assert!((settings(&harness).zoom - zoom).abs() < 1e-5, "{pressed:?}");
            assert!((harness.ctx.zoom_factor() - zoom).abs() < 1e-5, "{pressed:?}");
        }
    }
    let harness = chosen(model(), SIZE, Theme::Light, Settings { zoom: 1.5, ..Settings::default() });
    assert_eq!(harness.ctx.zoom_factor(), 1.5, "and it holds at the next start");
}

fn drag(harness: &mut Harness<'_, State>, label: &str, to: f32) {
    let from = harness.get_by_label(label).rect().center();
    let button = |pos, pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let to = egui::pos2(to, from.y);
    harness.hover_at(from);
    harness.event(button(from, true));
    harness.run();
    harness.hover_at(to);
    harness.run();
    harness.event(button(to, false));
    harness.run();
}

#[test]
fn the_lines_between_panes_are_dragged_and_kept() {
    let mut harness = chosen(long_chat(1000, 3), [1400.0, 900.0], Theme::Light, Settings::default());
    open(&mut harness, BOB);
    key(&mut harness, Modifiers::COMMAND, Key::I);
    drag(&mut harness, "Width of the list", 300.0);
    assert_eq!(harness.get_by_label("Width of the list").rect().center().x, 300.0);
    drag(&mut harness, "Width of the details", 1000.0);
    assert_eq!(harness.get_by_label("Width of the details").rect().center().x, 1000.0);
    let (list, details) = (settings(&harness).list_width.unwrap(), settings(&harness).details_width.unwrap());
    assert!(list > 280.0 && details > 380.0, "{list}, {details}");
    drag(&mut harness, "Width of the list", 0.0);
    assert_eq!(settings(&harness).list_width, Some(PANE_MIN));
    drag(&mut harness, "Width of the list", 1200.0);
    assert_eq!(settings(&harness).list_width, Some(PANE_MAX));

    // By keys: the list grows to the right, the details to the left.
    harness.get_by_label("Width of the list").focus();
    harness.run();
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(settings(&harness).list_width, Some(PANE_MAX - 16.0));
    assert!(harness.get_by_label("Width of the list").is_focused(), "the arrow moved the line, not the focus");
    harness.get_by_label("Width of the details").focus();
    harness.run();
    key(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(settings(&harness).details_width, Some(details + 16.0));
}

#[test]
fn wide_panes_leave_room_for_the_conversation() {
    let settings = Settings { list_width: Some(PANE_MAX), details_width: Some(PANE_MAX), ..Settings::default() };
    for (width, details) in [(660.0, false), (900.0, false), (1400.0, true), (1120.0, true)] {
        let mut harness = chosen(long_chat(1000, 3), [width, 700.0], Theme::Light, settings.clone());
        open(&mut harness, BOB);
        if details {
            key(&mut harness, Modifiers::COMMAND, Key::I);
        }
        let field = harness.get_by_label("Message Bob").rect();
        assert!(field.width() > 180.0 && field.right() < width, "{width}: {field:?}");
    }
}

fn look(mut harness: Harness<'_, State>, name: &str) {
    harness.remove_cursor();
    harness.run();
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

#[test]
fn the_page_in_the_light() {
    let mut harness = page();
    click(&mut harness, Role::Tab, "Appearance");
    look(harness, "settings_light");
}

#[test]
fn the_page_in_the_dark() {
    let mut model = model();
    model.hosting = hosted(Some("192.168.1.5:27275"));
    let mut harness = opened(model, [1400.0, 900.0], Theme::Dark);
    click(&mut harness, Role::Tab, "Connection");
    look(harness, "settings_servers_dark");
}

#[test]
fn the_notifications_in_the_dark() {
    let mut harness = opened(model(), SIZE, Theme::Dark);
    click(&mut harness, Role::Tab, "Notifications");
    click(&mut harness, Role::Switch, "Notify of");
    look(harness, "settings_notifications_dark");
}

#[test]
fn what_a_search_finds() {
    let mut harness = page();
    search(&mut harness, "the");
    look(harness, "settings_search_light");
}

#[test]
fn a_search_that_finds_nothing() {
    let mut harness = page();
    search(&mut harness, "colour of the moon");
    look(harness, "settings_nothing_light");
}

#[test]
fn the_page_in_a_small_window() {
    look(opened(model(), [360.0, 480.0], Theme::Light), "settings_small_light");
}

#[test]
fn about_in_a_small_window_in_the_dark() {
    let mut harness = opened(model(), [360.0, 480.0], Theme::Dark);
    search(&mut harness, "about");
    look(harness, "settings_about_small_dark");
}

#[test]
fn three_panes_on_a_4k_screen_at_200_percent() {
    let mut harness = chosen_at(2.0, long_chat(1000, 12), [1920.0, 1080.0], Theme::Light, Settings::default());
    open(&mut harness, BOB);
    key(&mut harness, Modifiers::COMMAND, Key::I);
    look(harness, "frame_4k_light");
}
