use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CellSetting;
use crate::simulation::Simulated;

/// What ideal caches of the same size would have done with the requests of cells that differ in how they evict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// The compared settings in which these cells are alike.
    pub settings: Vec<CellSetting>,
    /// The cells, by their place in `cells` from 0.
    pub cells: Vec<usize>,
    /// Entries that the simulated caches hold: the median of what these cells held.
    pub entries: u64,
    /// Reads a second, by which the models' clocks go.
    pub reads_per_s: f64,
    pub simulated: Vec<Simulated>,
    /// Requests from the last use of an entry to its eviction, in the mean, by exact LRU; nothing without evictions.
    /// It estimates the characteristic time of Che's approximation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eviction_age: Option<f64>,
}

/// The clock of Redis' LRU ticks once in so many seconds (`LRU_CLOCK_RESOLUTION`).
const CLOCK_S: f64 = 1.0;
/// In fewer ticks than this from last use to eviction, what is sampled is as old as anything else.
const LEAST_TICKS: f64 = 3.0;

impl Bounds {
    /// Seconds from the last use of an entry to its eviction under LRU: how fast the cache turns over.
    pub fn turnover_s(&self) -> Option<f64> {
        Some(self.eviction_age? / self.reads_per_s)
    }

    /// Why a policy by recency cannot be told from a random one here, and at which pace it could.
    pub fn clock_guard(&self, policy: &str) -> Option<String> {
        let turnover_s = self.turnover_s().filter(|_| policy.ends_with("-lru"))?;
        (turnover_s < LEAST_TICKS * CLOCK_S).then(|| {
            let pace = self.eviction_age.unwrap_or_default() / (LEAST_TICKS * CLOCK_S);
            let random = policy.replace("-lru", "-random");
            format!(
                "{policy} cannot differ from {random} here: the cache turns over in {turnover_s:.2} s, and Redis' LRU \
                 clock ticks once a second; at {pace:.0} reads/s or fewer it could"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_that_turns_over_within_three_ticks_is_told_with_the_pace_that_would_do() {
        let bounds = |reads_per_s| Bounds {
            settings: Vec::new(),
            cells: vec![0],
            entries: 100,
            reads_per_s,
            simulated: Vec::new(),
            eviction_age: Some(1_200.0),
        };
        assert_eq!(bounds(400.0).clock_guard("allkeys-lru"), None);
        assert_eq!(bounds(4_000.0).clock_guard("allkeys-lfu"), None);
        let told = bounds(4_000.0).clock_guard("volatile-lru").unwrap();
        assert!(
            told.contains("volatile-random") && told.contains("0.30 s") && told.contains("400 reads/s"),
            "{told}"
        );
        assert_eq!(Bounds { eviction_age: None, ..bounds(4_000.0) }.clock_guard("allkeys-lru"), None);
    }
}
