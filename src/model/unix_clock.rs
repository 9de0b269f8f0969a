use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::{nanos, unix_us};

/// What tells the time that entries live by: the machine's clock, or a logical one that only the load moves on, so that
/// what expires when depends on nothing but the operations.
#[derive(Clone, Debug)]
pub struct UnixClock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// Whoever tells microseconds of Unix time.
    Told(fn() -> u64),
    Logical(Arc<AtomicU64>),
}

impl Default for UnixClock {
    fn default() -> UnixClock {
        UnixClock::told_by(unix_us)
    }
}

/// Where a logical clock starts, in microseconds of Unix time: a fixed time, long enough ago to be told from a real one.
const START_US: u64 = 1_000_000_000_000_000;

/// What a load takes by a logical clock, which stands still meanwhile.
const LOGICAL_LOAD_US: u32 = 1_000;

impl UnixClock {
    /// The one that tells microseconds of Unix time.
    pub fn told_by(now_us: fn() -> u64) -> UnixClock {
        UnixClock(Source::Told(now_us))
    }

    /// One that stands still until it is moved.
    pub fn logical() -> UnixClock {
        UnixClock(Source::Logical(Arc::new(AtomicU64::new(START_US))))
    }

    /// Microseconds of Unix time.
    pub fn now_us(&self) -> u64 {
        match &self.0 {
            Source::Told(now_us) => now_us(),
            Source::Logical(time) => time.load(Relaxed),
        }
    }

    /// Moves a logical clock on; the machine's goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Source::Logical(time) = &self.0 {
            time.fetch_add(nanos(by) / 1_000, Relaxed);
        }
    }

    /// What a load took by this clock, in microseconds, that took so long by the machine's.
    pub fn load_us(&self, took: u32) -> u32 {
        match self.0 {
            Source::Told(_) => took,
            Source::Logical(_) => LOGICAL_LOAD_US,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logical_clock_is_moved_and_the_machines_is_not() {
        let (logical, real) = (UnixClock::logical(), UnixClock::default());
        let (before, other) = (logical.now_us(), logical.clone());
        for clock in [&logical, &real] {
            clock.advance(Duration::from_millis(3));
        }
        assert_eq!(other.now_us() - before, 3_000);
        assert!(real.now_us().abs_diff(unix_us()) < 1_000_000);
        assert_eq!((logical.load_us(7), real.load_us(7)), (LOGICAL_LOAD_US, 7));
    }
}
