//! A wish for the server that a view waits for: which one it was, and what came of it. Draws nothing.

use crate::client::model::{Job, Model};
use crate::proto::event::GroupReply;

/// A wish that was put to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The last number that was given before it.
    before: u64,
    /// Its own number, once known.
    n: Option<u64>,
}

/// What came of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Underway,
    /// What was wished for.
    Done(GroupReply),
    /// It was refused, for people to read.
    Refused(String),
}

impl Waiting {
    /// For a wish that is put now.
    pub fn start(model: &Model) -> Self {
        Self { before: model.job.as_ref().map_or(0, |job| job.n), n: None }
    }

    /// How it stands.
    pub fn outcome(&mut self, model: &Model) -> Outcome {
        let Some(job) = self.own(model) else { return Outcome::Underway };
        match &job.outcome {
            None => Outcome::Underway,
            Some(Ok(reply)) => Outcome::Done(*reply),
            Some(Err(problem)) => Outcome::Refused(problem.message.clone()),
        }
    }

    /// The first one after those that there were: a later one is another's.
    fn own<'a>(&mut self, model: &'a Model) -> Option<&'a Job> {
        let job = model.job.as_ref().filter(|job| job.n > self.before)?;
        let n = *self.n.get_or_insert(job.n);
        (job.n == n).then_some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::event::{Code, Problem};
    use crate::proto::ids::DeviceId;

    #[test]
    fn a_wish_waits_for_its_own_answer() {
        let mut model = Model::new(DeviceId::from_random(1));
        model.job = Some(Job { n: 4, outcome: Some(Ok(GroupReply::default())) });
        let mut waiting = Waiting::start(&model);
        assert_eq!(waiting.outcome(&model), Outcome::Underway, "that was the answer to another");
        model.job = Some(Job { n: 6, outcome: None });
        assert_eq!(waiting.outcome(&model), Outcome::Underway);
        model.job = Some(Job { n: 6, outcome: Some(Err(Problem::new(Code::Busy, "later"))) });
        assert_eq!(waiting.outcome(&model), Outcome::Refused("later".into()));
        model.job = Some(Job { n: 7, outcome: Some(Ok(GroupReply::default())) });
        assert_eq!(waiting.outcome(&model), Outcome::Underway, "that is the answer to a later one");
    }
}
