//! What a client makes of what it hears of messages that were changed, taken back, answered, or that carry files: whatever
//! comes first, late, twice or not at all.

use std::sync::Arc;

use parlor::client::model::{Answered, Me, Message, Model, QUOTES_MAX};
use parlor::client::outbox::{Destination, Enclosure, Progress, What};
use parlor::proto::attachment::{Attachment, Edition, FileId, FileName};
use parlor::proto::chat::{ChatKey, GroupId};
use parlor::proto::event::{ChatEntry, Chats, Code, Event, History, Problem, Sent};
use parlor::proto::ids::{DeviceId, Millis, RequestId, Seq, UserId};
use parlor::proto::record::{self, Deleted, Edited, Record, To};

const ME: UserId = UserId(1);
const BOB: UserId = UserId(2);
/// The chat with Bob.
const KEY: ChatKey = ChatKey::Person(BOB);

fn model() -> Model {
    let mut model = Model::new(DeviceId::from_random(1));
    model.me = Some(Me { id: ME, username: "Alice".into() });
    model
}

/// A message of Bob's.
fn message(seq: u64) -> record::Message<'static> {
    record::Message {
        seq: Seq(seq),
        at: Millis(seq as i64),
        from: BOB,
        from_user: "Bob".into(),
        to: To::Person(ME, "Alice".into()),
        client_id: None,
        mentions: Default::default(),
        reply_to: None,
        attachment: None,
        edited: None,
        deleted: false,
        message: format!("message {seq}").into(),
    }
}

fn with_file(seq: u64) -> record::Message<'static> {
    let name = FileName::new(&format!("{seq}.pdf")).unwrap();
    let attachment = Attachment { file: FileId(seq.into()), name, size: 9, image: None };
    record::Message { attachment: Some(attachment), message: "".into(), ..message(seq) }
}

/// As it is after an edit.
fn edited_message(seq: u64, by: u64) -> record::Message<'static> {
    let edited = Some(Edition { seq: Seq(by), at: Millis(by as i64) });
    record::Message { edited, message: format!("text {by}").into(), ..message(seq) }
}

fn edit(seq: u64, by: u64) -> Event<'static> {
    Event::Edited(Edited {
        seq: Seq(by),
        at: Millis(by as i64),
        by: BOB,
        chat: ChatKey::Person(ME),
        message_seq: Seq(seq),
        client_id: None,
        mentions: Default::default(),
        message: format!("text {by}").into(),
    })
}

fn deleted(seq: u64, by: u64) -> Deleted {
    let (seq, message_seq) = (Seq(by), Seq(seq));
    Deleted { seq, at: Millis(by as i64), by: BOB, chat: ChatKey::Person(ME), message_seq, client_id: None }
}

fn delete(seq: u64, by: u64) -> Event<'static> {
    Event::Deleted(deleted(seq, by))
}

fn hear(model: &mut Model, events: impl IntoIterator<Item = Event<'static>>) {
    for event in events {
        model.apply(event, Millis(0));
    }
}

