//! What the desktop is told of new messages, and when that is taken back: the real fold over what a server says.

use std::time::Duration;

use parlor::client::model::{Link, Model};
use parlor::proto::chat::{ChatKey, GroupId};
use parlor::proto::event::Event;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::proto::record;
use parlor::ui::attention::{
    About, Attention, CHATS_MAX, Deed, Notification, SHOW_BURST, SHOW_PAUSE, SOUND_PAUSE, Settings, TEXT_MAX,
    UPDATE_PAUSE,
};
use serde_json::{Value, json};

const BOB: ChatKey = ChatKey::Person(UserId(2));
const CHARLIE: ChatKey = ChatKey::Person(UserId(3));
const HIKE: ChatKey = ChatKey::Group(GroupId(7));

/// Alice's window, and what the desktop shows of it.
struct Desk {
    model: Model,
    attention: Attention,
    settings: Settings,
    watched: Option<ChatKey>,
    now: Duration,
    seq: u64,
}

impl Desk {
    /// Signed in and up to date; a message of Bob and one in a group have been waiting since before.
    fn new() -> Self {
        let mut desk = Self {
            model: Model::new(DeviceId::from_random(1)),
            attention: Attention::default(),
            settings: Settings::default(),
            watched: None,
            now: Duration::from_secs(1_000),
            seq: 20,
        };
        desk.log_in(false);
        assert_eq!(desk.look(), [""; 0], "while catching up");
        desk.lists(json!([
            {"with": 2, "seq": 9, "at": 0, "from": 2, "preview": "old", "unread": 1, "read": 0},
            {"group": 7, "seq": 10, "at": 0, "from": 3, "preview": "old", "unread": 4, "read": 8},
        ]));
        assert_eq!(desk.look(), [""; 0], "what was there at the first look is no news");
        desk
    }

    fn hear(&mut self, event: Value) {
        let json = serde_json::to_vec(&event).unwrap();
        self.model.apply(Event::parse(&json).unwrap(), Millis(0));
    }

    fn log_in(&mut self, resumed: bool) {
        self.hear(json!({
            "purpose": "login", "id": 1, "result": true, "user": 1, "username": "Alice", "server": "", "log": "log",
            "seq": self.seq, "resumed": resumed, "message_max_bytes": 16384,
        }));
    }

    /// The lists that end catching up.
    fn lists(&mut self, chats: Value) {
        let names = ["Alice", "Bob", "Charlie", "Dora", "Emil", "Fay", "Gus", "Hal"];
        let person =
            |(at, name): (usize, &&str)| json!({"id": at + 1, "username": name, "status": "online", "joined": at});
        let people: Vec<_> = names.iter().enumerate().map(person).collect();
        let members: Vec<_> = (1..4).map(|user| json!({"user": user, "joined": 5})).collect();
        let group = json!({"group": 7, "name": "Weekend hike", "owner": 1, "history": "joined", "members": members});
        self.hear(json!({"purpose": "people", "people": people, "whole": true}));
        self.hear(json!({"purpose": "groups", "groups": [group]}));
        self.hear(json!({"purpose": "chats", "chats": chats}));
        self.hear(json!({"purpose": "ready", "seq": self.seq}));
    }

    fn record(&mut self, fields: Value) -> Seq {
        self.seq += 1;
        let mut record = json!({"seq": self.seq, "at": 0});
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let mut json = serde_json::to_vec(&record).unwrap();
        record::seal(&mut json, 0);
        self.model.apply(Event::parse(&json).unwrap(), Millis(0));
        Seq(self.seq)
    }

    /// Somebody writes to Alice.
    fn from(&mut self, user: u32, text: &str) -> Seq {
        self.record(json!({
            "purpose": "receive_message", "from": user, "to": 1, "from_user": "", "to_user": "", "message": text,
        }))
    }

