use super::measured::unit_name;
use super::{CaseOutcome, GateCase, GateNumber, GateReport};
use crate::measure::comparison::{Comparison, Outcome};
use crate::report::comparison::markdown_tables;

impl GateReport {
    /// What a comparison says: a case for each tier of a cell or each metric, and what head measured.
    ///
    /// `passed` is what the command that asks makes of the verdict; what fails has a case that failed.
    pub fn of_comparison(comparison: &Comparison, passed: bool) -> GateReport {
        let numbers = comparison.times.iter().map(|time| GateNumber {
            name: format!("{} · {}", time.cell, time.metric),
            unit: unit_name(time.unit).into(),
            value: time.head,
            range: None,
            better: time.better,
        });
        let mut cases: Vec<GateCase> = exact(comparison).into_iter().chain(measured(comparison)).collect();
        if !passed && !cases.iter().any(|case| case.outcome == CaseOutcome::Failed) {
            cases.push(GateCase {
                suite: "verdict".into(),
                name: comparison.outcome.name().into(),
                outcome: CaseOutcome::Failed,
                detail: comparison.conclusion.clone(),
            });
        }
        GateReport {
            title: comparison.name.clone(),
            passed,
            conclusion: comparison.conclusion.clone(),
            seconds: comparison.seconds,
            cases,
            numbers: numbers.collect(),
            markdown: markdown_tables(comparison),
        }
    }
}

/// A case for each exact count that has changed, and one for all that have not.
fn exact(comparison: &Comparison) -> Vec<GateCase> {
    let Some(exact) = &comparison.exact else { return Vec::new() };
    let told = |count: Option<u64>| count.map_or("nothing".into(), |count| count.to_string());
    let mut cases: Vec<GateCase> = exact
        .changes
        .iter()
        .map(|change| GateCase {
            suite: change.cell.clone(),
            name: format!("exact {}", change.count),
            outcome: outcome(change.outcome),
            detail: format!(
                "{} instead of {} per {} operations",
                told(change.head),
                told(change.base),
                change.operations
            ),
        })
        .collect();
    let alike = exact.counts.saturating_sub(exact.changes.len() as u64);
    let left_out = exact.left_out.as_ref();
    cases.push(GateCase {
        suite: "exact counts".into(),
        name: "the other counts".into(),
        outcome: if left_out.is_some() { CaseOutcome::Skipped } else { CaseOutcome::Passed },
        detail: left_out.map_or_else(|| format!("{alike} alike"), |reason| format!("left out: {reason}")),
    });
    cases
}

/// A case for each count under concurrency and for each time.
fn measured(comparison: &Comparison) -> Vec<GateCase> {
    let counts =
        comparison.counts.iter().map(|count| (&count.cell, &count.metric, count.outcome, &count.reason));
    let times = comparison.times.iter().map(|time| (&time.cell, &time.metric, time.outcome, &time.reason));
    let case = |(cell, metric, found, reason): (&String, &String, Outcome, &String)| GateCase {
        suite: cell.clone(),
        name: metric.clone(),
        outcome: outcome(found),
        detail: format!("{}: {reason}", found.name()),
    };
    counts.chain(times).map(case).collect()
}

/// What is neither better nor worse for sure is no reason to hold a change up.
fn outcome(outcome: Outcome) -> CaseOutcome {
    match outcome {
        Outcome::Regressed => CaseOutcome::Failed,
        Outcome::Unchanged | Outcome::Improved => CaseOutcome::Passed,
        Outcome::Inconclusive | Outcome::TooNoisy => CaseOutcome::Skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::comparison::{Exact, ExactChange};

    #[test]
    fn what_regressed_has_failed_and_what_is_open_is_skipped() {
        let change = ExactChange {
            cell: "a".into(),
            count: "cache.get".into(),
            base: Some(90),
            head: Some(180),
            operations: 100,
            outcome: Outcome::Regressed,
        };
        let exact = Exact { left_out: None, counts: 9, changes: vec![change] };
        let mut comparison = Comparison { name: "w".into(), exact: Some(exact), ..Comparison::default() };
        comparison.conclude();
        let report = GateReport::of_comparison(&comparison, false);
        assert!(!report.passed);
        let told: Vec<_> = report.cases.iter().map(|case| (case.name.as_str(), case.outcome)).collect();
        let expected = [("exact cache.get", CaseOutcome::Failed), ("the other counts", CaseOutcome::Passed)];
        assert_eq!(told, expected);
        let improved = Comparison { outcome: Outcome::Improved, ..Comparison::default() };
        let failed = |passed| GateReport::of_comparison(&improved, passed).count(CaseOutcome::Failed);
        assert_eq!([true, false].map(failed), [0, 1]);
        assert_eq!(report.cases[0].detail, "180 instead of 90 per 100 operations");
        assert_eq!(outcome(Outcome::TooNoisy), CaseOutcome::Skipped);
    }
}
