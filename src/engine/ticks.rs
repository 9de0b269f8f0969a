use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::measure::allocations;
use crate::model::UnixClock;

/// Logical time, as the one client of a drive moves it on, and what its operations asked of the allocator.
#[derive(Debug)]
pub struct Ticks {
    clock: UnixClock,
    /// How far an operation moves the clock.
    tick: Duration,
    allocations: AtomicU64,
}

impl Ticks {
    pub fn new(clock: UnixClock, tick: Duration) -> Ticks {
        Ticks { clock, tick, allocations: AtomicU64::new(0) }
    }

    /// An operation begins; answers what the thread has asked of the allocator before.
    pub(super) fn begin(&self) -> u64 {
        self.clock.advance(self.tick);
        allocations()
    }

    /// It has ended, on the thread on which it began.
    pub(super) fn end(&self, before: u64) {
        self.allocations.fetch_add(allocations() - before, Relaxed);
    }

    /// How often the operations have asked for memory so far, what their clients did for them on the same thread
    /// included; 0 where the allocator does not count.
    pub fn allocations(&self) -> u64 {
        self.allocations.load(Relaxed)
    }
}
