use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the bytes were found in which the cache holds a share of the rows: on a live server, by trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sizing {
    /// Entries that the cache was to hold.
    pub wanted: u64,
    /// The limit that was found, in bytes.
    pub maxmemory: u64,
    /// Entries held under it: the mean over the last third of the churn.
    pub entries: f64,
    /// Bytes that the empty server used, all clients connected.
    pub empty: u64,
    /// Every limit that was tried, in order.
    pub steps: Vec<SizingStep>,
    /// What it took.
    pub seconds: f64,
}

/// One limit, and what it held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizingStep {
    /// In bytes.
    pub maxmemory: u64,
    /// Entries held once three times as many as wanted had been put in.
    pub entries: f64,
}

/// A limit below so many times what the empty server uses is mostly about buffers.
const LEAST_FACTOR: f64 = 3.0;

impl Sizing {
    /// How far from what was wanted is near enough, in entries.
    pub fn tolerance(wanted: u64) -> f64 {
        (wanted as f64 * 0.01).max(0.5)
    }

    /// Why the number found may not be what was wanted.
    pub fn note(&self) -> Option<String> {
        let is_near = (self.entries - self.wanted as f64).abs() <= Sizing::tolerance(self.wanted);
        (!is_near).then(|| {
            format!(
                "the cache was to hold {} entries, and of {} limits tried the nearest, {} bytes, held {:.0}",
                self.wanted,
                self.steps.len(),
                self.maxmemory,
                self.entries,
            )
        })
    }
}

/// What to know of a limit that is hardly above what the server uses while it is empty, both in bytes.
pub fn note_of_small_limit(maxmemory: u64, empty: u64) -> Option<String> {
    let is_small = maxmemory > 0 && empty > 0 && (maxmemory as f64) < LEAST_FACTOR * empty as f64;
    is_small.then(|| {
        format!(
            "maxmemory is {maxmemory} bytes, less than {LEAST_FACTOR} times the {empty} bytes of the empty server: what it \
             holds depends on buffers of connections as much as on entries; take more or larger rows"
        )
    })
}

/// What to know of a policy that evicts entries with a TTL alone, where `any_expires` says whether there are some.
pub fn note_of_idle_policy(policy: &str, any_expires: bool) -> Option<String> {
    (policy.starts_with("volatile-") && !any_expires).then(|| {
        format!("{policy} evicts nothing here: no entry has a TTL; writes fail once the memory is full")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_for_entries_that_expire_is_noted_where_none_does() {
        assert!(note_of_idle_policy("volatile-lru", false).unwrap().contains("volatile-lru evicts nothing"));
        for (policy, any_expires) in [("volatile-lru", true), ("allkeys-lru", false), ("", false)] {
            assert_eq!(note_of_idle_policy(policy, any_expires), None, "{policy}");
        }
    }

    #[test]
    fn what_is_off_by_more_than_a_percent_or_mostly_buffers_is_noted() {
        let found = |entries| Sizing { wanted: 1_000, maxmemory: 5_000_000, entries, ..Sizing::default() };
        assert_eq!((found(990.0).note(), found(1_010.0).note()), (None, None));
        assert!(found(1_011.0).note().unwrap().contains("to hold 1000 entries"));
        assert_eq!(
            (note_of_small_limit(3_000_000, 1_000_000), note_of_small_limit(0, 1_000_000)),
            (None, None)
        );
        assert!(note_of_small_limit(2_999_999, 1_000_000).unwrap().contains("buffers"));
    }
}