    /// Somebody writes to the group, and calls these by name.
    fn in_group(&mut self, user: u32, text: &str, mentions: &[u32]) -> Seq {
        self.record(json!({
            "purpose": "receive_message", "from": user, "group": 7, "from_user": "", "mentions": mentions,
            "message": text,
        }))
    }

    /// Another window of Alice's has read a chat.
    fn read(&mut self, field: &str, chat: u32, upto: Seq) {
        self.record(json!({"purpose": "read_message", "by": 1, field: chat, "upto": upto}));
    }

    fn mute(&mut self, muted: bool) {
        self.record(json!({"purpose": "chat_muted", "by": 1, "group": 7, "muted": muted}));
    }

    fn deeds(&mut self) -> (Vec<Deed>, Option<Duration>) {
        let look = self.attention.look(&self.model, self.watched, self.settings, self.now);
        (look.deeds, look.again)
    }

    /// What the desktop does now, in words.
    fn look(&mut self) -> Vec<String> {
        let about = |about| match about {
            About::Chat(ChatKey::Person(id)) => format!("{}", id.0),
            About::Chat(ChatKey::Group(_)) => "group".into(),
            About::Chat(ChatKey::Everyone) => "everyone".into(),
            About::Several => "several".into(),
        };
        let words = |deed| match deed {
            Deed::Show(Notification { about: of, title, body, sound, .. }) => {
                format!("{} {}: {title} | {body}", if sound { "ring" } else { "show" }, about(of))
            }
            Deed::Withdraw(of) => format!("withdraw {}", about(of)),
        };
        self.deeds().0.into_iter().map(words).collect()
    }

    fn later(&mut self, pause: Duration) -> &mut Self {
        self.now += pause;
        self
    }
}

#[test]
fn a_message_is_told_with_who_wrote_it_and_where_a_click_leads() {
    let mut desk = Desk::new();
    let seq = desk.from(2, "Are we on for\r\n  Saturday? 👨‍👩‍👧");
    let shown = Deed::Show(Notification {
        about: About::Chat(BOB),
        target: (BOB, seq),
        title: "Bob".into(),
        body: "Are we on for Saturday? 👨‍👩‍👧".into(),
        sound: false,
    });
    assert_eq!(desk.deeds(), (vec![shown], None));
    assert_eq!(desk.look(), [""; 0], "once");
    desk.in_group(3, "me too", &[]);
    assert_eq!(desk.look(), ["show group: Weekend hike | Charlie: me too"]);
}

