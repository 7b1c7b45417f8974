//! What is in a message beyond its words: links that lead where they say, long texts that fold, the menu, and several
//! messages copied together.

mod common;

use common::*;
use egui::{Modifiers, OutputCommand, Theme, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use parlor::client::command::Command;
use parlor::client::outbox::Destination;
use parlor::proto::event::{Code, Problem};
use parlor::proto::ids::Seq;
use proptest::prelude::*;

/// What the last frame opened in a browser.
fn opened(harness: &Harness<'_, State>) -> Vec<String> {
    let commands = harness.output().platform_output.commands.iter();
    commands
        .filter_map(|command| match command {
            OutputCommand::OpenUrl(open) => Some(open.url.clone()),
            _ => None,
        })
        .collect()
}

fn said(texts: &[&str]) -> Harness<'static, State> {
    let mut model = model();
    for (seq, text) in (1..).zip(texts) {
        say(&mut model, BOB, BOB, seq, NOW, text, true);
    }
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    with_bob(model)
}

/// Clicks in the middle of something, and shows the frame in which that does what it does.
fn click(harness: &mut Harness<'_, State>, at: egui::Pos2, button: egui::PointerButton) {
    harness.hover_at(at);
    harness.run();
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
    }
    harness.step();
}

fn tabs_to(harness: &mut Harness<'_, State>, label: &str) {
    for _ in 0..20 {
        if harness.query_by_label(label).is_some_and(|node| node.is_focused()) {
            return;
        }
        key(harness, Modifiers::NONE, egui::Key::Tab);
    }
    panic!("{label} is not reached by Tab");
}

#[test]
fn a_link_is_opened_by_a_click_and_only_there() {
    let mut harness = said(&["See https://example.com/plan. It is short."]);
    let link = harness.get_by_label("Link to example.com/plan").rect();
    let words = bubble(&harness, "See https").unwrap();
    assert!(words.contains_rect(link.shrink(1.0)) && link.width() < words.width() - 60.0, "{link:?} {words:?}");
    harness.hover_at(link.center());
    harness.run();
    assert_eq!(harness.output().platform_output.cursor_icon, egui::CursorIcon::PointingHand);
    click(&mut harness, link.center(), egui::PointerButton::Primary);
    assert_eq!(opened(&harness), ["https://example.com/plan"]);
    harness.run();
    click(&mut harness, link.left_center() - vec2(12.0, 0.0), egui::PointerButton::Primary);
    assert_eq!(opened(&harness), [] as [&str; 0]);
}

#[test]
fn what_is_no_web_address_is_not_opened() {
    let harness = said(&["file:///etc/passwd javascript://x main.rs example.com ssh://host mailto:a@example.com"]);
    assert_eq!(harness.query_all_by_role(egui::accesskit::Role::Link).count(), 0);
}

#[test]
fn a_link_among_words_from_the_right_leads_where_it_stands() {
    let mut harness = said(&["שלום, ראו https://example.com/plan תודה רבה", "مرحبا https://example.org/x وشكرا جزيلا"]);
    for (name, target) in
        [("Link to example.com/plan", "https://example.com/plan"), ("Link to example.org/x", "https://example.org/x")]
    {
        let link = harness.get_by_label(name).rect();
        assert!(link.width() > 130.0 && link.height() < 30.0, "{link:?}");
        click(&mut harness, link.center(), egui::PointerButton::Primary);
        assert_eq!(opened(&harness), [target]);
        harness.run();
    }
}

#[test]
fn nobody_can_hide_where_a_link_leads() {
    for (text, name, leads) in [
        ("https://bank.example@evil.example/login", "Link to evil.example", "Leads to evil.example"),
        ("https://аpple.com/", "Link to xn--pple-43d.com", "Leads to xn--pple-43d.com"),
        ("https://evil.example/\u{202e}moc.knab", "Link to evil.example/moc.knab", ""),
        ("https://evil.example/אבג", "Link to evil.example", "Leads to evil.example"),
    ] {
        let mut harness = said(&[text]);
        let link = harness.get_by_label(name).rect();
        harness.hover_at(link.center());
        harness.run_steps(40);
        let told = harness.query_all_by_label_contains("Leads to ").next();
        let told = told.map(|node| node.accesskit_node().label().or(node.accesskit_node().value()).unwrap());
        match leads {
            "" => assert_eq!(told, None, "{text}"),
            leads => {
                let told = told.unwrap_or_else(|| panic!("{text} tells where it leads"));
                assert!(told.starts_with(leads) && told.is_ascii(), "{told}");
            }
        }
    }
}

