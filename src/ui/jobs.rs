//! A wish for the server that a view waits for: which one it was, and what came of it. Draws nothing.

use crate::client::model::{Job, Model};
use crate::proto::event::{AccountDone, Code, GroupReply, Problem};

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

/// The same for something that was asked about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    before: u64,
    n: Option<u64>,
}

impl Asked {
    /// For what is asked now.
    pub fn start(model: &Model) -> Self {
        Self { before: model.errand.as_ref().map_or(0, |errand| errand.n), n: None }
    }

    /// What came of it; nothing while it is under way.
    pub fn outcome(&mut self, model: &Model) -> Option<Result<AccountDone, Problem>> {
        let errand = model.errand.as_ref().filter(|errand| errand.n > self.before)?;
        if *self.n.get_or_insert(errand.n) == errand.n {
            return errand.outcome.clone();
        }
        // The model knows of the last one alone.
        let words = "Something else was asked meanwhile. See whether this was done, and try again if not.";
        Some(Err(Problem::new(Code::Other, words)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::Errand;
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

    #[test]
    fn an_errand_waits_for_its_own_answer() {
        let mut model = Model::new(DeviceId::from_random(1));
        model.errand = Some(Errand { n: 4, outcome: Some(Ok(AccountDone::Done)) });
        let mut asked = Asked::start(&model);
        assert_eq!(asked.outcome(&model), None, "that was the answer to another");
        model.errand = Some(Errand { n: 6, outcome: None });
        assert_eq!(asked.outcome(&model), None);
        model.errand = Some(Errand { n: 6, outcome: Some(Ok(AccountDone::Done)) });
        assert_eq!(asked.outcome(&model), Some(Ok(AccountDone::Done)));
        model.errand = Some(Errand { n: 7, outcome: None });
        assert!(matches!(asked.outcome(&model), Some(Err(_))), "nobody waits for ever");
    }
}