fn page(id: RequestId, messages: Vec<record::Message<'static>>) -> Event<'static> {
    let records = messages.into_iter().map(Record::Message).collect();
    Event::History(Some(id), Ok(History { chat: KEY, complete: true, records }))
}

fn loaded(model: &Model, seq: u64) -> &Message {
    model.chats[&KEY].message(Seq(seq)).expect("it is loaded")
}

fn text(model: &Model, seq: u64) -> &str {
    &loaded(model, seq).text
}

fn preview(model: &Model) -> (&str, bool, Option<&str>) {
    let last = model.chats[&KEY].last.as_ref().unwrap();
    (&last.preview, last.deleted, last.file.as_deref())
}

#[test]
fn the_newest_text_counts_and_the_list_follows() {
    let mut model = model();
    hear(&mut model, [Event::Message(message(5)), Event::Message(message(6)), edit(5, 7), edit(6, 8)]);
    assert_eq!((text(&model, 5), text(&model, 6)), ("text 7", "text 8"));
    assert_eq!(preview(&model), ("text 8", false, None));
    assert_eq!(loaded(&model, 5).edited, Some(Edition { seq: Seq(7), at: Millis(7) }));
    hear(&mut model, [edit(6, 10), edit(6, 9), edit(6, 8)]);
    assert_eq!(
        (text(&model, 6), preview(&model).0),
        ("text 10", "text 10"),
        "what comes late or again changes nothing"
    );
    assert_eq!(model.chats[&KEY].unread, 2, "an edit is nothing unread");

    hear(&mut model, [delete(6, 11), edit(6, 12), delete(6, 11)]);
    let gone = Message { seq: Seq(6), at: Millis(6), from: BOB, deleted: true, ..Message::default() };
    assert_eq!(*loaded(&model, 6), gone, "nothing is left of it but its place");
    assert_eq!(preview(&model), ("", true, None));
    assert_eq!((model.chats[&KEY].unread, model.chats[&KEY].messages.len()), (2, 2));
}

#[test]
fn an_edit_of_what_is_not_loaded_changes_the_list_alone() {
    let mut model = model();
    let listed = ChatEntry {
        chat: KEY,
        seq: Seq(6),
        at: Millis(6),
        from: BOB,
        preview: "before".into(),
        change: None,
        file: FileName::new("a.pdf").ok(),
        deleted: false,
        unread: 1,
        mentions: 0,
        read: Seq(0),
        muted: false,
        their_delivered: None,
        their_read: None,
    };
    hear(&mut model, [Event::Chats(Chats { chats: vec![listed.clone()] }), edit(6, 7)]);
    assert_eq!(preview(&model), ("text 7", false, Some("a.pdf")), "the file stays with it");
    assert!(model.chats[&KEY].messages.is_empty());
    hear(&mut model, [edit(3, 8)]);
    assert_eq!(preview(&model).0, "text 7", "an older message is not the last one");
    // The list comes again, as it is by now.
    hear(&mut model, [Event::Chats(Chats { chats: vec![ChatEntry { preview: "now".into(), ..listed }] })]);
    assert_eq!(preview(&model).0, "now");
    hear(&mut model, [delete(6, 9)]);
    assert_eq!(preview(&model), ("", true, None));
}

#[test]
fn a_page_that_was_read_before_a_change_does_not_undo_it() {
    let mut model = model();
    hear(&mut model, [Event::Message(message(20))]);
    let (id, _) = model.start_loading(KEY).unwrap();
    // Neither of them is loaded when its change comes.
    hear(&mut model, [edit(10, 21), edit(10, 22), delete(11, 23)]);
    hear(&mut model, [page(id, vec![message(10), message(11), edited_message(12, 19)])]);
    assert_eq!((text(&model, 10), text(&model, 12)), ("text 22", "text 19"));
    assert!(loaded(&model, 11).deleted && loaded(&model, 11).text.is_empty());

    // What is loaded is known better, too; and what comes again as it is by now is taken.
    hear(&mut model, [edit(20, 24), Event::Message(message(20)), Event::Message(edited_message(20, 19))]);
    assert_eq!(text(&model, 20), "text 24");
    hear(&mut model, [Event::Message(edited_message(20, 25))]);
    assert_eq!((text(&model, 20), preview(&model).0, model.chats[&KEY].unread), ("text 25", "text 25", 1));
    hear(&mut model, [Event::Message(record::Message { deleted: true, ..message(20) })]);
    assert_eq!((text(&model, 20), preview(&model)), ("", ("", true, None)));
}

#[test]
fn who_is_called_follows_the_text_and_the_count_does_not() {
    let mut model = model();
    let everyone = |seq, mentions: &[UserId]| {
        let to = To::Everyone;
        Event::Message(record::Message { to, mentions: mentions.to_vec().into(), ..message(seq) })
    };
    let edit = |seq, by, mentions: &[UserId]| {
        let Event::Edited(edited) = edit(seq, by) else { unreachable!() };
        Event::Edited(Edited { chat: ChatKey::Everyone, mentions: mentions.to_vec().into(), ..edited })
    };
    hear(&mut model, [everyone(5, &[]), everyone(6, &[ME]), edit(5, 7, &[ME]), edit(6, 8, &[])]);
    let chat = &model.chats[&ChatKey::Everyone];
    assert_eq!(chat.messages.iter().map(|it| it.mentions_me).collect::<Vec<_>>(), [true, false]);
    assert_eq!((chat.unread, chat.mentions), (2, 1), "nobody's attention is called anew");
}

fn own(seq: u64) -> record::Message<'static> {
    record::Message { from: ME, from_user: "Alice".into(), to: To::Person(BOB, "Bob".into()), ..message(seq) }
}

