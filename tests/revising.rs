//! What a person changes, takes back and answers, over a real server: it reaches the others, and outlives a lost server and
//! a killed window, in order and once.

mod support;

use parlor::client::command::Command;
use parlor::client::model::{Answered, Model};
use parlor::client::outbox::{Progress, What};
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Code;
use parlor::proto::ids::{Seq, UserId};
use support::place::Place;
use support::records;
use support::user::{User, texts};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);
const TO_BOB: ChatKey = ChatKey::Person(BOB);
const TO_ALICE: ChatKey = ChatKey::Person(ALICE);

impl Place {
    fn bob(&self) -> User {
        User::sign_in(&self.address, "Bob", "456").online()
    }
}

fn edit(user: &mut User, chat: ChatKey, seq: Seq, text: &str) {
    user.client.perform(Command::Edit { chat, seq, text: text.into() });
}

fn settled(user: &mut User) {
    user.until("all to be stored", |model| model.outbox.entries().next().is_none());
}

fn seqs(model: &Model, key: ChatKey) -> Vec<Seq> {
    model.chats[&key].messages.iter().map(|message| message.seq).collect()
}

fn shown(model: &Model, key: ChatKey, seq: Seq) -> (String, bool) {
    let shown = model.shown(key, model.chats[&key].message(seq).unwrap());
    (shown.text.to_owned(), shown.deleted)
}

#[test]
fn what_is_changed_and_taken_back_reaches_the_others_and_the_other_devices() {
    let place = Place::new();
    let _server = place.server();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    let mut phone = User::sign_in(&place.address, "Alice", "123").online();
    alice.say(BOB, "one");
    alice.say(BOB, "two");
    settled(&mut alice);
    let [one, two] = seqs(alice.client.model(), TO_BOB)[..] else { panic!() };
    for user in [&mut bob, &mut phone] {
        let with = if user.client.model().is_me(BOB) { ALICE } else { BOB };
        user.until("both", |model| texts(model, with) == ["one", "two"]);
    }
    edit(&mut alice, TO_BOB, one, "one, really");
    assert_eq!(shown(alice.client.model(), TO_BOB, one), ("one, really".into(), false), "at once");
    phone.until("the edit", |model| texts(model, BOB) == ["one, really", "two"]);
    phone.client.perform(Command::Delete { chat: TO_BOB, seq: two });
    assert_eq!(shown(phone.client.model(), TO_BOB, two), (String::new(), true), "at once");
    bob.until("all of it", |model| texts(model, ALICE) == ["one, really", ""]);
    alice.until("it, too", |model| model.chats[&TO_BOB].messages[1].deleted);
    assert_eq!(bob.client.model().chats[&TO_ALICE].unread, 2);
    assert!(bob.client.model().chats[&TO_ALICE].last.as_ref().unwrap().deleted);
    // Who may not, may not; and that is said.
    edit(&mut bob, TO_ALICE, one, "not mine");
    bob.until("the refusal", |model| {
        let entry = model.pending_change(TO_ALICE, one);
        entry.is_some_and(|entry| matches!(&entry.progress, Progress::Failed(why) if why.code == Code::UnknownMessage))
    });
    let n = bob.client.model().pending_change(TO_ALICE, one).unwrap().n;
    bob.client.perform(Command::Discard { n });
    assert_eq!(shown(bob.client.model(), TO_ALICE, one), ("one, really".into(), false));
}

#[test]
fn changes_wait_for_the_server_over_a_kill_and_are_made_once_and_in_order() {
    let place = Place::new();
    let server = place.server();
    let mut alice = place.alice();
    for text in ["one", "two", "three"] {
        alice.say(BOB, text);
    }
    settled(&mut alice);
    let [one, two, three] = seqs(alice.client.model(), TO_BOB)[..] else { panic!() };
    drop((alice, server));
    let mut alice = place.user("Alice", "123");
    edit(&mut alice, TO_BOB, one, "first");
    edit(&mut alice, TO_BOB, one, "second");
    edit(&mut alice, TO_BOB, two, "nobody will see this");
    alice.client.perform(Command::Delete { chat: TO_BOB, seq: two });
    alice.client.perform(Command::Delete { chat: TO_BOB, seq: two });
    let answer = Command::Send { chat: TO_BOB, text: "four".into(), reply_to: Some(one), attachments: Vec::new() };
    alice.client.perform(answer);
    let wanted = |model: &Model| -> Vec<What> { model.outbox.entries().map(|entry| entry.what.clone()).collect() };
    let expected =
        vec![What::Edit(one), What::Edit(one), What::Delete(two), What::Say { reply_to: Some(one), enclosure: None }];
    assert_eq!(wanted(alice.client.model()), expected, "nobody needs a text for what is deleted, or deletes it twice");
    std::mem::forget(alice);

    let copy = place.dir.path().join("killed");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(place.shelf()).unwrap().map(|file| file.unwrap().path()) {
        std::fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
    }
    let mut alice = User::with_shelf(None, Some(&copy));
    alice.ask_in(&place.address, "Alice", "123");
    let model = alice.client.model();
    assert_eq!(wanted(model), expected);
    assert_eq!(shown(model, TO_BOB, one), ("second".into(), false));
    assert_eq!(shown(model, TO_BOB, two), (String::new(), true));
    assert_eq!(shown(model, TO_BOB, three), ("three".into(), false));

    let _server = place.server();
    alice.client.perform(Command::RetryNow);
    settled(&mut alice);
    assert_eq!(alice.texts(BOB), ["second", "", "three", "four"]);
    let purposes = records(&place.data()).into_iter().filter_map(|record| {
        let purpose = record["purpose"].as_str().unwrap().to_owned();
        let text = record["message"].as_str().unwrap_or_default().to_owned();
        purpose.starts_with("message_").then_some((purpose, text))
    });
    let revised = |text: &str| ("message_edited".to_owned(), text.to_owned());
    let expected = [revised("first"), revised("second"), ("message_deleted".into(), String::new())];
    assert_eq!(purposes.collect::<Vec<_>>(), expected);
    let mut bob = place.bob();
    bob.client.perform(Command::LoadOlder { chat: TO_ALICE });
    bob.until("the page", |model| texts(model, ALICE) == ["second", "", "three", "four"]);
    assert_eq!(bob.client.model().chats[&TO_ALICE].messages[3].reply_to, Some(one));
}

