//! Live equals replayed: whatever is asked of the engine, the log that comes of it folds to the same state, and each
//! client's model agrees with it.

use bytes::Bytes;
use parlor::core::directory::Directory;
use parlor::core::engine::{Effect, Engine, Input};
use parlor::core::session::SessionId;
use parlor::core::state::State;
use parlor::proto::event::{Code, Event, Problem};
use parlor::proto::ids::{Millis, Seq, UserId, UserName};
use parlor::proto::record::{Record, json_of_frame};
use parlor::proto::request::{Call, Login, MarkRead, Peer, Request, SendMessage};
use proptest::prelude::*;

const ACCOUNTS: u32 = 3;

/// What may happen next.
#[derive(Clone, Debug)]
enum Step {
    Send {
        session: u64,
        to: u32,
        n: u64,
        text: String,
    },
    Read {
        session: u64,
        with: u32,
        seq: u64,
    },
    /// The log reports everything that was given out as durable.
    Sync,
    /// The log takes nothing of what was given out.
    Fail,
    /// The clock is set, perhaps back.
    Clock(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6_u64, 1..=ACCOUNTS, 1..12_u64, "[a-z]{1,8}").prop_map(|(session, to, n, text)| Step::Send { session, to, n, text }),
        2 => (0..6_u64, 1..=ACCOUNTS, 0..30_u64).prop_map(|(session, with, seq)| Step::Read { session, with, seq }),
        3 => Just(Step::Sync),
        1 => Just(Step::Fail),
        1 => (0..10_000_i64).prop_map(Step::Clock),
    ]
}

struct World {
    engine: Engine,
    log: Vec<Bytes>,
    /// Given out and not settled.
    out: Vec<Bytes>,
    now: Millis,
    /// What each session was told, in order.
    told: Vec<Vec<Bytes>>,
}

impl World {
    fn new() -> Self {
        let people = (1..=ACCOUNTS).map(|id| (UserId(id), UserName::new(&format!("user{id}")).unwrap()));
        let engine = Engine::new(State::default(), Directory::new(people), "log", "test");
        let mut world =
            Self { engine, log: Vec::new(), out: Vec::new(), now: Millis(5_000), told: vec![Vec::new(); 6] };
        // Two sessions of each account.
        for session in 0..6 {
            let user = UserId(u32::try_from(session / 2).unwrap() + 1);
            let login = Login { username: String::new(), password: String::new().into(), log: None, after: None };
            world.input(Input::Opened(SessionId(session)));
            world
                .engine
                .handle(Input::Request(SessionId(session), Request { id: None, call: Call::Login(login) }), world.now);
            for effect in world.engine.take_effects() {
                if let Effect::Verify(session, ticket, ..) = effect {
                    world.engine.handle(Input::Verified(session, ticket, Some(user)), world.now);
                }
            }
            world.effects();
        }
        world
    }

    fn input(&mut self, input: Input) {
        self.engine.handle(input, self.now);
        self.effects();
    }

    fn effects(&mut self) {
        for effect in self.engine.take_effects() {
            if let Effect::Send(session, frame) | Effect::Push(session, frame, _) = effect {
                self.told[usize::try_from(session.0).unwrap()].push(frame);
            }
        }
        if let Some((first, records)) = self.engine.take_batch() {
            assert_eq!(first.0, (self.log.len() + self.out.len()) as u64 + 1, "places have no gap");
            self.out.extend(records);
        }
    }

    fn settle(&mut self, durable: bool) {
        let last = Seq((self.log.len() + self.out.len()) as u64);
        let out = std::mem::take(&mut self.out);
        if durable {
            self.log.extend(out);
            self.input(Input::Durable(last));
        } else if !out.is_empty() {
            self.input(Input::AppendFailed(last, Problem::new(Code::StorageFull, "full")));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send { session, to, n, text } => {
                let client_id = format!("d{session}:{n}").parse().ok();
                let call = Call::SendMessage(SendMessage { to: Peer::Id(UserId(to)), message: text, client_id });
                self.input(Input::Request(SessionId(session), Request { id: Some(n), call }));
            }
            Step::Read { session, with, seq } => {
                let call = Call::MarkRead(MarkRead { with: Peer::Id(UserId(with)), seq: Seq(seq) });
                self.input(Input::Request(SessionId(session), Request { id: None, call }));
            }
            Step::Sync => self.settle(true),
            Step::Fail => self.settle(false),
            Step::Clock(now) => self.now = Millis(now),
        }
    }
}

proptest! {
    #[test]
    fn the_log_folds_to_the_live_state_and_nothing_is_told_that_is_not_in_it(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.settle(true);
        world.settle(true);

        let mut replayed = State::default();
        let mut at = Millis(0);
        let mut sends = std::collections::BTreeSet::new();
        for (index, json) in world.log.iter().enumerate() {
            let record = Record::parse(json).unwrap();
            prop_assert_eq!(record.seq().0, index as u64 + 1);
            prop_assert!(record.at() >= at, "times never go back");
            at = record.at();
            if let Record::Message(message) = &record {
                let id = message.client_id.clone().unwrap();
                prop_assert!(sends.insert((message.from, id.to_string())), "a send is in the log once");
            }
            replayed.apply(&record);
        }
        prop_assert_eq!(&replayed, world.engine.state());

        for (session, told) in world.told.iter().enumerate() {
            let user = UserId(u32::try_from(session / 2).unwrap() + 1);
            let mut last = Seq(0);
            for frame in told {
                let Event::Message(message) = Event::parse(json_of_frame(frame)).unwrap() else { continue };
                prop_assert_eq!(json_of_frame(frame), &world.log[usize::try_from(message.seq.0).unwrap() - 1][..]);
                prop_assert!(message.seq > last, "in order");
                prop_assert!(message.from == user || message.to == user, "nobody sees what is not theirs");
                last = message.seq;
            }
        }
        // Each account's two sessions together know of every message of theirs: one by its reply, the other by a push.
        for (index, json) in world.log.iter().enumerate() {
            let Record::Message(message) = Record::parse(json).unwrap() else { continue };
            for user in [message.from, message.to] {
                let sessions = [user.0 * 2 - 2, user.0 * 2 - 1].map(|session| &world.told[session as usize]);
                let pushed = sessions.iter().filter(|told| told.iter().any(|frame| json_of_frame(frame) == &json[..])).count();
                let own = user == message.from;
                prop_assert_eq!(pushed, if own { 1 } else { 2 }, "record {}", index + 1);
            }
        }
    }
}