fn put(model: &mut Model, what: What, text: &str) -> u64 {
    model.put(Destination::Chat(KEY), what, text.into(), Millis(0)).n
}

fn done(n: u64, seq: u64) -> Event<'static> {
    let (seq, at) = (Some(Seq(seq)), Some(Millis(seq as i64)));
    Event::Sent(Some(n), Ok(Sent { seq, at, ..Sent::default() }))
}

fn refused(n: u64, code: Code) -> Event<'static> {
    Event::Sent(Some(n), Err(Problem::new(code, "no")))
}

#[test]
fn own_changes_are_shown_at_once_and_hold_when_they_are_answered() {
    let mut model = model();
    hear(&mut model, [Event::Message(own(5))]);
    let first = put(&mut model, What::Edit(Seq(5)), "once");
    let second = put(&mut model, What::Edit(Seq(5)), "twice");
    let shown = model.shown(KEY, loaded(&model, 5));
    assert_eq!((shown.text, shown.edited, shown.deleted, shown.pending.unwrap().n), ("twice", true, false, second));
    assert_eq!(text(&model, 5), "message 5", "the server does not know");
    hear(&mut model, [done(first, 6)]);
    assert_eq!((text(&model, 5), model.shown(KEY, loaded(&model, 5)).text), ("once", "twice"));
    // The last of them was refused; what holds is what was taken.
    hear(&mut model, [refused(second, Code::MessageTooLong)]);
    let pending = model.pending_change(KEY, Seq(5)).unwrap();
    assert!(matches!(&pending.progress, Progress::Failed(problem) if problem.code == Code::MessageTooLong));
    let third = put(&mut model, What::Edit(Seq(5)), "at last");
    hear(&mut model, [done(third, 7)]);
    assert_eq!((text(&model, 5), model.outbox.entries().count()), ("at last", 0), "what was refused before is over");
    assert_eq!(preview(&model).0, "at last");
    assert!(model.pending_change(KEY, Seq(5)).is_none());

    let taken = put(&mut model, What::Delete(Seq(5)), "");
    let shown = model.shown(KEY, loaded(&model, 5));
    assert!(shown.deleted && shown.text.is_empty() && !shown.edited);
    hear(&mut model, [done(taken, 8)]);
    assert!(loaded(&model, 5).deleted && model.outbox.entries().next().is_none());
    assert_eq!(model.cursor(), None);
}

#[test]
fn a_record_is_an_answer_and_another_device_may_be_first() {
    let mut model = model();
    hear(&mut model, [Event::Message(own(5)), Event::Message(own(6))]);
    let n = put(&mut model, What::Edit(Seq(5)), "text 9");
    let Event::Edited(record) = edit(5, 9) else { unreachable!() };
    let client_id = format!("{}:{n}", model.outbox.device().as_str()).parse().ok();
    hear(&mut model, [Event::Edited(Edited { by: ME, chat: KEY, client_id, ..record })]);
    assert_eq!((text(&model, 5), model.outbox.entries().count()), ("text 9", 0));

    // It was taken back on another device: that is what was wanted here, too; the new text is for nothing.
    let late = put(&mut model, What::Edit(Seq(6)), "too late");
    let wanted = put(&mut model, What::Delete(Seq(6)), "");
    hear(&mut model, [Event::Deleted(Deleted { by: ME, chat: KEY, ..deleted(6, 10) })]);
    assert_eq!(model.outbox.entries().map(|entry| entry.n).collect::<Vec<_>>(), [late]);
    assert!(model.shown(KEY, loaded(&model, 6)).deleted);
    hear(&mut model, [refused(late, Code::UnknownMessage), refused(wanted, Code::UnknownMessage)]);
    assert!(matches!(model.pending_change(KEY, Seq(6)).unwrap().progress, Progress::Failed(_)));
    let again = put(&mut model, What::Delete(Seq(6)), "");
    hear(&mut model, [refused(again, Code::UnknownMessage)]);
    assert!(model.outbox.entries().all(|entry| entry.n == late), "there is nothing left to delete");
}