#[test]
fn links_are_in_the_menu_for_the_keyboard() {
    let mut harness = said(&["https://example.com/a and www.example.org."]);
    tabs_to(&mut harness, "Bob, 15:00: https://example.com/a and www.example.org.");
    key(&mut harness, Modifiers::SHIFT, egui::Key::F10);
    assert!(harness.get_by_label("Reply").is_focused(), "the keyboard is in the menu");
    assert!(harness.query_by_label("Open link 1: example.com/a").is_some());
    key(&mut harness, Modifiers::NONE, egui::Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, egui::Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, egui::Key::ArrowDown);
    assert!(harness.get_by_label("Open link 2: www.example.org").is_focused());
    harness.key_down(egui::Key::Enter);
    harness.step();
    assert_eq!(opened(&harness), ["https://www.example.org/"]);
    harness.key_up(egui::Key::Enter);
    harness.run();

    let message = "Bob, 15:00: https://example.com/a and www.example.org.";
    assert!(harness.get_by_label(message).is_focused(), "and back at the message");
    key(&mut harness, Modifiers::NONE, egui::Key::Menu);
    harness.get_by_label("Copy links").click();
    harness.step();
    assert_eq!(clipboard(&harness), ["https://example.com/a\nhttps://www.example.org/"]);
}

#[test]
fn the_menu_on_a_link_is_about_that_link() {
    let mut harness = said(&["https://example.com/a and https://example.org/b"]);
    let link = harness.get_by_label("Link to example.org/b").rect();
    click(&mut harness, link.center(), egui::PointerButton::Secondary);
    harness.run();
    harness.get_by_label("Copy link").click();
    harness.step();
    assert_eq!(clipboard(&harness), ["https://example.org/b"]);
}

#[test]
fn a_button_beside_the_message_opens_its_menu() {
    let mut harness = said(&["have a look"]);
    assert!(harness.query_by_label("Menu of the message of Bob").is_none());
    let words = bubble(&harness, "have a look").unwrap();
    harness.hover_at(words.center());
    harness.run();
    let button = harness.get_by_label("Menu of the message of Bob").rect();
    assert!(button.left() > words.right() && button.left() < words.right() + 12.0);
    harness.get_by_label("Menu of the message of Bob").click();
    harness.run();
    assert!(harness.query_by_label("Copy message").is_some());
    assert!(harness.query_by_label("Copy link").is_none());
    key(&mut harness, Modifiers::NONE, egui::Key::Escape);
    assert!(harness.query_by_label("Copy message").is_none());
    assert!(harness.state().window.open().is_some(), "it closed the menu alone");

    tabs_to(&mut harness, "Menu of the message of Bob");
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert!(harness.query_by_label("Copy message").is_some());
}

#[test]
fn a_refused_message_is_sent_again_or_discarded_from_its_menu() {
    let mut harness = said(&["before"]);
    let n = {
        let model = &mut harness.state_mut().model;
        let n = model.outbox.push(Destination::Chat(chat_with(BOB)), "refused".into(), NOW).n;
        model.outbox.fail(n, Problem::new(Code::StorageFull, "the disk is full"));
        n
    };
    harness.run();
    for label in ["Send again", "Discard message"] {
        let own = bubble(&harness, "not sent: refused").unwrap();
        click(&mut harness, own.left_top() + vec2(20.0, 16.0), egui::PointerButton::Secondary);
        harness.run();
        harness.get_by_label(label).click();
        harness.run();
    }
    let commands = harness.state_mut().take();
    assert!(commands.iter().any(|command| matches!(command, Command::Retry { n: m } if *m == n)), "{commands:?}");
    assert!(commands.iter().any(|command| matches!(command, Command::Discard { n: m } if *m == n)), "{commands:?}");
}

