use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ExactCounts;
use super::comparison::{CountsByCell, Tallied, alike};

/// The version of the shape of a baseline; grows when a field changes its meaning or goes.
pub const BASELINE_FORMAT: u32 = 1;

/// What a workload came to when somebody looked at it and found it right, small enough to live in a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub format: u32,
    /// The name of the workload.
    pub name: String,
    /// The version of cachebench, without its revision.
    pub cachebench: String,
    /// How that was built: allocations of a debug build are others than those of a release.
    pub build: String,
    /// Operations of each cell.
    pub operations: u64,
    /// How far each of them moves logical time.
    pub tick: String,
    /// The exact counts of each cell, by its label.
    pub cells: CountsByCell,
    /// What was counted under concurrency, by cell and metric: one entry a seed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, BTreeMap<String, Vec<Tallied>>>,
}

impl Baseline {
    /// Over how many seeds it was counted under concurrency; 0 if it was not.
    pub fn seeds(&self) -> usize {
        self.counts.values().flat_map(BTreeMap::values).map(Vec::len).max().unwrap_or(0)
    }
}

/// A count that was not the same in two runs of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub cell: String,
    pub count: String,
}

/// The counts that were the same in every run, and which were not.
pub fn steady(runs: &[CountsByCell]) -> (CountsByCell, Vec<Moved>) {
    let (mut steady, mut moved) = (CountsByCell::new(), Vec::new());
    let Some((first, others)) = runs.split_first() else { return (steady, moved) };
    for (cell, counts) in first {
        let mut kept = ExactCounts::default();
        for (name, &count) in &counts.0 {
            let told = |run: &CountsByCell| run.get(cell).and_then(|counts| counts.get(name));
            let same = |run: &CountsByCell| told(run).is_some_and(|other| alike(name, count, other));
            if others.iter().all(same) {
                kept.0.insert(name.clone(), count);
            } else {
                moved.push(Moved { cell: cell.clone(), count: name.clone() });
            }
        }
        steady.insert(cell.clone(), kept);
    }
    (steady, moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_between_runs_of_the_same_is_not_kept() {
        let run = |gets: u64, fills: u64| -> CountsByCell {
            let counts = [("cache.get".to_owned(), gets), ("cache.set".into(), fills)];
            [("a".to_owned(), ExactCounts(counts.into()))].into()
        };
        let (kept, moved) = steady(&[run(5, 90), run(5, 90)]);
        assert_eq!((kept, moved), (run(5, 90), Vec::new()));
        let (kept, moved) = steady(&[run(5, 90), run(5, 91), run(5, 90)]);
        assert_eq!(kept["a"].0, BTreeMap::from([("cache.get".to_owned(), 5)]));
        assert_eq!(moved, [Moved { cell: "a".into(), count: "cache.set".into() }]);
    }
}