#[test]
fn a_change_is_known_after_a_restart_with_the_server_away_and_what_was_missed_comes_after() {
    let place = Place::new();
    let server = place.server();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    for text in ["one", "two", "three"] {
        bob.say(ALICE, text);
    }
    settled(&mut bob);
    let [one, two, three] = seqs(bob.client.model(), TO_ALICE)[..] else { panic!() };
    alice.until("all", |model| texts(model, BOB).len() == 3);
    drop(alice);
    // Each of them goes on with the file of the one before.
    let mut alice = place.alice();
    edit(&mut bob, TO_ALICE, one, "one, changed");
    alice.until("it", |model| texts(model, BOB)[0] == "one, changed");
    drop(alice);
    let mut alice = place.alice();
    bob.client.perform(Command::Delete { chat: TO_ALICE, seq: two });
    alice.until("it", |model| model.chats[&TO_BOB].messages[1].deleted);
    drop(alice);
    edit(&mut bob, TO_ALICE, three, "three, changed");
    settled(&mut bob);
    drop(server);
    let mut alice = place.user("Alice", "123");
    assert_eq!(alice.texts(BOB), ["one, changed", "", "three"]);
    assert!(alice.client.model().chats[&TO_BOB].messages[0].edited.is_some());
    let _server = place.server();
    alice.client.perform(Command::RetryNow);
    alice.until("what was missed", |model| texts(model, BOB) == ["one, changed", "", "three, changed"]);
    assert_eq!(&*alice.client.model().chats[&TO_BOB].last.as_ref().unwrap().preview, "three, changed");
}

#[test]
fn what_is_answered_and_not_loaded_is_fetched() {
    let place = Place::new();
    let _server = place.server();
    let (mut alice, mut bob) = (place.alice(), place.bob());
    for n in 0..60 {
        bob.say(ALICE, &format!("m{n}"));
    }
    settled(&mut bob);
    let first = seqs(bob.client.model(), TO_ALICE)[0];
    drop(alice);
    let (text, reply_to) = ("yes".into(), Some(first));
    bob.client.perform(Command::Send { chat: TO_ALICE, text, reply_to, attachments: Vec::new() });
    settled(&mut bob);
    // One that knows nothing of before.
    alice = User::sign_in(&place.address, "Alice", "123").online();
    alice.client.perform(Command::LoadOlder { chat: TO_BOB });
    alice.until("a page", |model| texts(model, BOB).len() == 50);
    let of = alice.client.model().chats[&TO_BOB].messages.back().unwrap().reply_to.unwrap();
    assert_eq!(alice.client.model().chats[&TO_BOB].answered_message(of), Answered::Unknown);
    alice.client.perform(Command::FetchQuote { chat: TO_BOB, seq: of });
    let known = |model: &Model, text: &str| matches!(model.chats[&TO_BOB].answered_message(of), Answered::Known(message) if &*message.text == text);
    alice.until("the message", |model| known(model, "m0"));
    edit(&mut bob, TO_ALICE, first, "m0, changed");
    alice.until("the change of what is answered", |model| known(model, "m0, changed"));
    assert_eq!(alice.texts(BOB).len(), 50, "the chat has no hole by that");
    alice.client.perform(Command::LoadFiles { chat: TO_BOB });
    alice.until("that there are no files", |model| {
        model.chats[&TO_BOB].shared.as_ref().is_some_and(|shared| shared.complete && shared.messages.is_empty())
    });
    // What was answered may be gone when the answer comes.
    bob.client.perform(Command::Delete { chat: TO_ALICE, seq: first });
    settled(&mut bob);
    alice.until("that", |model| known(model, ""));
    let late = Command::Send { chat: TO_BOB, text: "no".into(), reply_to: Some(first), attachments: Vec::new() };
    alice.client.perform(late);
    let failed = |model: &Model| model.outbox.entries().find(|it| it.progress != Progress::Pending).map(|it| it.n);
    alice.until("the refusal", |model| failed(model).is_some());
    let n = failed(alice.client.model()).unwrap();
    alice.client.perform(Command::Retry { n });
    settled(&mut alice);
    assert_eq!(alice.client.model().chats[&TO_BOB].messages.back().unwrap().reply_to, None, "then it is no answer");
}