fn lines(count: usize) -> String {
    (1..=count).map(|n| format!("line {n} of the poem")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_message_of_more_than_forty_lines_folds() {
    let height = |text: &str| {
        let mut model = model();
        say(&mut model, BOB, BOB, 1, NOW, text, true);
        let mut harness = sized(model, [1000.0, 2400.0]);
        open(&mut harness, BOB);
        let height = bubble(&harness, "line 1 of").unwrap().height();
        (height, harness.query_by_label("Show more").is_some())
    };
    let (forty, folds) = height(&lines(40));
    assert!(!folds);
    let (folded, folds) = height(&lines(41));
    assert!(folds && folded - forty < 40.0, "{folded} {forty}");
    assert_eq!(height(&lines(90)), (folded, true));
    assert_eq!(height(&format!("line 1 of {}", "\n".repeat(16_000))).0, folded - 0.0, "nor is it higher");
}

#[test]
fn showing_more_and_less_moves_nothing_above() {
    let mut model = long_chat(1000, 30);
    say(&mut model, BOB, BOB, 1030, NOW, &lines(60), true);
    say(&mut model, BOB, BOB, 1031, NOW, "and after it", true);
    for (size, scrolled) in [([1000.0, 1300.0], 0.0), ([1000.0, 1300.0], 30.0), ([1000.0, 2400.0], 0.0)] {
        let mut harness = sized(model.clone(), size);
        open(&mut harness, BOB);
        scroll(&mut harness, scrolled);
        let above = |harness: &Harness<'_, State>| top_of(harness, "message 1029.").unwrap();
        let (top, before) = (top_of(&harness, "line 1 of").unwrap(), above(&harness));
        let height = bubble(&harness, "line 1 of").unwrap().height();
        harness.get_by_label("Show more").click();
        harness.run();
        let whole = bubble(&harness, "line 1 of").unwrap().height();
        assert!(whole > height + 19.0 * 21.0, "{whole} {height}");
        assert_eq!(top_of(&harness, "line 1 of"), Some(top), "{size:?} {scrolled}");
        assert_eq!(above(&harness), before);
        // The end of it is read, and from there it is folded again.
        scroll(&mut harness, -100_000.0);
        let button = harness.get_by_label("Show less").rect();
        harness.get_by_label("Show less").click();
        harness.run();
        assert_eq!(bubble(&harness, "line 1 of").unwrap().height(), height);
        let after = harness.get_by_label("Show more").rect();
        assert!((after.top() - button.top()).abs() < 70.0, "it does not jump away: {after:?} {button:?}");
    }
}

#[test]
fn a_folded_message_that_is_made_longer_above_the_viewport_moves_nothing() {
    let mut model = long_chat(1000, 4);
    say(&mut model, BOB, BOB, 1004, NOW, &lines(80), true);
    for n in 1005..1040 {
        say(&mut model, BOB, BOB, n, NOW, &words(n), true);
    }
    let mut harness = with_bob(model);
    scroll(&mut harness, 300.0);
    let (n, before) = first_visible(&harness, 1005..1040);
    let chat = harness.state_mut().chat(BOB);
    chat.messages[4].text = lines(10).into();
    harness.run();
    assert_eq!(bottom_of(&harness, &format!("message {n}.")), Some(before));
}

/// Opens the mode with the first of these messages.
fn selecting(texts: &[&str]) -> Harness<'static, State> {
    let mut harness = said(texts);
    let first = bubble(&harness, texts[0]).unwrap();
    click(&mut harness, first.center(), egui::PointerButton::Secondary);
    harness.run();
    harness.get_by_label("Select several").click();
    harness.run();
    harness
}

#[test]
fn several_messages_are_chosen_and_copied_with_names_and_times() {
    let mut harness = selecting(&["one", "two\nlines", "three", "four"]);
    assert!(harness.query_by_label("1 selected").is_some());
    assert!(harness.query_by_label("Message Bob").is_none(), "the bar is in the composer's place");
    let third = harness.get_by_label("Bob, 15:00: three").rect();
    // Beside the words, too: the whole row can be clicked.
    click(&mut harness, third.right_center() - vec2(60.0, 0.0), egui::PointerButton::Primary);
    harness.run();
    assert!(harness.query_by_label("2 selected").is_some());
    harness.get_by_label_contains("two").click_modifiers(Modifiers::SHIFT);
    harness.run();
    assert!(harness.query_by_label("3 selected").is_some());
    harness.get_by_label("Copy").click();
    harness.step();
    let time = "20 Nov 2026, 15:00";
    let text = format!("[{time}] Bob: one\n[{time}] Bob: two\nlines\n[{time}] Bob: three");
    assert_eq!(clipboard(&harness), [text]);
    harness.run();
    assert!(harness.query_by_label("Copied 3 messages").is_some());
    assert!(harness.get_by_label("Message Bob").is_focused(), "one goes on writing");
}

#[test]
fn messages_are_chosen_by_keyboard() {
    let mut harness = selecting(&["one", "two", "three"]);
    assert!(harness.get_by_label("Bob, 15:00: one").is_focused());
    key(&mut harness, Modifiers::NONE, egui::Key::ArrowDown);
    key(&mut harness, Modifiers::NONE, egui::Key::ArrowDown);
    assert!(harness.get_by_label("Bob, 15:00: three").is_focused());
    key(&mut harness, Modifiers::SHIFT, egui::Key::Space);
    assert!(harness.query_by_label("3 selected").is_some());
    key(&mut harness, Modifiers::NONE, egui::Key::Space);
    assert!(harness.query_by_label("2 selected").is_some());
    harness.event(egui::Event::Copy);
    harness.step();
    assert_eq!(clipboard(&harness), ["[20 Nov 2026, 15:00] Bob: one\n[20 Nov 2026, 15:00] Bob: two"]);
}

#[test]
fn escape_leaves_the_choice_and_nothing_else() {
    let mut harness = selecting(&["one", "two"]);
    key(&mut harness, Modifiers::NONE, egui::Key::Escape);
    assert!(harness.query_by_label("1 selected").is_none());
    assert!(harness.state().window.open().is_some());
    assert!(harness.get_by_label("Message Bob").is_focused());
}

#[test]
fn what_is_chosen_stays_chosen_while_one_scrolls_and_has_a_limit() {
    let mut harness = with_bob(long_chat(1000, 900));
    let last = bubble(&harness, "message 1899.").unwrap();
    click(&mut harness, last.center(), egui::PointerButton::Secondary);
    harness.run();
    harness.get_by_label("Select several").click();
    harness.run();
    scroll(&mut harness, 1_000_000.0);
    assert!(harness.query_by_label("1 selected").is_some());
    harness.get_by_label_contains("message 1003.").click();
    harness.run();
    harness.get_by_label("Copy").click();
    harness.step();
    let text = clipboard(&harness).join("");
    assert!(text.contains("message 1003.") && text.contains("message 1899.") && text.lines().count() == 2, "{text}");

    scroll(&mut harness, -1_000_000.0);
    let last = bubble(&harness, "message 1899.").unwrap();
    click(&mut harness, last.center(), egui::PointerButton::Secondary);
    harness.run();
    harness.get_by_label("Select several").click();
    harness.run();
    scroll(&mut harness, 1_000_000.0);
    harness.get_by_label_contains("message 1003.").click_modifiers(Modifiers::SHIFT);
    harness.run();
    assert!(harness.query_by_label("500 selected, no more are possible").is_some());
}

#[test]
fn choosing_moves_nothing() {
    let mut harness = said(&["one", "two", "three"]);
    let place = |harness: &Harness<'_, State>, text| harness.get_by_label(&format!("Bob, 15:00: {text}")).rect();
    let places = |harness: &Harness<'_, State>| ["one", "two", "three"].map(|text| place(harness, text));
    let before = places(&harness);
    click(&mut harness, before[0].center(), egui::PointerButton::Secondary);
    harness.run();
    harness.get_by_label("Select several").click();
    harness.run();
    for (before, after) in before.into_iter().zip(places(&harness)) {
        assert_eq!(before.y_range(), after.y_range());
    }
}

/// Pieces of what people could write to do harm.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("https://example.com/".to_owned()),
        Just("http://בנק.example/אב?ג=ד".to_owned()),
        Just("https://مثال.إختبار/".to_owned()),
        Just("www.".to_owned()),
        Just("https://a@b:c@d/".to_owned()),
        Just("שלום עולם ".to_owned()),
        Just("مرحبا بالعالم ".to_owned()),
        Just("\u{200d}\u{200c}\u{ad}\u{34f}\u{180e}".to_owned()),
        Just("\u{202e}\u{2066}\u{200f}\u{feff}".to_owned()),
        Just("\n".repeat(60)),
        Just("x".repeat(3_000)),
        Just("א".repeat(700)),
        Just("\u{301}".repeat(50)),
        Just("👨‍👩‍👧‍👦🇩🇪".to_owned()),
        Just("@Bob @".to_owned()),
        Just(")]}>.,;:'\"".to_owned()),
        "\\PC{0,12}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_people_write_stops_a_window(text in hostile(), typed in hostile(), narrow in any::<bool>()) {
        let mut model = model();
        say(&mut model, BOB, BOB, 1, NOW, &text, true);
        say(&mut model, BOB, ALICE, 2, NOW, &text, true);
        let mut harness = sized(model, if narrow { [360.0, 480.0] } else { [1000.0, 700.0] });
        open(&mut harness, BOB);
        if let Some(more) = harness.query_all_by_label("Show more").next() {
            more.click();
        }
        harness.run_steps(2);
        key(&mut harness, Modifiers::COMMAND, egui::Key::F);
        let typed: String = typed.chars().take(30).collect();
        harness.event(egui::Event::Text(typed));
        harness.run_steps(3);
        for x in [400.0f32, 500.0, 640.0] {
            let at = egui::pos2(x.min(harness.ctx.content_rect().right() - 40.0), 300.0);
            harness.drag_at(at);
            harness.run_steps(1);
            harness.drop_at(at + vec2(-60.0, 40.0));
            harness.run_steps(1);
        }
        harness.event(egui::Event::Copy);
        harness.run_steps(1);
    }
}

