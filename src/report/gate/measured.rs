use super::{CaseOutcome, GateCase, GateNumber, GateReport};
use crate::measure::comparison::Better;
use crate::measure::{Capacity, CellResult, Ended, Expected, Metric, Status, Summary, Unit};
use crate::report::expectations::measured;
use crate::report::markdown::tables;
use crate::report::quantity::{per_second, quantity};
use crate::report::results::conclusion;

/// The numbers of a cell that are worth following from change to change.
const NUMBERS: &[(&str, Better)] = &[
    ("throughput.achieved", Better::More),
    ("hit_rate", Better::More),
    ("db.queries_per_read", Better::Less),
    ("cache.commands_per_op", Better::Less),
    ("read.response.p50", Better::Less),
    ("read.response.p99", Better::Less),
    ("write.response.p50", Better::Less),
    ("write.response.p99", Better::Less),
];

impl GateReport {
    /// What a run says of its cells: whether they may be believed, what was expected of them, and their medians.
    pub fn of(summary: &Summary) -> GateReport {
        let mut cases = Vec::new();
        for cell in &summary.cells {
            cases.push(validity(cell));
            cases.extend(cell.capacity.as_ref().map(|found| capacity(cell, found)));
        }
        cases.extend(summary.expectations.iter().map(|one| expectation(one, summary)));
        let is_cut_off = summary.interrupted && !summary.is_aborted();
        GateReport {
            title: summary.name.clone(),
            passed: !is_cut_off && !cases.iter().any(|case| case.outcome == CaseOutcome::Failed),
            conclusion: conclusion(summary),
            seconds: summary.seconds,
            cases,
            numbers: summary.cells.iter().flat_map(numbers).collect(),
            markdown: tables(summary),
        }
    }
}

/// Whether the measurements of a cell may be believed.
fn validity(cell: &CellResult) -> GateCase {
    let of = cell.repeats.len();
    let valid = cell.repeats.iter().filter(|repeat| repeat.status == Status::Valid).count();
    let reason = cell.repeats.iter().flat_map(|repeat| &repeat.verdict.reasons).next();
    let only_cut_off =
        cell.status() == Status::Interrupted && !cell.repeats.iter().any(|repeat| repeat.aborted);
    let outcome = match cell.status() {
        Status::Valid => CaseOutcome::Passed,
        _ if only_cut_off => CaseOutcome::Skipped,
        _ => CaseOutcome::Failed,
    };
    let detail = format!("{valid} of {of} measurements are valid");
    GateCase {
        suite: cell.label(),
        name: "may be believed".into(),
        outcome,
        detail: reason.map_or(detail.clone(), |reason| format!("{detail}: {reason}")),
    }
}

/// Whether a rate was found that the cell holds.
fn capacity(cell: &CellResult, capacity: &Capacity) -> GateCase {
    let expected: Vec<String> = capacity.expectations.iter().map(ToString::to_string).collect();
    let (outcome, detail) = match (capacity.ended, capacity.max_rate) {
        (Ended::Found, Some(rate)) => (CaseOutcome::Passed, per_second(rate.0)),
        (Ended::Interrupted, _) => (CaseOutcome::Skipped, "the search was interrupted".into()),
        (Ended::NoRate, _) => (CaseOutcome::Failed, "no rate holds it".into()),
        _ => (CaseOutcome::Failed, "no rate was confirmed".into()),
    };
    GateCase { suite: cell.label(), name: format!("max rate of {}", expected.join(" and ")), outcome, detail }
}

/// What became of an expectation. What may not be believed, or is not whole, says nothing of it.
fn expectation(one: &Expected, summary: &Summary) -> GateCase {
    let cell = summary.cells.iter().find(|cell| cell.label() == one.cell);
    let has = |cell: &CellResult, status| cell.repeats.iter().any(|repeat| repeat.status == status);
    let is_bad = |cell: &CellResult| has(cell, Status::Invalid) || has(cell, Status::Failed);
    let demand = &one.expectation.expectation;
    let (outcome, detail) = if cell.is_some_and(is_bad) {
        (CaseOutcome::Skipped, "the measurement may not be believed".to_owned())
    } else if summary.interrupted && !summary.is_aborted() {
        (CaseOutcome::Skipped, "the run was interrupted".to_owned())
    } else {
        match (one.held, &one.remark) {
            (Some(true), Some(remark)) => (CaseOutcome::Passed, remark.clone()),
            (Some(true), None) => (CaseOutcome::Passed, format!("measured {}", measured(one))),
            (Some(false), _) => {
                (CaseOutcome::Failed, format!("measured {}, expected {}", measured(one), demand.demand()))
            }
            // Of an aborted run, what was not reached is left open: what ended it has failed.
            (None, _) if cell.is_none() && summary.is_aborted() => {
                (CaseOutcome::Skipped, "the run was aborted before this cell".to_owned())
            }
            (None, remark) => {
                (CaseOutcome::Failed, format!("not told: {}", remark.as_deref().unwrap_or("no value")))
            }
        }
    };
    GateCase { suite: one.cell.clone(), name: demand.to_string(), outcome, detail }
}

