use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use crate::model::Moment;

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
    expired: AtomicBool,
    waker: AtomicWaker,
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

    /// Watches until dropped.
    pub async fn watch(self) {
        let pause = (self.shortest / 20).clamp(Duration::from_millis(1), Duration::from_millis(50));
        loop {
            tokio::time::sleep(pause).await;
            let now = Moment::now().to_bits();
            for slot in &self.slots {
                let deadline = slot.deadline.load(Relaxed);
                if deadline != 0 && deadline <= now {
                    slot.expired.store(true, Relaxed);
                    slot.waker.wake();
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
    /// Runs a call that began at `started`; answers nothing if its `limit` was up first.
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
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = Pin::new(&mut self.call).poll(context) {
            return Poll::Ready(Some(output));
        }
        self.slot.waker.register(context.waker());
        if self.slot.expired.load(Relaxed) { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl<F> Drop for Held<'_, F> {
    fn drop(&mut self) {
        self.slot.deadline.store(0, Relaxed);
        self.slot.expired.store(false, Relaxed);
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
        assert_eq!(leash.hold(started, limit, Box::pin(std::future::pending::<()>())).await, None);
        assert!(Moment::now() >= started + limit);
        let quick = Box::pin(tokio::time::sleep(Duration::from_millis(1)));
        assert_eq!(leash.hold(Moment::now(), limit, quick).await, Some(()));
        watch.abort();
    }
}
