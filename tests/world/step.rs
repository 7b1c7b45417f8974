//! What can happen, and how often.

use proptest::prelude::*;

use super::DEVICES;

/// What may happen next. Small numbers choose among what there is.
#[derive(Clone, Debug)]
pub enum Step {
    Send(usize, u8, bool),
    SendToMany(usize, u8),
    Create(usize, u8, bool),
    Edit(usize, u8, u8, u8),
    /// An own message is changed, taken back, or answered.
    Revise(usize, u8, u8, u8),
    Read(usize, u8, u8),
    Delivered(usize),
    Load(usize, u8),
    Receipts(usize, bool),
    Mute(usize, u8, bool),
    Come(usize),
    Go(usize),
    /// The device stops taking what it is sent, until it is drained.
    Choke(usize),
    /// The oldest page that is being read is there.
    Fetched,
    Drained(usize),
    /// The log reports everything that was given out as durable.
    Sync,
    /// The log takes nothing of what was given out.
    Fail,
    /// The server is killed and started again.
    Restart,
    /// An account gets another name, goes, or comes.
    Account(u8),
    Clock(i64),
}

pub fn step() -> impl Strategy<Value = Step> {
    let device = 0..DEVICES;
    prop_oneof![
        8 => (device.clone(), any::<u8>(), any::<bool>()).prop_map(|(d, chat, call)| Step::Send(d, chat, call)),
        1 => (device.clone(), 1..16_u8).prop_map(|(d, mask)| Step::SendToMany(d, mask)),
        2 => (device.clone(), any::<u8>(), any::<bool>()).prop_map(|(d, mask, all)| Step::Create(d, mask, all)),
        5 => (device.clone(), any::<u8>(), 0..6_u8, any::<u8>()).prop_map(|(d, g, op, who)| Step::Edit(d, g, op, who)),
        4 => (device.clone(), any::<u8>(), any::<u8>(), 0..4_u8).prop_map(|(d, c, back, op)| Step::Revise(d, c, back, op)),
        4 => (device.clone(), any::<u8>(), 0..3_u8).prop_map(|(d, chat, back)| Step::Read(d, chat, back)),
        3 => device.clone().prop_map(Step::Delivered),
        4 => (device.clone(), any::<u8>()).prop_map(|(d, chat)| Step::Load(d, chat)),
        1 => (device.clone(), any::<bool>()).prop_map(|(d, on)| Step::Receipts(d, on)),
        1 => (device.clone(), any::<u8>(), any::<bool>()).prop_map(|(d, chat, muted)| Step::Mute(d, chat, muted)),
        3 => device.clone().prop_map(Step::Come),
        2 => device.clone().prop_map(Step::Go),
        2 => device.clone().prop_map(Step::Choke),
        2 => Just(Step::Fetched),
        2 => device.prop_map(Step::Drained),
        8 => Just(Step::Sync),
        1 => Just(Step::Fail),
        1 => Just(Step::Restart),
        1 => any::<u8>().prop_map(Step::Account),
        1 => (0..10_000_i64).prop_map(Step::Clock),
    ]
}