/// The medians of a cell over its valid measurements, each with its range; a capacity where one was searched for.
fn numbers(cell: &CellResult) -> Vec<GateNumber> {
    let valid: Vec<_> = cell.repeats.iter().filter(|repeat| repeat.status == Status::Valid).collect();
    let number = |&(name, better): &(&str, Better)| {
        let values: Vec<Metric> = valid.iter().filter_map(|repeat| repeat.metrics.metric(name)).collect();
        let unit = values.first()?.unit;
        let value = cell.median(name)?;
        let bound = |of: fn(f64, f64) -> f64| values.iter().map(|metric| metric.value).reduce(of);
        let written = |value| quantity(Metric { value, unit });
        let range = bound(f64::min).zip(bound(f64::max)).filter(|_| values.len() > 1);
        Some(GateNumber {
            name: format!("{} · {name}", cell.label()),
            unit: unit_name(unit).into(),
            value,
            range: range.map(|(least, most)| format!("{} to {}", written(least), written(most))),
            better,
        })
    };
    let max_rate = cell.capacity.as_ref().and_then(|capacity| capacity.max_rate);
    let found = max_rate.map(|rate| GateNumber {
        name: format!("{} · max rate", cell.label()),
        unit: unit_name(Unit::PerS).into(),
        value: rate.0,
        range: None,
        better: Better::More,
    });
    found.into_iter().chain(NUMBERS.iter().filter_map(number).filter(|_| !valid.is_empty())).collect()
}

pub(super) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Us => "us",
        Unit::S => "s",
        Unit::PerS => "per s",
        Unit::Count => "count",
        Unit::Ratio => "ratio",
        Unit::Bytes => "bytes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{RepeatResult, judge};

    fn cell(strategy: &str, p99s: &[(f64, Status)]) -> CellResult {
        let repeat = |&(p99, status): &(f64, Status)| {
            let mut repeat = RepeatResult { status, ..RepeatResult::default() };
            repeat.metrics.put("read.response.p99", p99, Unit::Us);
            repeat.metrics.put("hit_rate", 0.95, Unit::Ratio);
            if status == Status::Invalid {
                repeat.verdict.reasons.push("late".into());
            }
            repeat
        };
        CellResult {
            strategy: strategy.into(),
            repeats: p99s.iter().map(repeat).collect(),
            ..CellResult::default()
        }
    }

    fn report(cells: Vec<CellResult>, expect: &str) -> GateReport {
        let expectations = judge(&[expect.parse().unwrap()], &cells);
        GateReport::of(&Summary { name: "shop".into(), cells, expectations, ..Summary::default() })
    }

    fn outcomes(report: &GateReport) -> Vec<(&str, CaseOutcome, &str)> {
        let told = |case| {
            let GateCase { name, outcome, detail, .. }: &GateCase = case;
            (name.as_str(), *outcome, detail.as_str())
        };
        report.cases.iter().map(told).collect()
    }

    #[test]
    fn a_cell_is_a_case_and_so_is_each_expectation_of_it() {
        use CaseOutcome::{Failed, Passed};
        let cells = vec![cell("direct", &[(900.0, Status::Valid), (1_100.0, Status::Valid)])];
        let passed = report(cells.clone(), "read.response.p99 < 5ms");
        assert!(passed.passed);
        assert_eq!(
            outcomes(&passed),
            [
                ("may be believed", Passed, "2 of 2 measurements are valid"),
                ("read.response.p99 < 5ms", Passed, "measured 1.10 ms")
            ]
        );
        let p99 = passed.numbers.iter().find(|number| number.name == "direct · read.response.p99").unwrap();
        assert_eq!(
            (p99.value, p99.range.as_deref(), p99.better),
            (1_000.0, Some("900 us to 1.10 ms"), Better::Less)
        );
        let failed = report(cells.clone(), "read.response.p99 < 1ms");
        assert!(!failed.passed);
        assert_eq!(
            outcomes(&failed)[1],
            ("read.response.p99 < 1ms", Failed, "measured 1.10 ms, expected < 1ms")
        );
        let untold = report(cells, "lost_writes == 0");
        assert!(!untold.passed && outcomes(&untold)[1].2.starts_with("not told: "));
    }

    #[test]
    fn what_may_not_be_believed_fails_and_skips_what_was_expected_of_it() {
        let cells = vec![cell("direct", &[(900.0, Status::Valid), (9.0, Status::Invalid)])];
        let invalid = report(cells, "read.response.p99 < 5ms");
        assert!(!invalid.passed);
        assert_eq!(outcomes(&invalid)[0].2, "1 of 2 measurements are valid: late");
        assert_eq!(outcomes(&invalid)[1].1, CaseOutcome::Skipped);
        assert!(invalid.numbers.iter().all(|number| number.range.is_none()), "of the valid one alone");
        let none = report(vec![cell("direct", &[(9.0, Status::Invalid)])], "hit_rate > 0");
        assert!(none.numbers.is_empty());
    }
}
