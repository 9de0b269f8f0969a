use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::model::Moment;

/// A ticket whose time has come.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub ticket: u64,
    pub intended: Moment,
}

/// Due tickets of one worker: filled by the pacer in batches, emptied by its lanes.
///
/// Nothing is dropped: a ticket that finds every lane busy waits here and keeps its intended time.
pub struct Queue {
    due: Mutex<VecDeque<Due>>,
    ready: Semaphore,
}

impl Queue {
    pub fn new() -> Queue {
        Queue { due: Mutex::new(VecDeque::new()), ready: Semaphore::new(0) }
    }

    /// Appends a batch and empties it.
    pub fn push(&self, batch: &mut Vec<Due>) {
        let count = batch.len();
        if count > 0 {
            self.lock().extend(batch.drain(..));
            self.ready.add_permits(count);
        }
    }

    /// The next due ticket; nothing once the queue is closed.
    pub async fn next(&self) -> Option<Due> {
        self.ready.acquire().await.ok()?.forget();
        self.lock().pop_front()
    }

    /// Tickets waiting.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Lets no more tickets out.
    pub fn close(&self) {
        self.ready.close();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Due>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
