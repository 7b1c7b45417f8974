//! Live equals replayed equals known: whatever people do and the server suffers, the log folds to the state that the
//! engine has, and in the end every client's model says the same, field by field, as far as its account may see it.
//!
//! `PROPTEST_CASES=8000 cargo test --test replay` looks further than the 256 cases of a normal run.

mod support;
mod world;

use parlor::core::directory::Directory;
use parlor::core::state::{Applied, State};
use parlor::proto::record::Record;
use proptest::prelude::*;
use support::agree::{agrees, goes_back};
use world::{World, replayed, step};

proptest! {
    #[test]
    fn the_log_folds_to_the_live_state_and_every_client_knows_it(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.rest();

        prop_assert_eq!(&replayed(&world.log), world.engine.state());
        let mut sends = std::collections::BTreeSet::new();
        for (index, json) in world.log.iter().enumerate() {
            let record = Record::parse(json).unwrap();
            prop_assert_eq!(record.seq().0, index as u64 + 1);
        }
        // What was acknowledged is in the log once; what lost a race may stand in it and says nothing.
        let (mut state, mut times) = (State::default(), std::collections::BTreeMap::new());
        for json in &world.log {
            let record = Record::parse(json).unwrap();
            let applied = state.apply(&record);
            if applied == Applied::Done {
                prop_assert!(!goes_back(&mut times, &record), "times never go back within a chat");
            }
            if let Some((user, id)) = record.send() && applied == Applied::Done {
                prop_assert!(sends.insert((user, id.to_string())), "a send counts once");
            }
        }
        let directory = Directory::new(world.directory.clone());
        for (at, device) in world.devices.iter().enumerate().filter(|(_, device)| device.session.is_some()) {
            if let Err(why) = agrees(&device.model, world.engine.state(), &directory, &world.log) {
                prop_assert!(false, "device {} of {:?}: {}", at, device.user, why);
            }
        }
    }
}
