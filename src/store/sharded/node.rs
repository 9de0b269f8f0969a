use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::time::timeout;

use super::breaker::{Breaker, BreakerOptions};
use super::membership::Member;
use crate::measure::Tally;
use crate::model::{Failure, StoreError};
use crate::store::{Answer, Cache};

/// A node as one client is connected to it.
pub struct Node {
    pub member: Arc<Member>,
    pub cache: Arc<dyn Cache>,
    pub breaker: Option<Breaker>,
    in_flight: AtomicUsize,
    tally: Arc<Tally>,
}

/// A request in flight, until it is dropped.
struct Flight<'a>(&'a AtomicUsize);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Node {
    pub fn new(
        member: Arc<Member>,
        cache: Arc<dyn Cache>,
        breaker: Option<BreakerOptions>,
        tally: Arc<Tally>,
    ) -> Node {
        Node { member, cache, breaker: breaker.map(Breaker::new), in_flight: AtomicUsize::new(0), tally }
    }

    /// Requests that wait for its answer.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// Waits for the answer to a request of its cache, which is sent now, and notes what becomes of it.
    pub async fn answer<T>(&self, request: Answer<'_, T>) -> Result<T, StoreError> {
        let counts = &self.member.counts;
        counts.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        let _flight = Flight(&self.in_flight);
        let answer = match &self.breaker {
            None => request.await,
            Some(breaker) => self.within(breaker, request).await,
        };
        if answer.is_err() {
            counts.errors.fetch_add(1, Relaxed);
        }
        answer
    }

    async fn within<T>(&self, breaker: &Breaker, answer: Answer<'_, T>) -> Result<T, StoreError> {
        let answer = timeout(breaker.options.timeout.0, answer).await.unwrap_or_else(|_| {
            let error = StoreError::cache(Failure::Timeout, "no answer of the node in the breaker's time");
            self.tally.error(&error);
            Err(error)
        });
        // One that refuses is there.
        let is_away = answer
            .as_ref()
            .is_err_and(|error| matches!(error.failure, Failure::Timeout | Failure::Unavailable));
        if is_away {
            if breaker.failed() {
                self.member.counts.opened.fetch_add(1, Relaxed);
            }
        } else if breaker.succeeded() {
            self.member.counts.has_closed();
        }
        answer
    }
}
