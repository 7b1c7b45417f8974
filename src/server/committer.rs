//! The log's own thread: takes whatever has queued up since its last sync as one batch, writes it with one call, syncs
//! once, and reports how far the log is durable.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::config::BATCH_MAX_BYTES;
use crate::core::engine::Input;
use crate::log::{AppendError, Log};
use crate::proto::event::{Code, Problem};
use crate::proto::ids::Seq;

/// Records to append: the place of the first, and the JSON of all.
type Submission = (Seq, Vec<Bytes>);

/// A handle on the thread. Dropping it ends the thread after what was submitted.
#[derive(Debug)]
pub struct Committer {
    submit: Option<Sender<Submission>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread. It reports to `done`: [`Input::Durable`] and [`Input::AppendFailed`].
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(log: Box<dyn Log>, done: mpsc::Sender<Input>) -> std::io::Result<Self> {
        let (submit, submitted) = channel();
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || run(log, &submitted, &done))?;
        Ok(Self { submit: Some(submit), thread: Some(thread) })
    }

    /// Queues records. The engine bounds what waits.
    pub fn submit(&self, first: Seq, records: Vec<Bytes>) {
        if let Some(submit) = &self.submit {
            // The thread ends before its handle only when the driver does.
            let _ = submit.send((first, records));
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.submit = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut log: Box<dyn Log>, submitted: &Receiver<Submission>, done: &mpsc::Sender<Input>) {
    let mut healthy = true;
    // The log takes nothing more, and what comes too early to have heard of it is told the same.
    let mut stopped = false;
    while let Ok((first, mut records)) = submitted.recv() {
        let mut bytes: usize = records.iter().map(Bytes::len).sum();
        while bytes < BATCH_MAX_BYTES
            && let Ok((_, more)) = submitted.try_recv()
        {
            bytes += more.iter().map(Bytes::len).sum::<usize>();
            records.extend(more);
        }
        let last = Seq(first.0 + records.len() as u64 - 1);
        // After a failure the engine numbers anew; until then what comes would leave a hole.
        let result = if first == log.last().next() {
            log.append(&records)
        } else {
            let why = std::io::Error::other("the records before these were not stored");
            Err(if stopped { AppendError::Failed(why) } else { AppendError::Full(why) })
        };
        stopped |= matches!(result, Err(AppendError::Failed(_)));
        let report = match result {
            Ok(()) => {
                if !std::mem::replace(&mut healthy, true) {
                    tracing::info!("history.json can be written again");
                }
                Input::Durable(last)
            }
            Err(error) => {
                // One line for a failure, however many messages meet it.
                if std::mem::replace(&mut healthy, false) {
                    tracing::error!("history.json: {error}");
                }
                Input::AppendFailed(last, problem(&error))
            }
        };
        if done.blocking_send(report).is_err() {
            return;
        }
    }
}

fn problem(error: &AppendError) -> Problem {
    match error {
        AppendError::Full(_) => Problem::new(
            Code::StorageFull,
            "The server's disk is full, so the message was not stored. Tell whoever runs the server, and try again.",
        ),
        AppendError::Failed(_) => Problem::new(
            Code::StorageFailed,
            "The server's disk failed, and nothing can be stored until the server is restarted. Tell whoever runs it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::log::LogReader;
    use crate::log::memory::MemoryLog;

    /// A disk that says when a write has begun, and ends it when told to.
    struct SlowLog {
        log: MemoryLog,
        begun: Sender<usize>,
        end: Receiver<Result<(), AppendError>>,
    }

    impl Log for SlowLog {
        fn id(&self) -> &str {
            self.log.id()
        }
        fn last(&self) -> Seq {
            self.log.last()
        }
        fn append(&mut self, records: &[Bytes]) -> Result<(), AppendError> {
            let gone = || Err(AppendError::Failed(std::io::Error::other("the test is over")));
            if self.begun.send(records.len()).is_err() {
                return gone();
            }
            self.end.recv().unwrap_or_else(|_| gone())?;
            self.log.append(records)
        }
        fn reader(&self) -> Arc<dyn LogReader> {
            self.log.reader()
        }
    }

    #[test]
    fn nothing_is_durable_before_the_disk_says_so_and_what_queues_up_is_one_batch() {
        let ((begun, has_begun), (end, ended)) = (channel(), channel());
        let (done, reports) = mpsc::channel(8);
        let log = SlowLog { log: MemoryLog::default(), begun, end: ended };
        let committer = Committer::start(Box::new(log), done).unwrap();
        // Dropped before the committer, which waits for the log: a test that fails must also end.
        let (end, has_begun, mut reports) = (end, has_begun, reports);
        committer.submit(Seq(1), vec![Bytes::from_static(b"1")]);
        assert_eq!(has_begun.recv().unwrap(), 1);
        assert!(reports.try_recv().is_err(), "the disk is still writing");
        for seq in 2..=9 {
            committer.submit(Seq(seq), vec![Bytes::from_static(b"x")]);
        }
        end.send(Ok(())).unwrap();
        assert!(matches!(reports.blocking_recv(), Some(Input::Durable(Seq(1)))));
        assert_eq!(has_begun.recv().unwrap(), 8, "what came during the sync is the next batch");
        assert!(reports.try_recv().is_err());
        end.send(Err(AppendError::Full(std::io::ErrorKind::StorageFull.into()))).unwrap();
        assert!(matches!(reports.blocking_recv(), Some(Input::AppendFailed(Seq(9), _))));
        committer.submit(Seq(10), vec![Bytes::from_static(b"x")]);
        assert!(matches!(reports.blocking_recv(), Some(Input::AppendFailed(Seq(10), _))), "it would leave a hole");
        committer.submit(Seq(2), vec![Bytes::from_static(b"x")]);
        has_begun.recv().unwrap();
        end.send(Ok(())).unwrap();
        assert!(matches!(reports.blocking_recv(), Some(Input::Durable(Seq(2)))));
        // After a failure, what has not heard of it yet is not told that the disk is full.
        committer.submit(Seq(3), vec![Bytes::from_static(b"x")]);
        has_begun.recv().unwrap();
        end.send(Err(AppendError::Failed(std::io::Error::other("broken")))).unwrap();
        committer.submit(Seq(4), vec![Bytes::from_static(b"x")]);
        for seq in [3, 4] {
            let Some(Input::AppendFailed(last, problem)) = reports.blocking_recv() else { panic!("it failed") };
            assert_eq!((last, problem.code), (Seq(seq), Code::StorageFailed));
        }
    }
}
