//! Gate: what a command that lets a change pass or not found, in the formats that CI systems read.

mod annotations;
mod benchmark;
mod compared;
mod junit;
mod markdown;
mod measured;

pub use annotations::annotations;
pub use benchmark::benchmark;
pub use junit::junit;
pub use markdown::markdown;

use crate::measure::comparison::Better;

/// What a gate found, as CI systems are told it.
#[derive(Clone, Debug, PartialEq)]
pub struct GateReport {
    /// What was looked at.
    pub title: String,
    pub passed: bool,
    /// What came of it, in one line.
    pub conclusion: String,
    /// How long it took.
    pub seconds: f64,
    pub cases: Vec<GateCase>,
    pub numbers: Vec<GateNumber>,
    /// Tables for people, in Markdown.
    pub markdown: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct GateCase {
    /// The cell or the tier that it is part of.
    pub suite: String,
    /// What was held against it: `hit_rate > 0.9`.
    pub name: String,
    pub outcome: CaseOutcome,
    /// What was found, in one line.
    pub detail: String,
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    Passed,
    Failed,
    /// Nothing can be said of it.
    Skipped,
}

/// A number to follow over time.
#[derive(Clone, Debug, PartialEq)]
pub struct GateNumber {
    /// The cell and the metric: `cache-aside · read.response.p99`.
    pub name: String,
    pub unit: String,
    pub value: f64,
    /// Between which values it lay, in words.
    pub range: Option<String>,
    pub better: Better,
}

impl GateReport {
    /// The cases with an outcome, in their order.
    pub fn with(&self, outcome: CaseOutcome) -> impl Iterator<Item = &GateCase> {
        self.cases.iter().filter(move |case| case.outcome == outcome)
    }

    /// How many cases have an outcome.
    pub fn count(&self, outcome: CaseOutcome) -> usize {
        self.with(outcome).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cells, one of them with a label that means something to every format.
    pub(super) fn report() -> GateReport {
        let case = |suite: &str, name: &str, outcome, detail: &str| GateCase {
            suite: suite.into(),
            name: name.into(),
            outcome,
            detail: detail.into(),
        };
        let number = |name: &str, unit: &str, value, range: Option<&str>, better| GateNumber {
            name: name.into(),
            unit: unit.into(),
            value,
            range: range.map(Into::into),
            better,
        };
        GateReport {
            title: "shop".into(),
            passed: false,
            conclusion: "1 of 2 expectations FAILED".into(),
            seconds: 12.34,
            cases: vec![
                case("cache-aside", "hit_rate > 0.9", CaseOutcome::Passed, "measured 95.0 %"),
                case(HOSTILE, "hit_rate > 0.9", CaseOutcome::Failed, "measured 85.0 %,\nexpected > 0.9"),
                case("direct", "read.response.p99 < 5ms", CaseOutcome::Skipped, "not measured"),
            ],
            numbers: vec![
                number("cache-aside · read.response.p99", "us", 912.5, Some("900 to 950"), Better::Less),
                number("cache-aside · hit_rate", "ratio", 0.95, None, Better::More),
            ],
            markdown: "| cell | p99 |\n|---|---:|\n| cache-aside | 912 us |\n".into(),
        }
    }

    pub(super) const HOSTILE: &str = "</details> \"a\" & 'b' | ::error::x, 100% `c` @all\u{1b}[31m";

    #[test]
    fn cases_are_told_apart_by_their_outcome() {
        let report = report();
        assert_eq!([CaseOutcome::Passed, CaseOutcome::Failed].map(|it| report.count(it)), [1, 1]);
        assert_eq!(report.with(CaseOutcome::Skipped).next().unwrap().suite, "direct");
    }
}