#[test]
fn a_stored_change_that_is_sent_again_is_no_news() {
    let mut model = model();
    hear(&mut model, [Event::Message(own(5))]);
    let n = put(&mut model, What::Edit(Seq(5)), "mine");
    // The answer was lost; it was caught up with, and a later one from elsewhere.
    let Event::Edited(record) = edit(5, 9) else { unreachable!() };
    hear(&mut model, [Event::Edited(Edited { by: ME, chat: KEY, ..record })]);
    let sent = Sent { seq: Some(Seq(7)), at: Some(Millis(7)), duplicate: true, ..Sent::default() };
    hear(&mut model, [Event::Sent(Some(n), Ok(sent))]);
    assert_eq!(text(&model, 5), "text 9");
    let n = put(&mut model, What::Edit(Seq(5)), "long ago");
    hear(&mut model, [Event::Sent(Some(n), Ok(Sent { duplicate: true, ..Sent::default() }))]);
    assert_eq!((text(&model, 5), model.outbox.entries().count()), ("text 9", 0));
}

#[test]
fn an_answer_finds_what_it_answers_and_follows_it() {
    let mut model = model();
    let reply = record::Message { reply_to: Some(Seq(5)), ..message(50) };
    hear(&mut model, [Event::Message(reply)]);
    assert_eq!(loaded(&model, 50).reply_to, Some(Seq(5)));
    let answered = |model: &Model| match model.chats[&KEY].answered_message(Seq(5)) {
        Answered::Known(message) => (message.text.to_string(), message.deleted),
        other => (format!("{other:?}"), false),
    };
    assert_eq!(answered(&model).0, "Unknown");
    let id = model.start_quote(KEY, Seq(5)).unwrap();
    assert_eq!((answered(&model).0, model.start_quote(KEY, Seq(5))), ("Asked".into(), None));
    // Its change comes before itself.
    hear(&mut model, [edit(5, 51), page(id, vec![message(5)])]);
    assert_eq!(answered(&model).0, "text 51");
    hear(&mut model, [edit(5, 52)]);
    assert_eq!(answered(&model).0, "text 52");
    hear(&mut model, [delete(5, 53)]);
    assert_eq!(answered(&model), (String::new(), true));
    assert_eq!(model.chats[&KEY].messages.len(), 1, "it is not loaded by that");

    // What is loaded needs no question; what cannot be seen is not asked for for ever.
    assert_eq!(model.start_quote(KEY, Seq(50)), None);
    let id = model.start_quote(KEY, Seq(4)).unwrap();
    hear(&mut model, [page(id, vec![message(3)])]);
    assert_eq!(model.chats[&KEY].answered_message(Seq(4)), Answered::Missing);
    let id = model.start_quote(KEY, Seq(2)).unwrap();
    hear(&mut model, [Event::History(Some(id), Err(Problem::new(Code::NotAMember, "no")))]);
    assert_eq!(model.chats[&KEY].answered_message(Seq(2)), Answered::Missing);
    // A lost connection answers nothing.
    model.start_quote(KEY, Seq(1)).unwrap();
    model.unlinked(parlor::client::model::Link::Connecting);
    assert_eq!(model.chats[&KEY].answered_message(Seq(1)), Answered::Unknown);
    assert!(answered(&model).1, "what is known stays");
}

#[test]
fn as_many_answered_messages_are_remembered_as_there_may_be_and_the_near_ones() {
    let mut model = model();
    hear(&mut model, [Event::Message(message(100_000))]);
    for seq in 1..=2 * QUOTES_MAX as u64 {
        model.start_quote(KEY, Seq(seq)).unwrap();
    }
    let quotes = |model: &Model| model.chats[&KEY].quotes.keys().map(|seq| seq.0).collect::<Vec<_>>();
    assert_eq!(quotes(&model), (501..=1_000).collect::<Vec<_>>());
    // Whoever goes back looks at those there again, all of which stay.
    (1..=50).rev().for_each(|seq| _ = model.start_quote(KEY, Seq(seq)).unwrap());
    assert_eq!(quotes(&model), (1..=50).chain(501..=950).collect::<Vec<_>>());
}

