//! What the fold makes of records.

use super::*;
use crate::proto::record::Read;

fn message(seq: u64, from: u32, to: u32, client_id: Option<&str>) -> Record<'static> {
    Record::Message(Message {
        seq: Seq(seq),
        at: Millis(1000 + i64::try_from(seq).unwrap()),
        from: UserId(from),
        to: To::Person(UserId(to), "y".into()),
        from_user: "x".into(),
        mentions: Default::default(),
        client_id: client_id.map(|id| id.parse().unwrap()),
        reply_to: None,
        attachment: None,
        edited: None,
        deleted: false,
        message: format!("message {seq}").into(),
    })
}

fn read(seq: u64, by: u32, with: u32, upto: u64) -> Record<'static> {
    Record::Read(Read {
        seq: Seq(seq),
        at: Millis(1),
        by: UserId(by),
        chat: ChatKey::Person(UserId(with)),
        upto: Seq(upto),
    })
}

fn state(records: &[Record<'_>]) -> State {
    let mut state = State::default();
    for record in records {
        state.apply(record);
    }
    state
}

fn unread(state: &State, user: u32) -> Vec<u32> {
    state.summaries(UserId(user)).map(|summary| summary.unread).collect()
}

#[test]
fn unread_counts_follow_messages_and_markers() {
    let mut state =
        state(&[message(1, 1, 2, None), message(2, 2, 1, None), message(3, 1, 2, None), message(4, 1, 2, None)]);
    assert_eq!((unread(&state, 1), unread(&state, 2)), (vec![1], vec![3]));
    state.apply(&read(5, 2, 1, 3));
    assert_eq!(unread(&state, 2), vec![1]);
    state.apply(&read(6, 2, 1, 1));
    assert_eq!(unread(&state, 2), vec![1], "a marker never goes back");
    state.apply(&read(7, 2, 1, 4));
    assert_eq!((unread(&state, 1), unread(&state, 2)), (vec![1], vec![0]));
    state.apply(&read(8, 3, 1, 4));
    assert_eq!(unread(&state, 1), vec![1], "a stranger's marker is nobody's");
}

#[test]
fn a_resend_is_a_no_op_even_if_it_reached_the_log() {
    let once = [message(1, 1, 2, Some("d:1")), message(2, 1, 2, Some("d:2"))];
    let mut state = state(&once);
    assert_eq!(state.apply(&message(3, 1, 2, Some("d:2"))), Applied::Duplicate);
    assert_eq!(state.apply(&message(4, 1, 2, Some("d:1"))), Applied::Duplicate);
    assert_eq!(state.counts(), (1, 2));
    assert_eq!(state.apply(&message(5, 2, 1, Some("d:1"))), Applied::Done, "another account's device");
    assert_eq!(state.apply(&message(6, 1, 2, Some("e:1"))), Applied::Done, "another device");
    assert_eq!(state.known(UserId(1), &"d:1".parse().unwrap()), Known::Older);
    assert!(matches!(state.known(UserId(1), &"d:2".parse().unwrap()), Known::Newest(last) if last.seq == Seq(2)));
}

#[test]
fn a_number_that_was_left_out_can_still_be_sent_once() {
    let mut state = state(&[message(1, 1, 2, Some("d:1")), message(2, 1, 2, Some("d:5"))]);
    let known = |state: &State, n: u64| state.known(UserId(1), &format!("d:{n}").parse().unwrap());
    assert_eq!((known(&state, 3), known(&state, 1)), (Known::New, Known::Older));
    assert_eq!(state.apply(&message(3, 1, 2, Some("d:3"))), Applied::Done);
    assert_eq!([2, 3, 4].map(|n| known(&state, n)), [Known::New, Known::Older, Known::New]);
    assert_eq!(state.apply(&message(4, 1, 2, Some("d:3"))), Applied::Duplicate);
    state.apply(&message(5, 1, 2, Some("d:2")));
    state.apply(&message(6, 1, 2, Some("d:4")));
    assert_eq!([1, 2, 3, 4].map(|n| known(&state, n)), [Known::Older; 4]);
}

#[test]
fn a_number_too_old_to_tell_is_never_taken_for_stored() {
    let mut state = State::default();
    for n in 1..=70 {
        state.apply(&message(n, 1, 2, Some(&format!("d:{}", 2 * n))));
    }
    let known = |n: u64| state.known(UserId(1), &format!("d:{n}").parse().unwrap());
    assert_eq!([1, 2, 11].map(known), [Known::Forgotten; 3]);
    assert_eq!([13, 14, 139].map(known), [Known::New, Known::Older, Known::New]);
}

#[test]
fn pages_walk_back_to_the_beginning() {
    let records: Vec<_> = (1..=10).map(|seq| message(seq, 1 + u32::from(seq % 3 == 0), 4, None)).collect();
    let state = state(&records);
    let chat = ChatId::direct(UserId(1), UserId(4));
    let seqs = |page: &[Seq]| page.iter().map(|seq| seq.0).collect::<Vec<_>>();
    let (page, complete) = state.page(UserId(1), chat, None, 4);
    assert_eq!((seqs(&page), complete), (vec![5, 7, 8, 10], false));
    let (page, complete) = state.page(UserId(1), chat, Some(Seq(5)), 4);
    assert_eq!((seqs(&page), complete), (vec![1, 2, 4], true));
    assert_eq!(state.page(UserId(1), ChatId::direct(UserId(1), UserId(9)), None, 4), (vec![], true));
}

#[test]
fn what_an_account_missed_is_what_it_may_see_in_order() {
    let state =
        state(&[message(1, 1, 2, None), message(2, 3, 2, None), message(3, 1, 3, None), message(4, 2, 1, None)]);
    let seqs =
        |user, after, limit| state.after(UserId(user), Seq(after), limit).iter().map(|s| s.0).collect::<Vec<_>>();
    assert_eq!(seqs(2, 0, 10), vec![1, 2, 4]);
    assert_eq!(seqs(2, 1, 10), vec![2, 4]);
    assert_eq!(seqs(1, 0, 2), vec![1, 3]);
    assert!(seqs(9, 0, 10).is_empty());
    assert_eq!(state.count_after(UserId(2), Seq(0), 10), 3);
    assert_eq!(state.count_after(UserId(2), Seq(0), 2), 2);
}
