//! Comparison: two versions or settings side by side, from the numbers of their runs to one verdict.
//!
//! There are three tiers. Exact counts do not depend on the machine, and any change of theirs is one. Counts under
//! concurrency differ from run to run, and are told apart over seeds. Times depend on the machine, and are told apart by
//! runs that were interleaved, beside those of base against itself, the canary.

mod conclusion;
mod counted;
mod counts;
mod exact;
mod runs;
mod stored;
mod times;
mod words;

#[cfg(test)]
mod resampled;

pub use counted::counted;
pub use counts::{CountJudged, Counted, LEAST_SEEDS, Tallied, Told, judge_counts};
pub(super) use exact::alike;
pub use exact::{CountsByCell, built_alike, compare_exact, exact_counts};
pub use runs::{Block, counts, series, untold};
pub use stored::{Incomparable, by_repeat, check_comparable, differences, keep_common, side_by_side};
pub use times::{Canary, Judged, LEAST_CANARY, MOST_METRICS, Misfit, Series, judge, pairs_needed};
pub use words::{figure, percent, range, short};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the shape of `comparison.json`; grows when a field changes its meaning or goes.
pub const COMPARISON_FORMAT: u32 = 1;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    Less,
    More,
}

impl Better {
    /// Of a metric, by its name.
    pub fn of(metric: &str) -> Better {
        let more = ["throughput.", "hit_rate", "coalescing", "fresh_at."];
        if more.iter().any(|part| metric.contains(part)) { Better::More } else { Better::Less }
    }
}

/// What became of a metric, or of a whole comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not worse by more than the limit.
    Unchanged,
    /// Better by more than the limit, and not by chance.
    Improved,
    /// Worse by more than the limit, and not by chance.
    Regressed,
    /// Neither is shown.
    #[default]
    Inconclusive,
    /// Base differs from itself, so that nothing can be said.
    TooNoisy,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Unchanged => "unchanged",
            Outcome::Improved => "improved",
            Outcome::Regressed => "regressed",
            Outcome::Inconclusive => "inconclusive",
            Outcome::TooNoisy => "too noisy",
        }
    }
}

/// One of the two that are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// What it is called.
    pub label: String,
    /// The version of cachebench that ran it, and its revision where that is known.
    pub cachebench: String,
    /// What it is made of: settings, file, servers.
    pub what: Vec<String>,
}

/// The counts of runs that do the same, operation by operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exact {
    /// Why there are none, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// How many were compared.
    pub counts: u64,
    /// Those that are not alike.
    pub changes: Vec<ExactChange>,
}

/// An exact count that is not the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExactChange {
    pub cell: String,
    /// What is counted.
    pub count: String,
    /// Nothing where a side does not tell it.
    pub base: Option<u64>,
    pub head: Option<u64>,
    /// Over so many operations.
    pub operations: u64,
    pub outcome: Outcome,
}

/// Two versions or settings side by side: all of `comparison.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The version of this shape.
    pub format: u32,
    pub base: Side,
    pub head: Side,
    /// The name of the workload.
    pub name: String,
    /// The question the workload answers: the comment at the head of its file.
    pub question: Option<String>,
    /// When the comparison started, RFC 3339 in UTC.
    pub started_at: String,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Whether runs of both sides took turns. If not, their times differ by whatever the machine did meanwhile.
    pub interleaved: bool,
    pub warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<Exact>,
    /// Counts under concurrency.
    pub counts: Vec<CountJudged>,
    pub times: Vec<Judged>,
    /// What becomes of the whole.
    pub outcome: Outcome,
    /// That in a sentence, with what it rests on.
    pub conclusion: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_throughput_and_hits_more_is_better_and_of_all_else_less() {
        for metric in
            ["throughput.achieved", "near.hit_rate", "hit_rate", "guard.coalescing", "fresh_at.10ms"]
        {
            assert_eq!(Better::of(metric), Better::More, "{metric}");
        }
        for metric in ["read.hit.response.p50", "stale_rate", "db.queries_per_read", "cache.commands_per_op"]
        {
            assert_eq!(Better::of(metric), Better::Less, "{metric}");
        }
    }
}
