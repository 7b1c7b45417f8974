//! What a thread is to do next. What is put in while the thread is busy is joined with what waits there: so however long
//! the thread takes, nobody waits for it, and what waits stays small.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
struct State<T> {
    waiting: T,
    changed: bool,
    closed: bool,
    /// The thread that takes has ended.
    over: bool,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    moved: Condvar,
}

/// The side that puts in. The other one ends when this is dropped.
#[derive(Debug)]
pub struct Mailbox<T>(Arc<Shared<T>>);

/// The side of the thread.
#[derive(Debug)]
pub struct Inbox<T>(Arc<Shared<T>>);

/// Both sides of a new mailbox.
pub fn mailbox<T: Default>() -> (Mailbox<T>, Inbox<T>) {
    let state = State { waiting: T::default(), changed: false, closed: false, over: false };
    let shared = Arc::new(Shared { state: Mutex::new(state), moved: Condvar::new() });
    (Mailbox(Arc::clone(&shared)), Inbox(shared))
}

impl<T> Shared<T> {
    /// Whoever panicked left whole values behind: each change is one assignment.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Mailbox<T> {
    /// Changes what waits for the thread.
    pub fn put(&self, change: impl FnOnce(&mut T)) {
        let mut state = self.0.lock();
        change(&mut state.waiting);
        state.changed = true;
        self.0.moved.notify_all();
    }

    /// Tells the thread to end, and gives it some time to.
    pub fn close(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.0.lock();
        state.closed = true;
        self.0.moved.notify_all();
        while !state.over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.0.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl<T: Default> Inbox<T> {
    /// Waits for something to do and takes it. Nothing when this is to end.
    pub fn take(&self) -> Option<T> {
        let mut state = self.0.lock();
        loop {
            if state.closed {
                return None;
            }
            if std::mem::take(&mut state.changed) {
                return Some(std::mem::take(&mut state.waiting));
            }
            state = self.0.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.moved.notify_all();
    }
}