#[test]
fn what_does_not_deserve_attention_is_not_told() {
    type Case = (&'static str, fn(&mut Desk));
    let cases: [Case; 7] = [
        ("the chat before one's eyes", |desk| {
            desk.watched = Some(BOB);
            desk.from(2, "hi");
        }),
        ("one's own, from another window", |desk| {
            desk.record(json!({
                "purpose": "receive_message", "from": 1, "to": 2, "from_user": "", "to_user": "", "message": "hi",
            }));
        }),
        ("a muted chat", |desk| {
            desk.mute(true);
            desk.in_group(2, "hi", &[3]);
        }),
        ("do not disturb", |desk| {
            desk.settings.do_not_disturb = true;
            desk.from(2, "hi");
            desk.in_group(2, "hi", &[1]);
        }),
        ("notifications are off", |desk| {
            desk.settings.enabled = false;
            desk.from(2, "hi");
        }),
        ("what happens to a group", |desk| {
            desk.record(json!({
                "purpose": "group_changed", "group": 7, "by": 2, "by_user": "", "change": "renamed", "name": "x",
            }));
        }),
        ("read elsewhere before anybody looked", |desk| {
            let seq = desk.from(2, "hi");
            desk.read("with", 2, seq);
        }),
    ];
    for (what, happen) in cases {
        let mut desk = Desk::new();
        happen(&mut desk);
        assert_eq!(desk.look(), [""; 0], "{what}");
        // And not later either.
        (desk.settings, desk.watched) = (Settings::default(), None);
        assert_eq!(desk.later(SOUND_PAUSE).look(), [""; 0], "{what}");
    }
}

#[test]
fn do_not_disturb_still_counts() {
    let mut desk = Desk::new();
    desk.settings.do_not_disturb = true;
    let before = desk.model.unread();
    desk.from(2, "hi");
    assert_eq!((desk.look(), desk.model.unread()), (vec![], before + 1));
}

#[test]
fn a_mention_passes_a_mute() {
    let mut desk = Desk::new();
    desk.mute(true);
    desk.in_group(2, "quiet", &[]);
    desk.in_group(2, "@Alice, are you in?", &[1]);
    desk.in_group(2, "quiet", &[]);
    assert_eq!(desk.look(), ["show group: Weekend hike | Bob: @Alice, are you in?"]);
}

#[test]
fn more_from_a_chat_takes_the_place_of_what_is_shown_in_time() {
    let mut desk = Desk::new();
    desk.from(2, "one");
    assert_eq!(desk.look(), ["show 2: Bob | one"]);
    desk.from(2, "two");
    assert_eq!(desk.deeds(), (vec![], Some(UPDATE_PAUSE)), "it can be read first");
    let seq = desk.from(2, "three");
    let (deeds, again) = desk.later(UPDATE_PAUSE).deeds();
    let [Deed::Show(shown)] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert_eq!((shown.title.as_str(), shown.body.as_str()), ("Bob: 3 new messages", "three"));
    assert_eq!((shown.target, again), ((BOB, seq), None));
}

#[test]
fn what_is_read_is_taken_back() {
    type Case = (&'static str, fn(&mut Desk, Seq));
    let cases: [Case; 7] = [
        ("read up to what was told, with older ones that are not loaded", |desk, seq| {
            desk.in_group(1, "my own, from elsewhere", &[]);
            desk.read("group", 7, seq);
        }),
        ("read in another window", |desk, seq| desk.read("group", 7, seq)),
        ("read here", |desk, seq| assert!(desk.model.mark_read(HIKE, seq))),
        ("before one's eyes", |desk, _| desk.watched = Some(HIKE)),
        ("muted", |desk, _| desk.mute(true)),
        ("out of the group", |desk, _| {
            desk.record(json!({
                "purpose": "group_changed", "group": 7, "by": 2, "by_user": "", "change": "removed", "member": 1,
            }));
        }),
        ("do not disturb", |desk, _| desk.settings.do_not_disturb = true),
    ];
    for (what, happen) in cases {
        let mut desk = Desk::new();
        desk.in_group(2, "one", &[]);
        let seq = desk.in_group(2, "two", &[]);
        assert_eq!(desk.look().len(), 1);
        happen(&mut desk, seq);
        assert_eq!(desk.look(), ["withdraw group"], "{what}");
        assert_eq!(desk.look(), [""; 0], "{what}");
    }
    let mut desk = Desk::new();
    let first = desk.in_group(2, "one", &[]);
    desk.in_group(2, "two", &[]);
    desk.look();
    desk.read("group", 7, first);
    assert_eq!(desk.look(), [""; 0], "the newest is still unread");
}

#[test]
fn signing_out_and_another_person_take_everything_back() {
    for again in [false, true] {
        let mut desk = Desk::new();
        desk.from(2, "hi");
        desk.look();
        if again {
            desk.hear(json!({
                "purpose": "login", "id": 1, "result": true, "user": 8, "username": "Hal", "server": "", "log": "log",
                "seq": 90, "resumed": false, "message_max_bytes": 16384,
            }));
        } else {
            desk.model = Model::new(DeviceId::from_random(1));
        }
        assert_eq!(desk.look(), ["withdraw 2"]);
    }
}

#[test]
fn what_was_missed_is_told_once_for_each_chat_and_only_when_all_is_there() {
    let mut desk = Desk::new();
    desk.model.unlinked(Link::Connecting);
    desk.log_in(true);
    for n in 0..500 {
        desk.from(2, &format!("missed {n}"));
        assert_eq!(desk.look(), [""; 0]);
    }
    desk.from(3, "and me");
    desk.lists(json!([]));
    assert_eq!(desk.look(), ["show 2: Bob: 500 new messages | missed 499", "show 3: Charlie | and me"]);
}

#[test]
fn what_was_missed_and_is_not_loaded_is_told_from_the_list() {
    let mut desk = Desk::new();
    desk.model.unlinked(Link::Connecting);
    desk.seq = 5_000;
    desk.log_in(false);
    desk.lists(json!([
        {"with": 2, "seq": 4000, "at": 0, "from": 2, "preview": "are you\nthere?", "unread": 3001, "read": 0},
        {"with": 3, "seq": 4001, "at": 0, "from": 1, "preview": "my own, from elsewhere", "unread": 0, "read": 4001},
        {"group": 7, "seq": 10, "at": 0, "from": 3, "preview": "old", "unread": 4, "read": 8},
    ]));
    assert_eq!(desk.look(), ["show 2: Bob: 3000 new messages | are you there?"]);
}

#[test]
fn many_chats_are_told_as_one() {
    let mut desk = Desk::new();
    desk.from(2, "hi");
    assert_eq!(desk.look(), ["show 2: Bob | hi"]);
    let people = u32::try_from(CHATS_MAX).unwrap();
    for user in 3..=people + 2 {
        desk.from(user, "hi");
    }
    assert_eq!(desk.look(), ["withdraw 2", "show several: 5 new messages | Fay, Emil and 3 more"]);
    let newest = desk.from(7, "me too");
    let (deeds, _) = desk.later(UPDATE_PAUSE).deeds();
    assert!(matches!(&deeds[..], [Deed::Show(shown)] if shown.target == (ChatKey::Person(UserId(7)), newest)));
    for user in 2..8 {
        assert_eq!(desk.look(), [""; 0], "what is left of them does not come up one by one");
        desk.read("with", user, newest);
    }
    assert_eq!(desk.look(), ["withdraw several"]);
    desk.from(2, "again");
    assert_eq!(desk.look(), ["show 2: Bob | again"]);
}

#[test]
fn content_is_hidden_where_that_is_wanted() {
    let mut desk = Desk::new();
    desk.from(2, "secret");
    assert_eq!(desk.look().len(), 1);
    desk.settings.content = false;
    assert_eq!(desk.look(), ["withdraw 2"], "what is shown says too much");
    desk.from(2, "secret");
    assert_eq!(desk.look(), ["show 2: New message | "]);
    desk.in_group(3, "secret", &[1]);
    desk.in_group(3, "secret", &[1]);
    assert_eq!(desk.look(), ["show group: 2 new messages | "]);
    for user in 3..8 {
        desk.from(user, "secret");
    }
    assert_eq!(desk.look().last().unwrap(), "show several: 8 new messages | ");
}

#[test]
fn a_sound_comes_where_it_is_wanted_and_not_too_often() {
    let mut desk = Desk::new();
    desk.settings.sound = true;
    desk.from(2, "one");
    assert_eq!(desk.look(), ["ring 2: Bob | one"]);
    desk.from(3, "two");
    assert_eq!(desk.look(), ["show 3: Charlie | two"]);
    desk.from(4, "three");
    assert_eq!(desk.later(SOUND_PAUSE).look(), ["ring 4: Dora | three"]);
}

#[test]
fn a_flood_is_told_at_the_pace_of_people() {
    let mut desk = Desk::new();
    let begin = desk.now;
    let mut shown = 0;
    for n in 0..1_000_u64 {
        // Each is read at once in another window, and the next one comes: nothing is to be joined.
        let seq = desk.from(2, "spam");
        shown += desk.deeds().0.iter().filter(|deed| matches!(deed, Deed::Show(_))).count();
        desk.read("with", 2, seq);
        desk.look();
        desk.now = begin + Duration::from_millis(10 * n);
    }
    let pauses = 10_000 / SHOW_PAUSE.as_millis();
    assert!(shown as u128 <= u128::from(SHOW_BURST) + pauses, "{shown} in 10 s");
    assert!(shown >= SHOW_BURST as usize, "{shown}: what is told late is told");
    desk.from(2, "the last one");
    let Some(again) = desk.deeds().1 else { panic!("the last one is not forgotten") };
    assert_eq!(desk.later(again).look(), ["show 2: Bob | the last one"]);
}

#[test]
fn what_hostile_people_write_is_short_and_harmless() {
    for (text, told) in [
        ("a\0b\u{7}\u{1b}[2J c", "ab[2J c"),
        ("\u{202e}evil\u{2066} name\u{200b}", "evil name"),
        ("<b>not bold</b> & no entity", "<b>not bold</b> & no entity"),
        ("", ""),
        (" \n\u{200f}\t ", ""),
    ] {
        let mut desk = Desk::new();
        desk.from(2, text);
        assert_eq!(desk.look(), [format!("show 2: Bob | {told}")]);
    }
    for letter in ["x", "👨‍👩‍👧‍👦", "e\u{301}", "ש", " x\n", "\u{200b}"] {
        let mut desk = Desk::new();
        desk.from(2, &letter.repeat(16_000 / letter.len()));
        let (deeds, _) = desk.deeds();
        let [Deed::Show(shown)] = deeds.as_slice() else { panic!("{deeds:?}") };
        use unicode_segmentation::UnicodeSegmentation as _;
        assert!(shown.body.graphemes(true).count() <= TEXT_MAX + 1, "{letter:?}: {}", shown.body);
        assert!(shown.body.ends_with('…'));
    }
}

#[test]
fn reading_one_chat_leaves_the_others() {
    let mut desk = Desk::new();
    desk.from(2, "hi");
    let seq = desk.from(3, "hi");
    assert_eq!(desk.look().len(), 2);
    desk.watched = Some(CHARLIE);
    assert_eq!(desk.look(), ["withdraw 3"]);
    desk.model.mark_read(BOB, seq);
    assert_eq!(desk.look(), ["withdraw 2"]);
}

#[test]
fn what_its_author_takes_back_is_taken_from_the_screen_too() {
    let mut desk = Desk::new();
    let first = desk.from(2, "first");
    desk.look();
    let second = desk.from(2, "I never said that");
    assert_eq!(desk.later(UPDATE_PAUSE).look(), ["show 2: Bob: 2 new messages | I never said that"]);
    let take_back = |desk: &mut Desk, seq: Seq| {
        desk.record(json!({"purpose": "message_deleted", "by": 2, "with": 1, "message_seq": seq}));
    };
    take_back(&mut desk, first);
    assert_eq!(desk.later(UPDATE_PAUSE).look(), [""; 0], "that one is not on show");
    take_back(&mut desk, second);
    assert_eq!(desk.look(), ["withdraw 2"]);
    assert_eq!(desk.later(UPDATE_PAUSE).look(), [""; 0]);
    // Before anybody could be told of it, and of a file without words.
    let third = desk.from(2, "nor that");
    take_back(&mut desk, third);
    assert_eq!(desk.later(UPDATE_PAUSE).look(), [""; 0]);
    let attachment = json!({"file": "0".repeat(32), "name": "plan.pdf", "size": 9});
    desk.record(json!({
        "purpose": "receive_message", "from": 3, "to": 1, "from_user": "", "to_user": "", "message": "",
        "attachment": attachment,
    }));
    assert_eq!(desk.look(), ["show 3: Charlie | plan.pdf"]);
}
