use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CellSetting;
use crate::simulation::Simulated;

/// What ideal caches of the same size would have done with the requests of cells that differ in how they evict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// The compared settings in which these cells are alike.
    pub settings: Vec<CellSetting>,
    /// The cells, by their place in `cells` from 0.
    pub cells: Vec<usize>,
    /// Entries that the simulated caches hold: the median of what these cells held.
    pub entries: u64,
    /// Requests a second, by which the models' clocks go.
    pub requests_per_s: f64,
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
        Some(self.eviction_age? / self.requests_per_s)
    }
}

/// Why a policy by recency cannot be told from a random one where entries are evicted `age_s` after their last use, and
/// at which pace it could.
pub fn clock_guard(policy: &str, age_s: f64, requests_per_s: f64) -> Option<String> {
    (policy.ends_with("-lru") && age_s < LEAST_TICKS * CLOCK_S).then(|| {
        let pace = requests_per_s * age_s / (LEAST_TICKS * CLOCK_S);
        let random = policy.replace("-lru", "-random");
        format!(
            "{policy} cannot differ from {random} here: the cache turns over in {age_s:.2} s, and Redis' LRU clock ticks \
             once a second; at {pace:.0} requests/s or fewer it could"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_that_turns_over_within_three_ticks_is_told_with_the_pace_that_would_do() {
        assert_eq!(clock_guard("allkeys-lru", 3.0, 400.0), None);
        assert_eq!(clock_guard("allkeys-lfu", 0.3, 4_000.0), None);
        let told = clock_guard("volatile-lru", 0.3, 4_000.0).unwrap();
        assert!(
            told.contains("volatile-random") && told.contains("0.30 s") && told.contains("400 requests/s"),
            "{told}"
        );
    }

    #[test]
    fn the_turnover_is_in_seconds() {
        let bounds = Bounds { eviction_age: Some(1_200.0), requests_per_s: 400.0, ..Bounds::default() };
        assert_eq!(bounds.turnover_s(), Some(3.0));
        assert_eq!(Bounds { eviction_age: None, ..bounds }.turnover_s(), None);
    }
}