#[test]
fn sixteen_thousand_empty_lines_do_no_harm() {
    for text in ["\n".repeat(16_000), "\u{200d}".repeat(5_000), "א\n".repeat(5_000), "https://a.example\n".repeat(900)]
    {
        let mut harness = said(&[&text]);
        // What nobody can see is not drawn, however much of it there is.
        if !text.contains('\u{200d}') {
            harness.get_by_label("Show more").click();
        }
        harness.run();
        scroll(&mut harness, 3_000.0);
        scroll(&mut harness, -1_000_000.0);
        assert!(harness.query_by_label("Show less").is_some() || text.contains('\u{200d}'));
    }
}

fn look(harness: &mut Harness<'_, State>, name: &str) {
    harness.snapshot_options(name, &egui_kittest::SnapshotOptions::new().threshold(1.5).max_failed_pixels(400));
}

#[test]
fn links_in_the_light() {
    look(&mut with_links([1000.0, 700.0], Theme::Light), "links_light");
}

#[test]
fn links_in_the_dark_in_a_small_window() {
    look(&mut with_links([376.0, 640.0], Theme::Dark), "links_small_dark");
}

fn with_links(size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let mut model = model();
    let when = |time: &str| at(&format!("2026-11-20T{time}:00Z"));
    say(&mut model, BOB, BOB, 1, when("09:12"), &lines(44), true);
    say(&mut model, BOB, BOB, 2, when("09:13"), "The plan is at https://example.com/plans/hike, have a look.", true);
    say(&mut model, BOB, ALICE, 3, when("09:14"), "Nice. And www.example.org/huts/open has the huts!", true);
    model.chats.get_mut(&chat_with(BOB)).unwrap().complete = true;
    let mut harness = themed(model, size, theme);
    open(&mut harness, BOB);
    let link = harness.get_by_label_contains("Link to example.com").rect();
    harness.hover_at(link.center());
    harness.run();
    harness
}

#[test]
fn how_choosing_and_the_menu_look() {
    let mut harness = said(&["one", "The plan: https://example.com/plan and https://example.org", "three"]);
    let second = bubble(&harness, "The plan").unwrap();
    click(&mut harness, second.left_top() + vec2(20.0, 5.0), egui::PointerButton::Secondary);
    harness.run();
    look(&mut harness, "message_menu_light");
    harness.get_by_label("Select several").click();
    harness.run();
    harness.get_by_label("Bob, 15:00: three").click();
    harness.run();
    harness.remove_cursor();
    harness.run();
    look(&mut harness, "choosing_light");
    assert!(harness.state().model.chat(chat_with(BOB)).unwrap().messages.iter().all(|message| message.seq > Seq(0)));
}
