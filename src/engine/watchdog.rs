use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use crate::model::{Failure, Moment};

/// Ends calls that overrun their time, without a timer for each: one task looks at all of them now and then.
///
/// A call is ended when its time is up or up to a twentieth of the shortest time later, and not before.
pub struct Watchdog {
    shortest: Duration,
    slots: Vec<Arc<Slot>>,
}

/// The call that one lane has in flight.
#[derive(Default)]
pub struct Slot {
    /// When the call must be over, as [`Moment::to_bits`]; 0 while there is none.
    deadline: AtomicU64,
    /// Why the call is to end now: the place of the failure among all, from 1; 0 while it may go on.
    ended: AtomicU8,
    waker: AtomicWaker,
}

impl Slot {
    /// Ends the call in flight, if there is one; on the worker's own thread only.
    pub fn end(&self, failure: Failure) {
        if self.deadline.load(Relaxed) != 0 {
            self.ended.store(failure as u8 + 1, Relaxed);
            self.waker.wake();
        }
    }

    /// Why the call is to end now.
    fn ended(&self) -> Option<Failure> {
        let place = self.ended.load(Relaxed).checked_sub(1)?;
        Some(Failure::ALL[usize::from(place)])
    }
}

impl Watchdog {
    /// A watchdog for `lanes` lanes, over calls of which the shortest limit is `shortest`.
    pub fn new(shortest: Duration, lanes: usize) -> Watchdog {
        let slots = (0..lanes).map(|_| Arc::new(Slot::default())).collect();
        Watchdog { shortest, slots }
    }

    /// The leash of a lane.
    pub fn leash(&self, lane: usize) -> Leash {
        Leash { slot: self.slots[lane].clone() }
    }

    /// The call of a lane.
    pub fn slot(&self, lane: usize) -> Arc<Slot> {
        self.slots[lane].clone()
    }

    /// Watches until dropped.
    pub async fn watch(self) {
        let pause = (self.shortest / 20).clamp(Duration::from_millis(1), Duration::from_millis(50));
        loop {
            tokio::time::sleep(pause).await;
            let now = Moment::now().to_bits();
            for slot in &self.slots {
                let deadline = slot.deadline.load(Relaxed);
                if deadline <= now {
                    slot.end(Failure::Timeout);
                }
            }
        }
    }
}

/// Holds one lane's calls to their limits.
pub struct Leash {
    slot: Arc<Slot>,
}

impl Leash {
    /// Runs a call that began at `started`; fails if its `limit` was up first, or if its instance crashed.
    pub fn hold<F: Future + Unpin>(&self, started: Moment, limit: Duration, call: F) -> Held<'_, F> {
        self.slot.deadline.store((started + limit).to_bits(), Relaxed);
        Held { slot: &self.slot, call }
    }
}

/// A call on the leash.
pub struct Held<'a, F> {
    slot: &'a Slot,
    call: F,
}

impl<F: Future + Unpin> Future for Held<'_, F> {
    type Output = Result<F::Output, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A call of an instance that has crashed gets no further; one whose time is up may still answer.
        if let Some(Failure::Unavailable) = self.slot.ended() {
            return Poll::Ready(Err(Failure::Unavailable));
        }
        if let Poll::Ready(output) = Pin::new(&mut self.call).poll(context) {
            return Poll::Ready(Ok(output));
        }
        self.slot.waker.register(context.waker());
        self.slot.ended().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)))
    }
}

impl<F> Drop for Held<'_, F> {
    fn drop(&mut self) {
        self.slot.deadline.store(0, Relaxed);
        self.slot.ended.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_overruns_is_ended_and_the_next_is_not() {
        let limit = Duration::from_millis(40);
        let watchdog = Watchdog::new(limit, 1);
        let leash = watchdog.leash(0);
        let watch = tokio::spawn(watchdog.watch());
        let started = Moment::now();
        assert_eq!(
            leash.hold(started, limit, Box::pin(std::future::pending::<()>())).await,
            Err(Failure::Timeout)
        );
        assert!(Moment::now() >= started + limit);
        let quick = Box::pin(tokio::time::sleep(Duration::from_millis(1)));
        assert_eq!(leash.hold(Moment::now(), limit, quick).await, Ok(()));
        watch.abort();
    }

    #[tokio::test]
    async fn a_call_that_is_ended_says_why_and_the_next_one_knows_nothing_of_it() {
        let watchdog = Watchdog::new(Duration::from_secs(1), 1);
        let (leash, slot) = (watchdog.leash(0), watchdog.slot(0));
        for failure in Failure::ALL {
            slot.end(Failure::Unavailable);
            let crash = async {
                tokio::task::yield_now().await;
                slot.end(failure);
            };
            let call =
                leash.hold(Moment::now(), Duration::from_secs(1), Box::pin(std::future::pending::<()>()));
            assert_eq!(tokio::join!(call, crash).0, Err(failure));
        }
    }
}
