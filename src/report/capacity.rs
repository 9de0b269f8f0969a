use super::quantity::{per_second, quantity};
use crate::measure::{Capacity, CellResult, Ended, Metric, Metrics, Purpose, Summary, Trial, Unit};

/// The highest rate of each cell: a header and a row for each, where rates were searched for; else nothing.
pub fn capacities(summary: &Summary) -> Vec<Vec<String>> {
    let searched: Vec<(&CellResult, &Capacity)> =
        summary.cells.iter().filter_map(|cell| Some((cell, cell.capacity.as_ref()?))).collect();
    let Some((_, first)) = searched.first() else { return Vec::new() };
    let mut header = vec!["cell".to_owned(), "max rate".to_owned()];
    header.extend(first.expectations.iter().map(|expectation| expectation.metric.clone()));
    header.extend(["fails at", "trials"].map(str::to_owned));
    let mut rows = vec![header];
    for (cell, capacity) in searched {
        let mut row = vec![cell.label(), max_rate(capacity)];
        row.extend(capacity.expectations.iter().map(|expectation| {
            let value = cell.median(&expectation.metric).zip(unit_of(&expectation.metric, capacity));
            value.map_or("–".into(), |(value, unit)| quantity(Metric { value, unit }))
        }));
        row.push(capacity.first_miss().map_or("–".into(), |miss| per_second(miss.rate.0)));
        row.push(capacity.trials.len().to_string());
        rows.push(row);
    }
    rows
}

/// What was expected, and why the rates are not higher: lines.
pub fn limits(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    for cell in &summary.cells {
        let Some(capacity) = &cell.capacity else { continue };
        if lines.is_empty() {
            let all: Vec<String> = capacity.expectations.iter().map(ToString::to_string).collect();
            lines
                .push(format!("max rate: the highest rate that was confirmed to hold {}", all.join(" and ")));
        }
        let why = capacity.first_miss().map(|miss| {
            let reason = miss.reasons.first().map_or("no reason", String::as_str);
            format!("at {} {reason}", per_second(miss.rate.0))
        });
        let told = [ending(capacity), why].into_iter().flatten().collect::<Vec<_>>().join("; ");
        if !told.is_empty() {
            lines.push(format!("{}: {told}", cell.label()));
        }
    }
    lines
}

/// Why there is no rate.
fn ending(capacity: &Capacity) -> Option<String> {
    let text = match capacity.ended {
        Ended::Found => return None,
        Ended::NoRate => "no rate holds it, down to a hundredth of the workload's own".to_owned(),
        Ended::NoValidTrial => {
            let reason = capacity.trials.last().and_then(|trial| trial.reasons.first());
            format!("no trial was valid: {}", reason.map_or("there was none", String::as_str))
        }
        Ended::NotTold => {
            let untold = |trial: &&Trial| trial.held.is_none();
            let reason = capacity.trials.iter().rev().find(untold).and_then(|trial| trial.reasons.first());
            reason.cloned().unwrap_or_default()
        }
        Ended::OutOfTrials => format!("no rate was confirmed in {} trials", capacity.trials.len()),
        Ended::Interrupted => "the search was interrupted".to_owned(),
    };
    Some(match capacity.highest_held() {
        Some(rate) => format!("{text}; {} held in a trial", per_second(rate.0)),
        None => text,
    })
}

fn max_rate(capacity: &Capacity) -> String {
    match (capacity.max_rate, capacity.ended) {
        (Some(rate), _) => per_second(rate.0),
        (None, Ended::NoRate) => "none".into(),
        (None, _) => "?".into(),
    }
}

fn unit_of(metric: &str, capacity: &Capacity) -> Option<Unit> {
    let mut told = capacity.trials.iter().flat_map(|trial| trial.metrics.iter());
    told.find(|(name, _)| *name == metric).map(|(_, metric)| metric.unit)
}

/// Every trial of a search, as rows of names and metrics.
pub fn trials(summary: &Summary) -> Vec<(Vec<String>, &Metrics)> {
    let mut rows = Vec::new();
    for cell in &summary.cells {
        for (number, trial) in (1..).zip(cell.capacity.iter().flat_map(|capacity| &capacity.trials)) {
            let held = trial.held.map_or("", |held| if held { "yes" } else { "no" });
            let reason = trial.reasons.first().cloned().unwrap_or_default();
            let rate = trial.rate.0.to_string();
            let purpose = match trial.purpose {
                Purpose::Search => "search",
                Purpose::Confirmation => "confirmation",
            };
            let names = vec![
                cell.label(),
                number.to_string(),
                purpose.into(),
                rate,
                trial.status.name().into(),
                held.into(),
                reason,
            ];
            rows.push((names, &trial.metrics));
        }
    }
    rows
}

/// The names of the columns before the metrics.
pub const TRIAL_COLUMNS: &[&str] = &["cell", "trial", "purpose", "rate_per_s", "status", "held", "reason"];
