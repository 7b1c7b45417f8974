//! What one message costs at each station: frame, request, record, state, log. Run with `cargo bench --bench core`.

use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use parlor::core::state::State;
use parlor::log::Log as _;
use parlor::log::file::FileLog;
use parlor::log::memory::MemoryLog;
use parlor::log::storage::DiskFile;
use parlor::proto::chat::ChatKey;
use parlor::proto::event::Event;
use parlor::proto::frame;
use parlor::proto::ids::{DeviceId, Millis, Seq, UserId};
use parlor::proto::outgoing::{ClientIdText, Outgoing, SendTo};
use parlor::proto::record::{Message, Record, To, json_of_frame};
use parlor::proto::request::Request;

fn main() {
    divan::main();
}

/// A message of 128 bytes, as the load generator sends them.
fn record(seq: u64) -> Record<'static> {
    let from = u32::try_from(seq % 100).unwrap_or_default() + 1;
    Record::Message(Message {
        seq: Seq(seq),
        at: Millis(1_763_712_000_000 + seq as i64),
        from: UserId(from),
        to: To::Person(UserId(from % 100 + 1), "Bob".into()),
        from_user: "Alice".into(),
        mentions: Default::default(),
        client_id: format!("0123456789abcdef:{seq}").parse().ok(),
        reply_to: None,
        attachment: None,
        edited: None,
        deleted: false,
        message: "x".repeat(128).into(),
    })
}

fn framed(seq: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    record(seq).encode(&mut bytes);
    bytes
}

fn request() -> Vec<u8> {
    let device = DeviceId::from_random(7);
    let client_id = ClientIdText { device: &device, n: 12 };
    let to = SendTo::Chat(ChatKey::Person(UserId(2)));
    frame::frame_of(&Outgoing::SendMessage {
        id: 12,
        to,
        client_id: &client_id,
        reply_to: None,
        attachment: None,
        message: &"x".repeat(128),
    })
}

#[divan::bench]
fn frame_decode(bencher: Bencher) {
    let bytes = request();
    bencher.counter(ItemsCount::new(1_u32)).bench(|| frame::decode(divan::black_box(&bytes), 1 << 16));
}

#[divan::bench]
fn request_encode(bencher: Bencher) {
    bencher.counter(ItemsCount::new(1_u32)).bench(request);
}

#[divan::bench]
fn request_parse(bencher: Bencher) {
    let bytes = request();
    bencher.counter(ItemsCount::new(1_u32)).bench(|| Request::parse(divan::black_box(json_of_frame(&bytes))));
}

#[divan::bench]
fn record_encode(bencher: Bencher) {
    let record = record(1);
    let mut buffer = Vec::new();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        buffer.clear();
        record.encode(&mut buffer);
    });
}

#[divan::bench]
fn event_parse(bencher: Bencher) {
    let bytes = framed(1);
    bencher.counter(ItemsCount::new(1_u32)).bench(|| Event::parse(divan::black_box(json_of_frame(&bytes))).is_ok());
}

/// The state when it has taken in that many messages between 100 accounts: the cost must not grow.
#[divan::bench(args = [0, 1_000_000])]
fn state_apply(bencher: Bencher, stored: u64) {
    let mut state = State::default();
    for seq in 1..=stored {
        state.apply(&record(seq));
    }
    let mut next = stored;
    bencher
        .counter(ItemsCount::new(1_u32))
        .with_inputs(|| {
            next += 1;
            record(next)
        })
        .bench_local_refs(|record| state.apply(record));
}

fn batch(first: u64, count: u64) -> Vec<Bytes> {
    (first..first + count).map(|seq| Bytes::copy_from_slice(json_of_frame(&framed(seq)))).collect()
}

/// One write and one sync for a batch: what a message costs falls with the company it has.
#[divan::bench(args = [1, 10, 100, 1_000], sample_count = 50)]
fn log_append_synced(bencher: Bencher, count: u64) {
    let dir = tempfile::tempdir_in("target").expect("the build's folder is writable");
    let storage = DiskFile::open(&dir.path().join("history.json")).expect("a new file");
    let (mut log, _) = FileLog::open(Arc::new(storage), "bench", |_| {}).expect("a new log");
    let records = batch(1, count);
    bencher.counter(ItemsCount::new(count)).bench_local(|| log.append(&records).is_ok());
}

#[divan::bench(args = [1, 1_000])]
fn log_append_memory(bencher: Bencher, count: u64) {
    let mut log = MemoryLog::default();
    let records = batch(1, count);
    bencher.counter(ItemsCount::new(count)).bench_local(|| log.append(&records).is_ok());
}

/// What a start costs: the file is read, every checksum verified, the state folded.
#[divan::bench(args = [100_000], sample_count = 10)]
fn replay(bencher: Bencher, count: u64) {
    let dir = tempfile::tempdir_in("target").expect("the build's folder is writable");
    let path = dir.path().join("history.json");
    let storage = DiskFile::open(&path).expect("a new file");
    let (mut log, _) = FileLog::open(Arc::new(storage), "bench", |_| {}).expect("a new log");
    log.append(&batch(1, count)).expect("a disk with room");
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let mut state = State::default();
        let storage = DiskFile::open(&path).expect("the file just written");
        FileLog::open(Arc::new(storage), "bench", |record| _ = state.apply(record)).map(|_| state)
    });
}
