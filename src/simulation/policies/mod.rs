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

use super::cache::run;
use super::{Capacity, Scenario, Simulated};
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
/// What a policy owes is an entry that is held whenever one has to go. It holds what came in and neither left nor was
/// evicted. What it leaves to chance follows from the seed alone, so that a simulation repeats.
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

    /// Replays a recording; `label` is how the policy is shown. Made anew for each policy, so that no call in the loop
    /// is dynamic.
    fn run(&mut self, scenario: &Scenario, label: String, capacity: Capacity) -> Simulated {
        run(self, scenario, label, capacity)
    }
}

/// What a policy is built from.
pub struct PolicyParts {
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
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
