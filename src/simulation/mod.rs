//! Simulation: what a cache of a given size would have answered, by the policy that makes room in it.
//!
//! A recording is replayed in process, without a server and without waiting: exact policies bound what is possible,
//! models of Redis say what its sampling makes of them.

mod cache;
mod clock;
mod curve;
mod policies;
mod scenario;
mod shards;
mod size;

pub use clock::Pace;
pub use curve::{Basis, curve};
pub use policies::POLICIES;
pub use scenario::{Scenario, Writes};
pub use shards::Sample;
pub use size::CacheSize;

use std::fmt;

use policies::{Policy, PolicyParts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Size;
use crate::registry::{Choice, OptionsError};

/// How much a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "CacheCapacity")]
pub enum Capacity {
    Entries(u64),
    Bytes(u64),
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Capacity::Entries(entries) => write!(f, "{entries}"),
            Capacity::Bytes(bytes) => write!(f, "{}", Size(*bytes)),
        }
    }
}

/// What a cache would have done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Simulated {
    /// The policy with the options that were given.
    pub policy: String,
    pub capacity: Capacity,
    /// Reads; under [`Writes::AsReads`] all requests.
    pub requests: u64,
    pub hits: u64,
    /// Bytes that reads asked for.
    pub bytes: u64,
    /// Bytes that hits found.
    pub hit_bytes: u64,
    /// Entries that made room for others.
    pub evictions: u64,
    /// Entries held at the end.
    pub entries: u64,
    /// The mean number of requests between the last use of an entry and its eviction; `None` where nothing was
    /// evicted. Under `lru` it estimates the characteristic time of Che's approximation.
    pub eviction_age: Option<f64>,
}

impl Simulated {
    /// What a cache has done that was asked for nothing yet.
    fn nothing(policy: String, capacity: Capacity) -> Simulated {
        Simulated {
            policy,
            capacity,
            requests: 0,
            hits: 0,
            bytes: 0,
            hit_bytes: 0,
            evictions: 0,
            entries: 0,
            eviction_age: None,
        }
    }

    pub fn misses(&self) -> u64 {
        self.requests - self.hits
    }

    /// Hits in requests; `None` without requests.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.hits as f64 / self.requests as f64)
    }

    /// Bytes found in bytes asked for; `None` where none were asked for.
    pub fn byte_hit_rate(&self) -> Option<f64> {
        (self.bytes > 0).then(|| self.hit_bytes as f64 / self.bytes as f64)
    }
}

/// Replays a recording through a cache that starts empty. What is drawn by chance follows from the seed.
///
/// # Errors
/// When the policy or an option is unknown, the recording has more requests than 32 bits number, the pace makes no clock,
/// or a cache of bytes is to hold objects of unknown size.
pub fn simulate(
    scenario: &Scenario,
    policy: &Choice,
    capacity: Capacity,
    seed: u64,
) -> Result<Simulated, OptionsError> {
    if scenario.recording.len() >= u64::from(u32::MAX) {
        return Err(OptionsError("a simulation takes at most 4,294,967,294 requests".into()));
    }
    if matches!(capacity, Capacity::Bytes(_)) {
        scenario.check_sizes()?;
    }
    let mut built = policy.build(POLICIES, PolicyParts { scenario: scenario.clone(), seed })?;
    if built.has_clock() || scenario.has_ttls() {
        scenario.check_pace()?;
    }
    Ok(built.run(scenario, policy.label(), capacity))
}

#[cfg(test)]
mod tests;