#[test]
fn the_files_of_a_chat_are_those_of_its_messages() {
    let mut model = model();
    hear(&mut model, [Event::Message(with_file(30))]);
    let files = |model: &Model| -> Vec<u64> {
        model.chats[&KEY].shared.iter().flat_map(|shared| &shared.messages).map(|message| message.seq.0).collect()
    };
    assert_eq!(preview(&model), ("", false, Some("30.pdf")));
    assert!(model.chats[&KEY].shared.is_none(), "nobody has looked");
    let (id, before) = model.start_files(KEY).unwrap();
    assert_eq!((before, model.start_files(KEY)), (None, None));
    // Meanwhile one comes, and one goes that the page still has.
    hear(&mut model, [Event::Message(with_file(31)), Event::Message(message(32)), delete(10, 33)]);
    let messages = vec![with_file(10), with_file(20), with_file(30)];
    let records = messages.into_iter().map(Record::Message).collect();
    let half = History { chat: KEY, complete: false, records };
    hear(&mut model, [Event::History(Some(id), Ok(half))]);
    assert_eq!(files(&model), [31, 30, 20]);
    let (id, before) = model.start_files(KEY).unwrap();
    assert_eq!(before, Some(Seq(20)));
    hear(&mut model, [page(id, vec![with_file(5)])]);
    assert_eq!((files(&model), model.start_files(KEY)), (vec![31, 30, 20, 5], None), "that is all");
    hear(&mut model, [delete(20, 40), edit(31, 41), Event::Message(with_file(42))]);
    assert_eq!(files(&model), [42, 31, 30, 5]);
    assert_eq!(&*model.chats[&KEY].shared.as_ref().unwrap().messages[1].text, "text 41");
    let loaded: Vec<_> = model.chats[&KEY].messages.iter().map(|message| message.seq.0).collect();
    assert_eq!(loaded, [30, 31, 32, 42], "what was looked through for files has holes");
    let problem = || Err(Problem::new(Code::Busy, "later"));
    let other = ChatKey::Group(GroupId(3));
    let (id, _) = model.start_files(other).unwrap();
    hear(&mut model, [Event::History(Some(id), problem())]);
    assert_eq!(model.chats[&other].shared.as_ref().unwrap().problem.as_deref(), Some("later"));
    assert!(model.start_files(other).is_some(), "it can be tried again");
}

fn enclosure(name: &str) -> Enclosure {
    let path: Arc<str> = format!("/home/alice/{name}").into();
    Enclosure {
        path,
        name: FileName::new(name).unwrap(),
        size: 100,
        modified_nanos: None,
        image: None,
        file: None,
        sent: 0,
    }
}

#[test]
fn a_message_with_a_file_waits_for_it_and_others_overtake_it() {
    let mut model = model();
    hear(&mut model, [Event::Message(message(5))]);
    let what = What::Say { reply_to: Some(Seq(5)), enclosure: Some(enclosure("plan.pdf")) };
    let n = put(&mut model, what, "the plan");
    let other = put(&mut model, What::default(), "and another thing");
    let pending = |model: &Model| model.outbox.pending().map(|entry| entry.n).collect::<Vec<_>>();
    assert_eq!(pending(&model), [other]);
    model.outbox.enclosed(n, FileId(7), 40);
    assert_eq!(pending(&model), [other]);
    model.outbox.enclosed(n, FileId(7), 100);
    let new = model.outbox.renumber(n).unwrap();
    assert_eq!((pending(&model), new > other), (vec![other, new], true));
    assert_eq!(model.outbox.renumber(n), None, "that number is gone");
    hear(&mut model, [done(other, 6), done(new, 7)]);
    let stored = loaded(&model, 7);
    assert_eq!((&*stored.text, stored.reply_to), ("the plan", Some(Seq(5))));
    let attachment = stored.attachment.as_ref().unwrap();
    assert_eq!((attachment.file, attachment.name.as_str(), attachment.size), (FileId(7), "plan.pdf", 100));
    assert_eq!(preview(&model), ("the plan", false, Some("plan.pdf")));
}

#[test]
fn what_is_refused_for_what_is_gone_is_sent_again_without_it() {
    let mut model = model();
    let there = Enclosure { file: Some(FileId(7)), sent: 100, ..enclosure("plan.pdf") };
    let n = put(&mut model, What::Say { reply_to: None, enclosure: Some(there) }, "");
    hear(&mut model, [refused(n, Code::UnknownFile)]);
    let entry = model.outbox.retry(n).unwrap();
    assert!(!entry.is_ready(), "the file is sent again, from its beginning");
    let What::Say { enclosure: Some(enclosure), .. } = &entry.what else { panic!() };
    assert_eq!((enclosure.file, enclosure.sent), (None, 0));

    let n = put(&mut model, What::Say { reply_to: Some(Seq(3)), enclosure: None }, "yes");
    hear(&mut model, [refused(n, Code::UnknownMessage)]);
    assert_eq!(model.outbox.retry(n).unwrap().what, What::default());
}
