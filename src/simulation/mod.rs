//! Simulation: what a cache of a given size would have answered, by the policy that makes room in it.
//!
//! A recording is replayed in process, without a server and without waiting: exact policies bound what is possible,
//! models of Redis say what its sampling makes of them.

mod clock;
mod curve;
mod policies;
mod scenario;
mod cache;
mod shards;
mod size;

pub use cache::{Counts, run};
pub use clock::Pace;
pub use curve::{Basis, curve};
pub use policies::{Access, POLICIES, Policy, PolicyParts};
pub use scenario::Writes;
pub use shards::Sample;
pub use size::{CacheSize, SizeError};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Size;
use crate::registry::{Choice, OptionsError};
use crate::traffic::traces::Recording;

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

/// What is replayed, and how.
#[derive(Clone)]
pub struct Scenario {
    pub recording: Arc<Recording>,
    pub writes: Writes,
    /// How long every entry lives; without it, as long as the recording says.
    pub ttl: Option<Duration>,
    pub pace: Pace,
    /// Whether a read that misses puts the entry in.
    pub fill_on_miss: bool,
    /// Bytes of an object whose size the recording does not have. Without it, a cache that holds bytes cannot be
    /// simulated where there are such, and one that holds entries counts them as 1 byte.
    pub size_of_unknown: Option<u32>,
}

impl Scenario {
    /// Every request a read, which fills on a miss; entries live as the recording says, and time passes as in it or,
    /// where it has no times, at 1,000 requests a second.
    pub fn of(recording: Arc<Recording>) -> Scenario {
        let pace = match recording.span() {
            Some(_) => Pace::Recorded { speed: 1.0 },
            None => Pace::PerSecond(1_000.0),
        };
        let (writes, ttl, fill_on_miss, size_of_unknown) = (Writes::AsReads, None, true, None);
        Scenario { recording, writes, ttl, pace, fill_on_miss, size_of_unknown }
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
    let mut built = policy.build(POLICIES, PolicyParts { scenario: scenario.clone(), capacity, seed })?;
    if built.has_clock() || scenario.has_ttls() {
        scenario.check_pace()?;
    }
    let counts = built.run(scenario, capacity);
    Ok(counts.of(policy.label(), capacity))
}

impl Scenario {
    /// # Errors
    /// When no time can pass by its pace: a rate or speed of nothing, or a recording without times.
    pub fn check_pace(&self) -> Result<(), OptionsError> {
        self.pace.check(&self.recording)
    }

    /// # Errors
    /// When there are objects whose size is not known, so that no cache can be simulated by bytes.
    pub fn check_sizes(&self) -> Result<(), OptionsError> {
        let (keys, unknown) = (self.recording.unique_keys(), self.recording.keys_without_size());
        if unknown == 0 || self.size_of_unknown.is_some() {
            return Ok(());
        }
        let text = format!("the trace has no sizes of {unknown} of its {keys} keys; give entries or shares");
        Err(OptionsError(text + ", or one size for all of them"))
    }

    /// Whether any entry may expire.
    fn has_ttls(&self) -> bool {
        self.ttl.is_some() || self.recording.has_ttls()
    }
}

#[cfg(test)]
mod tests;
