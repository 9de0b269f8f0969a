use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Moment;

/// How long at least one of many was waiting.
#[derive(Debug, Default)]
pub struct Saturation(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    count: u32,
    /// Since when there is one; nothing without.
    since: Option<Moment>,
    /// Nanoseconds with one, up to `since`.
    total: u64,
}

/// One that waits, until this is dropped.
pub struct Waiting<'a>(&'a Saturation);

impl Saturation {
    pub fn wait(&self) -> Waiting<'_> {
        self.enter(Moment::now());
        Waiting(self)
    }

    fn enter(&self, now: Moment) {
        let mut waiters = self.lock();
        waiters.count += 1;
        waiters.since.get_or_insert(now);
    }

    fn leave(&self, now: Moment) {
        let mut waiters = self.lock();
        waiters.count = waiters.count.saturating_sub(1);
        if waiters.count == 0
            && let Some(since) = waiters.since.take()
        {
            waiters.total += now.since(since);
        }
    }

    /// The time with one that waits since the last call.
    pub fn take(&self) -> Duration {
        self.take_at(Moment::now())
    }

    fn take_at(&self, now: Moment) -> Duration {
        let mut waiters = self.lock();
        let mut total = std::mem::take(&mut waiters.total);
        if let Some(since) = &mut waiters.since {
            total += now.since(*since);
            *since = now;
        }
        Duration::from_nanos(total)
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.leave(Moment::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_once_however_many_wait() {
        let (saturation, start) = (Saturation::default(), Moment::now());
        let at = |ms| start + Duration::from_millis(ms);
        saturation.enter(at(0));
        saturation.enter(at(10));
        saturation.leave(at(20));
        saturation.leave(at(30));
        saturation.enter(at(100));
        assert_eq!(saturation.take_at(at(105)), Duration::from_millis(35));
        saturation.leave(at(107));
        assert_eq!(saturation.take_at(at(200)), Duration::from_millis(2));
    }

    #[test]
    fn a_wait_that_is_given_up_ends() {
        let saturation = Saturation::default();
        drop(saturation.wait());
        saturation.take();
        assert_eq!(saturation.take(), Duration::ZERO);
    }
}
