//! Policies: who makes room in a cache that is full, one file a policy.

mod chain;
mod fifo;
mod frequencies;
mod future;
mod lfu;
mod lru;
mod marks;
mod members;
mod opt;
mod opt_bypass;
mod perfect_lfu;
mod pool;
mod random;
mod redis_lfu;
mod redis_lru;
mod unbounded;

use super::{Capacity, Counts, Scenario, run};
use crate::registry::Entry;

/// A request, as a policy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// From 0 to the number of unique keys, exclusive.
    pub key: u32,
    /// The number of the request, from 0.
    pub index: u32,
    /// Milliseconds since the first request; 0 where nothing needs a clock.
    pub now_ms: u64,
}

/// The order in which a cache lets go of its entries.
///
/// A policy is told of every entry that comes, is used, or goes; the cache counts, keeps sizes, and lets entries expire.
pub trait Policy: Send {
    /// An entry comes in that was not there.
    fn entered(&mut self, access: Access);

    /// An entry is read, or written, that is there.
    fn used(&mut self, access: Access);

    /// An entry goes that was there, for another reason than room: it was written, deleted, or has expired.
    fn left(&mut self, key: u32);

    /// Chooses the entry that makes room for the one asked for, and forgets it; `None` where there is none.
    fn evict(&mut self, access: Access) -> Option<u32>;

    /// Whether the entry asked for is worth one that would have to make room for it.
    fn admits(&mut self, _access: Access) -> bool {
        true
    }

    /// Whether it looks at the time.
    fn has_clock(&self) -> bool {
        false
    }

    /// Replays a recording. Made anew for each policy, so that no call in the loop is dynamic.
    fn run(&mut self, scenario: &Scenario, capacity: Capacity) -> Counts {
        run(self, scenario, capacity)
    }
}

/// What a policy is built from.
#[derive(Clone)]
pub struct PolicyParts {
    pub scenario: Scenario,
    pub capacity: Capacity,
    pub seed: u64,
}

impl PolicyParts {
    /// The number of keys.
    fn keys(&self) -> usize {
        self.scenario.recording.unique_keys() as usize
    }
}

/// Every policy.
pub static POLICIES: &[Entry<dyn Policy, PolicyParts>] = &[
    unbounded::ENTRY,
    opt::ENTRY,
    opt_bypass::ENTRY,
    lru::ENTRY,
    fifo::ENTRY,
    random::ENTRY,
    lfu::ENTRY,
    perfect_lfu::ENTRY,
    redis_lru::ENTRY,
    redis_lfu::ENTRY,
];
